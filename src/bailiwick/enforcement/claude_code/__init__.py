"""The client's hook wire format, both ways: the only place that knows how Claude Code spells things.

Written for client 2.1.330 (33 events). What the client relies on and why is in ``docs/claude-code.md``.
"""

from bailiwick.enforcement.claude_code.events import EVENTS, GATING
from bailiwick.enforcement.claude_code.output import redacted_output, withheld_output
from bailiwick.enforcement.claude_code.parse import MAX_BODY, MAX_DEPTH, MalformedEventError, parse_event
from bailiwick.enforcement.claude_code.render import (
    explain,
    render,
    render_batch,
    render_failure,
    render_stop,
    updated_input,
)

__all__ = [
    "EVENTS",
    "GATING",
    "MAX_BODY",
    "MAX_DEPTH",
    "MalformedEventError",
    "explain",
    "parse_event",
    "redacted_output",
    "render",
    "render_batch",
    "render_failure",
    "render_stop",
    "updated_input",
    "withheld_output",
]
