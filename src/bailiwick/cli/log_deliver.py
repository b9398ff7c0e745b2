"""`bailiwick log collect|ship`: one log of many machines."""

import argparse
import asyncio
import signal
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from bailiwick.audit.note import NoteError, parse_keys
from bailiwick.audit.segment import SegmentError
from bailiwick.audit.wording import plain
from bailiwick.service.collector import Collector, enrolled, machines_of, serve
from bailiwick.service.custody import SHIPPED_EVERY_MS, CustodyError
from bailiwick.service.custody_client import ask_custodian
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.places import find
from bailiwick.service.shipper import ShipError, Shipper
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store

DONE, FAULTY, USAGE, ENVIRONMENT = 0, 1, 2, 3
PORT = 8_768

Action = Callable[[str, str], argparse.ArgumentParser]


def register(action: Action) -> None:
    """Add the actions to `bailiwick log`."""
    collect = action(
        "collect", "Take the logs of enrolled machines into a log of this one's own, until stopped."
    )
    collect.set_defaults(func=run, do=_collect)
    collect.add_argument(
        "--enrol",
        action="append",
        default=[],
        metavar="FILE",
        help="enrol the machine with this log.pub, and end",
    )
    collect.add_argument(
        "--list",
        action="store_true",
        help="list the enrolled machines: how far each has come, when it was heard",
    )
    collect.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    collect.add_argument("--port", type=int, default=PORT, help=f"port to listen on ({PORT})")
    collect.add_argument("--tls-cert", default="", metavar="FILE", help="certificate, for HTTPS")
    collect.add_argument("--tls-key", default="", metavar="FILE", help="its key")
    ship = action("ship", "Bring this machine's log to a collector, until stopped.")
    ship.set_defaults(func=run, do=_ship)
    ship.add_argument("--to", required=True, metavar="URL", help="the collector's address")
    ship.add_argument(
        "--keys", required=True, metavar="FILE", help="the collector's public keys (its log.pub)"
    )
    ship.add_argument(
        "--ca", default="", metavar="FILE", help="authorities that the collector's certificate may be of"
    )
    ship.add_argument("--once", action="store_true", help="ship what there is and end")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    try:
        return int(asked.do(asked))
    except (StoreError, ShipError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except SegmentError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return FAULTY
    except NoteError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename or 'network'}: {error.strerror or error}", file=sys.stderr)
        return ENVIRONMENT


def _collect(asked: argparse.Namespace) -> int:
    path = find(asked.state).state
    if asked.enrol:
        for name in asked.enrol:
            for origin in enrolled(path, read_named_text(name)):
                print(f"enrolled {plain(origin)}")
        return DONE
    if asked.list:
        return _list(path, as_json=asked.json)
    tls = None
    if asked.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(asked.tls_cert, asked.tls_key or None)
    with Store.open(path) as store:
        asyncio.run(_serving(Collector.over(store), asked, tls))
    return DONE


def _list(path: Path, *, as_json: bool) -> int:
    """The enrolled machines; exit code 1 where one of them is silent."""
    now = time.time()
    with LogReader(path) as reader:
        machines = machines_of(reader)
    silent = [one for one in machines if one.is_silent(now)]
    for one in machines:
        if as_json:
            told = {"origin": one.origin, "entries": one.upto, "heard": one.heard, "silent": one in silent}
            print(orjson.dumps(told).decode())
            continue
        heard = "never heard" if one.heard is None else f"heard {int(max(now - one.heard, 0))} s ago"
        print(f"{plain(one.origin):48}  {one.upto:>9} entries  {heard}{'  SILENT' if one in silent else ''}")
    if not machines and not as_json:
        print("no machine is enrolled; --enrol FILE takes a machine's log.pub")
    return FAULTY if silent else DONE


async def _serving(collector: Collector, asked: argparse.Namespace, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[int] = loop.create_future()
    scheme = "https" if tls else "http"
    ready.add_done_callback(
        lambda done: print(f"listening on {scheme}://{asked.host}:{done.result()}", flush=True)
    )
    serving = asyncio.ensure_future(serve(collector, asked.host, asked.port, tls=tls, ready=ready))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    await asyncio.wait([serving])
    if not serving.cancelled() and (error := serving.exception()):
        ready.cancel()
        raise error


def _ship(asked: argparse.Namespace) -> int:
    key = parse_keys(read_named_text(asked.keys))[0]
    places = find(asked.state)

    def told(text: str) -> None:
        print(f"bailiwick: {plain(text)}", file=sys.stderr, flush=True)

    noted = -SHIPPED_EVERY_MS / 1_000

    def shipped(upto: int) -> None:
        nonlocal noted
        if time.monotonic() - noted < SHIPPED_EVERY_MS / 1_000:
            return
        noted = time.monotonic()
        try:
            ask_custodian(places, "shipped", {"url": asked.to, "upto": upto})
        except (CustodyError, StoreError) as error:
            told(f"that entries before {upto} were shipped could not be recorded: {error}")

    shipper = Shipper(
        state=places.state, url=asked.to, key=key, authorities=asked.ca, told=told, shipped=shipped
    )
    if asked.once:
        print(f"{shipper.once()} entries shipped")
        return DONE
    shipper.run(stop=lambda: False)
    return DONE
