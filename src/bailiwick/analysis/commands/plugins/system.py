"""Programs of the base system where an option or the form of an operand changes what the operands are."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_READ, _WRITE, _DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE


def unknown(arg: Arg) -> Arg:
    """A path of which nothing is known, caused by ``arg``."""
    return Arg("", Kind.UNKNOWN, arg.span)


def date(call: "Call") -> None:
    """``date``: an operand is a format, or else a time the clock is set to."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if not operand.text.startswith("+"):
            call.machine.opaque("may set the clock", operand.span)


def checksum(call: "Call") -> None:
    """``sha256sum`` and its kin: with ``-c`` the operands name the files that are read."""
    call.begin()
    call.options()
    call.operands()
    if call.parsed.given("-c", "--check"):
        for operand in call.parsed.operands or call.args[:1]:
            call.machine.path(_READ, unknown(operand))


def shuf(call: "Call") -> None:
    """``shuf``: with ``-e`` the operands are lines."""
    call.begin()
    call.options()
    if not call.parsed.given("-e", "--echo", "-i", "--input-range"):
        call.operands()


def environment(call: "Call") -> None:
    """A program that shows the environment."""
    call.begin()
    call.options()
    call.operands()
    call.machine.variable(_READ, "*")


def beside(call: "Call", path: Arg, name: str) -> None:
    """A temporary file in the directory of ``path``; ``name`` is a glob."""
    head, slash, _ = path.text.rpartition("/")
    if path.kind is Kind.LITERAL:
        head = escape(head)
    elif path.kind is not Kind.PATTERN or "{" in head:
        call.machine.path(_WRITE, unknown(path))
        return
    call.machine.path(_WRITE, Arg(head + slash + name, Kind.PATTERN, path.span))


def in_place(call: "Call") -> None:
    """``dos2unix`` and its kin: each operand is replaced by way of a temporary file beside it."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        call.machine.path(_READ, operand)
        call.machine.path(_WRITE, operand)
        beside(call, operand, "d2utmp??????")


def shred(call: "Call") -> None:
    """``shred``: overwrites; with ``-u`` it also renames the file to zeros and removes it."""
    call.begin()
    call.options()
    for operand in call.parsed.operands:
        if operand.literal != "-":
            call.machine.path(_WRITE, operand)
            if call.parsed.given("-u", "--remove"):
                call.machine.path(_DELETE, operand)
                beside(call, operand, "0*")


def account(call: "Call") -> None:
    """``passwd``, ``chage``: only showing a status (``-S``, ``-l``) changes nothing."""
    call.begin()
    call.options()
    if not call.parsed.given("-S", "--status", "-l", "--list", "--help"):
        call.machine.opaque("changes an account")


def converter(call: "Call") -> None:
    """A program that reads its first operands and writes the last one, which may be standard output."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    if parsed.open:
        machine.opaque(f"which operand {call.name} writes isn't known")
    for operand in parsed.operands[:-1]:
        machine.path(_READ, operand)
    for operand in parsed.operands[-1:]:
        if operand.literal != "-":
            machine.path(_WRITE if len(parsed.operands) > 1 else _READ, operand)


_DATABASE = re.compile(
    r"(?:passwd|group|hosts|services|protocols|networks|ethers|netgroup|ahosts\w*|shadow|gshadow|rpc|aliases|initgroups)\Z"
)


def getent(call: "Call") -> None:
    """``getent``: reads a database of names; host names are asked of the network."""
    call.begin()
    call.options()
    for operand in call.parsed.operands[:1]:
        if operand.literal is None or not _DATABASE.match(operand.text):
            call.machine.opaque("database that isn't known", operand.span)
        elif operand.text.startswith(("hosts", "ahosts")) and call.parsed.operands[1:]:
            for name in call.parsed.operands[1:]:
                call.machine.connect(name.literal or "*", 53, name.span)
        else:
            call.machine.path(_READ, operand.with_text("/etc/" + operand.text))
