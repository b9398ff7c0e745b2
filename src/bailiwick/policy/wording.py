"""What a person reads when an entry carries no text of its own: why, and what to do instead (law 11)."""

from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Subject

_NOUN = {
    Subject.TOOLS: "the tool",
    Subject.FILES: "the file",
    Subject.COMMANDS: "the command",
    Subject.ENVIRONMENT: "the environment variable",
    Subject.NETWORK: "the host",
    Subject.MCP: "the MCP tool",
    Subject.SKILLS: "the skill",
    Subject.AGENTS: "the sub-agent",
    Subject.FINDINGS: "the finding",
    Subject.PROMPTS: "the finding in the prompt",
    Subject.PERMISSION_MODES: "the permission mode",
    Subject.MODELS: "the model",
    Subject.CONFIG: "the setting",
}

_LIST = {
    "readable": "`{match}` may be read",
    "writable": "`{match}` may be read and written",
    "read_only": "`{match}` is read-only",
    "hidden": "`{match}` is hidden",
    "ask_write": "writing `{match}` needs a person's consent",
}

_OTHER = {
    Subject.OPAQUE: "what this part would do can't be known before it runs",
    Subject.PROJECT_CODE: "it runs code that the project controls",
    Subject.FINDINGS: "policy says nothing else of what was found",
    Subject.PROMPTS: "policy says nothing else of what was found in the prompt",
}

IN_PLAIN_COMMANDS = (
    "Write it as plain commands with literal words: no eval, no encoded text, no generated code."
)
BY_A_KNOWN_TOOL = "Use a tool that policy knows, with its arguments written out, or say what this call is for and let the person make it."
"""What stands in the place of the former where a call as a whole isn't understood, no part of a command."""

_INSTEAD = {
    Subject.TOOLS: "Do it with a tool that the policy allows, or leave this step to the person.",
    Subject.FILES: "Work on files inside the project, and tell the person what you need from elsewhere.",
    Subject.COMMANDS: "Write down the exact command and let the person run it.",
    Subject.OPAQUE: IN_PLAIN_COMMANDS,
    Subject.PROJECT_CODE: "Read the code and say what it would do, or let the person run it.",
    Subject.ENVIRONMENT: "Run the command without this variable; configure the program by its own files or options.",
    Subject.NETWORK: "Use what is in the project already, or name the address and let the person fetch it.",
    Subject.MCP: "Use a tool that the policy allows, or describe the call and let the person make it.",
    Subject.SKILLS: "Go on without the skill, or ask for it to be reviewed and added to the policy.",
    Subject.AGENTS: "Do the work in this conversation, without a sub-agent of this type.",
    Subject.FINDINGS: "Remove what was found and try again; refer to a secret by its name, never by its value.",
    Subject.PROMPTS: "Remove what was found from the prompt and send it again; name a secret, don't paste it.",
    Subject.PERMISSION_MODES: "Start the session in a permission mode that the policy allows.",
    Subject.MODELS: "Choose a model that the policy allows.",
    Subject.CONFIG: "Propose the change to whoever keeps the policy; it can be made there.",
}

_INSTEAD_OF_LIST = {
    "read_only": "Write the changed copy inside the project and tell the person where it belongs.",
    "hidden": "Go on without it: refer to what it holds by name and let the person provide it to the program.",
}


def because(  # noqa: PLR0913 - what an entry is made of
    *, subject: Subject, verdict: Verdict, heading: str, match: str, layer: str, contained: bool = False
) -> str:
    """Why, for an entry under ``heading`` (`deny`, `read_only` ...) of ``layer``."""
    if heading in _LIST:
        return f"{_LIST[heading].format(match=match)} under {layer}"
    if heading == "unknown":
        said = {Verdict.ALLOW: "allows", Verdict.ASK: "asks a person before", Verdict.DENY: "does not allow"}[
            verdict
        ]
        return f"{layer} {said} a connection to a host that can't be known"
    if match == "":
        said = {Verdict.ALLOW: "allowed", Verdict.ASK: "asked about", Verdict.DENY: "denied"}[verdict]
        if contained:
            said = "run in the sandbox, and asked about where that can't be"
        if subject in _OTHER:
            return f"{_OTHER[subject]}, and {layer} has that {said}"
        return f"{_NOUN[subject]} is not listed in {layer}, and what is not listed is {said}"
    said = {Verdict.ALLOW: "allows", Verdict.ASK: "asks a person before", Verdict.DENY: "does not allow"}[
        verdict
    ]
    return f"{layer} {said} {_NOUN[subject]} `{match}`"


def instead(*, subject: Subject, verdict: Verdict, heading: str) -> str:
    """What to do instead; empty where the entry allows."""
    if verdict <= Verdict.ALLOW:
        return ""
    return _INSTEAD_OF_LIST.get(heading, _INSTEAD[subject])
