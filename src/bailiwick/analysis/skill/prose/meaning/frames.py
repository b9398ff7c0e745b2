"""Orders that fit a frame of ``frames.txt``: several classes near each other that together ask for one thing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from bailiwick.analysis.skill.facts import Intent, Inventory, Order
from bailiwick.analysis.skill.markdown import Block, Kind
from bailiwick.analysis.skill.prose.meaning.passages import AROUND, Passage, passages
from bailiwick.analysis.skill.prose.words import short
from bailiwick.analysis.skill.speech import Sentence, sentences
from bailiwick.model.skill import Role, Source

TABLE: Final = "frames.txt"
APART: Final = 6
"""Lines between two orders of one intent that are told apart."""

MAX_TEXT: Final = 20_000
"""Characters of a text that stands by itself that are read."""

_HUSHED = frozenset(("hushed",))
Classes: TypeAlias = frozenset[str]
Reach: TypeAlias = tuple[int, Classes]


class FrameError(ValueError):
    """A line of the table that can't be read: file, line, and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One row of the table, which says what each part is; ``says`` is what it means in words."""

    intent: Intent
    says: str
    it: tuple[Classes, ...]
    near: tuple[Reach, ...]
    never: tuple[Reach, ...]
    host: int | None
    told: bool
    loose: bool

    def fits(self, passage: Passage) -> bool:
        """Whether the passage has what the frame wants and nothing that speaks against it."""
        holds = passage.it.holds
        return (
            all(not one.isdisjoint(holds) for one in self.it)
            and not (self.told and passage.it.sentence.reporting)
            and (self.host is None or bool(passage.hosts(self.host)))
            and all(passage.any_of(one, reach) for reach, one in self.near)
            and not any(passage.any_of(one, reach) for reach, one in self.never)
        )


@cache
def frames() -> tuple[Frame, ...]:
    """The table, read. Raises FrameError."""
    return parse(files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Frame, ...]:
    """The frames that a table spells. Raises FrameError."""
    lists: dict[str, str] = {}
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        try:
            if " | " in line:
                found.append(_frame([part.strip() for part in line.split(" | ")], lists))
            else:
                name, meaning = line.split(" = ")
                lists[name] = meaning
        except (ValueError, KeyError) as error:
            raise FrameError(f"{TABLE}:{number}: {error}") from error
    return tuple(found)


def _frame(parts: list[str], lists: dict[str, str]) -> Frame:
    intent, it, *rest, says = parts
    told = it.startswith("told ")
    near: list[Reach] = []
    never: list[Reach] = []
    host = None
    for part in rest:
        word, _, tail = part.partition(" ")
        if word == "host":
            host = int(tail)
        elif word == "near":
            near += _reaches(tail, lists)
        elif word == "never":
            never += _reaches(tail, lists)
        else:
            raise ValueError(f"{part!r} is none of near, host, never")
    groups = it.removeprefix("told ").removeprefix("it ").split(" & ")
    return Frame(
        intent=Intent(intent.removesuffix("?")),
        says=says,
        it=tuple(_classes(group, lists) for group in groups),
        near=tuple(near),
        never=tuple(never),
        host=host,
        told=told,
        loose=intent.endswith("?"),
    )


def _reaches(text: str, lists: dict[str, str]) -> list[Reach]:
    pairs = [pair.strip().split(" ", 1) for pair in lists.get(text, text).split(";")]
    return [(int(reach), _classes(names, lists)) for reach, names in pairs]


def _classes(text: str, lists: dict[str, str]) -> Classes:
    return frozenset(name for word in text.split() for name in lists.get(word, word).split())


_CLOSING: Final = " *_)\"'\u201d"
_TAKES = re.compile(
    r"^\W*(?:\d+\W+)?(?:(?:then|first|next)\W+)?(?:fetch|download|get|retrieve|pull)\b[^.\n]{0,120}?\bfrom\s+<?https?://",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"\b(?:send|post|upload|attach|include|append|submit|pass|put|add|share|with (?:the|your|its|their|all|each|every))\b|[?&]\w+=",
    re.IGNORECASE,
)
"""What takes something from a host gives it nothing, unless it says what it sends along."""


def orders_in(said: Sequence[Sentence], path: str, into: Inventory) -> None:
    """Note the orders of one document, the first of each intent in a passage."""
    last: dict[Intent, int] = {}
    for passage in passages(said):
        it = passage.it.sentence
        for frame in frames():
            if it.text.rstrip(_CLOSING).endswith("?") and frame.intent is not Intent.PHISH:
                continue  # a question asks for an answer, not for what it speaks of
            if it.line - last.get(frame.intent, -APART) < APART or not frame.fits(passage):
                continue
            if frame.host is not None and _TAKES.search(it.text) and not _GIVES.search(it.text):
                continue
            last[frame.intent] = it.line
            into.order(
                Order(
                    intent=frame.intent,
                    text=f"{frame.says}: {short(it.text)}",
                    source=Source(path=path, line=it.line),
                    role=it.role,
                    hosts=passage.hosts(frame.host) if frame.host is not None else (),
                    hushed=passage.any_of(_HUSHED, AROUND),
                    loose=frame.loose,
                )
            )


def orders_of(text: str) -> tuple[Order, ...]:
    """The orders of a text that stands by itself, such as a comment."""
    into = Inventory()
    orders_in(list(sentences(Block(Kind.TEXT, text[:MAX_TEXT], 1), Role.INSTRUCTED)), "", into)
    return tuple(into.orders)
