"""Functions reached by a name that a request brings: a web shell in which no function that runs anything is ever written."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_NAMES = 400
"""Names of one script that are followed."""

_BRINGS = Wide(
    r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b|\bphp://input\b|\bgetallheaders\s*\(|\bapache_request_headers\s*\(|\bfilter_input(?:_array)?\s*\(|\bget_query_var\s*\(|\bparse_str\s*\(|\brequest\.(?:args|form|values|json|get_json|params|query\w*|headers|cookies)\b|\b(?:req|request|ctx)\.(?:query|body|params|headers|cookies)\b|\bparams\["
)
_SENT = r"\$_(?:GET|POST|REQUEST|COOKIE|FILES)\b|\$_SERVER\b\s*\[\s*[\"'](?:HTTP_\w+|QUERY_STRING|PATH_INFO|REQUEST_URI)|\bphp://input\b|\bgetallheaders\s*\(|\bapache_request_headers\s*\(|\bfilter_input(?:_array)?\s*\(\s*INPUT_(?:GET|POST|COOKIE|REQUEST)|\bget_query_var\s*\("
_SET = re.compile(
    r"(?:^|[;{(])\s*(?:static\s+|global\s+)?\$(\w{1,40})(?:\[[^\]\n]{0,60}\])?\s*(?:\.|\?\?)?=(?![=>])\s*([^;\n]{1,400})",
    re.MULTILINE,
)
_TAKEN_APART = re.compile(
    r"(?:\blist\s*\(|\[)((?:\s*(?:[\"']\w+[\"']\s*=>\s*)?\$\w{1,40}\s*,?){1,6})[)\]]\s*=(?![=>])\s*([^;\n]{1,400})"
)
_EACH = re.compile(r"\bforeach\s*\(\s*([^\n]{1,200}?)\s+as\s+(?:\$(\w{1,40})\s*=>\s*)?&?\$(\w{1,40})")
_PARSED = re.compile(r"\b(?:mb_)?parse_str\s*\(\s*([^,\n]{1,200}),\s*\$(\w{1,40})")
_ALL = re.compile(rf"\bextract\s*\(\s*(?:{_SENT})|\bimport_request_variables\b")
"""Every name is what the request says."""
_FUNCTION = re.compile(r"\bfunction\s+(\w{1,40})\s*\(([^)\n]{0,200})\)[^{]{0,40}\{")
_GIVES = re.compile(r"\breturn\b([^;]{1,300});")
_VARIABLE = re.compile(r"\$(\w{1,40})")
_INDEX = re.compile(r"\[[^\[\]\n]{0,80}\]")
_CALLED = re.compile(
    r"(?<![\w$>:])\$(\$?\w{1,40})((?:\s*(?:\[[^\]\n]{1,60}\]|\{[^}\n]{1,60}\})){0,3})\s*\(|\b(?:call_user_func(?:_array)?|forward_static_call(?:_array)?|array_map|register_shutdown_function|register_tick_function|set_error_handler|ob_start|spl_autoload_register|iterator_apply|new\s+Reflection(?:Function|Method|Class)|is_callable\s*\([^)\n]{0,60}\)\s*(?:and|&&|\?)\s*call_user_func)\s*\(\s*([^,;\n]{1,200})|\b(?:array_filter|array_walk|array_reduce|usort|uasort|uksort|preg_replace_callback)\s*\(\s*[^,\n]{1,200},\s*([^;\n]{1,200})|\bnew\s+\$(\w{1,40})((?:\[[^\]\n]{1,60}\]){0,2})\s*\(|(?:->|::)\s*\{?\s*\$(\w{1,40})((?:\[[^\]\n]{1,60}\]){0,2})\s*\}?\s*\(|\b(?:eval|assert|create_function)\s*\(\s*([^;\n]{1,300})"
)
"""A call of what a name holds."""
_LITERAL = re.compile(
    r"\s*(?:[\"'][^\"'\n]*[\"']|fn\b|function\b|static\b|\[\s*\$this|array\s*\(\s*\$this|\w+::class)"
)

_ELSEWHERE = Wide(
    r"\b(?:getattr\(\s*(?:os|subprocess|builtins|__builtins__|__import__\([^)\n]{1,60}\)|importlib\.import_module\([^)\n]{1,80}\)|sys\.modules\[[^\]\n]{1,60}\])\s*,|(?:globals|locals|vars)\(\)\s*\[|__builtins__\s*\[|(?:globalThis|global|process|window|Reflect)\s*\[|require\(\s*[\"'`](?:node:)?(?:child_process|vm|fs|module)[\"'`]\s*\)\s*\[|\b(?:Object|Kernel|self)\.(?:public_)?send\(|\b(?:const_get|public_send|constantize)\(?)\s*(?:str\()?\s*(?:await\s+)?(?:(\w{1,40})\b|(request\.\w+|(?:req|request|ctx)\.(?:query|body|params|headers)[^\n]{1,60}|params\[[^\]\n]{1,40}\]))[^\n]{0,80}?[\])]\s*(?:\(|\.call\(|\.apply\()"
)
"""The same in other languages: a function of the system, or any name at all, by what was sent."""
_HELD = re.compile(
    r"(?:^|[;{])[ \t]{0,80}(?:(?:const|let|var)\s+)?[\[({]?\s*(\w{1,40}(?:\s*,\s*\w{1,40}){0,4})\s*[\])}]?\s*=(?![=>])\s*(?:await\s+)?[^\n;]{0,60}?(?:\brequest\.(?:args|form|values|json|get_json|params|query\w*|headers|cookies)\b|\b(?:req|request|ctx)\.(?:query|body|params|headers|cookies)\b|\bparams\[)",
    re.MULTILINE,
)


def reached(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first call of a function that a request names, unless it is looked for in a list first."""
    if not _BRINGS.search(text):
        return
    match = _in_php(text, path, into) if "<?" in text else _in_others(text, path, into)
    if match is not None:
        into.notice(
            Mark.REVERSE_SHELL,
            f"runs the function that a request names: {' '.join(match[0].split())[:80]!r}",
            place(path, text, match.start()),
            role,
            target="*",
        )


