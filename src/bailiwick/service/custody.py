"""Keeping the log: retention, legal holds, erasure, witnesses. Everything done here is an entry of the log first.

Two callers: the endpoint service, for an administrator on its Unix socket, and the command line where no service runs.
What can't be undone is recorded with what is still to be done in one transaction, so that a crash in between is
made good at the next start (``resume``).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, field, fields
from datetime import UTC, datetime
from typing import Any

import orjson

from bailiwick.audit.kinds import Kind
from bailiwick.audit.note import Note, NoteError, TreeHead, parse_keys
from bailiwick.audit.record import Record, Stamp
from bailiwick.audit.recording import service_record
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.retention import Hold, Key, Retention, Unheld, clear
from bailiwick.audit.tiles import WIDTH, Tree
from bailiwick.model.value import value
from bailiwick.service.kept import (
    COSIGNED,
    CURSOR,
    HOLD,
    LEAVING,
    PENDING,
    SETTINGS,
    SHIPPED,
    WITNESS,
    hold_differences,
)
from bailiwick.service.keys import KeyEntry
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import cosigned_name
from bailiwick.service.store import Store
from bailiwick.service.trace import report
from bailiwick.service.witness_client import WitnessAddress, WitnessError, cosigned

LOG = logging.getLogger(__name__)

SHIPPED_EVERY_MS = 3_600_000
"""Between two records of how far a collector has come."""

KEYS_IN_A_RECORD = 1_000

KEEP_COSIGNED = 1_000
"""Cosigned checkpoints kept, the latest."""


class CustodyError(Exception):
    """What was asked can't be done; the message says why and the mend."""


@value(frozen=True, slots=True, kw_only=True)
class Who:
    """The account that asks."""

    user: str
    uid: int


SERVICE = Who(user="", uid=-1)
"""The service, where nobody asked it."""


