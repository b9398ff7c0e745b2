"""The pure part of an event's path: what it would do, what is noticed about it, what policy says.

A search of a whole tree meets every file in it; that one of them is hidden shall not stop the search for the rest.
So a Grep that may not run as it stands is judged once more with what the policy withholds left out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from bailiwick.analysis.tools import analyze
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.model.access import AccessKind, Facts
from bailiwick.model.decision import Decision, Rewrite
from bailiwick.model.event import ToolCall
from bailiwick.model.glob import choices
from bailiwick.model.request import FileView, Request
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import PathCondition, Policy

MAX_LENGTH = 2_000
"""Characters of the exclusion that is written for one search; a policy that hides more by name narrows nothing."""

_NAME = re.compile(r"[\w.@+*-]+(?:/[\w.@+*-]+)*", re.ASCII)
_ANYWHERE = "/**/"


def judge(policy: Policy, request: Request, files: FileView) -> tuple[Facts, Decision]:
    """The facts of ``request`` and what ``policy`` says of it. Never raises.

    Where only a narrower call may run, both speak of that one, and a ``Rewrite`` among the obligations makes it so.
    """
    facts, decision = _judged(policy, request, files)
    if decision.enforced > Verdict.ALLOW and (rewrite := _narrowing(policy, request)) is not None:
        fewer, narrower = _judged(policy, _rewritten(request, rewrite), files)
        if narrower.enforced is Verdict.ALLOW:
            return fewer, replace(narrower, obligations=(*narrower.obligations, rewrite))
    return facts, decision


def _judged(policy: Policy, request: Request, files: FileView) -> tuple[Facts, Decision]:
    facts = detect(request, analyze(request, files))
    return facts, decide(policy, request, facts)


def _narrowing(policy: Policy, request: Request) -> Rewrite | None:
    """What makes a Grep leave out the files that ``policy`` withholds by name at any depth (``**/.env``).

    None where the call is no Grep of everything, or nothing is withheld so.
    """
    call = request.event.what
    if not isinstance(call, ToolCall) or call.tool != "Grep" or call.input.get("glob"):
        return None
    if policy.mode is not Mode.ENFORCE:
        return None
    names = dict.fromkeys(_withheld(policy))
    exclusion = "!{" + ",".join(f"**/{name}" for name in names) + "}"
    return Rewrite(field="glob", value=exclusion) if names and len(exclusion) <= MAX_LENGTH else None


def _rewritten(request: Request, rewrite: Rewrite) -> Request:
    call = request.event.what
    changed = (
        replace(call, input={**call.input, rewrite.field: rewrite.value})
        if isinstance(call, ToolCall)
        else call
    )
    return replace(request, event=replace(request.event, what=changed))


def _withheld(policy: Policy) -> Iterator[str]:
    for layer in policy.layers:
        for rule in layer.rules:
            when = rule.when
            if (
                rule.verdict > Verdict.ALLOW
                and isinstance(when, PathCondition)
                and AccessKind.READ in when.kinds
                and when.glob.startswith(_ANYWHERE)
            ):
                names = [name.removesuffix("/**") for name in choices(when.glob.removeprefix(_ANYWHERE))]
                if all(_NAME.fullmatch(name) and "**" not in name for name in names):
                    yield from names


__all__ = ["MAX_LENGTH", "judge"]
