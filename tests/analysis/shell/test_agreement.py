"""The parser against other readers of the same languages: the shells' own syntax checks and shfmt.

A string that the parser accepts in a dialect must be valid for the shell of that dialect, and shfmt must see the
same commands with the same first words and numbers of words (``shfmt --to-json``).
"""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import argv_oracle
import pytest
import shell_corpus
import shell_holes
import shell_joints
import shell_soup

from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.syntax import UnsupportedSyntaxError

HERE = Path(__file__).parent
SHFMT = HERE.parents[2] / ".venv/bin/shfmt"
NATURAL = shell_corpus.natural()
ROWS = [*NATURAL, *shell_corpus.generate(seed=1, count=250)]


def understood(dialect: str = "bash") -> list[str]:
    return list(argv_oracle.accepted(ROWS, dialect))


def strings(seed: int, dialect: str) -> Iterator[str]:
    """Endless strings of all generators in turn; the same for the same seed."""
    zsh = dialect == "zsh"
    made = (
        shell_soup.soup(seed, zsh=zsh),
        shell_soup.mutants(seed, zsh=zsh),
        shell_joints.joints(seed, zsh=zsh),
        shell_holes.holes(seed, zsh=zsh),
    )
    return chain.from_iterable(zip(*made, strict=False))


def valid(text: str, dialect: str) -> bool:
    """Whether the shell itself accepts the text; nothing runs."""
    shell = [argv_oracle.program(dialect), "-n", *(["-f"] if dialect == "zsh" else [])]
    checked = subprocess.run([*shell, "-c", "\n" + text], capture_output=True, check=False)
    if dialect == "zsh":  # it turns its status over for `!`, and complains of files
        return not re.search(
            rb"parse error|unmatched|condition expected|closing brace expected", checked.stderr
        )
    return checked.returncode == 0


def skeletons_of_shfmt(texts: list[str]) -> list[Counter[tuple[str, int]]]:
    """For each script the first words and numbers of words of its commands, all read in one go."""
    joined = "\n".join(texts).encode()
    starts, offset = [], 0
    for text in texts:
        starts.append(offset)
        offset += len(text.encode()) + 1
    done = subprocess.run([SHFMT, "-ln", "bash", "--to-json"], input=joined, capture_output=True, check=True)
    found: list[Counter[tuple[str, int]]] = [Counter() for _ in texts]
    todo: list[Any] = [json.loads(done.stdout)]
    calls = []
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if node.get("Type") == "CallExpr" and node.get("Args"):
                calls.append((node["Args"][0]["Pos"]["Offset"], node["Args"]))
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    number = 0
    for place, words in sorted(calls, key=lambda call: call[0]):
        while number + 1 < len(texts) and starts[number + 1] <= place:
            number += 1
        first = joined[words[0]["Pos"]["Offset"] : words[0]["End"]["Offset"]].decode()
        if first not in shell_corpus.DECLARATIONS:
            found[number][first, len(words)] += 1
    return found


