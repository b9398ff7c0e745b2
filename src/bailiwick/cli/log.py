"""`bailiwick log`: follow, search, show, verify and export the audit log."""

import argparse
import os
import re
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from bailiwick.audit.kinds import Kind
from bailiwick.audit.query import Query
from bailiwick.audit.wording import plain
from bailiwick.cli import log_text, log_verify
from bailiwick.service.log_reader import Entry, LogReader
from bailiwick.service.places import find
from bailiwick.service.state_directory import StoreError

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3
POLL_SECONDS = 0.25
_AGE = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    log = verbs.add_parser(
        "log", help="follow, search, show, verify and export the audit log", description=__doc__
    )
    actions = log.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("--state", metavar="DIR", help="state directory")
        parser.add_argument("--json", action="store_true", help="print JSON, one object per line")
        parser.set_defaults(func=run)
        return parser

    tail = action("tail", "Print the last records.")
    tail.add_argument("-n", "--lines", type=int, default=20, metavar="N", help="how many (20)")
    tail.add_argument("-f", "--follow", action="store_true", help="go on as records arrive")
    search = action("search", "Print the records for which all conditions hold, oldest first.")
    search.add_argument("text", nargs="?", default="", help="text anywhere in the record")
    search.add_argument("--user", default="", help="account name")
    search.add_argument(
        "--session", default="", help="Bailiwick's key or the client's id, or how either begins"
    )
    search.add_argument("--tool", default="", metavar="GLOB", help="tool, such as Bash or mcp__*")
    search.add_argument("--kind", default="", metavar="GLOB", help=f"kind of record: {', '.join(Kind)}")
    search.add_argument(
        "--verdict", default="", choices=("abstain", "allow", "ask", "deny"), help="said or carried out"
    )
    search.add_argument(
        "--rule", default="", metavar="GLOB", help="a rule that spoke or found something, such as secret/*"
    )
    search.add_argument(
        "--path", default="", metavar="TEXT", help="text in a path, program, host or argument"
    )
    search.add_argument(
        "--since", default="", metavar="WHEN", help="2h, 7d, 2026-11-22 or 2026-11-22T18:00 (UTC)"
    )
    search.add_argument("--until", default="", metavar="WHEN", help="the same; exclusive")
    search.add_argument(
        "-n", "--limit", type=int, default=1_000, metavar="N", help="the latest N matches (1000)"
    )
    show = action("show", "Print everything in a record.")
    show.add_argument(
        "record", metavar="SEQ|CALL_ID", help="sequence number or the client's id of a tool call"
    )
    log_verify.register(action)
    export = action("export", "Write every record as stored, one JSON object per line.")
    export.add_argument(
        "-o", "--output", default="", metavar="FILE", help="file to write; standard output if left out"
    )


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        with LogReader(find(asked.state).state) as reader:
            return int(_ACTIONS[asked.action](reader, asked))
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except ValueError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT


def _tail(reader: LogReader, asked: argparse.Namespace) -> int:
    printer = _Printer(as_json=asked.json)
    entries = reader.last(max(asked.lines, 0))
    printer.lines(entries)
    after = entries[-1].sealed.sequence + 1 if entries else _size(reader)
    while asked.follow:
        sys.stdout.flush()
        time.sleep(POLL_SECONDS)
        for entry in reader.entries(after):
            printer.lines((entry,))
            after = entry.sealed.sequence + 1
    return DONE


def _size(reader: LogReader) -> int:
    return sum(entry.sealed.sequence + 1 for entry in reader.last(1))


def _search(reader: LogReader, asked: argparse.Namespace) -> int:
    now = time.time()
    query = Query(
        user=asked.user,
        session=asked.session,
        tool=asked.tool,
        kind=asked.kind,
        verdict=asked.verdict,
        rule=asked.rule,
        path=asked.path,
        text=asked.text,
        since_ms=moment(asked.since, now=now),
        until_ms=moment(asked.until, now=now),
    )
    found = list(reader.search(query, limit=max(asked.limit, 0)))[::-1]
    printer = _Printer(as_json=asked.json)
    printer.lines(found)
    if not asked.json:
        more = " (the latest; --limit shows more)" if len(found) >= asked.limit else ""
        print(f"{len(found)} records{more}", file=sys.stderr)
    return DONE


def _show(reader: LogReader, asked: argparse.Namespace) -> int:
    if re.fullmatch("[0-9]{1,18}", asked.record):
        sequence = int(asked.record)
        found = list(reader.entries(sequence, end=sequence + 1))
    else:
        found = reader.call(asked.record)
    if not found:
        print(f"bailiwick: no record {plain(asked.record)}", file=sys.stderr)
        return FAULTY
    printer = _Printer(as_json=asked.json)
    for number, entry in enumerate(found):
        printer.whole(entry, first=number == 0)
    return DONE


def _export(reader: LogReader, asked: argparse.Namespace) -> int:
    if not asked.output:
        for entry in reader.entries():
            sys.stdout.buffer.write(entry.line + b"\n")
        return DONE
    descriptor = os.open(asked.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    count = 0
    with os.fdopen(descriptor, "wb") as output:
        for entry in reader.entries():
            output.write(entry.line + b"\n")
            count += 1
        output.flush()
        os.fsync(output.fileno())
    print(f"{count} records written to {asked.output}", file=sys.stderr)
    return DONE


_ACTIONS = {"tail": _tail, "search": _search, "show": _show, "export": _export}


class _Printer:
    """Prints records as lines for people or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        terminal = sys.stdout.isatty()
        self.as_json = as_json
        self.colour = terminal and not os.environ.get("NO_COLOR")
        self.width = os.get_terminal_size().columns if terminal else None
        self.headed = False

    def lines(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if self.as_json:
                print(entry.line.decode())
                continue
            if not self.headed:
                print(log_text.heading(width=self.width, colour=self.colour))
                self.headed = True
            print(log_text.line(entry.record, width=self.width, colour=self.colour))

    def whole(self, entry: Entry, *, first: bool) -> None:
        if self.as_json:
            seal = {"leaf": entry.sealed.leaf.hex(), "head": entry.sealed.head.hex()}
            _json({**entry.record, "seal": seal})
            return
        if not first:
            print()
        print(log_text.whole(entry.record, head=entry.sealed.head.hex(), colour=self.colour))


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


def _json(value: object) -> None:
    print(orjson.dumps(value).decode())
