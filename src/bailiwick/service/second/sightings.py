"""Calls, and the skills behind them, as the three sources saw them: the log, telemetry (kept beside the log), transcripts on disk.

Of telemetry and transcripts only ids, tools, skills and times are taken: no prompt, no argument, nothing that would need redaction.

Telemetry names no skill on a call, but on each request to the model (``api_request``, client 2.1.330). A call is one of the answer
to the latest request that its agent made before it, so it is put down to the skill of that request.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.administration.recorded import otlp_events
from bailiwick.audit.attributed import Activation
from bailiwick.audit.completeness import Sighting, Source
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Approver
from bailiwick.audit.wording import items_of, number_of, text_of, words_of
from bailiwick.model.verdict import Verdict
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

_SKILLS_OF_A_RECORD = 8
"""As many as a record names: with more it may name not all."""

_HIDDEN = frozenset(("custom_skill", "third-party"))
"""What stands for a skill's name where details are off."""

_CALLS = (
    "CREATE TABLE IF NOT EXISTS call (call_id TEXT PRIMARY KEY, session TEXT NOT NULL, tool TEXT NOT NULL, time_ms INTEGER NOT NULL, "
    "agent TEXT NOT NULL, approver TEXT NOT NULL) STRICT, WITHOUT ROWID"
)
_SCHEMA = (
    _CALLS,
    *(
        f"CREATE TABLE IF NOT EXISTS {table} (session TEXT NOT NULL, agent TEXT NOT NULL, time_ms INTEGER NOT NULL, "
        "sequence INTEGER NOT NULL, skill TEXT NOT NULL, PRIMARY KEY (session, agent, time_ms, sequence)) STRICT, WITHOUT ROWID"
        for table in ("request", "activation")
    ),
)
_INSERT = (
    "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (call_id) DO UPDATE SET approver = excluded.approver WHERE approver = ''"
)
_INSERT_REQUEST = "INSERT OR IGNORE INTO request VALUES (?, ?, ?, ?, ?)"
_INSERT_ACTIVATION = "INSERT OR IGNORE INTO activation VALUES (?, ?, ?, ?, ?)"
_SELECT = (
    "SELECT call_id, session, tool, time_ms, agent, approver, (SELECT skill FROM request WHERE request.session = call.session "
    "AND request.agent = call.agent AND request.time_ms <= call.time_ms ORDER BY request.time_ms DESC, sequence DESC LIMIT 1) "
    "FROM call WHERE time_ms >= ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InCourse:
    """What telemetry says of a skill at one moment: that the model was asked in its course (empty: of none), or that it was loaded."""

    session: str
    agent: str
    time_ms: int
    sequence: int
    skill: str
    loaded: bool = False


class Telemetry:
    """What telemetry told, in ``telemetry.db`` of a state directory. Raises StoreError where it can't be used."""

    def __init__(self, state: Path) -> None:
        self.path = state / "telemetry.db"
        try:
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            keep_private(self.path)
            for statement in ("PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", *_SCHEMA):
                self._connection.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, told: Iterable[Sighting | InCourse]) -> None:
        """Keep what was told; of a call that is known already only who approved is added."""
        calls: list[tuple[object, ...]] = []
        requests: list[tuple[object, ...]] = []
        activations: list[tuple[object, ...]] = []
        for one in told:
            match one:
                case Sighting():
                    calls.append((one.call_id, one.session, one.tool, one.time_ms, one.agent, one.approver))
                case InCourse():
                    row = (one.session, one.agent, one.time_ms, one.sequence, one.skill)
                    (activations if one.loaded else requests).append(row)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for insert, rows in (
                (_INSERT, calls),
                (_INSERT_REQUEST, requests),
                (_INSERT_ACTIVATION, activations),
            ):
                self._connection.executemany(insert, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    def sightings(self, since_ms: int = 0) -> Iterator[Sighting]:
        """The calls that were kept, since a moment."""
        for call_id, session, tool, time_ms, agent, approver, skill in self._rows(_SELECT, since_ms):
            yield Sighting(
                source=Source.TELEMETRY,
                call_id=call_id,
                session=session,
                tool=tool,
                time_ms=time_ms,
                agent=agent,
                approver=approver,
                skills=None if skill is None else tuple(filter(None, (skill,))),
            )

    def activations(self) -> Iterator[Activation]:
        """The skills that it told were loaded, whenever."""
        sql = "SELECT session, agent, time_ms, skill FROM activation"
        for session, agent, time_ms, skill in self._rows(sql):
            yield Activation(
                source=Source.TELEMETRY, skill=skill, session=session, agent=agent, time_ms=time_ms
            )

    def _rows(self, sql: str, *values: int) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error


def of_telemetry(export: Mapping[str, Any]) -> Iterator[Sighting | InCourse]:
    """What an OTLP export of logs, in its JSON form, says of calls and skills. Total."""
    for event in otlp_events(export):
        name = str(event.get("event.name", "")).rsplit(".", 1)[-1]
        call_id, session = text_of(event, "tool_use_id"), text_of(event, "session.id")
        agent = text_of(event, "agent_id") or text_of(event, "agent.id")
        skill = text_of(event, "skill.name")
        if session and (name == "api_request" or (name == "skill_activated" and skill not in {"", *_HIDDEN})):
            yield InCourse(
                session=session[:LONGEST_NAME],
                agent=agent[:LONGEST_NAME],
                time_ms=_milliseconds(event.get("event.timestamp")),
                sequence=_whole(event.get("event.sequence")),
                skill=skill[:LONGEST_NAME],
                loaded=name == "skill_activated",
            )
        elif name in _TOLD and call_id and session:
            yield Sighting(
                source=Source.TELEMETRY,
                call_id=call_id[:LONGEST_NAME],
                session=session[:LONGEST_NAME],
                tool=text_of(event, "tool_name")[:LONGEST_NAME],
                time_ms=_milliseconds(event.get("event.timestamp")),
                agent=agent[:LONGEST_NAME],
                approver=_APPROVERS.get(text_of(event, "source"), "") if name == "tool_decision" else "",
            )


def in_log(reader: LogReader, since_ms: int = 0) -> Iterator[Sighting | Activation]:
    """What the hooks saw: calls that were judged, and those that the client refused by itself and told of afterwards.

    Of skills every one that a session had, from its beginning: whatever is told of it later is known then.
    """
    had: set[tuple[str, str, bool]] = set()
    under_way: dict[str, str] = {}
    for entry in reader.entries():
        record = entry.record
        time_ms = number_of(record, "time_ms") or 0
        for one in _skills_of(record, time_ms, under_way):
            if (key := (one.session, one.skill, one.reported)) not in had:
                had.add(key)
                yield one
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
                skills=_logged_skills(record) if kind == Kind.TOOL_CALL else None,
            )


