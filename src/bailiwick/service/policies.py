"""The policy in force: read from its directory, replaced only by one that compiles, remembered across restarts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bailiwick.administration.compile import compile_set
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.types import PolicySet
from bailiwick.service.policy_files import read_policy_files

LOG = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
"""How often the directory is looked at; a change is in force at most this long after it was written."""


@dataclass(slots=True)
class Policies:
    """What is in force and, where the directory now says something that does not compile, why not."""

    directory: Path
    in_force: PolicySet | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    _seen: object = None

    def reload(self) -> bool:
        """Read the directory again; True when another policy came into force.

        A policy that cannot be read or does not compile changes nothing but ``problem``.
        """
        self._seen = _signature(self.directory)
        try:
            files = read_policy_files(self.directory)
            compiled = compile_set(files)
        except (PolicyErrors, OSError) as error:
            self.problem = str(error)
            LOG.warning("policy not replaced: %s", error)
            return False
        self.problem = None
        changed = self.in_force is None or compiled.revision != self.in_force.revision
        self.in_force, self.files = compiled, files
        return changed

    def fall_back(self, files: Mapping[str, str]) -> None:
        """Bring the last policy that was in force back, when the directory's does not compile at start."""
        try:
            self.in_force, self.files = compile_set(files), files
        except PolicyErrors:
            LOG.exception("the remembered policy does not compile with this version")

    async def watch(self, changed: Callable[[], Awaitable[None]]) -> None:
        """Reload whenever the directory changes and call ``changed`` after each reload, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if _signature(self.directory) != self._seen:
                self.reload()
                await changed()


def _signature(directory: Path) -> object:
    """What a change of any policy file changes: names, times, sizes and inodes."""
    try:
        return tuple(
            (str(path), found.st_mtime_ns, found.st_size, found.st_ino)
            for path in sorted(directory.rglob("*"))
            if path.suffix in {".yaml", ".yml"} and (found := path.stat())
        )
    except OSError as error:
        return str(error)
