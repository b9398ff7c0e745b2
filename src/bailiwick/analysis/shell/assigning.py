"""The builtins that assign to variables or take them away: declarations, ``unset``, ``read``, ``mapfile``, ``getopts``, ``let``."""

import re

from bailiwick.analysis.commands.argument import GIT_GUARD, LITERAL, OPEN, PATTERN, UNKNOWN, Arg, Kind
from bailiwick.analysis.shell.invocation import NAME, Invocation
from bailiwick.analysis.shell.state import Outcome
from bailiwick.analysis.shell.syntax import Arithmetic
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

_ELEMENT = regex(r"[A-Za-z_]\w*\[\d+\]\Z", re.ASCII)
_LIMIT = regex(r"\d*\.?\d*\Z", re.ASCII)
_ZSH_READ = regex(r"-[rse]*[kqz]")
"""Options of ``read`` that only zsh knows."""
_PLAIN_ARITHMETIC = regex(r"[\w\s+*/%=<>!&|?:,~^()-]+\Z", re.ASCII)
_HARMLESS_DECLARATION = regex(r"-[girxaAt]+\Z")


def declare(call: Invocation) -> Outcome:  # noqa: C901, PLR0912 - one arm per form
    """``export``, ``declare``, ``local``, ``readonly``, ``typeset``."""
    state, interpreter = call.state, call.interpreter
    exporting = call.args[0].text == "export"
    frozen = False
    if call.args[0].text == "local" and not interpreter.inside and interpreter.dialect != "zsh":
        interpreter.record.opaque("local outside a function, where it fails", call.span)
    if _shows_functions(call):
        return state, state
    if all(arg.text.startswith(("-", "+")) and arg.literal is not None for arg in call.args[1:]):
        call.start().variable(AccessKind.READ, "*")
    for arg in call.args[1:]:
        if arg.kind is OPEN or arg.may_be_option or "[" in arg.text.partition("=")[0]:
            return call.opaque("declaration that isn't known")
        if arg.text.startswith(("-", "+")):
            if arg.literal in ("-n", "-f") and exporting:
                return call.opaque("export of a function or removal of one")
            if arg.literal is not None and (
                _HARMLESS_DECLARATION.match(arg.text) or arg.text in ("-p", "--")
            ):
                if "i" in arg.text:  # so does whatever is assigned to it later
                    return call.opaque("declaration that evaluates arithmetic")
                exporting |= "x" in arg.text
                frozen |= "r" in arg.text
                continue
            return call.opaque(f"option {arg.text} of {call.args[0].text}")
        name, equals, value = arg.text.partition("=")
        append = name.endswith("+")
        name = name.removesuffix("+")
        if not NAME.match(name) or (not equals and arg.literal is None):
            return call.opaque("declaration that isn't known")
        if not equals and any(option.literal == "-p" for option in call.args[1:]):
            call.start().variable(AccessKind.READ, name)
            continue
        if equals and name in state.variables and state.variables[name].kind is OPEN and not value:
            continue  # an array: its elements were assigned by the parser's own rule
        if equals and _evaluates(call, state.variables.get(name), arg.kind, value):
            return call.opaque("an array of which a declaration evaluates the text")
        if equals:
            held = arg.with_text(value)
            if append or held.kind is PATTERN:
                held = Arg("", UNKNOWN, arg.span, arg.sources)
            interpreter.set_variable(state, name, held, arg.span, exported=exporting)
            state.variables[name] = held
        elif exporting and name in state.variables:
            interpreter.set_variable(state, name, state.variables[name], arg.span, exported=True)
        elif call.args[0].text not in ("export", "readonly"):
            state.variables[name] = Arg("", OPEN, arg.span)  # inside a function a new, empty variable
        if call.args[0].text in ("local", "declare", "typeset"):
            interpreter.local_names |= {name}
        if frozen or call.args[0].text == "readonly":
            interpreter.frozen |= {name}
        if exporting:
            state.exported |= {name}
    return state, state


def _evaluates(call: Invocation, held: Arg | None, kind: Kind, value: str) -> bool:
    """Whether the text that is assigned may be one in parentheses, assigned to an array: bash then expands it once more."""
    if call.interpreter.dialect == "zsh" or not (
        value.startswith("(") or (kind is not LITERAL and not value)
    ):
        return False
    declared = any(arg.text.startswith("-") and set("aA") & set(arg.text) for arg in call.args[1:])
    return declared or (held is not None and held.kind is OPEN)


def _shows_functions(call: Invocation) -> bool:
    """Whether ``declare -f name`` only prints what functions are."""
    words = call.literals() or []
    return (
        call.args[0].text in ("declare", "typeset")
        and words[:1] in (["-f"], ["-F"], ["-pf"])
        and call.interpreter.dialect == "bash"
        and all(NAME.match(word) for word in words[1:])
    )


