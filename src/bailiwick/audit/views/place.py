"""What a line of a SIEM's copy says of itself: where its record stands in the log, and the leaf hash there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bailiwick.audit.merkle import leaf_hash
from bailiwick.audit.sealing import disclosed

COUNT, TEST = "delivery-count", "delivery-test"
"""Kinds of events that sinks send about the log; they are no records of it."""

_ABOUT = frozenset((COUNT, TEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The place and the leaf hash; ``is_proven`` says that the leaf hash was made from the record itself."""

    index: int
    leaf: bytes
    is_proven: bool = False


def claim_of(line: bytes) -> Claim | None:
    """The claim of one line in any view; None for an event about the log. Raises ValueError, KeyError, TypeError, SealError."""
    if not line.lstrip().startswith(b"{"):
        return _of_line(line.decode())
    event: Mapping[str, Any] = orjson.loads(line)
    kind, place, leaf = _of_event(event)
    if kind in _ABOUT:
        return None
    if place is not None:
        return Claim(index=int(place), leaf=bytes.fromhex(leaf))
    # The record itself proves its leaf hash; beside it stands what a sink said it is.
    entry, _ = disclosed({name: value for name, value in event.items() if name != "leaf_hash"})
    made = leaf_hash(entry)
    if event.get("leaf_hash", made.hex()) != made.hex():
        raise ValueError("the leaf hash beside the record isn't the record's")
    return Claim(index=int(event["seq"]), leaf=made, is_proven=True)


def _of_event(event: Mapping[str, Any]) -> tuple[str, Any, str]:
    """Kind, place and leaf hash of a view; no place for a record itself."""
    if "class_uid" in event:
        about = event["metadata"]
        return str(about.get("event_code")), about["sequence"], str(event["unmapped"].get("leaf_hash", ""))
    if isinstance(event.get("bailiwick"), Mapping):
        own = event["bailiwick"]
        return str(event["event"]["action"]), own["log_index"], str(own["leaf_hash"])
    if isinstance(event.get("attributes"), list):
        named = {item["key"]: item["value"] for item in event["attributes"]}
        kind = str(event.get("eventName", "")).removeprefix("bailiwick.")
        return kind, named["bailiwick.log_index"]["intValue"], named["bailiwick.leaf_hash"]["stringValue"]
    return str(event.get("kind")), event.get("log_index"), str(event.get("leaf_hash", ""))


def _of_line(line: str) -> Claim | None:
    """CEF and LEEF. A value can't hold what is looked for: an equals sign or a tab in it is escaped."""
    if "LEEF:2.0|" in line:
        fields = dict(part.partition("=")[::2] for part in line.rstrip("\n").split("|", 6)[6].split("\t"))
        kind, place, leaf = fields["cat"], fields["logIndex"], fields.get("leafHash", "")
    else:
        found = re.search(r"CEF:0\|[^|]*\|[^|]*\|[^|]*\|([^|]*)\|", line)
        place_found, leaf_found = re.search(r" cn1=(\d+)", line), re.search(r" cs6=([0-9a-f]*)", line)
        if found is None or place_found is None:
            raise ValueError("no record of the log")
        kind, place, leaf = found[1], place_found[1], leaf_found[1] if leaf_found else ""
    return None if kind in _ABOUT else Claim(index=int(place), leaf=bytes.fromhex(leaf))
