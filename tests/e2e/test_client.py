"""What the design takes for granted about the client itself, without Bailiwick.

If one of these fails with a newer client, something this product is built on has changed: the nightly job runs them
with the newest one. The numbers are the traps of ``docs/limits.md``.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from harness import HOME, MANAGED, PROJECT, Room, bash

from bailiwick.service.scripted_model import Use

Reply = Callable[[Mapping[str, Any]], tuple[int, bytes]]


class Point:
    """The smallest policy decision point: one function."""

    def __init__(self, reply: Reply) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.ports: list[int] = []
        point = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                point.asked.append(event)
                point.headers.append({k.lower(): v for k, v in self.headers.items()})
                point.ports.append(self.client_address[1])
                status, body = reply(event)
                head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                self.wfile.write(head.encode() + body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hooks(self, *events: str, **more: Any) -> dict[str, Any]:
        hook = {"type": "http", "url": self.url, "timeout": 5, "onFailure": "block", **more}
        return {"hooks": {event: [{"matcher": "*", "hooks": [hook]}] for event in events or ("PreToolUse",)}}


@pytest.fixture
def point() -> Iterator[Callable[[Reply], Point]]:
    points: list[Point] = []

    def make(reply: Reply) -> Point:
        points.append(Point(reply))
        return points[-1]

    yield make
    for one in points:
        one.close()


def said(decision: str | None = None, **more: Any) -> Reply:
    specific = {
        "hookEventName": "PreToolUse",
        **({} if decision is None else {"permissionDecision": decision}),
        **more,
    }
    return lambda event: (
        200,
        json.dumps(
            {"hookSpecificOutput": specific} if event["hook_event_name"] == "PreToolUse" else {}
        ).encode(),
    )


ALLOWED = {"permissions": {"allow": ["Bash", "Read", "Write"]}}


def settings(*parts: Mapping[str, Any]) -> tuple[str, str]:
    merged: dict[str, Any] = {}
    for part in parts:
        merged |= part
    return "--settings", json.dumps(merged)


Make = Callable[[Reply], Point]


@pytest.mark.parametrize(
    ("reply", "runs_by_default", "runs_blocking"),
    [
        ((200, b"{}"), True, True),
        ((500, b"{}"), True, False),
        ((200, b"{bad"), True, False),
        ((200, b"plain"), True, False),
        ((200, b"[]"), True, False),
        ((200, b""), True, True),  # trap 2: the one reply that opens even a blocking hook
    ],
    ids=["empty object", "500", "broken JSON", "text", "array", "empty body"],
)
def test_trap_1_and_2_which_replies_let_a_call_run(
    room: Room, point: Make, reply: tuple[int, bytes], *, runs_by_default: bool, runs_blocking: bool
) -> None:
    for number, (on_failure, runs) in enumerate((("continue", runs_by_default), ("block", runs_blocking))):
        one = point(lambda _: reply)
        room.session([bash(f"touch made-{number}")], *settings(one.hooks(onFailure=on_failure), ALLOWED))
        assert len(one.asked) == 1
        assert (room.project / f"made-{number}").exists() == runs


def test_trap_3_a_session_is_gated_by_its_prompt_only(room: Room, point: Make) -> None:
    one = point(lambda _: (500, b""))
    outcome = room.session([], *settings(one.hooks("SessionStart", "UserPromptSubmit")))
    assert [event["hook_event_name"] for event in one.asked] == ["UserPromptSubmit"], (
        "SessionStart goes over no HTTP"
    )
    assert outcome.model.conversation == ()


def test_a_question_is_a_denial_where_nobody_can_be_asked(room: Room, point: Make) -> None:
    one = point(said("ask", permissionDecisionReason="because"))
    outcome = room.session(
        [bash("touch made")], *settings(one.hooks(), ALLOWED), "--dangerously-skip-permissions"
    )
    assert outcome.result(0).is_error
    assert "because" in outcome.result(0).text
    assert room.read(PROJECT / "made") is None


def test_an_answer_may_allow_what_no_rule_does_but_lift_no_rule(room: Room, point: Make) -> None:
    one = point(said("allow"))
    rules = {"permissions": {"deny": ["Bash(touch a)"], "ask": ["Bash(touch b)"]}}
    outcome = room.session([bash("touch a"), bash("touch b"), bash("touch c")], *settings(one.hooks(), rules))
    assert [outcome.ran(turn) for turn in range(3)] == [False, False, True], outcome


def test_an_answer_may_change_the_call(room: Room, point: Make) -> None:
    one = point(said("allow", updatedInput={"command": "touch changed", "timeout": 1000}))
    room.session([bash("touch asked-for")], *settings(one.hooks(), ALLOWED))
    assert [path.name for path in room.project.iterdir()] == ["changed"]


def test_one_connection_serves_a_session_and_carries_its_secret(room: Room, point: Make) -> None:
    one = point(said())
    room.session(
        [bash("true")] * 4,
        *settings(
            one.hooks(headers={"Authorization": "Bearer s3", "X-Var": "$MINE"}, allowedEnvVars=["MINE"]),
            ALLOWED,
        ),
        env={"MINE": "m1"},
    )
    assert len(one.asked) == 4
    assert len(set(one.ports)) == 1
    assert {(h["authorization"], h["x-var"]) for h in one.headers} == {("Bearer s3", "m1")}


def test_trap_7_output_of_a_failing_command_reaches_no_hook_that_could_mask_it(
    room: Room, point: Make
) -> None:
    def mask(event: Mapping[str, Any]) -> tuple[int, bytes]:
        name = event["hook_event_name"]
        output: Any = (
            "masked"
            if name == "PostToolUseFailure"
            else {**event.get("tool_response", {}), "stdout": "masked"}
        )
        return 200, json.dumps(
            {"hookSpecificOutput": {"hookEventName": name, "updatedToolOutput": output}}
        ).encode()

    one = point(mask)
    outcome = room.session(
        [bash("echo hunter2"), bash("echo hunter2; false")],
        *settings(one.hooks("PostToolUse", "PostToolUseFailure"), ALLOWED),
    )
    assert outcome.result(0).text == "masked"
    assert "hunter2" in outcome.result(1).text
    assert [event["hook_event_name"] for event in one.asked] == ["PostToolUse", "PostToolUseFailure"]


def test_trap_8_an_unreadable_managed_file_is_gone_on_without(room: Room) -> None:
    room.write(MANAGED / "managed-settings.json", {"permissions": {"deny": ["Bash(touch *)"]}}, mode=0o000)
    outcome = room.session([bash("touch made")], *settings(ALLOWED))
    assert outcome.ran(0), outcome
    assert "managed" in outcome.stderr.lower()


def test_trap_9_a_broken_managed_file_starts_no_session(room: Room) -> None:
    room.write(MANAGED / "managed-settings.json", "{")
    assert room.session([]).code == 1


def test_trap_11_only_two_slashes_are_absolute_in_a_managed_rule(room: Room) -> None:
    for path in ("/scratch/home/h.env", "/scratch/project/sub/p.env"):
        room.write(path, "KEY=1")
    reads = [
        Use(tool="Read", input={"file_path": path})
        for path in ("/scratch/home/h.env", "/scratch/project/sub/p.env")
    ]
    for rule, expected in (("Read(**/*.env)", [True, False]), ("Read(//**/*.env)", [False, False])):
        room.write(
            MANAGED / "managed-settings.json", {"permissions": {"deny": [rule], "allow": ["Read(//**)"]}}
        )
        outcome = room.session(reads)
        assert [outcome.ran(turn) for turn in range(2)] == expected, (rule, str(outcome))


def test_trap_12_a_rule_for_the_shell_is_about_words(room: Room) -> None:
    rules = {"permissions": {"allow": ["Bash"], "deny": ["Bash(touch *)"]}}
    outcome = room.session([bash("touch a"), bash("bash -c 'touch b'")], *settings(rules))
    assert [outcome.ran(0), outcome.ran(1)] == [False, True], outcome


def test_rules_for_reading_hold_for_searching(room: Room) -> None:
    room.write(PROJECT / ".env", "KEY=hunter2")
    room.write(PROJECT / "a.txt", "KEY=open")
    outcome = room.session(
        [
            Use(tool="Grep", input={"pattern": "KEY", "output_mode": "content"}),
            Use(tool="Glob", input={"pattern": "**/*"}),
        ],
        *settings({"permissions": {"deny": ["Read(//**/.env)"]}}),
        *("--allowedTools", "Grep,Glob"),
    )
    assert "hunter2" not in outcome.result(0).text
    assert "open" in outcome.result(0).text
    assert ".env" not in outcome.result(1).text


@pytest.mark.parametrize(
    ("document", "second", "made"),
    [
        ({"permissions": {"deny": ["Bash(touch *)"]}}, None, False),
        ({"allowManagedPermissionRulesOnly": True}, None, False),
        ({"allowManagedPermissionRulesOnly": True}, {"permissions": {"allow": ["Bash"]}}, True),
        ({"permissions": {"disableBypassPermissionsMode": "disable"}}, None, True),
    ],
    ids=["deny", "rules of others ignored", "only the last one counts", "bypass closed"],
)
def test_what_the_launcher_s_managed_settings_can_do(
    room: Room, document: Mapping[str, Any], second: Mapping[str, Any] | None, *, made: bool
) -> None:
    flags = ["--managed-settings", json.dumps(document)]
    if second is not None:
        flags += ["--managed-settings", json.dumps(second)]
    outcome = room.session([bash("touch made")], *settings(ALLOWED), *flags)
    assert (room.project / "made").exists() == made, outcome


def test_hooks_of_the_launcher_s_managed_settings_are_dropped(room: Room, point: Make) -> None:
    one = point(said("deny"))
    room.session([bash("touch made")], "--managed-settings", json.dumps({**one.hooks(), **ALLOWED}))
    assert one.asked == []
    assert (room.project / "made").exists()


@pytest.mark.parametrize("flags", [("--bare",), ("--safe-mode",)], ids=lambda flags: flags[0])
def test_flags_that_the_launcher_must_refuse(room: Room, point: Make, flags: tuple[str, ...]) -> None:
    one = point(said("deny"))
    room.session([bash("touch made")], *settings(one.hooks(), ALLOWED), *flags)
    assert one.asked == []


def test_trap_17_settings_of_a_repository_redirect_and_switch_hooks_off(room: Room, point: Make) -> None:
    one = point(said("deny"))
    room.write(PROJECT / ".claude/settings.json", {"disableAllHooks": True})
    room.session([bash("touch made")], *settings(one.hooks(), ALLOWED))
    assert one.asked == []


def test_the_policy_helper_is_run_once_by_the_client_itself(room: Room, point: Make) -> None:
    one = point(said("deny"))
    answer = json.dumps({"managedSettings": {**one.hooks(), "allowManagedHooksOnly": True}})
    script = f"#!/bin/sh\necho $PPID >> {HOME}/called\ncat <<'END'\n{answer}\nEND\n"
    room.write("/etc/helper", script, mode=0o755)
    helper = {"path": "/etc/helper", "outputBehavior": "merge", "timeoutMs": 3000}
    room.write(
        MANAGED / "managed-settings.json",
        {"policyHelpers": {"linux": helper}, "permissions": {"deny": ["Bash(rm *)"]}},
    )
    outcome = room.session([bash("touch made")], "--settings", '{"disableAllHooks": true}')
    assert "hook error" in outcome.result(0).text, outcome
    assert len((room.home / "called").read_text().split()) == 1
    room.write("/etc/helper", "#!/bin/sh\nexit 1\n", mode=0o755)
    assert room.session([]).code == 1
