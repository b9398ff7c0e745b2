# ruff: noqa: RUF009 (`declare` returns dataclass fields, each its own)
"""Which alerts are not raised: `suppressions.yaml`, each with its reason and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bailiwick.model.decision import Origin
from bailiwick.policy.dates import end_of
from bailiwick.policy.document import read_document
from bailiwick.policy.errors import Problems
from bailiwick.policy.shapes import Listed, Record, Text, Word, declare

_GLOB = Word(what="a pattern")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One reason not to raise an alert; every condition it has must hold."""

    at: Origin
    rule: Text = declare(_GLOB, "The rule's id or title, as a glob.", required=True)
    because: Text = declare(Word(what="a sentence"), "Why this is no alert.", required=True)
    until: Text = declare(
        Word(what="a date", pattern=r"\d{4}-\d{2}-\d{2}"), "The last day on which it holds.", required=True
    )
    user: Text | None = declare(_GLOB, "The account, as a glob.")
    computer: Text | None = declare(_GLOB, "The machine, as a glob.")
    path: Text | None = declare(_GLOB, "The file that is concerned, as a glob.")
    command: Text | None = declare(_GLOB, "The command line, as a glob.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressions:
    """`suppressions.yaml`: alerts that are not raised."""

    at: Origin
    suppress: tuple[Suppression, ...] = declare(
        Listed(of=Record(of=Suppression)), "The reasons.", required=True
    )


def load_suppressions(file: str, text: str) -> tuple[Suppression, ...]:
    """The suppressions in a file. Raises ``PolicyErrors``, all mistakes at once."""
    problems = Problems({file: text})
    node = read_document(file, text, problems)
    read: Suppressions | None = None if node is None else Record(of=Suppressions).read(node, problems)
    for one in read.suppress if read else ():
        end_of(one.until, problems)
    problems.raise_any()
    return read.suppress if read else ()


def suppressed_by(
    suppressions: tuple[Suppression, ...], *, rule: str, title: str, row: Mapping[str, Any], now: float
) -> Suppression | None:
    """The first suppression that holds for a rule's match on ``row``, at ``now`` (seconds since 1970)."""
    for one in suppressions:
        end = end_of(one.until, Problems({}))
        asked = (
            (one.user, row.get("User")),
            (one.computer, row.get("Computer")),
            (one.path, row.get("TargetFilename")),
            (one.command, row.get("CommandLine")),
        )
        if (
            end is not None
            and now < end
            and (fnmatchcase(rule, one.rule.text) or fnmatchcase(title, one.rule.text))
            and all(glob is None or fnmatchcase(str(value or ""), glob.text) for glob, value in asked)
        ):
            return one
    return None
