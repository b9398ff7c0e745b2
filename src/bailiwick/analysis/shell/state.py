"""The abstract state of a shell: where it may be, what its variables may hold, which functions it knows."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TypeAlias

from bailiwick.analysis.commands.argument import LITERAL, NUMBER, OPEN, UNKNOWN, Arg, Kind, Place
from bailiwick.analysis.shell.syntax import Command
from bailiwick.analysis.shell.trail import Content
from bailiwick.model.request import FileView
from bailiwick.model.value import value

MAX_DIRECTORIES = 4
"""Working directories told apart; beyond that the directory counts as unknown."""
INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})\Z", re.ASCII)


@value(frozen=True, slots=True, kw_only=True)
class ShellContext:
    """What is known before a command runs. Missing knowledge makes more opaque, never less.

    ``cwd``, ``home`` and ``project`` are absolute. ``environment`` holds variables whose values may be relied
    on. ``dialect`` is ``bash``, ``sh`` or ``zsh``. ``files``, where given, tells where ``a/../b`` really leads.
    ``user`` is the account whose home directory ``home`` is, as ``~user`` names it; empty where that isn't known.
    ``aliases`` are the session's own, by name, and ``functions`` the names of its functions, whose bodies aren't known.
    """

    cwd: str
    home: str
    project: str
    environment: Mapping[str, str] = field(default_factory=dict)
    dialect: str = "bash"
    files: FileView | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    user: str = ""


@value(frozen=True, slots=True, init=False)
class Array(Arg):
    """The value of an indexed array whose elements are known: used whole it is any number of words."""

    elements: tuple[Arg, ...] = ()

    def __init__(
        self, text: str, kind: Kind, span: Place | None, sources: frozenset[int], elements: tuple[Arg, ...]
    ) -> None:
        Arg.__init__(self, text, kind, span, sources)
        self.elements = elements  # type: ignore[misc]


@value(frozen=False, slots=True)
class State:
    """One abstract state. Mutable inside one command; copied where control branches.

    ``cwd`` is the set of possible directories, None for any. ``shaky`` says that splitting or globbing may
    have been changed. ``functions`` maps a name to its body, None where it may be one of several. ``contents`` is what the
    script put into files, by path; it is replaced, never changed.
    """

    cwd: tuple[str, ...] | None
    variables: dict[str, Arg]
    functions: dict[str, Command | None]
    positional: tuple[Arg, ...] | None = None
    exported: frozenset[str] = frozenset()
    stack: tuple[tuple[str, ...] | None, ...] | None = ()
    previous: tuple[str, ...] | None = None
    shaky: bool = False
    contents: Mapping[str, Content] = field(default_factory=dict)

    def copy(self) -> "State":
        """An independent copy."""
        return State(
            self.cwd,
            self.variables.copy(),
            self.functions.copy(),
            self.positional,
            self.exported,
            self.stack,
            self.previous,
            self.shaky,
            self.contents,
        )

    def join(self, other: "State") -> "State":
        """The least state that covers both."""
        if other is self:
            return self
        variables = dict(self.variables)
        if self.variables != other.variables:
            for name in self.variables.keys() | other.variables.keys():
                a, b = self.variables.get(name), other.variables.get(name)
                if a is not b:
                    variables[name] = _join(a, b)
        functions = dict(self.functions)
        for name in self.functions.keys() | other.functions.keys():
            # A name that only one of them knows may be a function, as one of unknown body may be.
            if self.functions.get(name) is not other.functions.get(name) or name not in functions:
                functions[name] = None
        return State(
            cwd=union(self.cwd, other.cwd),
            variables=variables,
            functions=functions,
            positional=self.positional if self.positional == other.positional else None,
            exported=self.exported | other.exported,
            stack=self.stack if self.stack == other.stack else None,
            previous=self.previous if self.previous == other.previous else None,
            shaky=self.shaky or other.shaky,
            contents=self.contents
            if self.contents is other.contents
            else {path: held for path, held in self.contents.items() if other.contents.get(path) == held},
        )

    def widened(self, before: "State") -> "State":
        """A state that covers any further change of what already changed since ``before``."""
        changed = {n for n, v in self.variables.items() if before.variables.get(n) != v}
        variables = {n: (_unknown(v) if n in changed else v) for n, v in self.variables.items()}
        return replace(
            self,
            cwd=self.cwd if self.cwd == before.cwd else None,
            variables=variables,
            positional=None,
            stack=None,
            previous=None,
        )

    def move(self, directories: tuple[str, ...] | None) -> None:
        """Change the working directory."""
        self.previous, self.cwd = self.cwd, directories


Outcome: TypeAlias = tuple[State | None, State | None]
"""The states after success and after failure; None where the shell has exited."""


def union(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Both sets of directories; None where that is too many or either isn't known."""
    if a is None or b is None:
        return None
    both = tuple(dict.fromkeys(a + b))
    return both if len(both) <= MAX_DIRECTORIES else None


def _join(a: Arg | None, b: Arg | None) -> Arg:
    if a is None and type(b) is Arg and b.kind is OPEN:
        return b
    if b is None and type(a) is Arg and a.kind is OPEN:
        return a
    sources = (a.sources if a else frozenset[int]()) | (b.sources if b else frozenset[int]())
    if a is not None and b is not None and a.kind is b.kind and a.text == b.text:
        return Arg(a.text, a.kind, a.span, sources)
    if a is not None and b is not None and numeric(a) and numeric(b):
        return Arg("", NUMBER, a.span, sources)
    # An array, or a name set on one path only, may hold any number of words.
    spread = a is None or b is None or OPEN in (a.kind, b.kind)
    return Arg("", OPEN if spread else UNKNOWN, None, sources)


def _unknown(arg: Arg) -> Arg:
    if numeric(arg):
        return Arg("", NUMBER, arg.span, arg.sources)
    return Arg("", OPEN if arg.kind is OPEN else UNKNOWN, arg.span, arg.sources)


def numeric(arg: Arg) -> bool:
    """Whether evaluating the value as arithmetic can't run code: it is an integer or empty."""
    if arg.kind is NUMBER:
        return True
    return arg.kind is LITERAL and (not arg.text or INTEGER.match(arg.text) is not None)


def normal(path: str) -> str:
    """An absolute path, lexically normal."""
    if "//" not in path and path[-1:] != "/":
        if "/." not in path:
            return path
        if path[-2:] == "/." and path.count("/.") == 1:
            return path[:-2] or "/"
        if "/./" not in path and "/.." not in path and path[-2:] != "/.":
            return path  # names that begin with a dot
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path
