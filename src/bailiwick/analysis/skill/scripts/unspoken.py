"""Acts of code that people would want to hear of before, and that no document of the skill speaks of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """What is done, in words, the calls that do it, and the words by which a document speaks of it.

    ``kind`` says what it comes to: ``watch`` people, open the ``machine``, ``approve`` in somebody's name, ``publish``.
    """

    kind: str
    what: str
    code: Wide
    said: re.Pattern[str]


def _act(kind: str, what: str, code: str, said: str, flags: int = 0) -> _Act:
    return _Act(kind=kind, what=what, code=Wide(code, flags), said=re.compile(said, re.IGNORECASE))


_REQUESTS = r"/(?:merge_requests|pullrequests|pull-requests|pulls)/"
_BETWEEN = r"(?:[ \t]+-{1,2}[\w-]+(?:[= ][\"']?[\w$@{}./-]+[\"']?)?){0,4}[ \t]+"
"""Options between a program and what it is told."""

_ACTS = (
    _act(
        "watch",
        "listens to what is typed",
        r"\bkeyboard\.Listener\(|\bkeyboard\.(?:on_press|on_release|hook|record|start_recording)\(|\bpyxhook\b|\bPyHook|\bpyWinhook\b|\bGetAsyncKeyState\b|\bSetWindowsHookEx\w*\b|\brequire\(\s*[\"'](?:iohook|uiohook-napi|node-global-key-listener)[\"']|\bGlobalKeyboardListener\(|\bCGEventTapCreate\b|\baddGlobalMonitorForEvents\b|\b(?:logkeys|xinput\s+test|showkey)\b[^\n]{0,80}(?:>|--output|-o\b|\||start)|\bevdev\.InputDevice\([\s\S]{0,300}read_loop|/dev/input/event\d",
        r"\bkey(?:s|board|strokes?|press\w*|bindings?|logg\w+)?\b|\bhot-?keys?\b|\bshortcuts?\b|\bmacros?\b|\binput (?:device|event)|\bevdev\b|\btyped?\b (?:keys?|text)|\bwhat you type\b|\bpush.to.talk\b",
    ),
    _act(
        "watch",
        "takes pictures of the screen",
        r"\bmss\.mss\(|\bImageGrab\.grab\(|\bpyautogui\.screenshot\(|\bpyscreenshot\b|\bscreenshot-desktop\b|\bdesktopCapturer\b|\bgetDisplayMedia\(|\bCopyFromScreen\(|\bCGWindowListCreateImage\b|(?:^|[\s\"'`;&|(])(?:screencapture|scrot|maim|grim|gnome-screenshot|spectacle|flameshot)\s+(?:-|[\"'~/$\w])|\bimport\s+-window\s+root\b|\b(?:x11grab|gdigrab|avfoundation)\b",
        r"\bscreen\w*|\bcaptur\w+|\bshots?\b|\bdesktop\b|\bgui\b|\bocr\b|\bvisual\w*|\brecord\w*|\bwindows?\b|\bdisplay\b|\bimages?\b|\bvideo\b|\bdemo\b",
        re.MULTILINE,
    ),
    _act(
        "watch",
        "listens to the microphone, or looks through the camera",
        r"\bsounddevice\b[\s\S]{0,600}?\b(?:rec|InputStream|RawInputStream)\(|\bsd\.(?:rec|InputStream|RawInputStream)\(|\bpyaudio\.PyAudio\(|\bsr\.Microphone\(|\bcv2\.VideoCapture\(\s*\d|\bgetUserMedia\(|\bwaveIn(?:Open|Start)\b|\bMediaRecorder\(|(?:^|[\s\"'`;&|(])(?:arecord|parecord|parec|pw-record|rec|sox\s+-d|imagesnap|fswebcam|streamer)\s+-|\bnode-(?:record-lpcm16|mic|webcam)\b|-f\s+(?:alsa|pulse|dshow)\b|/dev/video\d",
        r"\baudio\b|\bvoice\b|\bsound\w*|\bspeech\b|\bspeak\w*|\brecord\w*|\bcamera\b|\bweb-?cam\b|\bvideo\b|\bmicrophones?\b|\bmics?\b|\bmusic\b|\btranscri\w+|\bdictat\w+|\bmeetings?\b|\bnoise\b|\bstream\w*|\blisten\w*|\bcomputer vision\b|\bopencv\b",
        re.MULTILINE,
    ),
    _act(
        "watch",
        "keeps every command that is typed",
        r"\bPROMPT_COMMAND\s*=[^\n]{0,200}(?:history|fc\s+-)[^\n]{0,200}(?:>>|tee|logger|curl|nc\b)|\btrap\s+[\"'][^\n]{0,200}\bBASH_COMMAND\b[^\n]{0,200}(?:>>|tee|logger|curl|nc\b)[^\n]{0,80}\bDEBUG\b|\bpreexec\s*\(\)\s*\{[^}]{0,400}?(?:>>|curl|wget|logger|\bnc\b|nslookup|dig\b)|(?:^|[\s;&|(])script\s+-\w*[qfa]\w*\s+(?:-\w+\s+)*[\"']?[~/$.][^\n]{0,120}|\btmux\b[^\n]{0,80}\bpipe-pane\b[^\n]{0,200}|\bStart-Transcript\b|\badd-zsh-hook\s+preexec\b[\s\S]{0,400}?(?:>>|curl|wget|logger)",
        r"\bhistory\b|\brecord\w*|\btranscripts?\b|\blog(?:s|ged|ging|ger)?\b[^.\n]{0,60}\bcommands?\b|\bcommands?\b[^.\n]{0,60}\b(?:log\w*|time[drs]?|audit\w*)|\btypescript file\b",
        re.MULTILINE,
    ),
    _act(
        "machine",
        "opens a way into this machine",
        r"\btailscale\s+up\b[^\n]{0,200}(?:--ssh|--auth-?key|tskey-)|\b(?:cloudflared|ngrok|bore|frpc|rathole|pagekite\.py|zrok|localxpose|loclx|inlets)\s+(?:tunnel|http|tcp|local|client|run|share|-c)\b|\b(?:chisel|gost|revsocks|ligolo\w*)\s+(?:client|-L|-F|-connect)\b|\btmate\b\s+-|\btmate\s+(?:new|-S)|\b(?:x11vnc|vncserver|x0vncserver|wayvnc|gotty|ttyd|wetty|shellinaboxd|code\s+tunnel|sshx|upterm\s+host|teleconsole)\b[ \t]+(?:-|--|\w)|\bssh\b[^\n;|]{0,300}\s-\w*R[\s\"']*[\w.*:-]{0,60}\d+:[\w.-]+:\d+|\bzerotier-cli\s+join\b|\bnetbird\s+up\b|\brustdesk\b[^\n]{0,80}--(?:password|config)|\bgsocket\b|\bgs-netcat\b|\bSimpleHTTPRequestHandler\b[^\n]{0,80}(?:expanduser\(\s*[\"']~/?[\"']|Path\.home\(\)\s*\)|directory=[\"']/[\"'])|\bexpress\.static\(\s*(?:os\.)?homedir\(\)",
        r"\btunnel\w*|\btailscale\b|\btailnet\b|\bngrok\b|\bcloudflared?\b|\bremote\w*|\bexpos\w+|\bshar(?:e|es|ed|ing)\b|\bvpn\b|\bssh\b|\bpair(?:ing)?\b|\bvnc\b|\bweb terminal\b|\bpublic (?:url|address)\b|\bport[- ]?forward\w*|\bwebhooks?\b|\breverse prox\w+|\bpreview\b|\bzerotier\b|\bmesh\b|\bdeploy\w*|\bserv(?:e|es|er|ing)\b",
    ),
    _act(
        "approve",
        "approves or merges in somebody's name",
        rf"\bgh\s+pr\s+review\b[^\n]{{0,200}}(?:--approve|\s-a\b)|\bgh\s+pr\s+merge\b[^\n]{{0,200}}--admin\b|\b(?:glab\s+mr|tea\s+pr|bb\s+pr|hub\s+pr)\s+approve\b|[\"']?\bevent[\"']?\s*[:=]\s*[\"']APPROVED?[\"']|\b\w*event\b\s*=[^\n]{{0,60}}[\"']APPROVED?[\"']|\bcreate_?[rR]eview\w*\([^\n]{{0,200}}APPROVE|{_REQUESTS}[^\n\"'`]{{0,60}}/approve\b|\b\w*base\w*\s*\+\s*[\"'`]/approve[\"'`]|\b(?:mr|merge_?request|pr|pull_?request|pull|change|revision)\w{{0,12}}\.(?:approve|accept|set_vote|setApproval)\(|\b(?:mr|merge_?request)\w{{0,12}}\.merge\(|\b(?:approve_merge_request|approve_pull_request|approveMergeRequest|approvePullRequest|ApproveMergeRequest|CreateApproval|accept_merge_request|merge_pull_request|accept_pull_request)\b\s*[\"'`(,]|[\"'`](?:approve_merge_request|approve_pull_request|merge_pull_request|accept_merge_request)[\"'`]|\bMergeRequestApprovals\.(?:approve|create)\b|\baz\s+repos\s+pr\s+set-vote\b[^\n]{{0,100}}approve|[\"']?\bvote[\"']?\s*[:=]\s*10\b|[\"']Code-Review[\"']\s*:\s*[\"']?\+?2|\bmerge_method\b[^\n]{{0,80}}(?:bypass|admin)|--bypass-policy\b|\bgh\s+api\b[^\n]{{0,200}}/reviews\b[^\n]{{0,200}}APPROVE|\b(?:requests|httpx|axios|session|client|http)\.(?:put|post|patch)\([^;]{{0,400}}?[\"'\s](?:[Aa]pproved|APPROVED|[Ss]igned[- ]?off)(?:[\"']|\s{{2}})|\bgit\b[^\n]{{0,80}}\bcommit\b[^;|&]{{0,300}}?(?:Reviewed|Approved|Acked|Tested|approved)-by:\s*\w+|--trailer[ =][\"']?(?:Reviewed|Approved|Acked|Tested)-by[:=]\s*[A-Z]\w+|\bgerrit\s+review\b[^\n]{{0,120}}(?:\+2|--code-review\s+\+?2)",
        r"\bapprov(?:e|es|ed|al|als|ing)\b|\bauto-?(?:merge|complete)\b|\bmerg(?:es|ed|ing)\b|\bmerge\b (?:\w+ ){0,2}(?:pull|pr\b|mr\b|when|if|them|it\b|after|into)|\bvot(?:e|es|ing)\b|\bsign(?:s|ed)?[- ]off\b|\baccepts?\b (?:\w+ ){0,3}(?:request|change|pr|mr)\b|\btrailers?\b|\breviewed-by\b",
    ),
    _act(
        "machine",
        "starts something that stays in a cluster or an account",
        rf"\bkubectl{_BETWEEN}\b(?:create\s+(?:cronjob|deployment|clusterrole\w*|job|serviceaccount)|run\s+\w|patch\s+\w+|set\s+image|edit\s)|\bhelm{_BETWEEN}\b(?:install|upgrade)\s|\baws\s+(?:lambda\s+create-function|iam\s+create-(?:user|access-key|role|login-profile)|ec2\s+run-instances|events\s+put-rule|scheduler\s+create-schedule)\b|\bgcloud\b[^\n]{{0,80}}\b(?:functions\s+deploy|scheduler\s+jobs\s+create|iam\s+service-accounts(?:\s+keys)?\s+create|compute\s+instances\s+create)\b|\baz\s+(?:ad\s+sp\s+create|functionapp\s+create|vm\s+create|container\s+create)\b|\bdocker\s+(?:service\s+create|run\b[^\n]{{0,80}}--restart[ =](?:always|unless-stopped))",
        r"\b(?:creat|deploy|schedul|install|set.?up|setup|launch|provision|patch|upgrad|updat|roll(?:out|ing)|start|run|register|add|appl(?:y|ies)|configur|restart|bootstrap|migrat|host|scal|edit|chang|manag)\w*\b[^.\n]{0,200}\b(?:cron\w*|jobs?|deployments?|services?|accounts?|roles?|keys?|users?|functions?|lambdas?|instances?|vms?|charts?|helm|clusters?|pods?|containers?|images?|agents?|resources?|schedules?|releases?|servers?|database|stack|app|applications?|kubernetes|redis|postgres\w*)\b|\bdeploy\w*|\bprovision\w*|\bkubectl\s+(?:create|run|patch|set|edit|apply)|\bhelm\s+(?:install|upgrade)|\bdocker\s+(?:run|service)",
    ),
    _act(
        "publish",
        "puts what it finds into a gist or a paste",
        r"\bgh\s+gist\s+create\b|[\"',\s]gist[\"',\s]{1,6}create\b|\bapi\.github\.com/gists\b|\bgists\.create\(|\bcreate_gist\(|\b(?:pastebin\.com/api|dpaste\.\w+/api|paste\.rs|ix\.io|termbin\.com|0x0\.st|hastebin\.com/documents|sprunge\.us|clbin\.com|paste\.\w+\.\w{2,6}/api)\b|\b(?:pastebinit|wgetpaste|nopaste|fpaste)\b",
        r"\bgists?\b|\bpaste(?:s|bin)?\b|\bshar(?:e|es|ing|ed)\b|\bsnippets?\b|\blinks?\b|\bupload\w*|\bpublish\w*",
    ),
    _act(
        "publish",
        "publishes a package",
        r"(?:^|[\s\"'`;&|(])(?:npm|pnpm|yarn(?:\s+npm)?|bun|cargo|poetry|uv|flit|hatch|pdm|vsce|ovsx|clawhub)\s+publish\b(?![^\n]{0,80}--dry-run)|\btwine\s+upload\b|\bgem\s+push\b|\bdocker\s+push\b|\bnuget\s+push\b|\bmvn\b[^\n]{0,40}\sdeploy\b",
        r"\bpublish\w*|\breleas\w+|\bregistr\w+|\bpush\w*|\bship\w*|\bdeploy\w*|\bnpm\b|\bpypi\b|\bupload\w*|\bdistribut\w+|\bpackag\w+|\bci/?cd\b|\bpipelines?\b|\bmarketplace\b|\bdocker\b|\bcontainers?\b|\bimages?\b|\bversion\w*",
        re.MULTILINE,
    ),
    _act(
        "publish",
        "hands what people write to a chat of somebody's",
        r"\b(?:forward_?[mM]essages?|copy_?[mM]essages?)\(\s*(?:chat_id\s*=\s*)?[\"']?(?:-?\d{7,16}|@\w{4,40})|\bforward\w*\(\s*[\"'][\w.+-]+@[\w-]+\.\w",
        r"\bforward\w*|\bchannels?\b|\bmirror\w*|\brelay\w*|\bcop(?:y|ies)\b|\bcross-?post\w*",
    ),
)


_APART = re.compile(r"\\\n|[\"'],[ \t]{0,9}[\"']")
"""What stands between the words of one command: a line that goes on, or a list of literals."""


def unspoken(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice each act once, where code that runs does it and no word of a document leads one to expect it."""
    if role is not Role.EXECUTABLE:
        return
    plain = _APART.sub(lambda match: " " * len(match[0]), text)
    workflow = path.endswith((".yml", ".yaml")) and "jobs:" in text
    for act in _ACTS:
        if workflow and act.kind == "publish":
            continue  # whoever copies a workflow of releases knows that it releases
        match = next((one for one in act.code.finditer(plain) if meant(plain, one)), None)
        if match is None or any(act.said.search(one) for one in documents):
            continue
        said = " ".join(match[0].split())[:60]
        into.notice(
            Mark.UNSPOKEN,
            f"{act.what}, and no document of it says so: {said!r}",
            place(path, plain, match.start()),
            role,
            target=act.kind,
            also=(place(path, plain, match.end() - 1),) if "\n" in match[0] else (),
        )
