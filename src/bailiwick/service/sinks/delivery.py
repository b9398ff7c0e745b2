"""From the log to one sink, at least once and in order, until stopped.

1. Read the next entries; those the filter doesn't want are passed over.
2. Render them, as many as one call may carry.
3. Send. What the receiver can't take now is tried again, later and later; the cursor stays.
4. What it will never take is kept aside with its reason (dead letter), found by halving where it doesn't name it.
5. Only then the cursor moves, on stable storage.
6. Now and then a count event says how many records there should be, with the signed checkpoint of the log.

A receiver that refuses one record after another is set up wrongly rather than sent bad records: then nothing more
is set aside and the sink waits.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice

from bailiwick.audit.views.logged import Logged, Severity
from bailiwick.audit.views.place import COUNT, TEST
from bailiwick.audit.views.render import View, render
from bailiwick.policy.sinks import Filter
from bailiwick.service.log_reader import Entry, LogReader
from bailiwick.service.sinks.cursor import Progress, Room, anew
from bailiwick.service.sinks.sink import Item, Later, Refusal, Refused, Sink
from bailiwick.service.state_directory import StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

READ = 1_000
"""Entries looked at in one go."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
"""Seconds before a batch is tried again: at first, and at most."""

IDLE = 0.5
"""Seconds between looks at a log in which nothing is new."""

MOST_REFUSED = 10
"""Records refused in a row before the receiver is taken for set up wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one sink is to be sent: under which name, in which view, which records, seconds between counts."""

    name: str
    view: View
    only: Filter | None = None
    count_every: int = 3_600


class Delivery:
    """One sink's way through the log."""

    def __init__(  # noqa: PLR0913 - each a part of it
        self,
        reader: LogReader,
        sink: Sink,
        plan: Plan,
        room: Room,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.reader, self.sink, self.plan, self.room = reader, sink, plan, room
        self.clock, self.sleep = clock, sleep
        self.progress = room.load(plan.name)
        self._refused_in_a_row = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set. Whatever goes wrong is told and tried again: other sinks go on meanwhile."""
        failures = 0
        try:
            while not stop.is_set():
                try:
                    moved = await self.step()
                except Later as later:
                    failures += 1
                    await self._wait(later, failures, stop)
                    continue
                except Exception as error:  # noqa: BLE001 - one sink's trouble is not the others'
                    failures += 1
                    why = (
                        str(error)
                        if isinstance(error, StoreError)
                        else f"internal error ({type(error).__name__})"
                    )
                    report(LOG, f"{self.plan.name}: {why}", error)
                    await self._wait(Later(why, seconds=LONGEST_WAIT), failures, stop)
                    continue
                failures = 0
                if not moved:
                    await self._sleep(IDLE, stop)
        finally:
            await self.sink.close()

    async def step(self) -> bool:
        """Deliver one batch; False when there was nothing to do. Raises Later, with the cursor where it belongs."""
        entries = self._entries()  # (1)
        taken, items, too_long = self._batch(entries)  # (2)
        if taken:
            try:
                refusals = [*too_long, *(await self._sent(items))]  # (3)
            except Later as later:
                if later.accepted and not too_long:
                    place = items[later.accepted - 1].index + 1
                    behind = sum(one.sealed.sequence < place for one in taken)
                    self._move(place, later.accepted, (), passed_over=behind - later.accepted)
                raise
            passed_over = len(taken) - len(items) - len(too_long)
            accepted = len(items) + len(too_long) - len(refusals)
            self._move(taken[-1].sealed.sequence + 1, accepted, refusals, passed_over=passed_over)
        await self._count()  # (6)
        return bool(taken)

    async def drain(self) -> None:
        """Deliver all that is in the log now. Raises Later where the receiver doesn't take it, and keeps why."""
        try:
            while await self.step():
                pass
        except Later as later:
            self._troubled(later)
            raise

    def _entries(self) -> list[Entry]:
        start = self.progress.next
        last = self.reader.last(1)
        if not last:
            return []
        epoch = str(last[0].record.get("epoch", ""))
        if epoch != self.progress.epoch:
            self.progress = anew(self.progress, epoch)
            start = 0
        if last[0].sealed.sequence + 1 < start:
            raise StoreError(
                f"{self.reader.database}: {last[0].sealed.sequence + 1} entries, but {start} were delivered to {self.plan.name}",
                mend="the log was cut off: keep it as evidence and run `bailiwick log verify`",
            )
        with contextlib.closing(self.reader.entries(start)) as entries:
            return list(islice(entries, READ))  # what was purged is passed over

    def _batch(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Item], list[Refusal]]:
        limits = self.sink.limits
        taken: list[Entry] = []
        items: list[Item] = []
        too_long: list[Refusal] = []
        size = 0
        for entry in entries:
            if wanted(self.plan.only, entry):
                item = item_of(entry, self.plan.view)
                if len(item.line) > limits.line:
                    too_long.append(
                        Refusal(item=item, why=f"{len(item.line)} bytes; the receiver takes {limits.line}")
                    )
                elif items and (len(items) >= limits.items or size + len(item.line) > limits.bytes):
                    break
                else:
                    items.append(item)
                    size += len(item.line)
            taken.append(entry)
        return taken, items, too_long

    async def _sent(self, items: Sequence[Item]) -> list[Refusal]:
        """What was refused of ``items``; all others were accepted. Raises Later."""
        if not items:
            return []
        try:
            refusals = list(await self.sink.send(items))
        except Refused as refused:
            return await self._halved(items, str(refused))
        self._refused_in_a_row = len(refusals) if len(refusals) == len(items) else 0
        return refusals

    async def _halved(self, items: Sequence[Item], why: str) -> list[Refusal]:  # (4)
        if len(items) == 1:
            self._refused_in_a_row += 1
            if self._refused_in_a_row > MOST_REFUSED:
                raise Later(f"refuses everything: {why}", seconds=LONGEST_WAIT)
            return [Refusal(item=items[0], why=why)]
        middle = len(items) // 2
        try:
            return [*(await self._sent(items[:middle])), *(await self._sent(items[middle:]))]
        except Later as later:
            # What one half's receiver took says nothing of what stands before it: all of it is sent again.
            later.accepted = 0
            raise

    def _move(
        self, place: int, accepted: int, refusals: Sequence[Refusal], *, passed_over: int = 0
    ) -> None:  # (5)
        self.room.bury(self.plan.name, refusals)
        now = self.progress
        self.progress = replace(
            now,
            next=place,
            sent=now.sent + accepted,
            refused=now.refused + len(refusals),
            passed_over=now.passed_over + passed_over,
            accepted_ms=int(self.clock() * 1_000) if accepted else now.accepted_ms,
            problem="",
        )
        self.room.save(self.plan.name, self.progress)

    async def _count(self) -> None:
        now = int(self.clock() * 1_000)
        due = self.progress.counted_ms + self.plan.count_every * 1_000
        if self.progress.sent == 0 or now < due:
            return
        notes = self.reader.checkpoints()
        event = count_event(self.progress, self.plan.view, now, notes[-1] if notes else "")
        try:
            await self.sink.send([event])
        except Refused as refused:
            LOG.warning("%s refuses count events: %s", self.plan.name, refused)
        self.progress = replace(self.progress, counted_ms=now)
        self.room.save(self.plan.name, self.progress)

    def _troubled(self, later: Later) -> None:
        self.progress = replace(self.progress, problem=str(later)[:500])
        with contextlib.suppress(StoreError):  # then it is not kept; it is told all the same
            self.room.save(self.plan.name, self.progress)

    async def _wait(self, later: Later, failures: int, stop: asyncio.Event) -> None:
        if self.progress.problem != str(later):
            LOG.warning("%s: %s; trying again", self.plan.name, later)
            self._troubled(later)
        wait = min(FIRST_WAIT * 2 ** min(failures, 10), LONGEST_WAIT)
        # Half of it is chance, so that a fleet doesn't come back all at once.
        wait = wait / 2 + random.uniform(0, wait / 2)  # noqa: S311 - no secret
        await self._sleep(max(wait, min(later.seconds or 0, 3_600)), stop)

    async def _sleep(self, seconds: float, stop: asyncio.Event) -> None:
        sleeping = asyncio.ensure_future(self.sleep(seconds))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        for task in (sleeping, stopping):
            task.cancel()


