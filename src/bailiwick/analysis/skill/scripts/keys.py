"""Keys that a shell script packs into a file and a later line sends."""

import re

from bailiwick.analysis.skill.facts import Inventory, Label, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.model.skill import Role, Source

_KEYS = re.compile(
    r"(?:~|\$\{?HOME\}?|/home/\w+|/Users/\w+|/root)[\"']?(?:\s+|/)\.(?:ssh|aws|gnupg|kube|netrc|git-credentials|docker|npmrc|azure|config/gcloud)\b"
)
_PACKS = re.compile(r"\b(?:tar|zip|7z|gzip|cp|cat|gpg|openssl|base64|rsync|dd|find)\b")
_SENDS = re.compile(r"\b(?:curl|wget|nc|ncat|scp|http|https|rclone|aws)\b")


def keys(text: str, path: str, role: Role, into: Inventory) -> None:
    """Keys that a shell script packs into a file and a later line sends."""
    held: dict[str, Source] = {}
    for number, line in enumerate(text.replace("\\\n", "  ").split("\n")[:200_000], 1):
        row = line[:1_000]
        if row.lstrip().startswith("#"):
            continue
        hosts = hosts_in(row) if held and _SENDS.search(row) else []
        for word, where in held.items() if hosts else ():
            if re.search(rf"{re.escape(word)}(?!\w)", row):
                label = Label(
                    Origin.CREDENTIALS, "~/.ssh" if ".ssh" in text else "keys of this account", where
                )
                into.chain(label, Sink.SEND, hosts[0], Source(path=path, line=number), role)
        if _KEYS.search(row) and _PACKS.search(row):
            here = Source(path=path, line=number)
            words = re.findall(r"\$\{?[A-Za-z_]\w*\}?|/(?:tmp|var/tmp|dev/shm)/[\w./-]+", row)
            held |= dict.fromkeys((w for w in words if w.strip("${}") not in ("HOME", "USER", "PWD")), here)
            if name := re.match(r"\s*(?:local\s+|export\s+)?(\w+)=", row):
                held |= {f"${name[1]}": here, f"${{{name[1]}}}": here}
