"""The shipper: brings an endpoint's log to a collector, at least once, in order, from where the collector says it is.

The log itself is the spool: while the collector can't be reached nothing is lost and nothing else is kept. It needs no
state of its own; it keeps the collector's last receipt beside the log for whoever asks how far things are.
"""

import http.client
import logging
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from bailiwick.audit.merkle import Frontier
from bailiwick.audit.note import Signer, VerifierKey
from bailiwick.audit.segment import MAX_ENTRIES, MAX_SEGMENT, SegmentError, Shipped, pack, receipt_upto
from bailiwick.policy.sinks import is_loopback
from bailiwick.service.kept import LEAVING
from bailiwick.service.log_reader import Entry, LogReader
from bailiwick.service.state_directory import StoreError, read_secret, read_verifiers, write_private
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

SECONDS = 30.0
"""How long a collector may take for one answer."""

FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
"""Seconds waited after a failure, twice as long each time, up to the last."""

IDLE = 1.0
"""Seconds between two looks for new entries."""


class ShipError(Exception):
    """A segment was not taken. ``again``: worth trying again."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


@dataclass(slots=True, kw_only=True)
class Shipper:
    """Ships the log in ``state`` to the collector at ``url``, known by ``key``.

    ``told`` hears of what goes wrong, ``shipped`` up to which entry the collector has the log whenever it took some.
    """

    state: Path
    url: str
    key: VerifierKey
    authorities: str = ""
    told: Callable[[str], None] = lambda _: None
    shipped: Callable[[int], None] = lambda _: None
    _frontier: Frontier = field(default_factory=Frontier)

    def once(self) -> int:
        """Ship all there is; how many entries. Raises ShipError, SegmentError and StoreError."""
        origin = read_verifiers(self.state)[0].name
        signer = Signer.from_seed(origin, read_secret(self.state / "log.key"))
        upto = receipt_upto(
            self._call("GET", f"/v1/cursor?origin={quote(origin, safe='')}"), self.key, origin
        )
        shipped = 0
        while True:
            data, count = self._next(signer, upto)
            if not count:
                if shipped:
                    self.shipped(upto)
                return shipped
            note = self._call("POST", "/v1/segments", data)
            reached = receipt_upto(note, self.key, origin)
            if reached <= upto:
                raise ShipError(f"{self.url} took a segment and is no further than {reached}", again=False)
            write_private(
                self.state / f"receipt-{sha256(self.url.encode()).hexdigest()[:16]}.note", note.encode()
            )
            shipped, upto = shipped + reached - upto, reached

    def run(self, *, stop: Callable[[], bool]) -> None:
        """Ship until ``stop``. After a failure it waits, each time longer. Raises StoreError."""
        pause = FIRST_PAUSE
        while not stop():
            try:
                self.once()
                pause = FIRST_PAUSE
                time.sleep(IDLE)
            except (ShipError, SegmentError) as error:
                self.told(str(error))
                time.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE)

    def _next(self, signer: Signer, upto: int) -> tuple[bytes, int]:
        """The segment from ``upto`` on, and how many entries are in it. Raises ShipError when the collector has more."""
        with LogReader(self.state) as reader:
            size = reader.size()
            if upto > size:
                raise ShipError(
                    f"{self.url} has {upto} entries of this log, which has {size}: entries were removed",
                    again=False,
                )
            if upto < reader.first():
                raise ShipError(
                    f"entries {upto} to {reader.first() - 1} were purged before they were shipped",
                    again=False,
                )
            if self._frontier.size > upto:
                self._frontier = Frontier()
            for sequence in range(self._frontier.size, upto):
                self._frontier = self._frontier.append(reader.tile_leaf(sequence) or b"")
            after, entries, room = self._frontier, list[Shipped](), MAX_SEGMENT // 2
            leaving = int(reader.state(LEAVING).get(LEAVING, b"-1"))
            with closing(reader.entries(upto, end=min(size, upto + MAX_ENTRIES))) as found:
                for entry in found:
                    leaves = 0 <= leaving <= entry.sealed.sequence
                    one = Shipped(
                        entry.sealed.body, entry.private, _payload(reader, entry) if leaves else None
                    )
                    room -= 2 * sum(len(part or b"") for part in (one.entry, one.private, one.payload))
                    if room < 0 and entries:
                        break
                    entries.append(one)
                    after = after.append(entry.sealed.leaf)
        if not entries:
            return b"", 0
        return pack(signer, upto, entries, after), len(entries)

    def _call(self, method: str, path: str, body: bytes | None = None) -> str:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ShipError(f"{self.url} is no address of a collector", again=False)
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ShipError(
                f"{self.url} would carry records in clear; use https (`log collect --tls-cert`)", again=False
            )
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.authorities or None)
            connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
        try:
            connection.request(method, parts.path.rstrip("/") + path, body=body)
            reply = connection.getresponse()
            answer = reply.read(1 << 20).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise ShipError(f"{self.url} can't be reached: {error}", again=True) from error
        finally:
            connection.close()
        if reply.status != HTTPStatus.OK:
            again = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise ShipError(f"{self.url} answered {reply.status}: {answer.strip()[:300]}", again=again)
        return answer


def _payload(reader: LogReader, entry: Entry) -> bytes | None:
    """The payload of an entry. One that was changed here is left out: `log verify` tells of it, and records still arrive."""
    if not entry.record.get("payload"):
        return None
    try:
        return reader.payload(entry)
    except StoreError as error:
        report(LOG, "a payload could not be shipped", error)
        return None
