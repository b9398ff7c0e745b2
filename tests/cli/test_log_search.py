"""Finding things in the log from the command line: answers as people see them, and that each reading is on record."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bailiwick.audit.kinds import Kind
from bailiwick.cli.main import main
from bailiwick.service.index.embedded import FILE
from bailiwick.service.log_reader import LogReader
from bailiwick.service.registry import new_key
from bailiwick.service.store import Store
from logs import RECORD

GOLDEN = Path(__file__).parent / "log"
T0 = 1_792_000_000_000
HOUR = 3_600_000


def call(number: int, **fields: object) -> object:
    base = replace(
        RECORD,
        call_id=f"c{number}",
        time_ms=T0 + number * HOUR,
        verdict="allow",
        enforced="allow",
        host="build-7",
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def reads(path: str) -> dict[str, object]:
    return {
        "tool": "Read",
        "accesses": ({"kind": "read", "path": path},),
        "input": f'{{"file_path":"{path}"}}',
    }


RECORDS = (
    call(0, input='{"command":"ssh-keygen -t ed25519"}', skills=("deploy",)),
    call(1, **reads("/w/a.py")),
    call(2, user="bob", session="s2", **reads("/home/bob/.ssh/id_ed25519"), verdict="deny", enforced="deny"),
    call(3, user="bob", session="s2", tool="WebFetch", accesses=({"kind": "connect", "host": "evil.example"},), verdict="deny", enforced="deny"),
    call(30, **reads("/w/a.py")),
    call(31, user="bob", session="s3", input='{"command":"cat key"}', verdict="ask", enforced="ask"),
)  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> str:
    path = tmp_path / "state"
    with Store.open(path) as store:
        asyncio.run(store.append_all(RECORDS))  # type: ignore[arg-type]
    return str(path)


Run = Callable[..., str]


@pytest.fixture
def run(state: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str, code: int = 0) -> str:
        assert main(["log", *words, "--state", state]) == code
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ssh"], [0, 2]),
        (["ssh key*"], [0]),
        (["KEY"], [5]),
        (["--skill", "deploy"], [0]),
        (["--under", "/home/"], [2]),
        (["--host", "evil.example"], [3]),
        (["--host", "build-7", "--verdict", "deny"], [2, 3]),
        (["--contains", "ed255", "--user", "bob"], [2]),
        (["--contains", "ed255", "-n", "1"], [2]),
        (["nothing", "--user", "bob"], []),
    ],
)
def test_search(run: Run, words: list[str], expected: list[int]) -> None:
    assert [orjson.loads(line)["seq"] for line in run("search", "--json", *words).splitlines()] == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timeline", ["timeline", "s2"]),
        ("counts", ["counts", "--by", "user,tool"]),
        ("denials-by-day", ["counts", "--by", "day", "--verdict", "deny"]),
        ("first-seen", ["first-seen", "path", "--since", "2026-10-01"]),
    ],
)
def test_what_is_printed(run: Run, golden: Callable[[Path, str], None], name: str, words: list[str]) -> None:
    golden(GOLDEN / f"{name}.txt", run(*words))


def test_a_reading_is_on_record_and_not_found_by_the_next(run: Run, state: str) -> None:
    run("search", "ssh", "--user", "alice")
    run("timeline", "s2")
    run("counts")
    run("first-seen", "tool")
    run("show", "3")
    run("tail")
    assert [orjson.loads(line)["seq"] for line in run("search", "ssh", "--json").splitlines()] == [0, 2]
    with LogReader(Path(state)) as reader:
        noted = [entry.record for entry in reader.entries(len(RECORDS))]
        assert reader.verify().intact
    assert {record["kind"] for record in noted} == {Kind.LOG_READ}
    assert [record["text"] for record in noted][:2] == ["log search user=alice words=ssh", "log timeline s2"]
    assert noted[0]["uid"] == os.geteuid()


def test_a_session_s_key_is_shown_whole(run: Run, state: str) -> None:
    with Store.open(Path(state)) as store:
        asyncio.run(store.append(replace(RECORD, session=new_key(), time_ms=T0)))
    (shown,) = [word for word in run("timeline", "s-").split() if word.startswith("s-")]
    assert run("search", "--session", shown)


@pytest.mark.parametrize(
    ("words", "is_doubted"),
    [
        (["--user", "bob"], False),
        (["--session", "s2"], False),
        (["--user", "bbo"], True),
        (["--session", "s"], True),
        (["--user", "bob", "--until", "2026-01-01"], True),
        ([], False),
    ],
)
def test_a_hold_that_pins_nothing_says_so(
    state: str, capsys: pytest.CaptureFixture[str], words: list[str], *, is_doubted: bool
) -> None:
    assert main(["log", "hold", "add", "case", *words, "--reason", "r", "--state", state]) == 0
    assert ("no record is meant by it" in capsys.readouterr().err) is is_doubted


def test_a_copy_that_can_not_be_written_is_read_all_the_same(
    state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(state) / "log.key").unlink()
    assert main(["log", "search", "ssh", "--state", state]) == 0
    assert "this reading is not on record" in capsys.readouterr().err


def test_mistakes(run: Run) -> None:
    run("timeline", "nobody", code=1)
    run("counts", "--by", "colour", code=2)
    run("search", "--since", "yesterday", code=2)


def test_the_index_can_be_made_anew(run: Run, state: str) -> None:
    assert orjson.loads(run("index", "update", "--json"))["entries"] == len(RECORDS)
    (Path(state) / FILE).write_bytes(b"damaged")
    assert orjson.loads(run("index", "rebuild", "--json"))["entries"] == len(RECORDS)
    assert len(run("search", "--json", "ssh").splitlines()) == 2
