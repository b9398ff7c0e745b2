"""What the answers to the client's hook events can do."""

from typing import Final

from bailiwick.administration.targets.client import EVENTS, GATING

__all__ = ["CONTEXT", "EVENTS", "GATING"]

CONTEXT: Final = frozenset(
    {
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "UserPromptSubmit",
        "UserPromptExpansion",
        "SessionStart",
        "SubagentStart",
    }
)
"""Events whose answer may carry ``additionalContext`` for the model. Stop events may too, but there it makes
the agent go on, so they are left out."""
