"""What bash, a plain POSIX shell and zsh read differently is refused in the dialect that differs.

The shells themselves judge that in test_argv.py; here stands why.
"""

import argv_oracle
import pytest
import shell_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.shell import EITHER, ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing


def found(text: str, dialect: str) -> list[str]:
    context = ShellContext(cwd="/w", home="/home/u", project="/w", dialect=dialect)
    return listing(analyze_shell(text, context), "/w")


@pytest.mark.parametrize(
    "text",
    [
        "=ls x", "echo >! f", "echo >>! f", "ls &| rm x", "ls &! rm x", "ls *(e:'rm x':)", "ls *(+f)", "echo ${(e)x}",
        "echo ${x:h}", "echo $x:h", "echo $x[1]", "echo $x[(e)a]", "echo ~[x]", "repeat 3 rm x", "noglob rm *", "- rm x",
        "nocorrect rm x", "foreach i (a b) rm $i; end", "rm <1-5>", "echo ${=x}", "echo ${~x}", "echo $~x", "typeset x=(a b)", "[[ a =~ b ]]",
        "{ rm x } always { rm y }", "function -T { rm x; }", "export() { ls; }", "function f ls", "rm ==ls", "x=1 & ls", "echo a<(rm x)", "> f", "<<< x", "<f", "{a,b} c", "{rm x}", "echo a}", "echo $#x", "echo $12",
        "ls 12>f", "ls >&p", "echo $'\\C-a'", "x=a:=ls", "1=x", "é=1", "echo $é", "chpwd() { rm x; }", "TRAPEXIT() { rm x; }",
        "time x=1", "time time ls", "> f if", "> f [[ x ]]", "if(ls) then rm x; fi", "ls {fd} > f", "{fd}> f ls", 'ls ""~', "rm {1\\..3}",
        "rm {01..10}", "command cd x", "exec noglob rm *", "[[ a -eq b ]]", "[[ a < b ]]", "cd -1; rm x", "cd +2; rm x", "print -P x",
        "argv=x", "path=x", "setopt sh_word_split", "zmodload zsh/files", "echo ${x}[1] ${x:h}",
    ],
)  # fmt: skip
def test_zsh_forms_are_opaque_in_zsh(text: str) -> None:
    assert "opaque" in found(text, "zsh")


@pytest.mark.parametrize(
    "text",
    [
        "ls -la",
        "cd src && npm test",
        "cat a | grep b > c",
        "for f in a b; do cat $f; done",
        "echo ${x}",
        "git status",
        "git diff HEAD~1 HEAD~2..HEAD",
    ],
)
def test_plain_commands_mean_the_same_everywhere(text: str) -> None:
    assert found(text, "zsh") == found(text, "bash") == found(text, "sh")
    assert "opaque" not in found(text, "zsh")


@pytest.mark.parametrize(
    "text",
    [
        "echo $'a'",
        'echo $"a"',
        "[[ -f x ]]",
        "((x))",
        "x=(1)",
        "cat <(ls)",
        "cat <<< x",
        "ls &> f",
        "ls |& cat",
        "echo ${x/a/b}",
        "function f { ls; }",
    ],
)
def test_bash_forms_are_opaque_in_sh(text: str) -> None:
    assert "opaque" in found(text, "sh")
    assert "opaque" in found(f"sh -c {text!r}" if "'" not in text else f'sh -c "{text}"', "bash")


def test_braces_arent_expanded_for_certain_in_sh() -> None:
    assert "opaque" in found("rm {a,b}", "sh")
    assert found("rm {a,b}", "bash") == ["delete a", "delete b", "run rm a b"]


def test_the_last_stage_of_a_pipe_runs_in_the_shell_itself_in_zsh() -> None:
    assert "write sub/x" in found("true | cd sub; touch x", "zsh")
    assert "write sub/x" not in found("true | cd sub; touch x", "bash")


@pytest.mark.parametrize(
    "text",
    [
        "rm $(<f)",
        '[ "$x" = a ] && rm x',
        "x=1 && rm x",
        "[[ -f x && $y == a* ]] && rm x",
        "cat > f < g",
        "x=1 ls",
        "{ ls; } > f",
        "ls 2>&1 | cat",
        "rm {a,b}",
        "! ls",
        "x=(a b); x+=(c); ls $x",
        "cat <(ls) > f",
        "ls | tee >(wc -l)",
        "((x = 3)) && ls",
        "for ((i = 0; i < 3; i++)); do ls; done",
    ],
)
def test_zsh_forms_that_mean_the_same_are_read(text: str) -> None:
    assert "syntax" not in " ".join(reasons(text, "zsh"))


def test_an_array_of_zsh_is_any_number_of_words() -> None:
    assert found("x=(a b); rm $x[1]", "zsh") != found("x=(a b); rm ${x[1]}", "bash")
    assert "delete b" not in found("x=(a b); rm ${x[1]}", "zsh")
    assert "opaque" in found("x=(a b); rm ${x[1]}", "zsh")
    assert found("cat <(rm x)", "zsh") == found("cat <(rm x)", "bash")


def reasons(text: str, dialect: str) -> list[str]:
    context = ShellContext(cwd="/w", home="/home/u", project="/w", dialect=dialect)
    return [part.reason for part in analyze_shell(text, context).opaque]


# -- a shell that nobody knows


def test_an_unknown_shell_does_what_bash_and_zsh_would_both_do() -> None:
    assert found("ls -la && rm {a,b} > f", EITHER) == found("ls -la && rm {a,b} > f", "bash")
    assert "opaque" not in found("ls -la && rm {a,b} > f", EITHER)


@pytest.mark.parametrize(
    "text",
    [
        "x='a b'; rm $x",
        "true | cd sub; touch x",
        "rm =ls",
        "cat a<(ls)",
        "> f",
        "rm a}",
        "x=(a b); rm ${x[1]}",
        "echo $#x",
    ],
)
def test_where_they_differ_an_unknown_shell_is_opaque(text: str) -> None:
    assert "opaque" in found(text, EITHER)
    assert {line for line in found(text, "zsh") if line != "opaque"} <= set(found(text, EITHER))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*shell_corpus.natural(), *shell_corpus.generate(seed=3, count=100)]))
def test_an_unknown_shell_claims_no_more_than_either(text: str) -> None:
    either, bash, zsh = (argv_oracle.read(text, dialect, "/w") for dialect in (EITHER, "bash", "zsh"))
    assert {*bash.accesses, *zsh.accesses} <= {*either.accesses}
    if not either.opaque:
        assert either == bash == zsh
