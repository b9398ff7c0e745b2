"""Policy as it holds while skills are loaded and active: approvals as a layer of their own. Pure.

1. What is loaded, or read of a skill's files, is denied unless an approval of these very bytes holds, at every place from
   which the client may take it.
2. Each active skill adds its ceiling (``ceiling``). Where its approval was withdrawn since, the ceiling is empty.
3. A denial by a ceiling names the line of the manifest that would allow the call.
4. An approved skill is listed by its approval: a layer that asks about skills that nobody lists (``other: ask``) does not
   ask about it. What names the skill, and ``other: deny``, hold as ever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from shlex import quote

from bailiwick.decision.ceiling import ALL, IMPLIED, SHARED, ceiling, ceiling_of, grant_for
from bailiwick.information.approvals import (
    ActiveSkill,
    Approval,
    Approvals,
    Grant,
    Load,
    Needs,
    SkillCopy,
    SkillEvidence,
    rule_name,
)
from bailiwick.model.access import Access, AccessKind, Facts, NameTarget, PathTarget, ProgramTarget
from bailiwick.model.decision import Contain, Decision, Origin, Reason
from bailiwick.model.glob import escape, name_glob
from bailiwick.model.skill import CapabilityKind
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import (
    AnyCondition,
    Condition,
    Layer,
    NameCondition,
    PathCondition,
    Policy,
    Rule,
    Scope,
    SkillRequirement,
    Subject,
)

MAX_READY = 64
"""Policies with ceilings that are kept ready: one for each set of active skills."""

MAX_NAMED = 1000
"""Characters of a skill's name that is written into a rule."""

UNFOLLOWED = "unknown"
"""The name under which a conversation is bounded in which more skills were loaded than anybody can follow."""

_TOO_MANY = (
    "More skills were loaded in this conversation than can be told apart, so nothing is known to be granted"
)
_AFRESH = "Start a new conversation (/clear)."

TOUCHING = frozenset({AccessKind.READ, AccessKind.EXECUTE, AccessKind.CHANGE_CONFIG})

_ready: dict[object, tuple[Policy, Policy]] = {}


def held(policy: Policy, evidence: SkillEvidence) -> Policy:
    """``policy`` narrowed by what is known of skills; the same object where it requires no approvals."""
    if not policy.skills.requirements and not policy.skills.forks:
        return policy
    loading = _loading(policy, evidence)
    if not policy.skills.requirements:
        return replace(policy, layers=(*policy.layers, *loading)) if loading else policy
    listing = _listing(policy, evidence)
    key = (id(policy), evidence.active, _approved(evidence), evidence.full)
    known = _ready.get(key)
    if known is None or known[0] is not policy:
        while len(_ready) >= MAX_READY:
            _ready.pop(next(iter(_ready)), None)
        layers = tuple(ceilings(policy, evidence))
        known = (policy, replace(policy, layers=(*policy.layers, *layers)) if layers else policy)
        _ready[key] = known
    narrowed = known[1]
    if not listing:
        return replace(narrowed, layers=(*narrowed.layers, *loading)) if loading else narrowed
    return replace(narrowed, layers=(*map(_not_asking, narrowed.layers), *listing, *loading))


def _approved(evidence: SkillEvidence) -> tuple[Approval, ...]:
    named = evidence.approvals.by_name
    return tuple(one for skill in evidence.active for one in named.get(plain_name(skill.name), ()))


def ceilings(policy: Policy, evidence: SkillEvidence) -> Iterator[Layer]:
    """The layer of each active skill (2), the latest called last."""
    if evidence.full:
        yield ceiling(UNFOLLOWED, (), roots=(), subjects=ALL)
    called = [skill for skill in evidence.active if skill.called]
    for skill in evidence.active:
        if not skill.places and _is_bundled(policy, skill.name):
            continue
        subjects = ALL if called and skill is called[-1] else SHARED
        yield _ceiling(skill, evidence.approvals, subjects)


def _ceiling(skill: ActiveSkill, approvals: Approvals, subjects: frozenset[Subject]) -> Layer:
    roots = tuple(root for root, _ in skill.places)
    holding = _holding(skill, approvals)
    if not holding:
        return ceiling(skill.name, (), roots=roots, subjects=subjects)
    common = frozenset(holding[0].grants).intersection(*(one.grants for one in holding))
    return ceiling_of(replace(holding[0], grants=tuple(sorted(common))), roots=roots, subjects=subjects)


