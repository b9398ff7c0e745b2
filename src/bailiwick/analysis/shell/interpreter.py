"""The abstract interpreter: walks the syntax tree and writes down every access the script may make.

It follows all branches, joins their states, enters functions, substitutions and nested shells whose text is
known, and hands each program to its specification. Work is bounded; what lies beyond a bound is opaque.
"""

from collections.abc import Sequence as SequenceOf

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NUMBER,
    OPEN,
    UNKNOWN,
    Arg,
    Place,
    Processes,
    sources_of,
)
from bailiwick.analysis.shell import compound, external
from bailiwick.analysis.shell.builtins import BUILTINS
from bailiwick.analysis.shell.environment import (
    DECLARATIONS,
    EVALUATED,
    LIBRARIES,
    READ_ONLY,
    TIED_IN_ZSH,
    UNSETTABLE,
    is_dangerous,
    is_reported,
)
from bailiwick.analysis.shell.expand import Expander, is_assignment
from bailiwick.analysis.shell.expansion import MAX_TEXT
from bailiwick.analysis.shell.invocation import Invocation
from bailiwick.analysis.shell.leading import lead
from bailiwick.analysis.shell.output import printed
from bailiwick.analysis.shell.own import is_own, late_names
from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.record import Record
from bailiwick.analysis.shell.redirection import carry_out, filled, stored, teed, untouched
from bailiwick.analysis.shell.state import Array, Outcome, ShellContext, State
from bailiwick.analysis.shell.syntax import (
    Assignment,
    Command,
    Sequence,
    Simple,
    UnsupportedSyntaxError,
    extent,
    parts_of,
)
from bailiwick.analysis.shell.zsh import MODIFIERS
from bailiwick.model.access import AccessKind, VariableTarget
from bailiwick.model.regex import regex

MAX_NESTING = 12
"""Functions, nested shells and wrappers inside one another."""
_LISTING = frozenset(("find", "git", "grep", "egrep", "fgrep", "rg"))
"""Programs that say what they list; of a wrapper that only holds for part of what it prints."""
_INTEGER = regex(r"-?[0-9]*\Z")


