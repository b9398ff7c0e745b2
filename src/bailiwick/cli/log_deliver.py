"""`bailiwick log collect|ship`: one log of many machines."""

import argparse
import asyncio
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

from bailiwick.audit.note import NoteError, parse_keys
from bailiwick.audit.segment import SegmentError
from bailiwick.audit.wording import plain
from bailiwick.service.collector import Collector, enrolled, serve
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
            for origin in enrolled(path, Path(name).read_text(encoding="utf-8")):
                print(f"enrolled {plain(origin)}")
        return DONE
    tls = None
    if asked.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(asked.tls_cert, asked.tls_key or None)
    with Store.open(path) as store:
        asyncio.run(_serving(Collector.over(store), asked, tls))
    return DONE


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
    key = parse_keys(Path(asked.keys).read_text(encoding="utf-8"))[0]
    shipper = Shipper(state=find(asked.state).state, url=asked.to, key=key, authorities=asked.ca)
    if asked.once:
        print(f"{shipper.once()} entries shipped")
        return DONE
    shipper.run(
        stop=lambda: False, told=lambda text: print(f"bailiwick: {plain(text)}", file=sys.stderr, flush=True)
    )
    return DONE
