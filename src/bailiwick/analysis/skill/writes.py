"""A file that is written or deleted, by whichever reader of code or commands finds it: what it means by its path."""

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.sensitive import is_config, is_memory, is_startup
from bailiwick.model.skill import CapabilityKind, Role, Source


def written(into: Inventory, name: str, shown: str, source: Source, role: Role, *, by: str) -> CapabilityKind:
    """Add the capability of writing ``name``, ``shown`` in the manifest, and notice what every session reads or runs."""
    kind = kind_of(name)
    into.capability(kind, shown, source, role, by=by)
    if kind is CapabilityKind.MEMORY_WRITE:
        into.notice(Mark.MEMORY, f"writes {name}", source, role, target=name)
    elif kind is CapabilityKind.CONFIG_WRITE:
        into.notice(Mark.SETTING, f"writes {name}", source, role, target=name)
    elif is_startup(name):
        into.notice(Mark.PERSIST, f"writes {name}, which runs by itself", source, role, target=name)
    return kind


def kind_of(name: str) -> CapabilityKind:
    """What writing a file is: its own kind for memory and for settings of the client."""
    if is_memory(name):
        return CapabilityKind.MEMORY_WRITE
    return CapabilityKind.CONFIG_WRITE if is_config(name) else CapabilityKind.FS_WRITE
