"""Detection: every rule that comes with Bailiwick over rows of calls, in batches of 1,000."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from events import events

from bailiwick.audit.normal import rows_of
from bailiwick.audit.views.logged import Logged
from bailiwick.service.detection.engine import Engine
from bailiwick.service.detection.rules import SHIPPED, load_rules

MOST = 20_000
"""Events looked at: the rate doesn't depend on how many there were before."""


def measure(_: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    began = time.process_time()
    rules = load_rules([SHIPPED]).rules
    yield f"{len(rules)} rules read and translated", f"{(time.process_time() - began) * 1e3:.0f} ms", ""
    made = events(min(count, MOST))
    engine = Engine(rules)
    rows = matches = looked_at = 0
    began = time.process_time()
    while batch := list(islice(made, 1_000)):
        flat = [
            (place, record["time_ms"] / 1_000, row)
            for place, record in batch
            for row in rows_of(Logged(index=place, leaf=b"", record=record))
        ]
        matches += len(engine.feed(flat))
        rows, looked_at = rows + len(flat), looked_at + len(batch)
    seconds = time.process_time() - began
    engine.close()
    yield "records looked at", f"{looked_at / seconds:,.0f}/s", "5,000/s"
    yield "rows by rules", f"{rows * len(rules) / seconds:,.0f}/s", ""
    yield "matches", f"{matches}", ""
