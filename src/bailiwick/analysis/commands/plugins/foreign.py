"""What a developer tool is told to take from outside the project: settings, plug-ins, scripts, packages, hosts.

Tools that run the project's code have hundreds of options, and any of them may name a file whose content is run. So
the rule is the other way round: whatever lies outside the project is code, unless the option is known to name what is
written, or the program is known to take its operands for data.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.argument import Machine

_URL = regex(r"[a-zA-Z][a-zA-Z0-9.-]*://[^\s\"'`,;|<>()]+")
_SOCKET = regex(r"tcp:(?P<host>[A-Za-z0-9.-]*[A-Za-z.][A-Za-z0-9.-]*)(?::\d+)?\Z")
"""What ``wait-on`` waits for; a number alone is a port of this machine."""
_ELSEWHERE = regex(
    r"(?:\A(?:-[A-Za-z]|\+)?|[=:,\"'@\s])((?:/(?![/\s])|~/|\.\./)[^\s\"',;:]+|\.\.(?=\Z|[\s\"',;:]))"
)
"""A path that leads out of the working directory, at the beginning of a word or inside it (``-javaagent:/tmp/a.jar``)."""
PLACES = regex(
    r"(?i)out|dest|prefix|junit|html|coverage|cov-|profile|report(?!er)|log(?!ger)|save|snapshot|record|cache|te?mp|target\Z|target-?dir|trace\Z|\A-func\Z|\A-(?-i:[oB])\Z"
    r"|\A-D(?:maven\.repo\.local|CMAKE_INSTALL_\w+)\Z"
)
"""Options that name where results go, or what a cache is."""
PATTERNS = frozenset((
    "-k", "-t", "-m", "-g", "-run", "-bench", "-skip", "--grep", "--testNamePattern", "--test-name-pattern", "--message",
    "--filter", "--testPathPattern", "--testPathPatterns", "--ignore", "--exclude", "--deselect", "--ignore-pattern",
    "--tests", "--base", "--public-url", "--base-path", "--mount", "--ignore-glob", "--title",
))  # fmt: skip
"""Options whose value only looks like a path: patterns of names, addresses within a server."""
_BUILDERS = frozenset(
    ("gradle", "gradlew", "mvn", "mvnw", "mvnd", "make", "gmake", "rake", "task", "just", "ninja", "cmake")
)
"""Programs that have no such options."""
_DATA = frozenset((
    "tsc", "tsgo", "pyright", "basedpyright", "ruff", "black", "isort", "autopep8", "yapf", "docformatter", "autoflake",
    "pydocstyle", "pycodestyle", "bandit", "vulture", "radon", "codespell", "gofmt", "goimports", "gofumpt", "rustfmt",
    "cspell", "markdownlint", "vale", "htmlhint", "swiftformat", "stylua", "shfmt", "mypy", "flake8", "cpplint", "cppcheck",
    "actionlint", "hadolint", "sqlfmt", "wait-on", "celery", "jupyter-nbconvert", "papermill", "serve", "http-server",
    "json-server", "live-server", "sass", "lessc", "alembic",
))  # fmt: skip
"""Programs that read and never run what their operands name. Their settings may still name programs."""
_HOSTS = regex(r"(?i)(?:host|proxy|registry|mirror|backend|server|endpoint|executor|upstream|remote)\Z")
_HOST = regex(r"(?=[^/]*\.)[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\Z")
_CODE = regex(
    r"--?(?:init-hook|node-options?|jvm-?args|script-shell|shell-auto-fallback|execute|eval|pastebin|scan)(?==|\Z)|-Dexec\.|(?:--codegen=|-C)?linker="
)
"""Options that hold code or a program, or send the results to others."""
_CODE_OF = {
    "make": ("-E",), "gmake": ("-E",), "tox": ("-x", "--override"), "npx": ("-c", "--call"), "rake": ("-e", "-p", "-E", "-g"), "cypress": ("--record",),
    "playwright": ("--with-deps",), "just": ("--shell", "-c", "--command"), "nodemon": ("-x", "--exec"),
    "jest": ("--filter",), "mypy": ("--install-types",), "ctest": ("-D", "--test-command", "--build-makeprogram"), "composer": ("--repository",),
    "bazel": ("--credential_helper", "--bes_backend"),
    "go": ("-toolexec", "-vettool", "-exec", "-overlay", "-modfile", "-gccgoflags", "-extld"),
}  # fmt: skip
"""Options of one program of which the same is true, also where their value is the project's."""
_MAKE_CODE = regex(r"(?:MAKEFLAGS|MAKEFILES|GNUMAKEFLAGS|SHELL|\.SHELLFLAGS)[:+?]?=")
_SETTING = regex(
    r"(?:net\.(?:offline|retry)|build\.(?:jobs|incremental|target-dir)|term\.[\w.-]+|profile\.[\w.-]+|future-incompat-report\.\w+)\s*=[^/]*\Z"
)
"""Settings of ``cargo --config`` that say nothing of programs, sources and hosts."""
_STARTERS = frozenset(("npx", "bunx", "pnpx", "uvx", "pipx"))
"""Programs that take options of their own only before the name of the program that they start."""
_GETTING = regex(r"try-repo\Z|dependency:get\Z|exec:\w+\Z|.*exec-maven-plugin")
"""Words that fetch code of others, or run any program."""


