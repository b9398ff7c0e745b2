"""The lock in a policy repository: read whenever it changes, written whole or not at all."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bailiwick.administration.skills.lock import (
    LOCK,
    MAX_LOCK,
    SIGNATURE,
    Lock,
    LockError,
    read_lock,
    written,
)
from bailiwick.information.approvals import Approvals
from bailiwick.model.value import value
from bailiwick.policy.types import Approver

NONE_YET = f"the policy repository has no {LOCK}"


@value(frozen=False, slots=True)
class LockFile:
    """The approvals in force. ``seen`` is the highest version known: an older lock is one that was rolled back."""

    directory: Path
    seen: int = 0
    _stamp: object = None
    _lock: Lock | None = None
    _approvals: Approvals = field(default_factory=lambda: Approvals(problem=NONE_YET))

    def approvals(self, approvers: Sequence[Approver], now: int) -> Approvals:
        """What holds now. Two looks at the disk where nothing changed; never raises."""
        stamp = (_stamp(self.directory / LOCK), _stamp(self.directory / SIGNATURE), tuple(approvers))
        if stamp != self._stamp or (self._lock is not None and now >= self._lock.expires):
            self._stamp = stamp
            self._lock, self._approvals = None, Approvals(problem=NONE_YET)
            try:
                self._lock = load(self.directory, approvers, now=now, seen=self.seen)
                self._approvals = self._lock.approvals()
                self.seen = max(self.seen, self._lock.version)
            except LockError as error:
                self._approvals = Approvals(problem=str(error))
        return self._approvals


def load(directory: Path, approvers: Sequence[Approver], *, now: int, seen: int = 0) -> Lock:
    """The lock of a policy repository, verified. Raises ``LockError``; one that isn't there is an error too."""
    try:
        text, signature = (_read(directory / name) for name in (LOCK, SIGNATURE))
    except FileNotFoundError as error:
        gone = LOCK if Path(str(error.filename)).name == Path(LOCK).name else SIGNATURE
        if any((directory / name).exists() for name in (LOCK, SIGNATURE)):
            raise LockError(f"{gone} is missing; restore it from the repository's history") from None
        raise LockError(f"{NONE_YET}; `bailiwick skill approve` writes it") from None
    except OSError as error:
        raise LockError(f"{error.filename}: {error.strerror}") from None
    return read_lock(text, signature, approvers, now=now, seen=seen)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_LOCK + 1)


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        seen = path.stat()
    except OSError as error:
        return (error.errno or -1,)
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def save(directory: Path, lock: Lock, key: Ed25519PrivateKey, *, now: int) -> None:
    """Write the lock's two files, each in one step. In between the pair doesn't fit, and nothing is approved. Raises ``OSError``."""
    text, signature = written(lock, key, now=now)
    for name, content in ((SIGNATURE, signature), (LOCK, text)):
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".lock-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).chmod(0o644)
        Path(fresh).replace(path)
