"""Lines in a file, or on standard output."""

import asyncio
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal


class FileSink:
    """Appends lines to a file; accepted is what ``fdatasync`` returned for. A rotated file is opened anew."""

    acknowledges = True
    limits = Limits(items=1_000, bytes=8_000_000, line=16_000_000)

    def __init__(self, path: Path) -> None:
        self.path = path

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """All or nothing: what was half written is taken back."""
        await asyncio.to_thread(self._append, b"".join(item.line + b"\n" for item in items))
        return ()

    def _append(self, text: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise Later(f"{self.path}: {error.strerror}") from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise Later(f"{self.path}: not a file; standard output is `to: stdout`")
            size = found.st_size
            try:
                _write(descriptor, text)
                os.fdatasync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        except OSError as error:
            raise Later(f"{self.path}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    async def close(self) -> None:
        """Nothing is kept open."""


class StdoutSink:
    """Prints lines; accepted is what the pipe took."""

    acknowledges = False
    limits = FileSink.limits

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Print all of them."""
        try:
            await asyncio.to_thread(
                _write, sys.stdout.fileno(), b"".join(item.line + b"\n" for item in items)
            )
        except OSError as error:
            raise Later(f"standard output: {error.strerror}") from error
        return ()

    async def close(self) -> None:
        """Standard output stays open."""


def _write(descriptor: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]
