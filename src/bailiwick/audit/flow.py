"""Redaction of a text that is still coming: what cannot become part of a finding any more leaves at once.

1. What has come and not left is looked through, with some of what left before it: words there may give a secret away.
2. From where something may still become a finding (``live_from``), and from the beginning of a finding that reaches
   there, everything is held. What is before leaves, masked.
3. The end of the text settles the rest.

What leaves is what ``examine`` finds in the whole text (not read backwards), however it was cut into pieces. No more than
``MAX_HELD`` characters are held; beyond them the oldest leave as far as they can be judged.
"""

import codecs
from typing import Final

from bailiwick.analysis.text.live import LOOK, live_from
from bailiwick.analysis.text.secrets import SecretMatch, examine
from bailiwick.audit.redaction import Redactor

MAX_HELD: Final = 65_536
"""Characters that are held: twice the longest private key."""

KEPT: Final = 2_048
"""Characters that have left and are still known, for what stands before a secret and gives it away."""

STEP: Final = 65_536
"""Characters that are taken in at a time."""

_FORCED: Final = 8_192
"""Characters that stay when the bound is reached: a secret that is cut there would be longer."""

_PATIENCE: Final = 8
"""A long text that is held is looked through again when it has grown by one in so many."""

_SMALL: Final = 1_024


class TextFlow:
    """Masks one text, piece by piece. ``complete`` is False once something could not be looked at, or was held too long."""

    __slots__ = ("_held", "_known", "_looked", "_redactor", "complete")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known = self._held = ""
        self._looked = 0
        self.complete = True

    @property
    def held(self) -> int:
        """Characters that have come and not left."""
        return len(self._held)

    def feed(self, text: str) -> str:
        """Take in what comes next; what may leave."""
        return "".join(self._fed(text[begin : begin + STEP]) for begin in range(0, len(text), STEP))

    def close(self) -> str:
        """The rest. The next text that is fed is another one."""
        left = self._leave(end=True)
        self._known, self._looked = "", 0
        return left

    def _fed(self, text: str) -> str:
        self._held += text
        if len(self._held) > _SMALL and len(self._held) - self._looked < len(self._held) // _PATIENCE:
            return ""
        return self._leave(end=False)

    def _leave(self, *, end: bool) -> str:
        known, text = len(self._known), self._known + self._held
        scanned = examine(text, subjects=self._redactor.subjects, flowing=True)
        self.complete = self.complete and scanned.complete
        until = len(text) if end else max(self._settled(text, scanned.matches), known)
        masked = self._redactor.masked(
            text[known:until],
            [
                match.cut(known, until)
                for match in scanned.matches
                if match.start < until and match.end > known
            ],
        )
        self._known, self._held = text[max(until - KEPT, 0) : until], text[until:]
        self._looked = len(self._held)
        return masked

    def _settled(self, text: str, matches: tuple[SecretMatch, ...]) -> int:
        """Up to where the text can be judged whatever follows it."""
        until = live_from(text, self._redactor.subjects)
        for match in reversed(matches):
            # No rule looks beyond the end of a line to be sure of what stands before it.
            unsure = match.end > len(text) - LOOK and "\n" not in text[match.end :]
            if match.end > until or unsure:
                until = min(until, match.start)
        if len(text) - until <= MAX_HELD:
            return until
        # What is live is longer than anything that is looked for, or encoded: what is found in it by now is masked.
        self.complete = False
        until = len(text) - _FORCED
        return max([until, *(match.end for match in matches if match.start < until)])


class Flow:
    """The same for bytes: UTF-8, of which a character may be cut in two. Other bytes stay as they are."""

    __slots__ = ("_decoder", "text")

    def __init__(self, redactor: Redactor) -> None:
        self.text = TextFlow(redactor)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    @property
    def complete(self) -> bool:
        """False once something could not be looked at, or was held too long."""
        return self.text.complete

    def feed(self, data: bytes) -> bytes:
        """Take in what comes next; what may leave."""
        return self.text.feed(self._decoder.decode(data)).encode("utf-8", "surrogateescape")

    def close(self) -> bytes:
        """The rest."""
        rest = self.text.feed(self._decoder.decode(b"", final=True)) + self.text.close()
        return rest.encode("utf-8", "surrogateescape")
