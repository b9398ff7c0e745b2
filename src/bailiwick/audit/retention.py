"""Retention, legal hold and erasure: what may be removed. Pure; the service removes what comes out, and nothing else.

Two things are ever removed: entries past their retention, from the beginning of the log on, and data keys. A hold is
a predicate that pins both. The service's destroying functions take an ``Unheld``, and there is one way to make one
that says anything: ``clear``, which subtracts every hold in force first. So deleting what is held can't be written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from bailiwick.model.value import value

FLOOR_DAYS = 90
"""Fewest days that a policy may keep records."""

DEFAULT_DAYS = 400
"""Days that records are kept where nothing says otherwise: a year, and time to review it."""

DAY_MS = 86_400_000


class RetentionError(ValueError):
    """A retention period or a hold isn't one; the message says what is wrong and the mend."""


@value(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long records are kept, in days. Raises RetentionError below ``FLOOR_DAYS``."""

    days: int = DEFAULT_DAYS

    def __post_init__(self) -> None:
        if self.days < FLOOR_DAYS:
            raise RetentionError(f"{self.days} days are too few: records are kept {FLOOR_DAYS} days at least")

    def cutoff_ms(self, now_ms: int) -> int:
        """Records of before this wall clock, milliseconds since 1970, are past their retention."""
        return now_ms - self.days * DAY_MS


@value(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: every record for which all that is given holds is pinned until the hold is released.

    ``user`` and ``session`` are exact, empty means any; ``since_ms`` (inclusive) and ``until_ms`` (exclusive) are
    milliseconds since 1970, None means open. A hold with no condition pins everything. ``reason`` and ``ticket`` are
    for people.
    """

    name: str
    reason: str
    placed_by: str
    placed_ms: int
    user: str = ""
    session: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    ticket: str = ""

    def pins(self, record: Mapping[str, Any]) -> bool:
        """Whether this hold pins a record. One whose private part can't be read is pinned if it might be meant."""
        time_ms = int(record.get("time_ms", 0))
        if (self.since_ms is not None and time_ms < self.since_ms) or (
            self.until_ms is not None and time_ms >= self.until_ms
        ):
            return False
        if record.get("sealed"):
            return True
        return (not self.user or self.user in {record.get("user"), record.get("subject")}) and (
            not self.session or self.session in {record.get("session"), record.get("client_session")}
        )

    @property
    def pins_everybody(self) -> bool:
        """Whether records of any person may be pinned."""
        return not self.user


@value(frozen=True, slots=True, kw_only=True)
class Key:
    """A data key that could be destroyed: whose, and from when to when it seals records, milliseconds since 1970."""

    id: str
    subject: str
    first_ms: int
    after_ms: int


_MAY = object()


@value(frozen=True, slots=True)
class Unheld:
    """What nothing holds and therefore may be destroyed: made by ``clear`` and by nothing else.

    ``below`` is the sequence below which every entry may go; ``keys`` the data keys. Raises RetentionError when
    made in any other way.
    """

    below: int = 0
    keys: frozenset[str] = frozenset()
    made: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.made is not _MAY:
            raise RetentionError("what may be destroyed is found by retention.clear alone")


def clear(
    holds: Iterable[Hold],
    *,
    entries: Iterable[Mapping[str, Any]] = (),
    before_ms: int = 0,
    start: int = 0,
    keys: Iterable[Key] = (),
) -> Unheld:
    """What may be destroyed, of ``entries`` (records in order, from sequence ``start`` on) and of ``keys``.

    Entries go from the beginning on, up to the first one that is pinned or isn't of before ``before_ms``. A key goes
    unless a hold may pin a record that it seals.
    """
    holds = tuple(holds)
    below = start
    for record in entries:
        if int(record.get("time_ms", 0)) >= before_ms or any(hold.pins(record) for hold in holds):
            break
        below = int(record["seq"]) + 1
    free = frozenset(key.id for key in keys if not any(_pins_key(hold, key) for hold in holds))
    return Unheld(below, free, _MAY)


def _pins_key(hold: Hold, key: Key) -> bool:
    """Whether a hold may pin a record that a key seals. A session is not told by the key: any may be meant."""
    if hold.user and hold.user != key.subject:
        return False
    return (hold.since_ms is None or hold.since_ms < key.after_ms) and (
        hold.until_ms is None or hold.until_ms > key.first_ms
    )
