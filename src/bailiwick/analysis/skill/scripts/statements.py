"""Scripts as statements: what each names, holds by itself, hands on and gives back. Lines, brackets and words, not syntax."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bailiwick.analysis.skill.facts import Label, Origin
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts import tongues
from bailiwick.analysis.skill.scripts.places import indent_of
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Source

MAX_STATEMENT = 2_000
EXACT = ("python", "javascript", "shell")
"""Languages with a reader of their own."""

MAX_LINES = 40
"""Lines that one statement may span."""
_TARGET = re.compile(
    r"^\s*(?:\}?\s*(?:if|for|while|switch|elif|elsif|elseif|else if)\b\s*\(?\s*)?(?:(?:export|declare|local|my|our|let|const|var|val|final|auto|readonly|global|static|mut|set|public|private|string|String|int|def|auto|byte\[\]|[A-Z]\w{0,30}(?:<[^<>\n]{0,60}>)?)\s+(?:-\w+\s+)?(?:mut\s+)?)*"
    r"[\[({]?\s*([$@%]?[A-Za-z_]\w*(?:\s*:\s*\w+)?(?:(?:\.|->|::|\[)[^=\n,]{0,60}?)?(?:\s*,\s*[$@%]?[A-Za-z_*]\w*){0,5})\s*[\])}]?\s*(?::\s*[\w<>\[\], .|]{1,60}?)?\s*(?::=|\+=|\.=|\|\|=|<<|<-|=(?![=~>]))(.*)",
    re.DOTALL,
)
_BOUND = Form(
    r"\bfor(?:each|await)?\s*\(?\s*(?:const|let|var|my)?\s*[\[(]?\s*([$@]?\w+(?:\s*,\s*[$@]?\w+)?)\s*[\])]?\s*(?:in|of|:=\s*range|=\s*range)\s+([^\n]{1,300})"
    r"|\bforeach\s*\(([^\n]{1,200}?)\s+as\s+([$\w,=> ]{1,60})\)|([^\n]{1,300}?)\bdo\s*\|([\w, ]{1,40})\|"
    r"|\bopen\s*\(?\s*(?:my|local)?\s*([$]\w+)\s*,([^\n]{1,300})|\b(?:with|using)\b([^\n]{1,300}?)\bas\s+(\w+)\s*:|([^\n]{1,300}?)\.(?:forEach|map|then|filter|reduce)\(\s*(?:async\s*)?\(?([\w, ]{1,40})\)?\s*=>"
    r"|=>\s*[({]?\s*([$\w]+)\s*\+?=\s*([\w.]+)|([^\n]{1,300}?[(,]\s*)(?:async\s*)?(?:function\s*)?\(([\w, ]{1,40})\)\s*(?==>|\{)"
)
_TAKEN_APART = re.compile(
    r"^\s*(?:const|let|var|my|val)?\s*[\[({]([^=\n;]{1,120})[\])}]\s*=(?![=~>])(.*)", re.DOTALL
)
"""Something taken apart into names."""

_KEYED = re.compile(r"^\s*(?:-\s+)?([A-Za-z_]\w*):\s+(.+)", re.DOTALL)
"""A key of YAML with its value: how a workflow sets a variable."""

_ADDS = re.compile(r"(?:&&|\|\||;|\b(?:then|do)\b)\s*(?:local\s+)?([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
"""A variable of a shell that is set behind a condition."""

_BINDS = Form(r"=>|\bfor|\bdo\s*\||\bopen\b|\b(?:with|using)\b|\bfunction\b")
_NAMES_FIRST = (0, 3, 6)
"""Kinds of binding, in the order of the pattern, where the name comes before what it holds."""
_CALLBACK = 5
"""The first kind of binding whose value is what a callback is given to."""
_FILLS = Form(
    r"^\s*([$@%]?[A-Za-z_]\w*)(?:\.|->)(?:append|push|add|extend|update|write|puts|print|concat|set|insert|merge!?|set_form_data|body|content|add_field|Add|Write\w*|Append)\b|^\s*(?:push|unshift)\s*\(?\s*([@$]\w+)"
)
_FUNCTION = re.compile(
    r"^\s*(?:export\s+|public\s+|private\s+|static\s+|async\s+|pub\s+|local\s+)*(?:def|function|func|sub|fn|fun)\s+(?:self\.|\([^)]*\)\s*)?([A-Za-z_][\w-]*)\b(?!\s*=)\s*(?:\(([^)]*)\))?|^\s*(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\s*)?\(?([\w\s,:={}\[\]?.<>|]*)\)?\s*(?::[^=\n]{1,40})?=>|^\s*([A-Za-z_][\w-]*)\s*\(\)\s*\{"
)
NAMES = re.compile(r"[A-Za-z_]\w*")
_LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.){0,300})\"|'((?:[^'\\\n]|\\.){0,300})'|`((?:[^`\\]|\\.){0,300})`")
_WORDS = re.compile(
    r"(?:~|\$\{?HOME\}?|\$ENV\{HOME\}|\$HOME|\$env:\w+|%\w+%|/home/\w+|/Users/\w+|/root)[/\\][\w./\\*-]+|(?<![\w/])\.[a-z][\w.-]+(?:/[\w./*-]+)?"
)
_QUOTED_HOME = re.compile(r"[\"'](\$\{?HOME\}?)[\"'](?=/)")
_GIVES = Form(
    r"\breturn\b|=>|\b(?:echo|printf|print|cat|puts)\b|^\s*[$@]?\w+(?:\.\w+)*\s*;?\s*$|Write-Output|\blocal\b"
)
_IDENTITY = Form(
    r"\b(?:ssh|scp|sftp|rsync|ssh-add|ssh-keygen|kubectl|helm|aws|gcloud|az|terraform|docker|git)\b[^\n]{0,200}$|(?:-i|--identity\S*|--cert|--key|--kubeconfig|--env-file|-E)[ =\"']+$"
)
UPLOADS = Form(
    r"=?@[\"'$~/\w{]|[\"'\s](?:-T|--upload-file|--post-file|--body-file|-InFile)\b|--data-binary\b|\bCURLFile\(|\bcurl_file_create\(|\|\s*(?:curl|nc|ncat)\b"
)
_CHECKED = Form(
    r"\b(?:exist\w*|is_?file|isFile|Test-Path|-[fders]\s|chmod|mkdir|unlink|remove|rm|touch|stat)\b"
)


@dataclass(slots=True)
class Statement:
    """One statement: its text and line, the function it stands in, the names in it, and what it holds by itself (``own``).

    ``takes`` says that it takes the content of files. What it does with what it holds is there once it is ``settled``: ``target``
    are names with what they are given, ``bound`` the same for loops and callbacks, ``fills`` a name that it adds to; ``gives`` says
    that it may be what its function gives back. ``followed`` is when it was followed last: how many times a name had come to hold
    more by then.
    """

    text: str
    line: int
    function: str
    defines: bool
    names: dict[str, None] = field(default_factory=dict)
    own: dict[Label, None] = field(default_factory=dict)
    takes: bool = False
    settled: bool = False
    target: tuple[str, str] | None = None
    bound: list[tuple[str, str, bool]] = field(default_factory=list)
    fills: str = ""
    gives: bool = False
    writes: str = ""
    followed: int = -1


@dataclass(slots=True)
class Script:
    """A script under way: its statements, the parameters of its functions, and what each name holds so far."""

    path: str
    language: str
    text: str
    stem: str
    statements: list[Statement]
    parameters: dict[str, list[str]]
    held: dict[str, dict[Label, None]] = field(default_factory=dict)
    texts: dict[str, str] | None = None
    """What the literals given to each name say, once somebody asked for it."""

    hosts: list[str] = field(default_factory=list)
    looks_up: bool = False
    """Whether it looks up names."""

    near: list["Script"] = field(default_factory=list)
    """Other scripts of the skill that this one speaks of."""


def prepare(one: Statement, script: Script) -> None:
    """What of a statement is known before anything is followed."""
    text = one.text
    one.names = dict.fromkeys(NAMES.findall(text))
    one.own = dict.fromkeys(sources(one, script))
    one.takes = takes(text)
    if one.defines:
        script.parameters.update(_defined(text))


def settle(one: Statement, script: Script) -> None:
    """What a statement does with what it holds. Most statements never hold anything, and it takes long: so not before one does."""
    if one.settled:
        return
    one.settled = True
    text = one.text
    if not one.defines and (
        target := (_TARGET.match(text) if "=" in text or "<" in text else None)
        or _TAKEN_APART.match(text)
        or (_KEYED.match(text) if script.language == "yaml" else None)
        or (_ADDS.search(text) if script.language == "shell" else None)
    ):
        one.target = (target[1], target[2])
    for bound in _BOUND.finditer(text) if _BINDS.search(text) else ():
        groups = bound.groups()
        for at, (first, second) in enumerate(zip(groups[0::2], groups[1::2], strict=True)):
            if first is not None and second is not None:
                names, value = (first, second) if at in _NAMES_FIRST else (second, first)
                one.bound.append((names, value, at < _CALLBACK or _reaches(value)))
    if fill := _FILLS.match(text):
        one.fills = fill[1] or fill[2]
    if written := tongues.WRITES.search(text):
        one.writes = next(group for group in written.groups() if group)
    one.gives = bool(one.function and _GIVES.search(text))


def texts_of(script: Script) -> Mapping[str, str]:
    """What the literals given to each name of a script say, the first of each name."""
    if script.texts is None:
        script.texts = {}
        for one in script.statements:
            settle(one, script)
            if one.target is None or not (found := _LITERAL.findall(one.target[1])):
                continue
            for name in one.target[0].split(",")[:6]:
                bare = name.strip().lstrip("$@%{[(").rstrip("}])")
                script.texts.setdefault(bare, _joined(one.target[1], found))
    return script.texts


def statements_of(text: str, language: str) -> Iterator[Statement]:
    """Lines put together while brackets are open; each with the function it stands in."""
    mark = "--" if language == "lua" else "//" if language in ("javascript", "go", "rust", "php") else "#"
    function, indent, waiting, start, depth = "", -1, "", 0, 0
    if language == "python":
        text = _DOCSTRING.sub(lambda match: "\n" * match[0].count("\n"), text)
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole[:MAX_STATEMENT]
        bare = line.strip()
        if not bare or (bare.startswith(mark) and not waiting):
            continue
        here = indent_of(line)
        if not waiting:
            if function and here <= indent and not bare.startswith(("}", ")", "]", "end", "fi", "done")):
                function, indent = "", -1
            elif function and here <= indent and bare.startswith(("}", "end")):
                function, indent = "", -1
                continue
            if (defined := next(iter(_defined(line)), None)) and (not function or here > indent):
                function, indent = defined[0], here
            start = number
        waiting = f"{waiting}\n{line}" if waiting else line
        unquoted = _LITERAL.sub("", bare)
        depth += sum(unquoted.count(c) for c in "([") - sum(unquoted.count(c) for c in ")]")
        if depth > 0 and number - start < MAX_LINES and len(waiting) < MAX_STATEMENT:
            continue
        if bare.endswith(("\\", "|", "`")) and number - start < MAX_LINES:
            continue
        for piece in _SPLIT.split(waiting) if language != "shell" else [waiting]:
            if piece.strip():
                yield _statement(piece, start, function)
        waiting, depth = "", 0
    if waiting:
        yield _statement(waiting, start, function)


def _reaches(value: str) -> bool:
    """Whether what a callback is given to is itself where data comes from."""
    return bool(
        tongues.FETCHES.search(value) or any(pattern.search(value) for pattern, _ in tongues.SOURCES.values())
    )


def _statement(text: str, line: int, function: str) -> Statement:
    text = text[:MAX_STATEMENT]
    return Statement(text, line, function, bool(_FUNCTION.match(text)))


_DOCSTRING = re.compile(r"(?m)^[ \t]*[rbuRBU]?(?:\"\"\"[\s\S]*?\"\"\"|\'\'\'[\s\S]*?\'\'\')[ \t]*$")
_SPLIT = re.compile(
    r";\s+(?=[$@A-Za-z_])|;(?=(?:my|our|local|let|const|var)\b|\$\w)|(?<=\{)\s*(?=(?:let|const|var|my|val|auto)\s)|(?<=[{}])(?<!@\{)\s*(?=[$@A-Za-z_]\w*(?:\[\w{0,20}\])?\s*(?:=(?![>=])|\())"
)


def _defined(text: str) -> Iterator[tuple[str, list[str]]]:
    if match := _FUNCTION.match(text):
        name = match[1] or match[3] or match[5] or ""
        listed = match[2] or match[4] or ""
        yield name, [found[0] for part in listed.split(",") if (found := NAMES.search(part))]


def paths(text: str) -> Iterator[str]:
    """Paths that a text spells: words of a shell, literals, and literals put together."""
    said = literals(text)
    text = _QUOTED_HOME.sub(r"\1", text)
    yield from (word.replace("\\", "/") for word in _WORDS.findall(text))
    yield from said[:60]
    if 1 < len(said) <= 12:
        yield "/".join(one.strip("/") for one in said)
        yield "".join(said)
        for at in range(len(said) - 1):
            yield f"{said[at].rstrip('/')}/{said[at + 1].lstrip('/')}"


def sources(statement: Statement, script: Script) -> Iterator[Label]:
    """What a statement takes by itself: the environment, a store, a download, a file that is known to hold something."""
    text, where = statement.text, Source(path=script.path, line=statement.line)
    for origin, (pattern, name) in tongues.SOURCES.items():
        if match := pattern.search(text):
            yield Label(origin, name or " ".join(match[0].split())[:60], where)
    if script.language not in EXACT and tongues.DECODES.search(text):
        yield Label(Origin.ENCODED, "decoded data", where)
    asset = tongues.ASSETS.search(text) if script.language != "shell" else None
    if asset and tongues.READS.search(text):
        yield Label(Origin.ENCODED, asset[1], where)
    if (
        script.looks_up
        and script.language != "shell"
        and not _DIGEST.search(text)
        and tongues.ENCODES.search(text)
    ):
        yield Label(Origin.PROJECT, SPELLED, where)
    fetches = not_own(tongues.FETCHES.search(text), script)
    if fetches and script.language == "shell" and not re.search(r"\$\(|`|\s-\w*o\b|>\s*[\"']?\$", text):
        fetches = None
    if fetches:
        yield Label(Origin.DOWNLOAD, (hosts_in(text) or script.hosts or ["*"])[0], where)
    if _CHECKED.search(text) and not tongues.READS.search(text):
        return
    for path in paths(text):
        kept = kept_in(path.strip())
        if kept is None or len(path) > 200 or (" " in path.strip() and not path.startswith("~")):
            continue
        at = text.find(path.rpartition("/")[2])
        if script.language == "shell" and _IDENTITY.search(text[: max(at, 0)].rpartition("\n")[2]):
            continue
        name = path if path.startswith(("~", "/", "$")) else f"~/{path.lstrip('/')}"
        yield Label(kept.origin, name if takes(text) else PATH + name, where)
        return


_DIGEST = Form(
    r"\bhashlib\.|digest\b|\bsha\d+\b|\bmd5\b|\bcreateHash\b|\buuid|\brandom|\burandom\b|\bsecrets\."
)
"""What is as long whatever went in, or nobody's data."""

