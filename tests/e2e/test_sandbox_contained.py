"""Policy has what no reader can foresee run in the sandbox instead of asking: the real client, the real kernel."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness import HOME, PROJECT, Listener, Outcome, Room, bash

from bailiwick.service.scripted_model import Turn

PROFILE = """
profile: contained
description: What can't be foreseen runs in the sandbox.
tools: {other: allow}
files:
  readable: ["/usr/**", "/bin/**", "/lib*/**", "/etc/**", "/tmp/**"]
  writable: ["${project}/**", "/tmp/**"]
  read_only: ["/etc/**"]
  hidden: ["**/.env", "~/.ssh/**"]
  other: ask
commands:
  ask: [touch]
  opaque: sandbox
  project_code: sandbox
  other: allow
network: {other: ask}
environment: {other: allow}
agents: {other: allow}
"""
CHANGES = {
    "profiles/contained.yaml": PROFILE,
    "profiles/tried.yaml": "profile: tried\nextends: contained\nunattended: ask\nbash: {dry_run: true}\n",
    "roles.yaml": "roles:\n  everyone:\n    users: [dev]\n    profiles: [contained, tried, open]\n",
}
ACT = """
import os, pathlib, socket, sys, urllib.request
def tried(what, act):
    try: print(what, "yes", act() or "")
    except OSError as error: print(what, "no", type(error).__name__)
path = pathlib.Path
tried("inside", lambda: path("made").write_text("x") and None)
tried("etc", lambda: path("/etc/new").write_text("x"))
tried("home", lambda: path("HOME/new").write_text("x"))
tried("hook", lambda: path(".git/hooks/post-commit").write_text("x"))
tried("settings", lambda: (path(".claude").mkdir(exist_ok=True), path(".claude/settings.json").write_text("{}")))
tried("env", lambda: path(".env").read_text())
tried("key", lambda: path("HOME/.ssh/id").read_text())
tried("state", lambda: os.listdir("HOME/.local/state/bailiwick"))
tried("socket", lambda: socket.socket(socket.AF_UNIX).connect("HOME/.local/state/bailiwick/service.sock"))
for url in sys.argv[1:]:
    tried("net", lambda: urllib.request.urlopen(url, timeout=3).read())
