"""The collector: takes the logs of many endpoints into one log of its own (`bailiwick log collect`).

A segment's entries and the cursor of its host are one transaction, so an entry is stored once however often it comes,
and what is acknowledged is stored. A host that ships another history than before, or falls silent, is an alarm.
"""

import asyncio
import logging
import secrets
import ssl
import time
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from bailiwick.audit.bounds import SAFE
from bailiwick.audit.kinds import Kind
from bailiwick.audit.note import Signer, VerifierKey, parse_keys
from bailiwick.audit.record import FIELD_NAMES, RECORD_LIMIT, Record, Stamp
from bailiwick.audit.recording import service_record
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.segment import MAX_SEGMENT, Cursor, SegmentError, Shipped, following, receipt, unpack
from bailiwick.service.kept import CURSOR, HOST
from bailiwick.service.log_reader import LogReader
from bailiwick.service.note_desk import note_desk
from bailiwick.service.places import Places
from bailiwick.service.store import Store, StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

HEARD = "heard/"

MAX_WAITING = 32
"""Segments taken in at the same time; who comes above that is asked to come again."""

SILENCE_SECONDS = 900
"""After three missed heartbeats a host is silent."""

ROOM = RECORD_LIMIT - 4_096
"""Bytes of another log's record that are kept whole; where it comes from needs some too."""

_KEPT = frozenset(FIELD_NAMES) - {"v", "kind", "kept", "origin", "origin_seq"}
_LISTS = frozenset(one.name for one in fields(Record) if str(one.type).startswith("tuple"))
_NUMBERS = frozenset(one.name for one in fields(Record) if str(one.type).startswith("int") or one.type is int)


