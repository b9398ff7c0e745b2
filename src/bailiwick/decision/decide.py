"""The PDP: a policy, a request and its facts give a decision. Pure and total.

1. Each access, opaque part and finding is looked up under its subject in every layer.
2. Within a layer the strongest matching rule speaks, else the layer's default, else the layer abstains.
3. Layers are combined by ``max``; an access on which no granting layer speaks is a question (ASK).
4. Everything found is combined by ``max``: one denied access denies the call.
5. What only monitoring or warning rules object to is not carried out.
6. Where nobody can answer, a question is a denial. An error is at least a question.
7. What policy would rather have in the sandbox than ask about is allowed there, if nothing else stands against it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import NamedTuple, TypeAlias

from bailiwick.decision.bound import Bound, Hit, bind, keep
from bailiwick.decision.duties import Duties, duties, obligations
from bailiwick.decision.findings import fits
from bailiwick.decision.lifting import Lifting, active_exceptions, lifted_by
from bailiwick.decision.match import hits_of_units, named, subject_of
from bailiwick.decision.patterns import MAX_PATTERNS, MAX_STEPS
from bailiwick.model.access import Access, Facts, Finding, Opaque, PathTarget, ProgramTarget
from bailiwick.model.decision import Contain, Decision, Obligation, Origin, Reason
from bailiwick.model.event import (
    Event,
    ModelSwitch,
    PermissionAsked,
    Prompt,
    PromptExpansion,
    SessionStart,
    ToolCall,
    ToolResult,
)
from bailiwick.model.request import Request
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import AnyCondition, CommandCondition, Condition, Policy, Rule, Scope, Subject
from bailiwick.policy.wording import BY_A_KNOWN_TOOL, IN_PLAIN_COMMANDS

MAX_ANSWERS = 4096
"""Answers kept for each bound policy; most calls meet the same few sets of rules."""

MAX_REASONS = 64
"""Reasons reported of one decision, strongest first; a command of a thousand denied parts needs no thousand lines."""

About: TypeAlias = Access | Opaque | Finding | None

_SILENCE = Rule(
    id="builtin.silence",
    origin=Origin(file="builtin:decision", line=1),
    subject=Subject.TOOLS,
    verdict=Verdict.ASK,
    when=AnyCondition(),
    because="No rule of the policy speaks of this.",
    instead="Ask for a rule that covers it, or do it another way that the policy allows.",
)
_PERHAPS = "That it touches what this rule names can't be ruled out."
UNANSWERABLE = "; it needs a person's consent, and nobody can be asked in this session"
"""How the message of a denial ends that would be a question where somebody could answer."""

_ERROR = "builtin.error"
_BUILTIN = Origin(file="builtin:decision", line=1)
_MODES = {Mode.ENFORCE: 0, Mode.WARN: 1, Mode.MONITOR: 2}


def decide(policy: Policy, request: Request, facts: Facts) -> Decision:
    """What ``policy`` says of ``request``. Never raises: an error is told in the decision, which is then at least ASK."""
    containing = _containable(request)
    tally = _tally(policy, request, facts, containing=containing)
    decision = tally.decision()
    if tally.contained and decision.enforced is not Verdict.ALLOW:
        # Something else is asked about or denied. A person who is asked must be told of all of it (step 7).
        decision = _tally(policy, request, facts, containing=False).decision()
    return decision


def _tally(policy: Policy, request: Request, facts: Facts, *, containing: bool) -> "_Tally":
    tally = _Tally(policy=policy, request=request, containing=containing)
    try:
        tally.judge(facts)
    except Exception as error:  # noqa: BLE001 (law: an error while deciding is at least ASK, never silence)
        tally.fail(f"{type(error).__name__} while deciding")
    return tally


def _containable(request: Request) -> bool:
    """Whether the call is a command whose text can be made to run in the sandbox."""
    call = request.event.what
    if not request.session.contains or not isinstance(call, ToolCall) or call.tool != "Bash":
        return False
    command = call.input.get("command")
    return isinstance(command, str) and "\0" not in command


def _modes(event: Event) -> Iterator[str]:
    """The session's permission mode, and the one that a call gives to the sub-agent that it starts."""
    if event.permission_mode:
        yield event.permission_mode
    match event.what:
        case (
            ToolCall(tool="Agent" | "Task", input={"mode": mode})
            | PermissionAsked(tool="Agent" | "Task", input={"mode": mode})
        ) if mode:
            yield mode if isinstance(mode, str) else "a mode that is no name"
        case _:
            pass


