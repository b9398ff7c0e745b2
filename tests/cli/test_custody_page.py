"""docs/custody.md: its walk-through runs, command by command."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bailiwick.audit.finish import Draft, finish
from bailiwick.audit.redaction import Redactor
from bailiwick.service.store import Store
from logs import RECORD

PAGE = Path(__file__).parents[2] / "docs/custody.md"
COMMANDS = [
    line.removeprefix("    $ ")
    for line in PAGE.read_text(encoding="utf-8")
    .split("<!-- walk -->")[1]
    .split("<!-- /walk -->")[0]
    .splitlines()
    if line.startswith("    $ ")
]
PORT = re.compile(r"\b876[78]\b")


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.mark.timeout(180)
def test_the_walk_through_runs(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Store.open(state) as store:
        for number in range(8):
            user = ("alice", "bob")[number % 2]
            store.append_blocking(
                replace(RECORD, time_ms=time.time_ns() // 1_000_000, user=user, text=f"by {user}")
            )
        fields = {
            **RECORD.fields(),
            "kind": RECORD.kind,
            "time_ms": time.time_ns() // 1_000_000,
            "user": "bob",
        }
        store.append_blocking(
            finish(Draft(fields=fields, payload={"response": "by bob"}), Redactor(bytes(32)))
        )
    python = tmp_path / "bin"
    python.mkdir()
    for name, words in {"bailiwick": "-m bailiwick.cli.main", "python3": ""}.items():
        (python / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (python / name).chmod(0o755)
    environment = {**os.environ, "BAILIWICK_STATE": str(state), "PATH": f"{python}:{os.environ['PATH']}"}
    ports = {"8767": free_port(), "8768": free_port()}
    serving: list[subprocess.Popen[str]] = []
    told: dict[str, str] = {}
    try:
        for command in COMMANDS:
            line = PORT.sub(lambda found: ports[found[0]], command)
            if line.endswith(" &"):
                process = subprocess.Popen(
                    ["sh", "-c", f"exec {line[:-2]}"],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                serving.append(process)
                assert process.stdout
                assert process.stdout.readline().startswith("listening on http://")
                continue
            done = subprocess.run(
                ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            told[command] = done.stdout
    finally:
        for process in serving:
            process.kill()
            process.wait()
            with suppress(AttributeError):
                process.stdout.close()  # type: ignore[union-attr]
    assert "cosigned by witness.example.com/1" in told["bailiwick log witness"]
    erased = next(out for command, out in told.items() if "log erase" in command)
    assert erased.startswith("1 data key destroyed")
    assert next(out for command, out in told.items() if "log ship" in command).endswith("entries shipped\n")
    assert told["python3 pack/verify.py pack --key given.pub"].startswith("intact: ")
    shutil.rmtree(tmp_path / "witness")
