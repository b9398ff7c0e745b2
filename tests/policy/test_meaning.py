"""What small policies and the starter mean once the PDP reads them: calls, by the verdict they get."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.administration.example import parse_call
from bailiwick.administration.place import judge_call
from bailiwick.model.verdict import Verdict
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.starter import starter_files
from bailiwick.policy.types import Policy

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "meaning.yaml").read_text(encoding="utf-8")
)
STARTER = load_policy_set({name: text for name, text in starter_files().items() if name.endswith(".yaml")})
BASE = {
    "organisation.yaml": "organisation: Example\n",
    "profiles/parent.yaml": "profile: parent\nnetwork: {unknown: deny}\n",
}


def policy_of(case: dict[str, Any]) -> Policy:
    if "starter" in case:
        return STARTER.policies[case["starter"]]
    text = f"profile: p\ntools: {{other: allow}}\n{case['policy']}"
    return load_policy_set(BASE | {"profiles/p.yaml": text}).policies["p"]


@pytest.mark.parametrize(
    ("case", "call", "verdict"),
    [
        pytest.param(case, call, Verdict[word.upper()], id=f"{case['name']}: {call}")
        for case in CASES
        for word in ("allow", "ask", "deny")
        for call in case.get(word, ())
    ],
)
def test_calls_get(case: dict[str, Any], call: str, verdict: Verdict) -> None:
    facts, decision = judge_call(policy_of(case), parse_call(call))
    assert decision.verdict is verdict, (decision.reasons[:3], facts)
    assert decision.errors == ()
    assert all(reason.instead for reason in decision.reasons if reason.verdict is Verdict.DENY)
