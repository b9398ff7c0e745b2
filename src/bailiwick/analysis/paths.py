"""Paths as text: absolute, lexically normal, and as glob patterns. Nothing here looks at a file system."""

import posixpath
import re

from bailiwick.model.access import PathTarget

_MAGIC = re.compile(r"[\\*?\[\]{},]")


def absolute(path: str, *, cwd: str, home: str) -> str:
    """``path`` as the kernel would look it up from ``cwd``, with ``~`` expanded and ``.``/``..`` removed.

    Removing ``..`` lexically differs from the kernel where a parent is a symbolic link, which is why every
    path is also judged by its real path.
    """
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    joined = posixpath.join(cwd or "/", path)
    return "/" + posixpath.normpath(joined).lstrip("/")


def escaped(path: str) -> str:
    """``path`` as a glob that matches just itself."""
    return _MAGIC.sub(r"\\\g<0>", path)


def tree(path: str) -> PathTarget:
    """``path`` and everything below it."""
    return PathTarget(path=escaped(path.rstrip("/")) + "/**", pattern=True)
