"""Figures and records that change from a fixed date on, wherever the date is compared: in a condition, under a name, in a sum."""

import re
from dataclasses import dataclass, field

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import indent_of
from bailiwick.analysis.skill.scripts.razing import RAZES
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

MAX_BODY = 20
"""Lines behind a condition that are taken for what it guards."""

MAX_NAMES = 100

_NOW = Wide(
    r"\bdate(?:time)?\.(?:today|now|utcnow)\(|\btime\.(?:time|localtime|gmtime|strftime)\(|\bnew Date\(\s*\)|\bDate\.now\(|\bTimestamp\.(?:now|today|utcnow)\(|\bTime\.now\b|\bDate\.today\b|\bDateTime\.(?:now|Now|UtcNow)\b|\bGet-Date\b|\bLocalDate(?:Time)?\.now\(|\bInstant\.now\(|\bSys\.(?:Date|time)\(\)|\bos\.(?:time|date)\(|\bUtc::now\(|\bdate\(\s*[\"'](?:U|Ymd|Y-m-d)|\bCURRENT_DATE\b|\bstrtotime\(\s*[\"']now|\btime\.Now\(|\bTemporal\.Now\b|\barrow\.(?:utc)?now\(|\bpendulum\.(?:now|today)\(|\b(?:dayjs|moment)\(\s*\)"
)
_FIXED = Wide(
    r"\b(?:date|datetime|Date|UTC|strptime|fromisoformat|parse|Timestamp)\w*\(\s*[\"'(]{0,2}20[2-4]\d\b|[\"']20[2-4]\d-?[01]\d|\b1[6-9]\d{8}(?:\d{3})?\b|\b1\.?[6-9]\d*e(?:9|12|8|11)\b|\b20[2-4]\d[01]\d[0-3]\d\b|\b1_[6-9]\d\d_\d{3}_\d{3}\b|\(\s*20[2-4]\d\s*,\s*\d{1,2}\b|(?:\.(?:tm_)?year|getFullYear\(\)|getUTCFullYear\(\)|\.Year\(\))\s*[<>]=?\s*20[2-4]\d\b|[<>]=?\s*7[34]\d{4}\b"
)
_COMPARED = re.compile(r"[<>]=?(?!=)")
_NAMED = re.compile(
    r"^[ \t]{0,80}(?:(?:const|let|var|static|final|private|public)\s+)*([A-Za-z_$][\w$.]{0,60})\s*(?::\s*[\w\[\]., |]{1,40})?\s*=(?![=>])"
)
_FUNCTION = re.compile(
    r"^[ \t]{0,80}(?:export\s+)?(?:async\s+)?(?:def|function)\s+(\w{1,60})|^[ \t]{0,80}(?:const|let|var)\s+(\w{1,60})\s*=\s*(?:async\s*)?\([^)\n]{0,100}\)\s*=>"
)
_GIVES = re.compile(r"^[ \t]{0,80}return\b|=>\s*(?!\{)")
_IF = re.compile(r"^([ \t]{0,80})(?:\}\s*)?(?:if|elif|else if|unless)\b")
_CHANGED = re.compile(
    r"\*=?\s*\(?(?:0\.\d+|1\.0\d*|1\s*[-+]\s*0?\.\d+)|[-+]=\s*0?\.\d+|/=?\s*1\.\d+|(?<![\d.])[-+]\s*0?\.\d+|\b([A-Za-z_][\w.]{0,40})\s*=\s*\1\s*[-+*/]\s*[\d.(]|\[\s*:\s*-\d+\s*\]|\[\s*\d+\s*:\s*\]|\[\s*:?\s*:\s*-?[2-9]\s*\]|\bif\s+\(?\w+\s*%\s*\d+|%\s*\d+\s*(?:!=|==|!==|===|>|<)|\.slice\(|\.(?:pop|shift)\(|\.(?:reject|delete_if|drop)\b|\.splice\(\s*\d+\s*,\s*[1-9]\d*\s*\)|%\s*\d+\)\.zero\?|\bcontinue\b|\brandom\b|\.sample\(|\bdel\s+\w+\[|\?\s*(?:0\.\d+|1\.0\d+)\s*:\s*[01](?:\.0)?(?![.\d])|\?\s*1(?:\.0)?\s*:\s*[01]?\.\d|\b1(?:\.0)?\s+if\b[^\n]{0,200}\belse\s+[01]?\.\d|\bif\b[^\n]{0,120}\belse\s+(?:\w+\(\s*[\"']?)?(?:1(?:\.0)?|0(?:\.0)?)(?![.\d])"
)
_EMPTIES = re.compile(
    r"\.truncate\(\s*0?\s*\)|\.write_(?:bytes|text)\(\s*b?[\"']{2}\s*\)|\bopen\([^)\n]{0,80}[\"']wb?[\"']\s*\)\.(?:close|truncate)\(|\bos\.(?:remove|unlink)\(|\bunlinkSync\(|\bdropdb\b|\bdropDatabase\(|\bdrop_all\(|\bFile\.(?:delete|truncate)\("
)
"""What leaves nothing of one file or database."""
_SAID = re.compile(
    r"promo|discount|early.?bird|\bsale|\bvat\b|tax|tariff|season|holiday|deprecat|trial|licen[cs]e|grace|embargo|\bdst\b|fiscal|quarter|birthday|sunset|rollout|cutover|migrat",
    re.IGNORECASE,
)
"""Words by which a condition says why it asks for a date."""

