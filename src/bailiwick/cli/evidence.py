"""`bailiwick evidence`: a period of the log for an auditor, complete in itself."""

import argparse
import sys
import time
from pathlib import Path

import orjson

from bailiwick.audit.note import NoteError, parse_keys
from bailiwick.cli.log_output import moment
from bailiwick.service.custody import CustodyError
from bailiwick.service.custody_client import ask_custodian
from bailiwick.service.evidence import export, manifest, opened, require_key, verify
from bailiwick.service.evidence_payloads import EvidenceError, keys_of, keys_text, read_keys, sealed_in
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.places import find
from bailiwick.service.state_directory import StoreError, read_verifiers, write_private

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3
LAST = 2**53 - 1


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    evidence = verbs.add_parser(
        "evidence", help="export a period of the log for an auditor; verify it", description=__doc__
    )
    actions = evidence.add_subparsers(dest="action", metavar="ACTION", required=True)
    out = actions.add_parser(
        "export", help="Write a pack.", description="Write a pack that an auditor verifies offline."
    )
    out.add_argument(
        "--from", dest="since", default="", metavar="WHEN", help="90d, 2026-11-22 or 2026-11-22T18:00 (UTC)"
    )
    out.add_argument("--to", dest="until", default="", metavar="WHEN", help="the same; exclusive")
    out.add_argument(
        "-o", "--output", required=True, metavar="PACK", help="a new folder, or a new file that ends in .tar"
    )
    out.add_argument(
        "--payloads",
        action="store_true",
        help="with the payloads of its events, sealed; `evidence keys` gives what opens them",
    )
    keys = actions.add_parser(
        "keys",
        help="Hand out what opens payloads of a pack.",
        description="Write the keys of payloads in a pack to a file of their own, for an auditor who may see them. It is on record.",
    )
    keys.add_argument("pack", metavar="PACK", help="folder or .tar file")
    keys.add_argument(
        "--event",
        action="append",
        type=int,
        default=[],
        metavar="SEQ",
        help="only the payload of this event; can be given again",
    )
    keys.add_argument("--reason", required=True, metavar="TEXT", help="why they are handed out")
    keys.add_argument("-o", "--output", required=True, metavar="FILE", help="a new file")
    for parser in (out, keys):
        parser.add_argument("--state", metavar="DIR", help="state directory")
    check = actions.add_parser(
        "verify", help="Verify a pack.", description="Verify a pack, as its own verify.py does."
    )
    check.add_argument("pack", metavar="PACK", help="folder or .tar file")
    check.add_argument(
        "--key", required=True, metavar="FILE", help="the log's public keys as kept elsewhere (log.pub)"
    )
    check.add_argument(
        "--witness", default="", metavar="FILE", help="keys of a witness that must have cosigned"
    )
    check.add_argument(
        "--payload-keys",
        default="",
        metavar="FILE",
        help="keys of payloads: hold what they open against the events",
    )
    for parser in (out, keys, check):
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return _ACTIONS[asked.action](asked)
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except (EvidenceError, CustodyError, NoteError, ValueError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"bailiwick: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT


def _export(asked: argparse.Namespace) -> int:
    now, places, target = time.time(), find(asked.state), Path(asked.output)
    from_ms, to_ms = moment(asked.since, now=now) or 0, moment(asked.until, now=now)
    to_ms = LAST if to_ms is None else to_ms
    with LogReader(places.state) as reader:
        require_key(reader)
    # On record before it leaves, and so that the pack's checkpoint is over the record of it.
    period = {"from_ms": from_ms, "to_ms": to_ms, "payloads": asked.payloads}
    ask_custodian(
        places, "read", {"what": f"evidence exported to {target.name}", "evidence": True, "details": period}
    )
    with LogReader(places.state) as reader:
        pack = export(reader, target, from_ms=from_ms, to_ms=to_ms, payloads=asked.payloads)
    if asked.json:
        print(
            orjson.dumps(
                {
                    "pack": str(target),
                    "events": pack.events,
                    "entries": [pack.first, pack.end - 1],
                    "payloads": pack.payloads,
                }
            ).decode()
        )
    else:
        print(f"{target}: {pack.events} events, entries {pack.first} to {pack.end - 1} of {pack.size}")
        if asked.payloads:
            print(f"{pack.payloads} sealed payloads; `bailiwick evidence keys` hands out what opens them")
        print("give it to the auditor; verify it with the verify.py in it, or `bailiwick evidence verify`")
    return DONE


def _keys(asked: argparse.Namespace) -> int:
    places, target = find(asked.state), Path(asked.output)
    if target.exists():
        raise EvidenceError(f"{target}: exists; name a new file")
    with LogReader(places.state) as reader, opened(Path(asked.pack)) as folder:
        require_key(reader)
        known = read_verifiers(places.state)
        _, names = manifest(folder, known)
        there = set(sealed_in(names))
        wanted = set(asked.event) or there
        if missing := sorted(wanted - there):
            raise EvidenceError(f"{asked.pack}: has no payload of event {missing[0]}")
        made = keys_of(reader, wanted)
    # On record before they leave.
    ask_custodian(
        places,
        "read",
        {
            "what": f"keys of {len(made)} payloads handed out: {asked.reason}",
            "evidence": True,
            "details": {"pack": Path(asked.pack).name, "events": sorted(made)},
        },
    )
    write_private(target, keys_text(known[0].name, made).encode())
    gone = len(wanted) - len(made)
    if asked.json:
        print(orjson.dumps({"keys": str(target), "events": sorted(made), "erased": gone}).decode())
    else:
        print(f"{target}: keys of {len(made)} payloads" + (f"; {gone} were erased" if gone else ""))
        print("hand it over apart from the pack: it opens what is sealed there")
    return DONE


def _verify(asked: argparse.Namespace) -> int:
    keys = parse_keys(read_named_text(asked.key))
    witnesses = parse_keys(read_named_text(asked.witness)) if asked.witness else ()
    payload_keys = read_keys(read_named_text(asked.payload_keys)) if asked.payload_keys else {}
    try:
        pack = verify(Path(asked.pack), keys, witnesses, payload_keys)
    except EvidenceError as error:
        print(
            orjson.dumps({"intact": False, "told": str(error)}).decode()
            if asked.json
            else f"NOT INTACT: {error}"
        )
        return FAULTY
    told = (
        f"{pack.events} events of {pack.origin}, entries {pack.first} to {pack.end - 1}, "
        f"under the checkpoint of {pack.size} entries; {pack.checkpoints} older checkpoints"
    )
    if pack.payloads:
        told += f"; {pack.payloads} sealed payloads, {pack.opened} opened"
    print(orjson.dumps({"intact": True, "told": told}).decode() if asked.json else f"intact: {told}")
    return DONE


_ACTIONS = {"export": _export, "keys": _keys, "verify": _verify}
