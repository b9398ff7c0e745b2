"""Kafka, through librdkafka (`pip install bailiwick[kafka]`): idempotent producer, every in-sync replica acknowledges."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal

PATIENCE = 60.0
"""Seconds that the cluster has to acknowledge a batch."""


class MissingExtraError(Exception):
    """The optional library isn't installed; the message says how to."""


class KafkaSink:
    """A topic; accepted is what its delivery report says. The key is the host, so a host's records keep their order."""

    acknowledges = True
    limits = Limits(items=1_000, bytes=900_000, line=900_000)

    def __init__(self, settings: Mapping[str, Any], topic: str, *, patience: float = PATIENCE) -> None:
        try:
            import confluent_kafka  # noqa: PLC0415 - an optional library
        except ImportError as error:
            raise MissingExtraError(
                "a sink to kafka needs its library: pip install 'bailiwick[kafka]'"
            ) from error
        self._library = confluent_kafka
        self.topic, self.patience = topic, patience
        self._producer = confluent_kafka.Producer(
            {
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "zstd",
                "linger.ms": 5,
                "message.timeout.ms": int(patience * 1_000),
                **settings,
            }
        )

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Produce a batch and wait for every report. Raises Later."""
        return await asyncio.to_thread(self._send, items)

    def _send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        reports: dict[int, Any] = {}

        def reporter(place: int) -> Any:
            return lambda error, _message: reports.__setitem__(place, error)

        too_large = self._library.KafkaError.MSG_SIZE_TOO_LARGE
        for place, item in enumerate(items):
            try:
                self._producer.produce(
                    self.topic,
                    item.line,
                    key=item.host.encode(),
                    headers={"event_id": item.event_id.encode(), "log_index": str(item.index).encode()},
                    timestamp=item.time_ms,
                    on_delivery=reporter(place),
                )
            except BufferError as error:
                self._producer.purge()
                raise Later("the producer's queue is full") from error
            except self._library.KafkaException as error:
                reports[place] = error.args[0]
        if self._producer.flush(self.patience + 1):
            self._producer.purge()
            raise Later(f"no acknowledgement within {self.patience:g} s")
        refusals = []
        for place, item in enumerate(items):
            report = reports.get(place, "no report")
            if report is None:
                continue
            if getattr(report, "code", lambda: None)() != too_large:
                raise Later(str(report))
            refusals.append(Refusal(item=item, why=str(report)))
        return refusals

    async def close(self) -> None:
        """Let what is under way arrive."""
        await asyncio.to_thread(self._producer.flush, 5)
