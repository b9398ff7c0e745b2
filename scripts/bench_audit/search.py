"""The embedded index: ingest, size, and the questions that an investigation asks."""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from events import T0, events

from bailiwick.audit.search import By, Search, Thing
from bailiwick.service.index.embedded import FILE, EmbeddedIndex

DAY = 86_400_000
REPEATS = 15


def measure(room: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    path = room / FILE
    made = events(count)
    with EmbeddedIndex(path) as index:
        wall = cpu = 0.0
        while batch := list(islice(made, 1_000)):
            began, busy = time.perf_counter(), time.process_time()
            index.add(batch)
            wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - busy
        index.settle()
        yield (
            "ingest into the index, batches of 1,000",
            f"{count / wall:,.0f} events/s",
            "20,000/s with the log, 2 cores",
        )
        yield "processor time per event", f"{cpu / count * 1e6:.1f} us", ""
        yield "size of the index", f"{path.stat().st_size / count:.0f} bytes/event", "400 with the log"
        end = T0 + 90 * DAY
        user = Search(user="user3", since_ms=end - DAY, until_ms=end)
        session = f"s-user3-{(end - DAY) // 14_400_000}"
        fleet = Search()
        asked: tuple[tuple[str, Callable[[], object], str], ...] = (
            ("user, last 24 hours, 200 records", lambda: index.find(user, limit=200), "20 ms"),
            (
                "full text `ssh key`, latest 100",
                lambda: index.find(Search(words="ssh key"), limit=100),
                "20 ms",
            ),
            (
                "full text, of one user",
                lambda: index.find(Search(words="ssh key", user="user200"), limit=100),
                "20 ms",
            ),
            ("timeline of a session", lambda: index.session(session), "20 ms"),
            ("denials, latest 100", lambda: index.find(Search(verdict="deny"), limit=100), ""),
            (
                "a path and what is under it",
                lambda: index.find(Search(under="/home/user9/repo1/src"), limit=100),
                "",
            ),
            ("tools of everybody", lambda: index.counts((By.TOOL,), search=fleet, limit=10), "100 ms"),
            (
                "user and tool, of everybody",
                lambda: index.counts((By.USER, By.TOOL), search=fleet, limit=10),
                "100 ms",
            ),
            (
                "denials by day",
                lambda: index.counts((By.DAY,), search=Search(verdict="deny"), limit=100),
                "100 ms",
            ),
            (
                "paths first seen, last day",
                lambda: index.first_seen(thing=Thing.PATH, user="", since_ms=end - DAY, limit=100),
                "",
            ),
        )
        for what, ask, promise in asked:
            yield what, f"{_median(ask) * 1e3:.2f} ms", promise
    floor = sqlite3.connect(":memory:")
    yield (
        "floor: one statement of SQLite",
        f"{_median(lambda: floor.execute('SELECT 1').fetchall()) * 1e3:.3f} ms",
        "",
    )
    floor.close()


def _median(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
