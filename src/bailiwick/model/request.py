"""The question put to the PDP: who asks, what happened, in which session."""

from typing import Protocol

from bailiwick.model.event import Event
from bailiwick.model.value import value


@value(frozen=True, slots=True, kw_only=True)
class Principal:
    """The operating-system account behind a session, established by the kernel, and its groups.

    ``identity`` is the person as the directory names them, where one is bound to the account; empty otherwise.
    """

    user: str
    uid: int
    groups: frozenset[str] = frozenset()
    home: str = "/nonexistent"
    identity: str = ""


@value(frozen=True, slots=True, kw_only=True)
class Session:
    """What the service knows of a session, independent of what the client says.

    ``profile`` is the active profile's name. ``project`` is the absolute project root. ``unattended`` says
    that nobody can answer a question, so ASK is carried out as DENY. ``skills`` are the skills active for the
    calling agent, ``trigger`` the innermost of them, with a slash before it where a person typed it. ``contains`` says that commands can be made to run in the sandbox on this machine. ``environment`` holds the names and values of variables that analysis may rely on.
    ``folds_case`` says that the file system takes ``.ENV`` for ``.env``.
    ``shell`` is the shell that the client runs commands with (``bash``, ``zsh`` or ``sh``); ``aliases`` are those it knows
    from the person's start-up files, by name, and ``functions`` the names of functions.
    """

    key: str
    profile: str
    project: str
    unattended: bool = False
    client_version: str = ""
    skills: tuple[str, ...] = ()
    trigger: str = ""
    contains: bool = True
    environment: tuple[tuple[str, str], ...] = ()
    folds_case: bool = False
    shell: str = "bash"
    aliases: tuple[tuple[str, str], ...] = ()
    functions: frozenset[str] = frozenset()


@value(frozen=True, slots=True, kw_only=True)
class Request:
    """Principal, action and context of one event; ``now`` is whole seconds since 1970, UTC."""

    principal: Principal
    event: Event
    session: Session
    now: int = 0


class FileView(Protocol):
    """The file system as far as analysis may look at it. Never raises; an unreadable part is as if absent."""

    def real(self, path: str) -> str:
        """``path`` with the symbolic links of its deepest existing ancestor followed."""

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        """Every existing path that ``pattern`` matches, or None when the look-up exceeded its bounds."""
