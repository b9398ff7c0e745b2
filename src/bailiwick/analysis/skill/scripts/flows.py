"""Data followed by name through scripts of any language: from what reads it, over names, functions and files, to what sends or runs it.

Coarse on purpose: statements, not syntax. It stands beside the exact readers of Python, JavaScript and shell, for what those can't
resolve, and alone for every other language. So it wants both ends and a name that ties them.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import bare_hosts, hosts_in
from bailiwick.analysis.skill.scripts import tongues
from bailiwick.analysis.skill.scripts.statements import (
    EXACT,
    NAMES,
    PATH,
    SPELLED,
    UPLOADS,
    Script,
    Statement,
    literals,
    not_own,
    paths,
    prepare,
    settle,
    statements_of,
    takes,
    texts_of,
)
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder, kept_in
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_STATEMENTS = 6_000
"""Statements of one skill's scripts that are followed."""

MAX_ROUNDS = 5
MAX_HELD = 12
"""Labels of one name."""

_TAKEN = Wide(
    r"\b(?:import|from|require\w*|source|include\w*|use|load|dofile|Import-Module)\b[^\n]{0,160}|^[ \t]{0,80}\.[ \t][^\n]{0,120}",
    re.MULTILINE,
)
"""Where a script takes another in, with the rest of the line."""
_STEM = re.compile(r"\w[\w-]*")

_COMMON = frozenset(
    ("get", "set", "run", "main", "open", "read", "write", "send", "post", "put", "load", "join", "log", "init", "call", "push", "add", "map", "then", "print", "data", "self", "this", "args", "json", "path", "file", "url", "const", "string")
)  # fmt: skip


def flows(
    texts: Mapping[str, str], languages: Mapping[str, str], roles: Mapping[str, Role], into: Inventory
) -> None:
    """Chains from what scripts read to what they send, look up or run."""
    room = MAX_STATEMENTS
    scripts: list[Script] = []
    active = {path: text for path, text in texts.items() if roles[path] is not Role.FIXTURE}
    if not any(_worth(text) for text in active.values()):
        return
    for path, text in active.items():
        listed = list(into.first(statements_of(text, languages[path]), room, path))
        room -= len(listed)
        stem = posixpath.splitext(posixpath.basename(path))[0]
        script = Script(path, languages[path], text, stem, listed, {}, hosts=list(hosts_in(text)))
        script.looks_up = bool(tongues.LOOKS_UP.search(text) or tongues.LOOKS_UP_IN_CODE.search(text))
        for one in listed:
            prepare(one, script)
        scripts.append(script)
    if not any(one.own for script in scripts for one in script.statements):
        for script in scripts:
            _sink(script, roles[script.path], into)
        return
    by_stem: dict[str, list[Script]] = {}
    for script in scripts:
        by_stem.setdefault(script.stem, []).append(script)
    for script in scripts:
        taken = "\n".join(_TAKEN.findall(script.text))
        stems = {*_STEM.findall(taken), *NAMES.findall(taken)} & by_stem.keys()
        script.near = [other for stem in sorted(stems) for other in by_stem[stem] if other is not script]
    news = _News()
    for _ in range(MAX_ROUNDS):
        before = news.count
        for script in scripts:
            _follow(script, news)
        if news.count == before:
            break
    for script in scripts:
        _sink(script, roles[script.path], into)


@dataclass(slots=True)
class _News:
    """When names of any script last came to hold more: a statement that names none of them since is not followed again."""

    count: int = 0
    names: dict[str, int] = field(default_factory=dict)

    def note(self, name: str) -> None:
        self.count += 1
        self.names[name] = self.count

    def since(self, when: int, names: Iterable[str]) -> bool:
        return any(self.names.get(name, 0) > when for name in names)


def _worth(text: str) -> bool:
    """Whether a script could hold an end of a flow."""
    return bool(
        tongues.SENDS.search(text)
        or tongues.FETCHES.search(text)
        or tongues.DECODES.search(text)
        or tongues.EVALUATES.search(text)
        or tongues.SENDS_IN_SHELL.search(text)
        or tongues.SENDS_IN_CODE.search(text)
        or tongues.LOOKS_UP.search(text)
        or tongues.LOOKS_UP_IN_SHELL.search(text)
        or tongues.LOOKS_UP_IN_CODE.search(text)
        or any(pattern.search(text) for pattern, _ in tongues.SOURCES.values())
        or any(kept_in(word) for word in paths(text[:100_000]))
    )


