"""The language, declared once: every file, section and key, its shape and its meaning.

The reader, the JSON Schema for editors and the reference page all come from these declarations. One long file, since
whoever asks what can be written shall find it in one place.
"""

from typing import TypeAlias

from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.policy.shapes import Choice, Flag, Listed, Number, Record, Table, Text, Value, Word, declare

VERDICTS = ("allow", "ask", "deny")
PERMISSION_MODES = ("default", "manual", "acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions")
PROVIDERS = (
    "anthropic",
    "customEndpoint",
    "bedrock",
    "vertex",
    "foundry",
    "anthropicAws",
    "anthropicGoogleCloud",
    "mantle",
    "gateway",
)
"""As `allowedProviders` of the client spells them (2.1.330)."""
NAME = Word(
    what="a name",
    pattern=r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*",
    hint="begin with a small letter; small letters, digits and single dashes may follow",
)
SENTENCE = Word(what="a sentence")
GLOB = Word(what="a pattern")
WHO = Word(what="a name of a user or group")
MODE = Choice(words=("monitor", "warn", "enforce"))
VERDICT = Choice(words=VERDICTS)
CALL = Word(
    what="a tool call",
    pattern=r"(?s:[A-Za-z][\w.-]*(?:\(.*\))?)",
    hint="write it as the client shows it: Bash(git push), Read(/etc/hosts), Skill(name), or a bare tool name",
)
MAX_TIMEOUT_SECONDS = 86_400


