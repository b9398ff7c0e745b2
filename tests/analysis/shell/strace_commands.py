"""Generated command lines over harmless tools, for the strace oracle.

``strace_commands.txt`` has one template a line: ``{f}`` is a file that may exist, ``{d}`` a directory, ``{{`` a brace,
``\\n`` in a here-document a line end.
"""

import random
import shutil
from functools import cache
from pathlib import Path

from strace_oracle import FILES

_PLACES = ["sub", "out", ".", "./out"]
_PREFIXES = [
    "",
    "",
    "",
    "cd sub && ",
    "cd out; ",
    "cd sub; cd ..; ",
    "cd nowhere; ",
    "set -e; ",
    "umask 022; ",
]
_WRAPPERS = [
    "{}",
    "{}",
    "{}",
    "{}",
    "( {}; )",
    "{{ {}; }}",
    "if true; then {}; fi",
    "! {}",
    "{} 2> /dev/null",
    "for i in 1; do {}; done",
]
_OPTIONAL = frozenset(
    [
        "sqlite3",
        "zip",
        "zstd",
        "jq",
        "tree",
        "xxd",
        "bc",
        "lsblk",
        "ss",
        "ip",
        "git",
        "curl",
        "wget",
        "openssl",
        "gcc",
        "readelf",
        "nm",
        "size",
        "objdump",
        "ar",
        "strip",
    ]
)


@cache
def templates() -> tuple[str, ...]:
    """The templates whose program is installed here or belongs to every system."""
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return tuple(t for t in lines if (name := t.split()[0]) not in _OPTIONAL or shutil.which(name))


_AWK = (
    "print", "print $1", 'print > "out/w1"', 'print $1, $2 >> "out/w2"', 'printf "%s\\n", $0 > "out/w3"', "print (1 > 2)",
    'print $1 > ("out/" "w4")', 'while ((getline l < "b.txt") > 0) n++', "getline", "getline l", '"cat names" | getline l',
    'system("touch out/w5")', 'print | "sort > out/w6"', "x = $1 / 2 / NR", "if (/a/) y = 1 / 2", "if ($1 ~ /[a-c]|>/) n = 1",
    's = "a > b | getline"', "# print > z\n", "n = 4 / NR; m = n / 2", 'if (NR > 1) print $1 > "out/w7"', 'close("out/w1")',
    'split("a/b", p, /\\//)', "for (i = 1; i > 3; i++) print i", "print length($1) / 2", 'print $1,\n"b" > "out/w8"', "exit",
    "do { k++ } while (k < 2)", "a[$1]++", 'print "x" > "/dev/stderr"', "if (n) /b/; else print", 'print a["x" > "y"]',
)  # fmt: skip
_SED = (
    "p", "d", "s/a/b/", "s/a/b/gw out/s1", "1r b.txt", "w out/s2", "/b/{p;d}", "$!N", "y/ab/ba/", "1~2p", "s|b|/|g", "2q", "a text",
    "i\\\ntext", "/a/,/b/s/./x/2", "R names", "1W out/s3", "s/[/]/x/", "s/\\//x/", "/[w]/d", ":l;n;bl", "=", "l", "x;G;h", "s/a/r b/;p", "z",
    "1!{2p}", "s/x/w/;w out/s4", "b;w out/s5", "c r names",
)  # fmt: skip
"""Pieces of programs: those that reach files, and those that only look as if they did."""


def _program(pieces: tuple[str, ...], joiner: str, source: random.Random) -> str:
    return joiner.join(source.choice(pieces) for _ in range(source.choice([1, 2, 3])))


def filled(template: str, source: random.Random) -> str:
    """The template with names put in."""
    text = template.replace("\\nhello\\nE", "\nhello\nE")
    while "{f}" in text:
        text = text.replace("{f}", _quoted(source, source.choice(FILES)).replace("{", "{{"), 1)
    text = text.replace("{awk}", _program(_AWK, "; ", source)).replace("{sed}", _program(_SED, "\n", source))
    return text.replace("{d}", source.choice(_PLACES)).replace("{{", "{").replace("}}", "}")


def command(source: random.Random) -> str:
    """One generated command line."""
    parts = [
        _wrapped(filled(source.choice(templates()), source), source)
        for _ in range(source.choice([1, 1, 1, 2, 3]))
    ]
    joiners = ["\n"] if any("\n" in part for part in parts) else [" && ", "; ", " || ", " & wait; "]
    return source.choice(_PREFIXES) + source.choice(joiners).join(parts)


def _wrapped(part: str, source: random.Random) -> str:
    return (
        part
        if "\n" in part or part.startswith("!")
        else source.choice(_WRAPPERS).replace("{{", "{").replace("}}", "}").replace("{}", part, 1)
    )


def _quoted(source: random.Random, path: str) -> str:
    forms = [f"'{path}'", f'"{path}"', path.replace(" ", "\\ ")]
    return source.choice(forms if " " in path else [*forms, path, f"./{path}", f"$'{path}'", f"/w/{path}"])
