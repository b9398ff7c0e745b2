"""The unit files in docs/examples/systemd: systemd takes them, and the commands in them are commands of ours."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from bailiwick.cli.main import parser

UNITS = Path(__file__).parents[2] / "docs/examples/systemd"
NAMES = sorted(path.name for path in UNITS.glob("*.service"))


@pytest.mark.parametrize("name", NAMES)
def test_its_command_is_one_of_ours(name: str) -> None:
    (line,) = [one for one in (UNITS / name).read_text().splitlines() if one.startswith("ExecStart=")]
    program, *words = shlex.split(line.removeprefix("ExecStart="))
    assert program == "/usr/local/bin/bailiwick"
    assert parser().parse_args(words)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_them(tmp_path: Path) -> None:
    for path in UNITS.iterdir():
        text = path.read_text().replace("/usr/local/bin/bailiwick", "/bin/true")
        (tmp_path / path.name).write_text(text.replace("Wants=bailiwick.service\n", ""))
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "bailiwick-" in line]
    assert not about_ours, done.stderr
