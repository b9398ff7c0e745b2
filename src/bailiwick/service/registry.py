"""The sessions this service governs, in memory; their rows are stored with the audit record that changed them."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path

from bailiwick.information.sessions import SessionState
from bailiwick.model.value import value

KEY_BYTES = 32
"""Length of the service's key (HMAC-SHA-256)."""


@value(frozen=False, slots=True)
class Registry:
    """Sessions by name and by secret.

    A session's secret is an HMAC of its name under the service's own key: nothing that opens a session is
    stored, and the same session gets the same secret again after a restart.
    """

    key: bytes
    _by_key: dict[str, SessionState] = field(default_factory=dict)
    _by_token: dict[str, str] = field(default_factory=dict)

    def restore(self, states: Iterable[SessionState]) -> None:
        """Know the sessions again that were known when the service last ran."""
        for state in states:
            self.put(state)

    def put(self, state: SessionState) -> None:
        """Remember ``state`` in place of what was known under its name."""
        self._by_key[state.key] = state
        self._by_token[self.token(state)] = state.key

    def drop(self, key: str) -> None:
        """Know the session named ``key`` no longer; its secret opens nothing from now on."""
        state = self._by_key.pop(key, None)
        if state is not None:
            self._by_token.pop(self.token(state), None)

    def token(self, state: SessionState) -> str:
        """The secret that the session's hooks present."""
        return hmac.new(self.key, state.key.encode(), hashlib.sha256).hexdigest()

    def by_token(self, token: str) -> SessionState | None:
        """The session whose secret ``token`` is."""
        return self._by_key.get(self._by_token.get(token, ""))

    def by_key(self, key: str) -> SessionState | None:
        """The session named ``key``."""
        return self._by_key.get(key)

    def by_process(self, uid: int, pid: int, started: int) -> SessionState | None:
        """The session of that client process, if it has one."""
        for state in reversed(self._by_key.values()):
            if (state.uid, state.client_pid, state.client_started) == (uid, pid, started) and not state.ended:
                return state
        return None

    def __iter__(self) -> Iterator[SessionState]:
        return iter(tuple(self._by_key.values()))


def new_key() -> str:
    """A session name people can read out: 40 random bits in hexadecimal."""
    return "s-" + secrets.token_hex(5)


def service_key(path: Path) -> bytes:
    """The service's own key, made on first use, readable by its account only.

    Written whole or not at all: a key cut short would make every session's secret easy to guess. Raises
    ``OSError``.
    """
    try:
        known = path.read_bytes()
    except FileNotFoundError:
        fresh = secrets.token_bytes(KEY_BYTES)
        temporary = path.with_name(f"{path.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        return fresh
    if len(known) != KEY_BYTES:
        raise OSError(
            f"{path}: {len(known)} bytes instead of {KEY_BYTES}; remove it to have a new one made "
            "(sessions that are open then have to be started again)"
        )
    return known
