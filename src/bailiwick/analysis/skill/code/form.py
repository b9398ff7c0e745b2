"""The small form that scripts are lowered to: expressions and assignments, without control flow.

Every branch is taken and order doesn't matter, so that what data may reach is never missed for a condition.
"""

from dataclasses import dataclass, field
from typing import TypeAlias


class TooDeepError(Exception):
    """A script is nested deeper than it is followed."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that stands in the code. ``value`` is None for one that is no text."""

    value: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, an attribute of one, or something imported: ``os.environ``, ``self.key``."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call. ``path`` is what is called where it has a name (``requests.post``); ``base`` is what a method is called on."""

    path: str
    base: "Expression | None"
    args: tuple["Expression", ...]
    named: tuple[tuple[str, "Expression"], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Several values that make one: a concatenation (``text``), or a list, a mapping, a choice."""

    items: tuple["Expression", ...]
    text: bool
    line: int
    keys: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a value: ``base[key]``; ``key`` is None where it isn't known."""

    base: "Expression"
    key: str | None
    line: int


Expression: TypeAlias = Constant | Name | Call | Joined | Part


@dataclass(frozen=True, slots=True)
class Assign:
    """A value becomes that of a variable; ``scope`` is the function it stands in."""

    target: str
    value: Expression
    scope: str
    outer: bool = False
    """Whether the variable may be that of a function around this one."""

    key: str = ""
    """The key that is set, where the variable is a mapping."""

    guard: str = ""
    """The condition nearest around it, as it is written."""

    line: int = 0


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression that is evaluated. ``gate`` says that it happens only at a time or in a place that is tested for."""

    value: Expression
    scope: str
    gate: str = ""
    guard: str = ""
    """The condition nearest around it, as it is written."""


@dataclass(slots=True)
class Function:
    """A function: its parameters in order."""

    name: str
    parameters: tuple[str, ...]
    line: int


@dataclass(slots=True)
class Program:
    """One script, lowered. ``imports`` maps a local name to what it stands for."""

    path: str
    module: str
    imports: dict[str, str] = field(default_factory=dict)
    modules: dict[str, int] = field(default_factory=dict)
    assigns: list[Assign] = field(default_factory=list)
    evaluates: list[Evaluate] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    shift: int = 0
    """Lines that stand before the script in its file (a fence in a text)."""
