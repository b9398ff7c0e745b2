"""Private data, untrusted content and a way out, as conversations: what each step labels, and what is stopped then."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_skill_ceilings import Disk, View

from bailiwick.administration.example import parse_call
from bailiwick.decision.flow import flow_layers, labels_of
from bailiwick.decision.judge import judge
from bailiwick.information.approvals import SkillEvidence
from bailiwick.information.labels import MAX_LABELS, LabelKind
from bailiwick.information.sessions import Reading, SessionState, advance
from bailiwick.model.access import Facts, Finding
from bailiwick.model.decision import Contain, Decision
from bailiwick.model.event import Event, Happening, Notice, SessionStart, ToolCall, ToolResult
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy

CASES = yaml.safe_load((Path(__file__).parent / "flow.yaml").read_text())
PROFILE = """\
profile: p
description: d
tools: {other: allow}
files: {readable: ["/**"], writable: ["/**"], other: allow}
commands: {opaque: allow, project_code: allow, other: allow}
network: {other: allow, unknown: allow}
mcp: {other: allow}
skills: {other: allow}
agents: {other: allow}
environment: {other: allow}
findings: {other: allow}
config: {other: allow}
flow:
  meet: MEET
  private: ["${project}/customers/**", "crm"]
  trusted: [docs.example.com]
  declassify: [tickets.example.com, archive]
  within: WITHIN
  lasts: LASTS
"""
FRESH = SessionState(key="s", uid=1, user="u", profile="p", project="/w", home="/h", opened=0)


def policy(case: dict[str, Any]) -> Policy:
    text = PROFILE.replace("MEET", case.get("meet", "deny")).replace("WITHIN", case.get("within", "session"))
    files = {
        "organisation.yaml": "organisation: o\nmode: enforce\n",
        "profiles/p.yaml": text.replace("LASTS", case.get("lasts", "session")),
    }
    return load_policy_set(files).policies["p"]


class Conversation:
    """A session that goes through its steps as the service would take it."""

    def __init__(self, under: Policy) -> None:
        self.policy, self.state, self.client = under, FRESH, "c1"

    def call(self, what: Happening, name: str = "PreToolUse") -> tuple[Facts, Decision]:
        event = Event(name=name, session=self.client, cwd="/w", prompt_id="p1", what=what)
        skills = self.state.active_skills("", self.client)
        request = Request(
            principal=Principal(user="u", uid=1, home="/h"),
            event=event,
            session=Session(key="s", profile="p", project="/w", skills=skills),
        )
        facts, decision = judge(self.policy, request, Disk(), View(SkillEvidence(labels=self.state.labels)))
        if decision.enforced < Verdict.ASK:
            labels = tuple(one for rule in self.policy.flows for one in labels_of(rule, request, facts))
            self.state = advance(self.state, event, Reading(labels=labels))
        return facts, decision

    def step(self, text: str) -> None:
        match text.split():
            case ["compact"]:
                self.call(Notice(), "PostCompact")
            case ["clear"]:
                self.client = "c2"
                self.call(SessionStart(source="clear"), "SessionStart")
            case ["skill", name]:
                self.call(ToolCall(tool="Skill", input={"skill": name}))
            case _:
                assert self.call(parse_call(text))[1].enforced is Verdict.ALLOW, text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table(case: dict[str, Any]) -> None:
    conversation = Conversation(policy(case))
    for step in case["steps"]:
        conversation.step(step)
    _, decision = conversation.call(parse_call(case["call"]))
    assert decision.enforced.label == case["verdict"], decision.reasons
    told = " ".join(f"{reason.message} {reason.instead}" for reason in decision.reasons)
    for piece in case.get("says", ()):
        assert piece in told
    offline = [one.offline for one in decision.obligations if isinstance(one, Contain)]
    assert offline == ([True] if case.get("offline") else [])


def test_a_secret_in_what_a_tool_gave_is_private() -> None:
    conversation = Conversation(policy({}))
    request = Request(
        principal=Principal(user="u", uid=1),
        event=Event(
            name="PostToolUse", session="c1", cwd="/w", what=ToolResult(tool="Read", input={}, response="x")
        ),
        session=Session(key="s", profile="p", project="/w"),
    )
    facts = Facts(findings=(Finding(rule="secret/github-token", message="m"),))
    (label,) = labels_of(conversation.policy.flows[0], request, facts)
    assert (label.kind, label.what) == (LabelKind.SECRET, "secret/github-token")


def test_labels_have_a_bound_and_the_first_ones_stay() -> None:
    conversation = Conversation(policy({}))
    for number in range(3 * MAX_LABELS):
        conversation.step(f"Read(/w/customers/{number})")
    assert len(conversation.state.labels) == MAX_LABELS
    assert conversation.state.labels[0].what == "/w/customers/0"


def test_without_a_rule_nothing_is_labelled_or_stopped() -> None:
    plain = replace(policy({}), flows=())
    conversation = Conversation(plain)
    conversation.step("Read(/w/customers/a)")
    assert conversation.state.labels == ()
    request = Request(
        principal=Principal(user="u", uid=1),
        event=Event(name="x", session="c1", cwd="/w", what=Notice()),
        session=Session(key="s", profile="p", project="/w"),
    )
    assert flow_layers(plain, request, Facts(), ()) == ()
