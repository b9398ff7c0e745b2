"""What is put on record by others than the endpoint service: that the log was read, what detection and a second source found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bailiwick.audit.finish import Draft, finish
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.recording import local_identity
from bailiwick.audit.redaction import Redactor

NOTED = frozenset(
    (
        *(Kind.LOG_READ, Kind.DETECTION, Kind.PERMISSION_ANSWERED),
        *(Kind.UNRECORDED_CALL, Kind.SKILL_DISAGREEMENT),
    )
)
"""Kinds that a note may have: none of them says that a client did something, unless as another source has it."""

MOST = 100
"""Techniques or pieces of evidence in a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing to be put on record; the fields are those of a ``Record``. ``user`` is whom it is about, empty for who notes it."""

    kind: Kind
    text: str
    user: str = ""
    session: str = ""
    client_session: str = ""
    tool: str = ""
    call_id: str = ""
    rule: str = ""
    level: str = ""
    approved_by: str = ""
    techniques: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The note as the service is sent it."""
        return {name: value for name, value in asdict(self).items() if value not in ("", ())}


_TEXTS = frozenset(
    ("text", "user", "session", "client_session", "tool", "call_id", "rule", "level", "approved_by")
)
_LISTS = frozenset(("techniques", "evidence"))


def note_from(asked: Mapping[str, Any]) -> Note:
    """Inverse of ``Note.to_json``. Raises ValueError naming what is wrong."""
    kind = asked.get("kind")
    if kind not in NOTED:
        raise ValueError(f"kind must be one of {', '.join(sorted(NOTED))}")
    fields: dict[str, Any] = {"kind": Kind(kind), "text": ""}
    for name, value in asked.items():
        if name in _TEXTS and isinstance(value, str):
            fields[name] = value
        elif (
            name in _LISTS
            and isinstance(value, list | tuple)
            and all(isinstance(item, str) for item in value)
        ):
            fields[name] = tuple(value[:MOST])
        elif name != "kind":
            raise ValueError(f"{name[:40]}: no such field, or not of its type")
    return Note(**fields)


def record_of_note(note: Note, stamp: Stamp, redactor: Redactor, *, user: str, uid: int | None) -> Record:
    """The record of a note; ``user`` and ``uid`` are who notes it, kept where the note is about nobody else."""
    fields = {
        **{name: value for name, value in asdict(note).items() if name != "user"},
        "time_ms": stamp.wall_ms,
        "monotonic_us": stamp.monotonic_ns // 1_000,
        "host": stamp.host,
        "salt": stamp.salt,
        "user": note.user or user,
        "identity": local_identity(note.user or user, stamp.host),
        "uid": None if note.user and note.user != user else uid,
    }
    return finish(Draft(fields=fields), redactor)
