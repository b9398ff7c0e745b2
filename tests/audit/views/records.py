"""Records as the log holds them, one of each shape, for the tests of views and sinks."""

from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.views.logged import Logged

T0 = 1_792_000_000_123
BASE: dict[str, Any] = {
    "v": 1, "epoch": "e1", "time_ms": T0, "monotonic_us": 1, "host": "build-7", "salt": "5a" * 16, "user": "alice", "uid": 1000, "identity": "alice@example.com",
    "session": "s-1f2e3d", "client_session": "0b1c2d3e", "profile": "frontend", "project": "/w", "cwd": "/w",
    "event": "PreToolUse", "client_version": "2.1.330", "policy": "ab" * 32, "verdict": "allow", "enforced": "allow",
}  # fmt: skip
REASON = {
    "rule": "baseline.files.read_only.system.1", "origin": "profiles/baseline.yaml:29", "verdict": "deny",
    "message": "Machines are changed by configuration management only.", "instead": "ask", "mode": "enforce", "about": "write /etc/hosts",
}  # fmt: skip
DENIED = {"verdict": "deny", "enforced": "deny", "reasons": [REASON]}

SHAPES: dict[str, dict[str, Any]] = {
    "bash": {
        **BASE, "kind": Kind.TOOL_CALL, "tool": "Bash", "call_id": "toolu_1", "input": '{"command":"npm test"}', "input_bytes": 22,
        "accesses": [{"kind": "execute", "program": "/usr/bin/npm", "arguments": "test"}, {"kind": "call-tool", "name": "Bash"}],
    },
    "bash-denied": {
        **BASE, **DENIED, "kind": Kind.TOOL_CALL, "tool": "Bash", "call_id": "toolu_2",
        "input": '{"command":"echo \\"10.0.0.1 api\\" >> /etc/hosts | tee =x"}',
        "accesses": [{"kind": "write", "path": "/etc/hosts"}],
        "findings": [{"rule": "command/persistence", "confidence": "high", "message": "write /etc/hosts"}],
    },
    "bash-ended": {
        **BASE, "kind": Kind.TOOL_OUTCOME, "tool": "Bash", "call_id": "toolu_1", "outcome": "failed", "error": "exit 1",
        "duration_ms": 7_312, "input": '{"command":"npm test"}', "verdict": "abstain", "enforced": "abstain",
    },
    "read": {**BASE, "kind": Kind.TOOL_CALL, "tool": "Read", "call_id": "toolu_3", "input": '{"file_path":"/w/.env"}',
        "verdict": "deny", "accesses": [{"kind": "read", "path": "/w/.env"}]},
    "write": {**BASE, "kind": Kind.TOOL_CALL, "tool": "Write", "agent": "a-1", "agent_type": "reviewer", "skills": ["deploy"],
        "input": '{"content":"x","file_path":"/w/a.py"}', "accesses": [{"kind": "write", "path": "/w/a.py"}]},
    "fetch": {**BASE, "kind": Kind.TOOL_CALL, "tool": "WebFetch", "input": '{"url":"http://webhook.site/collect?a=b"}',
        "verdict": "ask", "enforced": "ask", "accesses": [{"kind": "connect", "host": "webhook.site", "port": 80}]},
    "mcp": {**BASE, "kind": Kind.TOOL_CALL, "tool": "mcp__jira__create", "server": "jira", "input": "{}"},
    "prompt": {**BASE, "kind": Kind.PROMPT, "text": "please fix | the test\nnow", "text_bytes": 19},
    "session": {**BASE, "kind": Kind.SESSION_START, "text": "startup"},
    "reload": {"kind": Kind.POLICY_RELOAD, "time_ms": T0, "host": "build-7", "salt": "5a" * 16, "epoch": "e1", "text": "policy read"},
    "alarm": {"kind": Kind.ALARM, "time_ms": T0, "host": "", "salt": "5a" * 16, "epoch": "e1", "text": "hooks were removed"},
    "detection": {
        **BASE, "kind": Kind.DETECTION, "rule": "credential_read", "level": "high", "text": "A credential file was read",
        "techniques": ["T1552.001", "AML.T0098"], "evidence": ["e1-4", "e1-9"],
    },
    "damaged": {"kind": "unreadable"},
}  # fmt: skip


def logged(shape: dict[str, Any], index: int = 41) -> Logged:
    return Logged(index=index, leaf=bytes(range(32)), record={"seq": index, **shape})
