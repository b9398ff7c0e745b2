"""Programs that turn pictures, sound and film into others."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import LITERAL, PATTERN, Arg
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_READ, _WRITE = AccessKind.READ, AccessKind.WRITE
_FILTERS = frozenset(("-vf", "-af", "-filter", "-filter:v", "-filter:a", "-filter_complex"))
_PLAIN_FILTER = regex(r"(?!.*movie)[\w\s=:.,;/*+()\[\]'-]*\Z")
"""A graph of filters that names no source of its own."""
_PROTOCOL = regex(r"(?P<known>https?|ftp|file|pipe):|[a-z][a-z0-9+]+[:,]")
_DEVICES = frozenset(
    (
        "lavfi",
        "concat",
        "x11grab",
        "v4l2",
        "alsa",
        "pulse",
        "avfoundation",
        "dshow",
        "tee",
        "segment",
        "hls",
        "dash",
    )
)
"""Formats of which the name, or what the input holds, leads to other files or devices."""


def ffmpeg(call: "Call") -> None:
    """``ffmpeg``: ``-i`` names an input, each operand an output."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    for given in parsed.values("-i"):
        _source(call, given)
    graphs = [g for g in parsed.values(*_FILTERS) if g.literal is None or not _PLAIN_FILTER.match(g.text)]
    forms = [form for form in parsed.values("-f") if form.literal is None or form.text in _DEVICES]
    for odd in (*graphs, *forms):
        machine.opaque("filter or format that may name other files", odd.span)
    for output in parsed.operands:
        if _PROTOCOL.match(output.text):
            _source(call, output)
        elif output.literal is not None and "%" in output.text:
            numbered = re.sub(r"%\d*d", "*", escape(output.text))
            machine.path(_WRITE, Arg(numbered, PATTERN, output.span))
        elif output.literal != "-":
            machine.path(_WRITE, output)
    if parsed.given("-i"):
        machine.opaque("an input may name further ones", None, _READ)
    if parsed.given("-report"):
        machine.path(_WRITE, Arg("ffmpeg-*.log", PATTERN))


def _source(call: "Call", given: Arg) -> None:
    """An input, or an output, by its protocol."""
    match = _PROTOCOL.match(given.text)
    if match is None:
        call.role_of_read(given)
    elif match["known"] == "pipe":
        return
    elif match["known"] and "://" in given.text:
        call.url(given)
    else:
        call.machine.opaque("protocol that isn't known", given.span)


def pandoc(call: "Call") -> None:
    """``pandoc``: only of Markdown and HTML it is known that nothing else is read or run."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    call.operands()
    outputs = [value.text for value in parsed.values("-o", "--output")]
    forms = [
        value.literal or ""
        for value in parsed.values("-f", "-t", "-r", "-w", "--from", "--to", "--read", "--write")
    ]
    inputs = [
        operand
        for operand in parsed.operands
        if not operand.text.endswith((".md", ".markdown", ".html", ".txt"))
    ]
    if inputs or any(not _PLAIN_FORM.match(form) for form in forms):
        machine.opaque("an input may name further files", None, _READ)
    if any(output.endswith(".pdf") for output in outputs) or any(
        "pdf" in form or "lua" in form for form in forms
    ):
        machine.opaque("another program makes it")


_PLAIN_FORM = regex(
    r"(?:markdown\w*|gfm|commonmark\w*|html\d?|plain|docx|odt|epub\d?|json|native)(?:[+-]\w+)*\Z"
)
_CODER = regex(r"[|@]|(?:[A-Za-z][\w-]*):")
"""How a name says which reader or writer takes it, or that a program does."""
_BUILT_IN = regex(
    r"(?i)(?:png|jpe?g|gif|bmp|tiff?|webp|pnm|ppm|pgm|pbm|xc|canvas|gradient|null|rgba?|gray|plasma|logo|rose|info|histogram|miff|ico):"
)
"""Coders without a program or a file of their own."""


def imagemagick(call: "Call") -> None:
    """``convert`` reads all operands but the last and writes that; ``mogrify`` changes them in place."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    writing = call.name in ("convert", "magick", "composite", "montage")
    if writing and parsed.open:
        machine.opaque("which operand is the picture written isn't known", None, _WRITE)
    last = len(parsed.operands) - 1 if writing else -1
    for number, operand in enumerate(parsed.operands):
        if (picture := _picture(call, operand, written=number == last)) is None:
            continue
        machine.path(_WRITE if number == last else _READ, picture)
        if call.name == "mogrify":
            machine.path(_WRITE, picture)
    for option in parsed.options:
        if option.value is not None and option.value.text.startswith("@"):
            machine.path(_READ, option.value.with_text(option.value.text[1:]))
    machine.opaque("some kinds of picture are drawn by programs", None, AccessKind.EXECUTE)


def _picture(call: "Call", operand: Arg, *, written: bool) -> Arg | None:
    """The file of an operand, without the coder it may name; None where there is none."""
    if operand.literal == "-" or operand.text in ("(", ")"):
        return None
    match = _CODER.match(operand.text) if operand.kind is LITERAL else None
    if match is None:
        return operand
    if not _BUILT_IN.match(operand.text):
        call.machine.opaque("picture by a coder of its own", operand.span)
        return None
    rest = operand.with_text(operand.text[match.end() :])
    drawn = not written and operand.text.lower().startswith(_DRAWN)
    return None if drawn or not rest.text else rest


_DRAWN = ("xc:", "canvas:", "gradient:", "plasma:", "logo:", "rose:", "null:")
"""Pictures without a file."""
