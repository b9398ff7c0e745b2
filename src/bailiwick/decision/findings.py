"""Whether what a rule says beside the id of a finding holds: its tier, which way it goes, and to whom."""

from bailiwick.model.access import AccessKind, Facts, Finding, HostTarget
from bailiwick.model.event import Happening, PermissionAsked, ToolCall, ToolResult
from bailiwick.model.glob import name_glob
from bailiwick.policy.types import Condition, FindingCondition


def fits(condition: Condition, finding: Finding, happening: Happening, facts: Facts) -> bool:
    """Whether ``condition``, whose id glob matches ``finding``, holds of it in this event."""
    if not isinstance(condition, FindingCondition) or condition.plain:
        return True
    if condition.tier is not None and finding.tier is not condition.tier:
        return False
    if condition.direction == "input" and not isinstance(happening, ToolCall | PermissionAsked):
        return False
    if condition.direction == "output" and not isinstance(happening, ToolResult):
        return False
    if condition.to is None and condition.beyond is None:
        return True
    hosts = [
        access.target.host
        for access in facts.accesses
        if access.kind is AccessKind.CONNECT and isinstance(access.target, HostTarget)
    ]
    if condition.to is not None:
        glob = name_glob(condition.to)
        return any(glob.matches(host) for host in hosts)
    glob = name_glob(condition.beyond or "")
    return not hosts or not all(glob.matches(host) for host in hosts)
