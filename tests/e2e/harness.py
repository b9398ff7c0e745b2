"""Rooms in which the real client runs, and what came of it.

A room is a small machine: its own mount and process name space with its own ``/etc`` (``/etc/claude-code`` in it), home
and project, made of directories the test can look into afterwards. Everything of a scenario runs in one room,
service and client alike, and ends with it. The scripted model lives outside and is reached over loopback.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bailiwick.audit.chain import Fault
from bailiwick.service.log_reader import LogReader
from bailiwick.service.scripted_model import Result, Script, ScriptedModel, Turn, Use

CHECKOUT = Path(__file__).resolve().parents[2]
SCRATCH = Path("/scratch")
HOME = SCRATCH / "home"
PROJECT = SCRATCH / "project"
SMALL = SCRATCH / "small"
MANAGED = Path("/etc/claude-code")
BAILIWICK = (str(CHECKOUT / ".venv/bin/python"), "-m", "bailiwick.cli.main")
POLICY = Path(__file__).parent / "policy"

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}
"""What keeps the client from calling home; it would wait for peers that don't exist here."""

SMALL_DISK = 4 * 1024 * 1024
"""Bytes of the disk at ``SMALL``, for filling it up."""

_KEPT = ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH")


def bash(command: str, **more: Any) -> Use:
    """The model asks for a shell command."""
    return Use(tool="Bash", input={"command": command, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one client session ended. ``seconds`` is its wall time, ``rogue`` what was asked of another endpoint."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    model: ScriptedModel = field(repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The client's own ``stream-json`` messages."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def result(self, turn: int, position: int = 0, script: str = "main") -> Result:
        """What the model was told of a tool use, by its place in the script."""
        try:
            return self.model.results[f"toolu_{script}_{turn}_{position}"]
        except KeyError:
            raise AssertionError(f"the model was told nothing of that tool use\n{self}") from None

    def ran(self, turn: int, position: int = 0, script: str = "main") -> bool:
        """Whether a tool use ran without error; not so either when it was refused or the session ended before it."""
        result = self.model.results.get(f"toolu_{script}_{turn}_{position}")
        return result is not None and not result.is_error

    def __str__(self) -> str:
        told = "\n".join(
            f"  {name}: {'ERROR ' if result.is_error else ''}{result.text[:900]}"
            for name, result in self.model.results.items()
        )
        return (
            f"exit {self.code} after {self.seconds:.1f} s, {len(self.model.requests)} model requests\n"
            f"told:\n{told}\nstderr: {self.stderr[-2000:]}\nstdout: {self.stdout[-800:]}"
        )


class Room:
    """One small machine. Use it with ``with``; what is written before or after is seen from inside at once."""

    def __init__(self, client: Path, *, own: Sequence[str] = ()) -> None:
        """``own`` are further directories that are the room's own, empty to begin with."""
        self.client = client
        self.root = Path(tempfile.mkdtemp(prefix="room-", dir=SCRATCH))
        self.home = self.root / "home"
        self.project = self.root / "project"
        self.etc = self.root / "etc"
        self.managed = self.root / "managed"
        self._places = {
            MANAGED: self.managed,
            Path("/etc"): self.etc,
            HOME: self.home,
            PROJECT: self.project,
            **{Path(path): self.root / "own" / path.strip("/") for path in own},
        }
        self._init: subprocess.Popen[bytes] | None = None
        self._inner = 0
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        shutil.copytree("/etc", self.etc, symlinks=True, ignore=_unreadable)
        for directory in self._places.values():
            directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        again = ("--ro-bind", str(CHECKOUT), str(CHECKOUT)) if CHECKOUT.is_relative_to("/tmp") else ()
        binds = sorted(self._places.items(), key=lambda pair: len(pair[0].parts))
        told, tell = os.pipe()
        self._init = subprocess.Popen(
            [
                *("bwrap", "--unshare-user", "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/"),
                *("--proc", "/proc", "--tmpfs", "/tmp", *again, "--tmpfs", str(SCRATCH)),
                *(word for there, here in binds for word in ("--bind", str(here), str(there))),
                *("--size", str(SMALL_DISK), "--tmpfs", str(SMALL)),
                *("--info-fd", str(tell), "--", "sh", "-c", "echo ready; exec sleep infinity"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=[tell],
        )
        os.close(tell)
        with os.fdopen(told, "rb") as pipe:
            info = pipe.read()
        assert self._init.stdout is not None
        if self._init.stdout.readline() != b"ready\n":  # the mounts are made after the process id is told
            raise RuntimeError("the room did not start")
        self._inner = int(json.loads(info)["child-pid"])
        self.write(HOME / ".claude.json", {"hasCompletedOnboarding": True, "numStartups": 5})
        return self

    def __exit__(self, *_: object) -> None:
        if self._init is not None:
            self._init.kill()  # the room's first process: everything in it ends
            self._init.wait()
            if self._init.stdout is not None:
                self._init.stdout.close()
        for process in self._started:
            process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    # --- files, named as they are inside

    def host(self, path: Path | str) -> Path:
        """Where a path of the room lies outside it."""
        inside = Path(path)
        for there, here in self._places.items():
            if inside.is_relative_to(there):
                return here / inside.relative_to(there)
        raise ValueError(f"{path} is not a room's own")

    def write(
        self, path: Path | str, content: str | bytes | Mapping[str, Any] | Sequence[Any], mode: int = 0o644
    ) -> None:
        """Put a file into the room; what is no text is written as JSON."""
        target = self.host(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        raw = (
            content
            if isinstance(content, bytes)
            else (content if isinstance(content, str) else json.dumps(content)).encode()
        )
        target.write_bytes(raw)
        target.chmod(mode)

    def read(self, path: Path | str) -> str | None:
        """A file's text, or None when there is none."""
        target = self.host(path)
        return target.read_text(errors="replace") if target.is_file() else None

    # --- programs

    def argv(self, command: Sequence[str], *, cwd: Path = PROJECT) -> list[str]:
        """The argument vector that runs ``command`` inside."""
        enter = (
            shutil.which("nsenter") or "nsenter",
            "--target",
            str(self._inner),
            "--user",
            "--preserve-credentials",
            "--mount",
            "--pid",
        )
        return [*enter, f"--wdns={cwd}", "--", *command]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What programs of the room are started with."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        account = {"HOME": str(HOME), "USER": "dev", "LOGNAME": "dev", "SHELL": "/bin/bash"}
        return kept | account | QUIET | dict(extra or {})

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = PROJECT
    ) -> subprocess.Popen[str]:
        """Start a program in the room; it ends with the room at the latest."""
        process = subprocess.Popen(
            self.argv(command, cwd=cwd),
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._started.append(process)
        return process

    def run(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 60,
        cwd: Path = PROJECT,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the room to its end."""
        return subprocess.run(
            self.argv(command, cwd=cwd),
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    # --- the client

    def session(  # noqa: PLR0913 - a session has many sides, each with a default
        self,
        turns: Sequence[Turn],
        *flags: str,
        prompt: str | None = "go",
        agents: Sequence[Script] = (),
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 60,
        through: Sequence[str] = (),
        cwd: Path = PROJECT,
    ) -> Outcome:
        """One client session in print mode against a scripted model.

        ``through`` is the command that becomes the client instead of the client itself (``bailiwick claude … --``).
        """
        with ScriptedModel(turns, agents=agents) as model:
            variables = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-" + "scripted"} | dict(
                env or {}
            )
            asked = ("-p",) if prompt is None else ("-p", prompt)
            command = [
                *(through or (str(self.client),)),
                *asked,
                "--output-format",
                "stream-json",
                "--verbose",
                *flags,
            ]
            began = time.monotonic()
            done = self.run(command, env=variables, stdin=stdin, timeout=timeout, cwd=cwd)
            if model.errors:
                raise model.errors[0]
            return Outcome(
                code=done.returncode,
                stdout=done.stdout,
                stderr=done.stderr,
                seconds=time.monotonic() - began,
                model=model,
            )

    # --- Bailiwick

    def set_policy(self, source: Path = POLICY, changes: Mapping[str, str] | None = None) -> None:
        """Put a policy repository where this account's is, with files added or replaced."""
        target = self.home / ".config/bailiwick/policy"
        shutil.copytree(source, target, dirs_exist_ok=True)
        for name, text in (changes or {}).items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(text)

    def governed(
        self,
        turns: Sequence[Turn],
        *flags: str,
        profile: str | None = None,
        narrow: Sequence[str] = (),
        **more: Any,
    ) -> Outcome:
        """One governed session: ``bailiwick claude --profile PROFILE NARROW… -- -p go FLAGS…``."""
        chosen = () if profile is None else ("--profile", profile)
        through = (*BAILIWICK, "claude", *chosen, *narrow, "--client", str(self.client), "--")
        return self.session(turns, *flags, through=through, **more)

    def bailiwick(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the ``bailiwick`` command in the room."""
        return self.run([*BAILIWICK, *arguments], **more)

    @property
    def state(self) -> Path:
        """The service's state directory, seen from outside."""
        return self.home / ".local/state/bailiwick"

    def status(self) -> dict[str, Any]:
        """Where the running service listens, and its process."""
        told: dict[str, Any] = json.loads((self.state / "service.json").read_bytes())
        return told

    def records(self) -> list[dict[str, Any]]:
        """Every record of the audit log, in order."""
        with LogReader(self.state) as log:
            return [entry.record for entry in log.entries()]

    def judged(self) -> dict[str, dict[str, Any]]:
        """The record of each tool call's judgement, by the tool use's id."""
        return {r["call_id"]: r for r in self.records() if r.get("event") == "PreToolUse"}

    def faults(self) -> tuple[Fault, ...]:
        """What verification of the audit log finds; nothing, one hopes."""
        with LogReader(self.state) as log:
            return log.verify().faults

    def start_service(self) -> None:
        """Start the service as the launcher does, and wait until it answers."""
        state, policy = HOME / ".local/state/bailiwick", HOME / ".config/bailiwick/policy"
        told = self.state / "service.json"
        told.unlink(missing_ok=True)
        run = ("-I", "-m", "bailiwick.service.run", "--state", str(state), "--policy", str(policy))
        self.start([str(CHECKOUT / ".venv/bin/python"), *run])
        self.wait_for(told.exists)

    def kill_service(self, number: int = signal.SIGKILL) -> None:
        """Send the running service a signal."""
        pid = self.status()["pid"]
        self.run(["kill", f"-{int(number)}", str(pid)]).check_returncode()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until ``condition`` holds; a test that waits in vain fails."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not so within {seconds:g} s")
            time.sleep(0.02)


class Listener:
    """A loopback peer that counts who comes: the judge of what happened on the network."""

    def __init__(self, body: bytes = b"reached\n") -> None:
        self.requests: list[bytes] = []
        self._body = body
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self.requests.append(connection.recv(65536))
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(self._body)}\r\nconnection: close\r\n\r\n"
                connection.sendall(head.encode() + self._body)


def _unreadable(directory: str, names: list[str]) -> list[str]:
    """Files of the host's /etc that this account may not read; and what scenarios bring themselves."""
    paths = {name: Path(directory, name) for name in names}
    return [
        n
        for n, path in paths.items()
        if n == "claude-code" or not (path.is_symlink() or os.access(path, os.R_OK))
    ]
