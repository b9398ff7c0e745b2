"""What the record says of a skill: used and unused grants, and the first time that each thing was denied."""

from typing import Any

from bailiwick.administration.skills.usage import narrower, usage_of
from bailiwick.information.approvals import grant_of

GRANTS = [
    grant_of(text)
    for text in ("exec git", "fs.read ${project}/**", "net a.example.com", "exec ${skill}/x.py", "env TOKEN")
]


def call(seq: int, *accesses: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"kind": "tool-call", "seq": seq, "time_ms": seq * 1000, "skills": ["pdf"], "project": "/w"}
    return said | {"accesses": accesses, "enforced": "allow"} | more


def denied(seq: int, about: str, grant: str) -> dict[str, Any]:
    reason = {
        "rule": "skill.pdf.network.other",
        "verdict": "deny",
        "about": about,
        "instead": f"The manifest would need `{grant}` (`bailiwick skill approve pdf`).",
    }
    return call(seq, enforced="deny", reasons=[reason])


RECORDS = [
    call(
        1, {"kind": "execute", "program": "git", "arguments": "log -1"}, {"kind": "read", "path": "/w/.git"}
    ),
    call(2, {"kind": "execute", "program": "python3", "arguments": ".claude/skills/pdf/x.py in"}),
    call(
        3, {"kind": "read", "path": "/elsewhere"}, {"kind": "?"}, {"kind": "connect", "host": "b.example.com"}
    ),
    denied(4, "connect c.example.com", "net c.example.com"),
    denied(5, "connect c.example.com", "net c.example.com"),
    call(6, {"kind": "execute", "program": "git"}, skills=["other"]),
    {"kind": "session-start", "skills": ["pdf"]},
]


def test_usage() -> None:
    usage = usage_of("pdf", GRANTS, RECORDS, ["/w/.claude/skills/pdf"])
    assert (usage.calls, usage.first_ms, usage.last_ms) == (5, 1000, 5000)
    assert {str(grant): count for grant, count in usage.used.items()} == {
        "exec git": 1,
        "fs.read ${project}/**": 1,
        "exec ${skill}/x.py": 1,
    }
    assert list(map(str, usage.unused)) == ["net a.example.com", "env TOKEN"]
    (denial,) = usage.denials
    assert (denial.seq, denial.times, denial.about, denial.grant) == (
        4,
        2,
        "connect c.example.com",
        "net c.example.com",
    )


def test_a_skill_that_was_never_called_used_nothing() -> None:
    usage = usage_of("pdf", GRANTS, [], [])
    assert (usage.calls, usage.used, usage.unused) == (0, {}, tuple(GRANTS))


def test_a_narrower_manifest_names_what_was_done_under_a_wide_grant() -> None:
    grants = [
        grant_of(text)
        for text in ("exec git", "fs.read ${project}/**", "fs.read ${project}/a/*", "net *", "env T")
    ]
    records = [
        call(1, {"kind": "execute", "program": "git"}, {"kind": "read", "path": "/w/notes.txt"}),
        call(2, {"kind": "connect", "host": "a.example.com"}, {"kind": "read", "path": "/w/a/b"}),
    ]
    without, instead = narrower(usage_of("pdf", grants, records, []), grants)
    assert list(map(str, without)) == ["fs.read ${project}/**", "fs.read ${project}/a/*", "net *", "env T"]
    assert sorted(map(str, instead)) == [
        "fs.read ${project}/a/b",
        "fs.read ${project}/notes.txt",
        "net a.example.com",
    ]


def test_a_wide_grant_that_is_used_widely_stays() -> None:
    grants = [grant_of("fs.read ${project}/**")]
    records = [call(at, {"kind": "read", "path": f"/w/{at}.txt"}) for at in range(1, 9)]
    assert narrower(usage_of("pdf", grants, records, []), grants) == ((), ())


def test_nothing_is_proposed_for_a_skill_that_was_never_called() -> None:
    assert narrower(usage_of("pdf", GRANTS, [], []), GRANTS) == ((), ())


def test_what_code_in_the_sandbox_used_is_not_said_to_be_unused() -> None:
    """Whoever took such a grant away would break the script that needs it."""
    grants = [
        grant_of(text)
        for text in (
            "exec ${skill}/x.py",
            "fs.write ${project}/r.html",
            "fs.read ${project}/**",
            "env T",
            "mcp crm",
        )
    ]
    run = call(
        1,
        {"kind": "execute", "program": "python3", "arguments": "/w/s/pdf/x.py"},
        {"kind": "read", "path": "/w/a"},
    )
    seen = usage_of("pdf", grants, [run], ["/w/s/pdf"])
    assert [str(one) for one in narrower(seen, grants)[0]] == [
        *("fs.write ${project}/r.html", "fs.read ${project}/**", "env T", "mcp crm"),
    ]
    held = usage_of("pdf", grants, [run | {"obligations": [{"kind": "contain"}]}], ["/w/s/pdf"])
    assert held.contained == 1
    assert [str(one) for one in held.unused] == ["mcp crm"]
    assert [[str(one) for one in part] for part in narrower(held, grants)] == [["mcp crm"], []]
