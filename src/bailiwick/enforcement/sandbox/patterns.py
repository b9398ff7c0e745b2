"""Globs of a policy against a real file system: where what they match begins, and what is not there yet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import field

from bailiwick.administration.targets.native import alternatives
from bailiwick.decision.bound import fill_in
from bailiwick.enforcement.sandbox.confinement import Disk, Entry, UnsafeError
from bailiwick.model.glob import GlobError, literal, path_glob, word_glob
from bailiwick.model.value import value

ANYWHERE = "**"


@value(frozen=True, slots=True)
class Pattern:
    """One alternative of a glob, cut at its slashes. ``text`` is absolute, or begins with ``**/``."""

    text: str
    segments: tuple[str, ...]

    @property
    def floating(self) -> bool:
        """Whether it matches at any depth of any directory."""
        return bool(self.segments) and self.segments[0] == ANYWHERE and len(self.segments) > 1

    @property
    def fixed(self) -> tuple[str, ...]:
        """The leading names that stand for themselves; of a floating pattern, those after ``**``."""
        found: list[str] = []
        for segment in self.segments[1:] if self.floating else self.segments:
            name = literal(segment)
            if name is None:
                break
            found.append(name)
        return tuple(found)

    @property
    def rest(self) -> tuple[str, ...]:
        """What follows the fixed names."""
        return self.segments[len(self.fixed) + self.floating :]


def patterns_of(glob: str, *, project: str, home: str) -> tuple[Pattern, ...]:
    """The alternatives of a policy's glob; empty for one that is malformed, which matches nothing anywhere.

    Raises ``UnsafeError`` for more alternatives than can be followed.
    """
    texts = alternatives(fill_in(glob, project=project, home=home))
    if texts is None:
        raise UnsafeError(
            f"`{glob}` stands for too many patterns to be held by a sandbox; split it into several entries"
        )
    found = []
    for text in texts:
        try:
            path_glob(text)
        except GlobError:
            continue
        found.append(Pattern(text, tuple(_segments(text))))
    return tuple(found)


def _segments(text: str) -> list[str]:
    return [segment for segment in text.split("/") if segment]


def begins(disk: Disk, base: str, segments: Sequence[str], whole: str) -> Iterator[str]:
    """The existing paths at which ``segments`` below ``base`` begin to match; a trailing ``**`` is its directory.

    Links are not gone through: what lies behind one is found under its own name.
    """
    if not segments:
        yield base or "/"
        return
    head, rest = segments[0], segments[1:]
    name = literal(head)
    if name is not None:
        path = f"{base}/{name}"
        if disk.entry(path) is not Entry.ABSENT:
            yield from begins(disk, path, rest, whole)
    elif head == ANYWHERE:
        if not rest:
            yield base or "/"
            return
        yield from begins(disk, base, rest, whole)
        for path in _directories(disk, base):
            yield from begins(disk, path, rest, whole)
    elif ANYWHERE in head:  # it runs across slashes: only the whole tells
        glob = path_glob(whole)
        yield from (path for path, _ in everything(disk, base or "/") if glob.matches(path))
    else:
        glob = word_glob(head)
        for name, entry in disk.entries(base or "/"):
            if glob.matches(name) and (entry is Entry.DIRECTORY or not _deeper(rest)):
                yield from begins(disk, f"{base}/{name}", rest, whole)


def _deeper(rest: Sequence[str]) -> bool:
    return bool(rest) and any(segment != ANYWHERE for segment in rest)


def _directories(disk: Disk, base: str) -> Iterator[str]:
    return (path for path, entry in everything(disk, base or "/") if entry is Entry.DIRECTORY)


def everything(
    disk: Disk, base: str, *, leave_out: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Entry]]:
    """Every path below ``base`` and what it is; links and the directories in ``leave_out`` are not gone into."""
    stack = [base.rstrip("/")]
    while stack:
        directory = stack.pop()
        for name, entry in disk.entries(directory or "/"):
            path = f"{directory}/{name}"
            yield path, entry
            if entry is Entry.DIRECTORY and path not in leave_out:
                stack.append(path)


@value(frozen=False, slots=True)
class Finder:
    """Floating patterns, looked for in one pass over a tree: one look-up for each name that is no candidate."""

    patterns: Sequence[Pattern]
    _by_name: dict[str, list[Pattern]] = field(init=False, default_factory=dict)
    _others: list[Pattern] = field(init=False, default_factory=list)
    _any: "re.Pattern[str] | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            first = literal(pattern.segments[1])
            if first is None:
                self._others.append(pattern)
            else:
                self._by_name.setdefault(first, []).append(pattern)
        # Most names are none of these; a regular expression that is too wide only costs time.
        wide = [_wide(pattern.segments[1]) for pattern in self._others]
        self._any = re.compile("|".join(wide), re.DOTALL) if wide else None

    def find(self, disk: Disk, base: str, *, leave_out: frozenset[str] = frozenset()) -> Iterator[str]:
        """The existing paths below ``base`` at which a pattern begins to match."""
        by_name, maybe = self._by_name, self._any
        for path, _ in everything(disk, base, leave_out=leave_out):
            name = path[path.rindex("/") + 1 :]
            for pattern in by_name.get(name, ()):
                yield from begins(disk, path, pattern.segments[2:], pattern.text)
            if maybe is not None and maybe.fullmatch(name):
                for pattern in self._others:
                    if ANYWHERE in pattern.segments[1]:
                        if path_glob(pattern.text).matches(path):
                            yield path
                    elif word_glob(pattern.segments[1]).matches(name):
                        yield from begins(disk, path, pattern.segments[2:], pattern.text)


def _wide(segment: str) -> str:
    """A regular expression that matches at least what ``segment`` does."""
    if set(segment) & set("[]{}\\"):
        return ".*"
    return "".join(".*" if part in "*?" else re.escape(part) for part in segment)
