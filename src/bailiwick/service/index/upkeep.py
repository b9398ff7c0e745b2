"""Keeping an index up to date with its log, and making it anew: always possible, the log is all it takes."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from bailiwick.audit.search import Placed, terms_of
from bailiwick.service import at_rest
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.uncollected import uncollected

BATCH = 4_000
"""Entries of one transaction at most."""

Told = Callable[[int, int], None]
"""Told how many of how many entries are indexed."""


def up_to_date(reader: LogReader, *, told: Told | None = None, rests: bool = True) -> EmbeddedIndex:
    """The index of a log with every entry in it that the log has now. Raises StoreError.

    One of another log, one that has more than the log, and one that was made before something was erased are made anew. Who
    comes again at once says that the file doesn't rest (``rests``): a digest takes as long as reading all of it.
    """
    index = EmbeddedIndex(reader.directory / FILE)
    try:
        epoch, size = standing(reader)
        of, place, erased = index.mark
        if place and (of != epoch or place > size or erased != reader.erased()):
            index.close()
            return rebuilt(reader, told=told)
        catch_up(reader, index, epoch, size, told=told)
        if rests and index.mark[1] != place:
            _summed(reader, index)
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
            epoch, size = standing(reader)
            catch_up(reader, index, epoch, size, told=told)
            index.settle()
        finally:
            index.close()
        _remove(path, base=False)
        digests_of_index(path).unlink(missing_ok=True)
        fresh.replace(path)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}") from error
    finally:
        _remove(fresh)
    index = EmbeddedIndex(path)
    _summed(reader, index)
    return index


def _summed(reader: LogReader, index: EmbeddedIndex) -> None:
    """Keep a digest of the file as it is now, for whoever verifies it; none where somebody else is reading or writing it."""
    key, summary = reader.digest_key, digests_of_index(index.path)
    if key is None:
        return
    with contextlib.suppress(OSError, sqlite3.Error):  # without it the rows are still held against the log
        summary.unlink(missing_ok=True)
        with index.still() as is_still:
            if is_still:
                at_rest.closed(key, summary, [index.path], next=index.mark[1])


def digests_of_index(path: Path) -> Path:
    """Where the digest of an index stands."""
    return path.with_suffix(".digests")


def catch_up(
    reader: LogReader, index: EmbeddedIndex, epoch: str, size: int, *, told: Told | None = None
) -> None:
    """Index what is missing of the entries below ``size`` of the log ``epoch``. Raises StoreError."""
    # Told before reading: what is erased while this goes on makes the index an old one.
    erased = reader.erased()
    for batch in batches(reader, index.mark[1], size):
        uncollected(partial(index.add_marked, batch, epoch=epoch, after=index.mark[1], erased=erased))
        if told:
            told(index.mark[1], size)


def batches(reader: LogReader, place: int, size: int) -> Iterator[Sequence[Placed]]:
    """The terms of the records from ``place`` on, some at a time; what was purged is passed over."""
    with contextlib.closing(reader.records(place, size)) as records:
        terms = ((place, terms_of(record)) for place, record in records)
        while batch := uncollected(lambda: list(islice(terms, BATCH))):
            yield batch


def standing(reader: LogReader) -> tuple[str, int]:
    """Which log it is, and the place after its last entry."""
    last = reader.last(1)
    return (str(last[0].record.get("epoch", "")), last[0].sealed.sequence + 1) if last else ("", 0)


def _remove(path: Path, *, base: bool = True) -> None:
    for name in (*((path.name,) if base else ()), f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
