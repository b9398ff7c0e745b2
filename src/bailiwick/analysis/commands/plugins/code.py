"""Language interpreters: which file or text is the code, and what harmless inline Python may do."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import STANDARD_INPUT, Arg
from bailiwick.analysis.commands.plugins.consoles import console
from bailiwick.analysis.commands.plugins.results import pairs
from bailiwick.analysis.commands.plugins.tools import handed, told
from bailiwick.analysis.commands.specification import Role, names
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call


def python(call: "Call") -> None:
    """``python``: a script or module is project code; inline code is followed value by value."""
    parsed, machine = call.parsed, call.machine
    code = parsed.values("-c")
    module = parsed.values("-m")
    script = parsed.operands[0] if parsed.operands and not (code or module) else None
    if script is not None and (text := _written(call, script)) is not None:
        _inline(call, text, parsed.operands[1:], own=machine.own(script))
        machine.path(AccessKind.READ, script)
        return
    piped = not code and not module and (not parsed.operands or parsed.operands[0].literal in STANDARD_INPUT)
    if code or (piped and machine.stdin is not None and machine.stdin.literal is not None):
        _inline(call, code[0] if code else machine.stdin or Arg(""), parsed.operands[0 if code else 1 :])
        return
    machine.begin((*module[:1], *parsed.operands), project_code=bool(module or parsed.operands))
    _options(call)
    if module:
        _module(call, module[0])
    elif parsed.operands and not piped:
        call.role(Role.CODE, parsed.operands[0])
        handed(machine, parsed.operands)
        console(machine, parsed.operands[0].text.rpartition("/")[2], parsed.operands[1:])
    elif not parsed.given("--version", "--help", "-V", "-h"):
        call.unfed("code from standard input or a terminal")


def _written(call: "Call", script: Arg) -> Arg | None:
    """The text of a script, where the same command has just written it and it is known."""
    machine = call.machine
    text = machine.content(script)
    if (
        text is None
        and machine.own(script)
        and machine.whole(script)
        and not machine.meddled(script, read=True)
    ):
        text = machine.content(script, perhaps=True)
    return text if text is not None and text.literal is not None else None


_MODULES = {
    "json.tool": (Role.READ, Role.WRITE), "base64": (Role.READ,), "quopri": (Role.READ,), "venv": (Role.WRITE_TREE,),
    "compileall": (Role.EDIT_TREE,), "py_compile": (Role.EDIT,), "gzip": (Role.EDIT,), "ast": (Role.READ,), "dis": (Role.READ,),
    "tokenize": (Role.READ,), "tabnanny": (Role.READ_TREE,), "webbrowser": (Role.URL,), "zipfile": (Role.OPAQUE,),
    "tarfile": (Role.OPAQUE,), "code": (Role.OPAQUE,),
    "runpy": (Role.OPAQUE,),
    "ensurepip": (Role.OPAQUE,), "idlelib": (Role.OPAQUE,), "smtpd": (Role.OPAQUE,), "ftplib": (Role.OPAQUE,),
    "telnetlib": (Role.OPAQUE,), "poplib": (Role.OPAQUE,), "imaplib": (Role.OPAQUE,), "mailcap": (Role.OPAQUE,),
}  # fmt: skip
"""Modules of the library that do something when run, by what their operands are; opaque also without any."""
_SCRIPTED = frozenset(("cProfile", "profile", "pdb", "trace"))
"""Modules whose first operand is a script that they run."""
_VALUED = frozenset((
    "-o", "--outfile", "-s", "--sort", "--setup", "-f", "--file", "-C", "--coverdir", "-c", "--command", "-n", "--number", "-r", "--repeat",
    "-u", "--unit", "-m", "--module",
))  # fmt: skip
"""Options of theirs, and of ``timeit``, that take the next word."""
_TIMING = regex(
    r"-[nrsu]\Z|-[nr]\d+\Z|-[pv]+\Z|--(?:number|repeat|setup|unit|process|verbose)\Z|--(?:number|repeat)=\d+\Z"
)
"""Options of ``timeit`` that hold no code; whatever else begins with a hyphen may be a statement."""
_INSTALLERS = frozenset(("pip", "pip3", "pipx", "uv", "poetry", "twine", "build"))
_WRITING = frozenset(("cProfile", "profile", "trace", "zipapp"))
_TOOLS = frozenset(("pytest.yaml", "vite.yaml"))
"""The specifications whose programs, where they are Python's, are also run as modules."""


