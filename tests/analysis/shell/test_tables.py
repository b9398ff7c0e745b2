"""Tables: tricks that must be noticed, everyday commands that must be understood, and what each construct gives."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing

HERE = Path(__file__).parent
CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
BYPASSES: list[dict[str, Any]] = yaml.safe_load((HERE / "bypasses.yaml").read_text(encoding="utf-8"))
CONSTRUCTS: list[dict[str, Any]] = yaml.safe_load((HERE / "constructs.yaml").read_text(encoding="utf-8"))
BENIGN: list[str] = yaml.safe_load((HERE / "benign.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", BYPASSES, ids=lambda row: f"{row['class']}: {row['cmd'][:40]}")
def test_trick_is_noticed(row: dict[str, Any]) -> None:
    found = listing(analyze_shell(row["cmd"], CONTEXT), "/w")
    assert set(row["notice"]) <= set(found), found


@pytest.mark.parametrize("command", BENIGN)
def test_everyday_command_is_understood(command: str) -> None:
    facts = analyze_shell(command, CONTEXT)
    assert facts.opaque == ()
    assert "(unknown)" not in " ".join(listing(facts, "/w"))


@pytest.mark.parametrize("row", CONSTRUCTS, ids=lambda row: row["cmd"][:60])
def test_construct_gives_exactly(row: dict[str, Any]) -> None:
    assert listing(analyze_shell(row["cmd"], CONTEXT), "/w") == row["gives"]


ALIASES = {"ll": "ls -l", "g": "git", "rm": "rm -i", "x": "y", "y": "rm z", "odd": "a; b", "please": "sudo "}


@pytest.mark.parametrize(
    ("command", "gives"),
    [
        ("ll d", ["read d", "run ls d"]),
        ("g push", ["connect *", "run git push (project code)"]),
        ("rm a", ["delete a", "run rm a"]),
        ("x", ["delete z", "run rm z"]),
        ("'ll' d", ["opaque", "run ll d (unknown)"]),
        ("\\rm a", ["delete a", "run rm a"]),
        ("odd", ["opaque"]),
        ("please ll", ["opaque"]),
        ("please rmdir a", ["delete a", "run rmdir a as root", "run sudo rmdir a"]),
        ("bash -c 'll d'", ["opaque", "run bash ll d", "run ll d (unknown)"]),
        ("unalias ll; ll d", ["opaque"]),
        ("deploy a", ["opaque"]),
        ("command deploy a", ["opaque", "run deploy a (unknown)"]),
    ],
)
def test_what_the_session_calls_otherwise(command: str, gives: list[str]) -> None:
    context = ShellContext(
        cwd="/w", home="/home/u", project="/w", aliases=ALIASES, functions=frozenset(("deploy",))
    )
    assert set(gives) <= set(listing(analyze_shell(command, context), "/w"))


@pytest.mark.parametrize(
    ("command", "gives"),
    [
        ("rm ~u/a", ["delete /home/u/a", "run rm /home/u/a"]),
        ("HOME=/x; rm ~u/a", ["delete /home/u/a"]),
        ("cd ~u && rm a", ["delete /home/u/a"]),
        ('rm ~u"/a"', ["opaque"]),
        ("rm ~other/a", ["opaque"]),
    ],
)
def test_the_session_s_own_account_is_known_by_name(command: str, gives: list[str]) -> None:
    context = replace(CONTEXT, user="u")
    assert set(gives) <= set(listing(analyze_shell(command, context), "/w"))
    assert "opaque" in listing(analyze_shell(command, replace(context, dialect="zsh")), "/w")
