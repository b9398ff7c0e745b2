"""Things noticed at single places of a command: shells handed out, encoded commands, what stays, what is turned off."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.code.values import decoded
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.git_settings import settings_of
from bailiwick.analysis.skill.programs import AGENTS
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.sensitive import ACCOUNT, ACCOUNTS, is_local
from bailiwick.model.access import Facts, ProgramTarget, Span
from bailiwick.model.skill import CapabilityKind, Role, Source

Decoding: TypeAlias = Callable[[str, Source, Role], None]

_REVERSE = re.compile(
    r"\b(?:ba|z|k|da)?sh\b[^\n]{0,60}[<>]&?\s*/dev/(?:tcp|udp)/|\bexec\s+\d+<>\s*/dev/(?:tcp|udp)/[\s\S]{0,200}\b(?:sh|bash|eval|while read)\b|\bnc(?:at)?\b[^|\n;]*\s-\w*[ec]\s*\S*(?:sh|cmd)|\bsocat\b[^|\n]*\bexec:|mkfifo[^\n]*;[^\n]*\bnc\b|pty\.spawn|os\.dup2\(\s*\w+\.fileno"
    r"|TCPSocket\.open[^\n]*exec|fsockopen\([^\n]*exec|New-Object\s+(?:System\.)?Net\.Sockets\.TCPClient",
)
_LOOSE = re.compile(
    r"--dangerously-\S+|--yolo|--trust-all-tools|--full-auto|--permission-mode[ =]bypass|-y\b"
)
_HOARDS = re.compile(
    r"\b(?:wallets?|credentials?|secrets?|private keys?|passwords?|tokens?|keystores?|seed phrases?|ssh keys?|api keys?|\.env)\b[^\n]{0,200}\b(?:list|write|save|collect|send|upload|print|report|output|store)|\b(?:find|search|scan|collect|gather|enumerate|inventory|locate|look for)\b[^\n]{0,200}\b(?:wallets?|credentials?|secrets?|private keys?|passwords?|tokens?|keystores?|seed phrases?|ssh keys?|api keys?|\.env)\b",
    re.IGNORECASE,
)
"""What an agent is asked for when it is to bring together what is secret."""
_DENO = re.compile(r"(?:^|\.)(?:deno\.land|jsr\.io|esm\.sh|npmjs\.com|deno\.com)$")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/])")


@dataclass(frozen=True, slots=True)
class CommandText:
    """A command with the place it stands at."""

    text: str
    source: Source
    role: Role
    by: str
    moves: bool

    def at(self, span: Span | None) -> Source:
        """The line of a piece of it."""
        if span is None or not self.moves:
            return self.source
        return Source(path=self.source.path, line=self.source.line + self.text.count("\n", 0, span.start))

    def said(self, span: Span | None) -> str:
        """The piece itself."""
        return self.text[span.start : span.end] if span is not None else self.text


def marks(
    told: CommandText, programs: dict[int, ProgramTarget], facts: Facts, into: Inventory, decoding: Decoding
) -> None:
    """Everything noticed in one command; ``decoding`` reads what stands encoded in it."""
    text = told.text
    if match := _REVERSE.search(text):
        into.notice(
            Mark.REVERSE_SHELL,
            "hands a shell to another machine",
            told.at(Span(start=match.start(), end=match.end())),
            told.role,
            target=_peer(text[match.start() :]),
        )
    for match in _ENCODED.finditer(text):
        _maybe_encoded(told, match, into, decoding)
    for index, program in programs.items():
        cause = facts.accesses[index].cause
        where, said = told.at(cause), told.said(cause)
        _program_marks(told, program, where, said, into)


def _program_marks(
    told: CommandText, program: ProgramTarget, where: Source, said: str, into: Inventory
) -> None:
    notice = into.notice
    words = [word or "" for word in program.words]
    match program.name:
        case "crontab" if "-l" not in said and "-r" not in said:
            notice(Mark.PERSIST, "installs a cron job", where, told.role, target="crontab")
        case "systemctl" if "enable" in words:
            notice(
                Mark.PERSIST,
                "enables a service that starts by itself",
                where,
                told.role,
                sure=False,
                target="systemd",
            )
        case "launchctl" if {"load", "bootstrap"} & set(words):
            notice(Mark.PERSIST, "loads a launch agent", where, told.role, target="launchd")
        case name if name in AGENTS and told.by != "text" and _LOOSE.search(said) and _HOARDS.search(said):
            notice(
                Mark.BYPASS,
                f"has {name} look for secrets without a question",
                where,
                told.role,
                target="agent",
            )
        case "claude" if re.search(
            r"--dangerously-skip-permissions|--permission-mode[ =]bypass|--allow-dangerously", said
        ):
            notice(
                Mark.BYPASS,
                "starts the client without permissions",
                where,
                told.role,
                sure=False,
                target="flag",
            )
        case "claude" if words[:2] in (["mcp", "add"], ["mcp", "add-json"]) or words[:2] == ["config", "set"]:
            into.capability(CapabilityKind.CONFIG_WRITE, "~/.claude.json", where, told.role, by=told.by)
            if words[:1] == ["mcp"] and (hosts := hosts_in(said)) and not is_local(hosts[0]):
                notice(
                    Mark.SETTING,
                    f"adds a tool server of {hosts[0]} to the client",
                    where,
                    told.role,
                    target=f"mcp:{hosts[0]}",
                )
        case "git":
            for setting in settings_of(words, said):
                setting.notice(where, told.role, into)
        case "npm" | "pnpm" | "yarn" | "pip" | "pip3" if "config" in words and re.search(
            r"registry|index-url", said
        ):
            packages.redirect(said, where, told.role, into)
        case "deno" if words[:1] in (["run"], ["install"], ["x"], ["serve"]) and (hosts := hosts_in(said)):
            if not _DENO.search(hosts[0]) and not is_local(hosts[0]):
                notice(
                    Mark.PIPE_INSTALL,
                    f"runs what {hosts[0]} answers",
                    where,
                    told.role,
                    target=hosts[0],
                )
        case "sed" | "perl" | "awk" | "gawk" if (
            (one := re.search(r"s([/|#,])(.{3,200}?)\1(.{6,200}?)\1", said))
            and ACCOUNTS.search(one[2])
            and ACCOUNT.search(one[3])
        ):
            notice(
                Mark.TAMPER,
                f"replaces accounts or wallets by {one[3][:60]}",
                where,
                told.role,
                target="data",
            )
        case "xattr" | "spctl" | "setenforce" | "csrutil" if re.search(r"quarantine|disable|\b0\b", said):
            notice(
                Mark.WEAKEN,
                f"turns off a safeguard of the system: {said[:60]}",
                where,
                told.role,
                sure=program.name != "xattr",
            )
        case "history" | "unset" if re.search(r"history -c|HISTFILE", said):
            notice(
                Mark.TAMPER,
                "removes traces of what was run",
                where,
                told.role,
                sure=False,
                target="history",
            )
        case _:
            pass


def _maybe_encoded(told: CommandText, match: re.Match[str], into: Inventory, decoding: Decoding) -> None:
    plain = decoded(match[0], "base64")
    if plain and plain.isprintable() is False and not plain.strip().isascii():
        return
    if plain and re.search(
        r"curl|wget|/bin/(?:ba)?sh|bash -|powershell|\bnc\b|\beval\b|import os|exec\(", plain
    ):
        where = told.at(Span(start=match.start(), end=match.end()))
        runs = bool(
            re.search(
                r"\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\beval\b|base64\s+(?:-d|-D|--decode)|frombase64|-enc",
                told.text,
                re.IGNORECASE,
            )
        )
        into.notice(
            Mark.OBFUSCATED,
            f"an encoded command: {plain[:60]!r}",
            where,
            told.role,
            sure=runs,
            target="run" if runs else "kept",
        )
        decoding(plain, where, told.role)


def _peer(text: str) -> str:
    match = re.search(r"/dev/(?:tcp|udp)/([^/\s]+)|\b(\d{1,3}(?:\.\d{1,3}){3})\b", text[:300])
    return (match[1] or match[2]) if match else "*"
