"""The reference of what the shell reader knows: a page per specification, and an index of every command."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import yaml

from bailiwick.analysis.commands.plugins import PLUGINS
from bailiwick.analysis.commands.specification import Role, Specification, examples, find, names

FOLDER = "reference/commands"

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.FLAG: ("no value, names nothing", ""),
    Role.TEXT: ("a value that names nothing", "a word that names nothing"),
    Role.OPTIONAL: ("a value only attached, that names nothing", ""),
    Role.READ: ("reads the file", "a file that is read"),
    Role.READ_TREE: ("reads the directory and all below", "a directory that is read with all below"),
    Role.LOOK: ("tells name and size of the file", "a file or directory whose names and sizes are told"),
    Role.LOOK_TREE: (
        "tells what is in the directory and all below",
        "a directory whose names are told with all below",
    ),
    Role.WRITE: ("writes the file", "a file that is written"),
    Role.WRITE_TREE: ("writes in the directory and below", "a directory that is written in, and below"),
    Role.EDIT: ("reads and writes the file", "a file that is read and written"),
    Role.EDIT_TREE: (
        "reads and writes in the directory and below",
        "a directory that is read and written in",
    ),
    Role.DELETE: ("deletes the file", "a file that is deleted"),
    Role.DELETE_TREE: ("deletes the directory and all below", "a directory that is deleted with all below"),
    Role.TARGET: ("the directory that every operand is written to", ""),
    Role.DIRECTORY: ("runs in the directory", ""),
    Role.PROGRAM: ("runs the command given as its value", "a command line that is run"),
    Role.SHELL: ("runs its value as shell code", "shell code that is run"),
    Role.HOST: ("contacts the host", "a host that is contacted"),
    Role.URL: ("contacts the address", "an address that is contacted"),
    Role.SOURCE: ("reads the file or contacts the address", "a file that is read, or an address"),
    Role.AT_FILE: ("a text, or after `@` a file that is read", "a text, or after `@` a file that is read"),
    Role.REMOTE_PROGRAM: ("a command on another machine", "a command on another machine"),
    Role.REMOTE: ("`host:path`, or a file that is read", "`host:path`, or a file that is read"),
    Role.KEY_FILE: ("`KEY=FILE` or a file that is read", "`KEY=FILE` or a file that is read"),
    Role.LIST: ("reads a list of more files: opaque", "a list of more files to read: opaque"),
    Role.VARIABLE: ("sets the environment variable", "an environment variable that is set"),
    Role.OPAQUE: ("**opaque**: its value has an effect that isn't modelled", "**opaque**"),
    Role.CODE: (
        "a file or address of code or settings; **opaque** unless it is the project's own",
        "run or loaded",
    ),
    Role.CODE_TREE: (
        "a place that code is taken from; **opaque** unless it is the project's own",
        "run or loaded",
    ),
    Role.OPAQUE_FILE: ("**opaque**: reads the file, with an effect that isn't modelled", "**opaque**"),
    Role.OPAQUE_FLAG: ("**opaque**: no value, an effect that isn't modelled", ""),
}
"""What each role means, of an option and of an operand; the order of the pages."""
if unexplained := set(Role) - set(ROLES):
    raise SystemExit(f"scripts/command_pages.py doesn't say what {', '.join(sorted(unexplained))} means")

EFFECTS: Mapping[str, str] = {
    "connect": "contacts {}",
    "read": "reads {}",
    "read_tree": "reads {} with all below",
    "write": "writes {}",
    "write_tree": "writes {} and below",
    "edit": "reads and writes {}",
    "edit_tree": "reads and writes {} and below",
    "delete": "deletes {}",
    "delete_tree": "deletes {} with all below",
}

INTRO = """\
# Commands the shell reader knows

{names} commands in {pages} specifications. A command that isn't listed is opaque, and so is an option or a sub-command
that its page doesn't list: nothing is presumed harmless. [How a command is read](../../shell.md) says what that means and
how to add one.

In the examples the working directory is `/w` and `~` is `/home/u`. `run` names a program that starts, `get` and `set` an
environment variable; paths below `/w` are written without it.

