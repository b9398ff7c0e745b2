"""Decoded code that is run: names that hold what was decoded are followed by name, within a file and between files.

It is coarse, so each look wants both ends: what decodes and what runs.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.spelled import SPELLED
from bailiwick.analysis.skill.scripts.tongues import ASSIGNS_IN_SHELL
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_SHARED = 40
"""Scripts that decode whose names are followed into others."""

MAX_NAMES = 200
"""Names that are followed in one script."""

SHELL, PYTHON, SCRIPT = "shell", "python", "javascript"

_NAME = r"[A-Za-z_$][\w$]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How a language decodes, names and runs. ``runs`` is followed by what is run; ``builds`` names what makes a name of pieces."""

    decodes: Wide
    assigns: Wide
    runs: Wide


_LANGUAGES: Mapping[str, _Language] = {
    SCRIPT: _Language(
        decodes=Wide(
            r"\bString\.from(?:CharCode|CodePoint)\b|\bBuffer\.from\([^;\n]{0,300}?,\s*[\"'](?:hex|base64(?:url)?)[\"']|\batob\s*\(|\.reverse\(\)\s*\.join\(\s*[\"']{2}|\bcreateDecipher(?:iv)?\(|\bcodePointAt\(\s*0?\s*\)\s*[-^]|\bcharCodeAt\([^()\n]{0,40}\)\s*[-^]|\b(?:inflate|gunzip|brotliDecompress|unzip|inflateRaw)Sync\("
        ),
        assigns=Wide(
            rf"(?:^|[;{{)])[ \t]{{0,80}}(?:export\s+)?(?:(?:const|let|var)\s+({_NAME})(?:\s*:\s*\w+)?|(?:module\.)?exports(?:\.({_NAME}))?|({_NAME}))\s*\+?=(?!=)\s*(.{{1,600}}?)(?:;|\n(?!\s{{0,80}}[.+?:)\]}}])|\Z)",
            re.DOTALL | re.MULTILINE,
        ),
        runs=Wide(
            r"(?:\(\s*0\s*,\s*eval\s*\)|\bgetPrototypeOf\([^\n;]{0,60}\)\.constructor\)?|\bnew\s+Function|(?<![\w.])Function|(?<![\w.])eval|\.constructor\.constructor|\bvm\.(?:run\w+|compileFunction)|(?<![\w.])run(?:InThisContext|InNewContext|InContext)|\b(?:new\s+)?(?:vm\.)?Script|\._compile|(?<![\w.])(?:exec|execSync)|\b(?:child_process|cp|proc)\.(?:exec|execSync))\s*\("
        ),
    ),
    PYTHON: _Language(
        decodes=Wide(
            r"(?<![\w.])__doc__\b|__import__\(\s*[\"'](?:zlib|base64|marshal|lzma|bz2|gzip|codecs)[\"']\s*\)\s*\.|\b(?:b16|b32|b64|b85|a85|standard_b64|urlsafe_b64)decode\b|\bbytes\.fromhex\b|\bunhexlify\b|\bzlib\.decompress\b|\b(?:lzma|bz2|gzip)\.decompress\b|\bcodecs\.decode\b|\bmarshal\.loads\b|\bFernet\(|\.decrypt\(|[\"']{2}\.join\([^\n]{0,60}\bchr\b|\bmap\(chr\b|\bbytes\(\s*(?:\[?\s*\w+\s*\^|\w+\s*\^|[^\n]{0,40}\^)|\[::-1\]"
        ),
        assigns=Wide(
            rf"^[ \t]*({_NAME})(?:\s*:\s*[\w\[\]]+)?\s*\+?=(?!=)\s*()()(.{{1,600}}?)$", re.MULTILINE
        ),
        runs=Wide(
            r"(?:(?<![\w.])(?:exec|eval|compile)|\bos\.(?:system|popen)|\bsubprocess\.(?:run|call|Popen|check_output|check_call|getoutput))\s*\("
        ),
    ),
}

