"""Commands that stand in sentences, and not in a block of their own."""

import re
from collections.abc import Iterator

from bailiwick.analysis.commands.specification import find
from bailiwick.analysis.skill.markdown import Block, Kind
from bailiwick.analysis.skill.prose.steps import meant
from bailiwick.analysis.skill.speech import quoted
from bailiwick.model.skill import Role

MAX_WRAPS = 3
"""Line breaks in a command between backquotes; where there are more, the backquotes are no pair."""

MAX_READ = 60_000
"""Characters of a paragraph in which commands are looked for."""

_RUNNING = re.compile(
    r"\b(?:run|execute|use|type|paste|enter|with|via|command|install|call|invoke|then|start|using|runs|first|next|after that)\b[^.`]{0,40}$|^\W*$",
    re.IGNORECASE,
)
_NESTED = re.compile(r"(?:/bin/)?(?:ba|z)?sh -c [\"']?\$\((?:curl|wget)[^)\n]*\)[\"']?")
_PIPED = re.compile(r"\b(?:curl|wget|base64)\b.*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b", re.DOTALL)
_FETCHED_AND_RUN = re.compile(
    r"\b(?:curl|wget)\b[^`\n]{0,400}(?:\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|&&[^`\n]{0,200}(?:chmod|\./|\bsh\b|\bbash\b|/tmp/))"
)
_SENDING = re.compile(
    r"\bcurl\b[^`]*\s(?:-[a-zA-Z]*[TFd]\b|--(?:data|form|upload-file|json)\b)|\bwget\b[^`]*\s--post-"
    r"|\b(?:scp|rsync|sftp)\b[^`]*\s[\w.@-]+:|\bgit\b[^`]*\bpush\b[^`]*(?:://|\w@\w)"
)
"""A whole command that sends something out is meant to be run, however it is introduced."""
_SCHEME = re.compile(r"(\b(?:curl|wget)\b(?:\s+-[\w-]+)*\s+)(?=(?:[\w-]+\.)+[a-z]{2,})")
"""A host where a command to fetch takes an address: it means https."""
_SPAN = re.compile(r"`[^`]{1,800}`")
_REJECTED = re.compile(
    r"[.!?:;,\u2013\u2014\"'`)]\s*(?:don'?t|do not|never|no[.,!:]|refuse|avoid|resist|that(?: i|')s (?:wrong|bad|a bad|unsafe|dangerous)|(?:we|you) (?:do not|don'?t|should not|never)|please don'?t)\b"
    r"|\s+(?:is|was|are|would be|remains?|stays?)\s+(?:strictly )?(?:forbidden|prohibited|banned|off[- ]limits|wrong|not (?:allowed|permitted|ok(?:ay)?))\b",
    re.IGNORECASE,
)
"""What follows says not to."""


_ANSWERED = re.compile(
    r"\|\s*[`*\"']{0,3}(?:den(?:y|ied|ies)|block(?:s|ed)?|reject(?:s|ed)?|refus(?:e|es|ed)|forbid(?:s|den)?|stop(?:s|ped)?|asks?|warns?|flag(?:s|ged)?)\b",
    re.IGNORECASE,
)
"""A cell of a table that says what becomes of the command in another."""


def between_backquotes(block: Block, role: Role) -> Iterator[tuple[str, int, Role]]:
    """Commands between backquotes that a sentence says to run: each with its line and how it is meant."""
    text = unwrapped(block.text[:MAX_READ])
    for match in re.finditer(r"`([^`\n]{4,800})`", text):
        command, after = match[1], text[match.end() : match.end() + 60]
        sends, fetches = _SENDING.search(command), _FETCHED_AND_RUN.search(command)
        before = text[max(match.start() - (40 if sends else 400), 0) : match.start()]
        known = find((command.removeprefix("sudo ").split() or [""])[0]) is not None
        if not fetches and not (known and (sends or _RUNNING.search(before))):
            continue
        sentence = re.split(r"[.!?;]\s|\n\s*(?:[-*+]|\d+[.)])\s", before)[-1]
        how = meant(sentence, len(sentence), role)
        row = text[text.rfind("\n", 0, match.start()) + 1 : match.start()] + after.partition("\n")[0]
        if how is not Role.NEGATED and (
            _REJECTED.match(after) or (block.kind is Kind.TABLE and _ANSWERED.search(row))
        ):
            how = Role.QUOTED
        line = block.line + text.count("\n", 0, match.start())
        yield _SCHEME.sub(r"\1https://", command) if fetches else command, line, how


def that_run_what_they_fetch(block: Block, role: Role) -> Iterator[tuple[str, int, Role]]:
    """Commands that run what they fetch or decode, whatever stands around them."""
    text = block.text[:MAX_READ]
    piped = re.search(r"\b(?:curl|wget|echo)\b.*", text, re.DOTALL)
    if (
        piped
        and quoted(block.text, piped.start(), piped.start() + 4)
        and _REJECTED.search(block.text[piped.start() :])
    ):
        role = Role.QUOTED
    if nested := _NESTED.search(text):
        yield nested[0], block.line, role
    if piped and "`" not in block.text and _PIPED.search(piped[0]):
        yield piped[0], block.line, role


def unwrapped(text: str) -> str:
    """``text`` with what stands between backquotes on one line; what follows stays on the lines it had."""

    def joined(span: re.Match[str]) -> str:
        breaks = span[0].count("\n")
        if not 1 <= breaks <= MAX_WRAPS or re.search(r"\n[ \t]*\n", span[0]):
            return span[0]
        return re.sub(r"[ \t]*\n[ \t]*", " ", span[0]) + "\n" * breaks

    return _SPAN.sub(joined, text) if "`" in text else text
