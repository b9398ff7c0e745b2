"""The provider tables, read: one line of data is one rule."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

from bailiwick.analysis.text import lexicon
from bailiwick.analysis.text.contextual import UUID, entropy, random_looking, wordy
from bailiwick.analysis.text.kind import Certainty, Judged, Kind, Weight, token_judge
from bailiwick.analysis.text.shape import Shape, ShapeError, shapes_of
from bailiwick.model.access import Tier
from bailiwick.model.regex import regex

TOKENS: Final = "tokens.txt"
NAMED: Final = "named.txt"

_REACH = 40
"""Characters between a provider's name and the value it speaks of."""

_GAP = r"[\w .\-]{0,30}?[\\\"'`\]) ]{0,6}(?:=>|:=|==?|:|,|>| )[\s\\\"'`(\[]{0,6}"
_WEAK = 2
"""Fixed characters below which a form is too common to stop anything by itself."""


class TableError(ValueError):
    """A line of a table that can't be read: file, line, and what is wrong."""


@cache
def read(name: str) -> tuple[Kind, ...]:
    """The kinds of one table. Raises TableError."""
    text = files("bailiwick.analysis.text.providers").joinpath(name).read_text(encoding="utf-8")
    return tuple(
        kind
        for number, line in enumerate(text.splitlines(), 1)
        if line and line[0] != "#"
        for kind in _kinds(name, number, line)
    )


def _kinds(name: str, number: int, line: str) -> list[Kind]:
    columns = [column.strip() for column in line.split(" | ")]
    try:
        if name == TOKENS:
            rule, title, weight, shapes = columns
            return [_token(rule, title, Weight[weight.upper()], shape) for shape in shapes_of(shapes)]
        rule, title, weight, names, shapes = columns
        return [_named(rule, title, Weight[weight.upper()], tuple(names.split()), shapes_of(shapes))]
    except (ValueError, KeyError, ShapeError) as error:
        raise TableError(f"{name}:{number}: {error}") from error


def _token(rule: str, title: str, weight: Weight, shape: Shape) -> Kind:
    word, offset = shape.anchor()
    first = shape.atoms[0]
    fixed = len(first.text)
    known = sum(len(atom.text) for atom in shape.atoms)
    edge = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtf]))" if not first.text or first.text[0].isalnum() else ""
    return Kind(
        rule=f"secret/{rule}",
        title=title,
        weight=weight,
        tier=Tier.BLOCK if known > _WEAK else Tier.REDACT,
        pattern=rf"{edge}(?P<secret>{shape.expression()})(?![{shape.tail()}])",
        words=((word, offset),),
        filters=(shape.filter(),),
        judge=token_judge(f"secret/{rule}", fixed),
        shapes=(shape,),
    )


def _named(rule: str, title: str, weight: Weight, names: tuple[str, ...], shapes: tuple[Shape, ...]) -> Kind:
    said = "|".join(re.escape(name) for name in names)
    # Longest first: a value of 40 characters is not one of 32 and eight more.
    values = "|".join(rf"{shape.expression()}(?![{shape.tail()}])" for shape in shapes)
    return Kind(
        rule=f"secret/{rule}",
        title=title,
        weight=weight,
        tier=Tier.REDACT,
        pattern=rf"(?i:{said}){_GAP}(?P<secret>{values})",
        words=tuple((name, 0) for name in names),
        filters=tuple((re.escape(name).replace(r"\ ", " "), len(name)) for name in names),
        folded=True,
        judge=_judge_named,
        anchored=False,
        shapes=shapes,
        example=f"{names[0]}_key = {{shape}}",
    )


def _judge_named(match: re.Match[str]) -> list[Judged]:
    secret, (start, end) = match.group("secret"), match.span("secret")
    if lexicon.stand_in(secret) or lexicon.documented(secret):
        return [(start, end, Certainty.STAND_IN)]
    letters = any(c.isalpha() for c in secret)
    cases = secret != secret.lower() and secret != secret.upper() and not wordy(secret)
    mixed = secret.isalnum() and ((letters and sum(c.isdigit() for c in secret) > 1) or cases)
    if not UUID.match(secret) and not mixed and not random_looking(secret, least=6, sure=True):
        return []
    between = match.group()[: start - match.start()]
    if _ABOUT.search(between):
        return []
    sure = entropy(secret) >= 3 and _KEYWORD.search(between) is not None  # noqa: PLR2004 - bits
    return (
        [(start, end, Certainty.HIGH if sure else Certainty.LOW)]
        if sure or ("=" in between or ":" in between)
        else []
    )


_KEYWORD = regex(r"(?i)key|token|secret|pass|auth|api|pat")
_ABOUT = regex(
    r"(?i)(?:sha|hash|digest|commit|checksum|integrity|version|url|(?<![a-z])id|_id|uuid|sid)[\s\"'`\\:=]*$"
)

__all__ = ["NAMED", "TOKENS", "TableError", "read"]
