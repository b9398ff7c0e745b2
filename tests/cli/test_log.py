"""`bailiwick log` as people see it: golden files; and what hostile records can't do to a terminal."""

import argparse
import asyncio
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record
from bailiwick.cli import log, log_output, log_text
from bailiwick.service.state_directory import StateDirectory
from bailiwick.service.store import Store

GOLDEN = Path(__file__).parent / "log"
T0 = 1_792_000_000_000

BASE = Record(
    kind=Kind.TOOL_CALL,
    time_ms=T0,
    monotonic_us=1,
    host="build-7",
    salt="5a" * 16,
    user="alice",
    uid=1000,
    session="s-1f2e3d",
    client_session="0b1c2d3e",
    profile="frontend",
    project="/w",
    cwd="/w",
    event="PreToolUse",
    client_version="2.1.330",
    policy="ab" * 32,
)
REASON = {
    "rule": "profile.files.read_only.1",
    "origin": "profiles/frontend.yaml:14",
    "verdict": "deny",
    "message": "system files are read only",
    "instead": "ask the platform team",
    "mode": "enforce",
    "about": "write /etc/hosts",
}
RECORDS = (
    Record(
        kind=Kind.SERVICE_START,
        time_ms=T0 - 5_000,
        monotonic_us=0,
        host="build-7",
        salt="5a" * 16,
        text="bailiwick 0.1.0",
    ),
    replace(
        BASE,
        kind=Kind.PROMPT,
        event="UserPromptSubmit",
        text="please fix the test",
        text_bytes=19,
        verdict="abstain",
        enforced="abstain",
    ),
    replace(
        BASE,
        time_ms=T0 + 1_500,
        tool="Bash",
        call_id="toolu_1",
        input='{"command":"npm test\\n","description":"run"}',
        input_bytes=44,
        accesses=(
            {"kind": "execute", "program": "npm", "arguments": "test"},
            {"kind": "call-tool", "name": "Bash"},
        ),
        verdict="allow",
        enforced="allow",
        decided_us=212,
    ),
    replace(
        BASE,
        kind=Kind.TOOL_OUTCOME,
        event="PostToolUse",
        time_ms=T0 + 9_000,
        tool="Bash",
        call_id="toolu_1",
        input='{"command":"npm test\\n"}',
        outcome="failed",
        duration_ms=7_312,
        response_bytes=2_048,
        error="exit 1",
        verdict="abstain",
        enforced="abstain",
    ),
    replace(
        BASE,
        time_ms=T0 + 12_000,
        tool="Write",
        call_id="toolu_2",
        agent="a-1",
        agent_type="reviewer",
        input='{"content":"x","file_path":"/etc/hosts"}',
        accesses=({"kind": "write", "path": "/etc/hosts"}, {"kind": "call-tool", "name": "Write"}),
        findings=(
            {
                "rule": "command/persistence",
                "confidence": "high",
                "message": "write /etc/hosts: x",
                "field": "tool_input",
            },
        ),
        verdict="deny",
        enforced="deny",
        reasons=(REASON,),
        obligations=({"kind": "clamp", "field": "timeout", "maximum": 30_000},),
        errors=("nothing serious",),
    ),
    replace(
        BASE,
        user="bob",
        session="s-9",
        time_ms=T0 + 86_400_000,
        tool="Read",
        input='{"file_path":"/w/.env"}',
        verdict="deny",
        enforced="abstain",
    ),
    replace(
        BASE,
        user="mallory\x1b[2J",
        time_ms=T0 - 60_000,
        tool="Bash\n      9  2026 forged",
        input='{"command":"echo \u202e\x07"}',
    ),
)


class FixedRandomness:
    """Bytes that are the same in every run, so that golden files hold."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, size: int) -> bytes:
        self.calls += 1
        return bytes([self.calls]) * size


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", FixedRandomness())
        patch.setattr("bailiwick.service.state_directory._host", lambda: "build-7")
        store = Store.open(path, clock=lambda: T0)

        async def fill() -> None:
            for record in RECORDS:
                await store.append(record)

        with store:
            asyncio.run(fill())
    return path


@pytest.fixture(autouse=True)
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading isn't put on record here, so that every test finds the same log; test_log_search.py looks at that."""
    monkeypatch.setattr("bailiwick.cli.log_search.note", lambda *_: None)


