"""Inline Python understood by following its values; see ``evaluate``."""

import ast
import itertools
import re
import tokenize
import warnings
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.python.evaluate import Evaluator, shadowable
from bailiwick.analysis.commands.plugins.python.state import TooMuchError

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

MAX_TOKENS = 5_000
"""Words and signs of one piece of code: twice what a script as long as a command may be has; building their tree takes 15 ms."""
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_ENDING = frozenset((tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER))
_TOKEN = re.compile(r"\w+|[^\s\w]")
__all__ = ["follow", "parse", "shadowable"]


def parse(code: Arg) -> ast.Module | None:
    """The syntax of a piece of Python, or None where it isn't known, isn't Python that we read or is too much of it."""
    if code.literal is None or sum(1 for _ in _TOKEN.finditer(code.text)) > MAX_TOKENS:
        return None
    try:
        return _tree(code.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:  # Python 3 would do nothing at all with it
        return _tree(_printing(code.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return None


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():  # about the code's style; it isn't ours
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _printing(text: str) -> str:
    """Python 2's ``print`` statements as calls: ``print a, b`` prints what ``print(a, b)`` does.

    Raises SyntaxError for what else Python 2 would do otherwise: its ``input`` runs what it reads.
    """
    if "input" in text:
        raise SyntaxError
    lines = text.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    found, at, opened, depth, first = [], 0, False, 0, True
    for token in tokenize.generate_tokens(iter(lines).__next__):
        place = starts[token.start[0] - 1] + token.start[1]
        depth += (token.string in _OPENING) - (token.string in _CLOSING) if token.type == tokenize.OP else 0
        ends = token.type in _ENDING or (token.string == ";" and not depth)
        if opened and ends:
            found.append(text[at:place].rstrip().removesuffix(",") + ")")
            at, opened = place - (len(text[at:place]) - len(text[at:place].rstrip())), False
        elif first and token.string == "print" and not text[place + 5 :].lstrip(" ").startswith(("(", ">>")):
            found.append(text[at : place + 5] + "(")
            at, opened = place + 5, True
        first = ends or token.string == ":" or token.type in (tokenize.INDENT, tokenize.DEDENT)
    return "".join(found) + text[at:]


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
