r"""Other readings of a text: what it says once escapes, joins and encodings are undone, with offsets kept.

A credential written ``\u0067hp_...``, ``gh'p_'...``, ``%67hp_...``, in base64 or in pieces of a stream is still that
credential. Each view is a decoded text together with the stretch of the original that every decoded character came from.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Final

from bailiwick.analysis.text.unpack import readings
from bailiwick.model.regex import regex
from bailiwick.model.value import value

MAX_CHANGES: Final = 200_000
"""Escapes of one text that are undone; beyond them a text is said to be not fully scanned."""

ENCODED_LIMIT: Final = 524_288
"""Digits of a base64 or hexadecimal run that are decoded at a time; of a longer one, part by part."""

ENCODED_OVERLAP: Final = 16_384
"""Digits by which its parts overlap: more than the longest secret has."""

_INVISIBLE = "\x00\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f\U000e0100-\U000e01ef"
_ESCAPE = regex(
    r"(?P<p>(?:%[0-9a-fA-F]{2})+)|\\+u(?P<u>[0-9a-fA-F]{4})|\\+u\{(?P<v>[0-9a-fA-F]{1,6})\}|\\+x(?P<x>[0-9a-fA-F]{2})"
    r"|&#x(?P<h>[0-9a-fA-F]{2,4});|&#(?P<d>\d{2,5});|&(?P<e>quot|apos|amp);|\\+(?P<o>[0-3][0-7]{2})|\\+(?P<c>/)"
    rf"|(?P<i>[{_INVISIBLE}]+)"
)
_BLOCK = 256
"""Characters that are told to be ASCII at a time: in most texts few are not."""

_NEAR: Final = 700
"""Characters of the longest secret with spaces in it, and of what stands before it; private keys are longer."""

_WORTHWHILE: Final = 20_000
"""Characters of a text from which on less of it is read."""

_DENSE: Final = 16
"""Where there is a joint in so many characters, one pass over all of them takes less than a look at each."""

_MARK = regex(rf"[%\\&{_INVISIBLE}]")
_UNSEEN = regex(rf"(?P<i>[{_INVISIBLE}]+)")
_JOINT = regex(
    r"[\"'`\\](?<=[\w+/=.-].)(?:(?<!\\)[\"'`]?[ \t\r\n\\]{0,12}(?:\+|\.\.?|&|\|\||<>)?[ \t\r\n\\]{0,12}[\"'`]{1,2}|(?<![\\`])[\"']?"
    r"|(?<=\\)(?![nrtux\\\"'0-9bf]))(?=[\w+/=.-])"
)
"""Begins with a set, for which the library looks fast."""
_ENTITY = {"quot": '"', "apos": "'", "amp": "&"}
_B64 = "A-Za-z0-9+/_-"
_RUN = regex(rf"[{_B64}]{{20,}}+(?:(?<=[{_B64}]{{60}})(?:\r?\n|\\n)[{_B64}]+)*+=?=?")
_LINE_END = regex(r"\r?\n|\\n")
_HEX = regex(r"(?:[0-9a-fA-F]{2}){10,}+")
_DIGITS64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_DIGITS16: Final = "0123456789abcdefABCDEF"

_CONFUSABLE: Final = (
    {
        code: ours
        for first, letters in (
            (0x0410, "A B  E    K MHO PCTY X"),  # Cyrillic capitals
            (0x0430, "a    e    k m o pcty x"),
            (0x0391, "AB  EZH IK MN O P  TY X"),  # Greek capitals
        )
        for code, ours in enumerate(letters, first)
        if ours != " "
    }
    | {
        0x0455: "s",
        0x0456: "i",
        0x0458: "j",
        0x0501: "d",
        0x04BB: "h",
        0x04CF: "l",
        0x0261: "g",
        0x03BF: "o",
        0x03B9: "i",
    }
    | {
        0x03BA: "k",
        0x03BD: "n",
        0x03C1: "p",
        0x03C5: "u",
        0x03B1: "a",
        0x217C: "l",
        **dict.fromkeys(range(0x2010, 0x2015), "-"),
    }
    | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width
)
"""Letters of other alphabets that look like those of ours: one for one, so offsets stay."""


@value(frozen=True, slots=True)
class View:
    """A decoded text, in pieces that are either as in the original or stand for a stretch of it.

    Piece i begins at ``begins[i]`` in the decoded text and at ``starts[i]`` in the original. ``widths[i]`` is 0
    where it is as in the original, else how many characters of the original each of its characters stands for.
    """

    text: str
    begins: tuple[int, ...]
    starts: tuple[int, ...]
    widths: tuple[int, ...]
    complete: bool = True

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that decoded characters ``start`` to ``end`` (exclusive) came from."""
        return self._at(start)[0], self._at(end - 1)[1]

    def pieces(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The same, without what lies between pieces and belongs to none."""
        found: list[tuple[int, int]] = []
        piece = bisect_right(self.begins, start) - 1
        while piece < len(self.begins) and self.begins[piece] < end:
            last = self.begins[piece + 1] if piece + 1 < len(self.begins) else len(self.text)
            one, other = self._at(max(start, self.begins[piece]))[0], self._at(min(end, last) - 1)[1]
            if found and found[-1][1] == one:
                found[-1] = (found[-1][0], other)
            elif other > one:
                found.append((one, other))
            piece += 1
        return tuple(found)

    def _at(self, position: int) -> tuple[int, int]:
        """The stretch of the original that one decoded character came from."""
        piece = bisect_right(self.begins, position) - 1
        offset = position - self.begins[piece]
        start, width = self.starts[piece], self.widths[piece]
        if width:
            return start + offset * width, start + (offset + 1) * width
        return start + offset, start + offset + 1


@value(frozen=True, slots=True)
class Layered:
    """A view of a view of a text, first view first."""

    views: tuple[View, ...]

    @property
    def text(self) -> str:
        """What the last view says."""
        return self.views[-1].text

    @property
    def complete(self) -> bool:
        """Whether every escape was undone."""
        return all(view.complete for view in self.views)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that decoded characters ``start`` to ``end`` (exclusive) came from."""
        for view in reversed(self.views):
            start, end = view.span(start, end)
        return start, end


@value(frozen=False, slots=True)
class Builder:
    """Puts a view together, piece by piece."""

    pieces: list[str] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, start: int, width: int = 0) -> None:
        """``text`` came from ``start``; with ``width``, each of its characters from so many."""
        if text:
            self.pieces.append(text)
            self.begins.append(self.length)
            self.starts.append(start)
            self.widths.append(width)
            self.length += len(text)

    def view(self, *, complete: bool = True) -> View:
        """What was put together."""
        return View(
            "".join(self.pieces), tuple(self.begins), tuple(self.starts), tuple(self.widths), complete
        )


