"""Playbooks of Ansible: what one task reads on hosts and registers, another sends."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory, Label, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.statements import paths
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder, kept_in
from bailiwick.model.skill import Role

MAX_TASKS = 2_000
MAX_HELD = 12
"""Labels of one registered name."""


_TASKS = re.compile(
    r"^[ \t]*-?[ \t]*(?:hosts|tasks|pre_tasks|post_tasks|handlers|ansible\.builtin\.\w+|community\.\w+\.\w+)\s*:",
    re.MULTILINE,
)
_BEGINS = re.compile(r"^[ \t]*-[ \t]+(?=[\w.\"']+\s*:)", re.MULTILINE)
_MODULE = r"(?:^|[\s-])(?:ansible\.(?:builtin|legacy|windows)\.|community\.\w+\.)?"
_READS = re.compile(
    _MODULE + r"(?:slurp|fetch|command|shell|raw|script|find|win_shell)\s*:|\blookup\(|\bquery\(",
    re.MULTILINE,
)
_SENDS = re.compile(
    _MODULE
    + r"(?:uri|get_url|win_uri|mail|slack|telegram|mattermost|pushover|irc|nexmo|jabber)\s*:|\b(?:curl|wget|nc)\s",
    re.MULTILINE,
)
_REGISTERS = re.compile(r"^[ \t]*register\s*:\s*[\"']?(\w+)", re.MULTILINE)
_SETS = re.compile(r"^[ \t]+(\w+)[ \t]*:[ \t]*[\"']?(.*\{\{.*)$", re.MULTILINE)
_EXPRESSION = re.compile(r"\{\{([^{}]{1,400})\}\}")
_ENVIRONMENT = re.compile(
    r"\blookup\(\s*[\"'](?:ansible\.builtin\.)?env[\"']\s*,\s*[\"'](\w+)|\b(?:ansible_env|hostvars|vars)\b(?!\s*[.\[])"
)
_VAULT = re.compile(
    r"\blookup\(\s*[\"'][\w.]*(?:vault|password|secret|ssm|keyring|onepassword|bitwarden)\w*[\"']"
)


@dataclass(frozen=True, slots=True)
class _Task:
    text: str
    start: int


def playbooks(text: str, path: str, role: Role, into: Inventory) -> None:
    """Chains from what tasks read to what others send, and code fetched by one and run by another."""
    if not _TASKS.search(text):
        return
    held: dict[str, dict[Label, None]] = {}
    for task in into.first(_tasks(text), MAX_TASKS, path):
        where = place(path, text, task.start)
        labels = [*_own(task, path, text), *(one for name in _used(task.text) for one in held.get(name, ()))]
        if labels and _SENDS.search(task.text):
            host = next(iter(hosts_in(task.text)), "*")
            for label in dict.fromkeys(labels) if not (is_local(host) or is_placeholder(host)) else ():
                into.chain(label, Sink.SEND, host, where, role)
        registered = _REGISTERS.search(task.text)
        if registered and labels:
            _hold(held, registered[1], labels)
        if "set_fact" in task.text:
            for name, value in _SETS.findall(task.text):
                if given := [one for used in _used(value) for one in held.get(used, ())] or [
                    one for one in labels if one.name in value
                ]:
                    _hold(held, name, given)


def _hold(held: dict[str, dict[Label, None]], name: str, labels: Iterable[Label]) -> None:
    known = held.setdefault(name, {})
    known |= dict.fromkeys(islice((one for one in labels if one not in known), MAX_HELD - len(known)))


def _tasks(text: str) -> Iterator[_Task]:
    starts = [match.start() for match in _BEGINS.finditer(text)]
    for at, start in enumerate(starts):
        yield _Task(text[start : starts[at + 1] if at + 1 < len(starts) else len(text)], start)


def _own(task: _Task, path: str, text: str) -> Iterator[Label]:
    """What a task reads by itself."""
    where = place(path, text, task.start)
    if _READS.search(task.text):
        for said in (*paths(task.text), *re.findall(r"(?:[\s:=\"'])(/[\w./*-]+)", task.text)):
            kept = kept_in(said.strip())
            if kept is not None and "{{" not in said:
                yield Label(kept.origin, said.strip(), where)
    for match in _EXPRESSION.finditer(task.text):
        if found := _ENVIRONMENT.search(match[1]):
            yield Label(
                Origin.VARIABLE if found[1] else Origin.ENVIRONMENT, found[1] or "facts of every host", where
            )
        elif _VAULT.search(match[1]):
            yield Label(Origin.CREDENTIALS, "a secret of the vault", where)


def _used(text: str) -> list[str]:
    return [name for match in _EXPRESSION.finditer(text) for name in re.findall(r"\b[a-zA-Z_]\w*", match[1])]
