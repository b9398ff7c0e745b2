"""The event is larger than what rules look at: nothing found in the rest means nothing."""

from collections.abc import Iterator

from bailiwick.model.access import Finding
from bailiwick.rules.rule import Evidence, Rule, Severity


def _find(evidence: Evidence) -> Iterator[Finding]:
    if evidence.unscanned:
        yield Finding(
            rule=RULE.id, message=f"{evidence.unscanned} characters were beyond the bound and not scanned"
        )
    if not evidence.complete:
        yield Finding(rule=RULE.id, message="more is encoded or looks like a secret than was looked at")


RULE = Rule(
    id="internal/not-fully-scanned", title="Too large to scan whole", severity=Severity.MEDIUM, find=_find
)
