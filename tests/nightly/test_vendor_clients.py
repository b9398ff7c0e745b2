"""The fakes that our sinks are tested against are taken for real by the vendors' own clients (`scripts/oracles` fetches them)."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from posts import Receiver, answered, receiving
from test_http_sinks import Kept

from bailiwick.service.second.receiver import application
from bailiwick.service.second.sightings import Telemetry

pytestmark = [pytest.mark.nightly, pytest.mark.filterwarnings("ignore")]


def speaking(fake: Callable[[web.Request, bytes], web.Response], speak: Callable[[Receiver], None]) -> None:
    """Have a vendor's client, which blocks, speak to a fake."""

    async def go() -> None:
        async with receiving(fake) as receiver:
            await asyncio.to_thread(speak, receiver)

    asyncio.run(asyncio.wait_for(go(), 60))


def test_opensearch_s_client() -> None:
    client = pytest.importorskip("opensearchpy")
    kept = Kept()

    def speak(receiver: Receiver) -> None:
        search = client.OpenSearch(receiver.url, headers={"Authorization": "ApiKey tok"})
        actions = [{"_op_type": "create", "_index": "audit", "_id": f"e-{n}", "a": n} for n in range(5)]
        assert client.helpers.bulk(search, actions) == (5, [])
        taken, refused = client.helpers.bulk(search, actions, raise_on_error=False)
        assert (taken, [item["create"]["status"] for item in refused]) == (0, [409] * 5)

    speaking(kept.elastic, speak)
    assert kept.ids == [f"e-{n}" for n in range(5)]


def test_datadog_s_client() -> None:
    client = pytest.importorskip("datadog_api_client")
    from datadog_api_client.v2.api.logs_api import LogsApi  # noqa: PLC0415 - optional
    from datadog_api_client.v2.model.http_log import HTTPLog  # noqa: PLC0415
    from datadog_api_client.v2.model.http_log_item import HTTPLogItem  # noqa: PLC0415

    kept = Kept()

    def speak(receiver: Receiver) -> None:
        configuration = client.Configuration(host=receiver.url)
        configuration.api_key["apiKeyAuth"] = "tok"
        host = receiver.url.removeprefix("http://")
        configuration.server_index = 1
        configuration.server_variables |= {"name": host, "protocol": "http"}
        with client.ApiClient(configuration) as api:
            items = [HTTPLogItem(message="{}", ddsource="bailiwick", event_id=f"e-{n}") for n in range(3)]
            logs = LogsApi(api)
            logs._submit_log_endpoint.settings["servers"] = [
                {"url": receiver.url, "description": "", "variables": {}}
            ]
            configuration.server_index = 0
            configuration.server_operation_index = {}
            logs.submit_log(body=HTTPLog(items))

    speaking(kept.datadog, speak)
    assert kept.ids == ["e-0", "e-1", "e-2"]


def test_azure_s_client() -> None:
    ingestion = pytest.importorskip("azure.monitor.ingestion")
    from azure.core.credentials import AccessToken  # noqa: PLC0415 - optional

    kept = Kept()

    class Credential:
        def get_token(self, *_: str, **__: Any) -> Any:
            return AccessToken("bearer", 2**31)

    def speak(receiver: Receiver) -> None:
        client = ingestion.LogsIngestionClient(receiver.url, Credential())
        rows = [{"EventId": f"e-{n}", "Event": {}} for n in range(3)]
        client.upload("dcr-1", "Custom-B", rows, enforce_https=False)

    speaking(kept.sentinel, speak)
    assert kept.ids == ["e-0", "e-1", "e-2"]


def test_google_s_client(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("secops")
    import requests  # noqa: PLC0415 - optional
    from secops.chronicle.client import BaseUrl, ChronicleClient  # noqa: PLC0415

    kept = Kept()

    def speak(receiver: Receiver) -> None:
        def at_the_receiver(cls: type[str], version: str, _region: str = "us") -> str:
            return str.__new__(cls, f"{receiver.url}/{version}")

        monkeypatch.setattr(BaseUrl, "__new__", at_the_receiver)
        with requests.Session() as session:
            client = ChronicleClient("p", "i", region="eu", session=session)
            for number in range(3):
                client.ingest_log(
                    "BAILIWICK",
                    ['{"a": 1}'],
                    labels={"event_id": f"e-{number}"},
                    forwarder_id="f",
                    force_log_type=True,
                )

    speaking(kept.secops, speak)
    assert kept.ids == ["e-0", "e-1", "e-2"]


def test_a_splunk_handler() -> None:
    handler = pytest.importorskip("splunk_hec_handler")
    heard: list[dict[str, Any]] = []

    def splunk(request: web.Request, body: bytes) -> web.Response:
        if request.path == "/services/collector/event":
            assert request.headers["Authorization"] == "Splunk tok"
            heard.append(orjson.loads(body))
        return answered({"text": "Success", "code": 0})

    def speak(receiver: Receiver) -> None:
        host, _, port = receiver.url.removeprefix("http://").partition(":")
        made = handler.SplunkHecHandler(
            host, "tok", port=int(port), proto="http", ssl_verify=False, source="bailiwick"
        )
        logger = logging.getLogger("splunk-hec-test")
        logger.setLevel(logging.INFO)
        logger.addHandler(made)
        logger.info({"event_id": "e-0"})
        made.close()

    speaking(splunk, speak)
    assert set(heard[0]) >= {"time", "host", "event", "source"}
    assert heard[0]["event"]["event_id"] == "e-0"


def test_opentelemetry_s_exporter_and_our_receiver(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry._logs import LogRecord  # noqa: PLC0415 - optional
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor  # noqa: PLC0415

    def speak(url: str) -> None:
        provider = LoggerProvider()
        provider.add_log_record_processor(
            SimpleLogRecordProcessor(OTLPLogExporter(endpoint=f"{url}/v1/logs"))
        )
        told = {
            "event.name": "tool_result",
            "tool_use_id": "toolu_1",
            "session.id": "c-1",
            "tool_name": "Bash",
        }
        provider.get_logger("claude_code").emit(
            LogRecord(timestamp=1, body="claude_code.tool_result", attributes=told)
        )
        provider.shutdown()

    async def go() -> set[str]:
        with Telemetry(tmp_path) as telemetry:
            runner = web.AppRunner(application(telemetry))
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            await asyncio.to_thread(speak, f"http://127.0.0.1:{runner.addresses[0][1]}")
            await runner.cleanup()
            return {one.call_id for one in telemetry.sightings()}

    assert asyncio.run(asyncio.wait_for(go(), 60)) == {"toolu_1"}
