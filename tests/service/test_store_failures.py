"""The store under kill -9, full disks, input/output errors: nothing acknowledged is lost, nothing is claimed in vain."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bailiwick.service.log_reader import LogReader
from bailiwick.service.store import Store
from logs import RECORD, intact, program, stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


STREAM = """
    async def writer(store, name):
        i = 0
        while True:
            receipt = await store.append(replace(RECORD, call_id=f"{name}-{i}"), state={f"w-{name}": str(i).encode()})
            os.write(1, f"{receipt.sequence} {name} {i}\\n".encode())
            i += 1

    async def work():
        with Store.open(path) as store:
            await asyncio.gather(*(writer(store, name) for name in range(4)))

    asyncio.run(work())
"""


@pytest.mark.parametrize("after", [0.02, 0.1, 0.3])
def test_kill_9_loses_nothing_that_was_acknowledged(path: Path, after: float) -> None:
    for _ in range(2):
        before = 0
        if path.exists():
            with LogReader(path) as reader:
                before = reader.last(1)[0].record["seq"] + 1
        with subprocess.Popen(program(STREAM, path), stdout=subprocess.PIPE) as process:
            assert process.stdout
            first = process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=after)
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
        lines = [line.split() for line in (first + rest).split(b"\n") if line.count(b" ") == 2]
        acknowledged = {
            int(sequence): f"{name.decode()}-{number.decode()}" for sequence, name, number in lines
        }
        with Store.open(path) as store:
            assert store.size >= max(acknowledged) + 1
            states = store.states()
        calls = stored(path)
        assert all(calls[sequence] == call for sequence, call in acknowledged.items())
        assert intact(path)
        # State and record are committed together: each writer's state is that of its last stored record.
        for name in range(4):
            mine = [call for call in calls[before:] if call.startswith(f"{name}-")]
            if mine:
                assert states[f"w-{name}"].decode() == mine[-1].partition("-")[2]


FULL = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = int(sys.argv[2])

    async def work():
        with Store.open(path) as store:
            acknowledged = []
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            failures = []
            for i in range(5000):
                try:
                    await store.append(replace(RECORD, call_id=f"c{i}", text="x" * 3000), state={"n": str(i).encode()})
                    acknowledged.append(f"c{i}")
                except StoreError as error:
                    failures.append(str(error))
                    if len(failures) == 3:
                        break
            print(",".join(acknowledged), len(failures), failures[-1])
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                receipt = await store.append(replace(RECORD, call_id="after"))
                print(receipt.sequence, store.get_state("n").decode())

    asyncio.run(work())
"""


