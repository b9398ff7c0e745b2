"""What the service adds to an HTTP hook at the pace of a session: one call in 25 ms, when its caches are cold.

Called one after another without a pause it looks two or three times as fast as it is for anybody. Calls to an endpoint
that answers at once alternate with calls to ours; what counts is the difference, and how often each gave up the processor.
"""

import json
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, median_interval

CALLS = 200
PAUSE = 0.025
SECTION = "The service at the pace of a session (one call in 25 ms, no client)"


def paced(idle_port: int, port: int, token: str, pid: int, event: dict[str, object]) -> Iterator[Figure]:
    """``token`` is the session's secret as its header has it, ``pid`` the service's process."""
    ours, idle = (socket.create_connection(("127.0.0.1", number)) for number in (port, idle_port))
    with ours, idle:
        for peer in (ours, idle):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times: list[tuple[float, float]] = []
        before = _switches(pid)
        for number in range(CALLS):
            body = json.dumps({**event, "tool_use_id": f"toolu_{number:06d}"}).encode()
            head = f"POST /v1/hook HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
            times.append((_exchange(ours, head.encode() + body), _exchange(idle, head.encode() + body)))
        switches = (_switches(pid) - before) / CALLS
    added = [mine - least for mine, least in times]
    low, high = median_interval(added)
    value = f"{statistics.median(added):+.2f} ms [{low:+.2f}, {high:+.2f}]"
    yield Figure(section=SECTION, name="over an endpoint that answers at once", value=value)
    yield Figure(section=SECTION, name="waits of the service in a call", value=f"{switches:.1f}")


def _exchange(peer: socket.socket, request: bytes) -> float:
    """Milliseconds to the answer, after a pause."""
    time.sleep(PAUSE)
    began = time.perf_counter()
    peer.sendall(request)
    peer.recv(1 << 16)
    return (time.perf_counter() - began) * 1000


def _switches(pid: int) -> int:
    """How often the threads of a process gave up the processor of themselves (proc(5))."""
    statuses = (
        task.joinpath("status").read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").iterdir()
    )
    return sum(
        int(line.split()[1])
        for text in statuses
        for line in text.splitlines()
        if line.startswith("voluntary")
    )