def foreign(machine: "Machine", program: str, words: Sequence[Arg]) -> None:
    """Record what the words given to a program that runs the project's code take from outside the project."""
    before, behind = "", ""
    for arg in words:
        name, equals, rest = arg.text.partition("=")
        attached = bool(equals) and (name.startswith("-") or name.replace("_", "").isalnum())
        option, value = (name, rest) if attached else (before, arg.text)
        before = arg.text if arg.text.startswith("-") and not equals else ""
        runs = option in _CODE_OF.get(behind or program, ())
        if arg.kind is not Kind.OPEN and (runs or option not in PATTERNS or program in _BUILDERS):
            _word(machine, behind or program, arg, option, value)
        if program in _STARTERS and not behind and not arg.text.startswith("-"):
            behind = arg.text  # what follows are its options
        if _GETTING.match(arg.text):
            machine.opaque("code from another repository, or any program", arg.span, AccessKind.EXECUTE)


def _word(machine: "Machine", program: str, arg: Arg, option: str, value: str) -> None:
    from bailiwick.analysis.commands.call import host, trusted, url  # noqa: PLC0415 - the seam imports the plug-ins

    if _runs(program, arg.text, option, value):
        machine.opaque("an option that runs, or sends, what is not the project's alone", arg.span)
    if addresses := _URL.findall(arg.text):
        for address in addresses:
            if not address.startswith(("file://", "sqlite")):
                url(machine, arg.with_text(address))
        return
    if peer := _SOCKET.match(arg.text):
        host(machine, arg.with_text(peer["host"]))
    if _HOSTS.search(option) and _HOST.match(value):
        host(machine, arg.with_text(value))
    if PLACES.search(option) or (not option and program in _DATA):
        return
    if (value == "-" or arg.text in ("-f-", "-F-")) and (option or program not in _DATA):
        machine.opaque("code or settings from standard input", arg.span)
    places = [arg.with_text(found[1]) for found in _ELSEWHERE.finditer(arg.text)]
    if not all(trusted(machine, place) for place in places):
        machine.opaque("code or settings from outside the project", arg.span, AccessKind.EXECUTE)


def _runs(program: str, text: str, option: str, value: str) -> bool:
    if _CODE.match(text) or (program in ("make", "gmake") and _MAKE_CODE.match(text)):
        return True
    if text.startswith("-") and text.partition("=")[0] in _CODE_OF.get(program, ()):
        return True
    return program == "cargo" and option == "--config" and "=" in value and _SETTING.match(value) is None
