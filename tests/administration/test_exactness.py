"""What is told of policies is exact: compared with asking about every path of a small universe."""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "decision"))
import strategies as some

from bailiwick.administration.cells import cells
from bailiwick.administration.cells import conditions as asked_for
from bailiwick.administration.difference import compare
from bailiwick.administration.invariants import violations
from bailiwick.administration.overlap import outweighed
from bailiwick.administration.place import HOME, PROJECT, judge
from bailiwick.decision.bound import bind
from bailiwick.decision.lifting import covers
from bailiwick.model.access import Access, AccessKind, PathTarget
from bailiwick.model.decision import Origin
from bailiwick.model.glob import Glob
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import Invariant, Layer, PathCondition, Policy, PolicySet, Rule, Scope, Subject

GLOBS = ["/a/**", "/a/*", "/**", "**/b", "/{a,b}/*", "/a/b", "/b/**/a", "/[!a]/*", "/?/?"]
NAMES = ["a", "b", "c"]
UNIVERSE = ["/"] + [
    "/" + "/".join(names) for depth in (1, 2, 3) for names in itertools.product(NAMES, repeat=depth)
]
KINDS = [AccessKind.READ, AccessKind.WRITE]

conditions = st.builds(
    PathCondition, kinds=st.frozensets(st.sampled_from(KINDS), min_size=1), glob=st.sampled_from(GLOBS)
)


@st.composite
def layers(draw: st.DrawFn, scope: Scope) -> Layer:
    rules = [
        Rule(
            id=f"{scope}.{number}",
            origin=Origin(file="p.yaml", line=number + 1),
            subject=Subject.FILES,
            verdict=draw(some.verdicts),
            when=draw(conditions),
            because="b",
            instead="i",
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    fallback = draw(some.verdicts)
    default = Rule(
        id=f"{scope}.other",
        origin=Origin(file="p.yaml", line=99),
        subject=Subject.FILES,
        verdict=fallback,
        when=some.AnyCondition(),
        because="b",
        instead="i",
    )
    whole = scope is Scope.PROFILE or draw(st.booleans())
    return Layer(
        scope=scope, name=scope.value, rules=tuple(rules), defaults={Subject.FILES: default} if whole else {}
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    scopes = [Scope.ORGANISATION, Scope.PROFILE]
    return Policy(
        profile="p", description="", layers=tuple(draw(layers(scope)) for scope in scopes), mode=Mode.ENFORCE
    )


def _verdict(policy: Policy, kind: AccessKind, path: str) -> Verdict:
    return judge(policy, Access(kind=kind, target=PathTarget(path=path))).verdict


def _kinds_alike(one: Policy, other: Policy) -> bool:
    """Where the rules treat both kinds alike, a change is shown for one of them."""
    said = [
        {
            (policy is one, layer.name, rule.verdict, rule.when.glob)
            for policy in (one, other)
            for layer in policy.layers
            for rule in layer.rules
            if isinstance(rule.when, PathCondition) and kind in rule.when.kinds
        }
        for kind in KINDS
    ]
    return said[0] == said[1]


@settings(max_examples=60, deadline=None)
@given(policies(), policies())
def test_a_difference_shows_every_kind_of_change_and_nothing_else(old: Policy, new: Policy) -> None:
    told = set()
    for change in compare(old, new).changes:
        assert isinstance(change.example, Access)
        assert isinstance(change.example.target, PathTarget)
        kind, path = change.example.kind, change.example.target.path
        assert (_verdict(old, kind, path), _verdict(new, kind, path)) == (change.before, change.after)
        told.add((kind, change.before, change.after))
    pairs = {(before, after) for _, before, after in told}
    for kind, path in itertools.product(KINDS, UNIVERSE):
        before, after = _verdict(old, kind, path), _verdict(new, kind, path)
        if before is not after:
            assert (before, after) in pairs if _kinds_alike(old, new) else (kind, before, after) in told


@settings(max_examples=60, deadline=None)
@given(policies(), conditions)
def test_an_invariant_holds_exactly_when_nothing_it_rules_out_is_allowed(
    policy: Policy, denied: PathCondition
) -> None:
    invariant = Invariant(
        id="i",
        origin=Origin(file="o.yaml", line=1),
        denied=denied,
        subject=Subject.FILES,
        exempt=frozenset(),
        because="b",
    )
    found = list(violations(PolicySet(policies={"p": policy}, invariants=(invariant,))))
    glob = Glob(denied.glob)
    allowed = [
        path
        for kind in denied.kinds
        for path in UNIVERSE
        if glob.matches(path) and _verdict(policy, kind, path) is Verdict.ALLOW
    ]
    if allowed:
        assert found
    for violation in found:
        assert isinstance(violation.example, Access)
        assert isinstance(violation.example.target, PathTarget)
        assert glob.matches(violation.example.target.path)
        assert judge(policy, violation.example).verdict is Verdict.ALLOW
    bound = bind(policy, PROJECT, HOME)
    everything = cells(Subject.FILES, (denied, *asked_for([policy], Subject.FILES)))
    assert bool(found) == any(
        covers(denied, about, bound) and judge(policy, about).verdict is Verdict.ALLOW for about in everything
    ), "the short way over paths and the long one over all that rules tell apart"
    exempt = PolicySet(policies={"p": policy}, invariants=(replace(invariant, exempt=frozenset({"p"})),))
    assert not list(violations(exempt))


@settings(max_examples=60, deadline=None)
@given(policies())
def test_a_rule_that_never_decides_can_be_removed(policy: Policy) -> None:
    for number, layer in enumerate(policy.layers):
        for rule in layer.rules:
            by = outweighed(policy, number, rule)
            if by is None:
                continue
            kept = replace(layer, rules=tuple(other for other in layer.rules if other is not rule))
            without = replace(policy, layers=(*policy.layers[:number], kept, *policy.layers[number + 1 :]))
            assert isinstance(rule.when, PathCondition)
            for kind, path in itertools.product(rule.when.kinds, UNIVERSE):
                if Glob(rule.when.glob).matches(path):
                    assert any(
                        isinstance(other.when, PathCondition) and Glob(other.when.glob).matches(path)
                        for other in by
                    )
                assert _verdict(policy, kind, path) is _verdict(without, kind, path)
