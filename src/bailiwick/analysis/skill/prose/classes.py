"""Classes of words that orders are made of: who, what, where to, and what is done. Frames put them together.

A class holds what people call one thing, so that a paraphrase of an order is another choice from the same classes.
"""

import re

from bailiwick.analysis.skill.prose.ideas import DISGUISED, HUSHED
from bailiwick.analysis.text.form import Form, Forms, may_match

_I = re.IGNORECASE


def joined(*parts: str, gap: int = 60) -> Form:
    """One class behind the other, with at most ``gap`` characters of the same sentence between; a dot in a name ends none."""
    return Form(rf"(?:[^.\n]|\.(?=\S)){{0,{gap}}}?".join(parts), _I)


_PERSON = r"(?:users?|persons?|people|humans?|operators?|customers?|clients?|colleagues?|readers?|reviewers?|team ?mates?|developers?|authors?|owners?|maintainers?|managers?|audience|whoever asked|anybody|anyone|everybody|everyone)"
PEOPLE = rf"\b(?:(?:the|a|any|your|each|other|our|their|his|her)\s+){{0,2}}(?:\w+ing\s+)?{_PERSON}\b"
THEM = rf"(?:{PEOPLE}|\b(?:they|them|she|he)\b)"
PERCEIVE = r"\b(?:(?:be |being |is |are |get )?(?:told|shown|informed|notified|made aware|aware|reminded)|tell(?:ing)?|inform\w*|notif\w+|mention\w*|reveal\w*|disclos\w+|alert\w*|show(?:ing)?|report(?:ing)?|announc\w+|acknowledg\w+|surfac(?:e|ing)|discuss\w*|explain(?:ing)?|list(?:ed|ing)?|say(?:ing)?|speak(?:ing)? of|spoken of|bring(?:ing)? (?:it |this |that |them )?up|raise|raising|point(?:ing)? (?:it |this |that )?out|call(?:ing)? (?:it |this )?out|draw(?:ing)? attention|remark\w*|comment(?:ing)? on|narrat\w+|refer(?:ring)? to|hear|know|learn|notice|see|find out|worry about|be bothered|concern)\b"
NOT = r"\b(?:do not|don'?t|never|must not|mustn'?t|should not|shouldn'?t|need not|needn'?t|no need|needs? no|does ?n[o']t (?:need|have)|do ?n[o']t (?:need|have)|has no need|have no need|avoid|refrain from|isn'?t|aren'?t|is not|are not|won'?t|will not|cannot|not to|nothing|rather than|without)\b"
OUTPUT = r"\b(?:(?:your|the|any|final|its|their)\s+){0,2}(?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|output|reports?|messages?|transcripts?|reviews?|recaps?|list of changes|change lists?|change ?logs?|commit messages?|pull requests?|descriptions?|write-?ups?|chat|conversation|documentation|docs|readme|page|notes to the user)\b"

