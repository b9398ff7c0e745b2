"""Command specifications: the closed vocabulary of the YAML files, checked while loading, loaded on first use.

A file's first line is ``command: name`` or ``command: [name, alias]``. Everything else is described in
``_KEYS`` and ``Role``; a misspelt key, an unknown role or an option listed twice is an error that names the file.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bailiwick.model.value import value

_LOADER = getattr(
    yaml, "CBaseLoader", yaml.BaseLoader
)  # nothing but texts: types would cost as much as reading


class Role(StrEnum):
    """What an option's value or an operand means."""

    __hash__ = str.__hash__  # looked up with every argument; Enum's own is not in C

    FLAG = "flag"  # an option without a value
    TEXT = "text"  # a value that names nothing
    OPTIONAL = "optional"  # an option whose value, if any, is attached and names nothing
    READ = "read"
    READ_TREE = "read_tree"
    LOOK = "look"  # its name and size are told, not what is in it
    LOOK_TREE = "look_tree"
    WRITE = "write"
    WRITE_TREE = "write_tree"
    EDIT = "edit"  # read and written
    EDIT_TREE = "edit_tree"
    DELETE = "delete"
    DELETE_TREE = "delete_tree"
    TARGET = "target"  # the destination directory of every operand
    DIRECTORY = "directory"  # the command runs there
    PROGRAM = "program"  # operands: a command line; option: a command split at blanks
    SHELL = "shell"  # shell code
    HOST = "host"
    URL = "url"
    SOURCE = "source"  # a file that is read, or a URL
    CODE = "code"  # a file or URL whose code or settings are run: opaque unless it is the project's own
    CODE_TREE = (
        "code_tree"  # the same of a directory; the project's own counts as project code and not as read
    )
    AT_FILE = "at_file"  # text, or after @ a file that is read
    KEY_FILE = "key_file"  # a file that is read, perhaps after NAME=
    REMOTE = "remote"  # host:path or a local path that is read
    LIST = "list"  # a file that names more files to read
    VARIABLE = "variable"  # NAME=VALUE, set for what runs
    REMOTE_PROGRAM = "remote_program"  # a command on another machine
    OPAQUE = "opaque"  # a value with an effect that isn't modelled
    OPAQUE_FILE = "opaque_file"  # a file that is read, with an effect that isn't modelled
    OPAQUE_FLAG = "opaque_flag"  # an effect that isn't modelled, no value


HARMLESS = frozenset((Role.FLAG, Role.TEXT, Role.OPTIONAL))
"""Option roles that can't reach beyond the program itself."""
_EXECUTING = frozenset(
    (
        Role.CODE,
        Role.CODE_TREE,
        Role.REMOTE_PROGRAM,
        Role.PROGRAM,
        Role.SHELL,
        Role.OPAQUE,
        Role.OPAQUE_FILE,
        Role.OPAQUE_FLAG,
    )
)
_READING = frozenset((Role.READ, Role.READ_TREE, Role.LOOK, Role.LOOK_TREE, Role.LIST))
_WRITING = frozenset(Role) - HARMLESS - _EXECUTING - _READING
_VALUELESS = frozenset((Role.FLAG, Role.OPTIONAL, Role.OPAQUE_FLAG))
_OPERAND_ROLES = frozenset(Role) - {Role.FLAG, Role.OPTIONAL, Role.TARGET, Role.DIRECTORY, Role.OPAQUE_FLAG}


@value(frozen=True, slots=True)
class Effect:
    """An access every run makes: a path role with its path, ``connect``, or ``opaque`` with its reason.

    ``runs``, ``changes`` and ``contacts`` are opaque too: a program runs, a setting changes or a host is contacted, and
    which one isn't known.
    """

    verb: str
    argument: str


@value(frozen=True, slots=True, kw_only=True)
class Specification:
    """One command or sub-command.

    ``options`` maps every spelling to its role. ``operands`` are roles in order; with ``repeat`` the one at
    that index takes all that the later ones leave. After an option in ``stop`` everything is an operand
    (``python -c code ...``). ``same`` maps a spelling to all that mean the same (``-f --force``).
    ``danger`` says that an option may run or do more than is modelled, ``reaches`` that one reaches beyond the program,
    ``writes`` that an option or operand does more than read; ``worst`` (``write``, ``run``) says so where only the
    plug-in knows.
    ``uniform`` says that every operand, however many there are, has the one role listed.
    ``other`` stands for every sub-command that isn't listed. ``empty`` is the path read when there is no operand.
    """

    name: str
    options: Mapping[str, Role] = field(default_factory=dict)
    operands: tuple[Role, ...] = ()
    repeat: int | None = None
    uniform: bool = False
    effects: tuple[Effect, ...] = ()
    subcommands: Mapping[str, "Specification"] = field(default_factory=dict)
    other: "Specification | None" = None
    plugin: str | None = None
    project_code: bool = False
    abbreviations: bool = True
    permute: bool = True
    single_dash: bool = False
    digits: bool = False
    stop: frozenset[str] = frozenset()
    recursive: frozenset[str] = frozenset()
    empty: str | None = None
    empty_recursive: str | None = None
    alone: bool = False
    danger: bool = False
    reaches: bool = False
    writes: bool = False
    same: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@value(frozen=True, slots=True, kw_only=True)
