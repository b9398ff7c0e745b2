"""Delivery: what endpoints record arrives once and in order, whoever is killed, and no host ships a second history."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import orjson
import pytest

from bailiwick.audit.merkle import Frontier, leaf_hash
from bailiwick.audit.note import Signer
from bailiwick.audit.sealing import commitment
from bailiwick.audit.segment import MAX_SEGMENT, SegmentError, Shipped, pack, receipt_upto, unpack
from bailiwick.cli.main import main
from bailiwick.service.collector import HEARD, Collector, _is_fit, enrolled
from bailiwick.service.log_reader import LogReader
from bailiwick.service.shipper import ShipError, Shipper
from bailiwick.service.state_directory import read_verifiers
from bailiwick.service.store import Store
from logs import numbered, program


def filled(path: Path, *numbers: int) -> Path:
    with Store.open(path) as store:
        asyncio.run(store.append_all(tuple(map(numbered, numbers))))
    return path


@contextmanager
def collecting(path: Path, port: int = 0) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "log",
        "collect",
        "--state",
        str(path),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1], process
        finally:
            process.send_signal(signal.SIGKILL)


def shipper(state: Path, url: str, collector: Path) -> Shipper:
    return Shipper(state=state, url=url, key=read_verifiers(collector)[0])


def collected(path: Path) -> dict[str, list[tuple[int, str]]]:
    """What a collector has of each log: places there and the calls' ids."""
    found: dict[str, list[tuple[int, str]]] = {}
    with LogReader(path) as reader:
        assert reader.verify().intact
        for entry in reader.entries():
            if origin := entry.record.get("origin"):
                found.setdefault(origin, []).append(
                    (entry.record["origin_seq"], entry.record.get("call_id", ""))
                )
    return found


