"""Synthetic tool calls: 500 users by Zipf's law over 90 days, a session each four hours, commands and paths with long tails.

What is random in real records (salts, ids of calls and sessions, clocks) is random here too: it can't be packed.
"""

import random
import string
import uuid
from collections.abc import Iterator
from hashlib import sha256
from itertools import accumulate
from typing import Any

import orjson

T0 = 1_784_000_000_000
_VERBS = (
    "git",
    "npm",
    "pytest",
    "cat",
    "grep",
    "ls",
    "sed",
    "python3",
    "docker",
    "kubectl",
    "ssh",
    "curl",
    "make",
    "find",
)
_NOUNS = (
    "status",
    "test",
    "src",
    "build",
    "main",
    "config",
    "README.md",
    "service",
    "key",
    "user",
    "token",
    "index",
    "api",
    "lib",
)
_LETTERS = string.ascii_letters + string.digits
_TOOLS = ("Bash", "Read", "Edit", "Write", "Grep", "Glob", "WebFetch", "mcp__jira__search")


def events(count: int, *, seed: int = 7) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records with their places, in order of time."""
    chance = random.Random(seed)  # noqa: S311 - the same events in every run
    users = [f"user{number}" for number in range(500)]
    weights = list(accumulate(1 / (number + 1) for number in range(500)))
    tools = list(accumulate((40, 25, 15, 6, 6, 4, 2, 2)))
    sessions: dict[str, str] = {}
    monotonic = 10**12
    for place in range(count):
        user = chance.choices(users, cum_weights=weights)[0]
        time_ms = T0 + place * 7_776_000_000 // count
        monotonic += chance.randrange(2, 7_776_000_000_000 // count)
        tool = chance.choices(_TOOLS, cum_weights=tools)[0]
        path = f"/home/{user}/repo{chance.randrange(4)}/{chance.choice(_NOUNS)}/f{int(chance.paretovariate(0.7)) % 900}.py"
        command = " ".join(
            (chance.choice(_VERBS), *chance.choices(_NOUNS, k=4), f"--n={chance.randrange(9_999)}")
        )
        given = {"command": command, "description": "do it"} if tool == "Bash" else {"file_path": path}
        denied = chance.random() < 0.02  # noqa: PLR2004
        verdict = "deny" if denied else "allow"
        program = command.split(" ", 1)[0]
        access = (
            {"kind": "execute", "program": program, "arguments": command}
            if tool == "Bash"
            else {"kind": "read", "path": path}
        )
        session = f"s-{user}-{time_ms // 14_400_000}"
        if session not in sessions:
            sessions[session] = str(uuid.UUID(int=chance.getrandbits(128)))
        yield place, {
            "v": 2, "epoch": "bench", "seq": place, "kind": "tool-call", "time_ms": time_ms, "monotonic_us": monotonic, "salt": chance.randbytes(16).hex(),
            "host": f"host-{user}", "user": user, "uid": 1000, "session": session, "client_session": sessions[session], "permission_mode": "default",
            "input_bytes": len(command) + 40, "decided_us": chance.randrange(150, 900), "approved_by": "" if denied else "hook", "profile": "developer", "project": f"/home/{user}/repo",
            "cwd": f"/home/{user}/repo", "event": "PreToolUse", "client_version": "2.1.330", "tool": tool, "call_id": "toolu_01" + "".join(chance.choices(_LETTERS, k=22)),
            "input": orjson.dumps(given).decode(), "accesses": [access], "verdict": verdict, "enforced": verdict, "policy": sha256(b"%d" % (place * 20 // count)).hexdigest(),
            **({"reasons": [{"rule": "baseline.files.hidden.1", "message": "Environment files hold secrets."}]} if denied else {}),
        }  # fmt: skip
