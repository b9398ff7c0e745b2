"""The laws of the PDP (design §3), as properties of random policies, requests and facts."""

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import strategies as some

from bailiwick.decision import bound as bound_module
from bailiwick.decision.decide import MAX_REASONS, decide
from bailiwick.decision.patterns import MAX_PATTERNS
from bailiwick.model.access import Access, AccessKind, Facts, Opaque, PathTarget, ProgramTarget
from bailiwick.model.decision import Origin
from bailiwick.model.event import Event, Notice
from bailiwick.model.glob import Glob
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import Layer, PathCondition, Policy, Rule, Scope, Subject

law = settings(max_examples=80, deadline=None)
sources = pytest.mark.skipif(
    not str(bound_module.__file__).endswith(".py"),
    reason="compiled: takes no value of another type, and no function in place of one of its own",
)


@law
@given(some.policies(), some.requests(), some.facts, st.randoms(use_true_random=False))
def test_the_order_of_layers_and_rules_does_not_matter(
    policy: Policy, request: Request, facts: Facts, order: random.Random
) -> None:
    shuffled = [
        replace(layer, rules=tuple(order.sample(layer.rules, len(layer.rules)))) for layer in policy.layers
    ]
    order.shuffle(shuffled)
    other = decide(replace(policy, layers=tuple(shuffled)), request, facts)
    ours = decide(policy, request, facts)
    assert (ours.verdict, ours.enforced, ours.errors) == (other.verdict, other.enforced, other.errors)
    told = [(reason.rule, reason.verdict, reason.mode) for reason in ours.reasons]
    assert told == [(reason.rule, reason.verdict, reason.mode) for reason in other.reasons]
    assert sorted(map(repr, ours.obligations)) == sorted(map(repr, other.obligations))


@law
@given(some.policies(), some.requests(), some.facts)
def test_the_same_question_gets_the_same_answer(policy: Policy, request: Request, facts: Facts) -> None:
    first = decide(policy, request, facts)
    bound_module._ready.clear()
    assert decide(replace(policy), request, facts) == first


@law
@given(
    some.policies(lifted=False),
    some.requests(),
    some.facts,
    some.layers(scope=some.SCOPES, verdict=st.sampled_from([Verdict.ASK, Verdict.DENY])),
)
def test_a_layer_that_objects_never_weakens(
    policy: Policy, request: Request, facts: Facts, layer: Layer
) -> None:
    more = replace(policy, layers=(*policy.layers, layer))
    assert decide(more, request, facts).verdict >= decide(policy, request, facts).verdict


@law
@given(some.policies(mode=False, lifted=False), some.requests(), some.facts, some.layers(scope=some.NARROW))
def test_a_narrower_layer_never_allows_more(
    policy: Policy, request: Request, facts: Facts, layer: Layer
) -> None:
    before = decide(policy, request, facts)
    after = decide(replace(policy, layers=(*policy.layers, layer)), request, facts)
    assert after.verdict >= before.verdict
    assert after.enforced >= before.enforced


@law
@given(
    some.policies(lifted=False, mode=False),
    some.requests(),
    some.facts,
    some.rules(mode=False, verdict=st.just(Verdict.DENY)),
    st.data(),
)
def test_a_denying_rule_never_weakens(
    policy: Policy, request: Request, facts: Facts, rule: Rule, data: st.DataObject
) -> None:
    if not policy.layers:
        return
    where = data.draw(st.integers(0, len(policy.layers) - 1))
    layers = [
        replace(layer, rules=(*layer.rules, rule)) if number == where else layer
        for number, layer in enumerate(policy.layers)
    ]
    before, after = (
        decide(policy, request, facts),
        decide(replace(policy, layers=tuple(layers)), request, facts),
    )
    assert after.verdict >= before.verdict
    assert after.enforced >= before.enforced


