"""What the network answers would be run: ``curl ... | sh``, ``bash -c "$(curl ...)"``, ``curl -o x ... && sh x``."""

from collections.abc import Iterator, Mapping, Sequence

from bailiwick.analysis.commands.inputs import inputs
from bailiwick.model.access import AccessKind, Facts, Finding, PathTarget, ProgramTarget, Span
from bailiwick.model.glob import path_glob
from bailiwick.rules.command.programs import NETWORK, is_interpreter, runs_its_input
from bailiwick.rules.rule import Evidence, Rule, Severity

_Programs = Mapping[int, tuple[Span | None, ProgramTarget]]


def _find(evidence: Evidence) -> Iterator[Finding]:
    programs: _Programs = {index: (access.cause, program) for index, access, program in evidence.programs()}
    reported: set[int] = set()
    for source, (_, network) in programs.items():
        if network.name not in NETWORK:
            continue
        reached = tuple(_reached(evidence.facts, source))
        direct = [sink for sink in (*reached, *_around(programs, source)) if _takes_code(programs, sink)]
        stored = _stored(evidence.facts, programs, (source, *reached))
        for sink in (*direct, *stored):
            if sink not in reported:
                reported.add(sink)
                cause, program = programs[sink]
                yield Finding(
                    rule=RULE.id,
                    message=f"{program.name} would run what {network.name} downloads",
                    field="tool_input.command",
                    cause=cause,
                )


def _takes_code(programs: _Programs, sink: int) -> bool:
    return sink in programs and is_interpreter(programs[sink][1].name) and runs_its_input(programs[sink][1])


def _reached(facts: Facts, source: int) -> Iterator[int]:
    """Every program that output of ``source`` may reach, through any number of others."""
    seen, pending = {source}, [source]
    while pending:
        current = pending.pop()
        for flow in facts.flows:
            if flow.source == current and flow.sink not in seen:
                seen.add(flow.sink)
                pending.append(flow.sink)
                yield flow.sink


def _around(programs: _Programs, source: int) -> Iterator[int]:
    """Programs with an unknown word inside which the download is written: a command substitution."""
    inner = programs[source][0]
    for index, (outer, program) in programs.items():
        if index != source and None in program.argv and _inside(inner, outer):
            yield index


def _stored(facts: Facts, programs: _Programs, carriers: tuple[int, ...]) -> Iterator[int]:
    """Programs that are, or are given, a file which the download or what it flows through has written before."""
    spans = [programs[index][0] for index in carriers if index in programs]
    written: dict[PathTarget, int] = {}
    for access in facts.accesses:
        cause = access.cause
        if access.kind is not AccessKind.WRITE or not isinstance(access.target, PathTarget) or cause is None:
            continue
        if any(_inside(cause, span) or _redirect(cause, span, programs) for span in spans):
            written.setdefault(access.target, cause.end)
    if not written:
        return
    for index, (span, program) in programs.items():
        if index == carriers[0] or span is None:
            continue
        before = [target for target, end in written.items() if end <= span.start]
        if (
            any(_is_input(program, target) for target in before)
            or (program.path is not None and _among(PathTarget(path=program.path), before))
            or (
                is_interpreter(program.name)
                and any(
                    isinstance(access.target, PathTarget)
                    and access.kind is AccessKind.READ
                    and _inside(access.cause, span)
                    and _among(access.target, before)
                    for access in facts.accesses
                )
            )
        ):
            yield index


def _is_input(program: ProgramTarget, file: PathTarget) -> bool:
    """Whether the program takes the file without being told."""
    return not file.pattern and any(
        path_glob(f"/**/{glob}").matches(file.path) for glob in inputs(program.name)
    )


def _among(file: PathTarget, written: Sequence[PathTarget]) -> bool:
    """Whether the file is one of those written, an unpacked tree among them."""
    return any(
        path_glob(target.path).matches(file.path)
        if target.pattern and not file.pattern
        else target.path == file.path
        for target in written
    )


def _redirect(cause: Span, span: Span | None, programs: _Programs) -> bool:
    """Whether ``cause`` is written right behind the program at ``span``, as its redirection is."""
    if span is None or cause.start < span.end:
        return False
    return not any(other and span.end <= other.start < cause.start for other, _ in programs.values())


def _inside(inner: Span | None, outer: Span | None) -> bool:
    return inner is not None and outer is not None and outer.start <= inner.start and inner.end <= outer.end


RULE = Rule(
    id="command/downloaded-code",
    title="Downloaded code reaches an interpreter",
    severity=Severity.CRITICAL,
    find=_find,
)
