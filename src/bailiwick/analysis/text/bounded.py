"""Whether an expression that somebody else wrote takes bounded time: counted on its syntax, before it is ever tried.

An expression is refused that can be tried in more than ``MAX_TRIES`` ways from one place, that is longer than
``MAX_WIDTH``, that can match nothing at all, or that refers back or looks around (word boundaries may).
"""

import re
from functools import lru_cache
from typing import Any, Final

MAX_TRIES: Final = 256
"""Ways in which an expression may go on from one place: the product of what its repetitions and alternatives leave open."""

MAX_WIDTH: Final = 1_024
"""Characters of the longest text that an expression may match."""

_parser: Any = getattr(re, "_parser")  # noqa: B009 - the only reader of the syntax there is; it has no public name


class UnboundedError(ValueError):
    """Why an expression is refused, in words for its author."""


def check(pattern: str) -> None:
    """Raises ``UnboundedError`` for an expression that is wrong or that may take too long."""
    try:
        tree = _parser.parse(pattern, re.ASCII)
        least, most = tree.getwidth()
        re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnboundedError(f"it is no regular expression: {error}") from None
    if least == 0:
        raise UnboundedError("it matches the empty text")
    if most > MAX_WIDTH:
        raise UnboundedError(
            f"it may match more than {MAX_WIDTH} characters: write `{{1,64}}` for `+` or `*`"
        )
    if _tries(tree) > MAX_TRIES:
        raise UnboundedError(
            f"it can be tried in more than {MAX_TRIES} ways from one place: narrow its repetitions"
        )


def _tries(tree: Any) -> int:
    """In how many ways the expression can go on. Capped, so that counting is bounded too."""
    ways = 1
    for operation, argument in tree:
        ways = min(ways * _ways(str(operation), argument), MAX_TRIES + 1)
    return ways


def _ways(operation: str, argument: Any) -> int:
    match operation:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "AT" | "RANGE" | "CATEGORY":
            return 1
        case "BRANCH":
            return sum(_tries(one) for one in argument[1])
        case "SUBPATTERN":
            return _tries(argument[3])
        case "ATOMIC_GROUP":
            return _tries(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = argument
            one = _tries(inner)
            if one == 1 and _width(inner) == 1:
                return int(most) - int(least) + 1
            total = 0
            for count in range(int(least), int(most) + 1):
                total += min(max(one, 1) ** min(count, 64), MAX_TRIES + 1)
                if total > MAX_TRIES:
                    break
            return total
        case _:
            raise UnboundedError("it refers back or looks around: write plainly what is to be found")


def _width(tree: Any) -> int:
    return int(tree.getwidth()[1])


@lru_cache(maxsize=256)
def reach_of(pattern: str) -> tuple[int, bool, bool]:
    """How many characters an expression can match, whether a space or tab is one of them, and whether an end of line is."""
    tree = _parser.parse(pattern, re.ASCII)
    return int(tree.getwidth()[1]), _takes(tree, " \t\r"), _takes(tree, "\n")


def _takes(tree: Any, letters: str) -> bool:
    """Whether one of ``letters`` may be in what the expression matches."""
    dots = letters != "\n" or bool(tree.state.flags & re.DOTALL)
    return any(_takes_one(str(operation), argument, letters, dots=dots) for operation, argument in tree)


def _takes_one(operation: str, argument: Any, letters: str, *, dots: bool) -> bool:
    match operation:
        case "LITERAL":
            return chr(argument) in letters
        case "NOT_LITERAL":
            return True
        case "ANY":
            return dots
        case "IN":
            return any(_within(argument, letter) for letter in letters)
        case "BRANCH":
            return any(_takes(one, letters) for one in argument[1])
        case "SUBPATTERN":
            return bool(argument[1] & re.DOTALL) or _takes(argument[3], letters)
        case "ATOMIC_GROUP":
            return _takes(argument, letters)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _takes(argument[2], letters)
        case _:
            return False


_CATEGORIES: Final = {"SPACE": str.isspace, "DIGIT": str.isdigit, "WORD": str.isalnum}


def _within(items: Any, letter: str) -> bool:
    """Whether a set of characters has ``letter`` in it, a space of some kind."""
    found = negated = False
    for operation, argument in items:
        match str(operation):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found = found or argument == ord(letter)
            case "RANGE":
                found = found or argument[0] <= ord(letter) <= argument[1]
            case _:
                name = str(argument).removeprefix("CATEGORY_").removeprefix("UNI_")
                belongs = _CATEGORIES[name.removeprefix("NOT_")](letter)
                found = found or belongs != name.startswith("NOT_")
    return found != negated
