"""What files are beside their text: bytes behind the end of a picture, byte code against its source, odd names, links out."""

import io
import pickletools
import posixpath
import re
import unicodedata
from collections import Counter

from bailiwick.analysis.skill.bytecode import compared
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.media import MIN_TAIL, programs, tails
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Entry, EntryType, Role, SkillTree, Source

_EXECUTABLES = (
    (b"\x7fELF", "ELF"),
    (b"MZ", "Windows"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xca\xfe\xba\xbe", "Mach-O or Java"),
    (b"\x00asm", "WebAssembly"),
)
_FONTS = (b"\0\1\0\0", b"OTTO", b"true")
_SCRIPTLIKE = re.compile(
    rb"#!|<\?php|\bimport (?:os|sys|socket|base64)\b|\beval\(|curl |wget |/bin/(?:ba)?sh|powershell|subprocess|child_process|ignore (?:all )?previous|instructions",
    re.IGNORECASE,
)


REVERSE = Form(
    r"\bsocket\b[\s\S]{0,1500}\bconnect\([\s\S]{0,1500}(?:\bdup2\(|\bpty\.spawn\()|\bnet\.(?:Socket|connect|createConnection)\b[\s\S]{0,1500}\b(?:spawn|exec)\(\s*[\"'](?:/bin/)?(?:ba|z)?sh[\s\S]{0,800}\.pipe\(|\b(?:spawn|exec)\(\s*[\"'](?:/bin/)?(?:ba|z)?sh[\s\S]{0,800}\bnet\.(?:Socket|connect|createConnection)\b[\s\S]{0,800}\.pipe\("
)
"""A socket that becomes the input and output of a shell, in Python and JavaScript."""


def look(tree: SkillTree, into: Inventory) -> None:
    """Everything about a tree that isn't what its texts say."""
    _names(tree, into)
    _shared(tree, into)
    for entry in tree.entries:
        source = Source(path=entry.path)
        if entry.type is EntryType.LINK:
            _link(entry, into)
        if entry.mode & 0o6000:
            into.notice(
                Mark.SETUID,
                "runs with another account's rights (set-uid or set-gid)",
                source,
                Role.EXECUTABLE,
            )
        if entry.data is not None and entry.type is EntryType.FILE:
            _content(tree, entry, entry.data, into)


def _shared(tree: SkillTree, into: Inventory) -> None:
    """Files that have a name outside too (hard links): whoever writes there changes the skill."""
    names = Counter(entry.sha256 for entry in tree.entries if entry.type is EntryType.FILE)
    shared = [entry for entry in tree.entries if entry.links > max(names[entry.sha256], 1)]
    if shared:
        into.notice(
            Mark.ESCAPE,
            f"has another name outside of the skill (a hard link), as {len(shared) - 1} more have"
            if len(shared) > 1
            else "has another name outside of the skill (a hard link)",
            Source(path=shared[0].path),
            Role.EXECUTABLE,
            sure=False,
            target="hard link",
        )


def _link(entry: Entry, into: Inventory) -> None:
    source = Source(path=entry.path)
    target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
    if entry.target.startswith(("/", "~")) or target.startswith(".."):
        kept = kept_in(entry.target)
        deep = entry.target.startswith("/") and not entry.target.startswith("/usr/share")
        into.notice(
            Mark.ESCAPE,
            f"a link to {entry.target[:120]}" + (f" ({kept.what})" if kept else ""),
            source,
            Role.EXECUTABLE,
            sure=bool(kept) or entry.target in ("/", "~") or deep,
            target=entry.target,
        )


def _names(tree: SkillTree, into: Inventory) -> None:
    seen: dict[str, str] = {}
    for entry in tree.entries:
        name = entry.path
        folded = unicodedata.normalize("NFKC", name).casefold()
        other = seen.setdefault(folded, name)
        if other != name:
            into.notice(
                Mark.CLASH,
                f"is one name with {other!r} on file systems that fold case or Unicode",
                Source(path=name),
                Role.EXECUTABLE,
                target=other,
            )
        odd = [character for character in name if unicodedata.category(character) in ("Cf", "Cc", "Cs", "Co")]
        if odd:
            into.notice(
                Mark.CLASH,
                "has characters in its name that nobody sees",
                Source(path=name),
                Role.EXECUTABLE,
                sure=any(character in "\u202e\u202d\u2066\u2067" for character in odd),
            )


def _content(tree: SkillTree, entry: Entry, data: bytes, into: Inventory) -> None:
    source = Source(path=entry.path)
    if entry.path.endswith((".pyc", ".pyo")):
        compared(tree, entry, data, into)
        return
    if _PICKLED.match(data) or (data and entry.path.lower().endswith(_PICKLES)):
        _pickled(entry, data, into)
    for magic, what in _EXECUTABLES:
        if data.startswith(magic) and not (magic == b"MZ" and len(data) < 512):
            into.notice(
                Mark.BINARY,
                f"a compiled program ({what}) that can't be read",
                source,
                Role.EXECUTABLE,
                target=what,
            )
    tail = tails(data)
    if len(tail.strip(b"\0\r\n ")) >= MIN_TAIL:
        telling = bool(_SCRIPTLIKE.search(tail[:1_000_000])) or tail.startswith(
            (b"PK\x03\x04", b"\x7fELF", b"MZ", b"\x1f\x8b")
        )
        into.notice(
            Mark.TAIL,
            f"{len(tail)} bytes behind the end of the "
            + (
                "document"
                if data.startswith(b"%PDF")
                else "font"
                if data[:4] in _FONTS
                else "picture or sound"
            ),
            source,
            Role.EXECUTABLE,
            sure=telling,
        )
    if (does := programs(data)) or (data.startswith(b"\xd0\xcf\x11\xe0") and b"_VBA_PROJECT" in data):
        what = f"a document that has something run when it is opened ({does or 'macros'})"
        into.notice(Mark.BINARY, what, source, Role.EXECUTABLE, target=does or "macro")
    if b"vbaProject.bin" in data[-65_536:] or b"vbaProject.bin" in data[:65_536]:
        into.notice(Mark.BINARY, "an office file with macros", source, Role.EXECUTABLE, target="macro")
    if b"\n" * 400 in data or b"\r\n" * 400 in data or re.search(rb"[ \t]{2000,}\S", data[:4_000_000]):
        at = data.find(b"\n" * 400)
        after = data[at:].lstrip() if at >= 0 else b"x"
        if after and b"\0" not in data[:8_000]:
            line = data.count(b"\n", 0, len(data) - len(after)) + 1 if at >= 0 else 1
            into.notice(
                Mark.PADDING,
                "text is pushed out of sight by hundreds of blank lines or blanks",
                Source(path=entry.path, line=line),
                Role.INSTRUCTED,
            )


_PICKLED = re.compile(
    rb"\x80[\x02-\x05]|\(?c(?:os|posix|nt|subprocess|builtins|__builtin__|socket|sys|runpy|importlib|pty|shutil|ctypes|commands)\r?\n\w+\r?\n"
)
"""What a pickle begins with, whatever the file is called."""

_PICKLES = (".pkl", ".pickle", ".joblib", ".p", ".dill")

_CALLED = re.compile(
    r"^(?:os|posix|nt|subprocess|builtins|__builtin__|socket|sys|runpy|importlib|pty|webbrowser|commands|shutil|ctypes|code|timeit|urllib\S*|requests\S*)\s"
)


MAX_OPCODES = 200_000
"""Instructions of a pickle that are read."""


def _pickled(entry: Entry, data: bytes, into: Inventory) -> None:
    """A pickle is a program: what it would call is read from its opcodes, and nothing is called.

    Several may follow each other. What breaks off is partial: it runs as far as it is whole when it is loaded.
    """
    number, file = 0, io.BytesIO(data)
    while file.tell() == 0 or _PICKLED.match(data, file.tell()):
        words: list[str] = []
        memo: list[str] = []
        try:
            for opcode, argument, _ in pickletools.genops(file):
                number += 1
                if called := _called(opcode.name, argument, words, memo):
                    into.notice(
                        Mark.PICKLE,
                        f"a pickle that calls {called.replace(' ', '.')} when it is loaded",
                        Source(path=entry.path),
                        Role.EXECUTABLE,
                    )
                    return
                if number > MAX_OPCODES:
                    into.leave(f"a pickle of more than {MAX_OPCODES:,} instructions", entry.path)
                    return
        except Exception:  # noqa: BLE001 - whatever its reader makes of it, it can't be read
            into.leave("a pickle that can't be read to its end", entry.path)
            return


def _called(name: str, argument: object, words: list[str], memo: list[str]) -> str:
    """What dangerous thing one instruction names, if any; ``words`` and ``memo`` are what came before."""
    if isinstance(argument, str):
        words.append(argument)
    elif name in ("BINGET", "LONG_BINGET") and isinstance(argument, int):
        words.append(memo[argument] if argument < len(memo) else "")
    elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
        memo.append(words[-1] if words else "")
    called = argument if name == "GLOBAL" else " ".join(words[-2:]) if name == "STACK_GLOBAL" else ""
    return called if isinstance(called, str) and _CALLED.match(f"{called} ") else ""
