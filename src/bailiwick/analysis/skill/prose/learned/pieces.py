"""Text as the encoder takes it: pieces of words from a fixed list, the longest first (WordPiece, as in BERT, uncased).

Letters lose case and accents; marks and Chinese, Japanese and Korean ideographs are words of their own. Held against
the tokenizer the list comes from by tests/analysis/skill/test_encoder.py.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

MAX_TEXT: Final = 1_200
"""Characters of a passage that are read."""

MAX_WORD: Final = 100
"""Characters from which on a word is unknown as a whole."""

PIECES: Final = 96
"""Pieces of one passage, its beginning and end among them."""

FIRST, LAST, UNKNOWN, INNER = "[CLS]", "[SEP]", "[UNK]", "##"

_SPACES: Final = " \t\n\r"


def pieces(text: str, known: Mapping[str, int]) -> list[int]:
    """The numbers of a passage's pieces, from its beginning to its end, cut at so many."""
    found = [known[FIRST]]
    for word in words(text[:MAX_TEXT]):
        found += _divided(word, known)
        if len(found) >= PIECES:
            break
    return [*found[: PIECES - 1], known[LAST]]


def words(text: str) -> list[str]:
    """The words and marks of a text, in lower case and without accents."""
    plain = unicodedata.normalize("NFD", "".join(map(_spelt, text)).lower())
    return "".join(map(_apart, plain)).split()


def _divided(word: str, known: Mapping[str, int]) -> list[int]:
    """The longest known beginning of a word, then of the rest; one unknown piece where some rest has none."""
    if len(word) > MAX_WORD:
        return [known[UNKNOWN]]
    found, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = known.get((INNER if start else "") + word[start:end])
            if piece is not None:
                break
        else:
            return [known[UNKNOWN]]
        found.append(piece)
        start = end
    return found


@lru_cache(4_096)
def _spelt(letter: str) -> str:
    """A letter of the text, with ideographs set apart, without what isn't seen."""
    if letter in _SPACES or unicodedata.category(letter) == "Zs":
        return " "
    if letter in "\0\ufffd" or unicodedata.category(letter)[0] == "C":
        return ""
    return f" {letter} " if _ideograph(ord(letter)) else letter


@lru_cache(4_096)
def _apart(letter: str) -> str:
    """A letter of the decomposed text, with marks set apart, without accents."""
    category = unicodedata.category(letter)
    if category == "Mn":
        return ""
    return f" {letter} " if category[0] == "P" or _mark(letter) else letter


def _mark(letter: str) -> bool:
    return letter.isascii() and not letter.isalnum() and letter.isprintable() and letter != " "


def _ideograph(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
