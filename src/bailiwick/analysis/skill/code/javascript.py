"""JavaScript and TypeScript, lowered with tree-sitter's grammars, which read any bytes."""

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from bailiwick.analysis.skill.code.form import (
    Assign,
    Call,
    Constant,
    Evaluate,
    Expression,
    Function,
    Joined,
    Name,
    Part,
    Program,
    TooDeepError,
)

MAX_SOURCE = 2 * 2**20
"""Bytes of a script that is read."""

MAX_DEPTH = 180
"""Expressions inside each other that are followed."""

MAX_NESTED = 1_000
"""Nodes of the syntax inside each other; generated code has a few hundred."""

_GATE = re.compile(r"Date\b|process\.env\.CI|hostname|userInfo|Math\.random")
_FUNCTIONS = frozenset(
    (
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function_declaration",
        "function",
    )
)


@cache
def _parser(kind: str) -> Parser:
    grammars = {
        "js": tree_sitter_javascript.language,
        "ts": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }
    return Parser(Language(grammars[kind]()))


def lower(text: str, path: str, module: str) -> Program | None:
    """The program in ``text``; None when it is longer than is read. Raises TooDeepError."""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_SOURCE:
        return None
    ending = path.rsplit(".", 1)[-1].lower()
    kind = "tsx" if ending == "tsx" else "ts" if ending in ("ts", "mts", "cts", "typescript") else "js"
    root = _parser(kind).parse(data).root_node
    program = Program(path=path, module=module)
    _Lowering(program).walk(root)
    return program


