"""Which host a web address leads to, read as the client's URL parser reads it (WHATWG URL, special schemes)."""

import re

from bailiwick.model.access import HostTarget

_PORTS = {"http": 80, "https": 443}
_EDGES = "".join(map(chr, range(33)))
_SHAPE = re.compile(r"(?i)(https?):[/\\]*([^/\\?#]*)")
_AUTHORITY = re.compile(
    r"(?:.*@)?(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::([0-9]{0,5}))?", re.DOTALL
)
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_QUAD = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")

_LAST_PORT = 65535


def web_address(url: str) -> HostTarget | None:
    r"""The host and port of an ``http`` or ``https`` address; None when it can't be told for certain.

    The parser removes tabs and line ends, takes a backslash for a slash, and skips slashes too many, so
    ``https://good.example\@evil.example`` leads to the first. A host it would still convert (percent-encoded,
    international, ``0x7f.1``, ``2130706433``) is not told.
    """
    shape = _SHAPE.match(re.sub(r"[\t\r\n]", "", url.strip(_EDGES)))
    authority = _AUTHORITY.fullmatch(shape[2].lower()) if shape else None
    if shape is None or authority is None:
        return None
    host = authority[1] or authority[2]
    if authority[2] and _NUMERIC.fullmatch(host.rpartition(".")[2]) and not _QUAD.fullmatch(host):
        return None
    port = int(authority[3] or _PORTS[shape[1].lower()])
    return HostTarget(host=host, port=port) if port <= _LAST_PORT else None
