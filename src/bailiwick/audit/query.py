"""What is looked for in the log: conditions on a record, all of which must hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Conditions; empty ones hold for every record.

    ``tool``, ``rule`` and ``kind`` are globs. ``session`` is Bailiwick's key or the client's id, or how either
    begins. ``verdict`` is what policy said or what was carried out. ``path`` is text in a path, host, program
    or argument that was accessed; ``text`` is text anywhere in the record. ``since_ms`` (inclusive) and
    ``until_ms`` (exclusive) are milliseconds since 1970, UTC, of the wall clock at the time.
    """

    user: str = ""
    session: str = ""
    tool: str = ""
    kind: str = ""
    verdict: str = ""
    rule: str = ""
    path: str = ""
    text: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def matches(self, record: Fields) -> bool:
        """Whether every condition holds for a record's fields."""
        return (
            (not self.user or record.get("user") == self.user)
            and (
                not self.session
                or any(str(record.get(name, "")).startswith(self.session) for name in _SESSION)
            )
            and (not self.tool or fnmatchcase(str(record.get("tool", "")), self.tool))
            and (not self.kind or fnmatchcase(str(record.get("kind", "")), self.kind))
            and (not self.verdict or self.verdict in {record.get("verdict"), record.get("enforced")})
            and (not self.rule or any(fnmatchcase(rule, self.rule) for rule in rules_of(record)))
            and (not self.path or any(self.path in target for target in targets_of(record)))
            and (not self.text or any(self.text.casefold() in text.casefold() for text in texts_of(record)))
            and (self.since_ms is None or record.get("time_ms", 0) >= self.since_ms)
            and (self.until_ms is None or record.get("time_ms", 0) < self.until_ms)
        )


_SESSION = ("session", "client_session")


def rules_of(record: Fields) -> Iterator[str]:
    """The rules that spoke and the rules that found something."""
    for name in ("reasons", "findings"):
        for item in record.get(name, ()):
            yield str(item.get("rule", ""))


def targets_of(record: Fields) -> Iterator[str]:
    """What was accessed: every path, host, program, argument and name."""
    for access in record.get("accesses", ()):
        for name, value in access.items():
            if name != "kind":
                yield str(value)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_of(item)
