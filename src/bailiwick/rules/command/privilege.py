"""A program would run as another account: ``sudo``, ``su``, ``doas``, ``pkexec``, ``run0``."""

from collections.abc import Iterator

from bailiwick.model.access import Finding
from bailiwick.rules.rule import Evidence, Rule, Severity

_CHANGERS = frozenset(("sudo", "su", "doas", "pkexec", "run0", "sudoedit", "runuser", "gosu", "su-exec"))


def _find(evidence: Evidence) -> Iterator[Finding]:
    me = evidence.request.principal.user
    for _, access, program in evidence.programs():
        if program.as_user is not None and program.as_user != me:
            message = f"{program.name} would run as {program.as_user}"
        elif program.name in _CHANGERS:
            message = f"{program.name} changes the account"
        else:
            continue
        yield Finding(rule=RULE.id, message=message, field="tool_input.command", cause=access.cause)


RULE = Rule(id="command/privilege", title="Command as another account", severity=Severity.HIGH, find=_find)
