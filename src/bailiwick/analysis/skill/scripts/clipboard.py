"""What is copied, taken out of the clipboard and replaced before it is pasted: an account, an address of a page, a command."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import bare_hosts
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.sensitive import ACCOUNTS, is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_TAKES = Wide(
    r"\b(?:pyperclip|clipboard|clipman)\.(?:paste|waitFor\w+|get)\(|\bclipboard_get\(|\bpbpaste\b|\bxclip\b[^\n|]{0,80}\s-o(?:ut)?\b|\bxsel\b[^\n|]{0,60}(?:\s-\w*o|--output)|\bwl-paste\b|\bGet-Clipboard\b|\bGetClipboardData\b|\bclipboardy\.(?:read|default\.read)\w*\(|\bclipboard\.read(?:Text|Sync)?\(|\bClipboard\.GetText\b|\bclipboard\(\)\.(?:text|mimeData)\(|\bwait_for_text\(|\bParse-Clipboard\b|\btermux-clipboard-get\b|addEventListener\(\s*[\"'](?:copy|cut)[\"']|\bon(?:copy|cut)\s*="
)
_PUTS = Wide(
    r"\b(?:pyperclip|clipboard|clipman)\.(?:copy|set)\(|\bclipboard_append\(|\bpbcopy\b|\bxclip\b(?![^\n|;)]{0,80}\s-o)|\bxsel\b[^\n|]{0,60}(?:\s-\w*i|--input)|\bwl-copy\b|\bSet-Clipboard\b|\bSetClipboardData\b|\bclipboardy\.(?:write|default\.write)\w*\(|\bclipboard\.write(?:Text|Sync)?\(|\bclipboardData\.setData\(|\bClipboard\.SetText\b|\bclipboard\(\)\.setText\(|\bclip(?:\.exe)?\s*$|\|\s*clip(?:\.exe)?\b|\btermux-clipboard-set\b"
)
_PAYEE = re.compile(
    r"(?<![\w/+=.-])(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60}|[13][a-km-zA-HJ-NP-Z1-9]{25,34}|[LMDX][a-km-zA-HJ-NP-Z1-9]{26,34}|T[1-9A-HJ-NP-Za-km-z]{33}|4[0-9AB][1-9A-HJ-NP-Za-km-z]{93}|addr1[a-z0-9]{40,110}|[1-9A-HJ-NP-Za-km-z]{43,44}|[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?![\w/+=-])"
)
"""An account or a wallet itself."""
_COMMAND = re.compile(
    r"(?:\b(?:curl|wget|iwr|irm)\b[^\n\"']{0,200}(?:\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\|\s*iex\b)|\bpowershell\b[^\n\"']{0,80}-e(?:nc)?\b|\bmshta\b|\|\s*iex\b)"
)
_EXCHANGED = re.compile(
    r"(?:\.replace(?:All)?\(|\bre\.sub\(|-replace|\bgsub!?\(|\bsed\b)([^\n]{0,300})", re.IGNORECASE
)
_WATCHES = re.compile(
    r"\bwhile\b|\bsetInterval\(|\bloop\s+do\b|\bwaitFor(?:New)?Paste\b|addEventListener|\bon(?:copy|cut)\b|\.after\(|\bfor\s*\(\s*;;|\bSchedule|\bTimer\("
)
_GIVEN = re.compile(r"""[(\s]["'](?!["'\s\[<*(.]|https?://)|[(\s]\$?[A-Za-z_]\w*""")
"""Something that is written and isn't a blank or a word in its place."""
_HIDES = re.compile(
    r"redact|mask|scrub|sanitiz|\bwarn|\bnotify|placeholder|\*{3}|\[[A-Za-z]+\]", re.IGNORECASE
)


def clipboard(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice a script that takes what was copied and puts something of its own in its place."""
    puts = _PUTS.search(text)
    if puts is None or not _TAKES.search(text):
        return
    payee = next((one for one in _PAYEE.finditer(text) if meant(text, one)), None)
    if payee:
        _notice(f"an account of its own: {payee[0][:60]!r}", "clipboard", payee, text, path, role, into)
    elif command := _COMMAND.search(text):
        said = f"a command that fetches and runs code: {command[0][:60]!r}"
        _notice(said, "clipboard", command, text, path, role, into)
    elif hosts := _exchanged(text):
        _notice(
            f"another host: {hosts[1]} for {hosts[0]}", f"clipboard:{hosts[1]}", puts, text, path, role, into
        )
    elif (
        ACCOUNTS.search(text)
        and _WATCHES.search(text)
        and not _HIDES.search(text)
        and _GIVEN.search(text, puts.end() - 1)
    ):
        _notice("something else where it looks like an account", "clipboard", puts, text, path, role, into)


def _exchanged(text: str) -> tuple[str, str] | None:
    for match in _EXCHANGED.finditer(text):
        hosts = list(dict.fromkeys(bare_hosts(match[1])))
        if len(hosts) > 1 and not is_local(hosts[1]) and not is_placeholder(hosts[1]):
            return hosts[0], hosts[1]
    return None


def _notice(
    what: str, target: str, at: re.Match[str], text: str, path: str, role: Role, into: Inventory
) -> None:
    said = f"replaces what was copied to the clipboard by {what}"
    into.notice(Mark.TAMPER, said, place(path, text, at.start()), role, target=target)
