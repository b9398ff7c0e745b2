"""Orders read as frames: several ideas near each other, each in whatever words, that together ask for one thing.

A frame looks at a sentence and the few behind it. What it wants is told, not reported or forbidden, and stands in the right direction:
a login that is handed *to* a host, not one that is obtained there.
"""

import re

from bailiwick.analysis.skill.facts import Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose import ideas
from bailiwick.analysis.skill.prose.hosts import URL, bare_hosts, hosts_in
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import SECRET_THING, TALK_THING, short
from bailiwick.analysis.skill.speech import Sentence, negated, reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_I = re.IGNORECASE
BEHIND = 2
"""Sentences behind one that still speak of its thing."""

_TOWARDS = re.compile(
    r"(?:\b(?:to|into|onto|towards?|under|with|through|via|over|let|have|by way of|part of|end of|behind|after|an|nach|auf|bei|unter|à|vers|sur|chez|a|en|hacia|para|su|verso|naar|op|do|na)\b|[на]?\b(?:на|в|к)\b|[到至往给に]|へ|로|에|@)[\s:]*(?:(?:the|our|its|an?|la|el|le|den|die|das) (?:[\w-]+ ){0,3}(?:at |under |on )?)?[`\"'(<*\[]*\s*$",
    _I,
)
_WHEN = re.compile(
    r"\b(?:when|whenever|as|before|while)\b[^.\n]{0,25}\b(?:query|call|ask|contact|open|visit|load|request|reach)\w*\s*[`\"'(<*]*$",
    _I,
)
_COLON = re.compile(r":\s*[`\"'(<*]*$")
_AT = re.compile(r"\b(?:at|on|in)\b\s*(?:(?:the|our) (?:[\w-]+ ){0,3})?[`\"'(<*\[]*\s*$", _I)
_LEFT_THERE = re.compile(
    r"\b(?:li(?:ve|ves|ved)|kept|stor(?:e|es|ed)|resid\w+|plac\w+|post|deliver|hand|deposit|drop|leav|left|park|lodg|dump|register it|report it)\w*",
    _I,
)
_APPLIED_FOR = re.compile(
    r"\b(?:apply|register|sign up|request|create|generate|get|obtain|issue|needs?|requires?)\w*(?: for)?\s+(?:(?:an?|your|own|free|new|personal)\s+){1,3}$",
    _I,
)
_OPENED = re.compile(r"\b(?:open|visit|load|fetch|request|call|go to|hit|query|check)\w*\b[^.\n]{0,60}$", _I)
_OBTAINED = re.compile(
    r"\b(?:get|obtain|create|generate|find|sign up|register|manage|issue|apply|docs?|documentation|see)\b[^\n]{0,80}$",
    _I,
)
_WITH_IT = re.compile(r"^\S*[^.\n]{0,30}\bwith (?:the|its|their|it|this|that|what|all|them)\b", _I)
_EMAIL = Form(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_EVERY_BRANCH = Form(
    r"\b(?:push|mirror)\w*\b[^.\n]{0,40}\b(?:every|all|each|whole|everything)\b|\bpush --(?:all|mirror)\b", _I
)
_REMOTE = Form(r"\bremotes?\b", _I)
_REFERS = Form(
    r"\b(?:it|its|them|they|their|these|those|this|that|all|everything|result|content|contents|copy|copies|outcome|output|bundle|archive|package|value|values|string|text|file|list|entries|entry|lines?|what (?:you|was) (?:found|find|gathered|collected|read)|post)\b|\b(?:sie|es|diese|dies|alles)\b|\b(?:les?|la|tout|ils?|elles?)\b|\b(?:los|las|lo|todo)\b|[它其这]|それ|を|그",
    _I,
)
_ACCUSED = re.compile(
    r"\b(?:attackers?|adversar\w+|malicious|malware|attempts? to|could|might|would|suspicious|signs? of|phrases? like|vulnerab\w+|exploit\w*|red flags?|(?:example|instance) of)\b",
    _I,
)
"""Words with which a text tells of what somebody bad would do."""
_PROOF = Form(
    r"\bapi[ _-]?key in\b|\bheaders?\b|\bauthenticat|\bauthori[sz]|\bbearer\b|\bsign(?:ed)? (?:in|requests?)|\blog ?in\b|\boauth|\bexchange|\btoken endpoint|\bwith (?:the|your|an?) [A-Z_ ]*(?:API[ _-]?KEY|TOKEN)\b",
    _I,
)
_BELONGS = Form(r"\bbelongs? (?:in|into|on|to)\b|\b(?:holds?|contains?|includes?|shows?|prints?)\b", _I)
_REMOVED = re.compile(
    r"\b(?:never|not|no|neither|nor|whether|don'?t|without|remov\w*|redact\w*|avoid\w*|scan\w*|leak\w*|warn\w*|detect\w*|prevent\w*|instead|rotate\w*|revok\w*|out of|exclud\w*|ignor\w*|strip\w*|keep\w* .{0,20}out)\b",
    _I,
)
_VAGUE = re.compile(
    r"(?:the )?(?:conversation|chat|session|requests?|inputs?|quer(?:y|ies)|messages?)(?:'s)?", _I
)
"""Words for what was said that are also names of other things."""


def behind(look: Look, count: int) -> list[Sentence]:
    """The sentence and those behind it that belong to it."""
    return [
        look.it,
        *[s for s in look.behind[:count] if s.line - look.it.line <= 4 and s.role is look.it.role],
    ]


def hosts_of(text: str) -> list[tuple[str, int]]:
    """The hosts that a sentence names, each with its place."""
    found = [(host, match.start()) for match in URL.finditer(text) for host in hosts_in(match[0])]
    low = text.lower()
    return found or [(host, low.find(host)) for host in bare_hosts(text)]


def _handed_to(text: str) -> str:
    """The host to which a sentence has something handed, empty where it names none or something else is done there."""
    for host, at in hosts_of(text):
        before = text[:at]
        verb = next(iter(ideas.GIVES.finditer(before)), None) or (
            ideas.GIVES.search(text) if not before.isascii() else None
        )
        if verb is None or negated(text, verb.start()) or reports(text, verb.start()):
            continue
        if (
            _TOWARDS.search(before)
            or _COLON.search(before)
            or _WHEN.search(before)
            or (_AT.search(before) and _LEFT_THERE.search(before))
        ):
            return host
        if _OPENED.search(before) and _WITH_IT.search(text[at:]):
            return host
    return ""


@only_where((ideas.LOGINS, SECRET_THING, ideas.TALKED, TALK_THING, ideas.PERSONAL))
def given(look: Look) -> None:
    """What lets somebody in, or what was said, handed to a host: in one sentence or in the next that speaks of it."""
    thing, origin = look.thing
    if thing is None or origin is Origin.PROJECT or look.it.negated or not look.it.role.active:
        return
    at = look.text.find(thing)
    if (
        ideas.LEFT_OVER.search(look.text)
        or negated(look.text, max(at, 0))
        or _ACCUSED.search(look.text[: max(at, 0)])
        or _APPLIED_FOR.search(look.text[: max(at, 0)])
    ):
        return
    if _VAGUE.fullmatch(thing):
        return
    for near in behind(look, BEHIND):
        if near is not look.it and not _REFERS.search(near.text) and not look.text.endswith(":"):
            continue
        host = _handed_to(near.text)
        if not host and look.text.endswith(":") and near in look.behind[:1]:
            host = _handed_to(f"{look.text} {near.text}")
        if host and not ideas.LEFT_OVER.search(near.text):
            auth = bool(_PROOF.search(near.text))
            label = Label(origin, thing, look.source)
            look.into.chain(label, Sink.SEND, host, look.at(near), look.it.role, auth=auth)
            look.notice(
                Mark.SEND_PROSE,
                f"asks to send {short(thing)} to {host}",
                look.it.role,
                target=host,
                also=(look.at(near),),
            )
            return


@only_where(ideas.CARRIED)
def carrying(look: Look) -> None:
    """A request, a name or an address with room in it, and what was said, a login or a content put there."""
    filled = ideas.CARRIED.search(look.text)
    if filled is None or look.it.negated or not look.it.role.active or ideas.LEFT_OVER.search(look.text):
        return
    if _ACCUSED.search(look.text[: filled.start()]):
        return
    thing, origin = look.thing
    content = (
        ideas.CONTENT.search(look.text)
        if thing is None or origin in (Origin.PROJECT, Origin.PERSONAL)
        else None
    )
    if (thing is None and content is None) or (thing is not None and _VAGUE.fullmatch(thing)):
        return
    beside = [look.it, *look.ahead[-1:], *look.behind[:1]]
    beside = [
        s for s in beside if abs(s.line - look.it.line) <= 3 and s.role is look.it.role and not s.negated
    ]
    named = next((s for s in beside if hosts_of(s.text)), None)
    window = " ".join(s.text for s in beside)
    if (
        named is None
        or not ideas.CARRIER.search(window)
        or (named is not look.it and not _REFERS.search(look.text))
    ):
        return
    host, at = hosts_of(named.text)[0]
    if "@" in host or _OBTAINED.search(named.text[:at]):
        return
    if content is not None:
        if (
            ideas.SHOWN.search(window)
            and look.it.role is Role.INSTRUCTED
            and not (look.it.reporting or named.reporting)
        ):
            look.notice(
                Mark.LINK_TEMPLATE, f"an address that carries {content[0]}", look.it.role, target=host
            )
        return
    if thing is None or origin in (Origin.PROJECT, Origin.PERSONAL):
        return
    auth = bool(_PROOF.search(window)) and origin is Origin.CREDENTIALS
    look.into.chain(Label(origin, thing, look.source), Sink.SEND, host, look.source, look.it.role, auth=auth)


@only_where((ideas.LOGINS, SECRET_THING))
def spread(look: Look) -> None:
    """A login put where others read: a public page, a shared folder, a log."""
    thing, origin = look.thing
    if (
        thing is None
        or origin is not Origin.CREDENTIALS
        or not look.it.role.active
        or ideas.LEFT_OVER.search(look.text)
    ):
        return
    at = max(look.text.find(thing), 0)
    if look.it.negated or reports(look.text, at) or negated(look.text, at) or _REMOVED.search(look.text[:at]):
        return
    for near in behind(look, BEHIND):
        spot, verb = (
            ideas.SPOTS.search(near.text),
            ideas.GIVES.search(near.text) or _BELONGS.search(near.text),
        )
        if spot is None or verb is None or negated(near.text, verb.start()) or _REMOVED.search(near.text):
            continue
        if near is look.it or _REFERS.search(near.text):
            label = Label(origin, thing, look.source)
            look.into.chain(label, Sink.GIT, spot[0], look.at(near), look.it.role)
            return


@only_where(ideas.UNSEEN_COPY)
def copied_in(look: Look) -> None:
    """A recipient that isn't shown."""
    match, mails = ideas.UNSEEN_COPY.search(look.text), _EMAIL.findall(look.text)
    if match and mails and not look.it.negated and not ideas.WISHED.search(look.text):
        label = Label(Origin.CONVERSATION, "what is sent in the person's name", look.source)
        look.into.chain(label, Sink.SEND, mails[0], look.source, look.role_at(match))


@only_where(ideas.HANDED)
def filled(look: Look) -> None:
    """All that was said, or a login, as an argument of a tool that the paragraph has called."""
    thing, origin = look.thing
    if (
        thing is None
        or origin is Origin.PROJECT
        or look.it.negated
        or reports(look.text, max(look.text.find(thing), 0))
    ):
        return
    call = ideas.CALLS.search(look.paragraph)
    match = ideas.HANDED.search(look.text)
    if call and match and ideas.WHOLE.search(look.text) and not negated(look.text, match.start()):
        if _REMOVED.search(look.text):
            return
        label = Label(origin, thing, look.source)
        look.into.chain(label, Sink.SEND, "the server of a tool", look.source, look.it.role)
        look.notice(
            Mark.SEND_PROSE,
            f"asks to hand {short(thing)} to a tool",
            look.it.role,
            target="the server of a tool",
        )


@only_where(_EVERY_BRANCH)
def mirrored(look: Look) -> None:
    """Every branch pushed to another host."""
    near = [look.it, *look.ahead[-1:]]
    host = next(
        (host for s in near if _REMOTE.search(s.text) or s is look.it for host in hosts_in(s.text)), ""
    )
    match = _EVERY_BRANCH.search(look.text)
    if host and match and not look.it.negated:
        look.notice(Mark.GIT_PUSH, f"pushes everything to {host}", look.role_at(match), target=host)
