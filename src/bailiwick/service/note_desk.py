"""Where a collector takes notes from other processes of its machine: detection, completeness, and that its log was read."""

import asyncio
import secrets
import socket
import time
from http import HTTPStatus

import orjson
from aiohttp import web

from bailiwick.audit.notes import note_from, record_of_note
from bailiwick.audit.record import Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.service.account import principal_of
from bailiwick.service.peer import own_uid, unix_peer
from bailiwick.service.store import Store, StoreError

LARGEST = 4 * 1024 * 1024
"""Bytes of one request."""


def note_desk(store: Store, redactor: Redactor) -> web.Application:
    """The desk; for its Unix socket, where the kernel says who asks."""

    async def take(request: web.Request) -> web.Response:
        held = None if request.transport is None else request.transport.get_extra_info("socket")
        peer = None if held is None else unix_peer(held)
        if peer is None or peer.uid not in {0, own_uid()}:
            return _told("only the collector's account or root may add notes", HTTPStatus.FORBIDDEN)
        try:
            notes = [note_from(one) for one in orjson.loads(await request.read())["notes"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _told(f"not notes: {error}", HTTPStatus.BAD_REQUEST)
        me = await asyncio.to_thread(principal_of, peer.uid)
        records = tuple(record_of_note(one, _stamp(), redactor, user=me.user, uid=me.uid) for one in notes)
        try:
            if records:
                await store.append_all(records)
        except StoreError as error:
            return _told(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        return web.json_response({"recorded": len(notes)})

    app = web.Application(client_max_size=LARGEST)
    app.router.add_post("/v1/notes", take)
    return app


def _stamp() -> Stamp:
    return Stamp(
        wall_ms=time.time_ns() // 1_000_000,
        monotonic_ns=time.monotonic_ns(),
        host=socket.gethostname(),
        salt=secrets.token_hex(16),
    )


def _told(why: str, status: HTTPStatus) -> web.Response:
    return web.json_response({"error": why}, status=status)
