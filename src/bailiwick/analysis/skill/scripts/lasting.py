"""What scripts leave behind: lines in files that run by themselves, and registries that packages come from ever after."""

import re

from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.model.skill import Role

_STARTS = re.compile(
    r"[\"'`/.~](\.?(?:bashrc|bash_profile|zshrc|zprofile|zshenv|profile|xprofile)|crontab|LaunchAgents|autostart|systemd[/\\\\\"', ]+user|sitecustomize\.py|usercustomize\.py|authorized_keys|CurrentVersion\\\\+Run|Startup)\b"
)
_WRITES = re.compile(
    r"append\w*\s*\(|write\w*\s*\(|writeFile|open\s*\([^\n]{0,200}[\"'](?:a|w|a\+|>>|>)[\"']|File\.(?:open|write)|Add-Content|Set-Content|Out-File|New-ItemProperty|Set-ItemProperty|file_put_contents|>>|\btee\b|\bcrontab\s+-|schtasks|New-ScheduledTask"
)
_FETCHES = re.compile(
    r"(?:curl|wget)\b[^\n]{0,200}\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\b(?:ba)?sh\s+-c\b[^\n]{0,60}(?:curl|wget)|\beval\b[^\n]{0,40}(?:curl|wget)|\biex\b|\bssh-(?:rsa|ed25519)\s+AAAA|/dev/tcp/|\bnc\s+-|python3?\s+-c[^\n]{0,80}(?:urlopen|exec)"
)


def startup(text: str, path: str, role: Role, into: Inventory) -> None:
    """A script that puts a line which fetches and runs code into a file that runs by itself."""
    match = _STARTS.search(text)
    if match and _WRITES.search(text) and (runs := _FETCHES.search(text)):
        into.notice(
            Mark.PERSIST,
            f"puts code that runs by itself into {match[1]}: {' '.join(runs[0].split())[:60]!r}",
            place(path, text, match.start()),
            role,
            target="itself",
        )


_INDEXES = re.compile(
    r"\b(?:UV_(?:DEFAULT_)?INDEX(?:_URL)?|PIP_(?:EXTRA_)?INDEX_URL|npm_config_registry|NPM_CONFIG_REGISTRY|YARN_(?:NPM_)?REGISTRY\w*|GOPROXY|CARGO_REGISTRIES_\w+|BUNDLE_MIRROR\w*|GEM_HOST|COMPOSER_\w*REPO\w*)[\"'\]]{0,3}\s*[=:,]\s*[\"']?(https?://[^\s\"'\\\\,;]+)|\b(?:index-url|extra-index-url|registry|trusted-host|proxy)\s*[=:]\s*[\"']?(?:sparse\+)?(https?://[^\s\"'\\\\]+)|\b(?:bundle\s+config|gem\s+sources|go\s+env|composer\s+config|npm\s+config|yarn\s+config|pip3?\s+config|poetry\s+source|nuget\s+sources?|dotnet\s+nuget|helm\s+repo\s+add|cargo\s+config)\b[^\n]{0,200}?(?<!mirror\.)(https?://(?!rubygems\.org)[^\s\"']+)"
)


def registries(text: str, path: str, role: Role, into: Inventory) -> None:
    """A registry set by a variable, or by configuration that a script writes."""
    for match in _INDEXES.finditer(text):
        address = match[1] or match[2] or match[3]
        packages.redirect(f"--index-url {address} ", place(path, text, match.start()), role, into)
