"""What harmless calls give: paths put together, strings cut, sequences gone through."""

import ast
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.plugins.python.values import (
    MAX_TEXT,
    NOTHING,
    NUMBER,
    PLAIN,
    Atom,
    Environment,
    Foreign,
    Harmless,
    Location,
    Many,
    Partial,
    Plain,
    Row,
    Shape,
    Text,
    Value,
    Whole,
    glued,
    join,
)
from bailiwick.model.glob import literal

if TYPE_CHECKING:
    from bailiwick.analysis.commands.plugins.python.state import State

_SAME_ITEMS = frozenset(["list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "filter"])
_ONE_ITEM = frozenset(["next", "min", "max", "random.choice"])
_NUMBERS = frozenset(
    [
        "len",
        "int",
        "ord",
        "sum",
        "hash",
        "id",
        "abs",
        "os.getpid",
        "os.cpu_count",
        "os.path.getsize",
        "time.time_ns",
    ]
)
_SAME_PATH = frozenset(
    ["os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "os.fsdecode", "os.fsencode"]
)
_SAME_LOCATION = frozenset(["resolve", "absolute", "as_posix"])
_PATH_CLASSES = frozenset("pathlib." + name for name in ("Path", "PurePath", "PosixPath", "PurePosixPath"))
_CUTTING = frozenset(["strip", "lstrip", "rstrip", "lower", "upper", "removeprefix", "removesuffix"])


def word(arg: Arg) -> Value:
    """An argument of the program, as ``sys.argv`` holds it."""
    match arg.kind:
        case Kind.LITERAL:
            return frozenset([Text(arg.text)])
        case Kind.PATTERN:
            return frozenset([Shape(arg.text)])
        case _:
            return PLAIN


def paths(parts: Sequence[Value], *, located: bool) -> Value:
    """The paths that ``os.path.join`` or ``/`` make of ``parts``; an absolute part begins anew."""
    whole = parts[0] if parts else frozenset([Text("")])
    for part in parts[1:]:
        whole = join([_joined(_string(head), _string(tail)) for head in whole for tail in part])
    return frozenset(Location(_where(atom)) for atom in whole) if located else whole


def _joined(head: Atom, tail: Atom) -> Value:
    if isinstance(tail, Text | Shape) and (tail.text if isinstance(tail, Text) else tail.glob).startswith(
        "/"
    ):
        return frozenset([tail])
    if not isinstance(tail, Text | Shape | Whole):
        return PLAIN  # it may begin with a slash
    if isinstance(head, Text) and (not head.text or head.text.endswith("/")):
        return glued([frozenset([head]), frozenset([tail])])
    return glued([frozenset([head]), frozenset([Text("/")]), frozenset([tail])])


def _string(atom: Atom) -> Atom:
    return atom.where if isinstance(atom, Location) else atom


def _where(atom: Atom) -> Text | Shape | Partial | Plain:
    return atom if isinstance(atom, Text | Shape | Partial) else Plain()


def _last(atom: Atom) -> Value:
    """The base name of a path."""
    match _string(atom):
        case Text(text=text) if text.rstrip("/").rpartition("/")[2] not in {"", ".", ".."}:
            return frozenset([Text(text.rstrip("/").rpartition("/")[2])])
        case Shape():
            return frozenset([Shape("*")])
        case _:
            return PLAIN


def _parent(atom: Atom) -> Value:
    """The directory of a path."""
    match _string(atom):
        case Text(text=text) if text.strip("/") and text.rpartition("/")[2] not in {".", ".."}:
            head, slash, _ = text.rstrip("/").rpartition("/")
            return frozenset([Text(head or slash or ".")])
        case Shape(glob=glob):
            head, _, tail = glob.rpartition("/")
            if head and tail != "**" and not set("{}[]\\") & set(tail):
                exact = literal(head)
                return frozenset([Shape(head) if exact is None else Text(exact)])
            return PLAIN
        case _:
            return PLAIN


def path_attribute(location: Location, name: str) -> Value | None:
    """An attribute of a path that is a path or part of one."""
    if name == "parent":
        return frozenset(Location(_where(atom)) for atom in _parent(location))
    if name == "name":
        return _last(location)
    if name == "stem":
        return frozenset(
            Text(_stem(atom.text)) if isinstance(atom, Text) else atom for atom in _last(location)
        )
    return None


def _stem(name: str) -> str:
    head, dot, tail = name.rpartition(".")
    return head if dot and head and tail else name


def path_method(evaluator: "State", location: Location, name: str, node: ast.Call) -> Value | None:
    """A call of a path's method that gives another path and has no effect; None for other methods."""
    if name in _SAME_LOCATION:
        return frozenset([location])
    if name == "expanduser":
        return frozenset([Location(_where(_home(evaluator, location.where)))])
    if name not in {"joinpath", "with_suffix", "with_name"}:
        return None
    parts = [evaluator.value(argument) for argument in node.args]
    if name == "joinpath":
        return paths([frozenset([location]), *parts], located=True)
    if len(parts) != 1 or len(parts[0]) != 1 or not isinstance(suffix := next(iter(parts[0])), Text):
        return frozenset([Location(Plain())])
    if "/" in suffix.text:
        return NOTHING  # an error
    if name == "with_suffix":
        stems = [
            _stem(a.text) if isinstance(a, Text) else ""
            for a in _last(location)
            if isinstance(a, Text | Shape)
        ]
        names: Value = frozenset(Text(stem + suffix.text) if stem else Shape("*") for stem in stems) or PLAIN
    else:
        names = frozenset([suffix])
    return paths([_parent(location), names], located=True)


def _home(evaluator: "State", atom: Atom) -> Atom:
    home = evaluator.call.machine.home
    match atom:
        case Text(text=text) if text == "~" or text.startswith("~/"):
            return Text(home + text[1:])
        case Text(text=text) if not text.startswith("~"):
            return atom
        case Shape(glob=glob) if glob[:1] not in "~*?[{":
            return atom
        case _:
            return Plain()


def text_method(evaluator: "State", text: Text, name: str, node: ast.Call) -> Value | None:
    """A method of a known string whose result is known too; None for other methods."""
    if node.keywords:
        return None
    arguments = [evaluator.fresh(argument) for argument in node.args]
    if name in {"encode", "decode"}:
        return frozenset([text])
    if name == "join" and len(arguments) == 1:
        return _text_join(text, arguments[0])
    words = [atom.text for value in arguments for atom in value if isinstance(atom, Text) and len(value) == 1]
    if len(words) != len(arguments) or len(text.text) > MAX_TEXT:
        return None
    try:
        if name in _CUTTING:
            return frozenset([Text(str(getattr(text.text, name)(*words)))])
        if name in {"split", "splitlines"}:
            return frozenset([Row(tuple(frozenset([Text(w)]) for w in getattr(text.text, name)(*words)))])
    except (TypeError, ValueError):
        return PLAIN
    return None


def _text_join(text: Text, value: Value) -> Value:
    found: list[Value] = []
    for row in value:
        if not isinstance(row, Row):
            return PLAIN
        parts: list[Value] = []
        for item in row.items:
            parts += [frozenset([text]), item]
        found.append(glued(parts[1:]))
    return join(found)


def chosen(row: Row, index: ast.expr, key: Value) -> Value:
    """The items of a row that a subscript chooses."""
    if isinstance(index, ast.Slice):
        bounds = [None if part is None else _number(part) for part in (index.lower, index.upper)]
        if index.step is None and all(bound is None or isinstance(bound, int) for bound in bounds):
            given = [None if part is None else _number(part) for part in (index.lower, index.upper)]
            if all(
                (part is None) == (bound is None)
                for part, bound in zip((index.lower, index.upper), given, strict=True)
            ):
                return frozenset([Row(row.items[slice(*given)])])
        return frozenset([Many(join(row.items))])
    numbers = [atom.number for atom in key if isinstance(atom, Whole)]
    if len(numbers) == len(key) == 1:
        number = numbers[0]
        return row.items[number] if -len(row.items) <= number < len(row.items) else NOTHING
    return join(row.items)


def _number(node: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, int) else None


def result(  # noqa: C901, PLR0912 - one arm per function
    evaluator: "State", name: str, node: ast.Call, values: list[Value]
) -> Value:
    """What a call of a harmless function gives."""
    for value in values:
        if name not in {"isinstance", "issubclass"} and any(
            isinstance(a, Foreign | Environment) for a in value
        ):
            return PLAIN
    first = values[0] if values else NOTHING
    match name:
        case "class" | "print" | "input":
            return PLAIN
        case "super":
            return frozenset([Harmless("super()")])
        case "os.getcwd" | "pathlib.Path.cwd":
            return frozenset([Location(Text("."))])
        case "pathlib.Path.home":
            return frozenset([Location(Text(evaluator.call.machine.home))])
        case "os.path.join":
            return PLAIN if node.keywords or _spread(node) else paths(values, located=False)
        case "os.path.expanduser" if len(values) == 1:
            return frozenset(_home(evaluator, _string(atom)) for atom in first)
        case "os.path.basename" if len(values) == 1:
            return join([_last(atom) for atom in first])
        case "os.path.dirname" if len(values) == 1:
            return join([_parent(atom) for atom in first])
        case "str" | "bytes" if len(values) == 1:
            return glued([first])
        case "shlex.split" if len(values) == 1 and all(isinstance(atom, Text) for atom in first):
            return _split(first)
        case "enumerate" if values:
            return frozenset([Many(frozenset([Row((NUMBER, evaluator.items(first)))]), fresh=True)])
        case "zip":
            return frozenset(
                [Many(frozenset([Row(tuple(evaluator.items(value) for value in values))]), fresh=True)]
            )
        case "range":
            return frozenset([Many(NUMBER, fresh=True)])
        case "urllib.request.Request":
            if len(node.args) > 1 or any(keyword.arg != "headers" for keyword in node.keywords):
                evaluator.refuse("a request that may send something")
            return first
        case "filter" if len(values) == 2:  # noqa: PLR2004 - function and items
            return frozenset([Many(evaluator.items(values[1]), fresh=True)])
        case _ if name in _PATH_CLASSES:
            return (
                PLAIN
                if node.keywords or _spread(node)
                else paths(values or [frozenset([Text(".")])], located=True)
            )
        case _ if name in _SAME_PATH and len(values) == 1:
            return first
        case _ if name in _SAME_ITEMS and len(node.args) == 1:
            rows = name in {"list", "tuple"} and all(isinstance(atom, Row) for atom in first)
            return (
                first if rows and name == "tuple" else frozenset([Many(evaluator.items(first), fresh=True)])
            )
        case _ if name in _ONE_ITEM and len(values) == 1:
            return evaluator.items(first)
        case _ if name in _NUMBERS:
            return NUMBER
        case _:
            return PLAIN


def _spread(node: ast.Call) -> bool:
    return any(isinstance(argument, ast.Starred) for argument in node.args)


def _split(value: Value) -> Value:
    found: list[Value] = []
    for atom in value:
        try:
            words = shlex.split(atom.text) if isinstance(atom, Text) else []
        except ValueError:
            continue
        found.append(frozenset([Row(tuple(frozenset([Text(piece)]) for piece in words))]))
    return join(found)


def peer(evaluator: "State", atom: Atom) -> None:
    """A socket connects to ``(host, port)``."""
    from bailiwick.analysis.commands.plugins.python.effects import address  # noqa: PLC0415 - it imports this room

    address(evaluator, atom)


__all__ = [
    "Harmless",
    "chosen",
    "path_attribute",
    "path_method",
    "paths",
    "peer",
    "result",
    "text_method",
    "word",
]
