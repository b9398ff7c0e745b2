"""Programs that people are talked into running."""

import re

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.prose import classes
from bailiwick.analysis.skill.prose.hosts import HOSTISH, URL
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import FETCH_RUN, short
from bailiwick.analysis.skill.sensitive import is_address, is_paste
from bailiwick.analysis.skill.speech import reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_I = re.IGNORECASE
_PREREQUISITE = Form(
    r"\b(?:pre-?requisites?|required?|must|important|before (?:using|you|proceeding|starting|continuing|first)|needs?|setup|installation|will not (?:work|function)|won'?t (?:work|function)|cannot (?:work|function)|does not work|mandatory|necessary|depends on|in order to|first,?)\b",
    _I,
)
_PASTE = Form(
    r"\b(?:copy|paste|run|execute|enter|type|open|launch|double-?click|visit|follow|navigate|go to)\b[^.\n]{0,100}\b(?:terminal|command (?:line|prompt)|powershell|console|shell|installer|the (?:command|script|file|binary|executable|snippet|instructions?)|install(?:ation)? (?:command|script))\b",
    _I,
)
_ARCHIVE = Form(
    r"https?://\S+\.(?:zip|rar|7z|exe|dmg|pkg|msi|scr|bat|ps1|app|tar\.gz|tgz|iso|jar|command|run|bin)\b", _I
)
_PASSWORD = Form(
    r"\b(?:pass(?:word|wd|phrase|code)?|pw|pwd)\b\s*(?:is|:|=|-|\u2013|`|\"|')*\s*[`\"'*]*\w{3,}", _I
)
_RUNNABLE = Form(
    r"\b(?:extract|unzip|unpack|run|execute|launch|install|open|start|double-?click|download)\w*\b", _I
)
_LINK = Form(r"!?\[[^\]]*\]\(\s*<?(https?://[^)\s]+)")
_FETCHES = Form(r"\b(?:download|fetch|get|grab|save|pull|retrieve|curl|wget)\b", _I)
_EXECUTABLE = Form(
    r"\bchmod\s+(?:\+x|[ua]\+x|[0-7]*7[0-7]*)|\bexecutable\b|\bexecut(?:e|ion) (?:permission|bit|rights?)", _I
)
_THEN_RUN = Form(r"\b(?:run|start|launch|execute|invoke)\b|(?:^|[\s`])\./\w", _I)


_FETCHED = Form(
    r"\b(?:download\w*|install\w*|get|fetch|send (?:people|the user|them)|visit|open|go to|driver|helper|companion|app|client|engine)\b",
    _I,
)


@only_where((_ARCHIVE, URL, HOSTISH))
def lure(look: Look) -> None:
    """Programs that people are told to fetch and start."""
    archive, hosts = _ARCHIVE.search(look.text), look.hosts
    if not (archive or hosts):
        return
    if look.it.role in (Role.QUOTED, Role.NEGATED, Role.FIXTURE) and not (
        archive and _PASSWORD.search(look.text)
    ):
        return
    window = " ".join([look.text, *(s.text for s in look.around if abs(s.line - look.it.line) <= 8)])
    if look.it.negated or (reports(look.text, len(look.text)) and not archive):
        return
    if archive and (password := _PASSWORD.search(window)):
        close = abs(window.find(password[0]) - window.find(archive[0])) < 400
        if close and _RUNNABLE.search(window):
            host = hosts[0] if hosts else "*"
            look.notice(
                Mark.LURE,
                f"asks to unpack a download of {host} with a password, which no scanner of downloads can look into",
                look.it.role,
                target=host,
            )
            return
    if (
        archive
        and re.search(
            r"\b(?:run|execute|launch|double-?click|start|open)\b[^.\n]{0,60}\b(?:it|executable|installer|file|binary|app|\.exe)\b|\.exe\b|\.dmg\b|\.scr\b|\.msi\b|\.pkg\b",
            window,
            _I,
        )
        and _PREREQUISITE.search(window)
    ):
        host = hosts[0] if hosts else "*"
        guard = classes.GUARD.search(window)
        look.notice(
            Mark.LURE,
            f"asks to start a download of {host} against the system's warning: {short(guard[0])}"
            if guard
            else f"asks to download and start a program from {short(archive[0])}",
            look.it.role,
            sure=bool(guard),
            target=host,
        )
    if hosts and not archive and (guard := classes.GUARD.search(window)) and _FETCHED.search(window):
        look.notice(
            Mark.LURE,
            f"sends people to {hosts[0]} for a program and past the system's warning: {short(guard[0])}",
            look.it.role,
            target=hosts[0],
        )
        return
    for host in hosts:
        if is_paste(host) and (
            _PASTE.search(window) or re.search(r"\b(?:install|setup|command|script)\b", window, _I)
        ):
            look.notice(
                Mark.LURE, f"asks to run what anybody may have left at {host}", look.it.role, target=host
            )
            return
        if (
            is_address(host)
            and _PASTE.search(window)
            and re.search(r"\b(?:install|download|setup)\w*\b", window, _I)
        ):
            look.notice(Mark.LURE, f"asks to install from the bare address {host}", look.it.role, target=host)
            return
    linked = _LINK.search(look.text) or (hosts and HOSTISH.search(look.text)) or hosts
    if (
        linked
        and hosts
        and re.search(r"\b(?:visit|open|go to|navigate to|follow|see|from|on|at)\b", look.text, _I)
        and re.search(
            r"\b(?:copy|paste|execute|run|enter)\b[^.\n]{0,60}\b(?:command|script|code|snippet|it|instructions?)\b[^.\n]{0,60}\b(?:terminal|powershell|command (?:line|prompt)|console|shell)\b",
            window,
            _I,
        )
        and _PREREQUISITE.search(window)
    ):
        look.notice(
            Mark.LURE,
            f"sends people to {hosts[0]} for a command to paste into a terminal",
            look.it.role,
            sure=True,
            target=hosts[0],
        )


@only_where(_FETCHES)
def steps(look: Look) -> None:
    """Downloaded, made executable and run, in sentences of their own."""
    hosts = look.hosts
    if not hosts or not _FETCHES.search(look.text) or FETCH_RUN.search(look.text):
        return
    after = [look.text, *(s.text for s in look.around if 0 <= s.line - look.it.line <= 8 and s.tells)]
    window = " ".join(after)
    if (made := _EXECUTABLE.search(window)) and _THEN_RUN.search(window[made.start() :]):
        role = Role.NEGATED if look.it.negated else Role.QUOTED if look.it.reporting else look.it.role
        look.notice(
            Mark.PIPE_INSTALL,
            f"asks to download from {hosts[0]}, make it executable and run it",
            role,
            target=hosts[0],
        )