class _Said(NamedTuple):
    """What one rule says of one thing; ``contained`` that it relies on the sandbox."""

    rule: Rule
    verdict: Verdict
    mode: Mode
    exception: str | None
    whole: bool
    certain: bool = True
    contained: bool = False

    @property
    def binding(self) -> bool:
        """Whether it is carried out: a permission always is, an objection unless it only monitors or warns."""
        return self.verdict is Verdict.ALLOW or self.mode is Mode.ENFORCE


class _Answers(NamedTuple):
    """What all layers say of one thing that ``hits`` match, whichever thing it is; ``said`` is what they say it with.

    ``spoken`` and ``granted`` tell whether a granting layer spoke and was heard. The hits are kept with it, so that
    their identity stays theirs.
    """

    verdict: Verdict
    enforced: Verdict
    spoken: bool
    granted: bool
    contained: bool
    said: tuple[_Said, ...]
    hits: tuple[Hit, ...]


def _answer(ruled: Sequence[_Said], default: _Said | None) -> Sequence[_Said]:
    """What a layer says: its matching rules, and its default for what no rule wholly covers."""
    if default is None or any(one.whole for one in ruled):
        return ruled
    return [*ruled, default]


@value(frozen=False, slots=True, kw_only=True)
class _Tally:
    """The answers so far. ``verdict`` is what policy says, ``enforced`` what is carried out.

    ``containing`` says that the call can run in the sandbox, ``contained`` that policy relies on that.
    """

    policy: Policy
    request: Request
    containing: bool = False
    bound: Bound | None = None
    contained: bool = False
    verdict: Verdict = Verdict.ABSTAIN
    enforced: Verdict = Verdict.ABSTAIN
    withheld: bool = False
    patterns: int = 0
    reasons: dict[tuple[str, Verdict, Mode, object], Reason] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def judge(self, facts: Facts) -> None:
        """Take in everything that is known of the request."""
        session, principal = self.request.session, self.request.principal
        bound = bind(self.policy, session.project, principal.home, folded=session.folds_case)
        self.bound = bound
        self.errors.extend(bound.faults)
        lifting = (
            active_exceptions(self.policy, principal, self.request.now) if self.policy.exceptions else None
        )
        for number, access in enumerate(facts.accesses):
            try:
                self._access(bound, access, lifting)
            except Exception as error:  # noqa: BLE001 (the other accesses are still judged)
                self.fail(f"{type(error).__name__} while judging {access.kind} (access {number + 1})")
        for part in facts.opaque:
            self._unit(bound, Subject.OPAQUE, bound.always.get(Subject.OPAQUE, ()), part, lifting)
        if facts.findings:
            self._findings(bound, facts, lifting)
        for mode in _modes(self.request.event):
            hits = named(bound, Subject.PERMISSION_MODES, mode)
            self._objection(bound, Subject.PERMISSION_MODES, hits, None, lifting)
        match self.request.event.what:
            case ModelSwitch(to_model=model) | SessionStart(model=str(model)) if model:
                self._objection(bound, Subject.MODELS, named(bound, Subject.MODELS, model), None, lifting)
            case _:
                pass
        if facts.accesses and self.verdict is Verdict.ABSTAIN:
            self._silent(facts.accesses[0])

    def _findings(self, bound: Bound, facts: Facts, lifting: Lifting | None) -> None:
        happening = self.request.event.what
        prompted = isinstance(happening, Prompt | PromptExpansion)
        masked = self._duties(happening.tool).mask if isinstance(happening, ToolResult) else None
        for finding in facts.findings:
            if masked is not None and masked.covers(finding.rule) and self.policy.mode is Mode.ENFORCE:
                continue  # it doesn't reach anybody
            hits = [
                hit
                for hit in bound.findings.matching(finding.rule)
                if fits(hit.rule.when, finding, happening, facts)
            ]
            for subject in (Subject.FINDINGS, Subject.PROMPTS) if prompted else (Subject.FINDINGS,):
                kept = [hit for hit in hits if hit.rule.subject is subject]
                self._objection(bound, subject, [*bound.always.get(subject, ()), *kept], finding, lifting)

    def _access(self, bound: Bound, access: Access, lifting: Lifting | None) -> None:
        subject, target = subject_of(access), access.target
        steps = 0
        if isinstance(target, PathTarget) and target.pattern:
            self.patterns += 1
            steps = MAX_STEPS if self.patterns <= MAX_PATTERNS else 0
        for hits in hits_of_units(bound, subject, access, steps=steps):
            self._unit(bound, subject, hits, access, lifting)
            if isinstance(target, ProgramTarget):
                if target.project_code:
                    self._unit(
                        bound,
                        Subject.PROJECT_CODE,
                        _by_name(bound, Subject.PROJECT_CODE, hits),
                        access,
                        lifting,
                    )
                if target.unknown:
                    self._unit(bound, Subject.OPAQUE, _by_name(bound, Subject.OPAQUE, hits), access, lifting)

    def _unit(
        self, bound: Bound, subject: Subject, hits: Sequence[Hit], about: About, lifting: Lifting | None
    ) -> None:
        """Judge one thing that must be granted."""
        answers = self._ask(bound, subject, hits, about, lifting)
        if not answers.spoken:
            self._silent(about)
        elif not answers.granted:
            self.withheld = True
        self.verdict = max(self.verdict, answers.verdict)
        self.enforced = max(self.enforced, answers.enforced)

    def _silent(self, about: About) -> None:
        """Nobody speaks of it: a question."""
        self._note(_Said(_SILENCE, Verdict.ASK, self.policy.mode, None, whole=True), about)
        self.verdict = max(self.verdict, Verdict.ASK)
        if self.policy.mode is Mode.ENFORCE:
            self.enforced = max(self.enforced, Verdict.ASK)

    def _objection(
        self, bound: Bound, subject: Subject, hits: Sequence[Hit], about: About, lifting: Lifting | None
    ) -> None:
        """Judge a circumstance: it can only be objected to, and permitting it permits nothing else."""
        answers = self._ask(bound, subject, hits, about, lifting)
        if answers.verdict > Verdict.ALLOW:
            self.verdict = max(self.verdict, answers.verdict)
        if answers.enforced > Verdict.ALLOW:
            self.enforced = max(self.enforced, answers.enforced)

    def _ask(
        self, bound: Bound, subject: Subject, hits: Sequence[Hit], about: About, lifting: Lifting | None
    ) -> _Answers:
        """Ask every layer; what the same rules match gets the same answer, unless exceptions look at the thing itself."""
        key = (self.containing, subject, *map(id, hits))
        answers: _Answers | None = None if lifting else bound.answers.get(key)
        if answers is None:
            answers = self._asked(bound, subject, hits, about, lifting)
            if not lifting and all(hit.certain for hit in hits):
                keep(bound.answers, key, answers, most=MAX_ANSWERS)
        self.contained = self.contained or answers.contained
        for one in answers.said:
            self._note(one, about)
        return answers

    def _asked(
        self, bound: Bound, subject: Subject, hits: Sequence[Hit], about: About, lifting: Lifting | None
    ) -> _Answers:
        """The same, worked out."""
        by_layer: dict[int, list[_Said]] = {}
        for hit in hits:
            if (one := self._says(bound, hit, about, lifting)) is not None:
                by_layer.setdefault(hit.layer, []).append(one)
        verdict = enforced = Verdict.ABSTAIN
        spoken = granted = contained = False
        spoke: list[_Said] = []
        for number, fallback in enumerate(bound.defaults[subject]):
            ruled = by_layer.get(number, ())
            default = None
            if fallback is not None and not (ruled and bound.uniform and ruled[0].whole):
                default = self._says(bound, fallback, about, lifting)
            if not ruled and default is None:
                continue
            said = _answer(ruled, default)
            top = carried = said[0].verdict if len(said) == 1 else max(one.verdict for one in said)
            spoke += [one for one in said if one.verdict is top]
            contained = contained or any(one.contained for one in said)
            if not bound.uniform:
                carried, binding = self._carried_out(ruled, default, top)
                spoke += binding
            verdict, enforced = max(verdict, top), max(enforced, carried)
            if bound.grants[number]:
                spoken = True
                granted = granted or carried is not Verdict.ABSTAIN
        return _Answers(verdict, enforced, spoken, granted, contained, tuple(spoke), tuple(hits))

    def _carried_out(
        self, ruled: Sequence[_Said], default: _Said | None, top: Verdict
    ) -> tuple[Verdict, list[_Said]]:
        """The layer's answer without the objections of rules that only monitor or warn, but never above ``top``.

        And what objects with it.
        """
        if default is not None:
            default = default._replace(verdict=min(default.verdict, top)) if default.binding else None
        binding = _answer([one for one in ruled if one.binding], default)
        carried = max((one.verdict for one in binding), default=Verdict.ABSTAIN)
        return carried, [one for one in binding if one.verdict is carried > Verdict.ALLOW]

    def _says(self, bound: Bound, hit: Hit, about: About, lifting: Lifting | None) -> _Said | None:
        rule, verdict, exception = hit.rule, hit.rule.verdict, None
        if not hit.certain:
            if verdict is Verdict.ALLOW:
                return None
            # What may be denied is as uncertain as an opaque part, and never less than a question.
            opaque = bound.defaults[Subject.OPAQUE][hit.layer]
            verdict = max(Verdict.ASK, min(verdict, opaque.rule.verdict if opaque else Verdict.ASK))
        if lifting and verdict > Verdict.ALLOW:
            exception = lifted_by(lifting, bound, hit, about)
            verdict = verdict if exception is None else Verdict.ALLOW
        mode = rule.mode or self.policy.mode
        contained = rule.contained and self.containing and verdict is Verdict.ASK
        if contained:
            verdict, contained = Verdict.ALLOW, mode is Mode.ENFORCE
        return _Said(rule, verdict, mode, exception, hit.whole, hit.certain, contained)

    def _note(self, said: _Said, about: About) -> None:
        """Remember why: objections once for each thing, permissions once."""
        rule, verdict, mode, exception, _, certain, _ = said
        objects = verdict > Verdict.ALLOW
        key = (rule.id, verdict, mode, _what(about) if objects else exception)
        if key not in self.reasons:
            instead = _fitting(rule.instead, about)
            self.reasons[key] = Reason(
                rule=rule.id,
                origin=rule.origin,
                verdict=verdict,
                message=rule.because if certain else f"{_PERHAPS} {rule.because}",
                instead=self._elsewhere() if objects and verdict is Verdict.DENY and not instead else instead,
                about=about,
                mode=mode,
                exception=exception,
                certain=certain,
            )

    def _elsewhere(self) -> str:
        contact = self.policy.contact
        return (
            f"Ask {contact} for an exception." if contact else "Ask the owner of the policy for an exception."
        )

    def fail(self, error: str) -> None:
        """Note an error; the request is then at least a question."""
        self.errors.append(error)

    def decision(self) -> Decision:
        """Apply modes, attendance and errors (steps 5 and 6) and order the reasons."""
        if self.enforced is Verdict.ALLOW and (self.withheld or self.policy.mode is not Mode.ENFORCE):
            self.enforced = Verdict.ABSTAIN
        if self.errors:
            self._add(
                _ERROR, Verdict.ASK, "Part of this could not be judged.", "Report it with the errors shown."
            )
            self.verdict = max(self.verdict, Verdict.ASK)
            self.enforced = max(self.enforced, Verdict.ASK)
        if (
            self.request.session.unattended
            and self.policy.unattended is Verdict.DENY
            and Verdict.ASK in {self.verdict, self.enforced}
        ):
            self.reasons = {key: _unanswerable(reason) for key, reason in self.reasons.items()}
            self.verdict = Verdict.DENY
            if self.enforced is Verdict.ASK:
                self.enforced = Verdict.DENY
        return Decision(
            verdict=self.verdict,
            enforced=self.enforced,
            reasons=self._ordered(),
            obligations=self._obligations(),
            errors=tuple(self.errors),
            revision=self.policy.revision,
        )

    def _add(self, rule: str, verdict: Verdict, message: str, instead: str) -> None:
        reason = Reason(rule=rule, origin=_BUILTIN, verdict=verdict, message=message, instead=instead)
        self.reasons.setdefault((rule, verdict, reason.mode, None), reason)

    def _ordered(self) -> tuple[Reason, ...]:
        floor = Verdict.ASK if self.verdict > Verdict.ALLOW else Verdict.ABSTAIN
        kept = [reason for reason in self.reasons.values() if reason.verdict >= floor or reason.exception]
        kept.sort(key=lambda r: (-r.verdict, _MODES[r.mode], not r.certain, r.rule))
        return tuple(kept[:MAX_REASONS])

    def _duties(self, tool: str) -> Duties:
        """What is to be done along with calls of ``tool``, also where the policy couldn't be made ready."""
        return duties(self.policy, tool) if self.bound is None else self.bound.duties_of(tool)

    def _obligations(self) -> tuple[Obligation, ...]:
        match self.request.event.what:
            case ToolCall() as call if self.enforced is not Verdict.DENY:
                due = obligations(self._duties(call.tool), call)
                if not self.contained:
                    return due
                return (*due, Contain(profile=self.policy.profile, revision=self.policy.revision))
            case ToolResult(tool=tool) if self.policy.mode is Mode.ENFORCE:
                mask = self._duties(tool).mask
                return () if mask is None else (mask,)
            case _:
                return ()


