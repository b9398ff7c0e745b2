"""What zsh reads otherwise than bash, so that the strict parser refuses it in that dialect.

Each function gives the reason to refuse, or nothing. Every form here was seen to differ in zsh 5.9
(tests/analysis/shell/unsound.yaml, tests/nightly/test_shell_argv.py).
"""

from collections.abc import Sequence

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.shell.environment import DECLARATIONS
from bailiwick.analysis.shell.syntax import Part, Redirect, Text, parts_of
from bailiwick.model.regex import regex

FORMS = regex(
    r">!|>>!|&\||&!|>&\||>>?\|?&!|(?:\A|[\s;|&(<>`])\d&>"  # clobbering, background, descriptors
    r"|<[0-9]*-[0-9]*>"  # numeric globs
    r"|\$\{[(=~^]|\$\{?#?\w*[^\x00-\x7f]"  # expansion flags, names beyond ASCII
    r"|\.\.-?0\d|\{-?0\d+\.\.|\{\d+\.\.-?\d+\.\."  # ranges padded or stepped
)
"""Forms that are refused wherever they stand, in quotes too."""
MODIFIERS = frozenset(("repeat", "noglob", "nocorrect", "foreach", "end", "-", "always"))
"""Words before a command that say how it runs; some work also where an expansion gives them."""
_RESERVED = frozenset((
    "!", "[[", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "select",
    "then", "time", "until", "while",
))  # fmt: skip
_NO_FUNCTIONS = _RESERVED | MODIFIERS | DECLARATIONS | {"float", "integer"}
_ODD_ASSIGNMENT = regex(r"(?:\d+|\w*[^\x00-\x7f]\w*)?(?:\+?=|\[)")
_NUMBER_NAME = regex(r"(?:[ \t]|\A)\{\w+\}[ \t]+(?:\d?[<>]|&>)")


def command(text: str, start: int, end: int, words: Sequence[Arg], redirects: Sequence[Redirect]) -> str:
    """Why what stands between two positions isn't the simple command of these words."""
    following = text[end : end + 1]
    if not words and not redirects:
        return "& after an assignment" if following == "&" and text[end : end + 2] != "&&" else ""
    if not words:
        alone = text.startswith("$(<", start - 2) and text[start + 1 : start + 2] not in ("<", "&", ">")
        reads = len(redirects) == 1 and alone and following == ")"
        return "" if reads else "redirection without a command"  # else it runs $NULLCMD
    first = words[0]
    opening = next(iter(parts_of(first)), None)
    begins = opening.text if isinstance(opening, Text) and not opening.quoted else ""
    if first.literal in MODIFIERS:
        return "precommand modifier"
    if is_reserved(first):
        return "reserved word after an assignment or a redirection"
    if begins.startswith("{"):
        return "word beginning with a brace"  # it opens a group without a blank
    if _ODD_ASSIGNMENT.match(begins) and first.literal != "[":
        return "assignment to a number, a name beyond ASCII or nothing"
    if redirects and _NUMBER_NAME.search(text, start, end):
        return "name for a descriptor"  # `{name} >file` is one redirection
    return ""


def is_reserved(word: Arg) -> bool:
    """Whether a word would be a reserved one where a command begins."""
    parts = parts_of(word)
    if not parts:
        return word.literal in _RESERVED
    only = parts[0] if len(parts) == 1 else None
    return isinstance(only, Text) and not only.quoted and only.text in _RESERVED


def redirection(operator: str, following: str) -> str:
    """Why an operator can't stand before what begins with these two characters."""
    wrong = (operator.rstrip("|"), following) in ((">", "<("), ("<", ">("))
    return "process substitution of the other direction" if wrong else ""


def function(name: str) -> str:
    """Why a function can't have a name."""
    if name.startswith("-"):
        return "option of function"  # the body of one without a name is run
    return "function with the name of a reserved word" if name in _NO_FUNCTIONS else ""


def word(parts: Sequence[Part]) -> str:
    """Why a word isn't what its parts say."""
    level = 0
    for part in parts:
        if not isinstance(part, Text):
            continue
        if part.quoted:
            if level and "." in part.text:
                return "range with quoted dots"  # expanded all the same
            continue
        for c in part.text:
            level += (c == "{") - (c == "}")
            if level < 0:
                return "closing brace"  # it ends a group wherever it stands
    return ""


def special(name: str, following: str, *, quoted: bool) -> str:
    """Why ``$#``, ``$1`` or ``$$`` isn't that parameter before the next character."""
    if name == "$" and not quoted and following in ("{", "'"):
        return "process number before a brace or a quote"  # which the second dollar sign opens
    if name == "#" and following and (following.isalnum() or following in "_*@#?$!-+{"):
        return "length of a parameter"
    if name.isdigit() and following.isdigit():
        return "parameter of several digits"
    return ""
