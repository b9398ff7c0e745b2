"""`bailiwick explain`: golden files of what people read, and what must hold for any command."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailiwick.administration.place import NoFiles
from bailiwick.cli import explain
from bailiwick.cli.main import main
from bailiwick.model.request import Principal

HERE = Path(__file__).parent / "explain"
ROWS: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "commands.yaml").read_text(encoding="utf-8"))
POLICY = str(HERE / "policy")
PLACE = ["--cwd", "/home/you/shop", "--policy", "policy", "--shell", "bash"]


@pytest.fixture(autouse=True)
def imagined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file of this machine, and an account that is on none."""
    monkeypatch.setattr(explain, "OsFiles", NoFiles)
    monkeypatch.setattr(
        explain, "principal_of", lambda _uid: Principal(user="you", uid=1000, home="/home/you")
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BAILIWICK_POLICY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(HERE)


def test_there_are_thirty() -> None:
    assert len(ROWS) >= 30
    assert {path.stem for path in HERE.glob("*.txt")} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_reads_well(
    name: str, golden: Callable[[Path, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    row = ROWS[name]
    options = ["--shell", row.get("shell", "bash"), *(["--unattended"] if row.get("unattended") else [])]
    code = main(["explain", row["command"], *PLACE, *options])
    told = capsys.readouterr().out
    assert max(len(line) for line in told.splitlines()) <= 80
    assert all(character.isprintable() for character in told.replace("\n", ""))
    assert code == (0 if "\nALLOW " in told else 1)
    # What changes with every change of the built-in rules.
    told = re.sub(r"revision [0-9a-f]{12}", "revision 0123456789ab", told)
    golden(HERE / f"{name}.txt", re.sub(r"(builtin:[\w-]+\.yaml):\d+", r"\1:1", told))


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    command = ROWS["issue"]["command"]
    assert main(["explain", "--json", command, *PLACE]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == said["enforced"] == "deny"
    assert [command[slice(*part["span"])] for part in said["opaque"]] == ["bash"]
    names = [access.get("program") for access in said["accesses"]]
    bash = said["accesses"][names.index("bash")]
    assert bash["as"] == "root"
    assert names[bash["by"]] == "sudo"
    assert [names[source] for source in bash["fed_by"]] == ["curl"]
    assert {part["quote"] for part in said["accesses"] if part["kind"] == "delete"} == {"."}
    assert said["reasons"][0]["origin"].startswith("profiles/developer.yaml:")
    assert said["reasons"][0]["instead"]
    assert said["findings"][0]["verdict"] == "deny"


def test_the_shell_is_the_client_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explain, "shell_of", lambda named: named)
    for shell, told in (
        ("/bin/zsh", "read as zsh"),
        ("/usr/bin/bash", "read as bash"),
        ("", "would both do"),
    ):
        monkeypatch.setenv("SHELL", shell)
        assert main(["explain", "ls", "--policy", "policy"]) == 0
        assert told in capsys.readouterr().out
    assert main(["explain", "true | cd /tmp; rm x", "--policy", "policy", "--shell", "unknown"]) == 1
    assert "bash and zsh would do different things" in " ".join(capsys.readouterr().out.split())


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"cat a\ncat b\n")))
    assert main(["explain", "-", *PLACE]) == 0
    assert "reads ./b" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"cat \xff")))
    assert main(["explain", "-", *PLACE]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_without_a_policy_it_is_the_installed_one_else_the_starter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["explain", "ls"])
    assert "the starter policy, since none is installed" in " ".join(capsys.readouterr().out.split())
    installed = tmp_path / ".config/bailiwick/policy"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(POLICY)
    main(["explain", "ls"])
    assert f"profiledeveloperof{installed}" in "".join(capsys.readouterr().out.split())
    monkeypatch.setenv("BAILIWICK_POLICY", str(tmp_path / "none"))
    assert main(["explain", "ls"]) == 2
    assert "none is not a directory" in capsys.readouterr().err


def test_what_can_t_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ls", *PLACE, "--profile", "none"]) == 2
    assert "there is no profile 'none'; it has developer" in capsys.readouterr().err
    (tmp_path / "organisation.yaml").write_text("organisation: [")
    assert main(["explain", "ls", "--policy", str(tmp_path)]) == 2
    assert "organisation.yaml:2" in capsys.readouterr().err


def test_a_terminal_that_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["explain", "cat 'ä'", *PLACE]) == 0
    assert isinstance(out.buffer, io.BytesIO)
    assert b"`- reads ./\\xe4" in out.buffer.getvalue()


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "sudo ls", *PLACE])
    plain = capsys.readouterr().out
    monkeypatch.setattr(explain, "_colour", lambda: True)
    main(["explain", "sudo ls", *PLACE])
    painted = capsys.readouterr().out
    assert "\x1b[" not in plain
    assert "\x1b[31;1mdeny" in painted


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["sudo ", "bash -c '", "'", "\n", "rm ", "$(", ")", "x", " | ", ";", "\x1b[A", "> "])
    ).map("".join)
)
def test_nothing_in_a_command_draws_lines_or_breaks_it(text: str) -> None:
    if text.startswith("-"):
        text = " " + text
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        code = main(["explain", *PLACE, "--", text])
    assert isinstance(out.buffer, io.BytesIO)
    told = out.buffer.getvalue().decode()
    assert code in {0, 1}
    for line in told.splitlines():
        assert line.isprintable()
        assert len(line) <= 80
    assert told.split("\n") == [*told.splitlines(), ""]
