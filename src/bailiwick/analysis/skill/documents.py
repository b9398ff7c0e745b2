"""Texts that people or the agent read: their front matter, sentences, code between them, and what runs before the prompt."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bailiwick.analysis.skill import front_matter, hidden, inline, typed
from bailiwick.analysis.skill.code import javascript, python
from bailiwick.analysis.skill.code.form import Program, TooDeepError
from bailiwick.analysis.skill.configuration import Configuration
from bailiwick.analysis.skill.facts import Inventory, Mark, Origin, Sink
from bailiwick.analysis.skill.front_matter import FrontMatter
from bailiwick.analysis.skill.imports import MAX_FILES, MEMORY, imports, is_outside
from bailiwick.analysis.skill.kinds import BACKGROUND, instructs
from bailiwick.analysis.skill.markdown import Block, Kind, blocks, without_code
from bailiwick.analysis.skill.others import fetches_and_runs
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.prose.learned.reader import MAX_READ, Weighed, guesses_in, weigh
from bailiwick.analysis.skill.prose.meaning.frames import orders_in
from bailiwick.analysis.skill.prose.sentences import notice_in
from bailiwick.analysis.skill.prose.steps import steps
from bailiwick.analysis.skill.scripts.guidance import guidance
from bailiwick.analysis.skill.scripts.machine import machine
from bailiwick.analysis.skill.scripts.remotes import remotes, shells
from bailiwick.analysis.skill.scripts.traces import traces
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.analysis.skill.speech import Sentence, negated, reports, role_of, sentences
from bailiwick.model.skill import CapabilityKind, Partial, Role, Source

MAX_SENTENCES = 12_000
"""Sentences of all documents of a skill that are looked at. Of 700 public skills the one with the most has 8,705."""

_LICENCE = re.compile(
    r"\b(?:Permission is hereby granted|Licensed under|Apache License|GNU (?:LESSER |AFFERO )?GENERAL|Redistribution and use|Mozilla Public|Creative Commons|WITHOUT WARRANT|All rights reserved|Contributor Covenant)",
    re.IGNORECASE,
)
_SHELL = frozenset(
    ("sh", "bash", "shell", "zsh", "console", "terminal", "shellscript", "shell-session", "ksh", "fish")
)
_PYTHON = frozenset(("python", "py", "python3", "pycon"))
_SCRIPT = frozenset(("javascript", "js", "jsx", "ts", "typescript", "tsx", "mjs", "node"))
_BEFORE = "dynamic context"
"""By what a command is started that runs before the prompt is read."""

_DYNAMIC = re.compile(r"(?<![`\w])!`([^`\n]{1,2000})`")
_SHOWN = re.compile(
    r"\b(?:samples?|examples?|attackers?|spot|attack|payload|decode|malicious|suspicious|demonstrat\w*|quot\w+|learners?|students?|trainees?|exercise|often contains?|looks? like)\b",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    r"^\W*(?:now |then |first,? )?(?:run|execute|start|paste|follow|do)\b|\b(?:you must|must run)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that is read by people or by the agent: its front matter, its sentences, how it stands."""

    path: str
    front: FrontMatter
    weighed: Weighed
    role: Role

    @property
    def sentences(self) -> Sequence[Sentence]:
        """Its sentences in their order."""
        return self.weighed.said