def test_most_valid_natural_commands_are_accepted() -> None:
    refused = set(NATURAL) - set(argv_oracle.accepted(NATURAL, "bash"))
    assert len(refused) < 0.03 * len(NATURAL), sorted(refused)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("bash", 'coproc "$@"elif case x'),
        ("bash", "coproc a/b if x"),
        ("bash", "coproc a b["),
        ("bash", "f() coproc a"),
        ("bash", "f() g() { a; }"),
        ("bash", '""export a=(1 2)'),
        ("bash", "for i\n; do a; done"),
        ("bash", "case x in a\n) b;; esac"),
        ("bash", "function f(\n) { a; }"),
        ("bash", "x=1 >f y=(2)"),
        ("bash", "declare x >f y=(2)"),
        ("bash", "declare <(a) y=(2)"),
        ("bash", "a <((b); case c in c) d;; esac)"),
        ("bash", "a $(b=(1 'a'\\''b'))"),
        ("bash", "a $(time declare b=(1))"),
        ("bash", "coproc a ]]"),
        ("bash", "$(a <<E\nEb)\nE\n)"),
        ("bash", "coproc { a=( b then ); }"),
        ("bash", "f() {>(a) b; }; f"),
        ("bash", "coproc a \\\n{"),
        ("bash", "coproc f \\\n{ a; b }"),
        ("sh", "select i in a; do b; done"),
        ("sh", "for i#in a; do b; done"),
        ("sh", "case x in a) b;;& esac"),
        ("sh", "x[)1]=a"),
        ("sh", "for i; do <<E\nE\\\n\na; done"),
        ("sh", "a <<E\n$(b #\\\nfor\n)\nE\n"),
        ("sh", "case x in a) b;& esac"),
        ("sh", "--f(){ a; }"),
        ("sh", "export(){ a; }"),
        ("zsh", "f( ){ a; }"),
        ("zsh", "+=2 case"),
        ("zsh", "[a]=b case"),
        ("zsh", "a > <(b)"),
        ("zsh", "a >| <(b)"),
        ("zsh", "a < >(b)"),
        ("zsh", "a $$'\\'"),
        ("zsh", "case a in (a)b;; esac"),
        ("zsh", "case a in (a){ b; };; esac"),
        ("zsh", "case a in (a)esac"),
        ("zsh", "case a in a) b;;& c) d;; esac"),
        ("zsh", "case a in a\n) b;; esac"),
        ("zsh", "for i# c\n;do b; done"),
        ("zsh", "function f if a; then b; fi"),
        ("zsh", "repeat() { a; }"),
        ("zsh", "[[ - ]]"),
        ("zsh", "[[ -f ! ]]"),
        ("zsh", "a >1&>f"),
        ("zsh", "for (((;;))) do a; done"),
        ("zsh", "for ((${x-;;})) do a; done"),
        ("zsh", "(($(#(((\n))))))"),
        ("zsh", 'a <<E\n${x-\\"}\nE'),
    ],
)
def test_what_a_long_run_found_is_refused(dialect: str, text: str) -> None:
    with pytest.raises(UnsupportedSyntaxError):
        parse(text, dialect)
    if shutil.which(argv_oracle.program(dialect)):
        assert not valid(text, dialect)


@pytest.mark.parametrize("dialect", ["bash", "zsh", "sh"])
def test_what_is_accepted_is_valid(dialect: str) -> None:
    if shutil.which(argv_oracle.program(dialect)) is None:
        pytest.skip(f"NOT CHECKED AGAINST {dialect.upper()}: {argv_oracle.program(dialect)} is missing")
    texts = [
        *islice(argv_oracle.accepted(strings(5, dialect), dialect), 300),
        *(understood() if dialect == "bash" else []),
    ]
    assert [text for text in texts if not valid(text, dialect)] == []


def test_shfmt_sees_the_same_commands() -> None:
    texts = [text for text in understood() if "\\`" not in text]  # whose words stand nowhere as they are read
    different = [
        text
        for text, theirs in zip(texts, skeletons_of_shfmt(texts), strict=True)
        if shell_corpus.skeleton(parse(text), text) != theirs
    ]
    assert different == []


def test_most_of_zsh_and_sh_is_accepted_too() -> None:
    assert len(understood("zsh")) > 0.85 * len(understood())
    assert len(understood("sh")) > 0.85 * len(understood())


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("echo a; echo ${!x}", "${!x}"),
        ("ls `echo ${!x} b`", "${!x}"),
        ("ls `echo \\`a ${!x}\\``", "echo"),
        ("cat <<E\nabc ${!x} d\nE\nls", "${!x}"),
        ("cat <<-E\n\tabc ${!x}\n\tE\n", "\tabc"),
        ('ls "$(a; b "${x@P}")"', '${x@P}"'),
        ("echo $(( a['b'] )) c", "$"),
        ("if a; then b; echo 'c", "'c"),
        ("ls; for i in a; do b;", ""),
    ],
)
def test_what_isnt_understood_says_where(text: str, piece: str) -> None:
    with pytest.raises(UnsupportedSyntaxError) as raised:
        parse(text)
    assert text[raised.value.position : raised.value.end].startswith(piece)
    assert raised.value.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "ls; echo `cat a b; rm c` d",
        "cat <<E\nabc $(rm c) d\nE\nls",
        'a "$(b; "`rm c`")"',
        "echo $(( $(rm c) + 1 ))",
    ],
)
def test_commands_inside_stand_where_they_are_written(text: str) -> None:
    places = {text[node.start : node.end] for node in argv_oracle.simple_commands(parse(text))}
    assert "rm c" in places
