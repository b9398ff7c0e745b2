"""The service's own log lines: law 9 holds for them as it does for records."""

import logging
from collections.abc import Callable
from typing import Final

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"


class RedactingFormatter(logging.Formatter):
    """Formats a line, then has ``mask`` mask every secret in it, tracebacks included."""

    def __init__(self, mask: Callable[[str], str], fmt: str) -> None:
        super().__init__(fmt)
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be written."""
        return self._mask(super().format(record))
