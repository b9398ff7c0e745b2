"""Where this installation's telemetry is received, if anywhere: told by the receiver, read when a session is opened."""

from pathlib import Path

import orjson

ANNOUNCED = "telemetry.json"


def telemetry_url(state: Path) -> str | None:
    """The receiver's address; None where none runs."""
    try:
        url = orjson.loads((state / ANNOUNCED).read_bytes())["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None
