"""Bounds: how much of a text or JSON value goes into a record, measured in the bytes it takes there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from bailiwick.audit.record import Item
from bailiwick.audit.redaction import strings_of

SAFE = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8785, 3.2.2.3)."""

MAX_DIGITS_BITS = 4_096
"""Larger integers are described, not written: turning them into digits takes quadratic time."""


def escaped_size(text: str) -> int:
    """Bytes of ``text`` inside a JSON string."""
    return len(orjson.dumps(text)) - 2


def well_formed(text: str) -> str:
    """``text`` with lone surrogates replaced: JSON on disk is UTF-8, what a client sends need not be."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clip(text: str, limit: int) -> str:
    """``text`` such that it takes at most ``limit`` bytes inside a JSON string; says how much it cut."""
    text = well_formed(text)
    if len(text) * 6 <= limit or escaped_size(text) <= limit:
        return text
    room = max(limit - 32, 0)
    low, high = 0, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if escaped_size(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low]}[...{len(text) - low} more]"


def clip_items(items: Iterable[Item], limit: int) -> tuple[Item, ...]:
    """As many leading items as fit ``limit`` bytes of JSON together."""
    kept: list[Item] = []
    for item in items:
        limit -= len(orjson.dumps(item)) + 1
        if limit < 0:
            break
        kept.append(item)
    return tuple(kept)


def safe_integer(number: int) -> int:
    """``number``, held within ``SAFE``."""
    return max(min(number, SAFE), -SAFE)


def bounded(value: Any, room: int) -> Any:
    """The leading part of a JSON value whose strings together have at most ``room`` characters."""
    return _Budget(room).take(value, depth=64)


class _Budget:
    """Room that a JSON value may still take while it is copied."""

    def __init__(self, room: int) -> None:
        self.room = room

    def take(self, value: Any, *, depth: int) -> Any:
        if isinstance(value, str):
            value = value[: max(self.room, 0)]
            self.room -= len(value) + 8
            return well_formed(value)
        self.room -= 8
        if isinstance(value, Mapping):
            if depth <= 0:
                return "[too deep]"
            return {
                self.take(str(k), depth=0): self.take(v, depth=depth - 1)
                for k, v in self._while_room(value.items())
            }
        if isinstance(value, (list, tuple)):
            return (
                [self.take(v, depth=depth - 1) for v in self._while_room(value)]
                if depth > 0
                else "[too deep]"
            )
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if abs(value) <= SAFE else well_formed(_digits(value))
        return value if isinstance(value, float) else well_formed(str(value)[: max(self.room, 0)])

    def _while_room(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if self.room <= 0:
                return
            yield value


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < MAX_DIGITS_BITS else f"[integer of {value.bit_length()} bits]"


def json_text(value: Any) -> str:
    """A bounded JSON value as text, keys sorted."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def size_of(value: Any) -> int:
    """About how many bytes a JSON value is: exact where it serialises, else the characters of its strings."""
    try:
        return len(value.encode("utf-8", "replace")) if isinstance(value, str) else len(orjson.dumps(value))
    except (orjson.JSONEncodeError, RecursionError):
        return sum(map(len, strings_of(value)))