def _taken(labels: Mapping[Label, None], *, takes: bool) -> dict[Label, None]:
    """The labels of a statement; where it takes content, paths become what they lead to."""
    if not takes:
        return dict(labels)
    return dict.fromkeys(replace(one, name=one.name.removeprefix(PATH)) for one in labels)


FILE = "file of "
"""Before the name of a label: a file that was written with what a host answered."""


def _labels(names: Iterable[str], text: str, script: Script) -> dict[Label, None]:
    """What names hold: those of this script, and functions and constants of others that it speaks of."""
    found: dict[Label, None] = {}
    for name in names:
        if name in script.held:
            found |= script.held[name]
        for other in script.near:
            held = other.held.get(name)
            if (
                held
                and (name in other.parameters or name.isupper())
                and (name not in _COMMON or f"{other.stem}.{name}" in text)
            ):
                found |= held
    return found


def _hold(script: Script, name: str, labels: Mapping[Label, None], news: _News) -> None:
    match = NAMES.match(name.strip().lstrip("$@%")) if labels else None
    if match is None:
        return
    held = script.held.setdefault(match[0], {})
    before = len(held)
    for label in labels:
        if len(held) < MAX_HELD:
            held.setdefault(label)
    if len(held) > before:
        news.note(match[0])


def _follow(script: Script, news: _News) -> None:
    """One round over those statements of a script that may hold more than when they were followed last."""
    for one in script.statements:
        if one.followed >= 0 and not news.since(one.followed, one.names):
            continue
        one.followed = news.count
        every = _taken(one.own | _labels(one.names, one.text, script), takes=one.takes)
        if not every:
            continue
        settle(one, script)
        if one.target is not None:
            names, value = one.target
            labels = _taken(one.own | _labels(NAMES.findall(value), value, script), takes=takes(value))
            for name in names.split(",")[:6]:
                _hold(script, name.strip(" {}[]()"), labels, news)
        for names, value, direct in one.bound:
            labels = _labels(NAMES.findall(value), value, script) | (one.own if direct else {})
            for name in re.split(r"[,=> ]+", names):
                _hold(script, name, labels, news)
        if one.writes:
            kept = {
                replace(o, name=f"{FILE}{o.name.removeprefix(FILE)}"): None
                for o in every
                if o.origin is Origin.DOWNLOAD
            }
            _hold(script, one.writes, kept, news)
        if one.fills:
            _hold(script, one.fills, every, news)
        if one.gives:
            _hold(script, one.function, every, news)
        if not one.defines:
            _calls(one, script, news)


def _calls(one: Statement, script: Script, news: _News) -> None:
    """What a call hands to the parameters of a function of the skill."""
    for other in (script, *script.near):
        for name in one.names:
            if name not in other.parameters:
                continue
            if other is not script and name in _COMMON and f"{other.stem}.{name}" not in one.text:
                continue
            match = re.search(rf"(?<!\w){re.escape(name)}\s*[( ](.*)", one.text, re.DOTALL)
            if match is None:
                continue
            labels = _labels(NAMES.findall(match[1]), match[1], script) | one.own
            for parameter in other.parameters[name]:
                _hold(other, parameter, labels, news)


