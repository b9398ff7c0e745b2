"""What people call a thing without naming it, and the same in other languages: ideas that frames of orders are made of.

An idea is a class of wordings for one thing. A frame wants several of them near each other, so a wider class costs little: what is
said of a login matters only where it is handed to somebody.
"""

import re

from bailiwick.analysis.text.form import Form

_I = re.IGNORECASE
_THINGS = r"(?:whatever|what|anything|everything|whichever|all that|values?|strings?|files?|data|lines?|entries|material|details|bits|things?|words?|codes?|settings?|stuff|pieces?|items?|one)"
_ENTRY = r"(?:(?:signs?|signed|signing|logs?|logged|logging|gets?|getting|lets?|letting|got|gain\w*)\b[^.\n]{0,30}\b(?:in|on|into|access|inside)\b|authenticat\w+|authori[sz]es?\b|unlock\w*|(?:proves?|shows?) who\b|identif(?:y|ies) (?:it|them|him|her|themselves|itself)\b|opens? (?:the|their|an?) (?:account|vault|database|server|door))"
_HOLDER = r"(?:browser|system|machine|computer|password manager|key ?ring|terminal|editor|client|shell)"

LOGINS = Form(
    rf"\b{_THINGS}\b[^.\n]{{0,50}}\b{_ENTRY}"
    rf"|\b(?:variables?|values|names|settings)\b[^.\n]{{0,25}}\b(?:shell|process|session|terminal|client|container|program)\b[^.\n]{{0,20}}\b(?:start\w*|launched|runs?|running|inherit\w*|(?:was|were|is) (?:given|born)|came up|lives?)\b|\b(?:exported|inherited) (?:variables|values)\b|\benvironment of (?:this|the|its) (?:shell|process|session)\b|\b(?:process|shell|whole|full|complete|entire)(?:'s)? environment\b"
    rf"|\b(?:ssh|gpg|pgp|aws|gcloud|azure|kube\w*|gnupg) (?:folder|directory|files?|material|identity|config\w*)\b|\b(?:cloud|npm|pypi|docker|git|registry|package manager|database|vpn|github|gitlab|mail|bank)(?:'s)? (?:\w+ )?(?:log-?ins?|sign-?ins?|credentials?|auth\w*|passwords?|pass ?phrases?|keys?|secrets?)\b"
    rf"|\b{_HOLDER} (?:has|have|had|keeps?|holds?|has been asked to)\b[^.\n]{{0,12}}\b(?:stored?|saved?|remember\w*|kept|keeps?|for (?:signing|logging))\b|\b(?:stored|saved|remembered|kept) (?:in|by) (?:the|their|its) {_HOLDER}\b"
    r"|\b(?:repository|publish\w*|bot|user'?s?|account|service|client|ci|build|cluster|db|admin|root|private|secret|deploy\w*) (?:api )?(?:tokens?|keys?|secrets?|credentials?|passwords?)\b|\bregistry (?:log-?ins?|tokens?|credentials?|passwords?)\b|\bseed (?:words?|phrases?)\b|\bcookie jars?\b|\bpasswords? (?:export|as csv|list)\b|\bvault as\b|\bexport(?:ed|s)? (?:the |of the )?vault\b|\bcredential (?:store|helper)\b|\bsecurity credentials\b"
    r"|\b(?:kubectl config view|aws configure (?:export|get|list)\w*|aws sts get-session-token|gcloud auth print\S*|gh auth (?:token|status)|security find-\S+|pass show|vault (?:kv|read)|op read|az account get-access-token|git credential (?:fill|get)|heroku auth:token|npm token|docker secret|ssh-add -L|gpg --export-secret\S*)\b|`(?:env|printenv|set|export -p|declare -x)`"
    rf"|\b(?:log-?in|sign-?in|access|account)[- ](?:bearing|granting|giving)\b|\b(?:keys|pass ?phrases?|credentials?) (?:to|of|for) (?:the|their|your|a) (?:account|server|kingdom|cloud|cluster|database|house|wallet|production)\b"
    rf"|\b(?:hidden|dot)[- ]?(?:folders?|director(?:y|ies)|files?)\b[^.\n]{{0,40}}\bhome\b|\b(?:recovery|backup|one-?time|2fa|mfa) codes?\b|\b(?:deploy|signing|master|host|root|service) keys?\b|\bsession (?:ids?|cookies?)\b"
    # German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian, Chinese, Japanese, Korean
    rf"|\b(?:zugangs|anmelde|login)daten\b|\bpassw(?:ort|örter)\w*|\bkennw(?:ort|örter)\w*|\b(?:geheim|zugriffs|api-?)schlüssel\w*|\bidentifiants?\b|\bmots? de passe\b|\bclés? (?:privées?|d'accès|ssh|d'api)\b|\bcontraseñas?\b|\bcredencia(?:les|is)\b|\bclaves? (?:privadas?|de acceso|de api|ssh)\b|\bsenhas?\b|\bchaves? (?:privadas?|de acesso|de api|ssh)\b|\bcredenziali\b|\bparol[ae] d'(?:accesso|ordine)\b|\bchiavi? (?:privat[ae]|di accesso|ssh|api)\b|\b(?:inlog|toegangs)gegevens\b|\bwachtwoord\w*|\bhas(?:ło|ła|eł)\b|\bdane (?:logowania|dostępowe)\b"
    r"|парол(?:ь|и|ей|я)|уч[её]тн\w+ данн\w+|ключ\w* доступа|приватн\w+ ключ\w*|密码|口令|凭证|凭据|密钥|私钥|登录信息|パスワード|認証情報|資格情報|秘密鍵|ログイン情報|비밀번호|자격 ?증명|인증 ?정보|개인 ?키",
    _I,
)
"""What lets somebody in, by what it is for, where it lies, or what it is called elsewhere."""