def wanted(only: Filter | None, entry: Entry) -> bool:
    """Whether a filter lets a record through."""
    if only is None:
        return True
    record = entry.record
    kind = str(record.get("kind", ""))
    verdicts = {record.get("verdict"), record.get("enforced")}
    return (
        (not only.kinds or any(fnmatchcase(kind, glob.text) for glob in only.kinds))
        and (not only.verdicts or any(verdict.text in verdicts for verdict in only.verdicts))
        and (only.severity is None or logged_of(entry).severity >= Severity[only.severity.text.upper()])
    )


def logged_of(entry: Entry) -> Logged:
    """An entry as views take it."""
    return Logged(index=entry.sealed.sequence, leaf=entry.sealed.leaf, record=entry.record)


def item_of(entry: Entry, view: View) -> Item:
    """An entry as it is sent."""
    return _item(logged_of(entry), view)


def count_event(progress: Progress, view: View, now_ms: int, note: str) -> Item:
    """The event that says how many records were sent before it, with the log's signed checkpoint."""
    text = f"{progress.sent} records sent of entries 0 to {progress.next - 1}; {progress.refused} refused, {progress.passed_over} not wanted"
    record = {
        "kind": COUNT,
        "epoch": progress.epoch,
        "time_ms": now_ms,
        "text": text,
        "sent": progress.sent,
        "refused": progress.refused,
        "passed_over": progress.passed_over,
        "extra": note,
    }
    return _item(Logged(index=progress.next - 1, leaf=b"", record=record, mark=f"-count-{now_ms}"), view)


def test_event(view: View, now_ms: int) -> Item:
    """An event by which an operator sees that a sink works; it is not in the log."""
    record = {
        "kind": TEST,
        "epoch": "test",
        "time_ms": now_ms,
        "text": "Bailiwick can be heard here",
    }
    return _item(Logged(index=0, leaf=b"", record=record), view)


def _item(logged: Logged, view: View) -> Item:
    return Item(
        index=logged.index,
        event_id=logged.event_id,
        time_ms=logged.time_ms,
        host=str(logged.record.get("host", "")) or "unknown",
        kind=logged.kind,
        severity=int(logged.severity),
        leaf=logged.leaf,
        line=render(view, logged),
    )
