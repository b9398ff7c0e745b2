"""One POST to a receiver over HTTP, and what its status means for delivery.

What says "not now" (no connection, a time-out, 408, 429, 5xx) or "not you" (401, 403, 404, 407) is for later: an
operator or time will mend it, and the records stay in the log. Only what speaks of the records themselves
(400, 413, 415, 422) refuses them.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson

from bailiwick.service.sinks.sink import Later, Refused

PATIENCE = 30.0
"""Seconds that a receiver has for one answer."""

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer that are read: a bulk answer lists each record."""

_RECORDS_AT_FAULT = frozenset((400, 413, 415, 422))
_ACCEPTED = frozenset((200, 201, 202, 204))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver answered to a request that it took."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The answer as JSON. Raises Later when it isn't: then nothing is known to be accepted."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Later(f"answers {self.status} with something that isn't JSON") from error

    def mapping(self) -> Mapping[str, Any]:
        """The answer as a JSON object. Raises Later when it isn't one."""
        value = self.json()
        if not isinstance(value, Mapping):
            raise Later(f"answers {self.status} with JSON that isn't an object")
        return value


class Poster:
    """Posts to one receiver over a connection that is kept."""

    def __init__(
        self, context: ssl.SSLContext | None, *, server_name: str | None = None, patience: float = PATIENCE
    ) -> None:
        self._context = context
        self._server_name = server_name
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a POST that was accepted. Raises Later and Refused."""
        if self._session is None or self._session.closed:
            # No proxy from the environment and no cookies: where records go is said in one place.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._patience), cookie_jar=aiohttp.DummyCookieJar()
            )
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                ssl=self._context or True,
                server_hostname=self._server_name,
                allow_redirects=False,
            ) as response:
                text = await response.content.read(LONGEST_ANSWER)
                while more := await response.content.read(LONGEST_ANSWER - len(text)):
                    text += more
                return self._judged(response.status, response.headers, text)
        except TimeoutError as error:
            raise Later(f"no answer within {self._patience:g} s") from error
        except aiohttp.ClientError as error:
            raise Later(f"can't be reached: {error}") from error

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()

    @staticmethod
    def _judged(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        if status in _ACCEPTED:
            return Answer(status=status, body=body)
        said = body[:200].decode("utf-8", "replace")
        if status in _RECORDS_AT_FAULT:
            raise Refused(f"answers {status}: {said}")
        raise Later(f"answers {status}: {said}", seconds=_retry_after(headers))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the receiver wants to be left alone (RFC 9110, 10.2.3)."""
    said = headers.get("Retry-After", "")
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
