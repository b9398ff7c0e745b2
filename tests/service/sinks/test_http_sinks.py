"""Every sink over HTTP against a receiver that is down, slow, full, lying or picky: nothing is lost, the cursor waits."""

import asyncio
import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from posts import T0, Receiver, answered, filled, item, no_sleep, receiving

from bailiwick.audit.views.render import View
from bailiwick.service.log_reader import LogReader
from bailiwick.service.sinks.cursor import Room
from bailiwick.service.sinks.datadog import DatadogSink
from bailiwick.service.sinks.delivery import Delivery, Plan
from bailiwick.service.sinks.elastic import ElasticSink
from bailiwick.service.sinks.http import Poster
from bailiwick.service.sinks.otlp import OtlpSink
from bailiwick.service.sinks.secops import SecopsSink
from bailiwick.service.sinks.sentinel import SentinelSink
from bailiwick.service.sinks.sink import Later, Refused, Sink
from bailiwick.service.sinks.splunk import SplunkSink
from bailiwick.service.sinks.tokens import client_credentials, signed_assertion

COUNT_OF = 25
TROUBLE = [503, "close", "slow", (429, {"Retry-After": "1"}), 500, 401, 404, 302]


class Kept:
    """What a well-behaved receiver of each product does with what it gets; ids are what it can be searched for."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.polled = 0

    def splunk(self, request: web.Request, body: bytes) -> web.Response:
        assert request.headers["Authorization"] == "Splunk tok"
        if request.path.endswith("/ack"):
            self.polled += 1
            return answered({"acks": {"7": self.polled % 2 == 0}})
        decoder, text = orjson.loads, body
        for piece in re.split(rb'(?<=\})(?=\{"time")', text):
            event = decoder(piece)
            assert isinstance(event["event"], dict)
            self.ids.append(event["fields"]["event_id"])
        return answered({"text": "Success", "code": 0, "ackId": 7})

    def elastic(self, request: web.Request, body: bytes) -> web.Response:
        assert request.headers["Authorization"] == "ApiKey tok"
        assert request.path == "/_bulk"
        lines = body.splitlines()
        outcomes = []
        for action, _ in zip(lines[::2], lines[1::2], strict=True):
            made = orjson.loads(action)["create"]
            status = 409 if made["_id"] in self.ids else 201
            self.ids += [made["_id"]] * (status == 201)
            outcomes.append({"create": {"_id": made["_id"], "status": status}})
        return answered({"errors": False, "items": outcomes})

    def sentinel(self, request: web.Request, body: bytes) -> web.Response:
        if request.path.endswith("/token"):
            assert b"client_secret=tok" in body
            return answered({"access_token": "bearer", "expires_in": 3600})
        assert request.headers["Authorization"] == "Bearer bearer"
        assert request.path_qs == "/dataCollectionRules/dcr-1/streams/Custom-B?api-version=2023-01-01"
        self.ids += [row["EventId"] for row in orjson.loads(body)]
        return web.Response(status=204)

    def secops(self, request: web.Request, body: bytes) -> web.Response:
        if request.path.endswith("/token"):
            return answered({"access_token": "bearer", "expires_in": 3600})
        assert request.path == "/v1alpha/projects/p/locations/eu/instances/i/logTypes/BAILIWICK/logs:import"
        source = orjson.loads(body)["inline_source"]
        assert source["forwarder"].endswith("/forwarders/f")
        for log in source["logs"]:
            assert orjson.loads(base64.b64decode(log["data"]))
            self.ids.append(log["labels"]["event_id"]["value"])
        return answered({})

    def datadog(self, request: web.Request, body: bytes) -> web.Response:
        assert request.headers["DD-API-KEY"] == "tok"
        self.ids += [log["event_id"] for log in orjson.loads(body)]
        return answered({}, 202)

    def otlp(self, request: web.Request, body: bytes) -> web.Response:
        assert request.path == "/v1/logs"
        records = orjson.loads(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
        for one in records:
            named = {item["key"]: item["value"] for item in one["attributes"]}
            self.ids.append(named["bailiwick.event_id"]["stringValue"])
        return answered({})


def _key() -> str:
    private = generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return orjson.dumps(
        {"private_key": pem.decode(), "client_email": "a@b", "token_uri": "http://x/token"}
    ).decode()


KEY = _key()


def made(name: str, url: str, *, patience: float = 0.3) -> tuple[Sink, View]:
    poster = Poster(None, patience=patience)
    match name:
        case "splunk":
            return SplunkSink(poster, url, "tok", poll=0.01), View.OCSF
        case "elastic":
            return ElasticSink(poster, url, "audit", api_key="tok"), View.ECS
        case "sentinel":
            token = client_credentials(poster, f"{url}/t/token", client="c", secret="tok", scope="s")  # noqa: S106 - a test's
            return SentinelSink(poster, url, token, rule="dcr-1", stream="Custom-B"), View.OCSF
        case "secops":
            token = signed_assertion(poster, KEY, scope="s", url=f"{url}/token")
            instance = "projects/p/locations/eu/instances/i"
            return SecopsSink(poster, url, token, instance=instance, forwarder="f"), View.OCSF
        case "datadog":
            return DatadogSink(poster, url, "tok"), View.OCSF
        case _:
            return OtlpSink(poster, url), View.OTEL


NAMES = ("splunk", "elastic", "sentinel", "secops", "datadog", "otlp")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("http") / "state", COUNT_OF)


async def delivered(state: Path, room: Room, name: str, receiver: Receiver) -> int:
    """Deliver everything, however often it takes; how often that was."""
    with room.held(), LogReader(state) as reader:
        sink, view = made(name, receiver.url)
        delivery = Delivery(reader, sink, Plan(name=name, view=view), room, sleep=no_sleep)
        tries = 0
        while True:
            tries += 1
            before = room.load(name).next
            try:
                await delivery.drain()
                break
            except Later:
                assert room.load(name).next == before
                assert tries < 50
        await sink.close()
    return tries


@pytest.mark.parametrize("name", NAMES)
def test_what_goes_wrong_loses_nothing(name: str, state: Path, tmp_path: Path) -> None:
    kept, room = Kept(), Room(tmp_path)

    async def scenario() -> int:
        async with receiving(getattr(kept, name), TROUBLE) as receiver:
            return await delivered(state, room, name, receiver)

    tries = asyncio.run(scenario())
    assert tries >= 6
    assert room.dead(name) == []
    ids = [one for one in dict.fromkeys(kept.ids) if "-count" not in one]
    assert [int(one.rpartition("-")[2]) for one in ids] == list(range(COUNT_OF))
    assert sum("-count" in one for one in kept.ids) == 1


@pytest.mark.parametrize("name", NAMES)
def test_only_what_the_receiver_refuses_is_set_aside(name: str, state: Path, tmp_path: Path) -> None:
    kept, room = Kept(), Room(tmp_path)
    own = getattr(kept, name)

    def picky(request: web.Request, body: bytes) -> web.Response:
        if b"echo 13 |" in body:
            return answered({"error": "I don't like that"}, 400)
        if name == "secops" and not request.path.endswith("/token"):
            logs = orjson.loads(body)["inline_source"]["logs"]
            if any(b"echo 13 |" in base64.b64decode(log["data"]) for log in logs):
                return answered({"error": "I don't like that"}, 400)
        return own(request, body)  # type: ignore[no-any-return]

    async def scenario() -> None:
        async with receiving(picky) as receiver:
            await delivered(state, room, name, receiver)

    asyncio.run(scenario())
    assert [place for place, _ in room.dead(name)] == [13]
    assert room.load(name).sent == COUNT_OF - 1


def sent(name: str, answer: Callable[[web.Request, bytes], web.Response], count: int = 3) -> Any:
    async def scenario() -> Any:
        async with receiving(answer) as receiver:
            sink, _ = made(name, receiver.url)
            try:
                return await sink.send([item(number) for number in range(count)])
            finally:
                await sink.close()

    return asyncio.run(scenario())


def outcomes(*statuses: int) -> Callable[[web.Request, bytes], web.Response]:
    listed = [{"create": {"status": status, "error": {"type": "t", "reason": "r"}}} for status in statuses]
    return lambda _request, _body: answered({"errors": True, "items": listed})


def test_a_bulk_200_is_not_believed() -> None:
    assert [refusal.item.index for refusal in sent("elastic", outcomes(201, 400, 409))] == [1]
    for later in (
        outcomes(201, 429, 201),
        outcomes(201, 503, 201),
        outcomes(201, 201),
        outcomes(403, 403, 403),
    ):
        with pytest.raises(Later):
            sent("elastic", later)
    with pytest.raises(Later):
        sent("elastic", lambda *_: web.Response(body=b"<html>proxy</html>"))


def test_splunk_needs_the_indexers_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bailiwick.service.sinks.splunk.CONFIRM", 0.03)
    with pytest.raises(Later, match="acknowledge: false"):
        sent("splunk", lambda *_: answered({"text": "Success", "code": 0}))
    with pytest.raises(Later, match="confirm nothing"):
        sent("splunk", lambda *_: answered({"ackId": 1, "acks": {"1": False}}))


def test_a_partial_success_is_set_aside_whole_and_not_sent_again() -> None:
    partial = {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "too old"}}
    refusals = sent("otlp", lambda *_: answered(partial))
    assert len(refusals) == 3
    assert "1 of 3 rejected: too old" in refusals[0].why


def test_datadog_gets_a_time_it_takes() -> None:
    seen: list[Any] = []

    async def scenario(now: float) -> None:
        async with receiving(
            lambda _, body: (seen.append(orjson.loads(body)[0]), answered({}, 202))[1]
        ) as receiver:
            sink = DatadogSink(Poster(None), receiver.url, "k", clock=lambda: now)
            await sink.send([item(0)])
            await sink.close()

    asyncio.run(scenario(T0 / 1_000 + 60))
    asyncio.run(scenario(T0 / 1_000 + 20 * 3_600))
    assert seen[0]["timestamp"] == T0
    assert seen[1]["timestamp"] == T0 + 20 * 3_600_000
    assert seen[1]["event_time_ms"] == T0


def test_a_refused_token_is_nothing_against_the_records() -> None:
    with pytest.raises(Later, match="no token"):
        sent("sentinel", lambda request, _: answered({}, 400 if request.path.endswith("/token") else 204))


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(Later, match="302"):
        sent("datadog", lambda *_: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}))


def test_a_batch_keeps_to_the_limits_of_the_receiver() -> None:
    with pytest.raises(Refused):
        sent(
            "sentinel",
            lambda request, _: (
                answered({"access_token": "x", "expires_in": 9})
                if "token" in request.path
                else answered({}, 413)
            ),
        )
    for name in NAMES:
        sink, _ = made(name, "http://127.0.0.1:1")
        assert sink.limits.line <= sink.limits.bytes
    sentinel, _ = made("sentinel", "http://127.0.0.1:1")
    assert sentinel.limits.bytes + sentinel.limits.items * 400 <= 900_000
