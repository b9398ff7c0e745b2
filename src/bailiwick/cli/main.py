"""The `bailiwick` command: one module per group of verbs, named below, each of which registers its own."""

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence

from bailiwick import __version__

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "init": ("init",),
    "policy": ("policy",),
    "explain": ("explain",),
    "decide": ("decide",),
    "analyze": ("analyze",),
    "claude": ("claude",),
    "sandbox": ("sandbox",),
    "dlp": ("dlp",),
    "skill": ("skill",),
    "why": ("why",),
    "log": ("log",),
    "witness": ("witness",),
    "evidence": ("evidence",),
    "sink": ("sink",),
    "detect": ("detect",),
    "status": ("status",),
    "service": ("service",),
    "install": ("install", "uninstall"),
    "doctor": ("doctor",),
    "dev": ("dev",),
}
"""Every module of verbs and what it registers, in the order of the help text; a test compares."""

EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3

_MENUS: tuple[list[str], ...] = (
    [],
    ["policy"],
    ["sandbox"],
    ["dlp"],
    ["skill"],
    ["log"],
    ["witness"],
    ["evidence"],
    ["sink"],
    ["detect"],
    ["dev"],
)
"""What names a group of verbs and none of them: whoever types it wants to see what there is."""

_MENDS = {
    "claude": "; put the client's own arguments after --",
    "explain": "; put the whole command in quotes, so that it is one word",
}
"""What to do about words too many."""


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, from which the reference page is generated; with a known ``verb`` only as much as it needs.

    Each verb's module is imported when it is asked for: all of them together take longer than most verbs run.
    """
    top = argparse.ArgumentParser(
        prog="bailiwick",
        description="Keeps coding agents inside their bailiwick: decides every tool call, records it, proves both.",
        epilog="Exit codes: 0 done, 1 findings or denials, 2 usage or policy error, 3 environment.",
    )
    top.add_argument("--version", action="version", version=f"bailiwick {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    needed = [module for module, registered in COMMANDS.items() if verb in registered]
    for module in needed or COMMANDS:
        importlib.import_module(f"bailiwick.cli.{module}").register(verbs)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    _standard_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    top = parser(words[0] if words else None)
    if words in _MENUS:
        print(_menu(top, words), file=sys.stderr)
        return EXIT_USAGE
    asked, left = top.parse_known_args(words)
    if len(left) == 1 and not left[0].startswith("-") and getattr(asked, "records", None) == "-":
        # Python 3.11 takes an optional last word for left out when options stand before it.
        asked.records = left.pop()
    if left:
        top.error(f"unrecognized arguments: {' '.join(left)}{_MENDS.get(asked.verb, '')}")
    try:
        code: int = asked.func(asked)
        sys.stdout.flush()
    except BrokenPipeError:
        _say_no_more()  # the reader of a pipe went away; that is not our failure
        return 0
    except OSError as error:  # a disk that is full, mostly: what a verb can mend it has told itself
        print(f"bailiwick: {error.filename or 'standard output'}: {error.strerror or error}", file=sys.stderr)
        try:
            sys.stdout.flush()  # what was said before
        except OSError:
            _say_no_more()
        return EXIT_USAGE if isinstance(error, ValueError) else EXIT_ENVIRONMENT  # a file that can't be meant
    except KeyboardInterrupt:
        return 130
    return code


def _standard_streams() -> None:
    """Have all three: what is closed (``>&-``) leads nowhere, and its number goes to no file that is opened later."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end


def _say_no_more() -> None:
    """What is left in the buffer goes nowhere, so that Python doesn't complain at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _menu(top: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """The help of the group that ``words`` name."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        top.parse_args([*words, "--help"])
    return shown.getvalue().rstrip()


if __name__ == "__main__":
    sys.exit(main())
