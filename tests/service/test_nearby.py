"""The look that can't take long says what the long one says, or that it does not know."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.service.nearby import LOCAL, Mounts, Nearby

NAMES = st.sampled_from(["a", "b", "c", "..", ".", "", "dä r"])
PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)


@settings(max_examples=150, deadline=None)
@given(
    links=st.dictionaries(st.sampled_from(["a", "b", "c", "a/b", "b/c"]), st.tuples(st.booleans(), PATHS)),
    asked=PATHS,
)
def test_it_follows_links_as_the_system_does(links: dict[str, tuple[bool, str]], asked: str) -> None:
    with TemporaryDirectory() as scratch:
        follow(Path(scratch) / "1/2/3/4/5/6/7/8", links, asked)


def follow(root: Path, links: dict[str, tuple[bool, str]], asked: str) -> None:
    root.mkdir(parents=True)
    for name in ("a", "b", "c", "dä r"):
        if name not in links:
            (root / name).mkdir()
    for name, (absolute, target) in sorted(links.items()):
        place = root / name
        if place.parent.is_dir() and not os.path.lexists(place):
            place.symlink_to(f"{root}/{target}" if absolute else target or ".")
    nearby = Nearby(frozenset())
    path = f"{root}/{asked}"
    said = nearby.real(path)
    assert nearby.missed or said == os.path.realpath(path)
    if not any(os.path.lexists(root / name) and (root / name).is_symlink() for name in links):
        assert not nearby.missed


@pytest.mark.parametrize("path", ["relative", "", "/a\0b", "/lone\udc00\ud800"])
def test_what_is_no_path_is_left_to_the_other_look(path: str) -> None:
    nearby = Nearby(frozenset())
    nearby.real(path)
    assert nearby.missed


def test_circles_and_patterns_are_left_to_the_other_look(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    nearby = Nearby(frozenset())
    nearby.real(f"{tmp_path}/circle")
    assert nearby.missed
    nearby = Nearby(frozenset())
    assert nearby.expand("/tmp/*") is None
    assert nearby.missed


def test_a_far_mount_is_not_entered_not_even_over_a_link(tmp_path: Path) -> None:
    far = tmp_path / "mnt/far away"
    far.mkdir(parents=True)
    (tmp_path / "link").symlink_to("mnt/far away/deep")
    table = tmp_path / "mountinfo"
    root = str(tmp_path).replace(" ", "\\040")
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"23 22 0:40 / {root}/mnt/far\\040away rw,relatime shared:2 - fuse.sshfs host: rw\n"
    )
    mounts = Mounts(table).far()
    assert mounts == {str(far)}
    for path, missed in (("mnt", False), ("mnt/far", False), ("mnt/far away", True), ("link", True)):
        nearby = Nearby(mounts)
        nearby.real(f"{tmp_path}/{path}")
        assert nearby.missed is missed, path


def test_without_a_table_everything_is_left_to_the_other_look(tmp_path: Path) -> None:
    far = Mounts(tmp_path / "none").far()
    assert far is None
    assert Nearby(far).missed


def test_this_machine_s_table_is_read() -> None:
    far = Mounts().far()
    assert far is not None
    assert "/proc" not in far
    assert "nfs4" not in LOCAL
    assert "fuse.sshfs" not in LOCAL
