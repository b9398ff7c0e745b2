"""What is known of a value in a piece of Python: constants, paths, functions with an effect, or plain data.

A value is the set of everything it may be. The law that carries the rest: ``Plain`` data never contains a module or
a function with an effect; whatever would let one slip into data makes the code opaque.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias

from bailiwick.analysis.commands.argument import Arg, Kind, Place
from bailiwick.model.glob import escape

MAX_ATOMS = 16
"""Alternatives kept of one value; more become plain data."""
MAX_TEXT = 10_000
"""Characters of a text that is put together here; a longer one isn't followed."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string or byte string that is known."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer that is known."""

    number: int


@dataclass(frozen=True, slots=True)
class Number:
    """An integer that isn't known."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A string that matches a glob of the model's dialect: a found path, a text with a number in it."""

    glob: str


@dataclass(frozen=True, slots=True)
class Partial:
    """A string of which only the beginning is known."""

    text: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Data of which nothing is known but that it can do nothing by itself."""


@dataclass(frozen=True, slots=True)
class Location:
    """A ``pathlib`` path, or a string made of one."""

    where: Text | Shape | Partial | Plain


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple or list whose items are known in order."""

    items: "tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Many:
    """Something to iterate over, each item of which is ``item``.

    ``fresh`` says that the library just made it and no name holds it yet, so that nothing else was put into it.
    """

    item: "Value"
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the library that is modelled."""

    name: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A function of the library whose call has an effect, by its full name (``os.remove``)."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """A method with an effect, bound to the path it works on."""

    owner: Location
    name: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """A function or class whose call only computes; ``name`` selects what is known of its result."""

    name: str


@dataclass(frozen=True, slots=True)
class Defined:
    """A function of the code itself, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something out of a module that isn't modelled."""

    name: str


@dataclass(frozen=True, slots=True)
class Environment:
    """``os.environ``."""


Atom: TypeAlias = (
    Text
    | Whole
    | Number
    | Shape
    | Partial
    | Plain
    | Location
    | Row
    | Many
    | Module
    | Effect
    | Method
    | Harmless
    | Defined
    | Foreign
    | Environment
)
Value: TypeAlias = frozenset[Atom]

NOTHING: Value = frozenset()
PLAIN: Value = frozenset([Plain()])
NUMBER: Value = frozenset([Number()])
_CAPABLE = (Module, Effect, Method, Defined, Foreign, Environment)
_DATA = (Text, Whole, Number, Shape, Partial, Plain, Location, Row, Many, Harmless)


SEARCH_PATH = Harmless("sys.path")
"""Where modules are looked for; harmless to show, not to change."""


def join(values: Iterable[Value]) -> Value:
    """Everything that any of ``values`` may be."""
    whole: Value = NOTHING.union(*values)
    return whole if len(whole) <= MAX_ATOMS else widened(whole)


def widened(value: Value) -> Value:
    """The same with all that is known of data forgotten."""
    return frozenset(atom for atom in value if isinstance(atom, _CAPABLE)) | (
        PLAIN if any(isinstance(atom, _DATA) for atom in value) else NOTHING
    )


def ordered(value: Value) -> Iterable[Atom]:
    """The alternatives in an order that is the same in every process, for whoever says something of each."""
    return value if len(value) <= 1 else sorted(value, key=_spelled)


def _spelled(part: object) -> str:
    match part:
        case frozenset():
            return f"{{{', '.join(sorted(map(_spelled, part)))}}}"
        case tuple():
            return f"({', '.join(map(_spelled, part))})"
        case _ if is_dataclass(part):
            return type(part).__name__ + _spelled(tuple(getattr(part, one.name) for one in fields(part)))
        case _:
            return repr(part)


def capable(value: Value) -> list[Atom]:
    """The alternatives that must not become plain data; rows and iterables are looked into."""
    found: list[Atom] = []
    for atom in ordered(value):
        if isinstance(atom, _CAPABLE) or atom == SEARCH_PATH:
            found.append(atom)
        elif isinstance(atom, Row):
            found += [inner for item in atom.items for inner in capable(item)]
        elif isinstance(atom, Many):
            found += capable(atom.item)
    return found


