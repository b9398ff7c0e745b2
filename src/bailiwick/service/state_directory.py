"""The state directory: who may open it, one at a time, and the keys in it."""

import contextlib
import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Self

from bailiwick.audit.chain import tail_key
from bailiwick.audit.note import Algorithm, NoteError, Signer, VerifierKey, parse_keys
from bailiwick.model.value import value
from bailiwick.service import at_rest

SEED_SIZE = 32

AT_REST = "log.digests"
"""Where the digests of the databases stand while nobody writes them."""

_PRIVATE_FILES = (
    *("log.key", "log-mldsa44.key", "log.pub", "redaction.key", "seal.key"),
    *("log.db", "log.db-wal", "log.db-shm", "keys.db"),
)


class StoreError(Exception):
    """The state directory can't be used or a write didn't reach stable storage. ``mend`` says what to do."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(f"{message}. To mend: {mend}" if mend else message)
        self.mend = mend


def mend_of(error: Exception) -> str:
    """What helps where a database of the state directory can't be read or written."""
    text = str(error).lower()
    if "full" in text or "no space" in text or "file too large" in text:
        return "free disk space; the service recovers by itself"
    if "i/o" in text:
        return "check the disk (dmesg); the service recovers by itself once writes succeed"
    if "not a database" in text or "malformed" in text:
        return "the file is damaged: keep it for who looks into that, and put a copy of the whole directory in its place"
    if "unable to open" in text or "readonly" in text or "denied" in text:
        return "do it as the account that owns it"
    return "see `bailiwick doctor`"


def no_log(database: Path) -> StoreError:
    """The error of whoever wants to read a log that isn't there."""
    return StoreError(
        f"{database}: no log here",
        mend="`bailiwick claude` starts a governed session, with which a log begins; if there is one elsewhere, name its directory with --state",
    )


@value(frozen=True, slots=True)
class StateDirectory:
    """A state directory that this process holds. ``lock`` is the open descriptor that holds it.

    ``fresh`` says that the log in it is still to be created; ``publish`` ends that.
    """

    path: Path
    lock: int
    name: str
    fresh: bool

    @classmethod
    def acquire(cls, path: Path, randomness: Callable[[int], bytes]) -> Self:
        """Check and lock ``path``, creating it (0700) and its keys (0600) when new. Raises StoreError."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_private(path, directory=True)
            lock = _open_private(path / "lock", os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        try:
            _hold(path, lock)
            if (path / AT_REST).exists():
                (path / AT_REST).unlink()
                sync_directory(path)  # one that a power cut brings back would be of what stood here before
            directory = cls(path, lock, *_prepare(path, randomness))
        except OSError as error:
            os.close(lock)
            raise StoreError(f"{error.filename or path}: {error.strerror}") from error
        except StoreError:
            os.close(lock)
            raise
        return directory

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "log.db"

    @property
    def epoch(self) -> str:
        """The name of this log since it was created."""
        return self.name.rpartition("/")[2]

    def signer(self) -> Signer:
        """The key that signs every checkpoint, under the log's origin. Raises StoreError."""
        return self._signer("log.key", Algorithm.ED25519)

    def second_signer(self) -> Signer:
        """The key, safe from quantum computers, that signs checkpoints that are kept. Raises StoreError."""
        return self._signer("log-mldsa44.key", Algorithm.ML_DSA_44)

    def _signer(self, name: str, algorithm: Algorithm) -> Signer:
        signer = Signer.from_seed(self.name, read_secret(self.path / name), algorithm)
        if not self.fresh and signer.verifier not in read_verifiers(self.path):
            raise StoreError(f"{self.path / name}: isn't the key of log.pub", mend="restore it from a backup")
        return signer

    def tail_key(self) -> bytes:
        """The key of what vouches for entries until they are signed for (``audit.chain.tail_tag``). Raises StoreError."""
        return read_tail_key(self.path)

    def publish(self) -> None:
        """Write ``log.pub`` for a log that now exists: from here on a missing log is a removed log."""
        if self.fresh:
            keys = (self.signer().verifier, self.second_signer().verifier)
            write_private(self.path / "log.pub", "".join(f"{key}\n" for key in keys).encode())
            self.sync()

    def redaction_key(self) -> bytes:
        """The key of the fingerprints in masks."""
        return read_secret(self.path / "redaction.key")

    def sync(self) -> None:
        """Make the names in the directory durable."""
        sync_directory(self.path)

    def settle(self) -> None:
        """Keep a digest of the databases, which nobody writes from now on; where that can't be done there is none."""
        with contextlib.suppress(OSError, StoreError):
            wal = self.path / "log.db-wal"
            if not wal.exists() or not wal.stat().st_size:
                at_rest.closed(self.tail_key(), self.path / AT_REST, databases_in(self.path))

    def release(self) -> None:
        """Let go of the directory."""
        os.close(self.lock)


