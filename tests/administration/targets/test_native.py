"""The client's own rules agree with ours: never looser where expressed, never stricter but below a named path."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bailiwick.administration.targets.lint import lint
from bailiwick.administration.targets.native import hidden_files, native
from bailiwick.model.access import AccessKind
from bailiwick.model.decision import Origin
from bailiwick.model.glob import path_glob
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import (
    CommandCondition,
    Condition,
    HostCondition,
    Layer,
    NameCondition,
    PathCondition,
    Policy,
    Rule,
    Scope,
    Subject,
)

READ = frozenset({AccessKind.READ})


def policy(subject: Subject, when: Condition, verdict: Verdict = Verdict.DENY) -> Policy:
    rule = Rule(
        id="r", origin=Origin(file="a", line=1), subject=subject, verdict=verdict, when=when, because="b"
    )
    layer = Layer(scope=Scope.PROFILE, name="p", rules=(rule,))
    return Policy(profile="p", description="", layers=(layer,))


def denied(
    subject: Subject, when: Condition, *, project: str | None = None, home: str | None = None
) -> list[str]:
    return list(native(policy(subject, when), project=project, home=home).deny)


def gitignore(pattern: str) -> re.Pattern[str]:
    """What an anchored pattern of .gitignore matches, descendants included: written from its manual, for the test."""
    out, at = "", 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("/**/"):
            out, at = out + "/(?:.*/)?", at + 4
        elif rest == "/**":
            out, at = out + "/.+", at + 3
        elif rest[0] == "*":
            out, at = out + "[^/]*", at + 1
        elif rest[0] == "?":
            out, at = out + "[^/]", at + 1
        elif rest[0] == "[":
            end = pattern.index("]", at + 2)
            body = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out, at = out + f"(?!/)[{'^' + body[1:] if body[0] == '!' else body}]", end + 1
        elif rest[0] == "\\":
            out, at = out + re.escape(rest[1]), at + 2
        else:
            out, at = out + re.escape(rest[0]), at + 1
    return re.compile(out + "(?:/.*)?", re.DOTALL)


segments = st.sampled_from(
    ["a", "b", "ab", "*", "a*", "?b", "**", "[ab]", "[!a]", "{a,b}", "{a,{b,ab}}x", "a(b)", "\\*"]
)
globs = st.lists(segments, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
paths = st.lists(st.sampled_from(["a", "b", "ab", "bb", "ax", "a(b)", "*"]), min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


@settings(max_examples=400, deadline=None)
@given(globs, paths)
def test_path_rules_mean_the_same(glob: str, path: str) -> None:
    ours = path_glob(glob)
    rules = denied(Subject.FILES, PathCondition(kinds=READ, glob=glob))
    assume(rules)  # a set beside parentheses is left to the hook
    assert all(rule.startswith("Read(//") and rule.endswith(")") for rule in rules)
    assert lint({"permissions": {"deny": rules}}) == ()
    theirs = any(gitignore(rule[6:-1]).fullmatch(path) for rule in rules)
    above = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
    if ours.matches(path):
        # `/a/**` is `/a` too, and `/**/**/a` is `/a`, with us alone.
        assert theirs or glob.endswith("/**") or "/**/**" in glob
    if theirs:
        assert ours.matches(path) or any(ours.matches(directory) for directory in above)


@pytest.mark.parametrize(
    ("glob", "placed", "unplaced"),
    [
        ("/etc/**", "//etc/**", "//etc/**"),
        ("/**/.env", "//**/.env", "//**/.env"),
        ("~/.ssh/**", "//home/d/.ssh/**", "~/.ssh/**"),
        ("~", "//home/d/**", "~/**"),
        ("${project}/dist/**", "//w/p/dist/**", "/dist/**"),
        ("${project}", "//w/p/**", "/**"),
        ("/", "//**", "//**"),
        ("/a (x86)/b", "//a [(]x86[)]/b", "//a [(]x86[)]/b"),
    ],
)
def test_anchors(glob: str, placed: str, unplaced: str) -> None:
    when = PathCondition(kinds=READ, glob=glob)
    assert denied(Subject.FILES, when, project="/w/p", home="/home/d/") == [f"Read({placed})"]
    assert denied(Subject.FILES, when) == [f"Read({unplaced})"]


def test_a_project_s_own_name_is_not_a_pattern() -> None:
    when = PathCondition(kinds=READ, glob="${project}/x")
    [rule] = denied(Subject.FILES, when, project="/w/[a]*(b)", home="/h")
    pattern = gitignore(rule[6:-1])
    assert pattern.fullmatch("/w/[a]*(b)/x")
    assert not pattern.fullmatch("/w/aa(b)/x")


def test_writing_and_reading_are_different_rules() -> None:
    kinds = frozenset(AccessKind)
    assert denied(Subject.FILES, PathCondition(kinds=kinds, glob="/a")) == ["Edit(//a)", "Read(//a)"]
    write = frozenset({AccessKind.WRITE, AccessKind.DELETE})
    assert denied(Subject.FILES, PathCondition(kinds=write, glob="/a")) == ["Edit(//a)"]


def command(*words: str, options: tuple[str, ...] = (), as_user: str | None = None) -> CommandCondition:
    return CommandCondition(words=words, options=frozenset(options), as_user=as_user)


@pytest.mark.parametrize(
    ("subject", "when", "rules"),
    [
        (Subject.COMMANDS, command("git", "push"), ["Bash(git push *)"]),
        (Subject.COMMANDS, command("rm", options=("-rf",)), ["Bash(rm -rf *)"]),
        (Subject.COMMANDS, command("npx", "foo*"), ["Bash(npx foo*)"]),
        (Subject.TOOLS, NameCondition(name="WebSearch"), ["WebSearch"]),
        (Subject.TOOLS, NameCondition(name="Cron*"), ["CronCreate", "CronDelete", "CronList"]),
        (Subject.TOOLS, NameCondition(name="FromTheFuture"), ["FromTheFuture"]),
        (Subject.MCP, NameCondition(name="mcp__docs__*"), ["mcp__docs__*"]),
        (Subject.MCP, NameCondition(name="mcp__docs__read"), ["mcp__docs__read"]),
        (Subject.MCP, NameCondition(name="mcp__*"), ["mcp__*"]),
        (Subject.SKILLS, NameCondition(name="a:deploy"), ["Skill(a:deploy)"]),
        (Subject.AGENTS, NameCondition(name="Explore"), ["Agent(Explore)"]),
        (Subject.NETWORK, HostCondition(host="*.evil.example"), ["WebFetch(domain:*.evil.example)"]),
    ],
)
def test_what_the_client_can_express(subject: Subject, when: Condition, rules: list[str]) -> None:
    assert denied(subject, when) == rules
    assert lint({"permissions": {"deny": rules}}) == ()
    asked = native(policy(subject, when, Verdict.ASK))
    assert (asked.deny, list(asked.ask)) == ((), rules)
    assert native(policy(subject, when, Verdict.ALLOW)) == native(
        Policy(profile="p", description="", layers=())
    )


@pytest.mark.parametrize(
    ("subject", "when"),
    [
        (Subject.COMMANDS, command("kubectl", "*", "delete")),
        (Subject.COMMANDS, command("sudo", as_user="root")),
        (Subject.COMMANDS, command("tar", options=("-a", "-b"))),
        (Subject.COMMANDS, command("a(b)")),
        (Subject.TOOLS, NameCondition(name="X*")),
        (Subject.TOOLS, NameCondition(name="MultiEdit")),
        (Subject.MCP, NameCondition(name="mcp__*__read")),
        (Subject.SKILLS, NameCondition(name="al*")),
        (Subject.AGENTS, NameCondition(name="*")),
        (Subject.NETWORK, HostCondition(host="a.example", port=443)),
        (Subject.NETWORK, HostCondition(host="a*.example")),
        (Subject.FILES, PathCondition(kinds=frozenset({AccessKind.EXECUTE}), glob="/a")),
        (Subject.FILES, PathCondition(kinds=READ, glob="/a**b")),
        (Subject.FILES, PathCondition(kinds=READ, glob="/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}")),
        (Subject.ENVIRONMENT, NameCondition(name="X")),
    ],
)
def test_what_it_can_t_is_said(subject: Subject, when: Condition) -> None:
    found = native(policy(subject, when))
    assert (found.deny, found.ask) == ((), ())
    [left] = found.unexpressed
    assert left.rule == "r"
    assert left.why


class Disk:
    """Files by name, as a file view."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def real(self, path: str) -> str:
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        return tuple(path for path in self.paths if path_glob(pattern).matches(path))


def test_files_hidden_by_a_pattern_are_named_to_the_sandbox() -> None:
    disk = Disk(
        "/w/[p]/.env", "/w/[p]/a/.env", "/w/[p]/.env.example", "/w/other/.env", "/h/.k/a.pem", "/proc/1/x.pem"
    )
    hidden = [
        hidden_files(
            policy(Subject.FILES, PathCondition(kinds=READ, glob=glob)), disk, project="/w/[p]", home="/h"
        )
        for glob in ("/**/.env", "~/.k/*.pem", "/proc/*/x.pem", "~/.k/a.pem")
    ]
    assert hidden == [("/w/[p]/.env", "/w/[p]/a/.env"), ("/h/.k/a.pem",), (), ()]
    asked = policy(Subject.FILES, PathCondition(kinds=READ, glob="/**/.env"), Verdict.ASK)
    assert hidden_files(asked, disk, project="/w/[p]", home="/h") == ()
