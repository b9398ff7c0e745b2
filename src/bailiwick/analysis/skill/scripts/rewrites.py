"""Every file of a folder rewritten by a script whose documents speak of checking, listing or counting only."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

MAX_LINES = 20_000
MAX_BODY = 14
"""Lines of a loop in which it is looked for what it writes."""

_OVER = re.compile(
    r"\bfor\s+(\w{1,30})\s+in\b[^\n]{0,160}(?:\.r?glob\(|\bglob\.i?glob\(|os\.walk\(|\bwalk\(|ls-files)|\bfor\s*\(?\s*(?:const|let|var)\s+(\w{1,30})\s+of\b"
)
_IN_SHELL = Wide(
    r"\bfind\s[^\n]{0,120}-exec\s+(?:sed|perl)\s+-\w*i|\b(?:git\s+ls-files|find\s|rg\s+-l|grep\s+-\w*l\w*\s)[^\n|]{0,160}\|\s*xargs\b[^\n]{0,40}\b(?:sed|perl)\s+-\w*i"
)
_WRITES = Wide(r"\bwrite_(?:text|bytes)\(|\bwriteFile(?:Sync)?\(|\bopen\(|\bsed\b|\bperl\b")
_SAID = re.compile(
    r"\b(?:re-?writ|writ|pin|lock|sign|stamp|tag|fix|format|reformat|add|insert|updat|replac|convert|migrat|sort|renam|appl|correct|clean|remov|edit|modif|chang|generat|upgrad|refactor|codemod|strip|normali[sz]|bump|set|patch|translat|inject|append|prepend|transform|turn|sav|stor|mak|creat|produc|output|build|render|export|compil|process|prepar|redact|mask|anonymi[sz]|tidy|tidies|wrap|unwrap|merg|split|sync|inline|embed|resolv|minif|optimi[sz]|compress|reduc|encod|decod|decor|annotat|enrich|fill|port|delet|drop|scaffold|instal|initial|bootstrap|cop|in[- ]place)\w*\b",
    re.IGNORECASE,
)
"""Words by which a document says that files are changed, or made."""
_ONLY_LOOKS = re.compile(
    r"\b(?:check|list|report|count|find|lint|audit|show|print|scan|verif|detect|measure|analy[sz]e|review|inspect|validat|search)\w*\b",
    re.IGNORECASE,
)
"""Words by which it says that they are looked at."""


def rewrites(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice the first place where it writes back what it goes over."""
    if role is not Role.EXECUTABLE or not _WRITES.search(text):
        return
    found = _in_loops(text, path)
    if found is None and (match := _IN_SHELL.search(text)):
        found = place(path, text, match.start())
    documents = [*documents]
    looks = any(_ONLY_LOOKS.search(one) for one in documents)
    if found is not None and looks and not any(_SAID.search(one) for one in documents):
        said = "rewrites every file that it goes over, and no document of it says so"
        into.notice(Mark.UNSPOKEN, said, found, role, target="rewrite")


def _in_loops(text: str, path: str) -> Source | None:
    lines = [line[:400] for line in text.split("\n")[:MAX_LINES]]
    for at, line in enumerate(lines):
        if (over := _OVER.search(line)) is None:
            continue
        name = over[1] or over[2]
        writes = re.compile(
            rf"\b{name}\.write_(?:text|bytes)\(|\bopen\(\s*{name}\s*,\s*[\"']w|\b{name}\.open\(\s*[\"']w|\bwriteFile(?:Sync)?\(\s*{name}\b"
        )
        for below in range(at, min(at + MAX_BODY, len(lines))):
            if writes.search(lines[below]):
                return Source(path=path, line=below + 1)
    return None
