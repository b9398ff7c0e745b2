"""Environment variables: which may be set without a word, which decide what programs run."""

from bailiwick.model.regex import regex

_SAFE = regex(
    r"(?:LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|NO_COLOR|FORCE_COLOR|CLICOLOR(?:_FORCE)?|COLORTERM|COLUMNS|LINES|CI|DEBUG"
    r"|NODE_ENV|RUST_LOG|RUST_BACKTRACE|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONHASHSEED|PYTHONIOENCODING"
    r"|PYTHONUTF8|GIT_TERMINAL_PROMPT|GIT_OPTIONAL_LOCKS|GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)"
    r"|DEBIAN_FRONTEND|TIMEFORMAT|VERBOSE|LOG_LEVEL|PORT|SOURCE_DATE_EPOCH|GOOS|GOARCH|CGO_ENABLED"
    r"|NEXT_TELEMETRY_DISABLED|PIP_DISABLE_PIP_VERSION_CHECK)\Z"
)
_DANGEROUS = regex(
    r"(?:LD_|DYLD_|BASH_FUNC_|GIT_|npm_config_|NPM_CONFIG_|PIP_|UV_|CARGO_|DOCKER_|KUBE|AWS_|ANTHROPIC_|CLAUDE_|BAILIWICK_)"
    r"|(?:PATH|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS[0-4]|PROMPT_COMMAND|CDPATH|GLOBIGNORE|HOME|SHELL|ZDOTDIR|FPATH"
    r"|POSIXLY_CORRECT|EXECIGNORE|.*PAGER|.*EDITOR|VISUAL|BROWSER|SSH_ASKPASS|SUDO_ASKPASS|SSH_AUTH_SOCK|SSLKEYLOGFILE"
    r"|PYTHON(?:PATH|STARTUP|HOME|WARNINGS|INSPECT|BREAKPOINT|PLATLIBDIR|EXECUTABLE|USERBASE)|PERL5?(?:LIB|OPT|DB)"
    r"|NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS"
    r"|MAKE(?:FLAGS|FILES)|GO(?:FLAGS|PROXY|PATH|ROOT|TOOLCHAIN)|LESS(?:|OPEN|CLOSE)|MANOPT|TAR_OPTIONS|GREP_OPTIONS"
    r"|RIPGREP_CONFIG_PATH|RSYNC_.*|CC|CXX|AR|RUSTC(?:_WRAPPER)?|.*_(?:PROXY|proxy)|GCONV_PATH|LOCPATH|TERMINFO|HOSTALIASES"
    r"|XDG_.*_HOME|TMPDIR|MAVEN_OPTS|GRADLE_OPTS|BUNDLE_GEMFILE|SSL_CERT_(?:FILE|DIR)|CURL_(?:HOME|CA_BUNDLE))\Z"
)
QUIET_READS = frozenset((
    "HOME", "PWD", "OLDPWD", "PATH", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TMPDIR", "HOSTNAME", "OSTYPE",
    "_", "MACHTYPE", "HOSTTYPE", "OPTARG", "REPLY", "BASH_SOURCE", "FUNCNAME", "BASH_VERSION", "EDITOR", "CI",
))  # fmt: skip
"""Reading these isn't worth a word; they hold no secrets and every script uses them."""
NUMBERS = frozenset((
    "RANDOM", "SRANDOM", "SECONDS", "LINENO", "UID", "EUID", "PPID", "BASHPID", "OPTIND", "SHLVL", "EPOCHSECONDS",
    "#", "?", "$",
))  # fmt: skip
"""Variables that bash itself sets to integers."""
PORTABLE_NUMBERS = frozenset(("PPID", "#", "?", "$"))
"""Those that every shell sets."""


def is_reported(name: str) -> bool:
    """Whether setting ``name`` for a program is a change worth reporting: all but a closed list."""
    return _SAFE.match(name) is None


def is_dangerous(name: str) -> bool:
    """Whether ``name`` decides which code runs or where data goes, so that even a plain assignment is reported."""
    return _SAFE.match(name) is None and _DANGEROUS.match(name) is not None


LIBRARIES = frozenset(("PYTHONPATH", "NODE_PATH", "PERL5LIB", "RUBYLIB"))
"""Where interpreters look for modules; below the project that is the project's own code."""
UNSETTABLE = NUMBERS | {
    "_", "PWD", "OLDPWD", "BASH_REMATCH", "PIPESTATUS", "FUNCNAME", "GROUPS", "DIRSTACK", "BASH_COMMAND", "BASH_SUBSHELL",
    "HISTCMD", "COPROC", "MAPFILE", "REPLY", "OPTARG", "BASH_ARGV0",
}  # fmt: skip
"""Variables that don't keep what is assigned to them, or that the shell itself changes."""
EVALUATED = frozenset((
    "RANDOM", "SRANDOM", "SECONDS", "LINENO", "HISTCMD", "OPTIND", "EPOCHSECONDS", "EPOCHREALTIME", "BASHPID", "BASH_SUBSHELL",
))  # fmt: skip
"""Integers of the shell's own: what is assigned to one is evaluated as arithmetic, substitutions in subscripts included."""
TIED_IN_ZSH = frozenset((
    "argv", "path", "cdpath", "fpath", "mailpath", "manpath", "module_path", "psvar", "fignore", "status", "pipestatus",
    "aliases", "galiases", "saliases", "functions", "commands", "options", "dirstack", "nameddirs", "NULLCMD", "READNULLCMD",
    "chpwd_functions", "precmd_functions", "preexec_functions", "periodic_functions", "zshaddhistory_functions", "zshexit_functions",
))  # fmt: skip
"""Variables of zsh that are another one in disguise (``path`` is ``PATH``) or change how the shell works."""
DECLARATIONS = frozenset(("declare", "typeset", "local", "readonly", "export"))
"""Builtins whose words may be assignments."""
READ_ONLY = frozenset(("UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"))
"""Variables whose assignment fails."""
