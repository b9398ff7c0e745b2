"""The highest version of each policy repository's skill lock that was seen from this account: an older one is a lock put back.

What a service keeps for itself in its store, kept for the command line in a file of the account's own state (TUF 5.3.4: the rollback
check needs the last trusted version). The first look believes what it finds; `docs/limits.md` says so.
"""

import json
import os
import tempfile
from pathlib import Path

from bailiwick.administration.skills.lock import LockError

MARKS = "skill-locks.json"
MAX_BYTES = 2**20


class LockMarks:
    """By the directory of a policy repository, the highest version seen. ``state`` is the directory they are kept in."""

    def __init__(self, state: Path) -> None:
        self._file = state / MARKS

    def seen(self, policy: Path) -> int:
        """The highest version seen of the lock of ``policy``; 0 where none was. Raises ``LockError``."""
        return self._read().get(str(policy.resolve()), 0)

    def note(self, policy: Path, version: int) -> None:
        """Keep ``version`` if it is the highest. Raises ``LockError``, ``OSError``."""
        known = self._read()
        key = str(policy.resolve())
        if known.get(key, 0) >= version:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=self._file.parent, prefix=".skill-locks-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known | {key: version}, file, indent=1, sort_keys=True)
        Path(fresh).replace(self._file)

    def _read(self) -> dict[str, int]:
        try:
            with self._file.open("rb") as file:
                known = json.loads(file.read(MAX_BYTES))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LockError(f"{self._file}: {error.strerror}") from None
        except (ValueError, RecursionError):
            known = None
        if not isinstance(known, dict) or not all(type(version) is int for version in known.values()):
            raise LockError(
                f"{self._file} doesn't say which versions of skill locks were seen; move it away to believe what is there now"
            )
        return known
