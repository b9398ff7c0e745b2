"""What commands make of the machine: a way in from outside, a miner, a proxy or a resolver that is somebody's."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.scripts.places import line_of
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

_INWARD = Wide(
    r"\b(?:ssh|autossh)\b[^\n;|]{0,300}\s-\w*R\s*[\"']?(?:[\w.*:-]*:)?(?:localhost|127\.0\.0\.1|\[::1\]):(?:22|5900|3389|5985)\b[^\n;|]{0,200}?[\s@]([\w-]+(?:\.[\w-]+)+)"
    r"|\b(?:ngrok|bore|pagekite(?:\.py)?)\b[^\n;|]{0,60}\b(?:tcp|local|22)\b[^\n;|]{0,40}\b(?:22|5900|3389)\b()"
)
"""A tunnel through which somebody outside reaches this machine's own log-in."""
_SERVES = Wide(
    r"\b(?:http\.server|http-server|serve|SimpleHTTPServer)\b[^\n;&|]{0,120}(?:--directory|-d|--dir)?[ =]+[\"']?(?:\$\{?HOME\}?|~|/|/home/\w+|/Users/\w+|/root)[\"']?(?=\s|$|[;&>])",
    re.MULTILINE,
)
_TUNNEL = Wide(
    r"\bssh\b[^\n;|]{0,200}\s-\w*R\s|\b(?:ngrok|cloudflared|localtunnel|lt|bore)\b[^\n;|]{0,80}\b(?:http|tunnel|--port|-p|local|\d{4})\b"
)
_MINES = Wide(
    r"\bstratum\+(?:tcp|ssl|tls)://|\b(?:xmrig|xmr-stak|minerd|cpuminer|ccminer|nbminer|t-rex|phoenixminer|cgminer|bfgminer|nanominer|lolminer)(?:-\w+)?\b[^\n]{0,200}?(?:\s-(?:o|u|a|k)\b|--(?:url|user|donate-level|algo|pool)\b)|--donate-level\b|\b(?:pool|xmr|monero)\.[\w.-]*(?:supportxmr|minexmr|hashvault|nanopool|moneroocean|2miners|unmineable)\b|\b(?:supportxmr|minexmr|moneroocean|unmineable)\.(?:com|stream)\b|\bnew CoinHive\b|\bCoinImp\b",
    re.IGNORECASE,
)
_PROXY = Wide(
    r"\bnetworksetup\s+-set(?:autoproxyurl|webproxy|securewebproxy|socksfirewallproxy|dnsservers)\s+[\"']?[\w -]+?[\"']?\s+(?:https?://)?([\w-]+(?:\.[\w-]+)+)"
    r"|\bgsettings\s+set\s+org\.gnome\.system\.proxy[\w. -]*\s+[\"']*(?:https?://)?([\w-]+(?:\.[\w-]+)+)"
    r"|\bnetsh\s+winhttp\s+set\s+proxy\s+[\"']?([\w-]+(?:\.[\w-]+)+)"
    r"|\bAutoConfigURL\b[^\n]{0,80}?https?://([\w-]+(?:\.[\w-]+)+)"
)
_RESOLVER = Wide(r"\bnameserver\s+((?:\d{1,3}\.){3}\d{1,3})\b(?=[\s\S]{0,300}resolv\.conf)")
_KNOWN = re.compile(r"^(?:1\.[01]\.[01]\.[123]|8\.8\.[48]\.[48]|9\.9\.9\.(?:9|11)|208\.67\.22[02]\.\d+)$")
"""Resolvers that are open to everybody and well known."""


_APART = re.compile(r"\\\n|[\"'],[ \t]{0,9}[\"']")
"""What stands between the words of one command: a line that goes on, or a list of literals."""


def machine(text: str, source: Source, role: Role, into: Inventory) -> None:
    """Notice each in a script, or in the commands of a fence that begins at ``source``."""
    for mark, said, target, at in _seen(_APART.sub(lambda match: " " * len(match[0]), text)):
        where = Source(path=source.path, line=source.line + line_of(text, min(at, len(text))) - 1)
        into.notice(mark, said, where, role, target=target)
    served = _SERVES.search(text)
    if served and _TUNNEL.search(text):
        line = source.line + line_of(text, served.start()) - 1
        label = Label(Origin.PERSONAL, "the whole home directory", Source(path=source.path, line=line))
        into.chain(label, Sink.SEND, "a public tunnel", label.source, role)


def _seen(text: str) -> Iterator[tuple[Mark, str, str, int]]:
    if match := _INWARD.search(text):
        host = (match[1] or "*").lower()
        if not is_local(host) and not is_placeholder(host):
            yield Mark.REVERSE_SHELL, f"opens this machine's log-in to {host}", host, match.start()
    if match := _MINES.search(text):
        yield Mark.MINE, f"mines on this machine: {' '.join(match[0].split())[:60]!r}", "mine", match.start()
    for pattern, said in (
        (_PROXY, "sends the machine's traffic through"),
        (_RESOLVER, "asks for every name at"),
    ):
        if match := pattern.search(text):
            host = next(group for group in match.groups() if group)
            if not (is_local(host) or is_placeholder(host) or _KNOWN.match(host)):
                yield Mark.SETTING, f"{said} {host}", "widened", match.start()
