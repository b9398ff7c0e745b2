"""A small part of JavaScript, enough for what is written after ``node -e`` and ``node -p``.

Data is looked at, put together and printed; files are read and written by names that are known. Calls go only to
functions of the library by name, to methods that can't do more than compute, and to functions of the code itself;
callbacks are written where they stand. So whatever else a value may be, nothing ever calls it. All the rest of the
language is refused.
"""

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.javascript_library import (
    MODULES,
)
from bailiwick.analysis.commands.plugins.javascript_tokens import RefusedError, tokens

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

from bailiwick.analysis.commands.plugins.javascript_expressions import MAX_DEPTH, Expressions, Ref


def project_code(code: str) -> bool:
    """Whether the code loads modules of the project or of its packages."""
    return any(
        name.removeprefix("node:") not in MODULES and not name.endswith(".json")
        for name in re.findall(r"""(?:\brequire|\bimport|\bfrom)\s*\(?\s*["']([^"'\n]*)["']""", code)
    )


def follow(call: "Call", code: Arg) -> None:
    """Make the accesses of the code, and say what of it isn't understood."""
    try:
        words = tokens(code.text)
        survey = _Reader(call, None, code, words)
        with suppress(RefusedError):  # the second reading refuses the same, after the accesses up to there
            survey.program()
        reader = _Reader(call, call.machine, code, words)
        reader.ambiguous = survey.ambiguous
        reader.program()
    except RefusedError as refused:
        call.machine.opaque(f"JavaScript: {refused}", code.span)


class _Reader(Expressions):
    """Statements."""

    def program(self) -> None:
        """Read everything."""
        while self._now.kind != "end":
            self._statement()

    def _statement(self) -> None:  # noqa: C901, PLR0912 - one arm per statement
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RefusedError("nested too deeply")
        if self._take("{"):
            while not self._take("}"):
                self._statement()
        elif self._is("const", "let", "var"):
            self._declaration()
            self._end()
        elif self._take("if"):
            self._parenthesized()
            self._statement()
            if self._take("else"):
                self._statement()
        elif self._take("while"):
            self._parenthesized()
            self._statement()
        elif self._take("for"):
            self._for()
        elif self._take("try"):
            self._statement()
            if self._take("catch"):
                if self._take("("):
                    self._declare(self._name(), None)
                    self._need(")")
                self._statement()
            if self._take("finally"):
                self._statement()
        elif self._take("function"):
            name = self._name()
            self._declare(name, None)
            self._callable.add(name)
            self._function()
        elif self._take("import"):
            self._import()
        elif self._take("return", "throw", "break", "continue"):
            if not self._is(";", "}") and not self._now.fresh_line:
                self._plain()
            self._end()
        elif not self._take(";"):
            self._plain(sequence=True)
            self._end()
        self._depth -= 1

    def _end(self) -> None:
        if (
            not self._take(";")
            and not self._is("}", ")")
            and not self._now.fresh_line
            and self._now.kind != "end"
        ):
            raise RefusedError(f"{self._now.text[:20]!r} isn't understood")

    def _declaration(self) -> None:
        constant = self._now.text == "const"
        self._at += 1
        while True:
            if self._is("{", "["):
                names = self._pattern()
                value = None
                if self._take("="):
                    value = self._assignment()
                for name, key in names:
                    self._declare(name, self._member(value, key) if isinstance(value, Ref) and key else None)
                if not constant and isinstance(value, Ref):
                    raise RefusedError("a library in a variable")
            else:
                name = self._name()
                arrow = False
                value = None
                if self._take("="):
                    arrow = self._at_function()
                    value = self._assignment()
                if isinstance(value, Ref) and not constant:
                    raise RefusedError("a library in a variable")
                self._declare(name, value if constant else None)
                if arrow and constant:
                    self._callable.add(name)
            if not self._take(","):
                return

    def _for(self) -> None:
        self._take("await")
        self._need("(")
        if self._is("const", "let", "var") and self._loop_over():
            pass
        else:
            if not self._take(";"):
                if self._is("const", "let", "var"):
                    self._declaration()
                else:
                    self._plain(sequence=True)
                self._need(";")
            if not self._is(";"):
                self._plain(sequence=True)
            self._need(";")
            if not self._is(")"):
                self._plain(sequence=True)
        self._need(")")
        self._statement()

    def _loop_over(self) -> bool:
        start = self._at
        self._at += 1
        names = self._pattern() if self._is("{", "[") else [(self._name(), "")]
        if not self._take("of", "in"):
            self._at = start
            return False
        self._plain()
        for name, _ in names:
            self._declare(name, None)
        return True

    def _import(self) -> None:
        """``import fs from 'fs'``, ``import { a } from 'b'``, ``import * as c from 'd'``."""
        names: list[tuple[str, str]] = []
        if self._now.kind == "name":
            names.append((self._name(), ""))
            self._take(",")
        if self._take("*"):
            self._need("as")
            names.append((self._name(), ""))
        elif self._is("{"):
            self._at += 1
            while not self._take("}"):
                key = self._name()
                names.append((self._name() if self._take("as") else key, key))
                self._take(",")
        if names:
            self._need("from")
        module = self._require(self._string())
        for name, key in names:
            self._declare(name, self._member(module, key) if key else module)
        self._end()

    def _parenthesized(self) -> None:
        self._need("(")
        self._plain(sequence=True)
        self._need(")")

    def _function(self) -> None:
        """Parameters and body, after ``function`` and its name."""
        self._need("(")
        self._parameters()
        self._need("{")
        while not self._take("}"):
            self._statement()


__all__ = ["follow", "project_code"]
