"""Data followed through the scripts of a skill: from what it reads to where it goes, across functions and files.

Order and conditions don't matter: a fixed point over assignments, then every call is looked at once.
"""

import re
from collections.abc import Sequence

from bailiwick.analysis.skill.code import library
from bailiwick.analysis.skill.code.arguments import STOLEN, Arguments
from bailiwick.analysis.skill.code.files import Scripts
from bailiwick.analysis.skill.code.form import (
    Call,
    Constant,
    Evaluate,
    Expression,
    Joined,
    Name,
    Part,
)
from bailiwick.analysis.skill.code.places import addressed, bare_host, host_of
from bailiwick.analysis.skill.code.values import (
    GAP,
    NOTHING,
    Value,
    between,
    concatenated,
    gathered,
)
from bailiwick.analysis.skill.facts import Label, Origin
from bailiwick.analysis.skill.sensitive import is_account
from bailiwick.model.skill import CapabilityKind

MAX_ROUNDS = 4
MAX_STEPS = 400_000
"""Expressions looked at in one skill."""

MAX_DEPTH = 120

MAX_COMMANDS = 40
"""Commands in mappings that are kept."""

_ENVIRONMENT = frozenset(
    ("os.environ", "process.env", "Deno.env", "Bun.env", "import.meta.env", "os.environb")
)
_TAKES_FILES = frozenset(("write", "add", "attach", "append"))
"""Methods of archives and messages that take a file by its path."""

_ANSWERS = frozenset((Origin.CARRIED, Origin.DOWNLOAD))
_UNSAFE = ("yaml.Loader", "UnsafeLoader", "yaml.CLoader")


_TEMPORARY = "/tmp/"  # noqa: S108 - a name for a file of the script, not one of ours


class _EnoughError(Exception):
    pass


_DIGEST = re.compile(r"\b\w+\.(?:hex)?digest\([^()]*\)")
"""A checksum of what was downloaded says only whether it is what was expected."""

_AUTH_KEY = re.compile(r"auth|api[-_]?key|token|cookie|^x-|bearer|secret", re.IGNORECASE)


