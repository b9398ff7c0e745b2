"""The process that delivers, killed at random times: every record arrives, whole and in order, some of them twice."""

import random
import subprocess
import sys
import time
from pathlib import Path

import orjson
from posts import filled

from bailiwick.service.sinks.cursor import Room

COUNT = 3_000


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    state = filled(tmp_path / "state", COUNT)
    config, output = tmp_path / "sinks.yaml", tmp_path / "out.jsonl"
    config.write_text(f"sinks:\n  - {{name: lines, to: file, path: {output}}}\n")
    command = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "sink",
        "run",
        "--state",
        str(state),
        "--config",
        str(config),
    ]
    kills = 0
    deadline = time.monotonic() + 60
    while Room(state).load("lines").next < COUNT:
        assert time.monotonic() < deadline
        process = subprocess.Popen(command)
        reached = Room(state).load("lines").next
        while process.poll() is None and Room(state).load("lines").next == reached:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.02))  # noqa: S311 - a test's
        process.kill()
        process.wait()
        kills += 1
    lines = [orjson.loads(line) for line in output.read_bytes().splitlines()]
    places = [line["seq"] for line in lines if line["kind"] != "delivery-count"]
    assert list(dict.fromkeys(places)) == list(range(COUNT))
    assert kills >= 2
