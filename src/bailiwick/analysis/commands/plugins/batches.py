"""Programs that take many names at once: ``parallel``, ``cpio``, ``rename``, ``file``."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_READ, _WRITE, _DELETE = AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE
_PLAIN = regex(r"(?:[\w./+=:@%,}-]|\{(?!=))+\Z")
"""Words that a shell leaves alone, without code between ``{=`` and ``=}``."""
MAX_RUNS = 16
"""Inputs for which a command of ``parallel`` is read one by one."""
_SEVERAL = (
    "-n",
    "-N",
    "-L",
    "-m",
    "-X",
    "-x",
    "--max-args",
    "--max-lines",
    "--max-replace-args",
    "--xargs",
    "-C",
    "--colsep",
    "-I",
)
"""Options by which a run gets more words than one, or gets them elsewhere."""
_INPUT = regex(r":{3,4}\+?\Z")
_SUBSTITUTION = regex(
    r"(?:s(?P<d>[/|,#:])(?:(?!(?P=d))(?:[^$@\\(]|\((?!\?)|\\[^E]))*\$?(?P=d)(?:(?!(?P=d))(?:[^$@\\]|[$\\]\d(?![\[{\w-])))*(?P=d)[gi]*|y/[\w-]*/[\w-]*/)\Z"
)


_ENDING = regex(r"s/(?:[\w-]|\\\.)+\$/(?P<new>[\w.-]+)/\Z", re.ASCII)
"""A new ending, which leaves the directory as it is."""


def unknown(arg: Arg | None = None) -> Arg:
    """A word of which nothing is known."""
    return Arg("", Kind.UNKNOWN, None if arg is None else arg.span)


def parallel(call: "Call") -> None:
    """``parallel command``: a shell runs it with one more word each time, quoted, from standard input or ``:::``."""
    call.begin()
    call.options()
    words = list(call.parsed.operands)
    end = next((i for i, word in enumerate(words) if _INPUT.match(word.text)), len(words))
    command, given = words[:end], words[end + 1 :]
    if not command or any(word.literal is None or not _PLAIN.match(word.text) for word in command):
        call.machine.opaque("commands of parallel aren't known")
        return
    if any("::::" in word.text for word in words[end : end + 1]) or any(_INPUT.match(w.text) for w in given):
        call.machine.opaque("inputs of parallel")
    several = call.parsed.given(*_SEVERAL)
    known = 0 < len(given) <= MAX_RUNS and all(word.kind in (Kind.LITERAL, Kind.PATTERN) for word in given)
    one = Arg("", Kind.OPEN if several else Kind.UNKNOWN, command[-1].span)
    for value in given if known and not several else [one]:
        placed = [
            value if word.literal == "{}" else unknown(word) if "{" in word.text else word for word in command
        ]
        if all("{" not in word.text for word in command):
            placed.append(value)
        call.machine.run(tuple(placed))


def cpio(call: "Call") -> None:
    """``cpio``: copies out what standard input names (``-o``), into a tree (``-p``), or an archive into this one (``-i``)."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    if parsed.given("-t", "--list") and not parsed.given("-o", "--create", "-p", "--pass-through"):
        return
    if parsed.given("-i", "--extract"):
        machine.path(_WRITE, Arg("."), tree=True)
        if not parsed.given("--no-absolute-filenames"):
            machine.path(_WRITE, unknown(), tree=True)
    elif parsed.given("-p", "--pass-through"):
        machine.path(_READ, unknown(), tree=True)
        for directory in parsed.operands:
            machine.path(_WRITE, directory, tree=True)
    elif parsed.given("-o", "--create"):
        machine.path(_READ, unknown(), tree=True)
    else:
        machine.opaque("mode of cpio isn't known")


def rename(call: "Call") -> None:
    """Perl's ``rename``: understood for a plain substitution; where the names come to lie isn't worked out."""
    call.begin()
    call.options()
    operands = call.parsed.operands
    if (
        not operands
        or operands[0].literal is None
        or not (_SUBSTITUTION.match(operands[0].text) or not operands[0].text.strip(" _"))
    ):
        call.machine.opaque("renames by an expression that may be code")
    ending = _ENDING.match(operands[0].text) if operands and operands[0].literal is not None else None
    for operand in call.parsed.after_first:
        call.machine.path(_DELETE, operand, tree=True)
        head, slash, name = operand.text.rpartition("/")
        beside = ending is not None and operand.kind is Kind.PATTERN and not set("{}\\") & set(operand.text)
        if ending is not None and beside and "**" not in operand.text and name != "":
            call.machine.path(_WRITE, operand.with_text(f"{head}{slash}*{escape(ending['new'])}"), tree=True)
        else:
            call.machine.path(_WRITE, unknown(operand), tree=True)


def file(call: "Call") -> None:
    """``file``: with ``-C`` it writes what it compiled into the working directory."""
    call.begin()
    call.options()
    call.operands()
    if call.parsed.given("-C", "--compile"):
        call.machine.path(_WRITE, Arg("*.mgc", Kind.PATTERN))
        call.machine.path(_READ, unknown())
