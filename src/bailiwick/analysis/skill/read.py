"""A skill, read whole: its documents, scripts and configuration, to one inventory with evidence. Total and bounded."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bailiwick.analysis.commands.specification import find
from bailiwick.analysis.skill import front_matter, hidden, joined, substance
from bailiwick.analysis.skill.code import javascript, python
from bailiwick.analysis.skill.code.follow import Follower
from bailiwick.analysis.skill.code.form import Program, TooDeepError
from bailiwick.analysis.skill.configuration import Configuration
from bailiwick.analysis.skill.containers import containers, is_archive
from bailiwick.analysis.skill.facts import Chain, Inventory, Mark, Noticed, Origin, Sink
from bailiwick.analysis.skill.front_matter import FrontMatter
from bailiwick.analysis.skill.markdown import Block, Kind, blocks
from bailiwick.analysis.skill.prose import hosts_in, notice_in
from bailiwick.analysis.skill.purpose import claims_in, purposes_of
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.analysis.skill.speech import Sentence, negated, reports, role_of, sentences
from bailiwick.analysis.text.secrets import SecretMatch, scan
from bailiwick.model.skill import (
    Capability,
    CapabilityKind,
    Claim,
    Entry,
    EntryType,
    Manifest,
    Partial,
    Role,
    SkillTree,
    Source,
)

MAX_TEXT = 4 * 2**20
"""Bytes of one text file that are read."""

MAX_INLINE = 60_000
"""Characters of a paragraph in which commands between backquotes are looked for."""

MAX_SCANNED = 1_000_000
"""Characters of one text in which secrets are looked for."""

_SHELL = frozenset(
    ("sh", "bash", "shell", "zsh", "console", "terminal", "shellscript", "shell-session", "ksh", "fish")
)
_PYTHON = frozenset(("python", "py", "python3", "pycon"))
_SCRIPT = frozenset(("javascript", "js", "jsx", "ts", "typescript", "tsx", "mjs", "node"))
_DOCUMENT = frozenset(
    (".md", ".mdx", ".markdown", ".mdc", ".txt", ".rst", ".adoc", ".org", ".html", ".htm", ".prompt")
)
_FIXTURES = re.compile(
    r"(?:^|/)(?:tests?|__tests__|testdata|test-?data|fixtures?|evals?|spec|specs|mocks?|__mocks__|samples/malicious|examples?/(?:malicious|bad|vulnerable|attacks?))(?:/|$)|(?:^|/)(?:test_[\w-]+\.\w+|[\w-]+[._](?:test|spec)\.\w+)$"
)
_BACKGROUND = re.compile(
    r"(?:^|/)(?:LICENSE|NOTICE|CODE_OF_CONDUCT|AUTHORS|THIRD_PARTY\w*)(?:\.\w+)?$",
    re.IGNORECASE,
)
_DYNAMIC = re.compile(r"(?<![`\w])!`([^`\n]{1,2000})`")
_RUNNING = re.compile(
    r"\b(?:run|execute|use|type|paste|enter|with|via|command|install|call|invoke|then|start|using|runs)\b[^.`]{0,40}$",
    re.IGNORECASE,
)
_NESTED = re.compile(r"(?:/bin/)?(?:ba|z)?sh -c [\"']?\$\((?:curl|wget)[^)\n]*\)[\"']?")
_PIPED = re.compile(r"\b(?:curl|wget|base64)\b.*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b", re.DOTALL)
_LEADING = re.compile(r"(?:^|[\s;&|])(?:python3?|bash|sh|node|npx|source|\./)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text that is read by people or by the agent: its front matter, its sentences, how it stands."""

    path: str
    front: FrontMatter
    sentences: tuple[Sentence, ...]
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSecret:
    """A secret in a file; ``role`` is that of the file."""

    match: SecretMatch
    source: Source
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillFacts:
    """Everything that is known of a skill. ``hosts`` are those its documents name; ``hooks`` the scripts that hooks run."""

    tree: SkillTree
    manifest: Manifest
    front: FrontMatter
    front_path: str
    documents: tuple[Document, ...]
    capabilities: tuple[Capability, ...]
    chains: tuple[Chain, ...]
    noticed: tuple[Noticed, ...]
    secrets: tuple[FoundSecret, ...]
    partial: tuple[Partial, ...]
    hosts: frozenset[str] = frozenset()
    hooks: Mapping[str, Source] = field(default_factory=dict)

    def marks(self, *marks: Mark) -> Iterator[Noticed]:
        """What was noticed of these sorts."""
        return (item for item in self.noticed if item.mark in marks)


