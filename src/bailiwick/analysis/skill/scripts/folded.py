"""Texts put together of literals, written as the one literal they come to: how a name is kept from whoever searches for it."""

import re

_ADDED = re.compile(r"([\"'])((?:(?!\1)[^\\\n]){0,80})\1\s*\+\s*([\"'])((?:(?!\3)[^\\\n]){0,80})\3")
_ONE = r"(?:\"[^\"\n]{0,60}\"|'[^'\n]{0,60}')"
_LIST = rf"[\[(]\s*((?:{_ONE}\s*,\s*){{1,60}}{_ONE})\s*,?\s*[\])]"
_JOINED = re.compile(
    rf"{_LIST}\s*\.join\(\s*([\"'`])([^\"'`\n]{{0,3}})\2\s*\)|([\"'])([^\"'\n]{{0,3}})\4\s*\.join\(\s*{_LIST}\s*\)"
)
_REVERSED = re.compile(
    r"([\"'])([^\"'\\\n]{3,80})\1\s*(?:\[::-1\]|\.split\(([\"'])\3\)\.reverse\(\)\.join\(([\"'])\4\)|\.reverse\b(?:\(\))?)"
)
_PIECE = re.compile(r"\"([^\"\n]{0,60})\"|'([^'\n]{0,60})'")
MAX_ROUNDS = 8


def folded(text: str) -> str:
    """The text with sums, joins and reversals of literals carried out. Lines stay where they are."""

    def joined(match: re.Match[str]) -> str:
        pieces = [one or other for one, other in _PIECE.findall(match[1] or match[6] or "")]
        mark = match[3] if match[1] else match[5]
        if any('"' in one for one in pieces):
            return match[0]
        return '"' + (mark or "").join(pieces) + '"' + "\n" * match[0].count("\n")

    for _ in range(MAX_ROUNDS):
        before = text
        text = _ADDED.sub(lambda m: f"{m[1]}{m[2]}{m[4]}{m[1]}" + "\n" * m[0].count("\n"), text)
        text = _JOINED.sub(joined, text)
        text = _REVERSED.sub(lambda m: f"{m[1]}{m[2][::-1]}{m[1]}", text)
        if text == before:
            break
    return text