_FUNCTION = Wide(
    rf"^([ \t]*)(?:async\s+)?def\s+({_NAME})\([^\n]{{0,300}}:[^\n]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n){{1,80}})|(?:^|\n)[ \t]*(?:export\s+)?(?:async\s+)?(?:function\s+({_NAME})\s*\(|(?:const|let)\s+({_NAME})\s*=\s*(?:async\s*)?\([^)\n]{{0,300}}\)\s*=>\s*\{{)[^\n]*\n((?:[^\n]*\n){{1,40}}?)\}}",
    re.MULTILINE,
)
_REQUIRED = re.compile(
    rf"(?:const|let|var)\s+({_NAME})\s*=\s*require\(\s*[\"'](\.[^\"']+)|import\s+(?:\*\s+as\s+)?({_NAME})\s+from\s+[\"'](\.[^\"']+)"
)
_BUILT = Wide(
    rf"\b({_NAME})\s*=\s*(?:importlib\.import_module|__import__)\(\s*(?:[\"'][^\"'\n]{{0,12}}[\"']\s*(?:\.join\(|\+\s*[\"'])|[^)\n]{{0,60}}(?:\[::-1\]|chr\(|b64decode|fromhex))|\bgetattr\(\s*(?:__import__|importlib|{_NAME})[^\n]{{0,80}}?,[^\n)]{{0,60}}(?:\+|\.join\(|\[::-1\]|chr\()"
)
_SHELL_DECODES = r"(?:base(?:64|32)\s+(?:-\w*[dD]\w*|--decode)|xxd\s+(?:-\w+\s+)*-\w*r|openssl\s+(?:enc|aes\S*|base64|zlib|smime|rsautl|pkeyutl)\b[^|;\n]{0,200}\s-d\w*|gpg\b[^|;\n]{0,200}(?:\s-d\b|--decrypt)|uudecode|(?:^|[|(`;&]\s*)(?:rev|tr\s+['\"]?[^\s'\"]+['\"]?\s+['\"]?[^\s'\"]+)|printf\s+(?:--\s+)?['\"]?[^|;\n]{0,200}\\(?:x[0-9a-fA-F]{2}|[0-7]{3})|(?:gunzip|zcat|xzcat|gzip\s+-\w*d|xz\s+-\w*d)|python3?\s+-c\s+[^|;\n]{0,200}(?:b64decode|fromhex|decompress|chr\()|perl\s+-\w*e\s+[^|;\n]{0,200}(?:pack|decode)|awk\s+[^|;\n]{0,200}printf\s*\(?\s*\"%c\"|sed\s+[^|;\n]{0,80}\\{1,4}x&)"
_SH = r"(?:(?:/usr)?/bin/)?(?:env\s+)?(?:ba|z|k|da)?sh\b|python3?\b(?!\s+-[cm])|node\b|perl\b|ruby\b|source\s+/dev/stdin|\.\s+/dev/stdin"
_SHELL_PIPE = re.compile(
    rf"{_SHELL_DECODES}[^;\n]*?\|\s*(?:sudo\s+)?(?:{_SH})(?:\s+-(?:s|x|e)?\b|\s*$|\s*[;)&>2])", re.MULTILINE
)
_SHELL_TAKEN = re.compile(
    r"(?:^|[;&|(]\s{0,9})(?:sed|awk|gawk|tail|head|grep|cut|tr|jq|yq|xmllint|strings|dd|perl\s+-\w*[en])\b[^\n;|]{0,200}(?:\$0|\$\{?BASH_SOURCE|\.(?:md|txt|json|ya?ml|csv|png|jpe?g|gif|svg|dat|bin|ico|pdf|xml|log|conf|cfg))\b[^\n;]{0,200}?\|\s*(?:sudo\s+)?(?:(?:ba|z|da)?sh|python3?|node|perl|ruby)(?:\s+-\w*)?\s*(?:$|[;&)])",
    re.MULTILINE,
)
"""Lines of a file of data, or of the script itself, that are fed to an interpreter."""
_SHELL_CALL = re.compile(
    rf"(?:\beval|\b(?:ba|z|da)?sh\s+-c|\bsource|(?:^|\s)\.|\bpython3?\s+-c)\s+(?:--\s+)?[\"']?(?:\$\(|<\(|`)[^\n]{{0,300}}?{_SHELL_DECODES}",
    re.MULTILINE,
)
_SHELL_DECODE = re.compile(_SHELL_DECODES, re.MULTILINE)
_SHELL_FILE = re.compile(
    rf"{_SHELL_DECODES}[^\n]{{0,300}}?(?:>|-out\s|-o\s|--output\s|\btee\s)\s*[\"']?([$~./\w{{}}-]+)",
    re.MULTILINE,
)
_DOWNLOADS = re.compile(
    r"\b(?:curl|wget)\b([^\n;&|]{0,300}?)(?:\s-\w*[oO]\s*|\s--output[ =]|\s>\s*|\s-O[ =]?)[\"']?(\$\{?\w+\}?[\w./-]*|[~/.\w-][\w./~-]*)[\"']?([^\n;&|]{0,300})"
)
_ESCAPES = re.compile(r"\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2})")


