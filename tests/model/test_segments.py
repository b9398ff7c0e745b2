"""Unions of path globs, segment by segment: as the globs say one by one, over every path of a small universe."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.model.automaton import Budget, TooComplexError
from bailiwick.model.glob import Glob, GlobSet, path_glob
from bailiwick.model.segments import Unions

NAMES = ["".join(letters) for size in (1, 2, 3) for letters in product("ab.", repeat=size)]
NAMES = [name for name in NAMES if name not in {".", ".."}]
PATHS = ["/", *("/" + "/".join(names) for size in (1, 2) for names in product(NAMES, repeat=size))]
PATHS += ["/" + "/".join(names) for names in product(["a", "b", ".a", "ab"], repeat=3)]

SEGMENTS = st.sampled_from(
    ["a", "b", "ab", ".a", "*", "a*", "*b", "*a*", "?", ".*", "[!a]*", "{a,.b}", "*.b", "**", "**"]
)


def text_of(parts: list[str]) -> str:
    return "/" + "/".join(parts)


GLOBS = st.lists(SEGMENTS, max_size=4).map(text_of).map(path_glob)
UNIONS = st.lists(st.lists(GLOBS, min_size=1, max_size=4), min_size=1, max_size=4)


def matching(unions: list[list[Glob]], path: str) -> tuple[int, ...]:
    return tuple(n for n, globs in enumerate(unions) if any(glob.matches(path) for glob in globs))


@settings(max_examples=150, deadline=None)
@given(UNIONS, st.data())
def test_every_combination_that_occurs_and_no_other(unions: list[list[Glob]], data: st.DataObject) -> None:
    numbers = st.lists(st.sampled_from(range(len(unions))), unique=True, max_size=1)
    within, without = data.draw(numbers), data.draw(numbers)
    found = list(Unions(unions, budget=Budget(2_000_000)).combinations(within=within, without=without))
    for path, said in found:
        assert matching(unions, path) == said, path
        assert set(within) <= set(said)
        assert not set(without) & set(said)
        assert path == "/" or not {"", ".", ".."} & set(path.split("/")[1:])
    assert len({said for _, said in found}) == len(found)
    occurring = {matching(unions, path) for path in PATHS}
    wanted = {said for said in occurring if set(within) <= set(said) and not set(without) & set(said)}
    assert wanted <= {said for _, said in found}


@settings(max_examples=60, deadline=None)
@given(st.lists(GLOBS, min_size=1, max_size=4))
def test_it_agrees_with_the_search_by_characters(globs: list[Glob]) -> None:
    by_segments = {
        said for _, said in Unions([[one] for one in globs], budget=Budget(2_000_000)).combinations()
    }
    by_characters = {said for _, said in GlobSet(globs).explore(budget=Budget(2_000_000))}
    assert by_segments == by_characters


@pytest.mark.parametrize("text", ["/a**b", "/a/**b/c", "a/b", "/***", "/a//b", "/a/"])
def test_what_it_does_not_read_by_segments_is_too_complex_or_as_the_glob_says(text: str) -> None:
    glob = path_glob(text)
    try:
        found = list(Unions([[glob]], budget=Budget(10_000)).combinations(within=[0]))
    except TooComplexError:
        return
    assert all(glob.matches(path) for path, _ in found)
    assert bool(found) == any(glob.matches(path) for path in PATHS)


def test_a_budget_ends_the_search() -> None:
    globs = [[path_glob(f"/**/*{letter}*")] for letter in "abcdefghijklmnop"]
    with pytest.raises(TooComplexError):
        list(Unions(globs, budget=Budget(50_000)).combinations())
