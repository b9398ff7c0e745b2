"""Asking the custodian of a log: the service where one runs, else the log is opened here."""

import asyncio
import os
import secrets
import time
from collections.abc import Mapping
from typing import Any

from bailiwick.audit.record import Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.service.account import principal_of
from bailiwick.service.custody import Custodian, CustodyError, Who
from bailiwick.service.local import ServiceError, call, is_running
from bailiwick.service.places import Places
from bailiwick.service.state_directory import no_log
from bailiwick.service.store import Store, wall_clock

SECONDS = 600.0
"""How long an erasure or a purge of a large log may take."""


def ask_custodian(places: Places, action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """One action (``custody.ACTIONS``) and what came of it. Raises CustodyError and StoreError."""
    if is_running(places):
        try:
            return call(
                places, "POST", "/v1/custody", {"action": action, "given": dict(given)}, seconds=SECONDS
            )
        except ServiceError as error:
            raise CustodyError(str(error)) from error
    if not (places.state / "log.db").exists():
        raise no_log(places.state / "log.db")
    with Store.open(places.state) as store:
        return asyncio.run(_alone(store, action, given))


async def _alone(store: Store, action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    custodian = Custodian(store=store, redactor=Redactor(store.redaction_key), stamp=_stamp)
    await custodian.resume()
    who = principal_of(os.geteuid())
    return await custodian.perform(Who(user=who.user, uid=who.uid), action, given)


def _stamp() -> Stamp:
    return Stamp(
        wall_ms=wall_clock(),
        monotonic_ns=time.monotonic_ns(),
        host=os.uname().nodename,
        salt=secrets.token_hex(16),
    )
