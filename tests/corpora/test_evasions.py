"""However it is spelt, the same accesses are found, or it is known that they are not."""

from typing import Any

import pytest
import yaml
from covering import is_opaque, runs_code, shows
from judging import HERE, judge

from bailiwick.analysis.shell import ShellContext, analyze_shell

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
GROUPS: list[dict[str, Any]] = yaml.safe_load((HERE / "evasions.yaml").read_text(encoding="utf-8"))
WAYS = ("same", "opaque", "code")
MINIMUM_GROUPS, MINIMUM_SPELLINGS = 60, 400


def _rows() -> list[Any]:
    return [
        pytest.param(group["accesses"], way, command, id=f"{group['about']}: {command}")
        for group in GROUPS
        for way in WAYS
        for command in group.get(way, ())
    ]


@pytest.mark.parametrize(("accesses", "way", "command"), _rows())
def test_spelling(accesses: list[str], way: str, command: str) -> None:
    facts = analyze_shell(command, CONTEXT)
    match way:
        case "same":
            assert not is_opaque(facts)
            assert [wanted for wanted in accesses if not shows(facts, wanted)] == []
        case "opaque":
            seen = all(shows(facts, wanted) for wanted in accesses)
            assert is_opaque(facts) or seen or runs_code(facts)
        case _:
            assert runs_code(facts) or is_opaque(facts)


@pytest.mark.parametrize("profile", ["developer", "frontend", "infra", "reviewer"])
def test_no_spelling_is_allowed(profile: str) -> None:
    """Whatever the starter's profiles allow, it is none of this; code of the project is theirs to grant by name."""
    rows = [
        (group, command) for group in GROUPS for way in ("same", "opaque") for command in group.get(way, ())
    ]
    allowed = [command for _, command in rows if judge(command, profile).label in {"allow", "abstain"}]
    assert [command for command in allowed if not runs_code(judge(command, profile).facts)] == []


def test_the_corpus_is_large_and_has_no_doubles() -> None:
    assert all(set(group) <= {"about", "accesses", *WAYS} for group in GROUPS)
    assert len({group["about"] for group in GROUPS}) == len(GROUPS) >= MINIMUM_GROUPS
    rows = [
        (group["accesses"][0], command) for group in GROUPS for way in WAYS for command in group.get(way, ())
    ]
    assert len(set(rows)) == len(rows) >= MINIMUM_SPELLINGS
