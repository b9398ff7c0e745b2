"""How far a sink has come, and what its receiver refused: both on stable storage before they count.

state/sinks/         0700
lock               held by the process that delivers
NAME.json          the place reached and the counts
NAME.dead.jsonl    records that the receiver refused, with its reason
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from bailiwick.service.private import keep_private
from bailiwick.service.sinks.sink import Refusal
from bailiwick.service.state_directory import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a sink stands in the log ``epoch``: the next entry to look at, and counts since that log began.

    ``counted_ms`` is when a count event was last sent; ``problem`` is the last error, empty once a batch was taken.
    """

    epoch: str = ""
    next: int = 0
    sent: int = 0
    refused: int = 0
    passed_over: int = 0
    accepted_ms: int = 0
    counted_ms: int = 0
    problem: str = ""


class Room:
    """The directory of all sinks' cursors. Raises StoreError where the disk doesn't serve."""

    def __init__(self, state: Path) -> None:
        self.path = state / "sinks"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock: two processes would send everything twice. Raises StoreError."""
        with _told(self.path):
            self.path.mkdir(mode=0o700, exist_ok=True)
            keep_private(self.path)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            keep_private(self.path / "lock")
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"{self.path}: another process delivers already", mend="stop that one first"
                ) from error
            yield
        finally:
            os.close(descriptor)

    def load(self, name: str) -> Progress:
        """A sink's progress; that of a new one where there is none yet."""
        with _told(self.path):
            try:
                kept = orjson.loads((self.path / f"{name}.json").read_bytes())
                return Progress(**kept)
            except FileNotFoundError:
                return Progress()
            except (ValueError, TypeError) as error:
                raise StoreError(
                    f"{self.path / name}.json: {error}", mend="remove it: the sink sends the whole log again"
                ) from error

    def save(self, name: str, progress: Progress) -> None:
        """Keep a sink's progress, in one atomic step."""
        with _told(self.path):
            fresh = self.path / f"{name}.json.new"
            _write(fresh, orjson.dumps(asdict(progress)), os.O_TRUNC)
            fresh.replace(self.path / f"{name}.json")
            _sync(self.path)

    def bury(self, name: str, refusals: Iterable[Refusal]) -> None:
        """Keep what the receiver refused, beside what it refused before."""
        if text := _lines(refusals):
            with _told(self.path):
                _write(self._dead(name), text, os.O_APPEND)
                _sync(self.path)

    def bury_only(self, name: str, refusals: Iterable[Refusal]) -> None:
        """Keep what the receiver refused in place of what it refused before, in one atomic step."""
        with _told(self.path):
            fresh = self.path / f"{name}.dead.new"
            _write(fresh, _lines(refusals), os.O_TRUNC)
            fresh.replace(self._dead(name))
            _sync(self.path)

    def dead(self, name: str) -> list[tuple[int, str]]:
        """What the receiver refused: places in the log, and why."""
        with _told(self.path):
            try:
                lines = self._dead(name).read_bytes().splitlines()
            except FileNotFoundError:
                return []
            found = (orjson.loads(line) for line in lines if line)
            return [(int(one["log_index"]), str(one["why"])) for one in found]

    def _dead(self, name: str) -> Path:
        return self.path / f"{name}.dead.jsonl"


def anew(progress: Progress, epoch: str) -> Progress:
    """Progress in the log ``epoch``: from the beginning where that is another log than before."""
    return progress if progress.epoch == epoch else replace(Progress(), epoch=epoch)


def _lines(refusals: Iterable[Refusal]) -> bytes:
    """One JSON object per refusal: where the record stands in the log, and why; the record itself is in the log."""
    return b"".join(
        orjson.dumps({"log_index": one.item.index, "event_id": one.item.event_id, "why": one.why[:500]})
        + b"\n"
        for one in refusals
    )


def _write(path: Path, text: bytes, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        keep_private(path)
        output.write(text)
        output.flush()
        os.fsync(output.fileno())


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path}: {error.strerror}", mend="free disk space, or check its owner and mode"
        ) from error


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
