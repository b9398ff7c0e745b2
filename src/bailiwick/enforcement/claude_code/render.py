"""A decision to the client's answer: always a non-empty object that the client's schema accepts.

An empty or unreadable reply lets a call through even where hooks are to block on failure (study §3.3), so
nothing here can yield one: ``render`` ends in plain ASCII JSON whatever it is given, and ``render_failure``
takes no value that could fail.
"""

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bailiwick.enforcement.claude_code.events import CONTEXT, GATING
from bailiwick.enforcement.claude_code.output import redacted_output, withheld_output
from bailiwick.model.access import Access, HostTarget, Opaque, PathTarget, ProgramTarget
from bailiwick.model.decision import (
    Clamp,
    Contain,
    Decision,
    Notify,
    Obligation,
    Reason,
    Redact,
    Rewrite,
    Sandbox,
)
from bailiwick.model.event import (
    ConfigChange,
    Event,
    ModelSwitch,
    PermissionAsked,
    Prompt,
    PromptExpansion,
    ToolCall,
    ToolResult,
)
from bailiwick.model.verdict import Mode, Verdict

MAX_REASONS: Final = 3
"""Reasons spelled out in one message; the rest are counted. More is not read by anybody."""

PINNED: Final = frozenset({"timeout", "run_in_background", "dangerouslyDisableSandbox"})
"""Arguments of Bash that the compiled settings bind as well (BASH_MAX_TIMEOUT_MS and its like)."""

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)

MAX_TEXT: Final = 4000
"""Characters of one message; the client shows far less, and the model pays for every one."""


def render(  # noqa: PLR0913 - what is answered, and who is told what
    event: Event,
    decision: Decision,
    *,
    contact: str = "",
    session_hint: str = "",
    mask: Callable[[str], str] | None = None,
    conceal: Callable[[str], str] = str,
    runner: Sequence[str] = (),
) -> bytes:
    """The answer to ``event`` that carries ``decision.enforced`` and its obligations out.

    ``contact`` is how a person asks for an exception; ``session_hint`` is what ``bailiwick why`` needs to find
    this session, if anything. ``mask`` carries out a ``Redact`` obligation on tool output; where one is due
    and ``mask`` is absent, the output is withheld. ``conceal`` masks what is told of the call, which may be a path or a
    host with a secret in it. ``runner`` is the command line that runs a shell command, given as
    its last argument, in the sandbox; where that is due and ``runner`` is empty, the call is refused. ASK is carried out as a refusal where the client cannot
    ask: for prompts, configuration changes and tool output.
    """
    told = decision.enforced >= Verdict.ASK or (decision.enforced is Verdict.ABSTAIN and decision.obligations)
    # Masking looks through the whole event: not for what nobody is told.
    text = explain(decision, contact=contact, session_hint=session_hint, conceal=conceal) if told else ""
    answer = _answer(event, decision, text, mask, runner)
    warning = _warning(decision, contact=contact, session_hint=session_hint, conceal=conceal)
    if warning:
        answer.setdefault("systemMessage", warning)
    if (note := warning or _changed(event, decision, conceal)) and event.name in CONTEXT:
        answer.setdefault("hookSpecificOutput", {"hookEventName": event.name}).setdefault(
            "additionalContext", note
        )
    return _bytes(answer)


def render_batch(
    event: Event,
    refused: Iterable[tuple[ToolCall, Decision]],
    *,
    contact: str = "",
    session_hint: str = "",
    conceal: Callable[[str], str] = str,
) -> bytes:
    """The answer to a batch report: what the policy says of calls that the client refused by its own rules.

    The client names no rule of ours when it refuses, so the model is told here why, and what to do instead.
    """
    told = [
        f"The call of {conceal(call.tool)} was refused. "
        + explain(decision, contact=contact, session_hint=session_hint, conceal=conceal)
        for call, decision in refused
        if decision.enforced is Verdict.DENY
    ]
    if not told:
        return _bytes({})
    return _bytes(_specific(event.name, additionalContext=_cut("\n\n".join(told))))


