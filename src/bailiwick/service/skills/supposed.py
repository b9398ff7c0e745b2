"""What would be known of skills if some were active: for explaining and deciding calls outside of a session."""

import time
from collections.abc import Sequence
from pathlib import Path

from bailiwick.administration.entitlement import roles_of
from bailiwick.decision.skills import plain_name
from bailiwick.information.approvals import ActiveSkill, SkillEvidence
from bailiwick.model.request import Principal
from bailiwick.policy.types import Policy, PolicySet
from bailiwick.service.skills.copies import Copies, Where
from bailiwick.service.skills.lock_file import LockFile
from bailiwick.service.skills.view import RequestSkills


class SupposedError(Exception):
    """Why nothing can be supposed."""


def supposed(  # noqa: PLR0913 - all that one look needs
    names: Sequence[str],
    *,
    directory: Path,
    policies: PolicySet,
    policy: Policy,
    who: Principal,
    project: str,
    cwd: str,
) -> RequestSkills | None:
    """The view of a request under ``names``, the last of them called last; None where no name is given.

    A skill that is installed is held to the approval of its bytes as they are, another to the latest of its name. Raises
    ``SupposedError`` where the profile holds no skill to an approval, and where one has none and isn't installed.
    """
    if not names:
        return None
    if not policy.skills.requirements:
        raise SupposedError(
            f"profile {policy.profile} holds no skill to an approval (`skills: {{require: approval}}`), so a skill changes nothing"
        )
    now = int(time.time())
    roles = frozenset(role.id for role in roles_of(policies, who))
    approvals = LockFile(directory).approvals(policies.approvers, now).for_roles(roles, now)
    copies = Copies()
    where = Where(project=project, cwd=cwd, configurations=(f"{who.home}/.claude",))
    active = []
    for name in names:
        found = copies.named(name, where).copies
        if not found and not approvals.by_name.get(plain_name(name)):
            held = ", ".join(sorted(approvals.by_name)) or approvals.problem or "none"
            raise SupposedError(
                f"there is no skill {name!r} here and no approval of one for {who.user}; approved: {held}"
            )
        active.append(ActiveSkill(name=name, places=tuple((copy.root, copy.digest) for copy in found)))
    return RequestSkills(
        copies=copies,
        approvals=approvals,
        where=where,
        base=SkillEvidence(approvals=approvals, active=tuple(active)),
    )
