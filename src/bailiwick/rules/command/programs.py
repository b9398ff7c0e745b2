"""Which programs fetch from the network, and which run what they are given."""

import re
from collections.abc import Mapping

from bailiwick.model.access import ProgramTarget
from bailiwick.model.regex import regex

NETWORK = frozenset(
    (
        *("curl", "curlie", "wget", "wget2", "aria2c", "http", "https", "xh", "httpie", "fetch", "lynx", "w3m", "links"),
        *("nc", "ncat", "netcat", "socat", "telnet", "ftp", "lftp", "tftp", "scp", "sftp", "rsync", "ssh"),
        *("gsutil", "gh", "Invoke-WebRequest", "iwr"),
    )
)  # fmt: skip
"""Programs whose output may have come from the network."""

_SHELL = regex(r"(?:ba|da|z|k|mk|a|c|tc|fi)?sh|rbash|busybox")
_LANGUAGE = regex(
    r"(?:python|pypy|perl|ruby|node|nodejs|lua|luajit|php|tclsh|Rscript|osascript|pwsh|powershell|deno|bun|groovy|julia)[\d.]*"
)
_BUILTIN = frozenset(("source", ".", "eval"))
_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/", "/proc/self/fd/")

_CODE_OPTION: Mapping[str, frozenset[str]] = {
    "sh": frozenset(("-c",)),
    "python": frozenset(("-c", "-m")),
    "pypy": frozenset(("-c", "-m")),
    "php": frozenset(("-r", "-f", "-B", "-R")),
    "pwsh": frozenset(("-c", "-Command", "-File", "-f")),
    "powershell": frozenset(("-c", "-Command", "-File", "-f")),
}
_USUAL_CODE_OPTION = frozenset(
    ("-e", "--eval", "-E", "-p", "--print", "-n", "-ne", "-pe", "-lne", "-nle", "-i")
)
_VALUE_OPTIONS = frozenset(
    (
        "-o",
        "+o",
        "-O",
        "+O",
        "-W",
        "-X",
        "--rcfile",
        "--init-file",
        "-r",
        "--require",
        "--import",
        "--loader",
        "-I",
        "-l",
        "-d",
    )
)
_SAYS_ONLY = frozenset(("--version", "-V", "--help", "-v"))


def is_interpreter(name: str) -> bool:
    """Whether the program named ``name`` runs code that it reads."""
    return name in _BUILTIN or bool(_SHELL.fullmatch(name) or _LANGUAGE.fullmatch(name))


def runs_its_input(program: ProgramTarget) -> bool:
    """Whether an interpreter takes what reaches it as code, rather than as data for code it was given otherwise.

    ``curl | python3`` runs it, ``curl | python3 -c 'import json ...'`` and ``curl | python3 -m json.tool`` read it.
    An unknown word may be the code itself (``bash -c "$(curl ...)"``).
    """
    if program.name in _BUILTIN or None in program.argv:
        return True
    words = [word for word in program.argv[1:] if word is not None]
    family = "sh" if _SHELL.fullmatch(program.name) else program.name.rstrip("0123456789.")
    code_options = _CODE_OPTION.get(family, _USUAL_CODE_OPTION)
    position = 0
    while position < len(words):
        word = words[position]
        if word in code_options or word in _SAYS_ONLY:
            return False
        if family == "sh" and re.fullmatch(r"-[a-z]*s[a-z]*", word):
            return True
        if family == "sh" and re.fullmatch(r"-[a-z]*c[a-z]*", word):
            return False
        if word in _VALUE_OPTIONS:
            position += 2
        elif (word.startswith("-") and word != "-") or (word == "run" and family in {"deno", "bun"}):
            position += 1
        else:
            return word.startswith(_STANDARD_INPUT[1:]) or word == "-"
    return True
