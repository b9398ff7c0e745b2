"""What the service's own log says of an unexpected error."""

import logging
import traceback


def trace(error: BaseException) -> str:
    """Type and place of ``error`` and of what caused it, without their messages: those may quote an input (law 9)."""
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(parts) < 4:  # noqa: PLR2004 - a chain longer than this tells nothing more
        parts.append(f"{type(seen).__name__}\n{''.join(traceback.format_tb(seen.__traceback__))}")
        seen = seen.__cause__ or seen.__context__
    return "caused by ".join(parts)


def report(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log that ``what`` happened and where."""
    log.error("%s: %s", what, trace(error))
