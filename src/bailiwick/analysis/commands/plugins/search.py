"""Programs that look for things: ``grep``, ``rg``, ``fd``."""

import posixpath
from typing import TYPE_CHECKING, TypeAlias

from bailiwick.analysis.commands.argument import LITERAL, PATTERN, Arg, Kind
from bailiwick.analysis.paths import RIPGREP_TYPES, any_depth, left_out
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call
    from bailiwick.analysis.commands.options import Option, Parsed

_Narrowing: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Globs below where a search starts: the only files it looks at (all, where there is none), and what it leaves out."""


def grep(call: "Call") -> None:
    """``grep`` and ``rg``: the first operand is the pattern unless options give it."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    node = parsed.node
    if parsed.given("--version", "--help", "--type-list"):
        return
    given = parsed.given("-e", "-f", "--regexp", "--file", "--files")
    always = call.name == "rg"
    recursive = always or any(option.name in node.recursive for option in parsed.options)
    paths = parsed.operands if given else parsed.after_first
    if parsed.open and not given:  # any operand may be the pattern, and any other word a path
        machine.path(AccessKind.READ, Arg("", Kind.UNKNOWN))
        paths = [path for path in parsed.operands if path.kind is not Kind.OPEN]
    # Without operands rg reads standard input where that isn't a terminal; the tree is the larger claim.
    if not paths and recursive and (parsed.operands or given) and not (always and machine.stdin is not None):
        paths = [Arg(".")]
    if parsed.given("-l", "-L", "--files-with-matches", "--files-without-match") and not parsed.given(
        "-Z", "-z", "--null", "-0"
    ):
        machine.lines(lambda: matches(list(paths)) if recursive else Arg("", Kind.UNKNOWN))
    only, without = (_chosen(parsed) if always else _included(parsed)) if recursive else ((), ())
    for path in paths:
        if path.literal == "-":
            continue
        if not only:
            machine.path(
                AccessKind.READ, path, tree=recursive, without=without, names=parsed.given("--files")
            )
            continue
        machine.path(AccessKind.READ, path)  # a file named outright is searched all the same
        found = matches([path])
        for glob in only:
            machine.path(AccessKind.READ, found.with_text(found.text.removesuffix("**") + glob))


def _included(parsed: "Parsed") -> _Narrowing:
    """What ``grep -r`` looks at only, or leaves out. Which of both wins depends on their order; then neither counts."""
    only = [_name(option) for option in parsed.options if option.name == "--include"]
    files = [any_depth(value.literal or "") for value in parsed.values("--exclude")]
    trees = [any_depth(value.literal or "") for value in parsed.values("--exclude-dir")]
    if only:
        return (tuple(only), ()) if all(only) and not files else ((), ())
    if parsed.given("-R", "--dereference-recursive"):  # what is left out by its name is reached by a link's
        return (), ()
    return (), (*filter(None, files), *(f"{tree}/**" for tree in trees if tree))


def _name(option: "Option") -> str:
    """The glob of a name that an option gives. Unquoted (``--include=*.ts``) the shell can only narrow it: it stays one word."""
    given = option.value
    if given is None:
        return ""
    unquoted = given.kind is Kind.PATTERN and given.span == option.span
    return any_depth(given.text if unquoted else given.literal or "")


def _chosen(parsed: "Parsed") -> _Narrowing:
    """What ``rg`` looks at only, or leaves out, by globs or else by types of its own.

    That it passes over hidden files is no fact to build on: a file ``.ignore`` in the tree can say ``!.env``.
    """
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


def searcher(call: "Call") -> None:
    """``ag`` and ``ack``: a pattern, then trees to search; without them the directory, or standard input."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    if parsed.given("--version", "--help", "--list-file-types"):
        return
    places = parsed.operands if parsed.given("-g", "--match", "-f") else parsed.after_first
    for place in places:
        machine.path(AccessKind.READ, place, tree=True)
    if not places and machine.stdin is None:
        machine.path(AccessKind.READ, Arg("."), tree=True)


def fd(call: "Call") -> None:
    """``fd``: tells names as ``find`` does; ``-x`` and ``-X`` run the rest of the line on what is found."""
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
    roots = parsed.after_first or [Arg(".")]
    for root in roots:
        machine.path(AccessKind.READ, root, names=True)
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


def _top(root: str) -> str:
    """Where a walk starts, as a glob that begins there names it."""
    if "." not in root and "//" not in root and root[-1:] != "/":
        return root.lstrip("/")
    return root if root == "." else posixpath.normpath(root).lstrip("/")


def matches(roots: list[Arg], globs: tuple[str, ...] = ("**",)) -> Arg:
    """Any path below the roots that one of ``globs`` matches from there on, as one argument."""
    if (
        len(roots) == 1 and len(globs) == 1 and roots[0].kind is LITERAL and roots[0].text[:1] != "-"
    ):  # mostly
        text = roots[0].text
        top = _top(text)
        place = globs[0] if top in {"", "."} else f"{escape(top)}/{globs[0]}"
        return Arg(("/" if text[:1] == "/" else "./") + place, PATTERN, roots[0].span)
    if all(root.literal is not None and not root.text.startswith("-") for root in roots):
        tops = [_top(root.text) for root in roots]
        places = [f"{escape(top)}/{glob}" if top not in ("", ".") else glob for top in tops for glob in globs]
        absolute = {root.text.startswith("/") for root in roots}
        start = "/" if True in absolute else "./"
        if len(places) == 1:
            return Arg(start + places[0], Kind.PATTERN, roots[0].span)
        # Braces hold what is resolved alike: all from here or all from the root, and nothing that goes up.
        if len(absolute) == 1 and not any(".." in top.split("/") for top in tops):
            return Arg(start + "{" + ",".join(places) + "}", Kind.PATTERN, roots[0].span)
    if len(roots) == 1 and roots[0].kind is Kind.PATTERN:
        return roots[0].with_text(roots[0].text.rstrip("/") + "/**")
    return Arg("", Kind.UNKNOWN, roots[0].span)