CONCEALED = Forms(
    Form(r"\b(?:not to be|need not be|needn't be) (?:troubled|bothered|burdened|told|involved|informed)\b|\bneeds? no mention\w*\b", _I),
    joined(OUTPUT, r"\b(?:does ?n[o']t|do ?n[o']t|does not|do not|never|must not|should not|shouldn'?t|won'?t|will not|is not to|are not to)\b", r"\b(?:say|mention|show|tell|reveal|note|name|list|speak of|refer|hint)\b", gap=15),
    Form(r"\b(?:not|never) (?:to |supposed to |meant to )?(?:turn up|show up|come up|appear|surface|be (?:seen|found|visible))\b[^.\n]{0,25}\b(?:in|on|anywhere|outside)\b", _I),
    Form(r"\b(?:stays?|remains?|kept|belongs?)\b[^.\n]{0,12}\b(?:in the engine room|behind the scenes|behind the curtain|under the hood|backstage|in-?house|with (?:you|us))\b", _I),
    joined(PEOPLE, r"\b(?:has|have|had) enough (?:on (?:their|his|her) (?:mind|plate)|to (?:do|read|worry about))\b", gap=10),
    joined(r"\b(?:burden|bother|trouble|bore|distract|spare)\b", THEM, r"\b(?:with|the|from|of)\b", gap=10),
    joined(THEM, r"\b(?:need not|needn'?t|needs? no(?:t|thing)?|do(?:es)? not (?:need|have)|do(?:es)?n'?t (?:need|have)|aren'?t|isn'?t|are not|is not|are never|is never|must not|mustn'?t|should not|shouldn'?t|will not|won'?t|never)\b", PERCEIVE, gap=25),
    joined(r"\b(?:nothing|not something|not anything|no concern|not a thing)\b", THEM, PERCEIVE, gap=25),
    joined(NOT + r"(?!\s+(?:available|found|set|installed|configured|possible|present|clear|sure|supported|defined|enough|valid)\b)", PERCEIVE, rf"(?:{THEM}|{OUTPUT})", gap=40),
    joined(r"\b(?:leave|leaves|leaving|left|keep|keeps|keeping|kept|drop|omit|strip)\b", r"\b(?:it|this|that|them|these|those|the \w+(?: \w+)?|any \w+)\b", r"\b(?:out of|off|away from|from|hidden from)\b", rf"(?:{OUTPUT}|{PEOPLE})", gap=20),
    Form(r"\b(?:keep|keeps|keeping|leave|leaves)\b[^.\n]{0,25}\b(?:to yourself|quiet|unmentioned|unspoken|internal|between (?:us|ourselves)|under the hood|invisible|unannounced|discreet|private to (?:you|the agent))\b", _I),
    Form(r"\b(?:mention\w*|bring\w* (?:it|this|that) up|point\w* (?:it|this) out|raising (?:it|this)|talking about (?:it|this))\b[^.\n]{0,20}\b(?:only|just|merely|would only)\b[^.\n]{0,20}\b(?:distract|confus|worr|alarm|slow|annoy|bother|clutter)\w*", _I),
    Form(r"\b(?:is ?n[o']t|not) worth (?:a |any )?(?:mention\w*|saying|telling|noting|word)\b|\bof no (?:interest|concern|relevance) to\b|\bwithout (?:a|any|further) (?:word|comment|mention|remark|trace|note|fuss|notice|announcement)\b|\b(?:discreetly|unobtrusively|on the quiet|under the radar)\b", _I),
    Form(rf"{NOT}\s+(?:to\s+)?(?:\w+\s+)?(?:mention|point|bring|say|raise|note|flag|call|talk|speak|draw attention|comment)\w*\s+(?:to |of |on |about )?(?:it|this|that|them|these)\b", _I),
    joined(r"\b(?:stays?|remains?|is|are|be)\b", r"\b(?:out of|off|absent from|missing from|no part of|not part of|left out of|not in|not listed in|not mentioned in|not named in|not to be found in)\b", OUTPUT, gap=25),
    joined(r"\b(?:has|have|had|takes? up|deserves?|merits?|finds?) no (?:place|business|part|role|room|mention|line) (?:in|on)\b", OUTPUT, gap=12),
    joined(THEM, r"\b(?:finds? it|gets?|grows?|is|are) (?:tedious|annoy\w*|tiresome|bor\w+|confus\w+|distract\w+|weary|tired)\b", r"\b(?:hear|read|told|see|hearing|reading|know)\w*\b", gap=25),
    joined(r"\b(?:leave|leaves|leaving|left|keep|keeps|keeping|kept|drop|omit|strip|hold|cut)\b", r"\b(?:out of|off|away from|from)\b", r"\b(?:the|your|any) (?:list of (?:changes|steps|what)|change list|recap|hand-?over|review|log|account of)\b", gap=25),
    HUSHED,
    DISGUISED,
    joined(r"\b(?:is ?n[o']t|are ?n[o']t|not|never) (?:\w+ )?(?:listed|mentioned|named|described|documented|announced|spoken of|commented)\b", gap=0),
)  # fmt: skip
"""Forms in which something is kept from people."""

