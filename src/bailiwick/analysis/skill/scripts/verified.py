"""Downloads that are what they were when the skill was written: a digest in the code, compared before anything of it is run."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_DIGEST = re.compile(
    r"(?<![0-9A-Za-z+/-])(?:[0-9a-f]{64}|[0-9A-F]{64}|[0-9a-f]{96}|[0-9a-f]{128}|sha(?:256|384|512)-[A-Za-z0-9+/]{43,88}={0,2})(?![0-9A-Za-z+/=])"
)
_CHECKED = Wide(
    r"^[^\n#]{0,300}\b(?:sha(?:256|384|512)sum|shasum\b[^\n]{0,20}-a\s*(?:256|384|512)|b2sum)\b[^\n|;&]{0,60}\s(?:-\w*c\w*|--check)\b([^\n]{0,200})((?:\n[^\n]{0,200}){0,3})",
    re.MULTILINE,
)
_STRICT = re.compile(r"^[ \t]*set\s+-\w*e|^[ \t]*set\s+-o\s+errexit|^#![^\n]*\s-\w*e", re.MULTILINE)
_ENDS = r"(?:\bexit\s+[1-9]|\bexit\s+\$|\bsys\.exit\(|\bexit\(\s*[1-9\"']|\braise\b|\bthrow\b|\bprocess\.exit\(\s*[1-9]|\breturn\b|\babort\b|\bdie\b|\breject\(|\bos\.Exit\(\s*[1-9]|\blog\.Fatal|\bpanic)"
_ABORTS = re.compile(
    rf"^\s*(?:\|\||;\s*then|\)?\s*\|\|\s*\{{)[^\n]{{0,120}}{_ENDS}|^\s*&&|^[^\n]*\|\|\s*\{{?\s*(?:\n[^\n]*){{0,2}}{_ENDS}"
)
_THROWN = re.compile(r"\|\|\s*(?:true|:|echo)\b(?![^\n]*exit)|;\s*true\b")
_HASHED = Wide(
    r"\bhexdigest\(|\bsha(?:256|384|512)(?:sum)?\b|\bcreateHash\(\s*[\"']sha(?:256|384|512)|\bsubtle\.digest\(|\bGet-FileHash\b|\bsha256\.Sum256\(|\bDigest::SHA(?:256|384|512)\b|\bcompare_digest\("
)
_DIFFERS = Wide(
    r"^[ \t]*(?:if|unless|elif|\[\[?|test)\b[^\n]{0,200}(?:!==?|-c?ne\b|\bnot\b|<>|!\s*\w*[cC]ompare|!\s*timingSafeEqual|!\w)[^\n]{0,200}((?:\n[^\n]{0,200}){0,4})",
    re.MULTILINE,
)
_ASSERTED = Wide(
    r"\bassert\b[^\n]{0,160}(?:hexdigest|sha256|digest)[^\n]{0,120}==|\bassert\.(?:strictEqual|equal)\([^\n]{0,120}(?:digest|sha256|hash)"
)


def verified(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice that a script goes no further unless what it fetched has a digest that stands in it."""
    if _DIGEST.search(text) and (at := _compared(text)) is not None:
        into.notice(
            Mark.PINNED, "compares a digest that stands in it", place(path, text, at), role, target=path
        )


def _compared(text: str) -> int | None:
    strict = bool(_STRICT.search(text))
    for match in _CHECKED.finditer(text):
        rest = match[1] + match[2]
        if _THROWN.search(match[1]):
            continue
        inside = re.match(r"\s*(?:if\b|until\b)", match[0])
        if (strict and not inside) or _ABORTS.search(rest) or (inside and re.search(_ENDS, rest)):
            return match.start(1)
    if not _HASHED.search(text):
        return None
    for match in _DIFFERS.finditer(text):
        if re.search(_ENDS, match[0]) and re.search(
            r"sha|sum|hash|digest|want|expect|got\b|have\b|actual", match[0].partition("\n")[0], re.IGNORECASE
        ):
            return match.start()
    asserted = _ASSERTED.search(text)
    return asserted.start() if asserted else None
