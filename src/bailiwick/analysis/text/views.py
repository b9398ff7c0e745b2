r"""Other readings of a text: what it says once escapes, joins and encodings are undone, with offsets kept.

A credential written ``\u0067hp_...``, ``gh'p_'...``, ``%67hp_...`` or in base64 is still that credential. Each
view is a decoded text together with the stretch of the original that every decoded character came from.
"""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

ENCODED_LIMIT = 65_536
"""Longest single base64 or hexadecimal run that is decoded, in characters."""

_ESCAPE = re.compile(
    r"\\u(?P<u>[0-9a-fA-F]{4})|\\x(?P<x>[0-9a-fA-F]{2})|%(?P<p>[0-9a-fA-F]{2})|\\(?P<c>[\\/\"'nrt])"
    "|[\x00\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]"
)
_ESCAPE_HINT = re.compile(
    "[\\\\%\x00\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]"
)
_JOINT = re.compile(r"(?<=[\w-])(?:[\"']{1,2}[ \t]{0,4}[+.]?[ \t]{0,4}[\"']{1,2}|[\"'\\]{1,4})(?=[\w-])")
SHORTEST_RUN = 24
"""Characters of the shortest run that is decoded."""

_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{{{SHORTEST_RUN},65536}}+={{0,2}}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Every event names its session so: a run of the alphabet, and no text."""

_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){20,32768}+(?![0-9A-Za-z])")
_LETTER = {"n": "\n", "r": "\r", "t": "\t"}
_URLSAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class View:
    """A decoded text, in pieces that are either as in the original or stand for a stretch of it.

    Piece i begins at ``begins[i]`` in the decoded text and at ``starts[i]`` in the original. ``widths[i]`` is 0
    where it is as in the original, else how many characters of the original it stands for.
    """

    text: str
    begins: tuple[int, ...]
    starts: tuple[int, ...]
    widths: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that decoded characters ``start`` to ``end`` (exclusive) came from."""
        return self._at(start)[0], self._at(end - 1)[1]

    def _at(self, position: int) -> tuple[int, int]:
        """The stretch of the original that one decoded character came from."""
        piece = bisect_right(self.begins, position) - 1
        start, width = self.starts[piece], self.widths[piece]
        if width:
            return start, start + width
        offset = start + position - self.begins[piece]
        return offset, offset + 1


@dataclass(frozen=True, slots=True)
class Layered:
    """A view of a view of a text, first view first."""

    views: tuple[View, ...]

    @property
    def text(self) -> str:
        """What the last view says."""
        return self.views[-1].text

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that decoded characters ``start`` to ``end`` (exclusive) came from."""
        for view in reversed(self.views):
            start, end = view.span(start, end)
        return start, end


def unescaped(text: str, *, rounds: int = 3) -> "Layered | None":
    """``text`` with JSON, C and percent escapes undone and invisible characters left out; None when it has none.

    Escapes inside escapes (JSON in JSON) are undone up to ``rounds`` deep.
    """
    views: list[View] = []
    current = text
    for _ in range(rounds):
        view = _substitute(current, _ESCAPE) if _ESCAPE_HINT.search(current) else None
        if view is None:
            break
        views.append(view)
        current = view.text
    return Layered(tuple(views)) if views else None


def joined(text: str) -> View | None:
    """``text`` with quotes, backslashes and string concatenation inside words left out; None when it has none."""
    if not ('"' in text or "'" in text or "\\" in text):
        return None
    return _substitute(text, _JOINT)


def encoded(text: str) -> Iterator[tuple[int, int, str]]:
    """The base64 and hexadecimal runs of ``text`` that decode to text: start, end, what they say."""
    position = 0
    for word in text.split():
        # Most words are too short for any run, and asking for their length is cheaper than asking a pattern.
        if len(word) >= SHORTEST_RUN:
            start = text.index(word, position)
            position = start + len(word)
            for begin, end, decoded in _runs(word):
                yield start + begin, start + end, decoded


def _runs(word: str) -> Iterator[tuple[int, int, str]]:
    for match in _BASE64.finditer(word):
        run = match.group()
        if _UUID.fullmatch(run):
            continue
        for ahead in range(4):
            # What stands before the encoding (a path, a key) may be of its alphabet and shift its groups of four.
            decoded = _base64(run[ahead:])
            if decoded is not None:
                yield match.start(), match.end(), decoded
    for match in _HEX.finditer(word):
        decoded = _readable(bytes.fromhex(match.group()))
        if decoded is not None:
            yield match.start(), match.end(), decoded


def _base64(run: str) -> str | None:
    body = run.rstrip("=").translate(_URLSAFE)
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        return _readable(base64.b64decode(body + "=" * (-len(body) % 4)))
    except binascii.Error:
        return None


def _readable(data: bytes) -> str | None:
    """The data as text when a person could read it: UTF-8, or UTF-16 by its zero bytes."""
    if data[1:2] == b"\0":
        data = data.replace(b"\0", b"")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # A run that begins or ends inside a longer encoding has a ragged edge; what is readable still counts.
        text = data.decode("ascii", "replace")
        if text.count("\ufffd") * 4 > len(text):
            return None
    return text


def _substitute(text: str, pattern: re.Pattern[str]) -> View | None:
    pieces: list[str] = []
    begins: list[int] = []
    starts: list[int] = []
    widths: list[int] = []
    length = position = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        if start > position:
            pieces.append(text[position:start])
            begins.append(length)
            starts.append(position)
            widths.append(0)
            length += start - position
        if replacement := _decoded(match):
            pieces.append(replacement)
            begins.append(length)
            starts.append(start)
            widths.append(end - start)
            length += 1
        position = end
    if not position:
        return None
    pieces.append(text[position:])
    begins.append(length)
    starts.append(position)
    widths.append(0)
    return View("".join(pieces), tuple(begins), tuple(starts), tuple(widths))


def _decoded(match: re.Match[str]) -> str:
    """The one character that an escape stands for, or nothing."""
    said = match.group()
    if match.lastgroup is None:
        return ""
    if match.lastgroup == "c":
        return _LETTER.get(said[1], said[1])
    return chr(int(match.group(match.lastgroup), 16))