| command | page |
|---|---|
"""


def commands() -> Iterator[tuple[str, str]]:
    """Every page and the index."""
    pages: dict[str, list[str]] = {}
    for name, file in names().items():
        pages.setdefault(file, []).append(name)
    for file, listed in sorted(pages.items()):
        text = "\n".join(_page(file, listed)).strip() + "\n"
        yield f"{FOLDER}/{_stem(file)}.md", re.sub(r"\n{3,}", "\n\n", text)
    rows = [f"| `{name}` | [{_stem(file)}]({_stem(file)}.md) |" for name, file in sorted(names().items())]
    head = INTRO.format(names=len(rows), pages=len(pages))
    yield f"{FOLDER}/index.md", head + "\n".join(rows) + "\n"


def _stem(file: str) -> str:
    # `index` is the list of all.
    stem = file.removesuffix(".yaml")
    return f"{stem}-command" if stem == "index" else stem


def _page(file: str, listed: list[str]) -> Iterator[str]:
    raw = yaml.safe_load(files("bailiwick.analysis.commands").joinpath(file).read_text(encoding="utf-8"))
    specification = find(listed[0])
    assert specification is not None, file  # noqa: S101 - `names` lists it
    yield f"# {', '.join(f'`{name}`' for name in listed)}"
    yield ""
    if about := str(raw.get("about", "")).strip():
        yield from (" ".join(about.split()), "")
    yield from _node(raw, specification, None)
    yield from ("## Examples", "", "| command | what it would do |", "|---|---|")
    for example in examples(file):
        told = "<br>".join(_code(line) for line in example.gives) or "nothing that policy speaks of"
        yield f"| {_code(example.command)} | {told} |"
    if specification.subcommands or specification.other:
        yield from ("", "## Sub-commands", "", "What isn't listed is opaque.")
        yield from _children(raw, specification, "")


def _children(raw: Mapping[str, Any], specification: Specification, before: str) -> Iterator[str]:
    for keys, child in (raw.get("subcommands") or {}).items():
        words = str(keys).split()
        yield from ("", f"### {', '.join(f'`{before}{word}`' for word in words)}", "")
        node = specification.subcommands[words[0]]
        yield from _node(child or {}, node, specification)
        yield from _children(child or {}, node, f"{before}{words[0]} ")
    if specification.other is not None:
        yield from ("", f"### any other `{before}`… ", "")
        yield from _node(raw["other"] or {}, specification.other, specification)


def _node(raw: Mapping[str, Any], node: Specification, parent: Specification | None) -> Iterator[str]:
    """What one command or sub-command does, as a list; options that the parent has too are left out."""
    lines = list(_facts(raw, node, parent))
    yield from (f"- {line}" for line in lines)
    if lines:
        yield ""
    own = {
        option: role
        for option, role in node.options.items()
        if option not in {"--help", "--version"}
        and (parent is None or parent.options.get(option) is not role)
    }
    by_role = {role: [option for option, its in own.items() if its is role] for role in ROLES}
    if own:
        yield from ("| option | meaning |", "|---|---|")
        for role, spellings in by_role.items():
            if spellings:
                yield f"| {' '.join(_code(spelling) for spelling in spellings)} | {ROLES[role][0]} |"
        yield ""


def _facts(raw: Mapping[str, Any], node: Specification, parent: Specification | None) -> Iterator[str]:
    if node.plugin and (parent is None or parent.plugin != node.plugin):
        doc = " ".join((PLUGINS[node.plugin].__doc__ or "").partition("\n\n")[0].split())
        yield f"reads its arguments with code of its own: {doc}"
    if node.project_code:
        yield "runs code that the project controls"
    if node.operands:
        meanings = [
            f"{ROLES[role][1]}{' (any number)' if index == node.repeat else ''}"
            for index, role in enumerate(node.operands)
        ]
        yield f"operands: {', then '.join(meanings)}"
    for effect in node.effects:
        if effect.verb in ("opaque", "runs", "changes", "contacts"):
            kind = "" if effect.verb == "opaque" else f"{effect.verb} "
            yield f"**opaque**: {kind}{effect.argument}"
        else:
            target = "hosts that aren't known" if effect.argument == "*" else _code(effect.argument)
            yield f"always {EFFECTS[effect.verb].format(target)}"
    if node.empty:
        yield f"without operands reads {_code(node.empty)}"
    if node.recursive:
        yield f"with {' '.join(_code(option) for option in sorted(node.recursive))} its operands are directories with all below"
    if not node.permute and raw.get("permute") is False:
        yield "options stand before operands only"


def _code(text: str) -> str:
    """Text as code in a table cell."""
    shown = text.replace("|", "\\|").replace("\n", "⏎")
    fence = "``" if "`" in shown else "`"
    edge = " " if "`" in shown else ""
    return f"{fence}{edge}{shown}{edge}{fence}"
