"""Classes of words that orders are made of, and where a sentence has one of them.

The table is ``lexicon.txt``: a class holds whatever English has for one thing, so a wider class costs a line there and nothing here. A
sentence is looked up word by word, in time linear in its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

TABLE: Final = "lexicon.txt"
GAP: Final = "_"
MAX_WORDS: Final = 150
"""Words of a sentence that are looked up, marks among them."""

MAX_SCOPE: Final = 14
"""Words behind a negation that it may still deny."""

MAX_GAP: Final = 3
"""Words that may stand where an entry has a gap."""

_WORD = re.compile(r"[~.$]?(?:[/~@.-]*+\w++)++(?:['\u2019]\w+)?|[,;:.!?()]")
_ENDS = frozenset(";:.!?()")
_GOES_ON = frozenset(("or", "nor", "and"))
_LETS_GO = frozenset(("but", "then", "instead", "so", "however"))
_VOWELS = frozenset("aeiou")


class LexiconError(ValueError):
    """A line of the table that can't be read: file, line, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """One class met in a sentence: from which word on, up to which, and whether a negation stands before it in its clause."""

    start: int
    end: int
    negated: bool


Senses = dict[str, tuple[Found, ...]]
"""The classes a sentence has, each with its places."""


@dataclass(slots=True)
class Node:
    """A place in the tree of entries: the classes of those that end here, and what may stand behind."""

    ends: list[str] = field(default_factory=list)
    words: dict[str, "Node"] = field(default_factory=dict)
    gap: "Node | None" = None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The entries as a tree, so that those that begin alike are tried once."""

    entries: Node

    def classes(self) -> frozenset[str]:
        """Every class that has an entry."""
        found: set[str] = set()
        waiting = [self.entries]
        while waiting:
            node = waiting.pop()
            found.update(node.ends)
            waiting += [*node.words.values(), *([node.gap] if node.gap else [])]
        return frozenset(found)

    def senses(self, text: str) -> Senses:
        """The classes that a sentence has, with their places and whether they are negated."""
        plain = _WORD.findall(text.lower().replace("\u2019", "'"))[:MAX_WORDS]
        words = [word.rstrip(".-/") or word for word in plain]
        found: dict[str, list[tuple[int, int]]] = {}
        first = self.entries.words
        for start, word in enumerate(words):
            if (node := first.get(word)) is not None:
                reached: dict[tuple[int, int], tuple[str, int]] = {}
                _reach(words, start + 1, node, reached)
                for name, end in reached.values():
                    found.setdefault(name, []).append((start, end))
        if not found:
            return {}
        scope = _scopes(words, found.pop("not", []))
        return {
            name: tuple(Found(start, end, start in scope) for start, end in places)
            for name, places in found.items()
        }


def _reach(words: list[str], at: int, node: Node, reached: dict[tuple[int, int], tuple[str, int]]) -> None:
    """Note for each entry below ``node`` whose remaining words stand from ``at`` on where it ends, by the shortest gaps."""
    for number, name in enumerate(node.ends):
        reached.setdefault((id(node), number), (name, at))
    if node.words and at < len(words) and (behind := node.words.get(words[at])) is not None:
        _reach(words, at + 1, behind, reached)
    if node.gap is not None:
        for skipped in range(MAX_GAP + 1):
            _reach(words, at + skipped, node.gap, reached)


def _scopes(words: list[str], negations: list[tuple[int, int]]) -> set[int]:
    """The words that stand behind a negation in the same clause; behind two of them nothing is denied."""
    inside: set[int] = set()
    for start, _ in negations:
        for at in range(start + 1, min(len(words), start + 1 + MAX_SCOPE)):
            word = words[at]
            if word in _ENDS or word in _LETS_GO:
                break
            if word == "," and (at + 1 >= len(words) or words[at + 1] not in _GOES_ON):
                break
            inside ^= {at}
    return inside


@cache
def lexicon() -> Lexicon:
    """The table, read. Raises LexiconError."""
    return parse(files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))


def parse(text: str) -> Lexicon:
    """The lexicon that a table spells. Raises LexiconError."""
    root = Node()
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            name = line.strip("[] ")
            continue
        if not name:
            raise LexiconError(f"{TABLE}:{number}: an entry stands before the first [class]")
        for entry in line.split(","):
            words = entry.split()
            if not words or words[0] == GAP:
                raise LexiconError(f"{TABLE}:{number}: {entry.strip()!r} is no entry: it needs a first word")
            for spelled in _spellings(words):
                node = root
                for word in spelled:
                    if word == GAP:
                        node.gap = node = node.gap or Node()
                    else:
                        node = node.words.setdefault(word, Node())
                if name not in node.ends:
                    node.ends.append(name)
    return Lexicon(root)


def _spellings(words: list[str]) -> Iterator[tuple[str, ...]]:
    head, *tail = words
    forms = inflected(head[:-1]) if head.endswith("~") else (head.strip("`"),)
    rests = [()] if not tail else list(_spellings(tail))
    for form in forms:
        for rest in rests:
            yield (form, *rest)


@lru_cache(4_000)
def inflected(word: str) -> tuple[str, ...]:
    """The regular inflections of an English word, and itself."""
    forms: tuple[str, ...]
    if word.endswith("e"):
        forms = (word, word + "s", word + "d", word[:-1] + "ing")
    elif word.endswith("y") and word[-2:-1] not in _VOWELS:
        forms = (word, word[:-1] + "ies", word[:-1] + "ied", word + "ing")
    elif word.endswith(("s", "x", "z", "ch", "sh")):
        forms = (word, word + "es", word + "ed", word + "ing")
    else:
        twice = word + word[-1] if word[-1:].isalpha() and word[-1] not in _VOWELS else word
        forms = (word, word + "s", word + "ed", word + "ing", twice + "ed", twice + "ing")
    return tuple(dict.fromkeys((*forms, word + "'s")))
