"""One policy to the client's settings: locks, rules, sandbox, pinned environment and the hooks.

Nothing here is a second policy: what the client can enforce by itself is derived from the same rules as the
hook's answers (law 12), and a policy that only monitors or warns compiles to hooks that block nothing.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from bailiwick.administration.targets.client import (
    GATING,
    HOOKED,
    MINIMUM_VERSION,
    PERMISSION_MODES,
    PROVIDERS,
    SECRETS,
)
from bailiwick.administration.targets.native import (
    Native,
    Unexpressed,
    enforced,
    hidden_files,
    native,
    unexpressed,
)
from bailiwick.model.decision import Clamp, Obligation, Rewrite, Sandbox
from bailiwick.model.glob import name_glob
from bailiwick.model.request import FileView
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import HostCondition, NameCondition, Policy, Rule, Subject

__all__ = [
    "ServiceAddress",
    "SessionDocuments",
    "Tier",
    "Unexpressed",
    "compile_installation",
    "compile_settings",
    "session_documents",
    "unexpressed",
]

HOOK_TIMEOUT: Final = 10
"""Seconds the client waits for an answer; the service answers in milliseconds, and no answer blocks."""

DEFAULT_BASH_MS: Final = 120_000
"""The client's own time for a command that asks for none."""

HELPER_TIMEOUT_MS: Final = 5000
"""How long the client waits for the policy helper before it refuses to start."""

HELPER_REFRESH_MS: Final = 60_000
"""How often the client asks the policy helper again; the smallest interval it accepts."""

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Hosts that are this machine."""

TOKEN_VARIABLE: Final = "BAILIWICK_TOKEN"  # noqa: S105 - the name of the variable, not a token

PLUGIN: Final = "bailiwick"
"""The name of the launcher's plugin; the client calls one given by directory ``bailiwick@inline``."""


class Tier(StrEnum):
    """Which of the client's settings sources the document is for.

    ``MANAGED`` is a file for every user of a machine, ``HELPER`` the answer of the policy helper for one
    client process (managed too), ``SESSION`` what the launcher hands to a client of its own.
    """

    MANAGED = "managed"
    SESSION = "session"
    HELPER = "helper"


