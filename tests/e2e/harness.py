"""Rooms in which the real client runs, and what came of it.

A room is a small machine: its own mount and process name space with its own ``/etc`` (``/etc/claude-code`` in it), home
and project, made of directories the test can look into afterwards. Everything of a scenario runs in one room,
service and client alike, and ends with it. The scripted model lives outside and is reached over loopback.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bailiwick.service.scripted_model import Result, ScriptedModel, Script, Turn

SCRATCH = Path("/scratch")
HOME = SCRATCH / "home"
PROJECT = SCRATCH / "project"
MANAGED = Path("/etc/claude-code")

QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_BUG_COMMAND": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}
"""What keeps the client from calling home; it would wait for peers that don't exist here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one client session ended. ``seconds`` is its wall time."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    model: ScriptedModel = field(repr=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The client's own ``stream-json`` messages."""
        lines = (line for line in self.stdout.splitlines() if line.startswith("{"))
        return [json.loads(line) for line in lines]

    def result(self, turn: int, position: int = 0, script: str = "main") -> Result:
        """What the model was told of a tool use, by its place in the script."""
        return self.model.results[f"toolu_{script}_{turn}_{position}"]

    def __str__(self) -> str:
        told = "\n".join(
            f"  {i}: {'ERROR ' if r.is_error else ''}{r.text[:600]}" for i, r in self.model.results.items()
        )
        return f"exit {self.code} after {self.seconds:.1f} s\nstderr: {self.stderr[-2000:]}\ntold:\n{told}\nstdout: {self.stdout[-1500:]}"


class Room:
    """One small machine. Use it with ``with``."""

    def __init__(self, client: Path) -> None:
        self.client = client
        self.root = Path(tempfile.mkdtemp(prefix="room-", dir="/scratch"))
        self.home = self.root / "home"
        self.project = self.root / "project"
        self.etc = self.root / "etc"
        self.managed = self.root / "managed"
        self._init: subprocess.Popen[bytes] | None = None
        self._inner = 0

    def __enter__(self) -> Self:
        for directory in (self.home, self.project, self.managed):
            directory.mkdir(mode=0o755)
        shutil.copytree("/etc", self.etc, symlinks=True, ignore_dangling_symlinks=True, ignore=_unreadable)
        (self.home / ".claude.json").write_text(
            json.dumps({"hasCompletedOnboarding": True, "numStartups": 5, "autoUpdates": False})
        )
        told, tell = os.pipe()
        self._init = subprocess.Popen(
            [
                *("bwrap", "--unshare-user", "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/"),
                *("--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", str(SCRATCH)),
                *("--bind", str(self.etc), "/etc", "--bind", str(self.managed), str(MANAGED)),
                *("--bind", str(self.home), str(HOME), "--bind", str(self.project), str(PROJECT)),
                *("--info-fd", str(tell), "--", "sleep", "infinity"),
            ],
            stdin=subprocess.DEVNULL,
            pass_fds=[tell],
        )
        os.close(tell)
        with open(told, "rb") as pipe:
            info = pipe.read()
        self._inner = json.loads(info)["child-pid"]
        return self

    def __exit__(self, *_: object) -> None:
        if self._init is not None:
            self._init.kill()
            self._init.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def argv(self, command: Sequence[str], *, cwd: Path = PROJECT) -> list[str]:
        enter = [
            "nsenter",
            "--target",
            str(self._inner),
            "--user",
            "--preserve-credentials",
            "--mount",
            "--pid",
        ]
        return [*enter, f"--wdns={cwd}", "--", *command]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH") if name in os.environ
        }
        return (
            kept
            | {"HOME": str(HOME), "USER": "dev", "LOGNAME": "dev", "SHELL": "/bin/bash"}
            | QUIET
            | dict(extra or {})
        )

    def run(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(command),
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def session(
        self,
        turns: Sequence[Turn],
        *flags: str,
        prompt: str = "go",
        agents: Sequence[Script] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        stdin: str = "",
    ) -> Outcome:
        """Run one plain client session (``-p``) against a scripted model."""
        with ScriptedModel(turns, agents=agents) as model:
            began = time.monotonic()
            variables = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-" + "scripted"} | dict(
                env or {}
            )
            command = [str(self.client), "-p", prompt, "--output-format", "stream-json", "--verbose", *flags]
            done = self.run(command, env=variables, stdin=stdin, timeout=timeout)
            return Outcome(
                code=done.returncode,
                stdout=done.stdout,
                stderr=done.stderr,
                seconds=time.monotonic() - began,
                model=model,
            )


def _unreadable(directory: str, names: list[str]) -> list[str]:
    return [
        n
        for n in names
        if not os.access(os.path.join(directory, n), os.R_OK)
        and not os.path.islink(os.path.join(directory, n))
    ]
