"""The manifest says which files the scripts of a skill read and write, also where a library does it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.model.skill import CapabilityKind
from bailiwick.service.skill_files import find_skills
from bailiwick.service.skill_scan import look

ROWS = yaml.safe_load((Path(__file__).parent / "code" / "places.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_files(row: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "papers"
    (root / "scripts").mkdir(parents=True)
    (root / "scripts" / f"run.{row['ending']}").write_text(row["code"], encoding="utf-8")
    run = "python3" if row["ending"] == "py" else "node"
    (root / "SKILL.md").write_text(
        f"---\nname: papers\ndescription: Papers.\n---\nRun `{run} scripts/run.{row['ending']}`.\n",
        encoding="utf-8",
    )
    (place,) = find_skills(root)
    used = look(place).manifest.used

    def targets(kind: CapabilityKind) -> list[str]:
        return sorted({one.target for one in used if one.kind is kind and one.source.path != "SKILL.md"})

    assert targets(CapabilityKind.FS_WRITE) == row.get("writes", [])
    assert targets(CapabilityKind.FS_READ) == row.get("reads", [])
