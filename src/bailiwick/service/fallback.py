"""What relays kept while the service was away, put on record: each line once, whatever stops the service in between.

A segment is a file of one account, ``<uid>.segment``. It is taken away by renaming it, read, recorded, and removed; its lines' ids
stand with the records in one transaction, so a line that is read again, and one that its relay wrote again because
the file was gone, count once. The kernel says whose file it is; what is in it is somebody's claim about themselves.
"""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import orjson

from bailiwick.audit.record import Stamp
from bailiwick.audit.recording import fallback_record
from bailiwick.audit.redaction import Redactor
from bailiwick.enforcement.installer import Platform, relay_command, system_layout
from bailiwick.service.account import principal_of
from bailiwick.service.places import Places
from bailiwick.service.store import Store

MAX_SEGMENT = 2 * 1024 * 1024
"""Bytes of a segment that are read; a relay writes half of that at most."""

MODE = 0o1733
"""Mode of a machine's folder of segments: who isn't the service puts files there, and lists and removes none of others."""

MAX_LINES = 5_000
MAX_LINE = 1_024
SEEN = "fallback/"
"""Under which names the ids of an account's last lines are kept beside the log."""

_NAME = re.compile(r"(\d{1,10})\.(segment|adopting)")
_ID = re.compile(r"[0-9a-f]{16}")


def relay_of(places: Places) -> tuple[str, ...]:
    """The argument vector of the relay: the machine's where it has one, else this installation's own."""
    if places.machine_wide:
        return relay_command(system_layout(Platform.MACOS if sys.platform == "darwin" else Platform.LINUX))
    program = (sys.executable, "-IBS", str(resources.files("bailiwick.enforcement") / "relay.py"))
    return (*program, "--socket", str(places.socket), "--segments", str(places.segments))


async def adopt(folder: Path, store: Store, stamp: Callable[[], Stamp], redactor: Redactor) -> int:
    """Record every line of the segments in ``folder`` that isn't on record; how many. Raises StoreError and OSError."""
    count = 0
    for uid in _accounts(folder):
        taken, segment = folder / f"{uid}.adopting", folder / f"{uid}.segment"
        lines = list(_taken(segment, taken, uid))
        name = f"{SEEN}{uid}"
        before: list[str] = orjson.loads(store.get_state(name) or b"[]")
        known = set(before)
        fresh = {line["id"]: line for line in lines if line["id"] not in known}
        user = principal_of(uid).user
        records = [fallback_record(stamp(), redactor, line, user=user, uid=uid) for line in fresh.values()]
        if records:
            ids = orjson.dumps([*before, *fresh][-MAX_LINES:])
            await store.append_all(tuple(records), state={name: ids})
        _removed(taken)
        count += len(records)
    return count


def segments_problem(places: Places) -> str:
    """Why relays of other accounts can't leave anything for a machine's service; empty where they can.

    On macOS an installation makes no place for them.
    """
    if sys.platform == "darwin":
        return ""
    folder = places.segments
    try:
        found, owner = folder.stat(follow_symlinks=False), places.state.stat().st_uid
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode) or (mode, found.st_uid) != (MODE, owner):
        return f"{folder}: is of account {found.st_uid} with mode {mode:04o}, not of {owner} with {MODE:04o}"
    return ""


def _removed(taken: Path) -> None:
    """Make room for the next segment; what can't be removed, a directory that somebody laid there, is put aside."""
    try:
        taken.unlink()
    except (IsADirectoryError, PermissionError):
        taken.rename(taken.with_suffix(f".{os.urandom(4).hex()}"))


def _accounts(folder: Path) -> list[int]:
    try:
        found = [_NAME.fullmatch(path.name) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted({int(one[1]) for one in found if one})


def _taken(segment: Path, taken: Path, uid: int) -> Iterator[dict[str, Any]]:
    """The lines of a segment, which is taken away; of a file that isn't that account's own and plain there are none.

    One that was taken before and not removed comes first.
    """
    if not os.path.lexists(taken):
        segment.rename(taken)
    try:
        descriptor = os.open(taken, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        found = os.fstat(descriptor)
        own = stat.S_ISREG(found.st_mode) and found.st_uid == uid and found.st_nlink == 1
        data = os.read(descriptor, MAX_SEGMENT) if own else b""
    finally:
        os.close(descriptor)
    for line in data.split(b"\n")[:MAX_LINES]:
        try:
            said = orjson.loads(line) if len(line) <= MAX_LINE else None
        except orjson.JSONDecodeError:
            continue
        if isinstance(said, dict) and isinstance(said.get("id"), str) and _ID.fullmatch(said["id"]):
            yield said
