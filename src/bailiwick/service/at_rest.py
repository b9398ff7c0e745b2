"""Digests over database files while nobody writes them: so that no byte of them changes unseen.

Rows are held against each other by what they say. SQLite also leaves bytes unused, in a young log most of them; nobody reads these, and
still a file in which some changed isn't the one that was closed. What says so has a tag that takes a key to make (HMAC-SHA256): who hasn't it can only
remove it.

Whoever is about to write removes the digest first. Files larger than ``MOST`` have none: there few bytes are unused, and every
closing would take as long as reading all of it.
"""

import contextlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

import orjson

from bailiwick.service.private import keep_private

MOST = 64 * 1024 * 1024
"""Bytes of a file that is digested at most; it takes some 40 ms."""


def digests_of(files: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of files by their names, as far as they aren't too large. Raises OSError."""
    found = {}
    for path in files:
        with path.open("rb") as file:
            if path.stat().st_size <= MOST:
                found[path.name] = file_digest(file, "sha256").hexdigest()
    return found


def closed(key: bytes, summary: Path, files: Iterable[Path], **told: int) -> None:
    """Keep the digests of files that nobody writes now in ``summary``; with numbers that say which state they are of. Raises OSError."""
    fresh = summary.with_name(f"{summary.name}.new")
    fresh.touch(mode=0o600)
    keep_private(fresh)  # root may read a log that is another account's
    kept = {"digests": digests_of(files), **told}
    fresh.write_bytes(orjson.dumps({"kept": kept, "tag": _tag(key, kept)}))
    fresh.replace(summary)


def kept_in(key: bytes, summary: Path) -> Mapping[str, Any] | None:
    """What ``closed`` kept; None where there is nothing, an empty mapping where somebody else wrote it. Raises OSError."""
    try:
        told = orjson.loads(summary.read_bytes())
        return told["kept"] if told == {"kept": told["kept"], "tag": _tag(key, told["kept"])} else {}
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return {}


def _tag(key: bytes, kept: Mapping[str, Any]) -> str:
    text = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(key, text, "sha256").hex()


def changed(key: bytes, summary: Path, files: Iterable[Path]) -> Iterator[str]:
    """The files whose bytes aren't those that ``closed`` saw. Raises OSError."""
    kept = kept_in(key, summary)
    if kept is None:
        return
    if not kept:
        yield summary.name
        return
    files, before = list(files), kept["digests"]
    with contextlib.suppress(FileNotFoundError):
        now = digests_of(files)
        # A service that started meanwhile has removed it.
        if kept_in(key, summary) == kept:
            yield from (path.name for path in files if before.get(path.name) != now.get(path.name))
