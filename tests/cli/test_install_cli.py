"""`install`, `uninstall`, `status`, `service` and `doctor` as they are typed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bailiwick.cli.main import main
from bailiwick.service import installation
from service.trees import tree

POLICY = "organisation: Acme\ncontact: x\ndefault_profile: only\n"
PROFILE = "profile: only\ndescription: Nothing.\ntools: {other: deny}\n"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "BAILIWICK_STATE",
        "BAILIWICK_POLICY",
        "BAILIWICK_CLIENT",
    ):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    (folder / "profiles").mkdir(parents=True)
    (folder / "organisation.yaml").write_text(POLICY)
    (folder / "profiles/only.yaml").write_text(PROFILE)
    return folder


@pytest.mark.parametrize("scope", ["--system", "--user"])
@pytest.mark.parametrize("platform", ["linux", "macos"])
def test_installed_and_uninstalled(
    tmp_path: Path, policy: Path, scope: str, platform: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    arguments = [scope, "--root", str(root), "--json"]
    assert main(["install", *arguments, "--policy", str(policy), "--target-os", platform]) == 0
    said = json.loads(capsys.readouterr().out)
    assert Path(said["manifest"]).is_file()
    (schema,) = root.rglob(
        ".schema/profile.schema.json"
    )  # where the first line of a policy's files points editors
    assert (schema.parent.parent / "organisation.yaml").is_file()
    assert main(["uninstall", *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == []
    assert tree(root) == {}


def test_what_did_not_work_is_the_last_word(
    tmp_path: Path, policy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    systemctl = tmp_path / "bin/systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text("#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:/usr/bin:/bin")
    assert main(["install", "--user", "--policy", str(policy)]) == 0
    said = capsys.readouterr()
    assert "did not work here: systemctl --user daemon-reload: Failed to connect to bus" in said.err
    assert said.out.splitlines()[-1].startswith("Not everything worked")
    assert main(["uninstall", "--user"]) == 0


def test_a_dry_run_shows_every_file_and_changes_nothing(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    arguments = ["install", "--system", "--root", str(root), "--policy", str(policy), "--dry-run"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert tree(root) == {}
    assert main([*arguments, "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    files = [step for step in steps if "file" in step]
    assert f"In all {len(files)} new files, 0 changed files" in text.splitlines()[-1]
    assert {Path(step["file"]).name for step in files} >= {
        "90-bailiwick.json",
        "bailiwick.service",
        "policy-helper",
        "relay.py",
        "organisation.yaml",
    }
    for step in files:
        assert step["file"] in text
        if not step["file"].endswith(".schema.json"):  # told by its length
            assert all(line in text for line in step["content"].splitlines())


def test_whoever_is_not_root_may_see_what_would_be_done(
    policy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["install", "--system", "--policy", str(policy), "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "/etc/claude-code/managed-settings.d/90-bailiwick.json" in text
    assert "As things are it would be refused: /etc/claude-code: only root may write" in text
    assert text.rstrip().endswith("Nothing was changed.")


def test_staging_says_that_nothing_is_in_force(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "staged"
    words = ["install", "--system", "--root", str(root), "--policy", str(policy)]
    assert main([*words, "--dry-run"]) == 0
    assert not root.exists()
    capsys.readouterr()
    assert main(words) == 0
    assert f"Staged below {root}; nothing of it is in force here." in capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 3
    return capsys.readouterr().err


def test_without_root_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = refusal(capsys, "install", "--system")
    assert "/etc/claude-code" in said
    assert "sudo" in said


def test_a_program_that_others_can_change_does_not_become_the_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("")
    python.chmod(0o777)
    monkeypatch.setattr(installation, "_may_install", lambda _: None)
    said = refusal(capsys, "install", "--system", "--python", str(python))
    assert str(python) in said
    assert "others than root can change it" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("managed-settings.json", "{", "refuses to start on such a file"),
        ("managed-settings.json", {"policyHelper": {"path": "/x"}}, "policyHelper"),
        ("managed-settings.d/10-x.json", {"policyHelpers": {"linux": {"path": "/x"}}}, "policyHelpers"),
    ],
)
def test_a_quarrel_with_other_managed_settings_is_refused(  # noqa: PLR0913, PLR0917 - fixtures
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str], name: str, content: Any, said: str
) -> None:
    path = tmp_path / "root/etc/claude-code" / name
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    before = tree(tmp_path / "root")
    error = refusal(capsys, "install", "--system", "--root", str(tmp_path / "root"), "--policy", str(policy))
    assert str(path) in error
    assert said in error
    assert tree(tmp_path / "root") == before


def test_a_policy_that_does_not_compile_is_not_put_in_force(
    tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (policy / "profiles/only.yaml").write_text("profile: only\nnonsense: 1\n")
    error = refusal(capsys, "install", "--user", "--root", str(tmp_path / "root"), "--policy", str(policy))
    assert "profiles/only.yaml:" in error
    assert tree(tmp_path / "root") == {}


def test_another_platform_needs_a_staging_root(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--root" in refusal(capsys, "install", "--system", "--target-os", "macos")


# The service outlives, by design, the object in this process that started it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_service_by_hand(tmp_path: Path, policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--state", str(tmp_path / "state"), "--policy", str(policy), "--json"]
    assert main(["status", *places]) == 3
    assert json.loads(capsys.readouterr().out)["running"] is False
    assert main(["service", "start", *places]) == 0
    try:
        capsys.readouterr()
        assert main(["status", *places]) == 0
        status = json.loads(capsys.readouterr().out)
        assert status["running"]
        assert status["profiles"] == ["only"]
        (policy / "profiles/only.yaml").write_text("nonsense: 1\n")
        assert main(["service", "reload", *places]) == 2
        assert "the policy in force stays" in capsys.readouterr().err
        assert main(["status", *places]) == 1
        capsys.readouterr()
    finally:
        assert main(["service", "stop", *places]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": True}
    assert main(["service", "stop", *places]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": False}


def test_the_doctor_without_a_client(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--client", "/nonexistent/claude"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["holds"] is False
    assert said["checks"][-1]["name"] == "client/found"
    assert "npm install" in said["checks"][-1]["mend"]
