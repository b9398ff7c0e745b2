"""The running service while its disk fails: each system call of the write path, made to fail by strace, under real hooks.

An answer that lets a call run has its record, or policy says `allow_and_mark` and the gap is on record once the fault is over.
"""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from governed import POLICY, Client, Running, records, running, tool, verdict, write_policy
from logs import intact

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace to make system calls fail")

CALLS = ("pwrite64", "fdatasync", "pread64", "ftruncate", "openat", "newfstatat", "fstat", "lseek", "unlink")
"""What the service does to files of its state directory while it records; a test below says that this is all of it."""

DISK = ("pwrite64", "fdatasync", "pread64", "ftruncate")
"""Of these, what only the disk needs."""

MARKS = POLICY["organisation.yaml"] + "audit: {on_failure: allow_and_mark}\n"


@contextlib.contextmanager
def traced(service: Running, *given: str) -> Iterator[None]:
    """While the block lasts, strace looks at the running service, all its threads, and does what is ``given``."""
    assert service.process is not None
    words = ["strace", "-f", "-p", str(service.process.pid), *given]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        try:
            if "attached" not in said:
                pytest.skip(f"strace may not trace here: {said}")
            yield
        finally:
            strace.terminate()
            strace.communicate(timeout=60)


def failing(service: Running, call: str, error: str, when: str) -> contextlib.AbstractContextManager[None]:
    """While the block lasts, that system call of the service fails so, the ``when``-th of each thread's."""
    inject = f"inject={call}:error={error}:when={when}"
    return traced(service, "-o", os.devnull, "-e", f"trace={call}", "-e", inject)


class Session:
    """A session's calls, and what the service said to each."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.client: Client = service.open()
        self.said: dict[str, tuple[str, str]] = {}

    def ask(self, *, forbidden: bool = False) -> str:
        call_id = f"toolu_{len(self.said)}"
        path = "/etc/hosts" if forbidden else "/tmp/x"
        answer = self.client.hook(tool("Write", call_id, file_path=path, content="x"))
        self.said[call_id] = (verdict(answer), answer.decode())
        return self.said[call_id][0]

    def recorded(self) -> set[str]:
        return {one["call_id"] for one in records(self.service.places.state, kind="tool-call")}


def check(session: Session, *, marks: bool) -> int:
    """What must hold of everything that was answered; how many answers have no record."""
    recorded = session.recorded()
    lost = 0
    for call_id, (given, text) in session.said.items():
        if call_id in recorded:
            continue
        lost += 1
        assert given == "deny" or marks, f"{call_id} ran without a record"
        said = re.search(r"the audit record could not be written \((.*)\)|the kernel did not tell", text)
        assert marks or (said and "log.db" in (said[1] or "log.db")), text
    return lost


def put_through(service: Running, faults: Sequence[tuple[str, str, str]], *, marks: bool) -> int:
    """Calls under each fault and after it; how many answers were left without a record, all of which a mark tells of."""
    session = Session(service)
    for call, error, when in faults:
        with failing(service, call, error, when):
            for number in range(3):
                given = session.ask(forbidden=number == 2)
                assert given in ({"deny"} if number == 2 else {"allow", "deny"})
                # What fails may also be how the kernel tells whose connection it is; then nothing runs whatever policy says.
                assert number == 2 or not marks or given == "allow" or call not in DISK
        assert session.ask() == "allow", f"the fault is over: {call} {error} {when}"
    lost = check(session, marks=marks)
    gaps = [one["text"] for one in records(service.places.state, kind="audit-gap")]
    told = sum(int(text.split()[0]) for text in gaps) + len(
        records(service.places.state, kind="refused-input")
    )
    assert told == lost, (told, lost)
    assert intact(service.places.state)
    service.kill()
    service.start()
    session.client = service.open()
    assert session.ask() == "allow"
    check(session, marks=marks)
    return lost


@pytest.mark.parametrize("marks", [False, True], ids=["deny", "allow-and-mark"])
def test_no_call_runs_unrecorded_while_the_disk_fails(tmp_path: Path, *, marks: bool) -> None:
    write_policy(tmp_path / "policy", POLICY | ({"organisation.yaml": MARKS} if marks else {}))
    faults = [
        ("pwrite64", "EIO", "2"),
        ("fdatasync", "EIO", "1+"),
        ("pwrite64", "ENOSPC", "1+"),
    ]
    with running(tmp_path) as service:
        assert put_through(service, faults, marks=marks) > 0


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("marks", [False, True], ids=["deny", "allow-and-mark"])
def test_each_system_call_of_the_write_path_fails_in_turn(tmp_path: Path, error: str, *, marks: bool) -> None:
    write_policy(tmp_path / "policy", POLICY | ({"organisation.yaml": MARKS} if marks else {}))
    faults = [(call, error, when) for call in CALLS for when in ("1", "2", "3", "4", "6", "9", "1+", "2+3")]
    with running(tmp_path) as service:
        assert put_through(service, faults, marks=marks) > 0


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_disk_that_fails_now_and_then_while_the_log_is_folded(tmp_path: Path) -> None:
    """Enough records that blocks are made and the write-ahead log is folded in, under faults that keep coming."""
    with running(tmp_path) as service:
        session = Session(service)
        for call, when in (
            ("pwrite64", "5+11"),
            ("fdatasync", "3+7"),
            ("ftruncate", "1+2"),
            ("pread64", "9+17"),
        ):
            with failing(service, call, "EIO", when):
                for _ in range(300):
                    session.ask()
            assert session.ask() == "allow"
        assert check(session, marks=False) > 0
        assert intact(service.places.state)
        service.kill()
        service.start()
        assert check(session, marks=False) > 0
        assert Session(service).ask() == "allow"


@pytest.mark.nightly
def test_that_is_every_system_call_of_the_write_path(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        session, trace = Session(service), tmp_path / "trace"
        with traced(service, "-y", "-o", str(trace), "-e", "trace=%file,%desc"):
            for _ in range(40):
                session.ask()
            time.sleep(1)
        state = re.escape(str(service.places.state))
        seen = set(
            re.findall(rf"^\d+ +(\w+)\([^\n]*{state}/(?:log|keys)\.db", trace.read_text(), re.MULTILINE)
        )
    assert "pwrite64" in seen
    # What maps, locks or closes a file writes nothing.
    assert seen <= {*CALLS, "mmap", "munmap", "fcntl", "close", "access"}, seen
