"""Attacks must be stopped and everyday work must not, by the starter policy and the whole decision path."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.administration.compile import compile_set
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.tools import analyze
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.model.access import ProgramTarget
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.glob import Glob
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.starter import starter_files
from bailiwick.policy.types import CommandCondition, PolicySet

HERE = Path(__file__).parent
HOME = "/home/dev"
PROJECT = "/home/dev/shop"
PROFILES = ("developer", "frontend", "infra", "reviewer")
MINIMUM_ATTACKS, MINIMUM_EVERYDAY = 250, 150
NOW = 1_795_392_000  # 2026-11-23
LINKS = {
    f"{PROJECT}/etc-link": "/etc",
    f"{PROJECT}/notes.txt": f"{HOME}/.ssh/id_ed25519",
    f"{PROJECT}/keys": f"{HOME}/.ssh",
    f"{PROJECT}/docs/mine": f"{HOME}/.ssh",
    f"{PROJECT}/dot-claude": f"{PROJECT}/.claude",
}
SHOP = (
    "package.json README.md CLAUDE.md tsconfig.json terraform.tfstate main.tf .env .env.example .git/config"
    " .claude/settings.json src/app.ts src/b.ts src/app.py src/components/Cart.tsx packages/web/package.json"
    " modules/network/main.tf k8s/web.yaml dist/app.js node_modules/react/package.json docs/guide.md"
)
ELSEWHERE = (
    "/etc/hosts",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/usr/bin/git",
    f"{HOME}/.bashrc",
    f"{HOME}/.ssh/id_ed25519",
    f"{HOME}/.aws/credentials",
    f"{HOME}/.claude/settings.json",
    f"{HOME}/other/x",
)


class Tree:
    """A small file system with a project whose links lead out of it."""

    def __init__(self) -> None:
        named = (*(f"{PROJECT}/{name}" for name in SHOP.split()), *ELSEWHERE, *LINKS)
        self.paths = sorted({up for path in named for up in _ancestors(path)})

    def real(self, path: str) -> str:
        """``path`` with the first linked parent replaced, again and again."""
        for link, target in LINKS.items():
            if path == link or path.startswith(f"{link}/"):
                return self.real(target + path.removeprefix(link))
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        """What is there and matches."""
        glob = Glob(pattern)
        found = {path for path in self.paths if glob.matches(path)}
        return tuple(sorted(found | {self.real(path) for path in found}))


def _ancestors(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(2, len(parts) + 1))


TREE = Tree()


@cache
def _policies() -> PolicySet:
    return compile_set(starter_files())


def verdict(profile: str, row: str | dict[str, Any]) -> tuple[str, str]:
    """What is carried out for a Bash command, or for ``{Tool: input}``, and the first reason."""
    tool, arguments = ("Bash", {"command": row}) if isinstance(row, str) else next(iter(row.items()))
    request = Request(
        principal=Principal(user="dev", uid=1000, home=HOME),
        event=Event(name="PreToolUse", session="s", cwd=PROJECT, what=ToolCall(tool=tool, input=arguments)),
        session=Session(key="s", profile=profile, project=PROJECT, environment=(("HOME", HOME),)),
        now=NOW,
    )
    decision = decide(_policies().policies[profile], request, detect(request, analyze(request, TREE)))
    reason = decision.reasons[0] if decision.reasons else None
    return decision.enforced.label, f"{reason.rule}: {reason.about}" if reason else ""


def attacks() -> Iterator[tuple[str, tuple[str, ...], str, Any]]:
    """Each attack: what it is about, the profiles it is tried under, what is wanted, the row."""
    for group in _load("attacks.yaml"):
        profiles = tuple(group.get("profiles", PROFILES))
        for want in ("deny", "stop"):
            for row in group.get(want, ()):
                yield group["about"], profiles, want, row


def everyday() -> Iterator[tuple[str, str, Any]]:
    """Each thing done all day: the profile, what it gets, the row."""
    for group in _load("everyday.yaml"):
        for want in ("allow", "ask"):
            for row in group.get(want, ()):
                yield group["profile"], want, row


def _load(name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return listed


def _holds(want: str, given: str) -> bool:
    """Whether what is carried out is what is wanted; silence stops nothing."""
    return given == "deny" if want == "deny" else given in {"ask", "deny"}


def _title(row: Any) -> str:
    return row if isinstance(row, str) else repr(row)


@pytest.mark.parametrize(
    ("profiles", "want", "row"),
    [
        pytest.param(profiles, want, row, id=f"{about}: {_title(row)}")
        for about, profiles, want, row in attacks()
    ],
)
def test_attack_is_stopped(profiles: tuple[str, ...], want: str, row: Any) -> None:
    given = {profile: verdict(profile, row) for profile in profiles}
    assert all(_holds(want, label) for label, _ in given.values()), (want, given)


@pytest.mark.parametrize(
    ("profile", "want", "row"),
    [pytest.param(profile, want, row, id=f"{profile}: {_title(row)}") for profile, want, row in everyday()],
)
def test_everyday_work_goes_on(profile: str, want: str, row: Any) -> None:
    given, reason = verdict(profile, row)
    assert given == want, reason


@pytest.mark.parametrize(
    ("profile", "want", "row"),
    [
        pytest.param(
            profile,
            gap["want"],
            gap["call"],
            id=f"{profile}: {gap['call']}",
            marks=pytest.mark.xfail(strict=True, reason=gap["because"]),
        )
        for gap in _load("gaps.yaml")
        for profile in gap["profiles"]
    ],
)
def test_known_gap(profile: str, want: str, row: Any) -> None:
    assert _holds(want, verdict(profile, row)[0])


def test_baseline_names_only_programs_that_the_reader_knows() -> None:
    """A program that only policy knows is granted whatever it is told; the baseline grants none but Bailiwick itself."""
    rules = [rule for layer in _policies().policies["baseline"].layers for rule in layer.rules]
    names = {
        rule.when.words[0]
        for rule in rules
        if isinstance(rule.when, CommandCondition) and rule.verdict is Verdict.ALLOW and rule.when.words
    }
    context = ShellContext(cwd=PROJECT, home=HOME, project=PROJECT)
    unknown = {
        name
        for name in names
        for access in analyze_shell(name, context).accesses
        if isinstance(access.target, ProgramTarget) and access.target.unknown
    }
    assert unknown <= {"bailiwick"}


def test_the_set_is_large_and_has_no_doubles() -> None:
    stopped = [(profiles, repr(row)) for _, profiles, _, row in attacks()]
    done = [(profile, repr(row)) for profile, _, row in everyday()]
    assert len(stopped) >= MINIMUM_ATTACKS
    assert len(set(stopped)) == len(stopped)
    assert len(done) >= MINIMUM_EVERYDAY
    assert len(set(done)) == len(done)
