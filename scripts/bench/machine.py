"""The machine's own floor: what nothing can be faster than here."""

import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure

ROUNDS = 200


def floor() -> Iterator[Figure]:
    """Starting a process, starting Python, one loopback exchange, one fsync."""
    section = "This machine's floor (median)"
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    yield Figure(section=section, name="processors, load", value=f"{os.cpu_count()}, {load}")
    for name, command, rounds in (
        ("start /bin/true", ["/bin/true"], ROUNDS),
        ("start sh -c true", ["/bin/sh", "-c", "true"], ROUNDS),
        ("start python3 -IS -c pass", ["/usr/bin/python3", "-IS", "-c", "pass"], 30),
    ):
        yield _milliseconds(section, name, [_timed_process(command) for _ in range(rounds)])
    yield _milliseconds(section, "loopback TCP round trip", _round_trips())
    yield _milliseconds(section, "fsync of 4 KiB", _fsyncs())


def _milliseconds(section: str, name: str, seconds: list[float]) -> Figure:
    return Figure(section=section, name=name, value=f"{statistics.median(seconds) * 1000:.3f} ms")


def _timed_process(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def _round_trips() -> list[float]:
    server = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        peer, _ = server.accept()
        with peer:
            while data := peer.recv(4096):
                peer.sendall(data)

    threading.Thread(target=echo, daemon=True).start()
    times = []
    with socket.create_connection(server.getsockname()) as peer:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            peer.sendall(b"x" * 1000)
            peer.recv(4096)
            times.append(time.perf_counter() - began)
    server.close()
    return times


def _fsyncs() -> list[float]:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / "bench-fsync"  # noqa: S108 - where the bench's state is too
    times = []
    with path.open("wb") as file:
        for _ in range(ROUNDS):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return times
