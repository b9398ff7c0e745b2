"""Files that clients and package managers act on: settings, hooks, MCP servers, plugins, packages. Keys by meaning."""

import posixpath
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.dependencies import Dependencies, line_of, mapping
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.hooks import MAX_HOOKS, Hooks, runs
from bailiwick.analysis.skill.sensitive import is_address, is_drop, is_local
from bailiwick.analysis.skill.shell import SkillShell, quoted
from bailiwick.analysis.skill.surroundings import Surroundings
from bailiwick.model.skill import CapabilityKind, Role, Source

_LOOSE = re.compile(
    r"Bash(?:\(\s*(?:\*|:\*)?\s*\))?\Z|Bash\((?:curl|wget|sudo|rm|sh|bash|python3?|node|eval|nc|ssh)\b.*\)\Z|\*\Z|mcp__\*\Z|Read\((?:/|~|//)\*\*\)\Z|(?:Write|Edit)\(?(?:\*\*|/\*\*|~/\*\*|//\*\*)?\)?\Z"
)
_BASES = frozenset(
    (
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_BEDROCK_BASE_URL",
        "ANTHROPIC_VERTEX_BASE_URL",
        "OPENAI_BASE_URL",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NODE_EXTRA_CA_CERTS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_OPTIONS",
        "LD_PRELOAD",
        "PYTHONSTARTUP",
        "BASH_ENV",
    )
)

_READ_BY_NAME = ("hooks.json", ".mcp.json", "mcp.json", ".lsp.json", "lsp.json")


