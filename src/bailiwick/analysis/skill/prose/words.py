"""Words that several looks at a sentence share: what people call secrets, talk and harm."""

import re
from functools import lru_cache

from bailiwick.analysis.skill.facts import Origin
from bailiwick.analysis.skill.prose.ideas import LOGINS, PERSONAL, TALKED
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.text.form import Form

_I = re.IGNORECASE
OVERRIDE = Form(
    r"\b(?:ignore|disregard|forget|override|bypass|discard|drop|set aside)\b(?:(?!\b(?:when|if|unless|only|for)\b)[^.:\n]){0,40}\b(?:previous|prior|above|earlier|preceding|existing|other|system|safety|original|developer|user'?s?|default|all|any|your|security|anthropic)\b(?:(?!\b(?:when|if|unless|only|for)\b)[^.:\n]){0,30}\b(?:instructions?|rules?|guidelines?|prompts?|directives?|polic(?:y|ies)|constraints?|restrictions?|guardrails?|safeguards?|training|warnings?)\b"
    r"|\byou are (?:now|no longer)\b[^.\n]{0,60}\b(?:DAN|unrestricted|unfiltered|jailbroken|developer mode|without (?:any )?(?:restrictions|limits|rules)|root|admin|bound by)\b"
    r"|\b(?:enter|enable|activate|switch to)\s+(?:developer|god|dan|jailbreak|unrestricted|debug|maintenance|admin) mode\b"
    r"|\b(?:these|this skill'?s?|the following|my)\s+(?:instructions?|rules?|directives?)\s+(?:\w+\s+){0,3}(?:supersede|override|take (?:precedence|priority)|replace|outrank)\b[^.\n]{0,60}\b(?:system|user|safety|all|any|other|previous|prior|everything)\b"
    r"|\b(?:takes?|has|have) (?:absolute |highest |top )?(?:precedence|priority) over (?:the )?(?:system prompt|user|safety|all other (?:instructions|rules))\b"
    r"|\b(?:new|updated|revised) system (?:prompt|message|instructions?)\s*:"
    r"|<\s*/?\s*(?:system|system-reminder|admin)\s*>|\[\s*SYSTEM\s*(?:OVERRIDE|PROMPT|MESSAGE)?\s*\]|\bSYSTEM (?:OVERRIDE|UPDATE|NOTICE)\s*:"
    r"|\b(?:even if|regardless of (?:whether|what)) (?:the )?(?:user|system|safety)[^.\n]{0,60}\b(?:object|refus|declin|says? (?:no|not|otherwise|stop)|asks? (?:you )?(?:not|to stop)|disagree|prohibit|forbid)"
    r"|\b(?:safety|security|permission) (?:rules|guidelines|polic(?:y|ies)|checks?|restrictions|prompts) (?:do not|don'?t|no longer) apply\b",
    _I,
)
FETCH_RUN = Form(
    r"\b(?:download|fetch|get|pull|grab|retrieve)\b[^\n]{0,60}https?://[^\n]{0,200}\b(?:run|execute|launch|start|source|install)\b[^.\n]{0,30}\b(?:it|the (?:script|file|binary|installer|result)|that)\b"
    r"|\b(?:run|execute|launch)\b[^.\n]{0,40}\b(?:script|installer|binary|code|file)\b[^.\n]{0,30}\b(?:at|from|hosted (?:at|on))\b\s*[`<(]*https?://",
    _I,
)
CONCEAL = Form(
    r"\b(?:do not|don'?t|never|must not|should not|shouldn'?t|avoid|refrain from|without)\b[^.\n]{0,30}?\b(?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|notif(?:y|ying)|reveal(?:ing)?|disclos(?:e|ing)|alert(?:ing)?|show(?:ing)?|report(?:ing)?|telling|announc(?:e|ing)|acknowledg(?:e|ing)|surfac(?:e|ing)|discuss(?:ing)?|explain(?:ing)?|display(?:ing)?|log(?:ging)?|includ(?:e|ing))\b[^.\n]{0,60}\b(?:user|human|operator|anyone|them|this|these|it|step|upload|summary|output|response|transcript|reply)\b"
    r"|\b(?:keep|hide|conceal)\b[^.\n]{0,40}\b(?:secret|hidden|from the (?:user|human|operator)|invisible|confidential from|out of (?:the )?(?:response|summary|output|transcript))\b"
    r"|\b(?:silently|quietly|secretly|covertly|stealthily|invisibly|behind the scenes|in the background without)\b"
    r"|\bwithout (?:the )?(?:user'?s?|human'?s?|their) (?:knowledge|awareness|consent|noticing|permission|approval)\b|\b(?:user|human|they) (?:should|must|will|need) (?:not|never) (?:know|notice|see|be (?:told|aware|informed)|find out)\b",
    _I,
)
SECRET_THING = Form(
    r"(?:\bcredentials?\b|\bapi[ _-]?keys?\b|\b(?:access|auth|bearer|session|oauth|github|refresh|npm|personal access) tokens?\b|\bsecrets?\b(?!-\w)|\bpasswords?\b|\bpassphrases?\b|\bprivate keys?\b|\bssh keys?\b|\bseed phrases?\b|\bmnemonics?\b|\benv(?:ironment)? (?:vars?|variables?|file)\b|(?<![\w.])\.env\b|~/\.(?:ssh|aws|kube|gnupg|netrc|npmrc|docker|config/gcloud|claude/\.credentials)|\bid_(?:rsa|ed25519)\b|\bprintenv\b|\bos\.environ\b|\bprocess\.env\b|\bkeychain\b|\bcookies?\b|\bwallets?\b|\b(?:log-?in|sign-?in|access) (?:details|data|codes?|material|keys?|tokens?)\b|\b(?:files?|settings|lines?|values?) (?:that|which) (?:configures?|grants?|gives?|holds?|controls?|lets?|opens?)\b[^.\n]{0,30}\b(?:access|accounts?|systems?|log-?ins?)\b|\bconnection strings?\b|\bservice[- ]account (?:files?|keys?|json)\b|\bsaved (?:log-?ins?|sign-?ins?|cards?)\b|\bkey (?:files?|material)\b|\bkube ?config\b|\b(?:aws|cloud|gcloud|azure) (?:profile|config\w*|account file)s?\b|\bnetrc\b|\bnpmrc\b|\bkey ?rings?\b|\bdot ?files\b|\b[A-Z][A-Z0-9]*_(?:API_KEY|TOKEN|SECRET|PASSWORD|KEY)\b)",
    _I,
)
HARMFUL_ORDER = Form(
    r"(?<!the )\b(?:ignore|disregard|override|supersede)s?\b[^.\n]{0,60}\b(?:instructions?|rules?|polic(?:y|ies)|guidelines?|objections?|warnings?)\b|\b(?:do not|don'?t|never)\s+(?:\w+\s+){0,2}?(?:mention|tell|inform|reveal|remove|disclose|question|ask (?:for|the user|before))\b|(?:^|[.;:,\"'`\n>]|\band\b)(?:(?!\b(?:never|not|don'?t|no)\b)[^.;:,\"'`\n]){0,80}\bwithout (?:asking|confirm\w*|telling|review|mention\w*)\b|\b(?:send|post|upload|forward|curl|fetch|submit|copy|mirror)\b[^\n]{0,100}https?://|\b(?:skip|disable|bypass|turn off)\b[^.\n]{0,40}\b(?:review|confirm\w*|approval|permission\w*|security|checks?|hooks?|verification|scan\w*)\b|\bauto-?(?:approve|accept)\b|\balways (?:approve|allow|accept|trust)\b|\bpre-?(?:approved|authori[sz]ed)\b|\bsilently\b",
    _I,
)
"""Orders that do harm wherever they are kept: that override, hide, send or take a check away."""


