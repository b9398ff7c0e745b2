"""The tokenizer of awk programs: what it reads, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.commands.plugins.awk import UnreadableError, tokens
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")


@pytest.mark.parametrize(
    ("program", "texts"),
    [
        ("{print $1}", ["{", "print", "$", "1", "}"]),
        ("/a\\/b/ {n++}", ["/a\\/b/", "{", "n", "++", "}"]),
        ("{x = a / b / c}", ["{", "x", "=", "a", "/", "b", "/", "c", "}"]),
        ("$1 ~ /[]/]/", None),
        ("/[^]]x/", ["/[^]]x/"]),
        (
            'if (x) /"/ ; system("y") ; "/"',
            ["if", "(", "x", ")", '/"/', ";", "system", "(", '"y"', ")", ";", '"/"'],
        ),
        ('f(x) /"/ ; system("y") ; "/"', ["f", "(", "x", ")", "/", '"/ ; system("', "y", '") ; "', "/", '"']),
        ("x++ /a/", None),
        ("length /a/", None),
        ('"open', None),
        ("{a[1)}", ["{", "a", "[", "1", ")", "}"]),
        ("(", None),
        ("@include", None),
    ],
)
def test_tokens(program: str, texts: list[str] | None) -> None:
    try:
        found = [token.text for token in tokens(program)]
    except UnreadableError:
        found = None
    assert found == texts or (texts is not None and texts[-1] == '"' and found is None)


@pytest.mark.parametrize(
    ("program", "gives"),
    [
        ('{print > "o"}', {"write o"}),
        ('{print $1,\n $2 > "o"}', {"write o"}),
        ("{print (1 > 2)}", set()),
        ('{print(1,2) > "o"}', {"write o"}),
        ("$1 > 3", set()),
        ('{printf "%s", $1 >> "o"}', {"write o"}),
        ("{print > $1}", {"opaque"}),
        ('{print > "/inet/tcp/0/h/1"}', {"opaque", "connect *"}),
        ('BEGIN {while ((getline l < "\\057etc\\057shadow") > 0) print l}', {"opaque"}),
        ('BEGIN {system("\\162m o")}', {"opaque"}),
        ('{print > "a\\"b"}', {'write a"b'}),
        ('{print | "tee o"}', {"run tee o", "write o"}),
        ("{print | c}", {"opaque"}),
        ('{print |& "sh"}', {"opaque"}),
        ('BEGIN {"rm o" | getline}', {"run rm o", "delete o"}),
        ('BEGIN {"rm " "o" | getline}', {"opaque"}),
        ('BEGIN {while ((getline l < "i") > 0) n++}', {"read i"}),
        ("BEGIN {getline a[1] < f}", {"opaque"}),
        ("BEGIN {getline; print}", set()),
        ('BEGIN {system("")}', set()),
        ('BEGIN {system("rm o" x)}', {"opaque"}),
        ('BEGIN {ARGV[1] = "i"}', {"opaque"}),
        ('# system("rm o")\n{print}', set()),
        ('{s = "| getline > system("}', set()),
        ("/| getline > system(/", set()),
        ("{a || b}", set()),
    ],
)
def test_accesses(program: str, gives: set[str]) -> None:
    lines = listing(analyze_shell(f"awk '{program}'", CONTEXT), "/w")
    assert {line for line in lines if not line.startswith("run awk")} == gives


_PIECES = st.sampled_from(
    [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "/",
        '"',
        "a",
        "1",
        ";",
        "\n",
        " ",
        ">",
        "|",
        "print",
        "getline",
        "system",
        "$",
        "\\",
        "#",
        "if",
        ",",
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_reading_is_total_and_loses_nothing(program: str) -> None:
    try:
        found = tokens(program)
    except UnreadableError:
        return
    rest = program
    for token in found:
        before, text, rest = rest.partition(token.text)
        assert text == token.text
        assert not before.strip(" \t\r\\\n") or "#" in before
