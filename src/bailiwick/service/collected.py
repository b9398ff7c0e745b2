"""Whether a collector goes on from where its entries end: a cursor that is put back takes entries in twice, one put forward leaves some out."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import orjson

from bailiwick.audit.query import Query
from bailiwick.service.kept import CURSOR, HOST


class Log(Protocol):
    """A log that is read."""

    def state(self, prefix: str) -> dict[str, bytes]:
        """What is kept beside it under names that begin so."""

    def search(self, query: Query) -> Iterator[Any]:
        """Its entries for which ``query`` holds, newest first."""

    def first(self) -> int:
        """The first that was not purged."""


def cursor_faults(log: Log) -> Iterator[str]:
    """Machines whose last entry here isn't the one that their cursor says, in words. The log is read from its end until all are met.

    Of one of which no entry can be read any more, since it was purged or erased, nothing is known.
    """
    told = {name.removeprefix(CURSOR): _upto(row) for name, row in log.state(CURSOR).items()}
    untold = {name.removeprefix(HOST) for name in log.state(HOST)} - told.keys()
    waiting = {origin for origin, upto in told.items() if upto}
    some_sealed = False
    for entry in log.search(Query()) if waiting else ():
        record: Mapping[str, Any] = entry.record
        origin = str(record.get("origin", ""))
        some_sealed = some_sealed or (not origin and "origin_seq" in record)
        if origin in waiting:
            waiting.discard(origin)
            end = record["origin_seq"] + 1
            # Those after it that can't be read any more may be its too.
            if end > told[origin] or (end < told[origin] and not some_sealed):
                yield f"{origin}: {told[origin]} entries are said to be here, and the last here is its {record['origin_seq']}"
        elif origin in untold:
            untold.discard(origin)
            yield f"{origin}: entries of it are here, and nothing says how many"
        if not waiting:
            break
    if not (some_sealed or log.first()):
        yield from (
            f"{origin}: {told[origin]} entries are said to be here, and none is" for origin in sorted(waiting)
        )


def _upto(row: bytes) -> int:
    try:
        return int(orjson.loads(row)["size"])
    except (ValueError, KeyError, TypeError):
        return 0  # its tag tells
