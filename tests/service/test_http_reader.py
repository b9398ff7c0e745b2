"""Requests out of bytes: however they are cut, and never more than another reader of HTTP takes."""

import asyncio
import itertools

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.http_parser import HttpRequestParser
from hypothesis import example, given
from hypothesis import strategies as st

from bailiwick.service.http_reader import MAX_HEAD, MAX_PASSED_OVER, MalformedRequestError, Message, Reader

ROOM = 64


def taken(parts: list[bytes], room: int = ROOM) -> list[Message]:
    reader = Reader(lambda _: room)
    found: list[Message] = []
    for part in parts:
        reader.feed(part)
        while (message := reader.take()) is not None:
            found.append(message)
    return found


def told(parts: list[bytes]) -> list[Message] | int:
    try:
        return taken(parts)
    except MalformedRequestError as error:
        return int(error.status)


def request(body: bytes, *fields: str, method: str = "POST", path: str = "/v1/hook") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: x", *fields]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def sized(body: bytes) -> bytes:
    return request(body, f"Content-Length: {len(body)}")


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return request(chunks, "Transfer-Encoding: chunked")


def test_a_request_is_its_line_its_fields_and_its_body() -> None:
    (message,) = taken([request(b"{}", "Content-Length:  2 ", "AUTHORIZATION: Bearer \xe4")])
    assert (message.head.method, message.head.path, message.body) == ("POST", "/v1/hook", b"{}")
    assert message.head.fields == {"host": "x", "content-length": "2", "authorization": "Bearer \xe4"}
    assert not message.last


BODIES = st.binary(max_size=2 * ROOM)
REQUESTS = st.one_of(BODIES.map(sized), st.builds(chunked, BODIES, st.integers(1, 40)))


@given(st.lists(REQUESTS, min_size=1, max_size=4), st.lists(st.integers(0, 600), max_size=8))
def test_how_the_bytes_are_cut_makes_no_difference(requests: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(requests)
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    parts = [whole[start:stop] for start, stop in itertools.pairwise(edges)]
    assert taken(parts) == taken([whole])
    assert len(taken([whole])) == len(requests)
    assert taken([whole[at : at + 1] for at in range(len(whole))]) == taken([whole])


@given(BODIES, st.integers(1, 40))
def test_a_body_is_whole_or_not_there(body: bytes, size: int) -> None:
    kept = body if len(body) <= ROOM else None
    assert [one.body for one in taken([sized(body), sized(b"next")])] == [kept, b"next"]
    assert [one.body for one in taken([chunked(body, size), sized(b"next")])] == [kept, b"next"]


def test_what_there_is_no_room_for_is_not_held() -> None:
    reader = Reader(lambda _: 0)
    reader.feed(request(b"", f"Content-Length: {MAX_PASSED_OVER}"))
    for _ in range(MAX_PASSED_OVER // 65536):
        assert reader.take() is None
        assert reader.feed(b"x" * 65536) <= 65536
    message = reader.take()
    assert message is not None
    assert (message.body, message.last) == (None, False)


@pytest.mark.parametrize(
    "head",
    [
        request(b"", f"Content-Length: {MAX_PASSED_OVER + 1}"),
        request(b"ffffffff\r\n", "Transfer-Encoding: chunked"),
    ],
)
def test_what_does_not_end_is_not_waited_for(head: bytes) -> None:
    (message,) = taken([head])
    assert (message.body, message.last) == (None, True)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (request(b"", "Host: y"), 400),
        (request(b"", "A: 1", "a: 2"), 400),
        (request(b"", "no colon"), 400),
        (request(b"", " folded: line"), 400),
        (request(b"", "A : space before the colon"), 400),
        (request(b"", "A: a\x00zero"), 400),
        (request(b"", "A: a\nline"), 400),
        (request(b"", "A: a\rreturn"), 400),
        (request(b"{}", "Content-Length: +2"), 400),
        (request(b"{}", "Content-Length: 2, 2"), 400),
        (request(b"{}", "Content-Length: 2", "Content-Length: 2"), 400),
        (request(b"{}", "Content-Length: 2", "Transfer-Encoding: chunked"), 400),
        (request(b"{}", "Transfer-Encoding: gzip, chunked"), 400),
        (request(b"2;x=y\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 400),
        (request(b"0\r\nTrailer: x\r\n\r\n", "Transfer-Encoding: chunked"), 400),
        (request(b"1\r\n{}\r\n0\r\n\r\n......", "Transfer-Encoding: chunked"), 400),
        (request(b"{}", "Content-Length: 2", "Expect: 100-continue"), 417),
        (request(b"", "A: " + "a" * MAX_HEAD), 431),
        (b"x" * (MAX_HEAD + 5), 431),
    ],
)
def test_what_is_not_plainly_well_formed_is_refused(data: bytes, status: int) -> None:
    assert told([data]) == status


def test_a_peer_may_say_that_it_is_the_last() -> None:
    assert [one.last for one in taken([request(b"", "Connection: close")])] == [True]
    assert [one.last for one in taken([request(b"", "Connection: keep-alive")])] == [False]


# --- the oracle: a parser that the world uses (llhttp, through aiohttp)


def theirs(data: bytes) -> tuple[str, str, dict[str, str]] | None:
    """The head of the first request in ``data`` as aiohttp reads it; None where it refuses."""
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16, max_line_size=MAX_HEAD)
        messages, _upgraded, _tail = parser.feed_data(data)
    except BadHttpMessage:
        return None
    finally:
        loop.close()
    if not messages:
        return None
    head = messages[0][0]
    return head.method, head.path, {name.lower(): value for name, value in head.headers.items()}


PIECES = st.sampled_from(
    [
        "\r\n",
        "\n",
        "\r",
        ":",
        ": ",
        " ",
        "\t",
        "GET",
        "POST",
        "/",
        "/v1/hook",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/2",
        "Host: x\r\n",
        "Content-Length: 2",
        "Content-Length: 0",
        "transfer-encoding: chunked",
        "X-A: b",
        "0",
        "{}",
        "\x00",
        "\x7f",
        "ä",
        ",",
        "chunked",
        "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
@example("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
@example("POST /v1/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
def test_what_is_taken_another_reader_of_http_takes_the_same_way(text: str) -> None:
    data = text.encode("latin-1")
    ours = told([data])
    if isinstance(ours, list) and ours:
        head = ours[0].head
        said = theirs(data)
        assert said is not None
        method, path, fields = said
        assert (head.method, head.path) == (method, path)
        assert head.fields.keys() == fields.keys()
        assert [v.encode("latin-1") for v in head.fields.values()] == [
            v.encode("utf-8", "surrogateescape") for v in fields.values()
        ]
