"""The canonical bytes of compiled values, and their digest: same meaning, same revision (law 6).

Where a rule was written (file, line, column) is left out, so that a comment changes nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import orjson

from bailiwick.model.decision import Origin

_LEFT_OUT = frozenset({"origin", "revision"})


def canonical(value: object) -> bytes:
    """``value`` as canonical JSON in UTF-8: sorted keys, sets as sorted lists, no white space."""
    return orjson.dumps(value, default=_plain, option=_CANONICAL)


def revision_of(value: object) -> str:
    """Lower-case hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """What is told of a value of this kind; None where it isn't one that is told by its fields."""
    if kind is Origin or not is_dataclass(kind):
        return None
    return tuple(one.name for one in fields(kind) if one.name not in _LEFT_OUT)


def _plain(value: Any) -> Any:
    """One step from what JSON doesn't know towards what it does. Raises TypeError."""
    kind: type = type(value)
    names = _names(kind)
    if names is not None:
        told = {name: getattr(value, name) for name in names}
        told["is"] = kind.__name__
        return told
    match value:
        case bytes():
            return value.hex()
        case Mapping():
            return dict(value)
        case frozenset() | set() if all(type(item) is str for item in value):
            return sorted(value)
        case frozenset() | set():
            return sorted((orjson.loads(canonical(item)) for item in value), key=str)
        case Origin():
            return None
        case _:
            raise TypeError(f"{kind.__name__} has no canonical form")
