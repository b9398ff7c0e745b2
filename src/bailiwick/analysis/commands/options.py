"""Splitting an argument vector into options, operands and the sub-command, as a specification says.

Follows POSIX utility syntax guidelines and GNU getopt_long: clusters, attached values, unique abbreviations,
``--``. What the specification doesn't list is reported, never skipped.
"""

from typing import TypeAlias

from bailiwick.analysis.commands.argument import LITERAL, NUMBER, OPEN, PATTERN, UNKNOWN, Arg, Place
from bailiwick.analysis.commands.specification import Role, Specification, takes_value
from bailiwick.model.access import AccessKind
from bailiwick.model.value import value


@value(frozen=True, slots=True)
class Option:
    """One option as given: its listed spelling, role and value."""

    name: str
    role: Role
    value: Arg | None
    span: Place | None


_FLAG, _DIRECTORY = Role.FLAG, Role.DIRECTORY
Problem: TypeAlias = tuple[str, Place | None, AccessKind | None]


@value(frozen=False, slots=True, init=False)
class Parsed:
    """The result.

    ``problems`` say what isn't understood, with the kind of access where only its target isn't; ``open`` that unknown
    words may stand among the operands, ``moves`` that an option names the directory it runs in. ``reached`` is what an unknown word may do at worst to a path that isn't known.
    """

    node: Specification
    words: list[Arg]
    options: list[Option]
    operands: list[Arg]
    problems: list[Problem]
    reached: list[tuple[AccessKind, Place | None]]
    open: bool
    moves: bool

    def __init__(self, node: Specification) -> None:
        self.node = node
        self.words, self.options, self.operands = [], [], []
        self.problems, self.reached = [], []
        self.open = self.moves = False

    def spelled(self) -> tuple[tuple[str, str | None], ...]:
        """Every option in each spelling that means the same, with its value (see ``ProgramTarget.options``)."""
        if not self.options:
            return ()
        found: list[tuple[str, str | None]] = []
        same = self.node.same
        for option in self.options:
            value = "" if option.value is None else option.value.literal
            if option.name not in same and not value:
                found.append((option.name, value))
                continue
            for spelling in same.get(option.name, (option.name,)):
                found.append((spelling, value))
                if value and value[0] == "=":  # ``-n=prod``, as programs written in Go take it
                    found.append((spelling, value[1:]))
        return tuple(found)

    @property
    def after_first(self) -> list[Arg]:
        """The operands but the first word, of which a pattern that comes first may be several."""
        first_is_one = not self.operands or self.operands[0].kind is not PATTERN
        return self.operands[1:] if first_is_one else self.operands

    def given(self, *names: str) -> bool:
        """Whether any of these options is given."""
        for option in self.options:  # noqa: SIM110 - asked several times of every command, and most have few options
            if option.name in names:
                return True
        return False

    def values(self, *names: str) -> list[Arg]:
        """The values of these options, in order."""
        return [o.value for o in self.options if o.name in names and o.value is not None]


def parse(specification: Specification, args: tuple[Arg, ...]) -> Parsed:
    """Split ``args`` (without the program's name)."""
    parsed = Parsed(specification)
    i, count = 0, len(args)
    while i < count:
        arg = args[i]
        node = parsed.node
        if arg.kind is not LITERAL and (arg.kind is OPEN or arg.may_be_option):
            _unknown(parsed, arg)
            i += 1
            continue
        text = arg.text
        if text == "--" and arg.kind is LITERAL:
            _rest(parsed, args[i + 1 :])
            break
        if len(text) > 1 and text[0] == "-" and arg.kind is not NUMBER:
            i = _option(parsed, args, i)
            if node.stop and parsed.options and parsed.options[-1].name in node.stop:
                _rest(parsed, args[i:])
                break
            continue
        if node.subcommands and not parsed.operands:
            child = node.subcommands.get(text, node.other) if arg.kind is LITERAL else None
            if child is None:
                parsed.problems.append((f"unknown sub-command of {node.name}", arg.span, None))
                parsed.operands += args[i:]
                break
            parsed.words.append(arg)
            parsed.node = child
            i += 1
            if child is node.other and not child.permute:
                _rest(parsed, args[i:])
                break
            continue
        if not node.permute:
            _rest(parsed, args[i:])
            break
        parsed.operands.append(arg)
        i += 1
    return parsed


def _rest(parsed: Parsed, args: tuple[Arg, ...]) -> None:
    """Whatever follows is an operand."""
    parsed.operands += args
    for arg in args:
        if arg.kind is OPEN:
            parsed.open = True


