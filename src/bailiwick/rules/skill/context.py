"""What speaks for a skill: its name, its description, the hosts it documents, what it is for."""

import re

from bailiwick.analysis.skill.facts import Chain, Mark, Origin, Sink
from bailiwick.analysis.skill.prose.steps import BY as PROSE
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import (
    belongs,
    brand,
    is_address,
    is_drop,
    is_local,
    is_paste,
    is_placeholder,
)
from bailiwick.model.skill import CapabilityKind, Role, Source

_INSTALLERS = re.compile(
    r"(?:^|\.)(?:astral\.sh|rustup\.rs|get\.docker\.com|docker\.com|deno\.land|bun\.sh|pnpm\.io|python-poetry\.org|fly\.io|k3s\.io|ollama\.(?:com|ai)|tailscale\.com|brew\.sh|nodesource\.com|claude\.ai|anthropic\.com|cursor\.com|openai\.com|hashicorp\.com|helm\.sh|pulumi\.com|dot\.net|microsoft\.com|amazonaws\.com|google\.com|googleapis\.com|sdk\.cloud\.google\.com|vercel\.com|netlify\.com|supabase\.com|foundry\.paradigm\.xyz|starship\.rs|volta\.sh|fnm\.vercel\.app|sdkman\.io|conda\.io|anaconda\.com|mamba\.pm|pixi\.sh|mise\.run|mise\.jdx\.dev|devbox\.sh|getcomposer\.org|rvm\.io|haskell\.org|opam\.ocaml\.org|elixir-lang\.org|dagger\.io|trunk\.io|semgrep\.dev|snyk\.io|grafana\.com|datadoghq\.com|gitlab\.com|cli\.github\.com|solana\.com|anza\.xyz|llama\.cpp|direnv\.net|just\.systems|nixos\.org|determinate\.systems|get\.helm\.sh|linkerd\.io|istio\.io|cloudflare\.com|railway\.(?:app|com)|convex\.dev|turso\.tech|neon\.tech|planetscale\.com|modal\.com|replicate\.com|huggingface\.co|tea\.xyz|pkgx\.sh|openclaw\.ai|clawd\.bot)$"
)
"""Hosts of installers that are what they say; their scripts are fetched by half the world."""

_CODE_HOSTS = re.compile(
    r"(?:^|\.)(?:githubusercontent\.com|github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$"
)


def covered(facts: SkillFacts, host: str) -> bool:
    """Whether the host is what the skill is about, by its description, or never leaves this machine.

    A name alone says nothing: whoever names a skill may name a host after it.
    """
    if is_local(host) or is_placeholder(host):
        return True
    if is_drop(host) or is_paste(host) or is_address(host):
        return False
    said = facts.manifest.description
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", said) is not None or belongs(
        " ".join(_proper(said)), host
    )


def _proper(description: str) -> list[str]:
    """The names in a description: an ordinary word that is also a host's says nothing of the host."""
    words = re.findall(
        r"(?<![.!?] )(?<!^)\b[A-Z][\w.-]*|\b\w+(?= (?:API|CLI|SDK|MCP)\b)|\b[\w-]+\.(?:com|io|dev|ai|org|net|app)\b",
        description,
    )
    return [word.replace(".", " ") for word in words]


def documented(facts: SkillFacts, host: str) -> bool:
    """Whether the skill's own documents name the host, or its brand in a heading or a command."""
    if covered(facts, host) or host in facts.hosts:
        return not (is_drop(host) or is_paste(host) or is_address(host))
    return _used_as_program(facts, host)


def spoken_of(facts: SkillFacts, host: str, beside: str = "") -> bool:
    """Whether any document names the host, or its brand, in words; one at ``beside`` doesn't count."""
    if (documented(facts, host) and not beside) or covered(facts, host) or code_host(host):
        return True
    if any(
        item.kind is CapabilityKind.ENV and item.by != PROSE and belongs(item.target, host)
        for item in facts.capabilities
    ):
        return True  # whoever has its key has an account there
    word = re.compile(rf"\b{re.escape(brand(host))}\b", re.IGNORECASE)
    named = _plain(facts.manifest.name)  # a heading that says no more than the name says nothing of a host
    return len(brand(host)) > 1 and any(
        word.search(sentence.text) and ("." not in host or _plain(sentence.text) != named)
        for document in facts.documents
        if document.path != beside
        for sentence in document.sentences
    )


def _plain(text: str) -> str:
    """The letters of a text: what is left of a name, however it is written."""
    return "".join(filter(str.isalnum, text.lower()))


def _used_as_program(facts: SkillFacts, host: str) -> bool:
    word = brand(host).lower()
    return len(word) > 2 and any(
        item.kind is CapabilityKind.EXEC
        and item.target.split()[0].lower() in (word, word.removeprefix("get"), word.removesuffix("cli"))
        for item in facts.capabilities
    )


def bad(host: str) -> bool:
    """Whether nobody answers for the host: a drop box, a paste, a bare public address."""
    return is_drop(host) or is_paste(host) or is_address(host)


def known_installer(host: str) -> bool:
    """Whether the host gives out an installer that half the world uses."""
    return bool(_INSTALLERS.search(host))


def installer(facts: SkillFacts, host: str, *, code: bool = False) -> bool:
    """Whether a script of the host is an installer that is known, or of the thing the skill is about.

    Where code fetches it without being seen, a name that the skill shares with the host is not enough: a document has to name it.
    """
    return (
        known_installer(host)
        or covered(facts, host)
        or (belongs(facts.manifest.name, host) and (not code or host in facts.hosts) and not bad(host))
        or _used_as_program(facts, host)
    )


def code_host(host: str) -> bool:
    """Whether the host keeps other people's repositories."""
    return bool(_CODE_HOSTS.search(host))


def about(facts: SkillFacts, *purposes: str) -> bool:
    """Whether the skill says that it is for one of the purposes."""
    return any(purpose in facts.manifest.purposes for purpose in purposes)


def teaches(facts: SkillFacts, role: Role) -> bool:
    """Whether a text of it may be teaching material: the skill is about security, and it isn't code that runs."""
    return about(facts, "security") and role in (Role.OPTIONAL, Role.INSTRUCTED, Role.QUOTED)


def concealed(facts: SkillFacts, source: Source, lines: int = 12) -> Source | None:
    """Where the text near a place says to keep it from people."""
    for item in facts.marks(Mark.CONCEAL):
        if (
            item.role.active
            and item.source.path == source.path
            and abs(item.source.line - source.line) <= lines
            and item.sure
        ):
            return item.source
    return None


def pinned(facts: SkillFacts, chain: Chain) -> bool:
    """Whether what is run was compared, before, with a digest that stands in the script, and is all that the script fetches to run."""
    path = chain.source.path
    fetched = {
        other.label.source
        for other in facts.chains
        if other.sink is Sink.EXECUTE and other.source.path == path and other.label.origin is Origin.DOWNLOAD
    }
    return len(fetched) == 1 and any(
        mark.source.path == path and (mark.source.line or 0) <= (chain.source.line or 0)
        for mark in facts.marks(Mark.PINNED)
    )


def runs(chain: Chain) -> bool:
    """Whether code does it, and not a person or the agent who was told to."""
    return chain.role is Role.EXECUTABLE


PRIVATE = frozenset((Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.CONVERSATION, Origin.PERSONAL))
