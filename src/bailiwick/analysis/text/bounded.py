"""Whether an expression that somebody else wrote takes bounded time: counted on its syntax, before it is ever tried.

An expression is refused that can be tried in more than ``MAX_TRIES`` ways from one place, that is longer than
``MAX_WIDTH``, that can match nothing at all, or that refers back or looks around (word boundaries may).
"""

import re
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
