"""The endpoint service: one resident process that answers hooks and opens sessions.

Hooks come over loopback TCP with a session's secret, and the kernel says whose socket it is. Everything else
(launcher, relay, policy helper, administration) comes over a Unix socket, where the kernel names the caller.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, field
from http import HTTPStatus
from pathlib import Path
from posixpath import normpath
from typing import Any, Final

import orjson

from bailiwick import __version__
from bailiwick.administration.targets.claude_settings import (
    ServiceAddress,
    SessionDocuments,
    Tier,
    compile_settings,
    session_documents,
)
from bailiwick.audit.notes import note_from, record_of_note
from bailiwick.audit.query import Query
from bailiwick.decision.skills import unapproved
from bailiwick.enforcement.claude_code import MAX_BODY
from bailiwick.information.sessions import SessionFlags, SessionState
from bailiwick.model.value import value
from bailiwick.policy.errors import PolicyErrors
from bailiwick.service.answer import answer, refusal, refuse
from bailiwick.service.custody import CustodyError, Who
from bailiwick.service.desk import Desk, NoPolicyError, NotEntitledError, Wish
from bailiwick.service.http_reader import Head, Message
from bailiwick.service.http_server import Reply
from bailiwick.service.listening import HOST
from bailiwick.service.log_reader import LogReader
from bailiwick.service.peer import Peer, own_uid, parent_of, process_started
from bailiwick.service.sandbox.hook import drifted, told_of
from bailiwick.service.second.announced import telemetry_url
from bailiwick.service.skills.copies import Where
from bailiwick.service.store import StoreError
from bailiwick.service.strangers import Strangers
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

_HOOK: Final = ("POST", "/v1/hook")

_TOO_LARGE: Final = f"the event is larger than {MAX_BODY} bytes"
_UNTOLD: Final = "the kernel did not tell whose connection this is, so what came by it was not read"

MAX_ANCESTORS: Final = 8
"""How far from a relay its client is looked for; a shell may stand between them."""

Answer = Mapping[str, Any]
"""What is told to a caller on the Unix socket."""


class ProblemError(Exception):
    """A request that is refused: HTTP status and what the caller is told."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@value(frozen=False, slots=True, kw_only=True)