def staged(
    texts: Mapping[str, str], languages: Mapping[str, str], roles: Mapping[str, Role], into: Inventory
) -> None:
    """Scripts that run what they put together or decode first."""
    shared: dict[str, set[str]] = {}
    for path, text in texts.items():
        language = _LANGUAGES.get(languages[path])
        if language and len(shared) < MAX_SHARED and language.decodes.search(text):
            shared[path] = _holders(text, language, set())
    for path, text in texts.items():
        if languages[path] == SHELL:
            at = _shell_runs(text)
            _downloaded(text, path, roles[path], into)
        else:
            language = _LANGUAGES.get(languages[path])
            at = None
            if language:
                words = frozenset(_WORD.findall(text)) if shared.keys() - {path} else frozenset()
                given = {
                    name
                    for other in shared
                    if other != path
                    for name in _passed(text, words, other, shared[other])
                }
                decodes = given or language.decodes.search(text)
                at = _runs(text, language, _holders(text, language, given) if decodes else set())
        if at is None and (spelled := SPELLED.search(text)):
            at = spelled.start()
        if at is None:
            continue
        into.notice(
            Mark.OBFUSCATED,
            "runs what it puts together or decodes first: code that nobody reads in the file",
            place(path, text, at),
            roles[path],
            target="staged",
        )


_WORD = re.compile(r"[\w$]+")
_FED = re.compile(
    r"(?:^|[;&|]\s{0,9}|\b(?:then|do)\s)(?:source|\.|eval|(?:ba|z|da)?sh(?:\s+-c)?)\s+[\"']?(?:<\(|\$\()\s*[A-Za-z_]\w*[^)\n]{0,200}?https?://([\w.-]+)",
    re.MULTILINE,
)
"""What a command, or a function of the script, answers for an address, fed to a shell."""


def _downloaded(text: str, path: str, role: Role, into: Inventory) -> None:
    """A shell script that runs the file it downloads, whatever its address is put together of."""
    plain = re.sub(r"\\\n", "  ", text)
    if fed := _FED.search(plain):
        into.notice(
            Mark.PIPE_INSTALL,
            f"runs what {fed[1]} answers",
            place(path, text, min(fed.start(1), len(text))),
            role,
            target=fed[1].lower(),
        )
    for match in into.first(_DOWNLOADS.finditer(plain), MAX_SHARED, path):
        file = re.escape(match[2].strip("{}").lstrip("$").lstrip("{"))
        if match[2].startswith("-") or hosts_in(match[1] + match[3]):
            continue  # the reader of shells follows an address that is spelled
        runs = re.search(
            rf"(?:^|[;&|]\s*|\bthen\s+|\bdo\s+)(?:(?:sudo|nohup|exec|env)\s+)*(?:(?:ba|z|da)?sh\s+|source\s+|\.\s+|python3?\s+|node\s+|perl\s+|ruby\s+)?[\"']?(?:\$\{{?)?{file}\}}?[\"']?(?:\s|$|[;&])",
            plain[match.end() :],
            re.MULTILINE,
        )
        if runs:
            into.notice(
                Mark.PIPE_INSTALL,
                "runs the file it downloads, from an address that isn't spelled",
                place(path, text, min(match.start(), len(text))),
                role,
                target="*",
            )
            return


def _passed(text: str, words: Collection[str], other: str, names: set[str]) -> Iterator[str]:
    """Names of another file that this one takes: a function by its name, a module by the name it is given."""
    stem = posixpath.splitext(posixpath.basename(other))[0]
    if stem not in words and stem not in text:
        return
    for name in names:
        if len(name) > 1 and name in words:
            yield name
    if "exports" in names or "default" in names:
        for match in _REQUIRED.finditer(text):
            if posixpath.basename(match[2] or match[4]).split(".")[0] == stem:
                yield match[1] or match[3]


def _holders(text: str, language: _Language, given: set[str]) -> set[str]:
    """Names that hold something decoded, or functions that give it."""
    found = set(given)
    assigned = [
        (match[1] or match[2] or match[3] or "exports", match[4]) for match in language.assigns.finditer(text)
    ][: 10 * MAX_NAMES]
    functions = [(m[2] or m[4] or m[5], m[3] or m[6] or "") for m in _FUNCTION.finditer(text)][:MAX_NAMES]
    for _ in range(3):
        before = len(found)
        for name, value in assigned:
            if name not in found and (language.decodes.search(value) or _uses(value, found)):
                found.add(name)
        for name, body in functions:
            back = re.findall(r"\breturn\b([^\n]{1,400})", body)
            if name not in found and any(language.decodes.search(one) or _uses(one, found) for one in back):
                found.add(name)
        if len(found) == before or len(found) > MAX_NAMES:
            break
    return found


def _uses(value: str, names: set[str]) -> bool:
    """Whether a value is one of the names, whole or in pieces: not what a call to something else makes of it."""
    return any(
        word in names for word in re.findall(rf"(?:^|[+\[(,]|\$\{{|\bawait\s|=>)\s*({_NAME})", value)
    ) and not re.match(
        r"\s*(?:JSON\.parse|json\.loads|len|int|Number|parseInt|open|readFile\w*|fs\.|Path|set|sorted)\b",
        value,
    )


