"""Loops without end in code that is given to an interpreter on its command line, and sizes that no disk holds."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice

from bailiwick.model.regex import regex

MOST_CODE = 20_000
"""Characters of a piece of code that is looked at."""

MOST_LOOPS = 16
"""Loops of a piece of JavaScript whose bodies are looked at."""

MOST_BODY = 2_000
"""Characters of a loop's body that are looked at."""

_MAY_BE = regex(r"\bwhile\b|\bfor\b|\*")
_PYTHON = regex(r"(?:python|pypy)[0-9.]*\Z")
_JAVASCRIPT = frozenset(("node", "nodejs", "bun", "deno", "tsx", "ts-node"))
_CODE = regex(r"-[A-Za-z]*[ce]\Z|-p\Z|-pe\Z|--eval\Z|--print\Z|eval\Z")
_ENDLESS = frozenset(("count", "cycle", "repeat"))
_PACED = frozenset((
    "sleep", "wait", "select", "input", "readline", "recv", "accept", "poll", "get", "join", "communicate", "run", "check_call",
    "check_output", "exit", "_exit", "urlopen", "read", "run_forever", "serve_forever",
))  # fmt: skip
"""Calls that end a program, or that a round of a loop waits for."""
_GROWS = frozenset((
    "write", "writelines", "write_text", "write_bytes", "append_text", "Popen", "fork", "Process", "Thread", "start", "truncate",
    "copyfile", "copy", "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "mkdir", "makedirs", "touch", "symlink",
))  # fmt: skip
"""Calls that make something more with each round: bytes, files, processes."""
_JS_LOOP = regex(
    r"\b(?:while\s*\(\s*(?:true|1|!0|!false|!!1)\s*\)|for\s*\([^;()]*;\s*(?:true|1|!0)?\s*;[^;()]*\))"
)
_JS_PACED = regex(
    r"\b(?:break|return|throw|await|yield|execSync|spawnSync|execFileSync|exit)\b|Atomics\.wait"
)
_JS_GROWS = regex(
    r"\b(?:write\w*|append\w*|copyFile\w*|cp\w*|spawn|fork|exec|execFile|Worker|mkdtemp\w*|mkdir\w*|truncate\w*)\s*\("
)


def endless(name: str, argv: Sequence[str | None], most_bytes: int) -> str:
    """What is without end in the code that ``argv`` gives to the interpreter ``name``; empty if nothing is seen."""
    words = list(argv[1:])
    for number, word in enumerate(words[:-1]):
        code = words[number + 1]
        if word is None or code is None or not _CODE.match(word) or len(code) > MOST_CODE:
            continue
        if _PYTHON.match(name) and (why := endless_python(code, most_bytes)):
            return why
        if name in _JAVASCRIPT and (why := _javascript(code)):
            return why
    return ""


def endless_python(code: str, most_bytes: int) -> str:
    """What is without end in a piece of Python. Total; code that is nested too deeply is none that ran."""
    if len(code) > MOST_CODE or not _MAY_BE.search(code):
        return ""
    try:
        with warnings.catch_warnings():  # about the code's style; it isn't ours
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and _repeated(node) > most_bytes:
                return f"Python makes a text of more than {most_bytes >> 30} GiB"
            if isinstance(node, ast.While | ast.For) and _never_ends(node) and _grows(node):
                return "Python in a loop without end writes, or starts processes"
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return ""


def _never_ends(node: ast.While | ast.For) -> bool:
    if isinstance(node, ast.While):
        test = node.test
        return isinstance(test, ast.Constant) and bool(test.value)
    call = node.iter
    if not isinstance(call, ast.Call):
        return False
    name, given = _called(call), len(call.args) + len(call.keywords)
    # `repeat(x, 3)` ends; `iter(int, 1)` asks for a zero until it is one.
    return (name in _ENDLESS and not (name == "repeat" and given > 1)) or (name == "iter" and given > 1)


def _grows(node: ast.While | ast.For) -> bool:
    inside = [part for statement in node.body for part in ast.walk(statement)]
    if any(isinstance(part, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.Await) for part in inside):
        return False
    calls = [part for part in inside if isinstance(part, ast.Call)]
    names = {_called(call) for call in calls}
    writes = names & _GROWS or any(
        keyword.arg == "file" for call in calls if _called(call) == "print" for keyword in call.keywords
    )
    return bool(writes) and not names & _PACED


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _repeated(node: ast.BinOp) -> int:
    """The length of a literal text that is repeated; 0 where it is none."""
    for text, times in ((node.left, node.right), (node.right, node.left)):
        if isinstance(text, ast.Constant) and isinstance(text.value, str | bytes):
            return len(text.value) * _number(times)
    return 0


def _number(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return min(number, 1 << 64)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return min(_number(left) * _number(right), 1 << 64)
        case ast.BinOp(left=left, op=ast.LShift(), right=right):
            return _number(left) << min(_number(right), 64)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return min(int(max(_number(left), 0) ** min(max(_number(right), 0), 64)), 1 << 64)
        case _:
            return 0


def _javascript(code: str) -> str:
    for loop in islice(_JS_LOOP.finditer(code), MOST_LOOPS):
        body = "".join(_body(code[loop.end() : loop.end() + MOST_BODY]))
        if _JS_GROWS.search(body) and not _JS_PACED.search(body):
            return "JavaScript in a loop without end writes, or starts processes"
    return ""


def _body(rest: str) -> Iterator[str]:
    """The statement behind a loop's head: to the end of its braces, else to the end of the line or statement."""
    depth = 0
    for letter in rest:
        yield letter
        depth += (letter in "{(") - (letter in "})")
        if depth <= 0 and letter in "};":
            return
