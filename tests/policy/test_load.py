"""Laws of loading: determinism, narrowing, fail-safe defaults, and errors instead of tracebacks for any text."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.decision.bound import fill_in
from bailiwick.model.access import AccessKind
from bailiwick.model.decision import Clamp, Rewrite
from bailiwick.model.glob import path_glob
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.load import PolicyError, PolicyErrors, load_policy_set
from bailiwick.policy.types import (
    CommandCondition,
    HostCondition,
    Layer,
    NameCondition,
    PathCondition,
    Policy,
    PolicySet,
    Rule,
    Scope,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTER = Path(__file__).parents[2] / "src/bailiwick/policy/starter"
STARTER_FILES = {
    path.relative_to(STARTER).as_posix(): path.read_text() for path in sorted(STARTER.rglob("*.yaml"))
}
ORGANISATION = {"organisation.yaml": "organisation: Example\n"}


def load(text: str, **more: str) -> PolicySet:
    files = {f"{name.replace('__', '/')}.yaml": body for name, body in more.items()}
    return load_policy_set(ORGANISATION | {"profiles/p.yaml": f"profile: p\n{text}"} | files)


def own(policy: Policy) -> Layer:
    (layer,) = (layer for layer in policy.layers if layer.scope is Scope.PROFILE)
    return layer


def rules(text: str) -> dict[str, Rule]:
    layer = own(load(text).policies["p"])
    return {rule.id: rule for rule in layer.rules if rule.subject is not Subject.PERMISSION_MODES}


def test_starter_loads() -> None:
    loaded = load_policy_set(STARTER_FILES)
    assert sorted(loaded.policies) == ["baseline", "developer", "frontend", "infra", "reviewer"]
    assert loaded.default_profile == "reviewer"
    assert {role.id for role in loaded.roles} == {
        "developers",
        "frontend",
        "infrastructure-engineers",
        "reviewers",
    }
    assert all(loaded.examples[name] for name in loaded.policies)
    assert sum(len(cases) for cases in loaded.tests.values()) >= 20


@settings(max_examples=20, deadline=None)
@given(st.permutations(sorted(STARTER_FILES)), st.integers(0, 2**32))
def test_order_and_comments_change_no_revision(order: list[str], seed: int) -> None:
    def commented(text: str) -> str:
        return re.sub(r"(?m)^(?=\w)", f"\n# note {seed}\n", text)

    shuffled = load_policy_set({name: commented(STARTER_FILES[name]) for name in order})
    plain = load_policy_set(STARTER_FILES)
    assert shuffled.revision == plain.revision
    assert {name: policy.revision for name, policy in shuffled.policies.items()} == {
        name: policy.revision for name, policy in plain.policies.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "mode: warn",
        "files: {hidden: ['**/.env']}",
        "commands: {other: deny}",
        "bash: {max_timeout: 30}",
        "permission_modes: [plan]",
        "unattended: ask",
        "sandbox: required",
        "commands: {deny: [{match: rm, because: it is gone for good}]}",
    ],
)
def test_meaning_changes_the_revision(text: str) -> None:
    before, after = load(""), load(text)
    assert before.policies["p"].revision != after.policies["p"].revision
    assert before.revision != after.revision
    assert re.fullmatch(r"[0-9a-f]{64}", after.revision)


def test_a_new_exception_changes_the_revision() -> None:
    said = """exceptions:
  - {id: e, lifts: p.commands.*, users: [a], approved_by: b, approved_on: 2026-01-01, reason: r, ticket: T, expires: %s}
