"""Data followed through the scripts of a skill: from what it reads to where it goes, across functions and files.

Order and conditions don't matter: a fixed point over assignments, then every call is looked at once.
"""

import re
from collections.abc import Iterable, Sequence

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.code import library
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
from bailiwick.analysis.skill.code.values import GAP, NOTHING, Value, concatenated, decoded, gathered
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.sensitive import is_config, is_credential, is_memory, is_startup, kept_in
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_ROUNDS = 4
MAX_STEPS = 400_000
"""Expressions looked at in one skill."""

MAX_DEPTH = 120

_ENVIRONMENT = frozenset(
    ("os.environ", "process.env", "Deno.env", "Bun.env", "import.meta.env", "os.environb")
)
_HEADERS = frozenset(
    (
        "headers",
        "auth",
        "cookies",
        "Authorization",
        "authorization",
        "x-api-key",
        "X-API-Key",
        "api_key",
        "cert",
        "Api-Key",
        "X-Auth-Token",
        "Cookie",
    )
)
_AUTH_KEY = re.compile(r"auth|api[-_]?key|token|cookie|^x-|bearer|secret", re.IGNORECASE)
_ACCOUNTS = re.compile(r"0x\[|\[13\]|bc1|\[A-Z\]\{2\}\\?d?\[?|\[A-Z\]\{2\}|IBAN|\[1-9A-HJ-NP-Za-km-z\]")
_ACCOUNT = re.compile(
    r"0x[0-9a-fA-F]{20,}|\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{20,}|\b[A-Z]{2}\d{2}[ \w]{10,}|\b[1-9A-HJ-NP-Za-km-z]{32,44}\b"
)
_FIXED_DATE = re.compile(
    r"(?:date|datetime|Date|strptime)\w*\(\s*[\"']?\d{4}|[\"']\d{4}-\d\d|\b1[6-9]\d{8}\b|(?:gethostname|node|getuser|hostname|username)\b[^=]*[=!]==?|\bCI\b|GITHUB_ACTIONS"
)
"""A gate that was set when the code was written: a date, a machine, a test runner."""

_TEMPORARY = "/tmp/"  # noqa: S108 - a name for a file of the script, not one of ours
_METHOD = re.compile(r"\.(get|post|put|patch|delete|head)$")


class _EnoughError(Exception):
    pass


