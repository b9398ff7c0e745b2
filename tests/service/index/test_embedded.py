"""The embedded index answers as a plain reading of every record does, whatever is in the log and whatever is asked."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.kinds import Kind
from bailiwick.audit.retention import Key, clear
from bailiwick.audit.search import DAY_MS, By, Search, Terms, Thing, day_of, terms_of, words_in
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.keys import KeyRing
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import RECORD

T0 = 1_792_000_000_000
NAMES = st.sampled_from(["alice", "bob", "al", "s-1", "s-12", "S-1", "deploy", "é"])
PATHS = st.sampled_from(["/etc/hosts", "/etc", "/w/a.py", "/w/.env", "/w/é", "/W/a.py"])
TOOLS = st.sampled_from(["Bash", "Read", "mcp__jira__create", "mcp__x"])
VERDICTS = st.sampled_from(["", "abstain", "allow", "ask", "deny"])
RULES = st.sampled_from(["secret/aws", "command/persistence", "p.files.1"])
WORDS = st.sampled_from(["ssh", "key", "ssh_key", "echo", "Ünïcode", "keys", "a-b", "42"])
RECORDS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["tool-call", "tool-outcome", "prompt"]),
        "time_ms": st.integers(T0 - 3 * DAY_MS, T0 + 3 * DAY_MS),
        "user": NAMES,
        "session": NAMES,
        "client_session": NAMES,
        "tool": TOOLS,
        "verdict": VERDICTS,
        "enforced": VERDICTS,
        "host": st.sampled_from(["h1", "h2"]),
        "skills": st.lists(NAMES, max_size=2),
        "trigger": st.sampled_from(["", "deploy"]),
        "text": st.lists(WORDS, max_size=4).map(" ".join),
        "accesses": st.lists(
            st.one_of(
                PATHS.map(lambda path: {"kind": "read", "path": path}),
                st.sampled_from(["h1", "evil.example"]).map(lambda host: {"kind": "connect", "host": host}),
            ),
            max_size=3,
        ),
        "reasons": st.lists(RULES.map(lambda rule: {"rule": rule, "message": "because"}), max_size=2),
    }
)
SEARCHES = st.builds(
    Search,
    user=st.sampled_from(["", "", "alice", "nobody"]),
    session=st.sampled_from(["", "", "s-1", "s-"]),
    tool=st.sampled_from(["", "", "Bash", "mcp__*"]),
    kind=st.sampled_from(["", "tool-*"]),
    skill=st.sampled_from(["", "", "deploy"]),
    verdict=st.sampled_from(["", "", "deny", "allow"]),
    rule=st.sampled_from(["", "", "secret/*"]),
    under=st.sampled_from(["", "", "/etc", "/w/"]),
    host=st.sampled_from(["", "", "h1", "evil.example"]),
    words=st.sampled_from(["", "", "ssh key", "key*", "ÜNÏCODE", "ssh_key", "42 echo"]),
    since_ms=st.none() | st.integers(T0 - 3 * DAY_MS, T0 + 3 * DAY_MS),
    until_ms=st.none() | st.integers(T0 - 3 * DAY_MS, T0 + 3 * DAY_MS),
)


def holds(search: Search, terms: Terms) -> bool:
    """What each condition means, said once more and slowly."""
    said = re.findall(r"[^\W_]+", terms.text.lower())
    return all(
        (
            not search.user or terms.user == search.user,
            not search.session
            or any(name.startswith(search.session) for name in (terms.session, terms.client_session)),
            not search.tool or fnmatchcase(terms.tool, search.tool),
            not search.kind or fnmatchcase(terms.kind, search.kind),
            not search.skill or search.skill in terms.skills,
            not search.verdict or search.verdict in {terms.verdict, terms.enforced},
            not search.rule or any(fnmatchcase(rule, search.rule) for rule in terms.rules),
            not search.under or any(path.startswith(search.under) for path in terms.paths),
            not search.host or search.host in {terms.host, *terms.hosts},
            all(
                any(one.startswith(word) if goes_on else one == word for one in said)
                for word, goes_on in words_in(search.words)
            ),
            search.since_ms is None or terms.time_ms >= search.since_ms,
            search.until_ms is None or terms.time_ms < search.until_ms,
        )
    )


@given(
    records=st.lists(RECORDS, max_size=25),
    searches=st.lists(SEARCHES, min_size=5, max_size=5),
    cut=st.integers(1, 9),
    remembered=st.sampled_from([1, 3, 300_000]),
)
@settings(max_examples=25, deadline=None)
def test_it_answers_as_reading_everything_does(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[dict[str, Any]],
    searches: list[Search],
    cut: int,
    remembered: int,
) -> None:
    placed = list(enumerate(records))
    with (
        pytest.MonkeyPatch.context() as patch,
        EmbeddedIndex(tmp_path_factory.mktemp("index") / FILE) as index,
    ):
        patch.setattr("bailiwick.service.index.ingest.MOST_NAMES", remembered)
        for start in range(0, len(placed), cut):
            index.add(placed[start : start + cut])
        every = [(place, terms_of(record)) for place, record in placed]
        for search in searches:
            expected = [place for place, terms in every if holds(search, terms)][::-1]
            assert index.find(search, limit=100) == expected
            assert index.find(search, limit=3) == expected[:3]
            for by in (
                (By.USER,),
                (By.TOOL, By.VERDICT),
                (By.DAY,),
                (By.USER, By.TOOL),
                (By.DAY, By.USER, By.TOOL),
            ):
                assert dict(told(index, by, search)) == counted(by, search, every)
        for thing in Thing:
            assert_first_seen(index, thing, every)


def told(index: EmbeddedIndex, by: tuple[By, ...], search: Search) -> list[tuple[tuple[str, ...], int]]:
    return [(count.values, count.calls) for count in index.counts(by, search=search, limit=1_000)]


def counted(by: tuple[By, ...], search: Search, every: list[tuple[int, Terms]]) -> dict[tuple[str, ...], int]:
    calls: Counter[tuple[str, ...]] = Counter()
    for _, terms in every:
        day = terms.time_ms // DAY_MS
        fits = (
            terms.kind == "tool-call"
            and (not search.user or terms.user == search.user)
            and (not search.tool or fnmatchcase(terms.tool, search.tool))
            and (not search.verdict or terms.enforced == search.verdict)
            and (search.since_ms is None or day >= search.since_ms // DAY_MS)
            and (search.until_ms is None or day <= (search.until_ms - 1) // DAY_MS)
        )
        values = {By.USER: terms.user, By.TOOL: terms.tool, By.VERDICT: terms.enforced, By.DAY: day_of(day)}
        calls[tuple(values[one] for one in by)] += fits
    return dict(+calls)


def assert_first_seen(index: EmbeddedIndex, thing: Thing, every: list[tuple[int, Terms]]) -> None:
    expected: dict[tuple[str, str], list[int]] = {}
    for place, terms in every:
        if terms.kind == "tool-call":
            used = {
                Thing.TOOL: (terms.tool,),
                Thing.SKILL: terms.skills,
                Thing.PATH: terms.paths,
                Thing.HOST: terms.hosts,
            }
            for name in used[thing]:
                expected.setdefault((terms.user, name), [place, 0])[1] += 1
    found = index.first_seen(thing=thing, user="", since_ms=0, limit=1_000)
    assert {(one.user, one.name): [one.place, one.times] for one in found} == expected
    assert [one.time_ms for one in found] == sorted((one.time_ms for one in found), reverse=True)


def test_two_that_take_turns_give_each_name_one_number(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / FILE) as one, EmbeddedIndex(tmp_path / FILE) as other:
        for place in range(12):
            record = {
                "kind": "tool-call",
                "user": f"u{place % 3}",
                "session": f"s-{place % 5}",
                "tool": "Bash",
            }
            (one, other)[place % 4 > 1].add([(place, record)])
        assert one.find(Search(user="u1"), limit=9) == [10, 7, 4, 1]
        assert other.session("s-2") == [2, 7]
        assert told(one, (By.USER,), Search()) == [((f"u{number}",), 4) for number in range(3)]


def test_no_text_passes_for_another_s(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / FILE) as index:
        index.add(
            [
                (0, {"kind": "prompt", "user": "alice", "text": "ssh key"}),
                (1, {"kind": "prompt", "user": "bob", "text": "ssh key \ue0001 \ue0002 \ue0003"}),
                (2, {"kind": "prompt", "text": "ssh key \ue0001"}),
            ]
        )
        assert index.find(Search(words="key ssh", user="alice"), limit=9) == [0]
        assert index.find(Search(words="key ssh", user="bob"), limit=9) == [1]
        assert index.find(Search(words="key ssh", user="carol"), limit=9) == []
        assert index.find(Search(words="key"), limit=9) == [2, 1, 0]


def log_of(path: Path, *kinds: Kind) -> Path:
    with Store.open(path) as store:
        for number, kind in enumerate(kinds):
            asyncio.run(store.append(replace(RECORD, kind=kind, call_id=f"c{number}", text="secret words")))
    return path


def test_it_follows_its_log(tmp_path: Path) -> None:
    state = log_of(tmp_path / "state", Kind.TOOL_CALL, Kind.PROMPT)
    with LogReader(state) as reader, up_to_date(reader) as index:
        assert index.find(Search(words="secret"), limit=9) == [1, 0]
    assert (state / FILE).stat().st_mode & 0o777 == 0o600
    log_of(state, Kind.TOOL_CALL)
    with LogReader(state) as reader, up_to_date(reader) as index:
        assert index.find(Search(kind="tool-call"), limit=9) == [2, 0]
        assert index.session("s") == [0, 1, 2]


@pytest.mark.parametrize("damage", ["garbage", "missing", "other-version", "other-log", "longer"])
def test_it_is_made_anew_whenever_it_can_not_be_used(tmp_path: Path, damage: str) -> None:
    state = log_of(tmp_path / "state", Kind.TOOL_CALL, Kind.PROMPT)
    with LogReader(state) as reader:
        index = up_to_date(reader)
        match damage:
            case "garbage":
                index.close()
                (state / FILE).write_bytes(b"not a database" * 1_000)
            case "missing":
                index.close()
                (state / FILE).unlink()
            case "other-version":
                index._connection.execute("PRAGMA user_version = 99")
            case "other-log":
                index._connection.execute("UPDATE meta SET value = 'x' WHERE name = 'epoch'")
            case "longer":
                index._connection.execute("UPDATE meta SET value = '7' WHERE name = 'next'")
        index.close()
        with up_to_date(reader) as again:
            assert again.find(Search(), limit=9) == [1, 0]


def test_what_was_erased_from_the_log_is_not_found_in_the_index(tmp_path: Path) -> None:
    state = log_of(tmp_path / "state", Kind.TOOL_CALL, Kind.PROMPT)
    with LogReader(state) as reader, up_to_date(reader) as index:
        assert index.find(Search(words="secret"), limit=9) == [1, 0]
    with KeyRing(state, writable=True) as keys:
        held = [key.id for key in keys.entries()]
        assert (
            keys.destroy(
                clear((), keys=[Key(id=one, subject="alice", first_ms=0, after_ms=1) for one in held]),
                at_ms=T0,
            )
            == 1
        )
    with LogReader(state) as reader:
        with up_to_date(reader) as index:
            assert index.find(Search(words="secret"), limit=9) == []
            assert index.find(Search(user="alice"), limit=9) == []
            assert index.find(Search(), limit=9) == [1, 0]
        made = (state / FILE).stat().st_ino
        up_to_date(reader).close()
        assert (state / FILE).stat().st_ino == made
    assert b"secret" not in (state / FILE).read_bytes()
    assert {path.name for path in state.glob("index*")} == {FILE, "index.digests"}


def test_two_that_index_at_once_index_nothing_twice(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path / FILE) as one, EmbeddedIndex(tmp_path / FILE) as other:
        record = {"kind": "tool-call", "user": "u", "tool": "Bash", "time_ms": T0}
        assert one.add_marked([(0, terms_of(record))], epoch="e", after=0, erased="")
        assert not other.add_marked([(0, terms_of(record))], epoch="e", after=0, erased="")
        assert other.mark == ("e", 1, "")
        assert [count.calls for count in other.counts((By.TOOL,), search=Search(), limit=5)] == [1]


def test_a_directory_that_is_not_writable_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="index rebuild"):
        EmbeddedIndex(tmp_path / FILE)
