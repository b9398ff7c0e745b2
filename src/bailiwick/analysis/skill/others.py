"""Files without a reader of their own: scripts of other languages and the text of office files."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.model.skill import CapabilityKind, Role, Source


def other_script(text: str, path: str, role: Role, shell: SkillShell, into: Inventory) -> None:
    """Scripts of languages without a reader: the commands in them that look like a shell's."""
    into.capability(CapabilityKind.EXEC, f"${{skill}}/{path}", Source(path=path), role, by=path)
    for number, line in enumerate(text.split("\n")[:5_000], 1):
        command = line.strip().removeprefix("RUN ").removeprefix("@").lstrip("-")
        if re.search(
            r"\b(?:curl|wget|nc|bash|base64|crontab|iwr|Invoke-WebRequest|scp)\b", command
        ) and not command.startswith("#"):
            inner = re.search(
                r"(?:system|exec|`|do shell script|%x)\s*[({\[`\"']+(.{4,400}?)[\"'`)}\]]", command
            )
            shell.script(inner[1] if inner else command, path, number, role, path)
        if re.search(
            r"(?:iex|Invoke-Expression)\b.*(?:iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString)|DownloadString\(.*\|\s*iex|-e(?:nc|ncodedcommand)\s+[A-Za-z0-9+/=]{40,}",
            command,
            re.IGNORECASE,
        ):
            into.notice(
                Mark.PIPE_INSTALL,
                "runs what it downloads (PowerShell)",
                Source(path=path, line=number),
                role,
                target=(hosts_in(command) or ["*"])[0],
            )


def fetches_and_runs(text: str) -> bool:
    """Whether PowerShell runs what it downloads."""
    return bool(
        re.search(r"\b(?:iex|Invoke-Expression)\b", text, re.IGNORECASE)
        and re.search(r"iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString", text, re.IGNORECASE)
    )
