"""What a conversation holds that goes on in another session: after `--resume`, in a fork of it, after a restart.

The client's id names a conversation. What a governed session knew of it is kept when that session is over; of one that began
without Bailiwick the client's own transcript says which skills it used. A transcript is the person's file, so it is
evidence, not proof: it can only add to what is held against a session.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson

from bailiwick.information.attribution import MAX_NAME, MAX_PLACES, How, SkillUse, places_from_json
from bailiwick.information.labels import Label, labelled, labels_from_json
from bailiwick.information.sessions import SessionState
from bailiwick.model.event import Event
from bailiwick.model.value import value

PREFIX = "talk-"
"""Rows of conversations in the store."""

KEEP_SECONDS = 30 * 86_400
"""How long a conversation that nobody goes on with is remembered; the client keeps its transcripts as long."""

MAX_KEPT = 2000
"""Conversations that are remembered, the latest."""

MAX_TRANSCRIPT = 32 * 2**20
"""Bytes of a transcript that are looked through, from its end."""

TAIL = 128 * 1024
"""Bytes at the end of a transcript in which a call that is about to be made stands."""

_BOUNDARY = b'"compact_boundary"'

_ATTRIBUTED = re.compile(rb'"attributionSkill"\s*:\s*"((?:[^"\\]|\\.){1,256})"')


@value(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What one conversation has before it: skills and labels."""

    uses: tuple[SkillUse, ...] = ()
    labels: tuple[Label, ...] = ()


def _row(uid: int, conversation: str) -> str:
    return f"{PREFIX}{uid}-{conversation[:MAX_NAME]}"


def of_state(state: SessionState, conversation: str) -> Conversation:
    """What a session knows of one of its conversations; its sub-agents are gone when it is over."""
    return Conversation(
        uses=tuple(
            replace(use, lingers=True)
            for use in state.skills.uses
            if use.session == conversation and not use.agent
        ),
        labels=tuple(label for label in state.labels if label.session == conversation),
    )


def rows_of(state: SessionState, now: int) -> Iterator[tuple[str, bytes]]:
    """What is kept of a session that is over."""
    for conversation in state.client_sessions:
        held = of_state(state, conversation)
        if held.uses or held.labels:
            yield _row(state.uid, conversation), orjson.dumps({"at": now, **asdict(held)})


def stale(rows: Mapping[str, bytes], now: int) -> Iterator[str]:
    """Rows that are too old, or too many."""
    dated = sorted(((_at(row), key) for key, row in rows.items()), reverse=True)
    for place, (at, key) in enumerate(dated):
        if place >= MAX_KEPT or not 0 <= now - at <= KEEP_SECONDS:
            yield key


def _at(row: bytes) -> int:
    try:
        return int(orjson.loads(row)["at"])
    except (ValueError, TypeError, KeyError):
        return -1


def recalled(row: bytes) -> Conversation:
    """A conversation that was kept; one that can't be read holds nothing, which the transcript then says better."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        value: dict[str, Any] = orjson.loads(row)
        uses = tuple(
            SkillUse(**{**use, "how": How(use["how"]), "places": places_from_json(use["places"])})
            for use in value["uses"]
        )
        return Conversation(uses=uses, labels=labels_from_json(value["labels"]))
    return Conversation()


def together(held: Iterable[Conversation]) -> Conversation:
    """What sessions that are over knew of one conversation, in their order: whether it was shortened since, the last one knows."""
    uses: dict[str, SkillUse] = {}
    labels: dict[tuple[object, ...], Label] = {}
    for one in held:
        for use in one.uses:
            known = uses.get(use.name, use).places
            places = tuple(dict.fromkeys((*known, *use.places)))[:MAX_PLACES]
            uses[use.name] = replace(use, places=places)
        labels |= {(label.kind, label.what, label.skills): label for label in one.labels}
    return Conversation(uses=tuple(uses.values()), labels=tuple(labels.values()))


def row_named(uid: int, conversation: str) -> str:
    """The row under which a conversation is kept."""
    return _row(uid, conversation)


def joined(state: SessionState, conversation: str, held: Iterable[Conversation]) -> SessionState:
    """The session, going on with a conversation of which this is known."""
    skills, labels = state.skills, state.labels
    for one in held:
        for use in one.uses:
            skills = skills.load(replace(use, session=conversation[:MAX_NAME], agent=""))
        labels = labelled(labels, (replace(label, session=conversation[:MAX_NAME]) for label in one.labels))
    return replace(state, skills=skills, labels=labels)


def from_transcript(event: Event) -> Conversation:
    """The skills that the client's transcript names, for a conversation that nobody here has seen. Total."""
    end = _end(event.transcript, MAX_TRANSCRIPT)
    shortened = _shortened(end)
    last = {_text(found[1]): found.start() for found in _ATTRIBUTED.finditer(end)}
    return Conversation(
        uses=tuple(
            SkillUse(
                name=name,
                agent="",
                session=event.session[:MAX_NAME],
                how=How.TRANSCRIPT,
                lingers=True,
                compacted=place < shortened,
            )
            for name, place in last.items()
            if name
        )
    )


def _shortened(transcript: bytes) -> int:
    """Where the conversation was last shortened; -1 where it wasn't. What stands inside of a message is none of it."""
    place = transcript.rfind(_BOUNDARY)
    while place >= 0:
        begin, stop = transcript.rfind(b"\n", 0, place) + 1, transcript.find(b"\n", place)
        with contextlib.suppress(ValueError):
            line = orjson.loads(transcript[begin : stop if stop >= 0 else len(transcript)])
            if isinstance(line, dict) and (line.get("type"), line.get("subtype")) == (
                "system",
                "compact_boundary",
            ):
                return begin
        place = transcript.rfind(_BOUNDARY, 0, begin)
    return -1


def attributed_by_client(event: Event, call: str) -> str:
    """The skill to which the client's transcript puts a call down that is about to be made; empty where it names none. Total."""
    if not event.transcript.endswith(".jsonl") or not call:
        return ""
    path = event.transcript
    if event.agent:
        path = f"{path.removesuffix('.jsonl')}/subagents/agent-{os.path.basename(event.agent)}.jsonl"  # noqa: PTH119
    needle, end = orjson.dumps(call), _end(path, TAIL)
    place = end.rfind(needle)
    while place >= 0:
        begin, stop = end.rfind(b"\n", 0, place) + 1, end.find(b"\n", place)
        line = end[begin : stop if stop >= 0 else len(end)]
        if b'"tool_use"' in line:
            found = _ATTRIBUTED.search(line)
            return _text(found[1]) if found else ""
        place = end.rfind(needle, 0, begin)
    return ""


def _text(raw: bytes) -> str:
    try:
        value = orjson.loads(b'"' + raw + b'"')
    except orjson.JSONDecodeError:
        return ""
    return str(value)[:MAX_NAME]


def _end(path: str, size: int) -> bytes:
    """The last ``size`` bytes of a plain file; nothing of anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    try:
        whole = os.fstat(descriptor).st_size
        return os.pread(descriptor, size, max(0, whole - size))
    except OSError:
        return b""
    finally:
        os.close(descriptor)
