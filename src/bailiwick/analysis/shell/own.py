"""What is the project's own, and which names of its files a shell takes as they are."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import NOBODY, Arg
from bailiwick.analysis.shell.state import State, normal
from bailiwick.model.access import AccessKind, PathTarget, ProgramTarget
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

_COMPILERS = frozenset(("gcc", "g++", "cc", "c++", "clang", "clang++", "rustc", "go", "cargo"))
_KEEPING = frozenset(
    ("sed", "perl", "chmod", "chown", "chgrp", "touch", "gofmt", "prettier", "eslint", "black", "ruff")
)
"""Programs that change what stands there, and make no names but of their own."""
_PLAIN_NAME = re.compile(r"[^\s\"'\\*?\[\-][^\s\"'\\*?\[]*\Z")


def is_own(interpreter: "Interpreter", value: Arg, state: State) -> bool:
    """Whether a list of directories surely names none outside the project."""
    if value.literal is None or not value.text or state.cwd is None:
        return False
    places = [
        normal(f"{base}/{part}") if part[:1] != "/" else normal(part)
        for part in value.text.split(":")
        for base in state.cwd
    ]
    return all(is_within(interpreter, place) for place in places)


def is_within(interpreter: "Interpreter", place: str) -> bool:
    """Whether a normal path is the project's root or lies below it."""
    return f"{place}/".startswith(normal(interpreter.context.project).rstrip("/") + "/")


_COPYING = frozenset(("cp", "mv", "install", "rsync", "cat", "head", "tail"))
"""Programs whose results are what they read."""


def is_meddled(interpreter: "Interpreter", place: str, *, read: bool) -> bool:
    """Whether what stands at ``place`` may have come there by the script itself, and isn't the project's own.

    ``read`` says that what the script printed there was read where its text is known.
    """
    trail = interpreter.record.trail
    if any(not is_within(interpreter, there) for there, _ in trail.led(place, pattern=False, removing=False)):
        return True
    if not trail.drafted:
        return False
    makers = trail.written((PathTarget(path=place),))
    return any(
        not _is_honest(interpreter, maker)
        for maker in makers - (trail.told.get(place, NOBODY) if read else NOBODY)
    )


def is_rewritten(interpreter: "Interpreter", maker: int) -> bool:
    """Whether a program makes of a file something else than the project's own tools make, or a change in place."""
    target = interpreter.record.accesses[maker].target
    return not (
        _is_honest(interpreter, maker) or (isinstance(target, ProgramTarget) and target.name in _KEEPING)
    )


def _is_honest(interpreter: "Interpreter", maker: int) -> bool:
    """Whether what a program wrote is the project's: made by its own code or tools, or copied from its own files."""
    record = interpreter.record
    target = record.accesses[maker].target
    if not isinstance(target, ProgramTarget):
        return False
    if target.name not in _COPYING:
        return (
            target.project_code
            or target.name == "git"
            or target.name in _COMPILERS
            or target.name in _KEEPING - {"sed", "perl"}
        )
    read = [a.target for a in record.accesses if a.by == maker and a.kind is AccessKind.READ]
    sources = [path for path in read if isinstance(path, PathTarget)]
    own = all(is_within(interpreter, path.path) for path in sources)
    return bool(sources) and own and record.trail.written(sources) <= {maker}


def built_here(interpreter: "Interpreter", place: str, project: str) -> bool:
    """Whether the script itself has made the program at ``place`` from nothing but the project's own files."""
    makers = interpreter.record.trail.written((PathTarget(path=place),))
    return bool(makers) and all(_is_build(interpreter, maker, project) for maker in makers)


def _is_build(interpreter: "Interpreter", maker: int, project: str) -> bool:
    target = interpreter.record.accesses[maker].target
    if not isinstance(target, ProgramTarget) or target.as_user is not None:
        return False
    own = project.rstrip("/") + "/"
    record = interpreter.record
    read = [a.target for a in record.accesses if a.by == maker and a.kind is AccessKind.READ]
    sources = [path for path in read if isinstance(path, PathTarget) and path.path.startswith(own)]
    builds = target.project_code or target.name in _COMPILERS
    untouched = len(sources) == len(read) and not record.trail.written(sources)
    return builds and untouched and not record.unclear(maker)


def can_look(interpreter: "Interpreter", state: State) -> bool:
    """Whether names of files may be looked up as they stand now: by somebody who sees them, in one directory, untouched."""
    trail = interpreter.record.trail
    return interpreter.context.files is not None and not trail.disturbances and len(state.cwd or ()) == 1


def are_plain(interpreter: "Interpreter", paths: Arg, state: State) -> bool:
    """Whether everything that stands where ``paths`` says has a name that a shell takes for one word.

    Looked up as the files stand now: what the script itself may have made before isn't there yet.
    """
    files = interpreter.context.files
    if files is None or not can_look(interpreter, state) or state.cwd is None:
        return False
    base = "" if paths.text.startswith("/") else state.cwd[0].rstrip("/") + "/"
    found = files.expand(normal(escape(base) + paths.text))
    plain = found is not None and all(_PLAIN_NAME.match(path.removeprefix(base)) for path in found)
    interpreter.trusting |= plain
    return plain


def late_names(interpreter: "Interpreter") -> None:
    """Where names were taken as they stand, nothing in the script may make one that isn't plain, before or meanwhile."""
    for access in interpreter.record.accesses if interpreter.trusting else ():
        if access.kind is not AccessKind.WRITE or not isinstance(access.target, PathTarget):
            continue
        program = interpreter.record.accesses[access.by].target if access.by is not None else None
        keeps = isinstance(program, ProgramTarget) and program.name in _KEEPING
        path, cause = access.target.path, access.cause
        if (access.target.pattern and not keeps) or re.search(r"[\s\"'\\]|/-", path):
            interpreter.record.opaque(
                "a name may be made while names are listed",
                None if cause is None else (cause.start, cause.end),
            )
