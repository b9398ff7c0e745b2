"""Private data, untrusted content and a way out do not meet in one conversation. Pure.

Once a conversation has been told private data and content that anybody may have written, whoever wrote that content
could have it send the data out: so sending is stopped, but for destinations that policy declassifies by name. What a
call reads labels the conversation when it is let through (``labels_of``); what it would send is judged before.

A call is a way out by what it connects to, by an MCP tool, a web search, or by a part whose effects can't be known: that
may still run in the sandbox, without network.
"""

from collections.abc import Iterable, Iterator, Sequence

from bailiwick.decision.bound import fill_in
from bailiwick.decision.patterns import MAX_STEPS
from bailiwick.information.labels import Label, LabelKind
from bailiwick.model.access import Access, AccessKind, Facts, HostTarget, NameTarget, PathTarget
from bailiwick.model.automaton import TooComplexError
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.glob import Budget, Glob, GlobError, escape, intersects, name_glob, path_glob
from bailiwick.model.request import Request
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import (
    AnyCondition,
    Condition,
    FlowRule,
    HostCondition,
    Lasting,
    Layer,
    NameCondition,
    Policy,
    Rule,
    Scope,
    Subject,
)

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine."""

SEARCHES = frozenset({"WebSearch"})
"""Tools that send what they are asked to somebody, without naming a host."""

MAX_TOLD = 3
"""Sources named in one denial."""

SENSITIVE = frozenset({LabelKind.PRIVATE, LabelKind.SECRET})


@value(frozen=True, slots=True, kw_only=True)
class _Way:
    """A way out that a call would take: what to call it, and the condition and subject that stop it."""

    to: str
    subject: Subject
    when: Condition


def flow_layers(policy: Policy, request: Request, facts: Facts, labels: Sequence[Label]) -> tuple[Layer, ...]:
    """The layers that keep the three apart in this request; empty where they don't meet."""
    layers = []
    for rule in policy.flows:
        counted = [label for label in labels if _counts(rule, label, request)]
        private = [label for label in counted if label.kind in SENSITIVE]
        private += [one for one in labels_of(rule, request, facts) if one.kind in SENSITIVE]
        untrusted = [label for label in counted if label.kind is LabelKind.UNTRUSTED]
        if private and untrusted and rule.verdict > Verdict.ALLOW:
            stops = [_stop(rule, way, private, untrusted) for way in _ways(rule, facts)]
            held = [_stop(rule, way, private, untrusted, contained=True) for way in _UNKNOWN]
            layers.append(
                Layer(
                    scope=Scope.SKILL,
                    name="flow",
                    rules=tuple(stops),
                    defaults={one.subject: one for one in held},
                )
            )
    return tuple(layers)


_UNKNOWN = (
    _Way(to="somewhere that can't be known", subject=Subject.OPAQUE, when=AnyCondition()),
    _Way(to="wherever the project's code does", subject=Subject.PROJECT_CODE, when=AnyCondition()),
)


def _counts(rule: FlowRule, label: Label, request: Request) -> bool:
    if label.session != request.event.session:
        return False
    if rule.lasts is Lasting.COMPACTION and label.compacted:
        return False
    return rule.within == "session" or not set(label.skills).isdisjoint(request.session.skills)


def _stop(
    rule: FlowRule,
    way: _Way,
    private: Sequence[Label],
    untrusted: Sequence[Label],
    *,
    contained: bool = False,
) -> Rule:
    told = (
        f"this conversation has read private data ({_told(private)}) and content that anybody may have written "
        f"({_told(untrusted)}), and this would send to {way.to}"
    )
    return Rule(
        id=rule.id,
        origin=rule.origin,
        subject=way.subject,
        verdict=Verdict.ASK if contained else rule.verdict,
        when=way.when,
        because=f"{rule.because.rstrip('.')}: {told}" if rule.because else told,
        instead="Do the sending in a new conversation (/clear) that reads only one of the two, or have the destination "
        "named under `flow.declassify`.",
        mode=rule.mode,
        contained=contained,
    )


def _told(labels: Sequence[Label]) -> str:
    shown = list(dict.fromkeys(str(label) for label in labels))
    more = f" and {len(shown) - MAX_TOLD} more" if len(shown) > MAX_TOLD else ""
    return f"{', '.join(shown[:MAX_TOLD])}{more}"


