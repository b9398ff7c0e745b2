"""The questions that an investigation asks, of the embedded index."""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from events import T0
from record import WHOLE

from bailiwick.audit.search import By, Search, Thing
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.log_reader import LogReader

DAY = 86_400_000
REPEATS = 15


def measure(room: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    with LogReader(room / WHOLE) as reader, up_to_date(reader) as index:
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

        def read(places: list[int]) -> list[dict[str, Any]]:
            return [entry.record for place in places for entry in reader.entries(place, end=place + 1)]

        latest = index.find(user, limit=200)
        yield (
            f"and {len(latest)} records of that user read",
            f"{_median(lambda: read(latest)) * 1e3:.2f} ms",
            "",
        )
        timeline = index.session(session)
        yield (
            f"and the {len(timeline)} of that session",
            f"{_median(lambda: read(timeline)) * 1e3:.2f} ms",
            "",
        )
        call = str(read([count // 2])[0]["call_id"])
        yield "one call by its id", f"{_median(lambda: reader.call(call)) * 1e3:.2f} ms", ""
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
