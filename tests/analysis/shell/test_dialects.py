"""What bash, a plain POSIX shell and zsh read differently is refused in the dialect that differs."""

import pytest

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing


def found(text: str, dialect: str) -> list[str]:
    context = ShellContext(cwd="/w", home="/home/u", project="/w", dialect=dialect)
    return listing(analyze_shell(text, context), "/w")


@pytest.mark.parametrize(
    "text",
    [
        "=ls x", "echo >! f", "echo >>! f", "ls &| rm x", "ls &! rm x", "ls *(e:'rm x':)", "ls *(+f)", "echo ${(e)x}",
        "echo ${x:h}", "echo $x:h", "echo $x[1]", "echo $x[(e)a]", "echo ~[x]", "repeat 3 rm x", "noglob rm *", "- rm x",
        "nocorrect rm x", "foreach i (a b) rm $i; end", "rm <1-5>", "echo ${=x}", "echo ${~x}", "echo $~x", "x=(a b)", "[[ a =~ b ]]",
        "{ rm x } always { rm y }", "echo <(rm x)",
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