def _in_others(text: str, path: str, into: Inventory) -> re.Match[str] | None:
    held = {
        name.strip()
        for match in into.first(_HELD.finditer(text), MAX_NAMES, path)
        for name in match[1].split(",")
    }
    for match in _ELSEWHERE.finditer(text):
        if (
            (match[2] or match[1] in held)
            and meant(text, match)
            and not _listed(text[: match.start()], match[1] or match[2])
        ):
            return match
    return None


def _in_php(text: str, path: str, into: Inventory) -> re.Match[str] | None:
    held = _held(text, path, into)
    brought = re.compile(rf"{_SENT}|\$(?:{'|'.join(map(re.escape, held)) or '(?!)'})\b(?!\s*\()")
    every = bool(_ALL.search(text))
    for match in _CALLED.finditer(text):
        name = match[1] or match[5] or match[7] or ""
        given = match[3] or match[4] or match[9] or ""
        if name:
            bare = name.lstrip("$")
            guilty = bare in held or bool(re.fullmatch(r"_(?:GET|POST|REQUEST|COOKIE)", bare)) or every
            said = f"${bare}{match[2] or match[6] or match[8] or ''}"
        else:
            guilty, said = (
                not _LITERAL.match(given) and bool(brought.match(given.strip().lstrip("(@"))),
                given,
            )
            if match[9]:
                guilty = bool(brought.search(_INDEX.sub("", given)))
        if guilty and meant(text, match) and not _listed(text[: match.start()], said):
            return match
    return None


def _listed(before: str, said: str) -> bool:
    """Whether a name was looked for in a list."""
    name = re.search(r"\w+", said)
    return name is not None and bool(
        re.search(
            rf"\bin_array\s*\(\s*\$?{name[0]}\b|\barray_key_exists\s*\(\s*\$?{name[0]}\b|\bisset\s*\(\s*\$\w+\[\s*\${name[0]}\b|\bmatch\s*\(\s*\${name[0]}|\bswitch\s*\(\s*\$?{name[0]}|\b{name[0]}\s+(?:not\s+)?in\s+\w|\.(?:includes|has|include\?)\(\s*{name[0]}\b",
            before,
        )
    )


def _held(text: str, path: str, into: Inventory) -> list[str]:
    """Names that hold what was sent, and functions that give it back."""
    held: dict[str, None] = {}
    gives: set[str] = set()
    parsed = [(match[2], match[1]) for match in _PARSED.finditer(text)]
    given = [(match[1], match[2]) for match in _SET.finditer(text)] + parsed
    given += [
        (name, match[2]) for match in _TAKEN_APART.finditer(text) for name in _VARIABLE.findall(match[1])
    ]
    given += [(name, match[1]) for match in _EACH.finditer(text) for name in (match[2], match[3]) if name]
    functions = [
        (match[1], _VARIABLE.findall(match[2]), text[match.end() : match.end() + 1_500])
        for match in into.first(_FUNCTION.finditer(text), MAX_NAMES, path)
    ]
    for _ in range(4):
        before = len(held) + len(gives)
        brought = re.compile(
            rf"{_SENT}|\$(?:{'|'.join(map(re.escape, held)) or '(?!)'})\b|\b(?:{'|'.join(map(re.escape, gives)) or '(?!)'})\s*\("
        )
        for name, value in given:
            # what stands in brackets only chooses among what is there
            if len(held) < MAX_NAMES and brought.search(_chosen(value)):
                held.setdefault(name)
        for name, parameters, body in functions:
            if any(brought.search(_chosen(one)) for one in _GIVES.findall(body.partition("\nfunction ")[0])):
                gives.add(name)
            for call in re.finditer(rf"(?<!function )\b{re.escape(name)}\s*\(([^;\n]{{1,200}})", text):
                for parameter, argument in zip(parameters, call[1].split(","), strict=False):
                    if brought.search(_chosen(argument)):
                        held.setdefault(parameter)
        if len(held) + len(gives) == before:
            break
    return list(held)[:MAX_NAMES]


def _chosen(value: str) -> str:
    """A value without the keys by which it takes parts of something that stands in the code."""
    value = value.partition("throw ")[0]
    return re.sub(
        r"(?<!_GET)(?<!_POST)(?<!_REQUEST)(?<!_COOKIE)(?<!_SERVER)\[[^\[\]\n]{0,80}(?:\[[^\[\]\n]{0,40}\])?[^\[\]\n]{0,20}\]",
        "",
        value,
    )
