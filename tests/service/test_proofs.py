"""Proofs, tiles and verification of a real log: what is true verifies, and no byte changes unseen."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailiwick.audit import offline
from bailiwick.audit.merkle import ProofError, verify_consistency
from bailiwick.audit.note import Note, TreeHead
from bailiwick.audit.tiles import Tree
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import StoreError, read_verifiers
from bailiwick.service.store import Store
from bailiwick.service.tile_files import folder_size, verify_folder, write_tiles
from logs import RECORD, numbered

SIZE = 600


def fill(store: Store, size: int) -> None:
    for low in range(0, size, 100):
        asyncio.run(store.append_all(tuple(map(numbered, range(low, low + 100)))))


@pytest.fixture(autouse=True)
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading isn't put on record here, so that every test finds the same log."""
    monkeypatch.setattr("bailiwick.cli.log_search.note", lambda *_: None)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "state"
    with Store.open(path) as store:
        fill(store, SIZE)
    return path


@pytest.fixture
def made(filled: Path, tmp_path: Path) -> Path:
    """A log of ``SIZE`` entries that is this test's own: that it is read goes on record too."""
    return shutil.copytree(filled, tmp_path / "made")


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "state")


def test_each_event_is_proven_with_its_keys_alone(made: Path) -> None:
    keys = read_verifiers(made)
    with LogReader(made) as reader:
        for sequence in (0, 1, 255, 256, 511, 512, SIZE - 1):
            proof = TlogProof.parse(prove(reader, sequence, private=True).text())
            proven = proof.verify(keys)
            assert (proven.size, proven.witnessed) == (SIZE, {})
            assert proof.private is not None
            assert orjson.loads(proof.private)["call_id"] == f"c{sequence}"
            assert orjson.loads(proof.entry)["seq"] == sequence
            assert prove(reader, sequence, private=False).private is None
            for wrong in (
                replace(proof, index=(sequence + 1) % SIZE),
                replace(proof, private=b"{}"),
                replace(proof, entry=proof.entry.replace(b"Bash", b"Bush")),
                replace(proof, hashes=proof.hashes[:-1]),
            ):
                with pytest.raises(ProofError):
                    wrong.verify(keys)
        for sequence in (-1, SIZE):
            with pytest.raises(ProofError, match="no entry"):
                prove(reader, sequence, private=True)
    with pytest.raises(ProofError, match="no signature"):
        proof.verify(())


@pytest.mark.nightly
def test_both_verifiers_agree_on_every_byte_of_a_proof(filled: Path) -> None:
    keys = read_verifiers(filled)
    read = offline.read_keys((filled / "log.pub").read_text())
    with LogReader(filled) as reader:
        whole = prove(reader, 300, private=True).text().encode()
    for at, bit in product(range(len(whole)), (0, 3, 5, 7)):
        changed = CHANGES["flip"](whole, at, bit)
        try:
            text = changed.decode()
        except UnicodeDecodeError:
            continue  # neither is given what isn't text
        held = []
        for verify in (
            lambda text: TlogProof.parse(text).verify(keys),
            lambda text: offline.verify_proof(text, read, []),
        ):
            try:
                verify(text)
                held.append(True)
            except (ProofError, offline.Wrong, ValueError, KeyError, TypeError, AttributeError):
                held.append(False)
        assert held[0] == held[1], (at, bit, held)
        # What still holds differs in the name or the mark of one of two signatures: the other one is there.
        assert not held[0] or at > whole.index("\u2014".encode())


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_byte_of_a_proof_changes_unseen(filled: Path, data: st.DataObject) -> None:
    keys = read_verifiers(filled)
    with LogReader(filled) as reader:
        proof = prove(reader, 300, private=True)
    text = bytearray(proof.text().encode())
    text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    try:
        changed = TlogProof.parse(text.decode("utf-8", "replace"))
        changed.verify(keys)
        signatures = Note.parse(changed.checkpoint).signatures
    except ProofError:
        return
    # One of the two signatures was filled another's: the other still holds, and nothing else differs.
    assert replace(changed, checkpoint="") == replace(proof, checkpoint="")
    assert len(set(signatures) & set(Note.parse(proof.checkpoint).signatures)) == 1


def test_the_log_as_files_is_the_log(made: Path, tmp_path: Path) -> None:
    folder, keys = tmp_path / "tiles", read_verifiers(made)
    with LogReader(made) as reader:
        assert write_tiles(reader, folder) == 3 + 3 + 1 + 2
        assert write_tiles(reader, folder, since=folder_size(folder)) == 2
        root = Tree(reader, SIZE).root()
    head, faults = verify_folder(folder, keys)
    assert faults == []
    assert head is not None
    assert (head.size, head.root) == (SIZE, root)
    with Store.open(shutil.copytree(made, tmp_path / "grown")) as store:
        fill(store, 200)
    with LogReader(tmp_path / "grown") as reader:
        write_tiles(reader, folder, since=folder_size(folder))
        proof = Tree(reader, SIZE + 200).consistency(SIZE)
    grown, faults = verify_folder(folder, keys)
    assert faults == []
    assert grown is not None
    verify_consistency(SIZE, SIZE + 200, proof, root, grown.root)


