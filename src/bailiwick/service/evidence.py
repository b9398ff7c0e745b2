"""Evidence packs: a period of the log with everything an auditor needs to verify it without Bailiwick and without trust.

README.md            what this is and how to follow it
manifest.note        every other file with its SHA-256, the period and the counts; signed by the log
verify.py            the offline verifier, one file
log.pub              the log's public keys; compare them with those that the auditor already has
checkpoint           the last signed checkpoint, with cosignatures where there are any
events.jsonl         every entry of the period, and the ones just before and after it
range.json           the hashes that lead from those entries to the checkpoint's root
checkpoints/         older checkpoints of the period, each with the proof that the log continues it
administration.jsonl who did and approved what: a copy of those events, for people
policies/            the policy that was in force, by revision
rules.json           the rules of this version of Bailiwick
payloads/            where asked for: payloads of the period's events, sealed as they are kept in the log (evidence_payloads)
"""

import base64
import contextlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from bailiwick import __version__
from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import ProofError, leaf_hash, range_root, verify_consistency
from bailiwick.audit.note import Note, NoteError, Signer, TreeHead, VerifierKey
from bailiwick.audit.sealing import SealError, disclosed
from bailiwick.audit.tiles import Tree
from bailiwick.model.value import value
from bailiwick.rules.catalogue import CATALOGUE
from bailiwick.service.evidence_payloads import PAYLOADS_README, EvidenceError, verify_sealed, write_sealed
from bailiwick.service.kept import COSIGNED, POLICY
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError, read_secret

FORM = "bailiwick evidence v1"

_ADMINISTRATION = frozenset(
    (
        *(
            Kind.PERMISSION_ANSWERED,
            Kind.POLICY_RELOAD,
            Kind.POLICY_REFUSED,
            Kind.ADMIN_ACTION,
            Kind.LOG_READ,
        ),
        *(Kind.WITNESSED, Kind.EVIDENCE_EXPORTED, Kind.RETENTION_CHANGED, Kind.PURGED, Kind.HOLD_PLACED),
        *(Kind.HOLD_RELEASED, Kind.KEY_DESTROYED, Kind.AUDIT_GAP, Kind.ALARM, Kind.CLOCK_STEP),
    )
)