"""
    one, two = (load("", exceptions__e=said % day) for day in ("2026-02-01", "2026-02-02"))
    assert one.policies["p"].revision != two.policies["p"].revision
    (held,) = two.policies["p"].exceptions
    assert (held.approved_on, held.expires) == (1767225600, 1770076800)  # through 2 February, exclusive


def test_every_subject_has_a_default_that_never_allows_by_silence() -> None:
    defaults = own(load("").policies["p"]).defaults
    assert set(defaults) == set(Subject)
    lenient = {subject for subject, rule in defaults.items() if rule.verdict < Verdict.ASK}
    assert lenient == {Subject.MODELS}
    assert load("").policies["p"].unattended is Verdict.DENY


def test_every_denial_and_question_says_what_to_do_instead() -> None:
    for policy in load_policy_set(STARTER_FILES).policies.values():
        for layer in policy.layers:
            for rule in (*layer.rules, *layer.defaults.values()):
                assert rule.because, rule
                assert bool(rule.instead) == (rule.verdict > Verdict.ALLOW), rule


def test_rule_ids_are_unique_and_begin_with_a_layer() -> None:
    for policy in load_policy_set(STARTER_FILES).policies.values():
        ids = [rule.id for layer in policy.layers for rule in (*layer.rules, *layer.defaults.values())]
        assert len(ids) == len(set(ids))
        assert {one.split(".", 1)[0] for one in ids} <= {"builtin", "organisation", *STARTER_FILES_PROFILES}


STARTER_FILES_PROFILES = {"baseline", "developer", "frontend", "infra", "reviewer"}


def test_builtin_layer_is_first_and_enforces_what_protects_the_record() -> None:
    policy = load("mode: monitor").policies["p"]
    assert policy.mode is Mode.MONITOR
    assert [layer.scope for layer in policy.layers] == [Scope.BUILTIN, Scope.ORGANISATION, Scope.PROFILE]
    enforced = {rule.id for rule in policy.layers[0].rules if rule.mode is Mode.ENFORCE}
    assert {"builtin.files.hidden.bailiwick-state.1", "builtin.environment.deny.bailiwick"} <= enforced
    assert "builtin.files.read_only.client-settings.1" not in enforced


@pytest.mark.parametrize(
    ("entry", "hit", "missed"),
    [
        ("**/.env", ["/w/p/.env", "/home/u/.env", "/.env", "/w/p/a/b/.env"], ["/w/p/.envrc", "/w/p/x.env"]),
        ("/etc/**", ["/etc", "/etc/hosts", "/etc/a/b"], ["/etcetera", "/x/etc/hosts"]),
        ("${project}/src/**", ["/w/p/src", "/w/p/src/a.ts"], ["/w/src/a.ts", "/w/p/srcs"]),
        ("~/.ssh/**", ["/home/u/.ssh", "/home/u/.ssh/id"], ["/root/.ssh/id"]),
        ("**/*.{pem,key}", ["/a.pem", "/x/y/b.key"], ["/x/pem"]),
    ],
)
def test_what_a_glob_means(entry: str, hit: list[str], missed: list[str]) -> None:
    (rule,) = rules(f"files: {{hidden: ['{entry}']}}").values()
    assert isinstance(rule.when, PathCondition)
    glob = path_glob(fill_in(rule.when.glob, project="/w/p", home="/home/u"))
    assert [path for path in hit if not glob.matches(path)] == []
    assert [path for path in missed if glob.matches(path)] == []


def test_lists_of_files_speak_of_these_accesses() -> None:
    said = rules(
        "files: {readable: [/a], writable: [/b], read_only: [/c], hidden: [/d], ask: [/e], ask_write: [/f]}"
    )
    assert {name.split(".")[2]: (rule.verdict, _kinds(rule)) for name, rule in said.items()} == {
        "readable": (Verdict.ALLOW, "read"),
        "writable": (Verdict.ALLOW, "delete read write"),
        "read_only": (Verdict.DENY, "delete write"),
        "hidden": (Verdict.DENY, "delete execute read write"),
        "ask": (Verdict.ASK, "delete execute read write"),
        "ask_write": (Verdict.ASK, "delete write"),
    }


def _kinds(rule: Rule) -> str:
    assert isinstance(rule.when, PathCondition)
    return " ".join(sorted(AccessKind(kind).value for kind in rule.when.kinds))


@pytest.mark.parametrize(
    ("entry", "words", "options"),
    [
        ("git push", ("git", "push"), set()),
        ("npm run *", ("npm", "run"), set()),
        ("npm install ?*", ("npm", "install", "?*"), set()),
        ("find -exec", ("find",), {"-exec"}),
        ("git push --force -u", ("git", "push"), {"--force", "-u"}),
        ("aws * describe-*", ("aws", "*", "describe-*"), set()),
        ("git commit -m 'a b'", ("git", "commit", "a b"), {"-m"}),
        ("*", ("*",), set()),
        ("${project}/bin/*", ("${project}/bin/*",), set()),
    ],
)
def test_what_a_command_means(entry: str, words: tuple[str, ...], options: set[str]) -> None:
    (rule,) = rules(f'commands: {{deny: ["{entry}"]}}').values()
    assert rule.when == CommandCondition(words=words, options=frozenset(options))


def test_short_options_written_together_are_also_meant_apart() -> None:
    said = rules("commands: {deny: [rm -rf]}")
    assert {name: rule.when for name, rule in said.items()} == {
        "p.commands.deny.1.1": CommandCondition(words=("rm",), options=frozenset({"-rf"})),
        "p.commands.deny.1.2": CommandCondition(words=("rm",), options=frozenset({"-r", "-f"})),
    }


@pytest.mark.parametrize(
    ("section", "entry", "condition"),
    [
        ("network", "Example.COM", HostCondition(host="example.com")),
        ("network", "*.example.com:443", HostCondition(host="*.example.com", port=443)),
        ("network", "[::1]:80", HostCondition(host="::1", port=80)),
        ("network", "::1", HostCondition(host="::1")),
        ("mcp", "github", NameCondition(name="mcp__github__*")),
        ("mcp", "github/create_issue", NameCondition(name="mcp__github__create_issue")),
        ("mcp", "mcp__github__create_issue", NameCondition(name="mcp__github__create_issue")),
        ("mcp", "claude.ai Slack", None),
        ("mcp", "plugin:a:b/tool", NameCondition(name="mcp__plugin_a_b__tool")),
        ("mcp", "*", NameCondition(name="mcp__*__*")),
        ("skills", "/deploy", NameCondition(name="deploy")),
        ("agents", "Explore", NameCondition(name="Explore")),
    ],
)
def test_what_a_name_means(section: str, entry: str, condition: object) -> None:
    if condition is None:
        with pytest.raises(PolicyErrors):
            rules(f"{section}: {{allow: ['{entry}']}}")
    else:
        (rule,) = rules(f"{section}: {{allow: ['{entry}']}}").values()
        assert rule.when == condition


def test_search_is_grep_and_glob() -> None:
    said = rules("tools: {deny: [Search]}")
    assert {rule.when for rule in said.values()} == {NameCondition(name="Grep"), NameCondition(name="Glob")}


def test_bash_limits_are_duties() -> None:
    layer = own(load("bash: {max_timeout: 30, background: deny}").policies["p"])
    assert [(duty.obligation, duty.tools) for duty in layer.duties] == [
        (Clamp(field="timeout", maximum=30_000), ("Bash",)),
        (Rewrite(field="run_in_background", value=False), ("Bash",)),
    ]


def test_texts_of_an_entry_are_the_authors() -> None:
    (rule,) = rules(
        "commands: {deny: [{match: rm, because: B, instead: I, mode: warn, id: x, as_user: root}]}"
    ).values()
    assert (rule.id, rule.because, rule.instead, rule.mode) == ("p.commands.deny.x", "B", "I", Mode.WARN)
    assert rule.when == CommandCondition(words=("rm",), as_user="root")


def test_extending_takes_over_rules_and_the_nearest_default() -> None:
    chain = {
        "profiles__a": "profile: a\nfiles: {hidden: [/a], other: deny}\nnetwork: {other: deny}\npermission_modes: [plan, default]",
        "profiles__b": "profile: b\nfiles: {hidden: [/b], other: allow}\nnetwork: {other: ask}\n",
    }
    layer = own(
        load("extends: [a, b]\nfiles: {hidden: [/c]}\nnetwork: {other: allow}\n", **chain).policies["p"]
    )
    hidden = [rule.id for rule in layer.rules if rule.subject is Subject.FILES]
    assert hidden == ["a.files.hidden.1", "b.files.hidden.1", "p.files.hidden.1"]
    assert layer.defaults[Subject.FILES].verdict is Verdict.DENY  # the stricter of two parents
    assert layer.defaults[Subject.NETWORK].id == "p.network.other"  # its own
    assert load("extends: a", **chain).policies["p"].client.permission_modes == ("plan", "default")


def test_a_team_narrows_the_profiles_it_names() -> None:
    team = "team: payments\nprofiles: p\nnetwork: {other: deny}\npermission_modes: [plan]\n"
    loaded = load("", teams__payments=team, profiles__q="profile: q\n")
    assert [layer.name for layer in loaded.policies["p"].layers] == [
        "builtin",
        "organisation",
        "payments",
        "p",
    ]
    assert [layer.name for layer in loaded.policies["q"].layers] == ["builtin", "organisation", "q"]
    assert loaded.policies["p"].client.permission_modes == ("plan",)


def test_the_client_policy_is_narrowed_by_wider_layers() -> None:
    files: Mapping[str, str] = {
        "organisation.yaml": "organisation: x\nsandbox: required\nminimum_version: '2.2.0'\n"
        "models: {allow: ['claude-*'], regions: [eu, us], base_url: https://gw.example.com}\n",
        "profiles/p.yaml": "profile: p\nsandbox: 'off'\nmodels: {allow: [claude-opus-5, other], regions: [eu]}\n",
    }
    client = load_policy_set(files).policies["p"].client
    assert (client.models, client.regions, client.base_url) == (
        ("claude-opus-5",),
        ("eu",),
        "https://gw.example.com",
    )
    assert client.sandbox
    assert client.minimum_version == "2.2.0"


YAML_PIECES = st.sampled_from(
    [
        "profile",
        "files",
        "hidden",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!!str ",
        "'",
        '"',
        "|",
        ">",
        "no",
        "**/.env",
        "deny",
        "commands",
        "extends",
        "p",
        "\t",
        "---",
        "<<",
        "?",
        "#",
        "%",
        "@",
        "0x1",
        "\u2028",
        "é",
        "\ufeff",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(YAML_PIECES, max_size=25).map("".join))


@settings(max_examples=300, deadline=None)
@given(
    TEXTS,
    st.sampled_from(
        ["organisation.yaml", "profiles/p.yaml", "roles.yaml", "teams/t.yaml", "exceptions/e.yaml"]
    ),
)
def test_any_text_loads_or_gives_errors(text: str, name: str) -> None:
    files = {"organisation.yaml": "organisation: x\n", "profiles/q.yaml": "profile: q\n", name: text}
    errors: tuple[PolicyError, ...] = ()
    try:
        load_policy_set(files)
    except PolicyErrors as raised:
        errors = raised.errors
        str(raised).encode()
    assert all(error.mend for error in errors)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "- " * 100_000,
        "{a: " * 50_000,
        "&a [" * 10_000,
        "a: &a [x, x]\n"
        + "".join(
            f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *{'a' if n == 0 else f'b{n - 1}'}]\n"
            for n in range(60)
        ),
        "".join(f"a{n}: x\n" for n in range(49_000)),
        "x" * 2_000_000,
        "profile: " + "p" * 100_000,
        "profile: p\nfiles:\n  hidden: ['/" + "{a,b}" * 500 + "']",
        "profile: p\nfiles:\n  hidden: ['/" + "[" * 4000 + "']",
        "profile: p\nextends: [" + "q, " * 20_000 + "q]",
        "\x00",
        "profile: \udcff",
        "? [a]\n: b",
        "a: *b",
        "%YAML 9.9\n---\na: b",
    ],
)
def test_hostile_text_gives_errors_not_tracebacks(text: str) -> None:
    with pytest.raises(PolicyErrors):
        load_policy_set(ORGANISATION | {"profiles/p.yaml": text})


def test_a_long_chain_of_profiles_is_an_error() -> None:
    chain = {f"profiles/p{n}.yaml": f"profile: p{n}\nextends: p{n + 1}\n" for n in range(500)}
    with pytest.raises(PolicyErrors, match="extend one another"):
        load_policy_set(ORGANISATION | chain | {"profiles/p500.yaml": "profile: p500\n"})


def test_a_lattice_of_profiles_costs_no_more_than_its_edges() -> None:
    files = {"profiles/a0.yaml": "profile: a0\n", "profiles/b0.yaml": "profile: b0\n"}
    for n in range(1, 31):
        for name in "ab":
            files[f"profiles/{name}{n}.yaml"] = f"profile: {name}{n}\nextends: [a{n - 1}, b{n - 1}]\n"
    assert len(load_policy_set(ORGANISATION | files).policies) == 62
