"""Scripts that a package manager runs while it installs."""

import posixpath
import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark, Noticed, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import PRIVATE, pinned
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
    of_mark,
    told,
)

_ID = "skill/lifecycle-script"
MAX_FILES = 20
"""Scripts that are looked at behind one command."""

_COMMAND = re.compile(
    r"\b(?:curl|wget)\b|\|\s*(?:ba|z)?sh\b|\bnode\s+(?:-e|--eval)\b.*(?:https?|exec|atob|base64|fetch)|\bpython3?\s+-c\b.*(?:urlopen|exec|b64)"
)
_FETCHES = re.compile(
    r"\bhttps?\.(?:get|request)\(|\bfetch\(\s*[\"'`\w]|\baxios\b|\bgot\(|\bcurl\b|\bwget\b|\burlopen\(|\burlretrieve\(|\brequests\.get\("
)
_STARTS = re.compile(
    r"\b(?:exec|execSync|spawn|spawnSync|execFile|execFileSync)\(|\beval\(|\bnew Function\(|\bvm\.run|\bsubprocess\.|\bos\.system\(|\bexec\(|\b0o?755\b|\bchmod"
)
_KEEPS = re.compile(
    r"\b(?:curl|wget)\b|\bwriteFile|\bcreateWriteStream\(|\.pipe\(|\burlretrieve\(|\.write(?:_bytes|_text)?\(|\beval\(|\bnew Function\(|\bvm\.run|\b(?:exec|execSync|spawn|spawnSync)\(\s*[A-Za-z_]"
)
"""How what is fetched comes to be run."""
_SPOKEN = re.compile(r"\s*(?://|#|\*|console\.|print\w*\b|echo\b)")
_KEYS = re.compile(
    r"\.ssh\b|\bid_(?:rsa|ed25519)\b|\.aws\b|\.netrc\b|\.npmrc\b|\.docker/config|\.kube\b|\.gnupg\b|\bgcloud\b|\.git-credentials\b|JSON\.stringify\(\s*process\.env\s*\)|Object\.(?:entries|keys)\(\s*process\.env|\b(?:GITHUB|NPM|GH|AWS_SECRET_ACCESS|ANTHROPIC_API|OPENAI_API)_?(?:TOKEN|KEY)\b|\.claude/\.credentials"
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.LIFECYCLE):
        harm = _harm(facts, item)
        if harm:
            yield finding(_ID, Severity.HIGH, f"{item.text}, and that {harm}", item.source)
        elif item.sure:
            yield of_mark(
                _ID,
                item,
                Severity.MEDIUM,
                confidence=LOW,
                why_not="many packages build themselves so; what the script does is judged by itself",
            )


def _harm(facts: SkillFacts, item: Noticed) -> str:
    """What the command, or the script that it starts with the scripts that takes from, does that no build needs."""
    if _COMMAND.search(item.target):
        return "fetches and runs"
    folder = posixpath.dirname(item.source.path)
    texts = {entry.path: entry.data for entry in facts.tree.entries if entry.data is not None}
    start = [
        path
        for word in re.findall(r"[\w./@-]+", item.target)
        for path in (posixpath.normpath(posixpath.join(folder, word)),)
        for path in (path, f"{path}.js", f"{path}/index.js")
        if path in texts
    ]
    for path in start:
        text = texts[path][:200_000].decode("utf-8", "replace")
        start += [
            other
            for other in texts
            if other not in start
            and other.startswith(folder)
            and other.endswith((".js", ".mjs", ".cjs", ".ts", ".py", ".sh"))
            and re.search(
                rf"[/\"'\s]{re.escape(posixpath.splitext(posixpath.basename(other))[0])}(?:\.\w+)?[\"'\s)]",
                text,
            )
            and len(start) < MAX_FILES
        ]
    taken = {
        chain.label.origin
        for chain in facts.chains
        if chain.source.path in start
        and chain.sink in (Sink.SEND, Sink.EXECUTE, Sink.DNS)
        and not (chain.label.origin is Origin.DOWNLOAD and pinned(facts, chain))
    }
    if taken & {Origin.DOWNLOAD, Origin.ENCODED}:
        return "runs what it fetches or decodes"
    if taken & PRIVATE:
        return "sends what is private"
    whole = "\n".join(texts[path][:200_000].decode("utf-8", "replace") for path in start)
    if any(not _SPOKEN.match(whole, whole.rfind("\n", 0, one.start()) + 1) for one in _KEYS.finditer(whole)):
        return "reads credentials"
    compared = any(mark.source.path in start for mark in facts.marks(Mark.PINNED))
    if _STARTS.search(whole) and _FETCHES.search(whole) and _KEEPS.search(whole) and not compared:
        return "fetches something and starts programs"
    return ""


RULE = SkillRule(
    id=_ID,
    title="Code that runs on installation",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST02",), asi=("ASI04", "ASI05"), atlas=("AML.T0010.005",)),
    find=_find,
)