def read_facts(tree: SkillTree) -> SkillFacts:
    """Read a tree. Total: what isn't understood is partial or noticed, nothing raises, and every reader has its bounds."""
    return _Reading(tree).run()


class _Reading:
    def __init__(self, tree: SkillTree) -> None:
        self.tree = tree
        self.into = Inventory()
        self.partial = list(tree.partial)
        self.texts: dict[str, str] = {}
        self.entries: dict[str, Entry] = {}
        self._gather()
        self.shell = SkillShell(self.into, frozenset(self.entries))
        scripts = {
            path: text for path, text in self.texts.items() if _language(path, text) or path.endswith(".cmd")
        }
        self.configuration = Configuration(self.into, self.shell, scripts)
        self.documents: list[Document] = []
        self.programs: list[Program] = []
        self.roles: dict[str, Role] = {}
        self.mentioned: set[str] = set()
        self.teaching = False

    def _gather(self) -> None:
        """The texts of the tree and of the archives in it."""
        for entry in self.tree.entries:
            self.entries[entry.path] = entry
            self._text(entry.path, entry)
        for container in containers(self.tree):
            self.partial += container.partial
            for entry in container.entries:
                path = f"{container.path}!{entry.path}"
                if (
                    entry.path.startswith("/")
                    or ".." in entry.path.split("/")
                    or (
                        entry.type is EntryType.LINK
                        and (entry.target.startswith("/") or ".." in entry.target.split("/"))
                    )
                ):
                    self.into.notice(
                        Mark.ESCAPE,
                        f"{entry.path[:80]} in it would be unpacked outside",
                        Source(path=container.path),
                        Role.EXECUTABLE,
                        target="archive",
                    )
                self.entries[path] = entry
                self._text(path, entry)

    def _text(self, path: str, entry: Entry) -> None:
        data = entry.data
        if data is None or entry.type is not EntryType.FILE or path.startswith(".git/objects"):
            return
        ending = posixpath.splitext(path)[1].lower()
        if is_archive(path, data):
            return
        if ending not in _DOCUMENT | _CODE and (
            b"\0" in data[:8_192] or data.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8"))
        ):
            for words in substance.text_chunks(data):
                self.texts[f"{path}#text"] = words
            tail = substance.tails(path, data)
            if len(tail) >= substance.MIN_TAIL and b"\0" not in tail[:512]:
                self.texts[f"{path}#tail"] = tail[:MAX_TEXT].decode("utf-8", "replace")
            return
        if len(data) > MAX_TEXT:
            self.partial.append(Partial(path=path, reason=f"a text longer than {MAX_TEXT >> 20} MiB"))
        head = data[:2]
        encoding = "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        self.texts[path] = data[:MAX_TEXT].decode(encoding, "replace")

    def run(self) -> SkillFacts:
        substance.look(self.tree, self.into)
        main = self._main()
        text = self.texts.get(main, "")
        front = front_matter.read(text) if main else FrontMatter(missing=True, problem="it has no SKILL.md")
        about = front.text("description")
        self.teaching = "security" in purposes_of(about) and bool(_TEACHES.search(about))
        everything = "\n".join(
            self.texts[path] for path in self.texts if path.lower().endswith((".md", ".json", ".sh"))
        )
        self.mentioned = {path for path in self.texts if posixpath.basename(path) in everything}
        for path, said in self.texts.items():
            self._file(path, said, main)
        self._run_programs()
        self._joined()
        self._carry_over()
        self._hidden()
        manifest = self._manifest(front, main)
        if self.into.full:
            self.partial.append(Partial(path=".", reason="more in it than is followed"))
        return SkillFacts(
            tree=self.tree,
            manifest=manifest,
            front=front,
            front_path=main,
            documents=tuple(self.documents),
            capabilities=tuple(self.into.capabilities),
            chains=tuple(self.into.chains),
            noticed=tuple(self.into.noticed),
            secrets=tuple(self._secrets()),
            partial=tuple(dict.fromkeys(self.partial)),
            hosts=frozenset(
                host
                for document in self.documents
                for sentence in document.sentences
                for host in hosts_in(sentence.text)
            ),
            hooks=dict(self.configuration.hooks),
        )

    def _main(self) -> str:
        at_top = [path for path in self.texts if "/" not in path]
        for path in (*at_top, *sorted(self.texts, key=lambda p: p.count("/"))):
            if posixpath.basename(path).lower() == "skill.md":
                return path
        return next(
            (path for path in at_top if path.lower().endswith(".md") and not _BACKGROUND.search(path)), ""
        )

    def _role(self, path: str) -> Role:
        if (
            _FIXTURES.search(path)
            and posixpath.basename(path) not in ("conftest.py", "setup.py")
            and path not in self.shell.started
            and path not in self.configuration.hooks
        ):
            return Role.FIXTURE
        return Role.EXECUTABLE

    # --- files

    def _file(self, path: str, text: str, main: str) -> None:
        role = self._role(path)
        ending = posixpath.splitext(path.partition("#")[0])[1].lower()
        language = _language(path, text)
        if self.configuration.file(path, text, role):
            return
        if (
            ending in _DOCUMENT
            or "#" in path
            or path == main
            or posixpath.basename(path) in (".cursorrules", ".windsurfrules")
        ):
            self._document(path, text, role, main)
        elif language == "shell":
            if role is Role.FIXTURE and path in self.mentioned and "/" not in path:
                role = Role.EXECUTABLE
            self.shell.script(text, path, 1, role, path)
        elif language == "python":
            self._program(python.lower(text, path, _module(path)), path, text, role)
        elif language == "javascript":
            try:
                program = javascript.lower(text, path, posixpath.splitext(path)[0])
            except TooDeepError:
                self.partial.append(Partial(path=path, reason="nested too deeply to be followed"))
            else:
                self._program(program, path, text, role)
        elif ending in (".docx", ".xlsx", ".pptx") or ("!" in path and ending == ".xml"):
            self._office(path, text, role)
        elif ending in _OTHER or posixpath.basename(path) in _MAKERS:
            self._other_script(path, text, role)

    def _program(self, program: Program | None, path: str, text: str, role: Role) -> None:
        if program is None:
            self.into.notice(Mark.OPAQUE, "a script that can't be read", Source(path=path), role)
            self._other_script(path, text, role)
            return
        self.programs.append(program)
        self.roles[path] = role
        if match := substance.REVERSE.search(text):
            where = Source(path=path, line=text.count("\n", 0, match.start()) + 1)
            self.into.notice(Mark.REVERSE_SHELL, "hands a shell to another machine", where, role, target="*")

    def _other_script(self, path: str, text: str, role: Role) -> None:
        """Scripts of languages without a reader: the commands in them that look like a shell's."""
        self.into.capability(CapabilityKind.EXEC, f"${{skill}}/{path}", Source(path=path), role, by=path)
        for number, line in enumerate(text.split("\n")[:5_000], 1):
            command = line.strip().removeprefix("RUN ").removeprefix("@").lstrip("-")
            if re.search(
                r"\b(?:curl|wget|nc|bash|base64|crontab|iwr|Invoke-WebRequest|scp)\b", command
            ) and not command.startswith("#"):
                inner = re.search(
                    r"(?:system|exec|`|do shell script|%x)\s*[({\[`\"']+(.{4,400}?)[\"'`)}\]]", command
                )
                self.shell.script(inner[1] if inner else command, path, number, role, path)
            if re.search(
                r"(?:iex|Invoke-Expression)\b.*(?:iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString)|DownloadString\(.*\|\s*iex|-e(?:nc|ncodedcommand)\s+[A-Za-z0-9+/=]{40,}",
                command,
                re.IGNORECASE,
            ):
                self.into.notice(
                    Mark.PIPE_INSTALL,
                    "runs what it downloads (PowerShell)",
                    Source(path=path, line=number),
                    role,
                    target=(hosts_in(command) or ["*"])[0],
                )

    def _office(self, path: str, text: str, role: Role) -> None:
        words = re.sub(r"<[^>]+>", " ", text)[:400_000]
        concealed = re.findall(
            r"<w:vanish\s*/?>.*?<w:t[^>]*>([^<]{8,2000})</w:t>", text, re.DOTALL
        ) + re.findall(r"w:color w:val=\"F{6}\".{0,400}?<w:t[^>]*>([^<]{8,2000})</w:t>", text, re.DOTALL)
        for piece in concealed[:20]:
            hidden.order(piece, Source(path=path), self.into, "text of an office file that isn't shown")
        if re.search(r"ignore|instruction|system prompt|curl ", words, re.IGNORECASE):
            self._sentences(path, list(blocks(words)), Role.OPTIONAL if role is not Role.FIXTURE else role)

    # --- documents

    def _document(self, path: str, text: str, role: Role, main: str) -> None:
        if role is not Role.FIXTURE:
            role = Role.INSTRUCTED if path == main or _instructs(path) else Role.OPTIONAL
        text = hidden.plain_letters(text)
        front = front_matter.read(text)
        if not front.missing:
            self._front(path, front, text, role)
        listed = list(blocks(front.body, front.body_line))
        said = self._sentences(path, listed, role)
        self.documents.append(Document(path=path, front=front, sentences=tuple(said), role=role))
        if _BACKGROUND.search(path):
            return
        joined.guidance(text, path, role, self.into)
        for block in listed:
            meant = self._meant(block, role)
            if block.kind is Kind.FENCE:
                where = Source(path=path, line=block.line)
                joined.shells(block.text, where, meant, self.into)
                joined.remotes(block.text, where, meant, self.into)
                self._fence(path, block, meant)
            elif block.kind is Kind.COMMENT:
                hidden.order(
                    block.text, Source(path=path, line=block.line), self.into, "a comment that isn't shown"
                )
            elif block.kind is not Kind.HEADING:
                self._inline(path, block, meant)
        self._dynamic(path, text, role)

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

    def _sentences(self, path: str, listed: list[Block], role: Role) -> list[Sentence]:
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
        if not _BACKGROUND.search(path):
            notice_in(said, path, self.into)
        return said

    def _fence(self, path: str, block: Block, role: Role) -> None:
        language, text = block.language, block.text
        if language in _SHELL or (
            language == ""
            and _LEADING.search(text.split("\n")[0][:200])
            and "=" not in text.split("\n")[0][:12]
        ):
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
        elif language in ("powershell", "ps1", "pwsh", "cmd", "bat") and _fetches_and_runs(text):
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
        before = len(self.into.noticed)
        self.configuration.settings(path, block.text, value, role if told else Role.OPTIONAL)
        for item in list(self.into.noticed)[before:]:
            del self.into.noticed[item]
            self.into.notice(
                item.mark,
                item.text,
                Source(path=path, line=block.line + item.source.line - 1),
                item.role,
                sure=item.sure and bool(told),
                target=item.target,
                also=item.also,
            )

    def _inline(self, path: str, block: Block, role: Role) -> None:
        """Commands between backquotes in a sentence that says to run them."""
        for match in re.finditer(r"`([^`\n]{4,800})`", block.text[:MAX_INLINE]):
            before = block.text[max(match.start() - 400, 0) : match.start()]
            line = block.line + block.text.count("\n", 0, match.start())
            if _RUNNING.search(before) and find(match[1].removeprefix("sudo ").split()[0]) is not None:
                meant = (
                    Role.NEGATED
                    if negated(before, len(before))
                    else Role.QUOTED
                    if reports(before, len(before))
                    else role
                )
                self.shell.script(match[1], path, line, meant)
        piped = re.search(r"\b(?:curl|wget|echo)\b.*", block.text[:MAX_INLINE], re.DOTALL)
        if nested := _NESTED.search(block.text[:MAX_INLINE]):
            self.shell.script(nested[0], path, block.line, role)
        if piped and "`" not in block.text and _PIPED.search(piped[0]):
            self.shell.script(piped[0], path, block.line, role)

    def _dynamic(self, path: str, text: str, role: Role) -> None:
        """``!`cmd` `` runs before the model sees anything: what it prints becomes part of the prompt."""
        for match in _DYNAMIC.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            start = text.rfind("\n", 0, match.start()) + 1
            if text[start : match.start()].count("`") % 2:
                continue
            source = Source(path=path, line=line)
            before = len(self.into.chains)
            labels = self.shell.command(
                match[1],
                source,
                Role.EXECUTABLE if role is not Role.FIXTURE else role,
                frozenset(),
                "dynamic context",
            )
            del before
            for label in sorted(labels, key=str):
                if label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.DOWNLOAD, Origin.PERSONAL):
                    self.into.chain(label, Sink.CONTEXT, "the prompt", source, role)
            self.into.capability(
                CapabilityKind.EXEC,
                match[1].split()[0],
                source,
                Role.EXECUTABLE,
                detail="before the prompt",
                by="dynamic context",
            )

    def _front(self, path: str, front: FrontMatter, text: str, role: Role) -> None:
        if "hooks" in front.values:
            self.configuration.hooks_of(path, text, front.values["hooks"], role, front.line("hooks"))
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

    # --- code

    def _run_programs(self) -> None:
        if not self.programs:
            return
        groups: dict[str, list[Program]] = {}
        for program in self.programs:
            groups.setdefault("fence" if "#L" in program.module else "files", []).append(program)
        for kind, group in groups.items():
            if kind == "fence":
                for program in group:
                    roles = {program.path: self.roles.get(program.module, Role.INSTRUCTED)}
                    Follower([program], roles, self.into, self.shell).run()
            else:
                roles = {program.path: self._role(program.path) for program in group}
                Follower(group, roles, self.into, self.shell).run()

    def _joined(self) -> None:
        """What lines and files of the scripts do together."""
        languages = {
            path: _language(path, text)
            for path, text in self.texts.items()
            if _language(path, text)
            or posixpath.splitext(path)[1].lower() in _OTHER
            or posixpath.basename(path) in _MAKERS
        }
        roles = {path: self._role(path) for path in languages}
        joined.look(self.texts, languages, roles, self.into)

    def _carry_over(self) -> None:
        """Data that one script puts into a file and another sends: the two chains are one."""
        for chain in list(self.into.chains):
            if chain.label.origin is not Origin.FILE:
                continue
            name = chain.label.name.removeprefix("${project}/")
            for label in sorted(self.into.writes.get(name, ()), key=str):
                if label.origin in (
                    Origin.CREDENTIALS,
                    Origin.ENVIRONMENT,
                    Origin.CONVERSATION,
                    Origin.PERSONAL,
                    Origin.VARIABLE,
                    Origin.DOWNLOAD,
                    Origin.ENCODED,
                ):
                    if chain.sink is Sink.EXECUTE and label.origin not in (Origin.DOWNLOAD, Origin.ENCODED):
                        continue
                    self.into.chain(
                        label, chain.sink, chain.target, chain.source, chain.role, auth=chain.auth
                    )
        for chain in list(self.into.chains):
            if chain.label.origin is Origin.INPUT and chain.source.path in self.configuration.hooks:
                self.into.chain(
                    type(chain.label)(
                        Origin.CONVERSATION, "what the client tells a hook", chain.label.source
                    ),
                    chain.sink,
                    chain.target,
                    chain.source,
                    chain.role,
                )

    def _hidden(self) -> None:
        for path, text in self.texts.items():
            if not path.endswith((".min.js", ".svg", ".lock")):
                hidden.characters(text, path, self._role(path), self.into)
            if path.endswith((".md", ".mdx", ".html", ".htm", ".markdown", ".txt")):
                hidden.styled(text, path, self.into)
                hidden.encoded(text, path, self.into)

    def _secrets(self) -> Iterator[FoundSecret]:
        room = 3 * MAX_SCANNED
        for path, text in self.texts.items():
            if room <= 0:
                return
            piece = text[: min(MAX_SCANNED, room)]
            if path.endswith(
                (".lock", ".svg", ".csv", "package-lock.json", ".xsd", ".min.js", ".ipynb", ".map", ".html")
            ):
                continue
            room -= len(piece)
            for match in scan(piece):
                yield FoundSecret(
                    match=match,
                    source=Source(path=path, line=text.count("\n", 0, match.start) + 1),
                    role=self._role(path),
                )

    # --- the manifest

    def _manifest(self, front: FrontMatter, main: str) -> Manifest:
        declared = tuple(
            Capability(
                kind=CapabilityKind.MCP if grant.tool.startswith("mcp__") else CapabilityKind.TOOL,
                target=grant.shown[:300],
                source=Source(path=main, line=grant.line),
                role=Role.INSTRUCTED,
                by="front matter",
            )
            for key in ("allowed-tools", "tools")
            for grant in front.grants(key)
        )
        denied = tuple(
            Capability(
                kind=CapabilityKind.TOOL,
                target=grant.shown[:300],
                source=Source(path=main, line=grant.line),
                role=Role.NEGATED,
                by="front matter",
            )
            for key in ("disallowed-tools", "disallowedTools")
            for grant in front.grants(key)
        )
        described = front.text("description")
        sayings: list[Claim] = list(claims_in(described, Source(path=main, line=front.line("description"))))
        for document in self.documents:
            if document.path == main:
                for sentence in document.sentences[:400]:
                    sayings += claims_in(sentence.text, Source(path=main, line=sentence.line))
        used = dict.fromkeys(self.into.capabilities)
        return Manifest(
            name=front.text("name") or self.tree.name,
            description=described,
            scoped="allowed-tools" in front.values or "allowed_tools" in front.values,
            declared=declared,
            denied=denied,
            purposes=purposes_of(f"{front.text('name') or self.tree.name} {described}"),
            claims=tuple(sayings),
            used=tuple(sorted(used, key=lambda c: (c.kind, c.target, c.source))),
        )


