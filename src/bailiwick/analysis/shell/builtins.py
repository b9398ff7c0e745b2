"""The shell's own commands: those that change the shell's state or evaluate data.

They record no program access of their own unless output flows through them (``eval``, ``source``). A form that
isn't positively understood is opaque, and the state afterwards is unknown.
"""

import re
from collections.abc import Mapping

from bailiwick.analysis.commands.argument import GIT_GUARD, LITERAL, NUMBER, OPEN, UNKNOWN, Arg, sources_of
from bailiwick.analysis.shell import assigning
from bailiwick.analysis.shell.expansion import joined
from bailiwick.analysis.shell.invocation import NAME, Builtin, Invocation
from bailiwick.analysis.shell.output import printed
from bailiwick.analysis.shell.running import Running, moved
from bailiwick.analysis.shell.state import Outcome
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

_SET = regex(r"[-+][euxhbmvCETf]+\Z|[-+][euxvCETf]*o\Z|--\Z")
_WRONG_SET = regex(r"[-+][A-Za-z]*[cdgijlqswyzADFGIJKLMNOQRSUVWXYZ]")
_SET_OPTIONS = frozenset((
    "vi", "emacs", "pipefail", "errexit", "nounset", "xtrace", "verbose", "monitor", "errtrace", "functrace", "noclobber", "noglob",
))  # fmt: skip
_LISTED = frozenset(("history", "histexpand"))
_QUIET_OPTIONS = frozenset((
    "globstar", "nocasematch", "checkwinsize", "histappend", "cmdhist", "lithist", "inherit_errexit", "huponexit",
))  # fmt: skip
"""Options of bash that widen no expansion beyond what is assumed anyway."""
_GLOB_OPTIONS = frozenset(("nullglob", "dotglob", "extglob", "nocaseglob", "globasciiranges"))
_NAMES_SHOWN = regex(
    r"(?:-[abcdfgjksu]+ |-A (?:alias|builtin|command|directory|file|function|group|helptopic|job|keyword|shopt|signal|user) )+[\w.-]* ?\Z"
)
"""Uses of ``compgen`` that print names, but not those of variables."""
_NUMBERED = regex(r"%[^%sbq]*(?:[^%sbq\s\d.-]|\Z)")
"""A conversion of ``printf`` that isn't one of text alone."""
_ALIAS = regex(r"([\w.-]+)=", re.ASCII)


def _nothing(call: Invocation) -> Outcome:
    return call.state, call.state


def _succeed(call: Invocation) -> Outcome:
    return call.state, None


def _fail(call: Invocation) -> Outcome:
    return None, call.state


def _change(call: Invocation) -> Outcome:
    """``cd`` and ``pushd``: on success elsewhere, on failure where it was."""
    before = call.state.copy()
    call.interpreter.changes += 1
    state = call.state
    operands = [a for a in call.args[1:] if a.literal not in ("-P", "-L", "-e", "-@", "--", "-n")]
    push = call.args[0].text == "pushd"
    # Places of the directory stack: of pushd everywhere, of cd in zsh.
    place = push or (call.interpreter.dialect == "zsh" and operands[:1] and operands[0].text != "-")
    if not operands and not push:
        home = state.variables.get("HOME", Arg(call.interpreter.context.home))
        target = moved(state.cwd, home)
    elif len(operands) != 1 or operands[0].literal is None or (place and operands[0].text[:1] in "+-"):
        target = None
    elif operands[0].text == "-":
        target = state.previous
    else:
        target = moved(state.cwd, operands[0])
    if push and state.stack is not None:
        state.stack = (*state.stack, state.cwd) if target is not None else None
    state.move(target)
    return state, before


def _pop(call: Invocation) -> Outcome:
    before, state = call.state.copy(), call.state
    call.interpreter.changes += 1
    if len(call.args) > 1 or not state.stack:
        state.stack = None
        state.move(None)
    else:
        state.move(state.stack[-1])
        state.stack = state.stack[:-1]
    return state, before


