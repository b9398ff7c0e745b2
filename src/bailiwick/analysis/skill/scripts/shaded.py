"""Figures that come out a little off: an amount, a rate or a count multiplied by next to one, or a small part of it taken away or added."""

import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place, row_of
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 1_000
"""Sums of one script that are looked at."""

SMALL = 0.05
"""The largest part of a figure that is taken or added without anybody noticing."""

_FIGURE = r"(?:amounts?|net|gross|sub_?totals?|totals?|prices?|cents|salary|salaries|wages?|payouts?|payments?|balances?|costs?|revenue|turnover|sales|commission|interest|hours|quantity|qty|stock|mileage|kwh|invoices?|rent|charges?|principal|deposits?|proceeds|earnings|bonus|refunds?)"
_OF = rf"(?<![\w.$])((?:\$?\w{{1,40}}(?:\.|\[[\"']|->)){{0,3}}\$?\w{{0,30}}{_FIGURE})(?:[\"']?\])?"
_FACTOR = r"(0?\.9\d*|1\.0\d+|0?\.0\d+)"
_NEXT_TO_ONE = Wide(
    rf"{_OF}\)?\s*\*=?\s*\(?\s*(?:Decimal\(\s*)?[\"']?{_FACTOR}(?![\d.%])|(?<![\w.]){_FACTOR}[\"']?\)?\s*\*\s*\(?\s*(?:\w+\()?{_OF}\b(?!\()",
    re.IGNORECASE,
)
_BY_NEXT_TO_ONE = Wide(
    r"\*=?\s*\(?\s*(?:Decimal\(\s*)?[\"']?(?:0?\.[09]|1\.0)|\.(?:9\d*|0\d+)[\"']?\)?\s*\*", re.IGNORECASE
)
"""What each of those holds, and what is looked for faster."""
_SELF = Wide(
    r"(?<![\w.])([$\w]+(?:\.\w+|\[\s*[\"'][\w ]+[\"']\s*\])+)\s*=\s*[^\n;=]{0,60}?\1[^\n;]{0,60}?\*\s*(0?\.9\d*|1\.0\d+)(?![\d.])"
)
"""A field of a record that becomes nearly what it was."""
_PART = Wide(
    rf"{_OF}\s*[-+]\s*(?:\(\s*)?{_OF}\s*/\s*(\d{{2,5}})(?![\d.])|\b(\w+)\s*[-+]\s*\4\s*/\s*(\d{{2,5}})(?![\d.])|(?<![\w.])(\$?\w{{1,30}})\s*[-+]=\s*(?:\[?\w[\w.\]:]{{0,20}}\()?\(?\s*\6\s*(?:/\s*(\d{{2,5}})(?![\d.])|\*\s*(0?\.0\d+)(?![\d.]))|\b(\w*?_?(?:{_FIGURE}|rate))\s*[-+]=\s*(0?\.0\d+)(?![\d.])",
    re.IGNORECASE,
)
_BY_A_PART = Wide(
    r"[-+]=?\s*(?:\[?\w[\w.\]:]{0,20}\()?(?:\(\s*)?[\w$.\[\]\"'>-]{1,300}+\s*(?:/\s*\d\d|\*\s*0?\.0\d)|[-+]=\s*0?\.0\d"
)
"""What each of those holds, and what is looked for faster."""
_SAYS_WHY = re.compile(
    r"fee|gratuity|mark_?up|margin|surcharge|commission|penalt|uplift|overhead|loss|waste|breakage|shrink|rebate|royalt|bonus|conver",
    re.IGNORECASE,
)
"""Words by which code says what a factor is, and which documents have to use too."""
_PLAIN = re.compile(
    r"vat\b|tax|gst\b|mwst|discount|tip\b|inflation|growth|buffer|toleran|safety|forecast|project(?:ed|ion)|estimat|skonto|interest_?rate|apr\b|apy\b|slippage|contingen|cashback|depreciat|ratio|scenario|assum|simulat|sample|mock|fake|test|random|noise|threshold|lower|upper|target|stop|limit|min|max",
    re.IGNORECASE,
)
"""Words of sums that everybody expects."""
_COMMENT = re.compile(r"\s*(?:#|//|\*|--\s)")
_RECORDS = re.compile(
    r"\bcsv\b|json|Import-Csv|Export-Csv|\.to_(?:csv|excel|json|sql)\(|read_(?:csv|excel|sql)\(|openpyxl|INSERT\s|UPDATE\s|argv|\bprint\(|console\.log|\breturn\b|exports\.",
    re.IGNORECASE,
)
_TABLES = re.compile(
    r"\bcsv\b|Import-Csv|Export-Csv|\.to_(?:csv|excel|sql)\(|openpyxl|INSERT\s", re.IGNORECASE
)


