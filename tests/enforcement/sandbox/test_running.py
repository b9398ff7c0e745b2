"""A command in the sandbox: what it finds there, how it ends, and what becomes of what is around it."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bailiwick.enforcement.sandbox.confinement import Reach
from bailiwick.service.sandbox.placeholders import Placeholders
from bailiwick.service.sandbox.runner import Backend, Sandbox, SandboxError
from confined import ENVIRONMENT, policy_of, run, sandbox_of
from planted import checksummed

BACKENDS = pytest.mark.parametrize("backend", [Backend.BUBBLEWRAP, Backend.LANDLOCK])
PROJECT_ONLY = {"writable": ["${project}/**"], "other": "deny"}
PYTHON = "/usr/bin/python3"
needs_python = pytest.mark.skipif(not Path(PYTHON).exists(), reason="the system has no Python of its own")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for name in ("project", "home", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path.resolve()


def sandbox(world: Path, backend: Backend | None = None, files: Any = None, **more: Any) -> Sandbox:
    sections = more.pop("sections", {})
    return sandbox_of(policy_of(files or PROJECT_ONLY, **sections), world, backend=backend, **more)


@BACKENDS
def test_exit_codes_pass_through(world: Path, backend: Backend) -> None:
    assert [run(sandbox(world, backend), "/bin/sh", "-c", f"exit {code}").code for code in (0, 42)] == [0, 42]


def test_an_end_by_a_signal_is_128_and_its_number(world: Path) -> None:
    assert (
        run(sandbox(world, Backend.BUBBLEWRAP), "/bin/sh", "-c", "kill -SEGV $$").code == 128 + signal.SIGSEGV
    )


@BACKENDS
def test_input_and_output_pass_through(world: Path, backend: Backend) -> None:
    done = run(sandbox(world, backend), "/bin/sh", "-c", "tr a-z A-Z; echo sorry >&2", stdin=b"hello")
    assert (done.stdout, done.stderr) == ("HELLO", "sorry\n")


def test_a_program_that_is_not_there_did_not_run(world: Path) -> None:
    done = run(sandbox(world, Backend.BUBBLEWRAP), "/nowhere/program")
    assert done.code == 70
    assert "the command did not run" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(world: Path, number: signal.Signals) -> None:
    said = world / "project" / "said"
    script = f"trap 'echo caught > {said}; exit 9' {number.value}; echo ready > {world}/project/ready; while :; do sleep 0.05; done"
    child = os.fork()
    if child == 0:
        os._exit(run_here(sandbox(world, Backend.BUBBLEWRAP), script))
    wait_for((world / "project/ready").exists)
    os.kill(child, number)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert (code, said.read_text()) == (9, "caught\n")


def test_the_end_of_the_runner_is_the_end_of_the_command(world: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(
            run_here(
                sandbox(world, Backend.BUBBLEWRAP),
                f"while :; do date > {world}/project/beat; sleep 0.05; done",
            )
        )
    beat = world / "project/beat"
    wait_for(beat.exists)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    deadline, last = time.monotonic() + 60, 0
    while last != (last := beat.stat().st_mtime_ns):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    # What it left behind is removed by the next run.
    assert (world / "project/.claude").is_dir()
    run(sandbox(world, Backend.BUBBLEWRAP), "/bin/true")
    assert sorted(path.name for path in (world / "project").iterdir()) == ["beat"]


def run_here(one: Sandbox, script: str) -> int:
    try:
        return one.run(["/bin/sh", "-c", script]).code
    except BaseException as error:  # noqa: BLE001 - this process must not go on as the test
        sys.stderr.write(f"{error}\n")
        return 70


def wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@BACKENDS
def test_secrets_of_the_environment_stay_out(world: Path, backend: Backend) -> None:
    token = checksummed("ghp_", "Zq3vT8mLx2Rb7Nc5Wd9Kf4Hj6Pg1Ys")
    given = ENVIRONMENT | {
        "PLAIN": "kept",
        "MY_TOKEN": "x",
        "BAILIWICK_TOKEN": "y",
        "PLAINER": token,
        "LD_PRELOAD": "/x.so",
    }
    sections = {"environment": {"ask": ["*TOKEN*"], "other": "allow"}}
    done = run(sandbox(world, backend, environment=given, sections=sections), "/usr/bin/env")
    names = {line.split("=")[0] for line in done.stdout.splitlines()}
    assert {"PATH", "PLAIN", "BAILIWICK_SANDBOXED"} <= names
    assert not names & {"MY_TOKEN", "BAILIWICK_TOKEN", "PLAINER", "LD_PRELOAD"}


REACHING = """
import socket, sys
tcp, udp = map(int, sys.argv[1:])
def reach(what, *act):
    try:
        one = socket.socket(*act[:2])
        one.settimeout(2)
        getattr(one, act[2])(*act[3:])
        print(what, "reached")
    except (OSError, AttributeError):
        print(what, "refused")
