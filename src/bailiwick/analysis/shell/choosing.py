"""Variables that decide which code a program runs: a command, where configuration or plug-ins lie, options.

Of most variables a value is data, and counts by the files and hosts in it (``leading``). Of these it is more than that:
what they say runs, or is read as settings that make other things run. What of it is the project's own, the system's, or
plain enough is left alone; the rest is opaque.
"""

import re
from collections.abc import Callable

from bailiwick.model.regex import regex

_COMMANDS = regex(
    r"\w*(?:PAGER|EDITOR|BROWSER|ASKPASS|_COMMAND|_RSH|_RUNNER|_WRAPPER|_LAUNCHER|_CHOOSER|_DIFF|_LINKER|_SHELL)|VISUAL|SHELL"
    r"|CC|CXX|CPP|LD|AR|AS|HOSTCC|RUSTC|RUSTDOC|LESSOPEN|LESSCLOSE|LUA_INIT\w*|PERL5DB|VIMINIT|EXINIT|PYTHONBREAKPOINT|PYTHONINSPECT"
)
"""The value is a command, or text that a program runs."""
_HOMES = regex(
    r"HOME|XDG_(?:CONFIG|DATA)_(?:HOME|DIRS)|ZDOTDIR|CURL_HOME|WGETRC|SYSTEM_WGETRC|RIPGREP_CONFIG_PATH|LESSKEY\w*|INPUTRC|PSQLRC|MYSQL_HOME"
    r"|PYTHON(?:HOME|USERBASE|PLATLIBDIR|EXECUTABLE)|TERMINFO\w*|GCONV_PATH|LOCPATH|MAILCAPS|SCREENRC|GIT_CONFIG\w*"
)
"""Where settings of programs lie that run other things; nobody expects them in a project."""
_PLACES = regex(
    r"\w*(?:_HOME|DOTNET_ROOT|HOME_DIR|_CONFIG\w*|RCFILE\w*|_RC|RC_FILENAME|_PLUGINS?\w*|_MODULES|_ENGINES|_TOOLCHAIN\w*|_STARTUP_HOOKS|PROFILER_PATH\w*"
    r"|GEMFILE|GEM_PATH|_YARN_PATH)|GOROOT|GOENV|GOPATH|GOBIN|GOTOOLDIR|VIRTUAL_ENV|UV_PYTHON|PHPRC|PHP_INI_SCAN_DIR|COMPOSER|IPYTHONDIR"
    r"|JUPYTER_\w*(?:DIR|PATH)|OPENSSL_CONF|COMPOSE_FILE|MAKEFILES|DENO_DIR|PKG_CONFIG_\w*|EMACSLOADPATH|TCLLIBPATH|CLASSPATH|PERLLIB|LUA_C?PATH\w*"
    r"|NODE_REPL_EXTERNAL_MODULE|ANSIBLE_\w+|TS_NODE_\w+|\w*(?:JUSTFILE|TASKFILE)|PYLINTRC|MYPYPATH|FLASK_APP|MIX_EXS|ODBC\w*INI|PGSERVICEFILE"
    r"|GCC_EXEC_PREFIX|COMPILER_PATH|LIBRARY_PATH|\w*_RUSTC|\w*_SYMBOLIZER_PATH|FONTCONFIG_FILE|TEXMF\w*|GTK_PATH|NLSPATH"
    r"|GIT_(?:WORK_TREE|DIR|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES)"
)
"""Where programs take settings, plug-ins or parts of themselves from."""
_OPTIONS = regex(
    r"TAR_OPTIONS|GREP_OPTIONS|LESS|G?N?U?MAKEFLAGS|MAVEN_ARGS|PYTEST_ADDOPTS|GOFLAGS|(?:CARGO_\w*)?RUSTFLAGS|RSYNC_\w*|MANOPT|ZIPOPT|UNZIP|GZIP|XZ_OPT"
    r"|SYSTEMD_LESS|BUN_OPTIONS|RAKEOPT|R?SPEC_OPTS|RUSTDOCFLAGS|ERL_\w*FLAGS|ELIXIR_ERL_OPTIONS"
)
"""Options of programs that have such as run things."""
_COMPILED = regex(r"(?:HOST)?(?:C|CXX|CPP|LD|OBJC|F|FC)FLAGS|CGO_\w*FLAGS|LDLIBS|LIBS")
"""Options of compilers and linkers."""
_COMPILING = regex(
    r"-(?:O\w*|g\w*|std=[\w+]+|D[\w=\"'.+-]+|U\w+|l[\w.+-]+|[ILR](?:[\w./+-]+)?|isystem|m[\w=,.+-]+|pthread|pipe|pedantic\w*|static[\w+-]*|shared|s|w|c"
    r"|W(?!l,|p,|a,)[\w=+,-]*|Wl,-(?:O\d|z,\w+|s|-?as-needed|-?gc-sections|-?rpath[,=][\w./$+-]+|-no-undefined|-build-id(?:=\w+)?|-strip-all|-dead_strip)"
    r"|f(?!plugin|use-ld)[\w-]+(?:=[\w,.-]+)?)|(?!-)[\w./+-]+"
)
_MACHINES = regex(r"DOCKER_CONTEXT|KUBE_?CONTEXT|BUILDX_BUILDER")
"""The name of another machine that is worked on."""

