"""`bailiwick log search|timeline|counts|first-seen|index`: find things in the log, by its index; each reading is itself recorded."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.notes import Note
from bailiwick.audit.query import Query
from bailiwick.audit.search import By, Search, Thing
from bailiwick.audit.wording import plain
from bailiwick.cli.log_output import Printer, moment, print_json
from bailiwick.service.index.clickhouse import ClickHouseIndex, address_from, scaled_out
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.index.upkeep import Told, rebuilt, up_to_date
from bailiwick.service.log_reader import Entry, LogReader
from bailiwick.service.noting import note
from bailiwick.service.places import Places, find
from bailiwick.service.state_directory import StoreError

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3
EVERY = 2**31
"""As good as no limit."""

_Action = Callable[[str, str], argparse.ArgumentParser]


def register(action: _Action) -> None:
    """Add the verbs to `bailiwick log`."""
    search = action("search", "Print the records for which all conditions hold, oldest first.")
    search.set_defaults(func=run, do=_search)
    search.add_argument(
        "words", nargs="?", default="", help="words that all occur in the record's texts; one may end in *"
    )
    _conditions(search)
    search.add_argument(
        "--session", default="", help="Bailiwick's key or the client's id, or how either begins"
    )
    search.add_argument("--kind", default="", metavar="GLOB", help=f"kind of record: {', '.join(Kind)}")
    search.add_argument("--skill", default="", help="a skill that was active or triggered the call")
    search.add_argument(
        "--rule", default="", metavar="GLOB", help="a rule that spoke or found something, such as secret/*"
    )
    search.add_argument(
        "--under", default="", metavar="PATH", help="how the path of a file that was accessed begins"
    )
    search.add_argument("--host", default="", help="the machine, or a host that was contacted")
    search.add_argument(
        "--path",
        default="",
        metavar="TEXT",
        help="text in a path, program, host or argument (slow: reads the records)",
    )
    search.add_argument(
        "--contains", default="", metavar="TEXT", help="text anywhere in the record (slow as well)"
    )
    search.add_argument(
        "-n", "--limit", type=int, default=1_000, metavar="N", help="the latest N matches (1000)"
    )
    timeline = action("timeline", "Print everything of a session, oldest first.")
    timeline.set_defaults(func=run, do=_timeline)
    timeline.add_argument("session", help="Bailiwick's key or the client's id, or how either begins")
    counts = action("counts", "Count tool calls, most first: of everybody, in a moment.")
    counts.set_defaults(func=run, do=_counts)
    counts.add_argument(
        "--by",
        default="tool",
        metavar="NAMES",
        help=f"what to count by, with commas between: {', '.join(By)} (tool)",
    )
    _conditions(counts)
    counts.add_argument("-n", "--limit", type=int, default=50, metavar="N", help="the first N (50)")
    seen = action("first-seen", "Print what an agent used for the first time, newest first.")
    seen.set_defaults(func=run, do=_first_seen)
    seen.add_argument("thing", choices=[str(thing) for thing in Thing], help="what")
    seen.add_argument("--user", default="", help="account name")
    seen.add_argument(
        "--since",
        default="7d",
        metavar="WHEN",
        help="2h, 7d (the default), 2026-11-22 or 2026-11-22T18:00 (UTC)",
    )
    seen.add_argument("-n", "--limit", type=int, default=50, metavar="N", help="the first N (50)")
    index = action("index", "Bring the index up to date with the log, or make it anew.")
    index.set_defaults(func=run, do=_index)
    index.add_argument("what", choices=["update", "rebuild"], help="what to do")


def _conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", default="", help="account name")
    parser.add_argument("--tool", default="", metavar="GLOB", help="tool, such as Bash or mcp__*")
    parser.add_argument(
        "--verdict", default="", choices=("abstain", "allow", "ask", "deny"), help="said or carried out"
    )
    parser.add_argument(
        "--since", default="", metavar="WHEN", help="2h, 7d, 2026-11-22 or 2026-11-22T18:00 (UTC)"
    )
    parser.add_argument("--until", default="", metavar="WHEN", help="the same; exclusive")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        places = find(asked.state)
        with LogReader(places.state) as reader:
            return int(asked.do(places, reader, asked))
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except ValueError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE


def put_on_record(places: Places, what: str) -> None:
    """Record that the log is read; where that can't be, as in a copy made for an auditor, say so."""
    try:
        note(places, [Note(kind=Kind.LOG_READ, text=f"log {what}")])
    except StoreError as error:
        print(f"bailiwick: this reading is not on record: {error}", file=sys.stderr)


