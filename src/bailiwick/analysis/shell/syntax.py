"""The syntax tree of a shell script, as far as the strict parser understands the language.

Positions are character offsets into the parsed text; those of a text that quoting hides in it (back-quotes with
escapes, here-documents with joined lines) are all the place of the whole. Source: POSIX.1-2024 Shell Command Language and the
bash 5.2 reference manual, restricted to what the parser positively understands.
"""

from typing import TypeAlias

from bailiwick.analysis.commands.argument import Arg, Kind, Place
from bailiwick.model.value import value


class UnsupportedSyntaxError(Exception):
    """The text isn't understood; ``reason`` says what is in the way, ``position`` and ``end`` where it stands."""

    def __init__(self, reason: str, position: int, end: int) -> None:
        super().__init__(f"{reason} at {position}")
        self.reason = reason
        self.position = position
        self.end = end


@value(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves; unquoted ones are still subject to brace, tilde and glob expansion."""

    text: str
    quoted: bool


@value(frozen=True, slots=True)
class Parameter:
    """``$name`` or ``${name operator operand}``; ``operator`` is ``#len`` for ``${#name}``."""

    name: str
    quoted: bool
    operator: str = ""
    operand: "tuple[Part, ...]" = ()


PERHAPS = "\\"
"""The name of a parameter that nobody can set, for what may be one more character, one more word or nothing."""


@value(frozen=True, slots=True)
class Substitution:
    """``$( )`` or back-quotes."""

    body: "Sequence"
    quoted: bool


@value(frozen=True, slots=True)
class ProcessSubstitution:
    """``<( )`` or ``>( )``; ``direction`` is the first character."""

    direction: str
    body: "Sequence"


@value(frozen=True, slots=True)
class Arithmetic:
    """An arithmetic expression: the variable names it evaluates and the expansions inside it.

    ``certain`` says that evaluating it can't fail where these are numbers: it is well formed and divides by none of them.
    """

    names: tuple[str, ...]
    parts: "tuple[Part, ...]" = ()
    certain: bool = False


Part: TypeAlias = Text | Parameter | Substitution | ProcessSubstitution | Arithmetic


@value(frozen=True, slots=True, init=False)
class Word(Arg):
    """A word of the source that isn't simply itself: quoted or expanded; a plain one is just an ``Arg``.

    Where no expansion of any kind applies its text is known; otherwise ``kind`` is UNKNOWN, and ``parts`` say what it becomes.
    """

    parts: tuple[Part, ...] = ()

    def __init__(
        self, text: str, kind: Kind, span: Place | None, sources: frozenset[int], parts: tuple[Part, ...]
    ) -> None:
        Arg.__init__(self, text, kind, span, sources)
        self.parts = parts  # type: ignore[misc]


def parts_of(word: Arg) -> tuple[Part, ...]:
    """What a word of the source consists of; nothing for a plain one."""
    return word.parts if isinstance(word, Word) else ()


def extent(word: Arg) -> Place:
    """Where a word of the source stands."""
    return word.span or (0, 0)


@value(frozen=True, slots=True)
class Assignment:
    """``name=value``, ``name+=value``, ``name[subscript]=value`` or ``name=(elements)``."""

    name: str
    start: int
    end: int
    append: bool
    value: Arg | None
    elements: tuple[Arg, ...] | None = None
    subscript: Arithmetic | None = None


@value(frozen=False, slots=True)
class Redirect:
    """One redirection. ``body`` holds a here-document's text; it is read after its line, so it is set late."""

    operator: str
    target: Arg
    start: int
    descriptor: str = ""
    body: tuple[Part, ...] = ()


@value(frozen=True, slots=True)
class Simple:
    """Assignments, words and redirections; ``plain`` where there are only words, and each is just what it says."""

    start: int
    end: int
    assignments: tuple[Assignment, ...]
    words: tuple[Arg, ...]
    redirects: tuple[Redirect, ...]
    plain: bool = False


@value(frozen=True, slots=True)
class Sequence:
    """Commands one after the other, each with whether it runs in the background."""

    items: "tuple[tuple[Command, bool], ...]"


@value(frozen=True, slots=True)
class AndOr:
    """``first`` and then, for each operator ``&&`` or ``||``, a command."""

    first: "Command"
    rest: "tuple[tuple[str, Command], ...]"


@value(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``; ``negated`` for ``!``."""

    stages: "tuple[Command, ...]"
    negated: bool = False


@value(frozen=True, slots=True)
class Subshell:
    """``( )``."""

    body: Sequence


@value(frozen=True, slots=True)
class Group:
    """``{ }``."""

    body: Sequence


@value(frozen=True, slots=True)
class If:
    """``branches`` are condition and body in order; ``otherwise`` is the else part."""

    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


@value(frozen=True, slots=True)
class Loop:
    """``while`` or ``until``."""

    condition: Sequence
    body: Sequence
    until: bool


@value(frozen=True, slots=True)
class For:
    """``for name in words`` or ``select``; ``words`` is None where the positional parameters are meant."""

    name: str
    words: tuple[Arg, ...] | None
    body: Sequence
    select: bool


@value(frozen=True, slots=True)
class ArithmeticFor:
    """``for ((a; b; c))``."""

    header: Arithmetic
    body: Sequence


@value(frozen=True, slots=True)
class Case:
    """``case word in pattern) body;; esac``."""

    word: Arg
    arms: tuple[tuple[tuple[Arg, ...], Sequence], ...]


@value(frozen=True, slots=True)
class ArithmeticCommand:
    """``(( ))``."""

    expression: Arithmetic


@value(frozen=True, slots=True)
class Test:
    """``[[ ]]``: its words in order; operators that aren't words are left out as None."""

    items: tuple[Arg | None, ...]


@value(frozen=True, slots=True)
class Function:
    """A function definition."""

    name: str
    body: "Command"
    start: int
    end: int


@value(frozen=True, slots=True)
class Coprocess:
    """``coproc command``."""

    body: "Command"


@value(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections."""

    command: "Command"
    redirects: tuple[Redirect, ...]


Command: TypeAlias = (
    Simple
    | Sequence
    | AndOr
    | Pipeline
    | Subshell
    | Group
    | If
    | Loop
    | For
    | ArithmeticFor
    | Case
    | ArithmeticCommand
    | Test
    | Function
    | Coprocess
    | Redirected
)
