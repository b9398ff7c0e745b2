"""Hosts that a text names."""

import re
from functools import lru_cache

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.sensitive import is_drop, is_local, is_paste, is_placeholder
from bailiwick.analysis.text.form import Form

_I = re.IGNORECASE
URL = Form(
    r"\b(?:https?|ftp|hxxps?)://[^\s<>\"'`)\]}]+|(?<![\w@/.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\S*)?", _I
)
HOSTISH = Form(
    r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:site|io|co|com|net|org|dev|app|xyz|sh|me|ai|cloud|info|ru|cn|top|online)\b(?:/\S*)?",
    _I,
)


_BARE = Form(
    r"(?<![\w@/.-])(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.){1,5}[a-z]{2,12}(?=[/:\"'`\s,;)]|\.?$|\.\s)", _I
)
_ZONE = re.compile(
    r"\.(?:com|org|net|io|dev|app|ai|co|me|xyz|site|online|top|cloud|biz|us|uk|de|fr|nl|be|ru|su|cn|jp|kr|br|mx|eu|ch|se|no|fi|dk|cz|pt|gr|tr|ua|il|za|au|nz|ca|tech|store|shop|live|click|space|website|digital|systems|network|agency|icu|tv|pw|to|gg|vip|pro|lol|fun|monster|example|test|invalid|info|tools|team|link|email|host|zone|services|solutions|codes|works|rocks|page|pages|wiki|cc|tk|ml|es|it|pl|se|ca|ai)$",
    _I,
)
"""Ends of names that are hosts: what else has a dot is a file, or an attribute in code."""


_DOTTED = re.compile(r"[\w-]\.\w|://")
MAX_REMEMBERED = 2_000
"""Characters of a text whose hosts are remembered: sentences are asked for theirs again and again."""


def bare_hosts(text: str) -> list[str]:
    """Hosts that are named without a scheme, as in ``send it to in.example.org/x``; names of files are none."""
    found = [match[0].lower() for match in _BARE.finditer(text)]
    return [name for name in found if _ZONE.search(name) and not is_placeholder(name) and not is_local(name)]


def hosts_in(text: str) -> tuple[str, ...]:
    """Hosts of the addresses in a text, those that stand for another left out."""
    if text.find(".", 0, len(text) - 1) < 0 or not _DOTTED.search(text):
        return ()
    return _remembered(text) if len(text) <= MAX_REMEMBERED else _hosts(text)


def _hosts(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in URL.finditer(text):
        raw = match[0].replace("hxxp", "http").rstrip(".,;:")
        host = web_address(raw if "://" in raw else f"http://{raw}")
        name = host.host if host else re.sub(r"^\w+://", "", raw).split("/")[0].lower()
        if host and host.port not in (None, 80, 443):
            name = f"{name}:{host.port}"
        if name and not is_placeholder(name) and not is_local(name):
            found[name] = None
    if not found:
        for match in HOSTISH.finditer(text):
            name = match[0].split("/")[0].lower()
            if is_drop(name) or is_paste(name):
                found[name] = None
    return tuple(found)


_remembered = lru_cache(2_000)(_hosts)
