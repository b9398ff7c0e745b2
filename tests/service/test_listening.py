"""The service on sockets that a service manager holds for it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bailiwick.service.listening import StartError, listen
from bailiwick.service.places import Places
from governed import READ, Running, reply, verdict, write_policy

HAND_OVER = """
import os, sys
count = int(sys.argv[1])
for number, given in enumerate(map(int, sys.argv[2 : 2 + count]), 3):
    os.dup2(given, number + 40)
for number in range(3, 3 + count):
    os.dup2(number + 40, number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": "x"}
os.execv(sys.argv[2 + count], sys.argv[2 + count :])
"""
"""What systemd does between fork and exec, sd_listen_fds(3)."""


@dataclass
class Managed(Running):
    """The service, started by a manager that holds its sockets whether it runs or not."""

    held: tuple[socket.socket, ...] = ()

    def command(self) -> list[str]:
        numbers = [str(one.fileno()) for one in self.held]
        return [sys.executable, "-c", HAND_OVER, str(len(numbers)), *numbers, *super().command()]


def tcp(host: str = "127.0.0.1") -> socket.socket:
    return inheritable(socket.create_server((host, 0)))


def unix(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    return inheritable(listener)


def inheritable(listener: socket.socket) -> socket.socket:
    listener.set_inheritable(True)
    return listener


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Managed]:
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **how: popen(*words, close_fds=False, **how))
    made = Managed(tmp_path)
    write_policy(made.policy)
    with ExitStack() as stack:
        made.held = (stack.enter_context(tcp()), stack.enter_context(unix(made.places.socket)))
        yield made
        if made.process is not None and made.process.poll() is None:
            made.kill(signal.SIGTERM)


def test_a_call_made_while_the_service_is_away_is_answered_when_it_is_back(service: Managed) -> None:
    service.start()
    client = service.open()
    assert client.port == service.held[0].getsockname()[1]
    assert verdict(client.hook(READ)) == "allow"
    service.kill()
    with closing(client.connect()) as connection:
        connection.sendall(client.request(READ))
        service.start()
        assert verdict(reply(connection)) == "allow"


def test_nobody_else_can_answer_while_it_is_away(service: Managed) -> None:
    service.start()
    port = service.open().port
    service.kill()
    with socket.socket() as impostor:
        impostor.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            impostor.bind(("127.0.0.1", port))
    assert service.places.socket.is_socket()


@pytest.mark.parametrize("fault", ["one", "three", "everywhere", "same"])
def test_other_sockets_than_expected_are_refused_with_the_mend(service: Managed, fault: str) -> None:
    hooks, callers = service.held
    with tcp("0.0.0.0") as everywhere, tcp() as more:  # noqa: S104 - what is refused
        service.held = {
            "one": (hooks,),
            "three": (hooks, callers, more),
            "everywhere": (everywhere, callers),
            "same": (hooks, more),
        }[fault]
        assert "ListenStream=127.0.0.1:PORT" in service.refused()


def test_what_is_meant_for_another_process_is_left_alone(tmp_path: Path) -> None:
    environment = {"LISTEN_PID": str(os.getppid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "HOME": "/"}
    listeners = listen(Places(state=tmp_path, policy=tmp_path), port=0, environment=environment)
    with closing(listeners):
        assert listeners.callers.getsockname() == str(tmp_path / "service.sock")
    assert environment == {"HOME": "/"}  # no child takes them for its own


def test_a_unix_socket_that_cannot_be_made_frees_the_port(tmp_path: Path) -> None:
    with tcp() as free:
        port = free.getsockname()[1]
    for _ in range(2):
        with pytest.raises(StartError, match="--state"):
            listen(Places(state=tmp_path / ("x" * 120), policy=tmp_path), port=port, environment={})


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="needs systemd")
def test_systemd_itself_hands_them_over(tmp_path: Path) -> None:
    service = Running(tmp_path)
    write_policy(service.policy)
    service.places.state.mkdir(mode=0o700)
    with tcp() as free:
        port = free.getsockname()[1]
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-l", str(service.places.socket)]
    with (tmp_path / "printed").open("ab") as printed:
        service.process = subprocess.Popen([*command, *service.command()], stdout=printed, stderr=printed)
    try:
        deadline = time.monotonic() + 20
        while not service.places.socket.exists():
            assert time.monotonic() < deadline, service.printed()
            time.sleep(0.01)
        assert service.call("GET", "/v1/status")["pid"] == service.process.pid
        client = service.open()
        assert client.port == port
        assert verdict(client.hook(READ)) == "allow"
    finally:
        service.kill(signal.SIGTERM)
