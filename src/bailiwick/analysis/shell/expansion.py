"""Word expansion over what is known: brace, tilde, parameter, glob and quote removal, in bash's order.

A word becomes ``Arg`` values whose kind says how much is known. What can't be followed exactly becomes less
known, never wrongly known.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NUMBER,
    PATTERN,
    UNKNOWN,
    Arg,
    Kind,
    Place,
    sources_of,
)
from bailiwick.analysis.shell.syntax import Parameter, Part, Text
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

MAX_TEXT = 20_000
"""Characters of one value that is followed; a longer one counts as unknown."""
MAX_BRACES = 100
"""Brace expressions in one word, beside and inside one another."""
MAX_WORDS = 64
"""Words one word may expand to; beyond that they count as unknown."""

Token = str | Part
_INTEGER_RANGE = regex(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?\Z", re.ASCII)
_LETTER_RANGE = regex(r"([A-Za-z])\.\.([A-Za-z])\Z")
_STARS = regex(r"(?<!\\)\*{2,}")
_SAME = regex(r"[^\[\]\\{},!]*\Z")
_BRACKET = regex(r"\[([!^]?)((?:[A-Za-z0-9_.,:@%+=]|-|\[:[a-z]+:\])+)\]")


# -- braces


class _TooMany(Exception):  # noqa: N818 - control flow inside this module, never seen outside
    pass


def braces(parts: tuple[Part, ...]) -> list[tuple[Part, ...]] | None:
    """The words brace expansion makes of one, or None where that isn't known."""
    tokens: list[Token] = []
    for part in parts:
        if isinstance(part, Text) and not part.quoted:
            tokens += part.text
        else:
            tokens.append(part)
    try:
        return [_parts(word) for word in _expand(tokens)]
    except _TooMany:
        return None


def _parts(tokens: list[Token]) -> tuple[Part, ...]:
    result: list[Part] = []
    for item in tokens:
        if isinstance(item, str):
            # Braces are expanded before names are read: $x{a,b} is $xa $xb.
            if (
                result
                and isinstance(result[-1], Parameter)
                and not result[-1].quoted
                and (item.isalnum() or item in "_[")
            ):
                raise _TooMany
            if result and isinstance(result[-1], Text) and not result[-1].quoted:
                result[-1] = Text(result[-1].text + item, quoted=False)
            else:
                result.append(Text(item, quoted=False))
        else:
            result.append(item)
    return tuple(result)


def _expand(tokens: list[Token], depth: int = 0) -> list[list[Token]]:  # noqa: C901, PLR0912 - one arm per form
    if depth > MAX_BRACES:
        raise _TooMany
    start = next((i for i, item in enumerate(tokens) if item == "{"), None)
    if start is None:
        return [tokens]
    level, commas, end = 0, [], None
    for i in range(start, len(tokens)):
        if tokens[i] == "{":
            level += 1
        elif tokens[i] == "}":
            level -= 1
            if level == 0:
                end = i
                break
        elif tokens[i] == "," and level == 1:
            commas.append(i)
    inner = tokens[start + 1 : end]
    if end is None:
        if "," in tokens or ".." in "".join(t for t in tokens if isinstance(t, str)):
            raise _TooMany  # bash's reading of unbalanced braces isn't modelled
        return [tokens]
    if commas:
        bounds = [start, *commas, end]
        choices = [choice for a, b in pairwise(bounds) for choice in _expand(tokens[a + 1 : b], depth + 1)]
    elif (sequence := _range(inner)) is not None:
        choices = [list(item) for item in sequence]
    else:
        if "," in tokens[end:] and "}" in tokens[end + 1 :]:
            raise _TooMany  # braces without a comma may close later: {a}b,c} is a}b and c
        choices = [["{", *choice, "}"] for choice in _expand(inner, depth + 1)]
    tails = _expand(tokens[end + 1 :], depth + 1)
    if len(choices) * len(tails) > MAX_WORDS:
        raise _TooMany
    return [tokens[:start] + choice + tail for choice in choices for tail in tails]


def _range(inner: list[Token]) -> list[str] | None:
    text = "".join(item if isinstance(item, str) else "\0" for item in inner)
    if match := _INTEGER_RANGE.match(text):
        first, last, step = int(match[1]), int(match[2]), abs(int(match[3] or 1)) or 1
        if abs(last - first) // step >= MAX_WORDS:
            raise _TooMany
        padded = any(len(t.lstrip("-")) > 1 and t.lstrip("-").startswith("0") for t in (match[1], match[2]))
        width = max(len(match[1]), len(match[2])) if padded else 0
        numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
        return [f"{number:0{width}d}" if padded else str(number) for number in numbers]
    if match := _LETTER_RANGE.match(text):
        a, b = ord(match[1]), ord(match[2])
        if (a < ord("a")) != (b < ord("a")):
            raise _TooMany  # crosses the punctuation between the cases
        return [chr(c) for c in (range(a, b + 1) if a <= b else range(a, b - 1, -1))]
    if ".." in text:
        raise _TooMany
    return None


