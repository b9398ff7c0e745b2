"""Secrets without a form of their own, known by what stands beside them: the forms people and programs write them in."""

import math
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from bailiwick.analysis.text import lexicon
from bailiwick.analysis.text.kind import Certainty, Judge, Judged, Kind, Weight
from bailiwick.analysis.text.verify import basic_credentials
from bailiwick.model.access import Tier
from bailiwick.model.regex import regex

_PASSWORDS = r"pass(?:w(?:or)?d|phrase|code|wort)?|pwd?(?![a-z])|pwd|psw|passwd|bindpw|psk|userpw"
_OWNERS = (
    "api", "access", "auth", "account", "private", "encryption", "signing", "master", "service", "client", "app", "shared", "license",
    "licence", "ssh", "storage", "deploy", "subscription", "hmac", "session", "webhook", "admin", "integration", "consumer",
)  # fmt: skip
"""Whose key it is; a key of nobody is a place in a map."""

_WORDS = (
    "pass", "pw", "psw", "bindpw", "psk", "userpw", "secret", "token", "cred", "bearer", "jwt", *_OWNERS,
)  # fmt: skip
"""How the names of secrets begin."""
_KEYS = rf"secret|token|(?:{'|'.join(_OWNERS)}|application)[_. -]?key|sharedaccesskey|credentials?|creds|auth(?!or)|bearer|jwt"
_QUOTE = "[\"'`]"
_BARE = r"(?:[^\s\"'`,;(){}\[\]<>|\\&]|&(?![\w.-]{1,40}=|&))"
_VALUE = (
    rf"(?:[rbuf@$]?\\{{0,7}}{_QUOTE}(?P<quoted>[^\s\"'`\\]{{5,256}})(?:\\{{0,7}}{_QUOTE}|\s|\Z)"
    rf"|(?P<bare>{_BARE}{{6,256}}+)(?![(\[]))"
)
_GIVEN = r"(?:[\\\"'`\])]{0,6}[ \t]{0,8}(?::[ \t]{0,3}[A-Z][A-Za-z]{0,20}\??[ \t]{0,3}(?==))?(?:=>|:=|\?=|(?<![=!<>])=(?!=)|::?(?!:)|(?<![-=])>)[ \t]{0,8})"

UUID: Final = regex(r"(?i)^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")
_TAIL = regex(
    r"(?i)(?:hash|digest|checksum|fingerprint|(?<![a-z])ids?|id|names?|ur[li]s?|paths?|files?|filename|dir|folder|types?|kind|length|len|size|count|limit"
    r"|expir\w*|ttl|age|min|max|policy|fields?|params?|headers?|class|label|hint|prompt|reset|valid\w*|regex|pattern|format|ref|arn|version|date"
    r"|time|at|algo\w*|provider|manager|mgr\w*|store|service|endpoint|issuer|audience|scopes?|method|mode|env|var|variable|prefix|suffix|index|list|map"
    r"|iz\w+|tokens|ization|enabled|required|s3|bucket|region|usage|budget|rate|window|column|table|rotation|strength|rules?|by|func\w*|handler|parser)$"
)
"""What the rest of a name says when its value is about a secret rather than one."""

_HEAD = regex(
    r"(?i)(?:(?<![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))(?:next|page|pagination|continuation|cancel\w*|stop|pad|eos|bos|unk|mask|sync|cursor|csrf|xsrf|start|end|public|publishable|max|min|num|cache"
    r"|hash|sha|input|output|prompt|completion|total|idempotency|client[_.-]?request|by|has|is|no|with|without|forgot|reset|per|column|sort|partition|primary|foreign)[_.\- ]?$"
)
_SURE = regex(
    r"(?i)secret|api[_. -]?key|apikey|access[_. -]?(?:key|token)|auth[_. -]?token|pass|pwd|private|client_secret|bearer|_token"
)
_HASHED = regex(r"^(?:\$2[aby]\$|\$argon2|\$[156]\$|pbkdf2|sha\d+[-:$]|md5:|scrypt:|\{SSHA|h1:)")
_ADDRESS = regex(
    r"^[\w.+-]+@[\w-]+\.[\w.]+$|^\d{1,3}(?:\.\d{1,3}){3}|^v?\d+(?:\.\d+){1,3}|^\d{4}-\d\d-\d\d|^[\w.-]+\.(?:com|org|net|io|dev|json|ya?ml|txt|py|js|ts|go|rb|md|pem|html?|css|png|svg)\b"
)
_PIECE = regex(r"[A-Z]?[a-z]+|[A-Z]{3,}(?![a-z])")
_PUBLIC = (
    "pk_",
    "pk.",
    "pub-",
    "pub_",
    "ssh-",
    "AAAA",
    "age1",
    "SHA256:",
    "urn:",
    "did:",
    "data:",
    "image/",
    "arn:",
    "UA-",
    "G-",
)


