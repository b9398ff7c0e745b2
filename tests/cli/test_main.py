"""The command line as a whole."""

import pytest

from bailiwick import __version__
from bailiwick.cli.main import COMMANDS, main, parser


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"bailiwick {__version__}\n"


@pytest.mark.parametrize(
    "argv", [[], ["fly"], ["--fly"], ["decide"], ["claude", "--maxBashTimeout"]], ids=str
)
def test_what_is_no_command_is_a_usage_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: bailiwick" in capsys.readouterr().err


def test_every_verb_helps(capsys: pytest.CaptureFixture[str]) -> None:
    listed = " ".join(parser().format_help().split())
    for command in COMMANDS:
        verb = command.__name__.rpartition(".")[2]
        if verb not in listed:
            continue
        with pytest.raises(SystemExit) as ended:
            main([verb, "--help"])
        assert ended.value.code == 0
        assert verb in capsys.readouterr().out
    assert "Exit codes: 0 done, 1 findings or denials, 2 usage or policy error, 3 environment." in listed
