"""`bailiwick skill approve`, `list`, `verify`, `revoke`, `renew`, `key` and `why`, as they are typed and read."""

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from keyless_instance import Instance, statement

from bailiwick.cli.main import main
from bailiwick.model.request import Principal

SAID = Path(__file__).parent / "skill-approval.txt"
ORGANISATION = "organisation: Test Ltd\nmode: enforce\ndefault_profile: dev\n"
ROLES = "roles:\n  frontend: {users: [alice], profiles: [dev]}\n  infra: {users: [bob], profiles: [dev]}\n"

USAGE = 2

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in a directory with a policy, a key and a skill."""
    policy, home = tmp_path / "policy", tmp_path / "home"
    (policy / "profiles").mkdir(parents=True)
    home.mkdir()
    (policy / "profiles/dev.yaml").write_text("profile: dev\ndescription: d\n")
    (policy / "roles.yaml").write_text(ROLES)
    skill = tmp_path / ".claude/skills/pdf"
    (skill / "scripts").mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: pdf\ndescription: reads PDF files\n---\nText.\n")
    (skill / "scripts/x.py").write_text("print(1)\n")
    for name, value in {
        "HOME": home,
        "BAILIWICK_POLICY": policy,
        "BAILIWICK_STATE": tmp_path / "state",
        "BAILIWICK_APPROVER_KEY": tmp_path / "key.pem",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(["skill", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    _, shown, _ = call("key", str(tmp_path / "key.pem"))
    found = re.search(r"ed25519:\S+=", shown)
    assert found is not None
    (policy / "organisation.yaml").write_text(
        f'{ORGANISATION}skill_approvers: [{{name: carol, key: "{found[0]}"}}]\n'
    )
    return call


def plain(text: str, tmp_path: Path) -> str:
    text = text.replace(str(tmp_path), "<here>")
    text = re.sub(r"a-[0-9a-f]{12}", "<approval>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<digest>", re.sub(r"\b[0-9a-f]{12}\b", "<digest>", text))
    return re.sub(r"20\d\d-\d\d-\d\d", "<day>", text)


def test_what_people_see(run: Run, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    script = tmp_path / ".claude/skills/pdf/scripts/x.py"
    said: list[str] = []

    def step(*words: str) -> None:
        code, out, err = run(*words)
        said.append(f"$ bailiwick skill {' '.join(words)}\n{out}{err}[{code}]\n")

    grants = ("--only", "--grant", "exec python3", "--grant", "net a.example.com")
    step("list")
    step("approve", "pdf", "--as", "role:frontend", *grants)
    step("approve", "pdf", "--as", "role:frontend", "--yes", *grants)
    step("list")
    step("verify")
    script.write_text("print(2)\n")
    step("verify")
    step("approve", "pdf", "--as", "role:frontend", "--only", "--grant", "exec python3")
    step("approve", "pdf", "--as", "role:frontend", "--only", "--grant", "exec python3", "--grant", "net *")
    step("approve", "pdf", "--as", "role:nobody")
    step("approve", "nothing", "--as", "role:frontend")
    step("approve", "./no/pdf", "--as", "role:frontend")
    step("approve", ".claude", "--as", "role:frontend")
    step("verify", "pdf", "nothing")
    step("approve", "pdf", "--as", "role:frontend", "--grant", "everything")
    step("approve", "pdf", "--as", "role:frontend", "--without", "net b.example.com")
    (script.parent / "out").symlink_to("/etc/passwd")
    step("approve", "pdf", "--as", "role:frontend", "--yes")
    (script.parent / "out").unlink()
    step("why", "pdf")
    step("revoke", "pdf", "--reason", "no longer kept")
    step("list")
    step("revoke", "pdf")
    step("why", "pdf")
    step("renew")
    text = plain("\n".join(said), tmp_path)
    if request.config.getoption("--update"):
        SAID.write_text(text)
    assert text == SAID.read_text()


def test_a_key_that_the_policy_does_not_name_signs_nothing(run: Run, tmp_path: Path) -> None:
    run("key", str(tmp_path / "other.pem"))
    code, _, said = run(
        "approve", "pdf", "--as", "role:frontend", "--yes", "--key", str(tmp_path / "other.pem")
    )
    assert code == 2
    assert "does not name this key under skill_approvers" in said
    assert not (tmp_path / "policy/skills").exists()


def test_an_approver_keeps_to_the_roles_that_are_theirs(run: Run, tmp_path: Path) -> None:
    text = (tmp_path / "policy/organisation.yaml").read_text()
    (tmp_path / "policy/organisation.yaml").write_text(text.replace("}]", ", roles: [infra]}]"))
    code, _, said = run("approve", "pdf", "--as", "role:frontend", "--yes")
    assert (code, "may approve skills for infra only" in said) == (2, True)


def test_a_lock_that_is_not_believed_is_not_written_over(run: Run, tmp_path: Path) -> None:
    assert run("approve", "pdf", "--as", "role:frontend", "--yes")[0] == 0
    lock = tmp_path / "policy/skills/lock.json"
    lock.write_text(lock.read_text().replace('"version": 1', '"version": 2'))
    code, _, said = run("approve", "pdf", "--as", "role:frontend", "--yes")
    assert (code, "is not the text that was signed" in said) == (2, True)


@pytest.mark.parametrize("gone", ["lock.json", "lock.sig.json"])
def test_half_a_lock_is_not_written_over(run: Run, tmp_path: Path, gone: str) -> None:
    assert run("approve", "pdf", "--as", "role:frontend", "--yes")[0] == 0
    (tmp_path / "policy/skills" / gone).unlink()
    for verb in (["approve", "pdf", "--as", "role:frontend", "--yes"], ["list"], ["renew"]):
        code, _, said = run(*verb)
        assert (code, said) == (
            2,
            f"bailiwick: skills/{gone} is missing; restore it from the repository's history\n",
        )


def test_without_a_policy_each_verb_says_so(run: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "policy")
    for verb in (
        ["list"],
        ["verify"],
        ["why"],
        ["renew"],
        ["revoke", "x"],
        ["approve", "pdf", "--as", "role:x"],
    ):
        code, _, said = run(*verb)
        assert (code, "policy is not a directory; name that of a policy" in said) == (2, True), said


def test_the_first_key_comes_with_the_word_that_it_stands_under(run: Run, tmp_path: Path) -> None:
    """What is to be added makes the policy one that loads and names the key."""
    (tmp_path / "policy/organisation.yaml").write_text(ORGANISATION)
    code, _, said = run("approve", "pdf", "--as", "role:frontend", "--yes")
    assert code == USAGE
    (tmp_path / "policy/organisation.yaml").write_text(ORGANISATION + said.partition("; add\n")[2])
    assert run("approve", "pdf", "--as", "role:frontend", "--yes")[0] == 0


def test_policy_check_looks_at_the_lock(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it can't be believed no skill loads, and whoever merges the policy should hear of it before."""
    run("approve", "pdf", "--as", "role:frontend", "--yes")

    def checked() -> str:
        main(["policy", "check", str(tmp_path / "policy")])
        return capsys.readouterr().out

    assert "skill lock" not in checked()
    now = time.time()
    monkeypatch.setattr("bailiwick.cli.policy.time", SimpleNamespace(time=lambda: now + 170 * 86_400))
    assert "skills/lock.json:1: warning: the skill lock ends on" in checked()
    monkeypatch.setattr("bailiwick.cli.policy.time", SimpleNamespace(time=lambda: now + 181 * 86_400))
    assert "skills/lock.json:1: error: ended on" in checked()
    monkeypatch.undo()
    lock = tmp_path / "policy/skills/lock.json"
    lock.write_text(lock.read_text().replace('"fork": false', '"fork": true'))
    said = checked()
    assert "skills/lock.json:1: error: is not the text that was signed" in said
    assert "mend: restore it from the repository's history" in said


