"""What the service does by the clock: says that it is alive, notices clock steps, has checkpoints cosigned, keeps to retention."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import field

from bailiwick.audit.kinds import Kind
from bailiwick.model.value import value
from bailiwick.service.custody import SERVICE, Custodian, CustodyError
from bailiwick.service.state_directory import StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

SECONDS = 300.0
"""Between two heartbeats: a log that is silent for longer is one that nobody wrote."""

STEP_SECONDS = 2.0
"""By how much the wall clock may drift from the monotonic one between two heartbeats; network time corrects less."""

RETENTION_SECONDS = 86_400.0
"""Between two purges."""

Note = Callable[[Kind, str], Awaitable[None]]


@value(frozen=False, slots=True, kw_only=True)
class Heartbeat:
    """The beat of one service. ``note`` records, ``adopt`` records what relays kept; ``wall`` and ``steady`` are clocks in seconds."""

    custodian: Custodian
    note: Note
    adopt: Callable[[], Awaitable[None]]
    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _offset: float | None = field(default=None)
    _purged: float | None = field(default=None)
    _told: str = ""
    """The fault that was put on record last."""

    async def run(self) -> None:
        """Beat until cancelled. What fails is tried again with the next beat."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.beat()

    async def beat(self) -> None:
        """One beat. Never raises."""
        try:
            await self._look_at_clock()
            await self.note(Kind.HEARTBEAT, "alive")
            await self.adopt()
            await self._keep()
        except (StoreError, CustodyError) as error:
            report(LOG, "a heartbeat could not be recorded", error)
        except Exception as error:  # noqa: BLE001 - a beat that ended would be silence
            report(LOG, "a heartbeat failed", error)

    async def _look_at_clock(self) -> None:
        offset, before = self.wall() - self.steady(), self._offset
        self._offset = offset
        if before is not None and abs(offset - before) > STEP_SECONDS:
            step = round((offset - before) * 1_000)
            await self.note(
                Kind.CLOCK_STEP,
                f"the wall clock stepped by {step} ms; the order of entries is their sequence",
            )

    async def _keep(self) -> None:
        fault = self.custodian.store.kept_fault()
        if fault and fault != self._told:
            await self.note(Kind.ALARM, fault)
        self._told = fault
        if self.custodian.witnesses():
            await self.custodian.perform(SERVICE, "witness", {})
        else:
            await asyncio.to_thread(self.custodian.store.countersign)
        if not fault and (self._purged is None or self.steady() - self._purged > RETENTION_SECONDS):
            self._purged = self.steady()
            await self.custodian.perform(SERVICE, "retention", {})