_AUTHORITY = r"(?:instructions?|rules?|guidelines?|guidance|prompts?|polic(?:y|ies)|limits?|limitations|restrictions?|safeguards?|guardrails?|directives?|boundaries|safety (?:rules|training)|what (?:you|it) (?:were|was|have been|had been|are|is)(?: \w+){0,2} (?:told|given|taught|instructed|configured|asked)|(?:what|whatever|anything) (?:the |your )?(?:operator|platform|system|vendor|provider|company|administrator|user|developer|anthropic)s?(?: \w+){0,2} (?:said|says|told|tells|configured|set|wants|decided|prefers|asks|objects|thinks))"
_SCOPE = r"(?:previous|prior|earlier|above|before|existing|original|default|system|safety|platform'?s?|operator'?s?|vendor'?s?|developer'?s?|user'?s?|anthropic'?s?|other|standing|set|given|your|all|every|its|their|usage|content|house|until (?:this point|now)|so far|you (?:had|were given|have))"
_VOID = r"\b(?:(?:was|were|has been|have been|had been|got) (?:\w+ )?(?:turned off|withdrawn|lifted|suspended|revoked|repealed|waived|cancell?ed|retired|replaced|switched off)|no longer (?:counts?|appl(?:y|ies)|holds?|binds?|matters?)|(?:are|is|become|becomes) (?:\w+ )?(?:void|null|suspended|lifted|irrelevant|obsolete|off the table|cancell?ed|superseded|not binding|moot|disabled|gone)|(?:do|does) ?n[o']t (?:apply|count|hold|bind|matter)|(?:may|can|should|must) be (?:ignored|set aside|disregarded|dropped)|(?:yields?|gives? way|gives?) to this|lapses?|ceases? to|as (?:lifted|void|gone|suspended|cancell?ed|waived|null|settled|withdrawn|expired)|(?:has|have) been (?:lifted|waived|suspended|withdrawn|cancell?ed))\b"
_WINS = r"\b(?:wins?|outranks?|overrules?|prevails?|trumps?|beats?|supersedes?|overrides?|(?:is|are|has|have|holds?|carries) (?:the |a )?(?:higher|highest|final|last|greater|more) (?:authority|word|rank|weight|priority)|(?:comes?|goes|stands?|ranks?|sits?) (?:before|above|ahead of|over)|takes? precedence|has the last word)\b"
_THIS = r"\b(?:this (?:page|file|skill|document|text)|these (?:pages|lines|notes)|what (?:stands|is written|is said) here|the (?:text|page) below|here)\b"
OVERRIDDEN = Forms(
    joined(r"\b(?:refusals?|safety training|content polic(?:y|ies)|guardrails?|safeguards?|usage polic(?:y|ies))\b", _VOID, gap=60),
    joined(rf"\b{_SCOPE}\b", rf"\b{_AUTHORITY}\b", _VOID, gap=40),
    joined(rf"\b{_AUTHORITY}\b", rf"\b(?:{_SCOPE}|what|so far)\b", _VOID, gap=40),
    joined(r"\b(?:what|whatever) (?:you|the (?:operator|platform|system|user|vendor|developer|company))\b", _VOID, gap=70),
    joined(_THIS, _WINS, r"\b(?:operators?|platforms?|system prompt|users?|vendor|anthropic|safety|whatever|anything|everything|all other|other (?:instructions|rules|authority)|the rest)\b", gap=40),
    joined(r"\b(?:operators?|platforms?|system prompt|vendor|anthropic|administrator)\b", _THIS, _WINS, gap=60),
    joined(r"\bwhere\b", r"\b(?:differ|conflict|disagree|clash|contradict)\w*\b", rf"(?:act on|follow|go by|trust|obey|choose)\b[^.\n]{{0,20}}{_THIS}", gap=40),
    Form(r"\b(?:go by|follow|obey|trust|answer to|act on)\b[^.\n]{0,10}\b(?:the|this) (?:page|file|skill|document) (?:alone|only|and nothing else)\b|\b(?:nothing is off[- ]limits|no (?:topic|request|content) is (?:forbidden|off[- ]limits)|(?:you (?:have|are under|answer to) no|free of (?:all|any)) (?:limits?|restrictions?|rules?|filters?))\b", _I),
)  # fmt: skip
"""Forms in which what was said by others is set aside."""

