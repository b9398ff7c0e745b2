"""What can be read off the machine: which settings win, who can read and change them, what they leave open."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bailiwick.administration.targets.client import TARGET_VERSION
from bailiwick.administration.targets.lint import Severity, lint
from bailiwick.enforcement.installer import DROP_IN, Platform, system_layout
from bailiwick.service.doctor.check import Check, fails, holds, note
from bailiwick.service.fallback import segments_problem
from bailiwick.service.local import ServiceError, call
from bailiwick.service.named_file import read_named
from bailiwick.service.places import Places
from bailiwick.service.sandbox.command import COMMAND as SANDBOX

LOOPBACK = "http://127.0.0.1:9"
"""The model endpoint of a probing client; a policy that names one of its own answers with that instead."""

_WIDENING = ("hooks", "apiKeyHelper", "disableAllHooks", "enabledPlugins", "statusLine")
"""Keys of a user's or a repository's settings that run code or switch hooks off where no lock stops them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the client on this machine reads its settings."""

    managed: Path
    home: Path
    project: Path
    config: Path
    preferences: tuple[Path, ...] = ()
    trusted_uid: int = 0


def this_machine() -> Machine:
    """This one, for this account and the current directory."""
    home = Path(os.environ.get("HOME") or Path.home())
    macos = sys.platform == "darwin"
    managed = system_layout(Platform.MACOS if macos else Platform.LINUX).managed
    preferences = Path("/Library/Managed Preferences")
    name = "com.anthropic.claudecode.plist"
    return Machine(
        managed=Path(managed or "/etc/claude-code"),
        home=home,
        project=Path.cwd(),
        config=Path(os.environ.get("CLAUDE_CONFIG_DIR") or home / ".claude"),
        preferences=(preferences / name, preferences / home.name / name) if macos else (),
    )


@dataclass(slots=True)
class Managed:
    """The managed files that are there, in the order in which the client lays them over each other."""

    files: dict[Path, Mapping[str, Any]] = field(default_factory=dict)
    broken: list[Check] = field(default_factory=list)

    @property
    def ours(self) -> Path | None:
        """The file our installation wrote."""
        return next((path for path in self.files if path.match(f"*/{DROP_IN}")), None)


def read_managed(machine: Machine) -> Managed:
    """Every managed file, and a failed check for each that the client could not use."""
    found = Managed()
    folder = machine.managed / "managed-settings.d"
    try:
        drop_ins = sorted(p for p in folder.iterdir() if p.suffix == ".json" and not p.name.startswith("."))
    except FileNotFoundError:
        drop_ins = []
    except OSError as error:
        drop_ins = []
        found.broken.append(_unreadable(folder, error))
    for path in (machine.managed / "managed-settings.json", *drop_ins):
        try:
            settings = json.loads(read_named(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            found.broken.append(_unreadable(path, error))
            continue
        except ValueError as error:
            found.broken.append(
                fails("managed/json", f"{path}: {error}; the client refuses to start", "correct the file")
            )
            continue
        if isinstance(settings, dict):
            found.files[path] = settings
        else:
            found.broken.append(fails("managed/json", f"{path}: not a JSON object", "correct the file"))
    return found


def _unreadable(path: Path, error: OSError) -> Check:
    return fails(
        "managed/readable",
        f"{path}: {error.strerror}; the client ignores managed settings it can't read and runs without them",
        f"sudo chmod a+rX {path.parent} {path}",
    )


def tiers(machine: Machine, managed: Managed) -> Iterator[Check]:
    """Which source of managed settings wins: server, device management, file; the first there is, unless merged."""
    remote = machine.config / "remote-settings.json"
    sources = []
    if _content(remote):
        sources.append(f"server-managed settings ({remote})")
    sources += [f"device management ({path})" for path in machine.preferences if path.exists()]
    sources += [f"file ({path})" for path in managed.files]
    if not sources:
        yield note(
            "managed/tier",
            "no managed settings: only sessions started with `bailiwick claude` are governed",
            "sudo bailiwick install --system",
        )
        return
    merged = any(s.get("managedSourcesBehavior") == "merge" for s in managed.files.values())
    if managed.files and not sources[0].startswith("file"):
        found = f"{sources[0]} comes first"
        if merged or (_content(remote) or {}).get("managedSourcesBehavior") == "merge":
            yield holds("managed/tier", f"{found}, merged with the files")
        else:
            yield fails(
                "managed/tier",
                f"{found}, and the managed files are ignored",
                'put "managedSourcesBehavior": "merge" into every managed source',
            )
        return
    yield holds("managed/tier", "; ".join(sources))


def _content(path: Path) -> Mapping[str, Any] | None:
    try:
        value = json.loads(read_named(path))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and value else None


def modes(machine: Machine, managed: Managed) -> Iterator[Check]:
    """Everybody must be able to read managed files, and only root to change them."""
    folders = {machine.managed, *(path.parent for path in managed.files)} if managed.files else set()
    wrong = [
        line
        for path in sorted({*managed.files, *folders})
        for line in _mode_faults(path, machine.trusted_uid)
    ]
    yield from (fails("managed/modes", found, mend) for found, mend in wrong)
    if managed.files and not wrong:
        yield holds(
            "managed/modes", f"{len(managed.files)} managed file(s): everybody reads, only root writes"
        )


def _mode_faults(path: Path, owner: int) -> Iterator[tuple[str, str]]:
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    needed = 0o005 if path.is_dir() else 0o004
    if mode & needed != needed:
        yield f"{path}: mode {mode:04o}: other accounts run without it", f"sudo chmod a+rX {path}"
    if mode & 0o022 and not mode & stat.S_ISVTX:
        yield f"{path}: mode {mode:04o}: others than its owner can change it", f"sudo chmod go-w {path}"
    if found.st_uid not in {0, owner}:
        yield f"{path}: owned by uid {found.st_uid}, who can change it", f"sudo chown root {path}"


def linted(managed: Managed) -> Iterator[Check]:
    """Managed files against what the client understands: it drops the rest with a line that nobody reads."""
    for path, settings in managed.files.items():
        for problem in lint(settings):
            make = fails if problem.severity is Severity.ERROR else note
            yield make("managed/lint", f"{path}: {problem.path}: {problem.message}", problem.mend)


def overruled(managed: Managed) -> Iterator[Check]:
    """A drop-in that sorts after ours has the last word on single values; nothing may take our keys back."""
    ours = managed.ours
    if ours is None:
        return
    later = [path for path in managed.files if path.parent == ours.parent and path.name > ours.name]
    for path in later:
        for key in sorted(managed.files[path].keys() & managed.files[ours].keys()):
            if managed.files[path][key] != managed.files[ours][key]:
                yield fails(
                    "managed/overruled", f"{path}: its {key} replaces ours", f"remove {key} from {path}"
                )
    for path, settings in managed.files.items():
        if settings.get("disableAllHooks"):
            yield fails(
                "managed/hooks",
                f"{path}: disableAllHooks switches managed hooks off too",
                f"remove it from {path}",
            )


def own_settings(machine: Machine) -> Iterator[Check]:
    """What this account's and this repository's own settings try; a governed session does not let them."""
    project = machine.project / ".claude"
    for path in (
        machine.config / "settings.json",
        project / "settings.json",
        project / "settings.local.json",
    ):
        try:
            settings = json.loads(read_named(path))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            yield note("settings/json", f"{path}: {error}; the client ignores it", "correct the file")
            continue
        if not isinstance(settings, dict):
            continue
        for problem in lint(settings, managed=False):
            yield note("settings/lint", f"{path}: {problem.path}: {problem.message}", problem.mend)
        tried = [key for key in _WIDENING if settings.get(key)]
        tried += [f"env.{name}" for name in ("ANTHROPIC_BASE_URL",) if name in (settings.get("env") or {})]
        permissions = settings.get("permissions") or {}
        tried += [f"permissions.{key}" for key in ("allow", "defaultMode") if permissions.get(key)]
        if tried:
            yield note(
                "settings/widening", f"{path}: {', '.join(tried)}; without effect in a governed session"
            )


def sandbox(*, required: bool) -> Iterator[Check]:
    """The client's own sandbox needs bubblewrap and socat, and the kernel's leave to make a name space."""
    missing = [name for name in ("bwrap", "socat") if shutil.which(name) is None]
    mend = "sudo apt-get install bubblewrap socat"
    problem = f"missing: {', '.join(missing)}" if missing else _sandbox_problem()
    if sys.platform == "darwin" or not problem:
        yield holds("sandbox/dependencies", "bubblewrap and socat are there and work")
    elif required:
        yield fails(
            "sandbox/dependencies", f"{problem}; the policy wants the sandbox, so clients won't start", mend
        )
    else:
        yield note(
            "sandbox/dependencies", f"{problem}; commands run without the operating system's sandbox", mend
        )


_PROBE = {
    "organisation.yaml": "organisation: doctor\n",
    "profiles/probe.yaml": 'profile: probe\nfiles: {writable: ["${project}/**"], other: deny}\n',
}


def contained() -> Iterator[Check]:
    """Our own sandbox, tried: a command in it writes where a policy lets it and nowhere else."""
    with tempfile.TemporaryDirectory(prefix="bailiwick-doctor-") as scratch:
        root = Path(scratch).resolve()
        for name, text in _PROBE.items():
            (root / "policy" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "policy" / name).write_text(text, encoding="utf-8")
        (root / "project").mkdir()
        (root / "project" / "inside").touch()
        policy = ("--policy", str(root / "policy"), "--profile", "probe", "--explain")
        line = "echo x > inside; echo x > ../outside; true"
        done = subprocess.run(
            [*SANDBOX, "run", *policy, "-c", "--", line],
            cwd=root / "project",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        wrote = [
            name
            for name in ("project/inside", "outside")
            if (root / name).exists() and (root / name).read_text()
        ]
    if done.returncode == 0 and wrote == ["project/inside"]:
        yield holds(
            "sandbox/contained",
            f"a command writes where policy lets it and nowhere else; {said[0].partition(' (')[0]}",
        )
    elif "outside" in wrote:
        yield fails(
            "sandbox/contained",
            "a command wrote where policy does not let it",
            "do not use `opaque: sandbox` here",
        )
    else:
        yield note(
            "sandbox/contained",
            f"no command can be contained here: {said[-1]}",
            "sudo apt-get install bubblewrap",
        )


def _sandbox_problem() -> str:
    try:
        tried = subprocess.run(
            ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"],  # noqa: S607 - as the client finds it
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return tried.stderr.strip() if tried.returncode else ""


def service(places: Places) -> Iterator[Check]:
    """The service this account would be governed by, its policy, and where it takes over from relays."""
    if places.machine_wide and (problem := segments_problem(places)):
        yield fails(
            "service/segments",
            f"relays can't keep what they stop while the service is away: {problem}",
            "sudo systemd-tmpfiles --create /etc/tmpfiles.d/bailiwick.conf, and restart the service",
        )
    elif places.machine_wide:
        yield holds("service/segments", f"relays keep what they stop in {places.segments}")
    try:
        status = call(places, "GET", "/v1/status")
    except ServiceError as error:
        if places.machine_wide:
            yield fails(
                "service/running", f"{error}", "sudo systemctl restart bailiwick; until then nothing runs"
            )
        else:
            yield note("service/running", "not running; `bailiwick claude` starts it")
        return
    yield holds("service/running", f"process {status['pid']} at {status['url']}")
    if not status["revision"]:
        first = str(status["problem"]).splitlines()[0]
        yield fails(
            "service/policy", f"no policy in force: {first}", f"bailiwick policy check {status['policy']}"
        )
    elif status["problem"]:
        first = str(status["problem"]).splitlines()[0]
        yield fails(
            "service/policy",
            f"the directory's policy does not compile: {first}",
            f"bailiwick policy check {status['policy']}",
        )
    else:
        yield holds("service/policy", f"revision {status['revision'][:12]} of {status['policy']}")


def helper_settings(managed: Managed) -> tuple[Mapping[str, Any] | None, str]:
    """What our policy helper hands to a client of this account, or why it gives nothing."""
    ours = managed.ours
    if ours is None:
        return None, "no installation for the whole machine"
    system = "macos" if sys.platform == "darwin" else "linux"
    path = managed.files[ours].get("policyHelpers", {}).get(system, {}).get("path", "")
    try:
        # The helper looks at the process that started it, as that is the client otherwise: here it is the shell.
        done = subprocess.run(
            ["/bin/sh", "-c", '"$0"; exit $?', path],
            capture_output=True,
            timeout=10,
            check=False,
            cwd="/",
            env={**os.environ, "ANTHROPIC_BASE_URL": LOOPBACK},
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return None, f"{path}: {error}"
    settings = answer.get("managedSettings")
    if not isinstance(settings, dict) or not settings:
        return None, f"{path}: {done.stderr.decode('utf-8', 'replace').strip() or 'no settings'}"
    return settings, ""


def locks(managed: Managed) -> Iterator[Check]:
    """With an installation for the whole machine: the locks that the helper's settings close."""
    if managed.ours is None:
        return
    settings, problem = helper_settings(managed)
    if settings is None:
        yield fails(
            "managed/helper", f"{problem}; clients refuse to start", "sudo systemctl restart bailiwick"
        )
        return
    permissions = settings.get("permissions", {})
    closed = {
        "bypass mode": permissions.get("disableBypassPermissionsMode") == "disable",
        "other hooks": settings.get("allowManagedHooksOnly") is True,
        "other rules": settings.get("allowManagedPermissionRulesOnly") is True,
        "sideloading": settings.get("disableSideloadFlags") is True,
    }
    open_ones = [name for name, is_closed in closed.items() if not is_closed]
    if open_ones:
        yield note("managed/locks", f"this account's profile leaves open: {', '.join(open_ones)}")
    else:
        yield holds("managed/locks", f"closed: {', '.join(closed)} (client {TARGET_VERSION})")
