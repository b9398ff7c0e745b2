"""Commands are read in the dialect of the shell that the real client runs them with, and no repository changes that shell."""

import shutil

import pytest
from harness import HOME, PROJECT, Room, bash

SETTINGS = [
    HOME / ".claude/settings.json",
    PROJECT / ".claude/settings.json",
    PROJECT / ".claude/settings.local.json",
]
ZSH = pytest.param(
    "/usr/bin/zsh",
    marks=pytest.mark.skipif(not shutil.which("zsh"), reason="NOT CHECKED WITH ZSH: it is missing"),
)


def shell_of(room: Room, named: str, **more: str) -> str:
    """The shell that a governed command runs in, as it names itself."""
    room.governed(
        [bash('printf "%s" "bash${BASH_VERSION:+ ran}zsh${ZSH_VERSION:+ ran}" > shell')],
        profile="open",
        env={"SHELL": named, **more},
    )
    said = room.read(PROJECT / "shell") or ""
    return " and ".join(name for name in ("bash", "zsh") if f"{name} ran" in said)


@pytest.mark.parametrize(("named", "runs"), [("/bin/bash", "bash"), ("/usr/bin/zsh", "zsh")])
def test_the_shell_stays_the_one_the_client_was_started_with(room: Room, named: str, runs: str) -> None:
    if not shutil.which(runs):
        pytest.skip(f"NOT CHECKED WITH {runs.upper()}: it is missing")
    other = "/usr/bin/zsh" if runs == "bash" else "/bin/bash"
    for where in SETTINGS:
        room.write(where, {"env": {"SHELL": other, "CLAUDE_CODE_SHELL": other}})
    assert shell_of(room, named) == runs


@pytest.mark.parametrize("named", ["/bin/bash", ZSH])
def test_what_only_zsh_would_do_is_seen_where_zsh_runs(room: Room, named: str) -> None:
    room.write(PROJECT / "docs/kept", "x")
    outcome = room.governed(
        [
            bash("[[ -f docs/kept ]] && touch seen"),
            bash("echo =true > path"),
            bash("printf x | cd docs; touch made"),
        ],
        env={"SHELL": named},
    )
    in_zsh = named.endswith("zsh")
    assert (room.project / "docs/made").exists() == in_zsh, outcome
    assert (room.project / "made").exists() == (not in_zsh), outcome
    assert (room.read(PROJECT / "path") == "=true\n") == (not in_zsh), outcome
    assert (room.project / "seen").exists(), outcome
    judged = room.judged()
    assert [judged[f"toolu_main_{turn}_0"]["enforced"] for turn in range(3)] == [
        "allow",
        "deny" if in_zsh else "allow",
        "allow",
    ]
