"""`opaque: sandbox`: what policy would rather have in the sandbox than ask about."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bailiwick.administration.difference import compare
from bailiwick.administration.place import NoFiles, request_of
from bailiwick.decision.judge import judge
from bailiwick.model.decision import Contain, Decision
from bailiwick.model.event import PermissionAsked, ToolCall
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy

CONTAINED = {
    "opaque": "sandbox",
    "project_code": "sandbox",
    "allow": ["make release"],
    "ask": ["touch"],
    "other": "allow",
}
OPAQUE, PROJECT, KNOWN = 'eval "$x"', "make", "echo hello"


def policy_of(commands: dict[str, Any], mode: str = "enforce", **files: Any) -> Policy:
    said = {
        "profile": "test",
        "mode": mode,
        "tools": {"other": "allow"},
        "commands": commands,
        "environment": {"other": "allow"},
        "files": {"writable": ["${project}/**"], "readable": ["/usr/**"], "other": "ask"},
    }
    texts = {"organisation.yaml": "organisation: Test", "profiles/test.yaml": json.dumps(said), **files}
    return load_policy_set(texts).policies["test"]


def decided(policy: Policy, command: str, *, unattended: bool = False, tool: str = "Bash") -> Decision:
    request = request_of(policy, ToolCall(tool=tool, input={"command": command}))
    request = replace(request, session=replace(request.session, unattended=unattended))
    return judge(policy, request, NoFiles())[1]


def contained(decision: Decision) -> bool:
    return any(isinstance(duty, Contain) for duty in decision.obligations)


@pytest.mark.parametrize("command", [OPAQUE, PROJECT, f"{OPAQUE}; {PROJECT}", f"{KNOWN} && {OPAQUE}"])
@pytest.mark.parametrize("unattended", [False, True])
def test_it_is_allowed_in_the_sandbox(command: str, *, unattended: bool) -> None:
    policy = policy_of(CONTAINED)
    decision = decided(policy, command, unattended=unattended)
    assert decision.enforced is Verdict.ALLOW
    assert Contain(profile="test", revision=policy.revision) in decision.obligations


@pytest.mark.parametrize("command", [KNOWN, "make release"])
def test_what_is_known_or_allowed_by_name_needs_none(command: str) -> None:
    decision = decided(policy_of(CONTAINED), command)
    assert decision.enforced is Verdict.ALLOW
    assert not contained(decision)


@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        (f"touch x; {OPAQUE}", Verdict.ASK),
        (f"{OPAQUE} > /elsewhere", Verdict.ASK),
        (f"cat /elsewhere; {PROJECT}", Verdict.ASK),
    ],
)
def test_where_something_else_is_asked_about_the_person_hears_of_all(command: str, verdict: Verdict) -> None:
    decision = decided(policy_of(CONTAINED), command)
    assert decision.enforced is verdict
    assert not contained(decision)
    assert any("sandbox" in reason.message for reason in decision.reasons), decision.reasons


def test_a_wider_layer_that_asks_still_asks() -> None:
    organisation = "organisation: Test\ncommands: {opaque: ask}\n"
    decision = decided(policy_of(CONTAINED, **{"organisation.yaml": organisation}), OPAQUE)
    assert decision.enforced is Verdict.ASK


def test_a_wider_layer_that_contains_holds_a_profile_that_allows() -> None:
    organisation = "organisation: Test\ncommands: {opaque: sandbox}\n"
    decision = decided(
        policy_of(CONTAINED | {"opaque": "allow"}, **{"organisation.yaml": organisation}), OPAQUE
    )
    assert decision.enforced is Verdict.ALLOW
    assert contained(decision)


def test_on_a_machine_without_sandbox_a_person_is_asked() -> None:
    policy = policy_of(CONTAINED)
    request = request_of(policy, ToolCall(tool="Bash", input={"command": OPAQUE}))
    request = replace(request, session=replace(request.session, contains=False))
    assert judge(policy, request, NoFiles())[1].enforced is Verdict.ASK


def test_other_tools_have_no_sandbox_and_are_asked_about() -> None:
    assert decided(policy_of(CONTAINED), OPAQUE, tool="Monitor").enforced is Verdict.ASK
    policy = policy_of(CONTAINED)
    asked = request_of(policy, PermissionAsked(tool="Bash", input={"command": OPAQUE}))
    assert judge(policy, asked, NoFiles())[1].enforced is Verdict.ASK


@pytest.mark.parametrize("mode", [Mode.MONITOR, Mode.WARN])
def test_a_policy_on_trial_contains_nothing(mode: Mode) -> None:
    decision = decided(policy_of(CONTAINED, mode.value), OPAQUE)
    assert not contained(decision)
    assert decision.enforced < Verdict.ASK


@pytest.mark.parametrize("text", ["sandboxed", "Sandbox", "true"])
def test_no_other_word_means_it(text: str) -> None:
    with pytest.raises(Exception, match=r"expected allow \| ask \| deny \| sandbox"):
        policy_of({"opaque": text})


def test_only_opaque_and_project_code_may_say_it() -> None:
    with pytest.raises(Exception, match=r"expected allow \| ask \| deny, found"):
        policy_of({"other": "sandbox"})


def test_of_two_parents_the_one_that_asks_is_stricter() -> None:
    profiles = {
        "profiles/one.yaml": "profile: one\ncommands: {opaque: sandbox, other: allow}\n",
        "profiles/two.yaml": "profile: two\ncommands: {opaque: ask, other: allow}\n",
        "profiles/both.yaml": "profile: both\nextends: [one, two]\ntools: {other: allow}\n",
        "organisation.yaml": "organisation: Test",
    }
    assert decided(load_policy_set(profiles).policies["both"], OPAQUE).enforced is Verdict.ASK


def test_a_diff_tells_what_is_no_longer_asked() -> None:
    asked, held = policy_of(CONTAINED | {"opaque": "ask"}), policy_of(CONTAINED)
    assert compare(asked, held).notes == ("test.commands.opaque: runs in the sandbox instead of asking",)
    assert compare(held, asked).notes == (
        "test.commands.opaque: no longer runs in the sandbox instead of asking",
    )