def kept(value: Value) -> Value:
    """The same once a name holds it."""
    if not any(isinstance(atom, Many) and atom.fresh for atom in value):
        return value
    return frozenset(Many(atom.item) if isinstance(atom, Many) else atom for atom in value)


def items(value: Value) -> Value:
    """What iterating over ``value`` yields."""
    found: list[Value] = []
    for atom in value:
        match atom:
            case Row(items=inside):
                found += inside
            case Many(item=inside):
                found.append(inside)
            case Text(text=text) if len(text) <= 1:
                found.append(frozenset([atom]))
            case Module() | Effect() | Method() | Defined() | Foreign() | Environment():
                found.append(frozenset([atom]))  # not iterable; whoever uses it will say so
            case _:
                found.append(PLAIN)
    return join(found)


def argument(atom: Atom, span: Place | None) -> Arg:
    """The value as a word of a command."""
    match atom:
        case Text(text=text) if "\0" not in text:
            return Arg(text, Kind.LITERAL, span)
        case Whole(number=number):
            return Arg(str(number), Kind.LITERAL, span)
        case Number():
            return Arg("", Kind.NUMBER, span)
        case Shape(glob=glob):
            return Arg(glob, Kind.PATTERN, span)
        case Partial(text=text):
            return Arg(text, Kind.UNKNOWN, span)
        case Location(where=where):
            return argument(where, span)
        case _:
            return Arg("", Kind.UNKNOWN, span)


def glued(parts: Iterable[Value]) -> Value:
    """The strings that come of writing ``parts`` one after the other."""
    heads: list[Atom] = [Text("")]
    for first, part in enumerate(parts):
        if not part:
            return NOTHING
        heads = [_append(head, atom, start=not first) for head in heads for atom in part]
        if len(heads) > MAX_ATOMS:
            return PLAIN
    return join([frozenset(heads)])


def _append(head: Atom, tail: Atom, *, start: bool) -> Atom:
    path = isinstance(head, Location)
    if start and isinstance(tail, Location):
        return tail
    if isinstance(head, Location):
        if not isinstance(tail, Text) or (tail.text and not tail.text.startswith("/")):
            return Plain()  # the text of a path isn't what we write it as
        head = head.where
    if isinstance(head, Partial | Plain):
        return Location(head) if path else head
    if isinstance(head, Text) and isinstance(tail, Text | Whole):
        text = head.text + (tail.text if isinstance(tail, Text) else str(tail.number))
        known: Text | Plain = Text(text) if len(text) <= MAX_TEXT else Plain()
        return Location(known) if path else known
    shapes = [as_glob(atom) for atom in (head, tail)]
    if None not in shapes:
        shape = Shape("".join(shape or "" for shape in shapes))
        return Location(shape) if path else shape
    return Partial(head.text) if isinstance(head, Text) and head.text else Plain()


def as_glob(atom: Atom) -> str | None:
    """The glob that stands for a string, or None where it may be anything."""
    match atom:
        case Text(text=text):
            return escape(text)
        case Whole(number=number):
            return str(number)
        case Number():
            return "*"
        case Shape(glob=glob):
            return glob
        case _:
            return None


_GLOB_CHARACTER = re.compile(r"\*+|\?|\[!?\]?[^\]\[\\{},]*\]|[\\{},\[\]]|[^*?\[\]\\{},]+")


def translated(pattern: str, *, deep: bool) -> str:
    """A pattern of Python's ``glob`` in the model's dialect; ``deep`` says that ``**`` is any depth."""
    found = []
    for piece in _GLOB_CHARACTER.findall(pattern):
        if piece[0] == "*":
            found.append("**" if deep and len(piece) > 1 else "*")
        elif piece == "?" or (piece[0] == "[" and len(piece) > 1):
            found.append(piece)
        else:
            found.append(escape(piece))
    return "".join(found)