def test_a_command_is_approved_and_verified_by_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".claude/commands").mkdir()
    (tmp_path / ".claude/commands/today.md").write_text("---\ndescription: d\n---\nRun `date`.\n")
    assert run("approve", "today", "--as", "role:frontend", "--yes")[0] == 0
    assert run("verify", "today")[0] == 0
    code, out, _ = run("verify")
    assert (code, [line.split()[:2] for line in out.splitlines()[1:]]) == (
        1,
        [["unapproved", "pdf"], ["approved", "today"]],
    )


def test_as_json(run: Run) -> None:
    run("approve", "pdf", "--as", "role:frontend,infra", "--yes", "--grant", "exec ls")
    (listed,) = json.loads(run("list", "--json")[1])["skills"]
    assert (listed["name"], listed["roles"], "exec ls" in listed["grants"]) == (
        "pdf",
        ["frontend", "infra"],
        True,
    )
    assert [one["state"] for one in json.loads(run("verify", "--json")[1])["skills"]] == ["approved"]
    (why,) = json.loads(run("why", "pdf", "--json")[1])["approvals"]
    assert "exec ls" in why["unused"]


def test_nothing_in_a_name_reaches_the_terminal(run: Run, tmp_path: Path) -> None:
    skill = tmp_path / "strange\u202ename"
    skill.mkdir()
    (skill / "SKILL.md").write_text("x")
    _, out, _ = run("approve", str(skill), "--as", "role:frontend", "--yes")
    assert "\u202e" not in out