def _holding(skill: ActiveSkill, approvals: Approvals) -> list[Approval]:
    """The approvals by which a skill was loaded; none where one of them no longer holds.

    Where nobody looked where it came from, the latest of its name.
    """
    if not skill.places:
        return list(approvals.by_name.get(plain_name(skill.name), ())[-1:])
    found = [approval_for(approvals, skill.name, digest) for _, digest in skill.places]
    holding = [one for one in found if one is not None]
    return holding if len(holding) == len(found) else []


def approval_for(approvals: Approvals, name: str, digest: str) -> Approval | None:
    """The latest approval of these bytes under this name."""
    fitting = [one for one in approvals.by_name.get(plain_name(name), ()) if digest and one.digest == digest]
    return max(fitting, key=lambda one: (one.approved_on, one.id), default=None)


def plain_name(name: str) -> str:
    """A skill's own name, without the plugin or directory that the client puts before it."""
    return name.rpartition(":")[2]


def unapproved(approvals: Approvals, found: Sequence[SkillCopy]) -> tuple[str, ...]:
    """The names of ``found`` under which some copy is not approved, in order."""
    return tuple(sorted({copy.name for copy in found if _fault(copy, approvals) is not None}))


def _listing(policy: Policy, evidence: SkillEvidence) -> tuple[Layer, ...]:
    """The layer that lists what is loaded, where every copy of all of it is approved (4)."""
    rules = []
    for load in evidence.loads:
        given = [approval_for(evidence.approvals, copy.name, copy.digest) for copy in load.copies]
        held_by = [one for one in given if one is not None]
        if load.by or load.problem or not held_by or len(held_by) < len(given):
            return ()
        said = f"The skill {_shown(load.name)} is approved ({held_by[0].id} by {held_by[0].approved_by})"
        rules.append(
            Rule(
                id=f"{policy.skills.requirements[0].id}.approved",
                origin=held_by[0].origin,
                subject=Subject.SKILLS,
                verdict=Verdict.ALLOW,
                when=_called(load.name),
                because=said,
            )
        )
    return (Layer(scope=Scope.ORGANISATION, name="approved skills", rules=tuple(rules)),) if rules else ()


def _not_asking(layer: Layer) -> Layer:
    default = layer.defaults.get(Subject.SKILLS)
    if default is None or default.verdict is not Verdict.ASK:
        return layer
    return replace(
        layer, defaults={of: one for of, one in layer.defaults.items() if of is not Subject.SKILLS}
    )


def _is_bundled(policy: Policy, name: str) -> bool:
    return all(
        any(name_glob(glob).matches(name) for glob in requirement.bundled)
        for requirement in policy.skills.requirements
    )


def _loading(policy: Policy, evidence: SkillEvidence) -> tuple[Layer, ...]:
    """The layer that stops what may not be loaded (1)."""
    rules = [
        *(rule for one in policy.skills.requirements for rule in _required(one, evidence)),
        *_unforked(policy, evidence),
    ]
    return (Layer(scope=Scope.SKILL, name="skills", rules=tuple(rules)),) if rules else ()


def _required(requirement: SkillRequirement, evidence: SkillEvidence) -> Iterator[Rule]:
    for load in evidence.loads:
        if (why := _unapproved(load, requirement, evidence.approvals)) is None:
            continue
        if load.by:
            because = f"the sub-agent {_shown(load.by)} starts with a skill: {why[0]}"
            yield _stop(
                requirement.id, requirement.origin, _called(load.by), (because, why[1]), Subject.AGENTS
            )
        else:
            yield _stop(requirement.id, requirement.origin, _called(load.name), why)
    for copy in evidence.touched:
        if (why := _fault(copy, evidence.approvals)) is not None:
            inside = PathCondition(kinds=TOUCHING, glob=f"{escape(copy.root)}/**")
            yield _stop(requirement.id, requirement.origin, inside, why)


def _called(name: str) -> Condition:
    """A skill by its name; a name too long for a glob stands for every skill, of which the call has one."""
    return NameCondition(name=escape(name)) if len(name) <= MAX_NAMED else AnyCondition()


def _unforked(policy: Policy, evidence: SkillEvidence) -> Iterator[Rule]:
    for load in evidence.loads:
        if load.by or (load.copies and all(copy.forks for copy in load.copies)):
            continue
        instead = (
            f"add `context: fork` to its front matter and have it approved again: {_approve(load.name)}",
        )
        when = _called(load.name)
        for fork in policy.skills.forks:
            if name_glob(fork.name).matches(plain_name(load.name)):
                because = f"the skill {_shown(load.name)} may run in a sub-agent of its own only"
                yield _stop(fork.id, fork.origin, when, (fork.because or because, *instead))
        for copy in load.copies:
            approval = approval_for(evidence.approvals, load.name, copy.digest)
            if approval is not None and approval.fork and policy.skills.requirements:
                because = f"the skill {_shown(load.name)} was approved for a sub-agent of its own only"
                name = f"skill.{rule_name(load.name)}.fork"
                yield _stop(name, approval.origin, when, (because, *instead))


