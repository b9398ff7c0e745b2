"""Where a secret may begin: the fast filter before the exact patterns.

With a database of Hyperscan (``use``) one pass over the text says where the filters of all kinds end; without, the words of
all kinds are looked for. Both give every place at which some pattern matches, so what is found is the same; a test
holds them against each other on the same texts.

A scan needs a scratch of its own while it runs. They are kept in a list from which one is taken and to which it is
given back: there are as many as there ever were scans at the same time, and no scan waits.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any, Final

from bailiwick.analysis.text.classes import Subject
from bailiwick.analysis.text.kinds import KINDS

hyperscan: Any
try:
    import hyperscan
except ImportError:  # a platform without wheels: slower, and the same findings
    hyperscan = None

B64 = "A-Za-z0-9+/_-"
_GROUP = "[ACDI-Za-f][ACDEFGHQSTUVWXgijklmnwyz0123][AEIMQUYcgkosw048BFJNRVZdhlptx159][A-Za-z0-9+/_-]"
"""Four digits of base64 that stand for three letters of ASCII: the high bit of each byte is not set."""

RUN_WIDTH: Final = 20
"""Digits by which an encoded text is known: five times four of base64, ten times two of hexadecimal."""

RUN_FILTER: Final = f"(?:{_GROUP}){{5}}"
HEX_FILTER: Final = "(?:[2-7][0-9a-fA-F]|0[09aAdD]){10}"
PACKED_FILTER: Final = (
    f"(?:^|[^{B64}])(?:H4sI|UEsD|eJ[w-z][{B64}]|eN[o-r][{B64}]|eA[E-H][{B64}]|eF[4-7][{B64}])[{B64}]{{16}}"
)
JOINT_FILTER: Final = r"[A-Za-z0-9_+/=.-](?:[\"'`][ \t\r\n\\]{0,12}(?:\+|\.\.?|&|\|\||<>)?[ \t\r\n\\]{0,12}[\"'`]|[\"']{1,2}|\\)[A-Za-z0-9_+/=.-]"
ESCAPE_FILTER: Final = r"\\u[0-9a-fA-F{]|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2}|&(?:quot|apos|amp);|\\/|\\[0-3][0-7]{2}"


def _of(subject: str) -> range:
    """The numbers of the kinds of one subject: they stand together."""
    numbers = [number for number, kind in enumerate(KINDS) if kind.rule.startswith(subject)]
    return range(numbers[0], numbers[-1] + 1)


SUBJECTS: Final = {"secret": _of("secret/"), "personal": _of("personal/")}


class _Entry:
    """One expression of the database: which kinds it leads to, and how."""

    __slots__ = ("expression", "folded", "kinds", "width")

    def __init__(self, expression: str, width: int, *, folded: bool) -> None:
        self.expression, self.width, self.folded = expression, width, folded
        self.kinds: list[int] = []


def _entries(subject: str) -> tuple[_Entry, ...]:
    found: dict[tuple[str, bool], _Entry] = {}
    for number in SUBJECTS[subject]:
        kind = KINDS[number]
        for expression, width in kind.filters:
            entry = found.setdefault((expression, kind.folded), _Entry(expression, width, folded=kind.folded))
            entry.kinds.append(number)
    return tuple(found.values())


ENTRIES: Final = _entries("secret")
PERSONAL_ENTRIES: Final = _entries("personal")
_RUN, _HEX, _PACKED, _JOINT, _ESCAPED = range(len(ENTRIES), len(ENTRIES) + 5)
_VIEWS: Final = (RUN_FILTER, HEX_FILTER, PACKED_FILTER, JOINT_FILTER, ESCAPE_FILTER)


@cache
def revision() -> str:
    """Names the filters: a database made from others is not this one's."""
    text = "\n".join(
        f"{entry.expression}\t{entry.width}\t{entry.folded}" for entry in (*ENTRIES, *PERSONAL_ENTRIES)
    )
    return sha256("\n".join(("1", *_VIEWS, text)).encode()).hexdigest()[:16]


class Hits:
    """What one pass over a text found: attempts (kind, position), places inside runs, ends of joints and escapes."""

    __slots__ = ("attempts", "digits", "escapes", "joints", "runs")

    def __init__(self) -> None:
        self.attempts: list[tuple[int, int]] = []
        self.runs: list[int] = []
        self.digits: list[int] = []
        self.joints: list[int] = []
        self.escapes: list[int] = []