def _ways(rule: FlowRule, facts: Facts) -> Iterator[_Way]:
    for access in facts.accesses:
        match access:
            case Access(kind=AccessKind.CONNECT, target=HostTarget(host=host, port=port)):
                if host not in LOCAL and not peer_matches(rule.declassified, host, port):
                    glob = "*" if host == "*" else escape(host)
                    shown = "a host that can't be known" if host == "*" else host
                    yield _Way(to=shown, subject=Subject.NETWORK, when=HostCondition(host=glob))
            case Access(kind=AccessKind.CALL_TOOL, target=NameTarget(name=name)) if _sends(name):
                if not _names(rule.declassified, name):
                    subject = Subject.MCP if name.startswith("mcp__") else Subject.TOOLS
                    yield _Way(to=name, subject=subject, when=NameCondition(name=escape(name)))
            case _:
                pass


def _is_tool(glob: str) -> bool:
    return glob.startswith("mcp__")


def _sends(tool: str) -> bool:
    return tool.startswith("mcp__") or tool in SEARCHES


def _names(globs: Iterable[str], name: str) -> bool:
    return any(name_glob(glob).matches(name) for glob in globs)


def peer_matches(globs: Iterable[str], host: str, port: int | None) -> bool:
    """Whether one of ``globs`` (``host`` or ``host:port``) names the peer."""
    if host == "*":
        return False
    for glob in globs:
        named, _, wanted = glob.rpartition(":")
        if named and wanted.isdecimal():
            if port == int(wanted) and name_glob(named).matches(host):
                return True
        elif name_glob(glob).matches(host):
            return True
    return False


def labels_of(rule: FlowRule, request: Request, facts: Facts) -> tuple[Label, ...]:
    """What a call would label its conversation with, once it is let through."""
    return tuple(_labels(rule, request, facts))


def _labels(rule: FlowRule, request: Request, facts: Facts) -> Iterator[Label]:  # noqa: C901 - one arm for each kind of access
    event = request.event
    for finding in facts.findings:
        if finding.rule.startswith("secret/"):
            yield _label(LabelKind.SECRET, finding.rule, request)
    if not isinstance(event.what, ToolCall):
        return
    where = {"project": request.session.project, "home": request.principal.home}
    folded = request.session.folds_case
    places = [path_glob(fill_in(glob, **where), folded=folded) for glob in rule.private if not _is_tool(glob)]
    for access in facts.accesses:
        match access:
            case Access(kind=AccessKind.READ, target=PathTarget() as path):
                if (found := _met(path, places)) is not None:
                    yield _label(LabelKind.PRIVATE, found, request)
            case Access(kind=AccessKind.CONNECT, target=HostTarget(host=host, port=port)):
                if host not in LOCAL and not peer_matches(rule.trusted, host, port):
                    yield _label(LabelKind.UNTRUSTED, "an unknown host" if host == "*" else host, request)
            case Access(kind=AccessKind.CALL_TOOL, target=NameTarget(name=name)) if _sends(name):
                if _names(filter(_is_tool, rule.private), name):
                    yield _label(LabelKind.PRIVATE, name, request)
                if not _names(rule.trusted, name):
                    yield _label(LabelKind.UNTRUSTED, name, request)
            case _:
                pass


def _met(target: PathTarget, places: Sequence[Glob]) -> str | None:
    """A private path that the access reads, or may read where nobody looked what its pattern matches."""
    if target.pattern and target.expanded is None:
        try:
            pattern = Glob(target.path.rstrip("/") or "/")
            budget = Budget(MAX_STEPS)
            met = any(intersects(pattern, place, budget=budget) for place in places)
        except (GlobError, TooComplexError):
            met = bool(places)
        return target.path if met else None
    paths = target.expanded or () if target.pattern else filter(None, (target.path, target.real))
    return next((one for one in paths if any(place.matches(one) for place in places)), None)


def _label(kind: LabelKind, what: str, request: Request) -> Label:
    event: Event = request.event
    call = event.what
    return Label(
        kind=kind,
        what=what,
        by=getattr(call, "tool", "") or event.name,
        call=getattr(call, "call_id", ""),
        skills=request.session.skills,
        session=event.session,
    )


__all__ = ["flow_layers", "labels_of", "peer_matches"]
