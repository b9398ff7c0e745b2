"""`bailiwick analyze`: shell commands in, what each would do out, one JSON object per line. For batch use; kept stable."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import orjson

from bailiwick.analysis.shell import ShellContext, analyze_shell, preload
from bailiwick.analysis.shell.either import EITHER
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    Span,
    VariableTarget,
)
from bailiwick.service.named_file import UnfitFileError, bounded_lines

DONE, USAGE, ENVIRONMENT = 0, 2, 3

MAX_LINE = 16 * 1024 * 1024
"""Bytes of an input line that is read; a longer one is answered without being kept. The client sends at most 10 MB."""

SIGNALLERS = frozenset(("kill", "pkill", "killall", "skill", "snice", "xkill"))
"""Programs whose operands are processes that get a signal."""

Item = dict[str, Any]

_CONTRACT = """\
each input line:  {"id": ..., "command": "...", "cwd": "/w", "home": "/home/u", "shell": "bash"}
each output line: {"id": ..., "accesses": [{"kind": "write", "target": "/etc/hosts", "certainty": "literal",
                   "span": [a, b]}, ...], "programs": [...], "opaque": [{"reason": ..., "span": [a, b]}], "micros": 31}

docs/shell.md says what each part means. Nothing is run and no file is looked at."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser(
        "analyze",
        help="say what shell commands would do, in batch",
        description=__doc__,
        epilog=_CONTRACT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("--jsonl", action="store_true", help="one JSON object per line (the only form)")
    verb.add_argument("--json", action="store_true", help="the same as --jsonl")
    verb.add_argument("file", nargs="?", default="-", help="the inputs; standard input if left out")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 0 when every line was answered, whatever the answers; 2 when it isn't lines, 3 when it can't be read."""
    try:
        with os.fdopen(os.dup(0), "rb") if asked.file == "-" else Path(asked.file).open("rb") as lines:
            preload()  # no line's time is that of loading
            out = sys.stdout.buffer
            for answer in answers(lines, asked.file):
                out.write(answer)
                out.flush()  # whoever feeds one line at a time gets its answer
    except BrokenPipeError:
        raise
    except UnfitFileError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {asked.file}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    return DONE


def answers(lines: IO[bytes], name: str = "-") -> Iterator[bytes]:
    """Exactly one line for each input line, in order; memory is bounded by one input line of ``MAX_LINE`` bytes.

    ``name`` is the file's, for the ``UnfitFileError`` that ``bounded_lines`` raises.
    """
    for line in bounded_lines(lines, name, most=MAX_LINE):
        if len(line) <= MAX_LINE or line.endswith(b"\n"):
            yield _written(_answer(line.removesuffix(b"\n")))
        else:
            yield _written(_refused(_Question(), f"longer than {MAX_LINE} bytes"))


def _written(said: Item) -> bytes:
    try:
        return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an id that is no Unicode text: JSON can spell it with escapes
        return json.dumps(said).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What could be made out of a line: its id, and the characters of its command."""

    id: Any = None
    length: int = 0


class _RefusedError(Exception):
    """The line asks nothing that can be answered."""


def _answer(line: bytes) -> Item:
    question = _Question()
    try:
        said = _decoded(line)
        given = said.get("command")
        question = _Question(id=said.get("id"), length=len(given) if isinstance(given, str) else 0)
        command, context = _text(said, "command"), _context(said)
    except _RefusedError as error:
        return _refused(question, str(error))
    started = time.perf_counter_ns()
    facts = analyze_shell(command, context)
    micros = (time.perf_counter_ns() - started) // 1000
    return {"id": question.id, **items_of(facts, question.length), "micros": micros}


