"""What installing Bailiwick changes on a machine, as data: a plan that can be shown, applied and undone.

Two kinds. A *system* installation governs everybody: managed settings for the client, a service with its own
account, the policy in ``/etc``. A *user* installation is a service and a policy of one's own; it can't write
managed settings, so only sessions started with ``bailiwick claude`` are governed by it.

The managed settings are a drop-in of their own (``managed-settings.d/90-bailiwick.json``). The client reads drop-ins
in order of their names, later ones win for single values and lists are united, so ours stands beside whatever other
managed files there are, is nobody else's to rewrite, and goes without a trace. It is the last thing an installation
writes and the first that is removed: a client never meets settings that ask a service that isn't there.
"""

import difflib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import PurePosixPath as Path
from typing import Final, TypeAlias

from bailiwick.enforcement.units import (
    ACCOUNT,
    LAUNCHD_LABEL,
    SEGMENTS,
    SOCKET_UNIT,
    SYSUSERS,
    TMPFILES,
    UNIT,
    launchd_plist,
    system_socket,
    system_unit,
    user_unit,
)
from bailiwick.model.value import value

DROP_IN: Final = "managed-settings.d/90-bailiwick.json"
"""Late in the order, so that an earlier drop-in's single values don't overrule ours."""

PROVEN: Final = "proven"
"""The file beside the policy that tells the service which text of it was proven (``service.proven``)."""

HELPER: Final = "policy-helper"
"""The program that the client's managed settings name."""

HELPER_PYTHON: Final = "/usr/bin/python3"
"""The machine's own interpreter, which no developer can change."""


class Scope(StrEnum):
    """For whom an installation is."""

    SYSTEM = "system"
    USER = "user"


class Platform(StrEnum):
    """The operating system it is for."""

    LINUX = "linux"
    MACOS = "macos"


