"""Installing and undoing in a scratch root: what was there before is there after, whatever happens in between."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from bailiwick.enforcement.installer import (
    Command,
    Contents,
    Layout,
    Plan,
    Platform,
    plan,
    system_layout,
    user_layout,
)
from bailiwick.service import install
from bailiwick.service.install import InstallError, Manifest, Site, apply, remove
from service.trees import tree

CONTENTS = Contents(
    python="/opt/bailiwick/bin/python",
    policy={"organisation.yaml": b"organisation: Acme\n", "profiles/baseline.yaml": b"profile: baseline\n"},
    managed_settings={"requiredMinimumVersion": "2.1.295"},
    programs={"policy-helper": b"#!/usr/bin/python3 -IS\n"},
    proven=b"5f" * 32,
)
LAYOUTS = {
    "system": system_layout(),
    "macos": system_layout(Platform.MACOS),
    "user": user_layout(PurePosixPath("/home/dev")),
}


def put(root: Path, name: str, content: bytes, mode: int = 0o644) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def bare(_: Path) -> None:
    """Nothing is there."""


def lived_in(root: Path) -> None:
    """Files of others stand where ours go, with modes and a link that must come back."""
    put(root, "etc/claude-code/managed-settings.json", b'{"env": {"A": "b"}}', 0o600)
    put(root, "etc/claude-code/managed-settings.d/90-bailiwick.json", b"{}", 0o640)
    put(root, "etc/bailiwick/policy/organisation.yaml", b"organisation: Other\n")
    put(root, "etc/systemd/system/other.service", b"[Unit]\n")
    put(root, "usr/local/libexec/other", b"x", 0o755)
    (root / "etc/systemd/system/bailiwick.service").symlink_to("/dev/null")
    (root / "etc/claude-code").chmod(0o700)
    put(root, "home/dev/.config/systemd/user/bailiwick.service", b"[Unit]\nDescription=mine\n", 0o600)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of installations are made here; that each would survive a power cut is not what is tested."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(params=sorted(LAYOUTS))
def layout(request: pytest.FixtureRequest) -> Layout:
    return LAYOUTS[request.param]


@pytest.fixture(params=[bare, lived_in])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.param(tmp_path)
    return tmp_path


def test_uninstalling_leaves_the_tree_as_it_was(root: Path, layout: Layout) -> None:
    before = tree(root)
    site = Site(layout=layout, root=root)
    apply(plan(layout, CONTENTS), site)
    assert tree(root) != before
    assert remove(site, leavings=(layout.state,)) == []
    assert tree(root) == before


def test_twice_is_once(root: Path, layout: Layout) -> None:
    before = tree(root)
    site = Site(layout=layout, root=root)
    apply(plan(layout, CONTENTS), site)
    once = {name: found[:3] for name, found in tree(root).items()}
    apply(plan(layout, CONTENTS), site)
    assert {name: found[:3] for name, found in tree(root).items()} == once
    remove(site)
    assert tree(root) == before


def test_an_upgrade_takes_back_what_it_no_longer_installs(root: Path, layout: Layout) -> None:
    before = tree(root)
    site = Site(layout=layout, root=root)
    old = replace(CONTENTS, programs={**CONTENTS.programs, "relay": b"old"})
    apply(plan(layout, old), site)
    apply(plan(layout, CONTENTS), site)
    if layout.programs is not None:
        assert not (site.at(layout.programs) / "relay").exists()
    remove(site)
    assert tree(root) == before


def interrupted_after(number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """The process dies at the ``number``-th change of the file system; tells whether it came to that."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return wrapper

    for name in ("mkdir", "chmod", "replace", "unlink", "rmdir", "symlink_to"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    return lambda: count >= number


@pytest.mark.parametrize("mended", ["installed again", "uninstalled"])
def test_an_interruption_anywhere_loses_nothing(tmp_path: Path, mended: str) -> None:
    layout = LAYOUTS["system"]
    number = 0
    while True:
        number += 1
        root = tmp_path / str(number)
        root.mkdir()
        lived_in(root)
        before = tree(root)
        site = Site(layout=layout, root=root)
        with pytest.MonkeyPatch.context() as patch:
            died = interrupted_after(number, patch)
            with suppress(KeyboardInterrupt):
                apply(plan(layout, CONTENTS), site)
            if not died():
                break
        if mended == "installed again" or Manifest.load(site) is None:
            apply(plan(layout, CONTENTS), site)
            assert (root / "etc/claude-code/managed-settings.d/90-bailiwick.json").read_bytes() != b"{}"
        remove(site)
        assert tree(root) == before, f"interrupted at change {number}"
    assert number > 30


def test_an_interrupted_uninstallation_goes_on(tmp_path: Path) -> None:
    layout = LAYOUTS["system"]
    number = 0
    while True:
        number += 1
        root = tmp_path / str(number)
        root.mkdir()
        lived_in(root)
        before = tree(root)
        site = Site(layout=layout, root=root)
        apply(plan(layout, CONTENTS), site)
        with pytest.MonkeyPatch.context() as patch:
            died = interrupted_after(number, patch)
            with suppress(KeyboardInterrupt):
                remove(site)
            if not died():
                break
        if Manifest.load(site) is not None:
            remove(site)
        assert tree(root) == before, f"interrupted at change {number}"
    assert number > 15


def test_modes_are_right_whatever_the_umask(tmp_path: Path) -> None:
    layout = LAYOUTS["system"]
    site = Site(layout=layout, root=tmp_path)
    old = os.umask(0o077)
    try:
        apply(plan(layout, CONTENTS), site)
    finally:
        os.umask(old)
    found = {name: f"{entry[1]:04o}" for name, entry in tree(tmp_path).items()}
    assert found["etc/claude-code"] == "0755"
    assert found["etc/claude-code/managed-settings.d"] == "0755"
    assert found["etc/claude-code/managed-settings.d/90-bailiwick.json"] == "0644"
    assert found["usr/local/libexec/bailiwick/policy-helper"] == "0755"
    assert found["etc/bailiwick/policy/profiles/baseline.yaml"] == "0644"
    # On the way to what others must reach, every directory lets them pass.
    for directory in ("etc", "etc/bailiwick", "usr", "usr/local", "usr/local/libexec", "etc/systemd/system"):
        assert found[directory] == "0755"


def test_a_closed_managed_directory_is_opened_and_closed_again(tmp_path: Path) -> None:
    (tmp_path / "etc/claude-code").mkdir(parents=True, mode=0o700)
    site = Site(layout=LAYOUTS["system"], root=tmp_path)
    apply(plan(LAYOUTS["system"], CONTENTS), site)
    assert stat.S_IMODE((tmp_path / "etc/claude-code").stat().st_mode) == 0o755
    remove(site)
    assert stat.S_IMODE((tmp_path / "etc/claude-code").stat().st_mode) == 0o700


def test_an_edited_starter_policy_and_the_log_are_kept_unless_purged(tmp_path: Path) -> None:
    layout = LAYOUTS["system"]
    site = Site(layout=layout, root=tmp_path)
    for purge in (False, True):
        apply(plan(layout, CONTENTS), site)
        put(tmp_path, "etc/bailiwick/policy/organisation.yaml", b"organisation: Edited\n")
        put(tmp_path, "var/lib/bailiwick/log.db", b"evidence")
        put(tmp_path, "var/lib/bailiwick-segments/1000.segment", b"{}")
        kept = remove(site, leavings=layout.leavings, purge=purge)
        if not purge:
            assert kept == [
                f"{tmp_path}/etc/bailiwick/policy/organisation.yaml: changed since it was installed",
                f"{tmp_path}/var/lib/bailiwick: the audit log and its keys",
                f"{tmp_path}/var/lib/bailiwick-segments: what relays stopped and no service has put on record",
            ]
            assert {n for n, f in tree(tmp_path / "etc").items() if f[0] == "file"} == {
                "bailiwick/policy/organisation.yaml"
            }
        else:
            assert kept == []
            assert list((tmp_path / "var/lib").iterdir()) == []


def test_an_existing_policy_is_left_alone_but_a_given_one_replaces_it(tmp_path: Path) -> None:
    layout = LAYOUTS["system"]
    site = Site(layout=layout, root=tmp_path)
    name = "etc/bailiwick/policy/organisation.yaml"
    put(tmp_path, name, b"organisation: Other\n")
    apply(plan(layout, CONTENTS), site)
    assert (tmp_path / name).read_bytes() == b"organisation: Other\n"
    apply(plan(layout, replace(CONTENTS, starter=False)), site)
    assert (tmp_path / name).read_bytes() == b"organisation: Acme\n"
    remove(site)
    assert (tmp_path / name).read_bytes() == b"organisation: Other\n"


def test_a_policy_given_once_stays_when_none_is_given_later(tmp_path: Path) -> None:
    layout = LAYOUTS["system"]
    site = Site(layout=layout, root=tmp_path)
    apply(plan(layout, replace(CONTENTS, starter=False)), site)
    apply(plan(layout, replace(CONTENTS, policy={})), site)
    assert (tmp_path / "etc/bailiwick/policy/profiles/baseline.yaml").is_file()
    fewer = {"organisation.yaml": b"organisation: Acme\n"}
    apply(plan(layout, replace(CONTENTS, policy=fewer, starter=False)), site)
    assert not (tmp_path / "etc/bailiwick/policy/profiles").exists()
    remove(site)
    assert tree(tmp_path) == {}


def test_staging_runs_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("a program was run")

    monkeypatch.setattr(install.subprocess, "run", never)
    told: list[str] = []
    layout = LAYOUTS["system"]
    apply(plan(layout, CONTENTS), Site(layout=layout, root=tmp_path, told=told.append))
    assert any("systemctl restart" in line and "bailiwick.service" in line for line in told)


def commands(*steps: Command) -> Plan:
    return Plan(layout=user_layout(PurePosixPath("/home/dev")), steps=steps)


def test_a_failing_program_stops_the_installation_and_says_which(tmp_path: Path) -> None:
    layout = user_layout(PurePosixPath(tmp_path))
    site = Site(layout=layout)
    step = Command(do=("sh", "-c", "echo no such unit >&2; exit 5"), undo=(), reason="test")
    with pytest.raises(InstallError, match="no such unit"):
        apply(replace(commands(step), layout=layout), site)
    interrupted = Manifest.load(site)
    assert interrupted is not None
    assert not interrupted.complete
    remove(site)
    assert list(tmp_path.iterdir()) == []


def test_an_optional_program_may_fail_and_is_told(tmp_path: Path) -> None:
    layout = user_layout(PurePosixPath(tmp_path))
    told: list[str] = []
    step = Command(do=("/nonexistent/systemctl",), undo=(), reason="test", optional=True)
    assert apply(replace(commands(step), layout=layout), Site(layout=layout, told=told.append)).complete
    assert "/nonexistent/systemctl" in told[0]


def test_programs_are_undone_last_first(tmp_path: Path) -> None:
    layout = user_layout(PurePosixPath(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    log = tmp_path / "log"

    def undo(name: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {name} >> {log}")

    first = Command(do=("true",), undo=undo("first"), reason="test")
    second = Command(do=("true",), undo=undo("second"), reason="test")
    account = Command(do=("true",), undo=undo("account"), reason="test", last=True)
    site = Site(layout=layout)
    apply(Plan(layout=layout, steps=(account, first, second)), site)
    remove(site)
    assert log.read_text().split() == ["second", "first", "account"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 9, "changes": [], "made": [], "complete": true}']
)
def test_a_damaged_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "etc/bailiwick/installation.json", content)
    with pytest.raises(InstallError, match=r"etc/bailiwick/installation\.json"):
        remove(Site(layout=LAYOUTS["system"], root=tmp_path))


def test_nothing_to_uninstall_is_said(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="nothing is installed"):
        remove(Site(layout=LAYOUTS["system"], root=tmp_path))
