"""What find's actions get: everything that the real program finds lies in what was predicted."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import AccessKind, Facts, PathTarget
from bailiwick.model.glob import path_glob

FILES = [
    "a.c",
    "b.o",
    ".env",
    "sub/a.c",
    "sub/c.h",
    "sub/.x",
    "sub/deep/b.o",
    "sub/deep/sub",
    "src/a.c",
    "src/src.c",
]
GLOBS = ["'*.c'", "'*.o'", "a.c", "'a*'", "'*'", "'.*'", "sub", "'s?b'", "src", "'[ab].c'", "nothing"]
_NAME = st.sampled_from(GLOBS).map(lambda glob: f"-name {glob}")
_TEST = st.one_of(
    _NAME,
    _NAME.map(lambda test: f"-not {test}"),
    st.lists(_NAME, min_size=1, max_size=3).map(lambda tests: rf"\( {' -o '.join(tests)} \)"),
    st.lists(_NAME, min_size=1, max_size=2).map(lambda tests: rf"! \( {' -o '.join(tests)} \)"),
    st.sampled_from(
        [
            "-type f",
            "-path './sub/*'",
            "-iname 'A*'",
            "-maxdepth 2",
            "-o",
            ",",
            "-a",
            "-prune",
            "!",
            "-true",
            r"\( -type d \)",
        ]
    ),
)
_ROOTS = st.sampled_from(["", ".", "sub", "./sub", "sub src", ". ./sub", "sub/", "src/src.c", "src"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("found")
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("", encoding="utf-8")
    return root


@pytest.mark.skipif(shutil.which("find") is None, reason="needs find")
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(roots=_ROOTS, tests=st.lists(_TEST, max_size=5))
def test_what_find_finds_was_predicted(place: Path, roots: str, tests: list[str]) -> None:
    words = f"{roots} {' '.join(tests)}"
    facts = analyze_shell(
        f"find {words} -exec cat {{}} +", ShellContext(cwd=str(place), home="/home/u", project=str(place))
    )
    if facts.opaque:
        return
    script = f"find {words} -exec printf '%s\\n' {{}} +"
    done = subprocess.run(["bash", "-c", script], cwd=place, capture_output=True, text=True, check=False)
    found = {str((place / line).resolve()) for line in done.stdout.splitlines()}
    assert [path for path in found if not _reads(facts, path)] == [], words


def _reads(facts: Facts, path: str) -> bool:
    targets = [
        a.target for a in facts.accesses if a.kind is AccessKind.READ and isinstance(a.target, PathTarget)
    ]
    return any(t.path == path or (t.pattern and path_glob(t.path).matches(path)) for t in targets)
