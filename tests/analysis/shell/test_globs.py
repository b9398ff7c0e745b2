"""What a glob of the shell may expand to, the pattern in the facts matches (bash is the judge)."""

import posixpath
import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import PathTarget
from bailiwick.model.glob import path_glob

NAMES = [
    "a", "b", "ab", "x.py", ".hidden", ".py", "a b", "-n", "py", "d/a", "d/.h", "d/x.py", "d/e/a", "B", "0", "[a]", "a*b",
    "{a,b}", "!a", "a-z", "q'", "a,b", "é",
]  # fmt: skip
PIECES = st.sampled_from([
    "*", "?", "[ab]", "[!a]", "[a-c]", "[[:alpha:]]", "a", "b", ".py", "py", "/", "d/", ".", "{a,b}", "'*'", '"?"', "\\*",
    "**", "**/", "[", "]", "!", "{", "}", ",", "-", "'a b'", "{x,d/x}", "[^a]",
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5).map("".join))
def test_every_match_is_in_the_pattern(tmp_path_factory: object, text: str) -> None:
    root = _tree(tmp_path_factory)
    facts = analyze_shell(f"cat -- {text}", ShellContext(cwd=str(root), home="/h", project=str(root)))
    if facts.opaque:
        return
    printed = subprocess.run(
        ["bash", "-c", f"for f in {text}; do [ -e \"$f\" ] && printf '%s\\0' \"$f\"; done; true"],
        cwd=root, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    targets = [a.target for a in facts.accesses if isinstance(a.target, PathTarget)]
    for name in filter(None, printed.split("\0")):
        path = posixpath.normpath(root / name)
        path = path.removeprefix("/") if path.startswith("//") else path
        assert any(path_glob(t.path).matches(path) if t.pattern else t.path == path for t in targets), name


def _tree(factory: object) -> Path:
    assert hasattr(factory, "getbasetemp")
    root = Path(factory.getbasetemp()) / "globs"
    if not root.exists():
        for name in NAMES:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x", encoding="utf-8")
    return root
