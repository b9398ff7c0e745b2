"""Why a call gets what it gets: its accesses, what each layer says of each, and the verdict. For people and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bailiwick.administration.place import NoFiles, request_of, shown
from bailiwick.audit.describe import item_of_obligation, item_of_reason
from bailiwick.decision.decide import decide
from bailiwick.decision.judge import Judgement, judgement
from bailiwick.information.approvals import SkillView
from bailiwick.model.access import Access, Facts, Finding, Opaque
from bailiwick.model.decision import Decision, Reason, Rewrite
from bailiwick.model.event import ToolCall
from bailiwick.model.request import FileView, Request
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Layer, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAnswer:
    """What one layer says of one thing by itself; ABSTAIN when it says nothing."""

    layer: str
    verdict: Verdict
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One access, opaque part or finding of a call, and what is said of it."""

    about: Access | Opaque | Finding
    verdict: Verdict
    answers: tuple[LayerAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A call, its parts and the decision; both of the call as ``narrowing`` makes it, where only that may run."""

    call: str
    profile: str
    parts: tuple[Part, ...]
    decision: Decision
    narrowing: Rewrite | None = None


def explain(  # noqa: PLR0913 - the call, and all that may be known of where it is made
    policy: Policy,
    call: ToolCall,
    text: str,
    *,
    request: Request | None = None,
    files: FileView | None = None,
    known: SkillView | None = None,
) -> Explanation:
    """Explain ``call`` (written ``text``) under ``policy``.

    Without ``request`` and ``files`` it is judged in an imagined, empty project; ``known`` tells of active skills, each of
    which is a layer more.
    """
    request = request or request_of(policy, call)
    found = judgement(policy, request, files or NoFiles(), known)
    return explain_judgement(found, text)


def explain_judgement(found: Judgement, text: str, *, layers: bool = True) -> Explanation:
    """Explain what its policy said; without ``layers`` as a whole only, which is much less work."""
    policy, request, facts = found.policy, found.request, found.facts
    alone: tuple[tuple[Access | Opaque | Finding, Facts], ...] = (
        *((access, Facts(accesses=(access,))) for access in facts.accesses),
        *((part, Facts(opaque=(part,))) for part in facts.opaque),
        *((finding, Facts(findings=(finding,))) for finding in facts.findings),
    )
    return Explanation(
        call=text,
        profile=policy.profile,
        parts=tuple(
            Part(
                about=about,
                verdict=decide(policy, request, one).verdict,
                answers=tuple(_answer(policy, layer, request, one) for layer in policy.layers if layers),
            )
            for about, one in alone
        ),
        decision=found.decision,
        narrowing=found.narrowing,
    )


def _answer(policy: Policy, layer: Layer, request: Request, facts: Facts) -> LayerAnswer:
    decision = decide(replace(policy, layers=(layer,)), _attended(request), facts)
    own = tuple(reason for reason in decision.reasons if reason.origin.file != "builtin:decision")
    verdict = max((reason.verdict for reason in own), default=Verdict.ABSTAIN)
    return LayerAnswer(layer=f"{layer.scope} {layer.name}", verdict=verdict, reasons=own)


def _attended(request: Request) -> Request:
    return replace(request, session=replace(request.session, unattended=False))


def as_text(explanation: Explanation) -> str:
    """The explanation as a tree."""
    decision = explanation.decision
    return "\n".join(
        (
            f"{explanation.call}  under {explanation.profile}: {decision.verdict.label.upper()}"
            + ("" if decision.enforced is decision.verdict else f" (carried out: {decision.enforced.label})"),
            *_parts(explanation),
            *_conclusion(decision, explanation.narrowing),
            "",
        )
    )


def _parts(explanation: Explanation) -> Iterator[str]:
    for number, part in enumerate(explanation.parts, 1):
        last = number == len(explanation.parts)
        yield f"{'└' if last else '├'}─ {shown(part.about)}: {part.verdict.label}"
        spoken = [answer for answer in part.answers if answer.verdict is not Verdict.ABSTAIN]
        bar = "   " if last else "│  "
        if not spoken:
            yield f"{bar}└─ no layer speaks of it"
        for place, answer in enumerate(spoken, 1):
            yield f"{bar}{'└' if place == len(spoken) else '├'}─ {answer.layer}: {answer.verdict.label}"
            deeper = bar + ("   " if place == len(spoken) else "│  ")
            for reason in answer.reasons[:4]:
                lifted = f" (lifted by {reason.exception})" if reason.exception else ""
                mode = "" if reason.mode == "enforce" else f" [{reason.mode}]"
                yield f"{deeper}{reason.rule}  {reason.origin}{mode}{lifted}"


def _conclusion(decision: Decision, narrowing: Rewrite | None) -> Iterator[str]:
    if narrowing is not None:
        yield f"narrowed: only what policy does not withhold is searched, with {narrowing.field} {narrowing.value}"
    for reason in decision.reasons:
        if reason.verdict is decision.verdict and reason.verdict > Verdict.ALLOW:
            yield f"because: {reason.message}  ({reason.origin})"
            if reason.instead:
                yield f"instead: {reason.instead}"
            break
    for duty in decision.obligations:
        if duty is not narrowing:
            yield "with: " + " ".join(str(value) for value in item_of_obligation(duty).values())
    for error in decision.errors:
        yield f"error: {error}"


def as_json(explanation: Explanation) -> Mapping[str, Any]:
    """The explanation as plain JSON values."""
    decision, narrowing = explanation.decision, explanation.narrowing
    return {
        "call": explanation.call,
        "profile": explanation.profile,
        "verdict": decision.verdict.label,
        "enforced": decision.enforced.label,
        "accesses": [
            {
                "access": shown(part.about),
                "verdict": part.verdict.label,
                "layers": [
                    {
                        "layer": answer.layer,
                        "verdict": answer.verdict.label,
                        "reasons": [dict(item_of_reason(reason)) for reason in answer.reasons],
                    }
                    for answer in part.answers
                ],
            }
            for part in explanation.parts
        ],
        "reasons": [dict(item_of_reason(reason)) for reason in decision.reasons],
        "obligations": [dict(item_of_obligation(duty)) for duty in decision.obligations],
        **({"narrowed": dict(item_of_obligation(narrowing))} if narrowing else {}),
        "errors": list(decision.errors),
        "revision": decision.revision,
    }
