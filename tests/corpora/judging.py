"""A command's verdict under the starter policy, in an ordinary project: the whole path from text to decision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bailiwick.administration.compile import compile_set
from bailiwick.analysis.tools import analyze
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.decision.judge import judge as narrowing_judge
from bailiwick.model.access import Facts
from bailiwick.model.decision import Decision
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.glob import Glob
from bailiwick.model.request import Principal, Request, Session
from bailiwick.policy.starter import starter_files
from bailiwick.policy.types import PolicySet

HERE = Path(__file__).parent
HOME = "/home/dev"
PROJECT = "/home/dev/shop"
NOW = 1_795_392_000  # 2026-11-23
FILES = (
    ".env .env.example .gitignore .git/config .github/workflows/ci.yml CLAUDE.md Makefile README.md package.json tsconfig.json"
    " pyproject.toml Dockerfile docker-compose.yml go.mod Cargo.toml src/app.ts src/parser.ts src/server/index.ts"
    " src/components/Cart.tsx apps/web/package.json apps/web/src/api.ts apps/api/app/main.py apps/api/app/services/orders.py apps/api/tests/test_orders.py"
    " packages/ui/package.json crates/core/src/lib.rs scripts/setup.sh scripts/build.js data/orders.csv docs/guide.md"
    " logs/app.log logs/access.log.1.gz migrations/0001_start.sql config/settings.json node_modules/react/package.json"
)


class Project:
    """A small file system: a project as they are, with an environment file and without links."""

    def __init__(self) -> None:
        named = [f"{PROJECT}/{name}" for name in FILES.split()]
        self.paths = sorted({str(up) for path in named for up in (path, *Path(path).parents)})

    def real(self, path: str) -> str:
        """Nothing here is a link."""
        return path

    def expand(self, pattern: str) -> tuple[str, ...]:
        """What is there and matches."""
        glob = Glob(pattern)
        return tuple(path for path in self.paths if glob.matches(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a command would do, and what policy says of it."""

    facts: Facts
    decision: Decision

    @property
    def label(self) -> str:
        """The verdict that is carried out."""
        return self.decision.enforced.label


def judge(command: str, profile: str = "developer", *, narrowed: bool = False) -> Judged:
    """``command`` in the project, under a profile of the starter policy.

    As it stands, or ``narrowed`` as the service does: with searches told to leave out what is hidden.
    """
    request = Request(
        principal=Principal(user="dev", uid=1000, home=HOME),
        event=Event(
            name="PreToolUse",
            session="s",
            cwd=PROJECT,
            what=ToolCall(tool="Bash", input={"command": command}),
        ),
        session=Session(key="s", profile=profile, project=PROJECT, environment=(("HOME", HOME),)),
        now=NOW,
    )
    policy = _starter().policies[profile]
    if narrowed:
        facts, decision = narrowing_judge(policy, request, _FILES)
        return Judged(facts=facts, decision=decision)
    facts = detect(request, analyze(request, _FILES))
    return Judged(facts=facts, decision=decide(policy, request, facts))


def agent_commands() -> Iterator[tuple[str, str]]:
    """The benign corpus: each command with its kind."""
    groups: list[Mapping[str, Any]] = yaml.safe_load((HERE / "agent.yaml").read_text(encoding="utf-8"))
    for group in groups:
        for command in group["commands"]:
            yield group["kind"], command


_FILES = Project()


@cache
def _starter() -> PolicySet:
    return compile_set(starter_files())
