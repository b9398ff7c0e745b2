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


def filled(template: str, source: random.Random) -> str:
    """The template with names put in."""
    text = template.replace("\\nhello\\nE", "\nhello\nE")
    while "{f}" in text:
        text = text.replace("{f}", _quoted(source, source.choice(FILES)).replace("{", "{{"), 1)
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
