"""What is known of a command when the shell that will run it isn't: what bash and zsh would both do."""

from dataclasses import replace

from bailiwick.model.access import Facts, Opaque, Span

EITHER = "unknown"
"""The dialect of a shell that nobody knows."""
_DIFFERENT = "bash and zsh would do different things, and it isn't known which of them runs it"


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
