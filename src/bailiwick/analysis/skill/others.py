"""Files without a reader of their own: scripts of other languages and the text of office files."""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.model.skill import CapabilityKind, Role, Source

_POWER = re.compile(r"-e(?:nc|ncodedcommand)\s+[A-Za-z0-9+/=]{40,}", re.IGNORECASE)


def other_script(text: str, path: str, role: Role, shell: SkillShell, into: Inventory) -> None:
    """Scripts of languages without a reader: the commands in them that look like a shell's."""
    into.capability(CapabilityKind.EXEC, f"${{skill}}/{path}", Source(path=path), role, by=path)
    if posixpath.basename(path).lower() in ("makefile", "justfile", "gnumakefile") or path.endswith(".mk"):
        for command, number in _recipes(text):
            shell.script(command, path, number, role, path)
        return
    for number, line in enumerate(text.split("\n")[:MAX_LINES], 1):
        command = (
            line.strip().removeprefix("RUN ").removeprefix("//go:generate ").removeprefix("@").lstrip("-")
        )
        if re.search(
            r"\b(?:curl|wget|nc|bash|base64|crontab|iwr|Invoke-WebRequest|scp)\b", command
        ) and not command.startswith("#"):
            inner = re.search(
                r"(?:system|exec|`|do shell script|%x)\s*[({\[`\"']+(.{4,400}?)[\"'`)}\]]", command
            )
            shell.script(inner[1] if inner else command, path, number, role, path)
        if _POWER.search(command) or fetches_and_runs(command):
            into.notice(
                Mark.PIPE_INSTALL,
                "runs what it downloads (PowerShell)",
                Source(path=path, line=number),
                role,
                target=(hosts_in(command) or ["*"])[0],
            )


_SHELLED = re.compile(r"\$\(shell\s+(.{4,800})\)\s*$|^\w+\s*!=\s*(.{4,800})$|:=\s*`(.{4,800})`\s*$")


def _recipes(text: str) -> Iterator[tuple[str, int]]:
    """The commands of a makefile or a justfile with their lines: recipes, and what a variable is computed by."""
    number, rows = 0, text.split("\n")[:MAX_LINES]
    while number < len(rows):
        first, line = number + 1, rows[number]
        while line.endswith("\\") and number + 1 < len(rows) and number - first < MAX_CONTINUED:
            number += 1
            line = f"{line[:-1]} {rows[number].strip()}"
        number += 1
        said = _SHELLED.search(line)
        command = next(group for group in said.groups() if group) if said else ""
        if line.startswith(("\t", "  ")) and not said:
            command = re.sub(r"^[@+-]+", "", line.strip())
        if command and not command.startswith("#"):
            yield re.sub(r"\$\((\w+)\)", r"${\1}", command.replace("$$", "$")), first


_TOOL = r"(?:curl|wget|irm|iwr|Invoke-WebRequest|Invoke-RestMethod)"
_HARM = re.compile(
    rf"\b{_TOOL}\b[^\n]{{0,400}}(?:\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\|\s*(?:python3?|node|perl|ruby|iex)\b|&&[^\n]{{0,200}}(?:chmod|\./|\bsh\b|\bbash\b))|(?:\beval|\b(?:ba|z)?sh\s+-c|\bsource|<)\s*[\"'\\]*[$<]\(\s*{_TOOL}\b|\|\s*{_TOOL}\b[^\n]{{0,200}}(?:-d\b|--data|-T\b|@-|--upload)|\b{_TOOL}\b[^\n]{{0,300}}(?:--data\S*|-d|-F|-T|--upload-file)[ =]*[\"']?[\w=]*@|\b{_TOOL}\b[^\n]{{0,300}}(?:--post-data|--data\S*|-d|--body-data)[ =]*[\"'\\]*\$\([^\n]{{0,200}}|\bbase64\s+(?:-d|--decode)[^\n]{{0,100}}\|\s*(?:ba|z)?sh\b|/dev/tcp/"
)
"""What is worth a look in a text that is no script: a download that runs, or data that is sent."""
_STRINGS = re.compile(
    r"\"((?:[^\"\\\n]|\\.){0,800})\"|'((?:[^'\n]){0,800})'|\{([^{}\n\"']{6,800})\}|`([^`\n]{6,800})`|>([^<>\n\"']{6,800})<"
)
_COMMENT = re.compile(r"\s*(?:#|//(?!go:generate))")
_PIECE = re.compile(rf"(?<=[\"'{{(`])\s*{_TOOL}\b[^\"'`\n]{{4,600}}")
_KEY = re.compile(r"^\s*(?:-\s+)?(?:[\w./-]+\s*[:=]\s*)?(?:[|>]-?\s*)?")
_RULES = re.compile(
    r"(?:^|/)(?:rules?|sigma|yara|semgrep|detections?|signatures?|patterns?|policies|blocklists?|denylists?)(?:/|[.-])|\.(?:yar|yara|sigma|rego|lock)\b"
)
MAX_LINES = 200_000
"""Lines of a file that are read."""

MAX_FOUND = 500
"""Commands in the configuration of one file, and scripts of one page, that are read."""

MAX_CONTINUED = 50
"""Lines of one recipe."""

SPREAD = 10
"""Lines from which on a notebook is written one line of code on each of its own."""


