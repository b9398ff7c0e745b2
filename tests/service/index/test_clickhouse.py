"""Both engines answer alike, on random logs and random questions. Runs where the extra and chdb are installed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_embedded import RECORDS, SEARCHES, T0, log_of

from bailiwick.audit.kinds import Kind
from bailiwick.audit.search import By, Search, Thing
from bailiwick.service.index.clickhouse import ClickHouseIndex, address_from, pattern_of, scaled_out
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("chdb", reason="chdb, the engine in this process, isn't installed")
    pytest.importorskip("clickhouse_connect", reason="the extra `clickhouse` isn't installed")
    return f"chdb://{tmp_path_factory.mktemp('chdb')}"


LOGS = iter(range(1_000_000))


@given(
    records=st.lists(RECORDS, max_size=25),
    searches=st.lists(SEARCHES, min_size=6, max_size=6),
    since=st.integers(T0 - 10**8, T0 + 10**8),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_engines_answer_alike(
    address: str,
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    searches: list[Search],
    since: int,
) -> None:
    placed = list(enumerate(records))
    with (
        EmbeddedIndex(tmp_path_factory.mktemp("index") / FILE) as here,
        ClickHouseIndex(address, f"log-{next(LOGS)}") as there,
    ):
        for index in (here, there):
            index.add(placed)
        if placed:
            there.add(placed[:5])  # what arrives twice counts once
        assert there.next == len(placed)
        for search in searches:
            assert there.find(search, limit=4) == here.find(search, limit=4)
            assert there.find(search, limit=-1) == here.find(search, limit=-1)
            for by in ((By.USER,), (By.TOOL, By.VERDICT), (By.DAY,), (By.DAY, By.USER, By.TOOL)):
                assert there.counts(by, search=search, limit=1_000) == here.counts(
                    by, search=search, limit=1_000
                )
        for session in ("s-1", "s-", "nobody", ""):
            assert there.session(session) == here.session(session)
        for thing in Thing:
            for user in ("", "alice"):
                given = {"thing": thing, "user": user, "since_ms": since, "limit": 100}
                assert there.first_seen(**given) == here.first_seen(**given)


def test_it_follows_its_log_and_forgets_what_was_erased(address: str, tmp_path: Path) -> None:
    state = log_of(tmp_path / "state", Kind.TOOL_CALL, Kind.PROMPT)
    with LogReader(state) as reader, scaled_out(reader, address) as index:
        assert index.find(Search(words="secret"), limit=9) == [1, 0]
    with ClickHouseIndex(address, index.log) as stale:
        stale.begin("something else")
        stale.add([(0, {"text": "erased words"})])
    log_of(state, Kind.PROMPT)
    with LogReader(state) as reader, scaled_out(reader, address) as index:
        assert index.find(Search(), limit=9) == [2, 1, 0]
        assert index.find(Search(words="erased"), limit=9) == []
        assert index.next == 3


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("Bash", "^(?s:Bash)$"),
        ("mcp__*", "^(?s:mcp__.*)$"),
        ("a.?[xy]", r"^(?s:a\..[xy])$"),
        ("[", r"^(?s:\[)$"),
    ],
)
def test_globs(glob: str, expected: str) -> None:
    assert pattern_of(glob) == expected


def test_where_it_is_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("clickhouse://u:p@h/db\n")
    assert address_from({}) == ""
    assert address_from({"BAILIWICK_INDEX": f"file:{tmp_path}/dsn"}) == "clickhouse://u:p@h/db"
    with pytest.raises(StoreError):
        address_from({"BAILIWICK_INDEX": "file:/nonexistent"})
