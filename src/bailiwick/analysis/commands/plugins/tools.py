"""Programs known by their sub-command and a coarse effect only."""

from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call


def _words(call: "Call") -> tuple[Arg, ...]:
    """The words that don't look like options."""
    return tuple(a for a in call.args[1:] if not (a.kind is not Kind.OPEN and a.text.startswith(("-", "+"))))


def tool(call: "Call") -> None:
    """A program whose fixed effects say all that is known; its options don't make it any less."""
    call.machine.begin(_words(call), project_code=call.parsed.node.project_code)
    call.effects()


def project(call: "Call") -> None:
    """A program that runs the project's code or configuration: whatever its options, it may do anything the project can."""
    code = call.parsed.node.project_code
    call.machine.begin(_words(call), project_code=code)
    for arg in call.args[1:]:
        if arg.kind is Kind.OPEN or arg.may_be_option:
            call.machine.opaque("a word that isn't known may be an option", arg.span)
    call.effects()


def kill(call: "Call") -> None:
    """``kill``, ``pkill``: signals reach processes, not files; the policy speaks of the program."""
    call.machine.begin(_words(call))
    for arg in call.args[1:]:
        if arg.literal == "-F" or arg.text.startswith("--pidfile"):
            call.machine.opaque("process named by a file", arg.span)
