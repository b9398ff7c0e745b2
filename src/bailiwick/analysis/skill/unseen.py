"""Places of files that a person hardly reads and the model does: titles of links, attributes, comments, values of data, what code prints."""

import codecs
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.hidden import Reading, order
from bailiwick.analysis.skill.speech import reports
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

MAX_TEXT = 1_000_000
"""Characters of one file that are looked at."""

MAX_PLACES = 3_000
"""Places of one kind in one file."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A kind of place: what it is called, how it is found, and how an order there is read."""

    what: str
    pattern: re.Pattern[str]
    reading: Reading


def _place(what: str, pattern: str, reading: Reading = Reading.ASIDE) -> _Place:
    return _Place(what, re.compile(pattern, re.MULTILINE | re.IGNORECASE), reading)


_PAGE = (
    _place("the title of a link", r"\]\(\s*<?[^\s()<>]{1,400}>?\s+[\"'(]([^\"\n]{30,1200}?)[\"')]\s*\)"),
    _place(
        "the title of a link", r"^ {0,3}\[[^\]\n]{1,80}\]:\s*\S{1,400}\s+[\"'(]([^\n]{30,1200})[\"')]\s*$"
    ),
    _place("the text of a picture", r"!\[([^\]\n]{40,1200})\]"),
    _place(
        "an attribute of an element",
        r"\b(?:data-[\w-]{1,40}|alt|title|aria-\w{1,30}|content|summary|value|placeholder)\s*=\s*\"([^\"]{30,1200})\"",
    ),
    _place(
        "an element that isn't shown",
        r"<(?:template|noscript|desc|metadata|title|head)\b[^>\n]{0,200}>([^<]{30,2000})<",
        Reading.HIDDEN,
    ),
    _place(
        "the words behind the language of a fence", r"^[ \t]*(?:```|~~~)\w[\w+-]{0,20}[ \t]+([^\n`]{30,800})$"
    ),
    _place("a folded part", r"</summary>([^<]{30,3000})</details", Reading.ASIDE),
)
_COMMENTS = (
    _place(
        "a comment",
        r"((?:^[ \t]{0,80}(?:#(?!!)|//|--|;|%|REM\b)[^\n]{0,1000}(?:\n|\Z)){1,20})",
        Reading.TECHNICAL,
    ),
    _place("a comment", r"/\*([\s\S]{20,2000}?)\*/", Reading.TECHNICAL),
    _place("a comment", r"<!--([\s\S]{20,2000}?)-->", Reading.ASIDE),
    _place("a comment", r"\"\"\"([\s\S]{20,2000}?)\"\"\"|'''([\s\S]{20,2000}?)'''", Reading.TECHNICAL),
)
_VALUES = (
    _place("a value", r"\"((?:[^\"\\\n]|\\.){40,1500})\"|'((?:[^'\\\n]|\\.){40,1500})'", Reading.ASIDE),
    _place(
        "a value", r"^[ \t]{0,80}(?:-\s+)?[\w.-]{1,60}\s*[:=]\s*([^\"'{\[\n#][^\n]{40,1500})$", Reading.ASIDE
    ),
    _place("a cell", r"(?:^|[,;\t|])([^,;\t|\"\n]{40,1500})(?=[,;\t|\n]|\Z)", Reading.ASIDE),
)
_PRINTED = (
    _place(
        "what a script prints",
        r"\"((?:[^\"\\\n]|\\.){40,1500})\"|'((?:[^'\\\n]|\\.){40,1500})'|`([^`]{40,1500})`",
        Reading.PRINTED,
    ),
    _place(
        "what a script prints",
        r"<<-?\s*[\"']?(\w{1,20})[\"']?[^\n]*\n([\s\S]{20,3000}?)\n[ \t]*\1\b",
        Reading.PRINTED,
    ),
)
_LITERAL = r"(?:(?<!\\)\"(?:[^\"\\\n]|\\.){1,800}\"|'(?:[^'\\\n]|\\.){1,800}'|`[^`\n]{1,800}`)"
_RUN = Wide(rf"{_LITERAL}(?:\s{{0,40}}(?:\+\s{{0,40}})?f?{_LITERAL}){{1,20}}")
"""Literals that are put together where they stand: the description of a tool, say."""
_ONE = re.compile(_LITERAL)
_PLAIN = (_place("a file that is seldom read", r"((?:^[^\n]{1,1000}(?:\n|\Z)){1,4})", Reading.ASIDE),)

_TABLES = (".csv", ".tsv")
_DATA = (
    ".json",
    ".json5",
    ".jsonc",
    ".yaml",
    ".yml",
    ".toml",
    ".ini",
    ".cfg",
    ".conf",
    ".xml",
    ".properties",
    ".po",
    ".css",
    ".plist",
    ".env",
    ".lock",
    ".jsonl",
)
_LISTS = (".txt", ".log", ".dat", ".srt", ".vtt", ".ics", ".pot", ".strings", ".geojson", ".ndjson")
_PAGES = (".md", ".mdx", ".markdown", ".mdc", ".html", ".htm", ".svg", ".rst", ".adoc", ".vue", ".ipynb")


