"""The parser against other readers of the same language: bash's own syntax check and shfmt.

A command that the parser accepts must be valid bash, and both must see the same commands with the same number of
words (``shfmt --to-json``).
"""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import shell_corpus
import yaml

from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.syntax import UnsupportedSyntaxError

HERE = Path(__file__).parent
ROWS: list[str] = yaml.safe_load((HERE / "benign.yaml").read_text(encoding="utf-8"))
ROWS += [row["cmd"] for row in yaml.safe_load((HERE / "bypasses.yaml").read_text(encoding="utf-8"))]
ROWS += shell_corpus.generate(seed=1, count=250)


def accepted(text: str) -> bool:
    try:
        parse(text)
    except UnsupportedSyntaxError:
        return False
    return True


def skeleton_of_shfmt(text: str) -> Counter[int]:
    done = subprocess.run(
        ["shfmt", "-ln", "bash", "--to-json"], input=text.encode(), capture_output=True, check=True
    )
    counts: Counter[int] = Counter()
    todo: list[Any] = [json.loads(done.stdout)]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if node.get("Type") == "CallExpr" and node.get("Args"):
                counts[len(node["Args"])] += 1
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    return counts


@pytest.fixture(scope="module")
def valid() -> set[str]:
    """What bash itself accepts."""
    checks = {
        text: subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False) for text in ROWS
    }
    return {text for text, check in checks.items() if check.returncode == 0}


@pytest.fixture(scope="module")
def understood() -> list[str]:
    return [text for text in ROWS if accepted(text)]


def test_most_valid_commands_are_accepted(valid: set[str], understood: list[str]) -> None:
    assert len(understood) > 0.93 * len(valid)


def test_what_is_accepted_is_valid_bash(valid: set[str], understood: list[str]) -> None:
    assert set(understood) <= valid


def test_shfmt_sees_the_same_commands(understood: list[str]) -> None:
    different = [
        text
        for text in understood
        if "declare" not in text and shell_corpus.skeleton(parse(text)) != skeleton_of_shfmt(text)
    ]
    assert different == []
