"""What is known while a piece of Python is followed: names, functions, and the laws that data keeps to."""

import ast
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.python import computing
from bailiwick.analysis.commands.plugins.python.values import (
    NOTHING,
    PLAIN,
    Defined,
    Effect,
    Environment,
    Foreign,
    Harmless,
    Many,
    Method,
    Module,
    Plain,
    Row,
    Shape,
    Text,
    Value,
    argument,
    capable,
    items,
    join,
    kept,
    ordered,
)
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine
    from bailiwick.analysis.commands.call import Call

MAX_STEPS = 6_500
"""Expressions evaluated in one piece of code; the worst takes about 30 ms."""
MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "update",
        "add",
        "discard",
        "setdefault",
        "appendleft",
        "extendleft",
        "insort",
        "insort_left",
        "insort_right",
        "heappush",
        "heappushpop",
        "heapreplace",
        "shuffle",
    ]
)
"""Names of methods and functions that change a list, a dictionary or a set."""
_DUNDER_NAMES = frozenset(("__name__", "__all__", "__version__", "__doc__", "__author__", "__slots__"))
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class TooMuchError(Exception):
    """The code takes more steps than are spent on one."""


class State(ABC):
    """One piece of code. ``reason`` says in the end why it isn't understood, or is empty.

    ``machine`` is None until the values are known; only then accesses are made.
    """

    def __init__(self, call: "Call", span: Arg, arguments: tuple[Arg, ...]) -> None:
        """``span`` is the word the code stands in; ``arguments`` are those of ``sys.argv`` after the first."""
        self.call = call
        self.span = span.span
        self.machine: Machine | None = None
        self.reason = ""
        self._arguments = frozenset([Row((PLAIN, *(computing.word(argument) for argument in arguments)))])
        self._names: dict[str, Value] = {}
        self._numbers: dict[int, int] = {}
        self._functions: list[Function] = []
        self._returns: dict[int, Value] = {}
        self._escaped: set[int] = set()
        self._own: frozenset[str] = frozenset()
        self._mutates = False
        self._spilled: Value = NOTHING
        self.handles = False
        self._where: list[int] = []
        self._in_class = 0
        self._steps = 0
        self._roots = [""] if self.call.parsed.node.name.startswith("python") else []
        self._places: dict[str, bool] = {}

    def refuse(self, reason: str) -> None:
        """Say that the code isn't understood."""
        if self.machine is not None:
            self.reason = self.reason or reason

    def is_project(self, name: str) -> bool:
        """Whether a name out of a module is the project's: running it is running the project's code, whatever it is given."""
        top, _, rest = name.partition(".")
        if top not in self._places:
            inner = rest.partition(".")[0]
            inside = [f"{top}/{inner}", f"{top}/{inner}.py"] if inner.isidentifier() else []
            files = [f"{top}.py", f"{top}/__init__.py", *inside]
            machine = self.call.machine
            self._places[top] = top.isidentifier() and any(
                machine.stands(f"{root}{file}") for root in self._roots for file in files
            )
        return self._places[top]

    def escape(self, value: Value) -> None:
        """Let a value become plain data: no module and no function with an effect may."""
        for atom in capable(value):
            match atom:
                case Defined(number=number):
                    self._escaped.add(number)
                case Foreign(name=name) if self.is_project(name):
                    pass
                case Module(name=name) | Effect(name=name) | Foreign(name=name) | Method(name=name):
                    self.refuse(f"hands on {name}")
                case Environment():
                    self._environment()
                case _:
                    self.refuse("hands on what finds modules")

    def plain(self, node: ast.expr) -> None:
        """Evaluate an expression whose value becomes plain data."""
        self.escape(self.value(node))

    def items(self, value: Value) -> Value:
        """What iterating over a value yields; a list may hold whatever is ever put into one."""
        inner = items(value)
        return (
            join([inner, self._spilled])
            if any(isinstance(atom, Many) and not atom.fresh for atom in value)
            else inner
        )

    def spill(self, value: Value, *, each: bool) -> None:
        """A value is put into some list; with ``each``, one item or character of it after the other."""
        self.escape(value)
        if each:
            letters = any(isinstance(atom, Text | Shape) for atom in value)
            value = items(frozenset(a for a in value if isinstance(a, Row | Many | Plain | Harmless)))
            value |= frozenset([Shape("?")] if letters else [])
        self._spilled = join([self._spilled, kept(value)])

    @abstractmethod
    def value(self, node: ast.expr) -> Value:
        """Everything that an expression may be. Raises TooMuchError."""

    @abstractmethod
    def fresh(self, node: ast.expr) -> Value:
        """Evaluate an expression that is used up where it stands: a list here can't be changed elsewhere."""

    @abstractmethod
    def inside(self, node: Function, body: list[ast.stmt] | ast.expr) -> None:
        """Follow the body of a function of the code."""

    def _store(self, name: str, value: Value, *, dunder: bool = False) -> None:
        if name.startswith("__") and not dunder and name not in _DUNDER_NAMES:
            self.refuse(f"sets {name}")
        if self._in_class:  # an attribute of the class, which is plain data
            self.escape(value)
        value = kept(value)
        old = self._names.get(name)
        self._names[name] = value if old is None else join([old, value])

    def _store_quietly(self, name: str, value: Value) -> None:
        in_class, self._in_class = self._in_class, 0
        self._store(name, value)
        self._in_class = in_class

    def _give(self, value: Value) -> None:
        if self._where:
            number = self._where[-1]
            self._returns[number] = join([self._returns.get(number, NOTHING), value])

    # The environment.

    def _environment(self) -> None:
        if self.machine is not None:
            self.machine.variable(AccessKind.READ, "*", None, self.span)

    def _variables(self, names: Value) -> None:
        for atom in ordered(names):
            name = argument(atom, self.span).literal
            if self.machine is not None:
                self.machine.variable(AccessKind.READ, "*" if name is None else name, None, self.span)
