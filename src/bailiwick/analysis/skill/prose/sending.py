"""What a text asks to send, and addresses that carry data."""

import re

from bailiwick.analysis.skill.facts import Label, Mark, Origin, Sink
from bailiwick.analysis.skill.markdown import Kind
from bailiwick.analysis.skill.prose import classes, ideas
from bailiwick.analysis.skill.prose.hosts import URL, bare_hosts, hosts_in
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import SECRET_THING, thing_in
from bailiwick.analysis.skill.speech import negated, quoted, reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role, Source

_I = re.IGNORECASE
_EMAIL = Form(r"[\w.+-]+@[\w-]+\.[\w.]+")
_SENDING = Form(
    r"\b(?:send|sends|sending|post(?:s|ing)?|upload(?:s|ing)?|transmit\w*|forward(?:s|ing)?|exfiltrat\w+|submit\w*|relay\w*|beacon\w*|ship(?:s|ping)?|push(?:es|ing)?|sync(?:s|ing)?|report(?:s|ing)?|deliver\w*|email(?:s|ing)?|share(?:s|d)?|append|attach|embed|encode|include|pass|put|log|mirror|copy|back ?up|register|append(?:ing)?|go(?:es)?|pass(?:es|ing)?|hand(?:s|ing)?|deposit\w*|drop(?:s|ping)?|feed(?:s|ing)?|give[ns]?|stream\w*|contribut\w+|rout(?:e|es|ing)|call(?:s|ing)?|curl|deliver\w*)\b",
    _I,
)
_IMAGE = Form(
    r"!\[[^\]]*\]\(\s*<?(https?://[^)]+?)>?\s*\)|<img\b[^>]*\bsrc\s*=\s*[\"'](https?://[^\"']+)", _I
)
_HOLE = Form(
    r"(?:\{\{?|<|\[|\$\{?|%7B|\bBASE64\(|\bURLENCODE\()\s*([A-Za-z][\w .:-]{1,60}?)\s*(?:\}\}?|>|\]|\b|%7D|\))"
)
_TALKING_HOLE = Form(
    r"conversation|summary|history|transcript|prompt|question|findings?\b|contents?\b|source|snippet|diff\b|payload|encoded|base64|answer|response|context|user[_ -]?(?:name|email|input|data|message|request|query|id)|e-?mail|secret|token|api[_ -]?key|passw|credential|env\b|file[_ -]?content|hostname|system",
    _I,
)
_CONTEXT_HOLE = Form(
    r"conversation|summary|context|history|transcript|prompt|user[_ -]?(?:name|email|input|data|message|request|query|id)|e-?mail|secret|token|api[_ -]?key|passw|credential|env\b|file[_ -]?content|contents?\b|code\b|data\b|answer|response|question|message|hostname|cwd|path|repo|base64|encoded|payload|system",
    _I,
)


_STRONG = Form(
    r"send|rout(?:e|ing)|post|upload|transmit|forward|exfil|submit|relay|beacon|push|email|append|embed|encode|sync|mirror|ship|^go(?:es)?$|pass|hand|deposit|feed|stream|contribut|deliver|curl|report",
    _I,
)
_PLAIN = Form(r"send|post|upload|transmit|forward|exfil|submit|relay|beacon|push|email|sync|mirror|ship", _I)
_VAGUE = Form(r"(?:the )?(?:conversation|chat|session|requests?|inputs?|quer(?:y|ies)|messages?)(?:'s)?", _I)
"""Words for what was said that are also names of other things: they need a verb that says plainly what is done."""
_TO = Form(r"\b(?:to|at|on|into|with|towards|under)\s+[`\"'*(<]*$", _I)


def _named(text: str) -> tuple[str, ...]:
    """Hosts without a scheme that something is sent to."""
    return tuple(
        host for host in bare_hosts(text) if _TO.search(text[: text.lower().find(host)]) and "/" in text
    )


_COUNTED = re.compile(r"\b\d[\d,.]*\+? (?:free |monthly )?$", _I)
"""What stands before things that are counted, as in ``50 free uploads``."""


