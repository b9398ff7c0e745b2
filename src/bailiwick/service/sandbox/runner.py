"""Running one command under a policy, held by the kernel: choose a backend, stand it up, run, look afterwards.

1. The confinement is compiled from the policy and this disk.
2. Landlock, when it says all that the policy says; else bubblewrap; else Landlock, narrower. None: nothing runs.
3. Variables that the policy hides, or that hold a secret, are not passed on.
4. The command runs; signals and its exit code pass through.
5. What came to be although policy lets nobody make it is told as drift.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import IO, Final, NoReturn

from bailiwick.analysis.text.secrets import scan
from bailiwick.enforcement.sandbox.bubblewrap import mounts
from bailiwick.enforcement.sandbox.confine import Where, confine, guarded
from bailiwick.enforcement.sandbox.confinement import Confinement, Reach, TooLargeError, UnsafeError
from bailiwick.enforcement.sandbox.drift import TRACED, Drift, accesses, compare
from bailiwick.enforcement.sandbox.landlock import MINIMUM_ABI, Ruleset, ruleset
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.enforcement.sandbox.seccomp import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, program
from bailiwick.model.access import AccessKind
from bailiwick.policy.types import Scope
from bailiwick.service.sandbox.disk import RealDisk, listening_sockets
from bailiwick.service.sandbox.kernel import drop_capabilities, filter_calls, landlock_abi, restrict
from bailiwick.service.sandbox.outputs import missing, standing
from bailiwick.service.sandbox.placeholders import Placeholders

KEPT: Final = frozenset(
    (
        *(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "LANG",
            "LANGUAGE",
            "TERM",
            "COLORTERM",
            "TZ",
            "TMPDIR",
            "PWD",
        ),
        *("COLUMNS", "LINES", "NO_COLOR", "CI", "EDITOR", "PAGER", "SHLVL"),
    )
)
"""Variables without which programs don't work, passed on unless a secret is found in them; LC_* too."""

