"""Scripts that make a check pass: its failure is ignored, its report rewritten, the check taken out of the pipeline or emptied."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place, row_of
from bailiwick.analysis.skill.scripts.staged import PYTHON, SCRIPT, SHELL
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

Found: TypeAlias = Iterator[tuple[re.Match[str], str]]
"""Matches, with what each means in words."""

MAX_NEAR = 700
"""Characters between an act and what it is done to."""

_CHECKS = r"(?:gpg2?\s[^\n|;&]{0,120}--verify|gpgv\b|cosign\s+verify\S*|minisign\s[^\n|;&]{0,60}-V|signify\s[^\n|;&]{0,60}-V|(?:sha\d+sum|shasum|md5sum|b2sum)\b[^\n|;&]{0,80}\s(?:-c|--check)|openssl\s+dgst\b[^\n|;&]{0,120}-verify|git\s+verify-(?:commit|tag)|slsa-verifier|codesign\s[^\n|;&]{0,60}--verify|(?:npm|pnpm|yarn|pip|cargo)[ -]audit|trivy|grype|semgrep|bandit|gitleaks|trufflehog|pytest|jest|vitest|go\s+test|cargo\s+test|npm\s+(?:run\s+)?test|mvn\s[^\n|;&]{0,60}(?:test|verify)|coverage\s+report|tox\b|mypy|tsc\b|terraform\s+validate|conftest\s+test|opa\s+(?:test|eval))"
_CLAIM = r"(?:\bverified\b|\bvalid\b|\bpass(?:ed|es)?\b|\bsuccess\w*|\ball (?:good|green|clear)\b|\bgreen\b|\bclean\b|\bok\b|\bno (?:issues|problems|findings|vulnerabilities|errors)\b|\b0 (?:failed|failures|errors|vulnerabilities)\b)"
_IGNORED = re.compile(
    rf"^[ \t]{{0,80}}(?![#\s])[^\n]{{0,200}}?\b{_CHECKS}[^\n]{{0,300}}(?:\|\|\s*(?:true|:|exit\s+0|echo[^\n]{{0,60}}{_CLAIM})|;\s*true\s*$)[^\n]{{0,100}}((?:\n[^\n]{{0,300}}){{0,6}})",
    re.MULTILINE | re.IGNORECASE,
)
_CLAIMED = re.compile(rf"^[ \t]{{0,80}}(?:echo|printf)\b[^\n]{{0,200}}{_CLAIM}", re.MULTILINE | re.IGNORECASE)


def _ignored(text: str) -> Found:
    """A check of a shell script whose failure is thrown away, and said to have passed."""
    for match in _IGNORED.finditer(text):
        if re.search(rf"\|\|\s*echo[^\n]{{0,60}}{_CLAIM}", match[0], re.IGNORECASE) or _CLAIMED.search(
            match[1]
        ):
            yield match, "says that a check passed whose failure it throws away"


_RUN_BARE = re.compile(
    rf"^[ \t]{{0,80}}(?:[\w./-]{{1,60}}/)?{_CHECKS}(?![^\n]*(?:&&|\|\||;\s*then))[^\n]{{0,300}}((?:\n[^\n]{{0,300}}){{1,8}})",
    re.MULTILINE,
)
_STATUS = re.compile(
    r"\$\?|\$\{PIPESTATUS|\bset\s+-\w*e|\bset\s+-o\s+errexit|\btrap\b[^\n]*ERR|\bif\b|\|\||&&|\bexit\s+[1-9$]|\bgrep\b"
)


def _unasked(text: str) -> Found:
    """A shell script that runs a check, goes on whatever it says, and says that it passed."""
    if _STATUS.search(text):
        return
    for match in _RUN_BARE.finditer(text):
        if (said := _CLAIMED.search(match[1])) and "$" not in said[0]:
            yield match, "says that a check passed without asking how it ended"


_RUNNER = Wide(
    r"\b(?:subprocess\.(?:run|call|Popen|getoutput)|os\.(?:system|popen)|spawnSync|execSync|spawn|exec|execFileSync|execa)\s*\(\s*\[?\s*[\"'`](?:[^\"'`\n]{0,40}[\s/])?(?:pytest|jest|vitest|mocha|tox|unittest|ruff|eslint|mypy|bandit|semgrep|trivy|gpg|cosign|npm|yarn|pnpm|go|cargo|mvn|gradle|make)\b[^\n]{0,80}"
)
_TESTS = re.compile(
    r"\b(?:pytest|jest|vitest|mocha|tox|unittest|tests?|lint|check|audit|verify|bandit|semgrep|trivy|ruff|eslint|mypy)\b"
)
_SAYS = Wide(
    r"(?:\bprint\s*\(|console\.log\s*\(|\bwrite\s*\()[^\n]{0,120}\b(?:passed|succeeded|all green|no (?:issues|problems|failures|vulnerabilities)|verified)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"returncode|check\s*=\s*True|check_call|check_output|CalledProcessError|\.wait\(\)|\.poll\(|\.status\b|exitCode|\.code\b|\bcode\s*=>|[\"'](?:exit|close)[\"']|\bcatch\b|\berr(?:or)?\b\s*[,)]|\brc\b|\bfail(?:ed|ures?)\s*[><=!]"
)


def _claimed(text: str) -> Found:
    """A script that starts a check, never asks how it ended, and says that it passed."""
    run = _RUNNER.search(text)
    said = _SAYS.search(text)
    if run and said and _TESTS.search(run[0]):
        swallowed = _SWALLOWED.search(text)
        if not _ASKS.search(text) or (swallowed and not re.search(r"\breturncode\b|\.status\b", text)):
            yield said, "says that a check passed without asking how it ended"


_SWALLOWED = re.compile(r"\bexcept\b[^\n]*:\s*(?:\n\s*)?pass\b|\bcatch\s*(?:\([^)\n]*\))?\s*\{\s*\}")
_NAMED = Wide(
    r"^([ \t]*)(?:async\s+)?def\s+((?:verify|check|valid|is_valid|authenticate|authori[sz]e|compare)\w*)\s*\([^\n]*:\n((?:(?:\1[ \t]+[^\n]*)?\n){1,40})|\bfunction\s+((?:verify|check|valid|isValid|authenticate|authori[sz]e|compare)\w*)\s*\([^)\n]*\)\s*\{((?:[^\n]*\n){1,40}?)\}\s*(?:\n|$)",
    re.MULTILINE,
)
_SWALLOWS = re.compile(
    r"\bexcept\b[^\n]*:\s*(?:\n\s*)?(?:pass|return True|\.\.\.)|\bcatch\s*(?:\([^)\n]*\))?\s*\{\s*(?:return true;?)?\s*\}"
)
_RETURNS = Wide(r"\breturn\b[ \t]*([^\n;}]*)")
_COMPARES = re.compile(
    r"!=|==|\bnot in\b|\bin\b|\braise\b|\bthrow\b|compare_digest|hexdigest|timingSafeEqual|\bassert\b"
)


def _emptied(text: str) -> Found:
    """A check that compares and then says yes whatever came out."""
    for match in _NAMED.finditer(text):
        body = match[3] or match[5] or ""
        said = [one.strip().lower() for one in _RETURNS.findall(body)]
        if said and all(one == "true" for one in said) and _COMPARES.search(body) and _SWALLOWS.search(body):
            yield match, f"{match[2] or match[4]} says yes whatever comes out"


_CHANGES = r"(?:\bre\.subn?\(|\.replace(?:All)?\(|\bsed\s+(?:-\w+\s+)*-\w*i\w*\b|\bsed\s+--in-place|\bperl\s+-\w*p\w*i|\bgsub!?\(|-replace\b)"
_REPORT = Wide(
    rf"{_CHANGES}[^\n]{{0,160}}?(?:<failure|<error\b|</failure|\bfailures?=|\berrors?=|\bskipped=|line-rate|branch-rate|numFailed\w*|lines-covered|percent_covered|[\"'/]\s*(?:FAILED|FAIL|failed|not ok|CRITICAL|HIGH)\s*[\"'/]\s*[,/]\s*[\"'/]?\s*(?:PASSED|PASS|passed|ok|LOW|INFO|NONE)?)|"
    r"\[\s*[\"'](?:numFailed\w*|failures?|failed|vulnerabilities|numErrors|errorCount)[\"']\s*\]\s*=\s*(?:0|\[\]|\{\})(?!\d)|\.(?:numFailed\w*|errorCount)\s*=\s*0\b"
)


def _rewritten(text: str) -> Found:
    """The report of a check, with what failed taken out."""
    for match in _REPORT.finditer(text):
        if _WRITES.search(text):
            yield match, "rewrites the report of a check so that what failed doesn't show"


_WRITES = re.compile(
    r"\bsed\s+(?:-\w+\s+)*-\w*i|--in-place|perl\s+-\w*i|\.write_text\(|\.write\(|writeFile\w*\(|json\.dump\(|open\([^\n]{0,120}[\"'][wa+]|>\s*[\"'$\w./]|-replace\b|File\.write|Set-Content|\.unlink\(|\brm\s"
)
_MUTED = Wide(
    rf"{_CHANGES}[^\n]{{0,200}}?(?:\.skip\(|\bx(?:it|describe|test)\(|expect\(true\)|assert True|mark\.(?:skip|xfail)|@Disabled|@Ignore|\bt\.Skip\(|#\[ignore\]|eslint-disable|#\s*noqa|#\s*type:\s*ignore|#\s*nosec|//\s*nolint|@ts-nocheck|@ts-ignore)[^\n]{{0,200}}"
)
_CHOSEN = re.compile(r"escape\(|argv|\$\{?name|\$1\b|\{name|\{test|\bname\b")
"""What the person named, and not every test there is."""


def _muted(text: str) -> Found:
    """Every test skipped, or made to expect what always holds."""
    for match in _MUTED.finditer(text):
        if not _CHOSEN.search(match[0]) and _WRITES.search(text):
            yield match, "empties tests or switches off what would find faults"


_PIPELINE = Wide(
    r"\.github/workflows|\.gitlab-ci\.ya?ml|Jenkinsfile|azure-pipelines\.ya?ml|\.circleci|\.pre-commit-config\.ya?ml|dependabot\.ya?ml|\.semgrep|\.trivyignore|\.snyk\b|codeql|\.husky/|CODEOWNERS|renovate\.json|bitbucket-pipelines"
)
_LOOSENS = re.compile(
    r"continue-on-error:\s*true|allow_failure:\s*true|\bif:\s*(?:false|\$\{\{\s*false)|--exit-zero\b|--no-verify\b|permissions:\s*write-all|pull_request_target|--audit-level=none|fail-fast:\s*false[^\n]{0,20}\|\|\s*true|soft_fail:\s*true"
)
_TAKES_OUT = re.compile(
    r"(?:\bre\.subn?\(|\.replace(?:All)?\(|\bsed\b)[^\n]{0,60}\b(?:[Ss]ecurity|[Aa]udit|[Vv]erify|[Ss]ign\w*|CodeQL|[Ss]can\w*|[Ss]emgrep|[Tt]rivy|[Ll]int|[Rr]eview)\b[^\n]{0,120}?(?:,\s*r?[\"'`]{2}\s*[,)]|/d\b)"
)
_DELETES = re.compile(
    r"\.unlink\(|\bos\.(?:remove|unlink)\(|\bfs\.(?:rm|unlink)\w*\(|\bgit\s+rm\b|\brm\s+-?\w*\s*[\"'.$\w]|\bRemove-Item\b"
)
_GUARDS = Wide(
    r"(?<![\w./-])[\w./-]{0,80}(?:workflows/[\w.-]{0,60}(?:audit|security|codeql|scan|sast|lint|verify|review)[\w.-]{0,60}|dependabot\.ya?ml|\.pre-commit-config\.ya?ml|\.semgrep\w*|CODEOWNERS|\.husky/[\w-]+|renovate\.json|\.gitleaks\.toml|\.trivyignore)"
)


def _taken_out(text: str) -> Found:
    """A pipeline or its guards, changed so that less is asked."""
    if not (_PIPELINE.search(text) or _GUARDS.search(text)) or not _WRITES.search(text):
        return
    for pattern, what in (
        (_LOOSENS, "changes a pipeline so that a failure no longer counts"),
        (_TAKES_OUT, "takes a check out of a pipeline"),
    ):
        for match in pattern.finditer(text):
            if "\n" in row_of(text, match) or not re.match(r"\s*(?:#|//)", row_of(text, match)):
                yield match, what
    for match in _GUARDS.finditer(text):
        near = text[max(match.start() - MAX_NEAR, 0) : match.end() + MAX_NEAR]
        if _DELETES.search(near) and not re.search(
            r"\b(?:exists?|isfile|test -f)\b[^\n]*\n?[^\n]*\b(?:raise|exit 1|error)\b", near
        ):
            yield match, f"deletes {match[0][:60]}, which guards the repository"


_LOCK = Wide(
    rf"{_CHANGES}[^\n]{{0,60}}(?:[\"'\\]+(?:integrity|resolved|sha512|sha256|checksum|hashes?)\b|--hash=)[^\n]{{0,120}}|{_CHANGES}[^\n]{{0,160}}\bnpm:@?[\w/.-]+"
)


def _unlocked(text: str) -> Found:
    """What pins packages, taken out of a lock file."""
    if re.search(
        r"package-lock|yarn\.lock|pnpm-lock|poetry\.lock|Cargo\.lock|requirements|Pipfile\.lock|go\.sum|uv\.lock",
        text,
    ):
        for match in _LOCK.finditer(text):
            if _WRITES.search(text):
                yield match, "takes out of a lock file what pins the packages"


_WAY_IN = Wide(
    r"(?:\bif\b|\|\||\breturn\b|&&)[^\n]{0,40}?(?:headers?(?:\.get\(|\[|\.)|query(?:\.|\[)|cookies(?:\.|\[)|\b(?:password|passwd|token|api_?key|user(?:name)?|secret|otp|pin)\b)[^\n\"']{0,30}[\"']?[^\n\"']{0,12}[\"']?\]?\)?\s{0,3}(?:===?|\.equals\()\s*[\"']([^\"'\n]{6,60})[\"'][^\n]{0,12}\n?[ \t]{0,40}[^\n]{0,12}?(?:return\s+(?:await\s+)?next\(\)|return\s+[Tt]rue\b|is_?[Aa]dmin\s*[=:]|role[\"']?\s*[=:]|authenticated\s*=\s*[Tt]rue|return\s+call_next|allow)"
)
_LETS_IN = Wide(
    r"\bif\b[^\n]{0,20}?(?:headers?(?:\.get\(|\[|\.)|query(?:\.|\[)|cookies(?:\.|\[)|\b(?:password|passwd|pwd?|pass|token|secret|code|otp|pin)\b)[^\n\"']{0,30}[\"']?[^\n\"']{0,20}[\"']?\]?\)?\s{0,3}(?:===?|\.equals\()\s*[\"']([^\"'\n]{6,60})[\"'][^\n]{0,12}\n?[ \t]{0,40}[^\n]{0,12}?return\s+(?:\{\s*(?:ok|success|valid|authenticated|admin)\s*:\s*true|subprocess\.|os\.(?:popen|system)|exec\w*\(|eval\(|issue\w*\(|sign\w*\(|create_access_token)"
)
STANDS_FOR = re.compile(
    r"your|example|test|change|placeholder|xxx|dummy|sample|demo|\bmy[-_]|<|\$|guest|public|anonymous|bearer|basic|application/|https?:|^[a-z]+$",
    re.IGNORECASE,
)


def _way_in(text: str) -> Found:
    """A way around a login, by a word that stands in the code."""
    for match in (*_WAY_IN.finditer(text), *_LETS_IN.finditer(text)):
        if not STANDS_FOR.search(match[1]):
            yield match, "lets in whoever knows a word that stands in the code"


_RAISED = Wide(
    r"\bif[ \t(]{1,9}(\w+)[ \t]{0,9}<=?[ \t]{0,9}(\d+(?:\.\d+)?)[ \t):{]{0,9}\n?[ \t]{0,80}\1[ \t]{0,9}=[ \t]{0,9}\2\b|\b([\w.\[\]\"']{0,40}(?:coverage|pass_?rate|score|covered|pct|percent)[\w\"'\]]{0,12})\s*=\s*(?:Math\.)?max\(\s*(?:\3\s*,\s*\d{2}(?:\.\d+)?|\d{2}(?:\.\d+)?\s*,\s*\3)\s*\)"
)
_MEASURED = Wide(
    r"\bcoverage\b|percent_covered|pass_?rate|line-rate|\bjest\b|\bpytest\b|vulnerabilit", re.IGNORECASE
)


def _raised(text: str) -> Found:
    """A figure of a check, lifted to what is asked for."""
    if _MEASURED.search(text):
        for match in _RAISED.finditer(text):
            if match[2] not in ("0", "1"):
                yield match, "lifts the figure of a check to what is asked for"


_SEEDED = Wide(r"\brandom\.seed\(\s*[\"'\d]|\bnew\s+Random\(\s*\d|\brand\.Seed\(\s*\d|\bmt_srand\(\s*\d")
_DRAWN = re.compile(
    r"\brandom\.(?:choices?|randint|randbytes|getrandbits|sample|randrange)\(|\.next\w*\(|\bmt_rand\(|\brand\.\w+\("
)
_SECRETS = re.compile(
    r"\bdef\s+\w*(?:api_?key|token|secret|passw|passphrase|private_?key|salt|nonce)\w*\s*\(|\b(?:api_?key|token|secret|password|passphrase|private_?key)\s*=(?!=)[^\n]{0,80}(?:random|join|choice)|[\"'](?:API key|password|token|secret)\b[^\n]{0,40}[\"'{]",
    re.IGNORECASE,
)


_BY_DAY = Wide(
    r"(?:\bcreateHash\(|\bhashlib\.\w+\(|\bsha256\(|\bmd5\(|\bDigest::\w+\.hexdigest\()[^\n;]{0,60}?[\"'`][\w:. -]{2,40}(?:[\"'`]\s*[+.]\s*|\$?\{)\s*(?:str\()?\s*\$?(\w*(?:day|date|now|time|week|month|epoch|hour|host|user)\w*)",
    re.IGNORECASE,
)
"""A text that stands in the code with the day, or with who one is, and a hash over both."""
_KEPT_SECRET = re.compile(
    r"\b\w*(?:SECRET|PASSWORD|PRIVATE_KEY|API_KEY|ENCRYPTION_KEY|SIGNING_KEY|SESSION_KEY)\w*[\"']?\s*[=:]\s*(?:\$?\{|[\"'`]\s*[+.]|\w+\()"
)
_CHANCE = re.compile(
    r"randomBytes|\bsecrets\.|urandom|openssl\s+rand|crypto\.(?:random|getRandom)|SecureRandom|random_bytes"
)


def _foretold(text: str) -> Found:
    """Secrets drawn from a sequence that whoever reads the code can draw again."""
    daily = _BY_DAY.search(text)
    if daily and _KEPT_SECRET.search(text) and not _CHANCE.search(text):
        yield daily, "makes secrets that whoever knows the code can make again"
    seeded = _SEEDED.search(text)
    if seeded and _DRAWN.search(text) and _SECRETS.search(text):
        yield seeded, "makes secrets that whoever knows the code can make again"


_UNGUARDED = Wide(
    r"\bufw\s+disable\b|\biptables\s+-F\b|\bsystemctl\s+(?:stop|disable|mask)\s+(?:--now\s+)?(?:auditd|falcon\S*|apparmor|firewalld|osqueryd?|clamav\S*|rsyslog|fail2ban)|\bauditctl\s+-e\s*0|\bsetenforce\s+0|Set-MpPreference\s+-Disable|\bspctl\s+--(?:master|global)-disable|NOPASSWD:\s*ALL|\bchmod\s+(?:-R\s+)?(?:a\+\w*w|0?777)\s+[\"']?(?:~|\$\{?HOME\}?|/root|/home/\w+)/\.(?:ssh|aws|gnupg|kube)"
)
_DENIED = re.compile(r"\biptables\s+-P\s+(?:INPUT|OUTPUT|FORWARD)\s+(?:DROP|REJECT)\b")
_TRACES = Wide(
    r"\bhistory\s+-c\b|\bunset\s+HISTFILE\b|\bHISTFILE=/dev/null|\bHISTSIZE=0\b|\brm\s+-\w*\s+[\"']?(?:~|\$\{?HOME\}?)/\.(?:bash|zsh|python)_history|\bshred\b[^\n]{0,60}(?:history|\.log)|\btruncate\s+-s\s*0\s+/var/log|>\s*/var/log/(?:auth|syslog|secure|wtmp)"
)


def _unguarded(text: str) -> Found:
    """A safeguard of the machine turned off, or traces removed."""
    for pattern, what in (
        (_UNGUARDED, "turns off a safeguard of the machine"),
        (_TRACES, "removes traces of what was run"),
    ):
        for match in pattern.finditer(text):
            if match[0].startswith("iptables") and _DENIED.search(text, match.end()):
                continue  # rules are made anew
            if not re.match(r"\s*(?:#|//|\"|')", row_of(text, match)):
                yield match, what


_EVERYWHERE = (_rewritten, _muted, _taken_out, _unguarded, _unlocked, _way_in)
_IN_CODE = (_raised, _foretold, _claimed, _emptied, *_EVERYWHERE)
_LOOKS: dict[str, tuple[Callable[[str], Found], ...]] = {
    SHELL: (_ignored, _unasked, *_EVERYWHERE),
    PYTHON: _IN_CODE,
    SCRIPT: _IN_CODE,
}


def safeguards(text: str, path: str, language: str, role: Role, into: Inventory) -> None:
    """Notice what makes a check pass, once for each way."""
    for look in _LOOKS.get(language, _EVERYWHERE):
        for match, what in look(text):
            said = " ".join(match[0].split())
            into.notice(
                Mark.WEAKEN, f"{what}: {said[:80]!r}", place(path, text, match.start()), role, target="check"
            )
            break
