"""A directory tree as a value, to compare before and after."""

import stat
from pathlib import Path
from typing import Any


def tree(root: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below ``root``: kind, mode, and content or target. Times of directories change with their entries."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(root.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[str(path.relative_to(root))] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[str(path.relative_to(root))] = ("directory", mode)
        else:
            found[str(path.relative_to(root))] = ("file", mode, path.read_bytes(), path.stat().st_mtime_ns)
    return found
