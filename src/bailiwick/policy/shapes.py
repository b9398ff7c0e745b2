"""The grammar's building blocks: what may stand at a place, read strictly, and the same as JSON Schema.

``syntax`` declares the language as dataclasses whose fields carry a shape and a sentence; the reader, the
JSON Schema and the reference page are three walks over that one declaration.
"""

import re
from collections.abc import Callable
from dataclasses import MISSING, field, fields
from functools import cache
from typing import Any, Protocol

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.policy.document import Mapping, Node, Scalar, Sequence
from bailiwick.policy.errors import Problems, did_you_mean

Definitions = dict[str, dict[str, Any]]

_YAML_WORD = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|~|)\Z")
_YAML_NUMBER = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\d[\d_]*(\.[\d_]*)?([eE][-+]?\d+)?"
    r"|\.(inf|Inf|INF))\Z|\.(nan|NaN|NAN)\Z"
)
MAX_TEXT = 4096
"""Characters of one value; the longest path Linux takes (PATH_MAX)."""


@value(frozen=True, slots=True)
class Text:
    """A word of the policy and where it stands."""

    text: str
    at: Origin

    def __str__(self) -> str:
        return self.text


class Shape(Protocol):
    """What may stand at one place of the language."""

    def read(self, node: Node, problems: Problems) -> Any:
        """The value, or None with the mistake noted."""

    def schema(self, definitions: Definitions) -> dict[str, Any]:
        """The same as JSON Schema; records are put into ``definitions``."""


def declare(shape: Shape, doc: str, *, required: bool = False, default: Any = None) -> Any:
    """A field of the language: its shape and the sentence that explains it."""
    metadata = {"shape": shape, "doc": doc}
    return field(metadata=metadata) if required else field(default=default, metadata=metadata)


@value(frozen=True, slots=True, kw_only=True)
class Item:
    """One declared key of a record."""

    key: str
    shape: Shape
    doc: str
    required: bool


@cache
def items_of(record: type) -> dict[str, Item]:
    """The declared keys of a record, in order."""
    return {
        one.name: Item(
            key=one.name,
            shape=one.metadata["shape"],
            doc=one.metadata["doc"],
            required=one.default is MISSING,
        )
        for one in fields(record)
        if "shape" in one.metadata
    }


def describe(node: Node) -> str:
    """What a node is, in an author's words."""
    match node:
        case Scalar(text="", plain=True):
            return "nothing"
        case Scalar():
            return f"`{node.text[:60]}`"
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"


@value(frozen=True, slots=True, kw_only=True)
class Word:
    """Text. Unquoted words that YAML 1.1 reads as a boolean, a number or nothing are refused."""

    what: str
    pattern: str | None = None
    hint: str = ""

    def read(self, node: Node, problems: Problems) -> Text | None:
        """The text, checked against ``pattern``."""
        if not isinstance(node, Scalar):
            problems.add(
                node.at, f"expected {self.what}, found {describe(node)}", f"write one value: {self.what}"
            )
            return None
        if node.plain and _YAML_WORD.match(node.text):
            nothing = node.text in {"", "~"} or node.text.lower() == "null"
            problems.add(
                node.at,
                f"expected {self.what}, but YAML reads an unquoted `{node.text}` as {'nothing' if nothing else 'a truth value'}"
                if node.text
                else f"expected {self.what}, found nothing",
                f'quote it: "{node.text}"'
                if node.text
                else f"write {self.what}, or leave out what need not be there",
            )
        elif node.plain and _YAML_NUMBER.match(node.text):
            problems.add(
                node.at,
                f"expected {self.what}, but YAML reads an unquoted `{node.text}` as a number",
                f'quote it: "{node.text}"',
            )
        elif len(node.text) > MAX_TEXT:
            problems.add(node.at, f"longer than {MAX_TEXT} characters", f"shorten {self.what}")
        elif not node.text.strip():
            problems.add(
                node.at,
                f"expected {self.what}, found empty text",
                f"write {self.what}, or leave out what need not be there",
            )
        elif self.pattern is not None and not re.fullmatch(self.pattern, node.text):
            problems.add(
                node.at,
                f"`{node.text[:60]}` is not {self.what}",
                self.hint or f"it must match {self.pattern}",
            )
        else:
            return Text(node.text, node.at)
        return None

    def schema(self, definitions: Definitions) -> dict[str, Any]:  # noqa: ARG002
        """A string."""
        pattern = {} if self.pattern is None else {"pattern": f"^(?:{self.pattern})$"}
        return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, **pattern}


@value(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, problems: Problems) -> Text | None:
        """The word."""
        if isinstance(node, Scalar) and node.text in self.words:
            return Text(node.text, node.at)
        word = node.text if isinstance(node, Scalar) else ""
        problems.add(
            node.at,
            f"expected {' | '.join(self.words)}, found {describe(node)}",
            did_you_mean(word, self.words),
        )
        return None

    def schema(self, definitions: Definitions) -> dict[str, Any]:  # noqa: ARG002
        """An enumeration."""
        return {"enum": list(self.words)}


