"""A variable is set that makes other programs load or run something: ``LD_PRELOAD``, ``GIT_SSH_COMMAND`` ..."""

import re
from collections.abc import Iterator

from bailiwick.model.access import AccessKind, Confidence, Finding, VariableTarget
from bailiwick.model.regex import regex
from bailiwick.rules.rule import Evidence, Rule, Severity

_ALWAYS = regex(
    r"LD_(?:PRELOAD|AUDIT)|DYLD_(?:INSERT_LIBRARIES|FORCE_FLAT_NAMESPACE)|BASH_ENV|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|BASH_FUNC_\w+.*|PS4"
    r"|ZDOTDIR|GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND|EXEC_PATH|TEMPLATE_DIR|CONFIG(?:_GLOBAL|_SYSTEM|_COUNT"
    r"|_KEY_\d+|_VALUE_\d+|_PARAMETERS)?)|SSH_ASKPASS|SUDO_ASKPASS|LESS(?:OPEN|CLOSE)|PYTHON(?:STARTUP|HOME|BREAKPOINT)|PERL5DB"
    r"|RUSTC(?:_WORKSPACE)?_WRAPPER|(?:npm_config|NPM_CONFIG)_(?:script_shell|SCRIPT_SHELL|git|GIT)|PHP_INI_SCAN_DIR|OPENSSL_CONF"
    r"|GCONV_PATH|\w*PAGER|\w*EDITOR|VISUAL|BROWSER|GIT_SEQUENCE_EDITOR"
)
"""Names a program, a library or a file that is run or loaded, whatever the value, unless that is harmless."""

_BY_VALUE: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        regex(r"NODE_OPTIONS|npm_config_node_options|NPM_CONFIG_NODE_OPTIONS"),
        regex(
            r"(?:^|[\s\"'])(?:-r|--require|--import|--loader|--experimental-loader|--inspect\S*|--env-file\S*)(?:[\s=]|$)"
        ),
    ),
    (
        regex(r"(?:_JAVA|JAVA_TOOL|JDK_JAVA|MAVEN|GRADLE|SBT|ANT|CATALINA)_OPT(?:ION)?S|JAVA_OPTS"),
        regex(r"-javaagent|-agent(?:lib|path)|-Xbootclasspath|OnOutOfMemoryError|OnError|(?:^|\s)@"),
    ),
    (regex(r"RUBYOPT|PERL5OPT"), regex(r"(?:^|\s)-[A-Za-z]*[rMmIdx]|(?:^|\s)[^-\s]")),
    (regex(r"PYTHONWARNINGS"), regex(r"\.")),
    (regex(r"GOFLAGS"), regex(r"-(?:toolexec|exec|overlay)")),
    (regex(r"MAKEFLAGS|MFLAGS"), regex(r"--eval|=|(?:^|\s)-[A-Za-z]*[fCIE]")),
    (regex(r"ENV"), regex(r"[/~$]|^\.")),
)
"""Options that load or run something only in some of their values."""

_PATHS = regex(
    r"PATH|LD_LIBRARY_PATH|DYLD_\w*PATH|PYTHONPATH|PERL5LIB|RUBYLIB|NODE_PATH|CLASSPATH|LUA_PATH|LUA_CPATH"
)
_HARMLESS = regex(
    r"(?:/usr)?(?:/bin/)?(?:|cat|less|more|most|bat|true|false|:|vi|vim|nvim|nano|emacs|ed|code --wait|less -[A-Za-z]+|none|echo)"
    r"|/dev/null"
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
        return None if value is not None and _HARMLESS.fullmatch(value.strip()) else Confidence.HIGH
    for names, dangerous in _BY_VALUE:
        if names.fullmatch(name):
            return Confidence.HIGH if value is None or dangerous.search(value) else None
    return Confidence.LOW if _PATHS.fullmatch(name) else None


RULE = Rule(
    id="command/environment-injection",
    title="Environment variable that runs code elsewhere",
    severity=Severity.HIGH,
    find=_find,
)
