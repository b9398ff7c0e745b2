"""What a person's own start-up files give the shell that runs a session's commands: aliases, and names of functions.

The client takes a snapshot of the login shell when it starts and sources it before every command (observed in 2.1.330):
a section of functions, then the shell's options, then ``alias -- name='value'`` lines, then its own helpers.
"""

import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.syntax import Simple, UnsupportedSyntaxError
from bailiwick.model.regex import regex
from bailiwick.model.value import value

MAX_ALIASES = 2_000
"""Aliases of one snapshot that are told apart; the names of further ones count as functions of unknown body."""
_SECTION = regex(r"^# (Functions|Shell Options|Aliases|[A-Z].*)\n", re.MULTILINE)
_FUNCTION = regex(r"^(?:eval \$')?([^\s()'\"$`=]+) \(\)", re.MULTILINE)
_NAME = regex(r"(?:--? )?([^\s=]+)=")


@value(frozen=True, slots=True, kw_only=True)
class ShellSetup:
    """``aliases`` are names with what they stand for; ``functions`` names of which only that they run something is known."""

    aliases: tuple[tuple[str, str], ...] = ()
    functions: frozenset[str] = frozenset()


def read_setup(text: str, *, dialect: str) -> ShellSetup:
    """The setup that a snapshot of the client describes. Total: what isn't understood is a function of unknown body."""
    sections = _SECTION.split(text)
    named = dict(
        zip(reversed(sections[1::2]), reversed(sections[2::2]), strict=True)
    )  # the first of each name
    functions = set(_FUNCTION.findall(named.get("Functions", "")))
    aliases: dict[str, str] = {}
    for name, meaning in _aliases(named.get("Aliases", ""), dialect):
        if meaning is None or len(aliases) >= MAX_ALIASES:
            functions.add(name)
        else:
            aliases[name] = meaning
    return ShellSetup(aliases=tuple(sorted(aliases.items())), functions=frozenset(functions - aliases.keys()))


def common_setup(setups: Iterable[ShellSetup]) -> ShellSetup:
    """What holds whichever of ``setups`` is in force: a name on which they differ may run anything."""
    every = list(setups)
    if len(every) <= 1:
        return every[0] if every else ShellSetup()
    known = [dict(setup.aliases) for setup in every]
    names = {name for aliases in known for name in aliases}
    same = {name for name in names if len({aliases.get(name) for aliases in known}) == 1}
    functions = frozenset[str]().union(*(setup.functions for setup in every)) | (names - same)
    return ShellSetup(
        aliases=tuple((name, meaning) for name, meaning in every[0].aliases if name in same - functions),
        functions=functions,
    )


def _aliases(section: str, dialect: str) -> Iterator[tuple[str, str | None]]:
    """Each alias with its value, or None where that isn't understood."""
    for piece in re.split(r"(?:\A|\n)alias ", section.rstrip("\n"))[1:]:
        name = _NAME.match(piece)
        if name is not None:
            yield name[1], _meaning(f"alias {piece}", name[1], dialect)


def _meaning(command: str, name: str, dialect: str) -> str | None:
    try:
        items = parse(command, dialect).items
    except (UnsupportedSyntaxError, RecursionError):
        return None
    node = items[0][0] if len(items) == 1 else None
    if not isinstance(node, Simple) or node.redirects or node.assignments:
        return None
    last = node.words[-1].literal or ""
    return last.removeprefix(f"{name}=") if last.startswith(f"{name}=") else None
