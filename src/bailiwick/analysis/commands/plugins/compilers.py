"""C compilers, and formatters that print or write back."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.plugins.search import matches
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_HARMLESS = regex(
    r"-(?:W(?!l,|a,|p,)[\w+=,-]*|O[0-3sgz]?|Ofast|g[\w-]*|std=[\w+:]+|f(?!plugin|dump|profile|save|auto-profile|callgraph|compare-debug"
    r"|opt-record|stack-usage|time-report|module|use-ld|crash|ident|debug-prefix|sanitize-(?:black|ignore)list|syntax-only-plugin)"
    r"[a-zA-Z][\w=,+.-]*|fsanitize=[\w,-]+|m[\w=,.+-]+|[DU][\w().,=\"'+-]*|l[\w.+-]+|[cESvw]|pthread|pedantic(?:-errors)?|ansi|shared|static"
    r"|static-libgcc|static-libstdc\+\+|s|r|rdynamic|pipe|pie|no-pie|nostdlib|nostdinc|nodefaultlibs|nostartfiles|P|C|dM|H|MM?D?|MP|MG|Q"
    r"|Qunused-arguments|ferror-limit=\d+|print-[\w-]+(?:=[\w.]+)?|dumpversion|dumpmachine|-version|-help)\Z",
    re.ASCII,
)
_READING = (
    "-include",
    "-isystem",
    "-iquote",
    "-idirafter",
    "-imacros",
    "-iprefix",
    "-isysroot",
    "-I",
    "-L",
    "--sysroot",
)
_WRITING = ("-o", "-MF")
_TEXTS = ("-x", "-MT", "-MQ", "-arch", "-target", "-D", "-U", "-l", "-framework", "-u", "-z", "-e")
_SOURCE = regex(r"(.*/)?([^/]+)\.(?:c|cc|cpp|cxx|C|m|mm|s|S|i|ii)\Z", re.DOTALL)


def compiler(call: "Call") -> None:  # noqa: C901, PLR0912 - one arm per form
    """``gcc``, ``clang``: sources are read and the output written; options that load programs are opaque."""
    machine, args = call.machine, call.args
    sources: list[Arg] = []
    outputs: list[Arg] = []
    reads: list[Arg] = []
    problems: list[Arg] = []
    i = 1
    while i < len(args):
        arg = args[i]
        taken = next((o for o in (*_READING, *_WRITING, *_TEXTS) if arg.text == o), None)
        if taken is not None and i + 1 < len(args) and arg.literal is not None:
            i += 1
            (outputs if taken in _WRITING else reads if taken in _READING else []).append(args[i])
        elif arg.kind is Kind.OPEN or arg.may_be_option or arg.text.startswith("@"):
            problems.append(arg)
        elif arg.text.startswith("-o") and len(arg.text) > 2:  # noqa: PLR2004 - the option itself
            outputs.append(arg.with_text(arg.text[2:]))
        elif attached := next((o for o in _READING if arg.text.startswith(o)), None):
            reads.append(arg.with_text(arg.text[len(attached) :].removeprefix("=")))
        elif not arg.text.startswith("-"):
            sources.append(arg)
        elif arg.literal is None or not _HARMLESS.match(arg.text):
            problems.append(arg)
        i += 1
    machine.begin(tuple(sources))
    for arg in problems:
        machine.opaque(f"option {arg.text[:30]} of {call.name}", arg.span)
    for arg in sources:
        machine.path(AccessKind.READ, arg)
    for arg in reads:
        machine.path(AccessKind.READ, arg, tree=True)
    for arg in outputs:
        if arg.literal != "-":
            machine.path(AccessKind.WRITE, arg)
    given = {arg.literal for arg in args}
    if sources and given & {"-MD", "-MMD"} and "-MF" not in given:
        for made in outputs or sources:
            name = made.text if outputs else made.text.rpartition("/")[2]
            known = made.kind is Kind.LITERAL and "." in name.rpartition("/")[2]
            rules = (
                name.rpartition(".")[0] + ".d"
                if known
                else name.rpartition("/")[0] + "/*"
                if "/" in name
                else "*"
            )
            machine.path(AccessKind.WRITE, Arg(rules, Kind.LITERAL if known else Kind.PATTERN, made.span))
    if sources and not outputs and not given & {"-E", "-fsyntax-only", "-M", "-MM"}:
        _default_output(call, sources, "-c" in given, "-S" in given)


def _default_output(call: "Call", sources: list[Arg], compiling: bool, assembling: bool) -> None:  # noqa: FBT001 - two modes
    if not compiling and not assembling:
        call.machine.path(AccessKind.WRITE, Arg("a.out"))
        return
    for source in sources:
        match = _SOURCE.match(source.text) if source.literal is not None else None
        name = match[2] + (".s" if assembling else ".o") if match else "*"
        call.machine.path(AccessKind.WRITE, Arg(name, Kind.LITERAL if match else Kind.PATTERN, source.span))


def formatter(call: "Call") -> None:
    """``gofmt`` and its kin: what is named is read, and written back where an option says so."""
    call.begin()
    call.options()
    writing = call.parsed.given("-w", "--write", "-i", "--in-place")
    for style in call.parsed.values("--style"):
        if style.text.startswith("file:"):
            call.machine.path(AccessKind.READ, style.with_text(style.text[5:]))
    for operand in call.parsed.operands:
        if operand.literal == "-":
            continue
        kinds = (AccessKind.READ, AccessKind.WRITE) if writing else (AccessKind.READ,)
        below = matches([operand], ("**/*.go",)) if call.name in _OF_GO else operand
        for kind in kinds:
            if below.kind is Kind.PATTERN and below is not operand:
                call.machine.path(kind, operand)
                call.machine.path(kind, below)
            else:
                call.machine.path(kind, operand, tree=True)


_OF_GO = frozenset(("gofmt", "goimports", "gofumpt"))
