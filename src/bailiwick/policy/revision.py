"""The canonical bytes of compiled values, and their digest: same meaning, same revision (law 6).

Where a rule was written (file, line, column) is left out, so that a comment changes nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from bailiwick.model.decision import Origin

_LEFT_OUT = frozenset({"origin", "revision"})


def canonical(value: object) -> bytes:
    """``value`` as canonical JSON in UTF-8: sorted keys, sets as sorted lists, no white space."""
    plain = _plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def revision_of(value: object) -> str:
    """Lower-case hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


_ATOMS = frozenset((str, int, bool, type(None)))
_KNOWN: set[type] = set()
"""Classes of values met before: telling what a value is costs more than writing it down."""


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(cls) if one.name not in _LEFT_OUT)


def _plain(value: Any) -> Any:
    kind: type = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple or kind is list:
        return [_plain(item) for item in value]
    if kind in _KNOWN:
        return {"is": kind.__name__, **{name: _plain(getattr(value, name)) for name in _names(kind)}}
    return _spelled(value)


def _spelled(value: Any) -> Any:
    """What isn't met often, or for the first time."""
    match value:
        case Enum():
            return value.value
        case int() | str():
            return value
        case bytes():
            return value.hex()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case frozenset() | set():
            return sorted((_plain(item) for item in value), key=str)
        case Origin():
            return None
        case _ if is_dataclass(value) and not isinstance(value, type):
            _KNOWN.add(type(value))
            return _plain(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")
