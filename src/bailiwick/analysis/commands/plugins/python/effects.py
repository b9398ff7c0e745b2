"""Carrying out what a function of Python's library does: one function call turned into accesses."""

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.call import host, url
from bailiwick.analysis.commands.plugins.python.library import EFFECTS, OWN
from bailiwick.analysis.commands.plugins.python.values import (
    NOTHING,
    PLAIN,
    Atom,
    Environment,
    Foreign,
    Location,
    Many,
    Method,
    Plain,
    Row,
    Shape,
    Text,
    Value,
    Whole,
    argument,
    as_glob,
    capable,
    glued,
    join,
    ordered,
    translated,
)
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine
    from bailiwick.analysis.commands.plugins.python.state import State

_READ, _WRITE, _DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE
_PATHS: Mapping[str, tuple[tuple[AccessKind, ...], bool]] = {
    "read": ((_READ,), False),
    "read_tree": ((_READ,), True),
    "write": ((_WRITE,), False),
    "write_tree": ((_WRITE,), True),
    "delete": ((_DELETE,), False),
    "delete_tree": ((_DELETE,), True),
    "moved": ((_READ, _DELETE), True),
    "place": ((_WRITE,), False),
}
_PROCESS_OPTIONS = frozenset(
    [
        "check",
        "capture_output",
        "text",
        "shell",
        "stdout",
        "stderr",
        "stdin",
        "timeout",
        "encoding",
        "errors",
        "universal_newlines",
        "cwd",
        "env",
        "bufsize",
        "start_new_session",
        "close_fds",
    ]
)
_ARCHIVES = ("zipfile.ZipFile", "tarfile.open")
_HANDLES = ("subprocess.Popen", *_ARCHIVES, "tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory")
"""What gives an object whose private parts could do more."""
_NO_INPUT = ("DEVNULL",)
_READING: Value = frozenset([Text("r")])
_ANY_NAME = Shape("*")


def effect(evaluator: "State", name: str, node: ast.Call) -> Value:  # noqa: C901 - one arm per kind
    """Make the accesses of a call of ``name``; what it returns."""
    if name == "type":  # a class of data may be one that runs programs
        shown = [evaluator.value(argument_) for argument_ in node.args]
        return (
            frozenset([Foreign("type()")])
            if len(shown) == 1 and not node.keywords
            else _many_types(evaluator)
        )
    signature = [_parameter(word) for word in EFFECTS[name].split()]
    given = _bound(evaluator, signature, node, open_ended=name.startswith("subprocess."))
    if given is None:
        evaluator.refuse(f"calls {name} in a way that isn't known")
        return PLAIN
    if name in _ARCHIVES and given.get("mode", _READING) != _READING:
        evaluator.refuse("makes an archive")
    if name in _HANDLES:
        evaluator.handles = True
    for parameter, role in signature:
        value = given.get(parameter)
        if role == "names" and value is None:
            value = frozenset([Text(".")])
        if not role or value is None:
            continue
        if role == "command":
            _command(evaluator, value, node)
            continue
        for atom in ordered(value):
            _carry_out(evaluator, role, atom, given)
    if name.startswith("tempfile."):
        _path(evaluator, (_WRITE,), Shape("/tmp/*"), tree=True)  # noqa: S108 - what the library itself uses
    return _result(name, given)


def method(evaluator: "State", bound: Method, node: ast.Call) -> Value:
    """Make the accesses of a method of a path; what it returns."""
    signature = [_parameter(word) for word in EFFECTS["pathlib." + bound.name].split()]
    given = _bound(evaluator, signature, node, open_ended=False)
    if given is None:
        evaluator.refuse(f"calls .{bound.name} in a way that isn't known")
        return PLAIN
    own = OWN[bound.name]
    if bound.name == "mkdir":
        own = "parents" if "parents" in given else "write"
    if bound.name == "open":
        own = "opened"
    if own:
        _carry_out(evaluator, own, bound.owner, given)
    for parameter, role in signature:
        for atom in ordered(given.get(parameter, NOTHING) if role else NOTHING):
            _carry_out(evaluator, role, atom, given)
    if bound.name in {"rename", "replace"}:
        return frozenset(Location(_where(atom)) for atom in given.get("target", NOTHING))
    if bound.name in {"iterdir", "glob", "rglob"}:
        patterns = given.get("pattern", frozenset([Text("*")]))
        return frozenset([Many(_found(evaluator, bound, patterns), fresh=True)])
    return PLAIN


