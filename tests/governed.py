"""A small policy, a desk over real files, and the real service as a process of its own."""

import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bailiwick.audit.redaction import Redactor
from bailiwick.information.sessions import SessionState
from bailiwick.service.desk import Desk, Wish
from bailiwick.service.local import ServiceError, call
from bailiwick.service.log_reader import LogReader
from bailiwick.service.places import Places
from bailiwick.service.policies import Policies
from bailiwick.service.registry import Registry, service_key
from bailiwick.service.store import Store

BUSY = 60
"""Seconds that a step may take on a machine that does much else; only a failure waits that long."""

USER = pwd.getpwuid(os.geteuid()).pw_name

POLICY = {
    "organisation.yaml": "organisation: Test Ltd\ncontact: the platform team\nmode: enforce\ndefault_profile: dev\n",
    "roles.yaml": f"roles:\n  here:\n    users: [{json.dumps(USER)}]\n    profiles: [dev, open]\n",
    "profiles/dev.yaml": """\
profile: dev
description: Nearly everything, but nothing below /etc is written.
tools: {other: allow}
files:
  readable: ["/**"]
  writable: ["/**"]
  read_only: [{id: system, match: "/etc/**"}]
  other: allow
commands: {opaque: ask, project_code: ask, other: allow}
network: {other: allow}
mcp: {other: allow}
skills: {ask: [asked], deny: [denied], other: allow}
agents: {other: allow}
environment: {other: allow}
findings: {other: allow}
prompts: {other: allow}
config: {other: allow}
""",
    "profiles/open.yaml": "profile: open\nextends: [dev]\ndescription: A second profile.\n",
}
"""A policy under which /etc is read only; ``dev`` is what a session gets."""

TIGHTER = POLICY["profiles/dev.yaml"].replace('match: "/etc/**"', 'match: ["/etc/**", "/opt/**"]')


def write_policy(directory: Path, files: Mapping[str, str] = POLICY) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def event(name: str = "PreToolUse", **fields: object) -> bytes:
    base = {"hook_event_name": name, "session_id": "c-1", "cwd": "/tmp", "prompt_id": "p-1"}
    return json.dumps(base | fields).encode()


def tool(tool_name: str, call_id: str = "toolu_1", **tool_input: object) -> bytes:
    return event(tool_name=tool_name, tool_input=tool_input, tool_use_id=call_id)


READ = tool("Read", file_path="/tmp/x")
FORBIDDEN = tool("Write", file_path="/etc/hosts", content="x")


def verdict(said: bytes) -> str:
    """The verdict in an answer, in one word; an answer must be a JSON object that is not silently empty."""
    assert said.strip(), "an answer is never empty"
    answer = json.loads(said)
    assert isinstance(answer, dict)
    if answer.get("decision") == "block":
        return "deny"
    specific = answer.get("hookSpecificOutput", {})
    if isinstance(specific.get("decision"), dict):
        return str(specific["decision"]["behavior"])
    return str(specific.get("permissionDecision", "abstain"))


def records(state: Path, **wanted: object) -> list[dict[str, Any]]:
    with LogReader(state) as log:
        found = [entry.record for entry in log.entries()]
    return [one for one in found if all(one.get(name) == value for name, value in wanted.items())]


@contextmanager
def desk_at(root: Path, policy: Mapping[str, str] = POLICY, **parts: Any) -> Iterator[Desk]:
    """A desk whose policy (``policy``) and state are real files below ``root``; ``parts`` replace its own."""
    policies = Policies(directory=write_policy(root / "policy", policy))
    policies.reload()
    with Store.open(root / "state") as store:
        key = service_key(root / "state" / "service.key")
        made: dict[str, Any] = {
            "policies": policies,
            "registry": Registry(key=key),
            "store": store,
            "redactor": Redactor(store.redaction_key),
        }
        yield Desk(**(made | parts))


def opened(desk: Desk, **wish: Any) -> SessionState:
    state = desk.new_session(os.geteuid(), Wish(project="/tmp", **wish))
    desk.registry.put(state)
    return state


@dataclass
class Running:
    """The service as its unit file starts it."""

    root: Path
    process: "subprocess.Popen[bytes] | None" = None
    policy: Path = field(init=False)
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        self.policy = self.root / "policy"
        self.places = Places(state=self.root / "state", policy=self.policy)

    def command(self) -> list[str]:
        given = ["--state", str(self.places.state), "--policy", str(self.policy)]
        return [sys.executable, "-I", "-m", "bailiwick.service.run", *given]

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.places.address.unlink(missing_ok=True)
        with (self.root / "printed").open("ab") as printed:
            self.process = subprocess.Popen(self.command(), stdout=printed, stderr=printed)
        deadline = time.monotonic() + BUSY
        while not self.places.address.exists():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.01)

    def refused(self) -> str:
        """Start it where it must refuse: what it prints; that it ends as the environment's fault."""
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=BUSY, check=False)
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr.strip().splitlines()[-1]

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(BUSY)

    def printed(self) -> str:
        return (self.root / "printed").read_text(encoding="utf-8", errors="replace")

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return call(self.places, method, path, body, seconds=BUSY)

    def open(self, **wish: Any) -> "Client":
        """A session, as the launcher opens it, and what its client needs to post hooks."""
        said = self.call("POST", "/v1/session", {"project": "/tmp", **wish})
        hooks = said["documents"]["plugin"]["hooks/hooks.json"]["hooks"]
        hook = hooks["PreToolUse"][0]["hooks"][0]
        port = int(hook["url"].split(":")[2].split("/")[0])
        return Client(key=said["key"], port=port, token=hook["headers"]["Authorization"].split()[1])


@dataclass(frozen=True)
class Client:
    """What a client knows of its session."""

    key: str
    port: int
    token: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=BUSY)

    def request(self, body: bytes, *, token: str | None = None, path: str = "/v1/hook") -> bytes:
        secret = self.token if token is None else token
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def hook(self, body: bytes, **request: str) -> bytes:
        """One hook call on a connection of its own; the answer, which must come with status 200."""
        with closing(self.connect()) as connection:
            connection.sendall(self.request(body, **request))
            return reply(connection)


def reply(connection: socket.socket) -> bytes:
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    assert response.status == 200, (response.status, body)
    return body


@contextmanager
def running(root: Path) -> Iterator[Running]:
    """A service on a fresh state directory; ended at the end, however it was left."""
    service = Running(root)
    if not service.policy.exists():
        write_policy(service.policy)
    service.start()
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.kill(signal.SIGTERM)


def wait_for(service: Running, **wanted: object) -> dict[str, Any]:
    """The service's status once it says what is ``wanted``."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            status = service.call("GET", "/v1/status")
        except ServiceError:
            status = {}
        if status and all(status[name] == value for name, value in wanted.items()):
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
