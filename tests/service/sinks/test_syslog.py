"""Syslog over TLS and RELP against the real receivers, with certificates on both sides."""

import asyncio
import contextlib
import os
import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from posts import Certificates, certificates, entry, filled, item, no_sleep
from receivers import Daemon, rsyslog, syslog_ng

from bailiwick.audit.views.render import View
from bailiwick.service.log_reader import LogReader
from bailiwick.service.sinks.build import build
from bailiwick.service.sinks.cursor import Room
from bailiwick.service.sinks.delivery import Delivery, Plan
from bailiwick.service.sinks.frames import message_of
from bailiwick.service.sinks.sink import Later, Sink

HOSTILE = '{"text":"<13>1 forged\\n\\n]é\u2028\\u0000 | = \\"'.encode() + b"x" * 20_000 + b'"}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


def sink_to(kind: str, daemon: Daemon, made: Certificates, *, stranger: bool = False) -> Sink:
    certificate, key = made.stranger if stranger else made.client
    return build(
        entry(
            f"name: a\nto: {kind}\naddress: localhost:{daemon.port}\nca: {made.ca}\ncertificate: {certificate}\nkey: {key}\nserver_name: server"
        )
    )


def exchange(sink: Sink, count: int, line: bytes = b'{"a":1}') -> None:
    async def go() -> None:
        for start in range(0, count, 250):
            assert not await sink.send(
                [item(number, line) for number in range(start, min(start + 250, count))]
            )
        await sink.close()

    asyncio.run(asyncio.wait_for(go(), 60))


def indices(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := re.search(r'logIndex="(\d+)"', line))]


@pytest.mark.parametrize("protocol", ["tls", "relp"])
def test_rsyslog_gets_every_record_whole(protocol: str, tmp_path: Path, made: Certificates) -> None:
    kind = {"tls": "syslog", "relp": "relp"}[protocol]
    with rsyslog(tmp_path, made, protocol=protocol) as daemon:
        exchange(sink_to(kind, daemon, made), 1_000)
        exchange(sink_to(kind, daemon, made), 3, HOSTILE)
        lines = daemon.wait_for(lambda lines: len(lines) >= 1_003)
    assert indices(lines) == [*range(1_000), 0, 1, 2]
    assert lines[0].startswith(
        '6 h bailiwick tool-call [bailiwick@32473 id="e-0" logIndex="0" leafHash="01"] '
    )
    assert all(len(line) > 20_000 for line in lines[-3:])


def test_syslog_ng_gets_every_record_whole(tmp_path: Path, made: Certificates) -> None:
    with syslog_ng(tmp_path, made) as daemon:
        exchange(sink_to("syslog", daemon, made), 1_000)
        exchange(sink_to("syslog", daemon, made), 2, HOSTILE.replace(b"\\n", b" "))
        lines = daemon.wait_for(lambda lines: len(lines) >= 1_002)
    assert len(lines) == 1_002
    assert lines[999].startswith("6 h bailiwick tool-call 999 ")


@pytest.mark.parametrize("protocol", ["tls", "relp"])
def test_a_stranger_is_not_heard_and_told_so(protocol: str, tmp_path: Path, made: Certificates) -> None:
    kind = {"tls": "syslog", "relp": "relp"}[protocol]
    with rsyslog(tmp_path, made, protocol=protocol) as daemon:
        with pytest.raises(Later):
            exchange(sink_to(kind, daemon, made, stranger=True), 5_000)
        wrong = entry(f"name: a\nto: {kind}\naddress: localhost:{daemon.port}\nca: {made.stranger[0]}")
        with pytest.raises(Later, match="can't be reached"):
            exchange(build(wrong), 1)
        assert daemon.lines() == []


