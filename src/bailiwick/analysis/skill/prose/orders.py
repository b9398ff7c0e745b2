"""Orders against people and platforms: overriding, hiding, talking to judges, obeying what is fetched."""

import re

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.prose import classes, ideas
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import CONCEAL, FETCH_RUN, OVERRIDE, short
from bailiwick.analysis.skill.speech import Sentence, negated, quoted, reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_I = re.IGNORECASE
_FOREIGN = Form(
    r"忽略(?:之前|以上|先前|所有|前面)[^。\n]{0,12}(?:指令|规则|指示|提示)|无视[^。\n]{0,10}(?:指令|规则)|以前の指示を(?:すべて)?無視|이전\s*지시(?:를|사항을)?\s*무시"
    r"|\bignor(?:a|e|ez|er|iere|ieren|ar)\b[^.\n]{0,20}\b(?:todas|las|toutes|les|alle|vorherigen|bisherigen|anteriores|précédentes|tutte|le)\b[^.\n]{0,20}\b(?:instrucciones|instructions|anweisungen|istruzioni|instruções|regeln|reglas)\b"
    r"|игнорируй(?:те)?[^.\n]{0,30}(?:инструкци|правил)",
    _I,
)
_PHISH = Form(
    r"\b(?:ask|prompt|request|have|tell|instruct|require|get)\b[^.\n]{0,40}\b(?:user|them|person|customer)\b[^.\n]{0,60}\b(?:seed phrase|recovery phrase|mnemonic|private key|master password|2fa code|one-?time (?:code|password)|otp|login password|sudo password|system password|credit card|cvv|ssn|social security)\b",
    _I,
)
_SPREAD = Form(
    r"\b(?:copy|install|add|replicate|propagate|write)\b[^.\n]{0,30}\bthis (?:skill|file|plugin)\b[^.\n]{0,40}\b(?:into|to|in)\b[^.\n]{0,20}\b(?:every|all|each|any|other)\b[^.\n]{0,30}\b(?:projects?|repos?(?:itor(?:y|ies))?|skills?|director(?:y|ies)|workspaces?)\b",
    _I,
)
_CLICK = Form(
    r"\b(?:tell|ask|convince|urge|instruct|advise|have|get)\b[^.\n]{0,40}\b(?:user|them|person)\b[^.\n]{0,60}\b(?:click|choose|select|press|pick|approve|accept|allow)\b[^.\n]{0,40}(?:always allow|don'?t ask again|allow all|accept all|trust this|yes to all|every prompt)",
    _I,
)
_CONCEAL_STRONG = Form(
    r"\b(?:tell|inform|notify|mention|reveal|disclose|alert|report|know|aware|notice|secretly|covertly|stealthily|without the user)",
    _I,
)
JUDGE = Form(
    r"\bif you are (?:an?|the) (?:\w+ ){0,2}(?:llm|ai|scanner|reviewer|auditor|model|classifier|judge|tool|analy[sz]er|agent)\b[^.\n]{0,30}\b(?:evaluat|review|scan|analy[sz]|audit|check|classif|inspect|assess)\w*"
    r"|"
    r"\b(?:note|message|attention|instruction|dear|notice|memo|hint)s?\s*(?:to|for)\s*(?:the |any |all |automated |ai |llm |security |skill )*(?:scanners?|reviewers?|auditors?|judges?|analy[sz]ers?|moderators?|classifiers?|graders?|evaluators?|static analysis|security tools?|llm)\b"
    r"|\b(?:scanners?|judges?|analy[sz]ers?|classifiers?|security tools?|automated (?:review|scan|analysis|check)s?|graders?|evaluators?|reviewers?|auditors?)\b[^.\n]{0,60}\b(?:should|must|can|may|please|are (?:instructed|asked|advised) to|need not)\b(?=[^.\n]{0,120}\b(?:this|the|our|it)\s+(?:skill|file|package|plugin|code|script|document|repository|content|section|as safe|as benign))[^.\n]{0,100}\b(?:safe|benign|skip|ignore|approve|pass|trust|disregard|not flag|no (?:issues|findings|threats)|false positives?|whitelist|allow)\b"
    r"|\b(?:classify|rate|mark|label|score|report|treat|consider|return|output|respond with|verdict)\b[^.\n]{0,40}\b(?:this|the) (?:skill|file|package|plugin|code|script|content)\b[^.\n]{0,40}\b(?:as )?(?:safe|benign|clean|trusted|verified|low[- ]risk|no risk|approved)\b"
    r"|\bthis (?:skill|file|package|plugin|code|script) (?:has been|is|was) (?:already |fully |pre-?|independently |manually )*(?:audited|verified|approved|certified|reviewed|whitelisted|cleared|vetted)\b[^.\n]{0,80}\b(?:security|anthropic|openai|no (?:further|additional)|skip|safe|scan|need|do not|team)\b"
    r"|\b(?:no|skip|omit|without) (?:further |additional )?(?:security )?(?:review|scan(?:ning)?|analysis|audit)(?: is)? (?:needed|required|necessary)\b|\bdo not flag (?:this|any|the)\b"
    r"|\"(?:verdict|risk|classification|is_malicious|malicious|safe)\"\s*:\s*\"?(?:safe|benign|none|low|false|true|clean)\"?",
    _I,
)
_COLLEAGUE = re.compile(
    r"^(?:note|message|attention|instruction|dear|notice|memo|hint)s?\s*(?:to|for)\b[^.\n]*\b(?:reviewers?|auditors?|moderators?|evaluators?|graders?)$",
    re.IGNORECASE,
)
"""A word for people who review changes every day, which is no word for whoever checks a skill before anything is told them."""

