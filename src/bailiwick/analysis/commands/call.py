"""One command as given, and the accesses of its options and operands."""

import re
from collections.abc import Iterator

from bailiwick.analysis.address import canonical_host
from bailiwick.analysis.commands.argument import (
    LITERAL,
    OPEN,
    PATTERN,
    STANDARD_INPUT,
    UNKNOWN,
    Arg,
    Machine,
    Place,
)
from bailiwick.analysis.commands.options import Option, Parsed
from bailiwick.analysis.commands.specification import Role, Specification, find
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex
from bailiwick.model.value import value

_READ, _WRITE, _DELETE = (AccessKind.READ,), (AccessKind.WRITE,), (AccessKind.DELETE,)
_PATHS: dict[Role, tuple[tuple[AccessKind, ...], bool]] = {
    Role.READ: (_READ, False),
    Role.READ_TREE: (_READ, True),
    Role.LOOK: (_READ, False),
    Role.LOOK_TREE: (_READ, True),
    Role.WRITE: (_WRITE, False),
    Role.WRITE_TREE: (_WRITE, True),
    Role.EDIT: (_READ + _WRITE, False),
    Role.EDIT_TREE: (_READ + _WRITE, True),
    Role.DELETE: (_DELETE, False),
    Role.DELETE_TREE: (_DELETE, True),
    Role.TARGET: (_WRITE, True),
}
_FLAG = Role.FLAG
_OPAQUE, _OPAQUE_FILE, _OPAQUE_FLAG = Role.OPAQUE, Role.OPAQUE_FILE, Role.OPAQUE_FLAG
_PROGRAM, _TARGET, _TEXT = Role.PROGRAM, Role.TARGET, Role.TEXT
_LOOK, _LOOK_TREE = Role.LOOK, Role.LOOK_TREE
_UNMODELLED = frozenset((Role.OPAQUE, Role.OPAQUE_FILE, Role.PROGRAM, Role.SHELL))
_WORST = {
    "opaque": None,
    "runs": AccessKind.EXECUTE,
    "changes": AccessKind.CHANGE_CONFIG,
    "contacts": AccessKind.CONNECT,
}
"""Effects of which the target isn't known, and what is known of them."""
_STANDARD_INPUT = frozenset((Role.READ, Role.READ_TREE))
"""Roles for which ``-`` is no file."""
_URL = regex(
    r"(?:(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://)?(?:[^/@\s?#]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/:\s?#@\[\]\\{}]+)(?::(?P<port>\d{1,5}))?(?=[/?#]|\Z)"
)
_TEMPLATE_FILE = regex(r"=?(?:jsonpath|go-template|custom-columns|template)-?file=")
"""How ``kubectl -o`` names a file that it prints by."""
PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "ssh": 22,
    "git": 9418,
    "redis": 6379,
    "rediss": 6379,
    "postgresql": 5432,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mongodb": 27017,
    "amqp": 5672,
    "amqps": 5671,
}
"""The usual port of what an address's scheme names."""