TALKED = Form(
    r"\b(?:person|user|customer|human|visitor|client)(?:'s|s')? (?:(?:last|latest|recent|first|own|previous|few|three|two|five|\d+) )*(?:messages?|questions?|requests?|prompts?|words|inputs?)\b|\b(?:everything|all|whatever|anything) (?:that )?(?:was|is|has been|had been|gets|got) (?:\w+ )?(?:discussed|said|asked|typed|written|talked|decided)\b|\bwhat (?:was|is|has been|had been) (?:asked|said|typed|requested|wanted|discussed)\b"
    r"|\b(?:wording|text|words|contents?|substance|drift) of (?:the|their|each|every|this)\b[^.\n]{0,20}\b(?:questions?|requests?|prompts?|messages?|answers?|repl(?:y|ies)|conversation)\b|\b(?:the|a|each) (?:person|user|customer|human|visitor|client)(?:'s)? (?:question|request|prompt|message|words|task|answer)s?\b|\bwhat (?:was|has been|is being) (?:said|asked|discussed|talked about|typed|written) (?:here|so far|in this (?:session|chat|conversation))\b|\bwhat (?:the |a )?(?:person|user|people|they)\b[^.\n]{0,12}\b(?:told|said|asked|typed|wrote|wants?|shared)\b|\b(?:exchange|dialog(?:ue)?|back-and-forth) (?:so far|up to (?:here|now))\b|\bquestion and (?:your |the )?(?:answer|reply)\b"
    r"|\bgesprächs?(?:verlauf)?\b|\bunterhaltung\b|\bl'échange\b|\bla conversation\b|\bla conversación\b|\ba conversa\b|\bla conversazione\b|\bhet gesprek\b|разговор|переписк|对话|聊天记录|会話|대화",
    _I,
)
"""What was said, described."""

PERSONAL = Form(
    r"\b(?:address book|contact list|phone ?book|(?:terminal|shell|command|browsing|browser|search) history|clipboard|(?:pictures?|shots?|images?|capture) of the (?:\w+ )?(?:desktop|screen)|screen ?shots? of the (?:\w+ )?(?:desktop|screen)|keystrokes?|(?:customer|patient|employee|client|member|user|student) (?:lists?|records?|tables?|rows|data|files?)|(?:dump|export|copy) of the (?:\w+ )?(?:tables?|database|data ?base|rows)|(?:first|real|production|all) rows|production data|names, (?:numbers|phone|mail)\w*)\b",
    _I,
)
"""What belongs to people, and isn't a login."""

