"""JavaScript and TypeScript, lowered with tree-sitter's grammars, which read any bytes."""

import re
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
from bailiwick.analysis.skill.code.nodes import (
    FUNCTIONS,
    chosen,
    contains_call,
    folded,
    guard_of,
    identifiers,
    required,
    string_of,
    text_of,
    within_call,
)

MAX_SOURCE = 2 * 2**20
"""Bytes of a script that is read."""

MAX_DEPTH = 180
"""Expressions inside each other that are followed."""

MAX_NESTED = 1_000
"""Nodes of the syntax inside each other; generated code has a few hundred."""

_GATE = re.compile(r"Date\b|process\.env\.CI|hostname|userInfo|Math\.random")


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
            if node.type in FUNCTIONS:
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
                guard = chosen(node.named_children[0]) or guard_of(node)
                self.program.assigns.append(
                    Assign("return", value, scope, guard=guard, line=node.start_point[0] + 1)
                )
                self.program.evaluates.append(Evaluate(value, scope, gate))
            elif node.type == "yield_expression" and node.named_children:
                self.program.assigns.append(
                    Assign("return", self.expression(node.named_children[0], 0), scope)
                )
            elif node.type == "class_declaration":
                self.program.classes.add(text_of(node.child_by_field_name("name")))
            elif node.type in ("call_expression", "new_expression") and not within_call(node):
                self.program.evaluates.append(Evaluate(self.expression(node, 0), scope, gate, guard_of(node)))
            if node.type == "if_statement":
                test = text_of(node.child_by_field_name("condition"))[:120]
                gate = test if _GATE.search(test) else gate
            pending.extend((child, inner, gate, depth + 1) for child in reversed(node.named_children))

    def function(self, node: Node, scope: str) -> str:
        name = text_of(node.child_by_field_name("name"))
        parent = node.parent
        if not name and parent is not None and parent.type == "assignment_expression":
            name = text_of(parent.child_by_field_name("left")).rpartition(".")[2]
            name = name if name.isidentifier() else ""
        if not name and parent is not None and parent.type in ("variable_declarator", "pair"):
            name = text_of(parent.child_by_field_name("name") or parent.child_by_field_name("key"))
        if not name:
            name = f"<{node.start_point[0] + 1}>"
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        names: tuple[str, ...] = ()
        if parameters is not None:
            children = parameters.named_children if parameters.type == "formal_parameters" else [parameters]
            names = tuple(next(identifiers(child), "") for child in children)
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
        module = string_of(source) if source is not None else ""
        module = module.removeprefix("node:")
        self.program.modules[module] = node.start_point[0] + 1
        for clause in node.named_children:
            if clause.type != "import_clause":
                continue
            for child in clause.named_children:
                if child.type == "identifier":
                    self.program.imports[text_of(child)] = module
                elif child.type == "namespace_import":
                    self.program.imports[next(identifiers(child), "")] = module
                elif child.type == "named_imports":
                    for one in child.named_children:
                        name = text_of(one.child_by_field_name("name"))
                        local = text_of(one.child_by_field_name("alias")) or name
                        self.program.imports[local] = f"{module}.{name}"

    def assign(
        self, target: Node | None, value: Node | None, scope: str, gate: str, *, outer: bool = False
    ) -> None:
        if target is None or value is None or value.type in FUNCTIONS:
            return
        lowered = self.expression(value, 0)
        meant = required(lowered)
        if meant is not None and meant.path.count("*") == 0:
            self.program.modules[meant.path.split(".")[0]] = target.start_point[0] + 1
            if target.type == "identifier":
                self.program.imports[text_of(target)] = meant.path
                return
            if target.type == "object_pattern":
                for one in target.named_children:
                    name = text_of(one.child_by_field_name("key")) or text_of(one)
                    local = text_of(one.child_by_field_name("value")) or name
                    self.program.imports[local] = f"{meant.path}.{name}"
                return
        if not contains_call(lowered):
            self.program.evaluates.append(Evaluate(lowered, scope, gate))
        if target.type in ("object_pattern", "array_pattern"):
            rest = {
                n for one in target.named_children if one.type == "rest_pattern" for n in identifiers(one)
            }
            for name in identifiers(target):
                part: Expression = (
                    Part(lowered, name, target.start_point[0] + 1)
                    if target.type == "object_pattern" and name not in rest
                    else lowered
                )
                self.program.assigns.append(Assign(name, part, scope))
            return
        name, key = text_of(target), ""
        if target.type == "subscript_expression":
            name = text_of(target.child_by_field_name("object"))
            key = text_of(target.child_by_field_name("index")).strip("'\"`")
        if len(name) < 120 and "\n" not in name:
            self.program.assigns.append(
                Assign(
                    name,
                    lowered,
                    scope,
                    outer,
                    key,
                    chosen(value) or guard_of(target),
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
                return Constant(string_of(node), line)
            case "number" | "regex":
                return Constant(text_of(node), line)
            case "template_string":
                parts: list[Expression] = []
                for child in node.named_children:
                    if child.type == "template_substitution" and child.named_children:
                        parts.append(self.expression(child.named_children[0], deeper))
                    else:
                        parts.append(Constant(text_of(child), line))
                return Joined(tuple(parts), True, line)
            case "identifier" | "this" | "property_identifier":
                name = text_of(node)
                return Name(self.program.imports.get(name, name), line)
            case "member_expression":
                owner = node.child_by_field_name("object")
                attribute = text_of(node.child_by_field_name("property"))
                base = self.expression(owner, deeper) if owner is not None else Constant(None, line)
                meant = required(base)
                if meant is not None:
                    base = meant
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
                known = key.value if isinstance(key, Constant) else folded(key)
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
                    if child.type == "pair" and value is not None and value.type not in FUNCTIONS:
                        items.append(self.expression(value, deeper))
                        keys.append(text_of(child.child_by_field_name("key")).strip("'\""))
                    elif child.type in ("shorthand_property_identifier", "spread_element"):
                        inner = child.named_children[0] if child.named_children else child
                        text = text_of(inner)
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
