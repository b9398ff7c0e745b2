"""Aliases and functions of a person's shell, as the client's snapshot of it describes them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.information.shell_setup import ShellSetup, common_setup, read_setup

BASH = r"""# Snapshot file
# Unset all aliases to avoid conflicts with functions
unalias -a 2>/dev/null || true
# Shopt
shopt -u autocd
# Functions
eval $'ff () \n{ \n    echo "# Aliases"\n}' > /dev/null 2>&1
eval $'nvm () \n{ \n    inner () \n    { echo; }\n}' > /dev/null 2>&1
# Shell Options
set -o braceexpand
shopt -s expand_aliases
# Aliases
alias -- g='git'
alias -- q='echo '\''it'\''s'\'' $HOME'
alias -- two='ls
pwd'
alias -- odd="$(date)"
# Check for rg availability
if ! hash rg 2>/dev/null; then
  function rg {
  command rg ${1+"$@"}
}
fi
alias -- late='rm'
"""


def test_a_snapshot_is_read() -> None:
    setup = read_setup(BASH, dialect="bash")
    assert dict(setup.aliases) == {"g": "git", "q": "echo 'it's' $HOME", "two": "ls\npwd"}
    assert setup.functions == {"ff", "nvm", "odd"}


def test_names_on_which_snapshots_differ_may_run_anything() -> None:
    one = ShellSetup(aliases=(("g", "git"), ("l", "ls")), functions=frozenset({"ff"}))
    other = ShellSetup(aliases=(("g", "git"), ("l", "ls -a"), ("x", "rm")))
    assert common_setup([one, other]) == ShellSetup(
        aliases=(("g", "git"),), functions=frozenset({"ff", "l", "x"})
    )
    assert common_setup([one, other]) == common_setup([other, one])
    assert common_setup([one, one]) == common_setup([one]) == one
    assert common_setup([]) == ShellSetup()


@given(text=st.text(max_size=200), dialect=st.sampled_from(["bash", "zsh"]))
def test_reading_is_total(text: str, dialect: str) -> None:
    read_setup(f"# Functions\n{text}\n# Aliases\nalias {text}\nalias -- a='{text}'\n", dialect=dialect)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_what_a_shell_itself_prints_is_read(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"NOT CHECKED WITH {shell.upper()}: it is missing")
    meanings = {
        "a1": "ls -alF", "g": "git", "quoted": "echo 'a b' \"c\"", "dollar": "echo $HOME `pwd`", "pipe": "ls | head", "tab": "a\tb",
        "trailing": "sudo ", "..": "cd ..",
    }  # fmt: skip
    quoted = {name: meaning.replace("'", "'\\''") for name, meaning in meanings.items()}
    script = "".join(f"alias -- {name}='{meaning}'\n" for name, meaning in quoted.items())
    printer = "alias | sed 's/^alias //g' | sed 's/^/alias -- /'" if shell == "zsh" else "alias -p"
    ran = subprocess.run(
        [shell, "-c", f"{script}{printer}"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    setup = read_setup(f"# Aliases\n{ran.stdout}", dialect=shell)
    known = {name: meaning for name, meaning in setup.aliases if name in meanings}
    assert {name: meanings[name] for name in known} == known
    assert set(meanings) - known.keys() <= setup.functions  # zsh writes some as $'...', which may be refused
    assert len(known) >= len(meanings) - 1


def test_an_alias_is_read_as_what_it_stands_for() -> None:
    setup = read_setup(BASH, dialect="bash")
    context = ShellContext(
        cwd="/w", home="/home/u", project="/w", aliases=dict(setup.aliases), functions=setup.functions
    )
    assert "run git push origin (project code)" in listing(analyze_shell("g push origin", context), "/w")
    assert "opaque" in listing(analyze_shell("nvm use 20", context), "/w")
    assert "opaque" in listing(analyze_shell("two x", context), "/w")
