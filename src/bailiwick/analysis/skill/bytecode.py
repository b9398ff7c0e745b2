"""Byte code of Python against its source: compared without loading it, which would be to trust it.

Of this Python's own version, both are read as data, code object by code object. Of another, names are compared that matter.
"""

import importlib.util
import marshal
import posixpath
import re
from typing import Any, TypeAlias

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.model.skill import Entry, Role, SkillTree, Source

MAX_CODE = 2_000_000
"""Bytes of byte code whose names are looked at."""

MAX_SOURCE = 1_000_000
"""Bytes of a source that is compiled to be compared."""

MAX_DEPTH, MAX_OBJECTS = 60, 200_000
"""Objects inside each other in byte code, and in all."""

_FILE_NAME = re.compile(rb"(?:/[\w.@+-]+)+\.py")
"""Where the source stood when it was compiled, which byte code remembers."""
_RISKY_NAMES = re.compile(
    rb"(?:urlopen|requests|subprocess|socket|system|popen|exec|eval|environ|base64|https?://[\w./-]+|b64decode|urllib|ctypes|marshal|\.ssh|\.aws|curl|/bin/(?:ba)?sh)"
)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{4,}")
_HEADER = 16
"""Bytes before the code: magic number, flags, and what says of which source it is (PEP 552)."""

Meant: TypeAlias = Any
"""What a marshalled object comes to, as far as it matters: texts, numbers, and tuples of them with their kind."""


class _UnreadableError(Exception):
    pass


def compared(tree: SkillTree, entry: Entry, data: bytes, into: Inventory) -> None:
    """Notice byte code that isn't what its source comes to, or that has none."""
    name = posixpath.splitext(posixpath.basename(entry.path))[0]
    optimized = re.search(r"\.opt-(\d)$", name)
    stem = re.sub(r"\.(?:cpython|pypy)-?\d+(?:\.opt-\d)?$", "", name)
    folder = posixpath.dirname(entry.path).removesuffix("__pycache__").rstrip("/")
    original = tree.file(posixpath.join(folder, f"{stem}.py") if folder else f"{stem}.py")
    source = Source(path=entry.path)
    if len(data) > MAX_CODE:
        into.leave(f"byte code of more than {MAX_CODE:,} bytes")
    names = {match[0] for match in _PRINTABLE.finditer(_FILE_NAME.sub(b"\0", data[_HEADER:MAX_CODE]))}
    risky = sorted({match[0] for name in names for match in _RISKY_NAMES.finditer(name)})
    if original is None or original.data is None:
        into.notice(
            Mark.BYTECODE,
            "byte code without its source" + (f" that names {_listed(risky)}" if risky else ""),
            source,
            Role.EXECUTABLE,
            sure=bool(risky),
        )
        return
    also = (Source(path=original.path),)
    hidden = [name for name in risky if name not in original.data]
    if hidden:
        into.notice(
            Mark.BYTECODE,
            f"byte code names {_listed(hidden)}, which its source does not",
            source,
            Role.EXECUTABLE,
            also=also,
        )
    elif not same(original.data, data, level := int(optimized[1]) if optimized else 0):
        into.notice(
            Mark.BYTECODE,
            "byte code does something else than its source",
            source,
            Role.EXECUTABLE,
            # Instructions alone may differ between releases that share a magic number.
            sure=not same(original.data, data, level, instructions=False),
            also=also,
        )
    elif data[4:8] not in (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0"):
        into.notice(
            Mark.BYTECODE, "byte code with flags of no known meaning", source, Role.EXECUTABLE, sure=False
        )


def same(source: bytes, data: bytes, optimized: int = 0, *, instructions: bool = True) -> bool:
    """Whether byte code is what a source comes to; True too where that can't be said: another Python's, or no Python.

    Without ``instructions`` names and constants alone are compared.
    """
    if data[:4] != importlib.util.MAGIC_NUMBER or len(source) > MAX_SOURCE:
        return True
    try:
        code = compile(source, "x", "exec", dont_inherit=True, optimize=optimized)
        meant = _Reader(marshal.dumps(code), instructions=instructions).read()
    except (SyntaxError, ValueError, RecursionError, MemoryError, _UnreadableError):
        return True
    try:
        return bool(_Reader(data[_HEADER:], instructions=instructions).read() == meant)
    except (_UnreadableError, RecursionError):
        return False


class _Reader:
    """Reads marshalled objects (format 4, code objects of Python 3.11 and later) as data. Bounded; nothing is made of them."""

    def __init__(self, data: bytes, *, instructions: bool) -> None:
        self._data = data
        self._instructions = instructions
        self._at = 0
        self._known: list[Meant] = []
        self._left = MAX_OBJECTS

    def read(self, depth: int = 0) -> Meant:
        """The object that comes next."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise _UnreadableError
        first = self._take(1)[0]
        kind, kept = chr(first & 0x7F), bool(first & 0x80)
        place = len(self._known)
        if kept:
            self._known.append(None)
        value = self._object(kind, depth)
        if kept:
            self._known[place] = value
        return value

    def _object(self, kind: str, depth: int) -> Meant:
        match kind:
            case "N" | "T" | "F" | "S" | "." | "0":
                return kind
            case "i":
                return ("i", int.from_bytes(self._take(4), "little", signed=True))
            case "l":
                count = int.from_bytes(self._take(4), "little", signed=True)
                return ("l", count, self._take(2 * abs(count)))
            case "g":
                return ("g", self._take(8))
            case "y":
                return ("y", self._take(16))
            case "s" | "u" | "t" | "a" | "A":
                return ("s" if kind == "s" else "u", self._take(self._size(4)))
            case "z" | "Z":
                return ("u", self._take(self._size(1)))
            case "(" | "[" | "<" | ">":
                return self._several(kind, self._size(4), depth)
            case ")":
                return self._several("(", self._size(1), depth)
            case "r":
                at = self._size(4)
                if at >= len(self._known):
                    raise _UnreadableError
                return self._known[at]
            case "c":
                return self._code(depth)
            case _:
                raise _UnreadableError

    def _several(self, kind: str, count: int, depth: int) -> Meant:
        items = [self.read(depth + 1) for _ in range(count)]
        return (kind, *(sorted(items, key=repr) if kind in "<>" else items))

    def _code(self, depth: int) -> Meant:
        """A code object, without where its file stood and which line is which."""
        numbers = self._take(20)
        parts = [
            self.read(depth + 1) for _ in range(5)
        ]  # code, constants, names, local names and their kinds
        self.read(depth + 1)  # the file
        parts += [self.read(depth + 1) for _ in range(2)]  # its name, with those around it
        self._take(4)
        self.read(depth + 1)  # lines
        parts.append(self.read(depth + 1))
        return ("c", numbers, *parts) if self._instructions else ("c", *parts[1:-1])

    def _size(self, width: int) -> int:
        size = int.from_bytes(self._take(width), "little")
        if size > len(self._data):
            raise _UnreadableError
        return size

    def _take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise _UnreadableError
        self._at += count
        return piece


def _listed(names: list[bytes]) -> str:
    return ", ".join(name.decode("ascii", "replace")[:40] for name in names[:4])
