"""A specification to fill in, from a program's help. The loader refuses it until its author has decided every part.

Help says how options are spelled, not what they do. So nothing here has a role that the loader knows: each group of
options is called ``undecided...``, as are the operands, and the example promises what no command gives.
"""

import json
import re
from collections.abc import Iterable, Iterator

from bailiwick.analysis.commands.help_text import Arity, Help, HelpOption

NAME = re.compile(r"[A-Za-z0-9][\w.+-]*\Z", re.ASCII)
"""What a specification may be called: the name is also that of its file."""

_WIDTH = 110
_STANDARD = frozenset(("--help", "--version"))
"""Options that the loader itself takes to do nothing else."""
_GROUPS = (
    (Arity.NONE, "undecided_flag", "no value. flag: changes only what is printed; opaque_flag: does more"),
    (
        Arity.REQUIRED,
        "undecided_value",
        (
            "a value. text: names nothing; read, write, edit, delete (_tree), directory, target: names a file or directory;"
            "\n  # program, shell: runs it; host, url, source, remote: reaches it; list, variable; opaque: anything else"
        ),
    ),
    (
        Arity.OPTIONAL,
        "undecided_optional",
        "a value only attached (--color=when). optional: names nothing; else opaque_flag",
    ),
    (
        Arity.UNCLEAR,
        "undecided_arity",
        "help doesn't say whether each takes a value: look it up, then as above",
    ),
)
_HINTS = (
    (re.compile(r"(?i)\b(?:cmd|command|prog|program|exec|script|shell|editor|pager)\b"), "runs something?"),
    (re.compile(r"(?i)\b(?:url|uri|host|hostname|addr|address|server|proxy|remote)\b"), "reaches a host?"),
    (re.compile(r"(?i)\b(?:dir|directory|folder)\b"), "a directory?"),
    (re.compile(r"(?i)\b(?:file|filename|path|archive|config|log)\b"), "a file?"),
    (
        re.compile(r"(?i)\b(?:write|writes|delete|remove|overwrite|create|update|install|in.place)\b"),
        "writes?",
    ),
)


def scaffold(name: str, told: Help, *, source: str) -> str:
    """The text of ``name``'s file. ``source`` says where the help comes from."""
    options = [option for option in told.options if not set(option.spellings) <= _STANDARD]
    return "".join(
        f"{line}\n".replace(" \n", "\n") for line in _lines(name, options, told.subcommands, source)
    )


def _lines(
    name: str, options: list[HelpOption], subcommands: Iterable[tuple[str, str]], source: str
) -> Iterator[str]:
    yield f"command: {_quoted(name)}"
    yield f"# From {_comment(source)}, which says how options are spelled, never all that they do. Nothing is decided yet, and the"
    yield "# loader refuses this file until everything is: rename each group by what its options do, move those that do"
    yield "# something else to another group, and delete these comments. What you aren't sure of is opaque, never left out:"
    yield "# an option that isn't listed is opaque too. docs/shell.md says what each role means."
    yield "about: undecided  # one sentence, or delete the line"
    if options:
        yield "options:"
    for arity, group, meaning in _GROUPS:
        members = [option for option in options if option.arity is arity]
        if members:
            yield f"  # {meaning}"
            width = max(len(_shown(option)) for option in members)
            for option in members:
                hint = _hint(option)
                about = " ".join(filter(None, (_comment(option.about), f"[{hint}]" if hint else "")))
                yield f"  #   {_shown(option):{min(width, 36)}}  {about}"[:_WIDTH]
            yield from _group(group, members)
    same = [option.spellings for option in options if len(option.spellings) > 1]
    if pairs := ", ".join(" ".join(each) for each in same if not _opposites(each)):
        yield f"same: {_quoted(pairs)}"
    listed = dict(subcommands)
    if listed:
        yield "# Each is a mapping of its own: options, operands, effects. What isn't listed is opaque."
        yield "subcommands:"
        width = max(map(len, listed))
        for word, about in listed.items():
            yield f"  {_quoted(word)}: undecided".ljust(width + 16) + f"# {_comment(about)}"
    else:
        yield "# What the words that are no options mean, in order: read*, text read*, read* write, program, ... or none at all."
        yield "operands: undecided*"
    yield "# Accesses that every run makes, or delete the line: [read /etc/NAME.conf, connect example.com:443]."
    yield "effects: [undecided every]"
    yield "# At least three: the everyday use, the most dangerous one, an option that must be opaque. `gives` lists what it"
    yield "# would do, as in the files of other commands: run, read, write, delete, connect, set, get, opaque."
    yield "examples:"
    yield f"  - {{cmd: {_quoted(name)}, gives: [undecided]}}"


def _group(group: str, members: list[HelpOption]) -> Iterator[str]:
    spellings = [name for option in members for name in option.spellings]
    yield f"  {group}: >-"
    line = "   "
    for name in spellings:
        if len(line) + len(name) + 1 > _WIDTH:
            yield line
            line = "   "
        line += f" {name}"
    yield line


def _opposites(spellings: tuple[str, ...]) -> bool:
    """``--color --no-color``: one line of help, two meanings."""
    names = {name.lstrip("-") for name in spellings}
    return any(f"no-{name}" in names for name in names)


def _shown(option: HelpOption) -> str:
    value = {Arity.NONE: "", Arity.OPTIONAL: f"[={option.value}]"}.get(option.arity, f" {option.value}")
    return _comment(", ".join(option.spellings) + value)


def _hint(option: HelpOption) -> str:
    told = f"{option.value} {option.about} {' '.join(option.spellings)}"
    return " ".join(hint for words, hint in _HINTS if words.search(told))


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
