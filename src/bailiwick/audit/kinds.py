"""The catalogue of what the audit trail records, declared once; the reference page is generated from it."""

from enum import StrEnum

from bailiwick.model.value import value


class Kind(StrEnum):
    """The kind of a record."""

    TOOL_CALL = "tool-call"
    TOOL_OUTCOME = "tool-outcome"
    TOOL_BATCH = "tool-batch"
    PERMISSION_ASKED = "permission-asked"
    PERMISSION_ANSWERED = "permission-answered"
    PROMPT = "prompt"
    PROMPT_EXPANSION = "prompt-expansion"
    SESSION_START = "session-start"
    SESSION_END = "session-end"
    AGENT_START = "agent-start"
    AGENT_STOP = "agent-stop"
    CONFIG_CHANGE = "config-change"
    MODEL_SWITCH = "model-switch"
    NOTICE = "notice"
    REFUSED_INPUT = "refused-input"
    SERVICE_START = "service-start"
    SERVICE_STOP = "service-stop"
    POLICY_RELOAD = "policy-reload"
    POLICY_REFUSED = "policy-refused"
    ADMIN_ACTION = "admin-action"
    LOG_READ = "log-read"
    WITNESSED = "witnessed"
    SHIPPED = "shipped"
    EVIDENCE_EXPORTED = "evidence-exported"
    RETENTION_CHANGED = "retention-changed"
    PURGED = "purged"
    HOLD_PLACED = "hold-placed"
    HOLD_RELEASED = "hold-released"
    KEY_DESTROYED = "key-destroyed"
    HEARTBEAT = "heartbeat"
    AUDIT_GAP = "audit-gap"
    FALLBACK = "fallback"
    CLOCK_STEP = "clock-step"
    ALARM = "alarm"
    DRIFT = "drift"
    DETECTION = "detection"
    UNRECORDED_CALL = "unrecorded-call"
    SKILL_DISAGREEMENT = "skill-disagreement"


@value(frozen=True, slots=True, kw_only=True)
class KindEntry:
    """What a kind of record means, and whether it carries a decision."""

    kind: Kind
    meaning: str
    decided: bool = False


KINDS: tuple[KindEntry, ...] = (
    KindEntry(kind=Kind.TOOL_CALL, meaning="A tool was about to run; what it would have done and what was decided.", decided=True),
    KindEntry(kind=Kind.TOOL_OUTCOME, meaning="A tool ran: whether it failed, how long it took, how much it returned.", decided=True),
    KindEntry(kind=Kind.TOOL_BATCH, meaning="The calls of one message were dealt with; one that the client refused by itself got a tool-call record then."),
    KindEntry(kind=Kind.PERMISSION_ASKED, meaning="The client was about to ask a person whether a tool may run.", decided=True),
    KindEntry(kind=Kind.PERMISSION_ANSWERED, meaning="A person was asked whether a tool may run, and it ran or didn't; `approved_by` says which."),
    KindEntry(kind=Kind.PROMPT, meaning="A person or a host program submitted a prompt.", decided=True),
    KindEntry(kind=Kind.PROMPT_EXPANSION, meaning="A typed slash command or MCP prompt was about to be expanded.", decided=True),
    KindEntry(kind=Kind.SESSION_START, meaning="A session was opened, or began in the client, was resumed, cleared, compacted or forked.", decided=True),
    KindEntry(kind=Kind.SESSION_END, meaning="A session ended."),
    KindEntry(kind=Kind.AGENT_START, meaning="A sub-agent began.", decided=True),
    KindEntry(kind=Kind.AGENT_STOP, meaning="A sub-agent ended."),
    KindEntry(kind=Kind.CONFIG_CHANGE, meaning="Settings or skills changed under a running session.", decided=True),
    KindEntry(kind=Kind.MODEL_SWITCH, meaning="The model was about to change or changed.", decided=True),
    KindEntry(kind=Kind.NOTICE, meaning="Any other event of the client, known by name or not, recorded whole."),
    KindEntry(kind=Kind.REFUSED_INPUT, meaning="Something reached the service that isn't a readable, authenticated event; it was refused."),
    KindEntry(kind=Kind.SERVICE_START, meaning="The endpoint service started."),
    KindEntry(kind=Kind.SERVICE_STOP, meaning="The endpoint service stopped in order; a start without it follows a crash."),
    KindEntry(kind=Kind.POLICY_RELOAD, meaning="A policy that compiles replaced the one before."),
    KindEntry(kind=Kind.POLICY_REFUSED, meaning="A policy that doesn't compile was offered; the one before stays."),
    KindEntry(kind=Kind.ADMIN_ACTION, meaning="An administrator did something through Bailiwick."),
    KindEntry(kind=Kind.LOG_READ, meaning="Somebody read, searched or exported the log: who, and what was looked for."),
    KindEntry(kind=Kind.WITNESSED, meaning="A witness cosigned a checkpoint of this log."),
    KindEntry(kind=Kind.SHIPPED, meaning="A collector acknowledged this log up to some entry; at most once an hour."),
    KindEntry(kind=Kind.EVIDENCE_EXPORTED, meaning="An evidence pack was made: for which period, by whom."),
    KindEntry(kind=Kind.RETENTION_CHANGED, meaning="How records are kept was set or changed: for how long, and whether payloads are shipped."),
    KindEntry(kind=Kind.PURGED, meaning="Entries past their retention were removed; their hashes stay, so proofs still hold."),
    KindEntry(kind=Kind.HOLD_PLACED, meaning="A legal hold was placed: what it pins can't be removed."),
    KindEntry(kind=Kind.HOLD_RELEASED, meaning="A legal hold was released."),
    KindEntry(kind=Kind.KEY_DESTROYED, meaning="Data keys were destroyed: what they sealed can't be read any more, by anybody."),
    KindEntry(kind=Kind.HEARTBEAT, meaning="The service is alive though nothing happened; makes silence visible."),
    KindEntry(kind=Kind.AUDIT_GAP, meaning="Records could not be written for a while; says how many answers that concerned."),
    KindEntry(kind=Kind.FALLBACK, meaning="The service didn't answer a hook; the relay stopped the call by itself and kept this until the service was back."),
    KindEntry(kind=Kind.CLOCK_STEP, meaning="The wall clock stepped against the monotonic clock; by how much."),
    KindEntry(kind=Kind.ALARM, meaning="The service noticed that something is wrong with enforcement itself."),
    KindEntry(kind=Kind.DRIFT, meaning="A command in the sandbox did what analysis did not foresee, or made what policy lets nobody make."),
    KindEntry(kind=Kind.DETECTION, meaning="A detection rule matched what is in the log; names the rule and the records that it rests on."),
    KindEntry(kind=Kind.UNRECORDED_CALL, meaning="Another source saw a tool call that no hook reported, or the other way about."),
    KindEntry(kind=Kind.SKILL_DISAGREEMENT, meaning="The client's transcript or telemetry names a skill that the log doesn't: as the one behind a call, or as loaded."),
)  # fmt: skip