@pytest.fixture
def run(state: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str, where: Path = state) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser(prog="bailiwick")
        log.register(parser.add_subparsers())
        asked = parser.parse_args(["log", *words, "--state", str(where)])
        code = asked.func(asked)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


Run = Callable[..., tuple[int, str, str]]
Golden = Callable[[Path, str], None]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tail", ["tail"]),
        ("search-json", ["search", "--json", "--tool", "Write"]),
        ("search-denied", ["search", "--verdict", "deny"]),
        ("show-denied", ["show", "4"]),
        ("show-call", ["show", "toolu_1"]),
        ("show-json", ["show", "4", "--json"]),
        ("verify", ["verify"]),
        ("verify-json", ["verify", "--json"]),
    ],
)
def test_what_is_printed(run: Run, golden: Golden, name: str, words: list[str]) -> None:
    code, out, _ = run(*words)
    assert code == 0
    golden(GOLDEN / f"{name}.txt", out)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [0, 1, 2, 3, 4, 5, 6]),
        (["--user", "bob"], [5]),
        (["--session", "s-1f2e3d"], [1, 2, 3, 4, 6]),
        (["--session", "s-1"], [1, 2, 3, 4, 6]),
        (["--session", "0b1c"], [1, 2, 3, 4, 5, 6]),
        (["--tool", "Bash"], [2, 3]),
        (["--tool", "W*"], [4]),
        (["--kind", "tool-*"], [2, 3, 4, 5, 6]),
        (["--verdict", "deny"], [4, 5]),
        (["--verdict", "allow"], [2]),
        (["--rule", "profile.files.*"], [4]),
        (["--rule", "command/*"], [4]),
        (["--path", "/etc/"], [4]),
        (["--path", "npm"], [2]),
        (["FIX THE"], [1]),
        (["--since", "2026-10-15"], [5]),
        (["--until", "2026-10-14T17:46:00"], [6]),
        (["--since", "2026-10-14T17:46:00", "--until", "2026-10-14T17:47:00"], [0, 1, 2, 3, 4]),
        (["-n", "2"], [5, 6]),
        (["--user", "nobody"], []),
    ],
)
def test_search(run: Run, words: list[str], expected: list[int]) -> None:
    code, out, _ = run("search", "--json", *words)
    assert code == 0
    assert [orjson.loads(line)["seq"] for line in out.splitlines()] == expected


