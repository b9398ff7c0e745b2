"""Secrets in text: one table of what they look like, one function that finds them.

Both detection (``rules/secret``) and redaction (``audit.redaction``) use it, so whatever a rule can find, the
audit trail masks. Every pattern is anchored, bounded and free of nested repetition: time is linear in the text.

Formats follow the issuers' public documentation; boundaries are "not a token character" on either side, so a
token before ``,`` or ``)`` is found as well. Inline comments that ask scanners to look away are not honoured.
"""

import math
import re
import zlib
from base64 import urlsafe_b64decode
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bailiwick.analysis.text import views
from bailiwick.model.access import Confidence

SCAN_LIMIT = 1_048_576
"""Characters of one text that are scanned; callers say so when a text is longer."""

_PEM_LIMIT = 32_768
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_REDACTED = re.compile(r"\[redacted:[a-z0-9/-]{1,60}:[0-9a-f]{12}\]")
_PLACEHOLDER = re.compile(
    r"(?i)^(?:x{3,}|\*{3,}|\.{3,}|(?:your|my|some|the|an?|enter|insert|put)[-_ .].*|.*(?:example|placeholder|changeme|"
    r"change[-_]me|redacted|removed|dummy|sample|<.*>).*|(?:null|none|true|false|undefined|todo|test|string|"
    r"secret|token|password|passwd|passphrase|required|optional|disabled|enabled|default)s?\d{0,3})$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """One secret: the rule that knows it, half-open character offsets into the scanned text, how sure.

    ``secret`` is what it says once decoded; it must never be written anywhere.
    """

    rule: str
    start: int
    end: int
    confidence: Confidence
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKind:
    """What one rule's secrets look like.

    ``keywords``: without one of them in the text (lower-cased where ``folded``) the pattern isn't tried.
    Where ``folded``, the pattern is tried only where a keyword stands, and so begins with it.
    The secret is the group ``secret`` or the whole match. ``judge`` says how sure a candidate is, None for
    "not a secret". ``anchored`` kinds have a fixed prefix of their own and are looked for in joined text too.
    """

    rule: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]
    judge: Callable[[str], Confidence | None]
    folded: bool = False
    anchored: bool = True


def _sure(_secret: str) -> Confidence | None:
    return Confidence.HIGH


def _crc(secret: str) -> Confidence | None:
    """GitHub and npm tokens end in the CRC-32 of their random part in base 62 (github.blog, 2021-04-05)."""
    body = secret.partition("_")[2]
    if len(body) != 36:  # noqa: PLR2004 - the classic length; other forms carry no checksum
        return Confidence.HIGH
    number, digits = zlib.crc32(body[:30].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return Confidence.HIGH if digits == body[30:] else Confidence.LOW


def _jwt(secret: str) -> Confidence | None:
    head = secret.partition(".")[0]
    try:
        header = urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except ValueError:
        return None
    return Confidence.HIGH if b'"alg"' in header else None


def _credential(secret: str) -> Confidence | None:
    """Written by a person in a place for passwords: sure unless it is plainly a placeholder or a reference."""
    if secret[0] in "$<{%*[" or _PLACEHOLDER.match(secret):
        return None
    return Confidence.HIGH


def _header(secret: str) -> Confidence | None:
    """After a scheme word: not a word of prose, which has neither digits nor capitals inside."""
    varied = any(c.isdigit() for c in secret) or (len(secret) >= 20 and secret[1:] != secret[1:].lower())  # noqa: PLR2004
    return _credential(secret) if varied else None


def entropy(text: str) -> float:
    """Shannon entropy of the characters of ``text``, in bits per character."""
    size = len(text)
    return -sum((n := text.count(c)) / size * math.log2(n / size) for c in set(text))


def _generic(secret: str) -> Confidence | None:
    """A value that looks random: mixed classes, no placeholder, no reference, not a path or an identifier."""
    if _PLACEHOLDER.match(secret) or secret.startswith(("/", "./", "~", "http:", "https:", "-", "%", "*")):
        return None
    digits = sum(c.isdigit() for c in secret)
    letters = sum(c.isalpha() for c in secret)
    if not digits or not letters or secret.count(".") > 2 or "::" in secret:  # noqa: PLR2004 - dotted names
        return None
    return Confidence.LOW if entropy(secret) >= 2.8 else None  # noqa: PLR2004 - bits; words lie below


def _p(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


_I = re.IGNORECASE
_KEY_NAMES = tuple(
    f"{kind}{joint}key"
    for kind in ("api", "access", "account", "private", "encryption", "signing")
    for joint in ("_", "-", "", ".")
)
_EDGE = r"(?<![A-Za-z0-9_])"

SECRET_KINDS: tuple[SecretKind, ...] = (
    SecretKind(
        rule="secret/anthropic-key",
        keywords=("sk-ant-",),
        pattern=_p(_EDGE + r"sk-ant-[a-z]{2,8}\d{2}-[A-Za-z0-9_-]{16,400}+"),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/aws-access-key",
        keywords=("AKIA", "ASIA", "ABIA", "ACCA"),
        pattern=_p(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/aws-secret-key",
        keywords=("secret",),
        pattern=_p(
            r"secret[_.-]?(?:access)?[_.-]?key[\"'`]?[ \t]{0,5}(?::=|=>|[=:])[ \t]{0,5}[\"'`]?"
            r"(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
            _I,
        ),
        judge=_sure,
        folded=True,
        anchored=False,
    ),
    SecretKind(
        rule="secret/github-token",
        keywords=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        pattern=_p(
            r"(?<![A-Za-z0-9])(?:gh[pour]_[A-Za-z0-9]{36,255}+|ghs_[A-Za-z0-9._-]{36,4096}+|github_pat_[A-Za-z0-9_]{22,255}+)"
        ),
        judge=_crc,
    ),
    SecretKind(
        rule="secret/gitlab-token",
        keywords=(
            "glpat-",
            "gloas-",
            "gldt-",
            "glrt-",
            "glrtr-",
            "glcbt-",
            "glptt-",
            "glft-",
            "glimt-",
            "glagent-",
            "glsoat-",
            "glffct-",
            "glwt-",
            "GR1348941",
        ),
        pattern=_p(
            r"(?<![A-Za-z0-9])(?:gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|wt)-[A-Za-z0-9_.-]{20,300}+"
            r"|GR1348941[A-Za-z0-9_-]{20,50}+)"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/npm-token",
        keywords=("npm_", "_authToken"),
        pattern=_p(
            r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])|_authToken[ \t]{0,3}=[ \t]{0,3}(?P<secret>[A-Za-z0-9_=+/.-]{16,400}+))"
        ),
        judge=_crc,
    ),
    SecretKind(
        rule="secret/pypi-token",
        keywords=("pypi-AgE",),
        pattern=_p(r"(?<![A-Za-z0-9])pypi-AgE[A-Za-z0-9_-]{40,2000}+"),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/slack-token",
        keywords=("xox", "xapp-", "hooks.slack.com"),
        pattern=_p(
            r"(?<![A-Za-z0-9])(?:xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,400}+|xapp-\d-[A-Za-z0-9-]{10,400}+"
            r"|hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/]{20,200}+))"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/google-api-key",
        keywords=("AIza", "GOCSPX-", "ya29."),
        pattern=_p(
            r"(?<![A-Za-z0-9_])(?:AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|GOCSPX-[A-Za-z0-9_-]{20,60}+|ya29\.[A-Za-z0-9_-]{20,1000}+)"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/openai-key",
        keywords=("sk-",),
        pattern=_p(
            _EDGE
            + r"sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,400}+|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}(?![A-Za-z0-9]))"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/stripe-key",
        keywords=("sk_", "rk_", "whsec_"),
        pattern=_p(
            r"(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}+|whsec_[A-Za-z0-9+/=]{24,100}+)"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/private-key",
        keywords=("PRIVATE KEY", "AGE-SECRET-KEY-", "PuTTY-User-Key"),
        # A key that is cut off before its end marker is a key all the same.
        pattern=_p(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            rf"(?:[A-Za-z0-9+/=\s\\,:().]|-(?!----)){{16,{_PEM_LIMIT}}}+(?:-----END [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----)?"
            r"|AGE-SECRET-KEY-1[A-Z0-9]{20,80}+"
            rf"|PuTTY-User-Key-File-\d:(?:[A-Za-z0-9+/=\s,:().\\@-]){{64,{_PEM_LIMIT}}}+"
        ),
        judge=_sure,
    ),
    SecretKind(
        rule="secret/connection-string",
        keywords=("://",),
        pattern=_p(
            r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\"'`<>]{0,100}:(?P<secret>[^\s@/\"'`<>]{3,200})@(?=[\w\[.-])"
        ),
        judge=_credential,
        anchored=False,
    ),
    SecretKind(
        rule="secret/jwt",
        keywords=("eyJ",),
        pattern=_p(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4096}+\.eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,2048}+"
        ),
        judge=_jwt,
    ),
    SecretKind(
        rule="secret/authorization-header",
        keywords=("authorization", "bearer ", "x-api-key", "private-token", "x-auth-token", "job-token"),
        pattern=_p(
            r"(?:authorization[\"']?[ \t]{0,5}[:=][ \t]{0,5}[\"']?(?:(?:bearer|basic|token|digest|apikey|key)[ \t]{1,5})?"
            r"|(?<![a-z])bearer[ \t]{1,5}|(?:x-api-key|private-token|x-auth-token|job-token)[\"']?[ \t]{0,5}[:=][ \t]{0,5}[\"']?)"
            r"(?P<secret>[A-Za-z0-9._~+/=-]{12,4096}+)",
            _I,
        ),
        judge=_header,
        folded=True,
        anchored=False,
    ),
    SecretKind(
        rule="secret/generic-assignment",
        keywords=("passw", "passphrase", "pwd", "secret", "token", "credential", "auth", *_KEY_NAMES),
        pattern=_p(
            r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|auth[_.-]?key|account[_.-]?key"
            r"|private[_.-]?key|encryption[_.-]?key|signing[_.-]?key|credentials?|auth(?!or))[a-z0-9_]{0,30}+"
            r"[\"'`]?[ \t]{0,5}(?::=|=>|[=:])[ \t]{0,5}[\"'`]?(?P<secret>[^\s\"'`,;(){}\[\]<>$&|\\]{8,256}+)(?![(\[])",
            _I,
        ),
        judge=_generic,
        folded=True,
        anchored=False,
    ),
)

_OPTIONS = SecretKind(
    rule="secret/generic-assignment",
    keywords=("--",),
    pattern=_p(
        r"(?<![\w-])--(?:[a-z]{1,20}-){0,3}(?:passw(?:or)?d|passphrase|pass|token|secret|api-?key|access-?key|secret-?key|client-?secret)"
        r"[ \t]{1,5}[\"']?(?P<secret>[^\s\"'`,;(){}\[\]<>$&|\\]{8,256}+)",
        _I,
    ),
    judge=_generic,
    folded=True,
    anchored=False,
)
_USER_OPTION = SecretKind(
    rule="secret/authorization-header",
    keywords=("-u", "--user", "sshpass"),
    pattern=_p(
        r"(?:(?<![\w-])(?:curl|http|https|xh)\b[^\n|;&]{0,200}?[ \t](?:-u|--user)[ \t=]{0,3}[\"']?[^\s:\"'$]{1,80}:"
        r"|(?<![\w-])sshpass[ \t]{1,5}-p[ \t]{0,5}[\"']?)(?P<secret>[^\s\"'`;|&()<>]{4,200}+)",
    ),
    judge=_credential,
    anchored=False,
)
SECRET_KINDS += (_OPTIONS, _USER_OPTION)

_EXACT = tuple((keyword, kind) for kind in SECRET_KINDS if not kind.folded for keyword in kind.keywords)
_FOLDED = tuple((keyword, kind) for kind in SECRET_KINDS if kind.folded for keyword in kind.keywords)
_RANK = {kind.rule: position for position, kind in reversed(tuple(enumerate(SECRET_KINDS)))}

ANCHORED_RULES: frozenset[str] = frozenset(kind.rule for kind in SECRET_KINDS if kind.anchored)
"""Secrets that say by their own form what they are; the others are known by what stands beside them."""

SECRET_RULES: frozenset[str] = frozenset(kind.rule for kind in SECRET_KINDS)


def scan(text: str) -> tuple[SecretMatch, ...]:
    """Every secret in the first ``SCAN_LIMIT`` characters of ``text``, in order, never overlapping.

    Looks at the text as written, with its escapes undone, with quotes inside words left out, and one level
    inside base64 and hexadecimal runs; offsets are always into the text as written. A run that decodes to
    something with a secret is a match as a whole. Total and deterministic.
    """
    if len(text) > SCAN_LIMIT:
        text = text[:SCAN_LIMIT]
    found = list(_plain(text))
    found.extend(_through(views.unescaped(text)))
    found.extend(_through(views.joined(text), anchored=True))
    for start, end, decoded in views.encoded(text):
        found.extend(
            SecretMatch(rule=m.rule, start=start, end=end, confidence=m.confidence, secret=m.secret)
            for m in _plain(decoded)
        )
    return _merged(text, found) if found else ()


def _plain(text: str, *, anchored: bool = False) -> Iterator[SecretMatch]:
    masks = [mask.span() for mask in _REDACTED.finditer(text)] if "[redacted:" in text else []
    lower = "" if anchored else text.lower()
    if len(lower) != len(text):
        # A few letters change their length in lower case; offsets matter more here than those letters do.
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in text) if not anchored else lower
    for kind in _candidates(text, lower, anchored=anchored):
        grouped = "secret" in kind.pattern.groupindex
        for match in _located(kind, text, lower) if kind.folded else kind.pattern.finditer(text):
            group: int | str = "secret" if grouped and match.group("secret") is not None else 0
            secret = match.group(group)
            if masks and any(start <= match.start(group) < end for start, end in masks):
                continue
            confidence = kind.judge(secret)
            if confidence is not None:
                start, end = match.span(group)
                yield SecretMatch(rule=kind.rule, start=start, end=end, confidence=confidence, secret=secret)


def _located(kind: SecretKind, text: str, lower: str) -> Iterator[re.Match[str]]:
    """Matches that begin at a keyword: much faster than trying a pattern without case at every character."""
    for keyword in kind.keywords:
        position = lower.find(keyword)
        while position >= 0:
            match = kind.pattern.match(text, position)
            if match:
                yield match
            position = lower.find(keyword, match.end() if match else position + 1)


def _candidates(text: str, lower: str, *, anchored: bool) -> list[SecretKind]:
    """The kinds one of whose keywords occurs: most texts have none, and then no pattern runs."""
    found: list[SecretKind] = []
    for keyword, kind in _EXACT:
        if keyword in text and kind not in found and not (anchored and not kind.anchored):
            found.append(kind)
    if not anchored:
        for keyword, kind in _FOLDED:
            if keyword in lower and kind not in found:
                found.append(kind)
    return found


def _through(view: views.View | views.Layered | None, *, anchored: bool = False) -> Iterator[SecretMatch]:
    if view is None:
        return
    for match in _plain(view.text, anchored=anchored):
        start, end = view.span(match.start, match.end)
        yield SecretMatch(
            rule=match.rule, start=start, end=end, confidence=match.confidence, secret=match.secret
        )


def _merged(text: str, found: list[SecretMatch]) -> tuple[SecretMatch, ...]:
    """Overlapping matches become one, named by the surest and most specific of them."""
    found.sort(key=lambda m: (m.start, -m.end))
    merged: list[SecretMatch] = []
    for match in found:
        if not merged or match.start >= merged[-1].end:
            merged.append(match)
            continue
        last = merged[-1]
        best = min(last, match, key=lambda m: (m.confidence is Confidence.LOW, _RANK[m.rule]))
        end = max(last.end, match.end)
        secret = best.secret if end - last.start == best.end - best.start else text[last.start : end]
        merged[-1] = SecretMatch(
            rule=best.rule, start=last.start, end=end, confidence=best.confidence, secret=secret
        )
    return tuple(merged)


def segment_of(starts: tuple[int, ...], offset: int) -> int:
    """Index of the segment, of those beginning at ``starts`` (ascending), that ``offset`` lies in."""
    return bisect_right(starts, offset) - 1
