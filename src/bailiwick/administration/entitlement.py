"""Which profiles a person may use: roles applied to an account and its groups."""

from bailiwick.model.request import Principal
from bailiwick.policy.types import PolicySet, Role


class NotEntitledError(Exception):
    """The person may not use the profile; the message says which they may use."""


def roles_of(policies: PolicySet, principal: Principal) -> tuple[Role, ...]:
    """The roles that name the account or one of its groups, in the order of the policy."""
    return tuple(
        role
        for role in policies.roles
        if principal.user in role.users or principal.groups & role.groups or "*" in role.users
    )


def profile_for(policies: PolicySet, principal: Principal, wanted: str | None = None) -> str:
    """The profile a new session gets: ``wanted`` if the person's roles allow it, else the first they allow.

    A person without a role gets the policy's default profile and nothing else. Raises ``NotEntitledError``.
    """
    allowed = [name for role in roles_of(policies, principal) for name in role.profiles]
    if not allowed and policies.default_profile:
        allowed = [policies.default_profile]
    if not allowed:
        raise NotEntitledError(
            f"{principal.user} has no role in this policy and it names no default_profile; "
            f"add the account or one of its groups to roles.yaml"
        )
    if wanted is None:
        return allowed[0]
    if wanted not in allowed:
        choice = ", ".join(dict.fromkeys(allowed))
        raise NotEntitledError(
            f"{principal.user} may not use profile {wanted!r}; allowed: {choice}; "
            f"ask the owner of roles.yaml for a role that lists it"
        )
    return wanted
