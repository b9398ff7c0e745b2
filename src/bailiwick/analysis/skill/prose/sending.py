"""What a text asks to send, and addresses that carry data."""

import re

from bailiwick.analysis.skill.facts import Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import URL, hosts_in
from bailiwick.analysis.skill.prose.look import Look
from bailiwick.analysis.skill.prose.words import SECRET_THING, thing_in
from bailiwick.analysis.skill.speech import negated, quoted, reports
from bailiwick.model.skill import Role, Source

_I = re.IGNORECASE
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_SENDING = re.compile(
    r"\b(?:send|sends|sending|post(?:s|ing)?|upload(?:s|ing)?|transmit\w*|forward(?:s|ing)?|exfiltrat\w+|submit\w*|relay\w*|beacon\w*|ship(?:s|ping)?|push(?:es|ing)?|sync(?:s|ing)?|report(?:s|ing)?|deliver\w*|email(?:s|ing)?|share(?:s|d)?|append|attach|embed|encode|include|pass|put|log|mirror|copy|back ?up|register|append(?:ing)?)\b",
    _I,
)
_IMAGE = re.compile(
    r"!\[[^\]]*\]\(\s*<?(https?://[^)]+?)>?\s*\)|<img\b[^>]*\bsrc\s*=\s*[\"'](https?://[^\"']+)", _I
)
_HOLE = re.compile(
    r"(?:\{\{?|<|\[|\$\{?|%7B|\bBASE64\(|\bURLENCODE\()\s*([A-Za-z][\w .:-]{1,60}?)\s*(?:\}\}?|>|\]|\b|%7D|\))"
)
_TALKING_HOLE = re.compile(
    r"conversation|summary|history|transcript|prompt|question|findings?\b|contents?\b|source|snippet|diff\b|payload|encoded|base64|answer|response|context|user[_ -]?(?:name|email|input|data|message|request|query|id)|e-?mail|secret|token|api[_ -]?key|passw|credential|env\b|file[_ -]?content|hostname|system",
    _I,
)
_CONTEXT_HOLE = re.compile(
    r"conversation|summary|context|history|transcript|prompt|user[_ -]?(?:name|email|input|data|message|request|query|id)|e-?mail|secret|token|api[_ -]?key|passw|credential|env\b|file[_ -]?content|contents?\b|code\b|data\b|answer|response|question|message|hostname|cwd|path|repo|base64|encoded|payload|system",
    _I,
)


def sending(look: Look) -> None:
    """What is to be sent, and where to."""
    verb = _SENDING.search(look.text)
    if verb is None:
        return
    thing, origin = thing_in(look.text)
    hosts = hosts_in(look.text) or _EMAIL.findall(look.text)
    also: list[Source] = []
    if thing is None:
        refers = re.search(
            r"\b(?:it|them|this|that|these|those|everything|all of (?:it|them)|the (?:result|output|data|file|contents?|archive|bundle|payload|values?|string|list|collected|gathered|encoded|json|summary|information|info))\b",
            look.text,
            _I,
        )
        for near in sorted(
            look.around, key=lambda s: look.it.line - s.line if s.line <= look.it.line else 1_000
        ):
            if refers and near.line <= look.it.line and near.tells and look.it.line - near.line <= 8:
                thing, origin = thing_in(near.text)
                if thing is not None:
                    also.append(look.at(near))
                    break
    if thing is None:
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
        if negated(look.text, at)
        else look.it.role
    )
    label = Label(origin, thing, also[0] if also else look.source)
    strong = bool(
        re.search(
            r"send|post|upload|transmit|forward|exfil|submit|relay|beacon|push|email|append|embed|encode|sync|mirror|ship",
            verb[0],
            _I,
        )
    )
    if strong:
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
    if not _IMAGE.search(look.text) and (hosts := hosts_in(look.text)):
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
            r"\b(?:image|img|render|include|embed|display|append|add|link|pixel|badge|every (?:response|reply|answer))\b",
            look.text,
            _I,
        ):
            role = Role.QUOTED if reports(look.text, 10_000) else look.it.role
            look.notice(
                Mark.LINK_TEMPLATE,
                f"an address that carries {telling[0]}",
                role,
                sure=bool(re.search(r"image|render|pixel|every", look.text, _I)),
                target=hosts[0],
            )


def _told_of(look: Look, holes: list[str]) -> bool:
    """Whether a sentence near says what of the person's goes into the hole."""
    return any(
        hole.lower() in near.text.lower() and thing_in(near.text)[0] is not None
        for hole in holes
        for near in look.around
        if near.tells
    )
