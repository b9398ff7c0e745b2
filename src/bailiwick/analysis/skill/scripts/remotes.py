"""Repositories pushed to remotes that the skill brings, and sockets behind which stands a shell."""

import re
from collections.abc import Iterator, Mapping

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.git_settings import judged
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import line_of
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role, Source

_REMOTE = re.compile(
    r"\bgit\b[^\n;&|]{0,80}?\bremote\s+(?:add|set-url)\s+(?:-\S+\s+|--\S+\s+)*[\"']?([\w./${}-]+)[\"']?\s+[\"']?((?:https?|ssh|git)://[^\s\"']+|[\w.-]+@[\w.-]+:[^\s\"']+|\$\{?\w+\}?)"
)
_CONFIGURED = re.compile(
    r"\bgit\b[^\n;&|]{0,60}?\bconfig\b[^\n;&|]{0,60}?\b(?:remote\.([\w.-]+?)\.(push)?url|url\.[\"']?(\S+?)[\"']?\.(?:push)?insteadOf)\b\s*[\"']?((?:https?|ssh|git)://[^\s\"']+|[\w.-]+@[\w.-]+:[^\s\"']+)?"
)
_PUSH = re.compile(r"\bgit\b[^\n;&|]{0,80}?\bpush\b([^\n;&|]{0,300})")
_ADDRESS = re.compile(r"(?:https?|ssh|git)://(?:[^\s\"'@/]+@)?([\w.-]+)|\b[\w.-]+@([\w.-]+):")
_FORCED = re.compile(
    r"\bgit\b[^\n;&|]{0,60}\badd\b[^\n;&|]{0,300}(?:\s-f\b|--force)[^\n;&|]{0,300}(?:\.env\b|id_(?:rsa|ed25519)|\.aws|\.ssh|\.npmrc|\.netrc|credentials|secrets?\b|\.pem\b)"
)


