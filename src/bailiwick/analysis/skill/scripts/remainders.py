"""Sums of money that are a little off: what rounding leaves is given to somebody, a figure is moved where it is large."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 20
"""Sums of one script that are looked at."""

SMALL = 0.025
"""How far from one a factor may be that nobody notices in a sum."""

_MONEY = r"(?:net|gross|amount|total|sum|price|paid|pay|salary|wages?|due|payout|fee|balance|cost|tax|subtotal|value|share|commission|interest|charge)"
_CUTS = Wide(
    r"\bROUND_(?:DOWN|FLOOR)\b|\b[Ff]loor\s*\(|\b[Tt]runc\s*\(|\bint\s*\([^\n]{0,80}\*\s*100\b|//\s*(?:0\.01|1\b)|\bRoundingMode\.(?:DOWN|FLOOR)\b|\.setScale\("
)
_LEFT = Wide(r"\b([A-Za-z_]\w*)(?:\[[^\]\n]{1,40}\])?\s*\+=\s*\(?\s*[\w.\[\]\"']+\s*-\s*[\w.\[\]\"']+")
"""A name that gathers differences."""
_SOMEBODY = re.compile(
    r"[\"'](?:[A-Z]{2}\d{2}[A-Z0-9]{11,30}|0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60}|[\w.+-]{2,40}@[\w.-]+\.\w{2,10})[\"']|(?:===?\s*|\[\s*|\bget\(\s*)[\"'](?:[A-Z]{1,4}[-_]?\d{2,9}|\d{4,18})[\"']"
)
"""Somebody who is named in the code: an account, a number of a person, a mailbox."""
_SAID = re.compile(
    r"\b(?:remainder|residual|residue|rounding (?:difference|error|remainder|reserve)|left[- ]?overs?|rest (?:goes|is)|difference goes|cents? (?:left|go))\b",
    re.IGNORECASE,
)
_MOVED = Wide(
    rf"(?:^|\n)[ \t]*(?:\}}\s*)?(?:if|elif|else if)\b([^\n]{{0,200}}[<>]=?\s*[\d_.]+[^\n]{{0,200}})\n?[ \t]*[^\n]{{0,40}}?\b\w*{_MONEY}(?:\.\w+|\[[\"']\w+[\"']\])?\s*(?:\*=\s*|=\s*\(?\s*[\w.]+\s*\*\s*)\(?\s*(?:D|Decimal|Number|BigDecimal)?\(?[\"']?((?:0\.9|1\.0)\d*)",
    re.IGNORECASE,
)
"""A figure of money that is multiplied by next to one where a size is reached."""


def remainders(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice both, unless a document of the skill says so."""
    if _CUTS.search(text):
        _gathered(text, path, role, into, documents)
    for match in into.first(_MOVED.finditer(text), MAX_FOUND, path):
        if abs(float(match[2]) - 1) <= SMALL and not _told(match[2], documents):
            into.notice(
                Mark.TAMPER,
                f"moves a sum by {abs(float(match[2]) - 1) * 100:.3g} % where {' '.join(match[1].split())[:60]}, which no document says",
                place(path, text, match.start(2)),
                role,
                target="data",
            )
            return


def _gathered(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """What rounding down leaves, put to somebody whom the code names."""
    for match in into.first(_LEFT.finditer(text), MAX_FOUND, path):
        uses = re.finditer(rf"(?<![\w.]){re.escape(match[1])}\b", text[match.end() :])
        for used in into.first(uses, MAX_FOUND, path):
            at = match.end() + used.start()
            row = text[text.rfind("\n", 0, at) + 1 : (text.find("\n", at) + 1 or len(text) + 1) - 1]
            whom = _SOMEBODY.search(row)
            if whom and not any(_SAID.search(one) or whom[0].strip("\"'=([ get") in one for one in documents):
                into.notice(
                    Mark.TAMPER,
                    f"what rounding leaves goes to {whom[0].strip('=([ get')}, which no document says",
                    place(path, text, at),
                    role,
                    target="data",
                    also=(place(path, text, match.start()),),
                )
                return


def _told(factor: str, documents: Iterable[str]) -> bool:
    """Whether a document speaks of a factor: as it stands, or in per cent."""
    percent = f"{abs(float(factor) - 1) * 100:.4g}"
    said = re.compile(
        rf"(?<![\d.]){re.escape(factor)}(?![\d])|(?<![\d.]){re.escape(percent)}\s*(?:%|per ?cent)"
    )
    return any(said.search(one) for one in documents)
