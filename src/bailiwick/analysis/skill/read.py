"""A skill, read whole: its documents, scripts and configuration, to one inventory with evidence. Total and bounded."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bailiwick.analysis.skill import front_matter, hidden, office, substance
from bailiwick.analysis.skill.carried import carry_over
from bailiwick.analysis.skill.code import javascript, python
from bailiwick.analysis.skill.code.files import Scripts
from bailiwick.analysis.skill.code.follow import Follower
from bailiwick.analysis.skill.code.form import Program, TooDeepError
from bailiwick.analysis.skill.configuration import Configuration
from bailiwick.analysis.skill.contents import MAX_LOOKED, contents
from bailiwick.analysis.skill.documents import Document, Documents
from bailiwick.analysis.skill.facts import Chain, Guess, Inventory, Mark, Noticed, Order
from bailiwick.analysis.skill.front_matter import FrontMatter
from bailiwick.analysis.skill.imports import MEMORY, imported
from bailiwick.analysis.skill.kinds import (
    BACKGROUND,
    CONFIGURED,
    DOCUMENT,
    FIXTURES,
    MAKERS,
    OTHER,
    TESTS,
    language_of,
    module_of,
)
from bailiwick.analysis.skill.manifest import manifest_of
from bailiwick.analysis.skill.markdown import blocks, without_fences
from bailiwick.analysis.skill.others import embedded, notebook, other_script, scripts_in
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.purpose import purposes_of
from bailiwick.analysis.skill.scripts.channels import channels, states
from bailiwick.analysis.skill.scripts.grants import grants
from bailiwick.analysis.skill.scripts.lasting import copies
from bailiwick.analysis.skill.scripts.look import look
from bailiwick.analysis.skill.scripts.unspoken import unspoken
from bailiwick.analysis.skill.sensitive import is_config
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.analysis.skill.unseen import unseen
from bailiwick.analysis.text.form import Form
from bailiwick.analysis.text.secrets import SecretMatch, scan
from bailiwick.model.skill import (
    Capability,
    Manifest,
    Partial,
    Role,
    SkillTree,
    Source,
)

MAX_SCANNED = 1_000_000
"""Characters of one text in which secrets are looked for."""


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
    orders: tuple[Order, ...]
    guesses: tuple[Guess, ...]
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
        found = contents(tree, self.into)
        self.texts, self.entries, self.partial = found.texts, found.entries, found.partial
        self.shell = SkillShell(self.into, frozenset(self.entries))
        scripts = {
            path: text
            for path, text in self.texts.items()
            if language_of(path, text) or path.endswith(".cmd")
        }
        self.configuration = Configuration(self.into, self.shell, scripts, self.texts)
        self.documents = Documents(self.into, self.shell, self.configuration)
        self.programs: list[Program] = []
        self.everything = ""
        """What its documents and commands say, one behind the other."""
        self._tested = False

    def run(self) -> SkillFacts:
        substance.look(self.tree, self.into)
        main = self._main()
        text = self.texts.get(main, "")
        front = front_matter.read(text) if main else FrontMatter(missing=True, problem="it has no SKILL.md")
        about = front.text("description")
        self.documents.teaching = "security" in purposes_of(about) and bool(_TEACHES.search(about))
        self.everything = "\n".join(
            self.texts[path] for path in self.texts if path.lower().endswith((".md", ".json", ".sh"))
        )
        self._tested = any(
            _TESTED.search(self.texts[path]) for path in self.texts if path.lower().endswith(".md")
        )
        self.documents.taken_in = frozenset(
            inner for path in self.texts if MEMORY.search(path) for inner in imported(path, self.texts.get)
        )
        for path, said in self.texts.items():
            self._file(path, said, main)
        self._run_programs()
        self._joined()
        carry_over(self.into, self.configuration.hooks.started)
        self._hidden()
        self.partial += self.documents.partial
        documents = tuple(self.documents.read)
        manifest = manifest_of(self.tree.name, front, main, documents, self.into.capabilities)
        self.partial += sorted(self.into.full, key=lambda part: (part.path, part.reason))
        return SkillFacts(
            tree=self.tree,
            manifest=manifest,
            front=front,
            front_path=main,
            documents=documents,
            capabilities=tuple(self.into.capabilities),
            chains=tuple(self.into.chains),
            noticed=tuple(self.into.noticed),
            orders=tuple(self.into.orders),
            guesses=tuple(self.into.guesses),
            secrets=tuple(self._secrets()),
            partial=tuple(dict.fromkeys(self.partial)),
            hosts=frozenset(
                host
                for document in documents
                for sentence in document.sentences
                for host in hosts_in(sentence.text)
            ),
            hooks=dict(self.configuration.hooks.started),
        )

    def _main(self) -> str:
        at_top = [path for path in self.texts if "/" not in path]
        for path in (*at_top, *sorted(self.texts, key=lambda p: p.count("/"))):
            if posixpath.basename(path).lower() == "skill.md":
                return path
        return next(
            (path for path in at_top if path.lower().endswith(".md") and not BACKGROUND.search(path)), ""
        )

    def _role(self, path: str) -> Role:
        if (
            FIXTURES.search(path)
            and posixpath.basename(path) not in ("conftest.py", "setup.py")
            and path not in self.shell.started
            and path not in self.configuration.hooks.started
            and not (self._tested and TESTS.search(path))
        ):
            return Role.FIXTURE
        return Role.EXECUTABLE

    # --- files

    def _file(self, path: str, text: str, main: str) -> None:
        role = self._role(path)
        ending = posixpath.splitext(path.partition("#")[0])[1].lower()
        language = language_of(path, text)
        if self.configuration.file(path, text, role):
            embedded(text, path, role, self.shell, self.into)
            return
        if ending == ".ipynb":
            code, commands = notebook(text, path, self.into)
            self._lowered(python.lower, code, path, text, role)
            for command, line in commands:
                self.shell.script(command, path, line, role, path)
            return
        if ending in CONFIGURED and not ("!" in path and ending == ".xml"):
            embedded(text, path, role, self.shell, self.into)
            return
        if (
            (ending in DOCUMENT and posixpath.basename(path) not in MAKERS)
            or "#" in path
            or path == main
            or posixpath.basename(path) in (".cursorrules", ".windsurfrules")
        ):
            self.documents.document(path, text, role, main)
            if ending in (".html", ".htm", ".svg", ".vue"):
                self._page(path, text)
        elif language == "shell":
            if role is Role.FIXTURE and "/" not in path and path in self.everything:
                role = Role.EXECUTABLE
            self.shell.script(text, path, 1, role, path)
        elif language == "python":
            self.configuration.dependencies.inline(path, text, role)
            self._lowered(python.lower, text, path, text, role)
        elif language == "javascript":
            self._lowered(javascript.lower, text, path, text, role)
        elif ending in (".docx", ".xlsx", ".pptx") or ("!" in path and ending == ".xml"):
            self._office(path, text, role)
        elif ending == ".svg":
            self._page(path, text)
        elif ending == ".rtf" or text.startswith("{\\rtf"):
            for piece in office.rich(text, path, role, self.into):
                hidden.order(piece, Source(path=path), self.into, "text of a document that isn't shown")
        elif ending == ".rels":
            office.loaded(text, path, role, self.into)
        elif ending in OTHER or posixpath.basename(path) in MAKERS:
            other_script(text, path, role, self.shell, self.into)
            embedded(text, path, role, self.shell, self.into)

    def _page(self, path: str, text: str) -> None:
        """The scripts of a page."""
        for code, line in scripts_in(text, path, self.into):
            try:
                program = javascript.lower(code, "x.js", f"{path}#L{line}")
            except TooDeepError:
                self.partial.append(Partial(path=path, reason="nested too deeply to be followed"))
                continue
            if program is not None:
                program.path, program.shift = path, line - 1
                self.programs.append(program)

    def _lowered(
        self, lower: Callable[[str, str, str], Program | None], code: str, path: str, text: str, role: Role
    ) -> None:
        """A script of a language with a reader."""
        module = module_of(path) if lower is python.lower else posixpath.splitext(path)[0]
        try:
            program = lower(code, path, module)
        except TooDeepError:
            self.partial.append(Partial(path=path, reason="nested too deeply to be followed"))
        else:
            self._program(program, path, text, role)

    def _program(self, program: Program | None, path: str, text: str, role: Role) -> None:
        if program is None:
            self.into.notice(Mark.OPAQUE, "a script that can't be read", Source(path=path), role)
            other_script(text, path, role, self.shell, self.into)
            return
        self.programs.append(program)
        if match := substance.REVERSE.search(text):
            where = Source(path=path, line=text.count("\n", 0, match.start()) + 1)
            self.into.notice(Mark.REVERSE_SHELL, "hands a shell to another machine", where, role, target="*")

    def _office(self, path: str, text: str, role: Role) -> None:
        words = re.sub(r"<[^>]+>", " ", text[:MAX_LOOKED])
        for piece in office.concealed(text):
            hidden.order(piece, Source(path=path), self.into, "text of an office file that isn't shown")
        for piece in office.aside(path, text):
            hidden.order(
                piece, Source(path=path), self.into, "a note in an office file", reading=hidden.Reading.ASIDE
            )
        if re.search(r"ignore|instruction|system prompt|curl ", words, re.IGNORECASE):
            self.documents.sentences(
                path, list(blocks(words)), Role.OPTIONAL if role is not Role.FIXTURE else role
            )
        office.commands(text, path, role, self.into)

    # --- code

    def _run_programs(self) -> None:
        for program in self.documents.programs:
            roles = {program.path: self.documents.roles.get(program.module, Role.INSTRUCTED)}
            Follower(Scripts([program], roles, self.into, self.shell)).run()
        for language, code, source, role in self.shell.snippets:
            lower = python.lower if language == "python" else javascript.lower
            try:
                given = lower(code, source.path, f"{source.path}#L{source.line}")
            except TooDeepError:
                continue
            if given is not None:
                given.path, given.shift = source.path, (source.line or 1) - 1
                Follower(Scripts([given], {source.path: role}, self.into, self.shell)).run()
        if self.programs:
            roles = {program.path: self._role(program.path) for program in self.programs}
            data = {path: text for path, text in self.texts.items() if path.endswith(_DATA)}
            follower = Follower(Scripts(self.programs, roles, self.into, self.shell, data))
            follower.run()
            self._installed(follower)

    def _installed(self, follower: Follower) -> None:
        """Commands of scripts that write the client's settings."""
        writers = {
            item.source.path
            for item in self.into.noticed
            if item.mark is Mark.SETTING and is_config(item.target)
        }
        for path, line, command in follower.commands:
            if path in writers:
                self.configuration.hooks.installed(path, line, command, self._role(path))

    def _joined(self) -> None:
        """What lines and files of the scripts do together."""
        languages = {
            path: language_of(path, text) or ("yaml" if path.endswith((".yml", ".yaml")) else "")
            for path, text in self.texts.items()
            if language_of(path, text)
            or posixpath.splitext(path)[1].lower() in OTHER
            or posixpath.splitext(path)[1].lower() in (".yml", ".yaml")
            or posixpath.basename(path) in MAKERS
        }
        roles = {path: self._role(path) for path in languages}
        look(self.texts, languages, roles, self.into)
        documents = [text for path, text in self.texts.items() if path.lower().endswith((".md", ".txt"))]
        for path, text in self.texts.items():
            if path not in languages and "bcc" in text[:20_000].lower():
                copies(text[:20_000], path, self._role(path), self.into)
            if path.endswith((".html", ".htm", ".vue", ".svelte")):
                unspoken(text[:MAX_SCANNED], path, self._role(path), self.into, documents)
                channels(text[:MAX_SCANNED], path, "", self._role(path), self.into, documents)
            if path.endswith((".tf", ".hcl", ".json", ".template", ".bicep")):
                states(text[:MAX_SCANNED], path, self._role(path), self.into)
                grants(text[:MAX_SCANNED], path, self._role(path), self.into, documents)

    def _hidden(self) -> None:
        for path, text in self.texts.items():
            if not path.endswith((".min.js", ".svg", ".lock")):
                hidden.characters(text, path, self._role(path), self.into)
            if path.endswith((".md", ".mdx", ".html", ".htm", ".markdown", ".txt")):
                page = text if path.endswith((".html", ".htm")) else without_fences(text)
                hidden.styled(page, path, self.into)
                hidden.encoded(text, path, self.into)
                hidden.far(text, path, self.into)
            if path.endswith(".svg"):
                hidden.styled(text, path, self.into)
            if self._role(path) is not Role.FIXTURE and "!" not in path:
                unseen(path, text, code=self._is_code(path, text), into=self.into)

    def _is_code(self, path: str, text: str) -> bool:
        return (
            bool(language_of(path, text))
            or posixpath.splitext(path)[1].lower() in OTHER
            or posixpath.basename(path) in MAKERS
        )

    def _secrets(self) -> Iterator[FoundSecret]:
        room = 3 * MAX_SCANNED
        for path, text in self.texts.items():
            if room <= 0:
                self.partial.append(
                    Partial(
                        path=path,
                        reason=f"texts of more than {3 * MAX_SCANNED:,} characters in all, not searched for secrets",
                    )
                )
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


_TESTED = Form(
    r"(?:^|[`\n])[ \t]*(?:\$ )?(?:python3? -m )?(?:pytest|unittest|nose2|tox)\b|\b(?:npm|pnpm|yarn|bun) (?:run )?test\b|\bnpx (?:jest|vitest|mocha)\b|\bgo test\b|\bcargo test\b|\bmake (?:test|check)\b|\brspec\b"
)
"""A command that runs the tests, which makes their code executable."""
_DATA = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".txt")
"""Files in which a script may find an address."""

_TEACHES = re.compile(
    r"\b(?:teach\w*|course|training|lessons?|workshop|curriculum|tutorial|explain\w*|educat\w*|awareness|reviews? prompts)\b",
    re.IGNORECASE,
)