GIVES = Form(
    r"\b(?:send|sent|sends|sending|wr(?:ite|ites|iting|itten|ote)|verif\w+|validat\w+|post\w*|put|puts|putting|push\w*|submit\w*|upload\w*|transmit\w*|forward\w*|relay\w*|pass(?:ed|es|ing)?|hand(?:ed|s|ing)?|deliver\w*|report\w*|mirror\w*|cop(?:y|ies|ied|ying)|sync\w*|replicat\w+|back(?:ed|s|ing)? up|stor(?:e|es|ed|ing)|deposit\w*|drop(?:ped|s|ping)?|regist\w+|record\w*|stream\w*|feed\w*|fed|attach\w*|append\w*|embed\w*|tack\w*|carr(?:y|ies|ied)|plac\w+|publish\w*|shar(?:e|es|ed|ing)|mail\w*|e-?mail\w*|ping\w*|supply|supplies|supplied|provid\w+|giv(?:e|es|en|ing)|present\w*|ship\w*|park\w*|leav(?:e|es|ing)|left|dump\w*|emit\w*|export\w*|goes|go|travels?|ends? up|taken along|part of|return\w*|contribut\w+|lodge\w*|route\w*|li(?:ve|ves|ved)|resid\w+|kept|moves?|moved|finds? (?:its|their) way|match(?:ed)?|introduc\w+|leaves? for|announce\w*|offer\w*|file[sd]?)\b"
    r"|\b(?:send(?:e|en|et|est)|schick\w*|übermitt\w+|übertrag\w+|hochlad\w*|lade|leite|reiche?)\b|\b(?:envo[iy]|transme|téléverse|expédi|dépose|achemin)\w*|\b(?:env[ií](?:a|as|ar|e|es|o|alas?|alos?|arlas?|arlos?)|m[aá]nda(?:r|las?|los?)?|s[uú]be(?:las?|los?)?|subir|transmit[aei]\w*|entreg\w+|remit[aei]\w*)\b|\b(?:invi(?:a|are|alo|ali|ale)|caric(?:a|are|alo)|trasmett\w+|inoltr\w+|consegn\w+)\b|\b(?:stuur|verzend|verstuur|geef)\w*|\b(?:wyślij|prześlij|wysyłaj|przekaż)\w*|отправ\w+|перешл\w+|загруз\w+|переда\w+|发送|上传|传到|提交|发到|送信|アップロード|送って|送る|보내|전송|업로드",
    _I,
)
"""Handing over, in whatever way."""

HUSHED = Form(
    r"\bohne (?:es |das |dies |ihn |sie )?(?:\w+ )?(?:zu (?:sagen|erwähnen|melden|fragen|informieren)|darauf hinzuweisen)\b|\b(?:nicht|nirgends|nie) (?:zu )?(?:erwähn|nenn|bericht|mitteil|verrat|sag)\w*|\berwähne?\b[^.\n]{0,40}\bnicht\b|\bverschweig\w*|\bkein wort (?:davon|darüber)\b|\bstillschweigend\b|\bsans (?:en parler|le dire|le mentionner|prévenir|l'avertir|le signaler)\b|\bne (?:le |la |les |l')?(?:mentionne|dis|signale|parle)\w*\b[^.\n]{0,12}\b(?:pas|jamais|rien)\b|\bpass\w* (?:cela |ceci )?sous silence\b|\bsin (?:decir|avisar|mencionar|informar)\w*|\bno (?:hace falta|es necesario|hay que) (?:decir|avisar|mencionar|informar)\w*|\bno (?:lo |se lo |le )?(?:menciones|digas|comentes|informes|avises)\b|\bsem (?:dizer|avisar|mencionar|informar)\b|\bnão (?:o |a )?(?:mencione|diga|avise|informe|comente)\w*|\bsenza (?:dir|avvisar|menzionar|informar)\w*|\bnon (?:lo |la )?(?:menzionare|dire|dirlo|citare|informare|avvisare)\b|\bzonder (?:het )?(?:te (?:zeggen|vermelden|melden))\b|\b(?:vermeld|noem|zeg|meld)\w*\b[^.\n]{0,30}\bniet\b|\bnie (?:wspominaj|mów|informuj)\b|не (?:упомина|говори|сообща|рассказыва)\w*|不要(?:告诉|提|说|通知|让)|(?:无需|不必|无须|不用)(?:告知|说明|提及|告诉|通知)|(?:言わない|伝えない|知らせない|触れない|報告しない|言及しない)|(?:말하지|언급하지|알리지|보고하지)",
    _I,
)
"""Silence, in other languages than English."""

