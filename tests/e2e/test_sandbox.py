"""A profile that requires the client's operating-system sandbox: the kernel says the same as the policy."""

import os
from typing import Any

import pytest
from harness import HOME, PROJECT, Listener, Room, bash

USER = HOME / ".claude/settings.json"


def test_commands_run_and_are_judged(room: Room) -> None:
    outcome = room.governed(
        [bash("echo hello > made; cat made"), bash("curl http://127.0.0.1:9/")], profile="sandboxed"
    )
    assert outcome.ran(0), outcome
    assert "hello" in outcome.result(0).text
    assert "Denied by policy" in outcome.result(1).text
    assert room.judged()["toolu_main_0_0"]["enforced"] == "allow"


def test_what_no_reader_can_foresee_meets_the_kernel(room: Room) -> None:
    """Policy allows opaque code here; only the sandbox knows what it does."""
    code = 'import sys; exec(\'open(sys.argv[1], "w").write("x")\')'
    outcome = room.governed(
        [
            bash(f"python3 -c '{code}' /etc/new"),
            bash(f"python3 -c '{code}' {HOME}/new"),
            bash(f"python3 -c '{code}' inside"),
        ],
        profile="sandboxed",
    )
    assert room.read("/etc/new") is None, outcome
    assert room.read(HOME / "new") is None, outcome
    assert room.read(PROJECT / "inside") == "x", outcome


def test_secrets_of_the_session_are_not_seen_by_commands(room: Room) -> None:
    outcome = room.governed(
        [bash("env | sort"), bash("python3 -c 'import os; print(dict(os.environ))'")], profile="sandboxed"
    )
    for turn in range(2):
        assert "sk-" + "scripted" not in outcome.result(turn).text, outcome
        assert "BAILIWICK_TOKEN" not in outcome.result(turn).text, outcome


def test_the_keys_of_the_service_are_not_seen_by_commands(room: Room) -> None:
    outcome = room.governed(
        [
            bash(
                'python3 -c \'import glob; print([open(p, "rb").read() for p in glob.glob("/scratch/home/.local/state/bail*/*")])\''
            )
        ],
        profile="sandboxed",
    )
    key = (room.state / "service.key").read_bytes()
    assert repr(key)[2:-1] not in outcome.result(0).text, outcome


def test_commands_reach_the_service_but_not_as_the_session(room: Room) -> None:
    """Its address must be allowed in the sandbox, or the client could not ask it; what it answers strangers is no."""
    ask = (
        "python3 -c 'import json,os,urllib.request as u; "
        'r = u.Request(json.load(open(os.environ["WHERE"]))["url"] + "/v1/hook", b"{}"); '
        "print(u.urlopen(r).read())'"
    )
    outcome = room.governed([bash(f"WHERE=/scratch/project/where.json {ask}")], profile="sandboxed")
    assert "allow" not in outcome.result(0).text, outcome


def test_a_network_that_policy_does_not_name_is_not_there(room: Room) -> None:
    outcome = room.governed(
        [bash("python3 -c 'import urllib.request as u; u.urlopen(\"http://192.0.2.1/\", timeout=3)'")],
        profile="sandboxed",
    )
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
    room.write(USER, {"sandbox": sandbox})
    room.write(PROJECT / ".claude/settings.json", {"sandbox": sandbox})
    code = 'exec(\'open("/etc/" + "new", "w").write("x")\')'
    outcome = room.governed([bash(f"python3 -c '{code}'"), bash("touch inside")], profile="sandboxed")
    assert outcome.ran(1), outcome
    assert room.read("/etc/new") is None, outcome


def test_without_its_parts_no_session_starts(room: Room) -> None:
    """A client that lacks bubblewrap would run commands outside, with a warning nobody reads (trap 18)."""
    bare = room.home / "bin"
    bare.mkdir()
    for directory in os.environ["PATH"].split(":"):
        for name in os.listdir(directory) if os.path.isdir(directory) else []:
            if name not in {"bwrap", "socat"} and not (bare / name).exists():
                (bare / name).symlink_to(os.path.join(directory, name))
    outcome = room.governed([bash("touch made")], profile="sandboxed", env={"PATH": str(HOME / "bin")})
    assert outcome.code != 0, outcome
    assert room.read(PROJECT / "made") is None


def test_the_listener_is_reached_when_nothing_forbids_it(room: Room) -> None:
    """What the tests above rely on: loopback is the one network that a sandboxed command has, by the client's proxy."""
    with Listener() as listener:
        outcome = room.governed(
            [
                bash(
                    f"python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:{listener.port}/\").read())'"
                )
            ],
            profile="sandboxed",
        )
    assert bool(listener.requests) == outcome.ran(0), outcome
