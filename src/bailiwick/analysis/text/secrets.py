"""Secrets and personal data in text: one function that finds them, however they are written.

Detection (``rules``), redaction (``audit.redaction``), skill audits and the command line use it, so whatever a rule can
find, the audit trail masks. Inline comments that ask scanners to look away are not honoured.

1. The text as written: filters say where to look, exact patterns whether something is there, judges how sure that is.
2. The same in its other readings: letters that only look like ours replaced, escapes undone, concatenations joined,
   pieces of a stream put together, base64 and hexadecimal and packed runs decoded, reversed, rotated by thirteen.
3. What overlaps becomes one match, named by the surest and most specific rule.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import field
from functools import cache, lru_cache
from typing import Final

from bailiwick.analysis.text import candidates, sse, views
from bailiwick.analysis.text.classes import DataClass, Subject
from bailiwick.analysis.text.contextual import encoded_credential
from bailiwick.analysis.text.kind import Certainty, Kind, confidence_of
from bailiwick.analysis.text.kinds import KINDS, RANK
from bailiwick.model.access import Confidence, Tier
from bailiwick.model.value import value

SCAN_LIMIT: Final = 1_048_576
"""Characters of one text that are scanned; callers say so when a text is longer."""

OVERLAP: Final = 65_536
"""Characters that two successive parts of a long text have in common."""

MAX_CANDIDATES: Final = 20_000
"""Candidates of one text that are judged; beyond them a text is said to be not fully scanned."""

MAX_DECODED: Final = 4 * SCAN_LIMIT
"""Characters that are decoded out of one text, at all depths together."""

MAX_DEPTH: Final = 3
"""Encodings inside encodings that are undone."""

_REDACTED = re.compile(r"\[redacted:[a-z0-9/-]{1,60}:[0-9a-f]{12}\]")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TURNED = "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
_ROT13 = str.maketrans(_LETTERS, _TURNED)
_ROT13_BYTES = bytes.maketrans(_LETTERS.encode(), _TURNED.encode())


@value(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """One secret: the rule that knows it, half-open character offsets into the scanned text, how sure.

    ``secret`` is what it says once decoded; it must never be written anywhere. ``pieces`` are the stretches to mask
    where it is written in several. ``example`` says that it is a placeholder or a key out of documentation.
    """

    rule: str
    start: int
    end: int
    confidence: Confidence
    secret: str = field(repr=False)
    tier: Tier = Tier.REDACT
    pieces: tuple[tuple[int, int], ...] = ()
    example: bool = False

    def at(self, start: int, end: int, pieces: tuple[tuple[int, int], ...] = ()) -> "SecretMatch":
        """The same secret at its place in another text."""
        return SecretMatch(
            rule=self.rule, start=start, end=end, confidence=self.confidence, secret=self.secret, tier=self.tier,
            pieces=pieces if len(pieces) > 1 else (), example=self.example,
        )  # fmt: skip

    def moved(self, by: int) -> "SecretMatch":
        """The same secret in a text that begins ``by`` characters earlier."""
        return self.at(
            self.start + by, self.end + by, tuple((one + by, other + by) for one, other in self.pieces)
        )

    def cut(self, begin: int, end: int) -> "SecretMatch":
        """As much of it as lies in ``text[begin:end]``, with offsets into that."""
        pieces = tuple(
            (max(one, begin) - begin, min(other, end) - begin)
            for one, other in self.pieces
            if one < end and other > begin
        )
        return self.at(max(self.start, begin) - begin, min(self.end, end) - begin, pieces)


@value(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was found in a text, in order, and whether all of it was looked at."""

    matches: tuple[SecretMatch, ...]
    complete: bool


ENCODED: Final = "secret/encoded-credential"
"""What is nothing but base64 or hexadecimal of one random word, and of no other rule."""

SECRET: Final = frozenset(("secret",))
EVERYTHING: Final = frozenset(("secret", "personal"))

ANCHORED_RULES: Final = frozenset(kind.rule for kind in KINDS if kind.anchored)
"""Secrets that say by their own form what they are; the others are known by what stands beside them."""

SECRET_RULES: Final = frozenset((ENCODED, *(kind.rule for kind in KINDS if kind.rule.startswith("secret/"))))


def scan(text: str) -> tuple[SecretMatch, ...]:
    """Every secret in the first ``SCAN_LIMIT`` characters of ``text``, in order, never overlapping; no personal data.

    Offsets are into the text as written. A run that decodes to something with a secret is a match as a whole. Total
    and deterministic.
    """
    return examine(text).matches


