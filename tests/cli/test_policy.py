"""`bailiwick policy`: exit codes, JSON and text of every verb, on the starter repository."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bailiwick.cli import policy
from bailiwick.enforcement.units import PORT
from bailiwick.policy.starter import starter_files

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("policy")
    for name, text in starter_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path / "small", "profile: p\ncommands:\n  deny: [shutdown]\n  allow: [git status]\n")


def write(root: Path, profile: str) -> Path:
    (root / "profiles").mkdir(parents=True)
    (root / "organisation.yaml").write_text("organisation: Example\n")
    (root / "profiles" / "p.yaml").write_text(profile)
    return root


def run(*argv: str | Path) -> int:
    parser = argparse.ArgumentParser()
    policy.register(parser.add_subparsers())
    asked = parser.parse_args(["policy", *map(str, argv)])
    code: int = asked.func(asked)
    return code


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_starter_passes_its_own_tests(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", starter, "--json") == 0
    told = said(capsys)
    assert told["failed"] == 0
    assert len(told["results"]) >= 40
    assert {result["expected"] for result in told["results"]} == {"allow", "ask", "deny"}


def test_the_starter_is_sound(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", starter) == 0
    assert capsys.readouterr().out.startswith("sound: 5 profiles, revision ")


def test_check_tells_what_never_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path / "idle", "profile: p\ncommands:\n  deny: [git]\n  ask: [git push]\n")
    (root / "roles.yaml").write_text("roles: {r: {users: a, profiles: p}}\n")
    assert run("check", root) == 1
    told = capsys.readouterr().out
    assert "profiles/p.yaml:4: warning: p.commands.ask.1 never decides" in told
    assert "mend: " in told
    assert run("check", root, "--json") == 1
    assert [finding["line"] for finding in said(capsys)["findings"]] == [4]


def test_a_failing_case_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path / "wrong", "profile: p\nexamples:\n  allow: [Bash(shutdown)]\n")
    assert run("test", root) == 1
    told = capsys.readouterr().out
    assert "profiles/p.yaml:3" in told
    assert "must get allow" in told
    assert "0 of 1 cases hold" in told
    assert run("check", root) == 2  # a policy whose own examples fail doesn't compile
    assert "must get allow" in capsys.readouterr().err


def test_show_lists_rules_with_their_origin(
    small: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    assert run("show", small, "--profile", "p") == 0
    text = capsys.readouterr().out
    golden(HERE / "show.txt", text)
    assert run("show", small, "--profile", "p", "--json") == 0
    (told,) = said(capsys)["policies"]
    rules = {rule["id"]: rule for layer in told["layers"] for rule in layer["rules"]}
    assert rules["p.commands.deny.1"]["origin"] == "profiles/p.yaml:3"
    assert all(rule["instead"] for rule in rules.values() if rule["verdict"] == "deny")


def test_show_without_a_profile_names_them(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", starter) == 0
    told = capsys.readouterr().out
    assert "frontend" in told
    assert "role reviewers: auditors, reviewers -> reviewer" in told


def test_compile_writes_the_clients_settings(starter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compile", starter, "--profile", "frontend", "--target", "claude-settings") == 0
    first = capsys.readouterr()
    document = json.loads(first.out)
    assert "Read(//**/.env)" in document["permissions"]["deny"]
    (hook,) = document["hooks"]["PreToolUse"][0]["hooks"]
    assert hook["url"] == f"http://127.0.0.1:{PORT}/v1/hook"
    assert run("compile", starter, "--profile", "frontend") == 0
    assert capsys.readouterr().out == first.out


def test_compile_for_a_helper_is_what_the_client_takes_from_one(
    starter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compile", starter, "--profile", "frontend", "--tier", "helper") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["managedSettings"]
    assert "Read(//**/.env)" in answer["managedSettings"]["permissions"]["deny"]


def test_compile_for_the_relay_names_what_an_installation_puts_there(
    starter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compile", starter, "--profile", "frontend", "--relay") == 0
    hooks = json.loads(capsys.readouterr().out)["hooks"]
    (call,), (stop,) = hooks["PreToolUse"][0]["hooks"], hooks["SessionEnd"][0]["hooks"]
    words = ["-IBS", "/usr/local/libexec/bailiwick/relay.py", "--socket", "/run/bailiwick/service.sock"]
    words += ["--segments", "/var/lib/bailiwick-segments"]
    assert (call["command"], call["args"], call["onFailure"]) == ("/usr/bin/python3", words, "block")
    assert stop["args"] == [*words, "--notice"]


def test_import_writes_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text('{"permissions": {"deny": ["Bash(curl:*)", "Read(!x)"]}}')
    assert run("import", settings) == 0
    told = capsys.readouterr()
    root = write(tmp_path / "imported", told.out)
    (root / "roles.yaml").write_text("roles: {r: {users: a, profiles: imported}}\n")
    assert "left out: deny: Read(!x)" in told.err
    assert run("check", root) == 0
    capsys.readouterr()
    assert run("import", settings, "--json") == 0
    assert [note["imported"] for note in said(capsys)["notes"]] == [False]


def test_explain_tells_rule_origin_and_alternative(
    starter: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    assert run("explain", starter, "--profile", "frontend", "Bash(cat .env && npm publish)") == 1
    golden(HERE / "explain.txt", capsys.readouterr().out)
    assert run("explain", starter, "--profile", "frontend", "Bash(git status)", "--json") == 0
    assert said(capsys)["verdict"] == "allow"
    assert run("explain", starter, "--profile", "frontend", "Bash(git push)", "--unattended", "--json") == 1
    assert said(capsys)["enforced"] == "deny"
    assert run("explain", starter, "--profile", "frontend", "git push") == 2


def test_explain_in_a_project_follows_links(
    starter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hosts").symlink_to("/etc/hosts")
    asked = ["explain", starter, "--profile", "frontend", "--json", "Edit(hosts)"]
    assert run(*asked) == 0
    assert said(capsys)["verdict"] == "allow"
    assert run(*asked, "--project", tmp_path) == 1
    told = said(capsys)
    assert told["verdict"] == "deny"
    assert told["reasons"][0]["rule"].startswith("baseline.files.read_only.system")


def test_diff_names_an_example_of_each_change(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    after = write(tmp_path / "after", "profile: p\ncommands:\n  allow: [git status, git push]\n")
    assert run("diff", small, after) == 1
    golden(HERE / "diff.txt", capsys.readouterr().out)
    assert run("diff", small, after, "--json", "--profile", "p") == 1
    (told,) = said(capsys)["profiles"]
    assert [change["wider"] for change in told["changes"]]
    assert run("diff", small, small) == 0
    assert run("diff", small, after, "--profile", "q") == 2


def test_simulate_replays_recorded_calls(
    starter: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = ["git status", "npm publish", "npm publish --tag x"]
    records = tmp_path / "calls.jsonl"
    records.write_text(
        "".join(
            json.dumps(
                {
                    "hook_event_name": "PreToolUse",
                    "tool_name": "Bash",
                    "tool_input": {"command": call},
                    "cwd": "/w",
                }
            )
            + "\n"
            for call in calls
        )
        + "nonsense\n"
    )
    before = write(
        tmp_path / "before", "profile: frontend\ncommands: {other: allow}\ntools: {other: allow}\n"
    )
    asked = ["simulate", starter, records, "--before", before, "--profile", "frontend", "--json"]
    assert run(*asked) == 1
    told = said(capsys)
    assert (told["judged"], sum(told["unread"].values())) == (3, 1)
    (row,) = (row for row in told["changes"] if row["after"] == "deny")
    assert (row["rule"], row["count"]) == ("frontend.commands.deny.publish.1", 2)
    assert run("simulate", starter, tmp_path / "nothing") == 3
    assert run("simulate", small, records, "--profile", "q") == 2


def test_simulate_shows_a_call_by_what_it_is_about(
    starter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log keeps a call's arguments by their names' alphabet, where the content of a file comes before its path."""
    records = tmp_path / "calls.jsonl"
    call = {"tool_name": "Write", "tool_input": {"content": "x", "file_path": "/etc/hosts"}, "cwd": "/w"}
    records.write_text(json.dumps({"hook_event_name": "PreToolUse", **call}) + "\n")
    before = write(tmp_path / "before", "profile: frontend\nfiles: {other: allow}\ntools: {other: allow}\n")
    assert run("simulate", starter, records, "--before", before, "--profile", "frontend") == 1
    assert "  e.g. Write(/etc/hosts)\n" in capsys.readouterr().out