GOVERNS = Form(
    r"\b(?:ranks?|stands?|comes?|goes|is placed|sits?|counts?|weighs?) (?:above|over|before|ahead of|higher than|more than) (?:this|these|what|anything|the (?:steps|text|file|rest)|whatever)\b|\b(?:outranks?|overrules?|supersedes?|overrides?|trumps?|beats|wins? (?:over|against)|displaces?)\b[^.\n]{0,20}\b(?:this|these|what|the) (?:file|page|text|copy|steps?|lines?|document|notes?|skill|stands|is written)\b"
    r"|\b(?:this|these|the present) (?:file|page|text|copy|notes?|steps?|lines?|document|skill)\b[^.\n]{0,15}\b(?:yields?|gives? way|defers?|steps? back|comes? second|is secondary|loses?|bows?)\b|\bwhat (?:it|that page|the page|stands there) says\b[^.\n]{0,10}\b(?:goes|counts|holds|applies|is done)\b|\b(?:page|file|document|text|site|address|it|that)\b[^.\n]{0,30}\b(?:is|are|holds?|has|have|gives?|carries)\b[^.\n]{0,20}\b(?:real|actual|true|proper|binding) (?:procedure|steps?|instructions?|rules|routine|playbook|process|orders|text)\b|"
    r"\b(?:page|file|document|text|list|it|they|that one|site|copy|version|address|wiki|sheet|note)\b[^.\n]{0,25}\b(?:has|have|takes?|gets?|is given|carries) (?:the )?(?:priority|precedence|last word|final (?:say|word)|say|upper hand)\b"
    r"|\b(?:where|if|should|when) (?:the two|they|both|it and this|these)\b[^.\n]{0,25}\b(?:differ|disagree|conflict|clash|diverge)\w*\b"
    r"|\b(?:it|the page|that page|the document|they|what (?:stands|is) there)\b[^.\n]{0,12}\b(?:also |alone )?(?:decides?|settles?|determines?|governs?|rules?|says?|tells? you)\b[^.\n]{0,12}\b(?:which|what|whether|how)\b[^.\n]{0,50}\b(?:commands?|run|start\w*|allowed|permitted|fine|questions?|skip\w*|left out|ask\w*|confirm\w*|approv\w*|done|do)\b"
    r"|\b(?:go|work|act|proceed|move) (?:by|along) (?:them|it|those|that|what (?:it|they|the page))\b|\b(?:instead|in place|ahead|in lieu) of\b[^.\n]{0,8}\b(?:what (?:stands|is (?:written|said)|follows)|the (?:steps|text|lines|rules|rest))\b[^.\n]{0,12}\b(?:below|here|above|in this|of this)\b"
    r"|\b(?:this|the present) (?:file|page|text|skill|copy) is (?:only |just |merely |no more than )(?:an? )?(?:stub|pointer|placeholder|shell|wrapper|outline|fallback|bootstrap|doorway|signpost|cache)\b"
    r"|\b(?:procedure|steps|instructions|rules|guidance|routine|orders|playbook) (?:proper|in force|that (?:counts?|appl(?:y|ies)|holds?))\b|\b(?:counts|applies|holds|stands) as if (?:it|they) (?:were|stood) (?:here|written here|part of this)\b",
    _I,
)
"""A text elsewhere that is put above this one."""

