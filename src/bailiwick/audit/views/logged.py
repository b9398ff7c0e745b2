"""A record as it stands in the log, and what every view says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bailiwick import __version__
from bailiwick.audit.kinds import Kind
from bailiwick.audit.wording import argument, items_of, number_of, plain, summary, text_of

VENDOR = PRODUCT = "Bailiwick"
VERSION = __version__

LONGEST_TITLE = 2_000
"""Characters of what a record is about that its title keeps; the rest stands in its own field."""

_SHELLS = frozenset(("Bash", "PowerShell"))
_READING = frozenset(("Read", "Glob", "Grep", "LS", "NotebookRead"))
_WRITING = frozenset(("Write", "Edit", "MultiEdit", "NotebookEdit"))
_ALERTING = frozenset((Kind.ALARM, Kind.AUDIT_GAP, Kind.REFUSED_INPUT, Kind.DRIFT, Kind.SKILL_DISAGREEMENT))
_LEVELS = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}


class Severity(IntEnum):
    """How bad it is, numbered as OCSF numbers it."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A record as it stands in the log: its fields, its place there and its leaf hash.

    ``mark`` tells an event about the log from the record at the place that it speaks of.
    """

    index: int
    leaf: bytes
    record: Mapping[str, Any]
    mark: str = ""

    @property
    def event_id(self) -> str:
        """An id that no other record has, the same each time it is sent: log, dash, place."""
        return f"{text_of(self.record, 'epoch') or 'unknown'}-{self.index}{self.mark}"

    @property
    def kind(self) -> str:
        """The kind of record."""
        return text_of(self.record, "kind") or "unreadable"

    @property
    def time_ms(self) -> int:
        """Milliseconds since 1970, UTC; never negative."""
        return max(number_of(self.record, "time_ms") or 0, 0)

    @property
    def tool(self) -> str:
        """The tool, empty where no tool is concerned."""
        return text_of(self.record, "tool")

    @property
    def is_shell(self) -> bool:
        """Whether a tool is concerned that runs a command line."""
        return self.tool in _SHELLS

    @property
    def reads_file(self) -> bool:
        """Whether a tool is concerned that reads files."""
        return self.tool in _READING

    @property
    def writes_file(self) -> bool:
        """Whether a tool is concerned that writes a file."""
        return self.tool in _WRITING

    @property
    def command(self) -> str:
        """The command line that a shell tool was given."""
        return argument(self.record, "command") if self.is_shell else ""

    @property
    def path(self) -> str:
        """The file that is concerned: as analysis resolved it, else as the tool was given it."""
        wanted = "write" if self.writes_file else "read"
        accesses = [item for item in items_of(self.record, "accesses") if text_of(item, "path")]
        for item in sorted(accesses, key=lambda item: text_of(item, "kind") != wanted):
            return text_of(item, "path")
        return argument(self.record, "file_path", "notebook_path", "path")

    @property
    def title(self) -> str:
        """The record in a line: what it is and what it is about."""
        return plain(f"{self.tool or self.kind} {summary(self.record)[:LONGEST_TITLE]}".rstrip())

    @property
    def verdict(self) -> str:
        """What was carried out: allow, ask, deny; empty where nothing was decided."""
        return text_of(self.record, "enforced")

    @property
    def is_monitored(self) -> bool:
        """Whether policy said more than was carried out."""
        said = text_of(self.record, "verdict")
        return said in {"ask", "deny"} and said != self.verdict

    @property
    def severity(self) -> Severity:
        """How bad it is: an alert's own level, else by what was decided and noticed."""
        if level := _LEVELS.get(text_of(self.record, "level")):
            return Severity(level)
        if self.kind in _ALERTING:
            return Severity.HIGH
        certain = any(text_of(item, "confidence") == "high" for item in items_of(self.record, "findings"))
        said = text_of(self.record, "verdict")
        if said == "deny":
            return Severity.HIGH if certain else Severity.MEDIUM
        return Severity.LOW if said == "ask" or certain else Severity.INFORMATIONAL

    @property
    def reason(self) -> Mapping[str, Any]:
        """The strongest reason, empty when there is none."""
        return next(iter(items_of(self.record, "reasons")), {})
