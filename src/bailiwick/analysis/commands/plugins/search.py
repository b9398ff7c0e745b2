"""Programs that look for things: ``grep``, ``rg``, ``fd``, ``find``."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_NO_ARGUMENT = frozenset(
    [
        "print",
        "print0",
        "ls",
        "prune",
        "quit",
        "empty",
        "a",
        "and",
        "o",
        "or",
        "not",
        "!",
        "(",
        ")",
        ",",
        "xdev",
        "mount",
        "depth",
        "d",
        "true",
        "false",
        "readable",
        "writable",
        "executable",
        "nouser",
        "nogroup",
        "daystart",
        "follow",
        "noleaf",
        "warn",
        "nowarn",
        "ignore_readdir_race",
        "noignore_readdir_race",
        "delete",
    ]
)
_ONE_ARGUMENT = frozenset(
    [
        "name",
        "iname",
        "path",
        "ipath",
        "wholename",
        "iwholename",
        "regex",
        "iregex",
        "type",
        "xtype",
        "size",
        "mtime",
        "atime",
        "ctime",
        "mmin",
        "amin",
        "cmin",
        "newer",
        "anewer",
        "cnewer",
        "user",
        "group",
        "uid",
        "gid",
        "perm",
        "maxdepth",
        "mindepth",
        "inum",
        "links",
        "fstype",
        "lname",
        "ilname",
        "used",
        "samefile",
        "printf",
        "regextype",
        "context",
    ]
)
_PRINTING = frozenset(("-print", "-printf", "-ls", "-exec", "-execdir", "-ok", "-okdir", None))
_NEWER = re.compile(r"newer[aBcm][aBcmt]\Z")


def grep(call: "Call") -> None:
    """``grep`` and ``rg``: the first operand is the pattern unless options give it."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    node = parsed.node
    given = parsed.given("-e", "-f", "--regexp", "--file", "--files", "--type-list")
    always = call.name == "rg"
    recursive = always or any(option.name in node.recursive for option in parsed.options)
    paths = parsed.operands if given else parsed.operands[1:]
    if parsed.open and len(paths) > 0 and not given:
        machine.opaque("which operand is the pattern isn't known")
    for path in paths:
        if path.literal != "-":
            machine.path(AccessKind.READ, path, tree=recursive)
    # Without operands rg reads standard input where that isn't a terminal; the tree is the larger claim.
    if not paths and recursive and (parsed.operands or given) and not (always and machine.stdin is not None):
        machine.path(AccessKind.READ, Arg("."), tree=True)


def fd(call: "Call") -> None:
    """``fd``: ``-x`` and ``-X`` run the rest of the line on what is found."""
    words = list(call.args)
    cut = next((i for i, w in enumerate(words) if w.literal in ("-x", "-X", "--exec", "--exec-batch")), None)
    if cut is not None:
        from bailiwick.analysis.commands.call import Call as _Call  # noqa: PLC0415 - the seam imports the plug-ins
        from bailiwick.analysis.commands.options import parse  # noqa: PLC0415 - same

        head = tuple(words[:cut])
        call = _Call(call.args, parse(call.parsed.node, head[1:]), call.machine)
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    roots = parsed.operands[1:] or [Arg(".")]
    for root in roots:
        machine.path(AccessKind.READ, root, tree=True)
    if cut is not None:
        found = matches(roots)
        rest = [w for w in words[cut + 1 :] if w.literal != ";"]
        placed = [
            found if w.literal == "{}" else Arg("", Kind.UNKNOWN, w.span) if "{" in w.text else w
            for w in rest
        ]
        if found not in placed:
            placed.append(found)
        machine.run(tuple(placed))