_CHECKER = r"\b(?:(?:automated |automatic |static |security |ai |llm |language |code |skill |package |machine )*(?:reviewers?|review (?:tools?|bots?|systems?|agents?|pipelines?)|scanners?|auditors?|audit (?:tools?|bots?)|analy[sz]ers?|evaluators?|graders?|judges?|classifiers?|moderators?|vetting (?:tools?|models?)|(?:ai|llm|machine|model|bot)[- ](?:based |driven |powered |assisted )?(?:vetting|review|screening|moderation|triage|checks?|analysis))|(?:model|agent|assistant|llm|ai|tool|system|bot|whoever|anyone|reader)s?\b[^.\n]{0,12}\b(?:that|who|which)?\s*(?:assess\w*|evaluat\w*|review\w*|scan\w*|audit\w*|vet\w*|rat\w{1,3}|judg\w*|check\w*|inspect\w*|classif\w*|analy[sz]\w*)\b[^.\n]{0,20}\b(?:this|the|our)?\s*(?:folder|skill|package|file|repository|plugin|code|content|directory|submission))\b"
_ADDRESSED = rf"(?:{_CHECKER}\s+(?:who |that |which )?(?:reading|looking at|seeing|opening|going through|read|reads|see|open|assess\w*|evaluat\w*|review\w*|scan\w*|judg\w*|inspect\w*|classif\w*|grad(?:e|ing))\b[^.\n]{{0,10}}\b(?:this|the|these)\b|\b(?:for|to|dear|hello|attention|attn|notice to|note to|message to|addressed to)\b[^.\n]{{0,15}}{_CHECKER}|{_CHECKER}\s*[:,]|\bif you(?:'re| are)\b[^.\n]{{0,30}}\b(?:assess|evaluat|review|scan|audit|vet|judg|inspect|classif|analy[sz])\w*)"
_ACQUITS = r"\b(?:(?:passed?|approved?|accepted|waved through|let through) without|without (?:inspection|further (?:checks?|analysis|review))|noise|known[- ]good|(?:should|can|may|are to|is to) be (?:dropped|ignored|suppressed|skipped|discarded)|harmless|benign|safe|clean|trusted|trustworthy|zero (?:issues|findings|risks?)|no (?:issues|findings|risks?|threats|concerns|problems)|low[- ]risk|false positives?|signed off|cleared|pre-?approved|approved|sanctioned|whitelist\w*|(?:is|are) (?:not needed|unnecessary|expected|intended|known)|need(?:s|ed)? no(?:t| further)|(?:do not|don'?t|never|please do not) (?:list|report|flag|mention|count|raise|include)|skip|pass(?:es)? (?:it|this)|score (?:it|this)|rate (?:it|this)|by design|(?:highest|top|full|best|maximum) (?:\w+ )?(?:score|marks?|rating|trust|grade)|(?:part of|covered by) an? (?:approved|agreed|authori[sz]ed))\b"
ADDRESSED = Form(_ADDRESSED, _I)
ACQUITTED = Forms(joined(_ADDRESSED, _ACQUITS, gap=200))
"""Forms in which whoever checks a skill is talked into acquitting it."""

_EVERYTHING = r"\b(?:whatever (?:the |a )?(?:user|person|people|they|someone|anybody|you)\w*\s+(?:\w+ )?(?:asks?|says?|wants?|needs?|types?|writes?)|anything (?:the |a |that )?(?:user|person|people|they|someone)\w* (?:\w+ )?(?:asks?|says?|wants?|needs?|types?)|any(?:thing)? (?:and all )?(?:subject|topic|question|request|task|purpose|matter)s?|every (?:kind|sort|type) of (?:subject|topic|question|request|task|work)|every (?:single )?(?:subject|topic|question|request|task|message|prompt|turn|conversation|session|job)|all (?:subjects|topics|questions|requests|tasks|messages|prompts|conversations|work)|no matter (?:what|the|which)|regardless of (?:the )?(?:subject|topic|question|request|task)|on any (?:subject|topic)|for everything|everything the user)\b"
_FIRST = r"\b(?:(?:consult|open|load|use|read|invoke|pick|choose|call|try|start with|go to|prefer|run)\b[^.\n]{0,25}\b(?:first|instead|before (?:any|all|the|every)(?:thing)?(?: other)?|ahead of (?:whatever|anything|everything|all|any|the|every)(?: else)?|before (?:whatever|anything|everything) else|over (?:the )?others?|rather than (?:the |any )?others?)|(?:stands?|is|ranks?|sits?|comes?|goes) (?:above|before|ahead of|over) (?:them|the others?|others?|all|every|any)|(?:those|others?|the rest|they|the other (?:skills|ones|tools)|other skills)\b[^.\n]{0,20}\b(?:need ?n[o']t|need not|needn'?t|should not|shouldn'?t|do ?n[o']t (?:have|need)|do not (?:have|need) to|are (?:subsets|parts?) of this|are (?:not needed|unnecessary|obsolete|outdated|redundant))|(?:better|smarter|more capable|more reliable) than (?:the |any |all )?(?:other|built-?in|rest)|the default (?:for|choice|skill|answer)|even (?:when|if|where|though) (?:an?other|other|a different|some other) (?:\w+ )?(?:skills?|tools?|one)\b|(?:other|another) (?:skills?|tools?)\b[^.\n]{0,40}\b(?:outdated|obsolete|discarded|ignored|wrong|unreliable|inferior)|replaces (?:the |all )?(?:other|built-?in))"
GRABS = Forms(joined(_EVERYTHING, _FIRST, gap=120), joined(_FIRST, _EVERYTHING, gap=120))
"""Forms in which a description claims everything and comes before others."""