def _logged_skills(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    skills = words_of(record, "skills")
    return tuple(skills) if len(skills) < _SKILLS_OF_A_RECORD else None


def _skills_of(record: Mapping[str, Any], time_ms: int, under_way: dict[str, str]) -> Iterator[Activation]:
    """The skills that a record shows its session to have: those it acts under, and one that it was let load.

    ``under_way`` are calls that load one: if such a call succeeds, telemetry must have told of it too.
    """
    session, call_id = text_of(record, "client_session"), text_of(record, "call_id")
    if not session:
        return
    let = text_of(record, "enforced") != Verdict.DENY.label
    loaded = text_of(record, "activates").removeprefix("/") if let else ""
    done = ""
    if loaded and call_id:
        under_way[call_id] = loaded
    elif record.get("kind") == Kind.TOOL_OUTCOME and text_of(record, "outcome") == "ok":
        done = under_way.pop(call_id, "")
    for skill in dict.fromkeys((done, loaded, *words_of(record, "skills"))):
        if skill:
            yield Activation(
                source=Source.HOOK,
                skill=skill,
                session=session,
                agent=text_of(record, "agent"),
                time_ms=time_ms,
                reported=skill == done,
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
                skills=tuple(filter(None, (text_of(said, "attributionSkill")[:LONGEST_NAME],))),
            )


def _whole(number: object) -> int:
    """A number as OTLP's JSON writes it, which may be text; 0 for anything that no column holds."""
    try:
        value = int(str(number))
    except ValueError:
        return 0
    return value if 0 <= value < 2**63 else 0


def _milliseconds(moment: object) -> int:
    try:
        return int(datetime.fromisoformat(str(moment)).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return 0
