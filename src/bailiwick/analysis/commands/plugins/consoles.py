"""Consoles and inline code of frameworks and runtimes: code in an option, on standard input, or typed."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Arg, Machine

_CODE_OF = {
    "rails": r"runner|r|console|c|dbconsole|db", "manage.py": r"shell|shell_plus|dbshell", "django-admin": r"shell|dbshell",
    "flask": r"shell", "artisan": r"tinker", "mix": r"-e|--eval|eval|--rpc-eval", "iex": r"-e|--eval|-S", "elixir": r"-e|--eval",
    "sbt": r"eval\b.*|console\w*|consoleProject", "mill": r"console|repl", "kotlinc": r"-e|-expression|-script", "kotlin": r"-e|-expression",
    "scala": r"-e|--execute-script", "swift": r"-e|repl", "stack": r"eval|ghci|repl|runghc|runhaskell|script", "cabal": r"repl|ghci",
    "dotnet": r"fsi|script", "jupyter": r"console|qtconsole", "ipython": r"-c|-i", "hanami": r"console",
    "prisma": r"--stdin|--to-stdin", "lein": r"repl|-e", "clj": r"-e|--eval", "clojure": r"-e|--eval", "bb": r"-e|--eval",
    "sbcl": r"--eval|--load", "groovy": r"-e", "mvn": r"groovy:execute|gmaven\S*:execute|.*gmavenplus\S*:execute|exec:\w+|jshell:run|scala:console",
    "crystal": r"eval|i|play", "nim": r"--eval\S*|secret", "elm": r"repl", "drush": r"php:eval|ev|php:cli|sql:cli|sqlc|sql:query",
    "wp": r"eval|shell|db", "typeorm": r"query", "airflow": r"shell", "scrapy": r"shell",
    "tsx": r"-e|-p|--eval|--print|-pe|repl", "ts-node": r"-e|-p|-pe|--eval|--print|-i", "esno": r"-e", "jiti": r"-e", "swc-node": r"-e|-p",
    "deno": r"eval|repl|-e|--eval|-", "bun": r"-e|-p|--eval|--print|repl|exec|-", "latexmk": r"-e|-r|--?shell-escape|--?enable-write18",
    "rake": r"console",
    "rollup": r".*[({].*", "spring": r"shell",
}  # fmt: skip
"""What stands for a console or for inline code among the words of one program."""
_FILES = regex(r"(?!-)[\w./-]+\.(?:rb|exs?|hs|fsx|csx|kts|sc|php|py)\Z")
"""A script of the project, which some of these take where others take code."""
_FROM_INPUT = frozenset(
    ("tsx", "ts-node", "esno", "jiti", "swc-node", "irb", "pry", "ipython", "iex", "sbcl", "jshell")
)
"""Programs that take code from standard input where they are given none."""
_FETCHING = frozenset(("deno", "bun"))
"""Runtimes that run what an address gives them."""
_SCRIPTED = frozenset(("runner", "r", "runghc", "runhaskell", "script", "fsi"))


@cache
def _pattern(code: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{code})(?:=.*)?", re.DOTALL)


def console(machine: "Machine", program: str, words: Sequence["Arg"]) -> None:
    """Say that what a console is given, or is typed in it, isn't known."""
    _secrets(machine, program, words)
    code = _CODE_OF.get(program)
    for word in words if program in _FETCHING else ():
        if word.text.startswith(("http://", "https://")):
            machine.opaque("code from the network", word.span, AccessKind.EXECUTE)
    if program in _FROM_INPUT and not words:
        machine.opaque("code from standard input or a terminal")
    if code is None:
        return
    for number, word in enumerate(words):
        if word.literal is None or not _pattern(code).fullmatch(word.text):
            continue
        behind = words[number + 1] if number + 1 < len(words) else None
        if word.text in _SCRIPTED and behind is not None and _FILES.match(behind.text):
            continue
        machine.opaque("inline code, or a console that runs what it is given", word.span)
        return


_SHOWING = regex(
    r"credentials:(?:show|edit|fetch|diff)|secrets:(?:show|edit)|encrypted:(?:show|edit)|env:decrypt|config:show|help:effective-settings|help:system|-Dexpression=(?:env|settings|session)\b.*|user-secrets|initializers"
)


def _secrets(machine: "Machine", program: str, words: Sequence["Arg"]) -> None:
    for word in words:
        if _SHOWING.fullmatch(word.text):
            machine.opaque(f"{program} shows what it keeps secret", word.span, AccessKind.READ)
