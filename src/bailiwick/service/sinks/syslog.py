"""Syslog over TLS (RFC 5425): octet counting; the transport acknowledges nothing, so count events tell of losses."""

import asyncio
import contextlib
from collections.abc import Sequence

from bailiwick.policy.sinks import SinkEntry
from bailiwick.service.sinks.frames import PATIENCE, Stream, context_of, message_of
from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal


class SyslogSink:
    """A syslog receiver. Accepted is what was handed to a connection that still stood: best effort, by design of the transport."""

    acknowledges = False
    limits = Limits(items=500, bytes=500_000, line=60_000)

    def __init__(self, entry: SinkEntry) -> None:
        self.entry = entry
        self._context = context_of(entry)
        self._stream: Stream | None = None

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Write all of them. Raises Later when the connection is gone, found out before or while writing."""
        messages = [message_of(item) for item in items]
        try:
            if self._stream is not None and await self._is_gone(self._stream):
                await self.close()
            if self._stream is None:
                self._stream = await Stream.open(self.entry, self._context)
            self._stream.writer.write(b"".join(b"%d %b" % (len(message), message) for message in messages))
            await asyncio.wait_for(self._stream.writer.drain(), PATIENCE)
            if await self._is_gone(self._stream):
                raise ConnectionResetError("the receiver closed the connection")
        except (OSError, TimeoutError) as error:
            await self.close()
            raise Later(f"the connection broke: {error}") from error
        return ()

    @staticmethod
    async def _is_gone(stream: Stream) -> bool:
        """Whether the receiver has closed: it never sends anything, so all there is to read is the end. Raises OSError where it broke off."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stream.reader.read(1), 0.001)
        return stream.reader.at_eof() or stream.writer.is_closing()

    async def close(self) -> None:
        """Close the connection in order."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()