# -- globs


def glob(text: str) -> str | None:
    """Unquoted source characters as a glob of the model's dialect; None where they aren't understood.

    A backslash here escapes (it comes from a value). The result over-approximates: ``**`` is kept, since
    ``globstar`` may be set.
    """
    if _SAME.match(text):
        return text
    out: list[str] = []
    i, count = 0, len(text)
    while i < count:
        c = text[i]
        if c == "[":
            match = _BRACKET.match(text, i)
            if match is None:
                return None
            out.append("?" if ":" in match[2] else f"[{'!' if match[1] else ''}{match[2]}]")
            i = match.end()
            continue
        if c == "\\":
            return None
        out.append("\\" + c if c in "]{},!" else c)
        i += 1
    return "".join(out)


def hide_dots(pattern: str) -> str:
    """A leading ``*`` or ``?`` of a path segment doesn't match a dot in the shell; say so in the glob."""
    segments = pattern.split("/")
    for i, segment in enumerate(segments):
        if segment == "**":
            continue
        single = _STARS.sub("*", segment)
        rest = single[1:]
        if single.startswith("?"):
            single = "[!.]" + rest
        elif single.startswith("*"):
            if not rest or rest.startswith("."):
                single = "[!.]*" + rest
            elif not any(c in rest for c in "{},"):
                single = "{" + rest + ",[!.]*" + rest + "}"  # the star may also match nothing
        segments[i] = single
    return "/".join(segments)


# -- fields


class Field:
    """One word under construction."""

    __slots__ = ("kind", "quoted", "sources", "span", "text", "wild")

    def __init__(self, span: Place) -> None:
        self.text = ""  # literal so far, or glob once `wild`
        self.wild = False
        self.kind = LITERAL
        self.quoted = False
        self.span = span
        self.sources: frozenset[int] = frozenset()

    def literal(self, text: str) -> None:
        """Add characters that stand for themselves."""
        if self.kind is not UNKNOWN:
            self.text += escape(text) if self.wild else text
            if len(self.text) > MAX_TEXT:
                self.text = ""
                self.kind = UNKNOWN

    def pattern(self, pattern: str | None) -> None:
        """Add a glob; None for one that isn't understood."""
        if self.kind is UNKNOWN:
            return
        if pattern is None:
            self.unknown()
            return
        if not self.wild:
            self.text = escape(self.text)
            self.wild = True
        self.text += pattern

    def unknown(self) -> None:
        """Whatever follows isn't known."""
        if self.kind is UNKNOWN:
            return
        if self.wild:  # only a literal prefix is kept
            match = re.match(r"(?:[^*?\[{\\]|\\.)*", self.text, re.DOTALL)
            self.text = re.sub(r"\\(.)", r"\1", match.group() if match else "", flags=re.DOTALL)
        self.kind = UNKNOWN

    def value(self, arg: Arg) -> None:
        """Add a variable's value that stays one word."""
        self.sources |= arg.sources
        match arg.kind:
            case Kind.LITERAL:
                self.literal(arg.text)
            case Kind.PATTERN:
                self.pattern(arg.text)
            case Kind.NUMBER:
                if not self.text and self.kind is LITERAL and not self.wild:
                    self.kind = NUMBER
                    return
                self.pattern("*")
            case Kind.UNKNOWN:
                self.literal(arg.text)
                self.unknown()
            case Kind.OPEN:
                self.unknown()

    def settle(self) -> None:
        """A number followed by something is a pattern."""
        if self.kind is NUMBER:
            self.kind = LITERAL
            self.pattern("*")

    def arg(self, *, path_glob: bool) -> Arg:
        """The finished word; ``path_glob`` says that file names were matched, so leading dots weren't."""
        if self.kind is LITERAL and self.wild:
            text = hide_dots(self.text) if path_glob else self.text
            return Arg(text, PATTERN, self.span, self.sources)
        return Arg("" if self.kind is NUMBER else self.text, self.kind, self.span, self.sources)


def joined(args: Iterable[Arg], *, separator: str = " ") -> Arg:
    """Several words in one string, as ``eval`` and ``echo`` join them."""
    words: Sequence[Arg] = list(args)
    sources = sources_of(words)
    spans = [a.span for a in words if a.span is not None]
    span = (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None
    if all(a.kind is LITERAL for a in words) and sum(len(a.text) for a in words) <= MAX_TEXT:
        return Arg(separator.join(a.text for a in words), LITERAL, span, sources)
    return Arg("", UNKNOWN, span, sources)