def _decoded(line: bytes) -> Item:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        # Python's own reader also takes what is no Unicode text, so that the line's id isn't lost.
        try:
            said = json.loads(line.decode("utf-8", "surrogateescape"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise _RefusedError(f"not JSON: {error}") from None
    if not isinstance(said, dict):
        raise _RefusedError("not a JSON object")
    return said


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _context(said: Item) -> ShellContext:
    return ShellContext(
        cwd=_text(said, "cwd"),
        home=_text(said, "home"),
        project=_text(said, "project", said["cwd"]),
        dialect=_text(said, "shell", EITHER),
    )


def _text(said: Item, key: str, default: str | None = None) -> str:
    text = said.get(key, default)
    if text is None:
        raise _RefusedError(f"no {key!r}")
    if not isinstance(text, str):
        raise _RefusedError(f"{key!r} is not a string")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _RefusedError(f"{key!r} is not Unicode text") from None
    return text


def _refused(question: _Question, why: str) -> Item:
    """The answer to a line that isn't understood: nothing is known of what its command does."""
    opaque = [{"reason": f"not read: {why}", "span": [0, question.length]}]
    return {
        "id": question.id, "accesses": [], "programs": [], "opaque": opaque, "micros": 0, "error": why,
    }  # fmt: skip


# -- facts in the words of the contract


def items_of(facts: Facts, length: int) -> Item:
    """``accesses``, ``programs`` and ``opaque`` of the contract for a command of ``length`` characters.

    A program of which nothing is known is opaque too. An opaque part of which the kind of access is known is an access
    to ``*`` of certainty ``unknown`` instead, with its ``reason``.
    """
    whole = Span(start=0, end=length)
    accesses = [
        item for index in range(len(facts.accesses)) for item in _Spelling(facts, index, whole).items()
    ]
    opaque = []
    for access in facts.accesses:
        if isinstance(access.target, ProgramTarget) and access.target.unknown:
            reason = f"nothing is known of the program {access.target.name}"
            opaque.append({"reason": reason, "span": _pair(access.cause or whole)})
    for part in facts.opaque:
        because = {"reason": part.reason, "span": _pair(part.cause or whole)}
        if part.kind is None:
            opaque.append(because)
        else:
            kind = "config" if part.kind is AccessKind.CHANGE_CONFIG else part.kind
            accesses.append({"kind": str(kind), "target": "*", "certainty": "unknown"} | because)
    return {"accesses": accesses, "programs": list(dict.fromkeys(_names(facts.accesses))), "opaque": opaque}


def _names(accesses: Iterable[Access]) -> Iterator[str]:
    return (access.target.name for access in accesses if isinstance(access.target, ProgramTarget))


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One access in the words of the contract; a program may be several of them."""

    facts: Facts
    index: int
    whole: Span

    @property
    def access(self) -> Access:
        return self.facts.accesses[self.index]

    def items(self) -> Iterator[Item]:
        access = self.access
        match access.target:
            case PathTarget(path=path, pattern=pattern, excluded=excluded):
                item = self.item(access.kind, path, "pattern" if pattern else "literal")
                yield item | ({"but": excluded} if excluded else {})
            case HostTarget(host=host, port=port, sends=sends):
                peer = f"{host}:{port}" if port else host
                item = self.item(access.kind, peer, "unknown" if host == "*" else "literal")
                yield item | ({"sends": True} if sends else {})
            case VariableTarget(name=name, value=value):
                item = self.item("environment", name, "unknown" if name == "*" else "literal")
                reads = access.kind is AccessKind.READ
                yield item | ({"effect": "read"} if reads else {"effect": "set", "value": value})
            case NameTarget(name=name):
                yield self.item("config", name, "literal")
            case ProgramTarget() as program:
                yield from self.program(program)

    def program(self, program: ProgramTarget) -> Iterator[Item]:
        name = program.path or program.name
        complete = None not in program.argv and not program.open_ended
        feeding = [self.facts.accesses[flow.source] for flow in self.facts.flows if flow.sink == self.index]
        details = {"argv": program.argv, "complete": complete, "fed_by": list(_names(feeding))}
        yield self.item("execute", name, "literal") | details
        if program.project_code:
            yield self.item("project-code", name, "literal")
        if program.as_user is not None and program.as_user != self.account_before():
            yield self.item("privilege", program.as_user, "literal" if program.as_user != "?" else "unknown")
        if program.name in SIGNALLERS:
            for word in (*program.words, *((None,) if program.open_ended else ())):
                yield self.item("signal", word or "*", "unknown" if word is None else "literal")

    def account_before(self) -> str | None:
        """The account of the program that starts this one."""
        starter = None if self.access.by is None else self.facts.accesses[self.access.by].target
        return starter.as_user if isinstance(starter, ProgramTarget) else None

    def item(self, kind: str, target: str, certainty: str) -> Item:
        return _item(kind, target, certainty, self.access.cause or self.whole)


def _item(kind: str, target: str, certainty: str, cause: Span) -> Item:
    return {"kind": str(kind), "target": target, "certainty": certainty, "span": _pair(cause)}


def _pair(span: Span) -> list[int]:
    return [span.start, span.end]
