"""Tool output in the tool's own shape, masked.

The client takes a replacement only in the shape that the tool's output has (an object with ``stdout`` and
``stderr`` for Bash, a ``file`` object for Read, blocks for MCP); a managed hook's wrong shape turns into an
error, a session hook's is ignored and the original goes on. So only texts change here, never structure.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

WITHHELD: Final = "[withheld by policy]"

_BLOBS: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "JVBERi0")
"""How base64 of PNG, JPEG, GIF, WebP and PDF begins: masking a chance hit inside would only break them."""

_ENUMERATED: Final = frozenset({"type", "status", "mode", "mimeType", "mediaType"})
"""Names whose texts choose the shape of the object they stand in."""


def redacted_output(tool: str, response: Any, mask: Callable[[str], str]) -> Any:
    """``response`` of ``tool`` with ``mask`` applied to every text in it; the shape stays.

    Numbers are masked as text too (a card number in an MCP answer is one); a masked number becomes text.
    Names of free-form objects are masked with their values; images and PDF documents pass as they are.
    """
    free_form = tool.startswith("mcp__")

    def masked_text(value: str, name: str) -> str:
        # A text under a telling name is judged together with it: {"password": "..."}.
        prefix = f"{name}: "
        whole = mask(prefix + value) if name else ""
        return whole[len(prefix) :] if name and whole.startswith(prefix) else mask(value)

    def masked(value: Any, name: str = "") -> Any:
        match value:
            case str():
                return value if value.startswith(_BLOBS) else masked_text(value, name)
            case Mapping():
                return {mask(key) if free_form else key: masked(item, key) for key, item in value.items()}
            case list() | tuple():
                return [masked(item, name) for item in value]
            case int() | float() if not isinstance(value, bool):
                text = str(value)
                return value if (hidden := mask(text)) == text else hidden
            case _:
                return value

    return masked(response)


def withheld_output(tool: str, response: Any) -> Any:
    """``response`` of ``tool`` with every text replaced, for when nothing of it may reach the model."""

    def blanked(value: Any, name: str = "") -> Any:
        match value:
            case str():
                return value if not value or name in _ENUMERATED else WITHHELD
            case Mapping():
                return {key: blanked(item, key) for key, item in value.items()}
            case list() | tuple():
                return [blanked(item) for item in value]
            case _:
                return value

    match tool, response:
        case "Bash", Mapping():
            return {"stdout": "", "stderr": WITHHELD, "interrupted": False, "isImage": False}
        case "Read", Mapping():
            return {
                "type": "text",
                "file": {"filePath": "", "content": WITHHELD, "numLines": 1, "startLine": 1, "totalLines": 1},
            }
        case _ if response is None or isinstance(response, str):
            return WITHHELD
        case _ if tool.startswith("mcp__"):
            return [{"type": "text", "text": WITHHELD}]
        case _:
            return blanked(response)