def embedded(text: str, path: str, role: Role, shell: SkillShell, into: Inventory) -> None:
    """Commands that stand in configuration and in strings of code, where a download runs or data is sent."""
    if role is Role.EXECUTABLE and _RULES.search(path):
        role = Role.QUOTED  # rules that look for such commands hold them
    lines = enumerate(text.split("\n")[:MAX_LINES], 1)
    worthy = (one for one in lines if _HARM.search(one[1][:4_000]) and not _COMMENT.match(one[1]))
    for number, line in into.first(worthy, MAX_FOUND, path):
        inner = [
            next((group for group in match.groups() if group), "")
            for match in _STRINGS.finditer(line[:4_000])
        ]
        worth = [one for one in inner if _HARM.search(one)] or [
            piece[0] if (piece := _PIECE.search(line[:4_000])) else _KEY.sub("", line[:4_000]).strip(" ,;")
        ]
        for one in worth[:3]:
            shell.script(one.replace('\\"', '"'), path, number, role, path)


def notebook(text: str, path: str, into: Inventory) -> tuple[str, list[tuple[str, int]]]:
    """The code of a notebook, and the commands of a shell in it with their lines.

    Each line of code stands where the file has it; where the file is one line, or has its cells in another manner, the lines of
    the cells follow each other. A notebook that can't be read is partial.
    """
    try:
        sources = [line for cell in _cells(json.loads(text)) for line in _source(cell)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        into.leave("a notebook that can't be read", path)
        sources = []
    rows = text.split("\n")
    if len(rows) <= SPREAD:
        return _apart(sources)
    lines, code = [], False
    for row in rows:
        if kind := re.search(r"\"cell_type\":\s*\"(\w+)\"", row):
            code = kind[1] == "code"
        said = re.fullmatch(r"\s*(?:\"source\":\s*\[?\s*)?\"((?:[^\"\\]|\\.)*)\"\s*[\],]*\s*", row)
        lines.append(_said(said[1]) if said and code and "outputs" not in row else "")
    return _apart(lines if set(sources) <= {"", *lines} else sources)


def _cells(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The cells of code of a notebook, of the third format too."""
    for sheet in [held] if "cells" in held else held["worksheets"]:
        yield from (cell for cell in sheet["cells"] if cell["cell_type"] == "code")


def _source(cell: dict[str, Any]) -> list[str]:
    """The lines of a cell."""
    said = cell["source"] if "source" in cell else cell["input"]
    return ("".join(said) if isinstance(said, list) else said).rstrip("\n").split("\n")


def _apart(lines: list[str]) -> tuple[str, list[tuple[str, int]]]:
    """Python and the commands among it: what follows ``!`` or ``%pip``, and cells that are a shell's (``%%bash``)."""
    code: list[str] = []
    commands: list[tuple[str, int]] = []
    shell = False
    for number, line in enumerate(lines, 1):
        plain = line.lstrip()
        if plain.startswith("%%"):
            shell = bool(re.match(r"%%(?:bash|sh|script\s+(?:ba)?sh)\b", plain))
        elif shell and plain:
            commands.append((plain, number))
        elif plain.startswith("!"):
            commands.append((plain.lstrip("!"), number))
        elif plain.startswith(("%pip ", "%conda ")):
            commands.append((plain[1:], number))
        shell = shell and bool(plain)
        code.append("" if shell or plain.startswith(("%", "!")) else line)
    return "\n".join(code), commands[:MAX_LINES]


def _said(literal: str) -> str:
    try:
        return str(json.loads(f'"{literal}"')).rstrip("\n")
    except ValueError:
        return ""


_SCRIPT = re.compile(r"<script\b(?![^>]{0,300}\bsrc=)[^>]{0,300}>", re.IGNORECASE)
_SCRIPT_ENDS = re.compile("</script", re.IGNORECASE)


def scripts_in(text: str, path: str, into: Inventory) -> Iterator[tuple[str, int]]:
    """The scripts in a page, with the lines they begin at."""
    for start, end in into.first(_scripts(text), MAX_FOUND, path):
        yield text[start:end], text.count("\n", 0, start) + 1


def _scripts(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while (begins := _SCRIPT.search(text, at)) and (ends := _SCRIPT_ENDS.search(text, begins.end())):
        yield begins.end(), ends.start()
        at = ends.end()


_WINDOWS = re.compile(
    r"\bcertutil\b[^\n]{0,80}-urlcache[^\n]{0,300}&|\bbitsadmin\b[^\n]{0,300}&|\bmshta\s+https?|\bregsvr32\b[^\n]{0,60}https?:|\bmsiexec\b[^\n]{0,40}https?:",
    re.IGNORECASE,
)
"""Programs of Windows that fetch and run."""


_NAMED = re.compile(r"(?<!\w)\w+\(\s*(?:\.\.\.|…)\s*\)")


def fetches_and_runs(text: str) -> bool:
    """Whether PowerShell runs what it downloads. ``DownloadString(...)`` is the name of the thing."""
    text = _NAMED.sub("", text)
    if _WINDOWS.search(text):
        return True
    return bool(
        re.search(r"\b(?:iex|Invoke-Expression)\b", text, re.IGNORECASE)
        and re.search(r"iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString", text, re.IGNORECASE)
    )