def remotes(text: str, source: Source, role: Role, into: Inventory, *, others: bool = False) -> None:
    """Pushing all there is, or to a remote that the skill brings; ``others``: no reader follows the script's commands."""
    plain = re.sub(r"[\"'],\s*[\"']|[\"'\[\]()]", " ", text)
    names = dict(
        re.findall(
            r"^[ \t]{0,80}(?:export\s+|const\s+|let\s+)?(\w+)\s*=\s*((?:https?|ssh|git)://\S+|[\w.-]+@[\w.-]+:\S+)",
            plain,
            re.MULTILINE,
        )
    )
    brought = {match[1]: _resolved(match[2], names) for match in _REMOTE.finditer(plain)}
    for match in _CONFIGURED.finditer(plain):
        address = _ADDRESS.search(match[3] or match[4] or "")
        row = plain[plain.rfind("\n", 0, match.start()) + 1 : match.end()]
        if re.match(r"\s*(?:#|//|print|echo\b|console)", row) or "--unset" in row or "--get" in row:
            continue
        if address is not None and (match[2] or match[3] or match[1] not in ("origin", "upstream")):
            host = (address[1] or address[2]).lower()
            into.notice(
                Mark.GIT_PUSH,
                f"sets where git pushes to: {host}",
                Source(path=source.path, line=source.line + line_of(plain, match.start()) - 1),
                role,
                target=host,
            )
    for match in _PUSH.finditer(plain):
        words = match[1]
        for name in re.findall(r"\$\{?(\w+)", words):
            words += " " + names.get(name, "")
        whole = re.search(r"--mirror\b|--all\b|\+?refs/(?:heads/)?\*", words)
        remote = next(
            (name for name in brought if re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", words)), ""
        )
        address = _ADDRESS.search(words) or (_ADDRESS.search(brought[remote]) if remote else None)
        if address is None or (remote in ("origin", "upstream") and not whole):
            continue
        host = (address[1] or address[2]).lower()
        into.notice(
            Mark.GIT_PUSH,
            f"pushes {'all of the repository' if whole else 'the repository'} to {host}",
            Source(path=source.path, line=source.line + line_of(plain, match.start()) - 1),
            role,
            target=host,
        )
    if (forced := _FORCED.search(plain)) and _PUSH.search(plain):
        into.notice(
            Mark.GIT_PUSH,
            f"commits secrets and pushes them: {' '.join(forced[0].split())[:80]!r}",
            Source(path=source.path, line=source.line + line_of(plain, forced.start()) - 1),
            role,
            target="*",
        )
    for key, value, at in (*_in_environment(text), *(_in_words(text) if others else ())):
        for one in judged(key, value, everywhere=True):
            one.notice(Source(path=source.path, line=source.line + line_of(text, at) - 1), role, into)


_ENVIRONMENT = Wide(
    r"\bGIT_CONFIG_KEY_(\d+)[\"'\]]{0,2}\s*[=:]\s*[\"']?([^\s\"',]+)[\s\S]{1,300}?\bGIT_CONFIG_VALUE_\1[\"'\]]{0,2}\s*[=:]\s*[\"']?([^\n\"',]+)"
)
_WORDS = Wide(
    r"^[ \t]*(?:&\s*)?git(?:\.exe)?\s+config\s+--(?:global|system|local)\s+(?!--)(\S+)\s+([^\n;|]+)",
    re.MULTILINE,
)


def _in_environment(text: str) -> Iterator[tuple[str, str, int]]:
    """Settings that are handed to git by variables."""
    for match in _ENVIRONMENT.finditer(text):
        yield match[2], match[3], match.start()


def _in_words(text: str) -> Iterator[tuple[str, str, int]]:
    """Settings in a script of a language that no reader follows."""
    for match in _WORDS.finditer(text):
        yield match[1].replace('"', ""), match[2].strip().strip("\"'"), match.start()


def _resolved(address: str, names: Mapping[str, str]) -> str:
    return names.get(address.strip("${}"), address)


_SOCKETS = re.compile(
    r"\bIO::Socket(?:::INET)?\b[\s\S]{0,500}?(?:\bexec\b|\bopen\s*\(?\s*STDIN|->fdopen|\bsystem\b)|\buse\s+Socket\b[\s\S]{0,600}?\bopen\s*\(\s*STDIN"
    r"|\bTCPSocket\.(?:open|new)\b[\s\S]{0,500}?(?:\bIO\.popen|\bpopen\b|\bexec\b|\bsystem\b|\bspawn\b|\bOpen3\b|%x|`)"
    r"|\b(?:fsockopen|stream_socket_client|socket_connect)\s*\([\s\S]{0,500}?(?:\bproc_open|\bshell_exec|\bpopen|\bsystem|\bpassthru|\bexec)\s*\("
    r"|\bsocket\b[\s\S]{0,600}?\bconnect\(\s*\([\s\S]{0,600}?\brecv\([\s\S]{0,300}?(?:subprocess\.\w+|os\.popen|os\.system|check_output|getoutput)\([\s\S]{0,400}?\bsend(?:all)?\("
    r"|\bcreate_connection\(\s*\([\s\S]{0,600}?(?:stdin\s*=\s*\w|dup2\(|pty\.spawn)"
    r"|\bsocket\b[\s\S]{0,600}?\bconnect\(\s*\([\s\S]{0,600}?\bPopen\([\s\S]{0,160}?\bstdin\s*=\s*\w+(?:\.fileno\(\)|\.makefile)?"
    r"|\bnet\.(?:connect|createConnection|Socket)\b[\s\S]{0,600}?\.on\(\s*[\"']data[\"'][\s\S]{0,300}?\b(?:exec|execSync|spawn|spawnSync)\([\s\S]{0,300}?\.write\("
    r"|\bsocket\.tcp\(\)[\s\S]{0,500}?\bio\.popen\(|\bnet\.Dial\(\s*\"tcp\"[\s\S]{0,500}?exec\.Command\(\s*\"(?:/bin/)?(?:ba)?sh\""
    r"|\bTcpStream::connect[\s\S]{0,500}?Command::new\(\s*\"(?:/bin/)?(?:ba)?sh\"|\bSockets\.TCPClient\b[\s\S]{0,800}?\b(?:iex|Invoke-Expression)\b"
    r"|\bmkfifo\s+(\S+)[\s\S]{0,200}?\b(?:nc|ncat|netcat|openssl\s+s_client|telnet)\b|\bn(?:c|cat|etcat)\b[^\n|;]{0,300}\s(?:-\w*[ec]\s*|--(?:sh-)?exec[ =])[\"']?\S*sh\b|\bncat\b[^\n]{0,300}--(?:sh-)?exec\b|\btelnet\s+\S+\s+\d+\s*\|\s*(?:/bin/)?(?:ba)?sh\b|\bn(?:c|cat|etcat)\s+\S+\s+\d+\s*\|\s*(?:/bin/)?(?:ba)?sh\b[^\n]{0,300}\|\s*n(?:c|cat|etcat)\b"
)


def shells(text: str, source: Source, role: Role, into: Inventory) -> None:
    """A socket, in whatever language, behind which stands a shell."""
    if match := _SOCKETS.search(text):
        into.notice(
            Mark.REVERSE_SHELL,
            "hands a shell to another machine",
            Source(path=source.path, line=source.line + line_of(text, match.start()) - 1),
            role,
            target=(hosts_in(match[0]) or ["*"])[0],
        )
