"""A profile that requires the client's operating-system sandbox: the kernel says the same as the policy."""

import os
from pathlib import Path
from typing import Any

import pytest
from harness import HOME, PROJECT, Listener, Outcome, Room, bash

from bailiwick.service.scripted_model import Turn

USER = HOME / ".claude/settings.json"
WRITE = "import sys\nfor path in sys.argv[1:]:\n    try: open(path, 'w').write('x')\n    except OSError as error: print(error)\n"
READ = "import glob, sys\nfor path in glob.glob(sys.argv[1]): print(open(path, 'rb').read())\n"
ENVIRONMENT = "import os\nfor name, value in os.environ.items(): print(name, value, sep='=')\n"
FETCH = "import sys, urllib.request as u\nprint(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode()), timeout=3).read())\n"


def sandboxed(room: Room, *turns: Turn, **more: Any) -> Outcome:
    for name, code in {
        "write.py": WRITE,
        "read.py": READ,
        "fetch.py": FETCH,
        "environment.py": ENVIRONMENT,
    }.items():
        room.write(PROJECT / name, code)
    return room.governed(turns, profile="sandboxed", **more)


def test_commands_run_and_are_judged(room: Room) -> None:
    outcome = sandboxed(room, bash("echo hello > made; cat made"), bash("curl http://127.0.0.1:9/"))
    assert outcome.ran(0), outcome
    assert "hello" in outcome.result(0).text
    assert "Denied by policy" in outcome.result(1).text
    assert room.judged()["toolu_main_0_0"]["enforced"] == "allow"


def test_what_no_reader_can_foresee_meets_the_kernel(room: Room) -> None:
    """Policy allows opaque code here; only the sandbox knows what it does."""
    outcome = sandboxed(room, bash(f"python3 write.py /etc/new {HOME}/new inside"))
    assert outcome.ran(0), outcome
    assert room.read(PROJECT / "inside") == "x", outcome
    assert room.read("/etc/new") is None, outcome
    assert room.read(HOME / "new") is None, outcome


def test_secrets_of_the_session_are_not_seen_by_commands(room: Room) -> None:
    outcome = sandboxed(room, bash("python3 environment.py"), bash("python3 read.py '/proc/[0-9]*/environ'"))
    assert "PATH=" in outcome.result(0).text
    for turn in range(2):
        assert "sk-" + "scripted" not in outcome.result(turn).text, outcome
        assert "BAILIWICK_TOKEN" not in outcome.result(turn).text, outcome


def test_the_keys_of_the_service_are_not_seen_by_commands(room: Room) -> None:
    outcome = sandboxed(
        room, bash("python3 read.py read.py"), bash("python3 read.py '/scratch/home/.local/state/*/*'")
    )
    assert "glob" in outcome.result(0).text
    key = (room.state / "service.key").read_bytes()
    assert repr(key)[2:-1] not in outcome.result(1).text, outcome
    assert "SQLite" not in outcome.result(1).text, outcome


def test_commands_reach_the_service_but_not_as_the_session(room: Room) -> None:
    """Its address must be allowed in the sandbox, or the client could not ask it; what it answers strangers is no."""
    room.governed([])
    url = room.status()["url"]
    event = '{"hook_event_name":"PreToolUse","session_id":"x","cwd":"/","tool_name":"Bash","tool_input":{"command":"true"}}'
    outcome = sandboxed(room, bash(f"python3 fetch.py {url}/v1/hook '{event}'"))
    assert '"permissionDecision":"allow"' not in outcome.result(0).text.replace(" ", ""), outcome
    assert outcome.result(0).is_error or "deny" in outcome.result(0).text, outcome


def test_a_network_that_policy_does_not_name_is_not_there(room: Room) -> None:
    outcome = sandboxed(room, bash("python3 fetch.py http://192.0.2.1/ x"))
    assert not outcome.ran(0), outcome


@pytest.mark.parametrize(
    "sandbox",
    [
        {"enabled": False},
        {"enabled": True, "filesystem": {"allowWrite": ["//etc", "/etc"]}},
        {"excludedCommands": ["python3"]},
        {"enabled": True, "allowUnsandboxedCommands": True},
    ],
    ids=["switched off", "more to write", "commands left out", "unsandboxed allowed"],
)
def test_settings_of_the_user_do_not_open_it(room: Room, sandbox: Any) -> None:
    for where in (USER, PROJECT / ".claude/settings.json"):
        room.write(where, {"sandbox": sandbox})
    outcome = sandboxed(room, bash("python3 write.py /etc/new inside"))
    assert room.read(PROJECT / "inside") == "x", outcome
    assert room.read("/etc/new") is None, outcome


def test_without_its_parts_no_command_runs(room: Room) -> None:
    """A client that lacks bubblewrap would run commands outside, with a warning nobody reads (trap 18)."""
    few = room.home / "bin"
    few.mkdir()
    for directory in map(Path, os.environ["PATH"].split(":")):
        for program in directory.iterdir() if directory.is_dir() else ():
            if program.name not in {"bwrap", "socat"} and not (few / program.name).is_symlink():
                (few / program.name).symlink_to(program)
    outcome = sandboxed(room, bash("touch made"), env={"PATH": str(HOME / "bin")})
    assert outcome.code != 0, outcome
    assert room.read(PROJECT / "made") is None


def test_a_peer_on_loopback_is_reached_through_the_client_s_proxy_only_when_it_is_named(room: Room) -> None:
    with Listener() as listener:
        outcome = sandboxed(room, bash(f"python3 fetch.py http://localhost:{listener.port}/ x"))
    assert listener.requests == [], outcome
    assert not outcome.ran(0), outcome
