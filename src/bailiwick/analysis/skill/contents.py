"""The texts of a tree and of the archives in it, and what of them the readers leave out: said, never silent."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from bailiwick.analysis.skill import markdown, media, office, others
from bailiwick.analysis.skill.containers import containers, is_archive
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.kinds import CODE, CONFIGURED, DOCUMENT, MAKERS, OTHER, language_of
from bailiwick.analysis.skill.scripts.look import MAX_SCRIPT, MAX_SCRIPTS
from bailiwick.model.skill import Entry, EntryType, Partial, Role, SkillTree, Source

MAX_TEXT = 4 * 2**20
"""Bytes of one text file that are read."""

MAX_LOOKED = 1_000_000
"""Characters of a text that every reader comes to."""


@dataclass(slots=True)
class Contents:
    """What a tree holds: by path its texts and its entries, members of archives as ``archive!member``."""

    texts: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    partial: list[Partial] = field(default_factory=list)


def contents(tree: SkillTree, into: Inventory) -> Contents:
    """The contents of a tree; members that would be unpacked outside of it are noticed."""
    found = Contents(partial=list(tree.partial))
    for entry in tree.entries:
        _entry(entry.path, entry, found)
    for container in containers(tree):
        found.partial += container.partial
        for entry in container.entries:
            if _leads_out(entry.path) or (entry.type is EntryType.LINK and _leads_out(entry.target)):
                into.notice(
                    Mark.ESCAPE,
                    f"{entry.path[:80]} in it would be unpacked outside",
                    Source(path=container.path),
                    Role.EXECUTABLE,
                    target="archive",
                )
            _entry(f"{container.path}!{entry.path}", entry, found)
    found.partial += _left_out(found.texts)
    return found


def _leads_out(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _entry(path: str, entry: Entry, found: Contents) -> None:
    found.entries[path] = entry
    data = entry.data
    if data is None or entry.type is not EntryType.FILE or path.startswith(".git/objects"):
        return
    ending = posixpath.splitext(path)[1].lower()
    if is_archive(path, data):
        return
    if ending not in DOCUMENT | CODE and (
        b"\0" in data[:8_192] or data.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF"))
    ):
        left: set[str] = set()
        if kept := "\n\n".join(media.words(data, left)):
            found.texts[f"{path}#text"] = kept
        found.partial += (Partial(path=path, reason=reason) for reason in sorted(left))
        tail = media.tails(data)
        if len(tail) >= media.MIN_TAIL and b"\0" not in tail[:512]:
            found.texts[f"{path}#tail"] = tail[:MAX_TEXT].decode("utf-8", "replace")
        return
    if len(data) > MAX_TEXT:
        found.partial.append(Partial(path=path, reason=f"a text longer than {MAX_TEXT >> 20} MiB"))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    found.texts[path] = data[:MAX_TEXT].decode(encoding, "replace")


def _left_out(texts: dict[str, str]) -> Iterator[Partial]:
    """What the readers don't come to because a file is too long."""
    room = MAX_SCRIPTS
    for path, text in texts.items():
        ending = posixpath.splitext(path)[1].lower()
        other = ending in OTHER or posixpath.basename(path) in MAKERS
        code = other or bool(language_of(path, text)) or ending in (".yml", ".yaml")
        if (other or ending in CONFIGURED) and text.count("\n") >= others.MAX_LINES:
            yield Partial(path=path, reason=f"a file of more than {others.MAX_LINES:,} lines")
        elif code and len(text) > MAX_SCRIPT:
            yield Partial(path=path, reason=f"a script of more than {MAX_SCRIPT:,} characters")
        elif code and room < len(text):
            yield Partial(path=path, reason=f"scripts of more than {MAX_SCRIPTS:,} characters in all")
        elif len(text) > MAX_LOOKED:
            yield Partial(path=path, reason=f"a text of more than {MAX_LOOKED:,} characters")
        elif text.count("\n") >= markdown.MAX_LINES:
            yield Partial(path=path, reason=f"a text of more than {markdown.MAX_LINES:,} lines")
        elif reason := office.cut(path, text):
            yield Partial(path=path, reason=reason)
        room -= min(len(text), MAX_SCRIPT) if code else 0
