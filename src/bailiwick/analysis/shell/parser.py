"""The command level of the strict parser: lists, pipelines, compound commands, redirections.

``parse(text, dialect)`` gives the syntax tree or raises ``UnsupportedSyntaxError``. It accepts only what it
positively understands; its correctness is established against bash itself (tests/nightly).
"""

from typing import TYPE_CHECKING

from bailiwick.analysis.shell import zsh
from bailiwick.analysis.shell.condition import TEST_END, ConditionReader
from bailiwick.analysis.shell.simple import FUNCTION_NAME
from bailiwick.analysis.shell.syntax import (
    AndOr,
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    Command,
    Coprocess,
    For,
    Function,
    Group,
    If,
    Loop,
    Part,
    Pipeline,
    Redirect,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    Text,
    UnsupportedSyntaxError,
    extent,
)
from bailiwick.analysis.shell.words import MAX_DEPTH, NAME, SKIPPED
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Arg

MAX_BYTES = 10_000
"""Bytes of a script that is read, as UTF-8; a longer one is refused whole (the client asks beyond as many)."""
_RESERVED = regex(
    r"(?:!|\{|\}|\[\[|case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while)"
    r"(?=[ \t\n;|&()]|[<>](?!\()|\Z)"
)
_BETWEEN = SKIPPED | {"\n"}
_UNUSUAL = regex(rf"[ \t\\#(\]]|\Z|{_RESERVED.pattern}")
"""What begins something else than a simple command."""
_NOWHERE: frozenset[str] = frozenset()
_PREFIX = regex(r"!|time(?=[ \t\n;|&<>()]|\Z)")
_TIME_FORMAT = regex(r"-p(?=[ \t\n;|&]|\Z)")
_HOOK = regex(
    r"command_not_found_handler?\Z|(?:chpwd|precmd|preexec|periodic|zshexit|zshaddhistory|zsh_directory_name)\Z|TRAP"
)
_ODD_CHARACTERS = regex(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def parse(text: str, dialect: str = "bash") -> Sequence:
    """Parse a whole script.

    Raises:
        UnsupportedSyntaxError: the text isn't positively understood.
    """
    plain = text.isascii()
    if len(text) > MAX_BYTES or not (plain or len(text.encode(errors="surrogatepass")) <= MAX_BYTES):
        raise UnsupportedSyntaxError(f"longer than {MAX_BYTES} bytes", 0, len(text))
    if not (plain and text.isprintable()) and (odd := _ODD_CHARACTERS.search(text)):
        raise UnsupportedSyntaxError("control, invisible or odd space character", *odd.span())
    if dialect == "zsh" and (form := zsh.FORMS.search(text)):
        raise UnsupportedSyntaxError("form with another meaning in zsh", *form.span())
    return Parser(text, dialect).script()


class Parser(ConditionReader):
    """Recursive descent over one text."""

    __slots__ = ()

    def script(self) -> Sequence:
        """The whole text."""
        body = self._list(_NOWHERE, "")
        if self.i < self.n:
            raise self.fail("unexpected " + self.s[self.i])
        if self.pending:
            raise self.fail("here-document without a body")
        return body

    def enclosed_script(self) -> Sequence:
        """Commands up to and including ``)``."""
        self.deeper()
        outer, self.pending = self.pending, []
        around = self.enclosed, self.documents
        self.enclosed, self.documents = True, False
        body = self._list(_NOWHERE, ")")
        if self.pending or self.i >= self.n or self.s[self.i] != ")":
            raise self.fail("unterminated $( or here-document")
        self.pending = outer
        self.enclosed, self.documents = around
        self.i += 1
        self.depth -= 1
        return body

    def nested_script(self, text: str, start: int, end: int) -> Sequence:
        """Back-quoted text, unescaped."""
        self.deeper()
        body = self.within(text, start, end).script()
        self.depth -= 1
        return body

    # -- lists

    def _newline(self) -> None:
        self.i += 1
        if self.pending:
            self._heredocs()

    def newlines(self) -> None:
        """Skip blanks, comments and line ends, reading here-documents that begin there."""
        s, n = self.s, self.n
        while self.i < n:
            c = s[self.i]
            if c == "\n":
                self._newline()
            elif c in SKIPPED:
                before = self.i
                self.blank()
                if self.i == before:
                    return
            else:
                return

    def _heredocs(self) -> None:
        pending, self.pending = self.pending, []
        for redirect, delimiter, quoted, strip in pending:
            start = self.i
            body = self._document(delimiter, joined=not quoted, strip=strip)
            redirect.body = (Text(body, quoted=True),)
            if not quoted:
                if "$(" in body and "\\\n" in self.s[start : self.i]:
                    self.only("bash", "zsh")  # in a comment it ends the line only for dash
                self.deeper()
                reader = self.within(body, start, min(self.i, self.n))
                self.depth -= 1
                parts: list[Part] = []
                reader.double_quoted(parts, closing=False)
                redirect.body = tuple(parts)

    def _document(self, delimiter: str, *, joined: bool, strip: bool) -> str:
        """The lines up to the delimiter; ``joined`` where a backslash continues a line before that is sought."""
        lines: list[str] = []
        while True:
            pieces = [self._line()]
            while joined and (len(pieces[-1]) - len(pieces[-1].rstrip("\\"))) % 2:
                pieces[-1] = pieces[-1][:-1]
                pieces.append(self._line())
            line = "".join(pieces)
            if strip:
                line = line.lstrip("\t")
            if line == delimiter:
                if len(pieces) > 1:
                    self.only("bash", "zsh")  # dash joins no line to find the end
                return "".join(lines)
            if self.enclosed and line.startswith(delimiter) and ")" in line[len(delimiter) :]:
                self.only("sh", "zsh")  # bash ends it there, and runs the rest of the line
            lines.append(line + "\n")

    def _line(self) -> str:
        if self.i >= self.n:
            raise self.fail("unterminated here-document")
        end = self.s.find("\n", self.i)
        line = self.s[self.i : end if end >= 0 else self.n]
        self.i += len(line) + 1
        return line

    def _list(self, stop: frozenset[str], closing: str) -> Sequence:  # noqa: C901, PLR0912 - one arm per form
        items: list[tuple[Command, bool]] = []
        s, n = self.s, self.n
        while True:
            if self.i < n and s[self.i] in _BETWEEN:
                self.newlines()
            if self.i >= n or (c := s[self.i]) == closing or (stop and self._at_stop(stop)):
                break
            if c in ";&|)":
                raise self.fail("unexpected " + c)
            if self.enclosed and self.documents:
                # Bash 5.2 writes the text of a substitution anew and there loses separators after a here-document.
                raise self.fail("command after a here-document in a substitution")
            command = self._and_or()
            background = False
            if self.i < n and (c := s[self.i]) != closing:
                if c == "\n":
                    self._newline()
                elif c == ";":
                    if s.startswith((";;", ";&"), self.i):
                        if ";;" not in stop:
                            raise self.fail("unexpected ;;")
                    else:
                        self.i += 1
                elif c == "&":
                    self.i += 1
                    background = True
                elif not (stop and self._at_stop(stop)):
                    raise self.fail("unexpected " + c)
                elif c == ")":
                    raise self.fail("unexpected )")
                else:
                    raise self.fail("missing separator")
            items.append((command, background))
        return Sequence(tuple(items))

    def _at_stop(self, stop: frozenset[str]) -> bool:
        if ";;" in stop and self.s.startswith((";;", ";&"), self.i):
            return True
        match = _RESERVED.match(self.s, self.i)
        return match is not None and match.group() in stop

    def _and_or(self) -> Command:
        first = self._pipeline()
        if self.i >= self.n or not self.s.startswith(("&&", "||"), self.i):
            return first
        rest: list[tuple[str, Command]] = []
        while (operator := self.s[self.i : self.i + 2]) in ("&&", "||"):
            self.i += 2
            self.newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest))

    def _prefix(self) -> tuple[bool, bool]:
        """Read ``!`` and ``time``: whether there is each."""
        s, negated, timed = self.s, False, False
        while True:
            self.blank()
            if self.i < self.n and s[self.i] not in "!t":
                break
            match = _RESERVED.match(s, self.i)
            word = match.group() if match else ""
            if word == "!":
                self.i += 1
                if s.startswith("(", self.i):
                    raise self.fail("extended glob or negated subshell")
                if timed or negated:
                    self.only("bash")
                negated = True
            elif word == "time":
                self.only("bash", *(() if timed else ("zsh",)))
                self.i += len(word)
                timed = True
                self.blank()
                if option := _TIME_FORMAT.match(s, self.i):
                    self.only("bash")
                    self.i = option.end()
                    self.blank()
                if s.startswith("-", self.i):
                    raise self.fail("option of time")
            else:
                break
        if (negated or timed) and (self.i >= self.n or s[self.i] in "\n;&|)"):
            raise self.fail("! or time without a command")
        return negated, timed

    def _pipeline(self) -> Command:
        s = self.s
        negated, timed = self._prefix() if _PREFIX.match(s, self.i) else (False, False)
        first = self._command()
        if not negated and not timed and not s.startswith("|", self.i):
            return first
        stages = [first]
        if timed and (
            not isinstance(first, Simple)
            or any(given.elements is not None for given in first.assignments)
            or (self.dialect == "zsh" and not first.words)
        ):
            # Bash itself misreads a compound command or an array there inside $( ); zsh assigns in a subshell.
            raise self.fail("time before a compound command or an assignment")
        while s.startswith("|", self.i) and not s.startswith("||", self.i):
            self.i += 1
            if s.startswith("&", self.i):
                self.only("bash", "zsh")
                self.i += 1
            self.newlines()
            stages.append(self._command())
        return stages[0] if len(stages) == 1 and not negated else Pipeline(tuple(stages), negated)

    # -- commands

    def _reserved(self) -> str:
        self.newlines()
        match = _RESERVED.match(self.s, self.i)
        return match.group() if match else ""

    def _expect(self, word: str) -> None:
        if self._reserved() != word:
            raise self.fail("expected " + word)
        self.i += len(word)
        self._apart()

    def _apart(self) -> None:
        """Refuse a parenthesis glued to a reserved word, where zsh doesn't see a subshell."""
        if self.s.startswith("(", self.i):
            self.only("bash", "sh")

    def _close(self) -> None:
        if not self.s.startswith(")", self.i):
            raise self.fail("expected )")
        self.i += 1

    def _body(self, *stop: str) -> Sequence:
        body = self._list(frozenset(stop), "")
        if not body.items:
            raise self.fail("empty body")
        return body

    def _command(self) -> Command:
        """One command, and the blanks behind it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail("nested too deeply")
        command = self._unusual() if _UNUSUAL.match(self.s, self.i) else self.simple()
        self.depth -= 1
        return command

    def _unusual(self) -> Command:
        """A command that may be more than a simple one, or have blanks before it."""
        s = self.s
        self.blank()
        if self.i >= self.n:
            raise self.fail("command expected")
        if s[self.i] == "(":
            return self._parenthesised()
        if match := _RESERVED.match(s, self.i):
            self.i = match.end()
            self._apart()
            return self._compound(match.group())
        if TEST_END.match(s, self.i):
            raise self.fail("unexpected ]]")
        return self.simple()

    def _redirected(self, command: Command) -> Command:
        redirects: list[Redirect] = []
        while True:
            self.blank()
            redirect = self.redirect()
            if redirect is None:
                return Redirected(command, tuple(redirects)) if redirects else command
            redirects.append(redirect)

    def _parenthesised(self) -> Command:
        if self.s.startswith("((", self.i):
            self.only("bash", "zsh")
            return self._redirected(ArithmeticCommand(self.arithmetic(self.i + 2)))
        self.i += 1
        body = self._list(_NOWHERE, ")")
        self._close()
        if not body.items:
            raise self.fail("empty subshell")
        return self._redirected(Subshell(body))

    def _compound(self, word: str) -> Command:
        match word:
            case "{":
                body = self._body("}")
                self._expect("}")
                return self._redirected(Group(body))
            case "if":
                return self._redirected(self._if())
            case "while" | "until":
                condition = self._body("do")
                return self._redirected(Loop(condition, self._do(), word == "until"))
            case "for" | "select":
                return self._redirected(self._for(select=word == "select"))
            case "case":
                return self._redirected(self._case())
            case "[[":
                return self._redirected(self.condition())
            case "function":
                return self._keyword_function()
            case "coproc":
                return self._coprocess()
            case _:
                raise self.fail("unexpected " + word)

    def _do(self) -> Sequence:
        self._expect("do")
        body = self._body("done")
        self._expect("done")
        return body

    def _if(self) -> Command:
        branches: list[tuple[Sequence, Sequence]] = []
        while True:
            condition = self._body("then")
            self._expect("then")
            branches.append((condition, self._body("elif", "else", "fi")))
            word = self._reserved()
            self.i += len(word)
            if word == "elif":
                continue
            otherwise = None
            if word == "else":
                otherwise = self._body("fi")
                self._expect("fi")
            elif word != "fi":
                raise self.fail("expected fi")
            return If(tuple(branches), otherwise)

    def _counted(self) -> Command:
        """``for ((a; b; c))``."""
        self.only("bash", "zsh")
        s, start = self.s, self.i + 2
        header = self.arithmetic(start)
        pieces = s[start : self.i - 2].split(";")
        if len(pieces) != 3 or any(  # noqa: PLR2004
            piece.count("(") != piece.count(")") or piece.count("{") != piece.count("}") for piece in pieces
        ):
            raise self.fail("for (( with another number of expressions than three")
        self.blank()
        if s.startswith(";", self.i):
            self.i += 1
        return ArithmeticFor(header, self._do())

    def _for(self, *, select: bool) -> Command:
        if select:
            self.only("bash", "zsh")
        self.blank()
        s = self.s
        if s.startswith("((", self.i) and not select:
            return self._counted()
        match = NAME.match(s, self.i)
        if not match or s[match.end() : match.end() + 1] not in ("", " ", "\t", "\n", ";"):
            raise self.fail("name expected after for")
        self.i = match.end()
        words: list[Arg] | None = None
        self.blank()
        named = self.i
        if self._reserved() == "in":
            self.i += 2
            words = []
            while True:
                self.blank()
                if self.i >= self.n or s[self.i] in "\n;":
                    break
                words.append(self.word())
            if s.startswith(";", self.i):
                self.i += 1
        elif s.startswith(";", self.i):
            if self.i > named:
                self.only("sh")
            self.i += 1
        return For(match.group(), None if words is None else tuple(words), self._do(), select)

    def _case(self) -> Command:
        self.blank()
        subject = self.word()
        self._expect("in")
        arms: list[tuple[tuple[Arg, ...], Sequence]] = []
        s = self.s
        while True:
            if self._reserved() == "esac":
                self.i += 4
                return Case(subject, tuple(arms))
            if self.i >= self.n:
                raise self.fail("expected esac")
            if opened := s[self.i] == "(":
                self.i += 1
                self.blank()
            patterns = [self.word()]
            self.blank()
            while s.startswith("|", self.i):
                self.i += 1
                self.blank()
                patterns.append(self.word())
                self.blank()
            self._close()
            if opened and s[self.i : self.i + 1] not in ("", " ", "\t", "\n", ";"):
                self.only("bash", "sh")  # zsh reads the parentheses as a part of the pattern
            arms.append((tuple(patterns), self._list(frozenset((";;", "esac")), "")))
            self.newlines()
            for end in (";;&", ";;", ";&"):
                if s.startswith(end, self.i):
                    if end != ";;":
                        self.only(*(("bash", "zsh") if end == ";&" else ("bash",)))
                    self.i += len(end)
                    break

    def _keyword_function(self) -> Command:
        self.only("bash", "zsh")
        self.blank()
        s, start = self.s, self.i
        match = FUNCTION_NAME.match(s, start)
        if not match:
            raise self.fail("function name")
        self.i = match.end()
        if s[self.i : self.i + 1] not in (" ", "\t", "\n", "("):
            raise self.fail("function name")
        self.blank()
        if not s.startswith(("{", "()"), self.i):
            self.only("bash", "sh")  # zsh reads further names, or a pattern
        if self.s.startswith("(", self.i):
            self.i += 1
            self.blank()
            self._close()
        return self.function(match.group(), start)

    def function(self, name: str, start: int) -> Command:
        """Read a function's body."""
        if self.dialect == "zsh" and (reason := zsh.function(name)):
            raise self.fail(reason)
        if _HOOK.match(name):
            raise self.fail("function that the shell calls by itself")
        self.newlines()
        body = self._command()
        if isinstance(body, Simple | Coprocess | Function):
            raise self.fail("function body")
        return Function(name, body, self.first(start), self.last(self.i))

    def _coprocess(self) -> Command:
        self.only("bash")
        # Bash 5.2 writes the text of a substitution anew, and there names it twice.
        if self.enclosed or self.origin:
            raise self.fail("coprocess in a substitution")
        self.blank()
        s = self.s
        match = NAME.match(s, self.i)
        if match and not _RESERVED.match(s, self.i):
            if s.startswith("=", match.end()):
                raise self.fail("assignment after coproc")
            start, self.i = self.i, match.end()
            self.blank()
            if self.i == match.end() or not (s.startswith("(", self.i) or _RESERVED.match(s, self.i)):
                self.i = start
        start = self.i
        body = self._command()
        if isinstance(body, Coprocess | Function):
            raise self.fail("coproc")
        if "=(" in s[start : self.i] or (isinstance(body, Simple) and "[" in s[start : self.i]):
            raise self.fail("bracket or array after coproc")  # whose words bash reads as commands
        if isinstance(body, Simple) and (second := body.words[1:2]):
            at = extent(second[0])[0] - self.offset
            if _RESERVED.match(s, at) or TEST_END.match(s, at):
                raise self.fail("reserved word after coproc")  # what stands before it is a name
        return Coprocess(body)
