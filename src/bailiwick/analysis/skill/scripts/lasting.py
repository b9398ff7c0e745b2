"""What scripts leave behind: lines in files that run by themselves, and registries that packages come from ever after."""

import re

from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_STARTS = Wide(
    r"(?:[\"'`/.~\s]|^)(\.?(?:bashrc|bash_profile|zshrc|zprofile|zshenv|profile|xprofile)|crontab|LaunchAgents|autostart|systemd[/\\\\\"', ]+user|sitecustomize\.py|usercustomize\.py|authorized_keys|CurrentVersion\\+Run|Startup|package\.json|conftest\.py|Makefile|tasks\.json|\.github/workflows|Dockerfile|\.envrc|setup\.py|\.husky|devcontainer\.json|\.ssh/config|\.git/hooks|cron\.d|rc\.local|profile\.d|\.gitlab-ci\.yml|\.pre-commit-config\.yaml|(?:\.local|usr/local)/bin/(?:git|sudo|ssh|npm|node|python3?|curl|claude|gh|docker|kubectl|ls))\b|\bat\s+now\b"
)
_WRITES = Wide(
    r"append\w*\s*\(|write\w*\s*\(|writeFile|open\s*\([^\n]{0,200}[\"'](?:a|w|a\+|>>|>)[\"']|File\.(?:open|write)|Add-Content|Set-Content|Out-File|New-ItemProperty|Set-ItemProperty|file_put_contents|>>|\btee\b|\bcrontab\s+-|schtasks|New-ScheduledTask|json\.dump\(|\bat\s+now\b|\bcat\s*>|>\s*[\"'$~./\w]"
)
_FETCHES = Wide(
    r"(?:curl|wget)\b[^\n]{0,200}\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\b(?:ba)?sh\s+-c\b[^\n]{0,60}(?:curl|wget)|\beval\b[^\n]{0,40}(?:curl|wget)|\biex\b|\bssh-(?:rsa|ed25519)\s+AAAA|/dev/tcp/|\bnc\s+-|python3?\s+-c[^\n]{0,80}(?:urlopen|exec)|\|\s*curl\b[^\n]{0,120}(?:-d|--data\S*|-T|-F)\s*@?-|\bcurl\b[^\n]{0,120}(?:-d|--data\S*)[ =]*[\"'\\]*\$\{\{\s*toJSON|ProxyCommand\s+\S"
)

_HOOK = Wide(
    r"\b(?:curl|wget|nc)\b[^\n]{0,300}(?:>|\btee\b)\s*[^\s;|]{0,80}hooks/(?:pre|post|prepare|commit|update)-?\w*|hooks/(?:pre|post|prepare|commit|update)-?\w*[\"')\]]{0,4}\s*(?:,|\.write|<<)[^\n]{0,60}\n?[^\n]{0,200}\b(?:curl|wget|nc)\b[^\n]{0,300}"
)


_OPENED = Wide(r"[\"']?\brunOn\b[\"']?\s*:\s*[\"']folderOpen[\"']")


def startup(text: str, path: str, role: Role, into: Inventory) -> None:
    """A script that puts a line which fetches and runs code into a file that runs by itself."""
    hook = _HOOK.search(text)
    if hook and (hosts := hosts_in(hook[0])) and not is_local(hosts[0]):
        said = f"puts a hook into repositories that talks to {hosts[0]}"
        into.notice(Mark.PERSIST, said, place(path, text, hook.start()), role, target=f"itself:{hosts[0]}")
    opened = _OPENED.search(text)
    if opened and _WRITES.search(text):
        said = "has an editor run a command whenever the folder is opened"
        host = next(iter(hosts_in(text)), "")
        into.notice(Mark.PERSIST, said, place(path, text, opened.start()), role, target=f"itself:{host}")
    match = _STARTS.search(text)
    if match and _WRITES.search(text) and (runs := _FETCHES.search(text)):
        into.notice(
            Mark.PERSIST,
            f"puts code that runs by itself into {match[1] or match[0]}: {' '.join(runs[0].split())[:60]!r}",
            place(path, text, match.start()),
            role,
            target=f"itself:{next(iter(hosts_in(runs[0])), '')}",
        )


