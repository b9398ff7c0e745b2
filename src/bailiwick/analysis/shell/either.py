"""Which dialect a shell speaks, and what is known of a command when nobody knows: what bash and zsh would both do."""

from dataclasses import replace

from bailiwick.model.access import Facts, Opaque, Span

EITHER = "unknown"
"""The dialect of a shell that nobody knows."""
_DIFFERENT = "bash and zsh would do different things, and it isn't known which of them runs it"


def dialect_of(shell: str) -> str:
    """The dialect of the shell at a path, by its name: ``bash``, ``zsh``, or ``EITHER``."""
    name = shell.rpartition("/")[2]
    return next(
        (dialect for dialect in ("bash", "zsh") if name == dialect or name.startswith(dialect + "-")), EITHER
    )


def common(bash: Facts, zsh: Facts, whole: Span) -> Facts:
    """The facts of both where they are equal; else the accesses of either, and something is opaque.

    Of what only zsh would do, who does it is left out: facts name each other by their place.
    """
    if bash == zsh:
        return bash
    known = set(bash.accesses)
    opaque = dict.fromkeys((*bash.opaque, *(replace(part, by=None) for part in zsh.opaque)))
    if not opaque:
        opaque = {Opaque(reason=_DIFFERENT, cause=whole): None}
    return replace(
        bash,
        accesses=(*bash.accesses, *(replace(a, by=None) for a in zsh.accesses if a not in known)),
        opaque=tuple(opaque),
    )