def matches(roots: list[Arg]) -> Arg:
    """Any path below the roots, as one argument."""
    if all(root.literal is not None and not root.text.startswith("-") for root in roots):
        globs = [_below(root.text) for root in roots]
        return Arg(globs[0] if len(globs) == 1 else "{" + ",".join(globs) + "}", Kind.PATTERN, roots[0].span)
    if len(roots) == 1 and roots[0].kind is Kind.PATTERN:
        return roots[0].with_text(roots[0].text.rstrip("/") + "/**")
    return Arg("", Kind.UNKNOWN, roots[0].span)


def _below(root: str) -> str:
    escaped = escape(root.rstrip("/"))
    return (escaped or ("/" if root.startswith("/") else ".")).rstrip("/") + "/**"


def find(call: "Call") -> None:
    """``find``: roots, then an expression whose predicates are a closed list."""
    args, machine = call.args, call.machine
    i = 1
    while i < len(args) and args[i].literal in ("-H", "-L", "-P", "-O0", "-O1", "-O2", "-O3"):
        i += 1
    roots: list[Arg] = []
    while i < len(args) and not (
        args[i].kind is Kind.LITERAL and args[i].text.startswith(("-", "(", "!", ")", ","))
    ):
        if args[i].may_be_option:
            machine.opaque("a word that isn't known may be an expression of find", args[i].span)
        roots.append(args[i])
        i += 1
    machine.begin(tuple(roots))
    roots = roots or [Arg(".")]
    for root in roots:  # like ls: names are shown, contents only by what -exec runs
        machine.path(AccessKind.READ, root)
    words = {arg.literal for arg in args[i:]}
    found = matches(roots)
    if "-print0" in words and not words & _PRINTING and found.kind is Kind.PATTERN:
        machine.lists(found)
    while i < len(args):
        i = _predicate(call, args, i, roots)


def _predicate(call: "Call", args: tuple[Arg, ...], i: int, roots: list[Arg]) -> int:
    machine, arg = call.machine, args[i]
    if arg.literal is None:
        machine.opaque("expression of find isn't known", arg.span)
        return len(args)
    name = arg.text.removeprefix("-")
    if name == "delete":
        for root in roots:
            machine.path(AccessKind.DELETE, root, tree=True)
    if name in _NO_ARGUMENT and (arg.text.startswith("-") or name in "!(),"):
        return i + 1
    if not arg.text.startswith("-"):
        machine.opaque("expression of find isn't known", arg.span)
        return len(args)
    if name in ("exec", "execdir", "ok", "okdir"):
        return _run(call, args, i, roots)
    if name in _ONE_ARGUMENT or _NEWER.match(name):
        if i + 1 < len(args) and args[i + 1].kind in (Kind.OPEN, Kind.PATTERN):
            machine.opaque("a word of find's expression may be several", args[i + 1].span)
            return len(args)
        return i + 2
    if name in ("fprint", "fprint0", "fls", "fprintf") and i + 1 < len(args):
        machine.path(AccessKind.WRITE, args[i + 1])
        return i + (3 if name == "fprintf" else 2)
    machine.opaque(f"unknown predicate {arg.text} of find", arg.span)
    return len(args)


def _run(call: "Call", args: tuple[Arg, ...], i: int, roots: list[Arg]) -> int:
    """``-exec command ;`` or ``-exec command {} +``."""
    found, words, j = matches(roots), [], i + 1
    while j < len(args):
        word = args[j]
        if word.literal == ";" or (word.literal == "+" and args[j - 1].literal == "{}"):
            break
        if word.kind is Kind.OPEN:
            call.machine.opaque("command of find -exec isn't known", word.span)
        words.append(
            found if word.literal == "{}" else Arg("", Kind.UNKNOWN, word.span) if "{}" in word.text else word
        )
        j += 1
    if not words or words[0].literal is None:
        call.machine.opaque("command of find -exec isn't known", args[i].span)
    else:
        machine = call.machine
        if args[i].text.endswith("dir"):
            machine = machine.anywhere()
            words = [Arg("", Kind.UNKNOWN, w.span) if w is found else w for w in words]
        machine.run(tuple(words))
    return j + 1
