"""Build tools that are given several goals at once, each done as if it stood alone."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine

_GRADLE = frozenset({
    "-b", "-g", "-I", "-p", "-P", "-x", "-D", "--build-file", "--configuration", "--console", "--dependency-verification",
    "--exclude-task", "--gradle-user-home", "--include-build", "--init-script", "--max-workers", "--priority",
    "--project-cache-dir", "--project-dir", "--settings-file", "--tests", "--warning-mode",
})  # fmt: skip
_MAVEN = frozenset({
    "-b", "-D", "-f", "-gs", "-gt", "-l", "-P", "-pl", "-rf", "-s", "-t", "-T", "--activate-profiles", "--builder", "--define",
    "--file", "--global-settings", "--global-toolchains", "--log-file", "--projects", "--resume-from", "--settings", "--threads",
    "--toolchains",
})  # fmt: skip
_MAKE = frozenset(
    {
        "-C",
        "-f",
        "-I",
        "-o",
        "-W",
        "--directory",
        "--file",
        "--makefile",
        "--include-dir",
        "--old-file",
        "--what-if",
    }
)
_VALUED = {
    "mvn": _MAVEN, "mvnw": _MAVEN, "mvnd": _MAVEN, "gradle": _GRADLE, "gradlew": _GRADLE, "sbt": frozenset[str](),
    "ant": frozenset({"-f", "-file", "-buildfile", "-l", "-logfile", "-lib", "-propertyfile"}),
    "make": _MAKE, "gmake": _MAKE, "just": frozenset({"-f", "--justfile", "-d", "--working-directory"}),
    "task": frozenset({"-t", "--taskfile", "-d", "--dir", "-o", "--output"}),
    "rake": frozenset({"-f", "--rakefile", "-I", "--libdir", "-r", "--require", "-R", "--rakelibdir", "-j", "--jobs"}),
}  # fmt: skip
"""The tools, and their options that take the next word for a value."""
_MAKES = frozenset(("make", "gmake"))
_TELLING = frozenset(("-n", "--dry-run", "--just-print", "--recon"))
"""Options of make by which it only tells what it would do; its goals are none then."""


def begin(
    machine: "Machine", tool: str, args: Sequence[Arg], words: tuple[Arg, ...], *, project_code: bool
) -> None:
    """Record that ``tool`` runs with ``words``, or with its goals and with each of them: what is no option, and no option's value."""
    if tool in _VALUED:
        words = tuple(
            arg
            for before, arg in pairwise(args)
            if before.text not in _VALUED[tool]
            and arg.kind is not Kind.NUMBER  # behind -j; no goal is called so
            and (arg.kind is Kind.OPEN or not arg.text.startswith("-"))
        )
    if tool in _MAKES and any(arg.literal in _TELLING for arg in args):
        words = ()
    machine.begin(words, project_code=project_code)
    if tool in _VALUED and len(words) > 1:
        for goal in words:
            machine.begin((goal,), project_code=project_code)
