"""Redaction of a model's answer as it streams: server-sent events whose strings belong together (WHATWG HTML, 9.2).

1. What an event adds to a block (``delta``, ``choices``, ``parts``) is one text with what other events add to the same block.
2. An event leaves as soon as it is there, with as much of its block's text as may leave; what is held comes with a later one.
3. Before a block or the answer ends, what is still held leaves in one event more, made like the block's last.
4. Every other string is masked where it stands. An event in which nothing changes leaves as it came, byte for byte.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from bailiwick.audit.flow import TextFlow
from bailiwick.audit.redaction import MAX_DEPTH, Redactor

MAX_EVENT: Final = 1_048_576
"""Bytes of one event. A longer one is masked as a text, and said to be not fully looked at."""

MAX_BLOCKS: Final = 256
"""Blocks of one answer that are open at the same time; with more, all of them are closed first."""

_PIECES: Final = frozenset(
    ("text", "partial_json", "thinking", "content", "arguments", "refusal", "reasoning", "reasoning_content", "delta", "transcript")
)  # fmt: skip
"""What the names of a block's text are: Messages, Chat Completions, Responses, Gemini."""

_AROUND: Final = frozenset(("delta", "choices", "parts"))
_NUMBERS: Final = ("index", "output_index", "content_index", "item_id")
_REASONS: Final = ("stop_reason", "finish_reason", "finishReason")
_END = re.compile(r"(?:^|[._])(?:stop|done|completed?|finish(?:ed)?|end|error|failed|incomplete)$")
_BREAK = re.compile(rb"\r\n|\n|\r(?!\Z)")

Step: TypeAlias = str | int
Route: TypeAlias = tuple[Step, ...]


@dataclass(slots=True)
class _Block:
    """One text that goes on: its last event, and where in that the text stands."""

    text: TextFlow
    event: "_Event"
    route: Route


@dataclass(slots=True)
class _Event:
    """One event: its lines, and its data if that is an object of JSON."""

    lines: list[str]
    data: dict[str, Any] | None

    @property
    def ends(self) -> bool:
        """Whether a block or the whole answer ends with it."""
        if self.data is None:
            return any(line.startswith("data:") for line in self.lines)  # [DONE]
        if _END.search(str(self.data.get("type", ""))) or self.data.get("error"):
            return True
        inner = [
            self.data,
            self.data.get("delta"),
            *_dicts(self.data.get("choices")),
            *_dicts(self.data.get("candidates")),
        ]
        return any(isinstance(one, dict) and any(one.get(name) for name in _REASONS) for one in inner)

    def written(self) -> bytes:
        """On the wire, with its data as it is now."""
        kept = [line for line in self.lines if not line.startswith("data:")]
        if self.data is not None:
            kept.append("data: " + orjson.dumps(self.data).decode())
        return ("\n".join(kept) + "\n\n").encode("utf-8", "surrogateescape")


