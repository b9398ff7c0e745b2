"""`bailiwick dlp fingerprint`: hashes of values or documents for `data_classes` of a policy. It prints neither."""

import argparse
import json
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from bailiwick.analysis.text.classes import (
    MAX_PARTS,
    PASSAGE,
    fingerprints,
    hashed,
    normal,
    parts_of,
    prints_in,
)
from bailiwick.analysis.text.unpack import text_of
from bailiwick.service.named_file import MAX_DATA, read_named, read_named_text

DONE, USAGE, ENVIRONMENT = 0, 2, 3

SHORTEST, LONGEST = 4, 256
"""Letters and digits of a value."""

MAX_VALUES = 28_000
"""Values of one list: as many as one file of a policy has room for. A class may have several lists."""

MAX_PRINTS = 45_000
"""Fingerprints of one file: those of a million and a half characters of source code, about."""


_VALUES = "# Keyed hashes of exact values, by `bailiwick dlp fingerprint`."
_DOCUMENTS = "# Fingerprints of documents, by `bailiwick dlp fingerprint --documents`."


class _UnfitError(Exception):
    """What is wrong with the values, a line for each mistake."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the group."""
    verb = verbs.add_parser(
        "fingerprint",
        help="make the hashes of values or documents for `data_classes` of a policy",
        description="Print the hashed list (data/NAME.yaml of a policy) of the values in files, one on each line, or with "
        "--documents the fingerprints (documents/NAME.yaml) of whole files. Letter case, and whatever is no letter or "
        "digit, does not count.",
    )
    verb.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        type=Path,
        help="a file with one value on each line, or a document",
    )
    verb.add_argument(
        "--documents", action="store_true", help="the files, and all files in directories, are documents"
    )
    verb.add_argument(
        "--without", action="append", default=[], metavar="FILE", type=Path,
        help="with --documents: what stands in this file or directory too (licences, public code) is left out",
    )  # fmt: skip
    verb.add_argument("--salt", metavar="HEX", help="the key of the hashes; without it a new one is drawn")
    verb.add_argument("--json", action="store_true", help="the list as JSON, which is YAML too")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 2 for values that can't be in a list, named by file and line only."""
    salt = secrets.token_hex(16) if asked.salt is None else asked.salt
    if not re.fullmatch("[0-9a-f]{32,64}", salt):
        print("bailiwick: --salt takes 32 to 64 hexadecimal digits in small letters", file=sys.stderr)
        return USAGE
    try:
        said = (
            _of_documents(salt, asked.files, asked.without)
            if asked.documents
            else _of_values(salt, asked.files)
        )
    except _UnfitError as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    if asked.json:
        print(json.dumps(said, indent=2))
        return DONE
    print(_DOCUMENTS if asked.documents else _VALUES)
    for key, value in said.items():
        if isinstance(value, list):
            print(f"{key}:", *(f'- "{digest}"' for digest in value), sep="\n")
        else:
            print(f"{key}: {json.dumps(value)}")
    return DONE


def _of_values(salt: str, files: list[Path]) -> dict[str, str | int | list[str]]:
    values = _values(files)
    sizes = [len(value) for value in values]
    return {
        "salt": salt,
        "shortest": min(sizes),
        "longest": max(sizes),
        "parts": max(values.values()),
        "hashes": sorted(hashed(salt, value) for value in values),
    }


def _of_documents(salt: str, files: list[Path], without: list[Path]) -> dict[str, str | int | list[str]]:
    known = {one for text in _documents(without) for one in prints_in(salt, text)}
    kept = {one for text in _documents(files) for one in fingerprints(salt, text)} - known
    if not 2 <= len(kept) <= MAX_PRINTS:  # noqa: PLR2004 - a passage is known by two
        raise _UnfitError(
            f"a file has 2 to {MAX_PRINTS} fingerprints, and here are {len(kept)}: a document needs {PASSAGE} words,"
            " and many documents need several files"
        )
    return {"salt": salt, "hashes": sorted(kept)}


def _documents(paths: list[Path]) -> Iterator[str]:
    """The text of every file; of a directory, of all below it that are not hidden."""
    for path in paths:
        inside = (
            one
            for one in sorted(path.rglob("*"))
            if one.is_file()
            and not one.is_symlink()
            and not any(part.startswith(".") for part in one.relative_to(path).parts)
        )
        for one in inside if path.is_dir() else (path,):
            yield text_of(read_named(one, most=MAX_DATA))


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
        text = read_named_text(path, most=MAX_DATA)
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path}:{number}", line