def _unanswerable(reason: Reason) -> Reason:
    """A reason to ask, where nobody can answer: a reason to deny."""
    if reason.verdict is not Verdict.ASK or reason.exception is not None:
        return reason
    return replace(
        reason,
        verdict=Verdict.DENY,
        message=reason.message.rstrip(".") + UNANSWERABLE,
        instead=reason.instead
        or "Run it in an attended session, or do it another way that the policy allows.",
    )


def _by_name(bound: Bound, subject: Subject, hits: Sequence[Hit]) -> list[Hit]:
    """What is said of code that can't be seen: a layer that allows the very command by name allows that too."""
    named_in = {
        hit.layer
        for hit in hits
        if hit.certain and hit.rule.verdict is Verdict.ALLOW and _names(hit.rule.when)
    }
    named_in -= {
        hit.layer
        for hit in hits
        if hit.rule.verdict > Verdict.ALLOW and (hit.rule.mode or bound.policy.mode) is Mode.ENFORCE
    }
    # What an approved skill may run by name is still held by the sandbox where its effects can't be seen.
    named_in -= {hit.layer for hit in hits if bound.policy.layers[hit.layer].scope is Scope.SKILL}
    allowing = [hit for hit in hits if hit.layer in named_in and hit.rule.verdict is Verdict.ALLOW]
    return [
        *allowing,
        *(hit for hit in bound.always.get(subject, ()) if hit.layer not in named_in),
    ]


def _names(condition: Condition) -> bool:
    """Whether a command is named, rather than covered by a wildcard."""
    return isinstance(condition, CommandCondition) and not set("*?[{") & set(condition.words[0])


def _fitting(instead: str, about: About) -> str:
    """What to do instead; nobody can write a call that isn't known in plain commands."""
    whole = instead == IN_PLAIN_COMMANDS and isinstance(about, Opaque) and about.cause is None
    return BY_A_KNOWN_TOOL if whole else instead


def _what(about: About) -> object:
    match about:
        case Access(kind=kind, target=target):
            return kind, target
        case Opaque(reason=reason):
            return reason
        case Finding(rule=rule, field=where, cause=cause):
            return rule, where, cause
        case None:
            return None
