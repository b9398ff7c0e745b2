"""Requests of HTTP/1.1 out of bytes (RFC 9110, RFC 9112). Pure, and strict: what is not plainly well formed is refused.

The callers are on this machine and known: the client's hooks, the relay, the command line. What none of them sends
(folded lines, a field twice, both kinds of length, chunk extensions, trailers) is refused rather than understood.

1. A head is at most ``MAX_HEAD`` bytes: a request line, then ``name: value`` lines, one of them ``Host``.
2. ``Content-Length`` or ``Transfer-Encoding: chunked`` says how long the body is; neither means none.
3. Before a body is kept, ``room`` says how much of it is worth having; a longer one is passed over.
4. One that is too long even for that is not waited for: the connection is closed after the answer.
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from bailiwick.model.regex import regex
from bailiwick.model.value import value

MAX_HEAD: Final = 16 * 1024
"""Bytes of request line and fields; what Node's own server takes."""

MAX_PASSED_OVER: Final = 32 * 1024 * 1024
"""Bytes of an unwanted body that are read and dropped, so that the connection can go on; twice the largest event."""

_REQUEST_LINE: Final = regex(r"([A-Z]{1,16}) (/[\x21-\x7e]*) HTTP/1\.1")
_NAMES: Final = regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]*")
_CONTROL: Final = regex(r"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = regex(r"[0-9]{1,15}")
_CHUNK: Final = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n")
_CHUNK_LINE: Final = 12
"""Bytes of the longest line that gives a chunk's length, with the line ends before and after it."""


class MalformedRequestError(ValueError):
    """What came is no request that is served; ``status`` is the answer to it, after which nothing more is read."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@value(frozen=True, slots=True, kw_only=True)
class Head:
    """The first part of a request; names of ``fields`` in lower case."""

    method: str
    path: str
    fields: Mapping[str, str]


@value(frozen=True, slots=True, kw_only=True)
class Message:
    """A request. ``body`` is None where it was longer than there was room for; ``last``: nothing comes after it."""

    head: Head
    body: bytes | None
    last: bool


def read_head(data: bytes) -> Head:
    """The head in ``data``, which is what stands before the empty line. Raises ``MalformedRequestError``."""
    first, *lines = data.decode("latin-1").split("\r\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise _malformed("the request line is not that of HTTP/1.1")
    fields: dict[str, str] = {}
    for text in lines:
        name, colon, value = text.partition(":")
        if not colon or not name:
            raise _malformed("a field has no name")
        fields[name.lower()] = value.strip(" \t")
    if len(fields) != len(lines):
        raise _malformed("a field is there twice")
    if not _NAMES.fullmatch("".join(fields)) or _CONTROL.search("".join(lines)):
        raise _malformed("a field holds a character that it can't")
    if "host" not in fields:
        raise _malformed("the field Host is missing")
    if "expect" in fields:
        raise MalformedRequestError(HTTPStatus.EXPECTATION_FAILED, "send the body without asking first")
    return Head(method=line[1], path=line[2], fields=fields)


class Reader:
    """The requests of one connection: ``feed`` what came, then ``take`` until there is none."""

    __slots__ = ("_body", "_buffer", "_chunked", "_head", "_keep", "_left", "_room", "_size")

    def __init__(self, room: Callable[[Head], int]) -> None:
        self._room = room
        self._buffer = bytearray()
        self._head: Head | None = None
        self._body: bytearray | None = bytearray()
        self._chunked = False
        self._keep = self._size = self._left = 0

    @property
    def midway(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._head is not None or bool(self._buffer)

    def feed(self, data: bytes) -> int:
        """More bytes from the peer; how many now wait to be taken."""
        self._buffer += data
        return len(self._buffer)

    def take(self) -> Message | None:
        """The next request, None until all of it is there. Raises ``MalformedRequestError``."""
        if self._head is None:
            self._head = self._begin()
        if self._head is None:
            return None
        ended = self._chunks() if self._chunked else self._piece()
        endless = self._size > MAX_PASSED_OVER
        if not ended and not endless:
            return None
        head, self._head = self._head, None
        last = endless or "close" in head.fields.get("connection", "").lower()
        return Message(head=head, body=None if self._body is None else bytes(self._body), last=last)

    def _begin(self) -> Head | None:
        """The head of the next request, and what it says of its body."""
        stop = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
        if stop < 0:
            if len(self._buffer) > MAX_HEAD:
                raise MalformedRequestError(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the head is larger than {MAX_HEAD} bytes"
                )
            return None
        head = read_head(bytes(self._buffer[:stop]))  # (1)
        length, coding = head.fields.get("content-length"), head.fields.get("transfer-encoding")
        if coding is not None and (length is not None or coding.lower() != "chunked"):  # (2)
            raise _malformed("the body's length is not clear")
        if length is not None and not _LENGTH.fullmatch(length):
            raise _malformed("Content-Length is no number")
        self._chunked = coding is not None
        # The line end before the first chunk's length is left there: every chunk then begins the same way.
        del self._buffer[: stop + (2 if self._chunked else 4)]
        self._keep, self._size, self._body = self._room(head), 0, bytearray()
        self._expect(int(length or 0))
        return head

    def _expect(self, size: int) -> None:
        """The next piece of the body has ``size`` bytes."""
        self._left = size
        self._size += size
        if self._size > self._keep:  # (3)
            self._body = None

    def _piece(self) -> bool:
        """Read on in a piece of the body; true at its end."""
        step = min(self._left, len(self._buffer))
        if self._body is not None:
            self._body += self._buffer[:step]
        del self._buffer[:step]
        self._left -= step
        return self._left == 0

    def _chunks(self) -> bool:
        """Read on in a chunked body; true at its end."""
        while self._piece() and (line := _CHUNK.match(self._buffer)):
            size = int(line[1], 16)
            if size == 0:
                end = self._buffer[line.end() : line.end() + 2]
                if not b"\r\n".startswith(end):
                    raise _malformed("there are trailers")
                if len(end) == 2:  # noqa: PLR2004 - both bytes of the line end
                    del self._buffer[: line.end() + 2]
                    return True
                return False
            del self._buffer[: line.end()]
            self._expect(size)
        if self._left == 0 and len(self._buffer) >= _CHUNK_LINE:
            raise _malformed("a chunk's length is no number")
        return False


def _malformed(message: str) -> MalformedRequestError:
    return MalformedRequestError(HTTPStatus.BAD_REQUEST, message)
