"""What an approved skill may do, as a layer of policy: the approval is itself the ceiling. Pure.

A ceiling only narrows: it is asked beside the policy's own layers, and the strictest answer holds. Where several skills
are active each has its layer, so for what they share the intersection holds:

1. A skill called in this turn bounds everything: tools, files, commands, network, environment, MCP, sub-agents, settings.
2. Of several, the one called last decides for tools and files; each bounds commands, network, settings and memory.
3. A skill that lingers from an earlier turn bounds commands, network, settings and memory.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import field

from bailiwick.information.approvals import Approval, Grant, rule_name
from bailiwick.model.access import (
    Access,
    AccessKind,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.decision import Origin
from bailiwick.model.glob import escape
from bailiwick.model.skill import CapabilityKind as Kind
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import (
    AnyCondition,
    CommandCondition,
    Condition,
    HostCondition,
    Layer,
    NameCondition,
    PathCondition,
    Rule,
    Scope,
    Subject,
    VariableCondition,
)

_SUBCOMMAND = re.compile(r"[a-z][\w:-]*")
"""A word that says what a program does (``git push``), and not on what."""

READ = frozenset({AccessKind.READ, AccessKind.EXECUTE})
WRITE = frozenset({AccessKind.WRITE, AccessKind.DELETE})

ALWAYS = (
    *(
        "AskUserQuestion",
        "BashOutput",
        "ExitPlanMode",
        "KillShell",
        "Skill",
        "SlashCommand",
        "TaskOutput",
        "TaskStop",
    ),
    *("Glob", "Grep", "LS", "NotebookRead", "Read"),
    *(
        "TaskCreate",
        "TaskGet",
        "TaskList",
        "TaskUpdate",
        "TodoRead",
        "TodoWrite",
        "ToolSearch",
        "StructuredOutput",
    ),
)
"""Tools that touch nothing by themselves, and those that read: what they read is bounded as files are."""

IMPLIED: dict[Kind, tuple[str, ...]] = {
    Kind.EXEC: ("Bash",),
    Kind.INSTALL: ("Bash",),
    Kind.FS_READ: ("LSP",),
    Kind.FS_WRITE: ("Edit", "Write", "MultiEdit", "NotebookEdit"),
    Kind.MEMORY_WRITE: ("Edit", "Write", "MultiEdit"),
    Kind.CONFIG_WRITE: ("Edit", "Write", "MultiEdit", "Config"),
    Kind.NET: ("WebFetch",),
    Kind.SPAWN: ("Agent", "Task"),
}
"""Tools without which a grant would be worth nothing. What they touch is bounded all the same."""

MEMORY = (
    *("/**/CLAUDE.md", "/**/CLAUDE.local.md", "/**/AGENTS.md", "/**/.claude/rules/**", "/**/MEMORY.md"),
    *("~/.claude/projects/*/memory/**", "~/.claude/agent-memory/**"),
)
"""What the client reads again in every later session."""

CONFIG = (
    *("/**/.claude/settings*.json", "/**/.claude/{agents,commands,skills,hooks,plugins}/**", "/**/.mcp.json"),
    *("~/.claude.json", "/**/.git/{hooks,config}/**", "/**/.git/config", "/**/.envrc", "/**/.vscode/**"),
    *(
        "~/.{bashrc,profile,bash_profile,zshrc,zprofile,zshenv,gitconfig,npmrc,pypirc}",
        "~/.config/**",
        "~/.ssh/**",
    ),
)
"""What decides what later sessions and programs do."""

SYSTEM = (
    *(
        "/usr/**",
        "/bin/**",
        "/sbin/**",
        "/lib*/**",
        "/opt/**",
        "/etc/ld.so*",
        "/etc/ssl/**",
        "/etc/localtime",
    ),
    *("/etc/python3*/**", "/etc/mime.types", "/etc/passwd", "/etc/nsswitch.conf", "/dev/**", "/proc/self/**"),
)
"""What programs need to start, and no secret."""

DISCARD = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty")

VARIABLES = (
    "HOME",
    "PWD",
    "OLDPWD",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_*",
    "TERM",
    "TMPDIR",
    "TZ",
    "PATH",
    "SHELL",
)
"""Variables that may be read and set whatever the approval says; other layers still speak of them."""

INSTALLERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pip": (("pip", "install"), ("pip3", "install"), ("uv", "pip", "install")),
    "npm": (("npm", "install"), ("npm", "i"), ("npm", "ci")),
    "brew": (("brew", "install"),),
    "apt": (("apt-get", "install"), ("apt", "install")),
    "cargo": (("cargo", "install"),),
    "gem": (("gem", "install"),),
    "go": (("go", "install"), ("go", "get")),
}

INTERPRETERS: dict[str, tuple[str, ...]] = {
    "py": ("python", "python3"),
    "sh": ("sh", "bash", "zsh"),
    "bash": ("bash",),
    **dict.fromkeys(("js", "mjs", "cjs", "ts"), ("node", "bun", "deno", "tsx")),
    "rb": ("ruby",),
    "pl": ("perl",),
}
"""What runs a skill's script by its ending."""

