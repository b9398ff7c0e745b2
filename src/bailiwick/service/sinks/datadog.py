"""Datadog's log intake (v2)."""

import time
from collections.abc import Callable, Sequence

import orjson

from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Limits, Refusal

OLDEST = 17 * 3_600
"""Seconds of age up to which the intake takes an event's own time (18 hours; one is ours)."""


class DatadogSink:
    """The log intake; accepted is 202. It cuts a longer log silently, so one is not sent; older events carry the time of sending."""

    acknowledges = True
    limits = Limits(items=1_000, bytes=4_000_000, line=900_000)

    def __init__(
        self,
        poster: Poster,
        url: str,
        key: str,
        *,
        tags: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.poster, self.url, self.tags, self.clock = (
            poster,
            f"{url.rstrip('/')}/api/v2/logs",
            ",".join(tags),
            clock,
        )
        self._headers = {"DD-API-KEY": key, "Content-Type": "application/json"}

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send a batch. Raises Later and Refused."""
        await self.poster.post(self.url, orjson.dumps([self._log(item) for item in items]), self._headers)
        return ()

    def _log(self, item: Item) -> dict[str, object]:
        now_ms = int(self.clock() * 1_000)
        is_old = now_ms - item.time_ms > OLDEST * 1_000
        return {
            "message": item.line.decode(),
            "ddsource": "bailiwick",
            "service": "bailiwick",
            "hostname": item.host,
            "ddtags": self.tags,
            "timestamp": now_ms if is_old else item.time_ms,
            "event_time_ms": item.time_ms,
            "event_id": item.event_id,
            "log_index": item.index,
            "status": ("info", "info", "notice", "warning", "error", "critical")[item.severity],
        }

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()
