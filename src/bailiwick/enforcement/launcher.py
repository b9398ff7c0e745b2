"""How a governed session is started without root: the client's argument vector and environment. Pure.

The client reads settings from the user and from the repository, and both may try to widen. Measured on client
2.1.330, what holds is three documents together: a plugin that carries the hooks, the restrictive
``--managed-settings`` under which only plugins may have hooks and no rule but ours allows anything, and
``--settings`` that keep the plugin on and pin the environment (docs/claude-code.md).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bailiwick.model.glob import word_glob
from bailiwick.policy.conditions import SEARCH, TOOLS

REFUSED_FLAGS: Mapping[str, str] = {
    "--bare": "it starts the client without hooks",
    "--safe-mode": "it starts the client without hooks",
    "--settings": "it would replace the session's own; put settings into the policy",
    "--managed-settings": "it would replace the session's own",
    "--managed-settings-in-initialize": "it would replace the session's own",
    "--initialize-fields": "a host program could replace the session's settings",
    "--sdk-url": "the session could be steered from elsewhere",
    "--plugin-dir": "its hooks could change a call after it was judged",
    "--plugin-url": "it loads code that no policy has seen",
    "--dangerously-skip-permissions": "it asks for a mode the policy closes; profiles say what needs no question",
    "--allow-dangerously-skip-permissions": "it asks for a mode the policy closes",
    "--cloud": "the session would run elsewhere, ungoverned",
    "--remote": "the session would run elsewhere, ungoverned",
    "--remote-control": "the session could be steered from elsewhere",
    "--rc": "the session could be steered from elsewhere",
    "--teleport": "the session would come from elsewhere, ungoverned",
    "--bg": "the session would outlive this command",
    "--background": "the session would outlive this command",
}
"""Client flags that would take a session out of its policy, and why; the client's help of 2.1.330 was read for more."""

UNGOVERNED_COMMANDS = frozenset(
    {
        "gateway",
        "install",
        "update",
        "remote-control",
        "agents",
        "attach",
        "respawn",
        "mcp",
        "eval",
        "ultrareview",
    }
)
"""Sub-commands of the client that start or manage sessions other than this one, or serve its tools to others."""

CLEARED_VARIABLES = frozenset(
    {
        "CLAUDE_CODE_SIMPLE",
        "CLAUDE_CODE_EXTRA_BODY",
        "CLAUDE_CODE_SAFE_MODE",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_OPTIONS",
    }
)
"""Variables through which a session could be started outside its policy."""


class LaunchError(Exception):
    """The session can't be started as asked; the message says which argument and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFiles:
    """Where the documents of one session were written."""

    plugin: str
    settings: str
    managed: str


def command_line(
    client: str,
    files: SessionFiles | None,
    arguments: Sequence[str],
    allowed_tools: Sequence[str] | None = None,
) -> list[str]:
    """The client's argument vector.

    ``managed`` of ``files`` is the restrictive document itself, since the client takes it by value. ``files`` is
    None where machine-wide managed settings govern. ``allowed_tools`` are those the session was narrowed to, if
    it was. Raises ``LaunchError`` on an argument that leaves policy.
    """
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        flag, _, value = argument.partition("=")
        if flag == "--agents":
            _check_agents(value or "".join(arguments[place + 1 : place + 2]))
        if flag in REFUSED_FLAGS:
            raise LaunchError(f"{flag} can't be used in a governed session: {REFUSED_FLAGS[flag]}")
        # Flags may come before the sub-command, and which of them take a value is the client's affair.
        if argument in UNGOVERNED_COMMANDS:
            raise LaunchError(
                f"`{argument}` is a command of the client that is no session; run the client itself for it, "
                "or write a prompt of that one word behind another --"
            )
    if allowed_tools is not None:
        # In one word, since the client would take the words behind it for tools too.
        arguments = [f"--tools={','.join(offered(allowed_tools))}", *arguments]
    if files is None:
        return [client, *arguments]
    ours = ["--plugin-dir", files.plugin, "--managed-settings", files.managed, "--settings", files.settings]
    return [client, *ours, *arguments]


def _check_agents(definitions: str) -> None:
    """Refuse agents of the command line that start with skills: no event tells of these, and no file could be read for them."""
    try:
        agents = json.loads(definitions)
    except (ValueError, RecursionError) as error:
        raise LaunchError(f"--agents is not JSON ({error})") from error
    for name, one in agents.items() if isinstance(agents, dict) else ():
        if isinstance(one, dict) and one.get("skills"):
            raise LaunchError(
                f"--agents: {name} starts with skills, which can't be checked there; "
                f"write the agent to .claude/agents/{name}.md"
            )


def offered(allowed_tools: Sequence[str]) -> list[str]:
    """The client's own tools that a session narrowed to ``allowed_tools`` is offered; it is offered MCP tools anyway.

    Some the client offers only where they are asked for by name. It is no permission: policy decides what runs.
    """
    named = [known for name in allowed_tools for known in (SEARCH if name == "Search" else (name,))]
    return sorted(
        tool
        for tool in {*TOOLS, *named} - {"Search"}
        if re.fullmatch(r"(?!mcp__)\w+", tool) and any(word_glob(name).matches(tool) for name in named)
    )


def environment(inherited: Mapping[str, str], session: str) -> dict[str, str]:
    """The client's environment: the caller's, less what would unhook it, with the session's name for ``why``."""
    kept = {name: value for name, value in inherited.items() if name not in CLEARED_VARIABLES}
    return {**kept, "BAILIWICK_SESSION": session}


def is_unattended(arguments: Sequence[str]) -> bool:
    """Whether nobody can be asked: print mode without a host program that answers."""
    printing = any(argument in {"-p", "--print"} for argument in arguments)
    hosted = any(argument.split("=", 1)[0] == "--permission-prompt-tool" for argument in arguments)
    return printing and not hosted
