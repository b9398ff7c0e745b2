"""What a person would call a record by, and text that can neither drive a terminal nor forge a line."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bailiwick.audit.bounds import well_formed

Fields = Mapping[str, Any]

_NAMING = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "url",
    "query",
    "pattern",
    "skill",
    "subagent_type",
)


def plain(value: object) -> str:
    """``value`` as text in one line: what isn't printable stands there as its escape."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def text_of(record: Fields, name: str) -> str:
    """A field that is a text; empty where it is anything else, since a log can be damaged."""
    value = record.get(name, "")
    return value if isinstance(value, str) else ""


def number_of(record: Fields, name: str) -> int | None:
    """A field that is an integer; None where it is anything else."""
    value = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def items_of(record: Fields, name: str) -> list[Fields]:
    """A field that is a list of objects; what isn't an object is left out."""
    value = record.get(name, ())
    if not value or not isinstance(value, list | tuple):
        return []
    return [item for item in value if item.__class__ is dict or isinstance(item, Mapping)]


def words_of(record: Fields, name: str) -> list[str]:
    """A field that is a list of texts; what isn't a text is left out."""
    value = record.get(name, ())
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def argument(record: Fields, *names: str) -> str:
    """The first of the tool's arguments ``names`` that is a text; found also in an input that was cut."""
    text = text_of(record, "input")
    for name in names:
        if found := re.search(rf'"{name}":"((?:[^"\\]|\\.)*)', text):
            return _unescaped(found[1])
    return ""


def _unescaped(text: str) -> str:
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:  # cut in the middle of an escape
        return text
    return well_formed(str(value))


def summary(record: Fields) -> str:
    """What a person would call the event by: the command, the file, the prompt."""
    text = argument(record, *_NAMING) or text_of(record, "text") or text_of(record, "input")
    return text.replace("\n", " ")
