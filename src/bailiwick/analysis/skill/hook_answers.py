"""What a hook's script answers where nothing that it asks for holds: yes, or nothing. By lines and their indentation."""

import re
from enum import Enum

from bailiwick.analysis.skill.scripts.folded import folded
from bailiwick.analysis.skill.scripts.places import indent_of

MAX_LINES = 1_000
MAX_LINE = 2_000
"""Characters of one line that are looked at."""
MAX_YES = 30
"""Places at which a script says yes; one that has more is taken to choose nothing."""
MAX_CALLS = 4
"""Places at which a function that says yes is called."""


class Answer(Enum):
    """How far a script says yes: never, for what it chose, to all."""

    NEVER = "never"
    CHOSEN = "chosen"
    ALL = "all"


_ALLOW = re.compile(
    r"[\"'](?:allow|approve)\\?[\"']|permissionDecision\\?[\"']?\s*[:=]\s*\\?[\"']?(?:allow|approve)\b|^\s*(?:local\s+)?\w+=(?:allow|approve)\s*$|\bbehavior\\?[\"']?\s*:\s*\\?[\"']?allow\b"
)
_LOOKS = re.compile(r"(?:[!=]==?|\bin\b|-eq|\bget\()\s*[(\[]?[\"'](?:allow|approve)[\"']")
_REFUSES = re.compile(r"\\?[\"'](?:deny|ask|block|defer)\\?[\"']")
UNSPELLED = re.compile(
    r"permissionDecision\\?[\"']?\]?\s*[:=]\s*(?![=\s]*\\?[\"']?(?:deny|ask|defer)\b)[^\s]|\bdecision\\?[\"']\]?\s*[:=]\s*(?!\s*\\?[\"'](?:block|deny|ask)\b)[$A-Za-z(]"
)
"""A decision that is put together: what it comes to isn't spelled where it is given."""
_COMMENT = re.compile(
    r"(?m)^[ \t]*(?:#(?!!)|//)[^\n]*$|(?<=\s)(?:#|//)\s[^\n\"']*$|^[ \t]*(?:\"\"\"|''')[\s\S]*?(?:\"\"\"|''')"
)
_CONDITION = re.compile(
    r"^\s*(?:\}\s*)?(?:if|elif|else if|unless|when|while|for|switch|match)\b(.*)|^\s*case\b(.*)|^\s*(\[\[?\s.*|test\s.*|grep\s.*)(?:&&|\|\|)"
)
_ELSE = re.compile(r"^\s*(?:\}\s*)?else\b(?!\s+if)")
_OTHERWISE = re.compile(r"^\s*(?:\(?\*\)|default\s*:|case\s+_\s*:)")
"""The branch that is taken where no other of a ``case`` is."""
_LABEL = re.compile(r"^\s*(?:case\s+[^\n]*:|[\"'\w|*.$ -]+\))")
_ERROR = re.compile(r"^\s*(?:\}\s*)?(?:except|catch|rescue)\b")
_VACUOUS = re.compile(
    r"__name__|hook_?[eE]vent(?:_?[nN]ame)?|^[\s(!\[-]*(?:not\s+|-[nzt]\s+|!\s*)?[\"'$({\s]*(?:raw|data|input|payload|event|e|stdin|line|body|s|tool(?:_?name|Name)?|\w+\.get\(\s*[\"'](?:tool_name|tool_input|hook_event_name)[\"']\s*(?:,\s*[^)]*)?\)|sys\.stdin\.isatty\(\)|0)[\"'})\s\]]*(?:;?\s*then)?[:{\s]*$|re\.(?:search|match)\(\s*r?[\"'](?:\.\*?\+?)[\"']|isinstance|len\(sys\.argv|\bwhile\s+(?:IFS=\s*)?read\b|\bread\b|^\s*\(?True\b|^\s*\(?true\b|^\s*\(?1\b"
)
_OF_THE_TOOL = re.compile(r"tool[^\n]{0,60}[\"'](?:Bash|\*)[\"']")
_OF_ITS_INPUT = re.compile(r"command|tool_input|\.input|\bcmd\b|\band\b|&&")
"""A question of which tool it is, to which a shell is an answer, and of what it is to do."""
_NEGATIVE = re.compile(r"\bnot\b|!(?!=)|!=|!~|-ne\b|\bunless\b|-v\b|-notin|-notmatch")
_LEAVES = re.compile(r"\bexit\b|\breturn\b|\bcontinue\b|\bbreak\b|\bdie\b|process\.exit|sys\.exit")
_DEFINES = re.compile(
    r"^\s*(?:async\s+)?(?:def|function)\s+(\w+)|^\s*(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*=>|\w+\s*=>)|^\s*(\w+)\s*\(\)\s*\{"
)
_ENTRY = re.compile(r"^(?:main|run|handle|handler|_?main)$")


