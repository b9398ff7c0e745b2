"""Which accesses each tool of the client makes; totality; symbolic links of a real tree."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.tools import MAX_EXPANDED, MAX_MCP_STRINGS, MAX_MENTIONS, READERS, analyze
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.event import ConfigChange, Event, Happening, Notice, Prompt, PromptExpansion, ToolCall
from bailiwick.model.request import FileView, Principal, Request, Session
from bailiwick.service.files import OsFiles

TABLE = yaml.safe_load(Path(__file__).with_name("tools.yaml").read_text(encoding="utf-8"))


class Nothing:
    """A file system without links, in which no pattern is looked up."""

    def real(self, path: str) -> str:
        return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        del pattern
        return None


class Linked(Nothing):
    """Real links, but no look-up of patterns, which may go through the whole machine."""

    def real(self, path: str) -> str:
        return OsFiles().real(path)


def facts_of(
    what: Happening, *, cwd: str = "/w/sub", project: str = "/w", files: FileView | None = None
) -> Facts:
    request = Request(
        principal=Principal(user="a", uid=1000, home="/home/a"),
        event=Event(name="PreToolUse", session="s", cwd=cwd, what=what),
        session=Session(key="k", profile="p", project=project),
    )
    return analyze(request, files or Nothing())


def call(tool: str, **arguments: object) -> ToolCall:
    return ToolCall(tool=tool, input=arguments)


def told(access: Access) -> str:
    match access.target:
        case PathTarget(path=path, pattern=pattern, excluded=excluded):
            without = f" without {' '.join(excluded)}" if excluded else ""
            return f"{access.kind} {path}{' *' if pattern else ''}{without}"
        case ProgramTarget(argv=argv):
            return f"{access.kind} {' '.join(word or '?' for word in argv)}"
        case HostTarget(host=host, port=port):
            return f"{access.kind} {host}:{port}"
        case NameTarget(name=name) | VariableTarget(name=name):
            return f"{access.kind} {name}"


def paths(facts: Facts) -> set[str]:
    return {access.target.path for access in facts.accesses if isinstance(access.target, PathTarget)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['tool']} {row['input']}")
def test_tool(row: Mapping[str, Any]) -> None:
    facts = facts_of(ToolCall(tool=row["tool"], input=row["input"]))
    *accesses, use = (told(access) for access in facts.accesses)
    assert accesses == row.get("accesses", [])
    assert [part.reason for part in facts.opaque] == row.get("opaque", [])
    assert use == f"call-tool {row['tool']}"


def test_every_reader_has_a_row() -> None:
    assert set(READERS) <= {row["tool"] for row in TABLE}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "file_path",
        "path",
        "glob",
        "pattern",
        "command",
        "url",
        "skill",
        "subagent_type",
        "files",
        "uri",
        "server",
    ]
)


@given(
    tool=st.sampled_from([*READERS, "mcp__a__read", "mcp__", "Unknown", ""]),
    arguments=st.dictionaries(KEYS, JSON, max_size=5)
    | st.dictionaries(st.text(max_size=8), JSON, max_size=4),
)
@settings(max_examples=120, deadline=None)
def test_any_input_gives_facts(tool: str, arguments: dict[str, Any]) -> None:
    facts = facts_of(ToolCall(tool=tool, input=arguments), files=Linked())
    assert told(facts.accesses[-1]).split(" ", 1) == ["call-tool", tool] or facts.opaque or facts.accesses


@given(st.text(alphabet=st.sampled_from('@"/~.a b#L1-2(){}[]*\\\n\0\ufeff\u3002'), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_prompt_path_and_address_gives_facts(text: str) -> None:
    facts_of(Prompt(text=text), files=Linked())
    facts_of(call("Read", file_path=text), files=Linked())
    facts_of(call("Glob", pattern=text, path=text))
    facts_of(call("WebFetch", url=f"https://{text}"))
    facts_of(ConfigChange(source=text, path=text))


MENTIONS = {
    "look at @src/a.py please": {"/w/sub/src/a.py"},
    "@/etc/shadow": {"/etc/shadow"},
    "@~/.ssh/id_rsa, now": {"/home/a/.ssh/id_rsa", "/home/a/.ssh/id_rsa,"},
    "mail me@example.com": set(),
    "(@/etc/shadow)": set(),
    'see @"my file.txt"': {"/w/sub/my file.txt"},
    'see @"a\nb"': {"/w/sub/a\nb"},
    "@/etc/shadow#L1-20": {"/etc/shadow", "/etc/shadow#L1-20"},
    "@/etc/shadow#x": {"/etc/shadow", "/etc/shadow#x"},
    "@/etc/shadow~": {"/etc/shadow", "/etc/shadow~"},
    "读。@/etc/shadow": {"/etc/shadow"},
    "line\n@a\tand @b": {"/w/sub/a", "/w/sub/b"},
    "@": set(),
}


@pytest.mark.parametrize("text", MENTIONS, ids=repr)
def test_mention(text: str) -> None:
    facts = facts_of(Prompt(text=text))
    assert paths(facts) == MENTIONS[text]
    assert {access.kind for access in facts.accesses} <= {AccessKind.READ}
    assert not facts.opaque


def test_mentions_without_end_are_opaque() -> None:
    assert not facts_of(Prompt(text="@a " * MAX_MENTIONS)).opaque
    assert facts_of(Prompt(text="@a " * (MAX_MENTIONS + 1))).opaque


def test_a_command_is_a_skill_and_its_arguments_may_mention_files() -> None:
    what = PromptExpansion(
        kind="slash_command", command="fix", arguments="@/etc/shadow", text="/fix @/etc/shadow"
    )
    facts = facts_of(what)
    assert told(facts.accesses[0]) == "load-skill fix"
    assert paths(facts) == {"/etc/shadow"}


def test_a_changed_settings_file_is_a_change_of_configuration() -> None:
    facts = facts_of(ConfigChange(source="user_settings", path="/home/a/.claude/settings.json"))
    assert [told(access) for access in facts.accesses] == [
        "change-config user_settings",
        "change-config /home/a/.claude/settings.json",
    ]
    assert facts_of(Notice()) == Facts()


def test_an_mcp_call_with_arguments_without_end_is_opaque() -> None:
    facts = facts_of(call("mcp__a__get", ids=["x"] * (MAX_MCP_STRINGS + 1)))
    assert facts.opaque


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A project with a link out of it: ``project/out -> outside``, which holds ``secret``."""
    root = tmp_path.resolve()
    (root / "outside" / "deep").mkdir(parents=True)
    (root / "outside" / "secret").write_text("x")
    (root / "outside" / "deep" / "key").write_text("x")
    (root / "project" / "src").mkdir(parents=True)
    (root / "project" / "src" / "a.py").write_text("x")
    (root / "project" / "out").symlink_to(root / "outside")
    (root / "project" / "alias").symlink_to(root / "outside" / "secret")
    return root