@value(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """Where hooks are sent and how they say whose session it is.

    ``url`` has no path (``http://127.0.0.1:7878``). ``token`` stands in the document as it is; without one
    the client takes it from the variable ``BAILIWICK_TOKEN``. ``telemetry`` is an OTLP endpoint, if any.
    ``relay`` is the argument vector of the relay where HTTP hooks do not fit; it finds the secret itself.
    """

    url: str
    token: str | None = None
    telemetry: str | None = None
    relay: tuple[str, ...] = ()


def compile_settings(  # noqa: PLR0913 - a document is for a policy, a service, a tier and a place
    policy: Policy,
    *,
    service: ServiceAddress,
    tier: Tier,
    project: str | None = None,
    home: str | None = None,
    base_url: str | None = None,
    no_proxy: str = "",
    shell: str = "",
    files: FileView | None = None,
    unapproved: Sequence[str] = (),
) -> dict[str, Any]:
    """The settings document of ``policy``, names sorted; equal arguments give equal documents.

    ``base_url`` is the model endpoint that a session uses where the policy names none: pinned, so that a
    repository's settings can't send the session's traffic elsewhere. So is ``shell``, the path of the shell in whose
    dialect commands are read, where it is known. ``files`` lets a required sandbox hide files
    that exist under a pattern. ``unapproved`` are skills that stand on the machine and may not be loaded: with them
    off, what they say about themselves isn't shown to the model either.
    """
    rules = native(policy, project=project, home=home)
    document: dict[str, Any] = {
        "env": _environment(policy, service, base_url, no_proxy) | _shell(shell),
        "hooks": _hooks(service, blocking=_stops(policy)),
        "permissions": _permissions(policy, rules),
    }
    if off := (*rules.skills_off, *(unapproved if _stops(policy) else ())):
        document["skillOverrides"] = dict.fromkeys(off, "off")
    if tier is Tier.SESSION:
        # A user's own `disableAllHooks` would switch the hooks of this document off.
        document["disableAllHooks"] = False
    if _stops(policy):
        document["disableSkillShellExecution"] = True
        if _sandboxed(policy):
            document["sandbox"] = _sandbox(policy, rules, service, tier)
            if files is not None and project is not None and home is not None:
                hidden = hidden_files(policy, files, project=project, home=home)
                filesystem = document["sandbox"]["filesystem"]
                filesystem["denyRead"] = sorted({*filesystem.get("denyRead", ()), *hidden})
        if tier is not Tier.SESSION:
            document |= _locks(policy) | _model_limits(policy)
    if tier is not Tier.SESSION:
        document["managedSourcesBehavior"] = "merge"
    return _sorted({name: value for name, value in document.items() if value != {}})


@value(frozen=True, slots=True, kw_only=True)
class SessionDocuments:
    """What a session without managed settings is started with; each is JSON.

    ``plugin`` are the files of the plugin that carries the hooks, by path inside it; they hold the session's
    secret. ``managed`` is for ``--managed-settings``, of which the client keeps restrictions only.
    ``settings`` is for ``--settings``.
    """

    plugin: dict[str, dict[str, Any]]
    managed: dict[str, Any]
    settings: dict[str, Any]


def session_documents(  # noqa: PLR0913 - as above
    policy: Policy,
    *,
    service: ServiceAddress,
    project: str,
    home: str,
    base_url: str | None = None,
    no_proxy: str = "",
    shell: str = "",
    files: FileView | None = None,
    unapproved: Sequence[str] = (),
) -> SessionDocuments:
    """The documents by which the launcher binds a client of its own, without root.

    Hooks come in a plugin because that is what ``strictPluginOnlyCustomization`` leaves alone: the user's and
    the repository's own hooks, which could rewrite a call after ours, do not run. Rules stand in ``managed``
    because ``allowManagedPermissionRulesOnly`` makes the client ignore those of ``settings``.
    """
    whole = compile_settings(
        policy,
        service=service,
        tier=Tier.SESSION,
        project=project,
        home=home,
        base_url=base_url,
        no_proxy=no_proxy,
        shell=shell,
        files=files,
        unapproved=unapproved,
    )
    hooks = whole.pop("hooks")
    managed: dict[str, Any] = {"permissions": whole.pop("permissions")} if "permissions" in whole else {}
    if _stops(policy):
        managed |= _model_limits(policy)
        managed |= {name: whole[name] for name in ("disableSkillShellExecution", "sandbox") if name in whole}
        managed |= {"allowManagedPermissionRulesOnly": True, "strictPluginOnlyCustomization": ["hooks"]}
        # Plugins that the user installed would keep their hooks, and a slow one rewrites a call after ours.
        managed |= {"strictKnownMarketplaces": _marketplaces(policy)}
        servers = _servers(policy)
        if servers is not None:
            managed |= {"allowManagedMcpServersOnly": True, "allowedMcpServers": _named(servers)}
    settings = whole | {
        # Lists of allowed hook addresses are united, so this keeps ours reachable beside a narrower one.
        "allowedHttpHookUrls": [f"{service.url.rstrip('/')}/*"],
        "enabledPlugins": {f"{PLUGIN}@inline": True},
    }
    manifest = {"name": PLUGIN, "version": "1.0.0", "description": "Policy decisions on every tool call."}
    return SessionDocuments(
        plugin={".claude-plugin/plugin.json": manifest, "hooks/hooks.json": {"hooks": hooks}},
        managed=_sorted(managed),
        settings=_sorted(settings),
    )


def compile_installation(
    *, helper: str, minimum_version: str = MINIMUM_VERSION, timeout_ms: int = HELPER_TIMEOUT_MS
) -> dict[str, Any]:
    """The managed settings file of a whole machine: the locks that hold for everybody, and the policy helper.

    ``helper`` is the absolute path of the helper's executable. What a person may do comes from the helper, for
    each client process anew, and the client does not start when the helper fails.
    """
    return _sorted(
        {
            "managedSourcesBehavior": "merge",
            "policyHelpers": {
                system: {
                    "path": helper,
                    "timeoutMs": timeout_ms,
                    "refreshIntervalMs": HELPER_REFRESH_MS,
                    "outputBehavior": "merge",
                    "onFailure": "refuse",
                }
                for system in ("linux", "macos")
            },
            "requiredMinimumVersion": minimum_version,
        }
    )


def _stops(policy: Policy) -> bool:
    return policy.mode is Mode.ENFORCE


def _hooks(service: ServiceAddress, *, blocking: bool) -> dict[str, Any]:
    common: dict[str, Any] = {"timeout": HOOK_TIMEOUT} | ({"onFailure": "block"} if blocking else {})
    return {event: [{"matcher": "*", "hooks": [_hook(service, event) | common]}] for event in HOOKED}


def _hook(service: ServiceAddress, event: str) -> dict[str, Any]:
    if service.relay:
        program, *arguments = service.relay
        notice = [] if event in GATING else ["--notice"]
        return {"type": "command", "command": program, "args": [*arguments, *notice]}
    hook: dict[str, Any] = {"type": "http", "url": f"{service.url.rstrip('/')}/v1/hook"}
    if service.token is None:
        return hook | {
            "headers": {"Authorization": f"Bearer ${TOKEN_VARIABLE}"},
            "allowedEnvVars": [TOKEN_VARIABLE],
        }
    return hook | {"headers": {"Authorization": f"Bearer {service.token}"}}


def _permissions(policy: Policy, rules: Native) -> dict[str, Any]:
    permissions: dict[str, Any] = {"deny": list(rules.deny), "ask": list(rules.ask)}
    if _stops(policy):
        permissions |= _mode_locks(policy)
        allowed = policy.client.permission_modes
        if "default" not in allowed and (first := next((m for m in allowed if m in PERMISSION_MODES), None)):
            permissions["defaultMode"] = first
    return {name: value for name, value in permissions.items() if value}


def _mode_locks(policy: Policy) -> dict[str, str]:
    allowed = [name_glob(mode) for mode in policy.client.permission_modes]
    locks = (("bypassPermissions", "disableBypassPermissionsMode"), ("auto", "disableAutoMode"))
    return {lock: "disable" for mode, lock in locks if not any(glob.matches(mode) for glob in allowed)}


def _model_limits(policy: Policy) -> dict[str, Any]:
    """Models by name or by the beginning of it; the client knows no other pattern."""
    if not policy.client.models:
        return {}
    limits: dict[str, Any] = {"availableModels": _models(policy), "enforceAvailableModels": True}
    if any("*" in model for model in policy.client.models):
        limits["availableModelsMatch"] = "prefix"
    return limits


def _models(policy: Policy) -> list[str]:
    return sorted({model.removesuffix("*").removesuffix("-") for model in policy.client.models} - {""})


def _locks(policy: Policy) -> dict[str, Any]:
    """Settings that the client honours from a managed source only."""
    locks: dict[str, Any] = {
        "allowManagedHooksOnly": True,
        "allowManagedMcpServersOnly": True,
        "allowManagedPermissionRulesOnly": True,
        "disableCommandPluginSources": True,
        "disableSideloadFlags": True,
        "requiredMinimumVersion": max(policy.client.minimum_version, MINIMUM_VERSION, key=_version),
        # An empty list is a rule too: no marketplace at all.
        "strictKnownMarketplaces": _marketplaces(policy),
        "strictPluginOnlyCustomization": ["hooks"],
    }
    if providers := _providers(policy):
        locks["allowedProviders"] = providers
    servers = _servers(policy)
    if servers is not None:
        locks["allowedMcpServers"] = _named(servers)
    return locks


def _marketplaces(policy: Policy) -> list[dict[str, str]]:
    """The plugin sources that policy names, as the client spells them."""
    return [_marketplace(one) for one in policy.skills.marketplaces or ()]


def _marketplace(said: str) -> dict[str, str]:
    if said.startswith("/"):
        return {"source": "directory", "path": said}
    if said.startswith(("https://", "ssh://", "git@")):
        return {"source": "git", "url": said}
    return {"source": "github", "repo": said}


def _providers(policy: Policy) -> list[str]:
    named = {provider for provider in policy.client.providers if provider in PROVIDERS}
    url = policy.client.base_url
    if url is not None and urlsplit(url).hostname != "api.anthropic.com":
        named.add("customEndpoint")
    elif url is not None:
        named.add("anthropic")
    return sorted(named)


def _servers(policy: Policy) -> list[str] | None:
    """The MCP servers that may start, or None when the policy does not close the list."""
    closed: set[str] | None = None
    for layer in policy.layers:
        default = layer.defaults.get(Subject.MCP)
        if default is None or default.verdict is not Verdict.DENY or not enforced(policy, default):
            continue
        servers = {_server(rule) for rule in layer.rules if rule.subject is Subject.MCP}
        if None in servers:
            continue
        named = {server for server in servers if server}
        closed = named if closed is None else closed & named
    return None if closed is None else sorted(closed)


def _named(servers: list[str]) -> list[dict[str, str]]:
    return [{"serverName": server} for server in servers]


def _server(rule: Rule) -> str | None:
    """The server an MCP rule speaks of; empty for a denial, None when it can't be told."""
    if rule.verdict is Verdict.DENY:
        return ""
    if not isinstance(rule.when, NameCondition):
        return None
    server = rule.when.name.removeprefix("mcp__").split("__")[0]
    return None if set(server) & set("*?[{") else server


def _duties(policy: Policy, tool: str) -> list[Obligation]:
    return [
        duty.obligation
        for layer in policy.layers
        for duty in layer.duties
        if any(name_glob(name).matches(tool) for name in duty.tools)
    ]


def _sandboxed(policy: Policy) -> bool:
    return policy.client.sandbox or any(isinstance(duty, Sandbox) for duty in _duties(policy, "Bash"))


def _shell(shell: str) -> dict[str, str]:
    return {"CLAUDE_CODE_SHELL": shell} if shell else {}


def _environment(
    policy: Policy, service: ServiceAddress, base_url: str | None, no_proxy: str
) -> dict[str, str]:
    # The client sends hooks through a proxy too; the service is on this machine, and nobody in between may hear them.
    direct = dict.fromkeys((*LOOPBACK, *filter(None, map(str.strip, no_proxy.split(",")))))
    env = dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(direct))
    # Either of these in the user's settings would start a client without plugins, hence without hooks.
    env |= dict.fromkeys(("CLAUDE_CODE_SAFE_MODE", "CLAUDE_CODE_SIMPLE"), "0")
    if service.telemetry is not None:
        env |= {
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": service.telemetry,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_LOG_TOOL_DETAILS": "1",
            "OTEL_METRICS_EXPORTER": "otlp",
        }
    if not _stops(policy):
        return env
    if policy.skills.requirements:
        # A script that Python compiles into its own skill would change the bytes that were approved.
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    region = policy.client.regions[0] if policy.client.regions else None
    env["CLAUDE_CODE_EXTRA_BODY"] = json.dumps({"inference_geo": region} if region else {})
    env["NODE_TLS_REJECT_UNAUTHORIZED"] = "1"
    # A bare repository is a few plain files whose configuration names programs: none is taken for one that is just there.
    # This variable is beside GIT_CONFIG_COUNT, which may be the person's own, and what `git -c` says is added to it.
    env["GIT_CONFIG_PARAMETERS"] = "'safe.bareRepository=explicit'"
    if url := policy.client.base_url or base_url:
        env["ANTHROPIC_BASE_URL"] = url
    duties = _duties(policy, "Bash")
    limits = [duty.maximum for duty in duties if isinstance(duty, Clamp) and duty.field == "timeout"]
    if limits:
        env["BASH_MAX_TIMEOUT_MS"] = str(min(limits))
        env["BASH_DEFAULT_TIMEOUT_MS"] = str(min(*limits, DEFAULT_BASH_MS))
    if any(
        isinstance(duty, Rewrite) and duty.field == "run_in_background" and duty.value is False
        for duty in duties
    ):
        env["CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"] = "1"
    return env


