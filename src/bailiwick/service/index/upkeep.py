"""Keeping an index up to date with its log, and making it anew: always possible, the log is all it takes."""

import os
from collections.abc import Callable
from pathlib import Path

from bailiwick.audit.kinds import Kind
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError

BATCH = 1_000
"""Entries of one transaction."""

ERASING = frozenset((Kind.KEY_DESTROYED, Kind.PURGED))
"""After these something that is indexed can't be read in the log any more, and must not be found here either."""

Told = Callable[[int, int], None]
"""Told how many of how many entries are indexed."""


def up_to_date(reader: LogReader, *, told: Told | None = None) -> EmbeddedIndex:
    """The index of a log with every entry in it that the log has now. Raises StoreError.

    One of another log, one that has more than the log, and one with what was erased meanwhile are made anew.
    """
    path = reader.directory / FILE
    index = EmbeddedIndex(path)
    try:
        epoch, size = _standing(reader)
        of, place = index.mark
        if place and (of != epoch or place > size):
            index.close()
            return rebuilt(reader, told=told)
        if _catch_up(reader, index, epoch, size, told) and place:
            index.close()
            return rebuilt(reader, told=told)
    except BaseException:
        index.close()
        raise
    return index


def rebuilt(reader: LogReader, *, told: Told | None = None) -> EmbeddedIndex:
    """A new index in place of the old one, which stays in use until this one is whole. Raises StoreError."""
    path = reader.directory / FILE
    fresh = path.with_name(f"{FILE}.{os.getpid()}")
    try:
        _remove(fresh)
        index = EmbeddedIndex(fresh)
        try:
            epoch, size = _standing(reader)
            _catch_up(reader, index, epoch, size, told)
            index.settle()
        finally:
            index.close()
        _remove(path, base=False)
        fresh.replace(path)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}") from error
    finally:
        _remove(fresh)
    return EmbeddedIndex(path)


def _catch_up(reader: LogReader, index: EmbeddedIndex, epoch: str, size: int, told: Told | None) -> bool:
    """Index what is missing; whether something among it erased what is indexed already."""
    erased = False
    place = index.mark[1]
    while place < size:
        batch = [
            (one.sealed.sequence, one.record) for one in reader.entries(place, end=min(place + BATCH, size))
        ]
        if not batch:
            place += BATCH  # purged entries leave gaps
            continue
        erased = erased or any(record.get("kind") in ERASING for _, record in batch)
        index.add_marked(batch, epoch=epoch, after=index.mark[1])
        place = max(index.mark[1], batch[-1][0] + 1)
        if told:
            told(place, size)
    return erased


def _standing(reader: LogReader) -> tuple[str, int]:
    last = reader.last(1)
    return (str(last[0].record.get("epoch", "")), last[0].sealed.sequence + 1) if last else ("", 0)


def _remove(path: Path, *, base: bool = True) -> None:
    for name in (*((path.name,) if base else ()), f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
