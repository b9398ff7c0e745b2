"""Settings of git by what they come to: where it fetches from and pushes to, what it runs, whether it checks and signs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.model.skill import Role, Source

_ASKS = re.compile(
    r"\s(?:--(?:get(?:-\w+)?|list|unset(?:-all)?|remove-section|rename-section|name-only|edit)|-[le])(?=[\s\"',]|$)|\bconfig[\s\"',]+(?:get|list|unset|edit)\b"
)
"""How a command only reads settings, or takes them away."""
_EVERYWHERE = re.compile(r"--(?:global|system)\b")
_ONCE = re.compile(r"\s-c[\s\"',]+[\"']?([\w.-]+(?:\.[^=\s]+)?)=((?:\"[^\"]*\"|'[^']*'|[^\s\"',])+)")
_HELPERS = re.compile(
    r"^(?:|store|cache|osxkeychain|manager(?:-core|-ui)?|libsecret|wincred|gnome-keyring|oauth|gcloud\.sh|(?:store|cache) --\S+.*|/\S*git-credential-(?:manager\S*|libsecret|osxkeychain|oauth)|!\S*(?:gh|glab|aws|az|gcloud|hub)(?:\.exe)?\W.*)$"
)
"""Helpers for credentials that come with git or with a forge's own program."""
_TELLS = re.compile(r"\b(?:curl|wget|nc|ncat|socat)\b|https?://|\btee\b|>>|/dev/tcp/|\|\s*(?:ba)?sh\b")
_WATCHERS = re.compile(r"^(?:true|false|1|0|rs-git-fsmonitor|\.git/hooks/[\w-]+|\S*watchman\S*)?$")
_INSIDE = re.compile(
    r"^(?:\./)?(?!\.\.)(?:[\w.-]+/)*[\w.-]+/?$|^(?:\"?\$\(git rev-parse --show-toplevel\)|\$\{?(?:REPO|PROJECT|ROOT|PWD)\w*\}?)/"
)
"""A folder of the repository itself."""
_ADDRESS = re.compile(
    r"^(?:(?:https?|ssh|git)://(?:[^@/\s]+@)?|[\w.-]+@)?([\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:[:/]|$)"
)
_WEB = re.compile(r"(?:https?|ssh|git)://[^\s\"']+")
_URL = re.compile(r"^url\.(.*)\.(?:push)?insteadof$", re.IGNORECASE | re.DOTALL)
_SIGNER = re.compile(r"^(?:(?:0x)?[0-9A-Fa-f]{8,40}!?|(?:key::)?ssh-(?:ed25519|rsa) \S+.*)$")

_CHECKS = ("commit.gpgsign", "tag.gpgsign", ".sslverify")
"""Ends of the names of settings by which git signs, and checks whom it talks to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSetting:
    """What a setting comes to. ``host`` is the receiver where there is one; ``grave`` says that nothing of it depends on whose it is."""

    what: str
    host: str = ""
    grave: bool = False

    def notice(self, where: Source, role: Role, into: Inventory) -> None:
        """Say it of a place."""
        into.notice(
            Mark.TAMPER,
            f"{self.what}: {self.host}" if self.host else self.what,
            where,
            role,
            sure=self.grave,
            target=f"git:{self.host}" if self.host else "git",
        )


def settings_of(words: Sequence[str], said: str) -> Iterator[GitSetting]:
    """What a command of git sets: its words without options, and as it is written. Nothing where it only asks."""
    for match in _ONCE.finditer(said):
        yield from judged(match[1], match[2].strip("\"'"), everywhere=False)
    match list(words):
        case ["config", "set", key, value, *_] | ["config", key, value, *_] if not _ASKS.search(said):
            yield from judged(key, value, everywhere=bool(_EVERYWHERE.search(said)))
        case ["config", _, key, value, *_] if "." in key and not _ASKS.search(
            said
        ):  # behind the file of an option
            yield from judged(key, value, everywhere=False)
        case ["remote", "set-url", name, address, *_] if "--delete" not in said and (
            host := _host(address or " ".join(_WEB.findall(said)))  # an address of which a part isn't known
        ):
            push = "pushes to" if "--push" in said else "fetches from and pushes to"
            yield GitSetting(what=f"changes where {name} {push}", host=host)
        case ["submodule", "set-url", _, address, *_] if host := _host(address):
            yield GitSetting(what="changes where a submodule comes from", host=host)
        case _:
            pass


def judged(key: str, value: str, *, everywhere: bool) -> Iterator[GitSetting]:
    """What one setting comes to."""
    low = key.lower()
    host = _host(value)
    if match := _URL.match(key):
        base = _host(match[1])
        if base and base != host:
            yield GitSetting(what=f"sends git to another place for {value[:60]}", host=base)
    elif re.fullmatch(r"(?:remote|submodule)\..*\.(?:push)?url", low) and host:
        yield GitSetting(what=f"changes {low}", host=host)
    elif low.endswith("proxy") and low.startswith(("http", "https", "core.git")) and host:
        yield GitSetting(what="sends git's traffic through a proxy", host=host)
    elif re.fullmatch(r"credential\.(?:.*\.)?helper", low):
        if not _HELPERS.match(value) and (
            _TELLS.search(value) or re.search(r"^[!\"]*(?:/tmp|/var/tmp|/dev/shm)", value)
        ):
            yield GitSetting(what="hands each login of git to a command of its own", grave=True)
    elif low == "core.hookspath":
        if not _INSIDE.match(value):
            yield GitSetting(
                what="has git run the hooks of a folder outside of the repository", grave=everywhere
            )
    elif low == "init.templatedir":
        yield GitSetting(what="gives each new repository hooks from a folder")
    elif low in (
        "core.sshcommand",
        "core.pager",
        "core.editor",
        "sequence.editor",
        "diff.external",
        "core.askpass",
        "gpg.program",
        "gpg.ssh.program",
    ) or re.fullmatch(r"(?:filter|diff|merge|difftool|mergetool|alias|pager|gpg)\..*", low):
        if (
            _TELLS.search(value)
            or "ProxyCommand" in value
            or re.search(r"^[!\"']?(?:sh -c \S*)?/(?:tmp|var/tmp|dev/shm)/", value)
        ):
            yield GitSetting(what=f"has git run a command that reaches out ({low})", grave=True)
    elif low == "core.fsmonitor":
        if not _WATCHERS.match(value):
            yield GitSetting(what="has git run a command at each status", grave=bool(_TELLS.search(value)))
    elif low == "user.signingkey":
        if everywhere and _SIGNER.match(value):
            yield GitSetting(what="signs commits with a key that the skill brings", grave=True)
    elif low.endswith(_CHECKS) and everywhere and value.lower() in ("false", "0", "no", "off"):
        yield GitSetting(what=f"turns {key} of git off")


def _host(address: str) -> str:
    found = hosts_in(address)
    match = _ADDRESS.match(address.strip("\"'"))
    host = (found[0] if found else match[1] if match and ("@" in address or ":" in address) else "").lower()
    return "" if not host or is_local(host) or is_placeholder(host) else host
