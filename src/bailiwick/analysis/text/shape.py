"""Shapes: the small notation in which the form of a token is written, and what follows from it.

    sk_(live,test)_<16-250a>        a choice, then 16 to 250 letters and digits

One shape gives the expression that confirms a token, the weaker one of fixed width that finds where it may begin,
and an example, made up. Whatever stands outside ``<...>`` and ``(...)`` is itself.
"""

import re
from itertools import product
from typing import Final

from bailiwick.analysis.text.draw import Draw
from bailiwick.model.value import value

CLASSES: Final = {
    "a": "A-Za-z0-9",  # letters and digits
    "l": "a-z0-9",
    "u": "A-Z0-9",
    "d": "0-9",
    "h": "0-9a-f",
    "H": "0-9A-Fa-f",
    "z": "A-Za-z",
    "w": "A-Za-z0-9_-",  # base64 for URLs
    "b": "A-Za-z0-9+/",  # base64
    "U": "A-Za-z0-9_",
    ".": "A-Za-z0-9_.-",
    "p": "A-Za-z0-9_.=-",
    "q": "A-Za-z0-9_~.-",
    "e": "A-Za-z0-9%/+_-",  # base64 in a URL
    "B": "A-Z2-7",  # base32
    "c": "a-z2-7",
    "k": "1-9A-HJ-NP-Za-km-z",  # base58
    "m": "02-9AC-HJ-NP-Z",  # bech32 in capitals
    "s": " \t",
}
"""What stands for which characters, as inside a character class of a regular expression."""

MAX_COUNT: Final = 4_096
"""Most characters that one class may stand for."""

FILTER_WIDTH: Final = 56
"""Characters of a token that are looked for before the whole is confirmed: more than enough to be rare."""

_BEFORE_ANCHOR = 12

_ATOM = re.compile(
    r"<(?:(?P<least>\d+)(?:-(?P<most>\d+))?(?P<class>[^<>])|(?P<uuid>uuid)|(?P<pad>=))>|(?P<text>[^<>]+)"
)
_CHOICE = re.compile(r"\(([^()]*)\)")
_UUID = "<8H>-<4H>-<4H>-<4H>-<12H>"


class ShapeError(ValueError):
    """A shape that isn't one; the message says what is wrong with it."""


@value(frozen=True, slots=True)
class Atom:
    """A fixed text, or ``least`` to ``most`` characters of a class (``letters`` as inside brackets)."""

    text: str = ""
    letters: str = ""
    least: int = 0
    most: int = 0


@value(frozen=True, slots=True)
class Shape:
    """One shape without choices."""

    atoms: tuple[Atom, ...]

    def expression(self) -> str:
        """What confirms it, without boundaries."""
        return "".join(
            re.escape(atom.text) if atom.text else f"[{atom.letters}]{_count(atom.least, atom.most)}"
            for atom in self.atoms
        )

    def tail(self) -> str:
        """The class of its last characters: none of them may follow, where the length is fixed."""
        last = self.atoms[-1]
        return last.letters if last.letters and last.letters != "=" else "A-Za-z0-9"

    def anchor(self) -> tuple[str, int]:
        """Its longest fixed text that stands at a known distance from the beginning, and that distance."""
        best, place, offset = "", 0, 0
        for atom in self.atoms:
            if len(atom.text) > len(best):
                best, place = atom.text, offset
            if atom.least != atom.most:
                break
            offset += len(atom.text) or atom.least
        return best, place

    def filter(self) -> tuple[str, int]:
        """An expression that holds wherever the shape stands, and how far before its end the shape begins.

        Of what comes before the longest fixed text only the last few characters are asked for.
        """
        _, place = self.anchor()
        skipped = max(place - _BEFORE_ANCHOR, 0)
        pieces: list[str] = []
        lead = 0
        for atom in self.atoms:
            size = len(atom.text) or atom.least
            left = max(skipped - lead, 0)
            if left >= size:
                lead += size
                continue
            if atom.text:
                pieces.append(re.escape(atom.text).replace(r"\ ", " "))
                lead += size
                continue
            taken = min(size - left, max(FILTER_WIDTH - (lead + left - skipped), 0))
            if taken:
                pieces.append(f"[{atom.letters}]{{{taken}}}")
            lead += left + taken
            if taken < size - left or atom.least != atom.most:
                break
        return "".join(pieces), lead

    def example(self, draw: Draw) -> str:
        """A token of this shape."""
        made: list[str] = []
        for atom in self.atoms:
            letters = _letters(atom.letters) if atom.letters and atom.letters != "=" else ""
            if letters:
                # A separator at either end would run into what stands beside it.
                kept = [c for c in letters if c.isalnum()] or list(letters)
                made.append(draw.of("".join(kept), min(atom.least + 8, atom.most)))
            else:
                made.append(atom.text)
        return "".join(made)


def _count(least: int, most: int) -> str:
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}+"


def _letters(inside: str) -> str:
    return "".join(chr(c) for c in range(32, 127) if re.match(f"[{inside}]", chr(c)))


def shapes_of(text: str) -> tuple[Shape, ...]:
    """The shapes written in ``text``, choices spread out. Raises ShapeError."""
    found: list[Shape] = []
    for word in text.split():
        fixed = _CHOICE.split(word.replace("<uuid>", _UUID))
        # Every second piece is the inside of a choice.
        choices = [piece.split(",") if number % 2 else [piece] for number, piece in enumerate(fixed)]
        found.extend(_shape("".join(pieces)) for pieces in product(*choices))
    return tuple(found)


def _shape(text: str) -> Shape:
    atoms: list[Atom] = []
    position = 0
    for match in _ATOM.finditer(text):
        if match.start() != position:
            break
        position = match.end()
        if match["text"]:
            atoms.append(Atom(text=match["text"]))
        elif match["pad"]:
            atoms.append(Atom(letters="=", least=0, most=2))
        else:
            letters = CLASSES.get(match["class"])
            if letters is None:
                raise ShapeError(f"{text!r}: no class of characters is called {match['class']!r}")
            least = int(match["least"])
            most = int(match["most"] or least)
            if not 0 < least <= most <= MAX_COUNT:
                raise ShapeError(f"{text!r}: a count is at least 1 and at most {MAX_COUNT}")
            atoms.append(Atom(letters=letters, least=least, most=most))
    if not atoms or position != len(text):
        raise ShapeError(f"{text!r} is not a shape: {text[position:][:20]!r} can't be read")
    return Shape(atoms=tuple(atoms))
