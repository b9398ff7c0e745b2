"""Sources rewritten so that something is no longer checked in them: what a script puts in the place of what it finds."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_WEAK = r"(?:verify[\"']?\s*[=:]\s*(?:False|false|0)\b|rejectUnauthorized[\"']?\s*:\s*false|InsecureSkipVerify\s*:\s*true|check_hostname\s*=\s*False|CERT_NONE|_create_unverified_context|CURLOPT_SSL_VERIFY(?:PEER|HOST)[\"']?\s*(?:,|=>)\s*(?:0|false)|sslmode=disable|sslVerify[\"' =]{1,4}false|\bif (?:False|false|0) (?:and|&&)|\bif \((?:false|0) &&|\bif \(?(?:True|true|1) (?:or|\|\|)|dangerouslySetInnerHTML|shell\s*=\s*True|\bcsrf_exempt|DEBUG\s*=\s*True|algorithms?[\"']?\s*[=:]\s*\[?[\"']none)"
_PUTS = Wide(
    rf"\.replace(?:All)?\(\s*(?:/(?:[^/\\\n]|\\.){{1,160}}/\w*|r?[\"'`][^\n]{{1,160}}?[\"'`])\s*,\s*(?:\(?\w*\)?\s*=>\s*)?r?[\"'`][^\n]{{0,120}}?{_WEAK}|\bre\.subn?\(\s*r?[\"'][^\n]{{1,160}}?[\"']\s*,\s*r?[\"'][^\"'\n]{{0,120}}?{_WEAK}|\bsed\b[^\n]{{0,60}}\s-\w*i\w*[^\n]{{0,40}}s([/|#,])(?:(?!\1)[^\n]){{1,160}}\1(?:(?!\1)[^\n]){{0,120}}?{_WEAK}|-replace\s+[\"'][^\"'\n]{{1,160}}[\"']\s*,\s*[\"'][^\"'\n]{{0,120}}?{_WEAK}|\bgsub!?\(\s*/[^/\n]{{1,160}}/\s*,\s*[\"'][^\"'\n]{{0,120}}?{_WEAK}"
)
_WRITES = re.compile(
    r"write_(?:text|bytes)\(|writeFile|\.write\(|\bopen\([^)\n]{0,120}[\"'][wr]\+?[\"']|Set-Content|Out-File|File\.write|\bsed\b"
)


def loosened(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first replacement that puts something unchecked into files."""
    match = next((one for one in _PUTS.finditer(text) if meant(text, one)), None)
    if match is not None and _WRITES.search(text):
        into.notice(
            Mark.WEAKEN,
            f"rewrites sources so that they no longer check: {' '.join(match[0].split())[:80]!r}",
            place(path, text, match.start()),
            role,
            target="check",
        )
