"""The whole examination: what can be read off the machine, then what the real client does."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bailiwick.service.doctor import machine as reading
from bailiwick.service.doctor.check import Check, fails, note
from bailiwick.service.doctor.gaps import gaps_of
from bailiwick.service.doctor.probes import installed, run_probes
from bailiwick.service.doctor.room import Room
from bailiwick.service.places import Places


def examine_machine(places: Places) -> Iterator[Check]:
    """What can be seen without running the client."""
    machine = reading.this_machine()
    managed = reading.read_managed(machine)
    yield from managed.broken
    yield from reading.tiers(machine, managed)
    yield from reading.modes(machine, managed)
    yield from reading.linted(managed)
    yield from reading.overruled(managed)
    yield from reading.locks(managed)
    yield from reading.own_settings(machine)
    yield from reading.service(places)
    needed = any((s.get("sandbox") or {}).get("enabled") for s in managed.files.values())
    yield from reading.sandbox(required=needed)
    yield from reading.contained()


def examine_client(client: str, version: tuple[int, int, int], places: Places) -> Iterator[Check]:
    """What the client does.

    Managed settings of this machine would mix into the probes, so they are hidden from them; an installation of
    ours is tried by itself.
    """
    yield from gaps_of(version)
    machine = reading.this_machine()
    managed = reading.read_managed(machine)
    if managed.ours is not None:
        yield from _installed(client, managed, places)
    hide = machine.managed if managed.files or managed.broken else None
    if hide is not None and not _can_hide(hide):
        yield note(
            "live/session",
            f"not tried: {hide} holds managed settings that would mix in, and hiding them needs bubblewrap",
            "sudo apt-get install bubblewrap, and run the doctor again",
        )
        return
    with Room(client, hide=hide) as room:
        yield from run_probes(room)


def _installed(client: str, managed: reading.Managed, places: Places) -> Iterator[Check]:
    settings, problem = reading.helper_settings(managed)
    pinned = (settings or {}).get("env", {}).get("ANTHROPIC_BASE_URL", "")
    if settings is None:
        yield fails("live/installed", f"not tried: {problem}", "sudo systemctl restart bailiwick")
    elif pinned not in {"", reading.LOOPBACK}:
        # The client would talk to that endpoint, and the doctor talks to nobody but loopback.
        yield note("live/installed", f"not tried: the policy pins the model endpoint to {pinned}")
    else:
        with Room(client) as room:
            yield installed(room, places)


def _can_hide(directory: Path) -> bool:
    if shutil.which("bwrap") is None:
        return False
    command = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", str(directory), "--", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
