"""One command as it runs: the interpreter's side of the ``Machine`` seam."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NOBODY,
    OPEN,
    PATTERN,
    Arg,
    Kind,
    Lines,
    Place,
    sources_of,
)
from bailiwick.analysis.commands.inputs import SOURCES, inputs
from bailiwick.analysis.shell.environment import LIBRARIES, QUIET_READS, is_reported
from bailiwick.analysis.shell.leading import lead
from bailiwick.analysis.shell.own import are_plain, can_look, is_meddled, is_own, is_rewritten, is_within
from bailiwick.analysis.shell.redirection import content
from bailiwick.analysis.shell.state import State, normal
from bailiwick.model.access import AccessKind, HostTarget, PathTarget, ProgramTarget, VariableTarget
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

_READ, _WRITE, _EXECUTE = AccessKind.READ, AccessKind.WRITE, AccessKind.EXECUTE
_RUNTIMES = {"PYTHONPATH": "python", "NODE_PATH": "node", "PERL5LIB": "perl", "RUBYLIB": "ruby"}
"""How the interpreters that look there are called; what else runs one is project code by itself."""
_TEXT, _KIND, _SOURCES = attrgetter("text"), attrgetter("kind"), attrgetter("sources")
_GUESSES = frozenset(Kind) - {LITERAL}
_ATTRIBUTES = frozenset(("chmod", "chown", "chgrp", "touch"))
"""Programs whose writes leave what stands in a file as it is."""


class Running:
    """Implements ``commands.argument.Machine`` for one command in one state.

    ``of_project`` says that the program is a file of the project, so that it is the project's code whatever it is called.
    """

    __slots__ = ("_interpreter", "args", "of_project", "path_name", "span", "state", "stdin")

    def __init__(  # noqa: PLR0913, PLR0917 - one command in full
        self,
        interpreter: "Interpreter",
        state: State,
        args: tuple[Arg, ...],
        span: Place | None,
        stdin: Arg | None,
        path_name: str | None = None,
        *,
        of_project: bool = False,
    ) -> None:
        self._interpreter = interpreter
        self.of_project = of_project
        self.state = state
        self.args = args
        self.span = span
        self.stdin = stdin
        self.path_name = path_name

    @property
    def home(self) -> str:
        """The user's home directory."""
        return self._interpreter.context.home

    def begin(
        self,
        words: tuple[Arg, ...],
        *,
        options: tuple[tuple[str, str | None], ...] = (),
        project_code: bool = False,
        unknown: bool = False,
    ) -> None:
        """See ``Machine.begin``."""
        interpreter, args = self._interpreter, self.args
        sources = NOBODY if self.stdin is None else self.stdin.sources
        if any(map(_SOURCES, args)):
            sources |= sources_of(args)
        argv, known = _known(args), _known(words) if words else ()
        project_code = project_code or self.of_project
        if not project_code and self.state.exported and (places := LIBRARIES & self.state.exported):
            project_code = args[0].text.startswith(tuple(_RUNTIMES[place] for place in places))
        name = args[0].text
        if "/" in name:
            name = name.rpartition("/")[2]
        target = ProgramTarget(
            name,
            self.path_name,
            known,
            options,
            argv,
            len(argv) < len(args),
            project_code,
            unknown,
            interpreter.as_user,
        )
        record = interpreter.record
        index = record.access(_EXECUTE, target, self.span)
        interpreter.readers.append(index)
        interpreter.writers.append(index)
        record.owner = index
        trail = record.trail
        if project_code or unknown:
            trail.disturbances += 1
        if sources:
            for source in sorted(sources):
                record.flow(source, index)
        for sink in interpreter.sinks:
            record.flow(index, sink)
        if trail.drafted:
            self._taken(name, index)
        if project_code:
            self._foreign_code()

    def _foreign_code(self) -> None:
        """Read the directory that the program takes for its project, where that isn't surely below the session's.

        "Project code" is trusted as far as policy trusts this project; another directory's code is what files say of it.
        """
        if self.state.cwd is None:
            self.opaque("runs the code of a directory that isn't known", kind=_EXECUTE)
            return
        for place in self.state.cwd:
            if not is_within(self._interpreter, place):
                self.path(_READ, Arg(place), tree=True)
                self.opaque("runs the code of a directory outside the project", kind=_EXECUTE)

    def _configured(self, name: str, index: int) -> None:
        """A program whose settings another one of the same script wrote does what they say."""
        record = self._interpreter.record
        for source in record.trail.configured(name, self.home):
            writer = record.accesses[source].target
            if source != index and isinstance(writer, ProgramTarget) and writer.name != name:
                record.flow(source, index, by_file=True)
                self.opaque("takes settings that the same command wrote", kind=_EXECUTE)

    def _taken(self, name: str, index: int) -> None:
        """What the same script wrote into a file that the program takes by itself reaches it."""
        record = self._interpreter.record
        if record.trail.settings:
            self._configured(name, index)
        places = [escape(base.rstrip("/")) for base in self.state.cwd or ()]
        for file in inputs(name):
            files = [PathTarget(path=f"{base}/**/{file}", pattern=True) for base in places]
            for source in record.trail.written(files) - {index}:
                record.flow(source, index, by_file=True)
                if file not in SOURCES and is_rewritten(self._interpreter, source):
                    self.opaque("takes a file that the same command wrote for its own", kind=_EXECUTE)

    def exported(self, name: str) -> Arg | None:
        """See ``Machine.exported``."""
        return self.state.variables.get(name) if name in self.state.exported else None

    def path(
        self,
        kind: AccessKind,
        path: Arg,
        *,
        tree: bool = False,
        without: tuple[str, ...] = (),
        names: bool = False,
    ) -> None:
        """See ``Machine.path``."""
        record = self._interpreter.record
        targets = record.path(kind, path, self.state, path.span or self.span, tree, without, names)
        program = record.owner
        if not targets or program is None:
            return
        if kind is _READ:
            if sources := record.trail.reads(targets, program):
                for source in sources:
                    record.flow(source, program, by_file=True)
        elif self.args[0].text not in _ATTRIBUTES:
            if kind is _WRITE:
                for sink in record.trail.writes(targets, program):
                    record.flow(program, sink, by_file=True)
            record.trail.disturbances += 1

    def link(self, name: Arg, target: Arg, *, symbolic: bool, fresh: bool = True) -> None:
        """See ``Machine.link``."""
        span = name.span or self.span
        self._interpreter.record.link(name, target, self.state, span, symbolic=symbolic, fresh=fresh)

    def content(self, path: Arg, *, perhaps: bool = False) -> Arg | None:
        """See ``Machine.content``."""
        return content(self._interpreter, path, self.state, perhaps=perhaps)

    def own(self, path: Arg) -> bool:
        """See ``Machine.own``."""
        places = None if path.literal is None else moved(self.state.cwd, path)
        return places is not None and all(is_within(self._interpreter, place) for place in places)

    def meddled(self, path: Arg, *, read: bool = False) -> bool:
        """See ``Machine.meddled``."""
        places = moved(self.state.cwd, path) or ()
        return any(is_meddled(self._interpreter, place, read=read) for place in places)

    def whole(self, path: Arg) -> bool:
        """See ``Machine.whole``."""
        trail = self._interpreter.record.trail
        return all(place not in trail.partial for place in moved(self.state.cwd, path) or ())

    def stands(self, path: str) -> bool:
        """See ``Machine.stands``."""
        files = self._interpreter.context.files
        if files is None or self.state.cwd is None or len(self.state.cwd) != 1 or not self.own(Arg(path)):
            return False
        whole = path if path.startswith("/") else f"{self.state.cwd[0]}/{path}"
        return bool(files.expand(escape(normal(whole))))

    def connect(
        self, host: str, port: int | None = None, span: Place | None = None, *, sends: bool = False
    ) -> None:
        """See ``Machine.connect``."""
        self._interpreter.record.access(
            AccessKind.CONNECT, HostTarget(host=host, port=port, sends=sends), span or self.span
        )

    def variable(
        self, kind: AccessKind, name: str, value: str | None = None, span: Place | None = None
    ) -> None:
        """See ``Machine.variable``."""
        if name in LIBRARIES and value and is_own(self._interpreter, Arg(value), self.state):
            return
        if name not in QUIET_READS if kind is _READ else is_reported(name):
            self._interpreter.record.access(kind, VariableTarget(name=name, value=value), span or self.span)
            if kind is not _READ and value is not None:
                lead(self._interpreter, name, Arg(value), self.state, span or self.span)

    @property
    def fed(self) -> bool:
        """See ``Machine.fed``."""
        return self.stdin is not None or self._interpreter.fed

    @property
    def heard(self) -> bool:
        """See ``Machine.heard``."""
        return self._interpreter.heard

    def lists(self, paths: Arg) -> None:
        """See ``Machine.lists``."""
        self._interpreter.listed = paths

    def lines(self, found: Callable[[], Arg]) -> None:
        """See ``Machine.lines``."""
        interpreter = self._interpreter
        if not interpreter.heard or not can_look(interpreter, self.state):
            return
        paths = found()
        if paths.kind is PATTERN and are_plain(interpreter, paths, self.state):
            interpreter.listed = Lines(paths.text, PATTERN, paths.span, paths.sources)

    def opaque(self, reason: str, span: Place | None = None, kind: AccessKind | None = None) -> None:
        """See ``Machine.opaque``."""
        self._interpreter.record.opaque(reason, span or self.span, kind)

    def run(
        self, args: tuple[Arg, ...], *, as_user: str | None = None, exported: Mapping[str, Arg] | None = None
    ) -> None:
        """See ``Machine.run``."""
        state = self.state.copy()
        state.functions = {}  # a new process knows no functions
        if exported:
            state.variables.update(exported)
            state.exported = state.exported.union(exported)
        self._interpreter.program(args, state, _piece(args, self.span), self.stdin, as_user=as_user)

    def script(self, text: Arg, arguments: tuple[Arg, ...] = (), *, dialect: str = "sh") -> None:
        """See ``Machine.script``."""
        self._interpreter.new_shell(text, arguments, self.state, self.stdin, dialect)

    def inside(self, directory: Arg) -> "Running":
        """See ``Machine.inside``."""
        state = self.state.copy()
        state.cwd = moved(state.cwd, directory)
        return self._with(state)

    def anywhere(self) -> "Running":
        """See ``Machine.anywhere``."""
        state = self.state.copy()
        state.cwd = None
        return self._with(state)

    def _with(self, state: State) -> "Running":
        return Running(
            self._interpreter,
            state,
            self.args,
            self.span,
            self.stdin,
            self.path_name,
            of_project=self.of_project,
        )


def _piece(args: tuple[Arg, ...], whole: Place | None) -> Place | None:
    """Where the words of a nested command stand, if one after the other; else the piece that runs them."""
    start = -1
    for arg in args:
        if arg.span is None or arg.span[0] < start:
            return whole
        start = arg.span[0]
    first, last = (args[0].span, args[-1].span) if args else (whole, whole)
    return (first[0], last[1]) if first and last else whole


def _known(args: tuple[Arg, ...]) -> tuple[str | None, ...]:
    """The words as facts show them; those that may be any number of words are left out."""
    if _GUESSES.isdisjoint(map(_KIND, args)):
        return tuple(map(_TEXT, args))
    return tuple([arg.text if arg.kind is LITERAL else None for arg in args if arg.kind is not OPEN])


def moved(cwd: tuple[str, ...] | None, directory: Arg) -> tuple[str, ...] | None:
    """The directories ``directory`` may name, seen from ``cwd``."""
    text = directory.literal
    if text is None or not text:
        return None
    if text.startswith("/"):
        return (normal(text),)
    return None if cwd is None else tuple(dict.fromkeys(normal(base + "/" + text) for base in cwd))
