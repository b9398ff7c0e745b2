"""Data followed through the scripts of a skill: from what it reads to where it goes, across functions and files.

Order and conditions don't matter: a fixed point over assignments, then every call is looked at once.
"""

import re
from collections.abc import Sequence

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.effects import Effects, ShellReader
from bailiwick.analysis.skill.code.form import (
    Call,
    Constant,
    Expression,
    Function,
    Joined,
    Name,
    Part,
    Program,
)
from bailiwick.analysis.skill.code.places import addressed, host_of
from bailiwick.analysis.skill.code.values import (
    GAP,
    NOTHING,
    Value,
    between,
    concatenated,
    decoded,
    gathered,
)
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin
from bailiwick.model.skill import CapabilityKind, Role

MAX_ROUNDS = 4
MAX_STEPS = 400_000
"""Expressions looked at in one skill."""

MAX_DEPTH = 120

_ENVIRONMENT = frozenset(
    ("os.environ", "process.env", "Deno.env", "Bun.env", "import.meta.env", "os.environb")
)
_TEMPORARY = "/tmp/"  # noqa: S108 - a name for a file of the script, not one of ours


class _EnoughError(Exception):
    pass


_AUTH_KEY = re.compile(r"auth|api[-_]?key|token|cookie|^x-|bearer|secret", re.IGNORECASE)