@law
@given(some.policies(lifted=False), some.requests(), some.facts, some.facts)
def test_more_accesses_never_weaken_and_combine_by_max(
    policy: Policy, request: Request, one: Facts, other: Facts
) -> None:
    both = Facts(
        accesses=one.accesses + other.accesses,
        opaque=one.opaque + other.opaque,
        findings=one.findings + other.findings,
    )
    together = decide(policy, request, both)
    apart = [decide(policy, request, facts) for facts in (one, other)]
    assert together.verdict == max(decision.verdict for decision in apart)
    if together.enforced is Verdict.ALLOW:
        assert all(
            decision.enforced is Verdict.ALLOW or not (facts.accesses or facts.opaque)
            for decision, facts in zip(apart, (one, other), strict=True)
        )


@law
@given(some.policies(), some.requests(), some.facts)
def test_nothing_opaque_is_allowed_unless_policy_says_so(
    policy: Policy, request: Request, facts: Facts
) -> None:
    decision = decide(policy, request, replace(facts, opaque=(Opaque(reason="eval"),)))
    if Verdict.ALLOW in {decision.verdict, decision.enforced}:
        said = [
            rule
            for layer in policy.layers
            for rule in (*layer.rules, *layer.defaults.values())
            if rule.subject is Subject.OPAQUE
        ]
        lifted = [
            reason for reason in decision.reasons if reason.exception and reason.rule in {r.id for r in said}
        ]
        assert lifted or any(rule.verdict is Verdict.ALLOW for rule in said)


@law
@given(some.policies(), some.requests(), some.facts)
def test_reasons_are_ordered_enough_and_say_what_to_do_instead(
    policy: Policy, request: Request, facts: Facts
) -> None:
    decision = decide(policy, request, facts)
    assert [reason.verdict for reason in decision.reasons] == sorted(
        (reason.verdict for reason in decision.reasons), reverse=True
    )
    assert len(decision.reasons) <= MAX_REASONS
    assert all(reason.instead for reason in decision.reasons if reason.verdict is Verdict.DENY)
    if decision.verdict > Verdict.ALLOW:
        assert decision.reasons[0].verdict is decision.verdict
    assert not decision.errors


@law
@given(some.policies(), some.requests(), some.facts)
def test_modes_carry_out_at_most_what_policy_says(policy: Policy, request: Request, facts: Facts) -> None:
    decision = decide(policy, request, facts)
    assert decision.enforced <= decision.verdict
    rules = [rule for layer in policy.layers for rule in (*layer.rules, *layer.defaults.values())]
    if policy.mode is Mode.ENFORCE and all(rule.mode in {None, Mode.ENFORCE} for rule in rules):
        assert decision.enforced is decision.verdict
    if policy.mode is not Mode.ENFORCE and all(rule.mode is not Mode.ENFORCE for rule in rules):
        assert decision.enforced is Verdict.ABSTAIN
    # What stops the call is told by a rule that is in force.
    if decision.enforced > Verdict.ALLOW:
        assert (
            any(r.verdict > Verdict.ALLOW and r.mode is Mode.ENFORCE for r in decision.reasons)
            or len(decision.reasons) == MAX_REASONS
        )


@law
@given(some.policies(), some.requests(), some.facts)
def test_monitoring_rules_change_nothing_that_is_carried_out(
    policy: Policy, request: Request, facts: Facts
) -> None:
    """In an enforcing policy, taking a monitoring rule away (not a default) leaves what is carried out as it is."""
    policy = replace(policy, mode=Mode.ENFORCE)
    without = tuple(
        replace(
            layer,
            rules=tuple(
                r for r in layer.rules if r.verdict is Verdict.ALLOW or r.mode in {None, Mode.ENFORCE}
            ),
        )
        for layer in policy.layers
    )
    before, after = decide(policy, request, facts), decide(replace(policy, layers=without), request, facts)
    if after.enforced > Verdict.ALLOW and before.enforced is Verdict.ABSTAIN:
        # Nobody else spoke: what only a monitoring rule speaks of is left to the client, not asked.
        assert any(reason.rule == "builtin.silence" for reason in after.reasons)
    elif before.enforced is Verdict.ABSTAIN:
        assert after.enforced <= Verdict.ALLOW
    else:
        silent = any(reason.rule == "builtin.silence" for reason in after.reasons)
        assert before.enforced <= after.enforced or silent


