"""What a trial run changed, in a sentence, and whether the analysis had foreseen it."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from bailiwick.enforcement.sandbox.confinement import within
from bailiwick.model.access import AccessKind, Facts, PathTarget, ProgramTarget
from bailiwick.model.glob import GlobError, path_glob
from bailiwick.model.value import value

MAX_SHOWN: Final = 8
"""Paths of one kind that are named in a question; the rest are counted."""

How = Literal["created", "changed", "deleted"]


@value(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that is not as it was."""

    path: str
    how: How


def summary(changes: Sequence[Change], *, project: str, home: str, unfinished: bool) -> str:
    """What the question tells of a trial: paths by kind, relative to the project, ``~`` for the home directory."""
    told = []
    for how in ("created", "changed", "deleted"):
        paths = sorted(_short(one.path, project, home) for one in changes if one.how == how)
        if paths:
            more = f" and {len(paths) - MAX_SHOWN} more" if len(paths) > MAX_SHOWN else ""
            told.append(f"{how} {', '.join(paths[:MAX_SHOWN])}{more}")
    done = "; ".join(told) or "changed no file"
    until = " before its time was up" if unfinished else ""
    return f"A trial run without network, on a copy that is thrown away, {done}{until}"


def _short(path: str, project: str, home: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in path)
    if within(shown, project) and shown != project:
        return shown[len(project.rstrip("/")) + 1 :]
    return f"~{shown[len(home) :]}" if home != "/" and within(shown, home) else shown


def unforeseen(facts: Facts, changes: Iterable[Change]) -> tuple[str, ...]:
    """The changed paths that no predicted write or deletion covers; none where analysis did not claim to know.

    A directory above something that is foreseen is foreseen too: making the one changes the other.
    """
    if facts.opaque or any(
        isinstance(access.target, ProgramTarget) and (access.target.project_code or access.target.unknown)
        for access in facts.accesses
    ):
        return ()
    foreseen = [
        access.target
        for access in facts.accesses
        if access.kind in {AccessKind.WRITE, AccessKind.DELETE} and isinstance(access.target, PathTarget)
    ]
    return tuple(sorted(one.path for one in changes if not any(_covers(target, one) for target in foreseen)))


def _covers(target: PathTarget, change: Change) -> bool:
    for path in filter(None, (target.path, target.real)):
        if not target.pattern:
            if within(change.path, path) or within(path, change.path):
                return True
            continue
        try:
            if path_glob(path.rstrip("/") or "/").matches(change.path):
                return True
        except GlobError:
            return True
    return target.expanded is not None and change.path in target.expanded
