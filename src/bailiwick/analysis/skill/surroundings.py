"""Files that editors, git, containers and interpreters act on by themselves, and the commands in them."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from xml.sax.saxutils import unescape

from bailiwick.analysis.skill.dependencies import line_of, mapping
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin
from bailiwick.analysis.skill.git_settings import judged
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.skill.shell import SkillShell, command_line, quoted
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_COMMANDS = 200
"""Commands of one file that are read."""

_STARTS = frozenset(("BASH_ENV", "ENV", "ZDOTDIR", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "PROMPT_COMMAND", "NODE_OPTIONS", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF"))  # fmt: skip
"""Variables that name what every shell or interpreter runs first."""
_PROGRAM = re.compile(
    r"(?:path|executable|interpreter|shell|command|runtime|binary|server)s?(?:\.\w+)*$", re.IGNORECASE
)
_CONTAINER = ("initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand")  # fmt: skip
_TALKS = re.compile(r"\b(?:curl|wget|irm|iwr|base64|nc|eval)\b|/dev/tcp/")
_GIT_LEADS = re.compile(r"(?:url|credential|http|https)$", re.IGNORECASE)
"""Sections that say where git goes instead, and who is told its logins."""
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)(?:\s+\"([^\"]*)\")?\s*\]")
_SET = re.compile(r"\s*([\w-]+)\s*=\s*(.*)")
_GIT_RUNS = re.compile(
    r"core\.(?:fsmonitor|sshcommand|editor|pager|askpass)|alias\.\w+|filter\.(?:clean|smudge|process)|diff\.(?:command|textconv|external)|credential\.helper|gpg\.program|merge\.driver|sequence\.editor|remote\.(?:uploadpack|receivepack)|submodule\.update",
    re.IGNORECASE,
)
"""Settings of git that hold a command."""
_GIT_STEERS = re.compile(r"core\.(?:fsmonitor|sshcommand|hookspath)|url\.(?:push)?insteadof", re.IGNORECASE)
_ARGUMENTS = re.compile(r"<key>ProgramArguments</key>\s*<array>([\s\S]{1,4000}?)</array>")


class Surroundings:
    """Reads what tools around one skill act on into its inventory."""

    def __init__(self, into: Inventory, shell: SkillShell) -> None:
        self._into = into
        self._shell = shell

    def file(self, path: str, text: str, role: Role) -> bool:
        """Read a file if its name says that a tool acts on it; whether that was so."""
        folder, name = posixpath.split(path.lower())
        above = posixpath.basename(folder)
        if name.endswith(".pth"):
            self._site(path, text, role)
        elif name == "tasks.json" and "folderOpen" in text:
            mapping(path, text, role, self._into, self._tasks)
        elif (name == "settings.json" and above == ".vscode") or name.endswith(".code-workspace"):
            mapping(path, text, role, self._into, self._editor)
        elif name in ("devcontainer.json", ".devcontainer.json"):
            mapping(path, text, role, self._into, self._container)
        elif (
            name == ".gitmodules"
            or name.endswith("gitconfig")
            or (name == "config" and ("[core]" in text or above == ".git"))
        ):
            self._git(path, text, role, inside=above == ".git" or name == "config")
        elif name.endswith(".plist"):
            self._agent(path, text, role)
        else:
            return False
        return True

    def _run(
        self, command: str, path: str, line: int, role: Role, by: str, *, stdin: Label | None = None
    ) -> bool:
        """Read a command that runs by itself; whether it talks to a host or starts a file of the skill."""
        before = len(self._shell.started)
        self._shell.script(command, path, line, role, by, stdin=stdin)
        return len(self._shell.started) > before or bool(_TALKS.search(command))

    def _site(self, path: str, text: str, role: Role) -> None:
        """Lines of a path file that Python runs whenever it starts."""
        for number, line in enumerate(text.split("\n")[:MAX_COMMANDS], 1):
            if line.startswith(("import ", "import\t")):
                source = Source(path=path, line=number)
                self._shell.snippets.append(("python", line, source, role))
                self._into.notice(
                    Mark.PERSIST,
                    f"runs {line[:80]!r} whenever Python starts",
                    source,
                    role,
                    target="sitecustomize (.pth)",
                )

    def _tasks(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        listed = value.get("tasks")
        for task in islice(listed, MAX_COMMANDS) if isinstance(listed, list) else ():
            options = task.get("runOptions") if isinstance(task, dict) else None
            if not isinstance(options, dict) or options.get("runOn") != "folderOpen":
                continue
            line = line_of(text, "folderOpen")
            for one in (task, *(task.get(system) for system in ("linux", "osx", "windows"))):
                said = command_line(one) if isinstance(one, dict) else ""
                if said:
                    self._into.notice(
                        Mark.PERSIST,
                        f"runs {said[:80]!r} whenever the folder is opened",
                        Source(path=path, line=line),
                        role,
                        sure=self._run(said, path, line, role, "lifecycle"),
                        target="tasks.json",
                    )

    def _editor(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        settings = value.get("settings") if path.endswith(".code-workspace") else value
        for key, said in settings.items() if isinstance(settings, dict) else ():
            source = Source(path=path, line=line_of(text, f'"{key}"'))
            if key.startswith("terminal.integrated.env.") and isinstance(said, dict):
                for name in sorted(said.keys() & _STARTS):
                    self._into.notice(
                        Mark.PERSIST,
                        f"sets {name} to {str(said[name])[:80]!r} in every terminal of the editor",
                        source,
                        role,
                        target=name,
                    )
            for inner in _texts(said) if _PROGRAM.search(key) else ():
                file = re.sub(r"^(?:\$\{workspaceFolder\}/|\./)", "", inner)
                if any(known == file or known.endswith(f"/{file}") for known in self._shell.paths):
                    self._into.notice(
                        Mark.PERSIST,
                        f"has the editor run {inner[:80]} ({key})",
                        source,
                        role,
                        target=key,
                    )

    def _container(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        for key in _CONTAINER:
            said = value.get(key)
            line = line_of(text, f'"{key}"')
            commands = list(said.values()) if isinstance(said, dict) else [said]
            for one in commands:
                words = one if isinstance(one, list) else None
                command = " ".join(quoted(str(word)) for word in words) if words else one
                if isinstance(command, str):
                    self._run(command, path, line, role, "lifecycle")
        mounts = value.get("mounts")
        for mount in mounts if isinstance(mounts, list) else ():
            said = str(mount.get("source") if isinstance(mount, dict) else mount)
            name = re.sub(r"^.*?source=|,.*$", "", said).replace("${localEnv:HOME}", "~")
            if kept := kept_in(name):
                source = Source(path=path, line=line_of(text, said[:60]))
                self._into.capability(CapabilityKind.FS_READ, name, source, role, by="container")
                self._into.notice(
                    Mark.ESCAPE,
                    f"puts {name} ({kept.what}) into its container",
                    source,
                    role,
                    target=name,
                )

    def _git(self, path: str, text: str, role: Role, *, inside: bool) -> None:
        section = whole = ""
        for number, line in enumerate(text.split("\n")[: 10 * MAX_COMMANDS], 1):
            if head := _SECTION.match(line):
                section, whole = head[1], ".".join(filter(None, head.groups()))
            said = _SET.match(line)
            if said is None or said[2].strip() in ("true", "false", ""):
                continue
            key, value = f"{section}.{said[1]}", said[2].strip().strip('"').replace('\\"', '"')
            command = value.removeprefix("!")
            shell = value.startswith("!") or not key.startswith(("alias", "credential", "submodule"))
            where = Source(path=path, line=number)
            for one in (
                judged(f"{whole}.{said[1]}", value, everywhere=True) if _GIT_LEADS.match(section) else ()
            ):
                one.notice(where, role, self._into)
            fed = Label(Origin.PROJECT, "every file that git keeps", where) if "filter." in key else None
            talks = (
                self._run(command, path, number, role, "git config", stdin=fed)
                if shell and _GIT_RUNS.fullmatch(key)
                else False
            )
            if _GIT_STEERS.fullmatch(key):
                self._into.notice(
                    Mark.TAMPER,
                    f"has git use {value[:80]!r} ({key})",
                    where,
                    role,
                    sure=talks or inside,
                    target=key,
                )

    def _agent(self, path: str, text: str, role: Role) -> None:
        for match in islice(_ARGUMENTS.finditer(text), MAX_COMMANDS):
            words = re.findall(r"<string>([^<]*)</string>", match[1])
            line = text.count("\n", 0, match.start(1)) + 1
            said = " ".join(quoted(unescape(word, {"&quot;": '"'})) for word in words)
            self._into.notice(
                Mark.PERSIST,
                f"an agent of macOS that runs {said[:80]!r}",
                Source(path=path, line=line),
                role,
                sure=self._run(said, path, line, role, "lifecycle"),
                target="LaunchAgents",
            )


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            yield from (inner for inner in value if isinstance(inner, str))
        case _:
            pass