@law
@given(some.policies(), some.requests(), some.facts)
def test_exceptions_lift_and_never_tighten(policy: Policy, request: Request, facts: Facts) -> None:
    without = decide(replace(policy, exceptions=()), request, facts)
    assert decide(policy, request, facts).verdict <= without.verdict
    expired = tuple(replace(one, expires=request.now) for one in policy.exceptions)
    assert decide(replace(policy, exceptions=expired), request, facts) == without
    early = tuple(replace(one, approved_on=request.now + 1) for one in policy.exceptions)
    assert decide(replace(policy, exceptions=early), request, facts) == without
    others = tuple(replace(one, users=frozenset({"v"}), groups=frozenset({"h"})) for one in policy.exceptions)
    assert decide(replace(policy, exceptions=others), request, facts) == without


@law
@given(some.policies(), some.requests(), some.facts)
def test_builtin_rules_cannot_be_lifted(policy: Policy, request: Request, facts: Facts) -> None:
    builtin = tuple(replace(layer, scope=Scope.BUILTIN) for layer in policy.layers)
    policy = replace(policy, layers=builtin)
    assert decide(policy, request, facts) == decide(replace(policy, exceptions=()), request, facts)


@law
@given(some.policies(lifted=False), some.requests(), st.sampled_from(some.KINDS), some.literal_paths)
def test_a_link_is_judged_as_both_of_its_ends(
    policy: Policy, request: Request, kind: AccessKind, target: PathTarget
) -> None:
    def verdict(path: PathTarget) -> Verdict:
        return decide(policy, request, Facts(accesses=(Access(kind=kind, target=path),))).verdict

    ends = {target.path, target.real or target.path}
    assert verdict(target) == max(verdict(PathTarget(path=end)) for end in ends)


@law
@given(
    some.policies(lifted=False, mode=False),
    some.requests(attended=True),
    st.sampled_from(some.KINDS),
    st.sampled_from(some.PATTERNS),
    st.sampled_from(some.PATHS),
)
def test_a_pattern_gets_at_least_what_each_of_its_paths_gets(
    policy: Policy, request: Request, kind: AccessKind, pattern: str, path: str
) -> None:
    def verdict(target: PathTarget) -> Verdict:
        return decide(policy, request, Facts(accesses=(Access(kind=kind, target=target),))).verdict

    if Glob(pattern).matches(path):
        one = verdict(PathTarget(path=path))
        somewhere = kind is AccessKind.WRITE and pattern.endswith("/**")
        if not somewhere:
            assert verdict(PathTarget(path=pattern, pattern=True)) >= min(one, Verdict.ASK)
        seen = verdict(PathTarget(path=pattern, pattern=True, expanded=("/w", path)))
        assert seen >= (min(one, Verdict.ASK) if somewhere else one)


@law
@given(
    some.policies(lifted=False, mode=False),
    some.requests(attended=True),
    some.programs,
    st.lists(st.sampled_from(["push", "origin", "-f", "--force", "zzz"]), min_size=8, max_size=8),
)
def test_an_unknown_word_is_judged_as_any_word(
    policy: Policy, request: Request, program: ProgramTarget, words: list[str]
) -> None:
    def verdict(target: ProgramTarget) -> Verdict:
        return decide(
            policy, request, Facts(accesses=(Access(kind=AccessKind.EXECUTE, target=target),))
        ).verdict

    fill = iter(words)
    known = replace(
        program,
        words=tuple(next(fill) if word is None else word for word in program.words),
        argv=tuple(next(fill) if word is None else word for word in program.argv),
    )
    if program.open_ended:
        known = replace(known, open_ended=False, words=(*known.words, words[7]), argv=(*known.argv, words[6]))
    unknown = verdict(program)
    assert unknown >= min(verdict(known), Verdict.ASK)
    if unknown is Verdict.ALLOW:
        assert verdict(known) is Verdict.ALLOW


_garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@sources
@given(some.policies(), some.requests(), _garbage, _garbage, st.sampled_from(some.KINDS))
def test_garbage_is_at_least_a_question(
    policy: Policy, request: Request, path: Any, words: Any, kind: AccessKind
) -> None:
    facts = Facts(
        accesses=(
            Access(kind=kind, target=PathTarget(path=path, pattern=True)),
            Access(kind=kind, target=ProgramTarget(name=path, words=words, argv=words)),
        )
    )
    decision = decide(policy, request, facts)
    if decision.errors:
        assert decision.enforced >= Verdict.ASK
        assert decision.verdict >= Verdict.ASK
    assert decision.reasons


@sources
@pytest.mark.parametrize("broken", [lambda *_: 1 / 0, lambda *_: "x" * (1 << 62)])
def test_any_error_inside_is_a_question_or_a_denial(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[..., Any]
) -> None:
    request = _request()
    monkeypatch.setattr("bailiwick.decision.decide.bind", broken)
    policy = Policy(profile="p", description="", layers=(), mode=Mode.MONITOR)
    decision = decide(policy, request, Facts())
    assert decision.errors
    assert decision.enforced is Verdict.ASK
    alone = replace(request, session=replace(request.session, unattended=True))
    assert decide(policy, alone, Facts()).enforced is Verdict.DENY


def _request() -> Request:
    return Request(
        principal=Principal(user="u", uid=1, home="/home/u"),
        event=Event(name="PreToolUse", session="s", cwd="/w", what=Notice()),
        session=Session(key="k", profile="p", project="/w"),
    )


def test_a_rule_that_cannot_be_carried_out_is_an_error_of_every_decision() -> None:
    rule = Rule(
        id="r",
        origin=Origin(file="p.yaml", line=7),
        subject=Subject.FILES,
        verdict=Verdict.DENY,
        when=PathCondition(kinds=frozenset(AccessKind), glob="/a[b"),
        because="b",
    )
    policy = Policy(
        profile="p",
        description="",
        layers=(Layer(scope=Scope.PROFILE, name="p", rules=(rule,)),),
        mode=Mode.MONITOR,
    )
    decision = decide(policy, _request(), Facts())
    assert decision.enforced is Verdict.ASK
    assert "p.yaml:7" in decision.errors[0]


@pytest.mark.parametrize(
    "pattern", ["?" * 2000, "*a*b?c" * 50, "**/*a*" * 15, "{a*,b*,**,*c}/" * 4 + "x", "*/" * 200 + "**"]
)
def test_a_pattern_too_costly_to_judge_is_not_allowed(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = frozenset({AccessKind.READ})
    origin = Origin(file="p.yaml", line=1)
    rules = [
        Rule(
            id=glob,
            origin=origin,
            subject=Subject.FILES,
            verdict=verdict,
            when=PathCondition(kinds=kinds, glob=glob),
            because="b",
        )
        for glob, verdict in (
            ("/**", Verdict.ALLOW),
            ("**/[a-m]*b/x*y", Verdict.DENY),
            ("**/*.env", Verdict.DENY),
        )
    ]
    policy = Policy(
        profile="p", description="", layers=(Layer(scope=Scope.PROFILE, name="p", rules=tuple(rules)),)
    )
    access = Access(kind=AccessKind.READ, target=PathTarget(path=f"/{pattern}", pattern=True))
    monkeypatch.setattr("bailiwick.decision.decide.MAX_STEPS", 100)
    assert decide(policy, _request(), Facts(accesses=(access,))).verdict >= Verdict.ASK
    many = tuple(
        replace(access, target=PathTarget(path=f"/w/{n}*.py", pattern=True)) for n in range(MAX_PATTERNS + 1)
    )
    monkeypatch.setattr("bailiwick.decision.decide.MAX_STEPS", 20_000)
    assert decide(policy, _request(), Facts(accesses=many[:-1])).verdict is Verdict.ALLOW
    assert decide(policy, _request(), Facts(accesses=many)).verdict >= Verdict.ASK
