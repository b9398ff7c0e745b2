"""Secrets in text: one function that finds them, however they are written.

Both detection (``rules/secret``) and redaction (``audit.redaction``) use it, so whatever a rule can find, the
audit trail masks. Inline comments that ask scanners to look away are not honoured.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bailiwick.analysis.text import views
from bailiwick.analysis.text.secret_kinds import SECRET_KINDS, SecretKind
from bailiwick.model.access import Confidence

SCAN_LIMIT = 1_048_576
"""Characters of one text that are scanned; callers say so when a text is longer."""

_REDACTED = re.compile(r"\[redacted:[a-z0-9/-]{1,60}:[0-9a-f]{12}\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """One secret: the rule that knows it, half-open character offsets into the scanned text, how sure.

    ``secret`` is what it says once decoded; it must never be written anywhere.
    """

    rule: str
    start: int
    end: int
    confidence: Confidence
    secret: str = field(repr=False)


_EXACT = tuple((keyword, kind) for kind in SECRET_KINDS if not kind.folded for keyword in kind.keywords)
_FOLDED = tuple((keyword, kind) for kind in SECRET_KINDS if kind.folded for keyword in kind.keywords)


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of ``words``, by their letters in common: one pass instead of one for each word."""

    def branches(rests: Iterable[str]) -> str:
        by_letter: dict[str, set[str]] = {}
        for rest in rests:
            by_letter.setdefault(rest[:1], set()).add(rest[1:])
        if "" in by_letter:
            return ""
        return (
            f"(?:{'|'.join(re.escape(letter) + branches(by_letter[letter]) for letter in sorted(by_letter))})"
        )

    return re.compile(branches(words))


_ANY_EXACT = any_of(keyword for keyword, _ in _EXACT)
_ANY_FOLDED = any_of(keyword for keyword, _ in _FOLDED)
_RANK = {kind.rule: position for position, kind in reversed(tuple(enumerate(SECRET_KINDS)))}

ANCHORED_RULES: frozenset[str] = frozenset(kind.rule for kind in SECRET_KINDS if kind.anchored)
"""Secrets that say by their own form what they are; the others are known by what stands beside them."""

SECRET_RULES: frozenset[str] = frozenset(kind.rule for kind in SECRET_KINDS)


def scan(text: str) -> tuple[SecretMatch, ...]:
    """Every secret in the first ``SCAN_LIMIT`` characters of ``text``, in order, never overlapping.

    Looks at the text as written, with its escapes undone, with quotes inside words left out, and one level
    inside base64 and hexadecimal runs; offsets are always into the text as written. A run that decodes to
    something with a secret is a match as a whole. Total and deterministic.
    """
    if len(text) > SCAN_LIMIT:
        text = text[:SCAN_LIMIT]
    found = list(_plain(text))
    found.extend(_through(views.unescaped(text)))
    found.extend(_through(views.joined(text), anchored=True))
    for start, end, decoded in views.encoded(text):
        found.extend(
            SecretMatch(rule=m.rule, start=start, end=end, confidence=m.confidence, secret=m.secret)
            for m in _plain(decoded)
        )
    return _merged(text, found) if found else ()


def _plain(text: str, *, anchored: bool = False) -> Iterator[SecretMatch]:
    masks = [mask.span() for mask in _REDACTED.finditer(text)] if "[redacted:" in text else []
    lower = "" if anchored else text.lower()
    if len(lower) != len(text):
        # A few letters change their length in lower case; offsets matter more here than those letters do.
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in text) if not anchored else lower
    for kind in _candidates(text, lower, anchored=anchored):
        grouped = "secret" in kind.pattern.groupindex
        for match in _located(kind, text, lower) if kind.folded else kind.pattern.finditer(text):
            group: int | str = "secret" if grouped and match.group("secret") is not None else 0
            secret = match.group(group)
            if masks and any(start <= match.start(group) < end for start, end in masks):
                continue
            confidence = kind.judge(secret)
            if confidence is not None:
                start, end = match.span(group)
                yield SecretMatch(rule=kind.rule, start=start, end=end, confidence=confidence, secret=secret)


def _located(kind: SecretKind, text: str, lower: str) -> Iterator[re.Match[str]]:
    """Matches that begin at a keyword: much faster than trying a pattern without case at every character."""
    for keyword in kind.keywords:
        position = lower.find(keyword)
        while position >= 0:
            match = kind.pattern.match(text, position)
            if match:
                yield match
            position = lower.find(keyword, match.end() if match else position + 1)


def _candidates(text: str, lower: str, *, anchored: bool) -> list[SecretKind]:
    """The kinds one of whose keywords occurs: most texts have none, and then no pattern runs."""
    found: list[SecretKind] = []
    if _ANY_EXACT.search(text):
        for keyword, kind in _EXACT:
            if keyword in text and kind not in found and not (anchored and not kind.anchored):
                found.append(kind)
    if not anchored and _ANY_FOLDED.search(lower):
        for keyword, kind in _FOLDED:
            if keyword in lower and kind not in found:
                found.append(kind)
    return found


def _through(view: views.View | views.Layered | None, *, anchored: bool = False) -> Iterator[SecretMatch]:
    if view is None:
        return
    for match in _plain(view.text, anchored=anchored):
        start, end = view.span(match.start, match.end)
        yield SecretMatch(
            rule=match.rule, start=start, end=end, confidence=match.confidence, secret=match.secret
        )


def _merged(text: str, found: list[SecretMatch]) -> tuple[SecretMatch, ...]:
    """Overlapping matches become one, named by the surest and most specific of them."""
    found.sort(key=lambda m: (m.start, -m.end))
    merged: list[SecretMatch] = []
    for match in found:
        if not merged or match.start >= merged[-1].end:
            merged.append(match)
            continue
        last = merged[-1]
        best = min(last, match, key=lambda m: (m.confidence is Confidence.LOW, _RANK[m.rule]))
        end = max(last.end, match.end)
        secret = best.secret if end - last.start == best.end - best.start else text[last.start : end]
        merged[-1] = SecretMatch(
            rule=best.rule, start=last.start, end=end, confidence=best.confidence, secret=secret
        )
    return tuple(merged)


def segment_of(starts: tuple[int, ...], offset: int) -> int:
    """Index of the segment, of those beginning at ``starts`` (ascending), that ``offset`` lies in."""
    return bisect_right(starts, offset) - 1
