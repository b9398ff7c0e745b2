"""A power cut at any moment: the files are rebuilt from the system calls, without what was not synced by then.

The store runs under strace, an endpoint's and a collector's, which tells every write with its bytes and every sync. A cut at some call leaves of each file
what its last sync covered; names (creating, renaming, removing) count at once. From that the store must open, be intact
and have every record that was acknowledged before the cut, in its place.
"""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest

from bailiwick.audit.merkle import Frontier
from bailiwick.audit.note import Signer
from bailiwick.audit.segment import Shipped, pack
from bailiwick.service.collector import Collector
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import read_verifiers
from bailiwick.service.store import Store
from logs import intact, numbered, program, stored

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to see system calls")

WORK = """
    async def work():
        with Store.open(path) as store:
            for i in range(int(sys.argv[2])):
                receipt = await store.append(
                    replace(RECORD, call_id=f"c{i}", user=f"u{i % 3}"), state={"n": str(i).encode()}
                )
                assert receipt.sequence == i
                os.write(1, f"ack {i}\\n".encode())
                if i % 5 == 4:
                    await asyncio.sleep(0.04)  # the checkpoint of what was committed follows

    asyncio.run(work())
"""

_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+=\s+(-?\d+)")
_FILE = re.compile(r"^\d+<([^>]*)>")


@dataclass
class Disk:
    """What files hold, as written and as of their last sync."""

    written: dict[str, bytearray] = field(default_factory=dict)
    synced: dict[str, bytes] = field(default_factory=dict)

    def write(self, path: str, data: bytes, at: int | None) -> None:
        held = self.written.setdefault(path, bytearray())
        at = len(held) if at is None else at
        held.extend(bytes(max(0, at + len(data) - len(held))))
        held[at : at + len(data)] = data

    def sync(self, path: str) -> None:
        self.synced[path] = bytes(self.written.get(path, b""))

    def rename(self, old: str, new: str) -> None:
        for kept in (self.written, self.synced):
            if old in kept:
                kept[new] = kept.pop(old)  # type: ignore[assignment]

    def remove(self, path: str) -> None:
        self.written.pop(path, None)
        self.synced.pop(path, None)

    def truncate(self, path: str, size: int) -> None:
        held = self.written.setdefault(path, bytearray())
        del held[size:]
        held.extend(bytes(size - len(held)))

    def left(self, root: Path, target: Path) -> None:
        """Lay down what a cut now would leave."""
        target.mkdir(mode=0o700)
        for path in self.written:
            name = Path(path)
            if name.parent == root and not name.name.endswith("-shm"):
                file = target / name.name
                file.write_bytes(self.synced.get(path, b""))
                file.chmod(0o600)


