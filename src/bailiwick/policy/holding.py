"""What files say of how skills are held and of how data may flow, from every layer to one policy. Layers only narrow."""

from base64 import b64decode
from collections.abc import Sequence

from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy import conditions
from bailiwick.policy.errors import Problems, did_you_mean
from bailiwick.policy.shapes import Text
from bailiwick.policy.syntax import ApproverText, Flow, Sections, Skills
from bailiwick.policy.types import (
    Approver,
    FlowRule,
    HostCondition,
    Lasting,
    NameCondition,
    PathCondition,
    SkillFork,
    SkillPolicy,
    SkillRequirement,
)

Named = Sequence[tuple[str, Sections, Mode | None]]
"""Layers by name, widest first: what each says, and the mode of its rules where it names one."""


def skill_policy(layers: Named) -> SkillPolicy:
    """How skills are held: whoever requires an approval, or a fork, is heard; the longest time and fewest markets hold."""
    said = [(name, one.skills) for name, one, _ in layers if one.skills is not None]
    markets = [
        {text.text for text in skills.marketplaces} for _, skills in said if skills.marketplaces is not None
    ]
    lasting = [Lasting(skills.active.text) for _, skills in said if skills.active is not None]
    return SkillPolicy(
        requirements=tuple(_requirement(name, skills) for name, skills in said if _requires(skills)),
        forks=tuple(one for name, skills in said for one in _forks(name, skills)),
        active=max(lasting, key=tuple(Lasting).index, default=Lasting.SESSION),
        marketplaces=tuple(sorted(set.intersection(*markets))) if markets else None,
    )


def _requires(skills: Skills) -> bool:
    return skills.require is not None and skills.require.text == "approval"


def _requirement(name: str, skills: Skills) -> SkillRequirement:
    at = skills.require.at if skills.require is not None else skills.at
    bundled = tuple(text.text for text in skills.bundled)
    return SkillRequirement(id=f"{name}.skills.require", origin=at, bundled=bundled)


def _forks(name: str, skills: Skills) -> list[SkillFork]:
    return [
        SkillFork(
            id=f"{name}.skills.fork.{number if entry.id is None else entry.id.text}",
            origin=glob.at,
            name=glob.text,
            because="" if entry.because is None else entry.because.text,
        )
        for number, entry in enumerate(skills.fork, 1)
        for glob in entry.match
    ]


_VERDICTS = {"allow": Verdict.ALLOW, "ask": Verdict.ASK, "deny": Verdict.DENY}


def flow_rules(layers: Named, problems: Problems) -> tuple[FlowRule, ...]:
    """What each layer says of private data, untrusted content and egress; each is asked by itself."""
    rules = [(name, one.flow, mode) for name, one, mode in layers if one.flow is not None]
    return tuple(_flow(name, flow, mode, problems) for name, flow, mode in rules)


def _flow(name: str, flow: Flow, mode: Mode | None, problems: Problems) -> FlowRule:
    declassified = tuple(text for entry in flow.declassify for text in entry.match)
    return FlowRule(
        id=f"{name}.flow.meet",
        origin=flow.meet.verdict.at,
        verdict=_VERDICTS[flow.meet.verdict.text],
        private=_places(flow.private, problems),
        trusted=_peers(flow.trusted, problems),
        declassified=_peers(declassified, problems),
        within="session" if flow.within is None else flow.within.text,
        lasts=Lasting.SESSION if flow.lasts is None else Lasting(flow.lasts.text),
        because="" if flow.meet.because is None else flow.meet.because.text,
        mode=mode if flow.meet.mode is None else Mode(flow.meet.mode.text),
    )


def _places(texts: Sequence[Text], problems: Problems) -> tuple[str, ...]:
    """File globs and MCP tools. A file is told by a slash or a ``~`` in front."""
    found: list[str] = []
    for text in texts:
        if text.text.startswith(("/", "~", "${project}", "**/")):
            read = conditions.files(conditions.READ)(text, problems)
        else:
            read = conditions.mcp(text, problems)
        for one in read:
            match one:
                case PathCondition(glob=glob):
                    found.append(glob)
                case NameCondition(name=tool):
                    found.append(tool)
                case _:
                    pass
    return tuple(found)


def _peers(texts: Sequence[Text], problems: Problems) -> tuple[str, ...]:
    """Hosts and MCP tools. A host is told by its dot or port."""
    found: list[str] = []
    for text in texts:
        if text.text.startswith("mcp__") or not set(text.text) & {".", ":"}:
            read = conditions.mcp(text, problems)
        else:
            read = conditions.host(text, problems)
        for one in read:
            match one:
                case HostCondition(host=host, port=port):
                    found.append(host if port is None else f"{host}:{port}")
                case NameCondition(name=tool):
                    found.append(tool)
                case _:
                    pass
    return tuple(found)


def approvers(
    texts: Sequence[ApproverText], roles: frozenset[str], problems: Problems
) -> tuple[Approver, ...]:
    """Who may sign approvals; a role that doesn't exist is a mistake, and so is one key for two people."""
    seen: dict[str, object] = {}
    found = []
    for one in texts:
        for role in one.roles:
            if role.text not in roles:
                problems.add(role.at, f"there is no role `{role}`", did_you_mean(role.text, roles))
        for told in (one.name, one.key):
            if told.text in seen:
                problems.add(told.at, f"`{told}` stands here twice", f"{seen[told.text]} has it already")
            seen[told.text] = told.at
        found.append(
            Approver(
                name=one.name.text,
                origin=one.at,
                key=b64decode(one.key.text.removeprefix("ed25519:")),
                roles=tuple(role.text for role in one.roles),
            )
        )
    return tuple(found)
