"""What a sink is: it takes a batch and says what became of it. Everything else is ``delivery``'s."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A record as it is sent: ``line`` in the sink's view; ``event_id`` is the same each time it is sent.

    ``severity`` is numbered from 1 to 5, as OCSF numbers it.
    """

    index: int
    event_id: str
    time_ms: int
    host: str
    kind: str
    severity: int
    leaf: bytes
    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An item that the receiver will never take, and why."""

    item: Item
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may carry: items, bytes of lines together, bytes of one line."""

    items: int = 500
    bytes: int = 1_000_000
    line: int = 1_000_000


class Later(Exception):  # noqa: N818 - an instruction, not an error of ours
    """Nothing beyond the first ``accepted`` items is known to be taken: try the rest again.

    ``seconds`` is how long the receiver wants to be left alone, None where it doesn't say.
    """

    def __init__(self, why: str, *, seconds: float | None = None, accepted: int = 0) -> None:
        super().__init__(why)
        self.seconds = seconds
        self.accepted = accepted


class Refused(Exception):  # noqa: N818 - what the receiver said
    """The receiver won't take this batch, and didn't say which item is at fault; nothing of it was taken."""


class Sink(Protocol):
    """A receiver. ``acknowledges`` says whether its transport tells that it took something."""

    acknowledges: bool
    limits: Limits

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        """Returns once every item is accepted for good, but for those returned. Raises Later and Refused."""

    async def close(self) -> None:
        """Let go of the connection; what was sent still arrives."""
