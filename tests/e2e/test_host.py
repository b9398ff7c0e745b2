"""A host program (the Agent SDK) that drives the client and says yes to everything."""

import contextlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness import BAILIWICK, Listener, Room, bash

from bailiwick.service.scripted_model import ScriptedModel, Turn


@dataclass(slots=True, kw_only=True)
class Host:
    """Speaks the client's control protocol: answers permission questions and hook call-backs."""

    rewrite: str | None = None
    asked: list[str] = field(default_factory=list)
    hooked: list[str] = field(default_factory=list)

    def drive(self, room: Room, model: ScriptedModel, *arguments: str) -> None:
        """One session, to its result."""
        streams = ("--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
        command = [*BAILIWICK, "claude", *arguments, "--client", str(room.client), "--"]
        process = subprocess.Popen(
            room.argv([*command, "-p", *streams, "--permission-prompt-tool", "stdio"]),
            env=room.environment({"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-" + "scripted"}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None

        def send(message: Mapping[str, Any]) -> None:
            assert process.stdin is not None
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()

        hooks = {"PreToolUse": [{"matcher": None, "hookCallbackIds": ["pre"]}]}
        send(
            {
                "type": "control_request",
                "request_id": "1",
                "request": {"subtype": "initialize", "hooks": hooks},
            }
        )
        said = {"role": "user", "content": "go"}
        send({"type": "user", "message": said, "parent_tool_use_id": None, "session_id": ""})
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "control_request":
                answer = {
                    "subtype": "success",
                    "request_id": message["request_id"],
                    "response": self._yes(message["request"]),
                }
                send({"type": "control_response", "response": answer})
            if message["type"] == "result":
                break
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait(20)

    def _yes(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if request["subtype"] == "can_use_tool":
            self.asked.append(request["input"].get("command", request["tool_name"]))
            return {"behavior": "allow", "updatedInput": request["input"]}
        if request["subtype"] == "hook_callback":
            self.hooked.append(request["input"]["tool_input"].get("command", ""))
            said = {"hookEventName": "PreToolUse", "permissionDecision": "allow"}
            changed = {} if self.rewrite is None else {"updatedInput": {"command": self.rewrite}}
            return {"hookSpecificOutput": said | changed}
        return {}


def played(room: Room, host: Host, turns: Sequence[Turn], *arguments: str) -> ScriptedModel:
    with ScriptedModel(turns) as model:
        host.drive(room, model, *arguments)
    assert model.conversation, "the session did not begin"
    return model


def test_a_host_that_allows_does_not_lift_a_denial(room: Room) -> None:
    host = Host()
    with Listener() as listener:
        model = played(
            room, host, [bash(f"curl -s http://127.0.0.1:{listener.port}/"), bash("echo x >> /etc/hosts")]
        )
    assert listener.requests == []
    assert all(model.results[f"toolu_main_{n}_0"].is_error for n in range(2)), model.results
    assert host.asked == []


def test_a_host_answers_for_its_person_what_policy_asks(room: Room) -> None:
    host = Host()
    model = played(room, host, [bash("install -m 644 /dev/null asked")])
    assert host.asked == ["install -m 644 /dev/null asked"], model.results
    assert (room.project / "asked").exists()
    record = room.judged()["toolu_main_0_0"]
    assert (record["verdict"], record["enforced"]) == ("ask", "ask")
