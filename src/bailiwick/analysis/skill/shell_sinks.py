"""Where what comes into the programs of a command goes: they run it, send it, look it up, record it, keep it, print it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bailiwick.analysis.skill.code.effects import OUTPUT
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.programs import (
    INTERPRETERS,
    LOOKUP,
    NO_CODE,
    PROOF,
    SENDERS,
    SHELLS,
    names_file,
    sends,
    takes_code,
)
from bailiwick.analysis.skill.prose.hosts import bare_hosts, hosts_in
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.skill.shell_data import MAX_GAP, PROJECT, prints, reached, redirections, shown
from bailiwick.analysis.skill.shell_marks import CommandText
from bailiwick.model.access import Access, AccessKind, Facts, HostTarget, PathTarget, ProgramTarget
from bailiwick.model.skill import Source

_PUT_IN = re.compile(r"\$[{(]?[A-Za-z_]")
_MAILERS = frozenset(("mail", "sendmail", "mailx", "mutt"))
_RECORDED = (("commit",), ("interpret-trailers",), ("notes",), ("push",), ("tag",))
"""What git keeps, or sends, with a text that it is given."""
_FOREIGN = (Origin.DOWNLOAD, Origin.ENCODED)
"""What is nobody's secret; it matters where it is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One program of a command: where it stands and what the text there says, what comes into it."""

    told: CommandText
    program: ProgramTarget
    where: Source
    said: str
    incoming: Sequence[Label]
    into: Inventory

    def chain(self, label: Label, sink: Sink, target: str, *, auth: bool = False) -> None:
        self.into.chain(label, sink, target, self.where, self.told.role, auth=auth)


def sinks(
    told: CommandText,
    facts: Facts,
    programs: dict[int, ProgramTarget],
    labels: dict[int, set[Label]],
    into: Inventory,
) -> None:
    """Everything that one command does with what comes into its programs."""
    pushed = any(program.name == "git" and "push" in program.words for program in programs.values())
    redirected = redirections(facts)
    filled = [
        (access, access.target, access.cause.start)
        for access in facts.accesses
        if access.kind is AccessKind.WRITE and isinstance(access.target, PathTarget) and access.cause
    ]
    own: dict[int | None, list[str]] = {}
    for access in facts.accesses:
        if isinstance(access.target, HostTarget):
            own.setdefault(access.by, []).append(access.target.host)
    for index, program in programs.items():
        cause = facts.accesses[index].cause
        step = _Step(
            told=told,
            program=program,
            where=told.at(cause),
            said=told.said(cause),
            incoming=sorted(labels[index], key=str),
            into=into,
        )
        _runs(step)
        _sends(step, own.get(index, []), reached(facts, index, redirected))
        _looks_up(step)
        _records(step, pushed=pushed)
        _keeps(facts, index, labels[index], filled, into)
        if told.moves and told.by not in ("text", "hook", "settings") and prints(told, facts, index, program):
            for label in step.incoming:
                if label.origin is Origin.DOWNLOAD:
                    step.chain(label, Sink.CONTEXT, OUTPUT)


def _runs(step: _Step) -> None:
    program, shell = step.program, step.program.name in SHELLS
    loaded = next((w for w in program.words if w), "") if shell else program.path
    if loaded and not (shell and takes_code(program)):
        _loads(step, loaded)
    if not shell or not takes_code(program):
        return
    for label in step.incoming:
        if label.origin is Origin.ENCODED and not step.told.moves and names_file(program):
            continue  # a word of a script that a script starts, encoded or not
        if label.origin in _FOREIGN:
            step.chain(label, Sink.EXECUTE, program.name)