def _sandbox(policy: Policy, rules: Native, service: ServiceAddress, tier: Tier) -> dict[str, Any]:
    host = urlsplit(service.url).hostname or "127.0.0.1"
    network: dict[str, Any] = {"allowedDomains": sorted({host, *_allowed_hosts(policy)})}
    if tier is not Tier.SESSION:
        network["allowManagedDomainsOnly"] = True
    if denied := [name for name in rules.denied_hosts if name != host]:
        network["deniedDomains"] = denied
    files = {"denyRead": list(rules.denied_reads), "denyWrite": list(rules.denied_writes)}
    return {
        "enabled": True,
        "failIfUnavailable": True,
        "allowUnsandboxedCommands": False,
        "network": network,
        "filesystem": {name: paths for name, paths in files.items() if paths},
        "credentials": {"envVars": [{"name": name, "mode": "deny"} for name in SECRETS]},
    }


def _allowed_hosts(policy: Policy) -> set[str]:
    """Hosts that every layer with a closed list of them allows by name."""
    closed: list[set[str]] = []
    for layer in policy.layers:
        default = layer.defaults.get(Subject.NETWORK)
        if default is not None and default.verdict > Verdict.ALLOW:
            named = (
                r.when for r in layer.rules if r.subject is Subject.NETWORK and r.verdict is Verdict.ALLOW
            )
            closed.append({when.host for when in named if isinstance(when, HostCondition) and _plain(when)})
    return set.intersection(*closed) if closed else set()


def _plain(host: HostCondition) -> bool:
    return host.port is None and not set(host.host.removeprefix("*.")) & set("*?[{")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _sorted(document: dict[str, Any]) -> dict[str, Any]:
    return {name: _sorted(v) if isinstance(v := document[name], dict) else v for name in sorted(document)}