def examine(
    text: str, *, subjects: frozenset[Subject] = SECRET, examples: bool = False, flowing: bool = False
) -> Scanned:
    """``scan`` for what belongs to ``subjects``, with a word on whether anything was left out.

    With ``examples``, or where they are among ``subjects``, placeholders and documented keys are reported too. A
    ``flowing`` text is not read backwards, and its messages are not put together: that takes the whole of it.
    """
    search = _Search(subjects=subjects, classes=_classes_of(subjects), flowing=flowing)
    if len(text) > SCAN_LIMIT:
        text = text[:SCAN_LIMIT]
        search.complete = False
    found = list(search.everywhere(text))
    matches = _merged(text, found) if found else ()
    if not (examples or "examples" in subjects):
        # Not before: a documented key is none under the name of a more general rule either.
        matches = tuple(match for match in matches if not match.example)
    return Scanned(matches=matches, complete=search.complete)


def examine_long(
    text: str, *, subjects: frozenset[Subject] = SECRET, examples: bool = False, most: int | None = None
) -> Scanned:
    """``examine`` for a text of any length: in parts that overlap by more than the longest secret.

    With ``most``, no further part is looked at once so many secrets were found, or a part held more than can be judged.
    """
    if len(text) <= SCAN_LIMIT:
        return examine(text, subjects=subjects, examples=examples)
    found: list[SecretMatch] = []
    complete = True
    for begin in range(0, len(text), SCAN_LIMIT - OVERLAP):
        part = examine(text[begin : begin + SCAN_LIMIT], subjects=subjects, examples=examples)
        complete = complete and part.complete
        found.extend(match.moved(begin) for match in part.matches)
        if most is not None and (len(found) >= most or not part.complete):
            complete = complete and begin + SCAN_LIMIT >= len(text)
            break
    return Scanned(matches=_merged(text, found), complete=complete)


@value(frozen=False, slots=True, kw_only=True)
class _Search:
    """One examination: what it looks for, and how much it may still do."""

    subjects: frozenset[Subject]
    classes: tuple[DataClass, ...] = ()
    judged: int = MAX_CANDIDATES
    decoded: int = MAX_DECODED
    complete: bool = True
    flowing: bool = False

    def everywhere(self, text: str, depth: int = 0) -> Iterator[SecretMatch]:
        """What is in ``text`` and in its other readings; offsets into ``text``."""
        hits = candidates.hits_in(text, self.subjects)
        yield from self._confirmed(text, hits)
        alike = views.alike(text)
        if alike is not None:
            yield from self._plain(alike)
        yield from self._through(views.unescaped_at(text, hits.escapes), depth)
        if hits.joints:
            view = views.joined(text, hits.joints)
            if view is not None:
                yield from self._mapped(self._plain(view.text), view)
        for stream in () if self.flowing else sse.streams(text):
            yield from self._mapped(self._plain(stream.text), stream)
        if depth < MAX_DEPTH:
            for start, end, decoded in views.encoded(text, hits.runs, hits.digits):
                yield from self._inside(start, end, decoded, depth)
        if depth == 0 and "secret" in self.subjects:
            yield from self._turned(text)

    def _turned(self, text: str) -> Iterator[SecretMatch]:
        """What is sure when the text is read backwards, or rotated by thirteen letters."""
        data, size = candidates.ascii_of(text), len(text)
        hits = candidates.bare_hits_in(data[::-1], SECRET) if not self.flowing else None
        if hits and hits.attempts:
            for match in self._sure(self._confirmed(text[::-1], hits)):
                yield match.at(size - match.end, size - match.start)
        hits = candidates.bare_hits_in(data.translate(_ROT13_BYTES), SECRET)
        if hits.attempts:
            yield from self._sure(self._confirmed(text.translate(_ROT13), hits))

    @staticmethod
    def _sure(matches: Iterable[SecretMatch]) -> Iterator[SecretMatch]:
        return (m for m in matches if m.confidence is Confidence.HIGH or m.rule in ANCHORED_RULES)

    def _inside(self, start: int, end: int, decoded: str, depth: int) -> Iterator[SecretMatch]:
        self.decoded -= len(decoded)
        if self.decoded < 0:
            self.complete = False
            return
        found = False
        for match in self.everywhere(decoded, depth + 1):
            found = True
            yield match.at(start, end)
        if not found and "secret" in self.subjects and encoded_credential(decoded):
            yield SecretMatch(rule=ENCODED, start=start, end=end, confidence=Confidence.LOW, secret=decoded)

    def _through(self, view: views.View | None, depth: int, rounds: int = 3) -> Iterator[SecretMatch]:
        """What is in a text with its escapes undone, and what is encoded, joined or escaped again in that."""
        if view is None:
            return
        if not view.complete:
            self.complete = False
        hits = candidates.hits_in(view.text, self.subjects)
        inner = [self._confirmed(view.text, hits)]
        if hits.joints and (joined := views.joined(view.text, hits.joints)):
            inner.append(self._mapped(self._plain(joined.text), joined))
        if depth < MAX_DEPTH:
            inner.extend(
                self._inside(*run, depth) for run in views.encoded(view.text, hits.runs, hits.digits)
            )
        if rounds > 1:
            again = views.unescaped_at(view.text, hits.escapes)
            inner.append(self._through(again and views.near(again), depth, rounds - 1))
        for matches in inner:
            for match in matches:
                yield match.at(*view.span(match.start, match.end))

    def _mapped(self, matches: Iterable[SecretMatch], view: views.View) -> Iterator[SecretMatch]:
        for match in matches:
            yield match.at(*view.span(match.start, match.end), view.pieces(match.start, match.end))

    def _plain(self, text: str) -> Iterator[SecretMatch]:
        """What is in ``text`` as it stands."""
        return self._confirmed(text, candidates.bare_hits_in(candidates.ascii_of(text), self.subjects))

    def _confirmed(self, text: str, hits: candidates.Hits) -> Iterator[SecretMatch]:
        if not (hits.attempts or self.classes):
            return
        masks = [mask.span() for mask in _REDACTED.finditer(text)] if "[redacted:" in text else []
        for one in self.classes:
            yield from self._of_class(one, text, masks)
        last: dict[int, int] = {}
        for number, position in sorted(hits.attempts):
            kind = KINDS[number]
            if position < last.get(number, 0) or position < 0:
                continue
            match = kind.compiled.match(text, position)
            if match is None:
                continue
            self.judged -= 1
            if self.judged < 0:
                self.complete = False
                return
            for start, end, certainty in kind.judge(match):
                last[number] = end
                example = certainty is Certainty.STAND_IN
                if any(one <= start < other for one, other in masks):
                    continue
                yield SecretMatch(
                    rule=kind.rule,
                    start=start,
                    end=end,
                    confidence=confidence_of(certainty),
                    secret=text[start:end],
                    tier=Tier.BLOCK
                    if kind.tier is Tier.BLOCK and certainty is Certainty.HIGH
                    else Tier.REDACT,
                    example=example,
                )

    def _of_class(self, one: DataClass, text: str, masks: list[tuple[int, int]]) -> Iterator[SecretMatch]:
        for start, end in one.spans(text):
            if any(begin <= start < finish for begin, finish in masks):
                continue
            self.judged -= 1
            if self.judged < 0:
                self.complete = False
                return
            yield SecretMatch(
                rule=one.rule, start=start, end=end, confidence=Confidence.HIGH, secret=text[start:end],
                tier=one.tier,
            )  # fmt: skip