@value(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a list: a pattern, and what a person reads when it speaks."""

    at: Origin
    match: tuple[Text, ...] = declare(
        Listed(of=GLOB, single=True),
        "The pattern, or a list of patterns that share the texts.",
        required=True,
    )
    because: Text | None = declare(SENTENCE, "Why; shown to the person who is stopped.")
    instead: Text | None = declare(SENTENCE, "What to do instead; shown with every denial.")
    mode: Text | None = declare(
        MODE, "Carry this entry out differently from the profile: monitor, warn or enforce."
    )
    id: Text | None = declare(NAME, "A lasting name for the rule, in place of its number in the list.")


@value(frozen=True, slots=True, kw_only=True)
class CommandEntry(Entry):
    """A command: leading words, and options that must occur."""

    as_user: Text | None = declare(GLOB, "Only when it runs as this account (`root` for sudo).")


@value(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What a section gives to everything that none of its entries matches."""

    at: Origin
    verdict: Text = declare(VERDICT, "allow, ask or deny.", required=True)
    because: Text | None = declare(SENTENCE, "Why; shown to the person who is stopped.")
    instead: Text | None = declare(SENTENCE, "What to do instead; shown with every denial.")
    mode: Text | None = declare(MODE, "Carry it out differently from the profile: monitor, warn or enforce.")


@value(frozen=True, slots=True, kw_only=True)
class Containable(Fallback):
    """What a part gets that only a sandbox can hold."""

    verdict: Text = declare(
        Choice(words=(*VERDICTS, "sandbox")),
        "allow, ask, deny, or sandbox: runs without a question where the sandbox of this policy holds it.",
        required=True,
    )


ENTRIES = Listed(of=Record(of=Entry, shorthand="match"))
COMMAND_ENTRIES = Listed(of=Record(of=CommandEntry, shorthand="match"))
FALLBACK = Record(of=Fallback, shorthand="verdict")
CONTAINABLE = Record(of=Containable, shorthand="verdict")
Entries: TypeAlias = tuple[Entry, ...]


@value(frozen=True, slots=True, kw_only=True)
class Names:
    """What may, may not, or may after a question, be used."""

    at: Origin
    allow: Entries = declare(ENTRIES, "May be used.", default=())
    ask: Entries = declare(ENTRIES, "A person is asked first.", default=())
    deny: Entries = declare(ENTRIES, "Is stopped; beats allow and ask.", default=())
    other: Fallback | None = declare(FALLBACK, "What everything else gets: allow, ask or deny.")


SKILL_NAME = Word(
    what="a skill's name",
    pattern=r"[A-Za-z0-9_.:*?-]+",
    hint="as it is called: pdf, plugin:pdf; * stands for any letters",
)
LASTING = Choice(words=("turn", "compaction", "session"))


@value(frozen=True, slots=True, kw_only=True)
class Skills(Names):
    """Skills: which may be used, which need an approval, and how they are held to it."""

    require: Text | None = declare(
        Choice(words=("approval", "nothing")),
        "approval: a skill loads only while a signed approval of these very bytes holds for the person's role, and is kept"
        " inside what the approval grants.",
    )
    bundled: tuple[Text, ...] = declare(
        Listed(of=SKILL_NAME, single=True),
        "The client's own skills and commands that need no approval (`init`, `review`).",
        default=(),
    )
    fork: Entries = declare(
        ENTRIES, "Skills that may run only in a sub-agent of their own (`context: fork`).", default=()
    )
    active: Text | None = declare(
        LASTING,
        "How long a skill whose text was loaded is held against what is done: until the next prompt, until the"
        " conversation is compacted, or to its end (session, if left out). Between layers the longest holds.",
    )
    marketplaces: tuple[Text, ...] | None = declare(
        Listed(
            of=Word(
                what="a marketplace",
                pattern=r"(?:[\w.-]+/[\w.-]+|(?:https|ssh)://\S+|git@\S+|/\S+)",
                hint="owner/repository on GitHub, a git address, or an absolute path",
            )
        ),
        "Plugin marketplaces that may be used; none if left out.",
    )


@value(frozen=True, slots=True, kw_only=True)
class Network(Names):
    """Hosts, whoever connects to them."""

    fetch: Entries = declare(
        ENTRIES,
        "May be fetched from. What is known to send data there (a body, a file, a method that changes something) gets what"
        " everything else gets.",
        default=(),
    )

    unknown: Fallback | None = declare(
        FALLBACK, "What a connection to a host that can't be known gets (git push, npm install)."
    )


@value(frozen=True, slots=True, kw_only=True)
class Files:
    """Files by path, whatever touches them: a file tool, a redirect, an interpreter, an MCP server."""

    at: Origin
    readable: Entries = declare(ENTRIES, "May be read.", default=())
    writable: Entries = declare(ENTRIES, "May be read, written and deleted.", default=())
    read_only: Entries = declare(
        ENTRIES, "Can't be written or deleted; reading is left to other entries.", default=()
    )
    hidden: Entries = declare(ENTRIES, "Can't be read, written, deleted or executed.", default=())
    ask: Entries = declare(ENTRIES, "A person is asked before any access.", default=())
    ask_write: Entries = declare(ENTRIES, "A person is asked before it is written or deleted.", default=())
    other: Fallback | None = declare(FALLBACK, "What every other file gets: allow, ask or deny.")


@value(frozen=True, slots=True, kw_only=True)
class Commands:
    """Programs by their leading words and options: `git push`, `npm run *`, `rm -rf`."""

    at: Origin
    allow: tuple[CommandEntry, ...] = declare(COMMAND_ENTRIES, "May run.", default=())
    ask: tuple[CommandEntry, ...] = declare(COMMAND_ENTRIES, "A person is asked first.", default=())
    deny: tuple[CommandEntry, ...] = declare(COMMAND_ENTRIES, "Is stopped; beats allow and ask.", default=())
    opaque: Fallback | None = declare(CONTAINABLE, "What a part whose effects can't be known gets.")
    project_code: Fallback | None = declare(
        CONTAINABLE, "What running code that the project controls gets (make, npm test, ./run.sh)."
    )
    other: Fallback | None = declare(FALLBACK, "What every other command gets: allow, ask or deny.")


@value(frozen=True, slots=True, kw_only=True)
class Bash:
    """Limits of the Bash tool."""

    at: Origin
    max_timeout: int | None = declare(
        Number(what="a time in seconds", minimum=1, maximum=MAX_TIMEOUT_SECONDS),
        "Longest time-out of a command, in seconds; longer ones are lowered to it.",
    )
    background: Text | None = declare(
        Choice(words=("allow", "deny")),
        "deny: commands asked to run in the background run in the foreground. With max_timeout it is deny unless"
        " allow is written: the client moves a command whose time is up to the background, where it goes on.",
    )
    dry_run: bool | None = declare(
        Flag(),
        "true: a command that a person is asked about is tried first, in a sandbox without network and on a copy that is"
        " thrown away, and the question says which files it would change.",
    )


@value(frozen=True, slots=True, kw_only=True)
class Models:
    """Which models may be used, from whom and where."""

    at: Origin
    allow: tuple[Text, ...] = declare(
        Listed(of=Word(what="a model name")), "Model names (globs).", default=()
    )
    providers: tuple[Text, ...] = declare(
        Listed(of=Choice(words=PROVIDERS)), "Providers allowed.", default=()
    )
    regions: tuple[Text, ...] = declare(
        Listed(of=Word(what="a region", pattern=r"[a-z][a-z0-9-]*")), "Inference regions allowed.", default=()
    )
    base_url: Text | None = declare(
        Word(
            what="an http or https address",
            pattern=r"https?://[A-Za-z0-9.\[\]:-]+(?:/\S*)?",
            hint="write it whole: https://gateway.example.com",
        ),
        "The model endpoint; no other can be used.",
    )


TOOLS = Listed(of=Word(what="a tool name"), single=True)


@value(frozen=True, slots=True, kw_only=True)
class ClampDuty:
    """Lower a number in a tool's input."""

    at: Origin
    tools: tuple[Text, ...] = declare(TOOLS, "The tools it applies to.", required=True)
    field: Text = declare(
        Word(what="a field name", pattern=r"\w+(?:\.\w+)*"), "Field of the tool's input.", required=True
    )
    maximum: int = declare(
        Number(what="a number", minimum=0, maximum=10**11),
        "Highest value, in the field's own unit.",
        required=True,
    )


@value(frozen=True, slots=True, kw_only=True)
class RewriteDuty:
    """Replace a field of a tool's input."""

    at: Origin
    tools: tuple[Text, ...] = declare(TOOLS, "The tools it applies to.", required=True)
    field: Text = declare(
        Word(what="a field name", pattern=r"\w+(?:\.\w+)*"), "Field of the tool's input.", required=True
    )
    value: str | bool | int = declare(Value(), "The value it gets.", required=True)


@value(frozen=True, slots=True, kw_only=True)
class RedactDuty:
    """Mask what rules of the catalogue find."""

    at: Origin
    tools: tuple[Text, ...] = declare(TOOLS, "The tools it applies to.", required=True)
    rules: tuple[Text, ...] = declare(Listed(of=GLOB, single=True), "Catalogue ids (globs).", required=True)


@value(frozen=True, slots=True, kw_only=True)
class NotifyDuty:
    """Tell somebody."""

    at: Origin
    tools: tuple[Text, ...] = declare(TOOLS, "The tools it applies to.", required=True)
    channel: Text = declare(Word(what="a channel"), "Whom to tell.", required=True)


@value(frozen=True, slots=True, kw_only=True)
class SandboxDuty:
    """Run only inside the client's sandbox."""

    at: Origin
    tools: tuple[Text, ...] = declare(TOOLS, "The tools it applies to.", required=True)


@value(frozen=True, slots=True, kw_only=True)
class Obligations:
    """What must be done along with an answer."""

    at: Origin
    clamp: tuple[ClampDuty, ...] = declare(Listed(of=Record(of=ClampDuty)), "Numbers to lower.", default=())
    rewrite: tuple[RewriteDuty, ...] = declare(
        Listed(of=Record(of=RewriteDuty)), "Fields to replace.", default=()
    )
    redact: tuple[RedactDuty, ...] = declare(
        Listed(of=Record(of=RedactDuty)), "Findings to mask.", default=()
    )
    notify: tuple[NotifyDuty, ...] = declare(Listed(of=Record(of=NotifyDuty)), "Whom to tell.", default=())
    sandbox: tuple[SandboxDuty, ...] = declare(
        Listed(of=Record(of=SandboxDuty), single=True),
        "Tools that run only inside the client's sandbox.",
        default=(),
    )


@value(frozen=True, slots=True, kw_only=True)
class Flow:
    """Private data, untrusted content and a way out shall not meet in one session."""

    at: Origin
    meet: Fallback = declare(
        FALLBACK,
        "What sending something out gets once private data and untrusted content have both been read.",
        required=True,
    )
    private: tuple[Text, ...] = declare(
        Listed(of=GLOB, single=True),
        "Files that hold private data, and MCP tools that give some (`crm`, `crm/search`). Secrets count by themselves.",
        default=(),
    )
    trusted: tuple[Text, ...] = declare(
        Listed(of=GLOB, single=True),
        "Hosts and MCP tools whose content is trusted (`docs.example.com`); all other web and MCP content is not.",
        default=(),
    )
    declassify: Entries = declare(
        ENTRIES, "Hosts and MCP tools that may be sent to all the same; say why.", default=()
    )
    within: Text | None = declare(
        Choice(words=("session", "skill")),
        "session: whoever read it. skill: only what was read in the course of a skill that is active now.",
    )
    lasts: Text | None = declare(
        Choice(words=("session", "compaction")),
        "Until when what was read counts; session, if left out.",
    )


NAMES = Record(of=Names)


@value(frozen=True, slots=True, kw_only=True)
class Sections:
    """The rule sections that an organisation, a team or a profile may have."""

    at: Origin
    tools: Names | None = declare(NAMES, "The client's tools by name; `Search` stands for Grep and Glob.")
    files: Files | None = declare(Record(of=Files), "Files by path.")
    commands: Commands | None = declare(Record(of=Commands), "Programs and their sub-commands.")
    environment: Names | None = declare(NAMES, "Environment variables set or read, by name.")
    bash: Bash | None = declare(Record(of=Bash), "Limits of the Bash tool.")
    network: Network | None = declare(
        Record(of=Network), "Hosts: `example.com`, `*.example.com`, `host:443`."
    )
    mcp: Names | None = declare(NAMES, "MCP servers and tools: `server`, `server/tool`.")
    skills: Skills | None = declare(Record(of=Skills), "Skills by name, and whether they need an approval.")
    flow: Flow | None = declare(Record(of=Flow), "Private data, untrusted content and a way out.")
    agents: Names | None = declare(NAMES, "Sub-agents by type.")
    prompts: Names | None = declare(NAMES, "What is found in prompts, by catalogue id (`secret/*`).")
    findings: Names | None = declare(NAMES, "What is found anywhere else, by catalogue id (`secret/*`).")
    config: Names | None = declare(
        NAMES,
        "Settings that change under a session: user_settings, project_settings, local_settings, skills.",
    )
    permission_modes: tuple[Text, ...] = declare(
        Listed(of=Choice(words=PERMISSION_MODES)),
        "The client's permission modes that may be used.",
        default=(),
    )
    models: Models | None = declare(Record(of=Models), "Models, providers, regions and the endpoint.")
    sandbox: Text | None = declare(
        Choice(words=("required", "off")), "required: commands run inside the client's sandbox."
    )
    minimum_version: Text | None = declare(
        Word(what="a version", pattern=r"\d{1,6}\.\d{1,6}\.\d{1,6}", hint='three numbers: "2.1.295"'),
        "Oldest client that may be used.",
    )
    obligations: Obligations | None = declare(
        Record(of=Obligations), "What must be done along with an answer."
    )


PATHS = Listed(of=GLOB, single=True)


@value(frozen=True, slots=True, kw_only=True)
class Accesses:
    """Accesses described by what is done to what."""

    at: Origin
    read: tuple[Text, ...] = declare(PATHS, "Files read.", default=())
    write: tuple[Text, ...] = declare(PATHS, "Files written or deleted.", default=())
    execute: tuple[Text, ...] = declare(PATHS, "Files executed.", default=())
    run: tuple[Text, ...] = declare(PATHS, "Commands run.", default=())
    connect: tuple[Text, ...] = declare(PATHS, "Hosts connected to.", default=())
    variable: tuple[Text, ...] = declare(PATHS, "Environment variables set or read.", default=())
    tool: tuple[Text, ...] = declare(PATHS, "Tools called.", default=())
    mcp: tuple[Text, ...] = declare(PATHS, "MCP tools called.", default=())
    skill: tuple[Text, ...] = declare(PATHS, "Skills loaded.", default=())
    agent: tuple[Text, ...] = declare(PATHS, "Sub-agents spawned.", default=())


@value(frozen=True, slots=True, kw_only=True)
class InvariantText:
    """Something that no profile may ever allow."""

    at: Origin
    id: Text = declare(NAME, "Its name.", required=True)
    never: Accesses = declare(Record(of=Accesses), "The accesses that no profile may allow.", required=True)
    exempt: tuple[Text, ...] = declare(Listed(of=NAME, single=True), "Profiles it does not bind.", default=())
    because: Text | None = declare(SENTENCE, "Why.")


@value(frozen=True, slots=True, kw_only=True)
class ExampleText:
    """A tool call that a profile is expected to answer in one way."""

    at: Origin
    call: Text = declare(CALL, "The call, as the client shows it: Bash(git push).", required=True)
    rule: Text | None = declare(GLOB, "The rule that must be the strongest reason.")


EXAMPLES = Listed(of=Record(of=ExampleText, shorthand="call"))


@value(frozen=True, slots=True, kw_only=True)
class Examples:
    """Calls and the verdict they must get; checked whenever the policy compiles."""

    at: Origin
    allow: tuple[ExampleText, ...] = declare(EXAMPLES, "Must be allowed.", default=())
    ask: tuple[ExampleText, ...] = declare(EXAMPLES, "Must be asked.", default=())
    deny: tuple[ExampleText, ...] = declare(EXAMPLES, "Must be denied.", default=())


@value(frozen=True, slots=True, kw_only=True)
class AuditText:
    """How the audit log is kept."""

    at: Origin
    retention_days: int | None = declare(
        Number(what="a number of days", minimum=90, maximum=36_500),
        "Days that records are kept, 90 at least; 400 where nothing is said. Legal holds keep them longer.",
    )
    on_failure: Text | None = declare(
        Choice(words=("deny", "allow_and_mark")),
        "What a call gets whose record can't be written: deny (the default), or what policy says, with a mark in the log once it can be written again.",
    )
    payloads: Text | None = declare(
        Choice(words=("off", "sealed", "sealed_and_shipped")),
        "Whether tool inputs, tool outputs and prompts are kept whole beside their records, masked like everything: off (the default); sealed under the key of their person and month, on this machine alone; or so, and shipped to the collector with their records.",
    )
    fallback: Text | None = declare(
        Choice(words=("none", "relay")),
        "Who writes down what was stopped while the service is away: nobody (`none`, the default; the client stops the call all the same), or a relay, a small program that the client starts for each event in place of calling the service itself, at the price of some 20 ms.",
    )


@value(frozen=True, slots=True, kw_only=True)
class ApproverText:
    """Who may approve skills."""

    at: Origin
    name: Text = declare(WHO, "The account of whoever signs.", required=True)
    key: Text = declare(
        Word(
            what="a public key",
            pattern=r"ed25519:[A-Za-z0-9+/]{43}=",
            hint="`bailiwick skill key FILE` prints it: ed25519:...=",
        ),
        "Their public key.",
        required=True,
    )
    roles: tuple[Text, ...] = declare(
        Listed(of=NAME, single=True), "Roles they may approve skills for; all if left out.", default=()
    )


SAMPLE = Word(what="a sample text")


@value(frozen=True, slots=True, kw_only=True)
class SampleTexts:
    """Texts that a class of data must be found in, and texts that it must not be found in."""

    at: Origin
    found: tuple[Text, ...] = declare(
        Listed(of=SAMPLE, single=True), "Texts in which it is found.", required=True
    )
    not_found: tuple[Text, ...] = declare(
        Listed(of=SAMPLE, single=True), "Look-alikes in which nothing of it is found.", required=True
    )


@value(frozen=True, slots=True, kw_only=True)
class DataClassText:
    """A class of data of your own; its findings are called `class/<name>`. One of `words`, `pattern`, `hashes`, `documents` says what it is."""

    at: Origin
    name: Text = declare(
        Word(
            what="a class's name",
            pattern=r"[a-z][a-z0-9]{0,15}(?:-[a-z0-9]{1,15}){0,2}",
            hint="up to three words of small letters and digits with dashes between them: project-names",
        ),
        "Its name.",
        required=True,
    )
    title: Text | None = declare(SENTENCE, "What a person reads of it.")
    words: tuple[Text, ...] = declare(
        Listed(of=Word(what="a word or phrase"), single=True),
        "Words and phrases, in whatever case and with up to three spaces or dashes between words.",
        default=(),
    )
    pattern: Text | None = declare(
        Word(what="a regular expression"),
        "A regular expression (Python's syntax, ASCII) that takes bounded time.",
    )
    hashes: tuple[Text, ...] = declare(
        Listed(
            of=Word(
                what="a hashed list",
                pattern=r"data/[A-Za-z0-9._-]+\.yaml",
                hint="a file of this repository: data/customers.yaml; `bailiwick dlp fingerprint` makes it",
            ),
            single=True,
        ),
        "Files with the hashes of exact values.",
        default=(),
    )
    documents: tuple[Text, ...] = declare(
        Listed(
            of=Word(
                what="a file of fingerprints",
                pattern=r"documents/[A-Za-z0-9._-]+\.yaml",
                hint="a file of this repository: documents/engine.yaml; `bailiwick dlp fingerprint --documents` makes it",
            ),
            single=True,
        ),
        "Files with the fingerprints of documents: source code, contracts.",
        default=(),
    )
    tier: Text | None = declare(
        Choice(words=("block", "redact")),
        "What a finding is good for: block (if left out) or redact.",
    )
    examples: SampleTexts = declare(
        Record(of=SampleTexts), "Texts of both kinds; checked whenever the policy compiles.", required=True
    )


@value(frozen=True, slots=True, kw_only=True)
class HashedListText:
    """data/*.yaml: hashes of exact values, made by `bailiwick dlp fingerprint`."""

    at: Origin
    salt: Text = declare(
        Word(what="a salt", pattern=r"[0-9a-f]{32,64}", hint="32 to 64 hexadecimal digits in quotes"),
        "The key of the hashes.",
        required=True,
    )
    shortest: int = declare(
        Number(what="a length", minimum=4, maximum=256),
        "Letters and digits of the shortest value.",
        required=True,
    )
    longest: int = declare(
        Number(what="a length", minimum=4, maximum=256),
        "Letters and digits of the longest value.",
        required=True,
    )
    parts: int = declare(
        Number(what="a number of words", minimum=1, maximum=8),
        "Words that a value has at most.",
        required=True,
    )
    hashes: tuple[Text, ...] = declare(
        Listed(of=Word(what="a hash", pattern=r"[0-9a-f]{32}", hint="32 hexadecimal digits in quotes")),
        "The hashes.",
        required=True,
    )


@value(frozen=True, slots=True, kw_only=True)
class DocumentsText:
    """documents/*.yaml: fingerprints of documents, made by `bailiwick dlp fingerprint --documents`."""

    at: Origin
    salt: Text = declare(
        Word(what="a salt", pattern=r"[0-9a-f]{32,64}", hint="32 to 64 hexadecimal digits in quotes"),
        "The key of the hashes.",
        required=True,
    )
    hashes: tuple[Text, ...] = declare(
        Listed(
            of=Word(what="a fingerprint", pattern=r"[0-9a-f]{16}", hint="16 hexadecimal digits in quotes")
        ),
        "The fingerprints.",
        required=True,
    )


@value(frozen=True, slots=True, kw_only=True)
class Organisation(Sections):
    """organisation.yaml: who this policy is of, and what holds for every profile."""

    organisation: Text = declare(
        Word(what="the organisation's name"), "The organisation's name.", required=True
    )
    contact: Text | None = declare(Word(what="a contact"), "Whom a person asks for an exception.")
    mode: Text | None = declare(MODE, "Mode of this file's rules, and of profiles that name none.")
    default_profile: Text | None = declare(NAME, "Profile of a user whom no role names; without it, none.")
    audit: AuditText | None = declare(Record(of=AuditText), "How the audit log is kept.")
    invariants: tuple[InvariantText, ...] = declare(
        Listed(of=Record(of=InvariantText)), "What no profile may ever allow.", default=()
    )
    data_classes: tuple[DataClassText, ...] = declare(
        Listed(of=Record(of=DataClassText)),
        "Classes of data of your own, beside secrets and personal data.",
        default=(),
    )
    example_keys: Text | None = declare(
        Choice(words=("ignore", "report")),
        "What placeholders and keys that issuers print in their documentation are: ignored (if left out), or findings.",
    )
    unmasked_output: Text | None = declare(
        Choice(words=("stop", "stop_failing", "record")),
        "What is done when the client has output for the model that policy masks and the client did not: the turn ends before the "
        "model gets it (`stop`, if left out; `stop_failing`: output of failing commands, which no client masks, ends it too), or "
        "that is recorded only.",
    )
    skill_approvers: tuple[ApproverText, ...] = declare(
        Listed(of=Record(of=ApproverText)), "Who may sign approvals of skills.", default=()
    )


@value(frozen=True, slots=True, kw_only=True)
class Profile(Sections):
    """profiles/*.yaml: what one kind of work may do."""

    profile: Text = declare(NAME, "The profile's name.", required=True)
    description: Text | None = declare(SENTENCE, "What it is for, in one sentence.")
    extends: tuple[Text, ...] = declare(
        Listed(of=NAME, single=True), "Profiles whose rules it takes over; its own come on top.", default=()
    )
    mode: Text | None = declare(MODE, "monitor, warn or enforce.")
    unattended: Text | None = declare(
        Choice(words=("deny", "ask")), "What ask becomes where nobody can answer; deny unless a host answers."
    )
    examples: Examples | None = declare(Record(of=Examples), "Calls and the verdict they must get.")


@value(frozen=True, slots=True, kw_only=True)
class Team(Sections):
    """teams/*.yaml: what holds for some profiles, on top of the organisation."""

    team: Text = declare(NAME, "The team's name.", required=True)
    description: Text | None = declare(SENTENCE, "What it is for, in one sentence.")
    profiles: tuple[Text, ...] = declare(
        Listed(of=NAME, single=True), "The profiles it narrows.", required=True
    )
    mode: Text | None = declare(MODE, "Mode of this file's rules.")


@value(frozen=True, slots=True, kw_only=True)
class Builtin(Sections):
    """The built-in layer, written in the same language."""

    description: Text | None = declare(SENTENCE, "What it is for, in one sentence.")


@value(frozen=True, slots=True, kw_only=True)
class RoleText:
    """Who may use which profiles."""

    at: Origin
    users: tuple[Text, ...] = declare(
        Listed(of=WHO, single=True), "Accounts of the operating system.", default=()
    )
    groups: tuple[Text, ...] = declare(Listed(of=WHO, single=True), "Directory or local groups.", default=())
    profiles: tuple[Text, ...] = declare(
        Listed(of=NAME, single=True), "Profiles they may use; the first is the one they get.", required=True
    )


@value(frozen=True, slots=True, kw_only=True)
class Roles:
    """roles.yaml: who may use which profiles."""

    at: Origin
    roles: tuple[tuple[Text, RoleText], ...] = declare(
        Table(name=NAME, of=Record(of=RoleText)), "Roles by name.", required=True
    )


WHEN = Word(
    what="a date or a time with its zone",
    pattern=r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d)?(?:[Zz]|[+-]\d\d:\d\d))?",
    hint="2027-03-31 (holds through that day, UTC) or 2027-03-31T18:00:00+02:00",
)