@value(frozen=False, slots=True, kw_only=True)
class Custodian:
    """Does what an administrator asks of the log, one thing at a time. Raises CustodyError and StoreError."""

    store: Store
    redactor: Redactor
    stamp: Callable[[], Stamp]
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def perform(self, who: Who, action: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """One action, by its name in ``ACTIONS``, and what came of it."""
        act = ACTIONS.get(action)
        if act is None:
            raise CustodyError(f"no action {action!r}")
        async with self._alone:
            return await act(self, who, given)

    async def resume(self) -> None:
        """Do what was recorded and not done before a crash."""
        pending = self.store.get_state(PENDING)
        if pending and not self.store.kept_fault():
            names = set(orjson.loads(pending))
            keys = [_key_of(entry) for entry in self._live_keys() if entry.id in names]
            await self._destroy(clear(self.holds(), keys=keys))

    def holds(self) -> list[Hold]:
        """The holds in force."""
        return [Hold(**orjson.loads(row)) for row in self.store.states(HOLD).values()]

    def retention(self) -> Retention:
        """The retention period in force: the policy's, as last recorded."""
        row = self.store.get_state(SETTINGS)
        return Retention(**orjson.loads(row)) if row else Retention()

    async def settle(self, wanted: Retention, *, payloads_leave: bool = False) -> None:
        """Record that policy now says another retention period, or whether payloads are shipped, if it does.

        Payloads that were recorded before policy let them leave stay where they are.
        """
        before, stored = self.retention(), self.store.get_state(SETTINGS)
        if stored is None or wanted != before:
            message = f"records are kept {wanted.days} days"
            record = self._record(Kind.RETENTION_CHANGED, SERVICE, message)
            await self.store.append(record, state={SETTINGS: orjson.dumps(asdict(wanted))})
        if payloads_leave != (self.store.get_state(LEAVING) is not None):
            message = (
                "payloads are shipped to the collector from now on"
                if payloads_leave
                else "payloads stay on this machine from now on"
            )
            since = str(self.store.size).encode() if payloads_leave else None
            await self.store.append(
                self._record(Kind.RETENTION_CHANGED, SERVICE, message), state={LEAVING: since}
            )

    async def _hold_add(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        name = _text(given, "name", needed=True)
        if not all(c.isalnum() or c in "-_." for c in name) or len(name) > 64:  # noqa: PLR2004 - a name people type
            raise CustodyError("a hold's name is up to 64 letters, digits, and -_.")
        if any(hold.name == name for hold in self.holds()):
            raise CustodyError(f"there is a hold {name}; release it first, or choose another name")
        stamp = self.stamp()
        hold = Hold(
            name=name,
            reason=_text(given, "reason", needed=True),
            ticket=_text(given, "ticket"),
            placed_by=who.user,
            placed_ms=stamp.wall_ms,
            user=_text(given, "user"),
            session=_text(given, "session"),
            since_ms=_number(given, "since_ms"),
            until_ms=_number(given, "until_ms"),
        )
        record = self._record(
            Kind.HOLD_PLACED, who, f"hold {name} placed: {hold.reason}", details=asdict(hold)
        )
        await self.store.append(record, state={HOLD + name: orjson.dumps(asdict(hold))})
        return {"hold": asdict(hold)}

    async def _hold_release(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        name = _text(given, "name", needed=True)
        hold = next((hold for hold in self.holds() if hold.name == name), None)
        if hold is None:
            raise CustodyError(f"there is no hold {name}; `bailiwick log hold list` shows them")
        why = _text(given, "reason", needed=True)
        record = self._record(Kind.HOLD_RELEASED, who, f"hold {name} released: {why}", details=asdict(hold))
        await self.store.append(record, state={HOLD + name: None})
        return {"released": name}

    async def _hold_restore(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put the holds back as the log's entries tell them, after somebody changed what is kept beside the log.

        A hold that no entry tells of stays: to hold too much loses nothing. So does, as it is, what else is whole; of the rest
        nothing is believed, and it is removed.
        """
        why, fault = _text(given, "reason", needed=True), self.store.kept_fault()
        if not fault:
            raise CustodyError("nothing is to be put back: holds are as the log tells them")
        told = await asyncio.to_thread(self._holds_told)
        rows, changed = self.store.unchanged_states(""), self.store.changed_states()
        # How far machines have been taken in can't be told anew, and without it they would be taken in twice.
        if any(name.startswith(CURSOR) for name in changed):
            raise CustodyError(f"{fault}; what a collector goes on from can't be put back: restore a backup")
        differing = list(hold_differences(told, rows))
        differing += [f"{name} was changed, and is removed" for name in changed if not name.startswith(HOLD)]
        missing = {HOLD + name: hold for name, hold in told.items() if HOLD + name not in rows}
        changes: dict[str, bytes | None] = {
            **dict.fromkeys(changed),
            **{name: orjson.dumps(asdict(_as_told(hold))) for name, hold in missing.items()},
        }
        self.store.take_as_kept()
        message = (
            f"put back as the log tells it, after a change outside: {'; '.join(differing) or fault}: {why}"
        )
        await self.store.append(self._record(Kind.ADMIN_ACTION, who, message), state=changes)
        return {"restored": differing, "holds": [hold.name for hold in self.holds()]}

    def _holds_told(self) -> dict[str, Mapping[str, Any]]:
        with LogReader(self.store.directory.path) as reader:
            return reader.holds_told()

    def _require_kept(self) -> None:
        if fault := self.store.kept_fault():
            raise CustodyError(
                f"{fault}; nothing is destroyed until `bailiwick log hold restore` has put it back as the log tells it"
            )

    async def _retention(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        """Purge what is past its retention and not held; with ``dry_run`` only say what that is."""
        retention, now_ms = self.retention(), self.stamp().wall_ms
        cutoff = retention.cutoff_ms(now_ms)
        unheld, first = await asyncio.to_thread(self._expired, cutoff)
        below = unheld.below // WIDTH * WIDTH
        told = {
            "days": retention.days,
            "cutoff_ms": cutoff,
            "first": first,
            "below": max(below, first),
            "entries": max(below - first, 0),
            "keys": len(unheld.keys),
            "holds": [hold.name for hold in self.holds()],
            "done": not given.get("dry_run"),
        }
        if given.get("dry_run"):
            return told
        self._require_kept()
        if below > first:
            message = f"entries {first} to {below - 1} purged: older than {retention.days} days, and not held"
            await self.store.append(self._record(Kind.PURGED, who, message, upto=below))
            await asyncio.to_thread(self.store.purge, unheld)
        if unheld.keys:
            await self._destroyed(who, unheld, f"data keys of {len(unheld.keys)} past months destroyed")
        return told

    def _expired(self, cutoff: int) -> tuple[Unheld, int]:
        """What is past its retention and not held, and the first entry there is."""
        old = [key for key in map(_key_of, self._live_keys()) if key.after_ms <= cutoff]
        with LogReader(self.store.directory.path) as reader:
            first = reader.first()
            # The last entry stays: it is what a log goes on from.
            with contextlib.closing(reader.entries(first, end=self.store.size - 1)) as entries:
                records = (entry.record for entry in entries)
                return clear(self.holds(), entries=records, before_ms=cutoff, start=first, keys=old), first

    async def _erase(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        """Destroy the data keys of a person, all but those of months that a hold pins."""
        user, why = _text(given, "user", needed=True), _text(given, "reason", needed=True)
        self._require_kept()
        keys = [_key_of(entry) for entry in self._live_keys() if entry.subject == user]
        if not keys:
            raise CustodyError(f"no data of {user} is kept")
        unheld = clear(self.holds(), keys=keys)
        held = [key for key in keys if key.id not in unheld.keys]
        pinning = sorted(
            {hold.name for hold in self.holds() if len(clear([hold], keys=held).keys) < len(held)}
        )
        if unheld.keys:
            subject = self.redactor.fingerprint(user)
            message = f"data keys of subject {subject} destroyed: {why}"
            await self._destroyed(who, unheld, message, ticket=_text(given, "ticket"))
        return {
            "destroyed": len(unheld.keys),
            "held": [month_text(key.first_ms) for key in held],
            "holds": pinning,
        }

    async def _destroyed(self, who: Who, unheld: Unheld, message: str, **details: str) -> None:
        names = sorted(unheld.keys)
        parts = [names[low : low + KEYS_IN_A_RECORD] for low in range(0, len(names), KEYS_IN_A_RECORD)]
        records = tuple(
            self._record(Kind.KEY_DESTROYED, who, message, keys=tuple(part), details=details)
            for part in parts
        )
        await self.store.append_all(records, state={PENDING: orjson.dumps(names)})
        await self._destroy(unheld)

    async def _destroy(self, unheld: Unheld) -> None:
        await asyncio.to_thread(self.store.destroy_keys, unheld, at_ms=self.stamp().wall_ms)
        await self.store.put_state({PENDING: None})

    def _live_keys(self) -> list[KeyEntry]:
        return [entry for entry in self.store.data_keys() if entry.destroyed_ms is None]

    async def _witness_add(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        url, text = _text(given, "url", needed=True).rstrip("/"), _text(given, "keys", needed=True)
        try:
            names = sorted({key.name for key in parse_keys(text)})
        except NoteError as error:
            raise CustodyError(f"the witness's keys: {error}") from error
        if not names:
            raise CustodyError("name the file with the witness's public keys (its witness.pub)")
        record = self._record(Kind.ADMIN_ACTION, who, f"witness {names[0]} at {url} added")
        await self.store.append(record, state={WITNESS + url: text.encode()})
        return {"witness": names[0], "url": url}

    async def _witness_remove(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        url = _text(given, "url", needed=True).rstrip("/")
        if self.store.get_state(WITNESS + url) is None:
            raise CustodyError(f"no witness at {url} is known")
        await self.store.append(
            self._record(Kind.ADMIN_ACTION, who, f"witness at {url} removed"), state={WITNESS + url: None}
        )
        return {"removed": url}

    def witnesses(self) -> list[WitnessAddress]:
        """The witnesses that checkpoints are sent to."""
        rows = self.store.states(WITNESS).items()
        return [
            WitnessAddress(url=key.removeprefix(WITNESS), keys=parse_keys(row.decode())) for key, row in rows
        ]

    async def _witness(self, who: Who, _given: Mapping[str, Any]) -> dict[str, Any]:
        """Have the last checkpoint cosigned by every witness; keep it, and record who did and who refused."""
        witnesses = self.witnesses()
        if not witnesses:
            raise CustodyError("no witness is known; add one: bailiwick log witness --add URL --keys FILE")
        note = await asyncio.to_thread(self.store.countersign)
        size = TreeHead.parse(Note.parse(note).text).size
        whole, results = note, []
        for witness in witnesses:
            lines, told, alarm = await asyncio.to_thread(self._submitted, witness, note)
            whole += lines
            results.append({"url": witness.url, "cosigned": bool(lines), "told": told, "alarm": alarm})
        records = [
            self._record(
                Kind.WITNESSED if one["cosigned"] else Kind.ALARM,
                who,
                str(one["told"]),
                upto=size if one["cosigned"] else None,
            )
            for one in results
            if one["cosigned"] or one["alarm"]
        ]
        state = {cosigned_name(size): whole.encode()} if whole != note else {}
        kept = sorted(self.store.states(COSIGNED))
        stale: dict[str, bytes | None] = dict.fromkeys(kept[:-KEEP_COSIGNED])
        if records:
            await self.store.append_all(tuple(records), state={**stale, **state})
        return {"size": size, "witnesses": results}

    def _submitted(self, witness: WitnessAddress, note: str) -> tuple[str, str, bool]:
        """The cosignature lines, what to tell, and whether the witness holds another history."""
        with LogReader(self.store.directory.path) as reader:
            try:
                signed = cosigned(witness, note, lambda old, size: Tree(reader, size).consistency(old))
            except WitnessError as error:
                report(LOG, "a witness did not cosign", error)
                return "", str(error), error.alarm
        return signed[len(note) :], f"cosigned by {witness.keys[0].name} at {witness.url}", False

    async def _shipped(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        """Record how far a collector has this log: once an hour at most, as the record itself is shipped again."""
        url, upto = _text(given, "url", needed=True), _number(given, "upto")
        last = orjson.loads(self.store.get_state(SHIPPED + url) or b'{"time_ms": 0}')
        now_ms = self.stamp().wall_ms
        if 0 <= now_ms - last["time_ms"] < SHIPPED_EVERY_MS:
            return {"recorded": False}
        record = self._record(
            Kind.SHIPPED, who, f"the collector at {url} has the entries before {upto}", upto=upto
        )
        row = orjson.dumps({"time_ms": now_ms, "upto": upto})
        await self.store.append(record, state={SHIPPED + url: row})
        return {"recorded": True}

    async def _read(self, who: Who, given: Mapping[str, Any]) -> dict[str, Any]:
        """Record that somebody read the log."""
        kind = Kind.EVIDENCE_EXPORTED if given.get("evidence") else Kind.LOG_READ
        details = given.get("details")
        record = self._record(
            kind,
            who,
            _text(given, "what", needed=True),
            details=details if isinstance(details, dict) else None,
        )
        receipt = await self.store.append(record)
        return {"seq": receipt.sequence}

    def _record(  # noqa: PLR0913 - fields of the record
        self,
        kind: Kind,
        who: Who,
        message: str,
        *,
        upto: int | None = None,
        keys: tuple[str, ...] = (),
        details: Mapping[str, Any] | None = None,
    ) -> Record:
        return service_record(
            kind,
            self.stamp(),
            self.redactor,
            message=message,
            user=who.user,
            uid=who.uid if who.uid >= 0 else None,
            upto=upto,
            keys=keys,
            details=details,
        )


_Act = Callable[[Custodian, Who, Mapping[str, Any]], Awaitable[dict[str, Any]]]
ACTIONS: Mapping[str, _Act] = {
    "hold-add": Custodian._hold_add,  # noqa: SLF001 - its own actions
    "hold-release": Custodian._hold_release,  # noqa: SLF001
    "hold-restore": Custodian._hold_restore,  # noqa: SLF001
    "retention": Custodian._retention,  # noqa: SLF001
    "erase": Custodian._erase,  # noqa: SLF001
    "witness": Custodian._witness,  # noqa: SLF001
    "witness-add": Custodian._witness_add,  # noqa: SLF001
    "witness-remove": Custodian._witness_remove,  # noqa: SLF001
    "shipped": Custodian._shipped,  # noqa: SLF001
    "read": Custodian._read,  # noqa: SLF001
}
"""What can be asked of a custodian."""


def _key_of(entry: KeyEntry) -> Key:
    """A data key with the time that it seals records of: its month."""
    first = datetime.strptime(entry.month, "%Y-%m").replace(tzinfo=UTC)
    year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)  # noqa: PLR2004 - December
    after = first.replace(year=year, month=month) if year <= 9999 else first  # noqa: PLR2004 - the last year there is
    return Key(
        id=entry.id,
        subject=entry.subject,
        first_ms=int(first.timestamp() * 1_000),
        after_ms=int(after.timestamp() * 1_000) if after > first else 2**62,
    )


def _as_told(said: Mapping[str, Any]) -> Hold:
    """A hold as an entry tells of it. Where a name in it was masked the record doesn't say whom it pins: then everybody."""
    known = {one.name: said[one.name] for one in fields(Hold) if one.name in said}
    masked = {name: "" for name in ("user", "session") if "[redacted:" in str(known.get(name, ""))}
    return Hold(**{**known, **masked})


def month_text(time_ms: int) -> str:
    """The month of a time, as people write it."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m")


def _text(given: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > 8_192:  # noqa: PLR2004 - more than any name, reason or key takes
        raise CustodyError(f"{name} must be text")
    if needed and not value.strip():
        raise CustodyError(f"{name} is missing")
    return value


def _number(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is not None and type(value) is not int:
        raise CustodyError(f"{name} must be a number")
    return value