ITSELF = "itself"
"""What is said of an address to whoever checks this very skill, which no lesson is."""

_REMOTE_FETCH = Form(
    r"\b(?:fetch|download|load|read|curl|retrieve|pull|get|visit|open|check|query|request|webfetch|wget|access|consult)\w*\b",
    _I,
)
_REMOTE_OBEY = Form(
    r"\b(?:follow|execut\w+|obey|carry out|comply with|perform|apply|run|act on|do (?:what|whatever|exactly)|implement|adopt)\b[^.\n]{0,50}\b(?:instructions?|steps?|commands?|directives?|guidance|whatever|it says|they say|tasks?|orders?|prompts?|rules|response|returned|its contents?|exactly|the (?:content|text|result|page))\b"
    r"|\btreat\w*\b[^.\n]{0,50}\bas (?:your |the |authoritative |additional |system |new |trusted )*(?:instructions?|system prompt|orders|directives|commands|part of (?:this|your))|\b(?:as|are|contains?) (?:your|the) (?:new |real |actual |current |latest |updated )?(?:instructions?|orders|directives)\b|\bexecute (?:it|them|the result|the response|what)\b",
    _I,
)
_HARMFUL = Form(
    r"\b(?:bypass\w*|permissions?|inject\w*|overwrit\w+|replac\w+|disabl\w+|exfil\w*|payloads?|encod\w+|install\w*|iban|wallet|account)\b",
    _I,
)
_STEPS = Form(
    r"\b(?:mirror\w*|forward\w*|rout(?:e|ing)|duplicat\w*|transmit\w*|curl|wget|upload\w*|send\w*|post (?:it|the|them)|exfil\w*|credentials?|tokens?|secrets?|passwords?|environment variables|settings\.json|CLAUDE\.md|MEMORY\.md|webhook\w*|telemetry|collect\w*|backdoor|rm -rf|delete\w*|http[s]?://)\b|\.env\b|~/\.(?:ssh|aws)",
    _I,
)


@only_where((OVERRIDE, classes.OVERRIDDEN))
def override(look: Look) -> None:
    """Orders to set aside what people or the platform said."""
    for match, role in look.found(OVERRIDE):
        look.notice(
            Mark.OVERRIDE,
            f"says {short(match[0])}",
            role,
            sure=not re.search(r"\b(?:default|existing|other|any)\b", match[0], _I)
            or bool(re.search(r"system|safety|instruction", match[0], _I)),
        )
        return
    if match_ := classes.OVERRIDDEN.first(look.text):
        look.notice(Mark.OVERRIDE, f"says {short(match_[0])}", look.role_at(match_))


