"""The state directory: the audit log and the session state in one SQLite file, with one writer at a time.

``append`` returns only once its record is on stable storage (WAL, ``synchronous=FULL``). Session state that changes
with a record is in the same transaction: after kill -9 or a power cut both are there or neither is. A commit of
many entries also signs a checkpoint, one of few has a tag in its place until the thread has signed, some
milliseconds later; so no committed entry can be cut off or changed unseen.

Where nothing else is being committed and the disk is quick, the caller's own thread commits: handing a record to
another thread and waiting for its word costs more than half as much as the commit. Records that several callers
bring in one turn of the event loop share a commit at its end (group commit). On a slow disk a thread of the store's
commits, and those that arrive meanwhile share the next.

    state/            0700, owned by the service's account
      lock            held while a service uses the directory
      log.db          records, checkpoints, session state
      log.key         Ed25519 seed that signs checkpoints     (0600)
      log.pub         its public half, for whoever verifies
      redaction.key   key of the fingerprints in masks        (0600)
      seal.key        wraps the data keys                     (0600)
      keys.db         data keys, by subject and month
"""

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from bailiwick.audit.chain import seal_all
from bailiwick.audit.record import RECORD_LIMIT, Record
from bailiwick.audit.retention import Unheld
from bailiwick.audit.sealing import DataKey, Parts, month_of, sealed_entry, subject_of, take_apart
from bailiwick.audit.tiles import WIDTH
from bailiwick.model.value import value
from bailiwick.service.kept import TELLING, Kept, is_kept, row_tag
from bailiwick.service.keys import KeyEntry, KeyRing
from bailiwick.service.ledger import Ledger, StateRows
from bailiwick.service.settling import Fresh
from bailiwick.service.state_directory import StateDirectory, StoreError, mend_of
from bailiwick.service.trace import report
from bailiwick.service.uncollected import uncollected

__all__ = ["Receipt", "Store", "StoreError"]

LOG = logging.getLogger(__name__)

MAX_BATCH = 512
"""Records of one commit at most."""

QUICK_SECONDS = 0.005
"""What a commit takes where it may hold up the event loop; on a slower disk calls share commits in the thread."""

SIGN_AFTER = 0.1
"""Seconds after which entries that wait for their checkpoint get it: one for those of several events of a call."""

SETTLE_AGAIN = 60.0
"""Seconds after which a block is tried again that could not be made, as on a disk that was full."""

ERASE_AT_ONCE = 4_096
"""Entries that are erased or purged in one step; decisions wait for no more than one."""

_ENVELOPE = 128
"""Bytes that log, place, key and commitment may add to a record when it is sealed."""

_ONE_STATE = "SELECT key, value, tag FROM state WHERE key = ?"
_STATES = "SELECT key, value, tag FROM state WHERE substr(key, 1, length(?1)) = ?1"


def wall_clock() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


