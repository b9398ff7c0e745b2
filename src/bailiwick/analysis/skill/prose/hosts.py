"""Hosts that a text names."""

import re

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.sensitive import is_drop, is_local, is_paste, is_placeholder

_I = re.IGNORECASE
URL = re.compile(
    r"\b(?:https?|ftp|hxxps?)://[^\s<>\"'`)\]}]+|(?<![\w@/.-])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\S*)?", _I
)
HOSTISH = re.compile(
    r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:site|io|co|com|net|org|dev|app|xyz|sh|me|ai|cloud|info|ru|cn|top|online)\b(?:/\S*)?",
    _I,
)


def hosts_in(text: str) -> list[str]:
    """Hosts of the addresses in a text, those that stand for another left out."""
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
    return list(found)
