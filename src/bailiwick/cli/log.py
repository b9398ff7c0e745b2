"""`bailiwick log`: follow, search, show, verify and export the audit log."""

import argparse
import os
import re
import sys
import time

from bailiwick.audit.wording import plain
from bailiwick.cli import log_deliver, log_keep, log_search, log_second, log_verify
from bailiwick.cli.log_output import Printer
from bailiwick.service.log_reader import LogReader
from bailiwick.service.places import find
from bailiwick.service.state_directory import StoreError

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3
POLL_SECONDS = 0.25


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
    log_search.register(action)
    log_second.register(action)
    show = action("show", "Print everything in a record.")
    show.add_argument(
        "record", metavar="SEQ|CALL_ID", help="sequence number or the client's id of a tool call"
    )
    show.add_argument(
        "--payload",
        action="store_true",
        help="and what is kept whole beside it, where policy says `payloads: sealed`",
    )
    log_verify.register(action)
    log_keep.register(action)
    log_deliver.register(action)
    export = action("export", "Write every record as stored, one JSON object per line.")
    export.add_argument(
        "-o", "--output", default="", metavar="FILE", help="file to write; standard output if left out"
    )


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        places = find(asked.state)
        with LogReader(places.state) as reader:
            log_search.put_on_record(places, f"{asked.action} {getattr(asked, 'record', '')}".rstrip())
            return int(_ACTIONS[asked.action](reader, asked))
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except ValueError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"bailiwick: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT


def _tail(reader: LogReader, asked: argparse.Namespace) -> int:
    printer = Printer(as_json=asked.json)
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


def _show(reader: LogReader, asked: argparse.Namespace) -> int:
    if re.fullmatch("[0-9]{1,18}", asked.record):
        sequence = int(asked.record)
        found = list(reader.entries(sequence, end=sequence + 1))
    else:
        found = reader.call(asked.record)
    if not found:
        print(f"bailiwick: no record {plain(asked.record)}", file=sys.stderr)
        return FAULTY
    printer = Printer(as_json=asked.json)
    for number, entry in enumerate(found):
        printer.whole(entry, first=number == 0)
        if asked.payload:
            payload = reader.payload(entry)
            printer.payload(entry.record, payload)
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


_ACTIONS = {"tail": _tail, "show": _show, "export": _export}
