"""Roles: who may use which profile."""

import pytest

from bailiwick.administration.entitlement import NotEntitledError, profile_for, roles_of
from bailiwick.model.decision import Origin
from bailiwick.model.request import Principal
from bailiwick.policy.types import PolicySet, Role

AT = Origin(file="roles.yaml", line=1)
FRONTEND = Role(id="frontend", origin=AT, profiles=("web", "review"), groups=frozenset({"web"}))
INFRA = Role(
    id="infra", origin=AT, profiles=("cloud", "web"), groups=frozenset({"ops"}), users=frozenset({"eve"})
)
ALL = Role(id="all", origin=AT, profiles=("review",), users=frozenset({"*"}))


def who(user: str, *groups: str) -> Principal:
    return Principal(user=user, uid=1, groups=frozenset(groups))


@pytest.mark.parametrize(
    ("principal", "wanted", "profile"),
    [
        (who("ann", "web"), None, "web"),
        (who("ann", "web"), "review", "review"),
        (who("ann", "web", "ops"), None, "web"),
        (who("ann", "web", "ops"), "cloud", "cloud"),
        (who("eve"), None, "cloud"),
        (who("bob", "others"), None, "basic"),
        (who("bob"), "basic", "basic"),
    ],
)
def test_entitled(principal: Principal, wanted: str | None, profile: str) -> None:
    policies = PolicySet(policies={}, roles=(FRONTEND, INFRA), default_profile="basic")
    assert profile_for(policies, principal, wanted) == profile


@pytest.mark.parametrize(
    ("principal", "wanted", "said"),
    [
        (who("ann", "web"), "cloud", "allowed: web, review"),
        (who("ann", "web"), "basic", "allowed: web, review"),
        (who("bob"), "web", "allowed: basic"),
        (who("web"), "web", "allowed: basic"),
    ],
)
def test_not_entitled(principal: Principal, wanted: str, said: str) -> None:
    policies = PolicySet(policies={}, roles=(FRONTEND, INFRA), default_profile="basic")
    with pytest.raises(NotEntitledError, match=said) as raised:
        profile_for(policies, principal, wanted)
    assert "roles.yaml" in str(raised.value)


def test_without_role_and_default_nobody_is_let_in() -> None:
    with pytest.raises(NotEntitledError, match=r"add the account or one of its groups to roles\.yaml"):
        profile_for(PolicySet(policies={}, roles=(FRONTEND,)), who("bob"))


def test_a_role_for_everybody() -> None:
    policies = PolicySet(policies={}, roles=(FRONTEND, ALL))
    assert profile_for(policies, who("uid:4711")) == "review"
    assert [role.id for role in roles_of(policies, who("ann", "web"))] == ["frontend", "all"]
