"""Perl's one-liners: filters that match, substitute, count and print are understood, the rest of the language isn't.

No name that isn't listed is a word here, so nothing is called; what interpolates code into a pattern or a string is
refused, and so is a slash that might as well divide.
"""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.commands.plugins.tools import handed
from bailiwick.analysis.commands.specification import Role
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import escape
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_SWITCHES = regex(
    r"(?P<plain>[npawWtTcsuUXvh])|l(?P<line>[0-7]{0,4})|0(?P<zero>[0-7]{1,4}|x[0-9a-fA-F]{1,4})?|i(?P<suffix>.*)"
    r"|(?P<code>[eE])(?P<text>.*)|F(?P<split>.+)|M(?P<module>.+)|C(?P<unicode>[0-9A-Za-z]*)",
    re.DOTALL,
)
_MODULES = regex(
    r"(?:strict|warnings|utf8|List::Util|JSON::PP|Data::Dumper|Time::HiRes|Time::Local|Encode)(?:=[\w,]+)?\Z"
)
_WORDS = frozenset(
    [
        "print",
        "say",
        "printf",
        "if",
        "unless",
        "and",
        "or",
        "not",
        "next",
        "last",
        "chomp",
        "chop",
        "lc",
        "uc",
        "ucfirst",
        "lcfirst",
        "length",
        "defined",
        "eq",
        "ne",
        "lt",
        "gt",
        "le",
        "ge",
        "x",
        "cmp",
        "sort",
        "keys",
        "values",
        "reverse",
        "join",
        "split",
        "scalar",
        "sprintf",
        "substr",
        "index",
        "rindex",
        "foreach",
        "for",
        "my",
        "our",
        "push",
        "shift",
        "pop",
        "exists",
        "delete",
        "int",
        "abs",
        "sum",
        "sum0",
        "max",
        "min",
        "first",
        "uniq",
        "shuffle",
        "any",
        "all",
        "product",
        "BEGIN",
        "END",
        "while",
        "until",
        "else",
        "elsif",
        "eof",
        "undef",
        "map",
        "grep",
        "STDOUT",
        "STDERR",
        "ord",
        "chr",
        "hex",
        "oct",
        "localtime",
        "time",
        "wantarray",
        "gmtime",
        "die",
        "warn",
        "exit",
        "return",
        "redo",
        "sqrt",
        "rand",
        "srand",
        "exp",
        "log",
        "sin",
        "cos",
        "atan2",
        "pack",
        "unpack",
        "each",
        "quotemeta",
        "splice",
        "unshift",
        "pos",
        "ref",
        "sleep",
    ]
)
_BEFORE_PATTERN = frozenset(
    [
        "if",
        "unless",
        "and",
        "or",
        "not",
        "split",
        "print",
        "say",
        "grep",
        "map",
        "while",
        "until",
        "elsif",
        "(",
        "{",
        ",",
        ";",
        "&&",
        "||",
        "!",
        "=~",
        "!~",
        "..",
        "?",
        ":",
        "=",
    ]
)
_BODY = {
    # a delimiter, and what may stand between two of it
    "/": r"(?:[^/\\]|\\.)*", "|": r"(?:[^|\\]|\\.)*", "#": r"(?:[^#\\]|\\.)*", "!": r"(?:[^!\\]|\\.)*", ",": r"(?:[^,\\]|\\.)*",
    "~": r"(?:[^~\\]|\\.)*", "%": r"(?:[^%\\]|\\.)*", ":": r"(?:[^:\\]|\\.)*", "?": r"(?:[^?\\]|\\.)*",
}  # fmt: skip
_TWO_PARTS = regex(
    r"(?:s|tr|y)(?:"
    + "|".join(
        rf"{re.escape(d)}(?P<a{n}>{body}){re.escape(d)}(?P<b{n}>{body}){re.escape(d)}"
        for n, (d, body) in enumerate(_BODY.items())
    )
    + r"|\{(?P<left>(?:[^{}\\]|\\.)*)\}\{(?P<right>(?:[^{}\\]|\\.)*)\})(?P<flags>[a-zA-Z]*)",
    re.DOTALL,
)
_ONE_PART = regex(
    r"(?:m?/(?P<a>(?:[^/\\]|\\.)*)/|m\{(?P<b>(?:[^{}\\]|\\.)*)\}|m\|(?P<c>(?:[^|\\]|\\.)*)\|)(?P<flags>[a-zA-Z]*)",
    re.DOTALL,
)
_QUOTE = regex(
    r"(?P<kind>qq|qw|q)\s*(?:\{(?P<a>(?:[^{}\\]|\\.)*)\}|\((?P<b>(?:[^()\\]|\\.)*)\)|/(?P<c>(?:[^/\\]|\\.)*)/|\|(?P<d>(?:[^|\\]|\\.)*)\|)",
    re.DOTALL,
)
_FILE_TEST = regex(r"-[erwxsfdlpSbcMACzoRWXO](?=\s*\$(?:_|[a-z]\w*)\b)")
"""Asks for a file's status; ``-T`` and ``-B`` look into it and are left out."""
_TOKEN = regex(
    r"\s+|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d[\d_]*(?:\.\d+)?)"
    r"|(?P<variable>\$(?:[A-Za-z_]\w*|\d+|[&.,/\\0])(?!::|->)|@(?:[A-Za-z_]\w*)(?!::|->)|%[a-z_]\w*(?!::|->)|\$\#[A-Za-z_]\w*)"
    r"|(?P<word>[A-Za-z_]\w*)(?!::|\s*=>|->)"
    r"|(?P<sign><=>|=~|!~|==|!=|<=|>=|&&|\|\||\+\+|--|\*\*|\.\.\.?|[-+*.%x|&]=|\|\|=|//=|=>|[=<>!?:.,;+*%(){}\[\]-])",
    re.DOTALL,
)
_INTERPOLATES = regex(
    # a dollar that begins anything but a plain variable, an at sign before a name or a bracket, code in a pattern
    r"\$(?![)|\s.]|\Z|\d|&|[A-Za-z_]\w*(?:\[-?\d+\])?(?![\w\[{:]|->))|@(?=[\w{$:])|\(\?\??p?\{|\(\*\{"
)
_SPECIAL = regex(r"[$@%#]+(?:ENV|INC|SIG|ISA|STDIN|DATA)\Z|@ARGV\Z")
"""Variables that reach beyond the program."""
_SAFE_FLAGS = regex(r"[gimsxrnaulpcod]*\Z")
_OPENING = regex(r"[\s<>|+&]|.*[|\s]\Z", re.DOTALL)
_ASSIGNED = frozenset(("=", "+=", "-=", "*=", ".=", "%=", "x=", "|=", "&=", "||=", "//="))


