"""Every published class of ways around an agent's shell rules is noticed, and stopped where policy speaks of it."""

from typing import Any

import pytest
import yaml
from covering import is_opaque, shows
from judging import HERE, judge

from bailiwick.analysis.shell import ShellContext, analyze_shell

ADVISORIES: list[dict[str, Any]] = yaml.safe_load((HERE / "advisories.yaml").read_text(encoding="utf-8"))
PUBLISHED = frozenset(
    """
    CVE-2025-54377 CVE-2025-54558 CVE-2025-54794 CVE-2025-54795 CVE-2025-54131 CVE-2025-55284 CVE-2025-55345
    CVE-2025-57771 CVE-2025-58370 CVE-2025-58374 CVE-2025-58764 CVE-2025-59532 CVE-2025-61260 CVE-2025-64755
    CVE-2025-65946 CVE-2025-66032 CVE-2026-12537 CVE-2026-19591 CVE-2026-22708 CVE-2026-24053 CVE-2026-24887
    CVE-2026-25722 CVE-2026-25723 CVE-2026-25724 CVE-2026-25725 CVE-2026-26268 CVE-2026-28363 CVE-2026-31854
    CVE-2026-32010 CVE-2026-39861 CVE-2026-44462 CVE-2026-44463 CVE-2026-44466 CVE-2026-45482 CVE-2026-48721
    CVE-2026-72718 GHSA-7mv8-j34q-vp7q GHSA-g8r9-g2v8-jv6f GHSA-q728-gf8j-w49r GHSA-qgqw-h4xq-7w8w
    GHSA-qp2m-x9hp-cj5p GHSA-x56v-x2h6-7j34 GHSA-xq4m-mc3c-vvg3
    """.split()  # noqa: SIM905 - a list of forty-three reads better so
)
"""Those with an identifier; the others are known by where they were told of."""

_STRENGTH = {"allow": 0, "abstain": 0, "ask": 1, "deny": 2}


def _rows() -> list[Any]:
    return [
        pytest.param(row, id=f"{advisory['ids'][0]}: {_text(row)[:60]}")
        for advisory in ADVISORIES
        for row in advisory["rows"]
    ]


def _text(row: dict[str, Any]) -> str:
    """The command; ``times`` repeats it before ``then``."""
    repeated = [row["cmd"]] * row.get("times", 1)
    command: str = row.get("joined", "").join([*repeated, row["then"]] if "then" in row else repeated)
    return command


@pytest.mark.parametrize("row", _rows())
def test_advisory(row: dict[str, Any]) -> None:
    """``opaque-or X``: X is seen, or the part is known not to be understood."""
    assert set(row) <= {"cmd", "times", "then", "joined", "shell", "cwd", "notice", "gets"}
    cwd = row.get("cwd", "/w")
    context = ShellContext(cwd=cwd, home="/home/u", project="/w", dialect=row.get("shell", "bash"))
    facts = analyze_shell(_text(row), context)
    for wanted in row["notice"]:
        access = wanted.removeprefix("opaque-or ")
        access = access.replace(" ", f" {cwd}/", 1) if "cwd" in row else access
        excused = access != wanted or wanted == "opaque"
        assert (excused and is_opaque(facts)) or shows(facts, access), (wanted, facts)
    if "gets" in row:
        judged = judge(_text(row))
        assert _STRENGTH[judged.label] >= _STRENGTH[row["gets"]], (judged.label, judged.decision.reasons[:3])


def test_every_published_advisory_has_rows() -> None:
    named = {one for advisory in ADVISORIES for one in advisory["ids"]}
    assert named >= PUBLISHED
    assert all(advisory["rows"] for advisory in ADVISORIES)
