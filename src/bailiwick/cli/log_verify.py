"""`bailiwick log verify|proof|tiles`: proving the log, one event of it, or what was kept of it elsewhere."""

import argparse
import base64
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson

from bailiwick.audit.chain import BESIDE, Fault
from bailiwick.audit.merkle import ProofError, verify_consistency
from bailiwick.audit.note import Note, NoteError, TreeHead, VerifierKey, open_note, parse_keys
from bailiwick.audit.sealing import SealError
from bailiwick.audit.tiles import Tree
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.audit.views.place import claim_of
from bailiwick.audit.wording import plain
from bailiwick.service.index.check import index_faults
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import bounded_lines, read_named, read_named_text
from bailiwick.service.places import find
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import StoreError, read_verifiers
from bailiwick.service.tile_files import folder_size, verify_folder, write_tiles

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3
MAX_SHOWN = 20

Action = Callable[[str, str], argparse.ArgumentParser]


def register(action: Action) -> None:
    """Add the actions to `bailiwick log`."""
    verify = action("verify", "Prove that nothing was changed, removed, re-ordered or cut off.")
    verify.set_defaults(func=run, do=_verify)
    what = verify.add_mutually_exclusive_group()
    what.add_argument("--event", type=int, metavar="SEQ", help="only that this event is in the log")
    what.add_argument(
        "--consistent",
        nargs=2,
        metavar="FILE",
        help="only that the log of the second checkpoint continues the first's",
    )
    what.add_argument(
        "--export", metavar="FILE", help="an exported copy (JSON lines), as from a SIEM, against the log"
    )
    what.add_argument("--proof", metavar="FILE", help="a .tlog-proof file; needs no log, only --key-file")
    what.add_argument("--tiles", metavar="FOLDER", help="a folder of tiles; needs no log, only --key-file")
    verify.add_argument(
        "--head", default="", metavar="HEX", help="a chain head noted earlier that must still be there"
    )
    verify.add_argument(
        "--key", default="", metavar="KEY", help="the log's public key as kept elsewhere (log.pub)"
    )
    verify.add_argument("--key-file", default="", metavar="FILE", help="the same, in a file")
    verify.add_argument(
        "--witness",
        action="append",
        default=[],
        metavar="FILE",
        help="keys of a witness that must have cosigned",
    )
    verify.add_argument(
        "--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint kept elsewhere"
    )
    verify.add_argument(
        "--no-index",
        action="store_true",
        help="not the index too, by which search answers: that takes the longest",
    )
    proof = action(
        "proof", "Write the proof of one event, which anybody verifies with the log's public key alone."
    )
    proof.set_defaults(func=run, do=_proof)
    proof.add_argument("event", type=int, metavar="SEQ", help="its sequence number")
    proof.add_argument("-o", "--output", default="", metavar="FILE", help="file to write (SEQ.tlog-proof)")
    proof.add_argument(
        "--public", action="store_true", help="without the private part: who, where and what exactly"
    )
    tiles = action("tiles", "Write the log as static files (C2SP tlog-tiles), or what such a folder lacks.")
    tiles.set_defaults(func=run, do=_tiles)
    tiles.add_argument("-o", "--output", required=True, metavar="FOLDER", help="folder to write")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return int(asked.do(asked))
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except ProofError as error:
        return _told(asked, [str(error)], "")
    except (ValueError, NoteError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"bailiwick: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT


def _verify(asked: argparse.Namespace) -> int:
    keys = parse_keys(asked.key)
    if asked.key_file:
        keys += parse_keys(read_named_text(asked.key_file))
    witnesses = tuple(key for name in asked.witness for key in parse_keys(read_named_text(name)))
    if asked.proof or asked.tiles:
        if not keys:
            raise ValueError(
                "name the log's public key with --key-file: what comes with a proof proves nothing"
            )
        return _verify_proof(asked, keys, witnesses) if asked.proof else _verify_tiles(asked, keys)
    with LogReader(find(asked.state).state) as reader:
        keys = keys or read_verifiers(reader.directory)
        if asked.event is not None:
            if (missing := _missing(reader, asked.event)) is not None:
                return missing
            shown = prove(reader, asked.event, private=True)
            shown.verify(keys, witnesses)
            return _told(
                asked, [], f"intact: event {asked.event} is in the log; {len(shown.hashes)} hashes prove it"
            )
        if asked.consistent:
            return _verify_consistent(asked, reader, keys)
        if asked.export:
            return _verify_export(asked, reader)
        return _verify_all(asked, reader, keys)


def _missing(reader: LogReader, sequence: int) -> int | None:
    """Say that there is no such entry; nothing is wrong with the log for that. None where there is."""
    first, size = reader.first(), reader.size()
    if first <= sequence < size:
        return None
    gone = "was purged" if 0 <= sequence < first else "isn't in the log"
    print(f"bailiwick: entry {sequence} {gone}, which has {first} to {size - 1}", file=sys.stderr)
    return FAULTY


def _verify_proof(
    asked: argparse.Namespace, keys: tuple[VerifierKey, ...], witnesses: tuple[VerifierKey, ...]
) -> int:
    try:
        text = read_named(asked.proof).decode()
    except UnicodeDecodeError:
        raise ProofError("this isn't a C2SP tlog-proof: it isn't UTF-8 text") from None
    proof = TlogProof.parse(text)
    proven = proof.verify(keys, witnesses)
    missing = [key.name for key in witnesses if key.name not in proven.witnessed]
    if missing:
        raise ProofError(f"not cosigned by {missing[0]}")
    by = f", cosigned by {', '.join(sorted(proven.witnessed))}" if proven.witnessed else ""
    told = f"intact: event {proof.index} of {proven.origin}, in the log when it had {proven.size} entries{by}"
    if not asked.json:
        print(told)
        print(proof.entry.decode())
        if proof.private:
            print(proof.private.decode())
        return DONE
    return _told(asked, [], told)


def _verify_tiles(asked: argparse.Namespace, keys: tuple[VerifierKey, ...]) -> int:
    head, faults = verify_folder(Path(asked.tiles), keys)
    told = f"intact: {head.size} entries of {head.origin}" if head else ""
    return _told(asked, _lines(faults), told)


def _verify_consistent(asked: argparse.Namespace, reader: LogReader, keys: tuple[VerifierKey, ...]) -> int:
    one, other = (TreeHead.parse(open_note(read_named_text(name), keys[0])) for name in asked.consistent)
    if one.origin != other.origin or one.size > other.size:
        raise ProofError("the checkpoints are of two logs, or the second is of a shorter log than the first")
    if other.size > reader.size():
        raise ProofError(
            f"a checkpoint is of {other.size} entries and the log has {reader.size()}: entries are gone"
        )
    proof = Tree(reader, other.size).consistency(one.size)
    verify_consistency(one.size, other.size, proof, one.root, other.root)
    return _told(asked, [], f"intact: the log of {other.size} entries continues the one of {one.size}")


def _verify_export(asked: argparse.Namespace, reader: LogReader) -> int:
    faults: list[str] = []
    places: set[int] = set()
    again = proven = 0
    with Path(asked.export).open("rb") as lines:
        for number, line in enumerate(bounded_lines(lines, asked.export), 1):
            try:
                claim = claim_of(line)
            except (ValueError, TypeError, KeyError, SealError) as error:
                faults.append(f"line {number}: {error}")
                continue
            if claim is None:
                continue
            # What is sent at least once may arrive twice; that it is the same is held against the log each time.
            again += claim.index in places
            proven += claim.is_proven and claim.index not in places
            places.add(claim.index)
            if reader.tile_leaf(claim.index) != claim.leaf:
                faults.append(f"line {number}: not what the log has as entry {claim.index}")
    span = range(min(places), max(places) + 1) if places else range(0)
    absent = [index for index in span if index not in places]
    told = f"intact: {len(places)} records are those of the log"
    if absent:
        told += f"; of entries {span[0]} to {span[-1]} the copy lacks {len(absent)}, the first of them {absent[0]}"
    if again:
        told += f"; {again} lines stand there again"
    if proven < len(places):
        told += f"; of {len(places) - proven} only the place was held against it: that view doesn't hold the whole record"
    return _told(asked, faults, told)


def _verify_all(asked: argparse.Namespace, reader: LogReader, keys: tuple[VerifierKey, ...]) -> int:
    try:
        head = bytes.fromhex(asked.head) if asked.head else None
    except ValueError:
        raise ValueError(
            "--head is the hexadecimal chain head of an earlier verification or receipt"
        ) from None
    notes = [read_named_text(name) for name in asked.checkpoint]
    outcome = reader.verify(keys=keys, expected_head=head, notes=notes)
    index = [] if asked.no_index else index_faults(reader)
    state, intact = outcome.state, outcome.intact and not index
    root = base64.b64encode(state.frontier.root()).decode()
    if asked.json:
        told = {
            "intact": intact,
            "entries": state.size,
            "checkpoints": outcome.checkpoints,
            "epoch": state.epoch,
            "head": state.head.hex(),
            "root": root,
            "private": reader.has_keys,
            "faults": [{"seq": fault.sequence, "message": fault.message} for fault in outcome.faults],
            "index": index,
        }
        print(orjson.dumps(told).decode())
    elif intact:
        count = outcome.checkpoints
        print(f"intact: {state.size} entries, {count} signed checkpoint{'' if count == 1 else 's'}")
        print(f"epoch  {state.epoch}\nhead   {state.head.hex()}\nroot   {root}")
        if not reader.has_keys:
            print("what is private is sealed, and was not looked at: the data keys aren't here")
    else:
        return _told(asked, [*_lines(outcome.faults), *index], "")
    return DONE if intact else FAULTY


def _lines(faults: Iterable[Fault]) -> list[str]:
    return [
        plain(fault.message)
        if fault.sequence == BESIDE
        else f"entry {fault.sequence}: {plain(fault.message)}"
        for fault in faults
    ]


def _told(asked: argparse.Namespace, faults: list[str], intact: str) -> int:
    """Print the outcome; its exit code."""
    if asked.json:
        print(orjson.dumps({"intact": not faults, "told": intact, "faults": faults[:MAX_SHOWN]}).decode())
    elif not faults:
        print(intact)
    else:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        print(f"NOT INTACT: {count}; keep this file as evidence")
        for fault in _few(faults):
            print(f"  {plain(fault)}")
    return FAULTY if faults else DONE


def _few(faults: list[str]) -> Iterator[str]:
    yield from faults[:MAX_SHOWN]
    if len(faults) > MAX_SHOWN:
        yield f"and {len(faults) - MAX_SHOWN} more"


def _proof(asked: argparse.Namespace) -> int:
    with LogReader(find(asked.state).state) as reader:
        if (missing := _missing(reader, asked.event)) is not None:
            return missing
        proof = prove(reader, asked.event, private=not asked.public)
    target = Path(asked.output or f"{asked.event}.tlog-proof")
    with target.open("x", encoding="utf-8") as file:
        file.write(proof.text())
    size = TreeHead.parse(Note.parse(proof.checkpoint).text).size
    return _told(asked, [], f"{target}: event {asked.event} under the checkpoint of {size} entries")


def _tiles(asked: argparse.Namespace) -> int:
    folder = Path(asked.output)
    with LogReader(find(asked.state).state) as reader:
        count = write_tiles(reader, folder, since=folder_size(folder))
    return _told(asked, [], f"{folder}: {count} files written; serve the folder, or keep it elsewhere")
