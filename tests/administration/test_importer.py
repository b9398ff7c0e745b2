"""The client's permission rules as a profile: golden pairs, and any settings give a profile that loads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.administration.importer import Source, import_settings, summary
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set

PAIRS = Path(__file__).parent / "import"


def loads(profile: str) -> None:
    load_policy_set({"organisation.yaml": "organisation: x\n", "profiles/imported.yaml": profile})


@pytest.mark.parametrize("source", [Source.PROJECT, Source.USER, Source.MANAGED])
@pytest.mark.parametrize("name", ["project", "user"])
def test_golden_pairs(name: str, source: Source, golden: Callable[[Path, str], None]) -> None:
    text = (PAIRS / f"{name}.json").read_text(encoding="utf-8")
    imported = import_settings(text, profile="imported", source=source)
    loads(imported.profile)
    golden(PAIRS / f"{name}.{source}.yaml", imported.profile)
    golden(PAIRS / f"{name}.{source}.notes.txt", summary(imported.notes) + "\n")


TOOLS = ["Bash", "Read", "Edit", "Write", "WebFetch", "Skill", "Agent", "mcp__a__b", "mcp__*", "*", "x"]
RULES = st.one_of(
    st.text(max_size=30),
    st.builds(lambda tool, argument: f"{tool}({argument})", st.sampled_from(TOOLS), st.text(max_size=30)),
    st.sampled_from(TOOLS),
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["allow", "ask", "deny"]), st.lists(RULES, max_size=6)))
def test_any_rules_give_a_profile_that_loads(permissions: dict[str, list[str]]) -> None:
    imported = import_settings(json.dumps({"permissions": permissions}), profile="imported")
    loads(imported.profile)


@settings(max_examples=100, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=6))
def test_every_rule_is_imported_or_named(rules: list[str]) -> None:
    imported = import_settings(json.dumps({"permissions": {"deny": rules}}), profile="imported")
    lost = {note.text for note in imported.notes if not note.imported}
    entries = imported.profile.count("\n    - ")
    empty = import_settings("{}", profile="imported").profile.count("\n    - ")
    kept = {rule for rule in rules if f"deny: {rule}" not in lost}
    assert (entries > empty) == bool(kept)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1)),
        ('{"permissions":\n [}', (2, 3)),
        ("[]", (1, 1)),
        ('{"permissions": {"allow": "Bash"}}', (1, 1)),
    ],
)
def test_other_files_are_refused(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(PolicyErrors) as raised:
        import_settings(text, profile="imported")
    assert [(error.line, error.column) for error in raised.value.errors] == [place]


def test_what_is_no_text_is_named_and_costs_nothing_else() -> None:
    imported = import_settings(
        '{"permissions": {"deny": [5, true, {"a": 1}, "Bash(curl *)"]}}', profile="imported"
    )
    assert [note.text for note in imported.notes if not note.imported] == [
        "deny: 5",
        "deny: true",
        'deny: {"a": 1}',
    ]
    assert '- "curl"' in imported.profile
    loads(imported.profile)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(PolicyErrors):
        import_settings("[" * 200_000, profile="imported")
