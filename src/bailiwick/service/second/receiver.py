"""An OTLP/HTTP receiver for the client's own telemetry: JSON, and protobuf with the extra `telemetry`.

It answers 200 only once what was told is kept. Metrics and traces are taken and dropped: a client that sends them too shall not
be told that they are unwanted with every batch.
"""

import asyncio
import hmac
import importlib
import signal
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from bailiwick.service.private import keep_private
from bailiwick.service.second.announced import ANNOUNCED
from bailiwick.service.second.sightings import Telemetry, of_telemetry
from bailiwick.service.state_directory import StoreError

LARGEST = 16 * 1024 * 1024
"""Bytes of one request, unpacked."""

_PROTOBUF = "application/x-protobuf"


class ReceiverError(Exception):
    """The receiver can't listen; the message says why."""


class MissingExtraError(Exception):
    """Protobuf can't be read without the optional library."""


def application(telemetry: Telemetry, *, token: str = "") -> web.Application:
    """The receiver. With ``token`` only who presents it as a bearer token is heard."""

    async def logs(request: web.Request) -> web.Response:
        if token and not hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        ):
            return web.json_response({"message": "a bearer token is needed"}, status=401)
        body = await request.read()
        is_protobuf = request.content_type == _PROTOBUF
        try:
            export = _from_protobuf(body) if is_protobuf else orjson.loads(body)
        except MissingExtraError as error:
            return web.json_response({"message": str(error)}, status=415)
        except ValueError:
            return web.json_response({"message": "not an OTLP export"}, status=400)
        if isinstance(export, dict):
            try:
                telemetry.add(of_telemetry(export))
            except StoreError as error:
                return web.json_response({"message": str(error)}, status=503)
        return web.Response(content_type=_PROTOBUF) if is_protobuf else web.json_response({})

    async def dropped(request: web.Request) -> web.Response:
        await request.read()
        return (
            web.Response(content_type=_PROTOBUF)
            if request.content_type == _PROTOBUF
            else web.json_response({})
        )

    made = web.Application(client_max_size=LARGEST)
    made.router.add_post("/v1/logs", logs)
    made.router.add_post("/v1/metrics", dropped)
    made.router.add_post("/v1/traces", dropped)
    return made


def announce(state: Path, url: str) -> Path:
    """Leave word of where telemetry is received: sessions opened from now on are told to send it there."""
    path = state / ANNOUNCED
    fresh = path.with_suffix(".new")
    fresh.write_bytes(orjson.dumps({"url": url}))
    keep_private(fresh)
    return fresh.replace(path)


async def receive(state: Path, host: str, port: int, *, token: str = "") -> None:
    """Receive until SIGTERM or SIGINT. Raises ReceiverError, StoreError."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with Telemetry(state) as telemetry:
        runner = web.AppRunner(application(telemetry, token=token), access_log=None, shutdown_timeout=2)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                raise ReceiverError(f"{host}:{port}: {error.strerror}") from error
            # Sessions have no token to present, so they are told only of a receiver that wants none.
            announced = None if token else announce(state, f"http://{host}:{runner.addresses[0][1]}")
            await stop.wait()
            if announced is not None:
                announced.unlink(missing_ok=True)
        finally:
            await runner.cleanup()


def _from_protobuf(body: bytes) -> Any:
    """The export in its JSON form. Raises ValueError, MissingExtraError."""
    try:
        message = importlib.import_module("opentelemetry.proto.collector.logs.v1.logs_service_pb2")
        forms = importlib.import_module("google.protobuf.json_format")
        errors = importlib.import_module("google.protobuf.message")
    except ImportError as error:
        raise MissingExtraError(
            "protobuf needs a library here (pip install 'bailiwick[telemetry]'); or set http/json"
        ) from error
    request = message.ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except errors.DecodeError as error:
        raise ValueError("not an OTLP export") from error
    return forms.MessageToDict(request)