@value(frozen=True, slots=True)
class Call:
    """One command as given: what a plug-in works on. ``args`` includes the program's name."""

    args: tuple[Arg, ...]
    parsed: Parsed
    machine: Machine

    @property
    def name(self) -> str:
        """The program's base name."""
        return self.args[0].text.rsplit("/", 1)[-1]

    def begin(self, *, project_code: bool | None = None) -> None:
        """Record that the program runs, with its sub-command and operands as words."""
        parsed = self.parsed
        code = parsed.node.project_code if project_code is None else project_code
        words = (*parsed.words, *parsed.operands)
        options = parsed.spelled() if parsed.options else ()
        self.machine.begin(words, options=options, project_code=code)

    def moved(self, directory: Arg) -> "Call":
        """The same call with its paths seen from another directory."""
        return Call(self.args, self.parsed, self.machine.inside(directory))

    def options(self) -> None:
        """Make the accesses of every option and report what isn't understood."""
        parsed = self.parsed
        for reason, span, worst in parsed.problems:
            self.machine.opaque(self._as_called(reason), span, worst)
        for kind, span in parsed.reached:
            self.machine.path(kind, Arg("", UNKNOWN, span))
        for option in parsed.options:
            if option.role is not _FLAG:
                self.option(option)

    def _as_called(self, reason: str) -> str:
        """A reason with the name that the program was called by, where its specification bears another's."""
        described = find(self.name)
        if described is None or described.name == self.name:
            return reason
        return re.sub(rf"\b(of|than) {re.escape(described.name)}\b", rf"\1 {self.name}", reason, count=1)

    def option(self, option: Option) -> None:
        """Make the accesses of one option."""
        if option.role is _OPAQUE_FLAG:
            self.machine.opaque(f"option {option.name} of {self.name}", option.span)
        elif option.value is not None:
            if option.role is _OPAQUE or option.role is _OPAQUE_FILE:
                self.machine.opaque(f"option {option.name} of {self.name}", option.span)
                if option.role is _OPAQUE_FILE:
                    self.machine.path(AccessKind.READ, option.value)
            elif option.role is _PROGRAM:
                run_words(self.machine, option.value)
            else:
                self.role(option.role, option.value)

    def role(self, role: Role, arg: Arg, *, recursive: bool = False) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm per form
        """Make the accesses of one value or operand."""
        machine = self.machine
        if (access := _PATHS.get(role)) is not None:
            kinds, tree = access
            if arg.text == "-" and arg.kind is LITERAL and role in _STANDARD_INPUT:
                return
            names = role is _LOOK or role is _LOOK_TREE
            for kind in kinds:
                machine.path(kind, arg, tree=tree or recursive, names=names)
            return
        if role is _TEXT and "file" not in arg.text:
            return  # most values
        match role:
            case Role.SHELL:
                machine.script(arg)
            case Role.REMOTE_PROGRAM:
                machine.opaque("a command on another machine", arg.span, AccessKind.EXECUTE)
            case Role.OPAQUE | Role.OPAQUE_FILE:
                machine.opaque(f"operand of {self.name}", arg.span)
                if role is _OPAQUE_FILE:
                    machine.path(AccessKind.READ, arg)
            case Role.HOST:
                host(machine, arg)
            case Role.URL:
                url(machine, arg)
            case Role.LIST:
                machine.path(AccessKind.READ, arg)
                machine.path(AccessKind.READ, Arg("", UNKNOWN, arg.span))
            case Role.TEXT if arg.text.startswith(("file://", "fileb://")):
                machine.path(AccessKind.READ, arg.with_text(arg.text.partition("://")[2]))
            case Role.TEXT if match := _TEMPLATE_FILE.match(arg.text):
                machine.path(AccessKind.READ, arg.with_text(arg.text[match.end() :]))
            case Role.SOURCE:
                if "://" in arg.text:
                    url(machine, arg)
                elif arg.literal != "-":
                    machine.path(AccessKind.READ, arg)
            case Role.CODE | Role.CODE_TREE:
                code(machine, arg, tree=role is Role.CODE_TREE)
            case Role.AT_FILE:
                if arg.literal == "@-" and self.name == "curl":
                    pass  # its standard input, to which the shell's reader has the flow
                elif arg.text.startswith("@"):
                    machine.path(AccessKind.READ, arg.with_text(arg.text[1:]))
                elif "=@" in arg.text and self.name == "gh":
                    machine.path(AccessKind.READ, arg.with_text(arg.text.partition("=@")[2]))
                elif arg.may_be_option or arg.kind is OPEN or (arg.kind is UNKNOWN and not arg.text):
                    machine.opaque("value may name a file", arg.span, AccessKind.READ)
            case Role.KEY_FILE:
                machine.path(AccessKind.READ, arg.with_text(arg.text[arg.text.find("=") + 1 :]), tree=True)
            case Role.REMOTE:
                remote(machine, arg, AccessKind.READ)
            case Role.VARIABLE:
                name, equals, value = arg.text.partition("=")
                if equals:
                    machine.variable(
                        AccessKind.CHANGE_CONFIG, name, value if arg.literal is not None else None, arg.span
                    )
                else:
                    machine.opaque("variable isn't known", arg.span)
            case _:
                return

    def operands(self) -> None:
        """Make the accesses of the operands and the fixed effects."""
        node, parsed = self.parsed.node, self.parsed
        recursive = False
        if node.recursive:
            for option in parsed.options:
                recursive |= option.name in node.recursive
        if parsed.open and len(set(node.operands)) > 1 and _PROGRAM not in node.operands:
            worst = (
                None if _UNMODELLED.intersection(node.operands) else _WRITE[0] if node.writes else _READ[0]
            )
            self.machine.opaque(f"how many operands {node.name} gets isn't known", None, worst)
        if parsed.operands:
            if node.uniform:
                for operand in parsed.operands:
                    self.role(node.operands[0], operand, recursive=recursive)
            else:
                self._operands(recursive=recursive)
        else:
            empty = node.empty_recursive if recursive and node.empty_recursive else node.empty
            if empty is not None:
                names = node.operands[:1] in ((_LOOK,), (_LOOK_TREE,))
                self.machine.path(AccessKind.READ, Arg(empty), tree=recursive, names=names)
        if node.effects:
            self.effects()
        if (
            node.subcommands
            and not node.alone
            and not parsed.operands
            and not parsed.problems
            and not parsed.given("--help", "--version", "-h", "-V", "-v")
        ):
            self.machine.opaque(f"{node.name} without a sub-command")

    def _operands(self, *, recursive: bool) -> None:
        node, operands = self.parsed.node, self.parsed.operands
        assigned = assign(node, len(operands))
        if node.operands and any(o.role is _TARGET and o.value is not None for o in self.parsed.options):
            assigned = [node.operands[0]] * len(operands)
        for index, operand in enumerate(operands):
            role = assigned[index]
            if role is None and operand.kind is OPEN and not node.operands:
                continue  # none, or too many for it to run
            if role is None:
                self.machine.opaque(
                    self._as_called(f"more operands than {node.name} is known to take"), operand.span
                )
                break
            if role is _PROGRAM:
                self.machine.run(tuple(operands[index:]))
                break
            if operand.kind in (OPEN, PATTERN) and _PROGRAM in node.operands:
                self.machine.opaque(f"program that {node.name} runs isn't known", operand.span)
            self.role(role, operand, recursive=recursive)
        if any(operand.kind is PATTERN for operand in operands):
            for operand, role in _spread(node, operands, assigned):
                self.role(role, operand, recursive=recursive)

    def effects(self) -> None:
        """Make the accesses that every run makes."""
        for effect in self.parsed.node.effects:
            self._effect(effect.verb, effect.argument)

    def url(self, arg: Arg) -> None:
        """Make the accesses of a URL."""
        url(self.machine, arg)

    def unfed(self, reason: str) -> None:
        """Say that it takes code from standard input, which is what a person types where nothing is fed to it."""
        self.machine.opaque(reason, None, None if self.machine.fed else AccessKind.EXECUTE)

    def role_of_read(self, arg: Arg) -> None:
        """Read a file, or standard input for ``-``."""
        self.role(Role.READ, arg)

    def _effect(self, verb: str, argument: str) -> None:
        if verb == "connect":
            name, _, port = argument.partition(":")
            self.machine.connect(name, int(port) if port else None)
        elif verb in _WORST:
            worst = _WORST[verb]
            self.machine.opaque(argument if worst is None else f"{verb} {argument}", None, worst)
        else:
            if argument.startswith("~/"):
                argument = self.machine.home + argument[1:]
            kinds, tree = _PATHS[Role(verb)]
            shape = PATTERN if any(c in argument for c in "*?[{") else LITERAL
            for kind in kinds:
                self.machine.path(kind, Arg(argument, shape), tree=tree)


