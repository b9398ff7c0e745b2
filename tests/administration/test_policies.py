"""Compile, check, explain, compare and replay: what people read, as golden files."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.administration import check, difference, explain, simulate
from bailiwick.administration.compile import compile_set, run_examples
from bailiwick.administration.example import parse_call
from bailiwick.administration.recorded import Recorded, Unread, read_recorded
from bailiwick.decision.decide import UNANSWERABLE
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set

HERE = Path(__file__).parent
Golden = Callable[[Path, str], None]
NOW = 1_795_392_000  # 2026-11-23


def _files(name: str) -> dict[str, str]:
    return dict(yaml.safe_load((HERE / "policies" / f"{name}.yaml").read_text(encoding="utf-8")))


BEFORE = _files("before")
AFTER = {**BEFORE, **_files("after")}


def _changed(old: str, new: str, file: str = "profiles/work.yaml") -> dict[str, str]:
    assert old in BEFORE[file]
    return {**BEFORE, file: BEFORE[file].replace(old, new)}


def test_a_policy_that_keeps_its_promises_compiles() -> None:
    policies = compile_set(BEFORE)
    assert compile_set(dict(reversed(BEFORE.items()))).revision == policies.revision
    results = list(run_examples(policies, policies.examples))
    assert len(results) == 3
    assert not any(result.failure for result in results)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("example-verdict", _changed('deny: ["Read(.env)"', 'deny: ["Read(src/b.py)", "Read(.env)"')),
        ("example-rule", _changed('rule: "work.commands.deny.*"', 'rule: "work.files.*"')),
        ("example-not-a-call", _changed('"Read(src/a.py)"', '"mcp__a__b(x)"')),
        ("invariant-files", _changed('"~/.ssh/**", ', "")),
        ("invariant-commands", _changed("terraform plan", '"*"')),
    ],
)
def test_a_broken_promise_does_not_compile(name: str, files: Mapping[str, str], golden: Golden) -> None:
    if name == "invariant-files":
        files = {**files, "profiles/work.yaml": files["profiles/work.yaml"].replace("/usr/**", "~/**")}
    with pytest.raises(PolicyErrors) as raised:
        compile_set(files)
    golden(HERE / "golden" / f"{name}.txt", f"{raised.value}\n")


def test_an_exempt_profile_may_break_an_invariant() -> None:
    wide = 'readable: ["/var/log/**", "~/.ssh/**"]\ncommands:\n  allow: [vault]'
    files = {
        **BEFORE,
        "profiles/break-glass.yaml": BEFORE["profiles/break-glass.yaml"].replace(
            'readable: ["/var/log/**"]', wide
        ),
    }
    compile_set(files)
    organisation = files["organisation.yaml"].replace("    exempt: [break-glass]\n", "")
    with pytest.raises(PolicyErrors, match="profile break-glass allows"):
        compile_set({**files, "organisation.yaml": organisation})


def test_check(golden: Golden) -> None:
    findings = check.check(load_policy_set(_files("unsound")), now=NOW)
    golden(HERE / "golden" / "check.txt", check.as_text(findings))
    items = check.as_json(findings)
    assert json.loads(json.dumps(items)) == items
    assert {item["kind"] for item in items} == {kind.value for kind in check.Kind} - {
        "violated-invariant",
        "unknown-profile",
        "no-skill-approver",
        "broken-skill-lock",  # these two are of files beside the policy
        "ending-skill-lock",
    }


def test_a_sound_policy_has_only_what_is_ending() -> None:
    findings = check.check(load_policy_set(BEFORE), now=NOW)
    assert [finding.kind for finding in findings] == [check.Kind.EXPIRING]
    broken = check.check(load_policy_set(_changed("terraform plan", '"*"')), now=NOW)
    assert broken[0].kind is check.Kind.INVARIANT
    assert "vault read" in broken[0].example


def _settled(text: str) -> str:
    """Without line numbers and revisions, which change with the built-in policy, another file's affair."""
    return re.sub(r"[0-9a-f]{64}", "REVISION", re.sub(r"(builtin:[\w.-]+):\d+", r"\1", text))


def test_difference(golden: Golden) -> None:
    found = difference.difference(load_policy_set(BEFORE), load_policy_set(AFTER))
    golden(HERE / "golden" / "difference.txt", _settled(difference.as_text(found)))
    golden(
        HERE / "golden" / "difference.json", _settled(json.dumps(difference.as_json(found), indent=1) + "\n")
    )


def test_no_difference() -> None:
    policies = load_policy_set(BEFORE)
    assert difference.difference(policies, load_policy_set(BEFORE)) == ()
    assert difference.as_text(()) == "no difference\n"
    reordered = _changed("allow: [git, npm test, terraform plan]", "allow: [terraform plan, git, npm test]")
    (one, *_rest) = difference.difference(policies, load_policy_set(reordered), ["work"]) or [None]
    assert one is None


