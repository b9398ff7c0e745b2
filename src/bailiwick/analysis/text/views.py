r"""Other readings of a text: what it says once escapes, joins and encodings are undone, with offsets kept.

A credential written ``\u0067hp_...``, ``gh'p_'...``, ``%67hp_...`` or in base64 is still that credential. Each
view is a decoded text together with the stretch of the original that every decoded character came from.
"""

import base64
import binascii
import re
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
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{24,65536}+={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){20,32768}+(?![0-9A-Za-z])")
_LETTER = {"n": "\n", "r": "\r", "t": "\t"}
_URLSAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class View:
    """A decoded text. ``starts[i]`` and ``ends[i]`` bound, in the original, what character i stands for."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that decoded characters ``start`` to ``end`` (exclusive) came from."""
        return self.starts[start], self.ends[end - 1]


def unescaped(text: str, *, rounds: int = 3) -> View | None:
    """``text`` with JSON, C and percent escapes undone and invisible characters left out; None when it has none.

    Escapes inside escapes (JSON in JSON) are undone up to ``rounds`` deep.
    """
    view: View | None = None
    current = text
    for _ in range(rounds):
        if not _ESCAPE_HINT.search(current):
            break
        after = _substitute(current, _ESCAPE)
        if after is None:
            break
        view = after if view is None else _compose(view, after)
        current = after.text
    return view


def joined(text: str) -> View | None:
    """``text`` with quotes, backslashes and string concatenation inside words left out; None when it has none."""
    if not ('"' in text or "'" in text or "\\" in text):
        return None
    return _substitute(text, _JOINT)


def encoded(text: str) -> Iterator[tuple[int, int, str]]:
    """The base64 and hexadecimal runs of ``text`` that decode to text: start, end, what they say."""
    for match in _BASE64.finditer(text):
        run = match.group()
        for ahead in range(4):
            # What stands before the encoding (a path, a key) may be of its alphabet and shift its groups of four.
            decoded = _base64(run[ahead:])
            if decoded is not None:
                yield match.start(), match.end(), decoded
    for match in _HEX.finditer(text):
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
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in pattern.finditer(text):
        if match.start() > position:
            pieces.append(text[position : match.start()])
            starts.extend(range(position, match.start()))
            ends.extend(range(position + 1, match.start() + 1))
        replacement = _decoded(match)
        if replacement:
            pieces.append(replacement)
            starts.append(match.start())
            ends.append(match.end())
        position = match.end()
    if not position:
        return None
    pieces.append(text[position:])
    starts.extend(range(position, len(text)))
    ends.extend(range(position + 1, len(text) + 1))
    return View("".join(pieces), tuple(starts), tuple(ends))


def _decoded(match: re.Match[str]) -> str:
    groups = match.groupdict()
    code = groups.get("u") or groups.get("x") or groups.get("p")
    if code:
        return chr(int(code, 16))
    letter = groups.get("c")
    return _LETTER.get(letter, letter) if letter else ""


def _compose(first: View, second: View) -> View:
    return View(
        second.text,
        tuple(first.starts[i] for i in second.starts),
        tuple(first.ends[i - 1] for i in second.ends),
    )
