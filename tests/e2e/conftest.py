"""End-to-end tests run inside ``scripts/sandbox`` only; elsewhere they are not even collected."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import CHECKOUT, Room

INSIDE = os.environ.get("BAILIWICK_SANDBOX") == "1"
collect_ignore_glob = [] if INSIDE else ["test_*.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part", default="1/1", help="the k-th of n parts of the tests, as k/n: one for each core"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    mine = [item for item in items if item.path.is_relative_to(here)]
    for item in mine:
        item.add_marker(pytest.mark.e2e)
    part, parts = map(int, config.getoption("--part").split("/"))
    others = set(mine) - set(mine[part - 1 :: parts])
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def client() -> Path:
    """The client's program. It is installed beforehand: there is no network here."""
    found = subprocess.run([CHECKOUT / "scripts/client"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.fail(f"no client: run scripts/client outside the sandbox first\n{found.stderr}")
    return Path(found.stdout.strip())


@pytest.fixture
def room(client: Path) -> Iterator[Room]:
    """A fresh small machine with the scenarios' policy."""
    with Room(client) as room:
        room.set_policy()
        yield room
