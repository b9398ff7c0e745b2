"""Code that a text shows without naming its language: blocks that are only indented, and fences without a word."""

import re
from dataclasses import replace
from typing import Final

from bailiwick.analysis.commands.specification import find
from bailiwick.analysis.skill.markdown import Block, Kind

MAX_LINES: Final = 400
"""Lines of a block that are looked at."""

_BEFORE: Final = re.compile(r"^(?:\$ |[({] ?|sudo (?:-\w+ )*|[A-Z_]{2,40}=\S+ )+")
_LEADING: Final = re.compile(r"(?:^|[\s;&|])(?:python3?|bash|sh|node|npx|source|\./)")
"""A program that runs others: a fence whose first line has one is shell, whatever stands below."""
_TYPED: Final = re.compile(
    r"\s--?\w|\s[|<>&]|[;&|]{2}|\$[\w({]|\s[\"'][^\"'\n]+[\"']|(?:^|\s)[~.]{0,2}/[\w.]"
)
"""What commands have and sentences lack: options, operators, variables, quoted words, paths."""


def known(block: Block) -> Block:
    """The block with the language that it is written in, where it names none and all of it looks like shell or settings."""
    if block.language or block.kind not in (Kind.FENCE, Kind.TEXT):
        return block
    text = block.text.strip()
    if text.startswith("{") and text.endswith("}"):
        return replace(block, kind=Kind.FENCE, language="json")
    begins = block.text.split("\n")[0][:200]
    if block.kind is Kind.FENCE and _LEADING.search(begins) and "=" not in begins[:12]:
        return replace(block, language="sh")
    lines = [line for line in _lines(text) if not line.startswith("#")]
    if not lines or len(lines) > MAX_LINES or not all(map(_command, lines)):
        return block
    marked = sum(1 for line in lines if _TYPED.search(line))
    enough = marked == len(lines) if block.kind is Kind.TEXT else marked * 2 >= len(lines)
    return replace(block, kind=Kind.FENCE, language="sh") if enough else block


def _lines(text: str) -> list[str]:
    """The lines of a text, those that are continued in one."""
    joined = re.sub(r"\\\n[ \t]*|(?<=[|&])[ \t]*\n[ \t]*", " ", text)
    return [line.strip() for line in joined.split("\n") if line.strip()]


def _command(line: str) -> bool:
    words = _BEFORE.sub("", line).split()
    return (
        bool(words)
        and words[-1][-1] not in ".:?!,"
        and (words[0].startswith("./") or find(words[0]) is not None)
    )
