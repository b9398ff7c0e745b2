"""Figures that need no client: deciding, compiling, the service's start and memory."""

import gc
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from figures import Figure, limit, percentile

from bailiwick.administration.compile import compile_set
from bailiwick.analysis.tools import analyze
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.enforcement.claude_code import parse_event, render
from bailiwick.model.request import Principal, Request, Session
from bailiwick.service.files import OsFiles
from bailiwick.service.local import call, is_running
from bailiwick.service.places import Places
from bailiwick.service.policy_files import read_policy_files

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "src/bailiwick/policy/starter"
SECTION = "In process (decisions: processor time)"

EVENT = {
    "session_id": "s",
    "transcript_path": "/t.jsonl",
    "cwd": "/home/dev/shop",
    "permission_mode": "default",
    "hook_event_name": "PreToolUse",
    "tool_use_id": "toolu_1",
}


def in_process() -> Iterator[Figure]:
    """Decide, the whole path in memory, compile, start, memory."""
    policy = compile_set(read_policy_files(STARTER)).policies["frontend"]
    who = Principal(user="dev", uid=1000, home="/home/dev")
    session = Session(
        key="s", profile="frontend", project="/home/dev/shop", environment=(("HOME", "/home/dev"),)
    )
    files = OsFiles()

    def request(tool: str, arguments: dict[str, object]) -> Request:
        event = parse_event(json.dumps({**EVENT, "tool_name": tool, "tool_input": arguments}).encode())
        return Request(principal=who, event=event, session=session, now=int(time.time()))

    for name, tool, arguments in (
        ("Read", "Read", {"file_path": "/home/dev/shop/src/app.ts"}),
        ("Bash git status", "Bash", {"command": "git status"}),
    ):
        asked = request(tool, arguments)
        facts = detect(asked, analyze(asked, files))
        times = _micros(lambda asked=asked, facts=facts: decide(policy, asked, facts), 20_000)
        yield limit(SECTION, f"decide, facts given: {name}, p50", percentile(times, 0.50), 20, "us")
        yield limit(SECTION, f"decide, facts given: {name}, p99", percentile(times, 0.99), 100, "us")
    for name, tool, arguments in (
        ("Read", "Read", {"file_path": "/home/dev/shop/src/app.ts"}),
        ("Bash git status", "Bash", {"command": "git status"}),
        (
            "Bash, 3 commands and a redirect",
            "Bash",
            {"command": "cd src && npm test | tee ../out.txt; echo done"},
        ),
    ):
        body = json.dumps({**EVENT, "tool_name": tool, "tool_input": arguments}).encode()

        def whole(body: bytes = body) -> None:
            event = parse_event(body)
            asked = Request(principal=who, event=event, session=session, now=0)
            render(
                event,
                decide(policy, asked, detect(asked, analyze(asked, files))),
                contact="",
                session_hint="s",
            )

        times = _micros(whole, 1_000)
        shown = f"{percentile(times, 0.5):.0f} / {percentile(times, 0.99):.0f} us"
        yield Figure(section=SECTION, name=f"parse to render, no record: {name}, p50 / p99", value=shown)
    yield _compile(500)
    yield from _service()


def _micros(work: Callable[[], object], count: int) -> list[float]:
    """Processor time of each run in microseconds, so that other processes' turns don't count."""
    for _ in range(min(count, 500)):
        work()
    gc.collect()
    times = []
    for _ in range(count):
        began = time.thread_time_ns()
        work()
        times.append((time.thread_time_ns() - began) / 1000)
    return times


def _compile(rules: int) -> Figure:
    """A profile with that many rules, a third each of paths, commands and hosts."""
    third = rules // 3
    paths = "\n".join(
        f'    - {{id: p{n}, match: ["/srv/team{n}/**/*.key"], because: Not here., instead: Ask first.}}'
        for n in range(third)
    )
    programs = "\n".join(
        f"    - {{id: c{n}, match: [tool{n} deploy --now], because: Not here., instead: Ask first.}}"
        for n in range(third)
    )
    hosts = "\n".join(
        f"    - {{id: h{n}, match: [host{n}.example.com], because: Not here., instead: Ask first.}}"
        for n in range(rules - 2 * third)
    )
    text = f"profile: big\ndescription: big\nfiles:\n  hidden:\n{paths}\ncommands:\n  deny:\n{programs}\nnetwork:\n  deny:\n{hosts}\n"
    files = {"organisation.yaml": "organisation: Bench\ndefault_profile: big\n", "profiles/big.yaml": text}
    times = []
    for _ in range(5):
        began = time.perf_counter()
        compile_set(files)
        times.append((time.perf_counter() - began) * 1000)
    return limit(SECTION, f"compile a policy of {rules} rules", percentile(times, 0.5), 200, "ms")


def _service() -> Iterator[Figure]:
    """Start to first answer, with a policy never seen before and with one that held before; and memory."""
    first: list[float] = []
    later: list[float] = []
    memory = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        # An installed Bailiwick has its byte code beside it; a checkout that can't be written to has it here.
        kept = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(Path(scratch) / "bytecode"),
        }
        _started(Places(state=Path(scratch) / "warm", policy=STARTER), kept)
        for turn in range(5):
            for starts in (first, later):
                places = Places(state=Path(scratch) / f"state-{turn}", policy=STARTER)
                seconds, resident_mb = _started(places, kept)
                starts.append(seconds)
                memory = max(memory, resident_mb)
    name = "service start to first answer"
    yield limit(SECTION, f"{name}, policy seen before", percentile(later, 0.5), 0.5, "s")
    yield limit(SECTION, f"{name}, policy never seen", percentile(first, 0.5), 0.5, "s")
    yield limit(SECTION, "service resident memory after start", memory, 120, "MB")


def _started(places: Places, environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from starting a service to its first answer, and its memory in MB once it has settled."""
    # Not -I, which would overlook PYTHONPATH and with it the compiled wheel.
    command = [sys.executable, "-Ps", "-m", "bailiwick.service.run", "--state", str(places.state)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--policy", str(places.policy)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    while not is_running(places) and process.poll() is None:
        time.sleep(0.002)
    seconds = time.perf_counter() - began
    time.sleep(1.0)
    call(places, "GET", "/v1/status")
    memory = resident(process.pid)
    process.terminate()
    process.wait()
    return seconds, memory


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0