class Documents:
    """Reads the documents of one skill into its inventory; ``teaching`` says that it is a course on security."""

    def __init__(self, into: Inventory, shell: SkillShell, configuration: Configuration) -> None:
        self.into = into
        self.shell = shell
        self.configuration = configuration
        self.teaching = False
        self.taken_in: frozenset[str] = frozenset()
        """Files that memory files import."""
        self.read: list[Document] = []
        self.programs: list[Program] = []
        self.roles: dict[str, Role] = {}
        self.partial: list[Partial] = []
        self._room = MAX_SENTENCES
        self._passages = MAX_READ

    def document(self, path: str, text: str, role: Role, main: str) -> None:
        """Read one document, the skill's own text being ``main``."""
        if role is not Role.FIXTURE:
            role = (
                Role.INSTRUCTED if path == main or instructs(path) or path in self.taken_in else Role.OPTIONAL
            )
        text = hidden.plain_letters(without_code(text))
        front = front_matter.read(text)
        if not front.missing:
            self._front(path, front, text, role)
        if MEMORY.search(path):
            self._imports(path, text, role)
        listed = list(blocks(front.body, front.body_line))
        self.read.append(
            Document(path=path, front=front, weighed=self.sentences(path, listed, role), role=role)
        )
        if BACKGROUND.search(path) and _LICENCE.search(text):
            return
        guidance(text, path, role, self.into)
        for block in map(typed.known, listed):
            meant = self._meant(block, role)
            if block.kind is Kind.FENCE:
                where = Source(path=path, line=block.line)
                shells(block.text, where, meant, self.into)
                machine(block.text, where, meant, self.into)
                remotes(block.text, where, meant, self.into)
                traces(block.text, where, meant, self.into)
                self._fence(path, block, meant)
            elif block.kind is Kind.COMMENT:
                hidden.order(
                    block.text, Source(path=path, line=block.line), self.into, "a comment that isn't shown"
                )
            elif block.kind is not Kind.HEADING:
                self._inline(path, block, meant)
                if "push" in block.text and not negated(block.text):
                    source = Source(path=path, line=block.line)
                    remotes(inline.unwrapped(block.text).replace("`", "\n"), source, meant, self.into)
        self._dynamic(path, text, role)

    def _imports(self, path: str, text: str, role: Role) -> None:
        """Files from outside that the client puts into every conversation."""
        for target, line in islice(imports(text), MAX_FILES):
            if not is_outside(path, target):
                continue
            kept = kept_in(target)
            source = Source(path=path, line=line)
            self.into.capability(CapabilityKind.FS_READ, target, source, role, by="import")
            self.into.notice(
                Mark.ESCAPE,
                f"puts {target[:120]} into every conversation" + (f" ({kept.what})" if kept else ""),
                source,
                role,
                sure=kept is not None,
                target=target,
            )

    def _meant(self, block: Block, role: Role) -> Role:
        """How a block is meant; in a course on security a fence that is shown, not to be run, quotes."""
        meant = role_of(block, role)
        if (
            self.teaching
            and block.kind is Kind.FENCE
            and meant in (Role.INSTRUCTED, Role.OPTIONAL)
            and _SHOWN.search(block.lead)
            and not _ORDERED.search(re.split(r"(?<=[.!?])\s", block.lead.strip())[-1])
        ):
            return Role.QUOTED
        return meant

    def sentences(self, path: str, listed: list[Block], role: Role) -> Weighed:
        """The sentences of prose and of fences that hold words, looked at and weighed."""
        prose = [block for block in listed if block.kind not in (Kind.FENCE, Kind.COMMENT)]
        said = [sentence for block in prose for sentence in sentences(block, role)]
        for block in listed:
            if block.kind is Kind.FENCE and block.language in (
                "",
                "text",
                "markdown",
                "md",
                "txt",
                "prompt",
                "plaintext",
                "xml",
                "html",
            ):
                meant = self._meant(block, role)
                meant = Role.OPTIONAL if meant is Role.INSTRUCTED else meant
                said += list(
                    sentences(Block(Kind.TEXT, block.text, block.line, "", block.section, block.lead), meant)
                )
        said.sort(key=lambda sentence: sentence.line)
        if BACKGROUND.search(path) and any(_LICENCE.search(one.text) for one in said):
            return Weighed(said, ())
        if len(said) > self._room:
            reason = f"documents of more than {MAX_SENTENCES:,} sentences in all"
            self.partial.append(Partial(path=path, reason=reason))
            del said[self._room :]
        self._room -= len(said)
        weighed = weigh(said, self._passages)
        self._passages -= len(weighed.passages)
        if weighed.unread:
            reason = f"more than {MAX_READ:,} passages in all that may be orders"
            if all(part.reason != reason for part in self.partial):
                self.partial.append(Partial(path=path, reason=reason))
        notice_in(said, path, self.into)
        orders_in(said, path, self.into)
        guesses_in(weighed, path, self.into)
        steps(said, path, self.into, self.shell.paths)
        return weighed

    def _fence(self, path: str, block: Block, role: Role) -> None:
        language, text = block.language, block.text
        if language in _SHELL:
            self.shell.script(text, path, block.line, role)
        elif language in _PYTHON or language in _SCRIPT:
            lower = python.lower if language in _PYTHON else javascript.lower
            name = f"{path}#L{block.line}"
            try:
                program = lower(
                    text, f"x.{language}" if language in ("ts", "tsx", "typescript") else path, name
                )
            except TooDeepError:
                self.partial.append(Partial(path=path, reason="nested too deeply to be followed"))
                return
            if program is not None:
                program.path, program.shift = path, block.line - 1
                self.programs.append(program)
                self.roles.setdefault(path, role)
                self.roles[name] = role
        elif language in ("json", "jsonc", "json5"):
            self._json_fence(path, block, role)
        elif language in ("powershell", "ps1", "pwsh", "cmd", "bat") and fetches_and_runs(text):
            self.into.notice(
                Mark.PIPE_INSTALL,
                "runs what it downloads (PowerShell)",
                Source(path=path, line=block.line),
                role,
                target=(hosts_in(text) or ["*"])[0],
            )
        if language not in _SHELL and re.search(
            r"base64\s+(?:-d|-D|--decode)[^\n]*\|\s*(?:ba|z)?sh\b|\bcurl\b[^\n|]*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b",
            text,
        ):
            self.shell.script(text, path, block.line, role)

    def _json_fence(self, path: str, block: Block, role: Role) -> None:
        """Settings that the text shows: meant when it says to put them somewhere."""
        try:
            value = json.loads(block.text)
        except (ValueError, RecursionError):
            return
        if not isinstance(value, dict) or not {
            "permissions",
            "hooks",
            "env",
            "mcpServers",
            "enableAllProjectMcpServers",
        } & set(value):
            return
        told = re.search(
            r"\b(?:add|set|put|write|create|merge|save|update|append|paste|edit|configure|insert)\b",
            block.lead,
            re.IGNORECASE,
        )
        meant = role if told or role is not Role.INSTRUCTED else Role.OPTIONAL
        before = len(self.into.noticed)
        text = "\n" * (block.line - 1) + block.text  # so that lines are those of the page
        self.configuration.settings(path, text, value, meant)
        for item in list(self.into.noticed)[before:]:
            del self.into.noticed[item]
            self.into.notice(
                item.mark,
                item.text,
                item.source,
                item.role,
                sure=item.sure and bool(told),
                target=item.target,
                also=item.also,
            )

    def _inline(self, path: str, block: Block, role: Role) -> None:
        """Commands in a sentence."""
        for command, line, meant in inline.between_backquotes(block, role):
            self.shell.script(command, path, line, meant)
        if fetches_and_runs(block.text[: inline.MAX_READ]) and not negated(block.text):
            self.into.notice(
                Mark.PIPE_INSTALL,
                "runs what it downloads (PowerShell)",
                Source(path=path, line=block.line),
                Role.QUOTED if reports(block.text, len(block.text)) else role,
                target=(hosts_in(block.text) or ["*"])[0],
            )
        for command, line, meant in inline.that_run_what_they_fetch(block, role):
            self.shell.script(command, path, line, meant)

    def _dynamic(self, path: str, text: str, role: Role) -> None:
        """``!`cmd` `` runs before the model sees anything: what it prints becomes part of the prompt."""
        for match in _DYNAMIC.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            start = text.rfind("\n", 0, match.start()) + 1
            if text[start : match.start()].count("`") % 2:
                continue
            source = Source(path=path, line=line)
            labels = self.shell.command(
                match[1],
                source,
                Role.EXECUTABLE if role is not Role.FIXTURE else role,
                frozenset(),
                _BEFORE,
            )
            for label in sorted(labels, key=str):
                if label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.DOWNLOAD, Origin.PERSONAL):
                    self.into.chain(label, Sink.CONTEXT, "the prompt", source, role)
            if not any(
                item.kind is CapabilityKind.EXEC and item.source == source and item.by == _BEFORE
                for item in self.into.capabilities
            ):
                self.into.capability(
                    CapabilityKind.EXEC, match[1].split()[0], source, Role.EXECUTABLE, by=_BEFORE
                )

    def _front(self, path: str, front: FrontMatter, text: str, role: Role) -> None:
        if "hooks" in front.values:
            self.configuration.hooks.read(path, text, front.values["hooks"], role, front.line("hooks"))
        mode = front.text("permissionMode")
        if mode in ("bypassPermissions", "dontAsk"):
            self.into.notice(
                Mark.BYPASS,
                f"permissionMode: {mode}",
                Source(path=path, line=front.line("permissionMode")),
                role,
                target=mode,
            )
        servers = front.values.get("mcpServers")
        if isinstance(servers, dict):
            self.configuration.settings(path, text, {"mcpServers": servers}, role)
        if front.text("context") == "fork" or front.text("agent"):
            self.into.capability(
                CapabilityKind.SPAWN,
                front.text("agent") or "general-purpose",
                Source(path=path, line=front.line("context")),
                role,
            )
        described = front.text("description") + " " + front.text("when_to_use")
        lines = [
            Sentence(
                described[:4_000],
                front.line("description"),
                role,
                False,
                False,
                Block(Kind.TEXT, described, front.line("description")),
            )
        ]
        notice_in(lines, path, self.into)
        orders_in(lines, path, self.into)
