"""How often one account may have its refused requests recorded, so that nobody fills the audit log from outside."""

import time
from collections.abc import Callable
from dataclasses import field
from typing import Final

from bailiwick.model.value import value

MAX_RECORDED: Final = 20
"""Refusals of one account recorded within ``SECONDS``. The first few tell who tries what; the rest is a number."""

SECONDS: Final = 60
"""Length of the window in which refusals are counted."""

MAX_ACCOUNTS: Final = 1024
"""Accounts counted at once; beyond that counting starts anew."""


@value(frozen=False, slots=True)
class _Window:
    began: float
    refused: int = 0


@value(frozen=False, slots=True)
class Strangers:
    """Counts refusals by account. ``clock`` is in seconds and never goes back."""

    clock: Callable[[], float] = time.monotonic
    _windows: dict[int | None, _Window] = field(default_factory=dict)

    def worth(self, uid: int | None) -> str | None:
        """What the record of one more refusal of ``uid`` adds to its message, or None when none is to be written."""
        window = self._windows.get(uid)
        now = self.clock()
        missed = 0
        if window is None or now - window.began >= SECONDS:
            missed = max(0, window.refused - MAX_RECORDED) if window else 0
            if len(self._windows) >= MAX_ACCOUNTS:
                self._windows.clear()
            window = self._windows[uid] = _Window(began=now)
        window.refused += 1
        if window.refused > MAX_RECORDED:
            return None
        if window.refused == MAX_RECORDED:
            return f"; more within {SECONDS} seconds are only counted"
        return f"; {missed} before it were only counted" if missed else ""
