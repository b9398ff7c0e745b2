"""Names of scripts: what a variable may hold, which function a call means, what a list or a mapping says, over files and classes."""

import re
from collections.abc import Mapping

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.effects import Effects
from bailiwick.analysis.skill.code.files import Scripts
from bailiwick.analysis.skill.code.form import (
    Assign,
    Call,
    Constant,
    Expression,
    Function,
    Joined,
    Name,
    Program,
)
from bailiwick.analysis.skill.code.values import GAP, NOTHING, Value, between, concatenated
from bailiwick.analysis.skill.facts import Mark

MAX_HELD = 8_000_000
"""Characters that are kept of what variables hold."""

MAX_CHAIN = 12
"""Calls made on each other's results that are followed to where they begin."""

_EVERYBODYS = frozenset(
    ("get", "post", "put", "read", "write", "send", "run", "open", "join", "connect", "add", "update", "append", "close", "format", "items", "keys", "values", "then", "map", "filter", "push", "replace", "split", "strip", "exists", "load", "copy", "pop", "set", "call", "apply", "flush", "end", "request", "test", "exec", "match", "search", "find", "encode", "decode", "execute", "start", "stop", "emit", "on")
)  # fmt: skip
"""Methods of so many classes that a name alone doesn't say whose it is."""

WRAPS = frozenset(
    ("zipfile.ZipFile", "tarfile.open", "gzip.GzipFile", "io.TextIOWrapper", "io.BufferedWriter", "csv.writer", "csv.DictWriter", "json.JSONEncoder", "codecs.getwriter")
)  # fmt: skip
"""What puts whatever is written to it into what it was made with."""


