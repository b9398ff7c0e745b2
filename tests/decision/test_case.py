"""On a file system that takes ``.ENV`` for ``.env``, so does policy."""

import pytest

from bailiwick.decision.decide import decide
from bailiwick.model.access import Access, AccessKind, Facts, PathTarget
from bailiwick.model.event import Event, ToolCall
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.load import load_policy_set

FILES = {
    "organisation.yaml": "organisation: o\nmode: enforce\n",
    "profiles/p.yaml": """\
profile: p
description: d
tools: {allow: [Read, Write]}
files:
  hidden: ["**/.env", "~/.ssh/**"]
  read_only: ["/etc/**"]
  writable: ["${project}/**"]
  readable: ["/**"]
  other: ask
""",
}


def verdict(kind: AccessKind, path: str, *, pattern: bool = False, folds: bool) -> Verdict:
    policy = load_policy_set(FILES).policies["p"]
    session = Session(key="k", profile="p", project="/p", folds_case=folds)
    event = Event(name="PreToolUse", session="s", cwd="/p", what=ToolCall(tool="Read", input={}))
    request = Request(principal=Principal(user="u", uid=1, home="/home/u"), event=event, session=session)
    target = PathTarget(path=path, pattern=pattern)
    return decide(policy, request, Facts(accesses=(Access(kind=kind, target=target),))).verdict


@pytest.mark.parametrize(
    ("kind", "path", "pattern"),
    [
        (AccessKind.READ, "/p/.ENV", False),
        (AccessKind.WRITE, "/p/sub/.Env", False),
        (AccessKind.WRITE, "/ETC/hosts", False),
        (AccessKind.READ, "/home/u/.SSH/id_rsa", False),
        (AccessKind.READ, "/p/.E*", True),
        (AccessKind.DELETE, "/Etc/**", True),
    ],
)
def test_another_case_is_no_way_around(kind: AccessKind, path: str, pattern: bool) -> None:  # noqa: FBT001 - a table's column
    assert verdict(kind, path, pattern=pattern, folds=True) > Verdict.ALLOW
    plain = verdict(kind, path, pattern=pattern, folds=False)
    assert plain <= verdict(kind, path, pattern=pattern, folds=True)


def test_what_is_allowed_is_allowed_in_either_case() -> None:
    assert verdict(AccessKind.WRITE, "/P/src/a.py", folds=True) is Verdict.ALLOW
    assert verdict(AccessKind.READ, "/p/.ENV", folds=False) is Verdict.ALLOW
