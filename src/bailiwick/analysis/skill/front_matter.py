"""The front matter of a skill, command or agent: YAML with positions, bounded, in every spelling that is met."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_BYTES = 262_144
MAX_ALIASES = 16
MAX_NODES = 20_000

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One entry of ``allowed-tools`` or its like: ``Bash(git:*)`` is the tool ``Bash`` with the pattern ``git:*``."""

    tool: str
    pattern: str | None
    line: int

    @property
    def shown(self) -> str:
        """As it is written."""
        return self.tool if self.pattern is None else f"{self.tool}({self.pattern})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """A front matter, read. ``values`` are its plain values, ``lines`` where each top-level key stands, ``body_line`` the first line after it.

    ``problem`` says what is wrong with it; ``missing`` that there is none.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1
    problem: str = ""
    missing: bool = False
    hostile: bool = False

    def text(self, key: str) -> str:
        """A value as text, empty when there is none."""
        value = self.values.get(key)
        return (
            value
            if isinstance(value, str)
            else ""
            if value is None or isinstance(value, (dict, list))
            else str(value)
        )

    def line(self, key: str) -> int:
        """The line of a key."""
        return self.lines.get(key, 1)

    def grants(self, key: str) -> tuple[Grant, ...]:
        """The tools that a key lists, whichever way it is spelled."""
        value = self.values.get(key)
        if value is None:
            value, key = self.values.get(key.replace("-", "_")), key.replace("-", "_")
        return tuple(grants(value, self.line(key)))


def read(text: str) -> FrontMatter:
    """The front matter at the beginning of ``text``. Total: what isn't YAML, or is too much of it, is a problem that is said."""
    match = _FENCE.match(text)
    if match is None:
        return FrontMatter(body=text, missing=True, problem="it has no front matter")
    block = match[1]
    body = text[match.end() :]
    body_line = text.count("\n", 0, match.end()) + 1
    if len(block) > MAX_BYTES:
        return FrontMatter(
            body=body, body_line=body_line, problem=f"longer than {MAX_BYTES} characters", hostile=True
        )
    try:
        problem, hostile = _bounded(block)
        if problem:
            return FrontMatter(body=body, body_line=body_line, problem=problem, hostile=hostile)
        node = yaml.compose(block, Loader=yaml.SafeLoader)
        loaded = yaml.load(block, Loader=_Plain)  # noqa: S506 - a safe loader without dates
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError) as error:
        where = getattr(getattr(error, "problem_mark", None), "line", None)
        shown = f" in line {where + 2}" if where is not None else ""
        values, lines = _by_lines(block)
        return FrontMatter(
            values=values, lines=lines, body=body, body_line=body_line, problem=f"it is no YAML{shown}"
        )
    lines = {}
    if isinstance(node, yaml.MappingNode):
        lines = {str(key.value): key.start_mark.line + 2 for key, _ in node.value}
    if not isinstance(loaded, dict):
        return FrontMatter(body=body, body_line=body_line, problem="it is no mapping")
    values = {str(key): value for key, value in loaded.items()}
    return FrontMatter(values=values, lines=lines, body=body, body_line=body_line)


class _Plain(yaml.SafeLoader):
    """Safe, and without turning words into dates."""


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _bounded(block: str) -> tuple[str, bool]:
    aliases = depth = 0
    for nodes, event in enumerate(yaml.parse(block, Loader=yaml.SafeLoader), 1):
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent))
        depth -= isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent))
        if aliases > MAX_ALIASES:
            return f"more than {MAX_ALIASES} aliases", True
        if nodes > MAX_NODES or depth > 40:
            return "too large or nested too deeply", True
    return "", False


def _by_lines(block: str) -> tuple[dict[str, Any], dict[str, int]]:
    """What can be told of a front matter that is no YAML: ``key: the rest of the line``, as lenient clients read it."""
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(block.split("\n")):
        match = re.match(r"([A-Za-z][\w-]{0,40}):[ \t]*(.*)", line)
        if match:
            values.setdefault(match[1], match[2].strip())
            lines.setdefault(match[1], number + 2)
    return values, lines


def grants(value: Any, line: int) -> Iterator[Grant]:
    """Tools in a list, or in a text with commas or blanks between them; commas and blanks inside parentheses don't divide."""
    if isinstance(value, str):
        yield from (_grant(word, line) for word in _words(value))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, str):
                yield from (_grant(word, line + number) for word in _words(item))
            elif isinstance(item, dict):
                yield from (Grant(tool=str(name), pattern=None, line=line) for name in item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if inner in (False, "deny", "false"):
                continue
            yield Grant(tool=str(name), pattern=inner if isinstance(inner, str) else None, line=line)


def _words(text: str) -> Iterator[str]:
    depth, start = 0, 0
    text = text.strip().removeprefix("[").removesuffix("]")
    for at, character in enumerate(f"{text} "):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(depth - 1, 0)
        elif depth == 0 and character in ", \t\n":
            word = text[start:at].strip("\"' ")
            if word:
                yield word
            start = at + 1
    if depth:
        yield text[start:].strip("\"' ")


def _grant(word: str, line: int) -> Grant:
    match = re.fullmatch(r"([\w*.:-]+)\((.*)\)?", word, re.DOTALL)
    if match and "(" in word:
        return Grant(tool=match[1], pattern=match[2].removesuffix(")"), line=line)
    return Grant(tool=word, pattern=None, line=line)
