"""What each kind of hook adds to a Bash call of the real client.

All kinds are configured in the same sessions, each for its own command word (`echo none`, `echo true` ...), and called
in blocks of one each in random order. The time of a call is from the model's request for it to the model being told
its result. A kind's cost is its median less that of no hook, the difference of the least times (the cost on an idle
core), and the median of the differences within blocks with its 95 % interval.

A second round compares whole sessions: ours as the launcher starts them (all events are reported) against `true`
on as many events, alternating; and takes ours apart: the settings alone, the hooks answered at once, the service. Hooks
cost the client more where any managed settings are in force, whosever they are: so `true` is measured there as well.
"""

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import Figure, limit, median_interval
from in_process import EVENT, ROOT, resident
from paced import paced

from bailiwick.service.local import call, ensure_running
from bailiwick.service.places import Places
from bailiwick.service.scripted_model import Received, Say, ScriptedModel, Turn, Use

SESSION_CALLS = 100
HTTP = "ours over HTTP"
RELAY = "ours over the relay"
IDLE = "HTTP hook answered at once"
KINDS = ("no hook", "command hook `true`", HTTP, RELAY, IDLE)
PLAIN = "no hook, no settings"
SETTINGS = "our settings, no hook"
BOUND = "our settings, `true` on every event"
AT_ONCE = "our settings, HTTP hooks answered at once"
OURS = "ours, as the launcher starts it"
ROUNDS = 3
WARM = 3
"""Calls at the beginning of a session that don't count: the client compiles meanwhile."""

WORDS = dict(zip(KINDS, ("none", "true", "http", "relay", "idle"), strict=True))

IDLE_SERVER = """\
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while peer.recv(1 << 20):
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
"""
"""The least an HTTP hook can cost here: a server that reads nothing and always answers the same."""

PROFILE = """\
profile: bench
description: What the bench does.
tools: {allow: [Bash], other: ask}
files: {readable: ["/**"], writable: ["${project}/**"], other: ask}
commands: {allow: [echo], other: ask, opaque: ask}
"""