@value(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a record is stored: its sequence and the chain head after it."""

    sequence: int
    head: bytes


class _Checked(NamedTuple):
    """A record and its parts."""

    record: Record
    parts: Parts

    @property
    def owner(self) -> tuple[str, str]:
        """The subject and the month of whose key its private part is sealed under."""
        return subject_of(self.record.user, self.record.uid), month_of(self.record.time_ms)

    def entry(self, key: DataKey) -> bytes:
        """Its entry under the key of its private part."""
        return sealed_entry(self.parts.entry, key.id.encode(), self.parts.committed.hex().encode())


_Outcome = tuple[Receipt, ...] | StoreError
_Told = asyncio.Future[_Outcome] | queue.SimpleQueue[_Outcome]


_Work = tuple[tuple[_Checked, ...], StateRows]


@value(frozen=False, slots=True, kw_only=True)
class _Job:
    """What waits for a commit: records to append in one go, state to set, whom to tell."""

    records: tuple[_Checked, ...]
    state: StateRows
    told: _Told


class Store:
    """The one writer of a state directory. Made by ``Store.open``; safe to call from any thread or event loop."""

    def __init__(self, directory: StateDirectory, ledger: Ledger, keys: KeyRing) -> None:
        self.directory = directory
        self._ledger = ledger
        self._keys = keys
        self._tail_key = directory.tail_key()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._wake = threading.Semaphore(0)
        self._writing = threading.Lock()
        """Held by whoever uses the ledger, and by whoever takes jobs from the queue: so their order is kept."""
        self._usual_seconds = 0.0
        self._taken = False
        """Whether somebody has committed in the caller's thread in this turn of the event loop."""
        self._shares = False
        """Whether the last commit was of several callers: then the next probably is."""
        self._ending: set[asyncio.AbstractEventLoop] = set()
        """The event loops that commit what waits at the end of their turn."""
        self._upkeep = False
        """Whether the thread was asked to fold and settle, and hasn't begun."""
        self._waits = ledger.is_unsigned
        """Whether the thread waits for the moment to sign."""
        self._telling: asyncio.AbstractEventLoop | None = None
        """The event loop that tells it of that moment, where it was the loop that committed."""
        self._is_due = False
        self._closed = False
        self._broken = False
        self._settle_from = 0.0
        """The monotonic second from which on blocks are made (again)."""
        self._reader = sqlite3.connect(
            f"file:{directory.database}?mode=ro", uri=True, check_same_thread=False
        )
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], int] = wall_clock) -> Self:
        """Open or create the state directory ``path``; ``clock`` gives wall milliseconds for checkpoints.

        Raises StoreError when another service holds it, when owner or mode of the directory or a file in it
        are wrong, when the log doesn't fit its own last checkpoint, or when the disk doesn't serve.
        """
        directory = StateDirectory.acquire(path, os.urandom)
        try:
            keys = KeyRing(path, writable=True)
            ledger = Ledger(directory, keys, clock, create=directory.fresh)
            directory.publish()
            return cls(directory, ledger, keys)
        except (sqlite3.Error, OSError) as error:
            directory.release()
            raise StoreError(f"{directory.database}: {error}", mend=mend_of(error)) from error
        except StoreError:
            directory.release()
            raise

    @property
    def redaction_key(self) -> bytes:
        """The key of the fingerprints in masks."""
        return self.directory.redaction_key()

    @property
    def size(self) -> int:
        """Entries committed so far."""
        return self._ledger.chain.size

    def prepare(self) -> None:
        """Make later commits faster; takes some ten milliseconds, for when there is time."""
        with self._writing:
            self._ledger.make_room()

    async def append(self, record: Record, *, state: StateRows | None = None) -> Receipt:
        """Commit ``record``, and with it the session state rows ``state`` (None as value deletes a row).

        Returns once both are on stable storage. Raises StoreError when that is not certain: after a full disk
        they are not stored, after an input/output error they may be. Cancelling doesn't take the record back.
        """
        (receipt,) = await self.append_all((record,), state=state)
        return receipt

    async def append_all(
        self, records: tuple[Record, ...], *, state: StateRows | None = None
    ) -> tuple[Receipt, ...]:
        """Commit several records, in this order and without others between them, all or none."""
        checked = tuple(map(_checked, records))
        _require_told(records, state)
        loop = asyncio.get_running_loop()
        # Who comes second in one turn of the event loop isn't alone, nor is who comes after a commit that was shared.
        if not (self._taken or self._shares):
            self._taken = True
            loop.call_soon(self._next_turn, loop)
            if (outcome := self._at_once(checked, state or {})) is not None:
                return _stored(outcome)
        future: asyncio.Future[_Outcome] = loop.create_future()
        self._submit(_Job(records=checked, state=state or {}, told=future))
        return _stored(await future)

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._taken = False
        self._ask_for_upkeep(loop)  # after the answer: whoever asked for the commit went on with it

    def append_blocking(
        self, record: Record, *, state: StateRows | None = None, timeout_seconds: float = 30.0
    ) -> Receipt:
        """``append`` for callers without an event loop. Raises StoreError also when ``timeout_seconds`` pass."""
        answers: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        _require_told((record,), state)
        self._submit(_Job(records=(_checked(record),), state=state or {}, told=answers))
        try:
            outcome = answers.get(timeout=timeout_seconds)
        except queue.Empty:
            raise StoreError(f"{self.directory.database}: no commit within {timeout_seconds:g} s") from None
        return _stored(outcome)[0]

    async def put_state(self, rows: StateRows) -> None:
        """Commit session state without a record. Raises StoreError."""
        await self.append_all((), state=rows)

    def get_state(self, key: str) -> bytes | None:
        """The committed value of a state row, None when there is none."""
        return self.states(key, exact=True).get(key)

    def states(self, prefix: str = "", *, exact: bool = False) -> dict[str, bytes]:
        """Every committed state row whose key begins with (or, ``exact``, is) ``prefix``. Raises StoreError where one was changed."""
        found = self._state_rows(_ONE_STATE if exact else _STATES, prefix)
        if wrong := [name for name, value, tag in found if not self._is_ours(name, value, tag)]:
            raise StoreError(
                f"{self.directory.database}: {wrong[0]!r} of its state was changed outside Bailiwick",
                mend="keep a copy as evidence (`bailiwick log verify` says more) and restore a backup",
            )
        return {name: value for name, value, _ in found}

    def unchanged_states(self, prefix: str, *, exact: bool = False) -> dict[str, bytes]:
        """``states``, without those that somebody changed: for what may be missing."""
        found = self._state_rows(_ONE_STATE if exact else _STATES, prefix)
        return {name: value for name, value, tag in found if self._is_ours(name, value, tag)}

    def changed_states(self) -> list[str]:
        """Names of the rows that somebody changed. Raises StoreError."""
        return [
            name for name, value, tag in self._state_rows(_STATES, "") if not self._is_ours(name, value, tag)
        ]

    def kept_fault(self) -> str:
        """How what is kept beside the log differs from what its entries left; empty where it doesn't. Raises StoreError."""
        with self._writing:
            fault = self._ledger.kept.fault(self._state_rows(_STATES, ""))
        return f"{self.directory.database}: {fault}" if fault else ""

    def take_as_kept(self) -> None:
        """From now on take what is kept beside the log for what its entries left: for who puts it back, on record. Raises StoreError."""
        with self._writing:
            self._ledger.kept = Kept(self._tail_key, self._state_rows(_STATES, ""), "")

    def _is_ours(self, name: str, value: bytes, tag: bytes) -> bool:
        return row_tag(self._tail_key, name, value) == tag

    def _state_rows(self, sql: str, name: str) -> list[tuple[str, bytes, bytes]]:
        try:
            with self._reading:
                return [(key, bytes(value), tag) for key, value, tag in self._reader.execute(sql, (name,))]
        except sqlite3.Error as error:
            raise StoreError(f"{self.directory.database}: {error}") from error

    def countersign(self) -> str:
        """The last checkpoint, signed with both keys: the one to hand to others. Raises StoreError."""
        with self._holding() as ledger:
            return ledger.countersign()

    def data_keys(self) -> list[KeyEntry]:
        """The data keys there are or were. Raises StoreError."""
        with self._writing:
            return self._keys.entries()

    def destroy_keys(self, unheld: Unheld, *, at_ms: int) -> int:
        """Destroy data keys that nothing holds, and overwrite what they sealed; how many. Raises StoreError.

        Decisions go on between the steps.
        """
        with self._writing:
            count = self._keys.destroy(unheld, at_ms=at_ms)
        for low in range(0, self.size, ERASE_AT_ONCE):
            with self._holding() as ledger:
                ledger.blank(unheld.keys, low, low + ERASE_AT_ONCE)
        return count

    def purge(self, unheld: Unheld) -> int:
        """Remove entries that nothing holds; how many. Raises StoreError. Decisions go on between the steps."""
        count = 0
        while True:
            with self._holding() as ledger:
                gone = ledger.purge(unheld, most=ERASE_AT_ONCE // WIDTH)
            if not gone:
                return count
            count += gone

    @contextlib.contextmanager
    def _holding(self) -> Iterator[Ledger]:
        with self._writing:
            try:
                yield self._ledger
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self.directory.database}: {error}", mend=mend_of(error)) from error

    def close(self) -> None:
        """Commit what waits, fold the write-ahead log in, let go of the directory. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._wake.release()
        self._thread.join()
        with self._reading:
            self._reader.close()
        with self._writing:
            self._ledger.close()
            self._keys.close()
        self.directory.settle()
        self.directory.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, job: _Job) -> None:
        if self._closed:
            raise StoreError(f"{self.directory.path}: the store is closed")
        self._jobs.put(job)
        if isinstance(job.told, queue.SimpleQueue) or self._is_slow:
            self._wake.release()
        elif (loop := job.told.get_loop()) not in self._ending:
            self._ending.add(loop)
            loop.call_soon(self._end_turn, loop)

    @property
    def _is_slow(self) -> bool:
        """Whether a commit may take longer than the event loop should be held up for."""
        return self._usual_seconds > QUICK_SECONDS

    def _at_once(self, checked: tuple[_Checked, ...], state: StateRows) -> _Outcome | None:
        """Commit here and now, unless somebody else is at it or waits for it, or the disk is slow: then None."""
        if self._closed or self._is_slow or not self._writing.acquire(blocking=False):
            return None
        try:
            if not self._jobs.empty():
                return None
            (outcome,) = self._commit(((checked, state),))
        finally:
            self._writing.release()
        return outcome

    def _end_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Commit what waits in this thread, which is the loop's; where somebody else is at it the store's thread does."""
        self._ending.discard(loop)
        if self._is_slow or not self._writing.acquire(blocking=False):
            self._wake.release()
            return
        try:
            if jobs := self._take():
                self._commit_jobs(jobs, here=loop)
            if not self._jobs.empty():  # who goes on bringing some must not hold up the loop
                self._wake.release()
            self._ask_for_upkeep(loop)
        finally:
            self._writing.release()

    def _ask_for_upkeep(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._ledger.is_unsigned and self._telling is not loop:
            self._telling = loop
            loop.call_later(SIGN_AFTER, self._due)  # to wake the thread now would hold up the answer
        if not self._upkeep and (self._ledger.is_long or self._ledger.has_unsettled):
            self._upkeep = True
            self._wake.release()

    def _due(self) -> None:
        self._is_due = True
        self._wake.release()

    def _run(self) -> None:
        """The store's thread: commit what waits; when there is time sign, fold the write-ahead log, and make blocks."""
        while not (self._closed and self._jobs.empty()):
            woken = self._wake.acquire(timeout=SIGN_AFTER if self._waits else None)
            self._upkeep = False
            with self._writing:
                if jobs := self._take():
                    self._commit_jobs(jobs)
                    self._waits = self._ledger.is_unsigned and not self._broken
                    self._telling = self._telling if self._waits else None
                elif self._is_due or not woken:
                    self._is_due, self._waits, self._telling = False, False, None
                    self._sign()
                self._ledger.fold(idle=self._jobs.empty())
            if self._jobs.empty() and not self._closed:
                self._settle()

    def _sign(self) -> None:
        try:
            if not self._broken:
                self._ledger.sign()
        except Exception as error:  # noqa: BLE001 - a tag vouches for them meanwhile; the writer must go on
            report(LOG, "entries could not be signed for", error)
            self._broken = True  # the next commit looks at the file anew, signs, and tells

    def _settle(self) -> None:
        """Make a block of the oldest entries that stand on their own; who wants to commit meanwhile may."""
        try:
            with self._writing:
                waits = self._broken or time.monotonic() < self._settle_from
                work = None if waits else self._ledger.unsettled()
            if work is None:
                return
            row = work.block(self._find, self._ledger.blinding)
            with self._writing:
                self._ledger.settle(work, row)
                if self._ledger.has_unsettled:
                    self._wake.release()
        except Exception as error:  # noqa: BLE001 - they stand as they were, which is as good; the writer must go on
            report(LOG, "entries could not be made a block", error)
            self._settle_from = time.monotonic() + SETTLE_AGAIN
            self._broken = True  # what is wrong with the file the next commit tells

    def _find(self, key_id: str) -> DataKey | None:
        with self._writing:
            return self._keys.find(key_id)

    def _take(self) -> list[_Job]:
        """The jobs of the next commit: all that wait, up to the bound."""
        jobs: list[_Job] = []
        with contextlib.suppress(queue.Empty):
            while len(jobs) < MAX_BATCH:
                jobs.append(self._jobs.get_nowait())
        return jobs

    def _commit_jobs(self, jobs: Sequence[_Job], *, here: asyncio.AbstractEventLoop | None = None) -> None:
        """Commit what several asked for, and tell each; ``here`` is the event loop of this thread."""
        self._shares = len(jobs) > 1
        _tell(jobs, self._commit([(job.records, job.state) for job in jobs]), here=here)

    def _commit(self, works: Sequence[_Work]) -> Sequence[_Outcome]:
        """Commit all of it in one transaction; what came of each."""
        began = time.monotonic()
        try:
            if self._broken:
                # After a failed write nothing in memory is believed: what is on disk says where the log stands.
                self._ledger.close()
                self._ledger = Ledger(self.directory, self._keys, self._ledger.clock)
                self._broken = False
            many = sum(len(records) for records, _ in works) >= WIDTH
            receipts = uncollected(partial(self._write, works)) if many else self._write(works)
        except Exception as error:  # noqa: BLE001 - whatever it is, the writer must go on and everybody be told
            self._broken = True
            if not isinstance(error, StoreError):
                error = StoreError(f"{self.directory.database}: {error}", mend=mend_of(error))
            return [error] * len(works)
        self._usual_seconds += (time.monotonic() - began - self._usual_seconds) / 8
        return receipts

    def _marked(self, records: tuple[_Checked, ...], state: StateRows) -> _Work:
        """The records, the last with the mark of what is kept after them, where that changes with them."""
        if not any(map(is_kept, state)):
            return records, state
        mark = self._ledger.kept.after(state)
        return (*records[:-1], _checked(replace(records[-1].record, kept=mark))), state

    def _write(self, works: Sequence[_Work]) -> list[tuple[Receipt, ...]]:
        chain = self._ledger.chain
        works = [self._marked(*work) for work in works]
        every = [one for records, _ in works for one in records]
        owners = [one.owner for one in every]
        if len(owners) > 1:
            self._keys.make(set(owners))
        keys = [self._keys.current(*owner) for owner in owners]
        chain, entries = seal_all(chain, [one.entry(key) for one, key in zip(every, keys, strict=True)])
        fresh = [
            Fresh(one.record, sealed, one.parts, key)
            for one, sealed, key in zip(every, entries, keys, strict=True)
        ]
        # Made before the wait for the disk, from which the processor's caches come back cold.
        receipts = iter([Receipt(sequence=sealed.sequence, head=sealed.head) for sealed in entries])
        outcomes = [tuple(islice(receipts, len(records))) for records, _ in works]
        self._ledger.write(chain, fresh, [state for _, state in works])
        return outcomes


def _require_told(records: Sequence[Record], state: StateRows | None) -> None:
    """What is kept changes with an entry that tells of it (``service.kept``), and its mark goes into that."""
    if state and any(map(is_kept, state)) and not (records and records[-1].kind in TELLING):
        raise ValueError(f"{next(filter(is_kept, state))} changes without an entry that tells of it")


def _tell(
    jobs: Sequence[_Job], outcomes: Sequence[_Outcome], *, here: asyncio.AbstractEventLoop | None = None
) -> None:
    """Tell each what came of its job; ``here`` is the event loop of this thread."""
    elsewhere: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[_Outcome], _Outcome]]] = {}
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(job.told, queue.SimpleQueue):
            job.told.put(outcome)
        else:
            elsewhere.setdefault(job.told.get_loop(), []).append((job.told, outcome))
    for loop, told in elsewhere.items():
        if loop is here:
            _set(told)
        else:
            # A loop that is closed has nobody left to tell; the record is stored all the same.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_set, told)


def _set(told: Sequence[tuple[asyncio.Future[_Outcome], _Outcome]]) -> None:
    for future, outcome in told:
        if not future.done():
            future.set_result(outcome)


def _stored(outcome: _Outcome) -> tuple[Receipt, ...]:
    """The receipts. Raises StoreError when there are none."""
    if isinstance(outcome, StoreError):
        raise outcome
    return outcome


def _checked(record: Record) -> _Checked:
    """A record that fits an entry. Raises StoreError; others' commits must not fail for it."""
    try:
        parts = take_apart(*record.apart())
        size = len(parts.private) + len(parts.entry)
    except TypeError as error:
        raise StoreError(f"not a record: {error}") from error
    if size > RECORD_LIMIT - _ENVELOPE:
        raise StoreError(f"a record of {size} bytes is over the bound of {RECORD_LIMIT - _ENVELOPE}")
    return _Checked(record, parts)
