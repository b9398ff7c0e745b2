"""Pictures, sounds, fonts and PDF documents: the text that they keep, what they start, and what stands behind their end."""

import base64
import re
import zlib
from collections.abc import Iterator
from itertools import chain

MIN_TAIL = 16
"""Bytes behind the end of a file that matter; fewer are padding."""

MAX_PIECE = 2**20
"""Bytes of one piece of text in a picture."""

MAX_PIECES = 4 * 2**20
"""Bytes of all pieces of text in a picture or a document."""

MAX_STREAMS, MAX_UNPACKED = 20_000, 32 * 2**20
"""Streams of a PDF that are unpacked, bytes of all of them. What a stream says of itself (a picture, a font) exempts none: whoever shows
the page doesn't look at that."""

MAX_SHOWN = 200_000
"""Pieces of text that one stream of a PDF shows."""

_PNG, _SOI = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_HEAD = 16_384
"""Bytes before a stream in which it says how it is packed."""
_TOO_MUCH = f"more than {MAX_PIECE >> 20} MiB of one text or {MAX_UNPACKED >> 20} MiB of all streams unpacked"
_FILTER = re.compile(rb"/Filter\s*(?:\[([^\]]*)\]|/(\w+)|(\d+\s+\d+\s+R))")
_PLAIN = frozenset({"FlateDecode", "DCTDecode", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode"})
"""How a stream may be packed: what is unpacked here, and what makes pixels, never text (ISO 32000-1, 7.4)."""
_ENCRYPTED = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_SAID = rb"(?:[^()\\]++|\\.)*+"
for _ in range(3):  # brackets in a text that belong together (ISO 32000-1, 7.3.4.2)
    _SAID = rb"(?:[^()\\]++|\\.|\(" + _SAID + rb"\))*+"
_SHOWN = re.compile(
    rb"\(("
    + _SAID
    + rb")\)\s*(?:Tj|'|\")|\[((?:[^\[\]()\\]++|\\.|\("
    + _SAID
    + rb"\))++)\]\s*TJ|(T\*|\bET\b)",
    re.DOTALL,
)
_PART = re.compile(rb"\((" + _SAID + rb")\)\s*(-?\d*)", re.DOTALL)
_DEEP = re.compile(rb"(?:\((?:[ -'*-\[\]-~\s]|\\.)*+){5}", re.DOTALL)
"""Brackets deeper than are followed, or that don't end, in what reads like text."""
_PRINTED = bytes(range(0x20, 0x7F)) + b"\t\r\n"
"""What the content of a page is written in, nearly all of it; a font or a picture isn't."""
_CHUNK = 1_024
"""Bytes that are unpacked at once: what stands before damage is read."""
_GAP = 200
"""Thousandths of an em from which on a space between letters divides words."""
_STARTS = re.compile(
    rb"/S\s*/(JavaScript|Launch|ImportData)\b|/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\s*[\d(<\[]"
)
_TRAILER = 0x3B
"""What a GIF ends with."""
_XMP = (b"<x:xmpmeta", b"</x:xmpmeta>")
_TAG = re.compile(r"<[^<>]{0,20000}>")
_VALUE = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)')")


def _values(tag: re.Match[str]) -> str:
    """What the attributes of an element say: XMP may write a property as one (ISO 16684-1, 7.9.2.2)."""
    said = [double or single for double, single in _VALUE.findall(tag[0])]
    return "\n".join(["", *(one for one in said if " " in one.strip()), ""])


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


def words(data: bytes, left: set[str]) -> Iterator[str]:
    """The text that a picture or a PDF keeps: comments, descriptions, what its pages show. What of it isn't read is said in ``left``."""
    room = MAX_PIECES
    for piece in _words(data, left):
        yield piece[:room]
        room -= len(piece)
        if room < 0:
            left.add(f"more than {MAX_PIECES >> 20} MiB of text")
            return


def _words(data: bytes, left: set[str]) -> Iterator[str]:
    if data.startswith(_PNG):
        for at, kind, size in _chunks(data):
            if kind in (b"tEXt", b"iTXt", b"zTXt"):
                name, _, rest = data[at + 8 : at + 8 + size].partition(b"\0")
                packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
                body = rest[2:].split(b"\0", 2)[-1] if kind == b"iTXt" else rest[kind == b"zTXt" :]
                if packed:
                    body = _unpacked(body, MAX_PIECE, left)
                yield _piece(name + b" " + body, left)
    elif data.startswith(_SOI):
        at = 2
        while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] == 0xFE:
                yield _text(data[at + 4 : at + 2 + size])
            at += 2 + size
    elif data.startswith((b"GIF87a", b"GIF89a")):
        yield from _comments(data, left)
    elif data.startswith(b"%PDF-"):
        yield from _pages(data, left)
        return
    start = data.find(_XMP[0])
    while start >= 0:
        end = data.find(_XMP[1], start)
        yield _TAG.sub(_values, _piece(data[start : end if end > 0 else len(data)], left))
        start = data.find(_XMP[0], end) if end > 0 else -1