@value(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a pack holds: the log's origin, events in the period, entries from ``first`` to before ``end``, log size.

    ``payloads`` are sealed ones; ``opened`` is how many of them were opened and are the recorded.
    """

    origin: str
    events: int
    first: int
    end: int
    size: int
    checkpoints: int
    payloads: int = 0
    opened: int = 0


def export(reader: LogReader, target: Path, *, from_ms: int, to_ms: int, payloads: bool = False) -> Pack:
    """Write the pack of a period (``to_ms`` exclusive) to a new folder, or to a new ``.tar`` file.

    With ``payloads`` those of its events are in it, sealed. Raises EvidenceError, StoreError, OSError.
    """
    if target.exists():
        raise EvidenceError(f"{target}: exists; name a new folder, or a new file that ends in .tar")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".evidence-") as made:
        folder = Path(made) / "pack"
        folder.mkdir(mode=0o700)
        pack = _write(reader, folder, from_ms, to_ms, payloads=payloads)
        if target.suffix != ".tar":
            folder.rename(target)
            return pack
        whole = Path(made) / "pack.tar"
        with tarfile.open(whole, "w") as tar:
            for file in sorted(file for file in folder.rglob("*") if file.is_file()):
                tar.add(file, f"{target.stem}/{file.relative_to(folder)}")
        whole.rename(target)
    return pack


def _write(reader: LogReader, folder: Path, from_ms: int, to_ms: int, *, payloads: bool) -> Pack:
    note = _checkpoint(reader)
    head = TreeHead.parse(Note.parse(note).text)
    first, end = _span(reader, head.size, from_ms, to_ms)
    tree = Tree(reader, head.size)
    events, sealed, revisions = 0, 0, set[str]()
    with (
        (folder / "events.jsonl").open("wb") as lines,
        (folder / "administration.jsonl").open("wb") as people,
    ):
        for entry in reader.entries(first, end=end):
            lines.write(entry.line + b"\n")
            inside = from_ms <= entry.record["time_ms"] < to_ms
            events += inside
            if inside and entry.record["kind"] in _ADMINISTRATION:
                people.write(entry.line + b"\n")
            if inside and payloads:
                sealed += write_sealed(reader, entry, folder)
            if policy := entry.record.get("policy"):
                revisions.add(policy)
    told = {"first": first, "outside": _encoded(tree.outside(first, end))}
    (folder / "range.json").write_bytes(orjson.dumps(told))
    (folder / "checkpoint").write_text(note, encoding="utf-8")
    count = _older(reader, tree, folder, first, end)
    _policies(reader, folder, revisions)
    rules = [
        {"id": rule.id, "title": rule.title, "severity": rule.severity.name.lower()} for rule in CATALOGUE
    ]
    (folder / "rules.json").write_bytes(
        orjson.dumps({"bailiwick": __version__, "rules": rules}, option=orjson.OPT_INDENT_2)
    )
    shutil.copyfile(reader.directory / "log.pub", folder / "log.pub")
    (folder / "verify.py").write_bytes(files("bailiwick.audit").joinpath("offline.py").read_bytes())
    pack = Pack(
        origin=head.origin,
        events=events,
        first=first,
        end=end,
        size=head.size,
        checkpoints=count,
        payloads=sealed,
    )
    period = f"{_moment(from_ms) if from_ms > 0 else 'the beginning'} to {_moment(to_ms)}"
    (folder / "README.md").write_text(
        _README.format(period=period, pack=pack, last=end - 1) + (PAYLOADS_README if payloads else ""),
        encoding="utf-8",
    )
    facts = {
        "origin": head.origin,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "events": events,
        "oldest": reader.first(),
        "bailiwick": __version__,
    }
    text = "\n".join((FORM, *(f"{name} {value}" for name, value in facts.items()), *_digests(folder))) + "\n"
    signer = Signer.from_seed(head.origin, read_secret(reader.directory / "log.key"))
    (folder / "manifest.note").write_text(signer.sign(text), encoding="utf-8")
    return pack


def _checkpoint(reader: LogReader) -> str:
    """The last checkpoint; with cosignatures where the last one that has some is as long."""
    note = reader.checkpoint()
    size = TreeHead.parse(Note.parse(note).text).size
    kept = reader.state(COSIGNED)
    for name in sorted(kept, reverse=True)[:1]:
        if int(name.removeprefix(COSIGNED)) == size:
            return kept[name].decode()
    return note


def _span(reader: LogReader, size: int, from_ms: int, to_ms: int) -> tuple[int, int]:
    """The entries of a period, with the one before and the one after it, from their first to before their end."""
    first, last = reader.span(from_ms, to_ms)
    if first is None or last is None:
        raise EvidenceError(f"the log has no entry from {_moment(from_ms)} to {_moment(to_ms)}")
    if first >= size:
        raise EvidenceError(f"entry {first} isn't signed for yet: its service does that as soon as it runs")
    return max(first - 1, reader.first()), min(last + 2, size)


def _older(reader: LogReader, tree: Tree, folder: Path, first: int, end: int) -> int:
    (folder / "checkpoints").mkdir()
    count = 0
    for note in reader.checkpoints():
        size = TreeHead.parse(Note.parse(note).text).size
        if first < size <= end and size < tree.size:
            name = folder / "checkpoints" / f"{size:020d}"
            name.with_suffix(".note").write_text(note, encoding="utf-8")
            name.with_suffix(".json").write_bytes(orjson.dumps(_encoded(tree.consistency(size))))
            count += 1
    return count


def _policies(reader: LogReader, folder: Path, revisions: set[str]) -> None:
    """Keep the policies that events name; where one is named that a session's flags made, every policy it may be made of."""
    (folder / "policies").mkdir()
    every = [orjson.loads(row) for row in reader.state(POLICY).values()]
    names = [{kept["revision"], *kept["profiles"].values()} for kept in every]
    known = revisions <= set().union(*names)
    for kept, own in zip(every, names, strict=True):
        if not known or revisions & own:
            file = folder / "policies" / f"{kept['revision']}.json"
            file.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def _digests(folder: Path) -> Iterator[str]:
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        yield f"sha256 {sha256(file.read_bytes()).hexdigest()} {file.relative_to(folder).as_posix()}"


def _encoded(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(part).decode() for part in hashes]


def _moment(time_ms: int) -> str:
    try:
        return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):  # beyond all calendars: no end was named
        return "the end of the log"