def unescaped(text: str, *, rounds: int = 3) -> Layered | None:
    """``text`` with JSON, C, HTML and percent escapes undone and invisible characters left out; None when it has none.

    Escapes inside escapes are undone up to ``rounds`` deep. Quotes and line ends stay as they are: the patterns read them
    as they stand, in JSON and in JSON in JSON.
    """
    views: list[View] = []
    current = text
    for _ in range(rounds):
        view = _substitute(current, _escapes(current))
        if view is None:
            break
        views.append(view)
        current = view.text
    return Layered(tuple(views)) if views else None


def _escapes(text: str) -> Iterator[re.Match[str]]:
    """Every escape; looked for by its first character, which takes a tenth of the time."""
    position = 0
    for mark in _MARK.finditer(text):
        if mark.start() >= position and (match := _ESCAPE.match(text, mark.start())) is not None:
            position = match.end()
            yield match


def unescaped_at(text: str, ends: Iterable[int]) -> View | None:
    """The same for escapes that end about where ``ends`` says, and one round; invisible characters wherever they are."""
    found: dict[int, re.Match[str]] = {}
    last = 0
    for end in ends:
        if end <= last:
            continue
        begin = max(end - 7, last)
        while begin > last and text[begin - 1] == "\\":
            begin -= 1
        match = _ESCAPE.search(text, begin, end + 12)
        if match is not None and (match := _ESCAPE.match(text, match.start())) is not None:
            found[match.start()] = match
            last = match.end()
    found.update((match.start(), match) for match in _unseen(text))
    return _substitute(text, [found[start] for start in sorted(found)]) if found else None


def _unseen(text: str) -> Iterator[re.Match[str]]:
    """Every run of invisible characters, looked for only where there are others than printed ASCII."""
    if text.isascii():
        if "\x00" in text:
            yield from _UNSEEN.finditer(text)
        return
    for begin in range(0, len(text), _BLOCK):
        block = text[begin : begin + _BLOCK]
        if not block.isascii() or "\x00" in block:
            yield from _UNSEEN.finditer(text, begin, begin + _BLOCK)


def near(view: View) -> View:
    """As much of a view as lies near what was changed in it; the whole where most of it does.

    The rest was read before, as it stands. What is near: whole lines and runs, up to ``_NEAR`` characters and what completes them.
    """
    text, size = view.text, len(view.text)
    if size < _WORTHWHILE or "-----BEGIN " in text or "PuTTY-" in text:
        return view
    windows: list[list[int]] = []
    ends = (*view.begins[1:], size)
    taken = 0
    expected = view.starts[0] if view.starts else 0
    for begin, end, start, width in zip(view.begins, ends, view.starts, view.widths, strict=True):
        if width or start != expected:
            first = _line(text, max(begin - _NEAR, 0))
            last = _line_end(text, min((end if width else begin) + _NEAR, size))
            if windows and first <= windows[-1][1]:
                taken += max(last - windows[-1][1], 0)
                windows[-1][1] = max(windows[-1][1], last)
            else:
                windows.append([first, last])
                taken += last - first
            if taken * 2 > size:
                return view
        expected = start + (width or 1) * (end - begin)
    built = Builder()
    for first, last in windows:
        piece = bisect_right(view.begins, first) - 1
        while piece < len(view.begins) and view.begins[piece] < last:
            begin = max(view.begins[piece], first)
            offset = (begin - view.begins[piece]) * (view.widths[piece] or 1)
            built.add(text[begin : min(ends[piece], last)], view.starts[piece] + offset, view.widths[piece])
            piece += 1
        built.add("\n\n", built.starts[-1])
    return built.view(complete=view.complete)


