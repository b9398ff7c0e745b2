"""What must hold of every command that is known: what isn't listed is never passed over."""

import datetime as dt
import random
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.analysis.commands.specification import HARMLESS, Specification, find, names
from bailiwick.analysis.shell import DEFECT, ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
NAMES = sorted(names())
ONLY_WORDS = {"echo", "kill", "killall", "pkill", "skill", "snice"}
"""Their words are printed or name signals and processes; an option can do no more."""
CLOUD = {"aws", "az", "gcloud"}
"""Any service that they don't know is still a connection to its own hosts."""


def understood(text: str) -> bool:
    facts = analyze_shell(text, CONTEXT)
    return not facts.opaque and not any(_anything(access.target) for access in facts.accesses)


def _anything(target: object) -> bool:
    return isinstance(target, ProgramTarget) and (target.unknown or target.project_code)


def test_the_catalogue_is_large() -> None:
    assert len(NAMES) > 1200


@pytest.mark.parametrize("option", ["--no-such-option", "-@"])
def test_an_unknown_option_is_opaque(option: str) -> None:
    passed = [name for name in NAMES if name not in ONLY_WORDS and understood(f"{name} {option} x")]
    assert passed == []


def test_an_unknown_sub_command_is_opaque() -> None:
    trees = [name for name in NAMES if (found := find(name)) is not None and found.subcommands]
    assert len(trees) > 20
    assert [name for name in trees if name not in CLOUD and understood(f"{name} no-such-word")] == []


@pytest.mark.parametrize("form", ["{} $x", "{} a $x"])
def test_words_that_are_not_known_are_opaque_where_a_word_can_reach_anything(form: str) -> None:
    reaching = [name for name in NAMES if _reaches(name)]
    assert [name for name in reaching if understood(form.format(name))] == []


def _reaches(name: str) -> bool:
    found = find(name)
    assert found is not None
    return bool(found.reaches or set(found.operands) - HARMLESS) and name != "redis-cli"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("cat $x", {AccessKind.READ}),
        ("find . | xargs grep foo", {AccessKind.READ}),
        ("find . | xargs file", {AccessKind.READ, AccessKind.WRITE}),
        ("chmod 600 $x", {AccessKind.WRITE}),
        ("gzip $x", {AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE}),
        ('find "$d" -type f', {AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE}),
        ("sed s/a/b/ $x", {AccessKind.EXECUTE, AccessKind.READ}),
        ("find $d -type f", {AccessKind.EXECUTE, AccessKind.READ}),
        ("timeout $x", {None}),
        ("sort $x", {AccessKind.EXECUTE, AccessKind.READ}),
        ("unzip a $x", {AccessKind.WRITE}),
    ],
)
def test_an_unknown_word_says_what_it_may_do_at_worst(text: str, kinds: set[AccessKind | None]) -> None:
    facts: Facts = analyze_shell(text, CONTEXT)
    assert {part.kind for part in facts.opaque} == kinds


DEBIAN = [
    line.partition(": ")[2].split()
    for line in Path(__file__).with_name("debian.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_every_program_of_debian_s_essential_and_standard_sets_is_known() -> None:
    programs = {program for package in DEBIAN for program in package}
    assert len(programs) > 600
    unknown = [
        name
        for name in sorted(programs)
        if any(
            isinstance(access.target, ProgramTarget) and access.target.unknown and access.target.name == name
            for access in analyze_shell(f"command {name} x", CONTEXT).accesses
        )
    ]
    assert unknown == []


WORDS = (
    "a", "-", "", "a,b", "@x", "/", "a:b", "x=y", "http://h/x", "-x", "--", "/etc/x", "a/b", "1", "h:/x", "'", "{}", ";", "~",
    "a b", "+x", "%s", ":", ",", "=", "!id", "|id", "a@b:c", "s/a/b/", "print(1)", ".", "..", "\\!x", "[", "(", "}", "a=", "=b",
    "-1", "--x=", "é",
)  # fmt: skip


def _nodes(node: Specification, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Specification]]:
    yield words, node
    for name, child in node.subcommands.items():
        yield from _nodes(child, (*words, name))


def _words(source: random.Random, path: tuple[str, ...], node: Specification) -> str:
    given = list(path)
    for _ in range(source.randint(0, 3)):
        option, value = source.choice([*node.options, "-"]), source.choice(WORDS)
        given.append(source.choice((option, f"{option}={value}", option + value)))
        if source.random() < 0.5:
            given.append(value)
    given += source.choices(WORDS, k=source.randint(0, 3))
    return " ".join(map(shlex.quote, given)) + source.choice(
        ("", "", " $x", " *.c", " < x", " <<< a", " | cat")
    )


@pytest.mark.parametrize(
    ("seed", "count"),
    [
        (1, 2_500),
        pytest.param(dt.datetime.now(tz=dt.UTC).date().toordinal(), 60_000, marks=pytest.mark.nightly),
    ],
)
def test_no_arguments_make_the_reader_fail(seed: int, count: int) -> None:
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    every = [pair for name in NAMES if (found := find(name)) is not None for pair in _nodes(found, (name,))]
    texts = [_words(source, *source.choice(every)) for _ in range(count)]
    failed = [text for text in texts if any(p.reason == DEFECT for p in analyze_shell(text, CONTEXT).opaque)]
    assert failed == [], f"seed {seed}"
