"""One thing the doctor looked at: what came of it and, where it does not hold, the mend."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of a check. A ``NOTE`` is worth knowing and fails nothing."""

    HOLDS = "holds"
    FAILS = "FAILS"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``name`` is stable (``live/deny``); ``found`` says what was proven or seen; ``mend`` what to do."""

    name: str
    outcome: Outcome
    found: str
    mend: str = ""


def holds(name: str, found: str) -> Check:
    """A check that holds."""
    return Check(name=name, outcome=Outcome.HOLDS, found=found)


def fails(name: str, found: str, mend: str) -> Check:
    """A check that does not."""
    return Check(name=name, outcome=Outcome.FAILS, found=found, mend=mend)


def note(name: str, found: str, mend: str = "") -> Check:
    """Something worth knowing."""
    return Check(name=name, outcome=Outcome.NOTE, found=found, mend=mend)
