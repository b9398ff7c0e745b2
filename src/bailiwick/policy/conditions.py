"""What an author writes in a list (`**/*.env`, `git push`, `*.example.com`) to the condition it means.

Patterns that other tools read differently (`/etc/`, `*.env`, `$HOME`, a URL for a host) are refused with
what to write instead, because a rule that silently matches nothing is worse than none.
"""

import difflib
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from bailiwick.model.access import AccessKind, Tier
from bailiwick.model.glob import GlobError
from bailiwick.model.glob import path_glob as compiled_glob
from bailiwick.policy.errors import Problems, did_you_mean
from bailiwick.policy.shapes import MAX_TEXT, Text
from bailiwick.policy.types import (
    CommandCondition,
    Condition,
    FindingCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    VariableCondition,
)

Reader: TypeAlias = Callable[[Text, Problems], tuple[Condition, ...]]

READ = frozenset({AccessKind.READ})
WRITE = frozenset({AccessKind.WRITE, AccessKind.DELETE})
EXECUTE = frozenset({AccessKind.EXECUTE})

TOOLS = [
    "Agent",
    "AskUserQuestion",
    "Artifact",
    "Bash",
    "BashOutput",
    "Config",
    "CronCreate",
    "CronDelete",
    "CronList",
    "Edit",
    "EnterPlanMode",
    "EnterWorktree",
    "ExitPlanMode",
    "ExitWorktree",
    "Glob",
    "Grep",
    "KillShell",
    "LS",
    "LSP",
    "ListMcpResourcesTool",
    "Monitor",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "PowerShell",
    "Read",
    "ReadMcpResourceTool",
    "ScheduleWakeup",
    "Search",
    "SendMessage",
    "Skill",
    "SlashCommand",
    "Task",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Workflow",
    "Write",
]
"""Tools of the client by name, for finding misspellings; others are accepted, since the client grows."""

MAX_ENTRY = MAX_TEXT
"""Characters of one entry."""

SEARCH = ("Grep", "Glob")
"""What `Search` stands for."""


def files(kinds: frozenset[AccessKind]) -> Reader:
    """A reader of path globs for accesses of ``kinds``."""

    def read(text: Text, problems: Problems) -> tuple[Condition, ...]:
        glob = path_glob(text, problems)
        return () if glob is None else (PathCondition(kinds=kinds, glob=glob),)

    return read


def path_glob(text: Text, problems: Problems) -> str | None:
    """The glob that ``text`` means: absolute, or beginning with ``~`` or ``${project}``."""
    glob = text.text
    fault = _path_fault(glob)
    if fault is None:
        return f"/{glob}" if glob.startswith("**/") else glob
    problems.add(text.at, fault[0].replace("%", glob[:120]), fault[1])
    return None


def _path_fault(glob: str) -> tuple[str, str] | None:  # noqa: C901, PLR0912 (one line per mistake that authors make)
    """What is wrong with a path glob, and the mend; ``%`` stands for the glob."""
    if any(not char.isprintable() for char in glob):
        return "`%` contains a control character", "remove it, or match it with `?`"
    if glob.startswith("$HOME"):
        return "`%`: variables are not expanded", f"write `~{glob[5:]}`"
    if glob.startswith("//"):
        return "`%` begins with two slashes, which is the client's own rule syntax", f"write `{glob[1:]}`"
    if unknown := re.match(r"\$\{?(\w*)\}?", glob):
        if not re.match(r"\$\{project\}(/|\Z)", glob):
            rest = glob[unknown.end() :]
            return (
                f"`%`: `{unknown[0]}` is not known",
                f"write `${{project}}/{rest.lstrip('/')}`, or an absolute path",
            )
    elif glob.startswith("~"):
        if not re.match(r"~(/|\Z)", glob):
            return "`%`: only the session's own home directory has a short form", "write the path in full"
    elif not glob.startswith(("/", "**/")):
        if "/" not in glob:
            return "`%` names no directory", f"write `**/{glob}` for anywhere, or `${{project}}/{glob}`"
        inside = re.sub(r"^(\./)+", "", glob)
        inside += "**" if inside.endswith("/") else ""
        return "`%` is relative", f"write `${{project}}/{inside}`, or `**/{inside}` for anywhere"
    parts = glob.split("/")
    if glob.endswith("/") and glob != "/":
        return "`%` ends with a slash", f"write `{glob}**` for the directory and everything below it"
    if ".." in parts or "." in parts[1:]:
        return "`%` contains `.` or `..` as a directory", "write the path as it is once resolved"
    if "" in parts[1:] and glob != "/":
        return "`%` contains two slashes in a row", "write one"
    if any("**" in part and part != "**" for part in parts):
        return (
            "`%`: `**` stands for whole directories and must stand alone between slashes",
            "write `/**/` or `*`",
        )
    return _dialect_fault(glob)