def unset(call: Invocation) -> Outcome:
    """``unset``: variables and functions are as if they had never been; a subscript is evaluated."""
    words = call.literals()
    if words is None and all(arg.kind is LITERAL or _plain_element(arg) for arg in call.args[1:]):
        # The name of a file may stand for ``array[2]``, and is then unset instead.
        words = [name for arg in call.args[1:] for name in _elements(arg)]
    if words is None:
        evaluates = any(arg.kind is not OPEN and "[" in arg.text for arg in call.args[1:])
        return call.opaque(
            "unset of a name that isn't known", None if evaluates else AccessKind.CHANGE_CONFIG
        )
    for word in words:
        if word in ("-v", "-f", "--") or _ELEMENT.match(word):
            continue
        if not NAME.match(word):
            return call.opaque("unset evaluates a subscript")
        call.interpreter.set_variable(
            call.state, word, Arg(""), call.span, exported=word in call.state.exported
        )
        call.state.variables[word] = Arg("", OPEN)
        if word == GIT_GUARD:
            call.state.exported = call.state.exported.union((word,))
        if word in call.state.functions:
            call.state.functions[word] = None
    return call.state, call.state


def _plain_element(arg: Arg) -> bool:
    return arg.kind is PATTERN and _ELEMENT.match(arg.text) is not None


def _elements(arg: Arg) -> list[str]:
    name, _, index = arg.text.partition("[")
    return [name, *(name + digit for digit in index[:-1])] if arg.kind is PATTERN else [arg.text]


def read(call: Invocation) -> Outcome:  # noqa: C901 - one arm per form
    """``read``: what it reads isn't known; only plain names are assigned."""
    words = _read_words(call)
    if words is None:
        return call.opaque("read into a name that isn't known")
    names: list[str] = []
    skip = limited = False
    for word in words:
        if skip:
            skip = False
            if word and limited and not _LIMIT.match(word):
                return call.opaque("limit of read that is evaluated")
        elif re.fullmatch(r"-[rse]*[pntdNui]", word):
            skip = True
            limited = call.interpreter.dialect == "zsh" and word[-1] in "ntu"
        elif re.fullmatch(r"-[rse]+|-[rse]*[pdntNui].+", word, re.DOTALL):
            continue
        elif re.fullmatch(r"-[rse]*a", word) or NAME.match(word):
            if NAME.match(word):
                names.append(word)
        elif call.interpreter.dialect == "bash" and _ZSH_READ.match(word):
            return None, call.state  # refused before it reads
        else:
            return call.opaque("form of read")
    sources = call.stdin.sources if call.stdin else frozenset[int]()
    for name in names or ["REPLY"]:
        call.interpreter.set_variable(call.state, name, Arg("", UNKNOWN), call.span, exported=False)
        array = any(word.startswith("-") and word.endswith("a") for word in words)
        call.state.variables[name] = Arg("", OPEN if array else UNKNOWN, call.span, sources)
    return call.state, call.state.copy()


def _read_words(call: Invocation) -> list[str] | None:
    """The words after ``read``, as far as they matter: of a prompt or a limit only that it is one word."""
    words: list[str] = []
    for arg in call.args[1:]:
        if arg.literal is not None:
            words.append(arg.text)
        elif arg.kind is not OPEN and words and re.fullmatch(r"-[rse]*[pntdNui]", words[-1]):
            words.append("")
        else:
            return None
    return words


def mapfile(call: Invocation) -> Outcome:
    """``mapfile``: what its array holds isn't known."""
    words = call.literals()
    if words is None or not all(re.fullmatch(r"-t|-d|''|", word) or NAME.match(word) for word in words):
        return call.opaque("form of mapfile")
    for word in ["MAPFILE", *words]:
        if NAME.match(word):
            sources = call.stdin.sources if call.stdin else frozenset()
            held = call.state.variables[word] = Arg("", OPEN, call.span, sources)
            call.interpreter.set_variable(call.state, word, held, call.span, exported=False)
    return call.state, call.state


def getopts(call: Invocation) -> Outcome:
    """``getopts``: what it finds isn't known."""
    words = call.literals()
    if words is None or len(words) < 2 or not NAME.match(words[1]):  # noqa: PLR2004 - option string and name
        return call.opaque("form of getopts")
    for name in (words[1], "OPTARG"):
        held = call.state.variables[name] = Arg("", UNKNOWN, call.span)
        call.interpreter.set_variable(call.state, name, held, call.span, exported=False)
    return call.state, call.state.copy()


def let(call: Invocation) -> Outcome:
    """``let``: understood for plain numbers and names only."""
    words = call.literals()
    if words is None or not all(_PLAIN_ARITHMETIC.match(word) for word in words):
        return call.opaque("let evaluates text as arithmetic")
    for word in words:
        names = tuple(re.findall(r"[A-Za-z_]\w*", word))
        call.interpreter.expander.arithmetic(
            Arithmetic(names), call.state, call.span or call.interpreter.span(0, 0)
        )
    return call.state, call.state.copy()
