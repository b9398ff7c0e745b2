"""The grammar of ``[[ ]]``: what may stand in a conditional expression, and nothing else.

Source: the bash 5.2 reference manual, conditional constructs. In zsh only forms that mean the same are read.
"""

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.shell.simple import SimpleReader
from bailiwick.analysis.shell.syntax import Test
from bailiwick.model.regex import regex

TEST_END = regex(r"\]\](?=[ \t\n;|&<>()]|\Z)")
_UNARY = regex(r"-(?:[abcdefghknoprstuvwxzGLNORS])(?=[ \t])")
_UNARY_IN_ZSH = frozenset("bcdefghknprsuwxzGLNS")
_BINARY = regex(r"(==?|!=|=~|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef)|[<>])(?=[ \t])")
_BINARY_IN_ZSH = frozenset(("=", "==", "!=", "-nt", "-ot", "-ef"))


class ConditionReader(SimpleReader):
    """Reads ``[[ ]]`` once its opening is read."""

    __slots__ = ()

    def condition(self) -> Test:
        """The expression up to and including ``]]``."""
        self.only("bash", "zsh")
        items: list[Arg | None] = []
        self._any_of(items)
        match = TEST_END.match(self.s, self.i)
        if not match:
            raise self.fail("expected ]]")
        self.i = match.end()
        return Test(tuple(items))

    def _any_of(self, items: list[Arg | None]) -> None:
        """Terms joined by ``&&`` and ``||``, whose order of binding changes nothing here."""
        while True:
            self._term(items)
            if not self.s.startswith(("&&", "||"), self.i):
                return
            self.i += 2
            items.append(None)

    def _gap(self) -> None:
        """Blanks and line ends between terms; zsh is more particular about lines."""
        self.blank()
        if self.dialect == "bash":
            self.newlines()

    def _term(self, items: list[Arg | None]) -> None:
        self.deeper()
        self._gap()
        s = self.s
        if s.startswith("!", self.i) and s[self.i + 1 : self.i + 2] in (" ", "\t"):
            self.i += 1
            items.append(None)
            self._term(items)
        elif s.startswith("(", self.i):
            self.i += 1
            items.append(None)
            self._any_of(items)
            if not s.startswith(")", self.i):
                raise self.fail("expected )")
            self.i += 1
            items.append(None)
            self._gap()
        elif match := _UNARY.match(s, self.i):
            if self.dialect == "zsh" and s[self.i + 1] not in _UNARY_IN_ZSH:
                raise self.fail("test with another meaning in zsh")
            items.append(self.plain(match.group(), self.i, match.end()))
            self.i = match.end()
            items.append(self._side())
            self._gap()
        else:
            self._comparison(items)
        self.depth -= 1

    def _comparison(self, items: list[Arg | None]) -> None:
        items.append(self._side())
        self.blank()
        match = _BINARY.match(self.s, self.i)
        if not match:  # one word alone; no line may end after it
            if not (TEST_END.match(self.s, self.i) or self.s.startswith(("&&", "||", ")"), self.i)):
                raise self.fail("expected an operator")
            return
        operator = match.group()
        if self.dialect == "zsh" and operator not in _BINARY_IN_ZSH:
            raise self.fail("comparison with another meaning in zsh")
        place = self.plain(operator, self.i, match.end())
        self.i = match.end()
        items += [None if operator in ("<", ">", "=~") else place, self._side(regex=operator == "=~")]
        self._gap()

    def _side(self, *, regex: bool = False) -> Arg:
        self.blank()
        if self.i >= self.n or TEST_END.match(self.s, self.i):
            raise self.fail("expected an operand")
        word = self.word(regex=regex)
        if word.literal in ("-", "!"):
            self.only("bash")
        return word