def _exit(call: Invocation) -> Outcome:
    if call.evaluates(call.args[1:]):
        return call.opaque("a number that zsh evaluates")
    words = call.literals()
    if words is None or len(words) > 1 or any(not word.isdigit() for word in words):
        return call.state, call.state  # an error message instead of an exit in some shells
    return None, None


def _set(call: Invocation) -> Outcome:
    words = call.literals()
    if words == []:
        call.start().variable(AccessKind.READ, "*")
    if words is not None and all(_SET.match(word) or word in _SET_OPTIONS for word in words):
        call.state.shaky |= any(word == "noglob" or (word[:1] in "+-" and "f" in word) for word in words)
        return call.state, call.state
    if call.args[1:2] and call.args[1].literal == "--":
        call.state.positional = call.args[2:]
        return call.state, call.state
    if words and call.interpreter.dialect == "bash" and _WRONG_SET.match(words[0]):
        return None, call.state  # refused before it changes anything
    first = call.args[1] if len(call.args) > 1 else None
    if (
        first is not None
        and first.kind not in (OPEN, NUMBER)
        and not first.may_be_option
        and first.text[:1] not in ("-", "+")
    ):
        call.state.positional = call.args[1:]
        return call.state, call.state
    return call.opaque("set changes how the shell reads commands")


def _eval(call: Invocation) -> Outcome:
    code = joined(call.args[1:])
    if len(call.args) == 1:
        return call.state, call.state
    call.start(*call.args[1:])
    if code.literal is None:
        return call.opaque("eval of text that isn't known")
    after = call.interpreter.nested(code, call.state, call.interpreter.dialect)
    return after, after.copy()


def _source(call: Invocation) -> Outcome:
    """``source``: a file of the project is its own code, as when it is run; any other isn't known."""
    if len(call.args) == 1:
        return call.opaque("source without a file")
    state, file = call.state, call.args[1]
    running = Running(call.interpreter, state, call.args, call.span, call.stdin)
    text = running.content(file) if "/" in file.text and len(call.args) == 2 else None  # noqa: PLR2004 - no arguments
    drafted = text or running.content(file, perhaps=True)
    own = running.own(file)
    running.begin(call.args[1:], project_code=own)
    running.path(AccessKind.READ, file)
    if text is not None:
        after = call.interpreter.nested(text, state, call.interpreter.dialect)
        return after, after.copy()
    if drafted is not None:
        call.interpreter.nested(drafted, state.copy(), call.interpreter.dialect)
    if not own or running.meddled(file, read=drafted is not None):
        return call.opaque("sourced file may do anything")
    # What else it may do to this shell, it may as well do itself.
    state.variables = {n: Arg("", OPEN, None, v.sources) for n, v in state.variables.items()}
    return state, state.copy()


def _trap(call: Invocation) -> Outcome:
    words = call.args[1:]
    if words and words[0].literal in ("-l", "-p", "-", ""):
        return call.state, call.state
    if words[:1] and words[0].literal == "--":
        words = words[1:]
    if len(words) > 1:
        call.interpreter.record.again += 1
        call.interpreter.record.trail.loose += 1  # it runs again, later
        call.interpreter.nested(words[0], call.state.copy(), call.interpreter.dialect)
        call.interpreter.traps += ((words[0], call.interpreter.changes),)
    return call.state, call.state


def _leave(call: Invocation) -> Outcome:
    """``return``, ``break``, ``continue``: what follows may run all the same."""
    if call.evaluates(call.args[1:]):
        return call.opaque("a number that zsh evaluates")
    return _nothing(call)


