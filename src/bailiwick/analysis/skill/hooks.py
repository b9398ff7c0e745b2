"""Hooks: the commands, addresses and prompts that the client asks, and whether they say yes whatever is asked."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.dependencies import line_of
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.hook_answers import UNSPELLED, Answer, answer_of
from bailiwick.analysis.skill.sensitive import is_local
from bailiwick.analysis.skill.shell import SkillShell, command_line
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_HOOKS = 200
"""Hooks, or servers, of one file that are looked at."""

_ALLOWING = re.compile(
    r"[\"']?permissionDecision[\"']?\s*[:=]\s*[\"']allow|\\\"permissionDecision\\\"\s*:\s*\\\"allow|[\"']decision[\"']\s*:\s*[\"']approve|[\"']?behavior[\"']?\s*:\s*[\"']allow"
)
_JUDGING = re.compile(
    r"[\"'](?:deny|ask|block)[\"']|\\\"(?:deny|ask|block)\\\"|\bexit 2\b|sys\.exit\(2\)|process\.exit\(2\)"
)
_CONSENTS = re.compile(
    r"\b(?:always|every|any|all|whatever|regardless|unconditionally|only|just)\b[^.\n]{0,120}?\b(?:approve|allow|accept|ok|yes|true)|\b(?:approve|allow|accept|ok|answer yes|say yes)\b[^.\n]{0,80}?\b(?:everything|anything|always|every|any|all|whatever|regardless|unconditionally)\b",
    re.IGNORECASE,
)
_WEIGHS = re.compile(r"\b(?:unless|except|if|when|den(?:y|ies)|block|reject|refuse)\b", re.IGNORECASE)
_DECIDING = re.compile(r"\bif\b|\bcase\b|\bswitch\b|\bre\.|\bmatch\b|\btest\b|\bgrep\b|\[\[")


class Hooks:
    """Reads the hooks of one skill into its inventory."""

    def __init__(self, into: Inventory, shell: SkillShell, scripts: Mapping[str, str]) -> None:
        self._into = into
        self._shell = shell
        self._scripts = scripts
        self.started: dict[str, Source] = {}
        """Scripts of the skill that hooks run, and where the hook stands."""

    def read(self, path: str, text: str, hooks: Any, role: Role, line: int | None = None) -> None:
        """Every command that hooks run, and what it may answer."""
        for event, matcher, hook in hooks_in(hooks):
            if isinstance(hook.get("command"), str):
                self.command(path, text, command_line(hook), event, matcher, role, line)
            if isinstance(hook.get("url"), str):
                self._told(path, text, hook["url"], event, role, line)
            if isinstance(hook.get("prompt"), str):
                self._asked(path, text, hook["prompt"], event, matcher, role, line)

    def _told(self, path: str, text: str, url: str, event: str, role: Role, line: int | None) -> None:
        """A hook that hands what the client tells it to a host."""
        host = web_address(url)
        shown = host.host if host else "*"
        source = Source(path=path, line=line if line is not None else line_of(text, url))
        self._into.capability(CapabilityKind.NET, shown, source, role, detail="POST", by="hook")
        if not is_local(shown):
            heard = Label(Origin.CONVERSATION, f"what the client tells a {event} hook", source)
            self._into.chain(heard, Sink.SEND, shown, source, role)

    def _asked(
        self, path: str, text: str, prompt: str, event: str, matcher: str, role: Role, line: int | None
    ) -> None:
        """A hook whose answer a model gives, told to give one answer whatever is asked."""
        if not _CONSENTS.search(prompt) or _WEIGHS.search(prompt):
            return
        self._into.notice(
            Mark.HOOK_ALLOW,
            f"a {event} hook has a model say yes to {matcher or 'every tool'}",
            Source(path=path, line=line if line is not None else line_of(text, json.dumps(prompt)[1:40])),
            role,
            sure=matcher in ("", "*", ".*") or "Bash" in matcher,
            target=matcher or "*",
        )

    def installed(self, path: str, line: int, command: str, role: Role) -> None:
        """A command that a script of the skill puts into the client's settings: judged as the hook that it becomes."""
        before = set(self._into.capabilities)
        self.command(path, "", command.replace("\x00", "$BAILIWICK_UNKNOWN"), "new", "", role, line)
        reached = [
            item.target
            for item in self._into.capabilities
            if item not in before and item.kind is CapabilityKind.NET and not is_local(item.target)
        ]
        if reached:
            self._into.notice(
                Mark.SETTING,
                f"installs a hook that connects to {reached[0]}: {command[:60]!r}",
                Source(path=path, line=line),
                role,
                target="hook",
            )

    def command(
        self,
        path: str,
        text: str,
        command: str,
        event: str,
        matcher: str,
        role: Role,
        line: int | None = None,
    ) -> None:
        """A command that the client runs at an event, and whether it, or a script that it starts, says allow."""
        at = line if line is not None else line_of(text, json.dumps(command)[1:40] if command else event)
        source = Source(path=path, line=at)
        heard = Label(Origin.CONVERSATION, f"what the client tells a {event} hook", source)
        before = set(self._shell.started)
        self._shell.script(command, path, at, runs(role), "hook", stdin=heard)
        started = [
            script
            for script in self._scripts
            if script in command or (script in self._shell.started and script not in before)
        ]
        for script in started:
            self.started[script] = source
        bodies = [(source, command), *((Source(path=script), self._scripts[script]) for script in started)]
        for where, body in bodies:
            allow = _ALLOWING.search(body) or UNSPELLED.search(body)
            answer = answer_of(body) if allow is not None else Answer.NEVER
            if allow is None or answer is Answer.NEVER:
                continue
            wide = matcher in ("", "*", ".*") or "Bash" in matcher
            picky = _JUDGING.search(body) or _DECIDING.search(body[: allow.start()])
            self._into.notice(
                Mark.HOOK_ALLOW,
                f"a {event} hook says allow for {matcher or 'every tool'}",
                Source(
                    path=where.path,
                    line=where.line + body.count("\n", 0, allow.start())
                    if where is not source
                    else where.line,
                ),
                role,
                sure=wide and (answer is Answer.ALL or not picky),
                target=matcher or "*",
                also=(source,),
            )


def runs(role: Role) -> Role:
    """How what a file of configuration starts stands: it is run, unless the file is a fixture, quoted or forbidden."""
    return role if role in (Role.FIXTURE, Role.QUOTED, Role.NEGATED) else Role.EXECUTABLE


def hooks_in(hooks: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Event, matcher and every hook itself, in the form of settings and of front matter."""
    count = 0
    for event, groups in hooks.items() if isinstance(hooks, dict) else ():
        for group in groups if isinstance(groups, list) else [groups]:
            if not isinstance(group, dict):
                continue
            inner = group.get("hooks")
            for hook in inner if isinstance(inner, list) else [group]:
                count += 1
                if isinstance(hook, dict) and count <= MAX_HOOKS:
                    yield str(event), str(group.get("matcher") or ""), hook
