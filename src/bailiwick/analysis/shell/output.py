"""What a command prints, where that follows from its words: the text that a substitution or a pipe hands on."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NUMBER,
    OPEN,
    Arg,
    Kind,
    Lines,
    Processes,
    sources_of,
)
from bailiwick.analysis.shell.redirection import content
from bailiwick.analysis.shell.state import State
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

MAX_COUNTED = 100
"""Numbers of one ``seq`` that are told apart."""
_SMALL = regex(r"\d{1,6}\Z", re.ASCII)
_PLAIN_PATH = regex(r"[\w.][\w./-]*\Z|/[\w./-]*\w/?\Z", re.ASCII)
_DIGITS_OF_TIME = regex(r"\+%[YmdHMSsjNyuVwFT](?:%[YmdHMSsjNyuVwFT]|[-_.:])*\Z")
_FORMAT = regex(r"(?:[^\\%]|\\[nt])+\Z", re.DOTALL)
_NUMBER = Arg("", NUMBER)


def printed(interpreter: "Interpreter", args: tuple[Arg, ...], state: State, stdin: Arg | None) -> Arg | None:
    """What the command ``args`` prints, or None where that isn't known.

    A number stands for any word of digits and ``-_.:`` that begins with a digit, too.
    """
    name = args[0].text
    if isinstance(stdin, Lines | Processes):
        return (
            stdin
            if all(arg.kind is LITERAL for arg in args) and _passes_on(name, [a.text for a in args[1:]])
            else None
        )
    if name == "cat":
        return _cat(interpreter, args, state, stdin)
    if name == "pwd":
        return Arg(state.cwd[0] + "\n") if len(args) == 1 and state.cwd and len(state.cwd) == 1 else None
    printer = _PRINTERS.get(name)
    if printer is None:
        return None
    words = [arg.text for arg in args[1:] if arg.kind is LITERAL]
    found = printer(words) if len(words) == len(args) - 1 else None
    if found is None:
        return None
    sources = sources_of(args)
    if isinstance(found, Processes):
        return Processes(
            "", OPEN, args[0].span, sources, word=found.word, chosen=args[1:] if not found.word else ()
        )
    if isinstance(found, Arg):
        return Arg("", found.kind, args[0].span, sources)
    if name == "echo" and "\\" in found and interpreter.dialect != "bash":
        return None
    return Arg(found, LITERAL, args[0].span, sources)


def _passes_on(name: str, words: list[str]) -> bool:
    """Whether a filter prints nothing but lines of its input."""
    options = [word for word in words if word.startswith("-")]
    match name:
        case "cat" | "uniq":
            return not words
        case "sort":
            return all(re.fullmatch(r"-[urfVn]+", word) for word in words)
        case "head" | "tail":
            return re.fullmatch(r"(?:-n ?)?[-+]?\d+|", " ".join(words)) is not None
        case "grep" | "egrep" | "fgrep":
            return len(words) == len(options) + 1 and all(re.fullmatch(r"-[vEiFwxPe]+", o) for o in options)
        case _:
            return False


def _cat(interpreter: "Interpreter", args: tuple[Arg, ...], state: State, stdin: Arg | None) -> Arg | None:
    match args[1:]:
        case () | (Arg("-", Kind.LITERAL),):
            return stdin
        case (file,):
            return content(interpreter, file, state)
        case _:
            return None


def _echo(words: list[str]) -> str | None:
    newline = "\n"
    if words and words[0] == "-n":
        words, newline = words[1:], ""
    return None if words and words[0].startswith("-") else " ".join(words) + newline


def _printf(words: list[str]) -> str | None:
    match words:
        case [form] if _FORMAT.match(form) and not form.startswith("-"):
            return form.replace("\\n", "\n").replace("\\t", "\t")
        case ["%s", value]:
            return value
        case ["%s\\n", *values] if values:
            return "".join(value + "\n" for value in values)
        case _:
            return None


def _seq(words: list[str]) -> str | None:
    if len(words) not in (1, 2) or not all(_SMALL.match(word) for word in words):
        return None
    counted = range(int(words[0]) if len(words) > 1 else 1, int(words[-1]) + 1)
    return "".join(f"{number}\n" for number in counted) if len(counted) <= MAX_COUNTED else None


def _basename(words: list[str]) -> str | None:
    if len(words) == 1 and _PLAIN_PATH.match(words[0]):
        return words[0].rstrip("/").rpartition("/")[2] + "\n"
    return None


def _dirname(words: list[str]) -> str | None:
    if len(words) == 1 and _PLAIN_PATH.match(words[0]):
        head, slash, _ = words[0].rstrip("/").rpartition("/")
        return (head.rstrip("/") or slash or ".") + "\n"
    return None


_OWN_PORTS = range(1024, 32768)
"""Ports that servers are told to take. The service listens above them."""


def _lsof(words: list[str]) -> Processes | None:
    """Those that hold a port: ``-t`` prints numbers alone."""
    told, ports = False, []
    rest = iter(words)
    for word in rest:
        told |= re.match(r"-[nPi]*t", word) is not None
        port = re.fullmatch(r"-[nPt]*i ?(?:tcp|TCP)?:(\d+)", word) or (
            re.fullmatch(r"(?:tcp|TCP)?:(\d+)", next(rest, "")) if word in ("-i", "-ti", "-it") else None
        )
        if port is not None:
            ports.append(int(port[1]))
        elif word not in ("-t", "-n", "-P", "-nP", "-Pn", "-a", "-nPt", "-Pnt", "-sTCP:LISTEN"):
            return None
    return Processes("", word=f":{ports[0]}") if told and len(ports) == 1 and ports[0] in _OWN_PORTS else None


def _pgrep(words: list[str]) -> Processes | None:
    """Those that a pattern chooses, one on a line."""
    aims = [word for word in words if not word.startswith("-")]
    options = all(re.fullmatch(r"-[fxno]+", word) for word in words if word.startswith("-"))
    return Processes("") if len(aims) == 1 and options else None


_PRINTERS: Mapping[str, Callable[[list[str]], str | Arg | None]] = {
    "echo": _echo,
    "printf": _printf,
    "seq": _seq,
    "basename": _basename,
    "dirname": _dirname,
    "lsof": _lsof,
    "pgrep": _pgrep,
    "nproc": lambda words: _NUMBER if words in ([], ["--all"]) else None,
    "getconf": lambda words: _NUMBER if words == ["_NPROCESSORS_ONLN"] else None,
    "id": lambda words: _NUMBER if words in (["-u"], ["-g"]) else None,
    "wc": lambda words: _NUMBER if words in (["-l"], ["-w"], ["-c"]) else None,
    "date": lambda words: _NUMBER if len(words) == 1 and _DIGITS_OF_TIME.match(words[0]) else None,
}
