"""Talking to the running service over its Unix socket, and starting one where none runs."""

import errno
import fcntl
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from shutil import disk_usage
from typing import Any

import orjson

from bailiwick.service.places import Places
from bailiwick.service.policy_files import not_a_policy

START_SECONDS = 30.0
"""How long a service that was just started may take before it counts as not coming up."""

CALL_SECONDS = 10.0
"""How long one call may take."""


class ServiceError(Exception):
    """The service does not run, does not answer or refused; the message says what to do."""


class RefusedError(ServiceError):
    """What was asked is wrong or not for this account."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call(
    places: Places,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    seconds: float = CALL_SECONDS,
) -> dict[str, Any]:
    """One call to the service; its JSON answer. Raises ``ServiceError``."""
    connection = _UnixConnection(places.socket, seconds)
    try:
        connection.request(method, path, body=None if body is None else orjson.dumps(dict(body)))
        reply = connection.getresponse()
        said = orjson.loads(reply.read())
        if not isinstance(said, dict):
            raise ServiceError(f"what answers at {places.socket} is no Bailiwick service")
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ServiceError(f"no service answers at {places.socket} ({why}); {_mend(places)}") from error
    finally:
        connection.close()
    if reply.status != http.HTTPStatus.OK:
        told = str(said.get("error", f"the service answered {reply.status}"))
        raise (RefusedError if reply.status < http.HTTPStatus.INTERNAL_SERVER_ERROR else ServiceError)(told)
    return said


def _mend(places: Places) -> str:
    if places.machine_wide:
        return "`journalctl -u bailiwick` says why; `sudo systemctl restart bailiwick` tries again"
    return "`bailiwick claude` starts one with a session, `bailiwick service start` one alone"


def is_running(places: Places) -> bool:
    """Whether a service answers."""
    try:
        call(places, "GET", "/v1/status")
    except ServiceError:
        return False
    return True


def ensure_running(places: Places) -> None:
    """Start a service in the background unless one answers. Raises ``ServiceError`` with what it printed.

    ``RefusedError``: the person named a policy that isn't there; a service that has none would stay and be in the way.
    """
    if is_running(places):
        return
    if places.machine_wide:
        raise ServiceError(f"this machine's service does not run; {_mend(places)}")
    if places.policy_given and not places.policy.is_dir():
        raise RefusedError(not_a_policy(places.policy))
    try:
        places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (places.state / "starting").open("w") as alone:
            fcntl.flock(
                alone, fcntl.LOCK_EX
            )  # sessions that are started at the same moment start one service
            if not is_running(places):
                _start(places)
    except OSError as error:
        raise ServiceError(f"{error.filename or places.state}: {error.strerror or error}") from error


def _start(places: Places) -> None:
    log = os.open(places.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-m", "bailiwick.service.run"),
                *("--state", str(places.state), "--policy", str(places.policy)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(log)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if is_running(places):
            return
        if process.poll() is not None:
            said = places.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if not said and disk_usage(places.state).free == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(places.state))
            raise ServiceError(
                said[-1].removeprefix("bailiwick: ")
                if said
                else f"the service ended at once; see {places.log}"
            )
        time.sleep(0.02)
    raise ServiceError(f"the service did not come up within {START_SECONDS:g} s; see {places.log}")