class Endpoint:
    """The HTTP face of the service: authenticates, hands on, and always answers.

    ``relay`` is the argument vector of the relay, for where policy has the client ask through it.
    """

    desk: Desk
    port: int
    relay: tuple[str, ...]
    remember: Callable[[SessionState], Awaitable[None]]
    reloaded: Callable[[], Awaitable[None]]
    strangers: Strangers = field(default_factory=Strangers)

    @property
    def url(self) -> str:
        """Where hooks are sent."""
        return f"http://{HOST}:{self.port}"

    def room(self, head: Head, peer: Peer | None) -> int:
        """Nothing of a stranger is kept: a body is read only once it is known whose it is."""
        is_local = peer is not None and peer.pid
        return MAX_BODY if is_local or _is_of(peer, self._state(head, peer)) else 0

    async def handle(self, message: Message, peer: Peer | None) -> Reply:
        """Every request of every connection."""
        asked = (message.head.method, message.head.path)
        try:
            if asked == _HOOK:
                return await self._hook(message, peer)
            return _reply(await self._serve(asked, message, peer))
        except ProblemError as problem:
            return _reply({"error": str(problem)}, problem.status)
        except (NotEntitledError, NoPolicyError) as error:
            return _reply({"error": str(error)}, HTTPStatus.FORBIDDEN)
        except PolicyErrors as error:
            return _reply({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        except StoreError as error:
            told = f"it could not be recorded, so it was not done: {error}"
            return _reply({"error": told}, HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - nobody else answers
            report(LOG, "a request failed", error)
            told = "internal error; the service's log says more"
            return _reply({"error": told}, HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _serve(self, asked: tuple[str, str], message: Message, peer: Peer | None) -> Answer:
        """What only this machine's processes may ask, on the Unix socket, where the kernel names them."""
        handler = self._routes.get(asked)
        if handler is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"nothing at {' '.join(asked)}")
        if peer is None or not peer.pid:
            raise ProblemError(HTTPStatus.FORBIDDEN, "only on the Unix socket")
        return await handler(message, peer)

    @property
    def _routes(self) -> Mapping[tuple[str, str], Callable[[Message, Peer], Awaitable[Answer]]]:
        return {
            ("POST", "/v1/session"): self._session,
            ("POST", "/v1/helper"): self._helper,
            ("POST", "/v1/reload"): self._reload,
            ("GET", "/v1/status"): self._status,
            ("POST", "/v1/why"): self._why,
            ("POST", "/v1/drift"): self._drift,
            ("POST", "/v1/notes"): self._notes,
            ("POST", "/v1/custody"): self._custody,
        }

    async def _hook(self, message: Message, peer: Peer | None) -> Reply:
        """Always 200 with one JSON object: an event that can't be judged is denied in that object."""
        state = self._state(message.head, peer)
        if state is None:
            return await self._turned_away(
                "no session of this service; start one with `bailiwick claude`", peer
            )
        if not _is_of(peer, state):
            why = _UNTOLD if peer is None else "the session belongs to another account"
            return await self._turned_away(why, peer, state)
        if message.body is None:
            length = message.head.fields.get("content-length", "")
            why = _UNTOLD if length.isdecimal() and int(length) <= MAX_BODY else _TOO_LARGE
            return Reply(body=await refuse(self.desk, why, state=state))
        return Reply(body=await answer(self.desk, state, message.body))

    async def _turned_away(self, why: str, peer: Peer | None, state: SessionState | None = None) -> Reply:
        """Deny a stranger; recorded as often as one account may be."""
        uid = peer.uid if peer else None
        more = self.strangers.worth(uid)
        body = (
            refusal(None, why) if more is None else await refuse(self.desk, why + more, state=state, uid=uid)
        )
        return Reply(body=body)

    def _state(self, head: Head, peer: Peer | None) -> SessionState | None:
        """The session whose secret the request presents; where a relay presents none, that of the client which started it.

        A relay's arguments are no place for a secret, since every account can read them.
        """
        if (presented := head.fields.get("authorization")) is not None or peer is None:
            return self.desk.registry.by_token((presented or "").removeprefix("Bearer "))
        pid = peer.pid
        for _ in range(MAX_ANCESTORS):
            pid = parent_of(pid) if pid else 0
            started = process_started(pid) if pid else None
            if started is not None and (state := self.desk.registry.by_process(peer.uid, pid, started)):
                return state
        return None

    async def _session(self, message: Message, peer: Peer) -> Answer:
        """Open a session for the calling account and process; its settings come back with its secret in them."""
        asked = _object(message)
        await self.desk.look_up(peer.uid)
        state = self.desk.new_session(peer.uid, _wish(asked, peer.pid))
        await self.remember(state)
        off = await self._unapproved(state)
        documents = asdict(self._documents(state, off))
        return {"key": state.key, "profile": state.profile, "skills_off": off, "documents": documents}

    async def _helper(self, message: Message, peer: Peer) -> Answer:
        """The settings for a client process of the calling account: its own session's, opened when it has none."""
        asked = _object(message)
        pid, cwd, url = asked.get("client_pid"), asked.get("cwd"), asked.get("base_url")
        if not isinstance(pid, int) or not isinstance(cwd, str) or not cwd.startswith("/"):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "client_pid must be a number and cwd an absolute path")
        if not (url is None or (isinstance(url, str) and url.startswith(("http://", "https://")))):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "base_url must be a URL")
        started = process_started(pid)
        if started is None:
            raise ProblemError(HTTPStatus.BAD_REQUEST, f"there is no process {pid}")
        state = self.desk.registry.by_process(peer.uid, pid, started)
        if state is None:
            await self.desk.look_up(peer.uid)
            wish = Wish(
                project=normpath(cwd),
                client_pid=pid,
                client_started=started,
                base_url=url,
                no_proxy=_text(asked, "no_proxy"),
                shell=_text(asked, "shell"),
            )
            state = self.desk.new_session(peer.uid, wish)
            await self.remember(state)
        settings = compile_settings(
            self.desk.policy_for(state),
            service=self._address(state),
            tier=Tier.HELPER,
            project=state.project,
            home=state.home,
            base_url=state.base_url,
            no_proxy=state.no_proxy,
            shell=state.shell,
            files=self.desk.files,
            unapproved=await self._unapproved(state),
        )
        return {"managedSettings": settings}

    async def _reload(self, _message: Message, peer: Peer) -> Answer:
        """Read the policy again now; for the service's own account and root."""
        if peer.uid not in {0, own_uid()}:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "only the service's account or root may reload the policy"
            )
        await self.desk.policies.refresh()
        await self.reloaded()
        return await self._status(_message, peer)

    async def _status(self, _message: Message, peer: Peer) -> Answer:
        """What runs, under which policy, and the caller's sessions; root and the service's account see all."""
        everyone = peer.uid in {0, own_uid()}
        policies = self.desk.policies
        in_force = policies.in_force
        return {
            "version": __version__,
            "pid": os.getpid(),
            "url": self.url,
            "policy": str(policies.directory),
            "revision": in_force.revision if in_force else None,
            "profiles": sorted(in_force.policies) if in_force else [],
            "problem": policies.problem,
            "sessions": [
                {"key": s.key, "user": s.user, "profile": s.profile, "project": s.project, "opened": s.opened}
                for s in self.desk.registry
                if not s.ended and (everyone or s.uid == peer.uid)
            ],
        }

    async def _why(self, message: Message, peer: Peer) -> Answer:
        """The last call that was stopped in a session of the caller's, or in any of theirs; root may see all."""
        asked = _object(message)
        await self.desk.look_up(peer.uid)
        mine = "" if peer.uid == 0 else self.desk.principal(peer.uid).user
        query = Query(user=mine, session=str(asked.get("session") or ""))
        denied = await asyncio.to_thread(_last_stopped, self.desk.store.directory.path, query)
        in_force = self.desk.policies.in_force
        policy = in_force.policies.get(str(denied.get("profile"))) if in_force and denied else None
        return {"denied": denied, "contact": policy.contact if policy else ""}

    async def _drift(self, message: Message, peer: Peer) -> Answer:
        """Record where the kernel let a sandboxed command of the caller's do something else than policy says."""
        asked = _object(message)
        state = self.desk.registry.by_key(str(asked.get("session") or ""))
        if state is None or state.uid != peer.uid:
            raise ProblemError(HTTPStatus.FORBIDDEN, "no session of the caller's")
        try:
            told = told_of(asked.get("drift"))
        except ValueError as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
        details = {"command": str(asked.get("command") or ""), "drift": asked["drift"]}
        await drifted(self.desk, state.key, told, details)
        return {"recorded": True}

    async def _notes(self, message: Message, peer: Peer) -> Answer:
        """Put on record that the log was read, or what was found in it; for those who can read it."""
        if peer.uid not in {0, own_uid()}:
            raise ProblemError(HTTPStatus.FORBIDDEN, "only the service's account or root may add notes")
        asked = _object(message).get("notes")
        try:
            notes = [note_from(one) for one in asked] if isinstance(asked, list) else []
        except (ValueError, AttributeError) as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
        await self.desk.look_up(peer.uid)
        me = self.desk.principal(peer.uid)
        for one in notes:
            record = record_of_note(one, self.desk.stamp(), self.desk.masking, user=me.user, uid=me.uid)
            await self.desk.save(record)
        return {"recorded": len(notes)}

    async def _custody(self, message: Message, peer: Peer) -> Answer:
        """What an administrator asks of the log (``service.custody``); for the service's own account and root."""
        if peer.uid not in {0, own_uid()}:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "only the service's account or root may ask that of the log"
            )
        asked = _object(message)
        given = asked.get("given")
        if not isinstance(given, dict):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "given must be an object")
        await self.desk.look_up(peer.uid)
        who = Who(user=self.desk.principal(peer.uid).user, uid=peer.uid)
        try:
            return await self.desk.custodian.perform(who, str(asked.get("action")), given)
        except CustodyError as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error

    async def _unapproved(self, state: SessionState) -> tuple[str, ...]:
        """Skills that stand on the machine and may not be loaded in the session."""
        policy = self.desk.policy_for(state)
        if not policy.skills.requirements:
            return ()
        approvals = self.desk.approvals(self.desk.principal(state.uid))
        where = Where(project=state.project, cwd=state.project, configurations=(f"{state.home}/.claude",))
        found = await asyncio.to_thread(self.desk.copies.standing, where)
        return unapproved(approvals, found)

    def _documents(self, state: SessionState, unapproved: Sequence[str]) -> SessionDocuments:
        return session_documents(
            self.desk.policy_for(state),
            service=self._address(state),
            project=state.project,
            home=state.home,
            base_url=state.base_url,
            no_proxy=state.no_proxy,
            shell=state.shell,
            files=self.desk.files,
            unapproved=unapproved,
        )

    def _address(self, state: SessionState) -> ServiceAddress:
        telemetry = telemetry_url(self.desk.store.directory.path)
        in_force = self.desk.policies.in_force
        relay = self.relay if in_force and in_force.audit.relay else ()
        token = self.desk.registry.token(state)
        return ServiceAddress(url=self.url, token=token, telemetry=telemetry, relay=relay)


