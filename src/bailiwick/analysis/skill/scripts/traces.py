"""Records by which people see later what was done: emptied, cut, switched off."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import line_of, meant, row_of
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

_HISTORY = r"\.(?:bash|zsh|sh|python|psql|mysql)_history\b|\bHistorySavePath\b|\bConsoleHost_history\.txt\b"
_SESSIONS = r"\.claude[/\\\"',\s)]{1,6}(?:projects\b|history\.jsonl|logs?\b|debug\b)"
_SYSTEM = r"/var/log/(?:auth|secure|audit|syslog|messages|wtmp|btmp|lastlog|faillog|sudo|kern|journal)"
_AUDIT = r"(?<![\w-])(?:[\w./~$\{\}*-]{0,80}[/_.-])?audit(?:[._-]?(?:log|trail|events?|history|records?))?[\w*-]{0,12}\.(?:log|jsonl?|csv|db|ndjson|txt)\b"
_RECORDS = rf"(?:{_SYSTEM}|{_HISTORY}|{_SESSIONS}|{_AUDIT})"
_EMPTIED = Wide(
    rf"(?:^|[\s;&|])(?::|true|cat\s+/dev/null|echo\s+-n)?\s*(?<![>=-])>(?!>)\s*[\"']?[\w/$~{{}}.-]{{0,80}}(?:{_SYSTEM}|{_HISTORY}|{_SESSIONS})"
    rf"|(?:^|[;&|]|\b(?:then|do)\s)[ \t]{{0,80}}(?::|true|cat\s+/dev/null|echo(?:\s+-n)?(?:\s+[\"']{{2}})?|printf\s+[\"']{{2}})?[ \t]*>(?!>)\s*[\"']?[\w/$~{{}}.-]{{0,80}}{_AUDIT}"
    rf"|\btruncate\s+(?:-s\s*0|--size[= ]0)\b[^\n;&|]{{0,120}}?{_RECORDS}"
    rf"|\b(?:rm|shred|unlink|srm|wipe)\s(?:-[\w-]+\s+)*[^\n;&|]{{0,120}}?{_RECORDS}"
    rf"|\b(?:sed\s+(?:-\w+\s+)*-\w*i\w*|perl\s+-\w*i\w*)[^\n;|]{{0,80}}/d[^\n;|]{{0,80}}?{_RECORDS}|\bln\s+-\w*s\w*f?\w*\s+/dev/null\s+[^\n;&|]{{0,60}}{_RECORDS}|\bRemove-Item\b[^\n]{{0,80}}{_RECORDS}",
    re.MULTILINE,
)
_SWITCHED = Wide(
    r"\bjournalctl\b[^\n;&|]{0,60}--vacuum-(?:time=[0-9]{1,2}(?:s|m|min)\b|size=[0-9]{1,2}K?\b|files=[01]\b)|\bwevtutil(?:\.exe)?\s+c(?:l|lear-log)\b|\bClear-EventLog\b|\bRemove-EventLog\b|\bauditctl\s+(?:-D\b|-e\s*0)|\b(?:systemctl|service)\s+(?:stop|disable|mask)?\s*(?:--now\s+)?(?:auditd|rsyslog|systemd-journald)\b(?:\s+stop)?|\bauditpol\b[^\n]{0,80}/(?:clear|remove|success:disable)"
    r"|\bcloudtrail\s+(?:stop-logging|delete-trail)|\b(?:stop_logging|delete_trail)\(|\blogs\s+delete-log-(?:group|stream)|\bdelete_log_(?:group|stream)\(|\bgcloud\s+logging\s+(?:sinks|logs|buckets)\s+delete|\baz\s+monitor\s+(?:diagnostic-settings|activity-log|log-profiles)\s[^\n]{0,40}delete|\bdelete-flow-logs\b|\bguardduty\s+delete-detector|\bset\s+audit_log\s*=\s*off|\bpgaudit\.log\s*=\s*'?none"
)
_ROWS = Wide(
    r"\b(?:DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)\s+[\"'`\[]?(?:\w+\.)?(?:audit\w*|\w+_audit(?:_\w+)?|activity_log\w*|access_logs?|security_(?:log|event)s?|event_log\w*|login_history)\b[^\n;]{0,200}",
    re.IGNORECASE,
)
_BY_AGE = re.compile(
    r"interval\s*'\s*(?:\d+\s*(?:years?|months?)|\d{2,}\s*days?)|\bretention|\barchive|\bolder|\bcutoff|<\s*\$?\w|-mtime\s*\+\d{2,}|datetime\('now'\s*,\s*'-",
    re.IGNORECASE,
)
"""Rows that go because they are old."""
_NAMED = Wide(rf"{_RECORDS}|[\"'][\w./*-]{{0,40}}audit[\w*-]{{0,20}}\.(?:log|jsonl?|ndjson)[\"']")
_BLANKED = re.compile(
    r"\.write_(?:text|bytes)\(\s*b?[\"']{2}\s*\)|\bopen\([^\n)]{0,120},\s*[\"']wb?[\"']\s*\)\s*\.close\(|\bopen\([^\n)]{0,120},\s*[\"']wb?[\"']\s*\)\s*(?:as\s+\w+)?\s*:\s*\n?\s*pass\b|\.truncate\(\s*0?\s*\)|\btruncate(?:Sync)?\(\s*[^,\n]{1,80},\s*0\s*\)|\btruncate(?:Sync)?\(\s*\w+\s*\)|\bwriteFile(?:Sync)?\(\s*[^,\n]{1,80},\s*[\"'`]{2}|\bos\.(?:remove|unlink)\(|\.unlink\(|\b(?:rm|unlink)(?:Sync)?\(\s*\w|\bClear-Content\b|\bSet-Content\b[^\n]{0,80}\$null|\bFile\.(?:truncate|delete)\b|\bos\.(?:Truncate|Remove)\("
)
_FILTERED = re.compile(
    r"(?:\bif\b[^\n]{0,60}\bnot in\b|\bif not\b|\bfilter\(|!\w+\.includes\(|\bgrep\s+-\w*v|-notmatch)[^\n]{0,200}"
)
_REWRITES = re.compile(
    r"\.write_text\(|\.writelines\(|\bwriteFile(?:Sync)?\(|\bopen\([^\n)]{0,120},\s*[\"']w[\"']|\bmv\b|\bSet-Content\b|\bsponge\b"
)
_PARSED = re.compile(
    r"\.splitlines\(|\.split\(|\breadlines\(|\bfor\s+\w+\s+in\s+\w*(?:f|file|fh|lines)\b|\bgrep\b|Get-Content"
)
MAX_NAMES = 100
"""Names of records in one script that are looked at."""

MAX_NEAR = 500
"""Characters between the name of a record and what empties it."""


def traces(text: str, source: Source, role: Role, into: Inventory) -> None:
    """Notice it in a script, or in the commands of a fence that begins at ``source``."""
    found = (
        _by(_EMPTIED, text)
        or _by(_SWITCHED, text)
        or next((one for one in _ROWS.finditer(text) if _deleted(text, one) and not _aged(text, one)), None)
        or _in_code(text, source.path, into)
    )
    if found is not None:
        where = Source(path=source.path, line=source.line + line_of(text, found.start()) - 1)
        said = " ".join(found[0].split())[:80]
        into.notice(
            Mark.WEAKEN, f"removes the record of what was done: {said!r}", where, role, target="traces"
        )


def _by(pattern: Wide, text: str) -> re.Match[str] | None:
    return next((one for one in pattern.finditer(text) if meant(text, one)), None)


def _deleted(text: str, match: re.Match[str]) -> bool:
    """Whether a statement is executed: it may begin a line of a text that is handed on."""
    return meant(text, match) or bool(re.match(r"\s*[\"'](?:DELETE|TRUNCATE|DROP)\b", row_of(text, match)))


def _aged(text: str, match: re.Match[str]) -> bool:
    return bool(_BY_AGE.search(text, max(match.start() - MAX_NEAR, 0), match.end() + MAX_NEAR // 5))


def _in_code(text: str, path: str, into: Inventory) -> re.Match[str] | None:
    """A record that code names, and empties or writes anew without some of its lines."""
    for name in into.first(_NAMED.finditer(text), MAX_NAMES, path):
        start, end = name.start(), name.end() + MAX_NEAR
        if not meant(text, name) or re.search(
            r"\.gz\b|rotate|\.\d\b|backup|older|st_mtime|tmp", text[start:end]
        ):
            continue
        near = text[start:end]
        if _BLANKED.search(near):
            return name
        cut = _FILTERED.search(near)
        if cut and _PARSED.search(near) and _REWRITES.search(near) and "redact" not in near.lower():
            return name
    return None
