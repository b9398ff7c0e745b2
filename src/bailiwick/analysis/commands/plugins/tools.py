"""Programs known by their sub-command and a coarse effect only."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind, Processes
from bailiwick.analysis.commands.plugins.consoles import console
from bailiwick.analysis.commands.plugins.foreign import foreign
from bailiwick.analysis.commands.plugins.goals import begin
from bailiwick.analysis.commands.plugins.launches import STARTERS, known, launch, started
from bailiwick.analysis.commands.plugins.results import pieces, results
from bailiwick.analysis.commands.specification import Role, names
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine
    from bailiwick.analysis.commands.call import Call


def _words(call: "Call") -> tuple[Arg, ...]:
    """The words that don't look like options."""
    return tuple(a for a in call.args[1:] if not (a.kind is not Kind.OPEN and a.text.startswith(("-", "+"))))


def tool(call: "Call") -> None:
    """A program whose fixed effects say all that is known; its options don't make it any less."""
    call.machine.begin(_words(call), project_code=call.parsed.node.project_code)
    call.effects()


def project(call: "Call") -> None:
    """A program that runs the project's code or configuration: whatever its options, it may do anything the project can.

    That says nothing of what lies outside, or is protected inside by its name: paths that lead there and words that
    name a file are read, and written where the option or the mode of the program says so.
    """
    code = call.parsed.node.project_code
    begin(call.machine, call.name, call.args, (*_packages(call), *_words(call)), project_code=code)
    told(call.machine, call.name, call.args)
    call.effects()


def told(machine: "Machine", name: str, args: Sequence[Arg]) -> None:
    """What the words of a program that runs the project's code, itself among them, say beyond that code."""
    tool, words = started(name, args[1:])
    editing = name in _EDITORS or (
        any(arg.text in _EDITING for arg in args) and not name.startswith("ansible")
    )
    for arg in args[1:]:
        if arg.kind is Kind.OPEN or arg.may_be_option:
            machine.opaque("a word that isn't known may be an option", arg.span)
    for option, path, outside in named_files(args):
        if path.text.startswith("//") and name in _LABELLED:
            continue
        machine.path(AccessKind.READ, path, tree=outside)
        if _WRITING.search(option) or (editing and not option):
            machine.path(AccessKind.WRITE, path, tree=outside)
    foreign(machine, name, args[1:])
    if any(arg.text.startswith(("--eval=", "--eval ")) or arg.text == "--eval" for arg in args[1:]):
        machine.opaque("inline code")
    _by_its_words(machine, tool, words)


def _by_its_words(machine: "Machine", tool: str, words: Sequence[Arg]) -> None:
    """What a tool runs, takes as code and writes, as the words behind it say."""
    launch(machine, tool, words)
    console(machine, tool, words)
    results(machine, tool, words)


def launcher(call: "Call") -> None:
    """``uv run command``: the command is one of the project's, or a program that is known."""
    call.begin()
    call.options()
    call.effects()
    script = call.parsed.operands[0] if call.parsed.operands else None
    if script is not None and ("/" in script.text or call.parsed.given("--script", "-s")):
        call.role(Role.CODE, script)
    given = call.parsed.operands
    if script is not None and script.literal == "-":
        call.machine.run((Arg("python3"), *given))
    known(call.machine, given)
    started_by(call.machine, given)


def started_by(machine: "Machine", words: Sequence[Arg]) -> None:
    """Read what a tool of the project is told to run that is started by its name: ``pnpm exec c8 git push``."""
    if words and words[0].literal is not None and words[0].text not in names():
        _by_its_words(machine, *started("npx", words))


def runner(call: "Call") -> None:
    """``npm run x -- words``: a script of the project gets the words behind it, whatever it makes of them."""
    call.begin()
    call.options()
    call.operands()
    foreign(call.machine, "", call.parsed.operands)
    if call.parsed.node.project_code:
        handed(call.machine, (call.args[0], *call.parsed.operands))
    verb, given = call.parsed.words[0].literal if call.parsed.words else None, call.parsed.operands
    if [word.literal for word in (*call.parsed.words, *given) if word.literal not in _RUNS][:1] in (
        ["env"],
        ["printenv"],
    ):
        call.machine.variable(AccessKind.READ, "*")  # a script of that name, or else the program
    if verb in ("exec", "dlx", "x"):
        given = given[1:] if given and given[0].literal == "--" else given
        known(call.machine, given)
        started_by(call.machine, given)
    elif call.name != "npm":
        launch(call.machine, call.name, (*call.parsed.words, *given))


