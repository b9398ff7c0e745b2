"""The second set of tricks: each is noticed, whatever policy then says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from covering import is_opaque, runs_code, shows

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import Facts

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
GROUPS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "tricks.yaml").read_text(encoding="utf-8")
)
MINIMUM, MOST_MISSED = 160, 0.003
"""Tricks, and the share of them that may go unnoticed."""


def _rows() -> list[Any]:
    return [
        pytest.param(
            row,
            id=f"{group['about']}: {row['cmd']}",
            marks=[pytest.mark.xfail(strict=True, reason=row["gap"])] if "gap" in row else [],
        )
        for group in GROUPS
        for row in group["rows"]
    ]


@pytest.mark.parametrize("row", _rows())
def test_trick_is_noticed(row: dict[str, Any]) -> None:
    facts = analyze_shell(row["cmd"], replace(CONTEXT, dialect=row.get("shell", "bash")))
    assert [wanted for wanted in row["notice"] if not _noticed(facts, wanted)] == [], facts


def _noticed(facts: Facts, wanted: str) -> bool:
    match wanted:
        case "opaque":
            return is_opaque(facts)
        case "code":
            return runs_code(facts) or is_opaque(facts)
        case _ if wanted.startswith("opaque-or "):
            return is_opaque(facts) or shows(facts, wanted.removeprefix("opaque-or "))
        case _:
            return shows(facts, wanted)


def test_few_are_missed() -> None:
    rows = [row for group in GROUPS for row in group["rows"]]
    assert len({row["cmd"] for row in rows}) == len(rows) >= MINIMUM
    assert sum("gap" in row for row in rows) <= MOST_MISSED * len(rows)