def _piece(data: bytes, left: set[str]) -> str:
    if len(data) > MAX_PIECE:
        left.add(f"a piece of text of more than {MAX_PIECE >> 20} MiB")
    return _text(data[:MAX_PIECE])


def _comments(data: bytes, left: set[str]) -> Iterator[str]:
    """The comments of a GIF, block by block (GIF89a, appendix A)."""
    at = 13 + _colours(data, 10)
    while at < len(data) and data[at] != _TRAILER:
        label, held = data[at : at + 2], bytearray()
        if data[at] == 0x2C:
            at += 11 + _colours(data, at + 9)
        elif data[at] == 0x21:
            at += 2
        else:
            left.add("blocks of a picture that can't be followed")
            return
        while at < len(data) and (size := data[at]):
            held += data[at + 1 : at + 1 + size] if label == b"\x21\xfe" else b""
            at += 1 + size
        at += 1
        if held:
            yield _piece(bytes(held), left)


def _colours(data: bytes, at: int) -> int:
    """Bytes of the table of colours that the flags at ``at`` announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def programs(data: bytes) -> str:
    """What a PDF starts or carries when it is opened, in a word; empty when nothing."""
    if not data.startswith(b"%PDF-"):
        return ""
    for part in chain((data,), _streams(data, set())):
        if match := _STARTS.search(part):
            return (match[1] or match[2]).decode("ascii")
    return ""


def _streams(data: bytes, left: set[str]) -> Iterator[bytes]:
    room = MAX_UNPACKED
    if _ENCRYPTED.search(data):
        left.add("encrypted")
    for number, match in enumerate(_STREAM.finditer(data)):
        if number >= MAX_STREAMS:
            left.add(f"more than {MAX_STREAMS:,} streams")
            return
        head = _named(data[max(match.start() - _HEAD, 0) : match.start()].rpartition(b" obj")[2])
        packings = (
            _text(b" ".join(b" ".join(said) for said in _FILTER.findall(head))).replace("/", " ").split()
        )
        body = memoryview(data)[match.end() :]
        if packings[:1] == ["ASCII85Decode"]:
            body = memoryview(_letters(data[match.end() : data.find(b"~>", match.end())], left))
            packings = packings[1:] or ["ASCII85Decode"]
        if strange := next((name for name in packings if name not in _PLAIN), ""):
            left.add(f"a stream that is packed with {strange[:40]}")
        elif "FlateDecode" in packings:
            plain = _unpacked(body, room, left)
            room -= len(plain)
            yield plain
            if room <= 0:
                left.add(_TOO_MUCH)
                return


def _letters(data: bytes, left: set[str]) -> bytes:
    try:
        return base64.a85decode(data)
    except ValueError:
        left.add("a packed text that is damaged")
        return b""


def _named(head: bytes) -> bytes:
    """A dictionary whose names are written without ``#41`` for ``A``."""
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda match: bytes((int(match[1], 16),)), head)


def _pages(data: bytes, left: set[str]) -> Iterator[str]:
    for part in chain((data,), _streams(data, left)):
        line: list[str] = []
        for number, match in enumerate(_SHOWN.finditer(part)):
            if number >= MAX_SHOWN:
                left.add(f"a stream that shows more than {MAX_SHOWN:,} pieces of text")
                break
            if match[3]:
                line.append("\n")
            elif match[1]:
                line.append(_text(match[1]))
            else:
                for piece, moved in _PART.findall(match[2]):
                    line.append(
                        _text(piece) + (" " if moved.startswith(b"-") and int(moved[:6]) < -_GAP else "")
                    )
        if b"BT" in part and 10 * len(part.translate(None, _PRINTED)) < len(part) and _DEEP.search(part):
            left.add("texts with brackets that don't end, or in each other")
        if said := "".join(line).strip():
            yield said


def _unpacked(data: bytes | memoryview, most: int, left: set[str]) -> bytes:
    """At most ``most`` bytes of what comes out, as far as it isn't damaged."""
    reader, taken = zlib.decompressobj(), bytearray()
    view = memoryview(data)
    try:
        for at in range(0, len(view), _CHUNK):
            taken += reader.decompress(view[at : at + _CHUNK], most + 1 - len(taken))
            if len(taken) > most:
                left.add(_TOO_MUCH)
                return bytes(taken[:most])
            if reader.eof:
                break
        else:
            left.add("a packed text that breaks off")
    except zlib.error:
        left.add("a packed text that is damaged")
    return bytes(taken)


def _text(data: bytes) -> str:
    return data.replace(b"\0", b" ").decode("utf-8", "replace")
