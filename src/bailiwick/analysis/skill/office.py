"""Text of office files that isn't shown, and what they load from elsewhere when they are opened."""

import re
from collections.abc import Iterator
from itertools import islice

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_local
from bailiwick.model.skill import CapabilityKind, Role

MAX_FOUND = 500
"""Passages of one sort in one part of a file that are looked at."""

MAX_LINKS = 5_000
"""Links of one part of a file."""

_CONCEALED = (
    re.compile(r"<w:vanish\s*/?>.{0,2000}?<w:t[^>]*>([^<]{8,})</w:t>", re.DOTALL),
    re.compile(r"w:color w:val=\"F{6}\".{0,400}?<w:t[^>]*>([^<]{8,})</w:t>", re.DOTALL),
    re.compile(r"<w:sz w:val=\"[1-4]\"/>.{0,400}?<w:t[^>]*>([^<]{8,})</w:t>", re.DOTALL),
    re.compile(r"<a:rPr\b[^>]*\bsz=\"[1-4]\d\d\"[^>]*>.{0,400}?<a:t>([^<]{8,})</a:t>", re.DOTALL),
    re.compile(r"<a:srgbClr val=\"F{6}\"/>.{0,400}?<a:t>([^<]{8,})</a:t>", re.DOTALL),
)
MAX_NOTES = 5_000
"""Paragraphs of one part of a file that are looked at."""

MAX_NOTE = 6_000
"""Characters of a paragraph that are looked at together."""

_OVERLAP = 300

_ASIDE = re.compile(
    r"/(?:comments\d*|notesSlide\d+|footnotes|endnotes|custom|core|sharedStrings|threadedComments?\d*|header\d*|footer\d*)\.xml$"
)
_PARAGRAPH = re.compile(r"</(?:w:p|a:p|si|dc:description|vt:lpwstr|text)>")
"""The end of a paragraph, of a cell's text, of a property."""
_STARTS = re.compile(
    r"(?:<f>|<w:instrText[^>]*>|ddeService=\"|formula=\")[^<]{0,60}?(?:\b(?:cmd|powershell|mshta|rundll32|regsvr32|wscript|MSEXCEL|excel)\b[^<]{0,20}\||\bDDE(?:AUTO)?\b|&quot;?cmd|\bcmd\.exe)[^<]{0,200}",
    re.IGNORECASE,
)
_LINKED = re.compile(r"<Relationship\b[^>]{0,800}>")
_LOADED = re.compile(
    r"/(attachedTemplate|oleObject|frame|subDocument|externalLink|package|mailMergeSource)\""
)


def concealed(text: str) -> Iterator[str]:
    """Passages of a document or a slide that nobody sees."""
    for pattern in _CONCEALED:
        for match in islice(pattern.finditer(text), MAX_FOUND):
            yield from _pieces(match[1])


def aside(path: str, text: str) -> Iterator[str]:
    """Notes, comments and cells of an office file, paragraph by paragraph: few people look at them."""
    if _ASIDE.search(path):
        for piece in _PARAGRAPH.split(text, MAX_NOTES)[:MAX_NOTES]:
            yield from _pieces(re.sub(r"<[^>]{0,400}>", " ", piece))


def _pieces(plain: str) -> Iterator[str]:
    """A long passage in pieces that overlap, so that no order is lost between two."""
    return (plain[at : at + MAX_NOTE] for at in range(0, len(plain), MAX_NOTE - _OVERLAP))


_RICH = (
    (re.compile(r"\\objautlink\b|\\objupdate\b"), "loads an object"),
    (re.compile(r"\\\*\\template\b[^{}]{0,40}?https?://([\w.-]+)"), "takes its template"),
    (re.compile(r"\bINCLUDE(?:PICTURE|TEXT)\b[^{}]{0,40}?https?://([\w.-]+)"), "takes a picture or a text"),
    (
        re.compile(
            r"\bDDE(?:AUTO)?\b[^{}]{0,300}|\\objclass\s+(?:Package|OLE2Link|Equation\.\d|htafile|script\w*)"
        ),
        "starts a program",
    ),
)
"""What an RTF document does when it is opened (Rich Text Format 1.9.1, objects and fields)."""
_UNSHOWN = re.compile(r"\{(?:\\[a-z]+-?\d* ?){0,12}?\\v(?: |\\)([^{}]{8,4000})\}|\\v ([^{}\\]{8,4000})\\v0")


def rich(text: str, path: str, role: Role, into: Inventory) -> Iterator[str]:
    """Notice what an RTF document loads or starts when it is opened; the passages of it that nobody sees."""
    for pattern, said in _RICH:
        match = pattern.search(text)
        host = (match[1].lower() if match and match.groups() else "") or "*"
        if match and not is_local(host):
            where = place(path, text, match.start())
            into.notice(
                Mark.PIPE_INSTALL,
                f"a document that {said}{f' from {host}' if host != '*' else ''} when it is opened",
                where,
                role,
                target=host,
            )
    for match in islice(_UNSHOWN.finditer(text), MAX_FOUND):
        yield " ".join((match[1] or match[2]).split())


def cut(path: str, text: str) -> str:
    """What of a part is not looked at because it is too long; empty when nothing."""
    if _ASIDE.search(path) and len(_PARAGRAPH.findall(text)) > MAX_NOTES:
        return f"more than {MAX_NOTES:,} cells or paragraphs"
    if path.endswith(".rels"):
        return f"more than {MAX_LINKS:,} links" if _more(_LINKED, text, MAX_LINKS) else ""
    rich = path.endswith(".rtf") or text.startswith("{\\rtf")
    forms = (_UNSHOWN,) if rich else _CONCEALED if "!" in path and path.endswith(".xml") else ()
    if any(_more(form, text, MAX_FOUND) for form in forms):
        return f"more than {MAX_FOUND} passages that aren't shown"
    return ""


def _more(form: re.Pattern[str], text: str, than: int) -> bool:
    return next(islice(form.finditer(text), than, None), None) is not None


def commands(text: str, path: str, role: Role, into: Inventory) -> None:
    """A field or a cell that starts a program (dynamic data exchange)."""
    if match := _STARTS.search(text):
        into.notice(
            Mark.PIPE_INSTALL,
            f"an office file that starts a program when it is opened: {' '.join(match[0].split())[:60]!r}",
            place(path, text, match.start()),
            role,
            target="*",
        )


def loaded(text: str, path: str, role: Role, into: Inventory) -> None:
    """Templates and objects that an office file takes from a host whenever it is opened."""
    for match in islice(_LINKED.finditer(text), MAX_LINKS):
        target = re.search(r"\bTarget=\"([^\"]+)\"", match[0])
        kind = _LOADED.search(match[0])
        host = web_address(target[1]) if target else None
        if kind is None or host is None or is_local(host.host):
            continue
        where = place(path, text, match.start())
        into.capability(CapabilityKind.NET, host.host, where, role, detail="GET", by="office")
        into.notice(
            Mark.PIPE_INSTALL,
            f"an office file that takes its {kind[1]} from {host.host} when it is opened",
            where,
            role,
            target=host.host,
        )
