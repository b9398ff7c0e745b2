"""The server by itself: answers that wait and answers that don't, peers that stall, leave or stop reading, and the end."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import pytest

from bailiwick.service import http_server
from bailiwick.service.http_reader import Head, Message
from bailiwick.service.http_server import Reply, Server
from bailiwick.service.peer import Peer, own_uid

ASK = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


class Application:
    """Answers ``/now`` at once; ``/later`` when it is let, and with what it then gets or is spared."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.peers: list[Peer | None] = []
        self.told: list[str] = []

    def room(self, head: Head, peer: Peer | None) -> int:
        del head, peer
        return 100

    async def handle(self, message: Message, peer: Peer | None) -> Reply:
        self.peers.append(peer)
        if message.head.path == "/later":
            try:
                await self.gate.wait()
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self.told.append("cancelled")
                raise
        self.told.append(message.head.path)
        return Reply(body=message.head.path.encode(), status=HTTPStatus.OK)


Scene = Callable[[Application, Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def play(scene: Scene) -> Application:
    async def run() -> Application:
        application = Application()
        server = Server(application)
        listener = socket.create_server(("127.0.0.1", 0))
        await server.listen(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            async with asyncio.timeout(60):
                await scene(application, server, reader, writer)
        finally:
            writer.close()
            await server.close()
        return application

    return asyncio.run(run())


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
    return await reader.readexactly(int(length.split(b": ")[1]))


def test_answers_keep_their_order_though_one_has_to_wait() -> None:
    async def scene(
        app: Application, _: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ASK % b"/now" + ASK % b"/later" + ASK % b"/now")
        assert await answered(reader) == b"/now"
        await asyncio.sleep(0.02)
        assert app.told == ["/now"]
        app.gate.set()
        assert [await answered(reader), await answered(reader)] == [b"/later", b"/now"]

    application = play(scene)
    assert [peer.uid for peer in application.peers if peer] == [own_uid()] * 3


def test_who_stops_sending_is_still_answered() -> None:
    async def scene(
        app: Application, _: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ASK % b"/later")
        writer.write_eof()
        await asyncio.sleep(0.02)
        app.gate.set()
        assert await answered(reader) == b"/later"
        assert await reader.read() == b""

    play(scene)


def test_who_leaves_is_still_judged() -> None:
    async def scene(
        app: Application, server: Server, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ASK % b"/later")
        await asyncio.sleep(0.02)
        writer.transport.abort()
        await asyncio.sleep(0.02)
        app.gate.set()
        await asyncio.sleep(0.1)
        assert not server.connections

    assert play(scene).told == ["/later"]


@pytest.mark.parametrize(
    "sent", [b"", b"POST", ASK[:-1] % b"/now"], ids=["nothing", "half a head", "half a body"]
)
def test_a_request_that_stands_unfinished_is_not_waited_for(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "PATIENCE", 0.02)

    async def scene(
        _: Application, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(sent)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert not server.connections

    play(scene)


def test_a_connection_that_was_of_use_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "PATIENCE", 0.3)

    async def scene(
        _: Application, __: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for pause in (0.35, 0):
            writer.write(ASK % b"/now")
            assert await answered(reader) == b"/now"
            await asyncio.sleep(pause)

    play(scene)


def test_what_is_no_request_is_told_so_and_is_the_last() -> None:
    async def scene(
        _: Application, __: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"nonsense\r\n\r\n" + ASK % b"/now")
        said = await reader.read()
        assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert said.count(b"HTTP/1.1 ") == 1

    assert not play(scene).told


def test_the_end_lets_answers_under_way_leave_and_waits_for_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(
        app: Application, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ASK % b"/later")
        await asyncio.sleep(0.02)
        asyncio.get_running_loop().call_later(0.01, app.gate.set)
        await server.close()
        assert await answered(reader) == b"/later"
        assert await reader.read() == b""

    play(scene)
    monkeypatch.setattr(http_server, "GRACE", 0.05)

    async def stuck(
        _: Application, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(ASK % b"/later")
        await asyncio.sleep(0.02)
        await server.close()
        assert await reader.read() == b""

    assert play(stuck).told == ["cancelled"]
