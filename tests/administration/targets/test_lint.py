"""Lint: every trap of a settings document that the client would pass over in silence."""

from typing import Any

import pytest

from bailiwick.administration.targets.client import EVENTS
from bailiwick.administration.targets.lint import Severity, lint

HTTP = {"type": "http", "url": "http://127.0.0.1:1/x", "timeout": 5, "onFailure": "block"}


def hooked(event: str = "PreToolUse", **hook: Any) -> dict[str, Any]:
    return {"hooks": {event: [{"matcher": "*", "hooks": [HTTP | hook]}]}}


ERRORS: dict[str, tuple[Any, str]] = {
    "no object": ([], "(document)"),
    "an unknown key": ({"allowManagedHookOnly": True}, "allowManagedHookOnly"),
    "a misspelt key": ({"allowmanagedhooksonly": True}, "allowmanagedhooksonly"),
    "a lock as text": ({"allowManagedHooksOnly": "true"}, "allowManagedHooksOnly"),
    "a wrong word": ({"permissions": {"disableAutoMode": True}}, "permissions.disableAutoMode"),
    "an unknown nested key": ({"permissions": {"denied": []}}, "permissions.denied"),
    "deny as text": ({"permissions": {"deny": "Read(//a)"}}, "permissions.deny"),
    "permissions as a list": ({"permissions": []}, "permissions"),
    "variables of other kinds": ({"env": {"A": 1}}, "env"),
    "a provider unknown": ({"allowedProviders": ["azure"]}, "allowedProviders"),
    "a rule that is none": ({"permissions": {"deny": [7]}}, "permissions.deny[0]"),
    "an empty rule": ({"permissions": {"deny": [" "]}}, "permissions.deny[0]"),
    "an open rule": ({"permissions": {"deny": ["Read(//a", "Read"]}}, "permissions.deny[0]"),
    "empty parentheses": ({"permissions": {"deny": ["Read()"]}}, "permissions.deny[0]"),
    "a lower-case tool": ({"permissions": {"deny": ["bash(ls)"]}}, "permissions.deny[0]"),
    "a Write rule": ({"permissions": {"deny": ["Write(//a)"]}}, "permissions.deny[0]"),
    "a Glob rule": ({"permissions": {"deny": ["Glob(//a)"]}}, "permissions.deny[0]"),
    "a prefix for files": ({"permissions": {"deny": ["Read(//a:*)"]}}, "permissions.deny[0]"),
    "an empty prefix": ({"permissions": {"deny": ["Bash(:*)"]}}, "permissions.deny[0]"),
    "MCP with content": ({"permissions": {"deny": ["mcp__a__b(c)"]}}, "permissions.deny[0]"),
    "WebFetch without domain": ({"permissions": {"deny": ["WebFetch(a.example)"]}}, "permissions.deny[0]"),
    "a wildcard in a skill": ({"permissions": {"deny": ["Skill(al*)"]}}, "permissions.deny[0]"),
    "allowing everything": ({"permissions": {"allow": ["*"]}}, "permissions.allow[0]"),
    "an unknown event": (hooked("PreTooluse"), "hooks.PreTooluse"),
    "hooks as a list": ({"hooks": []}, "hooks"),
    "an event that is no list": ({"hooks": {"Stop": {}}}, "hooks.Stop"),
    "a group without hooks": ({"hooks": {"Stop": [{}]}}, "hooks.Stop[0]"),
    "a matcher that is no text": (
        {"hooks": {"Stop": [{"matcher": 1, "hooks": []}]}},
        "hooks.Stop[0].matcher",
    ),
    "an unknown hook type": (hooked(type="https"), "hooks.PreToolUse[0].hooks[0]"),
    "an unknown field": (hooked(onfailure="block"), "hooks.PreToolUse[0].hooks[0].onfailure"),
    "a wrong onFailure": (hooked(onFailure="deny"), "hooks.PreToolUse[0].hooks[0].onFailure"),
    "no time": (hooked(timeout=0), "hooks.PreToolUse[0].hooks[0].timeout"),
    "a filtered gate": (hooked(**{"if": "Bash(curl *)"}), "hooks.PreToolUse[0].hooks[0].if"),
    "an async gate": (
        {
            "hooks": {
                "PreToolUse": [
                    {
                        "hooks": [
                            {
                                "type": "command",
                                "command": "x",
                                "async": True,
                                "timeout": 1,
                                "onFailure": "block",
                            }
                        ]
                    }
                ]
            }
        },
        "hooks.PreToolUse[0].hooks[0]",
    ),
    "a prompt as gate": (
        {"hooks": {"PreToolUse": [{"hooks": [{"type": "prompt", "prompt": "x", "timeout": 1}]}]}},
        "hooks.PreToolUse[0].hooks[0]",
    ),
    "a command hook without command": (
        {"hooks": {"Stop": [{"hooks": [{"type": "command"}]}]}},
        "hooks.Stop[0].hooks[0]",
    ),
    "a sandbox that may be missing": ({"sandbox": {"enabled": True}}, "sandbox"),
    "a sandbox that cuts the hooks off": (
        hooked()
        | {"sandbox": {"enabled": True, "failIfUnavailable": True, "network": {"allowedDomains": []}}},
        "sandbox.network.allowedDomains",
    ),
    "an unknown sandbox key": (
        {"sandbox": {"network": {"allowDomains": []}}},
        "sandbox.network.allowDomains",
    ),
    "a helper that is misspelt": (
        {"policyHelpers": {"linux": {"onfailure": "refuse"}}},
        "policyHelpers.linux.onfailure",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    document, path = ERRORS[name]
    problems = [problem for problem in lint(document) if problem.severity is Severity.ERROR]
    assert [problem.path for problem in problems] == [path]
    assert problems[0].message
    assert problems[0].mend


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"permissions": {"deny": ["Read(/etc/**)"]}}, "permissions.deny[0]"),
        ({"permissions": {"deny": ["Read(**/*.env)"]}}, "permissions.deny[0]"),
        ({"permissions": {"ask": ["Edit(src/**)"]}}, "permissions.ask[0]"),
        (
            {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": "x", "timeout": 1}]}]}},
            "hooks.PreToolUse[0].hooks[0]",
        ),
        (
            {
                "hooks": {
                    "PreToolUse": [{"hooks": [{"type": "command", "command": "x", "onFailure": "block"}]}]
                }
            },
            "hooks.PreToolUse[0].hooks[0]",
        ),
    ],
)
def test_warnings(document: Any, path: str) -> None:
    [problem] = lint(document)
    assert (problem.path, problem.severity) == (path, Severity.WARNING)


