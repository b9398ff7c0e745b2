"""A rule failed on an event: what it would have noticed is not known."""

from bailiwick.model.access import Finding
from bailiwick.rules.rule import Evidence, Rule, Severity


def _find(_evidence: Evidence) -> tuple[Finding, ...]:
    return ()


def failed(rule: str, error: Exception) -> Finding:
    """The finding for a rule that raised; the error's text stays out, it may quote the event."""
    return Finding(
        rule=RULE.id,
        message=f"{rule} failed with {type(error).__name__}; what it looks for is not known here",
    )


RULE = Rule(id="internal/rule-error", title="A rule failed", severity=Severity.HIGH, find=_find)
"""Its findings come from ``decision.detect``, which alone sees rules fail."""
