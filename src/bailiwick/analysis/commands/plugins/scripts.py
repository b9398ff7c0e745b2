"""Programs with a small language of their own: ``sed``, ``jq``, ``tar``."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_ADDRESS = r"(?:\d+(?:~\d+)?|\$|/(?:[^/\\\n\[]|\\.|\[\^?\]?[^\]\n]*\])*/[IM]*)"
_SED = regex(
    rf"(?:[\s;{{}}]|{_ADDRESS}(?:\s*,\s*(?:[+~]?\d+|{_ADDRESS}))?\s*!?\s*)*"
    r"(?:[pdDgGhHnNPxlzF=](?=[\s;}]|\Z)|[qQ]\s*\d*(?=[\s;}]|\Z)|[bt:]\s*\w*(?=[\s;}]|\Z)"
    r"|[aic]\\?\n?[^\n\\]*(?:\\.[^\n\\]*)*(?:\n|\Z)|\#[^\n]*"
    r"|y(?P<y>[^\w\s\\])(?:(?!(?P=y))[^\\\n]|\\.)*(?P=y)(?:(?!(?P=y))[^\\\n]|\\.)*(?P=y)"
    r"|s(?P<s>[^\w\s\\])(?P<from>(?:(?!(?P=s))[^\\\n\[]|\\.|\[\^?\]?(?:\[:\w+:\]|[^\]\n])*\])*)(?P=s)(?:(?!(?P=s))[^\\]|\\[\s\S])*(?P=s)[gpiIM0-9]*(?:w[ \t]*(?P<out>[^\s;}][^\n]*)|(?=[\s;}]|\Z))"
    r"|(?P<command>[rRwW])[ \t]*(?P<file>[^\s;}][^\n]*)"
    r"|\}|\{|\Z)",
)
_FILE_COMMAND = regex(r"(?:(?:\A|[\n;{}])\s*[^a-zA-Z\n;]*|[0-9$/!]\s*)([rRwW])\s*(\S+)")
_SUBSTITUTE_FILE = regex(r"/[gpiIM0-9]*w\s*(\S+)")
_OLD_BUNDLE = regex(r"[A-Za-z]+\Z")
_REMOTE = regex(r"(?:[\w.+-]+@)?[\w.-]+:")


def sed(call: "Call") -> None:
    """``sed``: a closed subset of its commands is harmless; reading and writing ones name files."""
    call.begin()
    call.options()
    parsed, machine = call.parsed, call.machine
    scripts = parsed.values("-e", "--expression")
    operands = list(parsed.operands)
    if operands and operands[0].literal == "" and parsed.given("-i"):
        operands.pop(0)  # the empty suffix of BSD's sed; GNU's takes it for an empty script
    if not scripts and not parsed.given("-f", "--file") and operands:
        scripts = [operands.pop(0)]
    if parsed.given("-f", "--file"):
        machine.opaque("sed script in a file")
    for script in scripts:
        _sed_script(call, script)
    in_place = [o for o in parsed.options if o.name in ("-i", "--in-place")]
    for operand in operands:
        if operand.literal == "-":
            continue
        machine.path(AccessKind.READ, operand)
        if not in_place:
            continue
        machine.path(AccessKind.WRITE, operand)
        _sed_temporary(call, operand)
        suffix = in_place[-1].value
        if suffix is not None and suffix.literal != "":
            if suffix.literal is None or operand.literal is None or "*" in suffix.text or "/" in suffix.text:
                machine.path(AccessKind.WRITE, Arg("", Kind.UNKNOWN, operand.span))  # the backup
            else:
                machine.path(AccessKind.WRITE, operand.with_text(operand.text + suffix.text))


def _sed_temporary(call: "Call", path: Arg) -> None:
    """The new text is written to a temporary file in the same directory first."""
    head, slash, _ = path.text.rpartition("/")
    if path.literal is not None:
        head = escape(head)
    elif path.kind is not Kind.PATTERN or "{" in head:
        call.machine.path(AccessKind.WRITE, Arg("", Kind.UNKNOWN, path.span))
        return
    call.machine.path(AccessKind.WRITE, Arg(head + slash + "sed??????", Kind.PATTERN, path.span))


def _sed_script(call: "Call", script: Arg) -> None:
    if script.literal is None:
        call.machine.opaque("sed script that isn't known", script.span, AccessKind.EXECUTE)
        return
    text, i = script.text, 0
    while i < len(text):
        match = _SED.match(text, i)
        if match is None or match.end() == i:
            call.machine.opaque("sed script outside the harmless commands", script.span)
            for found in [*_FILE_COMMAND.finditer(text)]:
                kind = AccessKind.READ if found[1] in "rR" else AccessKind.WRITE
                call.machine.path(kind, script.with_text(found[2]))
            for found in _SUBSTITUTE_FILE.finditer(text):
                call.machine.path(AccessKind.WRITE, script.with_text(found[1]))
            return
        for kind, name in (
            (AccessKind.WRITE, match["out"]),
            (AccessKind.READ if match["command"] in ("r", "R") else AccessKind.WRITE, match["file"]),
        ):
            if name:  # whether an escape in a name means anything depends on the implementation
                file = Arg("", Kind.UNKNOWN, script.span) if "\\" in name else script.with_text(name)
                call.machine.path(kind, file)
        i = match.end()


def yq(call: "Call") -> None:
    """``yq``: an expression may load files and read the environment."""
    call.begin()
    call.options()
    operands = call.parsed.operands
    if operands and operands[0].literal in ("eval", "e", "eval-all", "ea"):
        operands = operands[1:]  # how mikefarah's is also called
    for operand in operands[1:]:
        call.role_of_read(operand)
    if call.parsed.open:
        call.machine.opaque("how many operands yq gets isn't known", None, AccessKind.READ)
    if call.parsed.given("-i", "--inplace", "--in-place"):
        for operand in operands[1:]:
            call.machine.path(AccessKind.WRITE, operand)
        call.machine.path(AccessKind.WRITE, Arg("/tmp/temp*", Kind.PATTERN))  # noqa: S108 - where it writes first
    for operand in operands[:1]:
        if operand.literal is None or _YQ_REACH.search(operand.text):
            call.machine.opaque("yq expression that loads or reads the environment", operand.span)
        for name in _YQ_FILES.findall(operand.text):
            call.machine.path(AccessKind.READ, operand.with_text(name))


_YQ_REACH = regex(r"load|env|eval|system|\$__")
_YQ_FILES = regex(r'load\w*\s*\(\s*"([^"\\]+)"')


def jq(call: "Call") -> None:  # noqa: C901, PLR0912 - one arm per form
    """``jq``: a filter transforms text; it may also read the environment and load modules."""
    parsed, machine = call.parsed, call.machine
    names: list[Arg] = []
    words = list(call.args[1:])
    i = 0
    while i < len(words):  # --arg and its kin take two words, which the option table can't say
        text = words[i].literal
        if text in ("--arg", "--argjson", "--slurpfile", "--rawfile"):
            if text in ("--slurpfile", "--rawfile") and i + 2 < len(words):
                machine.path(AccessKind.READ, words[i + 2])
            names += words[i : i + 3]
            i += 3
        elif text in ("--args", "--jsonargs"):
            names += words[i:]
            i = len(words)
        else:
            i += 1
    dropped = {id(word) for word in names}
    operands = [o for o in parsed.operands if id(o) not in dropped]
    problems = [
        p
        for p in parsed.problems
        if not re.match(r"unknown option --(arg|argjson|slurpfile|rawfile|args|jsonargs) ", p[0])
    ]
    call.begin()
    for problem in problems:
        machine.opaque(*problem)
    for option in parsed.options:
        call.option(option)
    if not parsed.given("-f", "--from-file") and operands:
        program = operands.pop(0)
        if program.literal is None:
            machine.opaque("jq filter that isn't known", program.span)
        else:
            if re.search(r"\b(?:import|include)\s*\"|input_filename|get_search_list", program.text):
                machine.opaque("jq filter that loads files", program.span)
            if re.search(r"\$ENV|\benv\b", program.text):
                machine.variable(AccessKind.READ, "*", None, program.span)
    for operand in operands:
        machine.path(AccessKind.READ, operand)


def tar(call: "Call") -> None:  # noqa: C901, PLR0912 - one arm per form
    """``tar``: the mode says whether the archive is read or written; old bundles (``tar xzf``) included."""
    from bailiwick.analysis.commands.call import Call as _Call  # noqa: PLC0415 - the seam imports the plug-ins
    from bailiwick.analysis.commands.options import parse  # noqa: PLC0415 - same

    args = list(call.args)
    if len(args) > 1 and args[1].literal is not None and _OLD_BUNDLE.match(args[1].text):
        letters, rest = args[1].text, args[2:]
        expanded: list[Arg] = []
        for letter in letters:  # each letter that takes a value takes the next word
            expanded.append(Arg("-" + letter, span=args[1].span))
            if letter in "fbCTXIFgHLNVK" and rest:
                expanded.append(rest.pop(0))
        args = [args[0], *expanded, *rest]
    call = _Call(call.args, parse(call.parsed.node, tuple(args[1:])), call.machine)
    parsed = call.parsed
    call.begin()
    call.options()
    directories = parsed.values("-C", "--directory")
    inside = call.machine
    if directories:
        inside = inside.inside(directories[0]) if len(directories) == 1 else inside.anywhere()
    creating = parsed.given(
        "-c", "-r", "-u", "-A", "--create", "--append", "--update", "--catenate", "--concatenate", "--delete"
    )
    extracting = parsed.given("-x", "--extract", "--get")
    listing = parsed.given("-t", "-d", "--list", "--diff", "--compare")
    for archive in parsed.values("-f", "--file"):
        if archive.literal is not None and _REMOTE.match(archive.text):
            call.machine.connect(archive.text.partition(":")[0].rpartition("@")[2].lower(), 22, archive.span)
            call.machine.opaque("archive on another host", archive.span)
        elif archive.literal != "-":
            call.machine.path(AccessKind.WRITE if creating else AccessKind.READ, archive)
    if creating:
        for operand in parsed.operands:
            inside.path(AccessKind.READ, operand, tree=True)
            if parsed.given("--remove-files"):
                inside.path(AccessKind.DELETE, operand, tree=True)
    elif extracting:
        if parsed.given("-O", "--to-stdout"):  # what a member holds is what a file of its name does
            for member in parsed.operands:
                call.machine.path(AccessKind.READ, member)
        else:
            inside.path(AccessKind.WRITE, Arg("."), tree=True)
            for top in parsed.values("--one-top-level"):
                inside.path(AccessKind.WRITE, top, tree=True)
        if parsed.given("-P"):
            call.machine.opaque("archive names may be absolute")
    elif not listing and not parsed.given("--help", "--version"):
        call.machine.opaque("mode of tar isn't known")