CLEAN: list[dict[str, Any]] = [
    {},
    hooked(),
    {
        "permissions": {
            "deny": [
                "*",
                "Read",
                "Read(//etc/**)",
                "Read(~/.ssh/**)",
                "Bash(git push:*)",
                "mcp__*",
                "propose_skills",
            ]
        }
    },
    {"permissions": {"allow": ["Read(src/**)", "Bash(npm test)", "mcp__docs__*"], "defaultMode": "plan"}},
    {"sandbox": {"enabled": True, "failIfUnavailable": True, "network": {"allowedDomains": ["127.0.0.1"]}}}
    | hooked(),
    {"forceLoginOrgUUID": ["a", "b"], "attribution": False, "cleanupPeriodDays": 30.0},
    {"hooks": {event: [{"hooks": [HTTP]}] for event in EVENTS}},
]


@pytest.mark.parametrize("document", CLEAN, ids=range(len(CLEAN)))
def test_clean(document: dict[str, Any]) -> None:
    assert lint(document) == ()


def test_a_managed_key_elsewhere_is_no_lock() -> None:
    [problem] = lint({"allowManagedHooksOnly": True}, managed=False)
    assert problem.path == "allowManagedHooksOnly"


def test_a_client_too_old_is_a_problem() -> None:
    assert [problem.path for problem in lint({}, "2.1.197")] == ["(client)"]
    assert lint({}, "2.1.295") == ()
    assert lint({}, "2.2.0") == ()


def test_a_misspelt_key_is_mended() -> None:
    assert lint({"allowmanagedhooksonly": True})[0].mend == "write allowManagedHooksOnly"


def test_anything_at_all_is_linted() -> None:
    documents: tuple[Any, ...] = (
        None,
        7,
        "x",
        [],
        {"hooks": {"PreToolUse": [7, {"hooks": [7, {"type": []}]}]}},
        {"sandbox": 7},
    )
    for document in documents:
        assert lint(document)
