"""The session layer of the flags: it only narrows, and bad values are told by flag and column."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.administration.example import parse_call
from bailiwick.administration.place import judge_call
from bailiwick.model.decision import Clamp, Rewrite
from bailiwick.model.verdict import Verdict
from bailiwick.policy.errors import PolicyErrors
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.session import session_layer, with_layer
from bailiwick.policy.starter import starter_files
from bailiwick.policy.types import Policy, Scope

STARTER = load_policy_set({name: text for name, text in starter_files().items() if name.endswith(".yaml")})
FRONTEND = STARTER.policies["frontend"]
BASELINE_FLAGS = session_layer(
    allowed_tools=["Read,Edit", "Search", "Bash"],
    read_only_files=["/etc/**,${project}/dist/**"],
    max_bash_timeout=30,
)


def verdict(policy: Policy, call: str) -> Verdict:
    return judge_call(policy, parse_call(call))[1].verdict


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Read(src/a.ts)", Verdict.ALLOW),
        ("Grep(src)", Verdict.ALLOW),
        ("Glob(src/*.ts)", Verdict.ALLOW),
        ("Bash(git status)", Verdict.ALLOW),
        ("Bash(npm publish)", Verdict.DENY),  # what the policy says still holds
        ("Write(src/a.ts)", Verdict.DENY),
        ("WebFetch(https://example.com/)", Verdict.DENY),
        ("TodoWrite", Verdict.DENY),
        ("mcp__github__create_issue", Verdict.DENY),
        ("Edit(dist/x.js)", Verdict.DENY),
        ("Bash(echo x > dist/x.js)", Verdict.DENY),
        ("Read(dist/x.js)", Verdict.ALLOW),
    ],
)
def test_the_three_flags(call: str, expected: Verdict) -> None:
    assert verdict(with_layer(FRONTEND, BASELINE_FLAGS), call) is expected


def test_the_layer_says_where_it_comes_from() -> None:
    origins = {str(rule.origin) for rule in (*BASELINE_FLAGS.rules, *BASELINE_FLAGS.defaults.values())}
    assert origins == {"flag:--allowedTools:1", "flag:--readOnlyFiles:1"}
    assert BASELINE_FLAGS.scope is Scope.SESSION
    assert [duty.obligation for duty in BASELINE_FLAGS.duties] == [
        Clamp(field="timeout", maximum=30_000),
        Rewrite(field="run_in_background", value=False),
    ]
    assert {str(duty.origin) for duty in BASELINE_FLAGS.duties} == {"flag:--maxBashTimeout:1"}
    assert all(rule.instead for rule in BASELINE_FLAGS.rules if rule.verdict is Verdict.DENY)


def test_an_mcp_tool_may_be_listed() -> None:
    layer = session_layer(allowed_tools=["Read,mcp__github__get_issue"])
    (rule,) = (rule for rule in layer.rules if rule.id.startswith("session.mcp"))
    assert rule.verdict is Verdict.ALLOW
    assert (
        verdict(with_layer(FRONTEND, layer), "mcp__github__get_issue") is Verdict.ASK
    )  # as the policy has it
    assert verdict(with_layer(FRONTEND, layer), "mcp__github__drop") is Verdict.DENY


def test_no_flag_is_no_limit() -> None:
    layer = session_layer()
    assert (layer.rules, dict(layer.defaults), layer.duties) == ((), {}, ())
    assert session_layer(read_only_files=()) == layer


def test_a_layer_changes_the_revision() -> None:
    one = with_layer(FRONTEND, session_layer(max_bash_timeout=30))
    two = with_layer(FRONTEND, session_layer(max_bash_timeout=31))
    assert len({FRONTEND.revision, one.revision, two.revision}) == 3
    assert with_layer(FRONTEND, session_layer(max_bash_timeout="30")).revision == one.revision


CALLS = [
    "Read(a)",
    "Edit(a)",
    "Bash(ls)",
    "Bash(rm x)",
    "Grep(a)",
    "Write(/etc/x)",
    "WebFetch(https://x.dev/)",
    "TodoWrite",
]
TOOLS = st.lists(st.sampled_from(["Read", "Edit", "Search", "Bash", "WebFetch", "*"]), min_size=1, max_size=3)
GLOBS = st.lists(st.sampled_from(["/etc/**", "${project}/**", "**/a", "~/x"]), max_size=3)


@settings(max_examples=40, deadline=None)
@given(
    st.none() | TOOLS,
    GLOBS,
    st.none() | st.integers(1, 600),
    st.sampled_from(CALLS),
    st.sampled_from(sorted(STARTER.policies)),
)
def test_flags_never_allow_more(
    tools: list[str] | None, globs: list[str], seconds: int | None, call: str, profile: str
) -> None:
    policy = STARTER.policies[profile]
    layer = session_layer(allowed_tools=tools, read_only_files=globs, max_bash_timeout=seconds)
    assert verdict(with_layer(policy, layer), call) >= verdict(policy, call)


@pytest.mark.parametrize(
    ("tools", "globs", "seconds", "place"),
    [
        (["Read,bash"], None, None, ("flag:--allowedTools", 6)),
        (["Bash(git *)"], None, None, ("flag:--allowedTools", 1)),
        ([" , "], None, None, ("flag:--allowedTools", 1)),
        (None, ["/etc/**,*.env"], None, ("flag:--readOnlyFiles", 9)),
        (None, ["/{a,b}/**", "src/x"], None, ("flag:--readOnlyFiles", 11)),
        (None, None, "0", ("flag:--maxBashTimeout", 1)),
        (None, None, "1m", ("flag:--maxBashTimeout", 1)),
        (None, None, "9" * 5000, ("flag:--maxBashTimeout", 1)),
        (None, None, -5, ("flag:--maxBashTimeout", 1)),
    ],
)
def test_bad_values(
    tools: list[str] | None, globs: list[str] | None, seconds: int | str | None, place: tuple[str, int]
) -> None:
    with pytest.raises(PolicyErrors) as raised:
        session_layer(allowed_tools=tools, read_only_files=globs, max_bash_timeout=seconds)
    assert [(error.file, error.column) for error in raised.value.errors] == [place]
    assert all(error.mend for error in raised.value.errors)
