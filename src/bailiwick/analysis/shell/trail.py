"""What a script has itself done to files so far: who wrote them, what stands in them, which names lead elsewhere.

A file is a pipe with a name: ``curl -o x ...; sh x`` feeds the shell as ``curl ... | sh`` does. And a link made a
moment ago is on no disk yet, so that nobody but the script itself says where it leads.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from bailiwick.analysis.commands.argument import NOBODY, Arg
from bailiwick.model.access import PathTarget
from bailiwick.model.glob import escape, path_glob
from bailiwick.model.value import value

MAX_TOUCHED = 200
"""Paths, and patterns, whose programs are told apart; beyond that any of them may be meant."""
MAX_LINKS = 16
"""New names followed."""
MAX_LED = 16
"""Paths that one path may lead to by new names."""
_EMPTY: Mapping[str, Any] = {}
"""Never added to: what it stands for is replaced."""
MAX_SETTINGS = 32
"""Hidden files that are told apart; where there are more, any program takes its settings from one."""
_PROGRAMS = re.compile(r"/(?:usr/(?:local/)?)?(?:s?bin|lib\w*)/")
_BEFORE = re.compile(r"[^*?\[\]{},\\]*")
_BEHIND = re.compile(r"[^*?\[\]{},\\/]*\Z")


@value(frozen=True, slots=True)
class Content:
    """Text that the script put into a file, and what had been done to any files by then."""

    text: Arg
    disturbances: int


class Touched:
    """Which programs wrote, or read, which paths."""

    __slots__ = ("_paths", "_patterns", "noted")

    def __init__(self) -> None:
        self._paths: Mapping[str, set[int]] = _EMPTY
        self._patterns: Mapping[str, set[int]] = _EMPTY
        self.noted: list[tuple[PathTarget, int]] = []  # not yet in the books, which most commands never open

    def __bool__(self) -> bool:
        return bool(self.noted or self._paths or self._patterns)

    def _enter(self) -> None:
        paths, patterns = dict(self._paths), dict(self._patterns)
        for target, program in self.noted:
            (patterns if target.pattern else paths).setdefault(target.path, set()).add(program)
        self._paths, self._patterns, self.noted = paths, patterns, []

    def by(self, target: PathTarget) -> set[int]:
        """The programs that may have touched some path of ``target``."""
        if self.noted:
            self._enter()
        path = target.path
        if not target.pattern:
            found = set(self._paths.get(path, ()))
        else:
            found = _those(self._paths, lambda other: path_glob(path).matches(other))
        if self._patterns:
            found |= _those(self._patterns, lambda other: _meet(other, path, pattern=target.pattern))
        return found


_UNTOUCHED = Touched()
"""Of most scripts: no file is written by any program. Never added to."""


def _those(book: Mapping[str, set[int]], chosen: Callable[[str], bool]) -> set[int]:
    """The programs of the paths that are chosen; of all, where those are too many to look at."""
    every = len(book) > MAX_TOUCHED
    return set().union(*(programs for path, programs in book.items() if every or chosen(path)))


def _meet(glob: str, other: str, *, pattern: bool) -> bool:
    """Whether a path may be of both: exact for one path, judged by what two patterns begin and end with."""
    if not pattern:
        return path_glob(glob).matches(other)
    (head, tail), (start, end) = _ends(glob), _ends(other)
    return (head.startswith(start) or start.startswith(head)) and (tail.endswith(end) or end.endswith(tail))


@lru_cache(maxsize=1024)
def _ends(glob: str) -> tuple[str, str]:
    """What every path of a glob begins and ends with, as far as no wildcard or escape is in the way."""
    head = _BEFORE.match(glob)
    tail = _BEHIND.search(glob)
    ending = "" if tail is None or glob.endswith("/**") else tail.group()
    return head.group().removesuffix("/") if head else "", ending


class Trail:
    """Everything one script has done to files.

    ``drafted`` says that anything was written. ``loose`` counts the reasons why time doesn't follow the text;
    ``disturbances`` what may have changed any file. ``drafts`` is what was last printed into each file, whether or not it
    came there, ``told`` the programs that printed it, ``partial`` the files that may hold more before it; ``links`` where
    the names lead that the script made; ``settings`` the hidden files, and those among the system's programs, with who wrote
    them. All are replaced, never changed.
    """

    __slots__ = (
        "_read",
        "_wrote",
        "disturbances",
        "drafted",
        "drafts",
        "links",
        "loose",
        "partial",
        "settings",
        "told",
    )

    def __init__(self) -> None:
        self._read = Touched()
        self._wrote = _UNTOUCHED
        self.drafted = False
        self.disturbances = 0
        self.loose = 0
        self.drafts: Mapping[str, Arg] = _EMPTY
        self.told: Mapping[str, frozenset[int]] = _EMPTY
        self.partial: frozenset[str] = frozenset()
        self.links: Mapping[str, tuple[str, ...]] = _EMPTY
        self.settings: tuple[tuple[str, int], ...] = ()

    # -- files as pipes

    def reads(self, targets: Iterable[PathTarget], program: int) -> AbstractSet[int]:
        """A program reads; the programs whose output that may be."""
        for target in targets:
            self._read.noted.append((target, program))
        return self.written(targets) if self.drafted else NOBODY

    def written(self, targets: Iterable[PathTarget]) -> set[int]:
        """The programs that may have written to ``targets``."""
        return set().union(*(self._wrote.by(target) for target in targets))

    def writes(self, targets: Iterable[PathTarget], program: int) -> set[int]:
        """A program writes; the programs that were read before and may yet read it."""
        found: set[int] = set()
        if not self.drafted:
            self.drafted, self._wrote = True, Touched()
        for target in targets:
            self._wrote.noted.append((target, program))
            hidden = "/." in target.path or _PROGRAMS.match(target.path)
            if hidden and len(self.settings) <= MAX_SETTINGS:
                self.settings = (*self.settings, (target.path, program))
            if self.loose:
                found |= self._read.by(target)
        return found

    def configured(self, name: str, home: str) -> Iterator[int]:
        """The programs that wrote what the program ``name`` takes its settings from in ``home``, or among the system's programs."""
        many = len(self.settings) > MAX_SETTINGS
        for path, program in self.settings:
            own = path.removeprefix(home).split("/") if path.startswith(f"{home}/.") else ()
            if (
                many
                or _PROGRAMS.match(path)
                or any(part.lstrip(".") in {name, f"{name}rc", f"{name}_profile"} for part in own)
            ):
                yield program

    # -- what stands in a file

    def draft(self, path: str, text: Arg, *, appended: bool) -> None:
        """The program that wrote last to ``path`` printed ``text`` there."""
        before = self.drafts.get(path)
        last = frozenset((max(self.written((PathTarget(path=path),)), default=-1),))
        if appended:
            last |= self.told.get(path, frozenset())
            if before is None:
                self.partial |= {path}
            else:
                text = before.with_text(before.text + text.text)
        else:
            self.partial -= {path}
        self.drafts = {**self.drafts, path: text}
        self.told = {**self.told, path: last}

    def holds(self, text: Arg) -> Content | None:
        """What to remember of a file that was just filled; None where that can't be relied on."""
        return None if self.loose or self.links else Content(text, self.disturbances)

    def still(self, content: Content) -> bool:
        """Whether nothing can have changed the file since; any write counts, since two names may be one file."""
        return not self.loose and not self.links and content.disturbances == self.disturbances

    # -- names that lead elsewhere

    def link(self, name: str, target: str) -> bool:
        """What lies at or below ``name`` may lie at or below ``target``; False where there are too many to follow."""
        if name not in self.links and len(self.links) >= MAX_LINKS:
            return False
        self.links = {**self.links, name: tuple({*self.links.get(name, ()), target})}
        return True

    def led(self, path: str, *, pattern: bool, removing: bool) -> Iterator[tuple[str, bool]]:
        """Where else a path or pattern leads by the new names. ``removing`` takes a name away, not what it names."""
        seen, pending = {path}, [(path, pattern)]
        while pending and len(seen) < MAX_LED:
            here, glob = pending.pop()
            for name, targets in self.links.items():
                for target in targets:
                    there = _through(here, name, target, pattern=glob, removing=removing)
                    if there is not None and there[0] not in seen:
                        seen.add(there[0])
                        pending.append(there)
                        yield there


def _through(path: str, name: str, target: str, *, pattern: bool, removing: bool) -> tuple[str, bool] | None:
    if not pattern:
        if path == name:
            return None if removing else (target, False)
        return (target.rstrip("/") + path[len(name) :], False) if path.startswith(name + "/") else None
    link = escape(name)
    if path == link or path.startswith(link + "/"):
        return escape(target.rstrip("/")) + path[len(link) :], True
    tree = path.endswith("/**") and removing  # removing a tree doesn't go through links
    if not tree and _meet(path, link + "/**", pattern=True):
        return escape(target.rstrip("/")) + "/**", True
    return None
