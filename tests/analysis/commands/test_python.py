"""Inline Python: what it gives, and that it is total."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import DEFECT, ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.model.access import Facts, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
ROWS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("python.yaml").read_text(encoding="utf-8")
)


def read(code: str, *arguments: str) -> Facts:
    return analyze_shell(shlex.join(["python3", "-c", code, *arguments]), CONTEXT)


def reached(facts: Facts) -> set[str]:
    return {line for line in listing(facts, "/w") if not line.startswith("run ")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"][:60])
def test_what_it_gives(row: dict[str, Any]) -> None:
    found = reached(read(row["code"], *row.get("arguments", ())))
    wanted = {*row["gives"], *(["opaque"] if row.get("opaque") else [])}
    if row.get("opaque"):
        assert wanted <= found
    else:
        assert found == wanted


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "arguments" not in row], ids=lambda row: row["code"][:60]
)
def test_a_here_document_is_the_same(row: dict[str, Any]) -> None:
    text = f"python3 - <<'END'\n{row['code']}\nEND"
    assert reached(analyze_shell(text, CONTEXT)) == reached(read(row["code"]))


def test_only_what_the_project_cannot_shadow_is_no_project_code() -> None:
    def project_code(command: str) -> bool:
        facts = analyze_shell(command, CONTEXT)
        return any(isinstance(a.target, ProgramTarget) and a.target.project_code for a in facts.accesses)

    assert not project_code("python3 -c 'import os, sys; print(os.getcwd())'")
    assert project_code("python3 -c 'import json'")
    assert not project_code("python3 -I -c 'import json'")
    assert project_code("python3 -c 'import os; os.popen(\"ls\")'")


PIECES = [
    "import os\n", "import os as o\n", "from pathlib import Path\n", "x = ", "y = ", "x", "y", "os.remove", "open", "('a')",
    "('b', 'w')", "[", "]", "(", ")", "{", "}", "\n", ": ", ", ", "lambda x: ", "def f(x):\n  ", "return x\n", "f", ".append",
    ".items()", "for x in ", "x.y = ", "x[0] = ", " if x else ", "class A:\n  ", "f'{x}'", "*", "**", " + ", "await ", "yield ",
    "Path", "/ 'a'", "with ", " as x:\n  ", "match x:\n  case y: ", "0", "''", "try:\n  x\nexcept:\n  ", "del ", "global x\n",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("x = [x]\n" * 5)
@example("x = x + 'a'\n")
@example("def f(x): return f([x])\nf(f)")
@example("x" + "()" * 900)
@example("(" * 90 + ")" * 90)
def test_reading_is_total(code: str) -> None:
    facts = read(code)
    assert DEFECT not in {part.reason for part in facts.opaque}