_OTHER = frozenset((".ps1", ".bat", ".cmd", ".rb", ".pl", ".php", ".applescript", ".lua", ".go"))
_MAKERS = ("Makefile", "Dockerfile", "Justfile", "makefile")
_TEACHES = re.compile(
    r"\b(?:teach\w*|course|training|lessons?|workshop|curriculum|tutorial|explain\w*|educat\w*|awareness|reviews? prompts)\b",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"\b(?:samples?|examples?|attackers?|spot|attack|payload|decode|malicious|suspicious|demonstrat\w*|quot\w+|learners?|students?|trainees?|exercise|often contains?|looks? like)\b",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    r"^\W*(?:now |then |first,? )?(?:run|execute|start|paste|follow|do)\b|\b(?:you must|must run)\b",
    re.IGNORECASE,
)
_CODE = frozenset(
    (
        ".py",
        ".sh",
        ".bash",
        ".js",
        ".ts",
        ".mjs",
        ".cjs",
        ".tsx",
        ".jsx",
        ".json",
        ".yaml",
        ".yml",
        ".toml",
        ".cfg",
        ".ini",
        ".rb",
        ".pl",
        ".ps1",
        ".bat",
        ".php",
    )
)


def _language(path: str, text: str) -> str:
    ending = posixpath.splitext(path)[1].lower()
    if ending in (".sh", ".bash", ".zsh", ".ksh", ".command"):
        return "shell"
    if ending in (".py", ".pyw"):
        return "python"
    if ending in (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx"):
        return "javascript"
    if ending in ("", ".txt", ".run", ".tmpl", ".hook") and text.startswith("#!"):
        first = text.split("\n", 1)[0]
        return (
            "python"
            if "python" in first
            else "javascript"
            if "node" in first or "bun" in first or "deno" in first
            else "shell"
            if re.search(r"\b(?:ba|z|k|da)?sh\b", first)
            else ""
        )
    return ""


def _fetches_and_runs(text: str) -> bool:
    """Whether PowerShell runs what it downloads."""
    return bool(
        re.search(r"\b(?:iex|Invoke-Expression)\b", text, re.IGNORECASE)
        and re.search(r"iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString", text, re.IGNORECASE)
    )


def _module(path: str) -> str:
    return (
        posixpath.splitext(path)[0]
        .replace("/", ".")
        .removeprefix("scripts.")
        .removeprefix("src.")
        .removeprefix("lib.")
    )


def _instructs(path: str) -> bool:
    return bool(
        re.search(
            r"(?:^|/)(?:commands|agents|rules)/[^/]+\.md$|(?:^|/)(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|SKILL)\.md$",
            path,
            re.IGNORECASE,
        )
    )