class Configuration:
    """Reads configuration of one skill into its inventory."""

    def __init__(
        self, into: Inventory, shell: SkillShell, scripts: Mapping[str, str], texts: Mapping[str, str]
    ) -> None:
        self._into = into
        self._shell = shell
        self._texts = texts
        self.dependencies = Dependencies(into, shell)
        self.surroundings = Surroundings(into, shell)
        self.hooks = Hooks(into, shell, scripts)

    def file(self, path: str, text: str, role: Role) -> bool:
        """Read a file if its name says what it is; whether that was so."""
        name = path.rpartition("/")[2].lower()
        if (
            name in ("settings.json", "settings.local.json", "managed-settings.json")
            and not path.lower().endswith(".vscode/settings.json")
            and (
                '"permissions"' in text
                or '"hooks"' in text
                or '"env"' in text
                or "/.claude/" in f"/{path}"
                or "enable" in text
            )
        ) or name == "hooks.json":
            mapping(path, text, role, self._into, self.settings)
        elif name in (".mcp.json", "mcp.json", "managed-mcp.json", "claude_desktop_config.json"):
            mapping(path, text, role, self._into, self._mcp)
        elif name == "plugin.json":
            mapping(path, text, role, self._into, self._plugin)
        elif name == "marketplace.json":
            mapping(path, text, role, self._into, self._marketplace)
        elif name in (".lsp.json", "lsp.json"):
            mapping(path, text, role, self._into, self._lsp)
        else:
            return self.surroundings.file(path, text, role) or self.dependencies.file(path, text, role)
        return True

    def _plugin(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        """A plugin's manifest, and the files in which it says that its hooks and servers stand."""
        self.settings(path, text, value, role)
        top = posixpath.dirname(path).removesuffix(".claude-plugin").rstrip("/")
        for key, reader in (
            ("hooks", self.settings),
            ("mcpServers", self._mcp),
            ("lspServers", self._servers),
        ):
            said = value.get(key)
            for name in said if isinstance(said, list) else [said]:
                file = posixpath.normpath(posixpath.join(top, name)) if isinstance(name, str) else ""
                if file in self._texts and file.rpartition("/")[2] not in _READ_BY_NAME:
                    mapping(file, self._texts[file], role, self._into, reader)

    def _servers(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        self._lsp(path, text, value, role)

    def settings(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        """Settings of the client, or hooks by themselves."""
        self.hooks.read(path, text, value.get("hooks"), role)
        permissions = value.get("permissions")
        permissions = permissions if isinstance(permissions, dict) else {}
        allowed = permissions.get("allow")
        for entry in allowed if isinstance(allowed, list) else ():
            if isinstance(entry, str):
                self._into.capability(
                    CapabilityKind.TOOL,
                    entry,
                    Source(path=path, line=line_of(text, entry)),
                    role,
                    by="settings",
                )
                if _LOOSE.match(entry):
                    self._setting(path, text, entry, f"allows {entry} without a question", role)
        if permissions.get("defaultMode") in ("bypassPermissions", "dontAsk", "auto"):
            self._setting(
                path,
                text,
                "defaultMode",
                f"makes {permissions['defaultMode']} the mode of every session",
                role,
            )
        for key, bad in (
            ("enableAllProjectMcpServers", True),
            ("skipDangerousModePermissionPrompt", True),
            ("disableAllHooks", True),
        ):
            if value.get(key) is bad:
                self._setting(path, text, key, f"sets {key}", role)
        sandbox = value.get("sandbox")
        if isinstance(sandbox, dict) and (
            sandbox.get("enabled") is False or sandbox.get("allowUnsandboxedCommands") is True
        ):
            self._setting(path, text, "sandbox", "opens the sandbox", role)
        environment = value.get("env")
        for name, said in environment.items() if isinstance(environment, dict) else ():
            host = web_address(said) if isinstance(said, str) else None
            if name in _BASES and (
                host is None or not (is_local(host.host) or host.host.endswith("anthropic.com"))
            ):
                self._setting(
                    path,
                    text,
                    name,
                    f"sends the client's traffic through {host.host if host else said}",
                    role,
                )
        for key in ("apiKeyHelper", "awsAuthRefresh", "otelHeadersHelper"):
            if isinstance(value.get(key), str):
                self._shell.script(value[key], path, line_of(text, key), role, "settings")
                self._setting(path, text, key, f"lets a command provide credentials ({key})", role)
        status = value.get("statusLine")
        if isinstance(status, dict) and isinstance(status.get("command"), str):
            self.hooks.command(path, text, status["command"], "statusLine", "", role)
        if isinstance(value.get("mcpServers"), dict):
            self._mcp(path, text, value, role)
        if isinstance(value.get("lspServers"), dict):
            self._lsp(path, text, value["lspServers"], role)

    def _setting(self, path: str, text: str, key: str, said: str, role: Role) -> None:
        self._into.notice(
            Mark.SETTING, said, Source(path=path, line=line_of(text, key)), role, sure=True, target=key
        )
        self._into.capability(
            CapabilityKind.CONFIG_WRITE,
            path,
            Source(path=path, line=line_of(text, key)),
            role,
            detail=key,
            by="settings",
        )

    def _mcp(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        servers = value.get("mcpServers", value)
        for name, server in list(servers.items())[:MAX_HOOKS] if isinstance(servers, dict) else ():
            if not isinstance(server, dict):
                continue
            source = Source(path=path, line=line_of(text, f'"{name}"'))
            self._into.capability(CapabilityKind.MCP, str(name), source, role, by="mcp")
            self._server(server, source, role, "mcp")
            if isinstance(server.get("headersHelper"), str):
                self._shell.script(server["headersHelper"], path, source.line, runs(role), "mcp")
            host = web_address(server["url"]) if isinstance(server.get("url"), str) else None
            if host is not None:
                self._into.capability(CapabilityKind.NET, host.host, source, role, detail="mcp", by="mcp")
                if is_drop(host.host) or is_address(host.host):
                    self._into.chain(
                        Label(Origin.CONVERSATION, f"what is asked of {name}", source),
                        Sink.SEND,
                        host.host,
                        source,
                        role,
                    )
            for variables in (server.get("env"), server.get("headers")):
                for said in variables.values() if isinstance(variables, dict) else ():
                    for match in re.finditer(r"\$\{(\w+)", str(said)):
                        self._into.capability(CapabilityKind.ENV, match[1], source, role, by="mcp")
                        if host is not None:
                            self._into.chain(
                                Label(Origin.VARIABLE, match[1], source),
                                Sink.SEND,
                                host.host,
                                source,
                                role,
                                auth=True,
                            )

    def _lsp(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        """Language servers, which the client starts when a file of their kind is opened."""
        for name, server in islice(value.items(), MAX_HOOKS):
            if isinstance(server, dict):
                self._server(server, Source(path=path, line=line_of(text, f'"{name}"')), role, "lsp")

    def _server(self, server: Mapping[str, Any], source: Source, role: Role, by: str) -> None:
        """The command that starts a server."""
        if not isinstance(server.get("command"), str):
            return
        listed = server.get("args")
        words = [server["command"], *(str(word) for word in (listed if isinstance(listed, list) else []))]
        said = " ".join(quoted(word) for word in words)
        self._shell.command(said, source, runs(role), frozenset(), by)

    def _marketplace(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        listed = value.get("plugins")
        for plugin in listed if isinstance(listed, list) else ():
            source = plugin.get("source") if isinstance(plugin, dict) else None
            address = source.get("url") if isinstance(source, dict) else source
            if isinstance(source, str) and "://" not in source and ".." in source.split("/"):
                where = Source(path=path, line=line_of(text, source))
                said = f"takes a plugin from outside of the marketplace: {source[:80]}"
                self._into.notice(Mark.ESCAPE, said, where, role, target=source)
            if isinstance(source, dict) and isinstance(source.get("repo"), str):
                where = Source(path=path, line=line_of(text, source["repo"]))
                at = f"github.com/{source['repo']}@{source.get('sha') or source.get('ref') or 'newest'}"
                name = f"plugin:{plugin.get('name', '?')}"
                self._into.capability(CapabilityKind.INSTALL, name, where, role, detail=at, by="marketplace")
            if isinstance(source, dict) and isinstance(source.get("package"), str):
                kind = "pip" if source.get("source") == "pip" else "npm"
                where = Source(path=path, line=line_of(text, source["package"]))
                self.dependencies.package(
                    kind, source["package"], str(source.get("version") or ""), where, role
                )
                if isinstance(source.get("registry"), str):
                    packages.redirect(f"--registry {source['registry']} ", where, role, self._into)
            if isinstance(address, str) and "://" in address:
                host = web_address(address)
                shown = host.host if host else address[:60]
                where = Source(path=path, line=line_of(text, address))
                self._into.capability(
                    CapabilityKind.INSTALL,
                    f"plugin:{plugin.get('name', '?')}",
                    where,
                    role,
                    detail=shown,
                    by="marketplace",
                )
                if address.startswith(("http://", "git://")) or (host and is_address(host.host)):
                    self._into.notice(
                        Mark.REGISTRY,
                        f"takes a plugin from {shown} without protection on the way",
                        where,
                        role,
                        target=shown,
                    )
            if isinstance(plugin, dict):
                self.settings(path, text, plugin, role)
