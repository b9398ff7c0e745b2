"""YAML text to nodes that know where they stand, in bounded time and memory.

Built from the parser's events rather than by PyYAML's composer, which recurses: a deeply nested file would
exhaust the stack. No implicit typing is done here; ``shapes`` reads each scalar as what the language expects
at that place, so nothing depends on YAML 1.1's surprises.
"""

from typing import Any, TypeAlias

import yaml

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.policy.errors import Problems

MAX_CHARACTERS = 1 << 20
"""Length of one file: twenty times the largest policy we have seen written by hand."""

MAX_DEPTH = 16
"""Nesting of one file; the language itself needs 7."""

MAX_NODES = 100_000
"""Nodes of one file with aliases counted as often as they are used."""

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@value(frozen=True, slots=True)
class Scalar:
    """A single value; ``plain`` says that it stands unquoted, where YAML 1.1 might read it as something else."""

    at: Origin
    text: str
    plain: bool = False
    size: int = 1


@value(frozen=True, slots=True)
class Sequence:
    """A list."""

    at: Origin
    items: tuple["Node", ...]
    size: int = 1


@value(frozen=True, slots=True)
class Mapping:
    """A mapping; keys are distinct."""

    at: Origin
    items: tuple[tuple[Scalar, "Node"], ...]
    size: int = 1


Node: TypeAlias = Scalar | Sequence | Mapping


@value(frozen=False, slots=True)
class _Open:
    """A collection whose end has not come yet."""

    at: Origin
    mapping: bool
    anchor: str | None
    children: list[Node]


class _Refused(Exception):  # noqa: N818 (never leaves this file)
    """Reading can't go on."""


def read_document(file: str, text: str, problems: Problems) -> Node | None:
    """The one document in ``text``, or None with the reason noted in ``problems``. Total: nothing else raises."""
    top = Origin(file=file, line=1, column=1)
    if len(text) > MAX_CHARACTERS:
        problems.add(
            top, f"the file is longer than {MAX_CHARACTERS} characters", "split it into several profiles"
        )
        return None
    try:
        return _Builder(file, problems).build(text)
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Origin(file=file, line=mark.line + 1, column=mark.column + 1) if mark else top
        what = " ".join(part for part in (error.context, error.problem) if part)
        problems.add(at, f"not YAML: {what}", _mend(what, _line(text, at.line)))
    except (yaml.YAMLError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else "unreadable"
        problems.add(top, f"not YAML: {what}", "save the file as UTF-8 text without control characters")
    return None


def _line(text: str, number: int) -> str:
    lines = text.split("\n")
    return lines[number - 1] if number <= len(lines) else ""


def _mend(what: str, line: str) -> str:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, never with tabs"
    if "cannot start any token" in what or "alias" in what or "anchor" in what:
        return "put the value in double quotes (YAML gives `*`, `&`, `@`, `%`, `!` and backquotes a meaning of their own)"
    if "mapping values are not allowed" in what:
        return "put a value that contains `: ` in double quotes, and indent keys of one mapping alike"
    return "check indentation, and put values with special characters in double quotes"


class _Builder:
    def __init__(self, file: str, problems: Problems) -> None:
        self._file = file
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def build(self, text: str) -> Node | None:
        documents = 0
        for event in yaml.parse(text, Loader=_Loader):
            at = self._at(event.start_mark)
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._refuse(
                            at, "a second document in one file", "one file holds one document: remove `---`"
                        )
                case yaml.AliasEvent():
                    self._place(self._alias(at, event.anchor or ""))
                case yaml.ScalarEvent():
                    self._tag(at, event.tag)
                    plain = bool(event.implicit[0]) and event.tag is None
                    self._done(Scalar(at, event.value, plain), event.anchor)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._tag(at, event.tag)
                    if len(self._open) >= MAX_DEPTH:
                        self._refuse(
                            at, f"nested deeper than {MAX_DEPTH} levels", "no policy needs that: flatten it"
                        )
                    mapping = isinstance(event, yaml.MappingStartEvent)
                    self._open.append(_Open(at, mapping, event.anchor, []))
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close()
                case _:
                    pass
        if self._root is None:
            at = Origin(file=self._file, line=1, column=1)
            self._problems.add(at, "the file is empty", "write at least its first key, or remove the file")
        return self._root

    def _at(self, mark: Any) -> Origin:
        return Origin(
            file=self._file, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1
        )

    def _refuse(self, at: Origin, message: str, mend: str) -> None:
        self._problems.add(at, message, mend)
        raise _Refused

    def _tag(self, at: Origin, tag: str | None) -> None:
        if tag is not None and tag != "!":
            self._refuse(
                at, f"a YAML tag (`{tag}`)", "remove the tag; the language knows the type of every value"
            )

    def _alias(self, at: Origin, anchor: str) -> Node:
        if anchor not in self._anchors:
            self._refuse(
                at,
                f"`*{anchor}` names no finished `&{anchor}` before it",
                f'a glob needs quotes: "*{anchor}"',
            )
        return self._anchors[anchor]

    def _done(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        self._place(node)

    def _place(self, node: Node) -> None:
        if node.size > MAX_NODES:
            self._refuse(
                node.at, f"more than {MAX_NODES} values once aliases are written out", "use fewer aliases"
            )
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node

    def _close(self) -> None:
        opened = self._open.pop()
        size = 1 + sum(child.size for child in opened.children)
        if opened.mapping:
            self._done(Mapping(opened.at, self._pairs(opened), size), opened.anchor)
        else:
            self._done(Sequence(opened.at, tuple(opened.children), size), opened.anchor)

    def _pairs(self, opened: _Open) -> tuple[tuple[Scalar, Node], ...]:
        seen: dict[str, Origin] = {}
        pairs: list[tuple[Scalar, Node]] = []
        for key, held in zip(opened.children[::2], opened.children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._problems.add(key.at, "a key that is a list or a mapping", "keys are plain words")
            elif key.text == "<<" and key.plain:
                self._problems.add(
                    key.at, "a YAML merge key (`<<`)", "use `extends:` to share rules between profiles"
                )
            elif key.text in seen:
                first = seen[key.text]
                self._problems.add(
                    key.at,
                    f"the key `{key.text}` stands here a second time",
                    f"join it with line {first.line}; of two, YAML would silently keep the last",
                )
            else:
                seen[key.text] = key.at
                pairs.append((key, held))
        return tuple(pairs)