def _module(call: "Call", module: Arg) -> None:
    """``-m module``: an installer is the program of that name; a few modules of the library are known."""
    machine = call.machine
    if module.literal is None:
        machine.opaque("module isn't known", module.span)
        return
    operands = [operand for operand in call.parsed.operands if not operand.text.startswith("-")]
    if module.text in _INSTALLERS:
        machine.run((module, *call.parsed.operands))
    elif names().get(module.text) in _TOOLS:
        told(machine, module.text, (module, *call.parsed.operands))
    handed(machine, (module, *call.parsed.operands))
    _results(call, module.text)
    if module.text in _SCRIPTED:
        for script in _given(call.parsed.operands)[:1]:
            call.role(Role.CODE, script)
    elif module.text == "timeit":
        _timed(call)
    roles = _MODULES.get(module.text, ())
    if roles and roles[0] is Role.OPAQUE:
        machine.opaque(f"the module {module.text}", module.span)
    else:
        for role, operand in zip(roles, operands, strict=False):
            call.role(role, operand)


def _results(call: "Call", module: str) -> None:
    machine = call.machine
    if module in _WRITING:
        for option, value in pairs(call.parsed.operands):
            if option in ("-o", "--output", "--outfile", "-f", "--file", "-C", "--coverdir"):
                machine.path(AccessKind.WRITE, value, tree=True)


def _given(words: Sequence[Arg]) -> list[Arg]:
    """The words that are no options and no values of options."""
    pairs_of_words = zip([Arg(""), *words], words, strict=False)
    return [
        word
        for before, word in pairs_of_words
        if not word.text.startswith("-") and before.text not in _VALUED
    ]


def _timed(call: "Call") -> None:
    """``-m timeit``: statements, and what prepares them, are code as ``-c`` takes it."""
    from bailiwick.analysis.commands.plugins.python import follow, parse  # noqa: PLC0415 - few need that much

    words = call.parsed.operands
    prepared = [word for before, word in itertools.pairwise(words) if before.text in ("-s", "--setup")]
    code = Arg(
        "\n".join(word.text for word in (*prepared, *_given(words))), span=words[0].span if words else None
    )
    known = all(
        word.literal is not None and (not word.text.startswith("-") or _TIMING.match(word.text))
        for word in words
    )
    tree = parse(code) if known else None
    if tree is None:
        call.machine.opaque("Python code that isn't known", code.span)
    else:
        follow(call, tree, code, ())


def _options(call: "Call") -> None:
    call.options()
    if any(":" in warning.text or warning.literal is None for warning in call.parsed.values("-W")):
        call.machine.opaque("warning filter that may import a module")


def _inline(call: "Call", code: Arg, arguments: list[Arg], *, own: bool = False) -> None:
    """``-c code``, a here-document, or a script just written, ``own`` if in the project: the working directory comes before the library where modules are looked for."""
    from bailiwick.analysis.commands.plugins.python import follow, parse, shadowable  # noqa: PLC0415 - few need that much

    parsed, machine = call.parsed, call.machine
    tree = parse(code)
    alone = parsed.given("-I", "-P") and bool(parsed.values("-c"))
    loads = tree is not None and not alone and shadowable(tree)
    machine.begin(tuple(parsed.operands), project_code=own or loads)
    _options(call)
    if parsed.given("-i"):
        machine.opaque("more code from standard input")
    if tree is None:
        machine.opaque("Python code that isn't known", code.span)
    else:
        follow(call, tree, code, tuple(arguments))


