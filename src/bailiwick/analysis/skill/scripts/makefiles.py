"""What a makefile, or a recipe for a container, fetches in one line and runs in another."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.model.skill import Role, Source

MAX_FILES = 40
"""Files that are fetched and followed."""

_SET = re.compile(r"^(?:export\s+)?([A-Za-z_][\w.]*)\s*(?::|\?|\+)?:?=\s*(.{0,400})$")
_RULE = re.compile(r"^([^\s#:=][^#:=\n]{0,200}?)\s*:(?!=)(?!:=)")
_USED = re.compile(r"\$[({](\w[\w.]*)[)}]")
_FETCH = re.compile(r"\b(?:curl|wget)\b")
_INTO = re.compile(r"(?:\s-\w*[oO]\s*|\s--output(?:-document)?[ =]|>\s*)([^\s;&|]+)")
_ADDED = re.compile(r"^\s*ADD\s+(?:--\S+\s+)*(https?://\S+)\s+(\S+)", re.IGNORECASE)
_CHECK = re.compile(r"\b(?:sha\d+sum|shasum|openssl\s+dgst|gpg|cosign|minisign)\b")


def makefiles(text: str, path: str, role: Role, into: Inventory) -> None:
    """Chains from a download to a later line of a recipe that runs its file, and commands that variables put together."""
    _assembled(text, path, role, into)
    if not (_FETCH.search(text) or "ADD" in text):
        return
    fetched: dict[str, Label] = {}
    for line, number in _lines(text):
        for file, label in fetched.items():
            if re.search(
                rf"(?:^|[;&|]\s*|\b(?:sudo|env|exec|then)\s+)(?:\w+=\S+\s+)*(?:(?:ba|z|da)?sh\s+|python3?\s+|node\s+|perl\s+|ruby\s+|source\s+|\.\s+)?[\"']?(?:\./)?{re.escape(file)}[\"']?(?=\s|$|[;&|])",
                line,
            ):
                into.chain(label, Sink.EXECUTE, "program", Source(path=path, line=number), role)
        if added := _ADDED.match(line):
            if (hosts := hosts_in(added[1])) and "--checksum" not in line:
                file = added[2] + (added[1].rpartition("/")[2] if added[2].endswith("/") else "")
                label = Label(Origin.DOWNLOAD, hosts[0], Source(path=path, line=number))
                fetched |= {file: label, file.rpartition("/")[2]: label}
        elif _FETCH.search(line) and (hosts := hosts_in(line)) and (into_ := _INTO.search(line)):
            file = into_[1].strip("\"'").removeprefix("./")
            if len(fetched) < MAX_FILES and len(file) > 1 and not file.startswith(("/dev/", "-")):
                fetched[file] = Label(Origin.DOWNLOAD, hosts[0], Source(path=path, line=number))
        elif _CHECK.search(line):
            fetched = {file: label for file, label in fetched.items() if file not in line}


_TOOL = re.compile(r"(?<![\w./-])(?:curl|wget|ncat|nc|base64|eval|openssl|python3?|ba?sh|sh)(?![\w.-])")
_RUNS = re.compile(r"\|\s*(?:ba|z|da)?sh\b|\beval\b|\b(?:ba|z|da)?sh\s+-c\b|\b(?:curl|wget|ncat|nc)\s")


def _assembled(text: str, path: str, role: Role, into: Inventory) -> None:
    """A command whose program no line names whole: variables hold pieces of its name."""
    for line, number in _lines(text):
        tool = next((one[0] for one in _TOOL.finditer(line) if not _whole(one[0], text)), None)
        if tool and _RUNS.search(line):
            into.notice(
                Mark.OBFUSCATED,
                f"puts a command together from pieces of words: {' '.join(line.split())[:80]!r}",
                Source(path=path, line=number),
                role,
            )
            return


def _whole(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text))


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """The commands of its recipes, with what their variables and targets stand for: first all that fetch, then the rest."""
    names: dict[str, str] = {}
    target = ""
    said: list[tuple[str, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if _ADDED.match(line) or line.startswith("RUN "):
            said.append((line.removeprefix("RUN "), number))
        elif line.startswith("\t"):
            command = re.sub(r"^[@+-]+", "", line.strip()).replace("$@", target)
            said.append((_expanded(command, names), number))
        elif match := _SET.match(line):
            names[match[1]] = match[2].strip()
        elif rule := _RULE.match(line):
            target = _expanded(rule[1].strip(), names)
    yield from sorted(said, key=lambda one: not (_FETCH.search(one[0]) or _ADDED.match(one[0])))


def _expanded(text: str, names: dict[str, str]) -> str:
    for _ in range(3):
        text = _USED.sub(lambda match: names.get(match[1], match[0])[:400], text)[:2_000]
    return text