PUBLISHED = Path(__file__).parents[1] / "administration/skills/published"


def test_a_publishers_signature_is_verified_where_a_key_is_given(run: Run, tmp_path: Path) -> None:
    skill = tmp_path / "published"
    shutil.copytree(PUBLISHED / "key", skill, ignore=shutil.ignore_patterns("__pycache__"))
    approve = ("approve", str(skill), "--as", "role:frontend", "--yes")
    assert "skill.oms.sig, not verified" in run(*approve)[1]
    assert "signed   by key sha256:" in run(*approve, "--publisher", str(PUBLISHED / "key.pub"))[1]
    again, key = approve[:-1], ("--publisher", str(PUBLISHED / "key.pub"))
    assert run(*again, *key)[0] == 0
    for publisher in (
        (),
        ("--publisher", str(PUBLISHED / "root.pem")),
    ):  # another's word is not the publisher's
        assert run(*again, *publisher)[0] == USAGE
    code, out, said = run(*again)
    assert (code, "WIDER    it was signed by key sha256:" in out, "somebody has to agree" in said) == (
        2,
        True,
        True,
    )
    (skill / "SKILL.md").write_text("changed")
    code, _, said = run(*approve, "--publisher", str(PUBLISHED / "key.pub"))
    assert (code, "SKILL.md is not as the publisher signed it" in said) == (2, True)
    code, _, said = run(
        "approve", "pdf", "--as", "role:frontend", "--yes", "--publisher", str(PUBLISHED / "key.pub")
    )
    assert (code, "no signature of a publisher" in said) == (2, True)


def test_a_keyless_signature_is_verified_where_a_root_and_an_identity_are_given(
    run: Run, tmp_path: Path
) -> None:
    skill, root = tmp_path / ".claude/skills/pdf", tmp_path / "trusted_root.json"
    files = {
        str(one.relative_to(skill)): one.read_bytes()
        for one in skill.rglob("*")
        if one.is_file() and not one.is_symlink()
    }
    sigstore, who, by = Instance(), "release@pdf-tools.example", "https://accounts.pdf-tools.example"
    root.write_bytes(sigstore.trusted())
    signed = sigstore.bundle(statement(files), identity=who, issuer=by)
    (skill / "skill.oms.sig").write_text(json.dumps(signed))
    words = ("approve", "pdf", "--as", "role:frontend", "--yes", "--publisher", str(root))
    code, said, _ = run(*words, "--identity", who, "--issuer", by)
    assert (code, f"by {who} ({by})" in said) == (0, True)
    code, _, said = run(*words, "--identity", "else@pdf-tools.example", "--issuer", by)
    assert (code, "does not hold" in said) == (2, True)
    code, _, said = run(*words, "--identity", who)
    assert (code, "go together" in said) == (2, True)
    code, _, said = run(*words)
    assert (code, "say who signed with --identity" in said) == (2, True)
    (skill / "scripts/x.py").write_text("print(2)\n")
    code, _, said = run(*words, "--identity", who, "--issuer", by)
    assert (code, "is not as the publisher signed it" in said) == (2, True)


def test_inspect_says_whether_the_skill_is_approved_as_it_stands(run: Run, tmp_path: Path) -> None:
    skill = tmp_path / ".claude/skills/pdf"
    assert "approval" not in run("inspect", str(skill))[1]
    run("approve", "pdf", "--as", "role:frontend", "--yes", "--grant", "exec ls")
    said = run("inspect", str(skill))[1]
    assert "as approved" in said
    assert "never used" in said
    (skill / "scripts/x.py").write_text("import os\nos.system('curl https://api.example.net/x')\n")
    said = run("inspect", str(skill))[1]
    assert "changed since" in said
    assert "net api.example.net" in said.partition("doesn't grant:")[2]
    (one,) = json.loads(run("inspect", str(skill), "--json")[1])["approvals"]
    assert not one["as_approved"]
    assert "net api.example.net" in one["not_granted"]


def test_why_without_a_name_tells_of_every_approval(run: Run) -> None:
    assert run("why")[0] == USAGE
    run("approve", "pdf", "--as", "role:frontend", "--yes", "--grant", "exec ls")
    code, said, _ = run("why")
    assert (code, "exec ls" in said) == (0, True)
    (one,) = json.loads(run("why", "--json")[1])["skills"]
    assert (one["name"], one["approvals"][0]["unused"]) == ("pdf", ["exec ls"])
    run("revoke", "pdf")
    assert run("why")[:2] == (0, "no skill is approved\n")