@value(frozen=True, slots=True, kw_only=True)
class ExceptionText:
    """An approved permission that expires."""

    at: Origin
    id: Text = declare(NAME, "Its name.", required=True)
    lifts: tuple[Text, ...] = declare(
        Listed(of=GLOB, single=True), "Rule ids it lifts (globs).", required=True
    )
    covers: Accesses | None = declare(
        Record(of=Accesses), "Only these accesses; without it, all that the rules stop."
    )
    users: tuple[Text, ...] = declare(Listed(of=WHO, single=True), "For these accounts.", default=())
    groups: tuple[Text, ...] = declare(Listed(of=WHO, single=True), "For these groups.", default=())
    approved_by: Text = declare(
        WHO, "The account of whoever approved it; never one of its users.", required=True
    )
    approved_on: Text = declare(WHEN, "When it was approved.", required=True)
    reason: Text = declare(SENTENCE, "Why it is needed.", required=True)
    ticket: Text = declare(Word(what="a ticket"), "Where the request is written down.", required=True)
    expires: Text = declare(WHEN, "When it ends; at most a year after approval.", required=True)


@value(frozen=True, slots=True, kw_only=True)
class Exceptions:
    """exceptions/*.yaml: approved permissions that expire."""

    at: Origin
    exceptions: tuple[ExceptionText, ...] = declare(
        Listed(of=Record(of=ExceptionText)), "The exceptions.", required=True
    )


@value(frozen=True, slots=True, kw_only=True)
class CaseText:
    """A tool call, the profile that judges it, and the verdict it must get."""

    at: Origin
    profile: Text = declare(NAME, "The profile.", required=True)
    call: Text = declare(CALL, "The call, as the client shows it: Bash(git push).", required=True)
    verdict: Text = declare(VERDICT, "allow, ask or deny.", required=True)
    rule: Text | None = declare(GLOB, "The rule that must be the strongest reason.")


@value(frozen=True, slots=True, kw_only=True)
class Cases:
    """tests/*.yaml: what `bailiwick policy test` runs."""

    at: Origin
    cases: tuple[CaseText, ...] = declare(Listed(of=Record(of=CaseText)), "The cases.", required=True)