@lru_cache(maxsize=64)
def _classes_of(subjects: frozenset[Subject]) -> tuple[DataClass, ...]:
    return tuple(sorted((one for one in subjects if isinstance(one, DataClass)), key=lambda one: one.name))


def _merged(text: str, found: list[SecretMatch]) -> tuple[SecretMatch, ...]:
    """Overlapping matches become one, named by the surest and most specific of them."""
    found.sort(key=lambda m: (m.start, -m.end))
    merged: list[SecretMatch] = []
    for match in found:
        if not merged or match.start >= merged[-1].end:
            merged.append(match)
            continue
        last = merged[-1]
        best = min(last, match, key=_precedence)
        end = max(last.end, match.end)
        whole = end - last.start == best.end - best.start
        merged[-1] = SecretMatch(
            rule=best.rule, start=last.start, end=end, confidence=best.confidence,
            secret=best.secret if whole else text[last.start : end], tier=best.tier,
            pieces=best.pieces if whole else (), example=best.example,
        )  # fmt: skip
    return tuple(merged)


def _precedence(match: SecretMatch) -> tuple[bool, bool, bool, bool, int, bool]:
    return (
        match.rule not in ANCHORED_RULES,
        match.example,
        match.tier is Tier.REDACT,
        match.confidence is Confidence.LOW,
        RANK.get(match.rule, len(RANK)),
        not match.pieces,
    )


def segment_of(starts: tuple[int, ...], offset: int) -> int:
    """Index of the segment, of those beginning at ``starts`` (ascending), that ``offset`` lies in."""
    return bisect_right(starts, offset) - 1


@cache
def kinds_of(rule: str) -> tuple[Kind, ...]:
    """The kinds of one rule, empty for none of that name."""
    return tuple(kind for kind in KINDS if kind.rule == rule)