def unseen(path: str, text: str, *, code: bool, into: Inventory) -> None:
    """Notice orders to the model in such places of one file; ``code`` says that it is a script."""
    piece = text[:MAX_TEXT]
    if path.endswith((".min.js", ".lock", "package-lock.json")):
        return
    places: tuple[_Place, ...] = ()
    if path.endswith(_PAGES):
        places = _PAGE
        for letters in (_entities, _turned(_rot13), _turned(_backwards)):
            for at, said in letters(piece):
                _judge(path, piece, at, said, "letters that are changed", Reading.HIDDEN, into)
        _classes(path, piece, into)
    if code:
        places = (*_COMMENTS, *_PRINTED)
        for at, said in _joined(piece):
            _judge(path, piece, at, said, "what a script prints", Reading.PRINTED, into)
    elif path.endswith(_TABLES):
        places = (_VALUES[0], _VALUES[2])
    elif path.endswith(_DATA):
        places = (*_COMMENTS, *_VALUES[:2])
    elif path.endswith(".tex"):
        places = _COMMENTS[:1]
    elif not path.endswith(_PAGES) and "." not in path.rpartition("/")[2].lstrip("."):
        places = _PLAIN
    if path.endswith((*_TABLES, *_DATA, *_LISTS)) and not _WRITTEN_FOR.search(path):
        _addressed(path, piece, into)
    for place in places:
        for match in islice(place.pattern.finditer(piece), MAX_PLACES):
            number = next((i for i in range(match.re.groups, 0, -1) if match[i]), 0)
            _judge(path, piece, match.start(number), match[number], place.what, place.reading, into)


_WRITTEN_FOR = re.compile(
    r"prompt|instruction|system|persona|attack|inject|red.?team|jail ?break|adversar|evals?\b|benchmark|fixtures?|tests?/",
    re.IGNORECASE,
)
"""Files of data that are written for a model, or that hold what others try on one."""
_MODEL = r"(?:(?:AI|LLM|coding|language|automated)[ -]?(?:agents?|models?|assistants?|systems?|tools?|readers?)|agents?|assistants?|LLMs?|AIs?|Claude(?: Code)?|Copilot|chat ?bots?)"
_ADDRESS = Wide(
    rf"\b(?:notes?|messages?|instructions?|attention|hints?|reminders?|directives?|notices?)\b[ ,:(-]{{1,3}}(?:to|for)? ?(?:the|any|all|every|an?)? ?{_MODEL}\b[^:\n]{{0,60}}[:,-]\s|\b{_MODEL},? (?:that|who|which|reading|processing|handling|parsing|loading|importing|summari[sz]ing|working|using|seeing)\b[^:\n]{{0,60}}[:,]\s|(?:^|[,;\t|\">]|\. )[ ]?(?:dear |hey |hello )?{_MODEL}\s?[:,]\s",
    re.IGNORECASE | re.MULTILINE,
)
_BIDS = re.compile(
    r"^[^.\n]{0,80}?\b(?:(?:ignore|disregard|skip|override|bypass|drop|overrule|discard|leave out|exclude|omit|suppress)\b[^.\n]{0,60}\b(?:reviewers?|review|users?|filters?|checks?|columns?|rules?|limits?|warnings?|flags?|instructions?|approvals?|validation|policy|policies|rest|others?|findings?)\b"
    r"|(?:send|export|upload|forward|post|e-?mail|submit|transmit|share|copy|push)\b[^.\n]{0,80}\b(?:all|every|each|whole|entire|full|rows?|records?|tables?|files?|contents?|credentials?|keys?|tokens?|data|conversation)\b[^.\n]{0,80}\b(?:to|at|into|with|via)\b"
    r"|(?:mark|treat|report|count|classify|label|list|rate|record|approve|accept)\b[^.\n]{0,80}\b(?:as|approved?|passed|safe|verified|valid|clean|compliant|paid|trusted|low.risk)\b"
    r"|(?:do not|don'?t|never|without)\s+(?:\w+\s+){0,2}?(?:mention|tell|inform|reveal|disclos|ask|report|show|warn|flag)\w*"
    r"|(?:run|execute|install|delete|overwrite|remove|wipe)\b[^.\n]{0,80})",
    re.IGNORECASE,
)
MAX_ADDRESSED = 200


