"""Appending, keeping, verifying and proving: the log itself, against what the same disk does for a bare write."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from events import T0, events

from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import leaf_hash, verify_inclusion
from bailiwick.audit.note import Note, TreeHead
from bailiwick.audit.record import FIELD_NAMES, Record
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import read_verifiers
from bailiwick.service.store import Store

Figures = Iterator[tuple[str, str, str]]
APPENDS = 3_000
CHUNK = 25
CLIENTS = 64
BATCH = 1_000
WHOLE = "whole"
PROOFS = 200


def records(count: int, first: int = 0) -> Iterator[Record]:
    """The corpus as records of this version."""
    for _, fields in events(count, seed=7 + first):
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
    yield from _verifying(room / "many", "one machine")
    yield from _whole(room, count)
    yield from _verifying(room / WHOLE, "500 people")
    yield from _proving(room / WHOLE, count)


def _appending(room: Path, few: list[Record]) -> Figures:
    """Bare writes, one client and many take turns, so that whatever else uses the disk meets each alike."""
    bare, one, shares, many, cpu = list[float](), list[float](), list[float](), list[float](), 0.0
    descriptor = os.open(room / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with Store.open(room / "one") as store, Store.open(room / "many") as shared:
        store.prepare()
        shared.prepare()
        for low in range(0, len(few), CHUNK):
            chunk = few[low : low + CHUNK]
            floor = [_written(descriptor, record) for record in chunk]
            alone = asyncio.run(_alone(store, chunk))
            took, used = asyncio.run(_together(shared, chunk * 16))
            bare, one, many, cpu = bare + floor, one + alone, [*many, took], cpu + used
            shares.append(statistics.median(alone) / statistics.median(floor))
            while shared._ledger.has_unsettled:  # noqa: SLF001 - else one client would be measured beside it
                time.sleep(0.005)
        sustained, _ = asyncio.run(_together(shared, few * 16))
    os.close(descriptor)
    yield "bare write+fdatasync, p50", f"{statistics.median(bare) * 1e6:.0f} us", f"p90 {_p90(bare)}"
    median = statistics.median(one)
    yield (
        "append, 1 client, p50",
        f"{median * 1e6:.0f} us, {median / statistics.median(bare):.2f}x",
        f"1.5x; in turns of {CHUNK} {statistics.quantiles(shares)[0]:.2f} to {statistics.quantiles(shares)[2]:.2f}, p90 {_p90(one)}",
    )
    rate, single = CHUNK * 16 * len(many) / sum(many), len(one) / sum(one)
    yield (
        f"append, {CLIENTS} clients, {CHUNK * 16} at a time",
        f"{rate:,.0f}/s, {rate / single:.1f}x",
        f"10x one client's rate ({single:,.0f}/s; {1 / median:,.0f}/s by its median)",
    )
    rate = len(few) * 16 / sustained
    yield f"and {len(few) * 16:,} in one go, with blocks", f"{rate:,.0f}/s, {rate / single:.1f}x", ""
    yield "processor time of it", f"{cpu / len(few) / 16 * 1e6:.0f} us/event", "without blocks"


def _p90(took: list[float]) -> str:
    return f"{statistics.quantiles(took, n=10)[8] * 1e6:.0f} us"


def _written(descriptor: int, record: Record) -> float:
    """What the disk takes for the bytes alone."""
    data = repr(record).encode()[:900]
    began = time.perf_counter()
    os.write(descriptor, data)
    os.fdatasync(descriptor)
    return time.perf_counter() - began


async def _alone(store: Store, few: list[Record]) -> list[float]:
    took = []
    for record in few:
        began = time.perf_counter()
        await store.append(record)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0)  # who asked waits for the next event
    return took


async def _together(store: Store, many: list[Record]) -> tuple[float, float]:
    waiting = iter(many)

    async def client() -> None:
        for record in waiting:
            await store.append(record)

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.perf_counter() - began, time.process_time() - used


def fill(path: Path, count: int) -> float:
    """Put the corpus into the log ``path`` in batches; the processor time, in seconds, without that of making it."""
    made, spent = records(count), 0.0
    with Store.open(path) as store:
        while batch := tuple(record for _, record in zip(range(BATCH), made, strict=False)):
            began = time.process_time()
            asyncio.run(store.append_all(batch))
            spent += time.process_time() - began
    return spent


def _whole(room: Path, count: int) -> Figures:
    spent = fill(room / WHOLE, count)
    yield "ingest into the log, batches of 1,000", f"{spent / count * 1e6:.1f} us/event", "processor time"
    size = size_of(room / WHOLE)
    yield "log on disk, keys included", f"{size / count:.0f} bytes/event", "400 with the index"


def size_of(path: Path) -> int:
    """Bytes of the files in a state directory."""
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def _verifying(path: Path, whose: str) -> Figures:
    with LogReader(path) as reader:
        count = reader.size()
        began = time.process_time()
        outcome = reader.verify()
        took = time.process_time() - began
        if not outcome.intact:
            raise SystemExit(f"the log isn't intact: {outcome.faults[:3]}")
    yield f"verify, everything, {whose}", f"{count / took:,.0f}/s", "100,000/s a core"
    body, private, node = bytes(500), bytes(450), bytes(65)
    began = time.process_time()
    for _ in range(50_000):
        sha256(body).digest()
        sha256(private).digest()
        sha256(node).digest()
        sha256(node).digest()
    floor = (time.process_time() - began) / 50_000
    yield "floor: its hashes alone", f"{1 / floor:,.0f}/s", "entry, commitment, tree and chain"


def _proving(path: Path, count: int) -> Figures:
    with LogReader(path) as reader:
        places = [number * count // PROOFS for number in range(PROOFS)]
        began = time.process_time()
        proofs = [prove(reader, place, private=False) for place in places]
        yield (
            "make the proof of an event",
            f"{(time.process_time() - began) / PROOFS * 1e3:.2f} ms",
            "each from another tile",
        )
        keys = read_verifiers(path)[:1]
        heads = [TreeHead.parse(Note.parse(one.checkpoint).text) for one in proofs]

        def included() -> None:
            for one, head in zip(proofs, heads, strict=True):
                verify_inclusion(leaf_hash(one.entry), one.index, head.size, one.hashes, head.root)

        def whole() -> None:
            for one in proofs:
                one.verify(keys)

        yield "verify an inclusion proof", f"{_each(included):.3f} ms", "0.1 ms"
        yield "and its checkpoint, parsed and signed", f"{_each(whole):.3f} ms", ""


def _each(what: Callable[[], None]) -> float:
    """Milliseconds of processor time that one of ``PROOFS`` takes, the best of five runs."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        what()
        best = min(best, time.process_time() - began)
    return best / PROOFS * 1e3
