"""`bailiwick log receive|completeness`: the client's own telemetry and transcripts, and what the hooks didn't see."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bailiwick.audit.attributed import Activation, Difference, differences
from bailiwick.audit.completeness import Gap, Sighting, Source, compare
from bailiwick.audit.kinds import Kind
from bailiwick.audit.notes import Note
from bailiwick.audit.record import Approver
from bailiwick.audit.wording import plain
from bailiwick.cli.log_output import moment, print_json
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.noting import note
from bailiwick.service.places import Places, find
from bailiwick.service.second.receiver import ReceiverError, receive
from bailiwick.service.second.sightings import Telemetry, in_log, in_transcripts
from bailiwick.service.state_directory import StoreError

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
PORT = 4318
"""The port of OTLP over HTTP."""

_Action = Callable[[str, str], argparse.ArgumentParser]


def register(action: _Action) -> None:
    """Add the verbs to `bailiwick log`."""
    receiver = action("receive", "Receive the client's own OpenTelemetry logs (OTLP/HTTP), until stopped.")
    receiver.set_defaults(func=run, do=_receive)
    receiver.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    receiver.add_argument("--port", type=int, default=PORT, help=f"port to listen on ({PORT})")
    receiver.add_argument("--listen", default="", metavar="HOST:PORT", help="both in one word")
    receiver.add_argument("--token-file", metavar="FILE", help="hear only who presents this bearer token")
    complete = action(
        "completeness",
        "Report every tool call that one source saw and another didn't, and every skill of which they disagree.",
    )
    complete.set_defaults(func=run, do=_completeness)
    complete.add_argument(
        "--transcripts",
        action="append",
        default=[],
        metavar="DIR",
        help="the client's transcripts, mostly ~/.claude/projects",
    )
    complete.add_argument(
        "--since", default="", metavar="WHEN", help="2h, 7d, 2026-11-22 or 2026-11-22T18:00 (UTC)"
    )
    complete.add_argument(
        "--grace", type=int, default=60, metavar="SECONDS", help="leave out calls younger than this (60)"
    )
    complete.add_argument(
        "--record",
        action="store_true",
        help="put every call and skill that the hooks didn't see on record, once",
    )


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return int(asked.do(find(asked.state), asked))
    except (StoreError, ReceiverError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except ValueError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE


def _receive(places: Places, asked: argparse.Namespace) -> int:
    host, port = asked.host, asked.port
    if asked.listen:
        host, _, digits = asked.listen.rpartition(":")
        if not host or not digits.isdigit():
            raise ValueError(f"--listen {plain(asked.listen)}: write HOST:PORT, such as 127.0.0.1:{PORT}")
        port = int(digits)
    host = host.strip("[]")
    token = read_named_text(asked.token_file).strip() if asked.token_file else ""
    shown = f"[{plain(host)}]" if ":" in host else plain(host)
    print(f"receiving at http://{shown}:{port}/v1/logs", file=sys.stderr)
    asyncio.run(receive(places.state, host, port, token=token))
    return DONE


def _completeness(places: Places, asked: argparse.Namespace) -> int:
    now = time.time()
    since = moment(asked.since, now=now) or 0
    with LogReader(places.state) as reader:
        seen: list[Sighting] = []
        loaded: list[Activation] = []
        for one in in_log(reader, since):
            if isinstance(one, Activation):
                loaded.append(one)
            else:
                seen.append(one)
        with Telemetry(places.state) as telemetry:
            seen += telemetry.sightings(since)
            loaded += telemetry.activations()
        for folder in asked.transcripts:
            seen += in_transcripts(Path(folder), since)
        until = int(now * 1_000) - max(asked.grace, 0) * 1_000
        found = compare(seen, until_ms=until)
        differing = [one for one in differences(seen, loaded, until_ms=until) if one.time_ms >= since]
        if asked.record:
            notes = [_of_gap(gap) for gap in found.gaps if gap.is_ungoverned]
            notes += [_of_difference(one) for one in differing if one.is_unlogged]
            _record(places, reader, notes)
            _record_consents(places, seen)
    for gap in found.gaps:
        _print(gap, as_json=asked.json)
    for difference in differing:
        _print_difference(difference, as_json=asked.json)
    if not asked.json:
        ungoverned = sum(gap.is_ungoverned for gap in found.gaps)
        print(
            f"{found.calls} calls of {found.sessions} sessions seen by all; {ungoverned} that no hook saw, {len(found.gaps) - ungoverned} that another source didn't; "
            f"{len(differing)} skills of which they disagree",
            file=sys.stderr,
        )
    return FINDINGS if found.gaps or differing else DONE


def _record_consents(places: Places, seen: list[Sighting]) -> None:
    """Put on record which calls a person let run from then on for good: a hook sees no more than that they ran."""
    known = {one.call_id for one in seen if one.source is Source.HOOK and one.approver == _FOR_GOOD}
    given = [one for one in seen if one.source is Source.TELEMETRY and one.approver == _FOR_GOOD]
    notes = [
        Note(
            kind=Kind.PERMISSION_ANSWERED,
            text="the client says that a person let this run, and what is like it from then on",
            client_session=one.session,
            tool=one.tool,
            call_id=one.call_id,
            approved_by=_FOR_GOOD,
        )
        for one in given
        if one.call_id not in known
    ]
    note(places, notes)


_FOR_GOOD = Approver.PERSON_PERMANENTLY


def _print(gap: Gap, *, as_json: bool) -> None:
    if as_json:
        told = {
            "call_id": gap.call_id,
            "session": gap.session,
            "tool": gap.tool,
            "time_ms": gap.time_ms,
            "agent": gap.agent,
        }
        print_json(told | {"seen": gap.seen, "missing": gap.missing})
        return
    _print_rows(
        "NOT GOVERNED" if gap.is_ungoverned else "missing",
        f"{plain(gap.tool)} {plain(gap.call_id)}",
        gap,
        f"seen by {', '.join(gap.seen)}; not by {', '.join(gap.missing)}",
    )


def _print_difference(one: Difference, *, as_json: bool) -> None:
    if as_json:
        told = {"skill": one.skill, "call_id": one.call_id, "session": one.session, "tool": one.tool}
        more = {"time_ms": one.time_ms, "agent": one.agent, "logged": one.logged}
        print_json(told | more | {"seen": one.told, "missing": (one.other,)})
        return
    about = f"{plain(one.tool)} {plain(one.call_id)}" if one.call_id else "a skill was loaded"
    _print_rows("OTHER SKILL", about, one, plain(_said(one)))


def _print_rows(mark: str, about: str, one: Gap | Difference, said: str) -> None:
    when = datetime.fromtimestamp(one.time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    agent = f" of sub-agent {plain(one.agent)}" if one.agent else ""
    print(f"{mark:12}  {when}  {about}{agent}, session {plain(one.session)}")
    print(f"              {said}")


def _said(one: Difference) -> str:
    """What the sources say of a skill, in a sentence."""
    told = ", ".join(one.told)
    if one.call_id:
        return f"{told} names the skill {one.skill}; the log {', '.join(one.logged) or 'none'}"
    return f"{told} says that the skill {one.skill} was loaded; {one.other} doesn't"


def _of_gap(gap: Gap) -> Note:
    said = f"seen by {', '.join(gap.seen)}, not by {', '.join(gap.missing)}"
    return _alarm(Kind.UNRECORDED_CALL, said, gap)


def _of_difference(one: Difference) -> Note:
    return _alarm(Kind.SKILL_DISAGREEMENT, _said(one), one)


def _alarm(kind: Kind, said: str, one: Gap | Difference) -> Note:
    return Note(
        kind=kind,
        text=f"{said}{f'; of sub-agent {one.agent}' if one.agent else ''}",
        client_session=one.session,
        tool=one.tool,
        call_id=one.call_id,
        level="high",
    )


def _record(places: Places, reader: LogReader, notes: list[Note]) -> None:
    """Put on record what isn't there yet: a call once, what is said of a skill once for each session and call."""
    known = {
        _identity(
            Kind(record["kind"]),
            record.get("client_session"),
            record.get("call_id") or "",
            record.get("text"),
        )
        for record in (entry.record for entry in reader.entries())
        if record.get("kind") in (Kind.UNRECORDED_CALL, Kind.SKILL_DISAGREEMENT)
    }
    fresh = [
        one for one in notes if _identity(one.kind, one.client_session, one.call_id, one.text) not in known
    ]
    note(places, fresh)


def _identity(kind: Kind, session: str | None, call_id: str, text: str | None) -> tuple[str | None, ...]:
    return (kind, call_id) if kind is Kind.UNRECORDED_CALL else (kind, session, call_id, text)