def _spread(
    node: Specification, operands: list[Arg], assigned: list[Role | None]
) -> Iterator[tuple[Arg, Role]]:
    """The further roles that operands have where patterns among them are more words than one.

    More words than a program takes are an error of its own, so only places that it has count.
    """
    patterns = [index for index, operand in enumerate(operands) if operand.kind is PATTERN]
    if not patterns or len(set(node.operands)) <= 1:
        return
    first, last = patterns[0], patterns[-1]
    for index, operand in enumerate(operands):
        seen = {assigned[index]}
        for extra in range(1, len(node.operands) + 1):
            roles = assign(node, len(operands) + extra)
            begin = index if last >= index else index + extra
            end = index + extra if first <= index else index
            for role in roles[begin : end + 1]:
                if role is not None and role is not _PROGRAM and role not in seen:
                    seen.add(role)
                    yield operand, role


def assign(node: Specification, count: int) -> list[Role | None]:
    """The role of each of ``count`` operands; None for one too many."""
    roles, repeat = node.operands, node.repeat
    if repeat is None:
        return [roles[i] if i < len(roles) else None for i in range(count)]
    tail = len(roles) - repeat - 1
    result: list[Role | None] = []
    for i in range(count):
        if i < repeat:
            result.append(roles[i])
        elif count - i <= tail and count > tail:
            result.append(roles[len(roles) - (count - i)])
        else:
            result.append(roles[repeat])
    return result


def run_words(machine: Machine, command: Arg) -> None:
    """Run a command line given in one word, split at blanks (``--compress-program='gzip -9'``)."""
    if command.literal is None or any(c in command.text for c in "'\"\\$`;|&<>()*?"):
        machine.opaque("program given by an option isn't known", command.span)
    elif words := command.text.split():
        machine.run(tuple(Arg(word, span=command.span) for word in words))


