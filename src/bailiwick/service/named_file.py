"""Reading a file that a person named: whole and in bounded memory, or an error that says which file and what to do."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAX_NAMED = 16 * 2**20
"""Bytes of keys, settings, rules and the like. Chosen far above any that a person keeps."""

MAX_DATA = 256 * 2**20
"""Bytes of data that a person names: a list of customers, a document."""


class UnfitFileError(OSError, ValueError):
    """The file can be read, but can't be what was meant."""

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


def read_named(path: str | os.PathLike[str], *, most: int = MAX_NAMED) -> bytes:
    """What is in the file. Raises ``OSError`` that names it; ``UnfitFileError`` where that is more than ``most`` bytes."""
    with Path(path).open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        told = f"holds more than {most >> 20} MiB; name the file that is meant"
        raise UnfitFileError(errno.EFBIG, told, os.fspath(path))
    return data


def read_named_text(path: str | os.PathLike[str], *, most: int = MAX_NAMED) -> str:
    """``read_named`` as text without a byte order mark. Raises ``UnfitFileError`` also where it is not UTF-8."""
    data = read_named(path, most=most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        told = f"is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise UnfitFileError(errno.EILSEQ, told, os.fspath(path)) from error


def bounded_lines(file: IO[bytes], name: str, *, most: int = MAX_NAMED) -> Iterator[bytes]:
    """The lines of ``file``, each cut after ``most`` + 1 bytes, by which its reader knows that it is too long.

    Raises ``UnfitFileError`` at one of more than ``MAX_DATA`` bytes: what has no line ends is something else.
    """
    number = 0
    while line := file.readline(most + 1):
        number += 1
        size, rest = len(line), line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(most + 1)
            size += len(rest)
            if size > MAX_DATA:
                told = f"line {number} is longer than {MAX_DATA >> 20} MiB; name the file that is meant"
                raise UnfitFileError(errno.EFBIG, told, name)
        yield line
