"""Kafka, on librdkafka's own mock cluster: three brokers in this process, reached over real sockets."""

import asyncio
from typing import Any

import pytest
from posts import item

from bailiwick.service.sinks.kafka import KafkaSink
from bailiwick.service.sinks.sink import Later

kafka = pytest.importorskip("confluent_kafka", reason="the extra `kafka` isn't installed")


@pytest.fixture
def cluster() -> Any:
    """A producer that carries the mock cluster, and where its brokers listen."""
    carrier = kafka.Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "ignored"})
    brokers = [f"{broker.host}:{broker.port}" for broker in carrier.list_topics(timeout=10).brokers.values()]
    yield carrier, ",".join(brokers)
    carrier.flush(1)


def test_records_arrive_with_id_key_and_time(cluster: Any) -> None:
    _, brokers = cluster
    sink = KafkaSink({"bootstrap.servers": brokers}, "audit", patience=20)
    assert list(asyncio.run(sink.send([item(number) for number in range(50)]))) == []
    consumer = kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": "g", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["audit"])
    found: list[Any] = []
    while len(found) < 50:
        messages = consumer.consume(50, timeout=20)
        assert messages
        found += messages
    consumer.close()
    assert [dict(message.headers())["event_id"] for message in found] == [
        f"e-{n}".encode() for n in range(50)
    ]
    assert {message.key() for message in found} == {b"h"}
    asyncio.run(sink.close())


def test_what_is_too_large_is_refused_and_the_rest_taken(cluster: Any) -> None:
    sink = KafkaSink({"bootstrap.servers": cluster[1], "message.max.bytes": 5_000}, "audit", patience=20)
    refusals = asyncio.run(sink.send([item(0), item(1, b"x" * 9_000), item(2)]))
    assert [refusal.item.index for refusal in refusals] == [1]


def test_nobody_there_is_for_later() -> None:
    sink = KafkaSink({"bootstrap.servers": "127.0.0.1:9"}, "audit", patience=1.1)
    with pytest.raises(Later):
        asyncio.run(sink.send([item(0)]))