def on_client(calls: int) -> Iterator[Figure]:
    """Every figure that needs the client."""
    client = subprocess.run(
        [ROOT / "scripts/client"], check=True, capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as scratch:
        bench = _Bench(Path(scratch), client)
        try:
            yield from _same_sessions(bench, calls)
            yield from _whole_sessions(bench, calls)
            pid = int(call(bench.places, "GET", "/v1/status")["pid"])
            yield from bench.paced(pid)
            yield limit("Service", "resident memory after all this", resident(pid), 120, "MB")
        finally:
            bench.close()


class _Bench:
    """A service, a project and how to run a client session in it."""

    def __init__(self, scratch: Path, client: str) -> None:
        self.client = client
        self.project, self.home = scratch / "project", scratch / "home"
        self.places = Places(state=scratch / "state", policy=scratch / "policy")
        for folder in (self.project, self.home, self.places.policy / "profiles"):
            folder.mkdir(parents=True)
        (self.places.policy / "organisation.yaml").write_text("organisation: Bench\ndefault_profile: bench\n")
        (self.places.policy / "profiles/bench.yaml").write_text(PROFILE)
        ensure_running(self.places)
        self.documents: Mapping[str, Any] = call(
            self.places, "POST", "/v1/session", {"project": str(self.project), "unattended": True}
        )["documents"]
        self.idle = subprocess.Popen(
            [sys.executable, "-IS", "-c", IDLE_SERVER], stdout=subprocess.PIPE, text=True
        )
        self.idle_port = int(self.idle.stdout.readline()) if self.idle.stdout else 0

    def close(self) -> None:
        """End the service and the idle server."""
        self.idle.kill()
        os.kill(int(call(self.places, "GET", "/v1/status")["pid"]), 15)

    @property
    def http_hook(self) -> dict[str, Any]:
        """Our hook as the launcher writes it."""
        hook: dict[str, Any] = self.documents["plugin"]["hooks/hooks.json"]["hooks"]["PreToolUse"][0][
            "hooks"
        ][0]
        return hook

    def paced(self, pid: int) -> Iterator[Figure]:
        """Our service without the client."""
        port = int(self.http_hook["url"].split(":")[2].split("/")[0])
        event = {
            **EVENT,
            "cwd": str(self.project),
            "tool_name": "Bash",
            "tool_input": {"command": "echo http"},
        }
        return paced(self.idle_port, port, self.http_hook["headers"]["Authorization"], pid, event)

    @property
    def relay_hook(self) -> dict[str, Any]:
        """The same question over the relay: one interpreter for each call."""
        relay = ROOT / "src/bailiwick/enforcement/relay.py"
        secret = self.home / "token"
        secret.write_text(self.http_hook["headers"]["Authorization"].removeprefix("Bearer "))
        port = self.http_hook["url"].split(":")[2].split("/")[0]
        line = f"/usr/bin/python3 -IBS {relay} --port {port} --token-file {secret}"
        return {"type": "command", "command": line, "timeout": 10, "onFailure": "block"}

    def session(self, words: Sequence[str], *arguments: str, command: Sequence[str] = ()) -> list[float]:
        """The seconds that each call took."""
        arrivals: list[float] = []

        def turn(word: str) -> Turn:
            def ask(_: Received) -> Use:
                arrivals.append(time.perf_counter())
                return Use(tool="Bash", input={"command": f"echo {word}", "description": "bench"})

            return ask

        def last(_: Received) -> Say:
            arrivals.append(time.perf_counter())
            return Say(text="done")

        with ScriptedModel([*(turn(word) for word in words), last]) as model:
            environment = {
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "HOME": str(self.home),
                "ANTHROPIC_BASE_URL": model.url,
                "ANTHROPIC_API_KEY": "scripted",
                "DISABLE_AUTOUPDATER": "1",
                "DISABLE_TELEMETRY": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            }
            done = subprocess.run(
                [*(command or (self.client,)), "-p", "go", *arguments],
                cwd=self.project,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            ran = [r.text.strip() for r in model.results.values()]
        if len(arrivals) != len(words) + 1 or ran != list(words):
            raise SystemExit(
                f"bench: a session went wrong: exit {done.returncode}, {done.stdout[:300]}, {ran[:3]}"
            )
        return [after - before for before, after in itertools.pairwise(arrivals)]


def _same_sessions(bench: _Bench, calls: int) -> Iterator[Figure]:
    def only(kind: str, hook: Mapping[str, Any]) -> dict[str, Any]:
        return {**hook, "if": f"Bash(echo {WORDS[kind]})"}

    hooks = [
        only(KINDS[1], {"type": "command", "command": "true"}),
        only(HTTP, bench.http_hook),
        only(RELAY, bench.relay_hook),
        only(IDLE, {"type": "http", "url": f"http://127.0.0.1:{bench.idle_port}/", "timeout": 10}),
    ]
    settings = bench.home / "bench.json"
    settings.write_text(
        json.dumps(
            {
                "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": hooks}]},
                "permissions": {"allow": ["Bash"]},
            }
        )
    )
    order = random.Random(1)  # noqa: S311 - an order, not a secret
    blocks = [order.sample(KINDS, len(KINDS)) for _ in range(calls)]
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    per_session = SESSION_CALLS // len(KINDS)
    bench.session(["none"] * 5, "--settings", str(settings))
    for start in range(0, len(blocks), per_session):
        sequence = [kind for block in blocks[start : start + per_session] for kind in block]
        measured = bench.session([WORDS[kind] for kind in sequence], "--settings", str(settings))
        for kind, seconds in zip(sequence, measured, strict=True):
            times[kind].append(seconds * 1000)
    yield from _compared(
        f"One PreToolUse hook on the real client, {calls} calls of each kind, same sessions", times
    )


def _compared(section: str, times: Mapping[str, Sequence[float]]) -> Iterator[Figure]:
    base, true = times[KINDS[0]], times[KINDS[1]]
    for kind, values in times.items():
        value = f"{statistics.median(values):.1f} ms (least {min(values):.1f})"
        yield Figure(section=section, name=f"{kind}: a whole call", value=value)
    paired = {
        kind: [mine - none for mine, none in zip(values, base, strict=True)]
        for kind, values in times.items()
        if kind != KINDS[0]
    }
    for kind, differences in paired.items():
        low, high = median_interval(differences)
        value = f"{statistics.median(differences):+.1f} ms [{low:+.1f}, {high:+.1f}]"
        yield Figure(section=section, name=f"{kind}: adds", value=value)
        least = min(times[kind]) - min(base)
        yield Figure(section=section, name=f"{kind}: adds to the least", value=f"{least:+.1f} ms")
    cost = statistics.median(paired[KINDS[1]])
    for kind in KINDS[2:]:
        ratio = statistics.median(paired[kind]) / cost if cost > 0 else float("nan")
        against = [mine - theirs for mine, theirs in zip(times[kind], true, strict=True)]
        low, high = median_interval(against)
        value = f"{ratio:.2f}x, {statistics.median(against):+.1f} ms [{low:+.1f}, {high:+.1f}]"
        ours = kind == HTTP
        yield Figure(
            section=section,
            name=f"{kind} against `true`",
            value=value,
            target="<= 1x" if ours else "",
            reached=statistics.median(against) <= 0 if ours else None,
        )