class Example:
    """A command line and the accesses it must give, as ``shell.listing`` prints them."""

    command: str
    gives: tuple[str, ...]


class SpecificationError(ValueError):
    """A specification file doesn't follow the schema; the message names the file and the key."""


PLUGIN_NAMES = frozenset(
    [
        "ar",
        "archive",
        "awk",
        "aws",
        "bucket",
        "calculator",
        "checksum",
        "cluster",
        "cmake",
        "compiler",
        "compose",
        "compress",
        "container",
        "container_build",
        "container_copy",
        "converter",
        "cpio",
        "crontab",
        "curl",
        "database",
        "date",
        "dd",
        "editor",
        "env",
        "environment",
        "fd",
        "ffmpeg",
        "file",
        "find",
        "finger",
        "flock",
        "forge",
        "formatter",
        "getent",
        "git",
        "grep",
        "imagemagick",
        "in_place",
        "interface",
        "interpreter",
        "java",
        "jq",
        "kill",
        "launcher",
        "lookup",
        "manual",
        "mkdir",
        "mktemp",
        "mode",
        "mount",
        "multiplexer",
        "netcat",
        "node",
        "oneliner",
        "pager",
        "pandoc",
        "parallel",
        "patch",
        "pdftotext",
        "perl",
        "ping",
        "project",
        "ps",
        "python",
        "query",
        "reader",
        "recorder",
        "remote",
        "rename",
        "response",
        "rmdir",
        "runner",
        "searcher",
        "sed",
        "service",
        "shell",
        "shred",
        "shuf",
        "split",
        "sqlite",
        "ssh",
        "ssh_keygen",
        "strace",
        "strip",
        "su",
        "sudo",
        "sysctl",
        "tar",
        "tmux",
        "tool",
        "transfer",
        "unzip",
        "watch",
        "wget",
        "xargs",
        "yq",
    ]
)
"""The plug-ins a specification may name (``plugins.PLUGINS`` has exactly these; a test compares)."""
_KEYS = {
    "command", "about", "options", "operands", "effects", "subcommands", "plugin", "project_code", "style",
    "same", "permute", "digits", "stop", "other", "recursive", "empty", "empty_recursive", "alone", "examples", "inherit",
    "worst",
}  # fmt: skip
_STYLES = frozenset(("gnu", "exact", "single-dash"))
_SPELLINGS = re.compile(r"(?:(?:-{1,2}[A-Za-z0-9?@#:.+][\w.:+-]*|\+\w+|-)(?: |\Z))*\Z")
_COMMAND_NAME = re.compile(r"[^\s,\[\]\"']+")
_KEY = re.compile(r"^[a-z]", re.MULTILINE)
_ROLES = {role.value: role for role in Role}
_PATH_VERBS = frozenset(
    ("read", "read_tree", "write", "write_tree", "edit", "edit_tree", "delete", "delete_tree")
)


_OTHER_VERBS = frozenset(("connect", "opaque", "runs", "changes", "contacts"))


@cache
def _texts() -> Mapping[str, str]:
    """Every shipped file, by its name."""
    here = Path(__file__).parent
    shipped = sorted(name for name in os.listdir(here) if name.endswith(".yaml"))  # noqa: PTH208 - texts sort sooner than paths
    return {name: (here / name).read_text(encoding="utf-8") for name in shipped}


@cache
def names() -> Mapping[str, str]:
    """Every known command name with the file that describes it."""
    found: dict[str, str] = {}
    for file, text in _texts().items():
        first = text.partition("\n")[0].removeprefix("command:")
        for name in _COMMAND_NAME.findall(first):
            if name in found:
                raise SpecificationError(f"{file}: {name} is also described in {found[name]}")
            found[name] = file
    return found


@cache
def find(name: str) -> Specification | None:
    """The specification of a command, or None where the command isn't known.

    Raises:
        SpecificationError: its file is wrong (excluded for the shipped files by their test).
    """
    file = names().get(name)
    return None if file is None else _file(file)


def preload() -> None:
    """Load every specification now (some 60 ms), so that no later call waits for one."""
    for name in names():
        find(name)


