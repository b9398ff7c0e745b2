"""``awk``: what its program reads, writes and runs beside its operands.

A tokenizer after POSIX, awk, Grammar: whether ``/`` divides or begins a regular expression is decided by the token
before it, and a place where implementations differ is refused. Over the tokens only four things reach beyond the
text that is transformed: ``>`` and ``>>`` of ``print``, ``|``, ``getline`` and ``system``.
"""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import STANDARD_INPUT, Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex
from bailiwick.model.value import value

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_TOKEN = regex(
    r"(?P<blank>[ \t\r]+|\\\r?\n|\#[^\n]*)|(?P<newline>\n)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>\+\+|--|\*\*=|\*\*|[-+*%^!<>=]=|>>|&&|\|\||\|&|[-+*%^!<>=?:,;(){}\[\]$~|])"
)
_SLASH = regex(r"/=?")
_REGEX = regex(r"/(?:[^/\\\n\[]|\\.|\[\^?+\]?+(?:\[:\w+:\]|[^\]\n/\\\[]|\\.)*\])*/")
_BEFORE_REGEX = frozenset((
    "(", ",", "{", "}", ";", "!", "~", "&&", "||", "?", ":", "=", "==", "!=", "<", ">", "<=", ">=", "+=", "-=", "*=", "%=", "^=", "+", "-", "*", "%", "^", "|", "[",
))  # fmt: skip
_STATEMENT = frozenset(("print", "printf", "return", "else", "do", "in", "case", "exit"))
_CONDITION = frozenset(("if", "while", "for", "switch"))
_REFUSED = frozenset(("length", "getline", "FUNCTAB", "SYMTAB"))
"""Names after which a slash has no agreed meaning."""
_ESCAPE = regex(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/"}
_END = frozenset((";", "}", "\n", ""))
_CLOSED = _END | {")"}


@value(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    depth: int  # parentheses and brackets around it
    printed: bool  # in the expressions of a `print`, outside parentheses of their own


class UnreadableError(ValueError):
    """The program isn't positively understood."""


def tokens(program: str) -> list[_Token]:
    """The program's tokens, blanks left out.

    Raises:
        UnreadableError: at a character or a slash whose meaning isn't sure.
    """
    found: list[_Token] = []
    opened: list[bool] = []  # for each open bracket whether it encloses a condition
    printing: int | None = None
    condition_ended = False
    i = 0
    while i < len(program):
        previous = found[-1] if found else _Token("newline", "\n", 0, printed=False)
        kind, text = _next(program, i, previous, condition_ended=condition_ended)
        i += len(text)
        if kind == "blank":
            continue
        condition_ended = False
        if text in (";", "}") or (text == "\n" and previous.text not in (",", "&&", "||")):
            printing = None
        elif text in ("(", "["):
            opened.append(text == "(" and previous.text in _CONDITION)
        elif text in (")", "]"):
            if not opened:
                raise UnreadableError
            condition_ended = opened.pop()
        elif text in ("print", "printf"):
            printing = len(opened)
        found.append(_Token(kind, text, len(opened), printing == len(opened)))
    if opened:
        raise UnreadableError
    return found


def _next(program: str, i: int, previous: _Token, *, condition_ended: bool) -> tuple[str, str]:
    """Kind and text of the token at ``i``."""
    if program[i] == "/":
        regex = _begins_regex(previous, condition_ended=condition_ended)
        match, kind = (_REGEX, "regex") if regex else (_SLASH, "operator")
        found = match.match(program, i)
    else:
        found = _TOKEN.match(program, i)
        kind = str(found.lastgroup) if found else ""
    if found is None:
        raise UnreadableError
    return kind, found.group()


def _begins_regex(previous: _Token, *, condition_ended: bool) -> bool:
    match previous.kind:
        case "newline":
            return True
        case "string" | "number":
            return False
        case "name" if previous.text in _REFUSED:
            raise UnreadableError
        case "name":
            return previous.text in _STATEMENT
        case "operator" if previous.text in _BEFORE_REGEX:
            return True
        case "operator" if previous.text in (")", "]"):
            return condition_ended
        case _:
            raise UnreadableError


def awk(call: "Call") -> None:
    """``awk``: the first operand is the program unless ``-f`` gives it; the others are assignments and files."""
    parsed, machine = call.parsed, call.machine
    files = parsed.values("-f", "--file")
    own = bool(files) and all(
        machine.own(file)
        and file.literal not in STANDARD_INPUT
        and machine.content(file, perhaps=True) is None
        for file in files
    )
    call.begin(project_code=own)
    call.options()
    operands = list(parsed.operands)
    if files:
        if not own:
            machine.opaque("awk program in a file")
    elif operands:
        program = operands.pop(0)
        if program.literal is None:
            machine.opaque("awk program that isn't known", program.span)
        else:
            _program(call, program)
    for operand in operands:
        if not re.match(r"[A-Za-z_]\w*=", operand.text) and operand.literal != "-":
            machine.path(AccessKind.READ, operand)


def _program(call: "Call", program: Arg) -> None:
    """Make the accesses of a program's tokens."""
    machine = call.machine
    try:
        found = tokens(program.text)
    except UnreadableError:
        machine.opaque("awk program that isn't understood", program.span)
        return
    found.append(_Token("newline", "", 0, printed=False))
    for i, token in enumerate(found):
        if token.text in (">", ">>") and token.printed and token.kind == "operator":
            _file(call, AccessKind.WRITE, program, found[i + 1 :])
        elif token.kind == "operator" and token.text in ("|", "|&"):
            _pipe(call, program, found, i)
        elif token.kind == "name":
            _name(call, program, found, i)


def _name(call: "Call", program: Arg, found: list[_Token], i: int) -> None:
    machine, rest = call.machine, found[i + 1 :]
    match found[i].text:
        case "system":
            match [token.text for token in rest[:3]]:
                case ["(", command, ")"] if rest[1].kind == "string":
                    _script(call, program, command)
                case _:
                    machine.opaque("awk program runs a command that isn't known", program.span)
        case "getline":
            if i and found[i - 1].text in ("|", "|&"):
                return
            target = rest[1:] if rest[0].kind == "name" else rest[2:] if rest[0].text == "$" else rest
            if target and target[0].text == "<":
                _file(call, AccessKind.READ, program, target[1:])
            elif rest[0].text not in _CLOSED and (rest[0].kind != "name" or target[0].text == "["):
                machine.opaque("form of awk's getline", program.span)
        case "ENVIRON":
            machine.variable(AccessKind.READ, "*", None, program.span)
        case "ARGV" | "ARGC":
            machine.path(AccessKind.READ, Arg("", Kind.UNKNOWN, program.span))
        case "SYMTAB" | "FUNCTAB" | "extension":
            machine.opaque(f"{found[i].text} of awk", program.span)
        case _:
            pass


def _file(call: "Call", kind: AccessKind, program: Arg, rest: list[_Token]) -> None:
    """The file named by one string, or by an expression that isn't evaluated."""
    known = rest[0].kind == "string" and rest[1].text in _CLOSED
    name = _unquoted(rest[0].text) if known else None
    if name is not None:
        if name.startswith("/inet"):
            call.machine.connect("*", None, program.span)
            call.machine.opaque("network file of awk", program.span)
        else:
            call.machine.path(kind, program.with_text(name))
    else:
        call.machine.path(kind, Arg("", Kind.UNKNOWN, program.span))


def _pipe(call: "Call", program: Arg, found: list[_Token], i: int) -> None:
    """``print | "command"`` and ``"command" | getline``."""
    if found[i + 1].text == "getline":
        command, edge = found[i - 1], found[i - 2].text if i > 1 else "\n"
        known = edge in ("\n", "{", "(", ";", "!", "&&", "||")
    else:
        command, known = found[i + 1], found[i + 2 : i + 3] != [] and found[i + 2].text in _END
    if known and command.kind == "string" and found[i].text == "|":
        _script(call, program, command.text)
    else:
        call.machine.opaque("awk program runs a command that isn't known", program.span)


def _unquoted(string: str) -> str | None:
    """The text of a string token; None where it has an escape that isn't decoded (octal, hexadecimal)."""
    if any(match[1] not in _ESCAPES for match in _ESCAPE.finditer(string)):
        return None
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], string[1:-1])


def _script(call: "Call", program: Arg, string: str) -> None:
    """A command line in a string token, run by a shell."""
    text = _unquoted(string)
    if text is None:
        call.machine.opaque("awk program runs a command that isn't known", program.span)
    else:
        call.machine.script(program.with_text(text))
