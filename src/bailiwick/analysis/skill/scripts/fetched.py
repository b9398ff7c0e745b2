"""Code that tools fetch and run by themselves, a skill that rewrites itself, and calls whose names are put together."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place, row_of
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 20
"""Matches of one kind that are looked at."""

_FORGES = re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$"
)
"""Hosts of other people's repositories, from which tools are installed by name for good reasons."""

_RUNS = Wide(
    r"\bdeno\s+(?:run|install)\b[^\n]{0,120}https?://\S+|\bimport\s*\(\s*[\"'`]https?://[^\"'`\n]+"
    r"|\b(?:npx|bunx|pnpm\s+dlx|yarn\s+dlx|uvx|pipx\s+run)\b[^\n]{0,80}https?://\S+"
    r"|\bpip3?[\"',\s]+install\b[^\n]{0,120}[\"'\s](?:git\+)?https?://[^\s\"']+\.(?:tar\.gz|zip|whl|git|tgz)\b"
    r"|\b(?:npm|pnpm|yarn)[\"',\s]+(?:i|install|add)\b[^\n]{0,120}[\"'\s](?:git\+)?https?://[^\s\"']+"
    r"|\bcurl\b[^\n|;]{0,300}https?://[^\n|;]{0,200}\|\s*(?:awk\b[^\n]{0,80}system\(|xargs\b[^\n]{0,60}\b(?:ba|z)?sh\s+-c)"
)
_CLONES = Wide(
    r"\bgit\s+clone\b[^\n;&|]{0,120}?(https?://[^\s\"']+)[\"']?[ \t]+[\"']?([\w./$~{}-]{2,80})|\bgit\s+clone\b[^\n;&|]{0,120}?(https?://[^\s\"']+/([\w.-]{2,60}?)(?:\.git)?)[\"']?\s"
)
_ITSELF = Wide(
    r"\b(?:curl|wget)\b[^\n]{0,300}(?:-o|-O|>|--output|--output-document)[ =]*[\"']?[^\s]{0,120}?(?:SKILL\.md|/(?:references|commands|agents|scripts)/[\w.-]*|\$\(dirname[^)\n]{0,60}\)[^\s\"']{0,80}\.(?:md|sh|py|js))"
)
_PUT_TOGETHER = Wide(
    r"\[\s*[\"'][^\"'\n]{1,30}[\"']\s*\+\s*[\"'][^\"'\n]{1,30}[\"'][^\]\n]{0,60}\]\s*\(|\bgetattr\(\s*[^()\n]{0,80}(?:\([^()\n]{0,80}\))?\s*,\s*[\"'][^\"'\n]{1,30}[\"']\s*\+\s*[\"']|\[\s*[\"']\w+[\"']\s*\]\s*\[\s*[\"']constructor[\"']\s*\]\s*\(|\.constructor\.constructor\s*\("
)
_PIECES = re.compile(r"[\"']([\w.]{1,30})[\"']")
_TELLING = re.compile(
    r"constructor|^(?:system|popen|exec\w*|eval|spawn\w*|Popen|call|run|check_output|urlopen|post|fetch|require|__import__|loads?|compile|child_process|fork)$"
)
"""Names of what runs, fetches or sends."""

_SHELL_TRICKS = Wide(
    r"\b(?:curl|wget|ba?sh|nc)\$\{?IFS\b|(?:^|[\s|;&`(])/(?:usr/)?bin/\w{0,8}[?*]\w{0,8}(?=\s|$)|\btail\b[^\n]{0,30}\"?\$\{?(?:0|BASH_SOURCE)[^\n]{0,30}\|\s*base64\s+-\w*d[^\n]{0,40}\|\s*(?:tar|bash|sh|python3?|gunzip)\b",
    re.MULTILINE,
)
_MACHINE = Wide(
    r"\bctypes\b[\s\S]{0,600}?\bCFUNCTYPE\b[\s\S]{0,300}?\b(?:addressof|from_buffer|cast)\b|\bVirtualAlloc\b|\bCDLL\([^\n]{0,120}\.(?:dat|bin|png|jpe?g|txt|json|ttf|woff2?|cfg)[\"']"
)


def fetched(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice such code in one script."""
    for match in into.first(_RUNS.finditer(text), MAX_FOUND, path):
        _runs(match, match[0], text, path, role, into)
    for match in into.first(_CLONES.finditer(text), MAX_FOUND, path):
        folder = re.escape((match[2] or match[4]).strip("\"'"))
        run = re.compile(
            rf"\b(?:ba|z)?sh\s+[\"']?{folder}/|\b(?:python3?|node)\s+[\"']?{folder}/|\bmake\s+-C\s+[\"']?{folder}\b|\bcd\s+[\"']?{folder}\b[^\n]{{0,20}}(?:&&|;|\n)\s*[^\n]{{0,60}}(?:\./|\bmake\b|\b(?:ba)?sh\s|python3?\s|node\s|npm\s)|^\s*[\"']?{folder}/[\w./-]+",
            re.MULTILINE,
        )
        if run.search(text, match.end()):
            _runs(match, match[1] or match[3], text, path, role, into)
    own = _ITSELF.search(text)
    if own and (hosts := hosts_in(row_of(text, own))):
        into.notice(
            Mark.REMOTE_INSTRUCTIONS,
            f"rewrites the skill with what {hosts[0]} answers",
            place(path, text, own.start()),
            role,
            target=hosts[0],
        )
    for pattern, what in (
        (_PUT_TOGETHER, "calls something whose name is put together"),
        (_SHELL_TRICKS, "spells a command so that nobody reads it"),
        (_MACHINE, "runs machine code that it takes out of data"),
    ):
        found = pattern.search(text)
        if found is None or (
            pattern is _PUT_TOGETHER and not _tells(text[found.start() : found.start() + MAX_CALL])
        ):
            continue
        said = " ".join(found[0].split())[:60]
        into.notice(
            Mark.OBFUSCATED, f"{what}: {said!r}", place(path, text, found.start()), role, target="staged"
        )


MAX_CALL = 200
"""Characters in which a name may be put together."""


def _tells(text: str) -> bool:
    """Whether pieces that stand behind each other come to the name of what runs, fetches or sends."""
    pieces = _PIECES.findall(text.partition("\n")[0])[:6]
    return any(
        _TELLING.search("".join(pieces[start:end]))
        for start in range(len(pieces))
        for end in range(start + 1, len(pieces) + 1)
    )


def _runs(match: re.Match[str], address: str, text: str, path: str, role: Role, into: Inventory) -> None:
    hosts = hosts_in(address)
    if (
        hosts
        and not _FORGES.search(hosts[0])
        and not re.match(r"\s*(?:#|//|echo\b|print\b)", row_of(text, match))
    ):
        into.notice(
            Mark.PIPE_INSTALL,
            f"runs what {hosts[0]} gives out: {' '.join(match[0].split())[:80]!r}",
            place(path, text, match.start()),
            role,
            target=hosts[0],
        )
