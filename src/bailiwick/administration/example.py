"""Example calls as policies write them: ``Bash(npm test)``, ``Edit(/etc/hosts)``, ``mcp__server__tool({...})``."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bailiwick.model.event import ToolCall

_CALL = re.compile(r"\s*([A-Za-z_][\w.:-]*)\s*(?:\((.*)\))?\s*", re.DOTALL)

ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "Agent": {"subagent_type": None, "prompt": ""},
    "Bash": {"command": None},
    "Config": {"setting": None},
    "Edit": {"file_path": None, "old_string": "", "new_string": ""},
    "Glob": {"pattern": None},
    "Grep": {"path": None, "pattern": ""},
    "LS": {"path": None},
    "LSP": {"filePath": None},
    "Monitor": {"command": None},
    "MultiEdit": {"file_path": None, "edits": ()},
    "NotebookEdit": {"notebook_path": None, "new_source": ""},
    "NotebookRead": {"notebook_path": None},
    "PowerShell": {"command": None},
    "Read": {"file_path": None},
    "Skill": {"skill": None},
    "SlashCommand": {"command": None},
    "Task": {"subagent_type": None, "prompt": ""},
    "WebFetch": {"url": None, "prompt": ""},
    "WebSearch": {"query": None},
    "Write": {"file_path": None, "content": ""},
}
"""The arguments that an example fills in for each tool; None is where its text goes."""


class ExampleError(ValueError):
    """The text is not a call; ``mend`` says what to write."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


def parse_call(text: str) -> ToolCall:
    """The call that ``text`` stands for. Any tool takes its whole input as a JSON object. Raises ExampleError."""
    found = _CALL.fullmatch(text)
    if found is None:
        raise ExampleError(f"`{text}` is not a call", "write a tool and its argument: `Bash(npm test)`")
    tool, argument = found[1], found[2]
    return ToolCall(tool=tool, input=_input(tool, argument), server=_server(tool))


def _server(tool: str) -> str | None:
    return tool.split("__")[1] if tool.startswith("mcp__") and "__" in tool.removeprefix("mcp__") else None


def _input(tool: str, argument: str | None) -> Mapping[str, Any]:
    if argument is None or not argument.strip():
        return {}
    if argument.lstrip().startswith("{"):
        try:
            whole = json.loads(argument)
        except (ValueError, RecursionError) as error:
            if tool not in ARGUMENTS:
                raise ExampleError(
                    f"the input of `{tool}` is not JSON: {error}", f'write `{tool}({{"key": "value"}})`'
                ) from None
        else:
            if isinstance(whole, dict):
                return whole
    template = ARGUMENTS.get(tool)
    if template is None:
        raise ExampleError(
            f"`{tool}` has no single argument", f'write its input as JSON: `{tool}({{"key": "value"}})`'
        )
    return {key: argument if value is None else value for key, value in template.items()}
