"""A scratch room in which the real client is run: its own project, home, policy, state and scripted model.

Nothing of the person's is touched and nothing outside loopback is reached: the client gets an environment made here,
with every proxy variable pointing at a port on which nobody listens.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bailiwick.service.local import is_running
from bailiwick.service.places import Places
from bailiwick.service.scripted_model import Result, ScriptedModel, Turn

SESSION_SECONDS = 60.0

POLICY: Mapping[str, str] = {
    "organisation.yaml": """\
organisation: Bailiwick doctor
contact: nobody, this is a probe
mode: enforce
default_profile: probe
""",
    "profiles/probe.yaml": """\
profile: probe
description: What the doctor tries.
tools:
  allow: [Bash, Read, Edit, Write]
  other: deny
files:
  readable: ["${project}/**", "/usr/**", "/bin/**", "/lib*/**", "/etc/**"]
  writable: ["${project}/**"]
  read_only:
    - id: sealed
      match: ["${project}/sealed/**"]
      because: The doctor tries to write here.
      instead: Leave it alone.
  other: deny
commands:
  allow: [touch, sleep]
  ask: [mkdir]
  other: deny
  opaque: deny
  project_code: deny
bash:
  max_timeout: 2
  background: deny
""",
}
"""The policy of a probe: something allowed, something asked, something denied, and a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How one client session ended."""

    code: int
    said: str
    results: Mapping[str, Result]
    asked: int

    def told(self, turn: int) -> str:
        """What the model was told of the tool use of that turn."""
        result = self.results.get(f"toolu_main_{turn}_0")
        return "" if result is None else result.text


class Room:
    """A scratch room; use it with ``with``. ``hide`` is a directory the client must not see (needs bubblewrap)."""

    def __init__(self, client: str, *, hide: Path | None = None) -> None:
        self.client = client
        self.hide = hide
        self.root = Path(tempfile.mkdtemp(prefix="bailiwick-doctor-"))
        self.project = self.root / "project"
        self.home = self.root / "home"
        self.places = Places(state=self.root / "state", policy=self.root / "policy")

    def __enter__(self) -> Self:
        for directory in (self.project / "sealed", self.home):
            directory.mkdir(parents=True)
        for name, text in POLICY.items():
            path = self.places.policy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        account = {"hasCompletedOnboarding": True, "autoUpdates": False}
        (self.home / ".claude.json").write_text(json.dumps(account), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_service()
        shutil.rmtree(self.root, ignore_errors=True)

    def governed(self, turns: Sequence[Turn], *arguments: str) -> Session:
        """A session started with the launcher, under the room's policy."""
        launcher = [sys.executable, "-m", "bailiwick.cli.main", "claude", "--client", self.client]
        places = ["--state", str(self.places.state), "--policy", str(self.places.policy)]
        return self._run([*launcher, *places, "--"], turns, arguments)

    def plain(self, turns: Sequence[Turn], *arguments: str) -> Session:
        """A session of the client itself: whatever governs it is the machine's own."""
        return self._run([self.client], turns, arguments)

    def _run(self, command: Sequence[str], turns: Sequence[Turn], arguments: Sequence[str]) -> Session:
        with ScriptedModel(turns) as model:
            try:
                done = subprocess.run(
                    [*self._hidden(), *command, "-p", "go", *arguments],
                    cwd=self.project,
                    env=self._environment(model.url),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=SESSION_SECONDS,
                    check=False,
                )
                code, said = done.returncode, done.stdout.decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                code, said = -1, f"the session did not end within {SESSION_SECONDS:g} s"
            return Session(code=code, said=said.strip(), results=model.results, asked=len(model.conversation))

    def _hidden(self) -> Sequence[str]:
        if self.hide is None:
            return ()
        return ("bwrap", "--dev-bind", "/", "/", "--tmpfs", str(self.hide), "--")

    def _environment(self, url: str) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH") if name in os.environ
        }
        nowhere = f"http://127.0.0.1:{_free_port()}"
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), nowhere)
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return {
            **kept,
            **proxies,
            **direct,
            "HOME": str(self.home),
            "SHELL": "/bin/sh",
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "scripted",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }

    def service_address(self) -> tuple[int, int]:
        """Process id and loopback port of the room's service."""
        said = json.loads(self.places.address.read_bytes())
        return int(said["pid"]), int(str(said["url"]).rpartition(":")[2])

    def kill_service(self) -> int:
        """Kill the room's service without warning; the port it had."""
        number, port = self.service_address()
        os.kill(number, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while is_running(self.places) and time.monotonic() < deadline:
            time.sleep(0.01)
        return port

    def stop_service(self) -> None:
        """End the room's service, if one runs."""
        if is_running(self.places):
            self.kill_service()


def _free_port() -> int:
    """A loopback port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listener(port: int) -> socket.socket:
    """The port, as soon as the killed service has let go of it. Raises OSError."""
    deadline = time.monotonic() + 2
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Impostor:
    """Somebody else on the service's port, who answers everything with the same bytes."""

    def __init__(self, port: int, reply: bytes) -> None:
        self._reply = reply
        self._listener = _listener(port)
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(1 << 20)
                    self.asked += 1
                    connection.sendall(self._reply)
                except OSError:
                    continue

    def close(self) -> None:
        """Stop listening; a thread that waits in accept would hold the port otherwise."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