def _dialect_fault(glob: str) -> tuple[str, str] | None:
    try:
        compiled_glob(glob.replace("${project}", "/project", 1))
    except GlobError as error:
        what, _, mend = str(error).partition("; ")
        return (
            f"`%` is not a pattern: {what}",
            mend or "put a backslash before a character that stands for itself",
        )
    return None


_CLUSTER = re.compile(r"-[A-Za-z]{2,3}")
"""Two or three letters after one dash; longer ones are as often one option of one name (`-exec`, `-destroy`)."""

_WITHOUT_QUOTING = re.compile(r"""[!#-&(-\[\]-~ ]*""")
"""Printable ASCII without quotes and backslashes: such words are told apart by spaces alone."""

_NOT_ONE_COMMAND = re.compile(r"[;|&<>`\n]|\$\(")


def command(text: Text, problems: Problems, as_user: str | None = None) -> tuple[Condition, ...]:
    """`git push`, `rm -rf`: leading words, and options (words beginning with ``-``) that must occur.

    A first word with a slash is a path glob for the program's file (`${project}/scripts/*.sh`).
    """
    written = text.text
    if found := re.fullmatch(r"(?:Bash)\((.*?)(:\*)?\)", written):
        problems.add(
            text.at, f"`{written}` is the client's own rule syntax", f"write `{found[1].removesuffix(' *')}`"
        )
        return ()
    if found := _NOT_ONE_COMMAND.search(written):
        problems.add(
            text.at,
            f"`{written}` contains `{found[0]}`; an entry is one command",
            "write one entry for each program: every part of a compound command is judged by itself",
        )
        return ()
    try:
        parts = written.split() if _WITHOUT_QUOTING.fullmatch(written) else shlex.split(written)
    except ValueError:
        problems.add(text.at, f"`{written}` has an open quote", "close it")
        return ()
    words = tuple(part for part in parts if not part.startswith("-"))
    if not words or parts[0].startswith("-"):
        problems.add(text.at, f"`{written}` names no program", "begin with the program: `git push`")
        return ()
    if "/" in words[0] and path_glob(Text(words[0], text.at), problems) is None:
        return ()
    if "=" in words[0]:
        problems.add(
            text.at,
            f"`{words[0]}` sets a variable",
            "write the program alone, and the variable under `environment`",
        )
        return ()
    names = (part for part in parts if part.startswith("-") and re.search(r"[*?]", part.partition("=")[0]))
    if pattern := next(names, None):
        stem = re.split(r"[=*?]", pattern)[0]
        problems.add(
            text.at,
            f"`{pattern}`: the name of an option is compared as it is, without patterns",
            f"write `{stem}`, whatever its value",
        )
        return ()
    # As in the client's own rules, `git push *` is `git push` too; `git push ?*` needs one more word.
    trimmed = words[:-1] if len(words) > 1 and words[-1] in {"*", "**"} else words
    options = frozenset(part for part in parts if part.startswith("-") and part != "--")
    apart = frozenset(one for option in options for one in _apart(option))
    spellings = (options,) if apart == options else (options, apart)
    return tuple(CommandCondition(words=trimmed, options=one, as_user=as_user) for one in spellings)


def _apart(option: str) -> tuple[str, ...]:
    """The letters of what looks like short options written together: `-rf` is `-r -f`; `-exec` is not."""
    return tuple(f"-{letter}" for letter in option[1:]) if _CLUSTER.fullmatch(option) else (option,)


