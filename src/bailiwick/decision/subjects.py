"""What a policy has texts looked through for.

Secrets and the organisation's own classes always, personal data where it speaks of personal data.
"""

from functools import lru_cache

from bailiwick.analysis.text.classes import DataClass, Subject
from bailiwick.analysis.text.secrets import EVERYTHING, SECRET
from bailiwick.model.decision import Redact
from bailiwick.policy.types import FindingCondition, Policy

_MAX_KNOWN = 64
_known: dict[int, tuple[Policy, frozenset[Subject]]] = {}


def subjects_of(policy: Policy) -> frozenset[Subject]:
    """The subjects that ``policy`` names; the latest policies are remembered."""
    known = _known.get(id(policy))
    if known is not None and known[0] is policy:
        return known[1]
    subjects: frozenset[Subject] = (
        EVERYTHING if any(glob.startswith("personal") for glob in _globs(policy)) else SECRET
    )
    subjects |= recorded_subjects(policy.data_classes, reported=policy.example_keys) - SECRET
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(policy)] = (policy, subjects)
    return subjects


@lru_cache(maxsize=8)
def recorded_subjects(classes: tuple[DataClass, ...], *, reported: bool) -> frozenset[Subject]:
    """What is masked in a record whoever it speaks of: secrets, the organisation's own classes, example keys if reported."""
    examples: frozenset[Subject] = frozenset(("examples",)) if reported else frozenset()
    return SECRET | frozenset(classes) | examples


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
