"""The kernel as the judge: what does a command line really open, change, start and contact?

A command runs in a fresh tree inside bubblewrap (read-only host, no network) under strace. Every file opened for
writing, created, renamed, removed, linked or changed, every file of the tree that is read, every program started and
every peer contacted must have been predicted, or the reader must have said opaque.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import argv_oracle

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, HostTarget, PathTarget, ProgramTarget
from bailiwick.model.glob import path_glob

ROOT = "/w"
CONTENT = {
    "a.txt": "aaa\nbbb\n",
    "b.txt": "bbb\n",
    "sub/c.txt": "ccc\nddd\n",
    "sub/d.log": "x\n",
    "a b.txt": "sp\n",
    "x.c": "int main(void) { return 0; }\n",
    "t.json": '{"a": [1, 2]}\n',
    "names": "a.txt\nb.txt\n",
}
FILES = ["a.txt", "b.txt", "sub/c.txt", "sub/d.log", "new1", "new2", "out/x", "a b.txt"]
Event = tuple[AccessKind, str]

_CALL = re.compile(r"(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)")
_BROKEN = re.compile(r"(\d+)\s+(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+)\s+<\.\.\. \w+ resumed>(.*)$")
_AT = re.compile(r'(?:AT_FDCWD|\d+)<([^>]*)>, "((?:[^"\\]|\\.)*)"')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_ADDRESS = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_OWN = re.compile(r"/(?:proc|dev|sys)(?:/|\Z)|/tmp/(?:sh-thd|zsh|cc)[^/]*\Z|/var/run/nscd/|/run/systemd/")
"""What shells, libraries and compilers touch on their own account."""
_HELPERS = {
    "gunzip": {"gzip", "sh", "bash"}, "zcat": {"gzip"}, "gzexe": {"gzip"}, "uncompress": {"gzip"}, "egrep": {"grep"},
    "fgrep": {"grep"}, "rgrep": {"grep"}, "zgrep": {"gzip", "grep", "sed"}, "bzgrep": {"bzip2", "grep", "sed"},
    "xzgrep": {"xz", "grep", "sed"}, "bzdiff": {"bzip2", "diff", "mktemp", "rm", "basename", "sed"}, "zdiff": {"gzip", "diff", "mktemp", "rm", "sed"},
    "xzdiff": {"xz", "diff", "sed", "mktemp", "rm"}, "zcmp": {"zdiff", "gzip", "cmp"}, "sdiff": {"diff"}, "diff3": {"diff"},
    "gcc": {"cc1", "as", "collect2", "ld"}, "ldd": {"bash"}, "shasum": {"perl"}, "install": {"strip"}, "watch": {"sh"},
    "tar": {"gzip", "bzip2", "xz", "zstd"}, "split": {"sh"}, "pod2text": {"perl"},
    "dpkg": {"dpkg-query"}, "apt-cache": {"dpkg"}, "lsb_release": {"cut", "getopt", "tr", "sed", "grep", "head"},
}  # fmt: skip
"""Programs that a program (a shell script, mostly) is made of."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the processes did: files, programs by base name, peers as ``address:port``."""

    files: frozenset[Event] = frozenset()
    programs: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Reading:
    here: dict[str, str] = field(default_factory=dict)
    files: set[Event] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    peers: set[str] = field(default_factory=set)


