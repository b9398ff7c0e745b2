"""The data keys: one a subject and month, durable before use, gone for good once destroyed, whatever interrupts that."""

import os
import shutil
from pathlib import Path

import pytest

from bailiwick.audit.retention import Key, RetentionError, Unheld, clear
from bailiwick.service.keys import KeyRing
from bailiwick.service.state_directory import StoreError, write_private


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_private(tmp_path / "seal.key", os.urandom(32))
    return tmp_path


def unheld(*names: str) -> Unheld:
    return clear((), keys=[Key(id=name, subject="", first_ms=0, after_ms=1) for name in names])


def test_one_key_for_each_subject_and_month_known_again_later(path: Path) -> None:
    with KeyRing(path, writable=True) as ring:
        ids = [ring.current(who, month).id for who in ("alice", "bob") for month in ("2026-10", "2026-11")]
        assert len(set(ids)) == 4
        blinding = ring.blinding
    with KeyRing(path, writable=True) as ring, KeyRing(path, writable=False) as reader:
        assert ring.current("alice", "2026-10").id == ids[0]
        sealed = ring.current("alice", "2026-10").cipher.encrypt(bytes(12), b"x", None)
        found = reader.find(ids[0])
        assert found is not None
        assert found.cipher.decrypt(bytes(12), sealed, None) == b"x"
        assert reader.find("unknown") is None
        assert reader.blinding == blinding


def test_a_destroyed_key_is_gone_for_readers_too_and_the_next_record_gets_another(path: Path) -> None:
    with KeyRing(path, writable=True) as ring, KeyRing(path, writable=False) as reader:
        old, kept = ring.current("alice", "2026-11").id, ring.current("bob", "2026-11").id
        before = (path / "keys.db").read_bytes()
        assert ring.destroy(unheld(old, "unknown"), at_ms=7) == 1
        assert ring.find(old) is None
        assert reader.find(old) is None
        assert reader.find(kept) is not None
        assert ring.current("alice", "2026-11").id != old
        told = {entry.id: (entry.subject, entry.destroyed_ms) for entry in ring.entries()}
        assert told[old] == ("", 7)
        assert told[kept] == ("bob", None)
    # A copy of the file from before opens nothing: the wrapping key is another.
    shutil.copy(path / "keys.db", path / "kept")
    (path / "keys.db").write_bytes(before)
    with pytest.raises(StoreError, match=r"seal\.key: doesn't open"):
        KeyRing(path, writable=True)
    with KeyRing(path, writable=False) as stale:
        assert stale.find(old) is None


@pytest.mark.parametrize("when", ["before the transaction", "after the transaction"])
def test_a_crash_while_keys_are_destroyed_is_mended(
    path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KeyRing(path, writable=True) as ring:
        old, kept = ring.current("alice", "2026-11").id, ring.current("bob", "2026-11").id
        name = "_rewrap" if when.startswith("before") else "_replace"

        def crash(*_: object) -> None:
            raise OSError(5, "crash")

        monkeypatch.setattr(ring, name, crash)
        with pytest.raises(StoreError):
            ring.destroy(unheld(old), at_ms=7)
    with KeyRing(path, writable=True) as ring:
        assert (ring.find(old) is None) == (name == "_replace")
        assert ring.find(kept) is not None
        assert not (path / "seal.key.next").exists()


def test_what_may_be_destroyed_is_found_in_one_way_only() -> None:
    with pytest.raises(RetentionError, match=r"retention\.clear alone"):
        Unheld(5, frozenset({"x"}))
    with pytest.raises(RetentionError):
        Unheld(made=object())


def test_without_its_wrapping_key_nothing_opens(path: Path) -> None:
    with KeyRing(path, writable=True) as ring:
        ring.current("alice", "2026-11")
    (path / "seal.key").write_bytes(os.urandom(32))
    with pytest.raises(StoreError, match="restore it from a backup"):
        KeyRing(path, writable=True)
    (path / "seal.key").unlink()
    with pytest.raises(StoreError, match="restore it from a backup"):
        KeyRing(path, writable=True)