def test_a_rollback_that_was_meant_is_signed_above_what_was_seen(run: Run, tmp_path: Path) -> None:
    run("approve", "pdf", "--as", "role:frontend", "--yes")
    assert "as version 8" in run("renew", "--above", "7")[1]
    assert json.loads((tmp_path / "policy/skills/lock.json").read_text())["version"] == 8


def test_a_lock_put_back_to_before_a_revocation_is_refused_where_the_newer_one_was_seen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "policy/skills"
    run("approve", "pdf", "--as", "role:frontend", "--yes")
    before = {path: path.read_bytes() for path in lock.iterdir()}
    run("revoke", "pdf")
    for path, content in before.items():
        path.write_bytes(content)
    for words in (["verify"], ["list"], ["approve", "pdf", "--as", "role:frontend", "--yes"], ["renew"]):
        code, out, said = run(*words)
        assert (code, out) == (USAGE, "")
        assert "has version 1, but version 2 was seen: it was rolled back" in said
        assert "bailiwick skill renew --above 2" in said
    monkeypatch.setenv("BAILIWICK_STATE", str(tmp_path / "another machine"))
    assert run("verify")[0] == 0  # nobody looked from there before; docs/limits.md says so
    monkeypatch.setenv("BAILIWICK_STATE", str(tmp_path / "state"))
    assert "as version 3" in run("renew", "--above", "2")[1]
    assert "lock     version 3" in run("verify")[1]
    shutil.rmtree(lock)
    run("approve", "pdf", "--as", "role:frontend", "--yes")
    assert "lock     version 4" in run("verify")[1]


