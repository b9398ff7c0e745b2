"""A program would run as another account: ``sudo``, ``su``, ``doas``, ``pkexec``, ``run0``."""

from collections.abc import Iterator

from bailiwick.model.access import Access, Finding
from bailiwick.rules.rule import Evidence, Rule, Severity

_CHANGERS = frozenset(("sudo", "su", "doas", "pkexec", "run0", "sudoedit", "runuser", "gosu", "su-exec"))


def _find(evidence: Evidence) -> Iterator[Finding]:
    """One finding per account; the program that changes it is named only where what it runs isn't known."""
    me = evidence.request.principal.user
    accounts: set[str] = set()
    changed: list[tuple[str, Access]] = []
    for _, access, program in evidence.programs():
        if program.name in _CHANGERS:
            changed.append((program.name, access))
        elif program.as_user is not None and program.as_user != me and program.as_user not in accounts:
            accounts.add(program.as_user)
            yield _finding(f"{program.name} would run as {program.as_user}", access)
    if not accounts:
        for name, access in changed[:1]:
            yield _finding(f"{name} changes the account", access)


def _finding(message: str, access: Access) -> Finding:
    return Finding(rule=RULE.id, message=message, field="tool_input.command", cause=access.cause)


RULE = Rule(id="command/privilege", title="Command as another account", severity=Severity.HIGH, find=_find)
