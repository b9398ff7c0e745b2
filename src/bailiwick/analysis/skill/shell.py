"""Shell commands of a skill, read with the same analysis as the hook's; what they do, as capabilities and chains."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bailiwick.analysis.shell import MAX_LENGTH, ShellContext, analyze_shell
from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.code.follow import ShellReader, shown_path
from bailiwick.analysis.skill.code.values import decoded
from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.sensitive import is_config, is_memory, is_startup, kept_in
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    PathTarget,
    ProgramTarget,
    Span,
    VariableTarget,
)
from bailiwick.model.skill import CapabilityKind, Role, Source

UNKNOWN = "BAILIWICK_UNKNOWN"
"""A variable that stands in a command for a word that a script computes."""

MAX_READ = 3_000
"""Commands of one skill that are read."""

_HOME, _PROJECT, _SKILL = "/home/user", "/project", "/skill"
_CONTEXT = ShellContext(
    cwd=_PROJECT,
    home=_HOME,
    project=_PROJECT,
    environment={
        "HOME": _HOME,
        "CLAUDE_SKILL_DIR": _SKILL,
        "CLAUDE_PLUGIN_ROOT": _SKILL,
        "SKILL_DIR": _SKILL,
        "CLAUDE_PROJECT_DIR": _PROJECT,
    },
)
_BASE = re.compile(
    r"\{(?:baseDir|skill_?dir|SKILL_DIR|skillDir)\}|<(?:skill[-_ ]?(?:dir|path|root)|path[-_ ]to[-_ ]skill)>|\$\{?(?:SKILL_ROOT|SKILL_PATH|BASE_DIR)\}?"
)
_PLACE = re.compile(r"<[A-Za-z][\w .:/|,'-]{0,60}(?<! )>|\[[A-Z][A-Z_ -]{2,30}\]")
_PROMPT = re.compile(r"^(?:\$|>|%|\u276f)[ \t]+", re.MULTILINE)
_PROOF = re.compile(
    r"(?:-H|--header|-u|--user|--oauth2-bearer|--proxy-user|--cookie|-b|--password|--token|-p)(?:=|\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
_IDENTITY = re.compile(
    r"(?:-i|--identity|--cert|--key|-E|--cacert|--env-file|-o\s*IdentityFile=?|--kubeconfig|-F|--netrc-file|--private-key)[ =]+\S*$"
)
_SENDERS = frozenset(
    [
        "curl",
        "wget",
        "nc",
        "ncat",
        "netcat",
        "socat",
        "scp",
        "rsync",
        "sftp",
        "ftp",
        "http",
        "https",
        "xh",
        "httpie",
        "telnet",
        "rclone",
        "gsutil",
        "mail",
        "mailx",
        "sendmail",
        "mutt",
        "openssl",
        "aws",
        "az",
        "gh",
        "glab",
        "ssh",
        "curlie",
        "lftp",
        "tftp",
    ]
)
_OWN_CONFIG = frozenset(
    ("ssh", "scp", "sftp", "rsync", "git", "gh", "glab", "aws", "az", "gcloud", "gsutil", "kubectl", "helm", "docker", "npm", "npx", "pnpm", "yarn", "pip", "twine", "gpg", "psql", "mysql", "terraform", "claude", "codex", "hub", "rclone")
)  # fmt: skip
"""Programs that read credentials of their own, which says nothing of what they send."""

_DOWNLOADERS = frozenset(
    ["curl", "wget", "fetch", "aria2c", "http", "https", "xh", "httpie", "curlie", "lwp-request"]
)
_SHELLS = frozenset(
    [
        "sh",
        "bash",
        "zsh",
        "dash",
        "ksh",
        "fish",
        "source",
        ".",
        "eval",
        "python",
        "python3",
        "node",
        "perl",
        "ruby",
        "php",
        "osascript",
        "pwsh",
        "powershell",
        "deno",
        "bun",
    ]
)
_LOOKUP = frozenset(["dig", "nslookup", "host", "ping", "drill", "getent", "resolvectl"])
_AGENTS = frozenset(["claude", "codex", "gemini", "opencode", "aider", "cursor-agent", "copilot", "goose"])
_DATA = frozenset(
    (
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "-F",
        "--form",
        "-T",
        "--upload-file",
        "--json",
        "--post-data",
        "--post-file",
        "--body-data",
        "--body-file",
    )
)
_SUBCOMMANDS = frozenset(
    [
        "git",
        "npm",
        "npx",
        "pnpm",
        "yarn",
        "bun",
        "pip",
        "pip3",
        "uv",
        "docker",
        "kubectl",
        "aws",
        "gcloud",
        "az",
        "gh",
        "glab",
        "cargo",
        "go",
        "brew",
        "apt",
        "apt-get",
        "systemctl",
        "terraform",
        "helm",
        "poetry",
        "pipx",
        "conda",
        "security",
        "launchctl",
        "vercel",
        "wrangler",
        "supabase",
        "firebase",
        "heroku",
    ]
)
_REVERSE = re.compile(
    r"\b(?:ba|z|k|da)?sh\b[^\n]{0,60}[<>]&?\s*/dev/(?:tcp|udp)/|\bexec\s+\d+<>\s*/dev/(?:tcp|udp)/[\s\S]{0,200}\b(?:sh|bash|eval|while read)\b|\bnc(?:at)?\b[^|\n;]*\s-\w*[ec]\s*\S*(?:sh|cmd)|\bsocat\b[^|\n]*\bexec:|mkfifo[^\n]*;[^\n]*\bnc\b|pty\.spawn|os\.dup2\(\s*\w+\.fileno"
    r"|TCPSocket\.open[^\n]*exec|fsockopen\([^\n]*exec|New-Object\s+(?:System\.)?Net\.Sockets\.TCPClient",
)
_TOKEN_STORES = re.compile(
    r"\bsecurity\s+(?:find-(?:generic|internet)-password|dump-keychain|export)|\bsecret-tool\s+(?:lookup|search)|\bcmdkey\s+/list|\bpass\s+show\b|\bgh\s+auth\s+token|\bgcloud\s+auth\s+(?:print-access-token|application-default\s+print)|\baws\s+configure\s+(?:get|export)|\bop\s+(?:read|item\s+get)|\bkubectl\s+get\s+secrets?\b[^|\n]*-o|\bvault\s+kv\s+get|169\.254\.169\.254|metadata\.google\.internal"
)
_CLIPBOARD = re.compile(
    r"\b(?:pbpaste|xclip\s+-o|xsel\s+(?:-o|--output)|wl-paste)\b|\bscreencapture\b|\bhistory\b(?!\s*-c)"
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/])")


@dataclass(frozen=True, slots=True)
class _Text:
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


class SkillShell(ShellReader):
    """Reads the commands of one skill into its inventory. ``paths`` are the files of the skill."""

    def __init__(self, into: Inventory, paths: frozenset[str]) -> None:
        self._into = into
        self._paths = paths
        self._read = 0
        self.started: dict[str, Role] = {}
        """Files of the skill that a command runs, and how the command stands in the text."""

    def command(
        self, text: str, source: Source, role: Role, given: frozenset[Label], by: str
    ) -> frozenset[Label]:
        """Read a command that a script starts; what it prints is made of the labels returned."""
        labels = self._piece(
            _Text(text.replace("\x00", "$BAILIWICK_UNKNOWN"), source, role, by, moves=False), given
        )
        return frozenset(label for one in labels for label in one)

    def decoded(self, text: str, source: Source, role: Role) -> None:
        """Read what was encoded and is run: as a command, where it reads like one."""
        for word in ("curl", "wget", "bash", "/bin/sh", "nc ", "eval", "python", "powershell"):
            if word in text:
                label = Label(Origin.ENCODED, "encoded text", source)
                self._piece(_Text(text, source, role, "encoded text", moves=False), frozenset((label,)))
                return

    def script(
        self, text: str, path: str, first: int, role: Role, by: str = "text", *, stdin: Label | None = None
    ) -> None:
        """Read a script or the commands of a fence that begin at line ``first`` of ``path``, in pieces where it is long."""
        clean = _PROMPT.sub("", text)
        clean = _BASE.sub(_SKILL, clean)
        clean = _PLACE.sub("PLACEHOLDER", clean) if by == "text" else clean
        for piece, offset in _pieces(clean):
            given = frozenset((stdin,)) if stdin else frozenset[Label]()
            self._piece(
                _Text(piece, Source(path=path, line=first + offset), role, by, moves=True),
                given,
                stdin=stdin is not None,
            )

    def _piece(self, told: _Text, given: frozenset[Label], *, stdin: bool = False) -> list[set[Label]]:
        self._read += 1
        if self._read > MAX_READ:
            self._into.full = True
            return []
        facts = analyze_shell(told.text, _CONTEXT)
        programs = {i: a.target for i, a in enumerate(facts.accesses) if isinstance(a.target, ProgramTarget)}
        labels = self._labels(told, facts, programs)
        for index in programs:  # noqa: PLC0206 - its keys are looked up elsewhere too
            if programs[index].name in _SHELLS | _SENDERS and any(
                arg is None for arg in programs[index].argv
            ):
                labels[index] |= given
            if (
                stdin
                and not any(flow.sink == index for flow in facts.flows)
                and programs[index].name in _SENDERS | {"cat", "tee", "jq", "python3", "node"}
            ):
                labels[index] |= given
        for _ in range(4):
            for flow in facts.flows:
                if flow.source in labels and flow.sink in labels:
                    labels[flow.sink] |= labels[flow.source]
        self._capabilities(told, facts, programs)
        self._sinks(told, facts, programs, labels)
        self._marks(told, programs, facts)
        return list(labels.values())

    # --- sources

    def _labels(self, told: _Text, facts: Facts, programs: dict[int, ProgramTarget]) -> dict[int, set[Label]]:
        labels: dict[int, set[Label]] = {index: set() for index in programs}
        for access in facts.accesses:
            where = told.at(access.cause)
            if access.kind is not AccessKind.READ or access.by is None or access.by not in labels:
                continue
            match access.target:
                case PathTarget(path=path):
                    name = _shown(path)
                    kept = kept_in(name.removesuffix("/**"))
                    written = told.said(facts.accesses[access.by].cause)
                    tail = name.removesuffix("/**").rpartition("/")[2]
                    if (
                        kept is not None
                        and (tail in written or programs[access.by].name not in _OWN_CONFIG)
                        and not _IDENTITY.search(written.partition(tail)[0])
                    ):
                        labels[access.by].add(Label(kept.origin, name, where))
                    elif name.startswith(("/tmp", "/var/tmp", "${project}", "/dev/shm", "~")):  # noqa: S108 - a name, not a file of ours
                        labels[access.by].add(Label(Origin.FILE, name, where))
                case VariableTarget(name="*"):
                    if programs[access.by].name in ("env", "printenv", "export", "set", "declare"):
                        labels[access.by].add(Label(Origin.ENVIRONMENT, "*", where))
                case _:
                    pass
        for index, program in programs.items():
            said = told.said(facts.accesses[index].cause)
            where = told.at(facts.accesses[index].cause)
            if program.name in _DOWNLOADERS:
                host = next(
                    (
                        a.target.host
                        for a in facts.accesses
                        if a.by == index and isinstance(a.target, HostTarget)
                    ),
                    "*",
                )
                labels[index].add(Label(Origin.DOWNLOAD, host, where))
            if program.name in ("env", "printenv", "set", "export", "declare") and len(program.argv) <= 2:
                labels[index].add(Label(Origin.ENVIRONMENT, "*", where))
            if _TOKEN_STORES.search(said):
                labels[index].add(Label(Origin.CREDENTIALS, " ".join(said.split()[:3]), where))
            if _CLIPBOARD.search(said):
                labels[index].add(Label(Origin.PERSONAL, said.split()[0], where))
            if program.name in ("whoami", "hostname", "uname", "id", "ifconfig", "ip", "sw_vers"):
                labels[index].add(Label(Origin.SYSTEM, program.name, where))
            if program.name in (
                "base64",
                "xxd",
                "openssl",
                "base32",
                "gunzip",
                "zcat",
                "rev",
                "tr",
            ) and re.search(r"-d\b|-D\b|--decode|-r\b|\brev\b|\btr\b", said):
                labels[index].add(Label(Origin.ENCODED, program.name, where))
            if program.name == "git" and program.words[:1] in (
                ("diff",),
                ("log",),
                ("show",),
                ("bundle",),
                ("archive",),
            ):
                labels[index].add(Label(Origin.PROJECT, f"git {program.words[0]}", where))
            if (
                program.name in ("cat", "head", "tail", "tar", "zip", "find", "grep", "gzip", "cp")
                and not labels[index]
                and re.search(r"(?:\s|=)(?:\.|\.\.|\*|\./\*|src|~|\$HOME)(?:\s|$|/)", said)
            ):
                labels[index].add(Label(Origin.PROJECT, "files", where))
        for access in facts.accesses:
            if (
                access.kind is AccessKind.READ
                and isinstance(access.target, VariableTarget)
                and access.by is None
                and access.cause
            ):
                name = access.target.name
                if name == UNKNOWN:
                    continue
                self._into.capability(CapabilityKind.ENV, name, told.at(access.cause), told.role, by=told.by)
                for index in programs:
                    cause = facts.accesses[index].cause
                    if cause and cause.start <= access.cause.start < cause.end:
                        labels[index].add(Label(Origin.VARIABLE, name, told.at(access.cause)))
        return labels

    # --- what it can do

    def _capabilities(self, told: _Text, facts: Facts, programs: dict[int, ProgramTarget]) -> None:
        for index, access in enumerate(facts.accesses):
            where = told.at(access.cause)
            match access.kind, access.target:
                case AccessKind.EXECUTE, ProgramTarget() as program:
                    self._program(told, program, where)
                case AccessKind.CONNECT, HostTarget(host=host, port=port):
                    by = programs.get(access.by) if access.by is not None else None
                    method = _method(by) if by else "connect"
                    if by is not None and by.name in packages.INSTALLERS:
                        continue
                    shown = host if port in (None, 80, 443) else f"{host}:{port}"
                    self._into.capability(
                        CapabilityKind.NET, shown, where, told.role, detail=method, by=told.by
                    )
                case AccessKind.READ, PathTarget(path=path):
                    if access.by is None or not _implied(programs.get(access.by)):
                        self._into.capability(
                            CapabilityKind.FS_READ, _shown(path), where, told.role, by=told.by
                        )
                case ((AccessKind.WRITE | AccessKind.DELETE), PathTarget(path=path)):
                    if access.by is None or not _implied(programs.get(access.by)):
                        self._write(told, access, _shown(path), where)
                case _:
                    pass
            del index

    def _write(self, told: _Text, access: Access, name: str, where: Source) -> None:
        delete = access.kind is AccessKind.DELETE
        name = name if delete else name.removesuffix("/**")
        kind = (
            CapabilityKind.MEMORY_WRITE
            if is_memory(name)
            else CapabilityKind.CONFIG_WRITE
            if is_config(name)
            else CapabilityKind.FS_WRITE
        )
        self._into.capability(kind, name, where, told.role, detail="delete" if delete else "", by=told.by)
        if delete:
            if re.fullmatch(
                r"(?:~|/|/home|/\*|~/\*\*?|/\*\*|~/(?:Documents|Desktop|projects|src|Pictures)(?:/\*\*)?|\$\{project\}(?:/\*\*)?)",
                name,
            ):
                self._into.notice(Mark.DESTROY, f"deletes {name}", where, told.role, target=name)
            return
        if kind is CapabilityKind.MEMORY_WRITE:
            self._into.notice(Mark.MEMORY, f"writes {name}", where, told.role, target=name)
        elif kind is CapabilityKind.CONFIG_WRITE:
            self._into.notice(Mark.SETTING, f"writes {name}", where, told.role, target=name)
        elif is_startup(name):
            self._into.notice(
                Mark.PERSIST, f"writes {name}, which runs by itself", where, told.role, target=name
            )

    def _program(self, told: _Text, program: ProgramTarget, where: Source) -> None:
        words = [word for word in program.words if word]
        name = program.name
        if name in (".", "source", UNKNOWN) or name.startswith("_"):
            return  # the file is an access of its own; a name with an underscore is a function
        inside = next((w for w in [program.path or "", *words[:2]] if w and self._within(w)), None)
        if inside is not None:
            path = self._within(inside)
            self._into.capability(CapabilityKind.EXEC, f"${{skill}}/{path}", where, told.role, by=told.by)
            if path:
                self.started.setdefault(path, told.role)
            return
        shown = (
            f"{name} {words[0]}"
            if name in _SUBCOMMANDS and words and re.fullmatch(r"[a-z][\w:-]*", words[0])
            else name
        )
        self._into.capability(CapabilityKind.EXEC, shown, where, told.role, by=told.by)
        if name in _AGENTS:
            self._into.capability(CapabilityKind.SPAWN, name, where, told.role, by=told.by)
        for package in packages.installed(program):
            self._into.capability(
                CapabilityKind.INSTALL, package.name, where, told.role, detail=package.detail, by=told.by
            )
            packages.judge(package, where, told.role, self._into)

    def _within(self, word: str) -> str | None:
        """The file of the skill that a word names, taken from the skill or from the project."""
        for prefix in (f"{_SKILL}/", "./", f"{_PROJECT}/", ""):
            if word.startswith(prefix) and word[len(prefix) :] in self._paths:
                return word[len(prefix) :]
        tail = re.sub(r"^.*?(?:skills/[\w.-]+/)", "", word)
        if tail != word and tail in self._paths:
            return tail
        match = re.search(r"(?:^|/)((?:scripts|bin|hooks|tools|lib|src)/[\w./-]+)$", word)
        return match[1] if match and match[1] in self._paths else None

    # --- where it goes

    def _sinks(
        self, told: _Text, facts: Facts, programs: dict[int, ProgramTarget], labels: dict[int, set[Label]]
    ) -> None:
        pushed = any(program.name == "git" and "push" in program.words for program in programs.values())
        for index, program in programs.items():
            cause = facts.accesses[index].cause
            where, said = told.at(cause), told.said(cause)
            incoming = sorted(labels[index], key=str)
            hosts = [
                a.target.host for a in facts.accesses if a.by == index and isinstance(a.target, HostTarget)
            ]
            host = hosts[0] if hosts else "*"
            loaded = next((w for w in program.words if w), "") if program.name in _SHELLS else program.path
            if (loaded and not _takes_code(program)) or (loaded and program.name not in _SHELLS):
                self._loads(told, facts, index, loaded)
            if program.name in _SHELLS:
                for label in incoming:
                    if label.origin in (Origin.DOWNLOAD, Origin.ENCODED) and _takes_code(program):
                        self._into.chain(label, Sink.EXECUTE, program.name, where, told.role)
            if program.name in _SENDERS and (hosts or program.name in ("mail", "sendmail", "mailx", "mutt")):
                proofs = [match.span(1) for match in _PROOF.finditer(said)]
                for label in incoming:
                    if label.origin in (Origin.DOWNLOAD, Origin.ENCODED) or (
                        label.origin is Origin.FILE and not _sends(program)
                    ):
                        continue
                    at = said.find(label.name) if label.origin is Origin.VARIABLE else -1
                    auth = any(start <= at < end for start, end in proofs)
                    if (
                        label.origin is Origin.VARIABLE
                        and re.search(rf"(?:https?://|\s[\"']?)\$\{{?{re.escape(label.name)}", said)
                        and not re.search(
                            rf"(?:-d|--data\S*|-F|--form|=|@)\s*[\"']?[^\"'\n]*\$\{{?{re.escape(label.name)}",
                            said,
                        )
                    ):
                        continue  # it is the address
                    self._into.chain(label, Sink.SEND, host, where, told.role, auth=auth)
            if program.name in _LOOKUP and (None in program.argv or program.open_ended):
                zone = re.search(r"[\w)}\"'.]\.((?:[\w-]+\.)+[a-z]{2,})\b", said)
                for label in incoming:
                    if label.origin is not Origin.FILE or zone:
                        self._into.chain(label, Sink.DNS, zone[1] if zone else "*", where, told.role)
            if program.name == "git" and pushed and program.words[:1] == ("add",):
                for word in program.words[1:]:
                    kept = kept_in(word or "")
                    if kept is not None:
                        self._into.chain(
                            Label(kept.origin, word or "", where), Sink.GIT, "git push", where, told.role
                        )
            if program.name == "git" and program.words[:1] in (("commit",), ("notes",), ("push",), ("tag",)):
                for label in incoming:
                    if label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT):
                        self._into.chain(label, Sink.GIT, f"git {program.words[0]}", where, told.role)
            self._kept_files(told, facts, index, labels[index])

    def _loads(self, told: _Text, facts: Facts, index: int, path: str) -> None:
        """A file that is run: what was put into it before counts, in this command or in another."""
        where = told.at(facts.accesses[index].cause)
        name = _shown(path if path.startswith("/") else f"{_PROJECT}/{path.removeprefix('./')}")
        self._into.chain(Label(Origin.FILE, name, where), Sink.EXECUTE, path, where, told.role)

    def _kept_files(self, told: _Text, facts: Facts, index: int, labels: set[Label]) -> None:
        """What a program puts into a file, for whoever reads it later."""
        cause = facts.accesses[index].cause
        if cause is None or not labels:
            return
        for access in facts.accesses:
            if (
                access.kind is AccessKind.WRITE
                and isinstance(access.target, PathTarget)
                and access.cause
                and (access.by == index or (access.by is None and 0 <= access.cause.start - cause.end <= 4))
            ):
                name = _shown(access.target.path)
                self._into.writes.setdefault(name.removeprefix("${project}/"), set()).update(labels)
        del told

    # --- single places

    def _marks(self, told: _Text, programs: dict[int, ProgramTarget], facts: Facts) -> None:
        text = told.text
        if match := _REVERSE.search(text):
            self._into.notice(
                Mark.REVERSE_SHELL,
                "hands a shell to another machine",
                told.at(Span(start=match.start(), end=match.end())),
                told.role,
                target=_peer(text[match.start() :]),
            )
        for match in _ENCODED.finditer(text):
            self._maybe_encoded(told, match)
        for index, program in programs.items():
            cause = facts.accesses[index].cause
            where, said = told.at(cause), told.said(cause)
            self._program_marks(told, program, where, said)

    def _program_marks(self, told: _Text, program: ProgramTarget, where: Source, said: str) -> None:
        notice = self._into.notice
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
            case "claude" if words[:2] == ["mcp", "add"] or words[:2] == ["config", "set"]:
                self._into.capability(
                    CapabilityKind.CONFIG_WRITE, "~/.claude.json", where, told.role, by=told.by
                )
            case "git" if "config" in words and re.search(
                r"core\.(?:hooksPath|sshCommand|fsmonitor|pager|editor)|insteadOf|credential\.helper|http\.proxy|sslVerify",
                said,
            ):
                key = re.search(r"core\.\w+|insteadOf|credential\.helper|http\.\w+", said)
                shown = key[0] if key else "a setting"
                notice(
                    Mark.TAMPER,
                    f"changes {shown} of git, which decides what runs or where it goes",
                    where,
                    told.role,
                    sure="insteadOf" in said or "hooksPath" in said,
                    target=shown,
                )
            case "npm" | "pnpm" | "yarn" | "pip" | "pip3" if "config" in words and re.search(
                r"registry|index-url", said
            ):
                packages.redirect(said, where, told.role, self._into)
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

    def _maybe_encoded(self, told: _Text, match: re.Match[str]) -> None:
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
            self._into.notice(
                Mark.OBFUSCATED,
                f"an encoded command: {plain[:60]!r}",
                where,
                told.role,
                sure=runs,
                target="run" if runs else "kept",
            )
            self.decoded(plain, where, told.role)


def _takes_code(program: ProgramTarget) -> bool:
    """Whether an interpreter takes its input, or an unknown word, as code. ``python3 -c ...`` takes its input as data."""
    if program.name in ("source", ".", "eval"):
        return True
    for flag in ("-c", "-e"):
        if flag in program.argv[:-1]:
            return program.argv[program.argv.index(flag) + 1] is None
    operands = [word for word in program.argv[1:] if word is None or not word.startswith("-")]
    return not operands or operands[0] in (None, "-") or "-s" in program.argv


def _sends(program: ProgramTarget) -> bool:
    return program.name not in ("curl", "wget", "http", "https", "xh") or any(
        name in _DATA for name, _ in program.options
    )


def _method(program: ProgramTarget) -> str:
    given = dict(program.options)
    said = given.get("-X") or given.get("--request") or given.get("--method")
    if said:
        return said.upper()
    return (
        "POST"
        if any(name in _DATA for name, _ in program.options)
        else "GET"
        if program.name in _DOWNLOADERS
        else "connect"
    )


def _implied(program: ProgramTarget | None) -> bool:
    """Whether the files a program touches are its own affair and say nothing of the skill."""
    return program is not None and (
        program.name in ("git", "docker", "kubectl", "gh", "brew") or program.name in packages.INSTALLERS
    )


def _shown(path: str) -> str:
    for prefix, name in ((_HOME, "~"), (_PROJECT, "${project}"), (_SKILL, "${skill}")):
        if path == prefix or path.startswith(f"{prefix}/"):
            return name + path[len(prefix) :]
    return shown_path(path)


def _peer(text: str) -> str:
    match = re.search(r"/dev/(?:tcp|udp)/([^/\s]+)|\b(\d{1,3}(?:\.\d{1,3}){3})\b", text[:300])
    return (match[1] or match[2]) if match else "*"


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """A script in pieces that the reader takes, cut before a line that begins a new paragraph or function."""
    if len(text) <= MAX_LENGTH:
        yield text, 0
        return
    lines: Sequence[str] = text.split("\n")
    start, size = 0, 0
    for number, line in enumerate(lines):
        if size + len(line) + 1 > MAX_LENGTH - 1_000 or (size > MAX_LENGTH // 2 and not line.strip()):
            yield "\n".join(lines[start:number]), start
            start, size = number, 0
        size += len(line) + 1
    yield "\n".join(lines[start:]), start
