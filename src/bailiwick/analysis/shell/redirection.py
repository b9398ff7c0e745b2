"""Redirections: which files a command reads and writes by them, and what then stands in those files."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import OPEN, UNKNOWN, Arg, Place
from bailiwick.analysis.shell.state import Outcome, State, normal
from bailiwick.analysis.shell.syntax import Redirect, extent
from bailiwick.model.access import AccessKind, HostTarget, PathTarget

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

_TEXTS = frozenset(("<<", "<<-", "<<<"))
_DESCRIPTOR = re.compile(r"\d*-?\Z", re.ASCII)
_NETWORK = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/(\d{1,5})\Z")


def carry_out(
    interpreter: "Interpreter", redirects: Sequence[Redirect], state: State
) -> tuple[Arg | None, tuple[PathTarget, ...]]:
    """Carry out redirections: the text given on standard input where one gives it, and the files written."""
    stdin: Arg | None = None
    outputs: tuple[PathTarget, ...] = ()
    for redirect in redirects:
        span = interpreter.span(redirect.start, extent(redirect.target)[1])
        if redirect.operator in ("<<", "<<-"):
            stdin = interpreter.expander.body(redirect.body, state, span)
            continue
        if redirect.operator == "<<<":
            text = interpreter.expander.value(redirect.target, state)
            stdin = Arg(text.text + "\n", text.kind, span, text.sources) if text.literal is not None else text
            continue
        targets = interpreter.expander.word(redirect.target, state)
        if len(targets) != 1 or targets[0].kind is OPEN:
            kind = AccessKind.READ if redirect.operator in ("<", "<&") else AccessKind.WRITE
            interpreter.record.opaque("target of a redirection isn't known", span, kind)
            continue
        target = Arg(targets[0].text, targets[0].kind, span, targets[0].sources)
        known = content(interpreter, target, state)
        sources, written = _redirect(interpreter, redirect, target, state, span)
        outputs += written
        if redirect.operator in ("<", "<&") and redirect.descriptor in ("", "0"):
            stdin = known or Arg("", UNKNOWN, span, targets[0].sources | sources)
    return stdin, outputs


def _redirect(
    interpreter: "Interpreter", redirect: Redirect, target: Arg, state: State, span: Place
) -> tuple[frozenset[int], tuple[PathTarget, ...]]:
    """One redirection to a file: the programs whose output is read, and the files written."""
    operator, record = redirect.operator, interpreter.record
    sources: frozenset[int] = frozenset()
    written: tuple[PathTarget, ...] = ()
    if operator in (">&", "<&") and target.literal is not None and _DESCRIPTOR.match(target.text):
        return sources, written
    if target.text.startswith(("/dev/tcp/", "/dev/udp/")):
        match = _NETWORK.match(target.text)
        if target.literal is not None and match:
            host = HostTarget(host=match[1].lower(), port=int(match[2]))
            record.access(AccessKind.CONNECT, host, span)
        else:
            record.access(AccessKind.CONNECT, HostTarget(host="*"), span)
            record.opaque("peer isn't known", span, AccessKind.CONNECT)
        return sources, written
    if operator in ("<", "<&", "<>"):
        sources = frozenset(record.trail.written(record.path(AccessKind.READ, target, state, span)))
    if operator not in ("<", "<&"):
        written = record.path(AccessKind.WRITE, target, state, span)
        record.trail.disturbances += 1
    return sources, written


def untouched(redirects: Sequence[Redirect], state: State) -> State | None:
    """The state in which a command doesn't run because a redirection fails; None where none can."""
    return None if all(_succeeds(redirect) for redirect in redirects) else state.copy()


def stored(interpreter: "Interpreter", outputs: Sequence[PathTarget], programs: Sequence[int]) -> None:
    """What ``programs`` print goes into files."""
    for program in programs if outputs else ():
        for sink in interpreter.record.trail.writes(outputs, program):
            interpreter.record.flow(program, sink, by_file=True)


def filled(
    interpreter: "Interpreter", redirects: Sequence[Redirect], outputs: Sequence[PathTarget], ends: Outcome
) -> Outcome:
    """Remember a text that was printed into a file, for what runs only if that succeeded."""
    text, (ok, bad) = interpreter.output, ends
    if not outputs:
        if not all(_keeps_output(redirect) for redirect in redirects):
            interpreter.output = None
        return ends
    interpreter.output = None  # it went into the file
    files = [r for r in redirects if r.operator not in ("<", "<<", "<<-", "<<<")]
    printed = len(files) == 1 and files[0].operator in (">", ">|", ">>") and files[0].descriptor in ("", "1")
    if text is None or text.literal is None or not printed or len(outputs) != 1 or outputs[0].pattern:
        return ends
    trail = interpreter.record.trail
    appended = files[0].operator == ">>"
    trail.draft(outputs[0].path, text, appended=appended)
    if ok is None or appended or (content := trail.holds(text)) is None:
        return ends
    ok = ok.copy()
    ok.contents = {**ok.contents, outputs[0].path: content}
    return ok, bad


def content(interpreter: "Interpreter", path: Arg, state: State, *, perhaps: bool = False) -> Arg | None:
    """What stands in a file that the script itself has written, where that is known; see ``Machine.content``."""
    if not interpreter.record.trail.drafts or path.literal is None:
        return None
    if path.text.startswith("/"):
        place = normal(path.text)
    elif state.cwd is None or len(state.cwd) != 1 or ".." in path.text:
        return None
    else:
        place = normal(f"{state.cwd[0]}/{path.text}")
    if perhaps:
        return interpreter.record.trail.drafts.get(place)
    held = state.contents.get(place)
    return held.text if held is not None and interpreter.record.trail.still(held) else None


def teed(interpreter: "Interpreter", args: Sequence[Arg], state: State, text: Arg | None) -> None:
    """Remember the text that ``tee`` writes into files."""
    options = {arg.text for arg in args[1:] if arg.text.startswith("-")}
    known = text is not None and text.literal is not None and options <= {"-a", "--append"}
    if not known or text is None or state.cwd is None or len(state.cwd) != 1:
        return
    for arg in args[1:]:
        if arg.literal is not None and not arg.text.startswith("-"):
            place = normal(arg.text if arg.text.startswith("/") else f"{state.cwd[0]}/{arg.text}")
            interpreter.record.trail.draft(place, text, appended=bool(options))


def _keeps_output(redirect: Redirect) -> bool:
    """Whether a redirection certainly succeeds and leaves standard output where it was."""
    return _succeeds(redirect) and (redirect.operator in _TEXTS or redirect.descriptor == "2")


def _succeeds(redirect: Redirect) -> bool:
    """Whether a redirection can't fail: of a text, from or to nothing, or to a standard descriptor."""
    target = redirect.target.literal
    if redirect.operator in (">&", "<&") and target in ("0", "1", "2"):
        return True
    return redirect.operator in _TEXTS or target == "/dev/null"
