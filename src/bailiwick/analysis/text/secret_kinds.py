"""What secrets look like: the one table that detection and redaction share.

Every pattern is anchored, bounded and free of nested repetition, so scanning takes time linear in the text. Formats
follow the issuers' public documentation; boundaries are "not a token character" on either side, so a token before
``,`` or ``)`` is found as well.
"""

import math
import re
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass

from bailiwick.model.access import Confidence

_PEM_LIMIT = 32_768
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLACEHOLDER = re.compile(
    r"(?i)^(?:x{3,}|\*{3,}|\.{3,}|(?:your|my|some|the|an?|enter|insert|put)[-_ .].*|<.*>|(?:example|placeholder|change[-_]?me|redacted"
    r"|removed|dummy|sample|null|none|true|false|undefined|todo|test|string|secret|token|password|passwd|passphrase|required"
    r"|optional|disabled|enabled|default)s?\d{0,4})$"
)
_DOUBTFUL = re.compile(r"(?i)example|placeholder|change[-_]?me|redacted|removed|dummy|sample")
"""Words that make a secret less likely, never impossible: a real password may contain them."""


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
    return Confidence.LOW if _DOUBTFUL.search(secret) else Confidence.HIGH


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

_FORMS: tuple[SecretKind, ...] = (
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

SECRET_KINDS: tuple[SecretKind, ...] = (*_FORMS, _OPTIONS, _USER_OPTION)
"""Most specific first: where two overlap, the earlier names the match."""
