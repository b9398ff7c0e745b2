"""Reading a shell command before it runs: text to the accesses it would make.

A strict parser accepts only what it positively understands; an abstract interpreter follows directories,
variables, functions and nested shells; command knowledge is data (``analysis.commands``). What isn't
understood is opaque, with the piece of text that is.
"""

import gc
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from bailiwick.analysis.commands import specification
from bailiwick.analysis.shell.either import EITHER, common
from bailiwick.analysis.shell.record import BudgetExceededError
from bailiwick.analysis.shell.state import ShellContext, State
from bailiwick.model.access import Facts, Span

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

__all__ = ["EITHER", "MAX_LENGTH", "ShellContext", "analyze_shell", "preload"]

MAX_LENGTH = 10_000
"""Characters of a command that is read; a longer one is opaque as a whole (the client asks beyond the same length)."""


DEFECT = "the reader failed on it"
"""Reason of the opaque part that stands for a defect of the reader itself; tests look for it."""


def preload() -> None:
    """Load the reader and every specification now (about a tenth of a second), so that no later call waits for them.

    Only the readers of inline Python and JavaScript wait for the first such command, some 10 ms.
    """
    collecting = gc.isenabled()
    gc.disable()  # all of it stays; looking for garbage in between would cost a quarter more
    try:
        _interpreter()
        specification.preload()
    finally:
        if collecting:
            gc.enable()


@cache
def _interpreter() -> "type[Interpreter]":
    """The interpreter with all that it knows of commands: a third of Bailiwick, which much can begin without."""
    from bailiwick.analysis.shell.interpreter import Interpreter  # noqa: PLC0415

    return Interpreter


def analyze_shell(text: str, context: ShellContext) -> Facts:
    """Everything ``text`` would do when the client's shell runs it. Total: never raises, bounded in time.

    Facts name paths as the shell would resolve them from ``context.cwd``, every program that would start
    (nested ones included), hosts, environment variables, and what isn't known. Where the dialect is ``EITHER``,
    only what bash and zsh would both do is known.
    """
    if context.dialect == EITHER:
        bash, zsh = (analyze_shell(text, replace(context, dialect=dialect)) for dialect in ("bash", "zsh"))
        return common(bash, zsh, Span(start=0, end=len(text)))
    interpreter = _interpreter()(context)
    reason = _read(text, context, interpreter)
    if reason:
        interpreter.record.opaque(reason, (0, len(text)))
    return interpreter.record.facts()


def _read(text: str, context: ShellContext, interpreter: "Interpreter") -> str:
    """Read the whole text; why that wasn't possible, or nothing."""
    if len(text) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    if context.dialect not in ("bash", "sh", "zsh") or not context.cwd.startswith("/"):
        return "run by a shell or in a directory that isn't known"
    interpreter.source = text
    functions = dict.fromkeys(context.functions)
    try:
        interpreter.text(text, State((context.cwd,), {}, functions, exported=frozenset(context.environment)))
        interpreter.late()
    except BudgetExceededError:
        return "takes too many steps to read"
    except RecursionError:
        return "nested too deeply"
    except Exception:  # noqa: BLE001 - total by law: a defect here must make the command opaque, not end the answer
        return DEFECT
    return ""
