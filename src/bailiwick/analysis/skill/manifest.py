"""The manifest of a skill: what it declares, what it says of itself, what it uses."""

from collections.abc import Iterable, Sequence

from bailiwick.analysis.skill.documents import Document
from bailiwick.analysis.skill.front_matter import FrontMatter
from bailiwick.analysis.skill.purpose import claims_in, purposes_of
from bailiwick.model.skill import Capability, CapabilityKind, Claim, Manifest, Role, Source


def manifest_of(
    folder: str, front: FrontMatter, main: str, documents: Sequence[Document], used: Iterable[Capability]
) -> Manifest:
    """The manifest; ``folder`` is its name where it gives none, ``main`` the path of its SKILL.md."""
    declared = tuple(
        Capability(
            kind=CapabilityKind.MCP if grant.tool.startswith("mcp__") else CapabilityKind.TOOL,
            target=grant.shown[:300],
            source=Source(path=main, line=grant.line),
            role=Role.INSTRUCTED,
            by="front matter",
        )
        for key in ("allowed-tools", "tools")
        for grant in front.grants(key)
    )
    denied = tuple(
        Capability(
            kind=CapabilityKind.TOOL,
            target=grant.shown[:300],
            source=Source(path=main, line=grant.line),
            role=Role.NEGATED,
            by="front matter",
        )
        for key in ("disallowed-tools", "disallowedTools")
        for grant in front.grants(key)
    )
    described = front.text("description")
    sayings: list[Claim] = list(claims_in(described, Source(path=main, line=front.line("description"))))
    for document in documents:
        if document.path == main:
            for sentence in document.sentences[:400]:
                sayings += claims_in(sentence.text, Source(path=main, line=sentence.line))
    return Manifest(
        name=front.text("name") or folder,
        description=described,
        scoped="allowed-tools" in front.values or "allowed_tools" in front.values,
        declared=declared,
        denied=denied,
        purposes=purposes_of(f"{front.text('name') or folder} {described}"),
        claims=tuple(sayings),
        used=tuple(sorted(dict.fromkeys(used), key=lambda c: (c.kind, c.target, c.source))),
    )
