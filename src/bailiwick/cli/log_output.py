"""Records of the log on the terminal: as lines for people or as JSON; and the moments that people write."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bailiwick.audit.wording import plain
from bailiwick.cli import log_text
from bailiwick.service.log_reader import Entry

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Printer:
    """Prints records as lines for people or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        terminal = sys.stdout.isatty()
        self.as_json = as_json
        self.colour = terminal and not os.environ.get("NO_COLOR")
        self.width = os.get_terminal_size().columns if terminal else None
        self.headed = False

    def lines(self, entries: Iterable[Entry]) -> None:
        """Each record in a line, below a heading."""
        for entry in entries:
            if self.as_json:
                print(entry.line.decode())
                continue
            if not self.headed:
                print(log_text.heading(width=self.width, colour=self.colour))
                self.headed = True
            print(log_text.line(entry.record, width=self.width, colour=self.colour))

    def whole(self, entry: Entry, *, first: bool) -> None:
        """Everything in a record."""
        if self.as_json:
            seal = {"leaf": entry.sealed.leaf.hex(), "head": entry.sealed.head.hex()}
            print_json({**entry.record, "seal": seal})
            return
        if not first:
            print()
        print(log_text.whole(entry.record, head=entry.sealed.head.hex(), colour=self.colour))

    def payload(self, record: Mapping[str, Any], payload: bytes | None) -> None:
        """What is kept whole beside a record."""
        if self.as_json:
            print_json({"seq": record.get("seq"), "payload": None if payload is None else payload.decode()})
            return
        erased = (
            "erased, or its key isn't at hand"
            if record.get("payload") or record.get("sealed")
            else "none was kept"
        )
        shown = f"({erased})" if payload is None else "".join(map(plain_line, payload.decode()))
        print(f"payload  {shown}")


def plain_line(char: str) -> str:
    """A character of a text of several lines, such that it can't drive a terminal."""
    return char if char == "\n" else plain(char)


def moment(text: str, *, now: float) -> int | None:
    """Milliseconds since 1970 of ``2h`` (ago), a date or a date and time (UTC); None for an empty text.

    Raises ValueError.
    """
    if not text:
        return None
    if age := _AGE.fullmatch(text):
        return int((now - int(age[1]) * _SECONDS[age[2]]) * 1_000)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2h, 7d, 2026-11-22 or 2026-11-22T18:00 (UTC)") from None
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1_000)


def print_json(value: object) -> None:
    """One JSON value in a line."""
    print(orjson.dumps(value).decode())
