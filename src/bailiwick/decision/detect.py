"""The step ``detect`` of an event's path: what the rules notice, added to the facts. Pure and total."""

from dataclasses import replace

from bailiwick.analysis.text.classes import DataClass, Subject
from bailiwick.analysis.text.secrets import EVERYTHING
from bailiwick.model.access import Facts, Finding
from bailiwick.model.request import Request
from bailiwick.rules.catalogue import CATALOGUE, PLAIN
from bailiwick.rules.internal.rule_error import failed
from bailiwick.rules.rule import Evidence, Rule, gather
from bailiwick.rules.secret.engine import class_rule

MAX_FINDINGS = 200
"""Findings kept of one event and rule set; one more says that there were more."""


def detect(
    request: Request,
    facts: Facts,
    *,
    rules: tuple[Rule, ...] = CATALOGUE,
    subjects: frozenset[Subject] = EVERYTHING,
) -> Facts:
    """``facts`` with the findings of ``rules`` added, in catalogue order.

    ``subjects`` says what is looked for in texts: secrets, personal data, classes of the organisation's own. Never raises: a rule that fails is itself a finding (``internal/rule-error``), never silence.
    """
    findings: list[Finding] = list(facts.findings)
    try:
        evidence = gather(request, facts, subjects=subjects)
    except Exception as error:  # noqa: BLE001 - law 1: whatever goes wrong is said, nothing escapes
        return replace(facts, findings=(*findings, failed("gathering the evidence", error)))
    found = {secret.match.rule for secret in evidence.secrets}
    own = [class_rule(one) for one in subjects if isinstance(one, DataClass) and found and one.rule in found]
    for rule in (
        *(rules if found or rules is not CATALOGUE else PLAIN),
        *sorted(own, key=lambda one: one.id),
    ):
        if rule.of_secrets and rule.id not in found:
            continue
        try:
            findings.extend(rule.find(evidence))
        except Exception as error:  # noqa: BLE001 - one broken rule neither hides the others' findings nor its own failure
            findings.append(failed(rule.id, error))
    if not findings:
        return facts
    if len(findings) > MAX_FINDINGS:
        more = Finding(
            rule="internal/not-fully-scanned",
            message=f"{len(findings) - MAX_FINDINGS} more findings are not listed",
        )
        findings = [*findings[:MAX_FINDINGS], more]
    quoted = _quoted(findings, evidence)
    return replace(facts, findings=tuple(_without(finding, quoted) for finding in findings))


def _quoted(findings: list[Finding], evidence: Evidence) -> tuple[str, ...]:
    """The secrets found that stand in a message: a path or a name that a rule quotes may hold one.

    A text may hold thousands, each of which may be anywhere: they are looked for in all messages at once.
    """
    messages = "\n".join(dict.fromkeys(finding.message for finding in findings))
    found = dict.fromkeys(secret.match.secret for secret in evidence.secrets)
    return tuple(secret for secret in found if secret in messages)


def _without(finding: Finding, quoted: tuple[str, ...]) -> Finding:
    message = finding.message
    for secret in quoted:
        message = message.replace(secret, "[secret]")
    return finding if message == finding.message else replace(finding, message=message)