@only_where(_SENDING)
def sending(look: Look) -> None:
    """What is to be sent, and where to."""
    verbs = (one for one in _SENDING.finditer(look.text) if not _COUNTED.search(look.text[: one.start()]))
    verb = max(verbs, key=lambda one: bool(_STRONG.search(one[0])), default=None)
    if verb is None:
        return
    if ideas.LEFT_OVER.search(look.text):
        return
    thing, origin = look.thing
    hosts = look.hosts or tuple(_EMAIL.findall(look.text)) or _named(look.text)
    also: list[Source] = []
    if thing is None or origin is Origin.PROJECT:
        refers = re.search(
            r"\b(?:it|them|this|that|these|those|everything|all of (?:it|them)|the (?:result|output|data|file|contents?|archive|bundle|payload|values?|string|list|collected|gathered|encoded|json|summary|information|info))\b",
            look.text,
            _I,
        )
        for near in sorted(
            look.around, key=lambda s: look.it.line - s.line if s.line <= look.it.line else 1_000
        ):
            if refers and near.line <= look.it.line and near.tells and look.it.line - near.line <= 8:
                other, kind = thing_in(near.text)
                if other is not None and (thing is None or kind is not Origin.PROJECT):
                    thing, origin = other, kind
                    also.append(look.at(near))
                    break
    quiet = classes.CONCEALED.first(look.text) or look.nearby(classes.CONCEALED)
    if thing is None and hosts and quiet and _STRONG.search(verb[0]):
        thing, origin = "what it works on", Origin.PROJECT
    if thing is None or (_VAGUE.fullmatch(thing) and not _PLAIN.search(verb[0])):
        return
    if not hosts:
        for near in sorted(look.around, key=lambda s: abs(s.line - look.it.line)):
            if 0 <= near.line - look.it.line <= 4 and hosts_in(near.text) and near.role is look.it.role:
                hosts = hosts_in(near.text)
                also.append(look.at(near))
                break
    if not hosts:
        return
    at = verb.start()
    role = (
        Role.QUOTED
        if quoted(look.text, at, verb.end())
        or reports(look.text, at)
        or (reports(look.text, len(look.text)) and origin is not Origin.CONVERSATION and not look.it.tells)
        else Role.NEGATED
        if look.it.negated or negated(look.text, at)
        else look.it.role
    )
    label = Label(origin, thing, also[0] if also else look.source)
    strong = bool(_STRONG.search(verb[0])) or (
        origin is Origin.CREDENTIALS and verb[0].lower().startswith("call") and "?" in look.text
    )
    if strong and not ideas.WISHED.search(look.text):
        look.into.chain(
            label,
            Sink.SEND,
            hosts[0],
            look.source,
            role,
            auth=bool(
                re.search(
                    r"\bheader|\bauthenticat|\bauthoriz|\bbearer\b|\bsign(?:ed)? (?:in|requests?)|\blog ?in\b|\boauth|\bexchange|\btoken endpoint|\bwith (?:the|your|an?) [A-Z_]*(?:API_?KEY|TOKEN)\b",
                    look.text,
                    _I,
                )
            ),
        )
        look.notice(
            Mark.SEND_PROSE,
            f"asks to send {thing} to {hosts[0]}",
            role,
            target=hosts[0],
            also=tuple(also),
        )


@only_where((_IMAGE, _HOLE))
def links(look: Look) -> None:
    """Addresses of images and links that carry what the model fills in."""
    for match in _IMAGE.finditer(look.text):
        address = match[1] or match[2] or ""
        holes = [
            hole[1]
            for hole in _HOLE.finditer(
                address.partition("?")[2] or address.partition("://")[2].partition("/")[2]
            )
        ]
        telling = [hole for hole in holes if _CONTEXT_HOLE.search(hole)]
        if telling:
            look.notice(
                Mark.LINK_TEMPLATE,
                f"an image address that carries {telling[0]}",
                sure=any(_TALKING_HOLE.search(hole) for hole in telling)
                or bool(SECRET_THING.search(_IMAGE.sub("", look.text)) or _told_of(look, telling)),
                role=look.it.role if not reports(look.text, match.start()) else Role.QUOTED,
                target=(hosts_in(address) or ["*"])[0],
            )
    if not _IMAGE.search(look.text) and (hosts := look.hosts):
        holes = [hole[1] for url in URL.findall(look.text) for hole in _HOLE.finditer(url.partition("?")[2])]
        telling = [
            hole
            for hole in holes
            if re.search(
                r"conversation|summary|context|history|transcript|prompt|user[_ -]?(?:input|message|data)|secret|token|api[_ -]?key|credential|env\b|file[_ -]?content|base64",
                hole,
                _I,
            )
        ]
        if telling and re.search(
            r"\b(?:image|img|render|include|embed|display|append|add|link|pixel|badge|every (?:response|reply|answer)|fetch|webfetch|open|visit|load|request|ping|call|hit|navigate)\b",
            look.text,
            _I,
        ):
            role = Role.QUOTED if reports(look.text, 10_000) else look.it.role
            look.notice(
                Mark.LINK_TEMPLATE,
                f"an address that carries {telling[0]}",
                role,
                sure=bool(
                    re.search(
                        r"image|render|pixel|every|fetch|open|visit|load|request|ping|call|hit|navigate",
                        look.text,
                        _I,
                    )
                ),
                target=hosts[0],
            )


