"""The service's own log lines: law 9 holds for them as it does for records."""

import logging

from bailiwick.audit.redaction import Redactor


class RedactingFormatter(logging.Formatter):
    """Formats a line, then masks every secret in it, tracebacks included."""

    def __init__(self, redactor: Redactor, fmt: str) -> None:
        super().__init__(fmt)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be written."""
        return self._redactor.text(super().format(record))
