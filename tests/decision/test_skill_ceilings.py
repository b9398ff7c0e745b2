"""Approvals and ceilings by example, and their laws: a skill never widens, and more skills never allow more."""

import re
import shlex
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import strategies as some

from bailiwick.administration.example import parse_call
from bailiwick.decision.decide import decide
from bailiwick.decision.judge import judge
from bailiwick.decision.skills import held
from bailiwick.information.approvals import (
    ActiveSkill,
    Approval,
    Approvals,
    Grant,
    Load,
    Needs,
    SkillCopy,
    SkillEvidence,
    grant_of,
)
from bailiwick.model.access import Facts
from bailiwick.model.decision import Contain, Origin
from bailiwick.model.event import ConfigChange, Event
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.skill import CapabilityKind
from bailiwick.model.verdict import Verdict
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy, SkillPolicy, SkillRequirement

CASES = yaml.safe_load((Path(__file__).parent / "skills.yaml").read_text())
PROFILE = """\
profile: p
description: d
tools: {other: allow}
files: {readable: ["/**"], writable: ["/**"], other: allow}
commands: {opaque: allow, project_code: allow, other: allow}
network: {other: allow}
mcp: {other: allow}
skills: {require: approval, bundled: [init], fork: [deploy-*], other: allow}
agents: {other: allow}
environment: {other: allow}
findings: {other: allow}
config: {other: allow}
"""
POLICY = load_policy_set(
    {"organisation.yaml": "organisation: o\nmode: enforce\n", "profiles/p.yaml": PROFILE}
).policies["p"]


def approval(name: str, grants: list[str]) -> Approval:
    return Approval(
        id=f"a-{name}",
        name=name,
        digest=f"good-{name}",
        grants=tuple(map(grant_of, grants)),
        roles=("r",),
        approved_by="x",
        approved_on=0,
        expires=10,
    )


def copy(name: str, state: str) -> SkillCopy:
    plain = name.rpartition(":")[2]
    digest = "" if state == "unsound" else f"{'good' if state in {'good', 'forks'} else state}-{plain}"
    return SkillCopy(
        name=name, root=f"/w/.claude/skills/{plain}", digest=digest, problem="x", forks=state == "forks"
    )


class View:
    def __init__(self, evidence: SkillEvidence) -> None:
        self.said = evidence

    def evidence(self, needs: Needs) -> SkillEvidence:
        assert isinstance(needs, Needs)
        return self.said


def event_of(call: str) -> Event:
    return Event(name="PreToolUse", session="c", cwd="/w", what=parse_call(call))


class Disk:
    def real(self, path: str) -> str:
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        del pattern
        return None


