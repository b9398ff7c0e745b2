"""Output, a file or processes without end: ``cat /dev/zero > x``, ``truncate -s 10T x``, ``while :; do echo >> x; done``."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from bailiwick.analysis.shell.parser import parse
from bailiwick.analysis.shell.syntax import (
    ArithmeticCommand,
    ArithmeticFor,
    For,
    Loop,
    Redirect,
    Redirected,
    Sequence,
    Simple,
    Substitution,
    Text,
    UnsupportedSyntaxError,
    Word,
)
from bailiwick.model.access import Access, Finding, ProgramTarget
from bailiwick.model.regex import regex
from bailiwick.rules.command.inline_loops import endless, endless_python
from bailiwick.rules.rule import Evidence, Rule, Severity

MOST_BYTES = 20 * 2**30
"""Bytes that one command may ask for outright; images of disks and dumps stay below."""
MOST_ROUNDS = 1_000
"""Rounds of a loop that leaves a process behind each time."""
_DEVICES = ("/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")
_COPIERS = frozenset((
    "cat", "tee", "tr", "sed", "awk", "gawk", "mawk", "grep", "cut", "fold", "nl", "tac", "rev", "sort", "uniq", "tail", "gzip", "gunzip",
    "bzip2", "xz", "zstd", "base64", "base32", "xxd", "od", "hexdump", "hd", "strings", "pv", "xargs", "dd", "cp", "install", "split", "paste",
    "iconv", "openssl", "gpg", "less", "more", "bat", "column", "shuf", "wc", "buffer", "mbuffer", "sponge", "ddrescue", "7z", "tar", "rsync",
))  # fmt: skip
"""Programs that take all they are given and stop only where that ends."""
_FROM_DEVICE = regex(r"<\s*/dev/(?:zero|u?random|full)\b")
_COUNTED = regex(r"(?:count=|-N|--length|-l\d|-n\d|--bytes|-c\d)")
_SIZE = regex(r"[-+<>/%]?(\d{1,30})([KMGTPEZYRQkmgtp]?)(?:i?B)?\Z")
_POWERS = {letter: 10 * (power + 1) for power, letter in enumerate("KMGTPEZYRQ")}
_WIDTH = regex(r"%[-+ 0#]*\d{9,}")
_BRACES = regex(r"\{-?\d+\.\.-?\d{8,}(?:\.\.\d+)?\}")
_MAY_LOOP = regex(r"\bdo\b|\{-?\d|<<-?\s*[\\'\"\w]")
_ROUNDS = regex(r"\{1\.\.(\d{4,})\}\Z")
_PACING = frozenset((
    "sleep", "usleep", "read", "break", "exit", "return", "wait", "inotifywait", "fswatch", "timeout", "curl", "wget", "nc", "watch",
))  # fmt: skip
"""Commands that end a loop, or without which a round of it takes no time."""
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash"))


def _find(evidence: Evidence) -> Iterator[Finding]:
    """At most one finding: what is worst is said of the first part that has no end."""
    command = next((text.text for text in evidence.texts if text.field == "tool_input.command"), "")
    programs = list(evidence.programs())
    for index, access, program in programs:
        why = _size(program) or (_endless(program, command) and _kept(evidence, index))
        why = why or endless(program.name, program.argv, MOST_BYTES) or _storm(evidence, index, program)
        if why:
            yield _finding(why, access)
            return
    scripts = [command] if _MAY_LOOP.search(command) else []
    scripts += [
        word for _, _, program in programs if program.name in _SHELLS for word in program.argv[2:] if word
    ]
    for script in scripts:
        if why := _loops(script):
            yield Finding(rule=RULE.id, message=why, field="tool_input.command")
            return


def _finding(message: str, access: Access) -> Finding:
    return Finding(rule=RULE.id, message=message, field="tool_input.command", cause=access.cause)


def _size(program: ProgramTarget) -> str:
    """A size or a count given in words that is more than a machine holds."""
    words = [word for word in program.argv[1:] if word is not None]
    match program.name:
        case "truncate" | "fallocate" | "mkfile" | "head" | "tail":
            asked = max((_bytes(word) for word in words), default=0)
        case "dd":
            given = dict(word.partition("=")[::2] for word in words)
            asked = _bytes(given.get("count", "0")) * max(_bytes(given.get("bs", "512")), 1)
        case "openssl" if "rand" in words:
            asked = max(_bytes(word) for word in words)
        case "seq":
            asked = 10 * max((_bytes(word) for word in words), default=0)
        case "printf" if any(_WIDTH.search(word) for word in words):
            asked = MOST_BYTES + 1
        case _:
            return ""
    return f"{program.name} is asked for more than {MOST_BYTES >> 30} GiB" if asked > MOST_BYTES else ""


def _bytes(word: str) -> int:
    value = re.sub(r"^(?:--(?:bytes|size|length)=|-[cnsl])", "", word)
    found = _SIZE.match(value)
    return int(found[1]) << _POWERS.get(found[2].upper(), 0) if found else 0


def _endless(program: ProgramTarget, command: str) -> str:
    """Whether the program prints, or writes, for ever by itself."""
    words = [word for word in program.argv[1:] if word is not None]
    if program.name == "yes" or (
        program.name == "seq" and {"inf", "infinity"} & {word.lower() for word in words}
    ):
        return f"{program.name} never ends"
    read = any(word.removeprefix("if=") in _DEVICES for word in words)
    if program.name not in _COPIERS or not (
        read or (_FROM_DEVICE.search(command) and program.name != "xargs")
    ):
        return ""
    return (
        ""
        if any(_COUNTED.match(word) for word in words)
        else f"{program.name} copies a device that never ends"
    )


def _kept(evidence: Evidence, source: int) -> str:
    """Whether nothing that the output of ``source`` goes through ends it: a program that takes what it needs, such as head."""
    by_index = {index: program for index, _, program in evidence.programs()}
    seen, pending = {source}, [source]
    while pending:
        current = pending.pop()
        for flow in evidence.facts.flows:
            if flow.source != current or flow.by_file or flow.sink in seen or flow.sink not in by_index:
                continue
            if by_index[flow.sink].name not in _COPIERS:
                return ""
            seen.add(flow.sink)
            pending.append(flow.sink)
    return "output without end"


def _storm(evidence: Evidence, index: int, program: ProgramTarget) -> str:
    """Whether xargs or parallel starts a process for each of thousands of numbers, all at once."""
    if program.name not in ("xargs", "parallel"):
        return ""
    options = _OWN_OPTIONS.match(" ".join(word or "?" for word in program.argv[1:]) + " ")
    said = options[0] if options else ""
    # parallel starts one for each line by itself
    at_once = _AT_ONCE.search(said) and (program.name == "parallel" or _EACH.search(said))
    if not at_once:
        return ""
    by_index = {number: one for number, _, one in evidence.programs()}
    sources = (by_index.get(flow.source) for flow in evidence.facts.flows if flow.sink == index)
    many = any(source is not None and _lines(source) > MOST_ROUNDS for source in sources)
    return f"{program.name} starts thousands of processes at once" if many else ""


_OWN_OPTIONS = regex(r"(?:-{1,2}[A-Za-z0-9?][^ ]* (?:(?:[0-9]+|\{\}|%|@) )?)*")
"""The options in front of the command that is to be started, with values that stand apart."""
_AT_ONCE = regex(r"(?:-P ?|-j ?|--max-procs[= ]|--jobs[= ])(?:0|[0-9]{4,}|[0-9]{3,}%) ")
_EACH = regex(r"-[rt0x]*(?:n ?[0-9]+|L ?[0-9]+|l|I|i)|--(?:max-args|max-lines|replace)")


def _lines(source: ProgramTarget) -> int:
    """How many lines a program prints, as far as its words say."""
    if source.name == "yes":
        return MOST_ROUNDS + 1
    numbers = [int(word[:18]) for word in source.argv[1:] if word and re.fullmatch(r"-?[0-9]+", word)]
    if source.name != "seq" or not numbers:
        return 0
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) > 2 else 1  # noqa: PLR2004 - FIRST STEP LAST
    return (numbers[-1] - first) // (step or 1)


def _loops(script: str) -> str:
    try:
        tree = parse(script)
    except UnsupportedSyntaxError:
        return ""
    if _BRACES.search(script) and any(
        isinstance(node, Text) and not node.quoted and _BRACES.search(node.text) for node in _nodes(tree)
    ):
        return "braces that stand for more words than a machine holds"
    for node in _nodes(tree):
        if why := _given_code(node):
            return why
        redirects = node.redirects if isinstance(node, Redirected) else ()
        loop = node.command if isinstance(node, Redirected) else node
        inside = list(_nodes(loop.body)) if isinstance(loop, Loop | For | ArithmeticFor) else []
        if not inside or any(_name(part) in _PACING for part in _nodes(loop, waited=True)):
            continue
        starts = any(
            isinstance(part, Sequence) and any(behind for _, behind in part.items) for part in inside
        )
        whole = any(one.operator in _WRITING for one in redirects)
        if _never_ends(loop) and (whole or starts or any(_adds(part) for part in inside)):
            return "a loop without end that writes, or starts processes"
        if isinstance(loop, For) and starts and _rounds(loop) > MOST_ROUNDS:
            return "a loop that starts a process each of thousands of times"
    return ""


def _given_code(node: object) -> str:
    """What is without end in a here-document that Python reads."""
    if not isinstance(node, Simple) or not _name(node).startswith(("python", "pypy")):
        return ""
    bodies = (one.body for one in node.redirects if one.operator in ("<<", "<<-"))
    texts = ("".join(part.text for part in body if isinstance(part, Text)) for body in bodies)
    return next((why for text in texts if (why := endless_python(text, MOST_BYTES))), "")


_WRITING = frozenset((">", ">>", ">|", "&>", "&>>"))


def _nodes(node: object, *, waited: bool = False) -> Iterator[object]:
    """A part of a script and everything in it, or what of it is ``waited`` for: nothing that is put in the background."""
    pending = [node]
    while pending:
        current = pending.pop()
        if waited and isinstance(current, Sequence):
            pending.extend(command for command, behind in reversed(current.items) if not behind)
        elif isinstance(current, tuple):
            pending.extend(reversed(current))
        elif is_dataclass(current) and not isinstance(current, type):
            yield current
            pending.extend(getattr(current, one.name) for one in reversed(fields(current)))


def _name(node: object) -> str:
    return (node.words[0].literal or "") if isinstance(node, Simple) and node.words else ""


def _adds(node: object) -> bool:
    """Whether a part of a loop's body makes a file longer with each round."""
    if isinstance(node, Redirect):
        return node.operator in (">>", "&>>") and (node.target.literal or "") != "/dev/null"
    return (
        _name(node) == "tee"
        and isinstance(node, Simple)
        and any(w.literal in ("-a", "--append") for w in node.words)
    )