def test_a_new_and_a_gone_profile_are_told() -> None:
    more = load_policy_set({**BEFORE, "profiles/new.yaml": "profile: new\ndescription: New.\n"})
    (new,) = difference.difference(load_policy_set(BEFORE), more)
    (gone,) = difference.difference(more, load_policy_set(BEFORE))
    assert (new.notes, gone.notes) == (("the profile is new",), ("the profile is gone",))


def test_what_is_said_of_all_is_told_too() -> None:
    organisation = BEFORE["organisation.yaml"]
    audit = "audit: {retention_days: 500, on_failure: allow_and_mark}\n"
    after = {**BEFORE, "organisation.yaml": organisation + audit}
    del after["roles.yaml"]
    (one, *_profiles) = difference.difference(load_policy_set(BEFORE), load_policy_set(after))
    assert one.profile is None
    assert one.notes == (
        "audit retention_days: 400 -> 500",
        "audit allow_and_mark: False -> True",
        "role - everyone",
        "role - on-call",
    )
    assert difference.as_text([one]).startswith("the organisation\n  audit retention_days")


@pytest.mark.parametrize("call", ["Bash(cat .env > copy.txt)", "Edit(vendor/x.js)", "Frobnicate"])
def test_explain(call: str, golden: Golden) -> None:
    policy = load_policy_set(BEFORE).policies["work"]
    explanation = explain.explain(policy, parse_call(call), call)
    name = call.split("(", maxsplit=1)[0].lower()
    golden(HERE / "golden" / f"explain-{name}.txt", explain.as_text(explanation))
    golden(
        HERE / "golden" / f"explain-{name}.json", json.dumps(explain.as_json(explanation), indent=1) + "\n"
    )


RECORDED = [
    {"kind": "tool-call", "time_ms": 1, "user": "alice", "profile": "work", "project": "/p", "cwd": "/p", "tool": "Bash",
     "input": '{"command": "git commit -m x"}', "verdict": "ask"},
    {"kind": "tool-call", "time_ms": 2, "user": "bob", "profile": "work", "project": "/p", "cwd": "/p", "tool": "Read",
     "input": '{"file_path": "/p/link"}', "verdict": "allow", "accesses": [{"kind": "read", "path": "/p/link", "real": "/p/.env.local"}]},
    {"kind": "tool-call", "time_ms": 3, "user": "bob", "profile": "work", "tool": "Write", "input": '{"file_', "input_cut": 1},
    {"kind": "tool-outcome", "time_ms": 4, "user": "bob", "tool": "Read", "input": "{}"},
    {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "terraform apply"}, "cwd": "/p"},
    {"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {"command": "terraform apply"}, "cwd": "/p"},
    {"event.name": "tool_decision", "tool_name": "Skill", "tool_use_id": "t1", "decision": "accept", "enduser.id": "carol"},
    {"event.name": "tool_result", "tool_name": "Skill", "tool_use_id": "t1", "tool_input": '{"skill": "pdf"}', "enduser.id": "carol"},
    {"resourceLogs": [{"resource": {"attributes": [{"key": "enduser.id", "value": {"stringValue": "dan"}}]}, "scopeLogs": [{"logRecords": [
        {"body": {"stringValue": "claude_code.tool_result"}, "attributes": [
            {"key": "tool_name", "value": {"stringValue": "Bash"}},
            {"key": "tool_parameters", "value": {"stringValue": '{"bash_command": "git", "full_command": "git commit -m y"}'}}]},
        {"body": {"stringValue": "claude_code.api_request"}, "attributes": []}]}]}]},
    {"event.name": "tool_result", "tool_name": "Edit", "tool_use_id": "t2"},
]  # fmt: skip


def test_simulate(golden: Golden) -> None:
    lines = [*map(json.dumps, RECORDED), "", "not json"]
    outcome = simulate.simulate(
        read_recorded(lines), load_policy_set(AFTER), before=load_policy_set(BEFORE), profile="work"
    )
    golden(HERE / "golden" / "simulate.txt", simulate.as_text(outcome))
    golden(HERE / "golden" / "simulate.json", json.dumps(simulate.as_json(outcome), indent=1) + "\n")
    assert outcome.judged == sum(outcome.totals.values())


def test_simulate_against_what_was_recorded() -> None:
    outcome = simulate.simulate(read_recorded(map(json.dumps, RECORDED)), load_policy_set(AFTER))
    assert (Verdict.ALLOW, Verdict.DENY) in outcome.totals
    assert "what came of the call is not recorded; compare with a policy" in outcome.unread