def examples(file: str) -> tuple[Example, ...]:
    """The examples written in a specification file."""
    return load(file, _texts()[file])[1]


@cache
def _file(file: str) -> Specification:
    """The specification in a shipped file; its examples, more than half of the text, are left to who asks for them."""
    text = _texts()[file]
    described, _, rest = text.partition("\nexamples:\n")
    return _document(file, text if _KEY.search(rest) else described)[0]


def load(file: str, text: str) -> tuple[Specification, tuple[Example, ...]]:
    """Check and load one file's text.

    Raises:
        SpecificationError: with the file's name and the key that is wrong.
    """
    specification, document = _document(file, text)
    listed = document.get("examples", [])
    if not listed or not all(isinstance(e, dict) and set(e) == {"cmd", "gives"} for e in listed):
        raise SpecificationError(f"{file}: examples: a list of {{cmd, gives}} is required")
    return specification, tuple(Example(command=e["cmd"], gives=tuple(e["gives"])) for e in listed)


def _plain(file: str, node: yaml.Node | None) -> Any:
    """What a node says: mappings, lists, texts, true, false and nothing."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _WORDS.get(node.value, node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(file, item) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return None
    found: dict[str, Any] = {}
    for key, item in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SpecificationError(f"{file}: line {key.start_mark.line + 1}: a text is expected as key")
        if key.value in found:
            raise SpecificationError(f"{file}: line {key.start_mark.line + 1}: {key.value} is listed twice")
        found[key.value] = _plain(file, item)
    return found


_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "": None, "null": None, "~": None}


def _document(file: str, text: str) -> tuple[Specification, Mapping[str, Any]]:
    try:
        document = _plain(file, yaml.compose(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise SpecificationError(f"{file}: not YAML: {error}") from None
    if not isinstance(document, dict) or "command" not in document:
        raise SpecificationError(f"{file}: a mapping with `command:` is expected")
    command = document["command"]
    name = command[0] if isinstance(command, list) else command
    return _node(file, str(name), document, _Options(), None), document


def _node(
    file: str, name: str, raw: Any, inherited: "_Options", parent: Specification | None
) -> Specification:
    if not isinstance(raw, dict):
        raise SpecificationError(f"{file}: {name}: a mapping is expected")
    if unknown := set(raw) - _KEYS:
        raise SpecificationError(f"{file}: {name}: unknown key {min(unknown)}")
    listed = _listed(file, name, raw, inherited)
    options, roles = listed.roles, listed.kinds
    operands, repeat = _operands(file, name, str(raw.get("operands", "")))
    style = raw.get("style", None)
    if style is not None and style not in _STYLES:
        raise SpecificationError(f"{file}: {name}: style {style} isn't one of {', '.join(sorted(_STYLES))}")
    recursive = frozenset(str(raw.get("recursive", "")).split())
    if missing := recursive - set(options):
        raise SpecificationError(f"{file}: {name}: recursive: {min(missing)} isn't an option")
    worst = raw.get("worst")
    if worst not in (None, "write", "run"):
        raise SpecificationError(f"{file}: {name}: worst {worst} isn't write or run")
    if raw.get("plugin") is not None and raw["plugin"] not in PLUGIN_NAMES:
        raise SpecificationError(f"{file}: {name}: no plug-in {raw['plugin']}")
    specification = Specification(
        name=name,
        options=options,
        operands=operands,
        repeat=repeat,
        uniform=repeat is not None and len(operands) == 1 and operands[0] is not Role.PROGRAM,
        effects=tuple(_effect(file, name, str(e)) for e in raw.get("effects", ())),
        plugin=raw.get("plugin", parent.plugin if parent else None),
        project_code=_bool(file, name, raw, "project_code", default=False),
        abbreviations=(style == "gnu") if style else (parent.abbreviations if parent else True),
        permute=_bool(file, name, raw, "permute", default=parent.permute if parent else True),
        single_dash=(style == "single-dash") if style else (parent.single_dash if parent else False),
        digits=_bool(file, name, raw, "digits", default=False),
        stop=frozenset(str(raw.get("stop", "")).split()),
        recursive=recursive,
        empty=raw.get("empty"),
        empty_recursive=raw.get("empty_recursive"),
        alone=_bool(file, name, raw, "alone", default=not raw.get("subcommands")),
        danger=bool(roles & _EXECUTING) or worst == "run",
        reaches=bool(roles - HARMLESS) or worst is not None,
        writes=bool({*roles, *operands} & _WRITING) or worst is not None,
        same={**(parent.same if parent else {}), **_same(file, name, str(raw["same"]), options)}
        if "same" in raw
        else parent.same
        if parent
        else {},
    )
    if "subcommands" in raw or "other" in raw:
        return _with_children(file, raw, specification, listed)
    return specification


def _with_children(
    file: str, raw: Mapping[str, Any], parent: Specification, listed: "_Options"
) -> Specification:
    children: dict[str, Specification] = {}
    for keys, child in (raw.get("subcommands") or {}).items():
        first: Specification | None = None  # those of one line differ in nothing but their name
        for key in str(keys).split():
            if key in children:
                raise SpecificationError(f"{file}: {parent.name}: sub-command {key} is listed twice")
            name = f"{parent.name} {key}"
            if first is None or first.subcommands:
                first = _node(file, name, child or {}, listed, parent)
            children[key] = first if first.name == name else _renamed(first, name)
    other = raw.get("other")
    unlisted = None if other is None else _node(file, f"{parent.name} other", other, listed, parent)
    return replace(parent, subcommands=children, other=unlisted)


def _renamed(specification: Specification, name: str) -> Specification:
    """The same under another name; ``dataclasses.replace`` would take a fifth of the time of loading everything."""
    twin = object.__new__(Specification)
    for slot in Specification.__slots__:
        object.__setattr__(twin, slot, getattr(specification, slot))
    object.__setattr__(twin, "name", name)
    return twin


def _bool(file: str, name: str, raw: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise SpecificationError(f"{file}: {name}: {key} must be true or false")
    return value


@value(frozen=True, slots=True)
class _Options:
    """The options of a node, and what is made of them; sub-commands that list none of their own share it."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    kinds: frozenset[Role] = frozenset()


