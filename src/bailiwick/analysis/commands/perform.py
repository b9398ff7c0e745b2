"""Running a program: parse its arguments by its specification and record the accesses."""

from bailiwick.analysis.commands.argument import Arg, Machine
from bailiwick.analysis.commands.call import Call
from bailiwick.analysis.commands.options import Parsed, parse
from bailiwick.analysis.commands.plugins import PLUGINS
from bailiwick.analysis.commands.specification import Role, Specification

_DIRECTORY = Role.DIRECTORY
_OWN_SYNTAX = frozenset(("find",))
"""Plug-ins that read the argument vector themselves."""


def perform(specification: Specification, args: tuple[Arg, ...], machine: Machine) -> None:
    """Record everything that running ``args`` would do."""
    own = specification.plugin in _OWN_SYNTAX
    parsed = Parsed(specification) if own or len(args) == 1 else parse(specification, args[1:])
    call = Call(args, parsed, machine)
    node = parsed.node
    if parsed.moves:
        for option in parsed.options:
            if option.role is _DIRECTORY and option.value is not None:
                call = call.moved(option.value)
    plugin = node.plugin
    if plugin is not None:
        PLUGINS[plugin](call)
        return
    call.begin()
    call.options()
    call.operands()
