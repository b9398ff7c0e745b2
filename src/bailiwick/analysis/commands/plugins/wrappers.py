"""Programs that run other programs: ``env``, ``sudo``, ``su``, ``xargs``, ``watch``, shells."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import GIT_GUARD, STANDARD_INPUT, Arg, Kind, Lines, Processes
from bailiwick.analysis.commands.plugins.tools import handed
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
    emptied = call.parsed.given("-i", "--ignore-environment")
    if len(call.args) > 1 and call.args[1].literal == "-":
        del call.parsed.operands[0]  # the old spelling of -i
        emptied = True
    operands, exported = _assignments(call)
    if emptied or any(name.literal in (None, GIT_GUARD) for name in call.parsed.values("-u", "--unset")):
        exported = _UNGUARDED | exported
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
        call.unfed("a shell as another account")
    if operands:
        call.machine.run(tuple(operands), as_user=user, exported=_ELSEWHERE | exported)


def su(call: "Call") -> None:
    """``su``: a shell as another account; ``-c`` gives it code, further operands are its own arguments."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    operands = [operand for operand in parsed.operands if operand.literal != "-"]
    named = parsed.values("-u", "--user") or operands[:1]
    user = (named[-1].literal or "?") if named else "root"
    codes = parsed.values("-c", "--command", "--session-command")
    shells = parsed.values("-s", "--shell")
    plain = not shells or (shells[-1].literal or "").rpartition("/")[2] in _SHELLS
    if call.name == "runuser" and parsed.given("-u", "--user"):
        if operands:
            machine.run(tuple(operands), as_user=user, exported=_ELSEWHERE)
        return
    if parsed.given("-l", "--login") or len(operands) < len(parsed.operands):
        machine = machine.anywhere()
    if parsed.open:
        machine.opaque("arguments of the shell of another account", None, AccessKind.EXECUTE)
    if not plain:
        worst = None if codes or machine.fed else AccessKind.EXECUTE
        machine.opaque("the shell of another account isn't known", None, worst)
    else:
        code = (Arg("-c"), codes[-1]) if codes else ()
        rest = operands if parsed.given("-u", "--user") else operands[1:]
        given = tuple(word for word in rest if word.kind is not Kind.OPEN)
        machine.run((Arg("sh"), *code, *given), as_user=user, exported=_ELSEWHERE)


_UNGUARDED = {GIT_GUARD: Arg("")}
_ELSEWHERE = _UNGUARDED | {"HOME": Arg("", Kind.UNKNOWN)}
"""Another account's shell may find its home elsewhere."""
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh"))


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
    exact = stdin is not None and stdin.kind is Kind.PATTERN
    exact = exact and isinstance(stdin, Lines) is not parsed.given("-0", "--null")
    exact |= isinstance(stdin, Processes) and not parsed.given("-0", "--null")
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
        if mark is None:
            operands = tuple(_unclear(word) for word in operands)
        elif mark:
            operands = tuple(placed(call, operands, mark, given if exact else None, _unclear))
    else:
        operands = (*operands, given)
    call.machine.run(operands, exported=standing(operands))


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


def around(code: Arg, mark: str, name: str) -> Arg:
    """Shell code in which ``mark`` stands for words that come later, with a variable called ``name`` in their place.

    What those words really are is read as code, which whoever calls this has to say.
    """
    pieces = code.text.split(mark)
    single = double = False
    text = pieces[0]
    for before, piece in itertools.pairwise(pieces):
        for sign in re.sub(r"\\\\.", "", before, flags=re.DOTALL):
            single ^= sign == "'" and not double
            double ^= sign == '"' and not single
        text += f"""'"${name}"'""" if single else f"${{{name}}}"
        text += piece
    return code.with_text(text)


def is_code(words: Sequence[Arg], number: int) -> bool:
    """Whether the word at ``number`` is the code that a shell is given."""
    before = words[number - 1].literal or ""
    shell = next((w.text.rpartition("/")[2] for w in words if w.literal is not None), "")
    return (
        number > 1
        and shell in _SHELLS
        and bool(re.fullmatch(r"-[a-z]*c", before))
        and words[number].literal is not None
    )


def _unclear(word: Arg) -> Arg:
    """A word of which nothing is known any more but that it is one."""
    return Arg("", Kind.UNKNOWN, word.span, word.sources)


def multiplexer(call: "Call") -> None:
    """``screen``: starts a program in a session, or takes up one whose keys say what runs."""
    parsed, machine = call.parsed, call.machine
    call.begin()
    call.options()
    if parsed.given("-ls", "-list", "-wipe", "-v"):
        return
    if parsed.given("-X"):
        machine.opaque("commands to a session", None, AccessKind.EXECUTE)
    elif parsed.operands and not parsed.given("-r", "-R", "-x"):
        machine.run(tuple(parsed.operands))
    else:
        machine.opaque("runs what is typed in a session", None, AccessKind.EXECUTE)