_BINS = ("/usr/bin", "/bin", "/usr/local/bin")
"""Where the system keeps its interpreters, which people name by path too."""

ALL = frozenset(
    {
        *(Subject.TOOLS, Subject.FILES, Subject.COMMANDS, Subject.NETWORK, Subject.ENVIRONMENT, Subject.MCP),
        *(Subject.AGENTS, Subject.CONFIG, Subject.OPAQUE, Subject.PROJECT_CODE),
    }
)
"""What a called skill bounds (1)."""

SHARED = frozenset({Subject.COMMANDS, Subject.NETWORK, Subject.CONFIG, Subject.OPAQUE, Subject.PROJECT_CODE})
"""What every active skill bounds (2), (3); memory besides."""

_NONE = Origin(file="skills/lock.json", line=1)


@value(frozen=False, slots=True, kw_only=True)
class _Ceiling:
    """Collects the layer of one skill. ``name`` is the skill's, ``roots`` where it was loaded from."""

    name: str
    origin: Origin
    roots: Sequence[str]
    subjects: frozenset[Subject]
    rules: list[Rule] = field(default_factory=list)

    def allow(self, subject: Subject, conditions: Sequence[Condition], what: str) -> None:
        if subject in self.subjects:
            self.rules.extend(self._rule(subject, Verdict.ALLOW, one, what, "") for one in conditions)

    def deny(self, conditions: Sequence[Condition], what: str, because: str) -> None:
        self.rules.extend(self._rule(Subject.FILES, Verdict.DENY, one, what, because) for one in conditions)

    def _rule(  # noqa: PLR0913 - the parts of a rule
        self,
        subject: Subject,
        verdict: Verdict,
        when: Condition,
        what: str,
        because: str,
        *,
        contained: bool = False,
    ) -> Rule:
        return Rule(
            id=f"skill.{rule_name(self.name)}.{what}",
            origin=self.origin,
            subject=subject,
            verdict=verdict,
            when=when,
            because=because or f"The approval of the skill {self.name} grants it",
            instead=_instead(self.name),
            contained=contained,
        )

    def default(self, subject: Subject) -> Rule:
        opaque = subject in {Subject.OPAQUE, Subject.PROJECT_CODE}
        because = (
            f"What this does can't be known before it runs, and the skill {self.name} is active: only the sandbox can hold it"
            if opaque
            else f"The skill {self.name} is active, and its approval does not grant this"
        )
        verdict = Verdict.ASK if opaque else Verdict.DENY
        return self._rule(subject, verdict, AnyCondition(), f"{subject}.other", because, contained=opaque)

    def layer(self) -> Layer:
        defaults = {subject: self.default(subject) for subject in Subject if subject in self.subjects}
        return Layer(scope=Scope.SKILL, name=f"skill:{self.name}", rules=tuple(self.rules), defaults=defaults)


def _instead(name: str) -> str:
    return f"Stay inside what the skill was approved for: `bailiwick skill why {name}` lists it."


