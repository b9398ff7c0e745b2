"""What a policy has texts looked through for: secrets always, personal data where it speaks of personal data."""

from bailiwick.analysis.text.secrets import EVERYTHING, SECRET
from bailiwick.model.decision import Redact
from bailiwick.policy.types import FindingCondition, Policy

_MAX_KNOWN = 64
_known: dict[int, tuple[Policy, frozenset[str]]] = {}


def subjects_of(policy: Policy) -> frozenset[str]:
    """The subjects that ``policy`` names; the latest policies are remembered."""
    known = _known.get(id(policy))
    if known is not None and known[0] is policy:
        return known[1]
    subjects = EVERYTHING if any(glob.startswith("personal") for glob in _globs(policy)) else SECRET
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(policy)] = (policy, subjects)
    return subjects


def _globs(policy: Policy) -> list[str]:
    """Every glob of catalogue ids in the policy."""
    found = [
        rule.when.rule
        for layer in policy.layers
        for rule in layer.rules
        if isinstance(rule.when, FindingCondition)
    ]
    for layer in policy.layers:
        for duty in layer.duties:
            if isinstance(duty.obligation, Redact):
                found.extend(duty.obligation.rules)
    return found
