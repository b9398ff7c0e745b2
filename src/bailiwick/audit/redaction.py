"""Redaction: no secret that a rule can find reaches a record, a log line or a message (design.md, law 9).

1. Every string of the event (keys and values), the facts and the decision is scanned.
2. What was found anywhere is masked everywhere, even where the context that gave it away is missing.
3. A mask carries a keyed fingerprint, so the same secret can be followed without being known.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import field
from hashlib import sha256
from typing import Any

from bailiwick.analysis.text import views
from bailiwick.analysis.text.classes import Subject
from bailiwick.analysis.text.secrets import (
    ANCHORED_RULES,
    SECRET,
    SecretMatch,
    examine,
    examine_long,
)
from bailiwick.model.value import value

MAX_DEPTH = 48
"""Nesting of a JSON value that is kept; what lies deeper becomes ``[too deep]``."""

MINIMUM_KNOWN = 6
"""Shorter secrets are masked where they were found only: a three-letter password occurs in every text."""

MAX_KNOWN = 10_000
"""Secrets of one event from which on no more are sought: it is one long list of them, and judging each takes time."""

MANY_KNOWN = 1_000
"""Known secrets from which on one pass over a text takes less than a search for each."""


@value(frozen=True, slots=True)
class Redactor:
    """Masks secrets in text and JSON values. ``key`` keys the fingerprints; ``known`` are masked wherever they occur.

    ``known`` maps a secret to the rule that found it and is never shown. ``subjects`` says what is masked: secrets, or
    personal data as well.
    """

    key: bytes = field(repr=False)
    known: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    subjects: frozenset[Subject] = SECRET

    def knowing(self, texts: Iterable[str]) -> "Redactor":
        """This redactor, which now also masks, wherever they occur, the secrets found in ``texts``."""
        known = dict(self.known)
        for text in texts:
            if len(known) >= MAX_KNOWN:
                break
            for match in examine_long(text, subjects=self.subjects, most=MAX_KNOWN).matches:
                if len(match.secret) >= MINIMUM_KNOWN:
                    known.setdefault(match.secret, match.rule)
        # Longest first, so that a secret which contains another is masked whole.
        ordered = tuple(sorted(known.items(), key=lambda item: (-len(item[0]), item[0])))
        return Redactor(self.key, ordered, self.subjects) if ordered != self.known else self

    def looking_for(self, subjects: frozenset[Subject]) -> "Redactor":
        """This redactor, which masks what belongs to ``subjects``."""
        return Redactor(self.key, self.known, subjects)

    def finds(self, text: str) -> bool:
        """Whether something is found in the first ``SCAN_LIMIT`` characters of ``text``."""
        return bool(examine(text, subjects=self.subjects).matches)

    def known_in(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The rules of the known secrets that stand in ``texts``, in order."""
        return tuple(sorted({rule for text in texts for _, _, rule, _ in self._occurrences(text)}))

    def fingerprint(self, secret: str) -> str:
        """Twelve hexadecimal digits that are equal for equal secrets and mean nothing without the key."""
        return hmac.digest(self.key, secret.encode("utf-8", "replace"), sha256).hex()[:12]

    def text(self, text: str, *, contextual: bool = True) -> str:
        """``text`` with every secret replaced by ``[redacted:<rule>:<fingerprint>]``.

        Without ``contextual`` only known secrets that are secrets by their own form are masked, beside those
        found in the text itself.
        """
        return self.masked(text, examine_long(text, subjects=self.subjects).matches, contextual=contextual)

    def masked(self, text: str, matches: Iterable[SecretMatch], *, contextual: bool = True) -> str:
        """``text`` with what was found in it (``matches``), and what is known, replaced."""
        spans = [
            (start, end, match.rule, match.secret, number)
            for match in matches
            for number, (start, end) in enumerate(match.pieces or ((match.start, match.end),))
        ]
        if self.known:
            spans.extend((*s, 0) for s in self._occurrences(text) if contextual or s[2] in ANCHORED_RULES)
        if not spans:
            return text
        spans.sort(key=lambda span: (span[0], -span[1]))
        pieces: list[str] = []
        position = 0
        for start, end, rule, secret, number in spans:
            if end <= position:
                continue
            if start >= position:
                pieces.append(text[position:start])
                # Of a secret in several pieces the first becomes the mask, the others nothing.
                pieces.append("" if number else f"[redacted:{rule}:{self.fingerprint(secret)}]")
            position = end
        pieces.append(text[position:])
        return "".join(pieces)

    def value(self, value: Any, *, depth: int = MAX_DEPTH) -> Any:
        """A JSON value with every string in it redacted, keys included.

        A value under a telling key is judged together with it: ``{"password": "..."}`` is an assignment.
        """
        match value:
            case str():
                return self.text(value)
            case Mapping() | list() | tuple() if depth <= 0:
                return "[too deep]"
            case Mapping():
                return {
                    self.text(str(name)): self._under(str(name), item, depth - 1)
                    for name, item in value.items()
                }
            case list() | tuple():
                return [self.value(item, depth=depth - 1) for item in value]
            case None | bool() | int() | float():
                return value
            case _:
                return self.text(str(value))

    def _under(self, name: str, item: Any, depth: int) -> Any:
        if not isinstance(item, str):
            return self.value(item, depth=depth)
        prefix = f"{name}: "
        whole = self.text(prefix + item)
        return whole[len(prefix) :] if whole.startswith(prefix) else self.text(item)

    def _occurrences(self, text: str) -> Iterable[tuple[int, int, str, str]]:
        readings = [None, *(view for view in (views.unescaped(text), views.joined(text)) if view)]
        for view in readings:
            for start, secret, rule in self._standing_in(view.text if view else text):
                end = start + len(secret)
                yield (*(view.span(start, end) if view else (start, end)), rule, secret)

    def _standing_in(self, text: str) -> Iterable[tuple[int, str, str]]:
        """Where known secrets stand in ``text``, each one's first: each is looked for, or where they are many every place."""
        if len(self.known) <= MANY_KNOWN:
            for secret, rule in self.known:
                start = text.find(secret)
                while start >= 0:
                    yield start, secret, rule
                    start = text.find(secret, start + len(secret))
            return
        width = min(len(secret) for secret, _ in self.known)
        beginning: dict[str, list[tuple[str, str]]] = {}
        for secret, rule in self.known:
            beginning.setdefault(secret[:width], []).append((secret, rule))
        ends: dict[str, int] = {}
        for start in range(len(text) - width + 1):
            for secret, rule in beginning.get(text[start : start + width], ()):
                if start >= ends.get(secret, 0) and text.startswith(secret, start):
                    ends[secret] = start + len(secret)
                    yield start, secret, rule


def strings_of(value: Any, *, depth: int = MAX_DEPTH) -> Iterable[str]:
    """Every string of a JSON value, keys and ``key: value`` pairs included, down to ``depth``."""
    match value:
        case str():
            yield value
        case Mapping() if depth > 0:
            for name, item in value.items():
                if isinstance(item, str):
                    yield f"{name}: {item}"
                else:
                    yield str(name)
                    yield from strings_of(item, depth=depth - 1)
        case list() | tuple() if depth > 0:
            for item in value:
                yield from strings_of(item, depth=depth - 1)
        case _:
            return
