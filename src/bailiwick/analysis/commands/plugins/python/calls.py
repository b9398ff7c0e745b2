"""Attributes and calls: what a name out of the library, a path or a function of the code does."""

import ast

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.python import computing
from bailiwick.analysis.commands.plugins.python.effects import effect, method, set_variable
from bailiwick.analysis.commands.plugins.python.library import ATTRIBUTES, DESCRIBING, OF_PARENT, OWN, member
from bailiwick.analysis.commands.plugins.python.state import MUTATORS, State
from bailiwick.analysis.commands.plugins.python.values import (
    NOTHING,
    PLAIN,
    SEARCH_PATH,
    Atom,
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
    Row,
    Text,
    Value,
    Whole,
    items,
    join,
    ordered,
)

_SHOWING = frozenset(
    [
        "print",
        "len",
        "str",
        "repr",
        "bool",
        "isinstance",
        "issubclass",
        "hasattr",
        "callable",
        "id",
        "list",
        "tuple",
        "set",
        "sorted",
        "super",
    ]
)
"""Built-in functions that keep nothing of what they are given."""


_OF_CLASSES = frozenset(("cwd", "home", "from_iterable"))
_ADDING = frozenset(("insert", "append"))
_ONE = frozenset(("append", "insert", "add", "appendleft", "setdefault"))
"""Methods that put in what they are given as one item."""


