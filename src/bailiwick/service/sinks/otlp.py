"""OpenTelemetry logs over OTLP/HTTP, in JSON: a collector, and through it nearly anything."""

from collections.abc import Mapping, Sequence

import orjson

from bailiwick.audit.views.otel import scope
from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Limits, Refusal

_HEAD = (
    b'{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bailiwick"}}]},"scopeLogs":[{"scope":'
    + orjson.dumps(scope())
    + b',"logRecords":['
)
_TAIL = b"]}]}]}"


class OtlpSink:
    """An OTLP endpoint; accepted is 200 without a partial success.

    A partial success may not be sent again (OTLP 1.9, "Partial Success"), and doesn't say which records it refused: all of the batch are set
    aside, so that none is lost unseen.
    """

    acknowledges = True
    limits = Limits(items=500, bytes=3_000_000, line=1_000_000)

    def __init__(self, poster: Poster, url: str, *, token: str = "") -> None:
        self.poster, self.url = poster, f"{url.rstrip('/')}/v1/logs"
        self._headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send a batch. Raises Later and Refused."""
        body = _HEAD + b",".join(item.line for item in items) + _TAIL
        answer = await self.poster.post(self.url, body, self._headers)
        said = answer.mapping() if answer.body.strip() else {}
        partial = said.get("partialSuccess")
        if not isinstance(partial, Mapping):
            return ()
        rejected = str(partial.get("rejectedLogRecords", 0))
        if rejected == "0":
            return ()
        why = f"{rejected} of {len(items)} rejected: {str(partial.get('errorMessage', ''))[:200]}"
        return [Refusal(item=item, why=why) for item in items]

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()