def render_failure(event: Event | str | None, message: str) -> bytes:
    """The answer when anything internal fails: a refusal of whatever ``event`` would let happen.

    ``event`` is the event, or its name when no more could be read, or None: then it is the refusal that the
    client accepts for any event. ``message`` is repeated to the person and must hold no secret.
    """
    text = _cut(
        f"Bailiwick could not judge this, so it does not run: {message}\n"
        "Instead: try once more; if it stays, run `bailiwick doctor`."
    )
    return _refusal(event, text)


def render_stop(event: Event, text: str) -> bytes:
    """The answer that stops whatever ``event`` would let happen, behind a batch the whole turn; ``text`` says why."""
    return _bytes(_blocked(text)) if event.name == "PostToolBatch" else _refusal(event, text)


def _refusal(event: Event | str | None, text: str) -> bytes:
    name = event.name if isinstance(event, Event) else event
    match name:
        case "PreToolUse" | "PreModelSwitch":
            return _bytes(_permission(name, "deny", text))
        case "PermissionRequest":
            return _bytes(_specific(name, decision={"behavior": "deny", "message": text}))
        case "UserPromptSubmit" | "UserPromptExpansion":
            return _bytes(_blocked_prompt(name, text))
        case "PostToolUse":
            return _bytes(_blocked(text) | _specific(name, updatedToolOutput=_withheld(event)))
        case "Elicitation" | "ElicitationResult":
            return _bytes(_specific(name, action="decline") | {"systemMessage": text})
        case None:
            return _bytes(_blocked(text))
        case _ if name in GATING:
            return _bytes(_blocked(text))
        case _:
            return _bytes({"systemMessage": text})


def updated_input(
    tool_input: Mapping[str, Any], obligations: tuple[Obligation, ...], runner: Sequence[str] = ()
) -> dict[str, Any] | None:
    """The whole tool input with clamps, rewrites and sandbox duties applied; None when nothing changes.

    A clamped value that is no positive number is replaced by the maximum, because the client reads zero as
    its own, longer, default. Of several clamps of one field the lowest wins; clamps are applied last.
    """
    if not obligations:
        return None
    changed: dict[str, Any] = dict(tool_input)
    for obligation in obligations:
        match obligation:
            case Rewrite(field=field, value=value):
                changed[field] = value
            case Sandbox() if changed.get("dangerouslyDisableSandbox"):
                changed["dangerouslyDisableSandbox"] = False
            case _:
                pass
    for obligation in obligations:
        if isinstance(obligation, Clamp) and not _within(changed.get(obligation.field), obligation.maximum):
            changed[obligation.field] = obligation.maximum
    if _contained(obligations):
        changed["command"] = shlex.join([*runner, str(changed.get("command", ""))])
    same = all(name in tool_input and _same(value, tool_input[name]) for name, value in changed.items())
    return None if same else changed


def explain(
    decision: Decision, *, contact: str = "", session_hint: str = "", conceal: Callable[[str], str] = str
) -> str:
    """Why a call was stopped: rule, origin, message, what to do instead, how to ask for an exception."""
    said = [
        reason
        for reason in decision.reasons
        if reason.mode is Mode.ENFORCE and reason.verdict >= Verdict.ASK and reason.exception is None
    ]
    strongest = max((reason.verdict for reason in said), default=Verdict.ABSTAIN)
    said = [reason for reason in said if reason.verdict is strongest]
    verb = (
        "Denied by policy" if decision.enforced is Verdict.DENY else "Policy wants a person to approve this"
    )
    lines = _spelled(verb, said)
    lines += [f"It could not be judged completely: {error}." for error in decision.errors[:MAX_REASONS]]
    if not any(reason.instead for reason in said):
        lines.append("Instead: choose another way, or ask the person you work for.")
    return _cut("\n".join([conceal("\n".join(lines)), _further(contact, session_hint)]))


def _warning(decision: Decision, *, contact: str, session_hint: str, conceal: Callable[[str], str]) -> str:
    said = [
        reason
        for reason in decision.reasons
        if reason.mode is Mode.WARN and reason.verdict >= Verdict.ASK and reason.exception is None
    ]
    if not said:
        return ""
    lines = _spelled("Policy warning (this will not be allowed once the policy is enforced)", said)
    return _cut("\n".join([conceal("\n".join(lines)), _further(contact, session_hint)]))