@value(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory that must be there with this mode, made if need be; ``own`` as for files."""

    path: Path
    mode: int
    reason: str
    own: bool = False


@value(frozen=True, slots=True, kw_only=True)
class File:
    """A file with exactly this content and mode. One that is the owner's ``own`` is only put where none is.

    ``long``: its content is told by its length, as nobody would read it.
    """

    path: Path
    content: bytes
    mode: int
    reason: str
    own: bool = False
    long: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run, and the one that undoes it (empty: none).

    An ``optional`` one may fail: that is told and nothing else. ``last`` marks an undoing that only makes sense
    once the service's state is gone too.
    """

    do: tuple[str, ...]
    undo: tuple[str, ...]
    reason: str
    optional: bool = False
    last: bool = False


@value(frozen=True, slots=True, kw_only=True)
class AwaitService:
    """Go on only once the service answers on this Unix socket."""

    socket: Path
    reason: str


Step: TypeAlias = Directory | File | Command | AwaitService


@value(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where an installation puts its things. ``managed`` and ``programs`` are None where it has none."""

    scope: Scope
    platform: Platform
    home: Path
    policy: Path
    state: Path
    runtime: Path | None
    unit: Path
    managed: Path | None = None
    programs: Path | None = None
    sysusers: Path | None = None
    tmpfiles: Path | None = None

    @property
    def leavings(self) -> tuple[Path, ...]:
        """What the service makes and an uninstallation leaves: log and keys, and what relays left that isn't on record."""
        return (self.state,) if self.tmpfiles is None else (self.state, Path(SEGMENTS))

    @property
    def manifest(self) -> Path:
        """The record of everything the installation changed; that it is there says that there is one."""
        return self.home / "installation.json"

    @property
    def replaced(self) -> Path:
        """Where files that were there before wait for the uninstallation."""
        return self.home / "replaced"

    @property
    def socket(self) -> Path:
        """Where the service is reached."""
        return (self.runtime or self.state) / "service.sock"

    @property
    def drop_in(self) -> Path | None:
        """The managed settings it writes."""
        return None if self.managed is None else self.managed / DROP_IN


def system_layout(platform: Platform = Platform.LINUX) -> Layout:
    """The machine-wide installation. The client's managed directory is fixed in the client, by platform."""
    home = Path("/etc/bailiwick")
    if platform is Platform.MACOS:
        return Layout(
            scope=Scope.SYSTEM,
            platform=platform,
            home=home,
            policy=home / "policy",
            state=Path("/var/lib/bailiwick"),
            runtime=Path("/var/run/bailiwick"),
            unit=Path(f"/Library/LaunchDaemons/{LAUNCHD_LABEL}.plist"),
            managed=Path("/Library/Application Support/ClaudeCode"),
            programs=Path("/usr/local/libexec/bailiwick"),
        )
    return Layout(
        scope=Scope.SYSTEM,
        platform=platform,
        home=home,
        policy=home / "policy",
        state=Path("/var/lib/bailiwick"),
        runtime=Path("/run/bailiwick"),
        unit=Path("/etc/systemd/system") / UNIT,
        managed=Path("/etc/claude-code"),
        programs=Path("/usr/local/libexec/bailiwick"),
        sysusers=Path("/etc/sysusers.d/bailiwick.conf"),
        tmpfiles=Path("/etc/tmpfiles.d/bailiwick.conf"),
    )


def user_layout(
    home: Path, *, config: Path | None = None, state: Path | None = None, platform: Platform = Platform.LINUX
) -> Layout:
    """One account's own installation; ``config`` and ``state`` as the XDG base directories say."""
    config = config or home / ".config"
    state = state or home / ".local/state"
    units = home / "Library/LaunchAgents" if platform is Platform.MACOS else config / "systemd/user"
    name = f"{LAUNCHD_LABEL}.plist" if platform is Platform.MACOS else UNIT
    return Layout(
        scope=Scope.USER,
        platform=platform,
        home=config / "bailiwick",
        policy=config / "bailiwick/policy",
        state=state / "bailiwick",
        runtime=None,
        unit=units / name,
    )


@value(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is put there.

    ``python`` is the interpreter that runs the service. ``policy`` are files by relative name; the ``starter``
    ones are the owner's to edit from then on, others are put anew by each installation. The managed settings,
    the programs the client starts, by name, and the mark of the policy that was ``proven`` are for a system installation.
    """

    python: str
    policy: Mapping[str, bytes]
    starter: bool = True
    managed_settings: Mapping[str, object] = field(default_factory=dict)
    programs: Mapping[str, bytes] = field(default_factory=dict)
    proven: bytes = b""


@value(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in order, and what a person should know besides. ``leavings`` the service will make by itself."""

    layout: Layout
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    leavings: tuple[Path, ...] = ()


def helper_program(layout: Layout) -> bytes:
    """The executable that the managed settings name: the client passes it no arguments, so they stand here.

    Isolated (-I), without site packages (-S), and leaving no compiled files behind (-B).
    """
    if layout.programs is None:
        raise ValueError("only an installation for the whole machine has a policy helper")
    script = layout.programs / "policy_helper.py"
    words = (HELPER_PYTHON, "-IBS", str(script), "--socket", str(layout.socket))
    return f"#!/bin/sh\nexec {shlex.join(words)}\n".encode()


def relay_command(layout: Layout) -> tuple[str, ...]:
    """The argument vector of the relay where this installation put it, for hooks of any account."""
    if layout.programs is None:
        raise ValueError("only an installation for the whole machine has a relay")
    script = str(layout.programs / "relay.py")
    return (HELPER_PYTHON, "-IBS", script, "--socket", str(layout.socket), "--segments", SEGMENTS)


def plan(layout: Layout, contents: Contents) -> Plan:
    """Everything that installing does, in the order in which it is safe to be interrupted.

    1. what nobody reads yet: the policy, the programs the client will start;
    2. the service, until it answers;
    3. the client's managed settings.
    """
    steps = [
        *_policy(layout, contents),  # (1)
        *_programs(layout, contents.programs),
        *_service(layout, contents.python),  # (2)
        *_managed(layout, contents.managed_settings),  # (3)
    ]
    return Plan(layout=layout, steps=tuple(steps), notes=_notes(layout), leavings=layout.leavings)


def _policy(layout: Layout, contents: Contents) -> Iterable[Step]:
    reason = "the policy repository" + (": this is what you edit" if contents.starter else "")
    mode = 0o755 if layout.scope is Scope.SYSTEM else 0o700
    folders = {
        layout.policy,
        *(parent for name in contents.policy for parent in _parents(layout.policy, name)),
    }
    for folder in sorted(folders):
        yield Directory(path=folder, mode=mode, reason=reason, own=contents.starter)
    for name, content in sorted(contents.policy.items()):
        schema = name.startswith(".schema/")  # of this version, whoever wrote the policy
        yield File(
            path=layout.policy / name,
            content=content,
            mode=mode & 0o666,
            reason="by which editors check the policy while it is written" if schema else reason,
            own=contents.starter and not schema,
            long=schema,
        )
    if contents.proven:
        yield File(
            path=layout.home / PROVEN,
            content=contents.proven,
            mode=0o644,
            reason="that this policy kept its promises just now, so that the first start needn't look again",
        )


def _parents(top: Path, name: str) -> Iterable[Path]:
    return (parent for parent in (top / name).parents if parent.is_relative_to(top))


def _programs(layout: Layout, programs: Mapping[str, bytes]) -> Iterable[Step]:
    if layout.programs is None:
        return
    reason = "programs the client starts; the service's owner's alone to change"
    yield Directory(path=layout.programs, mode=0o755, reason=reason)
    for name, content in sorted(programs.items()):
        mode = 0o755 if content.startswith(b"#!") else 0o644
        yield File(path=layout.programs / name, content=content, mode=mode, reason=reason)


def _service(layout: Layout, python: str) -> Iterable[Step]:
    command = [python, "-I", "-m", "bailiwick.service.run"]
    command += ["--state", str(layout.state), "--policy", str(layout.policy)]
    if layout.runtime is not None:
        command += ["--runtime", str(layout.runtime)]
    if layout.platform is Platform.MACOS:
        yield from _launchd(layout, command)
        return
    system = layout.scope is Scope.SYSTEM
    systemctl = ("systemctl",) if system else ("systemctl", "--user")
    if layout.sysusers is not None:
        yield File(
            path=layout.sysusers, content=SYSUSERS.encode(), mode=0o644, reason="the service's own account"
        )
        yield Command(
            do=("systemd-sysusers", str(layout.sysusers)),
            undo=("userdel", ACCOUNT),
            reason="make that account",
            last=True,
        )
    if layout.tmpfiles is not None:
        reason = "where relays leave what they stopped while the service was away"
        yield File(path=layout.tmpfiles, content=TMPFILES.encode(), mode=0o644, reason=reason)
        yield Command(
            do=("systemd-tmpfiles", "--create", str(layout.tmpfiles)),
            undo=("rmdir", "--ignore-fail-on-non-empty", SEGMENTS),
            reason="make that directory",
        )
    reload = (*systemctl, "daemon-reload")
    yield Command(do=(), undo=reload, reason="let systemd forget the unit", optional=not system)
    units = (SOCKET_UNIT, UNIT) if system else (UNIT,)
    text = system_unit(command) if system else user_unit(command)
    if system:
        yield File(
            path=layout.unit.with_name(SOCKET_UNIT),
            content=system_socket(str(layout.socket)).encode(),
            mode=0o644,
            reason="its sockets, which systemd holds so that nobody else answers in its place",
        )
    yield File(path=layout.unit, content=text.encode(), mode=0o644, reason="the endpoint service")
    yield Command(do=reload, undo=(), reason="let systemd read the unit", optional=not system)
    yield Command(
        do=(*systemctl, "enable", *units),
        undo=(*systemctl, "disable", "--now", *units),
        reason="start the service with the machine" if system else "start the service with your login",
        optional=not system,
    )
    yield Command(
        do=(*systemctl, "restart", *units), undo=(), reason="run this version now", optional=not system
    )
    if system:
        yield AwaitService(socket=layout.socket, reason="clients are only told of a service that answers")


def _launchd(layout: Layout, command: list[str]) -> Iterable[Step]:
    system = layout.scope is Scope.SYSTEM
    text = launchd_plist(command, log=str(layout.state / "service.log"))
    yield File(path=layout.unit, content=text, mode=0o644, reason="the endpoint service")
    domain = "system" if system else "gui/$UID"
    yield Command(
        do=("launchctl", "bootstrap", domain, str(layout.unit)),
        undo=("launchctl", "bootout", f"{domain}/{LAUNCHD_LABEL}"),
        reason="run the service now and with the machine",
        optional=not system,
    )


def _managed(layout: Layout, settings: Mapping[str, object]) -> Iterable[Step]:
    if layout.managed is None or layout.drop_in is None:
        return
    readable = "every account must be able to read it: the client ignores managed settings it can't read"
    yield Directory(path=layout.managed, mode=0o755, reason=readable)
    yield Directory(path=layout.drop_in.parent, mode=0o755, reason=readable)
    text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    yield File(
        path=layout.drop_in,
        content=text.encode(),
        mode=0o644,
        reason="the client's managed settings: locks, and the program that asks the service for a session's rules",
    )


def _notes(layout: Layout) -> tuple[str, ...]:
    if layout.scope is Scope.SYSTEM:
        return (
            "Every Claude Code session on this machine is governed from its next start; `bailiwick doctor` proves it.",
        )
    return (
        "Managed settings need root, so only sessions started with `bailiwick claude` are governed.",
        "To make that a habit: alias claude='bailiwick claude --'",
        "`sudo bailiwick install --system` governs every session of every account on this machine.",
    )


def describe(step: Step, before: bytes | None = None, mode_before: int | None = None) -> str:
    """A step as a person reads it beforehand: what, why, and the whole content or the difference to ``before``."""
    match step:
        case Directory(path=path, mode=mode) if mode == mode_before:
            return f"unchanged {path}\n"
        case Directory(path=path, mode=mode, reason=reason):
            there = "" if mode_before is None else f", now {mode_before:04o}"
            return f"directory {path}  {mode:04o}{there}\n    {reason}\n"
        case File(own=True, path=path, reason=reason) if before is not None:
            return f"keep      {path}\n    {reason}\n"
        case File(path=path, mode=mode, content=content, reason=reason, long=long):
            if before == content and mode_before not in {None, mode}:
                return f"mode      {path}  {mode:04o}, now {mode_before:04o}\n"
            if before == content:
                return f"unchanged {path}\n"
            word = "write    " if before is None else "change   "
            return f"{word} {path}  {mode:04o}\n    {reason}\n{_length(content) if long else _difference(before, content)}"
        case Command(do=()):
            return ""
        case Command(do=do, reason=reason, optional=optional):
            return f"run       {' '.join(do)}\n    {reason}{' (if that works here)' if optional else ''}\n"
        case AwaitService(socket=socket, reason=reason):
            return f"wait for  {socket}\n    {reason}\n"


def _length(content: bytes) -> str:
    return f"    ({len(content.splitlines())} lines of JSON)\n"


def _difference(before: bytes | None, after: bytes) -> str:
    new = after.decode("utf-8", "replace").splitlines()
    if before is None:
        return "".join(f"    | {line}\n" for line in new)
    old = before.decode("utf-8", "replace").splitlines()
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    return "".join(f"    {line}\n" for line in lines)
