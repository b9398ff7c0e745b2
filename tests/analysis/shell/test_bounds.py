"""The parser is total, linear in its text and bounded in depth and size."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Self

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import DEFECT, EITHER, ShellContext, analyze_shell
from bailiwick.analysis.shell.parser import MAX_BYTES, Parser, parse
from bailiwick.analysis.shell.syntax import UnsupportedSyntaxError
from bailiwick.analysis.shell.words import MAX_DEPTH

DIALECTS = ("bash", "zsh", "sh")
CRASHES: list[str] = yaml.safe_load((Path(__file__).parent / "crashes.yaml").read_text(encoding="utf-8"))


# -- total


def read(text: str, dialect: str) -> UnsupportedSyntaxError | None:
    try:
        parse(text, dialect)
    except UnsupportedSyntaxError as error:
        return error
    return None


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(st.characters(codec=None), max_size=60),  # surrogates and NUL included
        st.text(st.sampled_from("'\"\\$`(){}[]<>|&;#!=*?~%:,.-+ \t\nab1Eé\0\ud800"), max_size=40),
    ),
    st.sampled_from(DIALECTS),
)
def test_any_string_is_read_or_refused_with_its_place(text: str, dialect: str) -> None:
    error = read(text, dialect)
    assert error is None or (error.reason and 0 <= error.position <= error.end <= len(text))


@pytest.mark.parametrize("dialect", [*DIALECTS, EITHER])
def test_what_broke_a_reader_once(dialect: str) -> None:
    context = ShellContext(cwd="/w", home="/home/u", project="/w", dialect=dialect)
    for text in CRASHES:
        facts = analyze_shell(text, context)
        assert DEFECT not in {part.reason for part in facts.opaque}, text
        for item in (*facts.accesses, *facts.opaque):
            assert item.cause is None or 0 <= item.cause.start <= item.cause.end <= len(text), text


# -- bounded


@pytest.mark.parametrize("character", ["a", "é", "😀"])
def test_size_is_counted_in_bytes(character: str) -> None:
    fits = "echo " + character * ((MAX_BYTES - 5) // len(character.encode()))
    parse(fits)
    error = read(fits + character, "bash")
    assert error is not None
    assert (error.position, error.end) == (0, len(fits) + 1)


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [
        ("$(", ")", 2),
        ("( ", ")", 1),
        ("{ ", ";}", 1),
        ("if a; then ", "; fi", 1),
        ('"$(', ')"', 2),
        ("! ( ", ")", 1),
    ],
)
def test_depth_is_bounded(opening: str, closing: str, levels: int) -> None:
    deep = MAX_DEPTH // levels - 1
    parse(opening * deep + "a" + closing * deep)
    error = read(opening * (deep + 2) + "a" + closing * (deep + 2), "bash")
    assert error is not None
    assert error.reason == "nested too deeply"


# -- linear


class Counted(str):
    """Text that counts the characters copied out of it and searched."""

    __slots__ = ("spent",)
    spent: list[int]

    @classmethod
    def of(cls, text: str, spent: list[int]) -> Self:
        made = cls(text)
        made.spent = spent
        return made

    def __getitem__(self, key: Any) -> "Counted":
        part = str.__getitem__(self, key)
        self.spent[0] += len(part)
        return Counted.of(part, self.spent)

    def find(self, *args: Any) -> int:
        place = str.find(self, *args)
        self.spent[0] += (place if place >= 0 else len(self)) - (args[1] if len(args) > 1 else 0)
        return place


def steps(text: str, dialect: str = "bash") -> int:
    """Lines of the parser run for a text, and characters copied or searched."""
    spent = [0]
    lines = 0

    def line(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal lines
        lines += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        Parser(Counted.of(text, spent), dialect).script()
    except UnsupportedSyntaxError:
        pass
    finally:
        sys.settrace(before)
    return lines + spent[0]


SHAPES = [
    ("", "a ", ""), ("", "a;", ""), ("", "a\n", ""), ("", "'a' ", ""), ("", '"$a"', ""), ("", "$a", ""), ("", "`a`", ""),
    ("", "$(a)", ""), ("", "a|", "b"), ("", "a&&", "b"), ("", "{a,b}", ""), ("a ", "=*", ""), ("a ", "=", ""), ("a ", "é", ""),
    ("", "<<E\nx\nE\n", ""), ("", "a <<E\nx\nE\n", ""), ("a <<E\n", "x\\\n", "\nE\n"), ("a <<E\n", "$x`b`\n", "E\n"),
    ("a ", "\\\n ", "b"), ("a ", "${a:-b}", ""), ("a ", "$((1+1))", ""), ("a=(", "b ", ")"), ("", "a[1]=b ", ""), ("", "(a);", ""),
    ("", "if a;then b;fi;", ""), ("", "for i in a;do b;done;", ""), ("", "case a in a) b;;esac;", ""), ("case a in ", "a) b;;", "esac"),
    ("case a in ", "a|", "a) b;;esac"), ("for i in ", "a ", ";do b;done"), ("", "[[ a == b ]];", ""), ("[[ ", "a && ", "b ]]"),
    ("[[ a =~ ", "(b)", " ]]"), ("", "#c\n", ""), ("a ", "\\ ", ""), ("a ", "<(b) ", ""), ("a ", ">f ", ""), ("", "f(){ a;};", ""),
    ("a $'", "\\x41", "'"), ('a "', "\\\\", '"'), ("a `", "\\\\", "`"), ("", "a[", ""), ("", "${", ""), ("", "$((", ""), ("", "((", ""),
    ("", "<<E ", ""), ("a ${b#", "c", "}"), ("a ${b:-", "$c", "}"), ("((", "1+", "1))"), ("", "x=1 ", ""), ("", "!", ""), ("", "! ", "a"),
    ("", "time ", "a"), ("", "$", ""), ("", "`", ""), ("", "'", ""), ("", '"', ""), ("", "\\", ""), ("", ")", ""), ("a", "{", ""), ("a ", "1", ">b"),
    ("a $(", "b;", ")"), ("a $(b <<E\n", "c\n", "E\n)"), ("a <<E\n$(b <<F\n", "c\n", "F\n)\nE\n"), ('a "$(', "b ", ')"'), ("a[", "1+", "1]=2"),
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["bash", "zsh"])
@pytest.mark.parametrize(("before", "unit", "after"), SHAPES, ids=[unit for _, unit, _ in SHAPES])
def test_steps_grow_with_the_text(before: str, unit: str, after: str, dialect: str) -> None:
    count = 500 // len(unit)
    small, large = (steps(before + unit * n + after, dialect) for n in (count, 4 * count))
    assert large <= 4.2 * small + 200
    assert large < 400 * len(unit) * 4 * count
