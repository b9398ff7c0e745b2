"""Containers that are given the whole machine: its disk to write, its processes, or the socket that starts others."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_ENGINE = r"\b(?:docker|podman|nerdctl)\b[\"',\s]{1,6}(?:container[\"',\s]{1,6})?(?:run|create)\b"
_DISK = Wide(
    rf"{_ENGINE}[^\n]{{0,400}}?(?:(?:-v|--volume)[\"',\s=]{{1,6}}/:/[\w/.-]*(?!:ro|[\w/.-])|--mount[\"',\s=]{{1,6}}[^\s\"']*\b(?:source|src)=/,(?![^\s\"']*\b(?:readonly|ro)\b))"
    rf"|[\"']Binds[\"']\s*:\s*\[\s*[\"']/:/[\w/.-]*(?!:ro|[\w/.-])[\"']|\bvolumes\s*=\s*\{{\s*[\"']/[\"']\s*:\s*\{{[^}}\n]{{0,120}}[\"']rw[\"']|\bvolumes\s*=\s*\[\s*[\"']/:/[\w/.-]*(?!:ro|[\w/.-])[\"']"
)
_PROCESSES = Wide(
    rf"{_ENGINE}(?=[^\n]{{0,400}}--privileged)(?=[^\n]{{0,400}}--pid[\"',\s=]{{1,6}}host)[^\n]{{0,400}}?\b(?:nsenter|chroot)\b"
)


def engines(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first of them in a script."""
    plain = re.sub(r"\\\n", "  ", text)
    if match := _DISK.search(plain) or _PROCESSES.search(plain):
        into.notice(
            Mark.WEAKEN,
            f"gives a container the whole machine: {' '.join(match[0].split())[:70]!r}",
            place(path, text, min(match.start(), len(text))),
            role,
            target="backdoor",
        )
