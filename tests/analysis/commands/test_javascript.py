"""Inline JavaScript: what it gives, and that it is total."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import DEFECT, ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.model.access import Facts

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
ROWS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("javascript.yaml").read_text(encoding="utf-8")
)


def read(code: str, option: str = "-e") -> Facts:
    return analyze_shell(shlex.join(["node", option, code]), CONTEXT)


def reached(facts: Facts) -> set[str]:
    return {line for line in listing(facts, "/w") if not line.startswith("run ")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"][:60])
@pytest.mark.parametrize("option", ["-e", "-p", "--eval"])
def test_what_it_gives(row: dict[str, Any], option: str) -> None:
    found = reached(read(row["code"], option))
    if row.get("opaque"):
        assert {*row["gives"], "opaque"} <= found
    else:
        assert found == set(row["gives"])


PIECES = [
    "const x = ", "let y = ", "x", "y", "require('fs')", ".readFileSync", "('a')", "(", ")", "[", "]", "{", "}", "\n", ";", ", ",
    "x => ", "function f(a) ", "return ", "f", ".map", ".then", "`${x}`", "`", "/a/g", "/", "'s'", "1", " + ", " = ", "...",
    "if (x) ", "for (const z of y) ", "await ", "new Set", "process.env", ".constructor", "// c\n", "/* c */", "?.", " ? 1 : 2",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("(" * 4000)
@example("[" * 70 + "]" * 70)
@example("x" + ".map(x => x)" * 300)
@example("`${" * 50)
def test_reading_is_total(code: str) -> None:
    assert DEFECT not in {part.reason for part in read(code).opaque}
