"""Payloads in evidence packs: sealed as the log keeps them; what opens them is handed out apart, on request, on record.

A payload has a key of its own, made of the data key of its person and month. So a pack without keys can be handed on; keys can be
given for some of its events and open nothing else; and once the person's data keys are destroyed nobody makes those
keys any more: an erasure reaches the packs that are out already, as far as keys weren't.
"""

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from bailiwick.audit.sealing import SealError, open_payload
from bailiwick.model.regex import regex
from bailiwick.service.log_reader import Entry, LogReader

FORM = "bailiwick payload keys v1"

_NAME = regex(r"payloads/(0|[1-9][0-9]{0,18})\.sealed")
_KEY = regex(r"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})")


class EvidenceError(Exception):
    """A pack can't be made, or doesn't hold; the message says where."""


def write_sealed(reader: LogReader, entry: Entry, folder: Path) -> bool:
    """Put the payload of an entry into a pack, as the log keeps it; whether there is one. Raises StoreError, OSError."""
    if not entry.record.get("payload"):
        return False
    sealed = reader.sealed_payload(entry.sealed.sequence)
    if sealed is None:
        return False
    file = folder / "payloads" / f"{entry.sealed.sequence}.sealed"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(sealed)
    return True


def sealed_in(names: Collection[str]) -> Iterator[int]:
    """The sequences of the events whose payloads are among a pack's files. Raises EvidenceError."""
    for name in names:
        if name.startswith("payloads/"):
            found = _NAME.fullmatch(name)
            if found is None:
                raise EvidenceError(f"{name} is no payload")
            yield int(found[1])


def verify_sealed(
    folder: Path, names: Collection[str], named: Mapping[int, str], keys: Mapping[int, bytes]
) -> tuple[int, int]:
    """How many payloads a pack has, and how many of them ``keys`` open. Raises EvidenceError, SealError, OSError.

    ``named`` is the SHA-256 that each event says of its payload. 1. Every payload belongs to an event that names one.
    2. Every key is of a payload in the pack, opens it, and what comes out has that SHA-256.
    """
    there = set(sealed_in(names))
    if strange := sorted(there - set(named)):  # (1)
        raise EvidenceError(f"payloads/{strange[0]}.sealed belongs to no event here that names one")
    for sequence, key in keys.items():  # (2)
        if sequence not in there:
            raise EvidenceError(f"there is no payload of event {sequence} here")
        payload = open_payload((folder / "payloads" / f"{sequence}.sealed").read_bytes(), key)
        if sha256(payload).hexdigest() != named[sequence]:
            raise SealError(f"the payload of event {sequence} isn't the one that was recorded")
    return len(there), len(keys)


def keys_of(reader: LogReader, sequences: Collection[int]) -> dict[int, bytes]:
    """What opens the payloads of these events; of those that were erased nothing. Raises StoreError."""
    found: dict[int, bytes] = {}
    for sequence in sorted(sequences):
        for entry in reader.entries(sequence, end=sequence + 1):
            key = reader.payload_key(entry)
            if key is not None:
                found[sequence] = key
    return found


def keys_text(origin: str, keys: Mapping[int, bytes]) -> str:
    """Keys of payloads as a file: form, log, and a line for each with the event's sequence and the key in hexadecimal."""
    lines = (f"{sequence} {key.hex()}" for sequence, key in sorted(keys.items()))
    return "\n".join((FORM, origin, *lines)) + "\n"


def read_keys(text: str) -> dict[int, bytes]:
    """Inverse of ``keys_text``. Raises EvidenceError."""
    form, _, *lines = text.split("\n")[:-1] if text.count("\n") > 1 else ("", "")
    found = [_KEY.fullmatch(line) for line in lines]
    if form != FORM or not all(found):
        raise EvidenceError("these are no keys of payloads; `bailiwick evidence keys` makes them")
    return {int(one[1]): bytes.fromhex(one[2]) for one in found if one}


PAYLOADS_README = """
## Payloads

`payloads/` holds what went into tools, came out of them, or was prompted, whole, for events that have a `payload`: the SHA-256 of
it. Each is sealed under a key of its own that isn't in this folder. The log's operator gives keys for the events you name, in a file;
that is on record, as an `evidence-exported` event of the log. Of a person whose data was erased since there are none any more.

    python3 verify.py . --key /path/to/your/log.pub --payload-keys payloads.keys
    python3 verify.py . --key /path/to/your/log.pub --payload-keys payloads.keys --payload 17

The first verifies that what the keys open is what was recorded; the second then prints the payload of event 17.
"""
