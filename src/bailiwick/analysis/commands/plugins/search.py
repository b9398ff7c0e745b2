"""Programs that look for things: ``grep``, ``rg``, ``fd``, ``find``."""

import re
from typing import TYPE_CHECKING, TypeAlias

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.paths import RIPGREP_TYPES, any_depth, left_out
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import GlobError, escape, name_glob

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call
    from bailiwick.analysis.commands.options import Parsed

_Narrowing: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Globs below where a search starts: the only files it looks at (all, where there is none), and what it leaves out."""

_NO_ARGUMENT = frozenset((
    "print", "print0", "ls", "prune", "quit", "empty", "a", "and", "o", "or", "not", "!", "(", ")", ",",
    "xdev", "mount", "depth", "d", "true", "false", "readable", "writable", "executable", "nouser",
    "nogroup", "daystart", "follow", "noleaf", "warn", "nowarn", "ignore_readdir_race",
    "noignore_readdir_race", "delete", "help", "version",
))  # fmt: skip
_ONE_ARGUMENT = frozenset((
    "name", "iname", "path", "ipath", "wholename", "iwholename", "regex", "iregex", "type", "xtype", "size",
    "mtime", "atime", "ctime", "mmin", "amin", "cmin", "newer", "anewer", "cnewer", "user", "group", "uid",
    "gid", "perm", "maxdepth", "mindepth", "inum", "links", "fstype", "lname", "ilname", "used", "samefile",
    "printf", "regextype", "context", "Bmin", "Btime", "flags",
))  # fmt: skip
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
    if parsed.open and not given:  # any operand may be the pattern, and any other word a path
        machine.path(AccessKind.READ, Arg("", Kind.UNKNOWN))
        paths = [path for path in parsed.operands if path.kind is not Kind.OPEN]
    # Without operands rg reads standard input where that isn't a terminal; the tree is the larger claim.
    if not paths and recursive and (parsed.operands or given) and not (always and machine.stdin is not None):
        paths = [Arg(".")]
    only, without = (_chosen(parsed) if always else _included(parsed)) if recursive else ((), ())
    for path in paths:
        if path.literal == "-":
            continue
        if not only:
            machine.path(AccessKind.READ, path, tree=recursive, without=without)
            continue
        machine.path(AccessKind.READ, path)  # a file named outright is searched all the same
        found = matches([path])
        for glob in only:
            machine.path(AccessKind.READ, found.with_text(found.text.removesuffix("**") + glob))


def _included(parsed: "Parsed") -> _Narrowing:
    """What ``grep -r`` looks at only, or leaves out. Which of both wins depends on their order; then neither counts."""
    only = [any_depth(value.literal or "") for value in parsed.values("--include")]
    files = [any_depth(value.literal or "") for value in parsed.values("--exclude")]
    trees = [any_depth(value.literal or "") for value in parsed.values("--exclude-dir")]
    if only:
        return (tuple(only), ()) if all(only) and not files else ((), ())
    if parsed.given("-R", "--dereference-recursive"):  # what is left out by its name is reached by a link's
        return (), ()
    return (), (*filter(None, files), *(f"{tree}/**" for tree in trees if tree))


def _chosen(parsed: "Parsed") -> _Narrowing:
    """What ``rg`` looks at only, or leaves out, by globs or else by types of its own."""
    globs = [value.literal or "/" for value in parsed.values("-g", "--glob")]
    if parsed.given("--iglob", "--glob-case-insensitive"):
        return (), ()
    if only := [any_depth(glob) for glob in globs if not glob.startswith("!")]:
        return (tuple(only), ()) if all(only) else ((), ())
    types = [value.literal or "" for value in parsed.values("-t", "--type")]
    if types and not parsed.given("--type-add", "--type-clear"):
        endings = [RIPGREP_TYPES.get(kind, ()) for kind in types]
        return tuple(f"**/*.{ending}" for known in endings for ending in known) if all(endings) else (), ()
    if parsed.given("-L", "--follow"):
        return (), ()
    return (), tuple(name for glob in globs for name in left_out(glob))


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
    while i < len(args) and args[i].literal is not None and _LEADING.match(args[i].text):
        i += 2 if args[i].text == "-D" else 1
    roots: list[Arg] = []
    while i < len(args) and not (
        args[i].kind is Kind.LITERAL and args[i].text.startswith(("-", "(", "!", ")", ","))
    ):
        root = args[i]
        if root.kind is Kind.OPEN or (root.kind is Kind.PATTERN and _may_be_action(root)):
            machine.opaque("a word that isn't known may be an expression of find", root.span)
        elif (
            root.may_be_option
        ):  # alone it can only be an action without an argument, or one that names a file
            machine.path(AccessKind.DELETE, Arg("", Kind.UNKNOWN, root.span), tree=True)
            machine.path(AccessKind.WRITE, Arg("", Kind.UNKNOWN, root.span))
        roots.append(root)
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


_LEADING = re.compile(r"-(?:[HLPEdsXx]+|O[0-3]|D)\Z")
"""Options before the roots: GNU's, and BSD's that change the walk only."""
_ACTIONS = (
    "-delete",
    "-exec",
    "-execdir",
    "-ok",
    "-okdir",
    "-fprint",
    "-fprint0",
    "-fprintf",
    "-fls",
    "-files0-from",
)
"""Predicates that do more than test and print."""


def _may_be_action(pattern: Arg) -> bool:
    """Whether a file may be named so that the pattern becomes a predicate that does something."""
    try:
        glob = name_glob(pattern.text)
    except GlobError:
        return True
    return any(glob.matches(action) for action in _ACTIONS)


def _predicate(call: "Call", args: tuple[Arg, ...], i: int, roots: list[Arg]) -> int:
    machine, arg = call.machine, args[i]
    if arg.literal is None:
        if arg.kind is Kind.PATTERN and not _may_be_action(arg):
            return i + 1  # further names of a pattern that the shell expanded: find refuses them
        machine.opaque("expression of find isn't known", arg.span)
        return len(args)
    name = arg.text.removeprefix("-")
    if name == "delete":
        for root in roots:
            machine.path(AccessKind.DELETE, root, tree=True)
    if name in _NO_ARGUMENT and (arg.text.startswith("-") or name in "!(),"):
        return i + 1
    if not arg.text.startswith("-"):
        return len(args)  # find refuses a path after the expression before it does anything
    if name in ("exec", "execdir", "ok", "okdir"):
        return _run(call, args, i, roots)
    return _valued(call, args, i, name)


def _valued(call: "Call", args: tuple[Arg, ...], i: int, name: str) -> int:
    """A predicate that takes the next word."""
    machine = call.machine
    value = args[i + 1] if i + 1 < len(args) else args[i]
    if value.kind is Kind.OPEN or (value.kind is Kind.PATTERN and _may_be_action(value)):
        machine.opaque("a word of find's expression may be several", value.span)
        return len(args)
    if name in _ONE_ARGUMENT or _NEWER.match(name):
        if name == "samefile":
            machine.path(AccessKind.READ, value)
        return i + 2
    if name in ("fprint", "fprint0", "fls", "fprintf"):
        machine.path(AccessKind.WRITE, value)
        return i + (3 if name == "fprintf" else 2)
    if name == "files0-from":
        machine.path(AccessKind.READ, value)
        machine.opaque("roots of find that a file names", value.span)
        return i + 2
    machine.opaque(f"unknown predicate {args[i].text} of find", args[i].span)
    return len(args)


def _placed(word: Arg, roots: list[Arg]) -> Arg:
    """A word with a path found in place of ``{}``: only how it begins is known."""
    head = word.text.partition("{}")[0]
    if not head and len(roots) == 1 and roots[0].literal is not None:
        head = roots[0].text
    return Arg(head, Kind.UNKNOWN, word.span, word.sources)


def _run(call: "Call", args: tuple[Arg, ...], i: int, roots: list[Arg]) -> int:
    """``-exec command ;`` or ``-exec command {} +``."""
    found, words, j = matches(roots), [], i + 1
    while j < len(args):
        word = args[j]
        if word.literal == ";" or (word.literal == "+" and args[j - 1].literal == "{}"):
            break
        if word.kind is Kind.OPEN:
            call.machine.opaque("command of find -exec isn't known", word.span)
        words.append(found if word.literal == "{}" else _placed(word, roots) if "{}" in word.text else word)
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
