"""A slice of the system-call oracle: every command once found unpredicted, and a few dozen generated ones."""

import random
from pathlib import Path

import pytest
import strace_commands
import yaml
from strace_oracle import available, missed, observe

from bailiwick.model.access import AccessKind, Facts

UNPREDICTED: list[str] = yaml.safe_load(
    Path(__file__).with_name("unpredicted.yaml").read_text(encoding="utf-8")
)
COUNT = 60

pytestmark = pytest.mark.skipif(not available(), reason="needs bubblewrap and strace")


@pytest.mark.parametrize("text", UNPREDICTED)
def test_once_unpredicted(text: str, tmp_path: Path) -> None:
    assert not missed(text, tmp_path)


def test_generated_commands_do_what_was_predicted(tmp_path: Path) -> None:
    source = random.Random(1)  # noqa: S311 - reproducible, not secret
    commands = [strace_commands.command(source) for _ in range(COUNT)]
    judged = {text: missed(text, tmp_path) for text in commands}
    assert {text: wrong for text, wrong in judged.items() if wrong} == {}
    assert sum(wrong is not None for wrong in judged.values()) > COUNT // 2


def test_calls_that_were_interrupted_are_read_whole() -> None:
    log = (
        '7  openat(AT_FDCWD</w>, "new", O_WRONLY|O_CREAT <unfinished ...>\n'
        '8  chdir("/w/sub") = 0\n'
        "7  <... openat resumed>, 0666) = 3\n"
        '8  unlink("c.txt") = 0\n'
        '8  openat(AT_FDCWD</w/sub>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
    )
    assert observe(log).files == {(AccessKind.WRITE, "/w/new"), (AccessKind.DELETE, "/w/sub/c.txt")}


def test_a_missed_write_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle itself can fail: a reader that sees nothing is caught."""
    monkeypatch.setattr("strace_oracle.analyze_shell", lambda _text, _context: Facts())
    assert missed("touch new1; cat a.txt", tmp_path) == [
        "execute cat",
        "execute touch",
        "read /w/a.txt",
        "write /w/new1",
    ]