def entropy(text: str) -> float:
    """Shannon entropy of the characters of ``text``, in bits per character."""
    size = len(text)
    return -sum((n := text.count(c)) / size * math.log2(n / size) for c in set(text))


def wordy(value: str) -> bool:
    """Whether most of it are words of a language or of a program: letters in runs that can be spoken."""
    spoken = 0
    for piece in _PIECE.findall(value):
        if len(piece) >= 4:  # noqa: PLR2004 - shorter runs are in any random text
            vowels = sum(c in "aeiouyAEIOUY" for c in piece)
            if 0.2 <= vowels / len(piece) <= 0.7:  # noqa: PLR2004 - as in words of most languages
                spoken += len(piece)
    letters = sum(c.isalpha() for c in value)
    return bool(letters) and spoken >= 0.6 * letters


def _jumps(value: str) -> bool:
    """Whether capitals, small letters and digits follow on each other as in no name: about every second time."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in value]
    changes = sum(a != b for a, b in pairwise(kinds))
    return value.isalnum() and "d" in kinds and changes >= 0.45 * len(value)


def random_looking(value: str, *, least: int = 8, sure: bool = False) -> bool:
    """Whether a value can have been made at random: mixed, varied, and not a name, a path, an address or a number.

    ``sure`` says that its name leaves no doubt, so that a UUID or a short value counts as well.
    """
    if len(value) < least or value.startswith(_PUBLIC) or _ADDRESS.match(value):
        return False
    if UUID.match(value):
        return sure
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    if not letters or (
        not digits and (len(value) < 20 or wordy(value) or value.islower() or value.isupper())  # noqa: PLR2004 - lengths and kinds of letters, chosen by looking at what people write
    ):
        return False
    if value.count("/") > 1 and not digits * 8 > len(value):
        return False
    if wordy(value) and digits * 4 < len(value) and not (sure and _jumps(value)):
        return False
    return entropy(value) >= (2.6 if len(value) < 12 else 2.9)  # noqa: PLR2004 - bits; words and counters lie below


def chosen(value: str, *, quoted: bool) -> bool:
    """Whether a value can be a password that somebody chose: letters with digits or signs, no expression of a program."""
    if len(value) < 6 or _ADDRESS.match(value) or _HASHED.match(value):  # noqa: PLR2004 - no system takes shorter ones
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    signs = sum(not c.isalnum() and c not in "._-/:=" for c in value)
    if not letters or not (digits or signs):
        return len(value) >= 16 and letters > 0 and not wordy(value) and entropy(value) >= 3.2  # noqa: PLR2004 - bits
    if (
        not quoted
        and not signs
        and digits <= 1
        and re.fullmatch(r"[A-Za-z_][\w]*(?:[.:/-]+[A-Za-z_]\w*)+|[a-z]+(?:[A-Z][a-z]+)+\d?", value)
    ):
        return False
    # An identifier with one digit in it (`password2`, `field-1`) is a name, not a password.
    return not (wordy(value) and not signs and digits <= 2 and re.search(r"[._-]", value) is not None)  # noqa: PLR2004 - see above


_TYPE = regex(r"[A-Z]\w*::[A-Z]\w*::\w*$")
"""The name of a kind of resource: ``AWS::IAM::AccessKey``."""


def _of_type(match: re.Match[str]) -> bool:
    return _TYPE.search(match.string, max(match.start() - 60, 0), match.start()) is not None


def _assigned(match: re.Match[str]) -> Iterable[Judged]:
    """A value given to a name that stands for secrets."""
    group = "quoted" if match.group("quoted") is not None else "bare"
    value, (start, end) = match.group(group), match.span(group)
    if group == "bare":
        if value.endswith(("...", "…")):
            return  # cut short by whoever wrote it
        stripped = value.rstrip(".:!?" if value[-1:] in ".:" else "")
        end -= len(value) - len(stripped)
        value = stripped
    name, tail = match.group("name"), match.group("tail")
    before = match.string[max(match.start() - 24, 0) : match.start()]
    if not value or _TAIL.search(name + tail) or _HEAD.search(before) or lexicon.reference(value):
        return
    if _HASHED.match(value) or _of_type(match):
        return
    password = bool(re.match(_PASSWORDS, name, re.IGNORECASE)) or bool(re.search(r"(?i)pass|pwd", tail))
    sure = _SURE.search(before[-12:] + name + tail) is not None
    if password:
        fits = chosen(value, quoted=group == "quoted")
    else:
        fits = random_looking(value, least=16 if not sure else 10, sure=sure)
    if not fits:
        return
    if lexicon.placeholder(value) or lexicon.documented(value):
        yield start, end, Certainty.STAND_IN
    else:
        strong = len(value) >= 12 and entropy(value) >= 3.2  # noqa: PLR2004 - bits
        yield start, end, Certainty.HIGH if strong and sure else Certainty.LOW


def credential(match: re.Match[str]) -> Iterable[Judged]:
    """Written in a place for passwords: one unless it is plainly a placeholder or a reference."""
    secret, (start, end) = match.group("secret"), match.span("secret")
    if lexicon.reference(secret) or secret[-1:] in "}>)" or not any(c.isalnum() for c in secret):
        return
    if lexicon.placeholder(secret) or lexicon.documented(secret):
        yield start, end, Certainty.STAND_IN
    else:
        yield start, end, Certainty.HIGH if len(secret) >= 12 and entropy(secret) > 3 else Certainty.LOW  # noqa: PLR2004


def _opaque(match: re.Match[str]) -> Iterable[Judged]:
    """Behind the name of a scheme or a parameter: a random text."""
    secret = match.group("secret")
    if random_looking(secret, least=12, sure=True) and not _of_type(match):
        yield from credential(match)


def _form(match: re.Match[str]) -> Iterable[Judged]:
    """Behind words that leave no doubt; only stand-ins are none."""
    yield from credential(match)


def _basic(match: re.Match[str]) -> Iterable[Judged]:
    secret, (start, end) = match.group("secret"), match.span("secret")
    if basic_credentials(secret):
        stands_in = lexicon.documented(secret) or lexicon.placeholder(secret)
        yield start, end, Certainty.STAND_IN if stands_in else Certainty.HIGH


def _cookies(match: re.Match[str]) -> Iterable[Judged]:
    """The pairs of a cookie header whose values are random; from the first of them to the last."""
    base = match.start("secret")
    spans = []
    for pair in re.finditer(r"([\w.$-]{1,80})=([^;\s\"'\\]{8,4096})", match.group("secret")):
        name, value = pair.groups()
        if name.lower() in _ATTRIBUTES or name.startswith(("_ga", "_gid", "_fb", "utm")):
            continue
        if (
            random_looking(value, least=16, sure=True)
            and not lexicon.placeholder(value)
            and not lexicon.reference(value)
        ):
            spans.append((base + pair.start(2), base + pair.end(2)))
    if spans:
        yield spans[0][0], spans[-1][1], Certainty.HIGH


_ATTRIBUTES = frozenset(("path", "domain", "expires", "max-age", "samesite", "priority", "version"))


def _person(match: re.Match[str]) -> Iterable[Judged]:
    """In a sentence: a word that no sentence has."""
    secret = match.group("secret").rstrip(".,!?;:")
    start = match.start("secret")
    classes = sum(
        (
            any(c.isdigit() for c in secret),
            any(c.isupper() for c in secret),
            any(not c.isalnum() for c in secret),
        )
    )
    if (
        len(secret) >= 8  # noqa: PLR2004 - lengths and kinds of letters, chosen by looking at what people write
        and classes >= 2  # noqa: PLR2004 - lengths and kinds of letters, chosen by looking at what people write
        and any(c.isalpha() for c in secret)
        and not lexicon.reference(secret)
    ):
        if lexicon.placeholder(secret):
            yield start, start + len(secret), Certainty.STAND_IN
        elif not wordy(secret) or any(c.isdigit() for c in secret):
            yield start, start + len(secret), Certainty.LOW


def _database(match: re.Match[str]) -> Iterable[Judged]:
    """A line of a .pgpass file."""
    secret = match.group("secret")
    if any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret):
        yield from credential(match)


def _kind(  # noqa: PLR0913 - a table with as many columns
    rule: str,
    title: str,
    pattern: str,
    words: Iterable[str],
    judge: Judge,
    *,
    filters: tuple[tuple[str, int], ...] = (),
    reach: int = 0,
    weight: Weight = Weight.HIGH,
    folded: bool = True,
    example: str = "",
) -> Kind:
    named = tuple(words)
    return Kind(
        rule=f"secret/{rule}",
        title=title,
        weight=weight,
        tier=Tier.REDACT,
        pattern=f"(?i:{pattern})" if folded else pattern,
        words=tuple((word, 0) for word in named),
        filters=filters or tuple((re.escape(word).replace(r"\ ", " "), len(word)) for word in named),
        folded=folded,
        judge=judge,
        anchored=False,
        reach=reach,
        example=example,
    )


_NAME = rf"(?P<name>{_PASSWORDS}|{_KEYS})(?P<tail>[\w.\-]{{0,40}}?)"
_NAME_FILTER = "(?:pass|pw|psw|bindpw|psk|userpw|secret|token|key|cred|auth|bearer|jwt)"
_GENERIC_TITLE = "Value that looks random, assigned to a name for secrets"
_OPTIONS = r"(?:passw(?:or)?d|passphrase|passwd|pass|token|secret|api-?key|access-?key|secret-?key|client-?secret|auth|pwd)"


def _option(match: re.Match[str]) -> Iterable[Judged]:
    secret = match.group("secret")
    if not secret.startswith("-") and (chosen(secret, quoted=False) or random_looking(secret, sure=True)):
        yield from credential(match)


_PORTS = regex(
    r"(?:[\d.]+:|\[[0-9a-fA-F:]+\]:)?\d{1,5}(?:-\d{1,5})?(?::\d{1,5}(?:-\d{1,5})?)?(?:/(?:tcp|udp|sctp))?"
)


def _behind_command(match: re.Match[str]) -> Iterable[Judged]:
    """Behind an option of a program that takes passwords there; programs of containers take ports there too."""
    if not _PORTS.fullmatch(match.group("secret")):
        yield from credential(match)


_SETTER = regex(
    r"(?i)(?:set|with|define|putenv|put|add)[\w.]{0,20}\(?[\\\"']{0,4}[\w.\-]{0,20}$|[.\"'][\w\-]{0,20}$"
)


_NOT_ALONE = regex(r"[ \"{}<>,;:/\\]|=.|\.\.\.|^(?:0x|[a-z]{2,8}[-_]|AC[0-9a-f]{32}$)")
"""What a text has that is not one random word: separators, a prefix, an address."""


def encoded_credential(text: str) -> bool:
    """Whether a text that came out of base64 or hexadecimal can be a credential: nothing but one random word."""
    if not 12 <= len(text) <= 256 or not text.isascii() or not text.isprintable() or _NOT_ALONE.search(text):  # noqa: PLR2004 - see above
        return False
    classes = sum(
        (any(c.isdigit() for c in text), any(c.isupper() for c in text), any(c.islower() for c in text))
    )
    if classes < 2 or UUID.match(text) or wordy(text) or "://" in text or lexicon.placeholder(text):  # noqa: PLR2004 - not one kind of letters only
        return False
    return random_looking(text, least=12)


def _passed(match: re.Match[str]) -> Iterable[Judged]:
    """A text given to what sets a secret: ``setPassword("...")``, ``define('DB_PASSWORD', '...')``."""
    if _SETTER.search(match.string[max(match.start() - 50, 0) : match.start()]):
        yield from _assigned(match)


def _strong(match: re.Match[str]) -> Iterable[Judged]:
    secret = match.group("secret")
    if chosen(secret, quoted=True):
        yield from credential(match)


CONTEXTUAL: Final[tuple[Kind, ...]] = (
    _kind(
        "connection-string", "Connection string with a password",
        r"://[^\s:/@\"'`<>\\]{0,100}:(?P<secret>[^\s/\"'`<>\\@]{3,200}+(?:@[^\s/\"'`<>\\@:]{1,60}(?=@))?)@(?=[\w\[.\-$*(])",
        ("://",), credential, folded=False, filters=((r"://[^\s:/@\"'`<>\\]{0,100}:[^\s/\"'`<>\\@]{3}", 0),), reach=120,
        example="postgres://app:{a16}@db.internal:5432/app",
    ),
    _kind(
        "authorization-header", "Credential in an HTTP header",
        r"(?:authorization[\\\"']{0,4}[ \t]{0,5}[:=][ \t]{0,5}[\\\"']{0,4}(?:(?:bearer|basic|token|digest|apikey|api-key|key|bot|splunk|genie)[ \t]{1,5})?"
        r"|(?<![a-z])bearer[ \t]{1,5}[\\\"']{0,3}|(?:x-[a-z-]{0,30}?(?:key|token|secret|auth)|private-token|job-token|api-key|apikey)[\\\"']{0,4}[ \t]{0,5}:[ \t]{0,5}[\\\"']{0,4})"
        r"(?P<secret>[A-Za-z0-9._~+/=:-]{12,4096}+)",
        ("authorization", "bearer", "x-", "private-token", "job-token", "api-key", "apikey"), _opaque,
        filters=(
            (r"authorization[\\\"']{0,4}[ \t]{0,5}[:=][ \t]{0,5}[\\\"']{0,4}[A-Za-z0-9._~+/=:-]", 0),
            (r"bearer[ \t]{1,5}[\\\"']{0,3}[A-Za-z0-9._~+/=:-]{12}", 0),
            (r"(?:key|token|secret|auth)[\\\"']{0,4}[ \t]{0,5}:[ \t]{0,5}[\\\"']{0,4}[A-Za-z0-9._~+/=:-]{12}", 0),
        ), reach=80,
        example="Authorization: Bearer {a40}",
    ),
    _kind(
        "authorization-header", "Credential in an HTTP header",
        r"basic[ \t]{1,5}(?P<secret>[A-Za-z0-9+/]{8,600}+={0,2})", ("basic ",), _basic,
    ),
    _kind(
        "cookie", "Session cookie",
        r"(?:set-)?cookie[\\\"']{0,4}[ \t]{0,5}[:=][ \t]{0,5}[\\\"']{0,4}(?P<secret>[\w.$-]{1,80}=[^\n\"'\\]{8,4096}+)",
        ("cookie",), _cookies, example="Cookie: theme=dark; sid={h32}; lang=de",
    ),
    _kind(
        "cookie", "Session cookie",
        r"(?:phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|laravel_session|sessionid|session_id|_session)=(?P<secret>[A-Za-z0-9%._~+/-]{16,4096}+)",
        ("phpsessid=", "jsessionid=", "sessionid=", "connect.sid=", "_session=", "session_id="), _opaque,
    ),
    _kind(
        "netrc", "Password in a netrc file",
        r"login[ \t\n\\]{1,6}\S{1,100}[ \t\n\\]{1,6}password[ \t\n\\]{1,6}(?P<secret>[^\s\"'\\]{3,200}+)",
        ("login",), _form, example="machine git.internal login bot password {a16}",
    ),
    _kind(
        "pgpass", "Password in a .pgpass file",
        r"(?<=[A-Za-z0-9.*_-]):(?:\d{4,5}|\*):[\w*.-]{1,64}:[\w.-]{0,62}[A-Za-z][\w.-]{0,62}:(?P<secret>[^\s:\"'\\]{4,128}+)(?![:])",
        (":1", ":2", ":3", ":5", ":6", ":*:"), _database, folded=False, filters=((r":(?:[0-9]{4,5}|\*):[A-Za-z0-9_*.-]{1,64}:[A-Za-z0-9_.-]{1,64}:[^\s:\"'\\]{4}", 0),), reach=260,
        example="db.internal:5432:app:app:{a16}",
    ),
    _kind(
        "registry-auth", "Registry credential (docker, npm, pip)",
        r"(?:(?<![a-z])_?auth[\\\"']{0,6}[ \t]{0,5}[:=][ \t]{0,5}[\\\"']{0,6})(?P<secret>[A-Za-z0-9+/]{8,800}+={0,2})(?!\()", ("auth",), _basic,
        example='{{"auths": {{"registry.internal": {{"auth": "{basic}"}}}}}}',
    ),
    _kind(
        "registry-auth", "Registry credential (docker, npm, pip)",
        r":_(?:authtoken|password|auth)[ \t]{0,3}=[ \t]{0,3}[\"']?(?P<secret>[A-Za-z0-9_=+/.~-]{8,800}+)", (":_authtoken", ":_password", ":_auth"), _form,
    ),
    _kind(
        "signed-url", "Signed address",
        r"(?<=[?&;-])(?:sig|signature|security-token|hmac)=(?P<secret>[A-Za-z0-9%+/=_~-]{32,2000}+)",
        ("sig=", "signature=", "security-token=", "hmac="), _opaque,
        filters=((r"sig=[A-Za-z0-9%+/=_~-]{32}", 0), (r"signature=[A-Za-z0-9%+/=_~-]{32}", 0), (r"security-token=[A-Za-z0-9%+/=_~-]{32}", 0), (r"hmac=[A-Za-z0-9%+/=_~-]{32}", 0)),
        reach=70, example="https://acct.blob.core.windows.net/c/f?sv=2022-11-02&sr=b&sig={sig}",
    ),
    _kind(
        "query-key", "Key in the query of an address",
        r"(?<=[?&])(?:key|code|access_token|apikey|api_key|auth|token|jwt|appid|app_key)=(?P<secret>[A-Za-z0-9._~%+/=-]{20,2000}+)",
        ("key=", "code=", "access_token=", "apikey=", "api_key=", "token=", "auth=", "jwt=", "appid=", "app_key="), _opaque,
        filters=((r"[?&][a-z_]{3,12}=[A-Za-z0-9._~%+/=-]{20}", 0),), reach=40,
        example="https://api.example.net/v1/x?key={a32}",
    ),
    _kind(
        "command-option", "Secret in an option of a command",
        rf"(?<![\w-])--?(?:[a-z]{{1,20}}-){{0,3}}{_OPTIONS}[ \t]{{1,5}}[\\\"']{{0,3}}(?P<secret>[^\s\"'`,;(){{}}\[\]<>$&|\\]{{6,256}}+)",
        ("-",), _option, filters=((rf"-{_OPTIONS}[ \t]{{1,5}}[\\\"']{{0,3}}[^\s\"'`,;(){{}}\[\]<>$&|\\]{{6}}", 0),), reach=110,
        example="deploy --token {a32}",
    ),
    _kind(
        "command-option", "Secret in an option of a command",
        r"(?<![\w/-])(?:(?:mysql\w*|mariadb[\w-]*)\b[^\n|;&]{0,300}?[ \t]-p|sshpass[ \t]{1,5}-p[ \t]{0,5}|(?:redis-cli|valkey-cli)\b[^\n|;&]{0,300}?[ \t](?:-a|--pass)[ \t]{1,5}"
        r"|(?:sqlcmd|unzip|lftp)\b[^\n|;&]{0,300}?[ \t]-P[ \t]{1,5}|ldap(?:search|modify|add|passwd|whoami)\b[^\n|;&]{0,300}?[ \t]-w[ \t]{1,5}"
        r"|(?:docker|podman|helm|skopeo|buildah|oc|az|cf|twine|mongosh?|mongodump|mongorestore|cqlsh|clickhouse-client)\b[^\n|;&]{0,300}?[ \t](?:-p|--password|--pass)[ \t=]{1,5}"
        r"|(?:curl|wget|xh|https?)\b[^\n|;&]{0,400}?[ \t](?:-u|--user|-a|--auth|--proxy-user|-U)[ \t=]{0,3}[\\\"']{0,3}[^\s:\"'$]{1,80}:|smbclient\b[^\n|;&]{0,300}?-U[ \t]{0,3}[^\s%]{1,80}%)"
        r"[\\\"']{0,3}(?P<secret>[^\s\"'`|;&()<>\\]{4,200}+)",
        ("mysql", "mariadb", "sshpass", "redis-cli", "valkey-cli", "sqlcmd", "unzip", "lftp", "ldap", "docker", "podman", "helm", "skopeo", "buildah", "oc ", "az ",
         "cf ", "twine", "mongo", "cqlsh", "clickhouse-client", "curl", "wget", "xh ", "http ", "https ", "smbclient"), _behind_command, folded=False,
        filters=((r"[ \t](?:-[pPawuU]|--pass(?:word)?|--user|--auth|--proxy-user)[ \t=]{0,5}[\\\"']{0,3}[^\s\"'`|;&()<>\\]{4}", 0),), reach=520,
        example="mysql -u root -pZ{a12}9 -h db.internal app",
    ),
    _kind(
        "command-option", "Secret in an option of a command",
        r"(?:-pass(?:in|out)?[ \t]{1,5}pass:|identified[ \t]{1,5}by[ \t]{1,5}[\\\"']{1,4}|with[ \t]{1,5}(?:encrypted[ \t]{1,5})?password[ \t]{1,5}[\\\"']{1,4}|convertto-securestring[ \t]{1,5}(?:-string[ \t]{1,5})?[\\\"']{1,4}|/p:|chpasswd[ \t]{0,3}<<<[ \t]{0,3}[\\\"']{0,3}\w+:)"
        r"(?P<secret>[^\s\"'`;\\]{5,200}+)",
        ("-pass", "identified", "with ", "convertto-securestring", "/p:", "chpasswd"), _strong,
    ),
    _kind(
        "named-value", "Value beside the name of a secret",
        r"(?:name|key)[\\\"']{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\\\"']{0,4}[\w.\-]{0,40}?(?:passw(?:or)?d|secret|token|api_?key|access_?key|pwd|credential)[\w.\-]{0,20}[\\\"']{0,4}(?:[\s,]|\\n){1,30}[\\\"']{0,4}value[\\\"']{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\\\"']{0,4}"
        r"(?P<secret>[^\s\"'`,;(){}\[\]<>|\\]{6,256}+)",
        ("name", "key"), _strong,
        filters=((r"value[\\\"']{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\\\"']{0,4}[^\s\"'`,;(){}\[\]<>|\\]{6}", 0),), reach=160,
        example="- name: ADMIN_PASSWORD\n  value: {a14}9",
    ),
    _kind(
        "told-in-words", "Secret told in a sentence",
        r"(?:pass(?:word|phrase|code)|api[ -]?key|token|secret|credentials?)(?:[ ](?:for|of|to)[ ][^\n.:]{1,40})?[ ](?:is|are|was|ist)[ ]?[:=]?[ ]{0,2}[\"'`]?(?P<secret>[^\s\"'`()<>\[\]{}\\]{8,200})",
        ("pass", "api", "token", "secret", "cred"), _person,
        filters=((r"(?:pass(?:word|phrase|code)|key|token|secret|credentials?)(?: (?:for|of|to) [^\n.:]{1,40})? (?:is|are|was|ist) ?[:=]? {0,2}[\"'`]?[^\s\"'`()<>]{8}", 0),), reach=90,
        weight=Weight.MEDIUM, example="the password for staging is Zq{a10}!7",
    ),
    _kind(
        "generic-assignment", _GENERIC_TITLE,
        rf"{_NAME}{_GIVEN}{_VALUE}", _WORDS, _assigned,
        filters=((rf"{_NAME_FILTER}[\w.\-]{{0,60}}[\\\"'`\])]{{0,6}}[ \t]{{0,8}}(?::[ \t]{{0,3}}[A-Z][A-Za-z]{{0,20}}\??[ \t]{{0,3}})?\??(?:=|:|>)>?=?:?[ \t]{{0,8}}[rbuf@$]?[\\\"'`]{{0,8}}[^\s\"'`\\]{{5}}", 0),), reach=170,
        weight=Weight.MEDIUM, example="DB_PASSWORD=Zq7{a20}",
    ),
    _kind(
        "generic-assignment", _GENERIC_TITLE,
        rf"{_NAME}(?:[\\\"']{{0,4}}[ \t]{{0,3}}[,(]|\()[ \t]{{0,3}}(?P<quote>[\\\"'`]{{1,4}})(?P<quoted>[^\s\"'`\\]{{6,256}})(?P=quote)(?P<bare>)?",
        _WORDS, _passed,
        filters=((rf"{_NAME_FILTER}[\w.\-]{{0,60}}[\\\"']{{0,4}}[ \t]{{0,3}}[,(][ \t]{{0,3}}[\\\"'`]{{1,4}}[^\s\"'`\\]{{6}}", 0),), reach=150,
        weight=Weight.MEDIUM,
    ),
)  # fmt: skip
"""Every such form; where two overlap, the earlier names the match."""