def test_a_receiver_that_breaks_off_between_two_batches_is_met_anew() -> None:
    """By a reset, no orderly end: what was on its way may be lost, which is told once; then all goes on."""

    async def go() -> list[str]:
        heard: list[str] = []
        sent, ended = asyncio.Event(), asyncio.Event()

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append((await reader.read(65_536)).decode())
            if len(heard) == 1:
                await sent.wait()
                unsent = struct.pack("ii", 1, 0)  # what makes a close a reset
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, unsent)
                writer.transport.abort()
            ended.set()
            if len(heard) > 1:
                await reader.read()
                writer.close()

        async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            sink = build(entry(f"name: a\nto: syslog\naddress: 127.0.0.1:{port}\nplaintext: true"))
            await sink.send([item(0)])
            sent.set()
            await ended.wait()
            await asyncio.sleep(0.05)  # the reset is under way
            with pytest.raises(Later, match="the connection broke"):
                await sink.send([item(1)])
            ended.clear()
            await sink.send([item(1)])
            await ended.wait()
            await sink.close()
        return heard

    assert indices(asyncio.run(asyncio.wait_for(go(), 30))) == [0, 1]


def test_relp_loses_nothing_when_the_receiver_is_killed(tmp_path: Path, made: Certificates) -> None:
    state = filled(tmp_path / "state", 600)
    room = Room(tmp_path)

    async def go(daemon: Daemon) -> None:
        with room.held(), LogReader(state) as reader:
            sink = sink_to("relp", daemon, made)
            plan = Plan(name="s", view=View.RECORD)
            delivery = Delivery(reader, sink, plan, room, sleep=lambda _: asyncio.sleep(0.05))
            stop = asyncio.Event()
            running = asyncio.create_task(delivery.run(stop))
            for _ in range(2):
                before = len(daemon.lines())
                while len(daemon.lines()) < before + 50 and delivery.progress.next < 600:  # noqa: ASYNC110 - looks from outside
                    await asyncio.sleep(0.005)
                daemon.kill()
                await asyncio.sleep(0.1)
                await asyncio.to_thread(daemon.start)
            while delivery.progress.next < 600:
                assert not running.done(), running.result()
                await asyncio.sleep(0.02)
            stop.set()
            await running

    with rsyslog(tmp_path, made, protocol="relp") as daemon:
        asyncio.run(asyncio.wait_for(go(daemon), 60))
        lines = daemon.wait_for(lambda lines: set(indices(lines)) >= set(range(600)))
    assert set(indices(lines)) >= set(range(600))


def _speaks(text: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.write(text)
            await asyncio.sleep(0.2)
        writer.close()

    return speak


@pytest.mark.parametrize(
    "text",
    [b"", b"1 rsp 6 500 no\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"1 rsp 6 200 OK\n2 rsp 99999999 x", b"1 rsp 6 200 OK\n0 serverclose 0\n",
     os.urandom(300), b"1 " * 200_000, b"1 rsp 6 200 OK\nx rsp 6 200 OK\n"],
    ids=["silence", "refusal", "http", "long", "serverclose", "noise", "endless", "no-number"],
)  # fmt: skip
def test_what_is_not_relp_accepts_nothing(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bailiwick.service.sinks.relp.PATIENCE", 0.5)

    async def go() -> None:
        server = await asyncio.start_server(_speaks(text), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sink = build(entry(f"name: a\nto: relp\naddress: 127.0.0.1:{port}\nplaintext: true"))
        with pytest.raises(Later) as caught:
            await sink.send([item(0), item(1)])
        assert caught.value.accepted == 0
        await sink.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.3)

    asyncio.run(asyncio.wait_for(go(), 60))


def test_a_refused_message_is_set_aside() -> None:
    async def go() -> None:
        answer = b"1 rsp 6 200 OK\n2 rsp 6 200 OK\n3 rsp 8 500 none\n4 rsp 6 200 OK\n5 rsp 0\n"
        server = await asyncio.start_server(_speaks(answer), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sink = build(entry(f"name: a\nto: relp\naddress: 127.0.0.1:{port}\nplaintext: true"))
        assert [refusal.item.index for refusal in await sink.send([item(0), item(1), item(2)])] == [1]
        await sink.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.3)

    asyncio.run(asyncio.wait_for(go(), 60))


def test_a_message_is_rfc_5424() -> None:
    message = message_of(item(7)).decode()
    head = '<110>1 2026-10-14T17:46:40.007Z h bailiwick - tool-call [bailiwick@32473 id="e-7" logIndex="7" leafHash="01"] '
    assert message == head + '\ufeff{"a":1}'
    assert no_sleep
