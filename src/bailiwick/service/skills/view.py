"""What one request is told of skills: the approvals that hold for its person, what it loads and reads, what is active."""

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from posixpath import dirname

from bailiwick.decision.flow import labels_of
from bailiwick.information.approvals import ActiveSkill, Approvals, Load, Needs, SkillEvidence
from bailiwick.information.attribution import Loaded, Places, SkillUse
from bailiwick.information.sessions import NOTHING, Reading, SessionState
from bailiwick.model.access import Facts
from bailiwick.model.event import AgentStart, Event, ToolCall
from bailiwick.model.request import Request
from bailiwick.model.value import value
from bailiwick.policy.types import Lasting, Policy
from bailiwick.service.skills.copies import Copies, Where, root_of
from bailiwick.service.skills.preloads import preloads


@value(frozen=False, slots=True, kw_only=True)
class RequestSkills:
    """``SkillView`` for one request. ``near``: a look at the disk that may take long is ``missed`` instead of taken.

    ``attributed`` is the skill to which the client's transcript puts the call down, if that says anything; ``starts`` the
    type of the sub-agent whose start is reported, if that is what the request is about.
    """

    copies: Copies
    approvals: Approvals
    where: Where
    attributed: str = ""
    starts: str = ""
    base: SkillEvidence = field(default_factory=SkillEvidence)
    near: bool = False
    missed: bool = False
    seen: SkillEvidence = field(default_factory=SkillEvidence)

    @property
    def unseen(self) -> str:
        """The skill that the client names and no event told of."""
        called = {skill.name for skill in self.base.active if skill.called}
        return "" if not self.attributed or self.attributed in called else self.attributed

    def evidence(self, needs: Needs) -> SkillEvidence:
        """What is known, with a look at the skills that are loaded and at those whose files are touched.

        A script that is run is held to its skill's ceiling whether or not the skill was called before.
        """
        roots = [root for skill in self.base.active for root, _ in skill.places]
        touched = _roots(needs.read, roots)
        agents = dict.fromkeys(filter(None, (*needs.agents, self.starts)))
        if self.near and (needs.names or agents or touched):
            self.missed = True
            return self.base
        copies = [copy for root in touched if (copy := self.copies.of_file(root, roots)) is not None]
        run = set(_roots(needs.executed, roots))
        more = tuple(
            ActiveSkill(name=copy.name, places=((copy.root, copy.digest),))
            for copy in copies
            if copy.root in run
            and copy.name not in {skill.name for skill in self.base.active if skill.called}
        )
        if self.unseen and self.unseen not in {one.name for one in more}:
            known = next((one.places for one in self.base.active if one.name == self.unseen), ())
            more = (ActiveSkill(name=self.unseen, places=known), *more)
        kept = tuple(skill for skill in self.base.active if skill.name not in {one.name for one in more})
        self.seen = replace(
            self.base,
            loads=(
                *(self.copies.named(name, self.where) for name in needs.names),
                *(load for agent in agents for load in self._preloaded(agent)),
            ),
            touched=tuple(copies),
            active=(*kept, *more),
        )
        return self.seen

    def _preloaded(self, agent: str) -> Iterator[Load]:
        """The skills that a sub-agent starts with; where that can't be told, one that nobody approved."""
        found = preloads(agent, self.where)
        if found.problem:
            yield Load(name=f"(what {agent} starts with)", by=agent, problem=found.problem)
        for name in found.skills:
            yield replace(self.copies.named(name, self.where), by=agent)


def _roots(paths: Sequence[str], known: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(root for path in paths if (root := root_of(path, known)) is not None))


def active_skills(uses: Sequence[SkillUse], lasting: Lasting) -> tuple[ActiveSkill, ...]:
    """What an agent is held to, the latest last: a skill that lingers counts as long as policy says."""
    found: dict[str, ActiveSkill] = {}
    for use in uses:
        if use.lingers and (lasting is Lasting.TURN or (lasting is Lasting.COMPACTION and use.compacted)):
            continue
        known = found.pop(use.name, None)
        places = dict.fromkeys((*(known.places if known else ()), *use.places))
        called = not use.lingers or (known is not None and known.called)
        found[use.name] = ActiveSkill(name=use.name, places=tuple(places), called=called)
    return tuple(found.values())


def request_skills(  # noqa: PLR0913 - all that one look needs
    *,
    copies: Copies,
    approvals: Approvals,
    policy: Policy,
    state: SessionState,
    event: Event,
    attributed: str,
    near: bool,
) -> RequestSkills:
    """The view for one request of a session."""
    active = active_skills(state.skills.of(event.agent, event.session), policy.skills.active)
    base = SkillEvidence(approvals=approvals, active=active, full=state.skills.full, labels=state.labels)
    own = dirname(dirname(dirname(event.transcript)))
    return RequestSkills(
        copies=copies,
        approvals=approvals,
        where=Where(
            project=state.project,
            cwd=event.cwd if event.cwd.startswith("/") else state.project,
            configurations=tuple(dict.fromkeys(filter(None, (f"{state.home}/.claude", own)))),
        ),
        attributed=attributed,
        starts=event.agent_type if isinstance(event.what, AgentStart) else "",
        base=base,
        near=near,
    )


def reading_of(policy: Policy, request: Request, facts: Facts, known: RequestSkills | None) -> Reading:
    """What a call brings into its conversation once it has run."""
    if known is None:
        return NOTHING
    seen = known.seen
    return Reading(
        loads={
            load.name: Loaded(
                places=_of(load), forks=bool(load.copies) and all(copy.forks for copy in load.copies)
            )
            for load in seen.loads
            if not load.by
        },
        preloads={load.name: _of(load) for load in seen.loads if load.by},
        skills=_read(seen, request),
        unseen=known.unseen,
        labels=tuple(label for rule in policy.flows for label in labels_of(rule, request, facts)),
    )


def _of(load: Load) -> Places:
    return tuple((copy.root, copy.digest) for copy in load.copies)


def _read(seen: SkillEvidence, request: Request) -> dict[str, Places]:
    """The skills whose files the call reads: their text is then in the conversation, as if they had been called."""
    if not isinstance(request.event.what, ToolCall):
        return {}
    found: dict[str, Places] = {}
    for copy in seen.touched:
        found[copy.name] = (*found.get(copy.name, ()), (copy.root, copy.digest))
    return found
