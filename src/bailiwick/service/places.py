"""Where an installation keeps its things. Two kinds: one user's own, and one for the whole machine."""

import os
from pathlib import Path

from bailiwick.model.value import value

SYSTEM_STATE = Path("/var/lib/bailiwick")
SYSTEM_POLICY = Path("/etc/bailiwick/policy")
SYSTEM_RUNTIME = Path("/run/bailiwick")
SYSTEM_SEGMENTS = Path("/var/lib/bailiwick-segments")
SYSTEM_INSTALLATION = Path("/etc/bailiwick/installation.json")
"""That this file is there says that the machine has an installation, whether or not its service runs."""


@value(frozen=True, slots=True, kw_only=True)
class Places:
    """The directories of one installation. ``state`` holds everything that must survive a restart.

    ``state`` is private to the service's account, so a machine-wide service is reached in ``runtime``, which
    every account may enter; None for one user's own service. ``policy_given`` says that the person named
    ``policy``.
    """

    state: Path
    policy: Path
    runtime: Path | None = None
    policy_given: bool = False

    @property
    def machine_wide(self) -> bool:
        """Whether other accounts than the service's own are served."""
        return self.runtime is not None

    @property
    def socket(self) -> Path:
        """The Unix socket for the launcher, the relay, the policy helper and administration."""
        return (self.runtime or self.state) / "service.sock"

    @property
    def address(self) -> Path:
        """The file in which the running service leaves its loopback address and process id."""
        return (self.runtime or self.state) / "service.json"

    @property
    def sessions(self) -> Path:
        """One private folder per open session, holding its compiled client settings."""
        return self.state / "sessions"

    @property
    def segments(self) -> Path:
        """Where relays keep what they stopped while the service was away: a file for each account, named by its number."""
        return SYSTEM_SEGMENTS if self.machine_wide else self.state / "segments"

    @property
    def log(self) -> Path:
        """What the service itself prints when it runs in the background."""
        return self.state / "service.log"


def own_state() -> Path:
    """Where the account keeps state of its own, whether or not the machine has an installation."""
    home = Path(os.environ.get("HOME") or Path.home())
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local/state") / "bailiwick"


def find(state: str | None = None, policy: str | None = None) -> Places:
    """The installation meant by the arguments, else by the environment, else the machine's, else the user's."""
    home = Path(os.environ.get("HOME") or Path.home())
    given = state or os.environ.get("BAILIWICK_STATE")
    machine_wide = not given and SYSTEM_INSTALLATION.is_file()
    own = own_state()
    own_policy = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "bailiwick" / "policy"
    chosen_policy = policy or os.environ.get("BAILIWICK_POLICY")
    return Places(
        state=_absolute(given) if given else (SYSTEM_STATE if machine_wide else own),
        policy=_absolute(chosen_policy) if chosen_policy else (SYSTEM_POLICY if machine_wide else own_policy),
        runtime=SYSTEM_RUNTIME if machine_wide else None,
        policy_given=bool(chosen_policy),
    )


def _absolute(named: str) -> Path:
    """Without ``..``; a link that is named stays one, so that a policy may be switched by it."""
    path = Path(named).absolute()
    return path.resolve() if ".." in path.parts else path