def node(call: "Call") -> None:
    """``node``: a script is project code; of inline code a part of the language is understood."""
    from bailiwick.analysis.commands.plugins import javascript  # noqa: PLC0415 - few need that much

    parsed, machine = call.parsed, call.machine
    inline = [o.value for o in parsed.options if o.name in _NODE_INLINE and o.value is not None]
    piped = not inline and (not parsed.operands or parsed.operands[0].literal in STANDARD_INPUT)
    if piped and machine.stdin is not None and machine.stdin.literal is not None:
        inline = [machine.stdin]
    written = _written(call, parsed.operands[0]) if parsed.operands and not inline else None
    if written is not None:
        inline = [written]
        machine.path(AccessKind.READ, parsed.operands[0])
    known = len(inline) == 1 and inline[0].literal is not None
    loads = known and javascript.project_code(inline[0].text)
    operands = parsed.operands
    machine.begin(
        tuple(operands),
        project_code=loads
        or (bool(operands) and not inline)
        or (written is not None and machine.own(operands[0]))
        or parsed.given("--test", "-r", "--require", "--import", "--loader", "--experimental-loader"),
    )
    call.options()
    for inspected in parsed.options:
        address = inspected.value.text if inspected.value is not None else ""
        if inspected.name.startswith("--inspect") and not _LOOPBACK.match(address):
            machine.opaque("a debugger that others can reach", inspected.span)
    if known:
        javascript.follow(call, inline[0])
    elif inline:
        machine.opaque("code that isn't known")
    elif operands and not piped:
        call.role(Role.CODE, operands[0])
        handed(machine, operands)
    elif not parsed.given("--version", "--help", "-v", "-h", "--test", "--v8-options"):
        call.unfed("code from standard input or a terminal")


def java(call: "Call") -> None:
    """``java``: an archive, or a class below a class path, of the project is the project's code."""
    parsed, machine = call.parsed, call.machine
    archives = parsed.values("-jar")
    places = [
        value.with_text(part)
        for value in (*archives, *parsed.values("-cp", "-classpath", "--class-path"))
        for part in (value.text.split(":") if value.literal is not None else [""])
    ]
    own = all(machine.own(place) or place.text == "." for place in places)
    runs = bool(archives or parsed.operands or parsed.given("-m", "--module"))
    machine.begin(tuple(parsed.operands), project_code=runs and own)
    for problem in parsed.problems:
        if not _JAVA_SETTING.match(call.args[0].text + " " + problem[0]):
            machine.opaque(*problem)
    for operand in parsed.operands:
        if operand.text.startswith("@"):
            call.role(Role.CODE, operand.with_text(operand.text[1:]))  # it may name an agent
    for place in places:
        if place.text:
            machine.path(AccessKind.READ, place, tree=place.text.endswith(("/", "*")))
    if runs and not own:
        machine.opaque("code that isn't the project's")
    elif not runs and not parsed.given("-version", "--version", "-help", "-X", "-showversion"):
        machine.opaque("code from an option, standard input or a terminal")


_JAVA_SETTING = regex(
    r"java unknown option (?:-Xm[nsx]\d+[kmgKMG]?|-Xss\d+[kmgKMG]?|-D[\w.]+|--enable-preview|-XX:[+-]Use\w+) of java\Z"
)
"""Sizes of memory and properties of the program; what they mean is for the project's code."""
_LOOPBACK = regex(r"(?:(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?|\d*)\Z")
_NODE_INLINE = ("-e", "--eval", "-p", "--print", "-pe", "-ep")


def interpreter(call: "Call") -> None:
    """``node``, ``perl`` and others: a script is project code, anything inline is opaque."""
    parsed, machine = call.parsed, call.machine
    operands = parsed.operands
    machine.begin(tuple(operands), project_code=bool(operands))
    call.options()
    if operands:
        call.role(Role.CODE, operands[0])
        handed(machine, operands)
    elif parsed.given("--test"):
        machine.opaque("runs the project's tests")
    elif not parsed.given("--version", "--help", "-v", "-V", "-h"):
        machine.opaque("code from an option, standard input or a terminal")