def _stop(
    name: str, origin: Origin, when: Condition, why: tuple[str, str], subject: Subject = Subject.SKILLS
) -> Rule:
    return Rule(
        id=name,
        origin=origin,
        subject=Subject.FILES if isinstance(when, PathCondition) else subject,
        verdict=Verdict.DENY,
        when=when,
        because=why[0],
        instead=why[1],
    )


def _unapproved(load: Load, requirement: SkillRequirement, approvals: Approvals) -> tuple[str, str] | None:
    """Why a skill may not load, and what to do instead."""
    if load.problem:
        return f"where the skill {_shown(load.name)} comes from can't be told: {load.problem}", _GO_ON
    if not load.copies:
        if any(name_glob(glob).matches(load.name) for glob in requirement.bundled):
            return None
        return (
            f"the skill {_shown(load.name)} is not approved, and none of that name stands on this machine",
            f"{_GO_ON} If it is the client's own, `skills.bundled` can name it.",
        )
    return next((why for copy in load.copies if (why := _fault(copy, approvals)) is not None), None)


_GO_ON = "Go on without the skill."


def _fault(copy: SkillCopy, approvals: Approvals) -> tuple[str, str] | None:
    name, root = _shown(copy.name), _shown(copy.root)
    if approvals.problem:
        return f"no skill is approved: {approvals.problem}", f"{_GO_ON} `bailiwick skill verify` says more."
    if not copy.digest:
        return (
            f"the skill {name} at {root} can't be approved: {copy.problem}",
            f"{_GO_ON} Mend it, then {_approve(name)}.",
        )
    if approval_for(approvals, copy.name, copy.digest) is not None:
        return None
    if told := approvals.taken_back(plain_name(copy.name), copy.digest):
        return (f"the approval of the skill {name} at {root} was withdrawn {_shown(told)}", _GO_ON)
    if any(one.digest == copy.digest for one in approvals.held):
        return (
            f"the skill at {root} was approved under another name than {name}",
            f"{_GO_ON} Approve it under this name: {_approve(name)}.",
        )
    if known := approvals.by_name.get(plain_name(copy.name)):
        return (
            f"the skill {name} at {root} has changed since it was approved ({known[-1].digest[:12]}, now {copy.digest[:12]})",
            f"{_GO_ON} To see what changed and have it approved: {_approve(root)}.",
        )
    return (
        f"the skill {name} at {root} is not approved for you",
        f"{_GO_ON} To have it approved: {_approve(root)}.",
    )


def _approve(what: str) -> str:
    return f"`bailiwick skill approve {quote(_shown(what))} --as role:ROLE`"


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:200])


def explained(decision: Decision, evidence: SkillEvidence, *, project: str = "", home: str = "") -> Decision:
    """``decision`` with the lines of the manifest that would allow what a ceiling stops, and the command that adds them (3)."""
    if not any(reason.rule.startswith("skill.") for reason in decision.reasons):
        return decision
    skills = {rule_name(skill.name): skill for skill in evidence.active}
    # What another layer denies as well, no manifest allows: nobody is asked to grant it.
    vain = any(one.verdict is Verdict.DENY and not one.rule.startswith("skill.") for one in decision.reasons)
    about = [
        (reason, _bounding(reason, skills), None if vain else _needed(reason, skills, project, home))
        for reason in decision.reasons
    ]
    lines: dict[ActiveSkill, dict[Grant, None]] = {}
    for _, skill, grant in about:
        if skill is not None and grant is not None:
            lines.setdefault(skill, {})[grant] = None
    told: set[ActiveSkill] = set()
    reasons = []
    for reason, skill, grant in about:
        if skill is None:
            untold = evidence.full and reason.rule.startswith(f"skill.{UNFOLLOWED}.")
            reasons.append(replace(reason, message=_TOO_MANY, instead=_AFRESH) if untold else reason)
            continue
        holding = _holding(skill, evidence.approvals)
        if not holding:
            reasons.append(replace(reason, message=_lost(skill, evidence.approvals), instead=_AFRESH))
            continue
        if grant is None:
            reasons.append(reason)
            continue
        reasons.append(
            _explained(reason, skill, holding, grant, () if skill in told else tuple(lines.get(skill, ())))
        )
        told.add(skill)
    return replace(decision, reasons=tuple(reasons))


