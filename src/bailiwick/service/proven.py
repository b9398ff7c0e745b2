"""A policy's text that held once need not be proven again by the same Bailiwick.

To prove (that a policy's own examples and invariants hold) takes longer than all else that the service does when it
starts. So it remembers a mark of the text that was proven last and of the program that did it, and an installation for the
whole machine, which proves what it puts in force, leaves one beside the policy. Whatever differs, a letter of the text or a
file of the program, is proven anew.
"""

import hashlib
import logging
import os
import stat
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import orjson

import bailiwick
from bailiwick.administration.compile import compile_set
from bailiwick.enforcement.installer import PROVEN
from bailiwick.policy.types import PolicySet

LOG = logging.getLogger(__name__)

_MARK_LENGTH = 64


def mark_of(files: Mapping[str, str]) -> bytes:
    """What stands for these policy files and this Bailiwick: a SHA-256 in hexadecimal."""
    text = orjson.dumps({"program": _program(), "files": dict(files)}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest().encode()


def compiled(files: Mapping[str, str], proven: Collection[bytes | None]) -> PolicySet:
    """The policy; proven, unless its mark is in ``proven``. Raises ``PolicyErrors``."""
    anew = mark_of(files) not in proven
    policies = compile_set(files, prove=anew)
    LOG.info("policy %s: %s", policies.revision[:12], "proven" if anew else "proven before")
    return policies


def installed(policy: Path) -> bytes | None:
    """The mark that the machine's installation left beside ``policy``; only if nobody but root can have written it.

    Whoever could put another there could as well change the policy and what it promises.
    """
    path = policy.with_name(PROVEN)
    try:
        found = path.lstat()
        if (
            found.st_uid != 0
            or not stat.S_ISREG(found.st_mode)
            or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            return None
        with path.open("rb") as file:
            return file.read(_MARK_LENGTH)
    except OSError:
        return None


@cache
def _program() -> str:
    """What changes with Bailiwick itself: its files' names, sizes and times, which is also how Python knows its byte code."""
    root = Path(bailiwick.__file__).parent
    found = sorted(_files(str(root)))
    return hashlib.sha256(repr((bailiwick.__version__, sys.version, found)).encode()).hexdigest()


def _files(directory: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                found = entry.stat()
                yield entry.path, found.st_size, found.st_mtime_ns
