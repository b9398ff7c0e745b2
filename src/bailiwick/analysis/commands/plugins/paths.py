"""Programs that create, move and change files."""

import posixpath
import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_READ, _WRITE, _DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE
_UNCLEAR = Arg("", Kind.UNKNOWN)
MAX_PARENTS = 64
"""Directories above a path that are named one by one."""
_LINKING = ("-s", "-l", "--symbolic-link", "--link")
_KEEPING = ("-a", "-d", "-P", "-r", "-R", "--archive", "--no-dereference", "--recursive")
_LIST_ONLY = frozenset(("-l", "-t", "-Z", "-v", "--list", "--test"))


def below(directory: Arg, name: Arg) -> Arg:
    """The path of a file inside a directory, by the file's base name."""
    if directory.kind is Kind.LITERAL and name.kind is Kind.LITERAL:
        return directory.with_text(
            directory.text.rstrip("/") + "/" + name.text.rstrip("/").rsplit("/", 1)[-1]
        )
    return Arg("", Kind.UNKNOWN, directory.span)


def transfer(call: "Call") -> None:
    """``cp``, ``mv``, ``ln``, ``install``: sources and a destination that may be a directory."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    operands = parsed.operands
    recursive = any(option.name in parsed.node.recursive for option in parsed.options)
    if call.name == "install" and parsed.given("-d", "--directory"):
        for operand in operands:
            machine.path(_WRITE, operand)
            parents(call, operand)
        return
    targets = parsed.values("-t", "--target-directory")
    if call.name == "install" and parsed.given("-D") and operands:
        parents(call, operands[-1])
    if parsed.open:
        _unclear(call)
    sources = operands if targets else operands[:-1]
    if call.name == "ln" and parsed.given("-f", "--force") and (targets or operands):
        _beside(call, (targets or operands)[-1], "Cu??????", inside=bool(targets))
    if call.name == "ln" and len(operands) == 1:
        sources, targets = operands, [Arg(".", span=operands[0].span)]
    destination = targets[-1] if targets else operands[-1] if operands else _UNCLEAR
    moving = call.name == "mv"
    for source in sources:
        if call.name == "ln":
            continue
        machine.path(_READ, source, tree=recursive or moving)
        if moving:
            machine.path(_DELETE, source, tree=True)
    _destination(
        call,
        sources,
        destination,
        tree=recursive or moving or parsed.given("--parents"),
        directory=bool(targets),
    )
    _link(call, sources, destination, inside=bool(targets) or len(sources) > 1)


def _unclear(call: "Call") -> None:
    """How many operands there are isn't known, and so which one is the destination."""
    if call.name == "ln":
        call.machine.opaque("which operand of ln is the destination isn't known", None, _WRITE)
    else:
        call.machine.path(_WRITE, _UNCLEAR, tree=True)


def _beside(call: "Call", path: Arg, name: str, *, inside: bool = False) -> None:
    """A temporary file next to a path, or in it where it may be a directory."""
    if path.literal is None:
        return
    head, slash, _ = path.text.rpartition("/")
    for directory in {escape(head) + slash, *([escape(path.text) + "/"] if inside else [])}:
        call.machine.path(_WRITE, Arg(directory + name, Kind.PATTERN, path.span))


_FRESH = "[A-Za-z0-9]"
"""A character of the names that ``mkstemp`` makes."""


