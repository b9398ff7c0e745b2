"""docs/shell.md is true: its examples are what the program says."""

import io
import json
import re
from pathlib import Path

import pytest

from bailiwick.analysis.commands import specification
from bailiwick.analysis.shell import ShellContext, analyze_shell, external, parser, words
from bailiwick.analysis.shell.listing import listing
from bailiwick.cli import analyze

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/shell.md"
EXPLAINED = Path(__file__).parent / "explain"


def blocks(name: str) -> list[str]:
    """The fenced blocks between ``<!-- name... -->`` and ``<!-- /name -->``."""
    part = re.search(
        rf"<!-- {name}[^>]* -->\n(.*?)<!-- /{name} -->", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    assert part, name
    return re.findall(r"```\w+\n(.*?)```", part[1], re.DOTALL)


def shown(name: str, number: int, text: str, *, update: bool) -> None:
    """The page shows ``text``; ``pytest --update`` writes it there."""
    found = blocks(name)[number]
    if update:
        whole = PAGE.read_text(encoding="utf-8")
        begin = whole.index(f"<!-- {name}")
        for _ in range(number + 1):
            begin = whole.index("\n", whole.index("```", begin)) + 1
            end = whole.index("```", begin)
            begin, start = end + 3, begin
        PAGE.write_text(whole[:start] + text + whole[end:], encoding="utf-8")
        found = text
    assert found == text


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


def test_the_explanation(*, update: bool) -> None:
    shown("explain", 0, (EXPLAINED / "issue.txt").read_text(encoding="utf-8"), update=update)


def test_the_batch_contract(*, update: bool) -> None:
    (answer,) = analyze.answers(io.BytesIO(blocks("analyze")[0].encode()))
    said = json.loads(answer)
    assert isinstance(said.pop("micros"), int)
    lists = ",\n ".join(
        f'"{key}": [\n' + ",\n".join(f"   {json.dumps(item)}" for item in said[key]) + "]"
        for key in ("accesses", "opaque")
    )
    text = f'{{"id": {said["id"]}, "programs": {json.dumps(said["programs"])}, "micros": 31,\n {lists}}}\n'
    shown("analyze", 1, text, update=update)
    assert json.loads(text) == said | {"micros": 31}


def test_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    polish, examples = specification.load("polish.yaml", blocks("specification")[0])
    monkeypatch.setattr(
        external, "find", lambda name: polish if name == "polish" else specification.find(name)
    )
    assert len(examples) >= 3
    for example in examples:
        context = ShellContext(cwd="/w", home="/home/u", project="/w")
        assert listing(analyze_shell(example.command, context), "/w") == sorted(example.gives)


def test_the_bounds_it_names() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"longer than {parser.MAX_BYTES:,} bytes, nested deeper than {words.MAX_DEPTH} " in text
    assert f"over {analyze.MAX_LINE // 1024**2} MiB" in text


def test_every_kind_it_lists() -> None:
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if "accesses[].kind" in line)
    kinds = (
        "read",
        "write",
        "delete",
        "execute",
        "connect",
        "project-code",
        "privilege",
        "environment",
        "signal",
        "config",
    )
    assert re.findall(r"`([a-z-]+)`", row.partition("|")[2].partition("|")[2]) == list(kinds)


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / link).exists(), link