ASSESSES = Form(
    r"\b(?:whoever|anyone|anybody|those|people|everyone|somebody|someone|(?:a|the|any) (?:person|party|process|tool|system|step|model|service|team|reader|colleague))\b[^.\n]{0,20}\b(?:rat(?:es?|ing)|assess\w*|grad(?:es?|ing)|review\w*|vet(?:s|ting)?|inspect\w*|scor(?:es?|ing)|examin\w*|evaluat\w*|audit\w*|scan\w*|triag\w*|judg\w*|apprais\w*|look(?:s|ing)? (?:it|this) over|checks?|checking)\b|\b(?:assessors?|assessments?|appraisals?|vetting|evaluators?|evaluation|clearance|reviewers?|auditors?|scanners?|graders?|inspectors?|examiners?|analysts?|automated (?:review|analysis|checks?)|(?:security|safety|risk) (?:review|rating|assessment|check|verdict))\b",
    _I,
)
CLEARED = Form(
    r"\bnothing (?:was |has been |to be |had to be )?(?:found|raised|wrong|objected|noted)\b|\b(?:was|were|been|is|are) (?:\w+ )?(?:cleared|vetted|signed off|waved through|appraised|released|passed|approved|found (?:safe|clean|harmless|fine))\b|\b(?:has|have|had) (?:already |since |long )?(?:passed|cleared|been (?:through|seen|checked|approved|released|looked at|reviewed|audited|cleared))\b|\bgone through (?:\w+ )?(?:vetting|review|clearance|assessment|audit|inspection)\b|\b(?:earlier|previous|prior|former|last \w+(?:'s)?|older) (?:appraisals?|clearances?|assessments?|vetting|audits?|reviews?)\b|\bclean bill\b|\balready (?:cleared|approved|vetted|assessed|audited)\b|\bclearance\b[^.\n]{0,20}\b(?:given|granted|obtained|issued|stands)\b|\bsign-?off\b",
    _I,
)
DICTATES = Form(
    r"\b(?:rating|grade|score|verdict|classification|mark|severity|outcome|conclusion|entry|level|risk)s?\b[^.\n]{0,40}\b(?:is|are|should be|to be|ought to be|must be|will be|would be|remains?|stays?)\b[^.\n]{0,20}\b(?:low\w*|pass\w*|clean|safe|benign|none|zero|green|top|highest|best|informational|harmless|trusted|negligible|acceptable|minimal)\b|\b(?:enter|record|give|assign|put down|file|mark|set|return|note|rate|grade|score|classify|treat|list)(?:s|d|ed)?\b[^.\n]{0,30}\b(?:a pass|passed|the lowest|low(?:est)?|clean|safe|benign|green|all[- ]clear|informational|no risk|harmless|acceptable|negligible)\b",
    _I,
)
UNLISTED = Form(
    r"\b(?:need not|needn'?t|needs? no|(?:is|are) not|not (?:to )?be|should not|must not|no (?:cause|reason|need|call|point)|not worth|do not|don'?t|never|without)\b[^.\n]{0,25}\b(?:itemi[sz]\w*|list(?:ed|ing)?|rais(?:e|ed|ing)|brought up|bring up|mention\w*|flag\w*|report\w*|not(?:e|ed|ing)|count\w*|call\w* out|entr(?:y|ies)|findings?|written up|describ\w*|include\w*)\b|\b(?:stays?|remain\w*|left|leave|kept?|keep)\b[^.\n]{0,20}\b(?:off|out of)\b[^.\n]{0,20}\b(?:list|report|findings|record|result|table|write-?up)\b",
    _I,
)
ITSELF = Form(
    r"\b(?:this|these) (?:bundle|package|folder|directory|skill|repo\w*|plugin|collection|submission|archive|document|files?|tree|module|set|contents?|material|scripts?)\b|\b(?:contents?|files?|scripts?|material) (?:of|in) (?:this|the) \w+|\b(?:everything|all|what stands) (?:here|in here|below)\b|\bthe (?:skill|package|bundle|plugin|folder)\b",
    _I,
)
"""What a text for whoever checks a skill is made of: it speaks of checking, of this package, and of what is to be concluded."""

_MODEL = r"(?:model|api|assistant|claude|anthropic|client|llm|agent)(?:'s)?"
REROUTED = Form(
    rf"\b(?:address|base|url|endpoint|host|gateway|server)\b[^.\n]{{0,30}}\b{_MODEL}\b[^.\n]{{0,60}}\b(?:settings?|config\w*|environment|preferences|variable)\b|\b(?:settings?|config\w*|environment|preferences|variable)\b[^.\n]{{0,90}}\b(?:address|base|url|endpoint|host|gateway|server)\b[^.\n]{{0,30}}\b{_MODEL}\b|\b(?:settings?|config\w*|environment|preferences)\b[^.\n]{{0,90}}\b{_MODEL}\b[^.\n]{{0,30}}\b(?:address|base|url|endpoint|host|gateway|server)\b"
    rf"|\b(?:requests?|calls|traffic|prompts?|talk|everything)\b[^.\n]{{0,25}}\b(?:to|for|of|from|with|between)\b[^.\n]{{0,15}}\b{_MODEL}\b[^.\n]{{0,40}}\b(?:travels?|go|goes|pass(?:es)?|runs?|routed?|sent|flows?|prox(?:y|ied)|tunnel\w*|led|leads?)\b[^.\n]{{0,25}}\b(?:through|via|by way of|over|across|by)\b"
    rf"|\b(?:point|aim|direct|switch|lead|route|steer)\b[^.\n]{{0,15}}\b{_MODEL}\b[^.\n]{{0,30}}\b(?:at|to|towards|through|via|over)\b",
    _I,
)
"""What is asked of the model, sent by way of somebody."""

HOOKED = Form(
    r"\bhooks?\b[^.\n]{0,120}\b(?:bash|sh|zsh|python3?|node|shell|interpreter|runs?|executes?|starts?|pipes?|loads?|fetch\w*|downloads?)\b|\b(?:bash|sh|python3?|node|command|script)\b[^.\n]{0,80}\b(?:as|into|in) (?:a|the|an) (?:\w+ ){0,3}hooks?\b",
    _I,
)

