"""Links into places of secrets that a script packs or publishes through, and entries of a pack that climb out."""

import re
from collections.abc import Iterable, Mapping

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.sensitive import is_memory, is_startup, kept_in
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 100
"""Links, or entries, of one file that are looked at."""

_HOME = r"(?:~|\$HOME|\$\{HOME\}|\$\(HOME\)|/root|/home/\w+)/"
_LINKS = Wide(
    rf"\bln\s+(?:-\w+\s+|--[\w-]+\s+){{0,4}}[\"']?({_HOME}[\w./-]{{2,80}})"
    r"|\b(?:os\.symlink|(?:fs\.)?symlink(?:Sync)?|File\.symlink|os\.Symlink)\(\s*([^\n]{3,160})"
    r"|\.symlink_to\(\s*([^\n]{3,160})"
)
_PIECE = re.compile(
    r"[\"'/](\.(?:ssh|gnupg|aws|kube|azure|docker|netrc|npmrc|pypirc|pgpass|git-credentials|password-store|config/(?:gcloud|gh))(?:/[\w.-]+)*)(?=[\"'/,)\s]|$)"
)
"""A place of secrets in the home directory, as code spells it."""
_FOLLOWS = Wide(
    r"\btar\b[^\n]{0,120}?\s(?:--dereference\b|-\w*h\w*\b)|\btar\s+[A-Za-z]*c[A-Za-z]*h[A-Za-z]*\s"
    r"|\bcp\b[^\n]{0,60}?\s(?:--dereference\b|-\w*[LH]\w*\b)|\brsync\b[^\n]{0,120}?\s(?:--copy-(?:unsafe-)?links\b|-\w*[Lk]\w*\b)"
    r"|\bzip\s+-(?![^\n]{0,60}(?:-\w*y|--symlinks))\w*r|\bscp\s+[^\n]{0,40}-\w*r|\baws\s+s3\s+(?:sync|cp)\b(?![^\n]{0,200}--no-follow-symlinks)|\bgsutil\b[^\n]{0,60}\b(?:rsync|cp)\s"
    r"|\bdereference\s*[=:]\s*[Tt]rue|\bfollow_?[sS]ym_?[lL]inks?\s*[=:]\s*[Tt]rue|\bfollow(?:links)?\s*[=:]\s*[Tt]rue|\bmake_archive\(|\bcopytree\((?![^\n]{0,200}symlinks\s*=\s*True)"
)
"""What follows a link, by an option or of itself."""
_ENTRY = re.compile(
    r"[\"']?\b(?:path|name|file(?:name)?|to|dest(?:ination)?|target|out(?:put)?)[\"']?\s*[:=]\s*[\"']?((?:[\w.-]+/){0,6}(?:\.\./){1,12}([\w./-]{3,120}))"
)
_UNPACKS = Wide(
    r"\b(?:path\.)?join\([^\n]{1,80}|\bPath\([^\n]{1,60}\)\s*/|\b\w+\s*/\s*\w+\[?[.\"']|\bFile\.join\([^\n]{1,80}|\bfilepath\.Join\("
)
_LAYS_OUT = Wide(
    r"\bwrite_?(?:File|bytes|text)\w*\(|\bWriteFile\(|\bopen\([^\n]{0,120}[\"'][wax]b?[\"']|\bFile\.write\(|\bcreateWriteStream\("
)
_CHECKS = re.compile(
    r"is_relative_to|relative_to\(|startsWith\(|startswith\(|\brelative\(|commonpath|isAbsolute|is_absolute|[\"']\.\.[\"'/]|secure_filename|\bIsLocal\(|HasPrefix"
)
_HOOK = re.compile(
    r"(?:^|/)\.(?:git/hooks|husky|claude|vscode|github/workflows)/|(?:^|/)\.(?:envrc|ssh/|bash|zsh|profile)"
)


def packed(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice a link to secrets that the same script packs or hands out by what stands behind it."""
    for match in into.first(_LINKS.finditer(text), MAX_FOUND, path):
        to = _secret(match)
        follows = _FOLLOWS.search(text) if to and meant(text, match) else None
        if to and follows:
            said = " ".join(follows[0].split())[:60]
            told = any(to.lstrip("~/") in document for document in documents)
            into.notice(
                Mark.ESCAPE,
                f"packs or copies {to} through a link that it makes: {said!r} follows it",
                place(path, text, match.start()),
                role,
                sure=not told,
                target=to,
                also=(place(path, text, follows.start()),),
            )
            return


def _secret(match: re.Match[str]) -> str | None:
    """The place of secrets that a link leads to, from the home directory on."""
    if match[1]:
        to = "~/" + re.sub(_HOME, "", match[1], count=1)
        return to if kept_in(to) or kept_in(f"{to}/") or _PIECE.match(to[1:]) else None
    piece = _PIECE.search(_argument(match[2] or match[3]))
    return f"~/{piece[1]}" if piece else None


def _argument(text: str) -> str:
    """The first argument of a call, whose text begins behind its bracket."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0 or (depth == 0 and character == ","):
            return text[:at]
    return text


def climbs(
    texts: Mapping[str, str], scripts: Iterable[str], roles: Mapping[str, Role], into: Inventory
) -> None:
    """Notice an entry of data that climbs to where code runs by itself, beside a script that lays entries out unchecked."""
    careless = any(
        _UNPACKS.search(text) and _LAYS_OUT.search(text) and not _CHECKS.search(text)
        for text in (texts[path] for path in scripts if roles[path] is Role.EXECUTABLE)
    )
    for path, text in texts.items() if careless else ():
        if not path.lower().endswith((".json", ".yaml", ".yml", ".toml", ".csv")) or "../" not in text:
            continue
        for match in into.first(_ENTRY.finditer(text[:MAX_DATA]), MAX_FOUND, path):
            to = match[2]
            if _HOOK.search(to) or is_startup(f"~/{to}") or is_memory(to) or kept_in(f"~/{to}"):
                into.notice(
                    Mark.ESCAPE,
                    f"an entry that is laid out climbs to {to}, and no script checks where it goes",
                    place(path, text, match.start(1)),
                    Role.EXECUTABLE,
                    target=to,
                )
                break


MAX_DATA = 500_000
"""Characters of one file of data that are looked at."""
