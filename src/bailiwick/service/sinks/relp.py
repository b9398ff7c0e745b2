"""RELP: syslog in which the receiver acknowledges each message (the protocol of rsyslog's librelp, version 0).

A frame is ``TXNR SP COMMAND SP DATALEN [SP DATA] LF``. After ``open`` up to ``WINDOW`` ``syslog`` frames are under way; each is
answered by a ``rsp`` with its number, whose data begins with 200 once the receiver has taken it. What is not answered when the
connection breaks is sent again, so the receiver may see a message twice, but none is lost.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from bailiwick.policy.sinks import SinkEntry
from bailiwick.service.sinks.frames import Stream, context_of, message_of
from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal

WINDOW = 128
"""Messages under way at once (librelp's own default)."""

PATIENCE = 30.0
"""Seconds that the receiver has for an answer; it may write each message to disk first."""

_LAST = 999_999_999
_LONGEST = 128 * 1024
_TAKEN = b"200"
_BROKEN = (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""What a connection that breaks, or a receiver that doesn't speak RELP, comes to."""


class RelpSink:
    """A RELP receiver; accepted is what it answered 200 for."""

    acknowledges = True
    limits = Limits(items=500, bytes=1_000_000, line=60_000)

    def __init__(self, entry: SinkEntry) -> None:
        self.entry = entry
        self._context = context_of(entry)
        self._stream: Stream | None = None
        self._number = 0

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Send all of them and wait for every answer. Raises Later, with the first ones that were answered."""
        answers: dict[int, bytes] = {}
        numbers: list[int] = []
        try:
            stream = self._stream or await self._open()
            for item in items:
                while len(numbers) - len(answers) >= WINDOW:
                    await self._answer(stream, answers)
                numbers.append(self._write(stream, b"syslog", message_of(item)))
            while len(answers) < len(numbers):
                await self._answer(stream, answers)
        except _BROKEN as error:
            await self._drop()
            taken = 0
            for number in numbers:
                if answers.get(number) != _TAKEN:
                    break
                taken += 1
            raise Later(f"the connection broke: {type(error).__name__} {error}", accepted=taken) from error
        return [
            Refusal(item=item, why=f"answered {answers[number].decode('ascii', 'replace')}")
            for item, number in zip(items, numbers, strict=True)
            if answers[number] != _TAKEN
        ]

    async def close(self) -> None:
        """Say goodbye, and close the connection in order."""
        if self._stream is not None:
            with contextlib.suppress(*_BROKEN):
                number = self._write(self._stream, b"close", b"")
                answers: dict[int, bytes] = {}
                while number not in answers:
                    await self._answer(self._stream, answers)
        await self._drop()

    async def _open(self) -> Stream:
        self._stream = await Stream.open(self.entry, self._context)
        self._number = 0
        offers = b"relp_version=0\nrelp_software=bailiwick\ncommands=syslog"
        number = self._write(self._stream, b"open", offers)
        answers: dict[int, bytes] = {}
        await self._answer(self._stream, answers)
        if answers.get(number) != _TAKEN:
            raise ValueError("the receiver doesn't open a RELP session")
        return self._stream

    async def _drop(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()

    def _write(self, stream: Stream, command: bytes, data: bytes) -> int:
        self._number = self._number % _LAST + 1
        text = b" %b" % data if data else b""
        stream.writer.write(b"%d %b %d%b\n" % (self._number, command, len(data), text))
        return self._number

    @staticmethod
    async def _answer(stream: Stream, answers: dict[int, bytes]) -> None:
        """Read one frame; the status of a ``rsp`` goes to ``answers``. Raises ValueError for what isn't RELP."""

        async def read() -> None:
            number = int(await _word(stream))
            command = await _word(stream)
            # An answer without data ends right after its length.
            text = b""
            while (char := await stream.reader.readexactly(1)).isdigit() and len(text) < 6:  # noqa: PLR2004 - 128 kB
                text += char
            length = int(text)
            if length > _LONGEST or (char == b"\n") != (length == 0):
                raise ValueError("a frame of the wrong length")
            data = b""
            if length:
                data = await stream.reader.readexactly(length + 1)
            if command == b"rsp":
                answers[number] = data[:3]
            elif command == b"serverclose":
                raise ConnectionResetError("the receiver closes the session")

        await asyncio.wait_for(stream.writer.drain(), PATIENCE)
        await asyncio.wait_for(read(), PATIENCE)


async def _word(stream: Stream) -> bytes:
    word = await stream.reader.readuntil(b" ")
    if len(word) > 40:  # noqa: PLR2004 - a number or a command
        raise ValueError("not a RELP frame")
    return word[:-1]