def archive(call: "Call") -> None:
    """``zip``: the first operand is written by way of a temporary file beside it, the others read."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    for arg in call.args[1:]:
        if arg.text.startswith("-TT") and arg.text != "-TT":  # its value, attached
            machine.opaque("the program that zip tests by", arg.span, AccessKind.EXECUTE)
    if parsed.open:
        machine.opaque("which operand is the archive isn't known", None, _WRITE)
    if parsed.given("-@"):  # names come from standard input
        machine.path(_READ, Arg("", Kind.UNKNOWN))
    for number, operand in enumerate(parsed.operands):
        if number:
            machine.path(_READ, operand, tree=parsed.given("-r", "--recurse-paths"))
            if parsed.given("-m"):
                machine.path(_DELETE, operand, tree=parsed.given("-r", "--recurse-paths"))
            continue
        machine.path(_WRITE, operand)
        _beside(call, operand, "zi" + _FRESH * 6)
        if operand.literal is not None and "." not in operand.text.rpartition("/")[2]:
            machine.path(_WRITE, operand.with_text(operand.text + ".zip"))


def _link(call: "Call", sources: list[Arg], destination: Arg, *, inside: bool) -> None:
    """New names: a symbolic link leads elsewhere; a hard link can from now on be written to instead of its source.

    A link that is moved, or copied as a link, leads there by its new name.
    """
    parsed = call.parsed
    fresh = call.name == "ln" or (call.name == "cp" and parsed.given(*_LINKING))
    if not fresh and call.name != "mv" and not (call.name == "cp" and parsed.given(*_KEEPING)):
        return
    symbolic = parsed.given("-s", "--symbolic", "--symbolic-link")
    for source in sources:
        if fresh and symbolic:
            call.machine.path(_READ, _seen_from(source, destination, inside=inside))
        elif fresh:
            call.machine.path(_READ, source)
            call.machine.path(_WRITE, source)
        if not inside and not destination.text.endswith("/"):
            call.machine.link(destination, source, symbolic=symbolic, fresh=fresh)
        if not parsed.given("-T", "--no-target-directory"):
            call.machine.link(below(destination, source), source, symbolic=symbolic, fresh=fresh)


def _seen_from(source: Arg, destination: Arg, *, inside: bool) -> Arg:
    """What a symbolic link leads to: a relative target is seen from the directory that the link is in."""
    if source.literal is None or destination.literal is None or source.text.startswith("/"):
        return source
    place = destination.text if inside else posixpath.dirname(destination.text.rstrip("/"))
    return source.with_text(posixpath.normpath(posixpath.join(place, source.text)))


def _destination(call: "Call", sources: list[Arg], destination: Arg, *, tree: bool, directory: bool) -> None:
    machine, parsed = call.machine, call.parsed
    if parsed.given("-b", "--backup", "-S", "--suffix"):
        machine.path(_WRITE, _UNCLEAR)  # VERSION_CONTROL and the suffix say where
    certain = (
        directory
        or len(sources) > 1
        or destination.text.endswith(("/", "/."))
        or destination.text in (".", "..")
    )
    if tree or destination.literal is None:
        machine.path(_WRITE, destination, tree=True)
        return
    if not certain:
        machine.path(_WRITE, destination)
    if parsed.given("-T", "--no-target-directory"):
        return
    for source in sources:
        if source.literal is not None and source.text.rstrip("/").rsplit("/", 1)[-1] not in ("", ".", ".."):
            machine.path(_WRITE, below(destination, source))
        else:
            machine.path(_WRITE, destination, tree=True)


def mkdir(call: "Call") -> None:
    """``mkdir``: with ``-p`` also the parents of a relative path."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        call.machine.path(_WRITE, operand)
        if call.parsed.given("-p", "--parents"):
            parents(call, operand)


def parents(call: "Call", path: Arg) -> None:
    """The directories created on the way to a relative path; those of an absolute one lie above what is judged."""
    if path.literal is None or path.text.startswith("/"):
        return
    pieces = path.text.rstrip("/").split("/")
    if len(pieces) > MAX_PARENTS:
        call.machine.path(_WRITE, _UNCLEAR)
        return
    for count in range(1, len(pieces)):
        if pieces[count - 1] not in ("", ".", ".."):
            call.machine.path(_WRITE, path.with_text("/".join(pieces[:count])))


def mktemp(call: "Call") -> None:
    """``mktemp``: a fresh name in the template's directory or the temporary one."""
    call.begin()
    if any(arg.literal is None for arg in call.args):
        call.machine.opaque("template of mktemp isn't known", None, _WRITE)
        return
    directory, template = "", ""
    words = [arg.text for arg in call.args[1:]]
    while words:
        word = words.pop(0)
        if re.fullmatch(r"-[duqt]*p", word) and words:
            directory = words.pop(0)
        elif word.startswith("--tmpdir=") or (word.startswith("-p") and len(word) > 2):  # noqa: PLR2004 - -pDIR
            directory = word.removeprefix("--tmpdir=").removeprefix("-p")
        elif word == "--tmpdir" or re.fullmatch(r"-[t]", word):
            directory = directory or "/tmp"  # noqa: S108 - what the program itself uses
        elif word == "--suffix" and words:
            words.pop(0)
        elif word.startswith("--suffix=") or re.fullmatch(
            r"-[duq]+|--directory|--dry-run|--quiet|--help|--version", word
        ):
            continue
        elif word.startswith("-"):
            call.machine.opaque(f"unknown option {word} of mktemp")
        else:
            template = word
    if not template:
        directory = directory or "/tmp"  # noqa: S108 - same
    where = f"{directory}/{template}" if directory and not template.startswith("/") else template
    head = where.rsplit("/", 1)[0] if "/" in where else "."
    base = template.rsplit("/", 1)[-1] or "tmp.XXXXXXXXXX"
    found = re.fullmatch(r"([^X]*)(X{3,16})([^X]*)", base)
    suffixed = any(arg.text.startswith("--suffix") for arg in call.args)
    name = "*" if found is None or suffixed else escape(found[1]) + _FRESH * len(found[2]) + escape(found[3])
    call.machine.path(_WRITE, Arg(f"{escape(head) or '/'}/{name}", Kind.PATTERN))


def mode(call: "Call") -> None:
    """``chmod``, ``chown``, ``chgrp``: the first operand says what, unless a reference file does."""
    parsed = call.parsed
    # A mode such as -x or -w,o-r looks like options.
    call.begin()
    call.options()
    recursive = any(option.name in parsed.node.recursive for option in parsed.options)
    modes = call.name == "chmod" and any(
        re.fullmatch(r"-[rwxXst]+", o.name) and o.name != "-R" for o in parsed.options
    )
    names_files_only = parsed.given("--reference") or modes
    if parsed.open and not names_files_only:
        call.machine.path(_WRITE, _UNCLEAR, tree=True)
    for operand in parsed.operands if names_files_only else parsed.after_first:
        call.machine.path(_WRITE, operand, tree=recursive)


