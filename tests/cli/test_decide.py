"""`bailiwick decide`: the contract for batch use, kept stable; exit codes; lines that are no input."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bailiwick.cli.main import main
from governed import FORBIDDEN, READ, event, tool, write_policy

GOLDEN = Path(__file__).parent / "decide.jsonl"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path / "policy")


def decide(
    policy: Path, lines: list[bytes], capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, list[Any]]:
    inputs = policy.parent / "inputs.jsonl"
    inputs.write_bytes(b"\n".join(lines))
    code = main(
        [
            "decide",
            "--policy",
            str(policy),
            "--profile",
            "dev",
            "--jsonl",
            "--home",
            "/home/a",
            *more,
            str(inputs),
        ]
    )
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_shape_of_an_answer(
    policy: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    lines = [
        event(tool_name="Read", tool_input={"file_path": "~/notes"}, id="one"),
        event(tool_name="Write", tool_input={"file_path": "/etc/hosts"}, id=2),
        tool("Bash", command="cat /etc/hosts"),
        tool("FutureTool"),
        event("Stop", id=None),
        b"{",
        b"",
        b'{"hook_event_name": 7, "id": "bad"}',
    ]
    code, said = decide(policy, lines, capsys)
    assert code == 1
    for answer in said:
        assert list(answer) == ["id", "verdict", "reasons", "accesses", "obligations", "micros"]
        assert isinstance(answer.pop("micros"), int)
        for reason in answer["reasons"]:
            assert list(reason) == ["rule", "origin", "message", "instead"]
            # Where the test wrote its inputs is not the contract.
            reason["origin"] = (
                reason["origin"].rpartition("/")[2] if "inputs" in reason["origin"] else reason["origin"]
            )
    golden(GOLDEN, "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in said))


@pytest.mark.parametrize(
    ("lines", "code"), [([READ], 0), ([], 0), ([READ, FORBIDDEN], 1), ([b"{"], 1), ([event("Stop")], 0)]
)
def test_exit_codes(policy: Path, lines: list[bytes], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide(policy, lines, capsys)[0] == code


def test_unattended_asks_nobody(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [tool("Skill", skill="asked")]
    assert decide(policy, asked, capsys)[1][0]["verdict"] == "ask"
    assert decide(policy, asked, capsys, "--unattended")[1][0]["verdict"] == "deny"


def test_an_input_without_a_directory_is_not_given_the_whole_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = write_policy(
        tmp_path / "policy",
        {
            "organisation.yaml": "organisation: Acme\ncontact: x\n",
            "profiles/dev.yaml": 'profile: dev\ntools: {other: allow}\nfiles: {writable: ["${project}/**"], other: deny}\n',
        },
    )
    inputs = [
        event(cwd=cwd, tool_name="Write", tool_input={"file_path": path, "content": "x"})
        for cwd in ("", "/srv/app")
        for path in ("/srv/other/x", "x", "/srv/app/x")
    ]
    verdicts = [answer["verdict"] for answer in decide(policy, inputs, capsys)[1]]
    assert verdicts == ["deny", "allow", "deny", "deny", "allow", "allow"]
    assert decide(policy, inputs[1:2], capsys, "--project", ".")[1][0]["verdict"] == "allow"


def test_a_bad_line_is_a_denial_that_names_itself(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, said = decide(policy, [READ, b"\xff{", READ], capsys)
    assert [answer["verdict"] for answer in said] == ["allow", "deny", "allow"]
    (reason,) = said[1]["reasons"]
    assert reason["origin"].endswith("inputs.jsonl:2")
    assert reason["instead"]


@pytest.mark.parametrize(
    ("policy_name", "profile", "file", "code", "said"),
    [
        ("absent", "dev", "inputs", 2, "absent is not a directory"),
        ("broken", "dev", "inputs", 2, "organisation.yaml:1"),
        ("policy", "nobody", "inputs", 2, "it has: dev, open"),
        ("policy", "dev", "absent.jsonl", 3, "absent.jsonl: No such file"),
    ],
)
def test_what_is_wrong_is_told_with_the_exit_code_of_its_kind(  # noqa: PLR0913, PLR0917 - a table's row
    policy: Path,
    policy_name: str,
    profile: str,
    file: str,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = policy.parent
    write_policy(root / "broken", {"organisation.yaml": "nonsense: 7\n"})
    (root / "inputs").write_bytes(READ)
    assert (
        main(["decide", "--policy", str(root / policy_name), "--profile", profile, str(root / file)]) == code
    )
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_it_reads_a_pipe_and_does_not_mind_when_its_reader_goes_away(policy: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "decide",
        "--policy",
        str(policy),
        "--profile",
        "dev",
        "--jsonl",
    ]
    done = subprocess.run(command, input=READ, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    inputs = policy.parent / "many"
    inputs.write_bytes(b"\n".join([READ] * 2000))
    with subprocess.Popen([*command, str(inputs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (0, b"")
