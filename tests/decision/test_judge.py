"""A search that meets what is hidden is narrowed to the rest, and only where the narrowed call surely may run."""

from dataclasses import dataclass

import pytest

from bailiwick.decision.judge import judge
from bailiwick.model.decision import Decision, Rewrite
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.glob import Glob
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.load import load_policy_set

PROFILE = """\
profile: p
description: d
tools: {allow: [Search, Bash], other: deny}
commands: {allow: [grep, rg, cat, head, cd, bash], opaque: ask}
environment: {allow: [FOO]}
files:
  readable: ["${project}/**"]
  hidden: HIDDEN
  other: deny
"""
EXISTING = ("/p", "/p/a.py", "/p/.env", "/p/sub", "/p/sub/.env.local", "/p/sub/.env", "/p/keys/x.pem")


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of a few files, or one too large to look through."""

    paths: tuple[str, ...] | None = EXISTING

    def real(self, path: str) -> str:
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        if self.paths is None:
            return None
        return tuple(path for path in self.paths if Glob(pattern).matches(path))


def _answer(hidden: str, disk: Disk, *, mode: str = "enforce", tool: str = "Grep", **given: str) -> Decision:
    files = {
        "organisation.yaml": f"organisation: o\nmode: {mode}\n",
        "profiles/p.yaml": PROFILE.replace("HIDDEN", hidden),
    }
    event = Event(
        name="PreToolUse",
        session="s",
        cwd="/p",
        what=ToolCall(tool=tool, input={"pattern": "x", **given} if tool == "Grep" else given),
    )
    session = Session(key="k", profile="p", project="/p", unattended=True)
    request = Request(principal=Principal(user="u", uid=1, home="/home/u"), event=event, session=session)
    return judge(load_policy_set(files).policies["p"], request, disk)[1]


@pytest.mark.parametrize("disk", [Disk(), Disk(paths=None)], ids=["looked", "too large"])
@pytest.mark.parametrize(
    ("hidden", "exclusion"),
    [
        ('["**/.env", "**/.env.{local,dev}", "**/keys/**"]', "!{**/.env,**/.env.local,**/.env.dev,**/keys}"),
        ('["**/.env*", "**/*.pem"]', "!{**/.env*,**/*.pem}"),
        ('["**/.env*", "**/*.pem", "/q/**"]', "!{**/.env*,**/*.pem}"),
    ],
)
def test_a_search_of_everything_leaves_out_what_is_hidden(hidden: str, exclusion: str, disk: Disk) -> None:
    decision = _answer(hidden, disk)
    assert decision.enforced is Verdict.ALLOW
    assert decision.obligations == (Rewrite(field="glob", value=exclusion),)


@pytest.mark.parametrize(
    ("given", "glob"),
    [
        ({"glob": "*"}, "* !{**/.env,**/secrets.yaml}"),
        ({"glob": "**/*.{yaml,yml}"}, "**/*.{yaml,yml} !{**/secrets.yaml}"),
        ({"type": "yaml"}, "!{**/secrets.yaml}"),
        ({"glob": "!*.md"}, "!*.md !{**/.env,**/secrets.yaml}"),
        ({"glob": "*.yaml .e*"}, "*.yaml .e* !{**/.env,**/secrets.yaml}"),
    ],
)
def test_a_search_of_some_files_leaves_out_those_of_them_that_are_hidden(
    given: dict[str, str], glob: str
) -> None:
    decision = _answer('["**/.env", "**/secrets.yaml"]', Disk(paths=None), **given)
    assert decision.enforced is Verdict.ALLOW
    assert decision.obligations == (Rewrite(field="glob", value=glob),)


@pytest.mark.parametrize("glob", ["*.yaml !{**/.env}", "!{**/secrets.yaml} *", "*.yaml,!{**/secrets.yaml}"])
def test_an_exclusion_of_the_caller_s_own_must_leave_out_what_is_hidden(glob: str) -> None:
    decision = _answer('["**/secrets.yaml"]', Disk(paths=None), glob=glob)
    (rewrite,) = decision.obligations
    assert isinstance(rewrite, Rewrite)
    assert str(rewrite.value).endswith(" !{**/secrets.yaml}")


@pytest.mark.parametrize(
    ("hidden", "given"),
    [
        ('["**/.env"]', {"path": "/p/.env"}),  # named outright
        ('["**/.env"]', {"glob": ".env"}),  # asked for
        ('["**/.env"]', {"glob": "*.md .env"}),
        ('["**/.env", "/p/keys/**"]', {}),  # hidden by place, not by name
        ('["**/.env", "**/[k]eys/**"]', {}),  # not ripgrep's dialect
        ('["**/.env"]', {"path": "/q"}),  # not readable anyway
    ],
)
def test_what_cannot_be_left_out_is_denied(hidden: str, given: dict[str, str]) -> None:
    decision = _answer(hidden, Disk(), **given)
    assert decision.enforced is Verdict.DENY
    assert decision.obligations == ()


@pytest.mark.parametrize(
    ("command", "narrower"),
    [
        ("grep -rn x .", r"grep --exclude=.env --exclude=keys --exclude-dir=keys -rn x ."),
        ("cd sub && grep -r x . | head", "cd sub && grep {} -r x . | head"),
        ("bash -c 'grep -r x .'", "bash -c 'grep {} -r x .'"),
        ("grep -r x a; grep -r y .", "grep -r x a; grep {} -r y ."),
        ("rg x", "rg -g '!{**/.env,**/keys}' x"),
        ("FOO=1 rg x .", "FOO=1 rg -g '!{**/.env,**/keys}' x ."),
        ("bash -c 'rg x'", None),  # the quotes would end the quotes
        ("grep -r x . .env", None),
        ("grep -r x . && cat .env", None),
        ("/usr/bin/grep -r x .", None),
        ("grep -R x .", None),  # by a link's name it is reached all the same
        ("grep -r --include='*.env' x .", None),
        ("cat keys/*", None),
    ],
)
def test_a_command_that_searches_leaves_it_out(command: str, narrower: str | None) -> None:
    decision = _answer('["**/.env", "**/keys/**"]', Disk(), tool="Bash", command=command)
    if narrower is None:
        assert decision.enforced is Verdict.DENY
        assert decision.obligations == ()
        return
    given = "--exclude=.env" if "sub" in command else "--exclude=.env --exclude=keys --exclude-dir=keys"
    assert decision.enforced is Verdict.ALLOW
    assert decision.obligations == (Rewrite(field="command", value=narrower.replace("{}", given)),)


def test_nothing_is_changed_where_nothing_is_hidden_there() -> None:
    decision = _answer('["**/.env"]', Disk(paths=("/p", "/p/a.py")))
    assert (decision.enforced, decision.obligations) == (Verdict.ALLOW, ())


def test_a_policy_that_only_monitors_changes_no_call() -> None:
    decision = _answer('["**/.env"]', Disk(), mode="monitor")
    assert decision.verdict is Verdict.DENY
    assert decision.obligations == ()
