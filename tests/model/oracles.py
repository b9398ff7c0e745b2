"""Two independent readings of the glob dialect, to compare the automaton with: by regular expression, by recursion."""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache


def braces(glob: str) -> list[str]:
    """Every text that the braces of ``glob`` stand for; escapes are left in place."""
    depth = 0
    opened = 0
    at = 0
    commas: list[int] = []
    while at < len(glob):
        match glob[at]:
            case "\\":
                at += 1
            case "[":
                at = _set_end(glob, at)
            case "{":
                if depth == 0:
                    opened, commas = at, []
                depth += 1
            case "," if depth == 1:
                commas.append(at)
            case "}" if depth:
                depth -= 1
                if depth == 0:
                    cuts = [opened, *commas, at]
                    inner = [glob[low + 1 : high] for low, high in itertools.pairwise(cuts)]
                    return [
                        glob[:opened] + choice + rest
                        for one in inner
                        for choice in braces(one)
                        for rest in braces(glob[at + 1 :])
                    ]
        at += 1
    return [glob]


def _set_end(glob: str, at: int) -> int:
    end = at + 1
    end += glob[end] in "!^"
    end += glob[end] == "]"
    while glob[end] != "]":
        end += 1 + (glob[end] == "\\")
    return end


def _tokens(glob: str) -> Iterator[str]:
    at = 0
    while at < len(glob):
        if glob[at] == "\\":
            yield glob[at : at + 2]
            at += 2
        elif glob.startswith("**", at):
            yield "**"
            at += 2
        elif glob[at] == "[":
            end = _set_end(glob, at) + 1
            yield glob[at:end]
            at = end
        else:
            yield glob[at]
            at += 1


def regex(glob: str) -> re.Pattern[str]:
    """The path dialect as one regular expression, segment by segment."""
    return re.compile("|".join(f"(?:{_regex(one)})" for one in braces(glob)), re.DOTALL)


def _regex(glob: str) -> str:
    glob = re.sub(r"/\*\*(?=/\*\*(?:/|$))", "", glob)
    segments: list[list[str]] = [[]]
    for piece in _tokens(glob):
        if piece == "/":
            segments.append([])
        else:
            segments[-1].append(piece)
    text = ""
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment != ["**"]:
            text += "".join(map(_one, segment)) + ("" if last else "/")
        elif not last:
            text += "(?:.*/)?"
        elif segments[:-1] in ([], [[]]):
            text += ".*"
        elif text.endswith("/"):
            text = text[:-1] + "(?:/.*)?"
    return text


def _one(piece: str) -> str:
    match piece:
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _ if piece.startswith("["):
            body = piece[1:-1]
            negated = body[0] in "!^"
            body = body[negated:].replace("[", r"\[").replace("]", r"\]")
            return f"(?!/)[{'^' if negated else ''}{body}]"
        case _ if piece.startswith("\\"):
            return re.escape(piece[1])
        case _:
            return re.escape(piece)


def naive(glob: str, path: str) -> bool:
    """The path dialect by plain recursion over both texts."""
    return any(_segments(one.split("/"), path.split("/")) for one in braces(glob))


@lru_cache(maxsize=1 << 16)
def _text(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    match pattern[0]:
        case "*":
            return _text(pattern[1:], text) or (bool(text) and _text(pattern, text[1:]))
        case "?":
            return bool(text) and _text(pattern[1:], text[1:])
        case "[":
            end = _set_end(pattern, 0)
            body = pattern[1:end]
            negated = body[0] in "!^"
            members = set()
            for found in re.finditer(r"(.)-(.)|(.)", body[negated:]):
                low, high = (found[1], found[2]) if found[1] else (found[3], found[3])
                members |= {chr(code) for code in range(ord(low), ord(high) + 1)}
            return bool(text) and (text[0] in members) != negated and _text(pattern[end + 1 :], text[1:])
        case "\\":
            return bool(text) and text[0] == pattern[1] and _text(pattern[2:], text[1:])
        case other:
            return bool(text) and text[0] == other and _text(pattern[1:], text[1:])


def _segments(patterns: list[str], segments: list[str]) -> bool:
    """``**`` as a whole segment takes any number of segments; the first, empty one is the root."""
    if not patterns:
        return not segments
    if patterns[0] == "**":
        return any(_segments(patterns[1:], segments[taken:]) for taken in range(len(segments) + 1))
    return bool(segments) and _text(patterns[0], segments[0]) and _segments(patterns[1:], segments[1:])