def _unknown(parsed: Parsed, arg: Arg) -> None:
    """A word that may be an option, or may be several words."""
    node = parsed.node
    if arg.kind is OPEN:
        parsed.open = True
    # A file name holds no slash, so a glob can only smuggle in options on files of the directory itself.
    risky = node.danger if arg.kind is PATTERN else node.reaches
    if node.subcommands and not parsed.operands:
        parsed.problems.append((f"sub-command of {node.name} isn't known", arg.span, None))
    elif node.danger and risky:  # at worst it names a program
        reason = f"a word that isn't known may be an option of {node.name}"
        parsed.problems.append((reason, arg.span, AccessKind.EXECUTE))
    elif risky:  # at worst it names another file
        parsed.reached.append((AccessKind.WRITE if node.writes else AccessKind.READ, arg.span))
    parsed.operands.append(arg)


def _option(parsed: Parsed, args: tuple[Arg, ...], i: int) -> int:
    """Read the option at ``i``; the index after it and its value."""
    arg, node = args[i], parsed.node
    if arg.kind is LITERAL and not node.digits and node.options.get(arg.text) is _FLAG:
        parsed.options.append(Option(arg.text, _FLAG, None, arg.span))  # spelled as it is listed
        return i + 1
    if node.digits and arg.kind is LITERAL and arg.text[1:].isdigit():
        return i + 1
    if arg.text.startswith("--") or node.single_dash:
        return _long(parsed, args, i)
    if arg.kind is LITERAL and arg.text in node.options:  # listed whole, as in find's or java's style
        return _take(parsed, arg.text, None, args, i)
    return _cluster(parsed, args, i)


def _take(parsed: Parsed, name: str, attached: Arg | None, args: tuple[Arg, ...], i: int) -> int:
    role, span = parsed.node.options[name], args[i].span
    parsed.moves |= role is _DIRECTORY
    if attached is not None or not takes_value(role):
        parsed.options.append(Option(name, role, attached, span))
        return i + 1
    if i + 1 >= len(args):
        parsed.problems.append((f"option {name} without a value", span, None))
        return i + 1
    value = args[i + 1]
    if value.kind is OPEN:  # the value, and perhaps further words
        if parsed.node.subcommands:
            parsed.problems.append((f"value of option {name} isn't known", value.span, None))
            parsed.open = True
        else:
            _unknown(parsed, value)
        value = Arg("", UNKNOWN, value.span, value.sources)
    parsed.options.append(Option(name, role, value, span))
    if value.kind is PATTERN:  # of several matches the first is the value, the others are operands
        parsed.operands.append(value)
    return i + 2


def _long(parsed: Parsed, args: tuple[Arg, ...], i: int) -> int:
    arg, node = args[i], parsed.node
    name, equals, value = arg.text.partition("=")
    if arg.kind is not LITERAL and not equals:
        parsed.problems.append((f"option of {node.name} isn't known", arg.span, None))
        return i + 1
    if name not in node.options:
        dashes = "--" if node.single_dash and name[1:2] != "-" else ""
        shortens = node.abbreviations and name[:2] == "--"
        candidates = [o for o in node.options if o.startswith(name)] if shortens else []
        if dashes and "-" + name in node.options:
            candidates = ["-" + name]
        elif node.single_dash and name.startswith("--") and name[1:] in node.options:
            candidates = [name[1:]]
        if len(candidates) != 1:
            parsed.problems.append((f"unknown option {name} of {node.name}", arg.span, None))
            return i + 1
        name = candidates[0]
    role = node.options[name]
    if equals and role in (Role.FLAG, Role.OPAQUE_FLAG) and value not in ("true", "false"):
        parsed.problems.append((f"option {name} of {node.name} takes no value", arg.span, None))
        return i + 1
    return _take(parsed, name, arg.with_text(value) if equals else None, args, i)


def _cluster(parsed: Parsed, args: tuple[Arg, ...], i: int) -> int:
    arg, node = args[i], parsed.node
    for position in range(1, len(arg.text)):
        name = "-" + arg.text[position]
        role = node.options.get(name)
        rest = arg.text[position + 1 :]
        if role is None:
            parsed.problems.append((f"unknown option {name} of {node.name}", arg.span, None))
            return i + 1
        if takes_value(role) or role is Role.OPTIONAL:
            attached = arg.with_text(rest) if rest or arg.kind is not LITERAL else None
            return _take(parsed, name, attached, args, i)
        parsed.options.append(Option(name, role, None, arg.span))
    if arg.kind is not LITERAL:
        parsed.problems.append((f"option of {node.name} isn't known", arg.span, None))
    return i + 1