def dd(call: "Call") -> None:
    """``dd``: ``if=`` is read, ``of=`` written."""
    call.begin()
    for arg in call.args[1:]:
        name, equals, value = arg.text.partition("=")
        if not equals or arg.kind is Kind.OPEN:
            call.machine.opaque("operand of dd isn't known", arg.span)
        elif name in ("if", "of"):
            call.machine.path(_READ if name == "if" else _WRITE, arg.with_text(value))
        elif name not in (
            "bs",
            "ibs",
            "obs",
            "cbs",
            "count",
            "skip",
            "seek",
            "iseek",
            "oseek",
            "conv",
            "iflag",
            "oflag",
            "status",
        ):
            call.machine.opaque(f"unknown operand {name} of dd", arg.span)


def split(call: "Call") -> None:
    """``split`` and ``csplit``: pieces named by a prefix."""
    call.begin()
    call.options()
    parsed = call.parsed
    operands = parsed.operands
    if operands:
        call.role_of_read(operands[0])
    if call.name == "csplit":
        prefixes = parsed.values("-f", "--prefix")
        prefix = prefixes[-1] if prefixes else Arg("xx")
        if any(operand.literal is None for operand in operands[1:]):
            call.machine.opaque("pattern of csplit isn't known")
        if any(form.literal is None or "/" in form.text for form in parsed.values("-b", "--suffix-format")):
            call.machine.opaque("names of the pieces aren't known", None, _WRITE)
    else:
        prefix = operands[1] if len(operands) > 1 else Arg("x")
    if prefix.literal is None or any(c in prefix.text for c in "*?[]{}\\,"):
        call.machine.opaque("prefix of the pieces isn't known", prefix.span, _WRITE)
    else:
        call.machine.path(_WRITE, Arg(prefix.text + "*", Kind.PATTERN, prefix.span))


def compress(call: "Call") -> None:
    """``gzip`` and its kin: the file is replaced by one with another suffix, unless it goes to standard output."""
    call.begin()
    call.options()
    parsed = call.parsed
    out = parsed.given("-c", "--stdout", "--to-stdout", *_LIST_ONLY)
    recursive = parsed.given("-r", "--recursive")
    for operand in parsed.operands:
        if operand.literal == "-":
            continue
        call.machine.path(_READ, operand, tree=recursive)
        if out:
            continue
        if recursive or operand.kind is not Kind.LITERAL:
            call.machine.path(_DELETE, operand, tree=recursive)
            # A pattern's matches lie beside it, and so do their new names.
            head = operand.text.rpartition("/")[0] + "/" if "/" in operand.text else ""
            known = operand.kind is Kind.PATTERN and "{" not in head and "**" not in operand.text
            beside = operand.with_text(head + "*") if known and not recursive else operand
            call.machine.path(_WRITE, beside, tree=recursive or not known)
            continue
        if not parsed.given("-k", "--keep") and ("zstd" not in call.name or parsed.given("--rm")):
            call.machine.path(_DELETE, operand)
        stem, dot, _ = operand.text.rpartition(".")
        unpacking = parsed.given("-d", "--decompress", "--uncompress") or call.name.startswith(
            ("un", "gun", "bun")
        )
        if unpacking and dot and "/" not in operand.text[len(stem) :]:
            call.machine.path(_WRITE, operand.with_text(stem))
            call.machine.path(_WRITE, operand.with_text(stem + ".tar"))
            if "bz" in call.name or "bunzip" in call.name:  # a name without a suffix of its own gets this one
                call.machine.path(_WRITE, operand.with_text(operand.text + ".out"))
        else:
            plain = escape(operand.text)
            call.machine.path(_WRITE, Arg(plain + ".*", Kind.PATTERN, operand.span))
        for suffix in parsed.values("-S", "--suffix"):
            known = suffix.literal is not None and not unpacking
            call.machine.path(
                _WRITE,
                operand.with_text(operand.text + suffix.text)
                if known
                else Arg("", Kind.UNKNOWN, suffix.span),
            )


def unzip(call: "Call") -> None:
    """``unzip``: writes below ``-d`` or the working directory, unless it only lists."""
    call.begin()
    call.options()
    parsed = call.parsed
    if parsed.operands:
        call.machine.path(_READ, parsed.operands[0])
    for member in parsed.operands[1:] if parsed.given("-p", "-c") else ():
        call.machine.path(_READ, member)
    if not parsed.given("-l", "-v", "-t", "-p", "-z", "-Z", "-c"):
        directories = parsed.values("-d")
        call.machine.path(_WRITE, directories[-1] if directories else Arg("."), tree=True)
