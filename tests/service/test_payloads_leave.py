"""Payloads that leave the machine: to a collector where policy says so, sealed into evidence, never to a sink; erasure reaches both."""

import asyncio
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from bailiwick.audit.finish import Draft, finish
from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import Frontier, leaf_hash
from bailiwick.audit.note import Note, Signer, parse_keys
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.retention import Retention
from bailiwick.audit.segment import SegmentError, Shipped, pack, unpack
from bailiwick.audit.views.logged import Logged
from bailiwick.audit.views.render import View, render
from bailiwick.cli.main import main
from bailiwick.service.collector import Collector, enrolled
from bailiwick.service.custody import Custodian
from bailiwick.service.evidence import _digests, export, verify
from bailiwick.service.evidence_payloads import EvidenceError, read_keys
from bailiwick.service.log_reader import LogReader
from bailiwick.service.shipper import Shipper
from bailiwick.service.state_directory import read_verifiers
from bailiwick.service.store import Store

REDACTOR = Redactor(b"k" * 32)
OUTPUT = "the fox was here\n" * 900


def kept(payload: object, *, user: str = "alice", call_id: str = "c1") -> Record:
    fields = {
        "kind": Kind.TOOL_OUTCOME,
        "time_ms": 1_796_000_000_000,
        "monotonic_us": 1,
        "host": "h",
        "salt": "5a" * 16,
        "user": user,
        "tool": "Bash",
        "call_id": call_id,
    }
    return finish(Draft(fields=fields, payload=payload), REDACTOR)


def stamp() -> Stamp:
    return Stamp(wall_ms=1_796_000_000_000, monotonic_ns=1, host="h", salt="5b" * 16)


def says(path: Path, *records: Record, leave: bool) -> None:
    """What a service does: policy comes into force, then records come in."""

    async def work(store: Store) -> None:
        custodian = Custodian(store=store, redactor=REDACTOR, stamp=stamp)
        await custodian.settle(Retention(), payloads_leave=leave)
        await store.append_all(records)

    with Store.open(path) as store:
        asyncio.run(work(store))


def ship(path: Path, hub: Path) -> None:
    """One segment after the other, by the shipper's and the collector's own functions, without a network between them."""
    enrolled(hub, (path / "log.pub").read_text())
    shipper = Shipper(state=path, url="", key=read_verifiers(hub)[0])
    origin = read_verifiers(path)[0].name
    signer = Signer.from_seed(origin, (path / "log.key").read_bytes())
    with Store.open(hub) as store:
        collector = Collector.over(store)
        while True:
            data, count = shipper._next(signer, collector.cursor(origin).upto)
            if not count:
                return
            asyncio.run(collector.take(data))


def outputs(path: Path) -> dict[str, tuple[object, bool]]:
    """Of each call its payload as this log opens it, and whether its record says that it was left behind."""
    found: dict[str, tuple[object, bool]] = {}
    with LogReader(path) as reader:
        assert reader.verify().faults == ()
        for entry in reader.entries():
            if call := entry.record.get("call_id"):
                payload = reader.payload(entry)
                told = None if payload is None else orjson.loads(payload)["response"]
                found[call] = (told, bool(entry.record.get("payload_left")))
    return found


@pytest.mark.parametrize("more", [0, 600])
def test_the_collector_has_them_where_policy_lets_them_leave(tmp_path: Path, more: int) -> None:
    """What was recorded while they had to stay stays, whatever policy says when it is shipped."""
    state, hub = tmp_path / "state", tmp_path / "hub"
    says(state, kept({"response": "early"}, call_id="c0"), leave=False)
    says(state, kept({"response": OUTPUT}), kept({"response": "b"}, user="bob", call_id="c2"), leave=True)
    says(state, kept({"response": "late"}, call_id="c3"), *[kept(None)] * more, leave=False)
    ship(state, hub)
    found = outputs(hub)
    # Policy that takes it back holds for what wasn't shipped yet.
    assert {found[call] for call in ("c0", "c3")} == {(None, True)}
    says(state, kept({"response": OUTPUT}, call_id="c4"), leave=True)
    ship(state, hub)
    assert outputs(hub)["c4"] == (OUTPUT, False)
    for file in hub.glob("log.db*"):
        assert b"fox was" not in file.read_bytes()