@pytest.fixture(scope="module")
def tiles(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiles")
    with LogReader(filled) as reader:
        write_tiles(reader, folder)
    return folder


CHANGES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "flip": lambda data, at, bit: data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :],
    "delete": lambda data, at, _: data[:at] + data[at + 1 :],
    "insert": lambda data, at, bit: data[:at] + bytes([bit + 65]) + data[at:],
    "truncate": lambda data, at, _: data[:at],
    "swap halves": lambda data, at, _: data[at:] + data[:at],
}


@given(st.integers(0, 2**16), st.integers(0, 2**32), st.sampled_from(sorted(CHANGES)), st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_no_byte_of_the_files_changes_unseen(  # noqa: PLR0913, PLR0917 - fixtures and what is drawn
    filled: Path, tiles: Path, which: int, place: int, kind: str, bit: int
) -> None:
    names = sorted(file for file in tiles.rglob("*") if file.is_file() and file.name != "log.pub")
    file = names[which % len(names)]
    whole = file.read_bytes()
    at = place % len(whole)
    changed = CHANGES[kind](whole, at, bit)
    file.write_bytes(changed)
    try:
        _, faults = verify_folder(tiles, read_verifiers(filled))
    finally:
        file.write_bytes(whole)
    assert bool(faults) == (changed != whole), f"{file} at {at}"


def test_keys_beside_the_tiles_are_those_that_were_given(filled: Path, tiles: Path) -> None:
    whole, keys = (tiles / "log.pub").read_bytes(), read_verifiers(filled)
    try:
        for at in range(0, len(whole) - 1, 7):
            (tiles / "log.pub").write_bytes(CHANGES["flip"](whole, at, 1))
            assert verify_folder(tiles, keys)[1], at
    finally:
        (tiles / "log.pub").write_bytes(whole)


def contents(path: Path) -> list[tuple[bytes, bytes, bytes, bytes | None]]:
    with LogReader(path) as reader:
        return [
            (entry.sealed.body, entry.sealed.leaf, entry.sealed.head, entry.private)
            for entry in reader.entries()
        ]


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_byte_of_the_database_that_changes_is_found_or_says_nothing(
    made: Path, path: Path, data: st.DataObject
) -> None:
    """SQLite leaves bytes unused; every other byte is somebody's, and its change shows."""
    whole = (made / "log.db").read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[at + 1 :]
    for leftover in ("log.db-wal", "log.db-shm"):
        (path / leftover).unlink(missing_ok=True)
    (path / "log.db").write_bytes(changed)
    try:
        with LogReader(path) as reader:
            if not reader.verify().intact:
                return
        assert contents(path) == contents(made)
    except (StoreError, sqlite3.Error):
        return


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE tile SET hash = zeroblob(32) WHERE n = 1", "a tile of level 1 was changed"),
        ("DELETE FROM tile WHERE n = 0", "a tile of level 1 was changed"),
        ("INSERT INTO tile VALUES (0, 2, zeroblob(32))", "tiles of entries that aren't there"),
        ("INSERT INTO tile VALUES (3, 0, zeroblob(32))", "tiles of entries that aren't there"),
        (
            "DELETE FROM log WHERE seq < 256; DELETE FROM block WHERE n = 0",
            "are gone without a record of their purge",
        ),
        (
            "INSERT INTO purged VALUES (0, zeroblob(8192)); DELETE FROM log WHERE seq < 256; DELETE FROM block WHERE n = 0",
            "are gone without a record of their purge",
        ),
    ],
)
def test_tiles_and_purges_that_are_not_the_logs_own_are_found(
    path: Path, statement: str, message: str
) -> None:
    with sqlite3.connect(path / "log.db") as connection:
        connection.executescript(statement)
    connection.close()
    with LogReader(path) as reader:
        faults = reader.verify().faults
    assert any(message in fault.message for fault in faults), faults


def test_a_log_rolled_back_is_found_by_a_checkpoint_kept_elsewhere(path: Path, tmp_path: Path) -> None:
    older = shutil.copytree(path, tmp_path / "older")
    with Store.open(path) as store:
        store.append_blocking(RECORD)
    with LogReader(path) as reader:
        kept = reader.checkpoint()
    with LogReader(older) as reader:
        assert reader.verify().intact
        (fault,) = reader.verify(notes=[kept]).faults
        assert "were signed for and are gone" in fault.message


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(made: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object, state: Path | None = made) -> tuple[int, str]:
        given_ = [] if state is None else ["--state", str(state)]
        code = main(["log", *map(str, words), *given_])
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


