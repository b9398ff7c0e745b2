"""Who is at the other end of a connection, established by the kernel and never by what the peer says."""

import os
import socket
import struct
from pathlib import Path

from bailiwick.model.value import value


@value(frozen=True, slots=True, kw_only=True)
class Peer:
    """The account that owns the connecting socket; ``pid`` is 0 where the kernel does not tell (TCP)."""

    uid: int
    pid: int = 0


def unix_peer(connection: socket.socket) -> Peer:
    """The process that connected to a Unix socket (``SO_PEERCRED``, unix(7)). Raises OSError."""
    size = struct.calcsize("3i")
    pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return Peer(uid=uid, pid=pid)


def tcp_peer(connection: socket.socket, *, table: Path = Path("/proc/net/tcp")) -> Peer | None:
    """The owner of the loopback socket connected to ours, from the kernel's socket table (proc(5)).

    None when the table does not list it, as for a peer that has already gone.
    """
    theirs, ours = _hex(connection.getpeername()), _hex(connection.getsockname())
    try:
        rows = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for row in rows:
        columns = row.split()
        # A socket that nobody holds any more (inode 0) is listed as root's, whoever it was.
        if columns[1] == theirs and columns[2] == ours and columns[9] != "0":
            return Peer(uid=int(columns[7]))
    return None


def _hex(address: tuple[str, int]) -> str:
    """An IPv4 address as the table spells it: the address in host byte order, the port in hexadecimal."""
    (host,) = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{host:08X}:{address[1]:04X}"


def process_started(pid: int) -> int | None:
    """When ``pid`` started, in clock ticks since boot, so that a reused id is told apart. None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def parent_of(pid: int) -> int:
    """The process that started ``pid``, or took it over; 0 where there is none or it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def own_uid() -> int:
    """The account this process runs as."""
    return os.geteuid()
