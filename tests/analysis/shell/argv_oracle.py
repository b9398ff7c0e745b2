"""Real shells as the judges: what argument vectors do they start?

Strings over harmless names (``aa`` to ``qq``, no slash) are run inside bubblewrap, without network, with a read-only
host and nothing on PATH; whatever would be started is logged instead. A string that the reader claims to understand
must have predicted each vector, and one that the parser accepts must show the command that it came from.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.syntax import Parameter, Simple, Text, UnsupportedSyntaxError, parts_of
from bailiwick.model.access import Facts, ProgramTarget

NAMES = ("aa", "bb", "pp", "qq")
"""The programs of the strings; none exists on any machine."""
VALUE = "XV"
"""What ``$x`` holds."""
_END = "\4"
_BETWEEN = "\3"
_ANY = f"(?:[^{_BETWEEN}]*{_BETWEEN})*"
_ONE = f"[^{_BETWEEN}]*{_BETWEEN}"
# One line for each vector: bash writes line by line, and what runs in the background writes in between.
_LOG = "local word line=; for word; do line+=${word//$'\\n'/$'\\2'}$'\\3'; done; builtin printf '%s' \"$line\"$'\\4\\3' >> \"$REC\""
_LOGGER = '#!/bin/sh\nprintf "%s\\003" "${0##*/}" "$@" "$(printf "\\004")" >> "$REC"\n'
_DRIVER = r"""
import json, os, resource, signal, subprocess
given = json.load(open("/s/given"))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))
resource.setrlimit(resource.RLIMIT_NPROC, (400, 400))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number, (text, argv, path) in enumerate(given["runs"]):
    where = f"/w/{number}"
    os.mkdir(where)
    environment = {"PATH": path, "REC": f"/s/out/{number}", "BASH_ENV": "/s/start/bash", "ZDOTDIR": "/s/start",
                   "LC_ALL": "C.UTF-8", "x": given["x"], "HOME": "/nonexistent"}
    process = subprocess.Popen(argv, env=environment, cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One string, the dialect it is read in, and what the shell of that dialect started."""

    text: str
    dialect: str
    where: str = ""
    vectors: tuple[tuple[str, ...], ...] = field(default=(), compare=False)


def available(dialect: str = "bash") -> bool:
    """Whether bubblewrap works here and the shell of the dialect is installed."""
    return shutil.which(program(dialect)) is not None and _sandbox_works()


@cache
def _sandbox_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def program(dialect: str) -> str:
    """The shell that speaks a dialect: Debian's plain shell is dash."""
    return "dash" if dialect == "sh" else dialect


def observe(texts: list[str], dialect: str, scratch: Path) -> list[Run]:
    """Run every string in one sandbox; what each one started.

    A string is run as the client does (``eval`` in ``-c``), plainly in ``-c``, or as a file, in turn.
    """
    runs: list[tuple[str, list[str], str]] = []
    for name in ("start", "out", "in", "bin"):
        (scratch / name).mkdir(parents=True)
    (scratch / "start" / "bash").write_text(f"command_not_found_handle() {{ {_LOG}; }}\n", encoding="utf-8")
    (scratch / "start" / ".zshenv").write_text(
        f"command_not_found_handler() {{ emulate -L zsh; {_LOG}; }}\n", encoding="utf-8"
    )
    for parts in (*product(NAMES), *product(NAMES, NAMES)):
        logger = scratch / "bin" / "".join(parts)
        logger.write_text(_LOGGER, encoding="utf-8")
        logger.chmod(0o755)
    shell = f"/bin/{program(dialect)}"
    for number, text in enumerate(texts):
        file = scratch / "in" / str(number)
        file.write_text(text, encoding="utf-8", newline="")
        quoted = "'" + text.replace("'", "'\\''") + "'"
        plain = " " + text if text[0] in "+-" else text  # it would be taken for an option
        argv = ([shell, "-c", f"eval {quoted} < /dev/null"], [shell, "-c", plain], [shell, f"/s/in/{number}"])
        # The handler doesn't see `exec`, and a plain shell has none.
        path = "/s/bin" if dialect == "sh" or "exec" in text else "/nonexistent"
        runs.append((text, argv[number % 3], path))
    (scratch / "given").write_text(json.dumps({"runs": runs, "x": VALUE}), encoding="utf-8")
    (scratch / "driver.py").write_text(_DRIVER, encoding="utf-8")
    sandbox = [
        "bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", *host_binds(), "--proc", "/proc",
        "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/w", "--bind", str(scratch), "/s",
        sys.executable, "-IS", "/s/driver.py",
    ]  # fmt: skip
    subprocess.run(sandbox, check=True, timeout=900, stdin=subprocess.DEVNULL)
    return [
        Run(text, dialect, f"/w/{number}", _vectors(scratch / "out" / str(number)))
        for number, text in enumerate(texts)
    ]


def host_binds() -> list[str]:
    """Mounts that show the host read-only, without its temporary and run-time directories."""
    binds: list[str] = []
    for entry in sorted(Path("/").iterdir()):
        if entry.name in {"proc", "dev", "tmp", "run", "w", "s", "sys"}:
            continue
        if entry.is_symlink():
            binds += ["--symlink", str(entry.readlink()), str(entry)]
        elif entry.is_dir():
            binds += ["--ro-bind", str(entry), str(entry)]
    return binds


def _vectors(log: Path) -> tuple[tuple[str, ...], ...]:
    if not log.exists():
        return ()
    vectors: list[tuple[str, ...]] = []
    current: list[str] = []
    for piece in log.read_bytes().decode("utf-8", "surrogateescape").split(_BETWEEN):
        if piece == _END:
            vectors.append(tuple(current))
            current = []
        else:
            current.append(piece.replace("\2", "\n"))
    return tuple(vectors)


def accepted(texts: Iterable[str], dialect: str) -> Iterator[str]:
    """Those that the parser accepts; running the others would show nothing."""
    for text in texts:
        try:
            parse(text, dialect)
        except UnsupportedSyntaxError:
            continue
        yield text


# -- the reader


@dataclass(slots=True)
class Tally:
    """What a run of the oracle found. ``unread`` and ``unseen`` must stay empty."""

    ran: int = 0
    started: int = 0
    claimed: int = 0
    unread: list[tuple[str, list[tuple[str, ...]]]] = field(default_factory=list)
    unseen: list[tuple[str, list[tuple[str, ...]]]] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Judge one run, by the parser and by the whole reader."""
        self.ran += 1
        self.started += bool(run.vectors)
        read, seen = missed(run), unseen(run)
        self.claimed += read is not None and bool(run.vectors)
        if read:
            self.unread.append((run.text, read))
        if seen:
            self.unseen.append((run.text, seen))

    def sound(self) -> None:
        """Fail when a vector wasn't predicted, or when too little was run to tell."""
        assert self.unseen == [], "the parser accepts a string and shows no command for what it starts"
        assert self.unread == [], "the reader claims to understand and doesn't predict what is started"
        assert self.started > self.ran // 4
        assert self.claimed > self.ran // 5


def missed(run: Run, dialect: str | None = None) -> list[tuple[str, ...]] | None:
    """The vectors that the reader didn't predict; None where it doesn't claim to understand."""
    facts = read(run.text, dialect or run.dialect, run.where)
    if facts.opaque:
        return None
    globs = re.search(r"[*?\[]", run.text) is not None
    programs = [a.target for a in facts.accesses if isinstance(a.target, ProgramTarget)]
    return [vector for vector in run.vectors if not any(_covers(p, vector, globs=globs) for p in programs)]


def read(text: str, dialect: str, where: str) -> Facts:
    """What the reader says of a string run as the oracle runs it."""
    context = ShellContext(
        cwd=where, home="/nonexistent", project=where, dialect=dialect, environment={"x": VALUE}
    )
    return analyze_shell(text, context)


def _covers(target: ProgramTarget, vector: tuple[str, ...], *, globs: bool) -> bool:
    """Whether the facts stand for the vector. A pattern is one unknown word in the facts and any number of files."""
    hole = _ANY if globs else _ONE
    shape = "".join(
        (hole if word is None else re.escape(_descriptor(word)) + _BETWEEN)
        + (_ANY if target.open_ended else "")
        for word in target.argv
    )
    return re.fullmatch(shape, "".join(_descriptor(word) + _BETWEEN for word in vector)) is not None


def _descriptor(word: str) -> str:
    """Process substitutions by one name: bash counts their descriptors down, the reader names them all alike."""
    return re.sub(r"/(?:dev|proc/self)/fd/\d+", "/dev/fd/63", word)


# -- the parser alone

_STARTERS = frozenset(("command", "exec", "builtin", "env", "noglob", "nocorrect", "-"))
_EVALUATORS = re.compile(r"\$_|eval|trap|alias|source|bash|\bsh\b|\benv\b|\.[ \t]")


def unseen(run: Run) -> list[tuple[str, ...]] | None:
    """The vectors that belong to no command of the syntax tree; None where the parser refuses the string."""
    try:
        tree = parse(run.text, run.dialect)
    except UnsupportedSyntaxError:
        return None
    if not run.vectors or _EVALUATORS.search(re.sub(r"[\\'\"]", "", run.text)):
        return []
    shapes = re.compile("|".join(_shapes(tree)) or r"(?!)")
    return [v for v in run.vectors if not shapes.fullmatch("".join(word + _BETWEEN for word in v))]


def _shapes(tree: Any) -> Iterator[str]:
    for node in simple_commands(tree):
        words = [_shape(word) for word in node.words]
        yield "".join(words)
        if node.words and (node.words[0].literal is None or node.words[0].literal in _STARTERS):
            yield from ("-?" + "".join(words[start:]) for start in range(1, len(words)))


def _shape(word: Arg) -> str:
    if word.literal is not None:
        return re.escape(word.literal) + _BETWEEN
    fixed = all(
        (part.quoted or not re.search(r"[*?\[{~]", part.text))
        if isinstance(part, Text)
        else getattr(part, "quoted", True)
        and not (isinstance(part, Parameter) and part.name.endswith(("@", "[@]")))
        for part in parts_of(word)
    )
    return _ONE if fixed else _ANY


def simple_commands(tree: Any) -> Iterator[Simple]:
    """Every simple command of a syntax tree, those inside substitutions included."""
    todo: list[Any] = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, Simple):
            yield item
        if isinstance(item, tuple):
            todo += item
        elif is_dataclass(item):
            todo += [getattr(item, part.name) for part in fields(item)]
