"""What the steps of a text ask for in words: files, hosts, tools, variables, sub-agents, as capabilities with how they are meant."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.sensitive import is_placeholder
from bailiwick.analysis.skill.speech import Sentence, negated, reports
from bailiwick.analysis.skill.writes import kind_of
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import CapabilityKind, Role, Source

BY = "prose"
"""What a capability of a step is by: rules on code pass it over."""

MAX_VERBS, MAX_TARGETS, MAX_REACH = 12, 4, 160
"""Verbs of a sentence, targets of a verb, and characters behind it that are looked at."""

_VERBS = Form(
    r"\b(?:(?P<read>read|open|load|inspect|consult|parse|check|view|examine)|(?P<write>write|save|store|export|append|add|update|edit|modify|put|create|generate|record|persist|remember|log)|(?P<delete>delete|remove|erase)"
    r"|(?P<fetch>fetch|download|get|query|call|request|visit|retrieve)|(?P<send>send|post|upload|submit)|(?P<spawn>start|spawn|launch|dispatch|delegate))\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"(?:^|[,;:(]|\b(?:then|and|or|to|must|should|please|always|never|not|n't|optionally|also|first|next|now|can|may|could|will|let's)|\d[.)])[\W\d]*$",
    re.IGNORECASE,
)
"""What stands before a verb that tells somebody to do something."""
_MAYBE = re.compile(
    r"\b(?:optional(?:ly)?|if (?:needed|necessary|required|possible|useful|(?:you|they) (?:want|like|need|wish)|(?:the )?(?:user|person|human)s? (?:asks?|wants?|prefers?|agrees?))|where (?:needed|useful)|(?:you|it|they) (?:may|can|could|might)|alternatively)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"`([^`\n]{1,200})`|(?<![\w/`.@:-])((?:~|\.{1,2})?/(?:[\w.-]+/)*[\w.*-]+|\.?(?:[\w-]+/)+[\w.-]+\.\w{1,8}|\.?[\w-]+\.(?:md|txt|json|ya?ml|toml|csv|tsv|py|sh|html|pdf|docx|xlsx|pptx|log|cfg|ini|xml|sql|env|lock))(?![\w/(])"
)
_PATH = re.compile(r"(?:~|\.{0,2}|\$\{?\w+\}?)?/?[\w.@*-]+(?:/[\w.@*-]+)*/?")
_FILE_LIKE = re.compile(r"^(?:~|/|\./|\.\./)|/|\.[A-Za-z]\w{0,7}$|^\.[a-z]")
_ADDRESS = re.compile(r"https?://[^\s`)>\]\"']+")
_TOOL = Form(
    r"`?\b(WebSearch|WebFetch|NotebookEdit|TodoWrite|AskUserQuestion|Task|Agent|Grep|Glob|Bash|Read|Edit|Write|PowerShell|Monitor)`?\s+tool\b"
)
_SERVER = Form(r"\bmcp__([\w-]+?)__([\w*-]+)")
_VARIABLE = Form(
    r"\b(?:environment variables?|env(?:ironment)? vars?|variables?|export|set)\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<![\w/.-])\$?\{?([A-Z][A-Z0-9]{1,40}_[A-Z0-9_]{1,60})\}?(?![\w/])")
_AGENT = re.compile(r"\b(?:sub-?agents?|agents?)\b", re.IGNORECASE)


def steps(sentences: Sequence[Sentence], path: str, into: Inventory, files: Collection[str]) -> None:
    """Add what the sentences of one document ask for; ``files`` are those of the skill."""
    for sentence in sentences:
        source = Source(path=path, line=sentence.line)
        for kind, target, detail, at in _asked(sentence.text, files):
            role = meant(sentence.text, at, sentence.role)
            into.capability(kind, target, source, role, detail=detail, by=BY)


def meant(text: str, at: int, otherwise: Role) -> Role:
    """How something at a place of a sentence is meant: forbidden, left to choice, only reported, or as the rest is."""
    before = text[:at]
    if otherwise not in (Role.INSTRUCTED, Role.OPTIONAL):
        return otherwise
    if negated(text, at):
        return Role.NEGATED
    if _MAYBE.search(before):
        return Role.OPTIONAL
    return Role.QUOTED if reports(text, at) else otherwise


def _asked(text: str, files: Collection[str]) -> Iterator[tuple[CapabilityKind, str, str, int]]:
    """Kind, target, detail and place of each."""
    verbs = [
        match
        for match in islice(_VERBS.finditer(text), MAX_VERBS)
        if _TELLS.search(text[: match.start()][-30:])
    ]
    ends = [*(match.start() for match in verbs[1:]), len(text)]
    for match, end in zip(verbs, ends, strict=False):
        yield from _object(match, text[match.end() : min(end, match.end() + MAX_REACH)], files)
    for match in _TOOL.finditer(text):
        yield CapabilityKind.TOOL, match[1], "", match.start()
        if match[1] in ("Task", "Agent"):
            yield CapabilityKind.SPAWN, "*", "", match.start()
    for match in _SERVER.finditer(text):
        yield CapabilityKind.MCP, f"{match[1]}.{match[2]}", "", match.start()
    if _VARIABLE.search(text):
        for match in islice(_NAME.finditer(text), MAX_TARGETS):
            yield CapabilityKind.ENV, match[1], "", match.start()


def _object(
    verb: re.Match[str], said: str, files: Collection[str]
) -> Iterator[tuple[CapabilityKind, str, str, int]]:
    """What a verb is said of, up to the next verb."""
    at = verb.start()
    match verb.lastgroup:
        case "fetch" | "send" as group:
            for address in islice(_ADDRESS.finditer(said), MAX_TARGETS):
                for host in hosts_in(address[0])[:1]:
                    if not is_placeholder(host):
                        yield CapabilityKind.NET, host, "GET" if group == "fetch" else "POST", at
        case "spawn":
            if _AGENT.search(said):
                yield CapabilityKind.SPAWN, "*", "", at
        case group:
            for name in _paths(said):
                shown = _shown(name, files)
                if group == "read":
                    yield CapabilityKind.FS_READ, shown, "", at
                else:
                    kind = kind_of(name)
                    deletes = kind is CapabilityKind.FS_WRITE and group == "delete"
                    yield kind, shown, "delete" if deletes else "", at


def _paths(said: str) -> Iterator[str]:
    for match in islice(_NAMED.finditer(_ADDRESS.sub("", said)), MAX_TARGETS):
        name = match[1] or match[2]
        if _PATH.fullmatch(name) and _FILE_LIKE.search(name):
            yield name


def _shown(name: str, files: Collection[str]) -> str:
    plain = name.removeprefix("./").rstrip("/")
    if plain in files:
        return f"${{skill}}/{plain}"
    return name if name.startswith(("/", "~", "$")) else f"${{project}}/{plain}"