s = socket
reach("tcp", s.AF_INET, s.SOCK_STREAM, "connect", ("127.0.0.1", tcp))
reach("udp", s.AF_INET, s.SOCK_DGRAM, "sendto", b"x", ("192.0.2.1", udp))
reach("tcp6", s.AF_INET6, s.SOCK_STREAM, "connect", ("::ffff:127.0.0.1", tcp))
for family, kind in (("AF_PACKET", s.SOCK_RAW), ("AF_VSOCK", s.SOCK_STREAM), ("AF_ALG", s.SOCK_SEQPACKET), ("AF_BLUETOOTH", s.SOCK_SEQPACKET)):
    reach(family, getattr(s, family, 99), kind, "fileno")
"""


@needs_python
@BACKENDS
def test_no_network_of_any_kind(world: Path, backend: Backend) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        ports = [str(one.getsockname()[1]) for one in (listener, datagrams)]
        done = run(sandbox(world, backend), PYTHON, "-I", "-c", REACHING, *ports)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    said = dict(line.split() for line in done.stdout.splitlines())
    assert set(said.values()) == {"refused"}, said
    assert len(said) == 7


@needs_python
@BACKENDS
def test_sockets_of_other_programs_are_not_reached(world: Path, backend: Backend) -> None:
    path = world / "project" / "agent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
        done = run(sandbox(world, backend), PYTHON, "-I", "-c", code)
    assert done.code == 1
    assert "Error" in done.stderr


@needs_python
@BACKENDS
def test_processes_outside_are_not_reached(world: Path, backend: Backend) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], env={"SECRET": "in-the-environment"}) as other:
        code = f"""
import os
for act in (lambda: os.kill({other.pid}, 9), lambda: print(open("/proc/{other.pid}/environ").read()), lambda: print(open("/proc/1/environ").read())):
    try: act()
    except OSError: pass
"""
        done = run(sandbox(world, backend), PYTHON, "-I", "-c", code)
        still_there = other.poll() is None
        other.kill()
    assert still_there
    assert "in-the-environment" not in done.stdout


@BACKENDS
def test_no_privilege_is_left_or_gained(world: Path, backend: Backend) -> None:
    done = run(
        sandbox(world, backend),
        "/bin/grep",
        "-E",
        "^(Cap(Eff|Prm|Inh|Bnd|Amb)|NoNewPrivs):",
        "/proc/self/status",
    )
    values = dict(line.split(":") for line in done.stdout.splitlines())
    if backend is Backend.LANDLOCK:  # which shows nothing of /proc
        assert done.code == 2
        return
    assert values.pop("NoNewPrivs").strip() == "1"
    assert {int(value, 16) for value in values.values()} == {0}, values


@pytest.mark.parametrize("name", [".claude", ".mcp.json"])
def test_a_protected_link_that_could_be_replaced_stops_everything(world: Path, name: str) -> None:
    (world / "elsewhere").mkdir()
    if name == ".claude":
        (world / "project/.claude").mkdir()
        (world / "project/.claude/hooks").symlink_to(world / "elsewhere")
    else:
        (world / "project" / name).symlink_to(world / "elsewhere")
    done = run(sandbox(world, Backend.BUBBLEWRAP), "/bin/touch", str(world / "project/ran"))
    if name == ".claude":  # the directory takes no new names, so the link stays what it is
        assert done.code == 0, done.stderr
        run(sandbox(world, Backend.BUBBLEWRAP), "/bin/rm", "-f", str(world / "project/.claude/hooks"))
        assert (world / "project/.claude/hooks").is_symlink()
    else:
        assert "symbolic link" in done.stderr
        assert not (world / "project/ran").exists()


@pytest.mark.parametrize("flags", ["-Um", "-Urm"])
def test_a_name_space_inside_takes_nothing_away(world: Path, flags: str) -> None:
    """What is mounted over a path can't be unmounted, moved or looked beneath from a user name space of its own."""
    project = world / "project"
    (project / ".git").mkdir()
    (project / ".git/config").write_text("[core]")
    (project / ".env").write_text("hidden-value")
    attempts = [
        "umount .env; cat .env",
        "umount -l .git/config; echo evil >> .git/config",
        "mount --bind . /tmp/m && cat /tmp/m/.env",
        "mount --rbind . /tmp/m && umount -l /tmp/m/.env; cat /tmp/m/.env",
        "mount -t overlay -o lowerdir=$PWD,upperdir=/tmp/u,workdir=/tmp/w o /tmp/m && cat /tmp/m/.env",
        "mount -t overlay -o lowerdir=${PWD%/*}:/tmp/u o /tmp/m && cat /tmp/m/project/.env",
        "mount -o remount,bind,rw .git/config && echo evil >> .git/config",
        "mount --move .env /tmp/m; cat .env",
        "umount -l /; cat .env",
    ]
    steps = (f"unshare {flags} sh -c {shlex.quote(one)}" for one in attempts)
    script = "; ".join(["mkdir -p /tmp/m /tmp/u /tmp/w", *steps, "ls -A"])
    one = sandbox(world, Backend.BUBBLEWRAP, files=PROJECT_ONLY | {"hidden": ["**/.env"]}, cwd=str(project))
    done = run(one, "/bin/sh", "-c", script)
    assert "hidden-value" not in done.stdout + done.stderr
    assert ".env" in done.stdout
    assert (project / ".git/config").read_text() == "[core]"


