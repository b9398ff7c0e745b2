"""A record as an RFC 5424 syslog message, and the stream that carries it: TLS, or plain to this machine."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

from bailiwick.audit.views.ecs import timestamp
from bailiwick.policy.sinks import SinkEntry
from bailiwick.service.sinks.sink import Item, Later
from bailiwick.service.sinks.tls import context_for

PATIENCE = 10.0
"""Seconds for connecting and for every step after it."""

FACILITY = 13
"""Log audit (RFC 5424, table 1)."""

_LEVELS = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}
"""From OCSF's severity to syslog's: informational, notice, warning, error, critical."""

_BOM = b"\xef\xbb\xbf"


def message_of(item: Item) -> bytes:
    """The message: header, structured data with the record's place in the log, then the line as UTF-8.

    The enterprise number is 32473, which RFC 5612 sets aside for documentation; ours stands in the name before it.
    """
    priority = FACILITY * 8 + _LEVELS[item.severity]
    head = (
        f"<{priority}>1 {timestamp(item.time_ms)} {_name(item.host, 255)} bailiwick - {_name(item.kind, 32)}"
    )
    values = (("id", item.event_id), ("logIndex", str(item.index)), ("leafHash", item.leaf.hex()))
    data = " ".join(f'{key}="{_value(value)}"' for key, value in values)
    return f"{head} [bailiwick@32473 {data}] ".encode() + _BOM + item.line


def _name(text: str, longest: int) -> str:
    shown = "".join(char if "!" <= char <= "~" else "_" for char in text)
    return shown[:longest] or "-"


def _value(text: str) -> str:
    """A PARAM-VALUE: three characters are escaped (RFC 5424, 6.3.3), and none that isn't printable gets there."""
    shown = "".join(char if char.isprintable() else "_" for char in text)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


@dataclass(slots=True, kw_only=True)
class Stream:
    """A connection to a syslog receiver."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, entry: SinkEntry, context: ssl.SSLContext | None) -> "Stream":
        """Connect. Raises Later."""
        address = entry.address.text if entry.address else ""
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        name = None
        if context is not None:
            name = entry.server_name.text if entry.server_name else host
        try:
            connecting = asyncio.open_connection(host, int(port), ssl=context, server_hostname=name)
            reader, writer = await asyncio.wait_for(connecting, PATIENCE)
        except TimeoutError as error:
            raise Later(f"{address} doesn't answer within {PATIENCE:g} s") from error
        except (OSError, ssl.SSLError) as error:
            raise Later(f"{address} can't be reached: {error}") from error
        return cls(reader=reader, writer=writer)

    async def close(self) -> None:
        """Close with TLS's own end, after what was written: without it the receiver may drop what it hasn't read."""
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
            await asyncio.wait_for(self.writer.wait_closed(), PATIENCE)


def context_of(entry: SinkEntry) -> ssl.SSLContext | None:
    """The TLS context, None where the configuration says plaintext. Raises TlsError."""
    return None if entry.plaintext else context_for(entry)
