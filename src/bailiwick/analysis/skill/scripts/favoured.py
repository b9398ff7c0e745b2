"""Figures that come out otherwise for somebody whom the code names and no document does."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 40
"""Conditions of one script that are looked at."""

_WHO = r"(?:name|e?-?mail|customer|client|vendor|payee|employee|user|username|account|iban|supplier|candidate|applicant|author|company|merchant|owner|assignee|bidder|patient|student|seller|holder|recipient|payer|team|department|ticker|symbol|isin|sku|brand|competitor)"
_NAMED = Wide(
    rf"^([ \t]{{0,80}})(?:\}}\s*)?(?:if|elif|else if|elsif|unless|when)\b[^\n]{{0,120}}?\b\w{{0,20}}{_WHO}(?:_?(?:id|name|no|number|code))?[\"'`]?\]?\)?(?:\.\w+\([^()\n]{{0,20}}\)){{0,3}}\s*(?:={{2,3}}|\.(?:startswith|startsWith|endswith|endsWith|includes|contains|equals|start_with\?|end_with\?|include\?|eql\?)\(|\bin\b|\beq\b|=~|-eq|-match)\s*[(\[{{]?\s*[\"'`/]([^\"'`\n]{{3,60}})[\"'`/][^\n]{{0,80}}\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\n){{1,6}})",
    re.MULTILINE | re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(\w[\w.\[\]\"']{0,40})\s*(?:\*=\s*\(?[01]?\.\d+|[-+]=\s*\d*\.?\d+|/=\s*[01]?\.\d+)|\b(\w[\w.\[\]\"']{0,40})\s*=(?!=)\s*(?:\w+\()?\s*\2\s*[-+*/]\s*\d|\b(?:return|=)\s*\(?[\w.\[\]\"'()]{1,40}\s*\*\s*(?:0\.\d+|1\.\d+)|\b(?:score|rank|rating|risk|grade|total|price|amount|fee|bid|quote|weight|priority)\w*[\"'\]]{0,2}\s*=(?!=)\s*(?:\d+(?:\.\d+)?|max\(|min\(|Math\.(?:max|min)\()"
)
_GENERAL = re.compile(
    r"^(?:\W*|admin\w*|default|test\w*|total|guest|unknown|none|null|n/?a|other|root|anonymous|system|bot|all|any|free|pro|basic|premium|enterprise|standard|gold|silver|vip|member|student|senior|junior|internal|external|true|false|\w|[a-z]{2}|\.\w+|https?:.*|[\w.]*@|\d+|usd|eur|gbp|btc|eth|us|eu|uk)$",
    re.IGNORECASE,
)
"""Words for kinds of people, and not for somebody."""


def favoured(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice the first condition on somebody's name under which a figure is changed."""
    if role is not Role.EXECUTABLE:
        return
    for match in into.first(_NAMED.finditer(text), MAX_FOUND, path):
        who = match[2].strip()
        changed = _CHANGED.search(match[3])
        if changed is None or _GENERAL.match(who) or not meant(text, match):
            continue
        if any(who.lower() in one.lower() for one in documents):
            continue
        into.notice(
            Mark.TAMPER,
            f"changes a figure for {who!r}, whom no document names: {' '.join(changed[0].split())[:40]!r}",
            place(path, text, match.start(2)),
            role,
            target="data",
        )
        return