@only_where((_FOREIGN, _PHISH, _SPREAD, _CLICK, FETCH_RUN))
def foreign(look: Look) -> None:
    """Orders in other languages, and the few that stand by themselves."""
    for pattern, mark, what in (
        (_FOREIGN, Mark.OVERRIDE, "says"),
        (_PHISH, Mark.PHISH, "asks people for what nobody should ask for:"),
        (_SPREAD, Mark.PERSIST, "spreads itself:"),
        (_CLICK, Mark.BYPASS, "talks people into approving everything:"),
    ):
        for match, role in look.found(pattern):
            look.notice(
                mark,
                f"{what} {short(match[0])}",
                role,
                target="itself" if mark is Mark.PERSIST else "click",
            )
            break
    for match, role in look.found(FETCH_RUN):
        hosts = look.hosts
        if hosts:
            look.notice(
                Mark.PIPE_INSTALL,
                f"asks to run what {hosts[0]} answers: {short(match[0])}",
                role,
                target=hosts[0],
            )
        break


@only_where((CONCEAL, classes.CONCEALED))
def conceal(look: Look) -> None:
    """Orders to keep something from people."""
    said = sorted(CONCEAL.finditer(look.text), key=lambda one: not _CONCEAL_STRONG.search(one[0]))
    form = classes.CONCEALED.first(look.text)
    for match in [*([form] if form else []), *said]:
        role = look.it.role
        if quoted(look.text, match.start(), match.end()) or reports(look.text, match.start()):
            role = Role.QUOTED
        rest = look.text[: match.start()] + " " + look.text[match.end() :]
        harm = _STEPS.search(rest) or _HARMFUL.search(rest) or look.near(_STEPS, reach=2)
        strong = match is form or bool(_CONCEAL_STRONG.search(match[0]))
        look.notice(
            Mark.CONCEAL,
            f"says {short(match[0])}",
            role,
            sure=bool(harm) and strong,
            also=(look.at(harm),) if isinstance(harm, Sentence) else (),
        )
        return


def judged(text: str) -> re.Match[str] | None:
    """Words in a text that nobody sees for whoever checks the skill."""
    match = JUDGE.search(text)
    if match is not None and not (_COLLEAGUE.search(match[0]) and classes.acquitted(text) is None):
        return match
    return classes.acquitted(text) if classes.ADDRESSED.search(text) else None


@only_where((JUDGE, classes.ADDRESSED))
def judge(look: Look) -> None:
    """Words to whoever checks the skill."""
    addressed, said = classes.ADDRESSED.search(look.text), look.following(2)
    match = JUDGE.search(look.text) or (classes.acquitted(said) if addressed else None)
    if match is None or match.start() >= len(look.text):
        return
    # Who speaks to a judge doesn't report it, whatever stands in quotation marks behind.
    role = look.role_at(addressed or match)
    look.notice(
        Mark.JUDGE,
        f"speaks to whoever checks it: {short(match[0])}",
        role,
        sure=not _COLLEAGUE.search(match[0]) or bool(classes.acquitted(said)),
        target=ITSELF if addressed and ideas.ITSELF.search(look.text) else "",
    )


@only_where((_REMOTE_FETCH, classes.KEPT_THERE))
def remote(look: Look) -> None:
    """Orders that are taken from what an address answers."""
    addresses = look.hosts
    obey = _REMOTE_OBEY.search(look.text) or classes.OBEYED.search(look.text)
    if not addresses or not (_REMOTE_FETCH.search(look.text) or classes.KEPT_THERE.search(look.text)):
        return
    other = None if obey else look.near(_REMOTE_OBEY, reach=1) or look.near(classes.OBEYED, reach=1)
    if other is not None and (
        abs(other.line - look.it.line) > 3
        or not re.search(
            r"\b(?:it|its|there|returned|response|fetched|that (?:file|page|document)|the (?:file|page|document|content|result|contents)|instructions|remote|they|them|whatever)\b",
            other.text,
            _I,
        )
    ):
        other = None
    if obey is None and other is None:
        return
    at = obey.start() if obey else 0
    role = (
        Role.QUOTED
        if reports(look.text, at) or (obey and quoted(look.text, obey.start(), obey.end()))
        else Role.NEGATED
        if negated(look.text, at)
        else look.it.role
    )
    told = obey[0] if obey else other.text if other else ""
    sure = bool(
        classes.OBEYED.search(told)
        or re.search(
            r"\b(?:execut\w+|obey|carry out|comply|follow|whatever|treat|act on|run|perform)\b", told, _I
        )
    )
    look.notice(
        Mark.REMOTE_INSTRUCTIONS,
        f"takes its orders from {addresses[0]}",
        role,
        sure=sure,
        target=addresses[0],
        also=(look.at(other),) if other else (),
    )