def test_erasing_a_person_at_the_collector_takes_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, hub = tmp_path / "state", tmp_path / "hub"
    says(state, kept({"response": OUTPUT}), kept({"response": "b"}, user="bob", call_id="c2"), leave=True)
    ship(state, hub)
    assert outputs(hub) == {"c1": (OUTPUT, False), "c2": ("b", False)}
    words = ["log", "erase", "--state", str(hub), "--user", "alice", "--reason", "art. 17", "--yes"]
    assert main(words) == 0
    assert outputs(hub) == {"c2": ("b", False)}
    assert main(["log", "show", "c2", "--payload", "--state", str(hub)]) == 0
    assert 'payload  {"response":"b"}' in capsys.readouterr().out


def test_one_that_was_changed_here_is_left_out_and_the_record_arrives(tmp_path: Path) -> None:
    state, hub = tmp_path / "state", tmp_path / "hub"
    says(state, kept({"response": OUTPUT}), leave=True)
    with Store.open(state) as store:
        store._ledger.connection.execute("UPDATE payload SET sealed = zeroblob(99)")
    ship(state, hub)
    assert outputs(hub) == {"c1": (None, True)}


def test_large_ones_are_shipped_in_as_many_segments_as_they_take(tmp_path: Path) -> None:
    state, hub = tmp_path / "state", tmp_path / "hub"
    texts = {f"c{number}": chr(97 + number) * 1_048_000 for number in range(9)}
    says(state, *(kept({"response": text}, call_id=call) for call, text in texts.items()), leave=True)
    ship(state, hub)
    assert {call: told for call, (told, _) in outputs(hub).items()} == texts


def test_what_is_not_the_payload_of_its_record_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    says(state, kept({"response": OUTPUT}), leave=True)
    key = read_verifiers(state)[0]
    signer = Signer.from_seed(key.name, (state / "log.key").read_bytes())
    with LogReader(state) as reader:
        entries = list(reader.entries())
    tree = Frontier()
    for entry in entries:
        tree = tree.append(leaf_hash(entry.sealed.body))
    for wrong in (b"", b"another"):
        shipped = [
            Shipped(one.sealed.body, one.private, wrong if one.record.get("payload") else None)
            for one in entries
        ]
        with pytest.raises(SegmentError, match="a payload isn't the one that its record names"):
            unpack(pack(signer, 0, shipped, tree), {key.name: [key]})


@pytest.mark.parametrize("view", list(View))
def test_sinks_get_digest_and_size_alone(view: View) -> None:
    record = kept({"response": OUTPUT})
    sent = render(view, Logged(index=0, leaf=bytes(32), record={"epoch": "e", "seq": 0, **record.fields()}))
    assert b"fox was" not in sent
    assert sha256(record.whole).hexdigest().encode() in sent
    assert str(len(record.whole)).encode() in sent


def auditor(pack: Path, *words: str) -> tuple[int, str]:
    """The pack's own program, in an interpreter that doesn't see Bailiwick."""
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", ".", *words],
        cwd=pack,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_an_auditor_gets_them_sealed_and_the_keys_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, pack, given = tmp_path / "state", tmp_path / "pack", tmp_path / "given.keys"
    says(state, kept({"response": OUTPUT}), kept({"response": "b"}, user="bob", call_id="c2"), leave=False)
    assert main(["evidence", "export", "-o", str(pack), "--payloads", "--state", str(state)]) == 0
    assert "2 sealed payloads" in capsys.readouterr().out
    assert sorted(file.name for file in (pack / "payloads").iterdir()) == ["1.sealed", "2.sealed"]
    everything = b"".join(file.read_bytes() for file in pack.rglob("*") if file.is_file())
    assert b"fox was" not in everything

    public = ("--key", str(state / "log.pub"))
    code, told = auditor(pack, *public)
    assert (code, told.rpartition("; ")[2]) == (0, "2 sealed payloads, 0 opened\n")
    ask = ["evidence", "keys", str(pack), "--state", str(state), "--reason", "finding 4"]
    assert main([*ask, "--event", "2", "-o", str(given)]) == 0
    assert "keys of 1 payloads" in capsys.readouterr().out
    assert given.stat().st_mode & 0o777 == 0o600
    code, told = auditor(pack, *public, "--payload-keys", str(given), "--payload", "2")
    assert code == 0
    assert told.splitlines()[1:] == ['{"response":"b"}']
    code, told = auditor(pack, *public, "--payload-keys", str(given), "--payload", "1")
    assert (code, told) == (1, "NOT INTACT: no key of the payload of event 1 was given\n")
    with LogReader(state) as reader:
        (record,) = [one.record for one in reader.entries() if "finding 4" in one.record.get("text", "")]
    assert record["kind"] == "evidence-exported"
    assert json.loads(record["extra"])["events"] == [2]

    # Erasing reaches the pack that is out: what wasn't opened before can't be any more.
    words = ["log", "erase", "--state", str(state), "--user", "alice", "--reason", "art. 17", "--yes"]
    assert main(words) == 0
    later = tmp_path / "later.keys"
    assert main([*ask, "-o", str(later)]) == 0
    assert "keys of 1 payloads; 1 were erased" in capsys.readouterr().out
    assert list(read_keys(later.read_text())) == [2]
    assert auditor(pack, *public)[0] == 0
    assert main(["evidence", "verify", str(pack), *public, "--payload-keys", str(later)]) == 0
    assert "2 sealed payloads, 1 opened" in capsys.readouterr().out