def unescaped(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def whole(lines: Iterable[str]) -> Iterator[str]:
    """Each call in one line, where it ended: strace parts those during which another thread makes a call."""
    begun: dict[str, str] = {}
    for line in lines:
        thread = line.split(" ", 1)[0]
        if line.endswith(" <unfinished ...>"):
            begun[thread] = line.removesuffix(" <unfinished ...>")
        elif found := re.match(r"\d+\s+<\.\.\. \w+ resumed>(.*)", line):
            yield begun.pop(thread, "") + found[1]
        else:
            yield line


def replay(trace: Path, root: Path) -> Iterator[tuple[Disk, int]]:  # noqa: C901, PLR0912 - one arm a system call
    """The disk after each call that changed something, and how many records had been acknowledged."""
    disk, acknowledged = Disk(), 0
    for line in trace.read_text().splitlines():
        found = _LINE.match(line)
        if not found or int(found[3]) < 0:
            continue
        call, words = found[1], found[2]
        file = _FILE.match(words)
        path = file[1] if file else ""
        strings = [unescaped(text) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', words)]
        if call == "write" and words.startswith("1<"):
            acknowledged += 1
        elif call in {"rename", "unlink", "openat"}:
            names = [text.decode() for text in strings]
            if call == "rename":
                disk.rename(*names)
            elif call == "unlink":
                disk.remove(names[0])
            elif "O_TRUNC" in words:
                disk.truncate(names[0], 0)
            elif "O_CREAT" in words:
                disk.written.setdefault(names[0], bytearray())
        elif not path.startswith(str(root)):
            continue
        elif call == "write":
            disk.write(path, strings[0], None)
        elif call == "pwrite64":
            disk.write(path, strings[0], int(words.rsplit(", ", 1)[1]))
        elif call == "ftruncate":
            disk.truncate(path, int(words.rsplit(", ", 1)[1]))
        elif call in {"fsync", "fdatasync"}:
            disk.sync(path)
        yield disk, acknowledged


def cut(tmp_path: Path, records: int, cuts: int, seed: int) -> None:
    def holds(left: Path, acknowledged: int) -> None:
        with Store.open(left) as store:
            assert store.size >= acknowledged
            told = store.get_state("n")
        kept = stored(left)
        assert kept[:acknowledged] == [f"c{number}" for number in range(acknowledged)]
        assert told == (str(len(kept) - 1).encode() if kept else None)
        assert intact(left)

    cut_while(tmp_path, WORK, records, holds, cuts=cuts, seed=seed, of=records)


def cut_while(  # noqa: PLR0913, PLR0917 - a program, what holds of what is left, and how often
    tmp_path: Path,
    work: str,
    argument: object,
    holds: Callable[[Path, int], None],
    cuts: int,
    seed: int,
    of: int,
) -> None:
    """Cut the power at some moments of a program's work and look at what is left; it acknowledges ``of`` things in all."""
    root = (tmp_path / "state").resolve()
    trace = tmp_path / "trace"
    calls = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink"
    words = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-o", str(trace), "-e", f"trace={calls}"]
    # Paths are shown as they are, whatever -xx does to strings.
    done = subprocess.run(
        [*words, *program(work, root, argument)], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.stdout.count("ack") == of, done.stderr
    text = re.sub(
        r"<((?:\\x[0-9a-f]{2})+)>", lambda name: f"<{unescaped(name[1]).decode()}>", trace.read_text()
    )
    trace.write_text("\n".join(whole(text.splitlines())))
    moments = sum(1 for _ in replay(trace, root))
    assert moments > of
    chosen = set(Random(seed).sample(range(moments), min(cuts, moments)))  # noqa: S311 - test data
    opened = 0
    for moment, (disk, acknowledged) in enumerate(replay(trace, root)):
        if moment not in chosen:
            continue
        left = tmp_path / f"left-{moment}"
        disk.left(root, left)
        try:
            holds(left, acknowledged)
        except BaseException as error:
            error.add_note(f"the power was cut after call {moment}")
            raise
        opened += bool(acknowledged)
        shutil.rmtree(left)
    assert opened


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    cut(tmp_path, records=30, cuts=12, seed=1)


COLLECT = """
    from bailiwick.service.collector import Collector

    async def work():
        with Store.open(path) as store:
            collector = Collector.over(store)
            for file in sorted(Path(sys.argv[2]).glob("*.pub")):
                await collector.enrol(file.read_text())
            for file in sorted(Path(sys.argv[2]).glob("*.segment")):
                await collector.take(file.read_bytes())
                os.write(1, b"ack\\n")

    asyncio.run(work())
"""


def cut_collector(tmp_path: Path, segments: int, cuts: int) -> None:
    """Of two machines' logs: what was receipted is there, and shipping goes on from there until each entry is there once."""
    sent = tmp_path / "sent"
    sent.mkdir()
    machines = [tmp_path / name for name in ("one", "two")]
    data: list[tuple[str, bytes]] = []
    for machine in machines:
        with Store.open(machine) as store:
            for number in range(segments * 7):
                store.append_blocking(replace(numbered(number), user=f"u{number % 2}"))
        (sent / f"{machine.name}.pub").write_bytes((machine / "log.pub").read_bytes())
        data += segments_of(machine, segments)
    order = sorted(range(len(data)), key=lambda place: (place % segments, place))
    for number, place in enumerate(order):
        (sent / f"{number:03d}.segment").write_bytes(data[place][1])
    origins = [data[place][0] for place in order]

    def holds(left: Path, acknowledged: int) -> None:
        with Store.open(left) as store:
            collector = Collector.over(store)
            for origin in set(origins):
                assert collector.cursor(origin).upto >= 7 * origins[:acknowledged].count(origin)
            for machine in machines:
                asyncio.run(collector.enrol((machine / "log.pub").read_text()))
            for _, segment in data:
                asyncio.run(collector.take(segment))
        found: dict[str, list[int]] = {}
        with LogReader(left) as reader:
            for entry in reader.entries():
                if origin := entry.record.get("origin"):
                    found.setdefault(origin, []).append(entry.record["origin_seq"])
        assert found == {origin: list(range(segments * 7)) for origin in origins}
        assert intact(left)

    cut_while(
        tmp_path, COLLECT, sent, holds, cuts=cuts, seed=int(os.environ.get("FUZZ_SEED", "1")), of=len(data)
    )


def segments_of(machine: Path, count: int) -> list[tuple[str, bytes]]:
    """A machine's log in segments of seven entries each, with its origin."""
    key = read_verifiers(machine)[0]
    signer = Signer.from_seed(key.name, (machine / "log.key").read_bytes())
    with LogReader(machine) as reader:
        entries = list(reader.entries())
    tree, found = Frontier(), []
    for number in range(count):
        mine = entries[number * 7 : number * 7 + 7]
        for entry in mine:
            tree = tree.append(entry.sealed.leaf)
        shipped = [Shipped(entry.sealed.body, entry.private) for entry in mine]
        found.append((key.name, pack(signer, number * 7, shipped, tree)))
    return found


def test_a_power_cut_at_the_collector_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    cut_collector(tmp_path, segments=3, cuts=6)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_power_cut_at_the_collector_at_many_moments(tmp_path: Path) -> None:
    cut_collector(tmp_path, segments=40, cuts=int(os.environ.get("FUZZ_COUNT", "300")))


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_power_cut_at_many_moments(tmp_path: Path) -> None:
    cut(
        tmp_path,
        records=700,
        cuts=int(os.environ.get("FUZZ_COUNT", "400")),
        seed=int(os.environ.get("FUZZ_SEED", "1")),
    )


EVERY = """
    async def work():
        acknowledged = []
        try:
            with Store.open(path) as store:
                for i in range(12):
                    try:
                        await store.append(replace(RECORD, call_id=f"c{i}", user=f"u{i}"))
                        acknowledged.append(f"c{i}")
                    except StoreError:
                        pass
        except StoreError:
            pass
        print("told", ",".join(acknowledged))

    asyncio.run(work())
"""


def failing(tmp_path: Path, call: str, number: int) -> bool:
    """One call of a whole life of a store fails with EIO; whether there was such a call."""
    path = tmp_path / f"{call}-{number}"
    note = tmp_path / f"{call}-{number}.trace"
    # Only what touches the state directory: Python itself opens and writes much before.
    watched = [
        word
        for name in ("log.db", "log.db-wal", "keys.db", "keys.db-journal", "log.pub.new", "seal.key.new")
        for word in ("-P", str(path / name))
    ]
    words = [
        "strace",
        "-f",
        "-qq",
        "-o",
        str(note),
        *watched,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:error=EIO:when={number}",
    ]
    done = subprocess.run([*words, *program(EVERY, path)], capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    told = done.stdout.partition("told ")[2].strip()
    assert "told" in done.stdout, f"{call} {number}: {done.stderr}"
    acknowledged = [name for name in told.split(",") if name]
    with Store.open(path):
        pass
    kept = stored(path)
    assert [name for name in kept if name in acknowledged] == acknowledged, f"{call} {number}"
    assert len(kept) == len(set(kept))
    assert intact(path), f"{call} {number}"
    return "INJECTED" in note.read_text()


CALLS = (
    "openat",
    "pwrite64",
    "fdatasync",
    "fsync",
    "ftruncate",
    "unlink",
    "rename",
    "fstat",
    "read",
    "pread64",
)


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_an_error_at_a_call_acknowledges_nothing_that_is_not_stored(tmp_path: Path, call: str) -> None:
    assert failing(tmp_path, call, 9)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", CALLS)
def test_an_error_at_every_call(tmp_path: Path, call: str) -> None:
    for number in range(1, int(os.environ.get("FUZZ_COUNT", "200"))):
        if not failing(tmp_path, call, number):
            break
