"""What the programs of a command take and where it goes: files, variables, stores of secrets, redirections."""

import re
from collections.abc import Sequence

from bailiwick.analysis.skill.code.places import shown_path
from bailiwick.analysis.skill.facts import Inventory, Label, Origin
from bailiwick.analysis.skill.programs import (
    CARRIERS,
    CLIPBOARD,
    DOWNLOADERS,
    FILTERS,
    IDENTITY,
    OWN_CONFIG,
    SENDERS,
    TOKEN_STORES,
    UPLOADED,
)
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.skill.shell_marks import CommandText
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.skill import CapabilityKind

UNKNOWN = "BAILIWICK_UNKNOWN"
"""A variable that stands in a command for a word that a script computes."""


_SPELLS_OUT = re.compile(
    r"\bprintf\s+(?:--\s+)?[\"']?%b|(?:\\{1,2}(?:x[0-9a-fA-F]{2}|0?[0-3][0-7]{2}|u00[0-9a-fA-F]{2})){3}"
)
"""Characters by their numbers, which are spelled out."""

MAX_GAP = 4
"""Characters between a command and a redirection that belongs to it."""


HOME, PROJECT, SKILL = "/home/user", "/project", "/skill"
"""Where commands are read as if they ran; the manifest spells them ``~``, ``${project}`` and ``${skill}``."""


def labels_of(
    told: CommandText, facts: Facts, programs: dict[int, ProgramTarget], into: Inventory
) -> dict[int, set[Label]]:
    """The kinds of data that each program of a command takes; the variables it reads are capabilities."""
    labels: dict[int, set[Label]] = {index: set() for index in programs}
    for access in facts.accesses:
        where = told.at(access.cause)
        by = access.by if access.by is not None else redirected(access, facts, programs)
        if access.kind is not AccessKind.READ or by is None or by not in labels:
            continue
        match access.target:
            case PathTarget(path=path):
                name = shown(path)
                if name.endswith("/-"):
                    continue  # ``@-`` is what it is given to read
                kept = kept_in(name.removesuffix("/**")) or kept_in(name)
                written = told.said(facts.accesses[by].cause)
                tail = name.removesuffix("/**").rpartition("/")[2]
                if (
                    kept is not None
                    and (tail in written or programs[by].name not in OWN_CONFIG)
                    and not IDENTITY.search(written.partition(tail)[0])
                ):
                    labels[by].add(Label(kept.origin, name, where))
                elif name.startswith(("/tmp", "/var/tmp", "${project}", "/dev/shm", "~")):  # noqa: S108 - a name, not a file of ours
                    labels[by].add(Label(Origin.FILE, name, where))
            case VariableTarget(name="*"):
                if programs[by].name in ("env", "printenv", "export", "set", "declare"):
                    labels[by].add(Label(Origin.ENVIRONMENT, "*", where))
            case _:
                pass
    for index, program in programs.items():
        said = told.said(facts.accesses[index].cause)
        where = told.at(facts.accesses[index].cause)
        if program.name in DOWNLOADERS:
            host = next(
                (a.target.host for a in facts.accesses if a.by == index and isinstance(a.target, HostTarget)),
                "*",
            )
            labels[index].add(Label(Origin.DOWNLOAD, host, where))
        if program.name in SENDERS and UPLOADED.search(said):
            labels[index].add(Label(Origin.FILE, "a file that is named when it runs", where))
        if program.name in ("env", "printenv", "set", "export", "declare") and len(program.argv) <= 2:
            labels[index].add(Label(Origin.ENVIRONMENT, "*", where))
        if TOKEN_STORES.search(said):
            labels[index].add(Label(Origin.CREDENTIALS, " ".join(said.split()[:3]), where))
        for word in program.words if program.name in CARRIERS else ():
            if word and word.startswith(f"{HOME}/") and kept_in(shown(word)) is None:
                labels[index].add(Label(Origin.PERSONAL, shown(word), where))
        if CLIPBOARD.search(said):
            labels[index].add(Label(Origin.PERSONAL, said.split()[0], where))
        if program.name in ("whoami", "hostname", "uname", "id", "ifconfig", "ip", "sw_vers"):
            labels[index].add(Label(Origin.SYSTEM, program.name, where))
        if program.name in (
            "base64",
            "xxd",
            "openssl",
            "base32",
            "gunzip",
            "zcat",
            "rev",
            "tr",
        ) and re.search(r"-d\b|-D\b|--decode|-r\b|\brev\b|\btr\b", said):
            labels[index].add(Label(Origin.ENCODED, program.name, where))
        if program.name in ("printf", "echo", "xargs") and _SPELLS_OUT.search(said):
            labels[index].add(Label(Origin.ENCODED, "printf", where))
        if program.name == "git" and program.words[:1] in (
            ("diff",),
            ("log",),
            ("show",),
            ("bundle",),
            ("archive",),
        ):
            labels[index].add(Label(Origin.PROJECT, f"git {program.words[0]}", where))
        if (
            program.name in ("cat", "head", "tail", "tar", "zip", "find", "grep", "gzip", "cp")
            and not labels[index]
            and re.search(r"(?:\s|=)(?:\.|\.\.|\*|\./\*|src|~|\$HOME)(?:\s|$|/)", said)
        ):
            labels[index].add(Label(Origin.PROJECT, "files", where))
    for access in facts.accesses:
        if (
            access.kind is AccessKind.READ
            and isinstance(access.target, VariableTarget)
            and access.by is None
            and access.cause
        ):
            name = access.target.name
            if name == UNKNOWN:
                continue
            into.capability(CapabilityKind.ENV, name, told.at(access.cause), told.role, by=told.by)
            for index in programs:
                cause = facts.accesses[index].cause
                if cause and cause.start <= access.cause.start < cause.end:
                    labels[index].add(Label(Origin.VARIABLE, name, told.at(access.cause)))
    return labels