class Resolver(Effects):
    """Variables and functions of programs that belong together."""

    def __init__(self, scripts: Scripts) -> None:
        super().__init__(scripts)
        programs = scripts.programs
        self._programs = programs
        self._variables: dict[tuple[str, str, str], Value] = {}
        self._held = 0
        """Characters in them."""
        self._defining: dict[str, list[int]] = {}
        """For the name of a function, which programs define it."""
        for at, program in enumerate(programs):
            for name in program.functions:
                self._defining.setdefault(name, []).append(at)
        self._modules = {program.module: program for program in programs}
        self._owners: dict[str, Program | None] = {}
        self._classes = frozenset(name for program in programs for name in program.classes)
        self._changed = False
        self._listed: dict[tuple[str, str], Joined] = {}
        self._made: dict[tuple[str, str], str] = {}
        self._makers: dict[tuple[str, str], str] = {}
        """What was called to make a variable, where it stands in the code."""
        self._wrapped: dict[tuple[str, str], list[str]] = {}
        self._aliases: dict[
            tuple[str, str], tuple[str, tuple[Expression, ...], tuple[tuple[str, Expression], ...]]
        ] = {}
        """Names of functions of libraries, with the arguments that they are given already."""
        for program in programs:
            for assign in program.assigns:
                self._assigned(program, assign)

    def _assigned(self, program: Program, assign: Assign) -> None:
        """What the form of an assignment says of its variable: a list, an object of a class, something around another."""
        here = (program.module, assign.target)
        match assign.value:
            case Joined(text=False) as joined if not assign.key:
                self._listed[here] = joined
            case Name(path=path) if library.SEND.has(path) or library.RUN.has(path):
                self._aliases[here] = (path, (), ())
            case Call(path="functools.partial" | "partial", args=(Name(path=path), *rest), named=named):
                self._aliases[here] = (path, tuple(rest), named)
            case Call(path=path) as call:
                self._makers[here] = path
                if (known := self._class_of(program, call)) is not None:
                    self._made[here] = known
                if path in WRAPS:
                    inner = [*call.args[:1], *(value for name, value in call.named if name == "fileobj")]
                    self._wrapped[here] = [one.path for one in inner if isinstance(one, Name)]
            case _:
                pass

    def _maker(self, node: Expression | None) -> str:
        """What was called to make a value; empty where it isn't known."""
        match node:
            case Call(path=path):
                return path
            case Name(path=path):
                return self._makers.get((self._program.module, path), "")
            case _:
                return ""

    def _class_of(self, program: Program, call: Expression | None) -> str | None:
        """The class of what a chain of calls begins with, where it is one of the skill's own."""
        for _ in range(MAX_CHAIN):
            match call:
                case Call(path=path, base=base):
                    names = path.split(".")
                    for name in names[-1:] + names[-2:-1]:
                        if self._is_class(name):
                            return name
                    call = base
                case Name(path=path):
                    last = path.rpartition(".")[2]
                    return last if self._is_class(last) else self._made.get((program.module, path))
                case _:
                    return None
        return None

    def _is_class(self, name: str) -> bool:
        return name in self._classes

    def _value(self, node: Expression, scope: str, depth: int) -> Value:
        raise NotImplementedError

    # --- variables

    def _set(self, scope: str, name: str, value: Value) -> None:
        if "." in name:
            # Whoever has the object has what was put into it.
            if value.labels or value.auth:
                self._set(scope, name.partition(".")[0], Value((), value.labels, value.auth))
            scope = ""
        key = (self._program.module, scope, name)
        before = self._variables.get(key, NOTHING)
        joined = before.join(value)
        grown = sum(map(len, joined.texts)) - sum(map(len, before.texts))
        if grown > 0 and self._held + grown > MAX_HELD:
            self._into.leave(f"scripts whose variables hold more than {MAX_HELD:,} characters")
            joined = Value(before.texts, joined.labels, joined.auth)
        if joined != before:
            self._held += max(grown, 0)
            self._variables[key] = joined
            self._changed = True

    def _fill(self, scope: str, name: str, value: Value) -> None:
        """Put a value into what a name holds, and into what that was wrapped around."""
        if not value.labels and not value.auth:
            return
        module = self._program.module
        place = scope
        while place and (module, place, name) not in self._variables:
            place = place.rpartition(".")[0]
        held = Value((), value.labels, value.auth)
        self._set(place if (module, place, name) in self._variables else scope, name, held)
        for inner in self._wrapped.get((module, name), ()):
            self._set(scope, inner, held)

    def _get(self, scope: str, name: str) -> Value:
        module = self._program.module
        found = self._variables.get((module, "*", name), NOTHING)
        place = scope
        while True:
            value = self._variables.get((module, place, name))
            if value is not None:
                return value.join(found)
            if not place:
                break
            place = place.rpartition(".")[0]
        if found is NOTHING and "." in name:
            owner, _, attribute = name.rpartition(".")
            if (program := self._owner(owner)) is not None:
                return self._variables.get((program.module, "", attribute), NOTHING)
            held = self._get(scope, owner) if owner.count(".") < 3 else NOTHING
            return Value((), held.labels, held.auth)
        return found

    def _owner(self, owner: str) -> Program | None:
        """The program of the skill that a name of a module means."""
        if owner not in self._owners:
            self._owners[owner] = self._modules.get(owner) or self._owner_by_end(owner)
        return self._owners[owner]

    def _owner_by_end(self, owner: str) -> Program | None:
        plain = re.sub(r"\.(?:m?[jt]s|cjs)$", "", re.sub(r"^(?:\.{1,2}/)+", "", owner))
        return next(
            (
                program
                for module, program in self._modules.items()
                if module == plain
                or module.endswith((f"/{plain}", f".{plain}"))
                or owner.endswith(f".{module}")
            ),
            None,
        )

    def _list(self, node: Expression) -> Joined | None:
        """The list or mapping that an expression means, where it stands in the code."""
        match node:
            case Joined(text=False):
                return node
            case Name(path=path):
                if (found := self._listed.get((self._program.module, path))) is not None:
                    return found
                owner, _, last = path.rpartition(".")
                program = self._owner(owner) if owner else None
                return self._listed.get((program.module, last)) if program is not None else None
            case _:
                return None

    def _spelled(self, node: Expression | None, mark: str, scope: str, depth: int) -> Value | None:
        """The items of a list that stands in the code, put together with a text between each two."""
        listed = self._list(node) if node is not None else None
        if listed is None or listed.keys or not 1 < len(listed.items) <= MAX_CHAIN:
            return None
        return concatenated(between([self._value(item, scope, depth + 1) for item in listed.items], mark))

    def _picked(self, node: Expression, key: str | None, scope: str, depth: int) -> Value | None:
        """What a mapping that stands in the code holds under a key, or under any."""
        listed = self._list(node)
        if listed is None or not listed.items:
            return None
        if key is not None:
            for name, item in zip(listed.keys, listed.items, strict=False):
                if name == key:
                    return self._value(item, scope, depth + 1)
            return None
        if any(isinstance(item, Constant) and item.value is not None for item in listed.items):
            held = NOTHING
            for item in listed.items[:MAX_CHAIN]:
                held = held.join(self._value(item, scope, depth + 1))
            return held
        return None

    # --- functions

    def _resolved(self, call: Call, path: str) -> str:
        """The path that a dynamic look-up comes to: ``getattr(os, 'sys' + 'tem')``, ``__import__('os').system``."""
        base = call.base
        if isinstance(base, Call) and path in ("?", f"?.{path[2:]}"):
            inner = [self._constant(arg) for arg in base.args]
            if base.path == "getattr" and len(base.args) > 1 and isinstance(base.args[0], Name) and inner[1]:
                self._dynamic(base.line, f"{base.args[0].path}.{inner[1]}")
                return f"{base.args[0].path}.{inner[1]}"
            if (
                base.path == "getattr"
                and len(base.args) > 1
                and isinstance(base.args[0], Call)
                and base.args[0].path in ("__import__", "importlib.import_module")
            ):
                module = self._constant(base.args[0].args[0]) if base.args[0].args else ""
                self._dynamic(base.line, f"{module}.{inner[1]}")
                return f"{module}.{inner[1]}"
            if base.path in ("__import__", "importlib.import_module", "require") and inner and inner[0]:
                if base.path == "__import__":
                    self._dynamic(base.line, inner[0])
                return f"{inner[0].removeprefix('node:')}.{path[2:]}"
        return path

    def _dynamic(self, line: int, what: str) -> None:
        if self._looking and re.search(
            r"(?:os\.(?:system|popen|exec)|subprocess|eval|exec\b|child_process|socket)", what
        ):
            self._into.notice(
                Mark.OBFUSCATED,
                f"looks up {what} by name while it runs",
                self._source(line),
                self._role,
                target=what,
            )

    def _constant(self, node: Expression) -> str:
        text = self._value(node, "", 0).text
        return text if GAP not in text else ""

    def _function(self, call: Call, path: str) -> tuple[Program, Function] | None:
        """The function of the skill that a call means."""
        if path in self._program.functions:
            return self._program, self._program.functions[path]
        owner, _, last = path.rpartition(".")
        if not owner:
            return None
        if (program := self._owner(owner)) is not None and last in program.functions:
            return program, program.functions[last]
        whose = self._class_of(self._program, call.base)
        if owner in ("self", "this", "cls") or whose is not None:
            names = (f"{whose}.{last}", last)
            places = sorted({at for name in names for at in self._defining.get(name, ())})
            for program in (self._program, *(self._programs[at] for at in places)):
                if whose is not None and whose not in program.classes:
                    continue
                for name in names:
                    if name in program.functions:
                        return program, program.functions[name]
        if last in _EVERYBODYS or not isinstance(call.base, (Call, Name)):
            return None
        if last in self._program.functions:
            return self._program, self._program.functions[last]
        root = owner.partition(".")[0]
        if root in self._program.imports.values() or root in self._program.modules:
            return None
        defining = (self._programs[at] for at in self._defining.get(last, ()))
        found = [program for program in defining if program.classes]
        return (found[0], found[0].functions[last]) if len(found) == 1 else None

    def _user_function(
        self, found: tuple[Program, Function], args: list[Value], named: Mapping[str, Value]
    ) -> Value:
        program, function = found
        parameters = [name for name in function.parameters if name not in ("self", "cls")]
        here, self._program = self._program, program
        try:
            for name, value in [*zip(parameters, args, strict=False), *named.items()]:
                self._set(function.name, name, value)
            return (
                self._get(function.name, "return")
                if (program.module, function.name, "return") in self._variables
                else NOTHING
            )
        finally:
            self._program = here
