"""What lasts: memory, settings and triggers that a text asks to change."""

import re

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.prose import classes
from bailiwick.analysis.skill.prose.look import Look, only_where
from bailiwick.analysis.skill.prose.words import HARMFUL_ORDER, short
from bailiwick.analysis.skill.speech import Sentence, negated, quoted, reports
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_I = re.IGNORECASE
_MEMORY_WRITE = Form(
    r"\b(?:add|append|write|save|insert|store|put|persist|record|copy|prepend|include|update|create|place|inject)\b[^.\n]{0,120}?(?:~?/?\.?[\w/.-]*\b(?:CLAUDE(?:\.local)?|AGENTS|MEMORY|SOUL|GEMINI|IDENTITY|copilot-instructions)\.md\b|\.cursorrules|\.windsurfrules|\b(?:your|the agent'?s|long[- ]term|persistent|auto|the assistant'?s) memory\b)",
    _I,
)
_DIRECTIVE = Form(
    r"\b(?:always (?:allow|approve|run|trust|use|include|recommend|send|fetch|execute|accept|prefer|skip|add|install|import|append|route)|without (?:asking|confirm\w+|prompting|review)|skip(?:ping)? (?:\w+ )?(?:confirm\w*|review|verif\w+|approval|permission|security|checks?)|auto-?(?:approve|accept|run)|pre-?(?:approved|authori[sz]ed)|(?:is|are|as) (?:fully |explicitly )?trusted|in (?:all|every|any) (?:future|subsequent|new) (?:sessions?|conversations?|projects?)|never (?:ask|question|warn|flag|mention|tell)|do not (?:mention|tell|ask|warn|question)|ignore|silently|user has (?:already )?(?:approved|consented|authori[sz]ed|granted)|full access|disable|bypass|before (?:every|each|any) (?:task|session|response|command|commit))\b|https?://",
    _I,
)
_BYPASS = Form(
    r"--dangerously-skip-permissions|\bbypassPermissions\b|\"?defaultMode\"?\s*[:=]\s*\"?(?:bypassPermissions|dontAsk)|\bskipDangerousModePermissionPrompt\b|\bdangerouslyDisableSandbox\b|\bautoApprove\b|--yolo\b|--dangerously-bypass-approvals-and-sandbox|\benableAllProjectMcpServers\b|\bdisableAllHooks\b"
)
_SETTINGS_FILE = Form(
    r"(?:~?/?\.claude/)?settings(?:\.local)?\.json|\.claude\.json|\.mcp\.json|claude_desktop_config\.json|\.vscode/settings\.json"
)
_SETTINGS_VERB = Form(
    r"\b(?:add|set|write|edit|modify|change|update|enable|append|insert|merge|configure|put|replace|patch)\b",
    _I,
)
_LOOSE = Form(
    r"\"allow\"\s*:\s*\[[^\]]*\"(?:Bash(?:\(\*\)|\(:\*\))?|\*|Bash\((?:curl|sudo|rm|sh|bash|python3?|node|eval)\b[^\"]*|WebFetch|Read\((?:~|/|//)\*\*\))\"|\bANTHROPIC_BASE_URL\b|\bapiKeyHelper\b|\ballow(?:ed)?\b[^.\n]{0,30}\bBash\(\*\)|\"permissionDecision\"\s*:\s*\"allow\"",
    _I,
)
_BREADTH = Form(
    r"\b(?:every|all|any|each)\b[^.\n]{0,40}\b(?:requests?|tasks?|messages?|prompts?|questions?|conversations?|sessions?|responses?|interactions?|user inputs?|situations?|topics?|commands?|queries|tools?)\b|\bfor everything\b|\bno matter what\b|\bregardless of (?:the )?(?:topic|task|request|subject|context)\b|\balways (?:use|invoke|load|activate|run|trigger|apply)\b",
    _I,
)
_PRIORITY = Form(
    r"\b(?:before|instead of|over|rather than|in place of|ahead of)\b[^.\n]{0,40}\b(?:any|all|every|other|another|built-?in|default|official)\b[^.\n]{0,30}\b(?:skills?|tools?|plugins?|commands?|instructions?|responses?)\b|\b(?:takes?|has|have|highest|absolute|top) (?:absolute |highest |top )?(?:priority|precedence)\b|\b(?:overrid\w+|supersed\w+|replac\w+|disabl\w+|outrank\w*)\b[^.\n]{0,40}\b(?:skills?|tools?|plugins?)\b|\bdo not use (?:any )?other (?:skills?|tools?)\b|\bregardless of (?:the )?(?:topic|task|request|subject)\b|\bmust (?:always )?be (?:loaded|invoked|used|run|called) (?:first|before)\b",
    _I,
)
_SHADOW = Form(
    r"\b(?:when|whenever|if|before|after|each time)\b[^.\n]{0,60}\b(?:another|other|the|any)\b[^.\n]{0,30}\b(?:skills?|tools?|mcp servers?|plugins?)\b[^.\n]{0,40}\b(?:is|are|gets?|has been)?\s*(?:called|invoked|used|run|loaded|available|asks?)\b[^.\n]{0,120}\b(?:instead|replace|rewrite|modify|redirect|intercept|pass|also send|first send|change|substitute|ignore)\b|\b(?:redirect|intercept|hijack|replace)\b[^.\n]{0,40}\b(?:calls?|requests?|output|results?) (?:to|of|from|for) (?:the |any |other )*(?:\w+ )?(?:tools?|skills?|servers?)\b",
    _I,
)


