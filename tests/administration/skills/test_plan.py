"""What a new approval changes: only what is wider asks somebody again."""

import pytest

from bailiwick.administration.skills.lock import Entry
from bailiwick.administration.skills.plan import covers, declared_only, planned
from bailiwick.administration.skills.statements import Audit
from bailiwick.information.approvals import Approval, grant_of, grants_for
from bailiwick.model.skill import Capability, CapabilityKind, Manifest, Role, Source


@pytest.mark.parametrize(
    ("wide", "narrow", "holds"),
    [
        ("exec git", "exec git push", True),
        ("exec git push", "exec git", False),
        ("exec git", "exec gitk", False),
        ("exec *", "exec git", True),
        ("net *.example.com", "net a.example.com", True),
        ("net a.example.com", "net b.example.com", False),
        ("net a", "net *", False),
        ("net a", "exec a", False),
        ("fs.write ${project}/**", "fs.write ${project}/out/**", True),
        ("fs.write ${project}/out/**", "fs.write ${project}/**", False),
        ("fs.read /**", "fs.read /etc/hosts", True),
        ("fs.read ~/**", "fs.read ${project}/x", False),
        ("fs.read ${skill}/**", "fs.read ${skill}/a", True),
        ("fs.read [", "fs.read /a", False),
        ("env AWS_*", "env AWS_KEY", True),
        ("env AWS_KEY", "env AWS_*", False),
    ],
)
def test_what_covers_what(wide: str, narrow: str, *, holds: bool) -> None:
    assert covers(grant_of(wide), grant_of(narrow)) is holds


def entry(*grants: str, files: dict[str, str]) -> Entry:
    listed = tuple(map(grant_of, grants))
    said = Approval(
        id="a", name="n", digest="d", grants=listed, roles=("r",), approved_by="x", approved_on=0, expires=1
    )
    audit = Audit(
        scanner="s",
        rules="",
        verdict="pass",
        findings=(),
        capabilities=listed,
        audited_on=0,
        files=tuple(files.items()),
    )
    return Entry(approval=said, audit=audit, envelopes={})


def test_the_first_approval_asks() -> None:
    plan = planned([grant_of("exec git")], [], None)
    assert plan.asks
    assert plan.first


def test_only_what_is_wider_asks_again() -> None:
    before = entry("exec git", "net a", files={"a": "1", "b": "1", "c": "1"})
    plan = planned([grant_of("exec git push")], [("a", "1"), ("b", "2"), ("d", "1")], before)
    assert not plan.asks
    assert plan.narrows == (grant_of("exec git"), grant_of("net a"))
    assert plan.files == (("changed", "b"), ("removed", "c"), ("added", "d"))
    assert planned([grant_of("net b")], [], before).widens == (grant_of("net b"),)


def capability(kind: CapabilityKind, target: str) -> Capability:
    return Capability(kind=kind, target=target, source=Source(path="x"), role=Role.INSTRUCTED)


def test_what_is_not_known_is_not_granted_but_files_in_the_project() -> None:
    granted, left = grants_for(
        [
            capability(CapabilityKind.FS_READ, "*"),
            capability(CapabilityKind.NET, "*"),
            capability(CapabilityKind.EXEC, "git"),
        ]
    )
    assert list(map(str, granted)) == ["exec git", "fs.read ${project}/**"]
    assert [one.kind for one in left] == [CapabilityKind.NET]


@pytest.mark.parametrize(
    ("target", "role", "granted"),
    [
        ("${project}/out.pdf", Role.INSTRUCTED, "${project}/**/*.pdf"),
        ("${project}/docs/report.PDF", Role.OPTIONAL, "${project}/**/*.PDF"),
        ("${project}/out.pdf", Role.EXECUTABLE, "${project}/out.pdf"),
        ("${project}/package.json", Role.INSTRUCTED, "${project}/package.json"),
        ("/tmp/out.pdf", Role.INSTRUCTED, "/tmp/out.pdf"),
        ("${project}/.env.txt/x", Role.INSTRUCTED, "${project}/.env.txt/x"),
        ("*_small.png", Role.EXECUTABLE, "${project}/**/*_small.png"),
        ("*/word/document.xml", Role.EXECUTABLE, "${project}/**/word/document.xml"),
        ("*", Role.EXECUTABLE, "${project}/**"),
    ],
)
def test_an_example_stands_for_its_sort_and_what_is_not_known_for_the_project(
    target: str, role: Role, granted: str
) -> None:
    one = Capability(kind=CapabilityKind.FS_READ, target=target, source=Source(path="x"), role=role)
    assert list(map(str, grants_for([one])[0])) == [f"fs.read {granted}"]


def test_what_a_wider_grant_covers_is_not_listed_beside_it() -> None:
    granted, _ = grants_for(
        capability(CapabilityKind.FS_WRITE, target)
        for target in ("*", "${project}/a.pdf", "/tmp/b", "${project}/x")
    )
    assert list(map(str, granted)) == ["fs.write ${project}/**", "fs.write /tmp/b"]


LEFT = {
    "Bash(git:*)": ["exec curl", "exec ${skill}/x.py", "tool WebSearch"],
    "Bash(python3:*)": ["exec git push", "exec curl", "tool WebSearch"],
    "Bash(python3 *)": ["exec git push", "exec curl", "tool WebSearch"],
    "Bash(uv run:*)": ["exec git push", "exec curl", "tool WebSearch"],
    "Bash(python3 ${CLAUDE_SKILL_DIR}/x.py:*)": ["exec git push", "exec curl", "tool WebSearch"],
    "Bash(python3 ${CLAUDE_SKILL_DIR}/y.py:*)": [
        "exec git push",
        "exec curl",
        "exec ${skill}/x.py",
        "tool WebSearch",
    ],
    "Bash(bash:*)": ["exec git push", "exec curl", "exec ${skill}/x.py", "tool WebSearch"],
    "Bash": ["tool WebSearch"],
}
"""What a front matter declares, and what of the grants below it leaves out."""


@pytest.mark.parametrize("said", LEFT)
def test_a_front_matter_that_declares_tools_narrows(said: str) -> None:
    grants = list(
        map(grant_of, ("exec git push", "exec curl", "exec ${skill}/x.py", "net a", "tool WebSearch"))
    )
    manifest = Manifest(name="n", scoped=True, declared=(capability(CapabilityKind.TOOL, said),))
    kept, left = declared_only(grants, manifest)
    assert list(map(str, left)) == LEFT[said]
    assert sorted((*kept, *left)) == sorted(grants)
    assert declared_only(grants, Manifest(name="n"))[0] == tuple(grants)
    assert str(declared_only(grants, Manifest(name="n", scoped=True))[0]).count("exec") == 0
