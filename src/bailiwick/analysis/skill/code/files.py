"""What calls of a script do to files: read, open, write, remove, load."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.form import Program
from bailiwick.analysis.skill.code.places import project_path, shown_path
from bailiwick.analysis.skill.code.values import GAP, NOTHING, Value, between, concatenated, gathered
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.sensitive import ACCOUNT, ACCOUNTS, kept_in
from bailiwick.analysis.skill.writes import written
from bailiwick.model.skill import CapabilityKind, Role, Source

FIXED_DATE = re.compile(
    r"(?:date|datetime|Date|strptime)\w*\(\s*[\"']?\d{4}|[\"']\d{4}-\d\d|\b1[6-9]\d{8}\b|(?:gethostname|node|getuser|hostname|username)\b[^=]*[=!]==?|\bCI\b|GITHUB_ACTIONS"
)
"""A gate that was set when the code was written: a date, a machine, a test runner."""


class ShellReader:
    """What reads commands that scripts start; the shell reader of skills is one."""

    def command(
        self, text: str, source: Source, role: Role, given: frozenset[Label], by: str
    ) -> frozenset[Label]:
        """Read a command (with gaps); the kinds of data in what it prints."""
        raise NotImplementedError

    def decoded(self, text: str, source: Source, role: Role) -> None:
        """Read a text that was encoded and is run."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Scripts:
    """Programs that belong together, how each stands, and the inventory for what they do.

    ``shell`` reads a command that one of them starts; ``data`` are the texts of the skill's other files, in which an address may
    stand that a script reads.
    """

    programs: Sequence[Program]
    roles: dict[str, Role]
    into: Inventory
    shell: ShellReader
    data: Mapping[str, str] = field(default_factory=dict)