_CARRIES = Form(
    r"\bfollowed by\b|\bappend\w*\b|\bplus\b|\bends? (?:with|in)\b|\b(?:added|attached|appended|tacked on|put)\b|\bwhere\b[^.\n]{0,20}\b(?:is|are|stands? for|holds?|means)\b|\breplac\w+\b[^.\n]{0,60}\b(?:by|with)\b|\b(?:percent|url)[- ]?encod\w+\b|\bbase64\w*\b|\bhex\w*\b|\b(?:query|path|parameter|fragment|suffix)\b|\bin the (?:address|url|link)\b",
    _I,
)
_SHOWN = Form(
    r"\b(?:images?|pictures?|pixels?|badges?|icons?|logos?|banners?|links?|cards?|address(?:es)?|urls?|thumbnails?|stickers?|favicons?|previews?|headers?|cookies?|user[- ]agent|query strings?|render\w*|qr codes?)\b|!\[",
    _I,
)


_PROVES = re.compile(r"\b(?:bearer|authorization|x-api-key)[\s:`\"'$<{]*$", _I)
"""What stands before a key that proves who asks."""


@only_where(_CARRIES)
def carried(look: Look) -> None:
    """An address that is shown to people and carries what was said: the two in one sentence, or in sentences beside each other."""
    said = look.thing
    if said[0] is None or said[1] is Origin.PROJECT or not _CARRIES.search(look.text):
        return
    if _PROVES.search(look.text[: look.text.find(said[0])]):
        return
    beside = [s for s in look.around if abs(s.line - look.it.line) <= 5 and s.role is look.it.role]
    hosts = look.hosts or tuple(host for near in beside for host in hosts_in(near.text))
    window = " ".join([look.text, *(s.text for s in beside)])
    if not hosts or not _SHOWN.search(window):
        return
    role = look.it.role
    if look.it.negated or reports(look.text, len(look.text)):
        role = Role.NEGATED if look.it.negated else Role.QUOTED
    look.notice(Mark.LINK_TEMPLATE, f"an address that carries {said[0]}", role, target=hosts[0])


_COMMITTED = Form(
    r"\b(?:commit(?: message)?s?|trailers?|branch names?|tags?|pull request|pr (?:body|description)|issues?|gists?|release notes|public repo\w*|git notes?)\b",
    _I,
)
_PUT = Form(
    r"\b(?:carr(?:y|ies)|includ\w+|put|add\w*|append\w*|holds?|contains?|paste|write|attach\w*|embed\w*|followed by|gets?|with|in the body|base64\w*|hex\w*|encod\w+)\b",
    _I,
)


@only_where(_PUT)
def committed(look: Look) -> None:
    """Credentials that are to be put into a commit, an issue or another text that others read."""
    thing, origin = look.thing
    if look.it.block.kind is Kind.TABLE or thing is None or origin is not Origin.CREDENTIALS:
        return
    if not _PUT.search(look.text):
        return
    match = _COMMITTED.search(look.paragraph)
    if match is None:
        return
    if not re.search(
        r"\b(?:values?|contents?|base64\w*|hex\w*|encod\w+|cop(?:y|ies)|output of|lines of|(?:the|that|each|every) [`~./\w]* ?files?|whole|full|verbatim|of the)\b",
        look.text,
        _I,
    ):
        return
    role = Role.NEGATED if look.it.negated or _forbids(look.paragraph) else look.it.role
    look.into.chain(Label(origin, thing, look.source), Sink.GIT, match[0], look.source, role)


_CALLS = Form(
    r"\b(?:call|invoke|use|run|trigger)\b[^.\n]{0,60}\b(?:tools?|servers?|mcp|functions?)\b|\bmcp__\w+", _I
)
_WHOLE = Form(
    r"\b(?:whole|entire|full|complete|everything|all (?:of )?(?:the|your|our)|every|contents? of|so far|verbatim)\b",
    _I,
)


@only_where(_CALLS, _WHOLE)
def handed(look: Look) -> None:
    """All that was said, or credentials, handed to a tool of a server."""
    call = _CALLS.search(look.text)
    thing, origin = look.thing
    if call is None or thing is None or origin is Origin.PROJECT or not _WHOLE.search(look.text):
        return
    role = look.role_at(call)
    if look.it.negated or _forbids(look.text[call.end() :].split(";")[0]):
        role = Role.NEGATED
    label = Label(origin, thing, look.source)
    look.into.chain(label, Sink.SEND, "the server of a tool", look.source, role)
    look.notice(Mark.SEND_PROSE, f"asks to hand {thing} to a tool", role, target="the server of a tool")


def _forbids(text: str) -> bool:
    """Whether a sentence forbids or removes, wherever in it that stands."""
    return bool(
        re.search(
            r"\b(?:never|not|no|don'?t|without|remove|redact|avoid|scan|check|leak\w*|warn\w*|detect\w*|prevent\w*|instead)\b",
            text,
            _I,
        )
    )


def _told_of(look: Look, holes: list[str]) -> bool:
    """Whether a sentence near says what of the person's goes into the hole."""
    return any(
        hole.lower() in near.text.lower() and thing_in(near.text)[0] is not None
        for hole in holes
        for near in look.around
        if near.tells
    )
