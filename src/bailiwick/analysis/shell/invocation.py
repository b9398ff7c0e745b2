"""One builtin as called, and what the builtins have in common."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from bailiwick.analysis.commands.argument import NUMBER, OPEN, Arg, Place
from bailiwick.analysis.shell.running import Running
from bailiwick.analysis.shell.state import Outcome, State
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

NAME = regex(r"[A-Za-z_]\w*\Z", re.ASCII)
_PLAIN_NUMBER = regex(r"[-+]?\d*\.?\d*\Z", re.ASCII)


class Invocation:
    """One builtin as called."""

    __slots__ = ("args", "interpreter", "span", "state", "stdin")

    def __init__(
        self,
        interpreter: "Interpreter",
        state: State,
        args: tuple[Arg, ...],
        span: Place | None,
        stdin: Arg | None,
    ) -> None:
        self.interpreter, self.state, self.args, self.span, self.stdin = interpreter, state, args, span, stdin

    def opaque(self, reason: str, kind: AccessKind | None = None) -> Outcome:
        """Say that it isn't understood; anything may have changed in the shell, or with ``kind`` no more than that."""
        self.interpreter.record.opaque(reason, self.span, kind)
        return self.unknown()

    def unknown(self) -> Outcome:
        """Forget what was known of the shell."""
        state = self.state
        self.interpreter.changes += 1
        state.cwd, state.shaky, state.stack, state.positional = None, True, None, None
        state.variables = {n: Arg("", OPEN, None, v.sources) for n, v in state.variables.items()}
        state.functions = dict.fromkeys(state.functions)
        return state, state

    def literals(self) -> list[str] | None:
        """The words after the name, or None where one isn't known."""
        words = [arg.literal for arg in self.args[1:]]
        return None if None in words else [word for word in words if word is not None]

    def start(self, *words: Arg) -> Running:
        """Record the builtin as a program, because data flows into it."""
        running = Running(self.interpreter, self.state, self.args, self.span, self.stdin)
        running.begin(words)
        return running

    def evaluates(self, numbers: Iterable[Arg]) -> bool:
        """Whether this is zsh, which evaluates as arithmetic what stands for a number, and one of these isn't plainly one."""
        return self.interpreter.dialect == "zsh" and any(
            arg.kind is not NUMBER and (arg.literal is None or not _PLAIN_NUMBER.match(arg.text))
            for arg in numbers
        )


Builtin: TypeAlias = Callable[[Invocation], Outcome]
