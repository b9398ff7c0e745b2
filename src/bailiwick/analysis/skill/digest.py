"""The canonical digest of a skill's tree: equal for equal content, whatever machine it stands on. Pure.

What goes in, and how, is docs/skill-approval.md with test vectors; nothing in the tree is left out. A tree that could
mean something else on another file system, or lead out of itself, has no digest.
"""

import hashlib
import stat
import unicodedata
from collections.abc import Iterator
from operator import itemgetter

from bailiwick.model.skill import Entry, EntryType, SkillTree

DOMAIN = b"bailiwick skill tree v1\n"
"""What every digest begins with, so that no other use of SHA-256 gives the same."""

ALGORITHM = "skillTreeV1"
"""The digest's name in a statement's subject (in-toto DigestSet)."""

_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_KIND = {EntryType.FILE: b"f", EntryType.DIRECTORY: b"d", EntryType.LINK: b"l"}
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)))
)


class UnsoundTreeError(Exception):
    """The tree has no digest; the message names each path and says why."""


def tree_digest(tree: SkillTree) -> str:
    """Lower-case hex SHA-256 of the tree's canonical form. Raises ``UnsoundTreeError``."""
    if problems := list(problems_of(tree)):
        raise UnsoundTreeError("; ".join(problems[:10]))
    digest = hashlib.sha256(DOMAIN)
    for name, entry in sorted(((_canonical(entry.path), entry) for entry in tree.entries), key=itemgetter(0)):
        for part in _parts(name, entry):
            digest.update(b"%d:" % len(part))
            digest.update(part)
    return digest.hexdigest()


def _canonical(path: str) -> bytes:
    return unicodedata.normalize("NFC", path).encode()


def _parts(name: bytes, entry: Entry) -> tuple[bytes, ...]:
    match entry.type:
        case EntryType.FILE:
            executable = b"x" if entry.mode & stat.S_IXUSR else b"-"
            return (_KIND[entry.type] + executable, name, bytes.fromhex(entry.sha256))
        case EntryType.LINK:
            return (_KIND[entry.type], name, unicodedata.normalize("NFC", entry.target).encode())
        case _:
            return (_KIND[entry.type], name)


def problems_of(tree: SkillTree) -> Iterator[str]:
    """Why the tree has no digest; nothing when it has one."""
    yield from (f"{part.path}: {part.reason}" for part in tree.partial)
    seen: dict[str, str] = {}
    for entry in tree.entries:
        shown = entry.path.encode("utf-8", "backslashreplace").decode()
        if problem := _problem(entry):
            yield f"{shown}: {problem}"
            continue
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", entry.path).casefold())
        if folded in seen:
            yield f"{shown}: the same name as {seen[folded]} where case or Unicode form don't count"
        seen[folded] = shown


def _problem(entry: Entry) -> str:
    steps = entry.path.split("/")
    if not _utf8(entry.path) or not _utf8(entry.target):
        return "the name is not UTF-8"
    if any(ord(char) < ord(" ") or char in '\\:*?"<>|\x7f' for char in entry.path):
        return "the name has a character that not every file system can hold"
    if any(step.partition(".")[0].lower() in _RESERVED or step.endswith((".", " ")) for step in steps):
        return "a name that means something else on another file system"
    if entry.type is EntryType.OTHER:
        return "a device, a pipe or a socket"
    if entry.mode & _SPECIAL and entry.type is not EntryType.LINK:
        return "set-uid, set-gid or sticky"
    if entry.type is EntryType.LINK and not _stays(entry):
        return f"a link that leads out of the skill, or may: {entry.target}"
    if entry.type is EntryType.FILE and not entry.sha256:
        return "it was not read to its end"
    return ""


def _stays(entry: Entry) -> bool:
    """Whether a link surely stays inside: relative, and ``..`` only in front, where the directories are known to be none."""
    steps = entry.target.split("/")
    up = 0
    while up < len(steps) and steps[up] == "..":
        up += 1
    return (
        bool(entry.target)
        and not entry.target.startswith("/")
        and ".." not in steps[up:]
        and up <= entry.path.count("/")
    )


def _utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