def _shift(call: Invocation) -> Outcome:
    if call.evaluates(call.args[1:]):
        return call.opaque("a number that zsh evaluates")
    words = call.literals()
    count = 1 if words == [] else int(words[0]) if words and len(words) == 1 and words[0].isdigit() else None
    positional = call.state.positional
    known = positional is not None and all(a.kind is LITERAL for a in positional)
    call.state.positional = (
        positional[count:] if positional is not None and count is not None and known else None
    )
    return call.state, call.state


def _command(call: Invocation) -> Outcome:
    """``command`` and ``builtin``: the rest, without functions; with -v only a question."""
    rest, ended = call.args[1:], False
    while rest and rest[0].literal in ("-p", "--"):
        ended |= rest[0].literal == "--"
        rest = rest[1:]
    zsh = call.interpreter.dialect == "zsh"
    if rest and rest[0].literal in ("-v", "-V") and not ended:
        if zsh and any(arg.text.startswith("-") for arg in rest[1:2]):
            return call.opaque("command that isn't known")  # with an option it doesn't know it runs -v
        return call.state, call.state
    if rest and (rest[0].kind is not LITERAL or rest[0].text.startswith("-")):
        wrong = (
            rest[0].kind is LITERAL
            and call.interpreter.dialect == "bash"
            and not ended
            and rest[0].text[1:2] not in "pvV-"
        )
        return (None, call.state) if wrong else call.opaque("command that isn't known")
    if zsh and call.args[0].text == "command" and rest and rest[0].text in BUILTINS:
        return call.opaque("command before a builtin, which zsh takes for a program")
    functions = call.state.functions
    call.state.functions = {}
    ok, bad = call.interpreter.program(rest, call.state, call.span, call.stdin)
    for end in (ok, bad):
        if end is not None:
            end.functions = functions
    return ok, bad


def _exec(call: Invocation) -> Outcome:
    rest = call.args[1:]
    if not rest:
        return call.state, call.state
    state = call.state.copy()
    while rest and rest[0].literal in ("-c", "-l", "-cl", "--"):
        if rest[0].text in ("-c", "-cl"):
            state.variables[GIT_GUARD] = Arg("", OPEN)
            state.exported = state.exported.union((GIT_GUARD,))
        rest = rest[1:]
    if rest and rest[0].literal == "-a":
        rest = rest[2:]
    if not rest or rest[0].kind is not LITERAL or rest[0].text.startswith("-"):
        return call.opaque("exec of a program that isn't known")
    if call.interpreter.dialect == "zsh" and (rest[0].text in BUILTINS or rest[0].text == "noglob"):
        return call.opaque("exec of a word that modifies a command")
    call.interpreter.program(rest, state, call.span, call.stdin, functions=False)
    return call.state, call.state


def _test(call: Invocation) -> Outcome:
    """``test`` and ``[``: ``-v`` evaluates a subscript, the rest only looks."""
    for first, second in zip(call.args[1:], call.args[2:], strict=False):
        if first.literal in ("-v", "-R") and (second.literal is None or not NAME.match(second.text)):
            return call.opaque("test -v evaluates a subscript")
    return call.state, call.state.copy()


def _plain(call: Invocation) -> Outcome:
    """``wait``, ``jobs``, ``hash``: options run programs, assign or redirect names."""
    words = ["0" if arg.kind is NUMBER else arg.literal or "-" for arg in call.args[1:]]
    if any(word.startswith("-") and word not in ("-r", "-l", "-p", "-n") for word in words):
        return call.opaque(f"option of {call.args[0].text}")
    if call.args[0].text == "hash" and any("=" in word for word in words):
        return call.opaque("hash says what a name runs")
    if any(word in ("-p", "-n") for word in words) and call.args[0].text != "jobs":
        return call.opaque(f"option of {call.args[0].text}")
    return call.state, call.state


