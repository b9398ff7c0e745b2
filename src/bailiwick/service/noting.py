"""Putting notes on record from another process: through the service where one runs, else into the log itself."""

import os
import secrets
import socket
import time
from collections.abc import Sequence

from bailiwick.audit.notes import Note, record_of_note
from bailiwick.audit.record import Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.service.account import principal_of
from bailiwick.service.local import RefusedError, ServiceError, call
from bailiwick.service.places import Places
from bailiwick.service.store import Store, StoreError

BATCH = 50
"""Notes in one call, far below what the service reads at once."""


def note(places: Places, notes: Sequence[Note]) -> None:
    """Put notes on record. Raises StoreError when that isn't certain."""
    for start in range(0, len(notes), BATCH):
        batch = notes[start : start + BATCH]
        try:
            call(places, "POST", "/v1/notes", {"notes": [one.to_json() for one in batch]})
        except RefusedError as error:
            raise StoreError(f"the service doesn't record it: {error}") from error
        except ServiceError:
            _directly(places, batch)


def _directly(places: Places, notes: Sequence[Note]) -> None:
    """No service answers: this process is the log's one writer for a moment. Raises StoreError where another one is."""
    me = principal_of(os.geteuid())
    with Store.open(places.state) as store:
        redactor = Redactor(store.redaction_key)
        for one in notes:
            stamp = Stamp(
                wall_ms=time.time_ns() // 1_000_000,
                monotonic_ns=time.monotonic_ns(),
                host=socket.gethostname(),
                salt=secrets.token_hex(16),
            )
            store.append_blocking(record_of_note(one, stamp, redactor, user=me.user, uid=me.uid))
