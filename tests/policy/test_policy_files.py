"""Reading a repository from disk: what is taken, what is left alone, and every failure by file."""

import os
from pathlib import Path

import pytest

from bailiwick.policy.errors import PolicyErrors
from bailiwick.service import policy_files
from bailiwick.service.policy_files import read_policy_files


def failure(root: Path) -> tuple[str, str]:
    with pytest.raises(PolicyErrors) as raised:
        read_policy_files(root)
    (error,) = raised.value.errors
    assert error.mend
    return error.file, error.message


def test_yaml_files_are_read_and_others_left_alone(tmp_path: Path) -> None:
    for name in (
        "organisation.yaml",
        "profiles/a.yaml",
        "profiles/b.yml",
        "README.md",
        ".github/ci.yaml",
        ".x.yaml",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a: 1")
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_policy_files(tmp_path) == dict.fromkeys(
        ("bom.yaml", "organisation.yaml", "profiles/a.yaml", "profiles/b.yml"), "a: 1"
    )


def test_what_is_not_utf8_has_a_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("é: 1\nx: ".encode() + b"\xff")
    with pytest.raises(PolicyErrors, match=r"a\.yaml:2:4: not UTF-8: the byte 0xff"):
        read_policy_files(tmp_path)


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "policy"
    root.mkdir()
    (tmp_path / "other.yaml").write_text("secret: 1")
    (root / "a.yaml").symlink_to(tmp_path / "other.yaml")
    assert failure(root) == ("a.yaml", "the file is a link that leads out of the policy")


def test_a_repository_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a.yaml").write_text("a: 1")
    (tmp_path / "b.yaml").symlink_to("v1/a.yaml")
    (tmp_path / "current").symlink_to("v1")
    assert read_policy_files(tmp_path / "current") == {"a.yaml": "a: 1"}


def test_pipes_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert failure(tmp_path) == ("a.yaml", "not a plain file")


def test_size_and_number_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.yaml").write_bytes(b"x" * (5 << 20))
    assert "longer than" in failure(tmp_path)[1]
    (tmp_path / "big.yaml").unlink()
    monkeypatch.setattr(policy_files, "MAX_FILES", 2)
    for number in range(4):
        (tmp_path / f"{number}.yaml").write_text("a: 1")
    assert failure(tmp_path)[1] == "more than 2 files"


def test_a_loop_of_links_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("a.yaml")
    assert failure(tmp_path)[0] == "a.yaml"


def test_a_directory_that_cannot_be_listed_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "organisation.yaml").write_text("a: 1")
    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("profiles"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", closed)
        with pytest.raises(PermissionError):
            read_policy_files(tmp_path)


def test_nowhere(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        read_policy_files(tmp_path / "nowhere")