def _never_ends(node: object) -> bool:
    match node:
        case Loop(condition=Sequence(items=((Simple() as test, False),)), until=until):
            words = [word.literal for word in test.words]
            return words == ["false"] if until else words in ([":"], ["true"], ["[", "1", "]"], ["test", "1"])
        case Loop(condition=Sequence(items=((ArithmeticCommand(expression=told), False),)), until=False):
            return not told.names and "".join(
                p.text for p in told.parts if isinstance(p, Text)
            ).strip() not in ("", "0")
        case ArithmeticFor(header=header):
            return not header.names
        case _:
            return False


def _rounds(node: For) -> int:
    most = 0
    for word in node.words or ():
        parts = word.parts if isinstance(word, Word) else ()
        text = word.literal or "".join(part.text for part in parts if isinstance(part, Text))
        if found := _ROUNDS.match(text):
            most = max(most, int(found[1]))
        for part in parts:
            if isinstance(part, Substitution):
                for inner in _nodes(part.body):
                    counts = (
                        [w.literal for w in inner.words[1:]]
                        if isinstance(inner, Simple) and _name(inner) == "seq"
                        else []
                    )
                    most = max([most, *(int(count) for count in counts if count and count.isdecimal())])
    return most


RULE = Rule(
    id="command/unbounded", title="Output or processes without end", severity=Severity.MEDIUM, find=_find
)