def test_an_event_that_is_not_there_is_no_fault_of_the_log(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["proof", "99999"], ["verify", "--event", "99999"]):
        assert main(["log", *words, "--state", str(made)]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("bailiwick: entry 99999 isn't in the log, which has 0 to ")


def test_one_event_and_two_checkpoints(run: Run, made: Path, tmp_path: Path) -> None:
    assert run("verify", "--event", 7) == (0, "intact: event 7 is in the log; 10 hashes prove it\n")
    assert run("verify", "--event", 6000) == (
        1,
        f"bailiwick: entry 6000 isn't in the log, which has 0 to {SIZE - 1}\n",
    )
    with Store.open(shutil.copytree(made, tmp_path / "grown")) as store:
        store.append_blocking(RECORD)
    for name, state in (("one", made), ("two", tmp_path / "grown")):
        with LogReader(state) as reader:
            (tmp_path / name).write_text(reader.checkpoint())
    files = [tmp_path / "one", tmp_path / "two"]
    code, out = run("verify", "--consistent", *files, state=tmp_path / "grown")
    assert (code, out) == (0, f"intact: the log of {SIZE + 1} entries continues the one of {SIZE}\n")
    assert run("verify", "--consistent", *reversed(files), state=tmp_path / "grown")[0] == 1
    code, out = run("verify", "--consistent", *files)
    assert (code, "entries are gone" in out) == (1, True)
    fork = tmp_path / "fork"
    shutil.copytree(made, fork)
    with Store.open(fork) as store:
        store.append_blocking(numbered(1))
    code, out = run("verify", "--consistent", *files, state=fork)
    assert (code, "doesn't continue" in out) == (1, True)


def test_a_copy_in_a_siem_is_held_against_the_log(run: Run, made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    assert run("export", "-o", copy)[0] == 0
    lines = copy.read_bytes().splitlines(keepends=True)
    assert run("verify", "--export", copy) == (0, f"intact: {len(lines)} records are those of the log\n")
    copy.write_bytes(b"".join(lines[10:20] + lines[25:30]))
    code, out = run("verify", "--export", copy)
    assert (code, "of entries 10 to 29 the copy lacks 5, the first of them 20" in out) == (0, True)
    wrong = {
        "isn't the one": lines[3].replace(b'"alice"', b'"carol"'),
        "isn't the one that was recorded": lines[3].replace(b'"c3"', b'"c4"'),
        "not what the log has": lines[3].replace(b'"Bash"', b'"Bush"'),
        "line 1": b"not JSON\n",
    }
    for message, changed in wrong.items():
        copy.write_bytes(changed)
        code, out = run("verify", "--export", copy)
        assert (code, message in out) == (1, True), out
    copy.write_bytes(lines[3] * 2)
    assert run("verify", "--export", copy) == (
        0,
        "intact: 1 records are those of the log; 1 lines stand there again\n",
    )
    with LogReader(made) as reader:
        leaf = reader.tile_leaf(5)
    assert leaf is not None
    view = orjson.dumps({"log_index": 5, "leaf_hash": leaf.hex(), "message": "any view"})
    copy.write_bytes(view)
    assert run("verify", "--export", copy)[0] == 0
    copy.write_bytes(view.replace(b'"log_index":5', b'"log_index":6'))
    assert run("verify", "--export", copy)[0] == 1


def test_proofs_and_tiles_need_no_log_but_a_key(run: Run, made: Path, tmp_path: Path) -> None:
    file, folder = tmp_path / "7.tlog-proof", tmp_path / "tiles"
    assert run("proof", 7, "-o", file)[0] == 0
    assert run("proof", 7, "-o", file)[0] == 3
    assert run("tiles", "-o", folder)[0] == 0
    pub = made / "log.pub"
    code, out = run("verify", "--proof", file, "--key-file", pub, state=None)
    assert code == 0
    assert out.startswith("intact: event 7 of bailiwick/")
    assert '"call_id":"c7"' in out
    code, out = run("verify", "--tiles", folder, "--key-file", pub, state=None)
    assert (code, out.startswith(f"intact: {SIZE} entries of bailiwick/")) == (0, True)
    code, out = run("verify", "--proof", file, state=None)
    assert (code, "--key-file" in out) == (2, True)
    code, out = run("verify", "--proof", file, "--key-file", pub, "--witness", pub, state=None)
    assert code == 0
    (folder / "checkpoint").write_text("nonsense")
    assert run("verify", "--tiles", folder, "--key-file", pub, state=None)[0] == 1
    assert run("tiles", "-o", folder)[0] == 3


def test_the_last_checkpoint_of_a_stopped_log_has_both_signatures(made: Path) -> None:
    with LogReader(made) as reader:
        note = Note.parse(reader.checkpoint())
    assert [note.time_of(key) is not None for key in read_verifiers(made)] == [True, True]
    assert TreeHead.parse(note.text).size == SIZE