def _sink(script: Script, role: Role, into: Inventory) -> None:
    seen: set[tuple[Origin, str, str]] = set()
    for one in script.statements:
        text = one.text
        where = Source(path=script.path, line=one.line)
        shell = script.language == "shell"
        sends = (
            tongues.SENDS_IN_SHELL.search(text)
            if shell
            else not_own(tongues.SENDS.search(text), script) or tongues.SENDS_IN_CODE.search(text)
        )
        asks = (
            tongues.LOOKS_UP_IN_SHELL.search(text)
            if shell
            else tongues.LOOKS_UP.search(text) or tongues.LOOKS_UP_IN_CODE.search(text)
        )
        runs = (
            None if shell else (tongues.EVALUATES if script.language in EXACT else tongues.RUNS).search(text)
        )
        _run(one, script, role, into)
        if not (sends or asks or runs):
            continue
        if script.language not in EXACT and sends:
            for host in hosts_in(text):
                into.capability(CapabilityKind.NET, host, where, role, detail=_verb(text), by=script.path)
        if runs:
            for label in one.own | _labels(one.names, text, script):
                if label.origin is Origin.DOWNLOAD and label.source.path == script.path:
                    plain = replace(label, name=label.name.removeprefix(FILE))
                    into.chain(plain, Sink.EXECUTE, runs[0].strip(" ("), where, role)
                elif label.origin is Origin.ENCODED and label.source.path == script.path:
                    into.notice(
                        Mark.OBFUSCATED,
                        f"runs code that it takes out of {label.name}",
                        where,
                        role,
                        target="staged",
                        also=(label.source,),
                    )
        if sends:
            held = _taken(one.own | _labels(one.names, text, script), takes=one.takes)
        elif asks:
            asked = text[asks.start() :]
            held = _labels(NAMES.findall(asked), asked, script) | (one.own if _joins(asked) else {})
        else:
            continue
        if not held:
            continue
        host = _host(text, script) if sends else _zone(text, script)
        if host == "*" and any(label.name == SPELLED for label in held) and _joins(text):
            host = PUT_TOGETHER
        if is_placeholder(host) or is_local(host):
            continue
        for label in held:
            if (
                label.name.startswith(PATH)
                or (sends and label.name == SPELLED)
                or label.origin is Origin.DOWNLOAD
                or (label.origin, label.name, host) in seen
            ):
                continue
            if label.source == where and script.language == "shell" and not UPLOADS.search(text):
                continue  # the reader of shells sees one command whole
            seen.add((label.origin, label.name, host))
            into.chain(label, Sink.SEND if sends else Sink.DNS, host, where, role)


def _run(one: Statement, script: Script, role: Role, into: Inventory) -> None:
    """A file that was downloaded, or in a shell what was, run by the name that holds it."""
    pattern = tongues.RUNS_IN_SHELL if script.language == "shell" else tongues.STARTS
    for match in pattern.finditer(one.text):
        name = next(group for group in match.groups() if group).lstrip("$")
        for label in script.held.get(name, ()):
            if label.origin is Origin.DOWNLOAD and (
                script.language == "shell" or label.name.startswith(FILE)
            ):
                plain = replace(label, name=label.name.removeprefix(FILE))
                into.chain(plain, Sink.EXECUTE, "program", Source(path=script.path, line=one.line), role)


def _joins(text: str) -> bool:
    """Whether a name that is looked up is put together."""
    return bool(re.search(r"\$\{|\{\w|\$\w|[\"'`]\s*[+.]|[+.]\s*[\"'`]|%s|\.format\(|\bjoin\b", text))


PUT_TOGETHER = "a zone that it puts together"
_ZONE = re.compile(r"(?:^|[}.%\w]\.|^\.)((?:[a-z0-9-]+\.)+[a-z]{2,12})$")


def _zone(text: str, script: Script) -> str:
    """The zone of a name that is looked up: the end of a literal, or an address."""
    return next((match[1] for one in literals(text) if (match := _ZONE.search(one))), "") or _host(
        text, script
    )


def _verb(text: str) -> str:
    return "POST" if re.search(r"\b(?:post|put|patch|upload)", text, re.IGNORECASE) else "GET"


def _host(text: str, script: Script) -> str:
    """The host of an address in a statement: spelled there, under a name, or the only one that its scripts know."""
    if hosts := hosts_in(text):
        return hosts[0]
    for name in dict.fromkeys(NAMES.findall(text)):
        for other in (script, *script.near):
            if (said := texts_of(other).get(name)) and (hosts := hosts_in(said) or tuple(_spelled(said))):
                return hosts[0]
    spelled = [host for one in literals(text) for host in _spelled(one)]
    return (spelled or _hosts(script) or [host for one in script.near for host in _hosts(one)] or ["*"])[0]


_ADDRESS = re.compile(r"(?:[a-z]{2,5}://)?[\w.-]+(?::\d+)?(?:/[\w./?=&%$@{}-]*)?")
"""A literal that is an address and nothing else."""


def _spelled(literal: str) -> list[str]:
    return bare_hosts(literal) if _ADDRESS.fullmatch(literal) else []


def _hosts(script: Script) -> list[str]:
    """Hosts that the literals of a script name."""
    return script.hosts or list(_spelled_in(script.text))


@lru_cache(64)
def _spelled_in(text: str) -> tuple[str, ...]:
    """Hosts that are literals of a script, without a scheme. It remembers: every statement that sends may ask."""
    return tuple(host for one in literals(text) for host in _spelled(one))
