"""Where in a text something stands."""

import re

from bailiwick.model.skill import Source


def row_of(text: str, match: re.Match[str]) -> str:
    """The line of a match, cut where it is long."""
    start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 300)
    end = text.find("\n", match.end())
    return text[start : end if 0 <= end < match.end() + 300 else match.end() + 300]


def place(path: str, text: str, at: int) -> Source:
    """The place of a character of a file."""
    return Source(path=path, line=line_of(text, at))


def line_of(text: str, at: int) -> int:
    """The line of a character."""
    return text.count("\n", 0, at + (1 if text[at : at + 1] == "\n" else 0)) + 1


def indent_of(line: str) -> int:
    """How many characters stand before a line's first word."""
    return len(line) - len(line.lstrip())


_SPOKEN = re.compile(r"\s*(?:#(?!!)|//|--\s|\*|REM\b|echo\b|print\w*\b|console\.|Write-\w+|r?[\"']|//)")
_SHOWN = re.compile(
    r"\b(?:echo|printf?|println|puts|warn|Write-\w+|console\.\w+|log(?:ger)?\.\w+|re\.compile)\s*\(?\s*[rf]?[\"'`][^\n]*$"
)


def meant(text: str, match: re.Match[str]) -> bool:
    """Whether a match in a script is what it does: not a comment, a text that it shows, or a pattern that it looks for."""
    row = row_of(text, match).lstrip("\n")
    return not _SPOKEN.match(row) and not _SHOWN.search(row.partition(match[0].lstrip("\n")[:40])[0])
