"""The word level of the strict parser: quoting, expansions, here-document bodies.

Whatever isn't positively understood raises ``UnsupportedSyntaxError``; nothing is guessed. Where shells
disagree (``dialect``), the form is refused.
"""

import re
from typing import Self

from bailiwick.analysis.commands.argument import LITERAL, NOBODY, UNKNOWN, Arg
from bailiwick.analysis.shell import zsh
from bailiwick.analysis.shell.syntax import (
    PERHAPS,
    Arithmetic,
    Parameter,
    Part,
    ProcessSubstitution,
    Sequence,
    Substitution,
    Text,
    UnsupportedSyntaxError,
    Word,
)
from bailiwick.model.regex import regex

MAX_DEPTH = 24
"""Nesting of commands and expansions beyond which text is refused (measured: no natural command passes 9)."""

META = frozenset(" \t\n;|&<>()")
SKIPPED = frozenset(" \t\\#")
"""What ``blank`` begins with; asking first costs less than calling it for nothing."""
NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
PLAIN_WORD = regex(r"[A-Za-z0-9_./:@%+,^\-]+(?=[ \t\n;|&<>()]|\Z)")
PLAIN_ARGUMENT = regex(r"[A-Za-z0-9_./:@%+,^\-][A-Za-z0-9_./:@%+,^=\-]*(?=[ \t\n;|&<>()]|\Z)")
_PIECE = regex(r"[^ \t\n;|&<>()]{1,40}|.|\n|\Z")
_PLAIN_RUN = regex(r"[A-Za-z0-9_./:@%+,^\-*?=!#\[\]{}]+")
_EXPANDED = regex(r"[*?\[{~]")
_CASES = regex(r"[a-z]\.\.[A-Z]|[A-Z]\.\.[a-z]")
_NUMBER_NAME = regex(r"\{[A-Za-z_][A-Za-z0-9_]*\}\Z")
_BLANK = regex(r"(?:[ \t]|\\\n)+")
_DOUBLE_QUOTED_RUN = regex(r'[^"$`\\]+')
_HEREDOC_RUN = regex(r"[^$`\\]+")
_ARITHMETIC = regex(r"[A-Za-z0-9_\s+\-*/%<>=!&|^~?:;,()#@.]*\Z")
_OLD_ARITHMETIC = regex(r"\$\[([A-Za-z0-9_ +\-*/%<>=!&|^~?:,()]+)\]")
_ARITHMETIC_NAME = regex(r"(?<![A-Za-z0-9_#@])[A-Za-z_][A-Za-z0-9_]*")
_TERM = r"\s*[-+!~]?\s*(?:0|[1-9]\d{0,17}|(?:\+\+|--)?[A-Za-z_]\w*(?:\+\+|--)?)\s*"
_OPERATOR = r"(?:\*(?!\*)|\+|-|<<|>>|<=|>=|==|!=|&&|\|\||[<>&|^,]|[/%](?=\s*[1-9]))"
_CERTAIN = regex(rf"(?:\s*[A-Za-z_]\w*\s*[-+*]?=(?!=))?{_TERM}(?:{_OPERATOR}{_TERM})*\Z", re.ASCII)
_PARENTHESES = regex(r"\(([^()]*)\)")
_MAX_PARENTHESES = 8
_HEX = {
    "x": (regex(r"[0-9a-fA-F]{1,2}"), 16),
    "u": (regex(r"[0-9a-fA-F]{1,4}"), 16),
    "U": (regex(r"[0-9a-fA-F]{1,8}"), 16),
}
_OCTAL = regex(r"[0-7]{1,3}")
_ANSI = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_PARAMETER = regex(
    r"\$\{(#?)(!?)([A-Za-z_]\w*|[0-9]+|[@*#?$!-])"
    r"(\[[@*]\]|\[[0-9]+\]|\[-[0-9]+\]|\[[A-Za-z_]\w*\]|\[\$[A-Za-z_]\w*\])?"
    r"(:?[-+=?]|%%?|##?|//?|/%|/#|\^\^?|,,?|:|@|\})",
    re.ASCII,
)
_SUBSTRING = regex(r"[0-9 :-]*\Z")
_ODD_IN_ZSH = frozenset("[:(")
_AFTER_EQUALS = frozenset(" \t\n;|&<>)") | {""}