def test_export_is_the_stored_bytes(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "log.jsonl"
    code, _, err = run("export", "-o", str(target))
    assert (code, err) == (0, f"7 records written to {target}\n")
    assert target.stat().st_mode & 0o777 == 0o600
    lines = target.read_bytes().splitlines()
    assert [orjson.loads(line)["seq"] for line in lines] == list(range(7))
    again, _, err = run("export", "-o", str(target))
    assert again == 3
    assert "File exists" in err


def test_hostile_records_forge_no_line_and_move_no_cursor(run: Run) -> None:
    for words in (["tail"], ["show", "6"]):
        _, out, _ = run(*words)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", out)
        assert not any(line.startswith("      9") for line in out.splitlines())


def test_colour_only_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in run("tail")[1]
    record = {"seq": 1, "time_ms": T0, "verdict": "deny", "enforced": "deny", "tool": "Bash"}
    assert "\x1b[31mdeny" in log_text.line(record, width=80, colour=True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda: os.terminal_size((60, 20)))
    assert log_output.Printer(as_json=False).colour
    monkeypatch.setenv("NO_COLOR", "1")
    printer = log_output.Printer(as_json=False)
    assert not printer.colour
    assert printer.width == 60
    capsys.readouterr()


def test_lines_fit_the_terminal() -> None:
    record = {
        "seq": 1,
        "time_ms": T0,
        "tool": "Bash",
        "input": '{"command":"' + "x" * 500 + '"}',
        "user": "u" * 50,
    }
    for width in (80, 100, 140):
        assert len(log_text.line(record, width=width, colour=False)) <= width
        assert log_text.heading(width=width, colour=False).endswith("VERDICT  WHAT")


def test_a_head_or_key_or_checkpoint_kept_elsewhere(run: Run, state: Path, tmp_path: Path) -> None:
    seen = orjson.loads(run("show", "3", "--json")[1])["seal"]["head"]
    assert run("verify", "--head", seen)[0] == 0
    code, out, _ = run("verify", "--head", "00" * 32)
    assert code == 1
    assert "no entry has the chain head seen earlier" in out
    assert run("verify", "--head", "zz")[0] == 2
    assert run("verify", "--key", (state / "log.pub").read_text())[0] == 0
    assert run("verify", "--key", "a+b+c")[0] == 2
    kept = tmp_path / "kept"
    kept.write_text("nonsense\n")
    assert run("verify", "--checkpoint", str(kept))[0] == 1


@pytest.mark.parametrize(
    "words", ["log tail", "log search", "log verify", "log counts --by tool", "detect list"]
)
def test_a_reader_that_goes_away_is_no_error(state: Path, words: str) -> None:
    """As where it is piped to `head`."""
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "bailiwick.cli.main", *words.split(), "--state", str(state)]
    command = command if words.startswith("log") else command[:-2]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writes)
    assert done.returncode == 0
    assert "ipe" not in done.stderr


def test_errors_name_the_mend(run: Run, tmp_path: Path) -> None:
    code, _, err = run("tail", where=tmp_path / "nowhere")
    assert code == 3
    assert (
        err
        == f"bailiwick: {tmp_path}/nowhere/log.db: no log here. To mend: `bailiwick claude` starts a governed session, with which a log begins; if there is one elsewhere, name its directory with --state\n"
    )
    code, _, err = run("search", "--since", "yesterday")
    assert code == 2
    assert "write 2h, 7d, 2026-11-22" in err
    code, _, err = run("show", "99")
    assert (code, err) == (1, "bailiwick: no record 99\n")
    assert run("show", "toolu_9")[0] == 1
    (tmp_path / "log.db").write_bytes(b"this is no database" * 100)
    code, _, err = run("tail", where=tmp_path)
    assert code == 3
    assert "log.db: file is not a database. To mend: the file is damaged" in err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("90s", 910_000),
        ("2h", 1_000_000 - 7_200_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T01:00+01:00", 0),
    ],
)
def test_moments(text: str, expected: int | None) -> None:
    assert log_output.moment(text, now=1_000.0) == expected


def test_follow_prints_what_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``tail -f`` on a log that a service is writing: what comes later is printed, in order, once."""
    output = io.StringIO()
    monkeypatch.setattr("sys.stdout", output)
    with Store.open(tmp_path / "state", clock=lambda: T0) as store:
        store.append_blocking(RECORDS[0])
        arrivals: Iterator[Record] = iter(RECORDS[1:4])

        def wait(_seconds: float) -> None:
            record = next(arrivals, None)
            if record is None:
                raise KeyboardInterrupt
            store.append_blocking(record)

        monkeypatch.setattr("time.sleep", wait)
        asked = argparse.Namespace(
            action="tail", state=str(tmp_path / "state"), json=True, lines=5, follow=True
        )
        with pytest.raises(KeyboardInterrupt):
            log.run(asked)
    assert [orjson.loads(line)["seq"] for line in output.getvalue().splitlines()] == [0, 1, 2, 3]


def test_a_running_service_can_be_verified(tmp_path: Path, run: Run) -> None:
    with Store.open(tmp_path / "state", clock=lambda: T0) as store:
        for record in RECORDS:
            store.append_blocking(record)
        assert run("verify", where=tmp_path / "state")[0] == 0
        with pytest.raises(Exception, match="in use by another service"):
            StateDirectory.acquire(tmp_path / "state", os.urandom)
