"""What the steps of a text ask for in words, each with how it is meant."""

from pathlib import Path

import pytest
import yaml

from bailiwick.analysis.skill.read import read_facts
from bailiwick.model.skill import EntryType, SkillTree, file_entry

CASES = yaml.safe_load(Path(__file__).with_name("steps.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("said", CASES)
def test_steps_are_capabilities(said: str) -> None:
    text = f"---\nname: x\ndescription: Shows tables.\n---\n# X\n\n{said}\n"
    entries = (
        file_entry("SKILL.md", text.encode()),
        file_entry("references/fields.md", b"# Fields\n"),
    )
    assert all(entry.type is EntryType.FILE for entry in entries)
    facts = read_facts(SkillTree(root="x", name="x", entries=entries))
    found = {
        f"{item.role} {item.kind} {item.target} {item.detail}".strip()
        for item in facts.capabilities
        if item.by == "prose"
    }
    assert found == set(CASES[said])