def _is_fit(name: str, value: object) -> bool:
    """Whether a value may stand in this field of a record: an enrolled host may be anybody's by now."""
    if name in _NUMBERS:
        return type(value) is int and abs(value) <= SAFE
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(item, str | dict) for item in value)
    return isinstance(value, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An enrolled machine's log: how many of its entries are stored, and when it was heard last (seconds since 1970)."""

    origin: str
    upto: int
    heard: int | None

    def is_silent(self, now: float) -> bool:
        """Whether it was heard once and not for longer than three heartbeats take."""
        return self.heard is not None and now - self.heard > SILENCE_SECONDS


def machines_of(reader: LogReader) -> list[Machine]:
    """The machines enrolled at the collector whose log this is, while it runs too. Raises StoreError."""
    cursors, heard = reader.state(CURSOR), reader.state(HEARD)
    found = []
    for key in reader.state(HOST):
        origin = key.removeprefix(HOST)
        row, last = cursors.get(CURSOR + origin), heard.get(HEARD + origin)
        upto = Cursor.from_json(orjson.loads(row)).upto if row else 0
        found.append(Machine(origin=origin, upto=upto, heard=None if last is None else int(last)))
    return found


@dataclass(slots=True)
class Collector:
    """A collector over its own state directory."""

    store: Store
    signer: Signer
    redactor: Redactor
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _waiting: int = 0
    _silent: set[str] = field(default_factory=set)

    @classmethod
    def over(cls, store: Store) -> "Collector":
        """The collector whose log is ``store``."""
        return cls(store, store.directory.signer(), Redactor(store.redaction_key))

    async def enrol(self, text: str) -> list[str]:
        """Take in segments of the host whose public keys (its log.pub) these are; its origins. Raises NoteError, StoreError."""
        keys = parse_keys(text)
        origins = sorted({key.name for key in keys})
        for origin in origins:
            mine = "".join(f"{key}\n" for key in keys if key.name == origin)
            record = self._record(Kind.ADMIN_ACTION, f"host {origin} enrolled")
            await self.store.append(record, state={HOST + origin: mine.encode()})
        return origins

    def hosts(self) -> dict[str, tuple[VerifierKey, ...]]:
        """The hosts that are enrolled, with their keys."""
        rows = self.store.states(HOST).items()
        return {key.removeprefix(HOST): parse_keys(row.decode()) for key, row in rows}

    def cursor(self, origin: str) -> Cursor:
        """How far a host's log is stored."""
        row = self.store.get_state(CURSOR + origin)
        return Cursor.from_json(orjson.loads(row)) if row else Cursor()

    async def take(self, data: bytes) -> str:
        """Store what is new in a segment; the receipt for it. Raises SegmentError and StoreError."""
        segment = unpack(data, self.hosts())
        async with self._locks.setdefault(segment.origin, asyncio.Lock()):
            try:
                fresh, cursor = following(segment, self.cursor(segment.origin))
            except SegmentError as error:
                if error.alarm:
                    await self.store.append(self._record(Kind.ALARM, str(error)))
                raise
            records = tuple(self._taken(segment.origin, number, one) for number, one in fresh)
            state: dict[str, bytes | None] = {HEARD + segment.origin: str(int(time.time())).encode()}
            if records:
                state[CURSOR + segment.origin] = orjson.dumps(cursor.to_json())
            receipts = await self.store.append_all(records, state=state)
            self._silent.discard(segment.origin)
            indexes = [one.sequence for one in receipts]
            return receipt(
                self.signer, segment.origin, max(cursor.upto, self.cursor(segment.origin).upto), indexes
            )

    def _taken(self, origin: str, sequence: int, one: Shipped) -> Record:
        """The record of an entry of another log: its own fields, and where it comes from."""
        told = one.fields()
        kept: dict[str, Any] = {
            name: tuple(value) if name in _LISTS else value
            for name, value in told.items()
            if name in _KEPT and _is_fit(name, value)
        }
        if len(one.entry) + len(one.private or b"") > ROOM:
            kept |= {"input": "", "input_cut": 1, "extra": ""}
        # Of an erased record there is no salt left, and what can't be read needs none of the old.
        kept.setdefault("salt", secrets.token_hex(16))
        kept.setdefault("host", origin.split("/")[1] if origin.count("/") > 1 else origin)
        try:
            kind = Kind(told.get("kind", ""))
        except ValueError:
            kind = Kind.NOTICE
        if kept.get("payload"):
            kept["payload_left"] = None if one.payload else kept.get("payload_left", 1)
        kept.setdefault("monotonic_us", 0)
        kept.setdefault("time_ms", 0)
        return Record(kind=kind, origin=origin, origin_seq=sequence, whole=one.payload or b"", **kept)

    async def look_for_silence(self) -> list[str]:
        """Record an alarm for each host that is silent and wasn't when last looked; those hosts."""
        now, fallen = int(time.time()), []
        for key, heard in self.store.states(HEARD).items():
            origin = key.removeprefix(HEARD)
            if now - int(heard) > SILENCE_SECONDS and origin not in self._silent:
                message = f"{origin} has shipped nothing for {now - int(heard)} s, not even a heartbeat"
                await self.store.append(self._record(Kind.ALARM, message))
                self._silent.add(origin)
                fallen.append(origin)
        return fallen

    def _record(self, kind: Kind, message: str) -> Record:
        stamp = Stamp(
            wall_ms=time.time_ns() // 1_000_000,
            monotonic_ns=time.monotonic_ns(),
            host="collector",
            salt=secrets.token_hex(16),
        )
        return service_record(kind, stamp, self.redactor, message=message)

    def application(self) -> web.Application:
        """The collector as a web application."""
        app = web.Application(client_max_size=MAX_SEGMENT + 1)
        app.router.add_post("/v1/segments", self._post)
        app.router.add_get("/v1/cursor", self._get)
        return app

    async def _post(self, request: web.Request) -> web.Response:
        if self._waiting >= MAX_WAITING:
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"}, text="busy\n"
            )
        self._waiting += 1
        try:
            return web.Response(text=await self.take(await request.read()))
        except SegmentError as error:
            return web.Response(status=HTTPStatus.UNPROCESSABLE_ENTITY, text=f"{error}\n")
        except StoreError as error:
            report(LOG, "a segment could not be stored", error)
            return web.Response(status=HTTPStatus.INSUFFICIENT_STORAGE, text=f"{error}\n")
        finally:
            self._waiting -= 1

    async def _get(self, request: web.Request) -> web.Response:
        origin = request.query.get("origin", "")
        if origin not in self.hosts():
            return web.Response(status=HTTPStatus.NOT_FOUND, text="this host isn't enrolled\n")
        return web.Response(text=receipt(self.signer, origin, self.cursor(origin).upto, ()))


async def serve(
    collector: Collector,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    ready: "asyncio.Future[int] | None" = None,
) -> None:
    """Answer until cancelled. ``ready`` gets the port listened on. Raises OSError."""
    runner = web.AppRunner(collector.application(), access_log=None)
    desk = web.AppRunner(note_desk(collector.store, collector.redactor), access_log=None)
    await runner.setup()
    await desk.setup()
    try:
        await _take_notes(desk, collector.store.directory.path)
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        if ready is not None:
            ready.set_result(runner.addresses[0][1])
        while True:
            await asyncio.sleep(60)
            try:
                await collector.look_for_silence()
            except StoreError as error:
                report(LOG, "silence could not be recorded", error)
    finally:
        await runner.cleanup()
        await desk.cleanup()


async def _take_notes(desk: web.AppRunner, state: Path) -> None:
    """Listen for notes where an endpoint's service would. A stale socket is ours to remove: the store's lock says so."""
    path = Places(state=state, policy=state).socket
    try:
        path.unlink(missing_ok=True)
        await web.UnixSite(desk, str(path)).start()
        path.chmod(0o600)
    except OSError as error:
        report(LOG, "notes of detection can't be taken in: name a shorter --state", error)


def enrolled(path: Path, text: str) -> list[str]:
    """Enrol a host at the collector whose state directory is ``path`` and which isn't running. Raises StoreError, NoteError."""
    with Store.open(path) as store:
        return asyncio.run(Collector.over(store).enrol(text))
