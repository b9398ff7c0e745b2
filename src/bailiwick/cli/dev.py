"""`bailiwick dev`: for those who extend Bailiwick itself."""

import argparse
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from bailiwick.analysis.commands.help_text import MAX_HELP, read_help
from bailiwick.analysis.commands.scaffold import NAME, scaffold
from bailiwick.analysis.commands.specification import names

DONE, USAGE, ENVIRONMENT = 0, 2, 3
FOLDER = Path("src/bailiwick/analysis/commands")
"""Where specifications stand in a checkout."""
HELP_SECONDS = 10
_HIDDEN = ("/tmp", "/run", "/home", "/root")  # noqa: S108 - where sockets and secrets are, not where anything is written

_NEXT = """\
Nothing in it is decided yet, and nothing reads it until it is:
  1. give every `undecided` a role; docs/shell.md says what each means, the files beside it are examples
  2. write at least three examples: everyday use, the most dangerous use, an option that must be opaque
  3. {place}.venv/bin/pytest tests/analysis/commands -k {name}
  4. make docs, so that the reference lists it"""


class _UsageError(Exception):
    """What was asked can't be done as asked; the message names the mend."""


class _EnvironmentError(Exception):
    """This machine can't do it; the message names the mend."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    group = verbs.add_parser("dev", help="extend Bailiwick itself", description=__doc__)
    group.set_defaults(func=run)
    inner = group.add_subparsers(dest="dev_verb", metavar="VERB", required=True)
    what = "start the specification of a command that the shell reader doesn't know, from its help"
    verb = inner.add_parser(
        "new-command",
        help=what,
        description=f"{what[0].upper()}{what[1:]}. The program is run with --help alone, in a sandbox without "
        "network that can write nothing. What it would do stays for the author to decide.",
    )
    verb.add_argument("name", metavar="NAME", help="the command's name")
    verb.add_argument(
        "--help-text", metavar="FILE", help="its help in a file (- for standard input); the program isn't run"
    )
    verb.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write; in a checkout its own place"
    )
    verb.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(asked: argparse.Namespace) -> int:
    """Exit code 0 when a file was written, 2 when it can't be, 3 when the program's help can't be had."""
    try:
        return _new_command(asked)
    except _UsageError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except _EnvironmentError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT


def _new_command(asked: argparse.Namespace) -> int:
    name: str = asked.name
    if NAME.match(name) is None:
        raise _UsageError(f"{name!r} is no command's name; write the base name, as in `git`")
    if name in names():
        raise _UsageError(f"{name} is already described in {FOLDER / names()[name]}; extend that")
    at_home = FOLDER.is_dir()
    path: Path = asked.output or (FOLDER if at_home else Path()) / f"{name}.yaml"
    if path.exists():
        raise _UsageError(f"{path} is there already; finish it, or name another file with --output")
    if asked.help_text is None:
        text, source = _help_of(name), f"`{name} --help`"
    else:
        text, source = _given(asked.help_text), "the help text that was given"
    told = read_help(text)
    with path.open("x", encoding="utf-8") as file:
        file.write(scaffold(name, told, source=source))
    if asked.json:
        counts = {"options": len(told.options), "subcommands": len(told.subcommands)}
        print(json.dumps({"file": str(path), **counts}))
        return DONE
    print(f"Wrote {path}: {len(told.options)} options, {len(told.subcommands)} sub-commands.")
    print(_NEXT.format(name=name, place="" if at_home else f"move it to {FOLDER} of a checkout, then "))
    if not told.options and not told.subcommands:
        print("Its help is not in a layout that is understood: list the options by hand, from its manual.")
    return DONE


def _given(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read(4 * MAX_HELP).decode(errors="replace")
    with Path(name).open("rb") as file:
        return file.read(4 * MAX_HELP).decode(errors="replace")


def _help_of(name: str) -> str:
    """What ``NAME --help`` prints, run where it can change nothing and reach nobody."""
    instead = f"run `{name} --help > help.txt` yourself where you trust it, and give --help-text help.txt"
    program, bubblewrap = shutil.which(name), shutil.which("bwrap")
    if program is None:
        raise _UsageError(f"there is no program {name} on PATH; give its help with --help-text")
    if bubblewrap is None:
        raise _EnvironmentError(f"{name} isn't run without a sandbox, and bwrap isn't here: {instead}")
    sandbox = _sandbox(bubblewrap, Path(program).resolve())
    if subprocess.run([*sandbox, "true"], capture_output=True, check=False).returncode:
        raise _EnvironmentError(f"{name} isn't run without a sandbox, and bwrap can't make one: {instead}")
    with subprocess.Popen(
        [*sandbox, program, "--help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        late = threading.Timer(HELP_SECONDS, process.kill)
        late.start()
        try:
            told = process.stdout.read(4 * MAX_HELP) if process.stdout else b""
        finally:
            late.cancel()
            process.kill()
    text = told.decode(errors="replace")
    if not text.strip():
        raise _EnvironmentError(f"{name} --help printed nothing within {HELP_SECONDS} s: {instead}")
    return text


def _sandbox(bubblewrap: str, program: Path) -> list[str]:
    """A read-only file system without a network, homes, other programs' sockets and environment."""
    hidden = [place for place in _HIDDEN if not program.is_relative_to(place)]
    return [
        bubblewrap,
        *("--unshare-all", "--die-with-parent", "--new-session"),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *(word for place in hidden for word in ("--tmpfs", place)),
        *("--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "HOME", "/"),
        *("--setenv", "LC_ALL", "C.UTF-8", "--setenv", "COLUMNS", "200", "--chdir", "/", "--"),
    ]