def _many_types(evaluator: "State") -> Value:
    evaluator.refuse("makes a class")
    return PLAIN


def _parameter(word: str) -> tuple[str, str]:
    name, _, role = word.partition("=")[0].partition(":")
    return name, role


def _bound(
    evaluator: "State", signature: list[tuple[str, str]], node: ast.Call, *, open_ended: bool
) -> dict[str, Value] | None:
    """The value of each parameter that is given; None where one isn't in the signature."""
    names = [name for name, _ in signature]
    if any(isinstance(argument_, ast.Starred) for argument_ in node.args) or len(node.args) > len(names):
        return None
    given: dict[str, Value] = {}
    for name, expression in zip(names, node.args, strict=False):
        given[name] = evaluator.fresh(expression)
    for keyword in node.keywords:
        if keyword.arg in names:
            given[keyword.arg] = evaluator.fresh(keyword.value)
        elif keyword.arg is None or not open_ended or keyword.arg not in _PROCESS_OPTIONS:
            return None
    roles = dict(signature)
    for name, value in given.items():
        if not roles[name] and capable(value):
            evaluator.escape(value)
    return given


def _result(name: str, given: Mapping[str, Value]) -> Value:
    match name:
        case "os.walk":
            roots = frozenset(
                Shape((glob.rstrip("/") or "") + "/**")
                for atom in given.get("top", NOTHING)
                if (glob := as_glob(_where(atom))) is not None
            )
            names: Value = frozenset([Many(frozenset([_ANY_NAME]))])
            return frozenset([Many(frozenset([Row((roots or PLAIN, names, names))]), fresh=True)])
        case "os.listdir":
            return frozenset([Many(frozenset([_ANY_NAME]), fresh=True)])
        case "glob.glob" | "glob.iglob":
            deep = "recursive" in given
            found = frozenset(
                Shape(translated(atom.text, deep=deep)) if isinstance(atom, Text) else _shape(atom)
                for atom in given.get("pathname", NOTHING)
            )
            return frozenset([Many(found, fresh=True)])
        case _:
            return PLAIN


def _shape(atom: Atom) -> Shape | Plain:
    where = _where(atom)
    return where if isinstance(where, Shape) else Plain()


def _where(atom: Atom) -> Text | Shape | Plain:
    where = atom.where if isinstance(atom, Location) else atom
    return where if isinstance(where, Text | Shape) else Plain()


def _found(evaluator: "State", bound: Method, patterns: Value) -> Value:
    """The paths below ``bound`` that a pattern of ``Path.glob`` finds."""
    base = as_glob(bound.owner.where)
    deep = "**/" if bound.name == "rglob" else ""
    found: list[Value] = []
    for pattern in ordered(patterns):
        if base is None or not isinstance(pattern, Text):
            found.append(frozenset([Location(Plain())]))
            continue
        glob = f"{base.rstrip('/')}/{deep}{translated(pattern.text, deep=True)}"
        found.append(frozenset([Location(Shape(glob))]))
        if bound.name != "iterdir":
            _path(evaluator, (_READ,), Location(Shape(glob)))
    return join(found)


def _path(evaluator: "State", kinds: tuple[AccessKind, ...], atom: Atom, *, tree: bool = False) -> None:
    if isinstance(atom, Whole):  # an open file's number
        return
    word = argument(atom, evaluator.span)
    if evaluator.machine is not None:
        for kind in kinds:
            evaluator.machine.path(kind, word, tree=tree)