def test_what_was_seen_of_locks_must_be_readable_and_need_not_be_writable(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("approve", "pdf", "--as", "role:frontend", "--yes")
    for text in ("", "[]", '{"x": true}', "[" * 100_000):
        (tmp_path / "state/skill-locks.json").write_text(text)
        code, _, said = run("verify")
        assert code == USAGE
        assert "skill-locks.json doesn't say which versions" in said
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BAILIWICK_STATE", str(tmp_path / "file"))
    code, _, said = run("verify")
    assert code == USAGE
    assert "Not a directory" in said
    monkeypatch.setenv("BAILIWICK_STATE", "/proc/none")
    code, out, said = run("verify")
    assert (code, "lock     version 1" in out) == (0, True)
    assert "can't keep that version 1 of the skill lock was seen: /proc/none" in said


def test_explain_and_decide_judge_as_if_a_skill_were_active(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Principal(user="alice", uid=1, home=str(tmp_path / "home"))
    for module in ("explain", "decide"):
        monkeypatch.setattr(f"bailiwick.cli.{module}.principal_of", lambda _uid: account)
    policy = tmp_path / "policy"
    organisation = policy / "organisation.yaml"
    (policy / "profiles/dev.yaml").write_text(
        "profile: dev\ndescription: d\ncommands: {allow: [date]}\nfiles: {readable: [/**]}\ntools: {other: allow}\n"
    )
    call = json.dumps(
        {
            "hook_event_name": "PreToolUse",
            "session_id": "s",
            "cwd": str(tmp_path),
            "tool_name": "Bash",
            "tool_input": {"command": "date"},
        }
    )
    (tmp_path / "calls").write_text(call + "\n")
    explain = ["explain", "date", "--policy", str(policy), "--profile", "dev"]
    decide = ["decide", "--policy", str(policy), "--profile", "dev", str(tmp_path / "calls")]

    assert main([*explain, "--skill", "pdf"]) == USAGE
    assert "holds no skill to an approval" in capsys.readouterr().err
    organisation.write_text(organisation.read_text() + "skills: {require: approval}\n")
    assert main([*explain, "--skill", "no-such"]) == USAGE
    assert "there is no skill 'no-such'" in capsys.readouterr().err
    assert main(decide) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "allow"

    code, _, said = run("approve", ".claude/skills/pdf", "--as", "role:frontend", "--yes")
    assert code == 0, said
    for words in (explain, decide):
        assert main([*words, "--skill", "pdf"]) == 1
        assert "pdf" in capsys.readouterr().out

    code, _, said = run(
        "approve", ".claude/skills/pdf", "--as", "role:frontend", "--grant", "exec date", "--yes"
    )
    assert code == 0, said
    for words in (explain, decide):
        assert main([*words, "--skill", "pdf"]) == 0, capsys.readouterr().out
        capsys.readouterr()
    (tmp_path / ".claude/skills/pdf/SKILL.md").write_text("---\nname: pdf\ndescription: other\n---\n")
    assert main([*decide, "--skill", "pdf"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "deny"


CALLS = (
    ("Bash(date)", "allow"),
    ("WebFetch(https://a.example.com/x)", "allow"),
    ("WebFetch(https://b.example.com/x)", "deny"),
)


def policy_command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["policy", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def held(run: Run, tmp_path: Path) -> Path:
    """The policy repository with a skill approved for whoever runs this and for the person of the recorded calls."""
    policy = tmp_path / "policy"
    (policy / "profiles/dev.yaml").write_text(
        "profile: dev\ndescription: d\ncommands: {allow: [date]}\nfiles: {readable: [/**]}\ntools: {other: allow}\nnetwork: {allow: ['*.example.com']}\nskills: {require: approval}\n"
    )
    (policy / "roles.yaml").write_text("roles:\n  frontend: {users: ['*'], profiles: [dev]}\n")
    code, _, said = run(
        "approve", "pdf", "--as", "role:frontend", "--yes", "--only", "--grant", "exec date", "--grant", "net a.example.com"
    )  # fmt: skip
    assert code == 0, said
    return policy


def test_policy_explain_says_what_a_call_gets_while_a_skill_is_active(
    held: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for call, verdict in CALLS:
        code, out, err = policy_command(
            capsys, "explain", str(held), call, "--profile", "dev", "--skill", "pdf"
        )
        assert f": {verdict.upper()}\n" in out, (call, out, err)
        assert code == (verdict != "allow")
    assert "skill pdf" in out and "net b.example.com" in out  # noqa: PT018 - which layer, and what would allow it
    code, out, _ = policy_command(capsys, "explain", str(held), CALLS[2][0], "--profile", "dev")
    assert code == 0 and "ALLOW" in out  # noqa: PT018 - without the skill


def test_policy_explain_says_what_is_missing(held: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = policy_command(
        capsys, "explain", str(held), CALLS[0][0], "--profile", "dev", "--skill", "nope"
    )
    assert code == USAGE
    assert "there is no skill 'nope' here" in err
    (held / "profiles/dev.yaml").write_text("profile: dev\ndescription: d\n")
    code, _, err = policy_command(
        capsys, "explain", str(held), CALLS[0][0], "--profile", "dev", "--skill", "pdf"
    )
    assert code == USAGE
    assert "holds no skill to an approval" in err


def test_every_verb_speaks_json(run: Run, tmp_path: Path) -> None:
    def told(*words: str) -> Any:
        code, out, _ = run(*words, "--json")
        assert code == 0
        return json.loads(out)

    assert not told("key", str(tmp_path / "key.pem"))["made"]
    approved = told("approve", "pdf", "--as", "role:frontend", "--yes")
    assert (approved["name"], approved["roles"]) == ("pdf", ["frontend"])
    assert told("list")["skills"][0]["approval"] == approved["approval"]
    assert told("renew")["approvals"] == 1
    assert told("verify")["skills"][0]["state"] == "approved"
    assert told("revoke", "pdf")["revoked"][0]["approval"] == approved["approval"]
    assert told("scan", str(tmp_path / ".claude/skills"))
    assert told("inspect", str(tmp_path / ".claude/skills/pdf"))


def test_simulate_holds_a_recorded_call_to_the_skill_that_was_active(
    held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def record(url: str, skills: list[str]) -> str:
        return json.dumps(
            {
                "kind": "tool-call",
                "time_ms": 1,
                "tool": "WebFetch",
                "input": json.dumps({"url": url, "prompt": ""}),
                "user": "alice",
                "profile": "dev",
                "verdict": "allow",
                "skills": skills,
            }
        )

    records = tmp_path / "records.jsonl"
    records.write_text(
        "\n".join(
            record(*row)
            for row in (
                ("https://a.example.com/1", ["pdf"]),
                ("https://b.example.com/2", ["pdf"]),
                ("https://b.example.com/3", []),
                ("https://a.example.com/4", ["unknown"]),
            )
        )
    )
    code, out, err = policy_command(capsys, "simulate", str(held), str(records), "--json")
    assert code == 1, err
    told = json.loads(out)
    assert told["judged"] == len(records.read_text().split("\n"))
    changed = {row["example"]: (row["after"], row["rule"]) for row in told["changes"]}
    assert changed.keys() == {"WebFetch(https://b.example.com/2)", "WebFetch(https://a.example.com/4)"}
    assert all(after == "deny" and "skill" in rule for after, rule in changed.values())
