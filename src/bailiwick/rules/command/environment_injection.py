"""A variable is set that makes other programs load or run something: ``LD_PRELOAD``, ``GIT_SSH_COMMAND`` ..."""

import re
from collections.abc import Iterator

from bailiwick.model.access import AccessKind, Confidence, Finding, VariableTarget
from bailiwick.rules.rule import Evidence, Rule, Severity

_ALWAYS = re.compile(
    r"LD_(?:PRELOAD|AUDIT|LIBRARY_PATH)|DYLD_\w+|BASH_ENV|ENV|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|BASH_FUNC_\w+.*|PS4|ZDOTDIR"
    r"|GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND|EXEC_PATH|TEMPLATE_DIR|CONFIG(?:_GLOBAL|_SYSTEM|_COUNT|_KEY_\d+"
    r"|_VALUE_\d+|_PARAMETERS)?)|SSH_ASKPASS|SUDO_ASKPASS|LESS(?:OPEN|CLOSE)|PYTHON(?:STARTUP|HOME|BREAKPOINT|WARNINGS)|PERL5(?:OPT|DB)"
    r"|RUBYOPT|(?:_JAVA|JAVA_TOOL|JDK_JAVA|MAVEN|GRADLE|SBT)_OPT(?:ION)?S|RUSTC(?:_WORKSPACE)?_WRAPPER|npm_config_(?:script_shell"
    r"|node_options|git)|NPM_CONFIG_(?:SCRIPT_SHELL|NODE_OPTIONS|GIT)|PHP_INI_SCAN_DIR|OPENSSL_CONF|GCONV_PATH|TERMINFO|MAKEFLAGS"
)
_PATHS = re.compile(r"PATH|PYTHONPATH|PERL5LIB|RUBYLIB|NODE_PATH|CLASSPATH|GOFLAGS|LUA_PATH|LUA_CPATH")
_PROGRAMS = re.compile(
    r"(?:GIT_|MAN|SYSTEMD_)?PAGER|(?:GIT_|SVN_|HG|FC)?EDITOR|VISUAL|BROWSER|GIT_SEQUENCE_EDITOR"
)
_HARMLESS = re.compile(
    r"(?:/usr)?(?:/bin/)?(?:|cat|less|more|most|bat|true|false|:|vi|vim|nvim|nano|emacs|ed|code --wait|less -[A-Za-z]+|none|echo)"
)
_LOADING = re.compile(
    r"(?:^|\s)(?:-r|--require|--import|--loader|--experimental-loader|--inspect\S*|-toolexec|--env-file)\b"
)


def _find(evidence: Evidence) -> Iterator[Finding]:
    for access in evidence.facts.accesses:
        if not isinstance(access.target, VariableTarget) or access.kind is AccessKind.READ:
            continue
        confidence = judge(access.target.name, access.target.value)
        if confidence is not None:
            yield Finding(
                rule=RULE.id,
                message=f"{access.target.name} makes other programs run or load what it names",
                field="tool_input.command",
                cause=access.cause,
                confidence=confidence,
            )


def judge(name: str, value: str | None) -> Confidence | None:
    """How surely setting ``name`` to ``value`` (None: not known) runs something; None when it doesn't."""
    if _ALWAYS.fullmatch(name):
        return Confidence.HIGH
    if name == "NODE_OPTIONS":
        return Confidence.HIGH if value is None or _LOADING.search(value) else None
    if _PROGRAMS.fullmatch(name):
        return None if value is not None and _HARMLESS.fullmatch(value.strip()) else Confidence.HIGH
    return Confidence.LOW if _PATHS.fullmatch(name) else None


RULE = Rule(
    id="command/environment-injection",
    title="Environment variable that runs code elsewhere",
    severity=Severity.HIGH,
    find=_find,
)
