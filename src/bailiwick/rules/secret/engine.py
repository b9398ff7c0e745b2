"""One maker for all secret rules: they share a scan and differ in what they are called."""

from collections.abc import Iterator

from bailiwick.analysis.text.secrets import SECRET_RULES
from bailiwick.model.access import Finding, Span
from bailiwick.rules.rule import Evidence, Rule, Severity


def secret_rule(rule_id: str, *, title: str, severity: Severity) -> Rule:
    """The rule that reports what ``analysis.text.secrets`` finds under ``rule_id``. Raises KeyError for no such."""
    if rule_id not in SECRET_RULES:
        raise KeyError(rule_id)

    def find(evidence: Evidence) -> Iterator[Finding]:
        for secret in evidence.secrets:
            if secret.match.rule == rule_id:
                yield Finding(
                    rule=rule_id,
                    message=f"{title} in {secret.field}",
                    field=secret.field,
                    cause=Span(start=secret.start, end=secret.end),
                    confidence=secret.match.confidence,
                )

    return Rule(id=rule_id, title=title, severity=severity, find=find, of_secrets=True)