def redirected(access: Access, facts: Facts, programs: dict[int, ProgramTarget]) -> int | None:
    """The program that a file is handed to by a redirection behind its words."""
    if access.cause is None or not isinstance(access.target, PathTarget):
        return None
    for index in programs:
        cause = facts.accesses[index].cause
        if cause is not None and 0 <= access.cause.start - cause.end <= MAX_GAP:
            return index
    return None


def redirections(facts: Facts) -> list[tuple[int, str]]:
    """Where what is written goes to a host: the place in the text, and the host."""
    return [
        (access.cause.start, access.target.host)
        for access in facts.accesses
        if access.by is None and isinstance(access.target, HostTarget) and access.cause is not None
    ]


def reached(facts: Facts, index: int, redirected: Sequence[tuple[int, str]]) -> list[str]:
    """Hosts that what a program writes is redirected to."""
    cause = facts.accesses[index].cause
    return [host for start, host in redirected if cause is not None and 0 <= start - cause.end <= MAX_GAP]


def prints(told: CommandText, facts: Facts, index: int, program: ProgramTarget) -> bool:
    """Whether what a program answers is shown, and goes neither on, nor into a file or a variable."""
    cause = facts.accesses[index].cause
    if cause is None or program.name not in DOWNLOADERS | FILTERS:
        return False
    if any(
        name in ("-o", "-O", "-I", "-w", "--output", "--head", "--remote-name") for name, _ in program.options
    ):
        return False
    if any(flow.source == index for flow in facts.flows):
        return False
    before, after = told.text[: cause.start].rstrip(), told.text[cause.end : cause.end + 40].lstrip()
    return not before.endswith(("$(", "`", "<(", "=")) and not re.match(r"[\d&]?>(?!&)", after)


def shown(path: str) -> str:
    """A path as the manifest spells it."""
    for prefix, name in ((HOME, "~"), (PROJECT, "${project}"), (SKILL, "${skill}")):
        if path == prefix or path.startswith(f"{prefix}/"):
            return name + path[len(prefix) :]
    return shown_path(path)
