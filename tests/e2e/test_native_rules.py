"""The client's own engine, given the rules compiled for it and nothing else, agrees with the policy (law 12).

No service runs here and no hook is installed, and the client is told to ask for nothing: whatever is refused,
the compiled rules refuse. They refuse only what the policy refuses or asks about, and where they can express a
rule they refuse all that it refuses.
"""

import json
from pathlib import Path
from typing import Any

from harness import HOME, MANAGED, POLICY, PROJECT, Room, bash

from bailiwick.administration.targets.native import native
from bailiwick.policy.load import load_policy_set
from bailiwick.service.scripted_model import Use

EXPRESSED = [
    Use(tool="Read", input={"file_path": f"{PROJECT}/.env"}),
    Use(tool="Read", input={"file_path": f"{PROJECT}/deep/er/.env"}),
    Use(tool="Read", input={"file_path": f"{HOME}/.claude/.credentials.json"}),
    Use(tool="Edit", input={"file_path": "/etc/hosts", "old_string": "localhost", "new_string": "x"}),
    Use(tool="Write", input={"file_path": "/etc/new", "content": "x"}),
    Use(tool="Write", input={"file_path": f"{HOME}/.bashrc", "content": "x"}),
    Use(tool="Write", input={"file_path": f"{PROJECT}/.claude/settings.json", "content": "{}"}),
    Use(tool="WebSearch", input={"query": "anything at all"}),
    bash("cat .env"),
    bash("head -1 deep/er/.env"),
    bash("echo x > /etc/new"),
    bash("curl http://127.0.0.1:1/"),
    bash("/usr/bin/wget http://127.0.0.1:1/"),
    bash("true && curl http://127.0.0.1:1/"),
    bash("timeout 5 curl http://127.0.0.1:1/"),
    bash("bailiwick install --system"),
]
"""Calls that a rule denies which the client can express."""

BEYOND = [
    bash("cat $(echo .env)"),
    bash("bash -c 'cat .env'"),
    bash("cat .e*"),
    bash("python3 -c 'print(open(\".env\").read())'"),
]
"""Calls that the policy refuses and the client's lexical engine lets pass: what the hook is for (trap 12)."""

FREE = [
    Use(tool="Read", input={"file_path": f"{PROJECT}/readme"}),
    Use(tool="Read", input={"file_path": f"{PROJECT}/.env.example"}),
    Use(tool="Read", input={"file_path": "/etc/hostname"}),
    Use(tool="Write", input={"file_path": f"{PROJECT}/made", "content": "x"}),
    Use(tool="Write", input={"file_path": f"{PROJECT}/etc/hosts", "content": "x"}),
    bash("echo hello > hello"),
    bash("grep -c x readme"),
    bash("cp readme other && rm other"),
]
"""Calls that the policy allows."""


def test_native_rules_agree_with_the_policy(room: Room) -> None:
    policy = load_policy_set(
        {str(path.relative_to(POLICY)): path.read_text() for path in Path(POLICY).rglob("*.yaml")}
    ).policies["dev"]
    rules = native(policy, project=str(PROJECT), home=str(HOME))
    room.write(MANAGED / "managed-settings.json", {"permissions": {"deny": rules.deny, "ask": rules.ask}})
    for name in (".env", "deep/er/.env", ".env.example", "readme"):
        room.write(PROJECT / name, "x\n")
    room.write(HOME / ".claude/.credentials.json", {})
    room.write(HOME / ".bashrc", "")
    calls = [*EXPRESSED, *BEYOND, *FREE]
    outcome = room.session(calls, "--dangerously-skip-permissions", timeout=120)
    assert outcome.code == 0, outcome
    verdicts = _judged(room, calls)
    refused = [_refused(outcome.result(turn)) for turn in range(len(calls))]
    shown = [
        f"{call.tool} {call.input}: policy {verdict}, client {'refused' if no else 'ran'}"
        for call, verdict, no in zip(calls, verdicts, refused, strict=True)
    ]
    expected = [*("deny" for _ in EXPRESSED), *("deny" for _ in BEYOND), *("allow" for _ in FREE)]
    for call, verdict, want, line in zip(calls, verdicts, expected, shown, strict=True):
        assert verdict == want or (call in BEYOND and verdict == "ask"), line
    for line, verdict, no in zip(shown, verdicts, refused, strict=True):
        assert not no or verdict in {"deny", "ask"}, f"stricter than the policy: {line}"
    assert all(refused[: len(EXPRESSED)]), "\n".join(shown)


def _judged(room: Room, calls: list[Use]) -> list[str]:
    lines = [
        json.dumps(
            {
                "id": number,
                "hook_event_name": "PreToolUse",
                "session_id": "s",
                "cwd": str(PROJECT),
                "tool_name": call.tool,
                "tool_input": dict(call.input),
            }
        )
        for number, call in enumerate(calls)
    ]
    directory = str(HOME / ".config/bailiwick/policy")
    done = room.bailiwick(
        "decide", "--policy", directory, "--profile", "dev", "--jsonl", stdin="\n".join(lines) + "\n"
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(calls), done
    return [str(answer["verdict"]) for answer in answers]


def _refused(result: Any) -> bool:
    said = ("denied", "permission", "No such tool")
    return bool(result.is_error) and any(word in result.text for word in said)
