"""Bash as the judge: what argument vectors does it really start?

Strings are put together from harmless fragments (names ``aa`` to ``dd``, no slash, empty PATH) and run by bash
inside bubblewrap; ``command_not_found_handle`` logs every argument vector. A string that the reader claims to
understand must have predicted each of them.
"""

import random
import shutil
import subprocess
import sys
from pathlib import Path

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import Facts, ProgramTarget

FRAGMENTS = [
    "aa", "bb", "pp", "qq", " ", " ", " ", " ", "  ", "\n", "\n", "\\\n", "\\", "'", '"', "`", "`", "$(", "$(", ")",
    ")", "(", "{ ", "; }", "{", "}", "${x:-", "${x}", "$x", "${x#", "}", "$'", "'", "\\x41", "&&", "||", "|", "|&",
    ";", ";", "&", ">f", "<f", ">&2", "2>f", "<<E\n", "\nE\n", "<<'E'\n", "#", "[", "]", "[[ ", " ]]", "((", "))",
    "if ", "then ", "fi", "do ", "done", "while ", "for i in ", " in ", "case ", "esac", ";;", "! ", "time ",
    "coproc ", "function ", "f()", "ff()", "=", "x=", "x=(", "y=1 ", "*", "?", "~", "\t", "\r", "!", "$", '"', '$"',
    "<(", ">(", "$((", "1", "+", "a[", "a[1]=", "eval ", "select ", "else ", "elif ", "until ", "echo ", "\\`",
    '\\"', "\\'", "\\$", "aa bb", "pp qq", "{a,b}", "{1..2}", "-", "--", ",", '"$(', '")', "'`", "`'", "command ",
    "exec ", "\\\\", "$[", "]", "@", "^", "%", "!(", "\x0b", "\u00a0", "$''", '""', "''", "<<-E\n", "\tE\n", "&>f",
    "$#", "$!", "# c\n", "\\\n#", "${#x}", "${!x}", "declare ", "export ", "[ ", " ]", "test ", "aa;", "; bb",
    "x=qq;", "$x ", '"$x"', "bash -c ", "'aa bb'", "set -- ", '"$@"', "$1 ", "shift;", "cd .;", "f(){ ", "f ",
    "break;", "return;", "local ", "unset x;", "read x;", "true ", "false ", ": ", "${x%V}", "${x:=pp}", "${y-qq}",
    "printf ", "%s ", "X'V ", "{a,b}{c,d}", "{aa,'b b'}", "$'\\t'", "y+=2 ", "x=aa bb ", "env ", "let ", "x++ ",
]  # fmt: skip
HANDLER = (
    "command_not_found_handle() { local IFS=' '; "
    "builtin printf '%s\\0' \"$@\" $'\\1' >> \"$REC\"; return 0; }\n"
)
DRIVER = """
import os, subprocess, sys
for i in range(int(sys.argv[1])):
    environment = {"PATH": "/nonexistent", "BASH_ENV": "/s/handler", "REC": "/s/out/%d" % i, "LC_ALL": "C.UTF-8", "x": "XV", "HOME": "/nonexistent"}
    os.makedirs("/w/%d" % i)
    try:
        subprocess.run(["/bin/bash", "/s/in/%d" % i], env=environment, cwd="/w/%d" % i, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=2)
    except subprocess.TimeoutExpired:
        pass
"""


def available() -> bool:
    """Whether bubblewrap works here."""
    if shutil.which("bwrap") is None:
        return False
    probe = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def generate(seed: int, count: int) -> list[str]:
    """Distinct strings; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    found: dict[str, None] = {}
    while len(found) < count:
        text = "".join(source.choice(FRAGMENTS) for _ in range(source.randint(2, 13)))
        if text.strip() and "/" not in text:
            found[text] = None
    return list(found)


def observe(commands: list[str], scratch: Path) -> list[list[list[str]]]:
    """Run every command in one sandbox without network, PATH or writable host; the argument vectors of each."""
    for name in ("in", "out"):
        (scratch / name).mkdir(parents=True)
    for number, command in enumerate(commands):
        (scratch / "in" / str(number)).write_text(command, encoding="utf-8", newline="")
    (scratch / "handler").write_text(HANDLER, encoding="utf-8")
    (scratch / "driver.py").write_text(DRIVER, encoding="utf-8")
    sandbox = [
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/w", "--bind", str(scratch), "/s",
        sys.executable, "-IS", "/s/driver.py", str(len(commands)),
    ]  # fmt: skip
    # /w and /s are mount points that the host may lack; a tmpfs root would hide the interpreter.
    sandbox[sandbox.index("--ro-bind") : sandbox.index("--proc")] = host_binds()
    subprocess.run(sandbox, check=True, timeout=900, stdin=subprocess.DEVNULL)
    return [_vectors(scratch / "out" / str(number)) for number in range(len(commands))]


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


def _vectors(log: Path) -> list[list[str]]:
    if not log.exists():
        return []
    vectors: list[list[str]] = []
    current: list[str] = []
    for piece in log.read_bytes().decode("utf-8", "surrogateescape").split("\0"):
        if piece == "\1":
            vectors.append(current)
            current = []
        else:
            current.append(piece)
    return vectors


def missed(number: int, command: str, vectors: list[list[str]]) -> list[list[str]] | None:
    """The vectors that weren't predicted; None where the reader doesn't claim to understand the command."""
    cwd = f"/w/{number}"
    facts = analyze_shell(
        command, ShellContext(cwd=cwd, home="/nonexistent", project=cwd, environment={"x": "XV"})
    )
    if facts.opaque:
        return None
    programs = [a.target for a in facts.accesses if isinstance(a.target, ProgramTarget)]
    return [vector for vector in vectors if not any(_covers(p, vector) for p in programs)]


def _covers(program: ProgramTarget, vector: list[str]) -> bool:
    if not program.open_ended:
        return len(program.argv) == len(vector) and all(
            p is None or p == v for p, v in zip(program.argv, vector, strict=True)
        )
    if not vector or program.argv[0] != vector[0]:
        return False
    position = 0
    for word in vector:  # the known words in their order, unknown ones in between
        if position < len(program.argv) and program.argv[position] in {None, word}:
            position += 1
    return position == len(program.argv) or None in program.argv


def claims(facts: Facts) -> bool:
    """Whether nothing is opaque."""
    return not facts.opaque