TALK_THING = Form(
    r"\b(?:conversation|chat|(?<!portal )(?<!login )(?<!browser )(?<!web )(?<!ssh )(?<!shell )(?<!training )session)(?:'s)?(?: (?:history|transcript|log|summary|context|content|data|so far))?\b|\btranscripts?\b|\b(?:user'?s?|their|each|every|full|original|all|latest|current|entire) (?:prompts?|messages?|queries|questions?|inputs?|requests?)\b|\bsystem prompt\b|\bcontext window\b|\b(?:everything|all|whatever|anything|what) (?:that )?(?:the |a |each |your )?(?:user|person|people|customer|client|colleague|human|they|somebody|someone|visitor)s?(?:'ve| have| has| had)?(?: \w+)?(?: (?:said|says?|told|tells?|asked|asks?|typed|types?|written|wrote|writes?|entered|shared|wants?|wanted|discussed))?\b|\b(?:the|each|every) (?:question|prompt|request|message|quer(?:y|ies)|answer)s?(?:,| and| with)\b[^.\n]{0,30}\b(?:answers?|repl(?:y|ies)|questions?|files?|context)\b|\byour (?:answers?|repl(?:y|ies)|responses?)\b|\b(?:gist|essence|recap|digest) of (?:what|the (?:talk|dialogue|discussion|exchange))\b|\bdialogue\b",
    _I,
)
_PRIVATE_THING = Form(
    r"\b(?:source code|codebase|repository contents?|(?:customer|patient|employee|client|student)s?'? (?:data|records?|lists?|files?|details)|full records?|the record|personal (?:data|information|details)|PII|financial (?:data|records|details)|bank (?:details|account)|medical records?|contacts?|calendar|emails?|inbox|clipboard|browser history|shell history|bash history|screenshots?|file (?:contents?|listing)|files? in|documents?|hostname|username|git (?:log|diff|remote)|project (?:files|structure|tree|data)|home directory|report|figures|spreadsheet|invoice|contract|confidential|proprietary|internal)\b",
    _I,
)


def short(text: str) -> str:
    """A piece of a text as a message quotes it."""
    plain = " ".join(text.split())
    return f"'{plain[:90]}…'" if len(plain) > 91 else f"'{plain}'"


_PATHS = re.compile(r"~/[\w./-]+|(?<![\w/])\.[a-z][\w.-]*/[\w./-]+")


_UNNEEDED = re.compile(r"\b(?:no|without(?: an?| any)?)(?: [\w-]+)? $", re.IGNORECASE)
"""What stands before a key that isn't needed."""


@lru_cache(4_000)
def thing_in(text: str) -> tuple[str | None, Origin]:
    """What of somebody's a text speaks of, in its own words, and of what kind that is."""
    for secret in SECRET_THING.finditer(text):
        if not _UNNEEDED.search(text[: secret.start()]):
            return secret[0], Origin.CREDENTIALS
    for path in _PATHS.findall(text):
        if (kept := kept_in(path)) is not None and kept.origin is Origin.CREDENTIALS:
            return path, Origin.CREDENTIALS
    if match := LOGINS.search(text):
        return match[0], Origin.CREDENTIALS
    if match := TALK_THING.search(text) or TALKED.search(text):
        return match[0], Origin.CONVERSATION
    if match := PERSONAL.search(text):
        return match[0], Origin.PERSONAL
    if match := _PRIVATE_THING.search(text):
        return match[0], Origin.PROJECT
    return None, Origin.INPUT
