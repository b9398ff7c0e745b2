"""The pure part of an event's path: what it would do, what is noticed about it, what policy says.

A search of a whole tree meets every file in it; that one of them is hidden shall not stop the search for the rest.
So a search that may not run as it stands is judged once more with what the policy withholds left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bailiwick.analysis.tools import analyze
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.decision.flow import flow_layers
from bailiwick.decision.skills import explained, held, needs, pinned
from bailiwick.decision.subjects import subjects_of
from bailiwick.information.approvals import SkillView
from bailiwick.model.access import Access, AccessKind, Facts, PathTarget, ProgramTarget
from bailiwick.model.decision import Decision, Rewrite
from bailiwick.model.event import ToolCall
from bailiwick.model.glob import choices
from bailiwick.model.request import FileView, Request
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import PathCondition, Policy

MAX_LENGTH = 2_000
"""Characters of the names that one search is told to leave out; a policy that hides more by name narrows nothing."""

_NAME = re.compile(r"(?!\*\*)(?:[\w.@+-]|(?<=\w)~|\*(?!\*))+(?:/(?:[\w.@+-]|\*(?!\*))+)*(?:/\*\*)?", re.ASCII)
_CLASS = re.compile(r"\*\[[^\]/]+\]\*?")
_ANYWHERE = "/**/"
_PATTERN = re.compile(r"[*?\[{!]")


@value(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a request does and what policy says of it.

    Where only a narrower call may run, ``request`` is that one, ``narrowing`` what makes it so (the last of the
    obligations too), and facts and decision speak of it. ``policy`` is what it was held to: with the layers of the skills
    that are active, and of what the conversation has read.
    """

    policy: Policy
    request: Request
    facts: Facts
    decision: Decision
    narrowing: Rewrite | None = None


def judge(
    policy: Policy, request: Request, files: FileView, known: SkillView | None = None
) -> tuple[Facts, Decision]:
    """The facts and the decision of :func:`judgement`. Never raises."""
    found = judgement(policy, request, files, known)
    return found.facts, found.decision


def judgement(policy: Policy, request: Request, files: FileView, known: SkillView | None = None) -> Judgement:
    """The facts of ``request`` and what ``policy`` says of it, or of the narrower call that may run. Never raises.

    ``known`` tells of skills and of what the conversation has read; without it nothing is known of either.
    """
    bound, facts, decision = _judged(policy, request, files, known)
    if (
        decision.enforced > Verdict.ALLOW
        and (rewrite := _narrowing(policy, request, facts, decision)) is not None
    ):
        rewritten = _rewritten(request, rewrite)
        there, fewer, narrower = _judged(policy, rewritten, files, known)
        if narrower.enforced is Verdict.ALLOW:
            narrower = replace(narrower, obligations=(*narrower.obligations, rewrite))
            return Judgement(
                policy=there, request=rewritten, facts=fewer, decision=narrower, narrowing=rewrite
            )
    return Judgement(policy=bound, request=request, facts=facts, decision=decision)


def _judged(
    policy: Policy, request: Request, files: FileView, known: SkillView | None
) -> tuple[Policy, Facts, Decision]:
    facts = detect(request, analyze(request, files), subjects=subjects_of(policy))
    if known is None or not (policy.skills.requirements or policy.skills.forks or policy.flows):
        return policy, facts, decide(policy, request, facts)
    try:
        evidence = known.evidence(needs(facts))
        narrowed = held(policy, evidence)
        if layers := flow_layers(policy, request, facts, evidence.labels):
            narrowed = replace(narrowed, layers=(*narrowed.layers, *layers))
        decision = explained(
            decide(narrowed, request, facts),
            evidence,
            project=request.session.project,
            home=request.principal.home,
        )
        return narrowed, facts, pinned(decision, evidence, offline=bool(layers))
    except Exception as error:  # noqa: BLE001 - law: an error is at least ASK; here nobody could say what to ask
        decision = decide(policy, request, facts)
        told = f"{type(error).__name__} while looking at skills"
        denied = replace(
            decision, verdict=Verdict.DENY, enforced=Verdict.DENY, errors=(*decision.errors, told)
        )
        return policy, facts, denied


