"""From the log to alerts: batch by batch, each record looked at once, nothing passed over.

1. The index is brought up to date, since what is unusual is told from it.
2. The next records become rows, with their labels.
3. Every rule looks at them.
4. What is suppressed is dropped; the rest becomes incidents, of which the same one isn't raised again for an hour.
5. New incidents are put on record, so that sinks send them. Only then the batch counts as looked at.

A crash between 5 and the end of the batch puts an incident on record twice, never not at all.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bailiwick.audit.kinds import Kind
from bailiwick.audit.normal import Row, rows_of
from bailiwick.audit.notes import Note
from bailiwick.audit.views.logged import Logged
from bailiwick.model.verdict import Verdict
from bailiwick.policy.suppressions import Suppression, suppressed_by
from bailiwick.service.detection.engine import Engine, Match
from bailiwick.service.detection.habits import labels_of
from bailiwick.service.detection.incidents import Incident, Incidents
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.log_reader import Entry, LogReader

BATCH = 1_000
LOOK_BACK = 5_000
"""Records before the first batch that correlations are shown, so that a restart doesn't make them blind."""

Noted = Callable[[Sequence[Note]], None]


@dataclass(slots=True, kw_only=True)
class Detector:
    """Detection over one log. ``noted`` puts notes on record."""

    reader: LogReader
    engine: Engine
    incidents: Incidents
    noted: Noted
    suppressions: tuple[Suppression, ...] = ()
    clock: Callable[[], float] = time.time
    _warm: bool = field(default=False)

    def step(self) -> tuple[int, list[Note]]:
        """Look at one batch: how many records there were, and what was raised. Raises StoreError, RuleError."""
        last = self.reader.last(1)
        if not last:
            return 0, []
        epoch = str(last[0].record.get("epoch", ""))
        of, place = self.incidents.mark
        if of != epoch:
            place = 0
        with contextlib.closing(self.reader.entries(place)) as following:
            entries = list(islice(following, BATCH))  # what was purged is passed over
        if not entries:
            return 0, []
        if not self._warm:
            self.engine.feed(
                self._rows(list(self.reader.entries(max(place - LOOK_BACK, 0), end=place)), labelled=False)
            )
            self._warm = True
        matches = self.engine.feed(self._rows(entries, labelled=True))  # (2), (3)
        notes = []
        self.incidents.begin()
        try:
            for match in matches:
                note = self._raised(match, epoch)  # (4)
                if note is not None:
                    notes.append(note)
            self.noted(notes)  # (5)
            self.incidents.end(epoch, entries[-1].sealed.sequence + 1)
        except BaseException:
            self.incidents.abandon()
            raise
        return len(entries), notes

    def _rows(self, entries: Sequence[Entry], *, labelled: bool) -> list[tuple[int, float, Row]]:
        rows: list[tuple[int, float, Row]] = []
        with up_to_date(self.reader, rests=False) as index:  # (1)
            for entry in entries:
                logged = Logged(index=entry.sealed.sequence, leaf=entry.sealed.leaf, record=entry.record)
                labels = labels_of(index, logged) if labelled else {}
                rows.extend((logged.index, logged.time_ms / 1_000, row) for row in rows_of(logged, labels))
        return rows

    def _raised(self, match: Match, epoch: str) -> Note | None:
        rule, row, now = match.rule, match.row, self.clock()
        if suppressed_by(self.suppressions, rule=rule.id, title=rule.title, row=row, now=now):
            return None
        moment = int(now * 1_000)
        incident = Incident(
            id=0,
            raised_ms=moment,
            last_ms=moment,
            rule=rule.id,
            title=rule.title,
            level=rule.level,
            user=str(row.get("User") or ""),
            session=str(row.get("Session") or ""),
            times=1,
            evidence=match.evidence,
            closed="",
        )
        if not self.incidents.add(incident):
            return None
        return note_of(match, epoch)


def note_of(match: Match, epoch: str) -> Note:
    """What is put on record of a match."""
    row = match.row
    about = next(
        (
            str(row[name])
            for name in ("CommandLine", "TargetFilename", "DestinationHostname", "Text")
            if row.get(name)
        ),
        "",
    )
    stopped = " (was denied)" if row.get("Enforced") == Verdict.DENY.label else ""
    return Note(
        kind=Kind.DETECTION,
        text=(f"{match.rule.title}: {about}" if about else match.rule.title) + stopped,
        user=str(row.get("User") or ""),
        session=str(row.get("Session") or ""),
        client_session=str(row.get("ClientSession") or ""),
        tool=str(row.get("Tool") or ""),
        call_id=str(row.get("CallId") or ""),
        rule=match.rule.id,
        level=match.rule.level,
        techniques=match.rule.techniques,
        evidence=tuple(f"{epoch}-{place}" for place in match.evidence[-50:]),
    )
