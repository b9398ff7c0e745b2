"""A policy repository's text to a policy set that keeps its own promises, or every broken one.

1. Load the text. 2. Run the examples that profiles carry. 3. Prove the organisation's invariants.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from bailiwick.administration.example import ExampleError, parse_call
from bailiwick.administration.invariants import violations
from bailiwick.administration.place import judge_call, shown
from bailiwick.model.access import Facts
from bailiwick.model.decision import Decision
from bailiwick.model.value import value
from bailiwick.policy.errors import Problems
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Example, Policy, PolicySet


@value(frozen=True, slots=True, kw_only=True)
class Result:
    """An example and what it got. ``failure`` is empty when that is what was expected; ``mend`` goes with it."""

    profile: str
    example: Example
    decision: Decision | None
    failure: str = ""
    mend: str = ""


def compile_set(files: Mapping[str, str], *, prove: bool = True) -> PolicySet:
    """Load ``files`` (name relative to the repository's root, text), and hold the policy to what it says of itself.

    The latter is left out without ``prove``, for a text that was held to it before.
    Raises ``policy.errors.PolicyErrors`` with every mistake, failing example and violated invariant.
    """
    policies = load_policy_set(files)  # (1)
    if not prove:
        return policies
    problems = Problems(files)
    for result in run_examples(policies, policies.examples):  # (2)
        if result.failure:
            problems.add(result.example.origin, result.failure, result.mend)
    for violation in violations(policies):  # (3)
        problems.add(violation.invariant.origin, violation.message, violation.mend)
    problems.raise_any()
    return policies


def run_examples(policies: PolicySet, examples: Mapping[str, tuple[Example, ...]]) -> Iterator[Result]:
    """Every example of every profile (``PolicySet.examples`` or ``tests``) and what it got, in order."""
    for profile, listed in examples.items():
        policy = policies.policies[profile]
        for example in listed:
            yield run_example(policy, example)


def run_example(policy: Policy, example: Example) -> Result:
    """One example under ``policy``: the verdict is policy's own, whatever its mode."""
    try:
        facts, decision = judge_call(policy, parse_call(example.call))
    except ExampleError as error:
        return Result(
            profile=policy.profile, example=example, decision=None, failure=str(error), mend=error.mend
        )
    failure = _failure(policy, example, facts, decision)
    mend = "change the rule that decides it, or the example" if failure else ""
    return Result(profile=policy.profile, example=example, decision=decision, failure=failure, mend=mend)


def _failure(policy: Policy, example: Example, facts: Facts, decision: Decision) -> str:
    got = [reason for reason in decision.reasons if reason.verdict is decision.verdict]
    if decision.verdict is example.verdict and not decision.errors:
        if example.rule is None or any(fnmatchcase(reason.rule, example.rule) for reason in got):
            return ""
        rules = ", ".join(reason.rule for reason in got) or "no rule"
        return f"`{example.call}` gets {decision.verdict.label} from {rules}, not from {example.rule}"
    why = [f"{reason.rule} ({reason.origin}): {reason.message}" for reason in got[:3]]
    why += decision.errors
    why = why or [f"it accesses {shown(access)}" for access in facts.accesses[:3]]
    return (
        f"under {policy.profile}, `{example.call}` must get {example.verdict.label} "
        f"and gets {decision.verdict.label}: {'; '.join(why)}"
    )