@cache
def available() -> bool:
    """Whether bubblewrap and strace work here."""
    if not argv_oracle.available() or shutil.which("strace") is None:
        return False
    probe = ["strace", "-f", "-o", "/dev/null", "true"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def tree(root: Path) -> None:
    """A fresh tree for one command."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "sub").mkdir(parents=True)
    (root / "out" / "m1").mkdir(parents=True)
    for name, text in CONTENT.items():
        (root / name).write_text(text, encoding="utf-8")
    for suffix, packer in ((".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz"), (".zst", "zstd")):
        packed = _packed(packer)
        if packed:
            (root / f"p.txt{suffix}").write_bytes(packed)
    (root / "base.tar").write_bytes(_archive())


@cache
def _packed(packer: str) -> bytes:
    if shutil.which(packer) is None:
        return b""
    return subprocess.run([packer, "-c"], input=b"packed\n", check=True, capture_output=True).stdout


@cache
def _archive() -> bytes:
    make = "tar -C /etc -cf - hostname --transform s/hostname/a.txt/"
    return subprocess.run(make.split(), check=True, capture_output=True).stdout


def run(text: str, scratch: Path) -> str:
    """Run ``text`` in the sandbox; strace's log."""
    tree(scratch / "w")
    log = scratch / "log"
    log.write_text("", encoding="utf-8")
    sandbox = [
        "bwrap", "--unshare-all", "--die-with-parent", *argv_oracle.host_binds(), "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--bind", str(scratch / "w"), ROOT, "--bind", str(log), "/log", "--chdir", ROOT,
        "--setenv", "HOME", "/home/u", "--setenv", "LC_ALL", "C.UTF-8", "--unsetenv", "TMPDIR",
        "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
        "strace", "-f", "-qq", "-y", "-s", "400", "-e", "trace=%file,%process,chdir,fchdir,connect,sendto", "-e", "signal=none",
        "-o", "/log", "prlimit", "--fsize=1000000", "bash", "--norc", "-c", text,
    ]  # fmt: skip
    subprocess.run(sandbox, check=False, timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
    return log.read_text(encoding="utf-8", errors="replace")


def _whole(log: str) -> Iterator[str]:
    """The log's lines, with calls that other processes interrupted put together again."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        if match := _BROKEN.match(line):
            begun[match[1]] = match[2]
        elif match := _RESUMED.match(line):
            yield f"{match[1]} {begun.pop(match[1], '')}{match[2]}"
        else:
            yield line


def observe(log: str) -> Log:
    """What the processes of a log did."""
    reading = _Reading()
    for line in _whole(log):
        if match := _CALL.match(line):
            _call(reading, *match.groups())
    # Programs open the directory they stand in without O_DIRECTORY; that reads no file.
    standing = {(AccessKind.READ, path) for path in reading.here.values()}
    files = {
        (kind, path)
        for kind, path in reading.files - standing
        if path.startswith(ROOT + "/") or (kind is not AccessKind.READ and not _OWN.match(path))
    }
    return Log(frozenset(files), frozenset(reading.programs), frozenset(reading.peers))


def _call(reading: _Reading, process: str, call: str, arguments: str, result: str) -> None:
    if call == "connect" and (address := _ADDRESS.search(arguments)) and (port := _PORT.search(arguments)):
        # The attempt counts: there is no network here. What the resolver is asked is predicted as a peer by its name.
        reading.peers |= {f"{address[1]}:{port[1]}"} if port[1] != "53" else set()
    if result.startswith("-"):
        return
    here = reading.here.get(process, ROOT)
    if call in {"clone", "clone3", "vfork", "fork"}:
        reading.here[result] = here
    elif call == "chdir":
        reading.here[process] = _join(here, _STRING.findall(arguments)[0])
    elif call == "fchdir" and (opened := re.search(r"<([^>]*)>", arguments)):
        reading.here[process] = opened[1]
    elif call == "execve":
        reading.programs.add(_STRING.findall(arguments)[0].rsplit("/", 1)[-1])
    else:
        paths = [_join(base, name) for base, name in _AT.findall(arguments)]
        reading.files |= _effects(
            call, arguments, paths or [_join(here, n) for n in _STRING.findall(arguments)]
        )


def _join(base: str, name: str) -> str:
    name = name.encode("latin-1", "replace").decode("unicode_escape")
    return os.path.normpath(name if name.startswith("/") else f"{base}/{name}")


def _effects(call: str, arguments: str, paths: list[str]) -> set[Event]:
    if not paths:
        return set()
    match call:
        case "open" | "openat" | "creat":
            if "O_TMPFILE" in arguments:  # it never gets a name
                return set()
            if call == "creat" or re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", arguments):
                return {(AccessKind.WRITE, paths[0])}
            looked = "O_PATH" in arguments or "O_DIRECTORY" in arguments
            return set() if looked else {(AccessKind.READ, paths[0])}
        case "unlink" | "unlinkat" | "rmdir":
            return {(AccessKind.DELETE, paths[0])}
        case "rename" | "renameat" | "renameat2":
            return {(AccessKind.DELETE, paths[0]), (AccessKind.WRITE, paths[-1])}
        case "link" | "linkat" | "symlink" | "symlinkat":
            return {(AccessKind.WRITE, paths[-1])}
        case (
            "mkdir" | "mkdirat" | "mknod" | "mknodat" | "chmod" | "fchmodat" | "fchmodat2" | "truncate" | "utimensat"
            | "utime" | "utimes" | "futimesat" | "chown" | "lchown" | "fchownat" | "setxattr" | "lsetxattr" | "removexattr"
            | "lremovexattr"
        ):  # fmt: skip
            return {(AccessKind.WRITE, paths[0])}
        case _:
            return set()


def observed(log: str) -> set[Event]:
    """What the processes read, wrote and removed below the root."""
    return {(kind, path) for kind, path in observe(log).files if path.startswith(ROOT + "/")}


def covered(facts: Facts, kind: AccessKind, path: str) -> bool:
    """Whether the facts name this access; removing what may be written (temporary files) is no more than writing.

    A file of settings that is changed is read and written.
    """
    kinds = {
        AccessKind.READ: {AccessKind.READ, AccessKind.WRITE, AccessKind.CHANGE_CONFIG},
        AccessKind.DELETE: {AccessKind.DELETE, AccessKind.WRITE, AccessKind.CHANGE_CONFIG},
        AccessKind.WRITE: {AccessKind.WRITE, AccessKind.CHANGE_CONFIG},
    }[kind]
    for access in facts.accesses:
        target = access.target
        if isinstance(target, ProgramTarget) and target.project_code:
            return True
        if not isinstance(target, PathTarget) or access.kind not in kinds:
            continue
        if target.path == path or (target.pattern and path_glob(target.path).matches(path)):
            return True
    return False


def predict(text: str) -> Facts | None:
    """What the reader says; None where it doesn't claim to understand."""
    facts = analyze_shell(text, ShellContext(cwd=ROOT, home="/home/u", project=ROOT))
    if facts.opaque or any(isinstance(a.target, ProgramTarget) and a.target.unknown for a in facts.accesses):
        return None
    return facts


def missed(text: str, scratch: Path) -> list[str] | None:
    """What happened unpredicted; None where the reader doesn't claim to understand."""
    facts = predict(text)
    if facts is None:
        return None
    log = observe(run(text, scratch))
    wrong = [
        f"{kind} {path}"
        for kind, path in log.files
        if not covered(facts, kind, path)
        and not (kind is AccessKind.READ and (scratch / path[1:]).is_dir())  # to flush its names, say
    ]
    targets = [access.target for access in facts.accesses]
    named = {t.name for t in targets if isinstance(t, ProgramTarget)} | {"bash", "sh", "prlimit"}
    named |= {helper for name in named for helper in _HELPERS.get(name, ())}
    if not any(isinstance(t, ProgramTarget) and t.project_code for t in targets):
        wrong += [f"execute {name}" for name in log.programs - named]
    peers = {t.host for t in targets if isinstance(t, HostTarget)}
    ports = {f"{t.host}:{t.port}" for t in targets if isinstance(t, HostTarget)}
    if "*" not in peers:
        wrong += [
            f"connect {peer}"
            for peer in log.peers
            if peer not in ports
            and (peer.rpartition(":")[0] not in peers or f"{peer.rpartition(':')[0]}:None" not in ports)
        ]
    return sorted(wrong)