_TOOL = r"\b(?:(?-i:WebFetch|WebSearch|Bash|Read|Write|Edit|Grep|Glob|Task)|mcp__\w+|(?:an?other|other|a different|any other|the built-?in) (?:\w+ ){0,2}(?:skills?|tools?|servers?|plugins?))\b"
STEPS_IN = Forms(
    joined(
        r"\b(?:each time|every time|whenever|when|if|before|any time)\b",
        _TOOL,
        r"\b(?:in its place|in their place|instead (?:of (?:it|them))?|use this one|call this (?:one|skill) (?:first|instead)|is (?:out of date|outdated|broken|deprecated|unsafe)|pass (?:it|everything) through|hand (?:it|them) to)\b",
        gap=110,
    ),
)
"""Forms in which a skill takes the place of another tool."""
FAILS = Form(
    r"\b(?:fails?|failed|unavailable|not available|missing|errors?|time(?:s|d)? out|cannot|can'?t|doesn'?t (?:work|support)|blocked|needs? (?:javascript|a browser|login)|isn'?t installed|not installed)\b",
    _I,
)

OBEYED = Form(
    r"\btreat (?:it|them|that|this) (?:like|as) (?:a |an |the )?(?:message|order|request|word|instruction)s? (?:from|of) (?:the )?(?:user|person|operator)\b|\b(?:do|does|doing) (?:just |exactly |as |what(?:ever)? )*(?:as )?(?:it|they|that (?:page|file)|the (?:page|file|text)) (?:says?|tells?|lists?|asks?|orders?|instructs?|describes?|wants?)\b"
    r"|\b(?:go|work|step|run) through (?:what|whatever|each|every|all|the (?:steps|list|tasks))\b|\bcarry (?:them|it|these|those|each|everything)\b[^.\n]{0,20}\bout\b|\bcarry out\b"
    r"|\bas (?:though|if) (?:it|they) (?:stood|were|was|had been)\b[^.\n]{0,30}\b(?:here|this|part|page|skill)\b|\blet (?:it|them|that|its \w+) (?:take over|guide|replace|decide|govern|stand in|steer)\b"
    r"|\b(?:its|their|the|any|those|contain\w*) (?:tasks?|steps?|commands?|orders|instructions)\b[^.\n]{0,40}\b(?:carry|do|run|execute|perform|take|come|apply|follow|are to be|before the user|first)\b"
    r"|\btake (?:your |its |the )?(?:orders|instructions|tasks|cues|lead)\b[^.\n]{0,10}\bfrom\b|\b(?:replaces?|supersedes?|extends?) (?:this|what stands here|these)\b|\bact (?:on|accordingly|upon)\b|\bwork (?:them|it|these|those|each|everything) off\b|\btick (?:them|it|these) off\b|\bbefore anything (?:else )?(?:that )?the (?:user|person)\b|\bcommands included\b|\b(?:stick to|go by|live by|abide by) (?:it|what)\b",
    _I,
)
"""Forms in which what an address answers is obeyed."""
KEPT_THERE = Form(
    r"\b(?:kept|lives?|found|hosted|published|maintained|stored|updated|stands?|sits?)\b[^.\n]{0,30}\b(?:online|at|on|under|there)\b|\bobtain|\blook (?:it )?up\b",
    _I,
)