def test_a_disk_that_takes_no_more_is_an_error_and_then_goes_on(path: Path) -> None:
    done = subprocess.run(program(FULL, path, 1_000_000), capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    acknowledged, failures, message = first.split(" ", 2)
    assert failures == "3"
    assert "log.db" in message
    assert "To mend:" in message
    calls = stored(path)
    assert len(acknowledged.split(",")) > 50
    assert [call for call in calls if call in acknowledged.split(",")] == acknowledged.split(",")
    sequence, state = second.split()
    assert calls[int(sequence) :] == ["after"]
    assert f"c{state}" == calls[-2]
    assert intact(path)


@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap for a small file system")
def test_a_really_full_file_system() -> None:
    bwrap = [
        "bwrap",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--size",
        "2000000",
        "--tmpfs",
        "/run",
        "--unshare-net",
    ]
    if subprocess.run([*bwrap, "true"], capture_output=True, check=False).returncode:
        pytest.skip("bubblewrap may not make namespaces here")
    done = subprocess.run(
        [*bwrap, *program(FULL, "/run/state", 0)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    acknowledged, failures, message = done.stdout.split(" ", 2)
    assert len(acknowledged.split(",")) > 50
    assert failures == "3"
    assert "free disk space" in message


ACKNOWLEDGING = """
    import bailiwick.service.store
    bailiwick.service.store.SIGN_AFTER = 600.0  # what is written after the sync of a commit is that of its own thread

    async def work():
        with Store.open(path) as store:
            for i in range(20):
                await store.append(replace(RECORD, call_id=f"c{i}"))
                os.write(1, b"ack\\n")

    asyncio.run(work())
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to see system calls")
def test_an_acknowledgement_follows_a_sync_that_follows_the_write(path: Path, tmp_path: Path) -> None:
    """What survives a power cut is what was synced: seen from the kernel, no acknowledgement comes before that."""
    Store.open(path).close()
    trace = tmp_path / "trace"
    words = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-s",
        "8",
        "-o",
        str(trace),
        "-e",
        "trace=pwrite64,fdatasync,fsync,write",
    ]
    done = subprocess.run(
        [*words, *program(ACKNOWLEDGING, path)], capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.stdout.count("ack") == 20, done.stderr
    written = synced = False
    acknowledged = 0
    for line in trace.read_text().splitlines():
        if "log.db-wal" in line and "pwrite64" in line:
            written, synced = True, False
        elif "log.db-wal" in line and "sync" in line:
            synced = True
        elif "ack" in line and "write(1" in line:
            assert written
            assert synced
            acknowledged += 1
            written = synced = False
    assert acknowledged == 20


FAILING = """
    async def work():
        acknowledged, failed = [], 0
        with Store.open(path) as store:
            for i in range(60):
                try:
                    await store.append(replace(RECORD, call_id=f"c{i}"))
                    acknowledged.append(f"c{i}")
                except StoreError as error:
                    assert "I/O" in str(error), error
                    failed += 1
        print(",".join(acknowledged), failed)

    asyncio.run(work())
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to make system calls fail")
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_an_input_output_error_acknowledges_nothing_and_passes(path: Path, call: str) -> None:
    """Some writes of a running store fail with EIO: what was acknowledged is stored, the log is intact and goes on."""
    Store.open(path).close()
    inject = [
        "strace",
        "-f",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:error=EIO:when=25..33",
    ]
    done = subprocess.run([*inject, *program(FAILING, path)], capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    acknowledged, failed = done.stdout.split()
    assert int(failed) >= 1
    assert len(acknowledged.split(",")) + int(failed) == 60
    calls = stored(path)
    assert [c for c in calls if c in acknowledged.split(",")] == acknowledged.split(",")
    assert len(set(calls)) == len(calls)
    assert intact(path)


FULL_WHILE_IDLE = """
    import resource, signal
    import bailiwick.service.store
    from bailiwick.service.ledger import Ledger
    bailiwick.service.store.SETTLE_AGAIN = float(sys.argv[2])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    settle, tries = Ledger.settle, []

    def on_a_full_disk(self, work, row):
        tries.append(work.low)
        full = len(tries) == 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0 if full else resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            settle(self, work, row)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    Ledger.settle = on_a_full_disk

    async def work():
        with Store.open(path) as store:
            for i in range(600):
                await store.append(replace(RECORD, call_id=f"c{i}"))
                if i == 530:
                    while not tries:
                        await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            await store.append(replace(RECORD, call_id="c600"))
            await asyncio.sleep(0.2)
            print(len(tries), store._ledger.connection.execute("SELECT count(*) FROM block").fetchone()[0])

    asyncio.run(work())
"""


@pytest.mark.parametrize(("again", "told"), [(0.1, "2 1"), (600.0, "1 0")])
def test_blocks_are_made_again_after_a_full_disk(path: Path, again: float, told: str) -> None:
    done = subprocess.run(program(FULL_WHILE_IDLE, path, again), capture_output=True, text=True, check=True)
    assert done.stdout.split() == told.split()
    assert "could not be made a block" in done.stderr
    assert stored(path) == [f"c{number}" for number in range(601)]
    assert intact(path)


UNWRITABLE = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    Store.open(path)
"""


def test_a_disk_that_takes_nothing_is_an_error_at_once(path: Path) -> None:
    done = subprocess.run(program(UNWRITABLE, path), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"StoreError: {path}" in done.stderr
    with Store.open(path) as store:
        assert store.append_blocking(RECORD).sequence == 0