class Follower:
    """Follows data through programs that belong together; ``shell`` reads a command that a script starts."""

    def __init__(
        self, programs: Sequence[Program], roles: dict[str, Role], into: Inventory, shell: "ShellReader"
    ) -> None:
        self._programs = programs
        self._roles = roles
        self._into = into
        self._shell = shell
        self._variables: dict[tuple[str, str, str], Value] = {}
        self._outputs: dict[tuple[str, Source], frozenset[Label]] = {}
        self._modules = {program.module: program for program in programs}
        self._steps = 0
        self._changed = False
        self._looking = False
        self._program = programs[0] if programs else Program(path="", module="")
        self._gate = ""

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
                for assign in program.assigns:
                    if assign.target == "return":
                        continue
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

    def _source(self, line: int) -> Source:
        return Source(path=self._program.path, line=line + self._program.shift)

    @property
    def _role(self) -> Role:
        return self._roles.get(self._program.path, Role.EXECUTABLE)

    def _label(self, origin: Origin, name: str, line: int, texts: tuple[str, ...] = ()) -> Value:
        return Value(texts, frozenset((Label(origin, name, self._source(line)),)))

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
        if method in _FILLS and isinstance(call.base, Name):
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
        if (path in ("os.path.join", "path.join", "path.resolve", "os.path.join", "join") and args) or (
            method == "joinpath"
        ):
            return concatenated(_between([base, *args] if method == "joinpath" else args, "/"))
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
            or (method in library.METHOD_SEND and args and _addressed(args[0]))
            or (method == "get" and args and _addressed(args[0]))
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
            self._out(gathered([*args, *named.values()]), _host_of(base), line)
            return base
        if library.RUN.search(path):
            return self._ran(call, path, args, scope, depth)
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
            return self._loaded(path, [everything], line)
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
        if path in library.SAME or method in _KEEPS:
            texts = (
                args[0].texts
                if path in library.SAME and args
                else base.texts
                if method in _KEEPS_TEXT
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

    # --- sinks

    def _out(self, held: Value, host: str, line: int) -> None:
        if not self._looking:
            return
        self._gated(f"connects to {host}", line)
        for label in sorted(held.labels, key=str):
            self._into.chain(label, Sink.SEND, host, self._source(line), self._role)
        for label in sorted(held.auth - held.labels, key=str):
            self._into.chain(label, Sink.SEND, host, self._source(line), self._role, auth=True)

    def _gated(self, what: str, line: int) -> None:
        if self._gate and _FIXED_DATE.search(self._gate):
            self._into.notice(
                Mark.GATED,
                f"{what} only when {self._gate}",
                self._source(line),
                self._role,
                sure=False,
                target="run",
            )

    def _sent(self, path: str, args: list[Value], named: dict[str, Value], line: int) -> Value:
        where = named.get("url") or (
            args[1]
            if path.endswith(".request") and len(args) > 1 and not _addressed(args[0])
            else args[0]
            if args
            else NOTHING
        )
        host = host_in(where)
        method = _METHOD.search(path)
        sends = "data" in named or "json" in named or "files" in named or "content" in named or len(args) > 1
        verb = method[1].upper() if method else "POST" if sends else "GET"
        if self._looking:
            self._into.capability(
                CapabilityKind.NET, host, self._source(line), self._role, detail=verb, by=self._program.path
            )
        body = gathered(
            [
                where,
                *args[1:],
                *(value for name, value in named.items() if name not in _HEADERS and name != "url"),
            ]
        )
        # A variable that says where to goes nowhere; ``headers`` prove who asks.
        address = frozenset(
            label
            for label in where.labels
            if (label.origin is Origin.VARIABLE and where.texts and where.text.startswith(GAP))
            or (label.origin is Origin.VARIABLE and not where.texts)
        )
        auth = (
            frozenset().union(*(value.every for name, value in named.items() if name in _HEADERS))
            if named
            else frozenset[Label]()
        )
        self._out(Value((), body.labels - address, body.auth | auth), host, line)
        return Value(
            (),
            frozenset(
                (
                    Label(Origin.DOWNLOAD, host, self._source(line)),
                    Label(Origin.CARRIED, host, self._source(line)),
                )
            )
            if path.startswith(("http", "XML"))
            else frozenset((Label(Origin.DOWNLOAD, host, self._source(line)),)),
        )

    def _connected(self, args: list[Value], line: int) -> Value:
        host = host_in(args[0]) if args else "*"
        if host == "*" and args and GAP not in args[0].text and re.fullmatch(r"[\w.:-]+", args[0].text):
            host = args[0].text.lower()
        if self._looking:
            self._into.capability(
                CapabilityKind.NET,
                host,
                self._source(line),
                self._role,
                detail="connect",
                by=self._program.path,
            )
        return Value((), frozenset((Label(Origin.CARRIED, host, self._source(line)),)))

    def _dns(self, args: list[Value], line: int) -> Value:
        held = gathered(args)
        host = args[0].text.rpartition(GAP)[2].lstrip(".") if args and args[0].texts else ""
        if self._looking:
            self._into.capability(
                CapabilityKind.NET,
                host or "*",
                self._source(line),
                self._role,
                detail="dns",
                by=self._program.path,
            )
            if host or not args[0].texts if args else False:
                for label in sorted(held.labels, key=str):
                    self._into.chain(label, Sink.DNS, host or "*", self._source(line), self._role)
        return NOTHING

    def _ran(self, call: Call, path: str, args: list[Value], scope: str, depth: int) -> Value:
        words: list[Value] = []
        first = call.args[0] if call.args else None
        if isinstance(first, Name):
            first = None
        if isinstance(first, Joined) and not first.text:
            words = [self._value(item, scope, depth + 1) for item in first.items]
        elif len(call.args) > 1 and isinstance(call.args[1], Joined) and not call.args[1].text:
            words = [args[0], *(self._value(item, scope, depth + 1) for item in call.args[1].items)]
        held = gathered(args)
        texts = (
            [" ".join(_word(word.text) for word in words)] if words else list(args[0].texts) if args else []
        )
        source = self._source(call.line)
        result: frozenset[Label] = frozenset()
        if not self._looking:
            printed = [label for text in texts for label in self._printed(text, source)]
            return Value((), held.labels.union(printed))
        self._gated(f"runs {texts[0][:60] if texts else 'something'}", call.line)
        for text in texts:
            for label in self._shell.command(text, source, self._role, held.labels, self._program.path):
                result |= {label}
        if not texts:
            self._into.capability(CapabilityKind.EXEC, "*", source, self._role, by=self._program.path)
        for label in sorted(held.labels, key=str):
            if label.origin in (Origin.DOWNLOAD, Origin.ENCODED, Origin.INPUT, Origin.CARRIED):
                self._into.chain(label, Sink.EXECUTE, path, source, self._role)
        return Value((), result | held.labels)

    def _printed(self, text: str, source: Source) -> frozenset[Label]:
        """The kinds of data in what a command prints; a command is read once for it."""
        if (text, source) not in self._outputs:
            self._outputs[text, source] = self._shell.command(
                text, source, self._role, frozenset(), self._program.path
            )
        return self._outputs[text, source]

    def _evaluated(self, args: list[Value], line: int, path: str) -> Value:
        if self._looking:
            for label in sorted(args[0].labels, key=str):
                self._into.chain(label, Sink.EXECUTE, path, self._source(line), self._role)
            for text in args[0].texts:
                if any(label.origin is Origin.ENCODED for label in args[0].labels):
                    self._shell.decoded(text, self._source(line), self._role)
        return Value((), args[0].labels)

    def _deserialized(
        self, path: str, held: Value, named: dict[str, Value], args: list[Value], line: int
    ) -> None:
        if (
            not self._looking
            or (path == "yaml.load" and (len(args) > 1 or "Loader" in named))
            or path == "yaml.full_load"
        ):
            return
        for label in sorted(held.labels, key=str):
            if label.origin in (Origin.DOWNLOAD, Origin.CARRIED, Origin.FILE, Origin.ENCODED):
                self._into.notice(
                    Mark.DESERIALIZE,
                    f"{path} runs what is in {label.name}",
                    self._source(line),
                    self._role,
                    sure=label.origin is not Origin.FILE,
                    target=label.origin.value,
                    also=(label.source,),
                )

    # --- files

    def _read(
        self, path: str, method: str, base: Value, args: list[Value], named: dict[str, Value], line: int
    ) -> Value:
        if path in library.READ:
            where = args[0] if args else NOTHING
            mode = (args[1] if len(args) > 1 else named.get("mode", NOTHING)).text
            if (
                path.endswith("open") and any(letter in mode for letter in "wax+") and path != "tarfile.open"
            ) or (path in ("tarfile.open", "zipfile.ZipFile") and "w" in mode):
                return self._opened(where, line)
            if path == "os.walk" or "glob" in path or "dir" in path:
                return self._file(where, line)
            return self._file(where, line)
        if method == "open" and any(letter in (args[0].text if args else "") for letter in "wax"):
            return self._opened(base, line)
        if method in ("glob", "rglob", "iterdir"):
            pattern = concatenated(_between([base, args[0]], "/")) if args else base
            return Value(pattern.texts, self._file(pattern, line).labels)
        return self._file(base, line) if base.texts or base.labels else base

    def _file(self, where: Value, line: int) -> Value:
        labels: set[Label] = set(where.labels)
        if not where.texts:
            labels.add(Label(Origin.FILE, "a file that is named when it runs", self._source(line)))
        for text in where.texts:
            name = shown_path(text)
            kept = kept_in(name)
            if self._looking and name != "*":
                self._into.capability(
                    CapabilityKind.FS_READ,
                    project_path(name),
                    self._source(line),
                    self._role,
                    by=self._program.path,
                )
            labels.add(Label(kept.origin if kept else Origin.FILE, name, self._source(line)))
        return Value(where.texts, frozenset(labels), where.auth)

    def _opened(self, where: Value, line: int) -> Value:
        self._written(where, NOTHING, line)
        return Value(
            (),
            frozenset(
                Label(Origin.INPUT, f"written:{shown_path(text)}", self._source(line))
                for text in where.texts or (GAP,)
            ),
        )

    def _handle_written(self, targets: Iterable[Value], held: Value, line: int) -> None:
        for target in targets:
            for label in target.labels:
                if label.name.startswith("written:"):
                    self._written(Value((label.name.removeprefix("written:"),)), held, line)

    def _written(self, where: Value, held: Value, line: int) -> Value:
        if not self._looking:
            return NOTHING
        for text in where.texts or (GAP,):
            name = shown_path(text)
            self._into.writes.setdefault(name, set()).update(
                label for label in held.labels if not label.name.startswith("written:")
            )
            kind = (
                CapabilityKind.MEMORY_WRITE
                if is_memory(name)
                else CapabilityKind.CONFIG_WRITE
                if is_config(name)
                else CapabilityKind.FS_WRITE
            )
            self._into.capability(
                kind, project_path(name), self._source(line), self._role, by=self._program.path
            )
            if kind is CapabilityKind.MEMORY_WRITE:
                self._into.notice(Mark.MEMORY, f"writes {name}", self._source(line), self._role, target=name)
            elif kind is CapabilityKind.CONFIG_WRITE:
                self._into.notice(Mark.SETTING, f"writes {name}", self._source(line), self._role, target=name)
            elif is_startup(name):
                self._into.notice(
                    Mark.PERSIST,
                    f"writes {name}, which runs by itself",
                    self._source(line),
                    self._role,
                    target=name,
                )
            if self._gate and not name.startswith("/tmp"):  # noqa: S108 - a name, not a file of ours
                self._into.notice(
                    Mark.GATED,
                    f"writes {name} only when {self._gate}",
                    self._source(line),
                    self._role,
                    sure=False,
                    target="write" if _FIXED_DATE.search(self._gate) else name,
                )
        return NOTHING

    def _removed(self, path: str, where: Value, line: int) -> None:
        if not self._looking:
            return
        for text in where.texts or (GAP,):
            name = shown_path(text)
            self._into.capability(
                CapabilityKind.FS_WRITE,
                project_path(name),
                self._source(line),
                self._role,
                detail="delete",
                by=self._program.path,
            )
            whole = name in ("~", "/", "~/", "${project}", ".") or re.fullmatch(
                r"~/(?:Documents|Desktop|projects|src|code|Pictures)/?\**", name
            )
            if whole and ("rmtree" in path or "rm" in path):
                self._into.notice(
                    Mark.DESTROY, f"deletes {name} and all below", self._source(line), self._role, target=name
                )
            if self._gate and ("rmtree" in path or whole):
                self._into.notice(
                    Mark.GATED,
                    f"deletes {name} only when {self._gate}",
                    self._source(line),
                    self._role,
                    target="delete",
                )

    def _substituted(self, args: list[Value], line: int) -> None:
        """Accounts or wallets in a text replaced by one that stands in the code."""
        if self._looking and _ACCOUNTS.search(args[0].text) and _ACCOUNT.search(args[1].text):
            self._into.notice(
                Mark.TAMPER,
                f"replaces accounts or wallets by {args[1].text[:60]}",
                self._source(line),
                self._role,
                target="data",
            )

    def _loaded(self, path: str, args: list[Value], line: int) -> Value:
        held = gathered(args)
        if self._looking:
            for label in sorted(held.labels, key=str):
                if label.origin in (Origin.DOWNLOAD, Origin.ENCODED):
                    self._into.chain(label, Sink.EXECUTE, path, self._source(line), self._role)
                name = label.name.removeprefix("written:")
                if label.origin is Origin.FILE or name != label.name:
                    file = Label(Origin.FILE, name, label.source)
                    self._into.chain(file, Sink.EXECUTE, path, self._source(line), self._role)
        return held


class ShellReader:
    """What reads commands that scripts start; the shell reader of skills is one."""

    def command(
        self, text: str, source: Source, role: Role, given: frozenset[Label], by: str
    ) -> frozenset[Label]:
        """Read a command (with gaps); the kinds of data in what it prints."""
        raise NotImplementedError

    def decoded(self, text: str, source: Source, role: Role) -> None:
        """Read a text that was encoded and is run."""
        raise NotImplementedError


_KEEPS_TEXT = frozenset(
    (
        "decode",
        "encode",
        "strip",
        "lower",
        "upper",
        "replace",
        "format",
        "expanduser",
        "resolve",
        "as_posix",
        "absolute",
        "toString",
        "trim",
        "rstrip",
        "lstrip",
        "concat",
        "href",
    )
)
_KEEPS = _KEEPS_TEXT | frozenset(
    ("items", "values", "keys", "copy", "get", "read", "readlines", "readline", "splitlines", "split", "append", "extend", "update", "json", "text", "getvalue", "communicate", "then", "map", "filter", "join", "slice", "push", "set", "pop", "hex", "fetchall", "fetchone", "execute", "cursor", "on", "pipe", "content", "arrayBuffer", "namelist", "getmembers", "body", "toArray", "reduce", "flat", "forEach", "entries", "insert", "group", "findall", "search", "match", "__getitem__", "getAttribute")
)  # fmt: skip


_FILLS = frozenset(
    ("append", "extend", "add", "update", "push", "insert", "unshift", "appendleft", "setdefault")
)
"""Methods that put their arguments into what they are called on."""


def _as_proof(value: Value) -> bool:
    """Whether a value is one credential by itself, and not a heap of them."""
    return len({label.name for label in value.labels}) <= 2 and all(
        label.origin in (Origin.VARIABLE, Origin.CREDENTIALS, Origin.FILE, Origin.INPUT)
        for label in value.labels
    )


def _between(values: list[Value], mark: str) -> list[Value]:
    spread: list[Value] = []
    for value in values:
        if spread:
            spread.append(Value((mark,)))
        spread.append(value)
    return spread


def _addressed(value: Value) -> bool:
    return any(re.match(r"(?:https?|wss?|ftp)://", text) for text in value.texts)


def _word(text: str) -> str:
    if GAP in text or not text:
        return (
            '"$BAILIWICK_UNKNOWN"'
            if text == GAP or not text
            else '"' + text.replace('"', '\\"').replace(GAP, "$BAILIWICK_UNKNOWN") + '"'
        )
    return text if re.fullmatch(r"[\w@%+=:,./~-]+", text) else "'" + text.replace("'", "'\\''") + "'"


def host_in(value: Value) -> str:
    """The host of an address, ``*`` when it isn't known."""
    for text in value.texts:
        if not re.match(r"[a-z]{2,5}://", text, re.IGNORECASE):
            continue
        host = web_address(text.replace(GAP, "x") if GAP not in text.split("/", 3)[2] else "")
        if host is not None:
            return host.host if host.port in (None, 80, 443) else f"{host.host}:{host.port}"
        rest = text.split("/", 3)[2]
        tail = rest.rpartition(GAP)[2].lstrip(".")
        if tail.count(".") >= 1 and not tail.startswith(":"):
            return f"*.{tail}"
    return "*"


def _host_of(value: Value) -> str:
    return next(
        (label.name for label in sorted(value.labels, key=str) if label.origin is Origin.CARRIED), "*"
    )


def shown_path(text: str) -> str:
    """A path as capabilities spell it: gaps become wildcards, the home directory ``~``."""
    name = text.replace(GAP, "*").replace("\\", "/")
    name = re.sub(r"\*+", "*", name)
    name = re.sub(r"^(?:/Users/[^/]+|/home/[^/]+|/root|\$HOME|\$\{HOME\}|%USERPROFILE%)(?=/|$)", "~", name)
    name = re.sub(r"/{2,}", "/", name)
    name = name.removeprefix("./")
    return name or "."


def project_path(name: str) -> str:
    """A path with the place it is taken from: a relative one is the project's."""
    return name if name.startswith(("~", "/", "$", "*")) else f"${{project}}/{name}"


__all__ = ["Follower", "ShellReader", "host_in", "is_credential", "project_path", "shown_path"]