OF_THE_CLIENT = Form(
    r"\b(?:sessions?|tool calls?|each prompt|every prompt|claude|settings\.json|the client|the assistant|the agent|SessionStart|PreToolUse|PostToolUse|UserPromptSubmit)\b",
    _I,
)
"""A hook of the client, and not one of git."""

READS = Form(
    r"\b(?:go|goes|going|look|looks|read|reads|sift|comb|search|skim|work|scan|collect|gather|pull|open|take in|walk|start with|review|check)\w*\b[^.\n]{0,50}\b(?:mail(?:box|s)?|inbox|e-?mails?|chats?|messages|calendar|shared drive|drive|tickets|private|direct messages|correspondence|threads|documents|crm|customer|notes|contacts|workspace|internal|everything (?:the|they|you))\b",
    _I,
)
OBEYS = Form(
    r"\b(?:if|when|whenever|where|should)\b[^.\n]{0,50}\b(?:asks?|requests?|wants?|tells?|instructs?|demands?|calls? for|wishes)\b[^.\n]{0,70}\b(?:do (?:it|so|that|this)|carry (?:it|that) out|act|handle it|comply|see to it|take care of it|go ahead|fulfil\w*|settle it)\b|\b(?:act on|carry out|fulfil\w*|handle|honou?r|comply with|do|obey|execute|follow|complete|grant|perform|settle|answer|see to|take care of|work through|deal with)\b[^.\n]{0,25}\b(?:requests?|asks|instructions?|orders|wishes|tasks?|to-?dos?|errands|demands|actions?)\b[^.\n]{0,60}\b(?:found|in (?:it|them|there|what|those)|contain\w*|you (?:find|come across|meet|read|see)|they (?:make|hold|contain|mention)|messages?|mails?|documents?|threads?|turn(?:s|ed)? up|come up|appear\w*|mention\w*|raised)\b|\b(?:requests?|asks|instructions?|orders|wishes|tasks?|to-?dos?|errands|demands)\b[^.\n]{0,50}\b(?:found|in (?:it|them|there|what|those|the (?:mails?|messages|threads|documents|notes))|turn(?:s|ed)? up|come up|appear\w*|you (?:find|meet|see|come across))\b[^.\n]{0,50}\b(?:(?:is|are|gets?) (?:\w+ )?(?:done|carried out|met|fulfilled|handled|settled|granted|honou?red|executed|dealt with|completed)|act on|do (?:it|them))\b",
    _I,
)
SHOWN_TO_ALL = Form(
    r"\banyone (?:with|who has|can|may)\b|\beverybody can\b|\b(?:public|publicly|outsiders?|outside (?:the )?(?:company|organi[sz]ation|team|house)|world-readable|externally)\b|\bopen (?:to|for) (?:all|everybody|everyone|anyone|the web|the internet|readers|visitors|guests)\b|\bon the (?:open |public )?(?:web|internet|website|blog|forum|status page)\b|\bexternal (?:partners?|people|readers|viewers|parties|guests|channel)\b|\b(?:visitors|community|customers|guests) (?:can|may) (?:read|see|open)\b",
    _I,
)
UNASKED = Form(
    r"\b(?:nobody|no one|none) (?:needs?|has|is) to (?:be asked|confirm|approve|agree|see)\b|\b(?:without|no need (?:for|of|to)|no|never|don'?t|do not|not)\b[^.\n]{0,20}\b(?:ask\w*|confirm\w*|approval|questions?|consent|check(?:ing)? (?:back|in)|sign-?off|wait\w*|paus\w+|stop(?:ping)?)\b|\b(?:right away|straight away|at once|immediately|on your own|by yourself|unasked|skip (?:the )?confirm\w*|in one go|as a matter of course)\b",
    _I,
)
"""Three legs that may not meet (private data, others' wishes, outsiders), and that nobody is asked."""

CONTENT = Form(
    r"\b(?:figures?|contents?|notes?|findings|summary|numbers|rows|values|answers?|excerpts?|passages?|sentences|paragraphs?|source code|wording|clauses|amounts?|diagnos[ie]s|digest|gist|totals?|names and \w+|key points|main points)\b",
    _I,
)
"""What a text that is worked on holds."""

SHOWN = Form(
    r"\b(?:images?|pictures?|pixels?|badges?|icons?|logos?|banners?|footnotes?|source (?:notes?|lines?)|thumbnails?|fonts?)\b|!\[|\b(?:percent|url)[- ]?encod\w+|\bbase64\w*|\bencoded\b|\bin (?:the|its) (?:query|fragment|path)\b|\?\w+=",
    _I,
)
"""An address that is opened by whoever shows the answer, or that has something written into it."""

