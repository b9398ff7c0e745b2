"""Governing a client that nobody launched: managed settings with the policy helper, on the real client.

The client is started bare, as a person would. The managed file holds the helper; the helper asks the service,
which knows the account from the socket; the answer's hooks carry the client process's own secret.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from harness import CHECKOUT, HOME, MANAGED, PROJECT, Listener, Room, bash

from bailiwick.administration.targets.claude_settings import compile_installation
from bailiwick.service.scripted_model import Use

HELPER = HOME / "policy-helper"
SOCKET = HOME / ".local/state/bailiwick/service.sock"
READ_SECRET = Use(tool="Read", input={"file_path": f"{PROJECT}/.env"})
SNEAKY = bash("cat .e*")


def install(room: Room, *, socket: str = str(SOCKET), changed: Mapping[str, Any] | None = None) -> None:
    """What an installation for the whole machine leaves, with this account's service in place of a system one."""
    program = CHECKOUT / "src/bailiwick/enforcement/policy_helper.py"
    python = CHECKOUT / ".venv/bin/python"
    room.write(
        HELPER, f'#!/bin/sh\nexec {python} -IS {program} --socket "{socket}" --timeout 3\n', mode=0o755
    )
    document = compile_installation(helper=str(HELPER)) | dict(changed or {})
    room.write(MANAGED / "managed-settings.d/90-bailiwick.json", document)
    room.write(PROJECT / ".env", "S3CRET\n")


def start_service(room: Room) -> None:
    assert room.governed([bash("echo up")]).code == 0


def test_a_client_that_nobody_launched_is_governed(room: Room) -> None:
    start_service(room)
    install(room)
    outcome = room.session(
        [bash("echo hello"), SNEAKY, READ_SECRET, bash("touch made", run_in_background=True)]
    )
    assert outcome.code == 0, outcome
    assert outcome.result(0).text.startswith("hello"), outcome
    for turn in (1, 2):
        assert outcome.result(turn).is_error, outcome
        assert "S3CRET" not in outcome.result(turn).text
    judged = room.judged()
    assert judged["toolu_main_0_0"]["enforced"] == "allow"
    assert judged["toolu_main_1_0"]["enforced"] == "deny"
    assert room.faults() == ()


@pytest.mark.parametrize(
    "flag", ["--bare", "--safe-mode", "--dangerously-skip-permissions", "--setting-sources="]
)
def test_no_flag_of_the_client_leaves_it(flag: str, room: Room) -> None:
    start_service(room)
    install(room)
    outcome = room.session([SNEAKY], flag)
    assert outcome.result(0).is_error, outcome
    assert "S3CRET" not in outcome.result(0).text


@pytest.mark.parametrize(
    "settings",
    [
        {"disableAllHooks": True},
        {"permissions": {"allow": ["Bash", "Read"], "defaultMode": "bypassPermissions"}},
        {"sandbox": {"enabled": True}},
        {"allowedHttpHookUrls": []},
        {"env": {"CLAUDE_CODE_SIMPLE": "1"}},
    ],
    ids=json.dumps,
)
def test_no_setting_of_the_user_leaves_it(settings: Mapping[str, Any], room: Room) -> None:
    start_service(room)
    install(room)
    room.write(HOME / ".claude/settings.json", settings)
    outcome = room.session([SNEAKY])
    assert "S3CRET" not in str(outcome), outcome


def test_the_file_s_own_rules_stay(room: Room) -> None:
    start_service(room)
    install(room, changed={"permissions": {"deny": ["Bash(echo hello *)"]}})
    outcome = room.session([bash("echo hello you")])
    assert outcome.result(0).is_error, outcome


def test_a_repository_does_not_send_it_elsewhere(room: Room) -> None:
    start_service(room)
    install(room)
    with Listener() as rogue:
        room.write(PROJECT / ".claude/settings.json", {"env": {"ANTHROPIC_BASE_URL": rogue.url}})
        outcome = room.session([bash("echo hello")])
    assert rogue.requests == []
    assert outcome.result(0).text.startswith("hello"), outcome


def test_without_a_service_no_client_starts(room: Room) -> None:
    install(room)
    outcome = room.session([bash("touch made")])
    assert outcome.code == 1, outcome
    assert "helper" in outcome.stderr.lower(), outcome
    assert len(outcome.model.conversation) == 0
    assert room.read(PROJECT / "made") is None


def test_a_helper_that_is_gone_lets_no_client_start(room: Room) -> None:
    start_service(room)
    install(room)
    room.host(HELPER).unlink()
    assert room.session([bash("touch made")]).code == 1
    assert room.read(PROJECT / "made") is None


def test_a_service_that_is_gone_stops_a_running_client(room: Room) -> None:
    start_service(room)
    install(room)

    def kill(_: object) -> Use:
        room.kill_service()
        return bash("touch made")

    outcome = room.session([bash("echo hello"), kill])
    assert outcome.result(0).text.startswith("hello"), outcome
    assert room.read(PROJECT / "made") is None


BOXED = """
profile: boxed
sandbox: required
files: {hidden: ["**/.env"], read_only: ["/usr/**"], writable: ["/**"], other: allow}
commands: {other: allow, opaque: allow, project_code: allow}
network: {other: allow}
environment: {other: allow}
tools: {other: allow}
"""


@pytest.mark.parametrize("managed", [True, False], ids=["managed", "session"])
def test_a_required_sandbox_holds_file_rules_in_the_kernel_and_reaches_the_service(
    *, managed: bool, room: Room
) -> None:
    everyone = "roles: {everyone: {users: [dev], profiles: [boxed]}}\n"
    room.set_policy(changes={"profiles/boxed.yaml": BOXED, "roles.yaml": everyone})
    room.write(PROJECT / ".env", "S3CRET\n")
    room.write(
        PROJECT / "peek.py",
        "import os\nprint(os.environ.get('ANTHROPIC_API_KEY'))\nprint(open('.env').read())\n",
    )
    calls = [
        bash("echo hello > made; cat made"),
        bash("python3 peek.py"),
        bash("touch made", dangerouslyDisableSandbox=True),
    ]
    if managed:
        start_service(room)
        install(room)
        outcome = room.session(calls)
    else:
        outcome = room.governed(calls)
    assert outcome.code == 0, outcome
    assert outcome.result(0).text.startswith("hello"), outcome
    assert "None" in outcome.result(1).text, outcome
    assert "S3CRET" not in outcome.result(1).text, outcome
    assert room.judged()["toolu_main_1_0"]["enforced"] == "allow"


def test_two_clients_get_two_sessions(room: Room) -> None:
    start_service(room)
    install(room)
    for _ in range(2):
        assert room.session([bash("echo hello")]).code == 0
    sessions = {record["session"] for record in room.records() if record.get("event") == "PreToolUse"}
    assert len(sessions) == 3
