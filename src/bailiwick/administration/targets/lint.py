"""What is wrong with a settings document before the client meets it.

The client drops what it does not understand, key by key and rule by rule, with a line on standard error that
nobody reads (study §1.3): a misspelt lock is no lock. So a document is compared here with what a client of
one version understands, and with the rules of §12 of the study on how enforcement is lost.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from bailiwick.administration.targets.client import EVENTS, GATING, MINIMUM_VERSION, TARGET_VERSION

CAN_FAIL_CLOSED: Final = frozenset({"command", "http", "mcp_tool"})
"""Hook types that have ``onFailure``."""

_ABSOLUTE: Final = ("//", "~/")
_FILE_TOOLS: Final = {
    "Write": "Edit",
    "MultiEdit": "Edit",
    "NotebookEdit": "Edit",
    "Glob": "Read",
    "Grep": "Read",
}
_CALL: Final = re.compile(r"(?P<tool>[A-Za-z_][\w*-]*)(?:\((?P<content>.*)\))?", re.DOTALL)


class Severity(StrEnum):
    """``ERROR``: the client ignores it or enforcement is lost. ``WARNING``: it may mean something else."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault: where (``permissions.deny[3]``), what, and how to mend it."""

    path: str
    message: str
    mend: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.path}: {self.message}; {self.mend}"


def lint(document: Any, version: str = TARGET_VERSION, *, managed: bool = True) -> tuple[Problem, ...]:
    """The problems of ``document`` for a client of ``version``, in the document's order.

    ``managed`` says that the document is for a managed source; elsewhere the client ignores the keys that only
    managed sources may set. Only the schema of ``TARGET_VERSION`` is known: a newer client may know more keys, an
    older one fewer, and one too old to enforce anything is a problem of its own.
    """
    return tuple(_Linter(managed=managed).document(document, version))


