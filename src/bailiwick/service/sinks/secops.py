"""Google SecOps (Chronicle): raw logs imported through ``logs:import`` of the Chronicle API (v1alpha)."""

import base64
from collections.abc import Sequence

import orjson

from bailiwick.audit.views.ecs import timestamp
from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Limits, Refusal
from bailiwick.service.sinks.tokens import Token

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class SecopsSink:
    """A log type of an instance; accepted is 200. A parser of the instance maps the lines to UDM."""

    acknowledges = True
    limits = Limits(items=500, bytes=2_000_000, line=700_000)

    def __init__(  # noqa: PLR0913 - keywords of the configuration
        self,
        poster: Poster,
        url: str,
        token: Token,
        *,
        instance: str,
        forwarder: str,
        log_type: str = "BAILIWICK",
    ) -> None:
        self.poster, self.token = poster, token
        self.url = f"{url.rstrip('/')}/v1alpha/{instance}/logTypes/{log_type}/logs:import"
        self.forwarder = f"{instance}/forwarders/{forwarder}"

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send a batch. Raises Later and Refused."""
        logs = [
            {
                "data": base64.b64encode(item.line).decode(),
                "log_entry_time": timestamp(item.time_ms),
                "collection_time": timestamp(item.time_ms),
                "labels": {"event_id": {"value": item.event_id}},
            }
            for item in items
        ]
        headers = {"Authorization": f"Bearer {await self.token()}", "Content-Type": "application/json"}
        body = orjson.dumps({"inline_source": {"logs": logs, "forwarder": self.forwarder}})
        await self.poster.post(self.url, body, headers)
        return ()

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()
