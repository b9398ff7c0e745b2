"""Natural commands, a generator of valid, varied shell scripts, and the skeleton of a parsed one."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import argv_oracle
import yaml

from bailiwick.analysis.shell.syntax import extent

HERE = Path(__file__).parent

DECLARATIONS = frozenset(("export", "declare", "local", "readonly", "typeset", "let"))


def generate(seed: int, count: int) -> list[str]:
    """Scripts from a small grammar; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    return [_list(source, 3) for _ in range(count)]


def _list(r: random.Random, depth: int) -> str:
    return r.choice(["; ", " && ", " || ", "\n", " | "]).join(
        _command(r, depth) for _ in range(r.randint(1, 3))
    )


def _command(r: random.Random, depth: int) -> str:
    if depth == 0 or r.random() < 0.45:
        return _simple(r, depth)
    inner = [_list(r, depth - 1) for _ in range(3)]
    return r.choice([
        "( {0} )", "{{ {0}; }}", "if {0}; then {1}; fi", "if {0}; then {1}; else {2}; fi", "while {0}; do {1}; done",
        "until {0}\ndo {1}\ndone", "for i in a 'b c' $x *.py; do {0}; done", "for i; do {0}; done",
        "case $x in a|b) {0};; (*) {1} ;; esac", "f() {{ {0}; }}", "function g {{ {0}\n}}", "! {0}", "time {0}",
        "[[ -f x && $y == a* ]] && {0}", "if ((x > 1)); then {0}; fi", "{{ {0}; }} > out 2>&1", "( {0} ) < in &\n{1}",
        "for ((i=0; i<3; i++)); do {0}; done", "[[ a =~ ^(b|c)+$ ]] || {0}", "coproc {{ {0}; }}",
    ]).format(*inner)  # fmt: skip


def _simple(r: random.Random, depth: int) -> str:
    words = [r.choice(["cat", "ls", "cmd", "x=1 cmd", "git", "'my cmd'", "./run", "echo"])]
    words += [_word(r, depth) for _ in range(r.randint(0, 3))]
    if r.random() < 0.3:
        words.append(
            r.choice(
                ["> out", ">> 'a b'", "2>&1", "< in", "&> all", "2> /dev/null", ">| f", "<<< text", "3<> f"]
            )
        )
    return " ".join(words)


def _word(r: random.Random, depth: int) -> str:
    if depth and r.random() < 0.2:
        inner = _list(r, depth - 1)
        if (
            "`" not in inner
            and "\n" not in inner
            and r.random() < 0.2
            and not any(c in inner for c in "\\$\"'")
        ):
            return f"`{inner}`"
        return r.choice(["$({0})", '"$( {0} )"', "<( {0} )", "${{v:-$( {0} )}}"]).format(inner)
    return r.choice([
        "a", "-n", "--opt=val", "'single $x'", '"double $x"', "$x", "${y}", '"${z[@]}"', "${#x}", "a{b,c}d", "{1..3}",
        "*.txt", "~/f", "a\\ b", "$'tab\\t'", '"a\\"b"', "$((1 + 2))", "${x%.*}", "${x:-def}", "[a-z]*", "a=b", "#no", "x#y",
        "!", "a]b", "%", "@", "${x//a/b}", "$?", "$#", '""', "''", "ab'c'\"d\"", "\\$x", "=", "+", "2", "{}", "--",
    ])  # fmt: skip


def natural() -> list[str]:
    """Every command of the corpora that people or agents would write, tricks included."""
    found: list[str] = []
    for file in (HERE / "benign.yaml", HERE / "bypasses.yaml", *(HERE.parents[1] / "corpora").glob("*.yaml")):
        found += _commands(yaml.safe_load(file.read_text(encoding="utf-8")))
    return list(dict.fromkeys(found))


def _commands(node: Any) -> list[str]:
    """The commands of a corpus: a list of them, rows with ``cmd``, or groups with ``commands`` or ``same``."""
    match node:
        case str():
            return [node]
        case list():
            return [text for item in node for text in _commands(item)]
        case {"cmd": command}:
            return _commands(command)
        case {"commands": commands} | {"same": commands}:
            return _commands(commands)
        case _:
            return []


def skeleton(tree: Any, text: str) -> Counter[tuple[str, int]]:
    """The first word, as written, and the number of words of every simple command."""
    counts: Counter[tuple[str, int]] = Counter()
    for node in argv_oracle.simple_commands(tree):
        if node.words:
            first = text[slice(*extent(node.words[0]))]
            if first not in DECLARATIONS:
                counts[first, len(node.words)] += 1
    return counts
