"""Pictures, sounds, fonts and PDF documents: the text that they keep, what they start, and what stands behind their end."""

import re
import zlib
from collections.abc import Iterator
from itertools import islice

MIN_TAIL = 16
"""Bytes behind the end of a file that matter; fewer are padding."""

MAX_PIECE = 65_536
"""Bytes of one piece of text in a picture."""

MAX_STREAMS, MAX_STREAM, MAX_UNPACKED = 400, 2**20, 8 * 2**20
"""Streams of a PDF that are unpacked, bytes of one, bytes of all."""

_PNG, _SOI = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_HEAD = 1_000
"""Bytes before a stream in which it says how it is packed."""
_SHOWN = re.compile(
    rb"\(((?:[^()\\]|\\.){1,2000})\)\s*(?:Tj|'|\")|\[((?:[^\[\]\\]|\\.){1,8000})\]\s*TJ|(T\*|\bET\b)"
)
_PART = re.compile(rb"\(((?:[^()\\]|\\.){0,2000})\)\s*(-?\d*)")
_GAP = 200
"""Thousandths of an em from which on a space between letters divides words."""
_STARTS = re.compile(
    rb"/S\s*/(JavaScript|Launch|ImportData)\b|/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\s*[\d(<\[]"
)
_XMP = (b"<x:xmpmeta", b"</x:xmpmeta>")


def tails(data: bytes) -> bytes:
    """What stands behind the end of a picture, a sound, a font or a document; empty when nothing does, or its end isn't known."""
    if data.startswith(_PNG):
        for at, kind, size in _chunks(data):
            if kind == b"IEND":
                return data[at + 8 + size + 4 :]
    elif data.startswith(_SOI):
        end = data.rfind(b"\xff\xd9")
        return data[end + 2 :] if end > 0 else b""
    elif data.startswith((b"GIF87a", b"GIF89a")):
        end = data.rfind(b"\x00;")
        return data[end + 2 :] if end > 0 else b""
    elif data.startswith(b"%PDF-"):
        end = data.rfind(b"%%EOF")
        return data[end + 5 :].lstrip(b"\r\n") if end > 0 else b""
    elif data.startswith(b"RIFF") and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        size = int.from_bytes(data[4:8], "little")
        return data[8 + size + size % 2 :]
    elif data.startswith((b"\0\1\0\0", b"OTTO", b"true")):
        return _behind_font(data)
    return b""


def _behind_font(data: bytes) -> bytes:
    """What no table of a font holds."""
    count = int.from_bytes(data[4:6], "big")
    end = 12 + 16 * count
    for at in range(12, min(end, len(data) - 15), 16):
        start, size = (int.from_bytes(data[at + part : at + part + 4], "big") for part in (8, 12))
        end = max(end, start + size)
    return data[end + -end % 4 :] if count else b""


def _chunks(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The chunks of a PNG: where each begins, its kind, its size."""
    at = 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield at, data[at + 4 : at + 8], size
        at += 12 + size


def words(data: bytes) -> Iterator[str]:
    """The text that a picture or a PDF keeps: comments, descriptions, what its pages show."""
    if data.startswith(_PNG):
        for at, kind, size in _chunks(data):
            body = data[at + 8 : at + 8 + min(size, MAX_PIECE)]
            if kind in (b"tEXt", b"iTXt", b"zTXt"):
                name, _, rest = body.partition(b"\0")
                packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
                plain = _unpacked(rest.lstrip(b"\0\1").split(b"\0\0", 1)[-1] if kind == b"iTXt" else rest[1:])
                yield _text(name + b" " + (plain if packed else rest))
    elif data.startswith(_SOI):
        at = 2
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] == 0xFE:
                yield _text(data[at + 4 : at + 2 + size])
            at += 2 + size
    elif data.startswith((b"GIF87a", b"GIF89a")):
        for match in islice(re.finditer(rb"\x21\xfe([\x01-\xff][\s\S]{8,255})", data), 20):
            yield _text(match[1][1 : 1 + match[1][0]])
    elif data.startswith(b"%PDF-"):
        yield from _pages(data)
        return
    start = data.find(_XMP[0])
    end = data.find(_XMP[1], start) if start >= 0 else -1
    if end > 0:
        yield re.sub(r"<[^>]{0,400}>", " ", _text(data[start : min(end, start + MAX_PIECE)]))


def programs(data: bytes) -> str:
    """What a PDF starts or carries when it is opened, in a word; empty when nothing."""
    if not data.startswith(b"%PDF-"):
        return ""
    for part in (data, *_streams(data)):
        if match := _STARTS.search(part):
            return (match[1] or match[2]).decode("ascii")
    return ""


def _streams(data: bytes) -> Iterator[bytes]:
    room = MAX_UNPACKED
    for match in islice(_STREAM.finditer(data), MAX_STREAMS):
        head = data[max(match.start() - _HEAD, 0) : match.start()].rpartition(b" obj")[2]
        if b"FlateDecode" in head and room > 0:
            plain = _unpacked(data[match.end() : match.end() + 4 * MAX_STREAM], min(MAX_STREAM, room))
            room -= len(plain)
            yield plain


def _pages(data: bytes) -> Iterator[str]:
    for part in (data, *_streams(data)):
        line = ""
        for match in islice(_SHOWN.finditer(part), 20_000):
            if match[3]:
                line += "\n"
            elif match[1]:
                line += _text(match[1])
            else:
                for piece, moved in _PART.findall(match[2]):
                    line += _text(piece) + (" " if moved.startswith(b"-") and int(moved) < -_GAP else "")
        if line.strip():
            yield line


def _unpacked(data: bytes, most: int = MAX_PIECE) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


def _text(data: bytes) -> str:
    return data.replace(b"\0", b" ").decode("utf-8", "replace")
