"""Paths and hosts as capabilities spell them, and what else is read out of a value."""

import re

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.code.values import GAP, Value
from bailiwick.analysis.skill.facts import Origin


def addressed(value: Value) -> bool:
    """Whether it may be an address."""
    return any(re.match(r"(?:https?|wss?|ftp)://", text) for text in value.texts)


def word_of(text: str) -> str:
    """A word of a command as a shell would need it, its gaps as an unknown variable."""
    if GAP in text or not text:
        return (
            '"$BAILIWICK_UNKNOWN"'
            if text == GAP or not text
            else '"' + text.replace('"', '\\"').replace(GAP, "$BAILIWICK_UNKNOWN") + '"'
        )
    return text if re.fullmatch(r"[\w@%+=:,./~-]+", text) else "'" + text.replace("'", "'\\''") + "'"


def host_in(value: Value) -> str:
    """The host of an address, ``*`` when it isn't known."""
    for text in value.texts:
        if not re.match(r"[a-z]{2,5}://", text, re.IGNORECASE):
            continue
        plain = re.sub(r"^ws", "http", text)
        host = web_address(plain.replace(GAP, "x") if GAP not in text.split("/", 3)[2] else "")
        if host is not None:
            return host.host if host.port in (None, 80, 443) else f"{host.host}:{host.port}"
        rest = text.split("/", 3)[2]
        tail = rest.rpartition(GAP)[2].lstrip(".")
        if tail.count(".") >= 1 and not tail.startswith(":"):
            return f"*.{tail}"
    return "*"


def bare_host(value: Value) -> str:
    """The host that a value names, as an address or by itself; ``*`` when it names none."""
    if (host := host_in(value)) != "*":
        return host
    for text in value.texts:
        if re.fullmatch(
            r"(?=[\w.:-]*[a-zA-Z])[\w-]+(?:\.[\w-]+)+(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?", text
        ):
            return text.lower()
    return "*"


def host_of(value: Value) -> str:
    """The host that a connection goes to."""
    return next(
        (label.name for label in sorted(value.labels, key=str) if label.origin is Origin.CARRIED), "*"
    )


def shown_path(text: str) -> str:
    """A path as capabilities spell it: gaps become wildcards, the home directory ``~``."""
    name = text.replace(GAP, "*").replace("\\", "/")
    name = re.sub(r"\*+", "*", name)
    name = re.sub(r"^(?:/Users/[^/]+|/home/[^/]+|/root|\$HOME|\$\{HOME\}|%USERPROFILE%)(?=/|$)", "~", name)
    name = re.sub(r"/{2,}", "/", name)
    name = name.removeprefix("./")
    return name or "."


def project_path(name: str) -> str:
    """A path with the place it is taken from: a relative one is the project's."""
    return name if name.startswith(("~", "/", "$", "*")) else f"${{project}}/{name}"
