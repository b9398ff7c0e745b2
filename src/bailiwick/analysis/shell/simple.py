"""The simple-command level of the strict parser: assignments, words, redirections, arrays."""

import re

from bailiwick.analysis.commands.argument import LITERAL, Arg
from bailiwick.analysis.shell import zsh
from bailiwick.analysis.shell.environment import DECLARATIONS
from bailiwick.analysis.shell.syntax import (
    Arithmetic,
    Assignment,
    Command,
    Redirect,
    Simple,
    Text,
    extent,
    parts_of,
)
from bailiwick.analysis.shell.words import META, NAME, PLAIN_ARGUMENT, PLAIN_WORD, SKIPPED, WordReader
from bailiwick.model.regex import regex

_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_SUBSCRIPTED = regex(r"([A-Za-z_][A-Za-z0-9_]*)\[")
_HARMLESS_SUBSCRIPT = regex(r"[\w.!^-]*\Z", re.ASCII)
_REDIRECT = regex(r"(\d+|\{[A-Za-z_]\w*\})?(&>>|&>|<<<|<<-|<<|<>|<&|>>|>&|>\||<|>)", re.ASCII)
_ESCAPED = regex(r"\\['\"`()]")
_PROCESS = regex(r"[ \t][<>]\(")
_BEGINS_REDIRECT = frozenset("<>&{0123456789")
_BASH_REDIRECTS = frozenset(("&>>", "&>", "<<<"))
_AFTER_CLOSE = (META | {""}) - {"<", ">", "("}
_DELIMITER_ESCAPE = regex(r"\\[A-Za-z0-9_]+\Z")
_KNOWN = r"""'[^']*'|"[^"$`\\]*"|\\[;()!]|\{\})(?=[ \t\n;|&]|\Z)"""
_USUAL_WORD = regex(rf"[ \t]*([A-Za-z0-9_./:@%+,^\-]+|{_KNOWN}")
_USUAL_ARGUMENT = regex(rf"[ \t]*([A-Za-z0-9_./:@%+,^\-][A-Za-z0-9_./:@%+,^=\-]*|{_KNOWN}")
"""Most words: plain, or quoted as a whole with nothing to expand, or as ``find`` takes them, and surely ended."""
_MARKS = frozenset("'\"\\{")
"""What a usual word that isn't plain begins with."""
FUNCTION_NAME = regex(r"[^\s;|&<>()$`'\"\\*?\[{}~=]+")
_SPECIAL = frozenset(
    [
        "break",
        "continue",
        "eval",
        "exec",
        "exit",
        "export",
        "readonly",
        "return",
        "set",
        "shift",
        "times",
        "trap",
        "unset",
    ]
)
"""Special built-in utilities (POSIX 2.14), whose names no function of sh has."""