def reached(facts: Facts) -> set[str]:
    """Every path that the facts say is touched: spelled, real, and matched by a pattern."""
    found: set[str] = set()
    for access in facts.accesses:
        if isinstance(access.target, PathTarget):
            found |= {access.target.path, access.target.real or "", *(access.target.expanded or ())}
    return found


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Read", {"file_path": "alias"}),
        ("Read", {"file_path": "out/secret"}),
        ("Read", {"file_path": "src/../out/secret"}),
        ("Write", {"file_path": "out/secret"}),
        ("Grep", {"pattern": "x"}),
        ("Grep", {"pattern": "x", "path": "out"}),
        ("Grep", {"pattern": "x", "path": "out", "glob": "sec*"}),
        ("Glob", {"pattern": "out/*"}),
        ("Glob", {"pattern": "*", "path": "out"}),
        ("Glob", {"pattern": "al*"}),
        ("Bash", {"command": "cat out/s*"}),
        ("Bash", {"command": "cat alias"}),
        ("mcp__fs__read", {"path": "out/secret"}),
    ],
)
def test_a_link_out_of_the_project_does_not_help(linked: Path, tool: str, arguments: dict[str, str]) -> None:
    project = str(linked / "project")
    facts = facts_of(ToolCall(tool=tool, input=arguments), cwd=project, project=project, files=OsFiles())
    assert str(linked / "outside" / "secret") in reached(facts)


def test_a_new_file_below_a_link_lands_where_the_link_leads(linked: Path) -> None:
    project = str(linked / "project")
    facts = facts_of(call("Write", file_path="out/new/file"), cwd=project, project=project, files=OsFiles())
    assert str(linked / "outside" / "new" / "file") in reached(facts)


def test_a_tree_too_large_to_list_below_a_link_is_still_known_by_where_it_leads(linked: Path) -> None:
    class Large(OsFiles):
        __slots__ = ()

        def expand(self, pattern: str) -> tuple[str, ...] | None:
            del pattern
            return None

    project = str(linked / "project")
    facts = facts_of(call("Grep", pattern="x", path="out"), cwd=project, project=project, files=Large())
    assert f"{linked}/outside/**" in reached(facts)


def test_flows_still_point_at_their_programs_when_links_add_accesses(linked: Path) -> None:
    project = str(linked / "project")
    what = call("Bash", command="cat out/s* | sort | sh")
    plain, real = (
        facts_of(what, cwd=project, project=project, files=files) for files in (Nothing(), OsFiles())
    )
    assert plain.flows
    assert plain.flows == real.flows
    for flow in real.flows:
        for index in (flow.source, flow.sink):
            assert isinstance(real.accesses[index].target, ProgramTarget)
            assert real.accesses[index] == plain.accesses[index]


def test_look_ups_of_one_event_are_bounded() -> None:
    class Counting(Nothing):
        asked = 0

        def expand(self, pattern: str) -> tuple[str, ...] | None:
            del pattern
            self.asked += 1
            return ()

    files = Counting()
    words = " ".join(f"/w/{number}/*" for number in range(5 * MAX_EXPANDED))
    facts = facts_of(call("Bash", command=f"cat {words}"), files=files)
    assert files.asked == MAX_EXPANDED
    patterns = [a.target for a in facts.accesses if isinstance(a.target, PathTarget) and a.target.pattern]
    assert len(patterns) >= 5 * MAX_EXPANDED
    assert any(pattern.expanded is None for pattern in patterns)