def _line(text: str, place: int) -> int:
    """Where the line begins that ``place`` lies in, or, where that is long, its run."""
    first = text.rfind("\n", max(place - _NEAR, 0), place) + 1
    return first or max(text.rfind(" ", 0, place), text.rfind("\n", 0, place)) + 1


def _line_end(text: str, place: int) -> int:
    last = text.find("\n", place, place + _NEAR)
    if last < 0:
        ends = [end for end in (text.find(" ", place), text.find("\n", place)) if end >= 0]
        last = min(ends, default=len(text))
    return last


def alike(text: str) -> str | None:
    """``text`` with letters that only look like ours replaced by ours; None when it has none. Offsets stay."""
    if text.isascii():
        return None
    changed = text.translate(_CONFUSABLE)
    return None if changed == text else changed


def joined(text: str, ends: Sequence[int] | None = None) -> View | None:
    """``text`` with quotes, backslashes and string concatenation inside words left out; None when it has none.

    ``ends`` says where joints end, when that is known: only there is looked, unless they are everywhere.
    """
    if ends is None or len(ends) * _DENSE > len(text):
        if not ('"' in text or "'" in text or "\\" in text or "`" in text):
            return None
        return _substitute(text, _JOINT.finditer(text))
    found: dict[int, re.Match[str]] = {}
    last = 0
    for end in ends:
        for match in _JOINT.finditer(text, max(end - 30, last, 0), end):
            found[match.start()] = match
            last = match.end()
    return _substitute(text, found.values()) if found else None


_RAGGED = 16
"""Digits of base64 before a place that are looked at with it."""


def encoded(text: str, runs: Iterable[int], digits: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    """What the base64 around ``runs`` and the hexadecimal around ``digits`` say: start, end, text.

    What stands before base64 (a path, a name) may be of its alphabet: the groups of four are counted from the places
    given, where they are known to be right.
    """
    last = 0
    for place in runs:
        if place < last:
            continue
        start = _beginning(text, place, _DIGITS64, last)
        # A few groups earlier, since the first letters may share one with what is no text; not more: it may be a path.
        start = max(place - _RAGGED, start + (place - start) % 4)
        match = _RUN.match(text, start, start + ENCODED_LIMIT)
        if match is None:
            continue
        last = _next(match)
        yield from _readings(text, start, match.end())
    yield from _hexadecimal(text, digits)


def _readings(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """What a run of base64 says; where it is several lines, also what each says: they may only look like parts of one."""
    run = text[start:end]
    for decoded in readings(run):
        yield start, end, decoded
    lines = _LINE_END.split(run)
    for line in lines if len(lines) > 1 else ():
        start = text.index(line, start)
        for decoded in readings(line):
            yield start, start + len(line), decoded


def _hexadecimal(text: str, digits: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    last = 0
    for place in digits:
        if place < last:
            continue
        start = _beginning(text, place, _DIGITS16, last)
        start += (place - start) % 2
        match = _HEX.match(text, start, start + ENCODED_LIMIT)
        if match is None:
            continue
        last = _next(match)
        for decoded in readings(match.group(), hexadecimal=True):
            yield start, match.end(), decoded


def _next(match: re.Match[str]) -> int:
    """From where on the next run, or the next part of this one, is looked for."""
    return match.end() - (ENCODED_OVERLAP if match.end() - match.start() > ENCODED_LIMIT - _RAGGED else 0)


def _beginning(text: str, place: int, alphabet: str, last: int) -> int:
    """Where the run begins that ``place`` lies in; of one that was read before, up to ``last``, only the end counts."""
    least = max(place - ENCODED_LIMIT // 2, last - ENCODED_OVERLAP, 0)
    return least + len(text[least:place].rstrip(alphabet))


def _substitute(text: str, matches: Iterable[re.Match[str]]) -> View | None:
    built = Builder()
    position = changes = 0
    complete = True
    for match in matches:
        changes += 1
        if changes > MAX_CHANGES:
            complete = False
            break
        start, end = match.span()
        if start < position:
            continue
        if start > position:
            built.add(text[position:start], position)
        if match.lastgroup == "p":
            # Each of three characters; what is more than one byte is of no interest.
            built.add(bytes.fromhex(match.group().replace("%", "")).decode("latin-1"), start, 3)
        elif replacement := _decoded(match):
            built.add(replacement, start, end - start)
        position = end
    if not changes:
        return None
    built.add(text[position:], position)
    return built.view(complete=complete)


def _decoded(match: re.Match[str]) -> str:
    """The one character that an escape stands for, or nothing."""
    kind = match.lastgroup
    if kind is None or kind == "i":
        return ""
    said = match.group(kind)
    if kind == "c":
        return said
    if kind == "e":
        return _ENTITY[said]
    code = int(said, 8 if kind == "o" else 10 if kind == "d" else 16)
    return chr(code) if code <= sys.maxunicode else ""