class SimpleReader(WordReader):
    """Reads simple commands; lists and compound commands are added by ``parser.Parser``."""

    __slots__ = ("documents", "enclosed", "pending")

    def __init__(
        self,
        text: str,
        dialect: str,
        depth: int = 0,
        *,
        offset: int = 0,
        origin: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(text, dialect, depth, offset=offset, origin=origin)
        self.pending: list[tuple[Redirect, str, bool, bool]] = []
        self.enclosed = False  # inside `$( )` or `<( )`
        self.documents = False  # whether a here-document began in it

    def newlines(self) -> None:
        """Skip blanks, comments and line ends, reading here-documents that begin there."""
        raise NotImplementedError

    def function(self, name: str, start: int) -> Command:
        """Read a function's body."""
        raise NotImplementedError

    def redirect(self) -> Redirect | None:
        """Read a redirection, or None where there is none."""
        s, start = self.s, self.i
        if start >= self.n or s[start] not in _BEGINS_REDIRECT:
            return None
        match = _REDIRECT.match(s, start)
        if not match:
            return None
        operator, descriptor = match.group(2), match.group(1) or ""
        if operator in ("<", ">") and s.startswith("(", match.end()) and not descriptor:
            return None
        if operator in _BASH_REDIRECTS:
            self.only("bash", "zsh")
        if descriptor.startswith("{"):
            self.only("bash")
        if descriptor[1:].isdigit():
            self.only("bash")  # elsewhere only one digit is a descriptor
        self.i = match.end()
        duplicates = operator in (">&", "<&")
        self.blank()
        if duplicates and s.startswith("-", self.i) and s[self.i + 1 : self.i + 2] not in _AFTER_CLOSE:
            raise self.fail("word after a closed descriptor")  # the hyphen is a token of its own
        before = self.i
        redirect = Redirect(
            operator, self._target(operator, duplicates=duplicates), self.first(start), descriptor
        )
        if operator in ("<<", "<<-"):
            raw = s[before : self.i]
            if (
                redirect.target.literal is None
                or any(c in raw for c in "\n$`")
                or ("\\" in raw and not _DELIMITER_ESCAPE.match(raw))
            ):
                raise self.fail("here-document delimiter")
            quoted = any(c in raw for c in "'\"\\")
            self.pending.append((redirect, redirect.target.literal, quoted, operator == "<<-"))
            self.documents = True
        return redirect

    def _target(self, operator: str, *, duplicates: bool) -> Arg:
        """What a redirection names: a file, a descriptor where it ``duplicates`` one, or a delimiter."""
        s, start = self.s, self.i
        if start >= self.n or s[start] == "\n":
            raise self.fail("redirection without a target")
        if self.dialect == "zsh" and (reason := zsh.redirection(operator, s[start : start + 2])):
            raise self.fail(reason)
        target = self.word()
        if s.startswith(("<", ">"), self.i) and s[start : self.i].isdigit():
            if not duplicates:
                raise self.fail("number before a redirection where a file is expected")
            self.only("bash")
        if duplicates and target.literal == "p":
            self.only("bash", "sh")  # zsh means its coprocess
        return target

    def simple(self) -> Command:  # noqa: C901, PLR0912 - one arm per form
        """Read a simple command, or the definition of a function that begins like one."""
        s, start = self.s, self.i
        assignments: list[Assignment] = []
        words: list[Arg] = []
        redirects: list[Redirect] = []
        plain = True
        while True:
            self._usual(words)
            if self.i >= self.n:
                break
            c = s[self.i]
            if c in SKIPPED:
                self.blank()
                if self.i >= self.n:
                    break
                c = s[self.i]
            if c in "\n;|)" or (c == "&" and not s.startswith("&>", self.i)):
                break
            match = (PLAIN_ARGUMENT if words else PLAIN_WORD).match(s, self.i)
            if match and self._is_plain(match.group(), match.end()):
                words.append(self.plain(match.group(), self.i, match.end()))
                self.i = match.end()
            elif c in _BEGINS_REDIRECT and (redirect := self.redirect()) is not None:
                redirects.append(redirect)
            elif (assignment := self._assignment(words)) is not None:
                if assignment.elements is not None and (redirects or _PROCESS.search(s, start, self.i)):
                    raise self.fail("array after a redirection or a process substitution")
                assignments.append(assignment)
            elif c == "(":
                if len(words) == 1 and not assignments and not redirects:
                    return self._bare_function(words[0])
                raise self.fail("unexpected (")
            else:
                words.append(self.word())
                plain = False
        if not (words or assignments or redirects):
            raise self.fail("empty command")
        if redirects and words and zsh.is_reserved(words[0]):
            # In a substitution bash writes the words before the redirections, and then reads the word as reserved.
            raise self.fail("reserved word after a redirection")
        if self.dialect == "zsh" and (reason := zsh.command(s, start, self.i, words, redirects)):
            raise self.fail(reason)
        first, last = self.origin or (self.offset + start, self.offset + self.i)
        plain = plain and not (assignments or redirects) and type(words[0]) is Arg
        return Simple(first, last, tuple(assignments), tuple(words), tuple(redirects), plain)

    def _usual(self, words: list[Arg]) -> None:
        """Read words as long as they are of the usual kinds."""
        s, i, origin, offset = self.s, self.i, self.origin, self.offset
        if not words:
            match = _USUAL_WORD.match(s, i)
            if match is None or match[1][0] in _MARKS:
                return  # quoted it is no alias and no reserved word
            i = self.i = match.end()
            words.append(self.plain(match[1], *match.span(1)))
        match = _USUAL_ARGUMENT.match(s, i)
        while match is not None:
            text, span = match[1], match.span(1)
            if text[0] in _MARKS and text != "{}":
                text = text[1:] if text[0] == "\\" else text[1:-1]
            if origin is not None:
                span = origin
            elif offset:
                span = (span[0] + offset, span[1] + offset)
            words.append(Arg(text, LITERAL, span))
            i = match.end()
            match = _USUAL_ARGUMENT.match(s, i)
        self.i = i

    def _is_plain(self, text: str, end: int) -> bool:
        """Whether a plain run is a word of its own: no descriptor of a redirection, nothing parenthesised after it."""
        if end >= self.n or self.s[end] not in "(<>":
            return True
        return (
            self.s[end] != "("
            and not text.isdigit()
            and not self.s.startswith("(", end + 1)
            and "=" not in text
        )

    def _bare_function(self, name: Arg) -> Command:
        self.i += 1
        inside = self.i
        self.blank()
        if not self.s.startswith(")", self.i):
            raise self.fail("unexpected (")
        if self.i > inside:
            self.only("bash", "sh")
        self.i += 1
        plain = all(isinstance(part, Text) and not part.quoted for part in parts_of(name))
        if name.literal is None or not plain or not FUNCTION_NAME.fullmatch(name.literal):
            raise self.fail("function name")
        if not NAME.fullmatch(name.literal) or name.literal in _SPECIAL:
            self.only("bash", "zsh")
        return self.function(name.literal, extent(name)[0])

    def _assignment(self, words: list[Arg]) -> Assignment | None:
        s, start = self.s, self.i
        if words and (words[0].literal not in DECLARATIONS or parts_of(words[0])):  # nor where it is quoted
            return None
        match = _ASSIGNMENT.match(s, start)
        if words:
            # Only the declaration builtins take an array as an argument; the rest of their words are words.
            if match and s.startswith("(", match.end()):
                self.only("bash")
                self.i = match.end()
                assignment = self._value(match.group(1), start, append=bool(match.group(2)), subscript=None)
                words.append(self.plain(s[start : match.end()], start, self.i))
                return assignment
            return None
        if match:
            self.i = match.end()
            return self._value(match.group(1), start, append=bool(match.group(2)), subscript=None)
        match = _SUBSCRIPTED.match(s, start)
        if not match:
            return None
        self.only("bash", "sh")
        end = self._subscript_end(match.end())
        if end is not None and s.startswith(("=", "+="), end + 1):
            self.only("bash")
            subscript = self.expression(match.end(), end)
            self.i = s.index("=", end) + 1
            return self._value(match.group(1), start, append=True, subscript=subscript)
        if end is None or not _HARMLESS_SUBSCRIPT.match(s[match.end() : end]):
            raise self.fail("subscript")
        return None

    def _value(self, name: str, start: int, *, append: bool, subscript: Arithmetic | None) -> Assignment:
        s = self.s
        if self.i < self.n and s[self.i] == "(":
            elements = self._array()
            return Assignment(name, self.first(start), self.last(self.i), append, None, elements, subscript)
        empty = self.i >= self.n or (s[self.i] in META and s[self.i : self.i + 2] not in ("<(", ">("))
        value = self.plain("", self.i, self.i) if empty else self.word()
        if self.dialect == "zsh" and ":=" in s[start : self.i]:
            raise self.fail("path of a program in a value")
        return Assignment(name, self.first(start), self.last(self.i), append, value, None, subscript)

    def _array(self) -> tuple[Arg, ...]:
        self.only("bash", "zsh")
        s, start = self.s, self.i
        self.i += 1
        elements: list[Arg] = []
        while True:
            self.newlines()
            c = s[self.i : self.i + 1]
            if c == ")":
                self.i += 1
                if self.i < self.n and s[self.i] not in " \t\n;|&)":
                    raise self.fail("text after an array")
                # There bash forgets what was escaped.
                if self.enclosed and _ESCAPED.search(s, start, self.i):
                    raise self.fail("escaped character of an array in a substitution")
                return tuple(elements)
            if not c or (c in "<>&;|[" and s[self.i : self.i + 2] not in ("<(", ">(")):
                raise self.fail("array element")
            elements.append(self.word())

    def _subscript_end(self, i: int) -> int | None:
        s, level = self.s, 1
        while i < self.n:
            c = s[i]
            if c == "[":
                level += 1
            elif c == "]":
                level -= 1
                if level == 0:
                    return i
            elif c in "\n'\"\\`":
                return None
            i += 1
        return None
