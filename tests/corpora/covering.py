"""Whether facts show an access, as listings write it: by itself, or by a pattern that covers it."""

from bailiwick.analysis.shell.listing import line
from bailiwick.model.access import Access, Facts, HostTarget, PathTarget, ProgramTarget
from bailiwick.model.glob import path_glob

CWD = "/w"


def is_opaque(facts: Facts) -> bool:
    """Whether some part is not understood; a program that nobody knows is such a part."""
    return bool(facts.opaque) or any(program.unknown for program in programs(facts))


def runs_code(facts: Facts) -> bool:
    """Whether code of the project runs."""
    return any(program.project_code for program in programs(facts))


def programs(facts: Facts) -> list[ProgramTarget]:
    """The programs that start."""
    return [access.target for access in facts.accesses if isinstance(access.target, ProgramTarget)]


def shows(facts: Facts, wanted: str) -> bool:
    """Whether one of the accesses is ``wanted`` (``delete /etc/hosts``, ``connect e.example``) or covers it."""
    return any(_covers(access, wanted) for access in facts.accesses)


def _covers(access: Access, wanted: str) -> bool:
    kind, _, what = wanted.partition(" ")
    match access.target:
        case PathTarget(path=path, pattern=True) if access.kind == kind:
            return path_glob(path).matches(what if what.startswith("/") else f"{CWD}/{what}")
        case HostTarget(host=host, port=port) if access.kind == kind:
            name, _, number = what.partition(":")
            return host in {name, "*"} and (not number or port is None or number == str(port))
        case _:
            return line(access, CWD) == wanted