def _changed(event: Event, decision: Decision, conceal: Callable[[str], str]) -> str:
    """What the model must know to read the result of a call whose text was changed: a search that leaves files out."""
    duties = (duty for duty in decision.obligations if isinstance(duty, Rewrite))
    changed = [f"{duty.field} is {duty.value}" for duty in duties if isinstance(duty.value, str)]
    if event.name != "PreToolUse" or decision.enforced is not Verdict.ALLOW or not changed:
        return ""
    return _cut(conceal(f"Policy changed this call so that it can run: {'; '.join(changed)}"))


def _spelled(verb: str, reasons: list[Reason]) -> list[str]:
    """Each rule once, with what of the call it speaks of; ``verb`` alone when no rule spoke."""
    groups: dict[tuple[str, str], list[Reason]] = {}
    for reason in reasons:
        groups.setdefault((reason.rule, reason.message), []).append(reason)
    lines = [] if groups else [f"{verb}."]
    for group in tuple(groups.values())[:MAX_REASONS]:
        first = group[0]
        lead = "Also" if lines else verb
        lines.append(f"{lead}: {first.message.rstrip('.')} ({first.rule}, {first.origin}).")
        about = dict.fromkeys(text for reason in group if (text := _about(reason)))
        if about:
            lines.append(f"About: {', '.join(tuple(about)[:MAX_REASONS])}")
        if first.instead:
            lines.append(f"Instead: {first.instead}")
    if (more := len(groups) - MAX_REASONS) > 0:
        lines.append(f"And {more} more.")
    return lines


def _about(reason: Reason) -> str:
    """The part of the call that a reason speaks of, as far as it can be told without repeating arguments."""
    match reason.about:
        case Access(kind=kind, target=PathTarget(path=path)):
            return f"{kind.value} {path}"
        case Access(kind=kind, target=HostTarget(host=host)):
            return f"{kind.value} {host}"
        case Access(kind=kind, target=ProgramTarget(name=name)):
            return f"{kind.value} {name}"
        case Opaque(reason=why):
            return why
        case _:
            return ""


def _further(contact: str, session_hint: str) -> str:
    why = f"bailiwick why {session_hint}".strip()
    ask = f"For an exception ask {contact}. " if contact else ""
    return f"{ask}Details: `{why}`."


def _contained(obligations: Iterable[Obligation]) -> bool:
    return any(isinstance(obligation, Contain) for obligation in obligations)


def _answer(
    event: Event,
    decision: Decision,
    text: str,
    mask: Callable[[str], str] | None,
    runner: Sequence[str],
) -> dict[str, Any]:
    refused = decision.enforced >= Verdict.ASK
    match event.what:
        case ToolCall() as call:
            return _tool_call(event.name, decision, text, call, runner)
        case PermissionAsked(input=tool_input):
            return _permission_asked(event.name, decision, text, tool_input)
        case ToolResult() as result if event.name == "PostToolUse":
            return _tool_result(event.name, decision, text, result, mask)
        case Prompt() | PromptExpansion() if refused:
            return _blocked_prompt(event.name, text)
        case ConfigChange() if refused:
            return _blocked(text)
        case ModelSwitch(before=True) if refused:
            return _permission(event.name, decision.enforced.label, text)
        case _ if refused:
            return {"systemMessage": text}
        case _:
            return {}


def _tool_call(
    name: str, decision: Decision, text: str, call: ToolCall, runner: Sequence[str]
) -> dict[str, Any]:
    if not runner and _contained(decision.obligations):
        return _permission(
            name,
            "deny",
            "Policy has this run in the sandbox, and none can be reached here. "
            "Instead: write it as plain commands with literal words, or let the person run it.",
        )
    changed = (
        None if decision.enforced is Verdict.DENY else updated_input(call.input, decision.obligations, runner)
    )
    match decision.enforced:
        case Verdict.DENY:
            return _permission(name, "deny", text)
        case Verdict.ALLOW:
            answer = _permission(name, "allow", _allowed_by(decision))
            if changed is not None:
                answer["hookSpecificOutput"]["updatedInput"] = changed
            return answer
        # The client ignores a changed input beside `ask`, and takes one without a decision for `allow`.
        case _ if changed is not None and (left := _left_to_the_model(call, changed)):
            return _permission(name, "deny", _cut(f"{text}\nBefore that, call it again with {left}."))
        case Verdict.ASK:
            return _permission(name, "ask", text)
        case Verdict.ABSTAIN:
            return {}