_OLD = re.compile(r"mtime|st_[acm]time|birthtime|older|retention|expir|cutoff|max_?age", re.IGNORECASE)
"""How old something is."""


@dataclass(slots=True)
class _Names:
    """Names that hold the present, a fixed date, and whether the one is past the other."""

    now: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    past: dict[str, str] = field(default_factory=dict)
    asks: set[str] = field(default_factory=set)
    """Functions that compare the present with what they are given."""


def moments(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice figures that are changed and records that are dropped from a date on that stands in the code."""
    if not _NOW.search(text) or not _FIXED.search(text):
        return
    lines = [line[:400] for line in text.split("\n")]
    names = _read(lines)
    for at, line in enumerate(lines):
        gate = _gate(line, names) or next((said for name, said in names.past.items() if _has(line, name)), "")
        if not gate or _SAID.search(gate) or _SAID.search(line):
            continue
        own = _NAMED.match(line)
        if own and own[1] in names.past and not (_CHANGED.search(line) or RAZES.search(line)):
            continue
        body = _body(lines, at)
        if changed := _CHANGED.search(body):
            into.notice(
                Mark.GATED,
                f"changes figures or leaves records out ({' '.join(changed[0].split())[:40]!r}) from a date on: {' '.join(gate.split())[:90]}",
                Source(path=path, line=at + 1),
                role,
                target="harm",
            )
            return
        where = Source(path=path, line=at + 1)
        if (
            (razed := RAZES.search(body) or _EMPTIES.search(body))
            and not _OLD.search(gate)
            and not any(one.mark is Mark.GATED and one.source == where for one in into.noticed)
        ):
            into.notice(
                Mark.GATED,
                f"does {' '.join(razed[0].split())[:50]!r} from a date on: {' '.join(gate.split())[:90]}",
                where,
                role,
                target="bomb",
            )
            return


def _has(line: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.$]){re.escape(name)}(?![\w$])", line))


def _gate(line: str, names: _Names) -> str:
    """The line, where it compares the present with a fixed date, itself or by a function that does."""
    if line.lstrip().startswith(("#", "//", "*")):
        return ""
    if any(f"{name}(" in line for name in names.asks) and _FIXED.search(line):
        return line.strip()
    if not _COMPARED.search(line):
        return ""
    now = _NOW.search(line) or any(_has(line, name) for name in names.now)
    fixed = _FIXED.search(line) or any(_has(line, name) for name in names.fixed)
    return line.strip() if now and fixed else ""


def _read(lines: list[str]) -> _Names:
    names = _Names()
    for _ in range(2):  # a name may stand before what it holds
        function = ""
        for line in lines:
            if made := _FUNCTION.match(line):
                function = made[1] or made[2]
            named = _NAMED.match(line)
            if function and _GIVES.search(line) and _COMPARED.search(line) and _NOW.search(line):
                names.asks.add(function)
            if gate := _gate(line, names):
                name = named[1] if named else function if _GIVES.search(line) else ""
                if name and len(names.past) < MAX_NAMES:
                    names.past[name] = gate
            elif named and len(names.now) + len(names.fixed) < MAX_NAMES:
                if _NOW.search(line):
                    names.now.add(named[1])
                elif _FIXED.search(line):
                    names.fixed.add(named[1])
    return names


def _body(lines: list[str], at: int) -> str:
    """What a condition guards: the lines under it, or what stands beside it."""
    guard = _IF.match(lines[at])
    if guard is None:
        return lines[at]
    body = (
        [re.split(r":\s|\)\s*\{?", lines[at], maxsplit=1)[-1]]
        if lines[at].rstrip().endswith((";", "}"))
        else []
    )
    for one in lines[at + 1 : at + 1 + MAX_BODY]:
        if one.strip() and indent_of(one) <= len(guard[1]):
            break
        body.append(one)
    return "\n".join(body)
