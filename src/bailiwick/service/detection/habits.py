"""What is unusual about a call, told from the index of the log before it: labels that detection rules read.

- ``FirstSeenPath``: this account's agent never accessed anything in that directory before, and it lies outside the session's project.
- ``FirstSeenHost``: it never contacted that host before.
- ``EarlierCalls``: how many calls it made before, so that a rule can leave out who is new.
- ``DenialsToday``, ``DenialsZ``: its denials today, and how many tenths of a standard deviation that is above its days of the last 30.
"""

import statistics
from collections.abc import Mapping
from posixpath import dirname
from typing import Any

from bailiwick.audit.search import DAY_MS, By, Search, Thing, day_of
from bailiwick.audit.views.logged import Logged
from bailiwick.audit.wording import items_of, text_of
from bailiwick.service.index.embedded import EmbeddedIndex

HISTORY_DAYS = 30
Labels = dict[str, str | int]


def labels_of(index: EmbeddedIndex, logged: Logged) -> Labels:
    """The labels of a record that is indexed already."""
    record = logged.record
    user = text_of(record, "user")
    if logged.kind != "tool-call" or not user:
        return {}
    labels: Labels = {"EarlierCalls": max(index.calls_of(user) - 1, 0)}
    project = text_of(record, "project")
    for item in items_of(record, "accesses"):
        path = text_of(item, "real") or text_of(item, "path")
        if path and _is_elsewhere(dirname(path), project):
            known = index.used_before(Thing.PATH, user, f"{dirname(path)}/", logged.index)
            if not known:
                labels["FirstSeenPath"] = "true"
        host = text_of(item, "host")
        if host and not index.used_before(Thing.HOST, user, host, logged.index, exactly=True):
            labels["FirstSeenHost"] = "true"
    if logged.verdict == "deny":
        labels |= _denials(index, user, logged.time_ms)
    return labels


def _is_elsewhere(folder: str, project: str) -> bool:
    """Whether a folder has nothing to do with the project: neither in it nor above it."""
    return folder not in {"", "/"} and not _inside(folder, project) and not _inside(project, folder)


def _inside(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(f"{folder.rstrip('/')}/"))


def _denials(index: EmbeddedIndex, user: str, time_ms: int) -> Mapping[str, Any]:
    today = time_ms // DAY_MS
    search = Search(
        user=user, verdict="deny", since_ms=(today - HISTORY_DAYS) * DAY_MS, until_ms=(today + 1) * DAY_MS
    )
    by_day = {count.values[0]: count.calls for count in index.counts((By.DAY,), search=search, limit=0)}
    now = by_day.pop(day_of(today), 0)
    return {
        "DenialsToday": now,
        "DenialsZ": z_tenths(now, [*by_day.values(), *[0] * (HISTORY_DAYS - len(by_day))]),
    }


def z_tenths(now: int, before: list[int]) -> int:
    """How far ``now`` is above the mean of ``before``, in tenths of its standard deviation, of which one is 1 at least."""
    mean = statistics.fmean(before)
    return int(10 * (now - mean) / max(statistics.pstdev(before), 1.0))
