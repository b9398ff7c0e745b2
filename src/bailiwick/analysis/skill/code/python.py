"""Python, lowered with the standard library's parser."""

import ast
import re
import warnings
from collections.abc import Iterator

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
from bailiwick.analysis.skill.sensitive import kept_in

MAX_SOURCE = 1_000_000
"""Characters of a script that is read; its tree takes two hundred times as many bytes. What is longer is partial anyway."""

_GATE = re.compile(
    r"datetime|time\.time|date\.today|\bCI\b|GITHUB_ACTIONS|hostname|gethostname|getuser|platform\.node|random\.",
    re.IGNORECASE,
)


def lower(text: str, path: str, module: str) -> Program | None:
    """The program in ``text``; None when it isn't Python that can be read."""
    if len(text) > MAX_SOURCE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        program = Program(path=path, module=module)
        _Lowering(program).block(tree.body, "", "")
    except (RecursionError, MemoryError) as error:
        raise TooDeepError from error
    except SyntaxError as error:
        if "too many nested" in str(error.msg) or "too complex" in str(error.msg):
            raise TooDeepError from error
        return None
    except ValueError:
        return None
    return program


class _Lowering:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.guard = ""
        self.within = ""

    def block(self, body: list[ast.stmt], scope: str, gate: str) -> None:
        for statement in body:
            self.statement(statement, scope, gate)

    def statement(self, node: ast.stmt, scope: str, gate: str) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self.program.modules[alias.name] = node.lineno
                    local = alias.asname or alias.name.split(".")[0]
                    self.program.imports[local] = alias.name if alias.asname else local
            case ast.ImportFrom(module=module, names=names):
                origin = module or self.program.module.rpartition(".")[0]
                self.program.modules[origin] = node.lineno
                for alias in names:
                    self.program.imports[alias.asname or alias.name] = (f"{origin}.{alias.name}").lstrip(".")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = f"{scope}.{node.name}" if scope else node.name
                arguments = node.args
                every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
                names_ = tuple(argument.arg for argument in every)
                self.program.functions[inner] = Function(inner, names_, node.lineno)
                self.program.functions.setdefault(node.name, Function(inner, names_, node.lineno))
                defaults = zip(
                    reversed([*arguments.posonlyargs, *arguments.args]),
                    reversed(arguments.defaults),
                    strict=False,
                )
                for argument, default in defaults:
                    self.program.assigns.append(Assign(argument.arg, self.expression(default), inner))
                for decorator in node.decorator_list:
                    self.evaluate(decorator, scope, gate)
                self.block(node.body, inner, gate)
            case ast.ClassDef():
                self.kind(node, scope, gate)
            case ast.Return(value=value) if value is not None:
                self.program.assigns.append(
                    Assign(
                        "return", self.expression(value), scope, guard=self.chosen(value), line=node.lineno
                    )
                )
                self.evaluate(value, scope, gate)
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, value, scope, gate)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.assign([target], value, scope, gate)
            case ast.AugAssign(target=target, value=value):
                self.assign([target], value, scope, gate)
            case ast.For(target=target, iter=iterated) | ast.AsyncFor(target=target, iter=iterated):
                self.assign([target], iterated, scope, gate)
                self.block(node.body, scope, gate)
                self.block(node.orelse, scope, gate)
            case ast.If(test=test):
                self.evaluate(test, scope, gate)
                shown = ast.unparse(test)[:120]
                inner_gate = shown if _GATE.search(shown) else gate
                self.told_apart(test, scope)
                outside, self.guard = self.guard, shown
                self.block(node.body, scope, inner_gate)
                self.guard = outside
                self.block(node.orelse, scope, gate)
            case ast.While(test=test):
                self.evaluate(test, scope, gate)
                self.block(node.body, scope, gate)
                self.block(node.orelse, scope, gate)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        self.assign([item.optional_vars], item.context_expr, scope, gate)
                    else:
                        self.evaluate(item.context_expr, scope, gate)
                self.block(node.body, scope, gate)
            case ast.Try() | ast.TryStar():
                self.block(node.body, scope, gate)
                for handler in node.handlers:
                    self.block(handler.body, scope, gate)
                self.block(node.orelse, scope, gate)
                self.block(node.finalbody, scope, gate)
            case ast.Match(subject=subject, cases=cases):
                self.evaluate(subject, scope, gate)
                for case in cases:
                    self.block(case.body, scope, gate)
            case ast.Expr(value=value):
                if isinstance(value, (ast.Yield, ast.YieldFrom)) and value.value is not None:
                    self.program.assigns.append(Assign("return", self.expression(value.value), scope))
                self.evaluate(value, scope, gate)
            case ast.Assert(test=test):
                self.evaluate(test, scope, gate)
            case ast.Raise(exc=exc) if exc is not None:
                self.evaluate(exc, scope, gate)
            case _:
                pass

    def assign(self, targets: list[ast.expr], value: ast.expr, scope: str, gate: str) -> None:
        lowered = self.expression(value)
        guard = self.chosen(value)
        self.program.evaluates.append(Evaluate(lowered, scope, gate))
        for target in targets:
            if (
                isinstance(target, (ast.Tuple, ast.List))
                and isinstance(value, (ast.Tuple, ast.List))
                and len(target.elts) == len(value.elts)
            ):
                for one, other in zip(target.elts, value.elts, strict=True):
                    for name in _names(one):
                        self.program.assigns.append(Assign(name, self.expression(other), scope))
                continue
            for name in _names(target):
                self.program.assigns.append(
                    Assign(name, lowered, scope, key=_key(target), guard=guard, line=target.lineno)
                )

    def chosen(self, value: ast.expr) -> str:
        """The condition on which a value is taken: one in it, or the one around it."""
        for node in ast.walk(value):
            if isinstance(node, ast.IfExp):
                return ast.unparse(node.test)[:120]
        return self.guard

    def kind(self, node: ast.ClassDef, scope: str, gate: str) -> None:
        """A class: calling it calls its constructor and gives back what that was given."""
        inner = f"{scope}.{node.name}" if scope else node.name
        self.program.classes.add(node.name)
        around, self.within = self.within, node.name
        self.block(node.body, inner, gate)
        self.within = around
        if (made := self.program.functions.get(f"{inner}.__init__")) is not None:
            self.program.functions[node.name] = made
            self.program.assigns.append(Assign("return", Name("self", node.lineno), made.name))

    def told_apart(self, test: ast.expr, scope: str) -> None:
        """A name that is compared with that of a file of credentials may be it."""
        for node in ast.walk(test):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=value, attr="startswith" | "endswith"), args=[said, *_]
                ):
                    pass
                case ast.Compare(left=value, comparators=[said, *_]):
                    pass
                case _:
                    continue
            told = [one.value for one in ast.walk(said) if isinstance(one, ast.Constant)]
            for name in _names(value):
                self.program.assigns += [
                    Assign(name, Constant(one, node.lineno), scope)
                    for one in told
                    if isinstance(one, str) and kept_in(one) is not None
                ]

    def evaluate(self, node: ast.expr, scope: str, gate: str) -> None:
        self.program.evaluates.append(Evaluate(self.expression(node), scope, gate, self.guard))
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                self.assign([inner.target], inner.value, scope, gate)

    def expression(self, node: ast.expr) -> Expression:
        line = node.lineno
        match node:
            case ast.Constant(value=value):
                if isinstance(value, str):
                    return Constant(value, line)
                if isinstance(value, bytes):
                    return Constant(value.decode("latin-1"), line)
                return Constant(
                    str(value) if isinstance(value, int) and not isinstance(value, bool) else None, line
                )
            case ast.Name(id="cls") if self.within:
                return Name(self.within, line)
            case ast.Name(id=name):
                return Name(self.program.imports.get(name, name), line)
            case ast.Attribute(value=value, attr=attr):
                base = self.expression(value)
                return Name(f"{base.path}.{attr}", line) if isinstance(base, Name) else Part(base, attr, line)
            case ast.Subscript(value=value, slice=key):
                base = self.expression(value)
                if isinstance(key, ast.Slice) and _reverses(key):
                    return Call("reversed", base, (), (), line)
                return Part(
                    base,
                    key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None,
                    line,
                )
            case ast.Call(func=func, args=args, keywords=keywords):
                lowered = self.expression(func)
                arguments = tuple(
                    self.expression(arg.value if isinstance(arg, ast.Starred) else arg) for arg in args
                )
                named = tuple((keyword.arg or "**", self.expression(keyword.value)) for keyword in keywords)
                match lowered:
                    case Name(path=path):
                        owner = path.rpartition(".")[0]
                        base_ = Name(owner, line) if owner else None
                        return Call(path, base_, arguments, named, line)
                    case Part(base=inner, key=key_):
                        return Call(f"?.{key_ or '?'}", inner, arguments, named, line)
                    case Call(
                        path="getattr", args=(Name(path=owner_path), Constant(value=str(attribute)), *_)
                    ):
                        return Call(
                            f"{owner_path}.{attribute}", Name(owner_path, line), arguments, named, line
                        )
                    case _:
                        return Call("?", lowered, arguments, named, line)
            case ast.BinOp(left=left, op=op, right=right):
                flat = [self.expression(right)]
                while isinstance(left, ast.BinOp):
                    flat.append(self.expression(left.right))
                    left = left.left
                flat.append(self.expression(left))
                parts_ = list(reversed(flat))
                if isinstance(op, ast.Div):  # a path, or a quotient that is no text anyway
                    parts_ = [one for part in parts_ for one in (Constant("/", line), part)][1:]
                return Joined(tuple(parts_), isinstance(op, (ast.Add, ast.Mod, ast.Div)), line)
            case ast.JoinedStr(values=values):
                parts = tuple(
                    self.expression(v.value if isinstance(v, ast.FormattedValue) else v) for v in values
                )
                return Joined(parts, True, line)
            case ast.Dict(keys=keys, values=values):
                names = tuple(
                    k.value if isinstance(k, ast.Constant) and isinstance(k.value, str) else None
                    for k in keys
                )
                return Joined(tuple(self.expression(v) for v in values), False, line, names)
            case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
                return Joined(tuple(self.expression(e) for e in elts), False, line)
            case ast.BoolOp(values=values):
                return Joined(tuple(self.expression(v) for v in values), False, line)
            case ast.IfExp(body=body, orelse=orelse):
                return Joined((self.expression(body), self.expression(orelse)), False, line)
            case (
                ast.ListComp(elt=elt, generators=generators)
                | ast.SetComp(elt=elt, generators=generators)
                | ast.GeneratorExp(elt=elt, generators=generators)
            ):
                self.comprehension(generators)
                return Joined((self.expression(elt),), False, line)
            case ast.DictComp(key=key_expression, value=value, generators=generators):
                self.comprehension(generators)
                return Joined((self.expression(key_expression), self.expression(value)), False, line)
            case (
                ast.Await(value=value)
                | ast.Starred(value=value)
                | ast.YieldFrom(value=value)
                | ast.UnaryOp(operand=value)
            ):
                return self.expression(value)
            case ast.Yield(value=value) if value is not None:
                return self.expression(value)
            case ast.NamedExpr(value=value):
                return self.expression(value)
            case ast.Lambda(body=body):
                return self.expression(body)
            case ast.Compare(left=left, comparators=comparators):
                return Joined(
                    (self.expression(left), *(self.expression(c) for c in comparators)), False, line
                )
            case _:
                return Constant(None, line)

    def comprehension(self, generators: list[ast.comprehension]) -> None:
        for generator in generators:
            lowered = self.expression(generator.iter)
            for name in _names(generator.target):
                self.program.assigns.append(Assign(name, lowered, "*"))
            for test in generator.ifs:
                self.told_apart(test, "*")


def _reverses(key: ast.Slice) -> bool:
    return isinstance(key.step, ast.UnaryOp) and isinstance(key.step.op, ast.USub)


def _key(target: ast.expr) -> str:
    match target:
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case _:
            return ""


def _names(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            yield f"{owner}.{attr}"
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            for inner in elts:
                yield from _names(inner)
        case ast.Starred(value=value) | ast.Subscript(value=value):
            yield from _names(value)
        case _:
            pass