FORWARDED: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""Signals that are passed on to the command."""


class SandboxError(Exception):
    """The command was not run; the message says why and the mend."""


class Backend(StrEnum):
    """What holds the command."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The backend that was chosen, why, and what policy allows and it does not."""

    backend: Backend
    why: str
    narrower: tuple[str, ...] = ()
    rules: Ruleset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the command ended: its exit code (128 + n where signal n ended it), and where kernel and policy differed."""

    code: int
    drift: tuple[Drift, ...] = ()


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """One policy over one project, ready to run commands. ``home`` is where its own notes are kept, out of any sandbox."""

    oracle: Oracle
    where: Where
    home: Path
    wanted: Backend | None = None
    without_network: bool = False
    observe: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def plan(self, ghosts: frozenset[str] = frozenset()) -> tuple[Confinement, RealDisk]:
        """The confinement as the disk is now (1). Raises ``SandboxError``."""
        disk = RealDisk(ghosts=ghosts)
        try:
            confinement = confine(self.oracle, self.where, disk, sockets=listening_sockets())
        except (UnsafeError, TooLargeError) as error:
            raise SandboxError(str(error)) from error
        # A skill is granted files, not the directory that they stand in: that holds just them.
        skilled = any(layer.scope is Scope.SKILL for layer in self.oracle.policy.layers)
        if confinement.reach(self.where.cwd) is Reach.NOTHING and not skilled:
            raise SandboxError(
                f"policy does not let a command read {self.where.cwd}, so it can't start there; "
                "run it from the project, or add the directory under `files: readable`"
            )
        return confinement, disk

    def choose(self, confinement: Confinement, disk: RealDisk) -> Choice:
        """The cheapest backend that holds the whole policy (2). Raises ``SandboxError`` when there is none."""
        rules, lacking = (
            (None, "observing takes bubblewrap") if self.observe else self._landlock(confinement, disk)
        )
        if self.wanted is not Backend.BUBBLEWRAP and rules is not None:
            if rules.exact:
                return Choice(backend=Backend.LANDLOCK, why="it expresses the whole policy here", rules=rules)
            if self.wanted is Backend.LANDLOCK:
                return Choice(backend=Backend.LANDLOCK, why="asked for", narrower=rules.narrower, rules=rules)
        if self.wanted is Backend.LANDLOCK:
            raise SandboxError(f"no Landlock here: {lacking}")
        missing = self._bubblewrap_missing()
        if not missing:
            why = (
                "asked for"
                if self.wanted
                else f"Landlock can't say it: {(*(rules.narrower if rules else ()), lacking)[0]}"
            )
            return Choice(backend=Backend.BUBBLEWRAP, why=why)
        if self.wanted is None and rules is not None:
            return Choice(
                backend=Backend.LANDLOCK,
                why=f"no bubblewrap: {missing}",
                narrower=rules.narrower,
                rules=rules,
            )
        raise SandboxError(
            f"nothing here can hold the command, so it does not run: no bubblewrap ({missing}), no Landlock ({lacking}). "
            "Install bubblewrap (`apt install bubblewrap`) and let accounts make user name spaces, or use Linux 6.12"
        )

    def run(self, argv: Sequence[str]) -> Outcome:
        """Run ``argv`` to its end. Raises ``SandboxError`` when it did not start."""
        confinement, disk = self.plan()
        made = missing(self.oracle, self.where, confinement, argv)
        # Landlock becomes the command, and nobody would be left to take the files away.
        if made and self.wanted is not Backend.LANDLOCK and not self._bubblewrap_missing():
            with standing(made):
                return self._in_bubblewrap(argv, self.plan())
        choice = self.choose(confinement, disk)
        if choice.backend is Backend.LANDLOCK and choice.rules is not None:
            return self._in_landlock(argv, confinement, choice.rules)
        return self._in_bubblewrap(argv, (confinement, disk))

    def passed_on(self, confinement: Confinement) -> tuple[dict[str, str], tuple[str, ...]]:
        """The command's environment, and the names that were kept from it (3)."""
        passed = {
            name: value
            for name, value in self.environment.items()
            if (name in KEPT or name.startswith("LC_") or self.oracle.sees(name))
            and not scan(f"{name}={value}")
        }
        withheld = tuple(sorted(set(self.environment) - set(passed)))
        if confinement.reach(passed.get("TMPDIR", "/tmp")) is not Reach.WRITE:  # noqa: S108
            passed["TMPDIR"] = "/tmp"  # noqa: S108 - the sandbox's own
        return passed | {"BAILIWICK_SANDBOXED": "1", "PWD": self.where.cwd}, withheld

    # --- bubblewrap

    def _in_bubblewrap(self, argv: Sequence[str], first: tuple[Confinement, RealDisk]) -> Outcome:
        planned = [first]

        def plan(ghosts: frozenset[str]) -> list[str]:
            if ghosts:
                planned[0] = self.plan(ghosts)
            return [path for path, _ in planned[0][0].absent]

        with ExitStack() as stack:
            try:
                stack.enter_context(Placeholders(self.home, self.where.project).during(plan))
            except OSError as error:
                raise SandboxError(f"protected paths can't be covered: {error}") from error
            confinement, disk = planned[0]
            before = guarded(self.oracle, self.where, disk)
            with tempfile.TemporaryFile() as trace:
                code = self._spawn(argv, confinement, trace=trace if self.observe else None)
                found = self._observed(confinement, trace)
            standing = RealDisk(ghosts=frozenset(path for path, _ in confinement.absent))
            after = guarded(self.oracle, self.where, standing)
        made = (Drift(what="made", path=path) for path in sorted(after - before))
        return Outcome(code=code, drift=(*made, *found))

    def _observed(self, confinement: Confinement, trace: IO[bytes]) -> tuple[Drift, ...]:
        """Where what the command did differs from what policy says of it."""
        trace.seek(0)
        lines = (line.decode(errors="surrogateescape") for line in trace)
        return compare(self.oracle, confinement, accesses(lines), real=os.path.realpath, possible=_possible)

    def spawn_quietly(self, argv: Sequence[str], confinement: Confinement, *, seconds: float) -> int:
        """Run ``argv`` in bubblewrap with neither input nor output, for ``seconds`` at most.

        Raises ``SandboxError``, or ``subprocess.TimeoutExpired`` once it was ended.
        """
        return self._spawn(argv, confinement, seconds=seconds)

    def _spawn(
        self,
        argv: Sequence[str],
        confinement: Confinement,
        *,
        seconds: float | None = None,
        trace: IO[bytes] | None = None,
    ) -> int:
        """Start bubblewrap and wait for it (4). Raises ``SandboxError`` when the command was not started."""
        confinement = _standing(confinement)
        environment, _ = self.passed_on(confinement)
        channel = None if seconds is None else subprocess.DEVNULL
        if trace is not None:
            argv = (*_traced(trace), *argv)
        calls = program(platform.machine(), sockets=(AF_UNIX, AF_INET, AF_INET6, AF_NETLINK), metadata=True)
        with tempfile.TemporaryFile() as status, tempfile.TemporaryFile() as filters:
            filters.write(calls or b"")
            filters.seek(0)
            plan = mounts(
                confinement,
                cwd=self.where.cwd,
                status=status.fileno(),
                seccomp=filters.fileno(),
                without_network=self.without_network,
            )
            with _all_signals_held() as held:
                process = subprocess.Popen(
                    [shutil.which("bwrap") or "bwrap", *plan.arguments, "--", *argv],
                    env=environment,
                    pass_fds=(status.fileno(), filters.fileno(), *((trace.fileno(),) if trace else ())),
                    stdin=channel,
                    stdout=channel,
                    stderr=channel,
                )
                held.forward(process, status)
                try:
                    code = process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise
            if "exit-code" not in _status(status):
                raise SandboxError(
                    f"bubblewrap could not set the sandbox up (exit code {code}; what it said stands above); "
                    "the command did not run"
                )
            return code

    def _bubblewrap_missing(self) -> str:
        """Why bubblewrap can't be used; empty when it can: a trial run of nothing."""
        found = shutil.which("bwrap")
        if found is None:
            return "it is not installed"
        real = os.path.realpath(found)
        if Path(real).stat().st_uid != 0 and self.oracle.reach(real) is Reach.WRITE:
            return f"policy lets the session write {found}, so it may be anything"
        trial = [
            "--unshare-user-try",
            "--unshare-pid",
            "--unshare-net",
            "--ro-bind",
            "/",
            "/",
            "--proc",
            "/proc",
        ]
        done = subprocess.run(
            [found, *trial, "--", "true"], capture_output=True, text=True, errors="replace", check=False
        )
        return "" if done.returncode == 0 else done.stderr.strip().removeprefix("bwrap: ") or "it can't start"

    # --- Landlock

    def _landlock(self, confinement: Confinement, disk: RealDisk) -> tuple[Ruleset | None, str]:
        """The rule set, or why there is none."""
        abi = landlock_abi()
        if abi < MINIMUM_ABI:
            return (
                None,
                f"the kernel has {f'version {abi}' if abi else 'none'} and version {MINIMUM_ABI} is needed",
            )
        if program(platform.machine(), sockets=(), metadata=False) is None:
            return None, f"no system call filter for {platform.machine()}"
        try:
            return ruleset(confinement, disk), ""
        except (UnsafeError, TooLargeError) as error:
            return None, str(error)

    def _in_landlock(self, argv: Sequence[str], confinement: Confinement, rules: Ruleset) -> NoReturn:
        """Become the command: nothing has to be cleared away afterwards, and signals need nobody's help."""
        open_network = confinement.network and not self.without_network
        environment, _ = self.passed_on(confinement)
        sockets = (AF_INET, AF_INET6, AF_NETLINK) if open_network else ()
        calls = program(platform.machine(), sockets=sockets, metadata=False)
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            os.chdir(self.where.cwd)
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # whatever is open would stay open, policy or not
            drop_capabilities()
            restrict(rules.rights, network=open_network)
            filter_calls(calls or b"")
            os.execvpe(argv[0], list(argv), environment)  # noqa: S606
        except OSError as error:
            raise SandboxError(f"{argv[0]}: {error.strerror}; it did not run") from error