class Follower(Arguments):
    """Follows data through programs that belong together."""

    def __init__(self, scripts: Scripts) -> None:
        super().__init__(scripts)
        self._steps = 0
        self.commands: dict[tuple[str, int, str], None] = {}
        """Commands that stand under ``command`` in a mapping, with their place: a script may put them into settings."""

    def run(self) -> None:
        """Follow everything; what is found goes into the inventory. Bounded, and the inventory says when a bound was met."""
        try:
            for _ in range(MAX_ROUNDS):
                self._changed = False
                for program in self._programs:
                    self._program = program
                    for assign in program.assigns:
                        value = self._value(assign.value, assign.scope, 0)
                        if assign.key and _AUTH_KEY.search(assign.key) and _as_proof(value):
                            value = Value(value.texts, frozenset(), value.every)
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
                    self._asked = self._asked_outside(evaluate)
                    self._value(evaluate.value, evaluate.scope, 0)
                for assign in program.assigns:
                    self._swapped(assign)
        except (_EnoughError, RecursionError):
            self._into.leave("scripts that take more steps to follow than are followed")

    def _asked_outside(self, evaluate: Evaluate) -> str:
        """The host whose answer the condition around an expression asks for; empty when none is."""
        for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", _DIGEST.sub("", evaluate.guard))):
            for label in sorted(self._get(evaluate.scope, name).labels, key=str):
                if label.origin is Origin.DOWNLOAD:
                    return label.name
        return ""

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
                    self._commanded(keys, values, node.line)
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

    def _commanded(self, keys: Sequence[str | None], values: list[Value], line: int) -> None:
        for key, value in zip(keys, values, strict=False):
            if self._looking and key == "command" and len(self.commands) < MAX_COMMANDS:
                for text in value.texts:
                    self.commands[self._program.path, line + self._program.shift, text] = None

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
        if path in ("sys.executable", "process.execPath"):
            return Value(("python3" if path.startswith("sys") else "node",))
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
        if (picked := self._picked(base, key, scope, depth)) is not None and picked.texts:
            return Value(picked.texts, picked.labels | held.labels, picked.auth | held.auth)
        if key in ("parent", "parents"):
            return held
        return Value((), held.labels, held.auth)

    # --- calls

    def _call(self, call: Call, scope: str, depth: int) -> Value:
        path, line = call.path, call.line
        if (meant := self._aliases.get((self._program.module, path))) is not None and depth < MAX_DEPTH // 2:
            call = Call(meant[0], None, (*meant[1], *call.args), (*meant[2], *call.named), line)
            path = call.path
        if path == "Reflect.apply" and call.args and isinstance(call.args[0], Name):
            listed = call.args[2:]
            given = listed[0].items if listed and isinstance(listed[0], Joined) else listed
            call = Call(call.args[0].path, None, tuple(given), call.named, line)
            path = call.path
        base = self._value(call.base, scope, depth + 1) if call.base is not None else NOTHING
        args = [self._value(arg, scope, depth + 1) for arg in call.args]
        named = {name: self._value(value, scope, depth + 1) for name, value in call.named}
        method = path.rpartition(".")[2]
        everything = gathered([base, *args, *named.values()])
        if method == "read" and isinstance(call.base, Name) and args:
            self._fill(scope, call.base.path, self._content(args[0], line))
        if method in library.FILLS and isinstance(call.base, Name):
            files = [self._content(arg, line) for arg in args[:1]] if method in _TAKES_FILES else []
            self._fill(scope, call.base.path, gathered([*args, *named.values(), *files]))
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
        if path in library.PRINTS:
            self._shown(everything, tuple(text for arg in args for text in arg.texts), line)
        if library.SEALED.has(path):
            return NOTHING
        function = self._function(call, path)
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
        if method == "join":
            whole = self._spelled(call.base, args[0].text if args else ",", scope, depth)
            if whole is None and call.args and base.texts:
                whole = self._spelled(call.args[0], base.text, scope, depth)
            if whole is not None and whole.texts:
                return Value(whole.texts, whole.labels | everything.labels, whole.auth | everything.auth)
            if base.texts and call.args:
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
        if path in ("map", "bytes", "bytearray", "Uint8Array.from", "Buffer.from") and (
            (len(call.args) > 1 and isinstance(call.args[0], Name) and call.args[0].path == "chr")
            or (call.args and self._numbers(call.args[0]))
        ):
            spelled = Label(Origin.ENCODED, "character codes", self._source(line))
            return Value((), everything.labels | {spelled}, everything.auth)
        if method in ("get_credentials", "get_frozen_credentials"):
            return self._label(Origin.CREDENTIALS, "~/.aws/credentials", line)
        if path in library.CREDENTIAL_CALLS:
            return self._label(Origin.CREDENTIALS, library.CREDENTIAL_CALLS[path], line)
        if path in library.PERSONAL_CALLS:
            return self._label(Origin.PERSONAL, library.PERSONAL_CALLS[path], line)
        if path in library.SYSTEM_DATA:
            return self._label(Origin.SYSTEM, path, line)
        if path in ("input", "prompt", "sys.stdin.read"):
            return self._label(Origin.INPUT, "input", line)
        if library.DNS.has(path):
            return self._dns(args, line)
        if (
            library.SEND.has(path)
            or (method in library.METHOD_SEND and args and addressed(args[0]))
            or (method == "get" and args and addressed(args[0]))
        ):
            about = Value((), frozenset(x for x in base.labels if x.origin not in _ANSWERS), base.auth)
            return self._sent(path, args, self._options(call, named, scope, depth), line, about)
        if library.CONNECT.has(path):
            return self._connected(self._peer(call, args, named, scope, depth), line)
        if (
            method in ("connect", "connect_ex")
            and path not in library.READ
            and args
            and (args[0].texts or isinstance(call.args[0], Joined))
        ):
            carried = self._connected(self._peer(call, args, named, scope, depth), line)
            if isinstance(call.base, Name):
                self._fill(scope, call.base.path, carried)
            return carried
        if method in library.METHOD_OUT and any(label.origin is Origin.CARRIED for label in base.labels):
            host = host_of(base)
            if host == "*":
                host = next((bare for arg in args if (bare := bare_host(arg)) != "*"), "*")
            files = [self._content(arg, line) for arg in args]
            self._out(gathered([*args, *named.values(), *files]), host, line)
            return base
        if method == "pipe" and any(label.origin is Origin.CARRIED for arg in args for label in arg.labels):
            self._out(base, host_of(gathered(args)), line)
            return base
        if (service := library.SERVICES.get(path.partition(".")[0])) is not None:
            return self._served(service, method, args, named, line)
        if (
            not library.SIGNS_IN.has(method)
            and any(label.origin is Origin.CARRIED for label in base.labels)
            and any(label.origin in STOLEN for one in (*args, *named.values()) for label in one.labels)
        ):
            self._out(gathered([*args, *named.values()]), host_of(base), line)
        if library.RUN.has(path):
            return self._ran(
                path,
                args,
                self._words(call, args, scope, depth),
                line,
                self._input(call, named, scope, depth),
            )
        if library.EVALUATE.has(path) and args:
            return self._evaluated(args, line, path)
        if library.DESERIALIZE.has(path):
            if any(isinstance(said, Name) and said.path.endswith(_UNSAFE) for _, said in call.named):
                named.pop("Loader", None)
            self._deserialized(path, everything, named, args, line)
            return everything
        if library.READS.has(path) and args:
            return self._file(args[0], line)
        if path in library.READ or method in ("read_text", "read_bytes", "glob", "rglob", "iterdir", "open"):
            return self._read(path, method, base, args, named, line)
        if (place := self._saved_to(call, path, scope, depth)) is not None:
            self._saved(place, everything, line)
            return everything
        if path in library.WRITE or method in ("write_text", "write_bytes"):
            return self._written(
                base if method.startswith("write_") else (args[0] if args else NOTHING), gathered(args), line
            )
        if method in ("write", "writelines", "writestr", "add") or path in ("json.dump", "pickle.dump"):
            self._handle_written([base, *args], gathered(args), line)
            return everything
        if path in library.COPY and len(args) > 1:
            kept = self._file(args[0], line)
            if isinstance(call.args[1], Name):
                self._fill(scope, call.args[1].path, kept)
            return self._written(args[1], Value((), kept.labels | args[0].labels), line)
        if path in library.REMOVE or method in ("unlink", "rmdir", "rmtree"):
            self._removed(path, args[0] if args and path in library.REMOVE else base, line)
            return NOTHING
        if path in ("tempfile.mktemp", "tempfile.mkstemp", "tempfile.mkdtemp", "tempfile.gettempdir"):
            return Value((f"{_TEMPORARY}{self._program.module}.{line}",))
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
            "sys.path.insert",
            "sys.path.append",
            "require",
            "import",
        ):
            return self._loaded(path, args, line)
        if method in ("copy", "writeText", "setText", "set_text") and args and is_account(args[0].text):
            self._handed(args[0].text, line)
        if method in ("extractall", "extract", "unpack_archive", "extractAllTo"):
            at, held = (1, gathered(args[:1])) if method == "unpack_archive" else (0, base)
            where = named.get("path", args[at] if len(args) > at else NOTHING)
            return self._written(where, held, line) if where.texts else NOTHING
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


def _as_proof(value: Value) -> bool:
    """Whether a value is one credential by itself, and not a heap of them."""
    return len({label.name for label in value.labels}) <= 2 and all(
        label.origin in (Origin.VARIABLE, Origin.CREDENTIALS, Origin.FILE, Origin.INPUT)
        for label in value.labels
    )
