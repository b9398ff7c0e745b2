"""Which skills an agent starts with: those that its definition names (`skills:`). Reads only, never raises.

The client puts their text before the agent without a word: no hook tells of it, and neither its transcript nor its telemetry
puts a call down to them (client 2.1.330). So the definitions are read where the client looks for them: managed, account and
project directories, the working directory's ancestors, and installed plugins. As with skills the client's order of places isn't
relied on: every definition of a name counts.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from bailiwick.analysis.skill.front_matter import FrontMatter, read
from bailiwick.model.value import value
from bailiwick.service.skills.copies import Where, head_of, installed, listed

MAX_HEAD = 256 * 1024
"""Bytes of a definition in which its front matter is looked for."""

MAX_DEFINITIONS = 2_000
"""Definitions that are looked at: what is beyond isn't known, and is said to be so."""

MAX_SKILLS = 64
"""Skills of one agent that are followed."""


@value(frozen=True, slots=True, kw_only=True)
class Preloads:
    """The skills an agent starts with. ``problem`` says why that can't be told."""

    skills: tuple[str, ...] = ()
    problem: str = ""


def preloads(agent: str, where: Where) -> Preloads:
    """What the definitions of ``agent`` (``worker``, ``plugin:worker``) name, wherever the client may take it from."""
    plain = agent.rpartition(":")[2]
    if not plain:
        return Preloads()
    names: dict[str, None] = {}
    try:
        for number, path in enumerate(_definitions(where)):
            if number >= MAX_DEFINITIONS:
                return Preloads(problem=f"there are more than {MAX_DEFINITIONS} definitions of agents")
            try:
                head = head_of(path, MAX_HEAD)
            except FileNotFoundError:  # a link to nothing
                continue
            if b"skills" not in head and b"\\" not in head:  # a key may be written with escapes
                continue
            front = read(head.decode("utf-8", "replace"))
            if plain not in {path.stem, front.text("name").strip()}:
                continue
            if front.hostile:
                return Preloads(problem=f"{path}: its front matter is {front.problem}")
            names |= dict.fromkeys(_named(front))
    except (OSError, ValueError) as error:
        return Preloads(problem=f"{type(error).__name__}: {error}")
    if len(names) > MAX_SKILLS:
        return Preloads(problem=f"it names more than {MAX_SKILLS} skills")
    return Preloads(skills=tuple(names))


def _named(front: FrontMatter) -> Iterator[str]:
    """The skills of a front matter, as a list or as words with commas between them."""
    said = front.values.get("skills")
    for item in said if isinstance(said, list) else [said]:
        if isinstance(item, str | int | float):
            words = str(item).strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
            yield from (word.strip("\"'").removeprefix("/") for word in words)


def _definitions(where: Where) -> Iterator[Path]:
    directories = [*listed(where)]
    for configuration in where.configurations:
        directories += installed(Path(configuration) / "plugins")
    seen: set[tuple[int, int]] = set()
    for directory in dict.fromkeys(directories):
        for found, below, files in os.walk(directory / "agents", followlinks=True):
            here = Path(found).stat()
            if (here.st_dev, here.st_ino) in seen:  # a link that leads back
                below.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            if len(seen) > MAX_DEFINITIONS:
                raise ValueError(f"{directory / 'agents'} has more than {MAX_DEFINITIONS} directories")
            yield from (Path(found) / file for file in sorted(files) if file.lower().endswith(".md"))
