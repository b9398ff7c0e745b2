"""Mount points for protected paths that don't exist: made before a command, gone after the last one.

bubblewrap can only mount over what is there. Empty directories are put there for that time (git does not see them);
they are written down first, so that what a killed run leaves behind is removed by the next one.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path


class Placeholders:
    """The placeholders of one project. ``home`` is a private directory that no sandbox shows."""

    def __init__(self, home: Path, project: str) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = home / sha256(os.fsencode(project)).hexdigest()[:24]
        self._mutex, self._list, self._users = (
            home / "mutex",
            stem.with_suffix(".list"),
            stem.with_suffix(".users"),
        )

    @contextlib.contextmanager
    def during(self, plan: "Callable[[frozenset[str]], Sequence[str]]") -> Iterator[None]:
        """Stand them up for the paths that ``plan`` gives, which is told those that stand already. Raises ``OSError``.

        1. Nobody else plans or clears meanwhile. 2. The paths are written down, then made. 3. While anyone uses
        them they stay. 4. The last one out removes what is still empty.
        """
        with contextlib.ExitStack() as stack:
            with self._alone():  # (1)
                users = stack.enter_context(self._users.open("a"))
                fcntl.flock(users, fcntl.LOCK_SH)
                standing = self._noted()
                wanted = [path for path in plan(standing) if not os.path.lexists(path)]
                self._note([*standing, *wanted])  # (2)
                for path in wanted:
                    # Where this account may make nothing, the command, which is the same account, can't either.
                    with contextlib.suppress(PermissionError, FileNotFoundError, NotADirectoryError):
                        _make(path)
            try:
                yield  # (3)
            finally:
                with self._alone():
                    fcntl.flock(users, fcntl.LOCK_UN)
                    with contextlib.suppress(BlockingIOError):
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        self._clear()  # (4)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._mutex.open("a") as mutex:
            fcntl.flock(mutex, fcntl.LOCK_EX)
            yield

    def _noted(self) -> frozenset[str]:
        """Placeholders that stand; one that somebody has put something into is none any more."""
        try:
            noted = [os.fsdecode(path) for path in self._list.read_bytes().split(b"\0") if path]
        except FileNotFoundError:
            return frozenset()
        return frozenset(path for path in noted if _is_empty(path))

    def _note(self, paths: Sequence[str]) -> None:
        self._list.write_bytes(b"\0".join(os.fsencode(path) for path in paths))

    def _clear(self) -> None:
        for path in sorted(self._noted(), reverse=True):
            with contextlib.suppress(OSError):
                os.rmdir(path)  # noqa: PTH106
        self._list.unlink(missing_ok=True)
        self._users.unlink(missing_ok=True)  # it is opened by nobody but under the mutex


def _make(path: str) -> None:
    try:
        os.mkdir(path, 0o755)  # noqa: PTH102
    except OSError as error:
        if error.errno != errno.EROFS:
            raise


def _is_empty(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return not os.path.islink(path) and next(entries, None) is None  # noqa: PTH114
    except OSError:
        return False
