"""How long a scan may take: by the processor's time, whatever else the machine does."""

import contextlib
import time
from pathlib import Path

import pytest

from bailiwick.analysis.skill.prose.learned import weights
from bailiwick.model.skill import SkillTree
from bailiwick.service import skill_scan
from bailiwick.service.skill_files import SkillPlace, find_skills
from bailiwick.service.skill_scan import look


@pytest.fixture
def place(tmp_path: Path) -> SkillPlace:
    (tmp_path / "SKILL.md").write_text("---\nname: x\ndescription: Says hello.\n---\nSay hello.\n")
    return find_skills(tmp_path)[0]


def test_a_reader_that_goes_on_and_on_is_stopped_and_the_skill_is_partial(
    place: SkillPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(_tree: SkillTree) -> None:
        while True:
            with contextlib.suppress(Exception):  # whoever swallows every error must not swallow the limit
                sum(range(1000))

    monkeypatch.setattr(skill_scan, "read_facts", endless)
    monkeypatch.setattr(skill_scan, "MAX_SECONDS", 0.2)
    assert [part.reason for part in look(place).partial] == ["took longer than 0.2 seconds of processor time"]


def test_waiting_for_the_machine_makes_no_skill_partial(
    place: SkillPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = skill_scan.read_skill

    def slow(where: SkillPlace) -> SkillTree:
        time.sleep(0.6)
        return read(where)

    monkeypatch.setattr(skill_scan, "read_skill", slow)
    monkeypatch.setattr(skill_scan, "MAX_SECONDS", 0.3)
    assert look(place).partial == ()


def test_waiting_has_an_end(place: SkillPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill_scan, "read_skill", lambda _place: time.sleep(30))
    monkeypatch.setattr(skill_scan, "MAX_WAITED", 0.2)
    assert [part.reason for part in look(place).partial] == ["took longer than 0.2 seconds by the clock"]


def test_a_failure_of_ours_says_its_mend(place: SkillPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "DIGEST", "0" * 64)
    weights.weights.cache_clear()
    try:
        (part,) = look(place).partial
    finally:
        weights.weights.cache_clear()
    assert "install it again" in part.reason


def test_another_failure_says_its_kind_only(place: SkillPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_tree: SkillTree) -> None:
        raise ValueError("text of the skill")

    monkeypatch.setattr(skill_scan, "read_facts", broken)
    assert [part.reason for part in look(place).partial] == ["the reader failed on it (ValueError)"]