def verify(
    target: Path,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    payload_keys: Mapping[int, bytes] = MappingProxyType({}),
) -> Pack:
    """Verify a pack as ``audit.offline`` says, by the functions that the log itself is verified with. Raises EvidenceError."""
    with opened(target) as folder:
        return _verify(folder, keys, witnesses, payload_keys)


@contextlib.contextmanager
def opened(target: Path) -> Iterator[Path]:
    """The folder of a pack, that of a ``.tar`` for as long as this lasts. Raises EvidenceError, OSError."""
    target.stat()
    if target.is_dir():
        yield target
        return
    with tempfile.TemporaryDirectory() as made:
        try:
            with tarfile.open(target) as tar:
                tar.extractall(made, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise EvidenceError(f"{target}: {error}") from error
        inner = [path for path in Path(made).iterdir() if path.is_dir()]
        if len(inner) != 1:
            raise EvidenceError(f"{target}: isn't an evidence pack")
        yield inner[0]


def _verify(
    folder: Path,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    payload_keys: Mapping[int, bytes],
) -> Pack:
    try:
        facts, names = manifest(folder, keys)
        note = Note.parse((folder / "checkpoint").read_bytes().decode("utf-8"))
        head = _head(note, keys, witnesses)
        if facts["origin"] != head.origin:
            raise EvidenceError("manifest and checkpoint are of two logs")
        leaves, times, first, named = _events(folder, head.origin)
        told = orjson.loads((folder / "range.json").read_bytes())
        outside = [base64.b64decode(part, validate=True) for part in told["outside"]]
        if told["first"] != first:
            raise EvidenceError("range.json begins elsewhere")
        if leaves and range_root(leaves, first, head.size, outside) != head.root:
            raise EvidenceError("the events don't lead to the root of the checkpoint")
        _complete(facts, times, first, head.size)
        count = _continued(folder, names, keys, head)
        sealed, open_ = verify_sealed(folder, names, named, payload_keys)
    except (OSError, ValueError, KeyError, TypeError, NoteError, ProofError, SealError) as error:
        raise EvidenceError(str(error)) from error
    return Pack(
        origin=head.origin,
        events=int(facts["events"]),
        first=first,
        end=first + len(leaves),
        size=head.size,
        checkpoints=count,
        payloads=sealed,
        opened=open_,
    )


def manifest(folder: Path, keys: Sequence[VerifierKey]) -> tuple[dict[str, str], dict[str, str]]:
    """What a pack's manifest says, and its files with their digests, which they have. Raises EvidenceError, OSError, NoteError."""
    note = Note.parse((folder / "manifest.note").read_bytes().decode("utf-8"))
    if not any(note.time_of(key) is not None for key in keys):
        raise EvidenceError("the manifest isn't signed by the log")
    form, *lines = note.text[:-1].split("\n")
    if form != FORM:
        raise EvidenceError("the manifest is of an unknown form")
    facts: dict[str, str] = {}
    names: dict[str, str] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "sha256":
            digest, _, name = rest.partition(" ")
            names[name] = digest
        else:
            facts[word] = rest
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    if differing := sorted(found ^ {*names, "manifest.note"}):
        raise EvidenceError(f"files are missing or added: {', '.join(differing[:3])}")
    for name, digest in names.items():
        if sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise EvidenceError(f"{name} was changed")
    return facts, names


def _head(note: Note, keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]) -> TreeHead:
    head = TreeHead.parse(note.text)
    signed = [key for key in keys if note.time_of(key) is not None]
    if not signed or any(key.name != head.origin for key in signed):
        raise EvidenceError("the checkpoint isn't signed by the log")
    if witnesses and not any(note.time_of(key) is not None for key in witnesses):
        raise EvidenceError("the checkpoint isn't cosigned by the witness")
    return head