_RUNS = ("run", "run-script", "exec", "x", "--")
_FORGES = {"gh": ("github.com", "api.github.com"), "glab": ("gitlab.com",)}


def forge(call: "Call") -> None:
    """``gh`` and ``glab`` speak to another host where an option, a repository or an address names one."""
    from bailiwick.analysis.commands.call import connect, host, url  # noqa: PLC0415 - the seam imports the plug-ins

    call.begin()
    call.options()
    call.operands()
    machine, usual = call.machine, _FORGES.get(call.name, ())
    for named in call.parsed.values("--hostname"):
        if named.literal not in usual:
            host(machine, named)
    for chosen in call.parsed.values("-q", "--jq"):
        if chosen.literal is None or _ENVIRONMENT.search(chosen.text):
            machine.variable(AccessKind.READ, "*", None, chosen.span)
    places = [(place, True) for place in call.parsed.values("-R", "--repo")]
    for place, whole in [*places, *((operand, False) for operand in call.parsed.operands)]:
        if place.literal is None:
            if whole:
                machine.opaque("repository isn't known", place.span, AccessKind.CONNECT)
            continue
        found = _REPOSITORY.match(place.text)
        if found is None or (found["host"] or found["first"] or "").lower() in {*usual, ""}:
            continue
        if found["scheme"]:
            url(machine, place)
        else:
            connect(machine, found["host"] or found["first"], None, place.span)


_ENVIRONMENT = regex(r"\$ENV|\benv\b")
_REPOSITORY = regex(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^@/]*@)?|[\w.-]+@)(?P<host>[\w.-]+)|(?P<first>[\w-]+(?:\.[\w-]+)+(?::\d+)?)/[^/\s]+/[^/\s]+"
)
"""An address, or ``host/owner/repository``."""


def _valued(arg: Arg, before: str) -> tuple[str, str]:
    """The option that a word may be the value of, and the value: ``--x=/y``, ``-o/y``, ``X=/y``, ``-o /y``."""
    attached = _ATTACHED.match(arg.text)
    return (attached[1], attached[2]) if attached else (before, arg.text)


def named_files(args: Sequence[Arg]) -> Iterator[tuple[str, Arg, bool]]:
    """What a program of which little is known may take for a path: the option it belongs to, the path, if it leads outside.

    Words that lead out of the working directory, and that name a file or a hidden directory: ``.env``, ``prod.tfstate``.
    """
    before = ""
    for arg in args[1:]:
        option, value = _valued(arg, before)
        value = _MARKED.sub("", value)
        outside = _OUTSIDE.match(value) is not None
        inside = arg.literal is not None and bool(_PLAIN.fullmatch(value) and _NAMED.search(value))
        if option.rstrip("=") not in _TEXTS and (outside or inside):
            yield option, arg.with_text(value), outside
        elif arg.literal is not None and not inside:
            yield from ((option, piece, False) for piece in pieces(arg) if _HIDDEN.match(piece.text))
        before = arg.text if arg.text.startswith("-") and "=" not in arg.text else ""


_MARKED = regex(r"(?:file:(?://(?=/))?|@(?=[./~]|[\w.-]+\Z))")
"""What stands before a path that is not to be taken for a text."""
_HIDDEN = regex(r"(?:[\w.@+-]+/)*\.[A-Za-z][\w.@+/-]*\Z")
_PLAIN = regex(r"[\w.@+/-]+")
_NAMED = regex(r"(?:\A|/)\.[A-Za-z]|\w\.[A-Za-z][A-Za-z0-9]{1,9}\Z")
_OUTSIDE = regex(r"/|\.\.(?:/|\Z)|(?=[^=]*/\.\./)")
_ATTACHED = regex(r"(-[-\w.]+=|-[A-Za-z](?=/|\.\.)|[A-Za-z_][\w.-]*=|-D[\w.:]+=)(.*)", re.DOTALL)
_LABELLED = frozenset(("bazel", "bazelisk", "buck", "buck2", "please", "pants"))
"""Programs whose targets begin with two slashes."""
_WRITING = regex(
    r"(?i)out|dest|prefix(?!_?path)|install|junit|html|coverage|report|profile|results|script_path|emit|graphviz|data-file|log|write|fix|in-?place|save|target|snapshot|record|trace|cache|\A-[odiwBO]\Z|\A-[oB]"
)
"""Options that name what is written, in the words of many programs."""
_TEXTS = frozenset(
    ("-k", "-t", "-m", "-g", "-e", "-run", "--grep", "--testNamePattern", "--message", "--filter")
)
"""Options whose value only looks like a path: patterns of test names, messages."""
_EDITING = frozenset(
    ("--write", "--fix", "-w", "-i", "--in-place", "--apply", "format", "fmt", "install", "--autofix")
)
_EDITORS = frozenset(
    ("black", "isort", "autopep8", "rustfmt", "yapf", "docformatter", "pyupgrade", "standard", "biome")
)


