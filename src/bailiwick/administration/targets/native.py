"""Policy rules as the client's own permission rules, as far as its engine can express them.

The hook decides; these rules hold beside it, so that the client itself refuses what it can tell. They are
never looser than the hook, because they only deny and ask, and never stricter where that would show: a rule
that only monitors or warns, and one that an exception may lift, is left to the hook.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from bailiwick.administration.targets.client import RETIRED, TOOLS
from bailiwick.model.access import AccessKind
from bailiwick.model.decision import Origin
from bailiwick.model.glob import escape
from bailiwick.model.request import FileView
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import (
    AnyCondition,
    CommandCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    Policy,
    Rule,
    Scope,
    Subject,
)

MAX_HIDDEN: Final = 200
"""Paths that are named to the sandbox one by one; each is a mount of its own in every command."""

MAX_ALTERNATIVES: Final = 64
"""Rules that the braces of one glob may become; the client reads every rule before every call."""

_WRITING: Final = frozenset({AccessKind.WRITE, AccessKind.DELETE})
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+:,./=~^-]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]+")


@value(frozen=True, slots=True, kw_only=True)
class Unexpressed:
    """A rule that only the hook carries out, and why the client's own engine can't."""

    rule: str
    origin: Origin
    why: str


@value(frozen=True, slots=True, kw_only=True)
class Native:
    """Permission rules, host lists and skills for the settings document, sorted; and what is not in it.

    ``denied_reads`` and ``denied_writes`` are the directories and files without wildcards, for the sandbox.
    """

    deny: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    skills_off: tuple[str, ...] = ()
    denied_hosts: tuple[str, ...] = ()
    denied_reads: tuple[str, ...] = ()
    denied_writes: tuple[str, ...] = ()
    unexpressed: tuple[Unexpressed, ...] = ()


def native(policy: Policy, *, project: str | None = None, home: str | None = None) -> Native:
    """What the client's engine is given of ``policy``.

    With ``project`` and ``home`` the rules are absolute; without them ``${project}`` becomes the client's
    project anchor and ``~`` stays, which is right for settings that serve every user of a machine.
    """
    deny: set[str] = set()
    ask: set[str] = set()
    skills: set[str] = set()
    hosts: set[str] = set()
    reads: set[str] = set()
    writes: set[str] = set()
    left: list[Unexpressed] = []
    for rule in _objections(policy):
        if why := _held_back(policy, rule):
            left.append(Unexpressed(rule=rule.id, origin=rule.origin, why=why))
            continue
        spelled = _spelled(rule, project, home)
        if isinstance(spelled, str):
            left.append(Unexpressed(rule=rule.id, origin=rule.origin, why=spelled))
            continue
        (deny if rule.verdict is Verdict.DENY else ask).update(spelled)
        if rule.verdict is Verdict.DENY:
            match rule.subject, rule.when:
                case Subject.SKILLS, NameCondition(name=name):
                    skills.add(name)
                case Subject.NETWORK, HostCondition(host=host):
                    hosts.add(host)
                case _:
                    reads.update(_sandbox_path(entry, "Read(") for entry in spelled)
                    writes.update(_sandbox_path(entry, "Edit(") for entry in spelled)
    return Native(
        deny=tuple(sorted(deny)),
        ask=tuple(sorted(ask - deny)),
        skills_off=tuple(sorted(skills)),
        denied_hosts=tuple(sorted(hosts)),
        denied_reads=tuple(sorted(reads - {""})),
        denied_writes=tuple(sorted(writes - {""})),
        unexpressed=tuple(left),
    )


def unexpressed(policy: Policy) -> tuple[Unexpressed, ...]:
    """Rules of ``policy`` that the client's own engine can't express; they hold through the hook alone."""
    return native(policy).unexpressed


def hidden_files(policy: Policy, files: FileView, *, project: str, home: str) -> tuple[str, ...]:
    """Existing files that a rule with wildcards hides, sorted, at most ``MAX_HIDDEN``.

    The client's sandbox mounts paths and no patterns, so these are named one by one; of a pattern for any
    directory (``**/.env``) only those in the project are looked for. A tree too large to look through gives the
    files of its top alone.
    """
    found: set[str] = set()
    for rule in _objections(policy):
        match rule.when:
            case PathCondition(kinds=kinds, glob=glob) if (
                rule.verdict is Verdict.DENY and AccessKind.READ in kinds and not _held_back(policy, rule)
            ):
                for pattern in _places(glob, project, home):
                    found.update(files.expand(pattern) or ())
    return tuple(sorted(found)[:MAX_HIDDEN])


def _places(glob: str, project: str, home: str) -> list[str]:
    """Where to look for what ``glob`` hides: nowhere in trees that are not files of the project or the person."""
    patterns = []
    for one in alternatives(glob) or []:
        place = _anchored(one, project, home)[1:]
        if place.startswith("/**/"):
            top = escape(project.rstrip("/"))
            patterns += [f"{top}/{place[4:]}", f"{top}{place}"]
        elif re.search(r"[*?\[]", place) and place.startswith((project, home)):
            patterns.append(place)
    return patterns


def enforced(policy: Policy, rule: Rule) -> bool:
    """Whether ``rule`` stops anything under ``policy``'s mode."""
    return (rule.mode or policy.mode) is Mode.ENFORCE


