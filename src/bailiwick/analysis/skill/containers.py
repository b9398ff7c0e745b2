"""Archives and office files as trees, opened in memory within bounds. Total: what can't be read is said."""

import bz2
import gzip
import io
import lzma
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import field
from typing import IO

from bailiwick.model.skill import Entry, EntryType, Partial, SkillTree, TreeKind, file_entry
from bailiwick.model.value import value

MAX_NESTED = 4
"""Archives inside each other."""

MAX_MEMBERS = 5_000
"""Members of all archives of a tree."""

MAX_BYTES = 32 * 2**20
"""Bytes that come out of all archives of a tree."""

MAX_RATIO = 200
"""Bytes out for one byte in, beyond the first mebibyte."""

_CHUNK = 1 << 16


@value(frozen=False, slots=True)
class Budget:
    """What may still come out of the archives of one tree."""

    members: int = MAX_MEMBERS
    bytes: int = MAX_BYTES


class _TooMuchError(Exception):
    """A bound was reached; the message says which."""


@value(frozen=True, slots=True, kw_only=True)
class Container:
    """What one archive holds. Paths of ``entries`` are those written in the archive, not yet made safe."""

    path: str
    entries: tuple[Entry, ...] = ()
    partial: tuple[Partial, ...] = ()


@value(frozen=False, slots=True)
class _Found:
    entries: list[Entry] = field(default_factory=list)
    partial: list[Partial] = field(default_factory=list)


def is_archive(path: str, data: bytes) -> bool:
    """Whether the bytes are an archive that is opened here: zip, tar, or one compressed file."""
    return _kind(path, data) is not None


def _kind(path: str, data: bytes) -> str | None:
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if data[257:262] == b"ustar":
        return "tar"
    for magic, kind in ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz")):
        if data.startswith(magic):
            return kind
    if data.startswith((b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")) or path.lower().endswith((".7z", ".rar")):
        return "unknown"
    return None


def containers(tree: SkillTree) -> Iterator[Container]:
    """Every archive of the tree, nested ones included, outermost first."""
    budget = Budget()
    for entry in tree.files():
        if entry.data is not None and is_archive(entry.path, entry.data):
            yield from _opened(entry.path, entry.data, budget, 1)


def _opened(path: str, data: bytes, budget: Budget, depth: int) -> Iterator[Container]:
    if depth > MAX_NESTED:
        yield Container(
            path=path, partial=(Partial(path=path, reason=f"more than {MAX_NESTED} archives deep"),)
        )
        return
    container = _contents(path, data, budget)
    yield container
    for entry in container.entries:
        if entry.data is not None and is_archive(entry.path, entry.data):
            yield from _opened(f"{path}!{entry.path}", entry.data, budget, depth + 1)


def _contents(path: str, data: bytes, budget: Budget) -> Container:
    found = _Found()
    try:
        match _kind(path, data):
            case "zip":
                _zip(found, path, data, budget)
            case "tar":
                _tar(found, path, data, budget)
            case "unknown":
                found.partial.append(Partial(path=path, reason="an archive of a kind that isn't opened"))
            case kind:
                inner = _decompressed(str(kind), data, budget)
                if inner[257:262] == b"ustar":
                    _tar(found, path, inner, budget)
                else:
                    found.entries.append(
                        file_entry(posixpath.splitext(posixpath.basename(path))[0] or "content", inner)
                    )
    except _TooMuchError as error:
        found.partial.append(Partial(path=path, reason=str(error)))
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
        IndexError,
        OverflowError,
        MemoryError,
    ) as error:
        found.partial.append(
            Partial(path=path, reason=f"an archive that can't be read ({type(error).__name__})")
        )
    return Container(path=path, entries=tuple(found.entries), partial=tuple(found.partial))


def _taken(source: IO[bytes] | io.BufferedIOBase, compressed: int, budget: Budget) -> bytes:
    """All that comes out of ``source``, piece by piece, so that a bomb ends at the bound and not at its size."""
    taken = bytearray()
    while chunk := source.read(_CHUNK):
        taken += chunk
        budget.bytes -= len(chunk)
        if budget.bytes < 0:
            raise _TooMuchError(f"more than {MAX_BYTES >> 20} MiB unpacked")
        if len(taken) > 1 << 20 and len(taken) > MAX_RATIO * max(compressed, 1):
            raise _TooMuchError(f"unpacks to more than {MAX_RATIO} times its size")
    return bytes(taken)


def _decompressed(kind: str, data: bytes, budget: Budget) -> bytes:
    raw = io.BytesIO(data)
    match kind:
        case "gz":
            return _taken(gzip.GzipFile(fileobj=raw), len(data), budget)
        case "bz2":
            return _taken(bz2.BZ2File(raw), len(data), budget)
        case _:
            return _taken(lzma.LZMAFile(raw), len(data), budget)


def _member(budget: Budget) -> None:
    budget.members -= 1
    if budget.members < 0:
        raise _TooMuchError(f"more than {MAX_MEMBERS} members")


def _zip(found: _Found, path: str, data: bytes, budget: Budget) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            _member(budget)
            mode = (info.external_attr >> 16) & 0o7777
            if info.is_dir():
                found.entries.append(Entry(path=info.filename, type=EntryType.DIRECTORY, mode=mode or 0o755))
                continue
            if info.flag_bits & 1:
                found.entries.append(
                    Entry(path=info.filename, type=EntryType.FILE, mode=mode, size=info.file_size)
                )
                found.partial.append(Partial(path=f"{path}!{info.filename}", reason="encrypted"))
                continue
            try:
                with archive.open(info) as source:
                    content = _taken(source, info.compress_size, budget)
            except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError) as error:
                found.partial.append(
                    Partial(
                        path=f"{path}!{info.filename}", reason=f"can't be unpacked ({type(error).__name__})"
                    )
                )
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                target = content.decode("utf-8", "surrogateescape")
                found.entries.append(Entry(path=info.filename, type=EntryType.LINK, mode=mode, target=target))
            else:
                found.entries.append(file_entry(info.filename, content, mode=mode or 0o644))