class Filter:
    """A compiled database and its scratches."""

    __slots__ = ("_database", "_scratches")

    def __init__(self, database: Any) -> None:
        self._database = database
        self._scratches: list[Any] = []

    def ends(self, data: bytes) -> list[tuple[int, int]]:
        """Which expressions end where in ``data``. Raises whatever the library raises; the caller falls back."""
        hits: list[tuple[int, int]] = []
        add = hits.append

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add((number, end))

        scratches = self._scratches
        try:
            scratch = scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        try:
            self._database.scan(data, match_event_handler=on_match, scratch=scratch)
        finally:
            scratches.append(scratch)
        return hits


_whole: Filter | None = None
_bare: Filter | None = None
_personal: Filter | None = None
"""For secrets, with and without the expressions for other readings of a text; for personal data."""


def compile_database() -> bytes | None:
    """The databases of this revision for this processor, to be kept and given to ``use``; None without the library.

    Takes about two seconds.
    """
    if hyperscan is None:
        return None
    own = [(entry.expression, hyperscan.HS_FLAG_CASELESS if entry.folded else 0) for entry in ENTRIES]
    people = [
        (entry.expression, hyperscan.HS_FLAG_CASELESS if entry.folded else 0) for entry in PERSONAL_ENTRIES
    ]
    extra = [(expression, 0) for expression in _VIEWS]
    made = [_compiled(part) for part in ([*own, *extra], own, people)]
    return b"".join(len(part).to_bytes(8) + part for part in made)


def _compiled(expressions: list[tuple[str, int]]) -> bytes:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[text.encode() for text, _ in expressions],
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=[flags for _, flags in expressions],
    )
    return bytes(hyperscan.dumpb(database))


def use(databases: bytes | None) -> bool:
    """Search with ``databases`` from now on, or without. False when they can't be used: searching goes on without.

    The bytes must come from ``compile_database`` and have been kept where nobody else writes.
    """
    global _whole, _bare, _personal  # noqa: PLW0603 - an accelerator, the same for everybody, that changes no result
    _whole = _bare = _personal = None
    if databases is None or hyperscan is None:
        return False
    parts: list[Filter] = []
    try:
        while databases:
            size = int.from_bytes(databases[:8])
            parts.append(Filter(hyperscan.loadb(databases[8 : 8 + size], hyperscan.HS_MODE_BLOCK)))
            databases = databases[8 + size :]
        whole, bare, personal = parts
    except Exception:  # noqa: BLE001 - of another version or processor: as good as none
        return False
    _whole, _bare, _personal = whole, bare, personal
    return True


def accelerated() -> bool:
    """Whether databases are in use."""
    return _whole is not None


def ascii_of(text: str) -> bytes:
    """One byte for each character, so that offsets are the same; what isn't ASCII is no part of any filter."""
    return text.encode("ascii", "replace")


def hits_in(text: str, subjects: frozenset[Subject]) -> Hits:
    """Where to look closer in ``text``, and where it may be encoded, escaped or joined."""
    hits = Hits()
    data = ascii_of(text)
    ends = _ends(_whole, data)
    if ends is not None:
        _closer(text, ends, ENTRIES, hits, wanted="secret" in subjects)
    else:
        if "secret" in subjects:
            _by_words(data, "secret", hits)
        hits.runs = sorted(match.end(1) - RUN_WIDTH for p in _RUN_STARTS for match in p.finditer(text))
        hits.digits = [match.start() for match in _HEX_STARTS.finditer(text)]
        hits.joints = [match.end() for match in _JOINT_ENDS.finditer(text)]
        hits.escapes = [match.end() for match in _ESCAPES.finditer(text)]
    if "personal" in subjects:
        _people(data, hits)
    return hits


def bare_hits_in(data: bytes, subjects: frozenset[Subject]) -> Hits:
    """Where to look closer in a text of which ``data`` is ``ascii_of``, as it stands."""
    hits = Hits()
    if "secret" in subjects:
        ends = _ends(_bare, data)
        if ends is None:
            _by_words(data, "secret", hits)
        elif ends:
            _closer(data.decode("ascii"), ends, ENTRIES, hits)
    if "personal" in subjects:
        _people(data, hits)
    return hits


def _people(data: bytes, hits: Hits) -> None:
    ends = _ends(_personal, data)
    if ends is None:
        _by_words(data, "personal", hits)
    elif ends:
        _closer(data.decode("ascii"), ends, PERSONAL_ENTRIES, hits)


