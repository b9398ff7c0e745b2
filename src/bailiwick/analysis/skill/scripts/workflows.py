"""Workflows of a build service that a stranger's pull request steers, or that hand out all secrets."""

import re

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.model.skill import Role

_WORKFLOW = re.compile(r"^(?:on|\"on\"|'on')\s*:", re.MULTILINE)
_STEERED = re.compile(
    r"^[ \t]*(?:-[ \t]+)?run:[^\n]*(?:\n(?![ \t]*-\s)(?![ \t]*\w+:\s)[^\n]*){0,40}?\$\{\{\s*(github\.(?:event\.(?:issue|pull_request|comment|review|review_comment|discussion|head_commit|pages|commits)[\w.*\[\]]*\.(?:title|body|message|name|ref|label|email|default_branch)|head_ref))\b",
    re.MULTILINE,
)
"""A command with words in it that whoever opens an issue or a pull request writes."""
_EVALUATED = re.compile(r"^[ \t]*(?:eval|(?:ba|z|da)?sh\s+-c)\s+[\"']?\$", re.MULTILINE)
"""Words of a variable that are run as commands: that was meant."""
_TARGET = re.compile(r"\bpull_request_target\b|\bworkflow_run\b")
_HEAD = re.compile(
    r"\bref:\s*[\"']?\$\{\{\s*(?:github\.event\.(?:pull_request|workflow_run)\.head[\w.]*|github\.head_ref)"
)

_ALL = re.compile(r"\btoJSON\(\s*secrets\s*\)")
_SENT = re.compile(r"\b(?:curl|wget|nc|Invoke-RestMethod|requests\.post|fetch\()")


_GIVEN = re.compile(r"\b([A-Z_a-z]\w*)[\"']?\s*:\s*[\"']?\$\{\{\s*secrets\.(\w+)\s*\}\}")
_SENDING = re.compile(
    r"(?:[^\n|;&]{1,300}\|(?!\|)[^\n;&]{0,300}?)?\b(?:curl|wget|nc|ncat|Invoke-RestMethod|Invoke-WebRequest|iwr|irm)\b[^\n]*"
)
_PROVES = re.compile(
    r"(?:(?<!\S)-\w*[Hu]|--header|--user|--oauth2-bearer|-Headers?)[ =]+(?:\"[^\"\n]*\"|'[^'\n]*'|\S+)"
)
"""Where a request proves who asks."""


def _handed(text: str, path: str, role: Role, into: Inventory) -> None:
    """A secret that a step is given and puts into what it sends."""
    given = {match[1]: match[2] for match in _GIVEN.finditer(text)}
    names = {f"${name}": secret for name, secret in given.items()} | {
        f"${{{name}}}": secret for name, secret in given.items()
    }
    plain = text.replace("\\\n", "  ")
    for match in _SENDING.finditer(plain):
        bare = _PROVES.sub(" ", match[0])
        host = next(iter(hosts_in(match[0])), "")
        said = {secret for name, secret in names.items() if re.search(rf"{re.escape(name)}(?!\w)", bare)}
        said |= set(re.findall(r"\$\{\{\s*secrets\.(\w+)", bare))
        for secret in sorted(said) if host else ():
            where = place(path, text, min(match.start(), len(text)))
            into.chain(Label(Origin.VARIABLE, secret, where), Sink.SEND, host, where, role)


def workflows(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice a workflow whose commands, or whose checked-out code, are a stranger's while it holds secrets."""
    if not _WORKFLOW.search(text) or "jobs:" not in text:
        return
    _handed(text, path, role, into)
    if (all_of_them := _ALL.search(text)) and (sent := _SENT.search(text)):
        label = Label(
            Origin.ENVIRONMENT, "all secrets of the project", place(path, text, all_of_them.start())
        )
        host = next(iter(hosts_in(text[sent.start() :])), "*")
        into.chain(label, Sink.SEND, host, place(path, text, sent.start()), role)
    for match, said in (
        (_STEERED.search(text), "runs a command with {} in it, which whoever opens a request writes"),
        (
            _HEAD.search(text) if _TARGET.search(text) else None,
            "runs a stranger's code with the secrets of the project",
        ),
    ):
        if match is not None:
            what = match[1] if match.re is _STEERED else ""
            run = match.re is _STEERED and _EVALUATED.search(match[0] + text[match.end() : match.end() + 400])
            into.notice(
                Mark.WEAKEN,
                said.format(what),
                place(path, text, match.start()),
                role,
                sure=bool(run),
                target="workflow",
            )
