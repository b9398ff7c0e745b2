"""One-liners of Ruby, PHP and dc: printing constants and parts of a JSON or YAML file is understood, nothing else."""

import re
from typing import TYPE_CHECKING

from bailiwick.analysis.commands.argument import Arg
from bailiwick.analysis.commands.plugins.consoles import console
from bailiwick.analysis.commands.plugins.tools import handed
from bailiwick.analysis.commands.specification import Role
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex

if TYPE_CHECKING:
    from bailiwick.analysis.commands.call import Call

_TEXT = r"""'(?:[^'\\]|\\[\\'])*'|"(?:[^"\\#$\{]|\\[nrt"\\])*\""""
_KEYS = rf"(?:\[\s*(?:\d+|{_TEXT})\s*\])*"
_RUBY_VALUE = (
    rf"(?:RUBY_VERSION|RUBY_PLATFORM|RUBY_ENGINE|Dir\.pwd|Time\.now|{_TEXT}|\d+(?:\s*[-+*/%]\s*\d+)*"
    rf"|(?:JSON\.parse|YAML\.(?:safe_)?load)\(\s*File\.read\(\s*(?:{_TEXT})\s*\)\s*\){_KEYS}|File\.read\(\s*(?:{_TEXT})\s*\)"
    rf"|YAML\.(?:safe_)?load_file\(\s*(?:{_TEXT})\s*\){_KEYS})"
)
_RUBY = regex(
    rf"\s*(?:(?:require\s+['\"](?:json|yaml|date|time|set)['\"]|(?:puts|print|p|pp)\s*\(?\s*{_RUBY_VALUE}\s*\)?)\s*(?:;|\n|\Z)\s*)+\Z"
)
_PHP_VALUE = (
    rf"(?:PHP_VERSION|PHP_OS|PHP_EOL|PHP_INT_MAX|{_TEXT}|\d+(?:\s*[-+*/%]\s*\d+)*|phpversion\(\)|date\(\s*(?:{_TEXT})\s*\)"
    rf"|file_get_contents\(\s*(?:{_TEXT})\s*\)|json_decode\(\s*file_get_contents\(\s*(?:{_TEXT})\s*\)\s*,\s*true\s*\){_KEYS})"
)
_PHP = regex(
    rf"\s*(?:(?:echo|print)\s+{_PHP_VALUE}(?:\s*[.,]\s*{_PHP_VALUE})*\s*(?:;|\Z)\s*|phpinfo\(\)\s*;?\s*)+\Z"
)
_READ = regex(rf"(?:File\.read|load_file|file_get_contents)\(\s*({_TEXT})")
MAX_CODE = 300
"""Characters of a one-liner; the grammars take time that grows with the square of it."""
_INLINE = {"php": ("-r",), "ruby": ("-e",)}


def oneliner(call: "Call") -> None:
    """``ruby`` and ``php``: a script is project code; little of what is given inline is understood."""
    parsed, machine = call.parsed, call.machine
    name = "php" if call.name.startswith("php") else "ruby"
    codes = parsed.values(*_INLINE[name])
    checks = name == "ruby" and parsed.given("-c", "-wc", "-cw")  # the syntax alone
    machine.begin(tuple(parsed.operands), project_code=bool(parsed.operands) and not codes and not checks)
    call.options()
    for code in codes:
        _inline(call, code, _PHP if name == "php" else _RUBY)
    if name == "php" and parsed.given("-i", "--info"):
        machine.variable(AccessKind.READ, "*")
    if codes:
        return
    if parsed.operands and parsed.operands[0].literal != "-":
        call.role(Role.CODE, parsed.operands[0])
        handed(machine, parsed.operands)
        console(machine, parsed.operands[0].text.rpartition("/")[2], parsed.operands[1:])
    elif not parsed.given("--version", "--help", "-v", "-h", "-i", "-m", "-V", "-l") or parsed.operands:
        call.unfed("code from standard input or a terminal")


def calculator(call: "Call") -> None:
    """``dc``: an exclamation mark runs a command, a question mark what is read."""
    call.begin()
    call.options()
    call.operands()
    parsed, machine = call.parsed, call.machine
    for code in parsed.values("-e", "--expression"):
        if code.literal is None or set("!?") & set(code.text):
            machine.opaque("dc runs a command, or what it reads", code.span, AccessKind.EXECUTE)
    if parsed.operands or parsed.given(
        "-e", "--expression", "-f", "--file", "-h", "--help", "-V", "--version"
    ):
        return
    typed = machine.stdin
    if typed is None or typed.literal is None or set("!?") & set(typed.text):
        call.unfed("code from standard input or a terminal")


def _inline(call: "Call", code: Arg, grammar: re.Pattern[str]) -> None:
    if code.literal is None or len(code.text) > MAX_CODE or grammar.match(code.text) is None:
        call.machine.opaque("inline code that isn't understood", code.span)
        return
    if "phpinfo" in code.text:
        call.machine.variable(AccessKind.READ, "*", None, code.span)
    for text in _READ.findall(code.text):
        name = re.sub(r"\\(.)", r"\1", text[1:-1])
        if "://" in name or name.startswith("|"):
            call.machine.opaque("a file's name that is more than one", code.span)
        else:
            call.machine.path(AccessKind.READ, code.with_text(name))
