"""Language interpreters: which file or text is the code, and what harmless inline Python may do."""

import ast
import re
import sys
import warnings
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
        "datetime",
        "time",
        "base64",
        "hashlib",
        "statistics",
        "decimal",
        "fractions",
        "random",
        "html",
        "unicodedata",
        "bisect",
        "heapq",
        "struct",
        "binascii",
        "csv",
        "colorsys",
    ]
)
_FORBIDDEN = frozenset(
    # the names by which code reaches code, or modules under another name
    [
        "eval",
        "exec",
        "compile",
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
        "classmethod",
        "staticmethod",
        "property",
        "super",
        "type",
        "object",
        "dir",
        "modules",
        "meta_path",
        "path_hooks",
        "path",
        "path_importer_cache",
        "settrace",
        "setprofile",
        "breakpointhook",
        "excepthook",
        "displayhook",
        "unraisablehook",
        "ps1",
        "ps2",
        "addaudithook",
        "f_globals",
        "f_builtins",
        "gi_frame",
        "cr_frame",
        "tb_frame",
        "gi_code",
        "os",
        "bltns",
        "popen",
        "system",
        "spawn",
        "format",
        "format_map",
        "main",
        "test",
        "types",
        "FunctionType",
        "CodeType",
        "ModuleType",
        "attrgetter",
        "methodcaller",
        "get_type_hints",
        "codecs",
        "singledispatch",
        "singledispatchmethod",
    ]
)
_MODULE_NAMES = sys.stdlib_module_names - {"datetime", "time", "random", "copy", "string"}
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
        stdin = machine.stdin if not parsed.operands or parsed.operands[0].literal == "-" else None
        shadowed = stdin is not None and _imports(stdin)
        machine.begin(tuple(parsed.operands), project_code=bool(parsed.operands) or shadowed)
    call.options()
    if any(":" in warning.text or warning.literal is None for warning in parsed.values("-W")):
        machine.opaque("warning filter that may import a module")
    if code:
        _inline(call, code[0])
    elif module:
        if module[0].literal is None:
            machine.opaque("module isn't known", module[0].span)
    elif parsed.operands:
        if parsed.operands[0].literal == "-":
            _standard_input(call)
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
        with warnings.catch_warnings():  # about the code's style; it isn't ours
            warnings.simplefilter("ignore")
            tree = ast.parse(code.text)
        reader = _Reader(call, code)
        reader.visit(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        call.machine.opaque("Python code that isn't understood", code.span)
        return
    if reader.reason:
        call.machine.opaque(f"Python code: {reader.reason}", code.span)


def _reaches(attribute: str) -> bool:
    return attribute.startswith("_") or attribute in _FORBIDDEN or attribute in _MODULE_NAMES


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
            if _reaches(alias.name) or alias.name == "*":
                self.reason = self.reason or f"imports {alias.name}"

    def _module(self, name: str) -> None:
        # A module of the project may shadow any that isn't built in; -c puts the working directory first.
        if name.split(".", maxsplit=1)[0] not in _PURE_MODULES:
            self.reason = self.reason or f"imports {name or '.'}"

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if _reaches(node.attr):
            self.reason = self.reason or f"uses .{node.attr}"
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _FORBIDDEN or node.id == "open" or (node.id.startswith("__") and node.id != "__name__"):
            self.reason = self.reason or f"uses {node.id}"

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        del node
        self.reason = self.reason or "matches by attribute"

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
