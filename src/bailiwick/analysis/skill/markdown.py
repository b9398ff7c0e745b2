"""Markdown in blocks, with the line of each: as far as it matters who says what to whom (CommonMark 0.31, the blocks of it).

Linear in the length of the text; anything is Markdown, so nothing fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

MAX_LINES = 200_000


class Kind(Enum):
    """What a block is."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    QUOTE = "quote"
    FENCE = "fence"
    COMMENT = "comment"
    TABLE = "table"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its text without its marks, its first line, the language of a fence, and the headings it stands under.

    ``lead`` is the text right before it: what introduces a fence; ``intro`` of an item is what introduces its list.
    """

    kind: Kind
    text: str
    line: int
    language: str = ""
    section: tuple[str, ...] = ()
    lead: str = ""
    level: int = 0
    intro: str = ""


_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_OPEN = re.compile(r"([ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(`{3,}|~{3,})[ \t]*([^`]*)$")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(.*)$")
_QUOTE = re.compile(r" {0,3}>[ \t]?(.*)$")
_TABLE = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{3,})[ \t]*$")
_REFERENCE_COMMENT = re.compile(
    r"\[(?://|comment|_|#)\]:[ \t]*(?:#|<>)[ \t]*[(\"'](.*)[)\"'][ \t]*$", re.IGNORECASE
)


def blocks(text: str, first: int = 1) -> Iterator[Block]:
    """The blocks of a text whose first line is line ``first`` of its file."""
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MAX_LINES], first)
    yield from reader.run()


class _Reader:
    def __init__(self, lines: list[str], first: int) -> None:
        self.lines = lines
        self.first = first
        self.at = 0
        self.section: list[str] = []
        self.lead = self.intro = ""

    def run(self) -> Iterator[Block]:
        paragraph: list[str] = []
        start = 0
        kind = Kind.TEXT
        while self.at < len(self.lines):
            line = self.lines[self.at]
            opened = _OPEN.match(line)
            comment = line.lstrip().startswith("<!--")
            heading = _HEADING.match(line)
            reference = _REFERENCE_COMMENT.match(line)
            if opened or comment or heading or reference or not line.strip():
                yield from self.flush(paragraph, start, kind)
                paragraph = []
                if opened:
                    yield self.fence(opened)
                elif comment:
                    yield from self.comment()
                elif heading:
                    yield self.heading(len(heading[1]), heading[2])
                elif reference:
                    yield self.block(Kind.COMMENT, reference[1], self.at)
                    self.at += 1
                else:
                    self.at += 1
                continue
            if _SETEXT.match(line) and paragraph and kind is Kind.TEXT and len(paragraph) == 1:
                yield self.heading(1 if "=" in line else 2, paragraph.pop(), start)
                continue
            item, quote = _ITEM.match(line), _QUOTE.match(line)
            new = Kind.ITEM if item else Kind.QUOTE if quote else Kind.TABLE if _TABLE.match(line) else None
            if new is not None and (new is not kind or new is Kind.ITEM or not paragraph):
                yield from self.flush(paragraph, start, kind)
                paragraph, start, kind = [], self.at, new
            elif not paragraph:
                start, kind = self.at, Kind.HTML if re.match(r" {0,3}<[a-zA-Z/]", line) else Kind.TEXT
            paragraph.append(item[1] if item else quote[1] if quote else line.strip())
            self.at += 1
        yield from self.flush(paragraph, start, kind)

    def block(self, kind: Kind, text: str, at: int, language: str = "", level: int = 0) -> Block:
        intro = self.intro if kind is Kind.ITEM else ""
        made = Block(kind, text, self.first + at, language, tuple(self.section), self.lead, level, intro)
        if kind is Kind.TEXT:
            self.intro = text
        if kind in (Kind.TEXT, Kind.ITEM):
            self.lead = text
        return made

    def flush(self, paragraph: list[str], start: int, kind: Kind) -> Iterator[Block]:
        if paragraph:
            text = "\n".join(paragraph)
            yield self.block(kind, text, start)
            if "<!--" in text:
                row = ends = 0
                while (begins := text.find("<!--", ends)) >= 0 and (
                    until := text.find("-->", begins + 4)
                ) >= 0:
                    row, ends = row + text.count("\n", ends, begins), until + 3
                    if text.count("`", text.rfind("\n", 0, begins) + 1, begins) % 2 == 0:  # else it is shown
                        yield self.block(Kind.COMMENT, text[begins + 4 : until].strip(), start + row)
                    row += text.count("\n", begins, ends)

    def heading(self, level: int, text: str, at: int | None = None) -> Block:
        del self.section[level - 1 :]
        self.section += [""] * (level - 1 - len(self.section))
        self.section.append(text)
        self.lead = self.intro = ""
        made = Block(
            Kind.HEADING,
            text,
            self.first + (self.at if at is None else at),
            "",
            tuple(self.section),
            "",
            level,
        )
        self.at += 1
        return made

    def fence(self, opened: re.Match[str]) -> Block:
        start, mark = self.at, opened[2]
        quoted = ">" in opened[1]
        indent = len(opened[1]) - len(opened[1].lstrip(" \t"))
        info = opened[3].strip()
        closing = re.compile(rf"[ \t]*(?:>[ \t]?)*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
        content: list[str] = []
        self.at += 1
        while self.at < len(self.lines) and not closing.match(self.lines[self.at]):
            line = self.lines[self.at]
            line = re.sub(r"^ {0,3}>[ \t]?", "", line) if quoted else line
            content.append(line[indent:] if line[:indent].isspace() else line)
            self.at += 1
        self.at += 1
        language = re.split(r"[\s{,:]", info, maxsplit=1)[0].lower() if info else ""
        return self.block(Kind.FENCE, "\n".join(content), start + 1, language)

    def comment(self) -> Iterator[Block]:
        start = self.at
        content: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            content.append(line)
            self.at += 1
            if "-->" in line:
                break
        text = "\n".join(content)
        inside, _, after = text.partition("-->")
        yield self.block(Kind.COMMENT, inside.partition("<!--")[2].strip(), start)
        if after.strip():
            yield self.block(Kind.TEXT, after.strip(), self.at - 1)


MAX_CODE = 200_000
"""Characters of a script or a style of a page; what is longer is read as words too."""

_OPENS = re.compile(r"<(script|style)\b[^>]{0,300}>", re.IGNORECASE)
_CLOSES = {kind: re.compile(rf"</{kind}\s*>", re.IGNORECASE) for kind in ("script", "style")}


def without_code(text: str) -> str:
    """A page without its scripts and styles, which nobody reads as words; every line stays where it is."""
    said: list[str] = []
    closes: dict[str, re.Match[str] | None] = {}
    kept = at = 0
    while begins := _OPENS.search(text, at):
        kind, at = begins[1].lower(), begins.end()
        close = closes.get(kind)
        if kind not in closes or (close is not None and close.start() < at):
            close = closes[kind] = _CLOSES[kind].search(text, at)
        if close is None or close.start() - at > MAX_CODE:
            continue
        said += [text[kept : begins.start()], "\n" * text.count("\n", begins.start(), close.end())]
        kept = at = close.end()
    return "".join((*said, text[kept:]))


def without_fences(text: str) -> str:
    """A page without its blocks of code, which show whatever they hold; every line stays where it is."""
    if "```" not in text and "~~~" not in text:
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for block in blocks(text):
        if block.kind is Kind.FENCE:
            inside = slice(block.line - 1, block.line + block.text.count("\n"))
            lines[inside] = [""] * len(lines[inside])
    return "\n".join(lines)
