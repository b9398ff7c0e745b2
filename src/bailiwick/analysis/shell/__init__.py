"""Reading a shell command before it runs: text to the accesses it would make.

A strict parser accepts only what it positively understands; an abstract interpreter follows directories,
variables, functions and nested shells; command knowledge is data (``analysis.commands``). What isn't
understood is opaque, with the piece of text that is.
"""

from bailiwick.analysis.commands.specification import preload
from bailiwick.analysis.shell.interpreter import BudgetExceededError, Interpreter
from bailiwick.analysis.shell.state import ShellContext, State
from bailiwick.model.access import Facts, Span

__all__ = ["MAX_LENGTH", "ShellContext", "analyze_shell", "preload"]

MAX_LENGTH = 10_000
"""Characters of a command that is read; a longer one is opaque as a whole (the client asks beyond the same length)."""


DEFECT = "the reader failed on it"
"""Reason of the opaque part that stands for a defect of the reader itself; tests look for it."""


def analyze_shell(text: str, context: ShellContext) -> Facts:
    """Everything ``text`` would do when the client's shell runs it. Total: never raises, bounded in time.

    Facts name paths as the shell would resolve them from ``context.cwd``, every program that would start
    (nested ones included), hosts, environment variables, and what isn't known.
    """
    interpreter = Interpreter(context)
    whole = Span(start=0, end=len(text))
    if len(text) > MAX_LENGTH:
        interpreter.record.opaque(f"longer than {MAX_LENGTH} characters", whole)
        return interpreter.record.facts()
    if context.dialect not in ("bash", "sh", "zsh") or not context.cwd.startswith("/"):
        interpreter.record.opaque("run by a shell or in a directory that isn't known", whole)
        return interpreter.record.facts()
    interpreter.source = text
    try:
        interpreter.text(
            text,
            State(
                cwd=(context.cwd,),
                variables={},
                functions=dict.fromkeys(context.functions),
                exported=frozenset(context.environment),
            ),
        )
        interpreter.late()
    except BudgetExceededError:
        interpreter.record.opaque("takes too many steps to read", whole)
    except RecursionError:
        interpreter.record.opaque("nested too deeply", whole)
    except Exception:  # noqa: BLE001 - total by law: a defect here must make the command opaque, not end the answer
        interpreter.record.opaque(DEFECT, whole)
    return interpreter.record.facts()
