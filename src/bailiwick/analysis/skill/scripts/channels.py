"""Ways out that are no request: dumps piped into somebody's database, storage of somebody else's, artifacts, editors, an opened page."""

import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import bare_hosts, hosts_in
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 40
"""Matches of one kind in one script that are looked at."""

_DUMPED = Wide(
    r"\b(pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump|redis-cli\s[^\n|]{0,60}--rdb|sqlite3\s[^\n|]{0,80}\.dump|mongoexport|kubectl\s+get\s+secrets?|git\s+(?:bundle|archive|fast-export|format-patch|diff)|tar\s+-?\w*c\w*)\b([^\n|;]{0,300})\|([^\n;]{4,400})"
)
_TAKER = re.compile(
    r"\b(?:psql|mysql|mariadb|mongorestore|mongosh|mongoimport|redis-cli|mosquitto_pub|kcat|kafkacat|nats\s+pub|websocat|s_client|socat|nc|ncat|logger\s+(?:-n|--server)|mailx?|sendmail|mutt|swaks|ssh|curl|http|wormhole|croc|rclone\s+rcat|ipfs\s+add|ipfs-cluster-ctl|age\s+[^\n|]*\|)\b"
)
_RECEIVER = re.compile(
    r"(?:-h|--host(?:name)?|-H|-n|--server|-b|-connect|-s)[= ]+[\"']?([\w-]+(?:\.[\w-]+)+)|@([\w-]+(?:\.[\w-]+)+)"
)
_NOWHERE = re.compile(r"\b(?:wormhole\s+send|croc\s+(?:--\S+\s+)*send|ipfs\s+add|ffsend\s+upload)\b")
_ROWS = Wide(
    r"\bto\s+program\s+'([^'\n]{4,300})'|\bcreate\s+subscription\b[^;]{0,200}?\bconnection\s+'([^'\n]{4,300})'|\bdblink(?:_connect|_exec|_send_query)?\s*\([^;]{0,80}?'([^'\n]{0,200}\bhost(?:addr)?\s*=[^'\n]{2,200})'|\bcreate\s+server\b[^;]{0,200}?\boptions\s*\([^;)]{0,80}?\bhost\s+'([^'\n]{4,120})'|\b(?:net\.)?http_(?:post|get|put)\s*\([^;]{0,60}?'(https?://[^'\n]{4,200})'|\butl_http\.(?:request|begin_request)\s*\(\s*'([^'\n]{4,200})'|\binto\s+(?:outfile|dumpfile)\s+'(\\\\[^'\n]{4,200})'|\bengine\s*=\s*federated\b[^;]{0,80}?connection\s*=\s*'([^'\n]{4,200})'",
    re.IGNORECASE,
)
_STORED = Wide(
    r"\baws\s+s3\s+(?:cp|sync|mv)\s+(?:--\S+\s+)*[\"']?(?:\.{1,2}/?|~/?|\$\{?(?:PWD|HOME|OLDPWD)\}?/?|\$\(pwd\)|\$\(git rev-parse[^)\n]*\)|\./?src|src/?|/home|\.git)[\"']?\s+[\"']?s3://([a-z0-9][\w.-]{2,62})[^\n]{0,200}"
    r"|\bgsutil\s+(?:-\w+\s+)*(?:cp|rsync)\s+(?:-\w+\s+)*[\"']?(?:\.{1,2}/?\*?|~/?|\$\{?(?:PWD|HOME)\}?/?|src/?)[\"']?\s+[\"']?gs://([a-z0-9][\w.-]{2,62})"
    r"|\baz\s+storage\s+blob\s+upload(?:-batch)?\b[^\n]{0,120}--account-name[ =]([a-z0-9]{3,24})\b[^\n]{0,120}(?:-s|--source|-f)[ =][\"']?(?:\.|~|\$PWD|\$HOME)"
)
_ELSEWHERE = Wide(
    r"\bgh\s+(?:issue|pr|release|discussion|api)\b[^\n]{0,200}?(?:\s-R|--repo)[ =][\"']?([A-Za-z][\w.-]{0,40}/[\w.-]{1,80})\b[^\n]{0,200}?(?:\s-F|--body-file|--body|\s-b|\bupload\b)[ =]?|\bgh\s+(?:issue|pr|release)\s+(?:comment|create|upload)\b[^\n]{0,200}?(?:\s-F|--body-file|--body|\s-b)[^\n]{0,200}?(?:\s-R|--repo)[ =][\"']?([A-Za-z][\w.-]{0,40}/[\w.-]{1,80})|api\.github\.com/repos/([A-Za-z][\w.-]{0,40}/[\w.-]{1,80})/(?:issues|contents|dispatches|git/blobs|releases)\b[^\n]{0,80}(?=[\s\S]{0,300}(?:POST|PUT|\.post\(|\.put\(|\bdata=))"
)
"""Something written into a repository that stands in the code."""
_STATE = Wide(
    r"\bbackend\s+\"(?:http|remote|s3|consul|etcdv3|pg)\"\s*\{[^}]{0,600}?\b(?:address|hostname|endpoint|conn_str|endpoints)\s*=\s*[\"']?\[?\s*[\"'](?:\w+://)?(?:[^\s\"'@/]{1,80}@)?([\w-]+(?:\.[\w-]+)+)"
)
"""Where the state of an infrastructure is kept, with the secrets in it."""
_KEEPERS = re.compile(
    r"(?:^|\.)(?:terraform\.io|amazonaws\.com|cloudflarestorage\.com|digitaloceanspaces\.com|backblazeb2\.com|wasabisys\.com|gitlab\.com|scalr\.io|spacelift\.io|env0\.com|windows\.net|googleapis\.com)$"
)
"""Services that keep it for their customers."""
_SECRETS = re.compile(r"\btoJSON\(\s*secrets\s*\)")
_FETCHABLE = Wide(
    r"\bactions/(?:upload-artifact|cache(?:/save)?|upload-pages-artifact)@|\bgh\s+(?:release|gist|issue|pr)\s+(?:create|upload|comment)\b|\bgit\s+push\b|\$\{?GITHUB_STEP_SUMMARY"
)
_PRINTED = Wide(
    r"\b(?:echo|printf)\b[^\n|]{0,80}\$\{\{\s*secrets\.(\w+)\s*\}\}[^\n|]{0,40}(?:\|\s*(?:rev|xxd|od|fold|tr|base64(?!\s+-\w*d)|base32|hexdump|openssl\s+(?:enc|base64)(?![^\n|]*\s-d)|sed\s+[\"']?s/\.?[^\n|]{0,30}/[^\n|]{0,10}\s)[^\n|>]{0,60}){1,4}$",
    re.MULTILINE,
)
_EDITED = Wide(
    r"\bonDid(?:Save|Change|Open|Close)TextDocument\b|\bonDidChangeTextEditorSelection\b|\bonDidWriteTerminalData\b|\bonDidChangeActiveTextEditor\b|\bBufWritePost\b|\bBufWrite\b|\bafter-save-hook\b|\bon_post_save(?:_async)?\b"
)
_TAKEN = re.compile(
    r"\.getText\(|\bnvim_buf_get_lines\(|\bgetline\(\s*1|\bbuffer-string\b|\bview\.substr\(|\bexpand\(\s*[\"']%|\bbuffer-file-name\b|\bview\.file_name\(|\.fileName\b"
)
_SENDS = Wide(
    r"\bfetch\(|\bhttps?\.request\(|\baxios\b|\bnavigator\.sendBeacon\(|\bnew WebSocket\(|\bcurl\b|\burlopen\(|\brequests\.post\(|\burl-retrieve\b|\bgot\.post\(|\bInvoke-(?:RestMethod|WebRequest)\b|\bUpload(?:Data|String|File)\(|\bsendBeacon\("
)
_CAPTURED = Wide(
    r"\bMediaRecorder\(|\bondataavailable\b|\bgetDisplayMedia\(|\bdesktopCapturer\b|\bSpeechRecognition\(|\bcreateMediaStreamSource\(|\bCopyFromScreen\("
)
_HIDDEN_FIELD = Wide(
    r"<input\b[^>]{0,300}\btype=[\"']password[\"'][^>]{0,300}>|getElementById\(\s*[\"'](?:pass\w*|pwd)[\"']\s*\)\.value|querySelector\(\s*[\"'][^\"'\n]{0,40}password[^\"'\n]{0,10}[\"']\s*\)\.value|\[name=[\"']?password",
    re.IGNORECASE,
)
_BEACON = Wide(
    r"(?:\.src\s*=|\.href\s*=|\bfetch\(|\bsendBeacon\(|\bimport\()\s*[\"'`]https?://([\w-]+(?:\.[\w-]+)+)[^\n]{0,300}"
)
_OPENED = Wide(
    r"(?:\bwebbrowser\.open\w*\(|\bopenExternal\(|\b(?:xdg-open|wslview|explorer\.exe)\s|(?:^|[\s;&(\"'`])open\s+[\"']|\bstart\s+[\"']{2}\s|\bopen\(\s*[\"'`])[^\n]{0,60}?https?://([\w-]+(?:\.[\w-]+)+)[^\s\"'`]{0,120}?(?:[?&][\w.-]{1,30}=|/|#)[\"'`]?\s*(?:\+|\$|\{|%s|\.\s*\$|\"\s*&)([^\n]{1,200})",
    re.MULTILINE,
)
_WHO = re.compile(
    r"\bgit[\s\"',]+config\b[^\n]{0,40}user\.(?:email|name)|\bgit[\s\"',]+remote\b|\bgethostname\(|\bplatform\.node\(|\bos\.hostname\(|\bwhoami\b|\bgetuser\(|\buserInfo\(|\bos\.environ\b(?!\.get\(\s*[\"'](?:BROWSER|DISPLAY|PATH))|\bprocess\.env\b|\bgit[\s\"',]+(?:log|diff)\b|\bread_text\(|\.read\(\)|\bprintenv\b|\$\(env\b"
)


