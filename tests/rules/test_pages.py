"""The page is the test: every rule has one, its examples hold, and its known gaps are still gaps."""

import json
import re

import pytest

from bailiwick.analysis.text.secrets import SECRET_RULES
from bailiwick.analysis.tools import analyze
from bailiwick.decision.detect import MAX_FINDINGS, detect
from bailiwick.model.access import Confidence, Facts, Finding
from bailiwick.model.event import Event, Happening, Prompt, ToolCall, ToolResult
from bailiwick.model.request import Principal, Request, Session
from bailiwick.rules.catalogue import CATALOGUE
from bailiwick.rules.page import Expectation, PageError, PageExample, page_of, parse
from bailiwick.rules.rule import MAX_TEXTS, Rule, Severity
from planted import MAKERS, maker_of

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"


class NoFiles:
    """A file system of which nothing is known."""

    def real(self, path: str) -> str:
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        del pattern
        return None


def request_for(what: Happening) -> Request:
    return Request(
        principal=Principal(user="dev", uid=1000, home="/home/dev"),
        event=Event(name="x", session="c", cwd="/w", what=what),
        session=Session(key="s", profile="p", project="/w"),
    )


def findings(what: Happening) -> tuple[Finding, ...]:
    request = request_for(what)
    return detect(request, analyze(request, NoFiles())).findings


def happening(rule: Rule, example: PageExample) -> Happening:
    text = example.text
    if "{secret}" in text:
        text = text.replace("{secret}", maker_of(rule.id)(BODY)[0])
    text = text.replace("{tail}", BODY[:20])
    if example.language == "sh":
        return ToolCall(tool="Bash", input={"command": text})
    if example.language == "json":
        call = json.loads(text)
        return ToolCall(tool=call["tool"], input=call["input"])
    return Prompt(text=text.encode("ascii").decode("unicode_escape"))


EXAMPLES = [(rule, example) for rule in CATALOGUE for example in page_of(rule).examples]


@pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=[f"{rule.id}: {example.text[:60]}" for rule, example in EXAMPLES]
)
def test_examples_hold(rule: Rule, example: PageExample) -> None:
    noticed = rule.id in {finding.rule for finding in findings(happening(rule, example))}
    assert noticed == (example.expectation is Expectation.NOTICED), (
        "a known gap that is closed belongs under Noticed"
    )


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_every_rule_has_a_page_with_both_kinds_of_example(rule: Rule) -> None:
    page = page_of(rule)
    assert page.title == rule.title
    if not rule.id.startswith("internal/"):
        kinds = {example.expectation for example in page.examples}
        assert {Expectation.NOTICED, Expectation.NOT_NOTICED} <= kinds


def test_ids_are_unique_and_well_formed() -> None:
    ids = [rule.id for rule in CATALOGUE]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*", rule_id) for rule_id in ids)


def test_every_secret_that_is_masked_has_a_rule() -> None:
    assert {rule.id for rule in CATALOGUE if rule.id.startswith("secret/")} == SECRET_RULES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no title\n\nwhy", "begins with its title"),
        ("# T\n\n## Noticed\n", "says why"),
        ("# T\n\nwhy\n", "what to do instead"),
        ("# T\n\nwhy\n\n## What to do instead\n\nx\n\n## Other\n\ny\n", "no section 'Other'"),
        ("# T\n\nwhy\n\n## What to do instead\n\nx\n\n## Noticed\n\n```c\ny\n```\n", "not 'c'"),
    ],
)
def test_a_page_of_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        parse(text)


# --- detect


def test_a_finding_points_at_its_place_and_never_quotes_the_secret() -> None:
    text, secret = MAKERS["secret/github-token"](BODY)
    command = f"GH_TOKEN={text} gh api user"
    found = [
        f
        for f in findings(ToolCall(tool="Bash", input={"command": command}))
        if f.rule == "secret/github-token"
    ]
    (finding,) = found
    assert finding.field == "tool_input.command"
    assert finding.cause is not None
    assert command[finding.cause.start : finding.cause.end] == secret
    assert secret not in finding.message
    assert finding.confidence is Confidence.HIGH


def test_no_message_quotes_a_secret() -> None:
    for make in MAKERS.values():
        text, secret = make(BODY)
        what = ToolCall(tool="Write", input={"file_path": f"/etc/cron.d/{secret}", "content": text})
        found = findings(what)
        assert "command/persistence" in {f.rule for f in found}
        assert not any(secret in f.message for f in found)


def test_secrets_are_found_in_every_field() -> None:
    text, _ = MAKERS["secret/npm-token"](BODY)
    nested = {"edits": [{"new_string": "a"}, {"new_string": f"token {text}"}]}
    assert {f.field for f in findings(ToolCall(tool="MultiEdit", input=nested))} >= {
        "tool_input.edits.1.new_string"
    }
    assert {f.field for f in findings(Prompt(text=f"use {text}"))} == {"prompt"}
    assert {f.field for f in findings(ToolResult(tool="Bash", input={}, response={"stdout": text}))} == {
        "tool_response.stdout"
    }


def test_a_key_gives_its_value_away() -> None:
    found = findings(ToolCall(tool="mcp__x__login", input={"user": "a", "password": "Tr0ub4dor3xyz"}))
    assert ("secret/generic-assignment", "tool_input.password") in {(f.rule, f.field) for f in found}


def test_a_rule_that_fails_is_a_finding_and_hides_no_other() -> None:
    def broken(_evidence: object) -> list[Finding]:
        raise RuntimeError("secret text of the event")

    bad = Rule(id="test/broken", title="Broken", severity=Severity.LOW, find=broken)
    request = request_for(ToolCall(tool="Bash", input={"command": "sudo id"}))
    found = detect(request, analyze(request, NoFiles()), rules=(bad, *CATALOGUE)).findings
    assert [f.rule for f in found] == ["internal/rule-error", "command/privilege"]
    assert found[0].message == "test/broken failed with RuntimeError; what it looks for is not known here"


def test_what_is_not_scanned_is_said() -> None:
    big = ToolCall(tool="Write", input={"file_path": "/w/x", "content": "x" * 2_000_000})
    assert [f.rule for f in findings(big)] == ["internal/not-fully-scanned"]
    many = ToolCall(tool="mcp__x__y", input={"list": ["x"] * (MAX_TEXTS + 5)})
    assert "internal/not-fully-scanned" in {f.rule for f in findings(many)}


def test_findings_are_bounded() -> None:
    text, _ = MAKERS["secret/stripe-key"](BODY)
    many = findings(Prompt(text=f"{text}, " * 1_000))
    assert len(many) == MAX_FINDINGS + 1
    assert many[-1].message.endswith("more findings are not listed")


def test_detecting_keeps_the_facts_and_any_earlier_findings() -> None:
    request = request_for(Prompt(text="hello"))
    earlier = Facts(findings=(Finding(rule="x/y", message="m"),))
    assert detect(request, earlier) == earlier


def test_deep_and_odd_inputs_are_looked_at_too() -> None:
    text, _ = MAKERS["secret/gitlab-token"](BODY)
    value: object = text
    for _ in range(400):
        value = [value]
    assert "secret/gitlab-token" in {
        f.rule for f in findings(ToolCall(tool="x", input={"deep": value, "n": 1.5, "o": None}))
    }
