"""`bailiwick why`: the last denial, why it was one, what to do instead and how to ask for an exception."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bailiwick.audit.wording import plain, summary
from bailiwick.cli.log_text import when
from bailiwick.service.local import ServiceError, call
from bailiwick.service.places import find

DONE, FOUND, ENVIRONMENT = 0, 1, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser("why", help="explain the last denial of this session", description=__doc__)
    verb.add_argument("session", nargs="?", help="the session; this shell's, else your latest, if left out")
    verb.add_argument("--state", metavar="DIR", help="state directory")
    verb.add_argument("--json", action="store_true", help="print the record as JSON")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 1 when there is a denial to explain, 0 when nothing was denied."""
    wanted = asked.session or os.environ.get("BAILIWICK_SESSION") or ""
    try:
        said = call(find(asked.state), "POST", "/v1/why", {"session": wanted})
    except ServiceError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    if asked.json:
        print(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    elif said["denied"] is None:
        where = f"session {plain(wanted)}" if wanted else "any session of yours"
        print(f"No denial is recorded for {where}; `bailiwick log search --verdict deny` shows what is.")
    else:
        print("\n".join(_told(said["denied"], said["contact"])))
    return DONE if said["denied"] is None else FOUND


def _told(record: Mapping[str, Any], contact: str) -> Iterator[str]:
    """What the person who was stopped wants to know, in the order in which they want to know it."""
    verb = "Denied" if record.get("enforced") == "deny" else "Held for approval"
    yield f"{verb} at {when(record)} UTC: {plain(record.get('tool') or record['kind'])} {summary(record)}".rstrip()
    strongest = record.get("enforced")
    reasons = [r for r in record.get("reasons", ()) if r.get("verdict") == strongest] or record.get(
        "reasons", ()
    )
    for reason in reasons[:3]:
        yield ""
        yield f"  rule     {plain(reason['rule'])}  ({plain(reason['origin'])})"
        yield f"  because  {plain(reason['message'])}"
        if reason.get("about"):
            yield f"  about    {plain(reason['about'])}"
        if reason.get("instead"):
            yield f"  instead  {plain(reason['instead'])}"
    yield ""
    who = f"{plain(contact)}" if contact else "the owner of the policy"
    yield f"For an exception ask {who}; name the rule and entry {record.get('seq')} of the log."
    yield f"Session {plain(record.get('session', ''))}, profile {plain(record.get('profile', ''))}."