def answer_of(body: str) -> Answer:
    """The farthest that any of its places goes. A decision that isn't spelled counts as yes, unless refusals are spelled."""
    text = folded(_COMMENT.sub("", body))
    whole = text.split("\n")
    lines = [line[:MAX_LINE] for line in whole[:MAX_LINES]]
    cut = len(whole) > MAX_LINES or any(len(line) > MAX_LINE for line in whole)
    word = _ALLOW
    yes = [at for at, line in enumerate(lines) if word.search(_LOOKS.sub("", line))]
    if not yes and not _REFUSES.search(text):
        word = UNSPELLED
        yes = [at for at, line in enumerate(lines) if word.search(line)]
    if not yes:
        return Answer.CHOSEN if cut else Answer.NEVER
    return Answer.ALL if len(yes) > MAX_YES or any(_reached(lines, at, word) for at in yes) else Answer.CHOSEN


def _reached(lines: list[str], at: int, word: re.Pattern[str], depth: int = 0) -> bool:
    """Whether a line is reached where none of the questions of the script is answered with yes."""
    if not _own(lines[at], word):
        return False
    indent = indent_of(lines[at])
    otherwise = _OTHERWISE.match(lines[at]) is not None
    if (defined := _DEFINES.match(lines[at])) and depth < 2:
        return _called(lines, defined[1] or defined[2] or defined[3], at, depth)
    up = at
    while up > 0:
        up -= 1
        line = lines[up]
        if not line.strip():
            continue
        here = indent_of(line)
        if here > indent:
            continue
        if here < indent:
            indent = here
            if defined := _DEFINES.match(line):
                name = defined[1] or defined[2] or defined[3]
                return _ENTRY.match(name) is not None or depth > 1 or _called(lines, name, up, depth)
            if _ERROR.match(line):
                return False
            if _OTHERWISE.match(line) or (otherwise and re.match(r"\s*(?:case|switch|match)\b", line)):
                otherwise = not otherwise
            elif _ELSE.match(line):
                if _negative_before(lines, up, here):
                    return False
                up = _head(lines, up, here)
            elif (_CONDITION.match(line) and not _vacuous(line)) or (_LABEL.match(line) and ")" in line[-3:]):
                return False
        elif _CONDITION.match(line) and not _vacuous(line) and _NEGATIVE.search(line):
            inside = "\n".join([line, *_within(lines, up)])
            if _LEAVES.search(inside):
                return False
    return True


def _own(line: str, word: re.Pattern[str]) -> bool:
    """Whether the place is reached within its own line."""
    found = word.search(line)
    before = line[: found.start()] if found else line
    after = line[found.end() :] if found else ""
    if re.search(
        r"\belse\b[^{}]{0,40}$|\?[^:?\n]{1,60}:\s*$|\belse\s*\{[^{}]{0,20}", before
    ) and _REFUSES.search(before):
        return not _NEGATIVE.search(before.partition("?")[0] if "?" in before else before)
    if asked := re.match(r"\s*if\s+(.+?)\s+else\b", after):
        return _VACUOUS.search(asked[1]) is not None
    if re.search(r"\?\s*$", before):
        return False
    if _OTHERWISE.match(line):
        return True
    if re.search(r"^\s*(?:\}\s*)?(?:if|elif|else if)\b.*|(?:^|\s)(?:\]\]?|grep\b.*|test\b.*)\s*&&", before):
        return _vacuous(before)
    if re.search(r"\bif\b.*\bthen\b", before):
        return re.search(r"\belse\b", before.rpartition("then")[2]) is not None
    return not (
        _LABEL.match(before)
        and re.match(r"^[^\"']*\)", before.strip()[:40])
        and "(" not in before[: before.find(")")]
    )


def _called(lines: list[str], name: str, at: int, depth: int) -> bool:
    call = re.compile(
        rf"(?<![\w.]){re.escape(name)}\s*\(|^\s*{re.escape(name)}\b(?!\s*\(\)\s*\{{)|[;&|]\s*{re.escape(name)}\b"
    )
    places = [i for i, line in enumerate(lines) if i != at and call.search(line) and not _DEFINES.match(line)]
    return any(_reached(lines, i, call, depth + 1) for i in places[:MAX_CALLS])


def _vacuous(line: str) -> bool:
    match = _CONDITION.match(line)
    said = next((group for group in match.groups() if group is not None), "") if match else line
    return bool(_VACUOUS.search(said)) or bool(_OF_THE_TOOL.search(said) and not _OF_ITS_INPUT.search(said))


def _negative_before(lines: list[str], at: int, indent: int) -> bool:
    """Whether the question to which a line is the alternative asks for what is not so."""
    head = lines[_head(lines, at, indent)]
    return bool(_CONDITION.match(head) and _NEGATIVE.search(head))


def _head(lines: list[str], at: int, indent: int) -> int:
    for up in range(at - 1, -1, -1):
        if (
            lines[up].strip()
            and indent_of(lines[up]) == indent
            and re.match(r"\s*(?:if|switch|match|case)\b", lines[up])
        ):
            return up
    return at


def _within(lines: list[str], at: int) -> list[str]:
    inside = []
    for line in lines[at + 1 : at + 12]:
        if line.strip() and indent_of(line) <= indent_of(lines[at]):
            break
        inside.append(line)
    return inside