@BACKENDS
@pytest.mark.parametrize(
    "inner", [".git/hooks", ".git/config", ".claude/settings.json", "a/b/.claude/hooks", "deep/.env"]
)
def test_what_holds_something_protected_can_not_be_put_aside(
    world: Path, backend: Backend, inner: str
) -> None:
    """Renamed with its directory, a mount goes along, and the path that policy names is free again."""
    top = world / "project" / inner.split("/", maxsplit=1)[0]
    path = world / "project" / inner
    path.parent.mkdir(parents=True)
    (path.mkdir if "hooks" in inner else path.touch)()
    files = PROJECT_ONLY | {"hidden": ["**/.env"]}
    steps = [f"mv {one} {one}.aside; mkdir -p {path.parent}" for one in [*path.parents][: inner.count("/")]]
    script = "; ".join([*steps, f"mkdir -p {path}; echo evil > {path}/post-commit; echo evil > {path}"])
    run(sandbox(world, backend, files=files), "/bin/sh", "-c", script)
    assert [one.name for one in (world / "project").iterdir()] == [top.name]
    assert path.read_text() == "" if path.is_file() else list(path.iterdir()) == []


def test_two_at_once_and_the_last_one_clears_up(world: Path) -> None:
    project, kept = str(world / "project"), str(world / "project/.claude")
    one, two = (Placeholders(world / "state", project) for _ in range(2))
    with one.during(lambda _: [kept]):
        with two.during(lambda standing: [*standing]):
            pass
        assert Path(kept).is_dir()
    assert not Path(kept).exists()


def test_a_placeholder_that_somebody_uses_stays(world: Path) -> None:
    kept = world / "project/.claude"
    with Placeholders(world / "state", str(world / "project")).during(lambda _: [str(kept)]):
        (kept / "settings.json").write_text("{}")
    assert (kept / "settings.json").exists()


def test_without_any_backend_nothing_runs(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bailiwick.service.sandbox.runner.landlock_abi", lambda: 0)
    monkeypatch.setenv("PATH", str(world))
    with pytest.raises(SandboxError, match="it does not run: no bubblewrap"):
        sandbox(world).run(["/bin/touch", str(world / "project/ran")])
    assert not (world / "project/ran").exists()


@pytest.mark.parametrize(
    ("files", "backend"),
    [
        ({"readable": ["${project}/**"], "other": "deny"}, Backend.LANDLOCK),
        (PROJECT_ONLY, Backend.BUBBLEWRAP),
    ],
)
def test_landlock_is_taken_where_it_says_all(world: Path, files: Any, backend: Backend) -> None:
    one = sandbox(world, files=files)
    assert one.choose(*one.plan()).backend is backend


def test_a_bubblewrap_that_the_session_could_replace_is_none(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = world / "project/bwrap"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    os.chown(own, 1, -1) if os.getuid() == 0 else None
    monkeypatch.setenv("PATH", str(own.parent))
    with pytest.raises(SandboxError, match="policy lets the session write"):
        sandbox(world, Backend.BUBBLEWRAP).run(["/bin/true"])


def test_landlock_never_says_more_than_it_holds(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(world))
    one = sandbox(world)
    choice = one.choose(*one.plan())
    assert choice.backend is Backend.LANDLOCK
    assert any("nothing new directly in" in line for line in choice.narrower)


def test_a_start_in_a_hidden_directory_is_refused(world: Path) -> None:
    done = run(sandbox(world, Backend.BUBBLEWRAP, cwd=str(world / "home")), "/bin/true")
    assert done.code == 70
    assert "policy does not let a command read" in done.stderr


def test_a_shared_directory_can_not_stop_a_command(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write to a directory for temporary files may fill it, and put links there."""
    monkeypatch.setattr("bailiwick.enforcement.sandbox.confine.TEMPORARY", (str(world / "tmp"),))
    files = {"writable": ["${project}/**", f"{world}/tmp/**"], "hidden": ["**/.env"], "other": "deny"}
    (world / "tmp/.mcp.json").symlink_to("/etc/passwd")
    one = sandbox(world, Backend.BUBBLEWRAP, files=files)
    confinement, _ = one.plan()
    assert confinement.reach(str(world / "tmp/x")) is Reach.WRITE
    assert str(world / "tmp/.mcp.json") in confinement.unheld
    for number in range(201):
        (world / f"tmp/{number}").mkdir()
        (world / f"tmp/{number}/.env").touch()
    assert one.plan()[0].reach(str(world / "tmp/x")) is Reach.NOTHING
    assert run(one, "/bin/true").code == 0
