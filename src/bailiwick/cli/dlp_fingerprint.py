"""`bailiwick dlp fingerprint`: a hashed list of exact values for `data_classes` of a policy. It prints no value."""

import argparse
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from bailiwick.analysis.text.classes import MAX_PARTS, hashed, normal, parts_of

DONE, USAGE, ENVIRONMENT = 0, 2, 3

SHORTEST, LONGEST = 4, 256
"""Letters and digits of a value."""

MAX_VALUES = 28_000
"""Values of one list: as many as one file of a policy has room for. A class may have several lists."""


class _UnfitError(Exception):
    """What is wrong with the values, a line for each mistake."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the group."""
    verb = verbs.add_parser(
        "fingerprint",
        help="make a hashed list of values for `data_classes` of a policy",
        description="Print the hashed list (data/NAME.yaml of a policy) of the values in files, one on each line. "
        "Letter case, and whatever is no letter or digit, does not count.",
    )
    verb.add_argument(
        "files", nargs="+", metavar="FILE", type=Path, help="a file with one value on each line"
    )
    verb.add_argument("--salt", metavar="HEX", help="the key of the hashes; without it a new one is drawn")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 2 for values that can't be in a list, named by file and line only."""
    salt = secrets.token_hex(16) if asked.salt is None else asked.salt
    if not re.fullmatch("[0-9a-f]{32,64}", salt):
        print("bailiwick: --salt takes 32 to 64 hexadecimal digits in small letters", file=sys.stderr)
        return USAGE
    try:
        values = _values(asked.files)
    except _UnfitError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    sizes = [len(value) for value in values]
    print("# Keyed hashes of exact values, by `bailiwick dlp fingerprint`.")
    print(f'salt: "{salt}"\nshortest: {min(sizes)}\nlongest: {max(sizes)}\nparts: {max(values.values())}')
    print("hashes:")
    for digest in sorted(hashed(salt, value) for value in values):
        print(f'- "{digest}"')
    return DONE


def _values(files: list[Path]) -> dict[str, int]:
    """The values in normal form, and of how many words each is written."""
    values: dict[str, int] = {}
    wrong: list[str] = []
    for where, line in _lines(files):
        value, parts = normal(line), len(parts_of(line))
        if value and (not SHORTEST <= len(value) <= LONGEST or parts > MAX_PARTS):
            wrong.append(
                f"{where}: a value has {SHORTEST} to {LONGEST} letters and digits in at most {MAX_PARTS} words;"
                f" this one has {len(value)} in {parts}"
            )
        elif value:
            values[value] = max(parts, values.get(value, 1))
    if wrong:
        raise _UnfitError("\n".join(wrong[:20]))
    if not 1 <= len(values) <= MAX_VALUES:
        raise _UnfitError(f"a list has 1 to {MAX_VALUES} values, and here are {len(values)}")
    return values


def _lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    for path in files:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise _UnfitError(f"{path}: not UTF-8") from None
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path}:{number}", line
