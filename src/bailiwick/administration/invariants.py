"""What the organisation says no profile may ever allow, proven for every profile or refuted by one access."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bailiwick.administration.cells import MAX_CELL_STEPS, bound_glob, cells, conditions
from bailiwick.administration.place import HOME, PROJECT, judge, shown
from bailiwick.decision.bound import bind
from bailiwick.decision.lifting import covers
from bailiwick.model.access import Access, AccessKind, Finding, Opaque, PathTarget
from bailiwick.model.glob import Budget, Glob, GlobSet, TooComplexError
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Invariant, PathCondition, Policy, PolicySet, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
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
    shared = _Sets(
        tuple(bound_glob(one.denied) for one in policies.invariants if isinstance(one.denied, PathCondition))
    )
    for name, policy in policies.policies.items():
        for invariant in policies.invariants:
            if name in invariant.exempt:
                continue
            try:
                example = _allowed(policy, invariant, shared)
            except TooComplexError:
                try:  # what other invariants deny makes it more entangled
                    example = _allowed(policy, invariant, _Sets(()))
                except TooComplexError:
                    yield Violation(invariant=invariant, profile=name, example=None)
                    continue
            if example is not None:
                yield Violation(invariant=invariant, profile=name, example=example)


class _Sets:
    """The automata that proofs go through: to lay one out costs more than a proof, and most proofs can share one."""

    def __init__(self, denied: tuple[Glob, ...]) -> None:
        self._denied = denied
        self._made: dict[frozenset[Glob], GlobSet] = {}

    def of(self, globs: Iterable[Glob]) -> GlobSet:
        """An automaton that tells ``globs``, and what the invariants deny, apart."""
        every = dict.fromkeys((*self._denied, *globs))
        made = self._made.get(frozenset(every))
        if made is None:
            made = self._made[frozenset(every)] = GlobSet(tuple(every))
        return made


def _allowed(policy: Policy, invariant: Invariant, sets: _Sets) -> Access | Opaque | Finding | None:
    """An access that ``invariant`` denies and ``policy`` allows."""
    if isinstance(invariant.denied, PathCondition):
        for kind in sorted(invariant.denied.kinds):
            if (found := _allowed_path(policy, invariant.denied, kind, sets)) is not None:
                return found
        return None
    bound = bind(policy, PROJECT, HOME)
    asked = conditions([policy], invariant.subject)
    for about in cells(invariant.subject, (invariant.denied, *asked)):
        if covers(invariant.denied, about, bound) and judge(policy, about).verdict is Verdict.ALLOW:
            return about
    return None


def _allowed_path(policy: Policy, denied: PathCondition, kind: AccessKind, sets: _Sets) -> Access | None:
    """A path that ``denied`` names and ``policy`` allows for ``kind``.

    1. What some rule objects to is left out at once. 2. A layer that does not allow by default must allow by a rule,
    so only what such rules name is looked at. 3. Of paths that the same rules match one is asked about.
    """
    rules = [
        (number, rule.verdict, bound_glob(rule.when))
        for number, layer in enumerate(policy.layers)
        for rule in layer.rules
        if isinstance(rule.when, PathCondition) and kind in rule.when.kinds
    ]
    globs = sets.of((bound_glob(denied), *(glob for _, _, glob in rules)))
    place = {glob: number for number, glob in enumerate(globs.globs)}
    without = sorted({place[glob] for _, verdict, glob in rules if verdict > Verdict.ALLOW})  # (1)
    choices = [
        sorted(
            {place[glob] for number, verdict, glob in rules if number == layer and verdict is Verdict.ALLOW}
        )
        for layer, one in enumerate(policy.layers)
        if Subject.FILES in one.defaults and one.defaults[Subject.FILES].verdict is not Verdict.ALLOW
    ]
    needed = [(number,) for number in min(choices, key=len)] if choices else [()]  # (2)
    seen: set[tuple[int, ...]] = set()
    for allowing in needed:
        for path, matching in globs.explore(
            within=(place[bound_glob(denied)], *allowing), without=without, budget=Budget(MAX_CELL_STEPS)
        ):
            if matching not in seen:  # (3)
                seen.add(matching)
                access = Access(kind=kind, target=PathTarget(path=path))
                if judge(policy, access).verdict is Verdict.ALLOW:
                    return access
    return None
