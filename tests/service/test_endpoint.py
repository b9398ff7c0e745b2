"""The real service process and its sockets: who may do what, and how answers leave."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import orjson
import pytest

from bailiwick.service.endpoint import MAX_BODY
from bailiwick.service.evidence import export
from bailiwick.service.http_reader import MAX_HEAD
from bailiwick.service.local import RefusedError, ServiceError
from bailiwick.service.log_reader import LogReader
from bailiwick.service.strangers import MAX_RECORDED
from governed import (
    BUSY,
    FORBIDDEN,
    READ,
    TIGHTER,
    Client,
    Running,
    event,
    records,
    reply,
    running,
    tool,
    verdict,
    wait_for,
    write_policy,
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture(scope="module")
def client(service: Running) -> Client:
    return service.open()


def test_calls_are_judged(client: Client) -> None:
    assert verdict(client.hook(READ)) == "allow"
    assert verdict(client.hook(FORBIDDEN)) == "deny"


@pytest.mark.parametrize(
    "token", ["", "0" * 64, "x" * 100_000, "\xe4\xf6"], ids=["none", "wrong", "long", "odd"]
)
def test_without_the_session_s_secret_there_is_only_a_denial(client: Client, token: str) -> None:
    head = f"POST /v1/hook HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(READ)}\r\n\r\n"
    with closing(client.connect()) as connection:
        connection.sendall(head.encode("latin-1") + READ)
        answered = http.client.HTTPResponse(connection)
        answered.begin()
        body = answered.read()
    # A header beyond the server's bound is no request at all, and so no answer that lets anything run.
    assert answered.status == 431 if len(token) > MAX_HEAD else verdict(body) == "deny"


def test_without_any_authorization_there_is_only_a_denial(service: Running, client: Client) -> None:
    with closing(client.connect()) as connection:
        connection.sendall(b"POST /v1/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        assert verdict(reply(connection)) == "deny"
    stranger = records(service.places.state, kind="refused-input")[-1]
    assert stranger["uid"] == os.geteuid(), "the kernel says who it was"


def test_a_stranger_does_not_fill_the_log(service: Running, client: Client) -> None:
    for _ in range(MAX_RECORDED + 10):
        with closing(client.connect()) as connection:
            connection.sendall(b"POST /v1/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            assert verdict(reply(connection)) == "deny"
    assert len(records(service.places.state, kind="refused-input")) == MAX_RECORDED


def test_the_secret_says_which_session_it_is(service: Running, client: Client) -> None:
    other = service.open(profile="open")
    assert other.token != client.token
    other.hook(tool("Read", "of-the-other", file_path="/tmp/x"))
    (record,) = records(service.places.state, call_id="of-the-other")
    assert (record["session"], record["profile"]) == (other.key, "open")


@pytest.mark.parametrize(
    "body", [READ, FORBIDDEN, b"{", event("FutureEvent")], ids=["allow", "deny", "bad", "notice"]
)
def test_an_answer_leaves_in_one_segment(client: Client, body: bytes) -> None:
    with closing(client.connect()) as connection:
        connection.sendall(client.request(body))
        first = connection.recv(1 << 20)
    head, _, said = first.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    assert len(lengths) == 1
    assert int(lengths[0].split(b":")[1]) == len(said) > 0
    assert head.startswith(b"HTTP/1.1 200 ")
    json.loads(said)


def test_a_connection_is_kept_and_serves_many_calls(client: Client) -> None:
    with closing(client.connect()) as connection:
        for number in range(20):
            connection.sendall(client.request(FORBIDDEN if number % 2 else READ))
            assert verdict(reply(connection)) == ("deny" if number % 2 else "allow")


def test_pipelined_calls_are_answered_in_order(client: Client) -> None:
    with closing(client.connect()) as connection:
        connection.sendall(client.request(READ) + client.request(FORBIDDEN) + client.request(READ))
        said, deadline = b"", time.monotonic() + BUSY
        while said.count(b"HTTP/1.1 200") < 3 or not said.endswith(b"}"):
            assert time.monotonic() < deadline
            said += connection.recv(65536)
    assert [b'"deny"' in part for part in said.split(b"HTTP/1.1 200")[1:]] == [False, True, False]


def test_a_body_may_come_in_pieces(client: Client) -> None:
    request = client.request(FORBIDDEN)
    with closing(client.connect()) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(request), 40):
            connection.sendall(request[start : start + 40])
            time.sleep(0.002)
        assert verdict(reply(connection)) == "deny"


def chunked(client: Client, chunks: list[bytes]) -> bytes:
    head = f"POST /v1/hook HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*chunks, b""])


def test_a_body_may_come_in_chunks(client: Client) -> None:
    with closing(client.connect()) as connection:
        connection.sendall(chunked(client, [FORBIDDEN[:10], FORBIDDEN[10:]]))
        assert verdict(reply(connection)) == "deny"


def test_a_body_that_never_ends_is_denied(client: Client) -> None:
    with closing(client.connect()) as connection:
        stop = threading.Event()

        def pour() -> None:
            part = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            connection.sendall(chunked(client, []).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            while not stop.is_set():
                try:
                    connection.sendall(part)
                except OSError:
                    return

        sender = threading.Thread(target=pour)
        sender.start()
        try:
            assert verdict(reply(connection)) == "deny"
        finally:
            stop.set()
            with suppress(OSError):  # the service may have closed it first
                connection.shutdown(socket.SHUT_RDWR)
            sender.join()


def test_a_body_over_the_bound_is_denied_and_one_below_is_judged(client: Client) -> None:
    large = tool("Write", file_path="/tmp/x", content="x" * 10_000_000)
    assert verdict(client.hook(large)) == "allow"
    assert verdict(client.hook(b" " * (MAX_BODY + 1))) == "deny"


def test_half_a_request_is_no_call(service: Running, client: Client) -> None:
    before = len(records(service.places.state, call_id="half"))
    with closing(client.connect()) as connection:
        connection.sendall(client.request(tool("Read", "half", file_path="/tmp/x"))[:-5])
    time.sleep(0.1)
    assert len(records(service.places.state, call_id="half")) == before == 0
    assert verdict(client.hook(READ)) == "allow", "and the service goes on"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v1/hook"), ("POST", "/v1/hook/"), ("POST", "/v2/hook"), ("HEAD", "/")],
)
def test_other_paths_are_nothing(client: Client, method: str, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", client.port)) as connection:
        connection.request(method, path)
        assert connection.getresponse().status == 404


@pytest.mark.parametrize("path", ["/v1/session", "/v1/helper", "/v1/reload", "/v1/why", "/v1/status"])
def test_over_tcp_only_hooks_are_served(client: Client, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", client.port)) as connection:
        body = json.dumps({"project": "/tmp", "client_pid": os.getpid(), "cwd": "/"})
        headers = {"Authorization": f"Bearer {client.token}"}
        connection.request("GET" if path == "/v1/status" else "POST", path, body, headers)
        answered = connection.getresponse()
        assert answered.status == 403
        assert "Unix socket" in json.loads(answered.read())["error"]


def test_concurrent_clients_get_their_own_answers(service: Running, client: Client) -> None:
    def one(number: int) -> bool:
        body = tool("Write", f"many-{number}", file_path="/etc/x" if number % 2 else "/tmp/x")
        return verdict(client.hook(body)) == ("deny" if number % 2 else "allow")

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(120)))
    ids = {one["call_id"] for one in records(service.places.state, kind="tool-call")}
    assert {f"many-{number}" for number in range(120)} <= ids


def test_hooks_are_served_on_the_unix_socket_too(service: Running, client: Client) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(service.places.socket))
        connection.sendall(client.request(FORBIDDEN))
        assert verdict(reply(connection)) == "deny"


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({"project": "relative"}, "project"),
        ({"project": 7}, "project"),
        ({"profile": 7}, "profile"),
        ({"profile": "nobody's"}, "roles.yaml"),
        ({"base_url": 7}, "base_url"),
        ({"allowed_tools": "Read"}, "allowed_tools"),
        ({"read_only_files": ["[z-a]"]}, "--readOnlyFiles"),
        ({"max_bash_timeout": 0}, "max_bash_timeout"),
        ({"max_bash_timeout": True}, "max_bash_timeout"),
    ],
)
def test_a_wish_that_is_wrong_is_refused_by_name(
    service: Running, wish: dict[str, object], named: str
) -> None:
    with pytest.raises(RefusedError, match=named):
        service.open(**wish)


def test_a_session_may_only_narrow(service: Running) -> None:
    narrowed = service.open(allowed_tools=["Read"], read_only_files=["/srv/**"])
    assert verdict(narrowed.hook(READ)) == "allow"
    assert verdict(narrowed.hook(tool("Write", file_path="/tmp/x"))) == "deny"
    wide = service.open(allowed_tools=["Read", "Write"], read_only_files=["/srv/**"])
    assert verdict(wide.hook(tool("Write", file_path="/tmp/x"))) == "allow"
    assert verdict(wide.hook(tool("Write", file_path="/srv/x"))) == "deny"
    assert verdict(wide.hook(FORBIDDEN)) == "deny"


def test_what_flags_made_of_a_policy_is_on_record_and_in_evidence(service: Running, tmp_path: Path) -> None:
    opened = service.open(), service.open(max_bash_timeout=30)
    opened[1].hook(READ)
    with LogReader(service.places.state) as reader:
        records = [entry.record for entry in reader.entries()]
        export(reader, tmp_path / "pack", from_ms=0, to_ms=2**53)
    keys = [one.key for one in opened]
    mine = [one for one in records if one.get("session") in keys]
    plain, narrowed = [one for one in mine if one.get("text", "").startswith("session opened")]
    assert "extra" not in plain
    told = orjson.loads(narrowed["extra"])
    assert told["flags"] == {"max_bash_timeout": 30}
    assert [one["policy"] for one in mine if one["kind"] == "tool-call"] == [told["session_policy"]]
    assert narrowed["policy"] in [kept.stem for kept in (tmp_path / "pack/policies").iterdir()]


def test_a_project_is_taken_without_its_detours(service: Running) -> None:
    key = service.open(project="/tmp/a/../b/./").key
    (session,) = (s for s in service.call("GET", "/v1/status")["sessions"] if s["key"] == key)
    assert session["project"] == "/tmp/b"


def test_the_helper_gives_a_client_process_one_session(service: Running) -> None:
    asked = {"client_pid": os.getpid(), "cwd": "/tmp"}
    first, second = (service.call("POST", "/v1/helper", asked) for _ in range(2))
    assert first == second
    assert first["managedSettings"]
    for wrong in (
        {"cwd": "/tmp"},
        {"client_pid": os.getpid(), "cwd": "x"},
        {"client_pid": 2**22 + 7, "cwd": "/"},
    ):
        with pytest.raises(RefusedError):
            service.call("POST", "/v1/helper", wrong)


def test_status_tells_what_runs(service: Running, client: Client) -> None:
    status = service.call("GET", "/v1/status")
    assert status["policy"] == str(service.policy)
    assert status["profiles"] == ["dev", "open"]
    assert status["problem"] is None
    assert status["url"].endswith(f":{client.port}")
    assert client.key in {session["key"] for session in status["sessions"]}
    assert client.token not in json.dumps(status)


def test_why_tells_the_last_call_that_was_stopped(service: Running) -> None:
    mine = service.open()
    assert service.call("POST", "/v1/why", {"session": mine.key})["denied"] is None
    mine.hook(FORBIDDEN)
    mine.hook(READ)
    said = service.call("POST", "/v1/why", {"session": mine.key})
    assert said["denied"]["enforced"] == "deny"
    assert said["denied"]["reasons"][0]["origin"] == "profiles/dev.yaml:7"
    assert said["contact"] == "the platform team"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_object_is_refused(service: Running, body: bytes) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(service.places.socket))
        connection.sendall(
            b"POST /v1/why HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        answered = http.client.HTTPResponse(connection)
        answered.begin()
        assert answered.status == 400


def test_the_service_s_size_is_printed(service: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text(encoding="utf-8")
    with capsys.disabled():
        print("\nservice:", next(line for line in status.splitlines() if line.startswith("VmRSS")))  # noqa: T201


def test_the_log_of_all_this_is_intact(service: Running) -> None:
    with LogReader(service.places.state) as log:
        assert log.verify().intact


def test_a_killed_service_has_every_record_it_answered_for_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        client = service.open(profile="open")
        client.hook(tool("Skill", "skill", skill="pdf"))
        for number in range(5):
            client.hook(tool("Read", f"n{number}", file_path="/tmp/x"))
        service.kill(signal.SIGKILL)
        assert [f"n{number}" for number in range(5)] == [
            one["call_id"] for one in records(service.places.state, tool="Read")
        ]
        with pytest.raises(OSError, match="refused"):
            client.hook(READ)
        with pytest.raises(ServiceError, match="bailiwick service start"):
            service.call("GET", "/v1/status")
        assert service.places.socket.exists(), "a stale socket is left"
        service.start()
        # The same port, the same secret, the same session in the same course of the same skill.
        assert verdict(client.hook(tool("Read", "again", file_path="/tmp/x"))) == "allow"
        (record,) = records(service.places.state, call_id="again")
        assert (record["session"], record["profile"], record["skills"]) == (client.key, "open", ["pdf"])
        with LogReader(service.places.state) as log:
            assert log.verify().intact


def test_a_policy_is_reloaded_hot_and_only_by_one_that_compiles(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        client = service.open()
        target = tool("Write", file_path="/opt/x")
        assert verdict(client.hook(target)) == "allow"
        first = service.call("GET", "/v1/status")["revision"]

        write_policy(service.policy, {"profiles/dev.yaml": "profile: dev\nnonsense: [\n"})
        broken = service.call("POST", "/v1/reload", {})
        assert "profiles/dev.yaml:" in broken["problem"]
        assert broken["revision"] == first
        assert verdict(client.hook(target)) == "allow"
        assert records(service.places.state, kind="policy-refused")

        # Under load, every answer is by the old or by the new policy, and once by the new never by the old.
        said: list[str] = []
        stop = threading.Event()

        def load() -> None:
            while not stop.is_set():
                said.append(verdict(client.hook(target)))

        loaders = [threading.Thread(target=load) for _ in range(3)]
        for loader in loaders:
            loader.start()
        write_policy(service.policy, {"profiles/dev.yaml": TIGHTER})
        status = wait_for(service, problem=None)
        after = len(said)
        deadline = time.monotonic() + 15
        while len(said) < after + 20:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stop.set()
        for loader in loaders:
            loader.join()
        assert status["revision"] != first
        assert set(said) == {"allow", "deny"}
        assert set(said[after + 3 :]) == {"deny"}

        # A directory that is gone changes nothing either.
        service.policy.rename(tmp_path / "away")
        assert "not a directory" in service.call("POST", "/v1/reload", {})["problem"]
        assert verdict(client.hook(target)) == "deny"


def test_the_remembered_policy_holds_where_the_directory_s_does_not_compile_at_start(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        client = service.open()
        service.kill(signal.SIGTERM)
        assert records(service.places.state, kind="service-stop")
        write_policy(service.policy, {"roles.yaml": "roles: 7\n"})
        service.start()
        status = service.call("GET", "/v1/status")
        assert "roles.yaml:1" in status["problem"]
        assert status["profiles"] == ["dev", "open"]
        assert verdict(client.hook(READ)) == "allow"
        assert verdict(client.hook(FORBIDDEN)) == "deny"
        write_policy(service.policy)
        wait_for(service, problem=None)


def test_without_any_policy_that_compiles_the_service_runs_and_denies_everything(tmp_path: Path) -> None:
    write_policy(tmp_path / "policy", {"organisation.yaml": "organisation: [\n"})
    with running(tmp_path) as service:
        status = service.call("GET", "/v1/status")
        assert status["revision"] is None
        assert "organisation.yaml:" in status["problem"]
        with pytest.raises(RefusedError, match=r"organisation\.yaml"):
            service.open()
        write_policy(service.policy)
        wait_for(service, problem=None)
        assert verdict(service.open().hook(READ)) == "allow"
