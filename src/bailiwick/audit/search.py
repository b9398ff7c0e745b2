"""What the log is asked, and what is answered: the same for every index, whatever engine holds it.

An index answers from what ``Terms`` takes out of each record; the records themselves stay in the log.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from bailiwick.audit.kinds import Kind
from bailiwick.audit.wording import items_of, number_of, text_of, words_of

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
LONGEST_TEXT = 4_096
"""Characters of a record that full text is searched in."""

MOST = 64
"""Rules, paths and hosts of a record that are indexed; the record may list more."""


class By(StrEnum):
    """What counts are counted by."""

    USER = "user"
    TOOL = "tool"
    VERDICT = "verdict"
    DAY = "day"


class Thing(StrEnum):
    """What is seen for the first time."""

    TOOL = "tool"
    SKILL = "skill"
    PATH = "path"
    HOST = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions, all of which must hold; empty ones hold for every record.

    ``tool``, ``kind`` and ``rule`` are globs. ``session`` is Bailiwick's key or the client's id, or how either
    begins. ``verdict`` is what policy said or what was carried out. ``under`` is how the path of a file that was accessed begins.
    ``host`` is the machine, or a host that was contacted. ``skill`` was active or triggered the call. ``words`` must all occur in the record's
    texts; one that ends in ``*`` may go on. ``since_ms`` (inclusive) and ``until_ms`` (exclusive) are milliseconds since 1970, UTC.
    """

    user: str = ""
    session: str = ""
    tool: str = ""
    kind: str = ""
    skill: str = ""
    verdict: str = ""
    rule: str = ""
    under: str = ""
    host: str = ""
    words: str = ""
    since_ms: int | None = None
    until_ms: int | None = None

    def described(self) -> str:
        """The conditions in a line, for the record that the log was read."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        return " ".join(f"{name}={value}" for name, value in given if value not in ("", None)) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many tool calls there were of one combination; ``values`` are in the order that was asked for."""

    values: tuple[str, ...]
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSeen:
    """When a person's agent first used a thing, where in the log that stands, and how often it did since."""

    user: str
    thing: Thing
    name: str
    place: int
    time_ms: int
    times: int


class AuditIndex(Protocol):
    """An index over a log: rebuilt from it at any time, and never what a proof rests on."""

    def add(self, records: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Index records with their places in the log, which follow those indexed before."""

    def find(self, search: Search, *, limit: int) -> list[int]:
        """Places of the records for which ``search`` holds, newest first, ``limit`` at most."""

    def session(self, session: str) -> list[int]:
        """Places of the records of a session (key, client's id, or how either begins), oldest first."""

    def counts(self, by: tuple[By, ...], *, search: Search, limit: int) -> list[Count]:
        """Tool calls counted; most first. Of ``search`` user, tool, verdict (carried out) and days (UTC) are heeded."""

    def first_seen(self, *, thing: Thing, user: str, since_ms: int, limit: int) -> list[FirstSeen]:
        """Things first used since a moment, newest first; of every user where ``user`` is empty."""


class Terms(NamedTuple):
    """What an index keeps of a record: a tuple, so that a batch of them becomes columns at once."""

    time_ms: int
    kind: str
    user: str
    session: str
    client_session: str
    tool: str
    verdict: str
    enforced: str
    host: str
    skills: tuple[str, ...]
    rules: tuple[str, ...]
    paths: tuple[str, ...]
    hosts: tuple[str, ...]
    text: str


_TEXTS = (
    "kind", "user", "session", "client_session", "tool", "verdict", "enforced", "host",
    "input", "text", "error", "agent_type", "project", "rule", "trigger", "activates",
)  # fmt: skip
_NONE = ("",) * len(_TEXTS)
_STRINGS = {str}

Placed = tuple[int, Terms]
"""The terms of a record and its place in the log."""


def terms_of(record: Mapping[str, Any]) -> Terms:
    """The terms of a record. Total."""
    given = list(map(record.get, _TEXTS, _NONE))
    if set(map(type, given)) != _STRINGS:
        given = [one if one.__class__ is str else "" for one in given]
    kind, user, session, client_session, tool, verdict, enforced, host, said, *others = given
    text, error, agent_type, project, rule, trigger, activates = others
    texts = [said, text, error, tool, agent_type, project]
    paths, hosts = list[str](), list[str]()
    if accesses := items_of(record, "accesses"):
        shown = said[:LONGEST_TEXT]
        for item in accesses[:MOST]:
            # What the input says in just these words need not be taken apart again.
            texts += [word for word in map(str, item.values()) if f'"{word}"' not in shown]
        for item in accesses:
            if "path" in item or "real" in item:
                paths += text_of(item, "path"), text_of(item, "real")
            if "host" in item:
                hosts.append(text_of(item, "host"))
    rules = [rule, *words_of(record, "rules")] if rule or "rules" in record else []
    if "reasons" in record or "findings" in record:
        told = [*items_of(record, "reasons"), *items_of(record, "findings")]
        rules = [*(text_of(item, "rule") for item in told), *rules]
        texts += [text_of(item, name) for item in told for name in ("message", "about", "rule")]
    skills = (
        [*words_of(record, "skills"), trigger, activates]
        if trigger or activates or "skills" in record
        else []
    )
    # Else whoever looks for a word finds every search for that word.
    whole = "" if kind == Kind.LOG_READ else " ".join(filter(None, texts))[:LONGEST_TEXT]
    time_ms = number_of(record, "time_ms") or 0
    named = (_distinct(skills), _distinct(rules), _distinct(paths), _distinct(hosts))
    return Terms(time_ms, kind, user, session, client_session, tool, verdict, enforced, host, *named, whole)


def _distinct(names: list[str]) -> tuple[str, ...]:
    return () if not names else tuple(dict.fromkeys(filter(None, names)))[:MOST]


_WORD = re.compile(r"\w+\*?")


def words_in(text: str) -> list[tuple[str, bool]]:
    """The words that are looked for, and whether each may go on: every run of letters and digits, as texts are taken apart."""
    return [(word.rstrip("*").lower(), word.endswith("*")) for word in _WORD.findall(text.replace("_", " "))]


def day_of(day: int) -> str:
    """The name of a day, counted since 1970, UTC; days that no calendar has are held to those it has."""
    return datetime.fromtimestamp(min(max(day, 0), 2_932_896) * 86_400, UTC).strftime("%Y-%m-%d")