def _lost(skill: ActiveSkill, approvals: Approvals) -> str:
    told = next(
        filter(None, (approvals.taken_back(plain_name(skill.name), of) for _, of in skill.places)), ""
    )
    since = f": it was withdrawn {_shown(told)}" if told else ""
    return f"The approval of the skill {_shown(skill.name)}, whose text is in this conversation, no longer holds{since}"


def _bounding(reason: Reason, skills: dict[str, ActiveSkill]) -> ActiveSkill | None:
    """The active skill whose ceiling stops what ``reason`` is about."""
    stem, _, rest = reason.rule.partition(".")
    if stem != "skill" or reason.verdict is Verdict.ALLOW or not isinstance(reason.about, Access):
        return None
    return skills.get(rest.partition(".")[0])


def _needed(reason: Reason, skills: dict[str, ActiveSkill], project: str, home: str) -> Grant | None:
    skill = _bounding(reason, skills)
    if skill is None or not isinstance(reason.about, Access) or reason.verdict is not Verdict.DENY:
        return None  # a question is for the sandbox to answer: no line of a manifest makes code known
    grant = grant_for(reason.about, [root for root, _ in skill.places], project=project, home=home)
    for kind in (CapabilityKind.MEMORY_WRITE, CapabilityKind.CONFIG_WRITE):
        if grant is not None and reason.rule.endswith(f".{kind}"):
            grant = replace(grant, kind=kind)
    return grant


def _explained(
    reason: Reason,
    skill: ActiveSkill,
    holding: Sequence[Approval],
    grant: Grant,
    lines: Sequence[Grant],
) -> Reason:
    """``lines`` are all that the call needs, told with the first reason of a skill; none with the others."""
    need = f"The manifest would need `{_shown(str(grant))}`"
    if not lines:
        return replace(reason, instead=f"{need}.")
    tools = {tool for line in lines for tool in IMPLIED.get(line.kind, ())}
    given = [
        f"--grant {quote(_shown(str(line)))}"
        for line in lines
        if line.kind is not CapabilityKind.TOOL or line.target not in tools
    ]
    roles = ",".join(dict.fromkeys(role for one in holding for role in one.roles))
    name = skill.name if ":" not in skill.name or not skill.places else skill.places[0][0]
    asked = f"`bailiwick skill approve {quote(_shown(name))} {' '.join(given)} --as {quote(f'role:{roles}')}`"
    past = (
        "" if skill.called else " It was loaded earlier and its text is still here; /clear starts without it."
    )
    return replace(
        reason, instead=f"{need} ({'all of it: ' * (len(given) > 1)}{asked}). {reason.instead}{past}"
    )


def pinned(decision: Decision, evidence: SkillEvidence, *, offline: bool) -> Decision:
    """``decision`` with its sandbox bound to the same ceilings: the kernel holds the command to what was decided here."""
    if not any(isinstance(one, Contain) for one in decision.obligations):
        return decision
    duties = tuple(
        replace(one, skills=evidence.active, offline=offline) if isinstance(one, Contain) else one
        for one in decision.obligations
    )
    return replace(decision, obligations=duties)


def needs(facts: Facts) -> Needs:
    """What must be known of skills to judge ``facts``."""
    names: dict[str, None] = {}
    agents: dict[str, None] = {}
    read: dict[str, None] = {}
    executed: dict[str, None] = {}
    for access in facts.accesses:
        match access:
            case Access(kind=AccessKind.LOAD_SKILL, target=NameTarget(name=name)):
                names[name] = None
            case Access(kind=AccessKind.SPAWN_AGENT, target=NameTarget(name=name)):
                agents[name] = None
            case Access(kind=kind, target=PathTarget() as path) if kind in TOUCHING:
                found = dict.fromkeys(_paths(path))
                read |= found
                if kind is AccessKind.EXECUTE or _runs(access, facts):
                    executed |= found
            case _:
                pass
    return Needs(names=tuple(names), agents=tuple(agents), read=tuple(read), executed=tuple(executed))


def _runs(access: Access, facts: Facts) -> bool:
    """Whether a program reads the file to run it."""
    if access.by is None or access.by >= len(facts.accesses):
        return False
    program = facts.accesses[access.by].target
    return isinstance(program, ProgramTarget) and (program.project_code or program.unknown)


def _paths(target: PathTarget) -> Sequence[str]:
    if target.pattern:
        return target.expanded or ()
    return (target.path,) if target.real is None else (target.path, target.real)
