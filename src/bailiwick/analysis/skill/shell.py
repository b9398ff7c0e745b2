"""Shell commands of a skill, read with the same analysis as the hook's; what they do, as capabilities and chains."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bailiwick.analysis.shell import MAX_LENGTH, ShellContext, analyze_shell
from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.code.files import ShellReader
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin
from bailiwick.analysis.skill.programs import (
    AGENTS,
    LOOKUP,
    SENDERS,
    SHELLS,
    SUBCOMMANDS,
    code_of,
    implied,
    method_of,
)
from bailiwick.analysis.skill.shell_data import (
    HOME,
    PROJECT,
    SKILL,
    labels_of,
    shown,
)
from bailiwick.analysis.skill.shell_marks import CommandText, marks
from bailiwick.analysis.skill.shell_sinks import sinks
from bailiwick.analysis.skill.writes import kind_of, written
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    PathTarget,
    ProgramTarget,
)
from bailiwick.model.skill import CapabilityKind, Role, Source

UNKNOWN = "BAILIWICK_UNKNOWN"
"""A variable that stands in a command for a word that a script computes."""

MAX_READ = 3_000
"""Commands of one skill that are read."""

MAX_SNIPPETS = 300
"""Pieces of code on command lines that are followed."""

_HERE = re.compile(
    r"\b(python3?|node)\b[^\n<|;&]{0,80}<<-?\s*[\"']?(\w+)[\"']?[^\n]*\n([\s\S]{1,20000}?)\n[ \t]*\2\b"
)
_CONTEXT = ShellContext(
    cwd=PROJECT,
    home=HOME,
    project=PROJECT,
    environment={
        "HOME": HOME,
        "CLAUDE_SKILL_DIR": SKILL,
        "CLAUDE_PLUGIN_ROOT": SKILL,
        "SKILL_DIR": SKILL,
        "CLAUDE_PROJECT_DIR": PROJECT,
    },
)
_BASE = re.compile(
    r"\{(?:baseDir|skill_?dir|SKILL_DIR|skillDir)\}|<(?:skill[-_ ]?(?:dir|path|root)|path[-_ ]to[-_ ]skill)>|\$\{?(?:SKILL_ROOT|SKILL_PATH|BASE_DIR)\}?"
)
_PLACE = re.compile(r"<[A-Za-z][\w .:/|,'-]{0,60}(?<! )>|\[[A-Z][A-Z_ -]{2,30}\]")
_WHOLE = re.compile(
    r"(?:~|/|/home|/\*|~/\*\*?|/\*\*|~/(?:projects|src)(?:/\*\*)?|~/(?:Documents|Desktop|Pictures|Music|Movies|Videos|Mail|[\w-]*backups?)(?:/.{0,200})?|\$\{project\}(?:/\*\*)?)"
)
"""What no cleaning up deletes whole."""
_PROMPT = re.compile(r"^(?:\$|>|%|\u276f)[ \t]+", re.MULTILINE)


class SkillShell(ShellReader):
    """Reads the commands of one skill into its inventory. ``paths`` are the files of the skill."""

    def __init__(self, into: Inventory, paths: frozenset[str]) -> None:
        self._into = into
        self.paths = paths
        self._read = 0
        self.started: dict[str, Role] = {}
        """Files of the skill that a command runs, and how the command stands in the text."""
        self.snippets: list[tuple[str, str, Source, Role]] = []
        """Code that commands hand to an interpreter: its language, itself, where it stands."""

    def command(
        self, text: str, source: Source, role: Role, given: frozenset[Label], by: str
    ) -> frozenset[Label]:
        """Read a command that a script starts; what it prints is made of the labels returned."""
        labels = self._piece(
            CommandText(text.replace("\x00", "$BAILIWICK_UNKNOWN"), source, role, by, moves=False), given
        )
        return frozenset(label for one in labels for label in one)

    def decoded(self, text: str, source: Source, role: Role) -> None:
        """Read what was encoded and is run: as a command, where it reads like one."""
        for word in ("curl", "wget", "bash", "/bin/sh", "nc ", "eval", "python", "powershell"):
            if word in text:
                label = Label(Origin.ENCODED, "encoded text", source)
                self._piece(CommandText(text, source, role, "encoded text", moves=False), frozenset((label,)))
                return

    def script(
        self, text: str, path: str, first: int, role: Role, by: str = "text", *, stdin: Label | None = None
    ) -> None:
        """Read a script or the commands of a fence that begin at line ``first`` of ``path``, in pieces where it is long."""
        clean = _PROMPT.sub("", text)
        clean = _BASE.sub(SKILL, clean)
        clean = _PLACE.sub("PLACEHOLDER", clean) if by == "text" else clean
        for match in _HERE.finditer(text):
            language = "python" if match[1].startswith("python") else "javascript"
            line = first + text.count("\n", 0, match.start(3))
            self._snippet((language, match[3], Source(path=path, line=line), role))
        for piece, offset in _pieces(clean):
            given = frozenset((stdin,)) if stdin else frozenset[Label]()
            self._piece(
                CommandText(piece, Source(path=path, line=first + offset), role, by, moves=True),
                given,
                stdin=stdin is not None,
            )

    def _snippet(self, found: tuple[str, str, Source, Role]) -> None:
        if len(self.snippets) < MAX_SNIPPETS:
            self.snippets.append(found)
        else:
            self._into.leave(f"more than {MAX_SNIPPETS} pieces of code on command lines")

    def _piece(self, told: CommandText, given: frozenset[Label], *, stdin: bool = False) -> list[set[Label]]:
        self._read += 1
        if self._read > MAX_READ:
            self._into.leave(f"more than {MAX_READ:,} commands")
            return []
        facts = analyze_shell(told.text, _CONTEXT)
        programs = {i: a.target for i, a in enumerate(facts.accesses) if isinstance(a.target, ProgramTarget)}
        labels = labels_of(told, facts, programs, self._into)
        for index in programs:  # noqa: PLC0206 - its keys are looked up elsewhere too
            if programs[index].name in SHELLS | SENDERS | LOOKUP | {"git"} and any(
                arg is None for arg in programs[index].argv
            ):
                labels[index] |= given
            if (
                stdin
                and not any(flow.sink == index for flow in facts.flows)
                and programs[index].name in SENDERS | {"cat", "tee", "jq", "python3", "node"}
            ):
                labels[index] |= given
        for _ in range(4):
            for flow in facts.flows:
                if flow.source in labels and flow.sink in labels:
                    labels[flow.sink] |= labels[flow.source]
        self._capabilities(told, facts, programs)
        sinks(told, facts, programs, labels, self._into)
        marks(told, programs, facts, self._into, self.decoded)
        return list(labels.values())

    # --- what it can do

    def _capabilities(self, told: CommandText, facts: Facts, programs: dict[int, ProgramTarget]) -> None:
        for access in facts.accesses:
            where = told.at(access.cause)
            match access.kind, access.target:
                case AccessKind.EXECUTE, ProgramTarget() as program:
                    self._program(told, program, where)
                case AccessKind.CONNECT, HostTarget() as peer:
                    by = programs.get(access.by) if access.by is not None else None
                    method = method_of(by) if by else "connect"
                    if by is not None and by.name in packages.INSTALLERS:
                        continue
                    self._into.capability(
                        CapabilityKind.NET, peer.granted, where, told.role, detail=method, by=told.by
                    )
                case AccessKind.READ, PathTarget(path=path):
                    # What stands in the skill is always readable; a bare name may be the project's too.
                    own = "/" in (self._within(path) or "")
                    if not own and (access.by is None or not implied(programs.get(access.by))):
                        self._into.capability(
                            CapabilityKind.FS_READ, shown(path), where, told.role, by=told.by
                        )
                case ((AccessKind.WRITE | AccessKind.DELETE), PathTarget(path=path)):
                    if access.by is None or not implied(programs.get(access.by)):
                        self._write(told, access, shown(path), where)
                case _:
                    pass

    def _write(self, told: CommandText, access: Access, name: str, where: Source) -> None:
        if access.kind is not AccessKind.DELETE:
            written(
                self._into, name.removesuffix("/**"), name.removesuffix("/**"), where, told.role, by=told.by
            )
            return
        self._into.capability(kind_of(name), name, where, told.role, detail="delete", by=told.by)
        if _WHOLE.fullmatch(name):
            self._into.notice(Mark.DESTROY, f"deletes {name}", where, told.role, target=name)

    def _program(self, told: CommandText, program: ProgramTarget, where: Source) -> None:
        words = [word for word in program.words if word]
        name = program.name
        if name in (".", "source", UNKNOWN) or name.startswith("_"):
            return  # the file is an access of its own; a name with an underscore is a function
        if (code := code_of(program)) is not None:
            self._snippet((*code, where, told.role))
        inside = next((w for w in [program.path or "", *words[:2]] if w and self._within(w)), None)
        if inside is not None:
            path = self._within(inside)
            self._into.capability(CapabilityKind.EXEC, f"${{skill}}/{path}", where, told.role, by=told.by)
            if path:
                self.started.setdefault(path, told.role)
            return
        shown = (
            f"{name} {words[0]}"
            if name in SUBCOMMANDS and words and re.fullmatch(r"[a-z][\w:-]*", words[0])
            else name
        )
        self._into.capability(CapabilityKind.EXEC, shown, where, told.role, by=told.by)
        if name in AGENTS:
            self._into.capability(CapabilityKind.SPAWN, name, where, told.role, by=told.by)
        for package in packages.installed(program):
            self._into.capability(
                CapabilityKind.INSTALL, package.name, where, told.role, detail=package.detail, by=told.by
            )
            packages.judge(package, where, told.role, self._into)

    def _within(self, word: str) -> str | None:
        """The file of the skill that a word names, taken from the skill or from the project."""
        for prefix in (f"{SKILL}/", "./", f"{PROJECT}/", ""):
            if word.startswith(prefix) and word[len(prefix) :] in self.paths:
                return word[len(prefix) :]
        tail = re.sub(r"^.*?(?:skills/[\w.-]+/)", "", word)
        if tail != word and tail in self.paths:
            return tail
        match = re.search(r"(?:^|/)((?:scripts|bin|hooks|tools|lib|src)/[\w./-]+)$", word)
        return match[1] if match and match[1] in self.paths else None


def quoted(word: str) -> str:
    """A word as a shell reads it back."""
    return word if re.fullmatch(r"[\w@%+=:,./${}~-]+", word) else "'" + word.replace("'", "'\\''") + "'"


def command_line(said: Mapping[str, Any]) -> str:
    """A command that a file of settings gives with its arguments apart, as a shell reads it; empty where it gives none."""
    command, listed = said.get("command"), said.get("args")
    if not isinstance(command, str):
        return ""
    return " ".join((command, *(quoted(str(word)) for word in (listed if isinstance(listed, list) else ()))))


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """A script in pieces that the reader takes, cut before a line that begins a new paragraph or function."""
    if len(text) <= MAX_LENGTH:
        yield text, 0
        return
    lines: Sequence[str] = text.split("\n")
    start, size = 0, 0
    for number, line in enumerate(lines):
        if size + len(line) + 1 > MAX_LENGTH - 1_000 or (size > MAX_LENGTH // 2 and not line.strip()):
            yield "\n".join(lines[start:number]), start
            start, size = number, 0
        size += len(line) + 1
    yield "\n".join(lines[start:]), start