SPELLED = "what it encodes"
"""The name of a label: data that was spelled so that it can be part of a name that is looked up."""

PATH = "path of "
"""Before the name of a label: so far it is only where the file is, and not what it holds."""


def takes(text: str) -> bool:
    """Whether a statement takes the content of a file, and not only its path."""
    return bool(tongues.READS.search(text) or UPLOADS.search(text))


def not_own(match: re.Match[str] | None, script: Script) -> re.Match[str] | None:
    """A call that isn't one of a function that the script defines itself."""
    name = NAMES.search(match[0]) if match else None
    own = name is not None and (
        name[0] in script.parameters or (name[0] == "fetch" and script.language == "python")
    )
    return None if own else match


def literals(text: str) -> list[str]:
    """What the literals of a text say."""
    return [next((g for g in match.groups() if g is not None), "") for match in _LITERAL.finditer(text)]


def _joined(value: str, found: Sequence[tuple[str, ...]]) -> str:
    """What an expression of literals says: joined by a dot, a slash or nothing."""
    pieces = ["".join(groups) for groups in found]
    by = re.search(r"[\"']([./]?)[\"']\s*\.join\(|\.join\(\s*[\"'`]([./]?)[\"'`]", value)
    if by:
        mark = by[1] or by[2] or ""
        inner = [piece for piece in pieces if piece != mark]
        head = f"{inner.pop(0)}" if inner and inner[0].endswith("//") else ""
        return head + mark.join(inner)
    return "".join(pieces)
