"""Calls as the three sources saw them: in the log, in what telemetry told (kept beside the log), in transcripts on disk.

Of telemetry and transcripts only ids, tools and times are taken: no prompt, no argument, nothing that would need redaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.administration.recorded import otlp_events
from bailiwick.audit.completeness import Sighting, Source
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Approver
from bailiwick.audit.wording import items_of, number_of, text_of
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import bounded_lines
from bailiwick.service.private import keep_private
from bailiwick.service.state_directory import StoreError

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes of a transcript's line that is read: above the client's largest tool input."""

LONGEST_NAME = 256

_TOLD = frozenset(("tool_result", "tool_decision"))
_APPROVERS = {
    "config": Approver.RULE,
    "hook": Approver.HOOK,
    "user_temporary": Approver.PERSON_ONCE,
    "user_permanent": Approver.PERSON_PERMANENTLY,
    "user_reject": Approver.PERSON_REFUSED,
    "user_abort": Approver.PERSON_REFUSED,
}
"""Who decided, as the client's telemetry names it (client 2.1.330, ``tool_decision``, ``source``)."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS call (call_id TEXT PRIMARY KEY, session TEXT NOT NULL, tool TEXT NOT NULL, time_ms INTEGER NOT NULL, "
    "agent TEXT NOT NULL, approver TEXT NOT NULL) STRICT, WITHOUT ROWID"
)
_INSERT = (
    "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (call_id) DO UPDATE SET approver = excluded.approver WHERE approver = ''"
)


class Telemetry:
    """What telemetry told, in ``telemetry.db`` of a state directory. Raises StoreError where it can't be used."""

    def __init__(self, state: Path) -> None:
        self.path = state / "telemetry.db"
        try:
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            keep_private(self.path)
            for statement in ("PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", _SCHEMA):
                self._connection.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, sightings: Iterable[Sighting]) -> None:
        """Keep sightings; of one that is known already only who approved is added."""
        rows = [(o.call_id, o.session, o.tool, o.time_ms, o.agent, o.approver) for o in sightings]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    def sightings(self, since_ms: int = 0) -> Iterator[Sighting]:
        """What was kept, since a moment."""
        sql = "SELECT call_id, session, tool, time_ms, agent, approver FROM call WHERE time_ms >= ?"
        try:
            rows = self._connection.execute(sql, (since_ms,)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
        for call_id, session, tool, time_ms, agent, approver in rows:
            yield Sighting(
                source=Source.TELEMETRY,
                call_id=call_id,
                session=session,
                tool=tool,
                time_ms=time_ms,
                agent=agent,
                approver=approver,
            )


def of_telemetry(export: Mapping[str, Any]) -> Iterator[Sighting]:
    """The sightings in an OTLP export of logs, in its JSON form. Total."""
    for event in otlp_events(export):
        name = str(event.get("event.name", "")).rsplit(".", 1)[-1]
        call_id, session = text_of(event, "tool_use_id"), text_of(event, "session.id")
        if name in _TOLD and call_id and session:
            yield Sighting(
                source=Source.TELEMETRY,
                call_id=call_id[:LONGEST_NAME],
                session=session[:LONGEST_NAME],
                tool=text_of(event, "tool_name")[:LONGEST_NAME],
                time_ms=_milliseconds(event.get("event.timestamp")),
                agent=text_of(event, "agent.id")[:LONGEST_NAME],
                approver=_APPROVERS.get(text_of(event, "source"), "") if name == "tool_decision" else "",
            )


def in_log(reader: LogReader, since_ms: int = 0) -> Iterator[Sighting]:
    """What the hooks saw: calls that were judged, and those that the client refused by itself and told of afterwards."""
    for entry in reader.entries():
        record = entry.record
        time_ms = number_of(record, "time_ms") or 0
        if time_ms < since_ms:
            continue
        kind = record.get("kind")
        if kind in {Kind.TOOL_CALL, Kind.TOOL_OUTCOME, Kind.FALLBACK, Kind.PERMISSION_ANSWERED}:
            ids = [text_of(record, "call_id")]
        elif kind == Kind.TOOL_BATCH:
            ids = text_of(record, "text").split()
        else:
            continue
        for call_id in filter(None, ids):
            yield Sighting(
                source=Source.HOOK,
                call_id=call_id,
                session=text_of(record, "client_session"),
                tool=text_of(record, "tool"),
                time_ms=time_ms,
                agent=text_of(record, "agent"),
                approver=text_of(record, "approved_by"),
            )


def in_transcripts(folder: Path, since_ms: int = 0) -> Iterator[Sighting]:
    """What stands in the client's transcripts below ``folder``. Lines that aren't the client's are passed over.

    Raises StoreError when the folder or a file in it can't be read: what isn't read would look complete.
    """
    if not folder.is_dir():
        raise StoreError(
            f"{folder}: no such folder",
            mend="name the client's folder of transcripts, mostly ~/.claude/projects",
        )
    try:
        for path in sorted(folder.rglob("*.jsonl")):
            with path.open("rb") as lines:
                for line in bounded_lines(lines, str(path), most=LONGEST_LINE):
                    if len(line) <= LONGEST_LINE and b'"tool_use"' in line:
                        yield from (one for one in _in_line(line) if one.time_ms >= since_ms)
    except OSError as error:
        raise StoreError(
            f"{error.filename}: {error.strerror}", mend="read it as the account that owns it"
        ) from error


def _in_line(line: bytes) -> Iterator[Sighting]:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    message = said.get("message") if isinstance(said, dict) else None
    if not isinstance(message, dict):
        return
    for item in items_of(message, "content"):
        if item.get("type") == "tool_use" and (call_id := text_of(item, "id")):
            yield Sighting(
                source=Source.TRANSCRIPT,
                call_id=call_id[:LONGEST_NAME],
                session=text_of(said, "sessionId")[:LONGEST_NAME],
                tool=text_of(item, "name")[:LONGEST_NAME],
                time_ms=_milliseconds(said.get("timestamp")),
                agent=text_of(said, "agentId")[:LONGEST_NAME],
            )


def _milliseconds(moment: object) -> int:
    try:
        return int(datetime.fromisoformat(str(moment)).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return 0