def test_logs_of_two_machines_arrive_whole_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = filled(tmp_path / "one", *range(1_500)), filled(tmp_path / "two", 7, 8)
    hub = tmp_path / "hub"
    words = [
        "log",
        "collect",
        "--state",
        str(hub),
        "--enrol",
        str(one / "log.pub"),
        "--enrol",
        str(two / "log.pub"),
    ]
    assert main(words) == 0
    assert capsys.readouterr().out.count("enrolled bailiwick/") == 2
    with collecting(hub) as (url, _):
        assert shipper(one, url, hub).once() == 1_500
        assert shipper(one, url, hub).once() == 0
        words = ["log", "ship", "--state", str(two), "--to", url, "--keys", str(hub / "log.pub"), "--once"]
        assert main(words) == 0
        filled(two, 9)
        going = shipper(two, url, hub)
        assert going.once() == 2  # and that the collector had the first two, which is on record once an hour
        (note,) = (two).glob("receipt-*.note")
        origin = read_verifiers(two)[0].name
        assert receipt_upto(note.read_text(), read_verifiers(hub)[0], origin) == 4
        assert main(words) == 0
    capsys.readouterr()
    assert main(["log", "collect", "--state", str(hub), "--list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[1] for line in listed.splitlines()] in (["1500", "4"], ["4", "1500"])
    assert "SILENT" not in listed
    found = collected(hub)
    assert found[read_verifiers(one)[0].name] == [(number, f"c{number}") for number in range(1_500)]
    assert found[origin] == [(0, "c7"), (1, "c8"), (2, ""), (3, "c9")]
    with LogReader(two) as reader:
        (told,) = [entry.record for entry in reader.entries() if entry.record["kind"] == "shipped"]
    assert (told["upto"], told["text"]) == (2, f"the collector at {url} has the entries before 2")


def segment_of(state: Path) -> bytes:
    """A segment as it goes over the wire."""
    reader = Shipper(state=state, url="", key=read_verifiers(state)[0])
    signer = Signer.from_seed(read_verifiers(state)[0].name, (state / "log.key").read_bytes())
    return reader._next(signer, 0)[0]


def test_what_was_changed_on_the_way_or_comes_from_strangers_is_refused(tmp_path: Path) -> None:
    state = filled(tmp_path / "one", *range(30))
    data = segment_of(state)
    hosts = {key.name: [key] for key in read_verifiers(state)[:1]}
    assert len(unpack(data, hosts).entries) == 30
    random = Random(1)  # noqa: S311 - test data
    for _ in range(300):
        place = random.randrange(len(data))
        changed = data[:place] + bytes([data[place] ^ (1 << random.randrange(7))]) + data[place + 1 :]
        with pytest.raises(SegmentError):
            unpack(changed, hosts)
    for wrong in (b"", b"\n\n\n\n", data[:-1], data + b"[]\n", b"x" * (MAX_SEGMENT + 1)):
        with pytest.raises(SegmentError):
            unpack(wrong, hosts)
    with pytest.raises(SegmentError, match="not signed by a host that is enrolled"):
        unpack(data, {})


def test_a_second_history_is_an_alarm_and_a_gap_is_no_gap(tmp_path: Path) -> None:
    one, hub = filled(tmp_path / "one", *range(5)), tmp_path / "hub"
    older = shutil.copytree(one, tmp_path / "older")
    enrolled(hub, (one / "log.pub").read_text())
    filled(one, *range(5, 10))
    filled(older, *range(50, 70))
    with collecting(hub) as (url, _):
        assert shipper(one, url, hub).once() == 10
        with pytest.raises(ShipError, match="ships another history") as caught:
            shipper(older, url, hub).once()
        assert not caught.value.again
        shorter = filled(tmp_path / "shorter", 1)
        with pytest.raises(ShipError, match="isn't enrolled"):
            shipper(shorter, url, hub).once()
        assert shipper(one, url, hub).once() == 0
    with LogReader(hub) as reader:
        alarms = [entry.record["text"] for entry in reader.entries() if entry.record["kind"] == "alarm"]
    assert len(alarms) == 1
    assert "ships another history than it did up to 10" in alarms[0]
    with pytest.raises(ShipError, match="can't be reached") as gone:
        shipper(one, url, hub).once()
    assert gone.value.again


def test_what_a_host_makes_up_does_no_harm(tmp_path: Path) -> None:
    """An enrolled host whose key was stolen signs records of nonsense, and one as large as records get."""
    state, hub = filled(tmp_path / "one", 0), tmp_path / "hub"
    origin = read_verifiers(state)[0].name
    signer = Signer.from_seed(origin, (state / "log.key").read_bytes())
    epoch = origin.rpartition("/")[2]
    bodies: list[tuple[dict[str, object], dict[str, object]]] = [
        (
            {"kind": "unheard-of", "time_ms": "yesterday", "tool": 7, "rules": "x"},
            {"user": ["alice"], "input": {"a": 1}},
        ),
        ({"kind": [], "time_ms": 2**80}, {"skills": {"a": 1}, "accesses": [1, 2], "salt": 3}),
        (
            {"kind": "notice", "time_ms": 5},
            {"input": "x" * 40_000, "extra": "y" * 25_000, "call_id": "large"},
        ),
    ]
    tree, entries = Frontier(), []
    for number, (public, private) in enumerate(bodies):
        hidden = orjson.dumps(private)
        whole = {**public, "epoch": epoch, "seq": number, "private": commitment(hidden).hex()}
        entries.append(Shipped(json.dumps(whole).encode(), hidden))
        tree = tree.append(leaf_hash(entries[-1].entry))
    enrolled(hub, (state / "log.pub").read_text())
    with Store.open(hub) as store:
        note = asyncio.run(Collector.over(store).take(pack(signer, 0, entries, tree)))
        assert receipt_upto(note, store.directory.signer().verifier, origin) == 3
    assert collected(hub)[origin] == [(0, ""), (1, ""), (2, "large")]


def test_a_silent_host_is_an_alarm_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = filled(tmp_path / "one", 1)
    with Store.open(tmp_path / "hub") as store:
        collector = Collector.over(store)

        async def work() -> None:
            (origin,) = await collector.enrol((one / "log.pub").read_text())
            assert await collector.look_for_silence() == []
            await store.put_state({HEARD + origin: str(int(time.time()) - 1_000).encode()})
            assert await collector.look_for_silence() == [origin]
            assert await collector.look_for_silence() == []

        asyncio.run(work())
    assert main(["log", "collect", "--state", str(tmp_path / "hub"), "--list"]) == 1
    assert capsys.readouterr().out.endswith("SILENT\n")


def test_erased_records_are_shipped_as_what_they_still_say(tmp_path: Path) -> None:
    one, hub = filled(tmp_path / "one", 1, 2), tmp_path / "hub"
    enrolled(hub, (one / "log.pub").read_text())
    (one / "keys.db").unlink()
    with collecting(hub) as (url, _):
        assert shipper(one, url, hub).once() == 2
    (entries,) = collected(hub).values()
    assert entries == [(0, ""), (1, "")]


WRITER = """
    async def work():
        with Store.open(path) as store:
            start = store.size
            for i in range(100000):
                receipt = await store.append(replace(RECORD, call_id=f"{path.name}-{start + i}"))
                os.write(1, f"{receipt.sequence}\\n".encode())
                await asyncio.sleep(0.0005)

    asyncio.run(work())
"""


def chaos(tmp_path: Path, rounds: int, seed: int) -> None:
    """Kill -9 of endpoint, shipper and collector at random times; at the end everything acknowledged is there, once."""
    random = Random(seed)  # noqa: S311 - test data
    hub = tmp_path / "hub"
    hosts = [filled(tmp_path / name, 0) for name in ("a", "b")]
    for host in hosts:
        enrolled(hub, (host / "log.pub").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    acknowledged = dict.fromkeys(hosts, 0)
    running: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str) -> None:
        kind, _, host = name.partition(" ")
        state = tmp_path / host
        words = {
            "write": program(WRITER, state),
            "ship": [
                sys.executable,
                "-m",
                "bailiwick.cli.main",
                "log",
                "ship",
                "--state",
                str(state),
                "--to",
                url,
                "--keys",
                str(hub / "log.pub"),
            ],
            "collect": [
                sys.executable,
                "-m",
                "bailiwick.cli.main",
                "log",
                "collect",
                "--state",
                str(hub),
                "--port",
                str(port),
            ],
        }[kind]
        out = (tmp_path / f"{name.replace(' ', '-')}.out").open("ab")
        running[name] = subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL)
        out.close()

    names = ["collect ", "write a", "write b", "ship a", "ship b"]
    for name in names:
        start(name)
    for _ in range(rounds):
        time.sleep(random.uniform(0.2, 0.9))
        name = random.choice(names)
        running[name].send_signal(signal.SIGKILL)
        running[name].wait()
        start(name)
    until = time.monotonic() + 60  # a busy machine may not have let a writer get anywhere yet
    while time.monotonic() < until and not all(
        (tmp_path / f"write-{host.name}.out").read_text().count("\n") > 1 for host in hosts
    ):
        time.sleep(0.1)
    for process in running.values():
        process.send_signal(signal.SIGKILL)
        process.wait()
    for host in hosts:
        told = (tmp_path / f"write-{host.name}.out").read_text().splitlines()
        acknowledged[host] = max(map(int, told), default=0) + 1
    with collecting(hub) as (last, _):
        for host in hosts:
            shipper(host, last, hub).once()
    found = collected(hub)
    for host in hosts:
        arrived = found[read_verifiers(host)[0].name]
        assert [place for place, _ in arrived] == list(range(len(arrived))), "a gap, or one twice"
        assert len(arrived) >= acknowledged[host] > 1
        # Beside what was written there is what the shipper has on record while nobody else writes.
        calls = [(place, call) for place, call in arrived[1:] if call]
        assert calls == [(place, f"{host.name}-{place}") for place, _ in calls]
        assert len(arrived) - len(calls) <= 2


def test_nothing_is_lost_or_doubled_whoever_is_killed(tmp_path: Path) -> None:
    chaos(tmp_path, rounds=6, seed=3)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_in_many_rounds(tmp_path: Path) -> None:
    chaos(
        tmp_path, rounds=int(os.environ.get("FUZZ_COUNT", "120")), seed=int(os.environ.get("FUZZ_SEED", "1"))
    )


def test_records_go_to_another_machine_over_https_alone(tmp_path: Path) -> None:
    one, hub = filled(tmp_path / "one", 1), filled(tmp_path / "hub", 1)
    with pytest.raises(ShipError, match="would carry records in clear") as refused:
        shipper(one, "http://collector.example:8768", hub).once()
    assert not refused.value.again


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("uid", 0, True),
        ("duration_ms", 7, True),
        ("accesses", [{"kind": "read", "path": "/x"}], True),
        ("skills", ["pdf"], True),
        ("user", "alice", True),
        ("uid", "0", False),
        ("uid", True, False),
        ("accesses", "read", False),
        ("user", 7, False),
    ],
)
def test_each_field_is_taken_in_its_own_form(name: str, value: object, fits: bool) -> None:  # noqa: FBT001 - a table
    """In a compiled wheel too, where a class may not tell the forms of its fields."""
    assert _is_fit(name, value) is fits