def _shopt(call: Invocation) -> Outcome:
    """``shopt``: some options are harmless, some change what a glob stands for."""
    words = call.literals()
    if words is None and len(call.args) > 2 and call.args[1].kind is UNKNOWN:  # noqa: PLR2004 - a name stands behind it
        rest = [arg.literal for arg in call.args[2:]]
        if all(rest):  # one word: whether they are set, unset or only asked for; no name alone is set
            words = ["-s", *(word for word in rest if word)]
    names = {word for word in words or () if not word.startswith("-")}
    if words is not None and "-o" in words and names <= _SET_OPTIONS | _LISTED:  # as `set` knows them
        call.state.shaky |= "noglob" in names
        return call.state, call.state.copy()
    if words is None or not names <= _QUIET_OPTIONS | _GLOB_OPTIONS:
        return call.opaque("shopt changes how the shell reads commands")
    if any(word.startswith("-") and word not in ("-s", "-u", "-q", "-p") for word in words):
        return call.opaque("option of shopt")
    call.state.shaky |= not names <= _QUIET_OPTIONS
    return call.state, call.state.copy()


def _alias(call: Invocation) -> Outcome:
    """``alias`` and ``unalias``: from here on it isn't known what the names run; what they may run is followed."""
    words = call.literals()
    if words is None or (words and words[0].startswith("-")):
        return call.opaque(f"form of {call.args[0].text}")
    removing = call.args[0].text == "unalias"
    for word in words:
        match = _ALIAS.match(word)
        if match is None and "=" in word:
            return call.opaque("name of an alias")
        if match or (removing and (word in call.state.functions or word in call.interpreter.context.aliases)):
            call.state.functions[match[1] if match else word] = None
            if match:
                call.interpreter.aliased[match[1]] = word[match.end() :]
    return call.state, call.state.copy()


def _compgen(call: Invocation) -> Outcome:
    """``compgen``: prints names that the shell knows; functions and commands of the caller's choice run to find more."""
    words = call.literals()
    if words is None or not _NAMES_SHOWN.match(" ".join((*words, ""))):
        return call.opaque("form of compgen")
    call.start()
    return call.state, call.state


def _opaque(call: Invocation) -> Outcome:
    return call.opaque(f"shell builtin {call.args[0].text}")


def _bind(call: Invocation) -> Outcome:
    """``bind``: lists keys; any other use gives keys a meaning."""
    words = call.literals()
    if words and all(re.fullmatch(r"-[lpPsSvVX]+", word) for word in words):
        call.start(*call.args[1:])
        return call.state, call.state
    return call.opaque("bind gives keys a meaning")


def _history(call: Invocation) -> Outcome:
    """``history``: shows the list or clears it, which the session may write back to its file."""
    if "HISTFILE" in call.state.variables:
        return call.opaque("history in a file of the script's choice")
    words = [arg.literal for arg in call.args[1:]]
    if len(words) == 2 and words[1] is None and call.args[2].kind is not OPEN:  # noqa: PLR2004 - an option and a file
        words[1] = "-" if call.args[2].may_be_option and call.args[2].text else "file"
    match words:
        case []:
            kind = AccessKind.READ
        case [str(count)] if count.isdigit():
            kind = AccessKind.READ
        case [str(flags)] if re.fullmatch("-[cnrw]+", flags):
            kind = AccessKind.WRITE if set("cw") & set(flags) else AccessKind.READ
        case ["-d", _] | ["-a"]:
            kind = AccessKind.WRITE
        case ["-r" | "-n" | "-w" | "-a" as flag, str(_)]:
            kind = AccessKind.READ if flag in ("-r", "-n") else AccessKind.WRITE
            call.start(*call.args[1:]).path(kind, call.args[2])
            return call.state, call.state
        case _:
            return call.opaque("form of history")
    call.start(*call.args[1:]).path(kind, Arg(call.interpreter.context.home + "/.bash_history"))
    return call.state, call.state