def _is_of(peer: Peer | None, state: SessionState | None) -> bool:
    """Whether the session is the caller's."""
    return peer is not None and state is not None and peer.uid == state.uid


def _last_stopped(directory: Path, query: Query) -> dict[str, Any] | None:
    """The newest record that ``query`` holds for and that was denied or asked about."""
    with LogReader(directory) as log:
        newest = next(log.search(query, limit=1, stopped=True), None)
    return None if newest is None else newest.record


def _wish(asked: Mapping[str, Any], pid: int) -> Wish:
    """What a launcher asks for. Raises ``ProblemError`` naming the field that is wrong."""
    project, profile, url = asked.get("project"), asked.get("profile"), asked.get("base_url")
    tools, globs, seconds = (asked.get(k) for k in ("allowed_tools", "read_only_files", "max_bash_timeout"))
    if not isinstance(project, str) or not project.startswith("/"):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "project must be an absolute path")
    if not (profile is None or isinstance(profile, str)):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "profile must be a name")
    if not (url is None or isinstance(url, str)):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "base_url must be a URL")
    if not (tools is None or _strings(tools)) or not (globs is None or _strings(globs)):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "allowed_tools and read_only_files must be lists of names")
    if not (seconds is None or (type(seconds) is int and seconds > 0)):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "max_bash_timeout must be a positive number of seconds")
    return Wish(
        project=normpath(project),
        profile=profile,
        flags=SessionFlags(
            allowed_tools=None if tools is None else tuple(tools),
            read_only_files=tuple(globs or ()),
            max_bash_timeout=seconds,
        ),
        unattended=bool(asked.get("unattended")),
        client_version=str(asked.get("client_version") or ""),
        base_url=url,
        no_proxy=_text(asked, "no_proxy"),
        shell=_text(asked, "shell"),
        client_pid=pid,
        client_started=process_started(pid) or 0,
    )


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    return value if isinstance(value, str) else ""


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _object(message: Message) -> Mapping[str, Any]:
    if message.body is None:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"larger than {MAX_BODY} bytes")
    try:
        asked = orjson.loads(message.body)
    except orjson.JSONDecodeError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"not JSON: {error}") from error
    if not isinstance(asked, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "not a JSON object")
    return asked


def _reply(value: Answer, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(body=orjson.dumps(value), status=status)