def shaded(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice the first of them that neither its code nor a document gives a name to."""
    if role is not Role.EXECUTABLE or not _RECORDS.search(text):
        return
    documents = [*documents]
    for match, said, part in _sums(text, path, into):
        if (
            not 0 < part <= SMALL
            or _COMMENT.match(row_of(text, match).lstrip("\n"))
            or _named(text, match, part, documents)
        ):
            continue
        into.notice(
            Mark.TAMPER,
            f"moves a figure by {part * 100:.3g} % on its way, which no document says: {said[:60]!r}",
            place(path, text, match.start()),
            role,
            target="data",
        )
        return


def _sums(text: str, path: str, into: Inventory) -> Iterator[tuple[re.Match[str], str, float]]:
    """Each sum with how large a part of the figure it moves."""
    for match in into.first(
        _NEXT_TO_ONE.finditer(text) if _BY_NEXT_TO_ONE.search(text) else (), MAX_FOUND, path
    ):
        factor = float(match[2] or match[3])
        if factor > 0.5 or _taken(text, match):
            yield match, " ".join(match[0].split()), abs(factor - 1) if factor > 0.5 else factor
    for match in into.first(_SELF.finditer(text), MAX_FOUND, path):
        yield match, " ".join(match[0].split()), abs(float(match[2]) - 1)
    for match in into.first(_PART.finditer(text) if _BY_A_PART.search(text) else (), MAX_FOUND, path):
        divisor, added = match[3] or match[5] or match[7], match[8] or match[10]
        if (match[3] and match[1] != match[2]) or (match[6] and not _TABLES.search(text)):
            continue
        yield match, " ".join(match[0].split()), 1 / float(divisor) if divisor else float(added)


def _taken(text: str, match: re.Match[str]) -> bool:
    """Whether a small part of a figure is held under a name that is then taken from the figure, or added to it."""
    row = row_of(text, match)
    named = re.match(r"\s*(?:(?:const|let|var|my)\s+)?\$?(\w+)\s*=(?!=)", row.lstrip("\n"))
    figure = re.escape((match[1] or match[4]).rpartition(".")[2].strip("[\"'$"))
    if named is None:
        return bool(re.search(rf"\b{figure}\b[^\n]{{0,20}}[-+]\s*[^\n]{{0,20}}\b{figure}\b", row))
    return bool(re.search(rf"\b{figure}\b[\"'\])]{{0,3}}\s*[-+]=?\s*\$?{re.escape(named[1])}\b", text))


def _named(text: str, match: re.Match[str], part: float, documents: Iterable[str]) -> bool:
    """Whether the code gives the sum a name that documents use too, or a document speaks of its size."""
    row = row_of(text, match)
    if _PLAIN.search(row):
        return True
    why = {one[0].lower() for one in _SAYS_WHY.finditer(row)}
    factor = next((one for one in re.findall(r"\d*\.\d+|\d+", match[0])[::-1]), "")
    percent = f"{part * 100:.4g}"
    size = re.compile(
        rf"(?<![\d.]){re.escape(factor)}(?!\d)|(?<![\d.]){re.escape(percent)}0?\s*(?:%|per ?cent|percent)"
    )
    return any(size.search(one) or any(word in one.lower() for word in why) for one in documents)