_INDEXES = Wide(
    r"--(?:extra-)?(?:index-url|index|default-index|registry|find-links)[\"',\s=]{1,6}(https?://[^\s\"',]+)|\b(?:UV_(?:DEFAULT_)?INDEX(?:_URL)?|PIP_(?:EXTRA_)?INDEX_URL|npm_config_registry|NPM_CONFIG_REGISTRY|YARN_(?:NPM_)?REGISTRY\w*|GOPROXY|CARGO_REGISTRIES_\w+|BUNDLE_MIRROR\w*|GEM_HOST|COMPOSER_\w*REPO\w*)[\"'\]]{0,3}\s*[=:,]\s*[\"']?(https?://[^\s\"'\\\\,;]+)|\b(?:index-url|extra-index-url|registry|trusted-host|proxy)[\"']?\s*[=:]\s*[\"']?(?:sparse\+)?(https?://[^\s\"'\\\\]+)|\b(?:bundle\s+config|gem\s+sources|go\s+env|composer\s+config|npm\s+config|yarn\s+config|pip3?\s+config|poetry\s+source|nuget\s+sources?|dotnet\s+nuget|helm\s+repo\s+add|cargo\s+config)\b[^\n]{0,200}?(?<!mirror\.)(https?://(?!rubygems\.org)[^\s\"']+)"
)


def registries(text: str, path: str, role: Role, into: Inventory) -> None:
    """A registry set by a variable, or by configuration that a script writes."""
    for match in _INDEXES.finditer(text):
        address = next(group for group in match.groups() if group)
        packages.redirect(f"--index-url {address} ", place(path, text, match.start()), role, into)


_PROXY = Wide(
    r"\b(?:HTTPS?_PROXY|https?_proxy|ALL_PROXY|http\.proxy|https\.proxy|proxyServer)[\"'\]]{0,3}[\s=:,]{1,4}[\"']?(https?://|socks5?://)([\w.-]+)"
)
_UNVERIFIED = re.compile(
    r"NODE_TLS_REJECT_UNAUTHORIZED[\"'\]\s=:,]{1,6}[\"']?0|sslVerify[\"'\s=,]{1,4}false|PYTHONHTTPSVERIFY[\"'\]\s=:,]{1,6}[\"']?0|strict-ssl[\s=]+false|GIT_SSL_NO_VERIFY|http\.sslVerify"
)


def proxies(text: str, path: str, role: Role, into: Inventory) -> None:
    """All traffic sent through a host that the skill brings, with certificates that nobody checks."""
    match = _PROXY.search(text)
    if match and not is_local(match[2]) and not is_placeholder(match[2]) and _UNVERIFIED.search(text):
        into.notice(
            Mark.SETTING,
            f"sends all traffic through {match[2]} and checks no certificate",
            place(path, text, match.start()),
            role,
            target="widened",
        )


_NAMES = re.compile(
    r"(?m)(?<![\d.])(?!127\.|0\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)(?:\d{1,3}\.){3}\d{1,3}[ \t]+([\w-]+(?:\.[\w-]+)+)"
)
_TRUSTS = Wide(
    r"\bupdate-ca-(?:certificates|trust)\b|\bsecurity\s+add-trusted-cert\b|\bcertutil\s+-addstore\b|\bNODE_EXTRA_CA_CERTS\b|\bREQUESTS_CA_BUNDLE\b|\bSSL_CERT_FILE\b|\bImport-Certificate\b"
)
_FETCHED = Wide(r"\b(?:curl|wget|urlretrieve|urlopen|requests\.get|fetch\(|Invoke-WebRequest)")


def trust(text: str, path: str, role: Role, into: Inventory) -> None:
    """Names that are pointed at somebody's machine, and authorities that are fetched and believed."""
    if "/etc/hosts" in text and (match := _NAMES.search(text)):
        into.notice(
            Mark.SETTING,
            f"points {match[1]} at another machine",
            place(path, text, match.start()),
            role,
            target="widened",
        )
    match = _TRUSTS.search(text)
    fetched = _FETCHED.search(text)
    if match and fetched and (hosts := hosts_in(text)):
        into.notice(
            Mark.SETTING,
            f"fetches an authority for certificates from {hosts[0]} and has it believed",
            place(path, text, match.start()),
            role,
            target="widened",
        )


_COPIES = Wide(
    r"(?im)^[ \t]{0,20}bcc:[ \t]{0,9}[\"']?[\w.+-]+@([\w.-]+\.\w+)|[\"']bcc[\"']\]?\s{0,3}[:=,]\s{0,3}\[?[\"'][\w.+-]+@([\w.-]+\.\w+)"
)


def copies(text: str, path: str, role: Role, into: Inventory) -> None:
    """A blind copy of every mail to an address that the skill brings."""
    for match in _COPIES.finditer(text):
        host = (match[1] or match[2]).lower()
        if not is_placeholder(host):
            label = Label(Origin.PROJECT, "a blind copy of each mail", place(path, text, match.start()))
            into.chain(label, Sink.SEND, host, label.source, role)
            return