@cache
def _schema() -> Mapping[str, Any]:
    name = f"claude-code-{TARGET_VERSION}.json"
    schema: Mapping[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return schema


@dataclass(frozen=True, slots=True)
class _Linter:
    managed: bool

    def document(self, document: Any, version: str) -> Iterator[Problem]:
        if _older(version, MINIMUM_VERSION):
            yield Problem(
                path="(client)",
                message=f"hooks of client {version} can't fail closed",
                mend=f"install {MINIMUM_VERSION} or newer",
            )
        if not isinstance(document, dict):
            yield Problem(path="(document)", message="is no JSON object", mend="write one object")
            return
        for name, value in document.items():
            kind = _schema()["settings"].get(name)
            if kind is None:
                yield _unknown(name, name, _schema()["settings"])
                continue
            if not self.managed and name in _schema()["managed_only"]:
                yield Problem(
                    path=name,
                    message="is honoured in managed settings only",
                    mend="move it there, or leave it out",
                )
            yield from self.value(name, value, kind)
        yield from self.sandbox_reaches_hooks(document)

    def value(self, path: str, value: Any, kind: Any) -> Iterator[Problem]:
        match kind:
            case list():
                if value not in kind:
                    yield _wrong(path, "one of " + ", ".join(map(str, kind)))
            case {"list": allowed}:
                if not isinstance(value, list) or any(item not in allowed for item in value):
                    yield _wrong(path, "a list of " + ", ".join(allowed))
            case "hooks":
                yield from self.hooks(path, value)
            case "rules":
                yield from self.rules(path, value)
            case str() if kind in _schema()["objects"]:
                yield from self.object(path, value, _schema()["objects"][kind])
            case str() if not _is(value, kind):
                yield _wrong(path, _KINDS[kind])
            case _:
                pass

    def object(self, path: str, value: Any, fields: Mapping[str, Any]) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield _wrong(path, "an object")
            return
        for name, item in value.items():
            if name not in fields:
                yield _unknown(f"{path}.{name}", name, fields)
            else:
                yield from self.value(f"{path}.{name}", item, fields[name])

    def rules(self, path: str, rules: Any) -> Iterator[Problem]:
        if not isinstance(rules, list):
            yield _wrong(path, "a list of rules")
            return
        for number, rule in enumerate(rules):
            problem = _rule(rule, allow=path.endswith(".allow"))
            if problem is not None:
                message, mend, severity = problem
                yield Problem(path=f"{path}[{number}]", message=message, mend=mend, severity=severity)

    def hooks(self, path: str, hooks: Any) -> Iterator[Problem]:
        if not isinstance(hooks, dict):
            yield _wrong(path, "an object of events")
            return
        for event, groups in hooks.items():
            here = f"{path}.{event}"
            if event not in EVENTS:
                yield _unknown(here, event, EVENTS)
            elif not isinstance(groups, list):
                yield _wrong(here, "a list")
            else:
                for number, group in enumerate(groups):
                    yield from self.group(f"{here}[{number}]", event, group)

    def group(self, path: str, event: str, group: Any) -> Iterator[Problem]:
        if not isinstance(group, dict) or not isinstance(group.get("hooks"), list):
            yield _wrong(path, 'an object with a list "hooks"')
            return
        for name, value in group.items():
            if name not in {"matcher", "hooks"}:
                yield _unknown(f"{path}.{name}", name, ("matcher", "hooks"))
            if name == "matcher" and not isinstance(value, str):
                yield _wrong(f"{path}.matcher", "a string")
        for number, hook in enumerate(group["hooks"]):
            yield from self.hook(f"{path}.hooks[{number}]", event, hook)

    def hook(self, path: str, event: str, hook: Any) -> Iterator[Problem]:
        kind = hook.get("type") if isinstance(hook, dict) else None
        known = _schema()["hooks"].get(kind) if isinstance(kind, str) else None
        if known is None:
            yield _wrong(path, "a hook of type " + ", ".join(_schema()["hooks"]))
            return
        yield from self.object(path, hook, known["fields"])
        for name in known["required"]:
            if name not in hook:
                yield Problem(path=path, message=f"has no {name}", mend="without it the hook is dropped")
        if event in GATING:
            yield from _gate(path, hook)

    def sandbox_reaches_hooks(self, document: Mapping[str, Any]) -> Iterator[Problem]:
        """Trap 27: with the sandbox on, HTTP hooks go through its proxy and its list of hosts."""
        sandbox = document.get("sandbox")
        if not isinstance(sandbox, dict) or sandbox.get("enabled") is not True:
            return
        if self.managed and sandbox.get("failIfUnavailable") is not True:
            yield Problem(
                path="sandbox",
                message="without failIfUnavailable commands run unsandboxed where it can't start",
                mend='add "failIfUnavailable": true',
            )
        network = sandbox.get("network") if isinstance(sandbox.get("network"), dict) else {}
        allowed = network.get("allowedDomains", []) if isinstance(network, dict) else []
        for host in sorted(_hook_hosts(document.get("hooks"))):
            if host not in allowed:
                yield Problem(
                    path="sandbox.network.allowedDomains",
                    message=f"does not hold {host}, so no hook is reached",
                    mend=f'add "{host}"',
                )


def _gate(path: str, hook: Mapping[str, Any]) -> Iterator[Problem]:
    """A hook on an event that decides: it must fire for every call and fail closed."""
    if hook["type"] not in CAN_FAIL_CLOSED:
        yield Problem(
            path=path, message=f"a {hook['type']} hook never gates", mend="use an http or command hook"
        )
    elif hook.get("onFailure") != "block":
        yield Problem(
            path=path,
            message="lets the call run when the hook fails",
            mend='add "onFailure": "block"',
            severity=Severity.WARNING,
        )
    if "if" in hook:
        yield Problem(
            path=f"{path}.if",
            message="is lexical: `bash -c`, eval and interpreters pass it by",
            mend="leave it out and decide in the hook",
        )
    if hook.get("async") is True or hook.get("asyncRewake") is True:
        yield Problem(path=path, message="an async hook never gates", mend='leave "async" out')
    if "timeout" not in hook:
        yield Problem(
            path=path,
            message="waits ten minutes for an answer",
            mend="add a timeout in seconds",
            severity=Severity.WARNING,
        )


def _rule(rule: Any, *, allow: bool) -> tuple[str, str, Severity] | None:
    """What is wrong with one permission rule, and the mend."""
    error = Severity.ERROR
    if not isinstance(rule, str) or not rule.strip():
        return "is no rule", "write Tool or Tool(content)", error
    found = re.fullmatch(_CALL, rule) if rule != "*" else None
    if rule == "*":
        return (
            ("allows nothing: an allow rule needs a literal tool", "name the tool", error) if allow else None
        )
    if found is None:
        return "is malformed", "write Tool or Tool(content), up to the closing parenthesis", error
    tool, content = found["tool"], found["content"]
    if content == "":
        return "has empty parentheses", f"write {tool}", error
    if tool.startswith("mcp__"):
        return None if content is None else ("takes no content: MCP rules name tools", f"write {tool}", error)
    if "_" not in tool and not tool[0].isupper():
        return "names no tool: they begin with a capital letter", f"write {tool.capitalize()}", error
    return None if content is None else _content(tool, content, allow=allow)


def _content(tool: str, content: str, *, allow: bool) -> tuple[str, str, Severity] | None:
    """What is wrong with what stands in a rule's parentheses."""
    error = Severity.ERROR
    match tool:
        case "Write" | "MultiEdit" | "NotebookEdit" | "Glob" | "Grep":
            checked = _FILE_TOOLS[tool]
            return (
                f"never matches: files are checked by {checked} rules",
                f"write {checked}({content})",
                error,
            )
        case "Read" | "Edit" if ":*" in content:
            return "uses `:*`, which is for Bash only", "write * or **", error
        case "Read" | "Edit" if not allow and not content.startswith(_ABSOLUTE):
            message = "is anchored at the project, so it protects nothing elsewhere"
            mend = f"write {tool}(//{content.lstrip('./')}) for the absolute path"
            return message, mend, Severity.WARNING
        case "Bash" if content == ":*":
            return "has an empty prefix", "write Bash", error
        case "WebFetch" if not content.startswith("domain:"):
            return "names no domain", f"write WebFetch(domain:{content})", error
        case "Skill" if "*" in content and not content.endswith(" *"):
            return "never matches: a wildcard inside a skill's name is literal", "name the skill whole", error
        case _:
            return None


def _hook_hosts(hooks: Any) -> set[str]:
    hosts = set()
    for groups in hooks.values() if isinstance(hooks, dict) else ():
        for group in groups if isinstance(groups, list) else ():
            for hook in group.get("hooks", ()) if isinstance(group, dict) else ():
                url = hook.get("url") if isinstance(hook, dict) else None
                if isinstance(url, str) and (host := re.match(r"https?://(\[[^\]]*\]|[^:/]+)", url)):
                    hosts.add(host[1])
    return hosts


_KINDS: Final = {
    "any": "",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "positive": "a positive number",
    "string": "a string",
    "string map": "an object of strings",
    "strings": "a list of strings",
}


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "any":
            return True
        case "array":
            return isinstance(value, list)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return number and value == int(value)
        case "number":
            return number
        case "object":
            return isinstance(value, dict)
        case "positive":
            return number and value > 0
        case "string":
            return isinstance(value, str)
        case "string map":
            return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        case _:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _wrong(path: str, expected: str) -> Problem:
    return Problem(
        path=path, message=f"is not {expected}, so the client ignores it", mend=f"write {expected}"
    )


def _unknown(path: str, name: str, known: Any) -> Problem:
    near = next((one for one in known if one.lower() == name.lower()), None)
    return Problem(
        path=path,
        message="is unknown to the client, which ignores it",
        mend=f"write {near}" if near else "leave it out, or check its spelling",
    )


def _older(version: str, than: str) -> bool:
    numbers = [re.findall(r"\d+", text)[:3] for text in (version, than)]
    return tuple(map(int, numbers[0])) < tuple(map(int, numbers[1]))
