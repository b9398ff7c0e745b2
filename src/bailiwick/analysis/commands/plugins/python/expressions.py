"""Expressions and bindings of a piece of Python."""

import ast

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.python import computing
from bailiwick.analysis.commands.plugins.python.calls import Calls
from bailiwick.analysis.commands.plugins.python.effects import set_variable
from bailiwick.analysis.commands.plugins.python.library import builtin
from bailiwick.analysis.commands.plugins.python.state import MAX_STEPS, TooMuchError
from bailiwick.analysis.commands.plugins.python.values import (
    NOTHING,
    NUMBER,
    PLAIN,
    SEARCH_PATH,
    Defined,
    Effect,
    Environment,
    Foreign,
    Harmless,
    Location,
    Many,
    Method,
    Module,
    Number,
    Partial,
    Plain,
    Row,
    Text,
    Value,
    Whole,
    capable,
    glued,
    items,
    join,
    kept,
    ordered,
)

_SETTABLE = frozenset(("stdout", "stderr"))
_MAX_DIGITS = 18


class Expressions(Calls):
    """Expressions and bindings."""

    def fresh(self, node: ast.expr) -> Value:
        """Evaluate an expression that is used up where it stands: a list here can't be changed elsewhere."""
        if isinstance(node, ast.List | ast.Tuple):
            return self._row(node.elts)
        return self.value(node)

    def value(self, node: ast.expr) -> Value:  # noqa: C901, PLR0912 - one arm per expression
        """Everything that an expression may be. Raises TooMuchError."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TooMuchError
        match node:
            case ast.Name():
                return self._load(node)
            case ast.Attribute():
                return self._attributes(node)
            case ast.Call():
                return self._call(node)
            case ast.Constant():
                return self._constant(node)
            case ast.JoinedStr():
                return self._joined(node)
            case ast.FormattedValue():
                return self._formatted(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.BoolOp() | ast.IfExp():
                return self._choice(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare():
                return self._compare(node)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._sequence(node)
            case ast.Starred():
                return self._starred(node)
            case ast.Dict():
                return self._dict(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.Lambda():
                return self._lambda(node)
            case ast.Await():
                return self._awaited(node)
            case ast.Yield() | ast.YieldFrom():
                return self._yield(node)
            case ast.NamedExpr():
                return self._walrus(node)
            case ast.Slice():
                return self._slice(node)
            case ast.Subscript():
                return self._subscript(node)
            case _:
                self.refuse(f"uses {type(node).__name__}")
                return PLAIN

    def _bind(self, target: ast.expr, value: Value) -> None:  # noqa: C901 - one arm per target
        match target:
            case ast.Name(id=name):
                self._store(name, value)
            case ast.Starred(value=inner):
                self._bind(inner, frozenset([Many(value)]))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                rows = [atom for atom in value if isinstance(atom, Row) and len(atom.items) == len(targets)]
                exact = len(rows) == len(value) and not any(isinstance(t, ast.Starred) for t in targets)
                for index, inner in enumerate(targets):
                    self._bind(inner, join(row.items[index] for row in rows) if exact else self.items(value))
            case ast.Attribute(value=base, attr=name):
                self.escape(value)
                for atom in ordered(self.value(base)):
                    if isinstance(atom, Module) and not (atom.name == "sys" and name in _SETTABLE):
                        self.refuse(f"changes {atom.name}.{name}")
                    elif not isinstance(atom, Module | Plain | Harmless):
                        self.refuse(f"sets .{name} of what isn't an object of the code")
                    elif not isinstance(atom, Module):
                        self._attribute(Plain(), name)
            case ast.Subscript(value=base, slice=key):
                self.escape(value)
                self.spill(value, each=isinstance(key, ast.Slice))
                self._item(base, key, value)
            case _:
                self.refuse("assigns to what isn't known")

    def _item(self, base: ast.expr, key: ast.expr, value: Value) -> None:
        names = self.value(key)
        self.escape(names)
        for atom in ordered(self.value(base)):
            if isinstance(atom, Environment):
                if self.machine is not None:
                    set_variable(self.machine, names, value, Arg("", span=self.span))
            elif atom == SEARCH_PATH or isinstance(atom, Module | Effect | Foreign):
                self.refuse("changes what modules are found")

    def _constant(self, node: ast.Constant) -> Value:
        match node.value:
            case bool() | None:
                return PLAIN
            case str(text):
                return frozenset([Text(text)])
            case bytes(data):
                return frozenset([Text(data.decode("ascii"))]) if data.isascii() else PLAIN
            case int(number) if len(str(number)) <= _MAX_DIGITS:
                return frozenset([Whole(number)])
            case _:
                return PLAIN

    def _load(self, node: ast.Name) -> Value:
        return self._name(node.id)

    def _name(self, name: str) -> Value:
        bound = self._names.get(name)
        if name in {"open", "type"}:
            known: Value = frozenset([Effect(name)])
        elif builtin(name):
            known = frozenset([Harmless(name)])
        elif name in {"__name__", "__doc__"}:
            known = PLAIN
        else:
            if bound is None:
                self.refuse(f"uses {name}")
            return bound or NOTHING
        return known if bound is None else join([bound, known])

    def _joined(self, node: ast.JoinedStr) -> Value:
        return glued([self._formatted(part) for part in node.values])

    def _formatted(self, part: ast.expr) -> Value:
        if not isinstance(part, ast.FormattedValue):
            return self.value(part)
        value = self.value(part.value)
        self.escape(value)
        if part.format_spec is not None:
            self.value(part.format_spec)
        numbers = all(isinstance(atom, Number | Whole) for atom in value)
        if part.format_spec is not None and numbers and value:
            return NUMBER
        return value if part.format_spec is None and part.conversion in {-1, ord("s")} else PLAIN

    def _binary(self, node: ast.BinOp) -> Value:
        return self._operation(node.op, self.value(node.left), self.value(node.right))

    def _operation(self, operator: ast.operator, left: Value, right: Value) -> Value:
        for value in (left, right):
            self.escape(value)
        if not left or not right:
            return NOTHING
        whole = left | right
        if all(isinstance(atom, Whole | Number) for atom in whole):
            return PLAIN if isinstance(operator, ast.Div) else NUMBER
        match operator:
            case ast.Add():
                rows = [atom for atom in whole if isinstance(atom, Row)]
                if len(rows) == len(whole):
                    return join(
                        [
                            frozenset([Row(one.items + other.items)])
                            for one in left
                            for other in right
                            if isinstance(one, Row) and isinstance(other, Row)
                        ]
                    )
                if all(isinstance(atom, Row | Many) for atom in whole):
                    return frozenset([Many(join([items(left), items(right)]))])
                return glued([left, right])
            case ast.Div() if any(isinstance(atom, Location) for atom in whole):
                return computing.paths([left, right], located=True)
            case ast.Mod():
                return frozenset(
                    Partial(head)
                    if isinstance(atom, Text) and (head := atom.text.partition("%")[0])
                    else Plain()
                    for atom in left
                )
            case _:
                return PLAIN

    def _choice(self, node: ast.BoolOp | ast.IfExp) -> Value:
        if isinstance(node, ast.BoolOp):
            return join([self.value(value) for value in node.values])
        self.value(node.test)
        return join([self.value(node.body), self.value(node.orelse)])

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub) and all(isinstance(atom, Whole | Number) for atom in value):
            return frozenset(Whole(-atom.number) if isinstance(atom, Whole) else atom for atom in value)
        return PLAIN

    def _compare(self, node: ast.Compare) -> Value:
        sides = [self.value(side) for side in (node.left, *node.comparators)]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if isinstance(operator, ast.Is | ast.IsNot):
                continue
            if isinstance(operator, ast.In | ast.NotIn) and right == {Environment()}:
                self._variables(left)
                continue
            for side in (left, right):
                if self._own or not all(isinstance(atom, Foreign) for atom in capable(side)):
                    self.escape(side)
        return PLAIN

    def _row(self, elements: list[ast.expr]) -> Value:
        values = [kept(self.value(element)) for element in elements]
        for value in values:
            self.escape(value)
        if any(isinstance(element, ast.Starred) for element in elements):
            return frozenset([Many(join(values))])
        return frozenset([Row(tuple(values))])

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        row = self._row(node.elts)
        if isinstance(node, ast.Tuple) or (isinstance(node, ast.List) and not self._mutates):
            return row
        return frozenset([Many(items(row))])

    def _starred(self, node: ast.Starred) -> Value:
        return self.items(self.fresh(node.value))

    def _dict(self, node: ast.Dict) -> Value:
        for part in (*node.keys, *node.values):
            if part is not None:
                self.plain(part)
        return PLAIN

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        for generator in node.generators:
            self._bind(generator.target, self.items(self.fresh(generator.iter)))
            for condition in generator.ifs:
                self.value(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        values = [self.value(part) for part in parts]
        for value in values:
            self.escape(value)
        known = isinstance(node, ast.GeneratorExp | ast.ListComp)
        return frozenset([Many(kept(values[0]) if known else join([*values, PLAIN]), fresh=True)])

    def _lambda(self, node: ast.Lambda) -> Value:
        self.inside(node, node.body)
        return frozenset([Defined(self._numbers[id(node)])])

    def _awaited(self, node: ast.Await) -> Value:
        return self.value(node.value)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            value = self.value(node.value)
            self.escape(value)
            self._give(frozenset([Many(value if isinstance(node, ast.Yield) else self.items(value))]))
        return PLAIN

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self._bind(node.target, value)
        return kept(value)

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.plain(part)
        return PLAIN

    def _subscript(self, node: ast.Subscript) -> Value:
        key = self.value(node.slice)
        self.escape(key)
        found: list[Value] = []
        for atom in ordered(self.value(node.value)):
            match atom:
                case Environment():
                    self._variables(key)
                    found.append(PLAIN)
                case Module() | Effect() | Method():
                    self.refuse("takes an item of a module or function")
                case Foreign() | Harmless():
                    found.append(frozenset([atom]) if atom != SEARCH_PATH else PLAIN)
                case Row():
                    found.append(computing.chosen(atom, node.slice, key))
                case Many():
                    item = (
                        frozenset([atom])
                        if isinstance(node.slice, ast.Slice)
                        else self.items(frozenset([atom]))
                    )
                    found.append(item)
                case _:
                    found.append(PLAIN)
        return join(found)

    def _attributes(self, node: ast.Attribute) -> Value:
        return join([self._attribute(atom, node.attr) for atom in ordered(self.value(node.value))])
