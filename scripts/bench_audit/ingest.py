"""Ingest into log and index side by side, and what a collector over all of it keeps in memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from record import WHOLE, beside, size_of

HERE = Path(__file__).parent
SIDE_BY_SIDE = 100_000
"""Events of the run in which two processes share the machine: the rate doesn't depend on how many there were before."""

FILL = "import record, sys, pathlib; print(record.fill(pathlib.Path(sys.argv[1]), int(sys.argv[2])))"
FOLLOW = """
import sys, time, pathlib
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.log_reader import LogReader
path, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
while not (path / "log.pub").exists():
    time.sleep(0.01)
done, spent = 0, 0.0
with LogReader(path) as reader:
    while done < count:
        if reader.size() < min(done + 1_000, count):
            time.sleep(0.002)
            continue
        began = time.process_time()
        up_to_date(reader, rests=False).close()
        spent += time.process_time() - began
        done = reader.size()
print(spent)
"""
COLLECT = """
import asyncio, os, pathlib, sys
import record
from bailiwick.audit.merkle import Frontier, leaf_hash
from bailiwick.audit.segment import Shipped, pack
from bailiwick.service.collector import Collector
from bailiwick.service.log_reader import LogReader
from bailiwick.service.store import Store

def resident(name):
    told = pathlib.Path("/proc/self/status").read_text()
    return int(told.split(name + ":")[1].split()[0]) / 1024

host, hub = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
record.fill(host, 5_000)
async def work(store, signer, entries):
    collector = Collector.over(store)
    await collector.enrol((host / "log.pub").read_text())
    frontier = Frontier()
    for low in range(0, len(entries), 1_000):
        part = entries[low : low + 1_000]
        for one in part:
            frontier = frontier.append(leaf_hash(one.entry))
        await collector.take(pack(signer, low, part, frontier))
with Store.open(host) as store:
    signer = store.directory.signer()
    with LogReader(host) as reader:
        entries = [Shipped(one.sealed.body, one.private) for one in reader.entries()]
with Store.open(hub) as store:
    asyncio.run(work(store, signer, entries))
    print(resident("VmRSS"), resident("VmHWM"), store.size)
"""


def measure(room: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """Figures with what they should reach."""
    few = min(count, SIDE_BY_SIDE)
    began = time.perf_counter()
    with _program(FILL, room / "side", few) as filling, _program(FOLLOW, room / "side", few) as following:
        log, index = (float(one.communicate()[0]) / few * 1e6 for one in (filling, following))
    wall = time.perf_counter() - began
    yield "log: take apart, seal, hash, store", f"{log:.1f} us/event", "processor time"
    yield "index: read the log, find the terms, store", f"{index:.1f} us/event", "processor time"
    yield (
        "both on two cores, by their processor time",
        f"{1e6 / max(log, index):,.0f} events/s",
        "20,000/s",
    )
    yield (
        "both at once, by the clock",
        f"{few / wall:,.0f} events/s",
        f"with making the corpus; load {os.getloadavg()[0]:.1f}",
    )
    began = time.perf_counter()
    with _program(FOLLOW, room / WHOLE, count) as following:
        spent = float(following.communicate()[0])
    yield "index of all of it", f"{spent / count * 1e6:.1f} us/event", f"{time.perf_counter() - began:.0f} s"
    both = size_of(room / WHOLE)
    yield "log and index on disk", f"{both / count:.0f} bytes/event", "400 at 2,000,000"
    with _program(COLLECT, room / "host", room / WHOLE) as collecting:
        now, most, size = collecting.communicate()[0].split()
    yield (
        f"collector of {int(size):,}, taking segments",
        f"{float(now):.0f} MB",
        f"300 MB; {float(most):.0f} at most",
    )


def _program(text: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": beside(HERE)},
        stdout=subprocess.PIPE,
        text=True,
    )