def _printf(call: Invocation) -> Outcome:
    given = call.args[3 if call.args[1:2] and call.args[1].literal == "-v" else 1 :]
    formed = given[0].literal if given else ""
    if (formed is None or _NUMBERED.search(formed.replace("%%", ""))) and call.evaluates(given[1:]):
        return call.opaque("a number that zsh evaluates")
    if len(call.args) > 2 and call.args[1].text.startswith("-v"):  # noqa: PLR2004 - printf -v name
        name = call.args[2].literal if call.args[1].literal == "-v" else None
        if name is None or not NAME.match(name):
            return call.opaque("printf -v into a name that isn't known")
        call.interpreter.set_variable(call.state, name, Arg("", UNKNOWN), call.span, exported=False)
        sources = sources_of(call.args)
        words = (call.args[0], *call.args[3:])
        held = printed(call.interpreter, words, call.state, None) if len(words) > 1 else None
        call.state.variables[name] = held or Arg("", UNKNOWN, call.span, sources)
        return call.state, call.state
    if len(call.args) > 1 and call.args[1].may_be_option:
        return call.opaque("printf with a format that isn't known may assign")
    call.start(*call.args[1:])
    call.interpreter.output = printed(call.interpreter, call.args, call.state, call.stdin)
    return call.state, call.state


def _time(call: Invocation) -> Outcome:
    running = call.start(*call.args[1:])  # as a word, not a keyword, it is a program
    rest = call.args[1:]
    while rest and rest[0].literal is not None and (match := _TIMING.match(rest[0].text)):
        taken = 2 if match["value"] == "" else 1
        if match["file"] and rest[taken - 1 : taken]:
            name = rest[taken - 1]
            running.path(AccessKind.WRITE, name.with_text(match["value"]) if match["value"] else name)
        rest = rest[taken:]
    return (
        call.interpreter.program(rest, call.state, call.span, call.stdin)
        if rest
        else (call.state, call.state)
    )


_TIMING = regex(
    r"(?:-[pvqa]+|--(?:portability|verbose|quiet|append)?|(?:-(?P<file>o)|-f)(?P<value>.*))\Z", re.DOTALL
)
"""Options of ``time``, the program."""


def _printenv(call: Invocation) -> Outcome:
    running = call.start(*call.args[1:])
    words = call.literals()
    if words is None:
        return call.opaque("printenv of a name that isn't known")
    names = [word for word in words if word not in ("-0", "--null")]
    for name in names or ["*"]:
        running.variable(AccessKind.READ, name)
    return call.state, call.state


BUILTINS: Mapping[str, Builtin] = {
    ":": _succeed, "true": _succeed, "false": _fail,
    **dict.fromkeys(("return", "break", "continue"), _leave),
    **dict.fromkeys(("times", "umask", "ulimit", "type", "bg", "fg", "disown", "suspend", "logout", "dirs", "help"), _nothing),
    "cd": _change, "pushd": _change, "popd": _pop, "exit": _exit,
    **dict.fromkeys(("export", "declare", "typeset", "local", "readonly"), assigning.declare),
    "unset": assigning.unset, "set": _set, "read": assigning.read, "mapfile": assigning.mapfile, "readarray": assigning.mapfile,
    "eval": _eval, "source": _source, ".": _source, "trap": _trap, "let": assigning.let, "getopts": assigning.getopts,
    **dict.fromkeys(("wait", "jobs", "hash"), _plain),
    "shift": _shift, "command": _command, "builtin": _command, "exec": _exec, "test": _test, "[": _test,
    "printf": _printf, "printenv": _printenv, "time": _time,
    "bind": _bind, "compgen": _compgen, "history": _history, "shopt": _shopt, "alias": _alias, "unalias": _alias,
    **dict.fromkeys(("enable", "complete", "compopt", "fc", "caller", "setopt", "unsetopt", "zmodload", "autoload", "emulate", "zle", "bindkey", "functions", "vared", "zcompile", "coproc"), _opaque),
}  # fmt: skip
"""Every builtin that is more than the program of its name."""