def evidence(case: dict[str, Any]) -> SkillEvidence:
    active = [
        ActiveSkill(
            name=name,
            places=()
            if case.get("bare")
            else ((f"/w/.claude/skills/{name}", f"{case.get('loaded', 'good')}-{name}"),),
            called=called,
        )
        for key, called in (("lingering", False), ("active", True))
        for name in case.get(key, ())
    ]
    held_now = tuple(approval(name, grants) for name, grants in case["grants"].items())
    problem = case.get("problem", "")
    return SkillEvidence(
        approvals=Approvals(held=() if problem else held_now, problem=problem),
        loads=tuple(
            Load(name=name, by=by, copies=tuple(copy(name, state) for state in states))
            for by, loads in (("", case.get("loads", {})), *case.get("starts_with", {}).items())
            for name, states in loads.items()
        ),
        touched=tuple(
            copy(name, state) for name, states in case.get("touched", {}).items() for state in states
        ),
        active=tuple(active),
        full=case.get("full", False),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table(case: dict[str, Any]) -> None:
    session = Session(key="s", profile="p", project="/w")
    request = Request(
        principal=Principal(user="u", uid=1, home="/h"), event=event_of(case["call"]), session=session
    )
    _, decision = judge(POLICY, request, Disk(), View(evidence(case)))
    assert not decision.errors
    assert decision.enforced.label == case["verdict"], decision.reasons
    told = " ".join(f"{reason.message} {reason.instead}" for reason in decision.reasons)
    assert case.get("instead", "") in told
    contained = [one for one in decision.obligations if isinstance(one, Contain)]
    assert bool(contained) == case.get("contained", False)
    assert all(one.skills == evidence(case).active for one in contained)
    if decision.enforced is Verdict.DENY:
        assert all(reason.instead for reason in decision.reasons)


@pytest.mark.parametrize("case", [case for case in CASES if case["verdict"] == "deny"], ids=str)
def test_doing_what_a_denial_says_helps(case: dict[str, Any]) -> None:
    """Whoever approves the lines that a denial asks for, as often as one does, is not denied by the ceiling any more."""
    session = Session(key="s", profile="p", project="/w")
    request = Request(
        principal=Principal(user="u", uid=1, home="/h"), event=event_of(case["call"]), session=session
    )
    grants = {name: list(given) for name, given in case["grants"].items()}
    for _ in range(3):
        _, decision = judge(POLICY, request, Disk(), View(evidence(case | {"grants": grants})))
        commands = [
            shlex.split(found)
            for reason in decision.reasons
            for found in re.findall(r"`(bailiwick skill approve [^`]*--grant[^`]*)`", reason.instead)
        ]
        for words in commands:
            lines = [line for option, line in pairwise(words) if option == "--grant"]
            grants[words[3].rpartition("/")[2]] += lines
        if not commands:
            break
    denied = [reason for reason in decision.reasons if "its approval does not grant" in reason.message]
    assert not case.get("full") or "/clear" in decision.reasons[0].instead
    assert not denied, denied


REQUIRED = SkillPolicy(
    requirements=(SkillRequirement(id="organisation.skills.require", origin=Origin(file="o", line=1)),)
)
GRANTS = st.builds(
    Grant,
    kind=st.sampled_from(CapabilityKind),
    target=st.sampled_from(
        ["*", "/a/**", "git", "git push", "example.com", "${project}/**", "${skill}/x.py", "x y"]
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    some.policies(),
    some.requests(),
    some.facts,
    st.lists(st.lists(GRANTS, max_size=3), max_size=3),
    st.booleans(),
)
def test_skills_only_narrow(
    policy: Policy,
    request: Request,
    facts: Facts,
    grants: list[list[Grant]],
    called: bool,  # noqa: FBT001
) -> None:
    policy = replace(policy, skills=REQUIRED)
    approvals = tuple(
        replace(approval(f"s{number}", []), grants=tuple(one)) for number, one in enumerate(grants)
    )
    active = tuple(
        ActiveSkill(name=one.name, places=(("/r", one.digest),), called=called) for one in approvals
    )
    before = decide(policy, request, facts)
    for count in range(len(active) + 1):
        said = SkillEvidence(approvals=Approvals(held=approvals), active=active[len(active) - count :])
        after = decide(held(policy, said), request, facts)
        assert after.verdict >= before.verdict
        assert after.enforced >= min(before.enforced, Verdict.ALLOW) or not after.enforced
        before = after


@pytest.mark.parametrize(
    ("said", "states", "verdict"),
    [
        ("other: ask", {"pdf": ["good"]}, Verdict.ALLOW),
        ("", {"pdf": ["good"]}, Verdict.ALLOW),
        ("other: ask", {"pdf": ["good", "good"]}, Verdict.ALLOW),
        ("other: ask", {"pdf": ["good", "changed"]}, Verdict.DENY),
        ("other: ask", {"pdf": ["changed"]}, Verdict.DENY),
        ("other: ask", {"init": []}, Verdict.ASK),
        ("other: deny", {"pdf": ["good"]}, Verdict.DENY),
        ("deny: [pdf], other: ask", {"pdf": ["good"]}, Verdict.DENY),
        ("ask: [pdf], other: ask", {"pdf": ["good"]}, Verdict.ASK),
    ],
)
def test_an_approval_answers_for_what_is_not_listed_and_nothing_else(
    said: str, states: dict[str, list[str]], verdict: Verdict
) -> None:
    profile = PROFILE.replace("fork: [deploy-*], other: allow", said or "fork: [deploy-*]")
    policy = load_policy_set(
        {"organisation.yaml": "organisation: o\nmode: enforce\n", "profiles/p.yaml": profile}
    ).policies["p"]
    (name,) = states
    session = Session(key="s", profile="p", project="/w")
    request = Request(
        principal=Principal(user="u", uid=1, home="/h"), event=event_of(f"Skill({name})"), session=session
    )
    known = View(evidence({"grants": {"pdf": []}, "loads": states}))
    assert judge(policy, request, Disk(), known)[1].enforced is verdict


def test_a_policy_that_requires_nothing_is_the_same_object() -> None:
    plain = replace(POLICY, skills=SkillPolicy())
    assert held(plain, SkillEvidence(active=(ActiveSkill(name="x"),))) is plain


def test_the_same_skills_get_the_same_policy_object() -> None:
    said = evidence({"grants": {"pdf": ["exec ls"]}, "active": ["pdf"]})
    assert held(POLICY, said) is held(POLICY, said)
    wider = evidence({"grants": {"pdf": ["exec ls", "net *"]}, "active": ["pdf"]})
    assert held(POLICY, wider) is not held(POLICY, said)


def test_whatever_fails_while_looking_is_a_denial() -> None:
    class Failing:
        def evidence(self, needs: Needs) -> SkillEvidence:
            raise RuntimeError("secret" + str(needs))

    session = Session(key="s", profile="p", project="/w")
    request = Request(principal=Principal(user="u", uid=1), event=event_of("Bash(ls)"), session=session)
    _, decision = judge(POLICY, request, Disk(), Failing())
    assert decision.enforced is Verdict.DENY
    assert decision.errors == ("RuntimeError while looking at skills",)


def test_a_skill_that_changes_under_a_session_is_not_taken_over_unless_approved() -> None:
    session = Session(key="s", profile="p", project="/w")
    path = "/w/.claude/skills/pdf/SKILL.md"
    event = Event(name="ConfigChange", session="c", cwd="/w", what=ConfigChange(source="skills", path=path))
    request = Request(principal=Principal(user="u", uid=1), event=event, session=session)
    for state, verdict in (("good", Verdict.ALLOW), ("changed", Verdict.DENY)):
        said = evidence({"grants": {"pdf": []}, "touched": {"pdf": [state]}})
        assert judge(POLICY, request, Disk(), View(said))[1].enforced is verdict


def test_what_was_withdrawn_is_told_with_its_reason_and_no_mend_but_to_go_on() -> None:
    request = Request(
        principal=Principal(user="u", uid=1),
        event=event_of("Skill(pdf)"),
        session=Session(key="s", profile="p", project="/w"),
    )
    taken = (("pdf", "good-pdf", "on 2026-01-01: sold"), ("xlsx", "good-xlsx", "on 2026-01-02"))
    loading = evidence({"grants": {}, "loads": {"pdf": ["good"]}})
    for said, call, told in (
        (
            loading,
            "Skill(pdf)",
            "the approval of the skill pdf at /w/.claude/skills/pdf was withdrawn on 2026-01-01: sold",
        ),
        (
            evidence({"grants": {}, "active": ["pdf"]}),
            "Bash(ls)",
            "no longer holds: it was withdrawn on 2026-01-01: sold",
        ),
        (
            evidence({"grants": {}, "active": ["other"]}),
            "Bash(ls)",
            "whose text is in this conversation, no longer holds",
        ),
    ):
        known = View(replace(said, approvals=replace(said.approvals, withdrawn=taken)))
        _, decision = judge(POLICY, replace(request, event=event_of(call)), Disk(), known)
        assert decision.enforced is Verdict.DENY
        assert decision.reasons[0].message.endswith(told)
        assert "skill approve" not in decision.reasons[0].instead


def test_nobody_is_asked_to_grant_what_another_layer_denies_too() -> None:
    profile = PROFILE.replace("files: {readable", 'files: {hidden: ["/etc/shadow"], readable')
    policy = load_policy_set(
        {"organisation.yaml": "organisation: o\nmode: enforce\n", "profiles/p.yaml": profile}
    ).policies["p"]
    session = Session(key="s", profile="p", project="/w")
    for call, asked in (("Read(/etc/shadow)", False), ("Read(/etc/hostname)", True)):
        request = Request(principal=Principal(user="u", uid=1), event=event_of(call), session=session)
        _, decision = judge(
            policy, request, Disk(), View(evidence({"grants": {"pdf": []}, "active": ["pdf"]}))
        )
        told = " ".join(reason.instead for reason in decision.reasons)
        assert decision.enforced is Verdict.DENY
        assert ("skill approve" in told) is asked, told
