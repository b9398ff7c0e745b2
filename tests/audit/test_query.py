"""Looking only at the bytes never hides a record that matches."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.query import Query

TEXT = st.text(max_size=12) | st.sampled_from(
    ["K", "\u212a", "ß", "SS", 'a"b', "a\\b", "\n", "443", "/etc/hosts", "İ"]
)
ITEMS = st.lists(
    st.dictionaries(
        st.sampled_from(["kind", "path", "host", "port"]), TEXT | st.integers(0, 70_000), max_size=3
    ),
    max_size=3,
)
RECORDS = st.fixed_dictionaries(
    {}, optional={"text": TEXT, "tool": TEXT, "accesses": ITEMS, "errors": st.lists(TEXT, max_size=3)}
)


@given(RECORDS)
@settings(max_examples=100, deadline=None)
def test_what_is_in_a_record_finds_it(record: dict[str, Any]) -> None:
    for access in record.get("accesses", ()):
        for name, value in access.items():
            if name != "kind" and str(value):
                query = Query(path=str(value)[1:])
                assert query.matches(record)
    if record.get("text"):
        assert Query(text=record["text"].swapcase()).matches({**record, "text": record["text"].swapcase()})