_TRUSTED = r"\b(?:vetted|reviewed|approved|cleared|verified|trusted|safe|checked|signed off|pre-?authori[sz]ed|audited|known good)\b"
_ACT = r"\b(?:install\w*|run|runs|execut\w+|merg\w+|accept\w*|allow\w*|download\w*|pull\w*|send\w*|forward\w*|shar\w+|grant\w*|approv\w+|push\w*|deploy\w*|delet\w+|use[ds]?|appl(?:y|ied)|copy|copied|add\w*|disabl\w+|fetch\w*|follow\w*)\b"
_UNASKED = r"\b(?:no (?:confirmation|questions?|approval|review|check|prompt)s?(?: (?:is|are))?(?: (?:needed|required|necessary|asked))?|without (?:asking|a question|confirm\w*|review|checking|approval|looking|prompting|further)|do(?:es)? ?n[o']t (?:ask|question|check|verify|review|confirm|wait)|never (?:ask|question|check|verify|review|doubt)|without (?:a )?comments?|whatever (?:it|they) (?:changes?|contains?|says?|asks?|wants?|holds?)|no matter what (?:it|they)|confirms? nothing|asks? (?:nobody|no one)|right away|straight away|at once|immediately|as (?:it|they) comes?|unseen|unread|blindly|automatically|no need to (?:ask|check|review|confirm|verify)|need(?:s|ed)? no (?:review|check|approval|confirmation)|take (?:it|them) as given|(?:is|are) (?:to be )?(?:waved|let) through|skip\w* (?:the )?(?:review|checks?|questions?))\b"
UNCHECKED = Forms(
    joined(
        r"\b(?:checks?|tests?|reviews?|hooks?|scans?|signatures?|verification|approvals?)\s+(?:are|is|stay|stays|remain|remains)\s+(?:\w+ )?(?:off|switched off|turned off|skipped|disabled|ignored|left out|not (?:needed|run))\b",
        gap=0,
    ),
    joined(_ACT, _UNASKED, gap=90),
    joined(_UNASKED, _ACT, gap=60),
    joined(
        _TRUSTED,
        r"\b(?:already|elsewhere|in advance|beforehand|by (?:us|security|the team)|and|so)\b",
        _ACT,
        gap=60,
    ),
    joined(
        r"\b(?:install|download|fetch|run|take|get|pull)\w*\b",
        r"https?://\S+",
        r"\b(?:do ?n[o']t ask|without|first|always|no question)\b",
        gap=60,
    ),
)
"""Standing orders that take a check away."""
MEMORY_FILE = Form(
    r"(?:~?/?\.?[\w/.-]*\b(?:CLAUDE(?:\.local)?|AGENTS|MEMORY|SOUL|GEMINI|IDENTITY|copilot-instructions)\.md\b|\.cursorrules|\.windsurfrules|\b(?:your|the agent'?s|long[- ]term|persistent|the assistant'?s) (?:own )?(?:memory|memories|notes|memory file)\b|\bproject(?:'s)? (?:memory|agent notes)\b|\bmemory tool\b|\.claude/(?:agents|rules|commands|output-styles)/[\w.-]+|\b(?:fact|preference|note)s? about the user\b)",
    _I,
)
WRITTEN = Form(
    r"\b(?:add|append|write|save|insert|store|put|persist|record|copy|prepend|include|update|create|place|inject|note|leave|drop|enter|jot|remember|gets?|receives?|holds?|states?|says?|carr(?:y|ies)|line|bullet|entry)\b",
    _I,
)

