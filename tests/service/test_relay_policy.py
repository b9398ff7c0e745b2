"""`audit: {fallback: relay}`: sessions get the relay for a hook, which the kernel ties to its client, and what it stops is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governed import FORBIDDEN, POLICY, READ, Running, records, running, verdict, write_policy

RELAYED = POLICY | {"organisation.yaml": POLICY["organisation.yaml"] + "audit: {fallback: relay}\n"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    write_policy(tmp_path / "policy", RELAYED)
    with running(tmp_path) as started:
        yield started


def hooks(service: Running) -> dict[str, Any]:
    opened = service.call("POST", "/v1/session", {"project": "/tmp"})
    told: dict[str, Any] = opened["documents"]["plugin"]["hooks/hooks.json"]["hooks"]
    return told


def relayed(
    hook: dict[str, Any], body: bytes, *through: str, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    given = [*through, hook["command"], *hook["args"]]
    return subprocess.run(given, input=body, capture_output=True, timeout=60, check=False, **more)


def test_the_client_gets_the_relay_and_no_secret(service: Running) -> None:
    told = hooks(service)
    hook = told["PreToolUse"][0]["hooks"][0]
    assert (hook["type"], hook["onFailure"]) == ("command", "block")
    assert "Bearer" not in json.dumps(told)
    assert verdict(relayed(hook, READ).stdout) == "allow"
    assert verdict(relayed(hook, FORBIDDEN, "sh", "-c", '"$@"; exit $?', "sh").stdout) == "deny"
    assert [one["enforced"] for one in records(service.places.state, kind="tool-call")] == ["allow", "deny"]


def test_a_process_that_no_client_of_a_session_started_gets_a_denial(service: Running) -> None:
    hook = hooks(service)["PreToolUse"][0]["hooks"][0]
    # Its parent ends first, so that it is nobody's child.
    orphan = "import os, sys, time\nif os.fork(): os._exit(0)\nos.setsid()\nwhile os.getppid() == int(sys.argv[1]): time.sleep(0.01)\nos.execv(sys.argv[2], sys.argv[2:])"
    starter = f"import os, sys; os.execv(sys.executable, [sys.executable, '-c', {orphan!r}, str(os.getpid()), *sys.argv[1:]])"
    said = relayed(hook, READ, sys.executable, "-c", starter)
    assert verdict(said.stdout) == "deny"
    assert records(service.places.state, kind="tool-call") == []
    secret = {"BAILIWICK_TOKEN": "0" * 64}
    assert verdict(relayed(hook, READ, env={**os.environ, **secret}).stdout) == "deny", (
        "a wrong secret is no secret"
    )


def test_what_is_stopped_while_the_service_is_away_is_on_record(service: Running) -> None:
    hook = hooks(service)["PreToolUse"][0]["hooks"][0]
    service.kill()
    stopped = relayed(hook, READ)
    assert (stopped.returncode, stopped.stdout) == (2, b"")
    service.start()
    [told] = records(service.places.state, kind="fallback")
    assert (told["event"], told["tool"], told["enforced"]) == ("PreToolUse", "Read", "deny")
    assert verdict(relayed(hook, READ).stdout) == "allow", "the session goes on"


def test_policy_takes_it_back_for_sessions_to_come(service: Running) -> None:
    write_policy(service.policy, POLICY)
    service.call("POST", "/v1/reload")
    assert hooks(service)["PreToolUse"][0]["hooks"][0]["type"] == "http"
