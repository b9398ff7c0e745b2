"""Aliases of a person's start-up files: the real client's commands are judged by what they stand for.

The client takes its snapshot with the first command that it runs; until then a name that is only an alias is unknown.
"""

import shutil

import pytest
from harness import HOME, PROJECT, Room, bash

STARTUP = """alias peek='cat docs/kept'
alias spill='cat .env'
alias rmx='rm -f'
greet() { echo hi; }
"""


@pytest.mark.parametrize(("named", "file"), [("/bin/bash", ".bashrc"), ("/usr/bin/zsh", ".zshrc")])
def test_an_alias_is_judged_as_what_it_stands_for(room: Room, named: str, file: str) -> None:
    if not shutil.which(named):
        pytest.skip(f"NOT CHECKED WITH {named}: it is missing")
    room.write(HOME / file, STARTUP)
    room.write(PROJECT / "docs/kept", "kept")
    room.write(PROJECT / ".env", "SECRET=1\n")
    outcome = room.governed(
        [
            bash("true"),
            bash("spill"),
            bash("peek"),
            bash("rmx docs/kept"),
            bash("echo x > ~/.claude/shell-snapshots/x.sh"),
        ],
        env={"SHELL": named},
    )
    judged = room.judged()
    verdicts = [judged[f"toolu_main_{turn}_0"]["enforced"] for turn in range(5)]
    assert verdicts == ["allow", "deny", "allow", "allow", "deny"], outcome
    assert outcome.result(2).text.strip() == "kept", outcome
    assert "SECRET" not in outcome.result(1).text
    assert not (room.project / "docs/kept").exists(), outcome
    assert room.faults() == ()
