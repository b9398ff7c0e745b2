"""The canonical tree digest: the vectors of its page, what changes it, and what has none."""

import re
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.skill.digest import UnsoundTreeError, problems_of, tree_digest
from bailiwick.model.skill import Entry, EntryType, Partial, SkillTree, file_entry

PAGE = Path(__file__).parents[2] / "docs/skill-approval.md"


def tree(*entries: Entry, partial: tuple[Partial, ...] = ()) -> SkillTree:
    return SkillTree(root="/r", name="r", entries=entries, partial=partial)


def folder(path: str) -> Entry:
    return Entry(path=path, type=EntryType.DIRECTORY, mode=0o755)


def link(path: str, target: str) -> Entry:
    return Entry(path=path, type=EntryType.LINK, target=target, mode=0o777)


def vectors() -> list[tuple[str, SkillTree, str]]:
    block = re.search(r"<!-- vectors -->\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block is not None
    found = []
    for vector in yaml.safe_load(block[1]):
        entries = []
        for path, said in vector["tree"].items():
            match said:
                case {"dir": True}:
                    entries.append(folder(path))
                case {"link": target}:
                    entries.append(link(path, target))
                case {"text": text, **more}:
                    entries.append(
                        file_entry(path, text.encode(), mode=0o755 if more.get("executable") else 0o644)
                    )
        found.append((vector["it"], tree(*entries), vector["digest"]))
    return found


@pytest.mark.parametrize(("it", "one", "digest"), vectors())
def test_the_vectors_of_the_page(it: str, one: SkillTree, digest: str) -> None:
    assert tree_digest(one) == digest, it


A = file_entry("a.md", b"one")


@pytest.mark.parametrize(
    "other",
    [
        tree(file_entry("a.md", b"two")),
        tree(file_entry("b.md", b"one")),
        tree(file_entry("a.md", b"one", mode=0o755)),
        tree(A, folder("empty")),
        tree(A, file_entry(".git", b"")),
        tree(A, file_entry("__pycache__", b"")),
        tree(folder("a.md")),
        tree(link("a.md", "one")),
        tree(),
    ],
)
def test_any_change_changes_it(other: SkillTree) -> None:
    assert tree_digest(other) != tree_digest(tree(A))


def test_what_differs_between_machines_does_not_change_it() -> None:
    composed, decomposed = file_entry("caf\u00e9", b""), file_entry("cafe\u0301", b"")
    assert tree_digest(tree(composed)) == tree_digest(tree(decomposed))
    assert tree_digest(tree(file_entry("a.md", b"one", mode=0o664))) == tree_digest(tree(A))
    assert tree_digest(tree(A, folder("x"))) == tree_digest(tree(folder("x"), A))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (file_entry("run", b"", mode=0o4755), "set-uid"),
        (Entry(path="d", type=EntryType.DIRECTORY, mode=0o1777), "sticky"),
        (Entry(path="pipe", type=EntryType.OTHER), "pipe"),
        (Entry(path="big", type=EntryType.FILE), "not read to its end"),
        (link("out", "/etc/passwd"), "leads out"),
        (link("out", "../x"), "leads out"),
        (link("d/out", "../../x"), "leads out"),
        (link("out", "sub/../../x"), "leads out"),
        (link("out", "sub/.."), "leads out"),
        (link("out", ""), "leads out"),
        (file_entry("a\nb", b""), "character"),
        (file_entry("a\\b", b""), "character"),
        (file_entry("\udc80", b""), "UTF-8"),
        (link("l", "\udc80"), "UTF-8"),
        (file_entry("nul.md", b""), "another file system"),
        (file_entry("dot.", b""), "another file system"),
    ],
)
def test_what_has_no_digest(entry: Entry, why: str) -> None:
    with pytest.raises(UnsoundTreeError, match=why):
        tree_digest(tree(A, entry))


@pytest.mark.parametrize(("one", "two"), [("A.md", "a.md"), ("caf\u00e9", "CAFE\u0301"), ("\ufb01", "fi")])
def test_names_that_clash_on_another_file_system(one: str, two: str) -> None:
    with pytest.raises(UnsoundTreeError, match="the same name"):
        tree_digest(tree(file_entry(one, b""), file_entry(two, b"")))


def test_links_that_stay_are_fine() -> None:
    assert tree_digest(tree(A, link("b", "a.md"), folder("d"), link("d/c", "../a.md")))


def test_a_partial_tree_has_none() -> None:
    with pytest.raises(UnsoundTreeError, match="too deep"):
        tree_digest(tree(A, partial=(Partial(path="x", reason="too deep"),)))


NAMES = st.text(string.ascii_lowercase + "/.-", min_size=1, max_size=6)
ENTRIES = st.one_of(
    st.builds(file_entry, NAMES, st.binary(max_size=4), mode=st.sampled_from([0o644, 0o755])),
    st.builds(folder, NAMES),
    st.builds(link, NAMES, NAMES),
)


def meaning(one: SkillTree) -> object:
    return sorted(
        (e.path, e.type, e.sha256, e.target, e.mode & 0o100 if e.type is EntryType.FILE else 0)
        for e in one.entries
    )


@given(
    st.lists(ENTRIES, max_size=4, unique_by=lambda e: e.path),
    st.lists(ENTRIES, max_size=4, unique_by=lambda e: e.path),
)
def test_equal_digests_mean_equal_trees(one: list[Entry], two: list[Entry]) -> None:
    trees = tree(*one), tree(*two)
    if any(list(problems_of(each)) for each in trees):
        return
    assert (tree_digest(trees[0]) == tree_digest(trees[1])) == (meaning(trees[0]) == meaning(trees[1]))
