"""All sinks of a state directory, delivering side by side in one process until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

from bailiwick.policy.sinks import SinkEntry
from bailiwick.service.log_reader import LogReader
from bailiwick.service.sinks.build import build, plan_of
from bailiwick.service.sinks.cursor import Room
from bailiwick.service.sinks.delivery import Delivery, item_of
from bailiwick.service.sinks.sink import Later, Refusal, Refused


async def deliver(state: Path, entries: Sequence[SinkEntry], *, once: bool = False) -> list[tuple[str, str]]:
    """Deliver until SIGTERM or SIGINT; with ``once`` what is in the log now, then return.

    Returns the sinks that could not be brought up to date, and why. Raises SinkError, StoreError.
    """
    room = Room(state)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with room.held(), LogReader(state) as reader:
        deliveries = [_delivery(reader, entry, room) for entry in entries]
        if once:
            outcomes = await asyncio.gather(*(_drained(one, stop) for one in deliveries))
            return [outcome for outcome in outcomes if outcome]
        await asyncio.gather(*(one.run(stop) for one in deliveries))
    return []


def _delivery(reader: LogReader, entry: SinkEntry, room: Room) -> Delivery:
    sink = build(entry)
    return Delivery(reader, sink, plan_of(entry, sink), room)


async def _drained(one: Delivery, stop: asyncio.Event) -> tuple[str, str] | None:
    draining = asyncio.ensure_future(one.drain())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((draining, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            return one.plan.name, "stopped"
        draining.result()
    except Later as later:
        return one.plan.name, str(later)
    finally:
        draining.cancel()
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError, Later):
            await draining
        await one.sink.close()
    return None


async def retry(state: Path, entry: SinkEntry) -> tuple[int, list[Refusal]]:
    """Send again what a receiver refused: how many it takes now, and what it still refuses.

    Raises SinkError, StoreError, and Later where the receiver can't be reached.
    """
    room = Room(state)
    name = entry.name.text
    taken, refusals = 0, list[Refusal]()
    with room.held(), LogReader(state) as reader:
        sink = build(entry)
        view = plan_of(entry, sink).view
        try:
            for place in sorted({place for place, _ in room.dead(name)}):
                for found in reader.entries(place, end=place + 1):
                    item = item_of(found, view)
                    try:
                        refused = await sink.send([item])
                    except Refused as error:
                        refused = [Refusal(item=item, why=str(error))]
                    refusals.extend(refused)
                    taken += not refused
            room.bury_only(name, refusals)
        finally:
            await sink.close()
    return taken, refusals
