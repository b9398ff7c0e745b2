"""What a value may be: the texts it can hold and the kinds of data in it."""

import base64
import binascii
import codecs
import gzip
import itertools
import re
import zlib
from dataclasses import dataclass

from bailiwick.analysis.skill.facts import Label

GAP = "\x00"
"""Stands in a text for a piece that isn't known."""

MAX_TEXTS = 4
MAX_TEXT = 65_536
MAX_LABELS = 24


@dataclass(frozen=True, slots=True)
class Value:
    """``texts`` are what it may say, with gaps; empty when nothing is known. ``auth`` are labels that only prove who asks."""

    texts: tuple[str, ...] = ()
    labels: frozenset[Label] = frozenset()
    auth: frozenset[Label] = frozenset()

    def join(self, other: "Value") -> "Value":
        """A value that is the one or the other."""
        if other is NOTHING or other == self:
            return self
        if self is NOTHING:
            return other
        return Value(
            tuple(dict.fromkeys(self.texts + other.texts))[:MAX_TEXTS],
            _some(self.labels | other.labels),
            _some(self.auth | other.auth),
        )

    @property
    def text(self) -> str:
        """The first of its texts, a gap when there is none."""
        return self.texts[0] if self.texts else GAP

    @property
    def every(self) -> frozenset[Label]:
        """All labels, those of headers among them."""
        return self.labels | self.auth


NOTHING = Value()


def _some(labels: frozenset[Label]) -> frozenset[Label]:
    return labels if len(labels) <= MAX_LABELS else frozenset(sorted(labels, key=str)[:MAX_LABELS])


def concatenated(values: list[Value]) -> Value:
    """Values one behind the other."""
    choices = [value.texts or (GAP,) for value in values]
    texts = tuple(
        "".join(choice)[:MAX_TEXT] for choice in itertools.islice(itertools.product(*choices), MAX_TEXTS)
    )
    return Value(texts if any(text.strip(GAP) for text in texts) else (), *_labels(values))


def gathered(values: list[Value]) -> Value:
    """Values in a list or a mapping: what they hold, not what they say."""
    return Value((), *_labels(values))


def _labels(values: list[Value]) -> tuple[frozenset[Label], frozenset[Label]]:
    labels: frozenset[Label] = frozenset().union(*(value.labels for value in values))
    auth: frozenset[Label] = frozenset().union(*(value.auth for value in values))
    return _some(labels), _some(auth)


def decoded(text: str, how: str) -> str | None:
    """A text with an encoding undone (``base64``, ``hex``, ``rot13``, ``zlib``, ``base32``, ``base85``); None when it isn't so encoded."""
    if GAP in text or not text:
        return None
    try:
        raw = text.encode("latin-1")
        match how:
            case "base64":
                raw = re.sub(rb"\s", b"", raw).translate(bytes.maketrans(b"-_", b"+/"))
                out = base64.b64decode(raw + b"=" * (-len(raw) % 4))
            case "hex":
                out = bytes.fromhex(text)
            case "rot13":
                return codecs.decode(text, "rot13")
            case "base32":
                out = base64.b32decode(raw)
            case "base85":
                out = base64.b85decode(raw)
            case "zlib":
                out = zlib.decompressobj(wbits=47).decompress(raw, MAX_TEXT)
            case "gzip":
                out = gzip.decompress(raw) if len(raw) < MAX_TEXT else b""
            case _:
                return None
    except (ValueError, binascii.Error, zlib.error, OSError, EOFError, UnicodeError):
        return None
    return out[:MAX_TEXT].decode("latin-1")


def between(values: list[Value], mark: str) -> list[Value]:
    """The values with a text between each two."""
    spread: list[Value] = []
    for value in values:
        if spread:
            spread.append(Value((mark,)))
        spread.append(value)
    return spread
