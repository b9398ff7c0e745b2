"""Regular expressions that are compiled when they are first used, or at leisure.

Bailiwick has some nine hundred, and most are about commands and texts that don't come up while it starts. To compile one
takes a tenth of a millisecond.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    def regex(pattern: str, flags: int = 0) -> re.Pattern[str]:
        """What ``re.compile`` gives. A mistake in ``pattern`` is an error only when it is compiled."""
        return re.compile(pattern, flags)

else:

    class regex:  # noqa: N801 - used as a function
        """A pattern that has the methods of the compiled one as soon as it is asked for any."""

        __slots__ = (
            "_given", "findall", "finditer", "flags", "fullmatch", "groupindex", "groups", "match", "pattern", "search", "split", "sub", "subn",
        )  # fmt: skip

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self.pattern, self._given = pattern, flags
            _WAITING.append(self)

        def __getattr__(self, name: str) -> Any:
            compiled = re.compile(self.pattern, self._given)
            for each in self.__slots__[1:]:
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)


_WAITING: list[re.Pattern[str]] = []


def compile_waiting() -> None:
    """Compile what wasn't used yet, so that no later call waits for it. Raises ``re.error``."""
    while _WAITING:
        _ = _WAITING.pop().groups


__all__ = ["compile_waiting", "regex"]
