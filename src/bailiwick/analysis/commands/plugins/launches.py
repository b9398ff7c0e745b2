"""Commands written as words of a developer tool: ``npx c8 git push``, ``concurrently 'a' 'b'``, ``make CC='a b'``.

Where a tool is known to start its words they are run; of every other tool a word with blanks is read as shell code
where its first word is a known program, since no such tool says which of its words it gives to a shell.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.foreign import PATTERNS
from bailiwick.analysis.commands.plugins.results import pairs
from bailiwick.analysis.commands.specification import names
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine

STARTERS = frozenset(("npx", "bunx", "pnpx", "uvx", "pipx"))
"""Programs that fetch another and start it."""
_VALUED = frozenset(("--package", "-p", "--from", "--with", "--spec", "--python", "-w", "--workspace"))
"""Options of theirs that take the next word."""
_AFTER = {
    "poetry": "run", "pdm": "run", "pipenv": "run", "rye": "run", "pixi": "run", "hatch": "run", "conda": "run",
    "mamba": "run", "bundle": "exec", "bundler": "exec", "mise": "exec", "rtx": "exec", "asdf": "exec", "direnv": "exec",
    "rbenv": "exec", "pyenv": "exec", "fnm": "exec", "nvm": "exec", "volta": "run", "lerna": "exec", "nx": "exec",
    "stack": "exec", "cabal": "exec", "opam": "exec", "dune": "exec", "uv": "run", "cross-env": "", "cross-env-shell": "",
    "dotenv": "", "dotenvx": "run", "env-cmd": "", "shx": "", "c8": "", "nyc": "",
}  # fmt: skip
"""Programs that start another, with the word it stands after; none where it is the first operand."""
_WORKSPACES = frozenset(("yarn", "pnpm"))
_SHELLED = frozenset(("concurrently", "conc", "start-server-and-test", "hyperfine", "watchexec"))
"""Programs of which every operand may be a command line."""
_SCRIPT_NAME = regex(r"(?:npm|pnpm|yarn|bun|node|deno):|http|\d+\Z|[a-z]+:\S*\Z")
_TEETH = frozenset((
    "git", "rm", "sh", "bash", "zsh", "dash", "ksh", "sudo", "doas", "su", "curl", "wget", "nc", "ssh", "scp", "rsync", "npm",
    "npx", "pnpm", "yarn", "claude", "docker", "podman", "kubectl", "cat", "cp", "mv", "dd", "chmod", "chown", "tee", "sed", "awk",
    "perl", "python", "python3", "ruby", "php", "gh", "glab", "aws", "gcloud", "terraform", "xargs", "base64", "eval",
))  # fmt: skip
"""Programs that are hardly ever the name of a tool's own sub-command: as its first operand they are started."""
_HOLDS = regex(
    r"--?[\w.-]*\bon(?:[A-Z]|-)[A-Za-z]*\Z|(?i:--?(?:[\w.-]*exec(?:ute)?|[\w.]*\.on[a-z]+|[\w-]*run[_-](?:under|with)|[\w-]*wrap(?:per)?|[\w-]*launcher|[\w-]*post-?renderer"
    r"|[\w-]*chooser|[\w-]*command|[\w-]*cmd|[\w-]*shell|[\w-]*hook|[\w-]*runner|[\w-]*pager|[\w-]*editor|with-[\w-]+|pdflatex|latex|xelatex|lualatex|p:\w+event|p:[\w]*command)\Z)"
)
"""Options whose value is a command, in the words of many programs."""
_SAYS = regex(r"(?i)(?:message|msg|title|comment|description|name|desc|text|body|grep|filter|pattern)\Z")
"""Options and variables whose value is prose."""
_MODULES = frozenset(("pip", "pip3", "pipx", "uv", "twine", "http.server", "easy_install"))
"""Modules that do something of their own, whoever runs them."""
_EXPANDING = frozenset(("make", "gmake", "just", "rake", "task", "ninja"))
_EXPANDS = regex(r"\$[({]|`|\A[\w.-]+\s*(?:::?:?)?!?=.*;|\A[\w.-]+!=", re.DOTALL)
_INNER = regex(r"\$[({]shell\s+(.*)[)}]|`(.*)`|\A[\w.-]+!=(.*)", re.DOTALL)
_CODE = regex(
    r"\b(?:require|import|eval|exec\w*|spawn\w*|system|popen|File\.\w+|System\.\w+|child_process|readFile\w*)\s*[(.]|\.execute\(\)"
)
"""Code in some language, in one word."""


def started(name: str, words: Sequence[Arg]) -> tuple[str, list[Arg]]:
    """The tool that ``npx -y tool words`` starts, and its words; of another program itself and its own."""
    rest = list(words)
    if name not in STARTERS:
        return name, rest
    if name == "pipx" and rest and rest[0].literal == "run":
        rest.pop(0)
    while rest and rest[0].text.startswith("-"):
        valued = rest.pop(0).text in _VALUED
        if valued and rest:
            rest.pop(0)
    if not rest or rest[0].literal is None:
        return "", rest
    tool = rest.pop(0).text.rsplit("/", 1)[-1]
    return tool.partition("@")[0].partition("==")[0], rest


