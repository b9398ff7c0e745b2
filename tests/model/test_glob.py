"""The automaton agrees with two independent readings of the dialect, and its set theory with enumeration."""

import itertools
import re
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from oracles import naive, regex

from bailiwick.model.automaton import Automaton
from bailiwick.model.glob import (
    Budget,
    Dialect,
    Glob,
    GlobError,
    GlobSet,
    contained,
    escape,
    intersects,
    literal,
    may_meet,
    name_glob,
    witness,
)

TABLE = yaml.safe_load((Path(__file__).parent / "glob.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("glob", "row"), TABLE["paths"].items())
def test_paths(glob: str, row: dict[str, list[str]]) -> None:
    for path in row["matches"]:
        assert Glob(glob).matches(path), path
    for path in row["leaves"]:
        assert not Glob(glob).matches(path), path


@pytest.mark.parametrize(("glob", "row"), TABLE["names"].items())
def test_names(glob: str, row: dict[str, list[str]]) -> None:
    for name in row["matches"]:
        assert name_glob(glob).matches(name), name
    for name in row["leaves"]:
        assert not name_glob(glob).matches(name), name


@pytest.mark.parametrize("row", TABLE["errors"], ids=lambda row: row["glob"][:20])
def test_errors_point_at_the_place(row: dict[str, str | int]) -> None:
    with pytest.raises(GlobError, match=re.escape(str(row["says"]))) as raised:
        Glob(str(row["glob"]) * int(row.get("times", 1)))
    assert raised.value.position == row["position"]


@pytest.mark.parametrize("row", TABLE["witnesses"], ids=lambda row: " & ".join(row["in"]))
def test_witnesses(row: dict[str, list[str]]) -> None:
    found = witness([Glob(text) for text in row["in"]], [Glob(text) for text in row.get("not in", [])])
    assert found == row["is"]


# A small universe, whole: every normal path of up to three segments over two letters, one dotted.
NAMES = ["".join(letters) for size in (1, 2) for letters in itertools.product("ab", repeat=size)] + [".a"]
UNIVERSE = ["/"] + [
    "/" + "/".join(names) for depth in (1, 2, 3) for names in itertools.product(NAMES, repeat=depth)
]

SEGMENTS = ["a", "b", "*", "**", "?", "a*", "*b", "[ab]", "[!a]", "{a,b*}", "{a,**}", ".*"]
SMALL = [
    "/" + "/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(SEGMENTS, repeat=depth)
] + ["**", "**/a", "**/a*/b", "**/*/**", "**/{a,b}/**"]


def test_every_small_glob_means_the_same_three_times_over_on_a_whole_universe() -> None:
    paths = UNIVERSE[::3] + UNIVERSE[:40]
    together = GlobSet([Glob(text) for text in SMALL])
    by_set = {path: set(together.matching(path)) for path in paths}
    for number, text in enumerate(SMALL):
        pattern = regex(text)
        for path in paths:
            expected = pattern.fullmatch(path) is not None
            assert (number in by_set[path]) == expected, (text, path)
    for text in SMALL[::7]:
        for path in paths:
            assert Glob(text).matches(path) == naive(text, path), (text, path)


def test_set_theory_agrees_with_enumeration_of_a_whole_universe() -> None:
    few = [
        "/a/**",
        "/a/*",
        "**/b",
        "/*",
        "/?/b*",
        "/**",
        "/a/**/b",
        "/{a,b}/*",
        "**/a*/**",
        "/a",
        "**/.*",
        "/[!a]*/**",
    ]
    globs = [Glob(text) for text in few]
    members = {glob: {path for path in UNIVERSE if glob.matches(path)} for glob in globs}
    for one, other in itertools.product(globs, repeat=2):
        both, only = members[one] & members[other], members[one] - members[other]
        assert bool(both) <= intersects(one, other)
        assert bool(only) <= (not contained(one, [other]))
        for include, exclude, known in (([one, other], [], both), ([one], [other], only)):
            found = witness(include, exclude)
            if known:
                assert found is not None
                assert len(found) <= min(map(len, known)), "not the shortest"
            if found is not None:
                assert all(glob.matches(found) for glob in include)
                assert not any(glob.matches(found) for glob in exclude)
                shorter = [path for path in known if len(path) < len(found)]
                assert not shorter
        union = witness([one], [other, globs[0]])
        outside = members[one] - members[other] - members[globs[0]]
        assert (union is not None) >= bool(outside)


_SEGMENT = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "a*b", "*a*", "[a-c]", "[!b]", "{a,b}", "{a*,**}", r"\*", "é"]
)
GLOBS = st.lists(_SEGMENT, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
PATHS = st.lists(
    st.text("abc*é.", min_size=1, max_size=3).filter(lambda name: name not in {".", ".."}), max_size=5
).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=300, deadline=None)
@given(GLOBS, GLOBS)
def test_what_seems_never_to_meet_never_does(one: str, other: str) -> None:
    first, second = Glob(one), Glob(other)
    common = witness([first, second])
    assert may_meet(first, second) or common is None
    assert intersects(first, second) == (common is not None)


