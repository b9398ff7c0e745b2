"""What a person doesn't see and the model reads: characters without a shape, comments, styles, and what is ordered there."""

import base64
import binascii
import re
from enum import Enum

from bailiwick.analysis.skill.facts import Inventory, Mark, Origin
from bailiwick.analysis.skill.kinds import SOURCE
from bailiwick.analysis.skill.prose.classes import CONCEALED, unchecked
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.prose.ideas import GIVES
from bailiwick.analysis.skill.prose.meaning.frames import orders_of
from bailiwick.analysis.skill.prose.orders import judged
from bailiwick.analysis.skill.prose.words import CONCEAL, OVERRIDE, SECRET_THING, thing_in
from bailiwick.analysis.skill.speech import negated, reports
from bailiwick.model.skill import Role, Source

_TAGS = re.compile(
    "(?<!\U0001f3f4)(?<![\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{4,}|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{7,}"
)
"""A black flag with a few tags behind it is the flag of England, Scotland or Wales."""

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ZERO = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff\u180e]{8,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_ELEMENT = re.compile(r"<([a-zA-Z]\w{0,20})\b([^<>]{0,800})>")
_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
"""Elements that hold no text (HTML Living Standard, 13.1.2)."""

_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*(?:0(?:\.\d+)?(?:px|r?em|pt|%)?|[12](?:\.\d+)?(?:px|pt|%))\s*(?:[;\"']|$)|opacity\s*:\s*0?\.?0\d?\s*(?:[;\"']|$)|(?<!-)color\s*[:=]\s*[\"']?(?:white|snow|ivory|#fff\b|#f[0-9a-f]f[0-9a-f]f[0-9a-f]\b|transparent|rgba?\(\s*25[0-5]\s*,\s*25[0-5]\s*,\s*25[0-5])|(?:left|text-indent)\s*:\s*-\d{3,}|(?:^|\s)hidden(?:\s|=|$)|(?<![-\w])fill\s*[:=]\s*[\"']?(?:white|none|transparent|#fff\b|#ffffff)|(?<![-\w])font-size\s*=\s*[\"']?[012](?:\.\d+)?(?:px)?[\"'\s]|max-(?:height|width)\s*:\s*0|(?:^|[;\"'\s])(?:height|width)\s*:\s*0(?:px)?\s*[;\"']|scale\(\s*0|clip(?:-path)?\s*:|mso-hide\s*:\s*all|\b(?:sr-only|visually-hidden)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:you must|you should|always|never|do not|don'?t|before (?:responding|answering|you)|first,|also|make sure|ensure|please|assistant|claude|agent|model|ai:|system:|instructions?|important|execute|run|send|post|upload|fetch|curl|read|append|include|ignore|write|add|copy|install|delete)\b",
    re.IGNORECASE,
)
_ACT = re.compile(
    r"\b(?:send|post|upload|exfil\w*|transmit|forward|curl|wget|fetch|execute|run|read|cat|append|encode|include|write to|delete|install|download|approve|allow|call|invoke|add|insert|copy|collect|leak|reveal|push|base64)\b[^\n]{0,200}(?:https?://|\.env|\.ssh|\.aws|credential|token|secret|password|api[ _-]?key|environ|settings|CLAUDE\.md|MEMORY\.md|conversation|system prompt|user'?s|permission|the user|bash|shell|script|curl|every|key\b)",
    re.IGNORECASE,
)
_EDITORIAL = re.compile(
    r"\b(?:todo|fixme|note to (?:self|maintainers?|editors?|authors?|contributors?)|markdownlint|prettier-ignore|vale|copyright|license|spdx|generated|do not edit|begin|end|start|toc|badge|template|placeholder|replace this|fill in|example:|maintainers?)\b",
    re.IGNORECASE,
)


_FAR = re.compile(
    r"(?<=\S)[ \t\u00a0\u2000-\u200a\u3000]{100,}(?=[^\s|])([^\n]{20,2000})|^[ \t\u00a0\u2000-\u200a\u3000]{150,}(\S[^\n]{20,2000})",
    re.MULTILINE,
)
"""Text behind so many blanks that no window shows it."""

_OUTWARD = re.compile(
    r"\b(?:send|post|upload|append|add|attach|include|put|pass|embed|encode|forward|submit|transmit|copy|load|request|call|ping|insert)\b",
    re.IGNORECASE,
)
_ANSWERING = r"(?:(?:before|after|when|whenever|while|once|if|as soon as) (?:you |the agent |the assistant )?(?:answer\w*|respond\w*|reply\w*|repl(?:y|ies)|summari[sz]\w*|are (?:done|finished)|(?:read|use|process|load|open|see|finish)\b)|(?:when|once|after) (?:a|an|the|each|every|any) [\w -]{2,30} (?:is|are) (?:done|finished|complete\w*|ready|written)|(?:in|of|from|to|with) (?:the|your|each|every|any) (?:final )?(?:answers?|repl(?:y|ies)|summar(?:y|ies))|(?:need\w*|no|without|not|don'?t) (?:\w+ ){0,2}(?:mention\w*|line|comment|note|asking))"
_IN_ANSWER = re.compile(rf"\b{_ANSWERING}\b", re.IGNORECASE)
_IN_TALK = re.compile(
    rf"\b(?:{_ANSWERING}|(?:to|with|for) (?:the user|the person|people)|assistants?|claude|copilot|the (?:agent|model)|(?:ai|coding|language) (?:agents?|models?|assistants?)|llms?)\b",
    re.IGNORECASE,
)
"""Words on the talk with a person, which code and data seldom speak of."""


_WAIVED = re.compile(
    r"\b(?:already|pre-?) ?(?:approved|authori[sz]ed|confirmed|agreed)\b|\bno need to (?:show|mention|ask|confirm|tell)\b"
    r"|\b(?:instructions?|rules?|guidance)\b[^.\n]{0,60}\b(?:superseded|void|no longer (?:appl(?:y|ies)|holds?|valid)|lifted)\b",
    re.IGNORECASE,
)
"""A consent that nobody in the talk has given, or a rule that is taken back."""


class Reading(Enum):
    """How an order is read by where it stands: the less people write there to the model, the less it takes."""

    HIDDEN = "put out of sight on purpose"
    COMMENT = "a comment of a text"
    ASIDE = "a place that is seldom read"
    PRINTED = "what a script prints"
    TECHNICAL = "a comment of code"


def far(text: str, path: str, into: Inventory) -> None:
    """Orders pushed out of view by blanks."""
    for match in _FAR.finditer(text[:2_000_000]):
        line = text.count("\n", 0, match.end()) + 1
        order(
            match[1] or match[2],
            Source(path=path, line=line),
            into,
            "text pushed out of view",
            reading=Reading.HIDDEN,
        )


def order(
    text: str, source: Source, into: Inventory, where: str, *, reading: Reading = Reading.COMMENT
) -> None:
    """Notice an order to the agent in a text that people don't see."""
    plain = " ".join(text.split())
    if len(plain) < MIN_ORDER:
        return
    decoded = _decoded(plain)
    if decoded:
        plain = f"{plain} {decoded}"
    apart = reading in (Reading.ASIDE, Reading.PRINTED, Reading.TECHNICAL)
    if apart and _IN_TALK.search(plain) is None and not (reading is Reading.ASIDE and hosts_in(plain)):
        return
    judge = None if apart else judged(plain)
    if judge:
        into.notice(Mark.JUDGE, f"speaks to whoever checks it: '{judge[0][:90]}'", source, Role.INSTRUCTED)
    speaks = OVERRIDE.search(plain) or judge
    conceals = CONCEAL.search(plain) or CONCEALED.first(plain)
    acts = next((match for match in _ACT.finditer(plain) if not negated(plain, match.start())), None)
    carries = _carries(plain) or (not apart and not negated(plain) and _hands_over(plain))
    waives = unchecked(plain)
    asks = not apart and bool(orders_of(plain))
    if apart:
        if not reports(plain, len(plain)) and (
            (carries and (reading is not Reading.TECHNICAL or _IN_ANSWER.search(plain)))
            or (conceals and acts and SECRET_THING.search(plain))
            or (speaks and acts)
            or (waives and reading is not Reading.TECHNICAL)
            or (reading is Reading.PRINTED and acts and hosts_in(plain) and _WAIVED.search(plain))
        ):
            into.notice(Mark.HIDDEN_ORDER, f"{where}: '{plain[:100]}'", source, Role.INSTRUCTED)
        return
    if (
        speaks
        or carries
        or waives
        or asks
        or (conceals and (acts or hosts_in(plain)))
        or (acts and _ORDER.search(plain) and not (_EDITORIAL.search(plain) and not hosts_in(plain)))
    ):
        named = _NAMED.search(plain)
        sure = bool(
            speaks
            or ((carries or waives or asks) and not _EDITORIAL.search(plain[:40]))
            or (conceals and acts)
            or (reading is Reading.HIDDEN and acts and (hosts_in(plain) or SECRET_THING.search(plain)))
            or (named and _SPOKEN_TO.search(plain))
        )
        into.notice(Mark.HIDDEN_ORDER, f"{where}: '{plain[:100]}'", source, Role.INSTRUCTED, sure=sure)


MIN_ORDER = 12
_NAMED = re.compile(
    r"https?://|\.env|\.ssh|\.aws|credential|secret|password|api[ _-]?key|environ|settings\.json|CLAUDE\.md|MEMORY\.md|conversation|system prompt|permission",
    re.IGNORECASE,
)
_SPOKEN_TO = re.compile(
    r"\b(?:you|assistant|claude|agent|model|ai|always|before|must|silently|user)\b", re.IGNORECASE
)


MAX_REACH = 200
"""Characters behind a verb in which its object may stand."""

_VALUE = re.compile(
    r"\b(?:values?|contents?)\b[^.\n]{0,40}\b(?:tokens?|cookies?|keys?|sessions?|log-?ins?|passwords?)\b|\b(?:api|session|portal|sign-?in|log-?in|account)[ _-](?:tokens?|values?|ids?|codes?|cookies?|keys?)\b",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"\b(?:parameter|query(?: string)?|path|address|url|link|picture|image|pixel|badge)\b[^\n]{0,80}https?://",
    re.IGNORECASE,
)
"""Data that becomes part of an address."""


def _hands_over(text: str) -> bool:
    """Whether it has a login, what was said or what belongs to people handed to a host, in whatever words."""
    given = thing_in(text)[1] in (Origin.CREDENTIALS, Origin.CONVERSATION, Origin.PERSONAL)
    verb = GIVES.search(text) if given and hosts_in(text) and not reports(text, len(text)) else None
    return verb is not None and not negated(text, verb.start())


def _carries(text: str) -> bool:
    """Whether it has somebody's data put into something that goes to a host."""
    if not hosts_in(text):
        return False
    return any(
        (
            _VALUE.search(text)
            or _INTO.search(text, match.end(), match.end() + MAX_REACH)
            or thing_in(text[: match.start()] + " " + text[match.end() :])[0] is not None
        )
        and not negated(text, match.start())
        for match in _OUTWARD.finditer(text)
    )


def _decoded(text: str) -> str:
    found = []
    for run in re.findall(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/])", text)[:20]:
        try:
            said = base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8")
        except (ValueError, binascii.Error):
            continue
        if said.isprintable():
            found.append(said)
    return " ".join(found)


def encoded(text: str, path: str, into: Inventory) -> None:
    """Orders that stand in a text in base64 or hexadecimal."""
    for match in re.finditer(
        r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{32,4000}={0,2}(?![A-Za-z0-9+/])", text[:2_000_000]
    ):
        said = _decoded(match[0])
        if not said and re.fullmatch(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+", match[0]):
            said = bytes.fromhex(match[0]).decode("utf-8", "replace")
        if said and " " in said:
            order(
                said, Source(path=path, line=text.count("\n", 0, match.start()) + 1), into, "an encoded order"
            )


_ALIKE = str.maketrans("аеорсухіјѕԁһɡνοαρтвмнкԛԝ", "aeopcyxijsdhgvoaptbmhkqw")
_MIXED = re.compile("[a-z][\u0370-\u03ff\u0400-\u04ff][a-z]", re.IGNORECASE)


def plain_letters(text: str) -> str:
    """A text with letters of other scripts that look like ours spelled with ours, where words mix them."""
    return text.translate(_ALIKE) if _MIXED.search(text) else text


MAX_STYLED = 2_000_000
"""Characters of a page in which elements are looked for that it doesn't show."""

MAX_UNSEEN = 3_000
"""Such elements of a page; each is read on for some thousand characters."""


def styled(text: str, path: str, into: Inventory) -> None:
    """Elements that a page doesn't show."""
    unseen = (
        match
        for match in _ELEMENT.finditer(text[:MAX_STYLED])
        if match[1].lower() not in _EMPTY and _UNSEEN.search(match[2])
    )
    for match in into.first(unseen, MAX_UNSEEN, path):
        after = text[match.end() : match.end() + 4_000]
        inner = re.sub(r"<[^<>]+>", " ", after.partition(f"</{match[1]}")[0])
        source = Source(path=path, line=text.count("\n", 0, match.start()) + 1)
        order(inner, source, into, "an element that isn't shown", reading=Reading.HIDDEN)


def characters(text: str, path: str, role: Role, into: Inventory) -> None:
    """Characters without a shape, spelled out where they hide a text."""
    if text.isascii():
        return
    lines = None
    for pattern, what in (
        (_TAGS, "tag characters"),
        (_ZERO, "zero-width characters in a row"),
        (_SELECTORS, "variation selectors in a row"),
    ):
        for match in pattern.finditer(text):
            said = _spelled(match[0])
            line = text.count("\n", 0, match.start()) + 1
            into.notice(
                Mark.HIDDEN,
                f"{len(match[0])} {what}" + (f" that spell '{said[:80]}'" if said else ""),
                Source(path=path, line=line),
                role,
                target=what,
            )
            break
    del lines
    bidi = list(_BIDI.finditer(text))
    if bidi and not re.search("[\u0590-\u08ff]", text[max(bidi[0].start() - 200, 0) : bidi[0].end() + 200]):
        overrides = any(match[0] in "\u202d\u202e" for match in bidi)
        into.notice(
            Mark.HIDDEN,
            "direction overrides, which show a text in another order than it is read",
            Source(path=path, line=text.count("\n", 0, bidi[0].start()) + 1),
            role,
            sure=SOURCE.search(path) is not None or (overrides and path.endswith((".md", ".json"))),
            target="direction overrides",
        )


def _spelled(run: str) -> str:
    if all(0xE0000 <= ord(c) <= 0xE007F for c in run):
        return "".join(chr(ord(c) - 0xE0000) for c in run)
    kinds = sorted(set(run))
    if len(kinds) == 2 and len(run) >= 16:
        for zero, one in (kinds, kinds[::-1]):
            bits = "".join("1" if c == one else "0" for c in run)
            del zero
            said = "".join(chr(int(bits[i : i + 8], 2)) for i in range(0, len(bits) - 7, 8))
            if said.isprintable():
                return said
    return ""
