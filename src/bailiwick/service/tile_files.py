"""The log as a folder of static files (C2SP tlog-tiles): written for others to keep or serve, and verified from there.

checkpoint              the last signed checkpoint, written last
log.pub                 the log's public keys
tile/<level>/<index>    256 hashes each; the last of a level may be partial (`<index>.p/<width>`)
tile/entries/<index>    the entries of one tile of level 0
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bailiwick.audit.chain import BESIDE, Fault
from bailiwick.audit.merkle import HASH_SIZE, leaf_hash
from bailiwick.audit.note import Note, NoteError, TreeHead, VerifierKey, parse_keys
from bailiwick.audit.tiles import WIDTH, Bundle, Tile, TileError, Tree, bundled, joined, tiles_of, unbundled
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError


@dataclass(frozen=True, slots=True)
class TileFolder:
    """A folder of tiles (``audit.tiles.TileStorage``)."""

    path: Path

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile; those of a full tile where only that is there."""
        for tile in (Tile(level, index, width), Tile(level, index)):
            try:
                return (self.path / tile.path).read_bytes()[: width * HASH_SIZE]
            except FileNotFoundError:
                continue
            except OSError as error:
                raise TileError(f"{tile.path}: {error.strerror}") from error
        raise TileError(f"{Tile(level, index, width).path} is missing")

    def entries(self, bundle: Bundle) -> list[bytes]:
        """The entries of a bundle. Raises TileError."""
        try:
            return unbundled((self.path / bundle.path).read_bytes(), bundle.width)
        except OSError as error:
            raise TileError(f"{bundle.path}: {error.strerror}") from error


def write_tiles(reader: LogReader, folder: Path, *, since: int = 0) -> int:
    """Write what a folder that holds the log up to ``since`` entries lacks; how many files. Raises StoreError, OSError.

    The tiles come first and the checkpoint last, whole: who reads meanwhile finds an older log, never half a one.
    """
    note = reader.checkpoint()
    size = TreeHead.parse(Note.parse(note).text).size
    first = reader.first()
    count = 0
    for tile in tiles_of(size, since=since):
        _write(folder / tile.path, reader.tile(tile.level, tile.index, tile.width))
        count += 1
        if not tile.level and tile.index * WIDTH >= first:
            low = tile.index * WIDTH
            entries = [entry.sealed.body for entry in reader.entries(low, end=low + tile.width)]
            if len(entries) != tile.width:
                raise StoreError(
                    f"{reader.database}: entries from {low} on are missing", mend="see `log verify`"
                )
            _write(folder / Bundle(tile.index, tile.width).path, bundled(entries))
            count += 1
    _write(folder / "log.pub", (reader.directory / "log.pub").read_bytes())
    _write(folder / "checkpoint", note.encode())
    return count + 2


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def folder_size(folder: Path) -> int:
    """Entries that a folder of tiles holds by its own word; 0 for a new one."""
    try:
        return TreeHead.parse(Note.parse((folder / "checkpoint").read_text(encoding="utf-8")).text).size
    except FileNotFoundError:
        return 0
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise StoreError(f"{folder / 'checkpoint'}: {error}", mend="name another folder") from error


def verify_folder(
    folder: Path, keys: Sequence[VerifierKey], *, first: int = 0
) -> tuple[TreeHead | None, list[Fault]]:
    """What the log in a folder is, and every fault found in it.

    1. The checkpoint is signed by the log, and by nobody unknown; the keys that lie beside it are the ones given.
    2. Every entry from ``first`` on (what was pruned isn't there) has its hash in its place.
    3. Every hash of a level above is that of the full tile below it.
    4. The hashes lead to the checkpoint's root.
    """
    store = TileFolder(folder)
    try:
        note = Note.parse((folder / "checkpoint").read_bytes().decode("utf-8"))
        head = TreeHead.parse(note.text)
        signed = [key for key in keys if note.time_of(key) is not None]  # (1)
    except (OSError, UnicodeDecodeError, NoteError) as error:
        return None, [Fault(sequence=0, message=f"checkpoint: {error}")]
    if not signed or any(key.name != head.origin for key in signed):
        return None, [Fault(sequence=0, message="checkpoint: not signed by this log")]
    faults = list(_key_faults(folder, keys))
    if len(signed) != len(note.signatures):
        faults.append(Fault(sequence=0, message="checkpoint: a signature by a key that isn't known"))
    faults.extend(_tile_faults(store, head.size, first))
    try:
        if Tree(store, head.size).root() != head.root:  # (4)
            faults.append(Fault(sequence=0, message="the tiles lead to another root than the signed one"))
    except TileError as error:
        faults.append(Fault(sequence=0, message=str(error)))
    return head, faults


def _key_faults(folder: Path, keys: Sequence[VerifierKey]) -> Iterator[Fault]:
    """Keys in the folder that aren't the ones that the verifier was given on another way; whoever comes later may take them from here."""
    try:
        found = parse_keys((folder / "log.pub").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError, NoteError) as error:
        yield Fault(sequence=BESIDE, message=f"log.pub: {error}")
        return
    if not set(keys) <= set(found):
        yield Fault(sequence=BESIDE, message="log.pub: doesn't have the keys that you gave")


def _tile_faults(store: TileFolder, size: int, first: int) -> Iterator[Fault]:
    for tile in tiles_of(size):
        begin = tile.index * WIDTH ** (tile.level + 1)
        try:
            hashes = (store.path / tile.path).read_bytes()
            if len(hashes) != tile.width * HASH_SIZE:
                yield Fault(sequence=begin, message=f"{tile.path} has {len(hashes)} bytes")
            elif tile.level:  # (3)
                below = (store.tile(tile.level - 1, tile.index * WIDTH + i, WIDTH) for i in range(tile.width))
                if b"".join(map(joined, below)) != hashes:
                    yield Fault(sequence=begin, message=f"{tile.path} isn't what the tiles below give")
            elif begin >= first:  # (2)
                entries = store.entries(Bundle(tile.index, tile.width))
                if b"".join(map(leaf_hash, entries)) != hashes:
                    yield Fault(sequence=begin, message=f"entries of {tile.path} were changed")
        except OSError as error:
            yield Fault(sequence=begin, message=f"{tile.path}: {error.strerror}")
        except TileError as error:
            yield Fault(sequence=begin, message=str(error))
