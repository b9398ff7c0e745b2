"""Canonical JSON (RFC 8785) for what records hold: ASCII keys, strings, integers within 2**53; no floats."""

from collections.abc import Mapping
from typing import Any

import orjson


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Canonical JSON: keys sorted, nothing escaped that need not be, no blanks."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


UNPLACED: Mapping[str, str | int] = {"epoch": "", "seq": 0}
"""What an entry says of its log and its place in it before it has one."""

_EPOCH, _SEQUENCE = b'"epoch":"', b'"seq":'


def placed(entry: bytes, epoch: bytes, sequence: int) -> bytes:
    """The canonical bytes of an entry that was ``UNPLACED``, in its place."""
    before, name, rest = entry.partition(_EPOCH)
    between, number, after = rest.partition(_SEQUENCE)
    return b"".join((before, name, epoch, between, number, b"%d" % sequence, after[1:]))
