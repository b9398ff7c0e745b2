"""The command line as a whole."""

import argparse
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick import __version__
from bailiwick.cli.main import COMMANDS, main, parser


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"bailiwick {__version__}\n"


@pytest.mark.parametrize("argv", [["fly"], ["--fly"], ["decide"], ["claude", "--maxBashTimeout"]], ids=str)
def test_what_is_no_command_is_a_usage_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: bailiwick" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["policy"], ["log"]], ids=str)
def test_a_group_without_a_verb_shows_what_there_is(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "-h, --help" in told.err
    assert all(
        verb in told.err for verb in {"policy": ["explain"], "log": ["verify"]}.get("".join(argv), ["why"])
    )


@pytest.mark.parametrize(
    "order", [["DIR", "FILE", "--before", "DIR"], ["DIR", "--before", "DIR", "FILE"]], ids=str
)
def test_options_may_stand_between_the_words(
    order: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "p")]) == 0
    (tmp_path / "calls").write_text("{}\n")
    words = {"DIR": str(tmp_path / "p"), "FILE": str(tmp_path / "calls")}
    assert main(["policy", "simulate", *(words.get(word, word) for word in order)]) == 0
    assert "0 would change" in capsys.readouterr().out


def test_the_client_s_own_arguments_have_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["claude", "-p", "fix the test"])
    assert ended.value.code == 2
    assert "put the client's own arguments after --" in capsys.readouterr().err


def test_a_command_to_explain_is_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", "ls", "-la"])
    assert ended.value.code == 2
    assert "put the whole command in quotes" in capsys.readouterr().err


def test_every_command_speaks_json() -> None:
    """The contract: "Every command has --json"."""
    silent = [name for name, options in _options(parser(), "bailiwick") if "--json" not in options]
    assert silent == []


def _options(command: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, set[str]]]:
    groups = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for verb, inner in group.choices.items():
            yield from _options(inner, f"{name} {verb}")
    if not groups:
        yield name, {option for action in command._actions for option in action.option_strings}


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("exec 1>&-", 0, ""),
        ("exec 0<&- 1>&- 2>&-", 0, ""),
        ("exec 1>/dev/full", 3, "bailiwick: standard output: No space left on device\n"),
    ],
)
def test_a_standard_output_that_takes_nothing_is_no_crash(shell: str, code: int, said: str) -> None:
    command = f"{shell}; exec {sys.executable} -m bailiwick.cli.main explain ls"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (code, said)


def test_every_argument_says_what_it_is() -> None:
    assert [f"{verb} {name}" for verb, name in _undescribed(parser(), "bailiwick")] == []


def _undescribed(command: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, str]]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, inner in action.choices.items():
                yield from _undescribed(inner, f"{name} {verb}")
        elif not action.help:
            yield name, "/".join(action.option_strings) or action.dest


def test_every_module_registers_the_verbs_it_is_listed_with() -> None:
    for listed in COMMANDS.values():
        for verb in listed:
            (verbs,) = (a for a in parser(verb)._actions if isinstance(a, argparse._SubParsersAction))
            assert tuple(verbs.choices) == listed


def test_every_verb_helps(capsys: pytest.CaptureFixture[str]) -> None:
    listed = " ".join(parser().format_help().split())
    for verb in itertools.chain.from_iterable(COMMANDS.values()):
        with pytest.raises(SystemExit) as ended:
            main([verb, "--help"])
        assert ended.value.code == 0
        assert verb in capsys.readouterr().out
    assert "Exit codes: 0 done, 1 findings or denials, 2 usage or policy error, 3 environment." in listed
