"""A pattern may be several words: the first takes the place it stands in, the others the places behind it."""

import pytest

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")


@pytest.mark.parametrize(
    ("command", "gives"),
    [
        ("grep *", "read [!.]*"),
        ("grep -e *", "read [!.]*"),
        ("grep --include * foo src", "read [!.]*/**"),
        ("rg *", "read [!.]*/**"),
        ("sort -k *", "read [!.]*"),
        ("head -n *", "read [!.]*"),
        ("cut -d *", "read [!.]*"),
        ("cp -t * x", "read [!.]*"),
        ("chmod *", "write [!.]*"),
        ("nice -n * ls", "opaque"),
        ("timeout * ls", "opaque"),
        ("sed -e *", "opaque"),
        ("awk -v *", "opaque"),
        ("yq *", "opaque"),
    ],
)
def test_the_words_behind_the_first_are_noticed(command: str, gives: str) -> None:
    found = listing(analyze_shell(command, CONTEXT), "/w")
    assert gives in found or gives.replace("/**", "") in found, found


@pytest.mark.parametrize(
    ("command", "gives"),
    [
        ("mv *.txt dst", ["delete [!.]*.txt/**", "read [!.]*.txt/**", "run mv ? dst", "write dst/**"]),
        ("cp a* d", ["read a*", "run cp ? d", "write d", "write d/**"]),
        ("grep foo *", ["read [!.]*", "run grep foo ?"]),
    ],
)
def test_places_that_stay_are_not_confused(command: str, gives: list[str]) -> None:
    assert listing(analyze_shell(command, CONTEXT), "/w") == gives
