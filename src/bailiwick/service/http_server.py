"""The service's HTTP server: one read, one function, one write for each call (docs/adr/0005).

A general server costs more here than deciding a call does, so this is one of its own, for the callers there are.

- A request is handed to the application as soon as it is whole, and the application runs at once, not at the event
  loop's next turn. Only when it has to wait does the rest of it become a task.
- Head and body of an answer leave in one write: a second one would wait for the peer's delayed acknowledgement.
- Requests of one connection are answered one after another, in order.
- A connection that lets a request stand half-sent is closed, and so is one that never sent any.
"""

import asyncio
import socket
import types
from collections.abc import Coroutine, Generator
from http import HTTPStatus
from typing import Any, Final, Protocol, cast

import orjson

from bailiwick.model.value import value
from bailiwick.service.http_reader import Head, MalformedRequestError, Message, Reader
from bailiwick.service.peer import Peer, tcp_peer, unix_peer

PATIENCE: Final = 30.0
"""Seconds after which, and at latest twice that, a connection that lets a request stand unfinished is closed."""

LINGER: Final = 5.0
"""Seconds that what a peer still sends is read and dropped after the last answer: it would not see it otherwise."""

GRACE: Final = 5.0
"""Seconds that answers under way have when the server closes."""

MAX_WAITING: Final = 256 * 1024
"""Bytes that a connection may send ahead while it is being answered."""


@value(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its status and its JSON."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK


class Application(Protocol):
    """What answers."""

    def room(self, head: Head, peer: Peer | None) -> int:
        """Bytes of the body to be kept; more than those are not handed on."""

    async def handle(self, message: Message, peer: Peer | None) -> Reply:
        """The answer to a request. Never raises."""


class Server:
    """Serves an application on the sockets it is given, until closed."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.connections: set[Connection] = set()
        self._listening: list[asyncio.Server] = []

    async def listen(self, listener: socket.socket) -> None:
        """Accept connections on ``listener``, a bound TCP or Unix socket."""
        loop = asyncio.get_running_loop()
        self._listening.append(await loop.create_server(lambda: Connection(self), sock=listener, backlog=256))

    async def close(self) -> None:
        """Accept nothing more, let answers under way leave, close every connection."""
        for listening in self._listening:
            listening.close()
        under_way = [one.task for one in self.connections if one.task is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE)
        for connection in tuple(self.connections):
            connection.close()


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = Reader(lambda head: server.application.room(head, self.peer))
        self._peer: Peer | None = None
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle
        self._answered, self._stood_at = 0, -1
        self._over = False
        self.task: asyncio.Task[None] | None = None

    @property
    def peer(self) -> Peer | None:
        """Who is connected, asked of the kernel once; None while it does not tell."""
        if self._peer is None:
            connection = self._transport.get_extra_info("socket")
            try:
                is_unix = connection.family == socket.AF_UNIX
                self._peer = unix_peer(connection) if is_unix else tcp_peer(connection)
            except OSError:
                return None
        return self._peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it; an answer under way is still recorded."""
        del exc
        self._timer.cancel()
        self._over = True
        if self.task is None:
            self._server.connections.discard(self)

    def pause_writing(self) -> None:
        """A peer that does not read its answers is not asked for more."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        if self._over:
            return
        waiting = self._reader.feed(data)
        if self.task is None:
            self._answer()
        elif waiting > MAX_WAITING:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """A peer that sends nothing more still gets the answer that is under way."""
        if self.task is None:
            return False
        self._over = True
        return True

    def close(self) -> None:
        """Close the connection once what was written has left."""
        self._transport.close()

    def _look(self) -> None:
        """Close the connection if nothing has moved since the last look, and nothing but a request is waited for."""
        stands = self.task is None and (self._reader.midway or not self._answered)
        if stands and self._stood_at == self._answered:
            self._transport.abort()
            return
        self._stood_at = self._answered if stands else -1
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._look)

    def _answer(self) -> None:
        """Answer the requests that are there, one after another, until one has to wait for something."""
        try:
            while not self._over and (message := self._reader.take()) is not None:
                answering = self._server.application.handle(message, self.peer)
                try:
                    waits_for = answering.send(None)
                except StopIteration as done:
                    self._write(message, done.value)
                else:
                    rest = self._later(message, _resumed(answering, waits_for))
                    self.task = asyncio.get_running_loop().create_task(rest)
                    return
        except MalformedRequestError as error:
            self._send(Reply(status=error.status, body=orjson.dumps({"error": str(error)})))
            self._finish()

    async def _later(self, message: Message, rest: Coroutine[Any, Any, Reply]) -> None:
        """Write the answer that had to wait, then go on."""
        try:
            reply = await rest
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self.task = None
        if self._transport.is_closing():
            self._server.connections.discard(self)
            return
        self._write(message, reply)
        if self._over:
            self._transport.close()
            return
        self._transport.resume_reading()
        self._answer()

    def _write(self, message: Message, reply: Reply) -> None:
        self._answered += 1
        self._send(reply, body=message.head.method != "HEAD")
        if message.last:
            self._finish()

    def _send(self, reply: Reply, *, body: bool = True) -> None:
        head = (
            f"HTTP/1.1 {reply.status} {reply.status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(reply.body)}\r\n\r\n"
        )
        self._transport.write(head.encode("ascii") + (reply.body if body else b""))

    def _finish(self) -> None:
        """Say that this was the last answer, and drop what still comes: closing at once could take the answer back."""
        self._over = True
        if self._transport.is_closing():
            return
        self._transport.write_eof()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGER, self._transport.abort)


@types.coroutine
def _resumed(begun: Coroutine[Any, Any, Reply], waits_for: Any) -> Generator[Any, Any, Reply]:
    """A coroutine that has begun and waits for ``waits_for``, as one that a task can take over.

    Python 3.12 has this as the eager start of tasks.
    """
    while True:
        try:
            try:
                result = yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine's to handle, cancellation too
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(result)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
