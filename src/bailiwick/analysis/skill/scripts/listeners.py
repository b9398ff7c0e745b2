"""Back doors that listen: what a request or a socket brings is run as it comes, by whichever names it passes through."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.guarded import guarded
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.text.form import Form, Wide
from bailiwick.model.skill import Role

MAX_NAMES = 60
"""Names of one script that are followed."""

_LISTENS = Form(
    r"\bcreateServer\s*\(|\bBaseHTTPRequestHandler\b|\bSimpleHTTPRequestHandler\b|\bsocketserver\.|\.accept\(\s*\)|\bstart_server\(|\bFlask\(|\bFastAPI\(|\bBottle\(|\baiohttp\.web\b|\bweb\.Application\(|\bexpress\(\s*\)|\bfastify\(|\bnew Hono\(|\bBun\.(?:serve|listen)\(|\bDeno\.(?:serve|listen)\(|\bWebSocketServer\(|\bwebsockets\.serve\(|\bwsgiref\b|\bTCPServer\.(?:new|open)\(|\bWEBrick\b|\bHandleFunc\(|\bnet\.Listen\(|\bHttpListener\b|\bTcpListener\b|\bSOCK_DGRAM\b|\brecvfrom\(|\$_(?:GET|POST|REQUEST|COOKIE)\b"
)
"""What waits for others to connect."""
_REQUEST = r"(?:req|request|q|r|c|ctx|msg|event)\b"
_BROUGHT = rf"\bself\.(?:path|rfile|headers|request)\b|\.recv(?:from|_into|msg)?\(|\.(?:readline|read|readuntil)\(\s*\d*\s*\)|\brequest\.(?:args|form|values|json|data|get_json|get_data|query\w*|body|text|headers|cookies|params|stream)\b|\b{_REQUEST}\.(?:url|query|body|headers|params|json|text|rawBody|cookies|FormValue|URL|Request)\b|\.(?:gets|readpartial)\b|\$_(?:GET|POST|REQUEST|COOKIE)\b|\.GetContext\(\)|\bsearchParams\b"
"""What others send, where a service takes it."""
_EVENT = re.compile(
    r"\.on\(\s*[\"'](?:data|message)[\"']\s*,\s*(?:async\s*)?(?:function\s*)?\(?\s*(\w{1,40})"
)
_WRAPPED = r"[(\s]{0,3}(?:(?:await|New-Object\s+[\w.]+|str|bytes|String|Buffer\.from|unquote\w*|(?:urllib\.parse\.|parse\.)?(?:unquote(?:_plus)?|parse_qs|parse_qsl|urlparse|urlsplit)|dict|json\.loads?|JSON\.parse|new\s+URL(?:SearchParams)?|querystring\.parse|qs\.parse|url\.parse|base64\.\w*b64decode|b64decode|atob|decodeURIComponent|shlex\.split|bytes\.fromhex)\s*\(?\s*){0,4}"
_SET = re.compile(
    r"(?:^|[;{(,]|=>)[ \t(]{0,80}(?:(?:const|let|var|my)\s+)?[\[({]?\s*\$?(\w{1,40}(?:\s*,\s*\w{1,40}){0,3})[ \t]*[\])}]?[ \t]*(?::[ \t]*\w{1,30}[ \t]*)?(?::=|\+?=(?![=>]))\s*([^\n;]{1,300})",
    re.MULTILINE,
)
_FUNCTION = re.compile(r"\b(?:def|function)\s+(\w{1,40})\(\s*(?!self\b)\$?(\w{1,40})")
_RUNS = Wide(
    r"(?<![\w.$])(?:eval|exec|execSync)\s*\(|\bnew\s+Function\s*\(|\b(?:cp|child_process|childProcess|proc)\.(?:exec|execSync)\s*\(|\bos\.(?:system|popen)\s*\(|\bsubprocess\.(?:getoutput|getstatusoutput|run|call|check_output|check_call|Popen)\s*\(|\bcreate_subprocess_shell\s*\(|\bvm\.runIn\w*\s*\(|\b(?:spawn|spawnSync|execFile|execFileSync)\s*\(|\bexec\.Command\s*\(|\bInvoke-Expression\s*\(?|\biex\s|\bIO\.popen\s*\(|\bKernel\.system\s*\(|(?<![\w.$>:])(?:shell_exec|system|passthru|proc_open|popen)\s*\(|`#\{"
)
_SHELL = re.compile(
    r"\s*\[?\s*[\"'](?:/bin/|/usr/bin/)?(?:ba|z|da)?(?:sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh|python3?|node)[\"']\s*,\s*\[?\s*[\"'](?:-\w{0,4}c|/c|-e|-Command|-EncodedCommand)[\"']\s*,\s*"
)
"""A shell or an interpreter that is handed code, in front of the code."""
_IN_CODE = re.compile(r"(?<![\w.$])(?:eval|exec)\s*\(|\bnew\s+Function\s*\(|\bvm\.runIn\w*\s*\(")
"""What takes code: a piece of a stranger's in it is enough."""
_OTHERS = Wide(
    r"\b(?:exec|execSync)\s*(?::|\bas\b)\s*(\w{1,40})|\b(?:system|popen|getoutput|check_output|run|call|Popen)\s+as\s+(\w{1,40})|\b(\w{1,40})\s*=\s*(?:require\(\s*[\"'](?:node:)?child_process[\"']\s*\)\.exec(?:Sync)?\b|(?:os|subprocess)\.(?:system|popen|run|call|getoutput|check_output|Popen)\b(?!\s*\()|promisify\(\s*(?:\w+\.)?exec\s*\))"
)
"""Another name for what runs commands."""
_PARAMETERS = re.compile(
    r"^[ \t]{0,80}@\w+\.(?:get|post|put|route|api_route|websocket)\([^\n]*\n(?:[ \t]*@[^\n]*\n){0,4}[ \t]*(?:async\s+)?def\s+\w+\(([^)\n]{1,300})\)",
    re.MULTILINE,
)
_PARAMETER = re.compile(r"(?:^|,)\s*(\w{1,40})\s*(?::\s*(?:str|bytes|dict|Optional\[str\]))?\s*(?=,|=|$)")
_OWN = frozenset(
    ("request", "req", "self", "ctx", "context", "response", "db", "session", "websocket", "ws", "user")
)
_MESSAGES = re.compile(
    r"\basync\s+for\s+(\w{1,40})\s+in\s+(?:ws|websocket|sock\w*|conn\w*|client|reader|stream)\b"
)


def listeners(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first place where a service runs, as a command or code, what others send to it."""
    if not _LISTENS.search(text):
        return
    others = {
        next(group for group in match.groups() if group)
        for match in into.first(_OTHERS.finditer(text), MAX_NAMES, path)
    }
    runs = [*_RUNS.finditer(text)]
    if others:
        runs += re.finditer(rf"(?<![\w.$])(?:{'|'.join(map(re.escape, sorted(others)))})\s*\(", text)
    if not runs:
        return
    whole = _whole(_held(text, path, into))
    for match in runs:
        after = text[match.end() : match.end() + 300]
        shell = _SHELL.match(after)
        handed = after[shell.end() :] if shell else after.lstrip(" [\n\t")
        found = whole.match(handed) or (
            _IN_CODE.match(text, match.start()) and _pieces(handed.partition("\n")[0], whole)
        )
        if found and meant(text, match) and not guarded(text, match.start(), handed.partition("\n")[0][:120]):
            into.notice(
                Mark.REVERSE_SHELL,
                f"listens, and runs what it is sent: {' '.join((match[0] + after[:60]).split())[:80]!r}",
                place(path, text, match.start()),
                role,
                target="*",
            )
            return


def _pieces(handed: str, whole: re.Pattern[str]) -> bool:
    """Whether code is put together with what was sent."""
    return any(whole.match(one) for one in re.split(r"\+\s*|\$?\{", handed)[1:])


def _whole(held: Iterable[str]) -> re.Pattern[str]:
    """What was sent, at the start of an expression, by itself or by a name that holds it."""
    names = "|".join(map(re.escape, held)) or "(?!)"
    return re.compile(rf"{_WRAPPED}(?:\$?(?:{names})\b(?!\s*\()|[\w.$()]{{0,40}}?(?:{_BROUGHT}))")


def _held(text: str, path: str, into: Inventory) -> dict[str, None]:
    """Names that hold what was sent, whole: neither a list around it nor a text that it is put into."""
    held: dict[str, None] = dict.fromkeys(
        match[1] for match in into.first(_EVENT.finditer(text), MAX_NAMES, path)
    )
    held |= dict.fromkeys(match[1] for match in into.first(_MESSAGES.finditer(text), MAX_NAMES, path))
    for match in into.first(_PARAMETERS.finditer(text), MAX_NAMES, path):
        held |= dict.fromkeys(name for name in _PARAMETER.findall(match[1]) if name not in _OWN)
    functions = {match[1]: match[2] for match in _FUNCTION.finditer(text)}
    calls = re.compile(rf"\b({'|'.join(map(re.escape, functions)) or '(?!)'})\(")
    given = [(match[1], match[2]) for match in _SET.finditer(text)]
    for _ in range(4):
        before = len(held)
        taken = _whole(held)
        for name, value in given:
            if len(held) < MAX_NAMES and taken.match(value.strip()):
                held |= dict.fromkeys(one.strip() for one in name.split(","))
        for call in calls.finditer(text):
            if len(held) < MAX_NAMES and taken.match(text[call.end() : call.end() + 200]):
                held.setdefault(functions[call[1]])
        if len(held) == before:
            break
    return held