""".replace("HOME", str(HOME))


def contained(room: Room, *turns: Turn, profile: str = "contained", **more: Any) -> Outcome:
    room.set_policy(changes=CHANGES)
    room.write(PROJECT / "act.py", ACT)
    room.write(PROJECT / ".env", "TOP=" + "hidden-value")
    room.write(HOME / ".ssh/id", "a " + "private key")
    room.write(PROJECT / ".git/HEAD", "ref: refs/heads/main")
    (room.host(PROJECT / ".git/hooks")).mkdir(parents=True, exist_ok=True)
    outcome = room.governed(turns, profile=profile, **more)
    assert len(room.judged()) == len(turns), (
        outcome
    )  # what follows says nothing of a session that did not start
    return outcome


def test_allowed_effects_happen_and_forbidden_ones_do_not(room: Room) -> None:
    with Listener() as listener:
        outcome = contained(room, bash(f"python3 act.py {listener.url}"))
    said = dict(line.split(" ", 1) for line in outcome.result(0).text.splitlines())
    assert said.pop("inside").startswith("yes"), outcome
    assert {word.split(" ")[0] for word in said.values()} == {"no"}, outcome
    assert room.read(PROJECT / "made") == "x"
    assert listener.requests == []
    for path in (
        "/etc/new",
        HOME / "new",
        PROJECT / ".git/hooks/post-commit",
        PROJECT / ".claude/settings.json",
    ):
        assert room.read(path) is None, outcome
    assert "hidden-value" not in outcome.result(0).text


def test_nothing_is_left_behind(room: Room) -> None:
    contained(room, bash("python3 act.py"))
    left = {path.name for path in room.host(PROJECT).iterdir()}
    assert left == {"act.py", "made", ".env", ".git"}


def test_the_original_is_recorded_with_the_duty(room: Room) -> None:
    outcome = contained(room, bash("python3 act.py"))
    record = room.judged()["toolu_main_0_0"]
    assert record["enforced"] == "allow", outcome
    assert json.loads(record["input"])["command"] == "python3 act.py"
    assert [duty["kind"] for duty in record["obligations"]] == ["contain"]
    assert record["obligations"][0]["profile"] == "contained"


def test_what_the_session_narrowed_holds_there_too(room: Room) -> None:
    room.write(PROJECT / "kept/a", "a")
    room.write(PROJECT / "change.py", "open('made', 'w').write('x'); open('kept/a', 'w').write('x')")
    narrow = ("--readOnlyFiles", "${project}/kept/**", "--maxBashTimeout", "30")
    outcome = contained(room, bash("python3 change.py"), narrow=narrow)
    assert room.read(PROJECT / "made") == "x", outcome
    assert room.read(PROJECT / "kept/a") == "a", outcome


def test_what_is_understood_runs_as_it_is(room: Room) -> None:
    outcome = contained(room, bash("echo $PPID > parent; cat parent"))
    assert "obligations" not in room.judged()["toolu_main_0_0"], outcome
    assert outcome.ran(0), outcome


@pytest.mark.parametrize(
    "text",
    ["it's", 'a "quoted" one', "two\nlines", "$HOME `id` $(id) \\ !x", "ünïcödé 🦊", "-rf --", "'\\''", "*"],
)
def test_quoting_is_exact(room: Room, text: str) -> None:
    room.write(PROJECT / "say.py", "import sys; print(repr(sys.argv[1:]))")
    quoted = "'" + text.replace("'", "'\\''") + "'"
    outcome = contained(room, bash(f"python3 say.py {quoted}"))
    assert outcome.result(0).text.strip() == repr([text]), outcome


def test_exit_codes_and_standard_error_come_back(room: Room) -> None:
    room.write(PROJECT / "fail.py", "import sys; print('sorry', file=sys.stderr); sys.exit(42)")
    outcome = contained(room, bash("python3 fail.py"))
    assert outcome.result(0).is_error, outcome
    assert "42" in outcome.result(0).text, outcome
    assert "sorry" in outcome.result(0).text, outcome


def test_in_the_background_too(room: Room) -> None:
    outcome = contained(room, bash("python3 act.py", run_in_background=True), bash("sleep 4; echo waited"))
    assert room.read(PROJECT / "made") == "x", outcome
    assert room.read("/etc/new") is None, outcome


def test_what_is_asked_about_besides_is_still_asked_about(room: Room) -> None:
    outcome = contained(room, bash("touch made; python3 act.py"))
    assert not outcome.ran(0), outcome
    assert room.read(PROJECT / "made") is None


def test_an_agent_can_not_choose_another_sandbox(room: Room) -> None:
    program = "from bailiwick.cli.main import main; main(['sandbox', 'run', '--profile', 'open', '--', 'touch', '/etc/new'])"
    outcome = contained(
        room, bash(f'python3 -c "{program}"'), bash("bailiwick sandbox run --profile open -- touch made")
    )
    assert room.read("/etc/new") is None, outcome
    assert room.read(PROJECT / "made") is None, outcome


def test_what_the_kernel_can_not_hold_is_found_and_recorded(room: Room) -> None:
    room.write(
        PROJECT / "plant.py", "import os; os.makedirs('sub/.claude'); open('sub/.claude/settings.json', 'w')"
    )
    outcome = contained(room, bash("python3 plant.py"))
    drift = [record for record in room.records() if record["kind"] == "drift"]
    assert len(drift) == 1, outcome
    assert str(PROJECT / "sub/.claude/settings.json") in drift[0]["text"]
    assert room.faults() == ()


def test_a_question_says_what_a_trial_changed(room: Room) -> None:
    outcome = contained(room, bash("touch made"), profile="tried")
    record = room.judged()["toolu_main_0_0"]
    assert record["enforced"] == "ask", outcome
    told = {reason["rule"]: reason["message"] for reason in record["reasons"]}
    assert "created made" in told["sandbox.trial"], outcome
    assert room.read(PROJECT / "made") is None


def test_a_trial_never_changes_anything(room: Room) -> None:
    with Listener() as listener:
        outcome = contained(room, bash(f"touch made; rm act.py; curl {listener.url}"), profile="tried")
    assert room.read(PROJECT / "act.py") == ACT, outcome
    assert room.read(PROJECT / "made") is None
    assert listener.requests == []


def test_without_bubblewrap_landlock_holds_it(room: Room) -> None:
    few = room.project / "bin"
    few.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "bwrap" and not (few / program.name).is_symlink():
            (few / program.name).symlink_to(program)
    room.write(PROJECT / "old", "x")
    room.write(PROJECT / "change.py", "open('old', 'w').write('new'); open('/etc/new', 'w')")
    outcome = contained(room, bash("python3 change.py"), env={"PATH": str(PROJECT / "bin")})
    assert room.read(PROJECT / "old") == "new", outcome
    assert room.read("/etc/new") is None, outcome
