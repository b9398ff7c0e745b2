"""Elasticsearch's and OpenSearch's ``_bulk``: each record created under its own id, so sending it again changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal

_CREATED, _IS_THERE = 201, 409
_FULL, _BROKEN, _FORBIDDEN = 429, 500, frozenset((401, 403, 404))


class ElasticSink:
    """An index or data stream; accepted is what was created, or was there already. HTTP 200 alone says nothing."""

    acknowledges = True
    limits = Limits(items=1_000, bytes=5_000_000, line=5_000_000)

    def __init__(self, poster: Poster, url: str, index: str, *, api_key: str = "") -> None:
        self.poster, self.url, self.index = poster, url.rstrip("/"), index
        self._headers = {"Content-Type": "application/x-ndjson"}
        if api_key:
            self._headers["Authorization"] = f"ApiKey {api_key}"

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Create every record. Raises Later where one could not be taken now, and Refused."""
        body = b"".join(self._create(item) + item.line + b"\n" for item in items)
        answer = await self.poster.post(f"{self.url}/_bulk", body, self._headers)
        outcomes = answer.mapping().get("items")
        if not isinstance(outcomes, list) or len(outcomes) != len(items):
            raise Later("the answer doesn't list what became of each record")
        refusals = []
        for item, outcome in zip(items, outcomes, strict=True):
            created = outcome.get("create") if isinstance(outcome, Mapping) else None
            status, why = _status(created)
            if status in {_CREATED, _IS_THERE}:
                continue
            if status == _FULL or status >= _BROKEN or status in _FORBIDDEN or status == 0:
                raise Later(f"a record was answered {status}: {why}")
            refusals.append(Refusal(item=item, why=f"{status}: {why}"))
        return refusals

    def _create(self, item: Item) -> bytes:
        return orjson.dumps({"create": {"_index": self.index, "_id": item.event_id}}) + b"\n"

    async def close(self) -> None:
        """Close the connection."""
        await self.poster.close()


def _status(created: Any) -> tuple[int, str]:
    if not isinstance(created, Mapping):
        return 0, "no `create` in the answer"
    status, error = created.get("status"), created.get("error")
    why = f"{error.get('type')}: {error.get('reason')}" if isinstance(error, Mapping) else str(error or "")
    return (status if isinstance(status, int) else 0), why[:300]
