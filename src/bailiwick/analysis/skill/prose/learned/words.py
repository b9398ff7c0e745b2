"""A sentence as the learned reader sees it: the stems of its words, what stands for a name, and each pair that stands together.

A word that a negation reaches is another word: what is forbidden isn't what is asked for.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

MAX_TEXT: Final = 600
"""Characters of a sentence that are read."""

BITS: Final = 18
"""Features are numbered by their checksum, to so many bits: no list of words is kept."""

_TOKEN = re.compile(
    r"(?P<quote>[\"\u201c][^\"\u201c\u201d]{12,300}[\"\u201d])"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})"
    r"|(?P<url>\b[A-Za-z][A-Za-z0-9+.-]{1,10}://[^\s`\"'<>)\]]{1,400}"
    r"|\b(?:[A-Za-z0-9-]{1,63}\.){1,6}(?:com|net|org|io|dev|app|ai|co|cloud|example|test|invalid|sh|me|xyz|site|online)\b(?:/[^\s`\"'<>)\]]{0,300})?)"
    r"|(?P<env>\$\{?[A-Z][A-Z0-9_]{2,60}\}?|\b[A-Z][A-Z0-9]{0,40}_[A-Z0-9_]{1,60}\b)"
    r"|(?P<path>(?:~|\.{1,2})?/[\w.@/*{}<>-]{1,300}|~|\b[\w-]{1,80}/[\w./*-]{1,200}"
    r"|(?<![\w.])\.?[\w-]{1,80}\.(?:md|py|sh|json|ya?ml|toml|txt|csv|js|ts|env|cfg|ini|pem|key|log|html?|png|svg|sqlite|db|conf|lock|xml|pdf)\b"
    r"|(?<![\w.])\.[a-z]{2,}[\w-]{0,60})"
    r"|(?P<number>\d+)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)?)"
)
_KEPT = re.compile(r"ssh|aws|gnupg|kube|netrc|npmrc|pypirc|docker|credential|keychain|\.env")
_AGENT = re.compile(r"CLAUDE|AGENTS|MEMORY|SOUL|\.claude|cursorrules|copilot")
_START = re.compile(r"bashrc|zshrc|profile|cron|launchd|systemd|autostart|LaunchAgents")
_ENDINGS: Final = ("ingly", "edly", "ing", "ed", "ies", "es", "s", "ly", "e")
_SHORT: Final = 5
"""Letters below which a word is its own stem."""

_ROOT: Final = 3
"""Letters that a stem keeps."""

BEGINS, ENDS = "^", "$"

REACH: Final = 7
"""Words that a negation reaches, within its clause (after Das and Chen 2007, and Pang, Lee and Vaithyanathan 2002)."""

NEGATED: Final = "!"
"""What a stem begins with that a negation reaches."""

_NEGATIONS: Final = frozenset(
    [
        *("not", "no", "never", "nor", "neither", "without", "none", "nobody", "nothing", "cannot"),
        *("refuse", "avoid", "forbidden", "prohibited", "contrary", "reject"),
    ]
)
_TURNS: Final = frozenset(("but", "until", "unless", "before", "then"))
ASKS: Final = "?"
_CLOSING: Final = " \t\n*_)\"'\u201d"
_PAUSE = re.compile(r"[.,;:!?()\u2014]")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its stem, or what stands for a name, and how it was written."""

    stem: str
    written: str


@lru_cache(4_000)
def stem(word: str) -> str:
    """A word in lower case without its ending; English, and harmless elsewhere."""
    word = word.removesuffix("'s")
    if len(word) < _SHORT:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _ROOT:
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if word[-1] == word[-2] and word[-1] not in "lse":
        word = word[:-1]
    return word[:-1] + "i" if word[-1] == "y" else word


def words_of(text: str) -> list[Word]:
    """The words of a sentence in their order; addresses, paths, variables and numbers are one word each, by their sort.

    What stands in quotation marks is somebody else's word, and one word too; so is the mark of a question.
    """
    found = []
    end = reach = 0
    for match in _TOKEN.finditer(text, 0, MAX_TEXT):
        written, sort = match[0], match.lastgroup
        lower = written.lower().replace("\u2019", "'")
        root = stem(lower) if sort == "word" else _sort_of(written) if sort == "path" else f"<{sort}>"
        if reach and (lower in _TURNS or _PAUSE.search(text, end, match.start())):
            reach = 0
        found.append(Word(NEGATED + root if reach else root, written))
        reach = REACH if lower in _NEGATIONS or lower.endswith("n't") else max(reach - 1, 0)
        end = match.end()
    if text.rstrip(_CLOSING).endswith(ASKS):
        found.append(Word(ASKS, ASKS))
    return found


def _sort_of(path: str) -> str:
    if _KEPT.search(path):
        return "<key file>"
    if _AGENT.search(path):
        return "<agent file>"
    return "<start file>" if _START.search(path) else "<path>"


def pieces(words: Sequence[Word]) -> Iterable[tuple[str, str]]:
    """What a sentence is known by, each with how it was written: its words, and its pairs with its beginning and its end."""
    row = [Word(BEGINS, ""), *words, Word(ENDS, "")]
    for word in row:
        yield word.stem, word.written
    for one, other in pairwise(row):
        yield f"{one.stem} {other.stem}", f"{one.written} {other.written}"


def number(piece: str) -> int:
    """The feature that a piece is."""
    return crc32(piece.encode()) & ((1 << BITS) - 1)


def features(text: str) -> frozenset[int]:
    """The features of a sentence."""
    return frozenset(number(piece) for piece, _ in pieces(words_of(text)))