def perl(call: "Call") -> None:  # noqa: C901, PLR0912 - one arm per form
    """``perl``: a script is project code; filters on the command line are understood."""
    args, machine = call.args, call.machine
    codes: list[Arg] = []
    loops, editing, suffix, problem = False, False, "", ""
    i = 1
    while i < len(args) and args[i].text.startswith("-") and len(args[i].text) > 1:
        if args[i].literal is None:
            problem = "an option that isn't known"
        if args[i].text in ("--", "--version", "--help"):
            i += 1
            if args[i - 1].text == "--":
                break
            continue
        at, switches = 1, args[i].text
        while at < len(switches):
            match = _SWITCHES.match(switches, at)
            if match is None:
                problem = problem or f"option {switches[:20]}"
                break
            at = match.end()
            loops |= match["plain"] in {"n", "p"}
            if match["suffix"] is not None:
                editing, suffix = True, match["suffix"]
            elif match["code"]:
                if not match["text"]:
                    i += 1
                codes.append(
                    args[i].with_text(match["text"]) if match["text"] else args[min(i, len(args) - 1)]
                )
            elif match["module"] and not _MODULES.match(match["module"]):
                problem = problem or f"module {match['module'][:20]}"
            elif match["split"] and _INTERPOLATES.search(match["split"]):
                problem = problem or "pattern to split by"
        i += 1
    operands = args[i:]
    checking = any(arg.literal in {"-c", "-wc", "-cw"} for arg in args[1:i])
    machine.begin(operands, project_code=bool(operands) and not codes)
    if problem:
        machine.opaque(f"{problem} of perl")
    for code in codes:
        if reason := "code that isn't known" if code.literal is None else refused(code.text):
            machine.opaque(f"Perl: {reason}", code.span)
    if codes:
        for operand in operands:
            _operand(call, operand, editing=editing, suffix=suffix)
    elif operands and operands[0].literal != "-":
        call.role(Role.CODE, operands[0])
        handed(machine, operands)
        if checking:
            machine.opaque("BEGIN blocks run while code is checked")
    elif not any(arg.literal in {"-v", "-V", "--version", "-h", "--help"} for arg in args[1:]):
        call.unfed("code from standard input or a terminal")


