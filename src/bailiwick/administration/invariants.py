"""What the organisation says no profile may ever allow, proven for every profile or refuted by one access."""

from collections.abc import Iterator
from functools import lru_cache

from bailiwick.administration.cells import MAX_CELL_STEPS, bound_glob, cells, conditions
from bailiwick.administration.place import HOME, PROJECT, judge, shown
from bailiwick.decision.bound import bind
from bailiwick.decision.lifting import covers
from bailiwick.model.access import Access, AccessKind, Finding, Opaque, PathTarget
from bailiwick.model.glob import Budget, Glob, GlobSet, TooComplexError, may_meet
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Invariant, PathCondition, Policy, PolicySet, Subject


@value(frozen=True, slots=True, kw_only=True)
class Violation:
    """A profile allows what an invariant rules out; ``example`` is one such access, None where proof was too costly."""

    invariant: Invariant
    profile: str
    example: Access | Opaque | Finding | None

    @property
    def message(self) -> str:
        """What is wrong, in a sentence."""
        promise = f"invariant `{self.invariant.id}` ({self.invariant.because})"
        if self.example is None:
            return f"{promise} could not be proven for profile {self.profile}: its globs are too entangled"
        return f"{promise} does not hold: profile {self.profile} allows {shown(self.example)}"

    @property
    def mend(self) -> str:
        """What to change."""
        return f"deny it in {self.profile}, or in the organisation for all; or add {self.profile} to `exempt`"


def violations(policies: PolicySet) -> Iterator[Violation]:
    """Each invariant that a profile breaks, by profile and invariant, with one example."""
    for name, policy in policies.policies.items():
        for invariant in policies.invariants:
            if name in invariant.exempt:
                continue
            try:
                example = _allowed(policy, invariant)
            except TooComplexError:
                yield Violation(invariant=invariant, profile=name, example=None)
                continue
            if example is not None:
                yield Violation(invariant=invariant, profile=name, example=example)


def _allowed(policy: Policy, invariant: Invariant) -> Access | Opaque | Finding | None:
    """An access that ``invariant`` denies and ``policy`` allows."""
    if isinstance(invariant.denied, PathCondition):
        for kind in sorted(invariant.denied.kinds):
            if (found := _allowed_path(policy, invariant.denied, kind)) is not None:
                return found
        return None
    bound = bind(policy, PROJECT, HOME)
    asked = conditions([policy], invariant.subject)
    for about in cells(invariant.subject, (invariant.denied, *asked)):
        if covers(invariant.denied, about, bound) and judge(policy, about).verdict is Verdict.ALLOW:
            return about
    return None


def _allowed_path(policy: Policy, denied: PathCondition, kind: AccessKind) -> Access | None:
    """A path that ``denied`` names and ``policy`` allows for ``kind``.

    1. Rules that meet none of its paths don't count. 2. What some rule objects to is left out at once. 3. A layer that
    does not allow by default must allow by a rule, so only what such rules name is looked at. 4. Of paths that the same
    rules match one is asked about.
    """
    ruled_out = bound_glob(denied)
    rules = [
        (number, rule.verdict, glob)
        for number, layer in enumerate(policy.layers)
        for rule in layer.rules
        if isinstance(rule.when, PathCondition)
        and kind in rule.when.kinds
        and may_meet(ruled_out, glob := bound_glob(rule.when))  # (1)
    ]
    choices = [
        dict.fromkeys(glob for number, verdict, glob in rules if number == layer and verdict is Verdict.ALLOW)
        for layer, one in enumerate(policy.layers)
        if Subject.FILES in one.defaults and one.defaults[Subject.FILES].verdict is not Verdict.ALLOW
    ]
    needed = [(glob,) for glob in min(choices, key=len)] if choices else [()]  # (3)
    seen: set[tuple[Glob, ...]] = set()
    for allowing in needed:
        near = [rule for rule in rules if all(may_meet(rule[2], glob) for glob in allowing)]
        both = tuple(dict.fromkeys((ruled_out, *allowing)))
        globs = tuple(dict.fromkeys((*both, *(glob for _, _, glob in near))))
        objecting = {glob for _, verdict, glob in near if verdict > Verdict.ALLOW}
        for path, matching in _told_apart(globs).explore(
            within=range(len(both)),
            without=[number for number, glob in enumerate(globs) if glob in objecting],  # (2)
            budget=Budget(MAX_CELL_STEPS),
        ):
            met = tuple(globs[number] for number in matching)
            if met not in seen:  # (4)
                seen.add(met)
                access = Access(kind=kind, target=PathTarget(path=path))
                if judge(policy, access).verdict is Verdict.ALLOW:
                    return access
    return None


@lru_cache(maxsize=64)
def _told_apart(globs: tuple[Glob, ...]) -> GlobSet:
    """To lay an automaton out costs more than most questions to it, and profiles share most of their rules."""
    return GlobSet(globs)
