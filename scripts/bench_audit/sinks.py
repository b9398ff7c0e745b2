"""Sinks: views, and delivery to a file with the cursor on stable storage."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from events import events

from bailiwick.audit.views.logged import Logged
from bailiwick.audit.views.render import View, render
from bailiwick.service.sinks.file import FileSink
from bailiwick.service.sinks.sink import Item

MOST = 20_000


def measure(room: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    made = [Logged(index=place, leaf=bytes(32), record=record) for place, record in events(min(count, MOST))]
    for view in View:
        began = time.process_time()
        size = sum(len(render(view, one)) for one in made)
        spent = time.process_time() - began
        yield f"view {view}", f"{len(made) / spent:,.0f}/s, {size // len(made)} bytes", ""
    sink = FileSink(room / "out.jsonl")
    items = (
        Item(
            index=one.index,
            event_id=one.event_id,
            time_ms=one.time_ms,
            host="h",
            kind="k",
            severity=1,
            leaf=one.leaf,
            line=render(View.RECORD, one),
        )
        for one in made
    )
    began = time.perf_counter()
    while batch := list(islice(items, sink.limits.items)):
        asyncio.run(sink.send(batch))
    yield "to a file, fdatasync every 1,000", f"{len(made) / (time.perf_counter() - began):,.0f}/s", ""