@settings(max_examples=300, deadline=None)
@given(GLOBS, PATHS)
def test_matching_agrees_with_both_oracles(text: str, path: str) -> None:
    matched = Glob(text).matches(path)
    assert matched == (regex(text).fullmatch(path) is not None)
    assert matched == naive(text, path)


@settings(max_examples=200, deadline=None)
@given(st.lists(GLOBS, min_size=1, max_size=3), st.lists(GLOBS, max_size=4), st.lists(PATHS, max_size=20))
def test_a_witness_is_one_and_none_means_none(
    inside: list[str], outside: list[str], paths: list[str]
) -> None:
    include, exclude = [Glob(text) for text in inside], [Glob(text) for text in outside]
    found = witness(include, exclude)
    if found is not None:
        assert all(regex(text).fullmatch(found) for text in inside)
        assert not any(regex(text).fullmatch(found) for text in outside)
        assert found == "/" or not {"", ".", ".."} & set(found[1:].split("/"))
    else:
        for path in paths:
            assert not all(glob.matches(path) for glob in include) or any(
                glob.matches(path) for glob in exclude
            )


@settings(max_examples=200, deadline=None)
@given(GLOBS, st.lists(GLOBS, min_size=1, max_size=4), PATHS)
def test_containment_is_never_claimed_wrongly(inner: str, outer: list[str], path: str) -> None:
    held = [Glob(text) for text in outer]
    if contained(Glob(inner), held) and Glob(inner).matches(path):
        assert any(glob.matches(path) for glob in held)
    if Glob(inner).matches(path):
        assert all(intersects(Glob(inner), glob) for glob in held if glob.matches(path))


@settings(max_examples=200, deadline=None)
@given(st.lists(GLOBS, max_size=12), PATHS)
def test_a_set_matches_what_its_members_match(texts: list[str], path: str) -> None:
    globs = [Glob(text) for text in texts]
    assert GlobSet(globs).matching(path) == tuple(n for n, glob in enumerate(globs) if glob.matches(path))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_glob_or_an_error_with_a_position_in_it(text: str) -> None:
    for dialect in Dialect:
        position = 0
        try:
            Glob(text, dialect)
        except GlobError as error:
            position = error.position
        assert 0 <= position <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    assert name_glob(escape(text)).matches(text)
    assert name_glob(escape(text)).matches(other) == (text == other)
    assert literal(escape(text)) == text


def test_matching_stays_linear_where_regular_expressions_explode() -> None:
    assert not Glob("/" + "*a" * 30 + "b").matches("/" + "a" * 20_000)


def test_transitions_are_forgotten_rather_than_hoarded() -> None:
    machine = Automaton([Glob("/a/**").pattern, Glob("**/é*").pattern], memory=10)
    for code in range(0x400, 0x440):
        assert machine.matching(f"/a/é{chr(code)}") == (0, 1)
    assert machine._remembered <= 10


def test_a_question_beyond_its_budget_is_answered_on_the_safe_side() -> None:
    inner = Glob("/bounded/[a-z]*/x")
    assert intersects(inner, Glob("/bounded/[A-Z]*/x"), budget=Budget(20))
    assert not intersects(inner, Glob("/bounded/[A-Z]*/x"))
    assert not contained(inner, [Glob("/bounded/*/*")], budget=Budget(20))
    assert contained(inner, [Glob("/bounded/*/*")])


def test_dialects_do_not_mix() -> None:
    with pytest.raises(ValueError, match="dialects"):
        witness([Glob("/a"), name_glob("a")])


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("abcXYZ/.*?é[]{},-!"), max_size=10),
    st.text(st.sampled_from("abcxyzABCXYZ/.éÉ-"), max_size=10),
)
def test_a_folded_glob_takes_each_letter_in_either_case(text: str, path: str) -> None:
    try:
        plain, folded = Glob(text), Glob(text, folded=True)
    except GlobError:
        return
    if plain.matches(path):
        assert all(folded.matches(spelt) for spelt in (path, path.upper(), path.lower(), path.swapcase()))
    assert folded.matches(path) == folded.matches(path.swapcase())


def test_a_folded_set_holds_letters_of_both_cases_and_nothing_else() -> None:
    letters = Glob("/[b-dX]", folded=True)
    assert {c for c in "abcdexyzABCDEXYZ0_" if letters.matches("/" + c)} == set("bcdxBCDX")
    assert not intersects(Glob("/.ENV"), Glob("/.env"))
    assert intersects(Glob("/.E*"), Glob("/.env", folded=True))
