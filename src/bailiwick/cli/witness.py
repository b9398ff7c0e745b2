"""`bailiwick witness`: run a witness for somebody else's log, as a customer or an auditor does."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from bailiwick.audit.note import NoteError
from bailiwick.audit.wording import plain
from bailiwick.service.named_file import read_named_text
from bailiwick.service.state_directory import StoreError
from bailiwick.service.witness import Witness, serve

DONE, USAGE, ENVIRONMENT = 0, 2, 3
PORT = 8_767


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the command line."""
    witness = verbs.add_parser(
        "witness",
        help="run a witness: cosign a log's checkpoints as long as none goes back on another",
        description=__doc__,
    )
    actions = witness.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("--state", metavar="DIR", required=True, help="the witness's own folder")
        parser.add_argument("--json", action="store_true", help="print JSON, one object per line")
        parser.set_defaults(func=run)
        return parser

    init = action("init", "Make a witness: its keys, and the file witness.pub to give away.")
    init.add_argument("--name", required=True, help="its name, such as witness.example.com/1")
    trust = action("trust", "Witness the log whose public keys are in a file (its log.pub).")
    trust.add_argument("file", metavar="FILE", help="the log's log.pub")
    serving = action("serve", "Answer logs over HTTP (C2SP tlog-witness) until stopped.")
    serving.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serving.add_argument("--port", type=int, default=PORT, help=f"port to listen on ({PORT})")
    action("show", "Show which logs are witnessed and what was cosigned last.")


def run(asked: argparse.Namespace) -> int:
    """Run one action; its exit code."""
    path = Path(asked.state)
    try:
        if asked.action == "init":
            made = Witness.create(path, asked.name)
            name, keys = made.signers[0].name, str(path / "witness.pub")
            _tell(asked, f"witness {name}\npublic keys: {keys}", {"witness": name, "public_keys": keys})
            return DONE
        witness = Witness.open(path)
        if asked.action == "trust":
            for origin in witness.trust(read_named_text(asked.file)):
                text = f"witnessing {plain(origin)}; a running witness takes it up when started again"
                _tell(asked, text, {"origin": origin})
        elif asked.action == "show":
            for origin in sorted(witness.logs):
                size = witness.seen(origin).size
                _tell(
                    asked, f"{plain(origin)}: {size} entries cosigned", {"origin": origin, "cosigned": size}
                )
        else:
            _serve(witness, asked)
    except StoreError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return ENVIRONMENT
    except NoteError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename or path}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    return DONE


def _tell(asked: argparse.Namespace, text: str, value: dict[str, object]) -> None:
    """One thing, for people or as JSON."""
    print(json.dumps(value) if asked.json else text, flush=True)


def _serve(witness: Witness, asked: argparse.Namespace) -> None:
    def told(done: asyncio.Future[int]) -> None:
        url = f"http://{asked.host}:{done.result()}"
        _tell(asked, f"listening on {url}", {"url": url})

    async def serving() -> None:
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        ready.add_done_callback(told)
        await serve(witness, asked.host, asked.port, ready)

    with witness.held():
        asyncio.run(serving())