class Calls(State):
    """Attributes and calls."""

    def _member(self, module: str, name: str) -> Value:
        if (module, name) == ("os", "environ"):
            return frozenset([Environment()])
        if (module, name) == ("sys", "argv"):
            argv = next(iter(self._arguments))
            return frozenset([Many(items(frozenset([argv])))]) if self._mutates else self._arguments
        match member(module, name):
            case "module":
                return frozenset([Module(f"{module}.{name}")])
            case "effect":
                return frozenset([Effect(f"{module}.{name}")])
            case "harmless":
                return frozenset([Harmless(f"{module}.{name}")])
            case _:
                self.refuse(f"uses {module}.{name}")
                return PLAIN

    def _attribute(self, atom: Atom, name: str) -> Value:  # noqa: C901 - one arm per kind of value
        match atom:
            case Module(name=module):
                return self._member(module, name)
            case Foreign(name=whole):
                return PLAIN if name in DESCRIBING else frozenset([Foreign(f"{whole}.{name}")])
            case Location() if name in OWN:
                return frozenset([Method(atom, name)])
            case Location() if (known := computing.path_attribute(atom, name)) is not None:
                return known
            case Harmless(name="super()") if name in OF_PARENT or name in self._own:
                return PLAIN
            case Harmless(name=whole) if atom != SEARCH_PATH and _public(name):
                return frozenset([Harmless(f"{whole}.{name}")])
            case Defined() if name in {"__name__", "__doc__", "cache_clear"}:
                return PLAIN
            case Effect() | Method() | Defined() | Environment() | Harmless():
                self.refuse(f"uses .{name} of a function")
                return PLAIN
            case _:
                if name not in ATTRIBUTES and name not in self._own:
                    self.refuse(f"uses .{name}")
                if name in MUTATORS:  # called under another name, with anything
                    self._spilled |= PLAIN
                return PLAIN

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
            return join([self._invoke(atom, name, node) for atom in ordered(self.value(node.func.value))])
        return join([self._apply(atom, node) for atom in ordered(self.value(node.func))])

    def _invoke(self, atom: Atom, name: str, node: ast.Call) -> Value:
        """A call of an attribute."""
        match atom:
            case Environment():
                return self._environment_call(name, node)
            case _ if atom == SEARCH_PATH and name in _ADDING and self._search(node):
                return PLAIN
            case Text() if (known := computing.text_method(self, atom, name, node)) is not None:
                return known
            case Location() if (known := computing.path_method(self, atom, name, node)) is not None:
                return known
            case Module() | Foreign() | Harmless() | Effect() | Method() | Defined():
                return join([self._apply(inner, node) for inner in ordered(self._attribute(atom, name))])
            case Location() if name in OWN:
                return method(self, Method(atom, name), node)
            case _:
                return self._plain_method(atom, name, node)

    def _search(self, node: ast.Call) -> bool:
        """``sys.path.insert(0, "apps/api")``: modules are then also looked for in a directory of the project."""
        machine, values = self.call.machine, self._arguments_of(node)
        for atom in ordered(values[-1] if values else NOTHING):
            if not isinstance(atom, Text) or not machine.own(Arg(atom.text)):
                return False
            self._roots.append(atom.text.rstrip("/") + "/")
        self._places.clear()
        return bool(values)

    def _plain_method(self, atom: Atom, name: str, node: ast.Call) -> Value:
        """A method of plain data, which may be a path, a file, a socket or an object of the code."""
        arguments = self._arguments_of(node)
        match name:
            case "replace" if len(node.args) == 1:
                self.refuse("replaces what may be a file")
            case "replace":
                pass
            case "read" if arguments and not all(isinstance(a, Whole | Number) for a in join(arguments)):
                self.refuse("reads a file that isn't known")
            case "connect" | "connect_ex" if len(arguments) == 1 and all(
                isinstance(a, Row) for a in arguments[0]
            ):
                for peer in ordered(arguments[0]):
                    computing.peer(self, peer)
            case "format" if isinstance(atom, Text) and "__" not in atom.text:
                pass
            case _ if name not in MUTATORS:
                self._attribute(atom, name)
            case _:
                pass
        if name in MUTATORS:
            self.spill(join(arguments), each=name not in _ONE)
            return join([self.items(frozenset([atom])), PLAIN]) if name == "pop" else PLAIN
        return PLAIN

    def _arguments_of(self, node: ast.Call, *, shown: bool = False) -> list[Value]:
        values = [self.value(argument) for argument in node.args]
        values += [self.value(keyword.value) for keyword in node.keywords]
        for value in values:
            if not shown or Environment() in value:
                self.escape(value)
        return values

    def _apply(self, atom: Atom, node: ast.Call) -> Value:
        """A call of a function."""
        match atom:
            case Effect(name=name):
                return effect(self, name, node)
            case Method():
                return method(self, atom, node)
            case Defined(number=number):
                return self._own_call(number, node)
            case Harmless(name=name):
                values = self._arguments_of(node, shown=name in _SHOWING)
                if name.rpartition(".")[2] in MUTATORS:
                    for each in (False, True):
                        self.spill(join(values), each=each)
                return computing.result(self, name, node, values)
            case Foreign(name=name) if self.is_project(name):
                self._arguments_of(node)
                return PLAIN
            case Module(name=name) | Foreign(name=name):
                self._arguments_of(node, shown=True)
                self.refuse(f"calls {name}, which isn't modelled")
                return PLAIN
            case Environment():
                self.refuse("calls the environment")
                return PLAIN
            case _:
                self._arguments_of(node)
                return PLAIN

    def _own_call(self, number: int, node: ast.Call) -> Value:
        arguments = self._functions[number].args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        exact = not any(isinstance(a, ast.Starred) for a in node.args) and all(k.arg for k in node.keywords)
        if not exact or arguments.vararg or arguments.kwarg:
            self._arguments_of(node)
            self._escaped.add(number)
            return self._returns.get(number, NOTHING)
        for name, expression in zip(names, node.args, strict=False):
            self._store_quietly(name, self.value(expression))
        for keyword in node.keywords:
            if keyword.arg is not None:
                self._store_quietly(keyword.arg, self.value(keyword.value))
        return self._returns.get(number, NOTHING)

    def _environment_call(self, name: str, node: ast.Call) -> Value:
        values = self._arguments_of(node)
        if name in {"get", "pop", "setdefault"} and values:
            self._variables(values[0])
            if name != "get" and self.machine is not None:
                set_variable(
                    self.machine, values[0], values[1] if len(values) > 1 else PLAIN, Arg("", span=self.span)
                )
        elif name in {"items", "keys", "values", "copy"}:
            self._environment()
        else:
            self.refuse(f"uses os.environ.{name}")
        return PLAIN


def _public(name: str) -> bool:
    return name in ATTRIBUTES or name[:1].isupper() or name in _OF_CLASSES
