"""Carrying out an installation plan, and undoing it completely.

Every change is written down in a manifest, on stable storage, before it is made, together with what was there
before. What was there first is recorded once and never again, so that an installation that is repeated, upgraded or
interrupted anywhere is undone to the very bytes, modes and owners it found. Where ``root`` is given everything
happens below it (a staging prefix, as ``DESTDIR`` for packagers): no program is run and no owner is changed.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from bailiwick.enforcement.installer import (
    AwaitService,
    Command,
    Directory,
    File,
    Layout,
    Plan,
    Platform,
    Step,
)
from bailiwick.enforcement.units import SEGMENTS
from bailiwick.service.local import ServiceError, call
from bailiwick.service.places import Places

READY_SECONDS = 15.0
"""How long a service that was just started may take to answer."""

COMMAND_SECONDS = 120.0

_VERSION = 1


_LEFT = {PurePosixPath(SEGMENTS).name: "what relays stopped and no service has put on record"}


class InstallError(Exception):
    """The installation can't go on; the message names the file or program and the mend."""


@dataclass(slots=True, kw_only=True)
class Site:
    """The place an installation is made: the machine itself, or a directory that stands for it."""

    layout: Layout
    root: Path | None = None
    told: Callable[[str], None] = lambda _: None

    def at(self, path: PurePosixPath) -> Path:
        """Where ``path`` of the plan is here."""
        return Path(path) if self.root is None else self.root / path.relative_to("/")


@dataclass(slots=True)
class Manifest:
    """What was changed, in order, and what was there before. Saved before each change it describes."""

    site: Site
    made: list[str] = field(default_factory=list)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    complete: bool = False
    platform: Platform = Platform.LINUX

    @property
    def path(self) -> Path:
        """Where it is written."""
        return self.site.at(self.site.layout.manifest)

    @classmethod
    def load(cls, site: Site) -> "Manifest | None":
        """The manifest of the installation that is there, if one is. Raises InstallError when it can't be read."""
        path = site.at(site.layout.manifest)
        try:
            value = orjson.loads(path.read_bytes())
            if value["version"] != _VERSION:
                raise InstallError(
                    f"{path}: written by another version of Bailiwick; uninstall with that one"
                )
            changes = {str(change["key"]): dict(change) for change in value["changes"]}
            made, platform = list(value["made"]), Platform(value["platform"])
            return cls(site, made, changes, complete=bool(value["complete"]), platform=platform)
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise InstallError(f"{path}: {error.strerror}; run this as root") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InstallError(f"{path}: not a manifest of an installation: {error}") from error

    def save(self) -> None:
        """Write it to stable storage."""
        value = {
            "version": _VERSION,
            "scope": self.site.layout.scope,
            "platform": self.platform,
            "complete": self.complete,
            "made": self.made,
            "changes": list(self.changes.values()),
        }
        _replace(
            self.path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), 0o644
        )

    def keep(self, path: Path) -> dict[str, Any] | None:
        """Put what is at ``path`` aside; how to bring it back, or None when nothing is there."""
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        before = {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}
        if stat.S_ISLNK(found.st_mode):
            return before | {"link": str(path.readlink())}
        if not stat.S_ISREG(found.st_mode):
            raise InstallError(f"{path}: neither a file nor a link; move it away")
        content = path.read_bytes()
        store = self.site.at(self.site.layout.replaced)
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        self._directory(store, 0o700)
        _replace(store / name, content, 0o600)
        times = [found.st_atime_ns, found.st_mtime_ns]
        return before | {"kept": name, "times": times}

    def _directory(self, path: Path, mode: int) -> None:
        if not path.is_dir():
            path.mkdir(mode=mode)
            path.chmod(mode)


def installed(site: Site) -> Manifest | None:
    """The installation that is there, complete or interrupted. Raises InstallError."""
    return Manifest.load(site)


def apply(plan: Plan, site: Site) -> Manifest:
    """Carry the plan out. Raises InstallError; what was done until then is in the manifest and can be undone.

    1. The folder of the manifest is there, and the manifest says that an installation has begun.
    2. Changes of an earlier installation that this plan doesn't make any more are undone.
    3. Each step is written down and then done.
    4. The manifest says that the installation is complete.
    """
    try:
        manifest = Manifest.load(site) or _begin(site)  # (1)
        manifest.complete = False
        manifest.save()
        wanted = {_key(step) for step in plan.steps}
        gone = [key for key in manifest.changes if key not in wanted and not _stays(manifest, plan, key)]
        for key in reversed(gone):  # (2)
            _take_back(manifest, key, purge=False)
        for step in plan.steps:  # (3)
            _do(manifest, step)
        manifest.complete = True  # (4)
        manifest.save()
    except OSError as error:
        raise InstallError(f"{error.filename}: {error.strerror}; {_mend(site)}") from error
    return manifest


