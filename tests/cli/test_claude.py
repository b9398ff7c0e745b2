"""The narrowing options of `bailiwick claude` as they are typed."""

import argparse

import pytest

from bailiwick.cli.claude import _names, _seconds
from bailiwick.cli.main import parser


def test_the_fourth_line_of_the_manual() -> None:
    line = ["claude", "--allowedTools", "Read,Edit,Search,Bash", "--readOnlyFiles", "/etc/**,/var/**"]
    asked = parser().parse_args([*line, "--maxBashTimeout", "30", "--", "-p", "fix", "--verbose"])
    assert asked.allowedTools == ("Read", "Edit", "Search", "Bash")
    assert asked.readOnlyFiles == ("/etc/**", "/var/**")
    assert asked.maxBashTimeout == 30
    assert asked.arguments == ["-p", "fix", "--verbose"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        (" a , b ", ("a", "b")),
        ("/x/*.{py,pyi},/y", ("/x/*.{py,pyi}", "/y")),
        ("a{b{c,d},e},f", ("a{b{c,d},e}", "f")),
        ("a},b", ("a}", "b")),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert _names(text) == names


@pytest.mark.parametrize("text", ["", ",", "a,,b", "a,", " "])
def test_an_empty_name_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="empty name"):
        _names(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "\u0663", "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="whole number of seconds"):
        _seconds(text)