def _objections(policy: Policy) -> Iterator[Rule]:
    for layer in policy.layers:
        for rule in (*layer.rules, *layer.defaults.values()):
            if rule.verdict >= Verdict.ASK and enforced(policy, rule):
                yield rule


def _held_back(policy: Policy, rule: Rule) -> str:
    builtin = {rule.id for layer in policy.layers if layer.scope is Scope.BUILTIN for rule in layer.rules}
    if rule.id in builtin:
        return ""
    for exception in policy.exceptions:
        if any(fnmatchcase(rule.id, lifted) for lifted in exception.lifts):
            return f"exception {exception.id} may lift it"
    return ""


def _spelled(rule: Rule, project: str | None, home: str | None) -> list[str] | str:
    """The client's rules that say the same, or why there are none."""
    match rule.subject, rule.when:
        case Subject.FILES, PathCondition(glob=glob) if re.match(r"/proc/\*/.*(cwd|root)", glob):
            return "the client's sandbox would follow it to the project, and hide that"
        case Subject.FILES, PathCondition() as files:
            return _files(files, project, home)
        case Subject.COMMANDS, CommandCondition() as command:
            return _command(command)
        case ((Subject.TOOLS | Subject.MCP | Subject.SKILLS | Subject.AGENTS), NameCondition(name=name)):
            return _named(rule.subject, name)
        case Subject.NETWORK, HostCondition(host=host, port=None):
            known = re.fullmatch(r"(\*\.)?[a-z0-9.-]+", host)
            return [f"WebFetch(domain:{host})"] if known else "the client takes a host name or *.domain"
        case Subject.NETWORK, HostCondition():
            return "the client's network rules have no ports"
        case ((Subject.PERMISSION_MODES | Subject.MODELS), _):
            return "set as settings of the client, not as a rule"
        case _, AnyCondition():
            return "the client has no default for what no rule names"
        case _:
            return "the client has no such rule"


def _files(files: PathCondition, project: str | None, home: str | None) -> list[str] | str:
    meant = (("Read", frozenset({AccessKind.READ})), ("Edit", _WRITING))
    tools = [tool for tool, kinds in meant if files.kinds & kinds]
    if not tools:
        return "the client has no rule for executing a file"
    patterns = _patterns(files.glob, project, home)
    return patterns if isinstance(patterns, str) else [f"{tool}({one})" for tool in tools for one in patterns]


