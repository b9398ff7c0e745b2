"""What the rules must reach on texts they were not made from (issue 5's table); a floor, not a target."""

import heldout
import pytest
from disguises import DISGUISES

from bailiwick.analysis.text.secrets import EVERYTHING, SecretMatch, examine
from bailiwick.model.access import Tier

pytestmark = pytest.mark.usefixtures("fast")

SECRETS = tuple(heldout.secrets())
LOOKALIKES = tuple(heldout.lookalikes())


def found_in(text: str) -> tuple[SecretMatch, ...]:
    scanned = examine(text, subjects=EVERYTHING)
    assert scanned.complete
    return scanned.matches


def covered(case: heldout.Case) -> bool:
    start = case.text.index(case.secret)
    left = set(range(start, start + len(case.secret)))
    for match in found_in(case.text):
        left -= set(range(match.start, match.end))
    return len(left) <= 0.02 * len(case.secret)


def test_precision_recall_and_cover() -> None:
    hits = [case for case in SECRETS if found_in(case.text)]
    alarms = [case for case in LOOKALIKES if found_in(case.text)]
    assert len(hits) >= 0.95 * len(SECRETS), [case.id for case in SECRETS if case not in hits]
    assert len(hits) >= 0.97 * (len(hits) + len(alarms)), [case.id for case in alarms]
    assert sum(map(covered, SECRETS)) >= 0.95 * len(SECRETS)


def test_the_block_tier_has_no_alarm() -> None:
    assert not [case.id for case in LOOKALIKES if any(m.tier is Tier.BLOCK for m in found_in(case.text))]
    assert sum(any(m.tier is Tier.BLOCK for m in found_in(case.text)) for case in SECRETS) >= 60


@pytest.mark.parametrize("name", DISGUISES)
def test_disguises(name: str) -> None:
    missed = [case.id for case in SECRETS if not found_in(DISGUISES[name](case.text, case.secret))]
    assert len(missed) <= 0.05 * len(SECRETS), missed
