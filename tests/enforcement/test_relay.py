"""The relay and the policy helper against a service that fails in every way: no failure looks like an answer."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bailiwick import enforcement

PROGRAMS = Path(enforcement.__file__).parent
EVENT = b'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"}}'
TOKEN = "of-the-session"  # noqa: S105 - of no service


def reply(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


@contextmanager
def service(path: Path, act: Callable[[socket.socket, bytes], None]) -> Iterator[list[bytes]]:
    """A peer on a Unix socket that reads one request whole and then does ``act``."""
    heard: list[bytes] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            request = connection.recv(1 << 20)
            while b"\r\n\r\n" not in request:
                request += connection.recv(1 << 20)
            head, _, body = request.partition(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < size and (more := connection.recv(1 << 20)):
                body += more
            heard.append(head + b"\r\n\r\n" + body)
            act(connection, body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        listener.close()
        thread.join(timeout=5)


def run(
    program: str, *arguments: str, stdin: bytes = EVENT, token: str = TOKEN
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-IS", str(PROGRAMS / program), *arguments],
        input=stdin,
        capture_output=True,
        env={"BAILIWICK_TOKEN": token},
        timeout=60,
        check=False,
    )


def send(data: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(data)


def hang(connection: socket.socket, _: bytes) -> None:
    connection.settimeout(10)
    try:
        connection.recv(1)
    except OSError:
        return


def drip(connection: socket.socket, _: bytes) -> None:
    try:
        for byte in reply(b"{}" + b" " * 100):
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    except OSError:
        return


def test_an_answer_passes_as_it_is(tmp_path: Path) -> None:
    said = b'{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny"}}'
    with service(tmp_path / "s", send(reply(said))) as heard:
        done = run("relay.py", "--socket", str(tmp_path / "s"))
    assert (done.returncode, done.stdout, done.stderr) == (0, said, b"")
    assert heard[0].startswith(b"POST /v1/hook HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n" in heard[0]
    assert heard[0].endswith(b"\r\n\r\n" + EVENT)


def test_ten_megabytes_pass(tmp_path: Path) -> None:
    event = b'{"x":"' + b"y" * 10_000_000 + b'"}'
    with service(tmp_path / "s", send(reply(b"{}"))) as heard:
        done = run("relay.py", "--socket", str(tmp_path / "s"), stdin=event)
    assert (done.returncode, done.stdout) == (0, b"{}")
    assert heard[0].endswith(event)


def test_loopback_works_too() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(reply(b'{"a": 1}'))

    threading.Thread(target=serve, daemon=True).start()
    done = run("relay.py", "--port", str(listener.getsockname()[1]))
    listener.close()
    assert (done.returncode, done.stdout) == (0, b'{"a": 1}')


FAILURES = {
    "closed": (send(b""), "without a reply"),
    "empty body": (send(reply(b"")), "not a JSON object"),
    "blank body": (send(reply(b" \n")), "not a JSON object"),
    "garbled": (send(reply(b"{bad")), "not a JSON object"),
    "garbled inside": (send(reply(b'{"a":{"b":tru}}')), "not a JSON object"),
    "two values": (send(reply(b"{}{}")), "not a JSON object"),
    "text": (send(reply(b"allow")), "not a JSON object"),
    "array": (send(reply(b"[]")), "not a JSON object"),
    "null": (send(reply(b"null")), "not a JSON object"),
    "not a number": (send(reply(b'{"a":NaN}')), "not a JSON object"),
    "deep": (send(reply(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)), "not a JSON object"),
    "not UTF-8": (send(reply(b'{"a":"\xff"}')), "not a JSON object"),
    "byte order mark": (send(reply(b"\xef\xbb\xbf{}")), "not a JSON object"),
    "truncated": (send(reply(b'{"a":1}', length=9)), "cut off"),
    "too long": (send(reply(b'{"a":1}', length=2)), "cut off"),
    "no length": (send(b"HTTP/1.1 200 OK\r\n\r\n{}"), "how long"),
    "two lengths": (send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), "how long"),
    "half a head": (send(b"HTTP/1.1 200 OK\r\nContent-Le"), "not HTTP"),
    "not HTTP": (send(b"{}\r\n\r\n{}"), "not HTTP"),
    "server error": (send(reply(b"{}", status="500 no")), "status 500"),
    "refused by status": (send(reply(b"{}", status="403 no")), "status 403"),
    "redirect": (send(reply(b"{}", status="2000 no")), "status 2000"),
    "late": (hang, "in time"),
    "slow": (drip, "in time"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_blocks(name: str, tmp_path: Path) -> None:
    act, why = FAILURES[name]
    with service(tmp_path / "s", act):
        done = run("relay.py", "--socket", str(tmp_path / "s"), "--timeout", "1")
    assert (done.returncode, done.stdout) == (2, b"")
    assert why in done.stderr.decode()


def test_nobody_listens(tmp_path: Path) -> None:
    done = run("relay.py", "--socket", str(tmp_path / "nobody"))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"can't be reached" in done.stderr


def test_a_listener_that_never_accepts(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen(0)
    done = run("relay.py", "--socket", str(tmp_path / "s"), "--timeout", "1", stdin=b"x" * 1_000_000)
    listener.close()
    assert (done.returncode, done.stdout) == (2, b"")


BAD_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "both": ("--socket", "s", "--port", "1"),
    "no value": ("--socket",),
    "unknown": ("--socket", "s", "--verbose", "1"),
    "port 0": ("--port", "0"),
    "port 65536": ("--port", "65536"),
    "port in letters": ("--port", "x"),
    "endless": ("--socket", "s", "--timeout", "0"),
    "no time": ("--socket", "s", "--timeout", "-1"),
    "infinite": ("--socket", "s", "--timeout", "inf"),
    "no token file": ("--socket", "s", "--token-file", "/nonexistent"),
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_bad_arguments_block(name: str) -> None:
    done = run("relay.py", *BAD_ARGUMENTS[name])
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


@pytest.mark.parametrize(
    ("stdin", "why"),
    [(b"", b"no event"), (b"x" * (16 * 1024 * 1024 + 1), b"16 MiB")],
    ids=["empty", "oversized"],
)
def test_bad_input_blocks_before_anything_is_sent(stdin: bytes, why: bytes, tmp_path: Path) -> None:
    done = run("relay.py", "--socket", str(tmp_path / "nobody"), stdin=stdin)
    assert (done.returncode, done.stdout) == (2, b"")
    assert why in done.stderr


def test_input_that_never_ends_blocks(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    done = subprocess.run(
        [
            sys.executable,
            "-IS",
            str(PROGRAMS / "relay.py"),
            "--socket",
            str(tmp_path / "s"),
            "--timeout",
            "1",
        ],
        stdin=reader,
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.close(reader)
    os.close(writer)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "ä", "x" * 5000])
def test_a_secret_never_splits_the_request(token: str, tmp_path: Path) -> None:
    assert run("relay.py", "--socket", str(tmp_path / "s"), token=token).returncode == 2


def test_the_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    with service(tmp_path / "s", send(reply(b"{}"))) as heard:
        run("relay.py", "--socket", str(tmp_path / "s"), "--token-file", str(tmp_path / "token"))
    assert b"Bearer from-file\r\n" in heard[0]


def test_where_nothing_is_decided_a_failure_only_notes(tmp_path: Path) -> None:
    done = run("relay.py", "--notice", "--socket", str(tmp_path / "nobody"))
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_closed_standard_output_blocks(tmp_path: Path) -> None:
    with service(tmp_path / "s", send(reply(b"{}"))):
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                'exec "$0" -IS "$1" --socket "$2" >&-',
                sys.executable,
                str(PROGRAMS / "relay.py"),
                str(tmp_path / "s"),
            ],
            input=EVENT,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2


def test_helper_prints_the_envelope_and_says_who_asks(tmp_path: Path) -> None:
    envelope = b'{"managedSettings":{"permissions":{"deny":["WebSearch"]}}}'
    with service(tmp_path / "s", send(reply(envelope))) as heard:
        done = run("policy_helper.py", "--socket", str(tmp_path / "s"))
    assert (done.returncode, done.stdout) == (0, envelope)
    head, _, asked = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/helper HTTP/1.1\r\n")
    endpoint = os.environ.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
    assert json.loads(asked) == {
        "client_pid": os.getpid(),
        "cwd": str(Path.cwd()),
        "base_url": endpoint,
        "no_proxy": "",
        "shell": os.environ.get("CLAUDE_CODE_SHELL") or os.environ.get("SHELL") or "",
    }


def test_helper_says_any_directory(tmp_path: Path) -> None:
    strange = tmp_path / 'a "b"\\\n\u20ac\U0001f600'
    strange.mkdir()
    with service(tmp_path / "s", send(reply(b'{"managedSettings":{"a":1}}'))) as heard:
        script = f"cd '{strange}' && '{sys.executable}' -IS '{PROGRAMS / 'policy_helper.py'}' --socket '{tmp_path / 's'}'; true"
        subprocess.run(["/bin/sh", "-c", script], capture_output=True, timeout=60, check=True)
    assert json.loads(heard[0].partition(b"\r\n\r\n")[2])["cwd"] == str(strange)


def test_helper_says_the_endpoint_its_client_was_started_with(tmp_path: Path) -> None:
    with service(tmp_path / "s", send(reply(b'{"managedSettings":{"a":1}}'))) as heard:
        # The shell is the client: what it sets later, as a repository's settings do, is not what it was started with.
        script = f"export ANTHROPIC_BASE_URL=http://rogue.example; '{sys.executable}' -IS '{PROGRAMS / 'policy_helper.py'}' --socket '{tmp_path / 's'}'; true"
        subprocess.run(
            ["/bin/sh", "-c", script],
            capture_output=True,
            timeout=60,
            check=True,
            env={"ANTHROPIC_BASE_URL": "http://own.example"},
        )
    assert json.loads(heard[0].partition(b"\r\n\r\n")[2])["base_url"] == "http://own.example"


HELPER_FAILURES = {
    "closed": send(b""),
    "garbled": send(reply(b"{bad")),
    "no settings": send(reply(b"{}")),
    "empty settings": send(reply(b'{"managedSettings":{}}')),
    "settings of another kind": send(reply(b'{"managedSettings":"all"}')),
    "refused": send(reply(b'{"managedSettings":{"a":1}}', status="403 no")),
    "truncated": send(reply(b'{"managedSettings":{"a":1}}', length=99)),
    "late": hang,
}


@pytest.mark.parametrize("name", HELPER_FAILURES)
def test_no_failure_of_the_helper_looks_like_settings(name: str, tmp_path: Path) -> None:
    with service(tmp_path / "s", HELPER_FAILURES[name]):
        done = run("policy_helper.py", "--socket", str(tmp_path / "s"), "--timeout", "1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr


def test_helper_without_a_service(tmp_path: Path) -> None:
    done = run("policy_helper.py", "--socket", str(tmp_path / "nobody"))
    assert (done.returncode, done.stdout) == (1, b"")
