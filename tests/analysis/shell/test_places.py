"""Who does what, and which piece of the command causes it."""

from pathlib import Path

import pytest
import yaml

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
HERE = Path(__file__).parent
BENIGN: list[str] = yaml.safe_load((HERE / "benign.yaml").read_text(encoding="utf-8"))
TRICKS = [row["cmd"] for row in yaml.safe_load((HERE / "bypasses.yaml").read_text(encoding="utf-8"))]


def facts_of(text: str) -> Facts:
    return analyze_shell(text, CONTEXT)


@pytest.mark.parametrize("text", BENIGN + TRICKS)
def test_whoever_does_it_is_a_program_named_before_and_spans_lie_in_the_text(text: str) -> None:
    facts = facts_of(text)
    for index, access in enumerate(facts.accesses):
        if access.by is not None:
            assert access.by < index
            assert facts.accesses[access.by].kind is AccessKind.EXECUTE
    for part in (*facts.accesses, *facts.opaque):
        if part.cause is not None:
            assert 0 <= part.cause.start <= part.cause.end <= len(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "sudo rm -rf x",
            ["execute sudo: sudo rm -rf x", "execute rm < sudo: rm -rf x", "delete < rm: x"],
        ),
        (
            "bash -c 'cd y && cat \"a b\" > c'",
            [
                "execute bash: bash -c 'cd y && cat \"a b\" > c'",
                "write < bash: > c",
                'execute cat < bash: cat "a b"',
                'read < cat: "a b"',
            ],
        ),
        (
            "bash <<'END'\necho $(cat k)\nEND",
            [
                "execute bash: bash",
                "execute cat < bash: cat k",
                "read < cat: k",
                "execute echo < bash: echo $(cat k)",
            ],
        ),
        # What a variable holds stands nowhere in the text: the word that uses it is the cause.
        (
            "X='cat k'; bash -c \"$X\"",
            ['execute bash: bash -c "$X"', 'execute cat < bash: "$X"', 'read < cat: "$X"'],
        ),
        ("cat a; cat a", ["execute cat: cat a", "read < cat: a"] * 2),
    ],
)
def test_each_line_names_its_program_and_its_piece(text: str, lines: list[str]) -> None:
    facts = facts_of(text)
    assert [told(facts, text, index) for index in range(len(facts.accesses))] == lines


def told(facts: Facts, text: str, index: int) -> str:
    access = facts.accesses[index]
    assert access.cause is not None
    name = f" {access.target.name}" if isinstance(access.target, ProgramTarget) else ""
    by = "" if access.by is None else f" < {facts.accesses[access.by].target.name}"  # type: ignore[union-attr]
    return f"{access.kind}{name}{by}: {text[access.cause.start : access.cause.end]}"
