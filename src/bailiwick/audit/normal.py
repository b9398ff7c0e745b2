"""A record as flat rows for detection rules, in the field names of the Sigma taxonomy and of Claude Code's telemetry.

A call gives one row for itself, a shell's line one for the shell, and one for each thing that analysis found it would do: a program run is ``process_creation``, a write
``file_event``, a read ``file_access``, a deletion ``file_delete``, a connection ``network_connection``. So a rule written for Linux
processes sees each command inside a line, without quotes, wrappers and heredocs, and a rule written for the client sees the call.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.views.logged import Logged
from bailiwick.audit.wording import items_of, number_of, summary, text_of, words_of

Row = dict[str, str | int]

MOST = 128
"""Accesses of a record that rows are made of."""

_CALLS = frozenset((Kind.TOOL_CALL, Kind.PERMISSION_ASKED))
_PATHS = {"write": "file_event", "delete": "file_delete", "read": "file_access"}
_SILENT = frozenset((Kind.DETECTION, Kind.LOG_READ, Kind.HEARTBEAT))
"""Records that rules don't see: what they themselves caused, and what says nothing."""

FIELDS = (
    "Category", "Kind", "User", "Computer", "Session", "ClientSession", "Agent", "AgentType", "Skill", "Trigger", "Profile", "Project",
    "PermissionMode", "CurrentDirectory", "Tool", "Server", "CallId", "Verdict", "Enforced", "ApprovedBy", "Rules", "Opaque", "Outcome",
    "Image", "CommandLine", "ParentImage", "ParentCommandLine", "TargetFilename", "DestinationHostname", "DestinationPort", "Text",
    "FirstSeenPath", "FirstSeenHost", "EarlierCalls", "DenialsToday", "DenialsZ", "event.name", "tool_name", "tool_input", "decision",
)  # fmt: skip
"""Every field of a row; those that don't apply are absent."""


def rows_of(logged: Logged, labels: Mapping[str, str | int] | None = None) -> Iterator[Row]:
    """The rows of a record, its own first. ``labels`` is what was found out about it from the log before it."""
    if logged.kind in _SILENT:
        return
    record = logged.record
    common = _common(logged)
    common.update(labels or {})
    accesses = items_of(record, "accesses")[:MOST]
    own: Row = {**common, "Category": "tool_call" if logged.kind in _CALLS else _category(logged)}
    if logged.command:
        own["CommandLine"] = logged.command
    if logged.path:
        own["TargetFilename"] = logged.path
    if hosts := [text_of(item, "host") for item in accesses if text_of(item, "host")]:
        own["DestinationHostname"] = hosts[0]
    yield own
    if logged.kind in _CALLS:
        if logged.command:
            # The process that the client itself starts; rules for whole lines, with their pipes, look at it.
            shell: Row = {"Image": "/bin/bash", "CommandLine": f"/bin/bash -c {logged.command}"}
            yield {**common, **shell, "Category": "process_creation"}
        for item in accesses:
            yield from _done(item, common, logged.command)


def _category(logged: Logged) -> str:
    return "tool_result" if logged.kind == Kind.TOOL_OUTCOME else "event"


def _done(item: Mapping[str, Any], common: Row, command: str) -> Iterator[Row]:
    kind = text_of(item, "kind")
    within: Row = {**common, "CommandLine": command} if command else common
    if program := text_of(item, "program"):
        arguments = text_of(item, "arguments")
        image = program if program.startswith("/") else f"/usr/bin/{program}"
        line = f"{program} {arguments}".rstrip()
        ran: Row = {"TargetFilename": program} if program.startswith("/") else {}
        yield {
            **common,
            **ran,
            "Category": "process_creation",
            "Image": image,
            "CommandLine": line,
            "ParentCommandLine": command,
        }
    elif path := text_of(item, "real") or text_of(item, "path"):
        yield {**within, "Category": _PATHS.get(kind, "file_access"), "TargetFilename": path}
    elif host := text_of(item, "host"):
        row: Row = {**within, "Category": "network_connection", "DestinationHostname": host}
        if (port := number_of(item, "port")) is not None:
            row["DestinationPort"] = port
        yield row


def _common(logged: Logged) -> Row:
    record = logged.record
    rules = [text_of(item, "rule") for name in ("reasons", "findings") for item in items_of(record, name)]
    named = {
        "Kind": logged.kind,
        "User": text_of(record, "user"),
        "Computer": text_of(record, "host"),
        "Session": text_of(record, "session"),
        "ClientSession": text_of(record, "client_session"),
        "Agent": text_of(record, "agent"),
        "AgentType": text_of(record, "agent_type"),
        "Skill": " ".join(words_of(record, "skills")),
        "Trigger": text_of(record, "trigger"),
        "Profile": text_of(record, "profile"),
        "Project": text_of(record, "project"),
        "PermissionMode": text_of(record, "permission_mode"),
        "CurrentDirectory": text_of(record, "cwd"),
        "Tool": logged.tool,
        "Server": text_of(record, "server"),
        "CallId": text_of(record, "call_id"),
        "Verdict": text_of(record, "verdict"),
        "Enforced": logged.verdict,
        "ApprovedBy": text_of(record, "approved_by"),
        "Rules": " ".join(dict.fromkeys(filter(None, rules))),
        "Opaque": "; ".join(words_of(record, "opaque")),
        "Outcome": text_of(record, "outcome"),
        "ParentImage": "/usr/bin/claude" if logged.tool else "",
        "Text": text_of(record, "text") or summary(record),
        "event.name": "tool_decision" if logged.kind in _CALLS else logged.kind,
        "tool_name": logged.tool,
        "tool_input": text_of(record, "input"),
        "decision": {"deny": "reject", "allow": "accept"}.get(logged.verdict, ""),
    }
    return {name: value for name, value in named.items() if value}