def launch(machine: "Machine", program: str, words: Sequence[Arg]) -> None:
    """Read the commands among the words of a program that runs the project's code."""
    _values(machine, program, words)
    if program in _SHELLED:
        _command_lines(machine, words)
        return
    if program in _WORKSPACES:
        _workspaces(machine, program, words)
    if program == "coverage":
        module = next((n for n, word in enumerate(words) if word.literal in _MODULES), 0)
        if module and words[module - 1].literal == "-m":
            machine.run((Arg("python3"), *words[module - 1 :]))
        return
    verb = _AFTER.get(program)
    rest = _behind(words, verb) if verb is not None else _first(words)
    if rest and verb == "exec" and " " in rest[0].text:
        machine.script(rest[0])
    elif rest:
        known(machine, rest)


def known(machine: "Machine", words: Sequence[Arg]) -> None:
    """Run a command where its program is one that specifications know; others are the project's."""
    name = words[0].text.rsplit("/", 1)[-1] if words and words[0].literal is not None else ""
    if name in names():
        machine.run(tuple(words))


def _command_lines(machine: "Machine", words: Sequence[Arg]) -> None:
    """Read operands as shell code, but names of scripts and single words behind an option, which it may take."""
    before = ""
    for word in words:
        option, before = before, word.text
        if word.text.startswith("-") or _SCRIPT_NAME.match(word.text):
            continue
        if not (option.startswith("-") and " " not in word.text and word.text not in names()):
            machine.script(word)


def _behind(words: Sequence[Arg], verb: str) -> list[Arg]:
    rest = list(words)
    if verb:
        while rest and rest[0].literal != verb:
            rest.pop(0)
        rest = rest[1:]
    while rest and (rest[0].text.startswith("-") or (not verb and "=" in rest[0].text)):
        rest.pop(0)
    if not rest or rest[0].text in names():
        return rest
    # An option before it took the first word, or it is a program of the project's.
    teeth = next((n for n, word in enumerate(rest) if word.literal in _TEETH), None)
    return rest if teeth is None or not words[0].text.startswith("-") else rest[teeth:]


def _first(words: Sequence[Arg]) -> list[Arg]:
    """The command that a tool is told to start, though nothing is known of the tool."""
    for number, word in enumerate(words):
        before = words[number - 1].literal if number else None
        if before in ("--", "exec") and word.literal is not None and word.text in names():
            return list(words[number:])
    first = next((n for n, word in enumerate(words) if not word.text.startswith("-")), None)
    if first is not None and words[first].literal in _TEETH and len(words) > first + 1:
        return list(words[first:])
    return []


def _workspaces(machine: "Machine", program: str, words: Sequence[Arg]) -> None:
    """``yarn workspace x add y``, ``pnpm recursive add y``: the same command in another directory of the project."""
    texts = [word.literal for word in words]
    if texts[:1] == ["workspace"]:
        rest = list(words[2:])
    elif texts[:2] == ["workspaces", "foreach"]:
        rest = _behind(words[2:], "")
    elif program == "yarn" and texts[:1] == ["node"]:
        machine.run(tuple(words))
        return
    elif texts[:1] in (["recursive"], ["multi"], ["m"]):
        rest = list(words[1:])
    else:
        return
    if rest and rest[0].literal in ("exec", "dlx"):
        known(machine, _behind(rest[1:], ""))
    elif rest:
        machine.run((Arg(program), *rest))


def _values(machine: "Machine", program: str, words: Sequence[Arg]) -> None:
    for option, held in pairs(words):
        if option in PATTERNS or _SAYS.search(option):
            continue
        if _HOLDS.match(option) and not held.text.startswith("-"):
            _line(machine, held, sure=" " in held.text)
        elif " " in held.text:
            _line(machine, held, sure=False)
        elif _CODE.search(held.text):
            machine.opaque("inline code", held.span)
    for word in words if program in _EXPANDING else ():
        if _EXPANDS.search(word.text):
            machine.opaque("a variable that runs a program", word.span, AccessKind.EXECUTE)
            for inner in _INNER.findall(word.text):
                _line(machine, word.with_text(next(filter(None, inner), "").strip()), sure=False)


_ENGLISH = frozenset(
    ("import", "test", "time", "which", "date", "last", "who", "id", "top", "true", "false", "look", "w")
)
"""Programs that do nothing of note, and words that prose and code begin with."""
_FIRST_WORD = regex(r"\s*(?:\w+=\S*\s+)*([\w./+-]+)(?=\s|[;&|]|\Z)")


def _line(machine: "Machine", word: Arg, *, sure: bool) -> None:
    """Shell code where the first word is a known program, or where the option is ``sure`` to hold some."""
    found = _FIRST_WORD.match(word.text)
    program = found[1].rsplit("/", 1)[-1] if found else ""
    if program in names() and program not in _ENGLISH:
        machine.script(word)
    elif sure and not program.startswith("-"):
        machine.opaque("a command in an option", word.span, AccessKind.EXECUTE)