def test_what_nobody_could_be_asked_about_is_no_change_when_policy_still_asks() -> None:
    commit = RECORDED[0] | {
        "verdict": "deny",
        "reasons": [{"message": f"It commits{UNANSWERABLE}", "verdict": "deny"}],
    }
    read = {**commit, "input": '{"command": "git --version"}'}
    other = commit | {"reasons": [{"message": "It commits", "verdict": "deny"}]}
    policies = compile_set(
        _changed("allow: [git, npm test, terraform plan]", "ask: [git commit]\n  allow: [git]")
    )
    outcome = simulate.simulate(read_recorded(map(json.dumps, (commit, read, other))), policies)
    assert [(row.before, row.after, row.count) for row in outcome.rows] == [
        (Verdict.DENY, Verdict.ALLOW, 1),
        (Verdict.DENY, Verdict.ASK, 1),
    ]


def test_calls_of_two_sessions_are_two_whatever_their_ids() -> None:
    lines = [
        json.dumps(
            {"event.name": "tool_result", "session.id": session, "tool_use_id": "t", "tool_name": "Bash",
             "tool_input": '{"command": "npm test"}', "enduser.id": user}
        )
        for session, user in (("a", "alice"), ("b", "bob"), ("a", "alice"))
    ]  # fmt: skip
    outcome = simulate.simulate(read_recorded(lines), load_policy_set(BEFORE))
    assert outcome.judged == 2
    (assumed,) = outcome.assumed.items()
    assert f"2 of them name no profile: judged under {assumed[0]}" in simulate.as_text(outcome)


def test_a_call_whose_secret_was_masked_is_not_judged_as_harmless() -> None:
    masked = RECORDED[0] | {
        "input": '{"command": "git commit -m [redacted:secret/github-token:0123456789ab]"}',
        "verdict": "deny",
    }
    outcome = simulate.simulate(read_recorded([json.dumps(masked)]), load_policy_set(AFTER))
    (found,) = outcome.unread.items()
    assert (outcome.judged, found[0], found[1].count, found[1].lines) == (
        0,
        "the input of Bash holds a masked secret",
        1,
        [1],
    )


def test_what_can_t_be_read_is_told_with_its_lines_and_hides_nothing_after_it() -> None:
    good = json.dumps(RECORDED[0])
    lines = [good, "not json", "", good, "5", "{", *(["x"] * 9), good]
    outcome = simulate.simulate(read_recorded(f"{line}\n" for line in lines), load_policy_set(AFTER))
    assert outcome.judged == 3
    told = simulate.as_text(outcome, "calls.jsonl")
    assert "  11 x a line is not JSON\n      calls.jsonl:2, calls.jsonl:6, calls.jsonl:7" in told
    assert " and 6 more\n" in told
    assert "  1 x a line holds no object\n      calls.jsonl:5\n" in told


def test_a_document_over_several_lines_is_read_whole() -> None:
    text = json.dumps(RECORDED, indent=1)
    (whole,) = [
        [one for one in read_recorded(lines) if isinstance(one, Recorded)]
        for lines in [text.splitlines(keepends=True)]
    ]
    assert len(whole) == 5


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["kind", "time_ms", "tool", "input", "tool_name", "tool_input", "event.name", "resourceLogs", "scopeLogs",
             "logRecords", "attributes", "key", "value", "body", "accesses", "hook_event_name", "tool_use_id"]
        ),
        inner | st.sampled_from(["tool-call", "tool_result", "PreToolUse", "Bash"]),
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(_json.map(json.dumps) | st.text(max_size=20), max_size=4))
def test_reading_what_others_recorded_never_raises(lines: list[str]) -> None:
    for one in read_recorded(lines):
        assert isinstance(one, Recorded | Unread)


HELD = {
    "organisation.yaml": "organisation: o\nmode: enforce\nskills: {require: approval, bundled: [init], active: turn}\n",
    "profiles/p.yaml": "profile: p\ndescription: d\nskills: {fork: [deploy-*], marketplaces: [a/b]}\n"
    "flow: {meet: deny, private: ['~/customers/**'], trusted: [docs.example.com]}\n",
}


def test_what_skills_are_held_to_is_shown_compared_and_checked() -> None:
    held = load_policy_set(HELD)
    plain = load_policy_set(
        {
            "organisation.yaml": "organisation: o\nmode: enforce\n",
            "profiles/p.yaml": "profile: p\ndescription: d\n",
        }
    )
    notes = difference.compare(plain.policies["p"], held.policies["p"]).notes
    assert "new: skills need an approval, but for the client's own init" in notes
    assert "new: the skill deploy-* runs in a sub-agent of its own only" in notes
    assert "new: plugins come from a/b" in notes
    assert any("(~/customers/**)" in note and "docs.example.com" in note for note in notes)
    assert any(
        note.startswith("no longer: ")
        for note in difference.compare(held.policies["p"], plain.policies["p"]).notes
    )
    assert [one.kind for one in check.check(held, now=0)].count(check.Kind.NO_APPROVER) == 1