def ceiling(
    name: str,
    grants: Sequence[Grant],
    *,
    roots: Sequence[str],
    subjects: frozenset[Subject],
    origin: Origin = _NONE,
) -> Layer:
    """The layer that keeps a skill to ``grants`` in what ``subjects`` are. Memory and settings are always bounded."""
    made = _Ceiling(name=name, origin=origin, roots=roots, subjects=subjects)
    kinds = {grant.kind for grant in grants}
    made.allow(Subject.TOOLS, [NameCondition(name=tool) for tool in _tools(grants)], "tool")
    made.allow(Subject.FILES, list(_files(READ, (*SYSTEM, *_roots(roots)))), "fs.read")
    made.allow(Subject.FILES, list(_files(WRITE, DISCARD)), "fs.write")
    made.allow(Subject.ENVIRONMENT, [VariableCondition(name=one) for one in VARIABLES], "env")
    for grant in grants:
        subject, conditions = _conditions(grant, roots)
        made.allow(subject, conditions, grant.kind.value)
    for kind, globs, what in ((Kind.MEMORY_WRITE, MEMORY, "memory"), (Kind.CONFIG_WRITE, CONFIG, "settings")):
        if kind not in kinds:
            because = f"The skill {name} is active, and its approval does not let it change {what}"
            made.deny(list(_files(WRITE, globs)), kind.value, because)
    return made.layer()


def ceiling_of(approval: Approval, *, roots: Sequence[str], subjects: frozenset[Subject]) -> Layer:
    """The layer of one approval."""
    return ceiling(approval.name, approval.grants, roots=roots, subjects=subjects, origin=approval.origin)


def _tools(grants: Sequence[Grant]) -> Iterator[str]:
    yield from ALWAYS
    for grant in grants:
        yield from IMPLIED.get(grant.kind, ())
        if grant.kind is Kind.TOOL:
            yield grant.target.partition("(")[0] or "*"
    if any(grant.kind is Kind.NET and grant.target == "*" for grant in grants):
        yield "WebSearch"


def _roots(roots: Sequence[str]) -> Iterator[str]:
    for root in roots:
        yield escape(root)
        yield f"{escape(root)}/**"


def _files(kinds: frozenset[AccessKind], globs: Sequence[str] | Iterator[str]) -> Iterator[Condition]:
    return (PathCondition(kinds=kinds, glob=glob) for glob in globs)


def _places(target: str, roots: Sequence[str]) -> list[str]:
    """A grant's file glob, once for each place that the skill stands at."""
    if target == "*":
        return ["/**"]
    if target.startswith("${skill}"):
        return [escape(root) + target.removeprefix("${skill}") for root in roots]
    return [target] if target.startswith(("/", "~", "${project}")) else [f"/**/{target}"]


def _conditions(grant: Grant, roots: Sequence[str]) -> tuple[Subject, list[Condition]]:  # noqa: C901 - one arm for each kind
    target = grant.target or "*"
    match grant.kind:
        case Kind.TOOL:
            return Subject.MCP, [NameCondition(name=target)] if target.startswith("mcp__") else []
        case Kind.EXEC:
            return Subject.COMMANDS, list(_commands(target, roots))
        case Kind.INSTALL:
            manager, _, package = target.partition(":")
            heads = INSTALLERS.get(manager, ((manager, "install"),))
            tail = (package,) if package and package != "*" else ()
            return Subject.COMMANDS, [CommandCondition(words=(*head, *tail)) for head in heads]
        case Kind.FS_READ:
            return Subject.FILES, list(_files(READ, _places(target, roots)))
        case Kind.FS_WRITE:
            # No tool and no kernel lets a file be changed that can't be looked at.
            return Subject.FILES, list(_files(WRITE | {AccessKind.READ}, _places(target, roots)))
        case Kind.MEMORY_WRITE | Kind.CONFIG_WRITE:
            return Subject.FILES, list(_files(WRITE, _places(target, roots)))
        case Kind.NET:
            host, _, port = target.rpartition(":")
            if host and port.isdecimal():
                return Subject.NETWORK, [HostCondition(host=host.strip("[]"), port=int(port))]
            return Subject.NETWORK, [HostCondition(host=target)]
        case Kind.ENV:
            return Subject.ENVIRONMENT, [VariableCondition(name=target)]
        case Kind.MCP:
            server, _, tool = target.partition(".")
            name = target if target.startswith("mcp__") else f"mcp__{server}__{tool or '*'}"
            return Subject.MCP, [NameCondition(name="*" if target == "*" else name)]
        case Kind.SPAWN:
            return Subject.AGENTS, [NameCondition(name=target)]


