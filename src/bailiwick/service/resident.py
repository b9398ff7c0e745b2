"""The endpoint service while it runs: what it brings up, watches, remembers and puts down."""

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from bailiwick import __version__
from bailiwick.analysis.shell import preload
from bailiwick.audit.kinds import Kind
from bailiwick.audit.recording import service_record
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.retention import Retention
from bailiwick.information.sessions import SessionFlags, SessionState, from_json
from bailiwick.model.regex import compile_waiting
from bailiwick.model.value import value
from bailiwick.policy.types import Payloads, PolicySet
from bailiwick.service.desk import Desk
from bailiwick.service.endpoint import Endpoint
from bailiwick.service.fallback import adopt, relay_of
from bailiwick.service.heartbeat import Heartbeat
from bailiwick.service.http_server import Server
from bailiwick.service.kept import POLICY, REMEMBERED_POLICY
from bailiwick.service.ledger import StateRows
from bailiwick.service.listening import StartError, listen
from bailiwick.service.log_lines import LOG_FORMAT, RedactingFormatter
from bailiwick.service.peer import process_started
from bailiwick.service.places import Places
from bailiwick.service.policies import Policies
from bailiwick.service.proven import installed
from bailiwick.service.registry import Registry, service_key
from bailiwick.service.rule_database import load, warm
from bailiwick.service.skills.conversations import PREFIX, rows_of, stale
from bailiwick.service.store import Store, StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

KEEP_SECONDS = 3600
"""How long a session is kept at least, however its client's process looks from here."""

_PROVEN = "proven"
_PORT = "port"


@value(frozen=False, slots=True, kw_only=True)
class Service:
    """The running service: the desk, and what is recorded of its own life."""

    places: Places
    desk: Desk

    async def note(  # noqa: PLR0913 - fields of the record, and what changes with it
        self,
        kind: Kind,
        message: str,
        *,
        state: SessionState | None = None,
        error: str = "",
        details: Mapping[str, Any] | None = None,
        rows: StateRows | None = None,
    ) -> None:
        """Record something the service did or noticed, with any ``details`` of it and rows that change with it. Raises ``StoreError``."""
        in_force = self.desk.policies.in_force
        record = service_record(
            kind,
            self.desk.stamp(),
            self.desk.redactor,
            message=message,
            user=state.user if state else "",
            uid=state.uid if state else os.geteuid(),
            session=state.key if state else "",
            profile=state.profile if state else "",
            project=state.project if state else "",
            client_version=state.client_version if state else "",
            policy=in_force.revision if in_force else "",
            error=error,
            details=details,
        )
        await self.desk.save(record, state=state, also=rows)

    async def remember(self, state: SessionState) -> None:
        """Record that a session was opened, and which policy its flags made of the profile's; only then is it known."""
        opened = f"session opened with profile {state.profile} in {state.project}"
        await self.note(Kind.SESSION_START, opened, state=state, details=self._narrowed(state))
        self.desk.registry.put(state)
        await self.tidy()

    def _narrowed(self, state: SessionState) -> dict[str, Any]:
        """The flags of a session that narrow its policy, and the revision that its calls name therefore."""
        if state.flags == SessionFlags():
            return {}
        flags = {name: given for name, given in asdict(state.flags).items() if given not in {None, ()}}
        return {"flags": flags, "session_policy": self.desk.policy_for(state).revision}

    async def adopt(self) -> None:
        """Put on record what relays stopped while the service was away; what can't be now is tried with the next heartbeat."""
        folder = self.places.segments
        try:
            if not self.places.machine_wide:
                folder.mkdir(mode=0o700, exist_ok=True)
            await adopt(folder, self.desk.store, self.desk.stamp, self.desk.masking)
        except (StoreError, OSError) as error:
            report(LOG, "what relays kept could not be recorded", error)

    async def starting(self, url: str) -> None:
        """Put on record that the service starts, with which policy, and what happened while it was away. Raises ``StoreError``."""
        await self.note(Kind.SERVICE_START, f"Bailiwick {__version__} listens on {url}")
        await self.reloaded()
        await self.adopt()
        if fault := self.desk.store.kept_fault():
            await self.note(Kind.ALARM, fault)

    async def stopping(self) -> None:
        """Put on record what is left to put there, and that the service stops in order."""
        await self.adopt()
        with contextlib.suppress(StoreError):
            await self.note(Kind.SERVICE_STOP, "stopped in order")

    async def tidy(self) -> None:
        """Forget the sessions that are over: nobody can go on with them, and their secrets are worth nothing."""
        over = [state for state in self.desk.registry if _is_over(state, self.desk.clock())]
        if not over:
            return
        now = int(self.desk.clock())
        rows: dict[str, bytes | None] = {state.key: None for state in over}
        rows |= dict.fromkeys(stale(self.desk.store.unchanged_states(PREFIX), now))
        rows |= {key: row for state in over for key, row in rows_of(state, now)}
        await self.desk.store.put_state(rows)
        for state in over:
            self.desk.forget(state)
            shutil.rmtree(self.places.sessions / state.key, ignore_errors=True)

    async def reloaded(self) -> None:
        """After the policy directory was read again: record what came of it and remember what is in force."""
        policies = self.desk.policies
        if policies.problem is not None:
            held = (
                "the policy in force stays" if policies.in_force else "no policy is in force: all is denied"
            )
            await self.note(Kind.POLICY_REFUSED, held, error=policies.problem)
            return
        self.desk.forget_resolved()
        kept = {} if policies.in_force is None else _kept(policies.in_force, policies.files)
        rows = {REMEMBERED_POLICY: orjson.dumps(dict(policies.files)), _PROVEN: policies.proven, **kept}
        await self.note(Kind.POLICY_RELOAD, f"policy read from {policies.directory}", rows=rows)
        if policies.in_force is not None:
            audit = policies.in_force.audit
            await self.desk.custodian.settle(
                Retention(days=audit.retention_days),
                payloads_leave=audit.payloads is Payloads.SEALED_AND_SHIPPED,
            )