def _named(subject: Subject, name: str) -> list[str] | str:
    whole = _NAME.fullmatch(name) is not None
    match subject:
        case Subject.MCP:
            known = re.fullmatch(r"mcp__[A-Za-z0-9_-]+|mcp__\*|mcp__[A-Za-z0-9_-]+__\*", name)
            return [name] if known else "the client takes a whole server or one tool of it"
        case Subject.SKILLS:
            return [f"Skill({name})"] if whole else "the client takes whole skill names"
        case Subject.AGENTS:
            return [f"Agent({name})"] if whole else "the client takes whole agent types"
        case _ if name in RETIRED:
            return "the client has no tool of this name any more"
        case _:
            named = [tool for tool in TOOLS if fnmatchcase(tool, name)]
            return named or ([name] if whole else f"no tool of the client is known to match {name}")


def _command(command: CommandCondition) -> list[str] | str:
    if command.as_user is not None:
        return "the client does not tell accounts apart"
    if len(command.options) > 1:
        return "the client compares options in one order only"
    words = [*command.words, *command.options]
    last = words[-1]
    if not all(_PLAIN.fullmatch(word) for word in words[:-1]) or not _PLAIN.fullmatch(last.removesuffix("*")):
        return "the client's wildcard runs across words"
    text = " ".join(words)
    return [f"Bash({text})"] if last.endswith("*") else [f"Bash({text} *)"]


def _patterns(glob: str, project: str | None, home: str | None) -> list[str] | str:
    """Patterns in the client's dialect (that of ``.gitignore``), anchored."""
    spelled_out = alternatives(glob)
    if spelled_out is None:
        return f"it stands for more than {MAX_ALTERNATIVES} patterns"
    patterns = []
    for one in spelled_out:
        if ":*" in one or "\n" in one or ("[" in one and re.search(r"[()]", one)):
            return "the client's rule syntax can't hold it"
        if any("**" in segment and segment != "**" for segment in one.split("/")):
            return "the client knows ** as a whole segment only"
        spelled = re.sub(r"\\?([()])", r"[\1]", _anchored(one, project, home))
        patterns.append(spelled)
    return patterns


def _anchored(glob: str, project: str | None, home: str | None) -> str:
    for mark, place, anchor in (("${project}", project, ""), ("~", home, "~")):
        if glob == mark or glob.startswith(f"{mark}/"):
            rest = glob[len(mark) :]
            if place is not None:
                return "/" + escape(place.rstrip("/")) + (rest or "/**")
            return anchor + (rest or "/**")
    return "/" + glob if glob != "/" else "//**"


def alternatives(glob: str) -> list[str] | None:
    """``glob`` with its braces spelled out; None when there are too many."""
    group = _group(glob)
    if group is None:
        return [glob]
    start, end, parts = group
    found: list[str] = []
    for part in parts:
        more = alternatives(glob[:start] + part + glob[end:])
        if more is None or len(found) + len(more) > MAX_ALTERNATIVES:
            return None
        found += more
    return found


def _group(glob: str) -> tuple[int, int, list[str]] | None:
    """The first brace group: where it begins, where it ends, and what it chooses from."""
    begin, depth, cut, parts = 0, 0, 0, []
    skip = False
    for at, character in enumerate(glob):
        if skip or (character == "{" and glob.startswith("${", at - 1) and not depth):
            skip = False
        elif character == "\\":
            skip = True
        elif character == "{":
            depth += 1
            if depth == 1:
                begin, cut = at, at + 1
        elif depth == 1 and character in ",}":
            parts.append(glob[cut:at])
            cut = at + 1
            if character == "}":
                return begin, cut, parts
        elif character == "}":
            depth = max(depth - 1, 0)
    return None


def _sandbox_path(entry: str, tool: str) -> str:
    """The plain path of an absolute rule of ``tool``, or nothing: the sandbox mounts paths, not patterns."""
    if not entry.startswith(f"{tool}//") or not entry.endswith(")"):
        return ""
    path = entry[len(tool) + 1 : -1].removesuffix("/**")
    return "" if re.search(r"[*?\[\]\\!]", path) else path