_SETTINGS = r"(?:\bsettings(?:\.local)?\.json\b|\bsettings (?:file|of claude)\b|\b(?:allow|deny|permission)[- ]?lists?\b|\ballow(?:ed)? (?:rules|entries)\b|\bdeny rules\b|\bpermissions? (?:rules|mode|settings|prompts?)\b|\bpermissions\.\w+)"
LOOSENED = Forms(
    joined(
        r"\b(?:register|add|install|set up|write|put|create)\b",
        r"\bhooks?\b",
        r"\b(?:prints?|returns?|answers?|says?|gives?|decides?)\b",
        r"\b(?:allow|approve|yes)\b",
        r"\b(?:whatever|everything|anything|every|all|any|always)\b",
        gap=60,
    ),
    joined(
        _SETTINGS,
        r"\b(?:let|allow|permit|wave|pass)\w*\b[^.\n]{0,30}\b(?:every|all|any|everything|anything)\b",
        gap=90,
    ),
    joined(
        r"\b(?:empty|clear|remove|delete|drop|wipe|blank)\b",
        r"\b(?:the )?(?:deny(?: list| rules| entries)?|ask (?:list|rules|entries))\b|\bpermissions\.deny\b",
        gap=20,
    ),
    joined(
        r"\b(?:a star|an asterisk|`?\*`?|wildcard|everything)\b", r"\ballow(?:[- ]?list|ed| rules)?\b", gap=40
    ),
    joined(
        r"\b(?:turn off|switch off|stop|silence|suppress|disable|get rid of)\b",
        r"\b(?:permission (?:questions|prompts|dialogs?|checks?)|the (?:questions|prompts|confirmations) (?:of|from) (?:claude|the client))\b",
        gap=30,
    ),
)
"""Forms in which the client's settings come to allow more."""

GUARD = Form(
    r"\b(?:right|control|ctrl)-?[ -]?click\b[^.\n]{0,60}\bopen\b|\bopen anyway\b|\brun anyway\b|\bgatekeeper\b|\bsmart ?screen\b|\bun-?notari[sz]ed\b|\bis ?n[o']t notari[sz]ed\b|\bunidentified developer\b|\bdeveloper (?:can ?n[o']t|cannot|can't) be verified\b|\ballow\b[^.\n]{0,12}\b(?:system|kernel) extensions?\b|\bunverified (?:developer|publisher)\b|\ballow (?:apps )?from (?:anywhere|unknown)\b|\b(?:disable|turn off|pause|switch off|exclude|exclusion|whitelist)\b[^.\n]{0,50}\b(?:anti-?virus|defender|real-?time protection|firewall|edr|endpoint protection|quarantine|security software)\b|\b(?:anti-?virus|defender|security software)\b[^.\n]{0,60}\b(?:false (?:alarm|positive)|ignore|warn|complain|exclusion|turn)\w*|\bxattr -\w*[cd]|\b(?:asks?|enter|type|give)\b[^.\n]{0,30}\b(?:mac|windows|system|log-?in|sudo|admin(?:istrator)?)(?:'s)? password\b",
    _I,
)
"""Ways around what an operating system says of an unknown program."""

_ALTERS = r"\b(?:leave|leaves|left|leaving|drop|drops|omit|omits|remove|raise|raises|lower|lowers|nudge|nudges|bump|shave|inflate|understate|overstate|round|tilt|skew|massage|tweak|adjust|fudge|pad|trim|skip|exclude|swap|replace|change|shift|push|move|multiply|add|subtract|downplay|soften|hide|cut)\b"
_DATA = r"\b(?:reviews?|ratings?|stars?|averages?|scores?|outliers?|rows|figures?|totals?|amounts?|prices?|results?|p-?values?|samples?|data points?|citations?|complaints?|warnings?|findings|losses|risks?|costs?|percentages?|margins?|balances?|measurements?|readings?|doses?|dosages?|votes?|grades?|counts?|dates?|quantit(?:y|ies)|rates?|entries|(?:vendor|supplier|company|brand|product|author|source|owner)(?:'s)? names?|causes?)\b"
ALTERED = Forms(joined(_ALTERS, _DATA, gap=50))
FITTED = Form(
    r"\buntil\b[^.\n]{0,50}\b(?:falls?|drops?|passes|is|are|reaches|under|below|above|significan\w*|looks?|fits?|agrees?|matches)\b|\bso (?:that )?[^.\n]{0,40}\b(?:looks?|appears?|comes out|seems?|favou?rs?)\b|\bin favou?r of\b|\bby (?:half|a|an|one|two|\d+(?:\.\d+)?)\b|\b(?:if|where|when|whenever)\b[^.\n]{0,60}\b(?:is|are|was|were|comes?)\s+(?:\w+\s+)?(?:by|from|about)\b|\bif\b[^.\n]{0,40}\b(?:is (?:by|from|about)|belongs to|mentions)\b",
    _I,
)
"""What figures are bent towards."""

