"""Harm that waits: for a date, a host, an account, or for nobody to test it."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import indent_of, place
from bailiwick.analysis.skill.scripts.razing import RAZES
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

MAX_NAMES = 200
"""Names that are followed in one script."""

_MOMENT = r"(?:\bdate\s+['\"]?\+|\$\(date\b|\bhostname\b|\$\{?HOSTNAME|\bwhoami\b|\$\{?USER\b|\$\{?LOGNAME|\bid\s+-un|\$\{?(?:CI|GITHUB_ACTIONS|CI_\w+|JENKINS_URL|GITLAB_CI)\b|\bRANDOM\b|\bgit\s+config\s+(?:--\S+\s+)?user\.email)"
_SHELL_MOMENT = Wide(_MOMENT)
_IF = re.compile(r"^[ \t]{0,80}(?:if|elif)\b|;[ \t]{0,9}if\b")
_CLOSED = re.compile(r"\bthen\b[^\n]*[;\s]fi[\s;]*$")
"""A condition that ends where it begins."""
_TEST = re.compile(r"^[ \t]{0,80}(?:\[\[?\s|test\s|\(\()")
MAX_BODY = 25
"""Lines behind a condition that are taken for what it guards."""
_SHELL_HARM = re.compile(
    r"\bxargs\b[^\n]{0,60}\brm\b|\brm\s+-\w*[rf]\w*\s+[\"']?(?:~|/(?!tmp/)|\$\{?HOME|\$\{?PWD|\.(?:\s|$|/\s)|\*|\.git\b|--no-preserve-root)|\bfind\s+[^\n;]{0,300}-delete\b|\bsed\s+-i\b|\bshred\b|\bmkfs\b|\bdd\s+[^\n]{0,300}of=/|\bgit\s+(?:push\s[^\n]{0,300}(?:--force|--mirror|-f\b)|reset\s+--hard|clean\s+-\w*f)|\bcurl\b[^\n]{0,300}(?:\s-d\b|--data|\s-F\b|\s-T\b|--upload)|\|\s*(?:ba|z)?sh\b|\bDROP\s+(?:TABLE|DATABASE|SCHEMA)\b|\bTRUNCATE\s|\bkubectl\s+delete\b|\bterraform\s+destroy\b|\bdocker\s+(?:system|volume)\s+(?:prune|rm)\b|\baws\s+s3\s+r[mb]\b|\bchmod\s+-R\s+0|\btruncate\s+-s|\bperl\s+-\w*i\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b|\bdropdb\s|\bmysqladmin\b[^\n]{0,60}\bdrop\b|\bredis-cli\b[^\n]{0,60}\bflush(?:all|db)\b|\b(?:gcloud|az|aws)\b[^\n]{0,80}\bdelete\b|\bgit\s+update-ref\s+-d\b"
)
_CODE_GATE = Wide(
    r"(?:^|\n)([ \t]{0,80})(?:if|elif|\}?[ \t]{0,9}else if)\b([^\n]{0,300}(?:\bdate(?:time)?\b[^\n]{0,300}(?:today|now|\()|\bnew Date\b|Date\.now|gethostname|\bhostname\(|getuser|userInfo|getlogin|platform\.node|process\.env\.(?:CI|GITHUB_ACTIONS|USER)\b|environ[^\n]{0,300}[\"'](?:CI|GITHUB_ACTIONS|USER|USERNAME|LOGNAME|HOSTNAME)[\"']|\bweekday\(|\bgetDay\(|\bgetDate\(|\btoday\b|\bnow\b|\btime\.time\(|\bperformance\.timeOrigin|\btime\.Now\(|\bDateTime\.|\bGet-Date\b|\bTime\.now|\bgethostname|\bHostname\(|\btimeZone\b|\btzname\b|\bPYTEST_CURRENT_TEST\b|[\"']pytest[\"']\s+(?:not )?in\s+sys\.modules|\bJEST_WORKER_ID\b|\bVITEST\b|\bgettrace\(|\bisDebuggerPresent\b|--abbrev-ref|--show-current|\btz\b|\$env:(?:USERNAME|COMPUTERNAME)\b|\bUSERDNSDOMAIN\b|\bUSERDOMAIN\b)[^\n]{0,300})\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\n){1,25})"
)
_CODE_HARM = re.compile(
    r"\b(?:iban|account_?(?:number|no)?|wallet|recipient|payee|beneficiary)[\"'\]]{0,2}\s*=(?!=)|\bshutil\.rmtree\((?![^)\n]{0,300}(?:cache|tmp|temp|build|dist))|\b(?:fs\.rm|rmSync|rmdirSync)\([^\n]{0,300}recursive|\brm -rf\b|\burlopen\(|\brequests\.(?:post|put)\(|\bmethod:\s*[\"'](?:POST|PUT)|\b(?:DROP (?:TABLE|DATABASE|SCHEMA|COLLECTION)|TRUNCATE|DELETE FROM|UPDATE \w+ SET)\b|\b(?:dropDatabase|deleteMany|drop_all|rm_rf|rm_r|remove_entry|RemoveAll|remove_dir_all|Remove-Item)\b|\bkubectl[\s\"',]+delete\b|\bterraform[\s\"',]+destroy\b|\bNet::HTTP\b|\bhttp\.Post\b|\bInvoke-\w+|\bsystem\(\s*[\"']rm\b|\bfetch\(|\*=?\s*(?:0\.\d+|1\.0\d*)\b|[-+]=\s*0?\.\d+|\b(\w{1,40})\s*=\s*\1\s*[-+*/]\s*\d|\b(\w{1,40})\s*=\s*(?:round|int|(?:math|Math|np)\.(?:floor|ceil|round|trunc)|\[math\]::\w+)\(\s*[\w.$]{0,20}?\2\b|\bfor\b[^\n]{0,80}\bif\s+\(?\w+\s*%\s*\d+|\bfilter\([^\n]{0,60}%\s*\d+|\[\s*:\s*-\d+\s*\]|\[\s*::\s*\d+\s*\]|\bos\.(?:remove|unlink)\(|\bexec\(|\beval\(|\bgit push\b[^\n]{0,80}\s(?:-f|--force|--mirror)\b",
)
_AGE = re.compile(
    r"st_[amc]time|getmtime|mtime|birthtime|expires|expiry|max_age|ttl|cache|elapsed|last_|\bdue\b|deadline|retention|older",
    re.IGNORECASE,
)


_FIGURE = re.compile(r"\w+\s*=\s*[\w.]+\(|[-+*/]=?\s*[01]?\.\d|\w+\s*=\s*\w+\s*[-+*/]|for\b|filter\(|\[")
_FIXED = re.compile(
    r"pytest|JEST_WORKER|VITEST|gettrace|\b1[6-9]\d{8}(?:\d{3})?\b|\b20\d\d\b|strptime|fromisoformat|[\"']\d{4}-|(?:[<>]=?|-(?:gt|ge|lt|le))\s*\d{5,}|\b1[6-9](?:\.\d+)?e8\b|\b1\.[6-9]\d*e(?:9|12)\b|\b1_[6-9]\d\d_\d{3}_\d{3}\b"
)
"""A moment that was set when the code was written."""
_KEEPS = re.compile(r"writeFile|write_text|json\.dump\(|\.to_(?:csv|excel|json)\(|\.write\(|UPDATE\s")
_CODE_MOMENT = Wide(
    r"\bdate(?:time)?\.(?:today|now|utcnow)\(|\bnew Date\(\s*\)|\bDate\.now\(|\bgethostname\(|\bos\.hostname\(|\bgetuser\(|\buserInfo\(|\bgetlogin\(|\bplatform\.node\("
)
_CALLED = re.compile(
    r"^[ \t]{0,80}(?:(?:const|let|var)\s)?[ \t]{0,9}\$?(\w{1,60})[ \t]{0,9}=(?!=)|\b(?:def|function)\s+(\w{1,60})"
)
_COMPARES = Wide(r"[<>]=?|[!=]==?|\b(?:not )?in\b|startswith|startsWith|endswith|includes\(")
_IF_NAME = re.compile(r"^([ \t]{0,80})if\b[ \t(]{0,9}(?:not |!)?(\w{1,60})\b")


_CODE_WHO = Wide(
    r"\benviron[^\n]{0,20}[\"'](?:USER|USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME)[\"']|\bprocess\.env\.(?:USER|USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME)\b|\bGetenv\(\"(?:USER|HOSTNAME)|\bgit\b[^\n]{0,30}\bconfig\b[^\n]{0,20}\buser\.(?:email|name)\b|\bgit\b[^\n]{0,30}\bremote\b[^\n]{0,20}\bget-url\b|\bgethostname\(|\bos\.hostname\(|\bgetuser\(|\buserInfo\(|\bgetlogin\(|\bplatform\.node\(|\buuid\.getnode\(|\bSocket\.gethostname|\bEtc\.getlogin|\bgethostname\b|\bos\.Hostname\(|\$env:(?:USERNAME|COMPUTERNAME|USERDOMAIN)"
)
_IS = re.compile(
    r"^([ \t]{0,80})(?:\}\s*)?(?:if|elif|unless)\b[ \t(]{0,9}\$?(\w{1,60})(?:\.\w+\([^()\n]{0,20}\)){0,3}\s*(?:={2,3}|-eq\b|\bin\b|\.(?:startswith|startsWith|endswith|endsWith|includes)\(|\.(?:hex)?digest\(\)\s*==)"
)
"""Who one is, asked for by a name that holds it."""


def _named_gates(text: str, path: str, role: Role, into: Inventory) -> None:
    """A date or a host that is compared under a name, which then guards harm."""
    if not (_CODE_MOMENT.search(text) or _CODE_WHO.search(text)):
        return
    lines = [line[:400] for line in text.split("\n")]
    names: dict[str, str] = {}
    held: dict[str, str] = {}
    inside = ""
    for line in lines:
        if match := _CALLED.search(line):
            inside = match[2] or inside
        if match and match[1] and _CODE_WHO.search(line) and len(held) < MAX_NAMES:
            held[match[1]] = line.strip()
        if (
            _CODE_MOMENT.search(line)
            and _COMPARES.search(line)
            and not _AGE.search(line)
            and len(names) < MAX_NAMES
        ):
            name = match[1] if match and match[1] else inside if "return" in line else ""
            if name:
                names[name] = line.strip()
    for at, line in enumerate(lines) if names or held else ():
        guard = _IF_NAME.match(line)
        whose = _IS.match(line) if held else None
        if whose and whose[2] in held and whose[2] not in names:
            names[whose[2]], guard = held[whose[2]], whose
        if guard and guard[2] in names:
            body = [line[guard.end() :]]
            for one in lines[at + 1 : at + 1 + MAX_BODY]:
                if one.strip() and indent_of(one) <= len(guard[1]):
                    break
                body.append(one)
            if harm := _CODE_HARM.search("\n".join(body)):
                _gated(harm[0], names[guard[2]], Source(path=path, line=at + 1), role, into)


_SET_IN_SHELL = re.compile(r"^[ \t]{0,80}(?:local |export |readonly )?(\w{1,40})=(.{1,200})$", re.MULTILINE)
_SHELL_DATE = re.compile(r"\$\(\s*date\b|`\s*date\b|\bEPOCHSECONDS\b")
_SHELL_FIXED = re.compile(r"\b(?:1[6-9]\d{8}|20[2-4]\d[01]\d[0-3]\d)\b|\b20[2-4]\d-[01]\d-[0-3]\d\b")


def _shell_times(text: str) -> re.Pattern[str] | None:
    """A condition on a name that holds the date, in a script that holds another from when it was written."""
    names = [match[1] for match in _SET_IN_SHELL.finditer(text) if _SHELL_DATE.search(match[2])]
    if not names or not _SHELL_FIXED.search(text):
        return None
    listed = "|".join(re.escape(name) for name in names[:20])
    return re.compile(rf"(?:\[|\btest\b|\(\()[^\n]{{0,80}}\$?\{{?(?:{listed})\b")


def gates(text: str, path: str, role: Role, into: Inventory) -> None:
    """Harm that waits for a date, a host, an account or for nobody to test it."""
    lines = text.split("\n")[:20_000]
    times = _shell_times(text)
    for at, whole in enumerate(lines if times or _SHELL_MOMENT.search(text) else ()):
        line = whole[:400]
        timed = times is not None and times.search(line) and not _SET_IN_SHELL.match(line)
        if not (timed or _SHELL_MOMENT.search(line)) or _AGE.search(line):
            continue
        body = ""
        if _IF.search(line) and _CLOSED.search(line):
            body = line.partition("then")[2]
        elif _IF.search(line):
            rest = lines[at + 1 : at + 1 + MAX_BODY]
            end = next(
                (i for i, one in enumerate(rest) if one.lstrip()[:3].rstrip(" ;") in ("fi", "els")), len(rest)
            )
            body = "\n".join([line.partition("then")[2], *(one[:400] for one in rest[:end])])
        elif _TEST.search(line):
            body = line.partition("&&")[2]
            if _GONE.match(body) and (timed or _SHELL_FIXED.search(line)):
                body = "\n".join(one[:400] for one in lines[at + 1 : at + 1 + MAX_BODY])
        if harm := _SHELL_HARM.search(body):
            _gated(harm[0], line.partition("then")[0], Source(path=path, line=at + 1), role, into)
    _named_gates(text, path, role, into)
    _left_early(text, path, role, into)
    _counted(text, path, role, into)
    for match in _CODE_GATE.finditer(text):
        body = match[3] + _called_in(match[3], text)
        harm = _CODE_HARM.search(body) or RAZES.search(body)
        if (
            harm
            and _FIGURE.match(harm[0])
            and not (_fixed(match[2], text) or _KEEPS.search(text) or _WHO.search(match[2]))
        ):
            continue  # a price that goes by the season
        if harm and (not _AGE.search(match[2]) or (_FIGURE.match(harm[0]) and _fixed(match[2], text))):
            _gated(
                harm[0],
                match[2],
                place(path, text, match.start(2)),
                role,
                into,
                fixed=_fixed(match[2], text),
            )
    _whose(text, path, role, into)
    _in_one_line(text, path, role, into)


_COUNTS = Wide(
    r"^[ \t]{0,80}(?:(?:const|let|var)[ \t]+)?(\w{1,40})[ \t]*=[^\n]{0,160}(?:json\.loads?\(|JSON\.parse\(|read_text\(|readFileSync\(|\.read\(|\bopen\()[^\n]{0,120}\+[ \t]*1\b",
    re.MULTILINE,
)
"""How often a script was run, which it keeps in a file."""
_LESS = r"(?:\*=?\s*\(?(?:0\.\d+|1\.0\d*)\b|[-+]=\s*0?\.\d+)"


def _counted(text: str, path: str, role: Role, into: Inventory) -> None:
    """A figure that is changed once a script was run so many times."""
    for match in _COUNTS.finditer(text):
        later = re.search(
            rf"\bif\b[^\n]{{0,20}}\b{match[1]}\b\s*(?:>=?|%|===?)\s*\d+[^\n]{{0,40}}(?:\n[^\n]{{0,200}}){{0,3}}?{_LESS}",
            text[match.end() :],
        )
        if later:
            at = place(path, text, match.end() + later.start())
            _gated(" ".join(later[0].split())[-40:], later[0].partition("\n")[0], at, role, into)
            return


_LEAVES = Wide(
    r"^([ \t]{0,80})if\b([^\n]{0,300}?(?:\btoday\b|\bnow\b|\btime\.time\(|\bGet-Date\b|\btime\.Now\(|\bTime\.now|\bDateTime\.|gethostname|\bhostname\(|getuser|userInfo|getlogin|platform\.node|\btoordinal\(|\bdate(?:time)?\.(?:today|now)\(|\bnew Date\(\s*\)|Date\.now\()[^\n]{0,300}?)(?:\n[ \t]*|[:){;\s])(?:return|continue|(?:sys\.|process\.|os\.)?_?exit)\b[^\n]{0,120}\n(?:[ \t]*\}[ \t]*\n)?((?:\1[ \t]*[^\s}][^\n]*\n?|[ \t]*\n){1,25})",
    re.MULTILINE,
)
_PAYEE = re.compile(
    r"\b(?:iban|account_?(?:number|no)?|wallet|recipient|payee|beneficiary)[\"'\]]{0,2}\s*[:=](?!=)\s*[\"'`\w]",
    re.IGNORECASE,
)


def _left_early(text: str, path: str, role: Role, into: Inventory) -> None:
    """What is left at once on other machines and at other times, and else changes who is paid, or deletes."""
    for match in _LEAVES.finditer(text):
        fixed = _fixed(match[2], text)
        harm = _PAYEE.search(match[3]) or (RAZES.search(match[3]) if fixed else None)
        if harm and not _AGE.search(match[2]):
            _gated(harm[0], match[2], place(path, text, match.start(2)), role, into, fixed=fixed)


_WHOSE = Wide(
    r"^([ \t]{0,80})(?:\}\s*)?(?:if|elif|elsif|unless|\w{0,3}if)\b[^\n]{0,80}?(?:\b|\$|_)(?:user|username|user_name|logname|login|whoami|hostname|host_name|computername|machine(?:name)?|getuser\(\)|userinfo\(\)\.username)[)\]\"'}]{0,3}(?:\.(?:lower|toLowerCase|strip|trim|ToLower)\(\))?\s*(?:={2,3}|=~|-c?i?(?:eq|like|match)\b|\.(?:startsWith|startswith|equals|Equals)\()\s*[\"'^]{1,2}([\w.@\\-]{2,60})[\"'$*][^\n]{0,300}(?:\n(?:\1[ \t]+[^\n]*\n?|[ \t]*\n){0,25}|\Z)",
    re.MULTILINE | re.IGNORECASE,
)
"""Somebody's name, or a machine's, that stands in the code, and what is done for it."""
_NOBODY = re.compile(
    r"root|admin\w*|system|localhost|runner|ubuntu|debian|nobody|guest|test\w*|default|github\w*|git|www-data|postgres|docker|vagrant|ci|anonymous|none|null|windows|linux|darwin",
    re.IGNORECASE,
)


def _whose(text: str, path: str, role: Role, into: Inventory) -> None:
    """Everything deleted where one person, or one machine, runs it."""
    for match in _WHOSE.finditer(text):
        body = match[0][match.end(2) - match.start() :]
        harm = RAZES.search(body) or RAZES.search(_called_in(body, text))
        where = place(path, text, match.start(2))
        known = any(one.mark is Mark.GATED and one.source == where for one in into.noticed)
        if harm and not known and not _NOBODY.fullmatch(match[2]):
            _gated(harm[0], match[0].partition("\n")[0], where, role, into)


_INLINE = Wide(
    r"^(?![ \t]*(?:if|elif|unless|while|return|assert|#|//)\b)[^\n]{0,200}?(?:\b(?:getpass\.getuser|getlogin|gethostname|os\.hostname|userInfo|platform\.node|os\.uname|Etc\.getlogin|php_uname|gethostbyname)\(|\$env:(?:USERNAME|COMPUTERNAME)|[\"'](?:USER|USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME)[\"']|\benv\.(?:USER|USERNAME|HOSTNAME)\b)[^\n]{0,60}?(?:[!=]={1,2}|\bin\b|-(?:eq|ne|like)\b|\.(?:startswith|startsWith|endswith|endsWith|includes)\()\s*[\[({]?\s*[\"']([\w.@-]{2,60})[\"'][^\n]{0,160}?(?:\band\b|&&|\bor\b|\|\||\?)([^\n]{1,300})",
    re.MULTILINE,
)
"""Who one is, asked for in an expression whose other half does something."""


def _in_one_line(text: str, path: str, role: Role, into: Inventory) -> None:
    """Everything deleted, or a receiver changed, in the second half of an expression that first asks who one is."""
    for match in _INLINE.finditer(text):
        harm = RAZES.search(match[2]) or _PAYEE.search(match[2])
        where = place(path, text, match.start(1))
        known = any(one.mark is Mark.GATED and one.source == where for one in into.noticed)
        if harm and not known and not _NOBODY.fullmatch(match[1]):
            _gated(harm[0], match[0].strip(), where, role, into)


_GONE = re.compile(r"\s*(?:exit|return)\b")
_CALL = re.compile(r"(?<![\w.])(\w{3,60})\(")
_MAX_CALLS = 8


def _called_in(body: str, text: str) -> str:
    """What functions of the same script do that a body calls."""
    found = []
    for name in list(dict.fromkeys(_CALL.findall(body)))[:_MAX_CALLS]:
        made = re.search(
            rf"^([ \t]{{0,80}})(?:export\s+)?(?:async\s+)?(?:def|function|func|sub)\s+{re.escape(name)}\b[^\n]{{0,200}}\n((?:\1[ \t]+[^\n]*\n?|[ \t]*\n){{1,25}})",
            text,
            re.MULTILINE,
        )
        found.append(made[2] if made else "")
    return "\n".join(found)


_WHO = re.compile(
    r"gethostname|\bhostname\(|getuser|userInfo|getlogin|platform\.node|[\"'](?:USER|USERNAME|LOGNAME|HOSTNAME)[\"']|env\.USER"
)
_NAMES = re.compile(r"[A-Za-z_]\w{2,60}")


def _fixed(gate: str, text: str) -> bool:
    """Whether a moment was set when the code was written: in the condition, or under a name in it."""
    return bool(_FIXED.search(gate)) or any(
        re.search(
            rf"(?<![\w.]){re.escape(name)}\s*=(?!=)[^\n]{{0,120}}(?:\b20\d\d\b|\b1[6-9]\d{{8}}(?:\d{{3}})?\b)",
            text,
        )
        for name in dict.fromkeys(_NAMES.findall(gate))
    )


_DESTROYS = re.compile(
    r"\brm\b|rmtree|\bDROP\b|TRUNCATE|DELETE|drop_all|dropDatabase|deleteMany|RemoveAll|remove_dir_all|Remove-Item|delete|destroy|shred|mkfs|--force|--mirror|unlink|rm_r"
)


def _gated(harm: str, gate: str, source: Source, role: Role, into: Inventory, *, fixed: bool = False) -> None:
    into.notice(
        Mark.GATED,
        f"does {' '.join(harm.split())[:50]!r} only when {' '.join(gate.split())[:90]}",
        source,
        role,
        target="send"
        if re.search(r"curl|urlopen|requests|method", harm)
        else "bomb"
        if _DESTROYS.search(harm) and (fixed or _FIXED.search(gate)) and not _AGE.search(gate)
        else "harm",
    )
