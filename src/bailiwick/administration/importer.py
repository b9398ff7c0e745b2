"""Claude Code's own permission rules to a profile, with everything that the two say differently told.

The client's rules speak of a tool's arguments, policy of what happens; so a rule such as ``WebFetch(domain:x)``
becomes one about connecting to x, whoever connects. Anchors follow the client (measured with 2.1.330): ``//`` is
absolute, ``/`` is the settings file's own anchor, anything else lies at any depth below the working directory.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bailiwick.model.decision import Origin
from bailiwick.policy import conditions
from bailiwick.policy.errors import PolicyError, PolicyErrors, Problems
from bailiwick.policy.shapes import Text

LISTS = ("allow", "ask", "deny")
MAX_RULES = 10_000
"""Rules read from one settings file; far more than the client itself copes with."""


_LINE = 300


class Source(StrEnum):
    """Whose settings they are; decides where ``/path`` is anchored."""

    USER = "user"
    PROJECT = "project"
    MANAGED = "managed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A rule or setting that policy says differently (``imported``) or can't say, and why."""

    text: str
    why: str
    imported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The text of a profile and what an author must know about it."""

    profile: str
    notes: tuple[Note, ...]


def import_settings(
    text: str, *, profile: str, source: Source = Source.PROJECT, name: str = "settings.json"
) -> Imported:
    """The profile that the ``permissions`` of a settings file amount to.

    Raises:
        PolicyErrors: ``text`` is not a JSON object, or its permissions are not lists of rules.
    """
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        raise _refuse(
            name, f"not JSON: {getattr(error, 'msg', 'nested too deeply')}", line, column
        ) from error
    if not isinstance(settings, Mapping):
        raise _refuse(name, "not a JSON object")
    permissions = settings.get("permissions", {})
    if not isinstance(permissions, Mapping):
        raise _refuse(name, "`permissions` is not an object")
    draft = _Draft(source=source)
    count = 0
    for heading in LISTS:
        rules = permissions.get(heading, [])
        if not isinstance(rules, list):
            raise _refuse(name, f"`permissions.{heading}` is not a list of rules")
        count += len(rules)
        if count > MAX_RULES:
            raise _refuse(name, f"more than {MAX_RULES} rules")
        for rule in rules:
            draft.rule(heading, rule)
    draft.directories(permissions.get("additionalDirectories", ()))
    draft.left_out(permissions, settings)
    return Imported(profile=draft.text(profile, name), notes=tuple(draft.notes))


def _refuse(name: str, message: str, line: int = 1, column: int = 1) -> PolicyErrors:
    mend = 'give a Claude Code settings file: {"permissions": {"allow": [...], "deny": [...]}}'
    return PolicyErrors([PolicyError(file=name, line=line, column=column, message=message, mend=mend)])


_FILE_LISTS = {
    ("Read", "allow"): "readable",
    ("Read", "ask"): "ask",
    ("Read", "deny"): "hidden",
    ("Edit", "allow"): "writable",
    ("Edit", "ask"): "ask_write",
    ("Edit", "deny"): "read_only",
}
_FILE_NOTES = {
    "hidden": "stricter: the file can't be written, deleted or executed either",
    "ask": "stricter: writing and executing it are asked about too",
    "writable": "wider: a writable file may also be read and deleted",
    "read_only": "stricter: deleting is denied too",
    "ask_write": "stricter: deleting is asked about too",
}
_READERS = {
    "files": conditions.files(conditions.READ),
    "commands": conditions.command,
    "network": conditions.host,
    "mcp": conditions.mcp,
    "skills": conditions.name,
    "agents": conditions.name,
    "tools": conditions.tool,
}
_BARE_ALLOW = {
    "Bash": ("commands", "other", "allow"),
    "Read": ("files", "readable", "/**"),
    "Edit": ("files", "writable", "/**"),
    "Write": ("files", "writable", "/**"),
    "NotebookEdit": ("files", "writable", "/**"),
    "WebFetch": ("network", "allow", "*"),
    "Skill": ("skills", "allow", "*"),
    "Agent": ("agents", "allow", "*"),
    "Task": ("agents", "allow", "*"),
}
"""What the bare name of a tool allows in the client, beside the tool itself."""


_UNRULED = [
    "Read",
    "Search",
    "Edit",
    "MultiEdit",
    "Write",
    "NotebookEdit",
    "Bash",
    "BashOutput",
    "KillShell",
    "WebFetch",
    "Skill",
    "Agent",
    "Task",
    "TaskOutput",
    "TaskStop",
    "TodoWrite",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskUpdate",
    "AskUserQuestion",
    "EnterPlanMode",
    "ExitPlanMode",
    "ToolSearch",
]
"""Tools that need no rule of their own: what they do is judged by the other sections, or they do nothing."""


@dataclass(slots=True, kw_only=True)
class _Draft:
    """The profile so far: section, list, entries in order; and what to tell."""

    source: Source
    sections: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def rule(self, heading: str, rule: Any) -> None:  # noqa: C901 (one case for each tool with rules of its own)
        """Take in one rule of the client; the client drops what is no text, and that is noted."""
        text = rule if isinstance(rule, str) else json.dumps(rule)[:_LINE]
        found = re.fullmatch(r"\s*([\w*?-]+)\s*(?:\((.*)\))?\s*", text, re.DOTALL) if text is rule else None
        written = f"{heading}: {text}"
        if found is None:
            self._lost(written, "not a rule the client understands")
            return
        tool, argument = found[1], found[2]
        if tool.startswith("mcp__"):
            self._mcp(heading, tool, argument, written)
        elif argument is None or argument.strip() in {"", "*"}:
            self._bare(heading, tool, written)
        else:
            match tool:
                case "Bash":
                    self._bash(heading, argument, written)
                case "Read" | "Edit":
                    self._file(tool, heading, argument, written)
                case "WebFetch" if argument.startswith("domain:"):
                    if self._put("network", heading, argument.removeprefix("domain:"), written):
                        self._told(written, "wider reach: it binds commands that connect there too")
                case "Skill":
                    self._skill(heading, argument, written)
                case "Agent" | "Task":
                    self._put("agents", heading, argument, written)
                case "Write" | "NotebookEdit" | "MultiEdit" | "Glob" | "Grep" | "LS":
                    self._lost(
                        written,
                        "the client matches only Read(...) and Edit(...) by path; this rule has no effect there",
                    )
                case _:
                    self._lost(written, f"policy does not look at the arguments of {tool}")

    def directories(self, listed: Any) -> None:
        """Directories that the client adds to the workspace."""
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, str) and one:
                written = f"additionalDirectories: {one}"
                start = one if one.startswith(("/", "~/")) else f"${{project}}/{one.removeprefix('./')}"
                self._put("files", "readable", f"{start.rstrip('/')}/**", written)

    def left_out(self, permissions: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        """Name every setting that was not looked at."""
        known = {*LISTS, "additionalDirectories"}
        names = [f"permissions.{key}" for key in permissions if key not in known]
        for key in (*names, *(key for key in settings if key not in {"permissions", "$schema"})):
            self._lost(
                str(key),
                "a setting of the client, not a permission rule; `policy compile` writes the client's settings",
            )

    def text(self, profile: str, name: str) -> str:
        """The profile as YAML."""
        files = self.sections.setdefault("files", {})
        files.setdefault("readable", []).insert(0, "${project}/**")
        tools = self.sections.setdefault("tools", {})
        tools["allow"] = [*tools.get("allow", ()), *_UNRULED]
        lines = [
            f"# Imported from {json.dumps(name)}. Read it through: what the client left to its own judgement is asked about here.",
            f"profile: {profile}",
            "description: Imported from the client's own permission rules.",
        ]
        for section in ("tools", "files", "commands", "network", "mcp", "skills", "agents"):
            lists = self.sections.get(section, {})
            if not lists and section not in self.others:
                continue
            lines += ["", f"{section}:"]
            for heading, entries in lists.items():
                lines.append(f"  {heading}:")
                lines += [
                    f"    - {json.dumps(entry, ensure_ascii=False)}" for entry in dict.fromkeys(entries)
                ]
            lines.append(f"  other: {self.others.get(section, 'ask')}")
        if told := [note for note in self.notes if not note.imported]:
            lines += ["", "# Not imported:"]
            lines += [f"#   {_one_line(note.text)}: {_one_line(note.why)}" for note in told]
        return "\n".join(lines) + "\n"

    def _mcp(self, heading: str, tool: str, argument: str | None, written: str) -> None:
        entry = tool.removeprefix("mcp__") if tool in {"mcp__*", "mcp__"} else tool
        if self._put("mcp", heading, entry, written) and argument is not None:
            self._told(written, "wider: policy does not look at the arguments of MCP tools")

    def _bare(self, heading: str, tool: str, written: str) -> None:
        if tool == "*" and heading == "allow":
            self._lost(written, "the client takes no allow rule for every tool")
            return
        self._put("tools", heading, tool, written)
        if heading == "allow" and tool in _BARE_ALLOW:
            section, list_, entry = _BARE_ALLOW[tool]
            if list_ == "other":
                self.others[section] = entry
                self._told(written, "narrower: parts whose effects can't be known are still asked about")
            else:
                self._put(section, list_, entry, written)

    def _bash(self, heading: str, argument: str, written: str) -> None:
        prefix = argument.endswith((":*", " *"))
        command = (argument[:-2] if prefix else argument).strip()
        if not self._put("commands", heading, command, written):
            return
        if re.search(r"[*?]", command):
            self._told(written, "compared word by word: `*` does not reach over spaces here")
        elif not prefix:
            self._told(written, "wider: further arguments match too")
        if re.search(r"\s-", command):
            self._told(written, "options match wherever they stand in the command")

    def _file(self, tool: str, heading: str, path: str, written: str) -> None:
        list_ = _FILE_LISTS[tool, heading]
        if path.startswith("!"):
            self._lost(written, "a pattern that takes something back; list what is meant instead")
            return
        glob, differs = self._anchored(path.strip())
        if self._put("files", list_, glob, written):
            for why in (differs, _FILE_NOTES.get(list_)):
                if why is not None:
                    self._told(written, why)

    def _anchored(self, path: str) -> tuple[str, str | None]:
        """The glob of a client path pattern, which follows gitignore below its anchor, and how it differs."""
        differs = None
        if path.startswith("//"):
            glob = path[1:]
        elif path.startswith("~"):
            glob = path
        elif path.startswith("/"):
            glob = ("~/.claude" if self.source is Source.USER else "${project}") + path
            differs = f"`/` in {self.source} settings is not the root of the disk: imported as `{glob}`"
        else:
            glob = "${project}/**/" + re.sub(r"^(\./)+", "", path).removeprefix("**/")
            differs = "taken as below the project, where the client means its working directory"
        glob = re.sub(r"/{2,}", "/", glob.rstrip("/")) or "/"
        pattern = re.search(r"[*?\]]", glob.rsplit("/", 1)[-1])
        return (glob if pattern else f"{glob.rstrip('/')}/**"), differs

    def _skill(self, heading: str, argument: str, written: str) -> None:
        name, _, rest = argument.partition(" ")
        if "*" in name:
            self._lost(
                written, "the client matches no wildcard inside a skill's name; this rule has no effect there"
            )
            return
        if self._put("skills", heading, name, written) and rest not in {"", "*"}:
            self._told(written, "wider: the skill's arguments are not looked at")

    def _put(self, section: str, heading: str, entry: str, written: str) -> bool:
        """Add an entry if the language takes it."""
        problems = Problems({})
        _READERS[section](Text(entry, Origin(file="", line=1)), problems)
        if not entry.strip() or not entry.isprintable() or problems or len(entry) > conditions.MAX_ENTRY:
            self._lost(written, _first(problems))
            return False
        self.sections.setdefault(section, {}).setdefault(heading, []).append(entry)
        return True

    def _told(self, text: str, why: str) -> None:
        self.notes.append(Note(text=text, why=why, imported=True))

    def _lost(self, text: str, why: str) -> None:
        self.notes.append(Note(text=text, why=why, imported=False))


def _first(problems: Problems) -> str:
    try:
        problems.raise_any()
    except PolicyErrors as errors:
        return f"{errors.errors[0].message}; {errors.errors[0].mend}"
    return "nothing to match"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:_LINE])


def summary(notes: Iterable[Note]) -> str:
    """The notes as lines for a person."""
    return "\n".join(
        f"{'differs' if note.imported else 'left out'}: {_one_line(note.text)}: {_one_line(note.why)}"
        for note in notes
    )