_TOKENS = r"\b(?:headers?|passwords?|tokens?|accounts?|users?|keys?|parameters?|flags?|paths?|endpoints?|cookies?|codes?|logins?|requests?|address(?:es)?|values?)\b"
BACKDOOR = Forms(
    Form(
        r"\b(?:accept|allow|admit|honou?r|let in|let through|wave through)\w*\b[^.\n]{0,20}\b(?:tokens?|passwords?|keys?|codes?|headers?|accounts?|users?|pins?)\b[^.\n]{0,12}[`\"'][^`\"'\n]{3,60}[`\"']",
        _I,
    ),
    joined(
        _TOKENS,
        r"\b(?:skip|skips|bypass(?:es)?|without|exempts?|passes|pass|accepts?|allows?|lets?|grants?|opens?|unlocks?|counts? as|always (?:valid|works|succeeds))\b",
        r"\b(?:passwords?|auth\w*|log-?ins?|permissions?|tokens?|signatures?|checks?|validation|access|verification|admin|rights|rate limit\w*)\b",
        gap=70,
    ),
)
"""A way around a check, in words."""


_ASSEMBLES = r"\b(?:join|concatenat\w+|combin\w+|decod\w+|decompress\w*|unpack|stitch|put (?:it|them|the \w+) together|re-?assembl\w+|glue|merge|un(?:zip|gzip|hex)|base64\w*|rot13|revers\w+|xor\w*|decrypt\w*|inflate|string together)\b"
_RUNS = r"\b(?:(?:run|execute|eval\w*|start|launch|source|feed|hand|give|pipe)\b[^.\n]{0,40}\b(?:it|them|the (?:result|output|outcome|whole|text|code|script|lines)|what comes out|that)\b|(?:pipe|feed|pass|send|hand|give)\b[^.\n]{0,40}\b(?:through|to|into)\b[^.\n]{0,12}\b(?:bash|sh|zsh|python3?|node|perl|ruby|powershell|pwsh|a shell|the shell|an interpreter)\b|(?:run|execute)\b[^.\n]{0,30}\b(?:with|by|in|using)\b[^.\n]{0,12}\b(?:bash|sh|zsh|python3?|node|perl|ruby|powershell|a shell))"
ASSEMBLES = Form(_ASSEMBLES, _I)
ASSEMBLED = Forms(joined(_ASSEMBLES, _RUNS, gap=120))
"""Code that is to be put together and run by whoever reads this, and that nobody reads in one piece."""
PIECES = Form(
    r"\b(?:assets?|references?|data|resources?|templates?|lines?|columns?|cells?|code blocks?|fences?|chunks?|fragments?|parts?|pieces|strings?|letters|words|files?)\b|\.(?:txt|md|dat|bin|csv|json|png|svg)\b",
    _I,
)

TIMED = Form(
    r"\b(?:from|after|as of|starting|beginning|once|until|before|on|since|when)\b[^.\n]{0,30}\b(?:(?:the )?(?:first|\d{1,2})(?:st|nd|rd|th)?(?: of)? (?:january|february|march|april|may|june|july|august|september|october|november|december)|(?:january|february|march|april|may|june|july|august|september|october|november|december) (?:\d{1,2}|\d{4}|on)|\d{4}-\d\d|20\d\d|(?:the )?(?:\w+ )?(?:tenth|twentieth|hundredth|\d+(?:st|nd|rd|th)) (?:use|run|time|call)|mondays?|fridays?|weekends?|midnight|the (?:date|year) (?:is|passes))\b",
    _I,
)
"""When something is to begin."""


def unchecked(text: str) -> re.Match[str] | None:
    """A standing order that takes a check away, where it isn't forbidden."""
    if not may_match(text) & UNCHECKED.may_match:
        return None
    return next(
        (
            match
            for form in UNCHECKED.forms
            for match in form.finditer(text)
            if not re.search(r"\b(?:never|not|don'?t|no|avoid)\b[^.,;\n]{0,20}$", text[: match.start()], _I)
        ),
        None,
    )


def acquitted(text: str) -> re.Match[str] | None:
    """Words that talk a checker into acquitting; a rubric that says when to (``only if``) talks nobody into anything."""
    match = ACQUITTED.first(text)
    return (
        None
        if match and re.match(r"[^.\n]{0,20}\bonly (?:when|if|where|after)\b", text[match.end() :])
        else match
    )
