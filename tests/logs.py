"""A record, processes that work on a store, and what a log holds: shared by the store's tests."""

import asyncio
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.service.custody import Custodian, Who
from bailiwick.service.log_reader import LogReader
from bailiwick.service.store import Store

RECORD = Record(
    kind=Kind.TOOL_CALL,
    time_ms=1,
    monotonic_us=1,
    host="h",
    salt="5a" * 16,
    user="alice",
    session="s",
    tool="Bash",
)

PRELUDE = """
    import asyncio, os, sys
    from dataclasses import replace
    from pathlib import Path
    from bailiwick.audit.kinds import Kind
    from bailiwick.audit.record import Record
    from bailiwick.service.store import Store, StoreError
    RECORD = Record(kind=Kind.TOOL_CALL, time_ms=1, monotonic_us=1, host="h", salt="5a" * 16, user="alice", session="s", tool="Bash")
    path = Path(sys.argv[1])
"""


def program(text: str, *arguments: object) -> list[str]:
    """A Python process that works on a store, whose state directory is its first argument."""
    return [sys.executable, "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(text), *map(str, arguments)]


def numbered(number: int) -> Record:
    return replace(RECORD, call_id=f"c{number}")


def stored(path: Path) -> list[str]:
    with LogReader(path) as reader:
        return [entry.record["call_id"] for entry in reader.entries()]


def intact(path: Path) -> bool:
    with LogReader(path) as reader:
        return reader.verify().intact


WHO = Who(user="carol", uid=7)


def custodian(store: Store) -> Custodian:
    stamp = Stamp(wall_ms=1_700_000_000_000, monotonic_ns=1, host="h", salt="5a" * 16)
    return Custodian(store=store, redactor=Redactor(bytes(32)), stamp=lambda: stamp)


def perform(path: Path, action: str, **given: Any) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        with Store.open(path) as store:
            return await custodian(store).perform(WHO, action, given)

    return asyncio.run(run())