def states(text: str, path: str, role: Role, into: Inventory) -> None:
    """The state of an infrastructure, kept with a host that stands in its configuration."""
    match = _STATE.search(text)
    if match and not (is_local(match[1]) or is_placeholder(match[1]) or _KEEPERS.search(match[1])):
        where = place(path, text, match.start(1))
        label = Label(Origin.PROJECT, "the state of the infrastructure", where)
        into.chain(label, Sink.SEND, match[1].lower(), where, role)


def channels(
    text: str, path: str, language: str, role: Role, into: Inventory, documents: Iterable[str]
) -> None:
    """Notice each: what goes, and to whom."""
    plain = re.sub(r"\\\n", "  ", text)
    for origin, what, host, at in (
        *_piped(plain, path, into),
        *_rows(plain, path, into),
        *_watched(plain),
        *_captured(plain),
        *_typed(plain, path, into),
        *_opened(plain, path, into),
    ):
        if not (is_local(host) or is_placeholder(host)):
            where = place(path, text, min(at, len(text)))
            into.chain(Label(origin, what, where), Sink.SEND, host, where, role)
    for match in into.first(_STORED.finditer(plain), MAX_FOUND, path):
        name = next(group for group in match.groups() if group)
        if meant(plain, match) and not any(name in one for one in documents):
            said = f"copies what it stands in to storage that no document names: {name}"
            where = place(path, text, min(match.start(), len(text)))
            into.notice(Mark.UNSPOKEN, said, where, role, target="publish")
            break
    for match in into.first(_ELSEWHERE.finditer(plain), MAX_FOUND, path):
        name = next(group for group in match.groups() if group)
        owner = name.partition("/")[0]
        if meant(plain, match) and not any(owner in one for one in documents):
            said = f"writes into a repository that no document names: {name}"
            where = place(path, text, min(match.start(), len(text)))
            into.notice(Mark.UNSPOKEN, said, where, role, target="publish")
            break
    if language == "yaml" and "jobs:" in text:
        _artifacts(text, path, role, into)


