"""Shared fixtures: golden files."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

ORACLES = Path(__file__).parents[1] / ".cache/oracles"
"""What others wrote, where `scripts/oracles` has fetched it."""


def pytest_configure(config: pytest.Config) -> None:
    if ORACLES.is_dir():
        sys.path.append(str(ORACLES))
    # No example is timed, the machine may be busy; in the sandbox, which is read-only, what was found can't be kept.
    kept = {} if os.access(config.rootpath, os.W_OK) else {"database": None}
    settings.register_profile("bailiwick", deadline=None, **kept)
    settings.load_profile("bailiwick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="rewrite golden files with what the code prints now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare text with a golden file beside the test; ``--update`` rewrites it and git diff reviews it."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; `pytest --update` rewrites it"

    return compare
