"""Every command that judges a call judges a search of a tree as a session would: without what policy hides."""

import json
from pathlib import Path

import pytest

from bailiwick.cli.main import main

PROFILE = """\
profile: p
description: d
tools: {allow: [Search, Bash], other: deny}
commands: {allow: [grep], other: deny}
files:
  readable: ["${project}/**"]
  hidden: ["**/.env"]
  other: deny
examples:
  allow: [Bash(grep -r x .)]
"""
COMMAND = "grep -r x ."
NARROWED = "grep --exclude=.env -r x ."


@pytest.fixture
def policy(tmp_path: Path) -> str:
    files = {
        "organisation.yaml": "organisation: o\nmode: enforce\ndefault_profile: p\n",
        "profiles/p.yaml": PROFILE,
    }
    for name, text in files.items():
        path = tmp_path / "policy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".env").write_text("", encoding="utf-8")
    return str(tmp_path / "policy")


def test_explain_shows_what_would_run(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--policy", policy, "--profile", "p", "--cwd", str(tmp_path / "project"), "--shell", "bash"]
    assert main(["explain", COMMAND, *place]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in told[:3]] == [
        COMMAND,
        "which policy narrows, leaving out what it withholds, to",
        NARROWED,
    ]
    assert "ALLOW" in "\n".join(told)
    assert main(["explain", "--json", COMMAND, *place]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["asked"], said["command"]) == (COMMAND, NARROWED)
    assert all(quoted in NARROWED for quoted in (access["quote"] for access in said["accesses"]))


def test_policy_explain_and_decide_say_the_same(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = str(tmp_path / "project")
    call = f"Bash({COMMAND})"
    assert main(["policy", "explain", policy, "--profile", "p", "--project", project, call]) == 0
    assert f"with command {NARROWED}" in capsys.readouterr().out
    assert main(["policy", "explain", policy, "--json", "--profile", "p", "--project", project, call]) == 0
    told = json.loads(capsys.readouterr().out)
    event = {
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "cwd": project,
        "tool_name": "Bash",
        "tool_input": {"command": COMMAND},
    }
    (tmp_path / "events").write_text(json.dumps(event) + "\n", encoding="utf-8")
    assert main(["decide", "--policy", policy, "--profile", "p", "--jsonl", str(tmp_path / "events")]) == 0
    decided = json.loads(capsys.readouterr().out)
    assert told["verdict"] == decided["verdict"] == "allow"
    assert told["narrowed"] in decided["obligations"]


def test_an_example_s_project_is_empty_so_that_nothing_is_left_out(
    policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "test", policy]) == 0
    assert capsys.readouterr().out == "1 of 1 cases hold\n"