def _piped(text: str, path: str, into: Inventory) -> Iterator[tuple[Origin, str, str, int]]:
    for match in into.first(_DUMPED.finditer(text), MAX_FOUND, path):
        taker = _TAKER.search(match[3])
        if taker is None or not meant(text, match):
            continue
        rest = match[3][taker.start() :]
        named = _RECEIVER.search(rest)
        hosts = [*hosts_in(rest), *((named[1] or named[2],) if named else ()), *bare_hosts(rest)]
        if hosts:
            yield Origin.PROJECT, " ".join(match[1].split()), hosts[0].lower(), match.start()
        elif sent := _NOWHERE.search(rest):
            yield (
                Origin.PROJECT,
                " ".join(match[1].split()),
                f"whoever has the word of {sent[0]}",
                match.start(),
            )


def _rows(text: str, path: str, into: Inventory) -> Iterator[tuple[Origin, str, str, int]]:
    for match in into.first(_ROWS.finditer(text), MAX_FOUND, path):
        said = next(group for group in match.groups() if group)
        named = re.search(
            r"\bhost(?:addr)?\s*=\s*([\w-]+(?:\.[\w-]+)+)|^([\w-]+(?:\.[\w-]+)+)$|^\\\\([\w.-]+)", said
        )
        hosts = [
            *hosts_in(said),
            *([next(g for g in named.groups() if g)] if named else []),
            *bare_hosts(said),
        ]
        if hosts and not re.match(r"\s*--", text[text.rfind("\n", 0, match.start()) + 1 : match.start()]):
            yield Origin.PROJECT, "rows of the database", hosts[0].lower(), match.start()


def _watched(text: str) -> Iterator[tuple[Origin, str, str, int]]:
    """What is edited, taken by an extension of the editor whenever it changes."""
    match = _EDITED.search(text)
    if match and _TAKEN.search(text) and (sends := _SENDS.search(text)):
        for host in hosts_in(text)[:1]:
            yield Origin.PROJECT, "what is edited", host, sends.start()


def _captured(text: str) -> Iterator[tuple[Origin, str, str, int]]:
    """What a page hears or sees, sent from it."""
    match = _CAPTURED.search(text)
    if match and (sends := _SENDS.search(text)):
        for host in hosts_in(text[sends.start() : sends.start() + 300])[:1]:
            yield Origin.PERSONAL, "what it hears or sees", host, sends.start()


def _typed(text: str, path: str, into: Inventory) -> Iterator[tuple[Origin, str, str, int]]:
    """What is typed into a field that hides it, in an address of its own."""
    for field in into.first(_HIDDEN_FIELD.finditer(text), MAX_FOUND, path):
        named = re.search(
            r"\bvalue=\{\s*(?:\w+\.)?(\w+)|\bv-model=[\"'](?:\w+\.)?(\w+)|\bbind:value=\{(\w+)", field[0]
        )
        name = next((group for group in named.groups() if group), "") if named else r"pass\w*|pwd"
        for sent in into.first(_BEACON.finditer(text), MAX_FOUND, path):
            if re.search(rf"(?<![\w.-])(?:{name})\b", sent[0].partition("//")[2].partition("/")[2]):
                yield Origin.CREDENTIALS, "what is typed into a password field", sent[1].lower(), sent.start()
                return


def _opened(text: str, path: str, into: Inventory) -> Iterator[tuple[Origin, str, str, int]]:
    """A page that is opened with something about the person in its address."""
    for match in into.first(_OPENED.finditer(text), MAX_FOUND, path):
        if not meant(text, match):
            continue
        used = re.findall(r"[A-Za-z_]\w*", match[2])
        held = match[2] + "\n".join(
            one[0]
            for name in used[:12]
            for one in re.finditer(rf"(?m)^[^\n]{{0,60}}\b{re.escape(name)}\s*=(?!=)[^\n]{{1,300}}", text)
        )
        if who := _WHO.search(held):
            yield Origin.SYSTEM, " ".join(who[0].split())[:60], match[1].lower(), match.start()


def _artifacts(text: str, path: str, role: Role, into: Inventory) -> None:
    """Secrets of a build put where others fetch them, or shown so that they aren't masked."""
    every = _SECRETS.search(text)
    if every and (fetched := _FETCHABLE.search(text)):
        label = Label(Origin.ENVIRONMENT, "all secrets of the project", place(path, text, every.start()))
        into.chain(label, Sink.SEND, "whoever sees the build", place(path, text, fetched.start()), role)
    for match in into.first(_PRINTED.finditer(text), MAX_FOUND, path):
        where = place(path, text, match.start())
        into.chain(
            Label(Origin.CREDENTIALS, f"the secret {match[1]}", where),
            Sink.SEND,
            "whoever sees the build",
            where,
            role,
        )
