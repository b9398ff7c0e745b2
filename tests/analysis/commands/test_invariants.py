"""What must hold of every command that is known: what isn't listed is never passed over."""

import pytest

from bailiwick.analysis.commands.specification import HARMLESS, find, names
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
NAMES = sorted(names())
ONLY_WORDS = {"echo", "kill", "killall", "pkill", "skill", "snice"}
"""Their words are printed or name signals and processes; an option can do no more."""
CLOUD = {"aws", "gcloud"}
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
