"""Paths as text: absolute, normal, and as globs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.paths import absolute, escaped, fixed_part, spellings, tree, under
from bailiwick.model.glob import Glob

SEGMENT = st.text(alphabet="ab.*?[]{},\\~ é", min_size=1, max_size=5)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("/a/b", "/a/b"),
        ("a", "/w/a"),
        ("./a/../b", "/w/b"),
        ("../../../x", "/x"),
        ("//a///b/", "/a/b"),
        ("~", "/home/u"),
        ("~/x", "/home/u/x"),
        ("~other/x", "/w/~other/x"),
        ("", "/w"),
        (".", "/w"),
    ],
)
def test_absolute(spelled: str, meant: str) -> None:
    assert absolute(spelled, cwd="/w", home="/home/u") == meant


@given(st.text(max_size=30))
def test_absolute_is_absolute_normal_and_idempotent(path: str) -> None:
    once = absolute(path, cwd="/w", home="/home/u")
    assert once.startswith("/")
    assert not once.startswith("//")
    assert not {"", ".", ".."} & set(once[1:].split("/")) or once == "/"
    assert absolute(once, cwd="/elsewhere", home="/") == once


@given(PATH)
def test_an_escaped_path_matches_itself_only(path: str) -> None:
    glob = Glob(escaped(path))
    assert glob.matches(path)
    assert not glob.matches(path + "x")


@given(PATH)
def test_a_tree_holds_everything_below(path: str) -> None:
    target = tree(path)
    assert target.pattern
    assert Glob(target.path).matches(path.rstrip("/") + "/x/y")


@given(PATH, st.sampled_from(["*", "**", "a/*.b", "{x/y,z}/w", "[ab]/c", "?"]))
def test_fixed_part_is_the_directory_that_was_put_below(path: str, rest: str) -> None:
    directory, remains = fixed_part(under(path, rest))
    assert under(directory, remains) == under(path, rest)
    assert f"{directory}/".replace("//", "/").startswith(f"{path}/".replace("//", "/"))


def test_fixed_part_of_a_pattern_without_wildcards_is_all_of_it() -> None:
    assert fixed_part("/a/b") == ("/a/b", "")
    assert under("/a/b", "") == "/a/b"
    assert fixed_part("/*") == ("/", "*")
    assert under("/", "*") == "/*"


def test_both_spellings_are_told_when_the_client_mends_one() -> None:
    assert spellings(" /a ", cwd="/w", home="/h") == ("/a", "/w/ /a ")
    assert spellings("/a", cwd="/w", home="/h") == ("/a",)