def _kept(policy: PolicySet, files: Mapping[str, str]) -> dict[str, bytes | None]:
    """The policy as it is kept for evidence, for as long as its records may be."""
    profiles = {name: one.revision for name, one in policy.policies.items()}
    told = {"revision": policy.revision, "profiles": profiles, "files": dict(files)}
    return {POLICY + policy.revision: orjson.dumps(told)}


def _mask_log(desk: Desk) -> None:
    """From now on no secret, nor data of a class of the policy in force, reaches the service's own log (law 9)."""

    def mask(text: str) -> str:
        return desk.masking.text(text)

    for handler in logging.getLogger().handlers:
        handler.setFormatter(RedactingFormatter(mask, LOG_FORMAT))


def _is_over(state: SessionState, now: float) -> bool:
    """Whether the session's client is gone, or has said so where its process isn't known; never a young session."""
    if 0 <= now - state.opened < KEEP_SECONDS:
        return False
    if not state.client_pid:
        return state.ended
    return process_started(state.client_pid) != state.client_started


def _restored(rows: Mapping[str, bytes]) -> Iterator[SessionState]:
    """The sessions in stored rows. One that another version wrote is left out: its calls are denied, others go on."""
    for key, row in rows.items():
        try:
            yield from_json(orjson.loads(row))
        except (ValueError, TypeError, KeyError, AttributeError):
            LOG.warning("session %s can't be read by this version; start it again", key)


def _unchanged(store: Store, name: str) -> bytes | None:
    """A row that the service can start without: none where somebody changed it, which is told of."""
    return store.unchanged_states(name, exact=True).get(name)


