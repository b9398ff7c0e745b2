"""`bailiwick init` writes a repository that loads, and never overwrites anything."""

import argparse
import json
from pathlib import Path

import pytest

from bailiwick.cli import init
from bailiwick.policy.load import load_policy_set
from bailiwick.service.policy_files import read_policy_files


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    init.register(parser.add_subparsers())
    asked = parser.parse_args(["init", *argv])
    code: int = asked.func(asked)
    return code


def test_what_it_writes_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "policy"
    assert run(str(root), "--organisation", 'Dépôt "9": no', "--contact", "#sec", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    loaded = load_policy_set(read_policy_files(root))
    assert loaded.revision == said["revision"]
    assert {policy.organisation for policy in loaded.policies.values()} == {'Dépôt "9": no'}
    assert {policy.contact for policy in loaded.policies.values()} == {"#sec"}
    assert (root / "README.md").is_file()
    for path in root.rglob("*.yaml"):
        reference = path.read_text().split("$schema=", 1)[1].split("\n", 1)[0]
        assert (path.parent / reference).is_file()


def test_it_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "organisation.yaml").write_text("mine")
    assert run(str(tmp_path)) == 2
    assert (tmp_path / "organisation.yaml").read_text() == "mine"
    assert "not empty" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert run(str(tmp_path / "file" / "below")) == 3


def test_a_fresh_git_repository_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert run(str(tmp_path)) == 0
    assert run(str(tmp_path)) == 2
