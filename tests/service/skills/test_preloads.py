"""Which skills an agent starts with: wherever its definition stands and however it is written."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.service.skills import preloads as module
from bailiwick.service.skills.copies import Copies, Where
from bailiwick.service.skills.preloads import Preloads, preloads


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A reader that waits for somebody else's pipe fails instead of hanging."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.fixture
def where(tmp_path: Path) -> Where:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    return Where(
        project=str(project), cwd=str(project / "src"), configurations=(str(tmp_path / "home/.claude"),)
    )


def define(directory: Path, name: str, skills: str, *, said: str = "") -> None:
    (directory / "agents").mkdir(parents=True, exist_ok=True)
    text = f"---\nname: {said or name}\ndescription: d\n{skills}\n---\nsystem\n"
    (directory / "agents" / f"{name}.md").write_text(text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("skills: pre", ("pre",)),
        ("skills: pre, other", ("pre", "other")),
        ("skills: [pre, 'plug:other']", ("pre", "plug:other")),
        ("skills:\n  - pre\n  - other\n  - pre", ("pre", "other")),
        ("skills: [pre\nbroken: {", ("pre",)),  # no YAML: as a lenient client reads it
        (r'"\x73kills": [pre]', ("pre",)),
        ("skills: {a: b}", ()),
        ("skills: ''", ()),
        ("tools: Read", ()),
    ],
)
def test_every_way_to_write_them(where: Where, written: str, expected: tuple[str, ...]) -> None:
    define(Path(where.project) / ".claude", "worker", written)
    assert preloads("worker", where) == Preloads(skills=expected)
    assert preloads("other", where) == Preloads()


def test_every_definition_of_a_name_counts(where: Where, tmp_path: Path) -> None:
    project = Path(where.project)
    define(project / ".claude", "worker", "skills: one")
    define(project / "src/.claude", "x", "skills: two", said="worker")
    define(tmp_path / "home/.claude", "worker", "skills: three", said="other")
    plugin = tmp_path / "home/.claude/plugins/cache/plug"
    (plugin / ".claude-plugin").mkdir(parents=True)
    define(plugin, "worker", "skills: four")
    (project / ".claude/agents/gone.md").symlink_to("nowhere")
    assert set(preloads("worker", where).skills) == {"one", "two", "three", "four"}
    assert set(preloads("plug:worker", where).skills) == {"one", "two", "three", "four"}


def test_what_can_t_be_told_is_said(where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    agents = Path(where.project) / ".claude/agents"
    bomb = "skills: &a [" + ", ".join(["x"] * 9) + "]\n" + "".join(f"k{n}: *a\n" for n in range(40))
    define(agents.parent, "worker", bomb)
    assert "aliases" in preloads("worker", where).problem
    define(agents.parent, "worker", f"skills: [{', '.join(f's{n}' for n in range(99))}]")
    assert "more than 64" in preloads("worker", where).problem
    monkeypatch.setattr(module, "MAX_DEFINITIONS", 3)
    for number in range(4):
        define(agents.parent, f"a{number}", "tools: Read")
    assert "more than 3" in preloads("worker", where).problem


def test_pipes_and_loops_hold_nobody_up(where: Where) -> None:
    claude = Path(where.project) / ".claude"
    define(claude, "worker", "skills: pre")
    os.mkfifo(claude / "agents/pipe.md")
    (claude / "skills/hung").mkdir(parents=True)
    os.mkfifo(claude / "skills/hung/SKILL.md")
    assert preloads("worker", where) == Preloads(skills=("pre",))
    assert Copies().named("pre", where).copies == ()
    (claude / "agents/again").symlink_to(".")
    (claude / "agents/twice").symlink_to(".")
    assert preloads("worker", where) == Preloads(skills=("pre",))
