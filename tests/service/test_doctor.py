"""What the doctor reads off a machine: scratch machines with one thing wrong each."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bailiwick.enforcement.units import TMPFILES
from bailiwick.service.doctor import machine as reading
from bailiwick.service.doctor.check import Check, Outcome
from bailiwick.service.doctor.gaps import GAPS, gaps_of
from bailiwick.service.doctor.machine import Machine
from bailiwick.service.fallback import segments_problem
from bailiwick.service.places import SYSTEM_SEGMENTS, Places

OURS = "managed-settings.d/90-bailiwick.json"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("managed", "home/.claude", "project/.claude"):
        (tmp_path / name).mkdir(parents=True)
    tmp_path.chmod(0o755)
    (tmp_path / "managed").chmod(0o755)
    return Machine(
        managed=tmp_path / "managed",
        home=tmp_path / "home",
        project=tmp_path / "project",
        config=tmp_path / "home/.claude",
        trusted_uid=os.geteuid(),
    )


def put(path: Path, value: Any, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o755)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(mode)
    return path


def look(machine: Machine) -> list[Check]:
    managed = reading.read_managed(machine)

    def everything() -> Iterator[Check]:
        yield from managed.broken
        yield from reading.tiers(machine, managed)
        yield from reading.modes(machine, managed)
        yield from reading.overruled(managed)
        yield from reading.own_settings(machine)

    return list(everything())


def failed(machine: Machine) -> dict[str, str]:
    return {c.name: c.found for c in look(machine) if c.outcome is Outcome.FAILS}


def test_a_sound_machine_fails_nothing(machine: Machine) -> None:
    put(machine.managed / "managed-settings.json", {"env": {"A": "b"}})
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"})
    assert failed(machine) == {}
    tier = next(c for c in look(machine) if c.name == "managed/tier")
    assert tier.outcome is Outcome.HOLDS
    assert tier.found.index("managed-settings.json") < tier.found.index("90-bailiwick.json")


def test_no_managed_settings_is_a_note_with_its_mend(machine: Machine) -> None:
    (check,) = look(machine)
    assert (check.name, check.outcome, check.mend) == (
        "managed/tier",
        Outcome.NOTE,
        "sudo bailiwick install --system",
    )


def test_every_failure_names_its_file_and_a_mend(machine: Machine) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"}, 0o600)
    put(machine.managed / "managed-settings.json", "{")
    put(machine.managed / "managed-settings.d/95-other.json", {"managedSourcesBehavior": "first-wins"}, 0o666)
    found = [c for c in look(machine) if c.outcome is Outcome.FAILS]
    assert {c.name for c in found} == {"managed/json", "managed/modes", "managed/overruled"}
    assert all(str(machine.managed) in c.found and c.mend for c in found)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o600, "other accounts run without it"),
        (0o640, "other accounts"),
        (0o664, "can change it"),
        (0o646, "can change"),
    ],
)
def test_modes_of_a_managed_file(machine: Machine, mode: int, said: str) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"}, mode)
    assert said in failed(machine)["managed/modes"]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o777])
def test_modes_of_the_managed_directory(machine: Machine, mode: int) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"})
    machine.managed.chmod(mode)
    assert f"{machine.managed}: mode {mode:04o}" in failed(machine)["managed/modes"]


def test_a_managed_file_that_somebody_owns(machine: Machine) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"})
    stranger = Machine(
        managed=machine.managed,
        home=machine.home,
        project=machine.project,
        config=machine.config,
        trusted_uid=0,
    )
    os.chown(machine.managed / OURS, 4711, -1) if os.geteuid() == 0 else None
    assert "owned by uid" in failed(stranger)["managed/modes"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_managed_file(machine: Machine) -> None:
    put(machine.managed / OURS, {}, 0o000)
    assert "runs without them" in failed(machine)["managed/readable"]


@pytest.mark.parametrize(
    ("remote", "ours", "holds"),
    [
        ({"env": {}}, {"managedSourcesBehavior": "merge"}, True),
        ({"managedSourcesBehavior": "merge"}, {"env": {}}, True),
        ({"env": {}}, {"env": {}}, False),
        ({}, {"env": {}}, True),
    ],
)
def test_server_managed_settings_replace_files_unless_merged(
    machine: Machine, remote: dict[str, Any], ours: dict[str, Any], *, holds: bool
) -> None:
    put(machine.config / "remote-settings.json", remote)
    put(machine.managed / OURS, ours)
    assert ("managed/tier" not in failed(machine)) is holds


def test_device_management_comes_before_files(machine: Machine, tmp_path: Path) -> None:
    put(machine.managed / OURS, {"env": {}})
    managed = Machine(
        managed=machine.managed,
        home=machine.home,
        project=machine.project,
        config=machine.config,
        trusted_uid=os.geteuid(),
        preferences=(put(tmp_path / "preferences/x.plist", ""),),
    )
    assert "the managed files are ignored" in failed(managed)["managed/tier"]


def test_a_later_drop_in_that_only_repeats_us_is_fine(machine: Machine) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"})
    put(
        machine.managed / "managed-settings.d/95-other.json",
        {"managedSourcesBehavior": "merge", "env": {"A": "b"}},
    )
    put(machine.managed / "managed-settings.d/.99-hidden.json", {"managedSourcesBehavior": "first-wins"})
    assert failed(machine) == {}


def test_managed_hooks_switched_off_by_another_managed_file(machine: Machine) -> None:
    put(machine.managed / OURS, {"managedSourcesBehavior": "merge"})
    path = put(machine.managed / "managed-settings.json", {"disableAllHooks": True})
    assert str(path) in failed(machine)["managed/hooks"]


def test_keys_and_rules_that_the_client_would_drop_are_found(machine: Machine) -> None:
    path = put(
        machine.managed / "managed-settings.json",
        {"permissions": {"deny": "Bash"}, "alowManagedHooksOnly": True},
    )
    found = list(reading.linted(reading.read_managed(machine)))
    assert {c.outcome for c in found} == {Outcome.FAILS}
    text = " ".join(c.found for c in found)
    assert str(path) in text
    assert "permissions.deny" in text
    assert "alowManagedHooksOnly" in text


def test_settings_that_try_to_widen_are_named_key_by_key(machine: Machine) -> None:
    path = put(
        machine.project / ".claude/settings.json",
        {
            "env": {"ANTHROPIC_BASE_URL": "http://x"},
            "permissions": {"allow": ["Bash"]},
            "disableAllHooks": True,
        },
    )
    (check,) = [c for c in look(machine) if c.name == "settings/widening"]
    assert check.outcome is Outcome.NOTE
    assert check.found.startswith(f"{path}: disableAllHooks, env.ANTHROPIC_BASE_URL, permissions.allow;")


def test_a_settings_file_that_is_no_json_is_noted(machine: Machine) -> None:
    put(machine.config / "settings.json", "{")
    assert [c.name for c in look(machine) if "settings.json" in c.found] == ["settings/json"]


@pytest.mark.parametrize(
    ("command", "outcome", "said"),
    [
        (reading.SANDBOX, Outcome.HOLDS, "held by "),
        (("/bin/sh", "-c", "echo nothing here >&2; exit 3"), Outcome.NOTE, "nothing here"),
        (("/bin/sh", "-c", "echo x > inside; echo x > ../outside"), Outcome.FAILS, "does not let it"),
    ],
    ids=["this machine", "no sandbox", "one that holds nothing"],
)
def test_the_sandbox_is_tried(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], outcome: Outcome, said: str
) -> None:
    monkeypatch.setattr(reading, "SANDBOX", command)
    (check,) = reading.contained()
    assert (check.outcome, said in check.found) == (outcome, True), check


def test_no_service_is_a_failure_only_where_it_governs_the_machine(tmp_path: Path) -> None:
    own = Places(state=tmp_path, policy=tmp_path)
    whole = Places(state=tmp_path, policy=tmp_path, runtime=tmp_path / "run")
    assert [c.outcome for c in reading.service(own)] == [Outcome.NOTE]
    assert [c.name for c in reading.service(whole) if c.outcome is Outcome.FAILS] == [
        "service/segments",
        "service/running",
    ]


def test_where_relays_leave_things_is_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `systemd-tmpfiles` makes of the file that an installation writes is what the doctor asks for."""
    folder = tmp_path / "segments"
    monkeypatch.setattr("bailiwick.service.places.SYSTEM_SEGMENTS", folder)
    places = Places(state=tmp_path, policy=tmp_path, runtime=tmp_path / "run")
    assert segments_problem(places) == f"{folder}: No such file or directory"
    (made,) = [line.split() for line in TMPFILES.splitlines() if not line.startswith("#")]
    assert (made[0], Path(made[1]), made[3:]) == ("d", SYSTEM_SEGMENTS, ["bailiwick", "bailiwick", "-"])
    folder.mkdir()
    folder.chmod(0o755)
    assert "with mode 0755" in segments_problem(places)
    folder.chmod(int(made[2], 8))
    assert segments_problem(places) == ""


@pytest.mark.parametrize(
    ("version", "gaps"),
    [
        ((2, 1, 197), {"malformed-managed-settings", "bare-skips-hooks", "hooks-fail-open"}),
        ((2, 1, 258), {"malformed-managed-settings", "bare-skips-hooks", "hooks-fail-open"}),
        ((2, 1, 259), {"bare-skips-hooks", "hooks-fail-open"}),
        ((2, 1, 280), {"bare-skips-hooks", "hooks-fail-open"}),
        ((2, 1, 281), {"hooks-fail-open"}),
        ((2, 1, 294), {"hooks-fail-open"}),
        ((2, 1, 295), set()),
        ((2, 1, 330), set()),
        ((3, 0, 0), set()),
    ],
)
def test_gaps_by_version(version: tuple[int, int, int], gaps: set[str]) -> None:
    found = {c.name.removeprefix("client/") for c in gaps_of(version) if c.outcome is Outcome.FAILS}
    assert found == gaps
    assert ("client/version" in {c.name for c in gaps_of(version)}) is (not gaps)


def test_every_gap_has_a_mend() -> None:
    assert all(gap.mend and gap.what for gap in GAPS)
