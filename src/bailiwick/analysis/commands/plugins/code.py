"""Language interpreters: which file or text is the code, and what harmless inline Python may do."""

import ast
import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_PURE_MODULES = frozenset(
    [
        "json",
        "sys",
        "math",
        "re",
        "string",
        "textwrap",
        "collections",
        "itertools",
        "functools",
        "datetime",
        "time",
        "base64",
        "hashlib",
        "statistics",
        "decimal",
        "fractions",
        "random",
        "uuid",
        "html",
        "unicodedata",
        "bisect",
        "heapq",
        "operator",
        "typing",
        "dataclasses",
        "enum",
        "calendar",
        "platform",
        "struct",
        "binascii",
        "difflib",
        "pprint",
        "csv",
        "copy",
        "colorsys",
    ]
)
_FORBIDDEN_NAMES = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "__import__",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "breakpoint",
        "input",
        "help",
        "memoryview",
        "__builtins__",
        "__loader__",
        "__spec__",
        "classmethod",
        "staticmethod",
        "property",
        "super",
        "type",
        "object",
        "dir",
    ]
)
_FORBIDDEN_ATTRIBUTES = frozenset(
    [
        "modules",
        "meta_path",
        "path_hooks",
        "path",
        "path_importer_cache",
        "settrace",
        "setprofile",
        "_getframe",
        "breakpointhook",
        "excepthook",
        "displayhook",
        "ps1",
        "ps2",
        "addaudithook",
        "call_tracing",
        "exec_prefix",
        "f_globals",
        "gi_frame",
        "cr_frame",
        "tb_frame",
        "os",
        "builtins",
        "codecs",
        "linecache",
        "subprocess",
        "importlib",
        "abc",
        "sys",
        "io",
        "functools_",
        "_os",
        "_sys",
        "platform_",
        "popen",
        "system",
        "spawn",
        "format",
        "format_map",
        "exec_module",
        "load_module",
        "libc_ver",
        "architecture",
    ]
)
_MAX_CODE = 4000


def python(call: "Call") -> None:
    """``python``: a script or module is project code; inline code is understood where it is harmless."""
    parsed, machine = call.parsed, call.machine
    code = parsed.values("-c")
    module = parsed.values("-m")
    if code:
        # -c puts the working directory before the library: the project may shadow what is imported.
        isolated = parsed.given("-I", "-P")
        machine.begin(tuple(parsed.operands), project_code=not isolated and _imports(code[0]))
    elif module:
        machine.begin((*module[:1], *parsed.operands), project_code=True)
    else:
        machine.begin(tuple(parsed.operands), project_code=bool(parsed.operands))
    call.options()
    if code:
        _inline(call, code[0])
    elif module:
        if module[0].literal is None:
            machine.opaque("module isn't known", module[0].span)
    elif parsed.operands:
        if parsed.operands[0].literal == "-":
            machine.opaque("code from standard input")
        else:
            machine.path(AccessKind.READ, parsed.operands[0])
    elif not parsed.given("--version", "--help", "-V", "-h"):
        _standard_input(call)


def _standard_input(call: "Call") -> None:
    stdin = call.machine.stdin
    if stdin is not None and stdin.literal is not None:
        _inline(call, stdin)
    else:
        call.machine.opaque("code from standard input or a terminal")


def _imports(code: Arg) -> bool:
    return (
        code.literal is not None
        and re.search(r"\b(?:import|from)\b(?!\s+(?:sys|time|itertools)\s*(?:;|\n|\Z))", code.text)
        is not None
    )


def _inline(call: "Call", code: Arg) -> None:
    if code.literal is None or len(code.text) > _MAX_CODE:
        call.machine.opaque("Python code that isn't known", code.span)
        return
    try:
        tree = ast.parse(code.text)
        reader = _Reader(call, code)
        reader.visit(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        call.machine.opaque("Python code that isn't understood", code.span)
        return
    if reader.reason:
        call.machine.opaque(f"Python code: {reader.reason}", code.span)


class _Reader(ast.NodeVisitor):
    """Looks for anything beyond computing, printing and opening files by literal name."""

    def __init__(self, call: "Call", code: Arg) -> None:
        self.call = call
        self.code = code
        self.reason = ""

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._module(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._module(node.module or "" if not node.level else ".")
        for alias in node.names:
            if alias.name in _FORBIDDEN_ATTRIBUTES | _FORBIDDEN_NAMES or alias.name == "*":
                self.reason = self.reason or f"imports {alias.name}"

    def _module(self, name: str) -> None:
        # A module of the project may shadow any that isn't built in; -c puts the working directory first.
        if name.split(".", maxsplit=1)[0] not in _PURE_MODULES:
            self.reason = self.reason or f"imports {name or '.'}"

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr.startswith("_") or node.attr in _FORBIDDEN_ATTRIBUTES:
            self.reason = self.reason or f"uses .{node.attr}"
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if (
            node.id in _FORBIDDEN_NAMES
            or node.id == "open"
            or (node.id.startswith("__") and node.id != "__name__")
        ):
            self.reason = self.reason or f"uses {node.id}"

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self.reason = self.reason or "decorates"
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.reason = self.reason or "defines a class"
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            self._open(node)
            for argument in node.args:
                self.visit(argument)
            return
        self.generic_visit(node)

    def _open(self, node: ast.Call) -> None:
        values = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
        mode = values[1] if len(values) > 1 else "r"
        for keyword in node.keywords:
            if keyword.arg == "mode" and isinstance(keyword.value, ast.Constant):
                mode = keyword.value.value
            elif keyword.arg not in ("encoding", "newline", "errors") or not isinstance(
                keyword.value, ast.Constant
            ):
                self.reason = self.reason or "opens a file in a way that isn't known"
        if not values or not isinstance(values[0], str) or not isinstance(mode, str) or "\0" in values[0]:
            self.reason = self.reason or "opens a file that isn't known"
            return
        path = Arg(values[0], span=self.code.span)
        if "r" in mode or "+" in mode:
            self.call.machine.path(AccessKind.READ, path)
        if any(c in mode for c in "wax+"):
            self.call.machine.path(AccessKind.WRITE, path)


def interpreter(call: "Call") -> None:
    """``node``, ``perl`` and others: a script is project code, anything inline is opaque."""
    parsed, machine = call.parsed, call.machine
    operands = parsed.operands
    machine.begin(tuple(operands), project_code=bool(operands))
    call.options()
    if operands:
        if operands[0].literal == "-":
            machine.opaque("code from standard input")
        else:
            machine.path(AccessKind.READ, operands[0])
    elif parsed.given("--test"):
        machine.opaque("runs the project's tests")
    elif not parsed.given("--version", "--help", "-v", "-V", "-h"):
        machine.opaque("code from an option, standard input or a terminal")
