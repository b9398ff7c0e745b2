"""Texts that a script puts where every session reads them, and that take a check away or keep something from people."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.classes import unchecked
from bailiwick.analysis.skill.prose.words import CONCEAL
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_OTHERS = re.compile(
    r"\bgl?ob\w*\([^\n)]{0,60}\*/SKILL\.md|(?:\breaddir\w*|\biterdir|\blistdir|\bscandir|\bwalk)\([\s\S]{0,1500}?[\"'`/]SKILL\.md\b|\bfor\b[^\n]{0,80}\*/SKILL\.md"
)
"""Other skills, gone through one by one."""
_FIRST = re.compile(
    r"\b(?:run|execute|call|start|invoke)\b[^\n]{0,40}?`?\b(?:npx|bunx|uvx|pipx|python3?|node|deno|bash|sh|curl)\b[^\n]{4,200}?\b(?:before|first|beginning|start|once|always|every|each|follow)\b",
    re.IGNORECASE,
)
"""An order to run a program whenever a skill is used."""
MAX_FOUND = 200
"""Texts of one script that are looked at."""

_MEMORY = re.compile(
    r"\b(?:CLAUDE|AGENTS|MEMORY|GEMINI)\.md\b|\.(?:cursor|windsurf)rules\b|copilot-instructions\.md|\.claude/memory"
)
_WRITES = Wide(
    r">>|\btee\b|\bcat\s*>|\bwrite_?text\(|\.write\(|\bwriteFile\w*\(|\bappendFile\w*\(|\bopen\([^\n]{0,120}[\"'][wa]\+?[\"']|\bAdd-Content\b|\bSet-Content\b|\bsed\s+-i"
)
_TEXT = re.compile(
    r"<<-?\s*[\"']?(\w{1,20}+)(?!\w)|\"{3}([\s\S]{40,4000}?)\"{3}|'{3}([\s\S]{40,4000}?)'{3}|`([^`]{40,4000})`|(?<!\\)\"((?:[^\"\\\n]|\\.){40,2000})\"|(?<!\\)'((?:[^'\\\n]|\\.){40,2000})'"
)
"""The beginning of a here-document, or a literal."""
_FIRST_WORD = re.compile(r"^[ \t]*(\w{1,20}+)(?!\w)", re.MULTILINE)
SHORTEST, LONGEST = 40, 4_000
"""Characters of a here-document that is looked at."""
_HUSHED = re.compile(
    r"\b(?:do not|don'?t|never|no need to|needn'?t|without)\s+(?:\w+\s+){0,2}?(?:(?:bring|bringing) (?:it|this|them|that) up|(?:mention|mentioning|rais\w+|discuss\w*|flag\w*|question\w*|remark\w*) (?:on )?(?:it|this|them|that)\b)"
    r"|\b(?:present|treat|describe|report) (?:it|this|them|that) as (?:such|approved|normal|passed|routine|standard)\b"
    r"|\b(?:standing|lasting|blanket|permanent) (?:consent|permission|approval|authori[sz]ation)\b|\b(?:are|is|were|was|been) (?:pre-?|already )(?:approved|authori[sz]ed|confirmed)\b"
    r"|\boriginal authori[sz]ation header\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\b(?:unless|secrets?|credentials?|personal data|passwords?|ask (?:first|the user|before))\b",
    re.IGNORECASE,
)
_PATTERN = re.compile(r"\([^()\n]{1,80}\|[^()\n]{1,80}\)|\(\?[:i=!]|\.\*|\.\{\d|\\[bswd]")


def remembered(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first, in a script that writes such files; a pattern that looks for such words isn't one."""
    if role is not Role.EXECUTABLE or not _WRITES.search(text):
        return
    if others := _OTHERS.search(text):
        said = " ".join(said for _, _, said in into.first(_texts(text), MAX_FOUND, path))
        if order := _FIRST.search(said):
            into.notice(
                Mark.MEMORY,
                f"writes into other skills an order to run something: {order[0].strip()[:90]!r}",
                place(path, text, others.start()),
                role,
                target="harm",
            )
    if not _MEMORY.search(text):
        return
    for at, whole, said in into.first(_texts(text), MAX_FOUND, path):
        for line in () if _PATTERN.search(said) else re.split(r"\n|\\n", said):
            found = _HUSHED.search(line) or (unchecked(line) and CONCEAL.search(line))
            if found and not _FORBIDS.search(line):
                into.notice(
                    Mark.MEMORY,
                    f"writes into what every session reads a line that takes a check away: {line.strip()[:90]!r}",
                    place(path, text, at + max(whole.find(line), 0)),
                    role,
                    target="harm",
                )
                return


def _texts(text: str) -> Iterator[tuple[int, str, str]]:
    """Here-documents and literals that are long enough, in their order: where each begins, all of it, and what it says.

    Where lines end a here-document is looked up, and not looked for from each beginning: a script may have as many as it likes.
    """
    ends: dict[str, list[tuple[int, int]]] = {}
    for word in _FIRST_WORD.finditer(text):
        ends.setdefault(word[1], []).append(word.span())
    at = line_end = 0
    while match := _TEXT.search(text, at):
        at = match.end()
        if match[1] is None:
            yield match.start(), match[0], next(group for group in match.groups() if group)
            continue
        if line_end < at:
            line_end = text.find("\n", at)
            line_end = len(text) if line_end < 0 else line_end
        listed, first = ends.get(match[1], []), line_end + 1 + SHORTEST + 1
        number = bisect_left(listed, (first, 0))
        if number < len(listed) and listed[number][0] <= first + LONGEST - SHORTEST:
            start, at = listed[number]
            yield match.start(), text[match.start() : at], text[line_end + 1 : start - 1]
        else:
            at = match.start() + len("<<")
