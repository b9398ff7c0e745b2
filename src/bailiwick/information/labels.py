"""What a conversation has been told that matters for where its data may go. Pure.

Labels follow FIDES and CaMeL in kind, not in extent: what was read labels the conversation, not each value in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from bailiwick.model.value import value

MAX_LABELS = 48
"""Labels that one session remembers of each kind: the first ones, which explain the most."""

MAX_WHAT = 200
"""Characters of a label's source."""


class LabelKind(StrEnum):
    """What was read: data that policy calls private, a secret, or content that anybody may have written."""

    PRIVATE = "private"
    SECRET = "secret"  # noqa: S105 - a label's name
    UNTRUSTED = "untrusted"


@value(frozen=True, slots=True, kw_only=True)
class Label:
    """Something that was read. ``what`` is where from, ``by`` the tool, ``call`` its id.

    ``skills`` were active then. ``session`` is the client's id of the conversation, ``compacted`` whether it was shortened
    since.
    """

    kind: LabelKind
    what: str
    by: str
    call: str = ""
    skills: tuple[str, ...] = ()
    session: str = ""
    compacted: bool = False

    def __str__(self) -> str:
        course = f", in the course of {' and '.join(self.skills)}" if self.skills else ""
        return f"{self.what} ({self.by}{course})"


def labelled(labels: tuple[Label, ...], more: Iterable[Label]) -> tuple[Label, ...]:
    """``labels`` with ``more``; the same object when nothing is new."""
    known = {(one.kind, one.what, one.session, one.skills, one.compacted) for one in labels}
    for one in more:
        label = replace(one, what=one.what[:MAX_WHAT], call=one.call[:MAX_WHAT], skills=one.skills[:8])
        key = (label.kind, label.what, label.session, label.skills, label.compacted)
        of_kind = sum(1 for other in labels if (other.kind, other.session) == (label.kind, label.session))
        if key not in known and of_kind < MAX_LABELS:
            labels, known = (*labels, label), known | {key}
    return labels[-4 * MAX_LABELS :]


def compacted(labels: tuple[Label, ...], session: str) -> tuple[Label, ...]:
    """``labels`` after the conversation was shortened."""
    return tuple(replace(one, compacted=True) if one.session == session else one for one in labels)


def labels_from_json(value: Sequence[Mapping[str, Any]]) -> tuple[Label, ...]:
    """What ``dataclasses.asdict`` made of some. Raises ``TypeError``, ``KeyError`` or ``ValueError`` on anything else."""
    return tuple(
        Label(**{**one, "kind": LabelKind(one["kind"]), "skills": tuple(one["skills"])}) for one in value
    )