def _carry_out(  # noqa: C901, PLR0912 - one arm per role
    evaluator: "State", role: str, atom: Atom, given: Mapping[str, Value]
) -> None:
    machine, word = evaluator.machine, argument(atom, evaluator.span)
    if capable(frozenset([atom])):
        evaluator.refuse("passes a function or module where a value is expected")
        return
    if machine is None:
        return
    if role in _PATHS:
        kinds, tree = _PATHS[role]
        _path(evaluator, kinds, atom, tree=tree)
        if role == "place":
            _inside(evaluator, word, given)
        return
    match role:
        case "opened":
            _opened(evaluator, atom, given.get("mode", _READING))
        case "names" | "globbed":
            deep = "recursive" in given
            if role == "globbed" and isinstance(atom, Text):
                atom = Shape(translated(atom.text, deep=deep))
            _path(evaluator, (_READ,), atom)
        case "walked":
            _path(evaluator, (_READ,), atom)
        case "parents":
            _parents(machine, word)
        case "linked":
            machine.path(_WRITE, word)
            machine.opaque("what is reached through the new link isn't followed", word.span)
        case "shell":
            machine.script(word)
        case "host":
            host(machine, word)
        case "url" | "posted":
            url(machine, word, sends=role == "posted" or not _SENT.isdisjoint(given))
        case "address":
            address(evaluator, atom)
        case "getenv":
            machine.variable(_READ, word.literal if word.literal is not None else "*", None, word.span)
        case "setenv":
            set_variable(machine, frozenset([atom]), given.get("value", PLAIN), word)
        case _:
            machine.opaque("Python code: an effect that isn't modelled", word.span)


_SENT = frozenset(("data", "json", "files", "content"))
"""What a request carries in its body."""


def _inside(evaluator: "State", destination: Arg, given: Mapping[str, Value]) -> None:
    """A copy into a directory bears the source's name."""
    for source in ordered(given.get("src", NOTHING)):
        where = _where(source)
        name = where.text.rstrip("/").rpartition("/")[2] if isinstance(where, Text) else ""
        inner = glued([frozenset([_of(destination)]), frozenset([Text("/" + name) if name else Text("/")])])
        for atom in ordered(inner):
            if name:
                _path(evaluator, (_WRITE,), atom)
        if not name:
            _path(evaluator, (_WRITE,), _of(destination), tree=True)


def _of(word: Arg) -> Atom:
    match word.kind:
        case Kind.LITERAL:
            return Text(word.text)
        case Kind.PATTERN:
            return Shape(word.text)
        case _:
            return Plain()


def _opened(evaluator: "State", atom: Atom, modes: Value) -> None:
    for mode in ordered(modes):
        if not isinstance(mode, Text):
            evaluator.refuse("opens a file in a way that isn't known")
            continue
        letters = mode.text.replace("|", ":").partition(":")[0]
        if "r" in letters or "+" in letters or not letters:
            _path(evaluator, (_READ,), atom)
        if any(letter in letters for letter in "wax+"):
            _path(evaluator, (_WRITE,), atom)


def _parents(machine: "Machine", path: Arg) -> None:
    """The directories that are created on the way to a path; above an absolute one lies what is judged anyway."""
    machine.path(_WRITE, path)
    if path.literal is None or path.text.startswith("/"):
        return
    pieces = path.text.rstrip("/").split("/")
    for count in range(1, len(pieces)):
        if pieces[count - 1] not in {"", ".", ".."}:
            machine.path(_WRITE, path.with_text("/".join(pieces[:count])))


