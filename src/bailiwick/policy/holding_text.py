"""What a policy says of skills and of data flow, one sentence each, for people: shown, and compared by `policy diff`."""

from collections.abc import Iterator

from bailiwick.policy.types import Policy


def holding_lines(policy: Policy) -> Iterator[tuple[str, str]]:
    """Each sentence, and the rule and place that say so."""
    skills = policy.skills
    for one in skills.requirements:
        without = f", but for the client's own {', '.join(one.bundled)}" if one.bundled else ""
        yield f"skills need an approval{without}", f"{one.id} ({one.origin})"
    for fork in skills.forks:
        yield f"the skill {fork.name} runs in a sub-agent of its own only", f"{fork.id} ({fork.origin})"
    if skills.requirements:
        yield f"a skill counts until the end of the {skills.active}", ""
    if skills.marketplaces is not None:
        yield f"plugins come from {', '.join(skills.marketplaces) or 'nowhere'}", ""
    for flow in policy.flows:
        where = "one session" if flow.within == "session" else "the course of one skill"
        said = (
            f"private data ({', '.join(flow.private) or 'secrets only'}), untrusted content (all but "
            f"{', '.join(flow.trusted) or 'none'}) and a way out (all but {', '.join(flow.declassified) or 'none'}) "
            f"don't meet in {where}, counted until the end of the {flow.lasts}: {flow.verdict.label}"
        )
        yield said, f"{flow.id} ({flow.origin})"
