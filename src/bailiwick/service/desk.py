"""What an answer is made from: policies, sessions, store, file view and clock, and how a session is opened."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from typing import Any

import orjson

from bailiwick.administration.entitlement import NotEntitledError, profile_for, roles_of
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.decision.subjects import recorded_subjects
from bailiwick.information.approvals import Approvals
from bailiwick.information.attribution import MAX_NAME
from bailiwick.information.sessions import TOLD, SessionFlags, SessionState, to_json
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.request import FileView, Principal, Request
from bailiwick.model.value import value
from bailiwick.policy.session import session_layer, with_layer
from bailiwick.policy.types import Payloads, Policy
from bailiwick.service.account import principal_of, shell_of
from bailiwick.service.calls import QUESTION, Calls
from bailiwick.service.custody import Custodian
from bailiwick.service.files import OsFiles
from bailiwick.service.gap import Gap
from bailiwick.service.ledger import StateRows
from bailiwick.service.log_reader import LogReader
from bailiwick.service.nearby import Mounts, Nearby
from bailiwick.service.policies import Policies
from bailiwick.service.registry import Registry, new_key
from bailiwick.service.skills.conversations import (
    attributed_by_client,
    from_transcript,
    joined,
    of_state,
    recalled,
    row_named,
    together,
)
from bailiwick.service.skills.copies import Copies
from bailiwick.service.skills.lock_file import LockFile
from bailiwick.service.skills.view import RequestSkills, request_skills
from bailiwick.service.store import Store

LOCK_VERSION = "skill-lock"
"""The row that holds the highest version of the skill lock that was seen."""

ACCOUNT_SECONDS = 60
"""How long an account's groups are believed before the system is asked again."""


class NoPolicyError(Exception):
    """There is no policy to decide by; the message says why and what to do."""


