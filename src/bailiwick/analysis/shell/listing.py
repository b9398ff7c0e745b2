"""Facts as short lines: what specification examples and tables are written in."""

from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)


def listing(facts: Facts, cwd: str) -> list[str]:
    """One line per distinct access, sorted; ``opaque`` once where any part is. Paths below ``cwd`` are relative."""
    lines = {line(access, cwd) for access in facts.accesses}
    unknown = (isinstance(a.target, ProgramTarget) and a.target.unknown for a in facts.accesses)
    if facts.opaque or any(unknown):
        lines.add("opaque")
    return sorted(lines)


def line(access: Access, cwd: str) -> str:
    """``read a/**``, ``run git push``, ``run make (project code)``, ``connect host:443``, ``set PATH``, ``get TOKEN``."""
    target = access.target
    match target:
        case PathTarget(path=path, excluded=excluded):
            without = (
                " ".join(["", "without", *(_relative(glob, cwd) for glob in excluded)]) if excluded else ""
            )
            return f"{access.kind} {_relative(path, cwd)}{without}"
        case ProgramTarget():
            words = " ".join([target.name, *("?" if word is None else word for word in target.words)])
            notes = f" as {target.as_user}" if target.as_user else ""
            return (
                f"run {words}{notes}"
                + (" (project code)" if target.project_code else "")
                + (" (unknown)" if target.unknown else "")
            )
        case HostTarget(host=host, port=port, sends=sends):
            return f"connect {host}" + (f":{port}" if port else "") + (" (sends)" if sends else "")
        case VariableTarget(name=name):
            return f"{'get' if access.kind is AccessKind.READ else 'set'} {name}"
        case NameTarget(name=name):
            return f"{access.kind} {name}"


def _relative(path: str, cwd: str) -> str:
    if path == cwd:
        return "."
    return path.removeprefix(cwd.rstrip("/") + "/")