CARRIED = Form(
    r"\b(?:made (?:up )?of|set to|hold(?:s|ing)?|contain(?:s|ing)?|fill\w*(?: it| them| this| that)? with|carr(?:y|ies|ying)|whose|preceded by|followed by|consist\w* of|plus|replaced by|stands? for|is the|are the|takes? the|tacked on\w*|appended|added|attached|behind|after it|in (?:the|its) (?:form|first|last|query|address|path|name|subject|title|header|fragment|parameter|field)|end(?:s|ing)? (?:of|in|with)|encoded|percent-encod\w+|base64\w*|hex\w*)\b",
    _I,
)
CARRIER = Form(
    r"\b(?:quer(?:y|ies)|search(?:es)?|look(?:s|ed)? up|lookups?|resolv\w+|nslookup|dig|names?|sub-?domains?|headers?|fields?|forms?|parameters?|address(?:es)?|urls?|links?|images?|pictures?|pixels?|badges?|icons?|fonts?|style ?sheets?|scripts?|footnotes?|sources?|references?|user[- ]agent|cookies?|paths?|fragments?|fetch\w*|load\w*|open\w*|visit\w*|get|request\w*|ping\w*)\b",
    _I,
)
"""An address, a name or a request that has room for something, and that something is put there."""

SPOTS = Form(
    r"\b(?:public(?:ly)?|open|world-readable|shared|synchroni[sz]ed|synced|company-wide|common|team)\b[^.\n]{0,25}\b(?:repo\w*|gists?|issues?|pastes?|buckets?|pages?|channels?|boards?|wiki|packages?|releases?|artifacts?|drives?|folders?|director(?:y|ies)|documents?|sheets?|spaces?|threads?|comments?)\b|\b(?:repo\w*|gists?|buckets?|pages?|channels?|boards?|wiki|artifacts?|drives?|folders?|director(?:y|ies)|documents?|sheets?)\b[^.\n]{0,20}\b(?:that|which|is|are)\b[^.\n]{0,15}\b(?:public|shared|synchroni[sz]ed|synced|open|visible|readable|served|published)\b|\bpastebin\b|\b(?:build|ci|job) logs?\b|\bpull requests?\b|\bcommit messages?\b|\bissue tracker\b",
    _I,
)
"""Places that others read."""

UNSEEN_COPY = Form(
    r"\b(?:bcc|blind (?:carbon )?cop\w+|hidden (?:cop\w+|recipients?|guests?)|(?:recipient|guest|addressee|attendee|copy|participant|member)s?\b[^.\n]{0,30}\b(?:not|never|isn'?t|aren'?t)\b[^.\n]{0,12}\b(?:displayed|shown|visible|listed|seen)|undisclosed|invisibl[ey])\b",
    _I,
)

WISHED = Form(
    r"\b(?:only )?(?:if|when|where|once|unless) (?:the |your )?(?:users?|persons?|people|they|you|owner|client|author)\b[^.\n]{0,30}\b(?:wants?|wishes|wish|agrees?|says? (?:yes|so)|confirms?|approves?|chooses?|opts? in|declines?|refuses?)\b|\bif (?:wanted|wished|agreed)\b|\bwith (?:their|the (?:user|person)'s) (?:consent|permission|agreement)\b",
    _I,
)
"""Somebody is asked first."""
LOOSER = Form(
    r"\b(?:may|can|is allowed to|are allowed to|allowed to|might|lets? \w+) (?:do|run|use|call|start|execute)\b[^.\n]{0,20}\bwithout (?:a |any |further )?(?:question|asking|being asked|confirm\w*|prompt\w*|consent|approval)\b[^.\n]{0,90}\b(?:any|every|all|each|whatever|everything|anything)\b[^.\n]{0,20}(?:\b(?:commands?|tools?|calls?|shell|programs?)\b|$)|\b(?:every|each|any|all) (?:\w+ )?(?:calls?|tool uses?|questions?|requests?)\b[^.\n]{0,80}\b(?:answer\w*|return\w*|prints?|says?|gives?|repl(?:y|ies))\b[^.\n]{0,20}\b(?:approv\w+|allow\w*|yes|consent|granted)\b",
    _I,
)
SETS = Form(
    r"\b(?:add|put|set|write|writ\w+|enter|extend|widen|register|include|edit|change|configure|append|insert|install|make|update|create|enable)\w*\b",
    _I,
)
CLIENT_SETTINGS = Form(r"\b(?:settings?|config\w*|preferences|permissions?|allow-?list|hooks?)\b", _I)

