"""Following the values of a piece of Python until nothing new is found, then making the accesses of its calls.

Every name has one value: all that it is ever bound to, wherever that stands. Rounds go on until no value grows
(Kleene); what still grows after a few is forgotten (widening). Only the last pass makes accesses.
"""

import ast
from collections.abc import Iterable, Mapping
from typing import TypeVar

from bailiwick.analysis.commands.plugins.python.expressions import Expressions
from bailiwick.analysis.commands.plugins.python.library import COMPUTING, PROJECT_SAFE, REACHING
from bailiwick.analysis.commands.plugins.python.state import MUTATORS, Function
from bailiwick.analysis.commands.plugins.python.values import (
    NOTHING,
    PLAIN,
    Atom,
    Defined,
    Foreign,
    Harmless,
    Module,
    Number,
    Partial,
    Plain,
    Shape,
    Text,
    Value,
    Whole,
    widened,
)

MAX_ROUNDS = 8
WIDEN_AFTER = 4
_LAZY_IMPORTS = frozenset(("popen", "strptime"))
"""Functions of safe modules that import others when they are called."""
_Key = TypeVar("_Key", str, int)


def shadowable(tree: ast.AST) -> bool:
    """Whether the code imports a module in whose place the working directory may put its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name not in PROJECT_SAFE for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (
            node.level or node.module not in PROJECT_SAFE | {"__future__"}
        ):
            return True
        if isinstance(node, ast.Attribute | ast.alias) and _attribute_name(node) in _LAZY_IMPORTS:
            return True
    return False


def _attribute_name(node: ast.Attribute | ast.alias) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.name


class Evaluator(Expressions):
    """Statements, and the rounds."""

    def read(self, tree: ast.Module) -> None:
        """Follow the whole of the code. Raises TooMuchError."""
        self._survey(tree)
        for round_number in range(MAX_ROUNDS):
            before = dict(self._names), dict(self._returns), len(self._escaped), self._spilled
            self._body(tree.body)
            if round_number >= WIDEN_AFTER:
                self._names = _grown(before[0], self._names)
                self._returns = _grown(before[1], self._returns)
                self._spilled = self._spilled if self._spilled == before[3] else widened(self._spilled)
            if before == (self._names, self._returns, len(self._escaped), self._spilled):
                break
        else:
            self.reason = "its values aren't followed to the end"
        self.machine = self.call.machine
        self._body(tree.body)
        if self.handles and any(name.startswith("_") for name in self._own):
            self.refuse("names private parts of objects")

    def _survey(self, tree: ast.Module) -> None:
        own: set[str] = set()
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    self._numbers[id(node)] = len(self._functions)
                    self._functions.append(node)
                case ast.ClassDef(body=body):
                    own |= {
                        item.name for item in body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                    }
                    own |= {
                        name.id
                        for item in body
                        for name in ast.walk(item)
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                    }
                case ast.Attribute(attr=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name) if name in MUTATORS:
                    self._mutates = True
                case ast.AugAssign() | ast.Subscript(ctx=ast.Store() | ast.Del()):
                    self._mutates = True
                case _:
                    pass
        self._own = frozenset(name for name in own if name not in REACHING and not name.startswith("__"))

    # Statements.

    def _body(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm per statement
        match node:
            case ast.Expr(value=value):
                self.value(value)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value)
                for target in targets:
                    self._bind(target, found)
            case ast.AnnAssign(target=target, annotation=annotation, value=value_or_none):
                self.value(annotation)
                if value_or_none is not None:
                    self._bind(target, self.value(value_or_none))
            case ast.AugAssign(target=target, op=operator, value=value):
                old = NOTHING if not isinstance(target, ast.Name) else self._name(target.id)
                added = self.value(value)
                if not all(isinstance(atom, Text | Shape | Partial | Whole | Number) for atom in old):
                    self.spill(added, each=True)
                self._bind(target, self._operation(operator, old, added))
            case ast.For() | ast.AsyncFor():
                self._bind(node.target, self.items(self.fresh(node.iter)))
                self._body([*node.body, *node.orelse])
            case ast.While() | ast.If():
                self.value(node.test)
                self._body([*node.body, *node.orelse])
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    found = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, found)
                self._body(node.body)
            case ast.Try() | ast.TryStar():
                self._body(node.body)
                for handler in node.handlers:
                    if handler.type is not None:
                        self.value(handler.type)
                    if handler.name:
                        self._store(handler.name, PLAIN)
                    self._body(handler.body)
                self._body([*node.orelse, *node.finalbody])
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Return(value=value_or_none):
                self._give(NOTHING if value_or_none is None else self.value(value_or_none))
            case ast.Import(names=names):
                for alias in names:
                    bound = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._store(alias.asname or bound, frozenset([_module(bound)]))
            case ast.ImportFrom():
                self._import(node)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._bind(target, NOTHING)
            case ast.Raise(exc=exception, cause=cause):
                for part in (exception, cause):
                    if part is not None:
                        self.value(part)
            case ast.Assert(test=test, msg=message):
                self.value(test)
                if message is not None:
                    self.plain(message)
            case ast.Match():
                self._match(node)
            case ast.Global() | ast.Nonlocal() | ast.Pass() | ast.Break() | ast.Continue():
                pass
            case _:
                self.refuse(f"uses {type(node).__name__}")

    def _import(self, node: ast.ImportFrom) -> None:
        if node.module == "__future__":
            return
        for alias in node.names:
            if alias.name == "*":
                self.refuse("imports everything of a module")
            elif node.level or node.module is None or node.module not in COMPUTING:
                self._store(alias.asname or alias.name, frozenset([Foreign(f"{node.module}.{alias.name}")]))
            else:
                self._store(alias.asname or alias.name, self._member(node.module, alias.name))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        known: Value = frozenset([Defined(self._numbers[id(node)])])
        for annotation in [node.returns, *(argument.annotation for argument in _parameters(node.args))]:
            if annotation is not None:
                self.value(annotation)
        for decorator in node.decorator_list:
            self.escape(known)
            self.plain(decorator)
            known = PLAIN
        if self._in_class:
            self.escape(known)
        self._store(node.name, known, dunder=bool(self._in_class))
        self.inside(node, node.body)

    def inside(self, node: Function, body: list[ast.stmt] | ast.expr) -> None:
        """See ``State.inside``."""
        number = self._numbers[id(node)]
        arguments = node.args
        for name, default in zip(
            [a.arg for a in (*arguments.posonlyargs, *arguments.args)][::-1],
            arguments.defaults[::-1],
            strict=False,
        ):
            self._store(name, self.value(default))
        for parameter, optional in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if optional is not None:
                self._store(parameter.arg, self.value(optional))
        if number in self._escaped:
            for parameter in _parameters(arguments):
                self._store(parameter.arg, PLAIN)
        in_class, self._in_class = self._in_class, 0
        self._where.append(number)
        if isinstance(body, list):
            self._body(body)
        else:
            self._give(self.value(body))
        self._where.pop()
        self._in_class = in_class
        if number in self._escaped:
            self.escape(self._returns.get(number, NOTHING))

    def _class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            self.plain(base)
        for decorator in node.decorator_list:
            self.plain(decorator)
        for keyword in node.keywords:
            if keyword.arg == "metaclass" or keyword.arg is None:
                self.refuse("uses a metaclass")
            self.plain(keyword.value)
        self._store(node.name, frozenset([Harmless("class")]))
        self._in_class += 1
        self._body(node.body)
        self._in_class -= 1

    def _match(self, node: ast.Match) -> None:
        self.plain(node.subject)
        for case in node.cases:
            for inner in ast.walk(case.pattern):
                match inner:
                    case (
                        ast.MatchAs(name=str(name))
                        | ast.MatchStar(name=str(name))
                        | ast.MatchMapping(rest=str(name))
                    ):
                        self._store(name, PLAIN)
                    case ast.MatchClass(cls=kind, kwd_attrs=attributes):
                        self.plain(kind)
                        for attribute in attributes:
                            self._attribute(Plain(), attribute)
                    case ast.MatchValue(value=value):
                        self.plain(value)
                    case _:
                        pass
            if case.guard is not None:
                self.value(case.guard)
            self._body(case.body)

    # Bindings.


def _module(name: str) -> Atom:
    return Module(name) if name in COMPUTING else Foreign(name)


def _grown(before: Mapping[_Key, Value], after: Mapping[_Key, Value]) -> dict[_Key, Value]:
    return {key: value if before.get(key) == value else widened(value) for key, value in after.items()}


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
