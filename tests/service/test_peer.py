"""Who is at the other end, from the kernel."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bailiwick.service.account import principal_of
from bailiwick.service.peer import own_uid, process_started, tcp_peer, unix_peer
from governed import BUSY, READ, Client, records, running, verdict

AS_NOBODY = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
connection = socket.socket()  # what resolves names is loaded late, from files that account may not read
connection.connect(("127.0.0.1", int(sys.argv[1])))
connection.sendall(sys.stdin.buffer.read())
sys.stdout.buffer.write(connection.recv(65536))
"""

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def test_a_unix_peer_is_this_process() -> None:
    one, two = socket.socketpair(socket.AF_UNIX)
    with closing(one), closing(two):
        peer = unix_peer(one)
    assert (peer.uid, peer.pid) == (own_uid(), os.getpid())


def test_a_tcp_peer_is_the_owner_of_the_other_socket() -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        closing(socket.create_connection(server.getsockname())) as theirs,
        closing(server.accept()[0]) as ours,
    ):
        peer = tcp_peer(ours)
        assert peer is not None
        assert (peer.uid, peer.pid) == (os.geteuid(), 0)
        theirs.shutdown(socket.SHUT_WR)
        assert tcp_peer(ours) == peer, "half closed is still held by its owner"
        assert tcp_peer(ours, table=Path("/nonexistent")) is None


def test_a_socket_that_nobody_holds_is_nobody_s() -> None:
    """The kernel lists such a socket as root's; a session of root must not be had that way."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        closing(socket.create_connection(server.getsockname())) as theirs,
        closing(server.accept()[0]) as ours,
    ):
        theirs.close()
        assert tcp_peer(ours) is None


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    assert process_started(os.getpid()) == process_started(os.getpid())
    child = subprocess.Popen(["sleep", "60"])
    assert process_started(child.pid) is not None
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert process_started(child.pid) is None


def test_a_process_may_be_named_as_it_likes() -> None:
    code = "import ctypes;ctypes.CDLL(None).prctl(15, b') 1 (x) 2');print('up', flush=True);input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        started, here = process_started(child.pid), process_started(os.getpid())
        child.kill()
    assert started is not None
    assert here is not None
    assert started >= here
    assert ctypes.sizeof(ctypes.c_long) == 8


def test_accounts_come_from_the_system() -> None:
    me = principal_of(os.geteuid())
    assert me.uid == os.geteuid()
    assert me.home.startswith("/")
    assert me.groups
    assert (principal_of(4_000_000).user, principal_of(4_000_000).groups) == ("uid:4000000", frozenset())


@only_root
def test_another_account_gets_nothing_with_a_session_s_secret(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        client: Client = service.open()
        done = subprocess.run(
            [sys.executable, "-I", "-c", AS_NOBODY, str(client.port)],
            input=client.request(READ),
            capture_output=True,
            timeout=BUSY,
            check=True,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert verdict(body) == "deny"
        assert b"another account" in body
        stranger = records(service.places.state, kind="refused-input", session=client.key)[-1]
        assert stranger["uid"] != os.geteuid(), "who tried, not whose session it is"
        assert verdict(client.hook(READ)) == "allow"