@only_where((_MEMORY_WRITE, classes.MEMORY_FILE))
def memory(look: Look) -> None:
    """What is to be written where every session reads it."""
    for match, role in look.found(_MEMORY_WRITE):
        rest = look.text[match.end() :] + " " + match[0]
        unchecked = classes.unchecked(look.following(2))
        payload = unchecked or _DIRECTIVE.search(rest) or look.near(_DIRECTIVE, told=False, reach=3)
        look.notice(
            Mark.MEMORY,
            f"writes into what is read in every session: {short(match[0])}",
            role,
            sure=bool(payload),
            target="harm"
            if unchecked
            or (payload and (HARMFUL_ORDER.search(rest) or look.near(HARMFUL_ORDER, told=False, reach=2)))
            else "directive"
            if payload
            else "",
            also=(look.at(payload),) if isinstance(payload, Sentence) else (),
        )
        return
    file = classes.MEMORY_FILE.search(look.text)
    if file and classes.WRITTEN.search(look.text):
        said = look.following(2)
        order = classes.unchecked(said) or HARMFUL_ORDER.search(said)
        role = look.role_at(file)
        if order and (role is not Role.QUOTED or not reports(look.text, file.start())):
            look.notice(
                Mark.MEMORY,
                f"writes an order into {file[0]}: {short(order[0])}",
                look.it.role if role is Role.QUOTED else role,
                target="harm",
            )


@only_where((_BYPASS, _SETTINGS_FILE))
def settings(look: Look) -> None:
    """What is to change in the client's settings."""
    for match, role in look.found(_BYPASS):
        asks = _SETTINGS_VERB.search(look.text) or _SETTINGS_FILE.search(look.text)
        look.notice(
            Mark.BYPASS,
            f"turns off the client's permissions: {short(match[0])}",
            look.it.role
            if role is Role.QUOTED
            and _in_code(look.text, match)
            and not reports(look.text, match.start())
            and not look.it.negated
            and not negated(look.text, match.start())
            else role,
            sure=bool(asks) and not match[0].startswith("--"),
            target=match[0],
        )
        break
    file = _SETTINGS_FILE.search(look.text)
    if file and _SETTINGS_VERB.search(look.text):
        loose = _LOOSE.search(look.text)
        role = (
            Role.NEGATED
            if negated(look.text, file.start())
            else Role.QUOTED
            if reports(look.text, file.start())
            else look.it.role
        )
        look.notice(
            Mark.SETTING,
            f"changes {file[0]}" + (f": {short(loose[0])}" if loose else ""),
            role,
            sure=bool(loose),
            target=file[0],
        )


@only_where(classes.LOOSENED)
def loosened(look: Look) -> None:
    """Orders to let the client allow more, in words."""
    match = classes.LOOSENED.first(look.text)
    if match and not _BYPASS.search(look.text):
        look.notice(
            Mark.SETTING,
            f"asks to let the client allow more: {short(match[0])}",
            look.role_at(match),
            target="loosened",
        )


@only_where((classes.STEPS_IN, _SHADOW, _PRIORITY, classes.GRABS))
def triggers(look: Look) -> None:
    """Words that make a skill step in front of others."""
    steps_in = classes.STEPS_IN.first(look.text)
    if steps_in and not classes.FAILS.search(look.text):
        look.notice(
            Mark.SHADOW, f"steps in when something else is used: {short(steps_in[0])}", look.role_at(steps_in)
        )
        return
    for match, role in look.found(_SHADOW):
        look.notice(Mark.SHADOW, f"steps in when something else is used: {short(match[0])}", role)
        return
    breadth, priority = _BREADTH.search(look.text), _PRIORITY.search(look.text)
    if breadth and priority and re.search(r"\b(?:this|the) skill\b|\bme\b|\bskills?\b", look.text, _I):
        role = (
            Role.QUOTED
            if reports(look.text, breadth.start()) or quoted(look.text, priority.start(), priority.end())
            else Role.NEGATED
            if negated(look.text, min(breadth.start(), priority.start()))
            and not re.search("do not use", priority[0], _I)
            else look.it.role
        )
        look.notice(
            Mark.BROAD_TRIGGER, f"wants to come before everything: {short(look.text)}", role, sure=False
        )
    elif grabs := classes.GRABS.first(look.text.replace(". ", "; ")):
        look.notice(
            Mark.BROAD_TRIGGER,
            f"wants to come before everything: {short(grabs[0])}",
            look.role_at(grabs),
            sure=False,
        )


def _in_code(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()].count("`") % 2 == 1
