"""`bailiwick detect`: look for misuse in the log with Sigma rules; alerts go to the log, the sinks and the incident queue."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bailiwick.audit.notes import Note
from bailiwick.audit.wording import plain
from bailiwick.cli.log_output import print_json
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.suppressions import Suppression, load_suppressions
from bailiwick.service.detection.rules import SHIPPED, RuleError, RuleSet, load_rules
from bailiwick.service.named_file import read_named_text
from bailiwick.service.places import Places, find
from bailiwick.service.state_directory import StoreError

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
PAUSE = 1.0
"""Seconds between looks at a log in which nothing is new."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    detect = verbs.add_parser(
        "detect", help="look for misuse in the log with Sigma rules", description=__doc__
    )
    actions = detect.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, *, rules: bool) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("--state", metavar="DIR", help="state directory")
        if rules:
            parser.add_argument(
                "--rules",
                action="append",
                default=[],
                metavar="PATH",
                help="a Sigma rule or a folder of them, beside those that come with Bailiwick",
            )
            parser.add_argument(
                "--only", action="store_true", help="leave out the rules that come with Bailiwick"
            )
        parser.add_argument("--json", action="store_true", help="print JSON, one object per line")
        parser.set_defaults(func=run)
        return parser

    going = action("run", "Look at every record, as it comes, until stopped.", rules=True)
    going.add_argument("--once", action="store_true", help="look at what is in the log now, then end")
    going.add_argument(
        "--suppress",
        metavar="FILE",
        help="suppressions.yaml: alerts that are not raised, each with its reason and end",
    )
    action("list", "Print the rules, and what was left out and why.", rules=True)
    action("test", "Run every rule on the examples that it carries.", rules=True)
    queue = action("incidents", "Print the incidents that nobody has closed.", rules=False)
    queue.add_argument("--all", action="store_true", help="those that are closed too")
    close = action("close", "Close an incident.", rules=False)
    close.add_argument("number", type=int, metavar="NUMBER", help="its number")
    close.add_argument("because", metavar="BECAUSE", help="what came of it")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return int(_ACTIONS[asked.action](find(asked.state), asked))
    except PolicyErrors as errors:
        print(errors, file=sys.stderr)
        return USAGE
    except RuleError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT


def _rules(asked: argparse.Namespace) -> RuleSet:
    return load_rules([*([] if asked.only else [SHIPPED]), *map(Path, asked.rules)])


def _run(places: Places, asked: argparse.Namespace) -> int:
    # What only this verb needs: the others answer without a log.
    from bailiwick.service.detection.detector import Detector  # noqa: PLC0415
    from bailiwick.service.detection.engine import Engine  # noqa: PLC0415
    from bailiwick.service.detection.incidents import Incidents  # noqa: PLC0415
    from bailiwick.service.log_reader import LogReader  # noqa: PLC0415
    from bailiwick.service.noting import note  # noqa: PLC0415

    rules = _rules(asked)
    for what, why in rules.left_out:
        print(f"left out: {plain(what)}: {plain(why)}", file=sys.stderr)
    suppressions: tuple[Suppression, ...] = ()
    if asked.suppress:
        suppressions = load_suppressions(asked.suppress, read_named_text(asked.suppress))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    raised = 0
    with LogReader(places.state) as reader, Incidents(places.state) as incidents:
        detector = Detector(
            reader=reader,
            engine=Engine(rules.rules),
            incidents=incidents,
            noted=lambda notes: note(places, notes),
            suppressions=suppressions,
        )
        while not stop.is_set():
            looked_at, notes = detector.step()
            _tell(notes, as_json=asked.json)
            raised += len(notes)
            if not looked_at:
                if asked.once:
                    return FINDINGS if raised else DONE
                stop.wait(PAUSE)
    return DONE


def _tell(notes: Sequence[Note], *, as_json: bool) -> None:
    for one in notes:
        if as_json:
            print_json(one.to_json())
            sys.stdout.flush()
            continue
        print(f"{one.level:8}  {one.user:10}  {one.session:12}  {plain(one.text)}", flush=True)


def _list(_: Places, asked: argparse.Namespace) -> int:
    rules = _rules(asked)
    order = ("critical", "high", "medium", "low", "informational")
    for rule in sorted(rules.rules, key=lambda rule: (order.index(rule.level), rule.title)):
        if asked.json:
            print_json(
                {
                    "id": rule.id,
                    "title": rule.title,
                    "level": rule.level,
                    "techniques": rule.techniques,
                    "file": str(rule.file),
                }
            )
        else:
            print(f"{rule.level:13}  {plain(rule.title):44}  {' '.join(rule.techniques)}".rstrip())
    for what, why in rules.left_out:
        print(f"left out: {plain(what)}: {plain(why)}", file=sys.stderr)
    return DONE


def _test(_: Places, asked: argparse.Namespace) -> int:
    from bailiwick.service.detection.examples import wrong_with  # noqa: PLC0415 - only this verb analyses commands

    rules = _rules(asked).rules
    faulty = 0
    for rule in rules:
        wrong = list(wrong_with(rule, rules))
        faulty += bool(wrong)
        if asked.json:
            print_json({"id": rule.id, "title": rule.title, "file": str(rule.file), "wrong": wrong})
            continue
        for text in wrong:
            print(f"{rule.file}: {plain(rule.title)}: {text}")
    if not asked.json:
        print(f"{len(rules) - faulty} of {len(rules)} rules hold to their examples")
    return FINDINGS if faulty else DONE


def _incidents(places: Places, asked: argparse.Namespace) -> int:
    from bailiwick.service.detection.incidents import Incidents  # noqa: PLC0415 - as above

    with Incidents(places.state) as incidents:
        queue = incidents.queue(closed=asked.all)
    for one in queue:
        if asked.json:
            names = (
                "id",
                "raised_ms",
                "last_ms",
                "rule",
                "title",
                "level",
                "user",
                "session",
                "times",
                "evidence",
                "closed",
            )
            print_json({name: getattr(one, name) for name in names})
            continue
        when = datetime.fromtimestamp(one.raised_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
        more = f" {one.times} times" if one.times > 1 else ""
        print(
            f"{one.id:>5}  {when}  {one.level:8}  {plain(one.user):10}  {plain(one.session):12}  {plain(one.title)}{more}"
        )
        shown = " ".join(map(str, one.evidence[:8])) + (" ..." if len(one.evidence) > 8 else "")  # noqa: PLR2004 - a line
        print(f"       entries {shown}{f'  closed: {plain(one.closed)}' if one.closed else ''}")
    if not queue and not asked.json:
        print("no open incidents", file=sys.stderr)
    return DONE


def _close(places: Places, asked: argparse.Namespace) -> int:
    from bailiwick.service.detection.incidents import Incidents  # noqa: PLC0415 - as above

    with Incidents(places.state) as incidents:
        if incidents.close(asked.number, asked.because):
            if asked.json:
                print_json({"id": asked.number, "closed": asked.because})
            return DONE
    print(f"bailiwick: no open incident {asked.number}", file=sys.stderr)
    return FINDINGS


_ACTIONS = {"run": _run, "list": _list, "test": _test, "incidents": _incidents, "close": _close}