def host(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """`example.com`, `*.example.com:443`, `[::1]:80`."""
    written = text.text.lower()
    if found := re.match(r"(?:\w+://|domain:)([^/\s]+)", written):
        problems.add(text.at, f"`{text}` is not a host", f"write the host alone: `{found[1]}`")
        return ()
    if re.fullmatch(r"[\d.]+/\d+", written):
        problems.add(text.at, f"`{text}` is an address range", "write a host pattern such as `10.*`")
        return ()
    found = re.fullmatch(
        r"(\[[0-9a-f:.*]+\]|[a-z0-9_*?.-]+|[0-9a-f]*:[0-9a-f:*]*:[0-9a-f:.*]*)(?::(\d{1,5}))?", written
    )
    port = int(found[2]) if found and found[2] else None
    if found is None or (port is not None and not 0 < port < 1 << 16):
        problems.add(
            text.at, f"`{text}` is not a host", "write `example.com`, `*.example.com` or `example.com:443`"
        )
        return ()
    return (HostCondition(host=found[1].strip("[]").rstrip("."), port=port),)


def fetched(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """The same hosts, for connections over which nothing is known to be sent."""
    found = host(text, problems)
    return tuple(replace(one, fetch=True) for one in found if isinstance(one, HostCondition))


def _misspelt(name: str) -> str | None:
    """The known tool that ``name`` is in other letter case, in another order of letters, or all but a letter."""
    lettered = (
        known
        for known in TOOLS
        if len(known) == len(name) > 3  # noqa: PLR2004 - of shorter names a letter is half the name
        and sum(one != other for one, other in zip(known.lower(), name.lower(), strict=True)) == 1
    )
    folded = {known.lower(): known for known in TOOLS}
    same = (known for known in TOOLS if sorted(known.lower()) == sorted(name.lower()))
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.85)
    return next(same, None) or (folded[near[0]] if near else next(lettered, None))


def tool(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """A tool of the client by name; `Search` is Grep and Glob."""
    written = text.text
    if "(" in written:
        problems.add(
            text.at,
            f"`{written}` limits a tool's arguments; policy speaks of accesses, not of arguments",
            f"name the tool alone, `{written[: written.index('(')]}`; what its calls may do is written under `files`, "
            "`commands`, `network`, `skills` or `agents`",
        )
    elif written.startswith("mcp__"):
        problems.add(text.at, f"`{written}` is an MCP tool", "write it under `mcp`")
    elif not re.fullmatch(r"[A-Za-z*?][\w*?-]*", written):
        problems.add(text.at, f"`{written}` is not a tool's name", did_you_mean(written, TOOLS))
    elif not set("*?") & set(written) and written not in TOOLS and (meant := _misspelt(written)):
        mend = f"did you mean `{meant}`? A newer client's tool of this name is written `{written}*`"
        problems.add(text.at, f"there is no tool `{written}`", mend)
    elif written == "Search":
        return tuple(NameCondition(name=name) for name in SEARCH)
    else:
        return (NameCondition(name=written),)
    return ()


def mcp(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """`server`, `server/tool` or `mcp__server__tool`; characters that the client replaces are replaced."""
    written = text.text
    if written.startswith("mcp__"):
        server, _, name = written.removeprefix("mcp__").partition("__")
    else:
        server, _, name = written.partition("/")
    if not server or "/" in name or re.search(r"[\s()]", written):
        problems.add(
            text.at, f"`{written}` is not an MCP tool", "write `server`, `server/tool` or `mcp__server__tool`"
        )
        return ()
    return (NameCondition(name=f"mcp__{_on_the_wire(server)}__{_on_the_wire(name or '*')}"),)


def _on_the_wire(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_*?-]", "_", name)


def name(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """A skill, agent type, setting or model by name glob."""
    if found := re.fullmatch(r"(?:Skill|Agent|Task)\((.*)\)", text.text):
        problems.add(text.at, f"`{text}` is the client's own rule syntax", f"write `{found[1]}`")
        return ()
    if re.search(r"[\s()]", text.text):
        problems.add(
            text.at, f"`{text}` is not a name", "names have no spaces; `*` stands for any characters"
        )
        return ()
    return (NameCondition(name=text.text.removeprefix("/")),)


_FINDING = re.compile(
    r"(?:(?P<direction>input|output) )?(?P<rule>[a-z0-9*?-]+(?:/[a-z0-9*?-]+)*)(?: (?P<tier>block|redact))?"
    r"(?: to (?P<to>[a-z0-9*.:-]+)| beyond (?P<beyond>[a-z0-9*.:-]+))?"
)


def finding(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """A finding by catalogue id glob: `secret/*`, `secret/* block`, `output personal/*`, `secret/openai-key beyond api.openai.com`."""
    found = _FINDING.fullmatch(text.text)
    if found is None:
        problems.add(
            text.at,
            f"`{text}` is not a catalogue id",
            "write `secret/*` or a whole id; before it `input` or `output`, behind it `block` or `redact`, `to HOST` or `beyond HOST`",
        )
        return ()
    tier = Tier(found["tier"]) if found["tier"] else None
    return (
        FindingCondition(
            rule=found["rule"],
            tier=tier,
            direction=found["direction"],
            to=found["to"],
            beyond=found["beyond"],
        ),
    )


def variable(text: Text, problems: Problems) -> tuple[Condition, ...]:
    """An environment variable by name glob."""
    written = text.text
    if not re.fullmatch(r"[A-Za-z_*?][A-Za-z0-9_*?]*", written):
        mend = (
            f"write `{written.lstrip('$').strip('{}').split('=')[0]}`"
            if re.match(r"\$|\w+=", written)
            else "write a name such as `LD_*`"
        )
        problems.add(text.at, f"`{written}` is not a variable's name", mend)
        return ()
    return (VariableCondition(name=written),)