@value(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a new session asks for; the policy decides what it gets."""

    project: str
    profile: str | None = None
    flags: SessionFlags = field(default_factory=SessionFlags)
    unattended: bool = False
    client_version: str = ""
    base_url: str | None = None
    no_proxy: str = ""
    shell: str = ""
    client_pid: int = 0
    client_started: int = 0


@value(frozen=False, slots=True, kw_only=True)
class Desk:
    """The service's parts. One per process."""

    policies: Policies
    registry: Registry
    store: Store
    files: FileView = field(default_factory=OsFiles)
    mounts: Mounts = field(default_factory=Mounts)
    clock: Callable[[], float] = time.time
    redactor: Redactor
    host: str = field(default_factory=socket.gethostname)
    calls: Calls = field(default_factory=Calls)
    gap: Gap = field(default_factory=Gap)
    custodian: Custodian = field(init=False)
    copies: Copies = field(default_factory=Copies)
    began: float = field(init=False)
    _lock: LockFile | None = None
    _kept_version: int = 0
    _resolved: dict[str, tuple[str, Policy]] = field(default_factory=dict)
    _accounts: dict[int, tuple[float, Principal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.custodian = Custodian(store=self.store, redactor=self.redactor, stamp=self.stamp)

    def resume(self, sessions: Iterable[SessionState]) -> None:
        """Know again, when the service starts, these sessions and what persons have before them in them. Raises ``StoreError``."""
        self.registry.restore(sessions)
        if questions := self.store.unchanged_states(QUESTION):
            self.calls.restore(questions, self.on_record, {state.key for state in self.registry})

    @property
    def keeps_payloads(self) -> bool:
        """Whether policy has payloads kept whole."""
        in_force = self.policies.in_force
        return in_force is not None and in_force.audit.payloads is not Payloads.OFF

    def nearby(self) -> Nearby:
        """A view of the files that can be had without waiting, for one request."""
        return Nearby(self.mounts.far())

    @property
    def lock(self) -> LockFile:
        """The approvals of the policy directory."""
        if self._lock is None or self._lock.directory != self.policies.directory:
            self._kept_version = int(self.store.get_state(LOCK_VERSION) or b"0")
            self._lock = LockFile(self.policies.directory, self._kept_version)
        return self._lock

    async def going_on(self, state: SessionState, event: Event) -> SessionState:
        """The session, with what is known of a conversation that it goes on with and has not seen before.

        Only sessions whose policy asks for skills or flows to be held need it; others have nothing to remember.
        """
        conversation = event.session[:MAX_NAME]
        if not conversation or conversation in state.client_sessions:
            return state
        policy = self.policy_for(state)
        if not (policy.skills.requirements or policy.flows):
            return state
        others = sorted(
            (one for one in self.registry if one.uid == state.uid and one.key != state.key),
            key=lambda one: one.opened,
        )
        mine = [one for one in others if conversation in one.client_sessions]
        before = [of_state(one, conversation) for one in mine if one.ended]
        if row := self.store.get_state(row_named(state.uid, conversation)):
            before.insert(0, recalled(row))
        held = [together(before), *(of_state(one, conversation) for one in mine if not one.ended)]
        if policy.skills.requirements:
            held.append(await asyncio.to_thread(from_transcript, event))
        known = self.registry.by_key(state.key) or state
        joint = joined(known, conversation, held)
        if joint != known:
            self.registry.put(joint)
        return joint

    def approvals(self, who: Principal) -> Approvals:
        """The skill approvals that hold for a person now."""
        in_force, now = self.policies.in_force, int(self.clock())
        if in_force is None:
            return Approvals(problem="no policy is in force")
        roles = frozenset(role.id for role in roles_of(in_force, who))
        return self.lock.approvals(in_force.approvers, now).for_roles(roles, now)

    def skills_for(
        self, policy: Policy, state: SessionState, request: Request, *, near: bool
    ) -> RequestSkills | None:
        """What one request may be told of skills and of what its conversation has read; None where policy asks nothing of it."""
        skills = policy.skills
        if not (skills.requirements or skills.forks or policy.flows):
            return None
        known = self.registry.by_key(state.key) or state
        approvals = self.approvals(request.principal) if skills.requirements else Approvals()
        event, attributed, far = request.event, "", False
        if skills.requirements and isinstance(event.what, ToolCall):
            look = self.nearby()
            look.real(event.transcript)
            far = near and look.missed
            attributed = "" if far else attributed_by_client(event, event.what.call_id)
        view = request_skills(
            copies=self.copies,
            approvals=approvals,
            policy=policy,
            state=known,
            event=event,
            attributed=attributed,
            near=near,
        )
        view.missed = far
        return view

    def stamp(self) -> Stamp:
        """Clocks, host and salt for one record."""
        return Stamp(
            wall_ms=int(self.clock() * 1000),
            monotonic_ns=time.monotonic_ns(),
            host=self.host,
            salt=secrets.token_hex(16),
        )

    @property
    def masking(self) -> Redactor:
        """What masks secrets, and what the policy in force adds to them."""
        in_force = self.policies.in_force
        if in_force is None or not (in_force.data_classes or in_force.example_keys):
            return self.redactor
        return self.redactor.looking_for(
            recorded_subjects(in_force.data_classes, reported=in_force.example_keys)
        )

    async def save(
        self, *records: Record, state: SessionState | None = None, also: StateRows | None = None
    ) -> None:
        """Commit records, and the session's new state and other rows with them. Raises ``StoreError``.

        The first that can be written after some that couldn't is preceded by the mark of that.
        """
        rows: dict[str, bytes | None] = {} if state is None else {state.key: self._written(state)}
        if self._lock is not None and self._lock.seen > self._kept_version:
            # A service that is started again must still know an old lock for what it is.
            rows[LOCK_VERSION] = b"%d" % self._lock.seen
            self._kept_version = self._lock.seen
        told = dict(self.calls.unsaved)
        rows |= {**told, **(also or {})}
        if self.gap.is_open:
            gap = replace(self.gap)
            await self.store.append_all((gap.record(self.stamp(), self.masking), *records), state=rows)
            self.gap.close(gap)
        else:
            await self.store.append_all(records, state=rows)
        self.calls.saved(told)

    def _written(self, state: SessionState) -> bytes:
        """The session's state as it is kept. What the client said of it (ids, names of skills) may hold a secret."""
        plain = to_json(state)
        written = orjson.dumps(plain)
        if self.masking.finds(written.decode()):
            written = orjson.dumps(plain | {name: self.masking.value(plain[name]) for name in TOLD})
        return written

    async def look_up(self, uid: int) -> None:
        """Make sure that :meth:`principal` need not ask the system, which may be a directory that is slow today."""
        if self._account(uid) is None:
            self._accounts[uid] = (self.clock(), await asyncio.to_thread(principal_of, uid))

    def principal(self, uid: int) -> Principal:
        """The account behind ``uid``; group changes are seen within a minute."""
        known = self._account(uid)
        if known is None:
            known = principal_of(uid)
            self._accounts[uid] = (self.clock(), known)
        return known

    def _account(self, uid: int) -> Principal | None:
        known = self._accounts.get(uid)
        return known[1] if known and 0 <= self.clock() - known[0] < ACCOUNT_SECONDS else None

    def policy_for(self, state: SessionState) -> Policy:
        """The policy of a session: its profile's, narrowed by its flags. Raises ``NoPolicyError``, ``PolicyErrors``."""
        in_force = self.policies.in_force
        if in_force is None:
            raise NoPolicyError(f"no policy is in force: {self.policies.problem}")
        known = self._resolved.get(state.key)
        if known is not None and known[0] == in_force.revision:
            return known[1]
        policy = in_force.policies.get(state.profile)
        if policy is None:
            raise NoPolicyError(
                f"the policy no longer has a profile {state.profile!r}; start a new session with one it has"
            )
        flags = state.flags
        if flags != SessionFlags():
            narrowing = session_layer(
                allowed_tools=flags.allowed_tools,
                read_only_files=flags.read_only_files,
                max_bash_timeout=flags.max_bash_timeout,
            )
            policy = with_layer(policy, narrowing)
        self._resolved[state.key] = (in_force.revision, policy)
        return policy

    def still_entitled(self, state: SessionState) -> None:
        """Raises ``NotEntitledError`` when the person's roles no longer allow the session's profile."""
        if self.policies.in_force is not None:
            profile_for(self.policies.in_force, self.principal(state.uid), state.profile)

    def new_session(self, uid: int, wish: Wish) -> SessionState:
        """A session for the account, not yet remembered.

        Raises ``NotEntitledError``, ``NoPolicyError``, or ``PolicyErrors`` when its flags are malformed.
        """
        in_force = self.policies.in_force
        if in_force is None:
            raise NoPolicyError(f"no policy is in force: {self.policies.problem}")
        who = self.principal(uid)
        profile = profile_for(in_force, who, wish.profile)
        state = SessionState(
            key=new_key(),
            uid=uid,
            user=who.user,
            profile=profile,
            project=wish.project,
            home=who.home,
            opened=int(self.clock()),
            client_version=wish.client_version,
            base_url=wish.base_url,
            no_proxy=wish.no_proxy,
            shell=shell_of(wish.shell),
            client_pid=wish.client_pid,
            client_started=wish.client_started,
            unattended=wish.unattended,
            flags=wish.flags,
        )
        self.policy_for(state)
        return state

    def on_record(self, call_id: str) -> list[dict[str, Any]]:
        """What is on record of a call. Raises ``StoreError``."""
        with LogReader(self.store.directory.path) as reader:
            return [entry.record for entry in reader.call(call_id)]

    async def was_put(self, state: SessionState, event: Event, call: ToolCall) -> bool:
        """Whether a call was put to this service, or to the one before it if the session is as old. Raises ``StoreError``."""
        if self.calls.knows(event.session, call.call_id):
            return True
        if state.opened > self.began:
            return False
        found = await asyncio.to_thread(self.on_record, call.call_id)
        told = self.masking.text(event.session)
        return any(one["kind"] == Kind.TOOL_CALL and one.get("client_session") == told for one in found)

    def forget(self, state: SessionState) -> None:
        """Drop a session that is over."""
        self.registry.drop(state.key)
        self._resolved.pop(state.key, None)
        self.calls.forget(state.key)

    def forget_resolved(self) -> None:
        """Drop resolved policies, as after a reload."""
        self._resolved.clear()


__all__ = ["Desk", "NoPolicyError", "NotEntitledError", "Wish"]
