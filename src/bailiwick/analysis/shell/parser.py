"""The command level of the strict parser: lists, pipelines, compound commands, redirections.

``parse(text, dialect)`` gives the syntax tree or raises ``UnsupportedSyntaxError``. It accepts only what it
positively understands; its correctness is established against bash itself (tests/nightly).
"""

import re

from bailiwick.analysis.shell.syntax import (
    AndOr,
    Arithmetic,
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
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
    Test,
    Text,
    UnsupportedSyntaxError,
    Word,
)
from bailiwick.analysis.shell.words import META, NAME, PLAIN_ARGUMENT, PLAIN_WORD, WordReader

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_SUBSCRIPTED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[")
_HARMLESS_SUBSCRIPT = re.compile(r"[\w.!^-]*\Z", re.ASCII)
_RESERVED = re.compile(
    r"(?:!|\{|\}|\[\[|case|coproc|do|done|elif|else|esac|fi|for|function|if|in|select|then|time|until|while)"
    r"(?=[ \t\n;|&<>()]|\Z)"
)
_REDIRECT = re.compile(r"(\d+|\{[A-Za-z_]\w*\})?(&>>|&>|<<<|<<-|<<|<>|<&|>>|>&|>\||<|>)", re.ASCII)
_BASH_REDIRECTS = frozenset(("&>>", "&>", "<<<"))
_TIME_FORMAT = re.compile(r"-p(?=[ \t\n;|&]|\Z)")
_TEST_END = re.compile(r"\]\](?=[ \t\n;|&<>()]|\Z)")
_FUNCTION_NAME = re.compile(r"[^\s;|&<>()$`'\"\\*?\[{}~=]+")
_DELIMITER_ESCAPE = re.compile(r"\\[A-Za-z0-9_]+\Z")
_DECLARATIONS = frozenset(("declare", "typeset", "local", "readonly", "export"))
_ZSH_WORDS = frozenset(("repeat", "noglob", "nocorrect", "foreach", "end", "-", "always"))
_ODD_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\u3000\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_ZSH_FORMS = re.compile(r">!|>>!|&\||&!|<[0-9]*-[0-9]*>|>>?\|?&!|\$\{[(=~^]|>&\|")


def parse(text: str, dialect: str = "bash") -> Sequence:
    """Parse a whole script.

    Raises:
        UnsupportedSyntaxError: the text isn't positively understood.
    """
    if odd := _ODD_CHARACTERS.search(text):
        raise UnsupportedSyntaxError("control, invisible or odd space character", odd.start())
    if dialect == "zsh" and (form := _ZSH_FORMS.search(text)):
        raise UnsupportedSyntaxError("form with another meaning in zsh", form.start())
    return Parser(text, dialect).script()


class Parser(WordReader):
    """Recursive descent over one text."""

    __slots__ = ("pending",)

    def __init__(
        self, text: str, dialect: str, depth: int = 0, origin: tuple[int, int] | None = None
    ) -> None:
        super().__init__(text, dialect, depth, origin)
        self.pending: list[tuple[Redirect, str, bool, bool]] = []

    def script(self) -> Sequence:
        """The whole text."""
        body = self._list(frozenset(), "")
        self.blank()
        if self.i < self.n:
            raise self.fail("unexpected " + self.s[self.i])
        if self.pending:
            raise self.fail("here-document without a body")
        return body

    def enclosed_script(self) -> Sequence:
        """Commands up to and including ``)``."""
        self.deeper()
        outer, self.pending = self.pending, []
        body = self._list(frozenset(), ")")
        self._newlines()
        if self.pending or self.i >= self.n or self.s[self.i] != ")":
            raise self.fail("unterminated $( or here-document")
        self.pending = outer
        self.i += 1
        self.depth -= 1
        return body

    def nested_script(self, text: str, end: int) -> Sequence:
        """Back-quoted text, unescaped."""
        self.deeper()
        try:
            body = Parser(text, self.dialect, self.depth, (self.first(self.i), self.last(end))).script()
        except UnsupportedSyntaxError as error:
            raise self.fail(error.reason) from None
        self.depth -= 1
        return body

    # -- lists

    def _newline(self) -> None:
        self.i += 1
        if self.pending:
            self._heredocs()

    def _newlines(self) -> None:
        while True:
            self.blank()
            if self.i >= self.n or self.s[self.i] != "\n":
                return
            self._newline()

    def _heredocs(self) -> None:
        pending, self.pending = self.pending, []
        s = self.s
        for redirect, delimiter, quoted, strip in pending:
            lines: list[str] = []
            while True:
                if self.i >= self.n:
                    raise self.fail("unterminated here-document")
                line = self._line()
                while (
                    not quoted
                    and (len(line) - len(line.rstrip("\\"))) % 2
                    and self.i <= self.n
                    and s[self.i - 1] == "\n"
                ):
                    if self.i >= self.n:
                        raise self.fail("unterminated here-document")
                    line = (
                        line[:-1] + self._line()
                    )  # continuation lines are joined before the delimiter is sought
                if strip:
                    line = line.lstrip("\t")
                if line == delimiter:
                    break
                lines.append(line)
            body = "".join(line + "\n" for line in lines)
            redirect.body = (Text(body, quoted=True),)
            if not quoted:
                reader = Parser(body, self.dialect, self.depth + 1, (redirect.start, redirect.start))
                parts: list[Part] = []
                try:
                    reader.double_quoted(parts, closing=False)
                except UnsupportedSyntaxError as error:
                    raise self.fail("here-document: " + error.reason) from None
                redirect.body = tuple(parts)

    def _line(self) -> str:
        end = self.s.find("\n", self.i)
        if end < 0:
            line, self.i = self.s[self.i :], self.n
        else:
            line, self.i = self.s[self.i : end], end + 1
        return line

    def _list(self, stop: frozenset[str], closing: str) -> Sequence:
        items: list[tuple[Command, bool]] = []
        s = self.s
        while True:
            self._newlines()
            if self.i >= self.n or s[self.i] == closing or self._at_stop(stop):
                break
            if s[self.i] in ";&|)":
                raise self.fail("unexpected " + s[self.i])
            command = self._and_or()
            background = False
            self.blank()
            if self.i < self.n and s[self.i] != closing:
                c = s[self.i]
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
                elif not self._at_stop(stop):
                    raise self.fail("unexpected " + c)
                elif c == ")":
                    raise self.fail("unexpected )")
                else:
                    raise self.fail("missing separator")
            items.append((command, background))
        return Sequence(tuple(items))

    def _at_stop(self, stop: frozenset[str]) -> bool:
        if not stop:
            return False
        if ";;" in stop and self.s.startswith((";;", ";&"), self.i):
            return True
        match = _RESERVED.match(self.s, self.i)
        return match is not None and match.group() in stop

    def _and_or(self) -> Command:
        first = self._pipeline()
        rest: list[tuple[str, Command]] = []
        while True:
            self.blank()
            operator = self.s[self.i : self.i + 2]
            if operator not in ("&&", "||"):
                return AndOr(first, tuple(rest)) if rest else first
            self.i += 2
            self._newlines()
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Command:
        s, negated, prefixed = self.s, False, False
        while True:
            self.blank()
            match = _RESERVED.match(s, self.i)
            if match and match.group() == "!":
                if s.startswith("(", match.end()):
                    raise self.fail("extended glob or negated subshell")
                self.i = match.end()
                negated = prefixed = True
            elif match and match.group() == "time":
                self.only("bash", "zsh")
                self.i = match.end()
                prefixed = True
                self.blank()
                if option := _TIME_FORMAT.match(s, self.i):
                    self.i = option.end()
                elif s.startswith("-", self.i):
                    raise self.fail("option of time")
            else:
                break
        if prefixed and (self.i >= self.n or s[self.i] in "\n;&|)"):
            raise self.fail("! or time without a command")
        stages = [self._command()]
        while True:
            self.blank()
            if s.startswith("||", self.i) or not s.startswith("|", self.i):
                break
            self.i += 1
            if s.startswith("&", self.i):
                self.only("bash", "zsh")
                self.i += 1
            self._newlines()
            stages.append(self._command())
        return stages[0] if len(stages) == 1 and not negated else Pipeline(tuple(stages), negated)

    # -- commands

    def _reserved(self) -> str:
        self._newlines()
        match = _RESERVED.match(self.s, self.i)
        return match.group() if match else ""

    def _expect(self, word: str) -> None:
        if self._reserved() != word:
            raise self.fail("expected " + word)
        self.i += len(word)

    def _need(self, character: str) -> None:
        self._newlines()
        if not self.s.startswith(character, self.i):
            raise self.fail("expected " + character)
        self.i += 1

    def _body(self, *stop: str) -> Sequence:
        body = self._list(frozenset(stop), "")
        if not body.items:
            raise self.fail("empty body")
        return body

    def _command(self) -> Command:
        self.deeper()
        self.blank()
        s = self.s
        if self.i >= self.n:
            raise self.fail("command expected")
        if s[self.i] == "(":
            command = self._parenthesised()
        elif match := _RESERVED.match(s, self.i):
            self.i = match.end()
            command = self._compound(match.group())
        elif _TEST_END.match(s, self.i):
            raise self.fail("unexpected ]]")
        else:
            command = self._simple()
        self.depth -= 1
        return command

    def _redirected(self, command: Command) -> Command:
        redirects: list[Redirect] = []
        while True:
            self.blank()
            redirect = self._redirect()
            if redirect is None:
                return Redirected(command, tuple(redirects)) if redirects else command
            redirects.append(redirect)

    def _parenthesised(self) -> Command:
        if self.s.startswith("((", self.i):
            self.only("bash")
            return self._redirected(ArithmeticCommand(self.arithmetic(self.i + 2)))
        self.i += 1
        body = self._list(frozenset(), ")")
        self._need(")")
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
                return self._redirected(self._test())
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

    def _for(self, *, select: bool) -> Command:
        self.blank()
        s = self.s
        if s.startswith("((", self.i):
            self.only("bash")
            if select:
                raise self.fail("select ((")
            header = self.arithmetic(self.i + 2)
            self.blank()
            if s.startswith(";", self.i):
                self.i += 1
            return ArithmeticFor(header, self._do())
        match = NAME.match(s, self.i)
        if not match:
            raise self.fail("name expected after for")
        self.i = match.end()
        words: list[Word] | None = None
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
            self.i += 1
        return For(match.group(), None if words is None else tuple(words), self._do(), select)

    def _case(self) -> Command:
        self.blank()
        subject = self.word()
        self._expect("in")
        arms: list[tuple[tuple[Word, ...], Sequence]] = []
        s = self.s
        while True:
            if self._reserved() == "esac":
                self.i += 4
                return Case(subject, tuple(arms))
            if self.i >= self.n:
                raise self.fail("expected esac")
            if s[self.i] == "(":
                self.i += 1
                self.blank()
            patterns = [self.word()]
            self.blank()
            while s.startswith("|", self.i):
                self.i += 1
                self.blank()
                patterns.append(self.word())
                self.blank()
            self._need(")")
            arms.append((tuple(patterns), self._list(frozenset((";;", "esac")), "")))
            self._newlines()
            for end in (";;&", ";;", ";&"):
                if s.startswith(end, self.i):
                    self.i += len(end)
                    break

    def _test(self) -> Command:
        self.only("bash")
        items: list[Word | None] = []
        s = self.s
        while True:
            self._newlines()
            if self.i >= self.n:
                raise self.fail("expected ]]")
            if match := _TEST_END.match(s, self.i):
                self.i = match.end()
                return Test(tuple(items))
            if s.startswith(("&&", "||"), self.i):
                self.i += 2
                items.append(None)
            elif s[self.i] in "()<>":
                self.i += 1
                items.append(None)
            elif s.startswith("=~", self.i) and s[self.i + 2 : self.i + 3] in (" ", "\t"):
                self.i += 2
                self.blank()
                items += [None, self.word(regex=True)]
            elif s[self.i] == "!" and s[self.i + 1 : self.i + 2] in (" ", "\t", "("):
                self.i += 1
                items.append(None)
            else:
                items.append(self.word())

    def _keyword_function(self) -> Command:
        self.only("bash", "zsh")
        self.blank()
        start = self.i
        match = _FUNCTION_NAME.match(self.s, start)
        if not match:
            raise self.fail("function name")
        self.i = match.end()
        self.blank()
        if self.s.startswith("(", self.i):
            self.i += 1
            self._need(")")
        return self._function(match.group(), start)

    def _function(self, name: str, start: int) -> Command:
        self._newlines()
        body = self._command()
        if isinstance(body, Simple):
            raise self.fail("function body")
        return Function(name, body, self.first(start), self.last(self.i))

    def _coprocess(self) -> Command:
        self.only("bash")
        self.blank()
        s = self.s
        match = NAME.match(s, self.i)
        if match and not _RESERVED.match(s, self.i):
            if s.startswith("=", match.end()):
                raise self.fail("assignment after coproc")
            after = match.end()
            while after < self.n and s[after] in " \t":
                after += 1
            if after > match.end() and (_RESERVED.match(s, after) or s.startswith("(", after)):
                self.i = after
        body = self._command()
        if isinstance(body, Coprocess | Function):
            raise self.fail("coproc")
        return Coprocess(body)

    # -- simple commands

    def _redirect(self) -> Redirect | None:
        s, start = self.s, self.i
        if start >= self.n or s[start] not in "<>&{0123456789":
            return None
        match = _REDIRECT.match(s, start)
        if not match:
            return None
        operator, descriptor = match.group(2), match.group(1) or ""
        if operator in ("<", ">") and s.startswith("(", match.end()) and not descriptor:
            return None
        if operator in _BASH_REDIRECTS or descriptor.startswith("{"):
            self.only("bash", "zsh")
        self.i = match.end()
        self.blank()
        if self.i >= self.n or s[self.i] == "\n":
            raise self.fail("redirection without a target")
        before = self.i
        redirect = Redirect(operator, self.word(), self.first(start), descriptor)
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
        return redirect

    def _simple(self) -> Command:
        s, start = self.s, self.i
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            self.blank()
            if self.i >= self.n:
                break
            c = s[self.i]
            if c in "\n;|)" or (c == "&" and not s.startswith("&>", self.i)):
                break
            plain = (PLAIN_ARGUMENT if words else PLAIN_WORD).match(s, self.i)
            if plain and self._is_plain(plain.group(), plain.end()):
                words.append(Word(self.first(self.i), self.last(plain.end()), plain.group()))
                self.i = plain.end()
            elif (redirect := self._redirect()) is not None:
                redirects.append(redirect)
            elif (assignment := self._assignment(words)) is not None:
                assignments.append(assignment)
            elif c == "(":
                if len(words) == 1 and not assignments and not redirects:
                    return self._bare_function(words[0])
                raise self.fail("unexpected (")
            else:
                words.append(self.word())
        if not (words or assignments or redirects):
            raise self.fail("empty command")
        if self.dialect == "zsh" and words and words[0].literal in _ZSH_WORDS:
            raise self.fail("zsh precommand modifier")
        return Simple(
            self.first(start), self.last(self.i), tuple(assignments), tuple(words), tuple(redirects)
        )

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

    def _bare_function(self, name: Word) -> Command:
        self.i += 1
        self.blank()
        if not self.s.startswith(")", self.i):
            raise self.fail("unexpected (")
        self.i += 1
        plain = all(isinstance(part, Text) and not part.quoted for part in name.parts)
        if name.literal is None or not plain or not _FUNCTION_NAME.fullmatch(name.literal):
            raise self.fail("function name")
        return self._function(name.literal, name.start)

    def _assignment(self, words: list[Word]) -> Assignment | None:
        s, start = self.s, self.i
        match = _ASSIGNMENT.match(s, start)
        if words:
            # Only the declaration builtins take an array as an argument; the rest of their words are words.
            if match and words[0].literal in _DECLARATIONS and s.startswith("(", match.end()):
                self.i = match.end()
                assignment = self._value(match.group(1), start, append=bool(match.group(2)), subscript=None)
                words.append(Word(self.first(start), self.last(self.i), s[start : match.end()]))
                return assignment
            return None
        if match:
            self.i = match.end()
            return self._value(match.group(1), start, append=bool(match.group(2)), subscript=None)
        match = _SUBSCRIPTED.match(s, start)
        if not match:
            return None
        end = self._subscript_end(match.end())
        if end is not None and s.startswith(("=", "+="), end + 1):
            subscript = self.expression(s[match.end() : end])
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
        value = Word(self.first(self.i), self.last(self.i), "") if empty else self.word()
        return Assignment(name, self.first(start), self.last(self.i), append, value, None, subscript)

    def _array(self) -> tuple[Word, ...]:
        self.only("bash")
        s = self.s
        self.i += 1
        elements: list[Word] = []
        while True:
            self._newlines()
            c = s[self.i : self.i + 1]
            if c == ")":
                self.i += 1
                if self.i < self.n and s[self.i] not in " \t\n;|&)":
                    raise self.fail("text after an array")
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
