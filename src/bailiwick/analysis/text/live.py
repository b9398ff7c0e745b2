"""Where a text that goes on may still become a finding: from there on nothing of it can be judged yet.

Nearly every secret is one run of characters without a space, so what is live is the word in progress. What may go on
behind a space is named here: private keys in armour, cookies, base64 and concatenations over lines, numbers in groups,
an organisation's own classes. What a rule may still complete must be live here, what is live need not become anything: a test
plants every rule's example, in every chunking.
"""

import re
from typing import Final

from bailiwick.analysis.text import views
from bailiwick.analysis.text.classes import DataClass, Subject
from bailiwick.analysis.text.structured import PEM_LIMIT

LOOK: Final = 8
"""Characters behind a match that its rule may look at before it is sure."""

DECODED: Final = 40_000
"""Characters at the end of a text whose escapes are undone: more than the longest private key has."""

LONG_RUN: Final = 1_024
"""Characters of a run without spaces from which on it is parted at commas and brackets."""

_VALUE: Final = 512
"""Characters of the longest secret that may have a comma or a bracket in it, and of what leads to it."""

_SPACES: Final = " \t\n\r\f\v"
_PARTING: Final = ",()[]"
_BODY: Final = r"(?:[A-Za-z0-9+/=\s\\,:().\"'_@<>]|-(?!----))"
_ARMOUR = re.compile(
    rf"-----BEGIN (?:[A-Z0-9 ]{{0,64}}-{{0,5}}\Z|[A-Z0-9 ]{{0,40}}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----"
    rf"{_BODY}{{0,{PEM_LIMIT}}}+(?:-----(?:[A-Z0-9 ]{{1,64}}-{{0,4}})?)?\Z)"
)
_PUTTY = re.compile(rf"PuTTY-User-Key-File-\d:[A-Za-z0-9+/=\s,:().\\@-]{{0,{PEM_LIMIT}}}+\Z", re.ASCII)
_COOKIE = re.compile(
    r"(?i)cookie[\\\"']{0,4}[ \t]{0,5}[:=][ \t]{0,5}[\\\"']{0,4}(?P<secret>[\w.$-]{1,80}=[^\n\"'\\]{0,4104}+)\Z",
    re.ASCII,
)
_OKTA = (re.compile(r"SSWS(?:[ \t]\S{0,44})?\Z"), 64)
_GAP = re.compile(
    r"[\w+/=.-][\"'`]{1,2}(?P<gap>[ \t\r\n\\]{0,12}(?:\+|\.\.?|&|\|\|?|<>?)?[ \t\r\n\\]{0,12})(?P<close>[\"'`]{0,2})"
)
"""The place between two string literals that belong together, or as much of it as is there."""

