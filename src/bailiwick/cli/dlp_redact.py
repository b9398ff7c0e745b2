"""`bailiwick dlp redact`: standard input, masked. A pipe is masked as it comes, a file as a whole."""

import argparse
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

from bailiwick.analysis.text.secrets import SCAN_LIMIT, examine_long
from bailiwick.audit.event_flow import EventFlow
from bailiwick.audit.flow import MAX_HELD, STEP, Flow
from bailiwick.audit.redaction import Redactor
from bailiwick.cli.dlp_subjects import of_policy, subjects_of
from bailiwick.policy.errors import PolicyErrors
from bailiwick.service.named_file import read_named
from bailiwick.service.rule_database import warm

DONE, PARTLY, USAGE, ENVIRONMENT = 0, 1, 2, 3

_EVENT = re.compile(rb"(?:event|data|id|retry)?:")
"""How a stream of events begins."""

_LINE = 8
"""Bytes in which that can be told."""

_DESCRIPTION = f"""\
Copy standard input to standard output, the same but for what is found, which becomes [redacted:RULE:FINGERPRINT].

A pipe is copied as it comes: held is only what may still become part of a secret, mostly the word in progress, and never
more than {MAX_HELD:,} characters. A file, which is all there, is looked at as a whole, backwards too.

  text    any text, line by line or in smaller pieces
  events  server-sent events of a model: a secret in pieces over several events of one block is found, and no event waits
  whole   nothing leaves before a megabyte or the end of the input
  auto    a file whole, a pipe as events where its first line is one of such a stream, else as text

Exit codes: 0 done, 1 something could not be looked at (it says so at the end), 2 usage, 3 environment."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the group."""
    verb = verbs.add_parser(
        "redact",
        help="copy standard input with what is found masked, a pipe as it comes",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("--only", choices=("secret", "personal"), help="mask only findings of this kind")
    verb.add_argument(
        "--stream",
        choices=("auto", "text", "events", "whole"),
        default="auto",
        help="how the input is taken in (see above)",
    )
    verb.add_argument(
        "--policy", metavar="DIR", type=Path, help="mask the data classes of this policy as well"
    )
    verb.add_argument(
        "--key-file", metavar="FILE", help="key of the fingerprints; without it they differ from run to run"
    )
    verb.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object at the end: the text masked, and whether all was looked at",
    )
    verb.set_defaults(func=run)


class _Whole:
    """Masks what comes in parts of about a megabyte, cut where nothing is cut in two."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._pending = b""
        self.complete = True

    def feed(self, data: bytes) -> bytes:
        """Take in what comes next; what may leave."""
        self._pending += data
        if len(self._pending) < SCAN_LIMIT // 2 or b"\n" not in data:
            return b""
        lines = self._pending.splitlines(keepends=True)
        rest = lines.pop() if not lines[-1].endswith(b"\n") else b""
        # A private key is many lines, as is a string in pieces.
        while lines and lines[-1].strip().endswith((b"-----", b",", b"\\")):
            rest = lines.pop() + rest
        whole, self._pending = b"".join(lines), rest
        return self._masked(whole)

    def close(self) -> bytes:
        """The rest."""
        rest, self._pending = self._pending, b""
        return self._masked(rest)

    def _masked(self, data: bytes) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        scanned = examine_long(text, subjects=self._redactor.subjects)
        self.complete = self.complete and scanned.complete
        return self._redactor.masked(text, scanned.matches).encode("utf-8", "surrogateescape")


_Taking: TypeAlias = _Whole | Flow | EventFlow


def run(asked: argparse.Namespace) -> int:
    """Exit code 1 when something could not be looked at."""
    warm()
    try:
        key = read_named(asked.key_file) if asked.key_file else os.urandom(32)
        subjects = subjects_of(asked.only)
        if asked.policy is not None:
            subjects |= of_policy(asked.policy)
    except PolicyErrors as error:
        print(error, file=sys.stderr)
        return USAGE
    redactor = Redactor(key, subjects=subjects)
    pieces = _pieces(sys.stdin.buffer)
    kind, begun = _kind(asked.stream, sys.stdin.buffer, pieces)
    taking = _taking(kind, redactor)
    if asked.json:
        masked = b"".join((taking.feed(begun), *map(taking.feed, pieces), taking.close()))
        said = {"text": masked.decode("utf-8", "replace"), "complete": taking.complete}
        print(json.dumps(said))
        return DONE if taking.complete else PARTLY
    _copy(taking, begun)
    for piece in pieces:
        _copy(taking, piece)
    sys.stdout.buffer.write(taking.close())
    sys.stdout.buffer.flush()
    if not taking.complete:
        print("bailiwick: not all of the input could be looked at", file=sys.stderr)
    return DONE if taking.complete else PARTLY


def _kind(asked: str, source: IO[bytes], pieces: Iterator[bytes]) -> tuple[str, bytes]:
    """How the input is taken in, and what was read of it to tell."""
    if asked != "auto":
        return asked, b""
    if _is_file(source):
        return "whole", b""
    begun = b""
    for piece in pieces:
        begun += piece
        if len(begun.lstrip()) >= _LINE:
            break
    return ("events" if _EVENT.match(begun.lstrip()) else "text"), begun


def _taking(kind: str, redactor: Redactor) -> _Taking:
    match kind:
        case "whole":
            return _Whole(redactor)
        case "events":
            return EventFlow(redactor)
        case _:
            return Flow(redactor)


def _copy(taking: _Taking, piece: bytes) -> None:
    said = taking.feed(piece)
    if said:
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    """What comes, as it comes."""
    read = getattr(source, "read1", source.read)
    while piece := read(STEP):
        yield piece


def _is_file(source: IO[bytes]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(source.fileno()).st_mode)
    except OSError:  # it is no descriptor, so all of it is there
        return True
