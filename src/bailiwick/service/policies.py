"""The policy in force: read from its directory, replaced only by one that compiles, remembered across restarts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from itertools import islice
from pathlib import Path

from bailiwick.model.value import value
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.types import PolicySet
from bailiwick.service import proven
from bailiwick.service.policy_files import MAX_FILES, read_policy_files, yaml_files
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
"""How often the directory is looked at; a change is in force at most this long after it was written."""

READ_TRIES, SETTLE_SECONDS = 3, 0.1
"""How often a directory that changes while it is read is read anew, and how long that waits."""


@value(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What one look at the directory gave: a policy with its text, or why there is none."""

    signature: object
    files: Mapping[str, str] = field(default_factory=dict)
    compiled: PolicySet | None = None
    problem: str | None = None


@value(frozen=False, slots=True)
class Policies:
    """What is in force and, where the directory now says something that does not compile, why not."""

    directory: Path
    in_force: PolicySet | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    proven: bytes | None = None
    """The mark of the text that was proven last."""
    installed: bytes | None = None
    """That of the text that the machine's installation proved."""
    _seen: object = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def reload(self) -> None:
        """Read the directory again.

        A policy that cannot be read or does not compile changes nothing but ``problem``.
        """
        self._take(_read(self.directory, self._known))

    async def refresh(self) -> None:
        """:meth:`reload` with the reading in a thread, so that calls are answered meanwhile."""
        async with self._reading:
            self._take(await asyncio.to_thread(_read, self.directory, self._known))

    @property
    def _known(self) -> tuple[bytes | None, ...]:
        return (self.proven, self.installed)

    def _take(self, reading: _Reading) -> None:
        self._seen, self.problem = reading.signature, reading.problem
        if reading.compiled is None:
            LOG.warning("policy not replaced: %s", reading.problem)
        else:
            self._put(reading.compiled, reading.files)

    def fall_back(self, files: Mapping[str, str]) -> None:
        """Bring the last policy that was in force back, when the directory's does not compile at start."""
        try:
            self._put(proven.compiled(files, self._known), files)
        except PolicyErrors as error:
            LOG.warning("the remembered policy does not compile with this version: %s", error)

    def _put(self, compiled: PolicySet, files: Mapping[str, str]) -> None:
        self.in_force, self.files, self.proven = compiled, files, proven.mark_of(files)

    async def watch(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Reload whenever the directory changes and call ``changed`` after each reload, until cancelled.

        Where that fails (a full disk), both are tried again.
        """
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                if await asyncio.to_thread(_signature, self.directory) != self._seen:
                    await self.refresh()
                    await changed()
            except Exception as error:  # noqa: BLE001 - a watch that ended would freeze the policy unseen
                report(LOG, "the policy directory could not be followed, trying again", error)
                self._seen = None


def _read(directory: Path, known: tuple[bytes | None, ...]) -> _Reading:
    """The policy in ``directory``; not one that changes while it is read, since half a change may well compile."""
    signature: object = None
    for _ in range(READ_TRIES):
        signature = _signature(directory)
        try:
            files = read_policy_files(directory)
            if _signature(directory) != signature:
                time.sleep(SETTLE_SECONDS)
                continue
            return _Reading(signature=signature, files=files, compiled=proven.compiled(files, known))
        except (PolicyErrors, OSError) as error:
            return _Reading(signature=signature, problem=str(error))
        except Exception as error:  # noqa: BLE001 - a policy that breaks the compiler is one that does not compile
            report(LOG, "the compiler failed", error)
            return _Reading(signature=signature, problem=f"{directory}: internal error in the compiler")
    return _Reading(signature=None, problem=f"{directory}: keeps changing while it is read; it is read again")


def _signature(directory: Path) -> object:
    """What a change of any policy file changes: names, times, sizes and inodes."""
    try:
        return tuple(
            (str(path), found.st_mtime_ns, found.st_size, found.st_ino)
            for path in islice(yaml_files(directory), MAX_FILES + 1)
            for found in (path.stat(),)
        )
    except OSError as error:
        return str(error)