def _search(places: Places, reader: LogReader, asked: argparse.Namespace) -> int:
    now = time.time()
    search = Search(
        words=asked.words,
        user=asked.user,
        session=asked.session,
        tool=asked.tool,
        kind=asked.kind,
        skill=asked.skill,
        verdict=asked.verdict,
        rule=asked.rule,
        under=asked.under,
        host=asked.host,
        since_ms=moment(asked.since, now=now),
        until_ms=moment(asked.until, now=now),
    )
    limit = max(asked.limit, 0)
    size = sum(last.sealed.sequence + 1 for last in reader.last(1))
    slow = Query(path=asked.path, text=asked.contains)
    put_on_record(
        places,
        f"search {search.described()}{f' path={asked.path}' * bool(asked.path)}{f' contains={asked.contains}' * bool(asked.contains)}",
    )
    with opened(reader) as index:
        # One more than wanted, since the record of this very reading may be among them.
        places_found = index.find(search, limit=EVERY if asked.path or asked.contains else limit + 1)
    earlier = (place for place in places_found if place < size)
    matching = (entry for entry in _entries(reader, earlier) if slow.matches(entry.record))
    found = list(islice(matching, limit))[::-1]
    Printer(as_json=asked.json).lines(found)
    if not asked.json:
        more = " (the latest; --limit shows more)" if len(found) >= asked.limit else ""
        print(f"{len(found)} {'record' if len(found) == 1 else 'records'}{more}", file=sys.stderr)
    return DONE


def _timeline(places: Places, reader: LogReader, asked: argparse.Namespace) -> int:
    put_on_record(places, f"timeline {asked.session}")
    with opened(reader) as index:
        found = index.session(asked.session)
    if not found:
        print(f"bailiwick: no session {plain(asked.session)}", file=sys.stderr)
        return FINDINGS
    Printer(as_json=asked.json).lines(_entries(reader, found))
    return DONE


def _counts(places: Places, reader: LogReader, asked: argparse.Namespace) -> int:
    now = time.time()
    by = _by(asked.by)
    search = Search(
        user=asked.user,
        tool=asked.tool,
        verdict=asked.verdict,
        since_ms=moment(asked.since, now=now),
        until_ms=moment(asked.until, now=now),
    )
    put_on_record(places, f"counts by {asked.by} {search.described()}")
    with opened(reader) as index:
        counted = index.counts(by, search=search, limit=max(asked.limit, 1))
    rows = [
        {**dict(zip((one.value for one in by), count.values, strict=True)), "calls": count.calls}
        for count in counted
    ]
    _table(rows, as_json=asked.json)
    return DONE


def _first_seen(places: Places, reader: LogReader, asked: argparse.Namespace) -> int:
    since = moment(asked.since, now=time.time()) or 0
    put_on_record(places, f"first-seen {asked.thing} user={asked.user or '*'} since={asked.since}")
    with opened(reader) as index:
        found = index.first_seen(
            thing=Thing(asked.thing), user=asked.user, since_ms=since, limit=max(asked.limit, 1)
        )
    rows: list[dict[str, Any]] = [
        {
            "time": _shown(one.time_ms),
            "user": one.user,
            asked.thing: one.name,
            "seq": one.place,
            "times": one.times,
        }
        for one in found
    ]
    _table(rows, as_json=asked.json)
    return DONE


def _index(_: Places, reader: LogReader, asked: argparse.Namespace) -> int:
    began = time.monotonic()
    with (rebuilt if asked.what == "rebuild" else up_to_date)(reader, told=_progress()) as index:
        size = index.mark[1]
    bytes_ = (reader.directory / FILE).stat().st_size
    told = {"entries": size, "bytes": bytes_, "milliseconds": int((time.monotonic() - began) * 1_000)}
    if asked.json:
        print_json(told)
    else:
        print(f"{size} entries indexed, {bytes_ // 1_000} kB, {told['milliseconds']} ms")
    return DONE


def opened(reader: LogReader) -> EmbeddedIndex | ClickHouseIndex:
    """The index that the environment names, up to date; the embedded one where it names none."""
    address = address_from()
    return scaled_out(reader, address) if address else up_to_date(reader, told=_progress())


def _by(text: str) -> tuple[By, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    wrong = [name for name in names if name not in set(By)]
    if wrong:
        raise ValueError(f"--by {plain(wrong[0])}: there are {', '.join(By)}")
    return tuple(map(By, names))


def _entries(reader: LogReader, found: Iterable[int]) -> Iterator[Entry]:
    for place in found:
        yield from reader.entries(place, end=place + 1)


def _progress() -> Told | None:
    """Says how far indexing is, to a person who waits for it."""
    if not sys.stderr.isatty():
        return None

    def told(done: int, of: int) -> None:
        if of > 20_000:  # noqa: PLR2004 - below, it is over before it is read
            print(
                f"\rindexing the log: {done} of {of}",
                end="\n" if done >= of else "",
                file=sys.stderr,
                flush=True,
            )

    return told


def _table(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            print_json(row)
        return
    if not rows:
        print("nothing", file=sys.stderr)
        return
    names = list(rows[0])
    cells = [[name.upper() for name in names], *([plain(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    numeric = [isinstance(rows[0][name], int) for name in names]
    for line in cells:
        shown = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numeric, strict=True)
        )
        print("  ".join(shown).rstrip())


def _shown(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