def _events(folder: Path, origin: str) -> tuple[list[bytes], list[int], int, dict[int, str]]:
    leaves: list[bytes] = []
    times: list[int] = []
    named: dict[int, str] = {}
    first = 0
    for number, line in enumerate((folder / "events.jsonl").read_bytes().split(b"\n")[:-1]):
        record: Any = orjson.loads(line)
        if orjson.dumps(record, option=orjson.OPT_SORT_KEYS) != line:
            raise EvidenceError(f"events.jsonl:{number + 1}: a record isn't in its canonical form")
        first = record["seq"] if not number else first
        if (record["seq"], record["epoch"]) != (first + number, origin.rpartition("/")[2]):
            raise EvidenceError(f"events.jsonl:{number + 1}: not the next entry of this log")
        leaves.append(leaf_hash(disclosed(record)[0]))
        times.append(record["time_ms"])
        if payload := record.get("payload"):
            named[record["seq"]] = payload
    return leaves, times, first, named


def _complete(facts: dict[str, str], times: list[int], first: int, size: int) -> None:
    inside = [int(facts["from_ms"]) <= time < int(facts["to_ms"]) for time in times]
    if sum(inside) != int(facts["events"]):
        raise EvidenceError("the manifest counts other events")
    if times and first != int(facts["oldest"]) and inside[0]:
        raise EvidenceError("events before the first one here may be missing")
    if times and first + len(times) != size and inside[-1]:
        raise EvidenceError("events after the last one here may be missing")


def _continued(folder: Path, names: Iterable[str], keys: Sequence[VerifierKey], head: TreeHead) -> int:
    count = 0
    for name in names:
        if name.startswith("checkpoints/") and name.endswith(".note"):
            older = _head(Note.parse((folder / name).read_bytes().decode("utf-8")), keys, ())
            proof = orjson.loads((folder / name).with_suffix(".json").read_bytes())
            if older.origin != head.origin:
                raise EvidenceError(f"{name} is of another log")
            hashes = [base64.b64decode(part, validate=True) for part in proof]
            verify_consistency(older.size, head.size, hashes, older.root, head.root)
            count += 1
    return count


def require_key(reader: LogReader) -> None:
    """Raise StoreError unless this account may sign for the log."""
    try:
        read_secret(reader.directory / "log.key")
    except StoreError as error:
        raise StoreError(str(error), mend="export as the account that owns the log") from error


_README = """\
# Evidence: {period}

This folder holds {pack.events} events of the log

    {pack.origin}

of the period {period}, as Bailiwick recorded them when they happened: entries {pack.first} to {last} of {pack.size}. The first and
the last line of `events.jsonl` may lie just outside the period; they show that none is missing at its edges.

## Verify it

You need Python 3 and its package `cryptography`, and the log's public keys **as you got them earlier from its operator**
(`log.pub`). The copy in this folder is for comparison only: whoever could forge this folder could forge the keys in it.

    python3 verify.py . --key /path/to/your/log.pub
    python3 verify.py . --key /path/to/your/log.pub --witness /path/to/your/witness.pub

`verify.py` is one short file; read it. It needs no network and writes nothing. It checks that

1. the manifest is signed by the log and no file here was changed, removed or added;
2. the checkpoint is signed by the log, and by the witness you name;
3. every event is exactly the one that was recorded, and their sequence has no gap;
4. the events lead to the root that was signed: nothing was altered, removed, inserted or moved;
5. the events reach beyond both ends of the period, so none of the period is missing;
6. the log continues each older checkpoint in `checkpoints/`.

A checkpoint that you or your witness kept from earlier proves more: put it beside a later `bailiwick log verify --consistent`.

## Read it

| file | holds |
|---|---|
| `events.jsonl` | one event in each line: who, what, when, which skill, which rule, which policy revision, what was decided |
| `administration.jsonl` | the events by which people approved, changed, held, erased or read something |
| `policies/` | the policy files that were in force, by revision, and in each the revisions of its profiles, one of which is `policy` in an event |
| `rules.json` | the rules whose ids stand in `rules` and `reasons` |
| `checkpoint`, `checkpoints/`, `range.json` | what the proofs are made of |

Where a person's flags narrowed a session's policy further, its events name a revision of their own, which no file has: `extra` of
that session's first `session-start` has it (`session_policy`) beside the flags; its profile says what they narrowed.

An event with `"sealed": 1` shows only that it happened and what was decided: the person's data was erased since, or isn't
yours to see. Its place in the log is proven like the others'.
"""
