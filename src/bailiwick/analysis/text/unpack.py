"""What encoded and packed data says: base64, hexadecimal, gzip, zlib, zip, UTF-16. Total and bounded."""

import binascii
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

MAX_UNPACKED: Final = 1_048_576
"""Bytes that are unpacked of one archive or stream."""

MAX_MEMBERS: Final = 64
"""Members of one archive that are read."""

_PLAIN = {ord("-"): "+", ord("_"): "/", ord("\r"): None, ord("\n"): None, ord("\\"): None}
"""From base64 for URLs, and from lines, to base64."""

_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def readings(run: str, *, hexadecimal: bool = False) -> Iterator[str]:
    """What a run of base64 or hexadecimal digits says, if it is text or packed text."""
    if hexadecimal:
        yield from _texts(bytes.fromhex(run))
        return
    run = run.translate(_PLAIN).rstrip("=")
    try:
        data = binascii.a2b_base64(run[: len(run) - (len(run) % 4 == 1)] + "==="[: -len(run) % 4])
    except (binascii.Error, ValueError):
        return
    yield from _texts(data)


def text_of(data: bytes) -> str:
    """Bytes as text: UTF-8 or UTF-16 by its marks, else by its zero bytes; whatever can't be read is kept as it is."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    sample = data[:512]
    if len(sample) > 4 and sample[1::2].count(0) * 3 > len(sample):  # noqa: PLR2004 - two characters
        return data.decode("utf-16-le", "replace")
    if len(sample) > 4 and sample[::2].count(0) * 3 > len(sample):  # noqa: PLR2004 - two characters
        return data.decode("utf-16-be", "replace")
    return data.decode("utf-8", "surrogateescape")


def members(data: bytes) -> Iterator[tuple[str, str]]:
    """The texts in packed ``data``: the name of each member (empty where there is but one), and what it says."""
    if data.startswith(_ZIP):
        yield from _zipped(data)
    elif data.startswith(_GZIP) or data[:2] in _ZLIB:
        unpacked = _inflated(data)
        if unpacked is not None:
            yield "", text_of(unpacked)


def _texts(data: bytes) -> Iterator[str]:
    packed = False
    for _, text in members(data):
        packed = True
        yield text
    if packed:
        return
    text = text_of(data)
    # A run that begins or ends inside a longer encoding has a ragged edge; what is readable still counts.
    strange = sum(not c.isprintable() and c not in "\t\n\r" for c in text[:4096])
    if strange * 4 <= len(text[:4096]):
        yield text


def _inflated(data: bytes) -> bytes | None:
    machine = zlib.decompressobj(wbits=47)  # gzip or zlib, by its first bytes
    try:
        return machine.decompress(data, MAX_UNPACKED)
    except zlib.error:
        return None


def _zipped(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            room = MAX_UNPACKED
            for info in archive.infolist()[:MAX_MEMBERS]:
                if info.is_dir() or info.flag_bits & 1 or room <= 0:
                    continue
                with archive.open(info) as member:
                    content = member.read(room)
                room -= len(content)
                yield info.filename, text_of(content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return
