"""``find``: a walk below roots, and an expression that tests what it meets and acts on it."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import LITERAL, OPEN, PATTERN, UNKNOWN, Arg
from bailiwick.analysis.commands.plugins.search import matches
from bailiwick.analysis.commands.plugins.wrappers import placed, standing
from bailiwick.analysis.paths import any_depth
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import GlobError, name_glob
from bailiwick.model.value import value

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

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
_SWITCHES = frozenset([f"-{name}" for name in _NO_ARGUMENT if name not in ("delete", ",")] + ["(", ")", "!"])
_TESTS = _SWITCHES | {f"-{name}" for name in _ONE_ARGUMENT if name != "samefile"}
"""Predicates that look at nothing but what the walk meets, as they are mostly written."""
_EXPRESSIONS = frozenset("-(!),")
"""What an expression begins with."""
_PRINTING = frozenset(("-print", "-printf", "-ls", "-exec", "-execdir", "-ok", "-okdir", None))
_ACTING = frozenset((
    "-print0", "-printf", "-ls", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fprintf", "-fls", "-delete", None,
))  # fmt: skip
_NEWER = re.compile(r"(?:newer[aBcm][aBcmt]|mnewer)\Z")


def find(call: "Call") -> None:
    """``find``: roots, then an expression whose predicates are a closed list."""
    args, machine = call.args, call.machine
    count = len(args)
    i = 1
    while i < count and args[i].kind is LITERAL and _LEADING.match(args[i].text):
        i += 2 if args[i].text == "-D" else 1
    roots: list[Arg] = []
    while i < count:
        root = args[i]
        if root.kind is LITERAL:
            if root.text[:1] in _EXPRESSIONS:
                break
        elif root.kind is OPEN or (root.kind is PATTERN and _may_be_action(root)):
            machine.opaque(
                "a word that isn't known may be an expression of find", root.span, AccessKind.EXECUTE
            )
        elif root.may_be_option:  # alone it is an action without an argument, or one that names a file
            machine.path(AccessKind.DELETE, Arg("", UNKNOWN, root.span), tree=True)
            machine.path(AccessKind.WRITE, Arg("", UNKNOWN, root.span))
        roots.append(root)
        i += 1
    machine.begin(tuple(roots))
    roots = roots or [Arg(".")]
    for root in roots:  # like ls: names are shown, contents only by what -exec runs
        machine.path(AccessKind.READ, root, names=True)
    walk = _Walk(call, tuple(roots), i)
    if machine.heard:
        _tell(walk, i)
    _expression(walk, i)


def _expression(walk: "_Walk", i: int) -> None:
    """Make the accesses of the expression that begins at ``i``."""
    args, count = walk.call.args, len(walk.call.args)
    while i < count:
        word = args[i]
        if word.kind is LITERAL and word.text in _TESTS:
            if word.text in _SWITCHES:
                i += 1
                continue
            if i + 1 < count and args[i + 1].kind is LITERAL:
                i += 2
                continue
        i = _predicate(walk, i)


def _tell(walk: "_Walk", start: int) -> None:
    """Say which names the expression prints."""
    machine = walk.call.machine
    words = [arg.text if arg.kind is LITERAL else None for arg in walk.call.args]
    if "-print0" in words and not _PRINTING.intersection(words[start:]):
        found = walk.found(words.index("-print0"))
        if found.kind is PATTERN:
            machine.lists(found)
    elif not _ACTING.intersection(words):
        machine.lines(walk.named)


class _Walk:
    """One call: where it starts, and what the tests say of the names that its actions get."""

    __slots__ = ("_tested", "call", "roots", "start")

    def __init__(self, call: "Call", roots: tuple[Arg, ...], start: int) -> None:
        self.call = call
        self.roots = roots
        self.start = start  # of the expression
        self._tested: _Tested | None = None

    def named(self) -> Arg:
        """What is printed where nothing but tests stands in the expression."""
        self.found(self.start)
        tested = self._tested
        whole = tested is not None and tested.limit == len(self.call.args)
        return Arg("", UNKNOWN) if tested is None else tested.named if whole else tested.broad

    def found(self, end: int) -> Arg:
        """What the action at ``end`` gets: any path below the roots, of a name that the tests before it demand."""
        if self._tested is None:  # most calls only print
            self._tested = _tested(self.call, self.roots, self.start)
        tested = self._tested
        return tested.named if tested.ready <= end < tested.limit else tested.broad


@value(frozen=True, slots=True)
class _Tested:
    """Any path of the walk, and one of a name that the tests demand, with the words between which they do."""

    broad: Arg
    named: Arg
    ready: int
    limit: int


def _tested(call: "Call", roots: tuple[Arg, ...], start: int) -> _Tested:
    """What the expression that begins at ``start`` tests."""
    broad = named = matches(list(roots))
    globs, ready, limit = _names([arg.text if arg.kind is LITERAL else None for arg in call.args], start)
    if globs and all(root.kind is LITERAL for root in roots):
        bases = [root.text.rstrip("/").rpartition("/")[2] or "/" for root in roots]
        names = [name_glob(glob.removeprefix("**/")) for glob in globs]
        if not any(name.matches(base) for name in names for base in bases):
            named = matches(list(roots), globs)
    return _Tested(broad, named, ready, limit)


def _names(tests: list[str | None], j: int) -> tuple[tuple[str, ...], int, int]:
    """Globs of which names match one, and between which words that holds: as long as the tests are a conjunction."""
    found: tuple[str, ...] = ()
    ready = len(tests)
    while j < len(tests):
        word = tests[j] or ""
        if word in _TAKING_NOTHING:
            j += 1
            continue
        if word in ("-o", "-or", ",") or (word in ("!", "-not") and tests[j + 1 : j + 2] == ["("]):
            return found, ready, j
        names: tuple[str, ...] = ()
        if word in ("!", "-not"):
            j += 1 + _length(tests, j + 1)
        elif word == "(" and (group := _alternatives(tests, j)):
            names, j = group
        elif word == "-name" and j + 1 < len(tests):
            name = any_depth(tests[j + 1] or "")
            names = (name,) if name else ()
            j += 2
        else:
            j += _length(tests, j)
        if names and not found:
            found, ready = names, j
    return found, ready, len(tests)


_TAKING_NOTHING = _SWITCHES - {"!", "(", "-not", "-o", "-or"}


def _alternatives(tests: list[str | None], j: int) -> tuple[tuple[str, ...], int] | None:
    """``( -name A -o -name B )``: its globs, and the index after it."""
    names: list[str] = []
    while tests[j + 1 : j + 2] == ["-name"] and j + 3 < len(tests):
        name = any_depth(tests[j + 2] or "")
        names.append(name)
        j += 3
        if tests[j] == ")":
            return (tuple(names), j + 1) if all(names) else None
        if tests[j] not in ("-o", "-or"):
            return None
    return None


def _length(tests: list[str | None], j: int) -> int:
    """How many words the predicate at ``j`` takes."""
    name = (tests[j] if j < len(tests) else None) or ""
    if name in ("-exec", "-execdir", "-ok", "-okdir"):
        k = j + 1
        while k < len(tests) and not (tests[k] == ";" or (tests[k] == "+" and tests[k - 1] == "{}")):
            k += 1
        return k - j + 1
    if name == "-fprintf":
        return 3
    plain = name.removeprefix("-")
    return (
        2
        if plain in _ONE_ARGUMENT or _NEWER.match(plain) or plain.startswith(("fprint", "fls", "files0"))
        else 1
    )


_LEADING = re.compile(r"-(?:[HLPEdsXx]+|O[0-3]|D)\Z")
"""Options before the roots: GNU's, and BSD's that change the walk only."""
_ACTIONS = (
    "-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fprintf", "-fls", "-files0-from",
)  # fmt: skip
"""Predicates that do more than test and print."""


def _may_be_action(pattern: Arg) -> bool:
    """Whether a file may be named so that the pattern becomes a predicate that does something."""
    try:
        glob = name_glob(pattern.text)
    except GlobError:
        return True
    return any(glob.matches(action) for action in _ACTIONS)


def _predicate(walk: "_Walk", i: int) -> int:
    """Make the accesses of the predicate at ``i``; the index after it."""
    machine, args = walk.call.machine, walk.call.args
    arg = args[i]
    if arg.literal is None:
        if arg.kind is PATTERN and not _may_be_action(arg):
            return i + 1  # further names of a pattern that the shell expanded: find refuses them
        machine.opaque("expression of find isn't known", arg.span, AccessKind.EXECUTE)
        return i + 1
    name = arg.text.removeprefix("-")
    if name == "delete":
        found = walk.found(i)
        for root in [found] if found.kind is PATTERN else walk.roots:
            machine.path(AccessKind.DELETE, root, tree=found.kind is not PATTERN)
    if name in _NO_ARGUMENT and (arg.text.startswith("-") or name in "!(),"):
        return i + 1
    if not arg.text.startswith("-"):
        return len(args)  # find refuses a path after the expression before it does anything
    if name in ("exec", "execdir", "ok", "okdir"):
        return _run(walk, i)
    return _valued(walk.call, args, i, name)


def _valued(call: "Call", args: tuple[Arg, ...], i: int, name: str) -> int:
    """A predicate that takes the next word."""
    machine = call.machine
    value = args[i + 1] if i + 1 < len(args) else args[i]
    if value.kind is OPEN or (value.kind is PATTERN and _may_be_action(value)):
        machine.opaque("a word of find's expression may be several", value.span, AccessKind.EXECUTE)
    if name in _ONE_ARGUMENT or _NEWER.match(name):
        if name == "samefile":
            machine.path(AccessKind.READ, value)
        return i + 2
    if name in ("fprint", "fprint0", "fls", "fprintf"):
        machine.path(AccessKind.WRITE, value)
        return i + (3 if name == "fprintf" else 2)
    if name == "files0-from":
        machine.path(AccessKind.READ, value)
        machine.opaque("roots of find that a file names", value.span, AccessKind.READ)
        return i + 2
    machine.opaque(f"unknown predicate {args[i].text} of find", args[i].span)
    return len(args)


def _placed(word: Arg, roots: tuple[Arg, ...]) -> Arg:
    """A word with a path found in place of ``{}``: only how it begins is known."""
    head = word.text.partition("{}")[0]
    if not head and len(roots) == 1 and roots[0].literal is not None:
        head = roots[0].text
    return Arg(head, UNKNOWN, word.span, word.sources)


def _run(walk: "_Walk", i: int) -> int:
    """``-exec command ;`` or ``-exec command {} +``."""
    call, args = walk.call, walk.call.args
    found, words, j = walk.found(i), [], i + 1
    while j < len(args):
        word = args[j]
        if word.kind is LITERAL:
            if word.text == ";" or (word.text == "+" and args[j - 1].literal == "{}"):
                break
        elif word.kind is OPEN:
            call.machine.opaque("a word of find's expression may be several", word.span, AccessKind.EXECUTE)
        words.append(word)
        j += 1
    words = placed(call, words, "{}", found, lambda word: _placed(word, walk.roots))
    if not words or words[0].kind is not LITERAL:
        call.machine.opaque("command of find -exec isn't known", args[i].span)
    else:
        machine = call.machine
        if args[i].text.endswith("dir"):
            machine = machine.anywhere()
            words = [Arg("", UNKNOWN, w.span) if w is found else w for w in words]
        machine.run(tuple(words), exported=standing(words))
    return j + 1
