"""Microsoft Sentinel: the Logs Ingestion API, through a data collection rule (api-version 2023-01-01)."""

from collections.abc import Sequence

import orjson

from bailiwick.audit.views.ecs import timestamp
from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Limits, Refusal
from bailiwick.service.sinks.tokens import Token

SCOPE = "https://monitor.azure.com/.default"


class SentinelSink:
    """A stream of a data collection rule; accepted is 204. A call may carry 1 MB; 900 kB leave room for what is around it."""

    acknowledges = True
    limits = Limits(items=500, bytes=600_000, line=500_000)

    def __init__(  # noqa: PLR0913 - keywords of the configuration
        self, poster: Poster, url: str, token: Token, *, rule: str, stream: str, as_json: bool = True
    ) -> None:
        self.poster, self.token, self.as_json = poster, token, as_json
        self.url = f"{url.rstrip('/')}/dataCollectionRules/{rule}/streams/{stream}?api-version=2023-01-01"

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send a batch. Raises Later and Refused."""
        headers = {"Authorization": f"Bearer {await self.token()}", "Content-Type": "application/json"}
        await self.poster.post(self.url, b"[" + b",".join(map(self._row, items)) + b"]", headers)
        return ()

    def _row(self, item: Item) -> bytes:
        row = {
            "TimeGenerated": timestamp(item.time_ms),
            "EventId": item.event_id,
            "LogIndex": item.index,
            "LeafHash": item.leaf.hex(),
            "Host": item.host,
            "Kind": item.kind,
            "Severity": item.severity,
        }
        event = item.line if self.as_json else orjson.dumps(item.line.decode())
        return orjson.dumps(row)[:-1] + b',"Event":' + event + b"}"

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()
