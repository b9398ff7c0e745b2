"""A machine that Bailiwick is installed on: every client of it is governed, also one that is started by itself."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import BAILIWICK, CHECKOUT, HOME, MANAGED, POLICY, PROJECT, Listener, Outcome, Room, bash

from bailiwick.service.log_reader import LogReader
from bailiwick.service.scripted_model import Use

STATE = Path("/var/lib/bailiwick")
RUNTIME = Path("/run/bailiwick")
SEGMENTS = Path("/var/lib/bailiwick-segments")


@pytest.fixture
def machine(client: Path, tmp_path: Path) -> Iterator[Room]:
    """A room as ``bailiwick install --system`` leaves a machine, with the service running."""
    staged = tmp_path / "staged"
    install = ["install", "--system", "--root", str(staged), "--policy", str(POLICY), "--target-os", "linux"]
    subprocess.run([*BAILIWICK, *install], check=True, capture_output=True)
    with Room(client, own=["/usr/local", "/var/lib", "/run"]) as room:
        for file in sorted(staged.rglob("*")):
            if file.is_file():
                inside = Path("/") / file.relative_to(staged)
                room.write(inside, file.read_bytes(), mode=file.stat().st_mode & 0o777)
        serve(room)
        yield room


def serve(room: Room) -> None:
    for place in (STATE, RUNTIME):
        room.host(place).mkdir(mode=0o700, exist_ok=True)
    told = room.host(RUNTIME / "service.json")
    told.unlink(missing_ok=True)
    where = ("--state", str(STATE), "--policy", "/etc/bailiwick/policy", "--runtime", str(RUNTIME))
    room.start([str(CHECKOUT / ".venv/bin/python"), "-I", "-m", "bailiwick.service.run", *where])
    room.wait_for(told.exists)


def stop(room: Room) -> None:
    pid = json.loads(room.host(RUNTIME / "service.json").read_bytes())["pid"]
    room.run(["kill", "-9", str(pid)]).check_returncode()


def judged(room: Room) -> Mapping[str, Mapping[str, Any]]:
    with LogReader(room.host(STATE)) as log:
        records = [entry.record for entry in log.entries()]
    return {r["call_id"]: r for r in records if r.get("event") == "PreToolUse"}


def holds(room: Room, *flags: str, **more: Any) -> Outcome:
    with Listener() as listener:
        outcome = room.session(
            [
                bash(f"curl -s http://127.0.0.1:{listener.port}/"),
                bash("install -m 644 /dev/null asked"),
                bash("touch allowed"),
                Use(tool="Write", input={"file_path": "/etc/new", "content": "x"}),
            ],
            *flags,
            **more,
        )
    assert outcome.code == 0, outcome
    assert listener.requests == [], outcome
    assert [outcome.ran(turn) for turn in range(4)] == [False, False, True, False], outcome
    assert (room.read(PROJECT / "allowed"), room.read(PROJECT / "asked"), room.read("/etc/new")) == (
        "",
        None,
        None,
    )
    return outcome


def test_a_client_started_by_itself_is_governed(machine: Room) -> None:
    outcome = holds(machine)
    assert "Downloads go through the artefact store" in outcome.result(0).text
    record = judged(machine)["toolu_main_0_0"]
    assert (record["user"], record["profile"], record["enforced"]) == ("dev", "dev", "deny")


@pytest.mark.parametrize(
    "flags",
    [
        ("--dangerously-skip-permissions",),
        ("--bare",),
        ("--safe-mode",),
        ("--setting-sources", ""),
        ("--settings", '{"disableAllHooks": true, "permissions": {"allow": ["Bash", "Write"]}}'),
        ("--managed-settings", '{"permissions": {"allow": ["Bash", "Write"]}}'),
        ("--permission-mode", "bypassPermissions"),
    ],
    ids=lambda flags: flags[0],
)
def test_no_flag_takes_a_client_out_of_policy(machine: Room, flags: tuple[str, ...]) -> None:
    holds(machine, *flags)


@pytest.mark.parametrize(
    "settings",
    [
        {"disableAllHooks": True},
        {"permissions": {"allow": ["Bash", "Write"], "defaultMode": "bypassPermissions"}},
        {"env": {"CLAUDE_CODE_SIMPLE": "1", "CLAUDE_CODE_SAFE_MODE": "1"}},
        {"env": {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "x"}},
        {"allowedHttpHookUrls": []},
    ],
    ids=["hooks off", "everything allowed", "simple", "proxy", "no hook address"],
)
def test_no_setting_takes_a_client_out_of_policy(machine: Room, settings: Mapping[str, Any]) -> None:
    for where in (HOME / ".claude/settings.json", PROJECT / ".claude/settings.json"):
        machine.write(where, settings)
    holds(machine)


def test_the_environment_does_not_take_a_client_out_of_policy(machine: Room) -> None:
    holds(
        machine,
        env={"CLAUDE_CODE_SIMPLE": "1", "CLAUDE_CODE_SAFE_MODE": "1", "CLAUDE_CONFIG_DIR": "/scratch/home/x"},
    )


def test_without_the_service_no_client_starts(machine: Room) -> None:
    stop(machine)
    outcome = machine.session([bash("touch made")])
    assert outcome.code != 0, outcome
    assert outcome.model.requests == ()
    assert machine.read(PROJECT / "made") is None


def test_the_service_comes_back_and_so_does_work(machine: Room) -> None:
    stop(machine)
    serve(machine)
    holds(machine)


def test_a_managed_file_that_is_no_json_starts_no_client(machine: Room) -> None:
    machine.write(MANAGED / "managed-settings.d/95-typo.json", "{")
    outcome = machine.session([bash("touch made")])
    assert outcome.code != 0, outcome
    assert machine.read(PROJECT / "made") is None


def test_another_managed_file_beside_ours_does_not_replace_it(machine: Room) -> None:
    machine.write(
        MANAGED / "managed-settings.json", {"permissions": {"allow": ["Bash", "Write"]}, "env": {"X": "1"}}
    )
    machine.write(MANAGED / "managed-settings.d/99-late.json", {"companyAnnouncements": ["hello"]})
    holds(machine)


def test_what_is_installed_can_be_read_by_every_account(machine: Room) -> None:
    """An unreadable managed file is one the client goes on without (trap 8)."""
    assert machine.managed.stat().st_mode & 0o777 == 0o755
    drop_in = machine.managed / "managed-settings.d/90-bailiwick.json"
    assert drop_in.stat().st_mode & 0o777 == 0o644
    assert drop_in.parent.stat().st_mode & 0o777 == 0o755


def test_a_governed_session_can_be_started_too(machine: Room) -> None:
    through = (*BAILIWICK, "claude", "--profile", "open", "--client", str(machine.client), "--")
    outcome = machine.session(
        [bash('python3 -c \'open("made", "w")\''), bash("curl -s http://127.0.0.1:9/")], through=through
    )
    assert [outcome.ran(0), outcome.ran(1)] == [True, False], outcome
    assert judged(machine)["toolu_main_0_0"]["profile"] == "open"


def test_policy_has_every_client_ask_through_the_relay(machine: Room) -> None:
    organisation = machine.host("/etc/bailiwick/policy/organisation.yaml")
    organisation.write_text(organisation.read_text() + "audit: {fallback: relay}\n")
    machine.host(SEGMENTS).mkdir(mode=0o1733)
    stop(machine)
    serve(machine)
    holds(machine)

    def kill(_: object) -> Use:
        stop(machine)
        return bash("touch made")

    outcome = machine.session([bash("echo hello"), kill])
    assert outcome.result(0).text.startswith("hello"), outcome
    assert machine.read(PROJECT / "made") is None, outcome
    serve(machine)
    with LogReader(machine.host(STATE)) as log:
        kept = [entry.record for entry in log.entries() if entry.record["kind"] == "fallback"]
    assert [one["enforced"] for one in kept if one.get("tool") == "Bash"] == ["deny"]
