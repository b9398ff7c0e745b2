"""Offline verifiers: what a token says about itself by its check digits or its structure. Nothing is asked of any server.

``True`` is proof that somebody made the token by the issuer's rule; ``False`` makes a finding less sure and never drops it
by itself (a key that was cut off is a key all the same); ``None`` says that this form carries no check.
"""

import json
import zlib
from base64 import b64decode, urlsafe_b64decode
from binascii import Error
from collections.abc import Callable
from hashlib import sha256
from itertools import cycle
from typing import Final

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

_CLASSIC = 36
"""Characters behind the prefix of a classic GitHub or npm token: thirty and the checksum."""


def in_base(number: int, alphabet: str, width: int) -> str:
    """``number`` in the base of ``alphabet``, padded to ``width``."""
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits


def crc32_base62(token: str) -> bool | None:
    """GitHub, npm: the last six characters are the CRC-32 of those before (github.blog, 2021-04-05)."""
    body = token.partition("_")[2]
    if len(body) != _CLASSIC or "_" in body:
        return None
    return in_base(zlib.crc32(body[:30].encode()), BASE62, 6) == body[30:]


def crc32_hex(token: str) -> bool | None:
    """Grafana service accounts: eight hexadecimal digits of the CRC-32 of what stands before them."""
    body, _, check = token.rpartition("_")
    if not body.startswith("glsa_"):
        return None
    return f"{zlib.crc32(body.encode()):08x}" == check.lower()


def atlassian(token: str) -> bool | None:
    """Atlassian API tokens end in ``=`` and eight hexadecimal digits, the CRC-32 of what stands before."""
    body, mark, check = token.rpartition("=")
    if not mark or len(check) != 8:  # noqa: PLR2004 - digits of a CRC-32
        return None
    return f"{zlib.crc32(body.encode()):08x}" == check.lower()


def gitlab_routable(token: str) -> bool | None:
    """Routable GitLab tokens: ``.`` and length (two digits) and CRC-32 (seven digits), both in base 36."""
    body, _, check = token.rpartition(".")
    if not body or len(check) != 9 or not check.isalnum():  # noqa: PLR2004 - two and seven
        return None
    return int(check[2:], 36) == zlib.crc32((body + "." + check[:2]).encode())


def pypi(token: str) -> bool | None:
    """A macaroon (version 2) whose location is pypi.org or test.pypi.org."""
    data = _decoded(token.removeprefix("pypi-"))
    return data is not None and data[:2] == b"\x02\x01" and b"pypi.org" in data[:20]


def aws_account(key_id: str) -> bool | None:
    """An access key id holds its account number in base 32; no account is 0 or has more than twelve digits."""
    if key_id[4] in "IJ":
        return None  # made before 2019, when ids said nothing about the account
    bits = 0
    for letter in key_id[4:14]:
        bits = bits << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(letter)
    # 50 bits: one that is always set or not, 40 of the account, and seven and two of what follows.
    return 0 < (bits >> 2 & 0x7FFFFFFFFF80) >> 7 < 10**12


def jwt(token: str) -> bool | None:
    """The header is JSON that names an algorithm (RFC 7519)."""
    header = _decoded(token.partition(".")[0])
    try:
        return header is not None and isinstance(read := json.loads(header), dict) and "alg" in read
    except (ValueError, RecursionError):
        return False


def bech32(text: str) -> bool | None:
    """BIP-173, as age uses it for its identities."""
    lower = text.lower()
    prefix, _, data = lower.rpartition("1")
    if not prefix or any(c not in BECH32 for c in data):
        return False
    values = (
        [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [BECH32.index(c) for c in data]
    )
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def base58check(text: str) -> bool | None:
    """Bitcoin's: the last four bytes are the beginning of a double SHA-256 of the others."""
    number = 0
    for letter in text:
        digit = BASE58.find(letter)
        if digit < 0:
            return False
        number = number * 58 + digit
    data = number.to_bytes((number.bit_length() + 7) // 8)
    return len(data) > 4 and sha256(sha256(data[:-4]).digest()).digest()[:4] == data[-4:]  # noqa: PLR2004 - its width


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: the check digit of payment cards."""
    total = 0
    for digit, twice in zip(reversed(digits), cycle((False, True)), strict=False):
        value = int(digit) * (2 if twice else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - two digits
    return total % 10 == 0


def mod97(account: str) -> bool:
    """ISO 13616: the check digits of an IBAN."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def basic_credentials(value: str) -> bool | None:
    """RFC 7617: base64 of user, colon, password."""
    try:
        return b":" in b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (Error, ValueError):
        return False


def _decoded(text: str) -> bytes | None:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Error, ValueError):
        return None


VERIFIERS: Final[dict[str, Callable[[str], bool | None]]] = {
    "secret/github-token": crc32_base62,
    "secret/npm-token": crc32_base62,
    "secret/grafana-token": crc32_hex,
    "secret/atlassian-token": atlassian,
    "secret/gitlab-token": gitlab_routable,
    "secret/pypi-token": pypi,
    "secret/aws-access-key": aws_account,
    "secret/jwt": jwt,
    "secret/age-key": bech32,
    "secret/bitcoin-key": base58check,
    "secret/extended-private-key": base58check,
}
"""Which rule's tokens can be verified, and how."""

DECISIVE: Final = frozenset(("secret/bitcoin-key", "secret/extended-private-key", "secret/jwt"))
"""Rules whose form alone is too common: what fails the check is none."""