def address(evaluator: "State", atom: Atom) -> None:
    """A socket's ``(host, port)``."""
    machine = evaluator.machine
    if machine is None:
        return
    if isinstance(atom, Row) and len(atom.items) == 2:  # noqa: PLR2004 - host and port
        ports = [port.number for port in atom.items[1] if isinstance(port, Whole)]
        for peer in ordered(atom.items[0]):
            if isinstance(peer, Text) and peer.text:
                port = ports[0] if len(ports) == 1 else None
                machine.connect(peer.text.lower(), port, evaluator.span, sends=True)
            else:
                machine.connect("*", None, evaluator.span)
                machine.opaque("host isn't known", evaluator.span)
    else:
        machine.connect("*", None, evaluator.span)
        machine.opaque("host isn't known", evaluator.span)


def set_variable(machine: "Machine", names: Value, values: Value, word: Arg) -> None:
    """An environment variable is set for the programs that run from here on."""
    known = [value.text for value in values if isinstance(value, Text)]
    for name in ordered(names):
        if isinstance(name, Text):
            machine.variable(
                AccessKind.CHANGE_CONFIG,
                name.text,
                known[0] if len(values) == len(known) == 1 else None,
                word.span,
            )
        else:
            machine.opaque("variable isn't known", word.span)


def _command(  # noqa: C901, PLR0912 - one arm per option
    evaluator: "State", value: Value, node: ast.Call
) -> None:
    """``subprocess.run`` and its kin: a program with its words, or shell code."""
    options = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg not in {"args", "cmd"}}
    shell = options.get("shell")
    if isinstance(shell, ast.Constant):
        in_shell = bool(shell.value)
    elif shell is None:
        in_shell = False
    else:
        evaluator.refuse("runs a program or shell code")
        return
    stdin = options.get("stdin")
    if stdin is not None and not (isinstance(stdin, ast.Attribute) and stdin.attr in _NO_INPUT):
        evaluator.refuse("feeds a program")
    for option, expression in options.items():
        if option != "env":
            evaluator.plain(expression)
    machine = evaluator.machine
    if machine is None:
        return
    if (cwd := options.get("cwd")) is not None and not (isinstance(cwd, ast.Constant) and cwd.value is None):
        words = [argument(atom, evaluator.span) for atom in evaluator.value(cwd)]
        machine = machine.inside(words[0]) if len(words) == 1 else machine.anywhere()
    exported = _exported(evaluator, options.get("env"))
    for atom in ordered(value):
        if in_shell:
            if exported:
                evaluator.refuse("sets variables for shell code")
            machine.script(argument(atom, evaluator.span))
        elif isinstance(atom, Row):
            machine.run(tuple(_words(evaluator, atom)), exported=exported)
        elif isinstance(atom, Text | Location):
            machine.run((argument(atom, evaluator.span),), exported=exported)
        else:
            machine.opaque("program isn't known", evaluator.span)


def _words(evaluator: "State", row: Row) -> list[Arg]:
    words = []
    for item in row.items:
        if len(item) == 1:
            words.append(argument(next(iter(item)), evaluator.span))
        else:
            words.append(Arg("", Kind.UNKNOWN, evaluator.span))
    return words


def _exported(evaluator: "State", node: ast.expr | None) -> dict[str, Arg]:
    """The variables of ``env={**os.environ, "NAME": "value"}``."""
    found: dict[str, Arg] = {}
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return found
    if not isinstance(node, ast.Dict):
        evaluator.refuse("gives a program an environment that isn't known")
        return found
    for key, expression in zip(node.keys, node.values, strict=True):
        value = evaluator.value(expression)
        if key is None:
            if not all(isinstance(atom, Environment) for atom in value):
                evaluator.refuse("gives a program an environment that isn't known")
        elif isinstance(key, ast.Constant) and isinstance(key.value, str) and len(value) == 1:
            found[key.value] = argument(next(iter(value)), evaluator.span)
            if evaluator.machine is not None:
                set_variable(
                    evaluator.machine, frozenset([Text(key.value)]), value, Arg("", span=evaluator.span)
                )
        else:
            evaluator.refuse("gives a program an environment that isn't known")
    return found


__all__ = ["address", "effect", "method", "set_variable"]