def _left_to_the_model(call: ToolCall, changed: Mapping[str, Any]) -> str:
    """The changes that the session's settings do not make anyway, as the model is asked to make them."""
    pinned = PINNED if call.tool == "Bash" else frozenset()
    fields = [
        name for name in changed if name not in pinned and not _same(call.input.get(name), changed[name])
    ]
    return ", ".join(f"{name} = {json.dumps(changed[name])[:200]}" for name in sorted(fields))


def _permission_asked(
    name: str, decision: Decision, text: str, tool_input: Mapping[str, Any]
) -> dict[str, Any]:
    match decision.enforced:
        case Verdict.DENY:
            return _specific(name, decision={"behavior": "deny", "message": text})
        case Verdict.ALLOW:
            allowed: dict[str, Any] = {"behavior": "allow"}
            if (changed := updated_input(tool_input, decision.obligations)) is not None:
                allowed["updatedInput"] = changed
            return _specific(name, decision=allowed)
        case Verdict.ASK | Verdict.ABSTAIN:
            return {}


def _tool_result(
    name: str, decision: Decision, text: str, result: ToolResult, mask: Callable[[str], str] | None
) -> dict[str, Any]:
    if decision.enforced >= Verdict.ASK:
        withheld = withheld_output(result.tool, result.response)
        return _blocked(text) | _specific(name, updatedToolOutput=withheld)
    if not any(isinstance(obligation, Redact) for obligation in decision.obligations):
        return {}
    if mask is None:
        return _specific(name, updatedToolOutput=withheld_output(result.tool, result.response))
    output = redacted_output(result.tool, result.response, mask)
    return {} if _same(output, result.response) else _specific(name, updatedToolOutput=output)


def _withheld(event: Event | str | None) -> Any:
    if isinstance(event, Event) and isinstance(event.what, ToolResult):
        return withheld_output(event.what.tool, event.what.response)
    # Of no tool's shape: in a managed hook's answer the client puts an error in the output's place.
    return {"withheld": True}


def _allowed_by(decision: Decision) -> str:
    rules = [reason for reason in decision.reasons if reason.verdict is Verdict.ALLOW]
    told = [
        f"notifies {obligation.channel}"
        for obligation in decision.obligations
        if isinstance(obligation, Notify)
    ]
    if _contained(decision.obligations):
        told.append("runs in the sandbox")
    allowed = f"Allowed by {rules[0].rule} ({rules[0].origin})" if rules else "Allowed by policy"
    return _cut("; ".join([allowed, *told]) + ".")


def _permission(name: str, verdict: str, text: str) -> dict[str, Any]:
    return _specific(name, permissionDecision=verdict, permissionDecisionReason=text)


def _blocked(text: str) -> dict[str, Any]:
    return {"decision": "block", "reason": text}


def _blocked_prompt(name: str, text: str) -> dict[str, Any]:
    # The client repeats a blocked prompt beside the reason unless told not to; it may hold the secret.
    return _blocked(text) | _specific(name, suppressOriginalPrompt=True)


def _specific(name: str, **fields: Any) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": name, **fields}}


def _within(value: Any, maximum: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= maximum


def _same(one: Any, other: Any) -> bool:
    """Equal to the client: unlike in Python, true is not 1."""
    return one is other or json.dumps(one) == json.dumps(other)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _bytes(answer: Mapping[str, Any]) -> bytes:
    """ASCII JSON: nothing a string can hold, lone surrogates included, fails to be written."""
    return _ENCODER.encode(answer).encode("ascii")