def _commands(target: str, roots: Sequence[str]) -> Iterator[Condition]:
    """A program by name, or a file of the skill by every place at which it stands, with the words that follow."""
    if target == "*":
        yield CommandCondition(words=("*",))
        return
    try:
        words = shlex.split(target)
    except ValueError:
        return
    if not words:
        return
    if not words[0].startswith("${skill}/"):
        yield CommandCondition(words=tuple(words))
        return
    for place in _places(words[0], roots):
        yield CommandCondition(words=(place, *words[1:]))
    # However the script is spelled for the interpreter, reading it must be granted, and what it does is held elsewhere.
    inside = words[0].removeprefix("${skill}/")
    for interpreter in INTERPRETERS.get(inside.rpartition(".")[2], ()):
        for spelled in (interpreter, f"{{{','.join(_BINS)}}}/{interpreter}"):
            yield CommandCondition(words=(spelled, f"*{inside}", *words[1:]))


def grant_for(
    access: Access, roots: Sequence[str] = (), *, project: str = "", home: str = ""
) -> Grant | None:
    """The line of a manifest that would allow ``access``, spelled so that it holds on any machine, where it can be."""
    match access.target:
        case PathTarget(path=path, pattern=pattern):
            kind = Kind.FS_WRITE if access.kind in WRITE else Kind.FS_READ
            places = [*((root, "${skill}") for root in roots), (project, "${project}"), (home, "~")]
            return Grant(kind=kind, target=_shortened(path, places, glob=pattern))
        case ProgramTarget(name=name, words=words, path=path):
            if script := _script(path or name, words, roots):
                return Grant(kind=Kind.EXEC, target=shlex.quote(script) if " " in script else script)
            first = words[0] if words and words[0] and _SUBCOMMAND.fullmatch(words[0]) else ""
            return Grant(kind=Kind.EXEC, target=shlex.join(filter(None, (path or name, first))))
        case HostTarget() as peer:
            return Grant(kind=Kind.NET, target=peer.granted)
        case VariableTarget(name=name):
            return Grant(kind=Kind.ENV, target=name)
        case NameTarget(name=name) if access.kind is AccessKind.SPAWN_AGENT:
            return Grant(kind=Kind.SPAWN, target=name)
        case NameTarget(name=name) if name.startswith("mcp__"):
            return Grant(kind=Kind.MCP, target=name.removeprefix("mcp__").replace("__", ".", 1))
        case NameTarget(name=name) if access.kind is AccessKind.CALL_TOOL:
            return Grant(kind=Kind.TOOL, target=name)
        case NameTarget():
            return None


def _script(program: str, words: Sequence[str | None], roots: Sequence[str]) -> str:
    """The file of the skill that is run, by itself or by an interpreter, however it is spelled; empty where none is."""
    interpreters = {name for names in INTERPRETERS.values() for name in names}
    place, _, name = program.rpartition("/")
    runs = name in interpreters and place in {"", *_BINS}
    started = words[0] if runs and words and words[0] else program
    for root in roots:
        for place in (root, "/".join(root.split("/")[-2:])):  # from the project, from wherever skills stand
            _, found, inside = f"/{started}".partition(f"/{place.strip('/')}/")
            if found and inside:
                return "${skill}/" + inside
    return ""


def _shortened(path: str, places: Sequence[tuple[str, str]], *, glob: bool) -> str:
    """``path`` as a glob, below the first of ``places`` in which it lies by that one's name."""
    spelled = path if glob else escape(path)
    for place, name in places:
        start = escape(place.rstrip("/"))
        if start and (spelled == start or spelled.startswith(f"{start}/")):
            return name + spelled.removeprefix(start)
    return spelled
