"""The examples that a rule carries, as records made the way real ones are: parsed, analysed, noticed by rules, redacted.

An example is a list of events. An event names a tool with what it is given (`Bash: cat ~/.aws/credentials`, `Read: /etc/hosts`), or a kind of
record (`kind: config-change`) with its text; beside it may stand `at` (seconds), `user`, `session`, `verdict`, `project`, `labels` and any field of a record.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bailiwick.administration.place import NoFiles
from bailiwick.analysis.tools import analyze
from bailiwick.audit.normal import Row, rows_of
from bailiwick.audit.record import Stamp
from bailiwick.audit.recording import record_of
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.views.logged import Logged
from bailiwick.decision.detect import detect
from bailiwick.enforcement.claude_code import parse_event
from bailiwick.model.request import Principal, Request, Session
from bailiwick.service.detection.engine import Engine
from bailiwick.service.detection.rules import DetectionRule

_GIVEN = {
    "Bash": "command",
    "Read": "file_path",
    "Write": "file_path",
    "Edit": "file_path",
    "WebFetch": "url",
    "Grep": "pattern",
    "Skill": "skill",
}
_ASIDE = frozenset(("at", "user", "session", "verdict", "project", "labels", "input", "kind"))
T0 = 1_792_000_000_000


def wrong_with(rule: DetectionRule, rules: tuple[DetectionRule, ...]) -> Iterator[str]:
    """What is wrong with a rule by its own examples: what it misses, what it takes for something else, that it has none."""
    for kind, expected in (("positive", True), ("negative", False)):
        examples = rule.examples.get(kind) or []
        if not examples:
            yield f"it has no {kind} example"
        for number, example in enumerate(examples, start=1):
            if matches(rule, rules, example) != expected:
                yield f"{kind} example {number} {'is missed' if expected else 'matches'}"


def matches(
    rule: DetectionRule,
    rules: tuple[DetectionRule, ...],
    example: list[Mapping[str, Any]] | Mapping[str, Any],
) -> bool:
    """Whether a rule matches an example."""
    engine = Engine([one for one in rules if one.id == rule.id])
    try:
        events = example if isinstance(example, list) else [example]
        rows = [
            row for number, event in enumerate(repeated(events)) for row in rows_of_example(event, number)
        ]
        return bool(engine.feed(rows))
    finally:
        engine.close()


def repeated(events: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The events, one with ``times`` as often, ``%`` in its texts being the number."""
    for event in events:
        for number in range(int(event.get("times", 1))):
            yield {
                name: value.replace("%", str(number)) if isinstance(value, str) else value
                for name, value in event.items()
                if name != "times"
            }


def rows_of_example(event: Mapping[str, Any], place: int) -> list[tuple[int, float, Row]]:
    """The rows of one event of an example."""
    record = record_of_example(event, place)
    logged = Logged(index=place, leaf=b"", record=record)
    return [(place, record["time_ms"] / 1_000, row) for row in rows_of(logged, event.get("labels"))]


def record_of_example(event: Mapping[str, Any], place: int) -> dict[str, Any]:
    """The fields of the record of one event of an example."""
    user, project = str(event.get("user", "dev")), str(event.get("project", "/home/dev/app"))
    fixed = {
        "time_ms": T0 + int(event.get("at", place)) * 1_000,
        "verdict": event.get("verdict", "allow"),
        "enforced": event.get("verdict", "allow"),
        "session": str(event.get("session", "s-1")),
    }
    extra = {name: value for name, value in event.items() if name not in _ASIDE and name[0].islower()}
    if "kind" in event:
        return {"kind": event["kind"], "user": user, "host": "laptop", "project": project, **fixed, **extra}
    tool = next(name for name in event if name[0].isupper() or name.startswith("mcp__"))
    given = event.get("input") or {_GIVEN.get(tool, "input"): event[tool]}
    hook = {
        "hook_event_name": "PreToolUse",
        "session_id": "c-1",
        "cwd": project,
        "tool_name": tool,
        "tool_input": {"content": ""} | given if tool == "Write" else given,
        "tool_use_id": f"toolu_{place}",
    }
    parsed = parse_event(orjson.dumps(hook))
    request = Request(
        principal=Principal(user=user, uid=1000, home=f"/home/{user}"),
        event=parsed,
        session=Session(
            key="s-1", profile="developer", project=project, environment=(("HOME", f"/home/{user}"),)
        ),
        now=int(time.time()),
    )
    facts = detect(request, analyze(request, NoFiles()))
    stamp = Stamp(wall_ms=T0, monotonic_ns=0, host="laptop", salt="00" * 16)
    return {**record_of(request, facts, None, stamp, Redactor(b"examples")).fields(), **fixed, **extra}
