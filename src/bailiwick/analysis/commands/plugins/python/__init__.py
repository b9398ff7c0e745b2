"""Inline Python understood by following its values; see ``evaluate``."""

import ast
import re
import warnings
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.python.evaluate import Evaluator, shadowable
from bailiwick.analysis.commands.plugins.python.state import TooMuchError

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

MAX_TOKENS = 5_000
"""Words and signs of one piece of code: twice what a script as long as a command may be has; building their tree takes 15 ms."""
_TOKEN = re.compile(r"\w+|[^\s\w]")
__all__ = ["follow", "parse", "shadowable"]


def parse(code: Arg) -> ast.Module | None:
    """The syntax of a piece of Python, or None where it isn't known, isn't Python that we read or is too much of it."""
    if code.literal is None or sum(1 for _ in _TOKEN.finditer(code.text)) > MAX_TOKENS:
        return None
    try:
        with warnings.catch_warnings():  # about the code's style; it isn't ours
            warnings.simplefilter("ignore")
            return ast.parse(code.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def follow(call: "Call", tree: ast.Module, code: Arg, arguments: tuple[Arg, ...]) -> None:
    """Make the accesses of the code, and say what of it isn't understood. ``arguments`` follow ``-c code``."""
    evaluator = Evaluator(call, code, arguments)
    try:
        evaluator.read(tree)
    except TooMuchError:
        call.machine.opaque("Python code that takes too many steps to read", code.span)
    except RecursionError:
        call.machine.opaque("Python code that is nested too deeply", code.span)
    if evaluator.reason:
        call.machine.opaque(f"Python code: {evaluator.reason}", code.span)