_WORD = regex(r"[\w.+-]+|:||/(?:usr/(?:local/)?)?bin/[\w.+-]+")
_PLAIN = regex(
    r"-j ?\d*|\d+|-[a-zA-Z]{1,4}|-k=?\w+|--(?:tb|color|maxfail|durations|verbosity|verbose|quiet|jobs|no-[\w-]+|load-average)(?:=\w+)?"
    r"|-(?:mod|tags|count|race|trimpath|ldflags|buildvcs|p|v)(?:=[\w.,]+)?|-C(?:(?:opt-level|target-cpu|debuginfo|codegen-units|lto)=[\w-]+)?"
    r"|(?:opt-level|target-cpu|debuginfo|codegen-units|lto)=[\w-]+|--cfg|warnings|clippy::\w+|-D[\w:=-]+|-W[\w:=-]*|no:\w+"
)
_RUNNING = regex(r"-[eEIPpfFo]|-\w*[fFI]\w*")
"""Short options that name code in one of these programs (make -f, tar -I, less -o, pytest -p)."""
_SYSTEM = regex(r"/(?:usr|opt|bin|sbin|lib\w*|nix|snap|Library|Applications|System)/")


def chosen(  # noqa: C901 - one arm per kind of variable
    name: str, value: str | None, is_own: Callable[[str], bool]
) -> str:
    """Why a variable with this value (None: not known) makes other code run, in a few words; empty if it doesn't.

    ``is_own`` tells whether a path is the project's.
    """
    if _COMMANDS.fullmatch(name):
        if value is None or not _WORD.fullmatch(value):
            return f"{name} says what a program runs"
    elif _HOMES.fullmatch(name):
        if value is None or (value and not _SYSTEM.match(value)):
            return f"{name} says where programs look for what they run"
    elif _MACHINES.fullmatch(name):
        if value not in ("", "default"):
            return f"{name} names another machine"
    elif _OPTIONS.fullmatch(name):
        if not all(_PLAIN.fullmatch(word) and not _RUNNING.fullmatch(word) for word in (value or "").split()):
            return f"{name} gives a program options that may run something"
    elif _COMPILED.fullmatch(name):
        if value is None or not all(_COMPILING.fullmatch(word) for word in value.split()):
            return f"{name} gives a compiler options that may run something"
    elif _PLACES.fullmatch(name):
        paths = [part for part in re.split(r"[:,;]", value or "") if part.startswith(("/", "~", ".."))]
        if any(not _SYSTEM.match(path) and not is_own(path) for path in paths):
            return f"{name} takes code or settings from outside the project"
    return ""
