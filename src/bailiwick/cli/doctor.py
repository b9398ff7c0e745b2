"""`bailiwick doctor`: proves, with the installed client, that enforcement holds on this machine."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict

import orjson

from bailiwick.service.doctor.check import Check, Outcome
from bailiwick.service.doctor.examine import examine_client, examine_machine
from bailiwick.service.launch import ClientError, find_client, version_of
from bailiwick.service.places import find

DONE, FINDINGS, ENVIRONMENT = 0, 1, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    verb = verbs.add_parser(
        "doctor",
        help="prove with the installed client that enforcement holds here",
        description=__doc__,
        epilog="Probes run in a scratch directory against a scripted model on loopback; nothing of yours is touched.",
    )
    verb.add_argument("--client", metavar="PATH", help="the client's program, `claude` on PATH if left out")
    verb.add_argument("--state", metavar="DIR", help="state directory of the service to look at")
    verb.add_argument("--static", action="store_true", help="only look; don't run the client")
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 0 when everything holds, 1 when something does not, 3 when there is no client to try."""
    checks: list[Check] = []
    code = DONE
    for check in _checks(asked):
        checks.append(check)
        if not asked.json:
            _print(check)
    failed = [check for check in checks if check.outcome is Outcome.FAILS]
    if any(check.name == "client/found" and check.outcome is Outcome.FAILS for check in checks):
        code = ENVIRONMENT
    elif failed:
        code = FINDINGS
    if asked.json:
        value = {"holds": code == DONE, "checks": [asdict(check) for check in checks]}
        print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    else:
        held = sum(check.outcome is Outcome.HOLDS for check in checks)
        print(f"\n{held} hold, {len(failed)} {'does' if len(failed) == 1 else 'do'} not.")
    return code


def _checks(asked: argparse.Namespace) -> Iterator[Check]:
    places = find(asked.state)
    yield from examine_machine(places)
    if asked.static:
        return
    try:
        client = find_client(asked.client)
        version = version_of(client)
    except ClientError as error:
        found, _, mend = str(error).partition("; ")
        yield Check(
            name="client/found",
            outcome=Outcome.FAILS,
            found=found,
            mend=mend or "install it again, or name another with --client",
        )
        return
    yield from examine_client(client, version, places)


def _print(check: Check) -> None:
    print(f"{check.outcome:6} {check.name:28} {check.found}")
    if check.mend:
        print(f"{'':35} -> {check.mend}")
    sys.stdout.flush()
