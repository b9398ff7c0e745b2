"""Tables of numbers and texts that spell something when they are decoded: an account, an address, a command."""

import base64
import codecs
import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import bare_hosts
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_TABLES = 60
MAX_LENGTH = 400
"""Numbers of one table that are read."""

_TABLE = Wide(
    r"[\[({]\s*((?:(?:0x[0-9a-fA-F]{1,2}|\d{1,3})\s*,\s*){9,400}(?:0x[0-9a-fA-F]{1,2}|\d{1,3}))\s*,?\s*[\])}]"
)
_ROW = Wide(
    r"[\"'`=(]\s*((?:\\?(?:0?x[0-9a-fA-F]{2}|[0-7]{2,3}|\d{2,3})[\s,:;-]{1,2}){9,400}\\?(?:0?x[0-9a-fA-F]{2}|\d{2,3}))\s*[\"'`)]"
)
"""Numbers in a text, with blanks or marks between: a loop of a shell goes over them."""
_TEXT = Wide(r"[\"'`]([A-Za-z0-9+/=_.:@#$%^&*<>?~|-]{16,400})[\"'`]")
_BANKS = r"(?:AD|AE|AT|BE|BG|BR|CH|CY|CZ|DE|DK|EE|ES|FI|FR|GB|GE|GI|GR|HR|HU|IE|IL|IT|LI|LT|LU|LV|MC|MT|NL|NO|PL|PT|QA|RO|RS|SA|SE|SI|SK|SM|TR|UA|VG|XK|XX)"
_PAYEE = re.compile(rf"{_BANKS}\d{{2}}[A-Z0-9]{{11,30}}|0x[0-9a-fA-F]{{40}}|bc1[a-z0-9]{{25,60}}")
_PLACE = re.compile(
    r"(?:https?|wss?|ftp|tcp)://[\w.-]+\.\w{2,}(?:[:/?][\x21-\x7e]*)?|[\w.+-]{2,40}@[\w-]+(?:\.[\w-]+)*\.\w{2,10}"
)
_COMMAND = re.compile(r"(?:curl|wget|bash|/bin/sh|python3?|node|powershell|nc)\s[\x20-\x7e]{6,}")
_SHIFTS = 40
"""How far letters are moved at most."""


def numbers(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice what is spelled so that a reader doesn't see it, once for each kind of thing."""
    said: set[str] = set()
    for match, choices in _spelled(text, path, into):
        for plain in choices:
            kind = (
                "an account"
                if _PAYEE.fullmatch(plain)
                else "an address"
                if _PLACE.fullmatch(plain)
                else "a command"
                if _COMMAND.fullmatch(plain)
                else ""
            )
            if not kind:
                continue
            if kind not in said:
                said.add(kind)
                into.notice(
                    Mark.TAMPER if kind == "an account" else Mark.OBFUSCATED,
                    f"keeps {kind} spelled so that nobody reads it: {plain[:60]!r}",
                    place(path, text, match.start()),
                    role,
                    target="data" if kind == "an account" else "spelled",
                )
            break


def _spelled(text: str, path: str, into: Inventory) -> Iterator[tuple[re.Match[str], Iterator[str]]]:
    for match in into.first(_TABLE.finditer(text), MAX_TABLES, path):
        listed = [int(one, 0) if one.startswith("0x") else int(one) for one in re.split(r"\s*,\s*", match[1])]
        if max(listed) < 256 and len(listed) <= MAX_LENGTH:
            yield match, _decoded(listed)
    for match in into.first(_ROW.finditer(text), MAX_TABLES, path):
        yield match, _rows(re.split(r"[\s,:;-]+", match[1].replace("\\", ""))[:MAX_LENGTH])
    for match in into.first(_TEXT.finditer(text), MAX_TABLES * 4, path):
        yield match, _unwrapped(match[1])


def _decoded(listed: list[int]) -> Iterator[str]:
    """What a table spells, its numbers moved, mixed with a key, or with their places."""
    yield from _letters(listed)
    for key in range(1, 256):
        yield from _letters([one ^ key for one in listed])
    for by in range(1, _SHIFTS):
        yield from _letters([one - by for one in listed])
        yield from _letters([one + by for one in listed])
    yield from _letters([one - at for at, one in enumerate(listed)])
    yield from _letters([one + at for at, one in enumerate(listed)])
    yield from _letters([one ^ at for at, one in enumerate(listed)])


def _rows(words: list[str]) -> Iterator[str]:
    """What numbers in a text spell, whichever base they are written in."""
    for base in (8, 10, 16):
        try:
            listed = [int(word.lower().removeprefix("0x").removeprefix("x"), base) for word in words]
        except ValueError:
            continue
        yield from _letters(listed)


def _letters(listed: list[int]) -> Iterator[str]:
    if all(0x20 <= one < 0x7F for one in listed):
        said = "".join(map(chr, listed))
        yield said
        yield said[::-1]


_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def _unwrapped(said: str) -> Iterator[str]:
    """What a text spells: backwards, with its letters moved by thirteen, in base64 or hexadecimal, and both."""
    if not _PLACE.fullmatch(said) and "@" not in said:
        yield said[::-1]
        if bare_hosts(f"{codecs.encode(said, 'rot13')} "):
            yield codecs.encode(said, "rot13")
    for raw in (said, said[::-1]):
        try:
            if _HEX.fullmatch(raw):
                yield from _letters(list(bytes.fromhex(raw)))
            elif _BASE64.fullmatch(raw):
                plain = base64.b64decode(raw.translate(str.maketrans("-_", "+/")) + "=" * (-len(raw) % 4))
                yield from _letters(list(plain))
        except ValueError:
            continue