def remove(site: Site, *, leavings: tuple[PurePosixPath, ...] = (), purge: bool = False) -> list[str]:
    """Undo the installation, last change first. What was kept because it is the owner's, as lines to read.

    With ``purge`` nothing is kept: neither an edited policy nor the audit log in ``leavings``. Raises InstallError.
    """
    manifest = Manifest.load(site)
    if manifest is None:
        raise InstallError(f"{site.at(site.layout.manifest)}: not there, so nothing is installed here")
    kept: list[str] = []
    try:
        manifest.complete = False
        manifest.save()
        late = [key for key, change in manifest.changes.items() if change.get("last")]
        for key in [key for key in reversed(manifest.changes) if key not in late]:
            kept += _take_back(manifest, key, purge=purge)
        if site.layout.runtime is not None:
            shutil.rmtree(site.at(site.layout.runtime), ignore_errors=True)
        for path in leavings if purge else ():
            shutil.rmtree(site.at(path), ignore_errors=True)
        left = [site.at(path) for path in leavings if site.at(path).exists()]
        for key in [] if left else late:
            kept += _take_back(manifest, key, purge=purge)
        _end(manifest)
    except OSError as error:
        raise InstallError(f"{error.filename}: {error.strerror}; {_mend(site)}") from error
    return [*kept, *(f"{path}: {_LEFT.get(path.name, 'the audit log and its keys')}" for path in left)]


def _stays(manifest: Manifest, plan: Plan, key: str) -> bool:
    """What is the owner's stays, and so does the policy that is there when this plan brings none."""
    brings = any(isinstance(s, File) and s.path.is_relative_to(plan.layout.policy) for s in plan.steps)
    change = manifest.changes[key]
    path = PurePosixPath(change.get("path", "/"))
    return bool(change.get("own")) or (not brings and path.is_relative_to(plan.layout.policy))


def _take_back(manifest: Manifest, key: str, *, purge: bool) -> list[str]:
    line = _undo(manifest, manifest.changes[key], purge=purge)
    del manifest.changes[key]
    manifest.save()
    return [line] if line else []


def _mend(site: Site) -> str:
    if site.root is None and os.geteuid() != 0 and site.layout.managed is not None:
        return "run this as root"
    return "mend that and run the same command again: it goes on where it stopped"


def _begin(site: Site) -> Manifest:
    """A fresh manifest. An empty folder of ours is what an installation interrupted right here left behind."""
    home = site.at(site.layout.home)
    made = _missing(home)
    if home.is_dir() and not any(home.iterdir()):
        made.append(str(home))
    home.mkdir(parents=True, exist_ok=True)
    for name in made:
        Path(name).chmod(0o755)
    return Manifest(site, made, platform=site.layout.platform)


def _missing(path: Path) -> list[str]:
    """The directories that must be made for ``path`` to be one, outermost first."""
    return [str(p) for p in reversed([path, *path.parents]) if not p.exists()]


def _end(manifest: Manifest) -> None:
    shutil.rmtree(manifest.site.at(manifest.site.layout.replaced), ignore_errors=True)
    _fresh(manifest.path).unlink(missing_ok=True)
    manifest.path.unlink()
    _remove_empty(reversed(manifest.made))


def _key(step: Step) -> str:
    match step:
        case Directory(path=path) | File(path=path):
            return str(path)
        case Command(do=do, undo=undo):
            return " ".join((*do, "|", *undo))
        case AwaitService(socket=socket):
            return f"await {socket}"


