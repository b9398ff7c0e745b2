"""The text rules' compiled filters, made once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from bailiwick.analysis.text import candidates


@pytest.fixture(scope="session")
def databases() -> bytes:
    made = candidates.compile_database()
    if made is None:
        pytest.skip("no hyperscan on this platform")
    return made


@pytest.fixture
def fast(databases: bytes) -> Iterator[None]:
    """Searches with the compiled filters while a test runs."""
    assert candidates.use(databases)
    yield
    candidates.use(None)