class FileEffects:
    """What the calls of some scripts do to files."""

    def __init__(self, scripts: Scripts) -> None:
        programs = scripts.programs
        self._data = scripts.data
        self._roles = scripts.roles
        self._into = scripts.into
        self._shell = scripts.shell
        self._outputs: dict[tuple[str, Source], frozenset[Label]] = {}
        self._looking = False
        self._program = programs[0] if programs else Program(path="", module="")
        self._gate = ""
        self._asked = ""
        """The host whose answer the condition around what is looked at asks for."""

    def _source(self, line: int) -> Source:
        return Source(path=self._program.path, line=line + self._program.shift)

    @property
    def _role(self) -> Role:
        return self._roles.get(self._program.path, Role.EXECUTABLE)

    def _label(self, origin: Origin, name: str, line: int, texts: tuple[str, ...] = ()) -> Value:
        return Value(texts, frozenset((Label(origin, name, self._source(line)),)))

    def _read(
        self, path: str, method: str, base: Value, args: list[Value], named: dict[str, Value], line: int
    ) -> Value:
        if path in library.READ:
            where = args[0] if args else NOTHING
            mode = (args[1] if len(args) > 1 else named.get("mode", NOTHING)).text
            if (
                path.endswith("open") and any(letter in mode for letter in "wax+") and path != "tarfile.open"
            ) or (path in ("tarfile.open", "zipfile.ZipFile") and "w" in mode):
                return self._opened(where, line)
            if path == "os.walk" or "glob" in path or "dir" in path:
                return self._file(where, line)
            return self._file(where, line)
        if method == "open" and any(letter in (args[0].text if args else "") for letter in "wax"):
            return self._opened(base, line)
        if method in ("glob", "rglob", "iterdir"):
            pattern = concatenated(between([base, args[0]], "/")) if args else base
            return Value(pattern.texts, self._file(pattern, line).labels)
        return self._file(base, line)

    def _file(self, where: Value, line: int) -> Value:
        labels: set[Label] = set(where.labels)
        if not where.texts:
            labels.add(Label(Origin.FILE, "a file that is named when it runs", self._source(line)))
        for text in where.texts or (GAP,):
            name = shown_path(text)
            kept = kept_in(name)
            if self._looking:
                self._into.capability(
                    CapabilityKind.FS_READ,
                    project_path(name),
                    self._source(line),
                    self._role,
                    by=self._program.path,
                )
            if where.texts:
                labels.add(Label(kept.origin if kept else Origin.FILE, name, self._source(line)))
        return Value(where.texts, frozenset(labels), where.auth)

    def _opened(self, where: Value, line: int) -> Value:
        self._written(where, NOTHING, line)
        return Value(
            (),
            frozenset(
                Label(Origin.INPUT, f"written:{shown_path(text)}", self._source(line))
                for text in where.texts or (GAP,)
            ),
        )

    def _handle_written(self, targets: Iterable[Value], held: Value, line: int) -> None:
        for target in targets:
            for label in target.labels:
                if label.name.startswith("written:"):
                    self._written(Value((label.name.removeprefix("written:"),)), held, line)

    def _saved(self, where: Value, held: Value, line: int) -> None:
        """A file that a library writes: by its path, or one that was opened for writing before."""
        if any(label.name.startswith("written:") for label in where.labels):
            self._handle_written([where], held, line)
        else:
            self._written(where, held, line)

    def _written(self, where: Value, held: Value, line: int) -> Value:
        if not self._looking:
            return NOTHING
        for text in where.texts or (GAP,):
            name = shown_path(text)
            self._into.writes.setdefault(name, set()).update(
                label for label in held.labels if not label.name.startswith("written:")
            )
            self._rewritten(name, held, line)
            written(
                self._into,
                name,
                project_path(name),
                self._source(line),
                self._role,
                by=self._program.path,
            )
            if self._gate and not name.startswith("/tmp"):  # noqa: S108 - a name, not a file of ours
                self._into.notice(
                    Mark.GATED,
                    f"writes {name} only when {self._gate}",
                    self._source(line),
                    self._role,
                    sure=False,
                    target="write" if FIXED_DATE.search(self._gate) else name,
                )
        return NOTHING

    def _rewritten(self, name: str, held: Value, line: int) -> None:
        """A file of the skill that is replaced by what a host answers: another skill than the one that was looked at."""
        told = re.match(
            r"(?:~|\$\{project\})/\.claude/(?:skills|plugins|commands|agents|hooks|settings)", name
        )
        if not told and not re.match(r"\$\{skill\}/.*(?:\.(?:md|py|sh|m?js|ts)|/x|\*)$", name):
            return
        for label in sorted(held.labels, key=str):
            if label.origin is Origin.DOWNLOAD:
                self._into.notice(
                    Mark.REMOTE_INSTRUCTIONS,
                    f"puts what {label.name} answers among what the client obeys: {name}"
                    if told
                    else f"rewrites the skill with what {label.name} answers",
                    self._source(line),
                    self._role,
                    target=label.name,
                )

    def _removed(self, path: str, where: Value, line: int) -> None:
        if not self._looking:
            return
        for text in where.texts or (GAP,):
            name = shown_path(text)
            self._into.capability(
                CapabilityKind.FS_WRITE,
                project_path(name),
                self._source(line),
                self._role,
                detail="delete",
                by=self._program.path,
            )
            whole = name in ("~", "/", "~/", "${project}", ".") or re.fullmatch(
                r"~/(?:Documents|Desktop|projects|src|code|Pictures)/?\**", name
            )
            if whole and ("rmtree" in path or "rm" in path):
                self._into.notice(
                    Mark.DESTROY, f"deletes {name} and all below", self._source(line), self._role, target=name
                )
            if self._asked:
                self._into.notice(
                    Mark.GATED,
                    f"deletes {name} when {self._asked} says so",
                    self._source(line),
                    self._role,
                    target="delete",
                )
            if self._gate and ("rmtree" in path or whole):
                self._into.notice(
                    Mark.GATED,
                    f"deletes {name} only when {self._gate}",
                    self._source(line),
                    self._role,
                    target="delete",
                )

    def _substituted(self, args: list[Value], line: int) -> None:
        """Accounts or wallets in a text replaced by one that stands in the code."""
        if self._looking and ACCOUNTS.search(args[0].text) and ACCOUNT.search(args[1].text):
            self._into.notice(
                Mark.TAMPER,
                f"replaces accounts or wallets by {args[1].text[:60]}",
                self._source(line),
                self._role,
                target="data",
            )

    def _loaded(self, path: str, args: list[Value], line: int) -> Value:
        held = gathered(args)
        if self._looking:
            named = (
                args[:1] if path.endswith("run_path") else args[-1:] if path.startswith("sys.path.") else []
            )
            for text in (text for value in named for text in value.texts):
                file = Label(Origin.FILE, shown_path(text), self._source(line))
                self._into.chain(file, Sink.EXECUTE, path, self._source(line), self._role)
            for label in sorted(held.labels, key=str):
                if label.origin in (Origin.DOWNLOAD, Origin.ENCODED):
                    self._into.chain(label, Sink.EXECUTE, path, self._source(line), self._role)
                name = label.name.removeprefix("written:")
                if label.origin is Origin.FILE or name != label.name:
                    file = Label(Origin.FILE, name, label.source)
                    self._into.chain(file, Sink.EXECUTE, path, self._source(line), self._role)
        return held