def databases_in(path: Path) -> tuple[Path, ...]:
    """The databases of a state directory that only its holder writes."""
    return path / "log.db", path / "keys.db"


def _prepare(path: Path, randomness: Callable[[int], bytes]) -> tuple[str, bool]:
    """Check or make what belongs in a state directory; the log's name, and whether the log is still to be made."""
    for name in _PRIVATE_FILES:
        if (path / name).exists():
            check_private(path / name)
    if not (path / "redaction.key").exists():
        write_private(path / "redaction.key", randomness(SEED_SIZE))
    public, database = path / "log.pub", path / "log.db"
    if public.exists():
        if not database.exists():
            raise StoreError(
                f"{database}: missing, but {public.name} shows that there was a log",
                mend="restore the log, or move log.key and log.pub away to begin a new one",
            )
        return read_verifier(path).name, False
    if _has_entries(database):
        raise StoreError(
            f"{public}: missing, but {database.name} holds entries", mend="restore it from a backup"
        )
    # What an earlier, interrupted beginning left behind holds nothing.
    for name in ("log.db", "log.db-wal", "log.db-shm", "keys.db"):
        (path / name).unlink(missing_ok=True)
    for name in ("log.key", "log-mldsa44.key", "seal.key"):
        write_private(path / name, randomness(SEED_SIZE))
    for made in (database, path / "keys.db"):
        os.close(_open_private(made, os.O_RDWR | os.O_CREAT))
    return f"bailiwick/{_host()}/{randomness(8).hex()}", True


def _has_entries(database: Path) -> bool:
    if not database.exists() or not database.stat().st_size:
        return False
    with contextlib.closing(sqlite3.connect(database)) as connection:
        try:
            found = "SELECT 1 FROM log UNION ALL SELECT 1 FROM block LIMIT 1"
            return connection.execute(found).fetchone() is not None
        except sqlite3.OperationalError as error:
            return "no such table" not in str(error)


def read_verifier(path: Path) -> VerifierKey:
    """The public key in the state directory ``path`` whose signature every checkpoint has. Raises StoreError."""
    return read_verifiers(path)[0]


def read_verifiers(path: Path) -> tuple[VerifierKey, ...]:
    """The public keys in the state directory ``path``, the one that signs every checkpoint first. Raises StoreError."""
    public = path / "log.pub"
    try:
        keys = parse_keys(public.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise StoreError(f"{public}: {error}") from error
    if not keys or keys[0].algorithm is not Algorithm.ED25519:
        raise StoreError(f"{public}: the first key isn't an Ed25519 key", mend="restore it from a backup")
    return keys


def read_tail_key(path: Path) -> bytes:
    """``StateDirectory.tail_key`` of the state directory ``path``. Raises StoreError."""
    return tail_key(read_secret(path / "log.key"))


def check_private(path: Path, *, directory: bool = False) -> None:
    """Raise StoreError unless ``path`` is this account's own and nobody else may look into it."""
    found = path.lstat()
    right_type = stat.S_ISDIR(found.st_mode) if directory else stat.S_ISREG(found.st_mode)
    if not right_type:
        raise StoreError(f"{path}: not a {'directory' if directory else 'regular file'}")
    if found.st_uid != os.geteuid():
        raise StoreError(
            f"{path}: owned by uid {found.st_uid}, not by uid {os.geteuid()} as which the service runs",
            mend=f"chown {os.geteuid()} {path}",
        )
    if found.st_mode & 0o077:
        mode = "0700" if directory else "0600"
        raise StoreError(
            f"{path}: mode {stat.S_IMODE(found.st_mode):04o} lets others in", mend=f"chmod {mode} {path}"
        )


def _hold(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise StoreError(
            f"{path}: in use by another service (process {holder})", mend="stop it or use another --state"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _open_private(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: under another name first, on stable storage before it gets its own.

    The name is durable once its directory is synced (``sync_directory``). Raises OSError.
    """
    temporary = path.with_name(path.name + ".new")
    descriptor = _open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret(path: Path) -> bytes:
    """The secret in a file. Raises StoreError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", mend="restore it from a backup") from error
    if len(data) != SEED_SIZE:
        raise StoreError(f"{path}: {len(data)} bytes instead of {SEED_SIZE}", mend="restore it from a backup")
    return data


def _host() -> str:
    name = os.uname().nodename.lower()
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in name) or "host"