def tmux(call: "Call") -> None:
    """``tmux a ; b``: a word that ends in a semicolon ends a command, and another begins."""
    pieces: list[list[Arg]] = [[]]
    for arg in call.args[1:]:
        if arg.text.endswith(";") and not arg.text.endswith("\\;"):
            if arg.text != ";":
                pieces[-1].append(arg.with_text(arg.text[:-1]))
            pieces.append([])
        else:
            pieces[-1].append(arg)
    if len(pieces) == 1:
        call.begin()
        call.options()
        call.operands()
        return
    for piece in pieces:
        if piece:
            call.machine.run((call.args[0], *piece))


def placed(
    call: "Call", words: Sequence[Arg], mark: str, found: Arg | None, within: Callable[[Arg], Arg]
) -> list[Arg]:
    """A command with what is ``found`` in place of ``mark``; in the code of a shell a variable holds the place.

    ``within`` says what a word becomes of which the mark is only a part, or of any where nothing is known of what is found.
    """
    result = []
    for number, word in enumerate(words):
        if mark not in word.text:
            result.append(word)
        elif found is not None and word.text == mark and word.kind is Kind.LITERAL:
            result.append(found)
        elif word.text != mark and is_code(words, number):
            call.machine.opaque("a name that is read as shell code", word.span, AccessKind.EXECUTE)
            result.append(around(word, mark, FOUND))
        else:
            result.append(within(word))
    return result


def standing(words: Sequence[Arg]) -> Mapping[str, Arg] | None:
    """The variable that stands for a name in shell code among the words, where ``placed`` has put it there."""
    for word in words:
        if FOUND in word.text:
            return _STANDING
    return None


FOUND = "found_path"
"""The variable that stands for a name in shell code; nobody else sets it."""
_STANDING = {FOUND: Arg("", Kind.UNKNOWN)}


def recorder(call: "Call") -> None:
    """``script``: without code it starts a shell that takes what is typed."""
    parsed = call.parsed
    call.begin()
    call.options()
    for log in parsed.operands[:1] or [Arg("typescript")]:
        call.machine.path(AccessKind.WRITE, log)
    if parsed.operands[1:]:  # as BSD's takes a command
        call.machine.run(tuple(parsed.operands[1:]))
    elif not parsed.given("-c", "--command", "--version", "--help", "-V"):
        call.machine.opaque("runs what is typed in a session", None, AccessKind.EXECUTE)


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


def _begins_with(call: "Call") -> None:
    """The start-up file that a variable hands to a shell is a script that it runs first."""
    machine = call.machine
    if call.name == "bash" and (file := machine.exported("BASH_ENV")) is not None and file.text:
        _file(call, file, "bash", machine.content(file))
    if call.name == "zsh" and (place := machine.exported("ZDOTDIR")) is not None and place.text:
        begins = place.with_text(place.text.rstrip("/") + "/.zshenv")
        _file(call, begins, "zsh", machine.content(begins))


def _file(call: "Call", script: Arg, dialect: str, text: Arg | None = None) -> None:
    """A script file: what this very command printed into it is read; another's isn't known, unless the project's own."""
    machine = call.machine
    machine.path(AccessKind.READ, script)
    if (drafted := text or machine.content(script, perhaps=True)) is not None:
        machine.script(drafted, tuple(call.parsed.operands), dialect=dialect)
    handed(machine, call.parsed.operands)
    if text is None and (not machine.own(script) or machine.meddled(script, read=drafted is not None)):
        machine.opaque("runs a shell script file", script.span)


def shell(call: "Call") -> None:
    """A shell: code given by ``-c``, a script file, or code on standard input."""
    parsed, machine = call.parsed, call.machine
    operands = (
        parsed.operands[1:] if parsed.operands and parsed.operands[0].literal == "-" else parsed.operands
    )
    script = operands[0] if operands and not parsed.given("-c", "-s") else None
    if script is not None and script.literal in STANDARD_INPUT:
        script = None
    text = machine.content(script) if script is not None else None  # before the program may change it
    call.begin(project_code=script is not None and machine.own(script))
    call.options()
    dialect = {"bash": "bash", "zsh": "zsh"}.get(call.name, "sh")
    off = bool(operands) and operands[0].text.startswith("+")
    if off:
        machine.opaque("options that are switched off come first")
        return
    if call.name == "ksh" and (script is None or machine.content(script, perhaps=True) is not None):
        machine.opaque("ksh isn't understood")
        return
    if parsed.given("-i", "-l", "--login"):
        machine.opaque("an interactive or login shell reads the user's own files", None, AccessKind.EXECUTE)
    _begins_with(call)
    if parsed.given("-c"):
        if not operands:
            machine.opaque("shell code that isn't known")
        else:
            machine.script(operands[0], tuple(operands[1:]), dialect=dialect)
    elif script is not None:
        _file(call, script, dialect, text)
    elif parsed.given("--version", "--help") and not operands:
        return
    elif machine.stdin is not None and machine.stdin.literal is not None:
        machine.script(machine.stdin, dialect=dialect)
    else:
        call.unfed("shell code from standard input")