def _do(manifest: Manifest, step: Step) -> None:
    site = manifest.site
    match step:
        case Directory(path=path, mode=mode, own=own):
            here = site.at(path)
            _note(manifest, step, lambda: {"kind": "directory", "own": own, **_directory_before(here)})
            here.mkdir(parents=True, exist_ok=True)
            made = manifest.changes[_key(step)]["made"]
            for name in made:
                Path(name).chmod(0o755 if Path(name) != here else mode)
            here.chmod(mode)
        case File(path=path, content=content, mode=mode, own=own):
            here = site.at(path)
            digest = hashlib.sha256(content).hexdigest()
            if own and here.exists() and _key(step) not in manifest.changes:
                return
            _note(
                manifest,
                step,
                lambda: {
                    "kind": "file",
                    "made": _missing(here.parent),
                    "before": manifest.keep(here),
                    "own": own,
                    "digest": digest,
                },
            )
            if own and here.exists():
                return
            manifest.changes[_key(step)]["digest"] = digest
            manifest.save()
            here.parent.mkdir(parents=True, exist_ok=True)
            for name in manifest.changes[_key(step)]["made"]:
                Path(name).chmod(0o755)
            _replace(here, content, mode)
        case Command(do=do, undo=undo, optional=optional, last=last):
            _note(
                manifest,
                step,
                lambda: {"kind": "command", "undo": list(undo), "optional": optional, "last": last},
            )
            _run(site, do, optional=optional)
        case AwaitService(socket=socket):
            if site.root is None:
                _await(Path(socket))


def _note(manifest: Manifest, step: Step, describe: Callable[[], dict[str, Any]]) -> None:
    """Write the change down unless it already is: what was there first is what is brought back."""
    key = _key(step)
    if key not in manifest.changes:
        path = {"path": str(step.path)} if isinstance(step, Directory | File) else {}
        manifest.changes[key] = {"key": key, **path, **describe()}
        manifest.save()


def _directory_before(here: Path) -> dict[str, Any]:
    made = _missing(here)
    return {"made": made, "mode": None if made else stat.S_IMODE(here.stat().st_mode)}


def _undo(manifest: Manifest, change: Mapping[str, Any], *, purge: bool) -> str | None:
    """Take one change back; a line about what was kept, if something was."""
    site = manifest.site
    match change["kind"]:
        case "directory":
            here = site.at(PurePosixPath(change["path"]))
            if change["mode"] is not None and here.is_dir():
                here.chmod(change["mode"])
            _remove_empty(reversed(change["made"]))
        case "file":
            here = site.at(PurePosixPath(change["path"]))
            if change["own"] and not purge and _changed(here, change["digest"]):
                return f"{here}: changed since it was installed"
            _fresh(here).unlink(missing_ok=True)
            _restore(manifest, here, change["before"])
            _remove_empty(reversed(change["made"]))
        case _:
            _run(site, tuple(change["undo"]), optional=True)
    return None


def _changed(path: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() != digest
    except OSError:
        return False


def _restore(manifest: Manifest, here: Path, before: Mapping[str, Any] | None) -> None:
    if before is None:
        here.unlink(missing_ok=True)
    elif "link" in before:
        here.unlink(missing_ok=True)
        here.symlink_to(before["link"])
    else:
        store = manifest.site.at(manifest.site.layout.replaced)
        _replace(here, (store / before["kept"]).read_bytes(), before["mode"])
        with contextlib.suppress(PermissionError):
            os.chown(here, before["uid"], before["gid"])
        here.chmod(before["mode"])
        os.utime(here, ns=(before["times"][0], before["times"][1]))


def _remove_empty(paths: Iterator[str]) -> None:
    """Remove directories we made, innermost first, as far as nobody else put something there."""
    for name in paths:
        with contextlib.suppress(OSError):
            Path(name).rmdir()


def _fresh(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(f".{path.name}.new")


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, with its mode whatever the umask. The dot hides it from the client."""
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _run(site: Site, command: tuple[str, ...], *, optional: bool) -> None:
    if not command:
        return
    line = " ".join(command)
    if site.root is not None:
        site.told(f"not run, as this is staged: {line}")
        return
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
        problem = done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem and optional:
        site.told(f"did not work here: {line}: {problem}")
    elif problem:
        raise InstallError(f"{line}: {problem}; mend that and run the same command again")


def _await(socket: Path) -> None:
    places = Places(state=socket.parent, policy=socket.parent)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            call(places, "GET", "/v1/status")
        except ServiceError as error:
            if time.monotonic() > deadline:
                raise InstallError(
                    f"the service did not come up within {READY_SECONDS:g} s; see `journalctl -u bailiwick`, "
                    "mend it and run the same command again"
                ) from error
            time.sleep(0.05)
        else:
            return
