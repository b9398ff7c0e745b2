"""Secrets with a structure of their own: private keys, JSON Web Tokens, the two halves of an AWS key."""

import re
from collections.abc import Iterable
from typing import Final

from bailiwick.analysis.text import lexicon
from bailiwick.analysis.text.contextual import entropy
from bailiwick.analysis.text.kind import Certainty, Judged, Kind, Weight, token_judge
from bailiwick.model.access import Tier

PEM_LIMIT: Final = 32_768
"""Characters of the longest private key in armour."""

_ARMOUR = r"(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----"


def _key(match: re.Match[str]) -> Iterable[Judged]:
    """A private key, unless its body is a stand-in. One that is cut off before its end marker is a key all the same."""
    body = re.sub(r"-----[A-Z0-9 ]+-----|\\[nr]|[^A-Za-z0-9+/]", "", match.group("secret"))
    stands_in = not body or entropy(body[:400]) < 3.2  # noqa: PLR2004 - bits; base64 of a key has more than five
    yield *match.span("secret"), Certainty.STAND_IN if stands_in else Certainty.HIGH


def _aws_secret(match: re.Match[str]) -> Iterable[Judged]:
    secret = match.group("secret")
    if lexicon.stand_in(secret):
        yield *match.span("secret"), Certainty.STAND_IN
    elif entropy(secret) >= 3.5:  # noqa: PLR2004 - bits
        yield *match.span("secret"), Certainty.HIGH


STRUCTURED: Final[tuple[Kind, ...]] = (
    Kind(
        rule="secret/private-key", title="Private key", weight=Weight.CRITICAL, tier=Tier.BLOCK, judge=_key,
        pattern=rf"(?P<secret>-----BEGIN [A-Z0-9 ]{{0,40}}{_ARMOUR}(?:[A-Za-z0-9+/=\s\\,:().\"'_@<>]|-(?!----)){{16,{PEM_LIMIT}}}+(?:-----END [A-Z0-9 ]{{0,40}}{_ARMOUR})?)",
        words=(("-----BEGIN ", 0),), filters=(("-----BEGIN ", 11),),
        example="-----BEGIN {pem} KEY-----\n{a64}\n-----END {pem} KEY-----",
    ),
    Kind(
        rule="secret/private-key", title="Private key", weight=Weight.CRITICAL, tier=Tier.BLOCK, judge=_key,
        pattern=rf"(?P<secret>PuTTY-User-Key-File-\d:(?:[A-Za-z0-9+/=\s,:().\\@-]){{64,{PEM_LIMIT}}}+)",
        words=(("PuTTY-User-Key-File-", 0),), filters=(("PuTTY-User-Key-File-", 20),),
    ),
    Kind(
        rule="secret/jwt", title="JSON Web Token", weight=Weight.HIGH, tier=Tier.BLOCK, judge=token_judge("secret/jwt", 3),
        pattern=r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))(?P<secret>eyJ[A-Za-z0-9_-]{10,4096}+\.(?:eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,2048}+|[A-Za-z0-9_-]{0,2048}+(?:\.[A-Za-z0-9_-]{8,8192}+){3}))",
        words=(("eyJ", 0),), filters=(("eyJ[A-Za-z0-9_-]{10}", 13),), example="{jwt}",
    ),
    Kind(
        rule="secret/aws-secret-key", title="AWS secret access key", weight=Weight.CRITICAL, tier=Tier.BLOCK, judge=_aws_secret, anchored=False, folded=True,
        pattern=r"(?i:secret[_.-]?(?:access)?[_.-]?key|secretaccesskey)[\\\"'`\])]{0,6}[ \t]{0,8}(?::=|=>|[=:,])[ \t]{0,8}[\\\"'`]{0,6}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        words=(("secret", 0),), filters=((r"secret[_.-]?(?:access)?[_.-]?key[\\\"'`\])]{0,6}[ \t]{0,8}(?:=|:|,)>?=?[ \t]{0,8}[\\\"'`]{0,6}[A-Za-z0-9/+]{12}", 0),), reach=80,
        example="aws_secret_access_key = {a40}",
    ),
)  # fmt: skip
