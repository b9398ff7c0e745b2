"""The two sockets the service listens on: handed over by the service manager, or made here.

A manager that holds them (sd_listen_fds(3)) closes a gap: while the service is away nobody else can take its port
and answer for it, and who calls meanwhile waits for the service instead of being refused.
"""

import errno
import os
import socket
from collections.abc import MutableMapping
from typing import Final

from bailiwick.model.value import value
from bailiwick.service.places import Places

HOST: Final = "127.0.0.1"

MAX_SOCKET_PATH: Final = 107
"""Bytes of a Unix socket's path at most (unix(7))."""

_FIRST_GIVEN: Final = 3
"""The first descriptor that a service manager hands over."""

_BACKLOG: Final = 256


class StartError(Exception):
    """The service can't start; the message names what is in the way and the mend."""


@value(frozen=True, slots=True, kw_only=True)
class Listeners:
    """``hooks`` is loopback TCP, for the client; ``callers`` is the Unix socket, for everything else."""

    hooks: socket.socket
    callers: socket.socket

    def close(self) -> None:
        """Listen no more."""
        self.hooks.close()
        self.callers.close()


def listen(places: Places, *, port: int, environment: MutableMapping[str, str] | None = None) -> Listeners:
    """Both sockets, listening. ``port`` is the one used before, since running clients were told that one; 0 is any.

    What the manager hands over goes before it, and is handed to no child. Raises ``StartError``.
    """
    given = _given(os.environ if environment is None else environment)
    if given is not None:
        return given
    hooks = _loopback(places, port)
    try:
        callers = _unix(places)
    except StartError:
        hooks.close()
        raise
    return Listeners(hooks=hooks, callers=callers)


def _given(environment: MutableMapping[str, str]) -> Listeners | None:
    """What the service manager hands over, None if nothing."""
    meant = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "0")
    environment.pop("LISTEN_FDNAMES", None)
    if meant != str(os.getpid()) or count == "0":
        return None
    try:
        given = [socket.socket(fileno=number) for number in range(_FIRST_GIVEN, _FIRST_GIVEN + int(count))]
        hooks, callers = sorted(given, key=lambda one: one.family == socket.AF_UNIX)
        expected = (
            hooks.family == socket.AF_INET
            and callers.family == socket.AF_UNIX
            and hooks.getsockname()[0] == HOST
        )
    except (OSError, ValueError):
        expected = False
    if not expected:
        raise StartError(
            f"the service manager hands over other sockets than the two expected: write `ListenStream={HOST}:PORT` "
            "and `ListenStream=` with the path of service.sock into its socket unit, and nothing else"
        )
    for one in given:
        one.set_inheritable(False)
    return Listeners(hooks=hooks, callers=callers)


def _loopback(places: Places, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise StartError(f"{HOST}:{port}: {error.strerror}") from error
        raise StartError(
            f"port {port} on {HOST} is taken by another process; running sessions were told this port, so end "
            f"that process, or use a fresh state directory instead of {places.state}"
        ) from error
    listener.listen(_BACKLOG)
    return listener


def _unix(places: Places) -> socket.socket:
    """The Unix socket. A stale one is ours to remove: the store's lock says that no other service runs here."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        places.socket.unlink(missing_ok=True)
        listener.bind(str(places.socket))
        places.socket.chmod(0o666 if places.machine_wide or os.geteuid() == 0 else 0o600)
    except OSError as error:
        listener.close()
        mend = "; name a shorter --state" if len(str(places.socket)) > MAX_SOCKET_PATH else ""
        raise StartError(f"{places.socket}: {error.strerror or error}{mend}") from error
    listener.listen(_BACKLOG)
    return listener