def test_what_is_asked_wrongly_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, pack = tmp_path / "state", tmp_path / "pack.tar"
    says(state, kept({"response": OUTPUT}), leave=False)
    assert main(["evidence", "export", "-o", str(pack), "--payloads", "--state", str(state)]) == 0
    ask = ["evidence", "keys", str(pack), "--state", str(state), "--reason", "r", "-o", str(tmp_path / "k")]
    assert main([*ask, "--event", "7"]) == 2
    assert "has no payload of event 7" in capsys.readouterr().err
    other = tmp_path / "other"
    with Store.open(other):
        pass
    assert main([*ask[:4], str(other), *ask[5:]]) == 2
    assert "isn't signed by the log" in capsys.readouterr().err
    assert main([*ask[:2], str(tmp_path / "nowhere"), *ask[3:]]) == 3
    assert capsys.readouterr().err == f"bailiwick: {tmp_path}/nowhere: No such file or directory\n"
    words = ["evidence", "verify", str(tmp_path / "nowhere"), "--key", str(state / "log.pub")]
    assert main(words) == 3  # nothing was verified, so nothing is said of it
    assert not (tmp_path / "k").exists()
    assert main(ask) == 0
    assert main(ask) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize("which", ["changed", "swapped", "stray", "wrong key"])
def test_what_is_done_to_sealed_payloads_is_found_even_under_a_new_manifest(
    tmp_path: Path, which: str
) -> None:
    """By whoever owns the signing key: the manifest is over whatever stands there now."""
    state, pack = tmp_path / "state", tmp_path / "pack"
    says(state, kept({"response": OUTPUT}), kept({"response": "b"}, call_id="c2"), leave=False)
    with LogReader(state) as reader:
        export(reader, pack, from_ms=0, to_ms=2**53, payloads=True)
        entries = list(reader.entries())
        keys = {number: reader.payload_key(entries[number]) or b"" for number in (1, 2)}
    one, two = (pack / "payloads" / f"{number}.sealed" for number in (1, 2))
    if which == "changed":
        one.write_bytes(bytes([one.read_bytes()[0] ^ 1]) + one.read_bytes()[1:])
    elif which == "swapped":
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)
        keys = {1: keys[2], 2: keys[1]}
    elif which == "stray":
        (pack / "payloads" / "0.sealed").write_bytes(one.read_bytes())
    else:
        keys = {1: keys[2]}
    resign(pack, state)
    with pytest.raises(EvidenceError, match=r"payload|key"):
        verify(pack, parse_keys((state / "log.pub").read_text()), (), keys)
    given = tmp_path / "keys"
    lines = "".join(f"{number} {key.hex()}\n" for number, key in keys.items())
    given.write_text(f"bailiwick payload keys v1\nlog\n{lines}")
    code, told = auditor(pack, "--key", str(state / "log.pub"), "--payload-keys", str(given))
    assert code == 1
    assert "payload" in told


def resign(folder: Path, state: Path) -> None:
    """What an operator does who owns the key: a manifest over whatever stands there now."""
    note = Note.parse((folder / "manifest.note").read_text())
    (folder / "manifest.note").unlink()
    facts = [line for line in note.text[:-1].split("\n") if not line.startswith("sha256 ")]
    signer = Signer.from_seed(note.signatures[0][0], (state / "log.key").read_bytes())
    (folder / "manifest.note").write_text(signer.sign("\n".join((*facts, *_digests(folder))) + "\n"))
