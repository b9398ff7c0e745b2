"""``@path`` mentions in a prompt, found where the client finds them (2.1.330)."""

import re
from collections.abc import Iterator

from bailiwick.model.regex import regex

_BEFORE = r"(?:^|(?<=[\s\ufeff\u3002\u3001\uff1f\uff01]))"
"""A mention begins a word; after these full-width marks too."""

_MENTION = regex(_BEFORE + r"@(?:\"([^\"]+)\"|([^\s\ufeff\"][^\s\ufeff]*))")
_ENDS = (regex(r"\W+\Z"), regex(r"\W+\Z", re.ASCII))


def mentions(text: str) -> Iterator[tuple[str, ...]]:
    """The files that each mention may mean, as spelled: the client drops a ``#L1-2`` and trailing punctuation."""
    for found in _MENTION.finditer(text):
        words = {found[1]} if found[1] else {found[2], *(end.sub("", found[2]) for end in _ENDS)}
        names = words | {word.partition("#")[0] for word in words}
        yield tuple(sorted(name for name in names if name))
