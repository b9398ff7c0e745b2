"""`bailiwick dev new-command`: writes a start, runs nothing outside a sandbox, overwrites nothing."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bailiwick.analysis.commands.specification import SpecificationError, load
from bailiwick.cli import dev
from bailiwick.cli.main import main

HELP = "usage: polish [-a]\n\nOptions:\n  -a, --all   all of it\n  -o, --output=FILE  where to\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> None:
    """Skips where bubblewrap can make no sandbox, for the reason that the command itself would give."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        pytest.skip("no bwrap here")
    if subprocess.run([*dev._sandbox(bubblewrap, Path("/bin/true")), "true"], check=False).returncode:
        pytest.skip("bwrap can make no sandbox here")


def program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return path


def test_a_start_from_a_help_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "help.txt").write_text(HELP)
    assert main(["dev", "new-command", "polish-x", "--help-text", "help.txt"]) == 0
    told = capsys.readouterr().out
    assert "Wrote polish-x.yaml: 2 options, 0 sub-commands." in told
    assert "move it to src/bailiwick/analysis/commands of a checkout" in told
    assert "pytest tests/analysis/commands -k polish-x" in told
    text = (tmp_path / "polish-x.yaml").read_text()
    assert text.startswith('command: "polish-x"\n')
    with pytest.raises(SpecificationError, match="undecided"):
        load("polish-x.yaml", text)
    assert main(["dev", "new-command", "polish-x", "--help-text", "help.txt"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "polish-x.yaml").read_text() == text


def test_in_a_checkout_it_stands_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / dev.FOLDER).mkdir(parents=True)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HELP.encode())))
    assert main(["dev", "new-command", "polish-x", "--help-text", "-", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"file": str(dev.FOLDER / "polish-x.yaml"), "options": 2, "subcommands": 0}
    assert (tmp_path / said["file"]).is_file()


@pytest.mark.parametrize(
    ("name", "code", "mend"),
    [
        ("ls", 2, "ls is already described in src/bailiwick/analysis/commands/ls.yaml; extend that"),
        ("../x", 2, "is no command's name"),
        ("no-such-program-x", 2, "give its help with --help-text"),
    ],
)
def test_what_can_t_be_started(name: str, code: int, mend: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "new-command", name]) == code
    assert mend in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_without_a_sandbox_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "bin", "polish-x", f"touch {tmp_path}/ran; echo '  -a  all'", monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert main(["dev", "new-command", "polish-x"]) == 3
    told = capsys.readouterr().err
    assert "isn't run without a sandbox" in told
    assert "--help-text help.txt" in told
    program(tmp_path / "bin", "bwrap", "exit 1", monkeypatch)
    assert main(["dev", "new-command", "polish-x"]) == 3
    assert "bwrap can't make one" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("sandbox")
def test_the_program_runs_where_it_can_do_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET", "hidden-from-it")
    script = f"""
        touch {tmp_path}/ran /var/tmp/ran 2>/dev/null && echo '  --wrote  it wrote'
        [ -n "$SECRET" ] && echo '  --secret  it saw the environment'
        [ "$(wc -l < /proc/net/dev)" -gt 3 ] && echo '  --network  it has a network'
        [ "$*" = --help ] || echo '  --words  it got other words'
        echo '  -a, --all  all of it' >&2"""
    program(tmp_path / "bin", "polish-x", script, monkeypatch)
    assert main(["dev", "new-command", "polish-x"]) == 0
    assert "1 options" in capsys.readouterr().out
    text = (tmp_path / "polish-x.yaml").read_text()
    assert "-a --all" in text
    assert not any(word in text for word in ("--wrote", "--secret", "--network", "--words"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("script", ["sleep 60", "while :; do echo; done", "exit 0"])
def test_a_program_that_says_nothing_of_itself(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "HELP_SECONDS", 0.5)
    program(tmp_path / "bin", "polish-x", script, monkeypatch)
    assert main(["dev", "new-command", "polish-x"]) == 3
    assert "printed nothing" in capsys.readouterr().err
    assert not (tmp_path / "polish-x.yaml").exists()


def test_a_help_in_no_layout_gets_a_start_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "help.txt").write_text("polish: it shines.\n")
    assert main(["dev", "new-command", "polish-x", "--help-text", "help.txt"]) == 0
    assert "list the options by hand" in capsys.readouterr().out
    assert main(["dev", "new-command", "polish-y", "--help-text", "none.txt"]) == 3
    assert "none.txt: No such file" in capsys.readouterr().err