_ALIAS = Wide(
    rf"(?:^|[;{{\n])[ \t]{{0,80}}(?:const|let|var)?[ \t]{{0,9}}({_NAME})[ \t]{{0,9}}=[ \t]{{0,9}}(?:[^;\n]{{0,120}}\.constructor\b|(?:globalThis|global|window|self)?\.?\[?[\"']?(?:eval|Function)[\"']?\]?|(?:builtins\.|__builtins__\.)?(?:exec|eval)|getattr\([^\n]{{0,60}},\s*[\"'](?:exec|eval|system|run|popen|Popen)[\"']\))[ \t]*(?:;|\n|$)"
)
"""Another name for what runs code."""


def _runs(text: str, language: _Language, holders: set[str]) -> int | None:
    for alias in [match[1] for match in islice(_ALIAS.finditer(text), MAX_SHARED)]:
        for match in re.finditer(rf"(?<![\w.]){re.escape(alias)}\s*\(", text):
            plain = _argument(text, match.end()).strip()
            used = set(re.findall(_NAME, plain))
            if used & holders or language.decodes.search(plain):
                return match.start()
    for match in language.runs.finditer(text):
        inner = _argument(text, match.end())
        plain = inner.strip()
        code = re.search(
            r"Function|constructor|eval|vm|Script|_compile|run\w*In|exec\b\s*\($|compile", match[0]
        )
        first = re.match(rf"\(?\s*({_NAME})\s*\)?(?:\.{_NAME}\([^()]*\))?\s*(?:,|$|\()", plain)
        if (first and first[1] in holders) or language.decodes.match(plain):
            return match.start()
        if (
            code
            and "exec" not in match[0]
            and (language.decodes.search(plain) or _last(plain) in holders or _calls(plain) & holders)
        ):
            return match.start()
        if match[0].startswith("exec") and language is _LANGUAGES[PYTHON] and language.decodes.search(plain):
            return match.start()
    if language is _LANGUAGES[PYTHON]:
        built = {m[1] for m in _BUILT.finditer(text) if m[1]}
        match_ = _BUILT.search(text)
        if match_ and (language.decodes.search(text) or built & set(re.findall(r"getattr\(\s*(\w+)", text))):
            return match_.start()
    return None


def _last(arguments: str) -> str:
    match = re.search(rf"(?:^|,)\s*({_NAME})\s*$", arguments)
    return match[1] if match else ""


def _calls(arguments: str) -> set[str]:
    return set(re.findall(rf"(?<![\w.$])({_NAME})\s*\(", arguments))


def _argument(text: str, start: int) -> str:
    depth = 1
    for at in range(start, min(start + 600, len(text))):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return text[start:at]
    return text[start : start + 600]


def _shell_runs(text: str) -> int | None:
    plain = re.sub(r"\\\n", " ", text)
    for pattern in (_SHELL_PIPE, _SHELL_TAKEN, _SHELL_CALL):
        if match := pattern.search(plain):
            return min(match.start(), len(text))
    held: set[str] = set()
    spelled: set[str] = set()
    for match in list(ASSIGNS_IN_SHELL.finditer(plain))[:MAX_NAMES]:
        name, value = match[1], match[2]
        if len(_ESCAPES.findall(value)) > 2:
            spelled.add(name)
        used = set(re.findall(r"\$\{?(\w+)", value))
        printed = re.search(r"\b(?:printf|echo\s+-e)\b", value)
        if (
            _SHELL_DECODE.search(value)
            or (printed and used & spelled)
            or used & held
            or (value.startswith("$'") and len(_ESCAPES.findall(value)) > 2)
        ):
            held.add(name)
    files = {match[1] for match in _SHELL_FILE.finditer(plain)} - {"/dev/null"}
    for match in re.finditer(
        r"(?:\beval|\b(?:ba|z|da)?sh\s+-c|[\"']?\$\{?SHELL\b[^\s\"']{0,20}[\"']?\s+-c|\bpython3?\s+-c|\b(?:ba|z)?sh\s*<<<|\b(?:ba|z|da)?sh|\bsource|(?:^|[;&|]\s*)\.|\bpython3?|\bnode|\bexec)\s+[\"']?(\$\{?\w+\}?|[$~./\w{}-]+)|(?:^|[;&]\s*)[\"']?(\$\{?\w+\}?|[~./\w-]+)[\"']?(?:\s|$|&)|\b(?:echo|printf)\b[^|\n]{0,300}?[\"']?(\$\{?\w+\}?)[\"']?\s*\|\s*(?:ba|z|da)?sh\b",
        plain,
        re.MULTILINE,
    ):
        what = match[1] or match[2] or match[3] or ""
        name = what.strip("${}")
        if (what.startswith("$") and name in held) or what in files:
            return min(match.start(), len(text))
    return None
