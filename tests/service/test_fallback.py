"""What the relay stops by itself is kept, and put on record once: nothing of the event's text, whoever is killed or lies."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from bailiwick import enforcement
from bailiwick.audit.record import Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.service.fallback import adopt
from bailiwick.service.log_reader import LogReader
from bailiwick.service.second.sightings import in_log
from bailiwick.service.store import Store
from planted import ALNUM, MAKERS

RELAY = Path(enforcement.__file__).parent / "relay.py"
UID = os.getuid()
STAMP = Stamp(wall_ms=5, monotonic_ns=5, host="h", salt="00" * 16)


def event(**more: object) -> bytes:
    given = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "toolu_01" + "Ab3" * 7}
    return json.dumps(given | {"tool_input": {"command": "ls"}} | more).encode()


def relayed(segment: Path, body: bytes, *before: str) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-IS", str(RELAY), "--socket", str(segment.parent / "nobody"), "--segment"]
    return subprocess.run([*before, *words, str(segment)], input=body, capture_output=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "segments"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "state") as opened:
        yield opened


def adopted(store: Store, folder: Path) -> int:
    return asyncio.run(adopt(folder, store, lambda: STAMP, Redactor(b"k" * 32)))


def records(store: Store) -> list[dict[str, object]]:
    with LogReader(store.directory.path) as reader:
        assert reader.verify().faults == ()
        return [entry.record for entry in reader.entries()]


def test_what_was_stopped_is_on_record_once(store: Store, folder: Path) -> None:
    segment = folder / f"{UID}.segment"
    body = event()
    done = relayed(segment, body)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"nothing runs without an answer" in done.stderr
    assert segment.stat().st_mode & 0o777 == 0o600
    relayed(segment, b"not json")
    assert adopted(store, folder) == 2
    first, second = records(store)
    assert (first["kind"], first["tool"], first["event"], first["enforced"]) == (
        "fallback",
        "Bash",
        "PreToolUse",
        "deny",
    )
    assert first["uid"] == UID
    assert first["input_bytes"] == len(body)
    assert "the service can't be reached" in str(first["text"])
    kept = json.loads(str(first["extra"]))
    assert kept["hash"] in {"", sha256(body).hexdigest()}
    assert kept["time_ms"] > 1_700_000_000_000
    assert "tool" not in second
    assert not list(folder.iterdir())
    assert adopted(store, folder) == 0
    with LogReader(store.directory.path) as reader:
        assert [one.call_id for one in in_log(reader)] == ["toolu_01" + "Ab3" * 7]


def test_no_secret_reaches_a_segment(folder: Path) -> None:
    segment = folder / f"{UID}.segment"
    for make in MAKERS.values():
        _, secret = make("".join(Random(7).choices(ALNUM, k=64)))  # noqa: S311 - test data
        for body in (
            event(
                tool_name=secret, hook_event_name=secret, tool_use_id=secret, tool_input={"command": secret}
            ),
            event(tool_name=f"mcp__{secret}", tool_use_id=f"toolu_{secret}"),
            secret.encode(),
        ):
            done = relayed(segment, body)
            assert done.returncode == 2
            assert secret.encode() not in segment.read_bytes() + done.stderr


def test_many_at_once_are_all_kept(store: Store, folder: Path) -> None:
    segment = folder / f"{UID}.segment"
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(relayed, segment, event(n=number)) for number in range(24)]
        count = 0
        while not all(one.done() for one in running):
            count += adopted(store, folder)
        assert {one.result().returncode for one in running} == {2}
    assert count + adopted(store, folder) == 24
    assert len({str(json.loads(str(one["extra"]))["id"]) for one in records(store)}) == 24


def test_a_service_that_is_killed_before_it_removes_the_file_counts_nothing_twice(
    store: Store, folder: Path
) -> None:
    segment, taken = folder / f"{UID}.segment", folder / f"{UID}.adopting"
    relayed(segment, event())
    kept = segment.read_bytes()
    assert adopted(store, folder) == 1
    taken.write_bytes(kept)
    relayed(segment, event())
    assert adopted(store, folder) == 0  # what was left lying comes first
    assert adopted(store, folder) == 1
    assert len(records(store)) == 2


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to see system calls")
def test_it_is_on_stable_storage_before_the_relay_ends(folder: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    segment = folder / f"{UID}.segment"
    done = relayed(
        segment, event(), "strace", "-y", "-o", str(trace), "-e", "trace=write,fdatasync,fsync,exit_group"
    )
    if b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    calls = [
        line.split("(")[0]
        for line in trace.read_text().splitlines()
        if str(folder) in line or "exit_group" in line
    ]
    assert calls == ["write", "fdatasync", "fsync", "exit_group"]


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to make system calls fail")
@pytest.mark.parametrize("call", ["write", "fdatasync", "fsync"])
def test_a_disk_that_fails_changes_no_answer(folder: Path, call: str) -> None:
    segment = folder / f"{UID}.segment"
    done = relayed(
        segment, event(), "strace", "-qq", "-o", os.devnull, "-e", f"inject={call}:error=EIO:when=1"
    )
    if b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"could not be kept" in done.stderr


def test_a_full_segment_and_a_missing_folder_change_no_answer(folder: Path) -> None:
    segment = folder / f"{UID}.segment"
    segment.write_bytes(b"x" * 1_100_000)
    assert relayed(segment, event()).returncode == 2
    assert segment.stat().st_size == 1_100_000
    assert relayed(folder / "none" / "s", event()).returncode == 2


def hostile(folder: Path) -> None:
    line = {
        "id": "0" * 16,
        "why": "x\ninjected: 1",
        "tool": {"a": 1},
        "event": 7,
        "bytes": "many",
        "hash": [1],
    }
    lines = [
        json.dumps(line).encode(),
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"id":"../x"}',
        b"{}" * 10_000,
        b"\0" * 100,
    ]
    (folder / f"{UID}.segment").write_bytes(b"\n".join(lines))
    (folder / f"{UID + 1}.segment").write_bytes(json.dumps(line).encode())  # not that account's own
    (folder / f"{UID + 2}.segment").symlink_to("/etc/hostname")
    (folder / f"{UID + 3}.segment").mkdir()
    os.mkfifo(folder / f"{UID + 4}.segment")
    (folder / "notes.txt").write_text("left alone")


def test_what_somebody_else_laid_there_does_no_harm(store: Store, folder: Path) -> None:
    hostile(folder)
    assert adopted(store, folder) == 1
    (record,) = records(store)
    assert (record["kind"], record["uid"]) == ("fallback", UID)
    assert (folder / "notes.txt").read_text() == "left alone"
    assert not list(folder.glob("*.adopting")) + list(folder.glob("*.segment"))
    assert adopted(store, folder) == 0


def test_a_folder_that_every_account_shares_takes_each_one_s_own_file(folder: Path, store: Store) -> None:
    folder.chmod(0o1733)
    words = [sys.executable, "-IS", str(RELAY), "--socket", str(folder / "nobody"), "--segments", str(folder)]
    done = subprocess.run(words, input=event(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert [file.name for file in folder.iterdir()] == [f"{UID}.segment"]
    assert adopted(store, folder) == 1
    assert list(folder.iterdir()) == []