def _packages(call: "Call") -> tuple[Arg, ...]:
    """The packages that ``npx --package x command`` downloads before it runs the command: they come first."""
    found = []
    for number, arg in enumerate(call.args[1:], 2):
        if arg.text.startswith(("--package=", "-p=")):
            found.append(arg.with_text(arg.text.partition("=")[2]))
        elif arg.literal in ("--package", "-p", "--from", "--with", "--spec") and number < len(call.args):
            found.append(call.args[number])
        elif not arg.text.startswith("-"):
            break
    return tuple(found) if call.name in STARTERS else ()


_CMAKE_TOOLS = {
    "rm": ("rm",), "remove": ("rm", "-f"), "remove_directory": ("rm", "-r"), "copy": ("cp",), "copy_if_different": ("cp",),
    "copy_directory": ("cp", "-r"), "copy_if_newer": ("cp",), "rename": ("mv",), "touch": ("touch",), "touch_nocreate": ("touch",),
    "make_directory": ("mkdir", "-p"), "cat": ("cat",), "env": ("env",), "echo": ("echo",), "echo_append": ("echo",), "time": (),
    "md5sum": ("md5sum",), "sha1sum": ("sha1sum",), "sha256sum": ("sha256sum",), "sleep": ("sleep",), "true": ("true",),
    "false": ("false",), "compare_files": ("cmp",), "create_symlink": ("ln", "-s"), "create_hardlink": ("ln",), "tar": ("tar",),
}  # fmt: skip
"""What ``cmake -E`` calls the tools that it has of its own."""


def cmake(call: "Call") -> None:
    """``cmake``: the project's own description, or with ``-E`` a tool."""
    args, machine = call.args, call.machine
    if len(args) < 2 or args[1].literal != "-E":  # noqa: PLR2004 - the program and -E
        project(call)
        return
    machine.begin(args[2:])
    name = args[2].literal if len(args) > 2 else None  # noqa: PLR2004 - the same and the tool
    if name == "chdir" and len(args) > 4:  # noqa: PLR2004 - a directory and a command
        machine.inside(args[3]).run(args[4:])
    elif name in _CMAKE_TOOLS:
        words = (*(Arg(word) for word in _CMAKE_TOOLS[name]), *args[3:])
        if words:
            machine.run(words)
    elif name == "environment":
        machine.variable(AccessKind.READ, "*")
    elif name not in {"capabilities", "__create_def"}:
        machine.opaque("tool of cmake isn't known")


def editor(call: "Call") -> None:
    """An editor with a window: what is opened there is out of sight."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        call.machine.path(AccessKind.READ, operand, tree=True)
    looking = call.parsed.given("--version", "-v", "--status", "--list-extensions", "--help", "-h")
    if call.parsed.operands or not looking:
        call.machine.opaque("an editor runs its extensions and what the person does there")


def ps(call: "Call") -> None:
    """``ps``: with BSD's ``e`` it shows the environment of processes."""
    call.begin()
    call.options()
    if call.name == "ps" and any(arg.literal is None or "e" in arg.text for arg in call.parsed.operands):
        call.machine.variable(AccessKind.READ, "*")


def reader(call: "Call") -> None:
    """A program that isn't modelled but shows or handles the files named to it."""
    tool(call)
    for word in _words(call):
        call.machine.path(AccessKind.READ, word)


_PLACE = regex(r"\+(?:[FG]|\d+g?|[/?][^\n]*)\Z")
"""Where a pager begins: at the end, at a line, at what it finds."""


def pager(call: "Call") -> None:
    """Pagers show files, editors change them; ``+`` before an operand begins commands of their own, which may run others."""
    call.begin()
    call.options()
    role, machine = call.parsed.node.operands[0], call.machine
    for operand in call.parsed.operands:
        if operand.literal is not None and operand.text.startswith("+"):
            if not _PLACE.match(operand.text):
                machine.opaque(f"commands to {call.name}", operand.span)
        elif operand.literal != "-":
            call.role(role, operand)
            if role is Role.EDIT and operand.literal is not None:  # the file that holds what isn't saved yet
                head, slash, name = operand.text.rpartition("/")
                swap = f"{escape(head)}{slash}.{escape(name)}.sw?"
                machine.path(AccessKind.WRITE, Arg(swap, Kind.PATTERN, operand.span))
    if role is Role.EDIT and machine.stdin is not None and all(arg.literal != "-" for arg in call.args):
        machine.opaque("commands on standard input")
    call.effects()