def _standing(confinement: Confinement) -> Confinement:
    """Without the protected paths that could not be made to be there: nor can the command make them."""
    return replace(confinement, absent=tuple(one for one in confinement.absent if os.path.lexists(one[0])))


def _traced(trace: IO[bytes]) -> tuple[str, ...]:
    """What writes down the calls of a command that take a path. Raises ``SandboxError`` when it is not there."""
    found = shutil.which("strace")
    if found is None:
        raise SandboxError("no strace here; install it to observe a command (`apt install strace`)")
    quiet = ("-f", "-y", "-qq", "-e", "signal=none", "-e", f"trace={TRACED}")
    return (found, *quiet, "-o", f"/proc/self/fd/{trace.fileno()}", "--")


def _possible(kind: AccessKind, path: str) -> bool:
    """Whether this account could do it without a sandbox."""
    if kind is AccessKind.READ:
        return os.access(path, os.R_OK)
    exists = os.path.lexists(path)
    return os.access(path if exists and kind is AccessKind.WRITE else os.path.dirname(path), os.W_OK)  # noqa: PTH120


def _status(file: IO[bytes]) -> dict[str, int]:
    """What bubblewrap has reported so far: JSON objects one after another."""
    told: dict[str, int] = {}
    text = os.pread(file.fileno(), 65536, 0).decode(errors="replace")
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        try:
            one, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            at += 1
            continue
        if isinstance(one, dict):
            told |= one
    return told


@dataclass(slots=True)
class _Held:
    """Signals that came in before the command could get them."""

    process: "subprocess.Popen[bytes] | None" = None
    status: IO[bytes] | None = None
    early: list[int] = field(default_factory=list)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.process is None or self.status is None:
            self.early.append(number)
            return
        child = _status(self.status).get("child-pid")
        try:
            # The sandbox's first process leads the command's group, and as such ignores what it does not handle.
            if child is not None:
                os.killpg(child, number)
            else:
                self.process.send_signal(number)
        except (ProcessLookupError, PermissionError):
            self.process.send_signal(number)

    def forward(self, process: "subprocess.Popen[bytes]", status: IO[bytes]) -> None:
        """From now on, pass everything on."""
        self.process, self.status = process, status
        for number in self.early:
            self(number, None)


@contextmanager
def _all_signals_held() -> Iterator[_Held]:
    held = _Held()
    before = {number: signal.signal(number, held) for number in FORWARDED}
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["Backend", "Choice", "Outcome", "Sandbox", "SandboxError"]