def _addressed(path: str, text: str, into: Inventory) -> None:
    """A line or a cell of data that speaks to the model, and bids it do what the person who asks for the data didn't."""
    for match in islice(_ADDRESS.finditer(text), MAX_ADDRESSED):
        said = text[match.end() : match.end() + 300].partition("\n")[0]
        if _BIDS.search(said) and not reports(match[0] + said, len(match[0])):
            whole = " ".join((match[0] + said).split()).lstrip('",;|> ')
            into.notice(
                Mark.HIDDEN_ORDER,
                f"data that speaks to the model: '{whole[:100]}'",
                Source(
                    path=path,
                    line=text.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) + 1,
                ),
                Role.INSTRUCTED,
            )


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Texts that are put together of several literals, and where they begin."""
    for match in islice(_RUN.finditer(text), MAX_PLACES):
        yield match.start() + 1, "".join(one[0][1:-1] for one in _ONE.finditer(match[0])).replace("\\n", " ")


_LOOKS_FOR = re.compile(r"\([^()\n]{1,80}\|[^()\n]{1,80}\)|\(\?[:i=!]|\.\*|\.\{\d|\\[bswd]")
_LOOKS = 2
"""Signs of a pattern that make a text one: it looks for an order, and gives none."""
_HEAD = re.compile(r"(?m)^(?:export\s+)?(?:const\s+|let\s+|var\s+)?(\w+)\b[^\n]{0,100}=\s*[\[({]")
_SAMPLES = re.compile(r"\w*(?:samples?|fixtures?|cases|examples?|attacks?|corpus)\w*", re.IGNORECASE)
_SAMPLED = Wide(r"(?:sample|fixture|cases|example|attack|corpus)\w*\b[^\n]{0,100}=\s*[\[({]", re.IGNORECASE)
"""What is in every file with such a list; few have one, and texts of code are many."""
MAX_BEFORE = 6_000
"""Characters before a text in which the list is looked for that holds it."""


def _examined(text: str, at: int, said: str) -> bool:
    """Whether a text of code is a pattern, or a sample in a list that the code tries itself on and shows nobody."""
    if len({one[0] for one in _LOOKS_FOR.finditer(said)}) >= _LOOKS:
        return True
    if not _has_samples(text):
        return False
    before = text[max(at - MAX_BEFORE, 0) : at]
    head = next(iter(reversed(list(_HEAD.finditer(before)))), None)
    if head is None or not _SAMPLES.fullmatch(head[1]):
        return False
    inside = not re.search(r"(?m)^[\])}\w]", before[head.end() :].partition("\n")[2])
    tried = re.search(rf"\b(?:of|in)\s+{head[1]}\b", text)
    shown = re.search(rf"(?:print|write|log|echo|description)\w*\b[^\n]{{0,40}}\b{head[1]}\b", text)
    return bool(inside and tried and not shown)


@lru_cache(4)
def _has_samples(text: str) -> bool:
    return _SAMPLED.search(text) is not None


def _judge(path: str, text: str, at: int, said: str, what: str, reading: Reading, into: Inventory) -> None:
    if reading is Reading.PRINTED and _examined(text, at, said):
        return
    line = text.count("\n", 0, at + len(said) - len(said.lstrip())) + 1
    order(_MARKS.sub(" ", said), Source(path=path, line=line), into, what, reading=reading)


_MARKS = re.compile(r"(?m)^[ \t]*(?:#+|//+|--|;+|%+|\*+|REM\b)")
_RULE = re.compile(
    r"\.([A-Za-z][\w-]{0,40})[^{}]{0,80}\{[^{}]{0,300}?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]*[1-9])|(?<!-)color\s*:\s*(?:white|#fff)|left\s*:\s*-\d{3,})"
)


def _classes(path: str, text: str, into: Inventory) -> None:
    """Elements of a class that a style sheet in the same file hides."""
    for rule in islice(_RULE.finditer(text), 20):
        for match in islice(
            re.finditer(
                rf"class\s*=\s*[\"'][^\"'\n]{{0,100}}\b{re.escape(rule[1])}\b[^>]{{0,200}}>([^<]{{20,2000}})<",
                text,
            ),
            50,
        ):
            _judge(path, text, match.start(1), match[1], "an element that isn't shown", Reading.HIDDEN, into)


_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{1,6};[ ]?){20,2000}")


def _entities(text: str) -> Iterator[tuple[int, str]]:
    for match in islice(_ENTITIES.finditer(text), 50):
        yield match.start(), html.unescape(match[0])


_COMMON = re.compile(r"\b(?:the|and|to|of|with|from|this|it|in|not|before|file)\b", re.IGNORECASE)
_LETTERS = re.compile(r"(?<![A-Za-z.,:;/'~_-])(?:[A-Za-z.,:;/'~_-]{1,60}[ ]){7,200}[A-Za-z.,:;/'~_-]{1,60}")
_MANY = 3


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def _backwards(text: str) -> str:
    return text[::-1]


def _turned(change: Callable[[str], str]) -> Callable[[str], Iterator[tuple[int, str]]]:
    """Runs of words that make no sense as they stand, and do when their letters are changed."""

    def found(text: str) -> Iterator[tuple[int, str]]:
        for match in islice(_LETTERS.finditer(text), MAX_PLACES):
            if (
                len(_COMMON.findall(match[0])) < _MANY
                and len(_COMMON.findall(said := change(match[0]))) >= _MANY
            ):
                yield match.start(), said

    return found
