"""The README's transcript is what `make run` prints."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIPT = ROOT / "docs/transcript.txt"

VARYING = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-01 12:00:00"),
    (r"\bs-[0-9a-f]{10}\b", "s-0123456789"),
    (r"(?m)^(epoch|head|root)( +)\S+$", r"\1\2..."),
    (r"entry \d+ of the log", "entry 29 of the log"),
    (r"intact: \d+ entries, \d+ signed", "intact: 33 entries, 1 signed"),
)
"""What differs from run to run, and what stands for it in the transcript."""

pytestmark = pytest.mark.e2e


def test_make_run_prints_the_transcript(golden: Callable[[Path, str], None]) -> None:
    said = subprocess.run(
        [sys.executable, ROOT / "scripts/demo"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
    text = said.stdout
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    golden(TRANSCRIPT, text)


def test_the_readme_shows_the_transcript() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- transcript -->\n(.*?)<!-- /transcript -->", readme, re.DOTALL)
    assert shown is not None
    lines = [line.removeprefix("    ") for line in shown[1].strip("\n").splitlines()]
    whole = TRANSCRIPT.read_text(encoding="utf-8").splitlines()
    missing = [line for line in lines if line not in whole and line != "[...]"]
    assert len(lines) > 10
    assert not missing, f"not in {TRANSCRIPT.name}: {missing}"
