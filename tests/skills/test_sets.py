"""Bad skills are found for the right reason at high severity; tricky good ones have nothing of high severity."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.rules.rule import Severity
from bailiwick.service.skill_files import find_skills
from bailiwick.service.skill_scan import look

HERE = Path(__file__).parent


def cases(name: str) -> list[Mapping[str, Any]]:
    """The cases of a set: those of whole skills, and those of skills with code."""
    return [
        case
        for path in (HERE / name, HERE / "code" / name)
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


MALICIOUS = cases("malicious.yaml")
PROSE = [
    case
    for name in ("prose.yaml", "orders.yaml")
    for case in yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
]
BENIGN = cases("benign.yaml")


def written(case: Mapping[str, Any], root: Path) -> Path:
    files = dict(case.get("files", {}))
    if "about" in case:
        head = f"---\nname: {case['name']}\ndescription: {case['about']}\n---\n# {case['name']}\n\n"
        files.setdefault("SKILL.md", f"{head}{case['text']}\n")
    for name, text in files.items():
        path = root / case["name"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / case["name"]


def high(root: Path) -> dict[str, str]:
    found = [finding for place in find_skills(root) for finding in look(place).findings]
    return {one.rule: one.message for one in found if one.severity >= Severity.HIGH}


@pytest.mark.parametrize("case", MALICIOUS, ids=lambda case: case["name"])
def test_malicious_skills_are_found_for_the_right_reason(case: Mapping[str, Any], tmp_path: Path) -> None:
    assert case["rule"] in high(written(case, tmp_path))


@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case["name"])
def test_benign_skills_have_nothing_high(case: Mapping[str, Any], tmp_path: Path) -> None:
    assert high(written(case, tmp_path)) == {}


@pytest.mark.parametrize("case", PROSE, ids=lambda case: case["name"])
def test_what_words_ask_for_is_read_in_whatever_voice(
    case: Mapping[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if case.get("gap"):
        request.applymarker(pytest.mark.xfail(strict=True, reason="a gap that is known"))
    front = f"---\nname: {case['name']}\ndescription: {case['description']}\n---\n"
    files = {"SKILL.md": front + case["text"], **case.get("files", {})}
    found = high(written({"name": case["name"], "files": files}, tmp_path))
    if "rule" in case:
        assert case["rule"] in found
    else:
        assert found == {}
