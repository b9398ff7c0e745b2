"""Files that a skill may make by their name, where their directory isn't its to write in.

The kernel lets a directory be written, or a file that is there. So an empty file is put where a grant or the command names
one, before the command runs, and taken away afterwards where nothing wrote to it.
"""

import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bailiwick.enforcement.sandbox.confine import Where
from bailiwick.enforcement.sandbox.confinement import Confinement, Reach
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.enforcement.sandbox.patterns import patterns_of
from bailiwick.model.access import AccessKind
from bailiwick.policy.types import PathCondition, Scope, Subject

MAX_OUTPUTS: Final = 50
"""Files that are put there for one command."""


def missing(oracle: Oracle, where: Where, confinement: Confinement, argv: Sequence[str]) -> list[str]:
    """The files of the project that aren't there, may be written, and could not be made: named by a grant or by ``argv``."""
    found: list[str] = []
    for path in dict.fromkeys((*_granted(oracle), *_named(where, argv))):
        if (
            len(found) < MAX_OUTPUTS
            and path.startswith(f"{where.project}/")
            and not os.path.lexists(path)
            and os.path.realpath(os.path.dirname(path)) == os.path.dirname(path)  # noqa: PTH120 - no link on the way
            and os.path.isdir(os.path.dirname(path))  # noqa: PTH112, PTH120
            and confinement.reach(path) is not Reach.WRITE
            and oracle.reach(path) is Reach.WRITE
        ):
            found.append(path)
    return found


def _granted(oracle: Oracle) -> Iterator[str]:
    for layer in oracle.policy.layers:
        for rule in layer.rules if layer.scope is Scope.SKILL else ():
            if (
                rule.subject is Subject.FILES
                and isinstance(rule.when, PathCondition)
                and AccessKind.WRITE in rule.when.kinds
            ):
                for pattern in patterns_of(
                    rule.when.glob, project=oracle.project, home=oracle.principal.home
                ):
                    if not pattern.floating and not pattern.rest:
                        yield "/" + "/".join(filter(None, pattern.fixed))


def _named(where: Where, argv: Sequence[str]) -> Iterator[str]:
    """The words of a command, and of a shell's text, as paths."""
    for word in argv[:200]:
        texts = [word]
        with contextlib.suppress(ValueError):
            texts += shlex.split(word, posix=True)[:200]
        for text in texts:
            if text and "\0" not in text:
                yield os.path.normpath(os.path.join(where.cwd, text.lstrip("<>=")))  # noqa: PTH118


@contextlib.contextmanager
def standing(paths: Sequence[str]) -> Iterator[None]:
    """Empty files at ``paths`` for as long as a command runs; what was written to stays."""
    made = []
    for path in paths:
        with contextlib.suppress(OSError):  # where this account may make nothing, nor can the command
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o666))
            os.utime(path, ns=(0, 0))  # opening it to write, and `touch`, change that
            made.append((path, os.lstat(path).st_ino))
    try:
        yield
    finally:
        for path, inode in made:
            with contextlib.suppress(OSError):
                seen = os.lstat(path)
                if (seen.st_ino, seen.st_size, seen.st_mtime_ns) == (inode, 0, 0):
                    Path(path).unlink()