def _loads(step: _Step, path: str) -> None:
    """A file that is run: what was put into it before counts, in this command or in another."""
    name = shown(path if path.startswith("/") else f"{PROJECT}/{path.removeprefix('./')}")
    step.chain(Label(Origin.FILE, name, step.where), Sink.EXECUTE, path)
    program = step.program
    if INTERPRETERS.fullmatch(program.name) and program.argv[1:2] == (path,) and NO_CODE.search(path):
        step.into.notice(
            Mark.OBFUSCATED,
            f"has {program.name} run {path[:80]}, which is named like a file of data",
            step.where,
            step.told.role,
            target="data",
        )


def _sends(step: _Step, own: Sequence[str], taken: Sequence[str]) -> None:
    """What goes to the program's ``own`` hosts, and to those whose connection is ``taken`` for its output."""
    program, said = step.program, step.said
    sender = program.name in SENDERS
    hosts = [*own, *(taken or (list(hosts_in(said)) or bare_hosts(said) if sender else []))]
    host = hosts[0] if hosts else "*"
    if taken:
        for label in step.incoming:
            if label.origin not in _FOREIGN:
                step.chain(label, Sink.SEND, host)
    if not sender or not (hosts or program.name in _MAILERS):
        return
    proofs = [match.span(1) for match in PROOF.finditer(said)]
    for label in step.incoming:
        if label.origin in _FOREIGN or (label.origin is Origin.FILE and not sends(program)):
            continue
        if label.origin is Origin.VARIABLE and _is_address(label.name, said):
            continue
        step.chain(label, Sink.SEND, host, auth=_is_proof(label, said, proofs))


def _is_address(name: str, said: str) -> bool:
    """Whether a variable is the address that is sent to, and not among what is sent."""
    variable = rf"\$\{{?{re.escape(name)}"
    return bool(
        re.search(rf"(?:https?://|\s[\"']?){variable}", said)
        and not re.search(rf"(?:-d|--data\S*|-F|--form|=|@)\s*[\"']?[^\"'\n]*{variable}", said)
    )


def _is_proof(label: Label, said: str, proofs: Sequence[tuple[int, int]]) -> bool:
    """Whether it proves who sends, as a key in a header does."""
    places = [said.find(label.name)] if label.origin is Origin.VARIABLE else []
    if label.origin is Origin.CREDENTIALS and kept_in(label.name) is None:
        # What a store of secrets told, by way of a variable: all that is put in stands in a proof.
        places = [found.start() for found in _PUT_IN.finditer(said)]
    return bool(places) and all(any(start <= at < end for start, end in proofs) for at in places)


def _looks_up(step: _Step) -> None:
    if step.program.name not in LOOKUP or not (None in step.program.argv or step.program.open_ended):
        return
    zone = re.search(r"[\w)}\"'.]\.((?:[\w-]+\.)+[a-z]{2,})\b", step.said)
    for label in step.incoming:
        if label.origin is not Origin.FILE or zone:
            step.chain(label, Sink.DNS, zone[1] if zone else "*")


def _records(step: _Step, *, pushed: bool) -> None:
    """What git takes in; what it is told to add only where the command pushes, too."""
    words = step.program.words
    if step.program.name != "git":
        return
    if pushed and words[:1] == ("add",):
        for word in words[1:]:
            if (kept := kept_in(word or "")) is not None:
                step.chain(Label(kept.origin, word or "", step.where), Sink.GIT, "git push")
    if words[:1] in _RECORDED:
        for label in step.incoming:
            if label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT):
                step.chain(label, Sink.GIT, f"git {words[0]}")


def _keeps(
    facts: Facts,
    index: int,
    labels: set[Label],
    filled: Sequence[tuple[Access, PathTarget, int]],
    into: Inventory,
) -> None:
    """What a program puts into a file, for whoever reads it later."""
    cause = facts.accesses[index].cause
    if cause is None or not labels:
        return
    for access, target, start in filled:
        if access.by == index or (access.by is None and 0 <= start - cause.end <= MAX_GAP):
            name = shown(target.path)
            into.writes.setdefault(name.removeprefix("${project}/"), set()).update(labels)