STARTS = Form(
    r"\b(?:files?|scripts?|profiles?)\b[^.\n]{0,20}\b(?:shell|terminal|system|session|machine|computer)\b[^.\n]{0,25}\b(?:reads?|runs?|loads?|sources?|executes?|goes through)\b[^.\n]{0,20}\b(?:start|log|open|boot|launch|begin)\w*|\bstart-?up (?:file|script|item)s?\b|\brc[- ]?files?\b|\.(?:bashrc|zshrc|profile|bash_profile|zprofile)\b|\bcrontab\b|\bcron jobs?\b|\blog-?in items?\b|\blaunch ?agents?\b|\bscheduled tasks?\b|\bautostart\b|\b(?:every|each|any) (?:time|new)\b[^.\n]{0,20}\b(?:shell|terminal|log-?in|boot)\b",
    _I,
)
RUNS = Form(
    r"\b(?:run|runs|running|execut\w+|start\w*|eval\w*|sourc\w+|pipe\w*|hands? it|hand(?:s|ed)? to|feed\w*|bash|sh|zsh|python3?|the shell|an interpreter)\b",
    _I,
)
DISGUISED = Form(
    r"\b(?:word|phrase|call|label|title|describe|name|present|pass|dress)\w*\b[^.\n]{0,40}\b(?:commit|change|pull request|it|this|that|them|diff)\b[^.\n]{0,30}\b(?:as|off as|up as)\b[^.\n]{0,25}\b(?:clean-?up|refactor\w*|chore|formatting|typos?|minor|routine|housekeeping|docs|documentation|style|tidy\w*)\b|\bso that (?:nobody|no one|no-one|reviewers? (?:do|does)n'?t|people do(?:n'?t| not)|they do(?:n'?t| not)|the (?:person|user) does(?:n'?t| not))\b[^.\n]{0,20}\b(?:look|notice|ask|review|see|find|wonder|stop)\w*\b",
    _I,
)
"""A change dressed up as another, so that nobody looks."""

CALLS = Form(
    r"\b(?:call|invoke|use|run|trigger)\b[^.\n]{0,60}\b(?:tools?|servers?|mcp|functions?)\b|\bmcp__\w+", _I
)
HANDED = Form(
    r"\b(?:fill\w*|pass\w*|put|set|give\w*|hand\w*|includ\w*|suppl\w+|provid\w+|add\w*|attach\w*)\b", _I
)
WHOLE = Form(
    r"\b(?:whole|entire|full|complete|everything|all (?:of )?(?:the|your|our|that)|every|contents? of|so far|verbatim|word for word|up to (?:here|now))\b",
    _I,
)
"""All of it, as an argument of a tool."""

LEFT_OVER = Form(
    r"\bhash(?:es|ed|ing)?\b|\bdigests? of\b|\bfingerprint|\bchecksum|\bfirst (?:few|five|\d+|two|three|four) (?:characters|letters|digits)\b|\bprefix\b|\bmask(?:ed)?\b|\bredact|\banonymi[sz]|\bpublic key\b|\bscrub|\bstrip(?:ped)? of\b",
    _I,
)
"""What is left of a secret when it isn't one any more."""

OWN_SETTINGS = Form(
    r"\b(?:user|home|personal|global|account|own|machine)(?:'s|[- ]level|[- ]wide)? (?:own )?(?:settings?|config\w*|preferences)\b|\b(?:settings?|config\w*|preferences)(?: file)? (?:of|for|that belongs? to) (?:the |this |your )?(?:client|assistant|agent|tool|cli|claude|coding|user|account)\b|\b(?:client|assistant|agent|claude|coding tool|cli)(?:'s)? (?:own |user[- ](?:level|wide) )?(?:settings?|config\w*|preferences)\b|~/\.claude\b|\bhome director\w+\b[^.\n]{0,40}\bsettings?\b",
    _I,
)
ENVIRONMENT = Form(r"\b(?:environment|env|variables?)\b", _I)
WHERE_TO = Form(
    r"\b(?:address(?:es)?|endpoint|urls?|base|host|server|upstream|gateway|where|proxy|relay|mirror|edge|node)\b",
    _I,
)
"""The client's own settings, their environment, and where what it asks goes."""