class _Lowering:
    def __init__(self, program: Program) -> None:
        self.program = program

    def walk(self, root: Node) -> None:
        """Every node once, without recursion; the scope is the nearest function with a name."""
        pending: list[tuple[Node, str, str, int]] = [(root, "", "", 0)]
        while pending:
            node, scope, gate, depth = pending.pop()
            if depth > MAX_NESTED:
                raise TooDeepError
            inner = scope
            if node.type in _FUNCTIONS:
                inner = self.function(node, scope)
            elif node.type == "import_statement":
                self.imported(node)
            elif node.type == "variable_declarator":
                self.assign(node.child_by_field_name("name"), node.child_by_field_name("value"), scope, gate)
            elif (
                node.type in ("assignment_expression", "augmented_assignment_expression")
                or node.type == "for_in_statement"
            ):
                self.assign(
                    node.child_by_field_name("left"),
                    node.child_by_field_name("right"),
                    scope,
                    gate,
                    outer=True,
                )
            elif node.type == "return_statement" and node.named_children:
                value = self.expression(node.named_children[0], 0)
                guard = _chosen(node.named_children[0]) or _guard(node)
                self.program.assigns.append(
                    Assign("return", value, scope, guard=guard, line=node.start_point[0] + 1)
                )
                self.program.evaluates.append(Evaluate(value, scope, gate))
            elif node.type == "yield_expression" and node.named_children:
                self.program.assigns.append(
                    Assign("return", self.expression(node.named_children[0], 0), scope)
                )
            elif node.type == "class_declaration":
                self.program.classes.add(_text(node.child_by_field_name("name")))
            elif node.type in ("call_expression", "new_expression") and not _within_call(node):
                self.program.evaluates.append(Evaluate(self.expression(node, 0), scope, gate, _guard(node)))
            if node.type == "if_statement":
                test = _text(node.child_by_field_name("condition"))[:120]
                gate = test if _GATE.search(test) else gate
            pending.extend((child, inner, gate, depth + 1) for child in reversed(node.named_children))

    def function(self, node: Node, scope: str) -> str:
        name = _text(node.child_by_field_name("name"))
        parent = node.parent
        if not name and parent is not None and parent.type == "assignment_expression":
            name = _text(parent.child_by_field_name("left")).rpartition(".")[2]
            name = name if name.isidentifier() else ""
        if not name and parent is not None and parent.type in ("variable_declarator", "pair"):
            name = _text(parent.child_by_field_name("name") or parent.child_by_field_name("key"))
        if not name:
            name = f"<{node.start_point[0] + 1}>"
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        names: tuple[str, ...] = ()
        if parameters is not None:
            children = parameters.named_children if parameters.type == "formal_parameters" else [parameters]
            names = tuple(next(_identifiers(child), "") for child in children)
        line = node.start_point[0] + 1
        self.program.functions.setdefault(name, Function(name, names, line))
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block":
            self.program.assigns.append(Assign("return", self.expression(body, 0), name))
        if name.startswith("<"):
            # A callback sees what its call is made on: ``req.on('data', d => ...)``.
            call = parent.parent if parent is not None and parent.type == "arguments" else None
            base = call.child_by_field_name("function") if call is not None else None
            if base is not None:
                owner = base.child_by_field_name("object") if base.type == "member_expression" else base
                line = node.start_point[0] + 1
                value: Expression = Joined(
                    (self.expression(owner or base, 0), self.expression(call, 0)) if call is not None else (),
                    False,
                    line,
                )
                self.program.assigns += [Assign(one, value, scope) for one in names if one]
            return scope or name
        return name

    def imported(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        module = _string(source) if source is not None else ""
        module = module.removeprefix("node:")
        self.program.modules[module] = node.start_point[0] + 1
        for clause in node.named_children:
            if clause.type != "import_clause":
                continue
            for child in clause.named_children:
                if child.type == "identifier":
                    self.program.imports[_text(child)] = module
                elif child.type == "namespace_import":
                    self.program.imports[next(_identifiers(child), "")] = module
                elif child.type == "named_imports":
                    for one in child.named_children:
                        name = _text(one.child_by_field_name("name"))
                        local = _text(one.child_by_field_name("alias")) or name
                        self.program.imports[local] = f"{module}.{name}"

    def assign(
        self, target: Node | None, value: Node | None, scope: str, gate: str, *, outer: bool = False
    ) -> None:
        if target is None or value is None or value.type in _FUNCTIONS:
            return
        lowered = self.expression(value, 0)
        required = _required(lowered)
        if required is not None and required.path.count("*") == 0:
            self.program.modules[required.path.split(".")[0]] = target.start_point[0] + 1
            if target.type == "identifier":
                self.program.imports[_text(target)] = required.path
                return
            if target.type == "object_pattern":
                for one in target.named_children:
                    name = _text(one.child_by_field_name("key")) or _text(one)
                    local = _text(one.child_by_field_name("value")) or name
                    self.program.imports[local] = f"{required.path}.{name}"
                return
        if not _contains_call(lowered):
            self.program.evaluates.append(Evaluate(lowered, scope, gate))
        if target.type in ("object_pattern", "array_pattern"):
            rest = {
                n for one in target.named_children if one.type == "rest_pattern" for n in _identifiers(one)
            }
            for name in _identifiers(target):
                part: Expression = (
                    Part(lowered, name, target.start_point[0] + 1)
                    if target.type == "object_pattern" and name not in rest
                    else lowered
                )
                self.program.assigns.append(Assign(name, part, scope))
            return
        name, key = _text(target), ""
        if target.type == "subscript_expression":
            name = _text(target.child_by_field_name("object"))
            key = _text(target.child_by_field_name("index")).strip("'\"`")
        if len(name) < 120 and "\n" not in name:
            self.program.assigns.append(
                Assign(
                    name,
                    lowered,
                    scope,
                    outer,
                    key,
                    _chosen(value) or _guard(target),
                    target.start_point[0] + 1,
                )
            )

    def expression(self, node: Node, depth: int) -> Expression:
        line = node.start_point[0] + 1
        if depth > MAX_DEPTH:
            return Constant(None, line)
        deeper = depth + 1
        match node.type:
            case "string":
                return Constant(_string(node), line)
            case "number" | "regex":
                return Constant(_text(node), line)
            case "template_string":
                parts: list[Expression] = []
                for child in node.named_children:
                    if child.type == "template_substitution" and child.named_children:
                        parts.append(self.expression(child.named_children[0], deeper))
                    else:
                        parts.append(Constant(_text(child), line))
                return Joined(tuple(parts), True, line)
            case "identifier" | "this" | "property_identifier":
                name = _text(node)
                return Name(self.program.imports.get(name, name), line)
            case "member_expression":
                owner = node.child_by_field_name("object")
                attribute = _text(node.child_by_field_name("property"))
                base = self.expression(owner, deeper) if owner is not None else Constant(None, line)
                required = _required(base)
                if required is not None:
                    base = required
                return (
                    Name(f"{base.path}.{attribute}", line)
                    if isinstance(base, Name)
                    else Part(base, attribute, line)
                )
            case "subscript_expression":
                owner = node.child_by_field_name("object")
                index = node.child_by_field_name("index")
                base = self.expression(owner, deeper) if owner is not None else Constant(None, line)
                key = self.expression(index, deeper) if index is not None else None
                known = key.value if isinstance(key, Constant) else _folded(key)
                if isinstance(base, Name) and known is not None and known.isidentifier():
                    return Name(f"{base.path}.{known}", line)
                return Part(base, known, line)
            case "call_expression" | "new_expression":
                return self.call(node, deeper)
            case "binary_expression":
                flat: list[Expression] = []
                left: Node | None = node
                while left is not None and left.type == "binary_expression" and len(flat) < MAX_DEPTH:
                    right = left.child_by_field_name("right")
                    if right is not None:
                        flat.append(self.expression(right, deeper))
                    left = left.child_by_field_name("left")
                if left is not None:
                    flat.append(self.expression(left, deeper))
                return Joined(tuple(reversed(flat)), b"+" in (node.text or b""), line)
            case "object":
                items: list[Expression] = []
                keys: list[str | None] = []
                for child in node.named_children:
                    value = child.child_by_field_name("value")
                    if child.type == "pair" and value is not None and value.type not in _FUNCTIONS:
                        items.append(self.expression(value, deeper))
                        keys.append(_text(child.child_by_field_name("key")).strip("'\""))
                    elif child.type in ("shorthand_property_identifier", "spread_element"):
                        inner = child.named_children[0] if child.named_children else child
                        text = _text(inner)
                        items.append(
                            self.expression(inner, deeper)
                            if child.named_children
                            else Name(self.program.imports.get(text, text), line)
                        )
                        keys.append(text)
                return Joined(tuple(items), False, line, tuple(keys))
            case (
                "await_expression"
                | "parenthesized_expression"
                | "spread_element"
                | "unary_expression"
                | "as_expression"
                | "non_null_expression"
                | "satisfies_expression"
                | "type_assertion"
                | "yield_expression"
                | "sequence_expression"
            ):
                return (
                    self.expression(node.named_children[0], deeper)
                    if node.named_children
                    else Constant(None, line)
                )
            case "arrow_function" | "function_expression":
                body = node.child_by_field_name("body")
                if body is not None and body.type != "statement_block":
                    return self.expression(body, deeper)
                return Constant(None, line)
            case "array" | "ternary_expression":
                return Joined(
                    tuple(self.expression(child, deeper) for child in node.named_children[:500]), False, line
                )
            case _:
                return Constant(None, line)

    def call(self, node: Node, depth: int) -> Expression:
        line = node.start_point[0] + 1
        function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        listed = node.child_by_field_name("arguments")
        arguments = (
            tuple(self.expression(child, depth) for child in listed.named_children[:200])
            if listed is not None
            else ()
        )
        called = self.expression(function, depth) if function is not None else Constant(None, line)
        if function is not None and function.type == "import":
            called = Name("require", line)
        match called:
            case Name(path=path):
                if (
                    path == "require"
                    and arguments
                    and isinstance(arguments[0], Constant)
                    and arguments[0].value
                ):
                    self.program.modules.setdefault(arguments[0].value.removeprefix("node:"), line)
                owner = path.rpartition(".")[0]
                return Call(path, Name(owner, line) if owner else None, arguments, (), line)
            case Part(base=base, key=key):
                return Call(f"?.{key or '?'}", base, arguments, (), line)
            case _:
                return Call("?", called, arguments, (), line)


def _folded(value: Expression | None) -> str | None:
    """A text that is put together of texts that stand in the code."""
    match value:
        case Joined(items=items, text=True):
            pieces = [item.value for item in items if isinstance(item, Constant) and item.value is not None]
            return "".join(pieces) if len(pieces) == len(items) else None
        case _:
            return None


def _required(value: Expression) -> Name | None:
    """``require('x')`` as the module it stands for."""
    match value:
        case Call(path="require", args=(Constant(value=str(module)), *_)):
            return Name(module.removeprefix("node:"), value.line)
        case Part(base=base, key=str(key)):
            inner = _required(base)
            return Name(f"{inner.path}.{key}", value.line) if inner is not None else None
        case _:
            return None


def _contains_call(value: Expression) -> bool:
    match value:
        case Call():
            return True
        case Joined(items=items):
            return any(_contains_call(item) for item in items)
        case Part(base=base):
            return _contains_call(base)
        case _:
            return False


def _within_call(node: Node) -> bool:
    """Whether the call stands in another, which is looked at with all that is in it."""
    parent = node.parent
    while parent is not None and parent.type in (
        "arguments",
        "member_expression",
        "await_expression",
        "parenthesized_expression",
        "call_expression",
        "binary_expression",
        "template_substitution",
        "template_string",
        "object",
        "pair",
        "array",
        "spread_element",
    ):
        if parent.type == "call_expression":
            return True
        parent = parent.parent
    return False


MAX_GUARD = 12
"""Nodes above an assignment among which its condition is looked for."""


def _chosen(value: Node) -> str:
    """The condition on which one of two values is taken."""
    inner = (
        value.named_children[0]
        if value.type == "parenthesized_expression" and value.named_children
        else value
    )
    return _text(inner.child_by_field_name("condition"))[:120] if inner.type == "ternary_expression" else ""


def _guard(node: Node) -> str:
    """The condition nearest around an assignment."""
    parent = node.parent
    for _ in range(MAX_GUARD):
        if parent is None or parent.type in _FUNCTIONS:
            return ""
        if parent.type in ("if_statement", "ternary_expression"):
            return _text(parent.child_by_field_name("condition"))[:120]
        parent = parent.parent
    return ""


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


_ESCAPES = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)


def _string(node: Node) -> str:
    """What a string literal says, its escapes undone."""

    def undone(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            number = int(code, 16)
            return chr(number) if number <= 0x10FFFF else "?"
        return {"n": "\n", "t": "\t", "r": "\r"}.get(match[4], match[4])

    return _ESCAPES.sub(undone, _text(node)[1:-1])


def _identifiers(node: Node) -> Iterator[str]:
    pending = [node]
    while pending:
        one = pending.pop()
        if one.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield _text(one)
        pending.extend(reversed(one.named_children))
