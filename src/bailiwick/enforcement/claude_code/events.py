"""The client's hook events by name and what their answers can do."""

from typing import Final

EVENTS: Final = (
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PostToolBatch",
    "Notification",
    "UserPromptSubmit",
    "UserPromptExpansion",
    "SessionStart",
    "SessionEnd",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "PreModelSwitch",
    "PostModelSwitch",
    "PermissionRequest",
    "PermissionDenied",
    "Setup",
    "TeammateIdle",
    "TaskCreated",
    "TaskCompleted",
    "Elicitation",
    "ElicitationResult",
    "ConfigChange",
    "WorktreeCreate",
    "WorktreeRemove",
    "InstructionsLoaded",
    "CwdChanged",
    "FileChanged",
    "DirectoryAdded",
    "MessageDisplay",
)
"""Every hook event of client 2.1.330, in the client's own order."""

GATING: Final = frozenset(
    {
        "PreToolUse",
        "PermissionRequest",
        "UserPromptSubmit",
        "UserPromptExpansion",
        "ConfigChange",
        "PreModelSwitch",
    }
)
"""Events whose answer decides whether something happens."""

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