class WordReader:
    """A cursor over the text that reads words. The command level is added by ``parser.Parser``."""

    __slots__ = ("depth", "dialect", "i", "n", "offset", "origin", "s")

    def __init__(
        self,
        text: str,
        dialect: str,
        depth: int = 0,
        *,
        offset: int = 0,
        origin: tuple[int, int] | None = None,
    ) -> None:
        self.s = text
        self.offset = offset  # where the text begins in the original
        self.origin = origin  # where an unescaped text stands in the original; its own positions mean nothing
        self.n = len(text)
        self.i = 0
        self.depth = depth
        self.dialect = dialect

    def fail(self, reason: str) -> UnsupportedSyntaxError:
        """The error to raise at the current position."""
        start = min(self.i, self.n)
        end = _PIECE.match(self.s, start)
        return UnsupportedSyntaxError(reason, self.first(start), self.last(end.end() if end else start))

    def first(self, position: int) -> int:
        """The start offset in the original of what begins at ``position``."""
        return self.origin[0] if self.origin else self.offset + position

    def last(self, position: int) -> int:
        """The end offset in the original of what ends at ``position``."""
        return self.origin[1] if self.origin else self.offset + position

    def within(self, text: str, start: int, end: int) -> Self:
        """A reader, as deep as this one, of a text that stands between two positions of this one's text."""
        verbatim = self.s.startswith(text, start)
        origin = self.origin or (None if verbatim else (self.first(start), self.last(end)))
        return type(self)(text, self.dialect, self.depth, offset=self.offset + start, origin=origin)

    def deeper(self) -> None:
        """Enter one level of nesting."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail("nested too deeply")

    def only(self, *dialects: str) -> None:
        """Refuse a form that has this meaning only in ``dialects``."""
        if self.dialect not in dialects:
            raise self.fail(f"form with another meaning in {self.dialect}")

    def enclosed_script(self) -> Sequence:
        """Parse commands up to and including the closing parenthesis."""
        raise NotImplementedError

    def nested_script(self, text: str, start: int, end: int) -> Sequence:
        """Parse ``text``, which was unescaped out of what stands between ``start`` and ``end``, as a script."""
        raise NotImplementedError

    def blank(self) -> None:
        """Skip blanks, line continuations between words and a comment."""
        s = self.s
        if self.i < self.n:
            c = s[self.i]
            if c == " " and s[self.i + 1 : self.i + 2] not in SKIPPED:  # mostly
                self.i += 1
                return
            if c in " \t\\":
                if match := _BLANK.match(s, self.i):
                    # A continuation glued to what stands before it may join two tokens.
                    if c == "\\" and self.i and s[self.i - 1] not in " \t\n":
                        raise self.fail("line continuation glued to a word or operator")
                    self.i = match.end()
                    c = s[self.i] if self.i < self.n else ""
                else:
                    return
            if c == "#":
                end = s.find("\n", self.i)
                self.i = self.n if end < 0 else end

    def word(self, *, regex: bool = False) -> Arg:  # noqa: C901 - one arm per form
        """Read one word at the cursor; ``regex`` reads the right side of ``=~``."""
        s, start = self.s, self.i
        match = PLAIN_WORD.match(s, start)
        if match and not self._runs_on(match.end()):
            self.i = match.end()
            return self.plain(match.group(), start, self.i)
        if (
            self.dialect == "zsh"
            and s.startswith("=", start)
            and s[start + 1 : start + 2] not in _AFTER_EQUALS
        ):
            raise self.fail("word beginning with =")
        parts: list[Part] = []
        open_parens = 0
        while self.i < self.n:
            c = s[self.i]
            if run := _PLAIN_RUN.match(s, self.i):
                _add_unquoted(parts, run.group())
                self.i = run.end()
            elif c in META:
                if regex and (c == "(" or (c in ")<> \t" and open_parens) or c == "|"):
                    open_parens += (c == "(") - (c == ")")
                    parts.append(Text(c, quoted=True))
                    self.i += 1
                elif c in "<>" and s.startswith("(", self.i + 1):
                    self._process_substitution(c, parts)
                else:
                    last = parts[-1] if parts else None
                    if c == "(" and isinstance(last, Text) and not last.quoted and last.text[-1] in "?*+@!":
                        raise self.fail("extended glob")
                    break
            else:
                self._special(c, parts)
        if self.i == start:
            raise self.fail("expected a word")
        self._check(start, parts)
        literal = self._literal(parts)
        span = self.origin or (self.first(start), self.last(self.i))
        if literal is None:
            return Word("", UNKNOWN, span, NOBODY, tuple(parts))
        return Word(literal, LITERAL, span, NOBODY, tuple(parts))

    def plain(self, text: str, start: int, end: int) -> Arg:
        """The word that stands between two positions and is ``text`` as it stands."""
        return Arg(text, LITERAL, self.origin or (self.offset + start, self.offset + end))

    def _check(self, start: int, parts: list[Part]) -> None:
        """Refuse what looks like a word and is something else."""
        if self.s.startswith(("<", ">"), self.i) and _NUMBER_NAME.match(self.s, start, self.i):
            raise self.fail("name for a descriptor where a word is expected")
        for part in parts:
            if type(part) is Text and not part.quoted and "{" in part.text and _CASES.search(part.text):
                raise self.fail("range across the cases")  # which holds a back-quote and a backslash
        if self.dialect == "zsh" and (reason := zsh.word(parts)):
            raise self.fail(reason)

    def _ends_script(self) -> bool:
        """Whether the end of this reader's text is that of a whole script, where bash and sh may keep a backslash."""
        return self.dialect != "zsh" and self.origin is None and not self.offset

    def _runs_on(self, end: int) -> bool:
        """Whether a parenthesis makes what follows a plain run part of the word."""
        s = self.s
        return end < self.n and (s[end] == "(" or (s[end] in "<>" and s.startswith("(", end + 1)))

    def _special(self, c: str, parts: list[Part]) -> None:
        s = self.s
        match c:
            case "'":
                end = s.find("'", self.i + 1)
                if end < 0:
                    raise self.fail("unterminated single quote")
                parts.append(Text(s[self.i + 1 : end], quoted=True))
                self.i = end + 1
            case '"':
                self.i += 1
                parts.append(Text("", quoted=True))
                self.double_quoted(parts, closing=True)
            case "\\":
                following = s[self.i + 1 : self.i + 2]
                if following == "\n" or not (following or self._ends_script()):
                    raise self.fail("line continuation inside a word")
                # At the end of all it is kept where the shell reads a string, and dropped where it reads a file.
                parts.append(Text(following, quoted=True) if following else Parameter(PERHAPS, quoted=False))
                self.i += 1 + len(following)
            case "$":
                self.dollar(parts, quoted=False)
            case "`":
                self._backquoted(parts, quoted=False)
            case _:
                if (
                    c == "~"
                    and self.dialect == "zsh"
                    and not _is_plain_in_zsh(parts, s[self.i + 1 : self.i + 2])
                ):
                    raise self.fail("tilde inside a word")
                _add_unquoted(parts, c)
                self.i += 1

    @staticmethod
    def _literal(parts: list[Part]) -> str | None:
        text = []
        for part in parts:
            if type(part) is not Text:
                return None
            if not part.quoted and _EXPANDED.search(part.text):
                return "[" if len(parts) == 1 and part.text == "[" else None
            text.append(part.text)
        return "".join(text)

    def _process_substitution(self, direction: str, parts: list[Part]) -> None:
        self.only("bash", "zsh")
        if parts:
            self.only("bash")
        self.i += 2
        if self.s.startswith("(", self.i):
            self.only("zsh")  # bash loses count of the parentheses of a `case` in it
        body = self.enclosed_script()
        if not body.items:
            raise self.fail("empty process substitution")
        parts.append(ProcessSubstitution(direction, body))

    def _backquoted(self, parts: list[Part], *, quoted: bool) -> None:
        s, i = self.s, self.i + 1
        text: list[str] = []
        while True:
            c = s[i : i + 1]
            if not c:
                raise self.fail("unterminated back-quote")
            if c == "`":
                break
            if c == "\\":
                following = s[i + 1 : i + 2]
                if following == "\n":
                    raise self.fail("line continuation in back-quotes")
                if following and (following in "$`\\" or (quoted and following == '"')):
                    text.append(following)
                    i += 2
                    continue
            text.append(c)
            i += 1
        body = self.nested_script("".join(text), self.i + 1, i)
        self.i = i + 1
        parts.append(Substitution(body, quoted))

    def dollar(self, parts: list[Part], *, quoted: bool) -> None:  # noqa: C901, PLR0912 - one arm per form
        """Read what a dollar sign introduces."""
        s, i = self.s, self.i
        c = s[i + 1 : i + 2]
        match c:
            case "\\" if s.startswith("\n", i + 2):
                raise self.fail("line continuation after $")
            case "(" if s.startswith("((", i + 1):
                parts.append(self.arithmetic(i + 3))
            case "(":
                self.i = i + 2
                parts.append(Substitution(self.enclosed_script(), quoted))
            case "{":
                self.deeper()
                parts.append(self._parameter(quoted=quoted))
                self.depth -= 1
            case "[" if match := _OLD_ARITHMETIC.match(s, i):
                self.only("bash")
                self.i = match.end()
                parts.append(self.expression(match.start(1), match.end(1)))
            case "[":
                raise self.fail("$[ ]")
            case "'" if not quoted:
                self.only("bash", "zsh")
                parts.append(Text(self._ansi(), quoted=True))
            case '"' if not quoted:
                self.only("bash")
                self.i += 1  # a string for translation; without a catalogue it is the string itself
            case _ if c and c in "0123456789@*#?$!-":
                self.i = i + 2
                if self.dialect == "zsh" and (
                    reason := zsh.special(c, s[self.i : self.i + 1], quoted=quoted)
                ):
                    raise self.fail(reason)
                self._after_name()
                parts.append(Parameter(c, quoted))
            case _ if match := NAME.match(s, i + 1):
                self.i = match.end()
                self._after_name()
                parts.append(Parameter(match.group(), quoted))
            case _:
                if self.dialect == "zsh" and c and c in "+=~^:":
                    raise self.fail("zsh expansion flag")
                if not quoted and not all(
                    isinstance(p, Text) and (p.quoted or "{" not in p.text) for p in parts
                ):
                    # Bash then doesn't split what the expansion before it gives; braces may put a name after it.
                    raise self.fail("dollar sign after an expansion or a brace")
                self.i = i + 1
                parts.append(Text("$", quoted=True))

    def _after_name(self) -> None:
        if self.dialect == "zsh" and self.i < self.n and self.s[self.i] in _ODD_IN_ZSH:
            raise self.fail("subscript or modifier after a parameter")

    def _ansi(self) -> str:  # noqa: C901, PLR0912 - one arm per form
        r"""The value of ``$'...'``; the cursor is at the dollar sign."""
        s, i = self.s, self.i + 2
        text: list[str] = []
        ended = False
        while True:
            c = s[i : i + 1]
            if not c:
                raise self.fail("unterminated $'")
            if c == "'":
                self.i = i + 1
                return "".join(text)
            if ended:
                i += 1 + (c == "\\")
                continue
            if c != "\\":
                text.append(c)
                i += 1
                continue
            d = s[i + 1 : i + 2]
            i += 2
            if d in _ANSI:
                text.append(_ANSI[d])
                continue
            if d == "c" or (self.dialect == "zsh" and d in ("C", "M", "?")):
                raise self.fail("control escape in $''")
            if d and d in "01234567":
                found, base = _OCTAL.match(s, i - 1), 8
            elif d in _HEX:
                pattern, base = _HEX[d]
                found = pattern.match(s, i)
            else:
                found = None
            if found is None:
                self.only("bash")
                text.append("\\" + d)
                continue
            value, i = int(found.group(), base), found.end()
            if value == 0 and d not in "uU":
                self.only("bash")
                ended = True  # the rest of this quote is dropped
                continue
            if value == 0 or value > 0x10FFFF or 0xD800 <= value < 0xE000 or (value > 0x7F and d not in "uU"):  # noqa: PLR2004 - Unicode's bounds
                raise self.fail("escape in $'' that isn't one character")
            text.append(chr(value))

    def _parameter(self, *, quoted: bool) -> Part:
        match = _PARAMETER.match(self.s, self.i)
        if not match:
            raise self.fail("parameter expansion form")
        length, indirect, name, subscript, operator = match.groups()
        if indirect or operator == "@" or (length and operator != "}"):
            raise self.fail("indirect or transformed expansion")
        if subscript or operator in (":", "/", "//", "/%", "/#", "^", "^^", ",", ",,"):
            self.only("bash")
        self.i = match.end()
        if length:
            return Parameter(name, quoted, "#len")
        name += subscript or ""
        if operator == "}":
            return Parameter(name, quoted)
        operand: list[Part] = []
        self._operand(operand, operator, quoted=quoted)
        return Parameter(name, quoted, operator, tuple(operand))

    def _operand(self, parts: list[Part], operator: str, *, quoted: bool) -> None:  # noqa: C901, PLR0912 - one arm per form
        s = self.s
        while True:
            c = s[self.i : self.i + 1]
            match c:
                case "":
                    raise self.fail("unterminated ${")
                case "}":
                    self.i += 1
                    return
                case _ if operator == ":" and not _SUBSTRING.match(c):
                    raise self.fail("computed substring")  # also in quotes, which arithmetic ignores
                case "$":
                    self.dollar(parts, quoted=quoted)
                    if quoted and any(
                        isinstance(p, Parameter) and p.name.removesuffix("]").endswith("@")
                        for p in parts[-1:]
                    ):
                        raise self.fail("all parameters in a quoted ${")  # quoting then ends early
                case "`":
                    self._backquoted(parts, quoted=quoted)
                case "\\":
                    if s[self.i + 1 : self.i + 2] in ("", "\n"):
                        raise self.fail("line continuation in ${")
                    # Inside double quotes a backslash stays before most characters; both readings are unknown.
                    parts.append(Text(s[self.i + 1], quoted=True))
                    self.i += 2
                case '"':
                    self.i += 1
                    start = self.i
                    self.double_quoted(parts, closing=True)
                    if quoted and any(c in s[start : self.i] for c in "{@"):
                        raise self.fail("brace or @ in quotes in a quoted ${")  # the quotes cancel out
                case "'":
                    if quoted:
                        raise self.fail("single quote in a quoted ${")
                    self._special(c, parts)
                case "{":
                    raise self.fail("brace in ${")
                case "<" | ">" if s.startswith("(", self.i + 1):
                    raise self.fail("process substitution in ${")
                case _:
                    parts.append(Text(c, quoted=quoted))
                    self.i += 1

    def double_quoted(self, parts: list[Part], *, closing: bool) -> None:  # noqa: C901 - one arm per form
        """Read up to the closing double quote, or the whole rest (a here-document body) when not ``closing``."""
        s = self.s
        run = _DOUBLE_QUOTED_RUN if closing else _HEREDOC_RUN
        while True:
            if match := run.match(s, self.i):
                parts.append(Text(match.group(), quoted=True))
                self.i = match.end()
            if self.i >= self.n:
                if closing:
                    raise self.fail("unterminated double quote")
                return
            c = s[self.i]
            if c == '"':
                self.i += 1
                return
            if c == "\\":
                following = s[self.i + 1 : self.i + 2]
                if following and (following in "$`\\" or (following == '"' and closing)):
                    parts.append(Text(following, quoted=True))
                elif following != "\n":
                    parts.append(Text("\\" + following, quoted=True))
                self.i += 2
            elif c == "$":
                start = self.i
                self.dollar(parts, quoted=True)
                if not closing and s.startswith("{", start + 1) and '\\"' in s[start : self.i]:
                    self.only("bash", "sh")  # in zsh it begins a quote there
            else:
                self._backquoted(parts, quoted=True)

    def arithmetic(self, start: int) -> Arithmetic:
        """Read an arithmetic expression from ``start`` up to and including its ``))``."""
        s, level, i = self.s, 0, start
        while i < self.n:
            c = s[i]
            if c == "(":
                level += 1
            elif c == ")":
                if level == 0:
                    break
                level -= 1
            elif c in "'\"\\`":
                raise self.fail("quote in arithmetic")
            i += 1
        if not s.startswith("))", i):
            raise self.fail("ambiguous ((")
        self.i = i + 2
        return self.expression(start, i)

    def expression(self, start: int, end: int) -> Arithmetic:
        """The names and expansions of the arithmetic expression between two positions."""
        text = self.s[start:end]
        if _ARITHMETIC.match(text):
            return Arithmetic(tuple(_ARITHMETIC_NAME.findall(text)), certain=_is_certain(text))
        self.deeper()
        reader = self.within(text, start, end)
        self.depth -= 1
        parts: list[Part] = []
        reader.double_quoted(parts, closing=False)
        names: list[str] = []
        for part in parts:
            if isinstance(part, Text):
                if not _ARITHMETIC.match(part.text):
                    raise self.fail("arithmetic form")
                names += _ARITHMETIC_NAME.findall(part.text)
        whole = "".join(part.text if isinstance(part, Text) else "1" for part in parts)
        if not _is_balanced(whole):
            raise self.fail("arithmetic that ends before its parentheses do")  # others stand in a comment
        return Arithmetic(tuple(names), tuple(parts), certain=_is_certain(whole))


def _is_certain(text: str) -> bool:
    """Whether an arithmetic expression is well formed and divides by constants only, as far as that is easily told."""
    for _ in range(_MAX_PARENTHESES):
        outer = _PARENTHESES.sub(lambda match: "1" if _CERTAIN.match(match[1]) else "?", text)
        if outer == text:
            break
        text = outer
    return _CERTAIN.match(text) is not None


def _is_balanced(text: str) -> bool:
    """Whether every parenthesis of an arithmetic expression has its other one."""
    level = 0
    for c in text:
        level += (c == "(") - (c == ")")
        if level < 0:
            return False
    return level == 0


def _is_plain_in_zsh(before: list[Part], following: str) -> bool:
    """Whether zsh leaves a tilde alone: not of a directory by name, nor after what may be empty, ``:`` or ``=``."""
    if following == "[" or not before:
        return following != "["
    last = before[-1]
    return isinstance(last, Text) and not last.quoted and last.text[-1:] not in ("", ":", "=")


def _add_unquoted(parts: list[Part], text: str) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, Text) and not last.quoted:
        parts[-1] = Text(last.text + text, quoted=False)
    else:
        parts.append(Text(text, quoted=False))
