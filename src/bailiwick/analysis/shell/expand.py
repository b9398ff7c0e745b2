"""Expanding words in a state: parameters, substitutions and arithmetic, with what they run and read."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import (
    LITERAL,
    NUMBER,
    OPEN,
    PATTERN,
    UNKNOWN,
    Arg,
    Lines,
    Place,
    Processes,
)
from bailiwick.analysis.shell.environment import NUMBERS, PORTABLE_NUMBERS, QUIET_READS, is_dangerous
from bailiwick.analysis.shell.expansion import MAX_TEXT, Field, braces, glob, joined
from bailiwick.analysis.shell.state import Array, State, numeric
from bailiwick.analysis.shell.syntax import (
    PERHAPS,
    Arithmetic,
    Parameter,
    Part,
    ProcessSubstitution,
    Substitution,
    Text,
    extent,
    parts_of,
)
from bailiwick.model.access import AccessKind, VariableTarget
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.shell.interpreter import Interpreter

_BRACES = Text("{}", quoted=False)
_BLANKS = regex(r"[ \t\n]+")
_WILD = regex(r"[*?\[]")
_SUBSCRIPT = regex(r"(\w+)\[\$?([^\]]*)\]\Z", re.ASCII)


_ASSIGNMENT = regex(r"[A-Za-z_]\w*\+?=", re.ASCII)


def is_assignment(word: Arg) -> bool:
    """Whether a word of a declaration is surely ``name=value``, with nothing in it that becomes several words first."""
    parts = parts_of(word)
    first = parts[0] if parts else None
    return (
        isinstance(first, Text)
        and not first.quoted
        and _ASSIGNMENT.match(first.text) is not None
        and not any(isinstance(part, Text) and not part.quoted and "{" in part.text for part in parts)
    )


class Expander:
    """Expansion on behalf of one interpreter."""

    __slots__ = ("_interpreter",)

    def __init__(self, interpreter: "Interpreter") -> None:
        self._interpreter = interpreter

    def word(self, word: Arg, state: State) -> list[Arg]:
        """The argument words that one word of source becomes."""
        span = self._interpreter.span(*extent(word))
        if word.kind is LITERAL:
            return [Arg(word.text, LITERAL, span)]
        parts = parts_of(word)
        for part in parts:
            if type(part) is Text and not part.quoted and "{" in part.text:
                break
        else:
            return self._fields(parts, state, span, split=True)
        if len(parts) == 1 and parts[0] == _BRACES:
            return [Arg("{}", LITERAL, span)]
        expanded = braces(parts) if self._interpreter.dialect != "sh" else None
        if expanded is None:
            self._fields(parts, state, span, split=True)
            return [Arg("", OPEN, span)]
        if self._interpreter.dialect == "zsh" and not all(expanded):
            return [Arg("", OPEN, span)]  # zsh keeps an empty word that bash drops
        self._interpreter.record.spend(4 * len(expanded))
        return [arg for parts in expanded for arg in self._fields(parts, state, span, split=True)]

    def value(self, word: Arg, state: State) -> Arg:
        """The value an assignment or a here-string gives: neither split nor matched with files."""
        span = self._interpreter.span(*extent(word))
        if word.kind is LITERAL:
            return Arg(word.text, LITERAL, span)
        fields = self._fields(parts_of(word), state, span, split=False)
        return fields[0] if fields else Arg("", LITERAL, span)

    def body(self, parts: tuple[Part, ...], state: State, span: Place) -> Arg:
        """The text of a here-document."""
        fields = self._fields(parts, state, span, split=False)
        return fields[0] if fields else Arg("", LITERAL, span)

    def _fields(self, parts: tuple[Part, ...], state: State, span: Place, *, split: bool) -> list[Arg]:  # noqa: C901, PLR0912 - one arm per form
        if len(parts) == 1 and type(only := parts[0]) is Text:
            if only.quoted and len(only.text) <= MAX_TEXT:
                return [Arg(only.text, LITERAL, span)]
        elif split and (whole := self._whole(parts, state)) is not None:
            return whole
        finished: list[Field] = []
        field = Field(span)
        present = spread = False
        for index, part in enumerate(parts):
            field.settle()
            match part:
                case Text():
                    present = True
                    if part.quoted:
                        field.literal(part.text)
                    else:
                        self._source(
                            field, part.text, state, split=split, first=index == 0, alone=len(parts) == 1
                        )
                case ProcessSubstitution():
                    present = True
                    field.literal("/dev/fd/63")
                    field.sources |= self._process(part, state)
                case _:
                    arg = self._part(part, state, span)
                    if isinstance(arg, Processes) and not state.shaky and _alone(part, parts):
                        return [arg]
                    quoted = isinstance(part, Parameter | Substitution) and part.quoted
                    if quoted or not split or isinstance(part, Arithmetic):
                        present = True
                        spread |= split and arg.kind is OPEN
                        field.value(arg)
                    elif _simple(arg) and not state.shaky:
                        present |= arg.kind is NUMBER or bool(arg.text)
                        field.value(arg)
                    elif arg.literal is not None and not state.shaky and self._interpreter.dialect != "zsh":
                        field, present = self._split(arg, field, finished, span, present=present)
                    else:
                        field.sources |= arg.sources
                        if isinstance(arg, Lines) and len(parts) == 1 and not state.shaky:
                            return [Arg(arg.text, PATTERN, span, arg.sources)]
                        if not present and not finished and len(parts) == 1:
                            return [Arg("", OPEN, span, arg.sources)]
                        field.unknown()
                        present = spread = True
        if present:
            finished.append(field)
        args = [f.arg(path_glob=split) for f in finished]
        if spread:
            last = args[-1]
            args.append(Arg("", OPEN, span, last.sources))
            if not args[0].text and len(args) == 2:  # noqa: PLR2004 - an empty beginning says nothing
                return args[1:]
        return args

    @staticmethod
    def _whole(parts: tuple[Part, ...], state: State) -> list[Arg] | None:
        """The words of ``"$@"`` or ``"${name[@]}"`` where they are known and nothing is joined to them."""
        chosen: Parameter | None = None
        for part in parts:
            if isinstance(part, Parameter) and chosen is None and not part.operator:
                chosen = part
            elif not isinstance(part, Text) or not part.quoted or part.text:
                return None
        elements: tuple[Arg, ...] | None = None
        if chosen is not None and chosen.name == "@":
            elements = state.positional
        elif chosen is not None and chosen.name.endswith("[@]"):
            held = state.variables.get(chosen.name[:-3])
            elements = held.elements if isinstance(held, Array) else None
        if chosen is None or elements is None:
            return None
        if chosen.quoted or (not state.shaky and all(_simple(arg) for arg in elements)):
            return list(elements)
        return None

    def _source(  # noqa: PLR0913 - one command in full
        self, field: Field, text: str, state: State, *, split: bool, first: bool, alone: bool
    ) -> None:
        """Unquoted characters of the source: tilde, then globs."""
        if first and text.startswith("~"):
            name, slash, _ = text[1:].partition("/")
            context = self._interpreter.context
            if not alone and not slash:
                field.unknown()  # what is quoted may be part of the name
                return
            if not name:
                home = self._parameter(Parameter("HOME", quoted=True), state, field.span)
            elif name == context.user and self._interpreter.dialect != "zsh":
                home = Arg(context.home, LITERAL)  # in zsh a directory may have that name
            else:
                home = Arg("", UNKNOWN)
            if home.literal is None:
                field.unknown()
                return
            field.literal(home.text)
            text = text[1 + len(name) :]
        if "~" in text:
            place = min((text.find(c + "~") for c in "=:" if c + "~" in text), default=-1)
            if place >= 0:
                field.literal(text[: place + 1])
                field.unknown()
                return
        if split and _WILD.search(text):
            if state.shaky:
                field.unknown()
            else:
                field.pattern(glob(text))
        else:
            field.literal(text)

    @staticmethod
    def _split(
        arg: Arg, field: Field, finished: list[Field], span: Place, *, present: bool
    ) -> tuple[Field, bool]:
        """Field splitting of a known value with the default IFS."""
        pieces = _BLANKS.split(arg.text)
        for number, piece in enumerate(pieces):
            if number and present:
                finished.append(field)
            if number:
                field, present = Field(span), False
            if piece:
                present = True
                field.sources |= arg.sources
                if _WILD.search(piece) or "\\" in piece:
                    field.pattern(glob(piece))
                else:
                    field.literal(piece)
        return field, present

    # -- parts

    def _part(self, part: Part, state: State, span: Place) -> Arg:
        match part:
            case Parameter():
                return self._parameter(part, state, span)
            case Substitution(body, _):
                sources, output = self._interpreter.capture(body, state)
                if output is not None and output.literal is not None:
                    return Arg(output.text.rstrip("\n"), LITERAL, span, sources | output.sources)
                if output is not None and output.kind is NUMBER:
                    return Arg("", NUMBER, span, sources | output.sources)
                if isinstance(output, Processes):
                    return output
                if isinstance(output, Lines):
                    return Lines(output.text, PATTERN, span, sources | output.sources)
                return Arg("", UNKNOWN, span, sources)
            case Arithmetic():
                self.arithmetic(part, state, span)
                self.may_fail(part, span)
                return Arg("", NUMBER, span)
            case _:
                raise TypeError(part)

    def _process(self, part: ProcessSubstitution, state: State) -> frozenset[int]:
        if part.direction == "<":
            return self._interpreter.capture(part.body, state)[0]
        self._interpreter.sinks += tuple(sorted(self._interpreter.feed(part.body, state)))
        return frozenset()

    def arithmetic(self, node: Arithmetic, state: State, span: Place) -> None:
        """Evaluate an expression: a value that isn't a number may hold code (``a[$(cmd)]``)."""
        for part in node.parts:
            if isinstance(part, Text):
                continue
            if not numeric(self._part(part, state, span)):
                self._interpreter.record.opaque("arithmetic on a value that isn't known to be a number", span)
        for name in node.names:
            self.number(name, state, span)
            held = state.variables[name] = Arg("", NUMBER, span)
            if is_dangerous(name):
                self._interpreter.set_variable(state, name, held, span, exported=False)

    def may_fail(self, node: Arithmetic, span: Place) -> None:
        """After an error of evaluation bash drops the rest of the line and goes on with the next."""
        if not node.certain:
            self._interpreter.dropped(span)

    def number(self, name: str, state: State, span: Place | None) -> None:
        """A variable evaluated as arithmetic must hold a number."""
        value = state.variables.get(name)
        if value is None:
            text = self._interpreter.context.environment.get(name, "")
            value = Arg(text) if name not in NUMBERS else Arg("", NUMBER)
        if not numeric(value):
            self._interpreter.record.opaque(f"arithmetic on {name}, which isn't known to be a number", span)

    def _parameter(self, part: Parameter, state: State, span: Place) -> Arg:
        operator = part.operator
        value = self._lookup(part.name, state, span)
        if operator == "#len":
            return Arg("", NUMBER, span)
        if not operator:
            return value
        if (
            operator == ":"
            and "-" in "".join(p.text for p in part.operand if isinstance(p, Text)).partition(":")[2]
        ):
            self._interpreter.dropped(span)  # a negative length may be too long
        operand = self._fields(part.operand, state, span, split=False)
        text = operand[0] if operand else Arg("", LITERAL, span)
        sources = value.sources | text.sources
        if operator in ("-", ":-", "?", ":?", "=", ":=") and value.literal:
            return value
        if operator in ("=", ":="):
            state.variables[part.name] = Arg("", UNKNOWN, span, sources)
            self._interpreter.set_variable(state, part.name, state.variables[part.name], span, exported=False)
        if text.literal and _plain(text.text):
            if operator in ("%", "%%") and (
                value.literal is not None or (value.kind is PATTERN and value.text.endswith(text.text))
            ):
                return value.with_text(value.text.removesuffix(text.text))
            if operator in ("#", "##") and value.literal is not None:
                return value.with_text(value.text.removeprefix(text.text))
        return Arg("", OPEN if value.kind is OPEN else UNKNOWN, span, sources)

    def _lookup(self, name: str, state: State, span: Place) -> Arg:  # noqa: C901, PLR0912 - one arm per form
        if match := _SUBSCRIPT.match(name):
            if match[2] and match[2] not in "@*" and not match[2].lstrip("-").isdigit():
                self.number(match[2], state, span)
            held = state.variables.get(match[1])
            if isinstance(held, Array) and match[2].isdigit():
                return _nth(held.elements, int(match[2]), span)
            return Arg("", OPEN, span, held.sources if held else frozenset())
        if name in state.variables:
            return state.variables[name]
        if name == PERHAPS:
            return Arg("", OPEN, span)
        if name in ("@", "*"):
            if name == "*" and state.positional is not None:
                return joined(state.positional)
            return Arg("", OPEN, span)
        if name.isdigit():
            return self._positional(int(name), state, span)
        if name in (NUMBERS if self._interpreter.dialect == "bash" else PORTABLE_NUMBERS):
            return Arg("", NUMBER, span)
        context = self._interpreter.context
        if name == "PWD":
            return (
                Arg(state.cwd[0], LITERAL, span)
                if state.cwd and len(state.cwd) == 1
                else Arg("", UNKNOWN, span)
            )
        if name == "HOME":
            return Arg(context.home, LITERAL, span)
        if name.isidentifier() and name not in QUIET_READS:
            self._interpreter.record.access(AccessKind.READ, VariableTarget(name=name), span)
        if name in context.environment:
            return Arg(context.environment[name], LITERAL, span)
        return Arg("", UNKNOWN, span)

    @staticmethod
    def _positional(number: int, state: State, span: Place) -> Arg:
        if number == 0 or state.positional is None:
            return Arg("", UNKNOWN, span)
        return _nth(state.positional, number - 1, span)


def _nth(words: tuple[Arg, ...], index: int, span: Place) -> Arg:
    """The word at ``index``, counted from 0; empty beyond the end."""
    if any(arg.kind in (OPEN, PATTERN) for arg in words[:index]):
        return Arg("", UNKNOWN, span)
    if index >= len(words):
        return Arg("", LITERAL, span)
    arg = words[index]
    return Arg("", UNKNOWN, span, arg.sources) if arg.kind is OPEN else arg


def _alone(part: Part, parts: tuple[Part, ...]) -> bool:
    """Whether a word is this part and nothing else but quotes."""
    return all(
        other is part or (isinstance(other, Text) and other.quoted and not other.text) for other in parts
    )


def _simple(arg: Arg) -> bool:
    """Whether a value stays one word, unquoted, whatever the field separators' default."""
    if arg.kind is NUMBER:
        return True
    return (
        arg.kind is LITERAL
        and bool(arg.text)
        and not _BLANKS.search(arg.text)
        and not _WILD.search(arg.text)
        and "\\" not in arg.text
    )


def _plain(text: str) -> bool:
    return not any(c in text for c in "*?[]{}\\,!")
