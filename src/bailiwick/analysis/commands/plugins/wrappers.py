"""Programs that run other programs: ``env``, ``sudo``, ``su``, ``xargs``, ``watch``, shells."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_PLAIN_LINE = re.compile(r"[A-Za-z0-9_ ./=:@%+,-]*\Z")
_ASSIGNMENT = re.compile(r"([^=]+)=")
"""``env`` takes any word with an equals sign in it: exported functions are called ``BASH_FUNC_x%%``."""


def _assignments(call: "Call") -> tuple[list[Arg], dict[str, Arg]]:
    """Leading ``NAME=value`` operands set variables for what runs; the rest of the operands."""
    operands, exported = list(call.parsed.operands), {}
    for line in call.parsed.values("-S", "--split-string"):
        if line.literal is None or not _PLAIN_LINE.match(line.text):
            call.machine.opaque("words that env splits itself", line.span)
        operands = [line.with_text(word) for word in line.text.split()] + operands
    while operands and (match := _ASSIGNMENT.match(operands[0].text)):
        word = operands.pop(0)
        value = word.with_text(word.text[match.end() :])
        call.machine.variable(AccessKind.CHANGE_CONFIG, match[1], value.literal, word.span)
        exported[match[1]] = value
    return operands, exported


def env(call: "Call") -> None:
    """``env``: variables, then a program; alone it prints the environment."""
    call.begin()
    call.options()
    for name in call.parsed.values("-u", "--unset"):
        call.machine.variable(AccessKind.CHANGE_CONFIG, name.literal or "*", "", name.span)
    operands, exported = _assignments(call)
    if operands:
        call.machine.run(tuple(operands), exported=exported)
    elif not call.parsed.given("-S", "--split-string", "--help", "--version"):
        call.machine.variable(AccessKind.READ, "*")


def sudo(call: "Call") -> None:
    """``sudo`` and ``doas``: the program runs as another account."""
    parsed = call.parsed
    users = parsed.values("-u", "-U", "--user", "--other-user")
    user = (users[-1].literal or "?") if users else "root"
    call.begin()
    call.options()
    if parsed.given("-e", "--edit"):
        for operand in parsed.operands:
            call.machine.path(AccessKind.WRITE, operand)
        return
    operands, exported = _assignments(call)
    if parsed.given("-s", "-i", "--shell", "--login"):
        call.machine.opaque("a shell as another account")
    if operands:
        call.machine.run(tuple(operands), as_user=user, exported=exported)


def su(call: "Call") -> None:
    """``su``: with ``-c`` a script, else a shell, as another account."""
    call.begin()
    call.options()
    call.machine.opaque("runs as another account")


def xargs(call: "Call") -> None:
    """``xargs``: the operands are a program; words from standard input are appended or put in place."""
    call.begin()
    call.options()
    parsed = call.parsed
    placeholders = [
        o.value.literal if o.value is not None else "{}"
        for o in parsed.options
        if o.name in ("-I", "-i", "-J", "-R", "--replace")
    ]
    operands = tuple(parsed.operands)
    if not operands:
        return
    # NUL-ended paths are taken as they are; anything else is split at blanks and may be any word.
    stdin = call.machine.stdin
    exact = stdin is not None and stdin.kind is Kind.PATTERN and parsed.given("-0", "--null")
    exact = exact and not parsed.given("-a", "--arg-file", "-d", "--delimiter", "-E", "-e", "--eof")
    given = stdin if exact and stdin is not None else Arg("", Kind.OPEN, call.args[0].span)
    words = _words_of(call, stdin)
    if words and not placeholders:
        operands = (*operands, *words)
    elif len(words) == 1:
        operands = tuple(
            word.with_text(word.text.replace(placeholders[-1] or "{}", words[0].text)) for word in operands
        )
    elif placeholders:
        mark = placeholders[-1]
        operands = tuple(_replaced(word, mark, given) for word in operands)
    else:
        operands = (*operands, given)
    call.machine.run(operands)


def _words_of(call: "Call", stdin: Arg | None) -> tuple[Arg, ...]:
    """What ``xargs`` appends, where standard input is known, its words are plain and one run takes them all."""
    if stdin is None or stdin.literal is None or _QUOTING.search(stdin.text):
        return ()
    words = tuple(stdin.with_text(word) for word in stdin.text.split())
    plain = all(option.name in _PLAIN for option in call.parsed.options)
    return words if plain or (len(words) == 1 and not call.parsed.given(*_OTHER_INPUT)) else ()


_QUOTING = re.compile(r"[\"'\\\0\v\f\r]")
_PLAIN = frozenset(("-r", "--no-run-if-empty", "-t", "--verbose", "-x", "--exit"))
_OTHER_INPUT = ("-a", "--arg-file", "-d", "--delimiter", "-E", "-e", "--eof", "-0", "--null")


def _replaced(word: Arg, mark: str | None, given: Arg) -> Arg:
    if mark is not None and (not mark or mark not in word.text):
        return word
    if word.literal == mark and given.kind is Kind.PATTERN:
        return given
    return Arg("", Kind.UNKNOWN, word.span, word.sources)


def watch(call: "Call") -> None:
    """``watch``: the operands are joined and given to a shell, or run as they are with ``-x``."""
    call.begin()
    call.options()
    operands = call.parsed.operands
    if not operands:
        return
    if call.parsed.given("-x", "--exec"):
        call.machine.run(tuple(operands))
    elif all(word.literal is not None for word in operands):
        call.machine.script(operands[0].with_text(" ".join(word.text for word in operands)))
    else:
        call.machine.opaque("shell code that isn't known")


def _file(call: "Call", script: Arg, dialect: str) -> None:
    """A script file: what this very command printed into it is read; another's isn't known, unless the project's own."""
    machine = call.machine
    text = machine.content(script)
    machine.path(AccessKind.READ, script)
    if (drafted := text or machine.content(script, perhaps=True)) is not None:
        machine.script(drafted, tuple(call.parsed.operands), dialect=dialect)
    if text is None and not machine.own(script):
        machine.opaque("runs a shell script file", script.span)


def shell(call: "Call") -> None:
    """A shell: code given by ``-c``, a script file, or code on standard input."""
    parsed, machine = call.parsed, call.machine
    operands = parsed.operands
    script = operands[0] if operands and not parsed.given("-c", "-s") else None
    call.begin(project_code=script is not None and machine.own(script))
    call.options()
    dialect = {"bash": "bash", "zsh": "zsh"}.get(call.name, "sh")
    off = bool(operands) and operands[0].text.startswith("+")
    if call.name == "ksh" or off:
        machine.opaque("options that are switched off come first" if off else "ksh isn't understood")
        return
    if parsed.given("-i", "-l", "--login"):
        machine.opaque("an interactive or login shell reads the user's own files")
    if parsed.given("-c"):
        if not operands:
            machine.opaque("shell code that isn't known")
        else:
            machine.script(operands[0], tuple(operands[1:]), dialect=dialect)
    elif script is not None:
        _file(call, script, dialect)
    elif parsed.given("--version", "--help") and not operands:
        return
    elif machine.stdin is not None and machine.stdin.literal is not None:
        machine.script(machine.stdin, dialect=dialect)
    else:
        machine.opaque("shell code from standard input")
