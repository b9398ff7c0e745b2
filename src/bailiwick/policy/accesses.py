"""`read: ~/.ssh/**`, `run: git push`: accesses described in exceptions and invariants, as conditions."""

from collections.abc import Iterator

from bailiwick.policy import conditions
from bailiwick.policy.errors import Problems
from bailiwick.policy.syntax import Accesses
from bailiwick.policy.types import Condition, Subject

READERS: dict[str, tuple[Subject, conditions.Reader]] = {
    "read": (Subject.FILES, conditions.files(conditions.READ)),
    "write": (Subject.FILES, conditions.files(conditions.WRITE)),
    "execute": (Subject.FILES, conditions.files(conditions.EXECUTE)),
    "run": (Subject.COMMANDS, conditions.command),
    "connect": (Subject.NETWORK, conditions.host),
    "variable": (Subject.ENVIRONMENT, conditions.variable),
    "tool": (Subject.TOOLS, conditions.tool),
    "mcp": (Subject.MCP, conditions.mcp),
    "skill": (Subject.SKILLS, conditions.name),
    "agent": (Subject.AGENTS, conditions.name),
}
"""Every key of ``Accesses``: the subject it belongs to and how its entries are read."""


def described(accesses: Accesses, problems: Problems) -> Iterator[tuple[Subject, Condition]]:
    """Each condition, with its subject."""
    for key, (subject, reader) in READERS.items():
        for text in getattr(accesses, key):
            yield from ((subject, condition) for condition in reader(text, problems))
