"""What the verbs of `bailiwick skill` that speak of approvals share: the lock, whoever signs it, and where skills stand."""

import argparse
import getpass
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bailiwick.administration.skills import statements
from bailiwick.administration.skills.dsse import public_of
from bailiwick.administration.skills.lock import LOCK, SIGNATURE, Entry, Lock, LockError
from bailiwick.analysis.skill.digest import UnsoundTreeError
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Approver, PolicySet
from bailiwick.service.places import find, own_state
from bailiwick.service.policy_files import NotAPolicyError, read_policy_files
from bailiwick.service.skills.copies import MANAGED
from bailiwick.service.skills.keys import KeyFileError, key_text, read_key
from bailiwick.service.skills.lock_file import load, save
from bailiwick.service.skills.lock_marks import LockMarks

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3


class ProblemError(Exception):
    """What was asked for can't be; the message says why and the mend."""


Verb: TypeAlias = Callable[[argparse.Namespace], int]
"""What a verb runs; it returns the exit code."""


def guarded(run: Verb) -> Verb:
    """``run`` with what can go wrong told in a line, and the exit code that goes with it."""

    def careful(asked: argparse.Namespace) -> int:
        try:
            return run(asked)
        except (ProblemError, ValueError, PolicyErrors, LockError, NotAPolicyError) as error:
            print(f"bailiwick: {error}", file=sys.stderr)
            return USAGE
        except (KeyFileError, UnsoundTreeError) as error:
            print(f"bailiwick: {error}", file=sys.stderr)
            return ENVIRONMENT
        except OSError as error:
            print(f"bailiwick: {error.filename or 'the policy'}: {error.strerror}", file=sys.stderr)
            return ENVIRONMENT

    return careful


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningDesk:
    """Whoever signs, with what, into which policy."""

    directory: Path
    policies: PolicySet
    lock: Lock
    key: Ed25519PrivateKey
    approver: Approver
    now: int

    def save(self, lock: Lock) -> None:
        """Write the lock, one version on, signed. Raises ``OSError``."""
        save(self.directory, lock, self.key, now=self.now)
        _note(self.directory, lock.version + 1)


def opened(asked: argparse.Namespace, *, renewing: bool = False) -> SigningDesk:
    """The policy, its lock and the key of whoever signs; ``renewing`` takes a lock that has ended. Raises ``ProblemError``."""
    directory = find(None, asked.policy).policy
    policies = load_policy_set(read_policy_files(directory))
    key = read_key(Path(asked.key).expanduser())
    public = public_of(key)
    approver = next((one for one in policies.approvers if one.key == public), None)
    if approver is None:
        line = f'  - {{name: {getpass.getuser()}, key: "{key_text(key)}"}}'
        said = "" if policies.approvers else "skill_approvers:\n"
        raise ProblemError(
            f"organisation.yaml does not name this key under skill_approvers; add\n{said}{line}"
        )
    now = int(time.time())
    seen = _marks().seen(directory)
    lock = Lock(version=seen)
    if any((directory / name).exists() for name in (LOCK, SIGNATURE)):
        # A lock that has ended is what renewing is for; everything else about it must still be true.
        meant = renewing and asked.above >= seen
        lock = load(directory, policies.approvers, now=0 if renewing else now, seen=0 if meant else seen)
    return SigningDesk(directory=directory, policies=policies, lock=lock, key=key, approver=approver, now=now)


def read(asked: argparse.Namespace) -> tuple[Path, PolicySet, Lock]:
    """The lock of the policy that is meant. Raises ``LockError``, ``PolicyErrors``, ``OSError``."""
    directory = find(None, asked.policy).policy
    policies = load_policy_set(read_policy_files(directory))
    lock = load(directory, policies.approvers, now=int(time.time()), seen=_marks().seen(directory))
    _note(directory, lock.version)
    return directory, policies, lock


def _marks() -> LockMarks:
    places = find()
    return LockMarks(own_state() if places.machine_wide else places.state)


def _note(directory: Path, version: int) -> None:
    """Keep the version for the next look; where that can't be kept, what was asked for is done all the same."""
    try:
        _marks().note(directory, version)
    except OSError as error:
        said = f"can't keep that version {version} of the skill lock was seen: {error.filename}: {error.strerror}"
        print(f"bailiwick: {said}", file=sys.stderr)


def located(text: str) -> Path:
    """The skill that a path or a name means. Raises ``ProblemError``."""
    path = Path(text).expanduser()
    if path.name.lower() == "skill.md":
        path = path.parent
    if path.exists():
        return path.absolute()
    found = installed_at(text)
    if not found and "/" in text:
        raise ProblemError(f"{text}: there is no such file or directory")
    if not found:
        raise ProblemError(
            f"there is no skill {text!r} in .claude/skills here, in ~/.claude/skills or in {MANAGED}/skills"
        )
    if len(found) > 1:
        raise ProblemError(
            f"{text!r} is the name of several: {', '.join(map(str, found))}; give the path of one"
        )
    return found[0]


def installed_at(name: str) -> list[Path]:
    """Where a skill or command of that name stands here."""
    places = [Path.cwd() / ".claude", Path.home() / ".claude", MANAGED]
    return [
        one
        for place in places
        for one in (place / "skills" / name, place / "commands" / f"{name}.md")
        if "/" not in name and one.exists()
    ]


def installed() -> list[Path]:
    """The skills and commands of the client's own directories here."""
    places = [Path.cwd() / ".claude", Path.home() / ".claude", MANAGED]
    return [
        one
        for place in places
        for one in (
            *(skill for skill in sorted((place / "skills").glob("*")) if skill.is_dir()),
            *sorted((place / "commands").glob("*.md")),
        )
    ]


def name_of(root: Path) -> str:
    """The name under which the client knows the skill at ``root``."""
    return root.stem if root.is_file() else root.resolve().name


def shown(text: str) -> str:
    """Names come from strangers: nothing in them may reach the terminal as a command."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def json_of(entry: Entry) -> dict[str, Any]:
    """An approval as plain JSON values."""
    said = entry.approval
    return {
        "name": said.name,
        "digest": said.digest,
        "approval": said.id,
        "roles": list(said.roles),
        "grants": [str(grant) for grant in said.grants],
        "approved_by": said.approved_by,
        "approved_on": statements.time_text(said.approved_on),
        "expires": statements.time_text(said.expires),
        "verdict": entry.audit.verdict,
        "source": entry.source,
    }
