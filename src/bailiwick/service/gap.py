"""Answers that could not be recorded: counted until the log can be written again, and then on record (AU-5)."""

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.recording import service_record
from bailiwick.audit.redaction import Redactor
from bailiwick.model.value import value


@value(frozen=False, slots=True)
class Gap:
    """What the log lacks since it could last be written: answers denied for that reason, and answers given all the same."""

    denied: int = 0
    allowed: int = 0
    since_ms: int = 0
    last_ms: int = 0
    why: str = ""

    def note(self, why: str, now_ms: int, *, allowed: bool) -> None:
        """Count an answer that was not recorded."""
        if not self.denied + self.allowed:
            self.since_ms, self.why = now_ms, why
        self.last_ms = now_ms
        if allowed:
            self.allowed += 1
        else:
            self.denied += 1

    def record(self, stamp: Stamp, redactor: Redactor) -> Record:
        """The mark."""
        return service_record(
            Kind.AUDIT_GAP,
            stamp,
            redactor,
            message=f"{self.denied + self.allowed} answers were not recorded: {self.denied} denied for it, "
            f"{self.allowed} given as policy said (audit: on_failure)",
            error=self.why,
            details={
                "denied": self.denied,
                "allowed": self.allowed,
                "since_ms": self.since_ms,
                "last_ms": self.last_ms,
            },
        )

    def close(self, recorded: "Gap") -> None:
        """Take what was recorded off; what came meanwhile stays."""
        self.denied -= recorded.denied
        self.allowed -= recorded.allowed

    @property
    def is_open(self) -> bool:
        """Whether anything is to be recorded."""
        return self.denied + self.allowed > 0
