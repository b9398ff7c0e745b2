"""A command and what it would do as a tree for people, and as JSON.

The tree is drawn from facts alone: who does what (``Access.by``), what feeds what (``Facts.flows``), and the piece of
the command that causes it (``cause``). Nothing in the command can draw a line of its own or move the cursor.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bailiwick.administration.explain import Explanation
from bailiwick.analysis.shell.either import EITHER
from bailiwick.audit.describe import item_of_access, item_of_finding, item_of_obligation, item_of_reason
from bailiwick.audit.wording import plain
from bailiwick.cli.tree import GUTTER, Node, Pen, chunks, cut, one_line
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    Span,
    VariableTarget,
)
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
from bailiwick.model.verdict import Verdict

MAX_SHOWN_LINES = 24
"""Lines of the command itself that are shown above the tree."""
MAX_REASONS = 4
"""Rules of the strongest verdict that are told in full."""
MAX_ABOUTS = 3
"""Things of which one rule spoke that are listed."""


MIN_PLACE = 12
"""Columns that the end of a directory gets, however narrow the terminal."""

_READERS = {"bash": "bash", "zsh": "zsh", "sh": "sh", EITHER: "what bash and zsh would both do"}

_PATH_VERBS = {
    AccessKind.READ: "reads",
    AccessKind.WRITE: "writes",
    AccessKind.DELETE: "deletes",
    AccessKind.EXECUTE: "executes",
    AccessKind.CHANGE_CONFIG: "changes",
}
_NAME_VERBS = {
    AccessKind.CALL_TOOL: "uses the tool",
    AccessKind.CHANGE_CONFIG: "changes the setting",
    AccessKind.LOAD_SKILL: "loads the skill",
    AccessKind.SPAWN_AGENT: "starts the agent",
}


_Told: TypeAlias = tuple[Reason, Sequence[str]]
"""A rule that spoke, and what it spoke of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is explained: the command as it would run, where, and in whose words policy is named.

    ``asked`` is the command as it was asked about, where policy narrows it.
    """

    command: str
    cwd: str
    home: str
    shell: str
    policy: str
    asked: str = ""


def as_text(
    subject: Subject, explanation: Explanation, facts: Facts, *, width: int, colour: bool = False
) -> str:
    """The command, a tree of what it would do, then the verdict with the rules behind it; lines end in a newline."""
    pen = Pen(width=width, colour=colour)
    lines = [*_heading(subject, pen), ""]
    roots = _tree(subject, explanation, facts)
    for node in roots:
        lines += pen.node(node, last=node is roots[-1])
    if not roots:
        lines.append(" " * GUTTER + "It starts no program and touches no file.")
    lines += ["", *_verdict(subject, explanation, pen)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _heading(subject: Subject, pen: Pen) -> Iterator[str]:
    room = pen.width - GUTTER
    if subject.asked:
        yield from _quoted(subject.asked, pen)
        yield " " * GUTTER + pen.paint("which policy narrows, leaving out what it withholds, to", "dim")
    yield from _quoted(subject.command, pen)
    reader = f", read as {_READERS[subject.shell]}"
    place = _end(plain(subject.cwd), max(room - len("in ") - len(reader), MIN_PLACE))
    yield " " * GUTTER + pen.paint(cut(f"in {place}{reader}", room), "dim")


def _quoted(command: str, pen: Pen) -> Iterator[str]:
    """The command in lines, not more than a screen of them."""
    shown = [
        piece
        for line in command.split("\n")
        for piece in (chunks(plain(line.expandtabs(4)), pen.width - GUTTER) or [""])
    ]
    for line in shown[:MAX_SHOWN_LINES]:
        yield " " * GUTTER + pen.paint(line, "bold")
    if len(shown) > MAX_SHOWN_LINES:
        yield " " * GUTTER + pen.paint(f"… {len(shown) - MAX_SHOWN_LINES} more lines", "dim")


def _end(path: str, room: int) -> str:
    """``path``, or where that is too long its end, which tells more than its beginning."""
    return path if len(path) <= room else f"…{path[1 - room :]}"


# -- facts as a tree


def _tree(subject: Subject, explanation: Explanation, facts: Facts) -> list[Node]:
    """Everything the command does, each part below the program that does it, in the order of the command."""
    nodes = [
        _node(subject, part.about, part.verdict, index, facts) for index, part in enumerate(explanation.parts)
    ]
    roots: list[Node] = []
    for node, part in zip(nodes, explanation.parts, strict=True):
        about = part.about
        if isinstance(about, Access) and about.kind is AccessKind.CALL_TOOL and part.verdict <= Verdict.ALLOW:
            continue  # the Bash tool itself, which every command uses
        owner = None if isinstance(about, Finding) else about.by
        (roots if owner is None else nodes[owner].children).append(node)
    todo = [roots]
    while todo:
        level = todo.pop()
        level.sort(key=lambda node: node.start)
        todo += [node.children for node in level]
    return roots


def _node(
    subject: Subject, about: Access | Opaque | Finding, verdict: Verdict, index: int, facts: Facts
) -> Node:
    owner = None if isinstance(about, Finding) or about.by is None else facts.accesses[about.by]
    # What the line of the program itself quotes isn't said again below it.
    piece = _piece(subject.command, about.cause)
    quote = "" if owner is not None and owner.cause == about.cause else piece
    start = about.cause.start if about.cause else 0
    match about:
        case Access(target=ProgramTarget() as program):
            text = _program(program, piece)
            quote = "" if text == one_line(piece) else quote
            notes = _notes(program, owner, facts, index)
            return Node(verdict=verdict, text=text, notes=notes, quote=quote, start=start)
        case Access():
            return Node(verdict=verdict, text=_effect(about, subject), quote=quote, start=start)
        case Opaque(reason=reason):
            return Node(verdict=verdict, text=f"opaque: {plain(reason)}", quote=quote, start=start)
        case Finding(rule=rule, message=message):
            # Findings speak of the whole: they come last.
            text = f"noticed: {plain(message)} ({rule})"
            return Node(verdict=verdict, text=text, quote=quote, start=len(subject.command) + 1)


def _program(program: ProgramTarget, quote: str) -> str:
    """The program as it was written where that is what runs, else as it is understood."""
    argv = [program.path or program.name, *program.argv[1:]]
    known = [word for word in program.argv if word is not None]
    if len(known) == len(program.argv) and not program.open_ended:
        try:
            if shlex.split(quote) == known:
                return one_line(quote)
        except ValueError:
            pass
    words = ["?" if word is None else _word(word) for word in argv]
    return one_line(" ".join([*words, *(["..."] if program.open_ended else [])]))


def _word(word: str) -> str:
    return (
        word
        if word and word.isprintable() and not set(word) & set(" '\"\\$`*?[]{}()<>|&;!~#")
        else shlex.quote(word)
    )


def _notes(program: ProgramTarget, starter: Access | None, facts: Facts, index: int) -> str:
    notes = []
    before = starter.target.as_user if starter and isinstance(starter.target, ProgramTarget) else None
    if program.as_user is not None and program.as_user != before:
        notes.append(f"as {plain(program.as_user)}")
    if program.project_code:
        notes.append("runs the project's own code")
    if program.unknown:
        notes.append("opaque: nothing is known of this program")
    if feeding := _feeding(facts, index, by_file=False):
        notes.append(f"fed by {', '.join(feeding)}")
    # That git reads what git wrote says nothing.
    if writing := [name for name in _feeding(facts, index, by_file=True) if name != program.name]:
        notes.append(f"reads what {', '.join(writing)} wrote")
    return "; ".join(notes)


def _feeding(facts: Facts, index: int, *, by_file: bool) -> Sequence[str]:
    """The programs whose output the program at ``index`` reads, straight or by way of a file."""
    flows = [flow for flow in facts.flows if flow.sink == index and flow.by_file is by_file]
    sources = [facts.accesses[flow.source].target for flow in flows]
    return list(dict.fromkeys(plain(one.name) for one in sources if isinstance(one, ProgramTarget)))


def _effect(access: Access, subject: Subject) -> str:
    match access.target:
        case PathTarget(path=path, real=real, excluded=excluded):
            leads = f", which is {plain(real)}" if real and real != path else ""
            left = f" but {', '.join(_path(one, subject) for one in excluded)}" if excluded else ""
            return f"{_PATH_VERBS.get(access.kind, access.kind)} {_path(path, subject)}{leads}{left}"
        case HostTarget(host=host, port=port, sends=sends):
            peer = "a host that isn't known" if host == "*" else plain(host)
            return f"{'sends data to' if sends else 'contacts'} {peer}" + (f":{port}" if port else "")
        case VariableTarget(name=name, value=value):
            if access.kind is AccessKind.READ:
                return "reads the whole environment" if name == "*" else f"reads ${plain(name)}"
            return f"sets {plain(name)}=" + ("?" if value is None else plain(_word(value) if value else ""))
        case NameTarget(name=name):
            return f"{_NAME_VERBS.get(access.kind, access.kind)} {plain(name)}"
        case ProgramTarget(as_user=account) as program:
            return _program(program, "") + (f" as {plain(account)}" if account else "")


def _path(path: str, subject: Subject) -> str:
    """A path; below the working directory beginning with ``./``, so that the eye tells inside from outside."""
    if path == subject.cwd:
        return "."
    below = subject.cwd.rstrip("/") + "/"
    return plain("./" + path[len(below) :] if path.startswith(below) else path)


def _piece(command: str, cause: Span | None) -> str:
    return "" if cause is None else command[cause.start : cause.end]


# -- the verdict


def _verdict(subject: Subject, explanation: Explanation, pen: Pen) -> Iterator[str]:
    decision = explanation.decision
    revision = f", revision {decision.revision[:12]}" if decision.revision else ""
    label = decision.verdict.label
    yield from pen.wrapped(
        f"under profile {plain(explanation.profile)} of {plain(subject.policy)}{revision}{_carried_out(decision)}",
        first=pen.paint(f"{label.upper():{GUTTER}}", label),
        indent=GUTTER,
    )
    told = _grouped(subject, (reason for reason in decision.reasons if reason.verdict is decision.verdict))
    if decision.verdict <= Verdict.ALLOW:
        yield from pen.wrapped(_granted(told), indent=GUTTER)
    else:
        for reason, abouts in told[:MAX_REASONS]:
            yield ""
            yield from _reason(reason, abouts, pen)
        lesser = _grouped(
            subject, (r for r in decision.reasons if Verdict.ALLOW < r.verdict < decision.verdict)
        )
        if left := max(len(told) - MAX_REASONS, 0) + len(lesser):
            more = "more rule objects" if left == 1 else "more rules object"
            yield from ("", " " * GUTTER + pen.paint(f"{left} {more}; --json shows all", "dim"))
    if decision.verdict < Verdict.DENY:
        for duty in (one for one in decision.obligations if one is not explanation.narrowing):
            yield from pen.wrapped(_duty(duty), indent=GUTTER)
    for error in decision.errors:
        yield from pen.wrapped(f"error: {plain(error)}", indent=GUTTER)


def _granted(told: Sequence[_Told]) -> str:
    """The rules that allow it, those of the Bash tool itself left out where others do."""
    rules = [
        f"{reason.rule} ({reason.origin})"
        for reason, _ in told
        if not (isinstance(reason.about, Access) and reason.about.kind is AccessKind.CALL_TOOL)
    ] or [f"{reason.rule} ({reason.origin})" for reason, _ in told]
    more = f" and {len(rules) - MAX_REASONS} more" if len(rules) > MAX_REASONS else ""
    return f"by {', '.join(rules[:MAX_REASONS])}{more}" if rules else "no rule speaks of it"


def _duty(duty: Obligation) -> str:
    match duty:
        case Clamp(field=name, maximum=maximum):
            return f"with {plain(name)} at most " + (
                f"{maximum // 1000} s" if name == "timeout" else f"{maximum}"
            )
        case Rewrite(field=name):
            return f"with another {plain(name)}"
        case Redact(rules=rules):
            return f"with {plain(', '.join(rules))} masked"
        case Notify(channel=channel):
            return f"and {plain(channel)} is told"
        case Sandbox():
            return "inside the client's sandbox"
        case Contain():
            return "inside Bailiwick's sandbox"


def _carried_out(decision: Decision) -> str:
    if decision.enforced is decision.verdict:
        return ""
    if decision.enforced < decision.verdict:
        return f"; not enforced: {decision.enforced.label} is carried out"
    return f"; nobody can be asked: {decision.enforced.label} is carried out"


def _grouped(subject: Subject, reasons: Iterable[Reason]) -> Sequence[_Told]:
    """Each thing that is said once, by its first rule, with everything it is said of."""
    groups: dict[tuple[str, str], tuple[Reason, dict[str, None]]] = {}
    for reason in reasons:
        said = (reason.message, reason.instead) if reason.verdict > Verdict.ALLOW else (reason.rule, "")
        _, abouts = groups.setdefault(said, (reason, {}))
        match reason.about:
            case Access() as access:
                abouts[_effect(access, subject)] = None
            case Opaque(reason=why):
                abouts[f"opaque: {plain(why)}"] = None
            case Finding(rule=rule):
                abouts[f"noticed: {rule}"] = None
            case None:
                pass
    return [(reason, tuple(abouts)) for reason, abouts in groups.values()]


def _reason(reason: Reason, abouts: Sequence[str], pen: Pen) -> Iterator[str]:
    mode = "" if reason.mode == "enforce" else f" [{reason.mode}]"
    lifted = f" (lifted by {plain(reason.exception)})" if reason.exception else ""
    more = f"; {len(abouts) - MAX_ABOUTS} more" if len(abouts) > MAX_ABOUTS else ""
    yield from pen.field("rule", f"{reason.rule}  {reason.origin}{mode}{lifted}")
    yield from pen.field("about", "; ".join(abouts[:MAX_ABOUTS]) + more)
    yield from pen.field("because", plain(reason.message))
    yield from pen.field("instead", plain(reason.instead))


# -- JSON


def as_json(subject: Subject, explanation: Explanation, facts: Facts) -> Mapping[str, Any]:
    """The same as plain JSON values. ``by`` and ``fed_by`` are indices in ``accesses``; ``span`` counts characters."""
    verdicts = [part.verdict.label for part in explanation.parts]
    fed: dict[int, list[int]] = {}
    for flow in facts.flows:
        fed.setdefault(flow.sink, []).append(flow.source)
    opaque_from = len(facts.accesses)
    findings_from = opaque_from + len(facts.opaque)
    decision = explanation.decision

    def place(part: Access | Opaque | Finding) -> Mapping[str, Any]:
        span = None if part.cause is None else [part.cause.start, part.cause.end]
        return {"span": span, "quote": _piece(subject.command, part.cause)}

    return {
        "command": subject.command,
        **({"asked": subject.asked} if subject.asked else {}),
        "cwd": subject.cwd,
        "shell": subject.shell,
        "policy": subject.policy,
        "profile": explanation.profile,
        "verdict": decision.verdict.label,
        "enforced": decision.enforced.label,
        "accesses": [
            {
                **item_of_access(access),
                **place(access),
                "by": access.by,
                "fed_by": fed.get(index, []),
                "verdict": verdicts[index],
            }
            for index, access in enumerate(facts.accesses)
        ],
        "opaque": [
            {"reason": part.reason, **place(part), "by": part.by, "verdict": verdicts[opaque_from + index]}
            for index, part in enumerate(facts.opaque)
        ],
        "findings": [
            {**item_of_finding(finding), **place(finding), "verdict": verdicts[findings_from + index]}
            for index, finding in enumerate(facts.findings)
        ],
        "reasons": [dict(item_of_reason(reason)) for reason in decision.reasons],
        "obligations": [dict(item_of_obligation(duty)) for duty in decision.obligations],
        "errors": list(decision.errors),
        "revision": decision.revision,
    }
