"""Looking at the file system for analysis: real paths and bounded look-ups; nothing raises."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.service import files
from bailiwick.service.files import OsFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path.resolve()
    (made / "a" / "b").mkdir(parents=True)
    (made / "a" / "one.py").write_text("x")
    (made / "a" / "b" / "two.py").write_text("x")
    (made / "a" / ".env").write_text("x")
    (made / "out").mkdir()
    (made / "out" / "secret.py").write_text("x")
    return made


def found(root: Path, pattern: str) -> set[str] | None:
    listed = OsFiles().expand(f"{root}/{pattern}")
    return None if listed is None else {os.path.relpath(path, root) for path in listed}


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("a/*.py", {"a/one.py"}),
        ("a/**/*.py", {"a/one.py", "a/b/two.py"}),
        ("a/*", {"a/one.py", "a/b", "a/.env"}),
        ("a/one.py", {"a/one.py"}),
        ("a/[no]ne.py", {"a/one.py"}),
        ("a/{one,none}.py", {"a/one.py"}),
        ("nothing/*", set()),
        ("a/one.py/*", set()),
        ("a/[", None),
    ],
)
def test_expand(root: Path, pattern: str, paths: set[str] | None) -> None:
    assert found(root, pattern) == paths


def test_links_among_the_matches_are_told_by_where_they_lead(root: Path) -> None:
    (root / "a" / "link").symlink_to(root / "out")
    (root / "a" / "alias.py").symlink_to(root / "out" / "secret.py")
    assert found(root, "a/*.py") == {"a/one.py", "a/alias.py", "out/secret.py"}
    assert "out/secret.py" in (found(root, "a/**/*.py") or ())
    assert "a/link/secret.py" in (found(root, "a/*/*.py") or ())


def test_a_circle_of_links_ends(root: Path) -> None:
    (root / "a" / "self").symlink_to(root / "a")
    (root / "a" / "loop").symlink_to("loop")
    assert "a/one.py" in (found(root, "a/**/*.py") or ())


def test_a_tree_past_the_bounds_is_not_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_VISITED", 3)
    assert found(root, "**") is None
    assert found(root, "a/b/*") == {"a/b/two.py"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_tree_that_cannot_be_read_is_not_listed(root: Path) -> None:
    (root / "a" / "b").chmod(0)
    assert found(root, "a/**") is None


def test_real(root: Path) -> None:
    (root / "a" / "link").symlink_to(root / "out")
    (root / "loop").symlink_to("loop")
    view = OsFiles()
    assert view.real(f"{root}/a/link/new/file") == f"{root}/out/new/file"
    assert view.real(f"{root}/a/one.py") == f"{root}/a/one.py"
    assert view.real(f"{root}/loop") == f"{root}/loop"
    assert view.real("/a\0b") == "/a\0b"
    assert view.real("/" + "x" * 5000) == "/" + "x" * 5000


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_nothing_raises(text: str) -> None:
    OsFiles().real(f"/nonexistent/{text}")
    OsFiles().expand(f"/nonexistent/{text}")


def test_whether_letters_of_either_case_are_the_same_is_looked_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_folds", files._folds.__wrapped__)
    monkeypatch.chdir(root)
    assert not files.folds_case("a")
    assert not files.folds_case("nothing")
    assert not files.folds_case("/")
    project = root / "project"
    project.mkdir()
    assert not files.folds_case(str(project))
    (project / "1").touch()
    (project / "b").touch()
    assert not files.folds_case(str(project))
    (project / "B").symlink_to("b")
    assert not files.folds_case(str(project))
    (project / "B").unlink()
    (project / "B").hardlink_to(project / "b")  # as if the file system took both names
    assert files.folds_case(str(project))
