"""Every known command that is installed here is asked for its help: no option may swallow a word that isn't its value.

An option that takes its value only attached (``--color=when``) but counts as one with a value would hide the word after
it, which may be an option or a file. Programs run with ``--help`` alone, in a sandbox without network.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from bailiwick.analysis.commands.help_text import Arity, read_help
from bailiwick.analysis.commands.specification import Role, find, names, takes_value
from bailiwick.cli.dev import _sandbox

pytestmark = pytest.mark.nightly
SECONDS = 5
UNTRUE = {
    # The brackets stand for the long spelling only.
    *(("diff", "-C"), ("diff", "-U"), ("od", "-S")),
    # Brackets of its own kind: it waits for the next word.
    *(("less", f"-{letter}") for letter in "bhjoOpPxyz"),
    # Of its specification's options it has none that reaches a file.
    ("lsipc", "--output"),
    # The next word is taken all the same where it is no option.
    *(("node", "-p"), ("node", "--print"), ("nodejs", "-p"), ("nodejs", "--print"), ("top", "-w")),
}
"""What help says and the program doesn't do."""
FLOOR = 100
"""Programs that any Debian with its standard tools has."""


def help_of(name: str, bubblewrap: str) -> str:
    program = shutil.which(name)
    if program is None:
        return ""
    try:
        ended = subprocess.run(
            [*_sandbox(bubblewrap, Path(program).resolve()), program, "--help"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    return (ended.stdout or ended.stderr).decode(errors="replace")


@pytest.mark.timeout(600)
def test_no_option_swallows_the_next_word() -> None:
    bubblewrap = shutil.which("bwrap")
    assert bubblewrap, "install bubblewrap: nothing is run outside a sandbox"
    asked, swallowing = 0, set()
    for name in names():
        specification = find(name)
        if specification is None or any(effect.verb == "opaque" for effect in specification.effects):
            continue
        if not specification.reaches and set(specification.operands) <= {Role.TEXT}:
            continue  # there is nothing that could be hidden
        told = read_help(help_of(name, bubblewrap))
        asked += bool(told.options)
        swallowing |= {
            (name, spelling)
            for option in told.options
            if option.arity is Arity.OPTIONAL
            for spelling in option.spellings
            if (role := specification.options.get(spelling)) is not None
            if takes_value(role) and not role.startswith("opaque")
        }
    assert asked >= FLOOR
    assert swallowing - UNTRUE == set()
