"""The real client's session: in the log, proven by the offline verifier, exported, and erased for one person with proofs still good."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import POLICY, PROJECT, Room, bash

sys.path.append(str(Path(__file__).parents[1] / "service" / "sinks"))

from receivers import free_port

from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader
from bailiwick.service.scripted_model import Use


def test_a_session_is_proven_exported_and_erased(room: Room, tmp_path: Path) -> None:
    outcome = room.governed(
        [bash("touch made"), bash("echo 1 >> /etc/hosts")], "--permission-mode", "acceptEdits"
    )
    assert outcome.ran(0), outcome
    room.kill_service()
    state, keys = ["--state", str(room.state)], tmp_path / "log.pub"
    keys.write_bytes((room.state / "log.pub").read_bytes())
    with LogReader(room.state) as reader:
        calls = {
            entry.record["call_id"]: entry
            for entry in reader.entries()
            if entry.record["kind"] == "tool-call"
        }
        assert reader.verify().intact
    user = pwd.getpwuid(os.geteuid()).pw_name
    made = calls["toolu_main_0_0"]
    assert made.record["user"] == user
    assert made.record["approved_by"] == "hook"
    proof, pack = tmp_path / "made.tlog-proof", tmp_path / "pack"
    assert main(["log", "proof", str(made.sealed.sequence), "-o", str(proof), *state]) == 0
    assert main(["evidence", "export", "--from", "1d", "-o", str(pack), *state]) == 0
    assert b"touch made" in (pack / "events.jsonl").read_bytes()
    assert list((pack / "policies").iterdir())

    def verifier(target: Path) -> str:
        words = [sys.executable, "-I", str(pack / "verify.py"), str(target), "--key", str(keys)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "touch made" in verifier(proof)
    assert verifier(pack).startswith("intact: ")
    words = ["log", "erase", "--user", user, "--reason", "asked for it", "--yes", *state]
    assert main(words) == 0
    assert main(["log", "verify", *state]) == 0
    assert "touch made" in verifier(proof)
    with LogReader(room.state) as reader:
        (again,) = reader.entries(made.sealed.sequence, end=made.sealed.sequence + 1)
    assert (again.record["tool"], again.record["enforced"], again.record["sealed"]) == ("Bash", "allow", 1)
    assert again.sealed == made.sealed
    for file in room.state.glob("log.db*"):
        assert b"touch made" not in file.read_bytes()


EVERY = {
    "time_ms",
    "monotonic_us",
    "host",
    "user",
    "uid",
    "identity",
    "session",
    "client_session",
    "profile",
    "project",
    "policy",
}
DECIDED = EVERY | {
    "tool",
    "call_id",
    "input",
    "input_bytes",
    "accesses",
    "verdict",
    "enforced",
    "reasons",
    "client_version",
    "decided_us",
}


def test_a_session_s_records_say_who_what_when_and_how(room: Room) -> None:
    """Issue 6, part 1: each kind of record that a plain session makes, and what must stand in it."""
    outcome = room.governed(
        [bash("touch made"), bash("echo 1 >> /etc/hosts"), bash("false")], "--permission-mode", "acceptEdits"
    )
    assert outcome.ran(0), outcome
    records = room.records()
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_kind.setdefault(record["kind"], []).append(record)
    (opened,) = by_kind["session-start"]
    assert (EVERY - {"client_session"}) | {"client_version"} <= set(opened)
    assert opened["text"].startswith("session opened with profile dev")
    allowed, denied, failing = by_kind["tool-call"]
    assert DECIDED | {"approved_by"} <= set(allowed)
    assert set(denied) >= DECIDED
    assert denied["reasons"][0]["origin"].startswith("profiles/dev.yaml:")
    assert "approved_by" not in denied
    done, failed = by_kind["tool-outcome"]
    ended = {"outcome", "duration_ms", "elapsed_ms", "response_bytes", "approved_by", "call_id"}
    assert EVERY | ended <= set(done)
    assert EVERY | ended | {"error"} <= set(failed)
    assert (done["call_id"], failed["call_id"]) == (allowed["call_id"], failing["call_id"])
    assert (done["outcome"], failed["outcome"]) == ("ok", "failed")
    assert EVERY | {"text", "text_bytes"} <= set(by_kind["prompt"][0])
    assert set(by_kind["session-end"][0]) >= EVERY
    assert len({record["session"] for record in records if record.get("session")}) == 1
    steady = [record["monotonic_us"] for record in records]
    assert steady == sorted(steady)
    assert not [value for record in records for value in record.values() if isinstance(value, float)]


def test_what_went_through_a_tool_is_at_the_collector_whole_and_erased_there(
    room: Room, tmp_path: Path
) -> None:
    """Payloads, as policy lets them leave: from the real client's tool to the collector's log, and out of it again."""
    organisation = (POLICY / "organisation.yaml").read_text()
    room.set_policy(changes={"organisation.yaml": f"{organisation}audit: {{payloads: sealed_and_shipped}}\n"})
    room.write(PROJECT / "long.txt", "".join(f"line {number} x\n" for number in range(1, 1_500)))
    outcome = room.governed([Use(tool="Read", input={"file_path": str(PROJECT / "long.txt")})])
    assert outcome.ran(0), outcome
    room.kill_service()
    hub, port = tmp_path / "hub", free_port()
    words = ["log", "collect", "--state", str(hub)]
    assert main([*words, "--enrol", str(room.state / "log.pub")]) == 0
    collector = subprocess.Popen(
        [sys.executable, "-m", "bailiwick.cli.main", *words, "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert collector.stdout
        assert collector.stdout.readline().startswith("listening on")
        to = ["--to", f"http://127.0.0.1:{port}", "--keys", str(hub / "log.pub")]
        assert main(["log", "ship", *to, "--once", "--state", str(room.state)]) == 0
    finally:
        collector.terminate()
        collector.communicate()

    def whole() -> list[bytes]:
        with LogReader(hub) as reader:
            assert reader.verify().faults == ()
            kept = [reader.payload(entry) for entry in reader.entries()]
        return [
            payload for payload in kept if payload and b"line 1 x" in payload and b"line 1499 x" in payload
        ]

    assert len(whole()) == 1
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert main(["log", "erase", "--user", user, "--reason", "asked", "--yes", "--state", str(hub)]) == 0
    assert whole() == []
