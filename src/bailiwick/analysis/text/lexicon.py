"""What stands in the place of a secret and is none: placeholders, references, and keys that documentation shows.

An explicit list with tests, and policy says whether it counts (``example_keys``). Comments that ask scanners to look
away are not honoured. Documented keys are kept as hashes, so that no scanner takes this file for a leak.
"""

import re
from hashlib import sha256
from itertools import pairwise
from typing import Final

from bailiwick.model.regex import regex

DOCUMENTED: Final = frozenset(
    (
        "1a5d44a2dca19669",
        "c6ea27c534f993d3",
        "cb20d34a7adda2f5",
        "78314b11be2e5815",
        "e21b597ba6b9cafa",  # AWS documentation
        "0011cc25eb432071",  # Azurite and the storage emulator
        "aa6547439583c3a2",  # the Cosmos DB emulator
        "7f75367e78812551",
        "da816f9f2c16e6c5",
        "c794fa6d20c64efb",  # jwt.io
        "8d4ef6536dc8895f",  # RFC 7519
        "3543c50b0cb9cea8",
        "bc3ae723f57c6b9e",
        "82e74299544e0073",
        "797c0ce414586cc8",
        "6d7fa4e64d4b1f3e",
        "7e498f91828a193c",  # GitHub documentation
        "2cafc0970149a84f",
        "f2d6ca16515033e5",
        "7e8de44ea9ecf6d5",
        "2d1f7723aabc5c7a",  # Stripe documentation
        "9c846fdf0fa8955c",  # Mailgun documentation
        "f5375a46365089a8",
        "0d7e920845ed3423",  # Slack documentation
        "cf4d418ed3de92d7",
        "ad62d48d8b069026",
        "687da00b09c83361",  # RFC 7617 and MDN
        "b8e148545b13c78b",  # RFC 6750
        "38ce04b5b6b7391d",  # Twilio documentation
        "731fa294d036e54f",
        "0b5dd075ccdd03c4",  # Telegram documentation
        "a23d006bb020a81d",  # Heroku documentation
        "ea9bb1082cf95663",  # Google documentation
    )
)
"""SHA-256, first sixteen digits, of keys that their issuers print in documentation or SDK tests."""

_WORDS = (
    "your", "example", "placeholder", "change[-_]?me", "changeit", "redacted", "removed", "dummy", "sample", "fake",
    "replace", "insert", "enter[-_]", "put[-_]", "to[-_]?do", "fixme", "not[-_]?a[-_]?real", "mock", "lorem", "foobar", "my[-_]?secret",
    "my[-_]?password", "my[-_]?token", "my[-_]?api", "some[-_]", "secret[-_]?here", "goes[-_]?here", "key[-_]?here", "deadbeef",
    "test[-_]?(?:key|token|secret|pass)", "undefined", "xxxx",
)  # fmt: skip
_WORD = regex(f"(?i){'|'.join(_WORDS)}")
"""Words that make a value a stand-in when little else is in it."""
_WRITTEN = regex(r"[a-z_-]+|[A-Z_-]+|[A-Z]?[a-z]+(?:[-_]?[A-Z][a-z]+)*")
"""The ways in which people write words; chance also makes ``TODo`` out of a random token's letters."""

_WHOLE = regex(
    r"(?i)^(?:(?:the|an?|this|that|new|old|db|user|admin|root|api|auth|access|client|private|public|test|default|plain|valid|invalid|wrong|bad"
    r"|good|correct|strong|weak|my|your|some|no|is|has|get|set|hunter|s3cr3t|p[a4@]ss?w[o0]rd|secret|token|key|password|passwd|passphrase|pass|pwd|credentials?|null|none|nil|true"
    r"|false|string|str|bytes|int|bool|boolean|object|any|optional|required|disabled|enabled|default|empty|value|text|varchar|qwerty|letmein|admin|welcome"
    r"|environment|env|file|vault|here|abc|xyz|asdf|foo|bar|baz|change|it|me|now|hello|world)[-_ .!]*)+\d{0,6}[!?*]?$"
)
_REFERENCE = regex(
    r"^(?:[$%<{\[*#@&]|\\?\$|os\.|process\.|env[.(\[]|ENV\[|self\.|this\.|config[.(\[]|settings\.|secrets?\.|vault:|ssm:|arn:|op://|file:|https?://|/|\./|\.\./|~/|!!|-$|\\|[A-Za-z_]\w*\?\.|[a-z]\w*\.[A-Z][a-z]+(?:[A-Z0-9]\w*)?$)"
)
_FILLER = regex(r"^(?:x+|X+|\*+|\.+|•+|_+|-+|#+|0+|\?+)$")


def documented(secret: str) -> bool:
    """Whether it is a key that an issuer's own documentation shows."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()[:16] in DOCUMENTED


def regular(text: str) -> bool:
    """Whether it is too regular to be random: few different characters, a run of the alphabet, or one part repeated."""
    size = len(text)
    if size < 8:  # noqa: PLR2004 - too short to tell
        return False
    kinds = len(set(text.lower()))
    if kinds <= 3 or (size >= 24 and kinds <= 6):  # noqa: PLR2004 - a random hexadecimal text of 24 has ten and more
        return True
    steps = sum(-1 <= ord(b) - ord(a) <= 1 for a, b in pairwise(text))
    if steps * 2 > size:
        return True
    return any(
        text.startswith(text[:period] * (size // period)) for period in range(2, min(size // 2, 12) + 1)
    )


def _worded(value: str) -> bool:
    return any(_WRITTEN.fullmatch(match[0]) for match in _WORD.finditer(value))


def stand_in(body: str) -> bool:
    """Whether the variable part of a token is a placeholder: a word among much else that is random is chance."""
    return regular(body) or documented(body) or (_worded(body) and not _random(_WORD.sub("", body)))


def _random(rest: str) -> bool:
    return (
        len(rest) >= 32  # noqa: PLR2004 - chance hardly writes a word into fewer
        and all(re.search(kind, rest) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        and not regular(rest)
    )


def reference(value: str) -> bool:
    """Whether a value names a secret rather than being one: a variable, a path, a template, a look-up."""
    return _REFERENCE.match(value) is not None


def placeholder(value: str) -> bool:
    """Whether a value is a stand-in for a password or key that somebody will put there."""
    return (
        _FILLER.match(value) is not None
        or _WHOLE.match(value) is not None
        or _worded(value)
        or regular(value)
    )
