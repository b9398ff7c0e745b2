"""What client 2.1.330 is known to understand: its events, tools, modes and providers."""

from typing import Final

from bailiwick.policy.profiles import MINIMUM_CLIENT

TARGET_VERSION: Final = "2.1.330"
"""The client version that documents are written and linted for."""

MINIMUM_VERSION: Final = ".".join(map(str, MINIMUM_CLIENT))
"""The oldest client whose hooks can fail closed (``onFailure`` is ignored before it)."""

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
"""Every hook event, in the client's own order."""

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

NOT_HOOKED: Final = frozenset({"WorktreeCreate", "WorktreeRemove", "FileChanged", "MessageDisplay"})
"""Events without a hook of ours. A hook on the worktree events takes the work over from git; one on FileChanged
says which files to watch; MessageDisplay comes with every few lines of text shown, and says nothing new."""

HOOKED: Final = tuple(event for event in EVENTS if event not in NOT_HOOKED)
"""Events that are reported to the service."""

PERMISSION_MODES: Final = ("acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan")

PROVIDERS: Final = (
    "anthropic",
    "customEndpoint",
    "bedrock",
    "vertex",
    "foundry",
    "anthropicAws",
    "mantle",
    "gateway",
)

TOOLS: Final = (
    "Agent",
    "Artifact",
    "AskUserQuestion",
    "Bash",
    "ClaudeDesign",
    "CronCreate",
    "CronDelete",
    "CronList",
    "Edit",
    "EndConversation",
    "EnterPlanMode",
    "EnterWorktree",
    "ExitPlanMode",
    "ExitWorktree",
    "Glob",
    "Grep",
    "ListAgents",
    "ListMcpResourcesTool",
    "LSP",
    "Monitor",
    "NotebookEdit",
    "PowerShell",
    "Projects",
    "PushNotification",
    "Read",
    "ReadMcpResourceDirTool",
    "ReadMcpResourceTool",
    "ReadNotifications",
    "RemoteTrigger",
    "ReportFindings",
    "ScheduleWakeup",
    "SendFeedback",
    "SendMessage",
    "SendUserFile",
    "SendUserMessage",
    "SetGoal",
    "Skill",
    "SubagentHandback",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskStop",
    "TaskUpdate",
    "TodoWrite",
    "ToolSearch",
    "WaitForMcpServers",
    "WebFetch",
    "WebSearch",
    "Workflow",
    "Write",
)
"""Built-in tools that a rule with a wildcard is spelled out over."""

RETIRED: Final = frozenset({"Config", "LS", "MultiEdit", "NotebookRead", "SlashCommand"})
"""Tools of clients before those that can be governed. Of a rule that names one, the client says at each start that it
"matches no known tool"."""

SECRETS: Final = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_FOUNDRY_API_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "BAILIWICK_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
)
"""Variables that sandboxed commands do not get to see."""