class EventFlow:
    """Masks one stream of events. ``complete`` is False once something of it could not be looked at whole."""

    __slots__ = ("_blocks", "_complete", "_line", "_pending", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._pending = b""
        self._line = 0
        self._blocks: dict[Route, _Block] = {}
        self._complete = True

    @property
    def complete(self) -> bool:
        """Whether all of it was looked at by now."""
        return self._complete and all(block.text.complete for block in self._blocks.values())

    @property
    def held(self) -> int:
        """Characters of blocks that have come and not left, and bytes of an event that is not whole."""
        return len(self._pending) + sum(block.text.held for block in self._blocks.values())

    def feed(self, data: bytes) -> bytes:
        """Take in what comes next; what may leave."""
        looked = max(self._line, len(self._pending) - 1)
        self._pending += data
        told: list[bytes] = []
        begin, line = 0, self._line
        for end in _BREAK.finditer(self._pending, looked):
            if end.start() == line:
                told.append(self._passed(self._pending[begin : end.end()]))
                begin = end.end()
            line = end.end()
        self._pending, self._line = self._pending[begin:], line - begin
        if len(self._pending) > MAX_EVENT:
            self._complete = False
            told.append(self._plain(self._pending))
            self._pending, self._line = b"", 0
        return b"".join(told)

    def close(self) -> bytes:
        """The rest: an event that was cut off, and what blocks hold."""
        rest, self._pending, self._line = self._pending, b"", 0
        told = self._passed(rest) if rest else b""
        return told + self._closed(self._blocks)

    def _plain(self, raw: bytes) -> bytes:
        said = raw.decode("utf-8", "surrogateescape")
        return self._redactor.text(said).encode("utf-8", "surrogateescape")

    def _passed(self, raw: bytes) -> bytes:
        """One event, and before it what is held of the blocks that it ends."""
        event = _read(raw)
        if event.data is None:
            return (self._closed(self._blocks) if event.ends else b"") + self._plain(raw)
        before = deepcopy(event.data)
        pieces = dict(_pieces(event.data))
        for route in pieces:
            _put(event.data, route, "")
        masked = self._redactor.value(event.data)
        lines = [line if line.startswith("data:") else self._redactor.text(line) for line in event.lines]
        same = lines == event.lines
        event = _Event(lines, masked if isinstance(masked, dict) else {})
        told = b""
        if len(self._blocks) > MAX_BLOCKS:
            told = self._closed(self._blocks)
        if event.ends and not pieces:
            told += self._closed(self._ended(event))
        for route, key in pieces.items():
            block = self._blocks.get(key)
            if block is None:
                block = self._blocks[key] = _Block(TextFlow(self._redactor), event, route)
            block.event, block.route = _Event(event.lines, event.data), route
            said = block.text.feed(str(_get(before, route)))
            if event.ends:
                said += block.text.close()
            _put(event.data, route, said)
        return told + (raw if same and event.data == before else event.written())

    def _ended(self, event: _Event) -> list[Route]:
        """The blocks that an event ends: those with its number, else all."""
        number = event.data.get("index") if event.data else None
        own = [key for key in self._blocks if key[:2] == ("index", number)]
        return own if number is not None else list(self._blocks)

    def _closed(self, keys: "list[Route] | dict[Route, _Block]") -> bytes:
        told = []
        for key in list(keys):
            block = self._blocks.pop(key)
            rest = block.text.close()
            self._complete = self._complete and block.text.complete
            if rest:
                last = _Event(block.event.lines, deepcopy(block.event.data))
                for route, _ in list(_pieces(last.data or {})):
                    _put(last.data, route, "")
                _put(last.data, block.route, rest)
                told.append(last.written())
        return b"".join(told)


def _read(raw: bytes) -> _Event:
    lines = [line for line in re.split(r"\r\n|\n|\r", raw.decode("utf-8", "surrogateescape")) if line]
    data = "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))
    try:
        said = orjson.loads(data.encode("utf-8")) if data else None
    except (ValueError, UnicodeEncodeError):
        said = None
    return _Event(lines, said if isinstance(said, dict) else None)


def _dicts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pieces(
    value: Any, route: Route = (), key: Route = (), *, inside: bool = False
) -> Iterator[tuple[Route, Route]]:
    """Where in an event text of a block stands, and which block it is."""
    if len(route) > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for number in _NUMBERS:
            if isinstance(value.get(number), int | str):
                key = (*key, number, value[number])
        for name, item in value.items():
            if not isinstance(item, str):
                yield from _pieces(item, (*route, name), (*key, name), inside=inside or name in _AROUND)
            elif name in _PIECES and (inside or name == "delta"):
                yield (*route, name), (*key, name)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            own = isinstance(item, dict) and "index" in item
            yield from _pieces(item, (*route, place), key if own else (*key, place), inside=inside)


def _get(value: Any, route: Route) -> Any:
    for step in route:
        value = value[step]
    return value


def _put(value: Any, route: Route, said: str) -> None:
    _get(value, route[:-1])[route[-1]] = said
