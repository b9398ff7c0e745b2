"""What the service has a command run with, and what it takes from a runner as a report."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.cli.main import parser
from bailiwick.enforcement.claude_code.render import updated_input
from bailiwick.information.sessions import SessionFlags, SessionState
from bailiwick.model.decision import Contain, Decision
from bailiwick.model.verdict import Verdict
from bailiwick.service.sandbox.command import COMMAND
from bailiwick.service.sandbox.hook import runner_for, told_of

STATE = SessionState(  # noqa: S604 - the path of a shell, nothing is run
    key="s-1",
    uid=1,
    user="you",
    profile="work",
    project="/home/you/a project",
    home="/home/you",
    opened=0,
    shell="/usr/bin/zsh",
    flags=SessionFlags(
        allowed_tools=("Bash", "Read"), read_only_files=("/etc/**", "**/it's"), max_bash_timeout=30
    ),
)
DESK: Any = cast(
    "Any",
    SimpleNamespace(
        policies=SimpleNamespace(directory=Path("/etc/bailiwick/policy")),
        store=SimpleNamespace(directory=SimpleNamespace(path=Path("/var/lib/bailiwick"))),
    ),
)
PARSER = parser()
CONTAINED = Decision(
    verdict=Verdict.ALLOW, enforced=Verdict.ALLOW, obligations=(Contain(profile="work", revision="ab" * 32),)
)


def rewritten(command: str, **more: Any) -> dict[str, Any]:
    runner = runner_for(DESK, STATE, CONTAINED)
    changed = updated_input({"command": command, **more}, CONTAINED.obligations, runner)
    assert changed is not None
    return changed


@given(st.text().filter(lambda text: "\0" not in text))
def test_the_command_comes_through_as_it_is(command: str) -> None:
    """Whatever it is, a shell takes the rewritten line for our runner with the command as its one last argument."""
    words = shlex.split(rewritten(command)["command"])
    assert tuple(words[: len(COMMAND)]) == COMMAND
    asked = PARSER.parse_args(["sandbox", *words[len(COMMAND) :]])
    assert asked.command == [command]
    assert (asked.line, asked.shell) == (True, "/usr/bin/zsh")
    assert (asked.profile, asked.revision, asked.policy) == ("work", "ab" * 32, "/etc/bailiwick/policy")
    assert (asked.project, asked.session, asked.report) == (STATE.project, "s-1", "/var/lib/bailiwick")
    assert (asked.allowedTools, asked.readOnlyFiles, asked.maxBashTimeout) == (
        "Bash,Read",
        "/etc/**,**/it's",
        "30",
    )


def test_nothing_else_of_the_call_changes() -> None:
    changed = rewritten("x", run_in_background=True, description="y")
    assert (changed["run_in_background"], changed["description"]) == (True, "y")


def test_a_call_that_needs_no_sandbox_has_no_runner() -> None:
    assert runner_for(DESK, STATE, Decision(verdict=Verdict.ALLOW, enforced=Verdict.ALLOW)) == ()


GOOD = {"what": "made", "kind": "write", "path": "/p/.claude/settings.json"}


def test_a_report_is_told() -> None:
    assert told_of([GOOD]) == "the command made /p/.claude/settings.json, which policy lets nobody make"
    assert "did not let it read /x" in told_of([GOOD, {"what": "refused", "kind": "read", "path": "/x"}])


@pytest.mark.parametrize(
    "report",
    [
        None,
        [],
        {},
        "x",
        [GOOD] * 101,
        [GOOD | {"what": "eaten"}],
        [GOOD | {"kind": "x"}],
        [GOOD | {"path": 1}],
        [{}],
        [1],
    ],
    ids=str,
)
def test_what_is_no_report_is_refused(report: object) -> None:
    with pytest.raises(ValueError, match="drift"):
        told_of(report)
