"""What the network answers would be run: ``curl ... | sh``, ``bash -c "$(curl ...)"``, ``curl -o x ... && sh x``."""

from collections.abc import Iterator, Mapping

from bailiwick.model.access import AccessKind, Facts, Finding, PathTarget, ProgramTarget, Span
from bailiwick.rules.command.programs import NETWORK, is_interpreter
from bailiwick.rules.rule import Evidence, Rule, Severity


def _find(evidence: Evidence) -> Iterator[Finding]:
    programs = {index: (access.cause, program) for index, access, program in evidence.programs()}
    sources = [index for index, (_, program) in programs.items() if program.name in NETWORK]
    if not sources:
        return
    reported: set[int] = set()
    for source in sources:
        for sink in (
            *_reached(evidence.facts, source),
            *_around(programs, source),
            *_stored(evidence.facts, programs, source),
        ):
            if sink in reported or sink not in programs or not is_interpreter(programs[sink][1].name):
                continue
            reported.add(sink)
            cause, program = programs[sink]
            yield Finding(
                rule=RULE.id,
                message=f"{program.name} would run what {programs[source][1].name} downloads",
                field="tool_input.command",
                cause=cause,
            )


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


def _around(programs: Mapping[int, tuple[Span | None, ProgramTarget]], source: int) -> Iterator[int]:
    """Programs with an unknown word inside which the download is written: a command substitution."""
    inner = programs[source][0]
    for index, (outer, program) in programs.items():
        if index != source and None in program.argv and inner and outer and _inside(inner, outer):
            yield index


def _stored(
    facts: Facts, programs: Mapping[int, tuple[Span | None, ProgramTarget]], source: int
) -> Iterator[int]:
    """Programs that are given, as an argument, a file which the download wrote."""
    span = programs[source][0]
    written = {
        access.target.path
        for access in facts.accesses
        if access.kind is AccessKind.WRITE
        and isinstance(access.target, PathTarget)
        and span
        and access.cause
        and _inside(access.cause, span)
    }
    if not written:
        return
    for access in facts.accesses:
        if access.kind in {AccessKind.READ, AccessKind.EXECUTE} and isinstance(access.target, PathTarget):
            for index, (outer, _) in programs.items():
                if index != source and access.target.path in written and _inside(access.cause, outer):
                    yield index


def _inside(inner: Span | None, outer: Span | None) -> bool:
    return inner is not None and outer is not None and outer.start <= inner.start and inner.end <= outer.end


RULE = Rule(
    id="command/downloaded-code",
    title="Downloaded code reaches an interpreter",
    severity=Severity.CRITICAL,
    find=_find,
)
