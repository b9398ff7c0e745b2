"""Appending, verifying and proving: the log itself, against what the same disk does for a bare write."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from events import T0, events

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import FIELD_NAMES, Record
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import read_verifiers
from bailiwick.service.store import Store

Figures = Iterator[tuple[str, str, str]]
APPENDS = 2_000
CLIENTS = 64
BATCH = 1_000


def records(count: int) -> Iterator[Record]:
    """The corpus as records of this version."""
    for _, fields in events(count):
        kept = {name: value for name, value in fields.items() if name in FIELD_NAMES and name != "v"}
        yield Record(**{**kept, "kind": Kind(kept["kind"])})


def measure(room: Path, count: int) -> Figures:
    """Every figure of the log."""
    # One machine's: three accounts in one month. A key is made for each, once.
    few = [
        replace(one, user=f"user{number % 3}", time_ms=T0 + number)
        for number, one in enumerate(records(APPENDS))
    ]
    yield from _appending(room, few)
    yield from _whole(room, count)


def _appending(room: Path, few: list[Record]) -> Figures:
    floor = _floor(room / "floor", few)
    with Store.open(room / "one") as store:
        store.prepare()
        alone = asyncio.run(_alone(store, few))
    floor += _floor(room / "floor", few)
    bare, one = statistics.median(floor), statistics.median(alone)
    yield (
        "bare write+fdatasync, p50",
        f"{bare * 1e6:.0f} us",
        f"{len(floor)} of the same bytes, before and after",
    )
    yield "append, 1 client, p50", f"{one * 1e6:.0f} us, {one / bare:.2f}x", "1.5x"
    with Store.open(room / "many") as store:
        store.prepare()
        took, cpu = asyncio.run(_together(store, few * 8))
    rate = len(few) * 8 / took
    yield f"append, {CLIENTS} clients", f"{rate:,.0f}/s, {rate * one:.1f}x", "10x one client's rate"
    yield "processor time of it", f"{cpu / len(few) / 8 * 1e6:.0f} us/event", ""


def _floor(path: Path, few: list[Record]) -> list[float]:
    """What the disk takes for the bytes alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    took = []
    for record in few[: APPENDS // 2]:
        data = repr(record).encode()[:900]
        began = time.perf_counter()
        os.write(descriptor, data)
        os.fdatasync(descriptor)
        took.append(time.perf_counter() - began)
    os.close(descriptor)
    return took


async def _alone(store: Store, few: list[Record]) -> list[float]:
    took = []
    for record in few:
        began = time.perf_counter()
        await store.append(record)
        took.append(time.perf_counter() - began)
    return took


async def _together(store: Store, many: list[Record]) -> tuple[float, float]:
    waiting = iter(many)

    async def client() -> None:
        for record in waiting:
            await store.append(record)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.perf_counter() - began, time.process_time() - used


def _whole(room: Path, count: int) -> Figures:
    path = room / "whole"
    began = time.process_time()
    with Store.open(path) as store:
        batch: list[Record] = []
        for record in records(count):
            batch.append(record)
            if len(batch) == BATCH:
                asyncio.run(store.append_all(tuple(batch)))
                batch = []
        if batch:
            asyncio.run(store.append_all(tuple(batch)))
    filled = time.process_time() - began
    yield (
        "ingest in batches of 1,000",
        f"{filled / count * 1e6:.0f} us/event",
        "processor time, corpus included",
    )
    size = sum(file.stat().st_size for file in path.iterdir())
    yield "log on disk, keys included", f"{size / count:.0f} bytes/event", "400 with the index"
    with LogReader(path) as reader:
        began = time.process_time()
        outcome = reader.verify()
        took = time.process_time() - began
        yield "verify, everything", f"{count / took:,.0f}/s", "100,000/s a core"
        if not outcome.intact:
            raise SystemExit(f"the log isn't intact: {outcome.faults[:3]}")
        places = [number * count // 200 for number in range(200)]
        began = time.process_time()
        proofs = [prove(reader, place, private=False) for place in places]
        yield "make the proof of an event", f"{(time.process_time() - began) / 200 * 1e3:.2f} ms", ""
        keys = read_verifiers(path)[:1]
        began = time.process_time()
        for proof in proofs:
            proof.verify(keys)
        yield (
            "verify the proof of an event",
            f"{(time.process_time() - began) / 200 * 1e3:.3f} ms",
            "0.1 ms, with its signature",
        )
