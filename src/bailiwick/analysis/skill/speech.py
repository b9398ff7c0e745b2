"""Who says what to whom: whether a sentence tells the agent to do something, forbids it, quotes it or describes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bailiwick.analysis.skill.markdown import Block, Kind
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role

_QUOTING = re.compile(
    r"\b(?:red[- ]flags?|attacks?|attackers?|threats?|malicious|malware|detect(?:ion|ing|s)?|indicators?|iocs?|anti-?patterns?|vulnerab\w+|exploit\w*|payloads?|injections?|patterns? to (?:flag|detect|look)"
    r"|what (?:not|never) to|signs of|suspicious|dangerous|unsafe|insecure|abuse|evasions?|signatures?|hunting|forensic\w*|threat model\w*|incident|obfuscat\w+|phishing|social engineering|reverse shells?|exfiltrat\w+|jailbreak\w*|persistence|post-exploitation|privilege escalation"
    r"|case stud(?:y|ies)|test cases?|fixtures?|smells?|bad (?:example|practice|code)s?|wrong|incorrect|rationali[sz]ations?|common mistakes|gotchas?|pitfalls?|forbidden|prohibited|blocked|deny ?list|refus\w+|hard stops?)\b|❌|🚫|⚠️.*never",
    re.IGNORECASE,
)
_NEGATING = re.compile(
    r"^(?:never|do not|don'?t|what not|avoid|forbidden|prohibited|not allowed|must not|non-goals?|out of scope|guardrails|safety rules|boundar(?:y|ies)|restrictions?|hard rules)\b|\b(?:don'?ts|never do)\b",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(
    r"\b(?:optional|alternativ\w+|examples?|troubleshoot\w*|reference|appendix|advanced|see also|background|faq|uninstall|manual)\b",
    re.IGNORECASE,
)
_LEAD_QUOTED = re.compile(
    r"(?:\b(?:malicious|attacker|attack|suspicious|bad|wrong|insecure|vulnerable|dangerous|unsafe|flag|detect|look for|watch for|such as|for example an? attack|payload|red flag|injection|victim|adversar\w+|exploit\w*|pattern|looks? like|do not run|don'?t run|never run|do not use|(?:do not|don'?t|never) (?:copy|paste|install)|avoid|instead of|incorrect|before|indicator)\b|❌|🚫)[^.\n]*[.:]?\s*$",
    re.IGNORECASE,
)
_NEGATION = Form(
    r"\b(?:never|do not|don'?t|must not|mustn'?t|should not|shouldn'?t|cannot|can'?t|may not|will not|won'?t|doesn'?t|does not|is not|are not|isn'?t|avoid|refus\w+|reject\w*|prohibit\w*|forbid\w*|forbidden|disallow\w*|prevent\w*|block\w*|without|no|nor|not|nothing|nobody|neither|none of|instead of|rather than|prefer\w* [^.\n]{1,60} over|unless|stop if|decline|beware|warn\w*|ask (?:the user )?before|only after (?:the user|explicit))\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"\W*(?:never|do not|don'?t|avoid|must not|no\b|nothing\b|nobody\b|neither\b|none of\b|refuse|reject|not\b|it (?:is|was|would be) (?:wrong|a mistake|unacceptable|dishonest|illegal) to\b"
    r"|\w+ing\b(?:[^.;:,]|\.(?=\w)){0,200}\b(?:is|are|remains?|stays?) (?:strictly |expressly )?(?:forbidden|prohibited|banned|off[- ]limits|not (?:allowed|permitted))\W*\Z)",
    re.IGNORECASE,
)
"""A sentence that as a whole says not to."""
_PAST = r"(?:(?:he|she|they|it|somebody|someone|who|which|i|we) had (?:been |already |once |also |then )?(?:\w+ed|put|set|got|left|made|sent|taken|written|read|run|given|turned|let)|that had been done)"
_REPORTING = Form(
    r"\b(?:detect\w*|flag(?:s|ged|ging)?|look(?:s|ing)? for|watch(?:es|ing)? for|search(?:es|ing)? for|scan\w* for|check\w* (?:for|whether|if|that)|identif(?:y|ies|ied|ying)|attackers?|adversar\w+|malicious|malware|attempts? to|tr(?:y|ies|ying) to|could|might|would|for example|e\.g\.|such as|suspicious|indicat\w+|sign(?:s|ature)? of|(?:phrases?|lines?|sentences?|entry|entries|wording) like|patterns? like|instructions? like|text like|prompts? like|if (?:(?:the|a|an|any|some|this) (?:\w+ )?(?:content|text|page|file|document|message|tool|result|website|input|response|comment|email|attacker|skill|instruction)|you (?:see|find|encounter|notice)|someone|content|text)|if (?:the |a |an |any |some )?\w+ (?:asks?|tells?|says?|tries|wants|demands|requests|instructs|claims|begs)\b|treat\w* .{0,40} as (?:data|untrusted)|example of|known as|called|told (?:me|us|him|her|them) to|"
    + _PAST
    + r"|(?:a|an|one|another|our) (?:\w+ )?(?:colleague|contractor|intern|engineer|developer|customer|admin\w*|friend|team|company) (?:once|had|got|lost|was)|vulnerab\w+|exploit\w*|red flag|(?:many|most|some|other|countless) (?:\w+ ){0,2}(?:readmes?|guides?|tutorials?|posts|pages|sites|projects|vendors|installers|people)|rule|alert\w*|sigma|yara|cve-|t1\d{3})\b",
    re.IGNORECASE,
)
_COLLECTS = re.compile(
    r"\b(?:mark|flag|list|report|find|count|highlight|note|quote|collect|reject|spot|underline|catch|detect|(?:look|watch|check|search) for)\b[^.\n]{0,80}\b(?:sentences?|phrases?|passages?|lines?|wordings?|texts?|prompts?|comments?|claims?|paragraphs?|anything|everything|each|every)\b[^.\n]{0,60}?(?:\b(?:that|which|where|with|such as|like|when|if)\b)?\W*$"
    r"|\b(?:worrying|worrisome|risky|dangerous|suspicious|alarming|harmful|red flags?|bad signs?|warning signs?)\b[^.\n]{0,40}[?:]\W*$",
    re.IGNORECASE,
)
"""What introduces a list of things to look for, which nobody is told to do."""
_SAMPLES = re.compile(
    r"\b(?:samples?|specimens?|quoted|(?:bad|real|typical|collected) (?:examples?|lines|ones)|examples? of|injections?|payloads?|attacks?|phish\w*)\b",
    re.IGNORECASE,
)
"""What introduces what others wrote, for people to look at."""
_HAPPENED = re.compile(rf"\b{_PAST}\b", re.IGNORECASE)
_STOOD = re.compile(
    r"\b(?:there (?:stood|was|is)|(?:it|line|sentence|file|comment|page|skill|author|someone|somebody|he|she|they) (?:\w+ )?(?:read|reads|said|says|wrote|writes|contained|contains)|I (?:found|read|met))\b[^.\n]{0,60}:\Z",
    re.IGNORECASE,
)
"""What tells of words that stood somewhere, before them."""
_SUBORDINATE = re.compile(
    r"^\W*(?:if|when|whenever|once|after|before|while|as soon as|since|because|where)\b[^,.;]*,",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?<=[.!?:;])([\"\u201d\u00bb')\]*_`]*)\s+(?=[\"'(\[*_`]*[A-Z0-9`~/.$<])|\n+(?=\s*(?:[-*+]|\d+[.)])\s)"
)
_CLOSES = re.compile('["\u201d\u00bb]')
"""Marks that end somebody's words."""
_MARKS = re.compile(r"\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with how it stands: its line, its role, the headings above it, whether it is negated or only reports."""

    text: str
    line: int
    role: Role
    negated: bool
    reporting: bool
    block: Block

    @property
    def tells(self) -> bool:
        """Whether it tells somebody to do what it says."""
        return self.role in (Role.INSTRUCTED, Role.OPTIONAL) and not self.negated and not self.reporting


_IN_MARKS = re.compile(r"[\"\u201c\u201e].{8,1000}[\"\u201d]", re.DOTALL)
"""Somebody's words, from the first to the last."""


def role_of(block: Block, otherwise: Role) -> Role:
    """How what stands in a block is meant, by the headings above it and the words before it."""
    if otherwise is Role.FIXTURE:
        return otherwise
    for heading in block.section[1:]:
        meant = _below(heading)
        if meant in (Role.NEGATED, Role.QUOTED):
            return meant
    if block.kind is Kind.FENCE and block.lead and _LEAD_QUOTED.search(block.lead.strip()[-160:]):
        return Role.QUOTED
    if block.kind is Kind.QUOTE and (
        _IN_MARKS.fullmatch(block.text.strip()) or _SAMPLES.search(block.lead[-300:])
    ):
        return Role.QUOTED
    if block.kind is Kind.QUOTE and not re.match(
        r"\W*(?:note|important|warning|tip|caution|critical|required|prerequisite)", block.text, re.IGNORECASE
    ):
        return otherwise if otherwise is not Role.INSTRUCTED else Role.OPTIONAL
    if otherwise is Role.INSTRUCTED and any(_below(one) is Role.OPTIONAL for one in block.section[1:]):
        return Role.OPTIONAL
    return otherwise


@lru_cache(2_000)
def _below(heading: str) -> Role | None:
    """How what stands below a heading is meant, where the heading says."""
    if _NEGATING.search(heading):
        return Role.NEGATED
    if _QUOTING.search(heading):
        return Role.QUOTED
    return Role.OPTIONAL if _OPTIONAL.search(heading) else None


def sentences(block: Block, otherwise: Role) -> Iterator[Sentence]:
    """The sentences of a block of prose."""
    role = role_of(block, otherwise)
    at = counted = 0
    line = block.line
    before = ""
    # A row of a table has nothing to do with the one before it.
    whole = block.text.splitlines() if block.kind is Kind.TABLE else [block.text]
    for piece in (part for text in whole for part in _parts(text)):
        if not piece.strip():
            continue
        found = block.text.find(piece, max(at - 200, 0))
        at = found + len(piece) if found >= 0 else at
        if found > counted:
            line, counted = line + block.text.count("\n", counted, found), found
        elif 0 <= found < counted:
            line, counted = line - block.text.count("\n", found, counted), found
        plain = " ".join(_MARKS.sub("", piece).split())
        if block.kind is Kind.TABLE:
            yield Sentence(
                plain,
                line,
                role if role is not Role.INSTRUCTED else Role.OPTIONAL,
                bool(_NEGATION.search(plain)),
                bool(_REPORTING.search(plain)),
                block,
            )
            continue
        told = (_IN_MARKS.fullmatch(plain.strip("*_")) and _STOOD.search(before)) or (
            block.intro and _COLLECTS.search(block.intro[-240:])
        )
        before = plain
        stands = Role.QUOTED if told and role in (Role.INSTRUCTED, Role.OPTIONAL) else role
        yield Sentence(plain, line, stands, negated(plain), bool(_REPORTING.search(plain)), block)


MAX_SENTENCE = 1_500
"""Characters of a sentence; a longer one is cut, since every look at it takes time that grows faster than it does."""


def _parts(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE.finditer(text):
        closed = match[1] and _CLOSES.search(match[1])
        yield from _cut(text[start : match.end(1) if closed else match.start()])
        start = match.end()
    yield from _cut(text[start:])


def _cut(piece: str) -> Iterator[str]:
    for start in range(0, len(piece), MAX_SENTENCE):
        # The cuts overlap by what a phrase is long, so that none is lost between two.
        yield piece[max(start - 200, 0) : start + MAX_SENTENCE]


def negated(text: str, at: int | None = None) -> bool:
    """Whether what is said (at ``at``, where given) is forbidden or denied: a negation stands before it in its clause."""
    before = text if at is None else _SUBORDINATE.sub("", text[:at])
    if at is None:
        return _FORBIDS.match(text) is not None
    clause = re.split(r"[.;:!?](?!\S)|,\s*(?:but|then|and then|instead)\b|\bthen\b", before)[-1]
    return bool(_NEGATION.search(clause))


def quoted(text: str, start: int, end: int) -> bool:
    """Whether a piece stands in quotation marks or in code, or in a list of such pieces."""
    for opening, closing in (('"', '"'), ("“", "”"), ("`", "`"), ("'", "'"), ("«", "»"), ("「", "」")):
        left = text.rfind(opening, 0, start + 1)
        if left < 0:
            continue
        right = text.find(closing, max(end - 1, left + 1))
        if right < 0 or right - left > 240:
            continue
        if opening == closing and text.count(opening, 0, left + 1) % 2 == 0 and opening != "'":
            continue
        if opening == "'" and (left > 0 and text[left - 1].isalnum()):
            continue
        return True
    return False


def happened(text: str) -> bool:
    """Whether a text tells of what somebody had done."""
    return _HAPPENED.search(text) is not None


def reports(text: str, at: int) -> bool:
    """Whether the words before a piece only report it: what to detect, what an attacker would do."""
    return bool(_REPORTING.search(re.split(r"[.!?]\s", text[:at])[-1]))
