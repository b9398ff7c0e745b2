"""What would be known of skills if some were active: for explaining, deciding and replaying calls outside of a session."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bailiwick.administration.entitlement import roles_of
from bailiwick.administration.recorded import Recorded
from bailiwick.administration.simulate import SkillsOf
from bailiwick.decision.skills import plain_name
from bailiwick.information.approvals import ActiveSkill, Needs, SkillEvidence, SkillView
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

    A skill that is installed is held to the approval of its bytes as they are, another to the latest of its name. Who asks about
    a profile that no role gives them asks for those to whom one does. Raises
    ``SupposedError`` where the profile holds no skill to an approval, and where one has none and isn't installed.
    """
    if not names:
        return None
    if not policy.skills.requirements:
        raise SupposedError(
            f"profile {policy.profile} holds no skill to an approval (`skills: {{require: approval}}`), so a skill changes nothing"
        )
    now = int(time.time())
    approvals = (
        LockFile(directory).approvals(policies.approvers, now).for_roles(_roles(policies, policy, who), now)
    )
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


def _roles(policies: PolicySet, policy: Policy, who: Principal) -> frozenset[str]:
    """The roles whose approvals count: of the person, or of those who have the profile where the person hasn't."""
    own = roles_of(policies, who)
    given = () if any(policy.profile in role.profiles for role in own) else policies.roles
    return frozenset(role.id for role in (*own, *(r for r in given if policy.profile in r.profiles)))


@dataclass(frozen=True, slots=True)
class _Known:
    """``SkillView`` of a call that was made elsewhere: its skills as recorded, and no look at this disk."""

    base: SkillEvidence

    def evidence(self, _needs: Needs) -> SkillEvidence:
        return self.base


def as_recorded(directories: Mapping[str, Path], now: int) -> SkillsOf:
    """What a replay is told of skills: those of the record, each held to the latest approval of its name.

    ``directories`` are the policy repositories by revision. A skill that isn't approved would not have been loaded, so all that
    was done in its course is denied. Groups aren't recorded: the roles are those of the person and of the profile.
    """
    locks = {revision: LockFile(directory) for revision, directory in directories.items()}

    def known(policies: PolicySet, policy: Policy, call: Recorded) -> SkillView | None:
        if not call.skills or not policy.skills.requirements:
            return None
        roles = _roles(policies, policy, Principal(user=call.user, uid=-1))
        approvals = locks[policies.revision].approvals(policies.approvers, now).for_roles(roles, now)
        active = tuple(ActiveSkill(name=name) for name in call.skills)
        return _Known(SkillEvidence(approvals=approvals, active=active))

    return known