class Follower(Effects):
    """Follows data through programs that belong together; ``shell`` reads a command that a script starts."""

    def __init__(
        self, programs: Sequence[Program], roles: dict[str, Role], into: Inventory, shell: ShellReader
    ) -> None:
        super().__init__(programs, roles, into, shell)
        self._programs = programs
        self._variables: dict[tuple[str, str, str], Value] = {}
        self._modules = {program.module: program for program in programs}
        self._steps = 0
        self._changed = False

    def run(self) -> None:
        """Follow everything; what is found goes into the inventory. Bounded, and the inventory says when a bound was met."""
        try:
            for _ in range(MAX_ROUNDS):
                self._changed = False
                for program in self._programs:
                    self._program = program
                    for assign in program.assigns:
                        value = self._value(assign.value, assign.scope, 0)
                        self._set("*" if assign.outer else assign.scope, assign.target, value)
                    for evaluate in program.evaluates:
                        self._value(evaluate.value, evaluate.scope, 0)
                if not self._changed:
                    break
            self._looking = True
            for program in self._programs:
                self._program = program
                self._gate = ""
                for evaluate in program.evaluates:
                    self._gate = evaluate.gate
                    self._value(evaluate.value, evaluate.scope, 0)
        except (_EnoughError, RecursionError):
            self._into.full = True

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
        if joined != before:
            self._variables[key] = joined
            self._changed = True

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
            if owner in self._modules:
                return self._variables.get((owner, "", attribute), NOTHING)
            held = self._get(scope, owner) if owner.count(".") < 3 else NOTHING
            return Value((), held.labels, held.auth)
        return found

    # --- expressions

    def _value(self, node: Expression, scope: str, depth: int) -> Value:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _EnoughError
        if depth > MAX_DEPTH:
            return NOTHING
        match node:
            case Constant(value=value):
                return Value((value,)) if value is not None else NOTHING
            case Name(path=path, line=line):
                return self._name(path, line, scope)
            case Part(base=base, key=key, line=line):
                return self._part(base, key, line, scope, depth)
            case Joined(items=items, text=text, keys=keys):
                values = [self._value(item, scope, depth + 1) for item in items]
                if text:
                    return concatenated(values)
                if keys:
                    values = [
                        Value(value.texts, frozenset(), value.every)
                        if key and _AUTH_KEY.search(key) and _as_proof(value)
                        else value
                        for key, value in zip(keys, values, strict=False)
                    ]
                if len(values) <= 3 and not keys:
                    texts = tuple(t for v in values for t in v.texts)[:4]
                    held = gathered(values)
                    return Value(texts, held.labels, held.auth)
                return gathered(values)
            case Call():
                return self._call(node, scope, depth)

    def _name(self, path: str, line: int, scope: str) -> Value:
        if path in _ENVIRONMENT:
            return self._label(Origin.ENVIRONMENT, "*", line)
        owner, _, last = path.rpartition(".")
        if owner in _ENVIRONMENT:
            return self._variable(last, line)
        if path.startswith(library.PAGE):
            return self._label(Origin.PROJECT, "the page", line)
        if path in ("__file__", "__dirname", "import.meta.url", "import.meta.dirname"):
            return Value(("${skill}/scripts/x",))
        if path.startswith(("sys.stdin", "process.stdin")):
            return self._label(Origin.INPUT, "input", line)
        if path in ("sys.argv", "process.argv"):
            return self._label(Origin.INPUT, "arguments", line)
        return self._get(scope, path)

    def _variable(self, name: str, line: int, otherwise: Value = NOTHING) -> Value:
        if name in ("HOME", "USERPROFILE"):
            return Value(("~",))
        if self._looking:
            self._into.capability(
                CapabilityKind.ENV, name, self._source(line), self._role, by=self._program.path
            )
        return Value(
            otherwise.texts, frozenset((Label(Origin.VARIABLE, name, self._source(line)),)) | otherwise.labels
        )

    def _part(self, base: Expression, key: str | None, line: int, scope: str, depth: int) -> Value:
        if isinstance(base, Name) and base.path in _ENVIRONMENT:
            if key is not None:
                return self._variable(key, line)
            return self._label(Origin.ENVIRONMENT, "*", line)
        held = self._value(base, scope, depth + 1)
        if key in ("status_code", "ok", "status"):
            return NOTHING
        if key in ("parent", "parents"):
            return held
        return Value((), held.labels, held.auth)

    # --- calls

    def _call(self, call: Call, scope: str, depth: int) -> Value:
        path, line = call.path, call.line
        base = self._value(call.base, scope, depth + 1) if call.base is not None else NOTHING
        args = [self._value(arg, scope, depth + 1) for arg in call.args]
        named = {name: self._value(value, scope, depth + 1) for name, value in call.named}
        method = path.rpartition(".")[2]
        everything = gathered([base, *args, *named.values()])
        if method in library.FILLS and isinstance(call.base, Name):
            self._set(scope, call.base.path, gathered([*args, *named.values()]))
        path = self._resolved(call, path)
        if (
            path in ("os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "Deno.env.get")
            and args
        ):
            default = args[1] if len(args) > 1 else NOTHING
            return (
                self._variable(args[0].text, line, default)
                if GAP not in args[0].text
                else self._label(Origin.ENVIRONMENT, "*", line)
            )
        if library.SEALED.search(path):
            return NOTHING
        function = self._function(path, call.base)
        if function is not None:
            return self._user_function(function, args, named)
        if path in library.HOME:
            return Value(("~",))
        if path in library.HERE:
            return Value((".",))
        if (path in ("os.path.join", "path.join", "path.resolve", "os.path.join", "join") and args) or (
            method == "joinpath"
        ):
            return concatenated(between([base, *args] if method == "joinpath" else args, "/"))
        if method == "join" and base.texts:
            return self._joined(args)
        if (
            path in library.DECODE
            or method == "fromhex"
            or (path == "codecs.decode" and len(args) > 1)
            or (path == "Buffer.from" and len(args) > 1 and args[1].text in ("base64", "hex"))
        ):
            return self._decoded(path, method, args, line)
        if path in ("chr", "String.fromCharCode", "String.fromCodePoint"):
            texts = tuple(
                "".join(chr(int(a.text)) for a in args if a.text.isdigit() and int(a.text) < 0x110000)
                for _ in (0,)
            )
            return Value(
                texts if texts[0] else (),
                frozenset((Label(Origin.ENCODED, "character codes", self._source(line)),)),
            )
        if path in library.CREDENTIAL_CALLS:
            return self._label(Origin.CREDENTIALS, library.CREDENTIAL_CALLS[path], line)
        if path in library.PERSONAL_CALLS:
            return self._label(Origin.PERSONAL, library.PERSONAL_CALLS[path], line)
        if path in library.SYSTEM_DATA:
            return self._label(Origin.SYSTEM, path, line)
        if path in ("input", "prompt", "sys.stdin.read"):
            return self._label(Origin.INPUT, "input", line)
        if library.DNS.search(path):
            return self._dns(args, line)
        if (
            library.SEND.search(path)
            or (method in library.METHOD_SEND and args and addressed(args[0]))
            or (method == "get" and args and addressed(args[0]))
        ):
            return self._sent(path, args, named, line)
        if library.CONNECT.search(path):
            return self._connected(args, line)
        if (
            method in ("connect", "connect_ex")
            and args
            and (args[0].texts or isinstance(call.args[0], Joined))
        ):
            return self._connected(
                [self._value(call.args[0].items[0], scope, depth + 1)]
                if isinstance(call.args[0], Joined) and call.args[0].items
                else args,
                line,
            )
        if method in library.METHOD_OUT and any(label.origin is Origin.CARRIED for label in base.labels):
            self._out(gathered([*args, *named.values()]), host_of(base), line)
            return base
        if library.RUN.search(path):
            return self._ran(path, args, self._words(call, args, scope, depth), line)
        if library.EVALUATE.search(path) and args:
            return self._evaluated(args, line, path)
        if library.DESERIALIZE.search(path):
            self._deserialized(path, everything, named, args, line)
            return everything
        if path in library.READ or method in ("read_text", "read_bytes", "glob", "rglob", "iterdir", "open"):
            return self._read(path, method, base, args, named, line)
        if path in library.WRITE or method in ("write_text", "write_bytes"):
            return self._written(
                base if method.startswith("write_") else (args[0] if args else NOTHING), gathered(args), line
            )
        if method in ("write", "writelines", "writestr", "add") or path in ("json.dump", "pickle.dump"):
            self._handle_written([base, *args], gathered(args), line)
            return everything
        if path in library.COPY and len(args) > 1:
            kept = self._file(args[0], line)
            return self._written(args[1], Value((), kept.labels | args[0].labels), line)
        if path in library.REMOVE or method in ("unlink", "rmdir", "rmtree"):
            self._removed(path, args[0] if args and path in library.REMOVE else base, line)
            return NOTHING
        if path in ("tempfile.NamedTemporaryFile", "NamedTemporaryFile", "tempfile.TemporaryFile"):
            return self._opened(Value((f"{_TEMPORARY}{self._program.module}.{line}",)), line)
        if method in ("exec_module", "spec_from_file_location", "run_path", "SourceFileLoader"):
            return self._loaded(path, [*args[:1], everything], line)
        if path in (
            "ctypes.CDLL",
            "ctypes.cdll.LoadLibrary",
            "importlib.import_module",
            "__import__",
            "runpy.run_path",
            "require",
            "import",
        ):
            return self._loaded(path, args, line)
        if method in ("sub", "replace", "replaceAll", "subn") and len(args) > 1:
            self._substituted(args, line)
        if path == "URL" and len(args) > 1 and addressed(args[1]):
            return Value(args[1].texts, everything.labels, everything.auth)
        if path in library.SAME or method in library.KEEPS:
            texts = (
                args[0].texts
                if path in library.SAME and args
                else base.texts
                if method in library.KEEPS_TEXT
                else ()
            )
            if (
                method == "replace"
                and len(args) > 1
                and base.texts
                and GAP not in args[0].text + args[1].text
            ):
                texts = tuple(text.replace(args[0].text, args[1].text) for text in base.texts)
            if method == "format":
                texts = tuple(re.sub(r"\{[^{}]*\}", GAP, text) for text in base.texts)
            return Value(texts, everything.labels, everything.auth)
        if path == "reversed":
            return Value(
                tuple(text[::-1] for text in base.texts),
                base.labels | {Label(Origin.ENCODED, "reversed text", self._source(line))},
            )
        return Value((), everything.labels, everything.auth)

    def _words(self, call: Call, args: list[Value], scope: str, depth: int) -> list[Value]:
        """The words of a command that a call starts, where they are given apart."""
        first = call.args[0] if call.args else None
        if isinstance(first, Joined) and not first.text:
            return [self._value(item, scope, depth + 1) for item in first.items]
        if len(call.args) > 1 and isinstance(call.args[1], Joined) and not call.args[1].text:
            return [args[0], *(self._value(item, scope, depth + 1) for item in call.args[1].items)]
        return []

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

    def _function(self, path: str, base: Expression | None) -> tuple[Program, Function] | None:
        if path in self._program.functions:
            return self._program, self._program.functions[path]
        owner, _, last = path.rpartition(".")
        if owner:
            for module, program in self._modules.items():
                if (
                    owner == module
                    or owner.endswith(f".{module}")
                    or module.endswith(f"/{owner.removeprefix('./')}")
                    or owner.removeprefix("./") == module
                ) and last in program.functions:
                    return program, program.functions[last]
            if (
                (owner in ("self", "this", "cls") or isinstance(base, (Call, Name)))
                and last in self._program.functions
                and last not in ("get", "post", "read", "write", "send", "run", "open", "join", "connect")
            ):
                return self._program, self._program.functions[last]
        return None

    def _user_function(
        self, found: tuple[Program, Function], args: list[Value], named: dict[str, Value]
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

    def _joined(self, args: list[Value]) -> Value:
        held = gathered(args)
        encoded = any(label.origin is Origin.ENCODED for label in held.labels)
        texts = tuple(args[0].texts[:1]) if args and encoded else ()
        return Value(texts, held.labels, held.auth)

    def _decoded(self, path: str, method: str, args: list[Value], line: int) -> Value:
        how = library.DECODE.get(path) or (
            "hex" if method == "fromhex" else args[1].text if len(args) > 1 else "base64"
        )
        how = {"rot_13": "rot13", "rot13": "rot13", "hex": "hex", "base64": "base64"}.get(how, how)
        texts = [plain for arg in args[:1] for text in arg.texts if (plain := decoded(text, how)) is not None]
        known = bool(texts) or any(label.origin is Origin.ENCODED for arg in args[:1] for label in arg.labels)
        label = Label(Origin.ENCODED, how if known else f"{how} of data", self._source(line))
        labels = gathered(args[:1]).labels | {label}
        return Value(tuple(texts), labels)


def _as_proof(value: Value) -> bool:
    """Whether a value is one credential by itself, and not a heap of them."""
    return len({label.name for label in value.labels}) <= 2 and all(
        label.origin in (Origin.VARIABLE, Origin.CREDENTIALS, Origin.FILE, Origin.INPUT)
        for label in value.labels
    )
