"""Compiled settings: golden documents, and what holds of every one of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bailiwick.administration.targets.claude_settings import (
    ServiceAddress,
    Tier,
    compile_installation,
    compile_settings,
    session_documents,
    unexpressed,
)
from bailiwick.administration.targets.client import EVENTS, GATING, HOOKED
from bailiwick.administration.targets.lint import Severity, lint
from bailiwick.model.decision import Origin
from bailiwick.model.verdict import Mode
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Policy, PolicyException, Scope

HERE = Path(__file__).parent
SERVICE = ServiceAddress(url="http://127.0.0.1:7878", token="0f" * 16)
PROFILES = ["frontend", "monitored", "warned", "plain"]
PLACE: dict[str, Any] = {"project": "/home/dev/proj", "home": "/home/dev"}

Document = dict[str, Any]


def settings(policy: Policy, tier: Tier = Tier.HELPER, **more: Any) -> Document:
    return compile_settings(policy, service=SERVICE, tier=tier, **(PLACE | more))


def own(policy: Policy) -> Policy:
    """Without self-protection, whose rules have tests of their own and would change every golden document."""
    return replace(policy, layers=tuple(one for one in policy.layers if one.scope is not Scope.BUILTIN))


def hooks(document: Document) -> list[Document]:
    return [hook for groups in document["hooks"].values() for group in groups for hook in group["hooks"]]


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("profile", ["frontend", "monitored"])
def test_golden(
    profile: str, tier: Tier, policies: Mapping[str, Policy], golden: Callable[[Path, str], None]
) -> None:
    place: dict[str, Any] = {"project": None, "home": None} if tier is Tier.MANAGED else {}
    document = settings(own(policies[profile]), tier, **place)
    document["hooks"] = {event: document["hooks"][event] for event in ("PreToolUse", "Stop")}
    golden(HERE / "golden" / f"{profile}.{tier}.json", json.dumps(document, indent=1) + "\n")


def test_golden_session(policies: Mapping[str, Policy], golden: Callable[[Path, str], None]) -> None:
    documents = session_documents(own(policies["frontend"]), service=SERVICE, **PLACE)
    documents.plugin["hooks/hooks.json"]["hooks"] = sorted(documents.plugin["hooks/hooks.json"]["hooks"])
    shown = {"plugin": documents.plugin, "managed": documents.managed, "settings": documents.settings}
    golden(HERE / "golden" / "frontend.documents.json", json.dumps(shown, indent=1) + "\n")


def test_golden_unexpressed(policies: Mapping[str, Policy], golden: Callable[[Path, str], None]) -> None:
    lines = [f"{left.rule} ({left.origin}): {left.why}\n" for left in unexpressed(own(policies["frontend"]))]
    golden(HERE / "golden" / "frontend.unexpressed.txt", "".join(lines))


def test_golden_installation(golden: Callable[[Path, str], None]) -> None:
    document = compile_installation(helper="/usr/lib/bailiwick/policy-helper")
    assert lint(document) == ()
    golden(HERE / "golden" / "installation.json", json.dumps(document, indent=1) + "\n")


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("placed", [True, False])
def test_what_is_compiled_lints_clean(
    profile: str, tier: Tier, *, placed: bool, policies: Mapping[str, Policy]
) -> None:
    place: dict[str, Any] = {} if placed else {"project": None, "home": None}
    found = lint(settings(policies[profile], tier, **place), managed=tier is not Tier.SESSION)
    enforcing = policies[profile].mode is Mode.ENFORCE
    assert [str(problem) for problem in found if problem.severity is Severity.ERROR] == []
    assert not (placed and enforcing and found)


@pytest.mark.parametrize("profile", PROFILES)
def test_session_documents_lint_clean(profile: str, policies: Mapping[str, Policy]) -> None:
    documents = session_documents(policies[profile], service=SERVICE, base_url="http://127.0.0.1:9", **PLACE)
    assert lint(documents.settings, managed=False) == ()
    assert lint(documents.managed) == ()
    errors = [p for p in lint(documents.plugin["hooks/hooks.json"]) if p.severity is Severity.ERROR]
    assert errors == []


@pytest.mark.parametrize("profile", PROFILES)
def test_compiling_is_deterministic_and_sorted(profile: str, policies: Mapping[str, Policy]) -> None:
    one, other = settings(policies[profile]), settings(policies[profile])
    assert json.dumps(one) == json.dumps(other)
    assert list(one) == sorted(one)
    reordered = replace(policies[profile], layers=tuple(reversed(policies[profile].layers)))
    assert json.dumps(settings(reordered)) == json.dumps(one)


def test_every_event_is_reported_and_every_gate_fails_closed(policies: Mapping[str, Policy]) -> None:
    document = settings(policies["frontend"])
    assert list(document["hooks"]) == sorted(HOOKED)
    assert set(EVENTS) - set(HOOKED) == {"WorktreeCreate", "WorktreeRemove", "FileChanged", "MessageDisplay"}
    assert set(HOOKED) >= GATING
    for hook in hooks(document):
        assert (hook["type"], hook["url"]) == ("http", "http://127.0.0.1:7878/v1/hook")
        assert hook["onFailure"] == "block"
        assert hook["timeout"] > 0
        assert not {"if", "async"} & set(hook)
        assert hook["headers"] == {"Authorization": f"Bearer {SERVICE.token}"}


def test_without_a_secret_in_it_the_document_names_the_variable(policies: Mapping[str, Policy]) -> None:
    document = compile_settings(
        policies["plain"], service=ServiceAddress(url="http://127.0.0.1:1/"), tier=Tier.MANAGED
    )
    for hook in hooks(document):
        assert hook["url"] == "http://127.0.0.1:1/v1/hook"
        assert hook["headers"] == {"Authorization": "Bearer $BAILIWICK_TOKEN"}
        assert hook["allowedEnvVars"] == ["BAILIWICK_TOKEN"]


def test_hooks_over_the_relay(policies: Mapping[str, Policy]) -> None:
    relay = ("/usr/bin/python3", "-IS", "/r.py", "--socket", "/s")
    document = compile_settings(
        policies["plain"], service=ServiceAddress(url="http://127.0.0.1:1", relay=relay), tier=Tier.MANAGED
    )
    assert [p for p in lint(document) if p.severity is Severity.ERROR] == []
    gate, stop = (document["hooks"][event][0]["hooks"][0] for event in ("PreToolUse", "Stop"))
    assert (gate["type"], gate["command"], gate["args"]) == ("command", relay[0], list(relay[1:]))
    assert (gate["onFailure"], stop["args"][-1]) == ("block", "--notice")


REACHED = {
    "CLAUDE_CODE_SAFE_MODE": "0",
    "CLAUDE_CODE_SIMPLE": "0",
    "NO_PROXY": "127.0.0.1,localhost,::1",
    "no_proxy": "127.0.0.1,localhost,::1",
}
"""What keeps the hooks where they are, whatever the mode."""


@pytest.mark.parametrize("profile", ["monitored", "warned"])
@pytest.mark.parametrize("tier", Tier)
def test_a_policy_on_trial_blocks_nothing_but_what_protects_itself(
    profile: str, tier: Tier, policies: Mapping[str, Policy]
) -> None:
    policy = policies[profile]
    document = settings(policy, tier)
    assert set(document) <= {"env", "hooks", "permissions", "managedSourcesBehavior", "disableAllHooks"}
    assert document["env"] == REACHED
    assert all("onFailure" not in hook for hook in hooks(document))
    builtin = next(layer for layer in policy.layers if layer.scope is Scope.BUILTIN)
    kept = replace(policy, layers=(builtin,))
    assert document["permissions"] == settings(kept, tier)["permissions"]
    assert all(
        "bailiwick" in rule or "/proc" in rule or "systemctl" in rule
        for rules in document["permissions"].values()
        for rule in rules
    )
    documents = session_documents(policy, service=SERVICE, **PLACE)
    assert set(documents.managed) <= {"permissions"}
    assert documents.settings["env"] == REACHED


def test_self_protection_is_compiled_too(policies: Mapping[str, Policy]) -> None:
    deny = settings(policies["plain"])["permissions"]["deny"]
    assert {"Edit(//etc/claude-code/**)", "Edit(//**/.claude/settings*.json)", "Bash(claude *)"} <= set(deny)
    assert {"Read(//home/dev/.local/state/bailiwick/**)", "Edit(//home/dev/.bashrc)"} <= set(deny)


def test_a_rule_on_trial_is_left_to_the_hook(policies: Mapping[str, Policy]) -> None:
    policy = policies["frontend"]
    tried = replace(
        policy,
        layers=tuple(
            replace(layer, rules=tuple(replace(rule, mode=Mode.MONITOR) for rule in layer.rules))
            for layer in policy.layers
        ),
    )
    assert not {"deny", "ask"} & set(settings(tried)["permissions"])


def test_a_rule_that_an_exception_may_lift_is_left_to_the_hook(policies: Mapping[str, Policy]) -> None:
    policy = policies["frontend"]
    exception = PolicyException(
        id="EX-1",
        origin=Origin(file="exceptions/1.yaml", line=1),
        lifts=("acme.files.hidden.*", "builtin.*"),
        covers=(),
        users=frozenset(),
        groups=frozenset(),
        approved_by="ciso",
        reason="r",
        ticket="T-1",
        expires=1,
    )
    before = settings(policy)["permissions"]["deny"]
    lifted = replace(exception, lifts=("*.files.hidden.*", "builtin.*"))
    after = settings(replace(policy, exceptions=(lifted,)))["permissions"]["deny"]
    gone = set(before) - set(after)
    assert gone == {
        f"{tool}({path})" for tool in ("Read", "Edit") for path in ("//**/.env", "//home/dev/.aws/**")
    }


def test_locks_and_pins(policies: Mapping[str, Policy]) -> None:
    document = settings(policies["frontend"])
    assert document["env"] == REACHED | {
        "ANTHROPIC_BASE_URL": "https://models.acme.example",
        "BASH_DEFAULT_TIMEOUT_MS": "30000",
        "BASH_MAX_TIMEOUT_MS": "30000",
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
        "CLAUDE_CODE_EXTRA_BODY": '{"inference_geo": "eu"}',
        "NODE_TLS_REJECT_UNAUTHORIZED": "1",
        "GIT_CONFIG_PARAMETERS": "'safe.bareRepository=explicit'",
    }
    assert document["permissions"]["disableBypassPermissionsMode"] == "disable"
    assert document["permissions"]["disableAutoMode"] == "disable"
    for lock in ("allowManagedHooksOnly", "allowManagedPermissionRulesOnly", "allowManagedMcpServersOnly"):
        assert document[lock] is True
    assert document["disableSideloadFlags"] is True
    assert document["disableSkillShellExecution"] is True
    assert document["managedSourcesBehavior"] == "merge"
    assert document["requiredMinimumVersion"] == "2.1.295"
    assert document["allowedProviders"] == ["customEndpoint"]
    assert document["availableModels"] == ["claude-sonnet"]
    assert document["allowedMcpServers"] == [{"serverName": "docs"}]
    assert document["strictKnownMarketplaces"] == []
    assert document["skillOverrides"] == {"deploy": "off"}


def test_the_sandbox_reaches_the_service_and_hides_credentials(policies: Mapping[str, Policy]) -> None:
    sandbox = settings(policies["frontend"])["sandbox"]
    assert sandbox["enabled"] is sandbox["failIfUnavailable"] is True
    assert sandbox["allowUnsandboxedCommands"] is False
    assert sandbox["network"]["allowedDomains"] == ["*.acme.example", "127.0.0.1"]
    assert sandbox["network"]["deniedDomains"] == ["evil.example"]
    hidden = {entry["name"] for entry in sandbox["credentials"]["envVars"] if entry["mode"] == "deny"}
    assert hidden >= {"BAILIWICK_TOKEN", "ANTHROPIC_API_KEY"}
    assert "/etc" in sandbox["filesystem"]["denyWrite"]
    assert "/home/dev/.aws" in sandbox["filesystem"]["denyRead"]
    assert "sandbox" not in settings(policies["plain"])


def test_a_session_s_documents_can_t_be_undone_by_its_user(policies: Mapping[str, Policy]) -> None:
    documents = session_documents(policies["frontend"], service=SERVICE, **PLACE)
    assert "hooks" not in documents.settings
    assert "permissions" not in documents.settings
    assert documents.settings["disableAllHooks"] is False
    assert documents.settings["enabledPlugins"] == {"bailiwick@inline": True}
    assert documents.settings["allowedHttpHookUrls"] == ["http://127.0.0.1:7878/*"]
    assert documents.managed["strictPluginOnlyCustomization"] == ["hooks"]
    assert documents.managed["allowManagedPermissionRulesOnly"] is True
    assert "Read(//**/.env)" in documents.managed["permissions"]["deny"]
    assert SERVICE.token is not None
    assert SERVICE.token not in json.dumps(documents.managed)
    assert documents.plugin[".claude-plugin/plugin.json"]["name"] == "bailiwick"


def test_a_session_s_own_endpoint_is_pinned_where_the_policy_names_none(
    policies: Mapping[str, Policy],
) -> None:
    plain = replace(policies["plain"], client=replace(policies["plain"].client, base_url=None))
    assert settings(plain, base_url="http://a.example")["env"]["ANTHROPIC_BASE_URL"] == "http://a.example"
    assert "ANTHROPIC_BASE_URL" not in settings(plain)["env"]
    pinned = settings(policies["plain"], base_url="http://a.example")["env"]
    assert pinned["ANTHROPIC_BASE_URL"] == "https://models.acme.example"


def test_closed_permission_modes(policies: Mapping[str, Policy]) -> None:
    def modes(*allowed: str) -> Document:
        client = replace(policies["plain"].client, permission_modes=allowed)
        permissions: Document = settings(replace(policies["plain"], client=client))["permissions"]
        return {name: value for name, value in permissions.items() if name not in {"deny", "ask"}}

    assert modes("default", "bypassPermissions", "auto") == {}
    assert modes("plan") == {
        "defaultMode": "plan",
        "disableAutoMode": "disable",
        "disableBypassPermissionsMode": "disable",
    }


def test_telemetry_is_pinned_where_there_is_a_receiver(policies: Mapping[str, Policy]) -> None:
    service = replace(SERVICE, telemetry="http://127.0.0.1:4318")
    for profile in ("frontend", "monitored"):
        env = compile_settings(policies[profile], service=service, tier=Tier.HELPER)["env"]
        assert env["CLAUDE_CODE_ENABLE_TELEMETRY"] == "1"
        assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"


def test_unapproved_skills_are_off_and_named_marketplaces_are_known() -> None:
    text = """
profile: p
description: d
skills:
  require: approval
  marketplaces: [acme/plugins, "https://git.example.com/p.git", /srv/plugins]
"""
    files = {"organisation.yaml": "organisation: o\nmode: enforce\n", "profiles/p.yaml": text}
    policy = load_policy_set(files).policies["p"]
    document = compile_settings(policy, service=SERVICE, tier=Tier.HELPER, unapproved=("evil",), **PLACE)
    assert document["skillOverrides"] == {"evil": "off"}
    assert document["disableSkillShellExecution"] is True
    assert document["env"]["PYTHONDONTWRITEBYTECODE"] == "1"
    assert document["strictKnownMarketplaces"] == [
        {"source": "directory", "path": "/srv/plugins"},
        {"source": "github", "repo": "acme/plugins"},
        {"source": "git", "url": "https://git.example.com/p.git"},
    ]
