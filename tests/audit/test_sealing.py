"""Sealing: what is personal is in the private part alone, comes back with its key, and is proven without it."""

from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.audit import offline
from bailiwick.audit.canonical import canonical, placed
from bailiwick.audit.record import FIELD_MEANINGS, FIELD_NAMES
from bailiwick.audit.sealing import (
    LONG,
    PUBLIC,
    DataKey,
    Parts,
    SealError,
    blind,
    disclosed,
    month_of,
    open_private,
    pack_entry,
    put_together,
    seal_private,
    sealed_entry,
    subject_of,
    take_apart,
    unpack_entry,
)

KEY = DataKey.of("00ff", b"k" * 32)
OTHER = DataKey.of("00fe", b"k" * 32)

TEXT = st.text(max_size=40)
PRIVATE_NAMES = sorted(name for name in FIELD_NAMES if name not in PUBLIC)
RECORDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"v": st.just(2), "kind": TEXT, "time_ms": st.integers(0, 2**53 - 1), "salt": TEXT},
    optional={name: TEXT for name in PRIVATE_NAMES if name not in {"reasons", "findings", "salt"}}
    | {
        "tool": TEXT,
        "reasons": st.lists(st.fixed_dictionaries({"rule": TEXT, "message": TEXT}), max_size=3),
        "findings": st.lists(st.fixed_dictionaries({"rule": TEXT, "message": TEXT}), max_size=3),
    },
)


def test_every_public_field_is_one_and_none_of_them_names_a_person() -> None:
    assert set(FIELD_MEANINGS) > PUBLIC
    assert offline.PUBLIC == PUBLIC
    named = {
        "host",
        "user",
        "uid",
        "identity",
        "session",
        "cwd",
        "project",
        "input",
        "text",
        "accesses",
        "salt",
    }
    assert not named & PUBLIC


@given(RECORDS)
def test_a_record_comes_back_whole_and_as_exported_proves_its_entry(record: dict[str, Any]) -> None:
    parts = taken(record)
    entry = entry_of(parts)
    blob = seal_private(parts, KEY)
    opened = open_private(blob, entry["private"], KEY)
    whole = put_together(entry, opened)
    assert {name: value for name, value in whole.items() if name not in ADDED} == record
    assert disclosed(orjson.loads(orjson.dumps(whole))) == (canonical(entry), parts.private)
    assert disclosed(put_together(entry, None)) == (canonical(entry), None)
    assert canonical(entry) == rfc8785.dumps(entry)
    sealed = sealed_entry(parts.entry, KEY.id.encode(), parts.committed.hex().encode())
    assert placed(sealed, b"0a1b", 77) == rfc8785.dumps({**entry, "epoch": "0a1b", "seq": 77})
    assert parts.private == rfc8785.dumps(orjson.loads(parts.private))


@given(RECORDS, st.data())
def test_any_change_of_a_private_part_is_found(record: dict[str, Any], data: st.DataObject) -> None:
    parts = taken(record)
    entry = entry_of(parts)
    blob = bytearray(seal_private(parts, KEY))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        open_private(bytes(blob), entry["private"], KEY)


def test_a_private_part_opens_under_its_own_key_and_entry_only() -> None:
    parts = taken({"v": 2, "user": "alice", "salt": "00"})
    entry, blob = entry_of(parts), seal_private(parts, KEY)
    other = entry_of(taken({"v": 2, "user": "alice", "salt": "01"}))
    for committed, key in ((entry["private"], OTHER), (other["private"], KEY), ("zz", KEY), ("", KEY)):
        with pytest.raises(SealError):
            open_private(blob, committed, key)


def test_an_exported_record_that_was_changed_is_found() -> None:
    whole = put_together(entry_of(parts := taken({"v": 2, "user": "alice"})), parts.private)
    with pytest.raises(SealError):
        disclosed({**whole, "user": "carol"})
    with pytest.raises(SealError):
        disclosed({**whole, "added": "x"})


def test_whose_a_record_is_and_of_which_month() -> None:
    assert subject_of("alice", 7) == "alice"
    assert subject_of("", 0) == "uid:0"
    assert subject_of("", None) == ""
    assert month_of(1_792_000_012_000) == "2026-10"
    assert month_of(-(2**53)) == "1970-01"
    assert month_of(2**53) == "9999-12"


ADDED = {"rules", "private", "key", "epoch", "seq"}


def entry_of(parts: Parts) -> dict[str, Any]:
    """The fields of an entry that has no place yet."""
    entry: dict[str, Any] = orjson.loads(
        sealed_entry(parts.entry, KEY.id.encode(), parts.committed.hex().encode())
    )
    return entry


def taken(fields: dict[str, Any]) -> Parts:
    public = {name: value for name, value in fields.items() if name in PUBLIC}
    return take_apart(public, {name: value for name, value in fields.items() if name not in PUBLIC})


@given(st.binary(max_size=600).flatmap(lambda text: st.sampled_from([text, text * 4])))
def test_entries_are_kept_packed_and_come_back(entry: bytes) -> None:
    assert unpack_entry(pack_entry(entry)) == entry


def test_what_is_no_packed_entry_is_refused() -> None:
    packed = pack_entry(b'{"kind":"tool-call","tool":"Bash","text":"%s"}' % bytes(LONG))
    for wrong in (b"", b"\x02", packed[:-1], packed + b"x", b"\x01\xff\xff"):
        with pytest.raises(SealError):
            unpack_entry(wrong)


def test_blinded_values_differ_by_key_field_and_value() -> None:
    told = {
        blind(key, name, value)
        for key in (b"a", b"b")
        for name in ("user", "session")
        for value in ("x", "y")
    }
    assert len(told) == 8
    assert blind(b"a", "user", "") == b""
