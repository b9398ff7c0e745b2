"""Whether a check stands before what a service runs: who asks, or what may be asked for. A word that is only there guards nothing."""

import re
from collections.abc import Iterator
from itertools import islice

from bailiwick.analysis.skill.scripts.places import indent_of

MAX_CHECKS = 200
"""Conditions of one script that are looked at."""

MAX_BODY = 6
"""Lines behind a condition in which whoever isn't let in is turned away."""

_WHO = r"\bcompare_digest\b|\btimingSafeEqual\b|\bcompareSync\(|\bcheckpw\(|\b[Aa]uthorization\b|\bverify\w*\(|\bauthenticat\w*|\bauthori[sz]ed?\w*\(|\bjwt\.\w+\(|\bis_?(?:[Aa]uth|[Vv]alid|[Aa]dmin|[Ll]ocal)\w*|\bcheck_?(?:auth|token|key|sig)\w*|\b(?:token|api_?key|secret|signature|password)\b[^\n]{0,60}?(?:!==?|===?)|(?:!==?|===?)\s*(?:process\.env\.|os\.environ|[A-Z_]*(?:TOKEN|KEY|SECRET|PASSWORD)\b)"
_ASKS = re.compile(_WHO, re.IGNORECASE)
_CONDITION = re.compile(
    r"^([ \t]{0,80})[^\n]{0,200}?\b(?:if|elif|unless|assert)\b([^\n]{0,400})", re.MULTILINE
)
_NEGATED = re.compile(
    r"\bnot\b|!(?!=)|!==?|\bunless\b|\bis None\b|\bis False\b|==\s*(?:false|False|None|null)\b"
)
_GONE = re.compile(
    r"\breturn\b|\braise\b|\bthrow\b|\babort\(|\bexit\b|\bcontinue\b|\bbreak\b|\bclose\(|\bdestroy\(|\breject\w*\(|\bhalt\b|\bsend_error\(|\bnext\(\s*\w|\bdie\b"
)
_LISTED = re.compile(
    r"([\w.$()\[\]\"']{1,60}?(?:\s*\.split\(\)\[0\])?)\s+(?:not\s+)?in\s+\(?\s*(?:\w+\.)*[A-Za-z_]|\b\w+\.(?:includes|has|indexOf|contains|Contains|include\?|key\?)\(\s*([\w.$()\[\]\"']{1,60})|\b(?:re\.(?:full)?match|match|test|preg_match)\([^\n]{0,80}?([A-Za-z_$][\w.]{0,40})\s*\)|\bin_array\(\s*(\$[\w\[\]\"']{1,60})|\bisset\(\s*\$\w+\[\s*(\$[\w\[\]\"']{1,60})|\$?\b[A-Z_a-z]\w*\[\s*(\$?\w{1,40})\s*\]"
)
"""Something that is looked for in a list, or held against a pattern."""
_ALWAYS = re.compile(
    r"@(?:\w+\.)?(?:login_required|\w*auth\w*|token_required|jwt_required|protected)\b|\bDepends\(\s*(?:verify|auth|get_current|require|check)\w*|\.use\(\s*[\w.]*(?:auth|verify|guard)\w*|,\s*(?:require\w*[Aa]uth\w*|auth\w*|verify\w*|ensure\w+|passport\.authenticate\([^)\n]*\))\s*,\s*(?:async\s*)?(?:\(|function\b)|\bpreHandler\s*:|\b(?:basicAuth|HTTPBasicAuth|HTTPTokenAuth)\("
)
"""A check that a framework makes in front of every request."""
_FUNCTION = re.compile(
    r"^([ \t]{0,80})(?:export\s+)?(?:async\s+)?(?:def|function|func|sub)\s+(\w{1,60})[^\n]*|^([ \t]{0,80})(?:const|let|var)\s+(\w{1,60})\s*=\s*(?:async\s*)?(?:function\b[^\n]*|\([^)\n]{0,100}\)\s*=>[^\n]*)",
    re.MULTILINE,
)
_SET = re.compile(
    r"^[ \t]{0,80}(?:(?:const|let|var|my)\s+)?\$?(\w{1,40})\s*=(?![=>])([^\n]{1,300})", re.MULTILINE
)
_KEY = re.compile(r"[\"']([\w.-]{1,40})[\"']|\.(?!get\b|split\b)([A-Za-z_]\w*)(?!\()")
_NAME = re.compile(r"[A-Za-z_]\w*")


