"""Hostile packages: no crash, no hang, no write outside, and what isn't looked at is said."""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.service.rule_database import load
from bailiwick.service.skill_files import find_skills
from bailiwick.service.skill_scan import look
from hostile_skills import Hostile, cases

SECONDS = 30
"""Processor time of one case: half of what the scanner allows itself, whose limit is not what should end it."""

ROOM = 700 * 2**20
"""Bytes of memory that one case may add."""

ALL = list(cases())
QUICK = [one for one in ALL if one.quick]


def partial_of(top: Path) -> list[str]:
    """What of the skill at ``top`` was not looked at, told by a child that can neither take long nor much."""
    load()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - ends without the tests' own ending
        try:
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            told = [part.reason for place in find_skills(top) for part in look(place).partial]
            os.write(writing, "\n".join([*told[:100], "done"]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the reader died: {os.waitstatus_to_exitcode(status)}"
    *told, last = said.split("\n")
    assert last == "done"
    return told


def holds(case: Hostile, tmp_path: Path) -> None:
    top = tmp_path / "skill"
    for name, data in case.files().items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    before = sorted(_listed(tmp_path))
    told = partial_of(top)
    assert sorted(_listed(tmp_path)) == before
    assert not [reason for reason in told if "failed" in reason or "took longer" in reason]
    assert told or not case.partial


def _listed(top: Path) -> Iterator[tuple[str, int]]:
    for where, _, files in os.walk(top):
        for name in files:
            path = Path(where, name)
            yield str(path), path.stat().st_mtime_ns


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes")
@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_hostile(case: Hostile, tmp_path: Path) -> None:
    holds(case, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_every_hostile(case: Hostile, tmp_path: Path) -> None:
    holds(case, tmp_path)
