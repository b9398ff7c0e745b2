"""The PDP, asked about one path, host or variable at a time. There is no second reading of the policy (law 12)."""

from dataclasses import field, replace
from typing import Final

from bailiwick.decision.decide import decide
from bailiwick.enforcement.sandbox.confinement import Reach
from bailiwick.model.access import Access, AccessKind, Facts, HostTarget, PathTarget, Target, VariableTarget
from bailiwick.model.decision import Decision
from bailiwick.model.event import Event, Notice
from bailiwick.model.glob import escape
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import AnyCondition, Policy

_SILENCE: Final = "builtin.silence"

_PROBE: Final = "\ue000bailiwick\ue000"
"""A name of the private use area, which no glob spells: what holds for it holds for names that nobody thought of."""


@value(frozen=False, slots=True)
class Oracle:
    """What a policy allows without a question, for one account in one project.

    A policy that only monitors or warns is taken to be enforced: whoever confines a command means it. Rules that
    only monitor or warn by themselves stop nothing here either.
    """

    policy: Policy
    principal: Principal
    project: str
    now: int = 0
    _request: Request = field(init=False)
    _defaults: frozenset[str] = field(init=False)
    _granting: Policy = field(init=False)
    _known: dict[tuple[AccessKind, Target], Decision] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = replace(self.policy, mode=Mode.ENFORCE)
        self._request = Request(
            principal=self.principal,
            event=Event(name="", session="", cwd=self.project, what=Notice()),
            session=Session(key="", profile=self.policy.profile, project=self.project),
            now=self.now,
        )
        rules = (rule for layer in self.policy.layers for rule in (*layer.defaults.values(), *layer.rules))
        self._defaults = frozenset(rule.id for rule in rules if isinstance(rule.when, AnyCondition))
        self._granting = replace(
            self.policy,
            layers=tuple(
                replace(layer, rules=tuple(rule for rule in layer.rules if rule.verdict is Verdict.ALLOW))
                for layer in self.policy.layers
            ),
        )

    def reach(self, path: str) -> Reach:
        """How far a command may go at ``path`` without a question."""
        if not self._allows(AccessKind.READ, PathTarget(path=path)):
            return Reach.NOTHING
        writes = (self._allows(kind, PathTarget(path=path)) for kind in (AccessKind.WRITE, AccessKind.DELETE))
        return Reach.WRITE if all(writes) else Reach.READ

    def reach_below(self, directory: str) -> Reach:
        """How far a command may go at any path in ``directory``, itself included.

        Permissions must cover the whole tree, which is a question about regular languages; objections to names at
        any place are met by a name that stands for all others. Objections to some names are places of their own.
        """
        inside = directory.rstrip("/")
        probed = min(map(self.reach, (directory, f"{inside}/{_PROBE}", f"{inside}/{_PROBE}/{_PROBE}")))
        if probed is Reach.NOTHING or not self._grants(AccessKind.READ, inside):
            return Reach.NOTHING
        writes = (self._grants(kind, inside) for kind in (AccessKind.WRITE, AccessKind.DELETE))
        return Reach.WRITE if probed is Reach.WRITE and all(writes) else Reach.READ

    def _grants(self, kind: AccessKind, inside: str) -> bool:
        tree = Access(kind=kind, target=PathTarget(path=f"{escape(inside)}/**", pattern=True))
        return decide(self._granting, self._request, Facts(accesses=(tree,))).enforced is Verdict.ALLOW

    def objected(self, path: str) -> bool:
        """Whether an entry of the policy, rather than what it says of everything else, stands against reading ``path``."""
        decision = self._ask(AccessKind.READ, PathTarget(path=path))
        return any(
            r.verdict > Verdict.ALLOW and r.rule not in {*self._defaults, _SILENCE} for r in decision.reasons
        )

    def why(self, path: str, reach: Reach) -> str:
        """The rule behind the reach at ``path``: its id and where it was written."""
        kind = AccessKind.WRITE if reach is Reach.READ else AccessKind.READ
        reasons = self._ask(kind, PathTarget(path=path)).reasons
        return f"{reasons[0].rule} ({reasons[0].origin})" if reasons else ""

    def connects(self, host: str) -> bool:
        """Whether the command may connect to ``host``; ``*`` is one that is not known."""
        return self._allows(AccessKind.CONNECT, HostTarget(host=host))

    def sees(self, variable: str) -> bool:
        """Whether the command may read an environment variable."""
        return self._allows(AccessKind.READ, VariableTarget(name=variable))

    def allows(self, kind: AccessKind, path: str) -> bool:
        """Whether one kind of access to ``path`` needs no question."""
        return self._allows(kind, PathTarget(path=path))

    def _allows(self, kind: AccessKind, target: Target) -> bool:
        return self._ask(kind, target).enforced is Verdict.ALLOW

    def _ask(self, kind: AccessKind, target: Target) -> Decision:
        key = (kind, target)
        if key not in self._known:
            facts = Facts(accesses=(Access(kind=kind, target=target),))
            self._known[key] = decide(self.policy, self._request, facts)
        return self._known[key]