@value(frozen=True, slots=True, kw_only=True)
class Number:
    """A whole number in decimal digits, bounds included. Octal, hexadecimal and 1:30 are refused."""

    what: str
    minimum: int
    maximum: int

    def read(self, node: Node, problems: Problems) -> int | None:
        """The number."""
        good = (
            isinstance(node, Scalar) and node.plain and re.fullmatch(r"0|[1-9]\d{0,11}", node.text, re.ASCII)
        )
        if good and isinstance(node, Scalar) and self.minimum <= int(node.text) <= self.maximum:
            return int(node.text)
        problems.add(
            node.at,
            f"expected {self.what}, found {describe(node)}",
            f"a whole number from {self.minimum} to {self.maximum}, in plain decimal digits without quotes",
        )
        return None

    def schema(self, definitions: Definitions) -> dict[str, Any]:  # noqa: ARG002
        """An integer."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@value(frozen=True, slots=True, kw_only=True)
class Flag:
    """true or false, unquoted; YAML's other words for them are refused."""

    def read(self, node: Node, problems: Problems) -> bool | None:
        """The truth value."""
        if isinstance(node, Scalar) and node.plain and node.text in {"true", "false"}:
            return node.text == "true"
        problems.add(
            node.at, f"expected true or false, found {describe(node)}", "write true or false, without quotes"
        )
        return None

    def schema(self, definitions: Definitions) -> dict[str, Any]:  # noqa: ARG002
        """A boolean."""
        return {"type": "boolean"}


@value(frozen=True, slots=True, kw_only=True)
class Value:
    """A value for a field of a tool's input: true, false, a whole number, or text in quotes."""

    def read(self, node: Node, problems: Problems) -> str | bool | int | None:
        """The value."""
        if isinstance(node, Scalar):
            if not node.plain:
                return node.text
            if node.text in {"true", "false"}:
                return node.text == "true"
            if re.fullmatch(r"0|-?[1-9]\d{0,11}", node.text, re.ASCII):
                return int(node.text)
        problems.add(
            node.at, f"expected a value, found {describe(node)}", 'true, false, a whole number, or "text"'
        )
        return None

    def schema(self, definitions: Definitions) -> dict[str, Any]:  # noqa: ARG002
        """A string, boolean or integer."""
        return {"type": ["string", "boolean", "integer"]}


@value(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of one shape. With ``single`` a lone value stands for the list of it."""

    of: Shape
    single: bool = False

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...]:
        """The values that could be read."""
        if isinstance(node, Sequence):
            if not node.items:
                problems.add(
                    node.at, "an empty list says nothing", "remove the key, or list at least one entry"
                )
            return tuple(value for item in node.items if (value := self.of.read(item, problems)) is not None)
        if self.single:
            value = self.of.read(node, problems)
            return () if value is None else (value,)
        mend = (
            f"put `- ` before it: `- {node.text[:60]}`"
            if isinstance(node, Scalar) and node.text
            else "begin each entry with `- `"
        )
        problems.add(node.at, f"expected a list, found {describe(node)}", mend)
        return ()

    def schema(self, definitions: Definitions) -> dict[str, Any]:
        """An array, or what it is an array of."""
        one = self.of.schema(definitions)
        array = {"type": "array", "items": one, "minItems": 1}
        return {"anyOf": [one, array]} if self.single else array


@value(frozen=True, slots=True, kw_only=True)
class Record:
    """A mapping with declared keys; read to an instance of ``of``, whose field ``at`` says where it begins.

    ``shorthand``: the key that a plain value stands for (``- git push`` for ``- match: git push``).
    """

    of: type
    shorthand: str | None = None

    def read(self, node: Node, problems: Problems) -> Any:
        """The instance, or None when a required key is missing or could not be read."""
        known = items_of(self.of)
        if self.shorthand is not None and not isinstance(node, Mapping):
            value = known[self.shorthand].shape.read(node, problems)
            return None if value in (None, ()) else self.of(at=node.at, **{self.shorthand: value})
        if not isinstance(node, Mapping):
            problems.add(
                node.at,
                f"expected a mapping, found {describe(node)}",
                f"write `key: value` lines with {', '.join(known)}",
            )
            return None
        values: dict[str, Any] = {}
        for key, child in node.items:
            if key.text not in known:
                problems.add(key.at, f"unknown key `{key.text[:60]}`", did_you_mean(key.text, known))
            else:
                values[key.text] = known[key.text].shape.read(child, problems)
        given = {key.text for key, _ in node.items}
        for item in known.values():
            if item.required and item.key not in given:
                problems.add(node.at, f"the key `{item.key}` is missing", f"add `{item.key}:` ({item.doc})")
        if any(item.required and values.get(item.key) in (None, ()) for item in known.values()):
            return None
        return self.of(at=node.at, **{key: value for key, value in values.items() if value is not None})

    def schema(self, definitions: Definitions) -> dict[str, Any]:
        """A closed object, by reference."""
        name = self.of.__name__
        if name not in definitions:
            definitions[name] = {}
            known = items_of(self.of)
            definitions[name].update(
                {
                    "type": "object",
                    "description": (self.of.__doc__ or "").strip().split("\n")[0],
                    "properties": {
                        item.key: {**item.shape.schema(definitions), "description": item.doc}
                        for item in known.values()
                    },
                    "required": [item.key for item in known.values() if item.required],
                    "additionalProperties": False,
                }
            )
        reference = {"$ref": f"#/$defs/{name}"}
        if self.shorthand is None:
            return reference
        return {"anyOf": [items_of(self.of)[self.shorthand].shape.schema(definitions), reference]}


@value(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping from names that the author chooses to values of one shape; read to pairs."""

    name: Word
    of: Shape

    def read(self, node: Node, problems: Problems) -> tuple[tuple[Text, Any], ...]:
        """The pairs that could be read."""
        if not isinstance(node, Mapping):
            problems.add(
                node.at,
                f"expected a mapping, found {describe(node)}",
                f"write `name: ...` lines; each name is {self.name.what}",
            )
            return ()
        pairs = ((self.name.read(key, problems), self.of.read(value, problems)) for key, value in node.items)
        return tuple((name, value) for name, value in pairs if name is not None and value is not None)

    def schema(self, definitions: Definitions) -> dict[str, Any]:
        """An object with free keys."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.name.pattern})$"} if self.name.pattern else {},
            "additionalProperties": self.of.schema(definitions),
        }


Checker = Callable[[Text, Problems], Any]