class Interpreter:
    """One analysis.

    Every attribute has a slot: of a class with defaults that some instances change the interpreter of Python looks each one
    up anew, which costs ten times as much, some twenty times in a command.
    """

    __slots__ = (
        "aliased", "aliases", "as_user", "changes", "context", "dialect", "fed", "frozen", "heard", "inside", "lines", "listed", "local_names",
        "nesting", "origin", "output", "readers", "record", "shift", "sinks", "source", "traps", "trusting", "writers",
    )  # fmt: skip

    def __init__(self, context: ShellContext) -> None:
        self.context = context
        self.record = Record(context)
        self.dialect = context.dialect
        self.aliased: dict[str, str] = {}  # what the script's own aliases may stand for
        self.aliases = context.aliases
        self.as_user: str | None = None
        self.source = ""  # the analysed text
        self.shift = 0  # where the text being read begins in it
        self.origin: Place | None = None  # the word it comes from, where it doesn't stand there unchanged
        self.readers: list[int] = []  # programs that read the current standard input
        self.writers: list[int] = []  # programs that write the current standard output
        self.fed = False  # whether anything is piped or redirected to what runs
        self.heard = False  # whether what the current command prints goes to a program or into a word
        self.sinks: tuple[int, ...] = ()  # programs that read what the current command writes to `>( )`
        self.output: Arg | None = None  # what the last simple command printed, where that is known
        self.lines = False  # whether a script of several lines is read
        self.inside = 0  # functions that are being read
        self.local_names: frozenset[str] = frozenset()  # declared local in the function being read
        self.frozen = READ_ONLY  # an assignment to these fails
        self.traps: tuple[tuple[Arg, int], ...] = ()  # code run later, and `changes` when it was set
        self.changes = 0  # how often the directory or a variable may have changed
        self.listed: Arg | None = None  # the paths the last program prints, NUL-ended, where they are known
        self.trusting = False  # names of files were taken as they stand
        self.nesting = 0

    @property
    def expander(self) -> Expander:
        """Expands words; not kept, so that no circle of references is left to the collector."""
        return Expander(self)

    def span(self, start: int, end: int) -> Place:
        """A span of the analysed text."""
        return self.origin or (start + self.shift, end + self.shift)

    # -- scripts

    def text(self, text: str, state: State) -> State:
        """Read a script in the given state; the state after it."""
        try:
            tree = parse(text, self.dialect)
        except UnsupportedSyntaxError as error:
            self.record.opaque(f"syntax: {error.reason}", self.span(error.position, error.end))
            state = state.copy()
            state.cwd, state.shaky, state.stack = None, True, None
            state.variables = {name: Arg("", OPEN) for name in state.variables}
            return state
        if "\n" in text and "\n" in text.strip():
            self.lines = True
        ok, bad = self.sequence(tree, state)
        return self._merged(ok, bad) or state

    def dropped(self, span: Place) -> None:
        """An expansion may fail: what follows on its line wouldn't run, what follows on later lines would."""
        if self.lines and self.dialect == "bash":
            self.record.opaque(
                "evaluation that may fail, after which the shell goes on with the next line", span
            )

    def new_shell(
        self, text: Arg, arguments: SequenceOf[Arg], state: State, stdin: Arg | None, dialect: str
    ) -> None:
        """Read a script run by a new shell: it inherits the directory and what is exported."""
        if text.literal is None:
            self.record.opaque("shell code that isn't known", text.span)
            return
        inner = State(
            cwd=state.cwd,
            variables={
                name: value if name in state.exported else Arg("", OPEN, None, value.sources)
                for name, value in state.variables.items()
            },
            functions={},
            positional=None if any(a.kind is OPEN for a in arguments) else tuple(arguments[1:]),
            exported=state.exported,
            shaky="IFS" in state.exported,
        )
        aliases, self.aliases = self.aliases, {}
        try:
            self.nested(text, inner, dialect, stdin)
        finally:
            self.aliases = aliases

    def nested(self, text: Arg, state: State, dialect: str, stdin: Arg | None = None) -> State:
        """Read text given as data. Its positions are its own where it stands unchanged in the analysed text, else the word's."""
        del stdin
        if text.literal is None:
            self.record.opaque("shell code that isn't known", text.span)
            return state
        if self.nesting >= MAX_NESTING:
            self.record.opaque("nested too deeply", text.span)
            return state
        before = self.origin, self.shift, self.dialect
        self.dialect = dialect
        if self.origin is None:
            place = self._place(text)
            self.origin, self.shift = (text.span, 0) if place is None else (None, place)
        self.nesting += 1
        try:
            return self.text(text.text, state)
        finally:
            self.nesting -= 1
            self.origin, self.shift, self.dialect = before

    def _place(self, text: Arg) -> int | None:
        """Where the text of a word or a here-document stands unchanged in the analysed text."""
        if text.span is None:
            return None
        start, end = text.span
        if self.source.startswith("<<", start):
            line = self.source.find("\n", end) + 1
            return line if line and self.source.startswith(text.text, line) else None
        place = self.source.find(text.text, start, end)
        return None if place < 0 else place

    # -- commands

    def sequence(self, node: Sequence, state: State) -> Outcome:
        """Commands one after the other."""
        last = len(node.items) - 1
        if not last:
            command, background = node.items[0]
            if not background:
                return self.command(command, state)
        ok: State | None = state
        bad: State | None = None
        for number, (command, background) in enumerate(node.items):
            current = self._merged(ok, bad)
            if current is None:
                current = state  # after `exit`: nothing runs here, but nothing is skipped either
            if background:
                self.record.trail.loose += 1  # from here on it runs beside what follows
                self.command(command, current.copy())
                current.variables["!"] = Processes("", NUMBER, word="$!")
                ok, bad = current, None
            else:
                if number < last:
                    state = current.copy()
                ok, bad = self.command(command, current)
        return ok, bad

    def _merged(self, ok: State | None, bad: State | None) -> State | None:
        if ok is None or bad is None or ok is bad:
            return ok or bad
        return compound.join(self, (ok, bad))

    def command(self, node: Command, state: State, stdin: Arg | None = None) -> Outcome:
        """One command of any kind."""
        if type(node) is Simple:
            return self.simple(node, state, stdin)
        self.output = None
        return compound.run(self, node, state, stdin)

    def simple(self, node: Simple, state: State, stdin: Arg | None) -> Outcome:
        """A simple command: expand, assign, redirect, run."""
        self.output = None
        self.sinks = ()
        words: SequenceOf[Arg] = node.words
        if not node.plain or self.shift or self.origin is not None:
            words = self._words(node.words, state)
        self.record.spend(4 + len(words) + len(state.variables) // 4)
        if self.aliases and node.words and not parts_of(node.words[0]):
            words = self._unaliased(words, state)
        if node.plain:
            span = self.span(extent(node.words[0])[0], extent(node.words[-1])[1])
            return self.program(tuple(words), state, span, stdin)
        prefix = None
        if node.assignments:
            reads = bool(words) and words[0].literal == "read" and "read" not in state.functions
            prefix = self._assign(node.assignments, state, runs=bool(node.words), reads=reads)
        if not node.redirects:
            if not node.words:
                return state, state
            span = self.span(extent(node.words[0])[0], extent(node.words[-1])[1])
            return self.program(tuple(words), state, span, stdin, prefix=prefix)
        before = untouched(node.redirects, state)
        given, outputs = carry_out(self, node.redirects, state)
        stdin = given if given is not None else stdin
        if not node.words:
            return state, state
        span = self.span(extent(node.words[0])[0], extent(node.words[-1])[1])
        first, heard = len(self.writers), self.heard
        self.heard = True  # by whoever reads the file
        ends = self.program(tuple(words), state, span, stdin, prefix=prefix)
        self.heard = heard
        stored(self, outputs, self.writers[first:])
        ok, bad = filled(self, node.redirects, outputs, ends)
        return ok, compound.join(self, (bad, before))

    def _words(self, words: tuple[Arg, ...], state: State) -> SequenceOf[Arg]:
        """The argument words that words of source become; mostly themselves."""
        args: list[Arg] = []
        expander = Expander(self)
        moved = self.shift or self.origin is not None
        declares = bool(words) and words[0].text in DECLARATIONS and self.dialect != "sh"
        for word in words:
            if type(word) is Arg and not moved:
                args.append(word)
            elif declares and words[0].text not in state.functions and is_assignment(word):
                args.append(expander.value(word, state))  # which bash and zsh don't split
            else:
                args += expander.word(word, state)
        return args

    def alters(self, node: Command, state: State) -> bool:
        """Whether a command may change the state it runs in: all but a plain program."""
        if type(node) is not Simple or not node.plain or self.aliases:
            return True
        name = node.words[0].text
        return name in BUILTINS or name in state.functions

    def _unaliased(self, words: SequenceOf[Arg], state: State) -> SequenceOf[Arg]:
        """Put the session's alias in place of the first word, and of what it begins with in turn."""
        seen: set[str] = set()
        while words and words[0].literal in self.aliases and words[0].text not in seen:
            name = words[0]
            if name.text in state.functions:
                return words  # defined anew, or no longer an alias
            seen.add(name.text)
            value = self.aliases[name.text]
            try:
                tree = parse(value, self.dialect).items
            except UnsupportedSyntaxError:
                tree = ()
            node = tree[0][0] if len(tree) == 1 and not tree[0][1] else None
            following = words[1].text if len(words) > 1 else ""
            if (
                not isinstance(node, Simple)
                or node.assignments
                or node.redirects
                or (value[-1:].isspace() and following in self.aliases)
            ):
                self.record.opaque(f"{name.text} is an alias that isn't understood", name.span)
                return []
            own = [arg for word in node.words for arg in self.expander.word(word, state)]
            words = [*(Arg(arg.text, arg.kind, name.span, arg.sources) for arg in own), *words[1:]]
        return words

    def _assign(
        self, assignments: SequenceOf[Assignment], state: State, *, runs: bool, reads: bool
    ) -> dict[str, Arg]:
        """Carry out assignments: in the state, or for the command they precede.

        ``reads`` says that it is ``read``, for which splitting otherwise is a matter of its own.
        """
        prefix: dict[str, Arg] = {}
        for assignment in assignments:
            name = assignment.name
            span = self.span(assignment.start, assignment.end)
            if assignment.subscript is not None:
                self.expander.arithmetic(assignment.subscript, state, span)
                self.expander.may_fail(assignment.subscript, span)
            if assignment.elements is not None:
                value = self._array(assignment, state, span)
            elif assignment.value is not None:
                value = self.expander.value(assignment.value, state)
            else:
                continue
            if assignment.append and assignment.elements is None:
                value = appended(
                    state.variables.get(name), value, span, element=assignment.subscript is not None
                )
            if not (name == "IFS" and runs and reads):
                self.set_variable(state, name, value, span, exported=runs and assignment.elements is None)
            if name in UNSETTABLE:
                value = Arg("", OPEN, span, value.sources)
            if runs:
                prefix[name] = value
            else:
                state.variables[name] = value
        return prefix

    def _array(self, assignment: Assignment, state: State, span: Place) -> Arg:
        """The value of ``name=(...)`` or ``name+=(...)``."""
        words = assignment.elements or ()
        elements = tuple(arg for word in words for arg in self.expander.word(word, state))
        self.record.spend(len(elements))
        sources = sources_of(elements)
        exact = self.dialect == "bash"  # zsh counts from 1 and leaves out what is empty
        exact &= not any(arg.kind is OPEN or arg.text.startswith("[") for arg in elements)
        if assignment.append:
            held = state.variables.get(assignment.name)
            exact &= isinstance(held, Array)
            if isinstance(held, Array):
                elements, sources = held.elements + elements, sources | held.sources
        return Array("", OPEN, span, sources, elements) if exact else Arg("", OPEN, span, sources)

    def set_variable(
        self, state: State, name: str, value: Arg, span: Place | None, *, exported: bool
    ) -> None:
        """Report an assignment that reaches programs or changes how the shell itself works."""
        self.changes += 1
        if name in self.frozen:
            self.record.opaque(f"assignment to {name}, which can't be assigned", span)
        if name in LIBRARIES and is_own(self, value, state):
            return  # what it runs is told with the program
        reaches = exported or name in state.exported or name in self.context.environment
        if (is_reported(name) and reaches) or is_dangerous(name):
            self.record.access(AccessKind.CHANGE_CONFIG, VariableTarget(name=name, value=value.literal), span)
            lead(self, name, value, state, span)
        if (
            name in EVALUATED
            and value.kind is not NUMBER
            and (value.literal is None or not _INTEGER.match(value.text))
        ):
            self.record.opaque(f"{name} is assigned what arithmetic evaluates", span)
        if name == "PS4" and (value.literal is None or "$" in value.text or "`" in value.text):
            self.record.opaque("PS4 is expanded before each command that is traced", span)
        if name in ("IFS", "GLOBIGNORE"):
            state.shaky = True
        if name == "CDPATH" or (self.dialect == "zsh" and name in TIED_IN_ZSH):
            self.record.opaque(f"{name} is set", span)

    def program(  # noqa: C901, PLR0913 - one command in full
        self,
        args: tuple[Arg, ...],
        state: State,
        span: Place | None,
        stdin: Arg | None,
        *,
        as_user: str | None = None,
        prefix: dict[str, Arg] | None = None,
        functions: bool = True,
    ) -> Outcome:
        """Run a command whose words are expanded: function, builtin or program."""
        if not args:
            return state, state
        first, record = args[0], self.record
        name = first.text
        if (
            first.kind is not LITERAL
            or not name
            or not name.isascii()
            or (self.dialect == "zsh" and name in MODIFIERS)
        ):
            record.opaque("name of a program isn't known", first.span or span)
            return self._after_unknown(first, state)
        if self.nesting >= MAX_NESTING:
            record.opaque("nested too deeply", span)
            return state, state
        self.nesting += 1
        user, owner = self.as_user, record.owner
        if as_user:
            self.as_user = as_user
        try:
            if functions and (name in BUILTINS or name in state.functions):
                # A prefix assignment is seen by the function or builtin; whether it outlives it depends on the shell.
                state.variables.update(prefix or {})
                ends = self._own(name, args, state, span, stdin)
                for end in ends:
                    if end is not None:
                        end.variables.update(_outlived(prefix or {}, args))
                return ends
            inner = state
            if prefix:
                inner = state.copy()
                inner.variables.update(prefix)
                inner.exported = inner.exported.union(prefix)
            external.run(self, args, inner, span, stdin)
            if name == "tee":
                teed(self, args, state, stdin)
            self.output = None
            if self.heard:
                self.output = printed(self, args, state, stdin) or (self.listed if name in _LISTING else None)
        finally:
            self.nesting -= 1
            self.as_user, record.owner = user, owner
        return state, state

    def _own(
        self, name: str, args: tuple[Arg, ...], state: State, span: Place | None, stdin: Arg | None
    ) -> Outcome:
        """A function of the script or a builtin of the shell."""
        if name in state.functions:
            return compound.call(self, name, args, state, span)
        ends = BUILTINS[name](Invocation(self, state, args, span, stdin))
        if name != "printf":
            self.output = None
        return ends

    def _after_unknown(self, name: Arg, state: State) -> Outcome:
        """An unknown command may be a builtin: it may have changed anything in this shell."""
        if name.kind is LITERAL:
            return state, state
        state.cwd, state.shaky, state.stack = None, True, None
        state.variables = {n: Arg("", OPEN, None, v.sources) for n, v in state.variables.items()}
        return state, state

    # -- what flows where

    def capture(self, body: Sequence, state: State) -> tuple[frozenset[int], Arg | None]:
        """Read a substitution: the programs whose output it is, and the output where it is known."""
        outer, heard = (self.readers, self.writers), self.heard
        self.readers, self.writers, self.heard = [], [], True
        try:
            self.sequence(body, state.copy())
            single = len(body.items) == 1 and isinstance(body.items[0][0], Simple)
            return frozenset(self.writers), self.output if single else None
        finally:
            (self.readers, self.writers), self.heard = outer, heard

    def feed(self, body: Sequence, state: State) -> frozenset[int]:
        """Read ``>( )``: the programs that read what is written to it."""
        outer = self.readers, self.writers
        self.readers, self.writers = [], []
        try:
            self.sequence(body, state.copy())
            return frozenset(self.readers)
        finally:
            self.readers, self.writers = outer

    def late(self) -> None:
        """Read the code of traps again, for the state in which it may really run."""
        if not (self.traps or self.trusting):
            return
        for code, changes in self.traps:
            if changes != self.changes:
                self.nested(code, State(cwd=None, variables={}, functions={}, shaky=True), self.dialect)
        late_names(self)

    def literal_words(self, words: SequenceOf[Arg], state: State) -> list[Arg]:
        """The words of a ``for`` list."""
        return [arg for word in words for arg in self.expander.word(word, state)]


def _outlived(prefix: dict[str, Arg], args: tuple[Arg, ...]) -> dict[str, Arg]:
    """What variables assigned before a builtin hold after it; an array that it declares is assigned there too."""
    declared = {arg.text.rstrip("+=") for arg in args if arg.text.endswith("=")}
    return {
        name: value if name in declared else Arg("", OPEN, None, value.sources)
        for name, value in prefix.items()
    }


def appended(held: Arg | None, value: Arg, span: Place | None, *, element: bool) -> Arg:
    """The value after ``name+=value``, or after the assignment of one ``element`` of an array."""
    sources = value.sources | (held.sources if held is not None else frozenset())
    if element or value.kind is OPEN or (held is not None and held.kind is OPEN):
        return Arg("", OPEN, span, sources)
    known = held is not None and held.kind is LITERAL and value.kind is LITERAL
    if held is not None and known and len(held.text) + len(value.text) <= MAX_TEXT:
        return Arg(held.text + value.text, LITERAL, span, sources)
    return Arg("", UNKNOWN, span, sources)
