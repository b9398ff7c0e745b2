"""Canonical JSON (RFC 8785) for what records hold: ASCII keys, strings, integers within 2**53; no floats."""

from collections.abc import Mapping
from typing import Any

import orjson


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Canonical JSON: keys sorted, nothing escaped that need not be, no blanks."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