def _narrowing(policy: Policy, request: Request, facts: Facts, decision: Decision) -> Rewrite | None:
    """What makes a search leave out the files that ``policy`` withholds by name at any depth (``**/.env``).

    None where the call is no search that can be told so, or nothing is withheld so. Whether the narrowed call may run
    is decided like any other: a rewriting that says something else than it should can only be denied.
    """
    call = request.event.what
    if not isinstance(call, ToolCall) or policy.mode is not Mode.ENFORCE:
        return None
    names = tuple(dict.fromkeys(_withheld(policy, decision)))
    if not names or len("".join(names)) > MAX_LENGTH:
        return None
    match call.tool, call.input.get("command"):
        case "Grep", _:
            asked = str(call.input.get("glob") or "").split()
            if any(not _PATTERN.search(word) for word in asked):
                return None  # who asks for `.env` shall be told no, not that nothing was found
            return Rewrite(field="glob", value=" ".join((*asked, _exclusion(names))))
        case "Bash", str(command):
            narrower = _narrower(command, names, facts, decision)
            return None if narrower == command else Rewrite(field="command", value=narrower)
        case _:
            return None


def _narrower(command: str, names: Sequence[str], facts: Facts, decision: Decision) -> str:
    """``command`` with what the objected searches of trees shall leave out written behind the searching program."""
    objected = {
        reason.about.by
        for reason in decision.reasons
        if reason.verdict > Verdict.ALLOW
        and isinstance(reason.about, Access)
        and isinstance(reason.about.target, PathTarget)
        and reason.about.target.pattern
    }
    places: dict[int, str] = {}
    for access in [facts.accesses[number] for number in objected if number is not None]:
        program, cause = access.target, access.cause
        if isinstance(program, ProgramTarget) and cause is not None and program.name in _SEARCHES:
            end = cause.start + len(program.name)
            if command[cause.start : end + 1] == f"{program.name} ":
                places[end] = _SEARCHES[program.name](names)
    for place in sorted(places, reverse=True):
        command = f"{command[:place]} {places[place]}{command[place:]}"
    return command


def _exclusion(names: Sequence[str]) -> str:
    return "!{" + ",".join(f"**/{name.removesuffix('/**')}" for name in names) + "}"


def _of_grep(names: Sequence[str]) -> str:
    files = [f"--exclude={name.removesuffix('/**')}" for name in names]
    directories = [f"--exclude-dir={name.removesuffix('/**')}" for name in names if name.endswith("/**")]
    return " ".join([*files, *directories]).replace("*", r"\*")


_SEARCHES: Mapping[str, Callable[[Sequence[str]], str]] = {
    **dict.fromkeys(("grep", "egrep", "fgrep"), _of_grep),
    "rg": lambda names: f"-g '{_exclusion(names)}'",
}
"""Programs that search trees, and how each is told to leave files out."""


def _rewritten(request: Request, rewrite: Rewrite) -> Request:
    call = request.event.what
    changed = (
        replace(call, input={**call.input, rewrite.field: rewrite.value})
        if isinstance(call, ToolCall)
        else call
    )
    return replace(request, event=replace(request.event, what=changed))


def _withheld(policy: Policy, decision: Decision) -> Iterator[str]:
    """The names at any depth that the objecting rules withhold; a name that ends in ``/**`` is a directory's."""
    objecting = {reason.rule for reason in decision.reasons if reason.verdict > Verdict.ALLOW}
    for layer in policy.layers:
        for rule in layer.rules:
            when = rule.when
            if (
                rule.id in objecting
                and isinstance(when, PathCondition)
                and AccessKind.READ in when.kinds
                and when.glob.startswith(_ANYWHERE)
            ):
                named = tuple(choices(when.glob.removeprefix(_ANYWHERE)))
                # Programs differ in sets of characters; leaving out more than is hidden is no harm.
                names = dict.fromkeys(_CLASS.sub("*", name) for name in named)
                if all(_NAME.fullmatch(name) for name in names):
                    yield from (name for name in names if not _covered(name, names))


def _covered(name: str, names: Iterable[str]) -> bool:
    """Whether what ``name`` leaves out one of the others leaves out already: ``.env.*`` does for ``.env.*e``."""
    return any(other != name and other.endswith("*") and name.startswith(other[:-1]) for other in names)


__all__ = ["MAX_LENGTH", "Judgement", "judge", "judgement"]
