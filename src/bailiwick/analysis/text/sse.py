"""A stream of small pieces read as what it says: server-sent events and JSON lines whose strings belong together.

A model's answer arrives as ``data: {"delta": {"text": "sk_li"}}`` and so on, a few characters each. The strings at the
same place of successive messages are put together, and every character keeps the place it came from.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from bailiwick.analysis.text.views import Builder, View
from bailiwick.model.regex import regex
from bailiwick.model.value import value

MAX_LINES: Final = 20_000
"""Messages of one text that are put together."""

LEAST: Final = 2
"""Messages from which on something is put together."""

LONGEST: Final = 200
"""Characters of a string that can be a piece of a stream; longer ones are read as they are."""

_EVENT = regex(r"^data:[ \t]*(\{.{1,1500}\})\r?$", re.MULTILINE)
_LINE = regex(r"^(\{.{1,1500}\})\r?$", re.MULTILINE)
_TOKEN = regex(r'[{}\[\],:]|"(?:[^"\\]|\\.)*+"', re.DOTALL)
_FIXED = frozenset(
    (
        "type",
        "event",
        "id",
        "model",
        "role",
        "object",
        "finish_reason",
        "stop_reason",
        "signature_type",
        "timestamp",
        "uuid",
    )
)


@value(frozen=False, slots=True)
class _Open:
    """A brace or bracket that is open: whether its next string is a name, and which name its values have."""

    braces: bool
    naming: bool
    name: str = ""


def streams(text: str) -> Iterator[View]:
    """The strings that the messages of ``text`` spell together, one view for each place."""
    pattern = (
        _EVENT if "data:" in text and _EVENT.search(text) else _LINE if text.count("\n{") >= LEAST else None
    )
    if pattern is None:
        return
    places: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for number, match in enumerate(pattern.finditer(text)):
        if number >= MAX_LINES:
            break
        for place, start, inner in _strings(text, *match.span(1)):
            if len(inner) <= LONGEST:
                places.setdefault(place, []).append((start, inner))
    for found in places.values():
        if len(found) >= LEAST and len({inner for _, inner in found}) > 1:
            yield _together(found)


def _together(found: list[tuple[int, str]]) -> View:
    built = Builder()
    for start, inner in found:
        if "\\" not in inner:
            built.add(inner, start)
            continue
        for letter in _unquoted(inner):
            built.add(letter, start, len(inner))  # which escape it came from is not worth knowing
    return built.view()


def _strings(text: str, start: int, end: int) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """The strings of one message: the names that lead there, where it begins, and what stands between its quotes."""
    opened: list[_Open] = []
    for match in _TOKEN.finditer(text, start, end):
        mark = match.group()
        if mark in {"{", "["}:
            opened.append(_Open(mark == "{", mark == "{"))
        elif not opened:
            continue
        elif mark in {"}", "]"}:
            opened.pop()
        elif mark == ",":
            opened[-1].naming = opened[-1].braces
        elif mark == ":":
            opened[-1].naming = False
        elif opened[-1].naming:
            opened[-1].name = mark[1:-1]
        elif opened[-1].name not in _FIXED:
            yield tuple(one.name for one in opened), match.start() + 1, mark[1:-1]


def _unquoted(inner: str) -> str:
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner
