"""What lines and files of a skill do together: decoded code that is run, gates around harm, settings that are widened, remotes.

A second look beside the followers, over the text of scripts in any language: names that hold decoded data are followed by name,
within a file and, for functions and exports, between files. It is coarse, so each look wants both ends: what decodes and what runs.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose import HARMFUL_ORDER, hosts_in
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_SCRIPT = 200_000
"""Characters of one script that are looked at."""

MAX_SCRIPTS = 2_000_000
"""Characters of all scripts of a skill that are looked at."""

MAX_SHARED = 40
"""Scripts that decode whose names are followed into others."""

MAX_NAMES = 200
"""Names that are followed in one script."""

SHELL, PYTHON, SCRIPT = "shell", "python", "javascript"

_NAME = r"[A-Za-z_$][\w$]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How a language decodes, names and runs. ``runs`` is followed by what is run; ``builds`` names what makes a name of pieces."""

    decodes: re.Pattern[str]
    assigns: re.Pattern[str]
    runs: re.Pattern[str]


_LANGUAGES: Mapping[str, _Language] = {
    SCRIPT: _Language(
        decodes=re.compile(
            r"\bString\.from(?:CharCode|CodePoint)\b|\bBuffer\.from\([^;\n]{0,300}?,\s*[\"'](?:hex|base64(?:url)?)[\"']|\batob\s*\(|\.reverse\(\)\s*\.join\(\s*[\"']{2}|\bcreateDecipher(?:iv)?\(|\b(?:inflate|gunzip|brotliDecompress|unzip|inflateRaw)Sync\("
        ),
        assigns=re.compile(
            rf"(?:^|[;{{)])[ \t]{{0,80}}(?:export\s+)?(?:(?:const|let|var)\s+({_NAME})(?:\s*:\s*\w+)?|(?:module\.)?exports(?:\.({_NAME}))?|({_NAME}))\s*\+?=(?!=)\s*(.{{1,600}}?)(?:;|\n(?!\s{{0,80}}[.+?:)\]}}])|\Z)",
            re.DOTALL | re.MULTILINE,
        ),
        runs=re.compile(
            r"(?:\bnew\s+Function|(?<![\w.])Function|(?<![\w.])eval|\.constructor\.constructor|\bvm\.(?:run\w+|compileFunction)|(?<![\w.])run(?:InThisContext|InNewContext|InContext)|\b(?:new\s+)?(?:vm\.)?Script|\._compile|(?<![\w.])(?:exec|execSync)|\b(?:child_process|cp|proc)\.(?:exec|execSync))\s*\("
        ),
    ),
    PYTHON: _Language(
        decodes=re.compile(
            r"\b(?:b16|b32|b64|b85|a85|standard_b64|urlsafe_b64)decode\b|\bbytes\.fromhex\b|\bunhexlify\b|\bzlib\.decompress\b|\b(?:lzma|bz2|gzip)\.decompress\b|\bcodecs\.decode\b|\bmarshal\.loads\b|\bFernet\(|\.decrypt\(|[\"']{2}\.join\([^\n]{0,60}\bchr\b|\bmap\(chr\b|\bbytes\(\s*(?:\[?\s*\w+\s*\^|\w+\s*\^|[^\n]{0,40}\^)|\[::-1\]"
        ),
        assigns=re.compile(
            rf"^[ \t]*({_NAME})(?:\s*:\s*[\w\[\]]+)?\s*\+?=(?!=)\s*()()(.{{1,600}}?)$", re.MULTILINE
        ),
        runs=re.compile(
            r"(?:(?<![\w.])(?:exec|eval|compile)|\bos\.(?:system|popen)|\bsubprocess\.(?:run|call|Popen|check_output|check_call|getoutput))\s*\("
        ),
    ),
}

_FUNCTION = re.compile(
    rf"^([ \t]*)(?:async\s+)?def\s+({_NAME})\([^\n]{{0,300}}:[^\n]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n){{1,80}})|(?:^|\n)[ \t]*(?:export\s+)?(?:async\s+)?(?:function\s+({_NAME})\s*\(|(?:const|let)\s+({_NAME})\s*=\s*(?:async\s*)?\([^)\n]{{0,300}}\)\s*=>\s*\{{)[^\n]*\n((?:[^\n]*\n){{1,40}}?)\}}",
    re.MULTILINE,
)
_REQUIRED = re.compile(
    rf"(?:const|let|var)\s+({_NAME})\s*=\s*require\(\s*[\"'](\.[^\"']+)|import\s+(?:\*\s+as\s+)?({_NAME})\s+from\s+[\"'](\.[^\"']+)"
)
_BUILT = re.compile(
    rf"\b({_NAME})\s*=\s*(?:importlib\.import_module|__import__)\(\s*(?:[\"'][^\"'\n]{{0,12}}[\"']\s*(?:\.join\(|\+\s*[\"'])|[^)\n]{{0,60}}(?:\[::-1\]|chr\(|b64decode|fromhex))|\bgetattr\(\s*(?:__import__|importlib|{_NAME})[^\n]{{0,80}}?,[^\n)]{{0,60}}(?:\+|\.join\(|\[::-1\]|chr\()"
)
_SHELL_DECODES = r"(?:base(?:64|32)\s+(?:-\w*[dD]\w*|--decode)|xxd\s+(?:-\w+\s+)*-\w*r|openssl\s+(?:enc|aes\S*|base64|zlib|smime|rsautl|pkeyutl)\b[^|;\n]{0,200}\s-d\w*|gpg\b[^|;\n]{0,200}(?:\s-d\b|--decrypt)|uudecode|(?:^|[|(`;&]\s*)(?:rev|tr\s+['\"]?[^\s'\"]+['\"]?\s+['\"]?[^\s'\"]+)|printf\s+(?:--\s+)?['\"]?[^|;\n]{0,200}\\(?:x[0-9a-fA-F]{2}|[0-7]{3})|(?:gunzip|zcat|xzcat|gzip\s+-\w*d|xz\s+-\w*d)|python3?\s+-c\s+[^|;\n]{0,200}(?:b64decode|fromhex|decompress|chr\()|perl\s+-\w*e\s+[^|;\n]{0,200}(?:pack|decode)|awk\s+[^|;\n]{0,200}printf\s*\(?\s*\"%c\")"
_SH = r"(?:(?:/usr)?/bin/)?(?:env\s+)?(?:ba|z|k|da)?sh\b|python3?\b(?!\s+-[cm])|node\b|perl\b|ruby\b|source\s+/dev/stdin|\.\s+/dev/stdin"
_SHELL_PIPE = re.compile(
    rf"{_SHELL_DECODES}[^;\n]*?\|\s*(?:sudo\s+)?(?:{_SH})(?:\s+-(?:s|x|e)?\b|\s*$|\s*[;)&>2])", re.MULTILINE
)
_SHELL_CALL = re.compile(
    rf"(?:\beval|\b(?:ba|z|da)?sh\s+-c|\bsource|(?:^|\s)\.|\bpython3?\s+-c)\s+(?:--\s+)?[\"']?(?:\$\(|<\(|`)[^\n]{{0,300}}?{_SHELL_DECODES}",
    re.MULTILINE,
)
_SHELL_ASSIGN = re.compile(
    r"(?:^|[;&\s])(?:local\s+|export\s+|readonly\s+)?([A-Za-z_]\w*)=([^\n]{1,600})", re.MULTILINE
)
_SHELL_DECODE = re.compile(_SHELL_DECODES, re.MULTILINE)
_SHELL_FILE = re.compile(
    rf"{_SHELL_DECODES}[^\n]{{0,300}}?(?:>|-out\s|-o\s|--output\s|\btee\s)\s*[\"']?([$~./\w{{}}-]+)",
    re.MULTILINE,
)
_ESCAPES = re.compile(r"\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2})")


def look(
    texts: Mapping[str, str], languages: Mapping[str, str], roles: Mapping[str, Role], into: Inventory
) -> None:
    """Every look, over the scripts of a skill: by path its text, its language (``""``: another) and how it stands."""
    clean: dict[str, str] = {}
    room = MAX_SCRIPTS
    for path in languages:
        clean[path] = texts[path][: min(MAX_SCRIPT, max(room, 0))]
        room -= len(clean[path])
    _staged(clean, languages, roles, into)
    for path, text in clean.items():
        role = roles[path]
        gates(text, path, role, into)
        if languages[path] == SCRIPT:
            for match in islice(_POSTS.finditer(text), MAX_NAMES):
                host, where = match[1] or match[2], _place(path, text, match.start())
                into.capability(CapabilityKind.NET, host.lower(), where, role, detail="POST", by=path)
        if languages[path] == SHELL:
            keys(text, path, role, into)
        settings(text, path, role, into)
        remotes(text, Source(path=path, line=1), role, into)
        shells(text, Source(path=path, line=1), role, into)


# --- staged code


def _staged(
    texts: Mapping[str, str], languages: Mapping[str, str], roles: Mapping[str, Role], into: Inventory
) -> None:
    shared: dict[str, set[str]] = {}
    for path, text in texts.items():
        language = _LANGUAGES.get(languages[path])
        if language and len(shared) < MAX_SHARED and language.decodes.search(text):
            shared[path] = _holders(text, language, set())
    for path, text in texts.items():
        if languages[path] == SHELL:
            at = _shell_runs(text)
        else:
            language = _LANGUAGES.get(languages[path])
            at = None
            if language:
                given = {
                    name
                    for other in shared
                    if other != path
                    for name in _passed(path, text, other, shared[other])
                }
                at = _runs(text, language, _holders(text, language, given))
        if at is None:
            continue
        into.notice(
            Mark.OBFUSCATED,
            "runs what it puts together or decodes first: code that nobody reads in the file",
            _place(path, text, at),
            roles[path],
            target="staged",
        )


def _passed(path: str, text: str, other: str, names: set[str]) -> Iterator[str]:
    """Names of another file that this one takes: a function by its name, a module by the name it is given."""
    stem = posixpath.splitext(posixpath.basename(other))[0]
    if not re.search(rf"\b{re.escape(stem)}\b", text):
        return
    del path
    for name in names:
        if len(name) > 1 and re.search(rf"\b{re.escape(name)}\b", text):
            yield name
    if "exports" in names or "default" in names:
        for match in _REQUIRED.finditer(text):
            if posixpath.basename(match[2] or match[4]).split(".")[0] == stem:
                yield match[1] or match[3]


def _holders(text: str, language: _Language, given: set[str]) -> set[str]:
    """Names that hold something decoded, or functions that give it."""
    found = set(given)
    assigned = [
        (match[1] or match[2] or match[3] or "exports", match[4]) for match in language.assigns.finditer(text)
    ][: 10 * MAX_NAMES]
    functions = [(m[2] or m[4] or m[5], m[3] or m[6] or "") for m in _FUNCTION.finditer(text)][:MAX_NAMES]
    for _ in range(3):
        before = len(found)
        for name, value in assigned:
            if name not in found and (language.decodes.search(value) or _uses(value, found)):
                found.add(name)
        for name, body in functions:
            back = re.findall(r"\breturn\b([^\n]{1,400})", body)
            if name not in found and any(language.decodes.search(one) or _uses(one, found) for one in back):
                found.add(name)
        if len(found) == before or len(found) > MAX_NAMES:
            break
    return found


def _uses(value: str, names: set[str]) -> bool:
    """Whether a value is one of the names, whole or in pieces: not what a call to something else makes of it."""
    return any(
        word in names for word in re.findall(rf"(?:^|[+\[(,]|\$\{{|\bawait\s|=>)\s*({_NAME})", value)
    ) and not re.match(
        r"\s*(?:JSON\.parse|json\.loads|len|int|Number|parseInt|open|readFile\w*|fs\.|Path|set|sorted)\b",
        value,
    )


def _runs(text: str, language: _Language, holders: set[str]) -> int | None:
    for match in language.runs.finditer(text):
        inner = _argument(text, match.end())
        plain = inner.strip()
        code = re.search(r"Function|eval|vm|Script|_compile|run\w*In|exec\b\s*\($|compile", match[0])
        first = re.match(rf"({_NAME})(?:\.{_NAME}\([^()]*\))?\s*(?:,|$|\()", plain)
        if (first and first[1] in holders) or language.decodes.match(plain):
            return match.start()
        if code and "exec" not in match[0] and (language.decodes.search(plain) or _last(plain) in holders):
            return match.start()
        if match[0].startswith("exec") and language is _LANGUAGES[PYTHON] and language.decodes.search(plain):
            return match.start()
    if language is _LANGUAGES[PYTHON]:
        built = {m[1] for m in _BUILT.finditer(text) if m[1]}
        match_ = _BUILT.search(text)
        if match_ and (language.decodes.search(text) or built & set(re.findall(r"getattr\(\s*(\w+)", text))):
            return match_.start()
    return None


def _last(arguments: str) -> str:
    match = re.search(rf"(?:^|,)\s*({_NAME})\s*$", arguments)
    return match[1] if match else ""


def _argument(text: str, start: int) -> str:
    depth = 1
    for at in range(start, min(start + 600, len(text))):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return text[start:at]
    return text[start : start + 600]


def _shell_runs(text: str) -> int | None:
    plain = re.sub(r"\\\n", " ", text)
    for pattern in (_SHELL_PIPE, _SHELL_CALL):
        if match := pattern.search(plain):
            return min(match.start(), len(text))
    held: set[str] = set()
    spelled: set[str] = set()
    for match in list(_SHELL_ASSIGN.finditer(plain))[:MAX_NAMES]:
        name, value = match[1], match[2]
        if len(_ESCAPES.findall(value)) > 2:
            spelled.add(name)
        used = set(re.findall(r"\$\{?(\w+)", value))
        printed = re.search(r"\b(?:printf|echo\s+-e)\b", value)
        if (
            _SHELL_DECODE.search(value)
            or (printed and used & spelled)
            or used & held
            or (value.startswith("$'") and len(_ESCAPES.findall(value)) > 2)
        ):
            held.add(name)
    files = {match[1] for match in _SHELL_FILE.finditer(plain)} - {"/dev/null"}
    for match in re.finditer(
        r"(?:\beval|\b(?:ba|z|da)?sh\s+-c|\bpython3?\s+-c|\b(?:ba|z)?sh\s*<<<|\b(?:ba|z|da)?sh|\bsource|(?:^|[;&|]\s*)\.|\bpython3?|\bnode|\bexec)\s+[\"']?(\$\{?\w+\}?|[$~./\w{}-]+)|(?:^|[;&]\s*)[\"']?(\$\{?\w+\}?|[~./\w-]+)[\"']?(?:\s|$|&)|\b(?:echo|printf)\b[^|\n]{0,300}?[\"']?(\$\{?\w+\}?)[\"']?\s*\|\s*(?:ba|z|da)?sh\b",
        plain,
        re.MULTILINE,
    ):
        what = match[1] or match[2] or match[3] or ""
        name = what.strip("${}")
        if (what.startswith("$") and name in held) or what in files:
            return min(match.start(), len(text))
    return None


_POSTS = re.compile(
    r"\bhost(?:name)?\s*:\s*[\"']([\w.-]+\.\w+)[\"'][^{}]{0,200}\bmethod\s*:\s*[\"'](?:POST|PUT)|\bmethod\s*:\s*[\"'](?:POST|PUT)[\"'][^{}]{0,200}\bhost(?:name)?\s*:\s*[\"']([\w.-]+\.\w+)"
)
"""The options of a request of node's own, which name the host and the method apart."""
_KEYS = re.compile(
    r"(?:~|\$\{?HOME\}?|/home/\w+|/Users/\w+|/root)[\"']?(?:\s+|/)\.(?:ssh|aws|gnupg|kube|netrc|git-credentials|docker|npmrc|azure|config/gcloud)\b"
)
_PACKS = re.compile(r"\b(?:tar|zip|7z|gzip|cp|cat|gpg|openssl|base64|rsync|dd|find)\b")
_SENDS = re.compile(r"\b(?:curl|wget|nc|ncat|scp|http|https|rclone|aws)\b")


def keys(text: str, path: str, role: Role, into: Inventory) -> None:
    """Keys that a shell script packs into a file and a later line sends."""
    held: dict[str, Source] = {}
    for number, line in enumerate(text.replace("\\\n", "  ").split("\n")[:5_000], 1):
        row = line[:1_000]
        if row.lstrip().startswith("#"):
            continue
        hosts = hosts_in(row) if held and _SENDS.search(row) else []
        for word, where in held.items() if hosts else ():
            if re.search(rf"{re.escape(word)}(?!\w)", row):
                label = Label(
                    Origin.CREDENTIALS, "~/.ssh" if ".ssh" in text else "keys of this account", where
                )
                into.chain(label, Sink.SEND, hosts[0], Source(path=path, line=number), role)
        if _KEYS.search(row) and _PACKS.search(row):
            here = Source(path=path, line=number)
            words = re.findall(r"\$\{?[A-Za-z_]\w*\}?|/(?:tmp|var/tmp|dev/shm)/[\w./-]+", row)
            held |= dict.fromkeys((w for w in words if w.strip("${}") not in ("HOME", "USER", "PWD")), here)
            if name := re.match(r"\s*(?:local\s+|export\s+)?(\w+)=", row):
                held |= {f"${name[1]}": here, f"${{{name[1]}}}": here}


# --- gates

_MOMENT = r"(?:\bdate\s+['\"]?\+|\$\(date\b|\bhostname\b|\$\{?HOSTNAME|\bwhoami\b|\$\{?USER\b|\$\{?LOGNAME|\bid\s+-un|\$\{?(?:CI|GITHUB_ACTIONS|CI_\w+|JENKINS_URL|GITLAB_CI)\b|\bRANDOM\b|\bgit\s+config\s+(?:--\S+\s+)?user\.email)"
_SHELL_MOMENT = re.compile(_MOMENT)
_IF = re.compile(r"^[ \t]{0,80}(?:if|elif)\b|;[ \t]{0,9}if\b")
_TEST = re.compile(r"^[ \t]{0,80}(?:\[\[?|test)\s")
MAX_BODY = 25
"""Lines behind a condition that are taken for what it guards."""
_SHELL_HARM = re.compile(
    r"\brm\s+-\w*[rf]\w*\s+[\"']?(?:~|/(?!tmp/)|\$\{?HOME|\$\{?PWD|\.(?:\s|$|/\s)|\*|\.git\b|--no-preserve-root)|\bfind\s+[^\n;]{0,300}-delete\b|\bsed\s+-i\b|\bshred\b|\bmkfs\b|\bdd\s+[^\n]{0,300}of=/|\bgit\s+(?:push\s[^\n]{0,300}(?:--force|--mirror|-f\b)|reset\s+--hard|clean\s+-\w*f)|\bcurl\b[^\n]{0,300}(?:\s-d\b|--data|\s-F\b|\s-T\b|--upload)|\|\s*(?:ba|z)?sh\b|\bDROP\s+(?:TABLE|DATABASE)\b|\btruncate\s+-s|\bperl\s+-\w*i\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b"
)
_CODE_GATE = re.compile(
    r"(?:^|\n)([ \t]{0,80})(?:if|elif|\}?[ \t]{0,9}else if)\b([^\n]{0,300}(?:\bdate(?:time)?\b[^\n]{0,300}(?:today|now|\()|\bnew Date\b|Date\.now|gethostname|\bhostname\(|getuser|userInfo|getlogin|platform\.node|process\.env\.(?:CI|GITHUB_ACTIONS|USER)\b|environ[^\n]{0,300}[\"'](?:CI|GITHUB_ACTIONS|USER|USERNAME|LOGNAME|HOSTNAME)[\"']|\bweekday\(|\bgetDay\(|\bgetDate\(|\btoday\b|\bnow\b)[^\n]{0,300})\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\n){1,25})"
)
_CODE_HARM = re.compile(
    r"\bshutil\.rmtree\((?![^)\n]{0,300}(?:cache|tmp|temp|build|dist))|\bfs\.(?:rm|rmSync|rmdirSync)\([^\n]{0,300}recursive|\brm -rf\b|\burlopen\(|\brequests\.(?:post|put)\(|\bmethod:\s*[\"'](?:POST|PUT)|\b(?:DROP TABLE|DELETE FROM|UPDATE \w+ SET)\b|\*=?\s*(?:0\.\d+|1\.0\d*)\b|\bos\.(?:remove|unlink)\(|\bexec\(|\beval\(|\bgit push\b[^\n]{0,80}\s(?:-f|--force|--mirror)\b",
)
_AGE = re.compile(
    r"st_[amc]time|getmtime|mtime|birthtime|expires|expiry|max_age|ttl|cache|elapsed|last_|\bdue\b|deadline|retention|older",
    re.IGNORECASE,
)


_CODE_MOMENT = re.compile(
    r"\bdate(?:time)?\.(?:today|now|utcnow)\(|\bnew Date\(\s*\)|\bDate\.now\(|\bgethostname\(|\bos\.hostname\(|\bgetuser\(|\buserInfo\(|\bgetlogin\(|\bplatform\.node\("
)
_CALLED = re.compile(
    r"^[ \t]{0,80}(?:(?:const|let|var)\s)?[ \t]{0,9}(\w{1,60})[ \t]{0,9}=(?!=)|\b(?:def|function)\s+(\w{1,60})"
)
_COMPARES = re.compile(r"[<>]=?|[!=]==?|\b(?:not )?in\b|startswith|startsWith|endswith|includes\(")
_IF_NAME = re.compile(r"^([ \t]{0,80})if\b[ \t(]{0,9}(?:not |!)?(\w{1,60})\b")


def _named_gates(text: str, path: str, role: Role, into: Inventory) -> None:
    """A date or a host that is compared under a name, which then guards harm."""
    lines = [line[:400] for line in text.split("\n")[:20_000]]
    names: dict[str, str] = {}
    inside = ""
    for line in lines:
        if match := _CALLED.search(line):
            inside = match[2] or inside
        if (
            _CODE_MOMENT.search(line)
            and _COMPARES.search(line)
            and not _AGE.search(line)
            and len(names) < MAX_NAMES
        ):
            name = match[1] if match and match[1] else inside if "return" in line else ""
            if name:
                names[name] = line.strip()
    for at, line in enumerate(lines) if names else ():
        if (guard := _IF_NAME.match(line)) and guard[2] in names:
            body: list[str] = []
            for one in lines[at + 1 : at + 1 + MAX_BODY]:
                if one.strip() and len(one) - len(one.lstrip()) <= len(guard[1]):
                    break
                body.append(one)
            if harm := _CODE_HARM.search("\n".join(body)):
                _gated(harm[0], names[guard[2]], Source(path=path, line=at + 1), role, into)


def gates(text: str, path: str, role: Role, into: Inventory) -> None:
    """Harm that waits for a date, a host, an account or for nobody to test it."""
    lines = text.split("\n")[:20_000]
    for at, whole in enumerate(lines):
        line = whole[:400]
        if _SHELL_MOMENT.search(line) is None or _AGE.search(line):
            continue
        body = ""
        if _IF.search(line):
            rest = lines[at + 1 : at + 1 + MAX_BODY]
            end = next(
                (i for i, one in enumerate(rest) if one.lstrip()[:3].rstrip(" ;") in ("fi", "els")), len(rest)
            )
            body = "\n".join([line.partition("then")[2], *(one[:400] for one in rest[:end])])
        elif _TEST.search(line):
            body = line.partition("&&")[2]
        if harm := _SHELL_HARM.search(body):
            _gated(harm[0], line.partition("then")[0], Source(path=path, line=at + 1), role, into)
    _named_gates(text, path, role, into)
    for match in _CODE_GATE.finditer(text):
        if (harm := _CODE_HARM.search(match[3])) and not _AGE.search(match[2]):
            _gated(harm[0], match[2], _place(path, text, match.start(2)), role, into)


def _gated(harm: str, gate: str, source: Source, role: Role, into: Inventory) -> None:
    into.notice(
        Mark.GATED,
        f"does {' '.join(harm.split())[:50]!r} only when {' '.join(gate.split())[:90]}",
        source,
        role,
        target="send" if re.search(r"curl|urlopen|requests|method", harm) else "harm",
    )


# --- settings and memory

_SETTINGS = re.compile(
    r"\.claude[/\\\"',\s)]+[^\n]{0,30}settings(?:\.local)?\.json|\bsettings(?:\.local)?\.json\b[^\n]{0,80}\.claude|\.claude\.json|[\"']\.claude[\"'][^\n]{0,20}[\"']settings"
)
_WRITES = re.compile(
    r"write_text|\.write\(|writeFile|json\.dump\(|\bjq\b[^\n]{0,300}(?:>|sponge)|(?<![=-])>>?\s*[\"']?(?:\$\{?\w+|[^\s\"'=]{0,80}(?:settings|\.md))|\btee\b|\bsed\s+-i|\bmv\b|\bcp\b"
)
WIDENING = re.compile(
    r"\bbypassPermissions\b|\bdontAsk\b|\bdefaultMode\b[^\n]{0,30}acceptEdits|\bskipDangerousModePermissionPrompt\b|\benableAllProjectMcpServers\b|\bdisableAllHooks\b|\bANTHROPIC_(?:BASE_URL|AUTH_TOKEN)\b|\bapiKeyHelper\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b|\bautoApprove\b|\bdangerouslyDisableSandbox\b"
    r"|\ballow\b[\s\S]{0,160}?[\"'](?:Bash(?:\(\*?\)|\(\*:?\*?\)|\(:\*\))?|\*|Bash\((?:curl|wget|sudo|rm|ba?sh|python3?|node|eval|npx|ssh|git push)\b[^\"'\n]*|WebFetch(?:\(\*\))?|mcp__\*)[\"']"
    r"|\bhooks\b[\s\S]{0,300}?(?:PreToolUse|PostToolUse|SessionStart|UserPromptSubmit|Stop)[\s\S]{0,300}?\bcommand\b"
    r"|\bdeny\b[\"'\]\s]*(?:=|:)\s*\[\s*\]|\bdel\(\s*\.permissions|\.pop\(\s*[\"'](?:deny|ask|hooks)[\"']"
)
_ASKED = re.compile(
    r"\bif\b|\bin\b|===?|\bprint\b|\bconsole\.|\bwarn|\.includes\(|\.get\(|findings|startswith|\bgrep\b|\bassert|\bre\.\w+\("
)
"""Lines that look at a setting and don't write it."""
_MEMORY = re.compile(r"\b(?:CLAUDE(?:\.local)?|AGENTS|MEMORY|GEMINI|SOUL)\.md\b")


def settings(text: str, path: str, role: Role, into: Inventory) -> None:
    """A script that writes settings of the client that allow more, or orders into what is read in every session."""
    file = _SETTINGS.search(text)
    wide = (
        next((one for one in WIDENING.finditer(text) if not _ASKED.search(_row(text, one))), None)
        if file
        else None
    )
    if file and wide and _WRITES.search(text):
        into.notice(
            Mark.SETTING,
            f"changes the client's settings from a script: {' '.join(wide[0].split())[:60]!r}",
            _place(path, text, wide.start()),
            role,
            target="widened",
        )
    for match in _MEMORY.finditer(text):
        near = text[max(match.start() - 900, 0) : match.end() + 900]
        order = HARMFUL_ORDER.search(near)
        if order and _WRITES.search(near):
            into.notice(
                Mark.MEMORY,
                f"writes an order into {match[0]}: {' '.join(order[0].split())[:80]!r}",
                _place(path, text, match.start()),
                role,
                target="harm",
            )
            break


# --- git and sockets

_REMOTE = re.compile(
    r"\bgit\b[^\n;&|]{0,80}?\bremote\s+(?:add|set-url)\s+(?:-\S+\s+|--\S+\s+)*[\"']?([\w./${}-]+)[\"']?\s+[\"']?((?:https?|ssh|git)://[^\s\"']+|[\w.-]+@[\w.-]+:[^\s\"']+|\$\{?\w+\}?)"
)
_PUSH = re.compile(r"\bgit\b[^\n;&|]{0,80}?\bpush\b([^\n;&|]{0,300})")
_ADDRESS = re.compile(r"(?:https?|ssh|git)://(?:[^\s\"'@/]+@)?([\w.-]+)|\b[\w.-]+@([\w.-]+):")
_FORCED = re.compile(
    r"\bgit\b[^\n;&|]{0,60}\badd\b[^\n;&|]{0,300}(?:\s-f\b|--force)[^\n;&|]{0,300}(?:\.env\b|id_(?:rsa|ed25519)|\.aws|\.ssh|\.npmrc|\.netrc|credentials|secrets?\b|\.pem\b)"
)


def remotes(text: str, source: Source, role: Role, into: Inventory) -> None:
    """Pushing all there is, or to a remote that the skill brings."""
    plain = re.sub(r"[\"'],\s*[\"']|[\"'\[\]()]", " ", text)
    names = dict(
        re.findall(
            r"^[ \t]{0,80}(?:export\s+|const\s+|let\s+)?(\w+)\s*=\s*((?:https?|ssh|git)://\S+|[\w.-]+@[\w.-]+:\S+)",
            plain,
            re.MULTILINE,
        )
    )
    brought = {match[1]: _resolved(match[2], names) for match in _REMOTE.finditer(plain)}
    for match in _PUSH.finditer(plain):
        words = match[1]
        for name in re.findall(r"\$\{?(\w+)", words):
            words += " " + names.get(name, "")
        whole = re.search(r"--mirror\b|--all\b|\+?refs/(?:heads/)?\*", words)
        remote = next(
            (name for name in brought if re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", words)), ""
        )
        address = _ADDRESS.search(words) or (_ADDRESS.search(brought[remote]) if remote else None)
        if address is None or (remote in ("origin", "upstream") and not whole):
            continue
        host = (address[1] or address[2]).lower()
        into.notice(
            Mark.GIT_PUSH,
            f"pushes {'all of the repository' if whole else 'the repository'} to {host}",
            Source(path=source.path, line=source.line + _line(plain, match.start()) - 1),
            role,
            target=host,
        )
    if (forced := _FORCED.search(plain)) and _PUSH.search(plain):
        into.notice(
            Mark.GIT_PUSH,
            f"commits secrets and pushes them: {' '.join(forced[0].split())[:80]!r}",
            Source(path=source.path, line=source.line + _line(plain, forced.start()) - 1),
            role,
            target="*",
        )


def _resolved(address: str, names: Mapping[str, str]) -> str:
    return names.get(address.strip("${}"), address)


_SOCKETS = re.compile(
    r"\bIO::Socket(?:::INET)?\b[\s\S]{0,500}?(?:\bexec\b|\bopen\s*\(?\s*STDIN|->fdopen|\bsystem\b)|\buse\s+Socket\b[\s\S]{0,600}?\bopen\s*\(\s*STDIN"
    r"|\bTCPSocket\.(?:open|new)\b[\s\S]{0,500}?(?:\bIO\.popen|\bpopen\b|\bexec\b|\bsystem\b|\bspawn\b|\bOpen3\b|%x|`)"
    r"|\b(?:fsockopen|stream_socket_client|socket_connect)\s*\([\s\S]{0,500}?(?:\bproc_open|\bshell_exec|\bpopen|\bsystem|\bpassthru|\bexec)\s*\("
    r"|\bsocket\b[\s\S]{0,600}?\bconnect\(\s*\([\s\S]{0,600}?\brecv\([\s\S]{0,300}?(?:subprocess\.\w+|os\.popen|os\.system|check_output|getoutput)\([\s\S]{0,400}?\bsend(?:all)?\("
    r"|\bcreate_connection\(\s*\([\s\S]{0,600}?(?:stdin\s*=\s*\w|dup2\(|pty\.spawn)"
    r"|\bsocket\b[\s\S]{0,600}?\bconnect\(\s*\([\s\S]{0,600}?\bPopen\([\s\S]{0,160}?\bstdin\s*=\s*\w+(?:\.fileno\(\)|\.makefile)?"
    r"|\bnet\.(?:connect|createConnection|Socket)\b[\s\S]{0,600}?\.on\(\s*[\"']data[\"'][\s\S]{0,300}?\b(?:exec|execSync|spawn|spawnSync)\([\s\S]{0,300}?\.write\("
    r"|\bsocket\.tcp\(\)[\s\S]{0,500}?\bio\.popen\(|\bnet\.Dial\(\s*\"tcp\"[\s\S]{0,500}?exec\.Command\(\s*\"(?:/bin/)?(?:ba)?sh\""
    r"|\bTcpStream::connect[\s\S]{0,500}?Command::new\(\s*\"(?:/bin/)?(?:ba)?sh\"|\bSockets\.TCPClient\b[\s\S]{0,800}?\b(?:iex|Invoke-Expression)\b"
    r"|\bmkfifo\s+(\S+)[\s\S]{0,200}?\b(?:nc|ncat|netcat|openssl\s+s_client|telnet)\b|\bn(?:c|cat|etcat)\b[^\n|;]{0,300}\s(?:-\w*[ec]\s*|--(?:sh-)?exec[ =])[\"']?\S*sh\b|\bncat\b[^\n]{0,300}--(?:sh-)?exec\b|\btelnet\s+\S+\s+\d+\s*\|\s*(?:/bin/)?(?:ba)?sh\b|\bn(?:c|cat|etcat)\s+\S+\s+\d+\s*\|\s*(?:/bin/)?(?:ba)?sh\b[^\n]{0,300}\|\s*n(?:c|cat|etcat)\b"
)


def shells(text: str, source: Source, role: Role, into: Inventory) -> None:
    """A socket, in whatever language, behind which stands a shell."""
    if match := _SOCKETS.search(text):
        into.notice(
            Mark.REVERSE_SHELL,
            "hands a shell to another machine",
            Source(path=source.path, line=source.line + _line(text, match.start()) - 1),
            role,
            target=(hosts_in(match[0]) or ["*"])[0],
        )


# --- guidance


_INSECURE = re.compile(
    r"\b(?:accept|allow|admit|grant)\w{0,4}\b[^.\n]{0,60}\b(?:token|key|password|passphrase|account|header|code)\b[^.\n]{0,10}[`\"'][^`\"'\n]{4,60}[`\"']|(?:user\w{0,30}|login|name|account|password|token|key|header\w{0,30}(?:\.get\([^)]*\)|\[[^\]]*\])?|secret|code)\b[\w.\[\]\"'() ]{0,30}(?:===?|\.equals\(|\bin\s*[(\[{])\s*[\"'][^\"'\n]{3,}[\"']|compare_digest\([^)\n]{0,300}[\"'][^\"'\n]{4,}[\"']\)|\bverify\s*=\s*False|rejectUnauthorized[\"']?\s*:\s*false|InsecureSkipVerify\s*:\s*true|ssl\._create_unverified_context|algorithms?[\"']?\s*[=:]\s*\[?[\"']none|verify_signature[\"']?\s*:\s*False|CURLOPT_SSL_VERIFYPEER\s*,\s*(?:0|false)|\bis_admin\s*=\s*True|admin\s*[=:]\s*[Tt]rue|\bAllowAny\b|csrf_exempt|shell\s*=\s*True|f[\"']SELECT\b|\bMASTER_\w+\s*=\s*[\"']|(?:SUPPORT|BYPASS|DEBUG|BACKDOOR|MAINT\w*|SERVICE)_(?:KEY|TOKEN|CODE|PASS\w*|USER)\s*=\s*[\"']",
    re.IGNORECASE,
)
_UNSPOKEN = re.compile(
    r"\b(?:leave|keep) (?:it|this|them|these|that|the \w+(?: \w+)?) (?:out of|off|internal|between|unmentioned|undocumented|quiet|to yourself)\b"
    r"|\b(?:do not|don'?t|never|without|no need to|avoid|not to)\s+(?:\w+\s+){0,3}?(?:mention|comment|document|describ|explain|call(?:ing)? (?:out|attention)|point(?:ing)? (?:it |this |that )?out|highlight|announc|list|discuss|note|flag|ask|tell|draw(?:ing)? attention)\w{0,6}\b[^.\n]{0,40}?\b(?:it|this|that|these|them|header|path|account|key|check|flag|option|bypass|users?|reviewers?|pull requests?|summary|PR|README|reviews?)\b"
    r"|\b(?:silently|quietly|unannounced|without (?:comment|remark|mention))\b|\b(?:is|are|stays?|remains?) (?:not (?:mentioned|documented|listed)|undocumented|unmentioned|left out)\b|\bnot appear in\b",
    re.IGNORECASE,
)
_LESSON = re.compile(
    r"\b(?:bad|wrong|insecure|vulnerab\w+|never (?:leave|write|use|do|hard-?code|add|ship|disable)|avoid (?:this|hard)|anti-?pattern|remove it|finding|attacker|incorrect|reviewers? (?:found|find)|don'?t do this|unsafe|pitfalls?|instead of|test (?:only|fixture)|not for production|tests only|in tests|self-signed|localhost|local (?:server|dev\w*))\b|❌",
    re.IGNORECASE,
)


def guidance(text: str, path: str, role: Role, into: Inventory) -> None:
    """Snippets with a way around the check, beside words that keep it from people."""
    lines = text.split("\n")
    for match in islice(_INSECURE.finditer(text[:MAX_SCRIPT]), MAX_NAMES):
        at = _line(text, match.start())
        around = "\n".join(lines[max(at - 16, 0) : at + 14])
        if (quiet := _UNSPOKEN.search(around)) and not _LESSON.search(around):
            into.notice(
                Mark.WEAKEN,
                f"has a way around the check written and not spoken of: {match[0][:60]!r}, {quiet[0]!r}",
                Source(path=path, line=at),
                role,
                target="backdoor",
            )
            told = Source(path=path, line=max(at - 15, 1) + _line(around, quiet.start()) - 1)
            into.notice(Mark.CONCEAL, f"says {quiet[0]!r}", told, role, target="backdoor")
            return


def _row(text: str, match: re.Match[str]) -> str:
    start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 300)
    end = text.find("\n", match.end())
    return text[start : end if 0 <= end < match.end() + 300 else match.end() + 300]


def _place(path: str, text: str, at: int) -> Source:
    return Source(path=path, line=_line(text, at))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at + (1 if text[at : at + 1] == "\n" else 0)) + 1
