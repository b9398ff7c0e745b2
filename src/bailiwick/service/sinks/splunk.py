"""Splunk's HTTP Event Collector with indexer acknowledgement.

200 means parsed, not indexed: only ``/services/collector/ack`` says that an event can be searched. What it doesn't
confirm in time is sent again, so an event may be there twice; its ``event_id`` field tells.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence

import orjson

from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal

CONFIRM = 120.0
"""Seconds that indexers have to confirm a batch."""

POLL = 0.5
"""Seconds between questions whether they did."""


class SplunkSink:
    """An event collector; accepted is what its indexers confirm, or what it took where ``acknowledge`` is False."""

    limits = Limits(items=500, bytes=900_000, line=500_000)

    def __init__(  # noqa: PLR0913 - keywords of the configuration
        self,
        poster: Poster,
        url: str,
        token: str,
        *,
        index: str = "",
        acknowledge: bool = True,
        as_json: bool = True,
        poll: float = POLL,
    ) -> None:
        self.acknowledges = acknowledge
        self.poster, self.url, self.index, self.as_json, self.poll = (
            poster,
            url.rstrip("/"),
            index,
            as_json,
            poll,
        )
        self._headers = {
            "Authorization": f"Splunk {token}",
            "Content-Type": "application/json",
            "X-Splunk-Request-Channel": str(uuid.uuid4()),
        }

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send a batch and wait until the indexers confirm it. Raises Later and Refused."""
        answer = await self.poster.post(
            f"{self.url}/services/collector/event", b"".join(map(self._event, items)), self._headers
        )
        if not self.acknowledges:
            return ()
        number = answer.mapping().get("ackId")
        if not isinstance(number, int):
            raise Later(
                "the token has no indexer acknowledgement: enable it for the token, or write `acknowledge: false`",
                seconds=60,
            )
        await self._confirmed(number)
        return ()

    async def _confirmed(self, number: int) -> None:
        waited = 0.0
        while True:
            answer = await self.poster.post(
                f"{self.url}/services/collector/ack", orjson.dumps({"acks": [number]}), self._headers
            )
            acks = answer.mapping().get("acks")
            if isinstance(acks, Mapping) and acks.get(str(number)) is True:
                return
            if waited >= CONFIRM:
                raise Later(f"the indexers confirm nothing within {CONFIRM:g} s")
            await asyncio.sleep(self.poll)
            waited += self.poll

    def _event(self, item: Item) -> bytes:
        about = {
            "time": f"{item.time_ms // 1_000}.{item.time_ms % 1_000:03d}",
            "host": item.host,
            "source": "bailiwick",
            "sourcetype": "bailiwick:audit",
            "fields": {"event_id": item.event_id, "log_index": item.index},
            **({"index": self.index} if self.index else {}),
        }
        event = item.line if self.as_json else orjson.dumps(item.line.decode())
        return orjson.dumps(about)[:-1] + b',"event":' + event + b"}"

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()