def _listed(file: str, name: str, raw: Mapping[str, Any], inherited: _Options) -> _Options:
    """The options that a node lists and inherits."""
    inherits = raw.get("inherit", True)
    if inherits and inherited.roles and not raw.get("options"):
        return inherited
    roles = dict(inherited.roles) if inherits else {}
    roles.update(_options(file, name, raw.get("options", {})))
    for standard in ("--help", "--version"):
        roles.setdefault(standard, Role.FLAG)
    return _Options(roles, frozenset(roles.values()))


def _options(file: str, name: str, raw: Any) -> dict[str, Role]:
    if not isinstance(raw, dict):
        raise SpecificationError(f"{file}: {name}: options: a mapping from role to spellings is expected")
    options: dict[str, Role] = {}
    for role, spellings in raw.items():
        meant = _ROLES.get(role)
        if meant is None:
            raise SpecificationError(f"{file}: {name}: options: unknown role {role}")
        listed = str(spellings).split()
        if "{" in spellings:
            listed = [option for spelling in listed for option in _cluster(spelling)]
        for option in listed:
            if option in options:
                raise SpecificationError(f"{file}: {name}: option {option} is listed twice")
            options[option] = meant
    if not _SPELLINGS.match(" ".join(options)):
        wrong = next(option for option in options if not _SPELLINGS.match(option))
        raise SpecificationError(f"{file}: {name}: {wrong} isn't an option")
    return options


def _same(file: str, name: str, text: str, options: Mapping[str, Role]) -> dict[str, tuple[str, ...]]:
    """``-f --force, -n --namespace``: spellings of one option."""
    groups = [tuple(group.split()) for group in text.split(",") if group.strip()]
    for spelling in (spelling for group in groups for spelling in group):
        if spelling not in options:
            raise SpecificationError(f"{file}: {name}: same: {spelling} isn't an option")
    return {spelling: group for group in groups for spelling in group}


def _cluster(spelling: str) -> list[str]:
    """``{-abc}`` is short for ``-a -b -c``."""
    if spelling.startswith("{-") and spelling.endswith("}"):
        return ["-" + letter for letter in spelling[2:-1]]
    return [spelling]


def _operands(file: str, name: str, text: str) -> tuple[tuple[Role, ...], int | None]:
    roles: list[Role] = []
    repeat = None
    for index, word in enumerate(text.split()):
        role = word.removesuffix("*")
        if role not in _OPERAND_ROLES:
            raise SpecificationError(f"{file}: {name}: operands: unknown role {role}")
        if role != word:
            if repeat is not None:
                raise SpecificationError(f"{file}: {name}: operands: two repeated roles")
            repeat = index
        roles.append(Role(role))
    return tuple(roles), repeat


def _effect(file: str, name: str, text: str) -> Effect:
    verb, _, argument = text.partition(" ")
    if not argument or verb not in _PATH_VERBS | _OTHER_VERBS:
        raise SpecificationError(f"{file}: {name}: effects: {text!r} isn't an effect")
    return Effect(verb, argument)


def takes_value(role: Role) -> bool:
    """Whether an option of this role takes the next word as its value when none is attached."""
    return role not in _VALUELESS