@contextlib.asynccontextmanager
async def running(places: Places) -> AsyncIterator[Endpoint]:
    """The service, listening, until the block ends. Raises ``StartError``.

    1. The state directory is this account's alone, and no other service has it.
    2. Sessions, what persons have before them, and the last policy in force are known again.
    3. The policy directory is read; one that does not compile replaces nothing.
    4. Both sockets listen, on the port that running sessions already know.
    5. The start is on record.
    """
    try:
        store = Store.open(places.state, clock=lambda: int(time.time() * 1000))  # (1)
        key = service_key(places.state / "service.key")
    except (StoreError, OSError) as error:
        raise StartError(str(error)) from error
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(store.close)
        policies = Policies(
            directory=places.policy,
            proven=_unchanged(store, _PROVEN),
            installed=installed(places.policy) if places.machine_wide else None,
        )
        registry = Registry(key=key)
        desk = Desk(policies=policies, registry=registry, store=store, redactor=Redactor(store.redaction_key))
        service = Service(places=places, desk=desk)
        _mask_log(desk)
        _make_text_rules_fast(places)
        desk.resume(_restored(store.unchanged_states("s-")))  # (2)
        policies.reload()  # (3)
        if policies.in_force is None and (kept := _unchanged(store, REMEMBERED_POLICY)):
            policies.fall_back(orjson.loads(kept))
        listeners = listen(places, port=int(_unchanged(store, _PORT) or b"0"))  # (4)
        port = int(listeners.hooks.getsockname()[1])
        try:
            await desk.custodian.resume()
            await store.put_state({_PORT: str(port).encode()})
            await service.tidy()
        except StoreError as error:
            listeners.close()
            raise StartError(str(error)) from error
        endpoint = Endpoint(
            desk=desk,
            port=port,
            relay=relay_of(places),
            remember=service.remember,
            reloaded=service.reloaded,
        )
        server = Server(endpoint)
        stack.push_async_callback(server.close)
        await server.listen(listeners.hooks)
        await server.listen(listeners.callers)
        try:
            await service.starting(endpoint.url)  # (5)
            _announce(places, endpoint.url)
        except (StoreError, OSError) as error:
            raise StartError(f"the start could not be recorded: {error}") from error
        await asyncio.to_thread(preload)
        await asyncio.to_thread(compile_waiting)
        await asyncio.to_thread(store.prepare)
        gc.freeze()  # what is there now stays: no collection has to look through it again
        gc.enable()
        watch = asyncio.create_task(policies.watch(service.reloaded))
        stack.callback(watch.cancel)
        beating = asyncio.create_task(
            Heartbeat(custodian=desk.custodian, note=service.note, adopt=service.adopt).run()
        )
        stack.callback(beating.cancel)
        yield endpoint
        await service.stopping()


COMPILE_AFTER = 15.0
"""Seconds after the start: until then the processor is for the sessions that wait for it."""


def _make_text_rules_fast(places: Places) -> None:
    """Load the compiled filters of the text rules; where there are none yet, compile them a little later, aside.

    Until then, and where they can't be had, scans take longer and find the same.
    """
    directory = places.state / "cache"
    if load(directory):
        return

    def make() -> None:
        time.sleep(COMPILE_AFTER)
        try:
            warm(directory)
        except Exception as error:  # noqa: BLE001 - without them all goes on
            report(LOG, "the text rules could not be compiled", error)

    threading.Thread(target=make, name="text rules", daemon=True).start()


def _announce(places: Places, url: str) -> None:
    """Leave word of where the service listens, in one atomic step."""
    fresh = places.address.with_suffix(".new")
    fresh.write_bytes(orjson.dumps({"url": url, "pid": os.getpid(), "version": __version__}))
    fresh.chmod(0o644 if places.machine_wide else 0o600)
    fresh.replace(places.address)


async def serve(places: Places) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the policy again. Raises ``StartError``."""
    stop, reread = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reread.set)
    async with running(places) as endpoint:
        rereading = asyncio.create_task(_reread(endpoint, reread))
        await stop.wait()
        rereading.cancel()


async def _reread(endpoint: Endpoint, wanted: asyncio.Event) -> None:
    """Read the policy each time it is wanted, until cancelled."""
    while True:
        await wanted.wait()
        wanted.clear()
        await endpoint.desk.policies.refresh()
        try:
            await endpoint.reloaded()
        except StoreError as error:
            report(LOG, "the reload could not be recorded", error)
