"""Skills with the real client: which skill each call is put down to, and what an approved one may do."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import HOME, PROJECT, Listener, Outcome, Room, bash

from bailiwick.administration.skills.dsse import public_of
from bailiwick.service.scripted_model import Say, Script, Turn, Use
from bailiwick.service.skills.keys import key_text, make_key

SKILLS = PROJECT / ".claude/skills"
AGENT = Use(
    tool="Agent", input={"description": "x", "prompt": "AGENT-TASK", "subagent_type": "general-purpose"}
)

DONE = Say(text="done")

HELD = """\
profile: held
description: Everything but unapproved skills.
extends: [open]
skills: {require: approval, bundled: [init]}
"""


def load(name: str) -> Use:
    return Use(tool="Skill", input={"skill": name})


def agent(*turns: Turn, says: str = "AGENT-TASK") -> Script:
    return Script(name="agent", turns=turns, when=lambda received: says in received.opening)


def write(room: Room, name: str, *, extra: str = "", body: str = "", where: Path = SKILLS) -> Path:
    text = f"---\nname: {name}\ndescription: does {name}\n{extra}---\n{body or f'TEXT-{name}'}\n"
    room.write(where / name / "SKILL.md", text)
    return where / name


@pytest.fixture
def skilled(room: Room) -> Room:
    """A room in which skills need an approval, and an account that may give one."""
    key = make_key(room.host(HOME / ".config/bailiwick/approver.pem"))
    organisation = (
        "organisation: Scenario Ltd\ncontact: the platform team\nmode: enforce\ndefault_profile: dev\n"
        f'skill_approvers:\n  - {{name: dev, key: "{key_text(key)}"}}\n'
    )
    assert len(public_of(key)) == 32
    roles = "roles:\n  everybody:\n    users: ['*']\n    profiles: [dev, open, held, labelled]\n"
    labelled = (
        "profile: labelled\ndescription: Private data and the web do not meet.\nextends: [open]\n"
        "flow:\n  meet: deny\n  private: ['${project}/customers/**']\n  trusted: [docs.example.com]\n"
        "  declassify: [mcp__archive, tickets.test]\n"
    )
    room.set_policy(
        changes={
            "organisation.yaml": organisation,
            "roles.yaml": roles,
            "profiles/held.yaml": HELD,
            "profiles/labelled.yaml": labelled,
        }
    )
    return room


def approve(room: Room, path: Path, *grants: str, more: Sequence[str] = ()) -> None:
    given = [word for grant in grants for word in ("--grant", grant)]
    done = room.bailiwick("skill", "approve", str(path), "--as", "role:everybody", "--yes", *given, *more)
    assert done.returncode == 0, done.stderr


def held(room: Room, turns: Sequence[Turn], *flags: str, **more: Any) -> Outcome:
    outcome = room.governed(turns, *flags, profile="held", **more)
    assert outcome.code == 0, outcome
    assert room.faults() == ()
    return outcome


def skills(room: Room) -> Mapping[str, list[str]]:
    """The skills that the log puts each judged call down to."""
    return {call: record.get("skills", []) for call, record in room.judged().items()}


# --- attribution: each case of the study's table (§3.5), with what the client itself says beside it


def test_before_and_after_skills_and_the_next_prompt(room: Room) -> None:
    write(room, "alpha")
    write(room, "beta")
    prompts = "".join(
        json.dumps({"type": "user", "message": {"role": "user", "content": text}}) + "\n"
        for text in ("go", "more")
    )
    outcome = room.governed(
        [bash("echo 0"), load("alpha"), bash("echo 1"), load("beta"), bash("echo 2")],
        *("--input-format", "stream-json"),
        profile="open",
        prompt=None,
        stdin=prompts,
    )
    assert outcome.ran(4), outcome
    assert skills(room) == {
        "toolu_main_0_0": [],
        "toolu_main_1_0": [],
        "toolu_main_2_0": ["alpha"],
        "toolu_main_3_0": ["alpha"],
        "toolu_main_4_0": ["alpha", "beta"],
    }


def test_a_typed_skill(room: Room) -> None:
    write(room, "alpha")
    room.governed([bash("echo 1")], profile="open", prompt="/alpha")
    assert skills(room)["toolu_main_0_0"] == ["alpha"]


def test_a_call_in_the_same_message_as_the_skill(room: Room) -> None:
    """The client attributes it to nothing; here it counts, since the two may run in either order."""
    write(room, "alpha")
    room.governed([(load("alpha"), bash("echo 1"))], profile="open")
    assert skills(room)["toolu_main_0_1"] == ["alpha"]


@pytest.mark.parametrize("typed", [False, True], ids=["called", "typed"])
def test_a_forked_skill_counts_in_its_sub_agent_only(skilled: Room, *, typed: bool) -> None:
    where = write(skilled, "forky", extra="context: fork\n", body="FORK-TASK")
    approve(skilled, where, "exec echo")
    turns = [bash("echo after")] if typed else [load("forky"), bash("echo after")]
    script = agent(bash("echo inside"), says="FORK-TASK")
    held(skilled, turns, prompt="/forky" if typed else "go", agents=[script])
    found = skills(skilled)
    assert found["toolu_agent_0_0"] == ["forky"]
    if not typed:
        assert found["toolu_main_1_0"] == []


def test_a_sub_agent_inherits_and_adds_its_own(room: Room) -> None:
    write(room, "alpha")
    write(room, "beta")
    script = agent(bash("echo 1"), load("beta"), bash("echo 2"))
    room.governed([load("alpha"), AGENT, bash("echo after")], profile="open", agents=[script])
    found = skills(room)
    assert found["toolu_agent_0_0"] == ["alpha"]
    assert found["toolu_agent_2_0"] == ["alpha", "beta"]  # the client says alpha still
    assert found["toolu_main_2_0"] == ["alpha"]


def test_a_skill_whose_file_the_model_just_reads(skilled: Room) -> None:
    where = write(skilled, "alpha")
    approve(skilled, where, "exec echo")
    outcome = held(
        skilled,
        [Use(tool="Read", input={"file_path": str(where / "SKILL.md")}), bash("echo 1"), bash("date")],
    )
    assert outcome.ran(0), outcome
    assert skills(skilled)["toolu_main_1_0"] == ["alpha"]  # the client says nothing
    assert not outcome.ran(2)


def test_attribution_needs_no_transcript(room: Room) -> None:
    write(room, "alpha")
    room.governed([load("alpha"), bash("echo 1")], "--no-session-persistence", profile="open")
    assert skills(room)["toolu_main_1_0"] == ["alpha"]


# --- approvals


def pdf(room: Room, *, extra: str = "") -> Path:
    where = write(
        room, "pdf", extra=extra, body="Run scripts/extract.py on the file. It asks http://<host>/ for fonts."
    )
    script = (
        "import sys, urllib.request\n"
        "print('pages of', open(sys.argv[1]).read())\n"
        "if len(sys.argv) > 2:\n    print(urllib.request.urlopen(sys.argv[2], timeout=3).read())\n"
    )
    room.write(where / "scripts/extract.py", script)
    room.write(PROJECT / "in.pdf", "a small document")
    return where


EXTRACT = "python3 .claude/skills/pdf/scripts/extract.py in.pdf"


def test_an_approved_skill_works_and_its_network_is_denied(skilled: Room) -> None:
    approve(skilled, pdf(skilled), "exec python3", "fs.read ${project}/**")
    with Listener() as listener:
        outcome = held(
            skilled,
            [
                load("pdf"),
                bash(EXTRACT),
                bash(f"{EXTRACT} {listener.url}/"),
                bash(f"wget -qO- {listener.url}/"),
            ],
        )
        assert not listener.requests, outcome
    assert outcome.ran(0), outcome
    assert "pages of a small document" in outcome.result(1).text, outcome
    assert "URLError" in outcome.result(2).text or outcome.result(2).is_error, outcome
    told = outcome.result(3)
    assert told.is_error, outcome
    assert "bailiwick skill approve pdf --grant" in told.text, outcome
    for turn in (1, 2, 3):
        assert skills(skilled)[f"toolu_main_{turn}_0"] == ["pdf"]


def test_what_the_audit_found_is_enough_for_an_ordinary_skill(skilled: Room) -> None:
    body = "To convert a document:\n\n```bash\npython3 scripts/convert.py in.svg out.svg\n```\n"
    where = write(skilled, "convert", body=body)
    script = "import sys\nimport xml.etree.ElementTree as ET\nET.parse(sys.argv[1]).write(sys.argv[2])\nprint('written')\n"
    skilled.write(where / "scripts/convert.py", script)
    skilled.write(PROJECT / "drawings/plan.svg", "<svg/>")
    approve(skilled, where)
    convert = "python3 .claude/skills/convert/scripts/convert.py drawings/plan.svg"
    outcome = held(
        skilled,
        [
            load("convert"),
            bash(f"{convert} drawings/copy.svg"),
            bash(f"{convert} ~/copy.svg"),
            bash(f"{convert} CLAUDE.md"),
        ],
    )
    assert "written" in outcome.result(1).text, outcome
    assert skilled.host(PROJECT / "drawings/copy.svg").read_text(encoding="utf-8") == "<svg />"
    assert outcome.result(2).is_error, outcome
    assert outcome.result(3).is_error, outcome
    assert not skilled.host(HOME / "copy.svg").exists()
    assert not skilled.host(PROJECT / "CLAUDE.md").exists()


LOADS: dict[str, tuple[list[Turn], str, list[Script]]] = {
    "called": ([load("pdf")], "go", []),
    "typed": ([], "/pdf", []),
    "in a sub-agent": ([AGENT], "go", [agent(load("pdf"))]),
}


@pytest.mark.parametrize("way", LOADS)
def test_a_skill_that_changed_by_one_byte_does_not_load(skilled: Room, way: str) -> None:
    where = pdf(skilled)
    approve(skilled, where, "exec python3")
    change_a_byte(skilled, where)
    turns, prompt, agents = LOADS[way]
    outcome = held(skilled, turns, prompt=prompt, agents=agents)
    told = [request.text for request in outcome.model.requests]
    assert not any("Run scripts" in text or "does pdf" in text for text in told), outcome


@pytest.mark.parametrize("way", ["called", "in a sub-agent", "forked"])
def test_a_skill_that_changes_under_a_running_session_does_not_load(skilled: Room, way: str) -> None:
    where = pdf(skilled, extra="context: fork\n" if way == "forked" else "")
    approve(skilled, where, "exec python3")

    def change(_: object) -> Use:
        change_a_byte(skilled, where)
        return load("pdf")

    turns: list[Turn] = [AGENT] if way == "in a sub-agent" else [change]
    outcome = held(skilled, turns, agents=[agent(change)])
    assert not any("Run scripts" in request.text for request in outcome.model.requests), outcome
    told = json.dumps([record for record in skilled.records() if record.get("enforced") == "deny"])
    assert "has changed since it was approved" in told, outcome
    assert "bailiwick skill approve" in told


def change_a_byte(room: Room, where: Path) -> None:
    script = where / "scripts/extract.py"
    room.write(script, (room.read(script) or "").replace("pages", "Pages"))


@pytest.mark.parametrize("way", LOADS)
def test_an_unapproved_skill_does_not_load(skilled: Room, way: str) -> None:
    pdf(skilled)
    turns, prompt, agents = LOADS[way]
    outcome = held(skilled, turns, prompt=prompt, agents=agents)
    assert not any("Run scripts" in request.text for request in outcome.model.requests)
    assert "off in this session: pdf; `bailiwick skill verify` lists them" in outcome.stderr


def test_scripts_and_references_are_checked_when_they_are_used(skilled: Room) -> None:
    where = pdf(skilled)
    skilled.write(where / "reference.md", "REFERENCE")
    approve(skilled, where, "exec python3", "fs.read ${project}/**")

    def change(_: object) -> Use:
        skilled.write(where / "reference.md", "REFERENCE changed")
        return Use(tool="Read", input={"file_path": str(where / "reference.md")})

    read = Use(tool="Read", input={"file_path": str(where / "reference.md")})
    outcome = held(skilled, [load("pdf"), read, bash(EXTRACT), change, bash(EXTRACT)])
    assert outcome.ran(1), outcome
    assert outcome.ran(2), outcome
    assert not outcome.ran(3), outcome
    assert not outcome.ran(4), outcome


def test_a_forked_skill_and_a_sub_agent_are_held_to_their_manifest(skilled: Room) -> None:
    where = write(skilled, "forky", extra="context: fork\n", body="FORK-TASK")
    approve(skilled, where, "exec echo", more=["--fork"])
    script = agent(bash("echo inside"), bash("date"), says="FORK-TASK")
    outcome = held(skilled, [load("forky"), bash("date")], agents=[script])
    assert outcome.ran(0, script="agent"), outcome
    assert not outcome.ran(1, script="agent"), outcome
    assert outcome.ran(1), outcome  # the main thread never had its text


def test_a_sub_agent_of_a_skill_is_held_to_it(skilled: Room) -> None:
    where = write(skilled, "alpha")
    approve(skilled, where, "exec echo", "spawn general-purpose")
    script = agent(bash("echo inside"), bash("date"))
    outcome = held(skilled, [load("alpha"), AGENT], agents=[script])
    assert outcome.ran(0, script="agent"), outcome
    assert not outcome.ran(1, script="agent"), outcome


def test_a_skill_that_a_sub_agent_starts_with_is_held_too(skilled: Room) -> None:
    """The client puts it before the agent without a word: no hook, transcript or telemetry tells of it."""
    where = write(skilled, "pre")
    approve(skilled, where, "exec echo")
    definition = "---\nname: worker\ndescription: works\nskills: [pre]\n---\nWORKER\n"
    skilled.write(PROJECT / ".claude/agents/worker.md", definition)
    worker = Use(tool="Agent", input={"description": "x", "prompt": "AGENT-TASK", "subagent_type": "worker"})

    def change(_: object) -> Use:
        skilled.write(where / "SKILL.md", (skilled.read(where / "SKILL.md") or "") + "more\n")
        return worker

    script = agent(bash("echo inside"), bash("date"))
    outcome = held(skilled, [worker, bash("date"), change], agents=[script])
    assert any("TEXT-pre" in request.text for request in outcome.model.requests), outcome
    assert outcome.ran(0, script="agent"), outcome
    assert not outcome.ran(1, script="agent"), outcome
    assert skills(skilled)["toolu_agent_1_0"] == ["pre"]
    assert outcome.ran(1), outcome
    assert "the sub-agent worker starts with a skill" in outcome.result(2).text, outcome


def test_how_long_a_skill_counts_is_policy(skilled: Room) -> None:
    """Until the conversation is shortened, here: its text is gone from it then."""
    skilled.write(
        HOME / ".config/bailiwick/policy/profiles/held.yaml", HELD.replace("}", ", active: compaction}")
    )
    approve(skilled, write(skilled, "alpha"), "exec echo")
    began = held(skilled, [load("alpha"), bash("date")])
    session = next(message["session_id"] for message in began.messages if "session_id" in message)

    def go_on(prompt: str, *turns: Turn) -> Outcome:
        left = list(turns)
        script = Script(  # ids of its own: the client's transcript knows those from before
            name=prompt.strip("/"),
            turns=[lambda _: left.pop(0) if left else DONE] * 20,
            when=lambda _: True,
        )
        return held(skilled, [], "--resume", session, prompt=prompt, agents=[script])

    assert "skill.alpha" in denials(skilled)[-1]
    go_on("next", bash("date"))
    assert len(denials(skilled)) == 2
    go_on("/compact")
    assert any(record.get("event") == "PostCompact" for record in skilled.records())
    after = go_on("after", bash("date"))
    assert not any("TEXT-alpha" in request.text for request in after.model.requests), after
    assert len(denials(skilled)) == 2, after
    assert not [record for record in skilled.records() if record["kind"] == "skill-disagreement"]


def denials(room: Room) -> list[str]:
    return [str(record["reasons"]) for record in room.records() if record.get("enforced") == "deny"]


def test_withdrawing_the_approval_takes_effect_in_the_running_session(skilled: Room) -> None:
    approve(skilled, write(skilled, "alpha"), "exec echo")

    def withdraw(_: object) -> Use:
        done = skilled.bailiwick("skill", "revoke", "alpha", "--reason", "sold")
        assert done.returncode == 0, done.stderr
        return bash("echo 2")

    outcome = held(skilled, [load("alpha"), bash("echo 1"), withdraw, load("alpha")])
    assert outcome.ran(1), outcome
    assert "no longer holds: it was withdrawn on 2" in outcome.result(2).text, outcome
    assert ": sold (skill.alpha." in outcome.result(2).text, outcome
    assert not outcome.ran(3), outcome
    told = outcome.result(3).text  # nobody is sent to have approved again what was taken back
    assert ": sold" in told, outcome
    assert "bailiwick skill approve" not in told, outcome


def test_two_skills_share_what_both_may_do(skilled: Room) -> None:
    approve(skilled, write(skilled, "alpha"), "exec echo", "exec date")
    approve(skilled, write(skilled, "beta"), "exec echo", "exec id")
    outcome = held(skilled, [load("alpha"), load("beta"), bash("echo 1"), bash("date"), bash("id")])
    assert [outcome.ran(turn) for turn in (2, 3, 4)] == [True, False, False], outcome


def test_the_clients_own_command_needs_no_approval_where_policy_names_it(skilled: Room) -> None:
    assert len(held(skilled, [], prompt="/init").model.conversation) == 1
    assert len(held(skilled, [], prompt="/review").model.conversation) == 0


def test_what_an_unapproved_skill_says_of_itself_is_not_shown_to_the_model(skilled: Room) -> None:
    write(skilled, "evil")
    approve(skilled, write(skilled, "good"))
    (request, *_) = held(skilled, []).model.conversation
    assert "does good" in request.text
    assert "does evil" not in request.text


def test_a_resumed_conversation_still_has_its_skill(skilled: Room) -> None:
    approve(skilled, write(skilled, "alpha"), "exec echo")
    first = held(skilled, [load("alpha"), bash("date")])
    session = next(message["session_id"] for message in first.messages if "session_id" in message)
    second = held(skilled, [DONE, DONE, DONE, bash("date"), bash("echo 1")], "--resume", session)
    assert [second.ran(turn) for turn in (3, 4)] == [False, True], second


def test_a_conversation_begun_without_bailiwick_has_the_skills_of_its_transcript(skilled: Room) -> None:
    approve(skilled, write(skilled, "alpha"), "exec echo")
    allowed = json.dumps({"permissions": {"allow": ["Bash", "Skill"]}})
    first = skilled.session([load("alpha"), bash("echo 1")], "--settings", allowed)
    assert first.ran(1), first
    session = next(message["session_id"] for message in first.messages if "session_id" in message)
    second = held(skilled, [DONE, DONE, DONE, bash("date"), bash("echo 1")], "--resume", session)
    assert [second.ran(turn) for turn in (3, 4)] == [False, True], second


# --- flow


def test_private_data_and_the_web_do_not_meet(skilled: Room) -> None:
    skilled.write(PROJECT / "customers/list.csv", "Ann,Bob")
    with Listener() as listener:
        # Loopback is no way out, so the peer is reached by a name that stands for it.
        hosts = (
            skilled.read("/etc/hosts") or ""
        ) + "\n127.0.0.1 web.test other.test docs.example.com tickets.test\n"
        skilled.write("/etc/hosts", hosts)
        fetch = f"wget -qO- http://web.test:{listener.port}/"
        outcome = skilled.governed(
            [
                bash(fetch),
                Use(tool="Read", input={"file_path": str(PROJECT / "customers/list.csv")}),
                bash(f"wget -qO- http://other.test:{listener.port}/"),
                bash("cat customers/list.csv"),
                bash(
                    "python3 -c 'import urllib.request as u, sys; print(u.urlopen(sys.argv[1]))' "
                    + fetch.rpartition(" ")[2]
                ),
                bash(f"wget -qO- --post-file customers/list.csv http://tickets.test:{listener.port}/"),
            ],
            profile="labelled",
        )
        assert len(listener.requests) == 2, outcome
    assert listener.requests[-1].startswith(b"POST"), listener.requests
    assert [outcome.ran(turn) for turn in (0, 1, 2, 3)] == [True, True, False, True], outcome
    assert outcome.ran(5), outcome  # policy names where to
    told = outcome.result(2).text
    assert "customers/list.csv (Read)" in told, outcome
    assert "web.test (Bash)" in told, outcome


def test_labels_survive_a_restart_of_the_service(skilled: Room) -> None:
    skilled.write(PROJECT / "customers/list.csv", "Ann,Bob")

    def restart(_: object) -> Use:
        skilled.kill_service()
        skilled.start_service()
        return bash("wget -qO- http://other.test/")

    outcome = skilled.governed(
        [
            bash("cat customers/list.csv"),
            bash("wget -qO- http://web.test/"),
            restart,
        ],
        profile="labelled",
    )
    assert "customers/list.csv (Bash)" in outcome.result(2).text, outcome
