"""Evidence packs: whole, followed by an auditor without Bailiwick, and no byte of them changes unseen by either verifier."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit import offline
from bailiwick.audit.merkle import ProofError, range_root
from bailiwick.audit.note import Note, Signer, parse_keys
from bailiwick.audit.retention import DAY_MS
from bailiwick.audit.tiles import Tree
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.cli.main import main
from bailiwick.service.evidence import EvidenceError, _digests, export, verify
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.store import Store
from logs import RECORD

T0 = 1_764_464_000_000
SIZE = 2_200


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten records an hour; so many that checkpoints on the way are kept."""
    path = tmp_path_factory.mktemp("log") / "state"
    with Store.open(path, clock=lambda: T0) as store:
        for low in range(0, SIZE, 100):
            records = tuple(
                replace(RECORD, time_ms=T0 + number * DAY_MS // 240, call_id=f"c{number}", text='é\u2028"\\')
                for number in range(low, low + 100)
            )
            asyncio.run(store.append_all(records))
    return path


@pytest.fixture(scope="module")
def pack(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packs") / "pack"
    with LogReader(state) as reader:
        made = export(reader, target, from_ms=T0 + 3 * DAY_MS, to_ms=T0 + 5 * DAY_MS)
    assert (made.events, made.first, made.end, made.size, made.checkpoints) == (480, 719, 1_201, SIZE, 1)
    return target


def offline_says(folder: Path, keys: Path) -> tuple[bool, str]:
    try:
        return True, offline.verify_pack(str(folder), offline.read_keys(keys.read_text()), [])
    except (offline.Wrong, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return False, str(error)


def real_says(folder: Path, keys: Path) -> tuple[bool, str]:
    try:
        return True, str(verify(folder, parse_keys(keys.read_text())))
    except EvidenceError as error:
        return False, str(error)


def test_the_readme_names_an_open_period(state: Path, tmp_path: Path) -> None:
    with LogReader(state) as reader:
        export(reader, tmp_path / "whole", from_ms=0, to_ms=2**53 - 1)
    first = (tmp_path / "whole" / "README.md").read_text().splitlines()[0]
    assert first == "# Evidence: the beginning to the end of the log"


def test_an_auditor_follows_the_readme(pack: Path, state: Path, tmp_path: Path) -> None:
    """The pack's own program, in an interpreter that doesn't see Bailiwick."""
    readme = (pack / "README.md").read_text()
    command = next(line.split() for line in readme.splitlines() if line.startswith("    python3 verify.py"))
    assert command == ["python3", "verify.py", ".", "--key", "/path/to/your/log.pub"]
    words = [sys.executable, "-I", *command[1:-1], str(state / "log.pub")]
    done = subprocess.run(words, cwd=pack, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("intact: 480 events of bailiwick/")
    assert done.stdout.endswith(
        f"entries 719 to 1200, under the checkpoint of {SIZE} entries; 1 older checkpoints\n"
    )
    other = tmp_path / "other"
    with Store.open(other):
        pass
    words[-1] = str(other / "log.pub")
    done = subprocess.run(words, cwd=pack, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "NOT INTACT: the manifest isn't signed by the log\n")
    assert subprocess.run(words[:-2], cwd=pack, capture_output=True, check=False).returncode == 2


def test_both_verifiers_hold_a_pack_good(pack: Path, state: Path) -> None:
    assert real_says(pack, state / "log.pub")[0]
    assert offline_says(pack, state / "log.pub")[0]


CHANGES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "flip": lambda data, at, bit: data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :],
    "delete": lambda data, at, _: data[:at] + data[at + 1 :],
    "insert": lambda data, at, bit: data[:at] + bytes([bit + 65]) + data[at:],
    "truncate": lambda data, at, _: data[:at],
    "swap halves": lambda data, at, _: data[at:] + data[:at],
}


def resign(folder: Path, state: Path) -> None:
    """What an operator does who owns the key: a manifest over whatever stands there now."""
    note = Note.parse((folder / "manifest.note").read_text())
    (folder / "manifest.note").unlink()
    facts = [line for line in note.text[:-1].split("\n") if not line.startswith("sha256 ")]
    signer = Signer.from_seed(note.signatures[0][0], (state / "log.key").read_bytes())
    (folder / "manifest.note").write_text(signer.sign("\n".join((*facts, *_digests(folder))) + "\n"))


@given(st.integers(0, 2**16), st.integers(0, 2**32), st.sampled_from(sorted(CHANGES)), st.integers(0, 7))
@settings(max_examples=80, deadline=None)
def test_no_byte_of_a_pack_changes_unseen_and_both_verifiers_agree(  # noqa: PLR0913, PLR0917 - fixtures and draws
    pack: Path, state: Path, which: int, place: int, kind: str, bit: int
) -> None:
    names = sorted(file for file in pack.rglob("*") if file.is_file())
    file = names[which % len(names)]
    whole, manifest = file.read_bytes(), (pack / "manifest.note").read_bytes()
    if not whole:
        return
    changed = CHANGES[kind](whole, place % len(whole), bit)
    proven = {"events.jsonl", "range.json", "checkpoint"}
    file.write_bytes(changed)
    try:
        says = real_says(pack, state / "log.pub"), offline_says(pack, state / "log.pub")
        assert [said[0] for said in says] == [changed == whole] * 2, says
        if file.name in proven:
            # Even with a new manifest by the owner of the key: what was signed before stays what it was.
            resign(pack, state)
            says = real_says(pack, state / "log.pub"), offline_says(pack, state / "log.pub")
            assert says[0][0] == says[1][0], says
            assert changed == whole or file.name != "events.jsonl" or not says[0][0]
    finally:
        file.write_bytes(whole)
        (pack / "manifest.note").write_bytes(manifest)


def test_an_event_left_out_at_an_edge_is_found_though_the_key_s_owner_does_it(
    pack: Path, state: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(pack, tmp_path / "pack")
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    with LogReader(state) as reader:
        outside = Tree(reader, SIZE).outside(721, 1_201)
    told = {"first": 721, "outside": [base64.b64encode(part).decode() for part in outside]}
    (folder / "range.json").write_text(json.dumps(told))
    (folder / "events.jsonl").write_bytes(b"".join(lines[2:]))
    note = (folder / "manifest.note").read_text().replace("events 480", "events 479")
    (folder / "manifest.note").write_text(note)
    resign(folder, state)
    for said in (real_says(folder, state / "log.pub"), offline_says(folder, state / "log.pub")):
        assert said == (False, "events before the first one here may be missing")


def test_a_collector_s_pack_is_proven(tmp_path: Path) -> None:
    """Its records say which log they come from, and from which place in it."""
    with Store.open(tmp_path / "hub") as store:
        for number in range(3):
            store.append_blocking(replace(RECORD, time_ms=T0, origin="bailiwick/h/1", origin_seq=number))
    with LogReader(tmp_path / "hub") as reader:
        export(reader, tmp_path / "pack", from_ms=0, to_ms=T0 * 2)
    for said in (offline_says, real_says):
        assert said(tmp_path / "pack", tmp_path / "hub" / "log.pub")[0]


def test_what_was_sealed_is_still_proven(state: Path, tmp_path: Path) -> None:
    """Without the data keys the pack shows what is public, and that verifies just the same."""
    copy = shutil.copytree(state, tmp_path / "state")
    (copy / "keys.db").unlink()
    with LogReader(copy) as reader:
        export(reader, tmp_path / "pack", from_ms=T0, to_ms=T0 + DAY_MS)
    lines = (tmp_path / "pack" / "events.jsonl").read_text().splitlines()
    assert all('"sealed":1' in line and "alice" not in line for line in lines)
    assert real_says(tmp_path / "pack", state / "log.pub")[0]
    assert offline_says(tmp_path / "pack", state / "log.pub")[0]
    forged = lines[3].replace('"sealed":1', '"sealed":1,"user":"carol"')
    (tmp_path / "pack" / "events.jsonl").write_text("\n".join([*lines[:3], forged, *lines[4:]]) + "\n")
    resign(tmp_path / "pack", state)
    assert not real_says(tmp_path / "pack", state / "log.pub")[0]
    assert not offline_says(tmp_path / "pack", state / "log.pub")[0]


@given(st.integers(1, 600), st.data())
@settings(max_examples=60, deadline=None)
def test_ranges_lead_to_the_root_and_nothing_else_does(state: Path, size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(first + 1, size))
    with LogReader(state) as reader:
        tree = Tree(reader, size)
        leaves = [entry.sealed.leaf for entry in reader.entries(first, end=end)]
        outside, root = tree.outside(first, end), tree.root()
    assert range_root(leaves, first, size, outside) == root
    assert offline.range_root(leaves, first, size, outside) == root
    for wrong in (outside[1:] if outside else [root], [*outside, root]):
        with pytest.raises(ProofError):
            range_root(leaves, first, size, wrong)
        with pytest.raises(offline.Wrong):
            offline.range_root(leaves, first, size, wrong)
    if len(leaves) > 1:
        assert range_root(leaves[::-1], first, size, outside) != root


@given(st.integers(0, SIZE - 1), st.integers(0, 2**32), st.sampled_from(sorted(CHANGES)), st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_both_verifiers_judge_proofs_alike(
    state: Path, sequence: int, place: int, kind: str, bit: int
) -> None:
    keys = (state / "log.pub").read_text()
    with LogReader(state) as reader:
        whole = prove(reader, sequence, private=bool(bit & 1)).text().encode()
    for text in (whole, CHANGES[kind](whole, place % len(whole), bit)):
        decoded = text.decode("utf-8", "replace")
        says: list[Any] = []
        try:
            TlogProof.parse(decoded).verify(parse_keys(keys))
            says.append(True)
        except ProofError:
            says.append(False)
        try:
            offline.verify_proof(decoded, offline.read_keys(keys), [])
            says.append(True)
        except (offline.Wrong, ValueError, KeyError, TypeError, AttributeError, IndexError):
            says.append(False)
        # The typed one also wants the file in its canonical form.
        assert says[0] <= says[1], (says, decoded[:300])
        assert text != whole or says == [True, True]


def test_the_command_line(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(state, tmp_path / "state")
    target, key = tmp_path / "q4.tar", str(copy / "log.pub")
    words = [
        "evidence",
        "export",
        "--state",
        str(copy),
        "-o",
        str(target),
        "--from",
        "2025-12-01",
        "--to",
        "2025-12-03",
    ]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{target}: ")
    assert main(["evidence", "verify", str(target), "--key", key]) == 0
    assert capsys.readouterr().out.startswith("intact: 480 events of bailiwick/")
    assert main(words) == 2
    assert "exists; name a new folder" in capsys.readouterr().err
    with LogReader(copy) as reader:
        last = reader.last(1)[0].record
    assert (last["kind"], last["text"]) == ("evidence-exported", "evidence exported to q4.tar")
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(bytes(data))
    assert main(["evidence", "verify", str(target), "--key", key]) == 1
    assert capsys.readouterr().out.startswith("NOT INTACT: ")
    assert (
        main(["evidence", "export", "--state", str(copy), "-o", str(tmp_path / "p"), "--from", "2999-01-01"])
        == 2
    )
    assert "no entry from 2999-01-01" in capsys.readouterr().err
    assert not list(tmp_path.glob(".evidence-*"))
