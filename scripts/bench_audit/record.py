"""Appending, keeping, verifying and proving: the log itself, against what the same disk does for a bare write."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b, sha256
from pathlib import Path

import orjson
from events import T0, events

from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from bailiwick.audit.note import Note, TreeHead
from bailiwick.audit.record import FIELD_NAMES, Record
from bailiwick.service.blocks import blocks
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
        kept = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in fields.items()
            if name in FIELD_NAMES and name != "v"
        }
        yield Record(**{**kept, "kind": Kind(kept["kind"])})


def one_machine(count: int) -> list[Record]:
    """Records of one machine: three accounts in one month. A key is made for each, once."""
    return [
        replace(one, user=f"user{number % 3}", time_ms=T0 + number)
        for number, one in enumerate(records(count))
    ]


def measure(room: Path, count: int) -> Figures:
    """Every figure of the log."""
    yield from _appending(room, one_machine(APPENDS))
    yield from _verifying(room / "many", "one machine")
    yield from _whole(room, count)
    yield from _verifying(room / WHOLE, "500 people")
    yield from _proving(room / WHOLE, count)


@dataclass(slots=True)
class Turns:
    """What bare writes, one client and many took, in seconds; ``cpu`` is of the many."""

    floor: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    cpu: float = 0.0
    sustained: float = 0.0

    @property
    def bare(self) -> float:
        """A bare write and fdatasync, median."""
        return statistics.median(self.floor)

    @property
    def one(self) -> float:
        """One client's append, median."""
        return statistics.median(self.alone)

    @property
    def single(self) -> float:
        """One client's rate."""
        return len(self.alone) / sum(self.alone)

    @property
    def rate(self) -> float:
        """The rate of many."""
        return CHUNK * 16 * len(self.many) / sum(self.many)


def take_turns(room: Path, few: list[Record], *, sustained: bool = False) -> Turns:
    """Bare writes, one client and many take turns, so that whatever else uses the disk meets each alike."""
    turns = Turns()
    room.mkdir(exist_ok=True)
    descriptor = os.open(room / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with Store.open(room / "one") as store, Store.open(room / "many") as shared:
        store.prepare()
        shared.prepare()
        for low in range(0, len(few), CHUNK):
            chunk = few[low : low + CHUNK]
            floor = [_written(descriptor, record) for record in chunk]
            alone = asyncio.run(_alone(store, chunk))
            took, used = asyncio.run(_together(shared, chunk * 16))
            turns.floor += floor
            turns.alone += alone
            turns.many.append(took)
            turns.cpu += used
            turns.shares.append(statistics.median(alone) / statistics.median(floor))
            while shared._ledger.has_unsettled:  # noqa: SLF001 - else one client would be measured beside it
                time.sleep(0.005)
        if sustained:
            turns.sustained, _ = asyncio.run(_together(shared, few * 16))
    os.close(descriptor)
    return turns


def _appending(room: Path, few: list[Record]) -> Figures:
    turns = take_turns(room, few, sustained=True)
    bare, median, single = turns.bare, turns.one, turns.single
    yield "bare write+fdatasync, p50", f"{bare * 1e6:.0f} us", f"p90 {_p90(turns.floor)}"
    low, _, high = statistics.quantiles(turns.shares)
    yield (
        "append, 1 client, p50",
        f"{median * 1e6:.0f} us, {median / bare:.2f}x",
        f"1.5x; in turns of {CHUNK} {low:.2f} to {high:.2f}, p90 {_p90(turns.alone)}",
    )
    yield (
        f"append, {CLIENTS} clients, {CHUNK * 16} at a time",
        f"{turns.rate:,.0f}/s, {turns.rate / single:.1f}x",
        f"10x one client's rate ({single:,.0f}/s; {1 / median:,.0f}/s by its median)",
    )
    rate = len(few) * 16 / turns.sustained
    yield f"and {len(few) * 16:,} in one go, with blocks", f"{rate:,.0f}/s, {rate / single:.1f}x", ""
    used = turns.cpu / len(few) / 16
    yield "processor time of it", f"{used * 1e6:.0f} us/event", "without blocks"
    yield (
        "so at most, were the disk no wait at all",
        f"{1 / used:,.0f}/s, {median / used:.1f}x",
        "by one client's median: a quick disk leaves no room for 10x",
    )


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


def beside(folder: Path) -> str:
    """``PYTHONPATH`` of a process that imports from ``folder`` too, and Bailiwick from where this one does."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


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
    floor, count = min(_unavoidable(path) for _ in range(3))
    yield (
        "floor: unpack, decrypt, parse, hash alone",
        f"{count / floor:,.0f}/s",
        "the same blocks, nothing compared",
    )


def _unavoidable(path: Path) -> tuple[float, int]:
    """Processor time of the calls without which no block is verified, and of how many entries."""
    count = 0
    with LogReader(path) as reader:
        began = time.process_time()
        for block in blocks(reader._connection, reader._find, 0, 2**62):  # noqa: SLF001 - what verification reads too
            bodies = block.block.bodies()
            told = orjson.loads(b"[" + b",".join(bodies) + b"]")
            orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
            found = block.block.every_private([reader._find(name.hex()) for name in block.block.keys])  # noqa: SLF001
            for one in (*bodies, *(bytes(HASH_SIZE + 1) * 2 for _ in range(2 * len(bodies)))):
                sha256(one).digest()
            for _ in found[0] if found else ():
                blake2b(b"toolu", digest_size=8).digest()
            count += len(bodies)
        return time.process_time() - began, count


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