def test_simulate_does_not_wait_for_calls_that_nobody_will_type(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    master, terminal = os.openpty()
    with os.fdopen(terminal) as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        assert run("simulate", small) == 2
    os.close(master)
    assert f"bailiwick log search --json | bailiwick policy simulate {small}" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["check"], ["test"], ["show"], ["compile", "--profile", "p"]])
def test_errors_of_the_author_are_exit_code_2(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path / "bad", "profile: p\nfiles: {hidden: ['*.env']}\n")
    assert run(verb[0], root, *verb[1:]) == 2
    assert "mend: write `**/*.env` for anywhere" in capsys.readouterr().err


def test_errors_as_json_have_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path / "bad", "profile: p\nfiles: {hidden: ['*.env']}\n")
    assert run("check", root, "--json") == 2
    (error,) = said(capsys)["errors"]
    assert (error["file"], error["line"], error["column"]) == ("profiles/p.yaml", 2, 18)


def test_other_failures(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", small, "--profile", "q") == 2
    assert "there is no profile 'q'" in capsys.readouterr().err
    assert run("check", tmp_path / "nowhere") == 2
    assert "nowhere is not a directory" in capsys.readouterr().err
    assert run("import", tmp_path / "nothing.json") == 3
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    assert run("import", tmp_path / "latin.json") == 2
    (small / "profiles" / "latin.yaml").write_bytes(b"profile: caf\xe9\n")
    assert run("check", small) == 2
    assert "latin.yaml:1:13: not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["frob", "https://x:1", "http://127.0.0.1", ""])
def test_a_compiled_document_names_a_service_that_can_be_reached(
    address: str, starter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compile", starter, "--profile", "frontend", "--service", address) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "write http://HOST:PORT" in told.err
