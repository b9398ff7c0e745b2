"""The real client's session: in the log, proven by the offline verifier, exported, and erased for one person with proofs still good."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

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
