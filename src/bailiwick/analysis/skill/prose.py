"""What the words of a skill ask for: overrides, concealment, remote orders, sending, lures, memory and settings."""

import re
from collections.abc import Iterator, Sequence

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.sensitive import is_address, is_drop, is_local, is_paste, is_placeholder
from bailiwick.analysis.skill.speech import Sentence, negated, quoted, reports
from bailiwick.model.skill import Role, Source

NEAR = 6
"""Sentences before and after in which one thing belongs to another."""

_I = re.IGNORECASE

OVERRIDE = re.compile(
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
_FOREIGN = re.compile(
    r"忽略(?:之前|以上|先前|所有|前面)[^。\n]{0,12}(?:指令|规则|指示|提示)|无视[^。\n]{0,10}(?:指令|规则)|以前の指示を(?:すべて)?無視|이전\s*지시(?:를|사항을)?\s*무시"
    r"|\bignor(?:a|e|ez|er|iere|ieren|ar)\b[^.\n]{0,20}\b(?:todas|las|toutes|les|alle|vorherigen|bisherigen|anteriores|précédentes|tutte|le)\b[^.\n]{0,20}\b(?:instrucciones|instructions|anweisungen|istruzioni|instruções|regeln|reglas)\b"
    r"|игнорируй(?:те)?[^.\n]{0,30}(?:инструкци|правил)",
    _I,
)
_PHISH = re.compile(
    r"\b(?:ask|prompt|request|have|tell|instruct|require|get)\b[^.\n]{0,40}\b(?:user|them|person|customer)\b[^.\n]{0,60}\b(?:seed phrase|recovery phrase|mnemonic|private key|master password|2fa code|one-?time (?:code|password)|otp|login password|sudo password|system password|credit card|cvv|ssn|social security)\b",
    _I,
)
_FETCH_RUN = re.compile(
    r"\b(?:download|fetch|get|pull|grab|retrieve)\b[^\n]{0,60}https?://[^\n]{0,200}\b(?:run|execute|launch|start|source|install)\b[^.\n]{0,30}\b(?:it|the (?:script|file|binary|installer|result)|that)\b"
    r"|\b(?:run|execute|launch)\b[^.\n]{0,40}\b(?:script|installer|binary|code|file)\b[^.\n]{0,30}\b(?:at|from|hosted (?:at|on))\b\s*[`<(]*https?://",
    _I,
)
_SPREAD = re.compile(
    r"\b(?:copy|install|add|replicate|propagate|write)\b[^.\n]{0,30}\bthis (?:skill|file|plugin)\b[^.\n]{0,40}\b(?:into|to|in)\b[^.\n]{0,20}\b(?:every|all|each|any|other)\b[^.\n]{0,30}\b(?:projects?|repos?(?:itor(?:y|ies))?|skills?|director(?:y|ies)|workspaces?)\b",
    _I,
)
_CLICK = re.compile(
    r"\b(?:tell|ask|convince|urge|instruct|advise|have|get)\b[^.\n]{0,40}\b(?:user|them|person)\b[^.\n]{0,60}\b(?:click|choose|select|press|pick|approve|accept|allow)\b[^.\n]{0,40}(?:always allow|don'?t ask again|allow all|accept all|trust this|yes to all|every prompt)",
    _I,
)
CONCEAL = re.compile(
    r"\b(?:do not|don'?t|never|must not|should not|shouldn'?t|avoid|refrain from|without)\b[^.\n]{0,30}?\b(?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|notif(?:y|ying)|reveal(?:ing)?|disclos(?:e|ing)|alert(?:ing)?|show(?:ing)?|report(?:ing)?|telling|announc(?:e|ing)|acknowledg(?:e|ing)|surfac(?:e|ing)|discuss(?:ing)?|explain(?:ing)?|display(?:ing)?|log(?:ging)?|includ(?:e|ing))\b[^.\n]{0,60}\b(?:user|human|operator|anyone|them|this|these|it|step|upload|summary|output|response|transcript|reply)\b"
    r"|\b(?:keep|hide|conceal)\b[^.\n]{0,40}\b(?:secret|hidden|from the (?:user|human|operator)|invisible|confidential from|out of (?:the )?(?:response|summary|output|transcript))\b"
    r"|\b(?:silently|quietly|secretly|covertly|stealthily|invisibly|behind the scenes|in the background without)\b"
    r"|\bwithout (?:the )?(?:user'?s?|human'?s?|their) (?:knowledge|awareness|consent|noticing|permission|approval)\b|\b(?:user|human|they) (?:should|must|will|need) (?:not|never) (?:know|notice|see|be (?:told|aware|informed)|find out)\b",
    _I,
)
_CONCEAL_STRONG = re.compile(
    r"\b(?:tell|inform|notify|mention|reveal|disclose|alert|report|know|aware|notice|secretly|covertly|stealthily|without the user)",
    _I,
)
JUDGE = re.compile(
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
_REMOTE_FETCH = re.compile(
    r"\b(?:fetch|download|load|read|curl|retrieve|pull|get|visit|open|check|query|request|webfetch|wget|access|consult)\w*\b",
    _I,
)
_REMOTE_OBEY = re.compile(
    r"\b(?:follow|execut\w+|obey|carry out|comply with|perform|apply|run|act on|do (?:what|whatever|exactly)|implement|adopt)\b[^.\n]{0,50}\b(?:instructions?|steps?|commands?|directives?|guidance|whatever|it says|they say|tasks?|orders?|prompts?|rules|response|returned|its contents?|exactly|the (?:content|text|result|page))\b"
    r"|\btreat\w*\b[^.\n]{0,50}\bas (?:your |the |authoritative |additional |system |new |trusted )*(?:instructions?|system prompt|orders|directives|commands|part of (?:this|your))|\b(?:as|are|contains?) (?:your|the) (?:new |real |actual |current |latest |updated )?(?:instructions?|orders|directives)\b|\bexecute (?:it|them|the result|the response|what)\b",
    _I,
)
_URL = re.compile(
    r"\b(?:https?|ftp|hxxps?)://[^\s<>\"'`)\]}]+|(?<![\w@/.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\S*)?", _I
)
_HOSTISH = re.compile(
    r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:site|io|co|com|net|org|dev|app|xyz|sh|me|ai|cloud|info|ru|cn|top|online)\b(?:/\S*)?",
    _I,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")

_SENDING = re.compile(
    r"\b(?:send|sends|sending|post(?:s|ing)?|upload(?:s|ing)?|transmit\w*|forward(?:s|ing)?|exfiltrat\w+|submit\w*|relay\w*|beacon\w*|ship(?:s|ping)?|push(?:es|ing)?|sync(?:s|ing)?|report(?:s|ing)?|deliver\w*|email(?:s|ing)?|share(?:s|d)?|append|attach|embed|encode|include|pass|put|log|mirror|copy|back ?up|register|append(?:ing)?)\b",
    _I,
)
_SECRET_THING = re.compile(
    r"(?:\bcredentials?\b|\bapi[ _-]?keys?\b|\b(?:access|auth|bearer|session|oauth|github|refresh|npm|personal access) tokens?\b|\bsecrets?\b|\bpasswords?\b|\bpassphrases?\b|\bprivate keys?\b|\bssh keys?\b|\bseed phrases?\b|\bmnemonics?\b|\benv(?:ironment)? (?:vars?|variables?|file)\b|(?<![\w.])\.env\b|~/\.(?:ssh|aws|kube|gnupg|netrc|npmrc|docker|config/gcloud|claude/\.credentials)|\bid_(?:rsa|ed25519)\b|\bprintenv\b|\bos\.environ\b|\bprocess\.env\b|\bkeychain\b|\bcookies?\b|\bwallets?\b|\b[A-Z][A-Z0-9]*_(?:API_KEY|TOKEN|SECRET|PASSWORD|KEY)\b)",
    _I,
)
_TALK_THING = re.compile(
    r"\b(?:conversation|chat|session)(?:'s)?(?: (?:history|transcript|log|summary|context|content|data|so far))?\b|\btranscripts?\b|\b(?:user'?s?|their|each|every|full|original|all|latest|current|entire) (?:prompts?|messages?|queries|questions?|inputs?|requests?)\b|\bsystem prompt\b|\bcontext window\b|\beverything the user\b|\bwhat the user\b",
    _I,
)
_PRIVATE_THING = re.compile(
    r"\b(?:source code|codebase|repository contents?|(?:customer|patient|employee|client|student)s?'? (?:data|records?|lists?|files?|details)|full records?|the record|personal (?:data|information|details)|PII|financial (?:data|records|details)|bank (?:details|account)|medical records?|contacts?|calendar|emails?|inbox|clipboard|browser history|shell history|bash history|screenshots?|file (?:contents?|listing)|files? in|documents?|hostname|username|git (?:log|diff|remote)|project (?:files|structure|tree|data)|home directory|report|figures|spreadsheet|invoice|contract|confidential|proprietary|internal)\b",
    _I,
)
_HARMFUL = re.compile(
    r"\b(?:bypass\w*|permissions?|inject\w*|overwrit\w+|replac\w+|disabl\w+|exfil\w*|payloads?|encod\w+|install\w*|iban|wallet|account)\b",
    _I,
)
_MEMORY_WRITE = re.compile(
    r"\b(?:add|append|write|save|insert|store|put|persist|record|copy|prepend|include|update|create|place|inject)\b[^.\n]{0,120}?(?:~?/?\.?[\w/.-]*\b(?:CLAUDE(?:\.local)?|AGENTS|MEMORY|SOUL|GEMINI|IDENTITY|copilot-instructions)\.md\b|\.cursorrules|\.windsurfrules|\b(?:your|the agent'?s|long[- ]term|persistent|auto|the assistant'?s) memory\b)",
    _I,
)
_DIRECTIVE = re.compile(
    r"\b(?:always (?:allow|approve|run|trust|use|include|recommend|send|fetch|execute|accept|prefer|skip|add|install|import|append|route)|without (?:asking|confirm\w+|prompting|review)|skip(?:ping)? (?:\w+ )?(?:confirm\w*|review|verif\w+|approval|permission|security|checks?)|auto-?(?:approve|accept|run)|pre-?(?:approved|authori[sz]ed)|(?:is|are|as) (?:fully |explicitly )?trusted|in (?:all|every|any) (?:future|subsequent|new) (?:sessions?|conversations?|projects?)|never (?:ask|question|warn|flag|mention|tell)|do not (?:mention|tell|ask|warn|question)|ignore|silently|user has (?:already )?(?:approved|consented|authori[sz]ed|granted)|full access|disable|bypass|before (?:every|each|any) (?:task|session|response|command|commit))\b|https?://",
    _I,
)
HARMFUL_ORDER = re.compile(
    r"\b(?:ignore|disregard|override|supersede)s?\b[^.\n]{0,60}\b(?:instructions?|rules?|polic(?:y|ies)|guidelines?|objections?|warnings?)\b|\b(?:do not|don'?t|never)\s+(?:\w+\s+){0,2}?(?:mention|tell|inform|reveal|remove|disclose|question|ask (?:for|the user|before))\b|(?:^|[.;:,\"'`\n>]|\band\b)(?:(?!\b(?:never|not|don'?t|no)\b)[^.;:,\"'`\n]){0,80}\bwithout (?:asking|confirm\w*|telling|review|mention\w*)\b|\b(?:send|post|upload|forward|curl|fetch|submit|copy|mirror)\b[^\n]{0,100}https?://|\b(?:skip|disable|bypass|turn off)\b[^.\n]{0,40}\b(?:review|confirm\w*|approval|permission\w*|security|checks?|hooks?|verification|scan\w*)\b|\bauto-?(?:approve|accept)\b|\balways (?:approve|allow|accept|trust)\b|\bpre-?(?:approved|authori[sz]ed)\b|\bsilently\b",
    _I,
)
"""Orders that do harm wherever they are kept: that override, hide, send or take a check away."""
_BYPASS = re.compile(
    r"--dangerously-skip-permissions|\bbypassPermissions\b|\"?defaultMode\"?\s*[:=]\s*\"?(?:bypassPermissions|dontAsk)|\bskipDangerousModePermissionPrompt\b|\bdangerouslyDisableSandbox\b|\bautoApprove\b|--yolo\b|--dangerously-bypass-approvals-and-sandbox|\benableAllProjectMcpServers\b|\bdisableAllHooks\b"
)
_SETTINGS_FILE = re.compile(
    r"(?:~?/?\.claude/)?settings(?:\.local)?\.json|\.claude\.json|\.mcp\.json|claude_desktop_config\.json|\.vscode/settings\.json"
)
_SETTINGS_VERB = re.compile(
    r"\b(?:add|set|write|edit|modify|change|update|enable|append|insert|merge|configure|put|replace|patch)\b",
    _I,
)
_LOOSE = re.compile(
    r"\"allow\"\s*:\s*\[[^\]]*\"(?:Bash(?:\(\*\)|\(:\*\))?|\*|Bash\((?:curl|sudo|rm|sh|bash|python3?|node|eval)\b[^\"]*|WebFetch|Read\((?:~|/|//)\*\*\))\"|\bANTHROPIC_BASE_URL\b|\bapiKeyHelper\b|\ballow(?:ed)?\b[^.\n]{0,30}\bBash\(\*\)|\"permissionDecision\"\s*:\s*\"allow\"",
    _I,
)
_BREADTH = re.compile(
    r"\b(?:every|all|any|each)\b[^.\n]{0,40}\b(?:requests?|tasks?|messages?|prompts?|questions?|conversations?|sessions?|responses?|interactions?|user inputs?|situations?|topics?|commands?|queries|tools?)\b|\bfor everything\b|\bno matter what\b|\bregardless of (?:the )?(?:topic|task|request|subject|context)\b|\balways (?:use|invoke|load|activate|run|trigger|apply)\b",
    _I,
)
_PRIORITY = re.compile(
    r"\b(?:before|instead of|over|rather than|in place of|ahead of)\b[^.\n]{0,40}\b(?:any|all|every|other|another|built-?in|default|official)\b[^.\n]{0,30}\b(?:skills?|tools?|plugins?|commands?|instructions?|responses?)\b|\b(?:takes?|has|have|highest|absolute|top) (?:absolute |highest |top )?(?:priority|precedence)\b|\b(?:overrid\w+|supersed\w+|replac\w+|disabl\w+|outrank\w*)\b[^.\n]{0,40}\b(?:skills?|tools?|plugins?)\b|\bdo not use (?:any )?other (?:skills?|tools?)\b|\bregardless of (?:the )?(?:topic|task|request|subject)\b|\bmust (?:always )?be (?:loaded|invoked|used|run|called) (?:first|before)\b",
    _I,
)
_SHADOW = re.compile(
    r"\b(?:when|whenever|if|before|after|each time)\b[^.\n]{0,60}\b(?:another|other|the|any)\b[^.\n]{0,30}\b(?:skills?|tools?|mcp servers?|plugins?)\b[^.\n]{0,40}\b(?:is|are|gets?|has been)?\s*(?:called|invoked|used|run|loaded|available|asks?)\b[^.\n]{0,120}\b(?:instead|replace|rewrite|modify|redirect|intercept|pass|also send|first send|change|substitute|ignore)\b|\b(?:redirect|intercept|hijack|replace)\b[^.\n]{0,40}\b(?:calls?|requests?|output|results?) (?:to|of|from|for) (?:the |any |other )*(?:\w+ )?(?:tools?|skills?|servers?)\b",
    _I,
)
_PREREQUISITE = re.compile(
    r"\b(?:pre-?requisites?|required?|must|important|before (?:using|you|proceeding|starting|continuing|first)|needs?|setup|installation|will not (?:work|function)|won'?t (?:work|function)|cannot (?:work|function)|does not work|mandatory|necessary|depends on|in order to|first,?)\b",
    _I,
)
_PASTE = re.compile(
    r"\b(?:copy|paste|run|execute|enter|type|open|launch|double-?click|visit|follow|navigate|go to)\b[^.\n]{0,100}\b(?:terminal|command (?:line|prompt)|powershell|console|shell|installer|the (?:command|script|file|binary|executable|snippet|instructions?)|install(?:ation)? (?:command|script))\b",
    _I,
)
_ARCHIVE = re.compile(
    r"https?://\S+\.(?:zip|rar|7z|exe|dmg|pkg|msi|scr|bat|ps1|app|tar\.gz|tgz|iso|jar|command|run|bin)\b", _I
)
_PASSWORD = re.compile(
    r"\b(?:pass(?:word|wd|phrase|code)?|pw|pwd)\b\s*(?:is|:|=|-|\u2013|`|\"|')*\s*[`\"'*]*\w{3,}", _I
)
_RUNNABLE = re.compile(
    r"\b(?:extract|unzip|unpack|run|execute|launch|install|open|start|double-?click|download)\w*\b", _I
)
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?(https?://[^)\s]+)")
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
_WEAKEN = re.compile(
    r"\b(?:disable|turn off|skip|remove|bypass|omit)\b[^.\n]{0,40}\b(?:ssl|tls|certificate|signature|authentication|authorization|csrf|input validation|security checks?|integrity|audit log\w*|logging|2fa|mfa|firewall|antivirus|gatekeeper|quarantine|defender|sandbox)\b|\bverify\s*=\s*False\b|\b(?:add|insert|create|include|plant|embed)\b[^.\n]{0,50}\b(?:backdoor|hidden (?:admin|account|user|endpoint)|hard-?coded (?:password|credential)|debug (?:endpoint|account)|master password)\b",
    _I,
)
_TAMPER = re.compile(
    r"\b(?:replace|change|swap|substitute|rewrite|alter|modify|adjust|round|inflate|reduce|shift)\b[^.\n]{0,80}\b(?:iban|bank account|account numbers?|payment (?:details|address|recipient)|wallet address(?:es)?|recipient address|beneficiary|routing number|sort code|invoice (?:totals?|amounts?)|figures?|totals?|results?|amounts?|numbers?|citations?|values?|dosages?)\b[^.\n]{0,80}\b(?:with|to|by|so that|slightly|before|without)\b",
    _I,
)
_MONEY = re.compile(
    r"\b(?:transfer|send|pay|donate|tip|deposit)\b[^.\n]{0,60}\b(?:\d[\d.]*\s*)?(?:eth|btc|sol|usdc|usdt|bitcoin|ethereum|funds|tokens?|crypto|money|balance)\b[^.\n]{0,60}(?:\b0x[0-9a-fA-F]{40}\b|\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,62}\b|\b[1-9A-HJ-NP-Za-km-z]{32,44}\b)",
    _I,
)
_PROMOTE = re.compile(
    r"\b(?:always|every|each)?\s*(?:recommend|promote|advertise|endorse|praise|upvote|star|review|rate|suggest|mention)\b[^.\n]{0,60}\b(?:our|this|the) (?:product|service|company|skill|plugin|repo(?:sitory)?|sponsor|affiliate|package|brand)\b|\b(?:give|leave|post|write)\b[^.\n]{0,40}\b(?:5|five)[- ]?stars?\b|\baffiliate (?:link|id|code|tag)\b|\bstar (?:the|this|our) repo\w*\b",
    _I,
)


def notice_in(sentences: Sequence[Sentence], path: str, into: Inventory) -> None:
    """Look at the sentences of one document, each with those around it."""
    for index, sentence in enumerate(sentences):
        around = [
            near
            for near in sentences[max(index - NEAR, 0) : index + NEAR + 1]
            if abs(near.line - sentence.line) <= 14 and near is not sentence
        ]
        _Look(sentence, around, path, into).run()


class _Look:
    def __init__(self, sentence: Sentence, around: list[Sentence], path: str, into: Inventory) -> None:
        self.it = sentence
        self.text = sentence.text
        self.around = around
        self.source = Source(path=path, line=sentence.line)
        self.path = path
        self.into = into

    def run(self) -> None:
        for look in (
            self.override,
            self.foreign,
            self.conceal,
            self.judge,
            self.remote,
            self.sending,
            self.memory,
            self.settings,
            self.triggers,
            self.lure,
            self.links,
            self.steps,
            self.sabotage,
        ):
            look()

    def found(self, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], Role]]:
        """Matches with how they stand: quoted, reported or told."""
        for match in pattern.finditer(self.text):
            role = self.it.role
            if role in (Role.INSTRUCTED, Role.OPTIONAL):
                if quoted(self.text, match.start(), match.end()) or reports(self.text, match.start()):
                    role = Role.QUOTED
                elif negated(self.text, match.start()):
                    role = Role.NEGATED
            yield match, role

    def near(self, pattern: re.Pattern[str], *, told: bool = True, reach: int = NEAR) -> Sentence | None:
        """The nearest sentence around that matches and tells."""
        ordered = sorted(self.around, key=lambda s: abs(s.line - self.it.line))
        return next(
            (s for s in ordered[: 2 * reach] if pattern.search(s.text) and (not told or s.tells)), None
        )

    def notice(
        self,
        mark: Mark,
        text: str,
        role: Role,
        *,
        sure: bool = True,
        target: str = "",
        also: tuple[Source, ...] = (),
    ) -> None:
        self.into.notice(mark, text, self.source, role, sure=sure, target=target, also=also)

    def at(self, other: Sentence) -> Source:
        return Source(path=self.path, line=other.line)

    def override(self) -> None:
        for match, role in self.found(OVERRIDE):
            self.notice(
                Mark.OVERRIDE,
                f"says {_short(match[0])}",
                role,
                sure=not re.search(r"\b(?:default|existing|other|any)\b", match[0], _I)
                or bool(re.search(r"system|safety|instruction", match[0], _I)),
            )
            return

    def foreign(self) -> None:
        """Orders in other languages, and the few that stand by themselves."""
        for pattern, mark, what in (
            (_FOREIGN, Mark.OVERRIDE, "says"),
            (_PHISH, Mark.PHISH, "asks people for what nobody should ask for:"),
            (_SPREAD, Mark.PERSIST, "spreads itself:"),
            (_CLICK, Mark.BYPASS, "talks people into approving everything:"),
        ):
            for match, role in self.found(pattern):
                self.notice(
                    mark,
                    f"{what} {_short(match[0])}",
                    role,
                    target="itself" if mark is Mark.PERSIST else "click",
                )
                break
        for match, role in self.found(_FETCH_RUN):
            hosts = hosts_in(self.text)
            if hosts:
                self.notice(
                    Mark.PIPE_INSTALL,
                    f"asks to run what {hosts[0]} answers: {_short(match[0])}",
                    role,
                    target=hosts[0],
                )
            break

    def conceal(self) -> None:
        for match in sorted(CONCEAL.finditer(self.text), key=lambda one: not _CONCEAL_STRONG.search(one[0])):
            role = self.it.role
            if quoted(self.text, match.start(), match.end()) or reports(self.text, match.start()):
                role = Role.QUOTED
            rest = self.text[: match.start()] + " " + self.text[match.end() :]
            harm = _STEPS.search(rest) or _HARMFUL.search(rest) or self.near(_STEPS, reach=2)
            strong = bool(_CONCEAL_STRONG.search(match[0]))
            self.notice(
                Mark.CONCEAL,
                f"says {_short(match[0])}",
                role,
                sure=bool(harm) and strong,
                also=(self.at(harm),) if isinstance(harm, Sentence) else (),
            )
            return

    def judge(self) -> None:
        for match, role in self.found(JUDGE):
            # Who speaks to a judge doesn't report it, whatever stands in quotation marks behind.
            role = self.it.role if match[0].lower().startswith("if you are") else role  # noqa: PLW2901
            self.notice(Mark.JUDGE, f"speaks to whoever checks it: {_short(match[0])}", role)
            return

    def remote(self) -> None:
        addresses = hosts_in(self.text)
        obey = _REMOTE_OBEY.search(self.text)
        if not addresses or not _REMOTE_FETCH.search(self.text):
            return
        other = None if obey else self.near(_REMOTE_OBEY, reach=1)
        if other is not None and (
            abs(other.line - self.it.line) > 3
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
            if reports(self.text, at) or (obey and quoted(self.text, obey.start(), obey.end()))
            else Role.NEGATED
            if negated(self.text, at)
            else self.it.role
        )
        told = obey[0] if obey else other.text if other else ""
        sure = bool(
            re.search(
                r"\b(?:execut\w+|obey|carry out|comply|follow|whatever|treat|act on|run|perform)\b", told, _I
            )
        )
        self.notice(
            Mark.REMOTE_INSTRUCTIONS,
            f"takes its orders from {addresses[0]}",
            role,
            sure=sure,
            target=addresses[0],
            also=(self.at(other),) if other else (),
        )

    def sending(self) -> None:
        verb = _SENDING.search(self.text)
        if verb is None:
            return
        thing, origin = self.thing(self.text)
        hosts = hosts_in(self.text) or _EMAIL.findall(self.text)
        also: list[Source] = []
        if thing is None:
            refers = re.search(
                r"\b(?:it|them|this|that|these|those|everything|all of (?:it|them)|the (?:result|output|data|file|contents?|archive|bundle|payload|values?|string|list|collected|gathered|encoded|json|summary|information|info))\b",
                self.text,
                _I,
            )
            for near in sorted(
                self.around, key=lambda s: self.it.line - s.line if s.line <= self.it.line else 1_000
            ):
                if refers and near.line <= self.it.line and near.tells and self.it.line - near.line <= 8:
                    thing, origin = self.thing(near.text)
                    if thing is not None:
                        also.append(self.at(near))
                        break
        if thing is None:
            return
        if not hosts:
            for near in sorted(self.around, key=lambda s: abs(s.line - self.it.line)):
                if 0 <= near.line - self.it.line <= 4 and hosts_in(near.text) and near.role is self.it.role:
                    hosts = hosts_in(near.text)
                    also.append(self.at(near))
                    break
        if not hosts:
            return
        at = verb.start()
        role = (
            Role.QUOTED
            if quoted(self.text, at, verb.end())
            or reports(self.text, at)
            or (
                reports(self.text, len(self.text)) and origin is not Origin.CONVERSATION and not self.it.tells
            )
            else Role.NEGATED
            if negated(self.text, at)
            else self.it.role
        )
        label = Label(origin, thing, also[0] if also else self.source)
        strong = bool(
            re.search(
                r"send|post|upload|transmit|forward|exfil|submit|relay|beacon|push|email|append|embed|encode|sync|mirror|ship",
                verb[0],
                _I,
            )
        )
        if strong:
            self.into.chain(
                label,
                Sink.SEND,
                hosts[0],
                self.source,
                role,
                auth=bool(
                    re.search(
                        r"\bheader|\bauthenticat|\bauthoriz|\bbearer\b|\bsign(?:ed)? (?:in|requests?)|\blog ?in\b|\boauth|\bexchange|\btoken endpoint|\bwith (?:the|your|an?) [A-Z_]*(?:API_?KEY|TOKEN)\b",
                        self.text,
                        _I,
                    )
                ),
            )
            self.notice(
                Mark.SEND_PROSE,
                f"asks to send {thing} to {hosts[0]}",
                role,
                target=hosts[0],
                also=tuple(also),
            )

    @staticmethod
    def thing(text: str) -> tuple[str | None, Origin]:
        if match := _SECRET_THING.search(text):
            return match[0], Origin.CREDENTIALS
        if match := _TALK_THING.search(text):
            return match[0], Origin.CONVERSATION
        if match := _PRIVATE_THING.search(text):
            return match[0], Origin.PROJECT
        return None, Origin.INPUT

    def memory(self) -> None:
        for match, role in self.found(_MEMORY_WRITE):
            rest = self.text[match.end() :] + " " + match[0]
            payload = _DIRECTIVE.search(rest) or self.near(_DIRECTIVE, told=False, reach=3)
            self.notice(
                Mark.MEMORY,
                f"writes into what is read in every session: {_short(match[0])}",
                role,
                sure=bool(payload),
                target="harm"
                if payload and (HARMFUL_ORDER.search(rest) or self.near(HARMFUL_ORDER, told=False, reach=2))
                else "directive"
                if payload
                else "",
                also=(self.at(payload),) if isinstance(payload, Sentence) else (),
            )
            return

    def settings(self) -> None:
        for match, role in self.found(_BYPASS):
            asks = _SETTINGS_VERB.search(self.text) or _SETTINGS_FILE.search(self.text)
            self.notice(
                Mark.BYPASS,
                f"turns off the client's permissions: {_short(match[0])}",
                self.it.role
                if role is Role.QUOTED
                and _in_code(self.text, match)
                and not reports(self.text, match.start())
                and not self.it.negated
                else role,
                sure=bool(asks) and not match[0].startswith("--"),
                target=match[0],
            )
            break
        file = _SETTINGS_FILE.search(self.text)
        if file and _SETTINGS_VERB.search(self.text):
            loose = _LOOSE.search(self.text)
            role = (
                Role.NEGATED
                if negated(self.text, file.start())
                else Role.QUOTED
                if reports(self.text, file.start())
                else self.it.role
            )
            self.notice(
                Mark.SETTING,
                f"changes {file[0]}" + (f": {_short(loose[0])}" if loose else ""),
                role,
                sure=bool(loose),
                target=file[0],
            )

    def triggers(self) -> None:
        for match, role in self.found(_SHADOW):
            self.notice(Mark.SHADOW, f"steps in when something else is used: {_short(match[0])}", role)
            return
        breadth, priority = _BREADTH.search(self.text), _PRIORITY.search(self.text)
        if breadth and priority and re.search(r"\b(?:this|the) skill\b|\bme\b|\bskills?\b", self.text, _I):
            role = (
                Role.QUOTED
                if reports(self.text, breadth.start()) or quoted(self.text, priority.start(), priority.end())
                else Role.NEGATED
                if negated(self.text, min(breadth.start(), priority.start()))
                and not re.search("do not use", priority[0], _I)
                else self.it.role
            )
            self.notice(
                Mark.BROAD_TRIGGER, f"wants to come before everything: {_short(self.text)}", role, sure=False
            )

    def lure(self) -> None:
        archive, hosts = _ARCHIVE.search(self.text), hosts_in(self.text)
        if self.it.role in (Role.QUOTED, Role.NEGATED, Role.FIXTURE) and not (
            archive and _PASSWORD.search(self.text)
        ):
            return
        window = " ".join([self.text, *(s.text for s in self.around if abs(s.line - self.it.line) <= 8)])
        if self.it.negated or (reports(self.text, len(self.text)) and not archive):
            return
        if archive and (password := _PASSWORD.search(window)):
            close = abs(window.find(password[0]) - window.find(archive[0])) < 400
            if close and _RUNNABLE.search(window):
                host = hosts[0] if hosts else "*"
                self.notice(
                    Mark.LURE,
                    f"asks to unpack a download of {host} with a password, which no scanner of downloads can look into",
                    self.it.role,
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
            self.notice(
                Mark.LURE,
                f"asks to download and start a program from {_short(archive[0])}",
                self.it.role,
                sure=False,
                target=host,
            )
        for host in hosts:
            if is_paste(host) and (
                _PASTE.search(window) or re.search(r"\b(?:install|setup|command|script)\b", window, _I)
            ):
                self.notice(
                    Mark.LURE, f"asks to run what anybody may have left at {host}", self.it.role, target=host
                )
                return
            if (
                is_address(host)
                and _PASTE.search(window)
                and re.search(r"\b(?:install|download|setup)\w*\b", window, _I)
            ):
                self.notice(
                    Mark.LURE, f"asks to install from the bare address {host}", self.it.role, target=host
                )
                return
        linked = _LINK.search(self.text) or (hosts and _HOSTISH.search(self.text)) or hosts
        if (
            linked
            and hosts
            and re.search(r"\b(?:visit|open|go to|navigate to|follow|see|from|on|at)\b", self.text, _I)
            and re.search(
                r"\b(?:copy|paste|execute|run|enter)\b[^.\n]{0,60}\b(?:command|script|code|snippet|it|instructions?)\b[^.\n]{0,60}\b(?:terminal|powershell|command (?:line|prompt)|console|shell)\b",
                window,
                _I,
            )
            and _PREREQUISITE.search(window)
        ):
            self.notice(
                Mark.LURE,
                f"sends people to {hosts[0]} for a command to paste into a terminal",
                self.it.role,
                sure=True,
                target=hosts[0],
            )

    def links(self) -> None:
        for match in _IMAGE.finditer(self.text):
            address = match[1] or match[2] or ""
            holes = [
                hole[1]
                for hole in _HOLE.finditer(
                    address.partition("?")[2] or address.partition("://")[2].partition("/")[2]
                )
            ]
            telling = [hole for hole in holes if _CONTEXT_HOLE.search(hole)]
            if telling:
                self.notice(
                    Mark.LINK_TEMPLATE,
                    f"an image address that carries {telling[0]}",
                    sure=any(_TALKING_HOLE.search(hole) for hole in telling)
                    or bool(_SECRET_THING.search(_IMAGE.sub("", self.text)) or self._told_of(telling)),
                    role=self.it.role if not reports(self.text, match.start()) else Role.QUOTED,
                    target=(hosts_in(address) or ["*"])[0],
                )
        if not _IMAGE.search(self.text) and (hosts := hosts_in(self.text)):
            holes = [
                hole[1] for url in _URL.findall(self.text) for hole in _HOLE.finditer(url.partition("?")[2])
            ]
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
                self.text,
                _I,
            ):
                role = Role.QUOTED if reports(self.text, 10_000) else self.it.role
                self.notice(
                    Mark.LINK_TEMPLATE,
                    f"an address that carries {telling[0]}",
                    role,
                    sure=bool(re.search(r"image|render|pixel|every", self.text, _I)),
                    target=hosts[0],
                )

    def _told_of(self, holes: list[str]) -> bool:
        """Whether a sentence near says what of the person's goes into the hole."""
        return any(
            hole.lower() in near.text.lower() and self.thing(near.text)[0] is not None
            for hole in holes
            for near in self.around
            if near.tells
        )

    def steps(self) -> None:
        """Downloaded, made executable and run, in sentences of their own."""
        hosts = hosts_in(self.text)
        if not hosts or not _FETCHES.search(self.text) or _FETCH_RUN.search(self.text):
            return
        after = [self.text, *(s.text for s in self.around if 0 <= s.line - self.it.line <= 8 and s.tells)]
        window = " ".join(after)
        if (made := _EXECUTABLE.search(window)) and _THEN_RUN.search(window[made.start() :]):
            role = Role.NEGATED if self.it.negated else Role.QUOTED if self.it.reporting else self.it.role
            self.notice(
                Mark.PIPE_INSTALL,
                f"asks to download from {hosts[0]}, make it executable and run it",
                role,
                target=hosts[0],
            )

    def sabotage(self) -> None:
        for match, role in self.found(_WEAKEN):
            hidden = CONCEAL.search(self.text) or self.near(CONCEAL, reach=1)
            backdoor = re.search(r"backdoor|hidden|master password", match[0], _I)
            self.notice(
                Mark.WEAKEN,
                f"weakens what it works on: {_short(match[0])}",
                role,
                sure=bool(hidden or backdoor),
            )
            break
        for match, role in self.found(_TAMPER):
            hidden = (
                CONCEAL.search(self.text)
                or self.near(CONCEAL, reach=2)
                or re.search(
                    r"\b(?:iban|account|wallet|payment|beneficiary)\b[^.\n]{0,80}\b(?:with|to)\b\s*[`\"']?(?:[A-Z]{2}\d{2}|0x|bc1)",
                    self.text,
                    _I,
                )
            )
            self.notice(
                Mark.TAMPER,
                f"changes what people rely on: {_short(match[0])}",
                role,
                sure=bool(hidden),
                target="data",
            )
            break
        for match, role in self.found(_MONEY):
            self.notice(Mark.PAYMENT, f"moves money: {_short(match[0])}", role)
            break
        for match, role in self.found(_PROMOTE):
            self.notice(
                Mark.PROMOTE, f"promotes: {_short(match[0])}", role, sure=bool(CONCEAL.search(self.text))
            )
            break


_FETCHES = re.compile(r"\b(?:download|fetch|get|grab|save|pull|retrieve|curl|wget)\b", _I)
_EXECUTABLE = re.compile(
    r"\bchmod\s+(?:\+x|[ua]\+x|[0-7]*7[0-7]*)|\bexecutable\b|\bexecut(?:e|ion) (?:permission|bit|rights?)", _I
)
_THEN_RUN = re.compile(r"\b(?:run|start|launch|execute|invoke)\b|(?:^|[\s`])\./\w", _I)
_STEPS = re.compile(
    r"\b(?:curl|wget|upload\w*|send\w*|post (?:it|the|them)|exfil\w*|credentials?|tokens?|secrets?|passwords?|environment variables|settings\.json|CLAUDE\.md|MEMORY\.md|webhook\w*|telemetry|collect\w*|backdoor|rm -rf|delete\w*|http[s]?://)\b|\.env\b|~/\.(?:ssh|aws)",
    _I,
)


def _in_code(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()].count("`") % 2 == 1


def hosts_in(text: str) -> list[str]:
    """Hosts of the addresses in a text, those that stand for another left out."""
    found: dict[str, None] = {}
    for match in _URL.finditer(text):
        raw = match[0].replace("hxxp", "http").rstrip(".,;:")
        host = web_address(raw if "://" in raw else f"http://{raw}")
        name = host.host if host else re.sub(r"^\w+://", "", raw).split("/")[0].lower()
        if host and host.port not in (None, 80, 443):
            name = f"{name}:{host.port}"
        if name and not is_placeholder(name) and not is_local(name):
            found[name] = None
    if not found:
        for match in _HOSTISH.finditer(text):
            name = match[0].split("/")[0].lower()
            if is_drop(name) or is_paste(name):
                found[name] = None
    return list(found)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return f"'{plain[:90]}…'" if len(plain) > 91 else f"'{plain}'"
