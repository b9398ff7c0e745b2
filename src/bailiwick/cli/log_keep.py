"""`bailiwick log retention|hold|erase|witness`: keeping the log, and having it witnessed."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bailiwick.audit.retention import Hold
from bailiwick.audit.search import Search
from bailiwick.audit.wording import plain
from bailiwick.cli.log_output import moment
from bailiwick.cli.log_search import opened
from bailiwick.service.custody import CustodyError
from bailiwick.service.custody_client import ask_custodian
from bailiwick.service.kept import HOLD, WITNESS
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.places import Places, find
from bailiwick.service.state_directory import StoreError

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3

Action = Callable[[str, str], argparse.ArgumentParser]


def register(action: Action) -> None:
    """Add the actions to `bailiwick log`."""
    retention = action("retention", "Show what retention asks for, or purge what is past it.")
    retention.set_defaults(func=run, do=_retention)
    retention.add_argument("what", choices=("show", "apply"), help="show: change nothing")
    hold = action("hold", "Place, list and release legal holds: what a hold pins can't be removed.")
    hold.set_defaults(func=run, do=_hold)
    hold.add_argument(
        "what",
        choices=("add", "list", "release", "restore"),
        help="what to do; restore: put holds back as the log tells them, after somebody changed them",
    )
    hold.add_argument("name", nargs="?", default="", help="the hold's name")
    hold.add_argument("--user", default="", help="only this account's records")
    hold.add_argument("--session", default="", help="only this session's records")
    hold.add_argument("--since", default="", metavar="WHEN", help="only from then on: 7d, 2026-11-22 (UTC)")
    hold.add_argument("--until", default="", metavar="WHEN", help="only until then; exclusive")
    hold.add_argument("--reason", default="", help="why, for the record")
    hold.add_argument("--ticket", default="", help="the matter's number")
    erase = action(
        "erase", "Destroy the data keys of a person: nobody reads their records any more, proofs still hold."
    )
    erase.set_defaults(func=run, do=_erase)
    erase.add_argument("--user", required=True, help="account name")
    erase.add_argument("--reason", required=True, help="why, for the record; don't name the person")
    erase.add_argument("--ticket", default="", help="the request's number")
    erase.add_argument("--yes", action="store_true", help="don't ask; this can't be undone")
    witness = action("witness", "Have the log's last checkpoint cosigned by the witnesses it knows.")
    witness.set_defaults(func=run, do=_witness)
    change = witness.add_mutually_exclusive_group()
    change.add_argument(
        "--add", default="", metavar="URL", help="know this witness from now on; needs --keys"
    )
    change.add_argument("--remove", default="", metavar="URL", help="don't know it any more")
    change.add_argument("--list", action="store_true", help="list the witnesses that are known")
    witness.add_argument(
        "--keys", default="", metavar="FILE", help="the witness's public keys (its witness.pub)"
    )


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return int(asked.do(asked, find(asked.state)))
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except (CustodyError, ValueError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"bailiwick: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT


def _retention(asked: argparse.Namespace, places: Places) -> int:
    told = ask_custodian(places, "retention", {"dry_run": asked.what == "show"})
    if asked.json:
        return _json(told)
    print(f"records are kept {told['days']} days: those of before {_day(told['cutoff_ms'])} may go")
    if told["holds"]:
        print(f"held by {', '.join(told['holds'])}")
    verb = "purged" if told["done"] else "would be purged"
    if told["entries"]:
        print(f"{told['entries']} entries {verb}: {told['first']} to {told['below'] - 1}")
    else:
        print(f"no entries {verb}")
    if told["keys"]:
        print(f"{told['keys']} data keys {'destroyed' if told['done'] else 'would be destroyed'}")
    return DONE


def _hold(asked: argparse.Namespace, places: Places) -> int:
    if asked.what == "list":
        with LogReader(places.state) as reader:
            faults = reader.kept_faults()
            rows = (
                list(reader.holds_told().values())  # what somebody changed says nothing
                if faults
                else [orjson.loads(row) for row in reader.state(HOLD).values()]
            )
        for fault in faults:
            print(f"bailiwick: {plain(fault.message)}", file=sys.stderr)
        if asked.json:
            return _json(rows)
        for row in rows:
            ticket = f", {plain(row['ticket'])}" if row["ticket"] else ""
            who = f"{plain(row['placed_by'])}, {_day(row['placed_ms'])}"
            print(f"{row['name']}: {_predicate(row)}; {plain(row['reason'])}{ticket} ({who})")
        if not rows:
            print("no holds", file=sys.stderr)
        return FAULTY if faults else DONE
    if asked.what == "restore":
        told = ask_custodian(places, "hold-restore", {"reason": asked.reason})
        for line in () if asked.json else told["restored"]:
            print(f"put right: {plain(line)}")
        return _json(told) if asked.json else _say(f"holds in force: {', '.join(told['holds']) or 'none'}")
    if asked.what == "release":
        told = ask_custodian(places, "hold-release", {"name": asked.name, "reason": asked.reason})
        return _json(told) if asked.json else _say(f"hold {told['released']} released")
    now = time.time()
    given = {
        "name": asked.name,
        "user": asked.user,
        "session": asked.session,
        "since_ms": moment(asked.since, now=now),
        "until_ms": moment(asked.until, now=now),
        "reason": asked.reason,
        "ticket": asked.ticket,
    }
    told = ask_custodian(places, "hold-add", given)
    code = _json(told) if asked.json else _say(f"hold {asked.name} placed: {_predicate(told['hold'])}")
    if not _pins_something(places, Hold(**told["hold"])):
        print("bailiwick: no record is meant by it so far; are the names whole and right?", file=sys.stderr)
    return code


def _pins_something(places: Places, hold: Hold) -> bool:
    """Whether the hold pins any record that is in the log already: a name that was mistyped pins none, and says nothing."""
    meant = Search(user=hold.user, session=hold.session, since_ms=hold.since_ms, until_ms=hold.until_ms)
    with LogReader(places.state) as reader, opened(reader) as index:
        found = [
            entry for place in index.find(meant, limit=1) for entry in reader.entries(place, end=place + 1)
        ]
    return any(hold.pins(entry.record) for entry in found)


def _predicate(hold: Mapping[str, Any]) -> str:
    parts = [f"{name} {plain(hold[name])}" for name in ("user", "session") if hold.get(name)]
    parts += [
        f"{word} {_day(hold[name])}"
        for word, name in (("since", "since_ms"), ("until", "until_ms"))
        if hold.get(name)
    ]
    return ", ".join(parts) or "everything"


def _erase(asked: argparse.Namespace, places: Places) -> int:
    if not asked.yes:
        question = f"Destroy the data keys of {plain(asked.user)}? Nobody reads those records again. [type the name] "
        if not sys.stdin.isatty() or input(question) != asked.user:
            raise CustodyError(
                f"nothing was erased; with --yes what is kept of {asked.user} can't be read any more, by anybody"
            )
    told = ask_custodian(
        places, "erase", {"user": asked.user, "reason": asked.reason, "ticket": asked.ticket}
    )
    if asked.json:
        _json(told)
    else:
        if count := told["destroyed"]:
            keys, they = ("1 data key", "it") if count == 1 else (f"{count} data keys", "they")
            print(f"{keys} destroyed: what {they} sealed can't be read any more")
            print(
                "not reached: what was shipped, exported or sent to a SIEM before; erase at the collector too"
            )
        else:
            print("nothing was erased")
        if told["held"]:
            months, holds = ", ".join(told["held"]), ", ".join(told["holds"])
            print(f"kept, because held by {holds}: {months}")
            print("`bailiwick log hold list` says why; after `log hold release` erase again")
    return FAULTY if told["held"] else DONE


def _witness(asked: argparse.Namespace, places: Places) -> int:
    if asked.list:
        with LogReader(places.state) as reader:
            known = [name.removeprefix(WITNESS) for name in reader.state(WITNESS)]
        return _json(known) if asked.json else _say("\n".join(known) or "no witnesses")
    if asked.add:
        if not asked.keys:
            raise CustodyError(
                "--add needs --keys: the file with the witness's public keys (its witness.pub)"
            )
        keys = read_named_text(asked.keys)
        told = ask_custodian(places, "witness-add", {"url": asked.add, "keys": keys})
        return _json(told) if asked.json else _say(f"{told['witness']} at {told['url']} is known")
    if asked.remove:
        told = ask_custodian(places, "witness-remove", {"url": asked.remove})
        return _json(told) if asked.json else _say(f"{told['removed']} is not known any more")
    told = ask_custodian(places, "witness", {})
    if asked.json:
        _json(told)
    else:
        for one in told["witnesses"]:
            print(f"{'ALARM: ' if one['alarm'] else ''}{plain(one['told'])}")
        print(f"checkpoint of {told['size']} entries")
    return DONE if all(one["cosigned"] for one in told["witnesses"]) else FAULTY


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def _say(text: str) -> int:
    print(text)
    return DONE


def _json(value: object) -> int:
    print(orjson.dumps(value).decode())
    return DONE
