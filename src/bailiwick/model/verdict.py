"""The verdict order and the enforcement mode."""

from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What policy says of a request; verdicts are combined by ``max``, so nothing added ever weakens another."""

    ABSTAIN = 0
    ALLOW = 1
    ASK = 2
    DENY = 3

    @property
    def label(self) -> str:
        """The lower-case word used on every wire and in every message."""
        return self.name.lower()


class Mode(StrEnum):
    """How far a verdict is carried out.

    ``monitor`` records what would have been stopped and stops nothing; ``warn`` also tells the person;
    ``enforce`` stops it.
    """

    MONITOR = "monitor"
    WARN = "warn"
    ENFORCE = "enforce"