def _ends(chosen: Filter | None, data: bytes) -> list[tuple[int, int]] | None:
    if chosen is None:
        return None
    try:
        return chosen.ends(data)
    except Exception:  # noqa: BLE001 - an error of the library must not hide a secret: search without it
        return None


_RUN_STARTS = (re.compile(f"(?=({RUN_FILTER}))"), re.compile(f"(?=({PACKED_FILTER}))"))
_HEX_STARTS = re.compile(f"(?={HEX_FILTER})")
_JOINT_ENDS = re.compile(JOINT_FILTER)
_ESCAPES = re.compile(ESCAPE_FILTER)


def _closer(  # noqa: C901 - one arm per expression of the views
    text: str, ends: list[tuple[int, int]], entries: tuple[_Entry, ...], hits: Hits, *, wanted: bool = True
) -> None:
    attempts: dict[tuple[int, int], None] = {}
    looked: dict[int, int] = {}
    for number, end in ends:
        if entries is ENTRIES and number >= _RUN:
            if number in {_RUN, _PACKED}:
                hits.runs.append(end - RUN_WIDTH)
            elif number == _HEX:
                hits.digits.append(end - RUN_WIDTH)
            elif number == _JOINT:
                hits.joints.append(end)
            else:
                hits.escapes.append(end)
            continue
        if not wanted:
            continue
        entry = entries[number]
        if entry.width:
            for kind in entry.kinds:
                attempts[kind, end - entry.width] = None
            continue
        for kind in entry.kinds:
            pattern, longest = _starts(kind)
            begin = max(end - KINDS[kind].reach, looked.get(kind, 0) - longest, 0)
            looked[kind] = end
            for match in pattern.finditer(text, begin, end):
                attempts[kind, match.start()] = None
    hits.attempts.extend(attempts)


@cache
def _starts(number: int) -> tuple[re.Pattern[str], int]:
    """What finds the words of a kind, and the length of the longest."""
    kind = KINDS[number]
    words = sorted((word for word, _ in kind.words), key=len, reverse=True)
    flags = re.ASCII | (re.IGNORECASE if kind.folded else 0)
    return re.compile(f"(?={'|'.join(re.escape(word) for word in words)})", flags), len(words[0])


def _by_words(data: bytes, subject: str, hits: Hits) -> None:
    attempts: dict[tuple[int, int], None] = {}
    for folded, haystack in ((False, data.decode("ascii")), (True, data.lower().decode("ascii"))):
        pattern, words = _words(subject, folded)
        for match in pattern.finditer(haystack):
            position = match.start()
            for word, kind, offset in words[match.group(1)]:
                if position >= offset and haystack.startswith(word, position):
                    attempts[kind, position - offset] = None
    hits.attempts.extend(attempts)


BEGINNING: Final = 3
"""Letters of a word that are looked for together with all others': to compile the whole words takes several times as long."""


@cache
def _words(subject: str, folded: bool) -> tuple[re.Pattern[str], dict[str, tuple[tuple[str, int, int], ...]]]:  # noqa: FBT001 - a cache key
    """A pattern that finds the longest beginning at every place, and the words that may stand there: kind and offset of each."""
    begun: dict[str, dict[tuple[str, int, int], None]] = {}
    for number in SUBJECTS[subject]:
        kind = KINDS[number]
        if kind.folded == folded:
            for word, offset in kind.words:
                begun.setdefault(word[:BEGINNING], {})[word, number, offset] = None
    every = {
        letters: tuple(one for size in range(1, len(letters) + 1) for one in begun.get(letters[:size], ()))
        for letters in begun
    }
    return re.compile(f"(?=({_any_of(begun)}))" if begun else "(?!)"), every


def _any_of(words: Iterable[str]) -> str:
    """A pattern for the longest of ``words`` at a place, by their letters in common."""

    def branches(rests: Iterable[str]) -> Iterator[str]:
        by_letter: dict[str, set[str]] = {}
        for rest in rests:
            by_letter.setdefault(rest[:1], set()).add(rest[1:])
        for letter in sorted(by_letter, reverse=True):
            if letter:
                inner = list(branches(by_letter[letter]))
                yield re.escape(letter) + (f"(?:{'|'.join(inner)})" if inner != [""] else "")
            else:
                yield ""

    return f"(?:{'|'.join(branches(words))})"
