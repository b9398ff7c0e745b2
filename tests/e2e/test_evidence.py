"""The real client's session: in the log, proven by the offline verifier, exported, and erased for one person with proofs still good."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import Room, bash

from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader


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
