"""`bailiwick sink`: send the log to other systems: SIEM, collector, file."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import orjson

from bailiwick.audit.wording import plain
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.sinks import FILE, SinkEntry, load_sinks
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.places import Places, find
from bailiwick.service.sinks.build import SinkError, build, view_of
from bailiwick.service.sinks.cursor import Room
from bailiwick.service.sinks.delivery import test_event
from bailiwick.service.sinks.run import deliver, retry
from bailiwick.service.sinks.sink import Later, Refused
from bailiwick.service.state_directory import StoreError

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    sink = verbs.add_parser(
        "sink", help="send the log to other systems: SIEM, collector, file", description=__doc__
    )
    actions = sink.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("--state", metavar="DIR", help="state directory")
        parser.add_argument("--policy", metavar="DIR", help=f"policy repository, whose {FILE} is read")
        parser.add_argument("--config", metavar="FILE", help=f"read this file instead of the policy's {FILE}")
        parser.add_argument("--json", action="store_true", help="print JSON, one object per sink")
        parser.set_defaults(func=run)
        return parser

    check = action("check", "Is the configuration sound, are secrets and certificates there?")
    check.add_argument("--send", action="store_true", help="also send each sink a test event")
    going = action("run", "Deliver until stopped; run it as a service of its own.")
    going.add_argument("--once", action="store_true", help="deliver what is in the log now, then end")
    action("status", "How far each sink has come, and what is wrong.")
    again = action("retry", "Send again what a receiver refused.")
    again.add_argument("name", metavar="NAME", help="the sink")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    places = find(asked.state, asked.policy)
    try:
        entries = _entries(places, asked.config)
        return int(_ACTIONS[asked.action](places, entries, asked))
    except PolicyErrors as errors:
        print(errors, file=sys.stderr)
        return USAGE
    except (SinkError, StoreError, Later) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT


def _entries(places: Places, config: str | None) -> tuple[SinkEntry, ...]:
    path = Path(config) if config else places.policy / FILE
    try:
        return load_sinks(config or FILE, read_named_text(path))
    except FileNotFoundError:
        mend = (
            "docs/siem.md shows one"
            if config
            else "write it (docs/siem.md shows one), or name one with --config"
        )
        raise SinkError(f"{path}: there is no such file, so nothing is sent anywhere; {mend}") from None


def _check(_: Places, entries: tuple[SinkEntry, ...], asked: argparse.Namespace) -> int:
    faulty = 0
    for entry in entries:
        try:
            sink = build(entry)
            said = asyncio.run(_tried(entry)) if asked.send else ""
        except SinkError as error:
            said, faulty = str(error), faulty + 1
            _tell(
                asked, f"wrong  {plain(said)}", {"name": entry.name.text, "to": entry.to.text, "wrong": said}
            )
            continue
        faulty += bool(said)
        how = "acknowledged" if sink.acknowledges else "not acknowledged: count events tell of losses"
        text = f"{'wrong' if said else 'sound'}  {entry.name}  to {entry.to}, view {view_of(entry)}, {how}"
        told: dict[str, object] = {"name": entry.name.text, "to": entry.to.text, "view": view_of(entry)}
        told |= {"acknowledges": sink.acknowledges, "wrong": said}
        _tell(asked, f"{text}\n       {plain(said)}" if said else text, told)
    return FINDINGS if faulty else DONE


def _tell(asked: argparse.Namespace, text: str, value: dict[str, object]) -> None:
    """One thing, for people or as JSON."""
    print(orjson.dumps(value).decode() if asked.json else text)


async def _tried(entry: SinkEntry) -> str:
    """What is wrong with sending a test event; empty when it was accepted."""
    sink = build(entry)
    try:
        refusals = await sink.send([test_event(view_of(entry), int(time.time() * 1_000))])
    except (Later, Refused) as error:
        return str(error)
    finally:
        await sink.close()
    return refusals[0].why if refusals else ""


def _run(places: Places, entries: tuple[SinkEntry, ...], asked: argparse.Namespace) -> int:
    behind = asyncio.run(deliver(places.state, entries, once=asked.once))
    for name, why in behind:
        if asked.json:
            print(orjson.dumps({"name": name, "behind": why}).decode())
        else:
            print(f"{name}: {plain(why)}", file=sys.stderr)
    return FINDINGS if behind else DONE


def _status(places: Places, entries: tuple[SinkEntry, ...], asked: argparse.Namespace) -> int:
    room = Room(places.state)
    with LogReader(places.state) as reader:
        size = sum(entry.sealed.sequence + 1 for entry in reader.last(1))
    troubled = False
    for entry in entries:
        name = entry.name.text
        progress = room.load(name)
        behind, dead = max(size - progress.next, 0), len(room.dead(name))
        troubled = troubled or bool(progress.problem or dead)
        if asked.json:
            told = {
                "name": name,
                "to": entry.to.text,
                "next": progress.next,
                "behind": behind,
                "sent": progress.sent,
            }
            told |= {"passed_over": progress.passed_over, "refused": dead, "problem": progress.problem}
            print(orjson.dumps(told).decode())
            continue
        print(
            f"{name:20} {behind} behind, {progress.sent} sent, {progress.passed_over} not wanted, {dead} refused"
        )
        if progress.problem:
            print(f"{'':20} {plain(progress.problem)}")
        for place, why in room.dead(name)[-3:]:
            print(f"{'':20} entry {place} refused: {plain(why)}")
        if dead:
            print(f"{'':20} once the receiver takes them: bailiwick sink retry {name}")
    return FINDINGS if troubled else DONE


def _retry(places: Places, entries: tuple[SinkEntry, ...], asked: argparse.Namespace) -> int:
    for entry in entries:
        if entry.name.text == asked.name:
            taken, refusals = asyncio.run(retry(places.state, entry))
            refused = {str(refusal.item.index): refusal.why for refusal in refusals}
            lines = [f"  entry {index}: {plain(why)}" for index, why in list(refused.items())[:20]]
            text = "\n".join([f"{taken} taken, {len(refusals)} still refused", *lines])
            _tell(asked, text, {"name": asked.name, "taken": taken, "refused": refused})
            return FINDINGS if refusals else DONE
    names = ", ".join(entry.name.text for entry in entries)
    print(f"bailiwick: no sink {plain(asked.name)}; there are: {names}", file=sys.stderr)
    return USAGE


_ACTIONS = {"check": _check, "run": _run, "status": _status, "retry": _retry}