def host(machine: Machine, arg: Arg, port: int | None = None) -> None:
    """A host operand: ``host``, ``user@host``, ``host:port``; ``port`` is the one that an address without names."""
    if arg.literal is None:
        machine.connect("*", None, arg.span)
        machine.opaque("host isn't known", arg.span, AccessKind.CONNECT)
        return
    match = _URL.match(arg.text)
    if match is None:
        bare = (
            canonical_host(arg.text) if arg.text.count(":") > 1 else None
        )  # an IPv6 address without brackets
        if bare is None:
            machine.opaque("not a host name", arg.span)
        else:
            machine.connect(bare, port, arg.span)
        return
    connect(machine, match["host"], int(match["port"]) if match["port"] else port, arg.span)


def url(machine: Machine, arg: Arg, *, sends: bool = False) -> None:
    """A URL operand; a ``file:`` URL is a read."""
    known = arg.text if arg.kind is LITERAL else ""
    if arg.kind in (UNKNOWN, PATTERN) and re.match(
        r"[a-zA-Z][a-zA-Z0-9+.-]*://[A-Za-z0-9.-]+(:\d+)?/", arg.text
    ):
        known = arg.text  # what isn't known lies behind the authority
    if known.lower().startswith("file:"):
        machine.path(AccessKind.READ, arg.with_text(re.sub(r"(?i)^file:(//[^/]*)?", "", known)))
        return
    match = _URL.match(known) if known else None
    if match is None:
        machine.connect("*", None, arg.span, sends=sends)
        machine.opaque("URL isn't known", arg.span, AccessKind.CONNECT)
        return
    port = int(match["port"]) if match["port"] else PORTS.get((match["scheme"] or "http").lower())
    connect(machine, match["host"], port, arg.span, sends=sends)


def code(machine: Machine, arg: Arg, *, tree: bool = False) -> None:
    """What is run or loaded: a file or directory that is read, a URL that is fetched; opaque unless it is the project's own."""
    if _FETCHED.match(arg.text):
        url(machine, arg.with_text(arg.text.partition("+")[2] if _WITH_VCS.match(arg.text) else arg.text))
        machine.opaque("code from the network", arg.span, AccessKind.EXECUTE)
        return
    if arg.literal in STANDARD_INPUT:
        machine.opaque("code from standard input", arg.span, None if machine.fed else AccessKind.EXECUTE)
        return
    own = trusted(machine, arg)
    if not (own and tree):
        machine.path(AccessKind.READ, arg, tree=tree)
    if not own:
        machine.opaque("code from outside the project", arg.span, AccessKind.EXECUTE)


def trusted(machine: Machine, arg: Arg) -> bool:
    """Whether a path surely lies in the project, or where only the system's own software is."""
    if arg.kind is PATTERN:
        return ".." not in arg.text and not _FROM_ROOT.search(arg.text) and machine.own(Arg("."))
    if arg.literal is None:
        return False
    return (machine.own(arg) and not machine.meddled(arg)) or (
        _SYSTEM.match(arg.text) is not None and ".." not in arg.text
    )


_FETCHED = regex(r"data:|(?:[a-z]+\+)?(?!file:)[a-zA-Z][a-zA-Z0-9.-]*://|git@")
_WITH_VCS = regex(r"[a-z]+\+[a-z]+://")
_FROM_ROOT = regex(r"(?:\A|[{,])[/~]")
_SYSTEM = regex(r"/(?:usr|bin|sbin|lib\w*|opt|etc|nix/store)/|/dev/null\Z")
"""Below these only an administrator writes; policy keeps sessions from it."""


def connect(
    machine: Machine, name: str, port: int | None, span: Place | None, *, sends: bool = False
) -> None:
    """A connection to a host however it is spelled."""
    known = canonical_host(name.rstrip("."))
    machine.connect(known or name.strip("[]").lower().rstrip("."), port, span, sends=sends)
    if known is None:
        machine.opaque("host that may be read in several ways", span, AccessKind.CONNECT)


_REMOTE = regex(r"(?:rsync|ssh|scp|sftp)://|(?:[\w.+-]+@)?(?:\[[0-9a-fA-F:]+\]|[\w.-]+)::?")


def remote(machine: Machine, arg: Arg, kind: AccessKind, *, tree: bool = False) -> bool:
    """A ``host:path`` operand or a local path; whether it is remote."""
    text = arg.text
    if arg.kind in (LITERAL, UNKNOWN, PATTERN) and (match := _REMOTE.match(text)):
        if "://" in match.group():
            url(machine, arg)
        else:
            name = match.group().rstrip(":").rsplit("@", 1)[-1].strip("[]").lower()
            machine.connect(name, 22 if not match.group().endswith("::") else 873, arg.span)
        return True
    machine.path(kind, arg, tree=tree)
    return False