def _tar(found: _Found, path: str, data: bytes, budget: Budget) -> None:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info in archive:
            _member(budget)
            mode = info.mode & 0o7777
            if info.isdir():
                found.entries.append(Entry(path=info.name, type=EntryType.DIRECTORY, mode=mode))
            elif info.issym() or info.islnk():
                found.entries.append(
                    Entry(path=info.name, type=EntryType.LINK, mode=mode, target=info.linkname)
                )
            elif info.isreg():
                source = archive.extractfile(info)
                if source is not None:
                    found.entries.append(file_entry(info.name, _taken(source, len(data), budget), mode=mode))
            else:
                found.entries.append(Entry(path=info.name, type=EntryType.OTHER, mode=mode))
                found.partial.append(Partial(path=f"{path}!{info.name}", reason="a device or a pipe"))


def archive_tree(root: str, name: str, data: bytes) -> SkillTree:
    """An archive as the tree it would unpack to: a directory that all of it stands in is taken off."""
    container = _contents(name, data, Budget())
    tops = {entry.path.split("/", 1)[0] for entry in container.entries}
    top = tops.pop() + "/" if len(tops) == 1 else ""
    entries = [
        entry if not top else _moved(entry, entry.path.removeprefix(top))
        for entry in container.entries
        if not top or entry.path.rstrip("/") + "/" != top
    ]
    kind = TreeKind.SKILL if any(e.path.lower() == "skill.md" for e in entries) else TreeKind.PACKAGE
    return SkillTree(
        root=root,
        name=top.rstrip("/") or posixpath.splitext(name)[0],
        kind=kind,
        entries=tuple(sorted(entries, key=lambda entry: entry.path)),
        partial=container.partial,
    )


def _moved(entry: Entry, path: str) -> Entry:
    return Entry(
        path=path.rstrip("/"),
        type=entry.type,
        mode=entry.mode,
        size=entry.size,
        data=entry.data,
        sha256=entry.sha256,
        target=entry.target,
        links=entry.links,
    )