def _operand(call: "Call", operand: Arg, *, editing: bool, suffix: str) -> None:
    """A file that the implicit loop reads; its open takes more than names."""
    machine = call.machine
    odd = (
        operand.text
        if operand.kind is Kind.LITERAL
        else re.sub(r"[^*?\[\]{}]", "", operand.text[:1] + operand.text[-1:])
    )
    if operand.kind is Kind.OPEN or (_OPENING.match(operand.text) if operand.kind is Kind.LITERAL else odd):
        machine.opaque(
            "a file's name that perl may run or open for writing", operand.span, AccessKind.EXECUTE
        )
    if operand.literal == "-":
        return
    machine.path(AccessKind.READ, operand)
    if not editing:
        return
    machine.path(AccessKind.WRITE, operand)
    head, slash, _ = operand.text.rpartition("/")
    if operand.literal is not None:
        machine.path(AccessKind.WRITE, Arg(escape(head) + slash + "XX??????", Kind.PATTERN, operand.span))
    elif operand.kind is Kind.PATTERN and "{" not in head:
        machine.path(AccessKind.WRITE, Arg(head + slash + "XX??????", Kind.PATTERN, operand.span))
    if suffix and (operand.literal is None or "*" in suffix or "/" in suffix):
        machine.opaque("backup that perl makes", operand.span, AccessKind.WRITE)
    elif suffix:
        machine.path(AccessKind.WRITE, operand.with_text(operand.text + suffix))


def refused(code: str) -> str:  # noqa: C901, PLR0912 - one arm per token
    """Why a piece of Perl isn't understood; empty where it is."""
    if re.search(r"(?m)^=[a-zA-Z]|<<|`", code):
        return "text that isn't code"
    at, before, previous = 0, ";", ""
    while at < len(code):
        match = _TWO_PARTS.match(code, at)
        if match is not None and before not in {"operand", "sigil"}:
            parts = [part for name, part in match.groupdict().items() if name != "flags" and part is not None]
            substitution = match.group().startswith("s")
            if not _SAFE_FLAGS.match(match["flags"]):
                return "a substitution that runs code"
            if substitution and any(
                _INTERPOLATES.search(part.replace("\\@", "").replace("\\$", "")) for part in parts
            ):
                return "a pattern or text with code in it"
            at, before = match.end(), "operand"
            continue
        match = _ONE_PART.match(code, at)
        if match is not None and (code[at] == "m" or before in _BEFORE_PATTERN):
            pattern = match["a"] or match["b"] or match["c"] or ""
            if _INTERPOLATES.search(pattern.replace("\\@", "").replace("\\$", "")) or not _SAFE_FLAGS.match(
                match["flags"]
            ):
                return "a pattern with code in it"
            at, before = match.end(), "operand"
            continue
        if before not in {"operand", "sigil"} and (
            match := _QUOTE.match(code, at) or _FILE_TEST.match(code, at)
        ):
            quoted = match.groupdict()
            text = next(filter(None, (quoted.get(name) for name in "abcd")), "")
            if quoted.get("kind") == "qq" and _INTERPOLATES.search(
                text.replace("\\@", "").replace("\\$", "")
            ):
                return "a string with code in it"
            at, before, previous = match.end(), "operand" if quoted else "-", ""
            continue
        match = _TOKEN.match(code, at)
        if match is None:
            return f"{code[at : at + 12]!r} isn't understood"
        at = match.end()
        kind = match.lastgroup
        if kind is None:
            continue
        text = match.group()
        if kind == "variable" and (_SPECIAL.match(text) or (text == "$ARGV" and code.startswith("[", at))):
            return f"uses {text}"
        if kind == "word" and text not in _WORDS:
            return f"uses {text[:20]}"
        if (
            kind == "string"
            and text[0] == '"'
            and _INTERPOLATES.search(text[1:-1].replace("\\@", "").replace("\\$", ""))
        ):
            return "a string with code in it"
        if (
            kind == "sign"
            and text in _ASSIGNED
            and not re.match(r"\$[a-z_]\w*\Z|@[a-z_]\w*\Z|%[a-z_]\w*\Z|[\]})]\Z|\$[,/\\]\Z", previous)
        ):
            return f"sets {previous[:20]}"
        if previous in {"@", "$", "%", "&", "*"}:
            return "a reference"
        before = text if kind in {"word", "sign"} and text not in {")", "]", "}"} else "operand"
        previous = text
    return ""


__all__ = ["perl", "refused"]
