"""Two tables: tricks that must be noticed, and everyday commands that must be understood."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing

HERE = Path(__file__).parent
CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
BYPASSES: list[dict[str, Any]] = yaml.safe_load((HERE / "bypasses.yaml").read_text(encoding="utf-8"))
BENIGN: list[str] = yaml.safe_load((HERE / "benign.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", BYPASSES, ids=lambda row: f"{row['class']}: {row['cmd'][:40]}")
def test_trick_is_noticed(row: dict[str, Any]) -> None:
    found = listing(analyze_shell(row["cmd"], CONTEXT), "/w")
    assert set(row["notice"]) <= set(found), found


@pytest.mark.parametrize("command", BENIGN)
def test_everyday_command_is_understood(command: str) -> None:
    facts = analyze_shell(command, CONTEXT)
    assert facts.opaque == ()
    assert "(unknown)" not in " ".join(listing(facts, "/w"))
