"""Expressions of the part of JavaScript that is understood: constants and references to the library are kept."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.call import url
from bailiwick.analysis.commands.plugins.javascript_library import (
    CALLBACKS,
    CONVERTING,
    DANGEROUS,
    FUNCTIONS,
    GLOBALS,
    METHODS,
    MODULES,
    NEW,
    OPERATORS,
    PROCESS,
    WORDS,
)
from bailiwick.analysis.commands.plugins.javascript_tokens import RefusedError, Token, tokens, unescaped
from bailiwick.model.access import AccessKind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine
    from bailiwick.analysis.commands.call import Call

MAX_DEPTH = 60
_BINARY = OPERATORS - {"=>", "!", "~", "++", "--"}
_ASSIGNING = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "||=", "&&=", "??="))


PROJECT = "a module of the project"
"""What a file of the project exports: running it, with whatever it is given, is running the project's code."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string that is known."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A module or function of the library, by its full name."""

    name: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A small integer, which may be an open file's number."""


Value: TypeAlias = Text | Ref | Descriptor | None
"""None is data of which nothing is known, or which is a function that nothing will call."""


class Expressions(ABC):
    """A recursive-descent reader of expressions, bindings and what they do."""

    def __init__(self, call: "Call", machine: "Machine | None", code: Arg, words: list[Token]) -> None:
        """Without a machine nothing is made; that reading only finds names that are declared more than once."""
        self._call = call
        self._machine = machine
        self._span = code.span
        self._tokens = words
        self._at = 0
        self._depth = 0
        self._constants: dict[str, Value] = {}
        self._callable: set[str] = set()
        self.ambiguous: set[str] = set()

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _is(self, *texts: str) -> bool:
        token = self._now
        return token.text in texts and token.kind in {"sign", "name"}

    def _take(self, *texts: str) -> bool:
        if self._is(*texts):
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise RefusedError(f"{text} is expected before {self._now.text[:20]!r}")

    def _name(self) -> str:
        token = self._now
        if token.kind != "name" or token.text in WORDS:
            raise RefusedError(f"a name is expected before {token.text[:20]!r}")
        self._at += 1
        return token.text

    def _pattern(self) -> list[tuple[str, str]]:
        """``{a, b: c}`` or ``[a, b]``: names with the property each is bound to."""
        found: list[tuple[str, str]] = []
        square = self._take("[")
        if not square:
            self._need("{")
        while not self._take("]" if square else "}"):
            if self._take(","):
                continue
            rest = self._take("...")
            key = self._name()
            name = key
            if not square and not rest and self._take(":"):
                name = self._name()
            if key in DANGEROUS:
                raise RefusedError(f"takes {key}")
            if self._take("="):
                self._plain()
            found.append((name, "" if square or rest else key))
        return found

    def _declare(self, name: str, value: Value) -> None:
        """One name means one thing in the whole of the code."""
        if name in GLOBALS or name in {"require", "process", "fetch", "module", "exports"}:
            raise RefusedError(f"{name} under another meaning")
        if name in self._constants:
            self.ambiguous.add(name)
            if isinstance(self._constants[name], Ref) or isinstance(value, Ref) or name in self._callable:
                raise RefusedError(f"{name} has two meanings")
        self._constants[name] = None if name in self.ambiguous and not isinstance(value, Ref) else value

    def _string(self) -> str:
        token = self._now
        if token.kind != "string":
            raise RefusedError("a string is expected")
        self._at += 1
        return unescaped(token.text[1:-1])

    def _at_function(self) -> bool:
        """Whether a function is written here."""
        i = self._at + (self._is("async"))
        token = self._tokens[i]
        if token.text == "function" and token.kind == "name":
            return True
        if token.kind == "name" and self._tokens[i + 1].text == "=>":
            return True
        return token.text == "(" and token.kind == "sign" and self._closes_before_arrow(i)

    def _closes_before_arrow(self, i: int) -> bool:
        level = 0
        while self._tokens[i].kind != "end":
            text = self._tokens[i].text if self._tokens[i].kind == "sign" else ""
            level += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
            i += 1
            if level == 0:
                return self._tokens[i].text == "=>"
        return False

    def _parameters(self) -> None:
        while not self._take(")"):
            self._take("...")
            names = self._pattern() if self._is("{", "[") else [(self._name(), "")]
            for name, _ in names:
                self._declare(name, None)
            if self._take("="):
                self._plain()
            self._take(",")

    def _arrow(self) -> None:
        self._take("async")
        if self._take("function"):
            if self._now.kind == "name":
                self._declare(self._name(), None)
            self._function()
            return
        if self._take("("):
            self._parameters()
        else:
            self._declare(self._name(), None)
        self._need("=>")
        if self._is("{"):
            self._statement()
        else:
            self._plain()

    def _plain(self, *, sequence: bool = False) -> None:
        """An expression whose value is used as data."""
        self._data(self._assignment())
        while sequence and self._take(","):
            self._data(self._assignment())

    def _data(self, value: Value) -> None:
        if not isinstance(value, Ref):
            return
        if value.name == "process.env":
            self._variable("*")
        elif value.name != PROJECT and (value.name not in FUNCTIONS or FUNCTIONS[value.name]):
            raise RefusedError(f"hands on {value.name}")

    def _assignment(self) -> Value:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RefusedError("nested too deeply")
        try:
            if self._at_function():
                self._arrow()
                return None
            self._take("await")
            target = self._now.text if self._now.kind == "name" else ""
            start = self._at
            value = self._operations()
            if self._is(*_ASSIGNING) and self._now.kind == "sign":
                if self._at != start + 1 or target not in self._constants or target in self._callable:
                    raise RefusedError("assigns to more than a variable")
                if self._constants[target] is not None:
                    raise RefusedError("assigns to a constant")
                self._at += 1
                self._plain()
                return None
            if self._take("?"):
                self._data(value)
                self._plain()
                self._need(":")
                self._plain()
                return None
            return value
        finally:
            self._depth -= 1

    def _operations(self) -> Value:
        value = self._unary()
        while (self._now.kind == "sign" and self._now.text in _BINARY) or self._is("in", "instanceof"):
            plus = self._now.text == "+"
            self._at += 1
            self._data(value)
            other = self._unary()
            self._data(other)
            if plus and isinstance(value, Text) and isinstance(other, Text):
                value = Text(value.text + other.text)
            else:
                value = None
        return value

    def _unary(self) -> Value:
        if self._take("!", "-", "+", "~", "typeof", "void", "++", "--", "await"):
            self._data(self._unary())
            return None
        value = self._postfix()
        if self._is("++", "--") and not self._now.fresh_line:
            self._at += 1
            self._data(value)
            return None
        return value

    def _postfix(self) -> Value:
        callable_name = (
            self._now.text if self._now.kind == "name" and self._now.text in self._callable else ""
        )
        value = self._primary()
        while True:
            if self._take("."):
                value = self._access(value)
            elif self._take("?."):
                if self._is("(", "["):
                    raise RefusedError("calls what may not be there")
                value = self._access(value)
            elif self._take("["):
                self._data(value)
                self._index()
                value = None
            elif self._is("("):
                if isinstance(value, Ref):
                    value = self._call_library(value)
                elif callable_name:
                    self._at += 1
                    self._arguments()
                    value = None
                else:
                    raise RefusedError("calls what isn't known")
            elif self._now.kind == "template":
                raise RefusedError("a tagged template")
            else:
                return value
            callable_name = ""

    def _index(self) -> None:
        self._plain()
        self._need("]")

    def _access(self, value: Value) -> Value:
        token = self._now
        if token.kind != "name":
            raise RefusedError("a property is expected")
        self._at += 1
        name = token.text
        if name in DANGEROUS:
            raise RefusedError(f"uses .{name}")
        if isinstance(value, Ref):
            return self._member(value, name)
        if not self._is("("):
            return None
        if name not in METHODS:
            raise RefusedError(f"calls .{name}")
        self._at += 1
        self._arguments(name)
        return None

    def _member(self, value: Value, name: str) -> Value:
        if not isinstance(value, Ref):
            return None
        if value.name == PROJECT:
            return value
        whole = f"{value.name}.{name}"
        if value.name == "process.env":
            self._variable(name)
            return None
        if whole in FUNCTIONS or whole in MODULES.values():
            return Ref(whole)
        if value.name == "process" and name in PROCESS:
            return None
        if value.name == "process" and name == "env":
            return Ref("process.env")
        if value.name in {"os", "path", "Math", "Number"} and name in {
            "EOL",
            "sep",
            "delimiter",
            "PI",
            "E",
            "MAX_SAFE_INTEGER",
            "EPSILON",
        }:
            return None
        raise RefusedError(f"uses {whole}")

    def _arguments(self, called: str = "") -> list[Value]:
        """Arguments after the opening parenthesis. A callback is written here, or is a function that only computes."""
        found: list[Value] = []
        positions = CALLBACKS.get(called, ())
        while not self._take(")"):
            spread = self._take("...")
            written = self._at_function() or self._now.kind in {"string", "number", "regex", "template"}
            start = self._at
            value = self._assignment()
            single = self._at == start + 1 and self._tokens[start].text in {
                *self._callable,
                "null",
                "undefined",
            }
            known = not spread and (written or single or isinstance(value, Ref))
            if (len(found) in positions or (spread and positions)) and not known:
                raise RefusedError("a callback that isn't known")
            self._data(value)
            found.append(value)
            if not self._is(")"):
                self._need(",")
        return found

    def _primary(self) -> Value:  # noqa: C901 - one arm per form
        token = self._now
        self._at += 1
        match token.kind:
            case "number":
                return Descriptor() if token.text in {"0", "1", "2"} else None
            case "regex":
                return None
            case "string":
                return Text(unescaped(token.text[1:-1]))
            case "template":
                return self._template(token.text)
            case "sign" if token.text == "(":
                value = self._assignment()
                while self._take(","):
                    self._data(value)
                    value = self._assignment()
                self._need(")")
                return value
            case "sign" if token.text == "[":
                while not self._take("]"):
                    self._take("...")
                    if not self._take(","):
                        self._plain()
                return None
            case "sign" if token.text == "{":
                self._object()
                return None
            case "name":
                return self._named(token.text)
            case _:
                raise RefusedError(f"{token.text[:20]!r} isn't understood")

    def _named(self, name: str) -> Value:
        if name in {"true", "false", "null", "undefined", "NaN", "Infinity"}:
            return None
        if name == "new":
            if self._now.text not in NEW:
                raise RefusedError(f"makes a new {self._now.text[:20]}")
            self._at += 1
            if self._take("("):
                self._arguments()
            return None
        if name == "require" and self._take("("):
            module = self._string()
            self._need(")")
            return self._require(module)
        if name in self._constants:
            return self._constants[name]
        if name in GLOBALS or name in {"process", "fetch"}:
            return Ref(name)
        raise RefusedError(f"uses {name}")

    def _object(self) -> None:
        while not self._take("}"):
            if self._take("..."):
                self._plain()
            else:
                token = self._now
                if token.kind not in {"name", "string", "number"}:
                    raise RefusedError("a property that isn't known")
                name = unescaped(token.text[1:-1]) if token.kind == "string" else token.text
                if name in DANGEROUS or name in CONVERTING:
                    raise RefusedError(f"sets {name}")
                self._at += 1
                if self._take(":"):
                    self._plain()
                elif token.kind != "name" or token.text not in self._constants:
                    raise RefusedError("a property that isn't known")
                else:
                    self._data(self._constants[token.text])
            if not self._is("}"):
                self._need(",")

    def _template(self, text: str) -> Value:
        if "${" not in text:
            return Text(unescaped(text))
        inner = re.findall(r"\$\{([^`{}]*)\}", text)
        if text.count("${") != len(inner):
            raise RefusedError("a template that isn't understood")
        outer = self._tokens, self._at
        for code in inner:
            self._tokens, self._at = tokens(code), 0
            self._plain()
            if self._now.kind != "end":
                raise RefusedError("a template that isn't understood")
        self._tokens, self._at = outer
        return None

    def _variable(self, name: str) -> None:
        if self._machine is not None:
            self._machine.variable(AccessKind.READ, name, None, self._span)

    def _require(self, name: str) -> Value:
        module = name.removeprefix("node:")
        if module in MODULES:
            return Ref(MODULES[module])
        if module.endswith(".json"):
            path = module if module.startswith((".", "/")) else f"node_modules/{module}"
            if self._machine is not None:
                self._machine.path(AccessKind.READ, Arg(path, span=self._span))
            return None
        if module.startswith(("./", "../")) and self._call.machine.own(Arg(module)):
            return Ref(PROJECT)
        return Ref(f"require({name})")

    def _call_library(self, function: Ref) -> Value:
        effect = "" if function.name == PROJECT else FUNCTIONS.get(function.name)
        if effect is None:
            raise RefusedError(f"calls {function.name}")
        self._need("(")
        values = self._arguments(function.name)
        if function.name in {"path.join", "path.resolve"}:
            texts = [value.text for value in values if isinstance(value, Text)]
            if len(texts) == len(values) and not any(text.startswith("/") for text in texts[1:]):
                return Text("/".join(texts))
            return None
        for role, value in zip(effect.split(), values, strict=False):
            if role != "-":
                posted = function.name == "fetch" and len(values) > 1  # with a method or a body
                self._carry_out("posted" if posted else role, value, function.name)
        if effect and len(values) < len([role for role in effect.split() if role != "-"]):
            raise RefusedError(f"calls {function.name} in a way that isn't known")
        return None

    def _carry_out(self, role: str, value: Value, name: str) -> None:  # noqa: C901 - one arm per role
        if isinstance(value, Descriptor) and role in {"read", "write"}:
            return
        if not isinstance(value, Text) or "\0" in value.text:
            raise RefusedError(f"what {name} works on isn't known")
        if self._machine is None:
            return
        word = Arg(value.text, span=self._span)
        match role:
            case "shell":
                self._machine.script(word)
            case "url" | "posted":
                url(self._machine, word, sends=role == "posted")
            case "moved":
                self._machine.path(AccessKind.READ, word, tree=True)
                self._machine.path(AccessKind.DELETE, word, tree=True)
            case "parents" | "placed":
                pieces = value.text.split("/")
                for count in range(1, len(pieces) + 1):
                    if pieces[count - 1] not in {"", ".", ".."} and (count == len(pieces) or pieces[0]):
                        self._machine.path(AccessKind.WRITE, word.with_text("/".join(pieces[:count])))
                if role == "placed":
                    self._machine.path(AccessKind.WRITE, word, tree=True)
            case _:
                kind, _, tree = role.partition("_")
                self._machine.path(AccessKind(kind), word, tree=bool(tree))

    @abstractmethod
    def _statement(self) -> None:
        """Read one statement."""

    @abstractmethod
    def _function(self) -> None:
        """Read parameters and body of a function, after ``function`` and its name."""
