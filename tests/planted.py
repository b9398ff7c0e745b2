"""Synthetic secrets, assembled at run time so that no scanner trips on the repository."""

import base64
import json
import string
import zlib
from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from bailiwick.analysis.text.examples import example_of
from bailiwick.analysis.text.secrets import ENCODED, EVERYTHING, examine, kinds_of

ALNUM = string.ascii_letters + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def checksummed(prefix: str, body: str) -> str:
    """A token that ends in the CRC-32 of its random part in base 62."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits


def jwt(body: str) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).decode().rstrip("=")
    claims = base64.urlsafe_b64encode(json.dumps({"sub": body[:12]}).encode()).decode().rstrip("=")
    return f"{head}.{claims}.{body}"


def private_key(body: str) -> str:
    begin, end = "-----" + "BEGIN RSA PRIVATE" + " KEY-----", "-----" + "END RSA PRIVATE" + " KEY-----"
    return f"{begin}\n{body[:30]}\n{body}\n{end}"


Maker = Callable[[str], tuple[str, str]]
"""From 64 random characters: the text in which a secret stands, and the secret in it."""


def _alone(make: Callable[[str], str]) -> Maker:
    def both(body: str) -> tuple[str, str]:
        secret = make(body)
        return secret, secret

    return both


def _within(before: str, make: Callable[[str], str], after: str = "") -> Maker:
    def both(body: str) -> tuple[str, str]:
        secret = make(body)
        return before + secret + after, secret

    return both


MAKERS: dict[str, Maker] = {
    "secret/anthropic-key": _alone(lambda b: "sk-" + "ant-oat01-" + b + "AA"),
    "secret/aws-access-key": _alone(
        lambda b: "AK" + "IA" + b.upper().translate(str.maketrans("0189", "2345"))[:16]
    ),
    "secret/aws-secret-key": _within("aws_secret_access" + "_key = ", lambda b: b[:40]),
    "secret/github-token": _alone(lambda b: checksummed("gh" + "p_", b[:30])),
    "secret/gitlab-token": _alone(lambda b: "gl" + "pat-" + b[:20]),
    "secret/npm-token": _alone(lambda b: checksummed("np" + "m_", b[:30])),
    "secret/pypi-token": _alone(lambda b: "py" + "pi-AgEIcHlwaS5vcmc" + b),
    "secret/slack-token": _alone(lambda b: "xo" + "xb-123456789012-" + b[:24]),
    "secret/google-api-key": _alone(lambda b: "AI" + "za" + b[:35]),
    "secret/openai-key": _alone(lambda b: "sk-" + "proj-" + b),
    "secret/stripe-key": _alone(lambda b: "sk" + "_live_" + b[:24]),
    "secret/private-key": _alone(private_key),
    "secret/connection-string": _within("postgres://app:", lambda b: b[:16], "@db.internal:5432/app"),
    "secret/jwt": _alone(jwt),
    "secret/authorization-header": _within("Authorization: Bearer ", lambda b: b[:32]),
    "secret/generic-assignment": _within("DB_PASS" + "WORD=", lambda b: "Zq7" + b[:20]),
}
"""Makers of the rules that most tests are about; ``maker_of`` has one for every rule."""


def maker_of(rule: str) -> Maker:
    """Makes secrets of ``rule``: by hand where their form asks for it, else from the rule's own shape."""
    if rule in MAKERS:
        return MAKERS[rule]
    if rule == ENCODED:
        return _alone(lambda body: base64.b64encode(f"Zq7{body[:30]}".encode()).decode())

    def both(body: str) -> tuple[str, str]:
        text = example_of(kinds_of(rule)[0], seed=zlib.crc32(body.encode()))
        found = [m for m in examine(f" {text} ", subjects=EVERYTHING).matches if m.rule == rule]
        return text, found[0].secret if found else text

    return both


BODIES = st.integers(0, 2**64).map(lambda seed: "".join(Random(seed).choices(ALNUM, k=64)))  # noqa: S311 - test data
"""As random as real secrets are; the rules for passwords look at that."""

DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a sentence": lambda text: f"please use {text}, thanks",
    "in JSON": lambda text: json.dumps({"note": text}),
    "in JSON in JSON": lambda text: json.dumps({"body": json.dumps({"note": text})}),
    "escaped": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "partly escaped": lambda text: f"\\u{ord(text[0]):04x}" + text[1:],
    "percent": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "base64": lambda text: base64.b64encode(f"value {text}".encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(f"value {text} ".encode()).decode().rstrip("="),
    "hexadecimal": lambda text: f"value {text}".encode().hex(),
    "UTF-16 in base64": lambda text: base64.b64encode(f"value {text}".encode("utf-16-le")).decode(),
    "zero width": "\u200b".join,
}
"""Ways to write a text that redaction must see through."""
