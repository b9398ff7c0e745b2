"""The client's command line and environment: what is refused, what is added, what is cleared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.enforcement.launcher import (
    CLEARED_VARIABLES,
    REFUSED_FLAGS,
    UNGOVERNED_COMMANDS,
    LaunchError,
    SessionFiles,
    command_line,
    environment,
    is_unattended,
)

FILES = SessionFiles(plugin="/s/plugin", settings="/s/settings.json", managed='{"a":1}')
OURS = ["--plugin-dir", "/s/plugin", "--managed-settings", '{"a":1}', "--settings", "/s/settings.json"]


@pytest.mark.parametrize("flag", REFUSED_FLAGS)
@pytest.mark.parametrize("files", [FILES, None], ids=["own documents", "machine-wide"])
def test_a_flag_that_leaves_policy_is_refused_by_name(flag: str, files: SessionFiles | None) -> None:
    for arguments in ([flag], [f"{flag}=x"], ["-p", "hi", flag, "x"], [flag, "--", "x"]):
        with pytest.raises(LaunchError, match=flag) as raised:
            command_line("claude", files, arguments)
        assert REFUSED_FLAGS[flag] in str(raised.value)


@pytest.mark.parametrize("files", [FILES, None], ids=["own documents", "machine-wide"])
def test_agents_of_the_command_line_start_with_no_skills(files: SessionFiles | None) -> None:
    said = '{"w": {"prompt": "x", "\\u0073kills": ["pdf"]}}'
    for arguments in (["--agents", said], [f"--agents={said}"], ["--agents", "{'w': 1}"], ["--agents"]):
        with pytest.raises(LaunchError, match="--agents"):
            command_line("claude", files, arguments)
    for said in ('{"w": {"prompt": "x", "skills": []}}', '{"w": 1}', "[]"):
        assert command_line("claude", None, ["--agents", said])[1:] == ["--agents", said]


@pytest.mark.parametrize("command", sorted(UNGOVERNED_COMMANDS))
def test_a_command_that_is_no_session_is_refused_wherever_it_stands(command: str) -> None:
    for arguments in ([command], ["--verbose", command], ["--model", "opus", command, "x"]):
        with pytest.raises(LaunchError, match=f"`{command}`"):
            command_line("claude", FILES, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-p", "fix the test"],
        ["-p", "update the docs"],
        ["--resume", "abc"],
        ["-c"],
        ["--model", "opus", "--permission-mode", "plan"],
        ["-p", "--", "--settings"],
        ["--", "update"],
        ["--settingsx"],
        ["--add-dir", "/x"],
    ],
)
def test_what_is_the_client_s_own_goes_on_unchanged_behind_ours(arguments: list[str]) -> None:
    assert command_line("/usr/bin/claude", FILES, arguments) == ["/usr/bin/claude", *OURS, *arguments]
    assert command_line("/usr/bin/claude", None, arguments) == ["/usr/bin/claude", *arguments]


@pytest.mark.parametrize(
    ("allowed", "tools"),
    [
        (("Read", "Edit", "Search", "Bash"), "Bash,Edit,Glob,Grep,Read"),
        (("Notebook*", "mcp__github__get_issue"), "NotebookEdit,NotebookRead"),
        (("mcp__github__get_issue",), ""),
        (("Brand new", "BrandNew", "--settings"), "BrandNew"),
    ],
)
def test_a_narrowed_session_is_offered_its_tools_and_no_others(allowed: tuple[str, ...], tools: str) -> None:
    made = command_line("claude", FILES, ["fix the test"], allowed)
    assert made == ["claude", *OURS, f"--tools={tools}", "fix the test"]


@given(st.lists(st.text(max_size=12) | st.sampled_from([*REFUSED_FLAGS, *UNGOVERNED_COMMANDS, "--", "-p"])))
def test_no_argument_before_the_separator_leaves_policy(arguments: list[str]) -> None:
    try:
        made = command_line("claude", FILES, arguments)
    except LaunchError:
        return
    assert made[: len(OURS) + 1] == ["claude", *OURS]
    rest = made[len(OURS) + 1 :]
    ours = rest[: rest.index("--")] if "--" in rest else rest
    assert not {argument.split("=", 1)[0] for argument in ours} & (REFUSED_FLAGS.keys() | UNGOVERNED_COMMANDS)


def test_what_would_unhook_the_client_is_cleared_and_the_session_is_named() -> None:
    inherited = dict.fromkeys(CLEARED_VARIABLES, "1") | {"PATH": "/bin", "BAILIWICK_SESSION": "s-old"}
    assert environment(inherited, "s-new") == {"PATH": "/bin", "BAILIWICK_SESSION": "s-new"}
    assert inherited["BAILIWICK_SESSION"] == "s-old"


@pytest.mark.parametrize(
    ("arguments", "unattended"),
    [
        ([], False),
        (["fix it"], False),
        (["-p", "x"], True),
        (["--print"], True),
        (["-p", "--permission-prompt-tool", "mcp__a__b"], False),
        (["-p", "--permission-prompt-tool=mcp__a__b"], False),
        (["--permission-prompt-tool", "x"], False),
    ],
)
def test_unattended(arguments: list[str], *, unattended: bool) -> None:
    assert is_unattended(arguments) is unattended
