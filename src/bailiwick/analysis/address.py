"""Which host a web address leads to, read as the client's URL parser reads it (WHATWG URL, special schemes)."""

import ipaddress
import re
from urllib.parse import unquote

from bailiwick.model.access import HostTarget
from bailiwick.model.regex import regex

_PORTS = {"http": 80, "https": 443}
_EDGES = "".join(map(chr, range(33)))
_SHAPE = regex(r"(?i)(https?):[/\\]*([^/\\?#]*)")
_AUTHORITY = regex(r"(?:.*@)?(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::([0-9]{0,5}))?", re.DOTALL)
_NUMERIC = regex(r"0x[0-9a-f]*|[0-9]+")
_NUMBER = regex(r"0x(?P<hex>[0-9a-f]*)|0(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*)")
_NAME = regex(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_DEVIANT = regex("[\xdf\u03c2\u200c\u200d]")
"""Characters that the two generations of international names take differently (UTS #46, section 6)."""

_LAST_PORT = 65535
_MAX_NAME = 253
_MAX_PARTS = 4


def web_address(url: str) -> HostTarget | None:
    r"""The host and port of an ``http`` or ``https`` address; None when it can't be told for certain.

    The parser removes tabs and line ends, takes a backslash for a slash, and skips slashes too many, so
    ``https://good.example\@evil.example`` leads to the first.
    """
    shape = _SHAPE.match(re.sub(r"[\t\r\n]", "", url.strip(_EDGES)))
    authority = _AUTHORITY.fullmatch(shape[2].lower()) if shape else None
    if shape is None or authority is None:
        return None
    host = canonical_host(unquote(authority[1]))
    port = int(authority[2] or _PORTS[shape[1].lower()])
    return HostTarget(host=host, port=port) if host is not None and port <= _LAST_PORT else None


def canonical_host(host: str) -> str | None:
    """The one spelling of a host: ``2852039166``, ``0xa9.254.43518`` and ``::ffff:a9fe:a9fe`` are ``169.254.169.254``.

    Names are lower case, without the root's dot, international ones in ASCII (RFC 5890). None when it isn't a host
    or its spelling is read differently by different programs.
    """
    text = host.lower()
    if ":" in text:
        return _version_6(text.removeprefix("[").removesuffix("]"))
    if not text.isascii():
        try:
            if _DEVIANT.search(text):
                return None
            text = text.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    text = text.removesuffix(".")
    if len(text) > _MAX_NAME or not _NAME.fullmatch(text):
        return None
    return _version_4(text) if _NUMERIC.fullmatch(text.rpartition(".")[2]) else text


def _version_6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return str(address.ipv4_mapped or address)


def _version_4(text: str) -> str | None:
    """An IPv4 address of one to four numbers, decimal, octal or hexadecimal; the last one fills what is left."""
    matched = [_NUMBER.fullmatch(part) for part in text.split(".")]
    if len(matched) > _MAX_PARTS:
        return None
    numbers: list[int] = []
    for part in matched:
        if part is None:
            return None
        digits, base = next((part[name], base) for name, base in _BASES if part[name] is not None)
        numbers.append(int(digits or "0", base))
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):  # noqa: PLR2004 (octets)
        return None
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return str(ipaddress.IPv4Address(value))


_BASES = (("hex", 16), ("oct", 8), ("dec", 10))
