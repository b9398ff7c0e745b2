"""JavaScript cut into tokens, with everything refused that could be cut in two ways."""

import re
from dataclasses import dataclass

MAX_TOKENS = 3000
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n\f]+|//[^\n]*|/\*[\s\S]*?\*/)"
    r"|(?P<number>(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)n?(?![\w$]))"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<string>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<template>`)"
    r"|(?P<sign>=>|\.\.\.|\?\.(?!\d)|\?\?=|\|\|=|&&=|\?\?|===|!==|\*\*=|<<=|>>>=|>>=|>>>|\*\*|==|!=|<=|>=|&&|\|\||\+\+|--|[-+*/%&|^]=|<<|>>|[-+*/%&|^!~<>=?:;,.(){}\[\]])",
    re.ASCII,
)
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[dgimsuvy]*(?![\w$])")
_OPERATOR_WORDS = frozenset(
    ["return", "typeof", "case", "in", "do", "else", "void", "delete", "instanceof", "new", "throw"]
)
_MISLEADING = re.compile("[\r\u2028\u2029\ufeff]|<!--|-->")
"""What some readers of JavaScript take for the beginning or end of a comment."""
_ESCAPE = re.compile(r"\\(?:([nrtbfv0'\"\\/`$])|u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``fresh_line`` says that it is the first on its line."""

    kind: str
    text: str
    fresh_line: bool


class RefusedError(Exception):
    """The code isn't in the part of the language that is understood; the message says why."""


def tokens(text: str) -> list[Token]:
    """The tokens of ``text`` with an end mark. Raises RefusedError."""
    if _MISLEADING.search(text):
        raise RefusedError("characters that may end or begin a comment")
    found: list[Token] = []
    opened: list[bool] = []
    condition = False
    at, fresh = 0, True
    while at < len(text):
        match = _REGEX.match(text, at) if text[at] == "/" else None
        if match is not None and _operand(found, condition=condition):
            found.append(Token("regex", match.group(), fresh))
        else:
            match = _TOKEN.match(text, at)
            if match is None:
                raise RefusedError("characters that aren't understood")
            kind = match.lastgroup or ""
            if kind == "space":
                fresh = fresh or "\n" in match.group()
                at = match.end()
                continue
            if kind == "template":
                end = _template_end(text, at)
                found.append(Token("template", text[at + 1 : end], fresh))
                at, fresh = end + 1, False
                continue
            if match.group() == "(":
                opened.append(bool(found) and found[-1].text in {"if", "while", "for"})
            elif match.group() == ")":
                condition = opened.pop() if opened else False
            found.append(Token(kind, match.group(), fresh))
        at, fresh = match.end(), False
        if len(found) > MAX_TOKENS:
            raise RefusedError("more than is read")
    found.append(Token("end", "", fresh_line=True))
    return found


def _operand(found: list[Token], *, condition: bool) -> bool:
    """Whether an operand may stand next, so that a slash begins a regular expression."""
    if not found:
        return True
    last = found[-1]
    if last.text in {"}", "++", "--", "of", "await", "yield"} and last.kind in {"sign", "name"}:
        raise RefusedError("a slash that may mean two things")
    if last.kind == "sign" and last.text == ")":
        return condition
    if last.kind == "name":
        return last.text in _OPERATOR_WORDS
    return last.kind == "sign" and last.text != "]"


def _template_end(text: str, at: int) -> int:
    """Where a template literal closes; one inside another is refused."""
    i = at + 1
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "`":
            return i
        elif text.startswith("${", i):
            close = re.compile(r"[^`{}'\"]*(?:'[^'\\\n`]*'[^`{}'\"]*|\"[^\"\\\n`]*\"[^`{}'\"]*)*\}").match(
                text, i + 2
            )
            if close is None:
                raise RefusedError("a template that isn't understood")
            i = close.end() - 1
        i += 1
    raise RefusedError("a template that isn't closed")


def unescaped(text: str) -> str:
    """The string that is written between quotes. Raises RefusedError."""

    def plain(match: re.Match[str]) -> str:
        if match[1]:
            return _SIMPLE.get(match[1], match[1])
        if match[2] or match[3]:
            return chr(int(match[2] or match[3], 16))
        if match[4] in "ux\n123456789":
            raise RefusedError("an escape that isn't understood")
        return match[4]

    return _ESCAPE.sub(plain, text)