def _whole_sessions(bench: _Bench, calls: int) -> Iterator[Figure]:
    """Sessions as people run them, alternating: every event hooked, not one; and what each part of ours costs.

    Behind a call come three events, one after another: before it, behind it, behind the message's calls.
    """
    section = f"Whole sessions, every event hooked, {calls} calls in each of {ROUNDS} rounds"
    kinds = _kinds(bench)
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(ROUNDS):
        names = list(kinds)
        start = number * len(names) // ROUNDS
        for kind in names[start:] + names[:start]:
            measured = bench.session(["none"] * (calls + WARM), *kinds[kind])
            times[kind] += [s * 1000 for s in measured[WARM:]]
    middle = {kind: statistics.median(values) for kind, values in times.items()}
    for kind in kinds:
        value = f"{middle[kind]:.1f} ms ({middle[kind] - middle[PLAIN]:+.1f})"
        yield Figure(section=section, name=kind, value=value)
    for name, more, less in (
        ("of ours, the compiled settings without hooks", SETTINGS, PLAIN),
        ("of ours, three HTTP hooks that are answered at once", AT_ONCE, SETTINGS),
        ("of ours, the service", OURS, AT_ONCE),
        ("ours against `true` under the same settings", OURS, BOUND),
    ):
        yield Figure(section=section, name=name, value=f"{middle[more] - middle[less]:+.1f} ms")


def _kinds(bench: _Bench) -> dict[str, Sequence[str]]:
    """The client's arguments for each kind of session."""
    ours = bench.documents
    hooks = ours["plugin"]["hooks/hooks.json"]["hooks"]
    # Where nobody of ours answers, the client's own rule lets the calls through.
    allow = {"permissions": {"allow": ["Bash"]}}
    managed = {k: v for k, v in ours["managed"].items() if k != "allowManagedPermissionRulesOnly"}
    settings = ours["settings"] | {"env": {}}
    idle = f"http://127.0.0.1:{bench.idle_port}/"

    def every(hook: Mapping[str, Any]) -> dict[str, Any]:
        return {event: [{"matcher": "*", "hooks": [hook]}] for event in hooks}

    def file(name: str, document: Mapping[str, Any]) -> str:
        path = bench.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
        return str(path)

    def bound(name: str, mine: Mapping[str, Any] | None) -> Sequence[str]:
        arguments = ["--managed-settings", json.dumps(managed)]
        addresses = {"allowedHttpHookUrls": [f"{idle}*"]}
        arguments += ["--settings", file(f"{name}.json", settings | allow | addresses)]
        return arguments if mine is None else [*arguments, "--plugin-dir", plugin(name, mine)]

    def plugin(name: str, mine: Mapping[str, Any]) -> str:
        for path, document in (ours["plugin"] | {"hooks/hooks.json": {"hooks": mine}}).items():
            file(f"{name}/{path}", document)
        return str(bench.home / name)

    true = {"type": "command", "command": "true"}
    at_once = bench.http_hook | {"url": idle}
    gate = {"PreToolUse": every(true)["PreToolUse"]}
    return {
        PLAIN: ("--settings", file("plain.json", allow)),
        "`true` on PreToolUse alone": ("--settings", file("gate.json", allow | {"hooks": gate})),
        "`true` on every event": ("--settings", file("true.json", allow | {"hooks": every(true)})),
        SETTINGS: bound("settings", None),
        BOUND: bound("true", every(true)),
        AT_ONCE: bound("idle", every(at_once)),
        OURS: (
            *("--managed-settings", json.dumps(ours["managed"])),
            *("--settings", file("ours.json", settings)),
            *("--plugin-dir", plugin("ours", hooks)),
        ),
    }