def guarded(text: str, at: int, ran: str) -> bool:
    """Whether the place ``at``, where ``ran`` is run, is reached only by whom, or with what, a check lets through."""
    if _ALWAYS.search(text):
        return True
    return _covered(text, at, ran) or _called_only(text, at, ran)


def _called_only(text: str, at: int, ran: str) -> bool:
    """Whether the function around a place is called only where a check let somebody through."""
    name = _around(text, at)
    calls = (
        [
            match.start()
            for match in islice(
                re.finditer(rf"(?<!def )(?<!function )\b{re.escape(name)}\(", text), MAX_CHECKS
            )
        ]
        if name
        else []
    )
    return bool(calls) and all(_covered(text, call, ran) for call in calls)


def _around(text: str, at: int) -> str:
    """The name of the function nearest around a place."""
    depth = indent_of(text[text.rfind("\n", 0, at) + 1 : at])
    name = ""
    for match in _FUNCTION.finditer(text, 0, at):
        if len(match[1] or match[3] or "") < depth:
            name = match[2] or match[4]
    return name


def _covered(text: str, at: int, ran: str) -> bool:
    who = _asking(text)
    for match in islice(_CONDITION.finditer(text, 0, at), MAX_CHECKS):
        condition = match[2]
        if not (_ASKS.search(condition) or (who and who.search(condition)) or _about(condition, ran)):
            continue
        inner = text[match.end() : at]
        asks = _condition_of(condition)
        row = match[0][: match[0].find(condition)] + condition
        if "\n" not in inner and not _GONE.search(condition):
            return True  # on one line with what is run
        if _NEGATED.search(row) or "assert" in match[0]:
            behind = "\n".join(text[match.start(2) + len(asks) :].split("\n")[:MAX_BODY])
            if ("assert" in match[0] or _GONE.search(behind)) and _stays(
                inner, len(match[1]), inclusive=False
            ):
                return True
        elif _stays(inner, len(match[1]), inclusive=True):
            return True
    return False


def _condition_of(row: str) -> str:
    """A condition up to where its brackets close, or its colon."""
    depth = 0
    for at, letter in enumerate(row):
        depth += (letter in "([{") - (letter in ")]}")
        if (
            depth < 0
            or (depth == 0 and letter in ":{" and at)
            or (depth == 0 and letter == ")" and row[0:2].strip()[:1] == "(")
        ):
            return row[:at]
    return row


def _stays(inner: str, depth: int, *, inclusive: bool) -> bool:
    """Whether no line leaves the block: to the condition's own depth (``inclusive``), or to what lies around it."""
    for line in inner.split("\n")[1:]:
        bare = line.strip()
        if not bare:
            continue
        here = indent_of(line)
        if here < depth or (inclusive and here == depth and not bare.startswith((")", "{"))):
            return False
    return True


def _asking(text: str) -> re.Pattern[str] | None:
    """Names that hold whether somebody may ask, and functions that say so."""
    names = {match[1] for match in islice(_SET.finditer(text), MAX_CHECKS) if _ASKS.search(match[2])}
    names |= {name for name, body in _functions(text) if _ASKS.search(body) and "return" in body}
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b") if names else None


def _functions(text: str) -> Iterator[tuple[str, str]]:
    for match in islice(_FUNCTION.finditer(text), MAX_CHECKS):
        depth, body = len(match[1] or match[3] or ""), []
        for line in text[match.end() : match.end() + 2_000].split("\n")[1:]:
            if line.strip() and indent_of(line) <= depth:
                break
            body.append(line)
        yield match[2] or match[4], "\n".join([match[0].partition("=>")[2], *body])


def _about(condition: str, ran: str) -> bool:
    """Whether a condition looks for just what is run in a list."""
    base = _NAME.search(ran)
    for match in _LISTED.finditer(condition):
        tested = next(group for group in match.groups() if group)
        named = _NAME.search(tested.lstrip("$("))
        if base is None or named is None or named[0] != base[0]:
            continue
        keys = {one or two for one, two in _KEY.findall(tested)}
        if keys <= {one or two for one, two in _KEY.findall(ran)}:
            return True
    return False