_CUT = re.compile(_GAP.pattern + r"\Z")
_REACH: Final = 32
_LINE64: Final = 60
"""Digits of base64 behind which a line end is no end of it."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{60}\Z")
_FIRST64 = re.compile(r"[A-Za-z0-9+/_-]|\Z")
_PERSONAL: Final = (
    (re.compile(r"(?<![A-Za-z0-9])[+(]?[0-9A-Z][0-9A-Z .()+/-]{0,47}\Z"), 64),
    (re.compile(r"(?<![\w.,+/-])[2-6]\d{3}(?:[ -]?\d){9,15}(?!\w).{0,32}\Z", re.ASCII | re.DOTALL), 80),
)
"""Numbers in groups; a card, whose rule looks for what stands behind it. With the characters that each may take."""

_COOKIES: Final = 4_400


def live_from(text: str, subjects: frozenset[Subject]) -> int:
    """The first offset in ``text`` from which on it may become part of something to be found, if it goes on.

    ``len(text)`` where nothing can. What is found in the text already, and ends there, is not looked at.
    """
    people = "personal" in subjects
    start = _from(text, people=people)
    like = views.alike(text)
    if like is not None:
        start = min(start, _from(like, people=people))
    if "-----ORTVA " in text or "pbbxvr" in text.lower():
        start = min(start, _spaced(text.translate(_ROT13), people=False))
    begin = max(len(text) - DECODED, 0)
    tail = text[begin:]
    if not tail.isascii() or "\\" in tail or "%" in tail or "&" in tail or "\x00" in tail:
        decoded = views.unescaped(tail)
        for rounds in range(1, len(decoded.views) + 1 if decoded else 0):
            view = views.Layered(decoded.views[:rounds]) if decoded else None
            if view and (place := _from(view.text, people=people)) < len(view.text):
                start = min(start, begin + view.span(place, place + 1)[0])
    for one in subjects:
        if isinstance(one, DataClass):
            start = min(start, one.live_from(text))
    return start


_ROT13 = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm",
)


def _from(text: str, *, people: bool) -> int:
    """The same for one reading of the text."""
    start = min(_word(text), _spaced(text, people=people))
    if '"' in text or "'" in text or "`" in text:
        start = min(start, _literals(text, people=people))
    return start


def _literals(text: str, *, people: bool) -> int:
    """The same for what its string literals say together."""
    begin = max(len(text) - DECODED, 0)
    match = _CUT.search(text, max(len(text) - _REACH, 0))
    tail = text[begin:] if match is None else text[begin : match.start() + 1]
    view = views.joined(tail)
    said = view.text if view else tail
    place = _spaced(said, people=people) if view or match else len(said)
    if place >= len(said):
        return len(text)
    return begin + (view.span(place, place + 1)[0] if view else place)


def _word(text: str) -> int:
    """Where the word in progress begins, with what is joined to it across quotes, and the lines of base64 before it."""
    start = _run(text, len(text))
    if len(text) - start > LONG_RUN:
        parted = max(text.rfind(mark, start, len(text) - _VALUE) for mark in _PARTING)
        if parted >= 0:
            return parted + 1
    while True:
        before = _joined(text, start)
        if before == start:
            before = _wrapped(text, start)
        if before == start:
            return start
        start = before


def _run(text: str, end: int) -> int:
    """Where the run without spaces begins that ends at ``end``."""
    return max(text.rfind(space, 0, end) for space in _SPACES) + 1


def _joined(text: str, start: int) -> int:
    """Where the string literal begins that the one at ``start``, or the end of the text, may belong to."""
    for place in range(max(start - _REACH, 0), start):
        if text[place + 1 : place + 2] not in {'"', "'", "`"}:
            continue
        match = _GAP.match(text, place)
        if match is None or match.end() < start:
            continue
        if match.end() == len(text) or (match["gap"] and match["close"]):
            return _run(text, place)
    return start


def _wrapped(text: str, start: int) -> int:
    """Where the line of base64 begins that goes on at ``start``."""
    end = start - 1
    if end < _LINE64 or text[end] not in "\r\n" or _FIRST64.match(text, start) is None:
        return start
    if text[end] == "\n" and text[end - 1] == "\r":
        end -= 1
    return _run(text, end) if _BASE64.match(text, end - _LINE64, end) else start


def _spaced(text: str, *, people: bool) -> int:
    """Where something begins that may have spaces in it."""
    start = len(text)
    begin = text.rfind("-----BEGIN ")
    if begin >= 0 and _ARMOUR.match(text, begin):
        start = begin
    match = _PUTTY.search(text) if "PuTTY-" in text else None
    if match is not None:
        start = min(start, match.start())
    if "cookie" in text.lower():
        match = _COOKIE.search(text, max(len(text) - _COOKIES, 0))
        if match is not None:
            start = min(start, match.start("secret"))
    for pattern, reach in (_OKTA, *(_PERSONAL if people else ())):
        match = pattern.search(text, max(len(text) - reach, 0))
        if match is not None:
            start = min(start, match.start())
    return start