def manual(call: "Call") -> None:
    """``man``: a name with a slash in it is a file, and so is every name with ``-l``."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if operand.literal is None or "/" in operand.text or call.parsed.given("-l", "--local-file"):
            call.machine.path(AccessKind.READ, operand)
            reason = "a page is code of a formatter, which keeps what it may run to itself"
            call.machine.opaque(reason, operand.span, AccessKind.EXECUTE)
    call.effects()


def kill(call: "Call") -> None:
    """``kill``, ``pkill``: signals reach processes, not files; the policy speaks of the program.

    A pattern that our own service's command line matches is told by the service's name too, however it is spelt.
    """
    if call.name == "kill" and (chosen := _chosen(call)):
        call.machine.run(chosen)
        return
    words = tuple(Arg(w.word, span=w.span) if isinstance(w, Processes) else w for w in _words(call))
    aims = call.name == "pkill" or (
        call.name == "killall" and any(a.text in ("-r", "--regexp") for a in call.args)
    )
    reached = aims and any(arg.literal is not None and _reaches_guard(arg.text) for arg in words)
    told = any(GUARD[0] in arg.text for arg in words)
    call.machine.begin((Arg(GUARD[0]), *words) if reached and not told else words)
    if call.name == "kill":
        for arg in words[1:]:
            if not arg.literal:
                call.machine.opaque("ends a process that isn't known", arg.span)
        for before, arg in pairwise(call.args):
            if arg.literal in ("0", "1") and before.text not in ("-s", "-n", "--signal"):
                call.machine.opaque("ends more than one's own processes", arg.span)
        if any(arg.literal == "-1" for arg in call.args[2:]):
            call.machine.opaque("ends every process")
    for arg in call.args[1:]:
        if arg.literal == "-F" or arg.text.startswith("--pidfile"):
            call.machine.opaque("process named by a file", arg.span)


def _chosen(call: "Call") -> tuple[Arg, ...]:
    """``kill $(pgrep x)`` is ``pkill x``: the same words choose what it ends."""
    for found in call.args[1:]:
        if isinstance(found, Processes) and found.chosen:
            others = [arg for arg in call.args[1:] if arg is not found]
            if all(re.fullmatch(r"-(?:\d+|[A-Z]+)", arg.literal or "") for arg in others):
                return (Arg("pkill", span=call.args[0].span), *others, *found.chosen)
    return ()


GUARD = ("bailiwick", "python -I -m bailiwick.service.run --state --policy --runtime")
"""How the service is called, and its command line."""
_SINGLE = regex(r"\[([\w.-])\]|\\([^\w])", re.ASCII)
_REPEATED = regex(r"\.[*+]")
_NOT_PLAIN = regex(r"[\[\](){}+?*\\]")


def _reaches_guard(pattern: str) -> bool:
    """Whether a regular expression may match the service's command line; one that isn't plain is taken at its plain parts."""
    return any(_matches_guard(_SINGLE.sub(r"\1\2", choice)) for choice in pattern.split("|"))


def _matches_guard(choice: str) -> bool:
    head = choice.startswith("^")
    pieces = _REPEATED.split(choice.removeprefix("^").removesuffix("$"))
    plain = [piece for text in pieces for piece in _NOT_PLAIN.split(text)]
    line, place = GUARD[1], 0
    if not any(len(piece) >= MIN_AIM for piece in plain):
        return False  # what matches most processes is for the policy to say
    for number, piece in enumerate(plain):
        found = _place(line, piece, place)
        if found < 0 or (head and not number and found):
            return False
        place = found + len(piece)
    return True


MIN_AIM = 4
"""Characters that a pattern must have in a row to count as aimed at something."""


def _place(line: str, piece: str, start: int) -> int:
    """Where ``piece``, in which a dot is any character, stands in ``line`` from ``start`` on; -1 where it doesn't."""
    for at in range(start, len(line) - len(piece) + 1):
        if all(c in (".", line[at + i]) for i, c in enumerate(piece)):
            return at
    return -1


def handed(machine: "Machine", args: Sequence[Arg]) -> None:
    """Record what the project's own code may read since it is told of it: the files that its words name."""
    for _, path, _ in named_files(args):
        machine.path(AccessKind.READ, path)
