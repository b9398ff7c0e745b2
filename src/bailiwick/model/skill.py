"""Skills as values: the tree that was read, the capabilities found in it, and the manifest they make.

A skill is a prompt with code. Its front matter pre-approves tools and bounds nothing, so what a skill may do is
inferred, with evidence, and set against what it declares and what its text says it is for.

Targets of capabilities, by kind; ``*`` alone stands for one that isn't known:

    tool          a tool of the client, with its pattern when scoped: ``Read``, ``Bash(git:*)``
    exec          a program, with the words that select what it does: ``git push``, ``python3``, ``${skill}/scripts/fill.py``
    fs.read, fs.write
                  a glob in the dialect of ``model.glob`` that begins with ``${skill}/``, ``${project}/``, ``~/`` or ``/``
    net           a host in lower case, with ``:port`` where it isn't the scheme's own; ``detail`` is the method
    env           the name of an environment variable
    mcp           ``server`` or ``server.tool``
    memory.write, config.write
                  the file that is written, as for fs
    spawn         an agent type, or the program of another agent
    install       ``pip:requests``, ``npm:left-pad``, ``brew:jq``; ``detail`` is the version or the index
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bailiwick.model.value import value


class EntryType(StrEnum):
    """What stands at a path. ``OTHER`` is a device, a pipe or a socket."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class TreeKind(StrEnum):
    """What was read: a skill, a plugin, a marketplace, or the client's own files of a project or an account."""

    SKILL = "skill"
    PLUGIN = "plugin"
    MARKETPLACE = "marketplace"
    CONFIGURATION = "configuration"
    PACKAGE = "package"


@value(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path below the root.

    ``path`` is relative, divided by ``/``, spelled as on disk; bytes that are no UTF-8 are surrogate escapes.
    ``mode`` holds the permission bits with set-uid, set-gid and sticky. ``size`` is in bytes. ``data`` is a file's
    content, None where it wasn't kept; ``sha256`` is of the whole content, empty where it wasn't read to its end.
    ``target`` is where a link points, as it is written. ``links`` counts the names of a file (hard links).
    """

    path: str
    type: EntryType
    mode: int = 0o644
    size: int = 0
    data: bytes | None = None
    sha256: str = ""
    target: str = ""
    links: int = 1


@value(frozen=True, slots=True, kw_only=True)
class Partial:
    """A part that was not looked at, and why. A tree with one is never passed in silence."""

    path: str
    reason: str


@value(frozen=True, slots=True, kw_only=True)
class SkillTree:
    """Everything below one directory at one moment. Entries are in order of their paths; nothing is ignored.

    ``root`` is where it was read, for messages only. ``name`` is the directory's name until a front matter says another.
    """

    root: str
    name: str
    kind: TreeKind = TreeKind.SKILL
    entries: tuple[Entry, ...] = ()
    partial: tuple[Partial, ...] = ()

    def files(self) -> Iterator[Entry]:
        """The entries that are files with their content."""
        for entry in self.entries:
            if entry.type is EntryType.FILE and entry.data is not None:
                yield entry

    def file(self, path: str) -> Entry | None:
        """The file at ``path``, or None."""
        return next((entry for entry in self.files() if entry.path == path), None)


def file_entry(path: str, data: bytes, *, mode: int = 0o644, links: int = 1) -> Entry:
    """A file whose content is known whole."""
    return Entry(
        path=path,
        type=EntryType.FILE,
        mode=mode,
        size=len(data),
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        links=links,
    )


class CapabilityKind(StrEnum):
    """What a skill can do; the module says what the target of each is."""

    TOOL = "tool"
    EXEC = "exec"
    FS_READ = "fs.read"
    FS_WRITE = "fs.write"
    NET = "net"
    ENV = "env"
    MCP = "mcp"
    MEMORY_WRITE = "memory.write"
    CONFIG_WRITE = "config.write"
    SPAWN = "spawn"
    INSTALL = "install"


class Role(StrEnum):
    """How a capability stands in the skill: what is asked for, what runs, and what is only talked about.

    ``INSTRUCTED`` the text tells the agent or the person to do it; ``EXECUTABLE`` code that the skill brings does it;
    ``OPTIONAL`` a choice, an example, or reference material that nothing leads to; ``QUOTED`` somebody else's words
    (an attack that is explained, a rule that detects it); ``NEGATED`` what must not be done; ``FIXTURE`` test data.
    """

    INSTRUCTED = "instructed"
    EXECUTABLE = "executable"
    OPTIONAL = "optional"
    QUOTED = "quoted"
    NEGATED = "negated"
    FIXTURE = "fixture"

    @property
    def active(self) -> bool:
        """Whether the skill would do it when it is used as it says."""
        return self in (Role.INSTRUCTED, Role.EXECUTABLE, Role.OPTIONAL)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Source:
    """Where a fact stands: a path below the root (``archive.zip!inner.py`` inside an archive) and a line from 1."""

    path: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@value(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing a skill can do, and the place that says so. ``by`` names who: a script, ``hook``, ``text``."""

    kind: CapabilityKind
    target: str
    source: Source
    role: Role
    detail: str = ""
    by: str = "text"


@value(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something that the documentation promises: ``offline``, ``read-only``, ``local-only``, or a host by name."""

    kind: str
    target: str
    source: Source


@value(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The three ways of saying what a skill does, side by side.

    ``declared`` are the grants of its front matter, ``denied`` what it takes away (``disallowed-tools``).
    ``claims`` and ``purposes`` are what its documentation says; ``purposes`` are words of a closed taxonomy.
    ``used`` is every capability found, whatever its role. ``scoped`` says that a front matter declares tools at all.
    """

    name: str
    description: str = ""
    scoped: bool = False
    declared: tuple[Capability, ...] = ()
    denied: tuple[Capability, ...] = ()
    purposes: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    used: tuple[Capability, ...] = ()

    @property
    def active(self) -> tuple[Capability, ...]:
        """The capabilities the skill has when it is used as it says: the ceiling an approval is given for."""
        return tuple(item for item in self.used if item.role.active)
